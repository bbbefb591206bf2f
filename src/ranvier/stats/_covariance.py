r"""Covariance structures of repeated measures: the matrix with its first and second derivatives.

Every structure is :math:`V_{ij} = s_i s_j R_{ij}(\varphi)`: scales, one for all visits or one per visit, and
a shape. Parameters are unbounded; the first ones are the logarithms of the scales. The parametrisation is
that of R's mmrm (covariance vignette), because the Kenward-Roger adjustment with second derivatives depends
on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["STRUCTURES", "Matrices", "Structure", "matrices", "parameter_names"]

Floats = NDArray[np.float64]
Shape = tuple[Floats, Floats, Floats]
"""The shape R (..., m, m), its first (q, ..., m, m) and its second derivatives (q, q, ..., m, m)."""

START_CORRELATION = 0.5
"""Correlation over the median distance at which the search in continuous time starts."""


@dataclass(frozen=True, kw_only=True)
class Matrices:
    """Covariance matrix and derivatives; the second axis from the right of `value` and so on are visits.

    `value` is (b, m, m), `first` (k, b, m, m), `second` (k, k, b, m, m); b is 1 where all patients share one
    matrix, else the number of patterns of times.
    """

    value: Floats
    first: Floats
    second: Floats


@dataclass(frozen=True, kw_only=True)
class Structure:
    """One covariance structure.

    Parameters
    ----------
    text : str
        What it assumes, for a sentence.
    shape : callable
        From (shape parameters, place of the visits) to the shape with its derivatives; the place is the
        distance in visits (m, m) or in time (b, m, m).
    size : callable
        From the number of visits to the number of shape parameters.
    names : callable
        From the labels of the visits to the names of the shape parameters.
    one_scale : bool
        Whether all visits share one scale.
    in_time : bool
        Whether distances are in time, so that the scale is a variance and visits need a time.
    simpler : str, optional
        The next structure with fewer parameters.
    """

    text: str
    shape: Callable[[Floats, Floats], Shape]
    size: Callable[[int], int]
    names: Callable[[list[str]], list[str]]
    one_scale: bool = False
    in_time: bool = False
    simpler: str | None = None

    def scales(self, n_visits: int) -> int:
        """Give the number of scales."""
        return 1 if self.one_scale else n_visits

    def parameters(self, n_visits: int) -> int:
        """Give the number of parameters."""
        return self.scales(n_visits) + self.size(n_visits)


def parameter_names(structure: Structure, visits: list[str]) -> list[str]:
    """Name every parameter as a reader would."""
    scale = "variance" if structure.in_time else "standard deviation"
    scales = [scale] if structure.one_scale else [f"{scale} at {visit}" for visit in visits]
    return [*scales, *structure.names(visits)]


def matrices(structure: Structure, theta: Floats, place: Floats) -> Matrices:
    """Give the covariance matrix with its derivatives at the parameters `theta`."""
    m = place.shape[-1]
    split = structure.scales(m)
    shape, first, second = structure.shape(theta[split:], place)
    if shape.ndim == 2:
        shape, first, second = shape[None], first[:, None], second[:, :, None]
    power = np.ones((1, m)) * (0.5 if structure.in_time else 1.0) if structure.one_scale else np.eye(m)
    logs = power.T @ theta[:split]
    scale = np.exp(logs[:, None] + logs[None, :])
    value = scale * shape
    # The logarithm of the scale of entry (i, j) moves by share[a, i, j] with the parameter a.
    share = (power[:, :, None] + power[:, None, :])[:, None]
    k = theta.size
    all_first = np.empty((k, *value.shape))
    all_first[:split], all_first[split:] = share * value, scale * first
    all_second = np.empty((k, k, *value.shape))
    all_second[:split, :split] = share[:, None] * share[None, :] * value
    all_second[:split, split:] = share[:, None] * (scale * first)[None, :]
    all_second[split:, :split] = np.swapaxes(all_second[:split, split:], 0, 1)
    all_second[split:, split:] = scale * second
    return Matrices(value=value, first=all_first, second=all_second)


def _correlation(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Map any number to a correlation between -1 and 1, with two derivatives."""
    root = np.sqrt(1 + x**2)
    return x / root, root**-3, -3 * x * root**-5


def _unstructured(x: Floats, place: Floats) -> Shape:
    """Give the product of a lower triangle with ones on its diagonal and its transpose."""
    m = place.shape[-1]
    rows, columns = np.tril_indices(m, -1)
    lower = np.eye(m)
    lower[rows, columns] = x
    units = np.zeros((x.size, m, m))
    units[np.arange(x.size), rows, columns] = 1
    half = units @ lower.T
    pairs = units[:, None] @ np.swapaxes(units, 1, 2)[None, :]
    return lower @ lower.T, half + np.swapaxes(half, 1, 2), pairs + np.swapaxes(pairs, 2, 3)


def _toeplitz(x: Floats, place: Floats) -> Shape:
    """Give one correlation per distance in visits."""
    value, slope, bend = _correlation(x)
    at = place[None] == np.arange(1, x.size + 1)[:, None, None]
    shape = (place == 0) + np.tensordot(value, at, 1)
    second = np.zeros((x.size, *at.shape))
    second[np.arange(x.size), np.arange(x.size)] = bend[:, None, None] * at
    return shape, slope[:, None, None] * at, second


def _ar1(x: Floats, place: Floats) -> Shape:
    """Give the powers of one correlation."""
    value, slope, bend = _correlation(x)
    shape = value**place
    once = place * value ** np.maximum(place - 1, 0)
    twice = place * (place - 1) * value ** np.maximum(place - 2, 0)
    return shape, (once * slope)[None], (twice * slope**2 + once * bend)[None, None]


