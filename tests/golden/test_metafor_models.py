"""Pools, regressions, groups and stratified pools of published data against metafor; metafor_models.R."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.evidence import MEASURE_CODES, POOL_INTERVALS, POOL_METHODS
from ranvier.evidence._given import given_studies

GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("metafor_models.json").read_text(encoding="utf-8")
)
NAMES = {code: name for name, code in MEASURE_CODES.items()}
POOLS = {row["name"]: row for row in GOLDEN["fits"] if row["kind"] == "pool"}
REGRESSIONS = {row["name"]: row for row in GOLDEN["fits"] if row["kind"] == "regression"}
CLOSED = {"common", "dl", "he", "hs", "sj"}
CLOSED_FORM, SEARCHED, PROFILE, LIKELIHOOD = 1e-9, 1e-6, 1e-5, 1e-6
"""Relative tolerances: closed forms; searched variances and what follows; Q-profile and likelihood intervals,
whose ends metafor finds by a search of its own."""
NO_PROFILE = {"identical"}
"""Where no variance fits, metafor gives the Q-profile interval as missing; here it is 0 to 0."""
NO_SPREAD = {("identical", "knapp-hartung unfloored")}
"""Effects that are all equal: the plain Knapp-Hartung error is 0 but for rounding in R."""
STRATIFIED_CODES = {"RR", "OR", "RD", "PETO", "IRR", "IRD"}


def close(found: float | None, expected: float | None, tolerance: float, unit: float) -> bool:
    """Compare relative to the value, or to the unit where the value is 0 but for rounding."""
    if expected is None or found is None:
        return found is None or math.isnan(found)
    return math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance * unit)


def sizes(row: dict[str, Any]) -> Any:
    """Give the effects as a user makes them, or as they stand in the source."""
    if row["measure"] is None:
        return (row["y"], row["v"])
    return (rv.evidence.effect_size(row["cells"], measure=NAMES[row["measure"]]),)


def differences(fit: Any, numbers: dict[str, Any], expected: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Give name, ours, theirs and unit of all that both compute of a variance between studies."""
    typical = numbers["typical"]
    yield "tau2", fit["tau2"], expected["tau2"], typical
    for name in ("i2", "h2", "q"):
        yield name, fit[name], expected[name], 1.0
    yield "q_p", fit["q_p_value"], expected["q_p"], 1.0


def test_the_grid_is_complete() -> None:
    assert len(POOLS) == 16
    assert len(REGRESSIONS) == 8
    for row in GOLDEN["fits"]:
        assert set(row["fits"]) == set(POOL_METHODS)
        assert all(set(fit["tests"]) == set(POOL_INTERVALS) for fit in row["fits"].values())
        assert "metadat" in row["source"] or row["name"] == "identical"
    assert {row["interval"] for row in GOLDEN["groups"]} == set(POOL_INTERVALS)
    assert len(GOLDEN["groups"]) == 40
    assert len({row["name"] for row in GOLDEN["groups"]}) == 10
    assert {row["code"] for row in GOLDEN["stratified"]} == STRATIFIED_CODES
    for code in STRATIFIED_CODES:
        assert len({row["name"] for row in GOLDEN["stratified"] if row["code"] == code}) >= 8
    assert len(GOLDEN["stratified"]) == 60


@pytest.mark.parametrize("name", [name for name, row in POOLS.items() if row["measure"]])
def test_effects_of_published_counts_are_those_of_metafor(name: str) -> None:
    table = sizes(POOLS[name])[0].table
    assert table["effect"].to_list() == pytest.approx(POOLS[name]["y"], rel=CLOSED_FORM)
    assert table["variance"].to_list() == pytest.approx(POOLS[name]["v"], rel=CLOSED_FORM)


