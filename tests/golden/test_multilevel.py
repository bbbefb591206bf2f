"""Several effects per study and networks against metafor and clubSandwich; see multilevel.R and network.R."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).with_name("multilevel_page.py")))
SETS: dict[str, Any] = SCRIPT["SETS"]
NETS: dict[str, Any] = SCRIPT["NETS"]
FIGURE = re.compile(r"\b1e-?\d+(?= \|)")
CLOSED_FORM, SEARCHED = 1e-9, 1e-6
"""Relative tolerances: closed forms; searched variances and what follows, as metafor's searches stop."""
CLOSED = {"q", "within", "df"}


def tolerance(each: Any) -> float:
    return CLOSED_FORM if each.part in {"Q", "Q and likelihood"} and each.number in CLOSED else SEARCHED


def test_the_grid_is_complete() -> None:
    assert len(SETS) == 11
    assert len(NETS) == 10
    for row in SETS.values():
        assert set(row["fits"]) == {"reml", "ml"}
        for fit in row["fits"].values():
            assert {"model", "cr0", "cr1", "cr2"} <= set(fit)
            assert None not in fit["between"] + fit["within"]
    for row in NETS.values():
        assert set(row["fits"]) == {"common", "ml", "reml"}
        assert "metadat" in row["source"]
        # Two treatments of which trials tell directly and indirectly.
        assert all(fit["splits"] for fit in row["fits"].values())
    assert sum(len(set(row["arms"]["study"])) < len(row["arms"]["study"]) / 2 for row in NETS.values()) >= 5


@pytest.mark.parametrize("name", SETS)
def test_a_multilevel_pool_is_that_of_metafor_and_clubsandwich(name: str) -> None:
    for each in SCRIPT["multilevel_differences"](name):
        assert each.size < tolerance(each), each


@pytest.mark.parametrize("name", NETS)
def test_a_network_is_that_of_metafor(name: str) -> None:
    for each in SCRIPT["network_differences"](name):
        assert each.size < tolerance(each), each


def test_no_difference_is_larger_than_the_page_says() -> None:
    printed, found = SCRIPT["PAGE"].read_text(encoding="utf-8"), SCRIPT["every_difference"]()
    # The bounds have room for other machines, so they are compared as bounds and all else as text.
    assert FIGURE.sub("", printed) == FIGURE.sub("", SCRIPT["page"](found))
    shown = [float(figure) for figure in FIGURE.findall(printed)]
    parts = [part for table in SCRIPT["TABLES"] for part in table]
    for part, bound in zip(parts, shown, strict=True):
        assert max(each.size for each in found[part]) < bound, part
