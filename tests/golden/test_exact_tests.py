"""Shares, rates, rate ratios and paired change against R (exact_tests.R writes exact_tests.json)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import ranvier as rv

GOLDEN = json.loads(Path(__file__).with_name("exact_tests.json").read_text(encoding="utf-8"))
RELATIVE = 1e-9
"""Closed forms and exact tests agree to 1e-9."""
SMALLEST = 1e-12
"""Absolute tolerance for bounds of 0 and for the 15 digits of the JSON."""
LEVELS = [0.9, 0.95, 0.99]

POISSON_TEST_DIFFERS = 63
"""R's poisson.test adds up outcomes by likelihood; here p is twice the smaller tail, as in the interval."""
POISSON_TEST_CONTRADICTS_ITSELF = {(1, 3, 20, 7.5, 0.9), (5, 8, 20, 7.5, 0.99)}
"""Where poisson.test rejects equal rates and its own interval holds the ratio 1."""
WILCOX_EXACT_AGREES: set[str] = set()
"""exactRankTests drops zeros from estimate and interval, judges every shift by the ranks at shift zero, and
gives finite bounds where none reach the level; so its interval differs for each data set with ties."""


def bounds(pair: list[float | str]) -> list[float]:
    return [float(value) for value in pair]


def close(expected: float | list[float]) -> object:
    return pytest.approx(expected, rel=RELATIVE, abs=SMALLEST, nan_ok=True)


def close_rows(rows: list[list[float]]) -> list[object]:
    return [close(row) for row in rows]


def ident(row: dict) -> str:
    return row.get("name") or f"{row['events']}-{row.get('n', row.get('years'))}-{row['level']}"


def pair_of(row: dict, **options: object) -> rv.result.Estimate:
    return rv.stats.paired(row["before"], row["after"], **options)


def test_grid_is_complete():
    sizes = [1, 2, 3, 5, 8, 10, 12, 15, 20, 24]
    shares = {(n, x) for n in sizes for x in range(n + 1)} | {
        (60, x) for x in (0, 1, 2, 5, 17, 30, 41, 59, 60)
    }
    assert {(row["n"], row["events"], row["level"]) for row in GOLDEN["shares"]} == {
        (*cell, level) for cell in shares for level in LEVELS
    }
    rates = {(x, t) for x in (*range(11), 15, 30, 100) for t in (0.5, 7.5, 120)}
    assert {(row["events"], row["years"], row["level"]) for row in GOLDEN["rates"]} == {
        (*cell, level) for cell in rates for level in LEVELS
    }
    ratios = {(a, b) for a in (0, 1, 2, 5, 12) for b in (0, 1, 3, 8, 20)} - {(0, 0)}
    assert {(*row["events"], *row["years"], row["level"]) for row in GOLDEN["ratios"]} == {
        (*cell, *years, level) for cell in ratios for years in ((12.5, 12.5), (20, 7.5)) for level in LEVELS
    }
    assert len({row["name"] for row in GOLDEN["pairs"]}) == len(GOLDEN["pairs"]) == 22
    assert set(GOLDEN["head"]["packages"]) == {"stats", "coin", "exactRankTests", "jsonlite"}


@pytest.mark.parametrize("method", ["clopper-pearson", "wilson", "mid-p", "blaker"])
def test_shares_agree(method: str):
    for row in GOLDEN["shares"]:
        found = rv.stats.proportion(row["events"], row["n"], method=method, level=row["level"])
        assert [found.low, found.high] == close(row[method]), ident(row)


@pytest.mark.parametrize("method", ["exact", "mid-p"])
def test_rates_agree(method: str):
    for row in GOLDEN["rates"]:
        found = rv.stats.rate(row["events"], row["years"], method=method, level=row["level"])
        assert [found.low, found.high] == close(row[method]), ident(row)


