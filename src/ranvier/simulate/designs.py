"""What a virtual trial looks like: its protocol, who enters, how noisy it is, and what a treatment does."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ranvier.errors import DefinitionError, InputError, require_choice
from ranvier.simulate._regimes import regime_of
from ranvier.simulate._streams import digest, said
from ranvier.simulate.effects import NO_EFFECT, Effect, Period, as_periods
from ranvier.simulate.entry_criteria import EntryCriteria
from ranvier.simulate.phenotypes import Phenotype, phenotype
from ranvier.simulate.scenarios import LOW, Scenario, scenario
from ranvier.trial import Protocol

__all__ = ["Design", "EventRate", "Group"]

ANYBODY = EntryCriteria()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Patients of one course in a virtual trial.

    Parameters
    ----------
    phenotype : Phenotype or str
        Course, or its name.
    share : float
        Part of the patients, above 0; the shares of a design are divided by their sum.
    entry : EntryCriteria
        Who may enter.

    Raises
    ------
    InputError
        When the share is not above 0 or the course is unknown.
    """

    phenotype: Phenotype | str
    share: float = 1.0
    entry: EntryCriteria = ANYBODY

    def __post_init__(self) -> None:
        if isinstance(self.phenotype, str):
            object.__setattr__(self, "phenotype", phenotype(self.phenotype))
        if not 0 < self.share < math.inf:
            raise InputError(f"the share of a group is {self.share!r}; it must be finite and above 0.")

    @property
    def course(self) -> Phenotype:
        """Give the numbers of the course."""
        return phenotype(self.phenotype) if isinstance(self.phenotype, str) else self.phenotype


@dataclass(frozen=True, kw_only=True)
class EventRate:
    """One kind of adverse event and how often it happens.

    Parameters
    ----------
    term : str
        The event.
    per_year : float
        Events per patient-year after the first dose.
    grade : int
        CTCAE grade, 1 to 4.
    serious : bool
        Whether it is serious.

    Raises
    ------
    InputError
        When the rate is below 0 or the grade is not 1 to 4.
    """

    term: str
    per_year: float
    grade: int = 1
    serious: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.per_year < math.inf:
            raise InputError(
                f"per_year of {self.term!r} is {self.per_year!r}; it must be finite and 0 or more."
            )
        if self.grade not in (1, 2, 3, 4):
            raise InputError(f"grade of {self.term!r} is {self.grade!r}; it must be 1, 2, 3 or 4.")


