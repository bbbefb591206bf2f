"""The likelihood of effects when those without a small p value are published less often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Selected", "selected"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Selected:
    """Value, slope and curvature of a log-likelihood.

    Parameters
    ----------
    height : float
        The log-likelihood, with all its constants.
    slope : ndarray of float64, shape (3,)
        By value, variance between studies and relative chance of publication.
    curve : ndarray of float64, shape (3, 3)
        Second derivatives in the same order.
    """

    height: float
    slope: Floats
    curve: Floats


def selected(y: Floats, v: Floats, z: float, at: Floats) -> Selected:
    r"""Give the log-likelihood at a value, a variance between studies and a chance of publication.

    Studies with :math:`y_i > z \sqrt{v_i}` are always published, others with the relative chance
    :math:`\delta`. What is published has the normal density times its chance, over the mean chance
    :math:`A_i = \delta + (1 - \delta) P_i` with :math:`P_i` the chance of passing the cut.
    """
    mu, tau2, chance = (float(value) for value in at)
    total = v + tau2
    s = np.sqrt(total)
    r, u = (y - mu) / s, (z * np.sqrt(v) - mu) / s
    below, density = special.ndtr(u), np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    mean = 1 - below + chance * below
    unpublished = int((y <= z * np.sqrt(v)).sum())
    height = float(
        (-(r**2) / 2 - np.log(s) - np.log(2 * np.pi) / 2 - np.log(mean)).sum() + unpublished * np.log(chance)
    )
    # The mean chance depends on the first two through u only.
    by_u = (chance - 1) * density / mean
    by_chance = below / mean
    u_mu, u_tau = -1 / s, -u / (2 * total)
    slope = np.array(
        [
            (r / s - by_u * u_mu).sum(),
            ((r**2 - 1) / (2 * total) - by_u * u_tau).sum(),
            unpublished / chance - by_chance.sum(),
        ]
    )
    by_uu = -u * by_u - by_u**2
    by_u_chance = density / mean - by_u * by_chance
    curve = np.empty((3, 3))
    curve[0, 0] = (-1 / total - by_uu * u_mu**2).sum()
    curve[0, 1] = (-r / s**3 - by_uu * u_mu * u_tau - by_u / (2 * s**3)).sum()
    curve[1, 1] = ((0.5 - r**2) / total**2 - by_uu * u_tau**2 - by_u * 3 * u / (4 * total**2)).sum()
    curve[0, 2], curve[1, 2] = -(by_u_chance * u_mu).sum(), -(by_u_chance * u_tau).sum()
    curve[2, 2] = -unpublished / chance**2 + (by_chance**2).sum()
    curve[1, 0], curve[2, 0], curve[2, 1] = curve[0, 1], curve[0, 2], curve[1, 2]
    return Selected(height=height, slope=slope, curve=curve)
