"""Read visits and relapses from single files, and write events with their trace and settings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ranvier.errors import InputError
from ranvier.io._files import existing_file, read_cells, refuse_errors
from ranvier.result import json_ready
from ranvier.tables import parse

__all__ = ["read_table", "write_course"]

LIST_MARK = ";"
"""Parts the days of one cell: one day per confirmation window."""


def read_table(path: str | os.PathLike[str], name: str) -> pl.DataFrame:
    """Give one CSV or Parquet file as a table of a trial, typed and numbered.

    Parameters
    ----------
    path : path
        The file, with the columns subject and day at least.
    name : str
        Which table it is, such as "visits" or "relapses".

    Returns
    -------
    polars.DataFrame
        The columns of the table, `row`, and whatever else the file holds.

    Raises
    ------
    InputError
        When the file cannot be read, a column is missing or misspelt, or a cell cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "visits.csv"
    >>> _ = path.write_text("subject,day,edss" + chr(10) + "P1,0,4.0" + chr(10))
    >>> read_table(path, "visits").select("subject", "day", "edss", "row").row(0)
    ('P1', 0, 4.0, 2)
    """
    file = existing_file(path, f"a CSV or Parquet file of {name}")
    rows, findings = parse(name, read_cells(file), file=file.name)
    refuse_errors(findings, file.name)
    return rows


def write_course(
    folder: str | os.PathLike[str], *, events: pl.DataFrame, trace: pl.DataFrame, settings: Mapping[str, Any]
) -> tuple[Path, ...]:
    """Write events.csv, trace.csv and settings.json.

    Parameters
    ----------
    folder : path
        Made when absent; files of these names are replaced.
    events, trace : polars.DataFrame
        From `ranvier.course.events`; a list of days becomes one cell with `;` between the days.
    settings : mapping
        What settings.json holds.

    Returns
    -------
    tuple of pathlib.Path
        The three files.

    Raises
    ------
    InputError
        When the folder is a file.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise InputError(f"{str(target)!r} is a file; name a folder.")
    target.mkdir(parents=True, exist_ok=True)
    content = {
        "events.csv": _flat(events).write_csv(),
        "trace.csv": _flat(trace).write_csv(),
        "settings.json": json.dumps(json_ready(settings), indent=1, ensure_ascii=False) + "\n",
    }
    written = []
    for name, text in content.items():
        draft = target / f"{name}.part"
        draft.write_text(text, encoding="utf-8", newline="\n")
        written.append(draft.replace(target / name))
    return tuple(written)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn lists into text, an empty place for no day."""
    lists = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    return frame.with_columns(
        pl.col(name).list.eval(pl.element().cast(pl.String).fill_null("")).list.join(LIST_MARK)
        for name in lists
    )
