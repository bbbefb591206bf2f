"""Lesions over many visits: numbers that stay, events, missing visits, and the drawing."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterator
from pathlib import Path

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


def events(*visits: list[Box] | None) -> list[tuple[int, str, str, int | None]]:
    """Follow the lesions and give every event: track, visit, event, other track."""
    given = [(f"M{place}", None if boxes is None else scan(*boxes)) for place, boxes in enumerate(visits)]
    table = mri.track(given, rule="default").table.filter(pl.col("event").is_not_null())
    return table.select("track", "visit", "event", "other_track").sort("visit", "track").rows()


BIG, LONG, FLAT, SPECK = (3, 3, 3, 4, 4, 4), (3, 3, 3, 4, 4, 8), (3, 3, 3, 4, 4, 2), (3, 3, 3, 2, 2, 2)
FAR = (12, 12, 12, 4, 4, 3)
LEFT, RIGHT, BRIDGE = (2, 4, 4, 5, 4, 4), (8, 4, 4, 4, 4, 4), (7, 4, 4, 1, 1, 1)
STORIES = {
    "nothing happens": ([[BIG], [BIG], [BIG]], []),
    "no lesion at any visit": ([[], []], []),
    "one comes, goes and comes back under its number": (
        [[FAR], [FAR, BIG], [FAR], [FAR, BIG]],
        [(2, "M1", "appeared", None), (2, "M2", "resolved", None), (2, "M3", "returned", None)],
    ),
    "one grows and shrinks": ([[BIG], [LONG], [BIG]], [(1, "M1", "grew", None), (1, "M2", "shrank", None)]),
    "two merge and the larger goes on": (
        [[LEFT, RIGHT], [LEFT, RIGHT, BRIDGE]],
        [(2, "M1", "merged into", 1)],
    ),
    "one splits and the larger part keeps the number": (
        [[LEFT, RIGHT, BRIDGE], [LEFT, RIGHT]],
        [(2, "M1", "split from", 1)],
    ),
    "merged and split again: the part has a new number": (
        [[LEFT, RIGHT], [LEFT, RIGHT, BRIDGE], [LEFT, RIGHT]],
        [(2, "M1", "merged into", 1), (3, "M2", "split from", 1)],
    ),
    "the largest part keeps the number and the group is judged there": (
        [[LEFT, RIGHT, BRIDGE], [LEFT, (8, 4, 4, 4, 4, 14)]],
        [(1, "M1", "grew", None), (2, "M1", "split from", 1)],
    ),
    "to grow past the size limit alone is no event": ([[SPECK], [(3, 3, 3, 2, 2, 3)]], []),
    "to fall below the size limit alone is no event": ([[(3, 3, 3, 2, 2, 3)], [SPECK]], []),
    "what fell below the limit and then went was counted, so it resolved": (
        [[(3, 3, 3, 2, 2, 3)], [SPECK], []],
        [(1, "M2", "resolved", None)],
    ),
    "a speck comes and goes without event and without a place": (
        [[], [SPECK], [], [BIG]],
        [(2, "M3", "appeared", None)],
    ),
    "a speck at the place of a resolved lesion has its number and no event": (
        [[BIG], [], [SPECK], [LONG]],
        [(1, "M1", "resolved", None), (1, "M3", "grew", None)],
    ),
    "a lesion comes back in two pieces: the larger has the number": (
        [[(3, 3, 3, 12, 3, 3)], [], [(3, 3, 3, 5, 3, 3), (10, 3, 3, 4, 3, 3)]],
        [(1, "M1", "resolved", None), (1, "M2", "returned", None), (2, "M2", "returned", 1)],
    ),
    "within one voxel of its old place it has returned": (
        [[BIG], [], [(7, 3, 3, 4, 4, 4)]],
        [(1, "M1", "resolved", None), (1, "M2", "returned", None)],
    ),
    "two voxels away it is another lesion": (
        [[BIG], [], [(8, 3, 3, 4, 4, 4)]],
        [(1, "M1", "resolved", None), (2, "M2", "appeared", None)],
    ),
    "a place belongs to the lesion seen there last": (
        # the second lesion grows over the place of the first, both are gone, one comes to that place
        [[BIG, FAR], [FAR], [FAR, (3, 3, 3, 10, 10, 10)], [], [BIG]],
        [
            (1, "M1", "resolved", None),
            (2, "M2", "grew", None),
            (2, "M3", "resolved", None),
            (2, "M4", "returned", None),
        ],
    ),
    "a missing visit is bridged": ([[BIG], None, [BIG, FAR]], [(2, "M2", "appeared", None)]),
    "seen once at the edge of the volume": (
        [[], [(16, 5, 5, 4, 4, 4)], []],
        [(1, "M1", "cut", None), (1, "M2", "cut", None)],
    ),
}


@pytest.mark.parametrize(("visits", "expected"), STORIES.values(), ids=STORIES)
def test_what_happened_to_each_lesion(visits, expected):
    assert sorted(events(*visits)) == sorted(expected)


def test_of_two_equal_lesions_the_lower_then_the_posterior_then_the_left_one_goes_on():
    twins = (3, 4, 4, 4, 4, 4), (8, 4, 4, 4, 4, 4)
    tracks = mri.track([(0, scan(*twins)), (1, scan(*twins, BRIDGE))], rule="default")
    first = tracks.table.filter(day=0).select("track", "r_mm").rows()
    assert first == [(1, 4.5), (2, 9.5)]
    assert tracks.table.filter(day=1, track=2)["event"].item() == "merged into"


def test_in_a_group_of_many_each_parent_hands_its_number_on_where_it_can():
    first = scan((3, 4, 4, 9, 3, 3), (3, 8, 4, 9, 3, 4))
    second = scan((3, 4, 4, 3, 7, 4), (9, 4, 4, 3, 7, 3))
    tracks = mri.track([(0, first), (1, second)], rule="default")
    assert tracks.table["track"].n_unique() == 2
    assert tracks.table["event"].null_count() == tracks.table.height
    assert "judged with track 1" in tracks.explain("track 2")


def test_a_missing_visit_is_null_and_a_lesion_that_is_not_seen_is_zero():
    tracks = mri.track([(0, scan(BIG)), (90, None), (180, scan(FAR))], rule="default")
    rows = tracks.table.select("track", "day", "voxels", "volume_mm3", "counted", "r_mm", "event").rows()
    assert rows == [
        (1, 0, 64, 64.0, True, 4.5, None),
        (1, 90, None, None, None, None, None),
        (1, 180, 0, 0.0, False, None, "resolved"),
        (2, 0, 0, 0.0, False, None, None),
        (2, 90, None, None, None, None, None),
        (2, 180, 48, 48.0, True, 13.5, "appeared"),
    ]
    about = tracks.visits.select("visit", "mask", "compared_with", "lesions", "volume_mm3", "appeared").rows()
    assert about == [
        ("day 0", "the array", None, 1, 64.0, None),
        ("day 90", None, None, None, None, None),
        ("day 180", "the array", "day 0", 1, 48.0, 1),
    ]
    assert "No mask at day 90: not known there" in tracks.explain()


def test_the_volume_of_a_visit_is_that_of_the_counted_tracks_and_the_marked_volume_that_of_all():
    tracks = mri.track([("a", scan(BIG, (12, 12, 12, 2, 2, 2)))], rule="default")
    assert tracks.visits.select("lesions", "volume_mm3", "marked_mm3").row(0) == (1, 64.0, 72.0)
    assert tracks.table.select("counted", "voxels").rows() == [(True, 64), (False, 8)]
    assert tracks.counts == dict.fromkeys(tracks.counts, 0)


def test_visits_before_the_first_mask_and_after_the_last_are_kept():
    tracks = mri.track([(0, None), (1, scan(BIG)), (2, None)], rule="default")
    assert tracks.table["voxels"].to_list() == [None, 64, None]
    assert tracks.visits["compared_with"].to_list() == [None, None, None]


def test_masks_are_read_from_files_one_at_a_time(tmp_path: Path):
    nibabel = pytest.importorskip("nibabel")
    for name, boxes in (("a", [BIG]), ("b", [BIG, FAR])):
        image = nibabel.Nifti1Image(scan(*boxes).voxels.astype(np.uint8), np.eye(4))
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    tracks = mri.track([(0, tmp_path / "a.nii.gz"), (90, str(tmp_path / "b.nii.gz"))], rule="default")
    assert tracks.counts["appeared"] == 1
    assert tracks.visits["mask"].to_list() == ["a.nii.gz", "b.nii.gz"]
    twice = mri.track([(0, tmp_path / "a.nii.gz"), (90, tmp_path / "a.nii.gz")], rule="default")
    assert "day 0 and day 90 have the same file" in twice.explain()


def test_scans_without_lesions_are_no_repeated_file(tmp_path: Path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(scan().voxels.astype(np.uint8), np.eye(4))
    nibabel.save(image, tmp_path / "none.nii.gz")
    read = mri.read_mask(tmp_path / "none.nii.gz")
    for notes in (
        mri.track([(0, read), (90, read)], rule="default").notes,
        mri.compare(read, read, rule="default").notes,
        mri.active((read, read), read, rule="default").notes,
    ):
        assert not any("same file" in note for note in notes)


def test_a_hundred_visits_stream_with_at_most_two_masks_in_memory():
    masks: list[weakref.ref] = []
    volumes: list[weakref.ref] = []
    most = []

    def alive(held: list[weakref.ref]) -> int:
        return sum(each() is not None for each in held)

    def visits() -> Iterator[tuple[int, mri.Mask]]:
        for day in range(100):
            mask = scan(BIG, *([FAR] if day % 2 else []))
            masks.append(weakref.ref(mask))
            volumes.append(weakref.ref(mask.voxels))
            most.append((alive(masks), alive(volumes)))
            yield day, mask
            del mask

    tracks = mri.track(visits(), rule="default")
    assert max(max(pair) for pair in most) <= 2
    assert alive(masks) == alive(volumes) == 0
    assert tracks.visits.height == 100
    assert tracks.counts["returned"] == 49
    assert tracks.table["track"].n_unique() == 2


def test_every_mask_is_held_against_the_grid_of_the_first():
    with pytest.raises(InputError, match=r"up to 0.5 mm \(0.5 voxels\) apart.*on_geometry='warn'"):
        mri.track([(0, scan(BIG)), (1, scan(BIG, by=0.5))], rule="default")
    with pytest.warns(RanvierWarning, match="taken to correspond"):
        tracks = mri.track([(0, scan(BIG)), (1, scan(BIG, by=0.5))], rule="default", on_geometry="warn")
    assert "taken to correspond, as asked for" in tracks.explain()
    drift = [(day, scan(BIG, by=0.06 * day)) for day in range(3)]
    with pytest.raises(InputError, match=r"0.12 voxels"):
        mri.track(drift, rule="default")


def test_the_whole_is_explained_with_its_rule_and_its_notes():
    visits = [("M0", scan(BIG, tool="rater 1")), ("M6", scan(FAR, (9, 3, 3, 1, 1, 1), tool="rater 2"))]
    said = mri.track(visits, rule="default").explain()
    assert "2 visits with a mask, 0 without" in said
    assert "2 tracks counted at least once, 1 never" in said
    assert "different hands (rater 1 and rater 2)" in said
    assert "their order is taken as given" in said
    assert "before it is called healed" in said
    assert DEFAULT.fingerprint() in said


def test_one_track_is_explained_visit_by_visit():
    by_day = mri.track([(0, scan(FAR)), (30, scan(BIG, FAR)), (60, scan(FAR))], rule="default")
    assert by_day.explain("track 2") == (
        "day 30, against day 0: from 0 to 64 voxels: appeared — no lesion of the visit before, and no "
        "resolved one, lay here or within the tolerance\n"
        "day 60, against day 30: from 64 to 0 voxels: resolved — no lesion voxel of the visit after overlaps "
        "it or lies within the tolerance"
    )
    by_label = mri.track([("M0", scan(LEFT, RIGHT)), ("M6", scan(LEFT, RIGHT, BRIDGE))], rule="default")
    assert by_label.explain("track 2").startswith("M0, first seen with 64 voxels: no event")
    assert "M6, against M0: from 64 to 0 voxels: merged into track 1" in by_label.explain("track 2")


def test_the_result_can_be_written():
    written = mri.track([(0, scan(BIG)), (1, None)], rule="default").to_dict()
    assert written["table"][1]["volume_mm3"] is None
    assert written["definition"]["fingerprint"] == DEFAULT.fingerprint()
    assert written["visits"][0]["lesions"] == 1


def test_the_events_have_their_row_under_other_rules():
    visits = [(0, scan(BIG)), (30, None), (60, scan((3, 3, 3, 4, 4, 6), (12, 12, 12, 2, 2, 2)))]
    tracks = mri.track(visits, rule="default")
    table = tracks.sensitivity(iter(visits)).table
    assert table.select("changed", "tracks", "appeared", "grew").rows() == [
        (None, 1, 0, 1),
        ("6 neighbours", 1, 0, 1),
        ("≥ 3 mm³", 2, 1, 1),
        ("ratio 1.25", 1, 0, 1),
    ]
    assert table["split_from"].to_list() == [0] * 4
    with pytest.raises(InputError, match="not those of the tracks"):
        tracks.sensitivity(visits[:1])
    waved = [(0, scan(BIG)), (1, scan(LONG, by=0.5))]
    with pytest.warns(RanvierWarning, match="taken to correspond"):
        tracks = mri.track(waved, rule="default", on_geometry="warn")
    assert tracks.sensitivity(waved).table["grew"].to_list() == [1] * 4


def test_the_time_line_has_a_mark_for_each_event_and_a_line_for_each_dose():
    visits = [(0, scan(FAR)), (90, scan(BIG, FAR)), (180, None), (270, scan(FAR)), (360, scan(BIG, FAR))]
    ax = mri.track(visits, rule="default").plot(dose_days=[10, 100])
    words = ax.get_legend_handles_labels()[1]
    assert sorted(words) == ["appeared", "dose", "resolved", "returned"]
    assert sum(line.get_linestyle() == "--" for line in ax.lines) == 2
    assert sum(line.get_linestyle() == ":" for line in ax.lines) == 1
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["2", "1"]  # events first
    marks = {
        tuple(map(tuple, dots.get_paths()[0].vertices))
        for dots in ax.collections
        if dots.get_label() in words
    }
    assert len(marks) == 3  # told apart without colour


def test_many_tracks_are_drawn_up_to_forty_and_the_rest_is_counted():
    values = np.zeros((60, 60, 12), dtype=np.uint8)
    for r in range(2, 56, 6):
        for a in range(2, 56, 6):
            values[r : r + 3, a : a + 3, 2:4] = 1
    again = values.copy()
    again[2:5, 2:5] = 0
    again[8:11, 8:10] = 0
    masks = [mri.mask_from_array(each, np.eye(4)) for each in (values, again)]
    ax = mri.track(list(zip(("M0", "M6"), masks, strict=True)), rule="default").plot()
    assert (
        "40 of 81 tracks drawn; not drawn: 41 without event, 0 never counted, 0 with events"
        in ax.get_xlabel()
    )
    assert len(ax.get_yticklabels()) == 40


def test_empty_masks_can_be_drawn():
    assert mri.track([(0, scan()), (1, scan())], rule="default").plot() is not None


def test_a_rule_can_be_changed_for_the_tracks():
    any_size = dataclasses.replace(DEFAULT, name="any", min_long_axis_mm=None)
    assert mri.track([(0, scan()), (1, scan(SPECK))], rule=any_size).counts["appeared"] == 1
