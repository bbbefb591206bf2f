"""What the patients of a planned trial show: rows are trials, columns patients in order of entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._attacks import DAYS_PER_YEAR
from ranvier.simulate._cohort import Cohort, draw_cohort, planned
from ranvier.simulate._endpoints import CONFIRMATION, needed, worsening_of_rows
from ranvier.simulate._lesions import DAYS_PER_MONTH, lesions_since
from ranvier.simulate._plan_crossover import first_period_ends
from ranvier.simulate.designs import Design, EventRate
from ranvier.simulate.plan_scenarios import PlanScenario
from ranvier.simulate.plans import Plan
from ranvier.stats import CountDesign

__all__ = ["BEFORE_YEARS", "ArmData", "draw_arm"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]

BEFORE_YEARS = 365 / DAYS_PER_YEAR
"""Years before entry whose relapses are compared, as in `course.relapse_rate`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmData:
    """The patients of one arm in every trial.

    `value` is 1 for a patient who is counted and 0 for another, a change of EDSS in half points, or a number
    of events in `years`; it says nothing where `known` is false. In a crossover it is the EDSS at the end of
    the first period less that of the second, and `first` the change from the baseline to the end of the
    first, in half points. `before` are relapses in the year before entry.
    """

    value: Whole
    known: Bools
    years: Floats
    before: Whole
    serious: Bools
    first: Whole | None = None

    @property
    def n(self) -> int:
        """Give the patients of each trial."""
        return int(self.value.shape[1])

    @property
    def periods(self) -> tuple[Whole, Whole]:
        """Give the changes from the baseline to the end of each period of a crossover, in half points."""
        first = self.value if self.first is None else self.first  # checked by the plan
        return first, first - self.value

    def part(self, rows: Whole, first: int, last: int) -> ArmData:
        """Give some patients of some trials."""
        here = np.ix_(rows, np.arange(first, last))
        return ArmData(
            value=self.value[here],
            known=self.known[here],
            years=self.years[here],
            before=self.before[here],
            serious=self.serious[here],
            first=None if self.first is None else self.first[here],
        )


def draw_arm(
    rng: np.random.Generator, plan: Plan, scenario: PlanScenario, design: Design, arm: str, size: int
) -> ArmData:
    """Draw one arm of all trials of a block."""
    parts, events = [], scenario.events_of(plan, arm)
    for group, n in zip(design.groups, design.counts(arm), strict=True):
        if n:
            seen = _observed(rng, draw_cohort(rng, n * size, design, arm, group), plan, design, events)
            parts.append({name: values.reshape(size, n) for name, values in seen.items()})
    joined = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
    if len(parts) > 1:  # patients of all groups enter in any order
        order = np.argsort(rng.random(joined["value"].shape), axis=1)
        joined = {name: np.take_along_axis(values, order, axis=1) for name, values in joined.items()}
    return ArmData(**joined)


def _observed(
    rng: np.random.Generator, cohort: Cohort, plan: Plan, design: Design, events: tuple[EventRate, ...]
) -> dict[str, NDArray[Any]]:
    """Give what each patient shows."""
    n, more = len(cohort.last_day), {}
    years = np.maximum(cohort.last_day.astype(np.float64), 0) / DAYS_PER_YEAR
    rate = sum(event.per_year for event in events if event.serious)
    serious = rng.random(n) < -np.expm1(-rate * years) if rate else np.zeros(n, dtype=bool)
    if plan.endpoint == "new_t2":
        value, known, years = _lesions(rng, cohort, design)
    elif plan.endpoint == "relapses":
        after = cohort.attacks.day <= cohort.last_day[cohort.attacks.who]
        value, known = np.bincount(cohort.attacks.who[after], minlength=n), years > 0
    elif plan.endpoint == "serious_event":
        value, known = serious.astype(np.int64), np.ones(n, dtype=bool)
    elif plan.switch_day is not None:
        value, known, more["first"] = _two_periods(cohort, design, plan.switch_day)
    else:
        value, known = _edss(cohort, plan, design)
    if isinstance(plan.looks, CountDesign):  # whoever is not known counts as an unfavourable result
        value, known = np.where(known, value, plan.favourable == "less"), np.ones(n, dtype=bool)
    past = cohort.people.past
    recent = past.who[np.floor(past.day) >= -BEFORE_YEARS * DAYS_PER_YEAR]
    return {
        "value": value.astype(np.int64),
        "known": known,
        "years": years,
        "before": np.bincount(recent, minlength=n),
        "serious": serious,
        **more,
    }


def _edss(cohort: Cohort, plan: Plan, design: Design) -> tuple[Whole, Bools]:
    """Judge the EDSS of each patient."""
    need = needed(plan.change_rule)
    base, seen = cohort.written[:, 0], _seen(cohort, design)
    if plan.endpoint == "confirmed_worsening":
        found = worsening_of_rows(base, seen[:, 1:], cohort.days[:, 1:], need, window=CONFIRMATION)
        followed: Bools = np.any(seen[:, 1:] >= 0, axis=1)
        return found.astype(np.int64), followed
    final = seen[:, -1].astype(np.int64)
    known: Bools = final >= 0
    change = np.where(known, final - base, 0)
    if plan.endpoint == "edss_change":
        return change, known
    moved = -change if plan.endpoint == "improved" else change
    counted: Bools = known & (moved >= need[base])
    return counted.astype(np.int64), known


def _seen(cohort: Cohort, design: Design) -> NDArray[np.int8]:
    """Give what was written at each visit, -1 where there was none."""
    return cohort.written if not design.dropout_per_year else np.where(cohort.taken(), cohort.written, -1)


def _two_periods(cohort: Cohort, design: Design, switch_day: int) -> tuple[Whole, Bools, Whole]:
    """Give the first period less the second, whether both are known, and the first less the baseline."""
    seen = _seen(cohort, design).astype(np.int64)
    one, two = seen[:, first_period_ends(design, switch_day)], seen[:, -1]
    known: Bools = (one >= 0) & (two >= 0)
    return np.where(known, one - two, 0), known, np.where(known, one - seen[:, 0], 0)


def _lesions(rng: np.random.Generator, cohort: Cohort, design: Design) -> tuple[Whole, Bools, Floats]:
    """Count the new T2 lesions of each patient from the first to the last scan made, and the years."""
    births = cohort.births
    if births is None:  # checked by the plan
        births = np.zeros((len(cohort.last_day), 1), dtype=np.int32)
    start = cohort.people.base_day.astype(np.float64)
    last, taken = np.full(len(births), np.nan), cohort.taken() & (cohort.written >= 0)
    for place, visit in enumerate(planned(design)):
        if place == 0 or visit.label not in design.scans:
            continue
        last = np.where(taken[:, place], cohort.days[:, place].astype(np.float64), last)
    known = ~np.isnan(last)
    days = np.where(known, last - start, 0.0)
    return lesions_since(rng, births, days / DAYS_PER_MONTH), known, days / DAYS_PER_YEAR
