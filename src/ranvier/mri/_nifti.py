"""One NIfTI file from its bytes: header checked before anything is repaired, then the voxels."""

from __future__ import annotations

import gzip
import io
import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError
from ranvier.mri._geometry import EQUAL_MM, farthest_corner

__all__ = ["Volume", "parse"]

GZIP = b"\x1f\x8b"
DICOM = (128, b"DICM")
SIZES = {348: "Nifti1Header", 540: "Nifti2Header"}
SINGLE = (b"n+1\0", b"n+2\0")
PAIR = (b"ni1\0", b"ni2\0")
MILLIMETRES = (0, 2)
"""Codes of the header for lengths: not stated, millimetres."""
UNITS = {1: "metres", 3: "micrometres"}
SPACING_SLACK = 0.01
"""Part by which the voxel volume of the header may differ from that of the affine before it is said."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Values, affine and what was noticed on the way."""

    values: npt.NDArray[Any]
    affine: npt.NDArray[np.float64]
    notes: tuple[str, ...]
    conflict: bool
    """Whether the two positions that the header gives disagree."""


def parse(content: bytes, name: str) -> Volume:
    """Read one volume, or say what the file is instead."""
    content = _unpacked(content, name)
    header = _header(content, name)
    shape, notes = _shape(header, name)
    affine, conflict, placed = _affine(header, shape, name)
    return Volume(
        values=_values(content, header, shape, name),
        affine=affine,
        notes=(*notes, *placed),
        conflict=conflict,
    )


def _unpacked(content: bytes, name: str) -> bytes:
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{name}: the gzip file is cut short or damaged ({error}); copy it again."
        ) from error


def _header(content: bytes, name: str) -> Any:
    """Read the header as it stands, without the repairs that nibabel would make."""
    if content[DICOM[0] : DICOM[0] + 4] == DICOM[1]:
        raise InputError(f"{name}: this is DICOM, not NIfTI; convert it, such as with dcm2niix.")
    size = int.from_bytes(content[:4], "little")
    if size not in SIZES:
        size = int.from_bytes(content[:4], "big")
    magic = content[344:348] if size == 348 else content[4:8]
    if size not in SIZES or magic not in (*SINGLE, *PAIR):
        raise InputError(
            f"{name}: not a NIfTI file (no NIfTI mark in its first bytes); give .nii or .nii.gz."
        )
    if len(content) < size:
        raise InputError(f"{name}: the file ends inside its header; copy it again.")
    if magic in PAIR:
        raise InputError(f"{name}: half of a pair of files (.hdr and .img); save it as one .nii file.")
    return getattr(nibabel(), SIZES[size]).from_fileobj(io.BytesIO(content), check=False)


def nibabel() -> Any:
    """Import nibabel, or say how to get it."""
    try:
        import nibabel as package
    except ImportError as error:
        raise InputError(
            "reading NIfTI needs nibabel; install it with pip install 'ranvier[mri]'."
        ) from error
    return package


def _shape(header: Any, name: str) -> tuple[tuple[int, int, int], list[str]]:
    sides = tuple(int(side) for side in header.get_data_shape())
    if len(sides) < 3 or min(sides) < 1:
        raise InputError(f"{name}: shape {sides}; one volume with three axes is needed.")
    if math.prod(sides[3:]) != 1:
        raise InputError(
            f"{name}: shape {sides}: {math.prod(sides[3:])} volumes in one file; save the one "
            "volume that is meant."
        )
    notes = ["The file has more than three axes, the further ones of length 1."] if len(sides) > 3 else []
    return (sides[0], sides[1], sides[2]), notes


def _affine(
    header: Any, shape: tuple[int, int, int], name: str
) -> tuple[npt.NDArray[np.float64], bool, list[str]]:
    """Choose the position: the sform where it is stated, else the qform; nothing is guessed."""
    zooms = np.asarray(header["pixdim"][1:4], dtype=float)
    if not (np.isfinite(zooms) & (zooms > 0)).all():
        raise InputError(
            f"{name}: voxel size {zooms.tolist()} in the header (pixdim); all three must be above 0 mm. "
            "Export it again from the image it was made on."
        )
    unit = int(header["xyzt_units"]) & 7
    if unit not in MILLIMETRES:
        raise InputError(
            f"{name}: lengths in {UNITS.get(unit, f'unknown unit {unit}')}; save it in millimetres."
        )
    if header["pixdim"][0] not in (1, -1):
        header["pixdim"][0] = 1  # the standard: any other value is read as 1
    qform, sform = _coded(header, name)
    if sform is None and qform is None:
        raise InputError(
            f"{name}: the header gives no position (sform_code and qform_code are 0), so that left and right "
            "are not known; export it again from the image it was made on."
        )
    affine = sform if sform is not None else qform
    notes, conflict = [], False
    if sform is None:
        notes.append("The position comes from the qform; the file has no sform.")
    elif qform is not None:
        apart = farthest_corner(sform, qform, shape)
        conflict = apart > EQUAL_MM
        if conflict:
            notes.append(
                f"The two positions of the header, sform and qform, differ by up to {apart:.3g} mm; "
                "the sform is used."
            )
    volume, stated = abs(float(np.linalg.det(affine[:3, :3]))), float(np.prod(zooms))
    if abs(volume - stated) > SPACING_SLACK * stated:
        notes.append(
            f"A voxel has {volume:.4g} mm³ by its position and {stated:.4g} mm³ by the voxel size of "
            "the header; the position is used."
        )
    return affine, conflict, notes


def _coded(header: Any, name: str) -> tuple[Any, Any]:
    try:
        qform, _ = header.get_qform(coded=True)
    except (ValueError, nibabel().spatialimages.HeaderDataError) as error:
        raise InputError(f"{name}: the rotation in the header (qform) is not possible: {error}.") from error
    sform, _ = header.get_sform(coded=True)
    return qform, sform


def _values(content: bytes, header: Any, shape: tuple[int, int, int], name: str) -> npt.NDArray[Any]:
    """Take the voxels and apply slope and intercept."""
    errors = nibabel().spatialimages.HeaderDataError
    try:
        kind = header.get_data_dtype()
        slope, intercept = header.get_slope_inter()
    except (KeyError, errors) as error:
        raise InputError(f"{name}: data type or scaling of the header cannot be used: {error}.") from error
    if kind.kind not in "uif":
        raise InputError(f"{name}: voxels of type {kind}; one number for each voxel is needed.")
    start, count = int(header["vox_offset"]), math.prod(shape)
    if start < 0 or len(content) < start + count * kind.itemsize:
        raise InputError(
            f"{name}: the file ends before its last voxel ({len(content)} bytes, "
            f"{start + count * kind.itemsize} needed); copy it again."
        )
    raw = np.frombuffer(content, dtype=kind, count=count, offset=start).reshape(shape, order="F")
    if slope is None or (slope == 1 and intercept == 0):
        return raw
    return np.asarray(raw * float(slope) + float(intercept or 0.0))
