"""The posterior of the normal-normal model by quadrature over the standard deviation between studies.

Given tau everything is normal: the mean, each study's own effect, a new study. So each is a mixture of
normals over tau, and only tau needs numbers: Gauss-Legendre on panels in t, where tau = unit sinh(t).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Mixture", "Posterior", "posterior"]

Floats = NDArray[np.float64]
LogPrior = Callable[[Floats], Floats]

PANELS, POINTS = 48, 8
"""Panels of the rule and points on each: against scipy's quad at 1e-10 right to 1e-8 (tests/unit)."""
LONGEST = 60.0
"""Largest t looked at: tau = unit e**60 / 2, where even a half-Cauchy tail holds 1e-25."""
LOOKED = 600
"""Places at which the range that matters is looked for, three times, each time closer."""
NEGLIGIBLE = 40.0
"""Fall of the log density beyond which nothing is left: exp(-40) is 4e-18."""
STEPS = 200
"""Bisection alone needs fewer for the range of float64."""


@dataclass(frozen=True)
class Mixture:
    """A mixture of normals.

    Parameters
    ----------
    weights, means, spreads : ndarray of float64, shape (q,)
        Shares, means and standard deviations of its parts.
    """

    weights: Floats
    means: Floats
    spreads: Floats

    @property
    def mean(self) -> float:
        """Give the mean."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """Give the standard deviation."""
        square = self.weights @ (self.spreads**2 + (self.means - self.mean) ** 2)
        return float(np.sqrt(square))

    def below(self, value: float) -> float:
        """Give the probability below a value."""
        return float(self.weights @ special.ndtr((value - self.means) / self.spreads))

    def quantile(self, shares: Floats) -> Floats:
        """Give quantiles, by Newton's method kept inside a bracket."""
        z = special.ndtri(shares)[:, None]
        own = self.means + z * self.spreads
        low, high = own.min(axis=1), own.max(axis=1)
        found: Floats = np.clip(self.mean + z[:, 0] * float(self.weights @ self.spreads), low, high)
        for _ in range(STEPS):
            scaled = (found[:, None] - self.means) / self.spreads
            excess = special.ndtr(scaled) @ self.weights - shares
            low, high = np.where(excess < 0, found, low), np.where(excess > 0, found, high)
            density = np.exp(-(scaled**2) / 2) @ (self.weights / self.spreads) / np.sqrt(2 * np.pi)
            with np.errstate(divide="ignore", invalid="ignore"):
                moved = found - excess / density
            inside = (moved > low) & (moved < high)
            moved = np.where(inside, moved, (low + high) / 2)
            if np.all(np.abs(moved - found) <= 1e-13 * (np.abs(found) + self.spreads.min())):
                break
            found = moved
        return found

    def shortest(self, level: float) -> tuple[float, float]:
        """Give the shortest interval that holds the probability."""
        return _shortest(self.quantile, level, 0.0)


@dataclass(frozen=True)
class Posterior:
    """What is believed after the studies.

    Parameters
    ----------
    tau : ndarray of float64, shape (q,)
        Nodes of the standard deviation between studies.
    weights : ndarray of float64, shape (q,)
        Their shares of the posterior.
    mean : Mixture
        The mean over studies.
    new : Mixture
        The true effect in a new study.
    studies : tuple of Mixture
        The true effect in each study.
    edges : ndarray of float64, shape (panels + 1,)
        Ends of the panels, in t.
    density : callable
        Density of t.
    unit : float
        tau = unit sinh(t).
    """

    tau: Floats
    weights: Floats
    mean: Mixture
    new: Mixture
    studies: tuple[Mixture, ...]
    edges: Floats
    density: Callable[[Floats], Floats]
    unit: float

    def tau_quantile(self, shares: Floats) -> Floats:
        """Give quantiles of tau."""
        reached = np.concatenate([[0.0], np.cumsum(self.weights.reshape(PANELS, POINTS).sum(axis=1))])
        return np.array([self._tau_at(float(share), reached) for share in shares])

    def tau_shortest(self, level: float) -> tuple[float, float]:
        """Give the shortest interval of tau that holds the probability."""
        return _shortest(self.tau_quantile, level, 0.0)

    def _tau_at(self, share: float, reached: Floats) -> float:
        """Give where the posterior of tau has passed a share."""
        from scipy.optimize import brentq

        panel = int(np.clip(np.searchsorted(reached, share) - 1, 0, PANELS - 1))
        low, high = float(self.edges[panel]), float(self.edges[panel + 1])
        nodes, weights = special.roots_legendre(POINTS)

        def excess(end: float) -> float:
            half = (end - low) / 2
            inside = half * float(weights @ self.density(low + half * (nodes + 1)))
            return float(reached[panel]) + inside - share

        if excess(low) >= 0 or excess(high) <= 0:
            end = low if excess(low) >= 0 else high
        else:
            end = brentq(excess, low, high, xtol=1e-14, rtol=1e-14)
        return self.unit * float(np.sinh(end))


