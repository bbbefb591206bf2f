"""Tables as numbers: any dataframe as polars, and the columns of a linear predictor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, suggest
from ranvier.result import Derivation

__all__ = [
    "EXACT",
    "SEPARATED",
    "Columns",
    "as_frame",
    "complete_rows",
    "need_columns",
    "numbers",
    "refuse_repeats",
    "term_columns",
]

SEPARATED = 1e-6
"""Value of the linear programme of separation above which a direction counts: true ones give 0.001 and more,
as coefficients may move by 1 in units of each column's largest value."""
EXACT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
"""Tolerances of that programme, far below `SEPARATED` even when many rows each use theirs up."""
RANK_TOLERANCE = 1e-9
"""Columns of unit length whose smallest singular value lies below this repeat each other."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """Columns of a linear predictor with their names.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
        One column per name.
    names : tuple of str
        Such as "age_years", "arm cells" or "arm cells:day".
    term : tuple of str
        The term each column belongs to.
    """

    values: Floats
    names: tuple[str, ...]
    term: tuple[str, ...]


def as_frame(given: Any, name: str) -> pl.DataFrame:
    """Give a dataframe, a derivation or a mapping of columns as polars."""
    if isinstance(given, Derivation):
        return given.table
    if isinstance(given, Mapping):
        try:
            return pl.DataFrame({str(key): list(values) for key, values in given.items()}, strict=False)
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{name}: the columns cannot be put side by side: {error}.") from error
    try:
        native: pl.DataFrame = nw.from_native(given, eager_only=True).to_polars()
    except TypeError as error:
        raise InputError(
            f"{name} is a {type(given).__name__}; give a dataframe (polars, pandas or pyarrow) or a "
            "mapping of column names to values."
        ) from error
    return native


def need_columns(frame: pl.DataFrame, name: str, columns: Sequence[str]) -> None:
    """Refuse a table that lacks a column."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        close = suggest(missing[0], frame.columns)
        hint = f" Did you mean {close!r}?" if close else ""
        raise InputError(f"{name} lacks the columns {missing}; it has {frame.columns}.{hint}")


def complete_rows(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, int]:
    """Give the rows without a missing value in some columns, and how many were left out."""
    floats = [column for column in columns if frame.schema[column].is_float()]
    clean = frame.with_columns(pl.col(floats).fill_nan(None)).drop_nulls(list(columns))
    return clean, frame.height - clean.height


def numbers(frame: pl.DataFrame, name: str, column: str) -> Floats:
    """Give one column of numbers without missing values; refuse text and infinite values."""
    values = frame[column]
    if not values.dtype.is_numeric():
        raise InputError(f"column {column!r} of {name} holds {values.dtype}; it must hold numbers.")
    found: Floats = values.cast(pl.Float64).to_numpy().astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(found))
    if bad.size:
        raise InputError(
            f"{name}, row {bad[0] + 1}: {column} is {found[bad[0]]}; it must be a finite number."
        )
    return found


def term_columns(frame: pl.DataFrame, name: str, terms: Sequence[str]) -> Columns:
    """Give the columns of main effects and interactions ("arm:visit"); the first level is the reference.

    Numbers enter as they are. Everything else becomes one column per level but the first, levels sorted, or
    in the order of a polars Enum. An interaction is the product of the columns of its parts.
    """
    parts: list[Floats] = []
    names: list[str] = []
    owners: list[str] = []
    for term in terms:
        block = np.ones((frame.height, 1))
        labels = [""]
        for column in term.split(":"):
            values, levels = _main(frame, name, column)
            block = (block[:, :, None] * values[:, None, :]).reshape(frame.height, -1)
            labels = [":".join(filter(None, (one, two))) for one in labels for two in levels]
        parts.append(block)
        names += labels
        owners += [term] * len(labels)
    values = np.concatenate([np.empty((frame.height, 0)), *parts], axis=1)
    return Columns(values, tuple(names), tuple(owners))


def refuse_repeats(values: Floats, names: Sequence[str]) -> None:
    """Refuse columns of which one is a sum of others."""
    if values.shape[1] == 0:
        return
    length = np.linalg.norm(values, axis=0)
    scaled = values / np.where(length > 0, length, 1.0)
    for last in range(values.shape[1]):
        smallest = np.linalg.svd(scaled[:, : last + 1], compute_uv=False)[-1]
        if length[last] == 0 or values.shape[0] <= last or smallest < RANK_TOLERANCE:
            raise InputError(
                f"the column {names[last]!r} follows from those before it ({list(names[:last])}), so that "
                "no number of its own can be given to it; leave it out, or join levels without patients."
            )


def _main(frame: pl.DataFrame, name: str, column: str) -> tuple[Floats, list[str]]:
    """Give the columns of one variable with their labels."""
    need_columns(frame, name, [column])
    values = frame[column]
    if values.dtype.is_numeric():
        return numbers(frame, name, column)[:, None], [column]
    used = values.unique()
    if isinstance(values.dtype, pl.Enum):
        seen = set(used.cast(pl.String))
        levels = [level for level in values.dtype.categories if level in seen]
    else:
        levels = used.cast(pl.String).sort().to_list()
    text = values.cast(pl.String).to_numpy()
    if len(levels) < 2:
        raise InputError(
            f"column {column!r} of {name} holds one value only ({levels}); a comparison needs two or more."
        )
    return np.stack([text == level for level in levels[1:]], axis=1).astype(np.float64), [
        f"{column} {level}" for level in levels[1:]
    ]
