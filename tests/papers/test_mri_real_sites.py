"""Sites, cord lesions and the region map of the pack beside the clone: every number of its tables, exactly.

Masks: Lesjak et al. 2017, Neuroinformatics, doi 10.1007/s12021-017-9348-7, CC-BY; the cord is synthetic.
They stay outside the repository.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import polars as pl
import pytest

from ranvier import mri

pytestmark = [pytest.mark.shared, pytest.mark.usefixtures("shared")]

RULE = dataclasses.replace(mri.RULES["default"], name="≥ 3 mm³", min_long_axis_mm=None, min_volume_mm3=3.0)
REGIONS = mri.Regions(
    name="pack", source="README of the pack", ventricle=(1,), cortex=(2,), infratentorial=(4,)
)
SHORT = {"periventricular": "PV", "juxtacortical": "JC", "infratentorial": "IT", "deep": "DWM"}
FLOAT = 1e-12
"""A voxel volume is a determinant, exact up to the last digits."""
ROUNDED = 0.005
"""The table gives arc lengths to two decimals."""


@pytest.fixture
def masks(shared: Path) -> Path:
    return shared / "mri"


@pytest.mark.slow
@pytest.mark.parametrize("patient", [2, 7, 13, 23])
def test_sites_of_the_lesions_of_a_patient(masks: Path, patient: int) -> None:
    table = pl.read_csv(masks / "location.csv")
    assert table.height == 4
    truth = table.filter(patient=patient).row(0, named=True)
    mask = mri.read_mask(masks / "cross_sectional" / "mni" / f"patient{patient:02d}_lesion.nii.gz")
    labels = mri.read_labels(masks / "regions_mni_1mm.nii.gz")
    found = mri.locate(mask, labels, regions=REGIONS, rule=RULE)
    assert sum(found.counts.values()) == truth["n_lesions"]
    adjacent = mri.locate(mask, labels, regions=REGIONS, rule=RULE, order="infratentorial last")
    for site, short in SHORT.items():
        assert found.counts[site] == truth[f"n_{short}"], site
        assert found.volumes_mm3[site] == truth[f"mm3_{short}"], site
        assert adjacent.counts[site] == truth[f"nL_{short}"], site
    newer = mri.dissemination(found, criteria="2017")
    assert newer.sites_reached == truth["dis2017_brain_regions"]
    assert newer.reached is (True if truth["dis2017_brain"] else None)
    assert mri.dissemination(found, criteria="2016").sites_reached == truth["dis2016_brain_regions"]


@pytest.mark.parametrize("visit", ["M00", "M06"])
def test_every_number_of_the_cord(masks: Path, visit: str) -> None:
    folder = masks / "cord"
    found = mri.cord(
        mri.read_mask(folder / f"devcord_{visit}_lesion.nii.gz"),
        rule="default",
        levels=mri.read_labels(folder / "devcord_levels.nii.gz"),
        cord=mri.read_mask(folder / "devcord_cord.nii.gz"),
    )
    truth = pl.read_csv(folder / "devcord_truth.csv", schema_overrides={"levels": pl.String})
    rows = truth.filter(visit=visit).sort("centroid_s_mm")
    ours = found.table.sort("s_mm")
    for column, other in (
        ("voxels", "vox"),
        ("volume_mm3", "volume_mm3"),
        ("length_mm", "si_extent_mm"),
        ("n_levels", "n_levels"),
    ):
        assert ours[column].to_list() == pytest.approx(rows[other].to_list(), rel=FLOAT), column
    assert ours["letm"].cast(pl.Int64).to_list() == rows["letm_ge3_segments"].to_list()
    assert ours["max_axial_damage_ratio"].round(4).to_list() == rows["max_axial_damage_ratio"].to_list()
    assert ours["arc_length_mm"].to_list() == pytest.approx(rows["arc_length_mm"].to_list(), abs=ROUNDED)
    labels = ["|".join(str(mri.LEVELS.index(name) + 1) for name in names.split()) for names in ours["levels"]]
    assert labels == rows["levels"].to_list()


def test_the_cord_heals_while_its_count_doubles(masks: Path) -> None:
    folder = masks / "cord"
    before, after = (mri.read_mask(folder / f"devcord_{visit}_lesion.nii.gz") for visit in ("M00", "M06"))
    levels, cord = (
        mri.read_labels(folder / "devcord_levels.nii.gz"),
        mri.read_mask(folder / "devcord_cord.nii.gz"),
    )
    change = mri.compare_cord(before, after, rule="default", levels=levels, cord_before=cord, cord_after=cord)
    before, after = change.table["before"].drop_nulls(), change.table["after"]
    assert before.to_list() == pytest.approx([2, 55, 46.5, 1491, 1], rel=FLOAT)
    assert after.to_list() == pytest.approx([4, 28, 8.5, 760.5, 0, 0, 0, 1], rel=FLOAT)
