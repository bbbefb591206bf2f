"""Arms against the control arm: the numbers are those of `stats`, and the design says what they mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import polars as pl
import pytest

from ranvier import stats
from ranvier.report import build
from ranvier.trial import Arm, Trial
from ranvier.verdict import analyse

CONTROL = Arm(id="control", label="Placebo", role="control")


def eight_patients(rows) -> None:
    """Copy the two patients, four times each; every second one is in the control arm."""
    for name, table in list(rows.items()):
        rows[name] = [row | {"subject": f"{row['subject']}-{n}"} for n in range(4) for row in table]
    for place, row in enumerate(rows["subjects"]):
        row["arm"] = "control" if place % 2 else "cells"


@pytest.fixture
def trial_of(build_trial: Callable[..., Trial]) -> Callable[..., Trial]:
    def make(design: str = "rct_parallel", change=eight_patients) -> Trial:
        arms = (*build_trial().protocol.arms, CONTROL)
        return build_trial(change, dataclasses.replace(build_trial().protocol, design=design, arms=arms))

    return make


def test_differences_are_those_of_the_exact_tests(trial_of):
    numbers = analyse(trial_of())
    (found,) = numbers.arms
    arms = numbers.trial.subjects.select("subject", "arm")
    judged = numbers.final.table.join(arms, on="subject")
    cells, control = (judged.filter(arm=name) for name in ("cells", "control"))
    improved, worse, change, relapses, moved = found.estimates
    for estimate, status in ((improved, "improved"), (worse, "worse")):
        expected = stats.compare_proportions(
            [rows.filter(status=status).height for rows in (cells, control)], [cells.height, control.height]
        )
        assert (estimate.value, estimate.low, estimate.high) == (expected.value, expected.low, expected.high)
    shift = stats.rank_sum(cells["change"], control["change"])
    assert (change.value, change.p_value) == (shift.value, shift.p_value)
    after = numbers.relapses.table.filter(period="after").join(arms, on="subject")
    sums = [after.filter(arm=name) for name in ("cells", "control")]
    rates = stats.rate_ratio(
        [part["relapses"].sum() for part in sums], [part["years"].sum() for part in sums]
    )
    assert relapses.low == rates.low
    assert "too narrow" in relapses.notes[-1]
    table = pl.concat(sums).select("arm", "relapses", "years")
    expected = stats.relapse_permutation(table, reference="control", statistic="difference", seed=1)
    assert (moved.value, moved.p_value) == (expected.value, expected.p_value)
    assert (found.arm, found.control) == ("Cells", "Placebo")


@pytest.mark.parametrize(
    ("design", "words"),
    [
        ("rct_parallel", "is an estimate of what the treatment does"),
        ("rct_parallel_with_compassionate_crossover", "is an estimate of what the treatment does"),
        ("controlled_unclear_randomisation", "It is not clear whether"),
    ],
)
def test_the_design_says_what_a_difference_means(trial_of, design, words):
    (found,) = analyse(trial_of(design)).arms
    assert words in found.meaning
    page = build(trial_of(design)).html()
    assert "The arms against the control arm" in page
    assert words in page


def test_one_arm_and_crossover_trials_are_not_compared(build_trial, trial_of):
    assert analyse(build_trial()).arms == ()
    assert analyse(trial_of("rct_crossover")).arms == ()
    assert "The arms against the control arm" not in build(build_trial()).html()


def test_treated_patients_without_a_value_are_counted(trial_of):
    def one_lost(rows) -> None:
        eight_patients(rows)
        lost = rows["subjects"][0]["subject"]
        rows["visits"] = [
            row for row in rows["visits"] if row["subject"] != lost or row["visit"] == "baseline"
        ]

    (found,) = analyse(trial_of(change=one_lost)).arms
    assert [left.n for left in found.estimates[0].left_out] == [1]
    assert [left.n for left in found.estimates[2].left_out] == [1]


def test_what_nobody_was_measured_for_is_absent(trial_of):
    def baselines_only(rows) -> None:
        eight_patients(rows)
        rows["visits"] = [row for row in rows["visits"] if row["visit"] == "baseline"]
        rows["relapses"] = []

    numbers = analyse(trial_of(change=baselines_only))
    assert numbers.final.table.filter(pl.col("change").is_not_null()).is_empty()
    assert [found.estimates for found in numbers.arms] == [()]
