"""Numbers of a plan in words: shares of virtual trials, bounds for p values, numbers that were given."""

from __future__ import annotations

import math

from ranvier.result import number

__all__ = ["errors_text", "given_text", "limit_text", "share_text", "span"]

FEW = 3
"""Rule of three: a share that no virtual trial showed may still be 3 of so many trials."""
LEAST = 0.1
"""Percentage below which a share is only said to be less."""
ROUNDING = 1e-9
"""A whole number that is missed by less is meant."""
TINY = 1e-6
"""P values below this are written as a power of ten."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_DIGITS = 6
"""Decimals of a number that was given, at most."""


def given_text(value: float, *, digits: int = 1) -> str:
    """Write a number that somebody chose with all its decimals: none is rounded away.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Decimals that it has at least.

    Returns
    -------
    str
        The number as text.

    Examples
    --------
    >>> given_text(20.0), given_text(-0.25), given_text(100 * 0.35, digits=0)
    ('20.0', '−0.25', '35')
    """
    enough = (
        each
        for each in range(digits, MOST_DIGITS)
        if math.isclose(round(value, each), value, rel_tol=1e-9, abs_tol=1e-12)
    )
    return number(value, digits=next(enough, MOST_DIGITS))


def limit_text(p_value: float) -> str:
    """Write a bound for p values, with four decimals or as many as three digits need.

    Parameters
    ----------
    p_value : float
        The bound, from 0 to 1.

    Returns
    -------
    str
        A number that reads 0 or 1 only where it is.

    Examples
    --------
    >>> limit_text(0.0245), limit_text(0.0015254), limit_text(0.99996), limit_text(5.2e-7)
    ('0.0245', '0.00153', '0.9999600', '5.20 × 10⁻⁷')
    """
    nearest = min(p_value, 1 - p_value)
    if nearest <= 0:
        return f"{p_value:g}"
    if p_value < TINY:
        digits, power = f"{p_value:.2e}".split("e")
        return f"{digits} × 10{str(int(power)).translate(RAISED)}"
    return number(p_value, digits=max(4, 2 - math.floor(math.log10(nearest))))


def share_text(share: float, trials: int | None = None, *, unit: bool = True) -> str:
    """Write a share of virtual trials as far as they tell it.

    Parameters
    ----------
    share : float
        Share of virtual trials.
    trials : int, optional
        How many there were; None for a chance that is known.
    unit : bool
        Whether the percent sign is written.

    Returns
    -------
    str
        A percentage, or a limit where no trial, or every trial, did it, or so few that it would read as none.

    Examples
    --------
    >>> share_text(0.0213, 10_000), share_text(0.0, 10_000), share_text(1.0, 1_000)
    ('2.1 %', 'less than 0.1 %', 'more than 99.7 %')
    >>> share_text(0.0001, 10_000), share_text(0.9999, 10_000)
    ('less than 0.1 %', 'more than 99.9 %')
    """
    said = number(100 * share, digits=1)
    limit = LEAST
    if trials is not None and share in (0, 1):
        limit = max(LEAST, math.ceil(1000 * FEW / trials - ROUNDING) / 10)
    if said == number(0.0, digits=1):
        said = f"less than {number(limit, digits=1)}"
    elif said == number(100.0, digits=1):
        said = f"more than {number(100 - limit, digits=1)}"
    return f"{said} %" if unit else said


def span(shares: list[float], trials: int) -> str:
    """Write the range of a share over little and much noise.

    Parameters
    ----------
    shares : list of float
        Shares of virtual trials.
    trials : int
        How many there were for each.

    Returns
    -------
    str
        Such as "54.9 to 62.0 %"; one value where both are written alike.

    Examples
    --------
    >>> span([0.62, 0.5491], 10_000), span([0.0213, 0.0214], 10_000), span([0.9991, 1.0], 2_000)
    ('54.9 to 62.0 %', '2.1 %', '99.9 % or more')
    >>> span([0.0, 0.0001], 10_000), span([0.9999, 1.0], 10_000)
    ('less than 0.1 %', 'more than 99.9 %')
    """
    low, high = share_text(min(shares), trials), share_text(max(shares), trials)
    if low == high:
        return low
    if max(shares) == 1 > min(shares) > 0:
        return f"{low} or more" if low[0].isdigit() else high
    if min(shares) == 0 < max(shares) < 1:
        return f"{high} or less" if high[0].isdigit() else low
    return f"{share_text(min(shares), trials, unit=False)} to {high}"


def errors_text(errors: list[float]) -> str:
    """Write the largest Monte Carlo error of some shares.

    Parameters
    ----------
    errors : list of float
        Standard errors of shares.

    Returns
    -------
    str
        In percentage points.

    Examples
    --------
    >>> errors_text([0.0014, 0.0049])
    '0.5 percentage points'
    """
    return f"{number(100 * max(errors), digits=1 if max(errors) >= 0.001 else 2)} percentage points"
