"""Write small synthetic lesion masks: a brain at four visits, a spinal cord at two, header traps.

Run it from the root of the checkout: ``python examples/mri_lesions/make_masks.py [FOLDER]``; without a folder
it writes to ``synthetic`` beside this file. Nothing rests on chance, and the same version of Python writes
the same bytes again. **Nothing here is a patient.** It needs nibabel (``pip install 'ranvier[mri]'``).

What is in it:

- ``brain/``: 60 x 72 x 60 voxels of 2.5 mm. ``regions``: 1 ventricle, 2 cortex, 3 white matter,
  4 infratentorial, 5 deep grey matter. ``M00_lesions`` to ``M18_lesions``: the lesions of `LESIONS` at four
  visits; ``M00_flair`` to ``M18_flair``: grey values drawn from them; ``M06_gadolinium``: enhancing lesions.
- ``cord/``: 24 x 24 x 112 voxels of 1 x 1 x 2 mm. ``cord``, ``levels`` (C1 = 1 to T4 = 11), and
  ``M00_lesions``, ``M06_lesions``: a lesion over four levels breaks up while it heals, so that the count
  rises from 2 to 4 while length and volume fall.
- ``traps/``: the lesions of one visit (or something else) in files as scanners, viewers and copying leave
  them; `TRAPS` says what each is.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Ball = tuple[tuple[float, float, float], float]

MONTHS = ("M00", "M06", "M12", "M18")
BRAIN_SHAPE, BRAIN_MM = (60, 72, 60), 2.5
BRAIN_AFFINE = np.array(
    [[-BRAIN_MM, 0, 0, 73.75], [0, -BRAIN_MM, 0, 88.75], [0, 0, BRAIN_MM, -60.0], [0, 0, 0, 1]]
)
"""Stored left, posterior, superior, as most converted scans are."""

CORD_SHAPE, CORD_AFFINE = (24, 24, 112), np.diag([1.0, 1.0, 2.0, 1.0])
LEVEL_SLICES, LEVELS = 10, 11
"""Slices of one vertebral level, and levels C1 to T4."""

VENTRICLE, CORTEX, WHITE, INFRATENTORIAL, DEEP = 1, 2, 3, 4, 5
GREYS = MappingProxyType({0: 0, VENTRICLE: 30, CORTEX: 120, WHITE: 95, INFRATENTORIAL: 100, DEEP: 112})
"""Grey value of each region on FLAIR: fluid dark, grey matter brighter than white."""
LESION_GREY, HEAD_GREY = 190, 55

LESIONS: dict[str, tuple[tuple[Ball, ...], ...]] = {
    # what it does: its balls (centre in mm: right, anterior, superior; radius in mm) at M00, M06, M12, M18
    "stable, periventricular": ((((21, 28, 22), 4.0),),) * 4,
    "stable, infratentorial": ((((-14, -38, -42), 4.0),),) * 4,
    "below the limit": ((((31.25, -38.75, 30), 1.0),),) * 4,
    "enlarging": tuple((((-30, -20, 30), radius),) for radius in (4.0, 4.0, 6.5, 6.5)),
    "shrinking": tuple((((33, -8, 28), radius),) for radius in (6.5, 6.5, 4.0, 4.0)),
    "resolved at M12": ((((-34, 28, 15), 4.0),), (((-34, 28, 15), 4.0),), (), ()),
    "new at M06": ((), *((((36, 34, 12), 4.5),),) * 3),
    "new at M18, juxtacortical": ((), (), (), (((-28, 14, 52), 5.0),)),
    "gone at M06 and back at M18": ((((-24, -62, 18), 4.0),), (), (), (((-24, -62, 18), 4.0),)),
    "two that merge at M12": tuple(
        (((25, -50, 12), 4.0), ((37, -50, 12), 4.0), *bridge)
        for bridge in ((), (), (((31, -50, 12), 4.0),), (((31, -50, 12), 4.0),))
    ),
    "one that splits at M12": tuple(
        (((-38, -4, 14), 4.0), ((-38, 10, 14), 4.0), *bridge)
        for bridge in ((((-38, 3, 14), 3.3),), (((-38, 3, 14), 3.3),), (), ())
    ),
    "at the edge from M12": ((), (), *((((4, -22, -59), 5.0),),) * 2),
}
"""Every lesion of the brain at the four visits."""

CHANGES: dict[tuple[str, str], dict[str, int]] = {
    ("M00", "M06"): {"new": 1, "resolved": 1, "stable": 8},
    ("M06", "M12"): {
        "enlarging": 1, "shrinking": 1, "resolved": 1, "stable": 5, "cut": 1, "merged": 1, "split": 1,
    },
    ("M12", "M18"): {"new": 2, "stable": 9},
}  # fmt: skip
"""What `ranvier.mri.compare` must find by the default rule; fates that are not named are 0."""

ENHANCING: tuple[Ball, ...] = (((36, 34, 12), 3.0), ((-30, -20, 30), 3.0), ((10, 50, 30), 3.0))
"""Enhancing at M06: in the new lesion, in one that enlarges later, and where T2 shows nothing."""

CORD_LESIONS: dict[str, tuple[tuple[int, int], ...]] = {
    "M00": ((52, 88), (30, 34)),
    "M06": ((52, 57), (65, 71), (80, 85), (30, 34)),
}
"""First slice and the one after the last of each lesion of the cord, counted from below."""

TRAPS = MappingProxyType({
    "whole.nii.gz": "the lesions of M12 as they should be stored",
    "half_voxel.nii.gz": "the position half a voxel off, as in brain masks of a public data set",
    "rounded.nii.gz": "a position rounded to 0.0002 mm: the same grid",
    "qform_only.nii.gz": "no sform; the qform gives the position",
    "two_positions.nii.gz": "sform and qform 3 mm apart",
    "nearly_one.nii.gz": "0.99999998 instead of 1, as scaling leaves it",
    "scaled.nii.gz": "255 with a slope of 1/255",
    "labels.nii.gz": "a number for each lesion instead of 1",
    "probability.nii.gz": "a probability map: needs a threshold",
    "empty.nii.gz": "a scan with no lesion",
    "two_volumes.nii.gz": "two volumes in one file: refused",
    "cut_short.nii.gz": "a gzip file whose end is missing: refused",
    "zero_spacing.nii": "a voxel size of 0 mm: refused",
    "dicom.dcm": "DICOM: refused",
})  # fmt: skip
"""The files of ``traps/`` and what each is."""


def _world(shape: tuple[int, int, int], affine: Floats) -> Floats:
    """Give the world coordinates of every voxel, mm, shape (3, *shape)."""
    index = np.indices(shape).reshape(3, -1)
    return (affine[:3, :3] @ index + affine[:3, 3:]).reshape(3, *shape)


BRAIN_WORLD = _world(BRAIN_SHAPE, BRAIN_AFFINE)
CORD_WORLD = _world(CORD_SHAPE, CORD_AFFINE)


def _ellipsoid(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Floats:
    """Give for every voxel of the brain how far out it lies: 1 on the surface."""
    parts = zip(BRAIN_WORLD, centre, radii, strict=True)
    return np.asarray(np.sqrt(sum(((place - middle) / radius) ** 2 for place, middle, radius in parts)))


def regions() -> Bytes:
    """Give the label map of the brain."""
    cerebrum, cerebellum = _ellipsoid((0, 0, 15), (64, 80, 58)), _ellipsoid((0, -34, -42), (44, 32, 26))
    stem = (_ellipsoid((0, -20, -45), (13, 13, 45)) < 1) & (BRAIN_WORLD[2] < -18)
    below = (cerebellum < 1) | stem
    labels = np.zeros(BRAIN_SHAPE, dtype=np.uint8)
    labels[cerebrum < 1] = CORTEX
    labels[cerebrum < 0.9] = WHITE
    for side in (-1, 1):
        labels[_ellipsoid((side * 20, 0, 4), (9, 16, 10)) < 1] = DEEP
        labels[_ellipsoid((side * 10, 4, 18), (6.5, 27, 9)) < 1] = VENTRICLE
    labels[below & (BRAIN_WORLD[2] < -18)] = INFRATENTORIAL
    return labels


def _balls(balls: tuple[Ball, ...]) -> npt.NDArray[np.bool_]:
    inside = np.zeros(BRAIN_SHAPE, dtype=bool)
    for centre, radius in balls:
        inside |= _ellipsoid(centre, (radius, radius, radius)) <= 1
    return inside


def lesions(month: str) -> Bytes:
    """Give the lesion mask of the brain at a visit."""
    visit = MONTHS.index(month)
    return _balls(tuple(ball for visits in LESIONS.values() for ball in visits[visit])).astype(np.uint8)


def gadolinium() -> Bytes:
    """Give the mask of the enhancing lesions at M06."""
    return _balls(ENHANCING).astype(np.uint8)


def flair(month: str) -> Bytes:
    """Give an image that looks like FLAIR: regions, bright lesions, a rim of scalp and a faint grain."""
    labels = regions()
    grey = np.choose(labels, [GREYS[label] for label in range(len(GREYS))]).astype(np.int64)
    scalp = _ellipsoid((0, -4, 4), (71, 87, 76))
    grey[(scalp < 1) & (scalp > 0.95) & (labels == 0)] = HEAD_GREY
    grey[lesions(month) > 0] = LESION_GREY
    i, j, k = np.indices(BRAIN_SHAPE)
    grain = (i * 73 + j * 151 + k * 283 + i * j * 7 + j * k * 13) % 11 - 5  # whole numbers: alike everywhere
    return np.asarray(np.where(grey > 0, grey + grain, 0), dtype=np.uint8)


def _across_cord() -> Floats:
    """Give the distance of every voxel from the axis of the cord, which bends by 2 mm to and fro, in mm."""
    bend = 2.0 * np.abs((CORD_WORLD[2] / 2 % 56) / 28 - 1) - 1
    return np.asarray(np.hypot(CORD_WORLD[0] - 12, CORD_WORLD[1] - 12 - bend))


def cord() -> Bytes:
    """Give the mask of the spinal cord."""
    return (_across_cord() <= 5).astype(np.uint8)


def levels() -> Bytes:
    """Give the vertebral level of each voxel of the cord: C1 = 1 on top, T4 = 11; 0 outside."""
    slices = np.arange(CORD_SHAPE[2])
    number = LEVELS - np.minimum(slices // LEVEL_SLICES, LEVELS - 1)
    return np.asarray(cord() * number, dtype=np.uint8)


def cord_lesions(month: str) -> Bytes:
    """Give the lesion mask of the cord at M00 or M06: the left half of the cord in some slices."""
    slices = np.zeros(CORD_SHAPE[2], dtype=bool)
    for first, end in CORD_LESIONS[month]:
        slices[first:end] = True
    return np.asarray((_across_cord() <= 4) & (CORD_WORLD[0] < 12) & slices, dtype=np.uint8)


def nifti(values: npt.NDArray[Any], affine: Floats, *, codes: tuple[int, int] = (1, 1)) -> bytes:
    """Give a NIfTI-1 file as bytes, with the codes of sform and qform."""
    image = nibabel.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=codes[0])
    image.set_qform(affine, code=codes[1])
    return bytes(image.to_bytes())


def edited(content: bytes, **fields: Any) -> bytes:
    """Change fields of the header that nibabel would not let one change."""
    header = nibabel.Nifti1Header(content[:348], check=False)
    for name, value in fields.items():
        header[name] = value
    return bytes(header.binaryblock) + content[348:]


def packed(content: bytes) -> bytes:
    """Give gzip bytes without the time of day."""
    return gzip.compress(content, mtime=0)


def trap_files() -> dict[str, bytes]:
    """Give the bytes of every file of ``traps/``."""
    mask, affine = lesions("M12"), BRAIN_AFFINE
    whole = nifti(mask, affine)
    half, rounded, far = affine.copy(), affine.copy(), affine.copy()
    half[:3, 3] += BRAIN_MM / 2
    rounded[:3, 3] += 2e-4
    far[2, 3] += 3.0
    conflict = nibabel.Nifti1Image.from_bytes(whole)
    conflict.set_qform(far, code=2)
    number = np.zeros(BRAIN_SHAPE, dtype=np.int16)
    for place, visits in enumerate(LESIONS.values(), start=1):
        number[_balls(visits[MONTHS.index("M12")])] = place
    scaled = edited(nifti(mask * np.uint8(255), affine), scl_slope=1 / 255, scl_inter=0)
    files = {
        "whole.nii.gz": whole,
        "half_voxel.nii.gz": nifti(mask, half),
        "rounded.nii.gz": nifti(mask, rounded),
        "qform_only.nii.gz": nifti(mask, affine, codes=(0, 1)),
        "two_positions.nii.gz": bytes(conflict.to_bytes()),
        "nearly_one.nii.gz": nifti(mask * 0.99999998, affine),
        "scaled.nii.gz": scaled,
        "labels.nii.gz": nifti(number, affine),
        "probability.nii.gz": nifti(_chance(mask), affine),
        "empty.nii.gz": nifti(np.zeros_like(mask), affine),
        "two_volumes.nii.gz": nifti(np.stack([mask, mask], axis=3), affine),
        "cut_short.nii.gz": whole,
        "zero_spacing.nii": edited(whole, pixdim=[1, BRAIN_MM, 0, BRAIN_MM, 0, 0, 0, 0]),
        "dicom.dcm": bytes(128) + b"DICM" + bytes(1024),
    }
    ready = {name: packed(content) if name.endswith(".gz") else content for name, content in files.items()}
    ready["cut_short.nii.gz"] = ready["cut_short.nii.gz"][:-200]
    return ready


def _chance(mask: Bytes) -> npt.NDArray[np.float32]:
    """Give a probability map: 0.875 in lesions, 0.25 in the voxels that share a face with one."""
    around = np.zeros_like(mask)
    for axis in range(3):
        for step in (-1, 1):
            around |= np.roll(mask, step, axis=axis)
    return np.where(mask > 0, 0.875, np.where(around > 0, 0.25, 0.0)).astype(np.float32)


def files() -> dict[str, bytes]:
    """Give every file by its path below the folder."""
    brain = {"regions": regions(), "M06_gadolinium": gadolinium()}
    for month in MONTHS:
        brain |= {f"{month}_lesions": lesions(month), f"{month}_flair": flair(month)}
    spine = {"cord": cord(), "levels": levels()}
    spine |= {f"{month}_lesions": cord_lesions(month) for month in CORD_LESIONS}
    return {
        **{f"brain/{name}.nii.gz": packed(nifti(each, BRAIN_AFFINE)) for name, each in brain.items()},
        **{f"cord/{name}.nii.gz": packed(nifti(each, CORD_AFFINE)) for name, each in spine.items()},
        **{f"traps/{name}": content for name, content in trap_files().items()},
    }


def write(folder: Path) -> Path:
    """Write every file into a folder, which is made where it does not exist, and give the folder."""
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def main() -> None:
    """Read the command line and write the masks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).with_name("synthetic"))
    folder = write(parser.parse_args().folder)
    print(f"wrote {sum(1 for path in folder.rglob('*.*') if path.is_file())} files to {folder}")


if __name__ == "__main__":
    main()
