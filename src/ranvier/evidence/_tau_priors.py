"""Prior distributions of the standard deviation between studies, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TAU_PRIORS", "log_density"]

Floats = NDArray[np.float64]

HALF_T_DF = 4
"""Degrees of freedom of the half-t prior: between half-Cauchy (1) and half-normal."""

SMALLEST = 1e-300
"""Standard deviation that stands for 0 in a logarithm."""

TAU_PRIORS = {
    "half-normal": "half-normal: most often below its scale, hardly ever above three times that",
    "half-cauchy": "half-Cauchy: half of it below its scale, with a long tail",
    "half-t": f"half-t with {HALF_T_DF} degrees of freedom: a tail between half-normal and half-Cauchy",
    "uniform": "uniform from 0 to its scale",
    "log-normal": "log-normal: tau² has a normal logarithm with the mean and standard deviation given",
}
"""Priors of the standard deviation between studies (tau), each with its sentence."""


@dataclass(frozen=True)
class _Shape:
    """The logarithm of a density at tau / scale, but for a constant."""

    log: Callable[[Floats], Floats]


_SHAPES = {
    "half-normal": _Shape(lambda x: -(x**2) / 2),
    "half-cauchy": _Shape(lambda x: -np.log1p(x**2)),
    "half-t": _Shape(lambda x: -(HALF_T_DF + 1) / 2 * np.log1p(x**2 / HALF_T_DF)),
    "uniform": _Shape(lambda x: np.where(x <= 1, 0.0, -np.inf)),
}


def log_density(prior: str, scale: float | tuple[float, float], tau: Floats) -> Floats:
    """Give the logarithm of a prior density, but for a constant.

    Parameters
    ----------
    prior : str
        One of `TAU_PRIORS`.
    scale : float or tuple of float
        Its scale; for "log-normal" mean and standard deviation of the logarithm of tau².
    tau : ndarray of float64
        Standard deviations above 0.

    Returns
    -------
    ndarray of float64
        One value each.
    """
    if isinstance(scale, tuple):
        # The density of tau² times 2 tau.
        log_tau = np.log(np.maximum(tau, SMALLEST))
        found: Floats = -(((2 * log_tau - scale[0]) / scale[1]) ** 2) / 2 - log_tau
        return found
    return _SHAPES[prior].log(tau / scale)