@pytest.mark.parametrize("method", ["conditional", "mid-p"])
def test_rate_ratios_agree(method: str):
    for row in GOLDEN["ratios"]:
        found = rv.stats.rate_ratio(row["events"], row["years"], method=method, level=row["level"])
        assert found.value == close(float(row["value"])), ident(row)
        assert [found.low, found.high] == close(bounds(row[method])), ident(row)
        assert found.p_value == close(row[f"p_{method}"]), ident(row)


def test_poisson_test_differs_where_it_adds_outcomes_by_likelihood():
    differing, contradicting = 0, set()
    for row in GOLDEN["ratios"]:
        found = rv.stats.rate_ratio(row["events"], row["years"], level=row["level"])
        differing += not math.isclose(found.p_value, row["p_poisson_test"], rel_tol=RELATIVE)
        excluded = not found.low <= 1 <= found.high
        assert (found.p_value <= 1 - row["level"]) == excluded
        if (row["p_poisson_test"] <= 1 - row["level"]) != excluded:
            contradicting.add((*row["events"], *row["years"], row["level"]))
    assert differing == POISSON_TEST_DIFFERS
    assert contradicting == POISSON_TEST_CONTRADICTS_ITSELF


@pytest.mark.parametrize("row", GOLDEN["pairs"], ids=ident)
def test_signed_rank_p_agrees_with_coin_and_exact_rank_tests(row: dict):
    pratt, wilcoxon = pair_of(row), pair_of(row, zeros="wilcoxon")
    if row["p_coin_pratt"] == {}:  # coin refuses data without any change
        assert row["name"] == "all_zero"
        assert (pratt.p_value, wilcoxon.p_value) == (1, 1)
        return
    assert pratt.p_value == close(row["p_coin_pratt"])
    assert wilcoxon.p_value == close(row["p_coin_wilcoxon"])
    assert wilcoxon.p_value == close(row["p_wilcox_exact"])
    if "p_wilcox_test" in row:
        assert pratt.p_value == close(row["p_wilcox_test"])


@pytest.mark.parametrize("zeros", ["pratt", "wilcoxon"])
@pytest.mark.parametrize("row", GOLDEN["pairs"], ids=ident)
def test_hodges_lehmann_agrees_with_a_walk_over_all_shifts(row: dict, zeros: str):
    for level, expected in zip(LEVELS, row[f"shifts_{zeros}"], strict=True):
        found = pair_of(row, zeros=zeros, level=level)
        assert found.value == close(row["pseudomedian"])
        assert [found.low, found.high] == close(bounds(expected))


@pytest.mark.parametrize("row", [row for row in GOLDEN["pairs"] if "shifts_wilcox_test" in row], ids=ident)
def test_hodges_lehmann_interval_without_ties_is_that_of_r(row: dict):
    for level, expected in zip(LEVELS, row["shifts_wilcox_test"], strict=True):
        found = pair_of(row, level=level)
        if math.isinf(found.low):  # R gives the extremes with a warning that the level was not reached
            differences = [after - before for before, after in zip(row["before"], row["after"], strict=True)]
            assert [min(differences), max(differences)] == close(expected)
        else:
            assert [found.low, found.high] == close(expected)


def test_wilcox_exact_interval_differs_with_ties_and_zeros():
    tied = [row for row in GOLDEN["pairs"] if "shifts_wilcox_exact" in row]
    agreeing = set()
    for row in tied:
        estimates = [pair_of(row, zeros="wilcoxon", level=level) for level in LEVELS]
        if [[found.low, found.high] for found in estimates] == close_rows(row["shifts_wilcox_exact"]):
            agreeing.add(row["name"])
    assert len(tied) == 15
    assert agreeing == WILCOX_EXACT_AGREES


@pytest.mark.parametrize("row", GOLDEN["pairs"], ids=ident)
def test_sign_test_agrees(row: dict):
    for level, expected in zip(LEVELS, row["medians"], strict=True):
        found = pair_of(row, method="sign-test", level=level)
        assert found.p_value == close(row["p_sign"])
        assert found.value == close(row["median"])
        assert [found.low, found.high] == close(bounds(expected))
