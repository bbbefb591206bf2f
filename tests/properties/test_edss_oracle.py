"""The whole input grid against a plain scorer, written from the wording of the rules and sharing no code.

The plain scorer takes one patient at a time and is far too slow for use; its only virtue is that it can be
read beside the scoring table.
"""

import itertools

import numpy as np
import pytest

from ranvier.scales import EdssRules, edss_step

RAW = (range(7), range(6), range(7), range(6), range(7), range(7), range(6))


def neurostatus_grades(visual, brainstem, pyramidal, cerebellar, sensory, bladder, cerebral):
    if visual == 6:
        visual = 4
    elif visual >= 4:
        visual = 3
    elif visual == 3:
        visual = 2
    if bladder >= 4:
        bladder = bladder - 1
    return [visual, brainstem, pyramidal, cerebellar, sensory, bladder, cerebral]


def kurtzke_grades(visual, brainstem, pyramidal, cerebellar, sensory, bladder, cerebral):
    if cerebral == 1:
        cerebral = 0
    return [visual, brainstem, pyramidal, cerebellar, sensory, bladder, cerebral]


def step_of_walking_patient(grades, one_four_some_twos=4.5, one_four_three_threes=5.0):
    worst = max(grades)
    if worst >= 5:
        return 5.0
    if worst == 4:
        return step_with_a_4(grades, one_four_some_twos, one_four_three_threes)
    if worst == 3:
        return step_with_a_3(grades.count(3), grades.count(2))
    if worst == 2:
        return step_with_a_2(grades.count(2))
    ones = grades.count(1)
    if ones == 0:
        return 0.0
    return 1.0 if ones == 1 else 1.5


def step_with_a_4(grades, one_four_some_twos, one_four_three_threes):
    if grades.count(4) > 1:
        return 5.0
    if 3 in grades:
        return 4.5 if grades.count(3) <= 2 else one_four_three_threes
    return one_four_some_twos if 2 in grades else 4.0


def step_with_a_3(threes, twos):
    if threes >= 6:
        return 5.0
    if threes == 5:
        return 4.5
    if threes == 1 and twos == 0:
        return 3.0
    if threes == 1 and twos <= 2:
        return 3.5
    if threes == 2 and twos == 0:
        return 3.5
    return 4.0


def step_with_a_2(twos):
    if twos >= 6:
        return 4.0
    if twos == 5:
        return 3.5
    if twos >= 3:
        return 3.0
    return 2.5 if twos == 2 else 2.0


def new_coding(step, code):
    if code == 0:
        return step
    if code == 1:
        return max(step, 2.0)
    if code == 2:
        return max(step, 4.5)
    if code == 3:
        return max(step, 5.0)
    if code == 4:
        return 5.5
    if code in (5, 6, 7):
        return 6.0
    if code in (8, 9):
        return 6.5
    return 7.0 + (code - 10) / 2


def old_coding(step, code):
    if code <= 4:
        return new_coding(step, code)
    return 6.0 + (code - 5) / 2


def kurtzke_coding(step, code):
    return step if code == 1 else new_coding(step, code)


def plain(convert=neurostatus_grades, **readings):
    return [step_of_walking_patient(convert(*grades), **readings) for grades in itertools.product(*RAW)]


def product(n_codes, **options):
    axes = np.ogrid[(*(slice(len(grades)) for grades in RAW), slice(n_codes))]
    return edss_step(*axes, **options).reshape(-1, n_codes)


@pytest.fixture(scope="module")
def neurostatus():
    return plain()


@pytest.mark.slow
def test_the_whole_grid_agrees_with_the_plain_scorer(neurostatus):
    expected = np.fromiter(
        (new_coding(step, code) for step in neurostatus for code in range(17)), float, 8_816_472
    )
    assert np.array_equal(product(17, ambulation_coding="0-16").ravel(), expected)


@pytest.mark.slow
def test_the_whole_grid_of_the_older_coding_agrees_with_the_plain_scorer(neurostatus):
    expected = np.fromiter(
        (old_coding(step, code) for step in neurostatus for code in range(14)), float, 14 * 518_616
    )
    assert np.array_equal(product(14, ambulation_coding="0-12").ravel(), expected)


@pytest.mark.slow
def test_every_pattern_of_kurtzke_1983_agrees_with_the_plain_scorer():
    expected = plain(kurtzke_grades)
    scored = product(17, ambulation_coding="0-16", scheme="kurtzke1983")
    assert np.array_equal(scored[:, 0], expected)
    for code in range(1, 17):
        assert np.array_equal(scored[:, code], [kurtzke_coding(step, code) for step in expected])


@pytest.mark.slow
@pytest.mark.parametrize("some_twos", [4.5, 4.0])
@pytest.mark.parametrize("three_threes", [5.0, 4.5])
def test_every_pattern_agrees_with_the_plain_scorer_in_each_reading(some_twos, three_threes):
    rules = EdssRules(one_four_some_twos=some_twos, one_four_three_threes=three_threes)
    expected = plain(one_four_some_twos=some_twos, one_four_three_threes=three_threes)
    scored = product(1, ambulation_coding="0-16", rules=rules)
    assert np.array_equal(scored[:, 0], expected)


def test_the_plain_scorer_knows_every_kind_of_row():
    assert set(plain()) == {0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0}
