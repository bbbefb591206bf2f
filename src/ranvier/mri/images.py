"""Images of scans: the grey values that registration compares. Lesions are never found in them here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError
from ranvier.mri._files import load
from ranvier.mri.mask import one_volume, steps_of, turn, usable_affine

__all__ = ["Image", "image_from_array", "read_image"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """Grey values of one scan, their axes nearest to right, anterior, superior.

    Make one with `read_image` or `image_from_array`, which check and turn the axes as for a `Mask`.

    Parameters
    ----------
    voxels : ndarray of float32, shape (n_r, n_a, n_s)
        The grey values; read-only.
    affine : ndarray, shape (4, 4)
        From voxel indices to world coordinates in mm (right, anterior, superior); read-only.
    name : str
        Name of the file or of the array, for messages.
    sha256 : str, optional
        SHA-256 of the file.
    stored : str
        Axis codes of the array as it was stored, such as "LPS".
    notes : tuple of str
        Sentences on the file that a reader must not miss.
    """

    voxels: npt.NDArray[np.float32] = field(repr=False)
    affine: npt.NDArray[np.float64] = field(repr=False)
    name: str
    sha256: str | None = None
    stored: str = "RAS"
    notes: tuple[str, ...] = ()

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxel centres along each axis, in mm."""
        return steps_of(self.affine)

    def to_dict(self) -> dict[str, Any]:
        """Give all but the voxels, JSON-ready.

        Returns
        -------
        dict
            Name, hash, shape, spacing, axes, notes.
        """
        return {
            "name": self.name,
            "sha256": self.sha256,
            "shape": list(self.voxels.shape),
            "spacing_mm": list(self.spacing_mm),
            "stored": self.stored,
            "notes": list(self.notes),
        }


def image_from_array(values: Any, affine: Any, *, name: str = "the array") -> Image:
    """Give the image that an array holds, checked as a file would be.

    Parameters
    ----------
    values : array-like, shape (n_i, n_j, n_k)
        Grey values, all finite and not all the same.
    affine : array-like, shape (4, 4)
        From indices to world coordinates in mm (right, anterior, superior).
    name : str
        Name for messages.

    Returns
    -------
    Image
        The image, its axes turned to right, anterior, superior.

    Raises
    ------
    InputError
        When the array is not 3-D, the affine is not usable, or the values are not those of an image.

    Examples
    --------
    >>> image_from_array(np.arange(27.0).reshape(3, 3, 3), np.diag([-1, 1, 2, 1])).stored
    'LAS'
    """
    world, array = usable_affine(affine, name), one_volume(values, name, "scan")
    turned, placed, stored = turn(_grey(array, name), world)
    return Image(voxels=turned, affine=placed, stored=stored, name=name)


def read_image(path: str | Path) -> Image:
    """Read the grey values of one scan from a NIfTI file.

    Parameters
    ----------
    path : str or Path
        A NIfTI-1 or NIfTI-2 file, .nii or .nii.gz, with one volume.

    Returns
    -------
    Image
        Grey values with axes turned to right, anterior, superior; nothing is resampled.

    Raises
    ------
    InputError
        When the file is absent, cut short, no NIfTI, of several volumes, without voxel size or position, or
        when its values are not those of an image.

    Warns
    -----
    RanvierWarning
        When the header gives two positions, sform and qform, that differ by more than 0.01 mm.

    Examples
    --------
    >>> read_image("no-such-scan.nii.gz")
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: there is no file 'no-such-scan.nii.gz'. Name the NIfTI file of the scan itself,
    not of its mask.
    """
    content = load(path, "image")
    grey = _grey(content.values, content.name)
    content.warn()
    turned, placed, stored = turn(grey, content.affine)
    return Image(
        voxels=turned,
        affine=placed,
        name=content.name,
        sha256=content.sha256,
        stored=stored,
        notes=content.notes,
    )


def _grey(values: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    if values.dtype.kind not in "buif":
        raise InputError(f"{name}: values of type {values.dtype}; an image holds numbers.")
    grey = values.astype(np.float32)
    if not np.isfinite(grey).all():
        raise InputError(f"{name}: not all values are finite; set the background to 0 and save it again.")
    if grey.min() == grey.max():
        raise InputError(f"{name}: every voxel has the value {grey.min():g}; this is no image of a scan.")
    return grey
