"""Two shares given the total of events: Fisher's test and the odds ratios that it does not reject."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.stats._inputs import find_root

__all__ = ["Split", "fisher"]

LIKELIHOOD_TIES = 1e-7
"""Tables are equally likely when their chances agree to this share, as in R's fisher.test."""


class Split:
    """How the events of two arms split, given their total and an odds ratio.

    Parameters
    ----------
    events, n : tuple of int
        Events and patients of the two arms.
    """

    def __init__(self, events: tuple[int, int], n: tuple[int, int]) -> None:
        total = sum(events)
        self.seen = events[0]
        self.counts = np.arange(max(0, total - n[1]), min(n[0], total) + 1)
        self.ways = _log_ways(n[0], self.counts) + _log_ways(n[1], total - self.counts)

    @property
    def lowest(self) -> bool:
        """Whether no split has fewer events in the first arm."""
        return self.seen == int(self.counts[0])

    @property
    def highest(self) -> bool:
        """Whether no split has more events in the first arm."""
        return self.seen == int(self.counts[-1])

    def chances(self, log_odds: float) -> NDArray[np.float64]:
        """Give the chance of each split."""
        weight = self.ways + self.counts * log_odds
        relative = np.exp(weight - weight.max())
        chances: NDArray[np.float64] = relative / relative.sum()
        return chances

    def tails(self, log_odds: float, *, mid: bool) -> tuple[float, float]:
        """Give the chance of at most and of at least the events seen, half of them counted when mid."""
        chances = self.chances(log_odds)
        half = float(chances[self.counts == self.seen].sum()) / 2 if mid else 0.0
        below, above = chances[self.counts <= self.seen].sum(), chances[self.counts >= self.seen].sum()
        return float(below) - half, float(above) - half

    def likelier(self) -> float:
        """Give the p value that adds up the splits not likelier than the one seen, at odds ratio 1."""
        chances = self.chances(0.0)
        seen = float(chances[self.counts == self.seen].sum())
        return min(1.0, float(chances[chances <= seen * (1 + LIKELIHOOD_TIES)].sum()))


def fisher(
    events: tuple[int, int], n: tuple[int, int], alpha: float, *, mid: bool
) -> tuple[float, float, float, float]:
    """Give the conditional odds ratio, its bounds, and twice the smaller tail of Fisher's test.

    Parameters
    ----------
    events, n : tuple of int
        Events and patients of the two arms.
    alpha : float
        1 minus the level.
    mid : bool
        Count the chance of the split seen half.

    Returns
    -------
    tuple of float
        Odds ratio (NaN when only one split is possible), lower bound, upper bound, p value at most 1.
    """
    split = Split(events, n)
    p_value = min(1.0, 2 * min(split.tails(0.0, mid=mid)))
    if split.lowest and split.highest:
        return math.nan, 0.0, math.inf, 1.0

    def expected(log_odds: float) -> float:
        return float(split.chances(log_odds) @ split.counts) - split.seen

    value = 0.0 if split.lowest else math.inf if split.highest else _solve(expected)
    low = 0.0 if split.lowest else _solve(lambda x: split.tails(x, mid=mid)[1] - alpha / 2)
    high = math.inf if split.highest else _solve(lambda x: split.tails(x, mid=mid)[0] - alpha / 2)
    return value, low, high, p_value


def _log_ways(n: int, events: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the log number of ways to choose the patients with events."""
    ways: NDArray[np.float64] = (
        special.gammaln(n + 1) - special.gammaln(events + 1) - special.gammaln(n - events + 1)
    )
    return ways


def _solve(function: Callable[[float], float]) -> float:
    """Give the odds ratio at which a monotone function of its logarithm is zero."""
    width = 1.0
    while function(-width) * function(width) > 0:
        width *= 2
    return math.exp(find_root(function, -width, width))
