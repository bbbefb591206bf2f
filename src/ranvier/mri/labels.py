"""Label maps: which region or vertebral level each voxel of a scan belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.mri._files import load
from ranvier.mri._values import MOST_NAMED, whole_labels
from ranvier.mri.mask import one_volume, steps_of, turn, usable_affine

__all__ = ["LabelMap", "labels_from_array", "read_labels"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelMap:
    """A whole number for each voxel of a scan, its axes nearest to right, anterior, superior.

    Make one with `read_labels` or `labels_from_array`, which check and turn the axes as for a `Mask`.

    Parameters
    ----------
    voxels : ndarray of int32, shape (n_r, n_a, n_s)
        The labels, 0 for background; read-only.
    affine : ndarray, shape (4, 4)
        From voxel indices to world coordinates in mm (right, anterior, superior); read-only.
    name : str
        Name of the file or of the array, for messages.
    sha256 : str, optional
        SHA-256 of the file.
    stored : str
        Axis codes of the array as it was stored, such as "LPS".
    tool : str, optional
        Who or what made the map, with version.
    notes : tuple of str
        Sentences on the file that a reader must not miss.
    """

    voxels: npt.NDArray[np.int32] = field(repr=False)
    affine: npt.NDArray[np.float64] = field(repr=False)
    name: str
    sha256: str | None = None
    stored: str = "RAS"
    tool: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxel centres along each axis, in mm."""
        return steps_of(self.affine)

    @property
    def labels(self) -> tuple[int, ...]:
        """The labels that occur, without the background, in rising order."""
        return tuple(int(label) for label in np.unique(self.voxels) if label)

    def explain(self) -> str:
        """Say in plain sentences what the map is.

        Returns
        -------
        str
            Sentences.
        """
        sides = " × ".join(str(n) for n in self.voxels.shape)
        steps = " × ".join(f"{step:.3g}" for step in self.spacing_mm)
        made = f"made by {self.tool}" if self.tool else "it is not recorded who or what made it"
        parts = [
            f"{self.name}: {labels_text(self.labels)}.",
            f"Volume of {sides} voxels of {steps} mm (right, anterior, superior; stored as {self.stored}).",
            f"{made[:1].upper()}{made[1:]}.",
        ]
        return " ".join([*parts, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give all but the voxels, JSON-ready.

        Returns
        -------
        dict
            Name, hash, shape, spacing, labels, axes, tool, notes.
        """
        return {
            "name": self.name,
            "sha256": self.sha256,
            "shape": list(self.voxels.shape),
            "spacing_mm": list(self.spacing_mm),
            "labels": list(self.labels),
            "stored": self.stored,
            "tool": self.tool,
            "notes": list(self.notes),
        }


def labels_text(labels: tuple[int, ...]) -> str:
    """List labels for a sentence."""
    if not labels:
        return "no label"
    named = ", ".join(str(label) for label in labels[:MOST_NAMED])
    more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
    return f"label{'s' * (len(labels) > 1)} {named}{more}"


def labels_from_array(
    values: Any, affine: Any, *, tool: str | None = None, name: str = "the array"
) -> LabelMap:
    """Give the label map that an array holds, checked as a file would be.

    Parameters
    ----------
    values : array-like, shape (n_i, n_j, n_k)
        Whole numbers, 0 for background; also stored as decimals (4.0).
    affine : array-like, shape (4, 4)
        From indices to world coordinates in mm (right, anterior, superior).
    tool : str, optional
        Who or what made the map, with version.
    name : str
        Name for messages.

    Returns
    -------
    LabelMap
        The map, its axes turned to right, anterior, superior.

    Raises
    ------
    InputError
        When the array is not 3-D, the affine is not usable, or a value is negative or has a fraction.

    Examples
    --------
    >>> brain = np.zeros((5, 5, 5))
    >>> brain[2, 2, 2], brain[0, 0, 0] = 4.0, 43.0
    >>> labels_from_array(brain, np.eye(4)).labels
    (4, 43)
    """
    world, array = usable_affine(affine, name), one_volume(values, name, "label map")
    labels, notes = whole_labels(array, name)
    turned, placed, stored = turn(labels, world)
    return LabelMap(voxels=turned, affine=placed, stored=stored, name=name, tool=tool, notes=notes)


def read_labels(path: str | Path, *, tool: str | None = None) -> LabelMap:
    """Read one label map from a NIfTI file.

    Parameters
    ----------
    path : str or Path
        A NIfTI-1 or NIfTI-2 file, .nii or .nii.gz, with one volume of whole numbers, 0 for background. Maps
        of FreeSurfer in .mgz are converted first (mri_convert aseg.mgz aseg.nii.gz).
    tool : str, optional
        Who or what made the map, with version, such as "SynthSeg 2.0".

    Returns
    -------
    LabelMap
        Labels with axes turned to right, anterior, superior; nothing is resampled.

    Raises
    ------
    InputError
        When the file is absent, cut short, no NIfTI, of several volumes, without voxel size or position, or
        when a value is negative or has a fraction.

    Warns
    -----
    RanvierWarning
        When the header gives two positions, sform and qform, that differ by more than 0.01 mm.

    Notes
    -----
    The header is checked as `read_mask` checks it. Labels stored as decimals are taken when they are whole up
    to 1e-6. A fraction is refused: it comes from an image, or from a map that was resampled by averaging, in
    which ventricle (4) and thalamus (10) also average to cerebellum (7).

    Examples
    --------
    >>> read_labels("no-such-map.nii.gz")
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: there is no file 'no-such-map.nii.gz'. Name the NIfTI file of the map
    (FreeSurfer's .mgz is converted first, with mri_convert).
    """
    content = load(path, "label map")
    labels, notes = whole_labels(content.values, content.name)
    content.warn()
    turned, placed, stored = turn(labels, content.affine)
    return LabelMap(
        voxels=turned,
        affine=placed,
        name=content.name,
        sha256=content.sha256,
        stored=stored,
        tool=tool,
        notes=(*content.notes, *notes),
    )
