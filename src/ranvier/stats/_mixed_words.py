"""A fitted mixed model in tables and words: which combinations of means are given, and their names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.result import plural
from ranvier.stats._covariance import STRUCTURES
from ranvier.stats._kenward_roger import DF_METHODS
from ranvier.stats._long_table import LongTable
from ranvier.stats._terms import columns
from ranvier.stats.mixed_fit import Basis, MixedModelFit, Solution, Weights

if TYPE_CHECKING:
    from ranvier.stats.mixed_model import MixedModel

__all__ = ["describe"]

Floats = NDArray[np.float64]

SCHEMA = {
    "kind": pl.String,
    "arm": pl.String,
    "versus": pl.String,
    "visit": pl.String,
    "value": pl.Float64,
    "standard_error": pl.Float64,
    "df": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "t": pl.Float64,
    "p_value": pl.Float64,
}
ONE_ARM = "One arm: the means say what happened, not what the treatment did."
MISSING = (
    "They are taken as missing at random: patients who left are taken to go on like patients with the "
    "same earlier values."
)
AVERAGED = (
    "Means take numeric covariates at their mean over the rows, and the levels of a categorical one equally."
)
SHRUNK = (
    "The second derivatives of df='kenward-roger' make standard errors smaller than unadjusted ones "
    "here, which claims more precision than the data have; df='kenward-roger-linear' does not."
)
FEW_DF = 4.0
"""Degrees of freedom below which an interval rests on next to no information about its own width."""


def describe(long: LongTable, model: MixedModel, solution: Solution, *, level: float) -> MixedModelFit:
    """Give the fit in words and tables."""
    basis = Basis(
        cells=_cells(long, model),
        solution=solution,
        model=model,
        n=len(long.subjects),
        level=level,
        left_out=long.left_out,
    )
    rows = [*_means(long), *_differences(long, model), *_changes(long, model)]
    numbers = basis.numbers(np.array([basis.rows(each.weights) for each in rows]))
    table = pl.DataFrame(
        {
            "kind": [each.kind for each in rows],
            "arm": [each.arm for each in rows],
            "versus": [each.versus for each in rows],
            "visit": [each.visit for each in rows],
            **numbers,
        },
        schema=SCHEMA,
    )
    records = table.to_dicts()
    estimates = tuple(
        basis.estimate(record, _quantity(each, model, len(long.arms)), tested=each.kind != "mean")
        for each, record in zip(rows, records, strict=True)
    )
    terms = basis.numbers(np.eye(solution.beta.size))
    return MixedModelFit(
        title=f"Mixed model for repeated measures of {model.outcome}",
        estimates=estimates,
        method_text=_method(long, model),
        diagnostics={
            "minus_two_log_likelihood": solution.minus_two_log,
            "steps": solution.steps,
            "patients": len(long.subjects),
            "rows": long.outcome.size,
            "visits": list(long.visits),
            "model": model.to_dict(),
        },
        notes=_notes(long, basis, table),
        table=table,
        coefficients=pl.DataFrame({"term": long.column_names, **terms}),
        covariances={group: pl.DataFrame(found) for group, found in solution.covariances.items()},
        basis=basis,
    )


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One combination of means with its labels."""

    kind: str
    arm: str
    visit: str
    weights: Weights
    versus: str | None = None


def _cells(long: LongTable, model: MixedModel) -> dict[tuple[str, str], Floats]:
    """Give the row of the design for the mean of every arm and visit, other covariates averaged."""
    cells = {}
    for arm in long.arms:
        for visit in long.visits:
            parts = {name: factor.average()[None] for name, factor in long.factors.items()}
            if model.arm in long.factors:
                parts[model.arm] = long.factors[model.arm].at(arm)[None]
            if model.visit in long.factors:
                parts[model.visit] = long.factors[model.visit].at(visit)[None]
            cells[arm, visit] = columns(model.terms, parts)[0]
    return cells


def _means(long: LongTable) -> list[_Row]:
    return [
        _Row(kind="mean", arm=arm, visit=visit, weights={(arm, visit): 1.0})
        for arm in long.arms
        for visit in long.visits
    ]


