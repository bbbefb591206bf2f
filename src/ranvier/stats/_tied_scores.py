"""The sum of scores drawn without replacement when few different scores occur: ties are counted once."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["tails"]

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]
LARGEST_WHOLE = 2**53
"""Whole numbers up to which float64 counts without rounding, so that differences lose nothing."""


def tails(values: Whole, sizes: Whole, chosen: int, seen: int) -> tuple[float, float]:
    """Give the chance of a sum at most, and at least, as large as seen.

    From each group of equal scores only the number drawn matters. The groups are parted in two sets with
    about as many ways; the ways of one set are listed, those of the other are summed up. Ways are whole
    numbers; where float64 cannot hold them exactly no tail is a difference, so that none loses digits.

    Parameters
    ----------
    values, sizes : ndarray of int64
        The different scores, rising, and how often each occurs.
    chosen : int
        How many are drawn.
    seen : int
        Their sum.

    Returns
    -------
    tuple of float
        Lower and upper tail.
    """
    base = int(values[0])
    steps = values - base
    unit = max(1, int(np.gcd.reduce(steps)))
    total = (seen - base * chosen) // unit
    one, two = _parted(list(zip((steps // unit).tolist(), sizes.tolist(), strict=True)))
    listed, summed = (one, two) if _span(one) <= _span(two) else (two, one)
    reach = _span(listed)
    # A way to draw c with the sum s from the listed groups needs chosen - c with a sum of total - s from the
    # others. Rows of the table are numbers drawn; its columns are the sums that can be needed, between one
    # for all below and one for all above.
    width = reach + 3
    keys, ways = _ways(listed, width)
    few = keys < (chosen + 1) * width
    keys, ways = keys[few], ways[few]
    far = max(_span(summed), width) + 1
    rest, others = _ways(summed, far)
    count, sums = np.divmod(rest, far)
    column = np.minimum(np.maximum(sums - (total - reach) + 1, 0), width - 1)
    top = max(chosen, int(count.max())) + 1
    table = np.bincount(count * width + column, weights=others, minlength=top * width).reshape(top, width)
    below = table.cumsum(axis=1).ravel()
    place = chosen * width + 1 + reach - keys
    low, less = _added(ways, below[place]), _added(ways, below[place - 1])
    full = math.comb(int(sizes.sum()), chosen)
    if full <= LARGEST_WHOLE:
        return low / full, (full - less) / full
    above = table[:, ::-1].cumsum(axis=1)[:, ::-1].ravel()
    return low / full, _added(ways, above[place]) / full


def _parted(groups: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Part groups in two sets with about as many ways to draw from each."""
    sets: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    sizes = [1, 1]
    for group in sorted(groups, key=lambda each: -each[1]):
        smaller = int(sizes[1] < sizes[0])
        sets[smaller].append(group)
        sizes[smaller] *= group[1] + 1
    return sets


def _span(groups: list[tuple[int, int]]) -> int:
    """Give the largest sum of a set of groups."""
    return sum(value * size for value, size in groups)


def _ways(groups: list[tuple[int, int]], width: int) -> tuple[Whole, Floats]:
    """List the ways to draw from groups: the number drawn times the width plus the sum, and how many ways."""
    keys, ways = np.zeros(1, dtype=np.int64), np.ones(1)
    for value, size in groups:
        drawn, each = _choices(size)
        keys = np.add.outer(drawn * (width + value), keys).ravel()
        ways = np.multiply.outer(each, ways).ravel()
    return keys, ways


@lru_cache(maxsize=1024)
def _choices(size: int) -> tuple[Whole, Floats]:
    """Give how many may be drawn from a group, and in how many ways."""
    drawn = np.arange(size + 1)
    return drawn, np.rint(special.comb(size, drawn)) if size < 50 else special.comb(size, drawn)


def _added(one: Floats, two: Floats) -> float:
    """Add up products; a dot product would wake the threads of BLAS, which cost more than they save."""
    return float(np.einsum("i,i->", one, two))
