"""Trials that count patients with an outcome: the exact chance of every way to stop, and Simon's search."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.stats._looks import TIE, binomial

__all__ = ["TwoStages", "endings", "first_stage_mean", "pareto", "smallest_size", "tails"]

Floats = NDArray[np.float64]
Counts = Sequence[int | None]

LARGEST = 1000
"""Patients up to which sizes are searched and counts carried; chances of single counts stay above 1e-302."""


def endings(share: float, looks: Sequence[int], futility: Counts, efficacy: Counts) -> list[Floats]:
    """Give, look by look, the chance that the trial ends there with each count from 0 to the look.

    Parameters
    ----------
    share : float
        True share, from 0 to 1.
    looks : sequence of int
        Patients at each look, rising.
    futility, efficacy : sequence of int or None
        A trial ends at a look with at most `futility` or at least `efficacy`; at the last look it ends.

    Returns
    -------
    list of ndarray
        One array for each look, shape (look + 1,).
    """
    alive, before, found = np.ones(1), 0, []
    for place, (look, low, high) in enumerate(zip(looks, futility, efficacy, strict=True)):
        gained = binomial(np.arange(look - before + 1), look - before, share)
        reached = np.convolve(alive, gained)
        stops = _stops(look, low, high) if place < len(looks) - 1 else np.ones(look + 1, dtype=bool)
        found.append(np.where(stops, reached, 0.0))
        alive, before = np.where(stops, 0.0, reached), look
    return found


def _stops(look: int, low: int | None, high: int | None) -> NDArray[np.bool_]:
    """Give which counts end the trial at a look."""
    counts = np.arange(look + 1)
    return (counts <= (-1 if low is None else low)) | (counts >= (look + 1 if high is None else high))


def first_stage_mean(looks: Sequence[int], futility: Counts, efficacy: Counts) -> list[Floats]:
    """Give the mean share of the first stage among trials that end with each count: the unbiased estimate.

    It does not depend on the true share, because the count at the end is sufficient; one half serves.
    """
    first = looks[0]
    reached = binomial(np.arange(first + 1), first, 0.5)
    weighted, found = reached * np.arange(first + 1) / first, []
    for place, (look, low, high) in enumerate(zip(looks, futility, efficacy, strict=True)):
        if place:
            new = look - looks[place - 1]
            gained = binomial(np.arange(new + 1), new, 0.5)
            reached, weighted = np.convolve(reached, gained), np.convolve(weighted, gained)
        possible = reached > 0
        found.append(np.divide(weighted, reached, out=np.full(look + 1, math.nan), where=possible))
        stops = _stops(look, low, high)
        reached, weighted = np.where(stops, 0.0, reached), np.where(stops, 0.0, weighted)
    return found


def smallest_size(p0: float, p1: float, alpha: float, beta: float) -> int:
    """Give the smallest n at which the best possible test, tie broken by chance, has the power.

    No test of n patients beats it (Neyman and Pearson), so that no search needs to begin below. A value
    above `LARGEST` means that there is none up to it.
    """
    for n in range(1, LARGEST + 1):
        wrong, powers = tails(n, p0), tails(n, p1)
        place = int(np.argmax(wrong <= alpha))  # the smallest count whose tail is at most alpha
        single, strong = wrong[place - 1] - wrong[place], powers[place - 1] - powers[place]
        if powers[place] + (alpha - wrong[place]) / single * strong >= (1 - beta) * (1 - TIE):
            return n
    return LARGEST + 1


@lru_cache(maxsize=4 * LARGEST)
def tails(n: int, share: float) -> Floats:
    """Give P(X >= count) for counts from 0 to n + 1."""
    counts = np.arange(1, n + 1)
    found = np.concatenate([[1.0], special.betainc(counts, n - counts + 1, share), [0.0]])
    found.flags.writeable = False  # it is kept and shared
    return found


@dataclass(frozen=True)
class TwoStages:
    """A two-stage design: at most `r_first` of `n_first` ends it; more than `r` of `n` is a success."""

    r_first: int
    n_first: int
    r: int
    n: int
    expected_n: float


def pareto(p0: float, p1: float, alpha: float, beta: float, most: int) -> Iterator[TwoStages]:
    """Give the two-stage designs that no smaller one beats in expected size under p0, from small n to large.

    Parameters
    ----------
    p0, p1 : float
        Shares, 0 < p0 < p1 < 1.
    alpha, beta : float
        Limits of the exact error chances.
    most : int
        Largest n tried.

    Yields
    ------
    TwoStages
        The first has the smallest n of all designs, the last the smallest expected size of all.

    Notes
    -----
    The power is at most P(X1 > r1 | p1), so that each n1 has a largest useful r1 and with it a smallest
    chance w of going on under p0. Its expected size is at least n1 + w (n - n1), which rises with n: once
    that exceeds the best found for every n1, no larger n can do better and the search is complete.
    """
    best = math.inf
    least_on: dict[int, float] = {}
    for n in range(max(2, smallest_size(p0, p1, alpha, beta)), most + 1):
        open_still, chosen = False, None
        for n_first in range(1, n):
            if n_first >= best:
                break
            if n_first not in least_on:
                least_on[n_first] = _least_on(n_first, p0, p1, beta)
            if n_first + least_on[n_first] * (n - n_first) >= best * (1 - TIE):
                continue
            open_still = True
            found = _best_first(n_first, n, (p0, p1), (alpha, beta))
            if found is not None and found.expected_n < best * (1 - TIE):
                best, chosen = found.expected_n, found
        if chosen is not None:
            yield chosen
        if not open_still and best < math.inf:
            return


def _least_on(n_first: int, p0: float, p1: float, beta: float) -> float:
    """Give the smallest chance of going on under p0 that leaves the power possible; infinite when none."""
    useful = np.flatnonzero(tails(n_first, p1)[1:] >= (1 - beta) * (1 - TIE))
    return float(tails(n_first, p0)[useful[-1] + 1]) if useful.size else math.inf


def _best_first(
    n_first: int, n: int, shares: tuple[float, float], errors: tuple[float, float]
) -> TwoStages | None:
    """Give the design with the largest r_first, hence the smallest expected size, that meets both limits."""
    alpha, beta = errors
    top = int(np.argmax(tails(n, shares[0]) <= alpha * (1 + TIE)))  # enough without a first look
    useful = np.flatnonzero(tails(n_first, shares[1])[1:] >= (1 - beta) * (1 - TIE))
    if not useful.size:
        return None
    first_counts, limits = np.arange(n_first + 1), np.arange(top)
    needed = np.clip(limits[None, :] + 1 - first_counts[:, None], 0, n - n_first + 1)
    wrong, right = (
        (binomial(first_counts, n_first, share)[:, None] * tails(n - n_first, share)[needed])[::-1].cumsum(
            axis=0
        )[::-1][1:]
        for share in shares
    )
    fits = (wrong <= alpha * (1 + TIE)) & (right >= (1 - beta) * (1 - TIE))
    rows = np.flatnonzero(fits[: useful[-1] + 1].any(axis=1))
    if not rows.size:
        return None
    r_first = int(rows[-1])
    on = float(tails(n_first, shares[0])[r_first + 1])
    return TwoStages(
        r_first=r_first,
        n_first=n_first,
        r=int(np.argmax(fits[r_first])),
        n=n,
        expected_n=n_first + on * (n - n_first),
    )
