"""What the SDTM datasets of a trial have in common: names, dates, numbers and supplemental qualifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ranvier.io._sdtm_days import full_date, study_day
from ranvier.trial import Protocol, Trial

__all__ = [
    "Dataset",
    "as_written",
    "dated",
    "given",
    "number",
    "planned_visits",
    "sequence",
    "shown",
    "split",
    "times",
    "yes_no",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """One SDTM dataset: `row` is the row of the table that it was made from, and is not written."""

    name: str
    table: str
    frame: pl.DataFrame


def planned_visits(protocol: Protocol) -> pl.DataFrame:
    """Give the planned visits with a number, in the order of their days."""
    schedule = protocol.schedule.with_row_index("VISITNUM", offset=1)
    return schedule.with_columns(pl.col("VISITNUM").cast(pl.Float64))


def number(value: pl.Expr) -> pl.Expr:
    """Give a value as SDTM numbers are held."""
    return value.cast(pl.Float64)


def given(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Give a further column as text; null where the table does not have it."""
    return pl.col(name).cast(pl.String) if name in frame.columns else pl.lit(None, dtype=pl.String)


def _origins(trial: Trial) -> pl.DataFrame:
    """Give the date of day 0 of each subject, where the trial knows dates."""
    subjects, doses = trial.subjects, trial.doses
    known = subjects.select("subject", given(subjects, "day0_date").str.to_date(strict=False).alias("origin"))
    if "day0_date" not in subjects.columns and "date" in doses.columns:
        first = doses.group_by("subject").agg(full_date(pl.col("date")).min().alias("origin"))
        known = subjects.select("subject").join(first, on="subject", how="left")
    return known.drop_nulls("subject").unique("subject", keep="first", maintain_order=True)


def dated(frame: pl.DataFrame, trial: Trial) -> pl.DataFrame:
    """Give the rows with `origin`, the date of day 0; null where the day comes from a partial date."""
    wide = frame.join(_origins(trial), on="subject", how="left", maintain_order="left")
    if "date" not in frame.columns:
        return wide
    return wide.with_columns(pl.when(full_date(pl.col("date")).is_not_null()).then("origin").alias("origin"))


def as_written(frame: pl.DataFrame, given_name: str, date: str, flag: str) -> tuple[pl.Expr | None, pl.Expr]:
    """Give a date as the source wrote it and what was imputed; `date` is its name in a trial folder."""
    if given_name in frame.columns:
        return pl.col(given_name), given(frame, flag)
    if date not in frame.columns:
        return None, pl.lit(None, dtype=pl.String)
    partial = pl.col(date).is_not_null() & full_date(pl.col(date)).is_null()
    return pl.col(date), pl.when(partial).then(pl.lit("D"))


def _date_of(day: str) -> pl.Expr:
    """Give the date of a day, where day 0 has one."""
    return (pl.col("origin") + pl.duration(days=pl.col(day))).cast(pl.String)


def times(
    stem: str, day: str, *, as_given: pl.Expr | None = None, flag: pl.Expr | None = None
) -> list[pl.Expr]:
    """Give date and study day; a date as given stays when it says the same day, or when it is partial.

    SDTM holds no imputed day, so a row with a flag has no study day.
    """
    text, imputed = _date_of(day), pl.lit(value=False)
    if flag is not None:
        imputed = flag.is_not_null()
    if as_given is not None:
        same = imputed | (full_date(as_given) == pl.col("origin") + pl.duration(days=pl.col(day)))
        text = pl.when(same | as_given.is_null()).then(as_given).otherwise(text)
    return [
        text.alias(f"{stem}DTC"),
        pl.when(~imputed).then(number(study_day(pl.col(day)))).alias(f"{stem}DY"),
    ]


def sequence(by: str = "USUBJID") -> pl.Expr:
    """Give the number of each row within its subject, from 1."""
    return pl.int_range(1, pl.len() + 1).over(by).cast(pl.Float64)


def shown(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Give a column as text; whole numbers without decimals."""
    text = pl.col(name).cast(pl.String)
    return text.str.replace(r"\.0$", "") if frame.schema[name].is_float() else text


def yes_no(value: pl.Expr) -> pl.Expr:
    """Give Y or N."""
    return pl.when(value).then(pl.lit("Y")).when(~value).then(pl.lit("N"))


def _supplement(parent: Dataset, qualifiers: Mapping[str, str], *, by: str | None) -> Dataset:
    """Give the SUPP-- of a dataset from columns of it; absent values have no row."""
    parts = []
    for name, label in qualifiers.items():
        place = shown(parent.frame, by) if by else pl.lit(None, dtype=pl.String)
        part = parent.frame.filter(pl.col(name).is_not_null()).select(
            pl.lit(parent.name).alias("RDOMAIN"),
            "USUBJID",
            pl.lit(by, dtype=pl.String).alias("IDVAR"),
            place.alias("IDVARVAL"),
            pl.lit(name).alias("QNAM"),
            pl.lit(label).alias("QLABEL"),
            shown(parent.frame, name).alias("QVAL"),
            pl.lit("CRF").alias("QORIG"),
            "row",
        )
        parts.append(part)
    return Dataset(name=f"SUPP{parent.name}", table=parent.table, frame=pl.concat(parts))


def split(
    name: str, table: str, frame: pl.DataFrame, qualifiers: Mapping[str, str], *, by: str | None
) -> list[Dataset]:
    whole = Dataset(name=name, table=table, frame=frame)
    more = _supplement(whole, qualifiers, by=by)
    return [Dataset(name=name, table=table, frame=frame.drop(*qualifiers)), more]
