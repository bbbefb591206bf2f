"""Read a matrix of EDSS transitions from a CSV file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice, suggest
from ranvier.io import read_plain
from ranvier.simulate.matrices import COURSES, TransitionMatrix

__all__ = ["read_matrix"]

LONG = ("phenotype", "from", "to", "probability")
ALWAYS = ("phenotype", "from")
Cells = dict[tuple[float, float], float]


def read_matrix(
    path: str | os.PathLike[str],
    *,
    phenotype: str | None = None,
    cycle_days: float | None = None,
    source: str = "",
    contains_rater_error: bool = False,
) -> TransitionMatrix:
    """Give the matrix of EDSS transitions of a CSV or Parquet file.

    Parameters
    ----------
    path : path
        The file. Columns phenotype and from (EDSS), then either one column for each EDSS reached, named by it
        ("0", "1", "1.5", ...), or the columns to and probability with one row for each pair; pairs without a
        row have the chance 0. A column cycle_days (the same in every row) may stand beside them.
    phenotype : {"RRMS", "SPMS", "PPMS", "NMOSD"}, optional
        Which course to read; needed when the file holds several.
    cycle_days : float, optional
        Days of one cycle; needed when the file does not say.
    source : str
        Where the matrix comes from; the name of the file when empty.
    contains_rater_error : bool
        Whether states are what examiners write, so that no error of theirs is added.

    Returns
    -------
    TransitionMatrix
        For `Phenotype.with_matrix` and `null_band_of_matrix`.

    Raises
    ------
    InputError
        When the file cannot be read, a course is unknown, a cell is no number, a chance is missing, below 0
        or above 1, a row does not sum to 1 within 1e-6, a row stands twice, a state is reached that has no
        row, or the cycle is not known or said twice.

    Warns
    -----
    RanvierWarning
        When no entry lets the EDSS fall.

    Notes
    -----
    No published matrix comes with ranvier: none could be read in full. The examples and tests use made-up
    numbers.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import ranvier as rv
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "made-up.csv"
    >>> rows = ["phenotype,from,4,5,6", "SPMS,4,0.8,0.2,0", "SPMS,5,0.1,0.7,0.2", "SPMS,6,0,0.1,0.9"]
    >>> _ = path.write_text(chr(10).join(rows))
    >>> matrix = rv.simulate.read_matrix(path, cycle_days=365.25)
    >>> matrix.states, matrix.probabilities[1]
    ((4.0, 5.0, 6.0), (0.1, 0.7, 0.2))
    """
    frame, file = read_plain(path, what="a CSV file with a transition matrix"), Path(path).name
    _check_columns(frame, file)
    rows, course = _of_course(frame, file, phenotype)
    days = _cycle(rows, file, cycle_days)
    cells = _long(rows, file) if "to" in rows.columns else _wide(rows, file)
    left = sorted({state for state, _ in cells})
    reached = sorted({state for _, state in cells})
    lost = [state for state in reached if state not in left]
    if lost:
        raise InputError(
            f"{file}: patients with {course} can reach EDSS {_list(lost)}, but there is no row from there; "
            "add the missing rows."
        )
    return TransitionMatrix(
        phenotype=course,
        states=tuple(left),
        probabilities=tuple(tuple(cells.get((first, second), 0.0) for second in left) for first in left),
        cycle_days=days,
        source=source or file,
        contains_rater_error=contains_rater_error,
    )


def _list(states: list[float]) -> str:
    return ", ".join(f"{state:g}" for state in states)


def _state(name: str) -> float | None:
    """Give a name as a state; nothing when it is none."""
    try:
        return float(name)
    except ValueError:
        return None


def _check_columns(frame: pl.DataFrame, file: str) -> None:
    long = "to" in frame.columns or "probability" in frame.columns
    wanted = LONG if long else ALWAYS
    for name in wanted:
        if name not in frame.columns:
            close = suggest(name, frame.columns)
            hint = f" Did you mean {close!r} to be it?" if close else ""
            raise InputError(f"{file} has no column {name!r}; it needs {list(wanted)}.{hint}")
    others = [name for name in frame.columns if name not in (*wanted, "row", "cycle_days")]
    wrong = others if long else [name for name in others if _state(name) is None]
    if wrong:
        raise InputError(
            f"{file} has the column {wrong[0]!r}; beside {[*wanted, 'cycle_days']} there may be "
            + ("no other." if long else "only columns named by an EDSS, such as '1.5'.")
        )
    if frame.is_empty():
        raise InputError(f"{file} holds no row; give one for each state.")


def _of_course(frame: pl.DataFrame, file: str, phenotype: str | None) -> tuple[pl.DataFrame, str]:
    """Give the rows of one course, and which it is."""
    courses = frame["phenotype"].cast(pl.String).str.strip_chars()
    for row, name in zip(frame["row"], courses, strict=True):
        require_choice(f"phenotype ({file}, row {row})", name, COURSES)
    held = courses.unique(maintain_order=True).to_list()
    if phenotype is None:
        if len(held) > 1:
            raise InputError(f"{file} holds the courses {held}; say which one with phenotype=.")
        phenotype = held[0]
    require_choice(f"phenotype of {file}", phenotype, held)
    return frame.filter(courses == phenotype), str(phenotype)


def _cycle(rows: pl.DataFrame, file: str, given: float | None) -> float:
    """Give the days of one cycle, from the file or the caller."""
    if "cycle_days" not in rows.columns:
        if given is None:
            raise InputError(f"{file} does not say how long a cycle is; give cycle_days, such as 365.25.")
        return float(given)
    held = {
        _number(row, value, file, "cycle_days") for row, value in rows.select("row", "cycle_days").iter_rows()
    }
    if given is not None:
        held.add(float(given))
    if len(held) > 1:
        raise InputError(f"{file}: cycle_days is {sorted(held)}; a matrix has one length of cycle.")
    return held.pop()


def _number(row: int, value: Any, file: str, column: str) -> float:
    """Give a cell as a number."""
    found = None if value is None else _state(str(value))
    if found is None:
        raise InputError(f"{file}, row {row}, column {column!r}: {value!r} is not a number; write one.")
    return found


def _wide(rows: pl.DataFrame, file: str) -> Cells:
    """Read one row for each state that is left."""
    columns = {name: float(name) for name in rows.columns if _state(name) is not None}
    if len(set(columns.values())) < len(columns):
        raise InputError(f"{file} has two columns for one EDSS among {list(columns)}; keep one.")
    cells: Cells = {}
    for row in rows.iter_rows(named=True):
        state = _number(row["row"], row["from"], file, "from")
        if any(first == state for first, _ in cells):
            raise InputError(f"{file}, row {row['row']}: there is a second row from {state:g}; keep one.")
        for name, reached in columns.items():
            cells[state, reached] = _number(row["row"], row[name], file, name)
    if not columns:
        raise InputError(f"{file} has no column for an EDSS that is reached, such as '1.5'.")
    return cells


def _long(rows: pl.DataFrame, file: str) -> Cells:
    """Read one row for each pair of states."""
    cells: Cells = {}
    for row in rows.iter_rows(named=True):
        pair = tuple(_number(row["row"], row[name], file, name) for name in ("from", "to"))
        first, second = pair
        if (first, second) in cells:
            raise InputError(
                f"{file}, row {row['row']}: there is a second row from {first:g} to {second:g}; keep one."
            )
        cells[first, second] = _number(row["row"], row["probability"], file, "probability")
    return cells
