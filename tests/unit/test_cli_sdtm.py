"""The commands that take a trial folder take a folder of SDTM files as well."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from click.testing import CliRunner

from ranvier.cli import main

MAKE = runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "safety" / "make_sdtm.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(MAKE["write"](tmp_path_factory.mktemp("synthetic")))


def test_check_prints_the_findings_of_sdtm_files(folder: str) -> None:
    done = CliRunner().invoke(main, ["check", folder, "--json"])
    assert done.exit_code == 1, done.output
    rules = {row["rule"] for row in json.loads(done.output)}
    assert {"sdtm-screen-failure", "sdtm-arm-differs", "sdtm-date-partial", "sdtm-not-mapped"} <= rules


@pytest.mark.slow
def test_report_is_made_from_sdtm_files_and_says_that_they_are_simulated(folder: str) -> None:
    done = CliRunner().invoke(main, ["report", folder])
    assert done.exit_code == 0, done.output
    assert "simulated" in done.output
