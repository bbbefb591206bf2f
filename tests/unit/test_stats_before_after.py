"""Relapses of the same patients before and after."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as peer

import ranvier as rv
from ranvier.errors import InputError

METHODS = ["conditional", "pooled", "permutation"]
PATIENTS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 5),
        st.sampled_from([0.5, 1.0, 2.0]),
        st.sampled_from([0.5, 1.0, 1.7]),
    ),
    min_size=1,
    max_size=7,
)


def run(rows: Sequence[tuple[Any, ...]], **options: Any) -> rv.result.Estimate:
    return rv.stats.before_after(*map(list, zip(*rows, strict=True)), **options)


def numbers(found: rv.result.Estimate) -> tuple[float, ...]:
    return found.value, found.low, found.high, found.p_value or 0.0


@pytest.mark.parametrize("method", ["conditional", "pooled"])
def test_equal_follow_up_gives_the_binomial_of_the_totals(method: str):
    found = rv.stats.before_after([2, 1, 3, 1, 2], [0, 1, 1, 0, 0], 1.0, 2.0, method=method)
    ratio = rv.stats.rate_ratio((2, 9), (10.0, 5.0))
    assert numbers(found) == pytest.approx(numbers(ratio), rel=1e-9)
    assert (found.n, found.inputs["years after"]) == (5, 10.0)


def chance_of_totals(rows: Sequence[tuple[int, int, float, float]], ratio: float) -> dict[int, float]:
    """Give the chance of each number of relapses after by listing every way the relapses can fall."""
    shares = [ratio * after / (ratio * after + before) for b, a, before, after in rows for _ in range(a + b)]
    found: dict[int, float] = {}
    for falls in itertools.product((0, 1), repeat=len(shares)):
        chance = math.prod(p if late else 1 - p for late, p in zip(falls, shares, strict=True))
        found[sum(falls)] = found.get(sum(falls), 0.0) + chance
    return found


def test_unequal_follow_up_equals_the_enumeration_of_every_relapse():
    rows = [(2, 0, 1.0, 3.0), (3, 1, 2.0, 0.5), (1, 2, 1.0, 1.0), (0, 0, 1.0, 9.0), (1, 1, 0.7, 1.9)]
    found = run(rows)
    seen = sum(row[1] for row in rows)

    def tails(ratio: float) -> tuple[float, float]:
        chances = chance_of_totals(rows, ratio)
        return (
            sum(p for count, p in chances.items() if count <= seen),
            sum(p for count, p in chances.items() if count >= seen),
        )

    assert found.p_value == pytest.approx(2 * min(tails(1.0)), rel=1e-12)
    assert tails(found.high)[0] == pytest.approx(0.025, rel=1e-9)
    assert tails(found.low)[1] == pytest.approx(0.025, rel=1e-9)
    expected = sum(count * p for count, p in chance_of_totals(rows, found.value).items())
    assert expected == pytest.approx(seen, rel=1e-9)


def test_pooling_unequal_follow_up_of_unequal_patients_misleads_and_conditioning_does_not():
    # one patient relapses ten times as often and is followed longer after; no rate changes
    rows = [(10, 40, 1.0, 4.0), (4, 1, 4.0, 1.0)]
    assert run(rows).value == pytest.approx(1.0)
    assert run(rows).p_value == pytest.approx(1.0, abs=0.2)
    assert run(rows, method="pooled").value == pytest.approx(41 / 14)
    assert (run(rows, method="pooled").p_value or 0) < 0.001


def test_permutation_equals_the_enumeration_of_every_swap():
    before, after = [2, 1, 3, 1, 2, 1, 4], [1, 1, 1, 2, 1, 1, 2]
    found = rv.stats.before_after(before, after, 1.0, 1.0, method="permutation", level=0.9)
    steps = np.subtract(after, before)
    swaps = np.array(list(itertools.product((1, -1), repeat=len(steps))))
    sums = swaps @ steps
    assert found.p_value == 2 * float((sums <= steps.sum()).mean())

    def kept(ratio: float) -> bool:
        given_ratio = swaps @ (np.array(after) - ratio * np.array(before))
        now = float(given_ratio[0])
        low, high = (given_ratio <= now + 1e-9).mean(), (given_ratio >= now - 1e-9).mean()
        return min(low, high) > 0.05

    assert kept(found.low)
    assert kept(found.high)
    assert not kept(found.low * (1 - 1e-6))
    assert not kept(found.high * (1 + 1e-6))


def test_clusters_of_relapses_widen_the_permutation_but_not_the_conditional_answer():
    # one patient has a cluster of nine before; nobody else changes
    before, after = [9, 1, 0, 1, 0, 1, 0], [0, 0, 1, 1, 1, 0, 1]
    assert (rv.stats.before_after(before, after, 1, 1).p_value or 0) < 0.1
    assert rv.stats.before_after(before, after, 1, 1, method="permutation").p_value == 0.8125


def test_too_few_patients_give_an_unlimited_permutation_interval():
    found = rv.stats.before_after([2, 3, 1], [0, 1, 0], 1, 1, method="permutation")
    assert (found.low, found.high) == (0.0, math.inf)
    assert found.p_value == 0.25


@pytest.mark.parametrize("method", METHODS)
def test_no_relapse_at_all_leaves_everything_possible(method: str):
    found = rv.stats.before_after([0, 0], [0, 0], 1.0, 1.0, method=method)
    assert math.isnan(found.value)
    assert (found.low, found.high, found.p_value) == (0.0, math.inf, 1.0)
    assert "No relapse in either period" in found.explain()


@pytest.mark.parametrize("method", METHODS)
def test_no_relapse_on_one_side(method: str):
    none_after = rv.stats.before_after([1] * 8, [0] * 8, 1.0, 1.0, method=method)
    assert (none_after.value, none_after.low) == (0.0, 0.0)
    assert "No relapse after: the ratio is 0.00 here" in none_after.explain()
    none_before = rv.stats.before_after([0] * 8, [1] * 8, 1.0, 1.0, method=method)
    assert (none_before.value, none_before.high) == (math.inf, math.inf)
    assert none_before.p_value == pytest.approx(2 / 2**8)
    assert none_after.p_value == pytest.approx(2 / 2**8)


def test_patients_without_both_sides_are_left_out_and_counted():
    found = rv.stats.before_after([2, None, 1], [0, 1, 1], [1.0, 1.0, 1.0], [1.0, 1.0, math.nan])
    assert (found.n, found.left_out[0].n) == (1, 2)


@pytest.mark.parametrize("method", METHODS)
def test_every_result_says_that_a_fall_is_expected(method: str):
    found = rv.stats.before_after([2, 1], [1, 1], 1.0, 1.0, method=method)
    assert rv.stats.BEFORE_AFTER_NOTE in found.notes
    assert "entry rule alone" in found.explain()
    assert found.to_dict()["method"] == method


@settings(deadline=None, max_examples=60)
@given(rows=PATIENTS, level=st.sampled_from([0.2, 0.5, 0.8, 0.95, 0.99]), seed=st.randoms())
def test_interval_holds_the_value_and_order_changes_nothing(rows: list[Any], level: float, seed: Any):
    for method in METHODS:
        these = [(b, a, s, s) for b, a, s, _ in rows] if method == "permutation" else list(rows)
        found = run(these, method=method, level=level)
        if sum(b + a for b, a, *_ in these):
            assert found.low <= found.value * (1 + 1e-9)
            assert found.value <= found.high * (1 + 1e-9)
        seed.shuffle(these)
        assert numbers(run(these, method=method, level=level)) == pytest.approx(
            numbers(found), rel=1e-9, nan_ok=True
        )


@settings(deadline=None, max_examples=60)
@given(rows=PATIENTS)
def test_looking_backwards_inverts_the_ratio(rows: list[Any]):
    for method in METHODS:
        these = [(b, a, s, s) for b, a, s, _ in rows] if method == "permutation" else list(rows)
        forward = run(these, method=method)
        back = run([(a, b, t, s) for b, a, s, t in these], method=method)
        assert back.p_value == pytest.approx(forward.p_value, rel=1e-9)
        inverse = math.inf if forward.low == 0 else 1 / forward.low
        assert back.high == pytest.approx(inverse, rel=1e-8)


def test_conditional_ratio_is_the_fixed_effects_poisson_estimate():
    rows = [(2, 0, 1.0, 3.0), (3, 1, 2.0, 0.5), (1, 2, 1.0, 1.0), (1, 1, 0.7, 1.9)]

    def minus_log_likelihood(log_ratio: float) -> float:
        shares = [math.exp(log_ratio) * t / (math.exp(log_ratio) * t + s) for _, _, s, t in rows]
        return -sum(
            peer.binom.logpmf(a, a + b, share) for (b, a, *_), share in zip(rows, shares, strict=True)
        )

    best = optimize.minimize_scalar(minus_log_likelihood, bracket=(-2, 1), tol=1e-12)
    assert run(rows).value == pytest.approx(math.exp(best.x), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([1], [1, 2], 1, 1), {}, "before has 1 patients and after 2"),
        (([1.5], [1], 1, 1), {}, r"before\[0\] is 1.5; it must be a whole number"),
        (([1], [-1], 1, 1), {}, r"after\[0\] is -1"),
        (([1, 1], [1, 1], 0, 1), {}, r"years_before\[0\] is 0; it must be a finite time above 0"),
        (([1], [1], 1, math.inf), {}, r"years_after\[0\] is inf"),
        (([None], [1], 1, 1), {}, "no complete patient among 1"),
        (([], [], 1, 1), {}, "no complete patient among 0"),
        (([[1]], [1], 1, 1), {}, "before must be one row of numbers"),
        ((["x"], [1], 1, 1), {}, "before holds something that is not a number"),
        (([True], [1], 1, 1), {}, "before must be one row of numbers"),
        (([1], [1], 1, 2), {"method": "permutation"}, "swapping needs periods of equal length"),
        (([1], [1], 1, 1), {"method": "wilcoxon"}, "unknown method 'wilcoxon'"),
        (([1], [1], 1, 1), {"level": 95}, "Write 0.95 for 95 %"),
    ],
)
def test_wrong_input_is_refused_in_words(arguments: tuple[Any, ...], options: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        rv.stats.before_after(*arguments, **options)
