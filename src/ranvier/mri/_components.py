"""Connected components of a mask, and what is measured on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ranvier.mri.mask import Mask
from ranvier.mri.rule import SLICE_SLACK, Rule, least_units

__all__ = ["Components", "label", "lesion_box", "measure"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Box = tuple[slice, slice, slice]

ORDER = {6: 1, 18: 2, 26: 3}
"""Connectivity as scipy counts it: how many axes two neighbours may differ along."""


@dataclass(frozen=True, kw_only=True)
class Components:
    """One row per component, in the order of the labels (label 1 is row 0)."""

    voxels: Ints
    centroid: Floats
    """World coordinates of the centre of mass, mm, columns R, A, S."""
    extent: Floats
    """Sides of the box along the voxel axes, mm, columns nearest to R, A, S."""
    border: npt.NDArray[np.bool_]
    """Whether a voxel lies in the outermost layer of the volume."""
    counted: npt.NDArray[np.bool_]
    """Whether the component reaches the size limit of the rule."""


def lesion_box(*masks: Mask) -> Box:
    """Give the smallest box that holds every lesion voxel of all the masks; empty when there is none."""
    sides = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        marked = np.flatnonzero(np.logical_or.reduce([mask.voxels.any(axis=others) for mask in masks]))
        sides.append(slice(int(marked[0]), int(marked[-1]) + 1) if marked.size else slice(0, 0))
    return sides[0], sides[1], sides[2]


def label(mask: Mask, box: Box, rule: Rule) -> npt.NDArray[np.int32]:
    """Give the components inside a box, numbered from 1; 0 is background."""
    structure = ndimage.generate_binary_structure(3, ORDER[rule.connectivity])
    inside = np.ascontiguousarray(mask.voxels[box])
    return np.asarray(ndimage.label(inside, structure=structure, output=np.int32)[0])


def measure(labels: npt.NDArray[np.int32], mask: Mask, box: Box, rule: Rule) -> Components:
    """Measure every component; the size limit only says which are counted."""
    n = int(labels.max(initial=0))
    index = np.nonzero(labels)
    owner = labels[index] - 1
    voxels = np.bincount(owner, minlength=n).astype(np.int64)
    where = np.stack([places + side.start for places, side in zip(index, box, strict=True)])
    centre = np.stack([np.bincount(owner, weights=row, minlength=n) for row in where], axis=1)
    middle = centre / np.maximum(voxels, 1)[:, None]
    low = np.full((n, 3), np.iinfo(np.int64).max)
    high = np.full((n, 3), -1)
    for axis, row in enumerate(where):
        np.minimum.at(low[:, axis], owner, row)
        np.maximum.at(high[:, axis], owner, row)
    shape = np.array(mask.voxels.shape)
    edge = ((low == 0) | (high == shape - 1)) & (shape > 1)
    spans = high - low + 1
    return Components(
        voxels=voxels,
        centroid=middle @ mask.affine[:3, :3].T + mask.affine[:3, 3],
        extent=spans * np.array(mask.spacing_mm),
        border=edge.any(axis=1),
        counted=_counted(voxels, spans, mask, rule),
    )


def _counted(voxels: Ints, spans: Ints, mask: Mask, rule: Rule) -> npt.NDArray[np.bool_]:
    if rule.min_long_axis_mm is not None:
        slices = [
            least_units(rule.min_long_axis_mm, step, inclusive=rule.inclusive, slack=SLICE_SLACK)
            for step in mask.spacing_mm
        ]
        return np.asarray((spans >= np.array(slices)).any(axis=1))
    volume = rule.min_volume_mm3
    if rule.min_sphere_mm is not None:
        volume = np.pi / 6 * rule.min_sphere_mm**3
    if volume is None:
        return np.ones(len(voxels), dtype=bool)
    return np.asarray(voxels >= least_units(volume, mask.voxel_mm3, inclusive=rule.inclusive))
