"""Finding the maximum of the partial likelihood, plain or with Firth's penalty, and its profile intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import ConvergenceError
from ranvier.stats._cox_likelihood import Deaths, Derivatives, derivatives
from ranvier.stats._inputs import find_root

__all__ = ["Maximum", "flat_direction", "likelihood_ratio", "maximise", "profile_bounds"]

Floats = NDArray[np.float64]

MOST_STEPS = 500
"""Newton steps; a regular likelihood takes fewer than 10, Firth's some tens."""
SETTLED = 1e-18
"""Squared length of the next step in standard errors: coefficients are right to 1e-9 of them."""
NO_GAIN = 1e-11
"""Rise of the log likelihood, relative to its size, that float64 no longer resolves."""
LARGEST_STEP = 5.0
"""Largest change of a log hazard in one step; exp(5) is 148 times."""
SMALLEST_STEP = 2.0**-40
"""Share of a Newton step below which halving it further gains nothing."""
FLAT = 1e-6
"""Information left, against that at no difference, below which the likelihood rises for ever: the standard
error would be 1,000 times the one without a difference."""
FARTHEST = 60.0
"""Log hazard ratio per standard deviation beyond which a bound is called infinite."""


@dataclass(frozen=True)
class Maximum:
    """Coefficients at the maximum.

    Parameters
    ----------
    beta : ndarray of float64, shape (p,)
        Coefficients.
    at : Derivatives
        The likelihood there.
    value : float
        Log likelihood there, with the penalty if there is one.
    settled : bool
        Whether the search ended at a maximum.
    """

    beta: Floats
    at: Derivatives
    value: float
    settled: bool


def maximise(rows: Deaths, *, firth: bool, begin: Floats | None = None, fixed: int | None = None) -> Maximum:
    """Climb by Newton's method with halved steps; one coefficient may be held at its starting value."""
    beta = np.zeros(rows.x.shape[1]) if begin is None else begin.copy()
    free = np.arange(beta.size) != fixed
    at, value, score = _evaluate(rows, beta, firth)
    for _ in range(MOST_STEPS):
        step = np.zeros(beta.size)
        step[free] = np.linalg.lstsq(at.information[np.ix_(free, free)], score[free], rcond=None)[0]
        if float(step @ score) < SETTLED:
            return Maximum(beta, at, value, True)
        size = min(1.0, LARGEST_STEP / max(float(np.abs(rows.x @ step).max()), 1e-300))
        while True:
            next_at, next_value, next_score = _evaluate(rows, beta + size * step, firth)
            if next_value >= value - NO_GAIN * (1 + abs(value)):
                break
            size /= 2
            if size < SMALLEST_STEP:
                return Maximum(beta, at, value, False)
        beta = beta + size * step
        at, value, score = next_at, next_value, next_score
    return Maximum(beta, at, value, False)


def _evaluate(rows: Deaths, beta: Floats, firth: bool) -> tuple[Derivatives, float, Floats]:
    """Give the derivatives, the (penalised) log likelihood and its score."""
    at = derivatives(rows, beta, third=firth)
    if not firth or at.slope is None:
        return at, at.value, at.score
    sign, log_size = np.linalg.slogdet(at.information)
    if sign <= 0 or not math.isfinite(log_size):
        return at, -math.inf, at.score
    inverse = np.linalg.inv(at.information)
    return at, at.value + log_size / 2, at.score + np.einsum("ab,abc->c", inverse, at.slope) / 2


def flat_direction(rows: Deaths, found: Maximum) -> int | None:
    """Give the coefficient that leads where the likelihood never stops rising, or None.

    A likelihood without a maximum flattens: the information left at the end is nothing against that at no
    difference.
    """
    from scipy import linalg

    none = derivatives(rows, np.zeros(found.beta.size)).information
    values, vectors = linalg.eigh(found.at.information, none)
    if values[0] > FLAT:
        return None
    return int(np.argmax(np.abs(vectors[:, 0]) * rows.x.std(axis=0)))


def likelihood_ratio(rows: Deaths, found: Maximum, place: int, *, firth: bool) -> float:
    """Give the p value of the likelihood-ratio test that one coefficient is 0, the others free."""
    begin = found.beta.copy()
    begin[place] = 0.0
    held = maximise(rows, firth=firth, begin=begin, fixed=place)
    return float(special.chdtrc(1, max(0.0, 2 * (found.value - held.value))))


def profile_bounds(
    rows: Deaths, found: Maximum, place: int, *, firth: bool, level: float
) -> tuple[float, float]:
    """Give the coefficients at which the profile likelihood has fallen to the level's chi-square."""
    target = found.value - float(special.chdtri(1, 1 - level)) / 2
    error = math.sqrt(float(np.linalg.inv(found.at.information)[place, place]))
    limit = FARTHEST / max(float(rows.x[:, place].std()), 1e-300)

    def height(value: float) -> float:
        begin = found.beta.copy()
        begin[place] = value
        held = maximise(rows, firth=firth, begin=begin, fixed=place)
        if not held.settled:
            raise ConvergenceError(
                f"the profile likelihood did not settle at coefficient {value:.3g}; use fewer covariates."
            )
        return held.value - target

    ends = []
    for sign in (-1.0, 1.0):
        reach = 2 * error
        while height(found.beta[place] + sign * reach) > 0 and reach < limit:
            reach *= 1.6
        far = found.beta[place] + sign * reach
        ends.append(sign * math.inf if reach >= limit else find_root(height, float(found.beta[place]), far))
    return ends[0], ends[1]
