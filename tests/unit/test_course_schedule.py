"""Which row of visits serves which scheduled visit."""

import polars as pl
import pytest

from ranvier import course
from ranvier.errors import InputError
from ranvier.trial import Protocol, VisitWindow

SCHEDULE = Protocol(
    id="t",
    title="t",
    design="single_arm",
    data_kind="simulated",
    disease="MS",
    visits=(
        VisitWindow(label="baseline", day=0, window=(-30, 0), baseline=True),
        VisitWindow(label="month 3", day=91, window=(-30, 30)),
        VisitWindow(label="month 6", day=183, window=(-30, 30)),
    ),
).schedule


def visits(*rows: tuple[int | None, str | None, float | None]) -> pl.DataFrame:
    """Make visits of patient P1 from (day, label, edss)."""
    return pl.DataFrame(
        [{"subject": "P1", "day": day, "visit": label, "edss": edss} for day, label, edss in rows],
        schema={"subject": pl.String, "day": pl.Int64, "visit": pl.String, "edss": pl.Float64},
    )


def served(frame: pl.DataFrame, visit: str) -> tuple[int | None, float | None]:
    row = course.at_schedule(frame, SCHEDULE).table.filter(visit=visit).row(0, named=True)
    return row["day"], row["value"]


def reasons(frame: pl.DataFrame) -> set[tuple[int | None, str]]:
    trace = course.at_schedule(frame, SCHEDULE).trace
    return set(trace.select("day", "reason").iter_rows())


def test_every_scheduled_visit_has_one_row_even_when_nothing_serves_it():
    table = course.at_schedule(visits((0, "baseline", 4.0)), SCHEDULE).table
    assert table["visit"].to_list() == ["baseline", "month 3", "month 6"]
    assert table["value"].to_list() == [4.0, None, None]
    assert table.columns == ["subject", "visit", "baseline", "planned_day", "day", "value"]


def test_labelled_row_is_preferred_to_a_nearer_unlabelled_one():
    frame = visits((91, None, 3.0), (100, "month 3", 4.0))
    assert served(frame, "month 3") == (100, 4.0)
    assert (91, "another-row-serves") in reasons(frame)
    assert (100, "labelled") in reasons(frame)


def test_labelled_row_outside_its_window_is_not_used_and_an_unlabelled_one_inside_is():
    frame = visits((90, None, 3.0), (140, "month 3", 4.0))
    assert served(frame, "month 3") == (90, 3.0)
    assert (140, "outside-window") in reasons(frame)
    assert (90, "nearest-in-window") in reasons(frame)


def test_row_labelled_for_one_visit_never_serves_another():
    frame = visits((160, "month 3", 4.0))
    assert served(frame, "month 6") == (None, None)


def test_earlier_of_two_equally_near_rows_serves():
    assert served(visits((101, None, 3.0), (81, None, 4.0)), "month 3") == (81, 4.0)


def test_row_with_a_label_that_is_not_scheduled_counts_as_unlabelled():
    assert served(visits((95, "relapse visit", 4.5)), "month 3") == (95, 4.5)


def test_unlabelled_row_between_two_windows_serves_the_nearer_visit_only():
    wide = SCHEDULE.with_columns(
        low_day=pl.col("planned_day") - 60, high_day=pl.col("planned_day") + 60
    ).with_columns(high_day=pl.when("baseline").then(0).otherwise("high_day"))
    table = course.at_schedule(visits((140, None, 4.0)), wide).table
    assert table["day"].to_list() == [None, None, 140]


def test_baseline_is_the_last_row_up_to_the_first_dose():
    frame = visits((-20, None, 4.0), (-2, None, 4.5), (1, None, 3.0))
    assert served(frame, "baseline") == (-2, 4.5)
    assert (-2, "last-before-dose") in reasons(frame)


def test_labelled_baseline_is_preferred_to_a_later_unlabelled_row():
    assert served(visits((-20, "baseline", 4.0), (-2, None, 4.5)), "baseline") == (-20, 4.0)


def test_baseline_after_the_first_dose_is_not_used():
    late = SCHEDULE.with_columns(high_day=pl.when("baseline").then(7).otherwise("high_day"))
    result = course.at_schedule(visits((3, "baseline", 4.0)), late)
    assert result.table["value"].to_list() == [None, None, None]
    assert "after-first-dose" in result.trace["reason"].to_list()


