"""Events known to lie in (left, right]: the nonparametric maximum likelihood, and Weibull regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import ConvergenceError

__all__ = ["Mass", "WeibullMaximum", "turnbull", "weibull_maximum"]

Floats = NDArray[np.float64]

GRADIENT_GAP = 1e-9
"""Largest excess of the gradient over n, relative to n, at which the mass is called the maximum."""
MOST_ROUNDS = 1_000
"""Rounds of the search; each solves one non-negative least-squares problem."""
NO_MASS = 1e-12
"""Mass below which an interval is dropped."""
MOST_STEPS = 200
"""Newton steps of the Weibull model; a regular likelihood takes about ten."""
SINGULAR = 1e-13
"""Smallest eigenvalue, of an information with a unit diagonal, that float64 can tell from 0."""
LARGEST_ERROR = 30.0
"""Standard error of a log time or of the log scale beyond which the likelihood is called flat: an interval
would span some fifty powers of ten."""
SETTLED = 1e-18
"""Squared length of the next Newton step in standard errors."""


@dataclass(frozen=True)
class Mass:
    """Where the events can lie and with what probability.

    Parameters
    ----------
    left, right : ndarray of float64, shape (k,)
        Innermost intervals (left, right]; left equals right for a day that is known.
    mass : ndarray of float64, shape (k,)
        Probability of each.
    value : float
        Log likelihood.
    """

    left: Floats
    right: Floats
    mass: Floats
    value: float


def turnbull(left: Floats, right: Floats) -> Mass:
    """Give the nonparametric maximum-likelihood distribution of events in (left, right], on a day if equal.

    EM steps find the region, constrained Newton steps (Wang 2007) the maximum; the gradient proves it.
    """
    inner_left, inner_right = _innermost(left, right)
    exact = left == right
    inside = np.where(
        exact[:, None],
        (inner_left == inner_right) & (inner_right == left[:, None]),
        (inner_left >= left[:, None]) & (inner_right <= right[:, None]) & (inner_right > left[:, None]),
    ).astype(np.float64)
    n = left.size
    mass = np.full(inner_left.size, 1 / inner_left.size)
    for _ in range(MOST_ROUNDS):
        mass = mass * (inside.T @ (1 / (inside @ mass))) / n
        ratio = inside / (inside @ mass)[:, None]
        gradient = ratio.sum(axis=0)
        if gradient.max() <= n * (1 + GRADIENT_GAP):
            kept = mass > NO_MASS
            value = float(np.log(inside @ mass).sum())
            return Mass(inner_left[kept], inner_right[kept], mass[kept] / mass[kept].sum(), value)
        mass = _newton_step(inside, ratio, mass)
    raise ConvergenceError(
        "the distribution of the interval-censored events did not settle; report this data set."
    )


def _innermost(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Give the intervals from a left end to the next right end with nothing between.

    At one value a known day opens first, then intervals close, then others open: (0, 3] and (3, 5] do not
    meet.
    """
    values = np.concatenate((left, right))
    kinds = np.concatenate((np.where(left == right, 0, 2), np.ones(right.size, np.int64)))
    order = np.lexsort((kinds, values))
    values, opens = values[order], kinds[order] != 1
    starts = np.flatnonzero(opens[:-1] & ~opens[1:])
    return values[starts], values[starts + 1]


def _newton_step(inside: Floats, ratio: Floats, mass: Floats) -> Floats:
    """Maximise the quadratic approximation over all distributions, and go there as far as it helps."""
    from scipy import optimize

    # The approximation at p is -|S q - 2|^2 / 2 with S = inside / (inside p); the sum of q is held at 1 by
    # folding the constraint into one extra row (Dax 1990): solve |S' q|^2 + (sum q - 1)^2 and rescale.
    shifted = ratio - 2.0
    weights, _ = optimize.nnls(
        np.vstack((shifted, np.ones(mass.size))),
        np.append(np.zeros(ratio.shape[0]), 1.0),
        maxiter=50 * mass.size,
    )
    if weights.sum() <= 0:
        return mass
    goal = weights / weights.sum()
    here, size = float(np.log(inside @ mass).sum()), 1.0
    while size > 1e-10:
        tried: Floats = mass + size * (goal - mass)
        with np.errstate(divide="ignore"):
            if np.log(inside @ tried).sum() > here:
                return tried
        size /= 2
    return mass


@dataclass(frozen=True)
class WeibullMaximum:
    """Coefficients of log time and the log scale at the maximum.

    Parameters
    ----------
    beta : ndarray of float64, shape (p,)
        Intercept first.
    log_scale : float
        Log of the scale of log time, which is one over the Weibull shape.
    covariance : ndarray of float64, shape (p + 1, p + 1)
        Inverse of the observed information; the log scale last.
    value : float
        Log likelihood, of times in days.
    """

    beta: Floats
    log_scale: float
    covariance: Floats
    value: float


