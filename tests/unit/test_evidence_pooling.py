"""Effect sizes and pools as a reader meets them; the defects of other programs that must not recur."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ranvier as rv
from ranvier.evidence import MEASURE_CODES, POOL_INTERVALS, POOL_METHODS
from ranvier.evidence._between import log_likelihood, tau_squared
from ranvier.evidence._pooled import pool_many

SHARES = {"study": ["A", "B", "C", "D"], "events": [0, 3, 5, 9], "n": [5, 10, 18, 15]}
LOGIT = rv.evidence.effect_size(SHARES, measure="logit proportion")


def test_a_zero_cell_is_never_filled_silently() -> None:
    assert LOGIT.table["added"].to_list() == [0.5, 0, 0, 0]
    assert "0.5 was added to each cell of 1 study" in LOGIT.explain()
    assert "a cell was 0" in LOGIT.explain("A")
    pool = rv.evidence.pool(LOGIT)
    assert "0.5 was added to each cell of 1 study" in pool.explain()
    assert pool.studies["added"].to_list() == [0.5, 0, 0, 0]


def test_a_study_left_out_for_a_zero_cell_is_counted() -> None:
    sizes = rv.evidence.effect_size(SHARES, measure="logit proportion", zero_cells="never")
    assert sizes.table["effect"].null_count() == 1
    pool = rv.evidence.pool(sizes)
    assert pool.studies["study"].to_list() == ["B", "C", "D"]
    assert "Left out: 1 (studies whose counts give no effect)." in pool.explain()


def test_peto_adds_nothing_unless_asked() -> None:
    two = {"events": [0, 3], "n": [10, 12], "events_control": [2, 4], "n_control": [11, 12]}
    assert rv.evidence.effect_size(two, measure="peto odds ratio").table["added"].sum() == 0
    asked = rv.evidence.effect_size(two, measure="peto odds ratio", zero_cells="where zero")
    assert asked.table["added"].to_list() == [0.5, 0.0]


def test_no_event_in_either_arm_gives_no_peto_ratio() -> None:
    none = {"events": [0], "n": [10], "events_control": [0], "n_control": [11]}
    sizes = rv.evidence.effect_size(none, measure="peto odds ratio")
    assert sizes.table["effect"].to_list() == [None]
    assert "give no effect" in sizes.explain()


def test_a_change_says_which_correlation_entered() -> None:
    data = {
        "study": ["given", "stated", "from the paper"],
        "before": [5.1, 4.9, 6.0],
        "after": [4.3, 4.9, 6.4],
        "sd_before": [1.2, 0.8, 1.5],
        "sd_after": [1.4, 1.1, 0.7],
        "sd_change": [0.9, None, None],
        "correlation": [None, None, 0.8],
        "n": [15, 9, 12],
    }
    sizes = rv.evidence.effect_size(data, measure="change", correlation=0.6)
    assert sizes.table["correlation"].to_list() == [None, 0.6, 0.8]
    assert sizes.table["variance"][0] == pytest.approx(0.9**2 / 15)
    assert "1 study did not give what the change needs" in sizes.explain()
    assert "Repeat with 0.3 and 0.9" in sizes.explain()
    assert "without a control" in rv.evidence.pool(sizes).explain()
    half = rv.evidence.effect_size(data, measure="change", correlation=0.5).table
    assert half["variance"][1] == pytest.approx((0.8**2 + 1.1**2 - 0.8 * 1.1) / 9)


def test_a_study_that_lacks_a_value_is_left_out_and_counted() -> None:
    data = pd.DataFrame({"mean": [4.0, None], "sd": [1.0, 1.0], "n": [10, 12]})
    sizes = rv.evidence.effect_size(data, measure="mean")
    assert sizes.table["effect"].to_list() == [4.0, None]
    assert "Left out: 1 (studies that lack a value which the measure needs)" in sizes.explain()


def test_two_patients_give_no_standardised_change() -> None:
    few = {"change": [-0.5], "sd_change": [1.0], "n": [2]}
    name = "change in standard deviations of change"
    assert rv.evidence.effect_size(few, measure=name).table["effect"].to_list() == [None]


def test_every_measure_can_be_pooled_and_explained() -> None:
    one = {"events": [1, 3], "n": [10, 12], "years": [10.0, 12.0], "mean": [4.0, 5.0], "sd": [1.0, 1.1]}
    data = {**one, **{f"{name}_control": values for name, values in one.items()}}
    data |= {"before": [4.0, 5.0], "after": [3.0, 5.5], "sd_before": [1.0, 1.2], "sd_after": [1.1, 1.0]}
    data |= {"both": [2, 1], "first_only": [3, 2], "second_only": [1, 4], "neither": [5, 6]}
    data["correlation"] = [0.5, 0.7]
    for measure in MEASURE_CODES:
        pool = rv.evidence.pool(rv.evidence.effect_size(data, measure=measure))
        assert f"({MEASURE_CODES[measure]} in metafor)" in pool.explain()
        main = pool.estimates[0]
        assert main.low < main.value < main.high
        json.dumps(pool.to_dict(), allow_nan=False)


def test_shares_are_read_as_shares_and_ratios_as_ratios() -> None:
    main = rv.evidence.pool(LOGIT).estimates[0]
    assert (main.unit, main.p_value) == ("share", None)
    assert 0 < main.low < main.value < main.high < 1
    two = {"events": [1, 3], "n": [10, 12], "events_control": [2, 4], "n_control": [11, 12]}
    pool = rv.evidence.pool(rv.evidence.effect_size(two, measure="risk ratio"))
    assert pool.estimates[0].value == pytest.approx(math.exp(pool.diagnostics["value"]))
    assert pool.estimates[0].null == "the true value is 1"


def test_ahsct_alone_is_pooled() -> None:
    sizes = rv.evidence.effect_size({**SHARES, "cell_class": ["aHSCT"] * 4}, measure="logit proportion")
    assert sizes.table["effect"].to_list() == LOGIT.table["effect"].to_list()


def test_freeman_tukey_is_not_turned_back() -> None:
    pool = rv.evidence.pool(rv.evidence.effect_size(SHARES, measure="freeman-tukey proportion"))
    assert pool.estimates[0].unit == ""
    assert "not turned back into shares" in pool.explain()


def test_one_study_is_its_own_pool() -> None:
    for method in POOL_METHODS:
        for interval in POOL_INTERVALS:
            pool = rv.evidence.pool([0.4], [0.04], method=method, interval=interval)
            (main,) = pool.estimates
            assert (main.value, main.low, main.high) == pytest.approx((0.4, 0.008007, 0.791993), abs=1e-6)
    assert "nothing was pooled" in pool.explain()


def test_the_prediction_needs_three_studies() -> None:
    pool = rv.evidence.pool([0.1, 0.5], [0.1, 0.2])
    assert math.isnan(pool.estimates[1].low)
    assert "needs three studies" in pool.explain()
    assert "2 studies" in pool.explain()


def test_a_variance_between_studies_is_never_negative() -> None:
    """statsmodels 0.15 goes on with a negative DerSimonian-Laird variance."""
    y, v = [0.1, 0.11, 0.09, 0.1], [0.5, 0.4, 0.6, 0.5]
    for method in POOL_METHODS:
        pool = rv.evidence.pool(y, v, method=method)
        assert pool.diagnostics["tau2"] >= 0
    common = rv.evidence.pool(y, v, method="common").diagnostics
    assert rv.evidence.pool(y, v, method="dl").diagnostics["value"] == common["value"]


@pytest.mark.parametrize("factor", [1e-8, 1e-4, 1e6])
def test_the_unit_of_measurement_changes_nothing(factor: float) -> None:
    """PyMetaAnalysis 0.9 stops at an absolute 1e-10: rates of 1e-4 are off by thousandths."""
    y, v = np.array([1.4, 0.9, 3.8, 0.6, 3.0]), np.array([0.07, 0.11, 0.21, 0.02, 0.08])
    for method in POOL_METHODS:
        plain = rv.evidence.pool(y, v, method=method).diagnostics
        scaled = rv.evidence.pool(y * factor, v * factor**2, method=method).diagnostics
        assert scaled["tau2"] == pytest.approx(plain["tau2"] * factor**2, rel=1e-10)
        assert scaled["standard_error"] == pytest.approx(plain["standard_error"] * factor, rel=1e-10)


def test_the_profile_of_q_does_not_stop_at_ten_times_the_variance() -> None:
    """metafor's search stops there by default; for two studies the limit is hundreds of times larger."""
    between = rv.evidence.pool([-0.5, 0.9], [0.04, 0.09]).estimates[2]
    assert between.high > 100 * between.value


