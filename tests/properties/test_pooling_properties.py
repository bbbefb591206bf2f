"""What holds for every pool: order, unit and origin change nothing, and intervals hold their values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ranvier as rv
from ranvier.evidence import POOL_INTERVALS, POOL_METHODS

METHOD, INTERVAL = st.sampled_from(sorted(POOL_METHODS)), st.sampled_from(sorted(POOL_INTERVALS))
STUDY = st.tuples(st.floats(-5, 5).map(lambda x: round(x, 3)), st.floats(0.01, 4).map(lambda x: round(x, 3)))
STUDIES = st.lists(STUDY, min_size=2, max_size=9)


def pooled(studies: list[tuple[float, float]], **options: str) -> dict[str, float]:
    y, v = zip(*studies, strict=True)
    return dict(rv.evidence.pool(y, v, **options).diagnostics)


@settings(max_examples=100, deadline=None)
@given(studies=STUDIES, method=METHOD, interval=INTERVAL)
def test_the_order_of_studies_changes_nothing(
    studies: list[tuple[float, float]], method: str, interval: str
) -> None:
    one = pooled(studies, method=method, interval=interval)
    other = pooled(studies[::-1], method=method, interval=interval)
    for name in ("value", "low", "high", "tau2", "q"):
        assert other[name] == pytest.approx(one[name], rel=1e-7, abs=1e-7)


@settings(max_examples=100, deadline=None)
@given(studies=STUDIES, method=METHOD, shift=st.floats(-100, 100), factor=st.floats(1e-3, 1e3))
def test_origin_and_unit_change_nothing(
    studies: list[tuple[float, float]], method: str, shift: float, factor: float
) -> None:
    one = pooled(studies, method=method)
    moved = pooled([(factor * (y + shift), factor**2 * v) for y, v in studies], method=method)
    assert moved["value"] / factor - shift == pytest.approx(one["value"], rel=1e-6, abs=1e-6)
    assert moved["tau2"] / factor**2 == pytest.approx(one["tau2"], rel=1e-5, abs=1e-5)


@settings(max_examples=150, deadline=None)
@given(studies=STUDIES, method=METHOD, interval=INTERVAL)
def test_intervals_hold_their_values(studies: list[tuple[float, float]], method: str, interval: str) -> None:
    y, v = zip(*studies, strict=True)
    pool = rv.evidence.pool(y, v, method=method, interval=interval)
    found = pool.diagnostics
    assert found["low"] <= found["value"] <= found["high"]
    assert min(y) - 1e-9 <= found["value"] <= max(y) + 1e-9
    assert found["tau2"] >= 0
    assert 0 <= found["i2"] <= 1
    assert pool.studies["weight"].sum() == pytest.approx(1)
    if not math.isnan(pool.estimates[1].low):
        assert pool.estimates[1].low <= found["low"] + 1e-9
        assert pool.estimates[1].high >= found["high"] - 1e-9
    between = pool.estimates[2]
    if method in {"pm", "eb", "pm-median"} and between.high > 0:
        assert between.low - 1e-9 <= between.value <= between.high + 1e-9


@settings(max_examples=100, deadline=None)
@given(studies=STUDIES)
def test_below_its_degrees_of_freedom_q_gives_the_common_value(studies: list[tuple[float, float]]) -> None:
    common, dl = pooled(studies, method="common"), pooled(studies, method="dl")
    if common["q"] <= len(studies) - 1:
        assert dl["value"] == common["value"]
        assert dl["low"] == common["low"]


@settings(max_examples=60, deadline=None)
@given(studies=STUDIES, method=METHOD)
def test_every_study_twice_narrows_the_interval(studies: list[tuple[float, float]], method: str) -> None:
    once, twice = pooled(studies, method=method), pooled(studies * 2, method=method)
    assert twice["high"] - twice["low"] < once["high"] - once["low"]


@settings(max_examples=60, deadline=None)
@given(studies=st.lists(STUDY, min_size=3, max_size=9))
def test_the_floor_never_shortens_the_interval(studies: list[tuple[float, float]]) -> None:
    lengths = {
        interval: np.subtract(*(pooled(studies, interval=interval)[end] for end in ("high", "low")))
        for interval in POOL_INTERVALS
    }
    assert lengths["knapp-hartung"] >= lengths["knapp-hartung unfloored"] - 1e-9
    assert lengths["knapp-hartung"] >= lengths["t"] - 1e-9
    assert lengths["t"] > lengths["wald"]
