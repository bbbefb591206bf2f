"""Arguments that the planning functions share, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.stats._count_paths import LARGEST
from ranvier.stats._inputs import as_count

__all__ = [
    "LARGEST_SIZE",
    "as_distribution",
    "as_error",
    "as_limit",
    "as_number",
    "as_shares",
    "as_sides",
    "as_size",
    "refuse_enormous",
    "round_up",
]

LARGEST_SIZE = 1_000_000
"""Patients in an arm, or events, beyond which a trial is refused."""
CLOSE = 1e-9
"""What rounding leaves above a whole number: 2.2 times 25 is not 55 in float64."""


def as_number(name: str, value: Any, *, low: float, high: float = math.inf, hint: str = "") -> float:
    """Give a number strictly between two others; refuse anything else."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not low < found < high:
        top = "" if math.isinf(high) else f" and below {high:g}"
        allowed = "a finite number" if math.isinf(low) else f"a number above {low:g}{top}"
        raise InputError(f"{name} is {value!r}; it must be {allowed}.{hint}")
    return found


def as_error(name: str, value: Any, *, most: float = 0.5) -> float:
    """Give a chance of error between 0 and one half (or `most`), both excluded."""
    found = as_number(name, value, low=0, high=1, hint=" Write 0.05 for 5 %.")
    if found >= most:
        raise InputError(f"{name} is {found:g}; a chance of error to plan with lies below {most:g}.")
    return found


def as_shares(p0: Any, p1: Any) -> tuple[float, float]:
    """Give the share that is too low and the share of interest, the first below the second."""
    low, high = as_number("p0", p0, low=0, high=1), as_number("p1", p1, low=0, high=1)
    if low >= high:
        raise InputError(
            f"p0 is {low:g} and p1 is {high:g}; p0, the share that is too low, must lie below p1, the "
            "share of "
            "interest. To plan for fewer events, count the patients without one."
        )
    return low, high


def as_sides(sided: Any) -> int:
    """Give the number of sides of a test."""
    if isinstance(sided, bool) or sided not in (1, 2):
        raise InputError(f"sided is {sided!r}; it must be 1 or 2.")
    return int(sided)


def as_limit(most: Any) -> int:
    """Give the largest size to try."""
    found = as_count("most", most)
    if not 2 <= found <= LARGEST:
        raise InputError(f"most is {found}; a size is searched from 2 to {LARGEST} patients.")
    return found


def as_size(name: str, value: Any, *, least: int = 2) -> int:
    """Give a number of patients of at least so many."""
    found = as_count(name, value)
    if found < least:
        raise InputError(f"{name} is {found}; it must be at least {least}.")
    return found


def as_distribution(
    name: str, given: Any, *, what: str = "value"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the possible values, rising, and their chances."""
    if not isinstance(given, Mapping) or len(given) < 2:
        raise InputError(
            f"{name} is {given!r}; give the chance of each possible {what}, at least two of them."
        )
    rows = sorted(
        (as_number(f"a {what}", value, low=-math.inf), as_number("a chance", chance, low=-math.inf))
        for value, chance in given.items()
    )
    values, shares = np.array([value for value, _ in rows]), np.array([share for _, share in rows])
    if (shares < 0).any() or abs(shares.sum() - 1) > 1e-9:
        raise InputError(
            f"the chances of {name} add up to {shares.sum():g}; they must be at least 0 and add up to 1."
        )
    held = shares > 0
    return values[held], shares[held]


def round_up(size: float) -> int:
    """Give the smallest whole size that is not below this one."""
    return math.ceil(size - CLOSE)


def refuse_enormous(size: float, unit: str, why: str) -> None:
    """Refuse a size in an arm that no trial can have."""
    if not size <= LARGEST_SIZE:
        raise InputError(f"more than {LARGEST_SIZE} {unit} would be needed; {why}.")
