"""Relapses and person-time before and after the first dose."""

import polars as pl
import pytest

from ranvier import course
from ranvier.course import DAYS_PER_YEAR
from ranvier.errors import InputError


def subjects(*rows: tuple[str, bool | None, int | None, int | None]) -> pl.DataFrame:
    """Make patients from (name, treated, last contact, onset)."""
    names = ["subject", "treated", "last_contact_day", "onset_day"]
    schema = dict(zip(names, (pl.String, pl.Boolean, pl.Int64, pl.Int64), strict=True))
    return pl.DataFrame(rows, schema=schema, orient="row")


def relapses(*rows: tuple[str, int | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"subject": pl.String, "day": pl.Int64}, orient="row")


def test_relapses_are_counted_on_both_sides_of_the_first_dose():
    rate = course.relapse_rate(
        relapses(("P1", -365), ("P1", -1), ("P1", 0), ("P1", 730)), subjects(("P1", True, 730, None))
    )
    assert rate.table.columns == ["subject", "period", "relapses", "years"]
    assert rate.table["period"].to_list() == ["before", "after"]
    assert rate.table["relapses"].to_list() == [2, 2]
    assert rate.table["years"].to_list() == pytest.approx([365 / DAYS_PER_YEAR, 730 / DAYS_PER_YEAR])


def test_relapse_outside_the_periods_is_not_counted_and_says_why():
    rate = course.relapse_rate(relapses(("P1", -366), ("P1", 101)), subjects(("P1", True, 100, None)))
    assert rate.table["relapses"].to_list() == [0, 0]
    assert rate.trace["reason"].to_list() == ["too-early", "after-last-contact"]
    assert rate.left_out[3].n == 2


def test_time_before_ends_at_the_onset_of_the_disease():
    rate = course.relapse_rate(relapses(("P1", -100), ("P1", -101)), subjects(("P1", True, 365, -100)))
    assert rate.table["years"][0] == pytest.approx(100 / DAYS_PER_YEAR)
    assert rate.table["relapses"][0] == 1


def test_longer_period_before_can_be_asked_for():
    rate = course.relapse_rate(relapses(("P1", -700)), subjects(("P1", True, 365, None)), before_days=730)
    assert rate.table["relapses"].to_list() == [1, 0]
    assert "730 days before" in rate.explain()


def test_untreated_and_unfollowed_patients_are_left_out_of_both_periods():
    people = subjects(
        ("P1", True, 365, None), ("P2", False, 365, None), ("P3", True, None, None), ("P4", None, 9, None)
    )
    rate = course.relapse_rate(relapses(("P2", 5), ("P3", -5), ("P9", 1)), people)
    assert rate.table["subject"].unique().to_list() == ["P1"]
    assert [left.n for left in rate.left_out] == [2, 1, 1, 0, 0]
    assert "got no dose" in rate.explain("P2")
    assert "missing or before the first dose" in rate.explain("P3")
    assert "not in the table of patients" in rate.explain("P9")


def test_zero_relapses_give_zero_and_not_nothing():
    totals = course.relapse_rate(relapses(), subjects(("P1", True, 365, None))).totals()
    assert totals["relapses"].to_list() == [0, 0]
    assert totals["per_year"].to_list() == [0.0, 0.0]


def test_no_patients_give_two_rows_of_totals_without_a_rate():
    totals = course.relapse_rate(relapses(), subjects()).totals()
    assert totals.to_dicts() == [
        {"period": "before", "subjects": 0, "relapses": 0, "years": 0.0, "per_year": None},
        {"period": "after", "subjects": 0, "relapses": 0, "years": 0.0, "per_year": None},
    ]


def test_patient_seen_only_on_day_0_adds_no_time_after():
    rate = course.relapse_rate(relapses(("P1", 0)), subjects(("P1", True, 0, None)))
    assert rate.table["years"][1] == 0.0
    assert rate.table["relapses"][1] == 1


def test_same_relapse_entered_twice_counts_once():
    rate = course.relapse_rate(relapses(("P1", 10), ("P1", 10)), subjects(("P1", True, 365, None)))
    assert rate.table["relapses"][1] == 1
    assert "repeated" in rate.trace["reason"].to_list()


def test_relapse_without_a_day_is_traced():
    rate = course.relapse_rate(relapses(("P1", None), ("P1", None)), subjects(("P1", True, 365, None)))
    assert rate.trace["reason"].to_list() == ["no-day", "no-day"]


def test_method_says_that_a_fall_is_expected_without_any_effect():
    rate = course.relapse_rate(relapses(), subjects(("P1", True, 365, None)))
    assert "1.72 to 1.0" in rate.explain()
    assert "10.1177/1352458506070820" in rate.references[0]


def test_plot_has_one_line_per_patient():
    people = subjects(("P1", True, 365, None), ("P2", True, 365, None))
    axes = course.relapse_rate(relapses(("P1", -5)), people).plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["P1", "P2"]


def test_onset_column_may_be_absent():
    rate = course.relapse_rate(relapses(), subjects(("P1", True, 365, None)).drop("onset_day"))
    assert rate.table.height == 2


@pytest.mark.parametrize("before", [0, -5, 1.5, True, "365"])
def test_period_before_must_be_a_whole_number_of_days(before):
    with pytest.raises(InputError, match="must be a whole number of 1 or more"):
        course.relapse_rate(relapses(), subjects(), before_days=before)


def test_missing_column_is_named():
    with pytest.raises(InputError, match="subjects lacks the columns \\['treated'\\]"):
        course.relapse_rate(relapses(), subjects().drop("treated"))


def test_patient_with_two_rows_is_refused():
    twice = subjects(("P1", True, 365, None), ("P1", True, 100, None))
    with pytest.raises(InputError, match="\\['P1'\\] have more than one row"):
        course.relapse_rate(relapses(), twice)
