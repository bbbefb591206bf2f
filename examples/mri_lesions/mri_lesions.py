"""Count lesions, compare visits and draw them: on synthetic masks, or on the real ones in a folder.

Run it from the root of the checkout::

    python examples/mri_lesions/mri_lesions.py
    python examples/mri_lesions/mri_lesions.py ../shared/mri

The first line makes the masks of `make_masks.py`, compares and follows them over four visits, says where they
lie, and reports a trial of two synthetic patients whose mri.csv names them (``trial.html``); the second takes
the pack of real masks (layout: its README). Pages, tables and pictures are written to ``lesion-report`` (or
``--out FOLDER``). It needs nibabel (``pip install 'ranvier[mri]'``).
"""

from __future__ import annotations

import argparse
import dataclasses
import runpy
import shutil
import tempfile
from pathlib import Path

import polars as pl

import ranvier as rv
from ranvier import mri, report

HERE = Path(__file__).parent
RULE = "default"


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two masks of one patient, with the scans to draw on where there are any."""

    name: str
    before: Path
    after: Path
    image_before: Path | None = None
    image: Path | None = None
    cord: bool = False
    """Whether they are of the spinal cord, whose lesions also have a length."""


@dataclasses.dataclass(frozen=True)
class Single:
    """One mask, with the scan to draw on where there is one."""

    name: str
    mask: Path
    image: Path | None = None
    of: str | None = None
    """What the mask marks where that is not lesions; it is drawn then, and not counted."""


def synthetic(folder: Path) -> tuple[list[Pair], list[Single]]:
    """Write the synthetic masks into a folder and list what to do with them."""
    made = runpy.run_path(str(HERE / "make_masks.py"))
    made["write"](folder)
    brain = {month: folder / "brain" / f"{month}_{{}}.nii.gz" for month in made["MONTHS"]}

    def file(month: str, what: str) -> Path:
        return Path(str(brain[month]).format(what))

    pairs = [
        Pair(f"brain-{first}-{second}", file(first, "lesions"), file(second, "lesions"), file(first, "flair"),
             file(second, "flair"))
        for first, second in zip(made["MONTHS"], made["MONTHS"][1:], strict=False)
    ]  # fmt: skip
    visits = (folder / "cord" / f"{month}_lesions.nii.gz" for month in ("M00", "M06"))
    cord = Pair("cord-M00-M06", *visits, cord=True)
    return [*pairs, cord], [Single("brain-M00", file("M00", "lesions"), file("M00", "flair"))]


def real(folder: Path) -> tuple[list[Pair], list[Single]]:
    """List what to do with the pack of real masks.

    The change masks of ``longitudinal`` mark increase and decrease together. They are drawn on both scans,
    one after the other; nothing in them may be called a new lesion.
    """
    pairs = [
        Pair(name, *(folder / "pairs" / f"{name}_{visit}.nii.gz" for visit in ("baseline", "followup")))
        for name in ("D01_mixed", "D02_new_resolved")
    ]
    mni, long = folder / "cross_sectional" / "mni", folder / "longitudinal"
    change = long / "patient12_change.nii.gz"
    return pairs, [
        Single("patient07", mni / "patient07_lesion.nii.gz", mni / "patient07_flair_6bit.nii.gz"),
        *(
            Single(
                f"patient12-change-on-scan-{scan}",
                change,
                long / f"patient12_study{scan}_flair_6bit.nii.gz",
                of="voxels of patient 12 that became brighter or darker",
            )
            for scan in (1, 2)
        ),
    ]


TRIAL = """
[trial]
id = "synthetic-masks"
title = "Two synthetic patients with lesion masks"
design = "single_arm"
data_kind = "simulated"
disease = "mixed"
ambulation_coding = "0-16"

[lesions]
rule = "default"
tool = "make_masks.py"

[[visits]]
label = "baseline"
day = -7
window = [-30, 7]
baseline = true

[[visits]]
label = "month 6"
day = 180
window = [-30, 30]

[[visits]]
label = "month 12"
day = 365
window = [-30, 30]

