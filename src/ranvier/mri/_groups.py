"""Lesions of two visits that belong together: connected components of the graph of their overlap."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

__all__ = ["Links", "group", "links"]

Labels = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Links:
    """Pairs of components (row of before, row of after) that belong together."""

    overlap: Ints
    """Pairs that share a voxel, shape (n, 2)."""
    near: Ints
    """Pairs within the tolerance, where one of the two shares no voxel with anything."""

    @property
    def all(self) -> Ints:
        """Every pair."""
        return np.concatenate([self.overlap, self.near])


def links(before: Labels, after: Labels, tolerance: int) -> Links:
    """Find the pairs; both label arrays cover the same box, 0 is background."""
    both = (before > 0) & (after > 0)
    overlap = _pairs(before[both], after[both])
    lone_before = np.setdiff1d(np.arange(before.max(initial=0)), overlap[:, 0])
    lone_after = np.setdiff1d(np.arange(after.max(initial=0)), overlap[:, 1])
    forth = _near(before, lone_before, after, tolerance)
    back = _near(after, lone_after, before, tolerance)[:, ::-1]
    return Links(overlap=overlap, near=np.unique(np.concatenate([forth, back]), axis=0))


def group(pairs: Ints, n_before: int, n_after: int) -> tuple[Ints, Ints]:
    """Give the group of each component before and after, numbered from 0."""
    n = n_before + n_after
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = sparse.coo_matrix((ones, (pairs[:, 0], n_before + pairs[:, 1])), shape=(n, n))
    number = csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
    return number[:n_before], number[n_before:]


def _pairs(first: Labels, second: Labels) -> Ints:
    """Give the distinct pairs of labels as rows (label 1 is row 0)."""
    stacked = np.stack([first, second], axis=1).astype(np.int64) - 1
    return np.unique(stacked, axis=0).reshape(-1, 2)


def _near(own: Labels, lone: Ints, other: Labels, tolerance: int) -> Ints:
    """Give the pairs of lone components with those of the other visit within the tolerance."""
    if not tolerance or not lone.size:
        return np.empty((0, 2), dtype=np.int64)
    index = np.nonzero(np.isin(own, lone + 1))
    owner = own[index]
    around = np.pad(other, tolerance)
    found = []
    for step in itertools.product(range(-tolerance, tolerance + 1), repeat=3):
        seen = around[tuple(places + tolerance + by for places, by in zip(index, step, strict=True))]
        found.append(_pairs(owner[seen > 0], seen[seen > 0]))
    return np.unique(np.concatenate(found), axis=0)
