"""The spinal cord: lengths, levels, share of the cord and two visits, on a cord of 5 x 5 x 60 voxels."""

from __future__ import annotations

import numpy as np
import pytest

from ranvier import mri
from ranvier.errors import InputError

AFFINE = np.diag([1.0, 1.0, 2.0, 1.0])
SHAPE = (7, 30, 60)


def lesion(*runs: tuple[int, int], affine: np.ndarray = AFFINE, width: int = 1) -> mri.Mask:
    """Make lesions that run from slice to slice, both included."""
    values = np.zeros(SHAPE)
    for low, high in runs:
        values[3, 15 : 15 + width, low : high + 1] = 1
    return mri.mask_from_array(values, affine, tool="test", name="scan")


def levels(affine: np.ndarray = AFFINE) -> mri.LabelMap:
    """Give C4 below slice 20, C3 up to 40, C2 above; only within the cord."""
    values = np.zeros(SHAPE)
    values[1:6, :, :20], values[1:6, :, 20:40], values[1:6, :, 40:] = 4, 3, 2
    return mri.labels_from_array(values, affine, name="levels")


def straight(low: int = 0, high: int = 59) -> mri.Mask:
    values = np.zeros(SHAPE)
    values[1:6, 13:18, low : high + 1] = 1
    return mri.mask_from_array(values, AFFINE, name="cord")


def slanted(per_slice: float) -> mri.Mask:
    """Make a cord whose centre moves backwards by a share of a voxel in each slice."""
    values = np.zeros(SHAPE)
    for k in range(60):
        start = 3 + round(per_slice * k)
        values[1:6, start : start + 5, k] = 1
    return mri.mask_from_array(values, AFFINE, name="slanted")


def test_length_is_slices_times_their_distance():
    found = mri.cord(lesion((5, 24), (50, 52)), rule="default")
    assert found.table.select("length_mm", "bottom_mm", "top_mm").rows() == [(40, 10, 50), (6, 100, 106)]
    assert (found.length_mm, found.longest_mm, found.counts["lesions"]) == (46.0, 40.0, 2)
    assert found.volume_mm3 == 46.0


def test_only_counted_lesions_enter_the_sums():
    found = mri.cord(lesion((5, 24), (50, 50)), rule="default")
    assert found.table["counted"].to_list() == [True, False]
    assert (found.length_mm, found.counts["lesions"]) == (40.0, 1)


def test_levels_touched_and_longitudinally_extensive():
    found = mri.cord(lesion((19, 40), (45, 59)), rule="default", levels=levels())
    assert found.table.select("levels", "n_levels", "letm").rows() == [
        ("C2 C3 C4", 3, True),
        ("C2", 1, False),
    ]
    assert found.counts == {"lesions": 2, "letm": 1}
    assert mri.cord(lesion((20, 59)), rule="default", levels=levels()).counts["letm"] == 0


def test_without_levels_a_long_lesion_is_not_called_extensive():
    found = mri.cord(lesion((0, 59)), rule="default")
    assert found.table.select("levels", "n_levels", "letm").row(0) == (None, None, None)
    assert found.counts["letm"] is None
    assert "not guessed from the length" in found.explain()
    assert "not known how many over at least 3" in found.explain()


def test_a_lesion_where_the_map_has_no_level_leaves_the_number_open():
    values = levels().voxels.copy()
    values[:, :, 40:] = 0
    bare = mri.labels_from_array(values, AFFINE)
    found = mri.cord(lesion((5, 10), (45, 59)), rule="default", levels=bare)
    assert found.table["letm"].to_list() == [None, False]
    assert found.counts["letm"] is None
    assert any("1 counted lesion where" in note for note in found.notes)


def test_the_names_of_the_levels():
    assert [mri.LEVELS[label - 1] for label in (1, 7, 8, 19, 20, 24)] == ["C1", "C7", "T1", "T12", "L1", "L5"]


