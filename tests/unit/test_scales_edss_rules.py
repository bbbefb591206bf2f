"""Every row of the EDSS tables, the mistakes of public calculators, and what is refused."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ranvier.errors import DefinitionError, InputError
from ranvier.scales import AMBULATION, STEP_RULES, EdssRules, edss_step

NO_WALKING_LIMIT = 0


def by_grades(*grades, **options):
    """Score up to seven converted grades of a patient who walks without restriction."""
    filled = [*grades, *([0] * (7 - len(grades)))]
    # visual cannot hold a converted 5, so it goes to the smallest grade
    visual, *others = sorted(filled)
    step = edss_step(visual, *others, NO_WALKING_LIMIT, ambulation_coding="0-16", converted=True, **options)
    return float(step)


def walking(code, coding="0-16", **options):
    return float(edss_step(0, 0, 0, 0, 0, 0, 0, code, ambulation_coding=coding, **options))


ROWS = [
    # rule, example grades (converted), step
    ("any-5", [5], 5.0),
    ("any-5", [5, 4, 3, 2, 1], 5.0),
    ("two-4", [4, 4], 5.0),
    ("two-4", [4, 4, 4, 3, 3, 3, 3], 5.0),
    ("one-4-three-3", [4, 3, 3, 3], 5.0),
    ("one-4-three-3", [4, 3, 3, 3, 3, 3, 3], 5.0),
    ("one-4-some-3", [4, 3], 4.5),
    ("one-4-some-3", [4, 3, 3, 2, 2, 2, 2], 4.5),
    ("one-4-some-2", [4, 2], 4.5),
    ("one-4-some-2", [4, 2, 2, 2, 2, 2, 2], 4.5),
    ("one-4", [4], 4.0),
    ("one-4", [4, 1, 1, 1, 1, 1, 1], 4.0),
    ("six-3", [3] * 6, 5.0),
    ("six-3", [3] * 6 + [2], 5.0),
    ("five-3", [3] * 5, 4.5),
    ("five-3", [3] * 5 + [2, 2], 4.5),
    ("three-3", [3] * 3, 4.0),
    ("three-3", [3] * 4 + [2] * 3, 4.0),
    ("two-3-some-2", [3, 3, 2], 4.0),
    ("two-3-some-2", [3, 3, 2, 2, 2, 2, 2], 4.0),
    ("two-3", [3, 3], 3.5),
    ("two-3", [3, 3, 1, 1, 1, 1, 1], 3.5),
    ("one-3-three-2", [3, 2, 2, 2], 4.0),
    ("one-3-three-2", [3, 2, 2, 2, 2, 2, 2], 4.0),
    ("one-3-some-2", [3, 2], 3.5),
    ("one-3-some-2", [3, 2, 2, 1, 1, 1, 1], 3.5),
    ("one-3", [3], 3.0),
    ("one-3", [3, 1, 1, 1, 1, 1, 1], 3.0),
    ("six-2", [2] * 6, 4.0),
    ("six-2", [2] * 7, 4.0),
    ("five-2", [2] * 5 + [1, 1], 3.5),
    ("three-2", [2] * 3, 3.0),
    ("three-2", [2] * 4 + [1] * 3, 3.0),
    ("two-2", [2, 2, 1], 2.5),
    ("one-2", [2, 1, 1], 2.0),
    ("two-1", [1, 1], 1.5),
    ("two-1", [1] * 7, 1.5),
    ("one-1", [1], 1.0),
    ("all-0", [], 0.0),
]


@pytest.mark.parametrize(("rule", "grades", "step"), ROWS)
def test_each_row_of_the_step_table_gives_its_step(rule, grades, step):
    assert by_grades(*grades) == step
    assert next(r.step for r in STEP_RULES if r.code == rule) == step


def test_every_row_of_the_step_table_has_an_example_that_it_alone_matches():
    assert {rule for rule, _, _ in ROWS} == {rule.code for rule in STEP_RULES}
    for expected, grades, _ in ROWS:
        counts = [sum(g >= 5 for g in grades), *(grades.count(g) for g in (4, 3, 2, 1))]
        matching = [r.code for r in STEP_RULES if _fits(r, counts)]
        assert matching == [expected]


def test_exactly_one_row_matches_every_possible_count_of_grades():
    possible = [counts for counts in itertools.product(range(8), repeat=5) if sum(counts) <= 7]
    assert len(possible) == 792
    assert {sum(_fits(rule, counts) for rule in STEP_RULES) for counts in possible} == {1}


def _fits(rule, counts):
    return all(least <= n <= most for n, (least, most) in zip(counts, rule.counts, strict=True))


def test_only_three_rows_are_derived_and_two_of_them_are_options():
    assert [rule.code for rule in STEP_RULES if not rule.official] == [
        "one-4-three-3",
        "one-4-some-2",
        "one-3-three-2",
    ]
    assert {rule.option for rule in STEP_RULES} == {None, "one_four_three_threes", "one_four_some_twos"}


@pytest.mark.parametrize(("raw", "counted"), list(enumerate([0.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0])))
def test_visual_grade_is_converted_before_the_step_is_found(raw, counted):
    assert float(edss_step(raw, 0, 0, 0, 0, 0, 0, 0, ambulation_coding="0-16")) == counted


@pytest.mark.parametrize(("raw", "counted"), list(enumerate([0.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0])))
def test_bowel_and_bladder_grade_is_converted_before_the_step_is_found(raw, counted):
    assert float(edss_step(0, 0, 0, 0, 0, raw, 0, 0, ambulation_coding="0-16")) == counted


@pytest.mark.parametrize(
    ("code", "step"),
    list(enumerate([0, 2, 4.5, 5, 5.5, 6, 6, 6, 6.5, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10])),
)
def test_each_code_of_the_0_to_16_coding_sets_its_step(code, step):
    assert walking(code) == step


@pytest.mark.parametrize(
    ("code", "step"), list(enumerate([0, 2, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10]))
)
def test_each_code_of_the_0_to_12_coding_sets_its_step(code, step):
    assert walking(code, "0-12") == step


@pytest.mark.parametrize("coding", AMBULATION)
def test_the_place_of_a_walking_rule_is_its_code(coding):
    assert [rule.code for rule in AMBULATION[coding]] == list(range(len(AMBULATION[coding])))


# Mistakes seen in public calculators


@pytest.mark.parametrize("code", [1, 2])
def test_code_1_or_2_does_not_lower_an_edss_that_the_grades_set(code):
    assert float(edss_step(0, 0, 4, 4, 0, 0, 0, code, ambulation_coding="0-16")) == 5.0


def test_bladder_grade_3_counts_as_3_and_not_as_2():
    assert float(edss_step(0, 0, 0, 0, 0, 3, 0, 0, ambulation_coding="0-16")) == 3.0


def test_visual_grade_5_alone_is_3_and_not_5():
    assert float(edss_step(5, 0, 0, 0, 0, 0, 0, 0, ambulation_coding="0-16")) == 3.0


def test_old_ambulation_codes_differ_from_new_ones_by_up_to_one_and_a_half_points():
    differences = [abs(walking(code, "0-12") - walking(code)) for code in range(14)]
    assert differences == [0, 0, 0, 0, 0, 0, 0.5, 1.0, 1.0, 1.5, 1.5, 1.5, 1.5, 1.5]


@pytest.mark.parametrize("system", ["pyramidal", "sensory"])
def test_grade_6_of_a_walking_patient_is_5_and_not_6(system):
    grades = dict.fromkeys(
        ["visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral"], 0
    )
    grades[system] = 6
    assert float(edss_step(**grades, ambulation=0, ambulation_coding="0-16")) == 5.0


def test_six_grade_2_are_4_and_not_3_and_a_half():
    assert by_grades(2, 2, 2, 2, 2, 2) == 4.0


def test_five_grade_2_are_3_and_a_half_and_not_5():
    assert by_grades(2, 2, 2, 2, 2) == 3.5


def test_no_pattern_falls_through_to_0():
    patterns = np.array(list(itertools.product(range(5), repeat=7)))
    steps = edss_step(*patterns.T, 0, ambulation_coding="0-16", converted=True)
    assert np.flatnonzero(steps == 0).tolist() == [0]


# Disputed rules and schemes


def test_disputed_rules_change_only_their_own_rows():
    other = EdssRules(one_four_some_twos=4.0, one_four_three_threes=4.5)
    changed = {rule for rule, grades, step in ROWS if by_grades(*grades, rules=other) != step}
    assert changed == {"one-4-three-3", "one-4-some-2"}
    assert by_grades(4, 3, 3, 3, rules=other) == 4.5
    assert by_grades(4, 2, rules=other) == 4.0


def test_ignored_cerebral_grade_1_leaves_the_step_at_0():
    assert float(edss_step(0, 0, 0, 0, 0, 0, 1, 0, ambulation_coding="0-16")) == 1.0
    ignored = EdssRules(cerebral_one_counts=False)
    assert float(edss_step(0, 0, 0, 0, 0, 0, 1, 0, ambulation_coding="0-16", rules=ignored)) == 0.0


@pytest.mark.parametrize(
    ("grades", "neurostatus", "kurtzke"),
    [
        ([5, 0, 0, 0, 0, 0, 0, 0], 3.0, 5.0),  # no conversion of the visual grade
        ([0, 0, 0, 0, 0, 5, 0, 0], 4.0, 5.0),  # nor of bowel and bladder
        ([0, 0, 0, 0, 0, 0, 1, 0], 1.0, 0.0),  # cerebral grade 1 is not counted
        ([0, 0, 1, 0, 0, 0, 1, 0], 1.5, 1.0),
        ([0, 0, 1, 0, 0, 0, 0, 1], 2.0, 1.0),  # no least value for restricted walking
        ([0, 0, 1, 0, 0, 0, 0, 2], 4.5, 4.5),
        ([0, 0, 4, 0, 0, 0, 0, 0], 4.0, 4.0),
    ],
)
def test_kurtzke_1983_differs_where_its_text_does(grades, neurostatus, kurtzke):
    assert float(edss_step(*grades, ambulation_coding="0-16")) == neurostatus
    assert float(edss_step(*grades, ambulation_coding="0-16", scheme="kurtzke1983")) == kurtzke


def test_kurtzke_1983_takes_a_stated_reading_over_its_own():
    counted = edss_step(
        0, 0, 0, 0, 0, 0, 1, 0, ambulation_coding="0-16", scheme="kurtzke1983", rules=EdssRules()
    )
    assert float(counted) == 1.0


@pytest.mark.parametrize(
    "wrong",
    [{"cerebral_one_counts": 1}, {"one_four_some_twos": 5.0}, {"one_four_three_threes": 4.0}],
)
def test_a_reading_that_no_source_has_is_refused(wrong):
    with pytest.raises(DefinitionError, match="allowed are"):
        EdssRules(**wrong)


def test_readings_are_equal_hashable_and_json_ready():
    assert EdssRules() == EdssRules(one_four_some_twos=4.5)
    assert hash(EdssRules()) == hash(EdssRules(one_four_some_twos=4.5))
    assert EdssRules().to_dict() == {
        "cerebral_one_counts": True,
        "one_four_some_twos": 4.5,
        "one_four_three_threes": 5.0,
    }


# Arrays


def test_scalars_and_arrays_are_broadcast_and_inputs_stay_as_they_were():
    pyramidal = np.array([[1], [4]], dtype=np.int8)
    before = pyramidal.copy()
    steps = edss_step(0, 0, pyramidal, 0, 0, 0, 0, [0, 2, 9], ambulation_coding="0-16")
    assert steps.tolist() == [[1.0, 4.5, 6.5], [4.0, 4.5, 6.5]]
    assert steps.dtype == np.float64
    assert np.array_equal(pyramidal, before)


def test_no_rows_give_no_steps():
    assert edss_step(*[[]] * 8, ambulation_coding="0-16").shape == (0,)


@pytest.mark.parametrize(
    "column",
    [
        [1, None],
        [1.0, float("nan")],
        pl.Series([1, None]),
        pl.Series([1.0, None]),
        pd.Series([1, None], dtype="Int64"),
        np.ma.array([1, 99], mask=[False, True]),
    ],
    ids=["list", "nan", "polars", "polars-float", "pandas", "masked"],
)
def test_every_form_of_missing_gives_nan(column):
    steps = edss_step(0, 0, column, 0, 0, 0, 0, 0, ambulation_coding="0-16")
    assert steps[0] == 1.0
    assert np.isnan(steps[1])


@pytest.mark.parametrize(("code", "step"), [(3, 5.0), (4, 5.5), (9, 6.5), (16, 10.0)])
def test_a_code_that_decides_alone_needs_no_grades(code, step):
    assert float(edss_step(*[None] * 7, code, ambulation_coding="0-16")) == step


@pytest.mark.parametrize("code", [0, 1, 2, None])
def test_a_missing_grade_leaves_the_edss_unknown_where_grades_decide(code):
    assert np.isnan(edss_step(None, 0, 0, 0, 0, 0, 0, code, ambulation_coding="0-16"))


GOOD = {
    "visual": 0,
    "brainstem": 0,
    "pyramidal": 0,
    "cerebellar": 0,
    "sensory": 0,
    "bowel_bladder": 0,
    "cerebral": 0,
    "ambulation": 0,
    "ambulation_coding": "0-16",
}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"pyramidal": [1, 2.5]}, "pyramidal at position 1 is 2.5; allowed are whole numbers from 0 to 6"),
        ({"brainstem": 6}, "brainstem is 6; allowed are whole numbers from 0 to 5"),
        ({"sensory": [[0, -1]]}, r"sensory at position \(0, 1\) is -1"),
        ({"ambulation": 17}, "ambulation is 17; allowed are whole numbers from 0 to 16"),
        ({"ambulation": 14, "ambulation_coding": "0-12"}, "ambulation is 14; .* from 0 to 13"),
        ({"visual": 5, "converted": True}, "visual is 5; allowed are whole numbers from 0 to 4"),
        ({"bowel_bladder": 6, "converted": True}, "bowel_bladder is 6; allowed .* from 0 to 5"),
        ({"cerebral": "1"}, "cerebral holds values such as '1'"),
        ({"cerebral": [True]}, "cerebral holds values such as True"),
        ({"cerebral": [None, True]}, "cerebral holds True"),
        ({"cerebral": [[1], [1, 2]]}, "cerebral is not a regular array"),
        ({"visual": [1, 2], "sensory": [1, 2, 3]}, "do not fit together"),
        ({"ambulation": np.inf}, "ambulation is inf"),
        ({"ambulation_coding": "0-15"}, "unknown ambulation_coding '0-15'; use one of"),
        ({"scheme": "neurostat"}, "Did you mean 'neurostatus'"),
        ({"scheme": "kurtzke1983", "converted": True}, "converts no grades"),
        ({"rules": "strict"}, "rules is 'strict'; give an EdssRules"),
    ],
)
def test_a_wrong_score_sheet_is_refused_with_the_place_and_what_is_allowed(wrong, words):
    with pytest.raises(InputError, match=words):
        edss_step(**(GOOD | wrong))


def test_the_coding_of_ambulation_has_no_default():
    with pytest.raises(TypeError, match="ambulation_coding"):
        edss_step(0, 0, 0, 0, 0, 0, 0, 0)


# The page of the definition


def _page_rows():
    page = Path(__file__).parents[2] / "docs" / "definitions" / "edss.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def _page_range(least, most):
    if (least, most) == (0, 7):
        return "any"
    if most == 7:
        return f"{least} or more"
    return str(least) if least == most else f"{least}–{most}"


def test_the_page_of_the_definition_has_the_step_table_of_the_code():
    written = [row[:7] for row in _page_rows() if row[0].strip("`") in {rule.code for rule in STEP_RULES}]
    assert written == [
        [f"`{rule.code}`", *(_page_range(*limits) for limits in rule.counts), f"{rule.step:.1f}"]
        for rule in STEP_RULES
    ]


def test_the_page_of_the_definition_has_the_walking_tables_of_the_code():
    written = [row for row in _page_rows() if row[0].isdigit()]
    assert written == [
        [str(rule.code), rule.words, f"{'' if rule.alone else 'at least '}{rule.step:.1f}"]
        for coding in ("0-16", "0-12")
        for rule in AMBULATION[coding]
    ]
