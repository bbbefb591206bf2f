"""Two arms and two groups: no events, extreme tables, what peers get wrong, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as peer

import ranvier as rv
from ranvier.errors import InputError
from ranvier.stats import _exact_arrays

DIFFERENCE_METHODS = ["barnard", "boschloo", "fisher", "miettinen-nurminen", "newcombe"]


def compare(a: int, b: int, m: int, n: int, **options: object) -> rv.result.Estimate:
    return rv.stats.compare_proportions((a, b), (m, n), **options)


def test_the_default_is_exact_for_every_measure():
    assert compare(7, 2, 10, 10).method == "barnard"
    assert compare(7, 2, 10, 10, measure="ratio").method == "barnard"
    assert compare(7, 2, 10, 10, measure="odds ratio").method == "fisher"


def test_no_event_in_either_arm_is_an_answer():
    found = compare(0, 0, 10, 10)
    assert (found.value, found.p_value) == (0, 1)
    # The exact upper bound of 0 of 10 alone is 30.8 %.
    assert found.high == pytest.approx(rv.stats.zero_event_bound(10).high, abs=1e-4)
    assert found.low == -found.high
    assert found.notes == ("No event in either arm (0 of 10 and 0 of 10).",)
    ratio = compare(0, 0, 10, 10, measure="ratio")
    assert math.isnan(ratio.value)
    assert (ratio.low, ratio.high, ratio.p_value) == (0, math.inf, 1)
    assert "every ratio is possible" in ratio.explain()


@pytest.mark.parametrize("method", DIFFERENCE_METHODS)
def test_none_against_all_is_an_answer(method: str):
    found = compare(10, 0, 10, 10, method=method)
    assert (found.value, found.high) == (1, pytest.approx(1))
    assert 0.5 < found.low < 0.8
    mirrored = compare(0, 10, 10, 10, method=method)
    assert mirrored.low == pytest.approx(-1)


@pytest.mark.parametrize("measure", ["difference", "ratio", "odds ratio"])
def test_one_patient_in_each_arm_is_an_answer(measure: str):
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        found = compare(a, b, 1, 1, measure=measure)
        assert found.low <= found.high
        # At a share of one half, one of the two with the event and the other without has chance 1/4.
        assert found.p_value == (1 if a == b or measure == "odds ratio" else pytest.approx(0.5))


def test_no_event_in_one_arm_leaves_the_ratio_open():
    for measure in ("ratio", "odds ratio"):
        found = compare(4, 0, 10, 10, measure=measure)
        assert (found.value, found.high) == (math.inf, math.inf)
        assert found.low > 0
        other = compare(0, 4, 10, 10, measure=measure)
        assert (other.value, other.low) == (0, 0)
        assert other.high == pytest.approx(1 / found.low, rel=1e-8)


def test_newcombe_has_no_p_value_and_says_so():
    found = compare(7, 2, 10, 10, method="newcombe")
    assert found.p_value is None
    assert "there is no p value" in found.explain()


def test_explain_names_test_and_two_sided_rule():
    text = compare(7, 2, 10, 10, quantity="patients improved").explain()
    assert text.startswith("Patients improved: 50.0 % (95 % interval 1.8 % to 82.7 %).")
    assert "Barnard's test" in text
    assert "twice the smaller one-sided p value" in text
    assert "Inputs: events = 7 and 2, n = 10 and 10." in text


SCORE_CASES = {
    # events and patients of both arms: score interval by two independent computations (see two_groups.R)
    (7, 2, 10, 10): "statsmodels 0.15 raises",
    (0, 4, 10, 12): "statsmodels 0.15 raises",
    (5, 0, 10, 10): "statsmodels 0.15 is wrong by up to 0.02",
    (12, 9, 15, 15): "statsmodels 0.15 is wrong by up to 0.02",
}


@pytest.mark.parametrize(
    "cell", SCORE_CASES, ids=lambda cell: f"{cell[0]} of {cell[2]} v {cell[1]} of {cell[3]}"
)
def test_score_interval_where_statsmodels_fails_solves_the_score_equation(cell: tuple[int, int, int, int]):
    found = compare(*cell, method="miettinen-nurminen")
    for bound in (found.low, found.high):
        assert profile_score(cell, bound) == pytest.approx(peer.norm.ppf(0.975), rel=1e-6)


def profile_score(cell: tuple[int, int, int, int], delta: float) -> float:
    """The score distance with both shares fitted by a search in ever finer grids."""
    a, b, m, n = cell
    low, high = max(0.0, -delta), min(1.0, 1 - delta)
    for _ in range(12):
        second = np.linspace(low, high, 2001)
        first = np.clip(second + delta, 0, 1)
        with np.errstate(divide="ignore"):
            fit = peer.binom.logpmf(a, m, first) + peer.binom.logpmf(b, n, second)
        best = int(np.argmax(fit))
        low, high = second[max(best - 2, 0)], second[min(best + 2, 2000)]
    variance = first[best] * (1 - first[best]) / m + second[best] * (1 - second[best]) / n
    return float(abs(a / m - b / n - delta) / math.sqrt(variance * (m + n) / (m + n - 1)))


def test_scipy_barnard_loses_tied_tables_to_rounding_and_ours_does_not():
    """1 of 3 against 3 of 3 and its mirror image 0 of 3 against 2 of 3 must have the same p value."""
    ours = compare(1, 3, 3, 3).p_value, compare(0, 2, 3, 3).p_value
    assert ours == (pytest.approx(14 / 64), pytest.approx(14 / 64))
    scipy = [
        2 * peer.barnard_exact([[a, b], [3 - a, 3 - b]], alternative="less", n=64).pvalue
        for a, b in ((1, 3), (0, 2))
    ]
    assert max(scipy) == pytest.approx(14 / 64, rel=1e-3)
    assert compare(1, 3, 3, 3).p_value >= min(scipy)


def test_scipy_wilcoxon_with_zeros_and_ours_on_half_steps():
    """changes -1, 0, 0.5, ...: scipy's exact method ignores that zeros carry no sign."""
    changes = [-1, 0, 0.5, -1.5, -0.5, 0, -2, 0, -0.5, 0.5]
    assert rv.stats.paired([0] * 10, changes).p_value == pytest.approx(0.21875)
    assert _exact_arrays.signed_rank_p([changes])[0] == pytest.approx(0.21875)


