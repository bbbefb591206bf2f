"""One block of virtual trials of a plan, under one scenario with one noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._plan_data import BEFORE_YEARS, ArmData, draw_arm
from ranvier.simulate._plan_looks import HARM, Ended, run
from ranvier.simulate._streams import stream
from ranvier.simulate.designs import Design
from ranvier.simulate.plan_scenarios import PlanScenario
from ranvier.simulate.plans import Plan
from ranvier.simulate.scenarios import Scenario
from ranvier.stats import CountDesign
from ranvier.stats._count_paths import first_stage_mean

__all__ = ["Cell", "outcome", "simulate_block"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One scenario with one noise."""

    scenario: PlanScenario
    noise: Scenario

    def design(self, plan: Plan) -> Design:
        """Give the design to draw from; scans are left out where nobody counts their lesions."""
        made = replace(self.scenario.design_of(plan), scenario=self.noise)
        return made if plan.endpoint == "new_t2" else replace(made, scans=())


def simulate_block(plan: Plan, cell: Cell, seed: int, size: int, block: int) -> dict[str, NDArray[Any]]:
    """Simulate one block of `size` trials.

    Arrays have one row for each trial; those named seen and full have one column for each arm, with its
    outcome when the trial ends and in all its patients. In a crossover seen has the periods with the
    treatment in the column of the arm that gets it first, those without in the other, and full the first
    period of each.
    """
    design = cell.design(plan)
    rng = stream(seed, design.hash, design.noise_scenario.name, block)
    arms = {arm.id: draw_arm(rng, plan, cell.scenario, design, arm.id, size) for arm in design.protocol.arms}
    ended = run(plan, arms)
    if plan.switched:
        seen, full = (
            _of_periods(plan, arms),
            [_mean_change(arm.periods[0], arm.known) for arm in arms.values()],
        )
    else:
        seen = [outcome(plan, data, ended.sizes[:, column]) for column, data in enumerate(arms.values())]
        full = [outcome(plan, data, np.full(size, data.n)) for data in arms.values()]
    if isinstance(plan.looks, CountDesign):
        seen = [_unbiased(plan, plan.looks, next(iter(arms.values())), ended, seen[0])]
    return {
        "end": ended.end.astype(np.int8),
        "look": ended.look.astype(np.int8),
        "sizes": ended.sizes,
        "won": ended.won,
        "seen": np.column_stack(seen),
        "full": np.column_stack(full),
    }


def outcome(plan: Plan, arm: ArmData, upto: Whole) -> Floats:
    """Give share, mean change or yearly rate of the first patients of each trial; NaN without a value."""
    here = arm.known & (np.arange(arm.n) < upto[:, None])
    top = (arm.value * here).sum(axis=1).astype(np.float64)
    counts_events = plan.endpoint in ("relapses", "new_t2")
    bottom = (arm.years * here).sum(axis=1) if counts_events else here.sum(axis=1).astype(np.float64)
    if plan.endpoint == "edss_change":
        top = top / 2
    found: Floats = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
    if plan.test_name == "before-after":
        years = here.sum(axis=1) * BEFORE_YEARS
        before = (arm.before * here).sum(axis=1).astype(np.float64)
        found -= np.divide(before, years, out=np.full(len(top), np.nan), where=years > 0)
    return found


def _of_periods(plan: Plan, arms: dict[str, ArmData]) -> list[Floats]:
    """Give, in the order of the arms, the mean change in periods with the treatment and in those without.

    Half the difference of both sequences is the difference of these means.
    """
    treated = plan.treated[0].id
    (one, two), (other_one, other_two) = (
        [_mean_change(change, arm.known) for change in arm.periods]
        for arm in (arms[treated], *(arm for name, arm in arms.items() if name != treated))
    )
    means = (one + other_two) / 2, (two + other_one) / 2
    return [means[name != treated] for name in arms]


def _mean_change(value: Whole, known: NDArray[np.bool_]) -> Floats:
    """Give the mean of the patients with both periods, in points; NaN where there is none."""
    n, total = known.sum(axis=1), (value * known).sum(axis=1) / 2
    found: Floats = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    return found


def _unbiased(plan: Plan, looks: CountDesign, arm: ArmData, ended: Ended, plain: Floats) -> Floats:
    """Give the estimate of the design, the one of `CountDesign.estimate`; the plain share after harm."""
    more = plan.favourable == "more"
    values = first_stage_mean(looks.looks, looks.futility, looks.efficacy)
    found = plain.copy()
    for place, size in enumerate(looks.looks):
        rows = (ended.look == place) & (ended.end != HARM)
        count = arm.value[rows, :size].sum(axis=1)
        share = values[place][count if more else size - count]
        found[rows] = share if more else 1 - share
    return found
