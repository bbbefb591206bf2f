"""Mixed models of counts against metafor and lme4; where they approximate, against what they leave out."""

from __future__ import annotations

import json
from collections.abc import Callable
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
CELLS = ("events", "n", "events_control", "n_control")
FITTED, BETWEEN = 1e-4, 1e-3
"""Tolerances that the specification found right: in standard errors, and tau² relative to 1 or more."""
FEW_NODES = {("IRLN", "apart")}
"""lme4's 25 nodes do not follow a spread of 2.8 with studies of no event; brute force does."""
NO_ERROR = {"rare", "hine1989", "hahn2001"}
"""metafor's exact conditional model gives no usable standard error where tau² is 0."""
ROUGH_ERROR = {"li2007", "lee2004"}
"""Its standard error by numerical differences is off by up to a hundredth; brute force has ours."""
STOPPED_SHORT = {"hahn2001"}
"""Its search stops at a tau² of 1e-4, where the likelihood by brute force is lower than at our 0."""
OWN = ("mixed", "rare", "apart")
EDGES = ("one_study", "two_studies", "identical")
TABLES = ("nielweise2007", "bcg", "li2007", "hine1989", "yusuf1985", "hahn2001", "lee2004")
PUBLISHED = {
    "PLO": ("pritz1997", "debruin2009", "hannum2020", "nielweise2007_treated", "hahn2001_treated"),
    "IRLN": ("nielweise2008", "nielweise2008_control", "hart1999_treated", "hart1999_control"),
    "OR": TABLES,
    "IRR": ("nielweise2008", "hart1999", "hart1999_primary"),
}
"""Data sets of metadat."""


def marks(row: dict[str, Any]) -> tuple[pytest.MarkDecorator, ...]:
    """Mark the exact conditional model of arms of tens of thousands of patients, which takes long."""
    return (pytest.mark.slow,) if (row["model"], row["name"]) == ("CM.EL", "li2007") else ()


FITS = [
    pytest.param(row, method, id=f"{row['measure']}-{row['model']}-{row['name']}-{method}", marks=marks(row))
    for row in GOLDEN["fits"]
    for method in METHODS
    if row["model"] != "UM.RS" and row["name"] != "one_study"  # compared apart
]


def fitted(row: dict[str, Any], method: str) -> dict[str, Any]:
    """Give our numbers on the log scale."""
    return rv.evidence.pool_counts(
        row["data"],
        measure=MEASURES[row["measure"]],
        model=MODELS[row["model"]],
        method=METHODS[method],
        interval="wald",
    ).diagnostics


def chosen(model: str, names: set[str]) -> list[Any]:
    """Give the rows of a model of odds ratios by name."""
    return [
        pytest.param(row, id=row["name"], marks=marks(row))
        for row in GOLDEN["fits"]
        if (row["measure"], row["model"]) == ("OR", model) and row["name"] in names
    ]


def close(found: float, expected: float, tolerance: float, unit: float) -> bool:
    return abs(found - expected) <= tolerance * unit


def test_the_grid_is_complete() -> None:
    held = {(row["measure"], row["model"], row["name"]) for row in GOLDEN["fits"]}
    models = {"PLO": ["GLMM"], "IRLN": ["GLMM"], "OR": list(MODELS)[1:], "IRR": ["CM.EL", "UM.FS", "UM.RS"]}
    assert held == {
        (measure, model, name)
        for measure, names in models.items()
        for model in names
        for name in (*OWN, *PUBLISHED[measure], *EDGES)
    }
    assert all(len((*OWN, *sets, *EDGES)) >= 8 for sets in PUBLISHED.values())
    for measure, names in models.items():
        ours = {MODELS[name] for name in names} - {None} or {COUNT_MEASURES[MEASURES[measure]].models[0]}
        assert ours == set(COUNT_MEASURES[MEASURES[measure]].models)
    assert all(min(row["data"]["events"]) == 0 for row in GOLDEN["fits"] if row["name"] in OWN), (
        "every set of our own has zeros"
    )


@pytest.mark.parametrize(("row", "method"), FITS)
def test_a_model_of_counts_is_that_of_metafor(row: dict[str, Any], method: str) -> None:
    expected, found = row[method], fitted(row, method)
    exact = (row["measure"], row["model"], method) == ("OR", "CM.EL", "ml")
    if "refused" in expected:
        assert method == "ml"
        if found["tau2"] > 0:  # compared with brute force
            assert (row["model"], row["name"]) == ("UM.FS", "bcg")
            return
        expected = row["common"]  # without a spread the models are one
    if exact and row["name"] in STOPPED_SHORT:
        return
    loose = 10 if (row["measure"], row["name"]) in FEW_NODES and method == "ml" else 1
    error = found["standard_error"]
    assert close(found["value"], expected["value"], loose * FITTED, error)
    assert close(found["tau2"], expected["tau2"], BETWEEN, max(1.0, expected["tau2"]))
    if not (exact and row["name"] in NO_ERROR | ROUGH_ERROR):
        assert close(error, expected["se"], loose * FITTED, error)
    assert close(found["q"], expected["q"], FITTED, max(1.0, expected["q"]))
    assert found["q_df"] == expected["q_df"]
    assert found["q_p_value"] == pytest.approx(expected["p"], abs=FITTED)


@pytest.mark.parametrize(
    "row",
    [row for row in GOLDEN["fits"] if row["name"] == "one_study"],
    ids=lambda row: f"{row['measure']}-{row['model']}",
)
def test_one_study_is_refused_by_metafor_and_its_exact_value_here(row: dict[str, Any]) -> None:
    """metafor fits a common value at most, and no event in one arm as a ratio of e to the minus 23."""
    assert "refused" in row["ml"]
    for method in METHODS:
        found = fitted(row, method)["value"]
        theirs = row["common"].get("value")
        if row["data"]["events"] == [0] and row["measure"] == "OR":
            assert found == -np.inf
            assert theirs is None or theirs < -20
        elif theirs is not None:
            assert found == pytest.approx(theirs, abs=1e-9)


