"""Read the visits and relapses of a course from single files, by day or by date."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ranvier.errors import InputError, suggest
from ranvier.io._dates import day_columns, days_from_origin, first_dates
from ranvier.io._files import existing_file, read_cells, refuse_errors
from ranvier.tables import parse

__all__ = ["CourseFiles", "read_course"]

FIRST_DOSE = "first_dose_date"
PATIENTS_NAMED = 5
"""How many patients a message names."""

NOTES = {
    "as given": "",
    "first dose": "Dates were turned into days from each patient's first dose, which is day 0.",
    "first visit": (
        "Dates were turned into days from each patient's first visit, which is day 0, because no dates of "
        "first doses were given. It is not known which visits came before treatment, so that a "
        "pre-treatment baseline is not possible."
    ),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class CourseFiles:
    """Visits and relapses by day, and what day 0 is.

    Parameters
    ----------
    visits : polars.DataFrame
        The table visits; where dates were given, the day beside the date.
    relapses : polars.DataFrame or None
        The table relapses; None when no file was given.
    day_zero : {"as given", "first dose", "first visit"}
        What the days are counted from; "as given" when the files hold days.
    """

    visits: pl.DataFrame
    relapses: pl.DataFrame | None
    day_zero: str

    @property
    def note(self) -> str:
        """What a reader must know about day 0; empty when the files hold days."""
        return NOTES[self.day_zero]


def read_course(
    visits: str | os.PathLike[str],
    relapses: str | os.PathLike[str] | None = None,
    *,
    subjects: str | os.PathLike[str] | None = None,
) -> CourseFiles:
    r"""Give the visits and relapses of single CSV or Parquet files, by day or by ISO date.

    Parameters
    ----------
    visits : path
        Columns subject, day or date, and the outcomes.
    relapses : path, optional
        Columns subject, day or date, and end_day or end_date where known.
    subjects : path, optional
        Columns subject and first_dose_date, for files with dates; without it the first visit of each patient
        is day 0.

    Returns
    -------
    CourseFiles
        `visits`, `relapses`, `day_zero` and its `note`.

    Raises
    ------
    InputError
        When a file cannot be read, days and dates are mixed, a date is partial or missing, a patient with
        visits has no first dose in `subjects`, or a relapse belongs to a patient without a visit.

    Notes
    -----
    A trial folder takes the middle of a partial date and says so (`read_trial`). Here a partial date is
    refused: nothing would mark the events that hang on it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "visits.csv"
    >>> _ = path.write_text("subject,date,edss\nP1,2016-03-04,4.0\nP1,2016-06-02,5.0\n")
    >>> found = read_course(path)
    >>> found.visits["day"].to_list(), found.day_zero
    ([0, 90], 'first visit')
    """
    paths = {"visits": existing_file(visits, "a CSV or Parquet file of visits")}
    if relapses is not None:
        paths["relapses"] = existing_file(relapses, "a CSV or Parquet file of relapses")
    files = {name: path.name for name, path in paths.items()}
    raw = {name: _cells(name, path) for name, path in paths.items()}
    if _in_days(raw, files):
        if subjects is not None:
            raise InputError(
                f"{Path(subjects).name} gives dates of first doses, but {' and '.join(files.values())} days; "
                "leave the subjects out, or give dates in a column 'date'."
            )
        day_zero, origin = "as given", None
    elif subjects is not None:
        day_zero, origin = "first dose", _first_doses(existing_file(subjects, "a CSV or Parquet file"))
    else:
        day_zero, origin = "first visit", first_dates(raw["visits"], "date")
    if origin is not None:
        if subjects is not None:
            _require_dosed(raw["visits"], origin, files["visits"], Path(subjects).name)
        raw = {name: _days(name, frame, origin, files[name]) for name, frame in raw.items()}
    typed = {}
    for name, frame in raw.items():
        typed[name], findings = parse(name, frame, file=files[name])
        refuse_errors(findings, files[name])
    if "relapses" in typed:
        _require_visited(typed["relapses"], typed["visits"], files)
    return CourseFiles(visits=typed["visits"], relapses=typed.get("relapses"), day_zero=day_zero)


def _cells(name: str, path: Path) -> pl.DataFrame:
    """Give the cells of a file with a column subject; `parse` says what is wrong with one that has none."""
    frame = _folded(read_cells(path))
    if "subject" not in frame.columns:
        parse(name, frame, file=path.name)
    return frame.with_columns(pl.col("subject").cast(pl.String).str.strip_chars())


def _folded(frame: pl.DataFrame) -> pl.DataFrame:
    """Name columns as CSV files are read: a Parquet file may have capitals."""
    names = [name.strip().casefold() for name in frame.columns]
    unique = len(set(names)) == len(names)  # `parse` refuses two columns of one name
    return frame.rename(dict(zip(frame.columns, names, strict=True))) if unique else frame


def _in_days(raw: dict[str, pl.DataFrame], files: dict[str, str]) -> bool:
    """Tell whether the files hold days; refuse days here and dates there."""
    dates: list[str] = []
    days: list[str] = []
    for name, frame in raw.items():
        for date, day in day_columns(name).items():
            dates += [f"{date!r} in {files[name]}"] * (date in frame.columns)
            days += [f"{day!r} in {files[name]}"] * (day in frame.columns)
    if dates and days:
        raise InputError(
            f"days and dates are mixed: {', '.join(days)}, but {', '.join(dates)}. They cannot be counted "
            "from one origin; give dates everywhere, or days everywhere."
        )
    for name, frame in raw.items():
        if dates and "date" not in frame.columns:
            given = [column for column in frame.columns if column != "row"]
            raise InputError(f"{files[name]}: the column 'date' is missing; the columns are {given}.")
    return not dates


def _days(name: str, frame: pl.DataFrame, origin: pl.DataFrame, file: str) -> pl.DataFrame:
    """Give days beside the dates of one table; every row needs a whole date."""
    dated = {date: day for date, day in day_columns(name).items() if date in frame.columns}
    turned, found = days_from_origin(frame, dated, origin, file)
    _refuse_partial(pl.concat(found) if found else None, file)
    undated = turned.filter(pl.col("date").is_null() & pl.col("subject").is_not_null())
    if undated.height:
        row = undated.row(0, named=True)
        raise InputError(
            f"{file}, row {row['row']}: patient {row['subject']!r} has no date there; give the date, or "
            "leave the row out."
        )
    return turned


def _refuse_partial(found: pl.DataFrame | None, file: str) -> None:
    """Refuse cells that are no date, and dates of which only a part is known."""
    if found is None:
        return
    # A relapse of a patient without any visit has no origin either; that is said after reading.
    refuse_errors(found.filter(pl.col("rule") != "date-without-origin"), file)
    partial = found.filter(pl.col("rule") == "date-partial")
    if partial.height:
        first = partial.row(0, named=True)
        raise InputError(
            f"{file}, row {first['row']}, column {first['column']}: {first['value']!r} is only part of a "
            "date, so that no day can be counted; write year-month-day, or leave the row out."
        )


def _first_doses(path: Path) -> pl.DataFrame:
    """Give the date of each patient's first dose as subject and origin."""
    frame = _folded(read_cells(path))
    for needed in ("subject", FIRST_DOSE):
        if needed not in frame.columns:
            given = [name for name in frame.columns if name != "row"]
            close = suggest(needed, given)
            hint = f" Did you mean {close!r}?" if close else ""
            raise InputError(f"{path.name}: the column {needed!r} is missing; the columns are {given}.{hint}")
    none = pl.DataFrame(schema={"subject": pl.String, "origin": pl.Date})
    frame, found = days_from_origin(frame, {FIRST_DOSE: "first_dose_day"}, none, path.name)
    _refuse_partial(pl.concat(found) if found else None, path.name)
    several = (
        frame.group_by("subject")
        .agg(pl.col(FIRST_DOSE).drop_nulls().n_unique())
        .filter(pl.col(FIRST_DOSE) > 1)
    )
    if several.height:
        raise InputError(
            f"{path.name}: {_named(several['subject'])} with more than one {FIRST_DOSE}; keep the first."
        )
    return first_dates(frame, FIRST_DOSE)


