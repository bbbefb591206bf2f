"""Mistakes of other tools that the course engine must not repeat: one small patient each."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from ranvier import course
from ranvier.course import (
    CDI_12W,
    CDW_12W,
    PIRA_12W,
    ROVING_12W,
    SDMT_4_OR_20,
    Baseline,
    Confirmation,
    Definition,
    Outcome,
    RelapseWindows,
    Selection,
    Window,
)
from ranvier.errors import InputError


def visits(*scores: tuple[int, float], column: str = "edss", subject: str = "P1") -> pl.DataFrame:
    days, values = zip(*scores, strict=True)
    return pl.DataFrame({"subject": [subject] * len(days), "day": days, column: [float(v) for v in values]})


def relapses(*days: int, ends: list[int | None] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {"subject": ["P1"] * len(days), "day": list(days), "end_day": ends or [None] * len(days)},
        schema={"subject": pl.String, "day": pl.Int64, "end_day": pl.Int64},
    )


def change(definition: Definition, **parts: object) -> Definition:
    return dataclasses.replace(definition, **parts)  # type: ignore[arg-type]


def sdmt(**parts: object) -> Definition:
    outcome = (Outcome(column="sdmt", worsening=SDMT_4_OR_20),)
    return change(CDW_12W, outcomes=outcome, **parts)


def days(found: course.CourseEvents) -> list[int]:
    return found.table["day"].to_list()


STEP = visits((0, 4), (90, 4), (180, 5), (270, 5), (360, 5))


def test_order_of_visits_does_not_matter():
    table = course.events(STEP, relapses(170), definition=ROVING_12W).table
    for seed in range(5):
        shuffled = STEP.sample(fraction=1, shuffle=True, seed=seed)
        assert course.events(shuffled, relapses(170), definition=ROVING_12W).table.equals(table)


def test_order_of_relapses_does_not_matter():
    definition = change(ROVING_12W, baseline=Baseline(scheme="roving", after_relapse=True))
    for order in ([20, 170, 300], [300, 20, 170], [170, 300, 20]):
        found = course.events(STEP, relapses(*order), definition=definition)
        assert found.table.select("day", "type").rows() == [(180, "RAW")]


def test_order_of_confirmation_windows_does_not_matter():
    scores = visits((0, 4), (90, 5), (180, 5), (270, 4))
    windows = (Window(days=84, left=7, right=30), Window(days=168, left=7, right=30))
    for order in (windows, windows[::-1]):
        definition = change(CDW_12W, confirmation=Confirmation(windows=order))
        assert course.worsening(scores, definition=definition).table["confirmed_day"].to_list() == [180]


def test_two_values_on_one_day_are_refused_and_not_chosen_by_row_order():
    with pytest.raises(InputError, match="two values of edss on day 90"):
        course.events(visits((0, 4), (90, 5), (90, 4), (180, 5)), definition=CDW_12W)
    same = course.events(visits((0, 4), (90, 5), (90, 5), (180, 5)), definition=CDW_12W)
    assert days(same) == [90]


def test_relapse_end_dates_do_not_turn_every_worsening_into_raw():
    ends = change(ROVING_12W, relapses=dataclasses.replace(ROVING_12W.relapses, end_days=True))
    without = course.events(STEP, relapses(), definition=ends)
    assert without.table["type"].to_list() == ["PIRA"]
    over = course.events(STEP, relapses(30, ends=[60]), definition=ends)
    assert over.table["type"].to_list() == ["PIRA"]
    going_on = course.events(STEP, relapses(30, ends=[200]), definition=ends)
    assert going_on.table["type"].to_list() == ["RAW"]


def test_subthreshold_rebaseline_goes_the_right_way_when_lower_is_worse():
    scores = visits((0, 50), (90, 48), (180, 48), (270, 45), (360, 45), column="sdmt")
    improving = sdmt(baseline=Baseline(scheme="roving", sub_threshold="improvement"))
    worsening = sdmt(baseline=Baseline(scheme="roving", sub_threshold="worsening"))
    assert days(course.worsening(scores, definition=improving)) == [270]  # 45 is 5 below the reference of 50
    assert days(course.worsening(scores, definition=worsening)) == []  # the reference followed down to 48


def test_never_better_keeps_the_worse_score_when_lower_is_worse():
    scores = visits((0, 50), (100, 56), (200, 51), (300, 51), (400, 51), column="sdmt")
    moved = sdmt(baseline=Baseline(after_relapse=True))
    kept = sdmt(baseline=Baseline(after_relapse=True, never_better=True))
    assert days(course.worsening(scores, relapses(60), definition=moved)) == [200]  # from 56
    assert days(course.worsening(scores, relapses(60), definition=kept)) == []  # still from 50


def test_milestone_goes_down_when_lower_is_worse():
    scores = visits((0, 50), (90, 42), (180, 40), (270, 39), column="sdmt")
    assert days(course.milestone(scores, level=40, definition=sdmt())) == [180]


def test_relapse_shortly_before_the_first_visit_counts():
    scores = visits((0, 4), (20, 5), (110, 5), (200, 5))
    definition = change(ROVING_12W, relapses=RelapseWindows(to_baseline=(0, 0)))
    found = course.events(scores, relapses(-40), definition=definition)
    assert found.table.select("day", "type").rows() == [(20, "RAW")]


def test_persistent_relapse_step_is_not_relabelled_pira_with_a_fixed_baseline():
    fixed = change(PIRA_12W, baseline=Baseline())
    found = course.worsening(STEP, relapses(170), definition=fixed)
    assert days(found) == []
    assert "does not ask for events of this kind" in found.explain("P1")
    msprog = course.worsening(STEP, relapses(170), definition=change(fixed, compat="msprog"))
    assert msprog.table.select("day", "type").rows() == [(270, "PIRA")]


def test_persistent_step_is_not_counted_twice_with_a_fixed_baseline():
    scores = visits((0, 4), (90, 5), (180, 5), (270, 5), (360, 5), (450, 5))
    fixed = change(ROVING_12W, baseline=Baseline())
    assert days(course.events(scores, definition=fixed)) == [90]
    assert days(course.events(scores, definition=change(fixed, compat="msprog"))) == [90, 270]


def test_relapse_step_is_not_counted_twice_with_rebaselining():
    scores = visits((0, 4), (60, 4), (90, 5), (180, 5), (270, 5), (360, 5))
    definition = change(
        CDW_12W,
        baseline=Baseline(after_relapse=True),
        relapses=RelapseWindows(to_baseline=(0, 0)),
        selection=Selection(events="all"),
    )
    found = course.events(scores, relapses(50), definition=definition)
    assert found.table.select("day", "type").rows() == [(90, "RAW")]


def test_reference_moves_after_a_relapse_even_if_nothing_has_changed_yet():
    scores = visits((0, 4), (90, 3.5), (180, 3.5), (270, 4.5), (360, 4.5))
    definition = change(CDW_12W, baseline=Baseline(after_relapse=True))
    assert days(course.events(scores, relapses(50), definition=definition)) == [270]
    assert days(course.events(scores, relapses(50), definition=change(definition, compat="msprog"))) == []


def test_milestone_search_goes_on_at_the_next_visit():
    # Day 0 has no confirming visit in its window; day 40 has one.
    scores = visits((0, 6), (40, 6), (130, 6), (200, 5))
    narrow = change(CDW_12W, confirmation=Confirmation(windows=(Window(days=84, left=7, right=14),)))
    assert days(course.milestone(scores, level=6, definition=narrow)) == [40]
    assert days(course.milestone(scores, level=6, definition=change(narrow, compat="msprog"))) == []


def test_milestone_sorts_visits_first():
    scores = visits((180, 6), (0, 5), (90, 6), (270, 6))
    assert days(course.milestone(scores, level=6, definition=CDW_12W)) == [90]


def test_imputation_looks_at_the_place_of_the_visit_and_not_at_its_level():
    imputing = change(CDW_12W, confirmation=Confirmation(impute_probability=1.0))
    early = course.worsening(visits((0, 2), (90, 4), (180, 2)), definition=imputing)
    assert days(early) == []  # the worsening is not at the last visit
    late = course.worsening(visits((0, 4), (90, 4), (180, 6)), definition=imputing)
    assert late.table.select("day", "imputed", "confirmed_day").rows() == [(180, True, None)]


def test_imputation_by_chance_is_seeded_and_hangs_on_no_order():
    imputing = change(CDW_12W, confirmation=Confirmation(impute_probability=0.5, seed=7))
    many = pl.concat([visits((0, 4), (90, 5), subject=f"P{k:02d}") for k in range(40)])
    first = course.worsening(many, definition=imputing).table["subject"].to_list()
    again = course.worsening(many.reverse(), definition=imputing).table["subject"].to_list()
    alone = [
        name for name in many["subject"].unique()
        if course.worsening(many.filter(subject=name), definition=imputing).table.height
    ]  # fmt: skip
    assert first == again == sorted(alone)
    assert 5 < len(first) < 35


def test_window_that_is_no_longer_confirmed_is_dropped_without_a_crash():
    scores = visits((0, 4), (90, 5), (180, 5), (270, 4), (360, 4))
    windows = (Window(days=84, left=7, right=30), Window(days=168, left=7, right=30))
    kept = change(ROVING_12W, confirmation=Confirmation(windows=windows))
    assert course.events(scores, definition=kept).table["confirmed_days"].to_list()[0] == [180, None]
    dropped = change(kept, confirmation=Confirmation(windows=windows, to_end=True))
    assert "not last as long" in course.events(scores, definition=dropped).explain("P1")


def test_search_goes_on_after_an_unconfirmed_worsening():
    scores = visits((0, 4), (90, 5), (180, 4), (270, 5), (360, 5))
    assert days(course.worsening(scores, definition=CDW_12W)) == [270]


def test_tables_of_the_caller_stay_as_they_are():
    before, attacks = STEP.clone(), relapses(170)
    course.events(STEP, attacks, definition=ROVING_12W)
    assert STEP.equals(before)
    assert attacks.equals(relapses(170))


def test_columns_do_not_depend_on_the_data():
    nothing = course.events(visits((0, 4)), definition=CDI_12W).table
    something = course.events(STEP, relapses(170), definition=ROVING_12W).table
    assert nothing.schema == something.schema
    assert nothing.height == 0


def test_sdmt_threshold_is_coded_as_documented():
    rule = SDMT_4_OR_20
    assert [rule.smallest_change(score) for score in (5, 15, 20, 21, 60)] == [1.0, 3.0, 4.0, 4.0, 4.0]
