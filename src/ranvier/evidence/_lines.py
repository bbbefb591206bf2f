"""A line through the effects over the standard errors: the model behind tests of small studies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ranvier.errors import ConvergenceError, InputError

__all__ = ["Line", "line_common", "line_random"]

Floats = NDArray[np.float64]

GRID = 60
"""Values of the variance between studies looked at before one is sought, in equal steps of its logarithm."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line with its standard errors.

    Parameters
    ----------
    coefficients, errors : tuple of float
        Value at a standard error of 0, and slope.
    df : float
        Degrees of freedom, infinite for the normal distribution.
    tau2 : float
        Variance between studies around the line.
    """

    coefficients: tuple[float, float]
    errors: tuple[float, float]
    df: float
    tau2: float

    @property
    def p_value(self) -> float:
        """Two-sided p value of a slope of 0."""
        if self.errors[1] == 0:  # all effects lie on the line, which is flat or is not
            return 1.0 if self.coefficients[1] == 0 else 0.0
        statistic = -abs(self.coefficients[1] / self.errors[1])
        return float(
            2 * (special.ndtr(statistic) if np.isinf(self.df) else special.stdtr(self.df, statistic))
        )

    def bounds(self, place: int, level: float) -> tuple[float, float]:
        """Give the interval of a coefficient."""
        share = (1 + level) / 2
        reach = float(special.ndtri(share) if np.isinf(self.df) else special.stdtrit(self.df, share))
        middle, half = self.coefficients[place], reach * self.errors[place]
        return middle - half, middle + half


def line_common(y: Floats, v: Floats) -> Line:
    """Weight by 1/v and let the scatter around the line widen the errors or narrow them."""
    b, covariance, q = _weighted(y, v, 0.0)
    df = len(y) - 2
    errors = np.sqrt(np.diag(covariance) * q / df)
    return Line(coefficients=_pair(b), errors=_pair(errors), df=df, tau2=0.0)


def line_random(y: Floats, v: Floats, interval: str) -> Line:
    """Add a variance between studies, by restricted likelihood; errors as intervals of a pool have them."""
    tau2 = _most_likely(y, v)
    b, covariance, q = _weighted(y, v, tau2)
    df = len(y) - 2
    factor = 1.0
    if interval.startswith("knapp-hartung"):
        factor = q / df if interval.endswith("unfloored") else max(q / df, 1.0)
    errors = np.sqrt(np.diag(covariance) * factor)
    shown = np.inf if interval == "wald" else float(df)
    return Line(coefficients=_pair(b), errors=_pair(errors), df=shown, tau2=tau2)


def _pair(values: Floats) -> tuple[float, float]:
    """Give two numbers of an array as Python's own."""
    return float(values[0]), float(values[1])


def _weighted(y: Floats, v: Floats, t: float) -> tuple[Floats, Floats, float]:
    """Give coefficients, the inverse of the information, and the weighted sum of squares around the line."""
    x = np.column_stack([np.ones(len(y)), np.sqrt(v)])
    if np.ptp(v) <= 1e-12 * v.max():
        raise InputError(
            "all studies have the same standard error, so that no line can be drawn over it; a test of "
            "small studies needs studies of different size, and trim_and_fill a stated side."
        )
    w = 1 / (v + t)
    information = x.T @ (w[:, None] * x)
    # From one of the effects: when all are equal, slope and scatter are 0 without rounding.
    b = np.linalg.solve(information, x.T @ (w * (y - y[0])))
    q = float((w * (y - y[0] - x @ b) ** 2).sum())
    return b + np.array([y[0], 0.0]), np.linalg.inv(information), q


def _most_likely(y: Floats, v: Floats) -> float:
    """Give the variance between studies with the largest restricted likelihood around a line."""
    unit = float(1 / (1 / v).mean())
    y, v = (y - y.mean()) / np.sqrt(unit), v / unit
    most = max(float(np.ptp(y)) ** 2, float(v.min()))
    places = np.concatenate([[0.0], np.geomspace(v.min() / 100, most, GRID)])
    best = int(np.argmax([_height(y, v, place) for place in places]))
    low, high = places[max(best - 1, 0)], places[min(best + 1, GRID)]
    if best == 0 and _slope(y, v, 0.0) <= 0:
        return 0.0
    if not _slope(y, v, low) > 0 > _slope(y, v, high):
        raise ConvergenceError(
            f"the variance between studies around a line did not settle between {low * unit:.4g} and "
            f"{high * unit:.4g}; use model='multiplicative', or state the side."
        )
    return unit * float(optimize.brentq(lambda t: _slope(y, v, t), low, high, xtol=1e-14, rtol=1e-13))


def _height(y: Floats, v: Floats, t: float) -> float:
    """Give twice the restricted log-likelihood but for a constant."""
    _, covariance, q = _weighted(y, v, t)
    return float(np.linalg.slogdet(covariance)[1] - np.log(v + t).sum() - q)


def _slope(y: Floats, v: Floats, t: float) -> float:
    """Give the slope of `_height`."""
    b, covariance, _ = _weighted(y, v, t)
    x = np.column_stack([np.ones(len(y)), np.sqrt(v)])
    w = 1 / (v + t)
    leverage = (x @ covariance * x).sum(axis=1) * w
    return float((w**2 * (y - x @ b) ** 2).sum() - (w * (1 - leverage)).sum())
