"""Endpoints of many patients as arrays; EDSS in half points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ranvier.course import ChangeRule
from ranvier.course.thresholds import smallest_changes
from ranvier.simulate._ratings import HALF_POINTS, Halves

__all__ = ["confirmed_worsening", "needed", "worsening_of_rows"]

NEVER = 100
"""Half points that no change reaches, for baselines that a rule says nothing about."""


def needed(rule: ChangeRule) -> Halves:
    """Give the smallest change that counts, in half points, by the half points of the baseline."""
    table = np.full(int(HALF_POINTS[-1]) + 1, NEVER, dtype=np.int8)
    required = 2 * smallest_changes(rule, HALF_POINTS / 2)
    table[HALF_POINTS] = np.where(np.isnan(required), NEVER, np.ceil(required - 1e-6)).astype(np.int8)
    return table


def worsening_of_rows(
    base: Halves, written: Halves, days: list[float], need: Halves, *, weeks: int
) -> NDArray[np.bool_]:
    """Tell who worsened and still had at every visit up to the first one `weeks` or more later.

    Columns of `written` are visits, -1 where one was missed. The plain rule of `course.worsening` for a fixed
    baseline and a schedule of visits, without regard to relapses.
    """
    n, visits = written.shape
    enough = need[base]
    found = np.zeros(n, dtype=np.bool_)
    seen = [written[:, place] >= 0 for place in range(visits)]
    reached = [(written[:, place] - base) >= enough for place in range(visits)]
    for place, day in enumerate(days):
        holding = seen[place] & reached[place]
        for other in range(place + 1, visits):
            if not holding.any():
                break
            holding = holding & (reached[other] | ~seen[other])
            if days[other] - day >= 7 * weeks:
                confirmed = holding & seen[other]
                found |= confirmed
                holding = holding & ~confirmed
    return found


def confirmed_worsening(
    base: Halves, written: list[Halves], days: list[float], need: Halves, *, weeks: int
) -> NDArray[np.bool_]:
    """Tell the same of visits as a list of columns."""
    return worsening_of_rows(base, np.column_stack(written), days, need, weeks=weeks)
