"""Lesion masks, and images to draw them on, from NIfTI files."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._nifti import Volume, parse
from ranvier.mri._values import foreground
from ranvier.mri.image import Image
from ranvier.mri.mask import Mask, oriented, turned, usable_affine

__all__ = ["read_image", "read_mask"]

NO_SCAN = " A scan that was not done is a missing visit: leave it out; an empty mask would mean no lesion."


def read_mask(path: str | Path, *, threshold: float | None = None, tool: str | None = None) -> Mask:
    r"""Read one lesion mask from a NIfTI file.

    Parameters
    ----------
    path : str or Path
        A NIfTI-1 or NIfTI-2 file, .nii or .nii.gz, with one volume: 0 and 1, whole numbers (0 is background,
        every other label is lesion), or probabilities.
    threshold : float, optional
        Probability above which a voxel is lesion, between 0 and 1; needed for probabilities, there is no
        default. Voxels of 0 and 1 are not changed by it.
    tool : str, optional
        Who or what made the mask, with version, such as "LST-AI 1.2.0" or "rater 1".

    Returns
    -------
    Mask
        Lesion voxels with axes turned to right, anterior, superior; nothing is resampled. An empty mask is a
        scan with no lesion.

    Raises
    ------
    InputError
        When the file is absent (a missing visit, which is no empty mask), cut short, no NIfTI, of several
        volumes, without voxel size or position, or when its values cannot be those of a mask.

    Warns
    -----
    RanvierWarning
        When the header gives two positions, sform and qform, that differ by more than 0.01 mm.

    Notes
    -----
    The sform gives the position where it is coded, else the qform. The volume of a voxel is
    :math:`|\det A|` of the affine, which also holds for oblique and sheared grids. Slope and intercept of
    the header are applied; a voxel of whole numbers is lesion above 0.5, so that 0.99999998 is. Values that
    change from voxel to voxel are grey levels, and the file is refused as an image.

    References
    ----------
    Cox RW et al. A (sort of) new image data format standard: NIfTI-1. Human Brain Mapping 2004;25:33.

    Examples
    --------
    >>> read_mask("no-such-mask.nii.gz")
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: there is no file 'no-such-mask.nii.gz'. A scan that was not done is a missing
    visit: leave it out; an empty mask would mean no lesion.
    """
    content, volume, name = _volume(path, NO_SCAN)
    affine = usable_affine(volume.affine, name)
    lesion, notes, cut = foreground(volume.values, threshold, name)
    _warn_of_two_positions(volume, name)
    return oriented(
        lesion,
        affine,
        name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        threshold=threshold if cut else None,
        tool=tool,
        notes=(*volume.notes, *notes),
    )


def read_image(path: str | Path) -> Image:
    """Read the image that lesions are drawn on, such as a FLAIR scan, from a NIfTI file.

    Parameters
    ----------
    path : str or Path
        A NIfTI-1 or NIfTI-2 file, .nii or .nii.gz, with one volume of grey values.

    Returns
    -------
    Image
        Grey values with axes turned to right, anterior, superior; nothing is resampled.

    Raises
    ------
    InputError
        When the file is absent, cut short, no NIfTI, of several volumes, without voxel size or position, or
        when it holds a value that is not finite.

    Warns
    -----
    RanvierWarning
        When the header gives two positions, sform and qform, that differ by more than 0.01 mm.

    Examples
    --------
    >>> read_image("no-such-image.nii.gz")
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: there is no file 'no-such-image.nii.gz'.
    """
    _, volume, name = _volume(path, "")
    if not (np.isfinite(volume.values.min()) and np.isfinite(volume.values.max())):
        raise InputError(f"{name}: not all values are finite; set the background to 0 and save it again.")
    voxels, affine, _ = turned(volume.values, usable_affine(volume.affine, name))
    _warn_of_two_positions(volume, name)
    return Image(voxels=voxels, affine=affine, name=name, notes=volume.notes)


def _volume(path: str | Path, advice: str) -> tuple[bytes, Volume, str]:
    """Give the bytes of a file, the volume in it and its name."""
    file = Path(path)
    if file.is_dir():
        raise InputError(
            f"{file} is a folder; name one NIfTI file. DICOM series are converted first (dcm2niix)."
        )
    if not file.is_file():
        raise InputError(f"there is no file {str(file)!r}.{advice}")
    content = file.read_bytes()
    return content, parse(content, file.name), file.name


def _warn_of_two_positions(volume: Volume, name: str) -> None:
    if volume.conflict:
        said = next(note for note in volume.notes if "sform and qform" in note)
        warnings.warn(f"{name}: {said}", RanvierWarning, stacklevel=3)
