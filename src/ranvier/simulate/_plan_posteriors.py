"""Posterior chances of shares at the looks of a plan, looked up by the counts that occur."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

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
        one, two = self.rule.beliefs
        first = _updated(one, counts[..., 0], counts[..., 1])
        if len(self.names) == 1:
            above = _beta_shares.chance_above(*first, self.plan.fixed)
            return above if self.more else 1 - above
        second = _updated(two, counts[..., 2], counts[..., 3])
        pair = (first, second) if self.more else (second, first)
        return _beta_shares.chance_larger(*pair, self.rule.margin)

    def predictive(self, row: Whole, left: int) -> float:
        """Give the chance of success at the last look, when all patients to come have a value."""
        beliefs = self.rule.beliefs[: len(self.names)]
        new = np.arange(left + 1)
        grids = np.meshgrid(*[new] * len(beliefs), indexing="ij")
        chances: Floats = np.ones(1)
        columns = []
        for place, (belief, grid) in enumerate(zip(beliefs, grids, strict=True)):
            count, n = row[2 * place], row[2 * place + 1]
            yes, no = _updated(belief, count, n)
            chances = np.multiply.outer(chances, _beta_shares.next_events(float(yes), float(no), left))
            columns += [count + grid, np.full(grid.shape, n + left)]
        final = self.chance(np.stack(columns, axis=-1))
        return float(chances[0].ravel() @ (final >= self.rule.level).ravel())


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
