"""One volume from a NIfTI file on disk, whatever it holds: a mask, a label map or an image."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._nifti import parse
from ranvier.mri.mask import usable_affine

__all__ = ["Content", "load"]

ABSENT = {
    "mask": (
        "A scan that was not done is a missing visit: leave it out; an empty mask would mean no lesion."
    ),
    "label map": "Name the NIfTI file of the map (FreeSurfer's .mgz is converted first, with mri_convert).",
    "image": "Name the NIfTI file of the scan itself, not of its mask.",
}


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds and what was noticed on the way."""

    name: str
    sha256: str
    values: npt.NDArray[Any]
    affine: npt.NDArray[np.float64]
    notes: tuple[str, ...]
    conflict: bool

    def warn(self) -> None:
        """Warn the caller's caller when the header gives two positions."""
        if self.conflict:
            warnings.warn(f"{self.name}: {self.notes[-1]}", RanvierWarning, stacklevel=3)


def load(path: str | Path, what: str) -> Content:
    """Read one NIfTI file, or say why it cannot be read."""
    file = Path(path)
    if file.is_dir():
        raise InputError(
            f"{file} is a folder; name one NIfTI file. DICOM series are converted first (dcm2niix)."
        )
    if not file.is_file():
        raise InputError(f"there is no file {str(file)!r}. {ABSENT[what]}")
    content = file.read_bytes()
    volume = parse(content, file.name)
    return Content(
        name=file.name,
        sha256=hashlib.sha256(content).hexdigest(),
        values=volume.values,
        affine=usable_affine(volume.affine, file.name),
        notes=volume.notes,
        conflict=volume.conflict,
    )
