"""The commands: what they print, their exit status, and that nothing is written but to --out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ranvier.cli import main
from ranvier.cli.demo import examples

COMMANDS = ("demo", "new", "check", "score", "report", "appraise", "plan")
GRADES = "subject,day,visual,brainstem,pyramidal,cerebellar,sensory,bowel_bladder,cerebral,ambulation,edss\n"
CLAIMS = str(examples() / "news_article" / "claims.toml")


def ranvier(*arguments: str | Path) -> Result:
    """Run a command; a traceback is a failure whatever the test."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def fails(done: Result, status: int, words: str) -> None:
    """Require the exit status and one message with these words."""
    assert done.exit_code == status, done.output
    assert words in done.stderr
    assert done.stderr.count("error: ") + done.stderr.count("Error: ") == 1
    assert done.stdout == ""


@pytest.fixture
def grades(tmp_path: Path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(GRADES + "P1,0,1,1,3,2,2,1,1,2,4.5\nP2,0,,,,,,,,,6.0\n", encoding="utf-8")
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_help_names_every_command() -> None:
    done = ranvier("--help")
    assert done.exit_code == 0
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_offers_json(command: str) -> None:
    done = ranvier(command, "--help")
    assert done.exit_code == 0
    assert "--json" in done.stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from ranvier.cli import main; main(['report', '--help'], standalone_mode=False);"
        "print(sorted({'numpy', 'polars', 'scipy', 'matplotlib', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_module_runs_as_the_command_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ranvier", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ranvier, version ")


def test_misspelt_command_is_a_usage_error() -> None:
    assert ranvier("chek").exit_code == 2


@pytest.mark.slow
def test_demo_writes_five_pages_with_their_numbers_and_nothing_else(tmp_path: Path) -> None:
    done = ranvier("demo", "--out", tmp_path / "out")
    assert done.exit_code == 0
    pages = [
        f"{name}.{ending}"
        for name in ("article", "dahbour_2017/report", "evidence", "lu_2012/report", "plan/plan")
        for ending in ("html", "json")
    ]
    assert [name for name in files(tmp_path / "out") if "." in name] == pages
    assert files(tmp_path)[0] == "out"
    for words in ("not shown to be effective", "up to 21.8 %", "lesion volume rose", "matches another trial"):
        assert words in done.stdout


def test_demo_into_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("kept", encoding="utf-8")
    fails(ranvier("demo", "--out", tmp_path / "out"), 2, "is a file")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "kept"


def test_new_makes_a_folder_that_check_understands(here: Path) -> None:
    made = ranvier("new", "trial")
    assert made.exit_code == 0
    assert "ranvier check trial" in made.stdout
    fails(ranvier("check", "trial"), 2, "subjects.csv holds no patients yet")
    fails(ranvier("report", "trial", "--out", "out"), 2, "subjects.csv holds no patients yet")
    assert files(here)[0] == "trial"
    assert not Path("out").exists()
    fails(ranvier("new", "trial"), 2, "is there already")


def test_new_trial_suggests_a_cell_class_that_a_report_accepts(here: Path) -> None:
    import tomllib

    from ranvier.evidence import CELL_FAMILIES

    ranvier("new", "trial")
    text = Path("trial/trial.toml").read_text(encoding="utf-8").replace("# cell_class", "cell_class")
    assert tomllib.loads(text)["product"]["cell_class"] in CELL_FAMILIES


def test_new_tells_its_files_as_json(here: Path) -> None:
    content = json.loads(ranvier("new", "trial", "--json").stdout)
    assert "trial.toml" in content["files"]


def test_check_of_a_sound_trial_ends_well(trial_folder: Path) -> None:
    done = ranvier("check", trial_folder)
    assert (done.exit_code, done.stdout) == (0, "nothing found\n")
    assert json.loads(ranvier("check", trial_folder, "--json").stdout) == []


def test_check_counts_one_error_in_the_singular_and_says_where(trial_folder: Path) -> None:
    spoil(trial_folder / "visits.csv", ",2,4.5,", ",2,4.25,")
    done = ranvier("check", trial_folder)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].startswith("error edss-grid: visits.csv, row 2, patient P1, day -7")
    assert done.stdout.splitlines()[-1] == "1 error, 0 queries"
    found = json.loads(ranvier("check", trial_folder, "--json").stdout)
    assert [(each["rule"], each["row"]) for each in found] == [("edss-grid", 2)]


