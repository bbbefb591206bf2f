"""Lesion masks: what is lesion, where it lies, how it is counted; every trap of real headers."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from ranvier import mri
from ranvier.errors import DefinitionError, InputError, RanvierWarning

DEFAULT = mri.RULES["default"]
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def drawn(*slices: str) -> np.ndarray:
    """Read slices drawn as text, # for lesion; rows run along the first axis, characters along the second."""
    return np.stack(
        [np.array([[cell == "#" for cell in row] for row in text.split()]) for text in slices], axis=2
    )


TWO_LESIONS = drawn(
    """
    .......
    .##....
    .##....
    .......
    .......
    .......""",
    """
    .......
    .##....
    .#.....
    ...#...
    .......
    .....#.""",
    """
    .......
    .##....
    .......
    .......
    .......
    .......""",
    """
    .......
    .......
    .......
    .......
    .......
    .......""",
)


def save(
    path: Path, values: Any, affine: Any = LPS, *, codes: tuple[int, int] = (1, 1), nifti: int = 1
) -> Path:
    """Write a NIfTI file with sform and qform codes as given."""
    make = nibabel.Nifti1Image if nifti == 1 else nibabel.Nifti2Image
    image = make(np.asarray(values), affine)
    image.set_sform(affine, code=codes[0])
    image.set_qform(affine, code=codes[1])
    nibabel.save(image, path)
    return path


