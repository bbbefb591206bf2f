"""The sum of scores drawn without replacement when most of them differ, from two halves of the scores."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Halves", "tails"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

Halves = tuple[dict[bytes, Floats], dict[bytes, Floats]]
"""Counts of half the scores, and their running sums, by the scores."""
MOST_KEPT = 4_000
"""Halves that are kept, some 25 kB each for 40 scores; beyond it they are made anew, to bound memory."""


def tails(scores: Whole, chosen: int, seen: int, known: Halves) -> tuple[float, float]:
    """Give the chance of a sum at most, and at least, as large as seen, from both halves of sorted scores.

    Few halves occur in many data sets with few ties. A sum is made of k scores of the lower and the rest of
    the upper half. Counts are whole numbers that float64 must hold (up to 2**53), so that neither tail loses
    digits.
    """
    if len(known[0]) > MOST_KEPT:
        for kept in known:
            kept.clear()
    size, middle = scores.size, scores.size // 2
    base = int(scores[middle])
    lower, upper = _counts_of_half(scores[:middle], known[0]), _sums_of_half(scores[middle:] - base, known)
    least, most = max(0, chosen - size + middle), min(chosen, middle)
    ways = lower[least : most + 1]
    width = upper.shape[1]
    others = chosen - np.arange(least, most + 1)[:, None]
    # Column s + 1 of the upper half counts its sums of at most s above its base; column 0 is empty.
    reach = (seen + 1 - base * others) - np.arange(ways.shape[1])
    total = math.comb(size, chosen)
    at_most = _sum_of_products(ways, upper.take(_within(reach, width) + others * width))
    less = _sum_of_products(ways, upper.take(_within(reach - 1, width) + others * width))
    return at_most / total, (total - less) / total


def _sum_of_products(one: Floats, two: Floats) -> float:
    """Add up products of whole numbers; a dot product would wake the threads of BLAS, which cost more."""
    return float(np.einsum("ij,ij->", one, two))


def _within(columns: Whole, width: int) -> Whole:
    """Give the nearest columns that a table has."""
    inside: Whole = np.minimum(np.maximum(columns, 0), width - 1)
    return inside


def _counts_of_half(scores: Whole, known: dict[bytes, Floats]) -> Floats:
    """Give how many subsets of each size have the sum s.

    Made from the same scores without the last, which many halves share.
    """
    key = scores.tobytes()
    if key in known:
        return known[key]
    if not scores.size:
        counts = np.ones((1, 1))
    else:
        before, last = _counts_of_half(scores[:-1], known), int(scores[-1])
        size, width = before.shape
        counts = np.zeros((size + 1, width + last))
        counts[:-1, :width] = before
        counts[1:, last:] += before
    known[key] = counts
    return counts


def _sums_of_half(scores: Whole, known: Halves) -> Floats:
    """Give in column s + 1 how many subsets of each size have a sum of at most s."""
    key = scores.tobytes()
    if key not in known[1]:
        counts = _counts_of_half(scores, known[0])
        sums = np.zeros((counts.shape[0], counts.shape[1] + 1))
        counts.cumsum(axis=1, out=sums[:, 1:])
        known[1][key] = sums
    return known[1][key]
