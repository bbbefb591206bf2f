"""Masks of a trial: counted, compared with the scan before, and set beside the numbers typed in."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier import mri
from ranvier.errors import InputError

SHAPE = (24, 24, 24)
BOXES = {
    "old": (slice(2, 6), slice(2, 6), slice(2, 6)),
    "grown": (slice(2, 6), slice(2, 6), slice(2, 10)),
    "second": (slice(12, 16), slice(12, 16), slice(12, 16)),
    "new": (slice(18, 22), slice(4, 8), slice(4, 8)),
}
TOML = """
[trial]
id = "masks"
title = "A trial with masks"
design = "single_arm"
data_kind = "simulated"
disease = "MS"
ambulation_coding = "0-16"

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


def save(folder: Path, name: str, *boxes: str, affine: np.ndarray | None = None) -> None:
    values = np.zeros(SHAPE, dtype=np.uint8)
    for box in boxes:
        values[BOXES[box]] = 1
    folder.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4) if affine is None else affine), folder / name)


def trial(folder: Path, scans: list[str], extra: str = "") -> rv.Trial:
    """Write a trial of two patients whose mri.csv holds the rows given."""
    folder.mkdir(exist_ok=True)
    (folder / "trial.toml").write_text(TOML + extra)
    (folder / "subjects.csv").write_text(
        "subject,arm,treated,diagnosis,phenotype,last_attack_day,last_rescue_day\n"
        "P1,cells,yes,MS,SPMS,-900,-900\nP2,cells,yes,MS,SPMS,-900,-900\n"
    )
    (folder / "doses.csv").write_text("subject,day,product\nP1,0,msc\nP2,0,msc\n")
    (folder / "visits.csv").write_text(
        "subject,day,visit,edss\n"
        "P1,-7,baseline,4.0\nP1,180,month 6,4.0\nP2,-7,baseline,5.0\nP2,180,month 6,5.0\n"
    )
    header = "subject,day,region,t2_count,t2_volume_mm3,gad_count,new_t2,enlarging_t2,mask"
    (folder / "mri.csv").write_text("\n".join([header, *scans]) + "\n")
    return rv.read_trial(folder)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    folder = tmp_path / "trial" / "masks"
    save(folder, "first.nii.gz", "old", "second")
    save(folder, "later.nii.gz", "grown", "second", "new")
    save(folder, "same.nii.gz", "old")
    save(folder, "elsewhere.nii.gz", "old", affine=np.diag([1.0, 1.0, 2.0, 1.0]))
    (folder / "broken.nii.gz").write_bytes(b"no mask")
    return tmp_path / "trial"


def cells(counted: mri.ScanCounts, subject: str, day: int) -> dict[str, tuple[float | None, str]]:
    rows = counted.table.filter(subject=subject, day=day)
    return {row["measure"]: (row["counted"], row["reason"]) for row in rows.iter_rows(named=True)}


def test_empty_cells_are_filled_from_the_masks(masks: Path) -> None:
    made = trial(masks, ["P1,-7,brain,,,,,,first.nii.gz", "P1,180,brain,,,,,,later.nii.gz"])
    counted = mri.count_scans(made)
    assert cells(counted, "P1", -7) == {
        "t2_count": (2.0, "not-typed"),
        "t2_volume_mm3": (128.0, "not-typed"),
        "new_t2": (None, "first-scan"),
        "enlarging_t2": (None, "first-scan"),
    }
    assert cells(counted, "P1", 180) == {
        "t2_count": (3.0, "not-typed"),
        "t2_volume_mm3": (256.0, "not-typed"),
        "new_t2": (1.0, "not-typed"),
        "enlarging_t2": (1.0, "not-typed"),
    }
    assert counted.mri.select("t2_count", "t2_volume_mm3", "new_t2", "enlarging_t2").rows() == [
        (2, 128.0, None, None),
        (3, 256.0, 1, 1),
    ]
    assert counted.findings is not None
    assert counted.findings.is_empty()
    assert made.mri["t2_count"].null_count() == 2  # the trial itself is left as it was