def test_the_highest_of_two_maxima_of_the_likelihood_is_found() -> None:
    y = np.array([[0.0], [0.05], [0.02], [5.0], [-5.0], [6.0]])
    v = np.array([[1e-4], [1e-4], [2e-4], [4.0], [4.0], [3.0]])
    t = np.concatenate([[0.0], np.geomspace(1e-8, 200, 4000)])
    for restricted, method in ((True, "reml"), (False, "ml")):
        heights = log_likelihood(np.repeat(y, len(t), 1), np.repeat(v, len(t), 1), t, restricted=restricted)
        found = tau_squared(y, v, method)
        inner = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
        assert inner.sum() == 2
        assert log_likelihood(y, v, found, restricted=restricted)[0] >= heights.max() - 1e-9


def test_variances_of_very_different_size_do_not_upset_the_search() -> None:
    rng = np.random.default_rng(3)
    grid = np.concatenate([[0.0], np.geomspace(1e-9, 1e4, 800)])
    for _ in range(150):
        k = int(rng.integers(2, 9))
        v = 10 ** rng.uniform(-4, 1.5, (k, 1))
        y = rng.normal(0, np.sqrt(v)) + rng.normal(0, 10 ** rng.uniform(-2, 1), (k, 1))
        t = grid / (1 / v).mean()
        many_y, many_v = np.repeat(y, len(t), 1), np.repeat(v, len(t), 1)
        for restricted, method in ((True, "reml"), (False, "ml")):
            best = log_likelihood(many_y, many_v, t, restricted=restricted).max()
            assert log_likelihood(y, v, tau_squared(y, v, method), restricted=restricted)[0] >= best - 1e-8
        for method in ("pm", "pm-median"):
            assert tau_squared(y, v, method)[0] >= 0


