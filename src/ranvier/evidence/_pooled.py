"""Pooled values of many sets of studies at once; effects and variances have the shape (k, D)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._between import generalised_q, solve_q, tau_squared

__all__ = ["INTERVALS", "Pooled", "pool_many", "q_profile", "typical_variance"]

Floats = NDArray[np.float64]

INTERVALS = {
    "knapp-hartung": "the interval is by Knapp and Hartung, never shorter than the t interval",
    "knapp-hartung unfloored": "the interval is by Knapp and Hartung, without a floor",
    "t": "the interval is by Student's t with k - 1 degrees of freedom",
    "wald": "the interval is by the normal distribution, too short with few studies",
}


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


def pool_many(y: Floats, v: Floats, *, method: str, interval: str, level: float) -> Pooled:
    """Pool every column; all columns hold the same number of studies. One study is its own pool."""
    k = len(y)
    if k == 1:
        return _alone(y[0], v[0], level)
    tau2 = tau_squared(y, v, method)
    w = 1 / (v + tau2)
    total = w.sum(axis=0)
    value = (w * y).sum(axis=0) / total
    error = np.sqrt(1 / total)
    if interval.startswith("knapp-hartung"):
        spread = (w * (y - value) ** 2).sum(axis=0) / (k - 1)
        error = error * np.sqrt(spread if interval.endswith("unfloored") else np.maximum(spread, 1.0))
    df = np.inf if interval == "wald" else k - 1
    reach = _t(df, level) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = value / error
    q = generalised_q(y, v, np.zeros(y.shape[1]))[0]
    i2, h2 = _inconsistency(q, tau2, v, method)
    # Two studies leave no degree of freedom, and a common value leaves nothing to predict.
    can_predict = k > 2 and method != "common"
    wide = _t(k - 2, level) * np.sqrt(tau2 + error**2) if can_predict else np.full_like(value, np.nan)
    return Pooled(
        value=value,
        low=value - reach,
        high=value + reach,
        standard_error=error,
        statistic=statistic,
        p_value=2 * _below(df, -np.abs(statistic)),
        tau2=tau2,
        q=q,
        q_p_value=special.chdtrc(k - 1, q),
        i2=i2,
        h2=h2,
        prediction_low=value - wide,
        prediction_high=value + wide,
        weights=w / total,
    )


def _alone(y: Floats, v: Floats, level: float) -> Pooled:
    """Give a single study as it is, with its normal interval; nothing lies between studies."""
    error, unknown = np.sqrt(v), np.full_like(y, np.nan)
    reach = _t(np.inf, level) * error
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


def typical_variance(v: Floats) -> Floats:
    """Give the variance of a typical study, by Higgins and Thompson."""
    w = 1 / v
    total = w.sum(axis=0)
    typical: Floats = (len(v) - 1) / (total - (w**2).sum(axis=0) / total)
    return typical


def q_profile(y: Floats, v: Floats, level: float) -> tuple[Floats, Floats]:
    """Give the interval of the variance between studies: all values under which Q is not extreme."""
    df, d = len(y) - 1, y.shape[1]
    scale = 1 / (1 / v).mean(axis=0)
    y, v = (y - y.mean(axis=0)) / np.sqrt(scale), v / scale
    targets = np.repeat(special.chdtri(df, np.array([1 - level, 1 + level]) / 2), d)
    both = solve_q(np.tile(y, 2), np.tile(v, 2), targets)
    return both[:d] * scale, both[d:] * scale


def _inconsistency(q: Floats, tau2: Floats, v: Floats, method: str) -> tuple[Floats, Floats]:
    """Give I² and H²: from Q when no variance between studies is estimated, else from that variance."""
    if method == "common":
        df = len(v) - 1
        with np.errstate(divide="ignore"):
            return np.maximum(1 - df / q, 0.0), q / df
    typical = typical_variance(v)
    return tau2 / (tau2 + typical), 1 + tau2 / typical


def _t(df: float, level: float) -> float:
    """Give the two-sided quantile of Student's t; normal without limit of degrees of freedom."""
    if np.isinf(df):
        return float(special.ndtri((1 + level) / 2))
    return float(special.stdtrit(df, (1 + level) / 2))


def _below(df: float, statistic: Floats) -> Floats:
    below: Floats = special.ndtr(statistic) if np.isinf(df) else special.stdtr(df, statistic)
    return below
