"""The page on lesions names every rule with its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ranvier import mri

PAGE = Path(__file__).resolve().parents[2] / "docs" / "definitions" / "lesions.md"


def test_the_page_lists_every_rule_with_its_numbers():
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (.+?) \| (\d) \| (.+?) \| (.+?) \|$", PAGE.read_text("utf-8"), re.M
    )
    assert [row[0] for row in rows] == list(mri.RULES)
    for name, joined, counted, tolerance, enlarging, shrinking in rows:
        rule = mri.RULES[name]
        size = rule.size_text().removeprefix("from a ").removeprefix("at ").replace(" of ", " ")
        assert (int(joined), counted, int(tolerance)) == (
            rule.connectivity,
            size,
            rule.match_tolerance_voxels,
        )
        assert enlarging == f"× {rule.enlarge_ratio:.4g} and {rule.enlarge_abs_mm3:g} mm³"
        assert shrinking == f"× {rule.shrink_ratio:.4g} and {rule.shrink_abs_mm3:g} mm³"


@pytest.mark.shared
def test_the_counts_on_the_page_are_those_of_the_real_masks(shared):
    table = re.search(r"^\| patient \|(.+?)\|\n\|[-|]+\|\n((?:\|.+\|\n)+)", PAGE.read_text("utf-8"), re.M)
    assert table
    names = re.findall(r"`(\w+)`", table[1])
    for row in table[2].splitlines():
        patient, *counts = row.strip("| ").split(" | ")
        mask = mri.read_mask(shared / "mri" / "cross_sectional" / "1mm" / f"patient{patient}_lesion.nii.gz")
        assert counts == [f"{mri.summary(mask, rule=name).estimates[0].value:.0f}" for name in names]
