"""Visits and relapses of single files: days as they are, dates counted from an origin per patient."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ranvier import course, io
from ranvier.errors import InputError

VISITS = """\
subject,date,edss
P1,2016-01-01,4.0
P1,2016-03-31,5.0
P1,2016-06-29,5.0
P2,2015-12-25,3.0
P2,2016-03-24,3.0
"""
RELAPSES = "subject,date,end_date\nP1,2016-03-21,2016-04-10\nP2,2015-12-20,\n"
SUBJECTS = "subject,first_dose_date\nP1,2016-01-11\nP2,2016-01-01\nP3,2016-01-01\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("visits", VISITS), ("relapses", RELAPSES), ("subjects", SUBJECTS)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_dates_are_counted_from_the_first_dose(folder: Path) -> None:
    found = io.read_course(folder / "visits.csv", folder / "relapses.csv", subjects=folder / "subjects.csv")
    assert found.visits.select("subject", "day").rows() == [
        ("P1", -10),
        ("P1", 80),
        ("P1", 170),
        ("P2", -7),
        ("P2", 83),
    ]
    assert found.relapses is not None
    assert found.relapses.select("subject", "day", "end_day").rows() == [("P1", 70, 90), ("P2", -12, None)]
    assert found.day_zero == "first dose"
    assert "first dose, which is day 0" in found.note


def test_without_first_doses_the_first_visit_is_day_0(folder: Path) -> None:
    found = io.read_course(folder / "visits.csv", folder / "relapses.csv")
    assert found.visits["day"].to_list() == [0, 90, 180, 0, 90]
    assert found.relapses is not None
    assert found.relapses["day"].to_list() == [80, -5]
    assert found.day_zero == "first visit"
    assert "pre-treatment baseline is not possible" in found.note


def test_the_first_visit_is_the_earliest_and_not_the_first_row(folder: Path) -> None:
    lines = VISITS.splitlines()
    (folder / "visits.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", encoding="utf-8")
    found = io.read_course(folder / "visits.csv").visits.sort("subject", "day")
    assert found["day"].to_list() == [0, 90, 180, 0, 90]


def test_days_stay_as_they_are(folder: Path) -> None:
    (folder / "visits.csv").write_text("subject,day,edss\nP1,7,4.0\n", encoding="utf-8")
    found = io.read_course(folder / "visits.csv")
    assert (found.visits["day"].to_list(), found.day_zero, found.note) == ([7], "as given", "")
    assert found.relapses is None


def test_the_origin_moves_days_and_nothing_else(folder: Path) -> None:
    by = [
        io.read_course(folder / "visits.csv", folder / "relapses.csv", subjects=subjects)
        for subjects in (None, folder / "subjects.csv")
    ]
    first, dosed = (course.events(files.visits, files.relapses, definition="cdw-12w").table for files in by)
    steady = ["subject", "event", "type", "reference", "value", "sustained_days", "days_from_first"]
    assert first.select(steady).equals(dosed.select(steady))
    assert (first["day"] - dosed["day"]).to_list() == [10]


def test_parquet_with_typed_dates_and_capitals_reads_as_csv_does(folder: Path) -> None:
    days = [date(2016, 1, 1), date(2016, 3, 31)]
    frame = pl.DataFrame({"Subject": ["P1", "P1"], "Date": days, "EDSS": [4.0, 5.0]})
    frame.write_parquet(folder / "visits.parquet")
    frame.with_columns(pl.col("Date").cast(pl.Datetime)).write_parquet(folder / "times.parquet")
    for name in ("visits.parquet", "times.parquet"):
        assert io.read_course(folder / name).visits.select("day", "edss").rows() == [(0, 4.0), (90, 5.0)]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "visits",
            "subject,day,edss\nP1,0,4\n",
            r"days and dates are mixed: 'day' in visits.csv.*'date' in rela",
        ),
        ("relapses", "subject,day\nP1,80\n", r"mixed: 'day' in relapses.csv, but 'date' in visits.csv"),
        ("relapses", "subject,date,end_day\nP1,2016-03-21,90\n", r"mixed: 'end_day' in relapses.csv"),
        ("visits", "subject,date,day,edss\nP1,2016-01-01,0,4\n", r"mixed: 'day' in visits.csv"),
        ("visits", "subject,edss\nP1,4\n", r"visits.csv: the column 'date' is missing"),
        ("visits", "date,edss\n2016-01-01,4\n", r"visits.csv: the column 'subject' is missing"),
        (
            "visits",
            "subject,date,edss\nP1,2016-01,4\n",
            r"row 2, column date: '2016-01' is only part of a date",
        ),
        ("relapses", "subject,date\nP1,2016\n", r"relapses.csv, row 2, column date: '2016' is only part"),
        (
            "relapses",
            "subject,date,end_date\nP1,2016-03-21,2016-04\n",
            r"column end_date: '2016-04' is only part",
        ),
        (
            "visits",
            "subject,date,edss\nP1,01/02/2016,4\n",
            r"row 2, column date: '01/02/2016'.*day and month can be",
        ),
        ("visits", "subject,date,edss\nP1,2016-02-30,4\n", r"row 2, column date: '2016-02-30'"),
        (
            "visits",
            "subject,date,edss\nP1,2016-01-01,4\nP1,,5\n",
            r"visits.csv, row 3: patient 'P1' has no date",
        ),
        ("relapses", "subject,date\nP1,\n", r"relapses.csv, row 2: patient 'P1' has no date"),
        (
            "relapses",
            "subject,date\nP1,2016-03-21\nP9,2016-03-21\n",
            r"relapses.csv, row 3: patient 'P9' without a",
        ),
        (
            "subjects",
            "subject,first_dose\nP1,2016-01-01\n",
            r"'first_dose_date' is missing.*Did you mean 'first_dose'",
        ),
        (
            "subjects",
            "subject,first_dose_date\nP1,2016-01-01\n",
            r"patient 'P2' without a first_dose_date in subjects",
        ),
        (
            "subjects",
            "subject,first_dose_date\nP1,2016-01-01\nP2,\n",
            r"patient 'P2' without a first_dose_date",
        ),
        (
            "subjects",
            "subject,first_dose_date\nP1,2016-01\nP2,2016-01-01\n",
            r"subjects.csv, row 2.*only part",
        ),
        (
            "subjects",
            "subject,first_dose_date\nP1,1.2.2016\nP2,2016-01-01\n",
            r"subjects.csv, row 2.*'1.2.2016'",
        ),
        (
            "subjects",
            SUBJECTS + "P1,2016-05-05\n",
            r"subjects.csv: patient 'P1' with more than one first_dose_date",
        ),
        ("visits", VISITS + "P1,2016-09-29,5.0,extra\n", r"visits.csv, line 7: 4 cells"),
    ],
)
def test_what_cannot_be_counted_is_refused(folder: Path, name: str, text: str, words: str) -> None:
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        io.read_course(folder / "visits.csv", folder / "relapses.csv", subjects=folder / "subjects.csv")


def test_relapses_of_unknown_patients_are_refused_by_row_for_days_too(folder: Path) -> None:
    (folder / "visits.csv").write_text("subject,day,edss\nP1,0,4\n", encoding="utf-8")
    (folder / "relapses.csv").write_text("subject,day\nP1,3\nP8,3\nP9,4\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"relapses.csv, row 3: patients 'P8', 'P9' without a visit in visits"
    ):
        io.read_course(folder / "visits.csv", folder / "relapses.csv")


def test_first_doses_beside_days_are_refused(folder: Path) -> None:
    (folder / "visits.csv").write_text("subject,day,edss\nP1,0,4\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"subjects.csv gives dates of first doses, but visits.csv days"):
        io.read_course(folder / "visits.csv", subjects=folder / "subjects.csv")
