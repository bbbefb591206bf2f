"""A trial folder as sites deliver it."""

from __future__ import annotations

import gzip
import hashlib
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ranvier.errors import InputError
from ranvier.io import read_trial


def put(folder: Path, name: str, *lines: str) -> None:
    """Write one file of lines."""
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Change text in one file."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def rules(folder: Path) -> list[str]:
    """Give the rules broken in a folder."""
    return read_trial(folder).check().table["rule"].to_list()


def dated(folder: Path) -> Path:
    """Make a trial of three patients in dates; P3 was never treated."""
    put(
        folder,
        "doses.csv",
        "subject,date,product",
        "P1,2016-03-04,msc",
        "P1,2016-06-04,msc",
        "P2,2016-04-01,msc",
    )
    put(
        folder,
        "subjects.csv",
        "subject,arm,diagnosis,aqp4,treated,enrolled_date,onset_date,last_attack_date,last_rescue_date,"
        "last_contact_date",
        "P1,cells,NMOSD,positive,yes,2016-02-20,2009-05,2016-01-01,2016-01-02,2017-04-01",
        "P2,cells,NMOSD,positive,yes,2016-03-20,2009,2016-01-01,2016-01-02,2016-05-01",
        "P3,cells,NMOSD,positive,no,2016-03-20,2009-01-02,2016-01-01,2016-01-02,2016-05-01",
    )
    put(
        folder,
        "visits.csv",
        "subject,date,visit,edss",
        "P1,2016-03-01,baseline,4",
        "P1,2017-03-04,month 12,4",
        "P2,2016-03-31,baseline,4",
        "P3,2016-03-20,baseline,4",
    )
    for name in ("relapses", "mri", "adverse_events"):
        (folder / f"{name}.csv").unlink()
    return folder


def test_small_folder_is_read_without_a_finding(trial_folder: Path) -> None:
    trial = read_trial(trial_folder)
    assert trial.check().table.is_empty()
    assert trial.visits["row"].to_list() == [2, 3, 4, 5]
    assert trial.files["visits"] == "visits.csv"
    written = (trial_folder / "visits.csv").read_bytes()
    assert trial.hashes["visits.csv"] == hashlib.sha256(written).hexdigest()
    assert set(trial.hashes) == {"trial.toml", *trial.files.values()}


def test_parquet_and_csv_give_the_same_trial(trial_folder: Path) -> None:
    from_csv = read_trial(trial_folder)
    from_csv.visits.drop("row").write_parquet(trial_folder / "visits.parquet")
    (trial_folder / "visits.csv").unlink()
    assert read_trial(trial_folder).visits.equals(from_csv.visits)


@pytest.mark.parametrize(
    "turn",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\r"),
        lambda text: text.rstrip(b"\n"),
        lambda text: text + b"\n\n\n",
        lambda text: text.replace(b"\n", b",,\n"),
        lambda text: text.replace(b"P1", b'"P1"'),
        lambda text: text.replace(b"P1", b" P1 "),
    ],
    ids=[
        "BOM",
        "Windows lines",
        "old Mac lines",
        "no last line end",
        "blank end",
        "empty columns",
        "quotes",
        "spaces",
    ],
)
def test_ways_of_writing_csv_that_mean_the_same(trial_folder: Path, turn: object) -> None:
    before = read_trial(trial_folder)
    path = trial_folder / "visits.csv"
    path.write_bytes(turn(path.read_bytes()))  # type: ignore[operator]
    after = read_trial(trial_folder)
    assert after.visits.equals(before.visits)
    assert after.read_findings.is_empty()


def test_blank_lines_keep_the_row_numbers(trial_folder: Path) -> None:
    put(
        trial_folder,
        "visits.csv",
        "subject,day,visit,edss",
        "P1,-7,baseline,4",
        "",
        "",
        "P2,-7,baseline,4.25",
    )
    trial = read_trial(trial_folder)
    assert trial.visits["row"].to_list() == [2, 5]
    assert trial.check().table.filter(rule="edss-grid")["row"].to_list() == [5]


def test_cell_with_a_line_end_keeps_the_row_numbers(trial_folder: Path) -> None:
    put(
        trial_folder,
        "visits.csv",
        "subject,day,visit,edss,note",
        'P1,-7,baseline,4,"a',
        'b"',
        "P2,-7,baseline,4,c",
    )
    trial = read_trial(trial_folder)
    assert trial.visits["row"].to_list() == [2, 3]
    assert trial.visits["note"].to_list() == ["a\nb", "c"]


def test_names_of_patients_keep_their_zeros(trial_folder: Path) -> None:
    for path in trial_folder.glob("*.csv"):
        change(trial_folder, path.name, "P1", "0012")
    assert read_trial(trial_folder).subjects["subject"].to_list() == ["0012", "P2"]


def test_dates_become_days_from_the_first_dose(trial_folder: Path) -> None:
    trial = read_trial(dated(trial_folder))
    assert trial.doses["day"].to_list() == [0, 92, 0]
    assert trial.visits["day"].to_list() == [-3, 365, -1, 0]
    assert trial.visits["date"].to_list()[0] == "2016-03-01"
    assert trial.subjects["enrolled_day"].to_list() == [-13, -12, 0]
    found = trial.check().table
    assert found.select("rule", "row", "column", "value").rows() == [
        ("date-partial", 2, "onset_date", "2009-05"),
        ("date-partial", 3, "onset_date", "2009"),
        ("origin-enrolment", 4, "enrolled_date", None),
    ]


