"""Rows for a Cox model: time at risk, event, covariates as numbers and the patient, read from a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.result import LeftOut
from ranvier.stats._follow_up import PREVALENT, as_table, column_of, numbers, truths, words

__all__ = ["CoxRows", "coded", "read_rows"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CoxRows:
    """Complete rows.

    Parameters
    ----------
    start, stop : ndarray of float64, shape (n,)
        The row is at risk after start and up to stop.
    observed : ndarray of bool, shape (n,)
        Whether the row ends with an event.
    x : ndarray of float64, shape (n, p)
        Covariates as numbers.
    names : tuple of str
        What each column of x stands for.
    cluster : ndarray of int64, shape (n,)
        Number of each row's patient.
    left_out : tuple of LeftOut
        Rows left out and why.
    """

    start: Floats
    stop: Floats
    observed: NDArray[np.bool_]
    x: Floats
    names: tuple[str, ...]
    cluster: NDArray[np.int64]
    left_out: tuple[LeftOut, ...]


def read_rows(data: Any, covariates: Sequence[str]) -> CoxRows:
    """Read days (or start_day and stop_day), observed, perhaps subject, and the covariates."""
    table = as_table("data", data)
    columns = covariate_names(covariates)
    if "stop_day" in table.columns or "start_day" in table.columns:
        start, stop = (numbers(name, column_of(table, "data", name)) for name in ("start_day", "stop_day"))
    else:
        stop = numbers("days", column_of(table, "data", "days"))
        start = np.where(np.isnan(stop), np.nan, 0.0)
    observed, known = truths("observed", column_of(table, "data", "observed"))
    x, names = coded(table, columns)
    if "subject" in table.columns:
        subject = words("subject", table["subject"], stop.size)
    else:
        subject = np.arange(stop.size).astype(np.str_)
    complete = known & ~np.isnan(start) & ~np.isnan(stop) & ~np.isnan(x).any(axis=1)
    prevalent = np.zeros(stop.size, bool)
    if {"left_day", "right_day"} <= set(table.columns):  # as course.time_to_event gives them
        prevalent = (table["left_day"].is_null() & table["right_day"].is_not_null()).to_numpy()
    complete &= ~prevalent
    never = complete & (start == 0) & (stop == 0) & ~observed
    _require_order(start, stop, complete & ~never)
    kept = complete & ~never
    left = (
        LeftOut(n=int(np.count_nonzero(~complete & ~prevalent)), reason="rows with a missing value"),
        LeftOut(n=int(np.count_nonzero(prevalent)), reason=PREVALENT),
        LeftOut(n=int(np.count_nonzero(never)), reason="rows without time at risk"),
    )
    cluster = np.unique(subject[kept], return_inverse=True)[1].astype(np.int64)
    rows = CoxRows(start[kept], stop[kept], observed[kept], x[kept], names, cluster, left)
    _require_apart(rows, subject[kept])
    _require_estimable(rows)
    return rows


def covariate_names(covariates: Any) -> list[str]:
    """Give the columns asked for; one name may stand alone."""
    columns = [covariates] if isinstance(covariates, str) else list(covariates)
    if not columns:
        raise InputError("covariates is empty; name at least one column, such as 'arm'.")
    return columns


def coded(table: pl.DataFrame, columns: Sequence[str]) -> tuple[Floats, tuple[str, ...]]:
    """Give covariates as numbers: text by indicators against its first word, in the order of the alphabet."""
    parts: list[Floats] = []
    names: list[str] = []
    for column in columns:
        series = column_of(table, "data", column)
        if series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null):
            parts.append(numbers(column, series.cast(pl.Float64)))
            names.append(column)
            continue
        text = series.cast(pl.String)
        kinds = text.drop_nulls().unique().sort().to_list()
        for kind in kinds[1:]:
            parts.append((text == kind).cast(pl.Float64).fill_null(np.nan).to_numpy())
            names.append(f"{column}: {kind} against {kinds[0]}")
        if len(kinds) < 2:
            raise InputError(
                f"the covariate {column!r} is {kinds} in every row; it needs two values or more."
            )
    return np.column_stack(parts), tuple(names)


def _require_order(start: Floats, stop: Floats, used: NDArray[np.bool_]) -> None:
    """Refuse a row that starts before 0 or ends before it begins."""
    wrong = np.flatnonzero(used & ((start < 0) | np.isinf(stop) | np.isinf(start)))
    if wrong.size:
        row = wrong[0]
        raise InputError(
            f"row {row + 1} goes from day {start[row]:g} to day {stop[row]:g}; days must be finite and at "
            "least 0."
        )
    wrong = np.flatnonzero(used & (start >= stop))
    if wrong.size:
        row = wrong[0]
        raise InputError(
            f"row {row + 1} starts on day {start[row]:g} and stops on day {stop[row]:g}; time at risk is "
            "after the start and up to the stop, so the stop must be later (one may not be 0 and an event)."
        )


def _require_apart(rows: CoxRows, subject: NDArray[np.str_]) -> None:
    """Refuse a patient whose rows overlap."""
    order = np.lexsort((rows.start, rows.cluster))
    same = np.diff(rows.cluster[order]) == 0
    overlap = np.flatnonzero(same & (rows.start[order][1:] < rows.stop[order][:-1]))
    if overlap.size:
        first, second = order[overlap[0]], order[overlap[0] + 1]
        raise InputError(
            f"two rows of patient '{subject[first]}' overlap: ({rows.start[first]:g}, {rows.stop[first]:g}] "
            f"and ({rows.start[second]:g}, {rows.stop[second]:g}]; one patient is at risk once at a time."
        )


def _require_estimable(rows: CoxRows) -> None:
    """Refuse data that hold nothing about the coefficients."""
    if rows.stop.size == 0:
        raise InputError("no row is complete; every row lacks a time, the event or a covariate.")
    if not rows.observed.any():
        raise InputError(
            f"no event in {rows.stop.size} rows: hazards cannot be compared. Use stats.survival or "
            "stats.rate, which give the upper bound that no event still allows."
        )
    spread = rows.x - rows.x.mean(axis=0)
    size = np.sqrt((spread**2).sum(axis=0))
    for place in np.flatnonzero(size <= 1e-12 * np.maximum(np.abs(rows.x).max(axis=0), 1.0)):
        raise InputError(f"the covariate {rows.names[place]!r} is the same in every row; leave it out.")
    if np.linalg.matrix_rank(spread / size) < rows.x.shape[1]:
        raise InputError(
            f"the covariates {list(rows.names)} determine one another (or there are more of them than rows); "
            "leave one out."
        )
