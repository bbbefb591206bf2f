"""SDTM findings to visits and scans, and the protocol that TS, TA and TV tell."""

from __future__ import annotations

import itertools
import runpy
from pathlib import Path

import pytest

from ranvier.io import read_sdtm
from ranvier.trial import Trial

SMALL = runpy.run_path(str(Path(__file__).parent / "sdtm_folder.py"))
DM, write_sdtm_folder = SMALL["DM"], SMALL["write_sdtm_folder"]

SV = "USUBJID,VISITNUM,VISIT,VISITDY,SVSTDTC,SVENDTC\nP1,2,BASELINE,1,2020-03-01,2020-03-02\n"
TV = "VISITNUM,VISIT,VISITDY\n1,SCREENING,-14\n2,BASELINE,1\n3,MONTH 6,183\n9,EARLY END,\n"


@pytest.fixture
def read(tmp_path: Path):
    def read(**domains: str | None) -> Trial:
        return read_sdtm(write_sdtm_folder(tmp_path / "sdtm", **domains))

    return read


def said(trial: Trial, rule: str) -> list[str | None]:
    return trial.read_findings.filter(rule=rule)["value"].to_list()


def rs(*rows: str) -> str:
    return "\n".join(["USUBJID,RSSEQ,RSTESTCD,RSORRES,RSSTRESC,RSSTRESN,VISITNUM,RSDTC", *rows]) + "\n"


def ft(*rows: str) -> str:
    head = "USUBJID,FTSEQ,FTTESTCD,FTCAT,FTSTRESC,FTSTRESN,FTSTRESU,FTLAT,FTREPNUM,FTDTC"
    return "\n".join([head, *rows]) + "\n"


def test_edss_and_functional_systems_stand_in_one_row_for_each_day(read) -> None:
    trial = read(
        rs=rs(
            "P1,1,EDSS0101,Relatively severe disability,4.5,4.5,2,2020-03-02",
            "P1,2,KFSS101,Mild,2,2,2,2020-03-02",
            "P1,3,KFSS106,Unknown,Unknown,,2,2020-03-02",
            "P1,4,KFSS102A,NOT CHECKED,NOT CHECKED,,2,2020-03-02",
            "P1,5,EDSS0101,x,5,5,3,2020-09-01",
        )
    )
    assert trial.visits.select("subject", "day", "edss", "pyramidal", "visual").rows() == [
        ("P1", 0, 4.5, 2, None),
        ("P1", 183, 5.0, None, None),
    ]
    assert said(trial, "sdtm-not-a-value") == ["KFSS106 = Unknown (1 row)"]
    assert "KFSS102A: 1 row" in said(trial, "sdtm-not-mapped")
    assert trial.protocol.edss_scheme == "kurtzke1983"


def test_questionnaires_domain_of_older_data_and_split_files_are_read(read) -> None:
    qs = "USUBJID,QSSEQ,QSTESTCD,QSSTRESN,QSDTC\nP1,1,EDSS0101,4,2020-03-02\n"
    split = "USUBJID,QSSEQ,QSTESTCD,QSSTRESN,QSDTC\nP2,2,EDSS0101,6,2020-05-10\n"
    assert read(qs=qs, qsed=split).visits["edss"].to_list() == [4.0, 6.0]


def test_trials_of_walk_and_pegs_are_averaged_and_seconds_are_the_unit(read) -> None:
    trial = read(
        ft=ft(
            "P1,1,T25FW101,T25FW,6.0,6.0,sec,,1,2020-03-02",
            "P1,2,T25FW101,T25FW,7.0,7.0,sec,,2,2020-03-02",
            "P2,1,T25FW101,T25FW,0.5,0.5,MIN,,1,2020-05-10",
            "P2,2,T25FW101,T25FW,3,3,FEET,,1,2020-06-10",
        )
    )
    assert trial.visits.select("subject", "t25fw_s").rows() == [("P1", 6.5), ("P2", 30.0)]
    assert said(trial, "sdtm-trials-averaged") == ["1 visit"]
    assert said(trial, "sdtm-not-a-value") == ["T25FW101 = unit FEET (1 row)"]


