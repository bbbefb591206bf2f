"""Exact p values of many small data sets at once, for simulated trials.

Rows of arrays are data sets. Every p value is twice the smaller of the tails of `_exact_tails`, at most 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError
from ranvier.stats import _exact_tails

__all__ = ["binomial_p", "crossover_p", "fisher_p", "rank_sum_p", "signed_rank_p"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def binomial_p(events: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """Give the exact binomial p values of counts against shares, all broadcast together."""
    count, size = np.broadcast_arrays(_counts("events", events), _counts("n", n))
    if (count > size).any():
        raise InputError(
            f"events exceeds n in {int((count > size).sum())} data sets; it must be from 0 to n."
        )
    return _doubled(_exact_tails.binomial_tails(count, size, share))


def fisher_p(events: ArrayLike, n: tuple[int, int]) -> Floats:
    """Give Fisher's p values of pairs of counts, shape (data sets, 2), in arms of n patients."""
    counts = _counts("events", events).reshape(-1, 2)
    if (counts > np.asarray(n)).any():
        raise InputError(f"events exceeds n = {n} in some data set; it must be from 0 to n.")
    return _doubled(_exact_tails.fisher_tails(counts, n))


def signed_rank_p(differences: ArrayLike, *, zeros: str = "pratt") -> Floats:
    """Give the signed-rank p values of rows of differences, shape (data sets, pairs), none missing."""
    return _doubled(_exact_tails.signed_rank_tails(differences, zeros=zeros))


def rank_sum_p(first: ArrayLike, second: ArrayLike) -> Floats:
    """Give the rank-sum p values of rows, shapes (data sets, n_first) and (data sets, n_second)."""
    return _doubled(_exact_tails.rank_sum_tails(first, second))


def crossover_p(first_sequence: ArrayLike, second_sequence: ArrayLike) -> Floats:
    """Give the p values of the treatments in crossovers of two periods, shapes (data sets, n, 2)."""
    one, two = (np.asarray(given, dtype=np.float64) for given in (first_sequence, second_sequence))
    for values in (one, two):
        if values.ndim != 3 or values.shape[2] != 2:
            raise InputError(f"give arrays of shape (data sets, patients, 2 periods); got {values.shape}.")
    return rank_sum_p(one[:, :, 0] - one[:, :, 1], two[:, :, 0] - two[:, :, 1])


def _doubled(tails: _exact_tails.Tails) -> Floats:
    """Give twice the smaller tail, at most 1."""
    smaller = np.minimum(*tails)
    doubled: Floats = np.minimum(1.0, 2 * smaller)
    return doubled


def _counts(name: str, values: ArrayLike) -> Whole:
    """Give whole numbers of at least 0."""
    given = np.asarray(values, dtype=np.float64)
    bad = ~(np.isfinite(given) & (given >= 0) & (given == np.floor(given)))
    if bad.any():
        raise InputError(f"{name} holds {given[bad][0]:g}; it must hold whole numbers of at least 0.")
    return given.astype(np.int64)
