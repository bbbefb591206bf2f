"""Reports of new symptoms in, accepted relapses and a reason for each report out."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.course.relapse_definition import (
    LLUFRIU_2014,
    NMOSD_OBJECTIVE,
    PREVENT,
    RELAPSE_24H_30D,
    RELAPSE_DEFINITIONS,
    SAKURA,
    ObjectiveRule,
    RelapseDefinition,
    relapse_preset,
)
from ranvier.course.relapse_reports import RELAPSE_REPORT_REASONS, SCHEMA, accepted_relapses
from ranvier.errors import DefinitionError, InputError

PAGE = Path(__file__).parents[2] / "docs" / "definitions" / "relapses.md"
PLAIN = RelapseDefinition(name="plain", source="test")


def reports(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make reports of patient P1 unless another is named."""
    filled = [{"subject": "P1", "day": 0} | row for row in rows]
    names = list(dict.fromkeys(name for row in filled for name in row))
    schema = {name: SCHEMA.get(name, pl.Boolean) for name in names}
    return pl.DataFrame([{name: row.get(name) for name in names} for row in filled], schema=schema)


def reason(definition: RelapseDefinition, **report: Any) -> str:
    found = accepted_relapses(reports(report), definition=definition)
    return str(found.verdicts["reason"].item())


def days(frame: pl.DataFrame, definition: RelapseDefinition) -> list[int]:
    return accepted_relapses(frame, definition=definition).table["day"].to_list()


# duration


@pytest.mark.parametrize(
    ("report", "longer", "expected"),
    [
        ({"duration_hours": 24.0}, True, "too-short"),
        ({"duration_hours": 24.0}, False, "accepted"),
        ({"duration_hours": 23.9}, False, "too-short"),
        ({"duration_hours": 24.1}, True, "accepted"),
        ({"end_day": 0}, True, "too-short"),  # began and ended on one day: at most 24 hours
        ({"end_day": 0}, False, "accepted"),
        ({"end_day": 1}, True, "accepted"),  # up to 48 hours: not shown to be short
        ({"end_day": 5, "duration_hours": 2.0}, True, "too-short"),  # hours count before days
        ({"end_day": None}, True, "accepted"),
    ],
)
def test_duration_refuses_only_what_the_record_shows_to_be_short(
    report: dict[str, Any], longer: bool, expected: str
):
    assert reason(dataclasses.replace(PLAIN, longer_than=longer), **report) == expected


# causes, examination


@pytest.mark.parametrize("cause", ["fever", "infection"])
def test_fever_and_infection_refuse_when_known_and_when_asked(cause: str):
    assert reason(PLAIN, **{cause: True}) == cause
    assert reason(PLAIN, **{cause: None}) == "accepted"
    assert reason(dataclasses.replace(PLAIN, **{f"exclude_{cause}": False}), **{cause: True}) == "accepted"


@pytest.mark.parametrize(
    ("found", "expected"), [(True, "accepted"), (False, "not-objective"), (None, "not-examined")]
)
def test_objective_change_must_have_been_seen(found: bool | None, expected: str):
    assert reason(dataclasses.replace(PLAIN, objective=True), objective=found) == expected


@pytest.mark.parametrize(
    ("exam", "expected"),
    [(7, "accepted"), (8, "examined-late"), (-1, "examined-late"), (None, "examined-late")],
)
def test_examination_must_come_soon_after_the_onset(exam: int | None, expected: str):
    soon = dataclasses.replace(PLAIN, objective=True, exam_within_days=7)
    assert reason(soon, objective=True, exam_day=exam) == expected


STEPS = dataclasses.replace(
    PLAIN, objective=True, objective_rule=ObjectiveRule(edss_points=1.0, edss_points_from_zero=2.0)
)


@pytest.mark.parametrize(
    ("before", "during", "expected"),
    [
        (0.0, 1.5, "not-objective"),
        (0.0, 2.0, "accepted"),
        (2.0, 3.0, "accepted"),
        (2.0, 2.5, "not-objective"),
        (None, 3.0, "not-examined"),
    ],
)
def test_edss_points_depend_on_the_reference(before: float | None, during: float, expected: str):
    assert reason(STEPS, edss_before=before, edss_during=during) == expected


ZERO_RISES: dict[str, Any] = {name: 0 for name in SCHEMA if name.endswith("_rise")}


@pytest.mark.parametrize(
    ("rises", "expected"),
    [
        ({"visual_rise": 1}, "not-objective"),
        ({"visual_rise": 1, "sensory_rise": 1}, "accepted"),
        ({"visual_rise": 2}, "accepted"),
        ({"visual_rise": 1, "sensory_rise": None}, "not-examined"),  # one unknown system could decide
        ({"visual_rise": 2, "sensory_rise": None}, "accepted"),
    ],
)
def test_functional_systems_count_by_number_and_grades(rises: dict[str, Any], expected: str):
    rule = dataclasses.replace(PLAIN, objective=True, objective_rule=NMOSD_OBJECTIVE)
    report = {"edss_before": 3.0, "edss_during": 3.0} | ZERO_RISES | rises
    assert reason(rule, **report) == expected


