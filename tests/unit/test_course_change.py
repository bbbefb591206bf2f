"""Change since baseline, and the rules that judge it."""

import json
from pathlib import Path

import polars as pl
import pytest

from ranvier import course
from ranvier.course import CHANGE_RULES, ChangeRule, Threshold
from ranvier.errors import DefinitionError, InputError
from ranvier.result import json_ready

PAGE = Path(__file__).resolve().parents[2] / "docs" / "definitions" / "edss_change.md"

SCHEDULE = pl.DataFrame(
    {
        "visit": ["baseline", "month 6", "month 12"],
        "planned_day": [0, 183, 365],
        "low_day": [-30, 153, 335],
        "high_day": [0, 213, 395],
        "baseline": [True, False, False],
    }
)


def visits(**patients: list[float | None]) -> pl.DataFrame:
    """Make visits at day 0, 183 and 365 from values per patient."""
    rows = [
        {"subject": name, "day": day, "visit": label, "edss": value}
        for name, values in patients.items()
        for day, label, value in zip((0, 183, 365), ("baseline", "month 6", "month 12"), values, strict=False)
    ]
    return pl.DataFrame(
        rows, schema={"subject": pl.String, "day": pl.Int64, "visit": pl.String, "edss": pl.Float64}
    )


# Preset, baseline, change, status: one line per cell of the table of thresholds, at and just below it.
TABLE = [
    ("edss-0.5", 0.0, 0.5, "worse"),
    ("edss-0.5", 4.0, -0.5, "improved"),
    ("edss-0.5", 4.0, 0.0, "stable"),
    ("edss-0.5", 9.5, 0.5, "worse"),
    ("edss-1.0-or-0.5", 0.0, 0.5, "stable"),
    ("edss-1.0-or-0.5", 0.0, 1.0, "worse"),
    ("edss-1.0-or-0.5", 5.5, -0.5, "stable"),
    ("edss-1.0-or-0.5", 5.5, 0.5, "stable"),
    ("edss-1.0-or-0.5", 5.5, -1.0, "improved"),
    ("edss-1.0-or-0.5", 6.0, -0.5, "improved"),
    ("edss-1.0-or-0.5", 6.0, 0.5, "worse"),
    ("edss-1.5-1.0-0.5", 0.0, 1.0, "stable"),
    ("edss-1.5-1.0-0.5", 0.0, 1.5, "worse"),
    ("edss-1.5-1.0-0.5", 1.0, 0.5, "stable"),
    ("edss-1.5-1.0-0.5", 1.0, 1.0, "worse"),
    ("edss-1.5-1.0-0.5", 5.0, -0.5, "stable"),
    ("edss-1.5-1.0-0.5", 5.0, -1.0, "improved"),
    ("edss-1.5-1.0-0.5", 5.5, -0.5, "improved"),
    ("edss-1.5-1.0-0.5", 10.0, -0.5, "improved"),
    ("logmar-0.2", 0.7, -0.1, "stable"),
    ("logmar-0.2", 0.7, -0.2, "improved"),
    ("logmar-0.2", -0.3, 0.2, "worse"),
    ("t25fw-20pct", 10.0, -1.9, "stable"),
    ("t25fw-20pct", 10.0, -2.0, "improved"),
    ("t25fw-20pct", 10.0, 2.0, "worse"),
    ("nhpt-20pct", 20.0, 3.9, "stable"),
    ("nhpt-20pct", 20.0, 4.0, "worse"),
    ("edss-c-worsening", 0.0, 1.0, "stable"),
    ("edss-c-worsening", 5.5, 1.0, "worse"),
    ("edss-c-worsening", 6.0, 0.5, "worse"),
    ("edss-c-improvement", 1.5, -1.0, "stable"),
    ("edss-c-improvement", 6.0, -0.5, "stable"),
    ("edss-c-improvement", 6.5, -0.5, "improved"),
    ("edss-2-1-0.5", 0.0, 1.5, "stable"),
    ("edss-2-1-0.5", 5.0, 1.0, "worse"),
    ("edss-2-1-0.5", 5.5, 0.5, "worse"),
    ("sdmt-4-or-20pct", 20.0, -4.0, "worse"),
    ("sdmt-4-or-20pct", 50.0, -4.0, "worse"),
    ("sdmt-3-or-10pct", 30.0, -3.0, "worse"),
    ("sdmt-3-or-10pct", 50.0, 2.0, "stable"),
    ("fs-1", 2.0, 1.0, "worse"),
]


