"""Both exact tails of many small data sets at once, for simulated trials with one-sided tests.

Rows of arrays are data sets. Each function gives the chances of a result at most, and at least, as high as
seen when nothing differs; twice the smaller one, at most 1, is the p value of the function for one data set.
Data sets that share their totals or their pattern of ties share one distribution, which is built once.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.stats import _rank_sums, _tied_scores, _unconditional, signed_rank
from ranvier.stats._conditional import Split
from ranvier.stats._exact_arrays import _steps

__all__ = [
    "Tails",
    "before_after_tails",
    "binomial_tails",
    "boschloo_above",
    "conditional_tails",
    "fisher_tails",
    "mean_tails",
    "poisson_tails",
    "rank_sum_tails",
    "signed_rank_tails",
]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Tails = tuple[Floats, Floats]
"""Chances of a result at most, and at least, as high as seen."""

MOST_STATES = 4_000
"""Ways to draw from half of the groups of equal scores up to which they are counted one by one."""


def binomial_tails(events: ArrayLike, n: ArrayLike, share: float) -> Tails:
    """Give the binomial tails of counts, given a share: the Clopper-Pearson limits invert them."""
    count, size = np.broadcast_arrays(np.asarray(events), np.asarray(n))
    at_most = np.where(count < size, special.bdtr(count, size, share), 1.0)
    at_least = np.where(count > 0, special.bdtrc(count - 1, size, share), 1.0)
    return at_most, at_least


def poisson_tails(events: ArrayLike, years: ArrayLike, rate: float) -> Tails:
    """Give the Poisson tails of events in so many years: the limits of `stats.rate` invert them."""
    count, mean = np.broadcast_arrays(np.asarray(events, dtype=np.float64), rate * np.asarray(years))
    return special.pdtr(count, mean), np.where(count > 0, special.pdtrc(count - 1, mean), 1.0)


def conditional_tails(events: ArrayLike, years: ArrayLike) -> Tails:
    """Give the tails of the events of the first of two groups given their total, as in `stats.rate_ratio`.

    Events and years have the shape (data sets, 2); all years are above 0.
    """
    first, second = np.asarray(events, dtype=np.float64).T
    one, two = np.asarray(years, dtype=np.float64).T
    share, other = one / (one + two), two / (one + two)
    at_least = np.where(first > 0, special.betainc(np.maximum(first, 1), second + 1, share), 1.0)
    at_most = np.where(second > 0, special.betainc(np.maximum(second, 1), first + 1, other), 1.0)
    return at_most, at_least


def fisher_tails(events: ArrayLike, n: tuple[int, int]) -> Tails:
    """Give the hypergeometric tails of the first of two counts, shape (data sets, 2), in arms of n."""
    different, place = np.unique(np.asarray(events).reshape(-1, 2), axis=0, return_inverse=True)
    tails = np.array([Split((one, two), n).tails(0.0, mid=False) for one, two in different.tolist()])
    at_most, at_least = tails.reshape(-1, 2)[place.ravel()].T
    return at_most, at_least


def boschloo_above(events: ArrayLike, n: tuple[int, int]) -> Floats:
    """Give Boschloo's p values of more events in the first arm, of pairs of counts as in `fisher_tails`."""
    different, place = np.unique(np.asarray(events).reshape(-1, 2), axis=0, return_inverse=True)
    p_values: Floats = np.array([_boschloo(one, two, n) for one, two in different.tolist()])
    return p_values[place.ravel()]


@lru_cache(maxsize=200_000)
def _boschloo(one: int, two: int, n: tuple[int, int]) -> float:
    return _unconditional.boschloo_above((one, two), n, _fisher(n))


@lru_cache(maxsize=10_000)
def _fisher(n: tuple[int, int]) -> Floats:
    return _unconditional.one_sided_fisher(n)


def before_after_tails(
    before: ArrayLike, after: ArrayLike, years_before: float, years_after: ArrayLike
) -> Tails:
    """Give the tails of relapses after entry, given each patient's total, as `stats.before_after` has them.

    `before`, `after` and `years_after` (above 0) have the shape (data sets, patients). Without an effect each
    relapse of a patient lies after entry with the share of the patient's time that does; relapses are added
    one by one.
    """
    later, times = np.asarray(after, dtype=np.int64), np.asarray(years_after, dtype=np.float64)
    totals = np.asarray(before, dtype=np.int64) + later
    ends = np.cumsum(totals.sum(axis=1))
    most = int(totals.sum(axis=1).max(initial=0))
    # The shares of all relapses of a data set, one after the other; 0 where there are no more.
    rows = np.repeat(np.arange(len(totals)), totals.sum(axis=1))
    shares = np.zeros((len(totals), most))
    places = np.arange(len(rows)) - np.concatenate([[0], ends[:-1]])[rows]
    shares[rows, places] = np.repeat((times / (years_before + times)).ravel(), totals.ravel())
    chances = np.zeros((len(totals), most + 1))
    chances[:, 0] = 1.0
    for place in range(most):
        share, here = shares[:, place : place + 1], chances[:, : place + 1].copy()
        chances[:, : place + 1] = here * (1 - share)
        chances[:, 1 : place + 2] += here * share
    seen, count = later.sum(axis=1)[:, None], np.arange(most + 1)
    at_most, at_least = np.where(count <= seen, chances, 0), np.where(count >= seen, chances, 0)
    return np.minimum(at_most.sum(axis=1), 1.0), np.minimum(at_least.sum(axis=1), 1.0)


