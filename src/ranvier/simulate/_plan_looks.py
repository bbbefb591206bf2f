"""When every trial of a block ends, and how: p values, counts or posterior chances, and the monitor."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.simulate._plan_checks import harm_counts
from ranvier.simulate._plan_data import ArmData
from ranvier.simulate._plan_p_values import in_favour, shares_known
from ranvier.simulate._plan_posteriors import Posteriors
from ranvier.simulate.bayes_rules import BayesRule
from ranvier.simulate.plans import Plan
from ranvier.stats import CountDesign, PromisingZone, SequentialDesign

__all__ = ["FUTILITY", "HARM", "NO_SUCCESS", "SUCCESS", "Ended", "look_sizes", "run"]

Whole = NDArray[np.int64]
Bools = NDArray[np.bool_]
Arms = dict[str, ArmData]
Sizes = tuple[dict[str, int], ...]

NO_SUCCESS, SUCCESS, FUTILITY, HARM = range(4)
"""How a trial ends: without success at the last look, with success, before for futility, for harm."""
FAR = 40.0
"""Normal deviate that stands for one without end: of a p value of 0 or 1."""
TIE = 1 + 1e-12
"""Factor within which a p value equals its limit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ended:
    """How each trial ended: look (from 0), way, patients of each arm, and the treated arms with success."""

    look: Whole
    end: Whole
    sizes: Whole
    won: Bools


def look_sizes(plan: Plan) -> Sizes:
    """Give the patients of each arm at each look; of the second look of a promising zone without growth."""
    looks = plan.looks
    if looks is None:
        return (plan.sizes,)
    if isinstance(looks, CountDesign | BayesRule):
        return tuple(dict.fromkeys(plan.sizes, look) for look in looks.looks)
    if isinstance(looks, SequentialDesign):
        return tuple({arm: round(t * n) for arm, n in plan.sizes.items()} for t in looks.fractions)
    return tuple(
        {arm: round(t * n / looks.most) for arm, n in plan.sizes.items()} for t in looks.design.fractions
    )


def run(plan: Plan, arms: Arms) -> Ended:
    """Give how each trial ends."""
    if plan.looks is None:
        ended = _at_the_end(plan, arms)
    elif isinstance(plan.looks, PromisingZone):
        ended = _two_stages(plan, arms, plan.looks)
    else:
        ended = _look_by_look(plan, arms)
    return ended if plan.monitor is None else _with_harm(plan, arms, ended)


def _at_the_end(plan: Plan, arms: Arms) -> Ended:
    control = None if plan.control is None else arms[plan.control.id]
    p_values = np.column_stack([in_favour(plan, arms[arm.id], control) for arm in plan.treated])
    won = _holm(p_values, plan.alpha)
    trials = len(won)
    return Ended(
        look=np.zeros(trials, dtype=np.int64),
        end=np.where(won.any(axis=1), SUCCESS, NO_SUCCESS),
        sizes=np.tile(list(plan.sizes.values()), (trials, 1)),
        won=won,
    )


def _holm(p_values: NDArray[np.float64], alpha: float) -> Bools:
    """Tell which p values of each row Holm's method rejects, as `stats.adjust` does."""
    order = np.argsort(p_values, axis=1)
    ranked = np.take_along_axis(p_values, order, axis=1) * np.arange(p_values.shape[1], 0, -1)
    enough = np.logical_and.accumulate(ranked <= alpha * TIE, axis=1)
    won = np.zeros(p_values.shape, dtype=bool)
    np.put_along_axis(won, order, enough, axis=1)
    return won


def _look_by_look(plan: Plan, arms: Arms) -> Ended:
    """Look at the patients who entered first, until a bound is reached."""
    steps, trials = look_sizes(plan), next(iter(arms.values())).value.shape[0]
    look, end = np.zeros(trials, dtype=np.int64), np.full(trials, NO_SUCCESS)
    going = np.arange(trials)
    judge = _judge(plan)
    for place, sizes in enumerate(steps):
        seen = {arm: data.part(going, 0, sizes[arm]) for arm, data in arms.items()}
        good, bad = judge(place, seen)
        last = place == len(steps) - 1
        look[going] = place
        end[going[good]] = SUCCESS
        if not last:
            end[going[bad & ~good]] = FUTILITY
        going = going[:0] if last else going[~(good | bad)]
    table = np.array([list(sizes.values()) for sizes in steps])
    return Ended(look=look, end=end, sizes=table[look], won=(end == SUCCESS)[:, None])