def posterior(
    y: Floats,
    v: Floats,
    log_prior: LogPrior,
    mean_prior: tuple[float, float] | None,
    *,
    most: float = np.inf,
) -> Posterior:
    """Give the posterior of mean, spread and studies.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Effects and variances.
    log_prior : callable
        Log density of the standard deviation between studies, but for a constant; -inf where it is 0.
    mean_prior : tuple of float or None
        Mean and standard deviation of a normal prior of the mean; None for a flat one.
    most : float
        Largest possible standard deviation between studies, where a prior ends abruptly.

    Returns
    -------
    Posterior
        The posterior.
    """
    unit = float(np.sqrt(1 / (1 / v).mean()))

    def log_density(t: Floats) -> Floats:
        tau = unit * np.sinh(t)
        with np.errstate(divide="ignore"):
            return log_prior(tau) + _evidence(y, v, tau, mean_prior)[0] + np.log(np.cosh(t))

    low, high, top = _range(log_density, min(LONGEST, float(np.arcsinh(most / unit))))
    edges = np.linspace(low, high, PANELS + 1)
    nodes, weights = special.roots_legendre(POINTS)
    half = (high - low) / PANELS / 2
    t = (edges[:-1, None] + half * (nodes + 1)).ravel()
    heights = np.exp(log_density(t) - top) * np.tile(half * weights, PANELS)
    total = float(heights.sum())
    tau, shares = unit * np.sinh(t), heights / total
    _, centre, spread = _evidence(y, v, tau, mean_prior)
    within = v[:, None] / (v[:, None] + tau**2)
    own = (1 - within) * y[:, None] + within * centre
    own_spread = np.sqrt((1 - within) * v[:, None] + (within * spread) ** 2)
    return Posterior(
        tau=tau,
        weights=shares,
        mean=Mixture(shares, centre, spread),
        new=Mixture(shares, centre, np.sqrt(spread**2 + tau**2)),
        studies=tuple(Mixture(shares, *parts) for parts in zip(own, own_spread, strict=True)),
        edges=edges,
        density=lambda place: np.exp(log_density(place) - top) / total,
        unit=unit,
    )


def _evidence(
    y: Floats, v: Floats, tau: Floats, prior: tuple[float, float] | None
) -> tuple[Floats, Floats, Floats]:
    """Give the log-likelihood of tau without the mean; given tau, middle and spread of the mean."""
    w = 1 / (v[:, None] + tau**2)
    total = w.sum(axis=0)
    middle = (w * y[:, None]).sum(axis=0) / total
    log_like = np.log(w).sum(axis=0) / 2 - (w * (y[:, None] - middle) ** 2).sum(axis=0) / 2
    if prior is None:
        return log_like - np.log(total) / 2, middle, 1 / np.sqrt(total)
    centre, spread = prior
    both = 1 / total + spread**2
    log_like -= np.log(total * both) / 2 + (middle - centre) ** 2 / both / 2
    precision = total + 1 / spread**2
    return log_like, (total * middle + centre / spread**2) / precision, 1 / np.sqrt(precision)


def _range(log_density: Callable[[Floats], Floats], limit: float) -> tuple[float, float, float]:
    """Give where the density matters, and its largest logarithm."""
    low, high, top = 0.0, limit, -np.inf
    for _ in range(3):
        t = np.linspace(low, high, LOOKED + 1)[0 if low > 0 else 1 :]
        logs = log_density(t)
        top = max(top, float(logs.max()))
        matters = np.flatnonzero(logs > top - NEGLIGIBLE)
        step = (high - low) / LOOKED
        low, high = max(float(t[matters[0]]) - step, 0.0), min(float(t[matters[-1]]) + step, limit)
    return low, high, top


def _shortest(quantile: Callable[[Floats], Floats], level: float, least: float) -> tuple[float, float]:
    """Give the shortest interval of a distribution with one peak, by the share that it leaves below."""
    from scipy.optimize import minimize_scalar

    spare = 1 - level

    def ends(below: float) -> Floats:
        return quantile(np.array([max(below, least), min(below + level, 1.0)]))

    tiny = 1e-9 * spare
    found = minimize_scalar(
        lambda below: float(np.diff(ends(below))[0]),
        bounds=(tiny, spare - tiny),
        method="bounded",
        options={"xatol": 1e-10},
    )
    at = min((tiny, float(found.x)), key=lambda below: float(np.diff(ends(below))[0]))
    low, high = ends(at)
    return float(low), float(high)