# merging and stability


def test_merge_window_is_counted_from_the_onset_of_the_relapse_not_along_the_chain():
    chain = reports(*({"day": day, "committee": True} for day in (0, 20, 30, 45, 61)))
    found = accepted_relapses(chain, definition=SAKURA)
    assert found.table["day"].to_list() == [0, 45]
    assert found.table["reports"].to_list() == [3, 2]


def test_thirty_days_merge_under_sakura_and_not_under_llufriu():
    two = reports(
        *({"day": day, "committee": True, "investigator": True, "objective": True} for day in (0, 30))
    )
    assert days(two, SAKURA) == [0]
    assert days(two, LLUFRIU_2014) == [0, 30]


def test_refused_report_absorbs_no_later_one():
    frame = reports({"day": 0, "fever": True}, {"day": 10, "fever": False})
    assert days(frame, RELAPSE_24H_30D) == [10]


def test_stability_is_counted_from_the_end_of_the_relapse_before():
    stable = dataclasses.replace(PLAIN, stability_days=30)
    frame = reports({"day": 0, "end_day": 20}, {"day": 49}, {"day": 50})
    found = accepted_relapses(frame, definition=stable)
    assert found.verdicts["reason"].to_list() == ["accepted", "not-stable", "accepted"]


def test_merged_report_lengthens_the_relapse_that_stability_looks_back_to():
    both = dataclasses.replace(PLAIN, merge_days=10, stability_days=30)
    frame = reports({"day": 0, "end_day": 2}, {"day": 5, "end_day": 40}, {"day": 60}, {"day": 70})
    found = accepted_relapses(frame, definition=both)
    assert found.table.rows() == [("P1", 0, 40, 2, None), ("P1", 70, None, 1, None)]


def test_two_reports_of_one_day_are_one_relapse_and_patients_are_kept_apart():
    frame = reports({}, {}, {"subject": "P2"})
    found = accepted_relapses(frame, definition=PLAIN)
    assert found.table.select("subject", "reports").rows() == [("P1", 2), ("P2", 1)]


# adjudication


def test_levels_of_n_momentum_are_counted_and_compared():
    judged = [(True, True)] * 43 + [(True, False)] * 8 + [(False, False)] * 13
    frame = reports(
        *(
            {"subject": f"P{number}", "investigator": mine, "committee": theirs}
            for number, (mine, theirs) in enumerate(judged)
        )
    )
    found = accepted_relapses(frame, definition=dataclasses.replace(PLAIN, adjudication="committee"))
    assert found.levels["reports"].to_list() == [64, 51, 43]
    assert found.levels["relapses"].to_list() == [64, 51, 43]
    assert found.agreement()["agreement"] == 56 / 64  # printed as 88 %
    assert found.agreement()["kappa"] == pytest.approx(0.686, abs=5e-4)


@pytest.mark.parametrize(
    ("level", "investigator", "committee", "expected"),
    [
        ("investigator", None, True, "not-confirmed-investigator"),
        ("investigator", True, False, "accepted"),
        ("committee", None, True, "accepted"),
        ("committee", False, True, "not-confirmed-investigator"),
        ("committee", True, None, "not-confirmed-committee"),
        ("reported", False, False, "accepted"),
    ],
)
def test_each_level_asks_for_its_own_verdict(
    level: str, investigator: bool | None, committee: bool | None, expected: str
):
    rule = dataclasses.replace(PLAIN, adjudication=level)
    assert reason(rule, investigator=investigator, committee=committee) == expected


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ((True, True, False), True),
        ((True, False, None), None),
        ((None, None, None), None),
        ((False, None, None), False),
    ],
)
def test_committee_decides_by_majority_and_a_tie_is_no_verdict(votes: tuple[Any, ...], expected: bool | None):
    row = {f"vote_{place}": vote for place, vote in enumerate(votes)}
    found = accepted_relapses(reports(row), definition=PLAIN)
    assert found.verdicts["committee"].item() is expected


def test_level_without_any_verdict_has_no_count():
    found = accepted_relapses(reports({}), definition=PLAIN)
    assert found.levels["reports"].to_list() == [1, None, None]
    assert math.isnan(found.agreement()["kappa"])


# results


def test_no_reports_give_no_relapses():
    found = accepted_relapses(reports({}).clear(), definition=RELAPSE_24H_30D)
    assert found.table.height == 0
    assert found.table.columns == ["subject", "day", "end_day", "reports", "confirmed"]


