"""A report on disk: whole or not at all, every number in it, and no doubt about the kind of data."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ranvier.cli.demo import examples
from ranvier.errors import InputError
from ranvier.io import read_trial
from ranvier.report import BANNERS, Numbers, Report, build
from ranvier.verdict import analyse


@pytest.fixture(scope="module")
def trial():
    return read_trial(examples() / "dahbour_2017")


@pytest.fixture(scope="module")
def report(trial) -> Report:
    return build(trial)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def of_kind(build_trial, kind: str) -> Report:
    protocol = dataclasses.replace(build_trial().protocol, data_kind=kind)
    return build(build_trial(None, protocol))


def test_numbers_are_json_without_nan_and_equal_the_report(report: Report, tmp_path: Path) -> None:
    text = report.save(tmp_path / "report.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse) == report.to_dict()


def test_numbers_hold_every_estimate_of_the_analysis(trial, report: Report) -> None:
    analysis = analyse(trial)
    wanted = [*analysis.responders, *analysis.other_rules, *analysis.edss_change, *analysis.safety]
    wanted += [each for part in (*analysis.lesions, *analysis.acuity) for each in part.estimates]
    blocks = [block for section in report.to_dict()["sections"] for block in section["blocks"]]
    held = {
        each["quantity"]: each
        for block in blocks
        if block["kind"] == "numbers"
        for each in block["estimates"]
    }
    assert len(wanted) > 6
    for estimate in wanted:
        assert held[estimate.quantity]["value"] == estimate.value
        assert held[estimate.quantity]["p_value"] == estimate.p_value


def test_numbers_name_versions_inputs_and_definitions(trial, report: Report) -> None:
    meta = report.to_dict()["meta"]
    assert meta["inputs"] == dict(trial.hashes)
    assert {"ranvier", "python", "polars", "protocol", "rule", "verdict", "data_kind"} <= set(meta)


def test_every_figure_is_given_by_its_numbers_not_by_its_strokes(report: Report) -> None:
    blocks = [block for section in report.to_dict()["sections"] for block in section["blocks"]]
    figures = [block for block in blocks if block["kind"] == "figure"]
    assert len(figures) >= 4
    assert all(figure["data"] and figure["title"] for figure in figures)
    assert "<svg" not in json.dumps(blocks)


@pytest.mark.parametrize("kind", ["reconstruction", "simulated"])
def test_what_is_not_patients_says_so_on_top_and_in_the_numbers(build_trial, kind: str) -> None:
    made = of_kind(build_trial, kind)
    assert made.to_dict()["banner"] == made.banner == BANNERS[kind] != ""
    assert f"<p>{made.banner}</p></aside>" in made.html()
    assert made.to_dict()["meta"]["data_kind"] == kind
    assert made.banner in made.explain()


def test_patients_need_no_banner(build_trial) -> None:
    made = of_kind(build_trial, "patients")
    assert made.to_dict()["banner"] == ""
    assert "<aside" not in made.html()


def test_saving_twice_gives_the_same_bytes(report: Report, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in report.save_all(tmp_path / "a", "report")]
    second = [path.read_bytes() for path in report.save_all(tmp_path / "b", "report")]
    assert first == second
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["report.html", "report.json"]


def test_saving_again_replaces_what_was_there(report: Report, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old", encoding="utf-8")
    assert report.save(target).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.HTML", "report.html.exe"])
def test_another_ending_is_refused_and_nothing_is_written(report: Report, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be saved as '.*'; use \.html or \.json"):
        report.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_page_is_not_left_alone_when_the_numbers_cannot_be_written(report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(InputError, match=r"report\.json' is a folder"):
        report.save_all(tmp_path, "report")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_no_draft_is_left_when_the_disk_fails(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        report.save_all(tmp_path / "out", "report")
    assert list((tmp_path / "out").iterdir()) == []


def test_numbers_that_cannot_be_written_leave_no_folder(report: Report, tmp_path: Path) -> None:
    broken = dataclasses.replace(report, meta={"bad": object, 1: float("nan")}, sections=(None,))  # type: ignore[arg-type]
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever fails, nothing is half-written
        broken.save_all(tmp_path / "out", "report")
    assert not (tmp_path / "out").exists()


def test_text_names_the_tables_and_figures_that_it_leaves_out(report: Report) -> None:
    text = report.explain()
    assert "[table: Patients at each stage; 4 rows]" in text
    assert "[figure: EDSS course.]" in text
    assert "\n\n\n" not in text


def test_report_draws_its_shares(report: Report) -> None:
    shares = [
        estimate
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Numbers)
        for estimate in block.estimates
        if estimate.unit == "share"
    ]
    assert len(report.plot().get_yticklabels()) == len(shares)


def test_report_without_shares_is_drawn_empty() -> None:
    axes = Report(title="T", subtitle="", sections=()).plot()
    assert axes.get_yticklabels() == []
