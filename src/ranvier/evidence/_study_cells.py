"""Studies as users give them: one row each, with counts or means, every value checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, suggest
from ranvier.evidence._measures import PAIRS
from ranvier.evidence.study import CHEMOTHERAPY
from ranvier.result import Derivation

__all__ = [
    "COUNTED",
    "as_frame",
    "column",
    "refuse_mixed_treatments",
    "refuse_mixed_units",
    "refuse_parts_of_counts",
    "study_cells",
    "study_names",
]

Floats = NDArray[np.float64]
Cells = Mapping[str, Floats]

COUNTED = {"shares", "rates", "two shares", "two rates", "pairs"}
"""Kinds of measures made of counts, to which something can be added."""

_TWO_ARMS = {
    "two shares": ("events", "n"),
    "two rates": ("events", "years"),
    "two means": ("mean", "sd", "n"),
}
_NEEDS = {
    "shares": ("events", "n"),
    "rates": ("events", "years"),
    "means": ("mean", "sd", "n"),
    "changes": ("n",),
    "pairs": PAIRS,
    **{kind: (*cells, *(f"{name}_control" for name in cells)) for kind, cells in _TWO_ARMS.items()},
}
_CHANGE_COLUMNS = ("before", "after", "sd_before", "sd_after", "change", "sd_change", "correlation")
_UNIT_COLUMNS = ("unit", "denominator_unit")
"""Columns that say among what events were counted, as the registry names them."""
_WORDS = {
    **dict.fromkeys(("events", *PAIRS), "a number of at least 0"),
    "n": "a whole number of at least 1",
    "years": "a number above 0",
    "sd": "a number above 0",
    "correlation": "a number between -1 and 1",
}


def as_frame(data: Any) -> pl.DataFrame:
    """Give the studies as polars."""
    try:
        if isinstance(data, dict):
            frame = pl.DataFrame(data, strict=False)
        else:
            given = data.table if isinstance(data, Derivation) else data
            frame = nw.from_native(given, eager_only=True).to_polars()
    except (TypeError, ValueError, pl.exceptions.PolarsError) as problem:
        raise InputError(
            f"data is no table of studies: {problem}. Give a dataframe, or columns of equal length."
        ) from problem
    if not frame.height:
        raise InputError("data holds no study; give one row per study.")
    return frame


def study_names(frame: pl.DataFrame) -> list[str]:
    """Give the names of the studies, "study 1" and so on where there is none."""
    if "study" not in frame.columns:
        return [f"study {row}" for row in range(1, frame.height + 1)]
    named = frame["study"].cast(pl.String).to_list()
    return [name if name is not None else f"study {row}" for row, name in enumerate(named, start=1)]


def column(frame: pl.DataFrame, name: str) -> Floats:
    """Give a column as numbers, missing as NaN; all missing when there is no such column."""
    if name not in frame.columns:
        return np.full(frame.height, np.nan)
    given = frame[name]
    if not (given.dtype.is_numeric() or given.dtype == pl.Null):
        raise InputError(f"column {name!r} is {given.dtype}; it must hold numbers, null where missing.")
    values: Floats = given.cast(pl.Float64).to_numpy().astype(np.float64)
    return values


def study_cells(frame: pl.DataFrame, kind: str) -> dict[str, Floats]:
    """Give the columns that a kind of measure needs, each checked."""
    missing = [name for name in _NEEDS[kind] if name not in frame.columns]
    if missing:
        near = {name: suggest(name, frame.columns) for name in missing}
        hints = "".join(f" Is {word!r} the column {name!r}?" for name, word in near.items() if word)
        raise InputError(
            f"data lacks the columns {missing}; this measure needs {list(_NEEDS[kind])}, one row per "
            f"study.{hints}"
        )
    wanted = (*_NEEDS[kind], *_CHANGE_COLUMNS) if kind == "changes" else _NEEDS[kind]
    cells = {name: column(frame, name) for name in wanted}
    names = study_names(frame)
    for name, values in cells.items():
        _refuse(name, values, names)
    if kind.endswith("shares") or kind == "pairs":
        refuse_parts_of_counts(cells, names)
    for arm in ("", "_control"):
        events, n = cells.get(f"events{arm}"), cells.get(f"n{arm}")
        if events is not None and n is not None and (events > n).any():
            row = int(np.flatnonzero(events > n)[0])
            raise InputError(
                f"study {names[row]!r} has {events[row]:g} patients with the event among {n[row]:g} in "
                f"{f'events{arm}'!r} and {f'n{arm}'!r}; count patients, not events, or use a rate."
            )
    return cells


def refuse_mixed_treatments(frame: pl.DataFrame) -> None:
    """Refuse aHSCT together with other cells: it is chemotherapy, and another treatment."""
    if "cell_class" not in frame.columns:
        return
    classes = frame["cell_class"].cast(pl.String).unique().to_list()
    chemotherapy = [name for name in classes if name and name.casefold() == CHEMOTHERAPY.casefold()]
    if chemotherapy and len(chemotherapy) < len(classes):
        others = sorted(str(name) for name in classes if name not in chemotherapy)
        raise InputError(
            f"column 'cell_class' holds {chemotherapy[0]!r} and {others}; aHSCT is chemotherapy and is never "
            "pooled with other cells. Give the two groups one after the other."
        )


def refuse_mixed_units(frame: pl.DataFrame, measure: str) -> None:
    """Refuse events counted among different things: patients, cycles, injections or patient-years."""
    for name in _UNIT_COLUMNS:
        if name not in frame.columns:
            continue
        units = sorted({unit.strip() for unit in frame[name].cast(pl.String).drop_nulls().to_list()})
        if len(units) > 1:
            raise InputError(
                f"column {name!r} holds {units}; events among different things cannot be pooled "
                "together. Pool "
                "the studies of each unit apart."
            )
        years = any("year" in unit.casefold() for unit in units)
        if units and years != measure.startswith("rate"):
            needed = "patient-years, such as a rate" if years else "patients, such as a proportion"
            raise InputError(
                f"column {name!r} holds {units[0]!r}, which does not fit {measure!r}; use a measure "
                f"of {needed}."
            )


def refuse_parts_of_counts(cells: Cells, names: Sequence[str], what: str = "patients") -> None:
    """Refuse a count that is not whole, as a percentage written for a count gives it."""
    for name in ("events", "events_control", *PAIRS):
        values = cells.get(name, np.zeros(0))
        parts = np.flatnonzero(~np.isnan(values) & (values != np.round(values)))
        if len(parts):
            row = int(parts[0])
            raise InputError(
                f"column {name!r} of study {names[row]!r} is {values[row]:g}; it must be a whole number of "
                f"{what}. Work it out from the percentage or rate and from what it was taken of."
            )


def _refuse(name: str, values: Floats, names: Sequence[str]) -> None:
    """Refuse what a column cannot hold; a missing value is no mistake."""
    kind = name.removesuffix("_control")
    with np.errstate(invalid="ignore"):
        if kind in {"events", *PAIRS}:
            wrong = (values < 0) | np.isinf(values)
        elif kind == "n":
            wrong = (values < 1) | np.isinf(values) | (values != np.round(values))
        elif kind == "correlation":
            wrong = np.abs(values) > 1
        elif kind == "years" or kind.startswith("sd"):
            kind = "sd" if kind != "years" else kind
            wrong = (values <= 0) | np.isinf(values)
        else:
            wrong = np.isinf(values)
    wrong &= ~np.isnan(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        allowed = _WORDS.get(kind, "a finite number")
        raise InputError(f"column {name!r} of study {names[row]!r} is {values[row]:g}; it must be {allowed}.")