def test_pegs_need_the_dominant_hand(read) -> None:
    rows = ft(
        "P1,1,NHPT0101,NHPT,20,20,sec,RIGHT,1,2020-03-02",
        "P1,2,NHPT0101,NHPT,25,25,sec,LEFT,1,2020-03-02",
        "P2,1,NHPT0101,NHPT,30,30,sec,RIGHT,1,2020-05-10",
    )
    sc = "USUBJID,SCTESTCD,SCTEST,SCORRES,SCSTRESC\nP1,HANDDOM,Dominant Hand,LEFT,LEFT\n"
    trial = read(ft=rows, sc=sc)
    assert trial.visits.select("nhpt_dominant_s", "nhpt_nondominant_s").rows() == [(25.0, 20.0)]
    assert any((value or "").startswith("NHPT0101: 1 row (side") for value in said(trial, "sdtm-not-mapped"))


def test_scores_of_cognition_and_another_version_of_pasat(read) -> None:
    trial = read(
        ft=ft(
            "P1,1,PASAT101,PASAT,50,50,,,,2020-03-02",
            "P1,2,SDMT0101,SDMT,44,44,,,,2020-03-02",
            "P2,1,PASAT101,PASAT 2 SEC,30,30,,,,2020-05-10",
        )
    )
    assert trial.visits.select("pasat", "sdmt").rows() == [(50, 44)]


def test_acuity_is_logmar_by_eye_and_letters_only_of_an_etdrs_chart(read) -> None:
    oe = (
        "USUBJID,OESEQ,OETESTCD,OECAT,OEMETHOD,OESTRESC,OESTRESN,OELAT,OEDTC\n"
        "P1,1,MNARSLOG,VISUAL ACUITY,,0.2,0.2,RIGHT,2020-03-02\n"
        "P1,2,NUMLCOR,VISUAL ACUITY,ETDRS EYE CHART,70,70,LEFT,2020-03-02\n"
        "P2,1,NUMLCOR,VISUAL ACUITY,SLOAN LETTER EYE CHART 2.5%,30,30,LEFT,2020-05-10\n"
        "P2,2,CNTFIND,VISUAL ACUITY,,Y,,LEFT,2020-05-10\n"
    )
    trial = read(oe=oe)
    row = trial.visits.select("acuity_right_logmar", "acuity_left_logmar").row(0)
    assert row == (0.2, pytest.approx(0.3))
    assert trial.visits.height == 1
    assert "CNTFIND: 1 row" in said(trial, "sdtm-not-mapped")


def test_latency_and_lesions_by_eye_and_region(read) -> None:
    nv = (
        "USUBJID,NVSEQ,NVTESTCD,NVLOC,NVLAT,NVSTRESC,NVSTRESN,NVSTRESU,NVDTC\n"
        "P1,1,P100LAT,EYE,RIGHT,112,112,msec,2020-03-02\nP1,2,T2LESNUM,BRAIN,,12,12,,2020-03-02\n"
        "P1,3,T2LESVOL,BRAIN,,1.5,1.5,mL,2020-03-02\nP1,4,GDLESNUM,SPINAL CORD,,1,1,,2020-03-02\n"
        "P1,5,BSI,BRAIN,,0.5,0.5,,2020-03-02\n"
    )
    trial = read(nv=nv)
    assert trial.visits["p100_right_ms"].to_list() == [112.0]
    assert trial.mri.select("day", "region", "t2_count", "t2_volume_mm3", "gad_count").rows() == [
        (0, "brain", 12, 1500.0, None),
        (0, "spinal cord", None, None, 1),
    ]
    assert "BSI: 1 row" in said(trial, "sdtm-not-mapped")


def test_two_results_of_one_test_on_a_day_are_an_error_unless_they_agree(read) -> None:
    trial = read(
        rs=rs(
            "P1,1,EDSS0101,4,4,4,2,2020-03-02",
            "P1,2,EDSS0101,5,5,5,2,2020-03-02",
            "P2,1,EDSS0101,3,3,3,2,2020-05-10",
            "P2,2,EDSS0101,3,3,3,2,2020-05-10",
        )
    )
    assert trial.visits["edss"].to_list() == [4.0, 3.0]
    assert trial.read_findings.filter(rule="sdtm-value-twice").select("subject", "value").rows() == [
        ("P1", "4.0, 5.0")
    ]