@pytest.mark.parametrize(("name", "baseline", "moved", "status"), TABLE)
def test_threshold_table_row_by_row(name, baseline, moved, status):
    rule = course.change_rule(name)
    frame = pl.DataFrame({"b": [baseline], "c": [(baseline + moved) - baseline]})
    assert frame.select(rule.status(pl.col("b"), pl.col("c"))).item() == status


def test_page_of_definitions_holds_the_thresholds_of_the_code():
    rows = [
        (
            f"| `{rule.name}` | {', '.join(rule.outcomes)} "
            f"| {f'{band.low:g}' if band.low == band.high else f'{band.low:g} to {band.high:g}'} "
            f"| {f'{100 * band.change:g} % of baseline' if band.relative else f'{band.change:g}'} "
            f"| {'lower' if rule.lower_is_better else 'higher'} |"
        )
        for rule in CHANGE_RULES.values()
        for band in rule.thresholds
    ]
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("| `")] == rows


@pytest.mark.parametrize("rule", CHANGE_RULES.values(), ids=list(CHANGE_RULES))
def test_every_preset_has_a_test_for_each_threshold_and_a_source(rule):
    covered = [
        any(name == rule.name and band.low <= baseline <= band.high for name, baseline, _, _ in TABLE)
        for band in rule.thresholds
    ]
    assert all(covered)
    assert rule.source
    assert json.loads(json.dumps(json_ready(rule)))["name"] == rule.name
    assert hash(rule) == hash(course.change_rule(rule.name))


def test_baseline_between_two_bands_gives_no_answer():
    rule = course.change_rule("edss-1.5-1.0-0.5")
    assert rule.smallest_change(0.5) is None
    judged = course.change(visits(P1=[0.5, 4.0]), SCHEDULE, rule=rule)
    assert judged.table["status"].to_list() == [None]
    assert "the rule says nothing" in judged.explain("P1")


def test_two_lines_of_acuity_count_whatever_the_binary_fractions():
    frame = visits(P1=[0.7, 0.5], P2=[0.9, 0.7], P3=[0.3, 0.1]).rename({"edss": "acuity_right_logmar"})
    judged = course.change(frame, SCHEDULE, outcome="acuity_right_logmar", rule="logmar-0.2")
    assert judged.table["status"].to_list() == ["improved"] * 3


def test_outcome_where_higher_is_better_is_judged_the_other_way():
    rule = ChangeRule(
        name="sdmt-4",
        outcomes=("sdmt",),
        thresholds=(Threshold(low=0, high=120, change=4),),
        source="protocol",
        lower_is_better=False,
    )
    frame = visits(P1=[40, 45], P2=[40, 36], P3=[40, 43]).select("subject", "day", "visit", sdmt="edss")
    judged = course.change(frame, SCHEDULE, outcome="sdmt", rule=rule)
    assert judged.table["status"].to_list() == ["improved", "worse", "stable"]


def test_change_table_has_fixed_columns_and_change_is_value_minus_baseline():
    table = course.change(visits(P1=[6.0, 5.5, 6.5]), SCHEDULE, rule=course.EDSS_1_0_5).table
    expected = ["subject", "visit", "day", "baseline_day", "baseline", "value", "change", "status"]
    assert table.columns == expected
    assert table["change"].to_list() == [-0.5, 0.5]
    assert table["status"].to_list() == ["improved", "worse"]


def test_without_a_rule_nobody_is_called_better_and_the_columns_stay():
    judged = course.change(visits(P1=[6.0, 2.0]), SCHEDULE)
    assert judged.table["status"].to_list() == [None]
    assert judged.table.schema["status"] == pl.String
    assert "nobody is called better or worse" in judged.explain()


