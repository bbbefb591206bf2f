"""The pages of the documentation stay true: the tutorial is run, its links to tests and the toctrees hold."""

from __future__ import annotations

import doctest
import importlib
import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from ranvier.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PARTS = sorted(
    path.parent.name if path.name == "__init__.py" else path.stem
    for path in [*ROOT.glob("src/ranvier/*/__init__.py"), ROOT / "src" / "ranvier" / "errors.py"]
    if path.parent.name != "cli"
)
FENCE = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CAPTION = re.compile(r"\A:caption: (\S+?)(?:, row (\d+))?\n\n")


def run_console(block: str) -> None:
    """Run each command of a block and compare what it prints with what the page shows."""
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = step.partition("\n")
        program, *arguments = shlex.split(command)
        if program == "rm":
            for name in arguments:
                Path(name).unlink()
            continue
        assert program == "ranvier", command
        done = CliRunner().invoke(main, arguments, catch_exceptions=True)
        assert done.exit_code in {0, 1}, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert agrees(shown, done.output.replace(os.sep, "/")), f"{command} prints:\n{done.output}"


def agrees(shown: str, printed: str) -> bool:
    """Compare line by line: `...` stands for any lines, at the end of a line for its rest."""
    pattern = ""
    for line in filter(str.strip, shown.splitlines()):
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        elif line.endswith("..."):
            pattern += re.escape(line[:-3]) + r"[^\n]*\n"
        else:
            pattern += re.escape(line) + r"\n"
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in printed.splitlines() if line.strip())))


def write_file(block: str) -> None:
    """Write the file that a block shows, or the one row of it that the page corrects."""
    caption = CAPTION.match(block)
    assert caption, f"a block of a file needs a caption: {block[:60]}"
    path, content = Path(caption[1]), block[caption.end() :]
    if caption[2]:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        lines[int(caption[2]) - 1] = content
        content = "".join(lines)
    path.write_text(content, encoding="utf-8")


def run_python(block: str, names: dict[str, object]) -> None:
    """Run the Python of a block as a doctest; names live on in the next block."""
    test = doctest.DocTestParser().get_doctest(block, {}, "tutorial", None, 0)
    test.globs = names
    report: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)


def test_every_command_and_every_line_of_python_in_the_tutorial_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    kinds = []
    for kind, _, block in FENCE.findall((DOCS / "tutorial.md").read_text(encoding="utf-8")):
        kinds.append(kind)
        if kind == "console":
            run_console(block)
        elif kind == "pycon":
            run_python(block, names)
        else:
            assert kind == "{code-block}", f"the test does not know how to run a block of {kind}"
            write_file(block)
    assert {"console", "pycon", "{code-block}"} <= set(kinds)
    assert (tmp_path / "report" / "report.html").is_file()


def test_a_wrong_output_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="ranvier --version prints"):
        run_console("$ ranvier --version\nsomething else\n")
    with pytest.raises(AssertionError, match="Got"):
        run_python(">>> 1 + 1\n3\n", {})


def test_every_test_file_named_in_a_page_exists() -> None:
    pages = {page.name: page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")}
    named = {(page, file) for page, text in pages.items() for file in re.findall(r"`(tests/[\w/.]+)`", text)}
    assert {page for page, _ in named} >= {"reproductions.md", "exact_statistics.md", "edss.md"}
    assert [each for each in named if not (ROOT / each[1]).exists()] == []


def test_every_row_of_the_reproductions_names_a_test_that_exists() -> None:
    page = (DOCS / "reproductions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!published)[^\n]+\|$", page, re.MULTILINE)
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "papers").glob("*.py"))
    assert len(rows) > 10
    for row in rows:
        named = re.search(r"\| (?:`(test_\w+)`|the same) \|$", row)
        assert named, row
        assert not named[1] or f"def {named[1]}(" in tests, row


@pytest.mark.parametrize("part", PARTS)
def test_the_reference_shows_every_public_name(part: str) -> None:
    public = importlib.import_module(f"ranvier.{part}").__all__
    page = (DOCS / "reference" / f"{part}.md").read_text(encoding="utf-8")
    assert f".. automodule:: ranvier.{part}\n" in page
    listed = re.findall(r"^   (\w+)$", page, re.MULTILINE)
    assert sorted(listed) == sorted(public), f"name each public name once in docs/reference/{part}.md"


def test_every_part_has_its_page_of_reference_and_its_row_in_the_architecture() -> None:
    assert {path.stem for path in (DOCS / "reference").glob("*.md")} == set(PARTS)
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted([*PARTS, "cli"])


def test_the_page_on_claims_lists_every_kind_label_and_lint_and_its_example_is_read(tmp_path: Path) -> None:
    from ranvier import verdict

    page = (DOCS / "claims.md").read_text(encoding="utf-8")
    listed = {word for row in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) for word in row.split(", ")}
    lints = {key.removeprefix("lint_") for key in verdict.SENTENCES if key.startswith("lint_")}
    assert lints
    assert listed >= {*verdict.KINDS, *verdict.LABELS, *lints}
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example
    (tmp_path / "claims.toml").write_text(example[1], encoding="utf-8")
    appraised = verdict.appraise(verdict.read_claims(tmp_path / "claims.toml"))
    assert [each.claim.id for each in appraised.claims] == ["better"]


def test_the_page_on_trial_folders_lists_every_cell_class_design_and_kind_of_endpoint() -> None:
    from ranvier import evidence, trial

    page = (DOCS / "trial-folder.md").read_text(encoding="utf-8")
    for word in (*evidence.CELL_FAMILIES, *trial.DESIGNS, *trial.ENDPOINT_KINDS, *trial.DATA_KINDS):
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", page), word
