"""The variances with the largest likelihood, and all that are not too far below it."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ranvier.errors import ConvergenceError
from ranvier.evidence._components import Model, State

__all__ = ["climb", "fit_components", "profile_bounds"]

Floats = NDArray[np.float64]

LOOKED = {1: 40, 2: 9}
"""Values of each variance, beside 0, at which the likelihood is looked at: it can have several maxima."""
NEAR_ZERO = 1e-2
"""The smallest of them, in smallest sampling variances."""
MOST_STEPS = 100
CLOSE = 1e-10
"""Rise of the likelihood that a Newton step promises, below which that step is the last: the error after it
is
of the order of its square."""
MOST_HALVINGS = 40
DOUBLINGS = 200
END = 1e-10
"""Relative step at which the search of an end stops."""


def fit_components(model: Model) -> State:
    """Give the model at the variances of largest likelihood; every maximum that shows is climbed.

    Parameters
    ----------
    model : Model
        Effects in units of which the sampling variances are of the order of 1.
    """
    if not model.c:
        return model.at([])
    steps = np.concatenate(
        [[0.0], np.geomspace(NEAR_ZERO * float(model.variances.min()), _far(model), LOOKED[model.c])]
    )
    shape = (len(steps),) * model.c
    heights = np.empty(shape)
    for place in itertools.product(range(len(steps)), repeat=model.c):
        heights[place] = model.at(steps[list(place)]).minus_two_log
    free = np.ones(model.c, dtype=bool)
    tops = [climb(model, steps[list(place)], free) for place in _low_places(heights)]
    return min(tops, key=lambda state: state.minus_two_log)


def climb(model: Model, start: Floats, free: NDArray[np.bool_]) -> State:
    """Give the maximum above a start, by Newton's steps within variances of at least 0.

    Parameters
    ----------
    model : Model
        The model.
    start : ndarray of float64, shape (c,)
        Where to start.
    free : ndarray of bool, shape (c,)
        Which variances may change.
    """
    state = model.at(start)
    for _ in range(MOST_STEPS):
        moving = free & ((state.theta > 0) | (state.gradient < 0))
        if not moving.any():
            return state
        step = np.zeros(model.c)
        step[moving] = _step(state, moving)
        target = np.maximum(state.theta - step, 0.0)
        promised = float(state.gradient @ (state.theta - target))
        if promised < CLOSE:
            return model.at(target)
        state = _accepted(state, target)
    raise _failed(state)


def profile_bounds(best: State, which: int, level: float) -> tuple[float, float]:
    """Give all values of a variance whose likelihood, at the best of the others, is not too far below.

    Parameters
    ----------
    best : State
        The maximum.
    which : int
        Place of the variance.
    level : float
        Confidence level.
    """
    model, allowed = best.model, float(special.chdtri(1, 1 - level))
    others = np.arange(model.c) != which
    starts = np.stack([best.theta, np.zeros(model.c)])[: 1 + others.any()]

    def too_low(value: float) -> float:
        starts[:, which] = value
        top = min((climb(model, start, others) for start in starts), key=lambda state: state.minus_two_log)
        starts[0] = top.theta  # the next value is near this one
        return top.minus_two_log - best.minus_two_log - allowed

    at = float(best.theta[which])
    low = 0.0
    if at > 0 and too_low(0.0) > 0:
        low = float(optimize.brentq(too_low, 0.0, at, xtol=END * at, rtol=END))
    far = 2 * max(at, 1.0)
    for _ in range(DOUBLINGS):
        if too_low(far) > 0:
            return low, float(optimize.brentq(too_low, at, far, xtol=END * far, rtol=END))
        far *= 2
    raise ConvergenceError(
        f"the likelihood does not fall enough up to the last variance looked at, {far:.4g} sampling "
        "variances; there is too little to bound this variance."
    )


def _far(model: Model) -> float:
    """Give a variance that is larger than the likely ones."""
    study, place = model.rows.T
    values = model.y[study, place]
    return max(float(np.ptp(values)), float(np.abs(values).max()), 1.0) ** 2


def _low_places(heights: Floats) -> list[tuple[int, ...]]:
    """Give the places that are no higher than all their neighbours."""
    found = []
    for place in np.ndindex(heights.shape):
        near = tuple(slice(max(each - 1, 0), each + 2) for each in place)
        if heights[place] <= heights[near].min():
            found.append(place)
    return found


def _step(state: State, moving: NDArray[np.bool_]) -> Floats:
    """Give Newton's step; where the surface bends the wrong way, that of the expected bend."""
    part = np.ix_(moving, moving)
    bend = state.hessian[part]
    if np.linalg.eigvalsh(bend)[0] <= 0:
        bend = state.expected[part]
    return np.asarray(np.linalg.lstsq(bend, state.gradient[moving], rcond=None)[0], dtype=np.float64)


def _accepted(state: State, target: Floats) -> State:
    """Give the first of ever shorter moves towards the target that rises."""
    move = target - state.theta
    for _ in range(MOST_HALVINGS):
        new = state.model.at(state.theta + move)
        if new.minus_two_log < state.minus_two_log:
            return new
        move = move / 2
    raise _failed(state)


def _failed(state: State) -> ConvergenceError:
    last = ", ".join(f"{value:.4g}" for value in state.theta)
    return ConvergenceError(
        f"the variances did not settle; the last were {last} sampling variances. Look for effects with far "
        "too small variances, or use method='ml'."
    )
