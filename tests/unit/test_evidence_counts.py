"""Pooled counts as a reader meets them: zeros are said, nothing is added, nobody is lost."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

import ranvier as rv
from ranvier.evidence import COUNT_INTERVALS, COUNT_MEASURES, MEASURE_CODES
from ranvier.evidence._count_families import Hypergeometric
from ranvier.evidence._exact_common import Margins, exact_ratio

SHARES = {"study": ["A", "B", "C", "D"], "events": [0, 3, 1, 4], "n": [10, 15, 12, 20]}
CONTROL = {"events_control": [2, 3, 0, 6], "n_control": [11, 14, 12, 18]}
TWO = {**SHARES, **CONTROL}
RATES = {"study": ["A", "B", "C", "D"], "events": [0, 3, 1, 4], "years": [10.0, 15, 12, 20]}
TWO_RATES = {**RATES, "events_control": [2, 3, 0, 6], "years_control": [11.0, 14, 12, 18]}
DATA = {"proportion": SHARES, "rate": RATES, "odds ratio": TWO, "rate ratio": TWO_RATES}


@pytest.mark.parametrize("n", [[10, 5], [40, 3, 15], [7]])
def test_no_event_anywhere_reads_up_to_the_exact_bound(n: list[int]) -> None:
    pool = rv.evidence.pool_counts({"events": [0] * len(n), "n": n}, measure="proportion")
    bound = 1 - 0.025 ** (1 / sum(n))
    (main,) = pool.estimates
    assert (main.value, main.low) == (0, 0)
    assert main.high == pytest.approx(bound, rel=1e-12)
    assert pool.notes[0] == f"0 of {sum(n)} patients: the true share could be up to {100 * bound:.1f} %."
    assert math.isnan(pool.diagnostics["tau2"])
    json.dumps(pool.to_dict(), allow_nan=False)
    pool.plot()


def test_everybody_reads_as_low_as_the_exact_bound() -> None:
    pool = rv.evidence.pool_counts({"events": [10, 5], "n": [10, 5]}, measure="proportion")
    assert pool.notes[0] == "15 of 15 patients: the true share could be as low as 78.2 %."
    assert pool.estimates[0].low == pytest.approx(0.025 ** (1 / 15), rel=1e-12)


def test_no_event_in_years_reads_up_to_the_exact_rate() -> None:
    pool = rv.evidence.pool_counts({"events": [0, 0], "years": [10.0, 15.0]}, measure="rate")
    assert pool.estimates[0].high == pytest.approx(-math.log(0.025) / 25, rel=1e-12)
    assert "0 events in 25 patient-years: the true rate could be up to 0.148 per year." in pool.notes


def test_no_event_in_the_first_arm_bounds_the_ratio_from_above() -> None:
    data = {"events": [0, 0], "n": [10, 12], "events_control": [3, 2], "n_control": [11, 12]}
    pool = rv.evidence.pool_counts(data, measure="odds ratio")
    (main,) = pool.estimates
    assert (main.value, main.low) == (0, 0)
    assert "0 of 22 patients against 5 of 23 patients" in pool.notes[0]
    assert "no spread between them can be seen" in pool.explain()
    turned = {
        "events": data["events_control"],
        "n": data["n_control"],
        "events_control": data["events"],
        "n_control": data["n"],
    }
    (other,) = rv.evidence.pool_counts(turned, measure="odds ratio").estimates
    assert math.isinf(other.value)
    assert other.low == pytest.approx(1 / main.high, rel=1e-9)
    assert other.p_value == pytest.approx(main.p_value)
    pool.plot()


def test_one_study_is_given_exactly_as_fisher_conditions() -> None:
    data = {"events": [3], "n": [10], "events_control": [7], "n_control": [12]}
    (main,) = rv.evidence.pool_counts(data, measure="odds ratio").estimates
    found = stats.contingency.odds_ratio([[3, 7], [7, 5]])
    interval = found.confidence_interval(0.95)
    assert (main.value, main.low, main.high) == pytest.approx((found.statistic, *interval), rel=1e-6)


def test_the_exact_common_ratio_sums_over_every_table() -> None:
    x, n, y, m = (np.array(values, dtype=float) for values in ([1, 3], [5, 6], [2, 1], [4, 7]))
    margins = Margins(Hypergeometric(x, n, y, m))
    chances: dict[int, float] = {}
    for first in range(4):
        for second in range(5):
            one = stats.nchypergeom_fisher(9, 5, 3, 0.4).pmf(first)
            chances[first + second] = chances.get(first + second, 0) + one * stats.nchypergeom_fisher(
                13, 6, 4, 0.4
            ).pmf(second)
    ours = margins.chances(math.log(0.4))
    assert ours.tolist() == pytest.approx([chances[s] for s in sorted(chances)], abs=1e-12)
    found = exact_ratio(margins, 0.95)
    assert margins.tails(math.log(found.low))[1] == pytest.approx(0.025, abs=1e-10)
    assert margins.tails(math.log(found.high))[0] == pytest.approx(0.025, abs=1e-10)


def test_a_study_without_event_is_named_when_it_is_left_out() -> None:
    data = {**TWO, "events": [0, 3, 0, 4]}
    pool = rv.evidence.pool_counts(data, measure="odds ratio")
    assert "say nothing about a ratio: C)" in pool.explain()
    assert pool.studies["study"].to_list() == ["A", "B", "D"]
    kept = rv.evidence.pool_counts(data, measure="odds ratio", model="unconditional random")
    assert kept.studies["study"].to_list() == ["A", "B", "C", "D"]
    missing = rv.evidence.pool_counts({**SHARES, "n": [10, None, 12, 20]}, measure="proportion")
    assert "Left out: 1 (studies that lack a count: B)." in missing.explain()


@pytest.mark.parametrize("measure", COUNT_MEASURES)
def test_every_model_and_interval_explains_itself(measure: str) -> None:
    assert COUNT_MEASURES[measure].code in MEASURE_CODES.values()
    for model in COUNT_MEASURES[measure].models:
        for method, interval in (("random", "t"), ("random", "wald"), ("common", None)):
            pool = rv.evidence.pool_counts(
                DATA[measure], measure=measure, model=model, method=method, interval=interval
            )
            main = pool.estimates[0]
            assert main.low < main.value < main.high
            assert COUNT_INTERVALS[pool.interval] in pool.explain() or "exact" in pool.explain()
            json.dumps(pool.to_dict(), allow_nan=False)
    assert pool.plot().get_title().endswith("4 studies")


@pytest.mark.parametrize("measure", COUNT_MEASURES)
def test_order_of_studies_changes_nothing(measure: str) -> None:
    turned = {name: values[::-1] for name, values in DATA[measure].items()}
    here, there = (
        rv.evidence.pool_counts(data, measure=measure).estimates for data in (DATA[measure], turned)
    )
    for one, other in zip(here, there, strict=True):
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-6, nan_ok=True)


def test_exchanging_the_arms_inverts_the_ratio() -> None:
    arms = {**SHARES, "events": [1, 3, 2, 4], **CONTROL}
    turned = {
        "events": arms["events_control"],
        "n": arms["n_control"],
        "events_control": arms["events"],
        "n_control": arms["n"],
    }
    for model in COUNT_MEASURES["odds ratio"].models:
        if model == "conditional approximate":
            continue  # with unequal arms it is no odds ratio
        here, there = (
            rv.evidence.pool_counts(data, measure="odds ratio", model=model).diagnostics
            for data in (arms, turned)
        )
        assert here["value"] == pytest.approx(-there["value"], abs=1e-6)
        assert here["low"] == pytest.approx(-there["high"], abs=1e-6)


def test_profile_interval_lies_where_the_likelihood_has_fallen() -> None:
    pool = rv.evidence.pool_counts(SHARES, measure="proportion", interval="profile").estimates[0]
    wald = rv.evidence.pool_counts(SHARES, measure="proportion", interval="wald").estimates[0]
    assert pool.low < wald.low
    assert pool.high < wald.high


def test_a_spread_that_no_value_bounds_is_refused_not_hidden() -> None:
    """The likelihood of 0 of 30 and 30 of 30 has a flat place at no spread, and rises beyond every spread."""
    with pytest.raises(rv.errors.ConvergenceError, match="rises without end"):
        rv.evidence.pool_counts({"events": [0, 30], "n": [30, 30]}, measure="proportion")
    common = rv.evidence.pool_counts(
        {"events": [0, 30], "n": [30, 30]}, measure="proportion", method="common"
    )
    assert common.estimates[0].value == 0.5


def test_leave_one_out_and_cumulative_refit_the_counts() -> None:
    pool = rv.evidence.pool_counts(SHARES, measure="proportion")
    without = {name: values[1:] for name, values in SHARES.items()}
    again = rv.evidence.pool_counts(without, measure="proportion").diagnostics
    first = rv.evidence.leave_one_out(pool).table.row(0, named=True)
    assert (first["without"], first["value"], first["low"]) == pytest.approx(
        ("A", again["value"], again["low"])
    )
    assert rv.evidence.cumulative(pool).table["value"][-1] == pytest.approx(pool.diagnostics["value"])
    assert rv.evidence.cumulative(pool).table["value"][0] == -math.inf


def test_three_outcomes_add_up_and_an_empty_one_has_its_bound() -> None:
    counts = {"improved": [4, 15, 2], "stable": [6, 7, 9], "worse": [0, 0, 0]}
    pool = rv.evidence.pool_categories(counts)
    assert sum(made.value for made in pool.estimates) == pytest.approx(1, abs=1e-12)
    assert "worse: 0 of 43 patients: the true share could be up to 8.2 %." in pool.notes
    one = rv.evidence.pool_counts({"events": [4, 15, 2], "n": [10, 22, 11]}, measure="proportion").estimates[
        0
    ]
    assert (pool.estimates[0].value, pool.estimates[0].low) == pytest.approx((one.value, one.low))
    json.dumps(pool.to_dict(), allow_nan=False)
    full = {"improved": [4, 15, 2, 6, 9], "stable": [6, 7, 9, 8, 20], "worse": [2, 1, 13, 1, 0]}
    here = rv.evidence.pool_categories(full)
    turned = rv.evidence.pool_categories(full, categories=("stable", "worse", "improved"))
    assert here.estimates[0].high == pytest.approx(turned.estimates[2].high, rel=1e-5)
    assert here.diagnostics["log_likelihood"] == pytest.approx(turned.diagnostics["log_likelihood"], abs=1e-8)
