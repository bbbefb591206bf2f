"""Boundaries and chances of a stopping rule, look by look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

__all__ = ["TIE", "binomial", "chances", "pocock_counts", "stop_counts"]

TIE = 1e-12
"""Relative difference below which a tail probability equals its limit: 1 - 0.9 is not 0.1 in float64."""

Looks = Sequence[float]
Counts = tuple[int | None, ...]


def stop_counts(looks: Looks, limit: float, method: str, level: float, prior: tuple[float, float]) -> Counts:
    """Give the smallest count that stops at each look, or None where none can."""
    tail = (1 - level) * (1 + TIE)
    found: list[int | None] = []
    for look in looks:
        counts = np.arange(1, _most(look, limit, method, tail) + 1)
        if method == "poisson":
            stops = special.pdtrc(counts - 1, limit * look) <= tail
        elif method == "binomial":
            stops = special.betainc(counts, look - counts + 1, limit) <= tail
        else:
            first, second = prior
            stops = special.betaincc(first + counts, second + look - counts, limit) > level
        found.append(int(counts[np.argmax(stops)]) if stops.any() else None)
    return tuple(found)


def _most(look: float, limit: float, method: str, tail: float) -> int:
    """Give the largest count worth trying at one look."""
    if method != "poisson":
        return int(look)
    most = 8
    while special.pdtrc(most - 1, limit * look) > tail:
        most *= 2
    return most


def pocock_counts(looks: Looks, limit: float, overall: float) -> tuple[Counts, float]:
    """Give the counts of the largest common tail probability that keeps the chance of ever stopping.

    Only the tail probabilities that can occur matter, so that the search over them is exact. The chance of
    ever stopping rises with the tail probability.
    """
    tails = [special.betainc(np.arange(1, look + 1), look - np.arange(look), limit) for look in looks]
    candidates = np.unique(np.concatenate(tails))

    def counts_at(tail: float) -> Counts:
        allowed = tail * (1 + TIE)
        return tuple(
            int(np.argmax(values <= allowed)) + 1 if values[-1] <= allowed else None for values in tails
        )

    def fits(place: int) -> bool:
        return sum(chances(limit, looks, counts_at(candidates[place]), poisson=False)) <= overall

    low, high = -1, len(candidates) - 1  # low fits or is before the first; search the last one that fits
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    if low < 0:
        return (None,) * len(tails), 0.0
    return counts_at(candidates[low]), float(candidates[low])


def chances(rate: float, looks: Looks, counts: Counts, *, poisson: bool) -> list[float]:
    """Give the chance of stopping at each look, carrying the counts of trials that have not stopped."""
    top = max(count for count in (*counts, 0) if count is not None)
    room = top if poisson else int(looks[-1]) + 1  # without a boundary every count goes on
    alive = np.zeros(max(room, 1))
    alive[0] = 1.0
    stopped, before = [], 0.0
    for look, stop in zip(looks, counts, strict=True):
        new = look - before
        before = look
        kept = len(alive) if stop is None else min(stop, len(alive))
        gained = np.arange(len(alive))
        if poisson:
            density = np.exp(special.xlogy(gained, rate * new) - rate * new - special.gammaln(gained + 1))
        else:
            density = binomial(gained, int(new), rate)
        if stop is None:
            stopped.append(0.0)
        else:
            needed = stop - gained  # from each count, how many more would stop
            beyond = _at_least(needed, new, rate, poisson=poisson)
            stopped.append(float(alive @ beyond))
        alive = np.convolve(alive, density)[: len(alive)]
        alive[kept:] = 0.0
    return stopped


def binomial(counts: np.ndarray, n: int, rate: float) -> np.ndarray:
    """Give P(X = count) for a binomial; 0 above n."""
    inside = counts <= n
    chosen = counts[inside]
    log = special.gammaln(n + 1) - special.gammaln(chosen + 1) - special.gammaln(n - chosen + 1)
    density = np.zeros(len(counts))
    density[inside] = np.exp(log + special.xlogy(chosen, rate) + special.xlog1py(n - chosen, -rate))
    return density


def _at_least(counts: np.ndarray, size: float, rate: float, *, poisson: bool) -> np.ndarray:
    """Give P(X >= count) for the new patients or patient-years; 1 for counts of 0 or less."""
    found = np.ones(len(counts))
    positive = counts > 0
    if poisson:
        found[positive] = special.pdtrc(counts[positive] - 1, rate * size)
        return found
    found[positive] = 0.0
    within = positive & (counts <= size)
    found[within] = special.betainc(counts[within], size - counts[within] + 1, rate)
    return found
