"""Endpoints of many patients as arrays; EDSS in half points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ranvier.course import ChangeRule
from ranvier.course.thresholds import smallest_changes
from ranvier.simulate._ratings import HALF_POINTS, Halves

__all__ = ["confirmed_worsening", "needed"]

NEVER = 100
"""Half points that no change reaches, for baselines that a rule says nothing about."""


def needed(rule: ChangeRule) -> Halves:
    """Give the smallest change that counts, in half points, by the half points of the baseline."""
    table = np.full(int(HALF_POINTS[-1]) + 1, NEVER, dtype=np.int8)
    required = 2 * smallest_changes(rule, HALF_POINTS / 2)
    table[HALF_POINTS] = np.where(np.isnan(required), NEVER, np.ceil(required - 1e-6)).astype(np.int8)
    return table


def confirmed_worsening(
    base: Halves, written: list[Halves], days: list[float], need: Halves, *, weeks: int
) -> NDArray[np.bool_]:
    """Tell who worsened and still had at every visit up to the first one `weeks` or more later.

    The plain rule of `course.worsening` for a fixed baseline and a visit schedule without relapses.
    """
    enough = need[base]
    reached = [(each - base) >= enough for each in written]
    found = np.zeros(len(base), dtype=np.bool_)
    for place, day in enumerate(days):
        later = [other for other in range(place + 1, len(days)) if days[other] - day >= 7 * weeks]
        if later:
            found |= np.logical_and.reduce(reached[place : later[0] + 1])
    return found
