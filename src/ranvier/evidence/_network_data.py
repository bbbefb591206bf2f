"""Trials of several treatments as differences between their arms, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.evidence._measures import MEASURES
from ranvier.evidence._study_cells import as_frame, column, refuse_mixed_treatments, study_cells
from ranvier.result import LeftOut

__all__ = ["ARM_MEASURES", "Trial", "groups_of", "read_trials"]

Floats = NDArray[np.float64]

ARM_MEASURES = {
    "odds ratio": "logit proportion",
    "risk ratio": "log proportion",
    "risk difference": "proportion",
    "rate ratio": "log rate",
    "rate difference": "rate",
    "mean difference": "mean",
    "hazard ratio": None,
    "standardised mean difference": None,
}
"""The measure of one arm whose difference each measure is; None where arms alone have none."""
ADDED = 0.5
"""Added to each cell of a trial with a cell of 0."""
CONSISTENT = 0.1
"""Standard errors by which a comparison may differ from the sum of others of its trial: rounding in print."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One trial of at least two treatments.

    Parameters
    ----------
    name : str
        Its name.
    arms : tuple of str
        The treatments in alphabetical order.
    effects : ndarray of float64, shape (a - 1,)
        Each treatment less the first.
    covariance : ndarray of float64, shape (a - 1, a - 1)
        Their sampling covariance.
    patients : tuple of float
        Patients per arm, NaN where not given.
    added : bool
        Whether something was added to a cell of 0.
    """

    name: str
    arms: tuple[str, ...]
    effects: Floats
    covariance: Floats
    patients: tuple[float, ...]
    added: bool = False


def read_trials(data: Any, measure: str | None) -> tuple[tuple[Trial, ...], tuple[LeftOut, ...]]:
    """Give the trials that compare, and who was left out.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per arm or per comparison.
    measure : str or None
        One of `ARM_MEASURES`.
    """
    frame = as_frame(data)
    comparisons = "comparator" in frame.columns
    wanted = ["study", "treatment", *(["comparator"] if comparisons else [])]
    for name in wanted:
        if name not in frame.columns:
            raise InputError(
                f"data lacks the column {name!r}; give one row per arm with study and treatment, or one "
                "row per comparison with study, treatment and comparator."
            )
        if frame[name].null_count():
            row = int(np.flatnonzero(frame[name].is_null().to_numpy())[0])
            raise InputError(f"column {name!r} is missing in row {row}; every row needs it.")
    frame = frame.with_columns(pl.col(*wanted).cast(pl.String))
    if not comparisons:
        for _, part in frame.group_by("treatment"):
            refuse_mixed_treatments(part)
    if comparisons or {"effect", "variance"} <= set(frame.columns):
        effect, variance = _given(frame)
        added, silent = np.zeros(frame.height, dtype=bool), np.zeros(frame.height, dtype=bool)
    else:
        effect, variance, added, silent = _from_counts(frame, measure)
    known = np.isfinite(effect) & np.isfinite(variance) & ~silent
    frame = frame.with_columns(
        pl.Series("effect", effect), pl.Series("variance", variance), pl.Series("_added", added)
    )
    no_events = frame.filter(pl.Series(silent))["study"].n_unique()
    left = [
        LeftOut(n=no_events, reason="trials in which no arm, or every patient, has the event"),
        LeftOut(n=int((~known & ~silent).sum()), reason="rows that lack a value"),
    ]
    groups = frame.filter(pl.Series(known)).partition_by("study", maintain_order=True)
    if comparisons:
        trials = [_of_comparisons(group) for group in groups]
    else:
        trials = [_of_arms(group) for group in groups if group.height > 1]
        left.append(LeftOut(n=len(groups) - len(trials), reason="trials with a single arm"))
    if not trials:
        raise InputError("no trial compares two treatments; there is nothing to compare.")
    return tuple(trials), tuple(left)


def _given(frame: pl.DataFrame) -> tuple[Floats, Floats]:
    """Give effects and variances as they stand in the table."""
    missing = [name for name in ("effect", "variance") if name not in frame.columns]
    if missing:
        raise InputError(f"data lacks the columns {missing}; comparisons need an effect and its variance.")
    effect, variance = column(frame, "effect"), column(frame, "variance")
    for name, values, wrong in (
        ("effect", effect, np.isinf(effect)),
        ("variance", variance, np.isinf(variance) | (variance <= 0)),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            allowed = "finite" if name == "effect" else "finite and above 0"
            raise InputError(
                f"column {name!r} of study {frame['study'][row]!r} is {values[row]:g}; it must be {allowed}."
            )
    return effect, variance


def _from_counts(
    frame: pl.DataFrame, measure: str | None
) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Give the effect of each arm with its variance, where something was added, and who has no events."""
    if measure is None:
        raise InputError(
            "measure is missing; state one, such as 'odds ratio', or give the columns effect and variance."
        )
    one_arm = ARM_MEASURES[measure]
    if one_arm is None:
        raise InputError(
            f"a {measure} is not made of single arms; give one row per comparison with study, treatment, "
            "comparator, effect and variance."
        )
    chosen = MEASURES[one_arm]
    cells = dict(study_cells(frame, chosen.counts))
    n = frame.height
    added, silent = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    if "events" in cells:
        events, size = cells["events"], cells.get("n", np.full(n, np.inf))
        empty, full = events == 0, events == size
        added = _in_trial(frame, empty | full, any)
        if chosen.back is not None:
            # A ratio cannot be known from arms without events; a difference of 0 can.
            silent = _in_trial(frame, empty, all)
        if measure == "odds ratio":
            silent |= _in_trial(frame, full, all)
        cells["events"] = events + ADDED * added
        if "n" in cells:
            cells["n"] = size + 2 * ADDED * added
    with np.errstate(divide="ignore", invalid="ignore"):
        effect, variance = chosen.formula(cells)
    return effect, variance, added & ~silent, silent