def test_partial_date_becomes_its_middle_and_stays_beside(trial_folder: Path) -> None:
    subjects = read_trial(dated(trial_folder)).subjects
    # 15 May 2009 to 4 March 2016, and 1 July 2009 to 1 April 2016
    assert subjects["onset_day"].to_list()[:2] == [-2485, -2466]
    assert subjects["onset_date"].to_list()[:2] == ["2009-05", "2009"]


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("03/04/2016", "taken for each other"),
        ("3.4.2016", "taken for each other"),
        ("42433", "how a spreadsheet counts dates"),
        ("2016-02-30", "year-month-day"),
        ("2016-03-UN", "year-month or the year alone"),
    ],
)
def test_date_that_needs_guessing_is_one_error(trial_folder: Path, cell: str, advice: str) -> None:
    change(dated(trial_folder), "visits.csv", "2016-03-20", cell)
    found = read_trial(trial_folder).check().table.filter(severity="error")
    assert found.select("rule", "row", "subject", "column", "value").rows() == [
        ("not-a-date", 5, "P3", "date", cell)
    ]
    assert advice in found["advice"][0]


def test_subject_without_any_date_to_count_from(trial_folder: Path) -> None:
    change(
        dated(trial_folder),
        "subjects.csv",
        "P3,cells,NMOSD,positive,no,2016-03-20",
        "P3,cells,NMOSD,positive,no,",
    )
    found = read_trial(trial_folder).check().table.filter(rule="date-without-origin")
    assert found.filter(file="visits.csv").select("row", "column", "value").rows() == [
        (5, "date", "2016-03-20")
    ]


def test_parquet_dates_are_dates(trial_folder: Path) -> None:
    dated(trial_folder)
    for name in ("visits", "doses"):
        typed = pl.read_csv(trial_folder / f"{name}.csv", try_parse_dates=True)
        assert typed.schema["date"] == pl.Date
        typed.with_columns(pl.col("date").cast(pl.Datetime)).write_parquet(trial_folder / f"{name}.parquet")
        (trial_folder / f"{name}.csv").unlink()
    assert read_trial(trial_folder).visits["day"].to_list() == [-3, 365, -1, 0]


@pytest.mark.parametrize(("file", "name"), [("a.nii.gz", "a.nii.gz"), ("b/a.nii.gz", "masks/b/a.nii.gz")])
def test_masks_are_found_below_masks(trial_folder: Path, file: str, name: str) -> None:
    path = trial_folder / "masks" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(b"mask"))
    put(trial_folder, "mri.csv", "subject,day,region,mask", f"P1,-7,brain,{name}")
    trial = read_trial(trial_folder)
    assert trial.check().table.is_empty()
    assert f"masks/{file}" in trial.hashes


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("absent.nii.gz", "mask-not-found"),
        ("../trial.toml", "mask-outside-folder"),
        ("masks/../../x", "mask-outside-folder"),
        ("/etc/hostname", "mask-outside-folder"),
        ("C:\\x.nii", "mask-outside-folder"),
        ("..\\x.nii", "mask-outside-folder"),
    ],
)
def test_mask_that_is_not_below_masks_is_an_error(trial_folder: Path, name: str, rule: str) -> None:
    put(trial_folder, "mri.csv", "subject,day,region,mask", f"P1,-7,brain,{name}")
    found = read_trial(trial_folder).check().table
    assert found.select("rule", "row", "value").rows() == [(rule, 2, name)]


def test_other_files_are_named_and_left_alone(trial_folder: Path) -> None:
    put(trial_folder, "protocol_deviations.csv", "a,b")
    put(trial_folder, "README.txt", "notes")
    found = read_trial(trial_folder).check().table
    assert found.select("rule", "severity", "file").rows() == [
        ("file-unknown", "query", "protocol_deviations.csv")
    ]


def test_optional_tables_may_be_absent(trial_folder: Path) -> None:
    for name in ("doses", "relapses", "mri", "adverse_events"):
        (trial_folder / f"{name}.csv").unlink()
    assert set(rules(trial_folder)) == {"doses-not-recorded"}


def test_table_with_a_header_only_is_empty(trial_folder: Path) -> None:
    put(trial_folder, "relapses.csv", "subject,day")
    assert read_trial(trial_folder).relapses.is_empty()


def test_both_ways_of_one_table_are_refused(trial_folder: Path) -> None:
    pl.DataFrame({"subject": ["P1"], "day": [0]}).write_parquet(trial_folder / "visits.parquet")
    with pytest.raises(InputError, match=r"visits\.csv and visits\.parquet are both there"):
        read_trial(trial_folder)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 10**6))
def test_order_of_rows_changes_no_finding_but_its_row(trial_folder: Path, tmp_path: Path, seed: int) -> None:
    mixed = tmp_path / f"mixed{seed}"
    shutil.copytree(trial_folder, mixed, dirs_exist_ok=True)
    with (mixed / "visits.csv").open("a", encoding="utf-8") as file:
        file.write(
            "P1,-7,,6,5,9,9,9,9,9,9,4.25,0,0\nP2,370,month 12,1,1,1,1,1,1,1,1,9.5,0,0\nP9,3,,,,,,,,,,7.5,,\n"
        )
    before = read_trial(mixed).check().table
    for path in mixed.glob("*.csv"):
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        random.Random(seed).shuffle(lines)
        put(mixed, path.name, header, *lines)
    after = read_trial(mixed).check().table
    columns = [name for name in before.columns if name != "row"]
    assert before.height > 10
    assert after.select(columns).sort(columns).equals(before.select(columns).sort(columns))
