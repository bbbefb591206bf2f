"""Exact values for what all studies share: sums of counts of one arm, and ratios given the margins of two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._count_families import Binomial, Hypergeometric

__all__ = ["Exact", "Margins", "exact_rate", "exact_ratio", "exact_share"]

Floats = NDArray[np.float64]

REACH = 60.0
"""Log ratios are looked for up to this size."""


@dataclass(frozen=True)
class Exact:
    """A value with its exact interval, on the scale that is read.

    Parameters
    ----------
    value, low, high : float
        The value and its bounds.
    p_value : float or None
        Of the ratio 1, the smaller tail doubled.
    """

    value: float
    low: float
    high: float
    p_value: float | None = None


def exact_share(events: float, n: float, level: float) -> Exact:
    """Give the share of patients with its Clopper-Pearson interval."""
    tail = (1 - level) / 2
    low = float(special.betaincinv(events, n - events + 1, tail)) if events > 0 else 0.0
    high = float(special.betaincinv(events + 1, n - events, 1 - tail)) if events < n else 1.0
    return Exact(events / n, low, high)


def exact_rate(events: float, years: float, level: float) -> Exact:
    """Give the rate per year with its exact (Garwood) interval."""
    tail = (1 - level) / 2
    low = float(special.gammaincinv(events, tail)) if events > 0 else 0.0
    return Exact(events / years, low / years, float(special.gammaincinv(events + 1, 1 - tail)) / years)


class Margins:
    """The sum over studies of the events of the first arm, given the events of both arms of each.

    Parameters
    ----------
    family : Binomial or Hypergeometric
        The events of each study.
    """

    def __init__(self, family: Binomial | Hypergeometric) -> None:
        places, ways = family.ways()
        known = np.isfinite(ways)
        self._ways = [row[use] for row, use in zip(ways, known, strict=True)]
        self.least = float(sum(row[use][0] for row, use in zip(places, known, strict=True)))
        self.most = float(sum(row[use][-1] for row, use in zip(places, known, strict=True)))
        self.seen = float(family.statistic.sum())

    def chances(self, log_ratio: float) -> Floats:
        """Give the chance of each sum, from the least to the most."""
        total = np.ones(1)
        # The weights are tilted before they are added up, so that no tail is lost far from a ratio of 1.
        for ways in self._ways:
            logs = ways + log_ratio * np.arange(len(ways))
            share = np.exp(logs - logs.max())
            total = np.convolve(total, share / share.sum())
        return total

    def tails(self, log_ratio: float) -> tuple[float, float]:
        """Give the chances of at most and of at least the sum seen."""
        chances, place = self.chances(log_ratio), round(self.seen - self.least)
        return float(chances[: place + 1].sum()), float(chances[place:].sum())

    def mean(self, log_ratio: float) -> float:
        """Give the expected sum."""
        chances = self.chances(log_ratio)
        return self.least + float(chances @ np.arange(len(chances)))


def exact_ratio(margins: Margins, level: float) -> Exact:
    """Give the ratio common to all studies, the most likely one, with its exact interval.

    Parameters
    ----------
    margins : Margins
        The sum and what it could have been.
    level : float
        Confidence level.

    Returns
    -------
    Exact
        Value, bounds and p value; 0 or infinite where the sum is the least or the most possible.
    """
    tail = (1 - level) / 2
    at_least, at_most = margins.seen == margins.least, margins.seen == margins.most
    low = 0.0 if at_least else np.exp(_root(lambda ratio: margins.tails(ratio)[1] - tail))
    high = np.inf if at_most else np.exp(_root(lambda ratio: tail - margins.tails(ratio)[0]))
    if at_least or at_most:
        value = 0.0 if at_least else np.inf
    else:
        value = np.exp(_root(lambda ratio: margins.mean(ratio) - margins.seen))
    return Exact(float(value), float(low), float(high), min(1.0, 2 * min(margins.tails(0.0))))


def _root(rising: Callable[[float], float]) -> float:
    """Find where a rising function of the log ratio passes 0."""
    from scipy.optimize import brentq

    reach = 2.0
    while (rising(-reach) > 0 or rising(reach) < 0) and reach < REACH:
        reach *= 2
    return float(brentq(rising, -reach, reach, xtol=1e-13, rtol=1e-14))
