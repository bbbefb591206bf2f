"""The parts [entry] and [neda] of trial.toml: what they hold, what is refused, and reading back."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ranvier import course, stats
from ranvier.errors import InputError
from ranvier.io import read_trial, write_trial
from ranvier.trial import ENTRY_RULES, NEDA_NAMES, PREVENT_ENTRY, Entry, EntryRule, NedaPlan, Protocol

BASE: dict[str, Any] = {
    "trial": {"id": "t", "title": "T", "design": "single_arm", "data_kind": "patients", "disease": "MS"},
    "visits": [
        {"label": "baseline", "day": 0, "baseline": True},
        {"label": "month 6", "day": 183, "window": [-30, 30]},
        {"label": "month 12", "day": 365, "window": [-30, 30]},
    ],
}
WRITTEN = """
[entry]
min_relapses = 2
window_years = 1
or_else = {min_relapses = 3, window_years = 2, also = {min_relapses = 1, window_years = 1}}
rate_per_year = 1
size = 1.24
source = "our registry"

[neda]
rebaseline_visit = "month 6"
missing = "available"
regions = ["brain", "spinal cord"]
"""


def entry(**keys: Any) -> Entry | None:
    return Protocol.from_dict(BASE | {"entry": keys}).entry


def test_a_rule_that_is_written_out_equals_the_one_of_that_name() -> None:
    written = Protocol.from_dict(BASE | tomllib.loads(WRITTEN)).entry
    assert written is not None
    assert written.relapses == PREVENT_ENTRY == stats.PREVENT_ENTRY
    assert (written.rate_per_year, written.size, written.source) == (1.0, 1.24, "our registry")
    named = entry(rule="prevent")
    assert named is not None
    assert named.relapses == PREVENT_ENTRY


def test_without_the_parts_nothing_is_assumed() -> None:
    protocol = Protocol.from_dict(BASE)
    assert protocol.entry is None
    assert protocol.neda is None


def test_every_name_of_a_rule_is_known_to_stats() -> None:
    assert set(ENTRY_RULES.values()) == {stats.PREVENT_ENTRY, stats.TWO_IN_TWO_YEARS}


@pytest.mark.parametrize(
    ("days", "meets"),
    [
        ([-30, -365], True),
        ([-30, -366], False),
        ([-30, -366, -730], True),
        ([-366, -500, -730], False),
        ([-30, 0, 40], False),
        ([], False),
    ],
)
def test_the_prevent_rule_counts_relapses_before_entry(days: list[int], meets: bool) -> None:
    assert PREVENT_ENTRY.holds(days) is meets


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"rule": "prevnt"}, "unknown rule of .entry. 'prevnt'.*Did you mean 'prevent'"),
        ({"rule": "prevent", "min_relapses": 2}, "writes a rule out as well; keep one"),
        ({}, "needs min_relapses and window_years, or rule as one of"),
        ({"min_relapses": 2}, "needs min_relapses and window_years"),
        ({"min_relapses": -1, "window_years": 1}, "min_relapses is -1; it must be a whole number"),
        ({"min_relapses": 2.5, "window_years": 1}, "min_relapses: 2.5 must be a whole number"),
        ({"min_relapses": 2, "window_years": 0}, "window_years is 0.0; it must be finite and above 0"),
        ({"min_relapses": 2, "window_years": "1"}, "window_years: '1' must be a number"),
        (
            {"min_relapses": 2, "window_years": 1, "also": {"min_relapses": 1}},
            r"also: \['window_years'\] must be set",
        ),
        ({"rule": "prevent", "rate_per_year": 0.6}, "without source"),
        ({"rule": "prevent", "rate_per_year": 0, "source": "s"}, "rate_per_year of .entry. is 0.0"),
        ({"rule": "prevent", "size": -1.0, "source": "s"}, "size of .entry. is -1.0"),
        ({"windows_years": 1}, "unknown key 'windows_years'.*Did you mean 'window_years'"),
    ],
)
def test_a_wrong_entry_rule_is_refused_with_its_place(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"trial.toml, entry.*{words}"):
        entry(**keys)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"definition": "neda-5"}, "unknown definition of .neda. 'neda-5'"),
        ({"missing": "strickt"}, "Did you mean 'strict'"),
        ({"rebaseline_visit": "month 7"}, "Did you mean 'month 6'"),
        ({"rebaseline_visit": "baseline"}, "window begins on day 0; the new baseline must come after"),
        ({"rebaseline_visit": "month 6", "rebaseline_days": [1, 2]}, "keep one of them"),
        ({"rebaseline_days": [240, 150]}, r"rebaseline_days of .neda. is \[240, 150\]"),
        ({"rebaseline_days": [0, 150]}, "after the first dose"),
        ({"rebaseline_gad": True}, "rebaseline_gad without a re-baseline"),
        ({"regions": ["spine"]}, "unknown regions of .neda. 'spine'"),
        ({"mri_counts": []}, "name at least one, each once"),
        ({"tolerance_days": -1}, "tolerance_days of .neda. is -1"),
    ],
)
def test_a_wrong_plan_of_neda_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Protocol.from_dict(BASE | {"neda": keys})


def test_the_plan_of_neda_starts_from_what_the_presets_have() -> None:
    plan = NedaPlan()
    assert set(NEDA_NAMES) == set(course.NEDA_PRESETS)
    for preset in course.NEDA_PRESETS.values():
        for name in ("missing", "regions", "mri_counts", "rebaseline_gad", "rebaseline_clinical"):
            assert getattr(plan, name) == getattr(preset, name)
        assert preset.rebaseline is None


def test_both_parts_are_written_and_read_back(trial_folder: Path, tmp_path: Path) -> None:
    trial = read_trial(trial_folder)
    content = BASE | tomllib.loads(WRITTEN)
    protocol = Protocol.from_dict(content | {"arms": [{"id": "cells", "label": "Cells"}]})
    again = read_trial(write_trial(dataclasses.replace(trial, protocol=protocol), tmp_path / "copy"))
    assert again.protocol == protocol
    assert isinstance(again.protocol.entry, Entry)
    assert isinstance(again.protocol.entry.or_else, EntryRule)
