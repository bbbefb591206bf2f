"""Two exact one-group intervals of every level, melded into one interval for two groups.

The lower limits of one group at all levels are the quantiles of a distribution, and so are the upper limits.
The melded lower bound is a quantile of (lower limits of the first) minus, or over, (upper limits of the
second).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.stats._inputs import find_root

__all__ = ["Limits", "melded_bounds", "rate_limits", "share_limits"]

Floats = NDArray[np.float64]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)
"""Gauss-Legendre sum over each smooth piece; more points change nothing above 1e-12."""
NEGLIGIBLE = 1e-17
"""Chance of the limits outside the span, below the rounding error of any sum."""
LARGEST_LOG = 30.0
"""Log ratio beyond which a bound is taken as not attained."""


@dataclass(frozen=True)
class Limits:
    """The distribution of one group's limits over all levels.

    Parameters
    ----------
    below, density, quantile : callable
        Chance of a limit of at most x, its derivative, and the inverse of the chance; arrays in, arrays out.
    point : float or None
        The one value when every level has the same limit.
    span : tuple of float
        Where all but a negligible part of the limits lie.
    end : float
        Largest possible limit.
    """

    below: Callable[[Any], Any]
    density: Callable[[Any], Any]
    quantile: Callable[[float], float]
    point: float | None
    span: tuple[float, float]
    end: float


def _single(point: float, end: float) -> Limits:
    """Give limits that are the same at every level."""
    return Limits(
        lambda x: 1.0 * (x >= point), lambda x: 0.0 * x, lambda _: point, point, (point, point), end
    )


def share_limits(events: int, n: int) -> tuple[Limits, Limits]:
    """Give the Clopper-Pearson lower and upper limits of a share."""

    def beta(a: int, b: int, point: float) -> Limits:
        if not (a and b):
            return _single(point, 1.0)
        scale = special.betaln(a, b)
        return Limits(
            lambda x: special.betainc(a, b, np.clip(x, 0, 1)),
            lambda x: np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - scale),
            lambda u: float(special.betaincinv(a, b, u)),
            None,
            (float(special.betaincinv(a, b, NEGLIGIBLE)), float(special.betainccinv(a, b, NEGLIGIBLE))),
            1.0,
        )

    return beta(events, n - events + 1, 0.0), beta(events + 1, n - events, 1.0)


def rate_limits(events: int, years: float) -> tuple[Limits, Limits]:
    """Give the Garwood lower and upper limits of a rate."""

    def gamma(shape: int) -> Limits:
        if not shape:
            return _single(0.0, math.inf)
        scale = special.gammaln(shape) - math.log(years)
        span = special.gammaincinv(shape, NEGLIGIBLE), special.gammainccinv(shape, NEGLIGIBLE)
        return Limits(
            lambda x: special.gammainc(shape, np.maximum(x, 0) * years),
            lambda x: np.exp(special.xlogy(shape - 1, x * years) - x * years - scale),
            lambda u: float(special.gammaincinv(shape, u)) / years,
            None,
            (float(span[0]) / years, float(span[1]) / years),
            math.inf,
        )

    return gamma(events), gamma(events + 1)


def melded_bounds(
    first: tuple[Limits, Limits], second: tuple[Limits, Limits], alpha: float, *, ratio: bool = False
) -> tuple[float, float]:
    """Give the melded bounds of first minus second, or of first over second.

    Parameters
    ----------
    first, second : tuple of Limits
        Lower and upper limits of each group.
    alpha : float
        1 minus the level.
    ratio : bool
        Divide instead of subtracting.

    Returns
    -------
    tuple of float
        Lower and upper bound.
    """
    if ratio:
        high = _lowest_ratio(second[0], first[1], alpha / 2)
        return _lowest_ratio(first[0], second[1], alpha / 2), 1 / high if high else math.inf
    return _lowest_difference(first[0], second[1], alpha / 2), -_lowest_difference(
        second[0], first[1], alpha / 2
    )


def _lowest_difference(lower: Limits, upper: Limits, tail: float) -> float:
    """Give the quantile of a lower limit minus an independent upper limit."""
    if lower.point is not None and upper.point is not None:
        return lower.point - upper.point
    if lower.point is not None:
        return lower.point - float(upper.quantile(1 - tail))
    if upper.point is not None:
        return float(lower.quantile(tail)) - upper.point
    # The bound lies between the differences of the limits that are each exceeded with half the tail or less.
    low = float(lower.quantile(tail / 2) - upper.quantile(1 - tail / 2))
    high = float(lower.quantile(math.sqrt(tail)) - upper.quantile(1 - math.sqrt(tail)))

    def excess(shift: float) -> float:
        kinks = [x for x in (-shift, lower.end - shift) if math.isfinite(x)]
        return _mean(lambda x: lower.below(x + shift), upper, kinks) - tail

    return find_root(excess, low, high)


def _lowest_ratio(lower: Limits, upper: Limits, tail: float) -> float:
    """Give the quantile of a lower limit over an independent upper limit."""
    if lower.point is not None:
        return 0.0
    if upper.point is not None:
        return float(lower.quantile(tail)) / upper.point

    def excess(log_ratio: float) -> float:
        ratio = math.exp(log_ratio)
        kinks = [lower.end / ratio] if math.isfinite(lower.end) else []
        return _mean(lambda x: lower.below(x * ratio), upper, kinks) - tail

    return 0.0 if excess(-LARGEST_LOG) >= 0 else math.exp(find_root(excess, -LARGEST_LOG, LARGEST_LOG))


def _mean(function: Callable[[Floats], Floats], limits: Limits, kinks: list[float]) -> float:
    """Give the mean of a function over the limits, piece by piece between its kinks."""
    low, high = limits.span
    cuts = [low, *sorted(kink for kink in kinks if low < kink < high), high]
    total = 0.0
    for start, stop in itertools.pairwise(cuts):
        place = start + (stop - start) * (NODES + 1) / 2
        total += float((function(place) * limits.density(place)) @ WEIGHTS) * (stop - start) / 2
    return total
