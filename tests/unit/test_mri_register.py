"""Two scans on different grids: a known movement is found, and both masks meet half-way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ranvier import mri
from ranvier.errors import InputError
from ranvier.mri._rigid import between, farthest, half
from ranvier.mri.registration import head_corners

FIRST = np.array([[2.5, 0, 0, -80], [0, 2.5, 0, -95], [0, 0, 2.5, -75], [0, 0, 0, 1.0]])
SECOND = np.array([[-2.4, 0, 0, 84], [0, 2.6, 0, -100], [0, 0, 3.0, -78], [0, 0, 0, 1.0]])
SHAPES = (65, 77, 61), (70, 76, 52)


def movement(angles: tuple[float, float, float], shift: tuple[float, float, float]) -> np.ndarray:
    result = np.eye(4)
    result[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    result[:3, 3] = shift
    return result


def head(shape: tuple[int, ...], affine: np.ndarray, from_first: np.ndarray) -> mri.Image:
    """Scan a head of 40 bright blobs that has been moved: exact values, nothing is interpolated."""
    rng = np.random.default_rng(3)
    centres, heights, widths = rng.uniform(-40, 40, (40, 3)), rng.uniform(20, 60, 40), rng.uniform(5, 12, 40)
    index = np.indices(shape).reshape(3, -1).T
    back = np.linalg.inv(from_first) @ affine
    points = index @ back[:3, :3].T + back[:3, 3]
    radius = ((points / [60, 75, 58]) ** 2).sum(axis=1)
    values = 100 / (1 + np.exp(np.minimum((radius - 1) * 15, 50)))
    for centre, height, width in zip(centres, heights, widths, strict=True):
        values += height * np.exp(-((points - centre) ** 2).sum(axis=1) / 2 / width**2) * (radius < 1)
    return mri.image_from_array(values.reshape(shape), affine, name="head")


def found_by(transform: np.ndarray) -> mri.Registration:
    """Make the registration that a perfect program would give."""
    image = mri.image_from_array(np.arange(8.0).reshape(2, 2, 2), np.eye(4))
    return mri.Registration(
        transform=transform,
        consistency_mm=0.0,
        mutual_information=(0.0, 1.0),
        fixed=image,
        moving=image,
        seed=1,
    )


def ball(affine: np.ndarray, shape: tuple[int, ...], centre: np.ndarray, radius: float) -> np.ndarray:
    index = np.indices(shape).reshape(3, -1).T
    points = index @ affine[:3, :3].T + affine[:3, 3]
    return (((points - centre) ** 2).sum(axis=1) <= radius**2).reshape(shape)


@pytest.mark.slow
def test_a_known_movement_is_found_and_exchanging_the_scans_inverts_it(monkeypatch):
    monkeypatch.setattr("ranvier.mri.registration.SAMPLES", 15_000)  # a third of the time, the same movement
    truth = movement((6, -4, 8), (7, -4, 5))
    first, second = head(SHAPES[0], FIRST, np.eye(4)), head(SHAPES[1], SECOND, truth)
    found = mri.register(first, second, seed=1)
    assert farthest(found.transform, truth, head_corners(first)) < 0.5
    assert found.consistency_mm < 0.5
    assert found.mutual_information[1] > found.mutual_information[0]
    assert found.angle_degrees == pytest.approx(
        np.degrees(Rotation.from_matrix(truth[:3, :3]).magnitude()), abs=0.2
    )
    said = found.explain()
    assert "no measure of accuracy" in said
    assert "seed 1" in said
    assert found.plot().get_title()
    assert found.to_dict()["seed"] == 1
    back = mri.register(second, first, seed=1)
    np.testing.assert_allclose(back.transform @ found.transform, np.eye(4), atol=1e-9)  # both runs repeat


@pytest.mark.parametrize("angles", [(0, 0, 0), (5, 0, 0), (20, -30, 40), (0, 0, 170)])
def test_half_a_movement_done_twice_is_the_whole_one(angles):
    whole = movement(angles, (10, -20, 5))
    np.testing.assert_allclose(half(whole) @ half(whole), whole, atol=1e-12)
    first = movement((3, 2, 1), (1, 2, 3))
    np.testing.assert_allclose(between(first, whole), between(whole, first), atol=1e-12)


class TestHalfway:
    AFFINE = np.diag([1.0, 1.0, 1.0, 1.0])
    SHAPE = (40, 42, 38)
    TRUTH = movement((4, -3, 5), (2.0, 1.5, -1.0))

    def pair(self) -> tuple[mri.Mask, mri.Mask]:
        """Draw two balls in the head, and the same head after it moved."""
        places = np.array([[20.0, 20, 20], [12, 25, 14]])
        before, after = np.zeros(self.SHAPE, bool), np.zeros(self.SHAPE, bool)
        for place, radius in zip(places, (5.0, 3.0), strict=True):
            moved = self.TRUTH[:3, :3] @ place + self.TRUTH[:3, 3]
            before |= ball(self.AFFINE, self.SHAPE, place, radius)
            after |= ball(self.AFFINE, self.SHAPE, moved, radius)
        return (
            mri.mask_from_array(before, self.AFFINE, name="before", tool="test"),
            mri.mask_from_array(after, self.AFFINE, name="after", tool="test"),
        )

    def test_lesions_that_only_moved_are_stable(self):
        masks = self.pair()
        change = mri.compare(*mri.halfway(*masks, found_by(self.TRUTH)), rule="default")
        assert (change.counts["stable"], change.counts["before"], change.counts["after"]) == (2, 2, 2)
        assert abs(change.ledger["after"] - change.ledger["before"]) < 0.03 * change.ledger["before"]
        places = [mri.lesions(mask, rule="default").table for mask in (change.before, change.after)]
        first, second = (table.select("r_mm", "a_mm", "s_mm").to_numpy() for table in places)
        assert np.linalg.norm(first - second, axis=1).max() < 0.25  # a quarter of a voxel

    def test_both_masks_are_moved_alike(self):
        before, after = self.pair()
        first, second = mri.halfway(before, after, found_by(self.TRUTH))
        twin, other = mri.halfway(after, before, found_by(np.linalg.inv(self.TRUTH)))
        np.testing.assert_allclose(first.affine, other.affine, atol=1e-9)
        np.testing.assert_array_equal(first.voxels, other.voxels)
        np.testing.assert_array_equal(second.voxels, twin.voxels)
        assert all(any("Moved half-way" in note for note in mask.notes) for mask in (first, second))
        assert (first.name, first.tool, first.sha256) == ("before half-way", "test", None)

    def test_nothing_moves_where_nothing_moved(self):
        before, after = self.pair()
        for mask, same in zip((before, after), mri.halfway(before, after, found_by(np.eye(4))), strict=True):
            np.testing.assert_array_equal(mask.voxels, same.voxels)
            np.testing.assert_allclose(mask.affine, same.affine, atol=1e-9)

    def test_grids_of_other_spacing_and_direction_meet_on_the_coarser_one(self):
        affine = np.array([[0, 0, -0.8, 38], [0.8, 0, 0, 1], [0, 2.0, 0, 0], [0, 0, 0, 1.0]])
        shape = (50, 19, 48)
        place = np.array([20.0, 20, 18])
        before = mri.mask_from_array(ball(self.AFFINE, self.SHAPE, place, 6.0), self.AFFINE)
        after = mri.mask_from_array(ball(affine, shape, place, 6.0), affine)
        first, second = mri.halfway(before, after, found_by(np.eye(4)))
        assert first.spacing_mm == pytest.approx((1.0, 1.0, 2.0))
        assert first.voxels.shape == second.voxels.shape
        volume = 4 / 3 * np.pi * 6.0**3
        for mask in (first, second):
            assert mask.n_voxels * mask.voxel_mm3 == pytest.approx(volume, rel=0.08)
        assert mri.compare(first, second, rule="default").counts["stable"] == 1

    def test_lesion_outside_what_both_scans_show_is_left_out_and_said(self):
        far = movement((0, 0, 0), (30.0, 0, 0))
        values = np.zeros(self.SHAPE)
        values[30:36, 20, 20] = 1
        before = mri.mask_from_array(values, self.AFFINE)
        first, _ = mri.halfway(before, before, found_by(far))
        assert first.n_voxels == 0
        assert any("6.0 mm³ of lesion lie outside what the other scan shows" in note for note in first.notes)
        assert first.voxels.shape[0] == 10

    def test_scans_that_share_nothing_are_refused(self):
        before, after = self.pair()
        with pytest.raises(InputError, match="share no part of the head"):
            mri.halfway(before, after, found_by(movement((0, 0, 0), (300.0, 0, 0))))


class TestImages:
    def test_a_file_is_read_like_a_mask(self, tmp_path: Path):
        nibabel = pytest.importorskip("nibabel")
        values = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
        nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 2.0, 1.0])), tmp_path / "scan.nii")
        image = mri.read_image(tmp_path / "scan.nii")
        assert (image.stored, image.spacing_mm) == ("LPS", (1.0, 1.0, 2.0))
        np.testing.assert_array_equal(image.voxels, values[::-1, ::-1])
        assert image.to_dict()["shape"] == [3, 4, 5]


@pytest.mark.shared
@pytest.mark.slow
def test_two_scans_resampled_to_one_grid_lie_where_they_are(shared: Path):
    folder = shared / "mri" / "longitudinal"
    first, second = (mri.read_image(folder / f"patient12_study{visit}_flair_6bit.nii.gz") for visit in (1, 2))
    found = mri.register(first, second, seed=1)
    assert farthest(found.transform, np.eye(4), head_corners(first)) < 1.0
    assert found.consistency_mm < 1.0