def _require_dosed(visits: pl.DataFrame, origin: pl.DataFrame, file: str, subjects: str) -> None:
    """Refuse visits of patients without a first dose: two kinds of day 0 must not be mixed."""
    named = visits.filter(pl.col("subject") != "")
    without = named.join(origin, on="subject", how="anti")["subject"]
    if len(without):
        raise InputError(
            f"{file}: {_named(without)} without a {FIRST_DOSE} in {subjects}; give it, leave their visits "
            "out, or leave the subjects out, so that the first visit of each patient is day 0."
        )


def _require_visited(relapses: pl.DataFrame, visits: pl.DataFrame, files: dict[str, str]) -> None:
    """Refuse relapses of patients without a visit."""
    unknown = relapses.drop_nulls("subject").join(visits, on="subject", how="anti", maintain_order="left")
    if unknown.height:
        raise InputError(
            f"{files['relapses']}, row {unknown['row'][0]}: {_named(unknown['subject'])} without a visit in "
            f"{files['visits']}; correct the name, give the visits, or leave the relapse out."
        )


def _named(subjects: pl.Series) -> str:
    """Name some patients."""
    names = subjects.unique().sort().to_list()
    more = f" and {len(names) - PATIENTS_NAMED} more" if len(names) > PATIENTS_NAMED else ""
    word = "patient" if len(names) == 1 else "patients"
    return f"{word} {', '.join(map(repr, names[:PATIENTS_NAMED]))}{more}"
