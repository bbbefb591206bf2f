"""From a latent level to the EDSS that an examiner writes, for whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.course import RaterError
from ranvier.simulate._attacks import Floats
from ranvier.simulate.phenotypes import Phenotype
from ranvier.simulate.scenarios import Scenario
from ranvier.tables import EDSS_STEPS

__all__ = ["HALF_POINTS", "Halves", "Noise", "noise_of", "on_grid"]

Halves = NDArray[np.int8]

LIVING = np.array(EDSS_STEPS[:-1])
TOP = len(LIVING) - 1
HALF_POINTS: Halves = (2 * LIVING).astype(np.int8)
"""Half points of each place on the scale: 0, 2, 3, ..., 19."""
NO_ERROR: Floats = np.array([0, 0, 1, 1], dtype=np.float32)
"""Limits of the shifts -2, -1, 0 and 1 of an examiner who never errs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Noise:
    """What moves a written EDSS without any change of the disease."""

    sd: float
    days: float
    limits: Floats
    """Upper limits of the chances of the shifts -2, -1, 0 and 1, one row for each place on the scale."""

    def start(self, rng: np.random.Generator, n: int) -> Floats:
        """Draw the fluctuation of n patients on one day."""
        drawn: Floats = rng.standard_normal(n, dtype=np.float32) * np.float32(self.sd)
        return drawn

    def move(self, rng: np.random.Generator, now: Floats, gap: Floats | float) -> Floats:
        """Draw the fluctuation some days later: correlated by exp(-gap / days)."""
        if self.sd == 0:
            return now
        kept = np.exp(-np.asarray(gap, dtype=np.float32) / np.float32(self.days))
        moved: Floats = kept * now + np.sqrt(1 - kept * kept) * self.start(rng, len(now))
        return moved

    def rate(self, rng: np.random.Generator, level: Floats) -> Halves:
        """Give what an examiner writes, in half points; beyond an end of the scale the error turns back."""
        place = on_grid(level)
        drawn = rng.random(len(level), dtype=np.float32)
        limits = self.limits[0] if (self.limits == self.limits[0]).all() else self.limits[place].T
        shift = np.full(len(level), -2, dtype=np.int8)
        for limit in limits:
            shift += drawn >= limit
        moved = np.abs(place + shift)
        written: Halves = HALF_POINTS[np.where(moved > TOP, 2 * TOP - moved, moved)]
        return written


def on_grid(level: Floats) -> Halves:
    """Give the place of the nearest step of the scale: 0 for 0, 1 for 1.0, 2 for 1.5; there is no 0.5."""
    nearest = np.maximum(np.rint(2 * level) - 1, level >= 0.5)
    place: Halves = np.clip(nearest, 0, TOP).astype(np.int8)
    return place


def noise_of(phenotype: Phenotype, scenario: Scenario) -> Noise:
    """Give the noise of a phenotype in a scenario."""
    low = scenario.fluctuation == "low"
    sd = phenotype.fluctuation_low if low else phenotype.fluctuation_high
    days, limits = phenotype.fluctuation_days.value, _limits(scenario.error)
    if phenotype.matrix is None:
        return Noise(sd=sd.value, days=days, limits=limits)
    # A matrix holds what fluctuation does from one cycle to the next.
    rated = np.tile(NO_ERROR, (len(LIVING), 1)) if phenotype.matrix.contains_rater_error else limits
    return Noise(sd=0.0, days=days, limits=rated)


def _limits(error: RaterError) -> Floats:
    """Give the cumulated chances of the shifts at each place."""
    rows = np.zeros((len(LIVING), 4))
    for band in error.bands:
        half, one = band.off_by_half / 2, band.off_by_one / 2
        inside = (band.low <= LIVING) & (band.high >= LIVING)
        rows[inside] = np.cumsum([one, half, 1 - 2 * (one + half), half])
    return rows.astype(np.float32)
