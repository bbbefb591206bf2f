"""Attacks of many patients as flat arrays: when, how high, and how much stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate.phenotypes import Phenotype
from ranvier.trial import EntryRule

__all__ = [
    "DAYS_PER_YEAR",
    "NOBODY",
    "Attacks",
    "Floats",
    "draw_attacks",
    "draw_rates",
    "last_days",
    "meets",
    "summed",
]

DAYS_PER_YEAR = 365.25
"""Mean length of a calendar year, days."""
NOBODY = np.float32(1e6)
"""Day of a visit that fills a row and does not take place, and of all such days the first."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Attacks:
    """Attacks in the order of patients: place of the patient, day, rise at the peak, part that stays."""

    who: NDArray[np.int64]
    day: Floats
    peak: Floats
    residual: Floats

    def of(self, kept: NDArray[np.bool_]) -> Attacks:
        """Keep the attacks of some patients, who are numbered anew."""
        mine = kept[self.who]
        number = np.cumsum(kept) - 1
        return Attacks(
            who=number[self.who[mine]],
            day=self.day[mine],
            peak=self.peak[mine],
            residual=self.residual[mine],
        )

    def excess(self, day: Floats | float, tau: float, n: int) -> Floats:
        """Give by how much attacks raise the EDSS of each patient on a day above what stays of them.

        Before the day of an attack its residual is not there yet.
        """
        since = (day[self.who] if isinstance(day, np.ndarray) else np.float32(day)) - self.day
        left = (self.peak - self.residual) * np.exp(np.minimum(-since, 0) / np.float32(tau))
        return summed(self.who, np.where(since >= 0, left, -self.residual), n)


def summed(who: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """Give the sum of values of each patient."""
    return np.bincount(who, weights=values, minlength=n).astype(np.float32)


def joined(parts: list[Attacks], sizes: list[int]) -> Attacks:
    """Put groups of patients one after the other."""
    starts = np.cumsum([0, *sizes[:-1]])
    return Attacks(
        who=np.concatenate([part.who + start for part, start in zip(parts, starts, strict=True)]),
        day=np.concatenate([part.day for part in parts]),
        peak=np.concatenate([part.peak for part in parts]),
        residual=np.concatenate([part.residual for part in parts]),
    )


def draw_rates(rng: np.random.Generator, n: int, phenotype: Phenotype) -> Floats:
    """Draw the own rate of each patient, attacks per year."""
    rate, size = phenotype.relapse_rate.value, phenotype.relapse_size.value
    if rate == 0:
        return np.zeros(n, dtype=np.float32)
    drawn: Floats = rng.standard_gamma(size, n, dtype=np.float32) * np.float32(rate / size)
    return drawn


def draw_attacks(
    rng: np.random.Generator, rates: Floats, span: tuple[float, float], phenotype: Phenotype
) -> Attacks:
    """Draw the attacks of each patient between two days, the last one excluded."""
    low, high = span
    counts = rng.poisson(np.maximum(rates, 0) * np.float32((high - low) / DAYS_PER_YEAR))
    who = np.repeat(np.arange(len(rates)), counts)
    day = np.float32(low) + np.float32(high - low) * rng.random(len(who), dtype=np.float32)
    peak, residual = draw_rises(rng, len(who), phenotype)
    return Attacks(who=who, day=day, peak=peak, residual=residual)


def draw_rises(rng: np.random.Generator, n: int, phenotype: Phenotype) -> tuple[Floats, Floats]:
    """Draw the rise at the peak of n attacks, and what stays of it."""
    shape, mean = phenotype.peak_shape.value, phenotype.peak_mean.value
    peak: Floats = rng.standard_gamma(shape, n, dtype=np.float32) * np.float32(mean / shape)
    a = rng.standard_gamma(phenotype.residual_a.value, n, dtype=np.float32)
    b = rng.standard_gamma(phenotype.residual_b.value, n, dtype=np.float32)
    return peak, peak * (a / np.maximum(a + b, np.float32(1e-30)))


def last_days(attacks: Attacks, n: int) -> Floats:
    """Give the day of the last attack of each patient; minus infinity without any."""
    last = np.full(n, -np.inf, dtype=np.float32)
    np.maximum.at(last, attacks.who, attacks.day)
    return last


def meets(rule: EntryRule, attacks: Attacks, n: int) -> NDArray[np.bool_]:
    """Tell which patients meet an entry rule, day 0 being entry."""
    recent = attacks.who[attacks.day >= -rule.window_years * DAYS_PER_YEAR]
    holds: NDArray[np.bool_] = np.bincount(recent, minlength=n) >= rule.min_relapses
    if rule.also is not None:
        holds = holds & meets(rule.also, attacks, n)
    return holds if rule.or_else is None else holds | meets(rule.or_else, attacks, n)
