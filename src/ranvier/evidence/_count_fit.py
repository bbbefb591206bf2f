"""Maximum likelihood of counts with normal random effects, and profiles of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import ConvergenceError
from ranvier.evidence._marginal import NODES, Family, Pair, marginal

__all__ = ["LARGEST_SPREAD", "CountModel", "Maximum", "maximise", "maximise_from", "profile_bounds"]

Floats = NDArray[np.float64]

SETTLED = 1e-16
"""Gain in log-likelihood that Newton's next step promises when the search ends: a step of 1e-8 standard
errors."""
MOST_STEPS = 200
"""From a start within a few standard errors Newton's method needs about ten steps."""
LONGEST_STEP = 1.0
"""Longest change of a parameter in one step, on the log scale: further out the curvature says little."""
LARGEST_SPREAD = 15.0
"""Standard deviation between studies above which it has no finite estimate: odds of studies one standard
deviation apart would differ by e**15."""
REACH = 40.0
"""Log odds and log rates beyond which there is no finite estimate."""
FLATTEST = 1e-10
"""Curvature that counts as none."""
TINY = 1e-12
"""Difference in log-likelihood that is rounding."""
BETTER = 1e-9
"""Difference in log-likelihood that is more than rounding."""
CROSSED = 1e-8
"""Distance to the depth of a profile that is none; the depth of a 95 % interval is 1.96."""
STUCK, REVIVED = 1e-3, 0.1
"""A standard deviation below the first would stay near 0 in a search, and starts at the second."""


class _NoPeakError(ConvergenceError):
    """A search without end, and how high it had come."""

    def __init__(self, words: str, reached: float) -> None:
        super().__init__(words)
        self.reached = reached


@dataclass(frozen=True)
class CountModel:
    """A family with the linear map from parameters to the means and the root of each study.

    Parameters
    ----------
    family : Family
        The likelihood given the linear predictors.
    means : ndarray of float64, shape (k, m, p)
        Map from the p parameters to the means of each study.
    entries : tuple of pairs
        Entries of the root that are parameters, the last ones of the parameters.
    shape : tuple of int
        Shape (m, r) of the root.
    """

    family: Family
    means: Floats
    entries: tuple[Pair, ...]
    shape: tuple[int, int]

    @property
    def size(self) -> int:
        """Give the number of parameters, those of the root among them."""
        return int(self.means.shape[2]) + len(self.entries)

    def derivatives(self, place: Floats, *, nodes: int = NODES) -> tuple[Floats, Floats, Floats]:
        """Give each study's log-likelihood, slope and curvature by the parameters."""
        p, (k, m) = self.means.shape[2], self.means.shape[:2]
        root = np.zeros(self.shape)
        for entry, value in zip(self.entries, place[p:], strict=True):
            root[entry] = value
        found = marginal(self.family, self.means @ place[:p], root, self.entries, nodes=nodes)
        paths = np.zeros((k, m + len(self.entries), self.size))
        paths[:, :m, :p] = self.means
        paths[:, m:, p:] = np.eye(len(self.entries))
        slope = (found.slope[:, None, :] @ paths)[:, 0]
        return found.value, slope, paths.transpose(0, 2, 1) @ found.curvature @ paths


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is highest.

    Parameters
    ----------
    place : ndarray of float64, shape (p,)
        The parameters.
    log_likelihood : float
        The value there.
    slope : ndarray of float64, shape (p,)
        Slope there; 0 but for what was held.
    information : ndarray of float64, shape (p, p)
        Curvature there, turned positive.
    by_study : ndarray of float64, shape (k, p, p)
        What each study gives to it.
    """

    place: Floats
    log_likelihood: float
    slope: Floats
    information: Floats
    by_study: Floats


def maximise(model: CountModel, start: Floats, free: NDArray[np.bool_]) -> Maximum:
    """Climb to the peak over the free parameters by Newton's method; the others stay."""
    place = start.astype(np.float64)
    value, slope, curvature, by_study = _summed(model, place)
    for _ in range(MOST_STEPS):
        if not free.any():
            break
        step = _step(slope[free], -curvature[np.ix_(free, free)])
        gain = float(slope[free] @ step)
        if gain < SETTLED:
            break
        step *= min(1.0, LONGEST_STEP / float(np.abs(step).max()))
        full = np.zeros_like(place)
        full[free] = step
        for _ in range(40):
            tried = _summed(model, place + full)
            if tried[0] >= value - TINY * (1 + abs(value)):
                break
            full /= 2
        place = place + full
        value, slope, curvature, by_study = tried
        _refuse_runaway(model, place, value)
    else:
        raise _NoPeakError(
            f"the likelihood did not settle in {MOST_STEPS} steps; the last values were "
            f"{np.round(place, 4).tolist()}. Use method='common', or leave out the study that stands apart.",
            value,
        )
    return Maximum(place, value, slope, -curvature, by_study)


