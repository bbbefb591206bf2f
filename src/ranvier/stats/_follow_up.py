"""Times to an event or to the end of follow-up, read from arrays or from a table, and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, suggest
from ranvier.result import Derivation, LeftOut

__all__ = ["FollowUp", "as_table", "column_of", "follow_up", "numbers", "truths", "words"]

ONE_GROUP = "all patients"
"""Name of the only group when no arm is given."""
MISSING = "patients without a time or without a word on the event"
AT_VISITS = (
    "Events were seen at visits, so each lies some time before the day used here and the curve is late; "
    "stats.interval_survival takes them as they are."
)
NO_TIME = "patients without follow-up after the first visit"
PREVALENT = "patients in whom the event was there at the first visit"

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class FollowUp:
    """Patients with follow-up above 0, by arm.

    Parameters
    ----------
    days : ndarray of float64, shape (n,)
        Time to the event or to the end of follow-up.
    observed : ndarray of bool, shape (n,)
        True where the time ends with the event.
    arm : ndarray of int64, shape (n,)
        Place of each patient's arm in `arms`.
    arms : tuple of str
        Names, sorted.
    left_out : tuple of tuple of LeftOut
        For each arm, who was left out.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    days: Floats
    observed: Truths
    arm: NDArray[np.int64]
    arms: tuple[str, ...]
    left_out: tuple[tuple[LeftOut, ...], ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, place: int) -> tuple[Floats, Truths]:
        """Give times and events of one arm."""
        chosen = self.arm == place
        return self.days[chosen], self.observed[chosen]


def follow_up(data: Any, observed: Any = None, arm: Any = None) -> FollowUp:
    """Give checked follow-up from an array of times, or from a table with days, observed and perhaps arm."""
    before_first, between = None, False
    if is_table(data):
        if observed is not None:
            raise InputError("observed is given twice: a table brings its own column observed; leave it out.")
        table = as_table("data", data)
        days, seen = column_of(table, "data", "days"), column_of(table, "data", "observed")
        if arm is None and "arm" in table.columns:
            arm = table["arm"]
        if {"left_day", "right_day"} <= set(table.columns):
            before_first = table["left_day"].is_null() & table["right_day"].is_not_null()
            between = bool((table["left_day"] < table["right_day"]).any())
    else:
        if observed is None:
            raise InputError("observed is missing; say for each time whether it ended with the event.")
        days, seen = data, observed
    time, event, known = numbers("days", days), *truths("observed", seen)
    groups = words("arm", arm, time.size)
    if time.size != event.size or time.size != groups.size:
        raise InputError(
            f"days has {time.size} patients, observed {event.size} and arm {groups.size}; give one each."
        )
    prevalent = np.zeros(time.size, bool) if before_first is None else before_first.to_numpy()
    found = _checked(time, event, known, prevalent, groups)
    return replace(found, notes=(AT_VISITS,)) if between else found


def _checked(time: Floats, event: Truths, known: Truths, prevalent: Truths, groups: Any) -> FollowUp:
    """Refuse impossible times, leave out patients who were never watched, and number the arms."""
    if time.size == 0:
        raise InputError("there is no patient; give at least one time.")
    wrong = np.flatnonzero((time < 0) | np.isinf(time))
    if wrong.size:
        raise InputError(
            f"the follow-up of patient {wrong[0] + 1} is {time[wrong[0]]:g} days; it must be finite and at "
            "least 0. Count days from the start of that patient's follow-up."
        )
    at_once = np.flatnonzero((time == 0) & event & known & ~prevalent)
    if at_once.size:
        raise InputError(
            f"the event of patient {at_once[0] + 1} is on day 0, before any follow-up; leave out patients "
            "who had it from the start, or add one day to every time when the first day counts."
        )
    missing = np.isnan(time) | ~known
    reasons = np.select([missing, prevalent, time == 0], [1, 2, 3], 0)
    arms, place = np.unique(groups, return_inverse=True)
    if not (reasons == 0).any():
        raise InputError(
            "no patient has follow-up above 0 days; without time under observation nothing is known."
        )
    left = tuple(
        tuple(
            LeftOut(n=int(n), reason=reason)
            for code, reason in ((1, MISSING), (2, PREVALENT), (3, NO_TIME))
            if (n := np.count_nonzero((reasons == code) & (place == index)))
        )
        for index in range(arms.size)
    )
    kept = reasons == 0
    gone = [str(arms[index]) for index in range(arms.size) if not kept[place == index].any()]
    if gone:
        raise InputError(f"nobody in arm {gone[0]!r} has follow-up above 0 days; leave the arm out.")
    return FollowUp(time[kept], event[kept], place[kept].astype(np.int64), tuple(map(str, arms)), left)


