"""Count models, ordinal models, adjusted p values and Rubin's rules against R (models_counts.R)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import ranvier as rv

GOLDEN = json.loads(Path(__file__).with_name("models_counts.json").read_text(encoding="utf-8"))

ESTIMATE = 1e-7
"""Coefficients and standard errors of both programs settle to about 1e-9 of each other."""
OBSERVED = 1e-5
"""numDeriv's differences carry six to eight digits."""
CLOSED = 1e-9
"""Closed forms."""
MIXED = 2e-4
"""clmm maximises the quadrature, ours solves the exact slope; both use inner searches with tolerances."""
BOUNDARY = {("twelve", "plain"), ("twelve", "age")}
"""Dispersion at its limit of 0: glm.nb stops at a huge theta with a warning, here it is 0 and said."""

MIXED_ERROR = 1e-3
"""clmm differentiates its quadrature numerically: for 'wide' its standard error is 2e-4 from the limit that
ours reaches at 41 and 81 nodes alike."""
NO_SPREAD = {"narrow"}
"""Standard deviation of the intercepts at 0: clmm stops near 1e-4, here it is 0 and said."""

SETS = ["twelve", "overdispersed", "sixty", "three_arms", "equal_time", "lesions"]
SCORES = ["forty", "twenty", "wide", "narrow"]
TERMS = {"arm": ["arm"], "arm_visit": ["arm", "visit"], "interaction": ["arm", "visit", "arm:visit"]}


def ident(row: dict) -> str:
    return f"{row['name']}-{row.get('terms', '')}"


def close(expected: object, rel: float, absolute: float = 1e-12) -> object:
    return pytest.approx(expected, rel=rel, abs=absolute)


def model(row: dict, **options: object) -> rv.result.Fit:
    columns = {name: row[name] for name in ("arm", "relapses", "years", "age")}
    return rv.stats.relapse_model(columns, covariates=["age"] if row["terms"] == "age" else [], **options)


def visits(row: dict) -> dict:
    return {name: row[name] for name in ("subject", "arm", "visit", "edss")}


def test_grid_is_complete() -> None:
    assert [(r["name"], r["terms"]) for r in GOLDEN["counts"]] == [
        (name, terms) for name in SETS for terms in ("plain", "age")
    ]
    assert [(r["name"], r["terms"]) for r in GOLDEN["ordinal"]] == [(n, t) for n in SCORES for t in TERMS]
    assert [row["name"] for row in GOLDEN["polr"]] == SCORES
    assert len(GOLDEN["adjusted"]) == 9
    assert [(len(r["values"]), r.get("complete_df")) for r in GOLDEN["pooled"]] == [
        (m, df) for m in (2, 5, 20) for df in (6, 18, 198, None)
    ]


@pytest.mark.parametrize("row", GOLDEN["counts"], ids=ident)
def test_poisson_and_its_variances_agree(row: dict) -> None:
    found = model(row, family="poisson").diagnostics
    assert list(found["coefficients"].values()) == close(row["poisson"]["coef"], ESTIMATE)
    assert found["log_likelihood"] == close(row["poisson"]["loglik"], CLOSED)
    errors = {kind: list(part.values()) for kind, part in found["standard_errors"].items()}
    assert errors["model"] == close(row["poisson"]["model"], ESTIMATE)
    assert errors["observed"] == close(row["poisson"]["model"], ESTIMATE)
    for kind, expected in row["poisson"]["sandwich"].items():
        assert errors[kind] == close(expected, ESTIMATE), kind


@pytest.mark.parametrize("row", GOLDEN["counts"], ids=ident)
def test_quasi_poisson_agrees(row: dict) -> None:
    found = model(row, family="quasi-poisson", variance="model").diagnostics
    assert list(found["standard_errors"]["model"].values()) == close(row["quasi"]["model"], ESTIMATE)
    assert found["pearson_dispersion"] == close(row["quasi"]["dispersion"], ESTIMATE)


@pytest.mark.parametrize("row", GOLDEN["counts"], ids=ident)
def test_negative_binomial_and_its_variances_agree(row: dict) -> None:
    found = model(row)
    if (row["name"], row["terms"]) in BOUNDARY:
        assert found.diagnostics["dispersion"] == 0
        assert "nb" not in row or row["nb"]["theta"] > 1e4
        assert any("limit of 0" in note for note in found.notes)
        return
    expected, about = row["nb"], found.diagnostics
    assert list(about["coefficients"].values()) == close(expected["coef"], ESTIMATE, 1e-9)
    assert about["size"] == close(expected["theta"], 1e-6)
    assert about["log_likelihood"] == close(expected["loglik"], CLOSED)
    errors = {kind: list(part.values()) for kind, part in about["standard_errors"].items()}
    assert errors["model"] == close(expected["model"], 1e-6)
    assert errors["observed"] == close(expected["observed"], OBSERVED)
    for kind, values in expected["sandwich"].items():
        assert errors[kind] == close(values, 1e-6), kind


