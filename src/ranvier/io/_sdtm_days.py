"""Study days and dates of SDTM, turned into days from the first dose (day 0)."""

from __future__ import annotations

from typing import Literal

import polars as pl

from ranvier.io._sdtm_files import Domain
from ranvier.io._sdtm_rules import finding, once

__all__ = ["day_of", "full_date", "make_clock", "place", "study_day"]

FULL = r"^\d{4}-\d{2}-\d{2}$"
MONTH = r"^\d{4}-\d{2}$"
YEAR = r"^\d{4}$"

Edge = Literal["first", "last"]


def day_of(study_day: pl.Expr) -> pl.Expr:
    """Give whole days from study day 1; there is no study day 0, which gives null."""
    whole = study_day.cast(pl.Int64, strict=False)
    return pl.when(whole > 0).then(whole - 1).when(whole < 0).then(whole)


def study_day(day: pl.Expr) -> pl.Expr:
    """Give the study day of a day counted from 0."""
    return pl.when(day >= 0).then(day + 1).otherwise(day)


def _date_text(text: pl.Expr) -> pl.Expr:
    """Give the date part of an ISO 8601 text; a part after an unknown one is not used."""
    date = text.str.extract(r"^([^T]*)", 1)
    return date.str.extract(r"^(\d{4}(?:-\d{2}(?:-\d{2})?)?)-*(?:-\d{2})?$", 1)


def full_date(text: pl.Expr) -> pl.Expr:
    """Give a date where all of it is known."""
    date = _date_text(text)
    return pl.when(date.str.contains(FULL)).then(date).str.to_date("%Y-%m-%d", strict=False)


def _first_possible(text: pl.Expr) -> pl.Expr:
    date = _date_text(text)
    whole = (
        pl.when(date.str.contains(FULL))
        .then(date)
        .when(date.str.contains(MONTH))
        .then(date + "-01")
        .when(date.str.contains(YEAR))
        .then(date + "-01-01")
    )
    return whole.str.to_date("%Y-%m-%d", strict=False)


def _last_possible(text: pl.Expr) -> pl.Expr:
    date, first = _date_text(text), _first_possible(text)
    return (
        pl.when(date.str.contains(YEAR))
        .then(first.dt.offset_by("11mo").dt.month_end())
        .when(date.str.contains(MONTH))
        .then(first.dt.month_end())
        .otherwise(first)
    )


def make_clock(dm: Domain, given: Domain | None) -> pl.DataFrame:
    """Give for each subject where day 0 lies: the first dose, or for the others the reference or consent.

    `given` is EX, only the rows in which something was given. `offset` is how many days the first dose lies
    after study day 1; `last` is the end of participation.
    """
    who = dm.frame.unique("USUBJID", keep="first", maintain_order=True).select(
        "USUBJID",
        *(
            full_date(dm.text(name)).alias(name)
            for name in ("RFSTDTC", "RFXSTDTC", "RFICDTC", "DMDTC", "DTHDTC", "RFPENDTC")
        ),
    )
    first = pl.DataFrame(schema={"USUBJID": pl.String, "dose_date": pl.Date, "dose_day": pl.Int64})
    if given is not None:
        begun = given.frame.with_columns(
            given.text("EXSTDTC").alias("start"), given.number("EXSTDY").alias("number")
        ).with_columns(full_date(pl.col("start")).alias("date"), day_of(pl.col("number")).alias("day"))
        first = begun.group_by("USUBJID").agg(
            pl.col("date").min().alias("dose_date"), pl.col("day").min().alias("dose_day")
        )
    wide = who.join(first.with_columns(dosed=True), on="USUBJID", how="left")
    treated = pl.col("dosed").fill_null(value=False)
    counted = pl.col("RFSTDTC") + pl.duration(days=pl.col("dose_day"))
    origin = pl.coalesce(
        "dose_date", counted, pl.when(treated).then("RFXSTDTC"), "RFSTDTC", "RFICDTC", "DMDTC"
    )
    wide = wide.with_columns(origin.alias("origin"))
    wide = wide.with_columns(pl.coalesce("RFSTDTC", "origin").alias("reference"))
    between = (pl.col("origin") - pl.col("reference")).dt.total_days()
    return wide.select(
        "USUBJID",
        "origin",
        "reference",
        pl.when(pl.col("RFSTDTC").is_null() & pl.col("dose_day").is_not_null())
        .then("dose_day")
        .otherwise(between)
        .fill_null(0)
        .cast(pl.Int64)
        .alias("offset"),
        pl.min_horizontal("DTHDTC", "RFPENDTC").alias("last"),
    )


