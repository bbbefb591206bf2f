"""The log-rank statistic of one or many trials, and its exact distribution when the arms are only labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError

__all__ = ["WEIGHTS", "observed_minus_expected", "scores", "share_of_labellings", "tails", "two_arm_trials"]

Floats = NDArray[np.float64]

WEIGHTS = ("equal", "gehan", "peto")
"""Weight of an event day: 1, the number at risk, or the pooled survival just before it."""

MOST_STATES = 2**21
"""Partial sums held for one half of the patients: 21 patients with different times; takes about a second."""
SAME_SUM = 1e-10
"""Sums closer than this, times the sum of the sizes of all scores, are equal; float64 errors are smaller."""


def _ends_of_ties(times: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give for each place in sorted rows the first and the last place with the same time."""
    n = times.shape[-1]
    places = np.broadcast_to(np.arange(n), times.shape)
    new = np.concatenate((np.ones((*times.shape[:-1], 1), bool), np.diff(times, axis=-1) > 0), axis=-1)
    old = np.concatenate((new[..., 1:], np.ones((*times.shape[:-1], 1), bool)), axis=-1)
    first = np.maximum.accumulate(np.where(new, places, 0), axis=-1)
    last = np.minimum.accumulate(np.where(old, places, n - 1)[..., ::-1], axis=-1)[..., ::-1]
    return first, last


def _after_zero(total: NDArray[Any]) -> NDArray[Any]:
    """Put a 0 before each row."""
    return np.concatenate((np.zeros_like(total[..., :1]), total), axis=-1)