def test_known_disagreements_are_all_there_are() -> None:
    at_limit = {
        (row["name"], row["terms"]) for row in GOLDEN["counts"] if "nb" not in row or row["nb"]["theta"] > 1e4
    }
    assert at_limit == BOUNDARY
    assert {row["name"] for row in GOLDEN["ordinal"] if row["mixed"]["sd"] < 1e-3} == NO_SPREAD


@pytest.mark.parametrize("row", GOLDEN["ordinal"], ids=ident)
def test_proportional_odds_agree(row: dict) -> None:
    fit = rv.stats.ordinal_mixed(visits(row), terms=TERMS[row["terms"]], random="none")
    found, expected = fit.diagnostics, row["fixed"]
    assert list(found["thresholds"].values()) == close(expected["theta"], 1e-6, 1e-7)
    assert list(found["coefficients"].values()) == close(expected["beta"], 1e-6, 1e-7)
    assert list(found["standard_errors"].values()) == close(expected["se"], 1e-6)
    assert found["log_likelihood"] == close(expected["loglik"], CLOSED)


@pytest.mark.parametrize("row", [r for r in GOLDEN["ordinal"] if r["terms"] == "arm_visit"], ids=ident)
def test_profile_interval_of_proportional_odds_agrees(row: dict) -> None:
    # clm interpolates its profile by a spline.
    fit = rv.stats.ordinal_mixed(visits(row), terms=["arm", "visit"], random="none", interval="profile")
    assert [math.log(e.low) for e in fit.estimates] == close(row["fixed"]["low"], 2e-3, 1e-4)
    assert [math.log(e.high) for e in fit.estimates] == close(row["fixed"]["high"], 2e-3, 1e-4)


@pytest.mark.parametrize("row", GOLDEN["polr"], ids=ident)
def test_a_second_program_for_proportional_odds_agrees(row: dict) -> None:
    data = next(r for r in GOLDEN["ordinal"] if (r["name"], r["terms"]) == (row["name"], "arm_visit"))
    found = rv.stats.ordinal_mixed(visits(data), terms=["arm", "visit"], random="none").diagnostics
    assert list(found["coefficients"].values()) == close(row["beta"], 1e-5, 1e-6)
    assert found["log_likelihood"] == close(row["loglik"], CLOSED)


@pytest.mark.parametrize("row", GOLDEN["ordinal"], ids=ident)
def test_proportional_odds_with_random_intercept_agree(row: dict) -> None:
    found = rv.stats.ordinal_mixed(visits(row), terms=TERMS[row["terms"]], nodes=21).diagnostics
    expected = row["mixed"]
    assert found["log_likelihood"] == close(expected["loglik"], 1e-6)
    assert list(found["coefficients"].values()) == close(expected["beta"], MIXED, MIXED)
    assert list(found["thresholds"].values()) == close(expected["theta"], MIXED, MIXED)
    assert list(found["standard_errors"].values()) == close(expected["se"], MIXED_ERROR)
    if row["name"] in NO_SPREAD:
        assert found["random_sd"] == 0
        assert expected["sd"] < 1e-3
    else:
        assert found["random_sd"] == close(expected["sd"], MIXED)


@pytest.mark.parametrize("row", GOLDEN["adjusted"], ids=lambda row: str(row["p"]))
@pytest.mark.parametrize("method", ["holm", "hochberg", "hommel", "bonferroni"])
def test_adjusted_p_values_agree(row: dict, method: str) -> None:
    found = rv.stats.adjust(row["p"], method=method).table["adjusted_p"].to_list()
    assert found == close(row[method], CLOSED)


@pytest.mark.parametrize("row", GOLDEN["pooled"], ids=lambda r: f"{len(r['values'])}-{r.get('complete_df')}")
def test_rubins_rules_agree(row: dict) -> None:
    found = rv.stats.pool_imputations(
        row["values"], [math.sqrt(v) for v in row["variances"]], complete_df=row.get("complete_df")
    )
    assert found.value == close(row["mean"], CLOSED)
    assert found.inputs["variance within"] == close(row["within"], CLOSED)
    assert found.inputs["variance between"] == close(row["between"], CLOSED)
    assert found.inputs["standard error"] == close(math.sqrt(row["total"]), CLOSED)
    assert found.inputs["degrees of freedom"] == close(row["df"], 1e-6)
    assert found.inputs["information missing"] == close(row["missing"], 1e-6)
