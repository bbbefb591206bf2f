"""What can go wrong while a table is read; these need the cells as they were written."""

from __future__ import annotations

from ranvier.tables.rule import Rule

__all__ = ["READING_RULES"]

READING_RULES: tuple[Rule, ...] = (
    Rule(
        id="column-missing",
        severity="error",
        message="A column that every row needs is missing.",
        allowed="the column must be there",
        advice="Add the column, or rename the one that holds it.",
    ),
    Rule(
        id="column-misspelt",
        severity="error",
        message="The column is not known, but its name is close to one that is missing.",
        allowed="a column of this table",
        advice="Correct the name of the column; until then its values are not used.",
    ),
    Rule(
        id="column-unknown",
        severity="query",
        message="The column is not known, so its values are kept but not used.",
        allowed="a column of this table",
        advice="Rename the column if it holds something of the trial; otherwise leave it.",
    ),
    Rule(
        id="not-a-number",
        severity="error",
        message="The cell is not a number.",
        advice="Write a number with a decimal point; leave the cell empty when the value is not known.",
    ),
    Rule(
        id="not-a-whole-number",
        severity="error",
        message="The cell is not a whole number.",
        advice="Write a whole number; leave the cell empty when the value is not known.",
    ),
    Rule(
        id="not-a-day",
        severity="error",
        message="The cell is not a whole day.",
        advice="Write whole days from the first dose (day 0); leave the cell empty when it is not known.",
    ),
    Rule(
        id="not-a-date",
        severity="error",
        message="The cell is not a date that can be read without guessing.",
        allowed="an ISO date: year-month-day, such as 2016-03-04",
        advice="Write the date as year-month-day; leave the cell empty when it is not known.",
    ),
    Rule(
        id="not-yes-or-no",
        severity="error",
        message="The cell is neither yes nor no.",
        advice="Write yes or no; leave the cell empty when it is not known.",
    ),
    Rule(
        id="not-a-choice",
        severity="error",
        message="The word is not one of those that this column may hold.",
        advice="Use one of the allowed words; leave the cell empty when it is not known.",
    ),
    Rule(
        id="date-partial",
        severity="query",
        message="Only part of the date is known, so the middle of the month or year was used.",
        allowed="a full ISO date: year-month-day",
        advice="Complete the date if the source documents give it.",
    ),
    Rule(
        id="date-without-origin",
        severity="error",
        message="The date cannot be turned into a day, because the subject has no date to count from.",
        allowed="a date of a subject with a first dose, or with enrolled_date",
        advice="Give the date of the first dose, or enrolled_date in subjects if never treated.",
    ),
    Rule(
        id="origin-enrolment",
        severity="query",
        message="The subject has no dose, so days are counted from enrolment.",
        allowed="the date of the first dose",
        advice="Add the first dose if there was one; otherwise nothing needs to be done.",
    ),
    Rule(
        id="file-unknown",
        severity="query",
        message="The file is not a table of the trial and was not read.",
        allowed="subjects, doses, visits, relapses, mri, adverse_events as .csv or .parquet",
        advice="Move it out of the folder if it does not belong there.",
    ),
    Rule(
        id="mask-not-found",
        severity="error",
        message="The lesion mask is not in the folder.",
        allowed="the name of a file below masks/",
        advice="Put the file below masks/, or correct its name; mind upper and lower case.",
    ),
    Rule(
        id="mask-outside-folder",
        severity="error",
        message="The lesion mask lies outside the folder of the trial.",
        allowed="the name of a file below masks/",
        advice="Copy the mask below masks/ and write its name without the way there.",
    ),
)
"""Every rule of reading; `ranvier.tables.parse` and `ranvier.io` apply them."""

BY_ID = {rule.id: rule for rule in READING_RULES}
