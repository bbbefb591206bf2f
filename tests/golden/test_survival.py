"""Time to an event against R's survival, coin, bpcp and coxphf (survival.R writes survival.json)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import ConvergenceError

GOLDEN = json.loads(Path(__file__).with_name("survival.json").read_text(encoding="utf-8"))
SETS = {row["name"]: row for row in GOLDEN["sets"]}
CLOSED = 1e-9
"""Closed forms and exact tests."""
ITERATED = 1e-6
"""What is found by iteration."""
SMALLEST = 1e-12
"""Absolute tolerance for bounds of 0 and for the 15 digits of the JSON."""
QUANTILE_DIFFERS = {"ten"}
"""The curve is 1/2 from an event to the end of follow-up: R takes the middle between the event and the last
patient's end; here it is the day of the event, because the end of follow-up says nothing about the median."""
SURVFIT_STOPS_EARLY = {"missed": "1e-05", "weekly": "1e-03", "many": "2e-05", "some_known": "1e-01"}
"""survfit's EM for interval-censored data ends before the maximum; largest distance from it."""
SCALES = ("plain", "log", "log-log", "arcsine", "logit")


def floats(values: Any) -> np.ndarray:
    """Read numbers; R's NA is missing and its infinities are words."""
    many = values if isinstance(values, list) else [values]
    return np.array([math.nan if v is None or v == "NA" else float(v) for v in many])


def endless(values: Any) -> list[float]:
    """Read upper bounds, where R's Inf and NA (never reached) come as null."""
    return [math.inf if math.isnan(value) else value for value in floats(values)]


def close(expected: Any, *, rel: float = CLOSED, absolute: float = SMALLEST) -> object:
    return pytest.approx(floats(expected), rel=rel, abs=absolute, nan_ok=True)


def fit_of(row: dict[str, Any], method: str) -> rv.stats.SurvivalFit:
    data = SETS[row["name"]]
    return rv.stats.survival(
        one(data["days"]), observed=one(data["observed"]), method=method, level=row["level"]
    )


def one(values: Any) -> list[Any]:
    """R writes a single number without a list."""
    return values if isinstance(values, list) else [values]


def name_of(row: dict[str, Any]) -> str:
    return f"{row['name']}-{row['level']}" if "level" in row else row["name"]


def table_of(name: str) -> pl.DataFrame:
    return pl.DataFrame({key: one(SETS[name][key]) for key in ("days", "observed", "arm", "age")})


def test_grid_is_complete():
    names = {
        "one_patient", "five", "no_event", "one_event", "no_censoring", "all_on_one_day", "end_of_study",
        "ties", "ten", "twenty", "three_arms", "visits", "large",
    }  # fmt: skip
    assert set(SETS) == names
    assert {(row["name"], row["level"]) for row in GOLDEN["curves"]} == {
        (name, level) for name in names for level in (0.9, 0.95)
    }
    assert {row["name"] for row in GOLDEN["ranks"]} == names - {"one_patient", "no_event"}
    assert sum("tails_equal" in row for row in GOLDEN["ranks"]) == 8
    assert len(GOLDEN["cox"]) == 8
    assert {row["name"] for row in GOLDEN["recurrent"]} == {"small", "clustered", "late_entry"}
    assert len(GOLDEN["spans"]) == 6
    assert set(GOLDEN["head"]["packages"]) == {"survival", "coin", "bpcp", "coxphf", "jsonlite"}


@pytest.mark.parametrize("row", GOLDEN["curves"], ids=name_of)
def test_curve_and_beta_product_interval_agree(row: dict[str, Any]):
    table = fit_of(row, "beta-product").table
    steps = table[1:]
    assert steps["day"].to_list() == one(row["day"])
    assert steps["at_risk"].to_list() == one(row["at_risk"])
    assert steps["survival"].to_numpy() == close(row["survival"])
    # bpcp gives [L, R) for each time; ours from just after each row until the next.
    assert table["day"].to_list() == one(row["bpcp_from"])
    assert table["low_after"].to_numpy() == close(row["bpcp_low"])
    assert table["high"].to_numpy() == close(row["bpcp_high"])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("row", GOLDEN["curves"], ids=name_of)
