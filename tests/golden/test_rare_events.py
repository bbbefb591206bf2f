"""Mixed models of counts against metafor and lme4; where they approximate, against what they leave out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special

import ranvier as rv
from ranvier.evidence import COUNT_MEASURES
from ranvier.evidence._count_models import build

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("rare_events.json").read_text(encoding="utf-8"))
MEASURES = {"PLO": "proportion", "IRLN": "rate", "OR": "odds ratio", "IRR": "rate ratio"}
MODELS = {
    "GLMM": None,
    "CM.EL": "conditional",
    "CM.AL": "conditional approximate",
    "UM.FS": "unconditional",
    "UM.RS": "unconditional random",
}
METHODS = {"ml": "random", "common": "common"}
FITTED, BETWEEN = 1e-4, 1e-3
"""Tolerances that the specification found right: in standard errors, and tau² relative to 1 or more."""
FEW_NODES = {("IRLN", "apart")}
"""lme4's 25 nodes do not follow a spread of 2.8 with studies of no event; brute force does."""
NO_ERROR = {("OR", "CM.EL", "mixed"), ("OR", "CM.EL", "rare")}
"""metafor's exact conditional model gives no usable standard error where tau² is 0, or gives up."""
FITS = [
    pytest.param(row, method, id=f"{row['measure']}-{row['model']}-{row['name']}-{method}")
    for row in GOLDEN["fits"]
    for method in METHODS
    if row["model"] != "UM.RS"  # one node there; compared apart
]


def close(found: float, expected: float, tolerance: float, unit: float) -> bool:
    return abs(found - expected) <= tolerance * unit


def test_the_grid_is_complete() -> None:
    held = {(row["measure"], row["model"], row["name"]) for row in GOLDEN["fits"]}
    models = {"PLO": ["GLMM"], "IRLN": ["GLMM"], "OR": list(MODELS)[1:], "IRR": ["CM.EL", "UM.FS", "UM.RS"]}
    own = ("mixed", "rare", "apart")
    published = {"PLO": "pritz1997", "IRLN": "nielweise2008", "OR": "nielweise2007", "IRR": "nielweise2008"}
    assert held == {
        (measure, model, name)
        for measure, names in models.items()
        for model in names
        for name in (*own, published[measure])
    }
    for measure, names in models.items():
        ours = {MODELS[name] for name in names} - {None} or {COUNT_MEASURES[MEASURES[measure]].models[0]}
        assert ours == set(COUNT_MEASURES[MEASURES[measure]].models)
    assert all(min(row["data"]["events"]) == 0 for row in GOLDEN["fits"] if row["name"] in own), (
        "every set of our own has zeros"
    )


@pytest.mark.parametrize(("row", "method"), FITS)
def test_a_model_of_counts_is_that_of_metafor(row: dict[str, Any], method: str) -> None:
    expected = row[method]
    key = (row["measure"], row["model"], row["name"])
    found = rv.evidence.pool_counts(
        row["data"],
        measure=MEASURES[row["measure"]],
        model=MODELS[row["model"]],
        method=METHODS[method],
        interval="wald",
    ).diagnostics
    if "refused" in expected:
        assert key in NO_ERROR
        return
    loose = 10 if (row["measure"], row["name"]) in FEW_NODES and method == "ml" else 1
    error = found["standard_error"]
    assert close(found["value"], expected["value"], loose * FITTED, error)
    assert close(found["tau2"], expected["tau2"], BETWEEN, max(1.0, expected["tau2"]))
    if key not in NO_ERROR or method == "common":
        assert close(error, expected["se"], loose * FITTED, error)
    assert close(found["q"], expected["q"], FITTED, max(1.0, expected["q"]))
    assert found["q_df"] == expected["q_df"]
    assert found["q_p_value"] == pytest.approx(expected["p"], abs=FITTED)


def test_brute_force_agrees_with_us_where_lme4_has_too_few_nodes() -> None:
    (row,) = (row for row in GOLDEN["fits"] if (row["measure"], row["name"]) in FEW_NODES)
    x, t = (np.array(row["data"][name], dtype=float) for name in ("events", "years"))
    z = np.arange(-12, 12, 0.002)

    def value(mean: float, spread: float) -> float:
        eta = mean + spread * z
        logs = x[:, None] * (eta + np.log(t)[:, None]) - t[:, None] * np.exp(eta) - z**2 / 2
        return float((special.logsumexp(logs, axis=1) + np.log(0.002)).sum())

    found = rv.evidence.pool_counts(row["data"], measure="rate").diagnostics
    theirs = row["ml"]
    assert value(found["value"], found["tau"]) > value(theirs["value"], theirs["tau2"] ** 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [row for row in GOLDEN["fits"] if row["model"] == "UM.RS"],
    ids=lambda row: f"{row['measure']}-{row['name']}",
)
def test_two_random_effects_differ_from_metafor_by_its_one_node(row: dict[str, Any]) -> None:
    """With one node, Laplace's approximation, our likelihood peaks where metafor's does."""
    cells = {name: np.array(values, dtype=float) for name, values in row["data"].items()}
    keep = cells["events"] + cells["events_control"] > 0  # metafor drops studies without event
    cells = {name: values[keep] for name, values in cells.items()}
    model, start = build(MEASURES[row["measure"]], "unconditional random", cells)

    def lost(place: np.ndarray[Any, Any]) -> float:
        return -float(model.derivatives(place, nodes=1)[0].sum())

    begin = np.array([row["ml"]["value"], start[1], 0.7, row["ml"]["tau2"] ** 0.5 + 0.1])
    options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 2000, "maxfev": 4000}
    peak = optimize.minimize(lost, begin, method="Nelder-Mead", options=options).x
    assert peak[0] == pytest.approx(row["ml"]["value"], abs=1e-3)
    assert peak[-1] ** 2 == pytest.approx(row["ml"]["tau2"], abs=2e-3, rel=2e-3)
