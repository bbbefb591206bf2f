"""What holds for every regression over studies: order, unit and origin change nothing, more data narrows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ranvier as rv
from ranvier.evidence import POOL_METHODS, STRATIFIED_MEASURES

METHOD = st.sampled_from(sorted(POOL_METHODS))
STUDY = st.tuples(
    st.floats(-5, 5).map(lambda x: round(x, 3)),
    st.floats(0.01, 4).map(lambda x: round(x, 3)),
    st.integers(0, 24),
)
STUDIES = st.lists(STUDY, min_size=4, max_size=9).filter(lambda rows: len({row[2] for row in rows}) > 1)
ARM = st.integers(2, 40).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))
TABLES = st.lists(st.tuples(ARM, ARM), min_size=2, max_size=6)


def fitted(rows: list[tuple[float, float, int]], method: str) -> rv.evidence.MetaRegression:
    y, v, x = zip(*rows, strict=True)
    return rv.evidence.meta_regression(y, v, moderators={"x": x}, method=method)


@settings(max_examples=40, deadline=None)
@given(rows=STUDIES, method=METHOD)
def test_the_order_of_studies_changes_no_coefficient(
    rows: list[tuple[float, float, int]], method: str
) -> None:
    one, other = fitted(rows, method), fitted(rows[::-1], method)
    assert other.diagnostics["tau2"] == pytest.approx(one.diagnostics["tau2"], rel=1e-7, abs=1e-7)
    for name in ("value", "low", "high"):
        assert other.coefficients[name].to_list() == pytest.approx(
            one.coefficients[name].to_list(), rel=1e-6, abs=1e-6
        )


@settings(max_examples=40, deadline=None)
@given(rows=STUDIES, method=METHOD, slope=st.floats(-3, 3), shift=st.floats(-10, 10))
def test_a_line_added_to_the_effects_is_added_to_the_coefficients(
    rows: list[tuple[float, float, int]], method: str, slope: float, shift: float
) -> None:
    if method == "sj":
        return  # its crude variance is that of the effects, not of what the moderators leave
    one = fitted(rows, method)
    other = fitted([(y + shift + slope * x, v, x) for y, v, x in rows], method)
    assert other.diagnostics["tau2"] == pytest.approx(one.diagnostics["tau2"], rel=1e-5, abs=1e-5)
    moved = other.coefficients["value"].to_numpy() - one.coefficients["value"].to_numpy()
    assert moved == pytest.approx([shift, slope], rel=1e-4, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(rows=STUDIES, method=METHOD)
def test_intervals_hold_their_values_and_predictions_hold_intervals(
    rows: list[tuple[float, float, int]], method: str
) -> None:
    fit = fitted(rows, method)
    assert fit.diagnostics["tau2"] >= 0
    table = fit.coefficients
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    found = fit.predict({"x": [row[2] for row in rows]})
    if method != "common":
        assert (found["prediction_low"] <= found["low"] + 1e-9).all()
        assert (found["prediction_high"] >= found["high"] - 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(rows=STUDIES, method=METHOD)
def test_every_study_twice_narrows_every_coefficient(
    rows: list[tuple[float, float, int]], method: str
) -> None:
    once, twice = fitted(rows, method).coefficients, fitted(rows * 2, method).coefficients
    length = [(table["high"] - table["low"]).to_numpy() for table in (once, twice)]
    assert (length[1] < length[0]).all()


@settings(max_examples=40, deadline=None)
@given(tables=TABLES, measure=st.sampled_from([name for name in STRATIFIED_MEASURES if "rate" not in name]))
def test_a_stratified_pool_turns_with_its_arms(
    tables: list[tuple[tuple[int, int], tuple[int, int]]], measure: str
) -> None:
    first, control = zip(*tables, strict=True)
    events, n = zip(*first, strict=True)
    others, m = zip(*control, strict=True)
    data = {"events": events, "n": n, "events_control": others, "n_control": m}
    swapped = {"events": others, "n": m, "events_control": events, "n_control": n}
    one = rv.evidence.mantel_haenszel(data, measure=measure).diagnostics
    other = rv.evidence.mantel_haenszel(swapped, measure=measure).diagnostics
    assert other["value"] == pytest.approx(-one["value"], rel=1e-9, abs=1e-12)
    assert other["standard_error"] == pytest.approx(one["standard_error"], rel=1e-9)
    assert other["cmh"] == pytest.approx(one["cmh"], rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(tables=TABLES, measure=st.sampled_from(["risk ratio", "odds ratio", "risk difference"]))
def test_one_study_is_its_own_stratified_value(
    tables: list[tuple[tuple[int, int], tuple[int, int]]], measure: str
) -> None:
    (a, n), (c, m) = tables[0]
    data = {"events": [a], "n": [n], "events_control": [c], "n_control": [m]}
    alone = rv.evidence.effect_size(data, measure=measure).table["effect"][0]
    assert rv.evidence.mantel_haenszel(data, measure=measure).diagnostics["value"] == pytest.approx(alone)
    assert np.isnan(rv.evidence.mantel_haenszel(data, measure="risk ratio").diagnostics["q"])
