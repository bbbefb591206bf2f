"""Exact means exact: full enumeration and coverage by exhaustive sums."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats as peer

import ranvier as rv
from ranvier.stats import signed_rank

LEVELS = [0.8, 0.9, 0.95, 0.99]
ROUNDING = 1e-12


def enumerated_p(differences: np.ndarray, zeros: str) -> float:
    """Two-sided p value over all sign flips, by distance from the mean."""
    if zeros == "wilcoxon":
        differences = differences[differences != 0]
    ranks = peer.rankdata(np.abs(differences))[differences != 0]
    signs = np.sign(differences[differences != 0])
    if not signs.size:
        return 1.0
    sums = np.array(list(itertools.product([-1, 1], repeat=signs.size))) @ ranks
    return float(np.mean(np.abs(sums) >= abs(signs @ ranks) - 1e-9))


@pytest.mark.parametrize("zeros", ["pratt", "wilcoxon"])
def test_signed_rank_p_is_the_share_of_all_sign_flips(zeros: str):
    rng = np.random.default_rng(20_240_501)
    for n in range(1, 9):
        for _ in range(60):
            differences = rng.integers(-4, 4, n)
            found = signed_rank.two_sided(signed_rank.ranks(differences, zeros=zeros))
            assert found == enumerated_p(differences, zeros), differences


def test_signed_rank_p_agrees_with_scipy_without_ties_and_zeros():
    rng = np.random.default_rng(7)
    for n in (5, 20, 50):
        differences = rng.permutation(np.arange(1, n + 1)) * rng.choice([-1, 1], n)
        found = signed_rank.two_sided(signed_rank.ranks(differences, zeros="pratt"))
        assert found == pytest.approx(peer.wilcoxon(differences, method="exact").pvalue, rel=1e-12)


def test_signed_rank_tail_of_many_pairs_agrees_with_the_normal_limit():
    rng = np.random.default_rng(11)
    differences = rng.integers(-40, 43, 1500)
    found = signed_rank.ranks(differences, zeros="pratt")
    distance = abs(found.above - found.below) - 1  # continuity correction on doubled ranks
    limit = 2 * peer.norm.sf(distance / math.sqrt(float((found.scores.astype(float) ** 2).sum())))
    assert signed_rank.two_sided(found) == pytest.approx(limit, rel=2e-3)


@pytest.mark.parametrize("zeros", ["pratt", "wilcoxon"])
def test_bounds_are_those_of_a_walk_over_every_shift(zeros: str):
    """The walk enumerates all sign flips at each pairwise mean and in each gap, without any short cut."""
    rng = np.random.default_rng(3)
    for n, width in itertools.product(range(2, 8), (2, 5, 40)):
        differences = rng.integers(-width, width + 1, n)
        for level in (0.5, 0.75, 0.9):
            tail = (1 - level) / 2
            expected = (walked_low(differences, tail, zeros), -walked_low(-differences, tail, zeros))
            found = signed_rank.compatible_shifts(differences, tail=tail, zeros=zeros)
            assert found == expected, (differences, level)


def walked_low(differences: np.ndarray, tail: float, zeros: str) -> float:
    means = sorted({(a + b) / 2 for a, b in itertools.combinations_with_replacement(differences.tolist(), 2)})
    ends = [-math.inf, *(mean for mean in means for _ in (0, 1))]
    shifts = [
        means[0] - 1,
        *(place for a, b in itertools.pairwise(means) for place in (a, (a + b) / 2)),
        means[-1],
    ]
    for shift, end in zip(shifts, ends, strict=False):
        rest = differences - shift
        if zeros == "wilcoxon":
            rest = rest[rest != 0]
        ranks = peer.rankdata(np.abs(rest))[rest != 0]
        flips = np.array(list(itertools.product([0, 1], repeat=ranks.size)))
        if np.mean(flips @ ranks <= ranks[rest[rest != 0] < 0].sum() + 1e-9) > tail:
            return end
    return means[-1]


def places_to_look(bounds: list[tuple[float, float]]) -> np.ndarray:
    """Coverage is lowest right beside a bound."""
    ends = np.array([end for pair in bounds for end in pair])
    return np.concatenate([ends, ends * (1 - 1e-9), ends * (1 + 1e-9), np.linspace(0, ends.max(), 400)])


def covered(bounds: list[tuple[float, float]], chances: np.ndarray, truths: np.ndarray) -> np.ndarray:
    low, high = np.array(bounds).T[:, :, None]
    return (chances * ((low <= truths) & (truths <= high))).sum(axis=0)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("method", ["clopper-pearson", "blaker"])
def test_exact_share_never_covers_less_than_stated(method: str, level: float):
    for n in (1, 2, 3, 5, 8, 10, 15, 24, 40):
        found = [rv.stats.proportion(x, n, method=method, level=level) for x in range(n + 1)]
        bounds = [(one.low, one.high) for one in found]
        truths = places_to_look(bounds)
        truths = truths[(truths > 0) & (truths < 1)]
        chances = peer.binom.pmf(np.arange(n + 1)[:, None], n, truths)
        assert covered(bounds, chances, truths).min() >= level - ROUNDING, n


@pytest.mark.parametrize("level", LEVELS)
def test_exact_rate_never_covers_less_than_stated(level: float):
    found = [rv.stats.rate(x, 1.0, level=level) for x in range(160)]
    bounds = [(one.low, one.high) for one in found]
    truths = places_to_look(bounds[:40])
    truths = truths[(truths > 0) & (truths < 50)]
    chances = peer.poisson.pmf(np.arange(160)[:, None], truths)
    assert covered(bounds, chances, truths).min() >= level - 1e-9  # counts above 159 are left out


@pytest.mark.parametrize("method", ["mid-p", "wilson"])
def test_approximate_share_covers_as_often_as_stated_on_average(method: str):
    truths = np.linspace(0.005, 0.995, 397)
    for n in (10, 24):
        found = [rv.stats.proportion(x, n, method=method) for x in range(n + 1)]
        chances = peer.binom.pmf(np.arange(n + 1)[:, None], n, truths)
        shares = covered([(one.low, one.high) for one in found], chances, truths)
        assert shares.mean() == pytest.approx(0.95, abs=0.02)
        assert shares.min() < 0.95


SYMMETRIC = [
    ([-1, 0, 1], [0.2, 0.6, 0.2]),
    ([-1, 0, 1], [0.45, 0.1, 0.45]),
    ([-2, -1, 0, 1, 2], [0.1, 0.25, 0.3, 0.25, 0.1]),
    ([-3, -1, 1, 3], [0.15, 0.35, 0.35, 0.15]),
]
SKEWED = [([-3, 0, 1], [0.4, 0.15, 0.45]), ([-2, -1, 0, 5], [0.1, 0.3, 0.2, 0.4]), ([-1, 0], [0.5, 0.5])]


def all_samples(values: list[int], chances: list[float], n: int):
    """Every multiset of n values with its multinomial chance."""
    for sample in itertools.combinations_with_replacement(range(len(values)), n):
        counts = np.bincount(sample, minlength=len(values))
        ways = math.factorial(n) / math.prod(math.factorial(int(count)) for count in counts)
        chance = ways * math.prod(p**c for p, c in zip(chances, counts.tolist(), strict=True))
        yield np.array(values)[list(sample)], chance


@pytest.mark.parametrize("zeros", ["pratt", "wilcoxon"])
@pytest.mark.parametrize(("values", "chances"), SYMMETRIC)
def test_signed_rank_interval_covers_on_half_steps_too(values: list[int], chances: list[float], zeros: str):
    for n in (6, 7):
        missed = dict.fromkeys(LEVELS, 0.0)
        for sample, chance in all_samples(values, chances, n):
            for level in LEVELS:
                low, high = signed_rank.compatible_shifts(sample, tail=(1 - level) / 2, zeros=zeros)
                missed[level] += 0 if low <= 0 <= high else chance
        assert all(1 - missed[level] >= level - ROUNDING for level in LEVELS), missed


@pytest.mark.parametrize(("values", "chances"), SKEWED)
def test_sign_test_interval_covers_the_median_of_any_shape(values: list[int], chances: list[float]):
    for n in (5, 8):
        missed = dict.fromkeys(LEVELS, 0.0)
        for sample, chance in all_samples(values, chances, n):
            for level in LEVELS:
                found = rv.stats.paired(np.zeros(n), sample, method="sign-test", level=level)
                missed[level] += 0 if found.low <= 0 <= found.high else chance
        assert all(1 - missed[level] >= level - ROUNDING for level in LEVELS), missed
