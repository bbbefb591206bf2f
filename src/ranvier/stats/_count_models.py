"""Maximum likelihood for counts with an offset: Poisson and negative binomial, and their variances.

Dispersion is alpha: variance = mean + alpha * mean**2. alpha is 1 / size, and 0 is the Poisson model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import ConvergenceError, InputError
from ranvier.stats._inputs import find_root
from ranvier.stats._term_columns import EXACT, SEPARATED

__all__ = ["CountFit", "dispersion_bounds", "fit_negative_binomial", "fit_poisson", "pearson", "variance"]

MOST_STEPS = 200
"""Scoring converges in fewer than ten steps wherever the estimate exists."""
SETTLED = 1e-11
"""Change of every linear predictor, relative to 1, below which nothing printed can move."""
GRID = np.linspace(-12.0, 8.0, 41)
"""Logarithms of the dispersion at which its profile is looked at before it is refined: variances from a
hundred-thousandth more than Poisson to thousands of times more."""
FLAT = 1e-10
"""Rise of the log-likelihood over Poisson below which the dispersion is 0: rounding reaches that far."""
ALONE = 1 - 1e-9
"""Leverage from which a patient alone decides a coefficient."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CountFit:
    """Coefficients with what their variances need.

    Parameters
    ----------
    beta : ndarray of float64, shape (p,)
        Coefficients of the log rate.
    mean : ndarray of float64, shape (n,)
        Fitted relapses of each patient.
    alpha : float
        Dispersion, 0 for Poisson.
    log_likelihood : float
        At the estimates, constants included.
    """

    beta: Floats
    mean: Floats
    alpha: float
    log_likelihood: float


def fit_poisson(x: Floats, y: Floats, years: Floats, names: tuple[str, ...]) -> CountFit:
    """Give the Poisson estimates; refuse data for which they are infinite."""
    _require_finite_estimates(x, y, names)
    beta, mean = _score(x, y, np.log(years), 0.0, None)
    return CountFit(beta, mean, 0.0, _log_likelihood(y, mean, 0.0))


def fit_negative_binomial(x: Floats, y: Floats, years: Floats, names: tuple[str, ...]) -> CountFit:
    """Give the negative binomial estimates; alpha is 0 when no dispersion fits better than Poisson."""
    start = fit_poisson(x, y, years, names)
    offset = np.log(years)
    profile = []
    beta = start.beta
    for log_alpha in GRID:
        beta, mean = _score(x, y, offset, math.exp(log_alpha), beta)
        profile.append(_log_likelihood(y, mean, math.exp(log_alpha)))
    best = int(np.argmax(profile))
    if profile[best] <= start.log_likelihood + FLAT or best == 0:
        return start
    if best == GRID.size - 1:
        raise ConvergenceError(
            f"the dispersion grows without limit (above {math.exp(GRID[-1]):.0f}): a few patients have all "
            "relapses. Use family='quasi-poisson' with variance='hc3', or stats.relapse_permutation."
        )

    def slope(log_alpha: float) -> float:
        _, mean = _score(x, y, offset, math.exp(log_alpha), beta)
        return _alpha_score(y, mean, math.exp(log_alpha))

    alpha = math.exp(find_root(slope, GRID[best - 1], GRID[best + 1]))
    beta, mean = _score(x, y, offset, alpha, beta)
    return CountFit(beta, mean, alpha, _log_likelihood(y, mean, alpha))


def dispersion_bounds(
    fit: CountFit, x: Floats, y: Floats, years: Floats, level: float
) -> tuple[float, float]:
    """Give the dispersions that the profile likelihood-ratio test does not reject."""
    from scipy import special

    offset, drop = np.log(years), float(special.chdtri(1, 1 - level)) / 2

    def excess(log_alpha: float) -> float:
        _, mean = _score(x, y, offset, math.exp(log_alpha), fit.beta)
        return _log_likelihood(y, mean, math.exp(log_alpha)) - fit.log_likelihood + drop

    middle = math.log(fit.alpha) if fit.alpha > 0 else GRID[0]
    _, at_zero = _score(x, y, offset, 0.0, fit.beta)
    low = 0.0
    if _log_likelihood(y, at_zero, 0.0) < fit.log_likelihood - drop:
        low = math.exp(find_root(excess, GRID[0], middle))
    high = math.inf if excess(GRID[-1]) > 0 else math.exp(find_root(excess, middle, GRID[-1]))
    return low, high


def variance(fit: CountFit, x: Floats, y: Floats, *, kind: str, family: str) -> Floats:
    """Give the covariance of the coefficients.

    "model" is the inverse expected information (times Pearson's dispersion for quasi-Poisson), "observed" the
    inverse observed information of coefficients and dispersion together, "hc0" to "hc3" the sandwich with
    the squared residual as it is, times n / (n - p), over 1 - h, over (1 - h) squared, h the leverage.
    """
    spread = 1 + fit.alpha * fit.mean
    weight = fit.mean / spread
    bread = _inverse(x.T @ (weight[:, None] * x))
    n, p = x.shape
    if kind == "model":
        return bread * pearson(fit, y, p) if family == "quasi-poisson" else bread
    if kind == "observed":
        scale = pearson(fit, y, p) if family == "quasi-poisson" else 1.0
        return scale * _observed(fit, x, y)
    leverage = weight * np.einsum("ij,jk,ik->i", x, bread, x)
    if leverage.max() > ALONE:
        raise InputError(
            f"{kind!r} cannot be used: patient {int(leverage.argmax()) + 1} of the fit alone decides "
            "a coefficient (leverage 1), so that no residual is left. Use variance='model', leave out a "
            "covariate, or use stats.relapse_permutation."
        )
    factor = {
        "hc0": np.ones(n),
        "hc1": np.full(n, n / (n - p)),
        "hc2": 1 / (1 - leverage),
        "hc3": 1 / (1 - leverage) ** 2,
    }[kind]
    score = (y - fit.mean) / spread
    meat = x.T @ ((factor * score**2)[:, None] * x)
    robust: Floats = bread @ meat @ bread
    return robust


