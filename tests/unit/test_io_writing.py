"""Folders that are written: whole or not at all, and read back as they were."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ranvier.errors import InputError
from ranvier.io import new_trial, read_trial, write_trial
from ranvier.tables import TABLES
from ranvier.trial import Protocol

DOCS = Path(__file__).resolve().parents[2] / "docs"


def same(one: Any, other: Any) -> bool:
    """Say whether two trials hold the same."""
    return one.protocol == other.protocol and all(
        one.tables[name].equals(other.tables[name]) for name in TABLES
    )


def test_written_trial_is_read_back(trial_folder: Path, tmp_path: Path) -> None:
    trial = read_trial(trial_folder)
    assert same(read_trial(write_trial(trial, tmp_path / "copy")), trial)


def test_dates_and_unknown_columns_are_read_back(trial_folder: Path, tmp_path: Path) -> None:
    (trial_folder / "doses.csv").write_text(
        "subject,date,product,lot\nP1,2016-03-04,msc,7\nP2,2016-03,msc,8\n"
    )
    for name in ("relapses", "mri", "adverse_events"):
        (trial_folder / f"{name}.csv").unlink()
    trial = read_trial(trial_folder)
    again = read_trial(write_trial(trial, tmp_path / "copy"))
    assert same(again, trial)
    assert again.read_findings.equals(trial.read_findings)
    assert again.doses["date"].to_list() == ["2016-03-04", "2016-03"]


words = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0\xad"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(words.filter(bool), min_size=1, max_size=4, unique=True),
    edss=st.floats(allow_nan=False, allow_infinity=False),
    day=st.integers(-(10**9), 10**9),
    title=st.text(),
)
def test_whatever_a_trial_holds_is_read_back(
    build_trial: Any,
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    edss: float,
    day: int,
    title: str,
) -> None:
    def change(rows: Any) -> None:
        rows["subjects"] = [rows["subjects"][0] | {"subject": name} for name in names]
        rows["visits"] = [{"subject": name, "day": day, "edss": repr(edss), "visit": name} for name in names]

    title = title.replace("\r", "")
    trial = build_trial(change, dataclasses.replace(build_trial().protocol, title=title))
    assert same(read_trial(write_trial(trial, tmp_path_factory.mktemp("out") / "copy")), trial)


def test_new_trial_says_that_there_are_no_patients_yet(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"subjects\.csv holds no patients yet; add one row for each patient"
    ):
        read_trial(new_trial(tmp_path / "new"))


def test_new_trial_has_a_valid_protocol_and_every_column(tmp_path: Path) -> None:
    folder = new_trial(tmp_path / "new")
    protocol = Protocol.from_dict(tomllib.loads((folder / "trial.toml").read_text(encoding="utf-8")))
    assert protocol.data_kind == "patients"
    assert protocol.ambulation_coding is None
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    for name, table in TABLES.items():
        header = (folder / f"{name}.csv").read_text(encoding="utf-8")
        assert header == ",".join(column.name for column in table.columns) + "\n"
        for column in table.columns:
            assert f" {column.name} " in readme


def test_new_trial_can_be_filled(tmp_path: Path) -> None:
    folder = new_trial(tmp_path / "new")
    with (folder / "subjects.csv").open("a", encoding="utf-8") as file:
        file.write("P1,cells,F,40,MS,SPMS,,-2000,,,-7,30,yes,A\n")
    with (folder / "doses.csv").open("a", encoding="utf-8") as file:
        file.write("P1,0,msc" + "," * 6 + "\n")
    with (folder / "visits.csv").open("a", encoding="utf-8") as file:
        file.write("P1,-7,baseline" + "," * 10 + "4.5" + "," * 9 + "\n")
    found = read_trial(folder).check().table
    assert found.is_empty(), found


@pytest.mark.parametrize("write", [new_trial, lambda folder: write_trial(read_trial("absent"), folder)])
def test_nothing_is_left_half_written(tmp_path: Path, write: Any) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    with pytest.raises(InputError):
        write(tmp_path / "taken")
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "notes.txt"]


def test_failure_on_the_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> str:
        raise OSError("disk full")

    monkeypatch.setattr("ranvier.io.template._explained", fail)
    with pytest.raises(OSError, match="disk full"):
        new_trial(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert (new_trial(tmp_path / "new") / "trial.toml").is_file()


def test_every_column_is_documented() -> None:
    text = (DOCS / "trial-folder.md").read_text(encoding="utf-8")
    for name, table in TABLES.items():
        part = text.split(f"## {name}\n")[1].split("\n## ")[0]
        for column in table.columns:
            line = next((line for line in part.splitlines() if line.startswith(f"| `{column.name}`")), "")
            assert column.description in line, f"{name}.{column.name}"
            assert column.range_text in line, f"{name}.{column.name}"


def test_every_key_of_the_protocol_is_documented() -> None:
    text = (DOCS / "trial-folder.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(Protocol):
        assert f"`{field.name}`" in text or f"`[{field.name}]`" in text or f"`[[{field.name}]]`" in text, (
            field.name
        )
