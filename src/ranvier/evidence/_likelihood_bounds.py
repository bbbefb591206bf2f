"""The interval of the variance between studies from its (restricted) likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ranvier.errors import ConvergenceError, InputError
from ranvier.evidence._between import log_likelihood, tau_squared
from ranvier.evidence._design import weighted

__all__ = ["likelihood_bounds"]

Floats = NDArray[np.float64]

LOOKED = 400
"""Values of the variance at which the likelihood is looked at before the ends are searched: with two maxima
the values that fit can fall in two pieces, and the interval goes from the first to the last."""
SMALLEST = 1e-4
"""The first of them, in variances of a study, beside 0: nothing changes below."""
DOUBLINGS = 1000
RELATIVE = 4 * np.finfo(np.float64).eps
"""Relative step at which the search of an end stops; SciPy allows no smaller one."""


def likelihood_bounds(
    y: Floats, v: Floats, *, method: str, level: float, x: Floats | None = None
) -> tuple[float, float]:
    """Give all variances whose likelihood is not too far below the largest.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Effects and variances.
    method : {"ml", "reml"}
        Which likelihood.
    level : float
        Confidence level.
    x : ndarray of float64, shape (k, p), optional
        Orthonormal columns of the moderators.
    """
    if method not in {"ml", "reml"}:
        raise InputError(
            f"the profile-likelihood interval belongs to method='reml' or 'ml'; this is {method!r}. Use the "
            "Q-profile interval, which is among the estimates."
        )
    restricted = method == "reml"
    scale = 1 / float((1 / v).mean())
    z, u = weighted(np.ones((len(v), 1)), x).residual(y[:, None]) / np.sqrt(scale), v[:, None] / scale
    best = float(tau_squared(z, u, method, x=x)[0])
    allowed = float(special.chdtri(1, 1 - level))

    def heights(t: Floats) -> Floats:
        many = (1, len(t))
        return log_likelihood(np.tile(z, many), np.tile(u, many), t, x, restricted=restricted)

    top = float(heights(np.array([best]))[0])

    def below(t: float) -> float:
        return top - allowed - float(heights(np.array([t]))[0])

    start = SMALLEST * float(u.min())
    far = max(best, float(np.ptp(z)) ** 2, float(u.max()))
    for _ in range(DOUBLINGS):
        if below(far) > 0:
            break
        far *= 2
    else:
        raise ConvergenceError(
            f"the likelihood does not fall enough up to the last variance looked at, {far * scale:.6g}. Use "
            "the Q-profile interval."
        )
    looked = np.concatenate([[0.0], np.geomspace(start, far, LOOKED)])
    looked = np.unique(np.append(looked, best))
    fits = top - allowed - heights(looked) <= 0
    first, last = int(np.argmax(fits)), len(looked) - 1 - int(np.argmax(fits[::-1]))
    low = 0.0 if first == 0 else optimize.brentq(below, looked[first - 1], looked[first], rtol=RELATIVE)
    high = optimize.brentq(below, looked[last], looked[last + 1], rtol=RELATIVE)
    return float(low) * scale, float(high) * scale
