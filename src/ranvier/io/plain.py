"""Read a table that is no table of a trial: cells as written, rows numbered."""

from __future__ import annotations

import os

import polars as pl

from ranvier.io._files import existing_file, read_cells

__all__ = ["read_plain"]


def read_plain(path: str | os.PathLike[str], *, what: str = "a CSV or Parquet file") -> pl.DataFrame:
    """Give the cells of a CSV or Parquet file as they are written.

    Parameters
    ----------
    path : path
        The file.
    what : str
        What file is wanted, as the end of a sentence.

    Returns
    -------
    polars.DataFrame
        `row`, as a spreadsheet numbers it, and the columns; those of a CSV file as text with their names in
        small letters, empty cells as null.

    Raises
    ------
    InputError
        When there is no such file, it cannot be read, or a row has more or fewer cells than the header.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "studies.csv"
    >>> _ = path.write_text("Study,n" + chr(10) + "A,10" + chr(10))
    >>> read_plain(path).rows()
    [(2, 'A', '10')]
    """
    return read_cells(existing_file(path, what))
