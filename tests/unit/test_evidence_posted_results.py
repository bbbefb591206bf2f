"""Results of ClinicalTrials.gov from a file: a made-up record with the structure of API version 2."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import InputError


def groups(prefix: str) -> list[dict[str, str]]:
    return [{"id": f"{prefix}00{place}", "title": title} for place, title in enumerate(("Cells", "Saline"))]


def counts(prefix: str, *values: Any, name: str = "value") -> list[dict[str, Any]]:
    return [{"groupId": f"{prefix}00{place}", name: value} for place, value in enumerate(values)]


RECORD: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT00000000", "briefTitle": "A trial that does not exist"},
        "statusModule": {"overallStatus": "COMPLETED"},
        "designModule": {
            "designInfo": {"allocation": "RANDOMIZED", "interventionModel": "PARALLEL",
                           "maskingInfo": {"masking": "DOUBLE"}},
            "enrollmentInfo": {"count": 24, "type": "ACTUAL"},
        },
    },
    "resultsSection": {
        "participantFlowModule": {
            "groups": groups("FG"),
            "periods": [
                {
                    "title": "Overall Study",
                    "milestones": [
                        {"type": "STARTED", "achievements": counts("FG", "12", "10", name="numSubjects")},
                        {"type": "COMPLETED", "achievements": counts("FG", "11", "10", name="numSubjects")},
                    ],
                    "dropWithdraws": [
                        {"type": "Lost to Follow-up", "reasons": counts("FG", "1", "0", name="numSubjects")}
                    ],
                }
            ],
        },
        "baselineCharacteristicsModule": {
            "groups": groups("BG"),
            "denoms": [{"units": "Participants", "counts": counts("BG", "12", "10")}],
            "measures": [
                {
                    "title": "EDSS", "paramType": "MEAN", "dispersionType": "STANDARD_DEVIATION",
                    "unitOfMeasure": "points",
                    "classes": [{"categories": [{"measurements": [
                        {"groupId": "BG000", "value": "5.1", "spread": "1.2"},
                        {"groupId": "BG001", "value": "4.9", "spread": "1.0"},
                    ]}]}],
                }
            ],
        },
        "outcomeMeasuresModule": {
            "outcomeMeasures": [
                {
                    "type": "PRIMARY", "title": "EDSS improved", "timeFrame": "Month 12",
                    "paramType": "COUNT_OF_PARTICIPANTS", "unitOfMeasure": "Participants",
                    "groups": groups("OG"),
                    "denoms": [{"units": "Participants", "counts": counts("OG", "11", "10")}],
                    "classes": [{"categories": [{"measurements": counts("OG", "4", "NA")}]}],
                    "analyses": [
                        {"groupIds": ["OG000", "OG001"], "paramType": "Risk Ratio (RR)", "paramValue": "1.2",
                         "ciPctValue": "95", "ciNumSides": "TWO_SIDED", "ciLowerLimit": "0.4",
                         "ciUpperLimit": "3.9", "pValue": ">0.05", "statisticalMethod": "Fisher Exact"}
                    ],
                }
            ]
        },
        "adverseEventsModule": {
            "frequencyThreshold": "5",
            "timeFrame": "12 months",
            "eventGroups": [
                {"id": "EG000", "title": "Cells", "deathsNumAffected": 0, "deathsNumAtRisk": 12,
                 "seriousNumAffected": 1, "seriousNumAtRisk": 12,
                 "otherNumAffected": 7, "otherNumAtRisk": 12},
                {"id": "EG001", "title": "Saline", "seriousNumAffected": 0, "seriousNumAtRisk": 10,
                 "otherNumAffected": 5, "otherNumAtRisk": 10},
            ],
            "seriousEvents": [
                {"term": "Meningitis", "organSystem": "Infections and infestations",
                 "assessmentType": "SYSTEMATIC_ASSESSMENT",
                 "stats": [{"groupId": "EG000", "numEvents": 2, "numAffected": 1, "numAtRisk": 12},
                           {"groupId": "EG001", "numAffected": 0, "numAtRisk": 10}]}
            ],
            "otherEvents": [
                {"term": "Headache", "organSystem": "Nervous system",
                 "stats": [{"groupId": "EG000", "numEvents": 9, "numAffected": 7, "numAtRisk": 12}]}
            ],
        },
    },
    "derivedSection": {"miscInfoModule": {"versionHolder": "2026-01-01"}},
    "hasResults": True,
}  # fmt: skip


def write(folder: Path, record: Any = RECORD) -> Path:
    path = folder / "NCT00000000.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


@pytest.fixture
def posted(tmp_path):
    return rv.evidence.read_clinicaltrials(write(tmp_path))


def test_the_head_of_the_record_is_kept_with_its_version(posted):
    assert (posted.registration, posted.version, posted.status) == ("NCT00000000", "2026-01-01", "COMPLETED")
    assert (posted.allocation, posted.masking) == ("RANDOMIZED", "DOUBLE")
    assert (posted.enrolled, posted.enrolment_type, posted.started) == (24, "ACTUAL", 22)
    assert "Enrolled 24, started 22." in posted.explain()
    unknown = posted.flow.with_columns(
        patients=pl.when(pl.col("arm") == posted.flow["arm"][0]).then(None).otherwise("patients")
    )
    assert replace(posted, flow=unknown).started is None  # an arm that was not posted is not an empty one


def test_flow_holds_milestones_and_withdrawals_by_arm(posted):
    assert ("Overall Study", "COMPLETED", "Cells", 11) in posted.flow.rows()
    assert ("Overall Study", "Lost to Follow-up", "Cells", 1) in posted.flow.rows()


def test_baseline_and_outcomes_hold_values_with_their_denominators(posted):
    row = posted.baseline.filter(arm="Saline").row(0, named=True)
    assert (row["measure"], row["statistic"], row["value_number"], row["spread"], row["n"]) == (
        "EDSS", "MEAN", 4.9, 1.0, 10)  # fmt: skip
    cells, saline = posted.outcomes.iter_rows(named=True)
    assert (cells["type"], cells["value_number"], cells["n"], cells["counted"]) == (
        "PRIMARY",
        4,
        11,
        "Participants",
    )
    assert (saline["value"], saline["value_number"]) == ("NA", None)


def test_analyses_hold_interval_level_and_p_as_posted(posted):
    row = posted.analyses.row(0, named=True)
    assert (row["arms"], row["value"], row["level"], row["low"], row["high"], row["p_value"]) == (
        "Cells | Saline", 1.2, 95, 0.4, 3.9, ">0.05")  # fmt: skip


def test_harms_hold_patients_events_and_who_was_at_risk(posted):
    assert posted.harm_totals.filter(harm="serious").rows() == [
        ("Cells", "serious", 1, 12), ("Saline", "serious", 0, 10)]  # fmt: skip
    assert posted.harms.filter(term="Meningitis", arm="Cells").select("patients", "events", "n").rows() == [
        (1, 2, 12)
    ]
    assert set(posted.harms["seriousness"]) == {"serious", "other"}


def test_deaths_that_were_not_posted_are_not_zero(posted):
    assert posted.harm_totals.filter(harm="death").rows() == [
        ("Cells", "death", 0, 12),
        ("Saline", "death", None, None),
    ]
    said = posted.explain()
    assert "death, Saline: not posted, which is not the same as none." in said
    assert "serious, Saline: 0 of 10, 0.0 % (95 % interval 0.0 % to 30.8 %)." in said
    assert "listed above 5 %" in said


def test_it_is_json_ready_and_draws(posted):
    json.dumps(posted.to_dict())
    assert len(posted.plot().get_yticklabels()) == 2
    assert "NCT00000000" in posted._repr_html_()


def test_a_record_with_harms_only_has_empty_tables(tmp_path):
    record = copy.deepcopy(RECORD)
    record["resultsSection"] = {"adverseEventsModule": record["resultsSection"]["adverseEventsModule"]}
    posted = rv.evidence.read_clinicaltrials(write(tmp_path, record))
    assert posted.outcomes.is_empty()
    assert posted.started is None
    assert posted.harms.height == 3


def put(record, place, value):
    *path, last = place
    for step in path:
        record = record[step]
    record[last] = value


HARM = ("resultsSection", "adverseEventsModule")
BAD = [
    (("resultsSection",), None, "resultsSection is missing; this trial has posted no results"),
    (("hasResults",), False, "resultsSection is missing"),
    (("protocolSection",), "x", "protocolSection is 'x'; it must be an object"),
    ((*HARM, "eventGroups"), {}, None),
    ((*HARM, "eventGroups"), "x", "resultsSection.adverseEventsModule.eventGroups must be a list of objects"),
    ((*HARM, "eventGroups", 0, "seriousNumAffected"), "one",
     r"eventGroups\[0\].seriousNumAffected is 'one'; it must be a whole number"),
    ((*HARM, "eventGroups", 0, "seriousNumAffected"), 13,
     r"eventGroups\[0\].seriousNumAffected is 13, more than seriousNumAtRisk 12"),
    ((*HARM, "seriousEvents", 0, "stats", 0, "numAffected"), 20,
     r"seriousEvents\[0\].stats\[0\].numAffected is 20, more than numAtRisk 12"),
    ((*HARM, "timeFrame"), ["x"], "timeFrame must be a text"),
    (("resultsSection", "outcomeMeasuresModule", "outcomeMeasures", 0, "analyses", 0, "ciLowerLimit"), "5",
     r"analyses\[0\].ciLowerLimit is 5, above ciUpperLimit 3.9"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "words"), BAD)
def test_a_field_that_cannot_be_is_named_with_its_file(tmp_path, place, value, words):
    record = copy.deepcopy(RECORD)
    put(record, place, value)
    path = write(tmp_path, record)
    if words is None:
        assert rv.evidence.read_clinicaltrials(path).harm_totals.is_empty()
        return
    with pytest.raises(InputError, match=rf"NCT00000000.json: .*{words}"):
        rv.evidence.read_clinicaltrials(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"a": 1,\n', "line 2: not valid JSON"), ("[]", "not the record of one study"),
     ('{"studies": []}', "not the record of one study"), ("{}", "resultsSection is missing")],
)  # fmt: skip
def test_a_file_that_is_no_record_is_refused(tmp_path, text, words):
    path = tmp_path / "study.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"study.json.*{words}"):
        rv.evidence.read_clinicaltrials(path)