def conditional(row: dict[str, Any]) -> Callable[[float, float], float]:
    """Give the exact conditional log likelihood by plain sums over a fine grid of the study effect."""
    cells = {name: np.array(values, dtype=float) for name, values in row["data"].items()}
    z = np.arange(-9, 9, 0.01)

    def value(mean: float, spread: float) -> float:
        total = 0.0
        for x, n, y, m in zip(*(cells[name] for name in CELLS), strict=True):
            k = np.arange(max(0, x + y - m), min(n, x + y) + 1)
            if len(k) == 1:
                continue
            ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
            ways += (
                special.gammaln(m + 1) - special.gammaln(x + y - k + 1) - special.gammaln(m - x - y + k + 1)
            )
            eta = mean + spread * (z if spread else z[:1] * 0)
            logs = ways[k == x] + x * eta - special.logsumexp(ways + k * eta[:, None], axis=1)
            weights = np.log(0.01) - z**2 / 2 - np.log(2 * np.pi) / 2 if spread else 0.0
            total += float(special.logsumexp(logs + weights))
        return total

    return value


@pytest.mark.parametrize("row", chosen("CM.EL", STOPPED_SHORT | {"hine1989", "rare"}))
def test_brute_force_is_higher_at_no_spread_than_where_metafor_stopped(row: dict[str, Any]) -> None:
    found, theirs, value = fitted(row, "ml"), row["ml"], conditional(row)
    assert found["tau"] == 0
    assert value(found["value"], 0.0) >= value(theirs["value"], theirs["tau2"] ** 0.5)
    step = 1e-3
    bend = sum(
        weight * value(found["value"] + move, 0.0) for move, weight in ((step, 1), (0, -2), (-step, 1))
    )
    assert close(found["standard_error"], (-bend / step**2) ** -0.5, FITTED, found["standard_error"])


@pytest.mark.parametrize("row", chosen("CM.EL", ROUGH_ERROR))
def test_brute_force_has_our_standard_error_where_metafors_is_rough(row: dict[str, Any]) -> None:
    found, value, step = fitted(row, "ml"), conditional(row), 2e-3
    at = {
        (i, j): value(found["value"] + i * step, found["tau"] + j * step)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    }
    own = at[1, 0] - 2 * at[0, 0] + at[-1, 0]
    other = at[0, 1] - 2 * at[0, 0] + at[0, -1]
    both = (at[1, 1] - at[1, -1] - at[-1, 1] + at[-1, -1]) / 4
    error = (-(own - both**2 / other) / step**2) ** -0.5
    assert close(found["standard_error"], error, FITTED, error)
    assert not close(row["ml"]["se"], error, FITTED, error)


@pytest.mark.parametrize("row", chosen("UM.FS", {"bcg"}))
def test_brute_force_peaks_at_our_values_where_metafor_cannot_fit(row: dict[str, Any]) -> None:
    """Every study has the level that suits its own two counts best, found again at each place."""
    assert "refused" in row["ml"]
    cells = [np.array(row["data"][name], dtype=float) for name in CELLS]
    z = np.arange(-8, 8, 0.05)

    def value(mean: float, spread: float) -> float:
        def lost(level: float, study: tuple[float, ...]) -> float:
            x, n, y, m = study
            up, down = (level + sign * (mean + spread * z) / 2 for sign in (1, -1))
            logs = x * special.log_expit(up) + (n - x) * special.log_expit(-up)
            logs += y * special.log_expit(down) + (m - y) * special.log_expit(-down)
            return -float(special.logsumexp(logs - z**2 / 2))

        starts = special.logit((cells[0] + cells[2]) / (cells[1] + cells[3]))
        return -sum(
            optimize.minimize_scalar(
                lost, bounds=(start - 3, start + 3), args=(study,), method="bounded", options={"xatol": 1e-9}
            ).fun
            for start, study in zip(starts, zip(*cells, strict=True), strict=True)
        )

    found = fitted(row, "ml")
    peak = value(found["value"], found["tau"])
    for mean, spread in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        assert value(found["value"] + mean, found["tau"] + spread) < peak


def test_brute_force_agrees_with_us_where_lme4_has_too_few_nodes() -> None:
    (row,) = (row for row in GOLDEN["fits"] if (row["measure"], row["name"]) in FEW_NODES)
    x, t = (np.array(row["data"][name], dtype=float) for name in ("events", "years"))
    z = np.arange(-12, 12, 0.001)

    def value(mean: float, spread: float) -> float:
        eta = mean + spread * z
        logs = x[:, None] * (eta + np.log(t)[:, None]) - t[:, None] * np.exp(eta) - z**2 / 2
        return float((special.logsumexp(logs, axis=1) + np.log(0.001)).sum())

    found = rv.evidence.pool_counts(row["data"], measure="rate").diagnostics
    theirs, peak = row["ml"], value(found["value"], found["tau"])
    assert peak > value(theirs["value"], theirs["tau2"] ** 0.5)
    for end in (found["tau_low"], found["tau_high"]):  # far out: 9.4
        highest = optimize.minimize_scalar(lambda mean, tau=end: -value(mean, tau), bounds=(-10, 2)).fun
        assert 2 * (peak + highest) == pytest.approx(special.chdtri(1, 0.05), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [row for row in GOLDEN["fits"] if row["model"] == "UM.RS" and "refused" not in row["ml"]],
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
