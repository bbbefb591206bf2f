"""The spinal cord slice by slice: its cross-section, and how far its centre line runs through each slice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ranvier.mri.mask import Mask

__all__ = ["SMOOTH_MM", "areas", "steps_mm"]

SMOOTH_MM = 20.0
"""Length of cord over which its direction is taken, about one vertebra with its disc. The centre of a slice
jumps by half voxels; followed from slice to slice the line would zigzag and come out longer than the cord."""

LEAST_SLICES = 3
"""Slices from which a direction can be taken."""

Floats = npt.NDArray[np.float64]


def areas(cord: Mask) -> npt.NDArray[np.int64]:
    """Give the voxels of the cord in each slice, from the lowest."""
    return np.asarray(cord.voxels.sum(axis=(0, 1), dtype=np.int64))


def steps_mm(cord: Mask) -> Floats:
    """Give the length of the centre line in each slice, in mm; nan below and above the cord.

    The centres of the slices are joined by straight lines over slices without cord, and the direction in a
    slice is that of the least-squares line through the centres within 10 mm of it.
    """
    from scipy.signal import savgol_filter

    area = areas(cord)
    steps = np.full(area.size, np.nan)
    seen = np.flatnonzero(area)
    if seen.size == 0 or seen[-1] - seen[0] + 1 < LEAST_SLICES:
        return steps
    every = np.arange(seen[0], seen[-1] + 1)
    centre = np.stack([np.interp(every, seen, row[seen]) for row in _centres(cord, area)], axis=1)
    points = np.column_stack([centre, every]) @ cord.affine[:3, :3].T
    window = min(_odd(SMOOTH_MM / cord.spacing_mm[2]), _odd(every.size - 1))
    along = savgol_filter(points, max(window, LEAST_SLICES), 1, deriv=1, axis=0, mode="interp")
    steps[every] = np.linalg.norm(along, axis=1)
    return steps


def _centres(cord: Mask, area: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Give the mean index of the cord along both axes of each slice."""
    n = np.maximum(area, 1)
    first = np.arange(cord.voxels.shape[0]) @ cord.voxels.sum(axis=1, dtype=np.int64)
    second = np.arange(cord.voxels.shape[1]) @ cord.voxels.sum(axis=0, dtype=np.int64)
    return first / n, second / n


def _odd(number: float) -> int:
    """Give the odd whole number at or just above a number."""
    return 2 * int(np.ceil((number - 1) / 2)) + 1