def place(
    domain: Domain, clock: pl.DataFrame, *, stem: str, edge: Edge = "first", bounded: bool = True
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Give the rows of a domain with `day` and `flag`, and what was found about their dates.

    `stem` is what stands before DTC and DY, such as AEST. A full date is counted from the subject's origin;
    without one the study day is used; a partial date gives the first day it can be (`edge` first), but the
    first dose where that is possible, or the last day it can be, but the end of participation where that is
    possible. `flag` says what was imputed, as --DTF of ADaM does: D the day, M month and day.
    """
    date, number = f"{stem}DTC", f"{stem}DY"
    text = pl.col("said")
    known = full_date(text)
    low, high = _first_possible(text), _last_possible(text)
    limit = pl.col("origin") if edge == "first" else pl.col("last")
    imputed = low if edge == "first" else high
    if bounded:
        imputed = pl.when(limit.is_between(low, high)).then(limit).otherwise(imputed)
    wide = domain.frame.join(clock, on="USUBJID", how="left", maintain_order="left")
    wide = wide.with_columns(domain.text(date).alias("said"), domain.number(number).alias("counted"))
    wide = wide.with_columns(known.alias("known"), low.alias("low"), imputed.alias("imputed"))
    is_part = pl.col("known").is_null() & pl.col("low").is_not_null()
    wide = wide.with_columns(
        (pl.col("known") - pl.col("origin")).dt.total_days().alias("by_date"),
        (day_of(pl.col("counted")) - pl.col("offset")).alias("by_number"),
        pl.when(is_part).then(pl.col("imputed") - pl.col("origin")).dt.total_days().alias("by_part"),
        (day_of(pl.col("counted")) != (pl.col("known") - pl.col("reference")).dt.total_days()).alias(
            "differs"
        ),
        (text.is_not_null() & pl.col("low").is_null()).alias("unread"),
    )
    is_imputed = pl.col("by_date").is_null() & pl.col("by_number").is_null() & pl.col("by_part").is_not_null()
    only_year = _date_text(text).str.contains(YEAR)
    wide = wide.with_columns(
        pl.coalesce("by_date", "by_number", "by_part").cast(pl.Int64).alias("day"),
        pl.when(is_imputed & only_year).then(pl.lit("M")).when(is_imputed).then(pl.lit("D")).alias("flag"),
    )
    found = _about(domain, wide, date=date, number=number)
    return wide.select(*domain.frame.columns, "day", "flag"), found


def _about(domain: Domain, wide: pl.DataFrame, *, date: str, number: str) -> list[pl.DataFrame]:
    """Name the dates that could not be read, were imputed or contradict the study day; sum up the rest."""
    rows = wide.with_columns(pl.col("USUBJID").alias("subject"))
    shown = {date: pl.col("said"), number: domain.text(number)}
    cases = {
        ("sdtm-not-a-date", date): pl.col("unread"),
        ("sdtm-date-partial", date): pl.col("flag").is_not_null(),
        ("sdtm-study-day-0", number): pl.col("counted") == 0,
        ("sdtm-study-day-differs", number): pl.col("differs"),
    }
    seen = rows.select(failing.any().alias(rule) for (rule, _), failing in cases.items()).row(0, named=True)
    found = [
        finding(rule, rows.filter(failing), file=domain.file, column=column, value=shown[column])
        for (rule, column), failing in cases.items()
        if seen[rule]
    ]
    by_date, by_number = pl.col("by_date").is_not_null(), pl.col("by_number").is_not_null()
    dated, numbered, partial, nothing = rows.select(
        by_date.sum().alias("dated"),
        (~by_date & by_number).sum().alias("numbered"),
        pl.col("flag").is_not_null().sum().alias("partial"),
        pl.col("day").is_null().sum().alias("nothing"),
    ).row(0)
    said = f"{dated} by date, {numbered} by study day, {partial} imputed, {nothing} without a day"
    if domain.height and (domain.has(date) or domain.has(number)):
        found.append(once("sdtm-days", file=domain.file, column=date, value=said))
    return found
