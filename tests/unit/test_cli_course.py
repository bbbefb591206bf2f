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


DATED = "subject,date,edss\nP1,2016-01-01,4.0\nP1,2016-03-31,5.0\nP1,2016-06-29,5.0\n"
PRE_TREATMENT = 'preset = "cdw-12w"\n[baseline]\nstart = "pre-treatment"\n'


def test_dates_without_first_doses_are_counted_from_the_first_visit_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text(DATED, encoding="utf-8")
    code, said, _ = call(tmp_path / "visits.csv", "--definition", "cdw-12w")
    assert code == 0
    assert "note: Dates were turned into days from each patient's first visit, which is day 0" in said
    assert "a pre-treatment baseline is not possible" in said


def test_dates_are_counted_from_the_first_dose_where_it_is_given(tmp_path: Path) -> None:
    for name, text in (
        ("visits.csv", DATED),
        ("relapses.csv", "subject,date\nP1,2016-03-21\n"),
        ("subjects.csv", "subject,first_dose_date\nP1,2016-01-11\n"),
        ("definition.toml", PRE_TREATMENT),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    code, said, _ = call(
        tmp_path / "visits.csv", "--relapses", tmp_path / "relapses.csv", "--subjects",
        tmp_path / "subjects.csv", "--definition", tmp_path / "definition.toml", "--json",
    )  # fmt: skip
    content = json.loads(said)
    assert code == 0
    assert content["day_zero"] == "first dose"
    event = content["events"][0]
    assert (event["day"], event["reference_day"], event["type"]) == (80, -10, "RAW")


def test_a_pre_treatment_baseline_needs_first_doses(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text(DATED, encoding="utf-8")
    (tmp_path / "definition.toml").write_text(PRE_TREATMENT, encoding="utf-8")
    code, _, error = call(tmp_path / "visits.csv", "--definition", tmp_path / "definition.toml")
    assert code == 2
    assert "give --subjects with first_dose_date" in error


def test_settings_that_were_written_are_a_definition_again(visits: Path, tmp_path: Path) -> None:
    file = tmp_path / "definition.toml"
    file.write_text('preset = "cdw-12w"\n[selection]\nevents = "all"\n', encoding="utf-8")
    first, again = tmp_path / "first", tmp_path / "again"
    assert call(visits, "--definition", file, "--out", first)[0] == 0
    assert call(visits, "--definition", first / "settings.json", "--out", again)[0] == 0
    for name in ("events.csv", "trace.csv", "settings.json"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    printed = tmp_path / "printed.json"
    printed.write_text(call(visits, "--definition", file, "--json")[1], encoding="utf-8")
    settings = json.loads(call(visits, "--definition", printed, "--json")[1])["settings"]
    assert settings == json.loads((first / "settings.json").read_text(encoding="utf-8"))["settings"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('preset = "cdw-12w"\n[baseline]\nscheme = "rovin"\n', "definition.toml: baseline: unknown"),
        ('preset = "cdw-12x"\n', "definition.toml: unknown definition 'cdw-12x'"),
        ("preset = cdw-12w\n", "definition.toml is not valid TOML"),
    ],
)
def test_a_file_that_is_no_definition_ends_with_2(visits: Path, text: str, words: str) -> None:
    file = visits.with_name("definition.toml")
    file.write_text(text, encoding="utf-8")
    code, _, error = call(visits, "--definition", file)
    assert code == 2
    assert words in error


def test_a_definition_file_that_is_not_there_is_not_taken_for_a_preset(visits: Path) -> None:
    code, _, error = call(visits, "--definition", visits.with_name("mine.toml"))
    assert code == 2
    assert "there is no file" in error