def signed_rank_tails(differences: ArrayLike) -> Tails:
    """Give the tails of the rank sum of positive differences, shape (data sets, pairs); zeros as `paired`."""
    steps = _steps(differences)
    size = np.abs(steps)
    scores = _doubled_ranks(size)
    scores[size == 0] = 0
    above, below = (scores * (steps > 0)).sum(axis=1), (scores * (steps < 0)).sum(axis=1)
    patterns, place = np.unique(np.sort(scores, axis=1), axis=0, return_inverse=True)
    near, less = np.empty(len(steps)), np.empty(len(steps))
    for pattern, rows in zip(patterns, _rows_of(place.ravel(), len(patterns)), strict=True):
        used = pattern[pattern > 0]
        counts, exponent = signed_rank.subset_counts(used, int(used.sum()) // 2)
        table = np.ldexp(np.concatenate([[0.0], np.cumsum(counts)]), exponent)
        sums = np.minimum(above, below)[rows] // max(1, int(np.gcd.reduce(used)))
        near[rows], less[rows] = table[sums + 1], table[sums]
    # The distribution is its own mirror: the far tail is all but the sums below the smaller one.
    low = above <= below
    return np.where(low, near, 1.0 - less), np.where(low, 1.0 - less, near)


def rank_sum_tails(first: ArrayLike, second: ArrayLike) -> Tails:
    """Give the tails of the rank sum of the first group; shapes (data sets, patients of the group)."""
    one = np.asarray(first, dtype=np.float64)
    both = _steps(np.concatenate([one, np.asarray(second, dtype=np.float64)], axis=1))
    return _drawn(_doubled_ranks(both), one.shape[1])


def mean_tails(first: ArrayLike, second: ArrayLike) -> Tails:
    """Give the tails of the mean of the first group among all divisions of the values, whole numbers."""
    one = np.asarray(first)
    both = np.concatenate([one, np.asarray(second)], axis=1)
    if not np.array_equal(both, np.floor(both)):
        raise InputError("a mean of values that are no whole numbers has no exact distribution here.")
    steps: Whole = both.astype(np.int64)
    return _drawn(steps - steps.min(axis=1, keepdims=True), one.shape[1])


def _doubled_ranks(values: Whole) -> Whole:
    """Give twice the mid-rank of each value in its row."""
    scores = np.zeros_like(values)
    for j in range(values.shape[1]):
        here = values[:, j : j + 1]
        scores[:, j] = (values < here).sum(axis=1) + (values <= here).sum(axis=1) + 1
    return scores


def _rows_of(place: NDArray[np.intp], count: int) -> list[NDArray[np.intp]]:
    """Give the rows of each pattern."""
    order = np.argsort(place, kind="stable")
    return np.split(order, np.searchsorted(place[order], np.arange(1, count)))


def _drawn(scores: Whole, chosen: int) -> Tails:
    """Give the tails of the sum of the first scores of each row, drawn without replacement."""
    seen = scores[:, :chosen].sum(axis=1)
    patterns, place = np.unique(np.sort(scores, axis=1), axis=0, return_inverse=True)
    at_most, at_least = np.empty(len(scores)), np.empty(len(scores))
    for pattern, rows in zip(patterns, _rows_of(place.ravel(), len(patterns)), strict=True):
        sums, again = np.unique(seen[rows], return_inverse=True)
        low, high = _tails_of(pattern, chosen, sums)
        at_most[rows], at_least[rows] = low[again], high[again]
    return at_most, at_least


def _tails_of(scores: Whole, chosen: int, sums: Whole) -> Tails:
    """Give the tails of some sums of one pattern of scores, in rising order."""
    starts = np.concatenate([[0], np.flatnonzero(scores[1:] != scores[:-1]) + 1, [scores.size]])
    sizes = starts[1:] - starts[:-1]
    if np.log(sizes + 1.0).sum() <= 2 * math.log(MOST_STATES):
        tails = [_tied_scores.tails(scores[starts[:-1]], sizes, chosen, int(seen)) for seen in sums]
        low, high = np.array(tails).T
        return low, high
    made = _rank_sums.chances(scores, chosen)
    places = (sums - made.start) // made.unit
    return np.cumsum(made.each)[places], np.cumsum(made.each[::-1])[::-1][places]
