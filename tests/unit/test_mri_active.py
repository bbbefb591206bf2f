"""Active lesions: enhancing, new and enlarging ones, each counted once; and every count under other rules."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from ranvier import mri
from ranvier.errors import InputError, RanvierWarning

DEFAULT = mri.RULES["default"]
Box = tuple[int, int, int, int, int, int]


def scan(*boxes: Box, by: float = 0.0, **about: str) -> mri.Mask:
    """Make a scan of 20 x 20 x 20 voxels of 1 mm; a lesion is its lowest corner and three sides."""
    values = np.zeros((20, 20, 20), dtype=np.uint8)
    for r, a, s, *sides in boxes:
        values[r : r + sides[0], a : a + sides[1], s : s + sides[2]] = 1
    affine = np.eye(4)
    affine[0, 3] = by
    return mri.mask_from_array(values, affine, **about)


OLD, NEW, OTHER = (3, 3, 3, 4, 4, 2), (12, 12, 12, 4, 4, 2), (3, 12, 12, 4, 4, 2)
GROWN = (3, 3, 3, 4, 4, 4)
INSIDE_NEW, INSIDE_OLD = (12, 12, 12, 3, 2, 2), (3, 3, 3, 3, 3, 1)
# T2 before, T2 after, enhancing: gadolinium, new, enlarging, combined unique
CASES = {
    "nothing": ([], [], [], (0, 0, 0, 0)),
    "contrast without enhancement": ([], [NEW], [], (0, 1, 0, 1)),
    "a new lesion that enhances is one": ([], [NEW], [INSIDE_NEW], (1, 1, 0, 1)),
    "an enlarging lesion that enhances is one": ([OLD], [GROWN], [INSIDE_OLD], (1, 0, 1, 1)),
    "an unchanged lesion that enhances is active": ([OLD], [OLD], [INSIDE_OLD], (1, 0, 0, 1)),
    "an enhancing lesion without T2 lesion is active": ([], [], [NEW], (1, 0, 0, 1)),
    "one of each apart": ([OLD], [GROWN, NEW], [(3, 12, 12, 3, 3, 3)], (1, 1, 1, 3)),
    "enhancing beside a new lesion within one voxel": ([], [NEW], [(16, 12, 12, 3, 3, 2)], (1, 1, 0, 1)),
    "enhancing two voxels away": ([], [NEW], [(17, 12, 12, 3, 3, 2)], (1, 1, 0, 2)),
    "two enhancing lesions inside one new lesion": (
        [],
        [(3, 3, 3, 12, 4, 4)],
        [(3, 3, 3, 3, 3, 3), (10, 3, 3, 3, 3, 3)],
        (2, 1, 0, 2),
    ),
    "one enhancing lesion across two new lesions": (
        [],
        [(3, 3, 3, 4, 4, 2), (9, 3, 3, 4, 4, 2)],
        [(4, 3, 3, 8, 3, 2)],
        (1, 2, 0, 1),
    ),
    "an enhancing spot below the limit is not counted, its new lesion is": (
        [],
        [NEW],
        [(12, 12, 12, 2, 2, 2)],
        (0, 1, 0, 1),
    ),
    "a resolved lesion is not active": ([OLD], [], [], (0, 0, 0, 0)),
}


@pytest.mark.parametrize(("before", "after", "bright", "expected"), CASES.values(), ids=CASES)
def test_no_active_lesion_is_counted_twice(before, after, bright, expected):
    found = mri.active((scan(*before), scan(*after)), scan(*bright), rule="default")
    c = found.counts
    assert (c["gadolinium"], c["new"], c["enlarging"], c["combined_unique"]) == expected
    assert c["new_or_enlarging"] == c["new"] + c["enlarging"]
    assert found.table["counted"].sum() == c["combined_unique"]


def test_a_comparison_serves_as_well_as_its_masks():
    masks = scan(OLD), scan(GROWN, NEW)
    bright = scan(INSIDE_NEW)
    first = mri.active(mri.compare(*masks, rule="default"), bright, rule="default")
    second = mri.active(masks, bright, rule="default")
    assert first.table.equals(second.table)
    assert first.counts == second.counts


def test_the_rows_name_the_partners_and_the_groups_of_the_comparison():
    found = mri.active((scan(OLD), scan(GROWN, NEW)), scan(INSIDE_NEW, OTHER), rule="default")
    assert found.table.select("kind", "number", "partners", "counted", "voxels").rows() == [
        ("gadolinium", 1, [], True, 32),
        ("gadolinium", 2, [1], True, 12),
        ("new", 1, [2], False, 32),
        ("enlarging", 2, [], True, 64),
    ]
    groups = found.comparison.table.select("group", "fate").rows()
    assert groups == [(1, "new"), (2, "enlarging")]
    assert "counted as gadolinium 2" in found.explain("group 1")
    assert "no counted enhancing lesion" in found.explain("group 2")
    assert "every gadolinium-enhancing lesion" in found.explain("gadolinium 1")


def test_the_sentence_says_what_was_not_counted_again():
    found = mri.active((scan(OLD), scan(GROWN, NEW)), scan(INSIDE_NEW, OTHER), rule="default")
    said = found.explain()
    assert (
        "3 combined unique active lesions. 2 gadolinium-enhancing lesions; 1 new and 1 enlarging T2" in said
    )
    assert "1 of them enhancing and not counted again" in said
    assert "1 enhancing lesion without a T2 lesion at the same place" in said
    assert DEFAULT.fingerprint() in said


def test_notes_name_spots_below_the_limit_shared_lesions_and_the_edge():
    wide = (3, 3, 3, 12, 4, 4)
    bright = scan((3, 3, 3, 3, 3, 3), (10, 3, 3, 3, 3, 3), (3, 15, 15, 2, 2, 2), (16, 16, 2, 4, 4, 4))
    said = mri.active((scan(), scan(wide)), bright, rule="default").explain()
    assert "1 enhancing spot below the size limit" in said
    assert "1 new or enlarging lesion with several enhancing lesions inside" in said
    assert "1 enhancing lesion at the edge of the volume" in said


def test_the_gadolinium_mask_must_lie_on_the_same_grid():
    masks = scan(OLD), scan(OLD)
    with pytest.raises(InputError, match="another position or orientation"):
        mri.active(masks, scan(OLD, by=3), rule="default")
    with pytest.raises(InputError, match="on_geometry='warn'"):
        mri.active(masks, scan(OLD, by=0.5), rule="default")
    with pytest.warns(RanvierWarning, match="taken to correspond"):
        assert (
            mri.active(masks, scan(OLD, by=0.5), rule="default", on_geometry="warn").counts["gadolinium"] == 1
        )


def test_one_rule_serves_for_both():
    change = mri.compare(scan(), scan(NEW), rule="msseg")
    with pytest.raises(InputError, match="by the rule 'msseg', not by 'default'"):
        mri.active(change, scan(), rule="default")
    renamed = dataclasses.replace(mri.RULES["msseg"], name="ours")
    assert mri.active(change, scan(), rule=renamed).counts["combined_unique"] == 1


def test_active_lesions_can_be_written_and_drawn():
    found = mri.active((scan(), scan(NEW)), scan(), rule="default")
    assert found.to_dict()["counts"]["combined_unique"] == 1
    ax = found.plot()
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "combined unique active"
    assert mri.active((scan(), scan()), scan(), rule="default").plot() is not None


def test_active_lesions_have_their_row_under_other_rules():
    spot = (12, 3, 3, 2, 2, 2)
    table = mri.active((scan(), scan(NEW, spot)), scan(spot), rule="default").sensitivity().table
    assert table.select("changed", "gadolinium", "new", "combined_unique").rows() == [
        (None, 0, 1, 1),
        ("6 neighbours", 0, 1, 1),
        ("≥ 3 mm³", 1, 2, 2),
        ("ratio 1.25", 0, 1, 1),
    ]


def test_a_summary_and_a_comparison_show_the_row_of_their_counts():
    before, after = scan(OLD, (12, 3, 3, 2, 2, 2)), scan(GROWN, NEW)
    for shown, masks in (
        (mri.summary(before, rule="default"), (before,)),
        (mri.compare(before, after, rule="default"), (before, after)),
    ):
        assert shown.sensitivity().table.equals(mri.sensitivity(*masks, rule="default").table)
    table = mri.compare(before, after, rule="default").sensitivity().table
    assert table.select("lesions", "after", "new", "enlarging", "resolved").rows() == [
        (1, 2, 1, 1, 0),
        (1, 2, 1, 1, 0),
        (2, 2, 1, 1, 1),
        (1, 2, 1, 1, 0),
    ]


CHANGED = (
    {},
    {"connectivity": 6},
    {"min_long_axis_mm": None, "min_volume_mm3": 3.0},
    {"enlarge_ratio": 1.25, "shrink_ratio": 1 / 1.25},
)


def test_each_row_is_the_comparison_by_that_rule():
    before, after = scan(OLD, (12, 3, 3, 2, 2, 2)), scan(GROWN, NEW, (4, 12, 4, 1, 2, 2))
    table = mri.compare(before, after, rule="default").sensitivity().table
    for row, change in zip(table.iter_rows(named=True), CHANGED, strict=True):
        rule = dataclasses.replace(DEFAULT, **change)
        counts = mri.compare(before, after, rule=rule).counts
        assert row["fingerprint"] == rule.fingerprint()
        assert row["lesions"] == counts["before"]
        assert row["volume_mm3"] == mri.summary(before, rule=rule).estimates[1].value
        for name in ("after", "new", "enlarging", "stable", "shrinking", "resolved", "cut"):
            assert row[name] == counts[name], name


def test_a_comparison_across_a_waved_header_error_has_its_row_too():
    with pytest.warns(RanvierWarning, match="taken to correspond"):
        change = mri.compare(scan(OLD), scan(GROWN, by=0.5), rule="default", on_geometry="warn")
    assert change.sensitivity().table["enlarging"].to_list() == [1, 1, 1, 1]


def test_the_panel_has_a_mark_and_a_number_for_each_rule_and_names_what_is_always_zero():
    found = mri.compare(scan(OLD, (12, 3, 3, 2, 2, 2)), scan(GROWN, NEW), rule="default").sensitivity()
    ax = found.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "before",
        "after",
        "new",
        "enlarging",
        "resolved",
    ]
    assert len({line.get_marker() for line in ax.lines if line.get_marker() not in ("None", "")}) == 4
    assert len(ax.texts) == 4 * 5
    assert "0 under every rule: stable, shrinking, cut" in ax.get_xlabel()
    assert "lesions 1 (1 to 2); after 2 (2 to 2)" in found.explain()
    assert mri.sensitivity(scan(), rule="default").plot() is not None


def test_nothing_is_known_about_change_from_one_scan():
    table = mri.summary(scan(OLD), rule="default").sensitivity().table
    assert table["new"].dtype == pl.Int64
    assert table["new"].null_count() == 4
