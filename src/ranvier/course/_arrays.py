"""Visits and relapses as arrays sorted by subject and day, prepared once and searched many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.tables import table
from ranvier.trial import take

__all__ = ["Prepared", "Relapses", "nearest", "offsets", "prepare"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Relapses:
    """Relapses in the order of subjects; within a subject by day (in compat mode as in the file)."""

    day: Floats
    end: Floats
    who: Ints
    start: Ints

    def only(self, kept: NDArray[np.bool_]) -> Relapses:
        """Keep some of them."""
        who = self.who[kept]
        return Relapses(
            day=self.day[kept], end=self.end[kept], who=who, start=offsets(who, len(self.start) - 1)
        )

    def part(self, first: int, last: int) -> Relapses:
        """Keep those of some patients, one after the other."""
        theirs = slice(self.start[first], self.start[last])
        return Relapses(
            day=self.day[theirs],
            end=self.end[theirs],
            who=self.who[theirs] - first,
            start=self.start[first : last + 1] - self.start[first],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """One outcome of all patients as arrays, ready for any number of definitions.

    `value` may be replaced (`dataclasses.replace`) by other scores of the same visits; the cache then starts
    anew where it depends on the scores.
    """

    column: str
    subjects: pl.Series
    who: Ints
    day: Floats
    value: Floats
    start: Ints
    flags: dict[str, NDArray[np.bool_]]
    relapses: Relapses
    has_relapses: bool
    compat: str | None
    n_silent: int
    n_without_value: int
    cache: dict[Any, Any] = field(default_factory=dict)

    @property
    def n_subjects(self) -> int:
        """How many patients have at least one value."""
        return len(self.start) - 1

    def parts(self, most: int) -> list[Prepared]:
        """Give the same patients in parts of at most so many, made once."""
        if self.n_subjects <= most:
            return [self]
        if "parts" not in self.cache:
            firsts = range(0, self.n_subjects, most)
            self.cache["parts"] = [self._part(first, min(first + most, self.n_subjects)) for first in firsts]
        parts: list[Prepared] = self.cache["parts"]
        return parts

    def _part(self, first: int, last: int) -> Prepared:
        """Give some patients, one after the other, without copying their visits."""
        visits = slice(self.start[first], self.start[last])
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Prepared(
            **fields
            | {
                "subjects": self.subjects[first:last],
                "who": self.who[visits] - first,
                "day": self.day[visits],
                "value": self.value[visits],
                "start": self.start[first : last + 1] - self.start[first],
                "flags": {name: flag[visits] for name, flag in self.flags.items()},
                "relapses": self.relapses.part(first, last),
                "cache": {},
            }
        )

    def with_values(self, value: Floats) -> Prepared:
        """Give the same visits with other scores, such as scores with rater error added."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        steady = {key: made for key, made in self.cache.items() if isinstance(key, tuple)}  # distances
        return Prepared(**fields | {"value": np.asarray(value, dtype=np.float64), "cache": steady})


def offsets(who: Ints, n: int) -> Ints:
    """Give where each subject's rows start, and one past the last."""
    start = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(who, minlength=n), out=start[1:])
    return start


def prepare(
    visits: Any,
    relapses: Any = None,
    column: str = "edss",
    *,
    eligible: Sequence[str] = (),
    compat: str | None = None,
) -> Prepared:
    """Sort, check and turn tables into arrays.

    Parameters
    ----------
    visits, relapses : dataframe
        As in `ranvier.course.events`.
    column : str
        The outcome.
    eligible : sequence of str
        Boolean columns of visits that definitions may ask for.
    compat : {"msprog"}, optional
        Keep the last of several rows of one day, and relapses in the order of the file.

    Returns
    -------
    Prepared
        The arrays.
    """
    asked = [name for name in eligible if name not in {"all", "scheduled"}]
    optional = ["visit"] if "visit" in table("visits").schema else []
    rows = take(visits, "visits", ["subject", "day", column, *asked], optional=optional)
    _check_rows(rows, "visits")
    if not rows.schema[column].is_numeric():
        raise InputError(f"visits: {column!r} is not a number but {rows.schema[column]}.")
    for name in asked:
        if rows.schema[name] != pl.Boolean:
            raise InputError(f"visits: {name!r} must be true or false; it is {rows.schema[name]}.")
    needed = [column, *(asked if compat else ())]
    known = rows.drop_nulls(needed).sort("subject", "day", maintain_order=True)
    known = _one_a_day(known, column, compat)
    subjects = known["subject"].rle()
    names = subjects.struct.field("value").alias("subject")
    lengths = subjects.struct.field("len").to_numpy().astype(np.int64)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    everyone = rows["subject"].unique()
    flags = {name: known[name].fill_null(value=False).to_numpy() for name in asked}
    flags["scheduled"] = known["visit"].is_not_null().to_numpy()
    return Prepared(
        column=column,
        subjects=names,
        who=np.repeat(np.arange(len(lengths), dtype=np.int64), lengths),
        day=known["day"].to_numpy().astype(np.float64),
        value=known[column].to_numpy().astype(np.float64),
        start=start,
        flags=flags,
        relapses=_relapses(relapses, names, everyone, compat),
        has_relapses=relapses is not None,
        compat=compat,
        n_silent=len(everyone) - len(names),
        n_without_value=rows.height - rows.drop_nulls([column]).height,
    )