def maximise_from(model: CountModel, starts: list[Floats]) -> Maximum:
    """Climb from several places and give the highest peak; standard deviations come back positive."""
    free = np.ones(model.size, dtype=bool)
    peaks, failures = [], []
    for start in starts:
        try:
            peaks.append(maximise(model, start, free))
        except _NoPeakError as failure:
            failures.append(failure)
    if not peaks:
        raise failures[0]
    # A later start must be better by more than rounding: the first one has no variance between studies.
    best = peaks[0]
    for peak in peaks[1:]:
        if peak.log_likelihood > best.log_likelihood + BETTER:
            best = peak
    for failed in failures:
        # A peak says nothing when the likelihood is higher on the way to nowhere.
        if failed.reached > best.log_likelihood + BETTER:
            raise failed
    return best


def profile_bounds(
    model: CountModel,
    peak: Maximum,
    place: int,
    *,
    level: float,
    floor: float | None = None,
    held: bool = False,
) -> tuple[float, float]:
    """Give the values of a parameter that its likelihood-ratio test does not refuse.

    Parameters
    ----------
    model : CountModel
        The model.
    peak : Maximum
        Its peak.
    place : int
        Which parameter.
    level : float
        Confidence level.
    floor : float, optional
        Smallest possible value; a bound not reached there is the floor itself.
    held : bool
        Whether the last parameter, the spread between studies, stays where it is.

    Returns
    -------
    tuple of float
        Lower and upper bound; infinite where the likelihood never falls far enough.
    """
    depth = float(np.sqrt(special.chdtri(1, 1 - level)))
    free = np.ones(model.size, dtype=bool)
    free[place] = False
    free[-1] &= not held
    centre = float(peak.place[place])

    def look(value: float, near: Floats) -> tuple[float, float, Floats]:
        begin = near.copy()
        begin[place] = value
        # A standard deviation of 0 has no slope: it must be able to grow again.
        roots = np.arange(model.size) >= model.means.shape[2]
        begin[roots & free & (np.abs(begin) < STUCK)] = REVIVED
        found = maximise(model, begin, free)
        fall = max(2 * (peak.log_likelihood - found.log_likelihood), 0.0)
        return float(np.sqrt(fall)), float(found.slope[place]), found.place

    width = min(depth / np.sqrt(max(float(peak.information[place, place]), FLATTEST)), 2.0)
    high = _crossing(
        look, peak.place, (centre, centre + width), (depth, REACH if floor is None else LARGEST_SPREAD)
    )
    if floor is not None and (centre <= floor or look(floor, peak.place)[0] <= depth):
        return floor, high
    first = centre - width if floor is None else max(centre - width, (centre + floor) / 2)
    low = _crossing(look, peak.place, (centre, first), (depth, REACH if floor is None else floor))
    return low, high


def _crossing(
    look: Callable[[float, Floats], tuple[float, float, Floats]],
    near: Floats,
    ends: tuple[float, float],
    target: tuple[float, float],
) -> float:
    """Find where the root of twice the fall of the likelihood, nearly a straight line, reaches the depth."""
    (inside, value), (depth, limit) = ends, target
    side = 1.0 if value > inside else -1.0
    outside: float | None = None
    for _ in range(MOST_STEPS):
        try:
            root, slope, near = look(value, near)
        except ConvergenceError:
            return side * np.inf
        if abs(root - depth) < CROSSED:
            break
        inside, outside = (value, outside) if root < depth else (inside, value)
        # d root / d value = -slope / root; a step must stay between what is known.
        step = (depth - root) * root / -slope if slope * side < 0 else np.inf
        farthest = value + side * max(2 * abs(value - inside), LONGEST_STEP) if outside is None else outside
        value = value + step
        if not min(inside, farthest) < value < max(inside, farthest):
            value = farthest if outside is None else (inside + outside) / 2
        if outside is None and abs(value) >= limit > 0:
            return side * np.inf
    return value


def _summed(model: CountModel, place: Floats) -> tuple[float, Floats, Floats, Floats]:
    value, slope, curvature = model.derivatives(place)
    return float(value.sum()), slope.sum(axis=0), curvature.sum(axis=0), -curvature


def _step(slope: Floats, information: Floats) -> Floats:
    """Give Newton's step; along a direction that curves upwards, one of the same size."""
    values, vectors = np.linalg.eigh(information)
    sizes = np.maximum(np.abs(values), FLATTEST)
    step: Floats = vectors @ ((vectors.T @ slope) / sizes)
    return step


def _refuse_runaway(model: CountModel, place: Floats, value: float) -> None:
    """Refuse a search that runs off without end."""
    p = model.means.shape[2]
    spread = float(np.abs(place[p:]).max(initial=0.0))
    if spread > LARGEST_SPREAD or float(np.abs(place[:p]).max()) > REACH:
        raise _NoPeakError(
            "the likelihood rises without end: no finite variance between studies fits (the last standard "
            f"deviation was {spread:.3g} on the log scale), as when some studies hold all the events. Use "
            "method='common' with its exact interval, or describe the studies one by one.",
            value,
        )
