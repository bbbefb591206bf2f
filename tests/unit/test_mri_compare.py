"""Two visits: each fate in a mask small enough to check by eye, the ledger, and grids that lie apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ranvier import mri
from ranvier.errors import InputError, RanvierWarning

DEFAULT = mri.RULES["default"]
EXACT = dataclasses.replace(DEFAULT, name="exact", match_tolerance_voxels=0)
FATES = ("new", "enlarging", "stable", "shrinking", "resolved", "cut")


def scan(*boxes: tuple[slice, slice, slice], affine: np.ndarray | None = None, **about: str) -> mri.Mask:
    """Make a scan of 20 x 20 x 20 voxels of 1 mm with lesions that are boxes."""
    values = np.zeros((20, 20, 20), dtype=np.uint8)
    for box in boxes:
        values[box] = 1
    return mri.mask_from_array(values, np.eye(4) if affine is None else affine, **about)


def box(r: int, a: int, s: int, sides: tuple[int, int, int] = (4, 4, 4)) -> tuple[slice, slice, slice]:
    """Give the box whose lowest corner is (r, a, s)."""
    first, second, third = (slice(low, low + side) for low, side in zip((r, a, s), sides, strict=True))
    return first, second, third


def moved(by: float) -> np.ndarray:
    affine = np.eye(4)
    affine[0, 3] = by
    return affine


SMALL = (2, 2, 2)
HALF = (4, 4, 2)
BRIDGE = box(7, 4, 4, (1, 1, 1))
PARTS = box(3, 4, 4), box(8, 4, 4)
CASES = {
    "nothing at either visit": ([], [], {}),
    "new": ([], [box(5, 5, 5)], {"new": 1, "after": 1}),
    "resolved": ([box(5, 5, 5)], [], {"resolved": 1, "before": 1}),
    "unchanged": ([box(5, 5, 5)], [box(5, 5, 5)], {"stable": 1, "before": 1, "after": 1}),
    "doubled": ([box(5, 5, 5, HALF)], [box(5, 5, 5)], {"enlarging": 1, "before": 1, "after": 1}),
    "halved": ([box(5, 5, 5)], [box(5, 5, 5, HALF)], {"shrinking": 1, "before": 1, "after": 1}),
    "grew by the ratio but by 11 mm³ only": (
        [box(5, 5, 5, (4, 2, 1))],
        [box(5, 5, 5, (4, 2, 1)), box(5, 5, 6, (4, 2, 1)), box(5, 5, 7, (3, 1, 1))],
        {"stable": 1, "before": 1, "after": 1},
    ),
    "grew by 16 mm³ but a quarter only": (
        [box(5, 5, 5)],
        [box(5, 5, 5, (4, 4, 5))],
        {"stable": 1, "before": 1, "after": 1},
    ),
    "two merge through a bridge": (
        list(PARTS),
        [*PARTS, BRIDGE],
        {"stable": 1, "merged": 1, "before": 2, "after": 1},
    ),
    "one splits": ([*PARTS, BRIDGE], list(PARTS), {"stable": 1, "split": 1, "before": 1, "after": 2}),
    "two become two others": (
        [box(3, 4, 4, (9, 3, 3)), box(3, 8, 4, (9, 3, 3))],
        [box(3, 4, 4, (3, 7, 3)), box(9, 4, 4, (3, 7, 3))],
        {"stable": 1, "complex": 1, "before": 2, "after": 2},
    ),
    "a lesion below the limit grew past it and is not new": (
        [box(5, 5, 5, SMALL)],
        [box(5, 5, 5)],
        {"enlarging": 1, "after": 1},
    ),
    "a lesion fell below the limit and is not resolved": (
        [box(5, 5, 5, (4, 2, 2))],
        [box(5, 5, 5, SMALL)],
        {"stable": 1, "before": 1},
    ),
    "below the limit at both": ([box(5, 5, 5, SMALL)], [box(9, 9, 9, SMALL)], {}),
    "beside it within one voxel": (
        [box(5, 5, 5)],
        [box(9, 9, 9)],
        {"stable": 1, "before": 1, "after": 1},
    ),
    "two voxels away": ([box(5, 5, 5)], [box(10, 5, 5)], {"new": 1, "resolved": 1, "before": 1, "after": 1}),
    "seen once at the edge of the volume": ([], [box(16, 5, 5)], {"cut": 1, "after": 1}),
    "seen twice at the edge": ([box(16, 5, 5)], [box(16, 5, 5)], {"stable": 1, "before": 1, "after": 1}),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
def test_what_became_of_the_lesions(before, after, expected):
    change = mri.compare(scan(*before), scan(*after), rule="default")
    assert {key: n for key, n in change.counts.items() if n} == expected
    ledger = change.ledger
    assert ledger["after"] == (
        ledger["before"] + ledger["new"] + ledger["growth"] - ledger["resolved"] - ledger["regress"]
    )


def test_without_tolerance_a_neighbour_is_new():
    change = mri.compare(scan(box(5, 5, 5)), scan(box(9, 9, 9)), rule=EXACT)
    assert (change.counts["new"], change.counts["resolved"]) == (1, 1)


def test_the_tolerance_never_joins_lesions_that_already_have_a_partner():
    first = scan(box(3, 5, 5), box(9, 5, 5))
    second = scan(box(3, 5, 5, (5, 4, 4)), box(9, 5, 5))  # grew to within one voxel of the other
    assert mri.compare(first, second, rule="default").counts["stable"] == 2


def test_the_table_says_how_each_group_was_matched_and_how_far_it_went():
    change = mri.compare(scan(box(5, 5, 5)), scan(box(9, 9, 9), box(2, 15, 2)), rule="default")
    rows = {row["fate"]: row for row in change.table.iter_rows(named=True)}
    assert rows["stable"]["matched"] == "near"
    assert (rows["stable"]["change_mm3"], rows["stable"]["ratio"]) == (0.0, 1.0)
    assert rows["new"]["matched"] is None
    assert rows["new"]["ratio"] is None
    assert (rows["new"]["r_mm"], rows["new"]["a_mm"], rows["new"]["s_mm"]) == (3.5, 16.5, 3.5)
    assert "no lesion voxel of the visit before" in change.explain(f"group {rows['new']['group']}")


def test_the_ledger_counts_voxels_of_lesions_below_the_limit_too():
    change = mri.compare(
        scan(box(5, 5, 5, SMALL), box(12, 12, 12)),
        scan(box(2, 14, 2, (3, 1, 1)), box(12, 12, 12, (4, 4, 5))),
        rule="default",
    )
    assert change.ledger == {"before": 72, "new": 3, "growth": 16, "resolved": 8, "regress": 0, "after": 83}
    assert (
        "72.0 mm³ before + 3.0 in lesions seen after only + 16.0 growth − 8.0 in lesions seen before only − "
        "0.0 regress = 83.0 mm³ after."
    ) in change.explain()


@pytest.mark.parametrize(
    ("by", "note"), [(0.0, ""), (0.009, ""), (0.05, "taken as one grid"), (0.1, "one grid")]
)
def test_grids_up_to_a_tenth_of_a_voxel_apart_are_one(by, note):
    change = mri.compare(scan(box(5, 5, 5)), scan(box(5, 5, 5), affine=moved(by)), rule="default")
    assert note in change.explain()
    assert ("corresponding corners" in change.explain().lower()) == bool(note)


@pytest.mark.parametrize("by", [0.11, 0.5, 0.99])
def test_grids_up_to_a_voxel_apart_need_a_word(by):
    first, second = scan(box(5, 5, 5)), scan(box(5, 5, 5), affine=moved(by))
    with pytest.raises(InputError, match=rf"up to {by:g} mm \({by:.2g} voxels\) apart.*on_geometry='warn'"):
        mri.compare(first, second, rule="default")
    with pytest.warns(RanvierWarning, match="taken to correspond, as asked for"):
        change = mri.compare(first, second, rule="default", on_geometry="warn")
    assert change.counts["stable"] == 1


def test_grids_further_apart_are_refused_whatever_one_says():
    with pytest.raises(InputError, match="another position or orientation"):
        mri.compare(
            scan(box(5, 5, 5)), scan(box(5, 5, 5), affine=moved(1.2)), rule="default", on_geometry="warn"
        )


def test_a_rotation_and_a_left_right_flip_are_found_though_the_shapes_agree():
    angle = np.deg2rad(10)
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    flipped = np.diag([-1.0, 1, 1, 1])
    for affine in (turned, flipped):
        with pytest.raises(InputError, match="another position or orientation"):
            mri.compare(scan(box(5, 5, 5)), scan(box(5, 5, 5), affine=affine), rule="default")


def test_other_shapes_and_voxel_sizes_are_refused():
    wide = mri.mask_from_array(np.zeros((20, 20, 21)), np.eye(4))
    with pytest.raises(InputError, match=r"shapes \(20, 20, 20\) and \(20, 20, 21\)"):
        mri.compare(scan(), wide, rule="default")
    with pytest.raises(InputError, match="another position"):
        mri.compare(scan(), scan(affine=np.diag([1.0, 1, 1.5, 1])), rule="default")


def test_notes_name_other_hands_edges_and_what_a_resolved_lesion_may_be():
    first = scan(box(5, 5, 5), box(16, 12, 12), tool="rater 1")
    second = scan(box(16, 12, 12), tool="LST-AI 1.2")
    said = mri.compare(first, second, rule="default").explain()
    assert "different hands (rater 1 and LST-AI 1.2)" in said
    assert "1 judged group touches the edge" in said
    assert "before it is called healed" in said
    assert DEFAULT.fingerprint() in said


def test_a_comparison_can_be_written_and_drawn():
    change = mri.compare(scan(box(5, 5, 5)), scan(box(12, 12, 12)), rule="default")
    written = change.to_dict()
    assert written["counts"]["new"] == 1
    assert written["definition"]["fingerprint"] == DEFAULT.fingerprint()
    assert change.plot().get_ylabel() == "change of volume (mm³)"
    assert mri.compare(scan(), scan(), rule="default").plot() is not None
