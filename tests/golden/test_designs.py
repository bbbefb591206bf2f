"""Group-sequential designs and sample sizes against rpact; the page on validation says what this finds."""

from __future__ import annotations

import itertools
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("designs_page.py")))
TOLERANCE = 1e-5
"""As the specification asks of group-sequential bounds: rpact integrates and searches to about 1e-7."""


FIGURE = re.compile(r"\b1e-?\d+(?= \|)")


def test_the_grid_is_complete() -> None:
    golden = SCRIPT["GOLDEN"]
    found = {
        (row["boundary"], len(row["fractions"]), row["fractions"][0], row["sided"], row["futility"])
        for row in golden["designs"]
    }
    schedules = [(2, 0.5), (3, 0.333333333333333), (3, 0.3), (5, 0.2)]
    names = ["obrien-fleming-spending", "pocock-spending", "obrien-fleming", "pocock", "wang-tsiatis"]
    expected = {
        (name, *schedule, sided, "none")
        for name, schedule, sided in itertools.product(names, schedules, (1, 2))
    }
    expected |= {
        (name, *schedule, 1, futility)
        for name, schedule, futility in itertools.product(names[:2], schedules, ("obrien-fleming", "pocock"))
    }
    assert {(a, b, round(c, 6), d, e) for a, b, c, d, e in found} == {
        (a, b, round(c, 6), d, e) for a, b, c, d, e in expected
    }
    assert len(golden["designs"]) == len(expected) == 56
    assert len(golden["means"]) == 18
    assert len(golden["events"]) == 6
    assert len(golden["conditional_power"]) == 4


@pytest.mark.parametrize("part", SCRIPT["PARTS"])
def test_every_number_is_that_of_rpact(part: str) -> None:
    found = [each for each in SCRIPT["differences"]() if each.part == part]
    assert found
    for each in found:
        assert each.size < TOLERANCE, each


def test_no_difference_is_larger_than_the_page_says() -> None:
    printed = SCRIPT["PAGE"].read_text(encoding="utf-8")
    # The bounds have room for other machines, so they are compared as bounds and all else as text.
    assert FIGURE.sub("", printed) == FIGURE.sub("", SCRIPT["page"]())
    shown = [float(figure) for figure in FIGURE.findall(printed)]
    found = SCRIPT["differences"]()
    measured = [max(each.size for each in found if each.part == part) for part in SCRIPT["PARTS"]]
    assert all(value < bound for value, bound in zip(measured, shown, strict=True))
