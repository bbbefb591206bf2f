"""Endpoints of many patients as arrays; EDSS in half points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.course import CDW_12W, ChangeRule, Window
from ranvier.course.thresholds import smallest_changes
from ranvier.simulate._ratings import HALF_POINTS, Halves

__all__ = ["CONFIRMATION", "confirmed_worsening", "needed", "worsening_of_rows"]

CONFIRMATION = CDW_12W.confirmation.windows[0]
"""When a visit confirms a worsening: that of the definition "cdw-12w", 12 weeks with its tolerances."""

NEVER = 100
"""Half points that no change reaches, for baselines that a rule says nothing about."""


def needed(rule: ChangeRule) -> Halves:
    """Give the smallest change that counts, in half points, by the half points of the baseline."""
    table = np.full(int(HALF_POINTS[-1]) + 1, NEVER, dtype=np.int8)
    required = 2 * smallest_changes(rule, HALF_POINTS / 2)
    table[HALF_POINTS] = np.where(np.isnan(required), NEVER, np.ceil(required - 1e-6)).astype(np.int8)
    return table


def worsening_of_rows(
    base: Halves, written: Halves, days: NDArray[Any], need: Halves, *, window: Window
) -> NDArray[np.bool_]:
    """Tell who worsened and still had at every visit up to the first one in the window of confirmation.

    Columns of `written` and `days` are visits in order, rows are patients; `written` is -1 where a visit was
    missed. The rule of `course.worsening` with a fixed baseline, given no relapses: patient by patient that
    of "cdw-12w" with `CONFIRMATION`.
    """
    n, visits = written.shape
    enough = need[base]
    first, last = window.days - window.left, window.days + (np.inf if window.right is None else window.right)
    found = np.zeros(n, dtype=np.bool_)
    seen = [written[:, place] >= 0 for place in range(visits)]
    reached = [(written[:, place] - base) >= enough for place in range(visits)]
    for place in range(visits):
        holding = seen[place] & reached[place]
        for other in range(place + 1, visits):
            if not holding.any():
                break
            holding = holding & (reached[other] | ~seen[other])
            gap = days[:, other] - days[:, place]
            confirmed = holding & seen[other] & (gap >= first) & (gap <= last)
            found |= confirmed
            holding = holding & ~confirmed
    return found


def confirmed_worsening(
    base: Halves, written: list[Halves], days: list[float], need: Halves, *, weeks: int
) -> NDArray[np.bool_]:
    """Tell the same of visits as a list of columns, on the same days in all, `weeks` or more later."""
    rows = np.tile(np.asarray(days, dtype=np.float64), (len(base), 1))
    return worsening_of_rows(base, np.column_stack(written), rows, need, window=Window(days=7 * weeks))
