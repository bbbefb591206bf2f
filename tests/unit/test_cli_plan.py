"""`ranvier new --plan` and `ranvier plan`: two commands to a page; nothing is written but to --out."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import ranvier as rv
from ranvier.cli import main
from ranvier.cli.demo import examples
from ranvier.simulate import _plan_look_tables, _plan_tables, plan_files

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--trials", "100")


def call(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    code, said, _ = call("new", "--plan", "my-plan")
    assert code == 0
    assert said.splitlines() == [
        "made my-plan with design.toml",
        (
            f"change it, or try it as it is: ranvier plan {Path('my-plan/design.toml')} "
            f"--out {Path('my-plan/page')}"
        ),
    ]
    return tmp_path / "my-plan" / "design.toml"


def test_two_commands_lead_to_a_page_with_numbers_beside_it(file):
    code, said, _ = call("plan", file, "--out", "my-plan/page", *FEW)
    assert code == 0
    first, page, numbers = said.splitlines()
    assert first.startswith(
        "With 20 patients in each arm this trial would show an effect (half a point better"
    )
    assert (Path(page).name, Path(numbers).name) == ("plan.html", "plan.json")
    html = Path(page).read_text(encoding="utf-8")
    assert "Cells against placebo in MS: a plan to start from" in html
    assert "Simulated, not patients" in html
    content = json.loads(Path(numbers).read_text(encoding="utf-8"))
    assert content["meta"]["data_kind"] == "simulated"
    assert content["meta"]["file"]["settings"] == {"trials": 100, "seed": 1, "processes": 1}
    rows = content["meta"]["characteristics"]["table"]
    assert {row["scenario"] for row in rows} == {"no effect", "half a point better", "one point better"}


def test_without_out_the_page_is_printed_and_nothing_is_written(file):
    code, said, _ = call("plan", file, *FEW)
    assert code == 0
    assert "For the protocol" in said
    assert [path.name for path in file.parent.iterdir()] == ["design.toml"]


def test_the_same_seed_gives_the_same_page_and_another_seed_another(file):
    _, first, _ = call("plan", file, *FEW, "--json")
    _, again, _ = call("plan", file, *FEW, "--json")
    _, other, _ = call("plan", file, *FEW, "--json", "--seed", 2)
    assert json.loads(first) == json.loads(again)
    assert (
        json.loads(other)["meta"]["characteristics"]["table"]
        != (json.loads(first)["meta"]["characteristics"]["table"])
    )


@pytest.mark.slow
def test_processes_change_no_number(file):
    tables = []
    for processes in (1, 2):
        _, said, _ = call("plan", file, "--trials", 2000, "--json", "--processes", processes)
        tables.append(json.loads(said)["meta"]["characteristics"]["table"])
    assert tables[0] == tables[1]


def test_a_single_arm_is_shown_beside_the_same_patients_randomised(tmp_path):
    _, said, _ = call("plan", examples() / "plan" / "simon" / "design.toml", *FEW, "--json")
    content = json.loads(said)
    assert content["meta"]["comparison"]["plan"]["sizes"] == {"cells": 9, "control": 9}
    caution = content["sections"][0]["blocks"][1]
    assert caution["tone"] == "caution"
    assert (
        "The better design: the same patients randomised 1:1 (9 and 9, treatment and control), where"
        in (caution["text"])
    )


def test_the_randomised_example_runs_with_looks_and_a_rule_for_harm():
    _, said, _ = call("plan", examples() / "plan" / "randomised" / "design.toml", *FEW, "--json")
    ends = next(section for section in json.loads(said)["sections"] if section["key"] == "ends")
    assert "How the virtual trials end." in [block.get("title") for block in ends["blocks"]]


def test_a_mistake_is_told_in_one_line_and_nothing_is_written(file):
    file.write_text(file.read_text("utf-8").replace("n = 20", "n = 0", 1), encoding="utf-8")
    code, said, wrong = call("plan", file, "--out", "page")
    assert (code, said) == (2, "")
    assert wrong.startswith("error: design.toml, [[arms]] 1: n of arm 'cells' is 0")
    assert wrong.count("\n") == 1
    assert not Path("page").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "absent.toml"), "there is no file 'absent.toml'; give a plan such as design.toml"),
        (("plan", "my-plan/design.toml", "--trials", "10"), "10 is not in the range x>=100"),
        (("plan", "my-plan/design.toml", "--processes", "0"), "0 is not in the range 1<=x<=256"),
        (("plan", "my-plan/design.toml", "--out", "my-plan/design.toml", *FEW), "is a file; name a folder"),
        (("new", "--plan", "my-plan"), "is there already and holds something"),
    ],
)
def test_what_cannot_be_used_is_refused(file, words, said):
    code, _, wrong = call(*words)
    assert code == 2
    assert said in wrong


def test_no_progress_is_drawn_where_nobody_watches(file):
    _, _, wrong = call("plan", file, *FEW)
    assert wrong == ""


def test_every_key_of_a_plan_stands_on_the_page_on_planning():
    page = (ROOT / "docs" / "planning.md").read_text(encoding="utf-8")
    tables = [*plan_files.SINGLE.values(), *_plan_look_tables.LOOKS.values()]
    tables += [_plan_tables.PatientTable, _plan_tables.ArmTable, _plan_tables.ScenarioTable]
    tables += [_plan_tables.CrossoverTable]
    keys = {field.name for table in tables for field in dataclasses.fields(table)}
    missing = sorted(key for key in keys if not re.search(rf"\b{key}\b", page))
    assert missing == []
    words = (*rv.simulate.PLAN_ENDPOINTS, *rv.simulate.PLAN_TESTS, *_plan_look_tables.LOOKS)
    assert [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", page)] == []


def test_every_endpoint_stands_in_the_plan_to_start_from(file):
    text = file.read_text(encoding="utf-8")
    assert [each for each in rv.simulate.PLAN_ENDPOINTS if each not in text] == []
