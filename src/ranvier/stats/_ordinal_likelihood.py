"""The proportional-odds likelihood, with or without a normal random intercept of each subject.

logit P(Y <= c) = theta_c - x'beta - sigma u, u standard normal. The integral over u is taken by adaptive
Gauss-Hermite quadrature: nodes are centred and scaled at each subject's own peak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import ConvergenceError, InputError
from ranvier.stats._term_columns import EXACT, SEPARATED

__all__ = ["OrdinalData", "OrdinalFit", "fit_ordinal", "hessian", "require_finite_estimates"]

LARGEST_SIGMA = 50.0
"""Standard deviation of the intercepts, on the logit scale, above which it has no finite estimate: odds of
subjects one standard deviation apart would differ by e**50."""
SMALLEST_SIGMA = 1e-3
"""Standard deviation below which the model is the one without random intercept: odds differ by 0.1 %."""
ROUGH = 0.05
"""Slope at which the rough search hands over to Newton's method, which then needs a few steps."""
REACH = 30.0
"""Thresholds, log gaps and log odds ratios are looked for up to this size; e**30 is no odds ratio of
anything."""
SETTLED = 1e-7
"""Largest slope of the log-likelihood that counts as settled."""
HESSIAN_STEP = 1e-4
"""Step of the central differences of the gradient; their error is about its square."""
NEWTON_STEPS = 40
"""From the rough search Newton needs a few steps; a profile bound far out some more."""
LONGEST_STEP = 1.0
"""Longest change of a parameter in one step: further out the curvature says little."""
HALVINGS = 8
"""A step that does not shorten the slope is halved at most so often."""
PEAK_SETTLED = 1e-9
"""Step at which a peak is found; nodes need not lie exactly on it."""
FAR = 1e6
"""Bracket of the peaks before it is narrowed; no standard normal value lies there."""
PEAK_STEPS = 80
"""Newton steps to a subject's peak; the log-density is concave and needs fewer than ten."""

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class OrdinalData:
    """Outcomes as categories 0, 1, ..., with the linear predictor and the subject of each row.

    Parameters
    ----------
    category : ndarray of int64, shape (n,)
        Place of each outcome among the categories seen.
    x : ndarray of float64, shape (n, p)
        Columns of the linear predictor, without intercept.
    subject : ndarray of int64, shape (n,)
        Place of each row's subject, rows of a subject side by side.
    nodes, log_weights : ndarray of float64, shape (q,)
        Gauss-Hermite nodes and log weights for the weight function exp(-u**2 / 2); empty without random
        intercept.
    """

    category: Whole
    x: Floats
    subject: Whole
    nodes: Floats
    log_weights: Floats

    @property
    def cuts(self) -> int:
        """Give the number of thresholds."""
        return int(self.category.max())

    @property
    def random(self) -> bool:
        """Tell whether there is a random intercept."""
        return self.nodes.size > 0


@dataclass(frozen=True)
class OrdinalFit:
    """Estimates at the peak of the likelihood.

    Parameters
    ----------
    theta : ndarray of float64, shape (cuts,)
        Thresholds.
    beta : ndarray of float64, shape (p,)
        Log odds ratios of a higher category.
    sigma : float
        Standard deviation of the intercepts; 0 without.
    log_likelihood : float
        At the estimates.
    """

    theta: Floats
    beta: Floats
    sigma: float
    log_likelihood: float


def gauss_hermite(count: int) -> tuple[Floats, Floats]:
    """Give nodes and log weights for the weight function exp(-u**2 / 2)."""
    nodes, weights = special.roots_hermitenorm(count)
    return nodes, np.log(weights)


def fit_ordinal(
    data: OrdinalData, *, fixed: tuple[int, float] | None = None, near: OrdinalFit | None = None
) -> OrdinalFit:
    """Maximise the likelihood, optionally with one coefficient held at a value and starting near a known fit.

    The search works on thresholds written as a first one and log gaps, coefficients, and log
    sigma: roughly by L-BFGS-B, then by Newton's method on the slope.
    """
    from scipy.optimize import minimize

    cuts, p = data.cuts, data.x.shape[1]
    free = np.ones(cuts + p + data.random, dtype=bool)
    start = _start(data) if near is None else _pack(data, near)
    if fixed is not None:
        free[cuts + fixed[0]], start[cuts + fixed[0]] = False, fixed[1]

    def objective(part: Floats) -> tuple[float, Floats]:
        full = start.copy()
        full[free] = part
        value, slope = _value_and_slope(data, full)
        return -value, -slope[free]

    reach = np.array([(-REACH, REACH)] * start.size)
    if data.random:
        reach[-1] = (np.log(SMALLEST_SIGMA / 2), np.log(2 * LARGEST_SIGMA))
    options = {"gtol": ROUGH, "ftol": 0.0, "maxiter": 500}
    options = {"gtol": ROUGH, "ftol": 0.0, "maxiter": 500}
    place = start[free]
    if near is None:
        place = minimize(objective, place, jac=True, method="L-BFGS-B", bounds=reach[free], options=options).x
    if data.random and place[-1] > np.log(LARGEST_SIGMA):
        raise ConvergenceError(
            "the standard deviation of the patients' intercepts grows without limit: each patient's "
            "scores never change. Use one visit per patient with random='none', or stats.paired."
        )
    place, slope = _polish(lambda part: -objective(part)[1], place, data.random)
    full = start.copy()
    full[free] = place
    sigma = float(np.exp(full[-1])) if data.random else 0.0
    if np.abs(slope).max() > SETTLED and not (data.random and sigma < SMALLEST_SIGMA):
        raise ConvergenceError(
            f"the ordinal model did not settle (largest slope {np.abs(slope).max():.2g}); leave out terms, "
            "or join rare scores."
        )
    theta, beta, _ = _unpack(data, full)
    return OrdinalFit(theta, beta, sigma, _value_and_slope(data, full)[0])