def _check_rows(rows: pl.DataFrame, name: str) -> None:
    """Refuse rows without a patient or a day."""
    for key in ("subject", "day"):
        if rows[key].null_count():
            place = rows[key].is_null().arg_max()
            row = rows.row(place or 0, named=True)
            raise InputError(
                f"{name}: row {(place or 0) + 1} has no {key} (subject {row['subject']!r}, day "
                f"{row['day']}); every row needs one. Leave the row out, or find the {key}."
            )


def _one_a_day(known: pl.DataFrame, column: str, compat: str | None) -> pl.DataFrame:
    """Keep one row per subject and day; rows that contradict each other are refused."""
    same = (pl.col("subject") == pl.col("subject").shift()) & (pl.col("day") == pl.col("day").shift())
    if not known.select(same.any()).item():
        return known
    if compat:
        return known.unique(["subject", "day"], keep="last", maintain_order=True)
    clash = known.filter(same & (pl.col(column) != pl.col(column).shift()))
    if clash.height:
        row = clash.row(0, named=True)
        raise InputError(
            f"visits: {row['subject']!r} has two values of {column} on day {row['day']}; which one holds "
            "must not hang on the order of the rows. Keep one row per patient and day."
        )
    # Equal values: the visit is scheduled, or eligible, if any of its rows is.
    others = [name for name in known.columns if name not in {"subject", "day"}]
    return known.group_by("subject", "day", maintain_order=True).agg(pl.col(others).drop_nulls().max())


def _relapses(relapses: Any, names: pl.Series, everyone: pl.Series, compat: str | None) -> Relapses:
    """Turn relapses into arrays in the order of the subjects."""
    if relapses is None:
        none = np.empty(0)
        who = np.empty(0, dtype=np.int64)
        return Relapses(day=none, end=none, who=who, start=offsets(who, len(names)))
    rows = take(relapses, "relapses", ["subject", "day"], optional=["end_day"])
    if compat:
        rows = rows.drop_nulls(["subject", "day"])
    _check_rows(rows, "relapses")
    unknown = rows.filter(~pl.col("subject").is_in(everyone.implode()))["subject"].unique().sort()
    if len(unknown) and not compat:
        raise InputError(
            f"relapses of patients {unknown.to_list()[:10]} who have no visit; give the visits of all "
            "patients, or leave these relapses out."
        )
    backwards = rows.filter(pl.col("end_day") < pl.col("day"))
    if backwards.height:
        row = backwards.row(0, named=True)
        raise InputError(
            f"relapses: {row['subject']!r} has a relapse from day {row['day']} to day {row['end_day']}; it "
            "cannot end before it began."
        )
    codes = pl.DataFrame({"subject": names, "who": np.arange(len(names), dtype=np.int64)})
    found = rows.with_row_index("place").join(codes, on="subject", how="inner")
    by = ["who", "place"] if compat else ["who", "day", "end_day"]
    found = found.sort(by, nulls_last=True)
    who = found["who"].to_numpy().astype(np.int64)
    return Relapses(
        day=found["day"].to_numpy().astype(np.float64),
        end=found["end_day"].cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64),
        who=who,
        start=offsets(who, len(names)),
    )


def nearest(prepared: Prepared, relapses: Relapses) -> tuple[Floats, Floats]:
    """Give the days since the last and until the next relapse of each visit; infinite without one."""
    order = np.lexsort((relapses.day, relapses.who))
    days, who = relapses.day[order], relapses.who[order]
    if not len(days):
        endless = np.full(len(prepared.day), np.inf)
        return endless, endless
    low = min(days.min(), prepared.day.min(initial=np.inf))
    span = max(days.max(), prepared.day.max(initial=-np.inf)) - low + 1.0
    keys, visits = who * span + (days - low), prepared.who * span + (prepared.day - low)
    last = np.searchsorted(keys, visits, side="right") - 1
    following = np.searchsorted(keys, visits, side="left")
    behind, ahead = np.maximum(last, 0), np.minimum(following, len(keys) - 1)
    is_behind = (last >= 0) & (who[behind] == prepared.who)
    is_ahead = (following < len(keys)) & (who[ahead] == prepared.who)
    before: Floats = np.where(is_behind, prepared.day - days[behind], np.inf)
    after: Floats = np.where(is_ahead, days[ahead] - prepared.day, np.inf)
    return before, after