def test_check_names_the_file_where_the_examiner_differs(trial_folder: Path) -> None:
    spoil(trial_folder / "visits.csv", ",2,4.5,", ",2,4.0,")
    done = ranvier("check", trial_folder)
    assert done.exit_code == 1
    assert "query edss-differs: visits.csv, row 2, patient P1" in done.stdout
    assert "0 errors, " in done.stdout


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_score_gives_each_row_its_step_and_rule(grades: Path) -> None:
    done = ranvier("score", grades, "--coding", "0-16")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("subject,day,edss")
    assert lines[1].startswith("P1,0,4.5,4.5,4.5,")
    assert len(lines) == 3


def test_score_writes_a_file_and_nothing_else(grades: Path, tmp_path: Path) -> None:
    done = ranvier("score", grades, "--coding", "0-16", "--out", tmp_path / "scored.csv")
    assert done.stdout == f"{tmp_path / 'scored.csv'}\n"
    assert files(tmp_path) == ["grades.csv", "scored.csv"]
    told = json.loads(
        ranvier("score", grades, "--coding", "0-16", "--out", tmp_path / "b.csv", "--json").stdout
    )
    assert told["written"] == [str(tmp_path / "b.csv")]
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "scored.csv").read_bytes()


def test_score_tells_where_the_examiner_differs(grades: Path) -> None:
    spoil(grades, ",4.5\n", ",3.5\n")
    done = ranvier("score", grades, "--coding", "0-16")
    assert done.exit_code == 1
    assert "row 2, patient P1: " in done.stderr
    found = json.loads(ranvier("score", grades, "--coding", "0-16", "--json").stdout)
    assert len(found["findings"]) == 1
    assert len(found["rows"]) == 2


ONE = ("score", "--coding", "0-16", "--ambulation", "12")


def test_score_of_one_patient_is_one_sentence() -> None:
    done = ranvier(*ONE)
    assert (done.exit_code, done.stdout.startswith("EDSS 8.0: ")) == (0, True)
    assert json.loads(ranvier(*ONE, "--json").stdout)["rows"][0]["edss"] == 8.0
    assert ranvier("score", "--coding", "0-16", "--pyramidal", "3").stdout == "EDSS not known\n"


def test_score_of_one_patient_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    assert ranvier(*ONE, "--out", tmp_path / "one.csv").exit_code == 0
    assert ",8.0," in (tmp_path / "one.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--ambulation", "2"), "Missing option '--coding'"),
        (("--coding", "0-15", "--ambulation", "2"), "unknown ambulation_coding '0-15'"),
        (("--coding", "0-16"), "give either a FILE of grades or the grades of one patient"),
        (("--coding", "0-16", "--pyramidal", "9"), "pyramidal is 9; allowed are whole numbers from 0 to 6"),
        (("--coding", "0-16", "--pyramidal", "2.5"), "'2.5' is not a valid integer"),
        (("--coding", "0-16", "--ambulation", "2", "--scheme", "neuro"), "unknown scheme 'neuro'"),
        (("--coding", "0-16", "nothing.csv"), "there is no file 'nothing.csv'"),
        (("--coding", "0-16", "nothing.csv", "--ambulation", "2"), "give either a FILE"),
    ],
)
def test_score_refuses_in_words(here: Path, arguments: tuple[str, ...], words: str) -> None:
    fails(ranvier("score", *arguments), 2, words)
    assert files(here) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pyramidal", "pyramidial", "pyramidial"),
        ("P1,0,1,1,3,", "P1,0,1,1,2.5,", "2.5"),
        ("P1,0,1,1,3,", "P1,0,1,1,n.d.,", "n.d."),
        ("P1,0,1,1,3,", "P1,0,1,1,", "line 2: 10 cells"),
        (",cerebral,", ",mood,", "the columns ['cerebral'] are missing"),
        (",4.5\n", ",4.25\n", "4.25"),
        (",2,4.5\n", ",17,4.5\n", "17"),
        (",2,4.5\n", ",-1,4.5\n", "-1"),
    ],
)
def test_file_of_grades_is_refused_in_words(grades: Path, old: str, new: str, words: str) -> None:
    spoil(grades, old, new)
    out = grades.parent / "scored.csv"
    fails(ranvier("score", grades, "--coding", "0-16", "--out", out), 2, words)
    assert files(grades.parent) == ["grades.csv"]


