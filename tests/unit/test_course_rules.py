"""Every named rule of change at every step of its scale: what counts, and what just does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ranvier import course
from ranvier.course import CHANGE_RULES, EDSS_RULES, ChangeRule, Definition, Outcome, Threshold, events
from ranvier.course.thresholds import smallest_changes
from ranvier.errors import DefinitionError
from ranvier.tables import EDSS_STEPS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "definitions" / "edss_change.md"

# EDSS, then the smallest change that counts: A, B, C for worsening, C for improvement, D.
EDSS_TABLE = [
    (0.0, 1.5, 1.0, 1.5, 1.5, 2.0),
    (1.0, 1.0, 1.0, 1.0, 1.5, 1.0),
    (1.5, 1.0, 1.0, 1.0, 1.5, 1.0),
    (2.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    (2.5, 1.0, 1.0, 1.0, 1.0, 1.0),
    (3.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    (3.5, 1.0, 1.0, 1.0, 1.0, 1.0),
    (4.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    (4.5, 1.0, 1.0, 1.0, 1.0, 1.0),
    (5.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    (5.5, 0.5, 1.0, 1.0, 1.0, 0.5),
    (6.0, 0.5, 0.5, 0.5, 1.0, 0.5),
    (6.5, 0.5, 0.5, 0.5, 0.5, 0.5),
    (7.0, 0.5, 0.5, 0.5, 0.5, 0.5),
    (7.5, 0.5, 0.5, 0.5, 0.5, 0.5),
    (8.0, 0.5, 0.5, 0.5, 0.5, 0.5),
    (8.5, 0.5, 0.5, 0.5, 0.5, 0.5),
    (9.0, 0.5, 0.5, 0.5, 0.5, 0.5),
    (9.5, 0.5, 0.5, 0.5, 0.5, 0.5),
    (10.0, 0.5, 0.5, 0.5, 0.5, 0.5),
]
COLUMNS: list[tuple[str, ChangeRule, str]] = [
    ("A", EDSS_RULES["A"][0], "edss-1.5-1.0-0.5"),
    ("B", EDSS_RULES["B"][0], "edss-1.0-or-0.5"),
    ("C, worsening", EDSS_RULES["C"][0], "edss-c-worsening"),
    ("C, improvement", EDSS_RULES["C"][1], "edss-c-improvement"),
    ("D", EDSS_RULES["D"][0], "edss-2-1-0.5"),
]

# Rule, reference, smallest later value that counts as better, largest that counts as worse (on the scale's
# own grid), for scales where higher is better.
SDMT_TABLE = [
    ("sdmt-4-or-20pct", 1, 2, 0),
    ("sdmt-4-or-20pct", 5, 6, 4),
    ("sdmt-4-or-20pct", 6, 8, 4),
    ("sdmt-4-or-20pct", 10, 12, 8),
    ("sdmt-4-or-20pct", 11, 14, 8),
    ("sdmt-4-or-20pct", 15, 18, 12),
    ("sdmt-4-or-20pct", 16, 20, 12),
    ("sdmt-4-or-20pct", 20, 24, 16),
    ("sdmt-4-or-20pct", 21, 25, 17),
    ("sdmt-4-or-20pct", 60, 64, 56),
    ("sdmt-4-or-20pct", 110, 114, 106),
    ("sdmt-3-or-10pct", 1, 2, 0),
    ("sdmt-3-or-10pct", 10, 11, 9),
    ("sdmt-3-or-10pct", 11, 13, 9),
    ("sdmt-3-or-10pct", 20, 22, 18),
    ("sdmt-3-or-10pct", 21, 24, 18),
    ("sdmt-3-or-10pct", 30, 33, 27),
    ("sdmt-3-or-10pct", 31, 34, 28),
    ("sdmt-3-or-10pct", 60, 63, 57),
    ("sdmt-3-or-10pct", 110, 113, 107),
]

# Rule, reference, largest later value that is better, smallest that is worse, one step of reading.
LOWER_IS_BETTER = [
    ("t25fw-20pct", 4.0, 3.2, 4.8, 0.1),
    ("t25fw-20pct", 5.0, 4.0, 6.0, 0.1),
    ("t25fw-20pct", 12.5, 10.0, 15.0, 0.1),
    ("t25fw-20pct", 100.0, 80.0, 120.0, 0.1),
    ("nhpt-20pct", 18.0, 14.4, 21.6, 0.1),
    ("nhpt-20pct", 20.0, 16.0, 24.0, 0.1),
    ("nhpt-20pct", 250.0, 200.0, 300.0, 0.1),
    ("logmar-0.2", -0.1, -0.3, 0.1, 0.02),
    ("logmar-0.2", 0.0, -0.2, 0.2, 0.02),
    ("logmar-0.2", 0.7, 0.5, 0.9, 0.02),
    ("logmar-0.2", 2.7, 2.5, 2.9, 0.02),
    *(("fs-1", float(grade), grade - 1.0, grade + 1.0, 1.0) for grade in range(1, 6)),
]


def status(rule: ChangeRule, reference: float, later: float) -> str | None:
    frame = pl.DataFrame({"reference": [float(reference)], "later": [float(later)]})
    said: str | None = frame.select(
        rule.status(pl.col("reference"), pl.col("later") - pl.col("reference"))
    ).item()
    return said


def step_from(reference: float, change: float, direction: int) -> float:
    """Give the step of the EDSS nearest beyond a change; 0.5 is no EDSS."""
    wanted = reference + direction * change
    beyond = [step for step in EDSS_STEPS if direction * (step - wanted) >= 0]
    return min(beyond, key=lambda step: abs(step - wanted)) if beyond else float("nan")


def test_the_table_holds_every_step_of_the_edss() -> None:
    assert [row[0] for row in EDSS_TABLE] == list(EDSS_STEPS)


@pytest.mark.parametrize("place", range(len(COLUMNS)), ids=[name for name, _, _ in COLUMNS])
def test_each_edss_rule_at_every_step(place: int) -> None:
    _, rule, name = COLUMNS[place]
    assert CHANGE_RULES[name] is rule
    expected = [row[place + 1] for row in EDSS_TABLE]
    assert [rule.smallest_change(row[0]) for row in EDSS_TABLE] == expected
    assert smallest_changes(rule, np.array([row[0] for row in EDSS_TABLE])).tolist() == expected


@pytest.mark.parametrize("place", range(len(COLUMNS)), ids=[name for name, _, _ in COLUMNS])
def test_each_edss_rule_counts_from_its_threshold_and_not_half_a_point_earlier(place: int) -> None:
    _, rule, _ = COLUMNS[place]
    for row in EDSS_TABLE:
        reference, needed = row[0], row[place + 1]
        for direction, word in ((1, "worse"), (-1, "improved")):
            reached = step_from(reference, needed, direction)
            if not np.isnan(reached):
                assert status(rule, reference, reached) == word, (reference, reached)
            short = reference + direction * (needed - 0.5)
            if short in EDSS_STEPS:
                assert status(rule, reference, short) == "stable", (reference, short)


@pytest.mark.parametrize(
    ("letter", "same"), [("A", True), ("B", True), ("C", False), ("D", True)]
)  # C has a rule of its own for improvement
def test_a_letter_gives_the_rules_of_worsening_and_improvement(letter: str, same: bool) -> None:
    worse, better = EDSS_RULES[letter]
    assert (worse is better) == same


def test_the_rules_differ_exactly_where_the_page_says() -> None:
    worse = {name: [row[place + 1] for row in EDSS_TABLE] for place, (name, _, _) in enumerate(COLUMNS)}
    steps = [row[0] for row in EDSS_TABLE]

    def differ(one: str, two: str) -> list[float]:
        return [step for step, a, b in zip(steps, worse[one], worse[two], strict=True) if a != b]

    assert differ("A", "B") == [0.0, 5.5]
    assert differ("A", "C, worsening") == [5.5]
    assert differ("A", "D") == [0.0]
    assert differ("C, worsening", "C, improvement") == [1.0, 1.5, 6.0]


@pytest.mark.parametrize(("name", "reference", "better", "worse"), SDMT_TABLE)
def test_sdmt_rules_point_by_point(name: str, reference: int, better: int, worse: int) -> None:
    rule = course.change_rule(name)
    assert [status(rule, reference, value) for value in (better - 1, better)] == ["stable", "improved"]
    assert [status(rule, reference, value) for value in (worse + 1, worse)] == ["stable", "worse"]


@pytest.mark.parametrize("name", ["sdmt-4-or-20pct", "sdmt-3-or-10pct"])
def test_sdmt_rules_are_the_lesser_of_points_and_share_at_every_score(name: str) -> None:
    points, share = {"sdmt-4-or-20pct": (4, 0.2), "sdmt-3-or-10pct": (3, 0.1)}[name]
    scores = np.arange(1.0, 121.0)
    given = smallest_changes(CHANGE_RULES[name], scores)
    assert given == pytest.approx(np.minimum(points, share * scores), rel=1e-12)
    assert CHANGE_RULES[name].smallest_change(0) is None


def test_sdmt_rules_say_that_one_package_documents_one_and_computes_the_other() -> None:
    assert "documents this rule and computes that of sdmt-4-or-20pct" in CHANGE_RULES["sdmt-3-or-10pct"].note
    assert "pymsprog" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "reference", "better", "worse", "step"), LOWER_IS_BETTER)
def test_timed_tests_acuity_and_functional_systems(
    name: str, reference: float, better: float, worse: float, step: float
) -> None:
    rule = course.change_rule(name)
    assert [status(rule, reference, value) for value in (better + step / 2, better)] == ["stable", "improved"]
    assert [status(rule, reference, value) for value in (worse - step / 2, worse)] == ["stable", "worse"]


def test_the_page_holds_the_table_of_every_step() -> None:
    rows = [f"| {row[0]:g} | " + " | ".join(f"{value:g}" for value in row[1:]) + " |" for row in EDSS_TABLE]
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    head = lines.index("| EDSS | A | B | C, worsening | C, improvement | D |")
    assert lines[head + 2 : head + 2 + len(rows)] == rows


@pytest.mark.parametrize("letter", list(EDSS_RULES))
def test_a_function_gives_the_rule_of_its_table(letter):
    for rule in EDSS_RULES[letter]:
        made = ChangeRule.from_function(
            rule.smallest_change, name=rule.name, outcomes=("edss",), values=EDSS_STEPS, source=rule.source
        )
        assert made.thresholds == rule.thresholds


def test_a_function_of_a_timed_test_is_a_table_on_the_grid_of_its_times():
    tenths = [second / 10 for second in range(20, 600)]
    made = ChangeRule.from_function(
        lambda seconds: max(1.0, 0.2 * seconds), name="walk", outcomes=("t25fw_s",), values=tenths, source="x"
    )
    assert made.thresholds[0] == Threshold(low=2.0, high=5.0, change=1.0)
    assert made.smallest_change(10.0) == 2.0
    definition = Definition(name="walk", source="x", outcomes=(Outcome(column="t25fw_s", worsening=made),))
    assert Definition.from_dict(definition.to_dict()) == definition
    visits = pl.DataFrame({"subject": ["P1"] * 3, "day": [0, 90, 180], "t25fw_s": [10.0, 12.0, 12.1]})
    assert events(visits, definition=definition).table["day"].to_list() == [90]


@pytest.mark.parametrize("answer", [0.0, -1.0, float("nan"), float("inf")])
def test_a_function_that_gives_no_change_is_refused_by_value(answer):
    with pytest.raises(
        DefinitionError, match=r"'mine': the function gives .* at 4; it must be a number above 0"
    ):
        ChangeRule.from_function(
            lambda edss: answer if edss == 4 else 1.0,
            name="mine", outcomes=("edss",), values=EDSS_STEPS, source="x",
        )  # fmt: skip