@dataclass(frozen=True, kw_only=True)
class Design:
    """A virtual trial before chance enters.

    Parameters
    ----------
    protocol : Protocol
        Visits with windows, and arms with `planned_n`; data_kind must be "simulated".
    groups : tuple of Group
        Who enters; each arm gets the same mix, as close as whole patients allow.
    scenario : Scenario or str
        How noisy the EDSS is.
    effects : mapping of str to Effect or sequence of Period
        What the treatment of an arm does, by its id (kept as pairs); none in arms that are not named. In a
        crossover each arm is a sequence of periods, each with its dose.
    dropout_per_year : float
        Rate at which patients leave, per year.
    missed_share : float
        Chance that a visit after the baseline is missed, 0 to 1.
    scans : tuple of str
        Labels of the visits with a brain scan.
    event_rates : tuple of EventRate
        Adverse events.
    unscheduled : bool
        Whether patients are also examined at a relapse.
    acuity, p100 : bool
        Whether acuity (logMAR) and P100 latency (ms) of both eyes are measured at the planned visits.

    Raises
    ------
    InputError
        When the data are not marked as simulated, an arm has no planned_n, no visit or no baseline is
        planned, visits overlap or lie before treatment, periods are out of order or begin after the last
        visit, an effect has no outcome that is measured, or a rate, share, label or arm is wrong.

    Examples
    --------
    >>> from ranvier.trial import Arm, Protocol, VisitWindow
    >>> protocol = Protocol(
    ...     id="virtual",
    ...     title="A virtual trial",
    ...     design="single_arm",
    ...     data_kind="simulated",
    ...     disease="MS",
    ...     arms=(Arm(id="msc", label="MSC", planned_n=10),),
    ...     visits=(
    ...         VisitWindow(label="baseline", day=0, window=(-14, 0), baseline=True),
    ...         VisitWindow(label="month 12", day=365, window=(-14, 14)),
    ...     ),
    ... )
    >>> mix = (Group(phenotype="SPMS", share=8), Group(phenotype="RRMS", share=2))
    >>> design = Design(protocol=protocol, groups=mix)
    >>> design.counts("msc")
    (8, 2)
    """

    protocol: Protocol
    groups: tuple[Group, ...]
    scenario: Scenario | str = LOW
    effects: Mapping[str, Effect | Sequence[Period]] | tuple[tuple[str, Effect | Sequence[Period]], ...] = ()
    dropout_per_year: float = 0.0
    missed_share: float = 0.0
    scans: tuple[str, ...] = ()
    event_rates: tuple[EventRate, ...] = ()
    unscheduled: bool = True
    acuity: bool = False
    p100: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.scenario, str):
            object.__setattr__(self, "scenario", scenario(self.scenario))
        given = [
            (name, effect if isinstance(effect, Effect) else as_periods(name, effect))
            for name, effect in dict(self.effects).items()
        ]
        object.__setattr__(self, "effects", tuple(given))
        if self.protocol.data_kind != "simulated":
            raise InputError(
                f"data_kind is {self.protocol.data_kind!r}; a virtual trial must say data_kind = 'simulated'."
            )
        if not self.groups:
            raise InputError("groups is empty; name at least one group of patients.")
        if not 0 <= self.dropout_per_year < math.inf:
            raise InputError(
                f"dropout_per_year is {self.dropout_per_year!r}; it must be finite and 0 or more."
            )
        if not 0 <= self.missed_share < 1:
            raise InputError(f"missed_share is {self.missed_share!r}; it must be 0 or more and below 1.")
        self._check_arms()
        self._check_visits()
        self._check_effects()
        for label in self.scans:
            require_choice("visit with a scan", label, [visit.label for visit in self.protocol.visits])
        if self.scans and all(group.course.new_t2_per_year is None for group in self.groups):
            raise InputError("scans are planned, but scans of these patients (NMOSD) are not simulated.")

    def _check_arms(self) -> None:
        arms = {arm.id: arm for arm in self.protocol.arms}
        if not arms:
            raise InputError("the protocol has no arm; a virtual trial needs at least one with planned_n.")
        for name, _ in self._effects():
            require_choice("arm with an effect", name, list(arms))
        for name, arm in arms.items():
            if arm.planned_n is None or arm.planned_n < 1:
                raise InputError(f"planned_n of arm {name!r} is {arm.planned_n}; it must be 1 or more.")
        wanted = self.protocol.disease
        found = {group.course.disease for group in self.groups}
        if wanted != "mixed" and found != {wanted}:
            raise DefinitionError(f"disease is {wanted!r}, but the groups have {sorted(found)}.")

    def _check_visits(self) -> None:
        visits = sorted(self.protocol.visits, key=lambda visit: visit.day)
        if not visits or not visits[0].baseline:
            raise InputError("the protocol must plan visits, the first of them the baseline.")
        if visits[0].day + visits[0].window[1] > 0:
            raise InputError("the window of the baseline ends after day 0, the day of the first dose.")
        for first, second in pairwise(visits):
            lowest = second.day + second.window[0]
            if lowest <= first.day + first.window[1] or lowest <= 0:
                raise InputError(
                    f"the visits {first.label!r} and {second.label!r} are out of order or their windows "
                    "overlap; each visit after the baseline must lie after day 0 and after the one before."
                )

    def _check_effects(self) -> None:
        last = max(visit.day for visit in self.protocol.visits)
        for arm, _ in self._effects():
            periods = self.periods(arm)
            if len(periods) > 1 and periods[-1].from_day >= last:
                raise InputError(
                    f"a period of arm {arm!r} begins on day {periods[-1].from_day}, but the last visit is on "
                    f"day {last}; plan a visit after it."
                )
            for effect in regime_of(periods).effects:
                self._check_effect(arm, effect)

    def _check_effect(self, arm: str, effect: Effect) -> None:
        for name, measured in (("acuity_shift_logmar", self.acuity), ("p100_shift_ms", self.p100)):
            if getattr(effect, name) and not measured:
                option = name.split("_", 1)[0]
                raise InputError(
                    f"arm {arm!r} has {name}, but the design does not measure it; set {option}=True."
                )
        for group in self.groups:
            if group.course.matrix is not None:
                group.course.matrix.array(effect.progression_ratio)

    def counts(self, arm: str) -> tuple[int, ...]:
        """Give the patients of each group in one arm.

        Parameters
        ----------
        arm : str
            Id of the arm.

        Returns
        -------
        tuple of int
            In the order of groups; largest remainders get the last patients.

        Raises
        ------
        InputError
            When there is no such arm.
        """
        require_choice("arm", arm, [each.id for each in self.protocol.arms])
        n = next(each.planned_n or 0 for each in self.protocol.arms if each.id == arm)
        total = sum(group.share for group in self.groups)
        exact = [n * group.share / total for group in self.groups]
        whole = [math.floor(part + 1e-9) for part in exact]
        order = sorted(range(len(exact)), key=lambda place: (whole[place] - exact[place], place))
        for place in order[: n - sum(whole)]:
            whole[place] += 1
        return tuple(whole)

    def effect(self, arm: str) -> Effect:
        """Give what the treatment of an arm does.

        Parameters
        ----------
        arm : str
            Id of the arm.

        Returns
        -------
        Effect
            No effect when none was named; that of the first period of an arm with periods.
        """
        return self.periods(arm)[0].effect

    def periods(self, arm: str) -> tuple[Period, ...]:
        """Give the periods of an arm.

        Parameters
        ----------
        arm : str
            Id of the arm.

        Returns
        -------
        tuple of Period
            One from day 0 on when the arm has one effect, or none.
        """
        return as_periods(arm, dict(self._effects()).get(arm, NO_EFFECT))

    def _effects(self) -> tuple[tuple[str, Effect | Sequence[Period]], ...]:
        return tuple(dict(self.effects).items())

    @property
    def noise_scenario(self) -> Scenario:
        """Give the scenario."""
        return scenario(self.scenario) if isinstance(self.scenario, str) else self.scenario

    @property
    def hash(self) -> str:
        """Give the SHA-256 of all settings, from which the random numbers come."""
        return digest(said(self.to_dict()))

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        plain: dict[str, Any] = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        plain["groups"] = [dataclasses.asdict(group) for group in self.groups]
        plain["effects"] = {
            name: effect.to_dict() if isinstance(effect, Effect) else [each.to_dict() for each in effect]
            for name, effect in self._effects()
        }
        plain["protocol"] = self.protocol.to_dict()
        plain["scenario"] = self.noise_scenario.to_dict()
        plain["event_rates"] = [dataclasses.asdict(event) for event in self.event_rates]
        return plain
