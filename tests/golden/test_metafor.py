"""Effect sizes and pooled values against metafor, which metafor.R runs on to the last digits."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.evidence import MEASURE_CODES, POOL_INTERVALS, POOL_METHODS, ZERO_CELL_RULES

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("metafor.json").read_text(encoding="utf-8"))
POOLED = {row["name"]: row for row in GOLDEN["pooled"]}
NAMES = {code: name for name, code in MEASURE_CODES.items()}
CLOSED = {"common", "dl", "he", "hs", "sj"}
CLOSED_FORM, SEARCHED, PROFILE = 1e-9, 1e-6, 1e-5
"""Relative tolerances: closed forms; searched variances and what follows; the Q-profile interval."""
EXACTLY_EQUAL = {"identical"}
"""Data sets whose effects are all equal: the plain Knapp-Hartung error is 0 but for rounding in R."""
EMPTY_PROFILE = {"identical", "homogeneous"}
"""Where no variance fits, metafor gives the interval as missing; here it is 0 to 0, with a note."""


def close(found: float, expected: float | None, tolerance: float, unit: float) -> bool:
    """Compare relative to the value, or to the unit where the value is 0 but for rounding."""
    if expected is None:
        return math.isnan(found)
    return math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance * unit)


def test_the_grid_is_complete() -> None:
    sizes = {(row["code"], row["rule"]) for row in GOLDEN["sizes"] if row["name"] == "made_up"}
    assert sizes == {(code, rule) for code in NAMES for rule in ZERO_CELL_RULES}
    for code in NAMES:
        names = {row["name"] for row in GOLDEN["sizes"] if row["code"] == code}
        assert len(names) >= 8
        assert {"one_study", "two_studies", "identical", "made_up"} <= names
    assert len(POOLED) == 14
    for row in POOLED.values():
        assert set(row["fits"]) == set(POOL_METHODS)
        assert all(set(fit["tests"]) == set(POOL_INTERVALS) for fit in row["fits"].values())


@pytest.mark.parametrize("row", GOLDEN["sizes"], ids=lambda row: f"{row['code']}-{row['rule']}-{row['name']}")
def test_an_effect_size_is_that_of_metafor(row: dict[str, Any]) -> None:
    found = rv.evidence.effect_size(row["data"], measure=NAMES[row["code"]], zero_cells=row["rule"]).table
    for name in ("effect", "variance"):
        for ours, theirs in zip(found[name], row[name], strict=True):
            assert (ours is None) == (theirs is None), (name, ours, theirs)
            assert ours is None or math.isclose(ours, theirs, rel_tol=CLOSED_FORM, abs_tol=1e-12), name


@pytest.mark.parametrize("method", POOL_METHODS)
@pytest.mark.parametrize("name", POOLED)
def test_a_pool_is_that_of_metafor(name: str, method: str) -> None:
    row = POOLED[name]
    fit, tolerance = row["fits"][method], CLOSED_FORM if method in CLOSED else SEARCHED
    error = fit["tests"]["wald"]["se"]
    for interval, expected in fit["tests"].items():
        pool = rv.evidence.pool(row["y"], row["v"], method=method, interval=interval)
        found = pool.diagnostics
        units = {"value": error, "tau2": 1 / sum(1 / v for v in row["v"]), "q": 1.0, "i2": 1.0, "h2": 1.0}
        for key, unit in units.items():
            assert close(found[key], fit[key], tolerance, unit), (interval, key, found[key], fit[key])
        assert close(found["q_p_value"], fit["q_p"], tolerance, 1.0)
        assert pool.studies["weight"].to_list() == pytest.approx(fit["weights"], rel=tolerance)
        if name in EXACTLY_EQUAL and interval == "knapp-hartung unfloored":
            assert found["standard_error"] < 1e-12
            continue
        compared = {
            "standard_error": (expected["se"], error),
            "statistic": (expected["statistic"], 1.0),
            "p_value": (expected["p"], 1.0),
            "low": (expected["low"], error),
            "high": (expected["high"], error),
        }
        for key, (theirs, unit) in compared.items():
            assert close(found[key], theirs, tolerance, unit), (interval, key, found[key], theirs)
        ahead = pool.estimates[1]
        for ours, theirs in zip((ahead.low, ahead.high), expected["prediction"], strict=True):
            assert close(ours, theirs, tolerance, error), (interval, "prediction", ours, theirs)


@pytest.mark.parametrize("name", POOLED)
def test_the_interval_of_the_variance_between_studies_is_that_of_metafor(name: str) -> None:
    row = POOLED[name]
    between = rv.evidence.pool(row["y"], row["v"], method="dl").estimates[2]
    low, high = row["tau2_interval"]
    if low is None:
        assert name in EMPTY_PROFILE
        assert (between.low, between.high) == (0, 0)
        return
    unit = len(row["v"]) / sum(1 / v for v in row["v"])
    assert close(between.low, low, PROFILE, unit), (between.low, low)
    assert close(between.high, high, PROFILE, unit), (between.high, high)
