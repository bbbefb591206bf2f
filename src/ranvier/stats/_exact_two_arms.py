"""Exact power of two-arm tests of yes-or-no outcomes, and a bound on the power of any test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ranvier.stats._looks import TIE, binomial
from ranvier.stats._unconditional import largest_chance, one_sided_fisher

__all__ = ["best_power", "power_of", "rejects"]

Tables = NDArray[np.bool_]
TIES = 1e-9
"""Fisher's p values of two tables are equal when they agree to this share."""


def rejects(n: tuple[int, int], test: str, tail: float) -> Tables:
    """Give the tables that a one-sided test of more events in the first arm calls a success.

    Parameters
    ----------
    n : tuple of int
        Patients of the arms.
    test : {"fisher", "boschloo"}
        Fisher's test, or the one that orders tables by its p value and keeps the unconditional chance.
    tail : float
        One-sided chance of error.

    Returns
    -------
    ndarray of bool, shape (n[0] + 1, n[1] + 1)
        Tables, events of the first arm in rows.
    """
    p_values = one_sided_fisher(n)
    if test == "fisher":
        significant: Tables = p_values <= tail * (1 + TIE)
        return significant
    # Raise the limit on Fisher's p value while the largest chance over every common share keeps the tail.
    limits = np.unique(p_values[p_values < 1])
    low, high = int(np.searchsorted(limits, tail * (1 + TIE), side="right")) - 1, limits.size - 1
    while low < high:
        middle = (low + high + 1) // 2
        fits = largest_chance(n, p_values <= limits[middle] * (1 + TIES), tail) <= tail * (1 + TIE)
        low, high = (middle, high) if fits else (low, middle - 1)
    if low < 0:
        return np.zeros(p_values.shape, dtype=bool)
    chosen: Tables = p_values <= limits[low] * (1 + TIES)
    return chosen


def power_of(tables: Tables, shares: tuple[float, float]) -> float:
    """Give the chance of a set of tables at two true shares."""
    first, second = (
        binomial(np.arange(size), size - 1, share) for size, share in zip(tables.shape, shares, strict=True)
    )
    return float(first @ tables @ second)


def best_power(n: tuple[int, int], shares: tuple[float, float], tail: float) -> float:
    """Give a power that no test of this size and chance of error can exceed.

    The best test of one common share against the two shares (Neyman and Pearson, with a drawn lot at its
    edge) is at least as powerful as any test that keeps the error at every common share.
    """
    common = (n[0] * shares[0] + n[1] * shares[1]) / sum(n)
    null, other = (
        np.outer(binomial(np.arange(n[0] + 1), n[0], one), binomial(np.arange(n[1] + 1), n[1], two)).ravel()
        for one, two in ((common, common), shares)
    )
    order = np.argsort(null / np.maximum(other, np.finfo(float).tiny), kind="stable")
    spent, gained = null[order].cumsum(), other[order].cumsum()
    return float(np.interp(tail, np.concatenate([[0.0], spent]), np.concatenate([[0.0], gained])))
