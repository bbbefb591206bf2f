"""ISO dates turned into whole days from each subject's first dose."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ranvier.errors import InputError
from ranvier.tables import READING_RULES, TABLES

__all__ = ["date_name", "day_columns", "days_from_dates", "days_from_origin", "first_dates"]

FULL = r"^\d{4}-\d{2}-\d{2}$"
MONTH = r"^(19|20)\d{2}-\d{2}$"
YEAR = r"^(19|20)\d{2}$"
SLASHED = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}$"
SERIAL = r"^\d{5}$"
MID_MONTH, MID_YEAR = "-15", "-07-01"

RULES = {rule.id: rule for rule in READING_RULES}

Raw = Mapping[str, pl.DataFrame]


def date_name(day: str) -> str:
    """Give the name of the column that holds the date of a day column."""
    return day.removesuffix("day") + "date"


def day_columns(name: str) -> dict[str, str]:
    """Give the date columns that a table may have, with the day column each stands for."""
    return {date_name(column.name): column.name for column in TABLES[name].columns if column.kind == "day"}


def days_from_origin(
    frame: pl.DataFrame, dated: Mapping[str, str], origin: pl.DataFrame, file: str
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Give a table with days beside its dates, from an origin per subject, and what could not be turned."""
    return _with_days(_as_text(frame, dated), dated, origin, file)


def first_dates(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Give the first date of each subject as subject and origin; what is no date is passed over."""
    return _first(_as_text(frame, {name: name}), name)


def days_from_dates(raw: Raw, files: Mapping[str, str]) -> tuple[dict[str, pl.DataFrame], list[pl.DataFrame]]:
    """Give the tables with a day column beside each date column, and what could not be turned."""
    dated = {name: _dated(name, frame, files[name]) for name, frame in raw.items()}
    if not any(dated.values()):
        return dict(raw), []
    _require_dated_doses(raw, dated, files)
    texts = {name: _as_text(frame, dated[name]) for name, frame in raw.items()}
    origin, by_enrolment = _origin(texts)
    found = []
    if "subjects" in texts and by_enrolment.height:
        rows = texts["subjects"].join(by_enrolment, on="subject", how="semi")
        found.append(RULES["origin-enrolment"].findings(rows, file=files["subjects"], column="enrolled_date"))
    tables = {}
    for name, frame in texts.items():
        tables[name], about = _with_days(frame, dated[name], origin, files[name])
        found += about
    return tables, found


def _dated(name: str, frame: pl.DataFrame, file: str) -> dict[str, str]:
    """Give the date columns of a table with the day column each stands for."""
    found = {date: day for date, day in day_columns(name).items() if date in frame.columns}
    for date, day in found.items():
        if day in frame.columns:
            raise InputError(
                f"{file}: both {day!r} and {date!r} are given; keep one, so that they cannot disagree."
            )
    return found if "subject" in frame.columns else {}


def _require_dated_doses(raw: Raw, dated: Mapping[str, dict[str, str]], files: Mapping[str, str]) -> None:
    doses = raw.get("doses")
    if doses is None or doses.is_empty() or "date" in doses.columns:
        return
    others = sorted(files[name] for name, columns in dated.items() if columns)
    raise InputError(
        f"{', '.join(others)}: dates are given, but {files['doses']} gives days, so they cannot be counted; "
        f"give {files['doses']} a column 'date', or give days everywhere."
    )


def _as_text(frame: pl.DataFrame, dated: Mapping[str, str]) -> pl.DataFrame:
    """Give dates and subjects as trimmed text; an empty cell becomes null."""
    texts = []
    for name in [*dated, *(["subject"] if "subject" in frame.columns else [])]:
        column = pl.col(name)
        if isinstance(frame.schema[name], pl.Datetime):
            column = column.dt.date()
        text = column.cast(pl.String).str.strip_chars()
        texts.append(pl.when(text != "").then(text).alias(name))
    return frame.with_columns(texts)


def _date(name: str) -> pl.Expr:
    """Give the date that a text stands for, the middle of what is known when part is missing."""
    text = pl.col(name)
    whole = (
        pl.when(text.str.contains(FULL))
        .then(text)
        .when(text.str.contains(MONTH))
        .then(text + MID_MONTH)
        .when(text.str.contains(YEAR))
        .then(text + MID_YEAR)
    )
    return whole.str.to_date("%Y-%m-%d", strict=False)


def _origin(texts: Raw) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give day 0 of each subject (first dose, else enrolment), and the subjects that have only the latter."""
    none = pl.DataFrame(schema={"subject": pl.String, "origin": pl.Date})
    dosed, enrolled = none, none
    if "doses" in texts and "date" in texts["doses"].columns:
        dosed = _first(texts["doses"], "date")
    if "subjects" in texts and "enrolled_date" in texts["subjects"].columns:
        enrolled = _first(texts["subjects"], "enrolled_date").join(dosed, on="subject", how="anti")
    return pl.concat([dosed, enrolled]), enrolled


def _first(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    dates = frame.select("subject", _date(name).alias("origin")).drop_nulls()
    return dates.group_by("subject").agg(pl.col("origin").min())


def _with_days(
    frame: pl.DataFrame, dated: Mapping[str, str], origin: pl.DataFrame, file: str
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Add the day columns of one table, and name the dates that gave none."""
    if not dated:
        return frame, []
    wide = frame.join(origin, on="subject", how="left").sort("row")
    found = []
    for date, day in dated.items():
        wide = wide.with_columns(_date(date).alias("read"))
        wide = wide.with_columns(
            (pl.col("read") - pl.col("origin")).dt.total_days().cast(pl.Int64).alias(day)
        )
        text = pl.col(date)
        partial = text.str.contains(MONTH) | text.str.contains(YEAR)
        cases = {
            "not-a-date": text.is_not_null() & pl.col("read").is_null(),
            "date-without-origin": pl.col("read").is_not_null() & pl.col("origin").is_null(),
            "date-partial": partial & pl.col("read").is_not_null(),
        }
        for rule, failing in cases.items():
            rows = wide.filter(failing).select("row", "subject", text.alias("value"), _day_of(dated, wide))
            if rows.height:
                advice = _advice() if rule == "not-a-date" else None
                found.append(
                    RULES[rule].findings(rows, file=file, column=date, value=pl.col("value"), advice=advice)
                )
    return wide.drop("read", "origin"), found


def _day_of(dated: Mapping[str, str], wide: pl.DataFrame) -> pl.Expr:
    known = "date" in dated and "day" in wide.columns
    return pl.col("day") if known else pl.lit(None, dtype=pl.Int64).alias("day")


def _advice() -> pl.Expr:
    """Say what to do about a text that is not a date, by the mistake it looks like."""
    value = pl.col("value")
    exchanged = "Write year-month-day: in this form day and month can be taken for each other."
    serial = "This is how a spreadsheet counts dates: format the column as text, year-month-day."
    usual = "Write year-month-day; year-month or the year alone if no more is known; empty if nothing is."
    return (
        pl.when(value.str.contains(SLASHED))
        .then(pl.lit(exchanged))
        .when(value.str.contains(SERIAL))
        .then(pl.lit(serial))
        .otherwise(pl.lit(usual))
    )
