"""The EDSS as a Markov chain whose transitions a matrix gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.simulate._attacks import NOBODY, Floats
from ranvier.simulate._ratings import Halves, Noise
from ranvier.simulate._regimes import Regime
from ranvier.simulate.effects import NO_EFFECT
from ranvier.simulate.matrices import TransitionMatrix

__all__ = ["states_near", "walk"]

FARTHEST_ERROR = 1.0
"""EDSS points by which an examiner may be off: a patient outside the range of entry may still enter."""
WHOLE_CYCLE = 1e-9
"""Cycles are counted from a division; a whole number of them must not come out just below."""


def states_near(matrix: TransitionMatrix, low: float, high: float) -> Floats:
    """Give the states from which a patient may be rated inside a range."""
    room = 0.0 if matrix.contains_rater_error else FARTHEST_ERROR
    found = [state for state in matrix.states if low - room <= state <= high + room]
    if not found:
        raise InputError(
            f"the matrix of {matrix.phenotype} has no state from EDSS {low:g} to {high:g}, where patients "
            f"enter; its states go from {matrix.states[0]:g} to {matrix.states[-1]:g}."
        )
    return np.array(found, dtype=np.float32)


def walk(
    rng: np.random.Generator,
    start: Floats,
    base_day: Floats,
    days: list[Floats | float],
    noise: Noise,
    *,
    matrix: TransitionMatrix,
    regime: Regime,
) -> list[Halves]:
    """Give what examiners write at each visit, in half points.

    Each patient makes one transition in each cycle after the baseline visit, on a day of the cycle that is
    the patient's own and evenly spread. After whole cycles everyone has made as many, and between them the
    chances go in a straight line from one power of the matrix to the next.
    """
    place = np.searchsorted(matrix.states, start)
    phase = rng.random(len(start), dtype=np.float32).astype(np.float64)
    done = np.zeros(len(start), dtype=np.int64)
    tables = [_limits(matrix, effect.progression_ratio) for effect in (NO_EFFECT, *regime.effects)]
    states = np.array(matrix.states, dtype=np.float32)
    written = []
    for day in days:
        due = np.floor((day - base_day.astype(np.float64)) / matrix.cycle_days + phase + WHOLE_CYCLE)
        due = np.where(day < NOBODY, due, 0)
        while (moving := np.flatnonzero(done < due)).size:
            when = base_day[moving] + (done[moving] + 1 - phase[moving]) * matrix.cycle_days
            limits = np.stack(tables)[regime.place(when) + 1, place[moving]]
            place[moving] = (rng.random(moving.size)[:, None] >= limits).sum(axis=1)
            done[moving] += 1
        written.append(noise.rate(rng, states[place] + regime.values("edss_shift", day)))
    return written


def _limits(matrix: TransitionMatrix, ratio: float) -> NDArray[np.float64]:
    """Give the cumulated chances of each row but the last, which is 1."""
    return np.minimum(np.cumsum(matrix.array(ratio), axis=1)[:, :-1], 1.0)
