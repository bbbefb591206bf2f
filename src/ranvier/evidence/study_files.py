"""Read a file of studies: one row each, with counts or means, as they stand in papers."""

from __future__ import annotations

import os
from difflib import SequenceMatcher
from pathlib import Path

import polars as pl

from ranvier.errors import InputError
from ranvier.io import read_plain

__all__ = ["STUDY_COLUMNS", "read_studies"]

_WORDS = {
    "study": "name of the study",
    "cell_class": "cell class, one of `CELL_FAMILIES`; aHSCT beside other cells is refused",
    "unit": "what n counts: patients, patient-cycles, eyes, injections",
    "scale": "what was measured, such as EDSS; EDSS brings in a convention for a missing correlation",
    "overlap_group": "studies of the same group share, or may share, patients",
    "design": "one of `ranvier.trial.DESIGNS`",
    "certainty": "certainty of the source, A to D",
    "statement": "words of the source on a count of 0",
    "level": "level of the printed interval, 95; or what it is instead, such as IQR",
}
_NUMBERS = {
    "events": "patients with the event (of a rate: events)",
    "n": "patients",
    "years": "person-years",
    "mean": "mean",
    "sd": "standard deviation",
    "before": "mean before",
    "after": "mean after",
    "sd_before": "standard deviation before",
    "sd_after": "standard deviation after",
    "change": "mean change",
    "sd_change": "standard deviation of the change",
    "correlation": "correlation of the values before and after",
    "effect": "effect on the scale that is pooled, where no measure is named",
    "variance": "its variance, the standard error squared",
    "percent": "printed percentage of events in n",
    "low": "printed lower bound of that percentage",
    "high": "printed upper bound",
    "improved": "patients who improved",
    "stable": "patients who stayed the same",
    "worse": "patients who worsened",
    "n_controls": "patients in control arms of the study",
    "n_registered": "patients in the trial's registration",
    "n_treated": "patients treated",
}
_CONTROL = {
    f"{name}_control": f"the same in the control arm: {_NUMBERS[name]}"
    for name in ("events", "n", "years", "mean", "sd")
}
STUDY_COLUMNS: dict[str, str] = {**_WORDS, **_NUMBERS, **_CONTROL}
"""Columns of a file of studies that are known, and what each holds; others may stand beside them."""
ALIKE = 0.85
"""Likeness of names (0 to 1) from which an unknown column is taken for a misspelt one."""


def read_studies(path: str | os.PathLike[str]) -> pl.DataFrame:
    """Give the studies of a CSV or Parquet file, typed and numbered.

    Parameters
    ----------
    path : path
        The file; its columns are among `STUDY_COLUMNS`, and others may stand beside them.

    Returns
    -------
    polars.DataFrame
        The columns of the file, numbers as numbers, empty cells as null; `row` as a spreadsheet numbers it.

    Raises
    ------
    InputError
        When the file cannot be read or holds no study, a cell that must be a number is none, or a column is
        close to one that is known.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import ranvier as rv
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "studies.csv"
    >>> _ = path.write_text("study,events,n" + chr(10) + "A,2,10" + chr(10) + "B,0,5" + chr(10))
    >>> rv.evidence.read_studies(path).rows()
    [(2, 'A', 2.0, 10.0), (3, 'B', 0.0, 5.0)]
    """
    frame = read_plain(path, what="a CSV or Parquet file of studies")
    name = Path(path).name
    if frame.is_empty():
        raise InputError(f"{name} holds no study; give one row per study.")
    _refuse_misspelt(frame.columns, name)
    return frame.with_columns(
        _as_numbers(frame, column, name) for column in frame.columns if _is_number(column)
    )


def _is_number(column: str) -> bool:
    return column in _NUMBERS or column in _CONTROL


def _as_numbers(frame: pl.DataFrame, column: str, file: str) -> pl.Series:
    """Give a column as numbers; refuse the first cell that is none."""
    given = frame[column]
    if given.dtype.is_numeric():
        return given.cast(pl.Float64)
    cells = given.cast(pl.String).str.strip_chars()
    cells = cells.set(cells == "", None)
    numbers = cells.cast(pl.Float64, strict=False)
    wrong = frame.filter(numbers.is_null() & cells.is_not_null())
    if wrong.height:
        first = wrong.row(0, named=True)
        raise InputError(
            f"{file}, row {first['row']}, column {column!r}: {first[column]!r} is not a number; write digits "
            "with a decimal point, and leave the cell empty when the value is not known."
        )
    return numbers


def _refuse_misspelt(columns: list[str], file: str) -> None:
    """Refuse a column that is close to a known one, so that no check is passed over."""
    for column in columns:
        if column in STUDY_COLUMNS or column == "row":
            continue
        for known, holds in STUDY_COLUMNS.items():
            if known not in columns and SequenceMatcher(None, column, known).ratio() >= ALIKE:
                raise InputError(
                    f"{file}: unknown column {column!r}. Did you mean {known!r} ({holds})? Rename it."
                )