def _polish(slope_at: Callable[[Floats], Floats], place: Floats, random: bool) -> tuple[Floats, Floats]:
    """Follow the slope to its root by Newton's method, never far in one step; give place and slope there.

    The slope is the exact one of the integral, the value its quadrature; near the peak only the slope is
    sharp.
    """
    slope = slope_at(place)
    for _ in range(NEWTON_STEPS):
        if np.abs(slope).max() < SETTLED or (random and place[-1] < np.log(SMALLEST_SIGMA)):
            break
        information = -_differences(slope_at, place)
        # Away from the peak a direction may curve upwards: step by its size all the same.
        values, vectors = np.linalg.eigh(information)
        step = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), 1e-8))
        step *= min(1.0, LONGEST_STEP / np.abs(step).max())
        for _ in range(HALVINGS):
            tried = slope_at(place + step)
            if np.linalg.norm(tried) < np.linalg.norm(slope):
                break
            step = step / 2
        place, slope = place + step, tried
    return place, slope


def _differences(slope_at: Callable[[Floats], Floats], place: Floats) -> Floats:
    """Give the symmetric matrix of second derivatives from central differences of the slope."""
    size = place.size
    columns = np.empty((size, size))
    for j in range(size):
        step = np.zeros(size)
        step[j] = HESSIAN_STEP
        columns[j] = (slope_at(place + step) - slope_at(place - step)) / (2 * HESSIAN_STEP)
    second: Floats = (columns + columns.T) / 2
    return second


def hessian(data: OrdinalData, fit: OrdinalFit) -> Floats:
    """Give the observed information of thresholds (first and log gaps), coefficients and log sigma."""
    return -_differences(lambda place: _value_and_slope(data, place)[1], _pack(data, fit))


def require_finite_estimates(data: OrdinalData, names: tuple[str, ...]) -> None:
    """Refuse data in which some direction of thresholds and coefficients makes every outcome ever likelier.

    Such a direction keeps no upper threshold of an outcome from rising against its predictor and no lower
    one from falling; a linear programme finds it (separation, as in logistic regression).
    """
    from scipy.optimize import linprog

    cuts = data.cuts
    scaled = (data.x - data.x.mean(axis=0)) / np.abs(data.x - data.x.mean(axis=0)).max(axis=0)
    rows = []
    for k, sign in ((0, 1.0), (-1, -1.0)):
        cut = data.category + k
        used = (cut >= 0) & (cut < cuts)
        theta = np.zeros((int(used.sum()), cuts))
        theta[np.arange(theta.shape[0]), cut[used]] = sign
        rows.append(np.concatenate([theta, -sign * scaled[used]], axis=1))
    gain = np.unique(np.concatenate(rows), axis=0)
    found = linprog(
        -gain.sum(axis=0),
        A_ub=-gain,
        b_ub=np.zeros(gain.shape[0]),
        bounds=(-1, 1),
        method="highs",
        options=EXACT,
    )
    if found.status == 0 and found.fun < -SEPARATED:
        parts = [name for name, part in zip(names, found.x[cuts:], strict=True) if abs(part) > SEPARATED]
        raise InputError(
            f"{parts} separate the scores: along them every score becomes ever likelier, so that the odds "
            "ratio has no finite estimate. Use an exact method (stats.compare_proportions on a cut, "
            "rank-sum), or leave the term out."
        )


def _start(data: OrdinalData) -> Floats:
    """Give the thresholds of the observed shares, odds ratios of 1, and sigma 1."""
    counts = np.bincount(data.category, minlength=data.cuts + 1) + 0.5
    theta = special.logit(np.cumsum(counts)[:-1] / counts.sum())
    gaps = np.log(np.diff(theta))
    return np.concatenate([theta[:1], gaps, np.zeros(data.x.shape[1]), np.zeros(int(data.random))])


def _pack(data: OrdinalData, fit: OrdinalFit) -> Floats:
    last = [np.log(fit.sigma)] if data.random else []
    return np.concatenate([fit.theta[:1], np.log(np.diff(fit.theta)), fit.beta, last])


