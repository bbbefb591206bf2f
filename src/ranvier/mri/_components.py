"""Connected components of a mask, and what is measured on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ranvier.mri.mask import Box, Mask
from ranvier.mri.rule import SLICE_SLACK, Rule, least_units

__all__ = ["Components", "label", "lesion_box", "measure"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

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
    boxes = [mask.box for mask in masks if mask.n_voxels] or [masks[0].box]
    sides = [
        slice(min(side.start for side in along), max(side.stop for side in along))
        for along in zip(*boxes, strict=True)
    ]
    return sides[0], sides[1], sides[2]


def label(mask: Mask, box: Box, rule: Rule) -> npt.NDArray[np.int32]:
    """Give the components inside a box, numbered from 1; 0 is background."""
    inside = np.copy(mask.voxels[box], order="K")
    try:
        import cc3d
    except ImportError:
        return labelled_plainly(inside, rule)
    if min(inside.shape) < 2:  # connectivity 26 of version 4.1.1 raises where two sides are 1
        return labelled_plainly(inside, rule)
    found = cc3d.connected_components(inside, connectivity=rule.connectivity, binary_image=True)
    return np.asarray(found).view(np.int32) if found.dtype == np.uint32 else found.astype(np.int32)


def labelled_plainly(inside: npt.NDArray[np.bool_], rule: Rule) -> npt.NDArray[np.int32]:
    """Label without connected-components-3d; the same components, ten times slower."""
    structure = ndimage.generate_binary_structure(3, ORDER[rule.connectivity])
    return np.asarray(ndimage.label(inside, structure=structure, output=np.int32)[0])


def measure(labels: npt.NDArray[np.int32], mask: Mask, box: Box, rule: Rule) -> Components:
    """Measure every component; the size limit only says which are counted."""
    n = int(labels.max(initial=0))
    index, owner = _marked(labels)
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


def _marked(labels: npt.NDArray[np.int32]) -> tuple[tuple[Ints, ...], Ints]:
    """Give the indices of the labelled voxels and their rows, read in the order of memory: faster."""
    order = np.argsort([-step for step in labels.strides], kind="stable")
    inner = labels.transpose(order)
    flat = np.ascontiguousarray(inner).reshape(-1)
    places = np.flatnonzero(flat)
    along = np.unravel_index(places, inner.shape)
    return tuple(along[axis] for axis in np.argsort(order)), flat[places].astype(np.int64) - 1


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
