"""Adjusted change from baseline against R's lm and sandwich (ancova.R writes ancova.json)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import ranvier as rv

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "ancova.json").read_text(encoding="utf-8"))
CASES = {
    case["name"]: pl.DataFrame(case["data"])
    for case in json.loads((HERE / "mixed_model_cases.json").read_text(encoding="utf-8"))
}
RELATIVE = 1e-9
"""A closed form."""


def test_the_grid_is_complete():
    with_arms = {name for name, data in CASES.items() if data["arm"].n_unique() > 1}
    assert {row["case"] for row in GOLDEN["rows"]} == with_arms
    assert len(with_arms) == 7
    assert set(GOLDEN["head"]["packages"]) == {"stats", "sandwich", "jsonlite"}


@pytest.mark.parametrize("row", GOLDEN["rows"], ids=lambda row: row["case"])
def test_ancova_agrees_with_sandwich(row: dict):
    data = CASES[row["case"]]
    months = data["visit"].str.slice(6).cast(pl.Int64)
    last = data.filter(months == months.max())
    before = last["baseline"].to_numpy()
    fit = rv.stats.ancova(before, before + last["change"].to_numpy(), last["arm"].to_list())
    assert [each.value for each in fit.estimates] == pytest.approx(row["value"], rel=RELATIVE, abs=1e-12)
    assert [each.low for each in fit.estimates] == pytest.approx(row["low"], rel=RELATIVE, abs=1e-12)
    assert [each.high for each in fit.estimates] == pytest.approx(row["high"], rel=RELATIVE, abs=1e-12)
    assert fit.diagnostics["degrees_of_freedom"] == row["df"]
    tested = [each.p_value for each in fit.estimates if each.p_value is not None]
    assert tested == pytest.approx(row["p"][: len(tested)], rel=RELATIVE)
    assert np.isfinite(tested).all()
