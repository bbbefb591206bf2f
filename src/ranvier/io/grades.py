"""Read a file of functional-system grades, and write a table of results."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from ranvier.errors import InputError
from ranvier.io._files import existing_file, read_cells, refuse_errors
from ranvier.tables import parse

__all__ = ["read_grades", "write_table"]


def read_grades(path: str | os.PathLike[str]) -> pl.DataFrame:
    """Give the visits of a CSV or Parquet file of grades, typed and numbered.

    Parameters
    ----------
    path : path
        The file, with the columns of visits; subject and day may be left out.

    Returns
    -------
    polars.DataFrame
        The columns of the table visits and `row`; without a subject each row is its own.

    Raises
    ------
    InputError
        When the file cannot be read, a column of grades is missing or misspelt, or a cell is not a grade.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "grades.csv"
    >>> systems = "visual,brainstem,pyramidal,cerebellar,sensory,bowel_bladder,cerebral,ambulation"
    >>> _ = path.write_text(systems + chr(10) + "1,0,3,2,2,1,0,1" + chr(10))
    >>> read_grades(path).select("subject", "pyramidal", "row").row(0)
    ('row 2', 3, 2)
    """
    file = existing_file(path, "a CSV or Parquet file of grades")
    raw = read_cells(file)
    if "subject" not in raw.columns:
        raw = raw.with_columns(pl.format("row {}", "row").alias("subject"))
    names = [name.strip().casefold() for name in raw.columns]
    if "date" in names and "day" not in names:
        raise InputError(
            f"{file.name}: scoring knows no dates. Write whole days in a column 'day', or leave the column "
            "'date' out; `ranvier check` and `ranvier report` turn the dates of a trial folder into days."
        )
    if "day" not in names:
        raw = raw.with_columns(pl.lit("0").alias("day"))
    visits, findings = parse("visits", raw, file=file.name)
    refuse_errors(findings, file.name)
    _require_grades(raw, file.name)
    return visits


def _require_grades(raw: pl.DataFrame, file: str) -> None:
    """Refuse a file without a single column of grades: scoring it would only echo the examiner."""
    needed = [
        "visual",
        "brainstem",
        "pyramidal",
        "cerebellar",
        "sensory",
        "bowel_bladder",
        "cerebral",
        "ambulation",
    ]
    given = [name.strip().casefold() for name in raw.columns]
    missing = [name for name in needed if name not in given]
    if missing:
        raise InputError(
            f"{file}: the columns {missing} are missing; add them, with empty cells where a grade is not "
            "known."
        )


def write_table(frame: pl.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table as CSV, whole or not at all.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    path : path
        A file ending in .csv in a folder that exists.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        When the ending is another or the folder does not exist.
    """
    target = Path(path)
    if target.suffix != ".csv":
        raise InputError(f"a table cannot be written as {target.name!r}; use a name that ends in .csv.")
    if not target.absolute().parent.is_dir():
        raise InputError(f"there is no folder {str(target.parent)!r} to write into; make it first.")
    if target.is_dir():
        raise InputError(f"{str(target)!r} is a folder; name a file that ends in .csv.")
    draft = target.with_name(target.name + ".part")
    try:
        frame.write_csv(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target