def test_misspelt_column_of_grades_brings_the_right_name(grades: Path) -> None:
    spoil(grades, "pyramidal", "pyramidial")
    assert "pyramidal" in ranvier("score", grades, "--coding", "0-16").stderr.replace("pyramidial", "")


def test_misspelt_file_of_grades_brings_the_right_name(grades: Path) -> None:
    fails(
        ranvier("score", grades.with_name("grads.csv"), "--coding", "0-16"), 2, "Did you mean 'grades.csv'?"
    )


def test_report_is_printed_and_nothing_is_written(trial_folder: Path, here: Path) -> None:
    before = files(trial_folder)
    done = ranvier("report", trial_folder)
    assert done.exit_code == 0
    assert done.stdout.startswith("A small trial\n")
    assert files(here) == []
    assert files(trial_folder) == before


def test_report_is_written_to_a_new_folder_from_anywhere(trial_folder: Path, here: Path) -> None:
    done = ranvier("report", os.path.relpath(trial_folder), "--out", "a/b", "--json")
    assert json.loads(done.stdout)["written"] == [str(Path("a/b/report.html")), str(Path("a/b/report.json"))]
    assert files(here) == ["a", "a/b", "a/b/report.html", "a/b/report.json"]


def test_report_as_json_is_the_report(trial_folder: Path) -> None:
    content = json.loads(ranvier("report", trial_folder, "--json").stdout)
    assert content["title"] == "A small trial"
    assert content["sections"][0]["key"] == "result"


@pytest.mark.parametrize("as_json", [False, True])
def test_errors_in_the_data_stop_the_report_and_nothing_is_written(
    trial_folder: Path, here: Path, as_json: bool
) -> None:
    spoil(trial_folder / "visits.csv", ",2,4.5,", ",2,4.25,")
    done = ranvier("report", trial_folder, "--out", "out", *(["--json"] if as_json else []))
    assert done.exit_code == 1
    assert "nothing was written" in done.stderr
    assert files(here) == []
    assert json.loads(done.stdout)[0]["rule"] == "edss-grid" if as_json else "edss-grid" in done.stdout


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_output_folder_that_is_a_file_is_refused(trial_folder: Path, here: Path, out: str) -> None:
    Path("file").write_text("kept", encoding="utf-8")
    fails(ranvier("report", trial_folder, "--out", out), 2, "is a file; name a folder to write to")
    fails(ranvier("appraise", CLAIMS, "--out", out), 2, "is a file; name a folder to write to")
    assert files(here) == ["file"]
    assert Path("file").read_text(encoding="utf-8") == "kept"


