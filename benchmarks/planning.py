"""CPU time of operating characteristics; run python benchmarks/planning.py.

20 + 20 patients, five visits, 10,000 trials, two scenarios with both noises (40,000 virtual trials), and the
exact p value of each.
"""

from __future__ import annotations

import sys
import time

from ranvier.simulate import (
    Design,
    Effect,
    EntryCriteria,
    Group,
    Plan,
    PlanScenario,
    operating_characteristics,
)
from ranvier.stats import group_sequential
from ranvier.trial import Arm, EntryRule, Protocol, VisitWindow

TRIALS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
DESIGN = Design(
    protocol=Protocol(
        id="speed",
        title="Speed",
        design="rct_parallel",
        data_kind="simulated",
        disease="MS",
        arms=(
            Arm(id="cells", label="Cells", planned_n=20),
            Arm(id="placebo", label="Placebo", role="control", planned_n=20),
        ),
        visits=tuple(
            VisitWindow(label=f"month {month}", day=round(30.4375 * month), baseline=month == 0)
            for month in (0, 3, 6, 9, 12)
        ),
    ),
    groups=(Group(phenotype="RRMS", entry=EntryCriteria(relapses=EntryRule(), edss=(0.0, 5.5))),),
)
BETTER = PlanScenario(name="better", effects={"cells": Effect(relapse_ratio=0.5, edss_shift=-0.5)})
PLANS = {
    "EDSS change, rank-sum": Plan(design=DESIGN, endpoint="edss_change"),
    "EDSS change, rank-sum, two looks": Plan(
        design=DESIGN, endpoint="edss_change", looks=group_sequential(2, futility="pocock")
    ),
    "improved, Boschloo": Plan(design=DESIGN, endpoint="improved"),
    "relapses, rank-sum": Plan(design=DESIGN, endpoint="relapses"),
}


def main() -> None:
    for name, plan in PLANS.items():
        started = time.process_time()
        operating_characteristics(plan, scenarios=[BETTER], n_trials=TRIALS, seed=1)
        print(f"{name}: {time.process_time() - started:.1f} s CPU for 4 times {TRIALS:,} virtual trials")


if __name__ == "__main__":
    main()
