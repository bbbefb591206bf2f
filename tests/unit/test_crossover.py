"""Crossovers of two periods."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ranvier.stats import crossover, rank_sum
from ranvier.stats._exact_arrays import crossover_p

FIRST = [[1, 4], [0, 2], [3, 3], [2, 6], [0, 1]]
SECOND = [[5, 2], [3, 3], [4, 1], [2, 0], [6, 2]]


def test_the_treatments_are_compared_by_half_the_shift_of_differences() -> None:
    treatment, period, carry = crossover(FIRST, SECOND, unit="lesions").estimates
    plain = rank_sum([-3, -2, 0, -4, -1], [3, 0, 3, 2, 4])
    assert (treatment.p_value, 2 * treatment.value) == (plain.p_value, plain.value)
    assert (2 * treatment.low, 2 * treatment.high) == (plain.low, plain.high)
    assert period.value == 0.0
    sums = rank_sum([5, 2, 6, 8, 1], [7, 6, 5, 2, 8])
    assert (carry.p_value, carry.value) == (sums.p_value, sums.value)


def test_a_difference_between_the_periods_cancels() -> None:
    later = np.array([0, 7])
    moved = FIRST + later, SECOND + later
    plain, shifted = crossover(FIRST, SECOND).estimates, crossover(*moved).estimates
    assert (shifted[0].value, shifted[0].p_value) == (plain[0].value, plain[0].p_value)
    assert shifted[1].value == plain[1].value - 7


def test_swapping_the_sequences_turns_the_sign() -> None:
    one, two = crossover(FIRST, SECOND).estimates[0], crossover(SECOND, FIRST).estimates[0]
    assert (one.value, one.low, one.high) == (-two.value, -two.high, -two.low)
    assert one.p_value == two.p_value


def test_patients_without_both_periods_are_left_out_and_counted() -> None:
    found = crossover([*FIRST, [1, None]], pl.DataFrame(SECOND, orient="row"))
    assert found.estimates[0].value == crossover(FIRST, SECOND).estimates[0].value
    assert found.estimates[0].left_out[0].n == 1


def test_too_few_patients_give_no_finite_interval_and_say_so() -> None:
    found = crossover([[1, 4]], [[5, 2]])
    assert found.estimates[0].p_value == 1
    assert np.isinf(found.estimates[0].low)
    assert "No 95 % interval that is finite on both sides exists" in found.explain()


def test_carry_over_is_reported_and_never_used() -> None:
    text = crossover(FIRST, SECOND).explain()
    assert "It does not choose the analysis" in text
    assert "Cells cannot be washed out" in text
    assert crossover(FIRST, SECOND).plot() is not None


def test_without_an_effect_the_level_holds_whatever_the_periods_do() -> None:
    rng = np.random.default_rng(4)
    n = 4_000
    levels = rng.normal(4, 2, (n, 12, 1))
    edss = np.rint(2 * (levels + np.array([0.0, 1.5]) + rng.normal(0, 1, (n, 12, 2)))) / 2
    p_values = crossover_p(edss[:, :5], edss[:, 5:])
    for alpha in (0.05, 0.1, 0.2):
        # nominal level, and 3 Monte Carlo errors
        assert (p_values <= alpha).mean() <= alpha + 3 * (alpha * (1 - alpha) / n) ** 0.5
    for row in range(60):
        alone = crossover(edss[row, :5], edss[row, 5:]).estimates[0].p_value
        assert p_values[row] == pytest.approx(alone, rel=1e-12)
    treated = edss + np.where(np.arange(12)[:, None] < 5, [-2.0, 0.0], [0.0, -2.0])
    assert (crossover_p(treated[:, :5], treated[:, 5:]) <= 0.05).mean() > 0.7
