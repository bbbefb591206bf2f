"""The exact signed-rank distribution under ties and zeros, and the shifts that it does not reject.

Everything here works on whole numbers: differences as steps of a decimal grid, ranks doubled so that
mid-ranks are whole. Comparisons, and so ties, are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranks", "compatible_shifts", "pseudomedian", "ranks", "subset_counts", "two_sided"]

Whole = NDArray[np.int64]

EVERY_SHIFT_UP_TO = 100
"""Pairs up to which the tied test is inverted shift by shift; its cost grows with the cube of the pairs."""
RESCALE_EVERY = 512
"""Ranks after which counts are scaled down: 2**512 subsets still fit in float64."""


@dataclass(frozen=True)
class Ranks:
    """Doubled ranks of the non-zero differences, and the sums of either sign.

    Parameters
    ----------
    scores : ndarray of int64
        Twice the mid-rank of each non-zero difference, in rising order.
    below, above : int
        Sum of the scores of negative and of positive differences.
    """

    scores: Whole
    below: int
    above: int


def ranks(steps: Whole, *, zeros: str) -> Ranks:
    """Give the doubled mid-ranks of the sizes.

    Parameters
    ----------
    steps : ndarray of int64, shape (n,)
        Differences.
    zeros : {"pratt", "wilcoxon"}
        "pratt" ranks the zeros and then drops them; "wilcoxon" drops them first.

    Returns
    -------
    Ranks
        Scores and sums.
    """
    if zeros == "wilcoxon":
        steps = steps[steps != 0]
    size = np.abs(steps)
    order = np.sort(size)
    # Mid-rank = (number smaller + 1 + number not larger) / 2.
    doubled = order.searchsorted(size, "left") + order.searchsorted(size, "right") + 1
    below, above = int(doubled[steps < 0].sum()), int(doubled[steps > 0].sum())
    return Ranks(np.sort(doubled[steps != 0]), below, above)


def two_sided(found: Ranks) -> float:
    """Give the two-sided p value: the chance of a rank sum at least as far from its mean.

    Parameters
    ----------
    found : Ranks
        Ranks of the differences.

    Returns
    -------
    float
        Exact p value given the ranks; 1 when there is no non-zero difference.
    """
    smaller = min(found.below, found.above)
    counts, exponent = subset_counts(found.scores, smaller)
    return min(1.0, 2 * math.ldexp(float(counts.sum()), exponent))


def pseudomedian(steps: Whole) -> float:
    """Give the Hodges-Lehmann pseudomedian, the median of all pairwise means.

    Parameters
    ----------
    steps : ndarray of int64, shape (n,)
        Differences.

    Returns
    -------
    float
        In steps.
    """
    return float(np.median(_pair_sums(steps))) / 2


def compatible_shifts(steps: Whole, *, tail: float, zeros: str) -> tuple[float, float]:
    """Give the bounds of the shifts that neither one-sided test rejects.

    Parameters
    ----------
    steps : ndarray of int64, shape (n,)
        Differences.
    tail : float
        Level of each one-sided test, below one half.
    zeros : {"pratt", "wilcoxon"}
        How differences equal to the shift are dealt with.

    Returns
    -------
    tuple of float
        Lower and upper bound in steps; infinite when there are too few pairs.
    """
    # Without equal differences a shift ties only pairs from either side of it (and at most one zero, ranked
    # first), so breaking these ties towards the next gap never lowers the chance: the gaps decide.
    distinct = zeros == "pratt" and np.unique(steps).size == steps.size
    if distinct or steps.size > EVERY_SHIFT_UP_TO:
        return _walsh_bounds(steps, tail)
    known: dict[bytes, NDArray[np.float64]] = {}
    low = _lower_shift(steps, tail, zeros, known)
    high = -_lower_shift(-steps, tail, zeros, known)
    return low, high


def subset_counts(scores: Whole, limit: int) -> tuple[NDArray[np.float64], int]:
    """Give for each sum up to the limit how many subsets of the scores have it, scaled.

    The shift algorithm of Streitberg and Roehmel: adding a score shifts the counts by it. Sums are in units
    of the scores' greatest common divisor.

    Parameters
    ----------
    scores : ndarray of int64
        Whole numbers above 0.
    limit : int
        Largest sum that is needed.

    Returns
    -------
    tuple
        Counts, and the exponent that turns them into chances: ``counts * 2**exponent``.
    """
    unit = max(1, int(np.gcd.reduce(scores)))
    top = limit // unit
    counts = np.zeros(top + 1)
    counts[0] = 1.0
    reach = scaled = 0
    for done, score in enumerate((scores[scores <= limit] // unit).tolist(), start=1):
        reach = min(reach + score, top)
        counts[score : reach + 1] += counts[: reach + 1 - score]
        if done % RESCALE_EVERY == 0:
            counts *= 2.0**-RESCALE_EVERY
            scaled += RESCALE_EVERY
    return counts, scaled - scores.size


def _pair_sums(steps: Whole) -> Whole:
    """Give the sum of every pair, each difference paired with itself too."""
    first, second = np.triu_indices(steps.size)
    sums: Whole = steps[first] + steps[second]
    return sums


def _walsh_bounds(steps: Whole, tail: float) -> tuple[float, float]:
    """Give the order statistics of the pairwise means that bound the shift.

    The untied null distribution with closed ends is exact without ties and never too narrow with ties or
    zeros, because each tie is broken in favour of the shift.
    """
    sums = np.sort(_pair_sums(steps))
    counts, exponent = subset_counts(np.arange(1, steps.size + 1), sums.size // 2)
    rejected = int(np.searchsorted(np.cumsum(counts), math.ldexp(tail, -exponent), side="right"))
    if rejected == 0:
        return -math.inf, math.inf
    return float(sums[rejected - 1]) / 2, float(sums[-rejected]) / 2


def _lower_shift(steps: Whole, tail: float, zeros: str, known: dict[bytes, NDArray[np.float64]]) -> float:
    """Give the infimum of the shifts that the test against larger differences does not reject.

    The outcome of the test changes only at pairwise means, so it is run at each of them and in each gap
    between, from below. The search starts where Hoeffding's bound no longer proves the rejection.
    """
    sums, times = np.unique(_pair_sums(steps), return_counts=True)
    # In quarter steps: a pairwise mean is twice its pair sum, the gap after it lies half-way to the next.
    places = np.empty(2 * sums.size, dtype=np.int64)
    places[0], places[1::2], places[2::2] = 2 * sums[0] - 1, 2 * sums, sums[:-1] + sums[1:]
    for index in np.flatnonzero(~_surely_rejected(steps, places, times, tail, zeros)).tolist():
        found = ranks(4 * steps - places[index], zeros=zeros)
        if _chance_of_less_below(found, known) > tail:
            return float(sums[(index - 1) // 2]) / 2 if index else -math.inf
    return float(sums[-1]) / 2


def _surely_rejected(
    steps: Whole, places: Whole, times: NDArray[np.intp], tail: float, zeros: str
) -> NDArray[np.bool_]:
    """Tell at which shifts Hoeffding's bound on the rank sum already lies below the tail.

    Above minus below is the number of pairwise means above the shift minus the number below it, also
    under ties and with zeros ranked; its sum of squared ranks is largest without ties.
    """
    n = steps.size
    in_gaps = times.sum() - 2 * np.concatenate(([0], np.cumsum(times)))
    excess = np.empty(places.size)
    excess[::2], excess[1::2] = in_gaps[:-1], (in_gaps[:-1] + in_gaps[1:]) / 2
    squares = n * (n + 1) * (2 * n + 1) / 6
    sure = (excess > 0) & (excess**2 > -2 * squares * math.log(tail))
    if zeros == "wilcoxon":  # dropping zeros before ranking changes the rank sum
        sure &= ~np.isin(places, 4 * steps)
    return sure


def _chance_of_less_below(found: Ranks, known: dict[bytes, NDArray[np.float64]]) -> float:
    """Give the chance that the negative differences' rank sum is not larger than seen."""
    if found.below >= found.above:
        return 1.0  # at least one half, which no tail reaches
    unit = max(1, int(np.gcd.reduce(found.scores)))
    key = found.scores.tobytes()
    if key not in known:
        counts, exponent = subset_counts(found.scores, int(found.scores.sum()) // 2)
        known[key] = np.ldexp(np.cumsum(counts), exponent)
    return float(known[key][found.below // unit])
