"""Paired change: direction, missing values, zeros, too few pairs, refusals."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import InputError

BEFORE = [6.0, 5.0, 4.5, 6.5, 6.0, 5.5, 4.0, 3.0]
AFTER = [5.0, 4.5, 4.0, 4.5, 5.0, 4.0, 3.5, 2.5]
METHODS = ["signed-rank", "sign-test"]


@pytest.mark.parametrize("method", METHODS)
def test_lower_after_is_negative(method: str):
    found = rv.stats.paired(BEFORE, AFTER, method=method, unit="EDSS points", quantity="EDSS change")
    assert found.low <= found.value <= found.high < 0
    assert found.p_value == pytest.approx(2 / 2**8, rel=1e-14)
    assert found.explain().startswith("EDSS change: −")
    assert "EDSS points" in found.text()
    assert found.inputs == {"pairs": 8, "lower after": 8, "unchanged": 0, "higher after": 0}


@pytest.mark.parametrize("method", METHODS)
def test_pairs_with_a_missing_value_are_left_out_and_counted(method: str):
    found = rv.stats.paired([*BEFORE, None, 4.0], [*AFTER, 3.0, math.nan], method=method)
    whole = rv.stats.paired(BEFORE, AFTER, method=method)
    assert (found.n, found.value, found.p_value) == (8, whole.value, whole.p_value)
    assert found.left_out == (rv.result.LeftOut(n=2, reason="pairs with a missing value"),)
    assert "Left out: 2 (pairs with a missing value)." in found.explain()


def test_columns_of_a_table_are_accepted_with_their_nulls():
    table = pl.DataFrame({"before": [*BEFORE, None], "after": [*AFTER, 1.0]})
    assert rv.stats.paired(table["before"], table["after"]).n == 8


@pytest.mark.parametrize("method", METHODS)
def test_no_change_at_all_is_a_result(method: str):
    found = rv.stats.paired(BEFORE, BEFORE, method=method)
    assert (found.value, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    assert math.copysign(1, found.low) == math.copysign(1, found.high) == 1


@pytest.mark.parametrize("method", METHODS)
def test_one_pair_has_a_value_and_no_interval(method: str):
    found = rv.stats.paired([6.0], [5.0], method=method)
    assert (found.value, found.low, found.high, found.p_value) == (-1, -math.inf, math.inf, 1)
    assert "it needs at least 6" in found.notes[0]


@pytest.mark.parametrize("method", METHODS)
def test_five_pairs_name_the_attainable_level(method: str):
    found = rv.stats.paired(BEFORE[:5], AFTER[:5], method=method)
    assert (found.low, found.high) == (-math.inf, math.inf)
    (note,) = found.notes
    assert note.startswith("No finite 95 % interval exists with 5 pairs: it needs at least 6.")
    assert note.endswith("the smallest to the largest difference, −2.00 to −0.50, is an interval of 93.75 %.")
    attained = rv.stats.paired(BEFORE[:5], AFTER[:5], method=method, level=0.9375)
    assert (attained.low, attained.high) == (-2, -0.5)


def test_zeros_are_ranked_then_dropped_or_dropped_first():
    before, after = [4.0, 4.5, 5.0, 5.5, 6.0, 3.0, 2.0], [3.5, 5.0, 3.5, 4.5, 6.0, 3.0, 2.0]
    pratt, wilcoxon = (rv.stats.paired(before, after, zeros=zeros) for zeros in ("pratt", "wilcoxon"))
    # Sizes 0 0 0 0.5 0.5 1 1.5: ranks 4.5 4.5 6 7 or, without the zeros, 1.5 1.5 3 4; one rise of 0.5.
    assert pratt.p_value == pytest.approx(2 * 3 / 16)
    assert wilcoxon.p_value == pytest.approx(2 * 3 / 16)
    assert "3 zero differences ranked and then dropped by Pratt's rule" in pratt.method_text
    assert "3 zero differences dropped before ranking by Wilcoxon's rule" in wilcoxon.method_text


def test_rejected_zero_inside_the_interval_is_told():
    changes = [0, 0, 0, 0, -0.5, -0.5, -0.5, -1, -1, -1, -1.5, -2, 0.5, 0.5, 0]
    found = rv.stats.paired(np.full(15, 6.0), 6.0 + np.array(changes))
    assert found.p_value == pytest.approx(0.041015625, rel=1e-12)
    assert (found.low, found.high) == (-1, 0)
    assert found.notes == ("Zero itself is rejected by the test, but shifts next to it are not.",)


def test_interval_is_never_empty_even_where_every_shift_is_rejected_two_sided():
    changes = np.repeat([0.0, 1.0], [78, 22])
    for shift in np.arange(-0.25, 1.3, 0.25):
        assert rv.stats.paired(np.zeros(100), changes - shift).p_value < 0.05
    found = rv.stats.paired(np.zeros(100), changes)
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_rounding_errors_of_a_subtraction_break_no_tie():
    before, after = [5.1, 7.4, 12.9, 9.8, 4.3], [4.3, 6.6, 12.1, 9.0, 5.1]
    assert len({b - a for b, a in zip(before, after, strict=True)}) > 2
    found = rv.stats.paired(before, after)
    assert found.value == -0.8
    assert found.p_value == pytest.approx(2 * 6 / 32)  # four falls and one rise of the same size


def test_large_and_tiny_units_give_the_same_test():
    tiny, large = (rv.stats.paired(np.array(BEFORE) * f, np.array(AFTER) * f) for f in (1e-15, 1e15))
    assert tiny.p_value == large.p_value
    assert tiny.value * 1e30 == pytest.approx(large.value, rel=1e-9)


def test_sign_test_drops_zeros_from_the_p_value_only():
    found = rv.stats.paired([3.0] * 9, [2.0] * 6 + [3.0] * 3, method="sign-test")
    assert found.p_value == pytest.approx(2 / 2**6)
    assert (found.value, found.low, found.high) == (-1, -1, 0)


def test_more_than_a_hundred_pairs_are_exact_too():
    before = np.round(np.sin(np.arange(130)) * 4, 1)
    after = np.round(before - 0.3 + np.cos(np.arange(130) ** 2), 1)
    found = rv.stats.paired(before, after)
    assert found.low < found.value < found.high < 0
    assert found.p_value < 0.05


@pytest.mark.parametrize(
    ("before", "after", "options", "words"),
    [
        ([1, 2], [1], {}, "before has 2 values and after 1"),
        ([], [], {}, "no complete pair among 0"),
        ([None, 1.0], [2.0, None], {}, "no complete pair among 2"),
        ([1, math.inf], [1, 2], {}, r"before\[1\] is inf"),
        (["1", "2"], [1, 2], {}, "before must be one row of numbers"),
        ([1, 2], [[1, 2]], {}, "after must be one row of numbers"),
        ([1, object()], [1, 2], {}, "before holds something that is not a number"),
        (3.0, 4.0, {}, "before must be one row of numbers"),
        ([1, 2], [1, 2], {"method": "t-test"}, "unknown method 't-test'"),
        ([1, 2], [1, 2], {"zeros": "drop"}, "unknown zeros 'drop'"),
        ([1, 2], [1, 2], {"level": -0.5}, "level is -0.5"),
    ],
)
def test_unusable_pairs_are_refused(before: object, after: object, options: dict, words: str):
    with pytest.raises(InputError, match=words):
        rv.stats.paired(before, after, **options)
