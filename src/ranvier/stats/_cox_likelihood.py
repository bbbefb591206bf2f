"""Cox's partial likelihood with its derivatives, Firth's penalty, score residuals and the slope test.

Rows are (start, stop] with an event at stop or none. Efron's correction for ties is written as one row per
death that sees the tied deaths with weight 1 - f, f = 0, 1/d, ..., (d-1)/d; Breslow's has f = 0 throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Deaths", "Derivatives", "derivatives", "prepare", "score_residuals", "slope_test"]

NOTHING_LEFT = 1e-10
"""Share of a variance below which what is left of it is rounding: the data hold nothing about a slope."""

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Deaths:
    """Rows in the order of the likelihood, and one entry per death.

    Parameters
    ----------
    x : ndarray of float64, shape (n, p)
        Covariates, centred.
    start, stop : ndarray of float64, shape (n,)
        The time at risk is after start and up to stop.
    observed : ndarray of bool, shape (n,)
        Whether the row ends with the event.
    days : ndarray of float64, shape (m,)
        Distinct days with an event.
    by_stop, by_start : ndarray of int
        Order of the rows by stop and by start.
    from_stop, from_start : ndarray of int, shape (m,)
        First place in that order that lies at or after each day.
    dead, first : ndarray of int
        Rows with an event by day, and where each day begins among them.
    day : ndarray of int, shape (n_deaths,)
        Place of each death's day.
    weight : ndarray of float64, shape (n_deaths,)
        The share f of the tied deaths that is taken off.
    """

    x: Floats
    start: Floats
    stop: Floats
    observed: NDArray[np.bool_]
    days: Floats
    by_stop: Places
    by_start: Places
    from_stop: Places
    from_start: Places
    dead: Places
    first: Places
    day: Places
    weight: Floats


@dataclass(frozen=True)
class Derivatives:
    """Value and derivatives of the log partial likelihood at some coefficients.

    Parameters
    ----------
    value : float
        Log partial likelihood.
    score : ndarray, shape (p,)
        First derivative.
    information : ndarray, shape (p, p)
        Minus the second derivative.
    slope : ndarray, shape (p, p, p), or None
        Derivative of the information by each coefficient (last axis).
    mean : ndarray, shape (n_deaths, p)
        Mean of the covariates of those at risk at each death.
    spread : ndarray, shape (n_deaths, p, p)
        Their covariance.
    risk : ndarray, shape (n_deaths,)
        Sum of the relative hazards of those at risk.
    hazard : ndarray, shape (n,)
        Relative hazard of each row, on the same scale as `risk`.
    """

    value: float
    score: Floats
    information: Floats
    slope: Floats | None
    mean: Floats
    spread: Floats
    risk: Floats
    hazard: Floats


def prepare(start: Floats, stop: Floats, observed: NDArray[np.bool_], x: Floats, ties: str) -> Deaths:
    """Sort once what every evaluation of the likelihood needs."""
    by_stop, by_start = np.argsort(stop, kind="stable"), np.argsort(start, kind="stable")
    dead = by_stop[observed[by_stop]]
    days, first, counts = np.unique(stop[dead], return_index=True, return_counts=True)
    rank = np.arange(dead.size) - np.repeat(first, counts)
    weight = rank / np.repeat(counts, counts) if ties == "efron" else np.zeros(dead.size)
    return Deaths(
        x=x - x.mean(axis=0),
        start=start,
        stop=stop,
        observed=observed,
        days=days,
        by_stop=by_stop,
        by_start=by_start,
        from_stop=np.searchsorted(stop[by_stop], days, side="left"),
        from_start=np.searchsorted(start[by_start], days, side="left"),
        dead=dead,
        first=first,
        day=np.repeat(np.arange(days.size), counts),
        weight=weight,
    )


def _at_deaths(rows: Deaths, values: Floats) -> Floats:
    """Sum values over those at risk at each death, the tied deaths with their weight."""

    def later(order: Places, places: Places) -> Floats:
        total = np.cumsum(values[order][::-1], axis=0)[::-1]
        padded = np.concatenate((total, np.zeros_like(values[:1])))
        result: Floats = padded[places]
        return result

    at_risk = later(rows.by_stop, rows.from_stop)
    if (rows.start > 0).any():
        at_risk = at_risk - later(rows.by_start, rows.from_start)
    tied = np.add.reduceat(values[rows.dead], rows.first, axis=0)
    f = rows.weight.reshape(-1, *[1] * (values.ndim - 1))
    result: Floats = at_risk[rows.day] - f * tied[rows.day]
    return result


def derivatives(rows: Deaths, beta: Floats, *, third: bool = False) -> Derivatives:
    """Evaluate the log partial likelihood and its derivatives; the third only where it is asked for."""
    x = rows.x
    predictor = x @ beta
    shift = predictor.max(initial=0.0)
    hazard = np.exp(predictor - shift)
    first = hazard[:, None] * x
    second = first[:, :, None] * x[:, None, :]
    risk = _at_deaths(rows, hazard)
    mean = _at_deaths(rows, first) / risk[:, None]
    square = _at_deaths(rows, second) / risk[:, None, None]
    spread = square - mean[:, :, None] * mean[:, None, :]
    slope = None
    if third:
        cube = _at_deaths(rows, second[..., None] * x[:, None, None, :]) / risk[:, None, None, None]
        slope = (cube - _mixed(square, mean)).sum(axis=0)
    return Derivatives(
        value=float(predictor[rows.dead].sum() - np.log(risk).sum() - shift * rows.dead.size),
        score=x[rows.dead].sum(axis=0) - mean.sum(axis=0),
        information=spread.sum(axis=0),
        slope=slope,
        mean=mean,
        spread=spread,
        risk=risk,
        hazard=hazard,
    )


def _mixed(square: Floats, mean: Floats) -> Floats:
    """Give what a raw third moment exceeds the third cumulant by."""
    pairs = [
        square[:, :, :, None] * mean[:, None, None, :],
        square[:, :, None, :] * mean[:, None, :, None],
        square[:, None, :, :] * mean[:, :, None, None],
    ]
    product = mean[:, :, None, None] * mean[:, None, :, None] * mean[:, None, None, :]
    result: Floats = pairs[0] + pairs[1] + pairs[2] - 2 * product
    return result


def score_residuals(rows: Deaths, at: Derivatives) -> Floats:
    """Give each row's part of the score; the parts add up to it.

    A row takes off the hazard that it passed through, and a death adds its distance from those at risk,
    averaged over the places that it could have had among the deaths of its day.
    """
    per_death = 1 / at.risk
    weighted = at.mean * per_death[:, None]
    ends = np.append(rows.first, rows.dead.size)
    level = np.concatenate(([0.0], np.cumsum(per_death)))[ends]
    moment = np.concatenate((np.zeros((1, rows.x.shape[1])), np.cumsum(weighted, axis=0)))[ends]
    upto = np.searchsorted(rows.days, rows.stop, side="right")
    since = np.searchsorted(rows.days, rows.start, side="right")
    passed = rows.x * (level[upto] - level[since])[:, None] - (moment[upto] - moment[since])
    parts: Floats = -at.hazard[:, None] * passed
    day = rows.day
    counts = np.diff(ends)
    centre = np.add.reduceat(at.mean, rows.first, axis=0) / counts[:, None]
    off_level = np.add.reduceat(rows.weight * per_death, rows.first)
    off_moment = np.add.reduceat(rows.weight[:, None] * weighted, rows.first, axis=0)
    dead = rows.dead
    parts[dead] += rows.x[dead] - centre[day]
    parts[dead] += at.hazard[dead, None] * (rows.x[dead] * off_level[day][:, None] - off_moment[day])
    return parts


def slope_test(rows: Deaths, at: Derivatives, transformed: Floats) -> tuple[Floats, float]:
    """Give chi-squares against hazard ratios that change with transformed time, one by one and all together.

    The score test of adding each covariate times the transformed day of the event; NaN where the events say
    nothing about it.
    """
    g = (transformed - transformed[rows.day].mean())[rows.day]
    shift = (g[:, None] * _death_differences(rows, at)).sum(axis=0)
    own = np.einsum("k,kab->ab", g**2, at.spread)
    cross = np.einsum("k,kab->ab", g, at.spread)
    inverse = np.linalg.inv(at.information)
    left = own - cross @ inverse @ cross
    size = np.diag(left)
    known = size > NOTHING_LEFT * np.diag(own)
    single = np.where(known, shift**2 / np.where(known, size, 1.0), np.nan)
    together = float(shift @ np.linalg.pinv(left) @ shift) if known.all() else np.nan
    return single, together


def _death_differences(rows: Deaths, at: Derivatives) -> Floats:
    """Give for each death its covariates less the mean of those at risk; tied deaths share their average."""
    counts = np.diff(np.append(rows.first, rows.dead.size))
    average = np.add.reduceat(rows.x[rows.dead], rows.first, axis=0) / counts[:, None]
    result: Floats = average[rows.day] - at.mean
    return result
