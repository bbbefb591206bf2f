"""Crossovers of two periods against R (crossover.R writes crossover.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.stats._exact_arrays import crossover_p

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("crossover.json").read_text(encoding="utf-8"))
RELATIVE = 1e-9
"""Exact p values agree to 1e-9."""
ABSOLUTE = 1e-9
"""Shifts are differences of values with six decimals."""
PARTS = ("treatment", "period", "carry_over")
HALVES = {"treatment": 2, "period": 2, "carry_over": 1}


def test_grid_is_complete() -> None:
    assert [row["name"] for row in GOLDEN["untied"]] == [
        "3 and 3",
        "5 and 5",
        "4 and 9",
        "12 and 12",
        "20 and 18",
    ]
    assert [row["name"] for row in GOLDEN["tied"]] == ["EDSS, 4 and 5", "EDSS, 10 and 10", "lesions, 9 and 7"]
    assert set(GOLDEN["head"]["packages"]) == {"stats", "coin", "jsonlite"}


@pytest.mark.parametrize("row", GOLDEN["untied"], ids=lambda row: row["name"])
def test_a_crossover_without_ties_is_that_of_r(row: dict[str, Any]) -> None:
    found = rv.stats.crossover(row["first"], row["second"], level=row["level"])
    for estimate, part in zip(found.estimates, PARTS, strict=True):
        theirs, half = row[part], HALVES[part]
        assert estimate.p_value == pytest.approx(theirs["p"], rel=RELATIVE)
        assert half * estimate.value == pytest.approx(theirs["shift"], abs=ABSOLUTE)
        assert [half * estimate.low, half * estimate.high] == pytest.approx(theirs["bounds"], abs=ABSOLUTE)


@pytest.mark.parametrize("row", GOLDEN["tied"], ids=lambda row: row["name"])
def test_a_crossover_with_ties_has_the_exact_tails_of_coin(row: dict[str, Any]) -> None:
    found = rv.stats.crossover(row["first"], row["second"])
    for estimate, part in zip(found.estimates, PARTS, strict=True):
        assert estimate.p_value == pytest.approx(min(1.0, 2 * min(row[part]["tails"])), rel=RELATIVE)


@pytest.mark.parametrize("row", GOLDEN["untied"] + GOLDEN["tied"], ids=lambda row: row["name"])
def test_many_crossovers_at_once_have_the_same_p_values(row: dict[str, Any]) -> None:
    first, second = np.array(row["first"]), np.array(row["second"])
    p_values = crossover_p(np.stack([first, first[:, ::-1]]), np.stack([second, second[:, ::-1]]))
    alone = rv.stats.crossover(first, second).estimates[0].p_value
    assert p_values == pytest.approx([alone, alone], rel=1e-12)
