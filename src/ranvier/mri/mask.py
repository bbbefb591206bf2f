"""A lesion mask: which voxels are lesion, and where they lie in the scanner."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError
from ranvier.mri._values import foreground

__all__ = ["Mask", "mask_from_array"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Box = tuple[slice, slice, slice]

AXES = ("LR", "PA", "IS")
"""Letters of the two directions of the R, A and S axis."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Mask:
    """Lesion voxels of one scan, their axes nearest to right, anterior, superior.

    Make one with `read_mask` or `mask_from_array`, which check and turn the axes.

    Parameters
    ----------
    voxels : ndarray of bool, shape (n_r, n_a, n_s)
        True where there is lesion; read-only.
    affine : ndarray, shape (4, 4)
        From voxel indices to world coordinates in mm (right, anterior, superior); read-only.
    name : str
        Name of the file or of the array, for messages.
    sha256 : str, optional
        SHA-256 of the file.
    stored : str
        Axis codes of the array as it was stored, such as "LPS".
    threshold : float, optional
        Probability above which a voxel is lesion; None for a mask without probabilities.
    tool : str, optional
        Who or what made the mask, with version.
    notes : tuple of str
        Sentences on the file that a reader must not miss.
    """

    voxels: Bools = field(repr=False)
    affine: Floats = field(repr=False)
    name: str
    sha256: str | None = None
    stored: str = "RAS"
    threshold: float | None = None
    tool: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxel centres along each axis, in mm."""
        return steps_of(self.affine)

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel in mm³: the absolute determinant of the affine."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @functools.cached_property
    def box(self) -> Box:
        """The smallest box that holds every lesion voxel; empty when there is none."""
        return marked_box(self.voxels)

    @functools.cached_property
    def n_voxels(self) -> int:
        """How many voxels are lesion."""
        return int(np.count_nonzero(self.voxels[self.box]))

    def same_file(self, other: Mask) -> bool:
        """Say whether another mask with lesions is the same file, byte for byte.

        Parameters
        ----------
        other : Mask
            The mask of another scan.

        Returns
        -------
        bool
            False for masks without lesions: on one grid these are equal, and nothing is wrong with them.
        """
        return self.sha256 is not None and self.sha256 == other.sha256 and self.n_voxels > 0

    def explain(self) -> str:
        """Say in plain sentences what the mask is.

        Returns
        -------
        str
            Sentences.
        """
        sides = " × ".join(str(n) for n in self.voxels.shape)
        steps = " × ".join(f"{step:.3g}" for step in self.spacing_mm)
        made = f"made by {self.tool}" if self.tool else "it is not recorded who or what made it"
        parts = [
            f"{self.name}: {self.n_voxels} lesion voxels, {self.n_voxels * self.voxel_mm3:.1f} mm³.",
            f"Volume of {sides} voxels of {steps} mm (right, anterior, superior; stored as {self.stored}).",
            f"{made[:1].upper()}{made[1:]}.",
        ]
        if self.threshold is not None:
            parts.append(f"A voxel is lesion above a probability of {self.threshold:g}.")
        return " ".join([*parts, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give all but the voxels, JSON-ready.

        Returns
        -------
        dict
            Name, hash, shape, spacing, voxel volume, lesion voxels, axes, threshold, tool, notes.
        """
        return {
            "name": self.name,
            "sha256": self.sha256,
            "shape": list(self.voxels.shape),
            "spacing_mm": list(self.spacing_mm),
            "voxel_mm3": self.voxel_mm3,
            "n_voxels": self.n_voxels,
            "stored": self.stored,
            "threshold": self.threshold,
            "tool": self.tool,
            "notes": list(self.notes),
        }


def mask_from_array(
    values: Any,
    affine: Any,
    *,
    threshold: float | None = None,
    tool: str | None = None,
    name: str = "the array",
) -> Mask:
    """Give the mask that an array holds, checked as a file would be.

    Parameters
    ----------
    values : array-like, shape (n_i, n_j, n_k)
        0 and 1, whole numbers (0 is background, every other label is lesion), or probabilities.
    affine : array-like, shape (4, 4)
        From indices to world coordinates in mm (right, anterior, superior).
    threshold : float, optional
        Probability above which a voxel is lesion; needed for probabilities, and only for them.
    tool : str, optional
        Who or what made the mask, with version.
    name : str
        Name for messages.

    Returns
    -------
    Mask
        The mask, its axes turned to right, anterior, superior.

    Raises
    ------
    InputError
        When the array is not 3-D, the affine is not usable, or a value is not possible.

    Examples
    --------
    >>> box = np.zeros((5, 5, 5))
    >>> box[1:3, 1:3, 1:4] = 1
    >>> mask = mask_from_array(box, np.diag([-1.0, -1.0, 2.0, 1.0]))
    >>> mask.stored, mask.n_voxels, mask.voxel_mm3
    ('LPS', 12, 2.0)
    """
    world, array = usable_affine(affine, name), one_volume(values, name)
    lesion, notes, cut = foreground(array, threshold, name)
    used = threshold if cut else None
    return oriented(lesion, world, name=name, threshold=used, tool=tool, notes=notes)


