"""Lesions on slices: which slice, which side, which outline; and the bars of change."""

from __future__ import annotations

import base64
import itertools
import re
import runpy
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from ranvier import mri
from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._fate_style import STYLES
from ranvier.mri._fates import FATES
from ranvier.mri.pictures import _change, _one_scan
from ranvier.report.drawing import draw

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "mri_lesions" / "make_masks.py"
MAKE: dict[str, Any] = runpy.run_path(str(SCRIPT))
SHAPE, SPACING = (30, 40, 12), (2.0, 1.0, 4.0)
AFFINE = np.diag([*SPACING, 1.0])
AFFINE[:3, 3] = -20, -15, 5


def scan(*boxes: tuple[int, int, int], sides: tuple[int, int, int] = (3, 6, 2)) -> mri.Mask:
    values = np.zeros(SHAPE)
    for corner in boxes:
        values[tuple(slice(low, low + side) for low, side in zip(corner, sides, strict=True))] = 1
    return mri.mask_from_array(values, AFFINE, name=f"{len(boxes)} lesions")


def save(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


def outlines(ax: Any) -> list[tuple[str, np.ndarray]]:
    """Give colour and corners of each outline on axes."""
    from matplotlib.colors import to_hex
    from matplotlib.contour import QuadContourSet

    found = [each for each in ax.get_children() if isinstance(each, QuadContourSet)]
    return [(to_hex(each.get_edgecolor()[0]), each.get_paths()[0].vertices) for each in found]


CHANGE = mri.compare(scan((3, 4, 3)), scan((3, 4, 3), (20, 25, 7)), rule="default")


def test_the_right_of_the_patient_is_on_the_left_and_the_front_on_top() -> None:
    for ax in mri.picture(CHANGE).axes:
        left, right = ax.get_xlim()
        bottom, top = ax.get_ylim()
        assert left > right  # millimetres run towards the right of the patient
        assert bottom < top
        marks = {text.get_text(): text.get_position()[0] for text in ax.texts}
        assert marks["R"] < marks["L"]


def test_an_outline_follows_the_sides_of_the_voxels_in_millimetres() -> None:
    whole, before, after = mri.picture(CHANGE).axes
    assert outlines(before) == []
    ((colour, corners),) = outlines(after)
    assert colour == STYLES["new"].colour
    low, high = corners.min(axis=0), corners.max(axis=0)
    np.testing.assert_allclose(low, [(20 - 0.5) * 2, 25 - 0.5])
    np.testing.assert_allclose(high, [(23 - 0.5) * 2, 31 - 0.5])
    assert after.get_aspect() == whole.get_aspect() == 1.0
    assert whole.get_xlim() == (59.0, -1.0)


def test_the_slice_with_most_of_the_lesion_is_drawn_and_its_height_is_in_world_millimetres() -> None:
    values = np.zeros(SHAPE)
    values[10:13, 10:13, 2:6] = 1
    values[10:14, 10:16, 6] = 1
    mask = mri.mask_from_array(values, AFFINE)
    (row,) = mri.picture(mri.lesions(mask, rule="default")).axes[::2]
    assert row.get_title(loc="left") == f"Lesion 1: {(36 + 24) * 8:.1f} mm³, slice at S {5 + 6 * 4:.1f} mm"


def test_two_visits_have_three_pictures_for_each_lesion_and_one_visit_two() -> None:
    assert len(mri.picture(CHANGE).axes) == 3
    both = scan((3, 4, 3), (20, 25, 7))
    assert len(mri.picture(mri.lesions(both, rule="default")).axes) == 4


def test_heading_rule_side_and_what_was_left_out_are_said() -> None:
    many = [(r, a, 5) for r, a in itertools.product((1, 8, 15, 22), (2, 12, 22, 32))]
    change = mri.compare(scan(), scan(*many), rule="default")
    figure = mri.picture(change, at_most=3)
    said = figure.legends[0].get_title().get_text()
    assert len(figure.axes) == 9
    assert "Not drawn: 13 new more." in said.replace("\n", " ")
    assert "the right side of the patient (R) is on the left" in said.replace("\n", " ")
    heading = figure.get_suptitle()
    assert "16 new (rule default, settings " + mri.RULES["default"].fingerprint() in heading
    assert "From 0 lesions to 16 lesions" in heading
    one = mri.picture(mri.lesions(scan(*many), rule="default"), at_most=15).legends[0].get_title()
    assert "Not drawn: 1 smaller lesion." in one.get_text().replace("\n", " ")


def test_without_a_new_or_enlarging_lesion_the_figure_says_so() -> None:
    same = mri.picture(mri.compare(scan((3, 4, 3)), scan((3, 4, 3)), rule="default"))
    assert not same.axes
    assert "No lesion is new or enlarging." in same.get_suptitle()
    empty = mri.picture(mri.lesions(scan(), rule="default"))
    assert "No lesion is counted." in empty.get_suptitle()


def test_every_fate_of_the_synthetic_brain_has_its_own_line_in_the_legend(tmp_path: Path) -> None:
    masks = [
        mri.mask_from_array(MAKE["lesions"](month), MAKE["BRAIN_AFFINE"], name=month)
        for month in ("M06", "M12")
    ]
    figure = mri.picture(mri.compare(*masks, rule="default"))
    named = {text.get_text() for text in figure.legends[0].get_texts()}
    assert named == {"enlarging", "shrinking", "below limit"}  # what this slice holds
    lines = {(style.line, style.width) for kind, style in STYLES.items() if kind != "counted"}
    assert len(lines) == len(FATES)
    assert set(STYLES) == {*FATES, "counted"}


def test_each_colour_stands_out_from_black_and_from_white() -> None:
    for style in STYLES.values():
        parts = [int(style.colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert min((light + 0.05) / 0.05, 1.05 / (light + 0.05)) >= 3


@pytest.mark.parametrize("stored", [np.diag([1.0, 1, 1, 1]), np.diag([-1.0, -1, 1, 1])])
def test_an_image_is_drawn_with_its_axes_turned_as_those_of_the_mask(tmp_path: Path, stored) -> None:
    affine = AFFINE @ stored
    grey = np.zeros(SHAPE, dtype=np.int16)
    mask = np.zeros(SHAPE, dtype=np.uint8)
    grey[20:23, 25:31, 7:9], mask[20:23, 25:31, 7:9] = 500, 1
    grey[:4, :4, :] = 100
    image = mri.read_image(save(tmp_path / "flair.nii", grey, affine))
    lesions = mri.lesions(mri.read_mask(save(tmp_path / "mask.nii", mask, affine)), rule="default")
    close = mri.picture(lesions, image=image).axes[1]
    shown = close.get_images()[0]
    left, right, bottom, top = shown.get_extent()
    rows, columns = np.nonzero(np.asarray(shown.get_array()) == 1.0)
    n_rows, n_columns = shown.get_array().shape
    (_, corners), *_ = outlines(close)
    drawn = [
        left + columns.min() / n_columns * (right - left),
        bottom + rows.min() / n_rows * (top - bottom),
    ]
    np.testing.assert_allclose(drawn, corners.min(axis=0), atol=1e-9)


def test_an_image_elsewhere_or_of_another_size_is_refused_by_name(tmp_path: Path) -> None:
    grey = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    found = mri.lesions(scan((3, 4, 3)), rule="default")
    moved = AFFINE.copy()
    moved[0, 3] += 1
    elsewhere = mri.read_image(save(tmp_path / "elsewhere.nii", grey, moved))
    with pytest.raises(InputError, match=r"elsewhere.nii and 1 lesions: .* 1 mm \(0.5 voxels\) apart"):
        mri.picture(found, image=elsewhere)
    with pytest.raises(InputError, match=r"small.nii and 1 lesions: shapes \(29, 40, 12\)"):
        mri.picture(found, image=mri.read_image(save(tmp_path / "small.nii", grey[1:])))
    with pytest.raises(InputError, match="belongs to a comparison"):
        mri.picture(found, image_before=elsewhere)
    with pytest.raises(InputError, match=r"Mask is not an image; make one with mri.read_image"):
        mri.picture(found, image=scan())


@pytest.mark.parametrize("at_most", [0, 41, 2.5])
def test_the_number_of_rows_is_limited(at_most) -> None:
    with pytest.raises(InputError, match=r"at_most is .* a whole number from 1 to 40"):
        mri.picture(CHANGE, at_most=at_most)
    with pytest.raises(InputError, match="LesionSummary cannot be drawn on slices"):
        mri.picture(mri.summary(scan(), rule="default"))


@pytest.mark.parametrize("dark", [1, 10])
def test_an_image_of_two_values_is_drawn_black_and_white(dark: int) -> None:
    grey = np.full(SHAPE, 7.0)
    grey[:dark, : 4 * dark, : dark + 1] = 0
    image = mri.image_from_array(grey, AFFINE)
    whole = mri.picture(mri.lesions(scan((0, 2, 0)), rule="default"), image=image).axes[0]
    assert set(np.unique(whole.get_images()[0].get_array())) == {0.0, 1.0}


@pytest.mark.parametrize("seed", range(5))
def test_each_voxel_that_is_drawn_belongs_to_the_group_that_the_table_says(seed: int) -> None:
    values = [np.random.default_rng([seed, visit]).random((14, 13, 12)) < 0.08 for visit in (0, 1)]
    change = mri.compare(*(mri.mask_from_array(each, AFFINE) for each in values), rule="default")
    drawn = _change(change, None, None, at_most=3)
    assert drawn.kinds == tuple(change.table["fate"])
    for scan_, mask, column in zip(drawn.scans, values, ("voxels_before", "voxels_after"), strict=True):
        planes = np.stack([scan_.plane(k) for k in range(mask.shape[2])], axis=2)
        assert np.array_equal(planes > 0, mask)
        assert np.bincount(planes[planes > 0], minlength=change.table.height + 1)[1:].tolist() == list(
            change.table[column]
        )
    found = mri.lesions(change.before, rule="default")
    one = _one_scan(found, None, at_most=3)
    planes = np.stack([one.scans[0].plane(k) for k in range(values[0].shape[2])], axis=2)
    for row in found.table.iter_rows(named=True):
        index = np.argwhere(planes == row["lesion"])
        assert len(index) == row["voxels"]
        centre = AFFINE[:3, :3] @ index.mean(axis=0) + AFFINE[:3, 3]
        np.testing.assert_allclose(centre, [row["r_mm"], row["a_mm"], row["s_mm"]], atol=1e-9)


def test_an_image_with_two_positions_warns(tmp_path: Path) -> None:
    picture = nibabel.Nifti1Image(np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE), AFFINE)
    moved = AFFINE.copy()
    moved[0, 3] += 3
    picture.set_sform(AFFINE, code=1)
    picture.set_qform(moved, code=1)
    nibabel.save(picture, tmp_path / "two.nii")
    with pytest.warns(RanvierWarning, match="two.nii: The two positions"):
        assert mri.read_image(tmp_path / "two.nii").notes


def test_the_drawing_of_a_page_holds_the_slices_as_pixels_and_repeats_byte_for_byte() -> None:
    first, again = (
        draw(
            "slices", lambda figure: mri.picture(CHANGE, figure=figure) and None, size=(2, 2), title="Slices"
        )
        for _ in range(2)
    )
    assert first == again
    pixels = re.findall(r'href="data:image/png;base64,([^"]+)"', first)
    assert len(pixels) == 3
    assert all(base64.b64decode(each)[:4] == b"\x89PNG" for each in pixels)
    assert first.startswith("<svg")


def test_bars_of_change_have_the_style_of_the_fate_and_say_what_is_not_drawn() -> None:
    masks = [mri.mask_from_array(MAKE["lesions"](month), MAKE["BRAIN_AFFINE"]) for month in ("M06", "M12")]
    ax = mri.compare(*masks, rule="default").plot()
    legend = ax.get_legend()
    named = [text.get_text() for text in legend.get_texts()]
    assert named == ["enlarging (1)", "stable (2 of 5)", "shrinking (1)", "resolved (1)", "cut (1)"]
    assert "3 of the same volume not drawn" in ax.get_xlabel()
    hatches = {patch.get_hatch() for patch in ax.patches}
    assert {STYLES[fate].hatch for fate in ("enlarging", "stable", "shrinking", "cut")} <= hatches
    heights = [patch.get_height() for patch in sorted(ax.patches, key=lambda patch: patch.get_x())]
    assert heights == sorted(heights)
