"""The variance between studies, for many sets of studies at once.

Effects and variances have the shape (k, D): k studies in each of D sets. One review is D = 1; a simulation of
10,000 reviews runs through the same lines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import ConvergenceError

__all__ = ["METHODS", "generalised_q", "solve_q", "tau_squared"]

Floats = NDArray[np.float64]

METHODS = {
    "common": "one common value in all studies, weights 1/variance",
    "dl": "random effects, variance between studies by DerSimonian and Laird",
    "he": "random effects, variance between studies by Hedges",
    "hs": "random effects, variance between studies by Hunter and Schmidt",
    "sj": "random effects, variance between studies by Sidik and Jonkman",
    "ml": "random effects, variance between studies by maximum likelihood",
    "reml": "random effects, variance between studies by restricted maximum likelihood",
    "eb": "random effects, variance between studies by empirical Bayes",
    "pm": "random effects, variance between studies by Paule and Mandel",
    "pm-median": "random effects, median-unbiased variance between studies",
}

SETTLED = 1e-12
"""A step this small, relative to the variances of the studies and between them, ends the search: both
searches converge quadratically, so that what is left is rounding."""
MOST_STEPS = 200
"""Bisection alone needs 100 steps for the range of float64."""
GRID = np.linspace(0, 1, 9)
"""Where the likelihood is looked at before it is climbed, beside 0: equal steps on the logarithmic way from
half the smallest variance of a study, below which nothing changes, to the largest value that the variance
between studies can have. There may be two maxima, and a climb finds the nearer one."""


def tau_squared(y: Floats, v: Floats, method: str) -> Floats:
    """Give the variance between studies of each column, at least 0.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k, D)
        Effects and variances; k at least 2.
    method : str
        One of `METHODS`.

    Returns
    -------
    ndarray of float64, shape (D,)
        The variances.
    """
    # Units make no difference: rates of 1e-4 have variances of 1e-10, which no fixed tolerance fits.
    scale = 1 / (1 / v).mean(axis=0)
    y, v = (y - y.mean(axis=0)) / np.sqrt(scale), v / scale
    if method in {"ml", "reml"}:
        found = _most_likely(y, v, restricted=method == "reml")
    elif method in {"pm", "eb"}:
        found = solve_q(y, v, np.full(y.shape[1], len(y) - 1.0))
    elif method == "pm-median":
        found = solve_q(y, v, np.full(y.shape[1], float(special.chdtri(len(y) - 1, 0.5))))
    else:
        found = _closed(y, v, method)
    tau2: Floats = found * scale
    return tau2


def generalised_q(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Give Cochran's Q with the variance t between studies, and how fast it falls with t."""
    w = 1 / (v + t)
    residual = y - (w * y).sum(axis=0) / w.sum(axis=0)
    square = (w * residual) ** 2
    return (square * (v + t)).sum(axis=0), -square.sum(axis=0)


def solve_q(y: Floats, v: Floats, target: Floats) -> Floats:
    """Give the variance between studies at which Q falls to a target; 0 where it starts below.

    1/Q is nearly a straight line in t, and exactly one when all variances are equal: Newton's method on it
    needs few steps. Bounds that hold for any data keep the steps inside.
    """
    spread = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    # Q(t) lies between spread / (largest variance + t) and spread / t.
    low, high = np.maximum(spread / target - v.max(axis=0), 0.0), spread / target
    t = np.maximum(spread / target - v.mean(axis=0), low)
    found = np.zeros(y.shape[1])
    above = np.flatnonzero(generalised_q(y, v, np.zeros(y.shape[1]))[0] > target)
    y, v, target, t, low, high = _at(above, y, v, target, t, low, high)
    for _ in range(MOST_STEPS):
        if not len(above):
            return found
        q, slope = generalised_q(y, v, t)
        low, high = np.where(q > target, t, low), np.where(q > target, high, t)
        following = t + q * (1 - q / target) / slope
        outside = ~((following >= low) & (following <= high))
        following = np.where(outside, (low + high) / 2, following)
        done = np.abs(following - t) <= SETTLED * (1 + t)
        found[above[done]] = following[done]
        left = np.flatnonzero(~done)
        above, t = above[left], following[left]
        y, v, target, low, high = _at(left, y, v, target, low, high)
    raise _unsettled(t)


