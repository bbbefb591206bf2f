"""The variance between studies, for many sets of studies at once.

Effects and variances have the shape (k, D): k studies in each of D sets. One review is D = 1; a simulation
of 10,000 reviews runs through the same lines. With moderators it is the variance that they leave between
studies; `x` holds their columns, and None stands for the mean alone. All estimators are made of
:math:`P = W - WX(X'WX)^{-1}X'W` with :math:`W` the weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import ConvergenceError, require_choice
from ranvier.evidence._design import n_coefficients, weighted

__all__ = ["GENERALISED", "METHODS", "generalised_q", "log_likelihood", "solve_q", "tau_squared"]

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
GENERALISED = "generalised q"
"""Name of the method of moments with weights that the user gives; not among `METHODS`, as it needs them."""

CLOSED = ("common", "dl", "he", "hs", GENERALISED)
"""Methods without a search."""

SETTLED = 1e-12
"""A step this small, relative to the variances of the studies and between them, ends the search: both
searches converge quadratically, so that what is left is rounding."""
MOST_STEPS = 200
"""Bisection alone needs 100 steps for the range of float64."""
GRID = np.linspace(0, 1, 9)
"""Where the likelihood is looked at before it is climbed, beside 0: equal steps on the logarithmic way from
half the smallest variance of a study, below which nothing changes, to the largest value that the variance
between studies can have. There may be two maxima, and a climb finds the nearer one."""
AT_ONCE = 2000
"""Up to so many likelihoods are computed in one call: for a few sets of studies the calls take longer than
the sums, for many the sums no longer fit in the processor's cache."""


def tau_squared(
    y: Floats, v: Floats, method: str, *, x: Floats | None = None, moments: Floats | None = None
) -> Floats:
    """Give the variance between studies of each column, at least 0.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k, D)
        Effects and variances; k above the number of coefficients.
    method : str
        One of `METHODS`, or `GENERALISED`.
    x : ndarray of float64, shape (k, p), optional
        Orthonormal columns of the moderators, the intercept among them; the mean alone when None.
    moments : ndarray of float64, shape (k, D), optional
        Weights of the generalised Q.

    Returns
    -------
    ndarray of float64, shape (D,)
        The variances.
    """
    # Units make no difference: rates of 1e-4 have variances of 1e-10, which no fixed tolerance fits.
    scale = 1 / (1 / v).mean(axis=0)
    crude = y.var(axis=0) / scale
    y, v = weighted(np.ones_like(v), x).residual(y) / np.sqrt(scale), v / scale
    df = len(y) - n_coefficients(x)
    if method in {"ml", "reml"}:
        found = _most_likely(y, v, x, restricted=method == "reml")
    elif method in {"pm", "eb"}:
        found = solve_q(y, v, np.full(y.shape[1], float(df)), x=x)
    elif method == "pm-median":
        found = solve_q(y, v, np.full(y.shape[1], float(special.chdtri(df, 0.5))), x=x)
    elif method == "sj":
        found = _sidik_jonkman(y, v, crude, x)
    else:
        found = _closed(y, v, method, x, moments)
    tau2: Floats = found * scale
    return tau2


def generalised_q(y: Floats, v: Floats, t: Floats, x: Floats | None = None) -> tuple[Floats, Floats]:
    """Give Cochran's Q with the variance t between studies, and how fast it falls with t."""
    w = 1 / (v + t)
    square = (w * weighted(w, x).residual(y)) ** 2
    return (square * (v + t)).sum(axis=0), -square.sum(axis=0)


