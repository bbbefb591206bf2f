"""The joint normal distribution of the statistics at several looks, by integration from look to look.

At information fraction t the sum of the data is a Brownian motion with drift: its increments over a step dt
are normal with mean drift * dt and variance dt, and the standardised statistic is the sum divided by the
root of t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.stats._inputs import find_root

__all__ = ["Paths", "crossings", "solve_up"]

Floats = NDArray[np.float64]

REACH = 9.0
"""Standard deviations beyond which nothing is left of a normal distribution: 1e-19."""
PANEL = 1.0
"""Longest panel of the integration, in standard deviations of a step."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
"""Twelve points integrate a normal density over one standard deviation to the last digits."""
LONGEST = 64.0
"""Bound beyond which a search for a bound or a drift gives up."""


@dataclass(frozen=True)
class Paths:
    """Trials that have not stopped: points of the sum with their chances, at information t, with a drift."""

    points: Floats
    chances: Floats
    t: float
    drift: float

    @classmethod
    def start(cls, drift: float) -> Paths:
        """Give all trials at the beginning."""
        return cls(np.zeros(1), np.ones(1), 0.0, drift)

    def above(self, z: float, t: float) -> float:
        """Give the chance to be above a standardised bound at the next look."""
        return float(self.chances @ special.ndtr(-self._distance(z, t)))

    def below(self, z: float, t: float) -> float:
        """Give the chance to be below a standardised bound at the next look."""
        return float(self.chances @ special.ndtr(self._distance(z, t)))

    def _distance(self, z: float, t: float) -> Floats:
        step = t - self.t
        found: Floats = (z * math.sqrt(t) - self.points - self.drift * step) / math.sqrt(step)
        return found

    def on(self, low: float, high: float, t: float) -> Paths:
        """Give the trials that go on between two standardised bounds at the next look."""
        root, step = math.sqrt(t), t - self.t
        middle = self.drift * t
        bottom, top = max(low * root, middle - REACH * root), min(high * root, middle + REACH * root)
        if bottom >= top:
            return Paths(np.zeros(1), np.zeros(1), t, self.drift)
        panels = math.ceil((top - bottom) / (PANEL * math.sqrt(step)))
        edges = np.linspace(bottom, top, panels + 1)
        half = (edges[1] - edges[0]) / 2
        points = ((edges[:-1] + half)[:, None] + half * NODES).ravel()
        gaps = points[:, None] - self.points - self.drift * step
        density = np.exp(-(gaps**2) / (2 * step)) @ self.chances / math.sqrt(2 * math.pi * step)
        return Paths(points, density * np.tile(half * WEIGHTS, panels), t, self.drift)


def crossings(
    fractions: Sequence[float], low: Sequence[float], high: Sequence[float], drift: float
) -> tuple[Floats, Floats]:
    """Give the chances of first crossing the lower and the upper bound, look by look.

    Parameters
    ----------
    fractions : sequence of float
        Information at each look as a share of all, rising to 1.
    low, high : sequence of float
        Standardised bounds; infinite where a look cannot stop.
    drift : float
        Mean of the standardised statistic at the last look.

    Returns
    -------
    tuple of ndarray
        Chances of a first crossing below and above.
    """
    paths, below, above = Paths.start(drift), [], []
    for t, bottom, top in zip(fractions, low, high, strict=True):
        below.append(paths.below(bottom, t))
        above.append(paths.above(top, t))
        paths = paths.on(bottom, top, t)
    return np.array(below), np.array(above)


def solve_up(function: Callable[[float], float], start: float) -> float:
    """Give the zero of a falling function: the start when it is not positive there, infinite when far off."""
    if function(start) <= 0:
        return start
    if function(LONGEST) > 0:
        return math.inf
    width = 1.0
    while function(start + width) > 0:
        width *= 2
    return find_root(function, start, start + width)
