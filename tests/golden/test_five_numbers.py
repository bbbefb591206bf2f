"""Mean and standard deviation from quantiles against metafor's conv.fivenum; five_numbers.R."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("five_numbers.json").read_text(encoding="utf-8"))
KINDS = {"range": 3, "quartiles": 3, "five": 5}
CLOSED_FORM = 1e-12


def test_the_grid_is_complete() -> None:
    rows = GOLDEN["rows"]
    assert len(rows) == 3 * 6 * 8
    assert {row["kind"] for row in rows} == set(KINDS)
    assert all(len(row["numbers"]) == KINDS[row["kind"]] for row in rows)
    assert {row["skewed"] for row in rows} == {True, False}


@pytest.mark.parametrize("kind", KINDS)
def test_mean_sd_and_skewness_are_those_of_metafor(kind: str) -> None:
    rows = [row for row in GOLDEN["rows"] if row["kind"] == kind]
    columns = {name: [row["numbers"][name] for row in rows] for name in rows[0]["numbers"]}
    data = {**columns, "n": [row["n"] for row in rows]}
    table = rv.evidence.mean_and_sd(data, keep_skewed=True).table
    assert table["mean"].to_list() == pytest.approx([row["mean"] for row in rows], rel=CLOSED_FORM)
    assert table["sd"].to_list() == pytest.approx([row["sd"] for row in rows], rel=CLOSED_FORM)
    assert table["skewed"].to_list() == [row["skewed"] for row in rows]
    left_out = rv.evidence.mean_and_sd(data).table
    assert left_out["mean"].is_null().to_list() == table["skewed"].to_list()
