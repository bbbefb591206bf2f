"""Pointwise intervals of a Kaplan-Meier curve: the exact beta product, and Greenwood's on five scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["GREENWOOD", "Curve", "bounds", "curve", "greenwood"]

Floats = NDArray[np.float64]

GREENWOOD = ("plain", "log", "log-log", "arcsine", "logit")
"""Scales on which Greenwood's variance gives an interval."""


@dataclass(frozen=True)
class Curve:
    """A Kaplan-Meier curve at each day on which somebody had the event or was last seen.

    Parameters
    ----------
    days : ndarray of float64, shape (k,)
        Distinct days, rising.
    at_risk, events, censored : ndarray of float64, shape (k,)
        Patients at risk just before the day, events and last sightings on it.
    survival : ndarray of float64, shape (k,)
        Share without the event on the day and until the next.
    """

    days: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    survival: Floats


def curve(days: Floats, observed: NDArray[np.bool_]) -> Curve:
    """Give the Kaplan-Meier curve; patients last seen on the day of an event were at risk for it."""
    distinct, place = np.unique(days, return_inverse=True)
    events = np.bincount(place, observed, distinct.size).astype(np.float64)
    censored = np.bincount(place, ~observed, distinct.size).astype(np.float64)
    at_risk = days.size - np.concatenate(([0.0], np.cumsum(events + censored)[:-1]))
    return Curve(distinct, at_risk, events, censored, np.cumprod((at_risk - events) / at_risk))


def greenwood(found: Curve) -> Floats:
    """Give the standard error over the survival on each day: the root of the sum of d / (y (y - d))."""
    rest = found.at_risk - found.events
    with np.errstate(divide="ignore"):
        terms = np.where(found.events > 0, found.events / (found.at_risk * rest), 0.0)
    error: Floats = np.sqrt(np.cumsum(terms))
    return error


def bounds(found: Curve, method: str, level: float) -> tuple[Floats, Floats, Floats]:
    """Give the lower and the upper bound on each day, and the lower bound that holds until the next day."""
    if method == "beta-product":
        return _beta_product(found, (1 - level) / 2)
    low, high = _greenwood_bounds(found.survival, greenwood(found), method, level)
    return low, high, low


def _beta_product(found: Curve, tail: float) -> tuple[Floats, Floats, Floats]:
    """Give the bounds of Fay, Brittain and Proschan, the products of betas matched by mean and variance."""
    stay = found.at_risk - found.events
    mean, square = _product_moments(stay + 1, found.events)
    high = _matched(mean, square, 1 - tail)
    low = _matched(*_times_beta(mean, square, stay), tail)
    after = _matched(*_times_beta(mean, square, stay - found.censored), tail)
    return low, high, np.minimum.accumulate(after)


def _product_moments(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Give mean and mean square of the running product of independent Beta(a, b); b = 0 stands for 1."""
    mean = np.cumprod(a / (a + b)).astype(np.float64)
    return mean, np.cumprod(a * (a + 1) / ((a + b) * (a + b + 1))).astype(np.float64)


def _times_beta(mean: Floats, square: Floats, rest: Floats) -> tuple[Floats, Floats]:
    """Multiply by Beta(rest, 1), which is 0 when nobody is left."""
    return mean * rest / (rest + 1), square * rest / (rest + 2)


def _matched(mean: Floats, square: Floats, share: float) -> Floats:
    """Give the quantile of the beta with these moments; a mean of 0 or 1 is that number itself."""
    spread = square - mean**2
    point = (mean <= 0) | (mean >= 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.where(point, 1.0, (mean - square) / spread)
    a, b = np.where(point, 1.0, mean * total), np.where(point, 1.0, (1 - mean) * total)
    quantile = special.betaincinv(a, b, share)
    return np.where(point, np.where(mean >= 1, 1.0, 0.0), quantile)


def _greenwood_bounds(survival: Floats, relative: Floats, method: str, level: float) -> tuple[Floats, Floats]:
    """Give Greenwood's interval on a scale; NaN where the curve is 1 or 0 and the variance says nothing."""
    z = float(special.ndtri(0.5 + level / 2))
    inside = (survival > 0) & (survival < 1)
    s = np.where(inside, survival, 0.5)
    step = z * np.where(inside, relative, 0.0)
    if method == "plain":
        low, high = s - step * s, s + step * s
    elif method == "log":
        low, high = s * np.exp(-step), s * np.exp(step)
    elif method == "log-log":
        width = step / -np.log(s)
        low, high = s ** np.exp(width), s ** np.exp(-width)
    elif method == "arcsine":
        angle, width = np.arcsin(np.sqrt(s)), step / 2 * np.sqrt(s / (1 - s))
        low, high = (np.sin(np.clip(angle + sign * width, 0, np.pi / 2)) ** 2 for sign in (-1, 1))
    else:
        width = step / (1 - s)
        low, high = (special.expit(special.logit(s) + sign * width) for sign in (-1, 1))
    return np.where(inside, np.maximum(low, 0), np.nan), np.where(inside, np.minimum(high, 1), np.nan)
