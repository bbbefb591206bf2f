"""SDTM to tables: who was treated and in which arm, on which day, and which events they had."""

from __future__ import annotations

import runpy
from pathlib import Path

import polars as pl
import pytest

from ranvier.io import is_sdtm, read_sdtm
from ranvier.trial import Trial

SMALL = runpy.run_path(str(Path(__file__).parent / "sdtm_folder.py"))
DM, EX, write_sdtm_folder = SMALL["DM"], SMALL["EX"], SMALL["write_sdtm_folder"]


@pytest.fixture
def read(tmp_path: Path):
    def read(arm: str = "planned", products: dict[str, str] | None = None, **domains: str | None) -> Trial:
        return read_sdtm(write_sdtm_folder(tmp_path / "sdtm", **domains), arm=arm, products=products)

    return read


def said(trial: Trial, rule: str) -> list[str | None]:
    return trial.read_findings.filter(rule=rule)["value"].to_list()


def events(*rows: str, more: str = "") -> str:
    head = f"USUBJID,AESEQ,AEDECOD,AESER,AESTDTC,AEENDTC,AESTDY{more}"
    return "\n".join([head, *rows]) + "\n"


def test_patients_are_read_with_their_arm_age_diagnosis_and_days(read) -> None:
    subjects = read().subjects
    assert subjects.select("subject", "arm", "sex", "age_years", "site").rows() == [
        ("P1", "MSC", "F", 40.0, "01"),
        ("P2", "PBO", "M", 50.0, "02"),
    ]
    assert subjects.select("diagnosis", "phenotype").rows() == [("MS", "RRMS"), ("MS", "SPMS")]
    assert subjects.select("enrolled_day", "last_contact_day", "treated").rows() == [
        (-11, 365, True),
        (-9, 365, True),
    ]
    assert subjects["onset_day"].to_list() == [-1797, None]  # 1 April 2015, the first day it can be


def test_age_in_months_becomes_years_and_an_unknown_unit_is_named(read) -> None:
    trial = read(dm=DM.replace("40,YEARS", "480,MONTHS").replace("50,YEARS", "50,DECADES"))
    assert trial.subjects["age_years"].to_list() == [40.0, None]
    assert said(trial, "sdtm-word-unknown") == ["DECADES"]


def test_treated_comes_from_exposure_and_not_from_the_dates_of_dm(read) -> None:
    trial = read(ex=EX.replace("P1,1,AUTOLOGOUS MSC,70000000", "P1,1,AUTOLOGOUS MSC,0"))
    assert trial.subjects["treated"].to_list() == [False, True]
    assert said(trial, "sdtm-not-mapped") == ["1 row in which nothing was given"]


def test_dose_that_did_not_occur_treats_nobody(read) -> None:
    ex = "USUBJID,EXTRT,EXDOSE,EXSTDTC,EXOCCUR\nP1,MSC,,2020-03-02,N\nP2,PLACEBO,0,2020-05-10,Y\n"
    assert read(ex=ex).subjects["treated"].to_list() == [False, True]


def test_arm_without_exposure_is_an_error(read) -> None:
    trial = read(ex="\n".join(EX.splitlines()[:2]) + "\n")
    assert said(trial, "sdtm-arm-without-exposure") == ["PBO"]
    assert "sdtm-arm-without-exposure" in trial.check().table.filter(severity="error")["rule"].to_list()


def test_without_exposure_nobody_is_known_to_be_treated(read) -> None:
    trial = read(ex=None)
    assert trial.subjects["treated"].to_list() == [None, None]
    errors = trial.check().table.filter(severity="error")
    assert errors["rule"].to_list() == ["sdtm-no-exposure"]  # said once, not once for each patient


def test_screen_failures_are_in_no_table_and_counted(read) -> None:
    dm = DM + "S1,P3,,,2020-05-01,2020-05-03,02,33,YEARS,F,SCRNFAIL,Screen Failure,SCRNFAIL,Screen Failure\n"
    sv = "USUBJID,VISITNUM,VISIT,SVSTDTC\nP3,1,SCREENING,2020-05-01\nP1,1,SCREENING,2020-02-20\n"
    trial = read(dm=dm, sv=sv)
    assert trial.subjects["subject"].to_list() == ["P1", "P2"]
    assert trial.visits["subject"].to_list() == ["P1"]
    assert trial.read_findings.filter(rule="sdtm-screen-failure")["subject"].to_list() == ["P3"]
    assert "1 row of subjects who were screened only" in said(trial, "sdtm-not-mapped")
    assert "1 subject screened and not assigned to an arm; in no table." in trial.protocol.notes


