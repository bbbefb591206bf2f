"""The safety page, its stopping rules, and `ranvier safety`."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import ranvier as rv
from ranvier.cli import main
from ranvier.cli.demo import examples
from ranvier.errors import InputError
from ranvier.trial import STOPPING_EVENTS, Protocol, StoppingRule

RULES = """
[[stopping_rules]]
id = "serious"
text = "Stop when the share of patients with a serious event is above 10 %."
method = "binomial"
limit = 0.1
max_n = 10

[[stopping_rules]]
id = "rate"
text = "Stop when serious events are too frequent."
method = "poisson"
limit = 1
looks = [2, 5, 20]

[[stopping_rules]]
id = "board"
text = "The board may stop the trial at any time."
"""
EVENTS = """subject,day,term,end_day,body_system,grade,serious,related,outcome,procedure_related
A,1,headache,2,nervous,1,no,no,recovered,no
A,5,meningitis,20,infections,4,yes,yes,recovered,yes
B,9,headache,,nervous,2,no,no,recovered,no
B,30,sepsis,,infections,5,no,no,fatal,no
C,3,headache,,nervous,,no,no,recovered,no
S,3,cough,,thorax,1,no,no,recovered,no
"""
SUBJECTS = """subject,arm,diagnosis,treated,last_contact_day
A,cells,MS,yes,365
B,cells,MS,yes,30
C,cells,MS,yes,365
S,sham,MS,yes,365
T,sham,MS,yes,300
"""
TRIAL = """[trial]
id = "toy"
title = "A toy"
design = "rct_parallel"
data_kind = "simulated"
disease = "MS"
[product]
cell_class = "MSC"
[[arms]]
id = "cells"
label = "Cells"
[[arms]]
id = "sham"
label = "Sham"
role = "control"
[[visits]]
label = "baseline"
day = 0
baseline = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "toy"
    made.mkdir()
    (made / "trial.toml").write_text(TRIAL + RULES, encoding="utf-8")
    (made / "subjects.csv").write_text(SUBJECTS, encoding="utf-8")
    (made / "adverse_events.csv").write_text(EVENTS, encoding="utf-8")
    visits = "subject,day,visit,edss\n" + "".join(f"{name},0,baseline,4.0\n" for name in "ABCST")
    (made / "visits.csv").write_text(visits, encoding="utf-8")
    return made


def call(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["safety", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_page_opens_with_the_bound_the_deaths_and_the_state_of_the_rules(folder):
    text = rv.report.build_safety(rv.read_trial(folder)).explain()
    assert "Cells: 2 of 3 patients had a serious or fatal adverse event" in text
    assert "Sham: 0 of 2 patients" in text
    assert "1 fatal event not marked as serious" in text
    assert "Stopping rule serious: 2 of 3 so far: stop. At 3 patients the rule stops at 2 or more." in text
    assert "Stopping rule rate: 2 in 2.1 so far: continue." in text
    assert "board" not in text


def test_every_number_of_the_page_comes_with_it(folder):
    trial = rv.read_trial(folder)
    harms = rv.verdict.analyse_harms(trial)
    assert harms.comparison is not None
    assert harms.comparison.reference == "sham"
    assert harms.worst is not None
    page = rv.report.build_safety(trial)
    content = page.to_dict()
    json.dumps(content, allow_nan=False)
    assert [rule["state"] for rule in content["meta"]["stopping_rules"]] == [
        "2 of 3 so far: stop",
        "2 in 2.1 so far: continue",
    ]
    assert page.html().count("<svg") == 6
    assert [section.key for section in page.sections] == [
        "result",
        "events",
        "comparison",
        "time",
        "serious",
        "findings",
        "methods",
    ]


def test_zero_events_are_put_beside_the_registry():
    page = rv.report.build_safety(rv.read_trial(examples() / "dahbour_2017")).explain()
    assert "0 of 10 patients had a serious or fatal" in page
    assert "30.8 %" in page
    assert "studies of the registry" in page
    assert "this one treated 10" in page


def test_trial_report_shows_the_rule_and_the_comparison(folder):
    shutil.rmtree(folder / "none", ignore_errors=True)
    (folder / "adverse_events.csv").write_text(EVENTS.replace("5,no,no,fatal", "4,no,no,recovered"), "utf-8")
    report = rv.report.build(rv.read_trial(folder))
    safety = next(section for section in report.sections if section.key == "safety")
    titles = {getattr(block, "key", "") for block in safety.blocks}
    assert {"event-dots", "worst-grade", "first-events", "events-over-time", "stopping-serious"} <= titles
    assert "1 of 3 so far: continue" in report.explain()


def test_command_prints_text_and_writes_nothing(folder):
    before = sorted(folder.iterdir())
    code, said, warned = call(folder)
    assert (code, "Stopping rule serious" in said) == (1, True)
    assert "errors; see Data findings" in warned
    assert sorted(folder.iterdir()) == before


def test_command_writes_page_and_tables(folder, tmp_path):
    out = tmp_path / "new" / "out"
    code, said, _ = call(folder, "--out", out, "--by", "term")
    assert code == 1
    names = {path.name for path in out.iterdir()}
    assert names == {
        "safety.html",
        "safety.json",
        "incidence.csv",
        "comparison.csv",
        "no_events.csv",
        "serious_events.csv",
        "first_events.csv",
        "events_over_time.csv",
        "worst_grade.csv",
        "stopping_rules.csv",
    }
    assert str(out / "incidence.csv") in said
    table = pl.read_csv(out / "incidence.csv")
    assert table.filter(arm="cells", event="headache")["subjects"].item() == 3


def test_command_gives_json(folder):
    code, said, _ = call(folder, "--json", "--among", "serious")
    content = json.loads(said)
    assert code == 1
    assert {row["term"] for row in content["tables"]["serious_events"]} == {"meningitis", "sepsis"}


def test_command_is_fine_without_findings():
    assert call(examples() / "dahbour_2017")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--by", "organ"), "unknown grouping of adverse events 'organ'"),
        (("--among", "severe"), "unknown class of adverse events 'severe'"),
        (("--product", "DRUG"), "write the treatment and what it is"),
    ],
)
def test_command_refuses_with_words(folder, words, said):
    code, _, warned = call(folder, *words)
    assert code == 2
    assert said in warned


