"""The tables of a trial: their columns, types, ranges and units, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from ranvier.errors import InputError, require_choice

__all__ = ["EDSS_STEPS", "FINDING_SCHEMA", "TABLES", "Column", "Table", "empty", "table"]

Kind = Literal["text", "choice", "integer", "number", "day", "flag"]

DTYPES: dict[str, Any] = {
    "text": pl.String,
    "choice": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "day": pl.Int64,
    "flag": pl.Boolean,
}

EDSS_STEPS: tuple[float, ...] = (0.0, *(step / 2 for step in range(2, 21)))
"""The values an EDSS can take: 0, then 1.0 to 10.0 in half steps (0.5 does not exist)."""

FINDING_SCHEMA: dict[str, Any] = {
    "rule": pl.String,
    "severity": pl.String,
    "file": pl.String,
    "row": pl.Int64,
    "subject": pl.String,
    "day": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "message": pl.String,
    "allowed": pl.String,
    "advice": pl.String,
}
"""Columns of every findings table; severity is "error" (stops a report) or "query" (is printed in it).

`row` is the line as a spreadsheet numbers it: the header is row 1, the first data row is 2.
"""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        The name; units are part of it where they are not obvious.
    kind : {"text", "choice", "integer", "number", "day", "flag"}
        Type; a day is whole days from the subject's first dose, a flag is yes or no.
    description : str
        What it holds, with its unit.
    allowed : tuple of str
        The words of a choice.
    low, high : float, optional
        Closed range of a number.
    required : bool
        True when a row without a value is an error.
    """

    name: str
    kind: Kind
    description: str
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = False

    @property
    def dtype(self) -> Any:
        """Give the polars type that the column is held in."""
        return DTYPES[self.kind]

    @property
    def range_text(self) -> str:
        """Say in words what the column may hold."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.allowed)
        if self.kind == "flag":
            return "yes or no"
        noun = {"integer": "a whole number", "day": "a whole number of days", "text": "text"}.get(
            self.kind, "a number"
        )
        if self.low is not None and self.high is not None:
            return f"{noun} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{noun}, {self.low:g} or more"
        return noun


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a trial.

    Parameters
    ----------
    name : str
        Name of the table and of its file.
    key : tuple of str
        Columns that together name one row.
    columns : tuple of Column
        All columns, in order.
    required : bool
        True when a trial cannot be without it.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = False

    def column(self, name: str) -> Column:
        """Give one column by its name.

        Parameters
        ----------
        name : str
            Name of the column.

        Returns
        -------
        Column
            The column.

        Raises
        ------
        InputError
            When the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        require_choice(f"column of {self.name}", name, [column.name for column in self.columns])
        raise InputError(f"{self.name} has no column {name!r}.")  # pragma: no cover - raised above

    @property
    def schema(self) -> dict[str, Any]:
        """Give the polars schema: the columns in order, then `row`."""
        return {column.name: column.dtype for column in self.columns} | {"row": pl.Int64}


def _text(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="text", description=description, required=required)


def _choice(name: str, description: str, *allowed: str, required: bool = False) -> Column:
    return Column(name=name, kind="choice", description=description, allowed=allowed, required=required)


def _day(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="day", description=description, required=required)


def _flag(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="flag", description=description, required=required)


def _whole(name: str, description: str, low: float | None = None, high: float | None = None) -> Column:
    return Column(name=name, kind="integer", description=description, low=low, high=high)


def _number(name: str, description: str, low: float | None = None, high: float | None = None) -> Column:
    return Column(name=name, kind="number", description=description, low=low, high=high)


SUBJECT = _text("subject", "The patient, as the site names them.", required=True)
DAY = _day("day", "Whole days from the subject's first dose (day 0).", required=True)

PRODUCTS = ("msc", "msc_np", "msc_ntf", "nsc", "bm_mnc", "svf", "ahsct", "placebo")
SOURCES = ("bone marrow", "umbilical cord", "adipose", "placenta", "neural")
ROUTES = ("intravenous", "intrathecal", "intracerebroventricular", "intralesional")

SUBJECTS = Table(
    name="subjects",
    key=("subject",),
    required=True,
    columns=(
        SUBJECT,
        _text("arm", "Arm the patient was assigned to; an id of trial.toml.", required=True),
        _choice("sex", "Sex.", "F", "M"),
        _number("age_years", "Age at enrolment, years.", 0, 110),
        _choice("diagnosis", "Diagnosis.", "MS", "NMOSD", "MOGAD", required=True),
        _choice("phenotype", "Course of MS.", "RRMS", "SPMS", "PPMS"),
        _choice("aqp4", "Aquaporin-4 antibody status.", "positive", "negative"),
        _day("onset_day", "Day of the first symptom of the disease (negative)."),
        _day("last_attack_day", "Day of the last attack before the first dose."),
        _day("last_rescue_day", "Day of the last steroid pulse or plasma exchange before the first dose."),
        _day("enrolled_day", "Day of enrolment."),
        _day("last_contact_day", "Last day on which the patient's state is known."),
        _flag("treated", "Whether the patient got at least one dose.", required=True),
        _text("site", "Study site."),
    ),
)

