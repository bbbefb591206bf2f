"""What a mixed model found: means by arm and visit, differences, changes, and any other combination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, plural
from ranvier.stats._covariance import STRUCTURES
from ranvier.stats._kenward_roger import DF_METHODS, Inference
from ranvier.stats._long_table import ALL_PATIENTS, LongTable
from ranvier.stats._terms import columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.stats.mixed_model import MixedModel

__all__ = ["MixedModelFit", "Solution", "describe"]

Floats = NDArray[np.float64]
Weights = Mapping[tuple[str, str], float]

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
REFERENCES = (
    "Kenward MG, Roger JH (1997). Biometrics 53:983-997. doi:10.2307/2533558",
    "Mallinckrodt CH et al. (2008). doi:10.1177/009286150804200402",
)
ONE_ARM = "One arm: the means say what happened, not what the treatment did."
MISSING = (
    "Missing visits are taken as missing at random: patients who left are taken to go on like patients with the "
    "same earlier values."
)
FEW_DF = 4.0
"""Degrees of freedom below which an interval rests on next to no information about its own width."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Estimates of a fitted model with all that their inference needs."""

    beta: Floats
    inference: Inference
    covariances: tuple[Floats, ...]
    minus_two_log: float
    steps: int


@dataclass(frozen=True, kw_only=True, eq=False)
class MixedModelFit(Fit):
    """Means by arm and visit of a mixed model, their differences and changes.

    Parameters
    ----------
    table : polars.DataFrame
        One row per estimate: kind ("mean", "difference", "change", "difference in change"), arm, versus, visit,
        value, standard_error, df, low, high, t, p_value (two-sided, value 0).
    coefficients : polars.DataFrame
        One row per term of the mean: term, value, standard_error, df, t, p_value.
    covariances : mapping
        Covariance matrix of the visits as a table by group; one group without a name when all share it. In
        continuous time it is that of the first pattern of times.
    """

    table: pl.DataFrame
    coefficients: pl.DataFrame
    covariances: Mapping[str, pl.DataFrame]
    cells: Mapping[tuple[str, str], Floats] = field(repr=False)
    solution: Solution = field(repr=False)
    level: float = 0.95
    frame: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def contrast(self, weights: Weights, *, quantity: str) -> Estimate:
        """Give any combination of the means by arm and visit.

        Parameters
        ----------
        weights : mapping of (str, str) to float
            Weight of the mean of each (arm, visit) named; the others weigh 0.
        quantity : str
            What the combination is.

        Returns
        -------
        Estimate
            The combination with its interval and the p value of its being 0.

        Raises
        ------
        InputError
            When an arm or visit is not in the model.
        """
        unknown = [cell for cell in weights if cell not in self.cells]
        if unknown or not weights:
            raise InputError(f"weights name {unknown or 'nothing'}; use pairs of arm and visit among {list(self.cells)}.")
        row = np.sum([weight * self.cells[cell] for cell, weight in weights.items()], axis=0)
        numbers = _numbers(self.solution, row[None], self.level)
        return _estimate(self.frame, {name: float(column[0]) for name, column in numbers.items()}, quantity, tested=True)

    def explain(self) -> str:
        """Say in plain sentences how the model was made, then each number on a line.

        Returns
        -------
        str
            Sentences.
        """
        left = [f"Left out: {each.n} ({each.reason})." for each in self.frame["left_out"]]
        lines = []
        for estimate in self.estimates:
            p = "" if estimate.p_value is None else f", p = {estimate.p_value:.3g}"
            lines.append(f"{estimate.quantity[:1].upper()}{estimate.quantity[1:]}: {estimate.text()}{p}.")
        return "\n".join([f"{self.title}. {self.method_text}", *left, *self.notes, *lines])

    def to_dict(self) -> dict[str, Any]:
        """Give the result, JSON-ready.

        Returns
        -------
        dict
            Title, method, estimates, table, coefficients, covariances, diagnostics and notes.
        """
        from ranvier.result import json_ready

        kept = (
            "title",
            "method_text",
            "estimates",
            "table",
            "coefficients",
            "covariances",
            "diagnostics",
            "notes",
            "level",
        )
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in kept})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the means by visit with their intervals, one line per arm.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 4)).add_subplot()
        means = self.table.filter(kind="mean")
        visits = means["visit"].unique(maintain_order=True).to_list()
        arms = means["arm"].unique(maintain_order=True).to_list()
        for place, arm in enumerate(arms):
            rows = means.filter(arm=arm)
            value = rows["value"].to_numpy()
            reach = np.stack([value - rows["low"].to_numpy(), rows["high"].to_numpy() - value])
            at = np.arange(len(visits)) + 0.08 * (place - (len(arms) - 1) / 2)
            ax.errorbar(at, value, yerr=reach, marker="o^sDv"[place % 5], capsize=3, label=arm)
        ax.set_xticks(range(len(visits)), visits)
        ax.set_ylabel(f"mean {self.frame['outcome']}")
        ax.set_title(self.title)
        if len(arms) > 1:
            ax.legend(frameon=False)
        return ax


