"""The data of a mixed model as blocks: patients with the same visits share one small matrix of sums.

The likelihood needs the data only through sums over patients of products of two visits, so that one pass over
the patients serves every later evaluation, however many patients there are. Where every patient has own times
the rows themselves are kept. Visits that a patient lacks are zero rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "block"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """All patients that share one set of covariance parameters.

    Parameters
    ----------
    seen : ndarray of bool, shape (n_patterns, m)
        Which visits the patients of each pattern have.
    patients : ndarray, shape (n_patterns,)
        How many patients have the pattern.
    place : ndarray, shape (m, m) or (n_patterns, m, m)
        Distance of two visits, in visits or in time.
    rows : ndarray, shape (n_patterns, m, q), optional
        The data where no two patients share a pattern.
    sums : ndarray, shape (n_patterns * m * m, q * q), optional
        Sums of products of the data otherwise.
    """

    seen: NDArray[np.bool_]
    patients: Floats
    place: Floats
    rows: Floats | None
    sums: Floats | None

    @cached_property
    def both(self) -> Floats:
        """Give 1 where both visits of a pair were seen."""
        return (self.seen[:, :, None] & self.seen[:, None, :]).astype(float)

    @cached_property
    def unseen(self) -> Floats:
        """Give 1 on the diagonal at visits that were not seen, so that matrices stay invertible."""
        return np.eye(self.seen.shape[1]) * ~self.seen[:, None, :]

    def gram(self, weights: Floats) -> Floats:
        """Give sums over patients of data' W data for weights (..., n_patterns, m, m)."""
        front = weights.shape[:-3]
        if self.sums is not None:
            flat = weights.reshape(-1, self.sums.shape[0]) @ self.sums
            q = round(self.sums.shape[1] ** 0.5)
            return flat.reshape(*front, q, q)
        rows = self._rows
        q = rows.shape[2]
        flat_rows = rows.reshape(-1, q)
        flat = np.stack(
            [flat_rows.T @ (each @ rows).reshape(-1, q) for each in weights.reshape(-1, *weights.shape[-3:])]
        )
        return flat.reshape(*front, q, q)

    def inner(self, middle: Floats) -> Floats:
        """Give per pattern the sums over patients of data M data' for one matrix M (q, q)."""
        m = self.seen.shape[1]
        if self.sums is not None:
            spread: Floats = (self.sums @ middle.ravel()).reshape(-1, m, m)
            return spread
        return self._rows @ middle @ np.swapaxes(self._rows, 1, 2)

    @property
    def _rows(self) -> Floats:
        return np.empty((0, 0, 0)) if self.rows is None else self.rows


def block(data: Floats, seen: NDArray[np.bool_], times: Floats | None) -> Block:
    """Join patients with equal patterns of visits (and of times).

    Parameters
    ----------
    data : ndarray, shape (n, m, q)
        Design and outcome of each patient and visit; rows not seen are zero.
    seen : ndarray of bool, shape (n, m)
        Which visits each patient has.
    times : ndarray, shape (n, m), optional
        Time of each visit; without it the distance of two visits is how many lie between.
    """
    n, m, q = data.shape
    key = seen.astype(float) if times is None else np.where(seen, times, np.nan)
    order, starts = _equal_rows(key)
    kinds = seen[order[starts]]
    if times is None:
        place = np.abs(np.subtract.outer(np.arange(m), np.arange(m))).astype(float)
    else:
        own = np.where(kinds, times[order[starts]], 0.0)
        place = np.abs(own[:, :, None] - own[:, None, :])
    counts = np.diff(np.append(starts, n))
    if starts.size * m * q > n * (m + q):  # the sums would be larger than the rows
        return _by_row(data, seen, times)
    sums = np.empty((starts.size, m, m, q, q))
    for pattern, part in enumerate(np.split(order, starts[1:])):
        flat = data[part].reshape(part.size, m * q)
        sums[pattern] = (flat.T @ flat).reshape(m, q, m, q).transpose(0, 2, 1, 3)
    return Block(
        seen=kinds, patients=counts.astype(float), place=place, rows=None, sums=sums.reshape(-1, q * q)
    )


def _by_row(data: Floats, seen: NDArray[np.bool_], times: Floats | None) -> Block:
    """Keep every patient as a pattern of its own."""
    n, m, _ = data.shape
    if times is None:
        place = np.abs(np.subtract.outer(np.arange(m), np.arange(m))).astype(float)
    else:
        own = np.where(seen, times, 0.0)
        place = np.abs(own[:, :, None] - own[:, None, :])
    return Block(seen=seen, patients=np.ones(n), place=place, rows=data, sums=None)


def _equal_rows(key: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give an order that puts equal rows together, and where each kind starts; NaN equals NaN."""
    plain = np.where(np.isnan(key), -np.inf, key)
    order = np.lexsort(plain.T)
    ordered = plain[order]
    new = np.ones(order.size, dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return order, np.flatnonzero(new)
