"""Print the tables of ``docs/definitions/lesion_counts.md``: the same real masks under many definitions.

Run it from the root of the checkout with the pack of real masks beside it::

    python examples/mri_lesions/lesion_counts.py ../shared/mri

The masks (Lesjak et al. 2017, CC-BY) stay where they are; a test compares the page with what this prints.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from ranvier import mri

PATIENTS = ("02", "07", "13", "23")
GRIDS = {"native": "as scanned, 0.8 × 0.47 × 0.47 mm", "1mm": "1 mm, resampled", "mni": "1 mm, warped to MNI"}
ANY = dataclasses.replace(
    mri.RULES["default"], name="any size", source="docs/definitions/lesion_counts.md", min_long_axis_mm=None
)
SIZES = {
    "any size": {},
    "≥ 3 mm³": {"min_volume_mm3": 3.0},
    "> 3 mm³": {"min_volume_mm3": 3.0, "inclusive": False},
    "≥ 10 mm³": {"min_volume_mm3": 10.0},
    "≥ 3 mm sphere": {"min_sphere_mm": 3.0},
    "long axis ≥ 3 mm": {"min_long_axis_mm": 3.0},
}


def masks(folder: Path, grid: str) -> dict[str, mri.Mask]:
    """Read the masks of the four patients on one grid."""
    place = folder / "cross_sectional" / grid
    return {patient: mri.read_mask(place / f"patient{patient}_lesion.nii.gz") for patient in PATIENTS}


def count(mask: mri.Mask, rule: mri.Rule) -> str:
    """Give the count of one mask by one rule."""
    return f"{mri.summary(mask, rule=rule).estimates[0].value:.0f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def by_rule(found: dict[str, mri.Mask]) -> str:
    """Give the counts of the named rules, the largest over the smallest, and the marked volume."""
    rows = []
    for patient, mask in found.items():
        counts = [count(mask, rule) for rule in mri.RULES.values()]
        factor = max(map(int, counts)) / min(map(int, counts))
        rows.append([patient, *counts, f"{factor:.1f}", f"{mask.n_voxels * mask.voxel_mm3:.0f}"])
    return table(["patient", *(f"`{name}`" for name in mri.RULES), "factor", "marked, mm³"], rows)


def by_setting(mask: mri.Mask) -> str:
    """Give the counts of one mask by connectivity and size."""
    rows = [
        [
            str(joined),
            *(count(mask, dataclasses.replace(ANY, connectivity=joined, **size)) for size in SIZES.values()),
        ]
        for joined in mri.CONNECTIVITIES
    ]
    return table(["joined by", *SIZES], rows)


def tables(folder: Path) -> dict[str, str]:
    """Give every table of the page by its heading."""
    found = {grid: masks(folder, grid) for grid in GRIDS}
    return {
        **{f"Seven rules, {words}": by_rule(found[grid]) for grid, words in GRIDS.items()},
        "Patient 13, by setting": by_setting(found["1mm"]["13"]),
    }


def main() -> None:
    """Print the tables."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for heading, text in tables(Path(sys.argv[1])).items():
        print(f"### {heading}\n\n{text}\n")


if __name__ == "__main__":
    main()