@pytest.mark.slow
def test_example_reports_the_synthetic_sdtm_files(tmp_path, monkeypatch, capsys):
    script = examples() / "safety" / "run.py"
    monkeypatch.setattr(sys, "argv", [str(script), "--out", str(tmp_path / "out")])
    runpy.run_path(str(script), run_name="__main__")
    said = capsys.readouterr().out
    assert "of 19 patients had a serious or fatal adverse event" in said
    assert "A rule that this trial could have had: Stop if 2 of 2" in said
    page = (tmp_path / "out" / "safety.html").read_text(encoding="utf-8")
    assert "Simulated, not patients" in page
    assert (
        pl.read_csv(tmp_path / "out" / "incidence.csv").filter(kind="term")["events"].sum() == 170 - 7
    )  # before the dose


def test_events_that_a_rule_can_count_are_the_classes_of_safety():
    assert set(STOPPING_EVENTS) == set(rv.safety.EVENT_CLASSES)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"limit": 0.1}, r"has \['limit'\] but no method"),
        ({"method": "binom", "limit": 0.1, "max_n": 5}, "Did you mean 'binomial'"),
        ({"method": "binomial", "max_n": 5}, "has no limit"),
        ({"method": "binomial", "limit": 0.1}, "either max_n or looks"),
        ({"method": "binomial", "limit": 0.1, "max_n": 5, "events": ("severe",)}, "unknown events"),
        ({"method": "binomial", "limit": 0.1, "max_n": 5, "events": ()}, "counts no events"),
        ({"method": "binomial", "limit": 0.1, "max_n": 5, "min_grade": 6}, "min_grade is 6"),
        ({"method": "binomial", "limit": 0.1, "max_n": 5, "window_days": -1}, "window_days is -1"),
    ],
)
def test_rule_that_cannot_be_used_is_refused_with_words(given, words):
    with pytest.raises(InputError, match=words):
        StoppingRule(id="r", text="t", **given)


def test_rule_that_names_an_unknown_arm_is_refused(folder):
    text = (
        TRIAL + '[[stopping_rules]]\nid="r"\ntext="t"\nmethod="binomial"\nlimit=0.1\nmax_n=5\narms=["cell"]\n'
    )
    (folder / "trial.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="Did you mean 'cells'"):
        rv.read_trial(folder)


def test_protocol_keeps_the_rule_as_given(folder):
    protocol: Protocol = rv.read_trial(folder).protocol
    assert protocol.stopping_rules[1].looks == (2.0, 5.0, 20.0)
    assert protocol.stopping_rules[2].method is None


def test_trial_without_a_table_of_events_says_so(folder):
    (folder / "adverse_events.csv").unlink()
    with pytest.raises(InputError, match="no table of adverse events"):
        rv.report.build_safety(rv.read_trial(folder))