def test_mcnemar_at_the_edges():
    nobody = rv.stats.mcnemar(0, 0, unchanged=12)
    assert math.isnan(nobody.value)
    assert (nobody.low, nobody.high, nobody.p_value, nobody.n) == (0, math.inf, 1, 12)
    assert nobody.notes == ("None of 12 pairs changed: every odds ratio is possible.",)
    gained = rv.stats.mcnemar(6, 0)
    assert (gained.value, gained.high, gained.p_value) == (math.inf, math.inf, 2 * 0.5**6)
    mid = rv.stats.mcnemar(6, 0, method="mid-p")
    assert mid.p_value == pytest.approx(0.5**6)
    assert mid.low > gained.low


def test_rank_sum_with_all_values_equal_says_so():
    found = rv.stats.rank_sum([1, 1, 1], [1, 1])
    assert (found.value, found.p_value) == (0, 1)
    assert "All values are equal: the ranks say nothing." in found.notes


def test_rank_sum_with_too_few_patients_has_no_finite_interval():
    found = rv.stats.rank_sum([1.0, 2.0], [3.0, 4.5])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert "66.67 %" in found.notes[0]


def test_rank_sum_leaves_missing_values_out_and_counts_them():
    found = rv.stats.rank_sum([1.0, None, 2.0], [3.0, math.nan])
    assert (found.n, found.left_out[0].n) == (3, 2)


def test_rate_difference_without_events():
    found = rv.stats.rate_difference((0, 0), (10, 5))
    assert found.high == pytest.approx(-math.log(0.025) / 10)
    assert found.low == pytest.approx(math.log(0.025) / 5)
    assert found.p_value == 1
    assert found.notes[0].startswith("No event in 10 and 5 person-years")


