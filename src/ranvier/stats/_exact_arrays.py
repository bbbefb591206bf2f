"""Exact p values of many small data sets at once, for simulated trials.

Rows of arrays are data sets. Every p value is twice the smaller tail, at most 1. Data sets that share their
totals or their pattern of ties share one distribution, which is built once.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.stats import _rank_sums, signed_rank
from ranvier.stats._conditional import Split
from ranvier.stats._samples import steps_of_rows

__all__ = ["binomial_p", "crossover_p", "fisher_p", "rank_sum_p", "signed_rank_p"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

Halves = tuple[dict[bytes, Floats], dict[bytes, Floats]]
"""Counts of half the scores, and their running sums, by the scores."""

LARGEST_WHOLE = 2**53
"""Whole numbers up to which float64 counts without rounding."""


def binomial_p(events: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """Give the exact binomial p values of counts against shares, all broadcast together."""
    count, size, chance = np.broadcast_arrays(_counts("events", events), _counts("n", n), np.asarray(share))
    if (count > size).any():
        raise InputError(
            f"events exceeds n in {int((count > size).sum())} data sets; it must be from 0 to n."
        )
    at_most = np.where(count < size, special.bdtr(count, size, chance), 1.0)
    at_least = np.where(count > 0, special.bdtrc(count - 1, size, chance), 1.0)
    doubled: Floats = np.minimum(1.0, 2 * np.minimum(at_most, at_least))
    return doubled


def fisher_p(events: ArrayLike, n: tuple[int, int]) -> Floats:
    """Give Fisher's p values of pairs of counts, shape (data sets, 2), in arms of n patients."""
    counts = _counts("events", events).reshape(-1, 2)
    if (counts > np.asarray(n)).any():
        raise InputError(f"events exceeds n = {n} in some data set; it must be from 0 to n.")
    base = n[1] + 1  # a pair as one number: sorting numbers is faster than sorting rows
    different, place = np.unique(counts @ np.array([base, 1]), return_inverse=True)
    p_values = [
        min(1.0, 2 * min(Split(divmod(pair, base), n).tails(0.0, mid=False))) for pair in different.tolist()
    ]
    return np.array(p_values)[place]


def signed_rank_p(differences: ArrayLike, *, zeros: str = "pratt") -> Floats:
    """Give the signed-rank p values of rows of differences, shape (data sets, pairs), none missing."""
    steps = _steps(differences)
    size = np.abs(steps)
    scores = np.zeros_like(size)
    counted = np.ones(size.shape, dtype=bool) if zeros == "pratt" else size > 0
    for j in range(size.shape[1]):
        smaller = ((size < size[:, j : j + 1]) & counted).sum(axis=1)
        not_larger = ((size <= size[:, j : j + 1]) & counted).sum(axis=1)
        scores[:, j] = smaller + not_larger + 1
    scores[size == 0] = 0
    above, below = (scores * (steps > 0)).sum(axis=1), (scores * (steps < 0)).sum(axis=1)
    patterns, place = np.unique(np.sort(scores, axis=1), axis=0, return_inverse=True)
    return _looked_up(patterns, place.ravel(), np.minimum(above, below), _sign_flips)