def _in_trial(frame: pl.DataFrame, marked: NDArray[np.bool_], how: Any) -> NDArray[np.bool_]:
    """Say, row by row, whether any or all arms of the trial are marked."""
    of = frame["study"].to_numpy()
    found = {name: how(marked[of == name]) for name in set(of)}
    return np.array([found[name] for name in of], dtype=bool)


def _of_arms(group: pl.DataFrame) -> Trial:
    """Give a trial from its arms."""
    group = group.sort("treatment")
    names = group["treatment"].to_list()
    name = group["study"][0]
    if len(set(names)) < len(names):
        twice = next(each for each in names if names.count(each) > 1)
        raise InputError(
            f"study {name!r} has two arms with the treatment {twice!r}; put them together first, or give "
            "them two names."
        )
    effect, variance = group["effect"].to_numpy(), group["variance"].to_numpy()
    if (variance <= 0).any():
        arm = names[int(np.flatnonzero(variance <= 0)[0])]
        raise InputError(
            f"arm {arm!r} of study {name!r} has a variance of 0; an arm without spread cannot be weighted. "
            "Leave the study out, or use another measure."
        )
    patients = column(group, "n") if "n" in group.columns else np.full(len(names), math.nan)
    return Trial(
        name=name,
        arms=tuple(names),
        effects=effect[1:] - effect[0],
        covariance=np.diag(variance[1:]) + variance[0],
        patients=tuple(patients.tolist()),
        added=bool(group["_added"].any()),
    )


def _of_comparisons(group: pl.DataFrame) -> Trial:
    """Give a trial from all comparisons of its arms with each other.

    The covariance of two differences from the same arm is half of: the sum of their variances less the
    variance of the difference between the two.
    """
    name = group["study"][0]
    arms = tuple(sorted({*group["treatment"], *group["comparator"]}))
    a = len(arms)
    y, v = np.full((a, a), np.nan), np.full((a, a), np.nan)
    for row in group.iter_rows(named=True):
        first, second = arms.index(row["treatment"]), arms.index(row["comparator"])
        pair = f"{row['treatment']!r} and {row['comparator']!r}"
        if first == second:
            raise InputError(f"study {name!r} compares {row['treatment']!r} with itself.")
        if not math.isnan(v[first, second]):
            raise InputError(f"study {name!r} compares {pair} twice; give each comparison once.")
        y[first, second], y[second, first] = row["effect"], -row["effect"]
        v[first, second] = v[second, first] = row["variance"]
    np.fill_diagonal(y, 0.0)
    np.fill_diagonal(v, 0.0)
    if np.isnan(v).any():
        first, second = (arms[place] for place in np.argwhere(np.isnan(v))[0])
        raise InputError(
            f"study {name!r} has the arms {list(arms)} but no comparison of {first!r} and {second!r}; a "
            f"trial with several arms needs all {int(special.comb(a, 2))} comparisons with their "
            "variances, or one row per arm."
        )
    heights = y.mean(axis=1)
    off = np.abs(y - (heights[:, None] - heights[None, :]))
    if (off > CONSISTENT * np.sqrt(v)).any():
        first, second = (arms[place] for place in np.argwhere(off > CONSISTENT * np.sqrt(v))[0])
        raise InputError(
            f"the comparisons of study {name!r} contradict each other: that of {first!r} and {second!r} is "
            "not the difference of the others. Check signs and numbers."
        )
    covariance = (v[1:, :1] + v[:1, 1:] - v[1:, 1:]) / 2
    if np.linalg.eigvalsh(covariance)[0] <= 0:
        raise InputError(
            f"the variances of the comparisons of study {name!r} cannot belong to one trial: one is larger "
            "than the others allow. Check them."
        )
    return Trial(
        name=name,
        arms=arms,
        effects=heights[1:] - heights[0],
        covariance=covariance,
        patients=(math.nan,) * a,
    )


def groups_of(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Give the groups of treatments that trials join."""
    groups: list[set[str]] = []
    for trial in trials:
        joined = [group for group in groups if group & set(trial.arms)]
        groups = [group for group in groups if group not in joined]
        groups.append(set(trial.arms).union(*joined))
    return [tuple(sorted(group)) for group in groups]