def solve_q(y: Floats, v: Floats, target: Floats, *, x: Floats | None = None) -> Floats:
    """Give the variance between studies at which Q falls to a target; 0 where it starts below.

    1/Q is nearly a straight line in t, and exactly one when all variances are equal: Newton's method on it
    needs few steps. Bounds that hold for any data keep the steps inside.
    """
    spread = (weighted(np.ones_like(v), x).residual(y) ** 2).sum(axis=0)
    # Q(t) lies between spread / (largest variance + t) and spread / t.
    low, high = np.maximum(spread / target - v.max(axis=0), 0.0), spread / target
    t = np.maximum(spread / target - v.mean(axis=0), low)
    found = np.zeros(y.shape[1])
    above = np.flatnonzero(generalised_q(y, v, np.zeros(y.shape[1]), x)[0] > target)
    y, v, target, t, low, high = _at(above, y, v, target, t, low, high)
    for _ in range(MOST_STEPS):
        if not len(above):
            return found
        q, slope = generalised_q(y, v, t, x)
        low, high = np.where(q > target, t, low), np.where(q > target, high, t)
        following = t + q * (1 - q / target) / slope
        outside = ~((following >= low) & (following <= high))
        following = np.where(outside, (low + high) / 2, following)
        done, t = np.abs(following - t) <= SETTLED * (1 + t), following
        if done.any():
            found[above[done]] = t[done]
            above, y, v, target, t, low, high = _at(np.flatnonzero(~done), above, y, v, target, t, low, high)
    raise _unsettled(t)


def _closed(y: Floats, v: Floats, method: str, x: Floats | None, moments: Floats | None) -> Floats:
    """Give the estimators that need no search: a weighted sum of squares less what chance makes of it."""
    if method not in CLOSED:
        require_choice("method", method, METHODS)
    if method == "common":
        return np.zeros(y.shape[1])
    w = np.ones_like(v) if method == "he" else 1 / v
    if method == GENERALISED and moments is not None:
        w = np.broadcast_to(moments, v.shape)
    at = weighted(w, x)
    q, total = (w * at.residual(y) ** 2).sum(axis=0), w.sum(axis=0)
    if method == "hs":
        return _not_below_zero((q - len(y)) / total)
    expected = (w * v).sum(axis=0) - at.trace(w**2 * v)
    return _not_below_zero((q - expected) / (total - at.trace(w**2)))


def _sidik_jonkman(y: Floats, v: Floats, crude: Floats, x: Floats | None) -> Floats:
    """Give the crude variance of the effects, corrected once."""
    # All effects equal: there is nothing between the studies.
    safe = np.where(crude > 0, crude, 1.0)
    q = generalised_q(y, v, safe, x)[0] / (len(y) - n_coefficients(x))
    return _not_below_zero(np.where(crude > 0, crude * q, 0.0))


def _not_below_zero(raw: Floats) -> Floats:
    """Cut an estimate at 0: a variance below it would give weights that mean nothing."""
    cut: Floats = np.maximum(raw, 0.0)
    return cut


def _most_likely(y: Floats, v: Floats, x: Floats | None, *, restricted: bool) -> Floats:
    """Give the variance with the largest (restricted) likelihood, wherever on the axis it lies."""
    reach = _reach(y, v, x)
    first = np.minimum(v.min(axis=0) / 2, reach)
    with np.errstate(divide="ignore", invalid="ignore"):
        way = np.where(reach > 0, first * (reach / first) ** GRID[:, None], 0.0)
    looked = np.concatenate([np.zeros_like(reach)[None], way])
    heights = _heights(y, v, looked, x, restricted)
    edge = np.full_like(heights[:1], -np.inf)
    rises, falls = (
        heights > np.concatenate([edge, heights[:-1]]),
        heights >= np.concatenate([heights[1:], edge]),
    )
    # Every maximum that shows is climbed: nearly equal ones may change places on the way up.
    place, column = np.nonzero(rises & falls)
    steps = (np.maximum(place - 1, 0), place, np.minimum(place + 1, len(GRID)))
    start_low, start, start_high = (looked[step, column] for step in steps)
    y, v = y[:, column], v[:, column]
    climbed = _climb(y, v, (start_low, start, start_high), x, restricted)
    found = np.empty_like(reach)
    if len(column) > len(reach):
        order = np.lexsort((log_likelihood(y, v, climbed, x, restricted=restricted), column))
        climbed, column = climbed[order], column[order]
    found[column] = climbed  # the last one of a set stays: the highest
    return found