@pytest.mark.parametrize("events", [(0, 0), (0, 3), (3, 11), (40, 20)])
def test_score_rate_difference_solves_its_equation_and_mirrors(events: tuple[int, int]):
    found = rv.stats.rate_difference(events, (12.5, 20), method="score")
    mirror = rv.stats.rate_difference(events[::-1], (20, 12.5), method="score")
    assert (found.low, found.high) == (pytest.approx(-mirror.high), pytest.approx(-mirror.low))
    assert found.low < found.value < found.high
    assert (found.p_value <= 0.05) == (not found.low <= 0 <= found.high)


def test_sampled_permutation_needs_a_seed_repeats_and_states_its_error():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=14), rng.normal(1, 1, 15)
    with pytest.raises(InputError, match="give a seed"):
        rv.stats.permutation(first, second, statistic=lambda a, b: np.median(a) - np.median(b))
    once = rv.stats.permutation(first, second, seed=1, draws=999)
    assert once.p_value == rv.stats.permutation(first, second, seed=1, draws=999).p_value
    assert "Monte Carlo standard error" in once.notes[0]
    # 9,999 draws: three Monte Carlo errors of p near 0.01 are 3 * 2 * sqrt(0.005 / 9999) = 0.004.
    sampled = rv.stats.permutation(
        np.round(first, 1), np.round(second, 1), seed=2, statistic=lambda a, b: a.sum()
    )
    exact = rv.stats.permutation(np.round(first, 1), np.round(second, 1))
    assert sampled.p_value == pytest.approx(exact.p_value, abs=0.004)


def test_paired_permutation_is_that_of_the_differences():
    before, after = [5.0, 5.5, None, 4.0, 6.5], [4.5, 5.5, 3.0, 3.0, 6.0]
    found = rv.stats.permutation(before, after, design="paired")
    assert (found.value, found.p_value, found.left_out[0].n) == (pytest.approx(-0.5), 0.25, 1)
    assert math.isnan(found.low)


@pytest.mark.parametrize("prior", ["jeffreys", "uniform", "neutral"])
def test_shortest_interval_is_shortest_and_holds_its_probability(prior: str):
    for events, n in ((0, 8), (3, 8), (8, 8)):
        equal, shortest = rv.stats.beta_binomial(events, n, prior=prior).estimates
        posterior = rv.stats.beta_binomial(events, n, prior=prior).diagnostics["posterior"]
        beta = peer.beta(posterior["yes"], posterior["no"])
        assert beta.cdf(shortest.high) - beta.cdf(shortest.low) == pytest.approx(0.95, abs=1e-9)
        assert shortest.high - shortest.low <= equal.high - equal.low + 1e-9
        if events == 3:
            assert beta.pdf(shortest.low) == pytest.approx(beta.pdf(shortest.high), rel=1e-4)


def test_sceptical_priors_have_the_mean_and_the_tail_asked_for():
    share = rv.stats.sceptical_share(0.2, 0.4)
    beta = peer.beta(share.yes, share.no)
    assert (beta.mean(), beta.sf(0.4)) == (pytest.approx(0.2), pytest.approx(0.05))
    rate = rv.stats.sceptical_rate(0.6, 0.3)
    gamma = peer.gamma(rate.events, scale=1 / rate.years)
    assert (gamma.mean(), gamma.cdf(0.3)) == (pytest.approx(0.6), pytest.approx(0.05))
    fit = rv.stats.beta_binomial(4, 8, prior=share)
    assert 0.2 < fit.estimates[0].value < 0.5
    assert "sceptical" in fit.explain()


def test_ten_thousand_tests_share_few_distributions():
    tables = np.random.default_rng(1).binomial(10, 0.4, (10_000, 2))
    p_values = _exact_arrays.fisher_p(tables, (10, 10))
    assert p_values.shape == (10_000,)
    assert (p_values <= 0.05).mean() <= 0.05
