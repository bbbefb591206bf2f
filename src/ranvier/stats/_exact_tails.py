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
from ranvier.stats import _rank_sums, _score_halves, _tied_scores, _unconditional, signed_rank
from ranvier.stats._conditional import Split
from ranvier.stats._samples import steps_of_rows

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
LARGEST_WHOLE = 2**53
"""Whole numbers up to which float64 counts without rounding."""
FEW_SUMS = 4
"""Sums of one pattern of scores up to which each is counted by itself, and not all sums at once."""


def binomial_tails(events: ArrayLike, n: ArrayLike, share: ArrayLike) -> Tails:
    """Give the binomial tails of counts, given shares: the Clopper-Pearson limits invert them."""
    count, size, chance = np.broadcast_arrays(np.asarray(events), np.asarray(n), np.asarray(share))
    at_most = np.where(count < size, special.bdtr(count, size, chance), 1.0)
    at_least = np.where(count > 0, special.bdtrc(count - 1, size, chance), 1.0)
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
    base = n[1] + 1  # a pair as one number: sorting numbers is faster than sorting rows
    pairs = np.asarray(events).reshape(-1, 2) @ np.array([base, 1])
    different, place = np.unique(pairs, return_inverse=True)
    tails = [Split(divmod(pair, base), n).tails(0.0, mid=False) for pair in different.tolist()]
    at_most, at_least = np.array(tails).reshape(-1, 2)[place].T
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


def signed_rank_tails(differences: ArrayLike, *, zeros: str = "pratt") -> Tails:
    """Give the tails of the rank sum of positive differences, shape (data sets, pairs); zeros as `paired`."""
    steps = _steps(differences)
    size = np.abs(steps)
    scores = _doubled_ranks(size)
    if zeros != "pratt":  # ranks of the differences that are not 0
        scores -= 2 * (size == 0).sum(axis=1, keepdims=True)
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
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    both = _steps(np.concatenate([one, two], axis=1))
    chosen, size = one.shape[1], both.shape[1]
    sums, tied = _sums_without_ties(both, chosen)
    place = sums - chosen * (chosen + 1) // 2
    at_most, at_least = (table[place] for table in _untied(chosen, size - chosen))
    if tied.any():
        at_most[tied], at_least[tied] = _drawn(_doubled_ranks(both[tied]), chosen)
    return at_most, at_least


@lru_cache(maxsize=64)
def _untied(one: int, two: int) -> Tails:
    """Give the tails of all rank sums without ties, from the smallest sum on."""
    at_most: Floats = np.cumsum(_rank_sums.untied(one, two))
    return at_most, at_most[::-1]


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
    halves: _score_halves.Halves = ({}, {})
    for pattern, rows in zip(patterns, _rows_of(place.ravel(), len(patterns)), strict=True):
        sums, again = np.unique(seen[rows], return_inverse=True)
        low, high = _tails_of(pattern, chosen, sums, halves)
        at_most[rows], at_least[rows] = low[again], high[again]
    return at_most, at_least


def _tails_of(scores: Whole, chosen: int, sums: Whole, halves: _score_halves.Halves) -> Tails:
    """Give the tails of some sums of one pattern of scores, in rising order.

    Where few different scores occur groups of ties are counted, where most differ halves of the scores that
    many patterns share; the whole distribution for many sums of one pattern, and for large groups.
    """
    starts = np.concatenate([[0], np.flatnonzero(scores[1:] != scores[:-1]) + 1, [scores.size]])
    sizes = starts[1:] - starts[:-1]
    if np.log(sizes + 1.0).sum() <= 2 * math.log(MOST_STATES):
        values = scores[starts[:-1]].tobytes()
        tails = [_tied(values, sizes.tobytes(), chosen, int(seen)) for seen in sums]
        low, high = np.array(tails).T
        return low, high
    if len(sums) <= FEW_SUMS and math.comb(scores.size, chosen) <= LARGEST_WHOLE:
        found = [_score_halves.tails(scores, chosen, int(seen), halves) for seen in sums]
        low, high = np.array(found).T
        return low, high
    made = _rank_sums.chances(scores, chosen)
    places = (sums - made.start) // made.unit
    return np.cumsum(made.each)[places], np.cumsum(made.each[::-1])[::-1][places]


@lru_cache(maxsize=100_000)
def _tied(values: bytes, sizes: bytes, chosen: int, seen: int) -> tuple[float, float]:
    """Give the tails of tied scores, kept from block to block: rare events tie in the same few ways."""
    scores, counts = (np.frombuffer(each, dtype=np.int64) for each in (values, sizes))
    return _tied_scores.tails(scores, counts, chosen, seen)


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
