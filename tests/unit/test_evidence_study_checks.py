"""Each check of a table of studies: a table in which it is found, and one in which it is not."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import ranvier as rv
from ranvier.evidence import STUDY_RULES, check_studies, implied_patients, interval_place, possible_percent
from ranvier.tables import FINDING_SCHEMA

BASE: dict[str, Any] = {"study": ["A", "B"], "events": [2, 3], "n": [10, 12]}

# rule, columns in which it is found, columns in which it is not, the value at fault
FOUND: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("unit-mixed", {"unit": ["patients", "injections"]}, {"unit": ["patients", None]}, "injections"),
    ("unit-not-patients", {"unit": ["eyes", "eyes"]}, {"unit": ["patients"] * 2}, "eyes"),
    ("percent-of-n", {"percent": [20.0, 29.0]}, {"percent": [20.0, 25.0]}, "29 % of 12, with the count 3"),
    ("sum-of-parts", {"improved": [2, 3], "stable": [8, 5], "worse": [0, 5]},
     {"improved": [2, 3], "stable": [8, 5], "worse": [0, 4]}, "3 + 5 + 5 = 13, n 12"),
    ("overlap", {"overlap_group": ["x", "x"]}, {"overlap_group": ["x", "y"]}, "x: A"),
    ("study-twice", {"study": ["A", "A"]}, {}, "A"),
    ("rct-as-single-arm", {"design": ["single_arm", "rct_parallel"]}, {"design": ["single_arm"] * 2},
     "rct_parallel"),
    ("rct-as-single-arm", {"n_controls": [0, 11]}, {"n_controls": [0, None]}, "11 controls"),
    ("registered-n", {"n_registered": [13, None]}, {"n_registered": [10, 12]}, "13 registered, 10 reported"),
    ("registered-n", {"n_registered": [46, None], "n_control": [8, 8]},
     {"n_registered": [18, 20], "n_control": [8, 8]}, "46 registered, 18 reported"),
    ("blank-as-zero", {"events": [0, 3], "statement": [None, None]},
     {"events": [0, 3], "statement": ["none seen", None]}, "0"),
    ("certainty-d", {"certainty": ["A", "D"]}, {"certainty": ["A", "B"]}, "D"),
    ("certainty-c", {"certainty": ["A", "C"]}, {"certainty": ["A", "B"]}, "C"),
    ("interval-level", {"level": ["90", "95"]}, {"level": [None, "0.95"]}, "90"),
    ("interval-level", {"level": ["IQR", "95"]}, {"level": ["95", "95 %"]}, "IQR"),
    ("percent-beyond", {"percent": [20.0, 25.0], "low": [-2.0, None], "high": [42.0, None]},
     {"percent": [20.0, 25.0], "low": [2.5, None], "high": [55.6, None]}, "20 -2 42"),
    ("percent-beyond", {"percent": [120.0, 25.0]}, {"percent": [20.0, 25.0]}, "120"),
    ("implied-n", {"percent": [20.0, 25.0], "low": [18.0, None], "high": [22.0, None]},
     {"percent": [20.0, 25.0], "low": [2.5, None], "high": [55.6, None]},
     "18 to 22 needs 1537 patients, there were 10"),
    ("centring", {"percent": [20.0, 25.0], "low": [19.0, None], "high": [60.0, None]},
     {"percent": [20.0, 25.0], "low": [2.5, None], "high": [55.6, None]}, "20 in 19 to 60"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "bad", "good", "value"), FOUND, ids=[f"{row[0]}-{row[3]}" for row in FOUND])
def test_check_finds_what_it_should_and_nothing_else(rule, bad, good, value):
    found = check_studies({**BASE, **bad}).filter(rule=rule)
    assert found.columns == list(FINDING_SCHEMA)
    assert found["value"].to_list()[-1] == value
    assert found["severity"][0] == STUDY_RULES[rule].severity
    assert found["message"][0]
    assert found["advice"][0]
    assert check_studies({**BASE, **good}).filter(rule=rule).is_empty()


def test_every_rule_is_tried_above():
    # The correlation of changes needs a measure: tests/unit/test_evidence_correlation.py.
    assert {row[0] for row in FOUND} == set(STUDY_RULES) - {"correlation-default"}


def test_clean_table_has_no_finding():
    assert check_studies(BASE).is_empty()


def test_errors_come_first_and_rows_are_numbered_as_in_a_file():
    found = check_studies({**BASE, "certainty": ["C", "D"]}, file="mine.csv")
    assert found.select("severity", "row", "file").rows() == [
        ("error", 3, "mine.csv"),
        ("query", 2, "mine.csv"),
    ]


def test_one_arm_of_a_randomised_trial_is_no_finding_when_two_arms_are_compared():
    table = {**BASE, "design": ["rct_parallel"] * 2, "events_control": [1, 2], "n_control": [9, 11]}
    assert check_studies(table, measure="risk ratio").is_empty()
    assert check_studies(table, measure="logit proportion").height == 2


def test_groups_are_compared_within_themselves_only():
    table = {**BASE, "overlap_group": ["x", "x"], "cells": ["MSC", "NSC"]}
    assert check_studies(table, by="cells").is_empty()


def test_bounds_without_a_percentage_may_be_of_anything():
    assert check_studies({**BASE, "low": [0.5, 0.6], "high": [1.5, 1.4]}).is_empty()


@pytest.mark.parametrize("n", [1, 3, 7, 10, 27, 144, 691])
def test_every_count_gives_a_possible_percentage_at_any_rounding(n):
    for count in range(n + 1):
        for digits in (0, 1, 2):
            assert possible_percent(round(100 * count / n, digits), n)[0]
            assert possible_percent(round(100 * count / n, digits), n, events=count) == (True, count)


def test_a_percentage_is_possible_exactly_when_some_count_rounds_to_it():
    for n in (5, 12, 20):
        possible = {f"{100 * count / n:.1f}" for count in range(n + 1)}
        for tenth in range(1001):
            shown = tenth / 10
            if shown != int(shown):  # a whole number of percent allows more, because its zero is not seen
                assert possible_percent(shown, n)[0] == (f"{shown:.1f}" in possible), (shown, n)


def test_implied_patients_are_those_of_the_wald_interval():
    share, n = 0.3, 250
    reach = 100 * 1.959963984540054 * (share * (1 - share) / n) ** 0.5
    assert implied_patients(30, 30 - reach, 30 + reach) == pytest.approx(n)
    assert implied_patients(30, 30, 30) == float("inf")
    assert implied_patients(0, 0, 30) == 0


@pytest.mark.parametrize(
    ("value", "low", "high", "scale", "place"),
    [(0.94, 0.58, 1.50, "ratio", 0.51), (0.07, 0.02, 0.24, "ratio", 0.50),
     (-0.35, -0.79, 0.08, "difference", 0.51), (2.1, 1.3, 3.4, "percent", 0.50),
     (50, 20, 80, "percent", 0.50),
     (5, 6, 9, "difference", -1 / 3)],
)  # fmt: skip
def test_place_of_a_value_in_its_interval(value, low, high, scale, place):
    assert interval_place(value, low, high, scale=scale) == pytest.approx(place, abs=0.005)


def test_place_cannot_be_said_at_the_end_of_a_scale():
    assert interval_place(0, 0, 30.8, scale="percent") is None
    assert interval_place(1, 1, 1, scale="ratio") is None


def test_a_table_with_an_error_is_not_pooled():
    with pytest.raises(rv.errors.InputError, match=r"study 'B', percent: 29 % of 12"):
        rv.evidence.pool_table({**BASE, "percent": [20.0, 29.0]}, measure="logit proportion")


def test_groups_are_pooled_by_themselves_and_as_pool_does():
    table = pl.DataFrame(
        {"study": list("ABCD"), "events": [2, 3, 5, 6], "n": [10, 12, 9, 20], "by": list("xyxy")}
    )
    found = rv.evidence.pool_table(table, measure="logit proportion", by="by")
    assert list(found.pools) == ["x", "y"]
    sizes = rv.evidence.effect_size(table.filter(by="x"), measure="logit proportion")
    assert found.pools["x"].estimates[0] == rv.evidence.pool(sizes).estimates[0]
    assert "no difference between groups was tested" in found.explain()


def test_effects_and_variances_are_pooled_without_a_measure():
    table = {"study": ["A", "B"], "effect": [0.1, 0.3], "variance": [0.01, 0.02]}
    found = rv.evidence.pool_table(table, method="common", interval="wald")
    assert found.pools["all studies"].estimates[0].value == pytest.approx(0.5 / 3)


@pytest.mark.parametrize(
    "table", [BASE, {"effect": [0.1, 0.3], "variance": [0.01, 0.02]}], ids=["counts", "effects"]
)
def test_ahsct_is_never_pooled_with_other_cells(table):
    measure = "logit proportion" if "events" in table else None
    mixed = {**table, "cell_class": ["MSC", "aHSCT"]}
    with pytest.raises(rv.errors.InputError, match="never pooled with other cells"):
        rv.evidence.pool_table(mixed, measure=measure)
    apart = rv.evidence.pool_table(mixed, measure=measure, by="cell_class")
    assert list(apart.pools) == ["MSC", "aHSCT"]


def test_counts_of_the_registry_carry_their_cells_so_that_ahsct_cannot_be_mixed_in():
    with pytest.raises(rv.errors.InputError, match="never pooled with other cells"):
        rv.evidence.effect_size(rv.evidence.outcome_counts("edss_improved"), measure="logit proportion")


# counts that papers printed and that cannot be right, each with the check that says so
def test_hamerschlak_parts_of_the_review_table_are_no_counts_of_20():
    assert not any(possible_percent(percent, 20)[0] for percent in (86.7, 9.5, 4.8))
    assert possible_percent(4.8, 21) == (True, 1)
    assert possible_percent(9.5, 21) == (True, 2)


def test_percentages_of_37_patients_in_the_intrathecal_series_are_of_146_injections():
    rows = rv.evidence.registry().safety_of("it_bmmsc37_2019").filter(count_type="events")
    for events, n in rows.select("n_events", "n_at_risk").iter_rows():
        printed = round(100 * events / n, 1)
        assert n == 146
        assert not possible_percent(printed, 37, events=events)[0]


def test_thyroid_percentages_of_burt_2021_have_another_denominator():
    assert not possible_percent(3.5, 507, events=16)[0]
    assert possible_percent(3.5, 457, events=16)[0]


@pytest.mark.parametrize(
    ("value", "low", "high", "scale"),
    [(-0.35, -0.79, 0.08, "difference"), (-0.75, -4.16, 2.66, "difference"), (0.99, 0.61, 1.62, "ratio"),
     (1.61, 1.19, 2.19, "ratio"), (2.1, 1.3, 3.4, "percent"), (53, 21, 85, "percent"),
     (58, 38, 77, "percent")],
)  # fmt: skip
def test_pools_of_the_field_that_are_right_are_not_accused(value, low, high, scale):
    place = interval_place(value, low, high, scale=scale)
    assert place is not None
    assert 0.25 <= place <= 0.75
