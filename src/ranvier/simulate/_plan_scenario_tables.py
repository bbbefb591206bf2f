"""The scenarios of a plan file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ranvier.errors import InputError, suggest
from ranvier.simulate._plan_tables import CrossoverTable, ScenarioTable, located, serious
from ranvier.simulate.effects import Effect
from ranvier.simulate.plan_scenarios import PlanScenario
from ranvier.simulate.plans import Plan
from ranvier.trial._toml import build

__all__ = ["read_scenarios"]


def read_scenarios(
    content: Mapping[str, Any], plan: Plan, crossover: CrossoverTable | None, file: str
) -> tuple[PlanScenario, ...]:
    """Give the scenarios, each checked against the plan."""
    rows = content.get("scenarios", [])
    if not isinstance(rows, list):
        raise InputError(
            f"{file}: scenarios must be a list of tables; write [[scenarios]], with two brackets."
        )
    treated = [arm.id for arm in plan.treated]
    stays = 1.0 if crossover is None else crossover.carry_over
    made = [
        _scenario(row, treated, stays, f"{file}, [[scenarios]] {place}")
        for place, row in enumerate(rows, start=1)
    ]
    names = [scenario.name for scenario in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{file}, [[scenarios]]: {twice} stand there more than once; each name may stand once."
        )
    for place, scenario in enumerate(made, start=1):
        with located(f"{file}, [[scenarios]] {place}"):
            scenario.design_of(plan)
    return tuple(made)


def _scenario(row: Any, treated: list[str], stays: float, where: str) -> PlanScenario:
    """Read one scenario: an effect for every experimental arm, or `effects` arm by arm."""
    by_arm = row.get("effects") if isinstance(row, Mapping) else None
    plain = {key: value for key, value in row.items() if key != "effects"} if by_arm is not None else row
    table: ScenarioTable = build(ScenarioTable, plain, where)
    with located(where):
        share = stays if table.carry_over is None else table.carry_over
        if by_arm is None:
            rates = (
                {}
                if table.serious_per_year is None
                else dict.fromkeys(treated, serious(table.serious_per_year))
            )
            return PlanScenario(
                name=table.name,
                effects=dict.fromkeys(treated, table.effect()),
                event_rates=rates,
                carry_over=share,
            )
        if set(plain) - {"name", "carry_over"}:
            raise InputError(
                f"effects stands beside {sorted(set(plain) - {'name', 'carry_over'})}; write the effect once "
                "for all arms, or arm by arm in effects."
            )
        if not isinstance(by_arm, Mapping):
            raise InputError(f"effects is {by_arm!r}; write effects = {{ ARM = {{ relapse_ratio = 0.5 }} }}.")
        for arm in by_arm:
            if arm not in treated:
                close = suggest(arm, treated)
                hint = f" Did you mean {close!r}?" if close else ""
                raise InputError(f"effects names the arm {arm!r}; the experimental arms are {treated}.{hint}")
        effects = {arm: build(Effect, value, f"{where}, effects, {arm}") for arm, value in by_arm.items()}
        return PlanScenario(name=table.name, effects=effects, carry_over=share)
