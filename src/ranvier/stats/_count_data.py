"""Relapses per patient, ready for a model: counts, years, arms and covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import LeftOut
from ranvier.stats._term_columns import (
    as_frame,
    complete_rows,
    need_columns,
    numbers,
    refuse_repeats,
    term_columns,
)

__all__ = ["CountData", "count_data"]

SMALL_ARM = 20
"""Patients per arm below which large-sample intervals are not to be trusted alone (specs: relapses)."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CountData:
    """One row per patient.

    Parameters
    ----------
    counts, years : ndarray of float64, shape (n,)
        Relapses and years of follow-up.
    arms : tuple of str
        Arms, the reference first.
    arm : ndarray of int64, shape (n,)
        Place of each patient's arm in `arms`.
    design : ndarray of float64, shape (n, p)
        Intercept, one column per arm but the reference, covariates.
    names : tuple of str
        Names of the columns of the design.
    left_out : tuple of LeftOut
        Patients left out and why.
    """

    counts: Floats
    years: Floats
    arms: tuple[str, ...]
    arm: NDArray[np.int64]
    design: Floats
    names: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def sums(self) -> list[tuple[int, int, float]]:
        """Give patients, relapses and years of each arm."""
        inside = [self.arm == place for place in range(len(self.arms))]
        return [(int(w.sum()), int(self.counts[w].sum()), float(self.years[w].sum())) for w in inside]

    def log_rate_rows(self) -> Floats:
        """Give for each arm the row that turns coefficients into its log rate at mean covariates."""
        k = len(self.arms)
        rows = np.tile(self.design.mean(axis=0), (k, 1))
        rows[:, :k] = np.eye(k)
        rows[:, 0] = 1.0
        return rows


def count_data(
    table: Any, arms: Any = None, *, reference: str | None = None, covariates: Sequence[str] = ()
) -> CountData:
    """Read relapses per patient; see `relapse_model` for what is taken."""
    frame = as_frame(table, "table")
    if "period" in frame.columns:
        frame = frame.filter(pl.col("period") == "after")
    if arms is not None:
        frame = _with_arms(frame, arms)
    need_columns(frame, "table", ["arm", "relapses", "years", *covariates])
    if "subject" in frame.columns:
        twice = frame.filter(pl.col("subject").is_duplicated())["subject"].unique().sort().to_list()
        if twice:
            raise InputError(f"patients {twice[:10]} have more than one row in table; give one row each.")
    used, missing = complete_rows(frame, ["arm", "relapses", "years", *covariates])
    if used.is_empty():
        raise InputError("table has no patient with arm, relapses, years and covariates; nothing to fit.")
    counts, years = numbers(used, "table", "relapses"), numbers(used, "table", "years")
    _refuse(
        used, "relapses", counts, (counts >= 0) & (counts == np.floor(counts)), "a whole number of 0 or more"
    )
    _refuse(used, "years", years, years > 0, "above 0 years; leave out patients who were not followed")
    found = used["arm"].cast(pl.String)
    names = _arm_order(found, reference)
    place = np.array([names.index(name) for name in found], dtype=np.int64)
    dummies = (place[:, None] == np.arange(1, len(names))).astype(np.float64)
    extra = term_columns(used, "table", covariates)
    design = np.concatenate([np.ones((used.height, 1)), dummies, extra.values], axis=1)
    labels = ("intercept", *(f"arm {name}" for name in names[1:]), *extra.names)
    if used.height <= len(labels):
        raise InputError(
            f"{used.height} patients are too few for {len(labels)} parameters ({list(labels)}); leave out "
            "covariates, or compare the arms with stats.rate_ratio."
        )
    refuse_repeats(design, labels)
    reason = "patients without arm, relapses, years or a covariate"
    return CountData(counts, years, tuple(names), place, design, labels, (LeftOut(n=missing, reason=reason),))


def _with_arms(frame: pl.DataFrame, arms: Any) -> pl.DataFrame:
    """Add each patient's arm and the other columns of the table of patients."""
    if isinstance(arms, Mapping) and not {"subject", "arm"} <= set(arms):
        people = pl.DataFrame({"subject": list(arms), "arm": list(arms.values())})
    else:
        people = as_frame(arms, "arms")
    need_columns(people, "arms", ["subject", "arm"])
    need_columns(frame, "table", ["subject"])
    twice = people.filter(pl.col("subject").is_duplicated())["subject"].unique().sort().to_list()
    if twice:
        raise InputError(f"patients {twice[:10]} have more than one row in arms; give one row each.")
    unknown = frame.join(people, on="subject", how="anti")["subject"].to_list()
    if unknown:
        raise InputError(f"patients {unknown[:10]} of table have no row in arms; give every patient's arm.")
    kept = [column for column in frame.columns if column == "subject" or column not in people.columns]
    return frame.select(kept).join(people, on="subject", how="left", maintain_order="left")


def _arm_order(found: pl.Series, reference: str | None) -> list[str]:
    """Give the arms sorted, the reference first."""
    names: list[str] = found.unique().sort().to_list()
    if reference is None:
        return names
    require_choice("reference", reference, names)
    return [reference, *(name for name in names if name != reference)]


def _refuse(frame: pl.DataFrame, column: str, values: Floats, good: NDArray[np.bool_], allowed: str) -> None:
    """Refuse the first value that is not allowed, naming the patient."""
    bad = np.flatnonzero(~good)
    if bad.size:
        row = int(bad[0])
        who = f"patient {frame['subject'][row]!r}" if "subject" in frame.columns else f"row {row + 1}"
        raise InputError(f"table, {who}: {column} is {values[row]:g}; it must be {allowed}.")