def test_explanation_names_definition_reasons_and_what_was_not_recorded():
    found = accepted_relapses(reports({"day": 3, "fever": True}, {"day": None}), definition=RELAPSE_24H_30D)
    assert found.trace["reason"].to_list() == ["fever", "no-day"]
    assert "there was fever" in found.explain("P1")
    assert "refused for it: duration, infection." in found.explain()
    assert "Left out: 2 (reports that do not meet the definition)" in found.explain()
    assert json.dumps(found.to_dict())


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 120), st.booleans()), max_size=14),
    shift=st.integers(-500, 500),
    seed=st.randoms(),
)
def test_row_order_and_shift_change_nothing_and_accounts_balance(
    rows: list[tuple[str, int, bool]], shift: int, seed: Any
):
    def found(these: list[tuple[str, int, bool]], by: int) -> Any:
        frame = reports(*({"subject": who, "day": day + by, "fever": fever} for who, day, fever in these))
        frame = frame if these else reports({"fever": True}).clear()
        return accepted_relapses(frame, definition=dataclasses.replace(RELAPSE_24H_30D, stability_days=20))

    once = found(rows, 0)
    seed.shuffle(rows)
    again = found(rows, shift)
    assert once.table.equals(again.table.with_columns(pl.col("day") - shift))
    assert once.trace.height == len(rows)
    assert set(once.trace["reason"]) <= set(RELAPSE_REPORT_REASONS)
    gaps = once.table.select(pl.col("day").diff().over("subject"))["day"].drop_nulls()
    assert gaps.is_empty() or gaps.min() >= 30
    merged = once.trace.filter(outcome="merged").height
    assert once.table["reports"].sum() == once.table.height + merged


# definitions


def test_every_preset_is_named_cited_hashable_and_json_ready():
    assert len(set(RELAPSE_DEFINITIONS.values())) == len(RELAPSE_DEFINITIONS) == 4
    for name, one in RELAPSE_DEFINITIONS.items():
        assert relapse_preset(name) is one
        assert one.source
        assert one.note
        assert json.dumps(one.to_dict())
        assert name in one.text()


def test_page_of_definitions_agrees_with_the_code():
    lines = re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.M)
    written = {name: [cell.strip() for cell in cells.split("|")] for name, cells in lines}
    for name, one in RELAPSE_DEFINITIONS.items():
        sign = ">" if one.longer_than else "≥"
        lasts = f"{sign} {one.min_duration_hours:g} h" if one.min_duration_hours else "any"
        refused = [word for word in ("fever", "infection") if getattr(one, f"exclude_{word}")]
        expected = [
            lasts,
            f"< {one.merge_days} days",
            " and ".join(refused) or "none",
            "recorded" if one.objective else "no",
            one.adjudication,
        ]
        assert written[name] == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": ""}, "needs a name and a source"),
        ({"min_duration_hours": -1.0}, "min_duration_hours is -1.0"),
        ({"merge_days": 0}, "merge_days is 0; it must be a whole number of 1 or more"),
        ({"stability_days": 1.5}, "stability_days is 1.5"),
        ({"exam_within_days": 7}, "set objective=True"),
        ({"objective_rule": NMOSD_OBJECTIVE}, "set objective=True"),
        ({"adjudication": "doctor"}, "unknown adjudication 'doctor'"),
    ],
)
def test_definition_that_contradicts_itself_is_refused(options: dict[str, Any], words: str):
    with pytest.raises(DefinitionError, match=words):
        dataclasses.replace(PLAIN, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "without a criterion"),
        ({"edss_points_from_zero": 1.0, "systems": ((1, 1),)}, "needs edss_points"),
        ({"edss_points": 0.0}, "a rise of 0.0"),
        ({"systems": ((8, 1),)}, "8 functional systems by 1"),
    ],
)
def test_objective_rule_that_is_not_possible_is_refused(options: dict[str, Any], words: str):
    with pytest.raises(DefinitionError, match=words):
        ObjectiveRule(**options)


@pytest.mark.parametrize(
    ("frame", "definition", "words"),
    [
        ({"day": [1]}, PLAIN, "reports is a dict"),
        (pl.DataFrame({"subject": ["P1"], "dayy": [1]}), PLAIN, "Did you mean 'dayy'"),
        (reports({}), PREVENT, r"lacks the columns \['objective', 'committee'\]"),
        (reports({}), STEPS, r"lacks the columns \['edss_before', 'edss_during'\]"),
        (pl.DataFrame({"subject": ["P1"], "day": [1], "fever": ["no"]}), PLAIN, "column 'fever'.*Boolean"),
        (pl.DataFrame({"subject": ["P1"], "day": ["x"]}), PLAIN, "column 'day' of reports holds String"),
        (reports({"day": 5, "end_day": 4}), PLAIN, "on day 5 ends on day 4"),
    ],
)
def test_reports_that_cannot_be_used_are_refused(frame: Any, definition: RelapseDefinition, words: str):
    with pytest.raises(InputError, match=words):
        accepted_relapses(frame, definition=definition)


def test_unknown_preset_is_refused_with_the_closest_name():
    with pytest.raises(InputError, match="Did you mean 'sakura'"):
        relapse_preset("sakure")
