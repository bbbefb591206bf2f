"""Masks of two visits in the space half-way between their scans, so that both are interpolated alike."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError
from ranvier.mri._rigid import between, box_corners, farthest, frame, half, inverse, moved
from ranvier.mri.mask import Mask
from ranvier.mri.registration import Registration
from ranvier.mri.rule import VOXEL_SLACK

__all__ = ["halfway"]

CUT = 0.5
"""Share of lesion above which a voxel of the new grid is lesion."""

Floats = npt.NDArray[np.float64]


def halfway(before: Mask, after: Mask, registration: Registration) -> tuple[Mask, Mask]:
    r"""Move the masks of two visits to one grid half-way between them.

    Parameters
    ----------
    before, after : Mask
        Masks drawn on the scans that were registered: `before` on the fixed one, `after` on the moving one.
    registration : Registration
        From `register(scan before, scan after, seed=...)`.

    Returns
    -------
    tuple of 2 Mask
        Both masks on one new grid, ready for `compare`. Their notes say what was done, and how much lesion
        lies outside what both scans show.

    Raises
    ------
    InputError
        When an argument has another type, or the two volumes do not overlap.

    Notes
    -----
    With the movement :math:`T` from before to after and :math:`H H = T`, a point :math:`h` of the space
    half-way lies at :math:`H^{-1} h` before and at :math:`H h` after. The grid lies in the middle of both
    grids, with the larger voxel side of the two along each axis, over the box that both volumes share. Each
    mask is interpolated linearly and cut above 0.5. One mask is never moved alone: with one side resampled a
    real mask that was shifted by half a millimetre shows lesions that shrink or resolve. Where nothing moved
    and the grids are one, the masks come back as they are.

    References
    ----------
    Commowick et al. 2021, MSSEG-2 challenge proceedings (both scans are moved to a halfway space). Reuter M
    et al. NeuroImage 2012;61:1402-1418 (unbiased midway space).

    Examples
    --------
    >>> from ranvier.mri import Image, Registration, mask_from_array
    >>> scan = np.zeros((12, 12, 12))
    >>> scan[4:8, 4:8, 4:8] = 1
    >>> later = np.roll(scan, 2, axis=0)
    >>> image = Image(voxels=scan.astype("float32"), affine=np.eye(4), name="scan")
    >>> by_two = np.eye(4)
    >>> by_two[0, 3] = 2.0
    >>> found = Registration(
    ...     transform=by_two,
    ...     consistency_mm=0.0,
    ...     mutual_information=(0.0, 1.0),
    ...     fixed=image,
    ...     moving=image,
    ...     seed=1,
    ... )
    >>> pair = halfway(mask_from_array(scan, np.eye(4)), mask_from_array(later, np.eye(4)), found)
    >>> bool((pair[0].voxels == pair[1].voxels).all()), pair[0].n_voxels
    (True, 64)
    """
    for name, mask in (("before", before), ("after", after)):
        if not isinstance(mask, Mask):
            raise InputError(f"{name} is {type(mask).__name__}; give a mask, from mri.read_mask.")
    if not isinstance(registration, Registration):
        raise InputError(
            f"{type(registration).__name__} is no registration; give what mri.register made of the two scans."
        )
    to_half = half(registration.transform)
    ways = to_half, inverse(to_half)  # from the space of each visit to the one half-way
    affine, shape = _grid((before, after), ways)
    shares, inside = zip(
        *(_sampled(mask, way, affine, shape) for mask, way in zip((before, after), ways, strict=True)),
        strict=True,
    )
    both = inside[0] & inside[1]
    moved_by = farthest(registration.transform, np.eye(4), _corners(before)) / 2
    there = registration.transform, inverse(registration.transform)
    unseen = _unseen_mm3(before, after, there[0]), _unseen_mm3(after, before, there[1])
    first, second = (
        _moved(mask, (share > CUT) & both, affine, _said(moved_by, lost))
        for mask, share, lost in zip((before, after), shares, unseen, strict=True)
    )
    return first, second


def _corners(mask: Mask) -> Floats:
    sides = np.array(mask.voxels.shape, dtype=float)
    return moved(mask.affine, box_corners(np.full(3, -0.5), sides - 0.5))


def _grid(masks: tuple[Mask, Mask], ways: tuple[Floats, Floats]) -> tuple[Floats, tuple[int, int, int]]:
    """Give affine and shape of a grid in the middle of both, over the box that they share."""
    frames = [way @ frame(mask.affine, mask.voxels.shape) for mask, way in zip(masks, ways, strict=True)]
    middle = between(*frames)
    back = inverse(middle)
    ends = [moved(back @ way, _corners(mask)) for mask, way in zip(masks, ways, strict=True)]
    low = np.max([corners.min(axis=0) for corners in ends], axis=0)
    high = np.min([corners.max(axis=0) for corners in ends], axis=0)
    step = np.max([mask.spacing_mm for mask in masks], axis=0)
    sides = np.floor((high - low) / step + VOXEL_SLACK).astype(int)
    if (sides < 1).any():
        raise InputError(
            f"{masks[0].name} and {masks[1].name} share no part of the head after the registration; are the "
            "masks drawn on the scans that were registered?"
        )
    affine = middle.copy()
    affine[:3, :3] = middle[:3, :3] * step
    affine[:3, 3] = moved(middle, ((low + high) / 2 - (sides - 1) / 2 * step)[None])[0]
    return affine, (int(sides[0]), int(sides[1]), int(sides[2]))


def _sampled(
    mask: Mask, way: Floats, affine: Floats, shape: tuple[int, int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Give the share of lesion in each voxel of the new grid, and whether the old volume reaches there."""
    from scipy import ndimage

    index = inverse(mask.affine) @ inverse(way) @ affine
    share = ndimage.affine_transform(
        mask.voxels.astype(np.float32),
        index[:3, :3],
        offset=index[:3, 3],
        output_shape=shape,
        order=1,
        mode="grid-constant",
    )
    grid = np.ogrid[tuple(slice(side) for side in shape)]
    inside = np.ones(shape, dtype=bool)
    for axis, side in enumerate(mask.voxels.shape):
        place = sum(index[axis, other] * grid[other] for other in range(3)) + index[axis, 3]
        inside &= (place > -0.5 - VOXEL_SLACK) & (place < side - 0.5 + VOXEL_SLACK)
    return share, inside


