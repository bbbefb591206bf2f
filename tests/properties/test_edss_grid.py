"""What must hold for every score sheet: monotone, symmetric, never unknown without cause."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranvier.scales import EdssRules, edss_step

SIZES = {
    "visual": 7,
    "brainstem": 6,
    "pyramidal": 7,
    "cerebellar": 6,
    "sensory": 7,
    "bowel_bladder": 7,
    "cerebral": 6,
}
RAW = tuple(SIZES.values())
CODES = {"0-16": 17, "0-12": 14}
VISUAL, BOWEL_BLADDER = (0, 1, 2, 2, 3, 3, 4), (0, 1, 2, 3, 3, 4, 5)


def half_steps(coding="0-16", codes=None, sizes=RAW, **options):
    """Twice the EDSS on the whole grid, one axis for each item of the score sheet."""
    codes = np.arange(CODES[coding]) if codes is None else codes
    axes = np.ogrid[tuple(slice(size) for size in (*sizes, len(codes)))]
    steps = edss_step(*axes[:-1], codes[axes[-1]], ambulation_coding=coding, **options)
    return (steps * 2).astype(np.int8)


def falls(grid):
    """How often the EDSS falls when one item alone gets worse by one, for each item."""
    return [int((np.diff(grid, axis=axis) < 0).sum()) for axis in range(grid.ndim)]


@pytest.fixture(scope="module")
def grid():
    return half_steps()


def test_the_whole_grid_has_8816472_score_sheets_and_none_is_unknown(grid):
    assert grid.size == 8_816_472
    assert set(np.unique(grid)) == {0, *range(2, 21)}


def test_edss_never_falls_when_a_grade_or_the_ambulation_code_gets_worse(grid):
    assert falls(grid) == [0] * 8


def test_edss_never_falls_in_the_older_coding():
    assert falls(half_steps("0-12")) == [0] * 8


def test_edss_never_falls_in_kurtzke_1983():
    assert falls(half_steps(scheme="kurtzke1983")) == [0] * 8


def test_the_other_reading_of_one_4_with_grade_2_stays_monotone():
    assert falls(half_steps(codes=np.array([0]), rules=EdssRules(one_four_some_twos=4.0))) == [0] * 8


def test_the_other_reading_of_one_4_with_three_3_is_not_monotone():
    # Six or seven systems at grade 3 are 5.0; worsening one of them to grade 4 would give 4.5.
    found = falls(half_steps(codes=np.array([0]), rules=EdssRules(one_four_three_threes=4.5)))
    assert min(found[:-1]) > 0


def test_the_five_unconverted_systems_can_be_exchanged(grid):
    common = grid[:, :6, :6, :6, :6, :, :6]
    for first, second in itertools.pairwise((1, 2, 3, 4, 6)):
        assert np.array_equal(common, common.swapaxes(first, second))


def test_all_seven_systems_can_be_exchanged_when_converted():
    converted = half_steps(sizes=(5,) * 7, converted=True)
    for first, second in itertools.pairwise(range(7)):
        assert np.array_equal(converted, converted.swapaxes(first, second))


def test_converting_beforehand_changes_nothing(grid):
    visual, bowel_bladder = np.array(VISUAL), np.array(BOWEL_BLADDER)
    axes = np.ogrid[tuple(slice(size) for size in (*RAW, 17))]
    again = edss_step(
        visual[axes[0]],
        *axes[1:5],
        bowel_bladder[axes[5]],
        *axes[6:],
        ambulation_coding="0-16",
        converted=True,
    )
    assert np.array_equal(again * 2, grid)


def test_edss_is_at_least_the_highest_converted_grade_up_to_5(grid):
    conversions = [VISUAL, range(6), range(7), range(6), range(7), BOWEL_BLADDER, range(6)]
    axes = np.ix_(*(np.array(grades, dtype=np.int8) for grades in conversions))
    highest = axes[0]
    for axis in axes[1:]:
        highest = np.maximum(highest, axis)
    assert (grid >= 2 * np.minimum(highest, 5)[..., np.newaxis]).all()


def test_a_grade_of_6_exceeds_the_edss_of_a_walking_patient_in_137592_patterns(grid):
    free = grid[..., 0]
    six = np.zeros(free.shape, dtype=bool)
    six[:, :, 6] = True
    six[:, :, :, :, 6] = True
    assert int((six & (free == 10)).sum()) == int(six.sum()) == 137_592


def test_walking_alone_decides_from_code_3_on(grid):
    by_code = grid.reshape(-1, 17)
    assert (by_code[:, 3:] == by_code[0, 3:]).all()
    assert by_code[:, 0].max() == 10


grades = [st.none() | st.integers(0, size - 1) for size in RAW]
sheets = st.lists(st.tuples(*grades, st.none() | st.integers(0, 16)), min_size=1, max_size=30)


@given(sheets)
def test_edss_is_unknown_exactly_where_a_needed_item_is_missing(rows):
    steps = edss_step(*zip(*rows, strict=True), ambulation_coding="0-16")
    needed = [code is None or (code < 3 and None in systems) for *systems, code in rows]
    assert np.isnan(steps).tolist() == needed


@given(sheets)
def test_each_row_is_scored_on_its_own(rows):
    together = edss_step(*zip(*rows, strict=True), ambulation_coding="0-16")
    alone = [float(edss_step(*row, ambulation_coding="0-16")) for row in rows]
    assert np.array_equal(together, alone, equal_nan=True)


@given(sheets)
def test_numbers_are_read_the_same_in_every_type(rows):
    lists = list(zip(*rows, strict=True))
    floats = [np.array(column, dtype=np.float64) for column in lists]
    assert np.array_equal(
        edss_step(*lists, ambulation_coding="0-16"),
        edss_step(*floats, ambulation_coding="0-16"),
        equal_nan=True,
    )
