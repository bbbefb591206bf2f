"""Relapses per patient in models, and by moving patients between the arms."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ranvier as rv
from ranvier.errors import ConvergenceError, InputError
from ranvier.stats import _count_models

FAMILIES = ["poisson", "quasi-poisson", "negative-binomial"]
VARIANCES = ["model", "observed", "hc0", "hc1", "hc2", "hc3"]
TWELVE = {
    "arm": ["cells"] * 6 + ["placebo"] * 6,
    "relapses": [0, 1, 0, 0, 2, 0, 1, 2, 0, 3, 1, 2],
    "years": [2.0, 2.0, 1.5, 2.0, 1.0, 2.0, 2.0, 2.0, 1.8, 2.0, 2.0, 0.9],
}
CLUSTERED = {
    "arm": ["cells", "placebo"] * 10,
    "relapses": [0, 1, 0, 6, 1, 0, 4, 2, 0, 0, 0, 3, 2, 8, 0, 1, 1, 0, 5, 2],
    "years": [2.0, 1.0, 1.5, 2.0, 1.0, 2.0, 2.0, 1.2, 1.8, 2.0] * 2,
}


def ratio_of(fit: rv.result.Fit) -> rv.result.Estimate:
    return next(e for e in fit.estimates if e.quantity.startswith("rate ratio"))


def test_without_covariates_the_rates_are_relapses_over_years() -> None:
    for family in ("poisson", "quasi-poisson"):
        fit = rv.stats.relapse_model(TWELVE, family=family)
        assert fit.estimates[0].value == pytest.approx(3 / 10.5, rel=1e-12)
        assert fit.estimates[1].value == pytest.approx(9 / 10.7, rel=1e-12)


def test_the_poisson_standard_error_is_that_of_the_counts() -> None:
    found = rv.stats.relapse_model(TWELVE, family="poisson", variance="model").diagnostics
    assert found["standard_errors"]["model"]["arm placebo"] == pytest.approx(
        math.sqrt(1 / 3 + 1 / 9), rel=1e-9
    )


def test_the_estimates_of_the_negative_binomial_are_at_the_top_of_the_likelihood() -> None:
    found = rv.stats.relapse_model(CLUSTERED).diagnostics
    y, years = np.array(CLUSTERED["relapses"], float), np.array(CLUSTERED["years"])
    placebo = np.array([arm == "placebo" for arm in CLUSTERED["arm"]], float)

    def value(a: float, b: float, alpha: float) -> float:
        mean = years * np.exp(a + b * placebo)
        return float(_count_models._log_likelihood(y, mean, alpha))

    best = (*found["coefficients"].values(), found["dispersion"])
    assert value(*best) == pytest.approx(found["log_likelihood"], abs=1e-10)
    for place, step in itertools.product(range(3), (-1e-3, 1e-3)):
        moved = [x + step * (k == place) for k, x in enumerate(best)]
        assert value(*moved) < found["log_likelihood"]


def test_the_dispersion_interval_ends_where_the_likelihood_ratio_is_at_its_quantile() -> None:
    estimate = rv.stats.relapse_model(CLUSTERED).estimates[-1]
    x = np.stack([np.ones(20), [a == "placebo" for a in CLUSTERED["arm"]]], axis=1).astype(float)
    y, years = np.array(CLUSTERED["relapses"], float), np.array(CLUSTERED["years"])
    top = rv.stats.relapse_model(CLUSTERED).diagnostics["log_likelihood"]
    for bound in (estimate.low, estimate.high):
        _, mean = _count_models._score(x, y, np.log(years), bound, None)
        assert 2 * (top - _count_models._log_likelihood(y, mean, bound)) == pytest.approx(
            3.841458820694124, rel=1e-6
        )


def test_a_dispersion_at_its_limit_is_said_and_equals_poisson() -> None:
    fit = rv.stats.relapse_model(TWELVE)
    assert fit.estimates[-1].value == 0
    assert fit.estimates[-1].low == 0
    assert fit.estimates[-1].high > 1
    assert "limit of 0" in fit.explain()
    assert ratio_of(fit).value == pytest.approx(
        ratio_of(rv.stats.relapse_model(TWELVE, family="poisson")).value
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("variance", VARIANCES)
def test_swapping_the_arms_inverts_the_ratio(family: str, variance: str) -> None:
    one = ratio_of(rv.stats.relapse_model(CLUSTERED, family=family, variance=variance))
    two = ratio_of(rv.stats.relapse_model(CLUSTERED, family=family, variance=variance, reference="placebo"))
    assert (one.value, one.low, one.high) == pytest.approx(
        (1 / two.value, 1 / two.high, 1 / two.low), rel=1e-8
    )
    assert one.p_value == pytest.approx(two.p_value, rel=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_unit_of_time_cancels_and_the_order_of_rows_does_not_matter(family: str) -> None:
    base = rv.stats.relapse_model(CLUSTERED, family=family)
    in_months = CLUSTERED | {"years": [12 * t for t in CLUSTERED["years"]]}
    months = rv.stats.relapse_model(in_months, family=family)
    assert ratio_of(months).low == pytest.approx(ratio_of(base).low, rel=1e-8)
    assert months.estimates[0].value == pytest.approx(base.estimates[0].value / 12, rel=1e-8)
    shuffled = pl.DataFrame(CLUSTERED).sample(fraction=1.0, shuffle=True, seed=1)
    again = rv.stats.relapse_model(shuffled, family=family)
    assert ratio_of(again).high == pytest.approx(ratio_of(base).high, rel=1e-8)


def test_the_table_of_relapse_rates_is_taken_with_arms_from_the_subjects() -> None:
    subjects = pl.DataFrame(
        {
            "subject": [f"P{i}" for i in range(8)],
            "arm": ["cells", "placebo"] * 4,
            "treated": [True] * 8,
            "last_contact_day": [700, 650, 730, 500, 400, 730, 720, 730],
            "age_years": [30.0, 35, 41, 28, 50, 33, 29, 44],
        }
    )
    relapses = pl.DataFrame(
        {"subject": ["P0", "P1", "P1", "P3", "P5", "P6"], "day": [-90, 30, 200, 300, 5, 600]}
    )
    rates = rv.course.relapse_rate(relapses, subjects)
    fit = rv.stats.relapse_model(rates, arms=subjects, family="poisson", covariates=["age_years"])
    assert [e.inputs["relapses"] for e in fit.estimates[:2]] == [1, 4]
    by_name = dict(subjects.select("subject", "arm").iter_rows())
    assert len(rv.stats.relapse_model(rates, arms=by_name).estimates) == 4


def test_small_arms_and_few_repeats_are_said() -> None:
    text = rv.stats.relapse_model(TWELVE, variance="model").explain()
    assert "below 20 per arm" in text
    assert "variance='hc3'" in text
    assert "4 patients had two or more relapses" in text


def test_a_group_without_relapses_inside_a_covariate_is_refused() -> None:
    data = TWELVE | {"site": ["A", "B", "B", "B", "A", "B", "A", "A", "B", "A", "A", "A"]}
    data["relapses"] = [0, 0, 0, 0, 2, 0, 1, 2, 0, 3, 1, 2]
    with pytest.raises(InputError, match="estimated as 0"):
        rv.stats.relapse_model(data, covariates=["site"], family="poisson")


def test_a_dispersion_without_limit_is_a_convergence_error() -> None:
    data = {"arm": ["a", "b"] * 400, "relapses": [4000, 5000] + [0] * 798, "years": [1.0] * 800}
    with pytest.raises(ConvergenceError, match=r"grows without limit.*quasi-poisson"):
        rv.stats.relapse_model(data)


def test_follow_up_too_unequal_to_settle_is_a_convergence_error() -> None:
    data = {"arm": ["a", "b"] * 30, "relapses": [1, 1] + [0] * 58, "years": [1e-9, 1e-9] + [1000.0] * 58}
    with pytest.raises(ConvergenceError, match="did not settle"):
        rv.stats.relapse_model(data)


def test_a_patient_who_alone_decides_is_named() -> None:
    data = {"arm": ["a"] + ["b"] * 6, "relapses": [2, 1, 0, 1, 2, 0, 1], "years": [1.0] * 7}
    with pytest.raises(InputError, match="alone decides"):
        rv.stats.relapse_model(data, family="poisson")
    with pytest.raises(InputError, match="no residual is left"):
        rv.stats.relapse_model(data, family="poisson", variance="hc1")
    assert rv.stats.relapse_model(data, family="poisson", variance="model").estimates[
        0
    ].value == pytest.approx(2)


# --- permutation -------------------------------------------------------------------------------------------
def plain_permutation(counts: Any, years: Any, k: int, statistic: str) -> float:
    """Give the p value by walking over every division in plain Python."""

    def value(first: tuple[int, ...]) -> float:
        groups = [first, tuple(i for i in range(len(counts)) if i not in first)]
        rates, variances = [], []
        for group in groups:
            t = sum(years[i] for i in group)
            rate = sum(counts[i] for i in group) / t
            squares = sum((counts[i] - rate * years[i]) ** 2 for i in group)
            rates.append(rate)
            variances.append(len(group) / (len(group) - 1) * squares / t**2)
        if statistic == "ratio":
            if min(rates) == 0:
                return math.inf
            top = math.log(rates[0] / rates[1])
            bottom = math.sqrt(variances[0] / rates[0] ** 2 + variances[1] / rates[1] ** 2)
        else:
            top, bottom = rates[0] - rates[1], math.sqrt(sum(variances))
        if bottom < 1e-7:
            return 0.0 if abs(top) < 1e-9 else math.inf
        return abs(top / bottom)

    seen = value(tuple(range(k)))
    every = [value(first) for first in itertools.combinations(range(len(counts)), k)]
    return sum(v >= seen * (1 - 1e-9) for v in every) / len(every)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(2, 4), st.integers(2, 4), st.sampled_from(["ratio", "difference"]))
def test_the_permutation_p_value_is_that_of_a_full_walk(
    data: Any, k: int, other: int, statistic: str
) -> None:
    n = k + other
    counts = data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    years = data.draw(st.lists(st.sampled_from([0.5, 1.0, 1.7, 2.0]), min_size=n, max_size=n))
    if sum(counts) == 0 or (statistic == "ratio" and min(sum(counts[:k]), sum(counts[k:])) == 0):
        return
    table = {"arm": ["b"] * k + ["a"] * other, "relapses": counts, "years": years}
    found = rv.stats.relapse_permutation(table, statistic=statistic)
    assert found.p_value == pytest.approx(plain_permutation(counts, years, k, statistic), abs=1e-12)


def test_permutation_estimates_agree_with_the_model_and_swap() -> None:
    found = rv.stats.relapse_permutation(CLUSTERED)
    other = rv.stats.relapse_permutation(CLUSTERED, reference="placebo")
    assert found.value == pytest.approx(ratio_of(rv.stats.relapse_model(CLUSTERED, family="poisson")).value)
    assert found.value == pytest.approx(1 / other.value)
    assert found.p_value == other.p_value
    assert found.low == pytest.approx(1 / other.high)


def test_sampling_repeats_with_its_seed_and_comes_near_the_full_walk() -> None:
    big = {name: values * 2 for name, values in CLUSTERED.items()}
    one = rv.stats.relapse_permutation(big, seed=3, samples=4000)
    assert one == rv.stats.relapse_permutation(big, seed=3, samples=4000)
    assert any("Monte Carlo" in note for note in one.notes)
    with pytest.raises(InputError, match="give a seed"):
        rv.stats.relapse_permutation(big)


def test_sampled_p_is_within_four_monte_carlo_errors_of_the_exact_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = rv.stats.relapse_permutation(TWELVE).p_value or 0.0
    monkeypatch.setattr("ranvier.stats.relapse_permutations.ENUMERATE_UP_TO", 10)
    drawn = rv.stats.relapse_permutation(TWELVE, seed=1, samples=20_000).p_value or 0.0
    assert abs(drawn - exact) < 4 * math.sqrt(exact * (1 - exact) / 20_000)


def test_an_arm_without_relapses_has_a_difference_but_no_ratio() -> None:
    data = TWELVE | {"relapses": [0] * 6 + [1, 2, 0, 3, 1, 2]}
    with pytest.raises(InputError, match="use statistic='difference'"):
        rv.stats.relapse_permutation(data)
    found = rv.stats.relapse_permutation(data, statistic="difference")
    assert found.value == pytest.approx(9 / 10.7)
    with pytest.raises(InputError, match=r"no relapse in arm cells .*stats.rate_ratio"):
        rv.stats.relapse_model(data)


def test_the_permutation_test_keeps_its_level_with_clusters_and_unequal_follow_up() -> None:
    # 400 trials without a difference, 6 per arm: at most 5 % plus three Monte Carlo errors (0.033).
    random = np.random.default_rng(11)
    arms = ["a"] * 6 + ["b"] * 6
    rejected = 0
    for _ in range(400):
        years = random.uniform(0.5, 2.0, 12)
        counts = random.poisson(0.8 * years * random.gamma(1.0, 1.0, 12))
        if counts.sum():
            table = {"arm": arms, "relapses": counts.tolist(), "years": years.tolist()}
            found = rv.stats.relapse_permutation(table, statistic="difference")
            rejected += (found.p_value or 0.0) <= 0.05
    assert rejected / 400 <= 0.05 + 0.033
