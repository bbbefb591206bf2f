"""Change of lesion counts and volumes since baseline."""

import polars as pl
import pytest

from ranvier import mri
from ranvier.errors import InputError

SCHEDULE = pl.DataFrame(
    {
        "visit": ["baseline", "month 12"],
        "planned_day": [0, 365],
        "low_day": [-60, 335],
        "high_day": [0, 395],
        "baseline": [True, False],
    }
)


def scans(*rows: tuple[str, int, str, int | None, float | None]) -> pl.DataFrame:
    """Make scans from (patient, day, region, count, volume)."""
    return pl.DataFrame(
        rows,
        schema={
            "subject": pl.String,
            "day": pl.Int64,
            "region": pl.String,
            "t2_count": pl.Int64,
            "t2_volume_mm3": pl.Float64,
        },
        orient="row",
    )


BOTH = scans(
    ("P1", -10, "brain", 12, 900.0),
    ("P1", 360, "brain", 11, 950.0),
    ("P1", -10, "spinal cord", 1, 400.0),
    ("P1", 360, "spinal cord", 3, 250.0),
)


def test_regions_are_kept_apart():
    table = mri.change(BOTH, SCHEDULE).table
    expected = ["subject", "region", "visit", "day", "baseline_day", "baseline", "value", "change"]
    assert table.columns == expected
    assert table.select("region", "change").rows() == [("brain", -1.0), ("spinal cord", 2.0)]


def test_one_region_can_be_asked_for():
    assert mri.change(BOTH, SCHEDULE, region="brain").table["region"].to_list() == ["brain"]


def test_cord_count_that_rises_while_the_volume_falls_is_explained():
    volume = mri.change(BOTH, SCHEDULE, column="t2_volume_mm3", region="spinal cord")
    count = mri.change(BOTH, SCHEDULE, column="t2_count", region="spinal cord")
    assert (count.table["change"].item(), volume.table["change"].item()) == (2.0, -150.0)
    assert "never read without the volume" in count.explain()
    assert "break up into several" in count.explain()


def test_last_scan_before_the_dose_is_the_baseline():
    frame = scans(
        ("P1", -40, "brain", 9, None), ("P1", -5, "brain", 10, None), ("P1", 365, "brain", 10, None)
    )
    assert mri.change(frame, SCHEDULE).table["baseline"].item() == 10.0


def test_scan_without_the_measure_is_left_out_and_counted():
    changes = mri.change(scans(("P1", 0, "brain", 9, None)), SCHEDULE, column="t2_volume_mm3")
    assert changes.table.is_empty()
    assert changes.left_out[0].n == 1
    assert "no scan with this measure at baseline" in changes.explain("P1")


def test_patient_with_one_scan_is_left_out():
    changes = mri.change(scans(("P1", 0, "brain", 9, 1.0)), SCHEDULE)
    assert changes.table.is_empty()
    assert [left.n for left in changes.left_out] == [0, 1]


def test_expected_patient_without_a_scan_is_left_out_in_each_region():
    changes = mri.change(BOTH, SCHEDULE, subjects=["P1", "P2"])
    assert changes.left_out[0].n == 2


def test_no_scans_give_an_empty_table_and_still_a_plot():
    changes = mri.change(scans(), SCHEDULE)
    assert changes.table.is_empty()
    assert changes.plot() is not None


def test_plot_has_one_line_per_patient_and_region():
    axes = mri.change(BOTH, SCHEDULE).plot()
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mri.change(BOTH, SCHEDULE, column="t2_counts"), "Did you mean 't2_count'"),
        (lambda: mri.change(BOTH, SCHEDULE, region="cord"), "unknown region 'cord'"),
        (lambda: mri.change(BOTH, SCHEDULE, column="gad_count"), "mri lacks the columns \\['gad_count'\\]"),
    ],
)
def test_bad_input_is_refused_with_words(make, words):
    with pytest.raises(InputError, match=words):
        make()
