"""Plans that the tests share, and characteristics made up for the words and pictures of the page."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.simulate import (
    Design,
    Effect,
    Group,
    OperatingCharacteristics,
    Plan,
    PlanScenario,
)
from ranvier.trial import Arm, Protocol, VisitWindow

VISITS = (
    VisitWindow(label="baseline", day=0, baseline=True),
    VisitWindow(label="month 6", day=183),
    VisitWindow(label="month 12", day=365),
)
CELLS = Arm(id="cells", label="Cells", planned_n=20)
PLACEBO = Arm(id="placebo", label="Placebo", role="control", planned_n=20)
BETTER = PlanScenario(name="one point better", effects={"cells": Effect(edss_shift=-1.0)})
HALF = PlanScenario(name="half", effects={"cells": Effect(edss_shift=-0.5)})


def plan(*arms: Arm, **options: Any) -> Plan:
    taking_part = arms or (CELLS, PLACEBO)
    protocol = Protocol(
        id="virtual",
        title="Cells in MS",
        design="single_arm" if len(taking_part) == 1 else "rct_parallel",
        data_kind="simulated",
        disease="MS",
        arms=taking_part,
        visits=VISITS,
    )
    design = Design(
        protocol=protocol,
        groups=(Group(phenotype="RRMS"), Group(phenotype="SPMS")),
        dropout_per_year=0.05,
    )
    return Plan(**{"design": design, "endpoint": "edss_change"} | options)


def characteristics(
    planned: Plan, success: dict[str, tuple[float, float]], *, trials: int = 10_000, **more: Any
) -> OperatingCharacteristics:
    """Make characteristics up: share of success of each scenario with little and with much noise."""
    n = sum(planned.sizes.values())
    rows = [
        {
            "scenario": name,
            "noise": noise,
            "null": name == "no effect",
            "success": share,
            "success_error": (share * (1 - share) / trials) ** 0.5,
            "outcome": -0.9,
            "untreated": 0.1,
            "estimate": -1.0,
            "truth": -1.0,
            "truth_error": 0.01,
            "bias": 0.0,
            "bias_error": 0.01,
            "expected_n": float(n),
            "expected_n_error": 0.0,
            "expected_enrolled": float(n),
            "expected_months": 32.0 if planned.patients_per_month else None,
            "expected_months_error": 0.0,
            "stopped_early": 0.0,
            "stopped_success": 0.0,
            "stopped_futility": 0.0,
            "stopped_harm": 0.0,
            **more,
        }
        for name, shares in success.items()
        for noise, share in zip(("low", "high"), shares, strict=True)
    ]
    table = pl.DataFrame(rows, schema_overrides={"expected_months": pl.Float64})
    stops = table.select(
        "scenario",
        "noise",
        pl.lit(1).alias("look"),
        pl.lit(n).alias("n"),
        "success",
        pl.lit(0.0).alias("futility"),
        pl.lit(0.0).alias("harm"),
    )
    arms = pl.concat(
        [
            table.select(
                "scenario",
                "noise",
                pl.lit(arm.id).alias("arm"),
                *("success", "success_error", "outcome", "untreated", "estimate"),
                *("truth", "truth_error", "bias", "bias_error"),
            )
            for arm in planned.treated
        ]
    )
    return OperatingCharacteristics(
        title="Characteristics",
        estimates=(),
        method_text="Made up for a test.",
        diagnostics={"n_trials": trials, "seed": 7},
        plan=planned,
        table=table,
        stops=stops,
        arms=arms,
    )
