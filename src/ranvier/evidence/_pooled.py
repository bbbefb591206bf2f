"""Pooled values and regressions of many sets of studies at once.

Effects and variances have the shape (k, D).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._between import generalised_q, solve_q, tau_squared
from ranvier.evidence._design import n_coefficients, weighted

__all__ = [
    "COEFFICIENT_INTERVALS",
    "INTERVALS",
    "Fitted",
    "Pooled",
    "below",
    "fit_many",
    "pool_many",
    "q_profile",
    "quantile",
    "typical_variance",
]

Floats = NDArray[np.float64]

INTERVALS = {
    "knapp-hartung": "the interval is by Knapp and Hartung, never shorter than the t interval",
    "knapp-hartung unfloored": "the interval is by Knapp and Hartung, without a floor",
    "t": "the interval is by Student's t with k - 1 degrees of freedom",
    "wald": "the interval is by the normal distribution, too short with few studies",
}
COEFFICIENT_INTERVALS = {
    "knapp-hartung": "intervals by Knapp and Hartung, never shorter than the t interval",
    "knapp-hartung unfloored": "intervals by Knapp and Hartung, without a floor",
    "t": "intervals by Student's t with studies less coefficients as degrees of freedom",
    "wald": "intervals by the normal distribution, too short with few studies",
}
"""The same where there are several coefficients."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pooled:
    """Pooled values, one per column.

    Parameters
    ----------
    value, low, high, standard_error : ndarray of float64, shape (D,)
        The pooled effect with its interval.
    statistic, p_value : ndarray of float64, shape (D,)
        Test of the value 0.
    tau2, q, q_p_value : ndarray of float64, shape (D,)
        Variance between studies; Cochran's Q and its p value.
    i2, h2 : ndarray of float64, shape (D,)
        Share of the variance that lies between studies, and total over within.
    prediction_low, prediction_high : ndarray of float64, shape (D,)
        Where the true value of a new study lies; NaN below three studies and with a common value.
    weights : ndarray of float64, shape (k, D)
        Shares of the studies in the pooled value.
    """

    value: Floats
    low: Floats
    high: Floats
    standard_error: Floats
    statistic: Floats
    p_value: Floats
    tau2: Floats
    q: Floats
    q_p_value: Floats
    i2: Floats
    h2: Floats
    prediction_low: Floats
    prediction_high: Floats
    weights: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """Coefficients of a regression over studies, one set per column; a pooled value is one coefficient.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (p, D)
        What was estimated.
    covariance : ndarray of float64, shape (p, p, D)
        Their covariance, by the chosen kind of interval.
    weights : ndarray of float64, shape (k, D)
        One over the variance within and between studies.
    tau2, q, i2, h2 : ndarray of float64, shape (D,)
        Variance that is left between studies; Cochran's Q of what is left; its share and ratio.
    q_df : int
        Degrees of freedom of Q.
    df : float
        Degrees of freedom of tests and intervals; infinite for the normal distribution.
    """

    coefficients: Floats
    covariance: Floats
    weights: Floats
    tau2: Floats
    q: Floats
    i2: Floats
    h2: Floats
    q_df: int
    df: float


def fit_many(
    y: Floats,
    v: Floats,
    *,
    method: str,
    interval: str,
    x: Floats | None = None,
    moments: Floats | None = None,
) -> Fitted:
    """Fit every column; more studies than coefficients."""
    df = len(y) - n_coefficients(x)
    tau2 = tau_squared(y, v, method, x=x, moments=moments)
    w = 1 / (v + tau2)
    at = weighted(w, x)
    coefficients, covariance = at.coefficients(y), at.inverse()
    if interval.startswith("knapp-hartung"):
        spread = (w * at.residual(y) ** 2).sum(axis=0) / df
        covariance = covariance * (spread if interval.endswith("unfloored") else np.maximum(spread, 1.0))
    q = generalised_q(y, v, np.zeros(y.shape[1]), x)[0]
    i2, h2 = _inconsistency(q, tau2, v, method, x)
    return Fitted(
        coefficients=coefficients,
        covariance=covariance,
        weights=w,
        tau2=tau2,
        q=q,
        i2=i2,
        h2=h2,
        q_df=df,
        df=np.inf if interval == "wald" else df,
    )


