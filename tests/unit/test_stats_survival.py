"""Time to an event: curves, their words and figures, and the way from visits to a curve."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ranvier as rv

DAYS = [90, 180, 270, 365, 365]
SEEN = [True, False, True, False, False]


def test_rows_of_the_curve():
    table = rv.stats.survival(DAYS, observed=SEEN).table
    assert table.select("day", "at_risk", "events", "censored").rows() == [
        (0, 5, 0, 0), (90, 5, 1, 0), (180, 4, 0, 1), (270, 3, 1, 0), (365, 2, 0, 2),
    ]  # fmt: skip
    assert table["survival"].to_list() == pytest.approx([1, 0.8, 0.8, 0.8 * 2 / 3, 0.8 * 2 / 3])


@pytest.mark.parametrize("events", range(7))
def test_without_censoring_before_the_day_the_interval_is_clopper_pearson(events: int):
    days = [10 * (place + 1) for place in range(events)] + [365] * (6 - events)
    fit = rv.stats.survival(days, observed=[True] * events + [False] * (6 - events))
    found, expected = fit.at(365).estimates[0], rv.stats.proportion(6 - events, 6)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


def test_nobody_with_the_event_gives_the_exact_bound_and_says_it():
    fit = rv.stats.survival([100, 100, 200], observed=[0, 0, 0], event="relapse")
    bound = rv.stats.proportion(0, 3)
    assert fit.at(100).estimates[0].low == pytest.approx(1 - bound.high)
    median = fit.estimates[0]
    assert math.isnan(median.value)
    assert median.high == math.inf
    assert "No relapse in 3 patients: up to day 100" in median.explain()
    assert "could be up to 70.8 %" in median.explain()


def test_beyond_the_last_follow_up_nothing_is_claimed():
    fit = rv.stats.survival(DAYS, observed=SEEN)
    (found,), (last,) = fit.at(400).estimates, fit.at(365).estimates
    assert math.isnan(found.value)
    assert (found.low, found.high) == (0, last.high)
    assert "Nobody was followed to day 400" in found.notes[0]


def test_greenwood_has_no_interval_where_the_curve_is_one():
    (found,) = rv.stats.survival(DAYS, observed=SEEN, method="log-log").at(30).estimates
    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_arms_stand_in_order_and_keep_their_left_out():
    fit = rv.stats.survival([9, 8, 7, None, 0], observed=[1, 0, 1, 1, 0], arm=["b", "a", "b", "b", "a"])
    assert [each.quantity for each in fit.estimates] == ["median time to event, a", "median time to event, b"]
    assert "Left out: 1 (patients without follow-up after the first visit)." in fit.estimates[0].explain()
    assert (
        "Left out: 1 (patients without a time or without a word on the event)." in fit.estimates[1].explain()
    )


def test_order_of_patients_changes_nothing():
    order = [3, 0, 4, 2, 1]
    shuffled = rv.stats.survival([DAYS[i] for i in order], observed=[SEEN[i] for i in order])
    assert shuffled.table.equals(rv.stats.survival(DAYS, observed=SEEN).table)


def test_a_pandas_table_a_mapping_and_arrays_agree():
    expected = rv.stats.survival(DAYS, observed=SEEN).table
    for data in (pd.DataFrame({"days": DAYS, "observed": SEEN}), {"days": DAYS, "observed": SEEN}):
        assert rv.stats.survival(data).table.equals(expected)
    assert rv.stats.survival(np.array(DAYS), observed=np.array(SEEN)).table.equals(expected)


def test_the_difference_of_restricted_means_of_two_arms():
    fit = rv.stats.survival([10, 20, 30, 40], observed=[1, 1, 1, 1], arm=["a", "a", "b", "b"])
    first, second, difference = fit.restricted_mean(20).estimates
    assert (first.value, second.value, difference.value) == (15, 20, 5)
    with pytest.raises(rv.errors.InputError, match=r"follow-up of 'a' ends"):
        rv.stats.survival([10, 40], observed=[0, 1], arm=["a", "b"]).restricted_mean(30)


@pytest.mark.parametrize("bad", [-1, math.nan, math.inf, "x"])
def test_an_impossible_day_is_refused(bad: object):
    with pytest.raises(rv.errors.InputError, match="must be a finite number of days"):
        rv.stats.survival(DAYS, observed=SEEN).at(bad)  # type: ignore[arg-type]


def test_an_impossible_share_is_refused():
    with pytest.raises(rv.errors.InputError, match="between 0 and 1"):
        rv.stats.survival(DAYS, observed=SEEN).quantile(1.5)


VISITS = pl.DataFrame(
    {
        "subject": ["P1"] * 4 + ["P2"] * 4 + ["P3"],
        "day": [-10, 90, 180, 270, 0, 90, 180, 270, 5],
        "edss": [4.0, 4.0, 5.0, 5.0, 4.0, 4.0, 4.0, 4.0, 4.0],
    }
)


def test_what_the_course_gives_is_taken_as_it_is():
    found = rv.course.worsening(VISITS, definition="cdw-12w")
    timed = rv.course.time_to_event(found, VISITS)
    fit = rv.stats.survival(timed, event="worsening")
    assert fit.table["day"].to_list() == [0, 190, 270]
    assert "Left out: 1 (patients without follow-up" in fit.estimates[0].explain()
    assert any("seen at visits" in note for note in fit.notes)
    spans = rv.stats.interval_survival(timed)
    # P1 was seen without it on day 90 and with it on day 180, 100 and 190 days after the first visit.
    assert spans.table.select("left_day", "right_day", "mass").rows() == [(100, 190, 0.5), (270, None, 0.5)]
    assert "lies between" in spans.at(150).estimates[0].notes[0]
    assert spans.at(100).estimates[0].value == 1


def test_half_open_intervals_that_touch_do_not_share_a_day():
    fit = rv.stats.interval_survival([0, 3], right=[3, 6])
    assert fit.table["survival"].to_list() == pytest.approx([0.5, 0])
    assert fit.at(3).estimates[0].value == 0.5


def test_figures_are_drawn_for_any_curve():
    two = rv.stats.survival([9, 8, 7, 6], observed=[1, 0, 1, 0], arm=["a", "a", "b", "b"]).plot()
    assert [text.get_text() for text in two.get_legend().get_texts()] == ["a", "b"]
    assert rv.stats.survival([5], observed=[0]).plot().get_ylabel() == "patients without event, %"
    people = {"subject": ["a", "b"], "days": [300, 365], "arm": ["x", "y"]}
    means = rv.stats.mean_cumulative({"subject": ["a"], "day": [30]}, people)
    assert means.plot().get_ylabel() == "mean number of relapses per patient"
    assert "stats.rate(0" in means.estimates[1].notes[0]


def test_results_are_ready_for_json():
    import json

    fit = rv.stats.survival(DAYS, observed=SEEN)
    data = {"days": DAYS, "observed": SEEN, "x": [1, 0, 2, 4, 3]}
    for result in (fit, fit.at(90), rv.stats.cox(data, covariates="x", method="firth")):
        assert json.loads(json.dumps(result.to_dict()))
        assert result.explain()


def test_weibull_share_at_a_day_for_a_patient():
    seen = {"left_day": [0, 90, 90, 180, 270], "right_day": [90, 180, 180, 270, None], "x": [1, 0, 1, 0, 0]}
    fit = rv.stats.weibull(seen, covariates="x")
    assert fit.at(200, {"x": 1}).value < fit.at(200).value
    with pytest.raises(rv.errors.InputError, match="names"):
        fit.at(200, {"y": 1})
    median = rv.stats.weibull(seen).estimates[-1]
    assert rv.stats.weibull(seen).at(median.value).value == pytest.approx(0.5)


def test_models_without_a_maximum_say_what_to_use_instead():
    one_span = {"left_day": [0, 0, 0], "right_day": [90, 90, 90]}
    with pytest.raises(rv.errors.ConvergenceError, match=r"Use stats\.interval_survival"):
        rv.stats.weibull(one_span)
    people = {"subject": ["a", "b", "c"], "days": [365] * 3, "arm": ["x", "y", "y"]}
    with pytest.raises(rv.errors.ConvergenceError, match=r"Use stats\.rate_ratio"):
        rv.stats.recurrent({"subject": ["a"], "day": [30]}, people, covariates="arm")


def test_hazards_leave_out_patients_who_had_it_at_the_first_visit():
    timed = pl.DataFrame(
        {
            "days": [0, 90, 180, 270],
            "observed": [True, True, True, False],
            "left_day": [None, 0, 90, 270],
            "right_day": [0, 90, 180, None],
            "x": [1, 0, 1, 2],
        }
    )
    fit = rv.stats.cox(timed, covariates="x", method="firth")
    assert fit.estimates[0].n == 3
    assert "Left out: 1 (patients in whom the event was there at the first visit)." in fit.explain()
