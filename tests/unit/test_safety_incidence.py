"""Patients with adverse events, events and time at risk."""

import polars as pl
import pytest

from ranvier import safety
from ranvier.errors import InputError

YEAR = 365.25
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
    "serious": pl.Boolean,
    "related": pl.Boolean,
    "procedure_related": pl.Boolean,
    "grade": pl.Int64,
    "outcome": pl.String,
    "body_system": pl.String,
}


def events(*rows: dict) -> pl.DataFrame:
    """Make events; what is not named is null, serious is no."""
    blank = dict.fromkeys(COLUMNS) | {"term": "headache", "serious": False, "subject": "P1", "day": 1}
    return pl.DataFrame([blank | row for row in rows], schema=COLUMNS)


def line(result, arm: str, event: str) -> dict:
    return result.table.filter(arm=arm, event=event).row(0, named=True)


def test_treated_patients_only_are_in_the_denominator():
    result = safety.incidence(events(), PEOPLE)
    assert line(result, "msc", "any")["n"] == 2
    assert line(result, "sham", "any")["n"] == 1
    assert (result.left_out[0].n, result.left_out[0].reason) == (1, "patients who got no dose")


def test_classes_without_any_event_have_a_row_of_zeros():
    table = safety.incidence(events(), PEOPLE).table
    first = ["arm", "kind", "body_system", "event", "subjects", "events", "n", "percent", "years"]
    assert table.columns[: len(first)] == first
    assert table["event"].to_list() == list(safety.EVENT_CLASSES) * 2
    assert table["subjects"].sum() == table["events"].sum() == 0
    assert table.filter(arm="msc")["years"].to_list() == pytest.approx([1095 / YEAR] * 5)


def test_patients_and_events_are_counted_apart():
    result = safety.incidence(events({"day": 3}, {"day": 9}, {"day": 4, "term": "fever"}), PEOPLE)
    row = line(result, "msc", "any")
    assert (row["kind"], row["subjects"], row["events"], row["n"], row["percent"]) == ("class", 1, 3, 2, 50)
    assert line(result, "msc", "headache")["events"] == 2
    assert line(result, "sham", "headache")["events"] == 0


def test_time_at_risk_ends_at_the_first_event_of_that_kind():
    result = safety.incidence(events({"day": 100}, {"day": 50, "term": "fever"}), PEOPLE)
    assert line(result, "msc", "headache")["years"] == pytest.approx((100 + 730) / YEAR)
    assert line(result, "msc", "any")["years"] == pytest.approx((50 + 730) / YEAR)
    assert line(result, "msc", "serious")["years"] == pytest.approx((365 + 730) / YEAR)


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"serious": True}, "serious"),
        ({"related": True}, "related"),
        ({"procedure_related": True}, "procedure_related"),
        ({"grade": 5}, "fatal"),
        ({"outcome": "fatal"}, "fatal"),
    ],
)
def test_flags_put_an_event_into_its_class(row, name):
    result = safety.incidence(events(row), PEOPLE)
    counted = dict(result.table.filter(arm="msc", kind="class").select("event", "subjects").iter_rows())
    assert {event for event, n in counted.items() if n} == {"any", name}


def test_event_before_the_first_dose_is_not_counted_and_says_why():
    result = safety.incidence(events({"day": -1}), PEOPLE)
    assert line(result, "msc", "any")["events"] == 0
    assert "before the first dose" in result.explain("P1")


def test_event_on_the_day_of_the_dose_counts():
    assert line(safety.incidence(events({"day": 0}), PEOPLE), "msc", "any")["events"] == 1


def test_events_of_untreated_and_unknown_patients_are_not_counted():
    result = safety.incidence(events({"subject": "P3"}, {"subject": "P9"}), PEOPLE)
    assert result.table["events"].sum() == 0
    assert set(result.trace["reason"]) == {"not-treated", "unknown-subject"}


def test_unknown_relation_is_not_called_related_but_is_counted_aloud():
    result = safety.incidence(events({}, {"related": False, "day": 2}), PEOPLE)
    assert line(result, "msc", "related")["events"] == 0
    assert result.left_out[-1].n == 1


def test_patient_whose_last_contact_is_not_known_counts_but_adds_no_time():
    people = PEOPLE.with_columns(
        last_contact_day=pl.when(pl.col("subject") == "P2").then(None).otherwise("last_contact_day")
    )
    result = safety.incidence(events({"day": 100}), people)
    assert line(result, "msc", "serious")["n"] == 2
    assert line(result, "msc", "serious")["years"] == pytest.approx(365 / YEAR)
    late = safety.incidence(events({"subject": "P2", "day": 30}), people)
    assert line(late, "msc", "any")["years"] == pytest.approx((365 + 30) / YEAR)


def test_event_without_a_day_counts_and_gives_no_time():
    result = safety.incidence(events({"day": None}), PEOPLE)
    assert line(result, "msc", "any")["subjects"] == 1
    assert line(result, "msc", "any")["years"] == pytest.approx(730 / YEAR)


def test_events_can_be_listed_by_body_system():
    result = safety.incidence(events({"body_system": "nervous"}), PEOPLE, by="body_system")
    assert line(result, "msc", "nervous")["kind"] == "body_system"


def test_most_frequent_events_come_first():
    rows = [{"term": "fever"}, {"term": "ache"}, {"term": "fever", "subject": "P2"}]
    table = safety.incidence(events(*rows), PEOPLE).table
    assert table.filter(arm="msc", kind="term")["event"].to_list() == ["fever", "ache"]


def test_no_patients_give_an_empty_table_and_still_a_plot():
    result = safety.incidence(events(), PEOPLE.clear())
    assert result.table.is_empty()
    assert result.plot() is not None


def test_arm_without_treated_patients_is_shown_with_zero():
    result = safety.incidence(events(), PEOPLE.with_columns(treated=pl.col("arm") == "msc"))
    assert line(result, "sham", "any")["n"] == 0


def test_plot_names_the_arms_with_their_n():
    legend = safety.incidence(events({}), PEOPLE).plot().get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["msc (n = 2)", "sham (n = 1)"]


def test_optional_columns_may_be_absent():
    bare = events({"serious": True}).select("subject", "day", "term", "serious")
    result = safety.incidence(bare, PEOPLE.drop("last_contact_day"))
    assert line(result, "msc", "serious")["subjects"] == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: safety.incidence(events(), PEOPLE, by="terms"), "Did you mean 'term'"),
        (lambda: safety.incidence(events().drop("serious"), PEOPLE), "lacks the columns \\['serious'\\]"),
        (
            lambda: safety.incidence(events().drop("body_system"), PEOPLE, by="body_system"),
            "lacks the columns \\['body_system'\\]",
        ),
        (
            lambda: safety.incidence(events(), PEOPLE.with_columns(arm=pl.lit(None, dtype=pl.String))),
            "have no arm",
        ),
    ],
)
def test_bad_input_is_refused_with_words(make, words):
    with pytest.raises(InputError, match=words):
        make()