def is_table(data: Any) -> bool:
    """Tell a table, a result that holds one, or a mapping of columns from an array of times."""
    if isinstance(data, pl.Series | np.ndarray):
        return False
    return isinstance(data, Derivation | Mapping) or hasattr(data, "columns")


def as_table(name: str, data: Any) -> pl.DataFrame:
    """Give any dataframe, a derivation's table or a mapping of columns as polars."""
    if isinstance(data, Derivation):
        return data.table
    if isinstance(data, Mapping):
        try:
            return pl.DataFrame(dict(data))
        except (pl.exceptions.ShapeError, pl.exceptions.PolarsError, TypeError) as error:
            raise InputError(
                f"{name}: the columns do not make a table ({error}); give equal lengths."
            ) from error
    try:
        native: pl.DataFrame = nw.from_native(data, eager_only=True).to_polars()
    except TypeError as error:
        raise InputError(
            f"{name} is a {type(data).__name__}; give a dataframe (polars, pandas or pyarrow)."
        ) from error
    return native


def column_of(table: pl.DataFrame, name: str, column: str) -> pl.Series:
    """Give a column; refuse a table that lacks it."""
    if column not in table.columns:
        close = suggest(column, table.columns)
        hint = f" Did you mean {close!r}?" if close else ""
        raise InputError(f"{name} lacks the column {column!r}; it has {table.columns}.{hint}")
    return table[column]


def numbers(name: str, values: Any) -> Floats:
    """Give numbers as float64, NaN where missing."""
    series = values if isinstance(values, pl.Series) else _series(name, values)
    if series.dtype == pl.Null:
        return np.full(series.len(), np.nan)
    if not series.dtype.is_numeric():
        raise InputError(
            f"{name} holds {series.dtype} values such as {series.head(1).to_list()}; give numbers."
        )
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)


def truths(name: str, values: Any) -> tuple[Truths, Truths]:
    """Give true or false and whether it is known; 1 and 0 are read as such, anything else is refused."""
    series = values if isinstance(values, pl.Series) else _series(name, values)
    if series.dtype.is_float():
        series = series.fill_nan(None)
    known = series.is_not_null().to_numpy()
    if series.dtype != pl.Boolean and known.any():
        wrong = [value for value in series.drop_nulls().unique().to_list() if value not in (0, 1)]
        if wrong:
            raise InputError(f"{name} holds {wrong[0]!r}; it must be true (1) or false (0) for each row.")
    return series.cast(pl.Boolean).fill_null(value=False).to_numpy().astype(bool), known


def words(name: str, values: Any, n: int) -> NDArray[np.str_]:
    """Give names of groups as text; one group when there is none."""
    if values is None:
        return np.full(n, ONE_GROUP)
    series = values if isinstance(values, pl.Series) else _series(name, values)
    if series.null_count():
        place = int(series.is_null().arg_true()[0])
        raise InputError(f"patient {place + 1} has no {name}; name the {name} of each patient.")
    return series.cast(pl.String).to_numpy().astype(np.str_)


def _series(name: str, values: Any) -> pl.Series:
    """Give a column of any one-dimensional input."""
    if isinstance(values, str | bytes) or np.ndim(values) != 1:
        raise InputError(f"{name} must be a list or an array of one value per patient, not {values!r}.")
    try:
        plain = values.tolist() if hasattr(values, "tolist") else list(values)
        return pl.Series(name, plain, strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        mixed = [value for value in values if value is None or isinstance(value, int | float | bool)]
        if len(mixed) == len(list(values)):
            return pl.Series(name, [None if value is None else float(value) for value in mixed])
        raise InputError(f"{name} mixes kinds of values ({error}); give one kind.") from error
