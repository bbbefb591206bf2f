"""The marginal likelihood of counts with normal random effects, by adaptive quadrature.

Every model here is an exponential family in one or two linear predictors: log p(study) = t'eta - A(eta) + c
with convex A, and eta = mean + root z, z standard normal. The integral over z is taken around each study's
own peak; slope and curvature come with it, by the identities of Fisher and Louis.

One random effect: the trapezoidal rule over all that matters of the integrand, which is analytic and vanishes
at both ends, so that the rule converges exponentially however lopsided a study with no event makes it. Two
random effects: Gauss-Hermite, centred and scaled at the peak.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["NODES", "Family", "Marginal", "Pair", "gauss_hermite", "log_sum", "marginal"]

Floats = NDArray[np.float64]
Pair = tuple[int, int]

STEPS, SPREAD = 96, 5.0
"""Steps of the trapezoidal rule, up to this standard deviation on the log scale; beyond it the integrand is
steeper, and there are as many more steps. Against brute force (tests/unit/test_evidence_marginal.py) the
log-likelihood is right to 1e-9 with standard deviations up to 15."""
NODES = 31
"""Gauss-Hermite nodes per dimension of two. Right to 1e-8 with standard deviations up to 2 (same test);
further out a share of the studies is at 0 or 1 and the integrand has corners that no rule of this kind
follows."""
NEGLIGIBLE = 36.0
"""Fall of the log integrand beyond which nothing is left: exp(-36) is 2e-16."""
PEAK_SETTLED = 1e-10
"""Step at which a peak is found; nodes need not lie exactly on it."""
PEAK_STEPS = 100
"""Newton steps to a study's peak; the log integrand is strictly concave and needs about ten."""
EDGE_SETTLED = 0.05
"""Step at which an edge is near enough, in standard deviations."""
EDGE_STEPS = 160
"""Newton steps to an edge; an integrand that falls as exp(-exp(eta)) needs about one per unit of eta, and the
search starts 8.5 standard deviations out, of at most 15 each (`LARGEST_SPREAD`)."""
LONGEST_STEP = 4.0
"""Longest step in standard deviations: where counts are rates the curvature far out says little."""