def weibull_maximum(left: Floats, right: Floats, x: Floats) -> WeibullMaximum:
    """Fit log time = x beta + scale W, W the smallest-extreme-value law, to events in (left, right]."""
    middle = np.where(np.isinf(right), left, (left + right) / 2)
    log_middle = np.log(np.maximum(middle, middle[middle > 0].min()))
    beta, *_ = np.linalg.lstsq(x, log_middle, rcond=None)
    spread = float(np.std(log_middle - x @ beta))
    at = np.append(beta, np.log(max(spread, 0.1)))
    value, score, information = _weibull_derivatives(left, right, x, at)
    for _ in range(MOST_STEPS):
        step = _uphill(score, information)
        if _curved(information) and float(score @ step) < SETTLED:
            covariance = np.linalg.inv(information).astype(np.float64)
            _require_curved(x, covariance)
            return WeibullMaximum(at[:-1], float(at[-1]), covariance, value)
        size = min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-300))
        while True:
            with np.errstate(over="ignore", invalid="ignore"):  # a step too far is halved
                tried = _weibull_derivatives(left, right, x, at + size * step)
            usable = np.isfinite(tried[1]).all() and np.isfinite(tried[2]).all()
            if usable and tried[0] >= value - 1e-11 * (1 + abs(value)):
                break
            size /= 2
            if size < 1e-12:
                raise ConvergenceError(NOT_SETTLED)
        at = at + size * step
        value, score, information = tried
    raise ConvergenceError(NOT_SETTLED)


NOT_SETTLED = (
    "the Weibull model did not settle: an arm may have no event, or all events may share one interval, so "
    "that the likelihood has no maximum. Use stats.interval_survival, or fewer covariates."
)
"""Why a Weibull fit can fail, for the error."""


def _curved(information: Floats) -> bool:
    """Tell whether an information is positive in every direction, as far as float64 can tell."""
    size = np.diag(information)
    if not (size > 0).all():
        return False
    return bool(np.linalg.eigvalsh(information / np.sqrt(np.outer(size, size)))[0] > SINGULAR)


def _require_curved(x: Floats, covariance: Floats) -> None:
    """Refuse a likelihood that is flat where the search ended: it rises for ever in some direction."""
    times = np.einsum("ia,ab,ib->i", x, covariance[:-1, :-1], x).max()
    if not max(float(times), float(covariance[-1, -1])) < LARGEST_ERROR**2:
        raise ConvergenceError(NOT_SETTLED)


def _uphill(score: Floats, information: Floats) -> Floats:
    """Give Newton's step, with the curvature made positive where it is not."""
    values, vectors = np.linalg.eigh(information)
    floor = 1e-8 * max(float(np.abs(values).max()), 1e-300)
    step: Floats = vectors @ ((vectors.T @ score) / np.maximum(np.abs(values), floor))
    return step


def _weibull_derivatives(left: Floats, right: Floats, x: Floats, at: Floats) -> tuple[float, Floats, Floats]:
    """Give the log likelihood, its score and minus its second derivative."""
    scale = np.exp(at[-1])
    exact = left == right
    with np.errstate(divide="ignore"):
        lower, upper = ((np.log(end) - x @ at[:-1]) / scale for end in (left, right))
    value, slopes, curves = np.empty(left.size), np.zeros((left.size, 2)), np.zeros((left.size, 2, 2))
    value[exact], slopes[exact, 0], curves[exact, 0, 0] = _known(lower[exact], left[exact], at[-1])
    rest = ~exact
    value[rest], slopes[rest], curves[rest] = _between(lower[rest], upper[rest])
    z = np.stack((np.where(np.isfinite(lower), lower, 0.0), np.where(np.isfinite(upper), upper, 0.0)), axis=1)
    # z = (log t - x beta) / scale: dz/dmu = -1/scale, dz/dtheta = -z, and second derivatives 1/scale and z.
    by_mu, by_theta = -slopes.sum(axis=1) / scale, -(slopes * z).sum(axis=1)
    mu_mu = curves.sum(axis=(1, 2)) / scale**2
    mu_theta = (np.einsum("iab,ib->i", curves, z) + slopes.sum(axis=1)) / scale
    theta_theta = np.einsum("iab,ia,ib->i", curves, z, z) + (slopes * z).sum(axis=1)
    by_theta = by_theta - exact
    score = np.append(x.T @ by_mu, by_theta.sum())
    corner = x.T @ mu_theta
    hessian = np.block([[(x.T * mu_mu) @ x, corner[:, None]], [corner[None], theta_theta.sum()[None, None]]])
    return float(value.sum()), score, -hessian


def _known(z: Floats, days: Floats, log_scale: float) -> tuple[Floats, Floats, Floats]:
    """Give log density of days that are known, and its derivatives by z (the scale's own part apart)."""
    hazard = np.exp(z)
    return z - hazard - log_scale - np.log(days), 1 - hazard, -hazard


def _between(lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats]:
    """Give the log of S(lower) - S(upper) with S(z) = exp(-exp(z)), and its derivatives by both."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        width = np.exp(upper) - np.exp(lower)
        # S(lower) - S(upper) = S(lower) (1 - exp(-width)), which keeps the digits of small differences.
        share = -np.expm1(-width)
        value = -np.exp(lower) + np.log(share)
        down = np.where(np.isfinite(lower), np.exp(lower) / share, 0.0)
        up = np.where(np.isfinite(upper), np.exp(upper - width) / share, 0.0)
        down_curve = np.where(np.isfinite(lower), np.exp(lower) * (1 - np.exp(lower)) / share, 0.0)
        up_curve = np.where(np.isfinite(upper), np.exp(upper - width) * (1 - np.exp(upper)) / share, 0.0)
    slopes = np.stack((-down, up), axis=1)
    curves = -slopes[:, :, None] * slopes[:, None, :]
    curves[:, 0, 0] -= down_curve
    curves[:, 1, 1] += up_curve
    return value, slopes, curves
