"""The final EDSS of the patients of a trial, many times over, with no treatment effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.simulate._attacks import Attacks, Floats, draw_attacks, draw_rises
from ranvier.simulate._chain import walk
from ranvier.simulate._null_patients import History, Known
from ranvier.simulate._people import People, draw_steps, follow
from ranvier.simulate._ratings import HALF_POINTS, LIVING, TOP, Halves, Noise, noise_of, on_grid
from ranvier.simulate._regimes import UNTREATED
from ranvier.simulate.matrices import TransitionMatrix
from ranvier.simulate.phenotypes import PHENOTYPES, Phenotype
from ranvier.simulate.scenarios import Scenario

__all__ = ["draw_after", "draw_finals", "draw_states", "posterior_rates", "with_unknown"]

RECENT = (-180.0, -30.0)
"""Days before the first dose between which an unknown last attack is put in the scenario with much noise."""
SHARE_RECENT = {"RRMS": 1.0, "NMOSD": 1.0, "SPMS": 0.25, "PPMS": 0.0}
"""Part of the patients with such an attack, by course."""
MOST_ROUNDS = 40
EDGES: Floats = np.concatenate([[0.0, 0.5], LIVING[1:] + 0.25]).astype(np.float32)
"""Limits of latent levels that an errorless examiner would write as each step: 0, 0.5, 1.25, 1.75, ..."""


def draw_finals(
    rng: np.random.Generator, known: Known, scenario: Scenario, n_trials: int
) -> NDArray[np.int8]:
    """Give the final EDSS in half points: one row for each patient, one column for each virtual trial.

    Stable levels have a flat prior, so that the state at the baseline is drawn given what was written there:
    the level behind the rating by the chances of the rater error, then fluctuation and what is left of known
    attacks, which are taken off to give the stable level. States with a stable level below 0 are drawn again.
    """
    course = PHENOTYPES[known.phenotype]
    noise = noise_of(course, scenario)
    n = len(known.base)
    rows = np.repeat(np.arange(n), n_trials)
    base_day, final_day = known.base_day[rows], known.final_day[rows]
    written = known.base[rows]
    past, counts, years = with_unknown(rng, known, course, scenario, n_trials)
    level, fluctuation = _behind(rng, written, noise), noise.start(rng, len(rows))
    tau = course.recovery_days.value
    stable = level - fluctuation - past.excess(base_day, tau, len(rows))
    for _ in range(MOST_ROUNDS):
        bad = stable < 0
        if not bad.any():
            break
        past = _again(rng, past, bad, course)
        level[bad], fluctuation[bad] = _behind(rng, written[bad], noise), noise.start(rng, int(bad.sum()))
        stable = level - fluctuation - past.excess(base_day, tau, len(rows))
    rates = posterior_rates(rng, course, counts, years)
    people = People(
        phenotype=course,
        rates=rates,
        past=past,
        stable=np.maximum(stable, 0),
        fluctuation=fluctuation,
        base_day=base_day,
        base=written,
    )
    horizon = float(max(final_day.max(), 1.0))
    attacks = draw_attacks(rng, rates, (0.0, horizon), course)
    steps = draw_steps(rng, len(rows), horizon, course.steps_per_year.value)
    (final,) = follow(rng, people, [final_day], noise, attacks=attacks, steps=steps)
    return final.reshape(n, n_trials)


def with_unknown(
    rng: np.random.Generator, known: Known, course: Phenotype, scenario: Scenario, n_trials: int
) -> tuple[Attacks, Floats, Floats]:
    """Give the attacks before day 0, and how many in how many years they tell of each patient's rate."""
    who, day = [], []
    counts = np.empty((len(known.histories), n_trials), dtype=np.float32)
    years = np.empty_like(counts)
    for place, history in enumerate(known.histories):
        here = np.arange(place * n_trials, (place + 1) * n_trials)
        counts[place], years[place] = history.count, history.years
        if history.known or not course.relapsing:
            for attack in history.attacks:
                who.append(here)
                day.append(np.full(n_trials, attack, dtype=np.float32))
            continue
        years[place] = 1.0
        share = SHARE_RECENT[course.name] if scenario.fluctuation == "high" else 0.0
        recent = rng.random(n_trials) < share
        counts[place] = recent
        who.append(here[recent])
        day.append(rng.uniform(*RECENT, int(recent.sum())).astype(np.float32))
    patients = np.concatenate([np.empty(0, dtype=np.int64), *who])
    peak, residual = draw_rises(rng, len(patients), course)
    days = np.concatenate([np.empty(0, dtype=np.float32), *day])
    attacks = Attacks(who=patients, day=days, peak=peak, residual=residual)
    return attacks, counts.ravel(), years.ravel()