[[visits]]
label = "month 18"
day = 545
window = [-30, 30]
"""
DAYS = {"M00": -7, "M06": 180, "M12": 365, "M18": 545}


def write_trial(masks: Path, folder: Path) -> Path:
    """Write a trial of two patients whose mri.csv names the synthetic masks; one typed count is wrong."""
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    rows = []
    for subject, region, part, months in (
        ("P1", "brain", "brain", ("M00", "M06", "M12", "M18")),
        ("P2", "spinal cord", "cord", ("M00", "M06")),
    ):
        for month in months:
            name = f"{part}_{month}.nii.gz"
            shutil.copy(masks / part / f"{month}_lesions.nii.gz", folder / "masks" / name)
            typed = "12" if (part, month) == ("brain", "M18") else ""
            rows.append(f"{subject},{DAYS[month]},{region},{typed},0,{name}")
    visits = [f"{subject},{day},4.0" for subject in ("P1", "P2") for day in DAYS.values()]
    tables = {
        "trial.toml": TRIAL,
        "subjects.csv": "subject,arm,treated,diagnosis,phenotype,last_attack_day,last_rescue_day\n"
        "P1,cells,yes,MS,SPMS,-900,-900\nP2,cells,yes,NMOSD,,-400,-390\n",
        "doses.csv": "subject,day,product\nP1,0,msc\nP2,0,msc\n",
        "visits.csv": "\n".join(["subject,day,edss", *visits, ""]),
        "mri.csv": "\n".join(["subject,day,region,t2_count,gad_count,mask", *rows, ""]),
    }
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def look_closer(masks: Path, out: Path) -> None:
    """Say where the lesions lie, which are active, what became of each, and what the cord shows."""
    brain, cord = masks / "brain", masks / "cord"
    months = [(DAYS[month], mri.read_mask(brain / f"{month}_lesions.nii.gz")) for month in DAYS]
    regions = mri.Regions(
        name="make_masks.py", source="make_masks.py", ventricle=(1,), cortex=(2,), infratentorial=(4,)
    )
    located = mri.locate(months[0][1], mri.read_labels(brain / "regions.nii.gz"), regions=regions, rule=RULE)
    sites = mri.dissemination(located, criteria="2017")
    tracks = mri.track(months, rule=RULE)
    enhancing = mri.read_mask(brain / "M06_gadolinium.nii.gz")
    active = mri.active((months[0][1], months[1][1]), enhancing, rule=RULE)
    both = mri.compare_cord(
        *(mri.read_mask(cord / f"{month}_lesions.nii.gz") for month in ("M00", "M06")),
        rule=RULE,
        levels=mri.read_labels(cord / "levels.nii.gz"),
    )
    for name, found in (("sites", sites), ("tracks", tracks), ("active", active), ("cord", both)):
        print(f"{name}: {found.explain().partition(' Rule ')[0]}\n")
        options = {"dose_days": [0]} if name == "tracks" else {}
        found.plot(**options).figure.savefig(out / f"{name}.png", dpi=110, bbox_inches="tight")


def image_of(path: Path | None) -> mri.Image | None:
    """Read an image where there is one."""
    return None if path is None else mri.read_image(path)


def follow(pair: Pair, out: Path, *, banner: str) -> None:
    """Compare two masks, print what changed, and write page, table and picture."""
    masks = mri.read_mask(pair.before), mri.read_mask(pair.after)
    cord = mri.compare_cord(*masks, rule=RULE) if pair.cord else None
    change = mri.compare(*masks, rule=RULE)
    images = {"image": image_of(pair.image), "image_before": image_of(pair.image_before)}
    print(f"{pair.name}: {change.explain().partition(' Lesions of the two visits')[0]}")
    with pl.Config(tbl_cols=-1, tbl_width_chars=150, tbl_hide_column_data_types=True, fmt_str_lengths=30):
        print(mri.sensitivity(change.before, change.after, rule=RULE).table.drop("changed", "fingerprint"))
    page = dataclasses.replace(report.build_lesions(cord or change, **images), banner=banner)
    page.save_all(out, pair.name, tables={pair.name: change.table})
    mri.picture(change, **images).savefig(out / f"{pair.name}.png", dpi=110)


def count(single: Single, out: Path, *, banner: str) -> None:
    """Count the lesions of one mask, and write page, table and picture; only the picture of other masks."""
    mask, image = mri.read_mask(single.mask), image_of(single.image)
    if single.of is not None:
        mask = dataclasses.replace(mask, name=single.of)
    found = mri.lesions(mask, rule=RULE)
    mri.picture(found, image=image).savefig(out / f"{single.name}.png", dpi=110)
    if single.of is not None:
        print(f"{single.name}: {single.of}, drawn and not counted\n")
        return
    print(f"{single.name}: {found.explain().partition(' Rule ')[0]}\n")
    page = dataclasses.replace(report.build_lesions(found, image=image), banner=banner)
    page.save_all(out, single.name, tables={single.name: found.table})


def main() -> None:
    """Read the command line, count, compare, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="the pack of real masks; synthetic ones without it"
    )
    parser.add_argument("--out", type=Path, default=Path("lesion-report"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as draft:
        pairs, singles = real(given.folder) if given.folder else synthetic(Path(draft))
        banner = "" if given.folder else report.BANNERS["simulated"]
        for pair in pairs:
            follow(pair, given.out, banner=banner)
        for single in singles:
            count(single, given.out, banner=banner)
        if not given.folder:
            look_closer(Path(draft), given.out)
            trial = rv.read_trial(write_trial(Path(draft), Path(draft) / "trial"))
            report.build(trial).save_all(given.out, "trial")
            print(rv.mri.count_scans(trial).explain().partition(" Each mask")[0])
    print(f"pages, tables and pictures are in {given.out}")


if __name__ == "__main__":
    main()