def pool_many(
    y: Floats, v: Floats, *, method: str, interval: str, level: float, moments: Floats | None = None
) -> Pooled:
    """Pool every column; all columns hold the same number of studies. One study is its own pool."""
    k = len(y)
    if k == 1:
        return _alone(y[0], v[0], level)
    fitted = fit_many(y, v, method=method, interval=interval, moments=moments)
    value, error = fitted.coefficients[0], np.sqrt(fitted.covariance[0, 0])
    reach = quantile(fitted.df, level) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = value / error
    # Two studies leave no degree of freedom, and a common value leaves nothing to predict.
    can_predict = k > 2 and method != "common"
    unknown = np.full_like(value, np.nan)
    wide = quantile(k - 2, level) * np.sqrt(fitted.tau2 + error**2) if can_predict else unknown
    return Pooled(
        value=value,
        low=value - reach,
        high=value + reach,
        standard_error=error,
        statistic=statistic,
        p_value=2 * below(fitted.df, -np.abs(statistic)),
        tau2=fitted.tau2,
        q=fitted.q,
        q_p_value=special.chdtrc(fitted.q_df, fitted.q),
        i2=fitted.i2,
        h2=fitted.h2,
        prediction_low=value - wide,
        prediction_high=value + wide,
        weights=fitted.weights / fitted.weights.sum(axis=0),
    )


def _alone(y: Floats, v: Floats, level: float) -> Pooled:
    """Give a single study as it is, with its normal interval; nothing lies between studies."""
    error, unknown = np.sqrt(v), np.full_like(y, np.nan)
    reach = quantile(np.inf, level) * error
    return Pooled(
        value=y,
        low=y - reach,
        high=y + reach,
        standard_error=error,
        statistic=y / error,
        p_value=2 * special.ndtr(-np.abs(y / error)),
        tau2=unknown,
        q=np.zeros_like(y),
        q_p_value=np.ones_like(y),
        i2=unknown,
        h2=unknown,
        prediction_low=unknown,
        prediction_high=unknown,
        weights=np.ones_like(y)[None],
    )


def typical_variance(v: Floats, x: Floats | None = None) -> Floats:
    """Give the variance of a typical study, by Higgins and Thompson."""
    w = 1 / v
    at = weighted(w, x)
    typical: Floats = (len(v) - n_coefficients(x)) / (w.sum(axis=0) - at.trace(w**2))
    return typical


def q_profile(y: Floats, v: Floats, level: float, x: Floats | None = None) -> tuple[Floats, Floats]:
    """Give the interval of the variance between studies: all values under which Q is not extreme."""
    df, d = len(y) - n_coefficients(x), y.shape[1]
    scale = 1 / (1 / v).mean(axis=0)
    y, v = weighted(np.ones_like(v), x).residual(y) / np.sqrt(scale), v / scale
    targets = np.repeat(special.chdtri(df, np.array([1 - level, 1 + level]) / 2), d)
    both = solve_q(np.tile(y, 2), np.tile(v, 2), targets, x=x)
    return both[:d] * scale, both[d:] * scale


def _inconsistency(
    q: Floats, tau2: Floats, v: Floats, method: str, x: Floats | None
) -> tuple[Floats, Floats]:
    """Give I² and H²: from Q when no variance between studies is estimated, else from that variance."""
    if method == "common":
        df = len(v) - n_coefficients(x)
        with np.errstate(divide="ignore"):
            return np.maximum(1 - df / q, 0.0), q / df
    typical = typical_variance(v, x)
    return tau2 / (tau2 + typical), 1 + tau2 / typical


def quantile(df: float, level: float) -> float:
    """Give the two-sided quantile of Student's t; normal without limit of degrees of freedom."""
    if np.isinf(df):
        return float(special.ndtri((1 + level) / 2))
    return float(special.stdtrit(df, (1 + level) / 2))


def below(df: float, statistic: Floats) -> Floats:
    """Give the share of Student's t below a value."""
    share: Floats = special.ndtr(statistic) if np.isinf(df) else special.stdtr(df, statistic)
    return share
