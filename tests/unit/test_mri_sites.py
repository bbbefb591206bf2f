"""Label maps, the site of each lesion, and the sites of the criteria, on a brain drawn by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ranvier import mri
from ranvier.errors import DefinitionError, InputError, RanvierWarning

RULE = mri.RULES["default"]
OWN = mri.Regions(name="own", source="test", ventricle=(1,), cortex=(2,), infratentorial=(4,), lesion=(9,))
AFFINE = np.diag([1.0, 1.0, 1.0, 1.0])


def brain(*, lesion: tuple[slice, ...] | None = None) -> np.ndarray:
    """Draw 20 x 10 x 12 voxels: ventricle at one end, cortex at the other, brainstem below, white between."""
    values = np.full((20, 10, 12), 3)
    values[:4], values[16:], values[:, :, :4] = 1, 2, 4
    if lesion:
        values[lesion] = 9
    return values


def scan(*lesions: tuple[int | slice, int | slice, int | slice]) -> mri.Mask:
    values = np.zeros((20, 10, 12), dtype=np.uint8)
    for lesion in lesions:
        values[lesion] = 1
    return mri.mask_from_array(values, AFFINE, tool="test")


def labels(values: np.ndarray | None = None, affine: np.ndarray = AFFINE) -> mri.LabelMap:
    return mri.labels_from_array(brain() if values is None else values, affine, name="map")


def located(*lesions, regions: mri.Regions | str = OWN, values: np.ndarray | None = None, **options):
    return mri.locate(scan(*lesions), labels(values), regions=regions, rule=RULE, **options)


def sites(*lesions, **options) -> list[str | None]:
    return located(*lesions, **options).table.sort("r_mm")["site"].to_list()


NEAR_VENTRICLE = (slice(4, 8), 5, 8)
NEAR_CORTEX = (slice(12, 16), 5, 8)
AWAY = (slice(8, 12), 5, 8)
HALF_BELOW = (10, 5, slice(2, 6))
A_QUARTER_BELOW = (10, 5, slice(3, 7))


@pytest.mark.parametrize(
    ("lesion", "site"),
    [
        (NEAR_VENTRICLE, "periventricular"),
        ((slice(5, 9), 5, 8), "deep"),  # 2 mm away, and the limit is 1.75
        ((slice(4, 16), 5, 8), "periventricular"),  # touches both
        (NEAR_CORTEX, "juxtacortical"),
        ((slice(15, 19), 5, 8), "juxtacortical"),  # partly in the cortex
        (AWAY, "deep"),
        (HALF_BELOW, "infratentorial"),
        (A_QUARTER_BELOW, "deep"),
        ((4, 5, slice(2, 6)), "infratentorial"),  # touches the ventricle, but half of it is below
    ],
)
def test_the_site_of_a_lesion(lesion, site):
    assert sites(lesion) == [site]


def test_distances_are_those_of_voxel_centres():
    row = located(AWAY).table.row(0, named=True)
    assert (row["ventricle_mm"], row["cortex_mm"], row["infratentorial_mm"]) == (5.0, 5.0, 5.0)
    assert (row["infratentorial_share"], row["off_map_share"]) == (0.0, 0.0)
    inside = located((slice(2, 6), 5, 8)).table.row(0, named=True)
    assert inside["ventricle_mm"] == 0.0


def test_distances_on_a_sheared_grid_are_those_of_all_pairs_of_voxels():
    affine = np.array([[0.9, 0.2, 0, 4], [-0.1, 1.1, 0.3, -7], [0, 0.1, 1.6, 2], [0, 0, 0, 1]])
    rng = np.random.default_rng(5)
    values, drawn = rng.integers(0, 6, (7, 6, 5)), rng.random((7, 6, 5)) < 0.2
    mask = mri.mask_from_array(drawn, affine)
    found = mri.locate(mask, labels(values, affine), regions=OWN, rule="sct")
    where = np.argwhere(labels(values, affine).voxels == 1) @ affine[:3, :3].T
    own = np.argwhere(mask.voxels) @ affine[:3, :3].T
    nearest = np.linalg.norm(own[:, None] - where[None], axis=2).min()
    assert found.table["ventricle_mm"].min() == pytest.approx(nearest, rel=1e-12)


def test_what_is_asked_first_decides():
    both = (10, 5, slice(2, 8)), (4, 5, slice(3, 9)), (15, 5, slice(3, 9))
    assert sites(*both) == ["periventricular", "deep", "juxtacortical"]
    assert sites(*both, order="lst_ai") == ["periventricular", "infratentorial", "infratentorial"]
    assert sites(*both, order="infratentorial last") == [
        "periventricular",
        "infratentorial",
        "juxtacortical",
    ]


def test_the_distance_is_a_setting_that_is_printed():
    assert sites((slice(5, 9), 5, 8), near_mm=2.0) == ["periventricular"]
    assert "at most 2 mm between voxel centres" in located(AWAY, near_mm=2.0).explain()
    assert "at most 1.75 mm" in located(AWAY).explain()


def test_counts_and_volumes_are_of_counted_lesions_only():
    found = located(NEAR_VENTRICLE, NEAR_CORTEX, (slice(8, 10), 2, 8))
    assert found.counts == {"periventricular": 1, "juxtacortical": 1, "infratentorial": 0, "deep": 0}
    assert found.volumes_mm3["periventricular"] == 4.0
    assert found.table.filter(~pl.col("counted"))["site"].to_list() == ["deep"]
    assert found.explain("lesion 1").startswith("site: ")
    assert found.to_dict()["counts"]["juxtacortical"] == 1
    assert found.plot().texts[0].get_text() == "1, 4 mm³"


def test_a_scan_without_lesions_has_no_site():
    found = located()
    assert found.table.height == 0
    assert set(found.counts.values()) == {0}


def test_a_lesion_that_the_map_itself_marks_takes_the_region_around_it():
    below = (slice(8, 12), slice(4, 6), slice(1, 3))
    marked = brain(lesion=below)
    assert sites(below, values=marked) == ["infratentorial"]
    plain = dataclasses.replace(OWN, lesion=())
    assert sites(below, values=marked, regions=plain) == ["deep"]


def test_an_annotated_map_gives_the_site_of_most_voxels():
    values = np.zeros((20, 10, 12))
    values[4:7, 5, 8], values[7, 5, 8], values[12:16, 5, 8], values[8:12, 2, 2] = 1, 2, 2, 4
    found = located(NEAR_VENTRICLE, NEAR_CORTEX, (slice(8, 12), 2, 2), (5, slice(1, 5), 1),
                    values=values, regions="lst_ai")  # fmt: skip
    table = found.table.sort("r_mm", "s_mm")
    assert table["site"].to_list() == [None, "periventricular", "infratentorial", "juxtacortical"]
    assert table["ventricle_mm"].null_count() == 4
    assert found.counts["deep"] == 0
    assert any("1 counted lesion without a site" in note for note in found.notes)


def test_a_map_that_belongs_elsewhere_or_ends_early_is_said():
    values = brain()
    values[8:12] = 0
    assert any("more than half of the voxels outside" in note for note in located(AWAY, values=values).notes)
    values = brain()
    values[values == 4] = 3
    found = located(HALF_BELOW, values=values)
    assert found.not_covered == ("infratentorial",)
    assert any("has no infratentorial voxel" in note for note in found.notes)


def test_thick_slices_are_said():
    thick = np.diag([1.0, 1.0, 3.0, 1.0])
    mask = mri.mask_from_array(scan(AWAY).voxels, thick)
    found = mri.locate(mask, labels(affine=thick), regions=OWN, rule=RULE)
    assert any("3 mm apart along one axis" in note for note in found.notes)


def test_a_map_on_another_grid_is_refused_and_half_a_voxel_is_waved_through_by_name_only():
    moved = AFFINE.copy()
    moved[0, 3] = 0.5
    for say in (5.0, 0.5):
        moved[0, 3] = say
        with pytest.raises(InputError, match="the map to the grid of the mask"):
            mri.locate(scan(AWAY), labels(affine=moved), regions=OWN, rule=RULE)
    with pytest.warns(RanvierWarning, match="0.5 mm"):
        mri.locate(scan(AWAY), labels(affine=moved), regions=OWN, rule=RULE, on_geometry="warn")


def test_turning_and_flipping_the_files_changes_no_site():
    plain = located(NEAR_VENTRICLE, NEAR_CORTEX, HALF_BELOW).table
    flipped = np.diag([-1.0, 1.0, 1.0, 1.0])
    flipped[0, 3] = 19.0
    values = np.transpose(brain()[::-1], (2, 0, 1))
    affine = flipped[:, [2, 0, 1, 3]]
    mask = mri.mask_from_array(scan(NEAR_VENTRICLE, NEAR_CORTEX, HALF_BELOW).voxels, AFFINE, tool="test")
    found = mri.locate(mask, labels(values, affine), regions=OWN, rule=RULE)
    assert found.table.equals(plain)


@pytest.mark.parametrize("name", mri.REGIONS)
def test_every_preset_places_a_lesion_drawn_in_its_own_labels(name):
    regions = mri.REGIONS[name]
    assert regions.to_dict()["name"] == name
    if regions.annotated:
        values = np.where(scan(AWAY).voxels, regions.annotated[3], 0)
        assert sites(AWAY, values=values, regions=name) == ["deep"]
        return
    values = brain()
    for old, new in ((1, regions.ventricle[-1]), (2, regions.cortex[-1]), (4, regions.infratentorial[-1])):
        values[brain() == old] = new
    values[brain() == 3] = 5000
    drawn = (NEAR_VENTRICLE, NEAR_CORTEX, HALF_BELOW)
    assert sites(*drawn, values=values, regions=name) == [
        "periventricular",
        "infratentorial",
        "juxtacortical",
    ]


def test_the_cortex_of_freesurfer_leaves_out_the_corpus_callosum_and_what_is_unknown():
    cortex = mri.REGIONS["freesurfer"].cortex
    assert not {1000, 1004, 2000, 2004} & set(cortex)
    assert {3, 42, 1001, 1035, 2001, 2035} <= set(cortex)
    assert "1001–1003, 1005–1035" in mri.REGIONS["freesurfer"].text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ventricle": ()}, "no label for ventricle"),
        ({"cortex": (1,)}, "label 1 stands for ventricle and for cortex"),
        ({"cortex": (0,)}, "label 0 of cortex; use whole numbers above 0"),
        ({"annotated": (1, 2, 3, 4)}, "give one of the two"),
        ({"source": ""}, "need a name and a source"),
    ],
)
def test_regions_that_cannot_be_are_refused(change, words):
    with pytest.raises(DefinitionError, match=words):
        dataclasses.replace(OWN, **change)


class TestLabelMaps:
    def test_whole_numbers_stored_as_decimals_are_labels(self):
        found = labels(np.where(brain() == 3, 2.9999999, brain().astype(float)))
        assert found.labels == (1, 2, 3, 4)
        assert found.voxels.dtype == np.int32

    def test_a_fraction_is_refused_with_its_value(self):
        values = brain().astype(float)
        values[5, 5, 5] = 2.25
        with pytest.raises(InputError, match=r"1 voxels with fractions, such as 2.25"):
            labels(values)

    def test_a_file_is_read_like_a_mask(self, tmp_path: Path):
        nibabel = pytest.importorskip("nibabel")
        affine = np.diag([-1.0, -1.0, 2.0, 1.0])
        nibabel.save(nibabel.Nifti1Image(brain().astype(np.float32), affine), tmp_path / "map.nii.gz")
        found = mri.read_labels(tmp_path / "map.nii.gz", tool="test 1.0")
        assert (found.stored, found.labels, found.spacing_mm) == ("LPS", (1, 2, 3, 4), (1.0, 1.0, 2.0))
        assert len(found.sha256 or "") == 64
        np.testing.assert_array_equal(found.voxels, brain()[::-1, ::-1])
        assert "Made by test 1.0." in found.explain()
        assert found.to_dict()["labels"] == [1, 2, 3, 4]

    def test_a_map_without_labels_says_so(self):
        assert "No voxel has a label." in labels(np.zeros((3, 3, 3))).explain()


class TestDissemination:
    THREE = (slice(4, 8), 1, 8), (slice(4, 8), 4, 8), (slice(4, 8), 8, 8)

    def test_one_periventricular_lesion_is_enough_in_2017_and_three_are_needed_in_2016(self):
        two = located(*self.THREE[:2], NEAR_CORTEX)
        assert mri.dissemination(two, criteria="2017").sites_reached == 2
        assert mri.dissemination(two, criteria="2016").sites_reached == 1
        assert mri.dissemination(located(*self.THREE), criteria="2016").sites_reached == 1

    def test_a_site_that_was_not_examined_leaves_the_answer_open(self):
        found = mri.dissemination(located(NEAR_CORTEX), criteria="2017")
        assert (found.sites_reached, found.sites_examined, found.reached) == (1, 3, None)
        assert found.table.filter(site="spinal cord").row(0) == ("spinal cord", None, 1, None)
        assert "spinal cord not examined" in found.explain()
        assert "could still decide it" in found.explain()

    @pytest.mark.parametrize(("cord", "reached"), [(0, False), (1, True), (4, True)])
    def test_the_cord_decides_when_it_was_examined(self, cord, reached):
        assert mri.dissemination(located(NEAR_CORTEX), criteria="2017", cord=cord).reached is reached

    def test_the_optic_nerve_counts_in_2016_and_is_noted_in_2017(self):
        one = located(NEAR_CORTEX)
        assert mri.dissemination(one, criteria="2016", cord=0, optic_nerve=1).reached is True
        found = mri.dissemination(one, criteria="2017", cord=0, optic_nerve=1)
        assert found.reached is False
        assert any("does not name the optic nerve" in note for note in found.notes)

    def test_it_says_that_it_is_no_diagnosis(self):
        found = mri.dissemination(located(NEAR_CORTEX), criteria="2017", cord=0)
        assert "no diagnosis" in found.explain()
        assert found.explain("periventricular") == (
            "0 of 1 lesions: not reached — the site holds fewer lesions than the criteria ask for"
        )
        assert found.plot().get_title() == found.name
        assert found.to_dict()["reached"] is False

    def test_a_rule_of_another_size_is_said(self):
        found = mri.locate(scan(NEAR_CORTEX), labels(), regions=OWN, rule="msseg")
        notes = mri.dissemination(found, criteria="2017").notes
        assert any("counts them from a volume of > 3 mm³" in note for note in notes)

    def test_a_map_without_brainstem_leaves_that_site_open(self):
        values = brain()
        values[values == 4] = 3
        found = mri.dissemination(located(NEAR_CORTEX, values=values), criteria="2017")
        assert found.table.filter(site="infratentorial")["lesions"].to_list() == [None]