def test_patients_without_baseline_or_without_the_visit_are_left_out_and_counted():
    judged = course.change(
        visits(P1=[4.0, 3.0, 3.0], P2=[None, 3.0, 3.0], P3=[4.0]), SCHEDULE, rule="edss-0.5"
    )
    assert judged.table["subject"].unique().to_list() == ["P1"]
    assert [(left.n, left.reason) for left in judged.left_out] == [
        (1, "patients without a baseline value"),
        (1, "patients with a baseline value but without one at month 6"),
        (1, "patients with a baseline value but without one at month 12"),
    ]
    assert "no baseline value to compare with" in judged.explain("P2")
    assert "none at this visit" in judged.explain("P3")


def test_expected_patient_without_any_visit_is_left_out_too():
    judged = course.change(visits(P1=[4.0, 3.0, 3.0]), SCHEDULE, subjects=["P1", "P9"])
    assert judged.left_out[0].n == 1


def test_empty_visits_give_an_empty_table_with_all_columns():
    judged = course.change(visits(), SCHEDULE, rule="edss-0.5")
    assert judged.table.is_empty()
    assert "status" in judged.table.columns
    assert judged.plot() is not None


def test_smallest_change_beyond_noise_is_given_only_with_a_source():
    noise = course.smallest_real_change("edss")
    assert noise is not None
    assert noise.value == 1.0
    assert "Noseworthy" in noise.source
    assert course.smallest_real_change("acuity_left_logmar") is course.smallest_real_change(
        "acuity_right_logmar"
    )
    assert course.smallest_real_change("pasat") is None


def test_plot_shows_each_patient_once_sorted_by_change_with_the_noise_band():
    judged = course.change(visits(A=[4.0, 4.0, 4.0], B=[6.0, 6.0, 2.0], C=[4.0, 5.0]), SCHEDULE)
    axes = judged.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["B", "A", "C"]
    assert len(axes.lines) == 3 * 4
    assert "less than 1 from baseline, noise" in axes.get_xlabel()


def test_plot_without_known_noise_draws_no_band():
    frame = visits(A=[50.0, 40.0]).select("subject", "day", "visit", pasat=pl.col("edss").cast(pl.Int64))
    assert len(course.change(frame, SCHEDULE, outcome="pasat").plot().lines) == 3


def test_result_is_json_ready():
    judged = course.change(visits(P1=[4.0, 3.0]), SCHEDULE, rule="edss-1.0-or-0.5")
    content = json.loads(json.dumps(judged.to_dict()))
    assert content["definition"]["name"] == "edss-1.0-or-0.5"
    assert content["noise"]["value"] == 1.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: course.change_rule("edss-1"), "unknown change rule 'edss-1'"),
        (lambda: course.change_rule("edss-1.0-or-05"), "Did you mean 'edss-1.0-or-0.5'"),
        (
            lambda: course.change(visits(), SCHEDULE, outcome="pasat", rule="edss-0.5"),
            "rule 'edss-0.5' is not for 'pasat'",
        ),
        (lambda: course.change(visits(), SCHEDULE, rule="edss"), "unknown change rule"),
    ],
)
def test_bad_input_is_refused_with_words(make, words):
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"thresholds": ()}, "has no threshold"),
        ({"outcomes": ()}, "names no outcome"),
        ({"source": ""}, "names no source"),
        (
            {"thresholds": (Threshold(low=0, high=6, change=1), Threshold(low=6, high=10, change=0.5))},
            "without overlap",
        ),
    ],
)
def test_rule_that_contradicts_itself_is_refused(parts, words):
    whole = {"thresholds": (Threshold(low=0, high=10, change=1),), "outcomes": ("edss",), "source": "s"}
    with pytest.raises(DefinitionError, match=words):
        ChangeRule(name="mine", **(whole | parts))


@pytest.mark.parametrize(
    ("band", "words"),
    [
        ({"low": 5, "high": 4, "change": 1}, "holds for no baseline"),
        ({"low": 0, "high": 4, "change": 0}, "is not a change"),
        ({"low": 0, "high": 4, "change": 0.2, "relative": True}, "above 0"),
    ],
)
def test_threshold_that_means_nothing_is_refused(band, words):
    with pytest.raises(DefinitionError, match=words):
        Threshold(**band)
