"""Samples as users give them: one row of numbers, missing as None or NaN, ties decided on a decimal grid."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError

__all__ = ["as_sample", "steps_of_rows", "steps_per_unit"]

TIE_DIGITS = 12
"""Values are equal when they agree to this many digits of the largest one: float64 holds 15 to 16, and a
subtraction such as 4.3 - 5.1 already loses the last one or two."""
LARGEST_EXPONENT = 22
"""Powers of ten up to this one are exact in float64."""


def as_sample(name: str, given: ArrayLike) -> NDArray[np.float64]:
    """Give one flat float array, missing as NaN; refuse text, tables and infinite values."""
    raw = np.asarray(given)
    text = raw.dtype.kind in "USbMm" or any(isinstance(value, str | bool) for value in raw.flat)
    if text or raw.ndim != 1:
        raise InputError(
            f"{name} must be one row of numbers, with None for a missing one; got {given!r:.80}."
        )
    try:
        values: NDArray[np.float64] = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise InputError(f"{name} holds something that is not a number: {problem}.") from problem
    if np.isinf(values).any():
        place = int(np.flatnonzero(np.isinf(values))[0])
        raise InputError(f"{name}[{place}] is {values[place]}; values must be finite, or None when missing.")
    return values


def steps_per_unit(largest: float) -> float:
    """Give the power of ten that turns values up to `largest` into whole steps of the tie grid."""
    exponent = TIE_DIGITS - math.ceil(math.log10(largest)) if largest > 0 else 0
    return 10.0 ** min(exponent, LARGEST_EXPONENT)


def steps_of_rows(largest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the same for the largest value of each of many data sets."""
    decades = np.ceil(np.log10(np.where(largest > 0, largest, 1.0)))
    exponents = np.minimum(TIE_DIGITS - decades, LARGEST_EXPONENT).astype(np.int64)
    least, most = int(exponents.min()), int(exponents.max())
    powers: NDArray[np.float64] = np.array([10.0**exponent for exponent in range(least, most + 1)])
    found: NDArray[np.float64] = powers[exponents - least]
    return found
