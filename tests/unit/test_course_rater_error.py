"""Rater error moves scores along the scale, and makes events of its own."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import polars as pl
import pytest

from ranvier import course
from ranvier.course.rater_error import rater_error
from ranvier.errors import DefinitionError, InputError

DAYS = list(range(0, 700, 84))
VISITS = pl.DataFrame(
    {
        "subject": ["A"] * 9 + ["B"] * 9 + ["C"] * 2,
        "day": [*DAYS, *DAYS, 0, 84],
        "edss": [4.0] * 9 + [6.0, *[6.5] * 8] + [6.0, 6.0],
    }
)


RELAPSES = pl.DataFrame({"subject": ["A", "B"], "day": [100, 300]})


def flat(half: float, one: float) -> course.RaterError:
    band = course.ErrorBand(low=0.0, high=9.5, off_by_half=half, off_by_one=one)
    return course.RaterError(name="flat", source="test", bands=(band,))


def test_error_of_one_step_skips_half_a_point_and_is_reflected_at_the_ends():
    always = flat(1.0, 0.0)
    assert set(always.rate([0.0] * 50, seed=1).tolist()) == {1.0}
    assert set(always.rate([1.0] * 50, seed=1).tolist()) == {0.0, 1.5}
    assert set(always.rate([9.5] * 50, seed=1).tolist()) == {9.0}
    assert set(always.rate([10.0] * 50, seed=1).tolist()) == {10.0}


def test_error_of_two_steps_is_reflected_at_the_ends():
    always = flat(0.0, 1.0)
    assert set(always.rate([0.0] * 50, seed=1).tolist()) == {1.5}
    assert set(always.rate([1.0] * 50, seed=1).tolist()) == {1.0, 2.0}
    assert set(always.rate([9.5] * 50, seed=1).tolist()) == {8.5}


def test_shares_of_errors_are_those_asked_for():
    n = 200_000
    off = np.abs(course.BETWEEN_RATERS.rate([4.0] * n, seed=5) - 4.0)
    # Three Monte Carlo errors: 3 * sqrt(.136 * .864 / 200000) = .0023, and .0013 for .039.
    assert (off == 0.5).mean() == pytest.approx(0.136, abs=0.0023)
    assert (off == 1.0).mean() == pytest.approx(0.039, abs=0.0013)


def test_between_raters_gives_the_published_agreement():
    assert round(course.BETWEEN_RATERS.agreement(4.0), 2) == 0.69
    assert round(course.BETWEEN_RATERS.agreement(4.0, within=1), 2) == 0.92
    assert course.SAME_RATER.bands[0].off_by_one == course.BETWEEN_RATERS.bands[0].off_by_one / 2


def test_without_error_there_is_no_false_positive():
    noise = course.false_positive_rate(VISITS, definition="cdw-12w", error=flat(0.0, 0.0), seed=1, repeats=20)
    assert noise.table["noise_share"].to_list() == [0.0, 0.0]
    assert noise.overall.value == 0.0


def test_observed_events_stand_beside_those_of_noise():
    noise = course.false_positive_rate(VISITS, definition="cdw-12w", seed=1, repeats=400)
    assert noise.table["baseline"].to_list() == [4.0, 6.0]
    assert noise.table["n_subjects"].to_list() == [1, 2]
    assert noise.table["observed"].to_list() == [0, 1]
    assert noise.table["explained_share"][0] is None
    low, high = noise.table["noise_share"].to_list()
    assert low < high
    assert noise.table["expected_by_noise"][1] == pytest.approx(2 * high)
    assert noise.table["adjusted_share"][1] == pytest.approx((0.5 - high) / (1 - high))
    assert noise.table["mc_error"][1] == pytest.approx((high * (1 - high) / 800) ** 0.5)
    assert noise.explained.value == pytest.approx(low + 2 * high)
    assert "With an event were found: 1 patient" in noise.explain()
    assert noise.plot().get_xlabel() == "baseline EDSS"


def test_a_patient_who_cannot_be_confirmed_has_no_false_positive():
    noise = course.false_positive_rate(VISITS.filter(subject="C"), definition="cdw-24w", seed=1, repeats=50)
    assert noise.overall.value == 0.0


def test_same_seed_repeats_and_another_does_not():
    first, again, other = (
        course.false_positive_rate(VISITS, definition="cdw-12w", seed=seed, repeats=300).table
        for seed in (7, 7, 8)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_order_of_rows_changes_nothing():
    first = course.false_positive_rate(VISITS, definition="cdw-12w", seed=7, repeats=100).table
    mixed = VISITS.sample(fraction=1.0, shuffle=True, seed=3)
    assert first.equals(course.false_positive_rate(mixed, definition="cdw-12w", seed=7, repeats=100).table)


def test_workers_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch):
    alone = course.false_positive_rate(VISITS, definition="cdw-12w", seed=7, repeats=100).table
    noise = __import__("sys").modules["ranvier.course.noise"]
    monkeypatch.setattr(noise, "BLOCK_VISITS", 170)
    with ThreadPoolExecutor(2) as pool:
        many = course.false_positive_rate(
            VISITS, definition="cdw-12w", seed=7, repeats=100, executor=pool
        ).table
    assert alone.equals(many)


def test_relapses_stay_where_they_were_in_every_repeat():
    relapses = pl.DataFrame({"subject": ["A", "B"], "day": [10, 300]})
    free = course.false_positive_rate(VISITS, definition="pira-12w", seed=7, repeats=300)
    barred = course.false_positive_rate(VISITS, relapses, definition="pira-12w", seed=7, repeats=300)
    assert barred.overall.value < free.overall.value


@pytest.mark.parametrize(
    ("half", "one", "words"), [(-0.1, 0.0, "off_by_half"), (0.0, 1.2, "off_by_one"), (0.7, 0.7, "together")]
)
def test_impossible_chances_are_refused(half: float, one: float, words: str):
    with pytest.raises(DefinitionError, match=words):
        flat(half, one)


def test_a_gap_between_bands_is_refused():
    bands = (
        course.ErrorBand(low=0.0, high=3.5, off_by_half=0.1, off_by_one=0.0),
        course.ErrorBand(low=4.5, high=9.5, off_by_half=0.1, off_by_one=0.0),
    )
    with pytest.raises(DefinitionError, match="has 0 bands for EDSS 4"):
        course.RaterError(name="gap", source="test", bands=bands)
    with pytest.raises(DefinitionError, match="names no source"):
        course.RaterError(name="bare", source="", bands=bands)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"error": "between-rater"}, "Did you mean 'between-raters'"),
        ({"error": 3}, "no rater error"),
        ({"definition": "composite"}, "known for \\['edss'\\] only"),
        ({"definition": 3}, "no definition"),
        ({"repeats": 0}, "repeats is 0"),
        ({"seed": None}, "seed is None"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_cannot_be_simulated_is_refused(change: dict[str, object], words: str):
    with pytest.raises(InputError, match=words):
        course.false_positive_rate(VISITS, **{"definition": "cdw-12w", "seed": 1} | change)


def test_seed_is_required():
    with pytest.raises(TypeError, match="seed"):
        course.false_positive_rate(VISITS, definition="cdw-12w")


def test_scores_off_the_scale_are_refused():
    with pytest.raises(InputError, match=r"2\.3 is no EDSS step"):
        course.false_positive_rate(
            VISITS.with_columns(pl.lit(2.3).alias("edss")), definition="cdw-12w", seed=1
        )
    with pytest.raises(InputError, match="no patient has an EDSS"):
        course.false_positive_rate(VISITS.clear(), definition="cdw-12w", seed=1)
    with pytest.raises(InputError, match="leave subject out"):
        course.false_positive_rate(VISITS, definition="cdw-12w", seed=1, repeats=1).explain("A")
    with pytest.raises(InputError, match="unknown rater error"):
        rater_error("none")


@pytest.mark.slow
def test_one_and_two_processes_agree_with_none(monkeypatch: pytest.MonkeyPatch):
    noise = __import__("sys").modules["ranvier.course.noise"]
    monkeypatch.setattr(noise, "BLOCK_VISITS", 400)  # twenty visits: five blocks of twenty repeats
    given = {"relapses": RELAPSES, "definition": "roving-12w", "seed": 7, "repeats": 100}
    alone = course.false_positive_rate(VISITS, **given)
    for workers in (1, 2):
        # A fresh interpreter per worker: a copy of this one could hold a lock of polars for ever.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            many = course.false_positive_rate(VISITS, **given, executor=pool)
        assert many.table.equals(alone.table)
        assert many.overall == alone.overall
        assert many.explained == alone.explained