def test_a_typed_number_that_differs_is_a_query_and_the_mask_enters(masks: Path) -> None:
    made = trial(masks, ["P1,-7,brain,2,129,,,,first.nii.gz", "P1,180,brain,5,300,,0,1,later.nii.gz"])
    counted = mri.count_scans(made)
    assert counted.findings is not None
    said = counted.findings.select("rule", "severity", "row", "column", "value", "allowed").rows()
    assert said == [
        ("count-differs-from-mask", "query", 3, "t2_count", "5", "3 by the mask later.nii.gz"),
        ("count-differs-from-mask", "query", 3, "t2_volume_mm3", "300.0", "256.0 by the mask later.nii.gz"),
        ("count-differs-from-mask", "query", 3, "new_t2", "0", "1 by the mask later.nii.gz"),
    ]
    assert cells(counted, "P1", -7)["t2_volume_mm3"] == (128.0, "agrees")  # 129 is within 1 %
    assert counted.mri["t2_count"].to_list() == [2, 3]


def test_typed_numbers_stay_where_one_scan_has_no_mask(masks: Path) -> None:
    made = trial(
        masks,
        [
            "P1,-7,brain,4,,,,,first.nii.gz",
            "P1,180,brain,6,,,,,later.nii.gz",
            "P2,-7,brain,9,,,,,",
            "P1,-7,spinal cord,,,,,,same.nii.gz",
        ],
    )
    counted = mri.count_scans(made)
    sources = dict(counted.sources.filter(measure="t2_count").select("region", "source").rows())
    assert sources == {"brain": "typed", "spinal cord": "masks"}
    used = counted.mri.select("subject", "region", "t2_count", "cord_length_mm", "cord_longest_mm").rows()
    assert used == [
        ("P1", "brain", 4, None, None),
        ("P1", "brain", 6, None, None),
        ("P2", "brain", 9, None, None),
        ("P1", "spinal cord", 1, 4.0, 4.0),
    ]


def test_what_cannot_be_read_or_compared_is_a_finding_and_never_zero(masks: Path) -> None:
    made = trial(
        masks,
        [
            "P1,-7,brain,,,,,,first.nii.gz",
            "P1,180,brain,,,,,,elsewhere.nii.gz",
            "P2,-7,brain,,,,,,broken.nii.gz",
            "P2,180,brain,,,,,,later.nii.gz",
        ],
    )
    counted = mri.count_scans(made)
    assert counted.findings is not None
    found = {row["rule"]: row for row in counted.findings.iter_rows(named=True)}
    assert set(found) == {"mask-unreadable", "mask-not-comparable"}
    assert found["mask-unreadable"]["severity"] == "error"
    assert "not a NIfTI file" in found["mask-unreadable"]["advice"]
    assert "never one of them alone" in found["mask-not-comparable"]["advice"]
    assert cells(counted, "P1", 180)["t2_count"] == (1.0, "not-typed")
    assert cells(counted, "P1", 180)["new_t2"] == (None, "not-comparable")
    assert cells(counted, "P2", -7)["t2_count"] == (None, "not-readable")
    assert cells(counted, "P2", 180)["new_t2"] == (None, "no-mask-before")


def test_a_scan_without_a_mask_breaks_the_comparison(masks: Path) -> None:
    made = trial(
        masks,
        [
            "P1,-7,brain,,,,,,first.nii.gz",
            "P1,90,brain,,,0,,,",
            "P1,180,brain,,,,,,later.nii.gz",
        ],
    )
    counted = mri.count_scans(made)
    assert cells(counted, "P1", 90)["new_t2"] == (None, "no-mask")
    assert cells(counted, "P1", 180)["new_t2"] == (None, "no-mask-before")


def test_the_same_file_for_two_scans_is_asked_about(masks: Path) -> None:
    made = trial(masks, ["P1,-7,brain,,,,,,first.nii.gz", "P1,180,brain,,,,,,first.nii.gz"])
    findings = mri.count_scans(made).findings
    assert findings is not None
    assert findings["rule"].to_list() == ["mask-repeated"]


