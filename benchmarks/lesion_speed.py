"""CPU time and memory of lesion masks: `python benchmarks/lesion_speed.py`.

The masks are made here: smooth noise cut at a height gives blobs of many sizes, as lesions have. SimpleITK is
compared when it is installed.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

from clock import Row, cpu_seconds
from ranvier import mri

NATIVE = ((192, 512, 512), (0.8, 0.469, 0.469))
ONE_MM = ((256, 256, 256), (1.0, 1.0, 1.0))
TEMPLATE = ((182, 218, 182), (1.0, 1.0, 1.0))
LARGE = ((512, 512, 512), (0.5, 0.5, 0.5))
MARKED = 0.002
"""Share of the voxels of the central half that is lesion."""


def blobs(shape: tuple[int, int, int], *, seed: int) -> np.ndarray:
    """Give a mask whose lesions fill part of the central half of the volume."""
    rng = np.random.default_rng(seed)
    inner = tuple(side // 2 for side in shape)
    coarse = ndimage.gaussian_filter(rng.standard_normal([side // 2 for side in inner]), 1.2)
    fine = ndimage.zoom(coarse, 2, order=1)
    mask = np.zeros(shape, dtype=np.int16, order="F")
    start = [side // 4 for side in shape]
    where = tuple(slice(first, first + size) for first, size in zip(start, fine.shape, strict=True))
    mask[where] = fine > np.quantile(fine, 1 - MARKED)
    return mask


def affine(spacing: tuple[float, float, float]) -> np.ndarray:
    """Give a position with left and posterior first, as the real masks have."""
    return np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])


def file_to_counts() -> list[Row]:
    """From a gzipped file on disk to counts and volume."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (shape, spacing) in (("native 192×512×512", NATIVE), ("1 mm 256×256×256", ONE_MM)):
            path = Path(folder) / "mask.nii.gz"
            nibabel.save(nibabel.Nifti1Image(blobs(shape, seed=1), affine(spacing)), path)
            first, ours = cpu_seconds(functools.partial(our_counts, path), rounds=5)
            _, plain = cpu_seconds(functools.partial(plain_counts, path))
            rows += [
                (f"lesion mask, file to counts, {name}", f"{ours:.3f} s (first {first:.3f})"),
                ("  nibabel get_fdata and scipy.ndimage", f"{plain:.3f} s"),
                ("  ratio", f"{plain / ours:.1f} times"),
            ]
    return rows


def our_counts(path: Path) -> object:
    """Count with everything that the result holds."""
    return mri.summary(mri.read_mask(path), rule="default")


def plain_counts(path: Path) -> tuple[int, float]:
    """Count as a short script would."""
    image = nibabel.load(path)
    labels, n = ndimage.label(image.get_fdata() > 0.5, structure=np.ones((3, 3, 3)))
    return n, float(np.bincount(labels.ravel())[1:].sum() * abs(np.linalg.det(image.affine[:3, :3])))


def labelling() -> list[Row]:
    """Labels and measures of every lesion of 512³ voxels, against labels alone."""
    import cc3d

    values = blobs(LARGE[0], seed=2).astype(bool)
    structure = np.ones((3, 3, 3))
    peers = {
        "connected-components-3d, labels only": lambda: cc3d.connected_components(
            values, connectivity=26, binary_image=True
        ),
        "scipy.ndimage, labels only": lambda: ndimage.label(values.T, structure=structure),
    }
    try:
        import SimpleITK as sitk  # noqa: N813
    except ImportError:
        pass
    else:
        image = sitk.GetImageFromArray(values.view(np.uint8))
        peers["SimpleITK, labels only"] = lambda: sitk.ConnectedComponent(image, True)

    world = affine(LARGE[1])

    def ours() -> int:
        # A new Mask each time: the box of the lesions, once found, stays with it.
        mask = mri.Mask(voxels=values[::-1, ::-1], affine=world, name="512³")
        return mri.lesions(mask, rule="default").table.height

    if ours() != int(peers["connected-components-3d, labels only"]().max()):
        raise SystemExit("connected-components-3d and ranvier disagree: nothing to compare")
    _, taken = cpu_seconds(ours)
    rows = [("mask of 512³ voxels, labelled and measured", f"{taken:.3f} s")]
    for name, work in peers.items():
        _, peer = cpu_seconds(work)
        rows.append((f"  {name}", f"{peer:.3f} s, {peer / taken:.1f} times ours"))
    return rows


def comparing() -> list[Row]:
    """Two visits on the template grid."""
    world = affine(TEMPLATE[1])
    before = blobs(TEMPLATE[0], seed=3)
    after = np.roll(before, 1, axis=1) | blobs(TEMPLATE[0], seed=4)

    def compared() -> mri.LesionComparison:
        masks = mri.mask_from_array(before, world), mri.mask_from_array(after, world)
        return mri.compare(*masks, rule="default")

    _, taken = cpu_seconds(compared)
    found = compared().counts
    return [(f"two visits 182×218×182, {found['before']} and {found['after']} lesions", f"{taken:.3f} s")]


def memory() -> list[Row]:
    """Peak memory of a fresh process that counts the lesions of 512³ voxels from a file."""
    script = (
        "import pathlib, re, sys; from ranvier import mri; "
        "mri.summary(mri.read_mask(sys.argv[1]), rule='default'); "
        "status = pathlib.Path('/proc/self/status').read_text(); "
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 1024)"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mask.nii.gz"
        values = blobs(LARGE[0], seed=2).astype(np.uint8)
        nibabel.save(nibabel.Nifti1Image(values, affine(LARGE[1])), path)
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
        )
    return [("512³ mask, file to counts, peak memory of the process", f"{float(done.stdout):,.0f} MB")]


COMPARISONS = [file_to_counts, labelling, comparing, memory]


if __name__ == "__main__":
    for comparison in COMPARISONS:
        for what, figure in comparison():
            print(f"{what:<60}  {figure:>24}")