def edited(path: Path, **fields: Any) -> Path:
    """Change fields of the header behind nibabel's back."""
    content = bytearray(path.read_bytes())
    header = nibabel.Nifti1Header(bytes(content[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    path.write_bytes(header.binaryblock + bytes(content[348:]))
    return path


@pytest.mark.parametrize(("connectivity", "components"), [(6, 3), (18, 3), (26, 2)])
def test_voxels_that_meet_at_a_corner_are_one_lesion_only_with_26_neighbours(connectivity, components):
    rule = mri.Rule(name="any size", source="test", connectivity=connectivity)
    mask = mri.mask_from_array(TWO_LESIONS, np.eye(4))
    assert mri.lesions(mask, rule=rule).table.height == components


def test_a_lesion_has_volume_place_and_sides_in_world_millimetres():
    affine = np.array([[0, -2.0, 0, 10], [0, 0, 3.0, -5], [1.0, 0, 0, 7], [0, 0, 0, 1]])
    mask = mri.mask_from_array(TWO_LESIONS, affine)
    first = mri.lesions(mask, rule="default").table.row(0, named=True)
    assert mask.stored == "SLA"
    assert (first["voxels"], first["volume_mm3"]) == (10, 60.0)
    index = np.argwhere(TWO_LESIONS)[:-1].mean(axis=0)  # the last voxel is the other lesion
    expected = affine[:3, :3] @ index + affine[:3, 3]
    np.testing.assert_allclose([first["r_mm"], first["a_mm"], first["s_mm"]], expected, rtol=1e-12)
    assert (first["extent_r_mm"], first["extent_a_mm"], first["extent_s_mm"]) == (6.0, 9.0, 3.0)
    assert first["long_axis_mm"] == 9.0
    assert first["border"]


def test_a_block_of_2_mm_is_below_the_limit_of_3_mm_although_it_holds_8_mm3():
    block = np.zeros((6, 6, 6))
    block[2:4, 2:4, 2:4] = 1
    mask = mri.mask_from_array(block, np.eye(4))
    found = mri.lesions(mask, rule="default")
    assert found.table["counted"].to_list() == [False]
    assert "smaller than the size limit" in found.explain("lesion 1")
    assert mri.summary(mask, rule="msseg").estimates[0].value == 1
    assert mri.summary(mask, rule="default").estimates[0].value == 0
    assert mri.summary(mask, rule="default").diagnostics["below_limit_mm3"] == 8.0


@pytest.mark.parametrize(
    ("size", "inclusive", "counted"),
    [
        ({"min_volume_mm3": 3.0}, True, True),
        ({"min_volume_mm3": 3.0}, False, False),
        ({"min_volume_mm3": 3.0005}, True, True),
        ({"min_volume_mm3": 3.1}, True, False),
        ({"min_long_axis_mm": 3.0}, True, True),
        ({"min_long_axis_mm": 3.0}, False, False),
        ({"min_sphere_mm": 1.7}, True, True),
        ({"min_sphere_mm": 1.9}, True, False),
        ({}, True, True),
    ],
)
def test_a_lesion_of_three_voxels_in_a_row_against_each_limit(size, inclusive, counted):
    row = np.zeros((7, 5, 5))
    row[2:5, 2, 2] = 1
    rule = mri.Rule(name="own", source="test", inclusive=inclusive, **size)
    mask = mri.mask_from_array(row, np.eye(4))
    assert mri.lesions(mask, rule=rule).table["counted"].to_list() == [counted]


@pytest.mark.parametrize(("thickness", "counted"), [(2.999998, True), (2.9985, False)])
def test_a_slice_rounded_by_the_header_is_3_mm_and_a_thinner_one_is_not(thickness, counted):
    one = np.zeros((5, 5, 5))
    one[2, 2, 2] = 1
    mask = mri.mask_from_array(one, np.diag([0.9, 0.9, thickness, 1]))
    assert mri.lesions(mask, rule="default").table["counted"].to_list() == [counted]


def test_an_empty_mask_is_a_scan_with_zero_lesions(tmp_path):
    mask = mri.read_mask(save(tmp_path / "none.nii.gz", np.zeros((4, 4, 4), np.uint8)))
    assert mri.lesions(mask, rule="default").table.is_empty()
    fit = mri.summary(mask, rule="default")
    assert [each.value for each in fit.estimates[:3]] == [0, 0, 0]
    assert np.isnan(fit.estimates[3].value)
    assert "a scan with no lesion" in fit.explain()
    assert "0 lesion(s)" in fit.explain()


def test_an_absent_file_is_a_missing_visit_and_no_empty_mask():
    with pytest.raises(InputError, match="missing visit: leave it out; an empty mask would mean no lesion"):
        mri.read_mask("P1_month12.nii.gz")


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["mask.nii", "mask.nii.gz"])
@pytest.mark.parametrize("nifti", [1, 2])
def test_the_type_of_the_numbers_and_of_the_file_change_nothing(tmp_path, kind, name, nifti):
    mask = mri.read_mask(save(tmp_path / name, TWO_LESIONS.astype(kind), nifti=nifti))
    plain = mri.mask_from_array(TWO_LESIONS, LPS)
    np.testing.assert_array_equal(mask.voxels, plain.voxels)
    np.testing.assert_allclose(mask.affine, plain.affine)
    assert mask.stored == "LPS"
    assert len(mask.sha256 or "") == 64


def test_nearly_one_after_scaling_is_lesion(tmp_path):
    image = nibabel.Nifti1Image(TWO_LESIONS.astype(np.int16) * 255, LPS)
    image.header.set_slope_inter(1 / 255 - 1e-11, 0)
    path = tmp_path / "scaled.nii"
    nibabel.save(image, path)
    edited(path, scl_slope=np.float32(1 / 255))
    assert mri.read_mask(path).n_voxels == int(TWO_LESIONS.sum())
    assert mri.mask_from_array(TWO_LESIONS * 0.99999998, LPS).n_voxels == int(TWO_LESIONS.sum())


def test_probabilities_are_cut_only_where_one_says():
    chance = TWO_LESIONS * 0.4
    chance[1, 1, 0] = 0.9
    with pytest.raises(InputError, match=r"a probability map. Say above which probability"):
        mri.mask_from_array(chance, LPS)
    cut = mri.mask_from_array(chance, LPS, threshold=0.5)
    assert cut.n_voxels == 1
    assert mri.mask_from_array(chance, LPS, threshold=0.4).n_voxels == 1  # above, not at
    low = mri.mask_from_array(chance, LPS, threshold=0.3)
    with pytest.raises(InputError, match=r"cut above a probability of 0.3, the rule 'default' says 0.5"):
        mri.lesions(low, rule="default")
    assert mri.lesions(low, rule=dataclasses.replace(DEFAULT, threshold=0.3)).table.height == 2


def test_a_threshold_given_for_zeros_and_ones_cuts_nothing():
    mask = mri.mask_from_array(TWO_LESIONS * 1.0, LPS, threshold=0.3)
    assert mask.threshold is None
    assert mri.lesions(mask, rule="default").table.height == 2


def test_labels_are_all_lesion_and_the_note_says_so():
    labels = TWO_LESIONS * 1
    labels[TWO_LESIONS & (np.arange(7) > 4)[:, None]] = 4
    mask = mri.mask_from_array(labels, LPS)
    assert mask.n_voxels == int(TWO_LESIONS.sum())
    assert "The labels 1, 4 all count as lesion" in mask.notes[0]
    assert mri.mask_from_array(TWO_LESIONS * 255, LPS).notes == ("Lesion voxels have the value 255.",)


def test_an_image_is_not_taken_for_a_mask():
    grey = np.random.default_rng(5).integers(0, 60, (9, 9, 9))
    with pytest.raises(InputError, match="change from voxel to voxel: this is an image"):
        mri.mask_from_array(grey, LPS)
    with pytest.raises(InputError, match=r"decimals up to .* this is an image"):
        mri.mask_from_array(grey * 1.37, LPS)


def test_the_sform_wins_and_a_qform_elsewhere_warns(tmp_path):
    path = save(tmp_path / "two.nii", TWO_LESIONS.astype(np.uint8))
    moved = LPS.copy()
    moved[:3, 3] = 0.4, 0.23, 0.23  # the half voxel of the real masks
    image = nibabel.load(path)
    image.set_qform(moved, code=2)
    nibabel.save(image, tmp_path / "moved.nii")
    with pytest.warns(RanvierWarning, match=r"sform and qform, differ by up to 0.516 mm; the sform is used"):
        mask = mri.read_mask(tmp_path / "moved.nii")
    np.testing.assert_array_equal(mask.affine, mri.read_mask(path).affine)


def test_a_qform_alone_gives_the_position(tmp_path):
    mask = mri.read_mask(save(tmp_path / "q.nii", TWO_LESIONS.astype(np.uint8), codes=(0, 1)))
    np.testing.assert_allclose(mask.affine, mri.mask_from_array(TWO_LESIONS, LPS).affine)
    assert "comes from the qform" in mask.notes[0]


def test_an_oblique_voxel_has_the_volume_of_its_determinant(tmp_path):
    sheared = np.array([[1, 0.3, 0, 0], [0, 1.2, 0, 0], [0, 0, 2.0, 0], [0, 0, 0, 1.0]])
    path = save(tmp_path / "oblique.nii", TWO_LESIONS.astype(np.uint8), sheared, codes=(1, 0))
    mask = mri.read_mask(path)
    assert mask.voxel_mm3 == pytest.approx(2.4, rel=1e-6)
    assert "by its position" in " ".join(mask.notes)


def test_a_further_axis_of_length_one_is_one_volume(tmp_path):
    mask = mri.read_mask(save(tmp_path / "4d.nii", TWO_LESIONS.astype(np.uint8)[..., None]))
    assert mask.voxels.shape == TWO_LESIONS.shape


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "zero spacing": ({"pixdim": [1, 0, 1, 1, 0, 0, 0, 0]}, r"voxel size \[0.0, 1.0, 1.0\] in the header"),
    "no position": ({"sform_code": 0, "qform_code": 0}, "left and right are not known"),
    "metres": ({"xyzt_units": 1}, "lengths in metres"),
    "half of a pair": ({"magic": b"ni1"}, r"half of a pair of files"),
    "no mark": ({"magic": b"xxx"}, "not a NIfTI file"),
    "colours": ({"datatype": 128, "bitpix": 24}, "one number for each voxel"),
    "sform without volume": ({"srow_x": [0, 0, 0, 0]}, "voxels without volume"),
    "rotation": ({"sform_code": 0, "quatern_b": 3}, "rotation in the header"),
    "more voxels than bytes": ({"dim": [3, 60, 70, 40, 1, 1, 1, 1]}, "ends before its last voxel"),
}


@pytest.mark.parametrize(("fields", "words"), HEADERS.values(), ids=HEADERS)
def test_a_header_that_cannot_be_trusted_is_refused_by_name(tmp_path, fields, words):
    path = edited(save(tmp_path / "P7_brain.nii", TWO_LESIONS.astype(np.uint8)), **fields)
    with pytest.raises(InputError, match=words) as refused:
        mri.read_mask(path)
    assert "P7_brain.nii" in str(refused.value)


def test_files_that_are_no_single_nifti_volume_are_refused_by_name(tmp_path):
    whole = save(tmp_path / "whole.nii.gz", TWO_LESIONS.astype(np.uint8)).read_bytes()
    files = {
        "cut.nii.gz": (whole[:-20], "cut short or damaged"),
        "head.nii": (gzip.decompress(whole)[:200], "not a NIfTI file"),
        "scan.dcm": (bytes(128) + b"DICM" + bytes(400), "this is DICOM, not NIfTI"),
        "text.nii": (b"subject,day\nP1,0\n", "not a NIfTI file"),
        "empty.nii": (b"", "not a NIfTI file"),
    }
    for name, (content, words) in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=words) as refused:
            mri.read_mask(tmp_path / name)
        assert name in str(refused.value)
    series = save(tmp_path / "series.nii", np.zeros((4, 4, 4, 3), np.uint8))
    with pytest.raises(InputError, match=r"series.nii: shape \(4, 4, 4, 3\): 3 volumes in one file"):
        mri.read_mask(series)
    with pytest.raises(InputError, match="is a folder"):
        mri.read_mask(tmp_path)


