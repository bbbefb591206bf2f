"""What holds for every multilevel pool and every network: order, origin and unit change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ranvier as rv

EFFECT = st.tuples(
    st.floats(-2, 2).map(lambda x: round(x, 2)),
    st.floats(0.02, 1).map(lambda x: round(x, 3)),
    st.integers(0, 4),
)
EFFECTS = st.lists(EFFECT, min_size=4, max_size=10).filter(
    lambda rows: 2 <= len({row[2] for row in rows}) < len(rows)
)
UNIT = st.sampled_from([1e-4, 1.0, 1e3])
TREATMENTS = ("msc", "nsc", "placebo")
COMPARISON = st.tuples(
    st.floats(-2, 2).map(lambda x: round(x, 2)),
    st.floats(0.02, 1).map(lambda x: round(x, 3)),
    st.integers(0, 2),
)
COMPARISONS = st.lists(COMPARISON, min_size=4, max_size=9).filter(
    lambda rows: len({row[2] for row in rows}) > 1
)


def pooled(
    rows: list[tuple[float, float, int]], shift: float = 0.0, unit: float = 1.0
) -> rv.evidence.MultilevelPool:
    y, v, study = (np.array(column) for column in zip(*rows, strict=True))
    return rv.evidence.pool_multilevel(
        unit * (y + shift), unit**2 * v, study=[f"s{name}" for name in study], sampling=0.3
    )


@settings(max_examples=15, deadline=None)
@given(rows=EFFECTS, unit=UNIT)
def test_order_origin_and_unit_change_no_multilevel_pool(
    rows: list[tuple[float, float, int]], unit: float
) -> None:
    one, other = pooled(rows), pooled(rows[::-1], shift=3.0, unit=unit)
    error = one.intervals["standard_error"][0]
    for name in ("value", "low", "high"):
        ours, theirs = one.diagnostics[name], other.diagnostics[name] / unit - 3.0
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-5 * error)
    for name in ("tau2_between", "tau2_within"):
        assert other.diagnostics[name] / unit**2 == pytest.approx(one.diagnostics[name], rel=1e-5, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(rows=EFFECTS)
def test_a_prediction_holds_the_interval_and_variances_lie_in_theirs(
    rows: list[tuple[float, float, int]],
) -> None:
    found = pooled(rows)
    main, ahead, *variances = found.estimates[:4]
    if not np.isnan(ahead.low):
        assert ahead.low <= main.low + 1e-12
        assert ahead.high >= main.high - 1e-12
    assert all(each.low <= each.value <= each.high for each in variances)
    assert found.effects["weight"].sum() == pytest.approx(1)


def network(rows: list[tuple[float, float, int]], reference: str, unit: float = 1.0) -> rv.evidence.Network:
    pairs = [(TREATMENTS[(place + 1) % 3], TREATMENTS[place]) for *_, place in rows]
    return rv.evidence.network(
        {
            "study": [f"s{row}" for row in range(len(rows))],
            "treatment": [pair[0] for pair in pairs],
            "comparator": [pair[1] for pair in pairs],
            "effect": [unit * row[0] for row in rows],
            "variance": [unit**2 * row[1] for row in rows],
        },
        reference=reference,
    )


@settings(max_examples=15, deadline=None)
@given(rows=COMPARISONS, unit=UNIT)
def test_reference_order_and_unit_change_no_comparison(
    rows: list[tuple[float, float, int]], unit: float
) -> None:
    one, other = network(rows, "msc"), network(rows[::-1], "nsc", unit)
    joined = one.comparisons.join(other.comparisons, on=["treatment", "comparator"], suffix="_other")
    assert joined.height == 6
    error = float(joined["standard_error"].to_numpy().max())
    for name in ("value", "low", "high"):
        theirs = (joined[f"{name}_other"] / unit).to_list()
        assert joined[name].to_list() == pytest.approx(theirs, rel=1e-6, abs=1e-5 * error)
    apart = one.diagnostics
    assert apart["q"] == pytest.approx(apart["q_within"] + apart["q_between"])
    assert apart["q_between"] >= -1e-9
