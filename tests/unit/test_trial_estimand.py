"""The estimand of ICH E9(R1) in trial.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.trial import STRATEGIES

PARTS = """
[estimand]
population = "adults with MS"
treatment = "cells against placebo"
endpoint = "change of EDSS at month 12"
summary = "difference of means"
intercurrent_events = [
    { event = "rescue therapy", strategy = "treatment policy" },
    { event = "death", strategy = "composite" },
]
"""


def put(folder: Path, text: str) -> None:
    path = folder / "trial.toml"
    path.write_text(path.read_text("utf-8") + text, encoding="utf-8")


def test_an_estimand_is_read_reported_and_written_again(trial_folder: Path, tmp_path: Path) -> None:
    put(trial_folder, PARTS)
    trial = rv.read_trial(trial_folder)
    estimand = trial.protocol.estimand
    assert estimand is not None
    assert [part.strategy for part in estimand.intercurrent_events] == ["treatment policy", "composite"]
    assert "Estimand (ICH E9 R1). Population: adults with MS." in rv.report.build(trial).html()
    rv.io.write_trial(trial, tmp_path / "copy")
    assert rv.read_trial(tmp_path / "copy").protocol == trial.protocol


def test_a_trial_without_estimand_has_none(trial_folder: Path) -> None:
    assert rv.read_trial(trial_folder).protocol.estimand is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "composite",
            "composit",
            r"unknown strategy of intercurrent event 'death'.*Did you mean 'composite'",
        ),
        ('event = "death"', 'event = " "', "no text"),
        ('event = "death"', 'event = "rescue therapy"', "more than once"),
        ('summary = "difference of means"\n', "", r"\['summary'\] must be set"),
        ('"adults with MS"', '""', "population of the estimand is empty"),
    ],
)
def test_a_wrong_estimand_says_where(trial_folder: Path, old: str, new: str, message: str) -> None:
    put(trial_folder, PARTS.replace(old, new))
    with pytest.raises(InputError, match=message):
        rv.read_trial(trial_folder)


def test_the_page_on_trial_folders_names_every_strategy() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "trial-folder.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in STRATEGIES)
