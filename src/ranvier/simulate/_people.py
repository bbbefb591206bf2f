"""Virtual patients as arrays: those who meet the entry criteria, and what examiners write at each visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.simulate._attacks import (
    DAYS_PER_YEAR,
    Attacks,
    Floats,
    draw_attacks,
    draw_rates,
    joined,
    last_days,
    meets,
    summed,
)
from ranvier.simulate._chain import states_near, walk
from ranvier.simulate._ratings import Halves, Noise
from ranvier.simulate._regimes import UNTREATED, Regime
from ranvier.simulate.entry_criteria import EntryCriteria
from ranvier.simulate.phenotypes import Phenotype
from ranvier.trial import EntryRule

__all__ = ["People", "Steps", "draw_steps", "enter", "follow"]

BELOW, ABOVE = 3.0, 1.5
"""Stable levels are drawn from so far below the lowest to so far above the highest EDSS that may enter: an
attack can lift a patient into the range by more than noise can lower one into it."""
MOST_DRAWN = 2_000
"""Virtual patients drawn for each one needed, beyond which entry criteria count as impossible to meet."""
LEAST_DRAWN = 1_000_000
BATCH = 4_096
STEEP_BELOW = 5.5
"""Relapse-independent steps are 1.0 below this level and 0.5 from it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """Patients at entry (day 0)."""

    phenotype: Phenotype
    rates: Floats
    past: Attacks
    stable: Floats
    fluctuation: Floats
    base_day: Floats
    base: Halves

    def __len__(self) -> int:
        return len(self.stable)


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """Relapse-independent steps: place of the patient and day."""

    who: NDArray[np.int64]
    day: Floats


def enter(
    rng: np.random.Generator,
    n: int,
    phenotype: Phenotype,
    noise: Noise,
    *,
    entry: EntryCriteria,
    base_days: tuple[int, int] = (0, 0),
) -> People:
    """Draw patients until n of them meet the entry criteria."""
    found: list[People] = []
    have, drawn, batch = 0, 0, max(BATCH, n)
    while drawn < max(MOST_DRAWN * n, LEAST_DRAWN):
        people = _candidates(rng, batch, phenotype, noise, entry=entry, base_days=base_days)
        found.append(people)
        have, drawn = have + len(people), drawn + batch
        if have >= n:
            return _first(found, n)
        share = max(have, 1) / drawn
        batch = int(min(max(BATCH, 1.05 * (n - have) / share), 50 * max(BATCH, n)))
    raise InputError(
        f"of {drawn} virtual patients with {phenotype.name} {have} met the entry criteria ({entry.text()}); "
        f"{n} are needed. Loosen the criteria."
    )


def _candidates(
    rng: np.random.Generator,
    n: int,
    phenotype: Phenotype,
    noise: Noise,
    *,
    entry: EntryCriteria,
    base_days: tuple[int, int],
) -> People:
    """Draw n patients and keep those who meet the criteria: first on attacks, then on the EDSS."""
    rates = draw_rates(rng, n, phenotype)
    past = draw_attacks(rng, rates, (-entry.history_days, 0.0), phenotype)
    kept = np.ones(n, dtype=np.bool_)
    if isinstance(entry.relapses, EntryRule):
        kept &= meets(entry.relapses, past, n)
    if entry.attack_days is not None:
        since = -last_days(past, n)
        kept &= since >= entry.attack_days[0]
        kept &= since <= (np.inf if entry.attack_days[1] is None else entry.attack_days[1])
    rates, past = rates[kept], past.of(kept)
    size = len(rates)
    low, high = entry.edss
    bottom, top = max(low - BELOW, 0.0), min(high + ABOVE, 9.5)
    stable = np.float32(bottom) + np.float32(top - bottom) * rng.random(size, dtype=np.float32)
    fluctuation = noise.start(rng, size)
    base_day = rng.integers(base_days[0], base_days[1], size, endpoint=True).astype(np.float32)
    excess = past.excess(base_day, phenotype.recovery_days.value, size)
    if phenotype.matrix is not None:
        stable, excess = rng.choice(states_near(phenotype.matrix, low, high), size), np.zeros_like(excess)
    base = noise.rate(rng, stable + fluctuation + excess)
    inside = (base >= int(2 * low)) & (base <= int(2 * high))
    return People(
        phenotype=phenotype,
        rates=rates[inside],
        past=past.of(inside),
        stable=stable[inside],
        fluctuation=fluctuation[inside],
        base_day=base_day[inside],
        base=base[inside],
    )


