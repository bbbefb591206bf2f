"""The protocol, and the trial that holds it with its tables."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import polars as pl
import pytest

from ranvier.errors import InputError
from ranvier.result import Derivation
from ranvier.tables import FINDING_SCHEMA, TABLES
from ranvier.trial import Protocol, Trial

CONTENT: dict[str, Any] = {
    "trial": {"id": "t", "title": "T", "design": "single_arm", "data_kind": "patients", "disease": "MS"},
    "visits": [
        {"label": "baseline", "day": -7, "window": [-14, 7], "baseline": True},
        {"label": "m6", "day": 180},
    ],
    "endpoints": [{"id": "e", "title": "E", "kind": "edss_change", "visit": "m6"}],
    "product": {"cell_class": "MSC"},
}


def changed(**parts: Any) -> dict[str, Any]:
    """Give the content of trial.toml with some parts replaced."""
    return CONTENT | parts


def test_protocol_is_built_from_the_content_of_trial_toml() -> None:
    protocol = Protocol.from_dict(CONTENT)
    assert protocol.control == "uncontrolled"
    assert protocol.product.cell_class == "MSC"
    assert protocol.baseline is not None
    assert protocol.baseline.label == "baseline"
    assert hash(protocol) == hash(Protocol.from_dict(CONTENT))


def test_schedule_holds_the_window_as_days() -> None:
    assert Protocol.from_dict(CONTENT).schedule.rows() == [
        ("baseline", -7, -21, 0, True),
        ("m6", 180, 180, 180, False),
    ]


def test_protocol_without_visits_has_an_empty_schedule() -> None:
    protocol = Protocol.from_dict({"trial": CONTENT["trial"]})
    assert protocol.schedule.is_empty()
    assert protocol.baseline is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, r"table \[trial\] is missing"),
        (changed(trial=CONTENT["trial"] | {"design": "rct"}), "trial.toml: unknown design 'rct'"),
        (changed(trial=CONTENT["trial"] | {"ambulation_coding": "0-15"}), "unknown ambulation_coding '0-15'"),
        (
            changed(trial=CONTENT["trial"] | {"diseases": "MS"}),
            "unknown key 'diseases'.*Did you mean 'disease'",
        ),
        (changed(trial={"id": "t"}), "must be set"),
        (
            changed(trial=CONTENT["trial"] | {"registered_n": "10"}),
            "registered_n: '10' must be a whole number",
        ),
        (changed(trial=CONTENT["trial"] | {"product": {}}), "both in"),
        (
            changed(visits=[{"label": "m6", "day": 1}]),
            "exactly one visit must have baseline = true; found none",
        ),
        (changed(visits=[{"label": "m6", "day": 1, "window": [1, 2]}]), "days early as 0 or less"),
        (changed(visits=CONTENT["visits"] + [{"label": "m6", "day": 9}]), "more than once"),
        (changed(visits={"label": "m6"}), "must be a list"),
        (
            changed(endpoints=[{"id": "e", "title": "E", "kind": "edss_change", "visit": "m66"}]),
            "Did you mean 'm6'",
        ),
        (changed(arms=[{"id": "a", "label": "A", "role": "active"}]), "unknown role of arm 'a'"),
        (changed(product="msc"), "not a table of keys"),
    ],
)
def test_wrong_protocol_is_refused_with_its_place(content: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Protocol.from_dict(content)


def test_trial_completes_absent_tables(build_trial: Any) -> None:
    trial = build_trial(
        lambda rows: [rows.pop(name) for name in ("doses", "relapses", "mri", "adverse_events")]
    )
    assert list(trial.tables) == list(TABLES)
    for name in ("doses", "relapses", "mri", "adverse_events"):
        assert getattr(trial, name).is_empty()
    assert trial.subjects.height == 2
    assert trial.visits.height == 4


def test_trial_needs_subjects_and_visits(build_trial: Any) -> None:
    trial = build_trial()
    with pytest.raises(InputError, match="needs the table 'visits'"):
        Trial(protocol=trial.protocol, tables={"subjects": trial.subjects})


def test_trial_refuses_tables_it_does_not_know(build_trial: Any) -> None:
    trial = build_trial()
    with pytest.raises(InputError, match=r"unknown table 'visit'.*Did you mean 'visits'"):
        Trial(protocol=trial.protocol, tables={"subjects": trial.subjects, "visit": trial.visits})


def test_trial_refuses_tables_without_their_columns(build_trial: Any) -> None:
    trial = build_trial()
    with pytest.raises(InputError, match=r"lacks the columns \['edss'\]"):
        Trial(protocol=trial.protocol, tables={**trial.tables, "visits": trial.visits.drop("edss")})


def test_check_gives_a_derivation_that_explains_itself(build_trial: Any) -> None:
    def change(rows: Any) -> None:
        rows["visits"][0]["edss"] = "4.25"
        rows["subjects"][0]["aqp4"] = "n.d."

    checked = build_trial(change).check()
    assert isinstance(checked, Derivation)
    assert dict(checked.table.schema) == FINDING_SCHEMA
    assert checked.table["rule"].to_list() == ["not-a-choice", "edss-grid", "aqp4-missing"]
    assert "2 errors, 1 query" in checked.explain()
    assert "This is not a value that an EDSS can take." in checked.explain("P1")


def test_cell_that_could_not_be_read_is_not_said_twice(build_trial: Any) -> None:
    def change(rows: Any) -> None:
        rows["visits"][0]["day"] = "n.d."

    assert build_trial(change).check().table["rule"].to_list().count("key-missing") == 0


def test_trial_is_ready_for_json(build_trial: Any) -> None:
    trial = build_trial()
    content = json.loads(json.dumps(trial.to_dict()))
    assert content["tables"]["visits"][0]["edss"] == 4.5
    assert content["protocol"]["visits"][0]["window"] == [-21, 7]


def test_trial_says_what_it_holds(build_trial: Any) -> None:
    said = build_trial().explain()
    assert "data are patients" in said
    assert "4 in visits" in said


def test_shifting_the_rows_of_another_subject_changes_no_finding(build_trial: Any) -> None:
    def change(rows: Any) -> None:
        rows["visits"][0]["edss"] = "4.25"

    def reversed_too(rows: Any) -> None:
        change(rows)
        for name in rows:
            rows[name].reverse()

    columns = ["rule", "subject", "day", "column", "value"]
    one = build_trial(change).check().table.select(columns)
    other = build_trial(reversed_too).check().table.select(columns)
    assert one.sort(columns).equals(other.sort(columns))


def test_replacing_the_protocol_keeps_the_tables(build_trial: Any) -> None:
    trial = build_trial()
    simulated = dataclasses.replace(
        trial, protocol=dataclasses.replace(trial.protocol, data_kind="simulated")
    )
    assert simulated.visits.equals(trial.visits)
    assert isinstance(simulated.visits, pl.DataFrame)
