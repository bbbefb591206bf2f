"""Rows of time at risk between one event of a patient and the next, from events and patients."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.errors import InputError
from ranvier.stats._follow_up import as_table, column_of, numbers

__all__ = ["between_events"]


def between_events(events: Any, people: Any) -> pl.DataFrame:
    """Give one row per event and one for the time after the last: start_day, stop_day, observed, the rest.

    Patients have subject, days or stop_day, and perhaps start_day; their other columns are carried along.
    Events on the day before which follow-up begins, or after it ended, are refused.
    """
    persons, happened = _people(as_table("people", people)), _events(as_table("events", events))
    strange = happened.join(persons, on="subject", how="anti")["subject"].unique().sort().to_list()
    if strange:
        raise InputError(
            f"events of patients {strange[:10]} who are not in people; give a row for each patient."
        )
    known = happened.join(persons.select("subject", "start_day", "stop_day"), on="subject")
    outside = known.filter((pl.col("day") <= pl.col("start_day")) | (pl.col("day") > pl.col("stop_day")))
    if outside.height:
        name, day, start, stop = outside.sort("subject", "day").row(0)
        raise InputError(
            f"the event of patient {name!r} on day {day:g} lies outside the follow-up, which is after day "
            f"{start:g} and up to day {stop:g}; correct the day or the follow-up, or leave the event out."
        )
    ends = pl.concat(
        [
            known.select("subject", pl.col("day").alias("stop_day"), pl.lit(value=True).alias("observed")),
            persons.select("subject", "stop_day", pl.lit(value=False).alias("observed")),
        ]
    ).sort("subject", "stop_day", "observed", descending=[False, False, True])
    rest = persons.drop("stop_day")
    rows = ends.join(rest, on="subject", maintain_order="left").with_columns(
        pl.coalesce(pl.col("stop_day").shift(1).over("subject"), "start_day").alias("start_day")
    )
    return rows.filter(pl.col("observed") | (pl.col("stop_day") > pl.col("start_day")))


def _people(table: pl.DataFrame) -> pl.DataFrame:
    """Read the patients; each has one row and follow-up above 0."""
    column_of(table, "people", "subject")
    stop = numbers(
        "stop_day", column_of(table, "people", "stop_day" if "stop_day" in table.columns else "days")
    )
    start = numbers("start_day", table["start_day"]) if "start_day" in table.columns else [0.0] * table.height
    persons = table.with_columns(
        pl.col("subject").cast(pl.String),
        pl.Series("start_day", start, dtype=pl.Float64),
        pl.Series("stop_day", stop, dtype=pl.Float64),
    )
    if persons.height == 0:
        raise InputError("people is empty; give a row for each patient, with or without events.")
    twice = persons.filter(pl.col("subject").is_duplicated())["subject"].unique().sort().to_list()
    if twice:
        raise InputError(f"patients {twice[:10]} have more than one row in people; each may have one.")
    good = (
        pl.col("stop_day").is_finite()
        & (pl.col("start_day") >= 0)
        & (pl.col("stop_day") > pl.col("start_day"))
    )
    wrong = persons.filter(~good.fill_null(value=False))
    if wrong.height:
        row = wrong.row(0, named=True)
        raise InputError(
            f"the follow-up of patient {row['subject']!r} goes from day {row['start_day']:g} to day "
            f"{row['stop_day']:g}; it must be finite, begin at 0 or later and end later. Leave out patients "
            "without follow-up."
        )
    return persons


def _events(table: pl.DataFrame) -> pl.DataFrame:
    """Read the events; a patient has at most one on a day."""
    subject = column_of(table, "events", "subject").cast(pl.String)
    found = pl.DataFrame({"subject": subject, "day": numbers("day", column_of(table, "events", "day"))})
    unknown = found.filter(pl.col("day").is_nan())
    if unknown.height:
        raise InputError(
            f"an event of patient {unknown['subject'][0]!r} has no day; give its day or leave it out."
        )
    twice = found.filter(pl.struct("subject", "day").is_duplicated())
    if twice.height:
        name, day = twice.sort("subject", "day").row(0)
        raise InputError(
            f"patient {name!r} has two events on day {day:g}; count them once, or give different days."
        )
    return found
