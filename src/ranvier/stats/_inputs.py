"""Arguments that several statistics share, checked once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from ranvier.errors import InputError

__all__ = ["as_count", "as_level", "as_two", "as_years", "find_root"]

SMALLEST = 1e-300
"""Absolute tolerance of the root search: so small that only the relative one counts."""
RELATIVE = 8.881784197001252e-16
"""Four float64 spacings, the finest relative tolerance of the root search."""


def as_count(name: str, value: Any) -> int:
    """Give a count as an int; refuse what is not a whole number of at least 0."""
    usable = not isinstance(value, bool | str)
    try:
        count = float(value) if usable else math.nan
    except (TypeError, ValueError):
        count = math.nan
    if not (count >= 0 and count.is_integer()):
        raise InputError(f"{name} is {value!r}; it must be a whole number of at least 0.")
    return int(value)


def as_level(level: Any) -> float:
    """Give a confidence level as a float; refuse what is not strictly between 0 and 1."""
    try:
        share = float(level)
    except (TypeError, ValueError):
        share = math.nan
    if not 0 < share < 1:
        hint = " Write 0.95 for 95 %." if share > 1 else ""
        raise InputError(f"level is {level!r}; it must lie between 0 and 1, both excluded.{hint}")
    return share


def as_two(name: str, values: Any) -> tuple[Any, Any]:
    """Give exactly two values, one of each group."""
    pair = [] if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
    if len(pair) != 2:
        raise InputError(f"{name} is {values!r}; give two values, the first group before the second.")
    return pair[0], pair[1]


def as_years(name: str, value: Any) -> float:
    """Give an observation time as a float; refuse what is not finite and above 0."""
    try:
        years = float(value)
    except (TypeError, ValueError):
        years = math.nan
    if not (math.isfinite(years) and years > 0):
        raise InputError(f"{name} is {value!r}; a rate needs a finite observation time above 0 years.")
    return years


def find_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Give the sign change of a function between two points, to the last digits of float64."""
    from scipy.optimize import brentq

    at_low, at_high = function(low), function(high)
    if at_low == 0 or at_high == 0 or low == high:
        return low if at_low == 0 else high
    return float(brentq(function, low, high, xtol=SMALLEST, rtol=RELATIVE, maxiter=1000))
