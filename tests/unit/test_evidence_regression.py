"""Regressions over studies, groups, strata and quantiles as a reader meets them."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import ConvergenceError
from ranvier.evidence import _between
from ranvier.evidence._pooled import fit_many, pool_many

Y = [-0.9, -0.7, -0.8, -0.2, -0.4, -0.1, -0.5]
V = [0.05, 0.04, 0.09, 0.06, 0.03, 0.07, 0.05]
MONTHS = [6, 12, 12, 6, 24, 6, 18]
ROUTE = ["it", "it", "it", "iv", "iv", "iv", "it"]
RARE = {
    "study": ["A", "B", "C", "D"],
    "events": [0, 2, 0, 4],
    "n": [20, 31, 9, 40],
    "events_control": [3, 4, 0, 5],
    "n_control": [20, 30, 10, 42],
}


def test_a_pool_is_the_regression_on_the_intercept_alone() -> None:
    ones = np.full((len(Y), 1), 1 / math.sqrt(len(Y)))
    y, v = np.array(Y)[:, None], np.array(V)[:, None]
    for method in rv.evidence.POOL_METHODS:
        mean = fit_many(y, v, method=method, interval="knapp-hartung")
        column = fit_many(y, v, method=method, interval="knapp-hartung", x=ones)
        assert column.tau2[0] == pytest.approx(mean.tau2[0], rel=1e-9, abs=1e-14)
        assert column.coefficients[0, 0] * ones[0, 0] == pytest.approx(mean.coefficients[0, 0], rel=1e-12)
        assert column.i2[0] == pytest.approx(mean.i2[0], rel=1e-9, abs=1e-12)


def test_many_regressions_at_once_are_each_regression_alone() -> None:
    rng = np.random.default_rng(5)
    x = np.linalg.qr(np.column_stack([np.ones(12), rng.normal(size=(12, 2))]))[0]
    v = rng.uniform(0.01, 0.5, (12, 30))
    y = rng.normal(0.2, np.sqrt(v + 0.1 * (np.arange(30) % 3)))
    for method in rv.evidence.POOL_METHODS:
        many = fit_many(y, v, method=method, interval="t", x=x)
        for place in range(0, 30, 7):
            one = fit_many(y[:, [place]], v[:, [place]], method=method, interval="t", x=x)
            assert many.coefficients[:, place] == pytest.approx(one.coefficients[:, 0], rel=1e-9)
            assert many.tau2[place] == pytest.approx(one.tau2[0], rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_the_higher_of_two_nearly_equal_maxima_is_found(method: str) -> None:
    """Wide variances give the likelihood two tops; a coarse look alone takes the lower one now and then."""
    rng = np.random.default_rng(4)
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 600)])
    for _ in range(8):
        k = int(rng.integers(4, 9))
        x = np.linalg.qr(np.column_stack([np.ones(k), rng.permutation(k)]))[0]
        v, y = 10 ** rng.uniform(-2, 0.6, (k, 150)), rng.uniform(-5, 5, (k, 150))
        for columns in (None, x):
            found = _between.tau_squared(y, v, method, x=columns)
            options = {"restricted": method == "reml"}
            reached = _between.log_likelihood(y, v, found, columns, **options)
            seen = [_between.log_likelihood(y, v, np.full(150, t), columns, **options) for t in grid]
            assert (reached >= np.max(seen, axis=0) - 1e-8).all()


def test_moderators_in_words_are_compared_with_the_first() -> None:
    fit = rv.evidence.meta_regression(Y, V, moderators={"route": ROUTE, "months": MONTHS})
    assert fit.coefficients["name"].to_list() == ["intercept", "route[iv]", "months"]
    assert fit.terms["term"].to_list() == ["route", "months"]
    assert "compared with the reference (route: 'it')" in fit.explain()
    order = pl.Series("route", ROUTE, dtype=pl.Enum(["iv", "it"]))
    turned = rv.evidence.meta_regression(Y, V, moderators=pl.DataFrame({"route": order, "months": MONTHS}))
    assert turned.coefficients["name"].to_list()[1] == "route[it]"
    assert turned.coefficients["value"][1] == pytest.approx(-fit.coefficients["value"][1])


def test_without_an_intercept_each_group_has_its_value() -> None:
    fit = rv.evidence.meta_regression(Y, V, moderators={"route": ROUTE}, intercept=False)
    groups = rv.evidence.subgroups(Y, V, by=ROUTE)
    assert fit.coefficients["name"].to_list() == ["route[it]", "route[iv]"]
    assert fit.coefficients["value"].to_list() == pytest.approx(groups.groups["value"].to_list())
    assert math.isnan(fit.diagnostics["r2"])


def test_yes_and_no_and_any_dataframe_are_taken() -> None:
    yes = [route == "iv" for route in ROUTE]
    found = [
        rv.evidence.meta_regression(Y, V, moderators=make({"veins": yes})).coefficients["value"].to_list()
        for make in (dict, pd.DataFrame, pl.DataFrame)
    ]
    assert found[0] == found[1] == found[2]
    fit = rv.evidence.meta_regression(Y, V, moderators={"veins": yes})
    assert fit.coefficients["name"].to_list() == ["intercept", "veins[yes]"]


def test_a_study_that_lacks_a_moderator_is_left_out_and_counted() -> None:
    months = [None, *MONTHS[1:]]
    fit = rv.evidence.meta_regression(Y, V, moderators={"study": list("ABCDEFG"), "months": months})
    assert fit.studies["study"].to_list() == list("BCDEFG")
    assert "Left out: 1 (studies that lack a moderator)." in fit.explain()
    without = rv.evidence.meta_regression(Y[1:], V[1:], moderators={"months": MONTHS[1:]})
    assert fit.diagnostics["tau2"] == without.diagnostics["tau2"]


def test_what_few_studies_cannot_say_is_said() -> None:
    fit = rv.evidence.meta_regression(Y, V, moderators={"months": MONTHS})
    text = fit.explain()
    assert "Studies were not randomised" in text
    assert "fewer than 10 per column" in text
    assert "The intercept is the expected value with months = 0, which is outside the range" in text
    json.dumps(fit.to_dict(), allow_nan=False)


def test_predictions_are_read_as_the_measure_is_and_say_where_no_study_is() -> None:
    shares = {"events": [1, 3, 5, 9, 2], "n": [10, 12, 15, 20, 9]}
    sizes = rv.evidence.effect_size(shares, measure="logit proportion")
    fit = rv.evidence.meta_regression(sizes, moderators={"months": [6, 6, 12, 24, 12]})
    found = fit.predict({"months": [12, 60]})
    assert found["beyond"].to_list() == [False, True]
    for name in ("value", "low", "high", "prediction_low", "prediction_high"):
        assert found[name].is_between(0, 1).all()
    assert (found["prediction_low"] <= found["low"]).all()


def test_a_year_of_publication_upsets_nothing() -> None:
    far = [2000 + 1e-3 * month for month in MONTHS]
    near = rv.evidence.meta_regression(Y, V, moderators={"x": MONTHS}).diagnostics
    moved = rv.evidence.meta_regression(Y, V, moderators={"x": far}).diagnostics
    assert moved["tau2"] == pytest.approx(near["tau2"], rel=1e-8)
    assert moved["moderators_p_value"] == pytest.approx(near["moderators_p_value"], rel=1e-6)


def test_a_contrast_is_the_difference_of_two_codings() -> None:
    three = ["a", "a", "b", "b", "c", "c", "c"]
    fit = rv.evidence.meta_regression(Y, V, moderators={"group": three})
    found = fit.contrast({"group[c]": 1, "group[b]": -1}, quantity="c less b")
    turned = ["b" if group == "a" else "a" if group == "b" else group for group in three]
    other = rv.evidence.meta_regression(Y, V, moderators={"group": turned}).coefficients.row(2, named=True)
    assert (found.value, found.low, found.p_value) == pytest.approx(
        (other["value"], other["low"], other["p_value"])
    )


def test_groups_say_that_chance_did_not_make_them() -> None:
    for between in rv.evidence.BETWEEN_RULES:
        found = rv.evidence.subgroups(Y, V, by=ROUTE, between=between)
        assert "not made by chance" in found.explain()
        shares = found.studies.group_by("group").agg(pl.col("weight").sum())["weight"]
        assert shares.to_list() == pytest.approx([1.0, 1.0])
        json.dumps(found.to_dict(), allow_nan=False)
    assert "finds differences too often" in found.explain()
    alone = rv.evidence.pool(Y[3:6], V[3:6]).diagnostics
    assert found.groups.row(1, named=True)["value"] == pytest.approx(alone["value"])


def test_weights_of_a_generalised_q_follow_their_studies() -> None:
    by_size = rv.evidence.GeneralisedQ(weights=(12, 20, 15, 9, 30, 11, 18))
    pool = rv.evidence.pool([None, *Y[1:]], V, method=by_size)
    anew = rv.evidence.GeneralisedQ(weights=(20, 15, 9, 30, 11, 18))
    assert pool.diagnostics["tau2"] == rv.evidence.pool(Y[1:], V[1:], method=anew).diagnostics["tau2"]
    last = rv.evidence.GeneralisedQ(weights=(20, 15, 9, 30, 11))
    without = rv.evidence.leave_one_out(pool).table.row(5, named=True)
    assert without["tau2"] == pytest.approx(rv.evidence.pool(Y[1:6], V[1:6], method=last).diagnostics["tau2"])
    inverse = rv.evidence.GeneralisedQ(weights=tuple(1 / v for v in V))
    dl = rv.evidence.pool(Y, V, method="dl").diagnostics["tau2"]
    assert rv.evidence.pool(Y, V, method=inverse).diagnostics["tau2"] == pytest.approx(dl, rel=1e-12)


def test_the_likelihood_interval_of_two_maxima_is_their_hull() -> None:
    y, v = [0.0, 0.05, 0.02, 5.0, -5.0, 6.0], [1e-4, 1e-4, 2e-4, 4.0, 4.0, 3.0]
    found = rv.evidence.pool(y, v).likelihood_interval()
    assert found.low <= found.value <= found.high
    assert found.high > 10


def test_nothing_is_added_to_a_cell_and_empty_studies_are_named() -> None:
    ratio = rv.evidence.mantel_haenszel(RARE, measure="risk ratio")
    assert ratio.studies["added"].sum() == 0
    assert "studies without an event in either arm" in ratio.explain()
    assert "risk ratio: C" in ratio.explain()
    difference = rv.evidence.mantel_haenszel(RARE, measure="risk difference")
    assert difference.studies["study"].to_list() == ["A", "B", "C", "D"]
    json.dumps(ratio.to_dict(), allow_nan=False)


def test_peto_is_the_common_pool_of_petos_ratios() -> None:
    sizes = rv.evidence.effect_size(RARE, measure="peto odds ratio")
    pool = rv.evidence.pool(sizes, method="common", interval="wald").diagnostics
    found = rv.evidence.peto(RARE).diagnostics
    for name in ("value", "low", "high", "q"):
        assert found[name] == pytest.approx(pool[name], rel=1e-10)


def test_peto_far_from_one_is_not_trusted() -> None:
    assert "biased" not in rv.evidence.peto({**RARE, "events": [3, 4, 0, 5]}).explain()
    assert "biased when the ratio is far from 1" in rv.evidence.peto({**RARE, "n": [80, 31, 9, 40]}).explain()


def test_leaving_one_out_of_a_stratified_pool_pools_the_others() -> None:
    pool = rv.evidence.mantel_haenszel(RARE, measure="odds ratio")
    without = rv.evidence.leave_one_out(pool).table
    rest = {name: values[1:] for name, values in RARE.items()}
    anew = rv.evidence.mantel_haenszel(rest, measure="odds ratio").diagnostics
    assert without.row(0, named=True)["value"] == pytest.approx(anew["value"], rel=1e-12)


def test_a_study_without_an_interval_of_its_own_is_drawn_by_name() -> None:
    ax = rv.evidence.mantel_haenszel(RARE, measure="risk ratio").plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B", "D", "pooled"]
    assert any(text.get_text() == "not estimable alone" for text in ax.texts)


def test_every_picture_of_a_regression_can_be_drawn() -> None:
    line = rv.evidence.meta_regression(Y, V, moderators={"months": MONTHS}).plot()
    assert line.get_xlabel() == "months"
    bars = rv.evidence.meta_regression(Y, V, moderators={"route": ROUTE, "months": MONTHS}).plot()
    assert [label.get_text() for label in bars.get_yticklabels()] == ["route[iv]", "months 24 against 6"]
    groups = rv.evidence.subgroups(Y, V, by=ROUTE).plot()
    assert groups.get_yticklabels()[0].get_text() == "it"


def test_matched_pairs_take_the_pairing_into_account() -> None:
    pairs = {"both": [9], "first_only": [4], "second_only": [1], "neither": [6]}
    two = {"events": [13], "n": [20], "events_control": [10], "n_control": [20]}
    paired = rv.evidence.effect_size(pairs, measure="matched-pair risk difference").table.row(0, named=True)
    apart = rv.evidence.effect_size(two, measure="risk difference").table.row(0, named=True)
    assert paired["effect"] == pytest.approx(apart["effect"])
    assert paired["variance"] < apart["variance"]


def test_skewed_numbers_give_no_mean_unless_asked() -> None:
    data = {"study": ["edss"], "n": [40], "median": [5.0], "q1": [4.5], "q3": [8.0]}
    found = rv.evidence.mean_and_sd(data)
    assert found.table["mean"].to_list() == [None]
    assert "too unevenly about the median" in found.explain("edss")
    kept = rv.evidence.mean_and_sd(data, keep_skewed=True)
    assert kept.table["mean"][0] > 5
    assert "1 study of them is skewed" in kept.explain()
    given = rv.evidence.mean_and_sd({**data, "mean": [5.6], "sd": [1.8]})
    assert (given.table["mean"][0], given.table["sd"][0]) == (5.6, 1.8)


def test_means_from_quantiles_can_be_pooled() -> None:
    data = {"n": [24, 40], "median": [4.0, 5.0], "q1": [3.0, 4.0], "q3": [5.5, 6.0], "minimum": [1.0, None]}
    data["maximum"] = [7.0, None]
    found = rv.evidence.mean_and_sd(data)
    assert found.table["source"].to_list() == ["five numbers", "quartiles and median"]
    assert rv.evidence.effect_size(found, measure="mean").table["effect"].null_count() == 0


def test_a_search_that_does_not_settle_is_an_error_with_the_last_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_between, "MOST_STEPS", 1)
    for method in ("reml", "pm"):
        with pytest.raises(
            ConvergenceError, match=r"did not settle in 1 steps; the last value was [\d.]+ times"
        ):
            rv.evidence.pool([0.1, 1.9, -0.3, 0.8], [0.05, 0.01, 0.2, 0.1], method=method)


def test_knapp_hartung_holds_its_level() -> None:
    """With 6,000 reviews three Monte Carlo errors are 3 * sqrt(0.95 * 0.05 / 6000) = 0.0085."""
    rng = np.random.default_rng(20_261_122)
    for k, between in ((3, 0.0), (3, 1.3), (10, 0.15)):
        v = rng.uniform(0.02, 0.5, (k, 6000))
        y = rng.normal(0.3, np.sqrt(v + between))
        pooled = pool_many(y, v, method="reml", interval="knapp-hartung", level=0.95)
        assert np.mean((pooled.low <= 0.3) & (pooled.high >= 0.3)) > 0.95 - 0.0085


def test_a_fit_keeps_its_class_when_copied() -> None:
    fit = rv.evidence.meta_regression(Y, V, moderators={"months": MONTHS})
    assert replace(fit, notes=()).notes == ()
