"""Mixed models against mmrm, nlme, lme4 with pbkrtest and lmerTest (mixed_model.R writes the values)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import ranvier as rv

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "mixed_model.json").read_text(encoding="utf-8"))
CASES = {
    case["name"]: case for case in json.loads((HERE / "mixed_model_cases.json").read_text(encoding="utf-8"))
}
ESTIMATE = 1e-6
"""Estimates and standard errors against mmrm, whose optimiser is run on to the maximum; 1e-9 is common."""
INFERENCE = 1e-6
"""Degrees of freedom and p values against the same."""
GLS_ESTIMATE = 1e-4
"""nlme stops its search earlier; differences are in standard errors of the estimate."""
METHODS = ("satterthwaite", "kenward-roger", "kenward-roger-linear")
GLS_STRUCTURES = {
    "unstructured",
    "ar1-heterogeneous",
    "ar1",
    "compound-symmetry-heterogeneous",
    "compound-symmetry",
    "spatial-exponential",
}


@cache
def fitted(case: str, covariance: str, df: str, likelihood: str = "reml") -> rv.stats.MixedModelFit:
    model = rv.stats.MixedModel(
        outcome="change",
        fixed=CASES[case]["fixed"],
        covariance=covariance,
        time="month" if covariance == "spatial-exponential" else None,
        groups=CASES[case]["groups"],
        df=df,
        likelihood=likelihood,
    )
    return rv.stats.mmrm(pl.DataFrame(CASES[case]["data"]), model)


def ident(row: dict) -> str:
    return f"{row['case']}-{row.get('covariance', 'random intercept')}"


def close(expected: object, tolerance: float) -> object:
    return pytest.approx(np.asarray(expected, dtype=float), rel=tolerance, abs=tolerance * 1e-3)


def assert_tests_agree(table: pl.DataFrame, golden: dict) -> None:
    assert table["standard_error"].to_numpy() == close(golden["se"], ESTIMATE)
    assert table["df"].to_numpy() == close(golden["df"], INFERENCE)
    assert table["p_value"].to_numpy() == pytest.approx(np.array(golden["p"]), rel=1e-3, abs=INFERENCE)


def test_the_grid_is_complete():
    structures = set(rv.stats.COVARIANCES)
    assert len(structures) == 10
    assert len(CASES) == 8
    grid = {(case, structure) for case in CASES for structure in structures}
    assert {(row["case"], row["covariance"]) for row in GOLDEN["mmrm"]} == grid
    assert [ident(row) for row in GOLDEN["mmrm"] if "failed" in row] == []
    alone = [name for name, case in CASES.items() if case["groups"] is None]
    assert {(row["case"], row["covariance"]) for row in GOLDEN["gls"]} == {
        (case, structure) for case in alone for structure in GLS_STRUCTURES
    }
    assert [ident(row) for row in GOLDEN["gls"] if "failed" in row] == []
    assert [row["case"] for row in GOLDEN["lmer"]] == alone
    assert set(GOLDEN["head"]["packages"]) >= {"mmrm", "nlme", "lme4", "lmerTest", "pbkrtest", "emmeans"}


def test_the_trials_hold_what_they_are_named_for():
    seen = {name: pl.DataFrame(case["data"]) for name, case in CASES.items()}
    rows = {name: data.height for name, data in seen.items()}
    assert rows["complete"] == 60 * 4
    assert rows["dropout"] < 60 * 4
    assert seen["tiny"]["subject"].n_unique() == 10
    assert seen["three_arms"]["arm"].n_unique() == 3
    assert seen["single_arm"]["arm"].n_unique() == 1
    assert CASES["groups"]["groups"] == "arm"


@pytest.mark.parametrize("row", GOLDEN["mmrm"], ids=ident)
def test_estimates_and_covariance_agree_with_mmrm(row: dict):
    fit = fitted(row["case"], row["covariance"], "satterthwaite")
    assert fit.table["value"].to_numpy() == close(row["value"], ESTIMATE)
    assert fit.diagnostics["minus_two_log_likelihood"] == close(row["minus_two_log"], 1e-10)
    assert np.sort(fit.coefficients["value"].to_numpy()) == close(np.sort(row["coefficients"]), ESTIMATE)
    if row["covariance"] != "spatial-exponential":
        found = [table.drop("visit").to_numpy() for table in fit.covariances.values()]
        assert np.array(found) == close(row["covariance_matrix"], ESTIMATE)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("row", GOLDEN["mmrm"], ids=ident)
def test_degrees_of_freedom_and_p_agree_with_mmrm(row: dict, method: str):
    assert_tests_agree(fitted(row["case"], row["covariance"], method).table, row[method])


@pytest.mark.parametrize("row", GOLDEN["mmrm"], ids=ident)
def test_full_likelihood_agrees_with_mmrm(row: dict):
    fit = fitted(row["case"], row["covariance"], "satterthwaite", "ml")
    assert fit.table["value"].to_numpy() == close(row["ml"]["value"], ESTIMATE)
    assert fit.diagnostics["minus_two_log_likelihood"] == close(row["ml"]["minus_two_log"], 1e-10)
    assert_tests_agree(fit.table, row["ml"])


@pytest.mark.parametrize("row", GOLDEN["gls"], ids=ident)
def test_estimates_agree_with_nlme(row: dict):
    table = fitted(row["case"], row["covariance"], "satterthwaite").coefficients
    order, theirs = np.argsort(table["value"].to_numpy()), np.argsort(row["coefficients"])
    error = table["standard_error"].to_numpy()[order]
    apart = table["value"].to_numpy()[order] - np.array(row["coefficients"])[theirs]
    assert np.abs(apart / error).max() < GLS_ESTIMATE
    assert error == close(np.array(row["se"])[theirs], GLS_ESTIMATE)


@pytest.mark.parametrize("row", GOLDEN["lmer"], ids=ident)
@pytest.mark.parametrize(
    ("method", "peer"), [("kenward-roger-expected", "pbkrtest"), ("satterthwaite", "lmerTest")]
)
def test_a_random_intercept_is_compound_symmetry(row: dict, method: str, peer: str):
    table = fitted(row["case"], "compound-symmetry", method).table
    assert table["value"].to_numpy() == close(row["value"], ESTIMATE)
    assert_tests_agree(table, row[peer])
