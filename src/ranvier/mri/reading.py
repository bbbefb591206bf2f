"""Lesion masks from NIfTI files."""

from __future__ import annotations

from pathlib import Path

from ranvier.mri._files import load
from ranvier.mri._values import foreground
from ranvier.mri.mask import Mask, oriented

__all__ = ["read_mask"]


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
    content = load(path, "mask")
    lesion, notes, cut = foreground(content.values, threshold, content.name)
    content.warn()
    return oriented(
        lesion,
        content.affine,
        name=content.name,
        sha256=content.sha256,
        threshold=threshold if cut else None,
        tool=tool,
        notes=(*content.notes, *notes),
    )