def test_screen_failure_of_newer_guides_has_no_arm_but_a_reason(read) -> None:
    dm = "STUDYID,USUBJID,RFSTDTC,ARMCD,ARM,ARMNRS\nS1,P1,2020-03-02,MSC,Cells,\nS1,P3,,,,SCREEN FAILURE\n"
    trial = read(dm=dm, ex="\n".join(EX.splitlines()[:2]) + "\n")
    assert trial.subjects["subject"].to_list() == ["P1"]
    assert said(trial, "sdtm-screen-failure") == ["SCREEN FAILURE"]


@pytest.mark.parametrize(("arm", "expected"), [("planned", ["MSC", "PBO"]), ("actual", ["MSC", "MSC"])])
def test_the_arm_of_the_analysis_is_chosen_and_both_are_kept(read, arm: str, expected: list[str]) -> None:
    trial = read(arm=arm, dm=DM.replace("PBO,Placebo,PBO,Placebo", "PBO,Placebo,MSC,Cells"))
    assert trial.subjects["arm"].to_list() == expected
    assert trial.subjects.select("planned_arm", "actual_arm").row(1) == ("PBO", "MSC")
    assert trial.read_findings.filter(rule="sdtm-arm-differs").select("subject", "value").rows() == [
        ("P2", "planned PBO, got MSC")
    ]


def test_assigned_and_never_treated_keeps_the_planned_arm(read) -> None:
    dm = DM.replace("PBO,Placebo,PBO,Placebo", "PBO,Placebo,NOTTRT,Not Treated")
    trial = read(arm="actual", dm=dm, ex="\n".join(EX.splitlines()[:2]) + "\n")
    assert trial.subjects.select("arm", "treated").row(1) == ("PBO", False)
    assert said(trial, "sdtm-arm-differs") == []


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        ("2020-03-02,,", 0),  # the day of the first dose is study day 1 and day 0
        ("2020-03-03,,2", 1),
        ("2020-03-01,,-1", -1),  # the day before is -1 in both
        (",,1", 0),
        (",,-1", -1),
        ("2020-03-04T11:30,,", 2),
        ("2020-03,,5", 4),  # a study day is better than an imputed one
        (",,", None),
    ],
)
def test_dates_and_study_days_become_days_from_the_first_dose(read, cells: str, day: int | None) -> None:
    trial = read(ae=events(f"P1,1,HEADACHE,N,{cells}"))
    assert trial.adverse_events["day"].to_list() == [day]
    assert trial.adverse_events["day_flag"].to_list() == [None]


@pytest.mark.parametrize(
    ("text", "day", "flag"),
    [
        ("2020-03", 0, "D"),  # may have begun before and after the first dose of 2 March: the dose
        ("2020-04", 30, "D"),  # 1 April, the first day it can be
        ("2020-02", -30, "D"),  # 1 February: certainly before the dose
        ("2020", 0, "M"),
        ("2021", 305, "M"),
        ("2019", -426, "M"),
        ("2020---07", 0, "M"),  # a day without a month says only the year
    ],
)
def test_partial_start_is_the_first_day_possible_but_not_before_the_dose_if_it_may_be_after(
    read, text: str, day: int, flag: str
) -> None:
    trial = read(ae=events(f"P1,1,HEADACHE,N,{text},,"))
    assert trial.adverse_events.select("day", "aestdtc", "day_flag").row(0) == (day, text, flag)
    assert said(trial, "sdtm-date-partial") == ["2015-04", text]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2020-04", 59), ("2021-03", 365), ("2021", 365), ("2020", 304), ("2020-02", -2)],
)
def test_partial_end_is_the_last_day_possible_but_not_after_the_end_of_participation(
    read, text: str, day: int
) -> None:
    trial = read(ae=events(f"P1,1,HEADACHE,N,2020-01-05,{text},"))
    assert trial.adverse_events.select("end_day", "aeendtc").row(0) == (day, text)


def test_days_are_counted_from_the_first_dose_even_when_the_reference_date_is_another(read) -> None:
    dm = DM.replace("P1,2020-03-02", "P1,2020-02-25")  # RFSTDTC is six days before the dose
    ex = EX.replace("2020-03-02,2020-03-02,1", "2020-03-02,2020-03-02,7")
    trial = read(dm=dm, ex=ex, ae=events("P1,1,A,N,2020-03-05,,10", "P1,2,B,N,,,10"))
    assert trial.adverse_events["day"].to_list() == [3, 3]
    assert said(trial, "sdtm-study-day-differs") == []


def test_without_any_date_study_days_alone_serve(read) -> None:
    dm = "STUDYID,USUBJID,ARMCD,ARM\nS1,P1,MSC,Cells\n"
    ex = "USUBJID,EXTRT,EXDOSE,EXSTDY\nP1,MSC,7,8\nP1,MSC,7,98\n"
    trial = read(dm=dm, ex=ex, mh=None, ae=events("P1,1,A,N,,,8", "P1,2,B,N,,,-1"))
    assert trial.doses["day"].to_list() == [0, 90]
    assert trial.adverse_events["day"].to_list() == [0, -8]
    assert "0 by date, 2 by study day, 0 imputed, 0 without a day" in said(trial, "sdtm-days")


