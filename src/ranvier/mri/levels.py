"""Names of the vertebral levels, and the levels that a map shows slice by slice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError
from ranvier.mri.labels import LabelMap

__all__ = ["LEVELS"]

LEVELS = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
)
"""Vertebral levels by their label: label 1 is C1, 7 is C7, 8 is T1, 19 is T12, 20 is L1, 24 is L5."""


def checked_levels(levels: object) -> LabelMap:
    """Take a map of vertebral levels; refuse other labels."""
    if not isinstance(levels, LabelMap):
        raise InputError(
            f"{type(levels).__name__} is not a label map; make one with mri.read_labels or "
            "mri.labels_from_array."
        )
    if beyond := [label for label in levels.labels if label > len(LEVELS)]:
        raise InputError(
            f"{levels.name}: label {beyond[0]}; a map of vertebral levels has 1 (C1) to {len(LEVELS)} (L5). "
            "Labels of single points, such as discs or the pontomedullary junction, are not levels."
        )
    if not levels.labels:
        raise InputError(f"{levels.name}: no voxel has a level; leave `levels` out when they are not known.")
    return levels


def level_names(labels: npt.NDArray[np.int32]) -> list[str]:
    """Name labels in rising order, without the background."""
    return [LEVELS[label - 1] for label in np.unique(labels) if label]


def level_bands(levels: LabelMap) -> list[tuple[str, float, float]]:
    """Give name, lower and upper edge of each level, in mm above the lowest slice's lower face."""
    step = levels.spacing_mm[2]
    bands = []
    for label in levels.labels:
        slices = np.flatnonzero((levels.voxels == label).any(axis=(0, 1)))
        bands.append((LEVELS[label - 1], float(slices[0] * step), float((slices[-1] + 1) * step)))
    return bands
