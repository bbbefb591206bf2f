"""One failing and one passing example for every rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from ranvier.errors import InputError
from ranvier.tables import RULES, TABLES, Rule, check
from ranvier.trial import Protocol

Rows = dict[str, list[dict[str, Any]]]
Change = Callable[[Rows], None]


def cell(table: str, place: int, **cells: Any) -> Change:
    """Set cells of one row of the small trial."""
    return lambda rows: rows[table][place].update(cells)


def add(table: str, **cells: Any) -> Change:
    """Add one row for P1."""
    return lambda rows: rows[table].append({"subject": "P1", **cells})


def drop(table: str, *places: int) -> Change:
    """Take rows out."""

    def change(rows: Rows) -> None:
        rows[table] = [row for place, row in enumerate(rows[table]) if place not in places]

    return change


def both(*changes: Change) -> Change:
    """Make several changes."""

    def change(rows: Rows) -> None:
        for part in changes:
            part(rows)

    return change


def died(**cells: Any) -> Change:
    """Add a fatal adverse event on day 200."""
    fatal = {"day": 200, "term": "sepsis", "grade": 5, "serious": "yes", "outcome": "fatal"} | cells
    return add("adverse_events", **fatal)


def nothing(rows: Rows) -> None:
    """Leave the small trial as it is."""


FREE = {"ambulation": 0, "pyramidal": 3, "edss": 3.5}
STRONG = {"pyramidal": 1, "cerebellar": 1, "sensory": 1}
LATER = {"visual": 1, "brainstem": 1, "pyramidal": 3, "cerebellar": 2, "sensory": 2, "bowel_bladder": 1}
LATER |= {"cerebral": 1, "ambulation": 2}

# rule: what breaks it, and the nearest thing that does not
CASES: dict[str, tuple[Change, Change]] = {
    # every table
    "key-missing": (cell("visits", 0, day=None), cell("visits", 0, visit=None)),
    "required-missing": (cell("subjects", 0, diagnosis=None), cell("subjects", 0, sex=None)),
    "subject-unknown": (cell("visits", 0, subject="P3"), cell("visits", 0, subject="P1")),
    "day-implausible": (cell("subjects", 0, onset_day=-9999), cell("subjects", 0, onset_day=-9000)),
    "day-after-last-contact": (add("relapses", day=401), add("relapses", day=400)),
    "end-after-last-contact": (cell("relapses", 1, end_day=401), cell("relapses", 1, end_day=400)),
    "day-after-death": (died(), died(day=400)),
    "day-before-enrolment": (cell("visits", 0, day=-21), cell("visits", 0, day=-20)),
    "end-before-start": (cell("adverse_events", 0, end_day=-1), cell("adverse_events", 0, end_day=0)),
    # subjects
    "subject-duplicate": (cell("subjects", 1, subject="P1"), nothing),
    "arm-unknown": (cell("subjects", 0, arm="cell"), cell("subjects", 0, arm="cells")),
    "age-range": (cell("subjects", 0, age_years=-99), cell("subjects", 0, age_years=0)),
    "phenotype-missing": (cell("subjects", 1, phenotype=None), cell("subjects", 1, phenotype="SPMS")),
    "phenotype-not-ms": (cell("subjects", 0, phenotype="RRMS"), cell("subjects", 0, phenotype=None)),
    "aqp4-missing": (cell("subjects", 0, aqp4=None), cell("subjects", 1, aqp4=None)),
    "last-attack-missing": (
        cell("subjects", 0, last_attack_day=None),
        cell("subjects", 1, last_attack_day=None),
    ),
    "last-rescue-missing": (
        both(cell("subjects", 1, phenotype="RRMS", last_rescue_day=None)),
        cell("subjects", 1, last_rescue_day=None),
    ),
    "last-attack-after-dose": (
        cell("subjects", 0, last_attack_day=1),
        cell("subjects", 0, last_attack_day=0),
    ),
    "last-rescue-after-dose": (
        cell("subjects", 0, last_rescue_day=1),
        cell("subjects", 0, last_rescue_day=0),
    ),
    "last-attack-before-onset": (
        cell("subjects", 0, last_attack_day=-2001),
        cell("subjects", 0, last_attack_day=-2000),
    ),
    "last-attack-before-relapse": (
        cell("subjects", 0, last_attack_day=-201),
        cell("subjects", 0, last_attack_day=-200),
    ),
    "onset-after-enrolment": (cell("subjects", 0, onset_day=-19), cell("subjects", 1, onset_day=-20)),
    "onset-before-birth": (cell("subjects", 0, onset_day=-15000), cell("subjects", 0, onset_day=-14000)),
    "enrolled-missing": (cell("subjects", 0, enrolled_day=None), nothing),
    "enrolled-after-first-dose": (
        cell("subjects", 0, enrolled_day=1),
        both(cell("subjects", 0, enrolled_day=1, treated="no"), drop("doses", 0)),
    ),
    "last-contact-missing": (cell("subjects", 0, last_contact_day=None), nothing),
    "last-contact-before-enrolment": (
        cell("subjects", 0, last_contact_day=-21),
        cell("subjects", 0, last_contact_day=-20),
    ),
    "treated-without-dose": (
        drop("doses", 0),
        both(drop("doses", 0), cell("subjects", 0, treated="no")),
    ),
    "doses-not-recorded": (drop("doses", 0, 1, 2), drop("doses", 0)),
    "dose-of-untreated": (cell("subjects", 0, treated="no"), cell("subjects", 0, treated="yes")),
    "subject-without-visit": (drop("visits", 0, 1), drop("visits", 0)),
    "baseline-missing": (cell("visits", 0, visit=None), cell("visits", 1, visit=None)),
    # visits and the schedule
    "visit-duplicate": (add("visits", day=-7, visit=None, edss=4), add("visits", day=-6, edss=4)),
    "visit-label-unknown": (cell("visits", 0, visit="base line"), cell("visits", 0, visit=None)),
    "visit-label-twice": (
        add("visits", day=370, visit="month 12", edss=4.5),
        add("visits", day=370, edss=4.5),
    ),
    "visit-outside-window": (cell("visits", 1, day=396), cell("visits", 1, day=395)),
    "visit-missing": (
        drop("visits", 1),
        both(drop("visits", 1), cell("subjects", 0, last_contact_day=394)),
    ),
    "visit-empty": (add("visits", day=20), add("visits", day=20, sdmt=50)),
    "baseline-after-dose": (cell("visits", 0, day=1), cell("visits", 0, day=0)),
    "baseline-edss-missing": (
        cell("visits", 0, edss=None, cerebral=None),
        both(cell("visits", 0, edss=None), cell("visits", 2, cerebral=None)),
    ),
    "edss-grid": (cell("visits", 0, edss=4.25), cell("visits", 0, edss=4.0)),
    "functional-system-range": (cell("visits", 0, cerebral=6), cell("visits", 0, visual=6)),
    "ambulation-range": (cell("visits", 0, ambulation=17), cell("visits", 0, ambulation=16)),
    "acuity-range": (cell("visits", 0, acuity_left_logmar=20), cell("visits", 0, acuity_left_logmar=2)),
    "p100-range": (cell("visits", 0, p100_left_ms=0.11), cell("visits", 0, p100_left_ms=110)),
    "timed-test-range": (cell("visits", 0, t25fw_s=0), cell("visits", 0, t25fw_s=0.1)),
    "cognitive-test-range": (cell("visits", 0, pasat=61), cell("visits", 0, sdmt=61)),
    # plausibility
    "edss-jump": (cell("visits", 1, edss=6.5), cell("visits", 1, edss=6.0)),
    "edss-moved-alone": (cell("visits", 1, edss=5.5), cell("visits", 1, edss=5.5, pyramidal=4)),
    "walks-with-severe-weakness": (cell("visits", 0, pyramidal=5), cell("visits", 0, pyramidal=4)),
    "walk-limited-without-cause": (cell("visits", 0, **STRONG), cell("visits", 0, **STRONG, ambulation=1)),
    "walk-free-with-weakness": (cell("visits", 0, **FREE | {"pyramidal": 4}), cell("visits", 0, **FREE)),
    "edss-below-walking": (cell("visits", 0, edss=3.5), cell("visits", 0, edss=4.0)),
    "edss-above-walking": (
        cell("visits", 0, ambulation=1, edss=5.5),
        cell("visits", 0, ambulation=1, edss=5),
    ),
    "edss-10-without-death": (
        add("visits", day=200, edss=10),
        both(died(), add("visits", day=200, edss=10)),
    ),
    "visual-below-acuity": (
        cell("visits", 0, acuity_right_logmar=0.4),
        cell("visits", 0, acuity_right_logmar=0.2),
    ),
    # doses
    "dose-duplicate": (cell("doses", 2, day=0), nothing),
    "first-dose-not-day-0": (cell("doses", 0, day=5), cell("doses", 2, day=5)),
    "cells-negative": (cell("doses", 0, cells=-1), cell("doses", 0, cells=0)),
    "cells-implausible": (cell("doses", 0, cells=70, cells_per_kg=None), cell("doses", 0, cells=7e7)),
    "cells-per-kg-implausible": (cell("doses", 0, cells_per_kg=1e7), cell("doses", 0, cells_per_kg=1.1e6)),
    "placebo-with-cells": (
        cell("doses", 0, product="placebo"),
        cell("doses", 0, product="placebo", cells=0, cells_per_kg=0),
    ),
    "donor-implausible": (cell("doses", 0, source="placenta"), cell("doses", 0, source="adipose")),
    # relapses
    "relapse-duplicate": (add("relapses", day=100), add("relapses", day=200)),
    "relapse-too-close": (add("relapses", day=130), add("relapses", day=131)),
    "relapse-before-onset": (add("relapses", day=-2001), add("relapses", day=-2000)),
    "relapse-in-ppms": (
        both(cell("subjects", 1, phenotype="PPMS"), add("relapses", subject="P2", day=50)),
        add("relapses", subject="P2", day=50),
    ),
    # scans
    "scan-duplicate": (
        add("mri", day=-7, region="brain", t2_count=1),
        add("mri", day=-7, region="spinal cord", t2_count=1),
    ),
    "count-negative": (cell("mri", 0, gad_count=-1), cell("mri", 0, gad_count=0)),
    "volume-negative": (cell("mri", 0, t2_volume_mm3=-99), cell("mri", 0, t2_volume_mm3=99)),
    "new-exceed-total": (cell("mri", 1, new_t2=12), cell("mri", 1, new_t2=11)),
    "enhancing-exceed-total": (cell("mri", 1, gad_count=12), cell("mri", 1, gad_count=11)),
    "volume-contradicts-count": (
        cell("mri", 0, t2_count=0, gad_count=0),
        cell("mri", 0, t2_count=0, gad_count=0, t2_volume_mm3=0),
    ),
    "new-without-scan-before": (cell("mri", 0, new_t2=1), cell("mri", 0, new_t2=0)),
    "scan-empty": (
        add("mri", day=9, region="brain"),
        add("mri", day=9, region="brain", mask="day9.nii.gz"),
    ),
    # adverse events
    "event-duplicate": (
        add("adverse_events", day=0, term="headache", serious="no", grade=1),
        add("adverse_events", day=0, term="fever", serious="no", grade=1),
    ),
    "event-grade-range": (cell("adverse_events", 0, grade=0), cell("adverse_events", 0, grade=1)),
    "event-grade-missing": (cell("adverse_events", 0, grade=None), nothing),
    "grade-5-not-fatal": (died(outcome=None), died()),
    "fatal-not-grade-5": (died(grade=4), died()),
    "fatal-not-serious": (died(serious="no"), died()),
    "grade-4-not-serious": (
        cell("adverse_events", 0, grade=4),
        cell("adverse_events", 0, grade=4, serious="yes"),
    ),
    "related-before-dose": (
        cell("adverse_events", 0, day=-1, related="yes"),
        cell("adverse_events", 0, day=0, related="yes"),
    ),
    # the protocol of this one does not name a coding
    "ambulation-coding-missing": (
        nothing,
        both(*(cell("visits", place, ambulation=None) for place in range(4))),
    ),
}


def protocol_of(rule: str, protocol: Protocol) -> Protocol:
    """Give the small protocol, without the ambulation coding for the rule that is about it."""
    if rule == "ambulation-coding-missing":
        return dataclasses.replace(protocol, ambulation_coding=None)
    return protocol


def test_every_rule_has_an_example_and_its_own_name() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 40
    assert set(CASES) == set(ids)


def test_small_trial_has_no_finding(build_trial: Any) -> None:
    assert build_trial().check().table.is_empty()


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_rule_speaks_up_when_broken_and_only_then(build_trial: Any, rule: str) -> None:
    bad, good = CASES[rule]
    protocol = protocol_of(rule, build_trial().protocol)
    found = build_trial(bad, protocol).check().table.filter(pl.col("rule") == rule)
    assert not found.is_empty(), f"{rule} did not speak up"
    for column in ("severity", "file", "subject", "column", "message", "allowed", "advice"):
        if rule != "key-missing" or column != "subject":
            assert found[column].is_not_null().all(), f"{rule} leaves {column} open"
    assert rule not in set(build_trial(good, protocol).check().table["rule"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_is_written_in_sentences_about_columns_that_exist(rule: Rule) -> None:
    assert rule.severity in ("error", "query")
    assert rule.message.endswith(".")
    assert rule.message[0].isupper()
    for name in rule.tables:
        if name != "planned":
            assert set(rule.columns) & set(TABLES[name].schema), f"{rule.id} checks nothing in {name}"


def test_finding_says_where_and_what_to_do(build_trial: Any) -> None:
    found = build_trial(cell("visits", 1, edss=4.25)).check().table.row(0, named=True)
    assert found == {
        "rule": "edss-grid",
        "severity": "error",
        "file": "visits",
        "row": 3,
        "subject": "P1",
        "day": 365,
        "column": "edss",
        "value": "4.25",
        "message": "This is not a value that an EDSS can take.",
        "allowed": "0, then 1.0 to 10.0 in steps of 0.5 (0.5 does not exist)",
        "advice": "Correct the value; leave the cell empty when it is not known, without a code such as -99.",
    }


@pytest.mark.parametrize(
    ("change", "rule", "advice"),
    [
        (cell("visits", 0, visit="basline"), "visit-label-unknown", "Did you mean 'baseline'?"),
        (cell("subjects", 0, arm="cels"), "arm-unknown", "Did you mean 'cells'?"),
        (cell("visits", 0, subject="P1x"), "subject-unknown", "Did you mean 'P1'?"),
        (cell("visits", 0, subject="p1"), "subject-unknown", "Did you mean 'P1'?"),
    ],
)
def test_misspelt_words_get_a_suggestion(build_trial: Any, change: Change, rule: str, advice: str) -> None:
    found = build_trial(change).check().table.filter(pl.col("rule") == rule)
    assert found["advice"].to_list() == [advice]


@pytest.mark.parametrize(("coding", "highest"), [("0-16", 16), ("0-12", 13)])
def test_ambulation_range_follows_the_coding(build_trial: Any, coding: str, highest: int) -> None:
    protocol = dataclasses.replace(build_trial().protocol, ambulation_coding=coding)
    for code, broken in ((highest, False), (highest + 1, True)):
        trial = build_trial(cell("visits", 0, ambulation=code), protocol)
        assert ("ambulation-range" in set(trial.check().table["rule"])) is broken


def test_walking_codes_of_the_older_coding_end_at_6(build_trial: Any) -> None:
    protocol = dataclasses.replace(build_trial().protocol, ambulation_coding="0-12")
    for code, walks in ((6, True), (7, False)):
        trial = build_trial(cell("visits", 0, ambulation=code, pyramidal=5, edss=6.5), protocol)
        assert ("walks-with-severe-weakness" in set(trial.check().table["rule"])) is walks


def test_half_an_edss_does_not_exist(build_trial: Any) -> None:
    assert "edss-grid" in set(build_trial(cell("visits", 0, edss=0.5)).check().table["rule"])


def test_jump_is_measured_from_the_last_edss_known(build_trial: Any) -> None:
    change = both(add("visits", day=100, sdmt=40), cell("visits", 1, edss=6.5))
    found = build_trial(change).check().table.filter(pl.col("rule") == "edss-jump")
    assert found["allowed"].to_list() == ["within 1.5 of 4.5 (day -7)"]


def test_two_rows_for_one_visit_are_both_named(build_trial: Any) -> None:
    found = build_trial(add("visits", day=-7, edss=4)).check().table
    assert found.filter(pl.col("rule") == "visit-duplicate")["row"].to_list() == [2, 6]


def test_trial_without_a_schedule_has_no_finding_about_labels(build_trial: Any) -> None:
    protocol = dataclasses.replace(build_trial().protocol, visits=(), arms=())
    trial = build_trial(both(cell("visits", 0, visit="x"), cell("subjects", 0, arm="y")), protocol)
    assert trial.check().table.is_empty()


def test_misspelt_grade_that_could_not_be_read_is_one_finding(build_trial: Any) -> None:
    found = build_trial(cell("subjects", 0, treated="n.d.")).check().table
    assert found["rule"].to_list() == ["not-yes-or-no"]


def test_errors_come_before_queries(build_trial: Any) -> None:
    change = both(cell("subjects", 0, aqp4=None), cell("visits", 0, edss=4.25))
    assert build_trial(change).check().table["severity"].to_list() == ["error", "query"]


def test_table_of_other_types_is_refused(build_trial: Any) -> None:
    trial = build_trial()
    wrong = {**trial.tables, "visits": trial.visits.cast({"day": pl.String})}
    with pytest.raises(InputError, match=r"'visits'.*\['day'\].*parse"):
        check(wrong, schedule=trial.protocol.schedule, arms=["cells"], ambulation_coding="0-16")