def _judge(plan: Plan) -> Any:
    """Give the function that tells which trials end with success, and without, at a look."""
    looks: Any = plan.looks
    treated = plan.treated[0].id
    control = None if plan.control is None else plan.control.id
    if isinstance(looks, BayesRule):
        return Posteriors(plan, looks).judge
    if isinstance(looks, CountDesign):

        def by_count(place: int, seen: Arms) -> tuple[Bools, Bools]:
            count = _favourable(plan, seen[treated])
            low, high = looks.futility[place], looks.efficacy[place]
            never = np.zeros(len(count), dtype=bool)
            return never if high is None else count >= high, never if low is None else count <= low

        return by_count

    def by_p_value(place: int, seen: Arms) -> tuple[Bools, Bools]:
        p_value = in_favour(plan, seen[treated], None if control is None else seen[control])
        upper, lower = looks.upper[place], looks.lower[place]
        return p_value <= special.ndtr(-upper) * TIE, p_value > special.ndtr(-lower) * TIE

    return by_p_value


def _favourable(plan: Plan, arm: ArmData) -> Whole:
    """Count the patients with a favourable result."""
    count, n = shares_known(arm)
    return count if plan.favourable == "more" else n - count


def _two_stages(plan: Plan, arms: Arms, zone: PromisingZone) -> Ended:
    """Combine the p values of two stages, the second as large as the first asks for."""
    first, both = look_sizes(plan)
    trials = next(iter(arms.values())).value.shape[0]
    everyone = np.arange(trials)
    z = -special.ndtri(_stage(plan, {arm: data.part(everyone, 0, first[arm]) for arm, data in arms.items()}))
    good, bad = z >= zone.design.upper[0], z < zone.design.lower[0]
    different, place = np.unique(np.clip(z, -FAR, FAR), return_inverse=True)
    growth = np.array([zone.growth(each) for each in different])[place]
    second = {
        arm: np.minimum(np.ceil(growth * (both[arm] - n) - 1e-9).astype(np.int64), plan.sizes[arm] - n)
        for arm, n in first.items()
    }
    names = list(arms)
    more = np.column_stack([second[arm] for arm in names])
    won = good.copy()
    on = ~good & ~bad
    for sizes in np.unique(more[on], axis=0):
        (rows,) = np.nonzero(on & (more == sizes).all(axis=1))
        seen = {
            arm: arms[arm].part(rows, first[arm], first[arm] + int(size))
            for arm, size in zip(names, sizes, strict=True)
        }
        one, two = zone.weights
        won[rows] = one * z[rows] - two * special.ndtri(_stage(plan, seen)) >= zone.design.upper[1]
    base = np.array([first[arm] for arm in names])
    return Ended(
        look=on.astype(np.int64),
        end=np.where(won, SUCCESS, np.where(bad, FUTILITY, NO_SUCCESS)),
        sizes=base + np.where(on[:, None], more, 0),
        won=won[:, None],
    )


def _stage(plan: Plan, seen: Arms) -> NDArray[np.float64]:
    control = None if plan.control is None else seen[plan.control.id]
    return in_favour(plan, seen[plan.treated[0].id], control)


def _with_harm(plan: Plan, arms: Arms, ended: Ended) -> Ended:
    """End trials in which a treated arm crosses the monitor before, or when, they would have ended."""
    names, steps = list(arms), look_sizes(plan)
    part = np.full(len(ended.end), math.inf)  # of the largest size, when the monitor is crossed first
    look = ended.look.copy()
    for arm in plan.treated:
        n, column = plan.sizes[arm.id], names.index(arm.id)
        crossed = np.full(len(part), math.inf)
        summed = np.cumsum(arms[arm.id].serious, axis=1)
        for size, stop in harm_counts(plan.monitor):
            if size <= n:
                crossed[(summed[:, size - 1] >= stop) & np.isinf(crossed)] = size
        crossed[crossed > ended.sizes[:, column]] = math.inf
        sooner = crossed / n < part
        part[sooner] = crossed[sooner] / n
        next_look = np.searchsorted([sizes[arm.id] for sizes in steps], crossed)
        look[sooner] = np.minimum(next_look, len(steps) - 1)[sooner]
    harm = np.isfinite(part)
    largest = np.array(list(plan.sizes.values()))
    then = np.ceil(np.where(harm, part, 1.0)[:, None] * largest - 1e-9).astype(np.int64)
    return replace(
        ended,
        look=np.where(harm, look, ended.look),
        end=np.where(harm, HARM, ended.end),
        sizes=np.where(harm[:, None], np.minimum(then, largest), ended.sizes),
        won=ended.won & ~harm[:, None],
    )
