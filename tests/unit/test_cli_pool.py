"""`ranvier pool`: text, numbers and page; errors in the table stop it; nothing is written but to --out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import ranvier as rv
from ranvier.cli import main
from ranvier.report import Drawing

LOGIT = ("--measure", "logit proportion")
TABLE = """study,events,n,cell_class,design,disease
Petrou 2021,10,24,MSC,single_arm,MS
Bonab 2012,4,22,MSC,single_arm,MS
Harris 2021,7,18,MSC-NP,single_arm,MS
Fu 2016,6,15,MSC,single_arm,NMOSD
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "studies.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def call(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["pool", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def changed(file: Path, old: str, new: str) -> Path:
    file.write_text(TABLE.replace(old, new), encoding="utf-8")
    return file


def test_what_is_printed_is_what_pool_gives(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said, _ = call(file, *LOGIT)
    assert code == 0
    sizes = rv.evidence.effect_size(rv.evidence.read_studies(file), measure="logit proportion")
    assert said.startswith(rv.evidence.pool(sizes).explain())
    assert "care: One arm per study, without a comparison" in said
    assert [path.name for path in tmp_path.iterdir()] == ["studies.csv"]


def test_page_and_numbers_are_written(file, tmp_path):
    code, said, _ = call(file, *LOGIT, "--by", "disease", "--out", tmp_path / "out")
    assert code == 0
    assert [Path(line).name for line in said.splitlines()] == ["pool.html", "pool.json"]
    content = json.loads((tmp_path / "out" / "pool.json").read_text(encoding="utf-8"))
    assert list(content["meta"]["pools"]) == ["MS", "NMOSD"]
    html = (tmp_path / "out" / "pool.html").read_text(encoding="utf-8")
    assert "One study; nothing was pooled." in html
    assert html.count("<svg") == 1


def test_numbers_are_printed_as_json(file):
    code, said, _ = call(file, *LOGIT, "--json")
    assert code == 0
    content = json.loads(said)
    assert content["pools"]["all studies"]["estimates"][0]["quantity"] == "pooled share of patients"
    assert content["lints"]["all studies"][0]["code"] == "pool_alone"
    assert content["findings"] == []


def test_method_interval_and_level_reach_the_pool(file):
    _, said, _ = call(file, *LOGIT, "--method", "common", "--interval", "wald", "--level", "0.9")
    assert "90 % interval" in said
    assert "normal distribution" in said


def test_errors_in_the_table_stop_the_pool_and_nothing_is_written(file, tmp_path):
    code, said, _ = call(changed(file, "disease\n", "certainty\n"), *LOGIT, "--out", tmp_path / "out")
    assert code == 0, said
    changed(file, ",MS\nB", ",D\nB").write_text(
        file.read_text("utf-8").replace("disease", "certainty"), encoding="utf-8"
    )
    code, said, _ = call(file, *LOGIT, "--out", tmp_path / "other")
    assert code == 1
    assert "error certainty-d: studies.csv, row 2, study Petrou 2021, column certainty = 'D'" in said
    assert "Pooled" not in said
    assert not (tmp_path / "other").exists()


def test_queries_stand_beside_the_result_and_set_the_status(file):
    code, said, warned = call(changed(file, "24,MSC,single_arm", "24,MSC,rct_parallel"), *LOGIT)
    assert code == 1
    assert "Pooled share of patients" in said
    assert "query rct-as-single-arm: studies.csv, row 2, study Petrou 2021" in warned
    code, said, _ = call(file, *LOGIT, "--json")
    assert code == 1
    assert json.loads(said)["findings"][0]["rule"] == "rct-as-single-arm"


def test_a_pooled_value_that_is_made_of_additions_only_sets_the_status(file):
    none = TABLE.replace(",10,24", ",0,24").replace(",4,22", ",0,22").replace(",7,18", ",0,18")
    file.write_text(none.replace(",6,15", ",0,15"), encoding="utf-8")
    code, said, _ = call(file, *LOGIT)
    assert code == 1
    assert "wrong: No study had an event: 0 of 79; the true share could be up to 4.6 %." in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("events", "event", "unknown column 'event'. Did you mean 'events'"),
        ("cell_class", "cell_clas", "Did you mean 'cell_class'"),
        ("events,", "cases,", "data lacks the columns ['events']"),
        ("Petrou 2021,10", "Petrou 2021,ten", "row 2, column 'events': 'ten' is not a number"),
        ("22,MSC", "22,aHSCT", "aHSCT is chemotherapy and is never pooled with other cells"),
        (TABLE[TABLE.index("Petrou") :], "", "holds no study"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_to_do(file, old, new, words):
    code, said, warned = call(changed(file, old, new), *LOGIT)
    assert (code, said) == (2, "")
    assert words in warned


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--measure", "logit proportio"), "Did you mean 'logit proportion'"),
        ((), "data lacks the columns ['effect', 'variance']"),
        ((*LOGIT, "--by", "diseas"), "Did you mean 'disease'"),
        ((*LOGIT, "--method", "remel"), "Did you mean 'reml'"),
        ((*LOGIT, "--level", "95"), "level is 95"),
    ],
)
def test_options_that_cannot_be_used_are_refused(file, options, words):
    code, said, warned = call(file, *options)
    assert (code, said) == (2, "")
    assert words in warned


def test_a_missing_file_is_named_with_the_nearest(file):
    code, _, warned = call(file.with_name("study.csv"), *LOGIT)
    assert code == 2
    assert "Did you mean 'studies.csv'?" in warned


def test_page_of_a_pool_draws_every_group_and_asks_the_questions(file):
    studies = rv.evidence.read_studies(changed(file, "24,MSC,single_arm", "24,MSC,rct_parallel"))
    page = rv.report.build_pool(rv.evidence.pool_table(studies, measure="logit proportion"))
    assert [section.key for section in page.sections] == ["result-1", "findings", "methods"]
    (figure,) = [block for block in page.sections[0].blocks if isinstance(block, Drawing)]
    assert "var(--s1" in figure.svg
    assert all(f">{name}<" in figure.svg for name in studies["study"])


ARMS = {
    "study": ["A", "B", "C"],
    "events": [0, 2, 3],
    "n": [10, 12, 20],
    "events_control": [2, 3, 4],
    "n_control": [11, 12, 19],
}


@pytest.mark.parametrize("measure", ["risk ratio", "risk difference"])
def test_a_cell_of_zero_is_pooled_without_an_addition(measure):
    found = rv.evidence.pool_table(ARMS, measure=measure).pools["all studies"]
    plain = rv.evidence.mantel_haenszel(ARMS, measure=measure)
    assert found.diagnostics["value"] == plain.diagnostics["value"]
    assert found.studies["added"].sum() == 0
    assert "Mantel and Haenszel needs none" in found.explain()
    full = {**ARMS, "events": [1, 2, 3]}
    assert rv.evidence.pool_table(full, measure=measure).pools["all studies"].method == "reml"
    chosen = rv.evidence.pool_table(ARMS, measure=measure, method="reml").pools["all studies"]
    assert chosen.method == "reml"