DOSES = Table(
    name="doses",
    key=("subject", "day"),
    columns=(
        SUBJECT,
        DAY,
        _choice("product", "What was given.", *PRODUCTS, required=True),
        _choice("source", "Tissue the cells come from.", *SOURCES),
        _choice("donor", "Whose cells.", "autologous", "allogeneic"),
        _choice("route", "How it was given.", *ROUTES),
        _number("cells", "Cells in this dose.", 0),
        _number("cells_per_kg", "Cells per kg of body weight in this dose.", 0),
        _text("co_intervention", "What else was given (steroids, conditioned medium, ...)."),
    ),
)

VISITS = Table(
    name="visits",
    key=("subject", "day"),
    required=True,
    columns=(
        SUBJECT,
        DAY,
        _text("visit", "Label of the scheduled visit; empty = unscheduled."),
        _text("rater", "Who examined."),
        _whole("visual", "Visual functional system, raw grade.", 0, 6),
        _whole("brainstem", "Brainstem functional system, grade.", 0, 5),
        _whole("pyramidal", "Pyramidal functional system, grade.", 0, 6),
        _whole("cerebellar", "Cerebellar functional system, grade.", 0, 5),
        _whole("sensory", "Sensory functional system, grade.", 0, 6),
        _whole("bowel_bladder", "Bowel and bladder functional system, raw grade.", 0, 6),
        _whole("cerebral", "Cerebral functional system, grade.", 0, 5),
        _whole("ambulation", "Ambulation code, in the coding named in trial.toml.", 0, 16),
        _number("edss", "EDSS that the examiner wrote: 0, or 1.0 to 10.0 in half steps.", 0, 10),
        _number("t25fw_s", "Timed 25-foot walk, seconds.", 0, 600),
        _number("nhpt_dominant_s", "Nine-hole peg test, dominant hand, seconds.", 0, 1000),
        _number("nhpt_nondominant_s", "Nine-hole peg test, other hand, seconds.", 0, 1000),
        _whole("pasat", "PASAT-3, correct answers.", 0, 60),
        _whole("sdmt", "Symbol digit modalities test, correct answers.", 0, 120),
        _number("acuity_right_logmar", "Best corrected acuity, right eye, logMAR.", -0.3, 3.0),
        _number("acuity_left_logmar", "Best corrected acuity, left eye, logMAR.", -0.3, 3.0),
        _number("p100_right_ms", "Visual evoked potential P100 latency, right eye, ms.", 50, 300),
        _number("p100_left_ms", "Visual evoked potential P100 latency, left eye, ms.", 50, 300),
    ),
)

RELAPSES = Table(
    name="relapses",
    key=("subject", "day"),
    columns=(
        SUBJECT,
        DAY,
        _day("end_day", "Day the relapse ended."),
        _choice("severity", "Severity.", "mild", "moderate", "severe"),
        _flag("rescue", "Whether treated with steroids or plasma exchange."),
        _flag("confirmed", "Whether confirmed by an examination."),
    ),
)

MRI = Table(
    name="mri",
    key=("subject", "day", "region"),
    columns=(
        SUBJECT,
        DAY,
        _choice("region", "What was scanned.", "brain", "spinal cord", required=True),
        _whole("t2_count", "T2 lesions, count.", 0),
        _number("t2_volume_mm3", "T2 lesion volume, mm³.", 0),
        _whole("gad_count", "Gadolinium-enhancing lesions, count.", 0),
        _whole("new_t2", "New T2 lesions since the scan before, count.", 0),
        _whole("enlarging_t2", "Enlarging T2 lesions since the scan before, count.", 0),
        _text("mask", "File of the lesion mask, below masks/."),
    ),
)

ADVERSE_EVENTS = Table(
    name="adverse_events",
    key=("subject", "day", "term"),
    columns=(
        SUBJECT,
        DAY,
        _text("term", "The event, as coded.", required=True),
        _day("end_day", "Day the event ended."),
        _text("body_system", "Body system."),
        _whole("grade", "CTCAE grade.", 1, 5),
        _flag("serious", "Whether serious.", required=True),
        _flag("related", "Whether related to the product."),
        _choice(
            "outcome", "Outcome.", "recovered", "recovering", "not recovered", "sequelae", "fatal", "unknown"
        ),
        _flag("procedure_related", "Whether related to the procedure (harvest, puncture)."),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table for table in (SUBJECTS, DOSES, VISITS, RELAPSES, MRI, ADVERSE_EVENTS)
}
"""Every table of a trial, by name."""


def table(name: str) -> Table:
    """Give the definition of one table.

    Parameters
    ----------
    name : str
        Name of the table.

    Returns
    -------
    Table
        Its key and columns.

    Raises
    ------
    InputError
        When there is no such table.

    Examples
    --------
    >>> table("visits").key
    ('subject', 'day')
    """
    require_choice("table", name, list(TABLES))
    return TABLES[name]


def empty(name: str) -> pl.DataFrame:
    """Give one table with all columns and no row.

    Parameters
    ----------
    name : str
        Name of the table.

    Returns
    -------
    polars.DataFrame
        Columns of the table, then `row`.

    Examples
    --------
    >>> empty("relapses").height
    0
    """
    return pl.DataFrame(schema=table(name).schema)