def _unpack(data: OrdinalData, place: Floats) -> tuple[Floats, Floats, float]:
    """Give thresholds, coefficients and sigma."""
    cuts, p = data.cuts, data.x.shape[1]
    theta = place[0] + np.concatenate([[0.0], np.cumsum(np.exp(place[1:cuts]))])
    return theta, place[cuts : cuts + p], float(np.exp(place[-1])) if data.random else 0.0


def _value_and_slope(data: OrdinalData, place: Floats) -> tuple[float, Floats]:
    """Give the log-likelihood and its gradient."""
    with np.errstate(over="ignore"):
        theta, beta, sigma = _unpack(data, place)
    eta = data.x @ beta
    if not data.random:
        log_p, upper, lower = _pieces(data.category, theta, eta)
        return float(log_p.sum()), _collect(data, place, upper, lower)
    peak, width = _peaks(data, theta, eta, sigma)
    u = peak[:, None] + width[:, None] * data.nodes
    log_p, upper, lower = _pieces(data.category[:, None], theta, eta[:, None] + sigma * u[data.subject])
    starts = np.flatnonzero(np.r_[True, np.diff(data.subject) > 0])
    joint = np.add.reduceat(log_p, starts, axis=0)
    joint += data.log_weights + (data.nodes**2 - u**2) / 2 + np.log(width)[:, None] - np.log(2 * np.pi) / 2
    total = special.logsumexp(joint, axis=1)
    # Fisher's identity: the slope of log of the integral is the mean slope under the posterior of u.
    share = np.exp(joint - total[:, None])[data.subject]
    slope = _collect(data, place, (share * upper).sum(axis=1), (share * lower).sum(axis=1))
    slope[-1] = -float((share * (upper + lower) * u[data.subject]).sum()) * sigma
    return float(total.sum()), slope


def _pieces(category: Whole, theta: Floats, eta: Floats) -> tuple[Floats, Floats, Floats]:
    """Give log P(category) and its slopes by the upper and the lower threshold."""
    edges = np.concatenate([[-np.inf], theta, [np.inf]])
    high, low = edges[category + 1] - eta, edges[category] - eta
    # F(high) - F(low) without cancellation: F(high) F(-low) (1 - exp(low - high)).
    with np.errstate(over="ignore", invalid="ignore"):
        gap = np.where(np.isinf(high) | np.isinf(low), np.inf, high - low)
        log_p = special.log_expit(high) + special.log_expit(-low) + np.log(-np.expm1(-gap))
        upper = np.exp(special.log_expit(high) + special.log_expit(-high) - log_p)
        lower = -np.exp(special.log_expit(low) + special.log_expit(-low) - log_p)
    return log_p, np.where(np.isinf(high), 0.0, upper), np.where(np.isinf(low), 0.0, lower)


def _collect(data: OrdinalData, place: Floats, upper: Floats, lower: Floats) -> Floats:
    """Give the gradient from the slopes by each row's thresholds; the place of log sigma is left at 0."""
    cuts = data.cuts
    by_cut = np.bincount(data.category, weights=upper, minlength=cuts + 1)[:cuts]
    by_cut = by_cut + np.bincount(data.category, weights=lower, minlength=cuts + 1)[1:]
    later = np.cumsum(by_cut[::-1])[::-1]
    slope = np.zeros(place.size)
    slope[0] = later[0]
    slope[1:cuts] = later[1:] * np.exp(place[1:cuts])
    slope[cuts : cuts + data.x.shape[1]] = -data.x.T @ (upper + lower)
    return slope


def _peaks(data: OrdinalData, theta: Floats, eta: Floats, sigma: float) -> tuple[Floats, Floats]:
    """Give where each subject's integrand peaks and how wide it is there."""
    subjects = int(data.subject[-1]) + 1
    edges = np.concatenate([[-np.inf], theta, [np.inf]])
    high_edge, low_edge = edges[data.category + 1] - eta, edges[data.category] - eta
    u, below, above = np.zeros(subjects), np.full(subjects, -FAR), np.full(subjects, FAR)
    for _ in range(PEAK_STEPS):
        shift = sigma * u[data.subject]
        high, low = special.expit(high_edge - shift), special.expit(low_edge - shift)
        # d log p / d eta = F(high) + F(low) - 1, whose slope is minus the two logistic densities.
        slope = sigma * np.bincount(data.subject, weights=high + low - 1, minlength=subjects) - u
        density = high * (1 - high) + low * (1 - low)
        curve = 1 + sigma**2 * np.bincount(data.subject, weights=density, minlength=subjects)
        step = np.clip(slope / curve, -3.0, 3.0)
        if np.abs(step).max() < PEAK_SETTLED:
            break
        # The slope falls throughout: it brackets the peak, and Newton's step must stay inside.
        below, above = np.where(slope > 0, u, below), np.where(slope < 0, u, above)
        moved = u + step
        outside = (moved <= below) | (moved >= above)
        u = np.where(outside & (np.abs(step) > PEAK_SETTLED), (below + above) / 2, moved)
    return u, 1 / np.sqrt(curve)