def _first(found: list[People], n: int) -> People:
    """Join the batches and keep the first n patients."""
    sizes = [len(people) for people in found]
    past = joined([people.past for people in found], sizes)
    kept = np.arange(sum(sizes)) < n
    fields = {
        name: np.concatenate([getattr(people, name) for people in found])[:n]
        for name in ("rates", "stable", "fluctuation", "base_day", "base")
    }
    return People(phenotype=found[0].phenotype, past=past.of(kept), **fields)


def draw_steps(rng: np.random.Generator, n: int, horizon: float, per_year: float) -> Steps:
    """Draw the relapse-independent steps of n patients from day 0 to the horizon."""
    count = int(rng.poisson(n * per_year * horizon / DAYS_PER_YEAR))
    return Steps(
        who=rng.integers(0, max(n, 1), count),
        day=(np.float32(horizon) * rng.random(count, dtype=np.float32)),
    )


def follow(
    rng: np.random.Generator,
    people: People,
    days: list[Floats | float],
    noise: Noise,
    *,
    attacks: Attacks,
    steps: Steps,
    regime: Regime = UNTREATED,
) -> list[Halves]:
    """Give what examiners write at each visit after the baseline, in half points.

    `days` holds one day for all patients, or one for each, rising from visit to visit.
    """
    if people.phenotype.matrix is not None:
        matrix = people.phenotype.matrix
        return walk(rng, people.stable, people.base_day, days, noise, matrix=matrix, regime=regime)
    n, tau = len(people), people.phenotype.recovery_days.value
    level, fluctuation = people.stable.copy(), people.fluctuation
    before: Floats | float = people.base_day
    written = []
    for day in days:
        fluctuation = noise.move(rng, fluctuation, day - before)
        _add_residuals(level, attacks, before, day)
        _add_steps(level, steps, before, day)
        seen = _until(attacks, day)
        latent = level + fluctuation + people.past.excess(day, tau, n) + seen.excess(day, tau, n)
        written.append(noise.rate(rng, latent + regime.values("edss_shift", day)))
        before = day
    return written


def _at(day: Floats | float, who: NDArray[np.int64]) -> Floats | float:
    return day[who] if isinstance(day, np.ndarray) else day


def _until(attacks: Attacks, day: Floats | float) -> Attacks:
    """Keep the attacks that have begun."""
    begun = attacks.day <= _at(day, attacks.who)
    return Attacks(
        who=attacks.who[begun],
        day=attacks.day[begun],
        peak=attacks.peak[begun],
        residual=attacks.residual[begun],
    )


def _add_residuals(level: Floats, attacks: Attacks, before: Floats | float, day: Floats | float) -> None:
    """Add what stays of the attacks between two visits to the stable level."""
    new = (attacks.day > _at(before, attacks.who)) & (attacks.day <= _at(day, attacks.who))
    level += summed(attacks.who[new], attacks.residual[new], len(level))


def _add_steps(level: Floats, steps: Steps, before: Floats | float, day: Floats | float) -> None:
    """Add the relapse-independent steps between two visits, one after the other."""
    new = steps.who[(steps.day > _at(before, steps.who)) & (steps.day <= _at(day, steps.who))]
    while len(new):
        patients, first = np.unique(new, return_index=True)
        level[patients] += np.where(level[patients] < STEEP_BELOW, np.float32(1.0), np.float32(0.5))
        new = np.delete(new, first)
