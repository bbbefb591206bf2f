"""The page on lesion counts holds the numbers of the real masks beside the clone.

Data: Lesjak et al. 2017, Neuroinformatics, doi 10.1007/s12021-017-9348-7, CC-BY. They stay outside the
repository.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "definitions" / "lesion_counts.md").read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """Give the cells of every row of the tables in a text."""
    lines = [
        line for line in text.splitlines() if line.startswith("|") and not line.startswith(("|---", "| ---"))
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.shared
@pytest.mark.slow
def test_every_table_of_the_page_is_what_the_script_prints(shared: Path) -> None:
    made = runpy.run_path(str(ROOT / "examples" / "mri_lesions" / "lesion_counts.py"))["tables"](
        shared / "mri"
    )
    assert [row for text in made.values() for row in rows(text)] == rows(PAGE)


def test_the_sentences_below_the_tables_repeat_their_numbers() -> None:
    heads, patients = rows(PAGE)[0], [row for row in rows(PAGE) if row[0] in ("02", "07", "13", "23")]
    factors = [float(row[heads.index("factor")]) for row in patients]
    assert f"a factor of {min(factors)} to {max(factors)}" in PAGE
    volumes: dict[str, list[float]] = {}
    for row in patients:
        volumes.setdefault(row[0], []).append(float(row[-1]))
    assert "within 4 % of that of the scan" in PAGE
    assert all(abs(value / each[0] - 1) < 0.04 for each in volumes.values() for value in each)
    assert {len(each) for each in volumes.values()} == {3}
    at_1mm = {row[0]: row for row in patients[4:8]}
    said = re.search(
        r"at 1 mm, (\d+) lesions by `default` hold (\d+) ml,\s+while the (\d+) of .* hold (\d+) ml", PAGE
    )
    assert said
    expected = [cell for patient in ("13", "23") for cell in (at_1mm[patient][1], at_1mm[patient][-1])]
    assert [said[1], said[3]] == expected[::2]
    assert [int(said[2]), int(said[4])] == [round(float(each) / 1000) for each in expected[1::2]]