def _climb(
    y: Floats, v: Floats, around: tuple[Floats, Floats, Floats], x: Floats | None, restricted: bool
) -> Floats:
    """Give the top of the likelihood that lies around each start, between two bounds."""
    low, t, high = around
    found: Floats = t.copy()
    rising = t > 0
    if not rising.all():
        # At 0 and falling, 0 is the answer.
        rising |= _slopes(y, v, t, x, restricted)[0] > 0
    active = np.flatnonzero(rising)
    y, v, t, low, high = _at(active, y, v, t, low, high)
    previous = high - low
    for _ in range(MOST_STEPS):
        if not len(active):
            return found
        slope, curve = _slopes(y, v, t, x, restricted)
        low, high = np.where(slope > 0, t, low), np.where(slope > 0, high, t)
        following = t - np.divide(slope, curve, out=np.full_like(t, np.inf), where=curve < 0)
        # A step that is not half of the one before is no sign of convergence: halving is faster then.
        slow = ~(np.abs(following - t) <= previous / 2)
        outside = slow | ~((following >= low) & (following <= high))
        following = np.where(outside, (low + high) / 2, following)
        previous = np.abs(following - t)
        done, t = previous <= SETTLED * (1 + t), following
        if done.any():
            found[active[done]] = t[done]
            active, y, v, t, low, high, previous = _at(
                np.flatnonzero(~done), active, y, v, t, low, high, previous
            )
    raise _unsettled(t)


def _reach(y: Floats, v: Floats, x: Floats | None) -> Floats:
    """Give a value that the most likely variance cannot pass.

    With the residuals' sum of squares S, y'PPy is at most S/t² and the trace of P at least (k - p)/(v + t)
    with v the largest variance: beyond the root of the quadratic equation both likelihoods fall.
    """
    if x is None:
        return np.asarray((y.max(axis=0) - y.min(axis=0)) ** 2)
    share = (y**2).sum(axis=0) / (len(y) - x.shape[1])
    return np.asarray((share + np.sqrt(share * (share + 4 * v.max(axis=0)))) / 2)


def _heights(y: Floats, v: Floats, looked: Floats, x: Floats | None, restricted: bool) -> Floats:
    """Give the log-likelihood of every set at every value looked at, shape (values, D)."""
    if looked.size > AT_ONCE:
        return np.stack([log_likelihood(y, v, t, x, restricted=restricted) for t in looked])
    many = (1, len(looked))
    flat = log_likelihood(np.tile(y, many), np.tile(v, many), looked.ravel(), x, restricted=restricted)
    return flat.reshape(looked.shape)


def log_likelihood(y: Floats, v: Floats, t: Floats, x: Floats | None = None, *, restricted: bool) -> Floats:
    """Give twice the profile log-likelihood but for a constant."""
    w = 1 / (v + t)
    at = weighted(w, x)
    value: Floats = np.asarray(np.log(w).sum(axis=0) - (w * at.residual(y) ** 2).sum(axis=0))
    return value - at.log_determinant() if restricted else value


def _slopes(y: Floats, v: Floats, t: Floats, x: Floats | None, restricted: bool) -> tuple[Floats, Floats]:
    """Give first and second derivative of the profile log-likelihood: traces of P and of its square."""
    w = 1 / (v + t)
    at = weighted(w, x)
    pull = w * at.residual(y)
    weight = w**2
    slope = (pull**2).sum(axis=0) - w.sum(axis=0)
    curve = weight.sum(axis=0) - 2 * (w * pull * at.residual(pull)).sum(axis=0)
    if restricted:
        slope = slope + at.trace(weight)
        curve = curve - 2 * at.trace(weight * w) + at.trace_of_square(weight)
    return slope / 2, curve / 2


def _at(places: NDArray[np.intp], *arrays: Any) -> Any:
    """Give the columns at some places of each array."""
    return tuple(array[..., places] if len(places) < array.shape[-1] else array for array in arrays)


def _unsettled(last: Floats) -> ConvergenceError:
    return ConvergenceError(
        f"the variance between studies did not settle in {MOST_STEPS} steps; the last value was "
        f"{float(last[0]):.6g} times the typical variance of a study. Use method='dl', which needs no "
        "search, and look for a study whose effect or variance is in other units."
    )