def test_without_nibabel_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    path = save(tmp_path / "a.nii", TWO_LESIONS.astype(np.uint8))
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    with pytest.raises(InputError, match=r"pip install 'ranvier\[mri\]'"):
        mri.read_mask(path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"connectivity": 8}, "connectivity 8; use one of"),
        ({"min_volume_mm3": 3.0}, "two limits of size"),
        ({"min_long_axis_mm": 0.0}, "must be above 0"),
        ({"match_tolerance_voxels": 9}, "whole number from 0 to 5"),
        ({"enlarge_ratio": 0.9}, "at least 1"),
        ({"shrink_ratio": 1.2}, "above 0 and up to 1"),
        ({"enlarge_abs_mm3": -1.0}, "must be 0 or more"),
        ({"enlarge_ratio": 1.0, "enlarge_abs_mm3": 0.0}, "every lesion would have changed"),
        ({"threshold": 1.0}, "between 0 and 1"),
        ({"source": ""}, "needs a name and a source"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(settings, words):
    with pytest.raises(DefinitionError, match=words):
        dataclasses.replace(DEFAULT, **settings)


def test_the_fingerprint_follows_the_numbers_and_not_the_name():
    renamed = dataclasses.replace(DEFAULT, name="other", source="protocol", note="n", min_long_axis_mm=3)
    assert renamed.fingerprint() == DEFAULT.fingerprint()
    assert len({rule.fingerprint() for rule in mri.RULES.values()}) == len(mri.RULES)
    assert len({hash(rule) for rule in mri.RULES.values()}) == len(mri.RULES)


def test_every_result_carries_the_rule_and_can_be_written_and_drawn():
    mask = mri.mask_from_array(TWO_LESIONS, np.eye(4), tool="rater 1")
    found, fit = mri.lesions(mask, rule="sct"), mri.summary(mask, rule="sct")
    for said in (found.explain(), fit.explain()):
        assert mri.RULES["sct"].fingerprint() in said
        assert "faces and edges (18)" in said
    assert found.to_dict()["mask"]["tool"] == "rater 1"
    assert fit.to_dict()["diagnostics"]["rule"]["name"] == "sct"
    assert found.plot().get_title() == "Lesions in the array"
    assert "made by rater 1" in mask.explain().lower()
