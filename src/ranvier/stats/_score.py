"""Score statistics of two shares under a hypothesis on their difference, ratio or odds ratio.

Arrays in, arrays out; both shares are fitted under the hypothesis in closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.stats._inputs import find_root
from ranvier.stats.binomial import binomial_bounds

__all__ = ["MEASURES", "Measure", "first_share", "newcombe", "score", "score_bounds"]

Floats = NDArray[np.float64]

ROUNDING = 1e-12
"""A numerator of this size is a rounding error of zero."""
LARGEST_LOG = 20.0
"""Log ratio beyond which a bound is taken as not attained: exp(20) is 485 million."""


@dataclass(frozen=True)
class Measure:
    """A way to compare two shares.

    Parameters
    ----------
    name : str
        "difference", "ratio" or "odds ratio".
    lowest, none, highest : float
        Smallest possible value, the value of equal shares, and the largest possible value.
    """

    name: str
    lowest: float
    none: float
    highest: float


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("difference", -1.0, 0.0, 1.0),
        Measure("ratio", 0.0, 1.0, math.inf),
        Measure("odds ratio", 0.0, 1.0, math.inf),
    )
}


def first_share(measure: str, value: float, second: Any) -> Any:
    """Give the first share that belongs to the second at this value of the measure."""
    if measure == "difference":
        return np.clip(second + value, 0, 1)
    if measure == "ratio":
        return np.clip(second * value, 0, 1)
    with np.errstate(invalid="ignore"):
        odds = second * value / (1 - second + second * value)
    return np.where(second == 0, 0.0, np.where(second == 1, 1.0, odds))


def score(measure: str, value: float, events: tuple[Any, Any], n: tuple[int, int]) -> Floats:
    """Give the score statistic: how far the first arm lies above what the hypothesis says.

    Parameters
    ----------
    measure : {"difference", "ratio", "odds ratio"}
        What the hypothesis is about.
    value : float
        The hypothesised value.
    events : tuple of two arrays
        Events of the first and of the second arm, of shapes that broadcast.
    n : tuple of int
        Patients of the two arms.

    Returns
    -------
    ndarray
        Distance in standard errors under the hypothesis; 0 where the data lie on it, infinite where they
        are impossible under it.
    """
    one, two = (np.asarray(x, dtype=np.float64) for x in events)
    p1, p2 = one / n[0], two / n[1]
    if measure == "odds ratio":
        return _odds_score(one, _fit_odds(one + two, n, value), value, n)
    if measure == "difference":
        first = _fit_difference(p1, p2, n, value)
        second, weight = np.clip(first - value, 0, 1), 1.0
        gap = p1 - p2 - value
    else:
        second = _fit_ratio(p1, p2, n, value)
        first, weight = np.clip(second * value, 0, 1), value
        gap = p1 - value * p2
    spread = np.sqrt(first * (1 - first) / n[0] + weight**2 * second * (1 - second) / n[1])
    return _divide(gap, spread)


def _divide(gap: Floats, spread: Floats) -> Floats:
    """Give gap over spread; 0 over 0 is 0, anything else over 0 is infinite."""
    gap = np.where(np.abs(gap) < ROUNDING, 0.0, gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.where(gap == 0, 0.0, gap / spread)
    return quotient


def _odds_score(one: Floats, second: Floats, value: float, n: tuple[int, int]) -> Floats:
    """Give the score statistic of the odds ratio; tables without or with only events say nothing."""
    first = first_share("odds ratio", value, second)
    v1, v2 = n[0] * first * (1 - first), n[1] * second * (1 - second)
    telling = (v1 > 0) & (v2 > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.where(telling, v1 * v2 / (v1 + v2), 1.0))
    return _divide(np.where(telling, one - n[0] * first, 0.0), spread)


def _fit_difference(p1: Floats, p2: Floats, n: tuple[int, int], delta: float) -> Floats:
    """Give the most likely first share when it is higher than the second by delta (root of a cubic)."""
    theta = n[1] / n[0]
    a = 1 + theta
    b = -(a + p1 + theta * p2 + delta * (theta + 2)) / (3 * a)
    c = (delta**2 + delta * (2 * p1 + a) + p1 + theta * p2) / (3 * a)
    d = -p1 * delta * (1 + delta) / a
    v = b**3 - 1.5 * b * c + d / 2
    u = np.where(v >= 0, 1.0, -1.0) * np.sqrt(np.maximum(b**2 - c, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(u == 0, 0.0, v / u**3)
    angle = (math.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    fitted: Floats = np.clip(2 * u * np.cos(angle) - b, max(0.0, delta), min(1.0, 1 + delta))
    return fitted


def _fit_ratio(p1: Floats, p2: Floats, n: tuple[int, int], ratio: float) -> Floats:
    """Give the most likely second share when the first is `ratio` times as large (root of a quadratic)."""
    theta = n[1] / n[0]
    total = p1 + theta * p2
    b = ratio * (1 + theta * p2) + theta + p1
    root = np.sqrt(np.maximum(b**2 - 4 * (1 + theta) * ratio * total, 0.0))
    return np.clip(2 * total / (b + root), 0, min(1.0, 1 / ratio) if ratio else 1.0)


def _fit_odds(total: Floats, n: tuple[int, int], odds: float) -> Floats:
    """Give the most likely second share at this odds ratio (root of a quadratic)."""
    a = n[1] * (odds - 1)
    b = n[0] * odds + n[1] - total * (odds - 1)
    root = np.sqrt(np.maximum(b**2 + 4 * a * total, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = np.where(b >= 0, 2 * total / (b + root), (root - b) / (2 * a))
    return np.clip(fitted, 0, 1)


def score_bounds(
    measure: str, events: tuple[int, int], n: tuple[int, int], alpha: float
) -> tuple[float, float, float]:
    """Give the asymptotic score interval and p value (Miettinen and Nurminen, variance times N / (N - 1)).

    Parameters
    ----------
    measure : {"difference", "ratio", "odds ratio"}
        What is compared.
    events, n : tuple of int
        Events and patients of the two arms.
    alpha : float
        1 minus the level.

    Returns
    -------
    tuple of float
        Lower bound, upper bound and p value.
    """
    shrink = math.sqrt((sum(n) - 1) / sum(n))
    critical = -float(special.ndtri(alpha / 2))

    def distance(value: float) -> float:
        return shrink * float(score(measure, value, events, n))

    p_value = 2 * float(special.ndtr(-abs(distance(MEASURES[measure].none))))
    if measure == "difference":
        estimate = events[0] / n[0] - events[1] / n[1]
        low = _crossing(lambda x: distance(x) - critical, -1.0, estimate)
        return low, _crossing(lambda x: distance(x) + critical, estimate, 1.0), p_value
    low = _log_crossing(lambda x: distance(math.exp(x)) - critical)
    return low, _log_crossing(lambda x: distance(math.exp(x)) + critical), p_value


def _crossing(function: Any, low: float, high: float) -> float:
    """Give where a falling function crosses zero, or the end that it never leaves."""
    at_low, at_high = low + (high - low) * ROUNDING, high - (high - low) * ROUNDING
    if function(at_low) <= 0:
        return low
    return high if function(at_high) >= 0 else find_root(function, at_low, at_high)


def _log_crossing(function: Any) -> float:
    """Give where a falling function of a log ratio crosses zero; 0 or infinite where it does not."""
    if function(-LARGEST_LOG) <= 0:
        return 0.0
    if function(LARGEST_LOG) >= 0:
        return math.inf
    return math.exp(find_root(function, -LARGEST_LOG, LARGEST_LOG))


def newcombe(events: tuple[int, int], n: tuple[int, int], level: float) -> tuple[float, float]:
    """Give Newcombe's hybrid interval of a difference, made of the two Wilson intervals.

    Parameters
    ----------
    events, n : tuple of int
        Events and patients of the two arms.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper bound.
    """
    (p1, low1, high1), (p2, low2, high2) = (
        (x / size, *binomial_bounds(x, size, method="wilson", level=level))
        for x, size in zip(events, n, strict=True)
    )
    below, above = math.hypot(p1 - low1, high2 - p2), math.hypot(high1 - p1, p2 - low2)
    return p1 - p2 - below, p1 - p2 + above