def test_what_contradicts_or_cannot_be_read_is_named(read) -> None:
    ae = events("P1,1,A,N,2020-03-05,,9", "P1,2,B,N,2020-02-30,,", "P1,3,C,N,,,0", "P1,4,D,N,05.03.2020,,")
    trial = read(ae=ae)
    assert trial.adverse_events["day"].to_list() == [3, None, None, None]
    assert said(trial, "sdtm-study-day-differs") == ["9"]
    assert said(trial, "sdtm-not-a-date") == ["2020-02-30", "05.03.2020"]
    assert said(trial, "sdtm-study-day-0") == ["0"]
    assert said(trial, "sdtm-no-day") == ["B", "C", "D"]


def test_event_without_start_is_kept_and_stops_no_report(read) -> None:
    trial = read(ae=events("P1,1,HEADACHE,N,,,"))
    assert trial.adverse_events.height == 1
    assert said(trial, "sdtm-no-day") == ["HEADACHE"]
    assert trial.check().table.filter(severity="error").is_empty()


def test_event_before_the_first_dose_is_counted_apart_and_is_no_error(read) -> None:
    trial = read(ae=events("P1,1,HEADACHE,N,2020-02-21,,", "P2,1,FEVER,N,2020-05-11,,"))
    assert trial.adverse_events["day"].to_list() == [-10, 1]
    assert said(trial, "sdtm-before-first-dose") == ["1 of 2 rows"]
    assert trial.check().table.filter(severity="error").is_empty()


def test_words_of_adverse_events_are_understood_or_named(read) -> None:
    ae = (
        "USUBJID,AESEQ,AETERM,AEDECOD,AEBODSYS,AESOC,AESEV,AETOXGR,AESER,AESHOSP,AEREL,AEOUT,AESTDTC\n"
        "P1,1,headache,HEADACHE,NERVOUS,,MILD,1,N,,POSSIBLE,RECOVERED/RESOLVED,2020-03-05\n"
        "P1,2,a fall,,,INJURY,SEVERE,Grade 3,,Y,REMOTE,RECOVERED/RESOLVED WITH SEQUELAE,2020-03-06\n"
        "P1,3,odd,ODD,,,,6,?,,PERHAPS,GONE,2020-03-07\n"
    )
    trial = read(ae=ae)
    columns = ("term", "body_system", "grade", "serious", "related", "outcome", "aeseq", "aesev")
    assert trial.adverse_events.select(columns).rows() == [
        ("HEADACHE", "NERVOUS", 1, False, True, "recovered", "1", "MILD"),
        ("a fall", "INJURY", 3, True, False, "sequelae", "2", "SEVERE"),
        ("ODD", None, None, None, None, None, "3", None),
    ]
    assert said(trial, "sdtm-word-unknown") == ["?", "PERHAPS", "GONE", "6"]
    assert "POSSIBLE = related; REMOTE = not related" in said(trial, "sdtm-assumed")


def test_severity_is_no_ctcae_grade(read) -> None:
    ae = "USUBJID,AESEQ,AEDECOD,AESEV,AESER,AESTDTC\nP1,1,HEADACHE,SEVERE,N,2020-03-05\n"
    trial = read(ae=ae)
    assert trial.adverse_events.select("grade", "aesev").row(0) == (None, "SEVERE")
    assert any("no CTCAE grade" in (value or "") for value in said(trial, "sdtm-assumed"))


def test_supplemental_qualifiers_find_their_row(read) -> None:
    supp = (
        "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QLABEL,QVAL\n"
        "AE,P1,AESEQ,2,AERELPRC,Procedure,Y\nAE,P1,AESEQ,1,AETRTEM,Emergent,N\nAE,P1,AESEQ,9,AETRTEM,Emergent,Y\n"
        "AE,P1,AESEQ,1,AETRTEM,Emergent,U\n"
    )
    trial = read(ae=events("P1,1,A,N,2020-02-21,,", "P1,2,B,N,2020-03-02,,"), suppae=supp)
    assert trial.adverse_events["procedure_related"].to_list() == [None, True]
    assert trial.adverse_events["aetrtem"].to_list() == ["N", None]
    assert said(trial, "sdtm-row-left-out") == ["AETRTEM = Y", "AETRTEM = U"]


def test_number_that_stands_twice_is_an_error(read) -> None:
    trial = read(ae=events("P1,1,A,N,2020-03-05,,", "P1,1,B,N,2020-03-06,,"))
    assert trial.read_findings.filter(rule="sdtm-key-twice").select("row", "subject").rows() == [
        (2, "P1"),
        (3, "P1"),
    ]