def test_disk_that_refuses_is_one_message(
    trial_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    fails(ranvier("report", trial_folder, "--out", "out"), 2, "No space left on device")
    assert [name for name in files(here) if name != "out"] == []


MISTAKES = {
    "missing column": ("visits.csv", "day,", "when,", 2),
    "unknown coding": ("trial.toml", '"0-16"', '"0-15"', 2),
    "half grade": ("visits.csv", "baseline,1,1,3", "baseline,1,1,2.5", 1),
    "EDSS 4.25": ("visits.csv", ",2,4.5,", ",2,4.25,", 1),
    "dates in the wrong order": ("relapses.csv", "100,130", "100,13", 1),
    "two rows for one visit": ("visits.csv", "P1,365,month 12", "P1,-7,baseline", 1),
    "subject not in subjects": ("visits.csv", "P2,-10", "P7,-10", 1),
    "negative count": ("mri.csv", "brain,10,", "brain,-10,", 1),
    "n.d.": ("visits.csv", ",2,4.5,", ",2,n.d.,", 1),
    "not CSV": ("visits.csv", "subject,day", "subject;day", 2),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("command", ["check", "report"])
def test_bad_input_ends_with_its_status_and_writes_nothing(
    trial_folder: Path, here: Path, mistake: str, command: str
) -> None:
    name, old, new, status = MISTAKES[mistake]
    spoil(trial_folder / name, old, new)
    done = ranvier(command, trial_folder, *(["--out", "out"] if command == "report" else []))
    assert done.exit_code == status, done.output
    assert (done.stderr if status == 2 else done.stdout).strip()
    assert files(here) == []


@pytest.mark.parametrize("name", ["empty", "misspelt", "binary", "folder"])
def test_bad_file_ends_with_status_two_and_writes_nothing(trial_folder: Path, here: Path, name: str) -> None:
    visits = trial_folder / "visits.csv"
    if name == "empty":
        visits.write_text("", encoding="utf-8")
    elif name == "misspelt":
        visits.rename(trial_folder / "visit.csv")
    elif name == "binary":
        visits.write_bytes(bytes(range(256)))
    else:
        visits.unlink()
        visits.mkdir()
    fails(ranvier("report", trial_folder, "--out", "out"), 2, "visits.csv")
    assert files(here) == []


def test_misspelt_column_of_a_table_brings_the_right_name(trial_folder: Path) -> None:
    spoil(trial_folder / "visits.csv", "pyramidal", "pyramidial")
    done = ranvier("check", trial_folder)
    assert done.exit_code == 1
    assert "pyramidal" in done.stdout.replace("pyramidial", "")


@pytest.mark.parametrize("command", ["check", "report", "appraise"])
def test_what_does_not_exist_is_named(here: Path, command: str) -> None:
    fails(ranvier(command, "nowhere"), 2, "nowhere")
    assert files(here) == []


def test_appraisal_is_printed_written_and_told_as_json(here: Path) -> None:
    printed = ranvier("appraise", CLAIMS)
    assert printed.exit_code == 0
    assert "not shown to be effective" in printed.stdout
    assert files(here) == []
    assert json.loads(ranvier("appraise", CLAIMS, "--json").stdout)["sections"]
    assert ranvier("appraise", CLAIMS, "--out", "out").exit_code == 0
    assert files(here) == ["out", "out/appraisal.html", "out/appraisal.json"]


@pytest.mark.parametrize("content", ["", "x =", "[article]\ntitle = 1\n", "\x00"])
def test_claims_that_cannot_be_read_are_refused(here: Path, content: str) -> None:
    Path("claims.toml").write_text(content, encoding="utf-8")
    fails(ranvier("appraise", "claims.toml", "--out", "out"), 2, "claims")
    assert files(here) == ["claims.toml"]


def test_no_traceback_reaches_the_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ranvier", "report", str(tmp_path), "--out", "out"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert files(tmp_path) == []


def test_reader_that_has_had_enough_is_no_error(trial_folder: Path) -> None:
    command = f"{sys.executable} -m ranvier report {trial_folder} | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "A small trial\n"
    assert "Traceback" not in done.stderr


def test_grades_with_dates_are_refused_rather_than_scored_as_one_day(here: Path) -> None:
    Path("grades.csv").write_text(
        "subject,date,visual,brainstem,pyramidal,cerebellar,sensory,bowel_bladder,cerebral,ambulation\n"
        "P1,2024-01-05,1,0,3,2,2,1,0,1\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(main, ["score", "grades.csv", "--coding", "0-16"])
    assert result.exit_code == 2
    assert "scoring knows no dates" in result.output


def test_unknown_definition_of_an_endpoint_is_found_by_check(trial_folder: Path) -> None:
    text = (trial_folder / "trial.toml").read_text(encoding="utf-8")
    endpoint = '\n[[endpoints]]\nid = "e1"\ntitle = "E"\nkind = "edss_responder"\ndefinition = "edss-1"\n'
    (trial_folder / "trial.toml").write_text(text + endpoint, encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(trial_folder)])
    assert result.exit_code == 1
    assert "definition-unknown" in result.output
