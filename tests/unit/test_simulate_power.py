"""Power by simulation: the p values of single tests, known powers, and the same trials whoever draws them."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import ranvier as rv
from ranvier.simulate import Normal, power
from ranvier.stats import _exact_arrays, _exact_tails

MODULE = power.__globals__  # the module of this very function, however pytest imported it
EDSS = ({-1.0: 0.3, -0.5: 0.2, 0.0: 0.4, 0.5: 0.1}, {-1.0: 0.1, -0.5: 0.2, 0.0: 0.4, 0.5: 0.3})


def skewed(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    return rng.standard_exponential(shape)


def within_three_errors(found: rv.result.Estimate, expected: float) -> bool:
    return abs(found.value - expected) < 3 * math.sqrt(expected * (1 - expected) / found.n)


@pytest.mark.parametrize(
    ("first", "second", "test", "one_by_one"),
    [
        (Normal(mean=-1), Normal(), "rank-sum", lambda a, b: rv.stats.rank_sum(a, b).p_value),
        (skewed, Normal(), "rank-sum", lambda a, b: rv.stats.rank_sum(a, b).p_value),
        (*EDSS, "rank-sum", lambda a, b: rv.stats.rank_sum(a, b).p_value),
        (EDSS[0], None, "signed-rank", lambda a: rv.stats.paired(np.zeros(len(a)), a).p_value),
        (
            {0: 0.3, 1: 0.7},
            {0: 0.7, 1: 0.3},
            "fisher",
            lambda a, b: (
                rv.stats.compare_proportions(
                    (int(a.sum()), int(b.sum())), (len(a), len(b)), method="fisher"
                ).p_value
            ),
        ),
    ],
    ids=["normal", "drawn", "EDSS", "changes", "yes-no"],
)
def test_trials_are_counted_as_single_calls_would(
    first: Any, second: Any, test: str, one_by_one: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every p value of the simulation, on the very trials that were drawn."""
    seen: list[tuple[Any, ...]] = []
    plain = MODULE["_p_values"]

    def watched(test: str, arms: list[Any]) -> Any:
        seen.append((arms, plain(test, arms)))
        return seen[-1][1]

    monkeypatch.setitem(MODULE, "_p_values", watched)
    n: Any = (8, 7) if second is not None else 9
    found = power(first, second, n=n, test=test, n_trials=60, seed=3)
    ((arms, p_values),) = seen
    single = [one_by_one(*rows) for rows in zip(*arms, strict=True)]
    assert p_values == pytest.approx(single, rel=1e-12)
    assert found.value == np.mean(np.array(single) <= 0.05 * (1 + 1e-12))
    assert 0.05 < found.value < 0.95


def test_power_of_three_against_three_is_that_of_groups_that_do_not_overlap() -> None:
    """With 3 + 3 only complete separation is significant at 0.1; its chance is an integral."""
    shift = 1.5

    def density(x: float, gap: float) -> float:
        """Of the lowest of three values, with three others, moved by the gap, below it."""
        return float(3 * stats.norm.pdf(x) * stats.norm.sf(x) ** 2 * stats.norm.cdf(x + gap) ** 3)

    chance = sum(integrate.quad(density, -9, 9, args=(gap,))[0] for gap in (shift, -shift))
    found = power(Normal(mean=-shift), Normal(), n=(3, 3), alpha=0.1, n_trials=40_000, seed=1)
    assert within_three_errors(found, chance)


def test_without_a_difference_the_test_rejects_as_often_as_its_table_says() -> None:
    p_values = np.minimum(1, 2 * np.minimum(*_exact_tails._untied(20, 20)))
    chances = rv.stats._rank_sums.untied(20, 20)
    level = float(chances[p_values <= 0.05].sum())
    assert 0.04 < level <= 0.05
    found = power(Normal(sd=3), Normal(sd=3), n=(20, 20), n_trials=60_000, seed=2)
    assert within_three_errors(found, level)


def test_fisher_and_signed_rank_have_the_power_that_enumeration_gives() -> None:
    two, one = np.arange(13)[:, None], np.arange(13)[None, :]
    weight = stats.binom.pmf(two, 12, 0.75) * stats.binom.pmf(one, 12, 0.25)
    counts = np.array([(a, b) for a in range(13) for b in range(13)])
    exact = float(weight.ravel()[_exact_arrays.fisher_p(counts, (12, 12)) <= 0.05].sum())
    found = power({0: 0.25, 1: 0.75}, {0: 0.75, 1: 0.25}, n=(12, 12), test="fisher", n_trials=20_000, seed=4)
    assert within_three_errors(found, exact)
    changes = {-1.0: 0.3, -0.5: 0.3, 0.0: 0.3, 0.5: 0.1}
    planned = rv.stats.size_changes(changes)
    one_group = power(changes, n=planned.arms[0], test="signed-rank", n_trials=20_000, seed=5)
    assert within_three_errors(one_group, planned.power)  # the wrong side is hit in fewer than 1 of 10,000


def test_trials_depend_on_the_seed_and_not_on_how_many_there_are_or_who_draws_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(MODULE, "BLOCK_TRIALS", 100)
    monkeypatch.setitem(MODULE, "PIECE_TRIALS", 50)
    options: dict[str, Any] = {"n": (10, 10), "n_trials": 330, "seed": 7}
    told: list[tuple[int, int]] = []
    serial = power(Normal(mean=1), Normal(), **options, progress=lambda *done: told.append(done))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with ThreadPoolExecutor(2) as threads:
        assert power(Normal(mean=1), Normal(), **options, executor=threads) == serial
    assert power(Normal(mean=1), Normal(), **options | {"seed": 8}) != serial
    counts = [power(Normal(mean=1), Normal(), **options | {"n_trials": n}).value * n for n in (60, 61, 62)]
    assert all(0 <= more - fewer < 1 + 1e-9 for fewer, more in pairwise(counts))


def test_a_trial_too_small_to_be_significant_says_so() -> None:
    found = power(Normal(mean=5), Normal(), n=(3, 3), n_trials=200, seed=1)
    assert found.value == 0
    assert "the smallest p value is 0.1" in found.explain()
    assert "normal, mean 5, standard deviation 1" in str(found.to_dict())
