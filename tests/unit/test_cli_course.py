"""`ranvier course`: one file of visits in, events with their trace and settings out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ranvier.cli import main

VISITS = "subject,day,edss\nP1,0,4.0\nP1,90,5.0\nP1,180,5.0\nP2,0,3.0\nP2,90,3.0\n"


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    file = tmp_path / "visits.csv"
    file.write_text(VISITS, encoding="utf-8")
    return file


def call(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["course", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def test_settings_and_counts_are_printed_and_nothing_is_written(visits: Path) -> None:
    code, said, _ = call(visits, "--definition", "cdw-12w")
    assert code == 0
    assert "Disability was followed by EDSS." in said
    assert "1 worsening in 1 patient of 2" in said
    assert "No table of relapses was given" in said
    assert [path.name for path in visits.parent.iterdir()] == ["visits.csv"]


def test_events_trace_and_settings_are_written_to_the_folder(visits: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    code, said, _ = call(visits, "--definition", "CDW_12W", "--out", out)
    assert code == 0
    assert sorted(path.name for path in out.iterdir()) == ["events.csv", "settings.json", "trace.csv"]
    assert str(out / "events.csv") in said
    lines = (out / "events.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith("P1,edss,worsening,,90,0,4.0,5.0,1.0,180,180,180")
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert settings["definition"] == "cdw-12w"
    assert len(settings["settings"]["hash"]) == 64
    assert settings["counts"] == [{"event": "worsening", "type": None, "events": 1, "patients": 1}]
    assert "P2,0,candidate,none,no-change" in (out / "trace.csv").read_text(encoding="utf-8")


def test_json_holds_the_events(visits: Path) -> None:
    code, said, _ = call(visits, "--definition", "cdw-12w", "--json")
    content = json.loads(said)
    assert code == 0
    assert content["events"][0]["confirmed_day"] == 180
    assert content["patients"] == 2


def test_relapses_give_worsening_its_type(visits: Path, tmp_path: Path) -> None:
    relapses = tmp_path / "relapses.csv"
    relapses.write_text("subject,day\nP1,80\n", encoding="utf-8")
    code, said, _ = call(visits, "--relapses", relapses, "--definition", "cdw-12w", "--json")
    assert code == 0
    assert json.loads(said)["counts"][0]["type"] == "RAW"


def test_windows_without_a_visit_stay_empty_between_the_marks(visits: Path, tmp_path: Path) -> None:
    relapses = tmp_path / "relapses.csv"
    relapses.write_text("subject,day\n", encoding="utf-8")
    out = tmp_path / "out"
    assert call(visits, "--relapses", relapses, "--definition", "kappos-2020", "--out", out)[0] == 0
    row = (out / "events.csv").read_text(encoding="utf-8").splitlines()[1].split(",")
    assert row[10] == "180;"


@pytest.mark.parametrize(
    ("name", "content", "definition", "words"),
    [
        ("visits.csv", VISITS, "cdw-12", "Did you mean 'cdw-12w'"),
        ("visit.csv", VISITS, "cdw-12w", "Did you mean 'visit.csv'"),
        ("visits.csv", "subject,days,edss\nP1,0,4\n", "cdw-12w", "the column 'day'"),
        ("visits.csv", "subject,day,edss\nP1,0,four\n", "cdw-12w", "row 2, column edss: 'four'"),
        ("visits.csv", "subject,day,edss\nP1,0,4\nP1,0,5\n", "cdw-12w", "two values of edss on day 0"),
        ("visits.csv", VISITS, "pira-12w", "needs relapses"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_line(
    tmp_path: Path, name: str, content: str, definition: str, words: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    code, said, error = call(tmp_path / "visits.csv", "--definition", definition, "--out", tmp_path / "out")
    assert code == 2
    assert said == ""
    assert words in error
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_refused(visits: Path) -> None:
    code, _, error = call(visits, "--definition", "cdw-12w", "--out", visits)
    assert code == 2
    assert "is a file; name a folder" in error
