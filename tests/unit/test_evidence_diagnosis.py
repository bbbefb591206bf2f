"""Looking into a pool: single studies, small studies, subsets, as a reader meets them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import ConvergenceError, InputError
from ranvier.evidence import EGGER_MODELS, FILL_ESTIMATORS, POOL_INTERVALS, POOL_METHODS
from ranvier.evidence._selection import selected

RNG = np.random.default_rng(11)
V = RNG.uniform(0.02, 0.5, 12)
Y = RNG.normal(0.3, np.sqrt(V + 0.1))
POOL = rv.evidence.pool(Y, V, studies=[f"trial {letter}" for letter in "ABCDEFGHIJKL"])
OUTLYING = rv.evidence.pool([0.1, 0.2, 0.15, 0.12, 2.5], [0.1] * 5, studies=["A", "B", "C", "D", "E"])


@pytest.mark.parametrize("method", POOL_METHODS)
def test_leaving_one_out_is_pooling_the_others(method: str) -> None:
    for interval in POOL_INTERVALS:
        pool = rv.evidence.pool(Y, V, method=method, interval=interval)
        table = rv.evidence.leave_one_out(pool).table
        for place in (0, 5, 11):
            others = np.arange(12) != place
            anew = rv.evidence.pool(Y[others], V[others], method=method, interval=interval).diagnostics
            for name in ("value", "low", "high", "standard_error", "tau2", "q"):
                assert table[name][place] == pytest.approx(anew[name], rel=1e-9, abs=1e-12)


def test_many_studies_are_left_out_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rv.evidence.leave_one_out(POOL).table
    monkeypatch.setattr("ranvier.evidence._repooling.CELLS_AT_ONCE", 30)
    blocks = rv.evidence.leave_one_out(POOL).table
    assert blocks["without"].to_list() == whole["without"].to_list()
    for name in ("value", "tau2", "high"):
        assert blocks[name].to_list() == pytest.approx(whole[name].to_list(), rel=1e-12)


def test_two_studies_leave_one_of_which_nothing_lies_between() -> None:
    found = rv.evidence.leave_one_out(rv.evidence.pool([0.1, 0.5], [0.1, 0.2]))
    assert found.table["value"].to_list() == [0.5, 0.1]
    assert found.table["tau2"].to_list() == [None, None]


def test_shares_are_also_given_as_shares_and_without_p_values() -> None:
    sizes = rv.evidence.effect_size({"events": [1, 4, 9], "n": [10, 12, 20]}, measure="logit proportion")
    table = rv.evidence.leave_one_out(rv.evidence.pool(sizes)).table
    assert table["p_value"].null_count() == 3
    assert (table["read_low"] > 0).all()
    assert (table["read_high"] < 1).all()
    for value, share in zip(table["value"], table["read_value"], strict=True):
        assert share == pytest.approx(1 / (1 + math.exp(-value)))


def test_studies_come_in_by_year_and_equal_years_keep_their_order() -> None:
    years = [2010, 2008, 2010, 2001, 2020, 2019, 2018, 2017, 2016, 2015, 2014, 2013]
    found = rv.evidence.cumulative(POOL, order=years).table
    assert found["up_to"].to_list()[:5] == ["trial D", "trial B", "trial A", "trial C", "trial L"]
    assert found["value"][-1] == pytest.approx(POOL.diagnostics["value"], rel=1e-12)
    assert "not independent tests" in rv.evidence.cumulative(POOL).explain()


def test_the_study_that_decides_is_named_with_the_rules_it_meets() -> None:
    found = rv.evidence.influence(OUTLYING)
    assert found.table.filter("influential")["study"].to_list() == ["E"]
    assert "Influential by at least one rule: E." in found.explain()
    assert "Cook's distance" in found.explain("E")
    assert "no rule" in found.explain("A")
    assert "no reason to leave one out" in found.explain()


def test_equal_effects_without_a_floor_have_no_influence_rather_than_a_wrong_one() -> None:
    pool = rv.evidence.pool([0.2, 0.2, 0.2], [0.1, 0.2, 0.3], interval="knapp-hartung unfloored")
    table = rv.evidence.influence(pool).table
    assert table["cook_distance"].null_count() == 3
    assert not table["influential"].any()


def test_every_subset_is_there_once_and_is_pooled_as_alone() -> None:
    pool = rv.evidence.pool(Y[:6], V[:6], method="pm")
    found = rv.evidence.gosh(pool)
    assert found.complete
    assert len({tuple(row) for row in found.included.tolist()}) == 63
    for place in (6, 30, 62):
        held = found.included[place]
        anew = rv.evidence.pool(Y[:6][held], V[:6][held], method="pm").diagnostics
        assert found.table["value"][place] == pytest.approx(anew["value"], rel=1e-10)
        assert found.table["i2"][place] == pytest.approx(anew["i2"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("k", [16, 40, 70])
def test_subsets_beyond_the_limit_are_drawn_by_seed_and_none_twice(k: int) -> None:
    v = np.linspace(0.1, 0.5, k)
    pool = rv.evidence.pool(np.sin(np.arange(k)), v, method="dl")
    found = rv.evidence.gosh(pool, most=2000, seed=5)
    assert not found.complete
    assert len({tuple(row) for row in found.included.tolist()}) == 2000
    assert found.table.equals(rv.evidence.gosh(pool, most=2000, seed=5).table)
    assert not found.table.equals(rv.evidence.gosh(pool, most=2000, seed=6).table)
    # The number of studies is binomial: three errors of its mean over 2,000 subsets.
    assert abs(float(found.table["studies"].mean()) - k / 2) < 3 * math.sqrt(k / 4 / 2000)  # type: ignore[arg-type]


def test_gosh_says_which_study_moves_the_result_most() -> None:
    assert "Subsets with E have a median that differs most" in rv.evidence.gosh(OUTLYING).explain()


def test_tests_of_small_studies_say_what_they_cannot_show() -> None:
    for result in (rv.evidence.egger_test(OUTLYING_SIZES), rv.evidence.begg_test(OUTLYING_SIZES)):
        assert "hardly any power" in result.explain()
        assert "no proof of unpublished studies" in result.explain()
    assert "hardly any power" not in rv.evidence.egger_test(POOL).explain()
    two = {"events": [1, 3, 9], "n": [10, 12, 40], "events_control": [2, 4, 20], "n_control": [11, 12, 40]}
    ratios = rv.evidence.pool(rv.evidence.effect_size(two, measure="odds ratio"))
    assert "computed from the effect itself" in rv.evidence.egger_test(ratios).explain()


OUTLYING_SIZES = rv.evidence.pool([0.1, 0.2, 0.3, 0.6], [0.01, 0.02, 0.05, 0.2])


def test_egger_is_the_intercept_of_the_published_form() -> None:
    precision, standardised = 1 / np.sqrt(V), Y / np.sqrt(V)
    x = np.column_stack([np.ones(12), precision])
    published = np.linalg.lstsq(x, standardised, rcond=None)[0]
    slope, start = rv.evidence.egger_test(POOL).estimates
    assert slope.value == pytest.approx(published[0], rel=1e-10)
    assert start.value == pytest.approx(published[1], rel=1e-10)


@pytest.mark.parametrize("model", EGGER_MODELS)
def test_equal_effects_have_no_slope(model: str) -> None:
    pool = rv.evidence.pool([0.2] * 4, [0.1, 0.2, 0.3, 0.5])
    slope, start = rv.evidence.egger_test(pool, model=model).estimates
    assert (slope.value, slope.p_value, start.value) == (0.0, 1.0, 0.2)


def test_begg_is_normal_where_there_are_ties() -> None:
    tied = rv.evidence.pool([0.1, 0.2, 0.3, 0.7], [0.1, 0.1, 0.2, 0.3])
    assert "normal, for ties" in rv.evidence.begg_test(tied).explain()
    assert "exact" in rv.evidence.begg_test(POOL).explain()


def test_a_symmetric_funnel_is_left_as_it_is() -> None:
    y, v = [0.1, 0.3, 0.2, 0.0, 0.4], [0.1, 0.1, 0.01, 0.2, 0.2]
    for estimator in FILL_ESTIMATORS:
        found = rv.evidence.trim_and_fill(rv.evidence.pool(y, v), estimator=estimator)
        assert found.diagnostics["missing"] == 0
        assert found.estimates[1].value == pytest.approx(found.estimates[0].value)
        assert found.filled.is_empty()


def test_filled_studies_are_mirror_images_and_are_said_not_to_exist() -> None:
    y, v = [0.1, 0.15, 0.2, 0.5, 0.7, 0.9], [0.01, 0.01, 0.02, 0.1, 0.15, 0.2]
    pool = rv.evidence.pool(y, v, method="common", studies=list("abcdef"))
    found = rv.evidence.trim_and_fill(pool)
    assert found.filled["study"].to_list() == ["e", "f"]
    assert found.filled["variance"].to_list() == [0.15, 0.2]
    pairs = zip([0.7, 0.9], found.filled["effect"], strict=True)
    assert len({round((one + other) / 2, 12) for one, other in pairs}) == 1
    assert found.estimates[1].value < found.estimates[0].value
    assert "do not exist" in found.explain()


@pytest.mark.parametrize("estimator", FILL_ESTIMATORS)
def test_the_mirror_image_of_the_data_is_filled_on_the_other_side(estimator: str) -> None:
    one = rv.evidence.trim_and_fill(POOL, estimator=estimator, side="left")
    other = rv.evidence.trim_and_fill(rv.evidence.pool(-Y, V), estimator=estimator, side="right")
    assert one.diagnostics["missing"] == other.diagnostics["missing"]
    assert one.diagnostics["value"] == pytest.approx(-other.diagnostics["value"], rel=1e-10)


def test_q0_without_a_value_is_refused_by_name() -> None:
    y = [0.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    pool = rv.evidence.pool(y, [1e-4, 1, 1, 1, 1, 1, 1], method="common")
    with pytest.raises(ConvergenceError, match="'Q0' has no value"):
        rv.evidence.trim_and_fill(pool, estimator="Q0", side="left")
    assert rv.evidence.trim_and_fill(pool, estimator="R0", side="left").diagnostics["missing"] > 0


def test_the_derivatives_of_the_selection_likelihood_are_those_of_differences() -> None:
    at, step = np.array([0.21, 0.09, 0.4]), 1e-5
    here = selected(Y, V, 1.96, at)
    for place in range(3):
        there = np.eye(3)[place] * step
        above, below = selected(Y, V, 1.96, at + there), selected(Y, V, 1.96, at - there)
        assert (above.height - below.height) / (2 * step) == pytest.approx(here.slope[place], rel=1e-6)
        assert (above.slope - below.slope) / (2 * step) == pytest.approx(here.curve[place], rel=1e-5)


def test_no_selection_is_the_ordinary_model() -> None:
    """With a chance of 1 the likelihood is that of maximum likelihood, whatever the step."""
    y = 3 * Y
    ml = rv.evidence.pool(y, V, method="ml").diagnostics
    assert ml["tau2"] > 0
    here = selected(y, V, 1.96, np.array([ml["value"], ml["tau2"], 1.0]))
    assert abs(here.slope[0]) < 1e-8
    assert abs(here.slope[1]) < 1e-6


def test_the_selection_model_does_not_depend_on_unit_and_direction() -> None:
    one = rv.evidence.selection_model(POOL, favours="positive").diagnostics
    scaled = rv.evidence.selection_model(
        rv.evidence.pool(-1e-4 * Y, 1e-8 * V), favours="negative"
    ).diagnostics
    assert scaled["value"] == pytest.approx(-1e-4 * one["value"], rel=1e-7)
    assert scaled["low"] == pytest.approx(-1e-4 * one["high"], rel=1e-7)
    assert scaled["chance"] == pytest.approx(one["chance"], rel=1e-7)
    assert scaled["p_value"] == pytest.approx(one["p_value"], rel=1e-6)


def test_published_selection_is_found_again() -> None:
    """3,000 studies, of which those above the step are published with a chance of 0.3."""
    rng = np.random.default_rng(2)
    v = rng.uniform(0.01, 0.2, 6000)
    y = rng.normal(0.15, np.sqrt(v + 0.02))
    published = (y > 1.96 * np.sqrt(v)) | (rng.random(6000) < 0.3)
    found = rv.evidence.selection_model(rv.evidence.pool(y[published], v[published]), favours="positive")
    numbers = found.diagnostics
    # Three standard errors of the fit itself.
    assert abs(numbers["value"] - 0.15) < 3 * numbers["standard_error"]
    assert abs(numbers["chance"] - 0.3) < 3 * numbers["chance_error"]
    assert numbers["standard_error"] < 0.03
    assert rv.evidence.pool(y[published], v[published]).diagnostics["value"] > 0.2


def results() -> list[Any]:
    return [
        rv.evidence.leave_one_out(POOL),
        rv.evidence.cumulative(POOL),
        rv.evidence.influence(POOL),
        rv.evidence.gosh(OUTLYING),
        rv.evidence.egger_test(POOL),
        rv.evidence.begg_test(POOL),
        rv.evidence.trim_and_fill(POOL),
        rv.evidence.selection_model(POOL, favours="positive"),
    ]


@pytest.mark.parametrize("result", results(), ids=lambda result: type(result).__name__)
def test_every_result_explains_itself_is_json_and_is_drawn(result: Any) -> None:
    assert len(result.explain()) > 80
    json.dumps(result.to_dict(), allow_nan=False)
    assert result._repr_html_()
    figure = result.plot().get_figure()
    figure.draw_without_rendering()


def test_the_order_of_studies_changes_nothing() -> None:
    back = rv.evidence.pool(Y[::-1], V[::-1], studies=POOL.studies["study"].to_list()[::-1])
    for ask in (rv.evidence.leave_one_out, rv.evidence.influence):
        one, other = ask(POOL).table, ask(back).table.reverse()
        for name in one.columns:
            if one[name].dtype == pl.Float64:
                assert other[name].to_list() == pytest.approx(one[name].to_list(), rel=1e-8, abs=1e-9)
    for ask in (rv.evidence.egger_test, rv.evidence.trim_and_fill):
        assert ask(back).estimates[1].value == pytest.approx(ask(POOL).estimates[1].value, rel=1e-8)


def test_a_pool_that_is_not_weighted_by_variances_is_refused_rather_than_read_as_one() -> None:
    other = replace(POOL, method="mantel-haenszel")
    for ask in (rv.evidence.influence, rv.evidence.gosh, rv.evidence.egger_test, rv.evidence.trim_and_fill):
        with pytest.raises(InputError, match="made by 'mantel-haenszel'; this needs studies weighted"):
            ask(other)
