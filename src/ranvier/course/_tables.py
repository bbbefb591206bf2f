"""Events and decisions from arrays to tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.course import _layout as at
from ranvier.course._arrays import Ints, Prepared
from ranvier.course._run import Found
from ranvier.course.definition import Definition
from ranvier.course.reasons import DECISIONS
from ranvier.result import TRACE_SCHEMA

__all__ = ["COURSE_TRACE_SCHEMA", "EVENT_SCHEMA", "decision_rows", "event_rows", "never_confirming"]

EVENT_SCHEMA: dict[str, Any] = {
    "subject": pl.String,
    "measure": pl.String,
    "event": pl.String,
    "type": pl.String,
    "day": pl.Int64,
    "reference_day": pl.Int64,
    "reference": pl.Float64,
    "value": pl.Float64,
    "threshold": pl.Float64,
    "confirmed_day": pl.Int64,
    "confirmed_days": pl.List(pl.Int64),
    "relapse_free_days": pl.List(pl.Int64),
    "last_day_sustained": pl.Int64,
    "sustained_days": pl.Int64,
    "sustained_to_end": pl.Boolean,
    "imputed": pl.Boolean,
    "left_day": pl.Int64,
    "days_from_first": pl.Int64,
}
"""Columns of the table of events."""

COURSE_TRACE_SCHEMA: dict[str, Any] = {
    **TRACE_SCHEMA,
    "measure": pl.String,
    "value": pl.Float64,
    "reference_day": pl.Int64,
    "reference": pl.Float64,
    "threshold": pl.Float64,
    "until_day": pl.Int64,
    "visits_used": pl.Int64,
}
"""Columns of the trace: those of every trace, and what the decision looked at."""

TYPES = pl.Series([None, "RAW", "PIRA", "undefined", "relapse during confirmation"], dtype=pl.String)


def _days(prepared: Prepared, visits: Ints) -> pl.Series:
    """Give the days of visits, null for no visit."""
    whole = prepared.day.astype(np.int64)
    if not len(whole):
        return pl.Series([], dtype=pl.Int64)
    days = pl.Series(whole[np.maximum(visits, 0)])
    return days.set(pl.Series(visits < 0), None)


def _per_window(prepared: Prepared, visits: Ints) -> pl.Series:
    """Give one list of days per event, one day per window."""
    n, windows = visits.shape
    flat = _days(prepared, visits.ravel())
    if n == 0:
        return pl.Series([], dtype=pl.List(pl.Int64))
    return flat.reshape((n, windows)).cast(pl.List(pl.Int64))


def event_rows(prepared: Prepared, found: Found) -> pl.DataFrame:
    """Give the table of events of one outcome."""
    rows, levels = found.events, found.event_levels
    n_windows = (rows.shape[1] - at.WINDOWS) // 2
    who, onset, end = rows[:, at.SUBJECT], rows[:, at.ONSET], rows[:, at.END]
    day = _days(prepared, onset)
    first = prepared.start[who]
    types = TYPES.gather(rows[:, at.TYPE]) if prepared.has_relapses else pl.Series([None] * len(rows))
    left = np.where(rows[:, at.LEFT] >= first, rows[:, at.LEFT], -1)
    last = _days(prepared, end)
    split = at.WINDOWS + n_windows
    columns = {
        "subject": prepared.subjects.gather(who),
        "measure": pl.Series([prepared.column]).gather(np.zeros(len(rows), dtype=np.int64)),
        "event": pl.Series(["improvement", "worsening"]).gather((rows[:, at.SIGN] > 0).astype(np.int64)),
        "type": types,
        "day": day,
        "reference_day": _days(prepared, rows[:, at.REFERENCE]),
        "reference": found.sign * levels[:, 0],
        "value": prepared.value[onset],
        "threshold": levels[:, 1],
        "confirmed_day": _days(prepared, rows[:, at.CONFIRMED]),
        "confirmed_days": _per_window(prepared, rows[:, at.WINDOWS : split]),
        "relapse_free_days": _per_window(prepared, rows[:, split:]),
        "last_day_sustained": last,
        "sustained_days": last - day,
        "sustained_to_end": end == prepared.start[who + 1] - 1,
        "imputed": rows[:, at.IMPUTED] == 1,
        "left_day": _days(prepared, left),
        "days_from_first": day - _days(prepared, first),
    }
    return pl.DataFrame(columns, schema_overrides=EVENT_SCHEMA, strict=False)


def decision_rows(prepared: Prepared, found: Found) -> pl.DataFrame:
    """Give the trace of one outcome."""
    rows, levels = found.decisions, found.decision_levels
    codes = sorted(DECISIONS)
    place = np.searchsorted(codes, rows[:, at.D_REASON])
    words = {
        name: pl.Series([getattr(DECISIONS[code], name) for code in codes]).gather(place)
        for name in ("step", "outcome", "reason")
    }
    visit, until, reference = rows[:, at.D_VISIT], rows[:, at.D_UNTIL], rows[:, at.D_REFERENCE]
    bare = np.isin(rows[:, at.D_REASON], (at.NO_CHANGE, at.NOTHING_AFTER, at.NO_BASELINE, at.NO_THRESHOLD))
    value = np.where(bare, np.nan, prepared.value[visit])
    level = found.sign * levels[:, 0]
    up = found.sign * (value - level) > 0
    columns = {
        "subject": prepared.subjects.gather(rows[:, at.D_SUBJECT]),
        "day": _days(prepared, visit),
        **words,
        "measure": pl.Series([prepared.column]).gather(np.zeros(len(rows), dtype=np.int64)),
        "value": pl.Series(value).fill_nan(None),
        "reference_day": _days(prepared, reference),
        "reference": pl.Series(level).fill_nan(None),
        "threshold": pl.Series(np.where(up, levels[:, 1], levels[:, 2])).fill_nan(None),
        "until_day": _days(prepared, until),
        "visits_used": until - visit + 1,
    }
    trace = pl.DataFrame(columns, schema_overrides=COURSE_TRACE_SCHEMA)
    return trace if prepared.has_relapses else trace.filter(pl.col("step") != "type")


def never_confirming(prepared: Prepared, definition: Definition) -> tuple[int, int]:
    """Count patients whose visits never lie as far apart as a confirmation asks, and all with two visits."""
    day, who = prepared.day, prepared.who
    if not len(day):
        return 0, 0
    visits = np.diff(prepared.start)
    low = day.min()
    span = 2.0 * (day.max() - low + 1.0) + max(window.days for window in definition.confirmation.windows)
    keys = who * span + (day - low)
    can: NDArray[np.bool_] = np.zeros(prepared.n_subjects, dtype=bool)
    for window in definition.confirmation.windows:
        late = np.searchsorted(keys, keys + (window.days - window.left), side="left")
        inside = np.minimum(late, len(keys) - 1)
        gap = day[inside] - day
        most = np.inf if window.right is None else window.days + window.right
        can[who[(late < len(keys)) & (who[inside] == who) & (gap <= most)]] = True
    return int((~can & (visits > 1)).sum()), int((visits > 1).sum())