def marked_box(marked: Bools) -> Box:
    """Give the smallest box that holds every True, read in the order of memory: many times faster."""
    order = np.argsort([-abs(step) for step in marked.strides], kind="stable")
    forward = tuple(slice(None, None, -1 if step < 0 else 1) for step in marked.strides)
    inner = marked[forward].transpose(order)
    sheet: Bools = np.logical_or.reduce(inner, axis=0)
    planes = (inner.reshape(len(inner), -1), sheet, sheet.T)
    sides = [slice(0, 0)] * 3
    for axis, plane in zip(order, planes, strict=True):
        along = np.logical_or.reduce(plane, axis=1)
        places = np.flatnonzero(along[forward[axis]])
        if places.size:
            sides[axis] = slice(int(places[0]), int(places[-1]) + 1)
    return sides[0], sides[1], sides[2]


def steps_of(affine: Floats) -> tuple[float, float, float]:
    """Give the distance of neighbouring voxel centres along each axis, in mm."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return float(lengths[0]), float(lengths[1]), float(lengths[2])


def one_volume(values: Any, name: str, what: str = "mask") -> npt.NDArray[Any]:
    """Take an array with three axes."""
    array = np.asarray(values)
    if array.ndim != 3 or 0 in array.shape:
        raise InputError(f"{name}: shape {array.shape}; a {what} is one volume with three axes.")
    return array


def usable_affine(affine: Any, name: str) -> Floats:
    """Take an affine, or say why it cannot place voxels."""
    world = np.array(affine, dtype=float)
    if world.shape != (4, 4) or not np.isfinite(world).all() or (world[3] != (0, 0, 0, 1)).any():
        raise InputError(f"{name}: the affine must be 4 × 4, finite, and end in the row 0 0 0 1.")
    lengths = np.linalg.norm(world[:3, :3], axis=0)
    if (lengths == 0).any() or abs(np.linalg.det(world[:3, :3] / lengths)) < 1e-3:
        raise InputError(
            f"{name}: the affine gives voxels without volume (spacing {lengths.round(6).tolist()} mm); "
            "export it again with its voxel size."
        )
    return world


def oriented(lesion: Bools, world: Floats, **about: Any) -> Mask:
    """Give the mask with its axes turned to right, anterior, superior."""
    turned, affine, stored = turn(lesion, world)
    return Mask(voxels=turned, affine=affine, stored=stored, **about)


def turn(values: npt.NDArray[Any], world: Floats) -> tuple[npt.NDArray[Any], Floats, str]:
    """Turn the axes to right, anterior, superior; nothing is resampled. Also give the axes as stored."""
    order, flips = _axes(world)
    stored = "".join(AXES[order.index(axis)][0 if flips[order.index(axis)] else 1] for axis in range(3))
    turned = np.transpose(values, order)
    affine = world.copy()
    affine[:3, :3] = world[:3, list(order)]
    for axis, flip in enumerate(flips):
        if flip:
            turned = np.flip(turned, axis)
            affine[:3, 3] += affine[:3, axis] * (turned.shape[axis] - 1)
            affine[:3, axis] *= -1
    turned = turned.view()
    turned.flags.writeable = False
    affine.flags.writeable = False
    return turned, affine, stored


def _axes(world: Floats) -> tuple[tuple[int, ...], list[bool]]:
    """Give which array axis runs nearest to R, A and S, and which of them run backwards."""
    cosines = world[:3, :3] / np.linalg.norm(world[:3, :3], axis=0)
    order = max(
        itertools.permutations(range(3)),
        key=lambda order: round(sum(abs(cosines[row, column]) for row, column in enumerate(order)), 9),
    )
    return order, [bool(cosines[row, column] < 0) for row, column in enumerate(order)]