def test_subject_twice_in_dm_is_an_error(read) -> None:
    trial = read(dm=DM + DM.splitlines()[1] + "\n")
    assert trial.check().table.filter(rule="subject-duplicate").height == 2


def test_doses_are_known_by_the_words_of_the_treatment_or_by_the_argument(read) -> None:
    assert read().doses.select("product", "route", "cells", "exdose").rows() == [
        ("msc", "intrathecal", 7e7, 7e7),
        ("placebo", "intrathecal", 0.0, 0.0),
    ]
    other = read(ex=EX.replace("AUTOLOGOUS MSC", "CT-0815").replace("INTRATHECAL", "ORAL"))
    assert other.doses["product"].to_list() == [None, "placebo"]
    assert said(other, "sdtm-product-unknown") == ["CT-0815 (1 row)"]
    assert said(other, "sdtm-route-unknown") == ["ORAL (2 rows)"]
    errors = other.check().table.filter(severity="error")
    assert errors["rule"].to_list() == ["sdtm-product-unknown"]
    known = read(ex=EX.replace("AUTOLOGOUS MSC", "CT-0815"), products={"ct-0815": "nsc"})
    assert known.doses["product"].to_list() == ["nsc", "placebo"]


def test_doses_of_one_day_are_joined(read) -> None:
    ex = EX + "P1,2,AUTOLOGOUS MSC,30000000,CELLS,INTRATHECAL,2020-03-02,2020-03-02,1\n"
    trial = read(ex=ex)
    assert trial.doses.filter(subject="P1").select("day", "cells").rows() == [(0, 1e8)]
    assert said(trial, "sdtm-doses-joined") == ["AUTOLOGOUS MSC", "AUTOLOGOUS MSC"]


def test_relapses_are_the_clinical_events_called_so_that_occurred(read) -> None:
    ce = (
        "USUBJID,CESEQ,CETERM,CECAT,CEOCCUR,CESEV,CESTDTC,CEENDTC\n"
        "P1,1,MS RELAPSE,,,MODERATE,2019-12-01,2019-12-20\n"
        "P1,2,RELAPSE,,N,,2020-06-01,\nP1,3,UHTHOFF,OTHER,,,2020-06-01,\nP1,4,exacerbation,,Y,WORST,2020-07,\n"
    )
    supp = "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL\nCE,P1,CESEQ,1,CERESCUE,Y\nCE,P1,CESEQ,1,CECONF,N\n"
    trial = read(ce=ce, suppce=supp)
    assert trial.relapses.select("day", "end_day", "severity", "rescue", "confirmed").rows() == [
        (-92, -73, "moderate", True, False),
        (121, None, None, None, None),
    ]
    assert said(trial, "sdtm-not-mapped") == ["1 row that is no relapse", "1 relapse that did not occur"]
    assert said(trial, "sdtm-word-unknown") == ["WORST"]


def test_tables_are_recorded_where_their_domain_is_there_even_without_a_row(read) -> None:
    trial = read(ae="USUBJID,AESEQ,AEDECOD,AESER,AESTDTC\n")
    assert trial.recorded == {"subjects", "doses", "visits", "adverse_events"}
    assert trial.adverse_events.is_empty()


def test_files_that_are_not_read_are_listed(read) -> None:
    trial = read(lb="USUBJID\nP1\n", adsl="USUBJID\nP1\n")
    assert trial.read_findings.filter(rule="sdtm-file-not-read")["file"].to_list() == ["adsl.csv", "lb.csv"]
    assert set(trial.hashes) == {"dm.csv", "ex.csv", "mh.csv"}


def test_other_disease_is_one_error_and_not_one_for_each_patient(read) -> None:
    trial = read(mh=None)
    errors = trial.check().table.filter(severity="error")
    assert errors["rule"].to_list() == ["sdtm-disease-unknown"]
    assert trial.subjects["diagnosis"].to_list() == [None, None]


def test_folder_is_known_by_its_dm_and_not_taken_from_a_trial_folder(
    tmp_path: Path, trial_folder: Path
) -> None:
    folder = write_sdtm_folder(tmp_path / "sdtm")
    assert is_sdtm(folder)
    assert not is_sdtm(trial_folder)
    assert not is_sdtm(tmp_path)


def test_no_row_of_a_domain_depends_on_the_order_of_rows(read, tmp_path: Path) -> None:
    rows = ["P1,1,A,N,2020-03-05,,", "P2,1,B,N,2020-05,,", "P1,2,C,N,,,3"]
    one, other = read(ae=events(*rows)), read(ae=events(*reversed(rows)))
    columns = pl.exclude("row")
    assert (
        one.adverse_events.select(columns)
        .sort("term")
        .equals(other.adverse_events.select(columns).sort("term"))
    )
