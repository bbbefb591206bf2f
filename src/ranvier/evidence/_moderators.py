"""What differs between studies as columns of a regression: numbers as they are, words as groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, suggest

__all__ = ["INTERCEPT", "Moderators", "complete", "encode"]

Floats = NDArray[np.float64]

INTERCEPT = "intercept"
RANK_TOLERANCE = 1e-9
"""What is left of a column of length 1 beside the others, below which it repeats them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moderators:
    """Columns of a regression over studies.

    Parameters
    ----------
    values : ndarray of float64, shape (k, p)
        One column per name.
    names : tuple of str
        Such as "intercept", "dose" or "route[intrathecal]".
    terms : tuple of str
        The moderator that each column belongs to.
    levels : mapping of str to tuple of str
        The groups of each moderator in words, the reference first.
    ranges : mapping of str to tuple of float
        Smallest and largest value of each moderator in numbers.
    """

    values: Floats
    names: tuple[str, ...]
    terms: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    ranges: Mapping[str, tuple[float, float]]

    @property
    def intercept(self) -> bool:
        """Whether there is an intercept."""
        return INTERCEPT in self.terms

    def rows(self, frame: pl.DataFrame) -> Floats:
        """Give the columns at other values of the moderators."""
        wanted = [*self.levels, *self.ranges]
        missing = [name for name in wanted if name not in frame.columns]
        if missing:
            raise InputError(f"the moderators {missing} have no value; give all of {wanted}.")
        columns = []
        for name, term in zip(self.names, self.terms, strict=True):
            if term == INTERCEPT:
                columns.append(np.ones(frame.height))
            elif term in self.ranges:
                columns.append(_numbers(frame[term]))
            else:
                columns.append(self._at_level(frame[term], name))
        return np.stack(columns, axis=1)

    def _at_level(self, given: pl.Series, name: str) -> Floats:
        """Give the column of one level, 1 where the moderator has it."""
        words = _words(given)
        for word in words:
            if word not in self.levels[given.name]:
                near = suggest(str(word), self.levels[given.name])
                hint = f" Did you mean {near!r}?" if near else ""
                raise InputError(
                    f"moderator {given.name!r} is {word!r}; no study has that. Use one of "
                    f"{list(self.levels[given.name])}.{hint}"
                )
        level = name[len(given.name) + 1 : -1]
        return np.array([float(word == level) for word in words])


def complete(frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Say which studies have a value of every moderator."""
    if not frame.width:
        raise InputError("moderators holds no column; give at least one, or use pool.")
    if INTERCEPT in frame.columns:
        raise InputError(
            "moderators has a column 'intercept', which is made here; leave it out or rename it."
        )
    known = np.ones(frame.height, dtype=bool)
    for name in frame.columns:
        series = frame[name]
        if not (series.dtype.is_numeric() or _is_word(series.dtype)):
            raise InputError(
                f"moderator {name!r} is {series.dtype}; it must hold numbers, or words that name groups."
            )
        known &= series.is_not_null().to_numpy()
        if series.dtype.is_float():
            known &= ~series.fill_null(0.0).is_nan().to_numpy()
    return known


def encode(frame: pl.DataFrame, *, intercept: bool) -> Moderators:
    """Give the columns of complete moderators; a group is compared with the first, in alphabetical order.

    The order of a polars Enum is kept, so that the caller can choose the reference.
    """
    names, terms = ([INTERCEPT], [INTERCEPT]) if intercept else ([], [])
    columns = [np.ones(frame.height)] if intercept else []
    levels: dict[str, tuple[str, ...]] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for name in frame.columns:
        series = frame[name]
        if series.dtype.is_numeric():
            values = _numbers(series)
            ranges[name] = (float(values.min()), float(values.max()))
            columns, names, terms = [*columns, values], [*names, name], [*terms, name]
            continue
        words = _words(series)
        found = _levels(series, words)
        # Without an intercept the first group moderator stands for all its groups.
        shown = found[1:] if intercept or levels else found
        levels[name] = found
        columns += [np.array([float(word == level) for word in words]) for level in shown]
        names += [f"{name}[{level}]" for level in shown]
        terms += [name] * len(shown)
    made = Moderators(
        values=np.stack(columns, axis=1),
        names=tuple(names),
        terms=tuple(terms),
        levels=levels,
        ranges=ranges,
    )
    _refuse_repeats(made.values, made.names)
    return made


def _levels(series: pl.Series, words: Sequence[str]) -> tuple[str, ...]:
    """Give the groups that occur, the reference first."""
    order = series.dtype.categories.to_list() if isinstance(series.dtype, pl.Enum) else sorted(set(words))
    found = tuple(level for level in order if level in set(words))
    if len(found) == 1:
        raise InputError(
            f"moderator {series.name!r} is {found[0]!r} in all studies; it cannot explain a difference. "
            "Leave it out."
        )
    return found


def _refuse_repeats(values: Floats, names: tuple[str, ...]) -> None:
    """Refuse a column that follows from the ones before it, and name them."""
    lengths = np.sqrt((values**2).sum(axis=0))
    for place, name in enumerate(names):
        before = values[:, :place] / lengths[:place]
        column = values[:, place] / (lengths[place] or 1.0)
        shares = np.linalg.lstsq(before, column, rcond=None)[0] if place else np.zeros(0)
        if math.sqrt(float(((column - before @ shares) ** 2).sum())) > RANK_TOLERANCE:
            continue
        others = [other for other, share in zip(names, shares, strict=False) if abs(share) > RANK_TOLERANCE]
        if not others:
            raise InputError(f"moderator {name!r} is 0 in all studies; leave it out.")
        if others == [INTERCEPT]:
            same = f"{values[0, place]:g}"
            raise InputError(
                f"moderator {name!r} is {same} in all studies; it cannot explain a difference. Leave it out."
            )
        raise InputError(
            f"moderator {name!r} follows from {others} in these studies (they are collinear), so that their "
            "shares cannot be told apart; leave one of them out."
        )


def _is_word(dtype: pl.DataType) -> bool:
    return dtype in {pl.String, pl.Categorical, pl.Boolean} or isinstance(dtype, pl.Enum)


def _words(series: pl.Series) -> list[str]:
    if series.dtype == pl.Boolean:
        return ["yes" if value else "no" for value in series]
    return [str(value) for value in series]


def _numbers(series: pl.Series) -> Floats:
    if not series.dtype.is_numeric():
        raise InputError(f"moderator {series.name!r} is {series.dtype}; it must hold numbers here.")
    values: Floats = series.cast(pl.Float64).to_numpy().astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InputError(f"moderator {series.name!r} is {values[row]} in row {row}; it must be finite.")
    return values
