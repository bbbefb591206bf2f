"""The interval of the variance between studies by the generalised Q against metafor; generalised_q.R."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import ranvier as rv
from ranvier.evidence._weighted_q import weighted_q_tail

HERE = Path(__file__).parent
GOLDEN: dict[str, Any] = json.loads((HERE / "generalised_q.json").read_text(encoding="utf-8"))
DATA = {
    (row["name"], row["kind"]): row
    for row in json.loads((HERE / "metafor_models.json").read_text(encoding="utf-8"))["fits"]
}
WEIGHTS = ("size", "equal", "inverse")
SERIES, STOPPED = 1e-9, 1e-4
"""Tolerances: of a chance, Davies' algorithm; relative of an end, where metafor's search stops, within 1e-5
of the chance that the end should have."""


def weights_of(name: str, v: NDArray[np.float64]) -> NDArray[np.float64]:
    return {"size": v**-0.5, "equal": np.ones_like(v), "inverse": 1 / v}[name]


def test_the_grid_is_complete() -> None:
    held = {(row["name"], row["kind"], row["weights"], row["level"]) for row in GOLDEN["rows"]}
    several = [key for key, row in DATA.items() if len(row["y"]) > 1]
    assert held == {(*key, weights, level) for key in several for weights in WEIGHTS for level in (0.95, 0.8)}
    assert len(several) == 23
    assert not [row for row in GOLDEN["rows"] if "refused" in row]


@pytest.mark.parametrize(
    "row", GOLDEN["rows"], ids=lambda row: "-".join(str(row[name]) for name in list(row)[:4])
)
def test_the_interval_is_that_of_metafor(row: dict[str, Any]) -> None:
    given = DATA[row["name"], row["kind"]]
    v = np.array(given["v"], dtype=float)
    method = rv.evidence.GeneralisedQ(weights=tuple(weights_of(row["weights"], v)))
    options: dict[str, Any] = {"method": method, "level": row["level"]}
    if row["kind"] == "pool":
        found = rv.evidence.pool(given["y"], given["v"], **options).generalised_interval()
    else:
        fit = rv.evidence.meta_regression(given["y"], given["v"], moderators=given["moderators"], **options)
        found = fit.generalised_interval()
    if row["ends"][0] is None:  # no variance fits effects that agree far too well
        assert (found.low, found.high) == (0, 0)
        return
    unit = 1 / float((1 / v).mean())
    assert found.low == pytest.approx(row["ends"][0], rel=STOPPED, abs=STOPPED * unit)
    assert found.high == pytest.approx(row["ends"][1], rel=STOPPED, abs=STOPPED * unit)
    y, columns = np.array(given["y"], dtype=float), np.ones((len(v), 1))
    if row["kind"] == "regression":
        columns = fit.moderators.values
    weights = weights_of(row["weights"], v)
    root = np.sqrt(weights)
    rest = (
        root * y
        - (root[:, None] * columns) @ np.linalg.lstsq(root[:, None] * columns, root * y, rcond=None)[0]
    )
    q, outside = float(rest @ rest), (1 - row["level"]) / 2
    for end, chance in zip(row["ends"], row["chances"], strict=True):
        assert weighted_q_tail(q, v + end, weights, columns) == pytest.approx(chance, abs=SERIES)
    for end, target in ((found.low, outside), (found.high, 1 - outside)):
        if end > 0:
            assert weighted_q_tail(q, v + end, weights, columns) == pytest.approx(target, abs=SERIES)


@pytest.mark.parametrize("k", [2, 3, 6, 15, 30, 300])
@pytest.mark.parametrize("share", [0.01, 0.5, 1.0, 2.0])
def test_equal_studies_have_the_chi_squared_distribution(k: int, share: float) -> None:
    q = share * 0.6 * k
    found = weighted_q_tail(q, np.full(k, 0.3), np.full(k, 2.0), np.ones((k, 1)))
    assert found == pytest.approx(stats.chi2.sf(q / 0.6, k - 1), abs=1e-13)


def test_weights_of_one_over_the_variance_at_no_spread_give_cochrans_test() -> None:
    v = np.array([1e-3, 10, 0.5, 0.02, 2])
    columns = np.stack([np.ones(5), np.arange(5.0)], axis=1)
    assert weighted_q_tail(4.2, v, 1 / v, columns) == pytest.approx(stats.chi2.sf(4.2, 3), abs=1e-13)
