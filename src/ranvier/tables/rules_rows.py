"""Rules that hold for rows of any table: keys, subjects, days within the subject's time in the trial."""

from __future__ import annotations

import polars as pl

from ranvier.tables.rule import Rule
from ranvier.tables.schema import TABLES

__all__ = ["RULES", "out_of_range"]

ALL = tuple(TABLES)
OF_SUBJECT = tuple(name for name in TABLES if name != "subjects")
DAYS = (
    "day",
    "end_day",
    "onset_day",
    "last_attack_day",
    "last_rescue_day",
    "enrolled_day",
    "last_contact_day",
)
CENTURY = 36525
"""Days in 100 years; also below every date of the last decades as a spreadsheet counts it (40000 = 2009)."""
CODES = (-9999, -9998, -999, -998, 999, 9999)
"""Numbers that data sets use for "not known"."""


def out_of_range(column: str) -> pl.Expr:
    """Give the expression that is True where a value is outside the range of its column in the schema.

    Parameters
    ----------
    column : str
        A column that has a range.

    Returns
    -------
    polars.Expr
        Boolean; null where the value is.
    """
    found = next(
        item
        for table in TABLES.values()
        for item in table.columns
        if item.name == column and item.low != item.high
    )
    value = pl.col(column)
    failing = value < found.low if found.low is not None else pl.lit(False)
    return failing | (value > found.high) if found.high is not None else failing


RULES: tuple[Rule, ...] = (
    Rule(
        id="key-missing",
        severity="error",
        message="The row cannot be placed: a cell that names it is empty.",
        allowed="a value in every row",
        advice="Fill the cell, or delete the row if it is a note.",
        tables=ALL,
        columns=("subject", "day", "region", "term"),
        when=lambda column: pl.col(column).is_null(),
    ),
    Rule(
        id="required-missing",
        severity="error",
        message="A cell that every row needs is empty.",
        advice="Fill the cell from the source documents.",
        tables=("subjects", "doses", "adverse_events"),
        columns=("arm", "diagnosis", "treated", "product", "serious"),
        when=lambda column: pl.col(column).is_null(),
    ),
    Rule(
        id="subject-unknown",
        severity="error",
        message="The subject is not in the table of subjects.",
        allowed="a subject of subjects",
        advice=pl.when(pl.col("subject_hint").is_not_null())
        .then(pl.format("Did you mean '{}'?", "subject_hint"))
        .otherwise(pl.lit("Add the subject to subjects, or correct the name.")),
        tables=OF_SUBJECT,
        columns=("subject",),
        when=~pl.col("subject_known"),
    ),
    Rule(
        id="day-implausible",
        severity="query",
        message="The day lies more than 100 years away, or looks like a code for not known.",
        allowed="whole days from the first dose",
        advice="Write dates as year-month-day, not as a spreadsheet's number; leave it empty if not known.",
        tables=ALL,
        columns=DAYS,
        when=lambda column: (pl.col(column).abs() > CENTURY) | pl.col(column).is_in(CODES),
    ),
    Rule(
        id="day-after-last-contact",
        severity="error",
        message="The row lies after the last day on which the patient's state is known.",
        allowed=pl.format("day {} (last contact) or before", "last_contact_day"),
        advice="Correct the day, or last_contact_day in subjects.",
        tables=OF_SUBJECT,
        columns=("day",),
        when=pl.col("day") > pl.col("last_contact_day"),
    ),
    Rule(
        id="end-after-last-contact",
        severity="query",
        message="The end lies after the last day on which the patient's state is known.",
        allowed=pl.format("day {} (last contact) or before", "last_contact_day"),
        advice="Correct the day; leave it empty when it had not ended at last contact.",
        tables=("relapses", "adverse_events"),
        columns=("end_day",),
        when=pl.col("end_day") > pl.col("last_contact_day"),
    ),
    Rule(
        id="day-after-death",
        severity="error",
        message="The row lies after the patient's death.",
        allowed=pl.format("day {} (death) or before", "death_day"),
        advice="Correct the day, or the fatal adverse event.",
        tables=OF_SUBJECT,
        columns=("day",),
        when=pl.col("day") > pl.col("death_day"),
    ),
    Rule(
        id="day-before-enrolment",
        severity="query",
        message="The row lies before enrolment.",
        allowed=pl.format("day {} (enrolment) or later", "enrolled_day"),
        advice="Correct the day, or enrolled_day in subjects; keep it if it is history on purpose.",
        tables=("visits", "doses", "adverse_events"),
        columns=("day",),
        when=pl.col("day") < pl.col("enrolled_day"),
    ),
    Rule(
        id="end-before-start",
        severity="error",
        message="The end lies before the start.",
        allowed=pl.format("day {} (start) or later", "day"),
        advice="Correct the day of start or end; they may be exchanged.",
        tables=("relapses", "adverse_events"),
        columns=("end_day",),
        when=pl.col("end_day") < pl.col("day"),
    ),
)
"""Rules of rows, whatever the table."""
