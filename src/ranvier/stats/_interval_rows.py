"""Left and right days of events seen at visits, read from arrays or from a table, and checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.result import LeftOut, number
from ranvier.stats._follow_up import NO_TIME, PREVALENT, as_table, column_of, is_table, numbers, words

__all__ = ["Spans", "read_spans"]

UNKNOWN = "patients without a day"


@dataclass(frozen=True)
class Spans:
    """Patients with the days between which the event lies; infinite right when it was not seen."""

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    arm: NDArray[np.str_]
    kept: NDArray[np.bool_]
    left_out: tuple[LeftOut, ...]


def read_spans(data: Any, right: Any, arm: Any) -> Spans:
    """Read left and right days; count those of `course.time_to_event` from the first visit."""
    prevalent, first_visit = None, np.zeros(1)
    if is_table(data):
        if right is not None:
            raise InputError("right is given twice: a table brings its own column right_day; leave it out.")
        table = as_table("data", data)
        left_day, right_day = (
            numbers(name, column_of(table, "data", name)) for name in ("left_day", "right_day")
        )
        if arm is None and "arm" in table.columns:
            arm = table["arm"]
        if "days" in table.columns:
            ends = np.where(np.isnan(right_day), left_day, right_day)
            first_visit = ends - numbers("days", table["days"])
            prevalent = np.isnan(left_day) & ~np.isnan(right_day)
    else:
        if right is None:
            raise InputError("right is missing; give for each left day the day by which the event was seen.")
        left_day, right_day = numbers("left", data), numbers("right", right)
    groups = words("arm", arm, left_day.size)
    if not left_day.size == right_day.size == groups.size:
        raise InputError(
            f"there are {left_day.size} left days, {right_day.size} right days and {groups.size} arms; give "
            "one each."
        )
    prevalent = np.zeros(left_day.size, bool) if prevalent is None else prevalent
    nothing = np.isnan(left_day) & (np.isnan(right_day) | np.isinf(right_day))
    low = np.where(np.isnan(left_day), 0.0, left_day - first_visit)
    high = np.where(np.isnan(right_day), math.inf, right_day - first_visit)
    _require_spans(low, high, ~prevalent & ~nothing)
    never = ~prevalent & ~nothing & (low == 0) & np.isinf(high)
    kept = ~prevalent & ~nothing & ~never
    if not kept.any():
        raise InputError("no patient was watched for more than 0 days; nothing is known about the time.")
    out = ((nothing, UNKNOWN), (prevalent, PREVALENT), (never, NO_TIME))
    left_out = tuple(LeftOut(n=int(gone.sum()), reason=reason) for gone, reason in out if gone.any())
    return Spans(low[kept], high[kept], groups[kept], kept, left_out)


def _require_spans(low: NDArray[np.float64], high: NDArray[np.float64], used: NDArray[np.bool_]) -> None:
    """Refuse days that cannot be."""
    wrong = np.flatnonzero(used & ((low < 0) | np.isinf(low) | (high < low) | (high <= 0)))
    if wrong.size:
        place = wrong[0]
        raise InputError(
            f"the event of patient {place + 1} lies after day {number(low[place])} and up to day "
            f"{high[place]:g}; the left day must be at least 0 and not later than the right day, and no "
            "event may lie on day 0."
        )