def test_greenwood_intervals_agree_where_the_curve_is_inside(row: dict[str, Any], scale: str):
    steps = fit_of(row, scale).table[1:]
    survival = steps["survival"].to_numpy()
    inside = (survival > 0) & (survival < 1)
    for bound in ("low", "high"):
        assert steps[bound].to_numpy()[inside] == close(list(floats(row[scale][bound])[inside]))
        assert np.isnan(steps[bound].to_numpy()[~inside]).all()


@pytest.mark.parametrize("row", GOLDEN["curves"], ids=name_of)
def test_restricted_mean_and_its_standard_error_agree(row: dict[str, Any]):
    found = fit_of(row, "beta-product").restricted_mean(row["mean_to"]).estimates[0]
    assert found.value == pytest.approx(row["mean"], rel=CLOSED)
    assert found.inputs["standard error"] == pytest.approx(row["mean_se"], rel=CLOSED, abs=SMALLEST)


@pytest.mark.parametrize("row", GOLDEN["curves"], ids=name_of)
def test_quantiles_agree(row: dict[str, Any]):
    for scale in SCALES:
        fit = fit_of(row, scale)
        found = [fit.quantile(share).estimates[0] for share in (0.25, 0.5, 0.75)]
        same = [each.value for each in found] == close(row[scale]["quantiles"])
        assert same == (row["name"] not in QUANTILE_DIFFERS)
        if scale == "log-log":
            assert [each.low for each in found] == close(row[scale]["quantiles_low"])
            assert [each.high for each in found] == close(endless(row[scale]["quantiles_high"]))


@pytest.mark.parametrize("row", GOLDEN["curves"], ids=name_of)
def test_exact_quantile_intervals_agree_with_bpcp(row: dict[str, Any]):
    fit = fit_of(row, "beta-product")
    found = [fit.quantile(share).estimates[0] for share in (0.25, 0.5, 0.75)]
    assert [each.low for each in found] == close(row["bpcp_quantiles_low"])
    assert [each.high for each in found] == close(endless(row["bpcp_quantiles_high"]))


@pytest.mark.parametrize("weights", ["equal", "peto"])
@pytest.mark.parametrize("row", GOLDEN["ranks"], ids=name_of)
def test_log_rank_statistic_agrees_with_survdiff(row: dict[str, Any], weights: str):
    found = rv.stats.log_rank(table_of(row["name"]), method="asymptotic", weights=weights)
    assert found.table["events"].to_numpy() == close(row[weights]["events"])
    assert found.table["expected"].to_numpy() == close(row[weights]["expected"])
    assert found.diagnostics["covariance"].ravel() == close(row[weights]["variance"], absolute=1e-10)
    if weights == "equal" or row["name"] != "all_on_one_day":
        assert found.statistic == pytest.approx(row[weights]["chisq"], rel=1e-8, abs=SMALLEST)


@pytest.mark.parametrize("weights", ["equal", "gehan"])
@pytest.mark.parametrize("row", [row for row in GOLDEN["ranks"] if "tails_equal" in row], ids=name_of)
def test_exact_log_rank_agrees_with_coin(row: dict[str, Any], weights: str):
    found = rv.stats.log_rank(table_of(row["name"]), weights=weights)
    assert found.p_value == pytest.approx(min(1, 2 * min(row[f"tails_{weights}"])), rel=CLOSED)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("row", GOLDEN["cox"], ids=name_of)
def test_cox_agrees_with_coxph(row: dict[str, Any], ties: str):
    expected = row[ties]
    found = rv.stats.cox(table_of(row["name"]), covariates=one(row["covariates"]), ties=ties)
    assert found.coefficients == close(expected["coefficient"], rel=ITERATED, absolute=1e-9)
    assert np.sqrt(np.diag(found.covariance)) == close(expected["se"], rel=ITERATED)
    assert [each.p_value for each in found.estimates] == close(expected["p"], rel=ITERATED)
    assert found.log_likelihood == pytest.approx(expected["loglik"], rel=CLOSED)
    tests = found.diagnostics["proportional hazards"]
    chisq = [each["chi-square"] for each in tests.values()]
    expected_chisq = one(expected["zph"])  # one covariate has one line in R, and all of them another
    assert chisq == close(expected_chisq, rel=ITERATED, absolute=1e-7)


@pytest.mark.parametrize("row", GOLDEN["cox"], ids=name_of)
def test_firth_agrees_with_coxphf(row: dict[str, Any]):
    found = rv.stats.cox(
        table_of(row["name"]), covariates=one(row["covariates"]), method="firth", ties="breslow"
    )
    assert_firth(found, row["firth"])


