"""Lesion masks in the analysis, the verdict and the report of a trial."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.report import trial_findings
from ranvier.verdict import analyse, assess

TOML = """
[trial]
id = "masks"
title = "A trial with masks"
design = "single_arm"
data_kind = "simulated"
disease = "NMOSD"
ambulation_coding = "0-16"

[lesions]
tool = "drawn by hand"

[[visits]]
label = "baseline"
day = -7
window = [-30, 7]
baseline = true

[[visits]]
label = "month 6"
day = 180
window = [-30, 30]
"""
LONG, PIECES, BRAIN, MORE = "long", "pieces", "brain", "more"
BOXES = {
    LONG: [(slice(4, 7), slice(4, 7), slice(2, 38))],
    PIECES: [(slice(4, 7), slice(4, 7), slice(first, first + 5)) for first in (4, 16, 28)],
    BRAIN: [(slice(10, 14), slice(10, 14), slice(10, 14))],
    MORE: [(slice(10, 14), slice(10, 14), slice(10, 14)), (slice(2, 6), slice(10, 14), slice(30, 34))],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "trial"
    (made / "masks").mkdir(parents=True)
    for name, boxes in BOXES.items():
        values = np.zeros((20, 20, 40), dtype=np.uint8)
        for box in boxes:
            values[box] = 1
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), made / "masks" / f"{name}.nii.gz")
    (made / "trial.toml").write_text(TOML)
    (made / "subjects.csv").write_text(
        "subject,arm,treated,diagnosis,last_attack_day,last_rescue_day\n"
        "P1,cells,yes,NMOSD,-900,-900\nP2,cells,yes,NMOSD,-900,-900\n"
    )
    (made / "doses.csv").write_text("subject,day,product\nP1,0,msc\nP2,0,msc\n")
    (made / "visits.csv").write_text(
        "subject,day,visit,edss\n"
        "P1,-7,baseline,4.0\nP1,180,month 6,4.0\nP2,-7,baseline,5.0\nP2,180,month 6,5.0\n"
    )
    (made / "mri.csv").write_text(
        "subject,day,region,t2_count,gad_count,new_t2,enlarging_t2,mask\n"
        "P1,-7,spinal cord,,0,,,long.nii.gz\nP1,180,spinal cord,,0,,,pieces.nii.gz\n"
        "P2,-7,spinal cord,,0,,,long.nii.gz\nP2,180,spinal cord,,0,,,pieces.nii.gz\n"
        "P1,-7,brain,1,0,,,brain.nii.gz\nP1,180,brain,1,0,,,more.nii.gz\n"
        "P2,-7,brain,1,0,,,brain.nii.gz\nP2,180,brain,1,0,,,brain.nii.gz\n"
    )
    return made


def test_counts_of_masks_enter_neda_and_statistics(folder: Path) -> None:
    numbers = analyse(rv.read_trial(folder))
    active = {part.region: part for part in numbers.lesion_activity}
    brain = active["brain"]
    assert (brain.patients.inputs["events"], brain.patients.n) == (1, 2)
    assert (brain.lesions, brain.new) == (1, 1)
    assert brain.rate.value == pytest.approx(1 / (2 * 187 / 365.25))
    assert any("at or before the first dose" in note for note in brain.notes)
    status = {part.definition.name: part.status for part in numbers.neda}["neda-3"]
    assert status is not None
    judged = dict(status.table.select("subject", "mri").rows())
    assert judged["P1"] == "active"


def test_a_cord_lesion_that_breaks_up_is_read_with_its_length(folder: Path) -> None:
    numbers = analyse(rv.read_trial(folder))
    change = {part.name: part.estimates[0] for part in numbers.lesions}
    assert change["T2 lesion count, spinal cord"].value == 2  # one lesion became three
    assert change["summed craniocaudal length of lesions, spinal cord"].value == 15 - 36
    assert change["craniocaudal length of the longest lesion, spinal cord"].value == 5 - 36
    signs = {finding.outcome: finding.sign for finding in _all(assess(numbers))}
    assert signs["typical change of T2 lesion count, spinal cord at month 6"] == "neither"
    assert signs["typical change of summed craniocaudal length of lesions, spinal cord at month 6"] == (
        "favourable"
    )
    said = [part.sentence for part in _all(assess(numbers)) if part.outcome == "mri_new_or_enlarging"]
    start = "1 of 2 patients had a new or enlarging T2 lesion, brain, on a scan after the first dose: "
    assert said[0].startswith(start)
    assert said[0].endswith(
        "2 scans are compared with one at or before the first dose; part of what is new may be older than "
        "the treatment."
    )
    assert said[1].startswith("None of 2 patients had a new or enlarging T2 lesion, spinal cord")


def _all(verdict: rv.verdict.Verdict) -> list[rv.verdict.Finding]:
    return [*verdict.favourable, *verdict.unfavourable, *verdict.neither]


def test_check_and_report_name_a_typed_number_that_differs(folder: Path) -> None:
    found = trial_findings(rv.read_trial(folder)).filter(rule="count-differs-from-mask")
    assert found.select("subject", "day", "column", "value").rows() == [("P1", 180, "t2_count", "1")]
    page = rv.report.build(rv.read_trial(folder)).html()
    assert "Of 4 typed numbers that a mask can check, 1 differs from the mask." in page
    assert "made by drawn by hand" in page
    assert "The same masks under three other rules" in page
    assert "count-differs-from-mask" in page


def test_a_mask_that_cannot_be_read_stops_the_report(folder: Path) -> None:
    (folder / "masks" / "more.nii.gz").write_bytes(b"no mask")
    trial = rv.read_trial(folder)
    with pytest.raises(InputError, match=r"mask-unreadable in mri\.csv \(row 7, subject P1, day 180"):
        rv.report.build(trial)
    assert "error" in trial_findings(trial).filter(rule="mask-unreadable")["severity"].to_list()


def test_the_trial_read_from_disk_is_left_as_it_was(folder: Path) -> None:
    trial = rv.read_trial(folder)
    analyse(trial)
    assert trial.mri.filter(region="spinal cord")["t2_count"].null_count() == 4
    assert sorted(trial.masks) == ["brain.nii.gz", "long.nii.gz", "more.nii.gz", "pieces.nii.gz"]
    assert set(trial.hashes) >= {"masks/long.nii.gz", "mri.csv"}
    assert isinstance(trial.with_table("mri", trial.mri.head(1)).mri, pl.DataFrame)
