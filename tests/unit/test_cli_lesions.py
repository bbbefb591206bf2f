"""`ranvier lesions` and its page: counts, change, pictures; bad files are refused and nothing is written."""

from __future__ import annotations

import csv
import json
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ranvier import mri, report
from ranvier.cli import main
from ranvier.errors import InputError

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "mri_lesions" / "make_masks.py"
MAKE: dict[str, Any] = runpy.run_path(str(SCRIPT))
NAMES = ["lesions.csv", "lesions.html", "lesions.json"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MAKE["write"](tmp_path_factory.mktemp("masks"))


def call(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["lesions", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def visit(folder: Path, month: str, what: str = "lesions") -> Path:
    return folder / "brain" / f"{month}_{what}.nii.gz"


def compared(folder: Path) -> tuple[Any, ...]:
    return visit(folder, "M12"), "--before", visit(folder, "M06")


def test_one_mask_is_counted_with_the_same_count_under_other_rules(folder: Path) -> None:
    code, said, _ = call(visit(folder, "M00"), "--tool", "rater 1")
    assert code == 0
    voxels = int(MAKE["lesions"]("M00").sum()) - 1  # one lesion of one voxel is below the limit
    assert float(re.search(r"^9 lesions counted, ([\d.]+) mm³", said, re.MULTILINE)[1]) == pytest.approx(
        voxels * 2.5**3, abs=0.051
    )
    assert "Marked but below the size limit: 1, 15.6 mm³." in said
    assert re.search(r"^default, ≥ 3 mm³ +10 ", said, re.MULTILINE)
    assert mri.RULES["default"].fingerprint() in said
    assert "not recorded who" not in said


def test_several_masks_are_each_counted_and_nothing_is_matched(folder: Path) -> None:
    code, said, _ = call(visit(folder, "M00"), visit(folder, "M18"), folder / "traps" / "empty.nii.gz")
    assert code == 0
    assert re.search(r"^M00_lesions.nii.gz +9 ", said, re.MULTILINE)
    assert re.search(r"^M18_lesions.nii.gz +11 ", said, re.MULTILINE)
    assert re.search(r"^empty.nii.gz +0 .* – +0$", said, re.MULTILINE)
    assert "nothing is matched between them" in said
    assert "- empty.nii.gz: No voxel is marked: a scan with no lesion." in said


def test_two_visits_are_compared_and_nothing_is_written_without_out(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, said, _ = call(*compared(folder))
    assert code == 0
    assert (
        "0 new, 1 enlarging, 5 stable, 1 shrinking, 1 resolved (among them 1 merged, 1 split). Cut by the "
        "edge of the volume and not judged: 1. Lesions counted: 9 before, 9 after." in said
    )
    assert "also those cut by the edge of the volume: 3890.6 mm³ before + 421.9 in lesions seen after" in said
    assert re.search(r"^default +9 +3875.0 ", said, re.MULTILINE)
    assert "1 group seen at one visit only and touching the edge" in said
    assert "so that their order was not checked" in said
    assert list(tmp_path.iterdir()) == []


def test_table_numbers_and_page_are_written(folder: Path, tmp_path: Path) -> None:
    images = "--image", visit(folder, "M12", "flair"), "--image-before", visit(folder, "M06", "flair")
    code, said, _ = call(
        *compared(folder), *images, "--dates", "2023-01-02", "2023-07-02", "--out", tmp_path / "o"
    )
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == NAMES
    assert str(tmp_path / "o" / "lesions.html") in said
    with (tmp_path / "o" / "lesions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fates = [row["fate"] for row in rows]
    assert (fates.count("stable"), fates.count("enlarging"), fates.count("cut"), len(rows)) == (5, 1, 1, 10)
    content = json.loads((tmp_path / "o" / "lesions.json").read_text(encoding="utf-8"))
    change = mri.compare(*(mri.read_mask(visit(folder, each)) for each in ("M06", "M12")), rule="default")
    assert content["meta"]["counts"] == change.counts
    assert content["meta"]["ledger"] == change.ledger
    assert content["meta"]["rule"]["fingerprint"] == mri.RULES["default"].fingerprint()
    assert [len(mask["sha256"]) for mask in content["meta"]["masks"]] == [64, 64]
    assert content["meta"]["lesions"] == change.table.to_dicts()
    assert content["subtitle"] == "2023-01-02 to 2023-07-02, 181 days"


def test_the_page_stands_alone_and_each_picture_has_words(folder: Path, tmp_path: Path) -> None:
    call(*compared(folder), "--out", tmp_path)
    page = (tmp_path / "lesions.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#|data:image/png)', page)
    assert re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', page) == [
        "New and enlarging lesions. From M06_lesions.nii.gz to M12_lesions.nii.gz",
        "Change of the volume of each group of lesions. From M06_lesions.nii.gz to M12_lesions.nii.gz",
    ]
    assert "The right side of the patient is on the left of each picture" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert call(*compared(folder), "--out", tmp_path)[0] == 0
    assert (tmp_path / "lesions.html").read_text(encoding="utf-8") == page


def test_json_holds_every_number(folder: Path) -> None:
    code, said, _ = call(visit(folder, "M00"), "--json", "--rule", "sct")
    content = json.loads(said)
    assert code == 0
    assert content["meta"]["rule"]["name"] == "sct"
    assert len(content["meta"]["lesions"]) == 10
    assert content["meta"]["lesions"][0]["mask"] == "M00_lesions.nii.gz"


def test_a_probability_map_is_cut_where_one_says(folder: Path) -> None:
    file = folder / "traps" / "probability.nii.gz"
    low, high = (call(file, "--threshold", cut)[1].split("Settings")[0] for cut in ("0.2", "0.5"))
    assert "probabilities cut above 0.2" in low
    assert "probabilities cut above 0.5" in high
    assert low.splitlines()[2] != high.splitlines()[2]


def test_two_files_of_one_name_are_told_apart_by_their_folders(folder: Path, tmp_path: Path) -> None:
    for month in ("M06", "M12"):
        (tmp_path / month).mkdir()
        (tmp_path / month / "mask.nii.gz").write_bytes(visit(folder, month).read_bytes())
    said = call(tmp_path / "M12" / "mask.nii.gz", "--before", tmp_path / "M06" / "mask.nii.gz")[1]
    assert f"from {tmp_path / 'M06' / 'mask.nii.gz'} to {tmp_path / 'M12' / 'mask.nii.gz'}" in said


def test_a_header_with_two_positions_is_read_and_the_note_says_so(folder: Path) -> None:
    code, said, _ = call(folder / "traps" / "two_positions.nii.gz")
    assert code == 0
    assert "The two positions of the header, sform and qform, differ by up to 3 mm" in said


def test_half_a_voxel_proceeds_only_when_asked_for(folder: Path) -> None:
    pair = folder / "traps" / "half_voxel.nii.gz", "--before", folder / "traps" / "whole.nii.gz"
    assert call(*pair)[0] == 2
    code, said, _ = call(*pair, "--on-geometry", "warn")
    assert code == 0
    assert "the voxels were taken to correspond, as asked for" in said


TRAPS: dict[str, tuple[tuple[str, ...], str]] = {
    "wrong shape": (
        ("brain/M00_lesions.nii.gz", "--before", "cord/M00_lesions.nii.gz"),
        r"M00_lesions.*shapes",
    ),
    "wrong space": (
        ("traps/whole.nii.gz", "--before", "traps/half_voxel.nii.gz"),
        r"half_voxel.nii.gz and whole.nii.gz: corresponding corners",
    ),
    "probabilities": (("traps/probability.nii.gz",), r"probability.nii.gz: .* a probability map"),
    "an image": (("brain/M00_flair.nii.gz",), r"M00_flair.nii.gz: .* this is an image"),
    "cut short": (("traps/cut_short.nii.gz",), r"cut_short.nii.gz: the gzip file is cut short"),
    "two volumes": (("traps/two_volumes.nii.gz",), r"two_volumes.nii.gz: shape .* 2 volumes in one file"),
    "no spacing": (("traps/zero_spacing.nii",), r"zero_spacing.nii: voxel size \[2.5, 0.0, 2.5\]"),
    "DICOM": (("traps/dicom.dcm",), r"dicom.dcm: this is DICOM, not NIfTI"),
    "not there": (("traps/M24.nii.gz",), r"there is no file '.*M24.nii.gz'. A scan that was not done is"),
    "the second of two": (("traps/whole.nii.gz", "traps/dicom.dcm"), r"dicom.dcm: this is DICOM"),
    "before after after": (
        (
            "brain/M00_lesions.nii.gz",
            "--before",
            "brain/M06_lesions.nii.gz",
            "--dates",
            "2023-07-02",
            "2023-01-02",
        ),
        r"M06_lesions.nii.gz, the scan before, is of 2023-07-02, and M00_lesions.nii.gz",
    ),
    "no date": (
        (
            "brain/M06_lesions.nii.gz",
            "--before",
            "brain/M00_lesions.nii.gz",
            "--dates",
            "2.1.2023",
            "2023-07-02",
        ),
        r"date '2.1.2023'; write it as YYYY-MM-DD",
    ),
    "image of another size": (
        ("cord/M00_lesions.nii.gz", "--image", "brain/M00_flair.nii.gz"),
        r"M00_flair.nii.gz and M00_lesions.nii.gz: shapes",
    ),
    "image of DICOM": (
        ("brain/M00_lesions.nii.gz", "--image", "traps/dicom.dcm"),
        r"dicom.dcm: this is DICOM",
    ),
    "two masks and one before": (
        ("brain/M06_lesions.nii.gz", "brain/M12_lesions.nii.gz", "--before", "brain/M00_lesions.nii.gz"),
        r"2 masks and --before; name the one mask",
    ),
    "two masks and an image": (
        ("brain/M06_lesions.nii.gz", "brain/M12_lesions.nii.gz", "--image", "brain/M00_flair.nii.gz"),
        r"2 masks and --image",
    ),
    "dates of one": (
        ("brain/M00_lesions.nii.gz", "--dates", "2023-01-02", "2023-07-02"),
        r"belong to a compar",
    ),
    "unknown rule": (("brain/M00_lesions.nii.gz", "--rule", "mcdonald"), r"Did you mean 'mcdonald2017'"),
    "threshold": (
        ("brain/M00_lesions.nii.gz", "--threshold", "50"),
        r"threshold of 50.0; a probability lies",
    ),
}


@pytest.mark.parametrize(("words", "message"), TRAPS.values(), ids=TRAPS)
def test_bad_input_is_one_clear_line_and_nothing_is_written(folder, tmp_path, words, message) -> None:
    paths = [folder / word if "/" in word else word for word in words]
    code, said, wrong = call(*paths, "--out", tmp_path / "out")
    assert (code, said) == (2, "")
    assert re.search(f"^error: .*{message}", wrong)
    assert len(wrong.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_cannot_be_written_leaves_no_page_behind(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "lesions.csv").mkdir()
    code, _, wrong = call(visit(folder, "M00"), "--out", tmp_path)
    assert code == 2
    assert "is a folder; move it away" in wrong
    assert [path.name for path in tmp_path.iterdir()] == ["lesions.csv"]


def test_two_scans_without_a_lesion_have_a_page(folder: Path, tmp_path: Path) -> None:
    empty = folder / "traps" / "empty.nii.gz"
    code, said, _ = call(empty, "--before", empty, "--out", tmp_path)
    assert code == 0
    assert (
        "0 new, 0 enlarging, 0 stable, 0 shrinking, 0 resolved. Lesions counted: 0 before, 0 after." in said
    )
    assert "byte for byte" not in said
    page = (tmp_path / "lesions.html").read_text(encoding="utf-8")
    assert "No lesion is new or enlarging." in page
    assert "Outlines differ" not in page
    assert "No group changed its volume." in page


def test_the_same_file_at_both_visits_is_asked_about(folder: Path) -> None:
    _, said, _ = call(visit(folder, "M00"), "--before", visit(folder, "M00"))
    assert "Both visits have the same file, byte for byte" in said


def test_a_cord_lesion_that_broke_up_is_said_beside_the_count(folder: Path, tmp_path: Path) -> None:
    cord = [folder / "cord" / f"{month}_lesions.nii.gz" for month in ("M06", "M00")]
    _, said, _ = call(cord[0], "--before", cord[1], "--out", tmp_path)
    assert "0 resolved (among them 1 split). Lesions counted: 2 before, 4 after." in said
    assert "a long lesion can break up into several" in said
    assert "It changed by −808.0 mm³." in (tmp_path / "lesions.html").read_text(encoding="utf-8")


def test_a_cord_has_its_lengths_beside_the_count(folder: Path, tmp_path: Path) -> None:
    before, after = (folder / "cord" / f"{month}_lesions.nii.gz" for month in ("M00", "M06"))
    change = mri.compare_cord(*(mri.read_mask(path) for path in (before, after)), rule="default")
    _, said, _ = call(after, "--before", before, "--cord", "--out", tmp_path)
    for found, words in ((change.before, "before"), (change.after, "after")):
        _, alone, _ = call(before if words == "before" else after, "--cord")
        assert f"Together {found.length_mm:.1f} mm long (craniocaudal)" in alone
    lengths = f"{change.before.length_mm:.0f} +{change.after.length_mm:.0f}"
    assert re.search(rf"^summed length +mm +{lengths} ", said, re.MULTILINE)
    assert said.count("a long lesion can break up into several") == 1
    content = json.loads((tmp_path / "lesions.json").read_text(encoding="utf-8"))
    assert content["meta"]["cord"] == change.table.to_dicts()
    _, both, _ = call(before, after, "--cord")
    assert "length, mm  longest, mm" in both
    code, _, wrong = call(after, "--before", before, "--cord", "--dates", "2023-07-02", "2023-01-02")
    assert code == 2
    assert "M00_lesions.nii.gz, the scan before, is of 2023-07-02" in wrong


def test_the_share_of_a_scan_without_lesions_is_null(folder: Path) -> None:
    empty = mri.lesions(mri.read_mask(folder / "traps" / "empty.nii.gz"), rule="default")
    table = report.build_lesions([empty, empty]).sections[0].blocks[0]
    assert table.frame["largest, % of the volume"].to_list() == [None, None]  # type: ignore[union-attr]


def test_scans_of_different_rules_and_things_that_are_no_scans_are_refused() -> None:
    mask = mri.mask_from_array(np.ones((3, 3, 3)), np.eye(4))
    found = [mri.lesions(mask, rule=rule) for rule in ("default", "sct")]
    with pytest.raises(InputError, match="different rules"):
        report.build_lesions(found)
    for nothing in ([], [mask]):
        with pytest.raises(InputError, match="nothing to report"):
            report.build_lesions(nothing)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="an image belongs to one scan"):
        report.build_lesions(found[:1] * 2, image=object())  # type: ignore[arg-type]


def test_many_groups_are_listed_up_to_a_limit_and_the_meta_data_hold_all() -> None:
    values = np.zeros((64, 64, 16))
    values[1::4, 1::4, 1:5] = values[1::4, 1::4, 8:12] = 1
    scan = mri.mask_from_array(values, np.eye(4), name="many")
    page = report.build_lesions(mri.lesions(scan, rule="default"))
    table = next(
        block for block in page.sections[0].blocks if block.kind == "table" and "Every" in block.caption
    )
    assert table.frame.height == 200
    assert "312 more not listed here" in table.note
    assert page.meta["lesions"].height == 512
