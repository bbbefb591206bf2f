"""What the treatments of a planned trial are taken to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ranvier.errors import InputError, require_choice
from ranvier.simulate._plan_crossover import sequences
from ranvier.simulate.designs import Design, EventRate
from ranvier.simulate.effects import NO_EFFECT, Effect, Period, as_periods
from ranvier.simulate.plans import Plan

__all__ = ["PlanScenario"]

Given = Effect | Sequence[Period]


@dataclass(frozen=True, kw_only=True)
class PlanScenario:
    """What the treatments are taken to do.

    Parameters
    ----------
    name : str
        Short name, as it stands in tables.
    effects : mapping of str to Effect or sequence of Period
        By id of the arm; none in arms that are not named. In a crossover an effect stands under the sequence
        that gets the treatment first; it acts there in the first period and in the control in the second.
    event_rates : mapping of str to tuple of EventRate
        Adverse events of an arm in place of those of the design, by its id; those of the design where an arm
        is not named. Not in a crossover.
    carry_over : float
        Crossover only: part of an effect that still acts in the period after the treatment, 0 to 1. 1: the
        treatment stays, as cells do; 0: it is washed out.

    Raises
    ------
    InputError
        When the name is empty, an effect or rate is of another kind, or `carry_over` is not 0 to 1.

    Examples
    --------
    >>> PlanScenario(name="half", effects={"msc": Effect(relapse_ratio=0.5)}).null
    False
    >>> PlanScenario(name="nothing").null
    True
    """

    name: str
    effects: Mapping[str, Given] | tuple[tuple[str, Given], ...] = ()
    event_rates: Mapping[str, tuple[EventRate, ...]] | tuple[tuple[str, tuple[EventRate, ...]], ...] = ()
    carry_over: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InputError(f"the name of a scenario is {self.name!r}; give a short text.")
        effects = {arm: _checked(arm, effect) for arm, effect in dict(self.effects).items()}
        rates = {arm: tuple(each) for arm, each in dict(self.event_rates).items()}
        for arm, events in rates.items():
            if not all(isinstance(event, EventRate) for event in events):
                raise InputError(f"the event rates of arm {arm!r} are {events!r}; give EventRate entries.")
        if not 0 <= self.carry_over <= 1:
            raise InputError(
                f"carry_over of scenario {self.name!r} is {self.carry_over!r}; it must be from 0 "
                "(washed out) to 1 (stays)."
            )
        object.__setattr__(self, "effects", tuple(effects.items()))
        object.__setattr__(self, "event_rates", tuple(rates.items()))

    @property
    def null(self) -> bool:
        """Tell whether no treatment does anything, neither good nor harm."""
        return all(effect == NO_EFFECT for effect in self.each_effect) and not self.event_rates

    @property
    def each_effect(self) -> tuple[Effect, ...]:
        """Give what each treatment does, arm by arm and period by period."""
        given = dict(self.effects)
        return tuple(period.effect for arm in given for period in as_periods(arm, given[arm]))

    def design_of(self, plan: Plan) -> Design:
        """Give the design of a plan with the effects of this scenario.

        Parameters
        ----------
        plan : Plan
            The plan.

        Returns
        -------
        Design
            Event rates of single arms are not in it. In a crossover each arm has its two periods.

        Raises
        ------
        InputError
            When an arm that is named is not in the design, or the scenario does not fit a crossover, or
            nothing but one.
        """
        for arm, _ in (*dict(self.effects).items(), *dict(self.event_rates).items()):
            require_choice(f"arm in scenario {self.name!r}", arm, plan.sizes)
        if plan.switch_day is not None:
            return replace(plan.design, effects=self._changed_over(plan, plan.switch_day))
        if self.carry_over != 1:
            raise InputError(
                f"carry_over of scenario {self.name!r} is {self.carry_over:g}, but the plan is no crossover; "
                "leave it out."
            )
        return replace(plan.design, effects=dict(self.effects))

    def _changed_over(self, plan: Plan, switch_day: int) -> dict[str, Given]:
        """Give the periods of both sequences; nothing where no effect is named."""
        first, second = plan.treated[0].id, plan.sizes.keys() - {plan.treated[0].id}
        given = dict(self.effects)
        if self.event_rates:
            raise InputError(
                f"scenario {self.name!r} has event rates of single arms; in a crossover every patient gets "
                "the treatment. Give the rates of the design, or plan parallel arms."
            )
        if any(not isinstance(effect, Effect) for effect in given.values()):
            return self._as_given(plan, switch_day)
        if given.keys() & second:
            raise InputError(
                f"scenario {self.name!r} names an effect of {min(second)!r}, which gets the treatment "
                f"second; name it under {first!r}: it acts in both sequences, each in its period."
            )
        if first not in given:
            return {}
        effect: Any = given[first]
        both = sequences(effect, switch_day, self.carry_over)
        return dict(zip((first, *second), both, strict=True))

    def _as_given(self, plan: Plan, switch_day: int) -> dict[str, Given]:
        """Give periods that were named one by one."""
        given = dict(self.effects)
        days = {arm: [each.from_day for each in as_periods(arm, given.get(arm, ()))] for arm in given}
        if given.keys() != plan.sizes.keys() or any(each != [0, switch_day] for each in days.values()):
            raise InputError(
                f"scenario {self.name!r} has periods that begin on the days {days}; in a crossover name both "
                f"sequences {list(plan.sizes)}, each with periods from day 0 and day {switch_day}."
            )
        return given

    def events_of(self, plan: Plan, arm: str) -> tuple[EventRate, ...]:
        """Give the adverse events of one arm.

        Parameters
        ----------
        plan : Plan
            The plan.
        arm : str
            Id of the arm.

        Returns
        -------
        tuple of EventRate
            Those of the scenario, or of the design.
        """
        return dict(self.event_rates).get(arm, plan.design.event_rates)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and null; an arm with periods has a list of them.
        """
        return {
            "name": self.name,
            "effects": {
                arm: given.to_dict() if isinstance(given, Effect) else [each.to_dict() for each in given]
                for arm, given in dict(self.effects).items()
            },
            "event_rates": {
                arm: [dataclasses.asdict(event) for event in events]
                for arm, events in dict(self.event_rates).items()
            },
            "carry_over": self.carry_over,
            "null": self.null,
        }


def _checked(arm: str, given: Any) -> Given:
    """Give an effect, or periods as a tuple; refuse anything else."""
    if isinstance(given, Effect):
        return given
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(f"the effect in arm {arm!r} is {given!r}; give a simulate.Effect, or periods.")
    return as_periods(arm, given)
