"""Cohen's kappa of two verdicts and of many definitions."""

import math

import numpy as np
import pytest

from ranvier.course.agreement import kappa, kappa_matrix
from ranvier.errors import InputError


def pairs(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Make verdicts with given counts of yes-yes, yes-no, no-yes and no-no."""
    one = [True] * (both + first) + [False] * (second + neither)
    two = [True] * both + [False] * first + [True] * second + [False] * neither
    return one, two


def test_textbook_table_gives_the_textbook_kappa():
    # observed .70, expected .50
    assert kappa(*pairs(20, 5, 10, 15)) == pytest.approx(0.4, abs=1e-15)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((3, 0, 0, 2), 1.0),
        ((0, 2, 3, 0), -12 / 13),
        ((0, 2, 2, 0), -1.0),
        ((2, 3, 0, 0), 0.0),  # the first always says yes: no better than chance
        ((0, 4, 0, 0), 0.0),  # always yes against always no
    ],
)
def test_margins_at_the_edge_have_a_value(counts: tuple[int, int, int, int], expected: float):
    assert kappa(*pairs(*counts)) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("counts", [(4, 0, 0, 0), (0, 0, 0, 4), (0, 0, 0, 0)])
def test_kappa_is_not_defined_when_chance_agrees_on_everything(counts: tuple[int, int, int, int]):
    assert math.isnan(kappa(*pairs(*counts)))


def test_cases_without_both_verdicts_are_left_out():
    assert kappa([True, None, False, True], [True, True, False, None]) == 1.0


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ([True], [True, False], "first has 1 verdicts and second 2"),
        (["yes"], [True], r"first\[0\] is 'yes'; a verdict is True, False or None"),
        ([True], [1], r"second\[0\] is 1; a verdict"),
    ],
)
def test_verdicts_that_are_none_are_refused(first: list[object], second: list[object], words: str):
    with pytest.raises(InputError, match=words):
        kappa(first, second)  # type: ignore[arg-type]


def test_matrix_agrees_with_kappa_of_each_pair_across_blocks():
    rng = np.random.default_rng(20260101)
    flags = rng.random((5, 40_000)) < np.array([[0.5], [0.1], [0.9], [0.0], [1.0]])
    matrix = kappa_matrix(flags)
    for i in range(5):
        for j in range(5):
            expected = kappa(flags[i], flags[j])
            assert matrix[i, j] == expected or (math.isnan(matrix[i, j]) and math.isnan(expected))


def test_matrix_is_symmetric_with_ones_and_does_not_depend_on_the_order_of_subjects():
    rng = np.random.default_rng(7)
    flags = rng.random((6, 101)) < 0.4
    matrix = kappa_matrix(flags)
    assert np.array_equal(matrix, matrix.T)
    assert np.array_equal(np.diag(matrix), np.ones(6))
    assert np.array_equal(matrix, kappa_matrix(flags[:, rng.permutation(101)]))


def test_matrix_without_subjects_is_not_defined():
    assert np.isnan(kappa_matrix(np.zeros((2, 0), dtype=bool))).all()


@pytest.mark.parametrize("flags", [[True, False], [[0, 1]], [["yes"]]])
def test_flags_that_are_no_table_of_true_and_false_are_refused(flags: object):
    with pytest.raises(InputError, match="give True or False for each definition"):
        kappa_matrix(flags)  # type: ignore[arg-type]
