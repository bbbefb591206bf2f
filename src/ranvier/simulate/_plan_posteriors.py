"""Posterior chances of shares at the looks of a plan, looked up by the counts that occur."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._plan_data import ArmData
from ranvier.simulate._plan_p_values import shares_known
from ranvier.simulate.bayes_rules import BayesRule
from ranvier.simulate.plans import Plan
from ranvier.stats import SharePrior, _beta_shares

__all__ = ["Posteriors"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Posteriors:
    """The chances that a rule asks for.

    Parameters
    ----------
    plan : Plan
        The plan.
    rule : BayesRule
        Its looks.
    """

    def __init__(self, plan: Plan, rule: BayesRule) -> None:
        self.plan, self.rule = plan, rule
        self.more = plan.favourable == "more"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Give the treated arm and the control arm, if any."""
        control = self.plan.control
        return (self.plan.treated[0].id, *(() if control is None else (control.id,)))

    def judge(self, place: int, seen: dict[str, ArmData]) -> tuple[Bools, Bools]:
        """Tell which trials end with success, and which without, at a look."""
        counts = np.column_stack([part for arm in self.names for part in shares_known(seen[arm])])
        chance = _looked_up(counts, self.chance)
        good = chance >= self.rule.level
        if self.rule.futility is None:
            return good, np.zeros(len(good), dtype=bool)
        if self.rule.futility_by == "posterior":
            return good, chance <= self.rule.futility
        left = self.rule.looks[-1] - self.rule.looks[place]
        bad = np.zeros(len(good), dtype=bool)
        ahead = _looked_up(counts[~good], lambda rows: np.array([self.predictive(row, left) for row in rows]))
        bad[~good] = ahead <= self.rule.futility
        return good, bad

    def chance(self, counts: Whole) -> Floats:
        """Give the posterior chance that the treatment is as good as asked for; columns x, n of each arm."""
        return _chance(self.rule, self.plan.fixed, self.more, counts)

    def predictive(self, row: Whole, left: int) -> float:
        """Give the chance of success at the last look, when all patients to come have a value."""
        chances: Floats = np.ones(1)
        beliefs = self.rule.beliefs[: len(self.names)]
        for place, belief in enumerate(beliefs):
            yes, no = _updated(belief, row[2 * place], row[2 * place + 1])
            ahead = _beta_shares.next_events(float(yes), float(no), left)
            chances = np.multiply.outer(chances, ahead)
        sizes = tuple(int(n) + left for n in row[1::2])
        window = tuple(slice(int(count), int(count) + left + 1) for count in row[::2])
        return float(np.sum(chances[0] * _final(self.rule, self.plan.fixed, self.more, sizes)[window]))


@lru_cache(maxsize=256)
def _final(rule: BayesRule, fixed: float | None, more: bool, sizes: tuple[int, ...]) -> Bools:
    """Tell for every count of each arm whether it is a success at the end."""
    counts = np.indices([n + 1 for n in sizes])
    columns = [
        part for count, n in zip(counts, sizes, strict=True) for part in (count, np.full(count.shape, n))
    ]
    found: Bools = _chance(rule, fixed, more, np.stack(columns, axis=-1)) >= rule.level
    return found


def _chance(rule: BayesRule, fixed: float | None, more: bool, counts: Whole) -> Floats:
    """Give the posterior chance that a rule asks for; columns x, n of one or two arms."""
    one, two = rule.beliefs
    first = _updated(one, counts[..., 0], counts[..., 1])
    if counts.shape[-1] == 2:
        above = _beta_shares.chance_above(*first, fixed)
        return above if more else 1 - above
    second = _updated(two, counts[..., 2], counts[..., 3])
    pair = (first, second) if more else (second, first)
    return _beta_shares.chance_larger(*pair, rule.margin)


def _updated(belief: SharePrior, count: Whole, n: Whole) -> tuple[Floats, Floats]:
    """Give the parameters of the posterior of a share."""
    return np.asarray(belief.yes + count, dtype=np.float64), np.asarray(
        belief.no + n - count, dtype=np.float64
    )


def _looked_up(counts: Whole, solve: Callable[[Whole], Floats]) -> Floats:
    """Solve each row of counts that occurs once."""
    if not len(counts):
        return np.zeros(0)
    different, place = np.unique(counts, axis=0, return_inverse=True)
    return solve(different)[place.ravel()]
