"""The patients of one arm and one course, with their visits: the step from a design to arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._attacks import DAYS_PER_YEAR, Attacks, Floats, draw_attacks
from ranvier.simulate._lesions import DAYS_PER_MONTH, draw_births
from ranvier.simulate._people import People, draw_steps, enter, follow
from ranvier.simulate._ratings import Halves, noise_of
from ranvier.simulate.designs import Design, Group
from ranvier.trial import VisitWindow

__all__ = ["NOBODY", "Cohort", "draw_cohort", "planned"]

NOBODY = np.float32(1e6)
"""Day of a visit that fills a row and does not take place."""
SOONEST, LATEST = 3, 10
"""Days after the onset of a relapse within which the patient is examined."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """Patients of one arm and one course. Columns of `days`, `place` and `written` are visits in order.

    `place` is the place of the scheduled visit among those of the protocol, -1 for a visit at a relapse.
    """

    people: People
    attacks: Attacks
    days: Floats
    place: NDArray[np.int64]
    written: NDArray[np.int8]
    last_day: Floats
    births: NDArray[np.int32] | None

    def taken(self) -> NDArray[np.bool_]:
        """Tell which visits took place before the patient left."""
        return self.days <= self.last_day[:, None]


def planned(design: Design) -> list[VisitWindow]:
    """Give the visits in order of day."""
    return sorted(design.protocol.visits, key=lambda visit: visit.day)


def draw_cohort(
    rng: np.random.Generator, n: int, design: Design, arm: str, group: Group, *, unscheduled: bool = False
) -> Cohort:
    """Draw n patients of one course in one arm."""
    course, effect, visits = group.course, design.effect(arm), planned(design)
    noise = noise_of(course, design.noise_scenario)
    first, later = visits[0], visits[1:]
    window = (first.day + first.window[0], first.day + first.window[1])
    people = enter(rng, n, course, noise, entry=group.entry, base_days=window)
    horizon = float(max([1, *(visit.day + visit.window[1] for visit in later)]))
    attacks = draw_attacks(rng, people.rates * np.float32(effect.relapse_ratio), (0.0, horizon), course)
    steps = draw_steps(rng, n, horizon, course.steps_per_year.value * effect.progression_ratio)
    days, place = _scheduled(rng, n, later)
    if unscheduled:
        days, place = _with_relapse_visits(rng, days, place, attacks)
    columns = list(np.ascontiguousarray(days.T))
    written = follow(rng, people, columns, noise, attacks=attacks, steps=steps, effect=effect)
    left = horizon if not design.dropout_per_year else _leaving(rng, n, design.dropout_per_year)
    ends = np.max(np.where(place >= 0, days, -1), axis=1) if len(later) else np.zeros(n, dtype=np.float32)
    births = None
    if design.scans and course.new_t2_per_year is not None:
        months = int(np.ceil((horizon - window[0]) / DAYS_PER_MONTH)) + 1
        births = draw_births(rng, n, months, course, ratio=effect.lesion_ratio)
    return Cohort(
        people=people,
        attacks=attacks,
        days=np.column_stack([people.base_day, days]),
        place=np.column_stack([np.zeros(n, dtype=np.int64), place]),
        written=np.column_stack([people.base, *_missed(rng, written, place, design.missed_share)]),
        last_day=np.minimum(ends, left).astype(np.float32),
        births=births,
    )


def _scheduled(
    rng: np.random.Generator, n: int, later: list[VisitWindow]
) -> tuple[Floats, NDArray[np.int64]]:
    """Draw the day of each visit after the baseline, evenly inside its window."""
    days = np.empty((n, len(later)), dtype=np.float32)
    for column, visit in enumerate(later):
        low, high = visit.day + visit.window[0], visit.day + visit.window[1]
        days[:, column] = low if low == high else rng.integers(low, high, n, endpoint=True)
    return days, np.tile(np.arange(1, len(later) + 1), (n, 1))


def _with_relapse_visits(
    rng: np.random.Generator, days: Floats, place: NDArray[np.int64], attacks: Attacks
) -> tuple[Floats, NDArray[np.int64]]:
    """Add a visit some days after each relapse, unless the patient is examined on that day anyway."""
    n = len(days)
    delay = rng.integers(SOONEST, LATEST, len(attacks.who), endpoint=True)
    seen = np.floor(attacks.day) + delay
    _, first = np.unique(np.column_stack([attacks.who, seen]), axis=0, return_index=True)
    who, seen = attacks.who[first], seen[first]
    free = ~(days[who] == seen[:, None]).any(axis=1)
    who, seen = who[free], seen[free]
    rank = np.arange(len(who)) - np.searchsorted(who, who)
    most = int(rank.max(initial=-1)) + 1
    extra = np.tile(NOBODY + np.arange(most, dtype=np.float32), (n, 1))
    extra[who, rank] = seen
    days = np.column_stack([days, extra])
    place = np.column_stack([place, np.full((n, most), -1)])
    order = np.argsort(days, axis=1, kind="stable")
    return np.take_along_axis(days, order, axis=1), np.take_along_axis(place, order, axis=1)


def _leaving(rng: np.random.Generator, n: int, per_year: float) -> Floats:
    """Draw the whole day on which each patient leaves."""
    drawn: Floats = np.floor(rng.standard_exponential(n) * DAYS_PER_YEAR / per_year).astype(np.float32)
    return drawn


def _missed(
    rng: np.random.Generator, written: list[Halves], place: NDArray[np.int64], share: float
) -> list[Halves]:
    """Write -1 where a scheduled visit was missed."""
    if not share:
        return written
    return [
        np.where((place[:, column] >= 0) & (rng.random(len(each)) < share), -1, each).astype(np.int8)
        for column, each in enumerate(written)
    ]
