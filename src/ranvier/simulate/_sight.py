"""Acuity and P100 latency of both eyes at each visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._attacks import DAYS_PER_YEAR, NOBODY, Floats
from ranvier.simulate._regimes import UNTREATED, Regime
from ranvier.simulate.eyes import EYES, Eyes
from ranvier.simulate.phenotypes import Phenotype
from ranvier.simulate.scenarios import Scenario

__all__ = ["COLUMNS", "Sight", "draw_sight"]

COLUMNS = ("acuity_right_logmar", "acuity_left_logmar", "p100_right_ms", "p100_left_ms")
"""Columns of the table of visits, in the order in which arrays hold them."""
LETTER = 0.02
"""One letter of a chart, logMAR."""
TENTH = 0.1
ACUITY_RANGE, P100_RANGE = (-0.3, 3.0), (50.0, 300.0)
"""Limits of the columns in the table of visits."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """Values of shape (patients, visits, eyes); the right eye comes first."""

    acuity: Doubles
    p100: Doubles

    def column(self, name: str) -> Doubles:
        """Give one column of the table of visits, shape (patients, visits)."""
        place = COLUMNS.index(name)
        table = self.acuity if place < 2 else self.p100
        found: Doubles = table[:, :, place % 2]
        return found


def draw_sight(
    rng: np.random.Generator,
    days: Floats,
    course: Phenotype,
    scenario: Scenario,
    *,
    regime: Regime = UNTREATED,
) -> Sight:
    """Draw what is measured on the days of each patient, the first of them the baseline."""
    eyes, low = EYES[course.disease], scenario.fluctuation == "low"
    n, visits = days.shape
    treated = np.where(np.arange(visits) > 0, 1.0, 0.0)[:, None]
    acuity = eyes.acuity_mean.value + eyes.acuity_sd.value * _pairs(
        rng, (n, 1), eyes.acuity_between_eyes.value
    )
    error = eyes.acuity_error_low if low else eyes.acuity_error_high
    acuity = acuity + error.value * rng.standard_normal((n, visits, 2))
    p100 = eyes.p100_mean.value + eyes.p100_sd.value * _pairs(rng, (n, 1), eyes.p100_between_eyes.value)
    p100 = np.maximum(p100, eyes.p100_least.value)
    error = eyes.p100_error_low if low else eyes.p100_error_high
    p100 = p100 + error.value * _pairs(rng, (n, visits), eyes.p100_error_shared.value)
    p100 = p100 + _jumps(rng, days, eyes)
    acuity += treated * _shift(regime, "acuity_shift_logmar", days)
    p100 += treated * _shift(regime, "p100_shift_ms", days)
    return Sight(acuity=_written(acuity, LETTER, ACUITY_RANGE), p100=_written(p100, TENTH, P100_RANGE))


def _shift(regime: Regime, name: str, days: Floats) -> Doubles:
    return np.broadcast_to(np.asarray(regime.values(name, days), dtype=np.float64), days.shape)[:, :, None]


def _pairs(rng: np.random.Generator, shape: tuple[int, int], correlation: float) -> Doubles:
    """Draw standard normal pairs, one for each eye."""
    both, each = rng.standard_normal((*shape, 1)), rng.standard_normal((*shape, 2))
    pairs: Doubles = np.sqrt(correlation) * both + np.sqrt(1 - correlation) * each
    return pairs


def _jumps(rng: np.random.Generator, days: Floats, eyes: Eyes) -> Doubles:
    """Give what jumps since the baseline have added to each eye."""
    n, visits = days.shape
    first = days[:, 0].astype(np.float64)
    last = np.where(days < NOBODY, days, -np.inf).max(axis=1).astype(np.float64)
    span = np.repeat(last - first, 2)
    counts = rng.poisson(eyes.p100_jumps_per_year.value * span / DAYS_PER_YEAR)
    eye = np.repeat(np.arange(2 * n), counts)
    day = first[eye // 2] + span[eye] * rng.random(eye.size)
    size = eyes.p100_jump_least.value + eyes.p100_jump_more.value * rng.standard_exponential(eye.size)
    added = np.zeros((n, visits, 2))
    for visit in range(visits):
        there = day <= days[eye // 2, visit]
        added[:, visit] = np.bincount(eye[there], weights=size[there], minlength=2 * n).reshape(n, 2)
    return added


def _written(values: Doubles, step: float, limits: tuple[float, float]) -> Doubles:
    """Round to the step in which a value is written, inside the limits of its column."""
    return np.clip(np.round(np.rint(values / step) * step, 6), *limits)
