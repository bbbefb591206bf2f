"""Two-arm studies pooled cell by cell: Mantel and Haenszel's sums, Peto's, and the tests that go with them.

All cells have the shape (k, D): the studies of one review, or of many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["PETO", "STRATIFIED", "Cells", "Sums", "cochran_mantel_haenszel", "sums_of", "tarone"]

Floats = NDArray[np.float64]
Cells = Mapping[str, Floats]

PETO = "peto odds ratio"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """A pooled value over strata.

    Parameters
    ----------
    value, variance : ndarray of float64, shape (D,)
        On the scale that is pooled; NaN or infinite where the counts give none.
    weights : ndarray of float64, shape (k, D)
        Shares of the studies.
    """

    value: Floats
    variance: Floats
    weights: Floats


def _counts(cells: Cells) -> tuple[Floats, Floats, Floats, Floats]:
    """Give events and patients (or years) of the two arms."""
    size = "n" if "n" in cells else "years"
    return cells["events"], cells[size], cells["events_control"], cells[f"{size}_control"]


def _ratio(above: Floats, under: Floats, variance: Floats) -> Sums:
    """Give the logarithm of a ratio of sums; the share of a study is that of its part of the lower sum."""
    return Sums(
        value=np.log(above.sum(axis=0)) - np.log(under.sum(axis=0)),
        variance=variance,
        weights=under / under.sum(axis=0),
    )


def _risk_ratio(cells: Cells) -> Sums:
    a, n, c, m = _counts(cells)
    total = n + m
    above, under = a * m / total, c * n / total
    spread = (n * m * (a + c) / total**2 - a * c / total).sum(axis=0)
    return _ratio(above, under, spread / (above.sum(axis=0) * under.sum(axis=0)))


def _odds_ratio(cells: Cells) -> Sums:
    a, n, c, m = _counts(cells)
    b, d, total = n - a, m - c, n + m
    above, under = a * d / total, b * c / total
    agree, differ = (a + d) / total, (b + c) / total
    up, down = above.sum(axis=0), under.sum(axis=0)
    spread = (agree * above).sum(axis=0) / (2 * up**2) + (differ * under).sum(axis=0) / (2 * down**2)
    spread = spread + (agree * under + differ * above).sum(axis=0) / (2 * up * down)
    return _ratio(above, under, spread)


def _risk_difference(cells: Cells) -> Sums:
    a, n, c, m = _counts(cells)
    total = n + m
    weight = n * m / total
    value = ((a * m - c * n) / total).sum(axis=0) / weight.sum(axis=0)
    first = ((n**2 * c - m**2 * a + n * m * (m - n) / 2) / total**2).sum(axis=0)
    second = ((a * (m - c) + c * (n - a)) / (2 * total)).sum(axis=0)
    variance = (value * first + second) / weight.sum(axis=0) ** 2
    return Sums(value=value, variance=variance, weights=weight / weight.sum(axis=0))


def _rate_ratio(cells: Cells) -> Sums:
    x, t, z, s = _counts(cells)
    total = t + s
    above, under = x * s / total, z * t / total
    spread = (t * s * (x + z) / total**2).sum(axis=0)
    return _ratio(above, under, spread / (above.sum(axis=0) * under.sum(axis=0)))


def _rate_difference(cells: Cells) -> Sums:
    x, t, z, s = _counts(cells)
    total = t + s
    weight = t * s / total
    value = ((x * s - z * t) / total).sum(axis=0) / weight.sum(axis=0)
    variance = ((x * s**2 + z * t**2) / total**2).sum(axis=0) / weight.sum(axis=0) ** 2
    return Sums(value=value, variance=variance, weights=weight / weight.sum(axis=0))


def _peto(cells: Cells) -> Sums:
    """Give Peto's odds ratio: observed less expected events over their variance."""
    a = cells["events"]
    expected, spread = _hypergeometric(cells)
    total = spread.sum(axis=0)
    return Sums(value=(a - expected).sum(axis=0) / total, variance=1 / total, weights=spread / total)


STRATIFIED: dict[str, Callable[[Cells], Sums]] = {
    "risk ratio": _risk_ratio,
    "odds ratio": _odds_ratio,
    "risk difference": _risk_difference,
    "rate ratio": _rate_ratio,
    "rate difference": _rate_difference,
}
"""Mantel and Haenszel's sums by measure."""


def sums_of(measure: str) -> Callable[[Cells], Sums]:
    """Give what pools a measure."""
    return _peto if measure == PETO else STRATIFIED[measure]


def cochran_mantel_haenszel(cells: Cells) -> tuple[Floats, Floats]:
    """Give the test of no difference in any study, chi-squared on 1 degree of freedom, and its p value."""
    expected, spread = _hypergeometric(cells) if "n" in cells else _binomial(cells)
    distance = (cells["events"] - expected).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = distance**2 / spread.sum(axis=0)
    return statistic, special.chdtrc(1, statistic)


def _hypergeometric(cells: Cells) -> tuple[Floats, Floats]:
    """Give mean and variance of the events of the first arm, all margins fixed."""
    a, n, c, m = _counts(cells)
    total, events = n + m, a + c
    alone = np.maximum(total - 1, 1)
    return n * events / total, n * m * events * (total - events) / (total**2 * alone)


def _binomial(cells: Cells) -> tuple[Floats, Floats]:
    """Give mean and variance of the events of the first arm, all events fixed."""
    x, t, z, s = _counts(cells)
    share = t / (t + s)
    return (x + z) * share, (x + z) * share * (1 - share)


def tarone(cells: Cells, log_odds: Floats) -> tuple[Floats, Floats, int]:
    """Give Breslow and Day's test of equal odds ratios with Tarone's correction, and its degrees of freedom.

    Studies without an event, or with nothing but events, say nothing and must have been taken out.
    """
    a, n, c, m = _counts(cells)
    fitted = _expected_events(n, m, a + c, np.exp(log_odds))
    spread = 1 / (1 / fitted + 1 / (a + c - fitted) + 1 / (n - fitted) + 1 / (m - a - c + fitted))
    distance = a - fitted
    statistic = (distance**2 / spread).sum(axis=0) - distance.sum(axis=0) ** 2 / spread.sum(axis=0)
    df = len(a) - 1
    # Equal tables give 0 but for rounding, which may fall below it.
    statistic = np.maximum(statistic, 0.0)
    return statistic, special.chdtrc(df, statistic), df


def _expected_events(n: Floats, m: Floats, events: Floats, odds: Floats) -> Floats:
    """Give the events of the first arm at which a table with these margins has an odds ratio."""
    # (odds - 1) x² - slope x + odds n events = 0; this form of its root needs no other for odds near 1.
    slope = odds * (n + events) + (m - events)
    square = np.sqrt(slope**2 - 4 * (odds - 1) * odds * n * events)
    fitted: Floats = 2 * odds * n * events / (slope + square)
    return fitted