def posterior_rates(rng: np.random.Generator, course: Phenotype, counts: Floats, years: Floats) -> Floats:
    """Draw own rates given attacks in some years: gamma with shape k + count and rate k / mean + years."""
    mean, size = course.relapse_rate.value, course.relapse_size.value
    if mean == 0:
        return np.zeros(len(counts), dtype=np.float32)
    drawn: Floats = (rng.standard_gamma(size + counts) / (size / mean + years)).astype(np.float32)
    return drawn


def draw_after(
    rng: np.random.Generator, course: Phenotype, histories: list[History], years_after: Floats, n_trials: int
) -> NDArray[np.int64]:
    """Give the sum of attacks after day 0 of some patients in each virtual trial."""
    total = np.zeros(n_trials, dtype=np.int64)
    for history, after in zip(histories, years_after, strict=True):
        counts = np.full(n_trials, history.count, dtype=np.float32)
        years = np.full(n_trials, history.years, dtype=np.float32)
        total += rng.poisson(posterior_rates(rng, course, counts, years) * after)
    return total


def _behind(rng: np.random.Generator, written: Halves, noise: Noise) -> Floats:
    """Draw the level behind a rating: flat before it was seen, and rated with error."""
    chances = _chances(noise) * np.diff(EDGES)[:, None]
    limits = np.cumsum(chances / chances.sum(axis=0), axis=0)
    place = np.searchsorted(HALF_POINTS, written)
    drawn = rng.random(len(written))
    true = np.zeros(len(written), dtype=np.int64)
    for seen in np.unique(place):
        mine = place == seen
        true[mine] = np.searchsorted(limits[:-1, seen], drawn[mine])
    inside = rng.random(len(written), dtype=np.float32)
    return EDGES[true] + (EDGES[true + 1] - EDGES[true]) * inside


def _chances(noise: Noise) -> NDArray[np.float64]:
    """Give the chance of each rating (columns) at each place of the scale (rows)."""
    table = np.zeros((TOP + 1, TOP + 1))
    for place, limits in enumerate(noise.limits.astype(np.float64)):
        shares = np.diff(np.concatenate([[0.0], limits, [1.0]]))
        for shift, share in zip((-2, -1, 0, 1, 2), shares, strict=True):
            moved = abs(place + shift)
            table[place, 2 * TOP - moved if moved > TOP else moved] += share
    return table


def _again(rng: np.random.Generator, past: Attacks, bad: NDArray[np.bool_], course: Phenotype) -> Attacks:
    """Draw the attacks of some rows anew."""
    which = bad[past.who]
    peak, residual = past.peak.copy(), past.residual.copy()
    peak[which], residual[which] = draw_rises(rng, int(which.sum()), course)
    return replace(past, peak=peak, residual=residual)


def draw_states(
    rng: np.random.Generator, known: Known, scenario: Scenario, n_trials: int, matrix: TransitionMatrix
) -> NDArray[np.int8]:
    """Give the same where a matrix moves the EDSS.

    States have a flat prior; the one at the baseline is drawn given what was written there, by the chances of
    the rater error.
    """
    noise = noise_of(PHENOTYPES[known.phenotype].with_matrix(matrix), scenario)
    n = len(known.base)
    chances = _chances(noise)[on_grid(np.array(matrix.states, dtype=np.float32))]
    seen = chances[:, np.searchsorted(HALF_POINTS, known.base)]
    total = seen.sum(axis=0)
    if (total == 0).any():
        raise InputError(
            f"a patient with {known.phenotype} has EDSS {known.base[total == 0][0] / 2:g} at the baseline, "
            f"which no state of the matrix ({', '.join(f'{state:g}' for state in matrix.states)}) can be "
            "written as."
        )
    limits = np.cumsum(seen / total, axis=0)[:-1].T
    drawn = rng.random((n, n_trials))
    start = (drawn[:, :, None] >= limits[:, None, :]).sum(axis=2).ravel()
    rows = np.repeat(np.arange(n), n_trials)
    levels = np.array(matrix.states, dtype=np.float32)[start]
    days: list[Floats | float] = [known.final_day[rows]]
    (final,) = walk(rng, levels, known.base_day[rows], days, noise, matrix=matrix, regime=UNTREATED)
    return final.reshape(n, n_trials)
