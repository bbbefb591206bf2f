"""Two groups: coverage and size by exhaustive sums, agreement of p value and interval, mirrors, shifts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as peer

import ranvier as rv
from ranvier.stats import _exact_arrays, _rank_sums, _unconditional

MEASURES = {"difference": 0.0, "ratio": 1.0, "odds ratio": 1.0}
EXACT = [
    ("difference", "barnard"),
    ("difference", "boschloo"),
    ("difference", "fisher"),
    ("ratio", "barnard"),
    ("ratio", "boschloo"),
    ("ratio", "fisher"),
    ("odds ratio", "fisher"),
    ("odds ratio", "boschloo"),
]
SHARES = np.unique(np.r_[0, 1e-4, 0.002, 0.01, np.linspace(0.02, 0.98, 49), 0.99, 0.998, 1])
ROUNDING = 1e-8
"""Bounds are located to 1e-10; a truth this close to one counts as held."""


def every_table(measure: str, method: str, n: tuple[int, int], level: float = 0.95):
    for a, b in itertools.product(range(n[0] + 1), range(n[1] + 1)):
        yield a, b, rv.stats.compare_proportions((a, b), n, measure=measure, method=method, level=level)


def chance(a: int, b: int, n: tuple[int, int], first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return peer.binom.pmf(a, n[0], first) * peer.binom.pmf(b, n[1], second)


@pytest.mark.slow
@pytest.mark.parametrize("n", [(1, 1), (3, 3), (2, 7), (6, 5), (8, 8)])
@pytest.mark.parametrize(("measure", "method"), EXACT)
def test_exact_intervals_cover_and_agree_with_their_p_value_for_every_table(measure, method, n):
    first, second = np.meshgrid(SHARES, SHARES, indexing="ij")
    with np.errstate(all="ignore"):
        truth = {
            "difference": first - second,
            "ratio": first / second,
            "odds ratio": first * (1 - second) / (second * (1 - first)),
        }[measure]
    covered, rejected = np.zeros_like(truth), np.zeros_like(SHARES)
    for a, b, found in every_table(measure, method, n):
        assert (found.p_value <= 0.05) == (not found.low <= MEASURES[measure] <= found.high), (a, b)
        held = (truth >= found.low - ROUNDING) & (truth <= found.high * (1 + ROUNDING) + ROUNDING)
        covered += chance(a, b, n, first, second) * (held | np.isnan(truth))
        rejected += chance(a, b, n, SHARES, SHARES) * (found.p_value <= 0.05)
        if not math.isnan(found.value):
            assert found.low <= found.value * (1 + ROUNDING) + ROUNDING, (a, b)
            assert found.value <= found.high * (1 + ROUNDING) + ROUNDING, (a, b)
    assert covered.min() >= 0.95 - 1e-9
    assert rejected.max() <= 0.05 + 1e-9


def enumerated_tail(tables: np.ndarray, n: tuple[int, int], delta: float) -> float:
    """The largest chance of a set of tables over 501 values of the nuisance share, by plain sums."""
    second = np.linspace(max(0, -delta), min(1, 1 - delta), 501)
    first = np.clip(second + delta, 0, 1)
    one = peer.binom.pmf(np.arange(n[0] + 1)[:, None], n[0], first)
    two = peer.binom.pmf(np.arange(n[1] + 1)[:, None], n[1], second)
    return float(np.einsum("ig,ij,jg->g", one, tables.astype(float), two).max())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("events", "n"),
    [((3, 1), (5, 6)), ((0, 0), (4, 4)), ((7, 2), (8, 8)), ((2, 0), (4, 8)), ((1, 5), (6, 5))],
)
def test_barnards_bound_is_that_of_a_walk_over_every_difference(events, n):
    low, _, _ = _unconditional.score_exact(_unconditional.Arms(events, n), "difference", 0.05)
    tests = _unconditional._Score(_unconditional.Arms(events, n), "difference")
    walk = np.linspace(-0.9995, 0.9995, 2_000)
    accepted = (delta for delta in walk.tolist() if enumerated_tail(tests.tables(delta), n, delta) > 0.025)
    assert low - 1e-9 <= next(accepted) <= low + 2e-3


@pytest.mark.slow
@pytest.mark.parametrize(("events", "n"), [((3, 1), (5, 6)), ((2, 0), (4, 8)), ((4, 1), (6, 6))])
def test_barnards_p_value_is_the_largest_chance_over_every_difference_up_to_none(events, n):
    arms = _unconditional.Arms(events, n)
    walked = []
    for side in (arms, arms.swapped()):
        tests = _unconditional._Score(side, "difference")
        chances = [
            enumerated_tail(tests.tables(d), side.n, d) for d in np.linspace(-0.999, 0, 1_000).tolist()
        ]
        walked.append(max(chances))
    found = rv.stats.compare_proportions(events, n).p_value
    assert min(1.0, 2 * min(walked)) == pytest.approx(found, rel=2e-3)  # the walk can step over the peak
    assert found >= min(1.0, 2 * min(walked)) - 1e-9


def test_barnards_p_value_is_never_below_scipys():
    for a, b, found in every_table("difference", "barnard", (4, 6)):
        table = [[a, b], [4 - a, 6 - b]]
        sides = [peer.barnard_exact(table, alternative=side, n=64).pvalue for side in ("less", "greater")]
        assert found.p_value >= min(1.0, 2 * min(sides)) - 1e-6, (a, b)


def test_boschloo_agrees_with_scipy():
    for a, b, found in every_table("difference", "boschloo", (4, 6)):
        scipy = peer.boschloo_exact([[a, b], [4 - a, 6 - b]], n=128).pvalue
        assert found.p_value == pytest.approx(min(1.0, scipy), abs=3e-4), (a, b)


def test_fishers_odds_ratio_bounds_have_exactly_the_tail_asked_for():
    for a, b, found in every_table("odds ratio", "fisher", (6, 9)):
        for odds, above in ((found.low, True), (found.high, False)):
            if 0 < odds < math.inf:
                split = peer.nchypergeom_fisher(15, 6, a + b, odds)
                tail = split.sf(a - 1) if above else split.cdf(a)
                assert tail == pytest.approx(0.025, rel=1e-9), (a, b)


ARMS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda n: st.tuples(st.tuples(st.integers(0, n[0]), st.integers(0, n[1])), st.just(n))
)


@settings(max_examples=12, deadline=None)
@given(arms=ARMS, level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_swapping_the_arms_mirrors_every_method(arms, level):
    events, n = arms
    for method in ("barnard", "boschloo", "fisher", "miettinen-nurminen", "newcombe"):
        one = rv.stats.compare_proportions(events, n, method=method, level=level)
        two = rv.stats.compare_proportions(events[::-1], n[::-1], method=method, level=level)
        assert (one.low, one.high) == (pytest.approx(-two.high, abs=1e-8), pytest.approx(-two.low, abs=1e-8))
        assert one.low - 1e-8 <= one.value <= one.high + 1e-8
        if one.p_value is not None:
            assert one.p_value == pytest.approx(two.p_value, rel=1e-7)
            assert (one.p_value <= 1 - level) == (not one.low <= 0 <= one.high)


HALF_STEPS = st.lists(st.integers(-8, 8).map(lambda step: step / 2), min_size=1, max_size=9)


def enumerated_tails(first: list[float], second: list[float]) -> tuple[float, float, float]:
    """Lower tail, upper tail and chance by distance over all choices of the first group."""
    ranks = peer.rankdata([*first, *second])
    sums = np.array([sum(ranks[list(way)]) for way in itertools.combinations(range(ranks.size), len(first))])
    seen, mean = ranks[: len(first)].sum(), ranks.mean() * len(first)
    far = np.abs(sums - mean) >= abs(seen - mean) - 1e-9
    return float(np.mean(sums <= seen + 1e-9)), float(np.mean(sums >= seen - 1e-9)), float(np.mean(far))


@settings(max_examples=60, deadline=None)
@given(first=HALF_STEPS.filter(lambda x: len(x) <= 6), second=HALF_STEPS.filter(lambda x: len(x) <= 6))
def test_rank_sum_p_is_the_share_of_all_choices(first, second):
    below, above, far = enumerated_tails(first, second)
    assert rv.stats.rank_sum(first, second).p_value == pytest.approx(min(1, 2 * min(below, above)), rel=1e-12)
    by_distance = rv.stats.rank_sum(first, second, two_sided="distance").p_value
    assert by_distance == pytest.approx(far, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    first=HALF_STEPS, second=HALF_STEPS, shift=st.integers(-6, 6), method=st.sampled_from(["exact", "mid-p"])
)
def test_rank_sum_follows_shifts_mirrors_and_holds_its_value(first, second, shift, method):
    found = rv.stats.rank_sum(first, second, method=method)
    moved = rv.stats.rank_sum([x + shift for x in first], second, method=method)
    assert (moved.value, moved.low, moved.high) == (
        found.value + shift,
        found.low + shift,
        found.high + shift,
    )
    mirror = rv.stats.rank_sum(second, first, method=method)
    assert (mirror.value, mirror.low, mirror.high) == (-found.value, -found.high, -found.low)
    assert found.low <= found.value <= found.high
    if found.p_value > 0.05:
        assert found.low <= 0 <= found.high


@pytest.mark.parametrize(("m", "n"), [(2, 3), (3, 3), (3, 4)])
@pytest.mark.parametrize("shift", [0, 1])
def test_rank_sum_interval_covers_by_summing_over_all_samples(m: int, n: int, shift: int):
    values, chances = [0, 1, 2], [0.5, 0.3, 0.2]
    covered = 0.0
    for one in itertools.product(range(3), repeat=m):
        for two in itertools.product(range(3), repeat=n):
            found = rv.stats.rank_sum([values[i] + shift for i in one], [values[i] for i in two], level=0.8)
            weight = math.prod(chances[i] for i in (*one, *two))
            covered += weight * (found.low <= shift <= found.high)
    assert covered >= 0.8 - 1e-12


def test_order_bounds_are_never_narrower_than_the_inversion():
    rng = np.random.default_rng(4)
    for _ in range(60):
        first, second = rng.integers(0, 7, rng.integers(3, 9)), rng.integers(0, 7, rng.integers(3, 9))
        low, high = _rank_sums.compatible_shifts(first, second, tail=0.05, mid=False)
        wide = _rank_sums._order_bounds(first, second, 0.05, False)
        assert wide[0] <= low
        assert high <= wide[1]


def test_arrays_of_p_values_are_those_of_single_calls():
    rng = np.random.default_rng(8)
    first, second = rng.integers(-4, 5, (50, 7)) / 2, rng.integers(-4, 6, (50, 9)) / 2
    single = [rv.stats.rank_sum(a, b).p_value for a, b in zip(first, second, strict=True)]
    assert _exact_arrays.rank_sum_p(first, second) == pytest.approx(single, rel=1e-12)
    for zeros in ("pratt", "wilcoxon"):
        single = [rv.stats.paired(np.zeros(9), row, zeros=zeros).p_value for row in second]
        assert _exact_arrays.signed_rank_p(second, zeros=zeros) == pytest.approx(single, rel=1e-12)
    tables = rng.integers(0, 9, (50, 2))
    single = [rv.stats.compare_proportions(row, (8, 10), method="fisher").p_value for row in tables]
    assert _exact_arrays.fisher_p(tables, (8, 10)) == pytest.approx(single, rel=1e-12)
    tails = (
        [peer.binom.cdf(x, 8, 0.3) for x in tables[:, 0]],
        [peer.binom.sf(x - 1, 8, 0.3) for x in tables[:, 0]],
    )
    expected = np.minimum(1, 2 * np.minimum(*tails))
    assert _exact_arrays.binomial_p(tables[:, 0], 8, 0.3) == pytest.approx(expected, rel=1e-10)


COUNTS = np.arange(60)


@pytest.mark.slow
@pytest.mark.parametrize("years", [(1.0, 1.0), (2.0, 0.5)])
def test_rate_difference_covers_at_least_as_often_as_stated_and_agrees_with_its_p_value(years):
    rates = [0.01, 0.3, 1.0, 2.0, 4.0, 7.0]
    bounds = {}
    for a, b in itertools.product(range(19), range(19)):
        found = rv.stats.rate_difference((a, b), years)
        bounds[a, b] = found.low, found.high
        assert (found.p_value <= 0.05) == (not found.low <= 0 <= found.high), (a, b)
    for one, two in itertools.product(rates, rates):
        if max(one * years[0], two * years[1]) > 7:
            continue
        missed = sum(
            peer.poisson.pmf(a, one * years[0]) * peer.poisson.pmf(b, two * years[1])
            for (a, b), (low, high) in bounds.items()
            if not low <= one - two <= high
        )
        assert missed <= 0.05, (one, two)


@settings(max_examples=60, deadline=None)
@given(values=HALF_STEPS)
def test_permuted_mean_by_convolution_equals_all_sign_flips(values):
    fast = rv.stats.permutation(values, design="one group")
    slow = rv.stats.permutation(values, design="one group", statistic=np.mean)
    assert fast.p_value == pytest.approx(slow.p_value, rel=1e-12)
    assert slow.value == pytest.approx(fast.value, abs=1e-12)


def test_rows_with_and_without_ties_and_of_every_size_get_the_p_value_of_a_single_call():
    rng = np.random.default_rng(9)
    values = rng.normal(0, 1, (60, 11))
    values[::3] = np.round(values[::3])  # ties
    values[1::6, 3] = values[1::6, 9]  # one tie, across the groups
    values *= 10.0 ** rng.integers(-30, 30, (60, 1))
    first, second = values[:, :4], values[:, 4:]
    single = [rv.stats.rank_sum(a, b).p_value for a, b in zip(first, second, strict=True)]
    assert _exact_arrays.rank_sum_p(first, second) == pytest.approx(single, rel=1e-12)
    assert _exact_arrays.rank_sum_p(second, first) == pytest.approx(single, rel=1e-12)