def test_finding_takes_the_day_of_its_visit_and_the_visit_its_label_only_when_planned(read) -> None:
    sv = SV + "P1,2.1,UNSCHEDULED 2.1,,2020-04-01,2020-04-01\nP1,9,EARLY END,,2020-10-01,2020-10-01\n"
    trial = read(
        sv=sv,
        tv=TV,
        rs=rs(
            "P1,1,EDSS0101,4,4,4,2,", "P1,2,KFSS101,1,1,1,2,2020-03-02", "P1,3,EDSS0101,5,5,5,2.1,2020-04-01"
        ),
    )
    assert trial.visits.select("day", "visit", "edss", "pyramidal").rows() == [
        (-1, "BASELINE", 4.0, 1),
        (30, None, 5.0, None),
        (213, None, None, None),
    ]
    assert "1 unscheduled visit; 1 row with a fractional VISITNUM" in said(trial, "sdtm-assumed")
    assert "EARLY END is not planned: 1 visit without a label" in said(trial, "sdtm-assumed")


def test_visits_on_one_day_are_joined_and_two_planned_labels_are_named(read) -> None:
    sv = SV + "P1,1,SCREENING,-14,2020-03-01,2020-03-01\nP1,1.1,UNSCHEDULED,,2020-03-01,2020-03-01\n"
    trial = read(sv=sv, tv=TV)
    assert trial.visits.select("day", "visit").rows() == [(-1, "SCREENING")]
    assert said(trial, "sdtm-visits-joined") == ["SCREENING, BASELINE"]


def test_visit_that_was_missed_is_left_out_and_counted(read) -> None:
    sv = "USUBJID,VISITNUM,VISIT,SVSTDTC,SVOCCUR\nP1,2,BASELINE,2020-03-02,Y\nP1,3,MONTH 6,2020-09-01,N\n"
    trial = read(sv=sv)
    assert trial.visits["visit"].to_list() == ["BASELINE"]
    assert "1 visit that was missed" in said(trial, "sdtm-not-mapped")


def test_labels_come_from_findings_where_there_is_no_sv(read) -> None:
    text = "USUBJID,RSSEQ,RSTESTCD,RSSTRESN,VISITNUM,VISIT,RSDY\nP1,1,EDSS0101,4,2,Baseline,1\n"
    assert read(rs=text, tv=TV).visits.select("day", "visit").rows() == [(0, "BASELINE")]


def test_protocol_is_put_together_from_the_trial_design_and_says_what_was_assumed(read) -> None:
    ts = (
        "TSPARMCD,TSVAL\nTITLE,Cells against placebo\nRANDOM,Y\nTBLIND,DOUBLE BLIND\nINTMODEL,PARALLEL\n"
        "INDIC,MULTIPLE SCLEROSIS\nPLANSUB,30\nREGID,NCT00000000\n"
    )
    protocol = read(ts=ts, tv=TV).protocol
    assert (protocol.id, protocol.title, protocol.design) == ("s1", "Cells against placebo", "rct_parallel")
    assert (protocol.masking, protocol.registered_n, protocol.registration) == (
        "double blind",
        30,
        "NCT00000000",
    )
    assert [(arm.id, arm.label, arm.role) for arm in protocol.arms] == [
        ("MSC", "Cells", "experimental"),
        ("PBO", "Placebo", "control"),
    ]
    assert [(visit.label, visit.day, visit.window, visit.baseline) for visit in protocol.visits] == [
        ("SCREENING", -14, (-6, 6), False),
        ("BASELINE", 0, (-7, 90), True),
        ("MONTH 6", 182, (-91, 91), False),
    ]
    assert "data_kind: patients" in protocol.notes[0]


def test_windows_of_neighbours_do_not_overlap(read) -> None:
    visits = sorted(read(tv=TV).protocol.visits, key=lambda visit: visit.day)
    for one, other in itertools.pairwise(visits):
        assert one.day + one.window[1] < other.day + other.window[0]


def test_one_arm_is_a_single_arm_and_no_word_on_randomisation_is_unclear(read) -> None:
    assert read().protocol.design == "controlled_unclear_randomisation"
    assert read(dm="\n".join(DM.splitlines()[:2]) + "\n").protocol.design == "single_arm"


def test_trial_toml_beside_the_data_is_the_protocol(tmp_path: Path, trial_folder: Path) -> None:
    folder = write_sdtm_folder(tmp_path / "sdtm", dm=DM.replace("MSC,Cells,MSC", "cells,Cells,cells"))
    (folder / "trial.toml").write_bytes((trial_folder / "trial.toml").read_bytes())
    trial = read_sdtm(folder)
    assert trial.protocol.id == "small"
    assert "trial.toml" in trial.hashes
    assert trial.read_findings.filter(column="data_kind").is_empty()
    other = read_sdtm(folder, protocol=trial.protocol)
    assert other.protocol == trial.protocol
