"""Expert masks of real patients: every count, volume and place of the pack beside the clone, exactly.

Data: Lesjak et al. 2017, Neuroinformatics, doi 10.1007/s12021-017-9348-7, and Lesjak et al. 2016, both CC-BY;
the pairs and the series were made from them. They stay outside the repository.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ranvier import mri
from ranvier.errors import InputError

pytestmark = [pytest.mark.shared, pytest.mark.usefixtures("shared")]

DEFAULT = mri.RULES["default"]
ANY = dataclasses.replace(DEFAULT, name="any size", min_long_axis_mm=None)
STRICT = dataclasses.replace(
    ANY, name="strict", min_volume_mm3=3.0, match_tolerance_voxels=0, enlarge_abs_mm3=0.0, shrink_abs_mm3=0.0
)
LIMITS = {
    "ge1vox": {},
    "ge3mm3": {"min_volume_mm3": 3.0},
    "gt3mm3": {"min_volume_mm3": 3.0, "inclusive": False},
    "ge6mm3": {"min_volume_mm3": 6.0},
    "ge7mm3": {"min_volume_mm3": 7.0},
    "ge10mm3": {"min_volume_mm3": 10.0},
    "gesph3mm": {"min_sphere_mm": 3.0},
}
FILES = {
    "cs_native": "cross_sectional/native/patient{:02d}_lesion.nii.gz",
    "cs_1mm": "cross_sectional/1mm/patient{:02d}_lesion.nii.gz",
    "cs_mni": "cross_sectional/mni/patient{:02d}_lesion.nii.gz",
    "long_change": "longitudinal/patient{:02d}_change.nii.gz",
}
SCANS = [
    (group, patient)
    for group, patients in (
        *((name, (2, 7, 13, 23)) for name in ("cs_native", "cs_1mm", "cs_mni")),
        ("long_change", (4, 8, 12, 20)),
    )
    for patient in patients
]


@pytest.fixture
def masks(shared: Path) -> Path:
    return shared / "mri"


@cache
def read(path: Path) -> mri.Mask:
    return mri.read_mask(path)


def test_the_pack_has_the_scans_that_are_tested(masks: Path) -> None:
    counts = pl.read_csv(masks / "counts.csv")
    assert set(counts.select("set", "patient").rows()) == set(SCANS)
    assert counts.height == 3 * len(SCANS)


@pytest.mark.slow
@pytest.mark.parametrize(("group", "patient"), SCANS)
def test_counts_and_volumes_of_every_rule(masks: Path, group: str, patient: int) -> None:
    mask = read(masks / FILES[group].format(patient))
    for row in pl.read_csv(masks / "counts.csv").filter(set=group, patient=patient).iter_rows(named=True):
        assert mask.voxel_mm3 == pytest.approx(row["voxel_mm3"], abs=1e-9)
        assert mask.n_voxels == row["n_vox"]
        for name, limit in LIMITS.items():
            rule = dataclasses.replace(ANY, connectivity=row["connectivity"], **limit)
            fit = mri.summary(mask, rule=rule)
            assert fit.estimates[0].value == row[f"n_{name}"], name
            assert round(fit.estimates[1].value, 3) == row[f"vol_{name}"], name
        long = dataclasses.replace(DEFAULT, connectivity=row["connectivity"])
        assert mri.summary(mask, rule=long).estimates[0].value == row["n_bbox_ge3mm"]


@pytest.mark.slow
def test_every_lesion_has_its_volume_and_place(masks: Path) -> None:
    rows = pl.read_csv(masks / "lesions.csv")
    rule = dataclasses.replace(ANY, min_volume_mm3=3.0)
    for (group, patient), truth in rows.group_by("set", "patient", maintain_order=True):
        mask = read(masks / FILES[str(group)].format(int(str(patient))))
        found = mri.lesions(mask, rule=rule).table.filter("counted")
        keys = ["n_vox", "r_mm", "a_mm", "s_mm"]
        ours = found.rename({"voxels": "n_vox"}).with_columns(pl.col("r_mm", "a_mm", "s_mm").round(3))
        assert ours.height == truth.height
        first, second = (np.array(sorted(each.select(keys).rows())) for each in (ours, truth))
        np.testing.assert_allclose(first, second, atol=0.002)


@pytest.mark.parametrize("rule", ["strict", "default"])
@pytest.mark.parametrize("pair", ["D01_mixed", "D02_new_resolved"])
def test_pairs_with_known_change(masks: Path, pair: str, rule: str) -> None:
    first, second = (read(masks / "pairs" / f"{pair}_{visit}.nii.gz") for visit in ("baseline", "followup"))
    change = mri.compare(first, second, rule=STRICT if rule == "strict" else DEFAULT)
    truth = pl.read_csv(masks / "pairs" / "truth_pairs.csv").filter(pair=pair, rule=rule).row(0, named=True)
    for name, n in change.counts.items():
        key = {"before": "n_baseline", "after": "n_followup"}.get(name, f"n_{name}")
        assert n == truth.get(key, 0), name
    books = change.ledger
    if rule == "strict":
        assert books["new"] + books["growth"] == truth["mm3_gain"]
        assert books["resolved"] + books["regress"] == truth["mm3_loss"]
        assert (books["new"], books["resolved"]) == (truth["mm3_new"], truth["mm3_resolved"])
        assert (books["before"], books["after"]) == (truth["mm3_baseline"], truth["mm3_followup"])
    events = pl.read_csv(masks / "pairs" / "truth_lesions.csv").filter(pl.col("pair") == pair)
    for fate in ("new", "enlarging", "shrinking", "resolved"):
        seen = change.table.filter(fate=fate).select("voxels_before", "voxels_after").rows()
        assert sorted(seen) == sorted(events.filter(event=fate).select("vox_b", "vox_f").rows()), fate


def test_visits_of_the_constructed_series(masks: Path) -> None:
    months = ("00", "06", "12", "18", "24")
    events = pl.read_csv(masks / "serial" / "devseries_events.csv")
    scans = [read(masks / "serial" / f"devseries_M{month}.nii.gz") for month in months]
    for month, before, after in zip(months[1:], scans, scans[1:], strict=False):
        happened = events.filter(visit_month=int(month))["event"].to_list()
        counts = mri.compare(before, after, rule=DEFAULT).counts
        assert counts["new"] == happened.count("new") + happened.count("recurrent")
        assert counts["resolved"] == happened.count("resolved")
        assert counts["enlarging"] == happened.count("enlarging")


def test_cord_lesions_that_break_up_raise_the_count_while_the_volume_falls(masks: Path) -> None:
    before, after = (read(masks / "cord" / f"devcord_M{month}_lesion.nii.gz") for month in ("00", "06"))
    truth = pl.read_csv(masks / "cord" / "devcord_truth.csv")
    for visit, mask in (("M00", before), ("M06", after)):
        rows = truth.filter(visit=visit)
        found = mri.lesions(mask, rule=DEFAULT).table
        assert sorted(found["voxels"].to_list()) == sorted(rows["vox"].to_list())
        assert sorted(found["extent_s_mm"].to_list()) == sorted(rows["si_extent_mm"].to_list())
        height = found["s_mm"] - mask.affine[2, 3]  # the pack measures from the lowest slice
        np.testing.assert_allclose(sorted(height), sorted(rows["centroid_s_mm"]), atol=0.00501)
    change = mri.compare(before, after, rule=DEFAULT)
    assert (change.counts["before"], change.counts["after"]) == (2, 4)
    assert (change.counts["new"], change.counts["split"]) == (
        0,
        1,
    )  # three parts of the long one, one as it was
    volumes = [rows["volume_mm3"].sum() for _, rows in truth.group_by("visit", maintain_order=True)]
    assert [change.ledger[key] * change.voxel_mm3 for key in ("before", "after")] == pytest.approx(
        volumes, rel=1e-12
    )
    assert volumes[1] < 0.6 * volumes[0]


def test_the_half_voxel_of_the_brain_mask_is_refused_and_two_ten_thousandths_of_a_millimetre_are_not(
    masks: Path,
) -> None:
    native = masks / "cross_sectional" / "native"
    lesion, brain = (read(native / f"patient02_{what}.nii.gz") for what in ("lesion", "brainmask"))
    with pytest.raises(InputError, match=r"up to 0.5\d* mm \(0.87 voxels\) apart"):
        mri.compare(lesion, brain, rule=DEFAULT)
    for patient in (4, 8, 12, 20):
        change, brain = (
            read(masks / "longitudinal" / f"patient{patient:02d}_{what}.nii.gz")
            for what in ("change", "brainmask")
        )
        assert not any(
            "corners of the two grids" in note for note in mri.compare(change, brain, rule=DEFAULT).notes
        )


def test_an_image_given_as_a_mask_is_refused(masks: Path) -> None:
    for name in (
        "cross_sectional/mni/patient07_flair_6bit.nii.gz",
        "longitudinal/patient12_study1_flair_6bit.nii.gz",
    ):
        with pytest.raises(InputError, match="this is an image"):
            mri.read_mask(masks / name)


def test_masks_shifted_by_half_a_voxel_on_both_sides_have_no_new_and_no_resolved_lesion(masks: Path) -> None:
    from scipy import ndimage

    for patient in (2, 7, 13, 23):
        mask = read(masks / FILES["cs_1mm"].format(patient))
        shifted = [
            mri.mask_from_array(
                ndimage.shift(mask.voxels.astype(np.float32), by, order=1), mask.affine, threshold=0.5
            )
            for by in (0.5, -0.5)
        ]
        counts = mri.compare(*shifted, rule=DEFAULT).counts
        assert (counts["new"], counts["resolved"]) == (0, 0), patient
