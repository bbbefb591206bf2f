"""What is written as SDTM is read back as the same trial, and what a format cannot hold is refused."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import polars as pl
import pytest

from ranvier.errors import InputError
from ranvier.io import read_sdtm, read_trial, write_sdtm
from ranvier.tables import TABLES
from ranvier.trial import Trial

ROOT = Path(__file__).resolve().parents[2]
MAKE = runpy.run_path(str(ROOT / "examples" / "safety" / "make_sdtm.py"))
FORMATS = ("csv", "dataset-json", "xpt")


def differences(one: Trial, other: Trial, *, further: bool = False) -> list[str]:
    """Name what differs between two trials; `further` compares the columns beside those of the tables too."""
    found = [] if one.protocol == other.protocol else ["protocol"]
    found += [] if one.recorded == other.recorded else ["recorded"]
    for name, table in TABLES.items():
        own = [column.name for column in table.columns]
        left, right = one.tables[name], other.tables[name]
        columns = [column for column in left.columns if column != "row"] if further else own
        if not left.select(columns).sort(own).equals(right.select(columns).sort(own)):
            found.append(name)
    return found


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MAKE["write"](tmp_path_factory.mktemp("synthetic"), kind="csv")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("example", ["dahbour_2017", "lu_2012"])
def test_example_comes_back_as_it_was(tmp_path: Path, example: str, form: str) -> None:
    trial = read_trial(ROOT / "examples" / example)
    back = read_sdtm(write_sdtm(trial, tmp_path / "sdtm", format=form))
    assert differences(trial, back) == []


@pytest.mark.parametrize("form", FORMATS)
def test_small_trial_comes_back_as_it_was(tmp_path: Path, build_trial, form: str) -> None:
    trial = build_trial()
    assert differences(trial, read_sdtm(write_sdtm(trial, tmp_path / "sdtm", format=form))) == []


@pytest.mark.parametrize("form", FORMATS)
def test_sdtm_to_trial_to_sdtm_to_trial_is_equal(tmp_path: Path, synthetic: Path, form: str) -> None:
    trial = read_sdtm(synthetic)
    again = read_sdtm(write_sdtm(trial, tmp_path / "sdtm", format=form))
    assert differences(trial, again, further=True) == []


def test_partial_dates_and_imputed_days_are_written_as_sdtm_has_them(tmp_path: Path, synthetic: Path) -> None:
    folder = write_sdtm(read_sdtm(synthetic), tmp_path / "sdtm", format="csv")
    ae = pl.read_csv(folder / "ae.csv", infer_schema=False)
    partial = ae.filter(pl.col("AESTDTC").str.len_chars() < 10)
    assert partial["AESTDTC"].str.len_chars().sort().to_list() == [4, 4, 7, 7, 7, 7]
    assert partial["AESTDY"].null_count() == 6  # an imputed day is never written as if it were known
    assert not ae["AESTDY"].is_in(["0"]).any()


def test_partial_dates_of_a_trial_folder_stay_partial(tmp_path: Path, trial_folder: Path) -> None:
    (trial_folder / "doses.csv").write_text("subject,date,product\nP1,2020-03-02,msc\nP2,2020-05-10,msc\n")
    (trial_folder / "adverse_events.csv").write_text(
        "subject,date,term,serious\nP1,2020-04,fever,no\nP1,2020-04-05,fall,no\n"
    )
    for name in ("visits", "relapses", "mri"):
        (trial_folder / f"{name}.csv").unlink()
    (trial_folder / "visits.csv").write_text("subject,date,edss\nP1,2020-03-01,4\n")
    folder = write_sdtm(read_trial(trial_folder), tmp_path / "sdtm", format="csv")
    ae = pl.read_csv(folder / "ae.csv", infer_schema=False)
    assert ae.select("AESTDTC", "AESTDY").rows() == [("2020-04", None), ("2020-04-05", "35")]
    sv = pl.read_csv(folder / "sv.csv", infer_schema=False)
    assert sv.select("SVSTDTC", "SVSTDY").rows() == [("2020-03-01", "-1")]


def codes(folder: Path) -> set[str]:
    return set(pl.read_csv(folder / "rs.csv", infer_schema=False)["RSTESTCD"])


def test_grades_are_kfss_only_where_the_scheme_is_kurtzke(
    tmp_path: Path, build_trial, synthetic: Path
) -> None:
    ours = codes(write_sdtm(build_trial(), tmp_path / "a", format="csv"))
    kurtzke = codes(write_sdtm(read_sdtm(synthetic), tmp_path / "b", format="csv"))
    assert {"NSFS101", "NSFSAMB", "EDSS0101"} < ours
    assert not any(code.startswith("KFSS") for code in ours)
    assert "KFSS101" in kurtzke
    assert not any(code.startswith("NSFS") for code in kurtzke)


def test_dataset_json_names_every_column_and_counts_its_records(tmp_path: Path, synthetic: Path) -> None:
    folder = write_sdtm(read_sdtm(synthetic), tmp_path / "sdtm", format="dataset-json")
    content = json.loads((folder / "ae.json").read_text(encoding="utf-8"))
    required = {
        "datasetJSONCreationDateTime",
        "datasetJSONVersion",
        "itemGroupOID",
        "records",
        "name",
        "label",
    }
    assert required < set(content)
    assert content["records"] == len(content["rows"]) == 170
    assert all({"itemOID", "name", "label", "dataType"} <= set(column) for column in content["columns"])
    assert all(len(column["name"]) <= 8 and len(column["label"]) <= 40 for column in content["columns"])


def change(name: str, **cells: object):
    """Give the small trial with cells of the first row of one table changed."""

    def apply(rows: dict[str, list[dict[str, object]]]) -> None:
        rows[name][0] |= cells

    return apply


REFUSED = {
    "not ASCII": (
        change("adverse_events", term="Übelkeit"),
        r"adverse_events, row 2, subject P1: 'Übelkeit' \(AETERM of AE\) is not ASCII",
    ),
    "too long": (
        change("doses", co_intervention="x" * 201),
        r"doses, row 2, subject P1: 'x+\.\.\.' \(QVAL of SUPPEX\) has more than the 200 bytes",
    ),
    "too large": (
        change("subjects", age_years=1e80),
        r"subjects, row 2, subject P1: 1e\+80 \(AGE of DM\) is too .*large",
    ),
    "control character": (
        change("visits", rater="A\x0bB"),
        r"visits, row 2, subject P1: 'A\\x0bB' \(QVAL of SUPPSV\) is not ASCII",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_transport_file_cannot_hold_is_refused_with_its_place(
    tmp_path: Path, build_trial, what: str
) -> None:
    apply, words = REFUSED[what]
    trial = build_trial(apply)
    with pytest.raises(InputError, match=words):
        write_sdtm(trial, tmp_path / "sdtm")
    assert not (tmp_path / "sdtm").exists()  # nothing is left half-written
    back = read_sdtm(write_sdtm(trial, tmp_path / "json", format="dataset-json"))
    assert differences(trial, back) == []


def test_trial_that_study_days_cannot_tell_is_refused(tmp_path: Path, build_trial) -> None:
    with pytest.raises(InputError, match=r"doses, row 2, subject P1, column day: the first dose is on day 3"):
        write_sdtm(build_trial(change("doses", day=3)), tmp_path / "sdtm")
    with pytest.raises(InputError, match=r"doses, row 2, subject P1, column cells: 0 cells of 'msc' cannot"):
        write_sdtm(build_trial(change("doses", cells=0)), tmp_path / "sdtm")


def test_file_that_does_not_come_back_is_refused(
    tmp_path: Path, build_trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ranvier.io import _sdtm_formats

    def spoiled(path: Path):
        frame, found = read(path)
        return frame.with_columns(pl.lit("?").alias("STUDYID")), found

    read = _sdtm_formats.read_dataset
    monkeypatch.setattr(_sdtm_formats, "read_dataset", spoiled)
    with pytest.raises(InputError, match=r"ts\.csv, row 2, column STUDYID: 'small' comes back as '\?'"):
        write_sdtm(build_trial(), tmp_path / "sdtm", format="csv")


def test_folder_that_holds_something_is_not_overwritten(build_trial, trial_folder: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        write_sdtm(build_trial(), trial_folder)


def test_script_writes_the_same_content_in_every_format_and_for_every_run(tmp_path: Path) -> None:
    trials = [
        read_sdtm(MAKE["write"](tmp_path / form, kind=form)) for form in ("csv", "dataset-json", "xpt", "csv")
    ]
    assert [differences(trials[0], other, further=True) for other in trials[1:]] == [[], [], []]


def test_synthetic_data_hold_what_the_script_says(synthetic: Path) -> None:
    trial = read_sdtm(synthetic)
    said = trial.read_findings.group_by("rule").len()
    counts = dict(said.iter_rows())
    assert trial.subjects.height == 40
    assert trial.subjects["treated"].sum() == 39
    assert (counts["sdtm-screen-failure"], counts["sdtm-arm-differs"]) == (4, 2)
    assert trial.adverse_events.height == 170
    assert dict(trial.adverse_events["day_flag"].drop_nulls().value_counts().iter_rows()) == {"M": 2, "D": 4}
    assert trial.adverse_events["day"].null_count() == 1
    assert trial.adverse_events.filter(pl.col("outcome") == "fatal").height == 1
    assert "sdtm-study-day-differs" not in counts
    assert trial.protocol.data_kind == "simulated"
    assert trial.check().table.filter(severity="error").is_empty()
