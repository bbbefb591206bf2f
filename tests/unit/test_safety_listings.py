"""Treatment-emergent events, listings, worst grades, first events, exposure, what a stopping rule counts."""

import polars as pl
import pytest

from ranvier import safety
from ranvier.errors import InputError

PEOPLE = pl.DataFrame(
    {
        "subject": ["P1", "P2", "P3", "C1"],
        "arm": ["msc", "msc", "msc", "sham"],
        "treated": [True, True, False, True],
        "last_contact_day": [365, 730, 365, 100],
    }
)
COLUMNS = {
    "subject": pl.String,
    "day": pl.Int64,
    "term": pl.String,
    "end_day": pl.Int64,
    "serious": pl.Boolean,
    "related": pl.Boolean,
    "procedure_related": pl.Boolean,
    "grade": pl.Int64,
    "outcome": pl.String,
    "body_system": pl.String,
}


def events(*rows: dict) -> pl.DataFrame:
    blank = dict.fromkeys(COLUMNS) | {"term": "headache", "serious": False, "subject": "P1", "day": 1}
    return pl.DataFrame([blank | row for row in rows], schema=COLUMNS)


def line(table: pl.DataFrame, arm: str, event: str) -> dict:
    return table.filter(arm=arm, event=event).row(0, named=True)


def test_nested_table_puts_each_system_before_its_terms_and_loses_no_event():
    rows = [
        {"body_system": "nervous"},
        {"body_system": "nervous", "term": "fit", "subject": "P2"},
        {"body_system": "blood", "term": "clot", "day": 3},
        {"term": "odd"},
    ]
    table = safety.incidence(events(*rows), PEOPLE, by="nested").table.filter(arm="msc")
    named = table.filter(pl.col("kind") != "class").select("kind", "body_system", "event", "subjects").rows()
    assert named == [
        ("body_system", "nervous", "nervous", 2),
        ("term", "nervous", "fit", 1),
        ("term", "nervous", "headache", 1),
        ("body_system", "blood", "blood", 1),
        ("term", "blood", "clot", 1),
        ("body_system", "not coded", "not coded", 1),
        ("term", "not coded", "odd", 1),
    ]


def test_grade_rows_count_patients_with_an_event_of_that_grade():
    rows = [{"grade": 1}, {"grade": 3, "day": 2}, {"grade": 3, "subject": "P2"}, {"grade": None, "day": 9}]
    table = safety.incidence(events(*rows), PEOPLE, by="grade").table.filter(arm="msc", kind="grade")
    assert table.select("event", "subjects", "events").rows() == [
        ("grade 1", 1, 1),
        ("grade 3", 2, 2),
        ("grade not recorded", 1, 1),
    ]


def test_among_counts_events_that_belong_to_every_class_named():
    rows = [
        {"serious": True},
        {"serious": True, "related": True, "term": "clot", "day": 5},
        {"related": True},
    ]
    both = safety.incidence(events(*rows), PEOPLE, among=("serious", "related")).table
    assert both.filter(arm="msc", kind="term").select("event", "events").rows() == [("clot", 1)]
    assert line(both, "msc", "any")["events"] == 1


def test_rates_are_per_hundred_years_to_the_first_event_and_of_all_exposure():
    row = line(safety.incidence(events({"day": 100}, {"day": 200}), PEOPLE).table, "msc", "headache")
    assert row["rate_per_100_years"] == pytest.approx(100 * 365.25 / (100 + 730))
    assert row["exposure_years"] == pytest.approx((365 + 730) / 365.25)
    assert row["events_per_100_years"] == pytest.approx(200 * 365.25 / (365 + 730))
    assert (row["onset_first_day"], row["onset_median_day"], row["onset_last_day"]) == (100, 100, 100)


def test_event_without_a_day_is_in_no_rate():
    row = line(safety.incidence(events({"day": None}), PEOPLE).table, "msc", "any")
    assert (row["subjects"], row["rate_per_100_years"], row["onset_first_day"]) == (1, 0, None)


def test_arm_without_exposure_has_no_rate_and_no_percent():
    people = PEOPLE.with_columns(treated=pl.col("arm") == "msc")
    row = line(safety.incidence(events(), people).table, "sham", "any")
    assert (row["n"], row["percent"], row["rate_per_100_years"]) == (0, None, None)


def test_event_after_the_last_contact_counts_and_is_said():
    result = safety.incidence(events({"subject": "C1", "day": 150}), PEOPLE)
    assert line(result.table, "sham", "any")["years"] == pytest.approx(150 / 365.25)
    assert "1 (events after the last contact" in result.explain()


def test_negative_follow_up_is_refused_by_name():
    people = PEOPLE.with_columns(last_contact_day=pl.lit(-4))
    with pytest.raises(InputError, match=r"'P1'.*last seen before their first dose.*-4"):
        safety.incidence(events(), people)


def test_doses_decide_who_was_treated_and_from_when():
    doses = pl.DataFrame({"subject": ["P1", "P1", "P3"], "day": [5, 90, 0]})
    rows = events({"day": 4}, {"day": 5}, {"subject": "P2"}, {"subject": "P3", "day": 0})
    found = safety.treatment_emergent(rows, PEOPLE, doses=doses).table
    assert found.select("subject", "day", "onset", "treatment_emergent", "reason").rows() == [
        ("P1", 4, -1, False, "before-first-dose"),
        ("P1", 5, 0, True, "counted"),
        ("P2", 1, None, False, "not-treated"),
        ("P3", 0, 0, True, "counted"),
    ]
    assert line(safety.incidence(rows, PEOPLE, doses=doses).table, "msc", "any")["n"] == 2


