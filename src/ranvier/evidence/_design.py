"""Weighted means and weighted regressions of many sets of studies, behind the same few sums.

Effects and weights have the shape (k, D); the columns of a regression, (k, p), are the same in all sets. The
mean is a regression on one column of ones; it has lines of its own because they are many times faster.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Weighted", "n_coefficients", "weighted"]

Floats = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class WeightedMean:
    """The mean with weights w."""

    w: Floats
    total: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Sum the weights once."""
        self.total = self.w.sum(axis=0)

    def coefficients(self, z: Floats) -> Floats:
        """Give the mean of z, shape (1, D)."""
        mean: Floats = ((self.w * z).sum(axis=0) / self.total)[None]
        return mean

    def residual(self, z: Floats) -> Floats:
        """Give z less its mean."""
        left: Floats = z - (self.w * z).sum(axis=0) / self.total
        return left

    def inverse(self) -> Floats:
        """Give the inverse of X'WX, shape (1, 1, D)."""
        inverse: Floats = (1 / self.total)[None, None]
        return inverse

    def log_determinant(self) -> Floats:
        """Give the logarithm of the determinant of X'WX."""
        return np.asarray(np.log(self.total))

    def trace(self, u: Floats) -> Floats:
        """Give the trace of (X'WX)^-1 X'UX."""
        trace: Floats = u.sum(axis=0) / self.total
        return trace

    def trace_of_square(self, u: Floats) -> Floats:
        """Give the trace of the square of (X'WX)^-1 X'UX."""
        return self.trace(u) ** 2


@dataclass(slots=True, eq=False)
class WeightedRegression:
    """The regression on the columns x with weights w."""

    w: Floats
    x: Floats
    products: Floats = field(init=False)
    inverses: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Invert X'WX of every set once."""
        k, p = self.x.shape
        self.products = (self.x[:, :, None] * self.x[:, None, :]).reshape(k, p * p)
        self.inverses = np.asarray(np.linalg.inv(self._cross(self.w)), dtype=np.float64)

    def coefficients(self, z: Floats) -> Floats:
        """Give the coefficients of z, shape (p, D)."""
        found: Floats = np.matmul(self.inverses, (self.x.T @ (self.w * z)).T[:, :, None])[:, :, 0].T
        return found

    def residual(self, z: Floats) -> Floats:
        """Give z less what the regression expects."""
        return np.asarray(z - self.x @ self.coefficients(z), dtype=np.float64)

    def inverse(self) -> Floats:
        """Give the inverse of X'WX, shape (p, p, D)."""
        return np.moveaxis(self.inverses, 0, -1)

    def log_determinant(self) -> Floats:
        """Give the logarithm of the determinant of X'WX."""
        return -np.asarray(np.linalg.slogdet(self.inverses)[1])

    def trace(self, u: Floats) -> Floats:
        """Give the trace of (X'WX)^-1 X'UX."""
        return np.asarray(np.trace(self.inverses @ self._cross(u), axis1=1, axis2=2))

    def trace_of_square(self, u: Floats) -> Floats:
        """Give the trace of the square of (X'WX)^-1 X'UX."""
        product = self.inverses @ self._cross(u)
        return np.asarray(np.trace(product @ product, axis1=1, axis2=2))

    def _cross(self, u: Floats) -> Floats:
        """Give X'UX of every set, shape (D, p, p)."""
        p = self.x.shape[1]
        return (u.T @ self.products).reshape(-1, p, p)


Weighted = WeightedMean | WeightedRegression


def weighted(w: Floats, x: Floats | None) -> Weighted:
    """Give the mean, or the regression on the columns x, with weights w.

    Parameters
    ----------
    w : ndarray of float64, shape (k, D)
        Weights above 0.
    x : ndarray of float64, shape (k, p), or None
        Orthonormal columns, so that inverses are as exact as the weights allow; None for the mean.
    """
    return WeightedMean(w) if x is None else WeightedRegression(w, x)


def n_coefficients(x: Floats | None) -> int:
    """Give how many coefficients are estimated."""
    return 1 if x is None else x.shape[1]
