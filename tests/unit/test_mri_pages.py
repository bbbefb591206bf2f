"""The pages on lesions name every rule, label and criterion with its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ranvier import mri

PAGE = Path(__file__).resolve().parents[2] / "docs" / "definitions" / "lesions.md"
SITES_PAGE = PAGE.with_name("lesion_sites.md")


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


def rows_of(page: str, *, columns: int) -> list[list[str]]:
    """Give the cells of every table row with that many columns, without heads and rules."""
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in page.splitlines() if line[:1] == "|"]
    return [row for row in rows if len(row) == columns and not set(row[0]) <= {"-"}]


def test_the_page_on_sites_lists_every_label_order_and_criterion():
    page = SITES_PAGE.read_text("utf-8")
    tissue = {name: regions.text() for name, regions in mri.REGIONS.items() if regions.annotated is None}
    listed = {row[0].strip("`"): row[1:] for row in rows_of(page, columns=5)[1:]}
    assert set(listed) == set(tissue)
    for name, (ventricle, cortex, infratentorial, lesion) in listed.items():
        marked = f"; lesion {lesion}" if lesion else ""
        said = f"ventricle {ventricle}; cortex {cortex}; infratentorial {infratentorial}{marked}."
        assert tissue[name] == f"Regions '{name}': {said}"
    three = rows_of(page, columns=3)
    orders = {
        row[0].strip("`"): tuple(row[1].split(", ")) for row in three if row[0].strip("`") in mri.ORDERS
    }
    assert orders == dict(mri.ORDERS)
    needed = {row[0]: row[1:] for row in three[three.index(["site", "MAGNIMS 2016", "McDonald 2017"]) + 1 :]}
    for column, criteria in enumerate(("2016", "2017")):
        said = {site: int(row[column]) for site, row in needed.items() if row[column].isdigit()}
        assert said == dict(mri.CRITERIA[criteria])
    assert f"at most {mri.NEAR_MM:g} mm apart" in page
    assert f"at least {mri.LETM_LEVELS} levels touched" in page