def pearson(fit: CountFit, y: Floats, p: int) -> float:
    """Give Pearson's chi-square of the model over its degrees of freedom."""
    spread = fit.mean * (1 + fit.alpha * fit.mean)
    return float(((y - fit.mean) ** 2 / spread).sum() / (y.size - p))


def _require_finite_estimates(x: Floats, y: Floats, names: tuple[str, ...]) -> None:
    """Refuse data for which some direction only lowers the means of patients without events.

    Along such a direction the likelihood rises for ever. It exists when a linear programme has a value above
    0 (Santos Silva and Tenreyro 2010).
    """
    from scipy.optimize import linprog

    none = y == 0
    if not none.any():
        return
    zeros, others = x[none], x[~none]
    scale = np.abs(x).max(axis=0)
    found = linprog(
        (zeros / scale).sum(axis=0),
        A_ub=zeros / scale,
        b_ub=np.zeros(zeros.shape[0]),
        A_eq=others / scale if others.size else None,
        b_eq=np.zeros(others.shape[0]) if others.size else None,
        bounds=(-1, 1),
        method="highs",
        options=EXACT,
    )
    if found.status == 0 and found.fun < -SEPARATED:
        involved = [name for name, part in zip(names, found.x, strict=True) if abs(part) > SEPARATED]
        raise InputError(
            "the rate of some patients is estimated as 0, because all patients with this combination of "
            f"{involved} had no relapse; the model has no finite answer. Join levels or leave out the "
            "covariate, or compare the arms with stats.rate_ratio (exact) or stats.relapse_permutation."
        )


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _score(x: Floats, y: Floats, offset: Floats, alpha: float, start: Floats | None) -> tuple[Floats, Floats]:
    """Give coefficients and means at a given dispersion by Fisher scoring with step halving."""
    beta: Floats = np.linalg.lstsq(x, np.log(y + 0.5) - offset, rcond=None)[0].astype(np.float64)
    if start is not None:
        beta = start
    eta = x @ beta + offset
    value = _kernel(y, eta, alpha)
    for _ in range(MOST_STEPS):
        mean = np.exp(eta)
        weight = mean / (1 + alpha * mean)
        root = np.sqrt(weight)
        step = np.linalg.lstsq(root[:, None] * x, root * (y - mean) / mean, rcond=None)[0]
        change = x @ step
        size = 1.0
        while size > 1e-10:
            moved = eta + size * change
            after = _kernel(y, moved, alpha)
            if after >= value - 1e-12 * abs(value):
                break
            size /= 2
        beta, eta, value = beta + size * step, eta + size * change, after
        if np.abs(change).max() < SETTLED:
            return beta, np.exp(eta)
    raise ConvergenceError(
        f"the count model did not settle in {MOST_STEPS} steps; leave out covariates, or use "
        "stats.relapse_permutation."
    )


def _kernel(y: Floats, eta: Floats, alpha: float) -> float:
    """Give the part of the log-likelihood that depends on the linear predictor."""
    with np.errstate(over="ignore"):
        mean = np.exp(eta)
        if alpha == 0:
            return float((y * eta - mean).sum())
        return float((y * eta - (y + 1 / alpha) * np.log1p(alpha * mean)).sum())


def _log_likelihood(y: Floats, mean: Floats, alpha: float) -> float:
    """Give the log-likelihood; products of (1 + alpha j) in place of gamma functions keep it exact near 0."""
    from scipy import special

    places, times = _below(y)
    ways = float((times * np.log1p(alpha * places)).sum() - special.gammaln(y + 1).sum())
    return _kernel(y, np.log(mean), alpha) + ways


def _below(y: Floats) -> tuple[Floats, Floats]:
    """Give the numbers 0, 1, ... and how many patients have more relapses than each."""
    counts = np.bincount(y.astype(np.int64))
    more = y.size - np.cumsum(counts)
    return np.arange(more.size, dtype=np.float64), more.astype(np.float64)


def _alpha_score(y: Floats, mean: Floats, alpha: float) -> float:
    """Give the derivative of the log-likelihood by the dispersion."""
    places, times = _below(y)
    grown = 1 + alpha * mean
    rest = y * mean / grown + mean / (alpha * grown) - np.log1p(alpha * mean) / alpha**2
    return float((times * places / (1 + alpha * places)).sum() - rest.sum())


def _observed(fit: CountFit, x: Floats, y: Floats) -> Floats:
    """Give the coefficients' part of the inverse observed information, the dispersion estimated too."""
    mean, alpha = fit.mean, fit.alpha
    grown = 1 + alpha * mean
    inner = x.T @ ((mean * (1 + alpha * y) / grown**2)[:, None] * x)
    if alpha == 0:
        return _inverse(inner)
    cross = x.T @ ((y - mean) * mean / grown**2)
    places, times = _below(y)
    curve = (
        -mean * (1 + 2 * alpha * mean) / (alpha * grown) ** 2
        - mean / (alpha**2 * grown)
        + 2 * np.log1p(alpha * mean) / alpha**3
    )
    corner = float(
        (times * (places / (1 + alpha * places)) ** 2).sum() - (y * (mean / grown) ** 2).sum() + curve.sum()
    )
    joint = _inverse(np.block([[inner, cross[:, None]], [cross[None, :], np.array([[corner]])]]))
    return joint[:-1, :-1]