def test_row_after_the_dose_serves_a_later_visit_although_the_baseline_is_nearer():
    late = SCHEDULE.with_columns(
        high_day=pl.when("baseline").then(7).otherwise("high_day"),
        low_day=pl.when(pl.col("visit") == "month 3").then(1).otherwise("low_day"),
    )
    assert course.at_schedule(visits((3, None, 4.0)), late).table["day"].to_list() == [None, 3, None]


def test_row_without_a_value_gives_way_to_one_with_a_value():
    frame = visits((91, "month 3", None), (100, None, 4.0))
    assert served(frame, "month 3") == (100, 4.0)
    assert (91, "not-measured") in reasons(frame)


def test_nan_is_not_a_value():
    assert served(visits((91, "month 3", float("nan"))), "month 3") == (None, None)


def test_row_outside_every_window_and_row_without_a_day_are_traced():
    frame = visits((500, None, 4.0), (None, None, 4.0))
    assert {(500, "no-window"), (None, "no-day"), (None, "no-row")} <= reasons(frame)


def test_every_reason_in_the_trace_has_a_sentence():
    frame = visits(
        (500, None, 4.0), (None, None, 4.0), (-3, None, 4.0), (140, "month 3", 4.0), (91, None, None)
    )
    result = course.at_schedule(frame, SCHEDULE)
    assert set(result.trace["reason"]) <= set(result.reasons)
    assert "nothing was recorded" in result.explain("P1")


def test_expected_patients_without_any_row_are_listed():
    table = course.at_schedule(visits((0, "baseline", 4.0)), SCHEDULE, subjects=["P1", "P2"]).table
    assert table.filter(subject="P2")["value"].to_list() == [None, None, None]


def test_rows_of_patients_not_expected_are_not_looked_at():
    assert course.at_schedule(visits((0, "baseline", 4.0)), SCHEDULE, subjects=[]).table.is_empty()


def test_empty_visits_give_an_empty_table():
    assert course.at_schedule(visits(), SCHEDULE).table.is_empty()


def test_column_of_nulls_gives_no_value():
    frame = pl.DataFrame({"subject": ["P1"], "day": [0], "visit": ["baseline"], "edss": [None]})
    assert course.at_schedule(frame, SCHEDULE).table["value"].null_count() == 3


def test_pandas_and_pyarrow_tables_give_the_same_answer():
    frame = visits((-3, None, 4.0), (90, "month 3", 3.5))
    expected = course.at_schedule(frame, SCHEDULE).table
    for other in (frame.to_pandas(), frame.to_arrow()):
        assert course.at_schedule(other, SCHEDULE.to_pandas()).table.equals(expected)


def test_the_tables_given_are_not_changed():
    frame = visits((-3, None, 4.0))
    before = frame.clone()
    course.at_schedule(frame, SCHEDULE)
    assert frame.equals(before)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: course.at_schedule(visits().drop("day"), SCHEDULE), "lacks the columns \\['day'\\]"),
        (lambda: course.at_schedule(visits().rename({"edss": "edsss"}), SCHEDULE), "Did you mean 'edsss'"),
        (lambda: course.at_schedule(visits(), SCHEDULE, column="rater"), "unknown column of visits"),
        (lambda: course.at_schedule(visits(), SCHEDULE, column="eds"), "Did you mean 'edss'"),
        (lambda: course.at_schedule([1, 2], SCHEDULE), "visits is a list"),
        (lambda: course.at_schedule(visits(), SCHEDULE.drop("low_day")), "schedule lacks the columns"),
        (lambda: course.at_schedule(visits(), SCHEDULE.filter(~pl.col("baseline"))), "found none"),
        (lambda: course.at_schedule(visits(), SCHEDULE, subjects="P1"), "give a list of names"),
        (
            lambda: course.at_schedule(
                pl.DataFrame({"subject": ["P1"], "day": [0], "edss": ["n.d."]}), SCHEDULE
            ),
            "column 'edss' of visits holds String",
        ),
    ],
)
def test_bad_input_is_refused_with_words(make, words):
    with pytest.raises(InputError, match=words):
        make()