def rank_sum_p(first: ArrayLike, second: ArrayLike) -> Floats:
    """Give the rank-sum p values of rows, shapes (data sets, n_first) and (data sets, n_second)."""
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    both = _steps(np.concatenate([one, two], axis=1))
    chosen, size = one.shape[1], both.shape[1]
    sums, tied = _sums_without_ties(both, chosen)
    p_values: Floats = _untied_p(chosen, size - chosen)[sums - chosen * (chosen + 1) // 2]
    if tied.any():
        keys = _tied_keys(both[tied], chosen)
        different, place = np.unique(keys, axis=0, return_inverse=True)
        solve = _by_halves if math.comb(size, chosen) <= LARGEST_WHOLE else _by_sums
        halves: Halves = ({}, {})
        found = [solve(row[:-1], chosen, int(row[-1]), halves) for row in different]
        p_values[tied] = np.array(found)[place.ravel()]
    return p_values


@functools.lru_cache(maxsize=64)
def _untied_p(one: int, two: int) -> Floats:
    """Give the p values of all rank sums without ties, from the smallest sum on."""
    at_most = np.cumsum(_rank_sums.untied(one, two))
    doubled: Floats = np.minimum(1.0, 2 * np.minimum(at_most, at_most[::-1]))
    return doubled


def _sums_without_ties(both: Whole, chosen: int) -> tuple[Whole, NDArray[np.bool_]]:
    """Give each row's sum of ranks in the first group, right where no values tie, and where some do.

    The group is the last binary digit of a value, so that one sort ranks the values and carries the groups.
    """
    rows, size = both.shape
    marked = both << 1
    marked[:, :chosen] |= 1
    marked.sort(axis=1)
    sums = (marked & 1) @ np.arange(1, size + 1)
    flat = marked.ravel().view(np.uint64)
    alike = np.flatnonzero((flat[1:] ^ flat[:-1]) < 2)
    tied = np.zeros(rows, dtype=np.bool_)
    tied[alike[(alike + 1) % size != 0] // size] = True
    return sums, tied


def _tied_keys(both: Whole, chosen: int) -> Whole:
    """Give the sorted scores of each row and, in the last column, their sum in the first group."""
    scores = np.zeros_like(both)
    for j in range(both.shape[1]):
        here = both[:, j : j + 1]
        scores[:, j] = (both < here).sum(axis=1) + (both <= here).sum(axis=1) + 1
    return np.column_stack([np.sort(scores, axis=1), scores[:, :chosen].sum(axis=1)])


def crossover_p(first_sequence: ArrayLike, second_sequence: ArrayLike) -> Floats:
    """Give the p values of the treatments in crossovers of two periods, shapes (data sets, n, 2)."""
    one, two = (np.asarray(given, dtype=np.float64) for given in (first_sequence, second_sequence))
    for values in (one, two):
        if values.ndim != 3 or values.shape[2] != 2:
            raise InputError(f"give arrays of shape (data sets, patients, 2 periods); got {values.shape}.")
    return rank_sum_p(one[:, :, 0] - one[:, :, 1], two[:, :, 0] - two[:, :, 1])


def _looked_up(patterns: Whole, place: NDArray[np.intp], sums: Whole, doubled: Any) -> Floats:
    """Give for each data set the p value of its sum in the distribution of its pattern."""
    order = np.argsort(place, kind="stable")
    edges = np.searchsorted(place[order], np.arange(len(patterns) + 1))
    p_values = np.empty(place.size)
    for k, pattern in enumerate(patterns):
        rows = order[edges[k] : edges[k + 1]]
        table, start, unit = doubled(pattern)
        p_values[rows] = table[(sums[rows] - start) // unit]
    return p_values


def _sign_flips(pattern: Whole) -> tuple[Floats, int, int]:
    """Give twice the chance of a sum at most as large, for sums up to the middle."""
    scores = pattern[pattern > 0]
    counts, exponent = signed_rank.subset_counts(scores, int(scores.sum()) // 2)
    return np.minimum(1.0, 2 * np.ldexp(np.cumsum(counts), exponent)), 0, max(1, int(np.gcd.reduce(scores)))


def _by_halves(scores: Whole, chosen: int, seen: int, known: Halves) -> float:
    """Give the rank-sum p value from the lower and the upper half of the scores.

    Few halves occur in many data sets. A sum is made of k scores of the lower and the rest of the upper half.
    Counts are whole numbers that float64 holds, so neither tail loses digits.
    """
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
    if 2 * at_most <= total:
        return 2 * at_most / total
    less = _sum_of_products(ways, upper.take(_within(reach - 1, width) + others * width))
    return min(1.0, 2 * min(at_most, total - less) / total)


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


def _by_sums(scores: Whole, chosen: int, seen: int, _known: Halves) -> float:
    """Give the rank-sum p value of larger groups, one data set at a time."""
    found = _rank_sums.Sums(scores, chosen, seen)
    return _rank_sums.two_sided(found, mid=False, by_distance=False)


def _counts(name: str, values: ArrayLike) -> Whole:
    """Give whole numbers of at least 0."""
    given = np.asarray(values, dtype=np.float64)
    bad = ~(np.isfinite(given) & (given >= 0) & (given == np.floor(given)))
    if bad.any():
        raise InputError(f"{name} holds {given[bad][0]:g}; it must hold whole numbers of at least 0.")
    return given.astype(np.int64)


def _steps(values: ArrayLike) -> Whole:
    """Put each row on the decimal grid on which its values tie."""
    given = np.asarray(values, dtype=np.float64)
    filled = given.ndim == 2 and given.size > 0
    largest = np.maximum(given.max(axis=1), -given.min(axis=1)) if filled else np.array([math.nan])
    if not np.isfinite(largest).all():
        raise InputError("give rows of finite values, one row for each data set, missing values left out.")
    scaled = given * steps_of_rows(largest)[:, None]
    steps: Whole = np.rint(scaled, out=scaled).astype(np.int64)
    return steps
