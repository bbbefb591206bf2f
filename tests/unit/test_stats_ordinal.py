"""Ordered scores of the same patients."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

import ranvier as rv
from ranvier.errors import ConvergenceError, InputError
from ranvier.stats import _ordinal_likelihood as likelihood


def visits(n: int = 24, *, spread: float = 2.0, seed: int = 1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    arm = np.repeat(np.where(np.arange(n) % 2, "cells", "placebo"), 3)
    month = np.tile([0, 6, 12], n)
    latent = (
        np.repeat(random.normal(0, spread, n), 3)
        - 0.1 * month * (arm == "cells")
        + random.logistic(size=3 * n)
    )
    return pl.DataFrame(
        {
            "subject": np.repeat([f"P{i:02d}" for i in range(n)], 3),
            "arm": arm,
            "month": month,
            "edss": 3 + np.digitize(latent, [-2, 0, 2]) / 2,
        }
    )


def test_one_group_difference_without_random_intercept_is_the_log_odds_ratio_of_a_two_by_two_table() -> None:
    table = {
        "subject": list(range(40)),
        "arm": ["a"] * 20 + ["b"] * 20,
        "edss": [3.0] * 8 + [4.0] * 12 + [3.0] * 14 + [4.0] * 6,
    }
    found = rv.stats.ordinal_mixed(table, terms=["arm"], random="none")
    assert found.estimates[0].value == pytest.approx((6 / 14) / (12 / 8), rel=1e-7)
    error = math.sqrt(1 / 6 + 1 / 14 + 1 / 12 + 1 / 8)
    assert found.diagnostics["standard_errors"]["arm b"] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("spread", [0.5, 2.0, 6.0])
def test_the_quadrature_is_the_integral(spread: float) -> None:
    frame = visits(12, spread=spread)
    found = rv.stats.ordinal_mixed(frame, terms=["arm", "month"], nodes=101).diagnostics
    edges = np.concatenate([[-np.inf], list(found["thresholds"].values()), [np.inf]])
    beta = np.array(list(found["coefficients"].values()))
    u = np.linspace(-12, 12, 20_001)
    total = 0.0
    for _, rows in frame.group_by("subject"):
        x = np.column_stack([(rows["arm"] == "placebo").to_numpy(), rows["month"].to_numpy()])
        category = np.searchsorted(sorted(set(frame["edss"])), rows["edss"].to_numpy())
        density = np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)
        for eta, c in zip(x @ beta, category, strict=True):
            shifted = eta + found["random_sd"] * u
            density = density * (expit(edges[c + 1] - shifted) - expit(edges[c] - shifted))
        total += math.log(float(np.sum((density[1:] + density[:-1]) / 2) * (u[1] - u[0])))
    assert found["log_likelihood"] == pytest.approx(total, abs=1e-6)


def test_turning_the_scale_round_inverts_the_odds_ratios() -> None:
    frame = visits()
    one = rv.stats.ordinal_mixed(frame, terms=["arm", "month"])
    two = rv.stats.ordinal_mixed(frame.with_columns(-pl.col("edss")), terms=["arm", "month"])
    for first, second in zip(one.estimates, two.estimates, strict=True):
        assert (first.value, first.low) == pytest.approx((1 / second.value, 1 / second.high), rel=1e-5)


def test_order_of_rows_and_labels_of_patients_do_not_matter() -> None:
    frame = visits()
    one = rv.stats.ordinal_mixed(frame, terms=["arm"])
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=2).with_columns(
        "Q" + pl.col("subject").str.reverse()
    )
    two = rv.stats.ordinal_mixed(shuffled, terms=["arm"])
    assert one.estimates[0].value == pytest.approx(two.estimates[0].value, rel=1e-6)


def test_the_profile_bounds_lie_where_the_likelihood_ratio_is_at_its_quantile() -> None:
    frame = visits(16)
    found = rv.stats.ordinal_mixed(frame, terms=["arm"], interval="profile", nodes=9)
    estimate = found.estimates[0]
    wald = rv.stats.ordinal_mixed(frame, terms=["arm"], nodes=9).estimates[0]
    assert estimate.low < estimate.value < estimate.high
    assert math.log(estimate.high / estimate.low) == pytest.approx(math.log(wald.high / wald.low), rel=0.3)
    assert (estimate.p_value < 0.05) == (not estimate.low <= 1 <= estimate.high)


def test_the_slope_is_that_of_the_likelihood() -> None:
    frame = visits(10)
    nodes, weights = likelihood.gauss_hermite(41)
    place = np.array([-1.0, 0.5, 0.3, -0.2, 0.4, 0.1])
    scores, category = np.unique(frame["edss"].to_numpy(), return_inverse=True)
    assert scores.size == 4
    x = np.column_stack([(frame["arm"] == "cells").to_numpy(), frame["month"].to_numpy() / 12]).astype(float)
    data = likelihood.OrdinalData(category, x, np.repeat(np.arange(10), 3), nodes, weights)
    slope = likelihood._value_and_slope(data, place)[1]
    for j in range(place.size):
        step = np.eye(place.size)[j] * 1e-5
        up, down = (likelihood._value_and_slope(data, place + s)[0] for s in (step, -step))
        assert slope[j] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-6)


def test_groups_that_separate_the_scores_are_refused() -> None:
    table = {
        "subject": list("abcdefgh"),
        "arm": ["x"] * 4 + ["y"] * 4,
        "edss": [3, 3, 3.5, 3.5, 4, 4.5, 4, 4.5],
    }
    with pytest.raises(InputError, match=r"\['arm y'\] separate the scores"):
        rv.stats.ordinal_mixed(table, terms=["arm"], random="none")


def test_patients_who_never_change_have_no_finite_spread() -> None:
    table = pl.DataFrame(
        {
            "subject": np.repeat(np.arange(12), 4),
            "arm": np.repeat(["x", "y"] * 6, 4),
            "edss": np.repeat([3.0, 3.5, 4.0, 4.5, 3.5, 4.0, 3.0, 4.5, 4.0, 3.0, 4.5, 3.5], 4),
        }
    )
    with pytest.raises(ConvergenceError, match="grows without limit"):
        rv.stats.ordinal_mixed(table, terms=["arm"])


def test_no_spread_between_patients_is_said() -> None:
    frame = visits(30, spread=0.0, seed=4).with_columns(pl.col("edss").shuffle(seed=2))
    found = rv.stats.ordinal_mixed(frame, terms=["arm"])
    plain = rv.stats.ordinal_mixed(frame, terms=["arm"], random="none")
    if found.diagnostics["random_sd"] == 0:
        assert "estimated as 0" in found.explain()
        assert found.estimates[0].value == plain.estimates[0].value
    assert found.diagnostics["log_likelihood"] >= plain.diagnostics["log_likelihood"] - 1e-6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"terms": ["arm"], "nodes": 3}, "at least 5"),
        ({"terms": []}, "terms is empty"),
        ({"terms": ["arms"]}, "Did you mean 'arm'"),
        ({"terms": ["arm", "arm"]}, "follows from those before it"),
        ({"terms": ["arm"], "random": "slope"}, "unknown random 'slope'"),
        ({"terms": ["arm"], "outcome": "arm"}, "must hold numbers"),
    ],
)
def test_what_cannot_be_fitted_is_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rv.stats.ordinal_mixed(visits(), **options)


def test_one_row_per_patient_has_no_random_intercept() -> None:
    with pytest.raises(InputError, match="each patient has one row"):
        rv.stats.ordinal_mixed(visits().filter(pl.col("month") == 0), terms=["arm"])