@pytest.mark.parametrize("method", POOL_METHODS)
@pytest.mark.parametrize("name", POOLS)
def test_a_pool_of_published_data_is_that_of_metafor(name: str, method: str) -> None:
    row = POOLS[name]
    expected, tolerance = row["fits"][method], CLOSED_FORM if method in CLOSED else SEARCHED
    given, k = sizes(row), len(row["y"])
    for interval, theirs in expected["tests"].items():
        pool = rv.evidence.pool(*given, method=method, interval=interval)
        found, error = pool.diagnostics, expected["tests"]["wald"]["se"][0]
        if k > 1:
            numbers = {"typical": k / sum(1 / v for v in row["v"])}
            for key, ours, other, unit in differences(found, numbers, expected):
                assert close(ours, other, tolerance, unit), (interval, key, ours, other)
        if (name, interval) in NO_SPREAD:
            continue
        compared = {
            "value": ("coefficients", error),
            "standard_error": ("se", error),
            "statistic": ("statistic", 1.0),
            "p_value": ("p", 1.0),
            "low": ("low", error),
            "high": ("high", error),
        }
        for ours, (other, unit) in compared.items():
            assert close(found[ours], theirs[other][0], tolerance, unit), (interval, ours)


@pytest.mark.parametrize("method", POOL_METHODS)
@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_regression_on_published_moderators_is_that_of_metafor(name: str, method: str) -> None:
    row = REGRESSIONS[name]
    expected, tolerance = row["fits"][method], CLOSED_FORM if method in CLOSED else SEARCHED
    for interval, theirs in expected["tests"].items():
        fit = rv.evidence.meta_regression(
            *sizes(row), moderators=row["moderators"], method=method, interval=interval
        )
        found = fit.diagnostics
        numbers = {"typical": len(row["v"]) / sum(1 / v for v in row["v"])}
        for key, ours, other, unit in differences(found, numbers, expected):
            assert close(ours, other, tolerance, unit), (interval, key, ours, other)
        if method != "common":
            assert close(found["tau2_without_moderators"], expected["without"], tolerance, numbers["typical"])
            if expected["without"] > 0:
                assert close(found["r2"], expected["r2"], tolerance, 1.0)
        if (name, interval) in NO_SPREAD:
            continue
        errors = np.array(expected["tests"]["wald"]["se"])
        table = fit.coefficients
        for ours, other, unit in (
            ("value", "coefficients", errors),
            ("standard_error", "se", errors),
            ("statistic", "statistic", np.ones_like(errors)),
            ("p_value", "p", np.ones_like(errors)),
            ("low", "low", errors),
            ("high", "high", errors),
        ):
            off = np.abs(table[ours].to_numpy() - np.array(theirs[other]))
            assert (off <= tolerance * np.maximum(unit, np.abs(theirs[other]))).all(), (interval, ours)
        assert close(found["moderators_statistic"], theirs["moderators"], tolerance, 1.0)
        assert close(found["moderators_p_value"], theirs["moderators_p"], tolerance, 1.0)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_prediction_is_put_together_as_from_metafors_fit(name: str) -> None:
    row = REGRESSIONS[name]
    theirs = row["fits"]["reml"]["tests"]["knapp-hartung"]
    fit = rv.evidence.meta_regression(*sizes(row), moderators=row["moderators"])
    rows = np.stack([fit.moderators.values.mean(axis=0), fit.moderators.values[0]])
    found = fit.solution.along(rows, 0.95)
    error = max(row["fits"]["reml"]["tests"]["wald"]["se"])
    for ours, other in (
        ("value", "expected"),
        ("prediction_low", "prediction_low"),
        ("prediction_high", "prediction_high"),
    ):
        assert found[ours] == pytest.approx(theirs[other], rel=SEARCHED, abs=SEARCHED * error)
    first = fit.predict({key: values[:1] for key, values in row["moderators"].items()})
    assert first["value"][0] == pytest.approx(fit.scale.read(found["value"][1]), rel=1e-12)


@pytest.mark.parametrize("row", GOLDEN["fits"], ids=lambda row: f"{row['name']}-{row['kind']}")
def test_the_intervals_of_the_variance_between_studies_are_those_of_metafor(row: dict[str, Any]) -> None:
    if len(row["y"]) == 1:
        return
    unit = len(row["v"]) / sum(1 / v for v in row["v"])

    def fitted(method: str) -> Any:
        if row["kind"] == "pool":
            return rv.evidence.pool(*sizes(row), method=method)
        return rv.evidence.meta_regression(*sizes(row), moderators=row["moderators"], method=method)

    between = next(each for each in fitted("dl").estimates if each.quantity.endswith("(tau²)"))
    if row["profile"][0] is None:
        assert row["name"] in NO_PROFILE
        assert (between.low, between.high) == (0, 0)
    else:
        assert close(between.low, row["profile"][0], PROFILE, unit)
        assert close(between.high, row["profile"][1], PROFILE, unit)
    for method in ("ml", "reml"):
        found = fitted(method).likelihood_interval()
        low, high = row["fits"][method]["likelihood"]
        assert close(found.low, low, LIKELIHOOD, unit), (method, found.low, low)
        assert close(found.high, high, LIKELIHOOD, unit), (method, found.high, high)


