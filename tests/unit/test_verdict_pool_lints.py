"""Each lint of a pooled value: a pool in which it is found, and one in which it is not."""

from __future__ import annotations

import polars as pl
import pytest

import ranvier as rv
from ranvier.verdict import POOL_LINTS, lint_pool

UNFLOORED = "knapp-hartung unfloored"
MANY = {"study": list("ABC"), "events": [20, 25, 30], "n": [60, 70, 90]}


def found(table, *, measure="logit proportion", **options):
    frame = pl.DataFrame(table)
    pooled = rv.evidence.pool(rv.evidence.effect_size(frame, measure=measure), **options)
    return {each.code: each for each in lint_pool(pooled, frame)}


def test_no_event_in_any_study_has_its_exact_bound():
    lint = found({"study": ["A", "B"], "events": [0, 0], "n": [10, 5]})["pool_zero"]
    assert lint.severity == "wrong"
    assert "0 of 15; the true share could be up to 21.8 %" in lint.sentence
    assert "pool_zero" not in found(MANY)


def test_additions_to_cells_of_zero_are_said():
    lint = found({**MANY, "events": [0, 25, 30]})["pool_added"]
    assert lint.sentence.startswith("0.5 was added to cells of zero in 1 of 3 studies")
    assert "pool_added" not in found(MANY)


def test_a_pool_far_from_its_counts_is_said():
    rare = {"study": list("ABCD"), "events": [0, 0, 0, 2], "n": [12, 10, 9, 300]}
    lint = found(rare, method="reml")["pool_counts"]
    assert "The counts alone are 2 of 331, 0.6 %" in lint.sentence
    assert lint.value > 1.5
    assert "pool_counts" not in found(MANY)


def test_freeman_tukey_has_no_way_back():
    assert "pool_back" in found(MANY, measure="freeman-tukey proportion")
    assert "pool_back" not in found(MANY)


def test_one_arm_says_what_happened():
    two = {**MANY, "events_control": [10, 12, 15], "n_control": [60, 70, 90]}
    assert "pool_alone" in found(MANY)
    assert "pool_alone" not in found(two, measure="risk ratio")


def test_an_interval_that_needs_ten_times_the_patients_is_wrong():
    table = {"study": ["A", "B"], "events": [30, 31], "n": [100, 100]}
    frame = pl.DataFrame(table)
    # variances as if patients had been counted in hundreds of thousands
    sizes = rv.evidence.effect_size({**table, "events": [30000, 30010], "n": [100000, 100000]},
                                    measure="logit proportion")  # fmt: skip
    lints = {
        each.code: each
        for each in lint_pool(rv.evidence.pool(sizes, method="common", interval="wald"), frame)
    }
    assert lints["pool_implied"].severity == "wrong"
    assert "the studies had 200" in lints["pool_implied"].sentence
    assert "pool_implied" not in found(table, method="common", interval="wald")


def test_an_interval_without_length_is_wrong():
    assert "pool_no_length" in found({**MANY, "events": [10] * 3, "n": [60] * 3}, interval=UNFLOORED)
    assert "pool_no_length" not in found(MANY, interval=UNFLOORED)


def test_without_the_counts_a_pool_is_held_against_itself_only():
    pooled = rv.evidence.pool([0.1, 0.2], [0.01, 0.02])
    assert lint_pool(pooled) == ()


def test_every_lint_is_tried_above(request: pytest.FixtureRequest):
    text = request.path.read_text(encoding="utf-8")
    assert all(f'"{code}"' in text for code in POOL_LINTS)
