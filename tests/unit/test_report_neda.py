"""NEDA in a report: who is evaluable, who failed on what, and why there may be no share."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

import ranvier as rv
from ranvier import course, stats
from ranvier.cli.demo import examples
from ranvier.course import BRAIN_VOLUME_COLUMN
from ranvier.errors import InputError
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Numbers, Paragraph
from ranvier.trial import NedaPlan, Protocol, Trial
from ranvier.verdict import NedaResult, judge_neda

TOML = """\
[trial]
id = "small"
title = "A small trial"
design = "single_arm"
data_kind = "patients"
disease = "MS"

[[arms]]
id = "cells"
label = "Cells"

[[visits]]
label = "baseline"
day = 0
window = [-30, 0]
baseline = true

[[visits]]
label = "month 6"
day = 183
window = [-30, 30]

[[visits]]
label = "month 12"
day = 365
window = [-20, 30]
"""
Build = Callable[..., Trial]
CLEAN = {0: (None, None, 0), 183: (0, 0, 0), 360: (0, 0, 0)}
NEW_LESION = {**CLEAN, 360: (2, 0, 0)}
EARLY_LESION = {**CLEAN, 183: (1, 0, 0)}
NO_LAST_SCAN = {0: (None, None, 0), 183: (0, 0, 0)}


def trial_of(
    build: Build,
    scans: dict[str, dict[int, tuple[Any, Any, Any]]],
    plan: NedaPlan | None = None,
    relapses: Sequence[tuple[str, int]] = (),
    volume: dict[str, Any] | None = None,
) -> Trial:
    def change(rows: dict[str, list[dict[str, Any]]]) -> None:
        rows["subjects"] = [
            {"subject": name, "arm": "cells", "diagnosis": "MS", "last_contact_day": 380, "treated": "yes"}
            for name in scans
        ]
        rows["doses"] = [{"subject": name, "day": 0, "product": "msc"} for name in scans]
        rows["visits"] = [
            {"subject": name, "day": day, "visit": label, "edss": 3.0}
            for name in scans
            for day, label in ((0, "baseline"), (183, "month 6"), (365, "month 12"))
        ]
        rows["relapses"] = [{"subject": name, "day": day} for name, day in (("P1", -100), *relapses)]
        rows["mri"] = [
            {"subject": name, "day": day, "region": "brain", "t2_count": 3, "new_t2": new,
             "enlarging_t2": larger, "gad_count": gad}
            | ({BRAIN_VOLUME_COLUMN: volume[name] if day > 300 else None} if volume else {})
            for name, row in scans.items()
            for day, (new, larger, gad) in row.items()
        ]  # fmt: skip
        rows["adverse_events"] = []

    return build(change, replace(Protocol.from_dict(tomllib.loads(TOML)), neda=plan))


def without(trial: Trial, name: str) -> Trial:
    tables = {key: frame for key, frame in trial.tables.items() if key != name}
    return Trial(protocol=trial.protocol, tables=tables)


def only(trial: Trial) -> NedaResult:
    (found,) = judge_neda(trial)
    return found


def blocks_of(trial: Trial) -> tuple[Block, ...]:
    return next(section.blocks for section in rv.report.build(trial).sections if section.key == "neda")


def words(blocks: Sequence[Block]) -> str:
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            parts.append(block.text)
        elif isinstance(block, Bullets):
            parts += [block.title, *block.items]
        elif isinstance(block, DataTable):
            parts += [block.caption, str(block.frame.rows())]
    return "\n".join(parts)


FOUR = {"P1": CLEAN, "P2": NEW_LESION, "P3": CLEAN, "P4": NO_LAST_SCAN}


def test_the_share_counts_evaluable_patients_and_is_that_of_stats(build_trial: Build) -> None:
    trial = trial_of(build_trial, FOUR, relapses=[("P3", 100)])
    found = only(trial)
    (share,) = found.shares
    exact = stats.proportion(1, 3)
    assert (share.value, share.low, share.high, share.n) == (exact.value, exact.low, exact.high, 3)
    status = course.neda(
        trial.visits,
        trial.relapses,
        trial.mri,
        definition=found.definition,
        subjects=trial.subjects,
        schedule=trial.protocol.schedule,
    )
    assert found.status is not None
    assert found.status.table.equals(status.table)
    assert found.failed.rows() == [("relapse", 1, 1), ("worsening", 0, 0), ("mri", 1, 1)]
    assert found.missing.rows() == [("mri", "no scan lies near the end of the period", 1)]


def test_those_who_are_not_evaluable_give_bounds_over_all_treated(build_trial: Build) -> None:
    (bound,) = only(trial_of(build_trial, FOUR, relapses=[("P3", 100)])).bounds
    assert "3 of 4 treated patients are evaluable" in bound
    assert "of all 4 treated, 1 to 2 have NEDA-3" in bound
    assert only(trial_of(build_trial, {"P1": CLEAN, "P2": NEW_LESION})).bounds == ()


def test_the_section_lists_every_patient_with_the_reason(build_trial: Build) -> None:
    blocks = blocks_of(trial_of(build_trial, FOUR, relapses=[("P3", 100)]))
    said = words(blocks)
    assert "trial.toml has no part [neda]: these are the rules of the preset, without a re-baseline" in said
    assert "The window ends at month 12 (day 365); what serves its end lies from day 345 to day 395." in said
    assert "P1: NEDA-3, because no component shows activity and every one is known." in said
    assert (
        "P2: failed first on MRI lesion, day 360. Active: day 360, MRI lesion (the scan shows a new" in said
    )
    assert "P3: failed first on relapse, day 100." in said
    assert "P4: not evaluable" in said
    assert "Not known: MRI lesion (no scan lies near the end of the period)" in said
    figure = next(block for block in blocks if isinstance(block, Drawing))
    assert figure.data.frame.rows() == [
        ("without activity", 1),
        ("failed first on relapse", 1),
        ("failed first on confirmed worsening", 0),
        ("failed first on MRI lesion", 1),
        ("not evaluable", 1),
    ]


def test_without_scans_there_is_no_share_but_a_reason(build_trial: Build) -> None:
    trial = without(trial_of(build_trial, FOUR, relapses=[("P3", 100)]), "mri")
    found = only(trial)
    assert found.shares == ()
    (why_not,) = found.why_not
    assert why_not == (
        "NEDA-3 cannot be judged. MRI lesions (brain) are not known up to the end of the window in any of 4 "
        "treated patients. 1 patient failed on another component; no share is given, because nobody who did "
        "not fail can be shown to have it."
    )
    blocks = blocks_of(trial)
    assert not any(isinstance(block, Numbers) for block in blocks)
    assert "NEDA-3 cannot be judged" in words(blocks)
    figure = next(block for block in blocks if isinstance(block, Drawing))
    assert "without activity" not in figure.data.frame["patients are"].to_list()


def test_relapses_that_were_not_recorded_are_not_taken_as_none(build_trial: Build) -> None:
    found = only(without(trial_of(build_trial, {"P1": CLEAN}), "relapses"))
    assert found.shares == ()
    assert "Relapses are not known up to the end of the window in the one treated patient" in found.why_not[0]


def test_the_rebaseline_of_the_protocol_decides_what_counts(build_trial: Build) -> None:
    scans = {"P1": EARLY_LESION, "P2": CLEAN}
    assert only(trial_of(build_trial, scans)).shares[0].value == 0.5
    by_visit = only(trial_of(build_trial, scans, NedaPlan(rebaseline_visit="month 6")))
    assert by_visit.shares[0].value == 1.0
    assert "By trial.toml the new baseline is the scan of month 6 (day 153 to 213)." in by_visit.choices
    by_days = only(trial_of(build_trial, scans, NedaPlan(rebaseline_days=(153, 213))))
    assert by_days.definition == by_visit.definition
    assert "By trial.toml the new baseline is the scan of day 153 to 213." in by_days.choices
    none = only(trial_of(build_trial, scans, NedaPlan()))
    assert none.choices[0].startswith("By trial.toml there is no re-baseline scan")


def test_available_components_decide_only_when_the_protocol_says_so(build_trial: Build) -> None:
    plan = NedaPlan(missing="available")
    found = only(trial_of(build_trial, FOUR, plan))
    assert (found.shares[0].n, found.shares[0].value) == (4, 0.75)
    bare = only(without(trial_of(build_trial, FOUR, plan), "mri"))
    assert "MRI lesions (brain) are not known in anybody: the share is not NEDA-3" in bare.bounds[0]


def test_the_tolerance_of_the_protocol_replaces_the_window_of_the_visit(build_trial: Build) -> None:
    late = {"P1": {**NO_LAST_SCAN, 400: (0, 0, 0)}}
    assert only(trial_of(build_trial, late)).shares == ()
    found = only(trial_of(build_trial, late, NedaPlan(tolerance_days=45)))
    assert found.shares[0].value == 1.0
    assert "from day 320 to day 410" in found.choices[-1]


def test_neda_4_is_shown_only_with_brain_volume(build_trial: Build) -> None:
    two = {"P1": CLEAN, "P2": CLEAN}
    assert [found.label for found in judge_neda(trial_of(build_trial, two))] == ["NEDA-3"]
    three, four = judge_neda(trial_of(build_trial, two, volume={"P1": -0.2, "P2": -0.9}))
    assert (three.label, three.shares[0].value) == ("NEDA-3", 1.0)
    assert (four.label, four.shares[0].value) == ("NEDA-4", 0.5)
    assert four.failed.rows()[-1] == ("brain_volume", 1, 1)
    asked = only(trial_of(build_trial, two, NedaPlan(definition="neda-4")))
    assert asked.status is None
    assert f"mri.csv has no column {BRAIN_VOLUME_COLUMN}" in asked.why_not[0]


def test_a_change_of_brain_volume_that_is_no_number_is_refused(build_trial: Build) -> None:
    trial = trial_of(build_trial, {"P1": CLEAN}, volume={"P1": "small"})
    with pytest.raises(InputError, match=r"of 'P1' on day 360 is 'small'; it must be a number"):
        judge_neda(trial)


@pytest.mark.parametrize(
    ("worsening", "message"), [("cdw-12", "Did you mean 'cdw-12w'"), ("cdi-12w", "a worsening could stay")]
)
def test_a_definition_of_worsening_that_cannot_serve_is_refused(
    build_trial: Build, worsening: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        judge_neda(trial_of(build_trial, {"P1": CLEAN}, NedaPlan(worsening=worsening)))


def test_without_a_visit_after_the_first_dose_there_is_no_window(build_trial: Build) -> None:
    trial = trial_of(build_trial, {"P1": CLEAN})
    short = replace(trial.protocol, visits=trial.protocol.visits[:1])
    found = only(replace(trial, protocol=short))
    assert found.status is None
    assert "no visit is planned after day 0" in found.why_not[0]


def test_the_json_holds_every_status(build_trial: Build) -> None:
    report = rv.report.build(trial_of(build_trial, FOUR))
    (found,) = json.loads(json.dumps(report.to_dict(), allow_nan=False))["meta"]["neda"]
    assert [row["status"] for row in found["status"]["table"]] == ["neda", "failed", "neda", "not evaluable"]
    assert found["definition"]["rebaseline"] is None


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("dahbour_2017", "Relapses and MRI lesions (brain) are not"),
        ("lu_2012", "MRI lesions (brain) are not"),
    ],
)
def test_the_reconstructions_say_why_neda_cannot_be_judged(name: str, unknown: str) -> None:
    said = words(blocks_of(rv.read_trial(examples() / name)))
    assert "NEDA-3 cannot be judged" in said
    assert unknown in said
    assert ("what it means in NMOSD is not established" in said) is (name == "lu_2012")