def test_listing_holds_every_serious_event_and_every_death_with_what_does_not_count():
    rows = [
        {"serious": True, "end_day": 3},
        {"serious": True, "subject": "P3", "term": "clot"},
        {"outcome": "fatal", "subject": "C1", "term": "sepsis", "day": None},
        {"term": "cough"},
    ]
    table = safety.serious_listing(events(*rows), PEOPLE).table
    assert table.select("term", "duration_days", "treatment_emergent", "reason").rows() == [
        ("headache", 3, True, "counted"),
        ("clot", None, False, "not-treated"),
        ("sepsis", None, True, "day-unknown"),
    ]


def test_worst_grade_of_each_patient():
    rows = [{"grade": 1}, {"grade": 3, "day": 2}, {"grade": 5, "day": -2}, {"subject": "P2"}]
    result = safety.worst_grade(events(*rows), PEOPLE)
    assert result.table.select("subject", "grade", "ungraded", "worst").rows() == [
        ("P1", 3, 0, "grade 3"),
        ("P2", None, 1, "not recorded"),
        ("C1", None, 0, "none"),
    ]
    counts = result.counts()
    assert counts.group_by("arm").agg(pl.col("subjects").sum(), pl.col("n").first()).sort("arm").rows() == [
        ("msc", 2, 2),
        ("sham", 1, 1),
    ]
    assert counts.height == 2 * len(safety.WORST_GRADES)
    assert {bar.get_width() for bar in result.plot().patches} == {0, 50, 100}


def test_worst_grade_by_term_counts_patients_without_the_event_as_none():
    counts = safety.worst_grade(events({"grade": 2}), PEOPLE, by="term").counts()
    assert counts.filter(arm="msc", worst="none")["subjects"].item() == 1


def test_first_events_and_their_curve():
    rows = [{"day": 10}, {"day": 5, "serious": True}, {"subject": "C1", "day": 100, "serious": True}]
    result = safety.first_events(events(*rows), PEOPLE, among="serious")
    assert result.table.select("subject", "observed", "days", "reason").rows() == [
        ("P1", True, 5, "event"),
        ("P2", False, 730, "end-of-follow-up"),
        ("C1", True, 100, "event"),
    ]
    assert result.curve().rows() == [
        ("msc", 0, 2, 0, 0.0),
        ("msc", 5, 2, 1, 0.5),
        ("msc", 730, 1, 0, 0.5),
        ("sham", 0, 1, 0, 0.0),
        ("sham", 100, 1, 1, 1.0),
    ]
    assert "at risk" in {text.get_text() for text in result.plot().texts}


def test_first_event_without_a_day_is_not_at_risk():
    result = safety.first_events(events({"day": None}), PEOPLE)
    assert result.table.filter(subject="P1").select("observed", "days", "reason").row(0) == (
        True,
        None,
        "onset-unknown",
    )


def test_events_and_exposure_add_up():
    table = safety.cumulative_events(events({"day": 365}, {"day": 400, "subject": "P2"}), PEOPLE).table
    rows = table.filter(arm="msc").select("day", "at_risk", "total_events", "mean_events", "exposure_years")
    assert [row[:4] for row in rows.rows()] == [
        (0, 2, 0, 0),
        (365, 2, 1, 0.5),
        (400, 1, 2, 1.5),
        (730, 1, 2, 1.5),
    ]
    assert rows["exposure_years"].to_list() == pytest.approx([0, 730 / 365.25, 765 / 365.25, 1095 / 365.25])


def test_total_exposure_is_that_of_the_incidence():
    total = safety.incidence(events(), PEOPLE).table.filter(event="any").select("arm", "exposure_years")
    over = (
        safety.cumulative_events(events(), PEOPLE).table.group_by("arm").agg(pl.col("exposure_years").max())
    )
    assert dict(total.iter_rows()) == pytest.approx(dict(over.iter_rows()))
    safety.cumulative_events(events({}), PEOPLE).plot()


def test_a_rule_counts_patients_with_the_event_and_those_followed_for_long_enough():
    rows = [
        {"serious": True, "grade": 4, "day": 20},
        {"serious": True, "grade": 2, "day": 5},
        {"serious": True, "grade": 4, "day": 40, "subject": "P2"},
        {"serious": True, "subject": "C1"},
    ]
    result = safety.monitored_patients(events(*rows), PEOPLE, min_grade=3, window_days=30, arms=["msc"])
    assert result.table.select("subject", "status", "events", "onset").rows() == [
        ("P1", "event", 1, 20),
        ("P2", "complete", 0, None),
    ]
    short = safety.monitored_patients(events(), PEOPLE, window_days=200)
    assert dict(short.table.select("subject", "status").iter_rows())["C1"] == "pending"


def test_a_death_counts_as_serious_whatever_its_flag_says():
    dead = events({"outcome": "fatal"})
    assert safety.monitored_patients(dead, PEOPLE).table.filter(subject="P1")["status"].item() == "event"
    left = {left.reason: left.n for left in safety.incidence(dead, PEOPLE).left_out}
    assert left["fatal events not marked as serious, absent from `serious`"] == 1


def test_an_event_without_a_grade_is_not_counted_and_is_said():
    result = safety.monitored_patients(events({"serious": True}), PEOPLE, min_grade=3)
    assert "1 (events without a grade, not counted by the rule)" in result.explain()


def test_every_event_has_its_reason_in_words():
    assert "before the first dose" in safety.serious_listing(events({"day": -3}), PEOPLE).explain("P1")