def assert_firth(found: rv.stats.CoxFit, expected: dict[str, Any]) -> None:
    assert found.coefficients == close(expected["coefficient"], rel=ITERATED, absolute=1e-7)
    assert [each.low for each in found.estimates] == close(expected["low"], rel=ITERATED)
    assert [each.high for each in found.estimates] == close(expected["high"], rel=ITERATED)
    assert [each.p_value for each in found.estimates] == close(expected["p"], rel=ITERATED)


def test_an_arm_without_events_has_a_ratio_under_firth_only():
    (row,) = GOLDEN["separated"]
    data = pl.DataFrame({key: row[key] for key in ("days", "observed", "arm")})
    with pytest.raises(ConvergenceError, match=r"'arm: placebo against cells' splits.*method='firth'"):
        rv.stats.cox(data, covariates=["arm"])
    assert_firth(rv.stats.cox(data, covariates=["arm"], method="firth", ties="breslow"), row["firth"])


@pytest.mark.parametrize("row", GOLDEN["recurrent"], ids=name_of)
def test_recurrent_events_agree(row: dict[str, Any]):
    events, people = row["events"], row["people"]
    lwyy = rv.stats.recurrent(events, people, covariates=["arm", "age"])
    plain = rv.stats.recurrent(events, people, covariates=["arm", "age"], method="andersen-gill")
    assert lwyy.coefficients == close(row["coefficient"], rel=ITERATED)
    assert plain.coefficients == close(row["coefficient"], rel=ITERATED)
    assert np.sqrt(np.diag(plain.covariance)) == close(row["se"], rel=ITERATED)
    assert np.sqrt(np.diag(lwyy.covariance)) == close(row["robust_se"], rel=ITERATED)
    tests = lwyy.diagnostics["proportional hazards"].values()
    assert [each["chi-square"] for each in tests] == close(row["zph"], rel=ITERATED)


@pytest.mark.parametrize("row", GOLDEN["recurrent"], ids=name_of)
def test_mean_cumulative_number_agrees(row: dict[str, Any]):
    people = {key: value for key, value in row["people"].items() if key != "arm"}
    table = rv.stats.mean_cumulative(row["events"], people).table
    assert table["day"].to_list() == row["day"]
    assert table["at_risk"].to_list() == row["at_risk"]
    assert table["mean"].to_numpy() == close(row["mean"])
    assert table["standard_error"].to_numpy() == close(row["mean_se"])


def shares_at(row: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Give our shares, and where they are known: inside an interval that holds probability they are not."""
    fit = rv.stats.interval_survival(row["left_day"], right=row["right_day"])
    found = np.array([fit.at(day).estimates[0].value for day in one(row["day"])])
    return found, ~np.isnan(found)


@pytest.mark.parametrize("row", GOLDEN["spans"], ids=name_of)
def test_events_between_visits_agree_with_em_run_to_the_end(row: dict[str, Any]):
    found, known = shares_at(row)
    assert known.sum() >= 2
    assert found[known] == close(list(floats(row["survival"])[known]), rel=ITERATED, absolute=ITERATED)


def test_survfit_stops_before_the_maximum_of_interval_censored_data():
    far = {}
    for row in GOLDEN["spans"]:
        found, known = shares_at(row)
        distance = np.abs(found[known] - floats(row["survfit"])[known]).max()
        if distance > ITERATED:
            far[row["name"]] = f"{distance:.0e}"
    assert far == SURVFIT_STOPS_EARLY


@pytest.mark.parametrize("model", ["one", "arm"])
@pytest.mark.parametrize("row", GOLDEN["spans"], ids=name_of)
def test_weibull_agrees_with_survreg(row: dict[str, Any], model: str):
    if f"weibull_{model}" not in row:
        assert row["name"] == "four"
        return
    expected = row[f"weibull_{model}"]
    data = {key: row[key] for key in ("left_day", "right_day", "arm")}
    found = rv.stats.weibull(data, covariates=["arm"] if model == "arm" else [])
    assert found.coefficients == close(expected["coefficient"], rel=ITERATED)
    assert np.sqrt(np.diag(found.covariance)) == close(expected["se"], rel=ITERATED)
    assert found.log_likelihood == pytest.approx(expected["loglik"], rel=CLOSED)
