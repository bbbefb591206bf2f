"""The faster packages and the plain ones give the same lesions, in any order of memory."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from ranvier import mri
from ranvier.errors import InputError
from ranvier.mri.mask import marked_box

RNG = np.random.default_rng(20)
NOISE = RNG.random((17, 19, 23)) < 0.12
LAYOUTS = {
    "C order": np.ascontiguousarray(NOISE),
    "Fortran order": np.asfortranarray(NOISE),
    "flipped": np.ascontiguousarray(NOISE[::-1, :, ::-1])[::-1, :, ::-1],
    "permuted": np.ascontiguousarray(NOISE.transpose(1, 0, 2)).transpose(1, 0, 2),
    "a part": np.pad(NOISE, 3)[3:-3, 3:-3, 3:-3],
}


@pytest.fixture
def without_speedups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cc3d", None)
    monkeypatch.setitem(sys.modules, "isal", None)


def lesions(values: np.ndarray, rule: str) -> list[tuple[object, ...]]:
    return mri.lesions(mri.mask_from_array(values, np.eye(4)), rule=rule).table.rows()


@pytest.mark.parametrize("rule", sorted(mri.RULES))
def test_lesions_are_the_same_without_the_faster_packages(rule: str, request: pytest.FixtureRequest) -> None:
    fast = lesions(NOISE, rule)
    request.getfixturevalue("without_speedups")
    assert lesions(NOISE, rule) == fast


@pytest.mark.parametrize("shape", [(1, 1, 7), (1, 7, 1), (7, 1, 1), (1, 5, 6), (5, 1, 6), (5, 6, 1)])
@pytest.mark.parametrize("connectivity", mri.CONNECTIVITIES)
def test_lesions_in_a_line_or_a_sheet_are_counted(shape: tuple[int, int, int], connectivity: int) -> None:
    values = np.zeros(shape, dtype=bool)
    values.flat[::2] = True
    rule = mri.Rule(name="any size", source="test", connectivity=connectivity)
    structure = ndimage.generate_binary_structure(3, mri.CONNECTIVITIES.index(connectivity) + 1)
    expected = ndimage.label(values, structure=structure)[1]
    assert mri.lesions(mri.mask_from_array(values, np.eye(4)), rule=rule).table.height == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_order_of_memory_changes_nothing(layout: str) -> None:
    assert lesions(LAYOUTS[layout], "default") == lesions(NOISE, "default")
    around = np.zeros(NOISE.shape, dtype=bool)
    around[marked_box(LAYOUTS[layout])] = True
    assert not (NOISE & ~around).any()
    assert marked_box(LAYOUTS[layout]) == marked_box(NOISE)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 1), (4, 1, 3)])
def test_thin_volumes_have_a_box(shape: tuple[int, int, int]) -> None:
    values = np.zeros(shape, dtype=bool)
    assert np.zeros(shape)[marked_box(values)].size == 0
    values[-1, -1, -1] = True
    assert [side.stop for side in marked_box(values)] == list(shape)


@pytest.mark.parametrize("plain", [False, True])
def test_gzip_of_several_members_is_one_file(
    tmp_path: Path, plain: bool, request: pytest.FixtureRequest
) -> None:
    if plain:
        request.getfixturevalue("without_speedups")
    whole = nibabel.Nifti1Image(NOISE.astype(np.uint8), np.eye(4)).to_bytes()
    path = tmp_path / "mask.nii.gz"
    path.write_bytes(gzip.compress(whole[:1000]) + gzip.compress(whole[1000:]) + b"\0" * 8)
    assert mri.read_mask(path).n_voxels == NOISE.sum()
    for damaged in (
        path.read_bytes() + b"more",
        gzip.compress(whole)[:-9],
        gzip.compress(whole)[:-8] + b"12345678",
    ):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"mask\.nii\.gz: the gzip file is cut short or damaged"):
            mri.read_mask(path)
