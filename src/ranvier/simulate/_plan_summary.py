"""From trials to the tables of operating characteristics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.simulate._lesions import DAYS_PER_MONTH
from ranvier.simulate._plan_block import Cell
from ranvier.simulate._plan_looks import FUTILITY, HARM, SUCCESS, look_sizes
from ranvier.simulate.plans import Plan
from ranvier.stats import PromisingZone

__all__ = ["COMPARED", "tables"]

Floats = NDArray[np.float64]
Trials = dict[str, NDArray[Any]]


def tables(plan: Plan, cells: tuple[Cell, ...], found: list[Trials]) -> tuple[pl.DataFrame, ...]:
    """Give the tables `table`, `stops` and `arms`."""
    rows, stops, arms = [], [], []
    null = {cell.noise.name: trials for cell, trials in zip(cells, found, strict=True) if cell.scenario.null}
    for cell, trials in zip(cells, found, strict=True):
        head = {"scenario": cell.scenario.name, "noise": cell.noise.name}
        each = [
            {**head, "arm": arm.id, **_compared(plan, trials, null[cell.noise.name], place)}
            for place, arm in enumerate(plan.treated)
        ]
        arms += each
        rows.append({**head, "null": cell.scenario.null, **_row(plan, trials, each)})
        stops += [{**head, **stop} for stop in _stops(plan, trials)]
    made = (
        pl.DataFrame(rows, infer_schema_length=None, schema_overrides=dict.fromkeys(MAY_BE_NULL, pl.Float64)),
        pl.DataFrame(stops, infer_schema_length=None, schema_overrides={"n": pl.Float64}),
        pl.DataFrame(arms, infer_schema_length=None),
    )
    return tuple(table.with_columns(pl.col(pl.Float64).fill_nan(None)) for table in made)


COMPARED = ("outcome", "untreated", "estimate", "truth", "truth_error", "bias", "bias_error")
"""What is told of one treated arm; null where fewer than two trials have a value."""
MAY_BE_NULL = (*COMPARED, "expected_enrolled", "expected_months", "expected_months_error")


def _row(plan: Plan, trials: Trials, each: list[dict[str, Any]]) -> dict[str, Any]:
    """Give one row of the main table; with several treated arms no single estimate stands for the trial."""
    end, sizes = trials["end"], trials["sizes"].sum(axis=1)
    success, success_error = _share(end == SUCCESS)
    n, n_error = _mean(sizes.astype(np.float64))
    months, enrolled = _duration(plan, sizes)
    last = trials["look"] == len(look_sizes(plan)) - 1
    early = ~last | (end == HARM)
    return {
        "success": success,
        "success_error": success_error,
        **{name: each[0][name] if len(each) == 1 else None for name in COMPARED},
        "expected_n": n,
        "expected_n_error": n_error,
        "expected_enrolled": None if enrolled is None else _mean(enrolled)[0],
        "expected_months": None if months is None else _mean(months)[0],
        "expected_months_error": None if months is None else _mean(months)[1],
        "stopped_early": float(early.mean()),
        "stopped_success": float((early & (end == SUCCESS)).mean()),
        "stopped_futility": float((end == FUTILITY).mean()),
        "stopped_harm": float((end == HARM).mean()),
    }


def _compared(plan: Plan, trials: Trials, null: Trials, place: int) -> dict[str, Any]:
    """Give success, estimate, truth and bias of one treated arm."""
    arms = [arm.id for arm in plan.design.protocol.arms]
    mine = arms.index(plan.treated[place].id)
    success, success_error = _share(trials["won"][:, place])
    seen, full = trials["seen"][:, mine], trials["full"][:, mine]
    if plan.control is None:
        estimate, base = seen - (plan.fixed or 0.0), null["full"][:, mine]
        same = trials is null
        truth, own = (0.0, 0.0) if same else (_mean(full)[0] - _mean(base)[0], _mean(full)[1])
        truth_error = 0.0 if same else math.hypot(own, _mean(base)[1])
        # The estimate and the outcome of all patients of the same trial go together; those untreated do not.
        gap, gap_error = _mean(estimate) if same else _mean(estimate - full)
        bias = gap if same else gap + _mean(base)[0]
        bias_error = gap_error if same else math.hypot(gap_error, _mean(base)[1])
        untreated = _mean(base)[0]
    else:
        other = arms.index(plan.control.id)
        estimate, whole = seen - trials["seen"][:, other], full - trials["full"][:, other]
        truth, truth_error = _mean(whole)
        bias, bias_error = _mean(estimate - whole)
        untreated = _mean(trials["seen"][:, other])[0]
    values = (_mean(seen)[0], untreated, _mean(estimate)[0], truth, truth_error, bias, bias_error)
    return {
        "success": success,
        "success_error": success_error,
        **dict(zip(COMPARED, values, strict=True)),
    }


def _stops(plan: Plan, trials: Trials) -> list[dict[str, Any]]:
    """Give the shares of trials that end at each look."""
    rows = []
    for place, sizes in enumerate(look_sizes(plan)):
        here = trials["look"] == place
        n = float(sum(sizes.values()))
        if isinstance(plan.looks, PromisingZone) and place:
            used = here & (trials["end"] != HARM)
            n = float(trials["sizes"][used].sum(axis=1).mean()) if used.any() else n
        ends = {
            name: float((here & (trials["end"] == way)).mean())
            for name, way in (("success", SUCCESS), ("futility", FUTILITY), ("harm", HARM))
        }
        rows.append({"look": place + 1, "n": n, **ends})
    return rows


def _duration(plan: Plan, sizes: NDArray[Any]) -> tuple[Floats | None, Floats | None]:
    """Give the month of the decision, and how many patients have entered by then."""
    speed = plan.patients_per_month
    if speed is None:
        return None, None
    last_day = max(visit.day for visit in plan.design.protocol.visits)
    months = (sizes - 1) / speed + last_day / DAYS_PER_MONTH
    entered = np.floor(months * speed + 1e-9) + 1
    most = sum(plan.sizes.values())
    return months, np.maximum(np.minimum(entered, most), sizes)


def _share(which: NDArray[np.bool_]) -> tuple[float, float]:
    """Give a share of trials with its Monte Carlo standard error."""
    share = float(which.mean())
    return share, math.sqrt(share * (1 - share) / len(which))


def _mean(values: Floats) -> tuple[float, float]:
    """Give a mean over the trials that have the value, with its Monte Carlo standard error."""
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return math.nan, math.nan
    return float(known.mean()), float(known.std(ddof=1)) / math.sqrt(len(known))
