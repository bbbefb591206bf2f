"""Two arms, pairs, rank sums, rates and posteriors against R (two_groups.R writes two_groups.json)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import ranvier as rv
from ranvier.stats import _rank_sums

GOLDEN = json.loads(Path(__file__).with_name("two_groups.json").read_text(encoding="utf-8"))
RELATIVE = 1e-9
"""Closed forms and exact tests agree to 1e-9."""
FISHER_ROOT = 1.23e-4
"""R's fisher.test finds odds ratio and bounds x with uniroot, on the scale of x or 1 / x up to 1, at its
default tolerance of eps**0.25 = 1.22e-4."""
SCORE_ROOT = 1e-5
"""The score intervals of the script fit the nuisance share by a numerical maximum, good to about 1e-7."""


def close(expected: float | list[float], relative: float = RELATIVE) -> object:
    return pytest.approx(expected, rel=relative, abs=1e-12, nan_ok=True)


def floats(values: list[float | str]) -> list[float]:
    return [float(value) for value in values]


def doubled(tails: list[float]) -> float:
    return min(1.0, 2 * min(tails))


def up_to_one(ratio: float) -> float:
    return ratio if ratio <= 1 else 2 - 1 / ratio


def near_root(ratio: float) -> object:
    return pytest.approx(up_to_one(ratio), abs=FISHER_ROOT)


def test_grid_is_complete():
    arms = [(1, 1), (5, 5), (4, 9), (10, 12)]
    assert {(*row["events"], *row["n"], row["level"]) for row in GOLDEN["fishers"]} == {
        (a, b, *n, level)
        for n in arms
        for a in range(n[0] + 1)
        for b in range(n[1] + 1)
        for level in (0.9, 0.95)
    }
    assert len(GOLDEN["scores"]) == 9
    assert {(row["gained"], row["lost"]) for row in GOLDEN["pairs"]} == {
        (up, down) for up in (0, 1, 2, 5, 9, 20) for down in (0, 1, 3, 8) if up + down
    }
    assert len({row["name"] for row in GOLDEN["groups"]}) == len(GOLDEN["groups"]) == 9
    assert len(GOLDEN["rates"]) == 11
    assert (len(GOLDEN["shares"]), len(GOLDEN["gammas"])) == (12, 9)
    assert set(GOLDEN["head"]["packages"]) == {"stats", "coin", "exactRankTests", "jsonlite"}


def test_fisher_agrees_with_fisher_test():
    for row in GOLDEN["fishers"]:
        found = rv.stats.compare_proportions(
            row["events"], row["n"], measure="odds ratio", level=row["level"]
        )
        assert found.method == "fisher"
        if not math.isnan(found.value):  # R gives 0 where only one table is possible
            assert up_to_one(found.value) == near_root(float(row["odds"])), row
        assert up_to_one(found.low) == near_root(float(row["bounds"][0])), row
        assert up_to_one(found.high) == near_root(float(row["bounds"][1])), row
        assert found.p_value == close(doubled(row["tails"])), row
        assert f"gives p = {row['likelier']:.3g}." in found.notes[-1], row


def test_fisher_test_contradicts_its_own_interval_and_twice_the_smaller_tail_does_not():
    contradicting = set()
    for row in GOLDEN["fishers"]:
        low, high = floats(row["bounds"])
        excluded = not low <= 1 <= high
        assert (doubled(row["tails"]) <= 1 - row["level"]) == excluded
        if (row["likelier"] <= 1 - row["level"]) != excluded:
            contradicting.add((*row["events"], *row["n"], row["level"]))
    assert len(contradicting) == 20
    assert (0, 5, 10, 12, 0.95) in contradicting


@pytest.mark.parametrize("row", GOLDEN["scores"], ids=lambda row: str(row["events"]))
def test_score_and_newcombe_intervals_agree_with_their_definition(row: dict):
    for measure in ("difference", "ratio", "odds ratio"):
        if measure in row:
            found = rv.stats.compare_proportions(
                row["events"], row["n"], measure=measure, method="miettinen-nurminen"
            )
            assert [found.low, found.high] == close(row[measure], SCORE_ROOT), measure
    found = rv.stats.compare_proportions(row["events"], row["n"], method="newcombe")
    assert [found.low, found.high] == close(row["newcombe"])


def test_mcnemar_agrees_with_binom_test():
    for row in GOLDEN["pairs"]:
        found = rv.stats.mcnemar(row["gained"], row["lost"])
        assert found.p_value == close(row["p"]), row
        assert [found.low, found.high] == close(floats(row["bounds"])), row


@pytest.mark.parametrize("row", GOLDEN["groups"], ids=lambda row: row["name"])
def test_rank_sum_agrees_with_exact_rank_tests_coin_and_wilcox_test(row: dict):
    found = rv.stats.rank_sum(row["first"], row["second"])
    assert found.p_value == close(doubled(row["tails"]))
    if "p_coin" in row:
        by_distance = rv.stats.rank_sum(row["first"], row["second"], two_sided="distance")
        assert by_distance.p_value == close(row["p_coin"])
    if "wilcox" in row:
        assert found.value == close(row["wilcox"]["estimate"])
        assert [found.low, found.high] == close(row["wilcox"]["bounds"])


def test_the_two_rules_for_two_sided_p_values_differ_on_skewed_ranks():
    differing = {
        row["name"]
        for row in GOLDEN["groups"]
        if "p_coin" in row and not math.isclose(row["p_coin"], doubled(row["tails"]), rel_tol=RELATIVE)
    }
    assert differing == {"tied_small", "edss_unequal"}


@pytest.mark.parametrize(
    "row", [row for row in GOLDEN["groups"] if "mean_tails" in row], ids=lambda row: row["name"]
)
def test_permutation_of_means_agrees_with_perm_test(row: dict):
    found = rv.stats.permutation(row["first"], row["second"])
    assert found.p_value == close(doubled(row["mean_tails"]))


def test_rate_difference_has_the_p_value_of_poisson_test():
    for row in GOLDEN["rates"]:
        found = rv.stats.rate_difference(row["events"], (12.5, 20))
        assert found.p_value == close(doubled(row["tails"])), row
        assert (found.p_value <= 0.05) == (not found.low <= 0 <= found.high), row


PRIORS = {0.5: "jeffreys", 1: "uniform", 1 / 3: "neutral"}


def named(prior: float) -> str:
    return next(name for value, name in PRIORS.items() if math.isclose(value, prior))


def test_posterior_shares_agree():
    for row in GOLDEN["shares"]:
        fit = rv.stats.beta_binomial(
            row["events"], row["n"], prior=named(row["prior"]), threshold=0.3, next_n=6
        )
        equal = fit.estimates[0]
        assert [equal.value, equal.low, equal.high] == close([row["mean"], *row["bounds"]]), row
        assert fit.diagnostics["median"] == close(row["median"])
        assert fit.diagnostics["chance above"] == close(row["above"])
        assert fit.diagnostics["predictive"] == close(row["predictive"])


def test_posterior_rates_agree():
    for row in GOLDEN["gammas"]:
        fit = rv.stats.gamma_poisson(
            row["events"], row["years"], prior=named(row["prior"]), threshold=0.5, next_years=10
        )
        equal = fit.estimates[0]
        assert [equal.value, equal.low, equal.high] == close([row["mean"], *row["bounds"]]), row
        assert fit.diagnostics["median"] == close(row["median"])
        assert fit.diagnostics["chance above"] == close(row["above"])
        assert fit.diagnostics["predictive"][:6] == close(row["predictive"])
        assert sum(fit.diagnostics["predictive"]) == pytest.approx(1, abs=1e-11)


def test_the_tied_distribution_without_ties_is_the_known_one():
    counts = _rank_sums.untied(4, 5) * math.comb(9, 4)
    assert counts[:6].tolist() == pytest.approx([1, 1, 2, 3, 5, 6], rel=1e-12)
