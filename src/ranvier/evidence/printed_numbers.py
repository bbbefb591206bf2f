"""What a printed number can and cannot be: percentages of n, and intervals that do not fit their value."""

from __future__ import annotations

import math
from decimal import Decimal

from scipy.special import ndtri

from ranvier.errors import InputError, require_choice

__all__ = ["PRINTED_SCALES", "implied_patients", "interval_place", "possible_percent"]

PRINTED_SCALES: dict[str, str] = {
    "percent": "percentages, on the log-odds scale",
    "ratio": "ratios, on the scale of logarithms",
    "difference": "differences and means, as they are",
}
"""Kinds of printed values, and the scale on which an interval is expected to lie evenly around its value."""

IMPLIED_TIMES = 10
"""How many times the patients an interval may need before it is called wrong."""
OFF_CENTRE = 0.25
"""How near to a bound, as a share of the interval on its own scale, a value may lie."""
ROUNDING = 1e-9
"""Slack for the binary form of decimal numbers, far below any printed digit."""


def possible_percent(percent: float, n: int, *, events: int | None = None) -> tuple[bool, int]:
    """Say whether a printed percentage can be that of a whole number of patients.

    Parameters
    ----------
    percent : float
        As printed, 0 to 100; its decimals say how far it was rounded.
    n : int
        Patients, 1 or more.
    events : int, optional
        The count, where it was printed too; any count when None.

    Returns
    -------
    tuple of bool and int
        Whether it is possible, and the nearest count (the given one where there is one).

    Raises
    ------
    InputError
        When the percentage is not within 0 to 100, or n is below 1.

    Notes
    -----
    A count k fits when 100 k/n lies within half of the last printed digit of the percentage. A trailing zero
    is lost in a number, so that 20.0 allows what 20 allows.

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.evidence.possible_percent(25, 10), rv.evidence.possible_percent(33, 27)
    ((False, 2), (True, 9))
    """
    if not 0 <= percent <= 100:
        raise InputError(f"percent is {percent:g}; it must be from 0 to 100.")
    if n < 1:
        raise InputError(f"n is {n}; it must be 1 or more.")
    shown = Decimal(repr(float(percent))).normalize()
    half = 0.5 * 10 ** -max(-int(shown.as_tuple().exponent), 0)
    # The nearest count fits whenever any count does.
    around = (math.floor(percent * n / 100), math.ceil(percent * n / 100))
    nearest = min(around, key=lambda count: (abs(100 * count / n - percent), count))
    count = nearest if events is None else events
    return abs(100 * count / n - percent) <= half + ROUNDING, count


def implied_patients(percent: float, low: float, high: float, *, level: float = 0.95) -> float:
    r"""Give how many patients a printed interval of a percentage would need.

    Parameters
    ----------
    percent, low, high : float
        The percentage and the bounds of its interval, as printed.
    level : float
        Confidence level of the interval.

    Returns
    -------
    float
        Patients; infinite for an interval without length around a percentage that is not 0 or 100.

    Raises
    ------
    InputError
        When the numbers are not within 0 to 100, the bounds are exchanged, or the level is not a share.

    Notes
    -----
    :math:`p(1-p)\,(2z/w)^2` for a share p with an interval of width w: the patients from whom a simple count
    would give an interval as narrow. A pool over studies that differ has a wider one, never a narrower one,
    so that many times the patients of a review point to a mistake. At 0 % and 100 % the formula gives 0.

    Examples
    --------
    >>> import ranvier as rv
    >>> round(rv.evidence.implied_patients(20, 19, 21))
    6146
    """
    if not (0 <= percent <= 100 and 0 <= low <= high <= 100):
        raise InputError(f"{percent:g} with {low:g} to {high:g}: all must be from 0 to 100, low before high.")
    if not 0 < level < 1:
        raise InputError(f"level is {level!r}; it must lie between 0 and 1, both excluded, 0.95 for 95 %.")
    share, width = percent / 100, (high - low) / 100
    spread = share * (1 - share)
    if width == 0:
        return math.inf if spread else 0.0
    return spread * (2 * float(ndtri((1 + level) / 2)) / width) ** 2


def interval_place(value: float, low: float, high: float, *, scale: str) -> float | None:
    """Say where in its interval a printed value lies, on the scale on which intervals are even.

    Parameters
    ----------
    value, low, high : float
        As printed.
    scale : str
        One of `PRINTED_SCALES`.

    Returns
    -------
    float or None
        0 at the lower bound, 0.5 in the middle, 1 at the upper bound, below 0 or above 1 outside; None where
        that cannot be said: an interval without length, or a bound at the end of its scale (0 %, 100 %, a
        ratio of 0).

    Raises
    ------
    InputError
        When the scale is unknown, or a number cannot be on it.

    Notes
    -----
    Rounding moves the place of values with few digits, and an exact interval of few events is not even on any
    scale: only a place far off the middle points to a mistake.

    Examples
    --------
    >>> import ranvier as rv
    >>> round(rv.evidence.interval_place(0.94, 0.58, 1.50, scale="ratio"), 2)
    0.51
    """
    require_choice("scale", scale, PRINTED_SCALES)
    numbers = (value, low, high)
    if low > high or not all(math.isfinite(each) for each in numbers):
        raise InputError(f"{value:g} with {low:g} to {high:g}: give finite numbers, low before high.")
    top = {"percent": 100.0, "ratio": math.inf, "difference": math.inf}[scale]
    if scale != "difference" and not all(0 <= each <= top for each in numbers):
        raise InputError(f"{value:g} with {low:g} to {high:g} cannot be a {scale}; it is at least 0.")
    if low == high:
        return None
    if not low <= value <= high:
        return (value - low) / (high - low)
    if scale != "difference" and not 0 < low <= high < top:
        return None
    at, start, end = (_even(each, scale) for each in numbers)
    return (at - start) / (end - start)


def _even(value: float, scale: str) -> float:
    """Put a value on the scale on which its interval is even."""
    if scale == "percent":
        return math.log(value / (100 - value))
    return math.log(value) if scale == "ratio" else value
