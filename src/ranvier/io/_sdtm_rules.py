"""What reading SDTM can find: each rule is one thing that was assumed, left out or could not be read."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.tables import FINDING_SCHEMA, Rule

__all__ = ["RULES", "finding", "once"]

USED = "Nothing, if it is right; otherwise give trial.toml or the argument that says it."
ALL = (
    Rule(
        id="sdtm-file-not-read",
        severity="query",
        message="The file is not one of the SDTM domains that are read.",
        allowed="DM, EX, AE, CE, DS, MH, SC, SV, RS, QS, FT, OE, NV, MO, TA, TS, TV and their SUPP--",
        advice="Nothing, unless it holds something that the report needs.",
    ),
    Rule(
        id="sdtm-not-ascii",
        severity="query",
        message="The transport file holds text that is not ASCII; it was read as UTF-8 or Windows-1252.",
        allowed="ASCII in a SAS transport file",
        advice="Compare the text with the source, and mend the file that is sent to others.",
    ),
    Rule(
        id="sdtm-assumed",
        severity="query",
        message="SDTM does not say this, so it was assumed.",
        allowed="trial.toml beside the data, or the argument protocol",
        advice=USED,
    ),
    Rule(
        id="sdtm-days",
        severity="query",
        message="How days were counted in this file.",
        allowed="dates, else study days",
        advice="Nothing needs to be done; the numbers say from what the days were made.",
    ),
    Rule(
        id="sdtm-disease-unknown",
        severity="error",
        message="Nothing says that the patients have MS, NMOSD or MOGAD, so no diagnosis is filled in.",
        allowed="MH with the diagnosis, TS with INDIC, or the protocol's disease",
        advice="Give protocol= or trial.toml with the disease; tables of adverse events need no diagnosis.",
    ),
    Rule(
        id="sdtm-screen-failure",
        severity="query",
        message="The subject was screened and not assigned to an arm, so it is not in the tables.",
        allowed="an arm",
        advice="Nothing needs to be done; screen failures are counted apart.",
    ),
    Rule(
        id="sdtm-arm-differs",
        severity="query",
        message="The planned arm (ARM) and the arm of the treatment received (ACTARM) differ.",
        allowed="the same arm",
        advice="Choose the arm of the analysis with arm='planned' or arm='actual'; both columns are kept.",
    ),
    Rule(
        id="sdtm-arm-without-exposure",
        severity="error",
        message="No patient of this arm has a row in EX, so nobody in it counts as treated.",
        allowed="EX with the doses of every arm, placebo included",
        advice="Add the exposure records of this arm; without them its risk cannot be counted.",
    ),
    Rule(
        id="sdtm-no-exposure",
        severity="error",
        message="There is no EX, so nobody is known to be treated.",
        allowed="EX with one row for each dose or interval of doses",
        advice="Add EX; the dates in DM do not say that a dose was given.",
    ),
    Rule(
        id="sdtm-product-unknown",
        severity="error",
        message="The treatment in EXTRT is none of the products that ranvier knows.",
        allowed="a word such as MSC, NSC, SVF, AHSCT or PLACEBO in EXTRT",
        advice="Say what it is with products={'<EXTRT>': 'msc'}.",
    ),
    Rule(
        id="sdtm-route-unknown",
        severity="query",
        message="The route is none of those that ranvier knows, so it is left empty.",
        allowed="intravenous, intrathecal, intracerebroventricular or intralesional",
        advice="Nothing, if the route is another; it stays in the column exroute.",
    ),
    Rule(
        id="sdtm-doses-joined",
        severity="query",
        message="The subject has several rows in EX that begin on this day; they were joined into one dose.",
        allowed="one row for each subject and day",
        advice="Check them; amounts were added where all had one unit.",
    ),
    Rule(
        id="sdtm-not-a-date",
        severity="error",
        message="The date cannot be read.",
        allowed="ISO 8601: year-month-day, year-month or the year, with or without a time",
        advice="Correct the date; until then the study day is used where there is one.",
    ),
    Rule(
        id="sdtm-date-partial",
        severity="query",
        message="Only part of the date is known, so a day was imputed; the text stays beside it.",
        allowed="a full date",
        advice="Complete the date if the source gives it; the rule of imputation is in the documentation.",
    ),
    Rule(
        id="sdtm-study-day-0",
        severity="error",
        message="The study day is 0, which does not exist: day 1 follows day -1.",
        allowed="a whole number but 0",
        advice="Correct the study day or give the date; until then the row has no day.",
    ),
    Rule(
        id="sdtm-study-day-differs",
        severity="query",
        message="Date and study day contradict each other; the date was used.",
        allowed="date less RFSTDTC, plus 1 from RFSTDTC on",
        advice="Correct the date, the study day or RFSTDTC.",
    ),
    Rule(
        id="sdtm-no-day",
        severity="query",
        message="Neither date nor study day is known.",
        allowed="a date or a study day",
        advice="Fill in at least the year; an adverse event without a day is counted, but not its time.",
    ),
    Rule(
        id="sdtm-row-left-out",
        severity="query",
        message="The supplemental qualifier belongs to no row, or stands there twice, so it was left out.",
        allowed="one qualifier of each name for a row of the parent domain",
        advice="Correct IDVAR and IDVARVAL, or keep one of the rows.",
    ),
    Rule(
        id="sdtm-before-first-dose",
        severity="query",
        message="Adverse events began before the first dose; they are kept and counted apart.",
        allowed="day 0 or later for an event under treatment",
        advice="Nothing needs to be done.",
    ),
    Rule(
        id="sdtm-key-twice",
        severity="error",
        message="The sequence number stands twice for this subject.",
        allowed="each sequence number once for each subject",
        advice="Keep one of the rows, or number them anew.",
    ),
    Rule(
        id="sdtm-not-mapped",
        severity="query",
        message="These rows have no place in the tables and were not used.",
        allowed="what docs/sdtm.md lists",
        advice="Nothing, unless the report needs them.",
    ),
    Rule(
        id="sdtm-not-a-value",
        severity="query",
        message="The result is not a value of this test, so the cell stays empty.",
        allowed="a number of the test",
        advice="Nothing, if it was not done or not known; otherwise correct it.",
    ),
    Rule(
        id="sdtm-value-twice",
        severity="error",
        message="There are different results of one test on this day; the first was used.",
        allowed="one result for each subject, day and test (and side)",
        advice="Remove the result that does not count.",
    ),
    Rule(
        id="sdtm-trials-averaged",
        severity="query",
        message="The test was done more than once on this day; the mean was used.",
        allowed="one result, or trials to average",
        advice="Nothing needs to be done: the mean of the trials is how the composite defines the score.",
    ),
    Rule(
        id="sdtm-visits-joined",
        severity="query",
        message="The subject has more than one visit on this day; they were joined into one row.",
        allowed="one row for each subject and day",
        advice="Check that the scheduled visit gave its label.",
    ),
    Rule(
        id="sdtm-word-unknown",
        severity="query",
        message="The word is none of those that are understood, so the cell stays empty.",
        allowed="CDISC terminology",
        advice="Use the submission value of the terminology.",
    ),
)
RULES = {rule.id: rule for rule in ALL}
NOTHING = pl.DataFrame(schema=FINDING_SCHEMA)
"""What most checks of most files find."""


def finding(
    rule: str, rows: pl.DataFrame, *, file: str, column: str | None = None, **said: Any
) -> pl.DataFrame:
    """Give one finding for each row; `value` is an expression or the text of all."""
    if rows.is_empty():
        return NOTHING
    value = said.pop("value", None)
    shown = pl.lit(value) if isinstance(value, str) else value
    return RULES[rule].findings(rows, file=file, column=column, value=shown, **said)


def once(rule: str, *, file: str, column: str | None = None, value: str | None = None) -> pl.DataFrame:
    """Give one finding about a whole file."""
    return finding(rule, pl.DataFrame({"row": [None]}), file=file, column=column, value=value)
