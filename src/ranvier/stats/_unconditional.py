"""Exact unconditional tests of two shares and the intervals that invert them.

A one-sided test of "the measure is at most v" rejects for tables far in favour of the first arm. Each of its
sets of tables is closed upwards: with a table it holds all with more events in the first and fewer in the
second arm. The chance of such a set rises with the measure, which is what makes the bounds provable.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.stats._inputs import find_root
from ranvier.stats._score import MEASURES, first_share, score

__all__ = ["Arms", "boschloo", "boschloo_above", "largest_chance", "one_sided_fisher", "score_exact"]

Floats = NDArray[np.float64]
Tables = NDArray[np.bool_]

TIES = 1e-9
"""Statistics are equal when they agree to this share of their size, far above rounding errors."""
POINTS_PER_SPREAD = 12
"""Points of the search over the common share for each standard error of a share."""
NEAR = 0.05
"""A chance this close below its target is refined; the grid errs by less, being second order in 1/12."""
ZOOMS = 6
"""Each zoom narrows the search to a quarter; after six the error of a smooth maximum is below 1e-10."""
TINY = 1e-300
"""Share that stands for 0, whose logarithm is infinite."""
FINEST = 1e-10
"""Width in the measure at which a jump is taken as located; the bound is put on its outer side."""
LONGEST_STEP = 1 / 32
"""Longest step of the march along the measure, so that no table enters and leaves the set within one."""
STARTS = {"difference": -1.0, "ratio": 0.0, "odds ratio": 1e-8}
"""Where the search begins; no finite data lie between an odds ratio of 0 and 1e-8."""


@dataclass(frozen=True)
class Arms:
    """Two arms: events and patients of the first and of the second."""

    events: tuple[int, int]
    n: tuple[int, int]

    def swapped(self) -> Arms:
        """Give the second arm first."""
        return Arms(self.events[::-1], self.n[::-1])


def _chances(n: int, shares: Floats) -> Floats:
    """Give the binomial chances of 0 to n events, one row for each share."""
    count = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(count + 1) - special.gammaln(n - count + 1)
    yes = np.log(np.maximum(shares, TINY))[:, None]
    no = np.log(np.maximum(1 - shares, TINY))[:, None]
    chances: Floats = np.exp(ways + count * yes + (n - count) * no)
    return chances


def _closed(tables: Tables) -> Tables:
    """Add all tables with more events in the first and fewer in the second arm."""
    up = np.logical_or.accumulate(tables, axis=0)
    return np.logical_or.accumulate(up[:, ::-1], axis=1)[:, ::-1]


class _Line:
    """The chance of a set of tables at one value of the measure, as a function of the second share."""

    def __init__(self, measure: str, value: float, n: tuple[int, int]) -> None:
        self.measure, self.value, self.n = measure, value, n
        low, high = 0.0, 1.0
        if measure == "difference":
            low, high = max(0.0, -value), min(1.0, 1.0 - value)
        elif measure == "ratio" and value > 1:
            high = 1.0 / value
        self.low, self.high = low, high

    def at(self, angles: Floats, tables: Tables) -> Floats:
        """Give the chance at shares that lie on an arcsine scale between the ends."""
        second = self.low + (self.high - self.low) * np.sin(angles) ** 2
        first = first_share(self.measure, self.value, second)
        # Column j of a closed set holds the counts of the first arm from the smallest one on.
        smallest = np.where(tables.any(axis=0), tables.argmax(axis=0), self.n[0] + 1)
        above = np.zeros((angles.size, self.n[0] + 2))
        above[:, :-1] = _chances(self.n[0], first)[:, ::-1].cumsum(axis=1)[:, ::-1]
        chance: Floats = np.einsum("ij,ij->i", above[:, smallest], _chances(self.n[1], second))
        return chance

    def highest(self, tables: Tables, target: float | None = None) -> float:
        """Give the largest chance over the second share; with a target, refined only where it matters."""
        count = 2 + POINTS_PER_SPREAD * math.ceil(math.pi * math.sqrt(sum(self.n)))
        angles = np.linspace(0, math.pi / 2, count)
        found = self.at(angles, tables)
        best = float(found.max())
        if target is not None and (best > target or best < target * (1 - NEAR)):
            return best
        inner = np.flatnonzero(found >= best * (1 - NEAR))
        peaks = [k for k in inner.tolist() if found[k] >= found[max(k - 1, 0) : k + 2].max()]
        return max(self._zoom(tables, angles, place) for place in peaks)

    def _zoom(self, tables: Tables, angles: Floats, place: int) -> float:
        """Give the maximum beside one point of the grid."""
        around, last = angles, 0.0
        for _ in range(ZOOMS):
            around = np.linspace(around[max(place - 1, 0)], around[min(place + 1, around.size - 1)], 9)
            found = self.at(around, tables)
            place, last = int(found.argmax()), max(last, float(found.max()))
        return last


class _Score:
    """The tests that order tables by the score statistic at each value of the measure."""

    def __init__(self, arms: Arms, measure: str) -> None:
        self.arms, self.measure = arms, measure
        self.counts = np.arange(arms.n[0] + 1)[:, None], np.arange(arms.n[1] + 1)[None, :]
        self.known: dict[float, Tables] = {}

    def tables(self, place: float) -> Tables:
        """Give the tables at least as far in favour of the first arm as those seen."""
        if place not in self.known:
            statistic = score(self.measure, _value(self.measure, place), self.counts, self.arms.n)
            seen = float(statistic[self.arms.events])
            slack = TIES * max(1.0, abs(seen)) if math.isfinite(seen) else 0.0
            self.known[place] = _closed(statistic >= seen - slack)
        return self.known[place]

    def between(self, low: float, high: float, target: float | None = None) -> float:
        """Give an upper limit of the chance at every value from low to high."""
        line = _Line(self.measure, _value(self.measure, high), self.arms.n)
        return line.highest(self.tables(low) | self.tables(high), target)

    def lower_bound(self, tail: float) -> float:
        """March up from the smallest value over all that are rejected for certain."""
        start, end = STARTS[self.measure], 1.0 - FINEST
        place, step = start, LONGEST_STEP
        while place < end and step >= FINEST:
            ahead = min(place + step, end)
            if self.between(place, ahead, tail) <= tail:
                place, step = ahead, min(2 * step, LONGEST_STEP)
            elif np.array_equal(self.tables(place), self.tables(ahead)):
                place, step = self._root(place, ahead, tail), 0.0
            else:
                step /= 2
        return _value(self.measure, place) if place > start else MEASURES[self.measure].lowest

    def _root(self, low: float, high: float, tail: float) -> float:
        """Give where the chance of an unchanged set reaches the tail."""
        tables = self.tables(low)

        def excess(place: float) -> float:
            line = _Line(self.measure, _value(self.measure, place), self.arms.n)
            return line.highest(tables, tail) - tail

        return low if excess(low) >= 0 else find_root(excess, low, high)

    def p_value(self) -> float:
        """Give the largest chance over all values that say the first arm has at most as many events."""
        null = _place(self.measure, MEASURES[self.measure].none)
        best = self.between(null, null)
        pieces = _split(STARTS[self.measure], null)
        while pieces and best < 0.5:
            low, high = pieces.pop()
            limit = self.between(low, high, best)
            if limit <= best * (1 + TIES):
                continue
            if high - low <= FINEST:
                best = max(best, self.between(low, high))
                continue
            middle = (low + high) / 2
            best = max(best, self.between(middle, middle, best))
            pieces += [(low, middle), (middle, high)]
        return min(best, 1.0)


def _split(low: float, high: float) -> list[tuple[float, float]]:
    """Cut a range into pieces no longer than the longest step."""
    ends = np.linspace(low, high, math.ceil((high - low) / LONGEST_STEP) + 1).tolist()
    return list(itertools.pairwise(ends))


def _place(measure: str, value: float) -> float:
    """Put a value on a bounded scale: a difference as it is, a ratio r at r / (1 + r)."""
    return value if measure == "difference" else value / (1 + value)


def _value(measure: str, place: float) -> float:
    """Undo `_place`."""
    return place if measure == "difference" else place / (1 - place)


def _mirrored(measure: str, bound: float) -> float:
    """Turn a lower bound for the swapped arms into an upper bound."""
    if measure == "difference":
        return -bound
    return 1 / bound if bound else math.inf


def score_exact(arms: Arms, measure: str, alpha: float) -> tuple[float, float, float]:
    """Give exact bounds and p value of the test that orders tables by the score statistic.

    Parameters
    ----------
    arms : Arms
        The data.
    measure : {"difference", "ratio"}
        What is compared; the score statistic of the odds ratio orders tables badly far from 1.
    alpha : float
        1 minus the level.

    Returns
    -------
    tuple of float
        Lower bound, upper bound, and twice the smaller one-sided p value, at most 1.
    """
    up, down = _Score(arms, measure), _Score(arms.swapped(), measure)
    low, high = up.lower_bound(alpha / 2), _mirrored(measure, down.lower_bound(alpha / 2))
    return low, high, min(1.0, 2 * min(up.p_value(), down.p_value()))


def boschloo(arms: Arms, measure: str, alpha: float) -> tuple[float, float, float]:
    """Give exact bounds and p value of the test that orders tables by Fisher's one-sided p value.

    Parameters
    ----------
    arms : Arms
        The data.
    measure : {"difference", "ratio", "odds ratio"}
        What is compared.
    alpha : float
        1 minus the level.

    Returns
    -------
    tuple of float
        Lower bound, upper bound, and twice the smaller one-sided p value, at most 1.
    """
    low, above = _fixed(arms, measure, alpha / 2)
    high, below = _fixed(arms.swapped(), measure, alpha / 2)
    return low, _mirrored(measure, high), min(1.0, 2 * min(above, below))


def _fixed(arms: Arms, measure: str, tail: float) -> tuple[float, float]:
    """Give the lower bound and the one-sided p value when one set of tables serves every value."""
    fisher = one_sided_fisher(arms.n)
    tables = _closed(fisher <= fisher[arms.events] * (1 + TIES))
    chance = boschloo_above(arms.events, arms.n, fisher)

    def excess(place: float) -> float:
        return _Line(measure, _value(measure, place), arms.n).highest(tables, tail) - tail

    low, high = STARTS[measure], 1.0 - FINEST
    bound = MEASURES[measure].lowest if excess(low) >= 0 else _value(measure, find_root(excess, low, high))
    return bound, chance


def boschloo_above(events: tuple[int, int], n: tuple[int, int], fisher: Floats) -> float:
    """Give Boschloo's one-sided p value, of more events in the first arm.

    Parameters
    ----------
    events, n : tuple of int
        Events and patients of the arms.
    fisher : ndarray
        Fisher's p value of every table, from `one_sided_fisher`.

    Returns
    -------
    float
        The largest chance, over every share common to both arms, of a table with a p value as small.
    """
    tables = _closed(fisher <= fisher[events] * (1 + TIES))
    return 1.0 if tables.all() else min(largest_chance(n, tables), 1.0)


def one_sided_fisher(n: tuple[int, int]) -> Floats:
    """Give Fisher's p value, of more events in the first arm, of every table.

    Parameters
    ----------
    n : tuple of int
        Patients of the arms.

    Returns
    -------
    ndarray, shape (n[0] + 1, n[1] + 1)
        p values, events of the first arm in rows.
    """
    one, two = np.arange(n[0] + 1)[:, None], np.arange(n[1] + 1)[None, :]
    return _at_least(one, one + two, n)


def largest_chance(n: tuple[int, int], tables: Tables, target: float | None = None) -> float:
    """Give the largest chance of a set of tables over every share that both arms have in common.

    Parameters
    ----------
    n : tuple of int
        Patients of the arms.
    tables : ndarray of bool
        The set, closed upwards.
    target : float, optional
        Refine only where the chance is near it.

    Returns
    -------
    float
        The largest chance.
    """
    return _Line("difference", 0.0, n).highest(tables, target)


def _at_least(one: NDArray[np.int64], total: NDArray[np.int64], n: tuple[int, int]) -> Floats:
    """Give the hypergeometric chance of at least this many events in the first arm, given the total."""
    counts = np.arange(n[0] + 1)
    ways_one = np.exp(
        special.gammaln(n[0] + 1) - special.gammaln(counts + 1) - special.gammaln(n[0] - counts + 1)
    )
    rest = total[..., None] - counts
    usable = (rest >= 0) & (rest <= n[1])
    rest = np.clip(rest, 0, n[1])
    ways_two = np.exp(
        special.gammaln(n[1] + 1) - special.gammaln(rest + 1) - special.gammaln(n[1] - rest + 1)
    )
    ways = np.where(usable, ways_one * ways_two, 0.0)
    below = counts < one[..., None]
    chance: Floats = np.where(below, 0.0, ways).sum(-1) / ways.sum(-1)
    return chance
