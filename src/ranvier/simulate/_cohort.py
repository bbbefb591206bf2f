"""The patients of one arm and one course, with their visits: the step from a design to arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._attacks import DAYS_PER_YEAR, NOBODY, Attacks, Floats
from ranvier.simulate._lesions import DAYS_PER_MONTH, draw_births
from ranvier.simulate._people import People, Steps, draw_steps, enter, follow
from ranvier.simulate._ratings import Halves, noise_of
from ranvier.simulate._regimes import Regime, attacks_under, regime_of
from ranvier.simulate._sight import Sight, draw_sight
from ranvier.simulate.designs import Design, Group
from ranvier.trial import VisitWindow

__all__ = ["Cohort", "draw_cohort", "planned"]

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
    sight: Sight | None

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
    course, regime, visits = group.course, regime_of(design.periods(arm)), planned(design)
    noise = noise_of(course, design.noise_scenario)
    first, later = visits[0], visits[1:]
    window = (first.day + first.window[0], first.day + first.window[1])
    people = enter(rng, n, course, noise, entry=group.entry, base_days=window)
    horizon = float(max([1, *(visit.day + visit.window[1] for visit in later)]))
    attacks = attacks_under(rng, people.rates, regime, horizon, course)
    steps = _steps_under(rng, n, regime, horizon, course.steps_per_year.value)
    days, place = _scheduled(rng, n, later)
    if unscheduled:
        days, place = _with_relapse_visits(rng, days, place, attacks)
    columns = list(np.ascontiguousarray(days.T))
    written = follow(rng, people, columns, noise, attacks=attacks, steps=steps, regime=regime)
    left = horizon if not design.dropout_per_year else _leaving(rng, n, design.dropout_per_year)
    ends = np.max(np.where(place >= 0, days, -1), axis=1) if len(later) else np.zeros(n, dtype=np.float32)
    births = None
    if design.scans and course.new_t2_per_year is not None:
        months = int(np.ceil((horizon - window[0]) / DAYS_PER_MONTH)) + 1
        births = draw_births(rng, n, months, course, ratio=_lesion_ratios(regime, window[0], months))
    written = _missed(rng, written, place, design.missed_share)
    days = np.column_stack([people.base_day, days])
    sight = None
    if design.acuity or design.p100:
        sight = draw_sight(rng, days, course, design.noise_scenario, regime=regime)
    return Cohort(
        people=people,
        attacks=attacks,
        days=days,
        place=np.column_stack([np.zeros(n, dtype=np.int64), place]),
        written=np.column_stack([people.base, *written]),
        last_day=np.minimum(ends, left).astype(np.float32),
        births=births,
        sight=sight,
    )


def _steps_under(rng: np.random.Generator, n: int, regime: Regime, horizon: float, per_year: float) -> Steps:
    """Draw the relapse-independent steps from day 0 to the horizon."""
    parts = [
        (low, draw_steps(rng, n, high - low, per_year * effect.progression_ratio))
        for low, high, effect in regime.spans(horizon)
    ]
    return Steps(
        who=np.concatenate([part.who for _, part in parts]),
        day=np.concatenate([np.float32(low) + part.day for low, part in parts]),
    )


def _lesion_ratios(regime: Regime, first_day: float, months: int) -> NDArray[np.float64]:
    """Give the ratio of each month: that in force in its middle. Month 0 lies before the first visit."""
    middle = first_day + (np.arange(months) - 0.5) * DAYS_PER_MONTH
    ratios = np.array([effect.lesion_ratio for effect in regime.effects])
    found: NDArray[np.float64] = ratios[np.maximum(regime.place(middle), 0)]
    return found


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