def _arm_pairs(long: LongTable, model: MixedModel) -> list[tuple[str, str]]:
    """Give the arms compared, the first minus the second."""
    if model.control is not None:
        return [(arm, model.control) for arm in long.arms if arm != model.control]
    return [(later, earlier) for earlier, later in combinations(long.arms, 2)]


def _differences(long: LongTable, model: MixedModel) -> list[_Row]:
    return [
        _Row(
            kind="difference",
            arm=arm,
            versus=versus,
            visit=visit,
            weights={(arm, visit): 1.0, (versus, visit): -1.0},
        )
        for arm, versus in _arm_pairs(long, model)
        for visit in long.visits
    ]


def _changes(long: LongTable, model: MixedModel) -> list[_Row]:
    """Give the changes from one visit to every other, and the differences of changes."""
    start = model.change_from
    if start is None:
        return []
    if start not in long.visits:
        raise InputError(f"change_from is {start!r}; the visits are {list(long.visits)}.")
    later = [visit for visit in long.visits if visit != start]
    within = [
        _Row(kind="change", arm=arm, visit=visit, weights={(arm, visit): 1.0, (arm, start): -1.0})
        for arm in long.arms
        for visit in later
    ]
    between = [
        _Row(
            kind="difference in change",
            arm=arm,
            versus=versus,
            visit=visit,
            weights={(arm, visit): 1.0, (arm, start): -1.0, (versus, visit): -1.0, (versus, start): 1.0},
        )
        for arm, versus in _arm_pairs(long, model)
        for visit in later
    ]
    return [*within, *between]


def _quantity(row: _Row, model: MixedModel, n_arms: int) -> str:
    """Name a number; one arm alone is not named."""
    of_arm = "" if n_arms == 1 else f", {row.arm}"
    if row.versus is not None:
        of_arm = f", {row.arm} minus {row.versus}"
    if row.kind in ("mean", "difference"):
        lead = "mean" if row.kind == "mean" else "difference in mean"
        return f"{lead} {model.outcome} at {row.visit}{of_arm}"
    lead = "mean change" if row.kind == "change" else "difference in mean change"
    return f"{lead} of {model.outcome} from {model.change_from} to {row.visit}{of_arm}"


def _method(long: LongTable, model: MixedModel) -> str:
    """Say how the numbers were made."""
    structure = STRUCTURES[model.covariance].text
    own = f", with own parameters for each value of {model.groups}" if model.groups else ""
    others = set(model.variables) - {model.arm, model.visit}
    averaged = f" {AVERAGED}" if others else ""
    how = "restricted maximum likelihood" if model.likelihood == "reml" else "maximum likelihood"
    return (
        f"{plural(len(long.subjects), 'patient')}, {plural(long.outcome.size, 'row')}, visits "
        f"{', '.join(long.visits)}. The mean is {model.fixed}. Covariance {model.covariance}{own}: "
        f"{structure}. Estimated by {how}. {DF_METHODS[model.df]}{averaged}"
    )


def _notes(long: LongTable, basis: Basis, table: pl.DataFrame) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes = []
    if len(long.arms) == 1:
        notes.append(ONE_ARM)
    if not long.seen.all():
        absent = int((~long.seen).sum())
        notes.append(f"Missing visits: {absent} of {long.seen.size}. {MISSING}")
    model, found = basis.model, basis.solution.inference
    dropped = [name for name, factor in long.factors.items() if len(factor.levels) == 1 and name != model.arm]
    if dropped:
        notes.append(
            f"All patients have the same value of {', '.join(dropped)}, which has no part in the model."
        )
    if model.df == "kenward-roger" and np.trace(found.adjusted) < np.trace(found.phi):
        notes.append(SHRUNK)
    if float(table["df"].min()) < FEW_DF:  # type: ignore[arg-type]
        notes.append(
            f"Some numbers have fewer than {FEW_DF:g} degrees of freedom: their intervals rest on next to "
            "no information about the scatter."
        )
    return tuple(notes)
