"""The exact rank-sum distribution under ties, and the shifts between two groups that it does not reject.

Everything works on whole numbers: values as steps of a decimal grid, ranks doubled so that mid-ranks are
whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sums", "compatible_shifts", "rank_sums", "shift", "two_sided"]

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

EVERY_SHIFT_UP_TO = 400
"""Pairs of patients, one from each group, up to which a tied test is inverted shift by shift."""
SMALL = 50_000
"""Counts up to which all sizes are worked on at once."""
RESCALE_EVERY = 512
"""Scores after which counts are scaled down: 2**512 subsets still fit in float64."""


@dataclass(frozen=True)
class Sums:
    """Doubled mid-ranks of both groups together, and the sum in the first.

    Parameters
    ----------
    scores : ndarray of int64
        Twice the mid-rank of every value, in rising order.
    chosen : int
        Patients of the first group.
    seen : int
        Sum of the scores of the first group.
    """

    scores: Whole
    chosen: int
    seen: int


def rank_sums(first: Whole, second: Whole) -> Sums:
    """Rank both groups together.

    Parameters
    ----------
    first, second : ndarray of int64
        Values in steps.

    Returns
    -------
    Sums
        Scores and sum.
    """
    order = np.sort(np.concatenate([first, second]))
    # Mid-rank = (number smaller + 1 + number not larger) / 2.
    doubled = order.searchsorted(order, "left") + order.searchsorted(order, "right") + 1
    seen = order.searchsorted(first, "left") + order.searchsorted(first, "right") + 1
    return Sums(doubled.astype(np.int64), first.size, int(seen.sum()))


@dataclass(frozen=True)
class Chances:
    """Chances of the sums of scores drawn without replacement, from the smallest sum on.

    Parameters
    ----------
    each : ndarray of float64
        Chance of every sum, up to the largest that was asked for.
    start, unit : int
        The smallest sum and the step from one sum to the next.
    """

    each: Floats
    start: int
    unit: int

    def place(self, total: int) -> int:
        """Give the place of a sum."""
        return (total - self.start) // self.unit


def chances(scores: Whole, chosen: int, largest: int | None = None) -> Chances:
    """Give the chance of every sum of `chosen` scores drawn without replacement.

    Parameters
    ----------
    scores : ndarray of int64
        What is drawn from.
    chosen : int
        How many are drawn.
    largest : int, optional
        Largest sum that is needed.

    Returns
    -------
    Chances
        Of all sums, or of those up to the largest.
    """
    base = int(scores.min())
    unit = max(1, int(np.gcd.reduce(scores - base)))
    steps = np.sort((scores - base) // unit)
    smallest, top = int(steps[:chosen].sum()), int(steps[steps.size - chosen :].sum())
    if largest is not None:
        top = min(top, (largest - base * chosen) // unit)
    counts, exponent = subset_tables(steps.tolist(), chosen, top)
    # Whole numbers divide exactly, however many ways there are.
    each: Floats = counts[chosen, smallest:] * (2**exponent / math.comb(steps.size, chosen))
    return Chances(each, base * chosen + smallest * unit, unit)


def subset_tables(steps: list[int], chosen: int, top: int) -> tuple[Floats, int]:
    """Give for each size up to `chosen` and each sum how many subsets have them, times 2**-exponent.

    Adding a step shifts the counts by it and the size by one. Steps rise, so no subset of few of the first
    steps reaches far. Large arrays are worked on row by row, which keeps them in the cache.
    """
    counts = np.zeros((chosen + 1, top + 1))
    counts[0, 0] = 1.0
    scaled = 0
    row_by_row = counts.size > SMALL
    for done, step in enumerate(steps, start=1):
        last = min(done, chosen)
        if step > top:
            break
        if row_by_row:
            for size in range(last, 0, -1):
                reach = min(size * step, top) + 1
                counts[size, step:reach] += counts[size - 1, : reach - step]
        else:
            counts[1 : last + 1, step:] += counts[:last, : top + 1 - step]
        if done % RESCALE_EVERY == 0:
            counts *= 2.0**-RESCALE_EVERY
            scaled += RESCALE_EVERY
    return counts, scaled


def untied(one: int, two: int) -> Floats:
    """Give the chances of the rank sums of groups of these sizes without ties, from the smallest sum on.

    The Gaussian binomial coefficient, one factor after the other: multiply by 1 - q**(two + i), divide by
    1 - q**i. Coefficients rise up to the middle, so differences lose no digits there; the rest mirrors it.
    """
    smaller, larger = min(one, two), max(one, two)
    half = one * two // 2
    counts = np.zeros(half + 1)
    counts[0] = 1.0
    for i in range(1, smaller + 1):
        counts[larger + i :] -= counts[: max(half + 1 - larger - i, 0)].copy()
        for start in range(min(i, half + 1)):
            np.cumsum(counts[start::i], out=counts[start::i])
        # Keeps the sum over all coefficients at most 1.
        counts *= i / (larger + i)
    mirrored = counts[: one * two - half][::-1]
    return np.concatenate([counts, mirrored])


def tails(found: Sums, known: dict[bytes, Chances] | None = None) -> tuple[float, float, float]:
    """Give the chance of a sum at most, and at least, as large as seen, and of just this sum.

    Parameters
    ----------
    found : Sums
        Ranks of the data.
    known : dict, optional
        Distributions by their scores, kept from call to call.

    Returns
    -------
    tuple of float
        Lower tail, upper tail, and the chance of the sum seen.
    """
    if known is not None:
        key = found.scores.tobytes()
        if key not in known:
            known[key] = chances(found.scores, found.chosen)
        made = known[key]
        place = made.place(found.seen)
        return float(made.each[: place + 1].sum()), float(made.each[place:].sum()), float(made.each[place])
    size, total = found.scores.size, int(found.scores.sum())
    flip = found.seen * size > found.chosen * total
    # Draw the smaller group, and count from the side of the sum seen; both leave every chance as it is.
    scores = int(found.scores.max()) - found.scores if flip else found.scores
    seen = found.chosen * int(found.scores.max()) - found.seen if flip else found.seen
    chosen = found.chosen
    if 2 * chosen > size:
        scores, chosen, seen = int(scores.max()) - scores, size - chosen, _rest(scores, seen, chosen)
    made = chances(scores, chosen, seen)
    here = float(made.each[made.place(seen)])
    near = float(made.each.sum())
    far = min(1.0, 1.0 - near + here)
    return (far, near, here) if flip else (near, far, here)


def _rest(scores: Whole, seen: int, chosen: int) -> int:
    """Give the mirrored sum of those not drawn, which falls and rises with the sum of those drawn."""
    rest = int(scores.sum()) - seen
    return (scores.size - chosen) * int(scores.max()) - rest


def two_sided(found: Sums, *, mid: bool, by_distance: bool) -> float:
    """Give the two-sided p value.

    Parameters
    ----------
    found : Sums
        Ranks of the data.
    mid : bool
        Count the chance of the sum seen half.
    by_distance : bool
        Add up all sums at least as far from the mean, instead of doubling the smaller tail.

    Returns
    -------
    float
        p value, at most 1.
    """
    if not by_distance:
        below, above, here = tails(found)
        half = here / 2 if mid else 0.0
        return min(1.0, 2 * (min(below, above) - half))
    made = chances(found.scores, found.chosen)
    # Distances from the mean in whole numbers: N * sum - chosen * total.
    size, total = found.scores.size, int(found.scores.sum())
    sums = made.start + made.unit * np.arange(made.each.size)
    distance = np.abs(size * sums - found.chosen * total)
    seen = abs(size * found.seen - found.chosen * total)
    equal = float(made.each[distance == seen].sum())
    return min(1.0, float(made.each[distance > seen].sum()) + (equal / 2 if mid else equal))


def shift(first: Whole, second: Whole) -> float:
    """Give the Hodges-Lehmann shift, the median of all differences between the groups, in steps."""
    return float(np.median(np.subtract.outer(first, second)))


def compatible_shifts(first: Whole, second: Whole, *, tail: float, mid: bool) -> tuple[float, float]:
    """Give the bounds of the shifts that neither one-sided test rejects.

    Parameters
    ----------
    first, second : ndarray of int64
        Values in steps.
    tail : float
        Level of each one-sided test, below one half.
    mid : bool
        Count the chance of the sum seen half.

    Returns
    -------
    tuple of float
        Lower and upper bound in steps; infinite when there are too few patients.
    """
    distinct = np.unique(first).size == first.size and np.unique(second).size == second.size
    pairs = first.size * second.size
    if pairs > EVERY_SHIFT_UP_TO or (not mid and distinct and _all_distinct(first, second)):
        return _order_bounds(first, second, tail, mid)
    known: dict[bytes, Chances] = {}
    low = _lower_shift(first, second, tail, mid, known)
    return low, -_lower_shift(-first, -second, tail, mid, known)


def _all_distinct(first: Whole, second: Whole) -> bool:
    """Tell whether no two differences between the groups are equal: then a shift ties one pair at most."""
    return bool(np.unique(np.subtract.outer(first, second)).size == first.size * second.size)


def _order_bounds(first: Whole, second: Whole, tail: float, mid: bool) -> tuple[float, float]:
    """Give the ordered differences that bound the shift, by the untied distribution with closed ends.

    Each tie is broken in favour of the shift, so with ties the bounds are never too narrow.
    """
    ordered = np.sort(np.subtract.outer(first, second), axis=None)
    each = untied(first.size, second.size)
    below = np.cumsum(each) - (each / 2 if mid else 0.0)
    rejected = int(np.searchsorted(below, tail, side="right"))
    if rejected == 0:
        return -math.inf, math.inf
    return float(ordered[rejected - 1]), float(ordered[-rejected])


def _lower_shift(first: Whole, second: Whole, tail: float, mid: bool, known: dict[bytes, Chances]) -> float:
    """Give the infimum of the shifts that the test against a larger shift does not reject.

    The outcome changes only at the differences between the groups, so the test is run at each of them and in
    each gap between, from below.
    """
    gaps = np.unique(np.subtract.outer(first, second))
    # In half steps: a difference is twice its steps, the gap after it lies half-way to the next.
    places = np.empty(2 * gaps.size, dtype=np.int64)
    places[0], places[1::2], places[2::2] = 2 * gaps[0] - 1, 2 * gaps, gaps[:-1] + gaps[1:]
    for index, place in enumerate(places.tolist()):
        _, above, here = tails(rank_sums(2 * first - place, 2 * second), known)
        if above - (here / 2 if mid else 0.0) > tail:
            return float(gaps[(index - 1) // 2]) if index else -math.inf
    return float(gaps[-1])