def test_the_plan_chooses_rule_and_names_the_tool(masks: Path) -> None:
    made = trial(
        masks,
        ["P1,-7,brain,,,,,,first.nii.gz", "P1,180,brain,,,,,,later.nii.gz"],
        extra='\n[lesions]\nrule = "msseg"\ntool = "LST-AI 1.1.0"\n',
    )
    counted = mri.count_scans(made)
    assert counted.definition.name == "msseg"
    assert "made by LST-AI 1.1.0" in counted.explain()
    assert "first.nii.gz" not in counted.explain()
    compared = counted.comparison("P1", "brain", 180)
    assert compared.counts["new"] == counted.pairs["new"][0]
    assert compared.after.tool == "LST-AI 1.1.0"
    with pytest.raises(InputError, match="no masks were compared"):
        counted.comparison("P1", "brain", 90)


def test_every_count_stands_beside_three_other_rules(masks: Path) -> None:
    made = trial(masks, ["P1,-7,brain,,,,,,first.nii.gz", "P1,180,brain,,,,,,later.nii.gz"])
    table = mri.count_scans(made).by_rule
    assert table.filter(day=180).select("changed", "lesions", "new", "enlarging").rows() == [
        (None, 3, 1, 1),
        ("6 neighbours", 3, 1, 1),
        ("≥ 3 mm³", 3, 1, 1),
        ("ratio 1.25", 3, 1, 1),
    ]
    assert table.filter(day=-7)["lesions"].to_list() == [2, 2, 2, 2]
    assert table.filter(day=-7)["new"].null_count() == 4


def test_other_rules_carry_the_volume_of_the_scan_itself(masks: Path) -> None:
    made = trial(masks, ["P1,-7,brain,,,,,,first.nii.gz", "P1,180,brain,,,,,,later.nii.gz"])
    table = mri.count_scans(made).by_rule
    first = table.filter(pl.col("changed").is_null())
    assert first.select("day", "lesions", "volume_mm3").rows() == [(-7, 2, 128.0), (180, 3, 256.0)]


@pytest.mark.parametrize("rule", sorted(mri.RULES))
def test_no_rule_counts_a_scan_twice(masks: Path, rule: str) -> None:
    made = trial(
        masks,
        ["P1,-7,brain,,,,,,first.nii.gz", "P1,180,brain,,,,,,later.nii.gz"],
        extra=f'\n[lesions]\nrule = "{rule}"\n',
    )
    counted = mri.count_scans(made)
    table = counted.sensitivity("brain").table
    assert table["lesions"].to_list() == [5, 5, 5, 5]
    assert table["new"].to_list() == [1, 1, 1, 1]
    assert counted.by_rule.height == 8


def test_two_scans_without_lesions_are_no_repeated_file(masks: Path) -> None:
    for name in ("none.nii.gz", "still_none.nii.gz"):
        save(masks / "masks", name)
    made = trial(masks, ["P1,-7,brain,,,,,,none.nii.gz", "P1,180,brain,,,,,,still_none.nii.gz"])
    findings = mri.count_scans(made).findings
    assert findings is not None
    assert findings.is_empty()


def test_an_unknown_rule_is_refused_by_name(masks: Path) -> None:
    made = trial(masks, ["P1,-7,brain,,,,,,first.nii.gz"], extra='\n[lesions]\nrule = "mseg"\n')
    with pytest.raises(InputError, match="unknown rule 'mseg'"):
        mri.count_scans(made)


def test_a_trial_without_masks_keeps_its_table(masks: Path) -> None:
    made = trial(masks, ["P1,-7,brain,4,,,,,", "P1,180,brain,6,,,1,,"])
    counted = mri.count_scans(made)
    assert counted.mri.select(made.mri.columns).equals(made.mri)
    assert counted.sources["source"].unique().to_list() == ["typed"]
    assert counted.pairs.is_empty()
    assert counted.by_rule.is_empty()
    assert isinstance(counted.mri.schema["cord_length_mm"], pl.Float64)