class Family(Protocol):
    """Log-likelihood of k studies in m linear predictors.

    Parameters
    ----------
    statistic : ndarray of float64, shape (k, m)
        The sufficient statistic t.
    constant : ndarray of float64, shape (k,)
        What does not depend on the linear predictors.
    """

    @property
    def statistic(self) -> Floats: ...

    @property
    def constant(self) -> Floats: ...

    def cumulants(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give A, its slopes and its curvatures for eta of shape (k, q, m)."""
        ...

    def saturated(self) -> Floats:
        """Give the log-likelihood of each study with linear predictors of its own."""
        ...


@dataclass(frozen=True)
class Marginal:
    """Log-likelihood of each study with its derivatives by its means and by the entries of the root.

    Parameters
    ----------
    value : ndarray of float64, shape (k,)
        Log-likelihoods.
    slope : ndarray of float64, shape (k, d)
        First derivatives.
    curvature : ndarray of float64, shape (k, d, d)
        Second derivatives.
    """

    value: Floats
    slope: Floats
    curvature: Floats


def log_sum(terms: Floats) -> Floats:
    """Give the logarithm of the sum of exponentials along the last axis."""
    top = terms.max(axis=-1)
    total: Floats = top + np.log(np.exp(terms - top[..., None]).sum(axis=-1))
    return total


@cache
def gauss_hermite(count: int) -> tuple[Floats, Floats]:
    """Give nodes in two dimensions and log weights, with the weight function exp(-z'z / 2) taken off."""
    nodes, weights = special.roots_hermitenorm(count)
    logs = np.log(weights) + nodes**2 / 2
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    return grid, (logs[:, None] + logs).ravel()


def marginal(
    family: Family, mean: Floats, root: Floats, entries: tuple[Pair, ...], *, nodes: int = NODES
) -> Marginal:
    """Integrate the random effects out of the likelihood of each study.

    Parameters
    ----------
    family : Family
        The likelihood given the linear predictors.
    mean : ndarray of float64, shape (k, m)
        Linear predictors where the random effects are 0.
    root : ndarray of float64, shape (m, r)
        Root of the covariance of the random effects, r 1 or 2.
    entries : tuple of pairs
        Entries of the root by which derivatives are taken.
    nodes : int
        Gauss-Hermite nodes per dimension, where there are two; 1 is Laplace's approximation.

    Returns
    -------
    Marginal
        Values and derivatives, by the m means and then by the entries.
    """
    k, m = mean.shape
    z, log_weights = _points(family, mean, root, nodes)
    eta = mean[:, None, :] + z @ root.T
    a, a1, a2 = family.cumulants(eta)
    t = family.statistic[:, None, :]
    normal = (z**2).sum(axis=2) / 2 + root.shape[1] * np.log(2 * np.pi) / 2
    joint = (t * eta).sum(axis=2) - a - normal + log_weights
    total = log_sum(joint)
    share = np.exp(joint - total[:, None])
    # d eta / d parameter: 1 for its own mean, z_b for entry (a, b) of the root.
    paths = np.zeros((k, z.shape[1], m + len(entries), m))
    for place in range(m):
        paths[:, :, place, place] = 1.0
    for place, (row, column) in enumerate(entries, start=m):
        paths[:, :, place, row] = z[:, :, column]
    each = (paths @ (t - a1)[..., None])[..., 0]
    weighted = share[..., None] * each
    slope = weighted.sum(axis=1)
    spread = weighted.transpose(0, 2, 1) @ each
    inside = (share[..., None, None] * (paths @ a2 @ paths.transpose(0, 1, 3, 2))).sum(axis=1)
    return Marginal(total + family.constant, slope, spread - inside - slope[:, :, None] * slope[:, None, :])


def _points(family: Family, mean: Floats, root: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Give where each study's integrand is looked at, shape (k, q, r), and the log weights, shape (k, q)."""
    peak, width = _peaks(family, mean, root)
    if root.shape[1] == 2:
        grid, logs = gauss_hermite(nodes)
        volume = np.log(width[:, 0, 0] * width[:, 1, 1])[:, None]
        return peak[:, None, :] + grid @ width.transpose(0, 2, 1), logs + volume
    low, high = (_edge(family, mean, root, (peak, side)) for side in (-1.0, 1.0))
    steps = math.ceil(STEPS * max(1.0, float(np.abs(root).max()) / SPREAD))
    step = (high - low) / steps
    return low[:, None] + step[:, None] * np.arange(steps + 1)[:, None], np.log(step)


def _edge(family: Family, mean: Floats, root: Floats, begin: tuple[Floats, float]) -> Floats:
    """Give how far out one side of the integrand matters."""
    peak, side = begin
    target = _height(family, mean, root, peak)[0] - NEGLIGIBLE
    # The normal density alone falls so far; from there Newton's method on a concave function never passes the
    # edge.
    z: Floats = peak + side * np.sqrt(2 * NEGLIGIBLE)
    for _ in range(EDGE_STEPS):
        value, slope, _ = _height(family, mean, root, z)
        step = (value - target)[:, None] / slope
        z = z - step
        if float(np.abs(step).max()) < EDGE_SETTLED:
            break
    return z


def _peaks(family: Family, mean: Floats, root: Floats) -> tuple[Floats, Floats]:
    """Give where each study's integrand peaks, shape (k, r), and a root of its spread there."""
    z = np.zeros((len(mean), root.shape[1]))
    value, slope, curve = _height(family, mean, root, z)
    part = np.ones((len(z), 1))
    for _ in range(PEAK_STEPS):
        step = np.linalg.solve(curve, slope[..., None])[..., 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        if float(longest.max()) < PEAK_SETTLED:
            break
        tried = z + part * step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, PEAK_SETTLED))
        there = _height(family, mean, root, tried)
        # A study whose step went down takes half of it next time; the others have moved.
        up = there[0] >= value - PEAK_SETTLED * (1 + np.abs(value))
        part = np.where(up[:, None], 1.0, part / 2)
        z = np.where(up[:, None], tried, z)
        value, slope = np.where(up, there[0], value), np.where(up[:, None], there[1], slope)
        curve = np.where(up[:, None, None], there[2], curve)
    return z, np.linalg.cholesky(np.linalg.inv(curve))


def _height(family: Family, mean: Floats, root: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Give the log integrand, its slope and its curvature turned positive."""
    eta = mean + z @ root.T
    a, a1, a2 = family.cumulants(eta[:, None, :])
    value = (family.statistic * eta).sum(axis=1) - a[:, 0] - (z**2).sum(axis=1) / 2
    slope = (family.statistic - a1[:, 0]) @ root - z
    return value, slope, np.eye(root.shape[1]) + root.T @ a2[:, 0] @ root
