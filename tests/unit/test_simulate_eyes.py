"""Acuity and P100 of virtual eyes."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ranvier.simulate import EYES, HIGH, LOW, NMOSD, RRMS, Design, Effect, Scenario, natural_history, trial
from ranvier.simulate._regimes import regime_of
from ranvier.simulate._sight import COLUMNS, draw_sight
from ranvier.simulate._streams import stream
from ranvier.simulate.effects import Period

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("simulated.py")))
DESIGN: Design = MADE["design"](acuity=True, p100=True, missed_share=0.0)
ACUITY, P100 = COLUMNS[:2], COLUMNS[2:]


def sight(scenario: Scenario, days: list[float], n: int = 40_000, effect: Effect | None = None) -> Any:
    placed = np.tile(np.array(days, dtype=np.float32), (n, 1))
    regime = regime_of([Period(from_day=0, effect=effect or Effect())])
    return draw_sight(stream(2, "unit", scenario.name, 0), placed, RRMS, scenario, regime=regime)


def test_every_number_has_a_source_or_a_range() -> None:
    for eyes in EYES.values():
        for name, value in eyes.values().items():
            assert value.sources or value.low is not None, name
            assert value.text() in eyes.explain()
        assert set(eyes.to_dict()) == set(eyes.values())


@pytest.mark.parametrize(("scenario", "sd"), [(LOW, 0.04), (HIGH, 0.065)])
def test_acuity_measured_twice_differs_by_the_error_of_two_measurements(
    scenario: Scenario, sd: float
) -> None:
    found = sight(scenario, [0.0, 7.0]).acuity
    # letters of 0.02 add 0.02 / 12 ** 0.5 to each error
    expected = (2 * (sd**2 + 0.02**2 / 12)) ** 0.5
    assert np.diff(found, axis=1).std() == pytest.approx(expected, rel=0.015)
    assert np.rint(found / 0.02) * 0.02 == pytest.approx(found, abs=1e-9)


def test_latencies_jump_at_the_published_rate() -> None:
    quiet = sight(LOW, [0.0, 0.5]).p100
    year = sight(LOW, [0.0, 365.25]).p100
    assert np.diff(quiet, axis=1).mean() == pytest.approx(0, abs=0.1)
    # 0.13 jumps of 15 ms on average
    assert np.diff(year, axis=1).mean() == pytest.approx(0.13 * 15, abs=0.15)


def test_errors_of_both_eyes_move_together_and_levels_do_so_in_part() -> None:
    found = sight(HIGH, [0.0, 0.5]).p100
    change = found[:, 1] - found[:, 0]
    assert np.corrcoef(change.T)[0, 1] == pytest.approx(0.9, abs=0.01)
    assert np.corrcoef(found[:, 0].T)[0, 1] == pytest.approx(0.51, abs=0.03)


def test_an_effect_shifts_visits_after_day_0_only() -> None:
    shifts = Effect(acuity_shift_logmar=-0.1, p100_shift_ms=-5.0)
    with_it, without = (sight(LOW, [0.0, 90.0], effect=each) for each in (shifts, None))
    assert with_it.p100[:, 0] == pytest.approx(without.p100[:, 0])
    # rounded to tenths
    assert (with_it.p100 - without.p100)[:, 1] == pytest.approx(np.full((40_000, 2), -5.0), abs=0.11)
    better = (with_it.acuity - without.acuity)[:, 1]
    inside = with_it.acuity[:, 1] > -0.3  # the best that a chart shows
    assert better[inside] == pytest.approx(np.full(inside.sum(), -0.1), abs=0.021)


def test_a_trial_measures_eyes_where_the_design_says_so() -> None:
    made = trial(DESIGN, seed=1)
    planned = pl.col("visit").is_not_null()
    assert made.visits.filter(planned).select(COLUMNS).null_count().sum_horizontal().item() == 0
    assert made.visits.filter(~planned).select(pl.all_horizontal(pl.col(COLUMNS).is_null()).all()).item()
    assert made.check().table.filter(severity="error").is_empty()
    only = trial(dataclasses.replace(DESIGN, acuity=False), seed=1).visits
    assert only.select(pl.col(ACUITY).is_null().all()).row(0) == (True, True)
    assert only.filter(planned).select(pl.col(P100).is_not_null().all()).row(0) == (True, True)
    assert any("optic neuritis" in note for note in made.protocol.notes)


def test_options_that_are_off_change_no_random_number() -> None:
    plain = dataclasses.replace(DESIGN, acuity=False, p100=False)
    assert plain.hash == MADE["design"](missed_share=0.0).hash
    assert DESIGN.hash != plain.hash


def test_natural_history_has_eyes_too() -> None:
    found = natural_history(NMOSD, n=200, days=[0, 365], seed=1)
    assert found.eyes.height == 400
    assert found.eyes.columns == ["subject", "day", *COLUMNS]
    assert found.eyes["acuity_right_logmar"].is_between(-0.3, 3.0).all()
    assert "acuity error low: 0.04 logMAR (published: SIM_ACUITY_ERROR)" in found.explain()