def test_the_arc_of_a_straight_cord_is_its_length():
    found = mri.cord(lesion((5, 24)), rule="default", cord=straight())
    assert found.table["arc_length_mm"][0] == pytest.approx(40.0, rel=1e-12)


@pytest.mark.parametrize("slope", [0.1, 0.25, 0.4])
def test_the_arc_of_a_slanted_cord_is_that_of_its_straight_line(slope):
    found = mri.cord(lesion((15, 44)), rule="default", cord=slanted(slope))
    exact = 30 * np.hypot(2.0, slope)  # slices are 2 mm apart, voxels 1 mm
    assert found.table["arc_length_mm"][0] == pytest.approx(exact, rel=2e-3)


def test_a_turned_grid_gives_the_same_arc():
    turned = np.eye(4)
    angle = 0.3
    turned[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine = turned @ AFFINE
    cord = mri.mask_from_array(slanted(0.25).voxels, affine)
    plain = mri.cord(lesion((15, 44)), rule="default", cord=slanted(0.25)).table
    found = mri.cord(lesion((15, 44), affine=affine), rule="default", cord=cord).table
    assert found["arc_length_mm"][0] == pytest.approx(plain["arc_length_mm"][0], rel=1e-12)


def test_a_gap_in_the_cord_is_bridged_and_slices_beyond_it_are_not_guessed():
    values = straight().voxels.copy()
    values[:, :, 12] = False
    gap = mri.mask_from_array(values, AFFINE)
    assert mri.cord(lesion((5, 24)), rule="default", cord=gap).table["arc_length_mm"][0] == pytest.approx(40)
    found = mri.cord(lesion((5, 24)), rule="default", cord=straight(low=10))
    assert found.table["arc_length_mm"].to_list() == [None]
    assert any("slices beyond cord" in note for note in found.notes)


def test_the_damage_ratio_is_the_largest_share_in_a_slice():
    values = lesion((5, 24)).voxels.copy()
    values[2:5, 14:17, 10] = True
    mask = mri.mask_from_array(values, AFFINE)
    found = mri.cord(mask, rule="default", cord=straight())
    assert found.table["max_axial_damage_ratio"].to_list() == [9 / 25]
    assert mri.cord(mask, rule="default").table["max_axial_damage_ratio"].to_list() == [None]


def test_voxels_outside_the_cord_do_not_enter_the_share_and_are_said():
    found = mri.cord(lesion((5, 24), width=6), rule="default", cord=straight())
    assert found.table["max_axial_damage_ratio"].to_list() == [3 / 25]
    assert any("60 lesion voxels of 120 outside cord" in note for note in found.notes)


def test_a_cord_without_lesions():
    found = mri.cord(lesion(), rule="default", levels=levels(), cord=straight())
    assert found.counts == {"lesions": 0, "letm": 0}
    assert (found.length_mm, found.longest_mm, found.volume_mm3) == (0.0, 0.0, 0.0)
    assert found.plot().get_title() == found.name


def test_the_sentence_on_counts_is_always_there():
    assert "Never read the count alone" in mri.cord(lesion((5, 24)), rule="default").explain()
    again = mri.compare_cord(lesion((5, 24)), lesion((5, 24)), rule="default").explain()
    assert again.count("Never read the count alone") == 1


def test_two_visits_beside_each_other():
    before, after = lesion((10, 45)), lesion((10, 14), (25, 29), (40, 45), (55, 58))
    change = mri.compare_cord(before, after, rule="default", levels=levels())
    rows = {row[0]: row[2:] for row in change.table.rows()}
    assert rows["counted lesions"] == (1, 4, 3)
    assert rows["summed length"] == (72, 40, -32)
    assert rows["longest lesion"] == (72, 12, -60)
    assert rows["lesions over at least three levels"] == (1, 0, -1)
    assert rows["new lesions"] == (None, 1, None)
    assert rows["lesions that broke up"] == (None, 1, None)
    assert "The count rose although the volume fell: 1 lesion broke up" in change.explain()
    assert change.explain("group 1").endswith("within the tolerance")
    assert change.to_dict()["after"]["counts"]["lesions"] == 4


def test_new_lesions_are_said_beside_a_lesion_that_broke_up():
    before = lesion((20, 49))
    after = lesion((20, 24), (45, 49), (4, 7), (10, 13), (53, 56))
    change = mri.compare_cord(before, after, rule="default")
    assert change.comparison.counts["new"] == 3
    assert "1 lesion broke up into pieces; 3 new lesions appeared as well." in change.explain()


def test_the_notes_of_the_comparison_are_those_of_the_cord_too():
    change = mri.compare_cord(lesion((10, 20), (30, 40)), lesion((10, 20)), rule="default")
    assert set(change.comparison.notes) <= set(change.notes)
    assert any("atrophied lesion volume" in note for note in change.notes)
    assert len(change.references) == len(set(change.references))


def test_lesions_that_grew_past_the_limit_have_not_broken_up():
    spots = np.zeros(SHAPE)
    spots[3, 15, 20] = spots[3, 16, 21] = 1  # one component of two voxels, below 6 mm³
    grown = np.zeros(SHAPE)
    grown[3, 15, 15:21] = grown[3, 18, 21:27] = 1
    change = mri.compare_cord(
        *(mri.mask_from_array(values, AFFINE, name="scan") for values in (spots, grown)),
        rule=mri.Rule(name="six", source="test", min_volume_mm3=6.0, match_tolerance_voxels=2),
    )
    rows = {row[0]: row[2:] for row in change.table.rows()}
    assert change.comparison.counts["split"] == 1
    assert rows["counted lesions"] == (0, 2, 2)
    assert rows["lesions that broke up"] == (None, 0, None)


def test_a_lesion_that_enlarged_into_two_has_not_broken_up():
    change = mri.compare_cord(lesion((20, 29)), lesion((12, 23), (26, 40)), rule="default")
    assert change.comparison.table.select("fate", "topology").rows() == [("enlarging", "split")]
    assert dict(change.table.select("measure", "after").iter_rows())["lesions that broke up"] == 0


def test_the_strip_shows_levels_lengths_and_what_is_new():
    before, after = lesion((10, 45)), lesion((10, 14), (55, 58), (30, 30))
    ax = mri.compare_cord(before, after, rule="default", levels=levels()).plot()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["C2", "C3", "C4"]
    assert {text.get_text() for text in ax.texts} == {"72 mm", "10 mm", "8 mm"}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "lesion, counted",
        "lesion, new",
        "lesion, below the size limit",
    ]
    assert ax.get_xticklabels()[1].get_text().startswith("after\n2 lesions\n18 mm")


def test_lesions_beside_each_other_get_lanes():
    values = np.zeros(SHAPE)
    values[2, 14, 5:20] = values[4, 16, 10:30] = 1
    ax = mri.cord(mri.mask_from_array(values, AFFINE), rule="default").plot()
    first, second = [patch.get_bbox() for patch in ax.patches[1:]]
    assert first.x1 == pytest.approx(second.x0)
    assert ax.get_ylabel() == "mm above the lower end of the volume"


def test_a_map_of_another_grid_and_labels_of_points_are_refused():
    with pytest.raises(InputError, match="Resample the map to the grid of the mask"):
        mri.cord(lesion((5, 24)), rule="default", levels=levels(AFFINE + np.eye(4, k=3) * 9))
    points = levels().voxels.copy()
    points[3, 3, 3] = 49
    with pytest.raises(InputError, match=r"label 49; a map of vertebral levels has 1 \(C1\) to 24 \(L5\)"):
        mri.cord(lesion((5, 24)), rule="default", levels=mri.labels_from_array(points, AFFINE))
