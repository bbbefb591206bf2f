"""Counts under the rules beside the one reported, and the agreement of two raters."""

from __future__ import annotations

import numpy as np
import pytest

from ranvier import mri
from ranvier.errors import InputError


def scan(*boxes: tuple[int, int, int, int, int, int]) -> mri.Mask:
    """Make a scan of 20 x 20 x 20 voxels of 1 mm; a lesion is a corner and three sides."""
    values = np.zeros((20, 20, 20))
    for r, a, s, *sides in boxes:
        values[r : r + sides[0], a : a + sides[1], s : s + sides[2]] = 1
    return mri.mask_from_array(values, np.eye(4))


LONG, SMALL = (3, 3, 3, 4, 4, 2), (12, 12, 12, 2, 2, 2)


def test_each_row_changes_one_setting_of_the_rule():
    found = mri.sensitivity(scan(LONG, SMALL), scan((3, 3, 3, 4, 4, 3), SMALL), rule="default")
    rows = found.table.select("changed", "lesions", "after", "enlarging", "stable").rows()
    assert rows == [
        (None, 1, 1, 1, 0),
        ("6 neighbours", 1, 1, 1, 0),
        ("≥ 3 mm³", 2, 2, 1, 1),
        ("ratio 1.25", 1, 1, 1, 0),
    ]
    assert found.table["fingerprint"].n_unique() == 4


def test_a_smaller_ratio_calls_more_lesions_enlarging():
    before, after = scan((3, 3, 3, 6, 6, 3)), scan((3, 3, 3, 6, 6, 4))
    assert mri.sensitivity(before, after, rule="default").table["enlarging"].to_list() == [0, 0, 0, 1]


def test_one_scan_alone_has_no_change():
    table = mri.sensitivity(scan(LONG, SMALL), rule="default").table
    assert table["lesions"].to_list() == [1, 1, 2, 1]
    assert table["new"].null_count() == 4


def test_a_lesion_missed_a_lesion_too_many_and_a_shared_one():
    first = scan(LONG, (10, 3, 3, 4, 4, 2))
    second = scan((4, 3, 3, 4, 4, 2), (3, 14, 14, 4, 1, 1), (12, 14, 3, 4, 1, 1))
    fit = mri.agreement(first, second, rule="default")
    sensitivity, precision, f1, dice, volume, share = (each.value for each in fit.estimates)
    assert (sensitivity, precision) == (0.5, pytest.approx(1 / 3))
    assert f1 == pytest.approx(0.4)
    assert dice == pytest.approx(2 * 24 / (64 + 40))
    assert (volume, share) == (-24.0, -0.375)
    swapped = mri.agreement(second, first, rule="default")
    assert [each.value for each in swapped.estimates[:4]] == pytest.approx([precision, sensitivity, f1, dice])


def test_two_empty_masks_agree_on_nothing_that_can_be_divided():
    fit = mri.agreement(scan(), scan(), rule="default")
    assert [np.isnan(each.value) for each in fit.estimates] == [True, True, True, True, False, True]
    assert fit.estimates[4].value == 0
    assert "not known" in fit.explain()


def test_raters_who_never_meet_have_an_f1_of_zero():
    fit = mri.agreement(scan(LONG), scan((12, 12, 12, 4, 1, 1)), rule="default")
    assert [each.value for each in fit.estimates[:4]] == [0, 0, 0, 0]


def test_agreement_needs_one_grid():
    moved = mri.mask_from_array(np.zeros((20, 20, 20)), np.diag([-1.0, 1, 1, 1]))
    with pytest.raises(InputError, match="another position or orientation"):
        mri.agreement(scan(LONG), moved, rule="default")