def test_many_pools_at_once_are_each_pool_alone() -> None:
    rng = np.random.default_rng(7)
    v = rng.uniform(0.01, 0.5, (9, 40))
    y = rng.normal(0.2, np.sqrt(v + 0.1 * (np.arange(40) % 3)))
    for method in POOL_METHODS:
        many = pool_many(y, v, method=method, interval="knapp-hartung", level=0.95)
        for place in range(0, 40, 7):
            one = rv.evidence.pool(y[:, place], v[:, place], method=method).diagnostics
            for name in ("value", "tau2", "standard_error", "i2", "q", "p_value"):
                assert getattr(many, name)[place] == pytest.approx(one[name], rel=1e-9, abs=1e-13), name


def test_leaving_one_out_and_adding_one_agree_with_pooling_anew() -> None:
    y, v, names = [0.1, 0.5, -0.3, 0.8], [0.05, 0.02, 0.04, 0.1], ["a", "b", "c", "d"]
    pool = rv.evidence.pool(y, v, studies=names)
    without = rv.evidence.leave_one_out(pool).table
    assert without["without"].to_list() == names
    anew = rv.evidence.pool(y[1:], v[1:]).diagnostics
    assert without.row(0, named=True)["value"] == pytest.approx(anew["value"], rel=1e-12)
    growing = rv.evidence.cumulative(pool).table
    assert growing["value"].to_list()[0] == 0.1
    assert growing.row(3, named=True)["low"] == pytest.approx(pool.diagnostics["low"], rel=1e-12)


def test_equal_effects_are_named_and_have_no_false_length() -> None:
    plain = rv.evidence.pool([0.2, 0.2], [0.1, 0.1], interval="knapp-hartung unfloored")
    assert "this interval has no length" in plain.explain()
    floored = rv.evidence.pool([0.2, 0.2], [0.1, 0.1]).diagnostics
    assert floored["high"] - floored["low"] > 1
    assert "no variance between them fits" in plain.explain()


def test_tiny_rates_are_written_with_enough_digits() -> None:
    data = {"events": [3, 1, 7], "years": [21000.0, 9000.0, 18000.0]}
    pool = rv.evidence.pool(rv.evidence.effect_size(data, measure="log rate"))
    assert "0.00 " not in pool.estimates[0].text()


def test_studies_of_the_same_name_are_drawn_on_rows_of_their_own() -> None:
    """statsmodels draws equal labels on one row, and the labels slip."""
    sizes = rv.evidence.effect_size({**SHARES, "study": ["Lu", "Lu", "Fu", "Lu"]}, measure="logit proportion")
    ax = rv.evidence.pool(sizes).plot()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["Lu *", "Lu", "Fu", "Lu", "pooled", "new study (prediction)"]
    assert len(set(ax.get_yticks())) == 6
    assert "something was added" in ax.get_xlabel()


def test_the_pool_of_a_pandas_table_and_of_a_polars_table_agree() -> None:
    found = [
        rv.evidence.effect_size(make(SHARES), measure="log proportion")
        for make in (pd.DataFrame, pl.DataFrame)
    ]
    assert found[0].table.equals(found[1].table)
