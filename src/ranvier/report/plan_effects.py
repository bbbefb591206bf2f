"""Words of a plan: what a treatment is taken to do in a scenario."""

from __future__ import annotations

from collections.abc import Sequence

from ranvier.result import percent
from ranvier.simulate import Effect, Period, Plan, PlanScenario

__all__ = ["benefit", "what_is_done"]

MINUS = "\N{MINUS SIGN}"


def benefit(scenario: PlanScenario) -> bool:
    """Tell whether a treatment does something good in a scenario.

    Parameters
    ----------
    scenario : PlanScenario
        The scenario.

    Returns
    -------
    bool
        False for a scenario of harm alone, in which a claim of an effect is false.
    """
    effects = scenario.each_effect
    ratios = ("relapse_ratio", "progression_ratio", "lesion_ratio")
    return any(
        effect.edss_shift < 0 or min(getattr(effect, name) for name in ratios) < 1 for effect in effects
    )


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
        parts.append(f"{sum(each.per_year for each in events if each.serious):g} serious events per year")
    return ", ".join(parts) or "no effect"


def _effect_text(given: Effect | Sequence[Period]) -> str:
    return given.text() if isinstance(given, Effect) else "; ".join(period.text() for period in given)