def _unseen_mm3(mask: Mask, other: Mask, to_other: Floats) -> float:
    """Give the volume of lesion that the volume of the other visit does not reach."""
    index = inverse(other.affine) @ to_other @ mask.affine
    places = moved(index, np.argwhere(mask.voxels).astype(float))
    sides = np.array(other.voxels.shape)
    beyond = (places < -0.5 - VOXEL_SLACK) | (places > sides - 0.5 + VOXEL_SLACK)
    return int(beyond.any(axis=1).sum()) * mask.voxel_mm3


def _said(by_mm: float, unseen_mm3: float) -> list[str]:
    """Say what was done to a mask."""
    said = (
        f"Moved half-way between the visits, by up to {by_mm:.2f} mm, interpolated linearly and cut above "
        f"{CUT:g}."
    )
    notes = [said]
    if unseen_mm3:
        notes.append(
            f"{unseen_mm3:.1f} mm³ of lesion lie outside what the other scan shows and are left out; lesions "
            "next to that edge may be cut."
        )
    return notes


def _moved(mask: Mask, lesion: npt.NDArray[np.bool_], affine: Floats, notes: list[str]) -> Mask:
    """Give the mask on the new grid, with both volumes in its notes."""
    lesion.flags.writeable = False
    placed = affine.copy()
    placed.flags.writeable = False
    made = dataclasses.replace(
        mask, voxels=lesion, affine=placed, name=f"{mask.name} half-way", sha256=None, notes=()
    )
    volumes = f"{mask.n_voxels * mask.voxel_mm3:.1f} mm³ became {made.n_voxels * made.voxel_mm3:.1f} mm³."
    return dataclasses.replace(made, notes=(*mask.notes, *notes, volumes))
