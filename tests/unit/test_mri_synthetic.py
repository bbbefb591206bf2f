"""The synthetic masks of the examples hold what their script says, trap by trap and visit by visit."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranvier import mri
from ranvier.errors import InputError, RanvierWarning

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "mri_lesions" / "make_masks.py"
MAKE: dict[str, Any] = runpy.run_path(str(SCRIPT))
REFUSED = {
    "probability.nii.gz": "a probability map",
    "two_volumes.nii.gz": "2 volumes in one file",
    "cut_short.nii.gz": "cut short or damaged",
    "zero_spacing.nii": "voxel size",
    "dicom.dcm": "this is DICOM",
}
POSITION_NOTED = {"qform_only.nii.gz": "comes from the qform", "two_positions.nii.gz": "differ by up to 3 mm"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MAKE["write"](tmp_path_factory.mktemp("masks"))


@pytest.fixture(scope="module")
def whole(folder: Path) -> mri.Mask:
    return mri.read_mask(folder / "traps" / "whole.nii.gz")


def test_the_same_bytes_come_out_again_and_no_file_is_large(folder: Path) -> None:
    again = MAKE["files"]()
    assert {path: (folder / path).read_bytes() for path in again} == again
    assert max(len(content) for path, content in again.items() if path.endswith(".gz")) < 40_000


@pytest.mark.parametrize(("visits", "expected"), MAKE["CHANGES"].items(), ids="-".join)
def test_each_pair_of_visits_shows_the_changes_that_the_script_names(folder, visits, expected) -> None:
    before, after = (mri.read_mask(folder / "brain" / f"{month}_lesions.nii.gz") for month in visits)
    counts = mri.compare(before, after, rule="default").counts
    changed = {name: n for name, n in counts.items() if n and name not in ("before", "after")}
    assert changed == expected


def test_a_lesion_of_one_voxel_is_below_the_limit_at_every_visit(folder: Path) -> None:
    for month in MAKE["MONTHS"]:
        mask = mri.read_mask(folder / "brain" / f"{month}_lesions.nii.gz")
        assert mri.summary(mask, rule="default").diagnostics["below_limit"] == 1


def test_a_cord_lesion_that_breaks_up_raises_the_count_while_volume_and_length_fall(folder: Path) -> None:
    before, after = (mri.read_mask(folder / "cord" / f"{month}_lesions.nii.gz") for month in ("M00", "M06"))
    change = mri.compare(before, after, rule="default")
    assert (change.counts["before"], change.counts["after"], change.counts["split"]) == (2, 4, 1)
    assert change.ledger["after"] < 0.6 * change.ledger["before"]
    lengths = [mri.lesions(mask, rule="default").table["extent_s_mm"].sum() for mask in (before, after)]
    assert lengths[1] < 0.6 * lengths[0]
    levels, cord = MAKE["levels"](), MAKE["cord"]()
    assert np.array_equal(levels > 0, cord > 0)
    assert set(np.unique(levels)) == set(range(12))
    assert set(np.unique(levels[MAKE["cord_lesions"]("M00") > 0])) == {3, 4, 5, 6, 8}


@pytest.mark.parametrize("name", [name for name in MAKE["TRAPS"] if name not in REFUSED])
@pytest.mark.filterwarnings("ignore:.*sform and qform:ranvier.errors.RanvierWarning")
def test_a_file_that_can_be_trusted_gives_the_same_lesions(folder, whole, name: str) -> None:
    mask = mri.read_mask(folder / "traps" / name)
    assert mask.n_voxels == (0 if name == "empty.nii.gz" else whole.n_voxels)
    assert POSITION_NOTED.get(name, "") in " ".join(mask.notes)


@pytest.mark.parametrize(("name", "words"), REFUSED.items())
def test_a_file_that_cannot_be_trusted_is_refused(folder, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        mri.read_mask(folder / "traps" / name)
    assert name in str(refused.value)


def test_half_a_voxel_is_refused_and_a_rounded_position_is_not(folder, whole) -> None:
    with pytest.raises(InputError, match=r"\(0.87 voxels\) apart"):
        mri.compare(whole, mri.read_mask(folder / "traps" / "half_voxel.nii.gz"), rule="default")
    rounded = mri.compare(whole, mri.read_mask(folder / "traps" / "rounded.nii.gz"), rule="default")
    assert not any("corners" in note for note in rounded.notes)


def test_two_positions_warn_and_probabilities_are_cut_where_one_says(folder, whole) -> None:
    with pytest.warns(RanvierWarning, match="sform and qform"):
        mri.read_mask(folder / "traps" / "two_positions.nii.gz")
    cut = mri.read_mask(folder / "traps" / "probability.nii.gz", threshold=0.5)
    assert np.array_equal(cut.voxels, whole.voxels)


def test_the_image_is_no_mask(folder: Path) -> None:
    with pytest.raises(InputError, match="this is an image"):
        mri.read_mask(folder / "brain" / "M00_flair.nii.gz")


@pytest.mark.slow
def test_the_example_writes_page_table_and_picture_of_each_pair(tmp_path, monkeypatch, capsys) -> None:
    out = tmp_path / "made"
    monkeypatch.setattr(sys, "argv", ["mri_lesions.py", "--out", str(out)])
    runpy.run_path(str(SCRIPT.with_name("mri_lesions.py")), run_name="__main__")
    said = capsys.readouterr().out
    assert (
        "brain-M06-M12: From M06_lesions.nii.gz to M12_lesions.nii.gz: 9 counted lesions before, 9 after"
        in said
    )
    names = ("brain-M00", "brain-M00-M06", "brain-M06-M12", "brain-M12-M18", "cord-M00-M06")
    endings = ("csv", "html", "json", "png")
    pairs = {f"{name}.{end}" for name in names for end in endings}
    closer = {"sites.png", "tracks.png", "active.png", "cord.png", "trial.html", "trial.json"}
    assert {path.name for path in out.iterdir()} == pairs | closer
    assert "active: Active lesions in M06_lesions.nii.gz: 3 combined unique active lesions." in said
    page = (out / "trial.html").read_text(encoding="utf-8")
    assert "Of 1 typed number that a mask can check, 1 differs from the mask." in page
    assert "Simulated, not patients" in (out / "brain-M00.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.shared
def test_the_example_runs_on_the_real_masks(shared: Path, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["mri_lesions.py", str(shared / "mri"), "--out", str(tmp_path)])
    runpy.run_path(str(SCRIPT.with_name("mri_lesions.py")), run_name="__main__")
    said = capsys.readouterr().out
    assert "Groups: 4 new, 3 enlarging, 255 stable, 2 shrinking, 3 resolved" in said
    assert "became brighter or darker, drawn and not counted" in said
    assert len(list(tmp_path.glob("*.png"))) == 5