def describe(long: LongTable, model: MixedModel, solution: Solution, *, level: float) -> MixedModelFit:
    """Give the fit in words and tables."""
    cells = _cells(long, model)
    frame = _frame(long, model, level)
    rows = [*_means(long), *_differences(long, model), *_changes(long, model)]
    weights = np.array([np.sum([w * cells[cell] for cell, w in each.weights.items()], axis=0) for each in rows])
    numbers = _numbers(solution, weights, level)
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
        _estimate(frame, record, _quantity(each, model, len(long.arms)), tested=each.kind != "mean")
        for each, record in zip(rows, records, strict=True)
    )
    terms = _numbers(solution, np.eye(solution.beta.size), level)
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
        notes=_notes(long, table),
        table=table,
        coefficients=pl.DataFrame({"term": long.column_names, **terms}),
        covariances={
            group: pl.DataFrame({"visit": long.visits, **dict(zip(long.visits, matrix.T, strict=True))})
            for group, matrix in zip(long.groups, solution.covariances, strict=True)
        },
        cells=cells,
        solution=solution,
        level=level,
        frame=frame,
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
        _Row(kind="mean", arm=arm, visit=visit, weights={(arm, visit): 1.0}) for arm in long.arms for visit in long.visits
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


def _numbers(solution: Solution, rows: Floats, level: float) -> dict[str, Floats]:
    """Give value, standard error, degrees of freedom, bounds, t and p of combinations of the terms."""
    from scipy.special import stdtr, stdtrit

    value = rows @ solution.beta
    error, df = solution.inference.of(rows)
    reach = stdtrit(df, (1 + level) / 2) * error
    t = value / error
    return {
        "value": value,
        "standard_error": error,
        "df": df,
        "low": value - reach,
        "high": value + reach,
        "t": t,
        "p_value": 2 * stdtr(df, -np.abs(t)),
    }


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


def _frame(long: LongTable, model: MixedModel, level: float) -> dict[str, Any]:
    """Give what every estimate of the model shares."""
    return {
        "outcome": model.outcome,
        "n": len(long.subjects),
        "level": level,
        "method": f"mmrm-{model.df}",
        "method_text": DF_METHODS[model.df],
        "left_out": long.left_out,
    }


def _estimate(frame: Mapping[str, Any], numbers: Mapping[str, Any], quantity: str, *, tested: bool) -> Estimate:
    """Give one number of the model as an estimate."""
    return Estimate(
        quantity=quantity,
        value=numbers["value"],
        low=numbers["low"],
        high=numbers["high"],
        level=frame["level"],
        method=frame["method"],
        method_text=f"From a mixed model for repeated measures. {frame['method_text']}",
        n=frame["n"],
        p_value=numbers["p_value"] if tested else None,
        null="the true value is 0" if tested else None,
        inputs={
            "patients": frame["n"],
            "standard error": numbers["standard_error"],
            "degrees of freedom": numbers["df"],
        },
        left_out=frame["left_out"],
        references=REFERENCES,
    )


def _method(long: LongTable, model: MixedModel) -> str:
    """Say how the numbers were made."""
    structure = STRUCTURES[model.covariance].text
    own = f", with own parameters for each value of {model.groups}" if model.groups else ""
    how = "restricted maximum likelihood" if model.likelihood == "reml" else "maximum likelihood"
    return (
        f"{plural(len(long.subjects), 'patient')}, {plural(long.outcome.size, 'row')}, visits "
        f"{', '.join(long.visits)}. The mean is {model.fixed}. Covariance {model.covariance}{own}: {structure}. "
        f"Estimated by {how}. {DF_METHODS[model.df]} Covariates are taken at their mean over the rows; the levels of a "
        "categorical covariate weigh the same."
    )


def _notes(long: LongTable, table: pl.DataFrame) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes = []
    if len(long.arms) == 1:
        notes.append(ONE_ARM)
    if not long.seen.all():
        absent = int((~long.seen).sum())
        notes.append(f"{plural(absent, 'visit')} of the patients missing. {MISSING}")
    dropped = [name for name, factor in long.factors.items() if len(factor.levels) == 1]
    if dropped and dropped != ["arm"]:
        notes.append(f"All patients have the same value of {', '.join(dropped)}, which has no part in the model.")
    if float(table["df"].min()) < FEW_DF:  # type: ignore[arg-type]
        notes.append(
            f"Some numbers have fewer than {FEW_DF:g} degrees of freedom: their intervals rest on next to no "
            "information about the scatter."
        )
    return tuple(notes)


_ = ALL_PATIENTS