def _risk(times: Floats, observed: NDArray[np.bool_]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Give in sorted rows the patients at risk at each time, the events at it and the place where it ends."""
    first, last = _ends_of_ties(times)
    total = np.cumsum(observed, axis=-1)
    before = np.take_along_axis(_after_zero(total), first, -1)
    events: NDArray[np.intp] = np.take_along_axis(total, last, -1) - before
    return (times.shape[-1] - first).astype(np.float64), events.astype(np.float64), last


def _weights(at_risk: Floats, observed: NDArray[np.bool_], last: NDArray[np.intp], name: str) -> Floats:
    """Give the weight of each time in sorted rows."""
    if name == "equal":
        return np.ones_like(at_risk)
    if name == "gehan":
        return at_risk
    # Pooled Kaplan-Meier curve just before each time; all events of a day are one factor, at the day's last
    # place.
    n = at_risk.shape[-1]
    ends = last == np.arange(n)
    total = np.cumsum(observed, axis=-1)
    first = (n - at_risk).astype(np.intp)
    before = np.take_along_axis(_after_zero(total), first, -1)
    factor = np.where(ends, 1 - (total - before) / at_risk, 1.0)
    after = np.cumprod(factor, axis=-1)
    padded = np.concatenate((np.ones_like(after[..., :1]), after), axis=-1)
    return np.take_along_axis(padded, first, -1).astype(np.float64)


def scores(days: Floats, observed: NDArray[np.bool_], weights: str = "equal") -> Floats:
    """Give each patient's score: weighted event minus the pooled weighted hazard up to that patient's time.

    The sum of an arm's scores is its observed minus expected events.
    """
    order = np.argsort(days, kind="stable")
    times, events = days[order], observed[order]
    at_risk, d, last = _risk(times, events)
    weight = _weights(at_risk, events, last, weights)
    hazard = np.cumsum(np.where(last == np.arange(times.size), weight * d / at_risk, 0.0))[last]
    result = np.empty(days.size)
    result[order] = np.where(events, weight, 0.0) - hazard
    return result


def observed_minus_expected(
    days: Floats, observed: NDArray[np.bool_], arm: NDArray[np.int64], weights: str = "equal"
) -> tuple[Floats, Floats]:
    """Give each arm's observed minus expected events and their hypergeometric covariance."""
    order = np.argsort(days, kind="stable")
    times, events, arms = days[order], observed[order], arm[order]
    at_risk, d, last = _risk(times, events)
    weight = _weights(at_risk, events, last, weights)
    member = arms[:, None] == np.arange(arm.max() + 1)
    first = (times.size - at_risk).astype(np.intp)
    share = np.cumsum(member[::-1], axis=0)[::-1][first] / at_risk[:, None]
    difference = ((member - share) * (weight * events)[:, None]).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(at_risk > 1, weight**2 * events * (at_risk - d) / (at_risk - 1), 0.0)
    covariance = np.diag(size @ share) - (share * size[:, None]).T @ share
    return difference, covariance


def two_arm_trials(
    days: Floats, observed: NDArray[np.bool_], first_arm: NDArray[np.bool_], weights: str = "equal"
) -> tuple[Floats, Floats]:
    """Give observed minus expected events in the first arm, and its variance, for many trials at once.

    Parameters
    ----------
    days : ndarray of float64, shape (n_trials, n_patients)
        Times.
    observed, first_arm : ndarray of bool, shape (n_trials, n_patients)
        Whether a time ended with the event; whether the patient is in the first arm.
    weights : {"equal", "gehan", "peto"}
        Weight of an event day.

    Returns
    -------
    difference, variance : ndarray of float64, shape (n_trials,)
        The standardised statistic is the difference over the root of the variance.
    """
    order = np.argsort(days, axis=-1, kind="stable")
    times = np.take_along_axis(days, order, -1)
    events = np.take_along_axis(np.broadcast_to(observed, days.shape), order, -1)
    member = np.take_along_axis(np.broadcast_to(first_arm, days.shape), order, -1)
    at_risk, d, last = _risk(times, events)
    weight = _weights(at_risk, events, last, weights)
    first = (days.shape[-1] - at_risk).astype(np.intp)
    own = np.take_along_axis(np.cumsum(member[..., ::-1], axis=-1)[..., ::-1], first, -1)
    share = own / at_risk
    weighted = weight * events
    difference = ((member - share) * weighted).sum(axis=-1)
    spread = weight * weighted * share * (1 - share) * (at_risk - d) / np.maximum(at_risk - 1, 1)
    return difference, spread.sum(axis=-1)


def tails(values: Floats, size: int, total: float) -> tuple[float, float]:
    """Give the chance that a random choice of patients has a sum of scores at most, and at least, this.

    The patients are split in two halves; the sums of all choices within each are paired. Patients with equal
    scores are counted together, so that many censored on one day cost little.
    """
    groups, counts = np.unique(values, return_counts=True)
    halves: list[list[int]] = [[], []]
    states = [1, 1]
    for place in np.argsort(-counts):
        side = int(states[1] < states[0])
        halves[side].append(int(place))
        states[side] *= int(counts[place]) + 1
    if max(states) > MOST_STATES:
        raise InputError(
            f"the exact log-rank test of {values.size} patients with {groups.size} different scores has too "
            "many ways to label them; use method='sampled' with a seed, or method='asymptotic'."
        )
    slack = SAME_SUM * max(float(np.abs(values).sum()), 1e-300)
    (n_a, sum_a, ways_a), (n_b, sum_b, ways_b) = (_choices(groups[half], counts[half]) for half in halves)
    at_most = at_least = 0.0
    for k in np.unique(n_a):
        chosen, partners = n_a == k, n_b == size - k
        if not partners.any():
            continue
        order = np.argsort(sum_b[partners])
        sums = sum_b[partners][order]
        ways = np.concatenate(([0.0], np.cumsum(ways_b[partners][order])))
        rest = total - sum_a[chosen]
        at_most += float(ways_a[chosen] @ ways[np.searchsorted(sums, rest + slack, side="right")])
        above = ways[-1] - ways[np.searchsorted(sums, rest - slack, side="left")]
        at_least += float(ways_a[chosen] @ above)
    every = math.comb(values.size, size)
    return at_most / every, at_least / every


def _choices(groups: Floats, counts: NDArray[np.intp]) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Give size, sum and number of every choice of patients, those with the same score counted together."""
    sizes, sums, ways = np.zeros(1, np.int64), np.zeros(1), np.ones(1)
    for value, count in zip(groups.tolist(), counts.tolist(), strict=True):
        taken = np.arange(count + 1)
        sizes = (sizes[:, None] + taken).ravel()
        sums = (sums[:, None] + value * taken).ravel()
        ways = (ways[:, None] * special.comb(count, taken)).ravel()
    return sizes, sums, ways


def share_of_labellings(values: Floats, sizes: NDArray[np.int64], observed: float) -> float:
    """Give the share of the labellings of several arms with a sum of squares over sizes at least this."""
    groups, counts = np.unique(values, return_counts=True)
    used, sums, ways = np.zeros((1, sizes.size), np.int64), np.zeros((1, sizes.size)), np.ones(1)
    for value, count in zip(groups.tolist(), counts.tolist(), strict=True):
        splits = _splits(count, sizes.size)
        if used.shape[0] * splits.shape[0] > 4 * MOST_STATES:
            raise InputError(
                f"the exact log-rank test of {values.size} patients in {sizes.size} arms has too many ways "
                "to label them; use method='sampled' with a seed, or method='asymptotic'."
            )
        grown = (used[:, None] + splits).reshape(-1, sizes.size)
        fits = (grown <= sizes).all(axis=1)
        number = np.exp(special.gammaln(count + 1) - special.gammaln(splits + 1).sum(axis=1)).round()
        sums = (sums[:, None] + value * splits).reshape(-1, sizes.size)[fits]
        ways = (ways[:, None] * number).ravel()[fits]
        used = grown[fits]
    squares = (sums**2 / sizes).sum(axis=1)
    slack = SAME_SUM * max(observed, 1e-300)
    return float(ways[squares >= observed - slack].sum() / ways.sum())


def _splits(count: int, arms: int) -> NDArray[np.int64]:
    """Give every way to split equal patients over the arms."""
    if arms == 1:
        return np.array([[count]])
    rows = [
        np.column_stack((np.full(rest.shape[0], taken), rest))
        for taken in range(count + 1)
        for rest in (_splits(count - taken, arms - 1),)
    ]
    return np.concatenate(rows)
