"""Five visits of one constructed patient: every volume and every event of the pack, exactly.

Data: made from the masks of Lesjak et al. 2017, Neuroinformatics, doi 10.1007/s12021-017-9348-7 (CC-BY).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest

from ranvier import mri

pytestmark = [pytest.mark.shared, pytest.mark.usefixtures("shared")]

MONTHS = ("00", "06", "12", "18", "24")
WORDS = {
    "new": "appeared",
    "recurrent": "returned",
    "enlarging": "grew",
    "shrinking": "shrank",
    "resolved": "resolved",
    "split_from": "split from",
}
"""Words of the pack and ours."""


@pytest.fixture
def series(shared: Path) -> Path:
    return shared / "mri" / "serial"


@cache
def tracks(series: Path) -> mri.LesionTracks:
    return mri.track(
        ((f"M{month}", series / f"devseries_M{month}.nii.gz") for month in MONTHS), rule="default"
    )


def profiles(table: pl.DataFrame, columns: list[str]) -> dict[tuple[float, ...], int]:
    """Give the track of each row of volumes; no two tracks of the series have the same."""
    found = {
        tuple(float(value) for value in row[1:]): int(row[0])
        for row in table.select("track", *columns).rows()
    }
    assert len(found) == table.height
    return found


def numbers(series: Path) -> dict[int, int]:
    """Give our number of each track of the pack, by its volumes at the five visits."""
    truth = pl.read_csv(series / "devseries_tracks.csv")
    ours = tracks(series).table.pivot("visit", index="track", values="volume_mm3")
    theirs = profiles(truth, [f"mm3_M{month}" for month in MONTHS])
    mine = profiles(ours, [f"M{month}" for month in MONTHS])
    assert set(theirs) == set(mine)
    return {number: mine[volumes] for volumes, number in theirs.items()}


def test_every_track_has_its_volume_at_every_visit(series: Path) -> None:
    assert sorted(numbers(series)) == list(range(1, 24))


def test_every_event_is_found_and_no_other(series: Path) -> None:
    ours = numbers(series)
    truth = pl.read_csv(series / "devseries_events.csv")
    expected = {
        (f"M{row['visit_month']:02d}", WORDS[row["event"]], ours[row["track"]], ours.get(row["other_track"]))
        for row in truth.iter_rows(named=True)
    }
    found = tracks(series).table.filter(pl.col("event").is_not_null())
    assert set(found.select("visit", "event", "track", "other_track").rows()) == expected
    assert found.height == truth.height


def test_the_counts_of_each_visit_are_those_of_its_mask_and_of_its_comparison(series: Path) -> None:
    masks = [mri.read_mask(series / f"devseries_M{month}.nii.gz") for month in MONTHS]
    for row, mask in zip(tracks(series).visits.iter_rows(named=True), masks, strict=True):
        fit = mri.summary(mask, rule="default")
        assert (row["lesions"], row["volume_mm3"]) == (fit.estimates[0].value, fit.estimates[1].value)
        assert row["marked_mm3"] == mask.n_voxels * mask.voxel_mm3
    for row, before, after in zip(
        tracks(series).visits[1:].iter_rows(named=True), masks, masks[1:], strict=False
    ):
        counts = mri.compare(before, after, rule="default").counts
        assert row["appeared"] + row["returned"] == counts["new"]
        assert (row["grew"], row["shrank"], row["resolved"]) == (
            counts["enlarging"],
            counts["shrinking"],
            counts["resolved"],
        )


def test_the_events_hold_under_the_other_rules_too(series: Path) -> None:
    visits = ((f"M{month}", series / f"devseries_M{month}.nii.gz") for month in MONTHS)
    table = tracks(series).sensitivity(visits).table
    for name, n in {
        "tracks": 23,
        "appeared": 3,
        "returned": 1,
        "grew": 1,
        "resolved": 1,
        "split_from": 1,
    }.items():
        assert table[name].to_list() == [n] * 4, name