def _compound(x: Floats, place: Floats) -> Shape:
    """Give the same correlation for every pair of visits, above the least one possible."""
    m = place.shape[-1]
    least = -1 / (m - 1)
    share = 1 / (1 + np.exp(-x[0]))
    apart = (place > 0).astype(float)
    slope = (1 - least) * share * (1 - share)
    value = least + (1 - least) * share
    return (
        1 - apart + value * apart,
        (slope * apart)[None],
        (slope * (1 - 2 * share) * apart)[None, None],
    )


def _ante(x: Floats, place: Floats) -> Shape:
    """Give the products of the correlations of neighbouring visits between two visits."""
    m, q = place.shape[-1], x.size
    value, slope, bend = _correlation(x)
    steps = range(q)
    step = np.arange(q)
    low, high = np.minimum.outer(np.arange(m), np.arange(m)), np.maximum.outer(np.arange(m), np.arange(m))
    between = (step >= low[..., None]) & (step < high[..., None])

    def product(*without: int) -> Floats:
        used = between.copy()
        used[..., list(without)] = False
        kept: Floats = np.where(used, value, 1.0).prod(axis=-1)
        return kept * between[..., list(without)].all(axis=-1)

    first = np.stack([slope[a] * product(a) for a in steps])
    second = np.empty((q, q, m, m))
    for a in steps:
        for b in steps:
            second[a, b] = bend[a] * product(a) if a == b else slope[a] * slope[b] * product(a, b)
    return product(), first, second


def _exponential(x: Floats, place: Floats) -> Shape:
    """Give a correlation per unit of time to the power of the time between, each patient at own times."""
    log_value = -np.logaddexp(0, -x[0])
    value = np.exp(log_value)
    shape = np.exp(place * log_value)
    slope = place * -np.expm1(log_value)
    bend = -place * value * -np.expm1(log_value)
    return shape, (slope * shape)[None], ((bend + slope**2) * shape)[None, None]


def _pairs(visits: list[str]) -> list[str]:
    return [
        f"covariance of {visits[b]} and {visits[a]}"
        for a, b in zip(*np.tril_indices(len(visits), -1), strict=True)
    ]


def _lags(visits: list[str]) -> list[str]:
    return [f"correlation {lag} visit{'s' * (lag > 1)} apart" for lag in range(1, len(visits))]


def _neighbours(visits: list[str]) -> list[str]:
    return [f"correlation of {a} and {b}" for a, b in pairwise(visits)]


STRUCTURES: dict[str, Structure] = {
    "unstructured": Structure(
        text="every visit has its own variance and every pair of visits its own covariance",
        shape=_unstructured,
        size=lambda m: m * (m - 1) // 2,
        names=_pairs,
        simpler="toeplitz-heterogeneous",
    ),
    "toeplitz-heterogeneous": Structure(
        text="every visit has its own variance; the correlation depends on how many visits lie between",
        shape=_toeplitz,
        size=lambda m: m - 1,
        names=_lags,
        simpler="ar1-heterogeneous",
    ),
    "toeplitz": Structure(
        text="one variance; the correlation depends on how many visits lie between",
        shape=_toeplitz,
        size=lambda m: m - 1,
        names=_lags,
        one_scale=True,
        simpler="ar1",
    ),
    "ante-dependence-heterogeneous": Structure(
        text="every visit has its own variance and depends on the visit before it only",
        shape=_ante,
        size=lambda m: m - 1,
        names=_neighbours,
        simpler="ar1-heterogeneous",
    ),
    "ante-dependence": Structure(
        text="one variance; every visit depends on the visit before it only",
        shape=_ante,
        size=lambda m: m - 1,
        names=_neighbours,
        one_scale=True,
        simpler="ar1",
    ),
    "ar1-heterogeneous": Structure(
        text="every visit has its own variance; the correlation falls by the same factor with every visit",
        shape=_ar1,
        size=lambda _: 1,
        names=lambda _: ["correlation of neighbouring visits"],
        simpler="ar1",
    ),
    "ar1": Structure(
        text="one variance; the correlation falls by the same factor with every visit",
        shape=_ar1,
        size=lambda _: 1,
        names=lambda _: ["correlation of neighbouring visits"],
        one_scale=True,
        simpler="compound-symmetry",
    ),
    "compound-symmetry-heterogeneous": Structure(
        text="every visit has its own variance; any two visits have the same correlation",
        shape=_compound,
        size=lambda _: 1,
        names=lambda _: ["correlation of any two visits"],
        simpler="compound-symmetry",
    ),
    "compound-symmetry": Structure(
        text="one variance; any two visits have the same correlation",
        shape=_compound,
        size=lambda _: 1,
        names=lambda _: ["correlation of any two visits"],
        one_scale=True,
    ),
    "spatial-exponential": Structure(
        text="one variance; the correlation falls by the same factor with every unit of time between visits",
        shape=_exponential,
        size=lambda _: 1,
        names=lambda _: ["correlation over one unit of time"],
        one_scale=True,
        in_time=True,
        simpler="compound-symmetry",
    ),
}
"""Every covariance structure by name, most parameters first."""


def start(structure: Structure, log_sd: Floats, place: Floats) -> Floats:
    """Give parameters to start from: the scatter at each visit, and no correlation (in time: some)."""
    m = place.shape[-1]
    scales = np.array([log_sd.mean()]) if structure.one_scale else log_sd
    rest = np.zeros(structure.size(m))
    if structure.in_time:
        apart = place[place > 0]
        per_unit = START_CORRELATION ** (1 / np.median(apart)) if apart.size else START_CORRELATION
        scales, rest = 2 * scales, np.array([np.log(per_unit / (1 - per_unit))])
    return np.concatenate([scales, rest])
