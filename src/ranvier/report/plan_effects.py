"""Words of a plan: what a treatment is taken to do in a scenario."""

from __future__ import annotations

from collections.abc import Sequence

from ranvier.result import percent
from ranvier.simulate import Effect, EventRate, Period, Plan, PlanScenario

__all__ = ["benefit", "what_is_done"]

MINUS = "\N{MINUS SIGN}"
OF_COUNTS = {"relapses": ("relapse_ratio",), "new_t2": ("lesion_ratio",)}
"""What must be below 1 to be good for endpoints that count events."""


def benefit(plan: Plan, scenario: PlanScenario) -> bool:
    """Tell whether a treatment does something good for the endpoint in a scenario.

    Parameters
    ----------
    plan : Plan
        The plan.
    scenario : PlanScenario
        The scenario.

    Returns
    -------
    bool
        False for a scenario of harm alone, in which a claim of an effect is false. Relapses and lesions need
        fewer of them, the EDSS a lower one or less progression or fewer relapses. Where serious events are
        the endpoint it is good that a treated arm has fewer of them than the control arm, or than patients
        without treatment.
    """
    if plan.endpoint == "serious_event":
        usual = plan.design.event_rates if plan.control is None else scenario.events_of(plan, plan.control.id)
        return any(_serious(scenario.events_of(plan, arm.id)) < _serious(usual) for arm in plan.treated)
    ratios = OF_COUNTS.get(plan.endpoint, ("relapse_ratio", "progression_ratio"))
    lower = plan.endpoint not in OF_COUNTS and any(each.edss_shift < 0 for each in scenario.each_effect)
    return lower or any(getattr(each, name) < 1 for each in scenario.each_effect for name in ratios)


def _serious(events: tuple[EventRate, ...]) -> float:
    """Give the yearly rate of serious events."""
    return sum(each.per_year for each in events if each.serious)


def what_is_done(plan: Plan, scenario: PlanScenario) -> str:
    """Say what the treatment is taken to do.

    Parameters
    ----------
    plan : Plan
        The plan.
    scenario : PlanScenario
        The scenario.

    Returns
    -------
    str
        A phrase; by arm where arms differ.
    """
    said = {arm.id: _in_arm(scenario, arm.id) for arm in plan.treated}
    if plan.switched and isinstance(dict(scenario.effects).get(plan.treated[0].id), Effect):
        return f"{said[plan.treated[0].id]}, {_left(scenario.carry_over)}"
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{arm.label}: {said[arm.id]}" for arm in plan.treated)


def _left(share: float) -> str:
    """Say how much of an effect stays behind in a crossover."""
    if share in (0, 1):
        return "staying in the second period" if share else "washed out in the second period"
    return f"{percent(share, digits=0)} of it staying in the second period"


def _in_arm(scenario: PlanScenario, arm: str) -> str:
    effect = dict(scenario.effects).get(arm)
    events = dict(scenario.event_rates).get(arm)
    text = "" if effect is None else _effect_text(effect)
    parts = [] if text in ("", "no effect") else [text.replace("-", MINUS)]
    if events is not None:
        parts.append(f"{_serious(events):g} serious events per year")
    return ", ".join(parts) or "no effect"


def _effect_text(given: Effect | Sequence[Period]) -> str:
    return given.text() if isinstance(given, Effect) else "; ".join(period.text() for period in given)