@pytest.mark.parametrize("row", GOLDEN["fits"], ids=lambda row: f"{row['name']}-{row['kind']}")
def test_the_generalised_q_is_that_of_metafor(row: dict[str, Any]) -> None:
    if len(row["y"]) == 1:
        return
    weights = tuple(1 / math.sqrt(v) for v in given_studies(*sizes(row), *[None] * (3 - len(sizes(row)))).v)
    method = rv.evidence.GeneralisedQ(weights=weights)
    if row["kind"] == "pool":
        found = rv.evidence.pool(*sizes(row), method=method).diagnostics["tau2"]
    else:
        fit = rv.evidence.meta_regression(*sizes(row), moderators=row["moderators"], method=method)
        found = fit.diagnostics["tau2"]
    unit = len(row["v"]) / sum(1 / v for v in row["v"])
    assert close(found, row["generalised"], CLOSED_FORM, unit)


@pytest.mark.parametrize("row", GOLDEN["groups"], ids=lambda row: f"{row['name']}-{row['interval']}")
def test_groups_of_studies_are_those_of_metafor(row: dict[str, Any]) -> None:
    for between in ("common", "separate"):
        if between == "separate" and (row["name"], row["interval"]) in NO_SPREAD:
            continue
        found = rv.evidence.subgroups(
            row["y"], row["v"], by=row["by"], between=between, interval=row["interval"]
        )
        theirs = row[between]
        assert found.groups["group"].to_list() == row["groups"]
        for name in ("value", "low", "high"):
            assert found.groups[name].to_list() == pytest.approx(theirs[name], rel=SEARCHED, abs=1e-9)
        if (row["name"], row["interval"]) in NO_SPREAD:
            continue
        statistic, p_value = (found.diagnostics[f"between_{name}"] for name in ("statistic", "p_value"))
        assert statistic == pytest.approx(theirs["statistic"], rel=SEARCHED, abs=1e-9)
        assert p_value == pytest.approx(theirs["p"], rel=SEARCHED)


@pytest.mark.parametrize("row", GOLDEN["stratified"], ids=lambda row: f"{row['name']}-{row['code']}")
def test_a_stratified_pool_is_that_of_metafor(row: dict[str, Any]) -> None:
    if row["code"] == "PETO":
        pool = rv.evidence.peto(row["cells"])
    else:
        pool = rv.evidence.mantel_haenszel(row["cells"], measure=NAMES[row["code"]])
    found = pool.diagnostics
    assert found["k"] == row["kept"]
    for ours, theirs in (("value", "value"), ("standard_error", "se"), ("low", "low"), ("high", "high")):
        assert found[ours] == pytest.approx(row[theirs], rel=CLOSED_FORM, abs=CLOSED_FORM * row["se"])
    assert pool.estimates[0].p_value == pytest.approx(row["p"], rel=1e-8)
    if row["mh"] is not None:
        assert found["cmh"] == pytest.approx(row["mh"], rel=CLOSED_FORM)
        assert found["cmh_p_value"] == pytest.approx(row["mh_p"], rel=1e-8)
    if row["code"] == "OR":
        assert found["q"] == pytest.approx(row["tarone"], rel=CLOSED_FORM, abs=1e-12)
        if row["kept"] > 1:  # one study is nothing to compare; metafor calls that 0 too
            assert found["q_p_value"] == pytest.approx(row["tarone_p"], rel=1e-8)
    elif not found["q_df"]:
        # One study with an effect of its own is nothing to compare; metafor calls that a Q of 0.
        assert (row["q"], row["q_p"]) == (0, 1)
        assert math.isnan(found["q"])
    else:
        assert found["q"] == pytest.approx(row["q"], rel=CLOSED_FORM, abs=1e-12)
        assert found["q_p_value"] == pytest.approx(row["q_p"], rel=1e-8)