def _closed(y: Floats, v: Floats, method: str) -> Floats:
    """Give the estimators that need no search."""
    k = len(y)
    if method == "common":
        return np.zeros(y.shape[1])
    if method == "he":
        return _not_below_zero(y.var(axis=0, ddof=1) - v.mean(axis=0))
    if method == "sj":
        crude = y.var(axis=0)
        # All effects equal: there is nothing between the studies.
        safe = np.where(crude > 0, crude, 1.0)
        return _not_below_zero(np.where(crude > 0, crude * generalised_q(y, v, safe)[0] / (k - 1), 0.0))
    w = 1 / v
    total, q = w.sum(axis=0), generalised_q(y, v, np.zeros(y.shape[1]))[0]
    if method == "hs":
        return _not_below_zero((q - k) / total)
    return _not_below_zero((q - (k - 1)) / (total - (w**2).sum(axis=0) / total))


def _not_below_zero(raw: Floats) -> Floats:
    """Cut an estimate at 0: a variance below it would give weights that mean nothing."""
    cut: Floats = np.maximum(raw, 0.0)
    return cut


def _most_likely(y: Floats, v: Floats, *, restricted: bool) -> Floats:
    """Give the variance with the largest (restricted) likelihood, wherever on the axis it lies."""
    reach = (y.max(axis=0) - y.min(axis=0)) ** 2
    start = np.minimum(v.min(axis=0) / 2, reach)
    with np.errstate(divide="ignore", invalid="ignore"):
        way = np.where(reach > 0, start * (reach / start) ** GRID[:, None], 0.0)
    looked = np.concatenate([np.zeros_like(reach)[None], way])
    best = np.stack([_log_likelihood(y, v, t, restricted) for t in looked]).argmax(axis=0)
    every = np.arange(len(best))
    low, t, high = (looked[np.clip(best + step, 0, len(GRID)), every] for step in (-1, 0, 1))
    found: Floats = t.copy()
    # At 0 and falling, 0 is the answer.
    active = np.flatnonzero((t > 0) | (_slopes(y, v, t, restricted)[0] > 0))
    y, v, t, low, high = _at(active, y, v, t, low, high)
    previous = high - low
    for _ in range(MOST_STEPS):
        if not len(active):
            return found
        slope, curve = _slopes(y, v, t, restricted)
        low, high = np.where(slope > 0, t, low), np.where(slope > 0, high, t)
        with np.errstate(divide="ignore", invalid="ignore"):
            following = t - slope / curve
        # A step that is not half of the one before is no sign of convergence: halving is faster then.
        slow = ~(np.abs(following - t) <= previous / 2)
        outside = slow | ~((curve < 0) & (following >= low) & (following <= high))
        following = np.where(outside, (low + high) / 2, following)
        previous = np.abs(following - t)
        done = previous <= SETTLED * (1 + t)
        found[active[done]] = following[done]
        left = np.flatnonzero(~done)
        active, t = active[left], following[left]
        y, v, low, high, previous = _at(left, y, v, low, high, previous)
    raise _unsettled(t)


def _log_likelihood(y: Floats, v: Floats, t: Floats, restricted: bool) -> Floats:
    """Give twice the profile log-likelihood but for a constant."""
    w = 1 / (v + t)
    total = w.sum(axis=0)
    residual = y - (w * y).sum(axis=0) / total
    value: Floats = np.asarray(np.log(w).sum(axis=0) - (w * residual**2).sum(axis=0))
    if restricted:
        value -= np.log(total)
    return value


def _slopes(y: Floats, v: Floats, t: Floats, restricted: bool) -> tuple[Floats, Floats]:
    """Give first and second derivative of the profile log-likelihood."""
    w = 1 / (v + t)
    total = w.sum(axis=0)
    residual = y - (w * y).sum(axis=0) / total
    pull = w * residual
    square, weight = pull**2, w**2
    second = weight.sum(axis=0)
    slope = square.sum(axis=0) - total
    curve = second - 2 * (square * w).sum(axis=0) + 2 * (w * pull).sum(axis=0) ** 2 / total
    if restricted:
        slope = slope + second / total
        curve = curve - 2 * (weight * w).sum(axis=0) / total + (second / total) ** 2
    return slope / 2, curve / 2


def _at(places: NDArray[np.intp], *arrays: Floats) -> Any:
    """Give the columns at some places of each array."""
    return tuple(array[..., places] if len(places) < array.shape[-1] else array for array in arrays)


def _unsettled(last: Floats) -> ConvergenceError:
    return ConvergenceError(
        f"the variance between studies did not settle; the last value was {float(last[0]):.6g} times the "
        "typical variance of a study. Use method='dl', which needs no search, and look for a study whose "
        "effect or variance is in other units."
    )
