"""A user's transition matrix as the engine of the EDSS. All matrices here are made up."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import RanvierWarning
from ranvier.simulate import (
    RRMS,
    SPMS,
    Effect,
    EntryCriteria,
    Group,
    TransitionMatrix,
    natural_history,
    null_band_of_matrix,
    read_matrix,
    replicate,
    trial,
)
from ranvier.simulate._chain import walk
from ranvier.simulate._ratings import noise_of
from ranvier.simulate._regimes import UNTREATED, regime_of
from ranvier.simulate._streams import stream
from ranvier.simulate.effects import Period

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("simulated.py")))
STATES = (3.0, 4.0, 6.0, 7.0)
TABLE = ((0.7, 0.2, 0.1, 0.0), (0.15, 0.6, 0.2, 0.05), (0.0, 0.1, 0.7, 0.2), (0.0, 0.05, 0.15, 0.8))
MATRIX = TransitionMatrix(phenotype="SPMS", states=STATES, probabilities=TABLE, cycle_days=100.0)
WRITTEN = dataclasses.replace(MATRIX, contains_rater_error=True)
WIDE = "phenotype,from,3,4,6,7\n" + "\n".join(
    f"SPMS,{state:g}," + ",".join(map(str, row)) for state, row in zip(STATES, TABLE, strict=True)
)


def identity(states: tuple[float, ...]) -> TransitionMatrix:
    table = tuple(tuple(float(one == other) for other in states) for one in states)
    with pytest.warns(RanvierWarning, match="allows no improvement"):
        return TransitionMatrix(
            phenotype="SPMS", states=states, probabilities=table, cycle_days=91.0, contains_rater_error=True
        )


def occupancy(matrix: TransitionMatrix, day: float, n: int = 40_000, start: float = 3.0) -> Any:
    noise = noise_of(SPMS.with_matrix(matrix), rv.simulate.LOW)
    rng = stream(5, "unit", "low", 0)
    base, level = np.zeros(n, dtype=np.float32), np.full(n, start, dtype=np.float32)
    (final,) = walk(rng, level, base, [day], noise, matrix=matrix, regime=UNTREATED)
    return np.array([(final == 2 * state).mean() for state in matrix.states])


@pytest.mark.parametrize("cycles", [1, 2, 7, 60])
def test_after_whole_cycles_the_states_are_occupied_as_the_power_of_the_matrix_says(cycles: int) -> None:
    expected = np.linalg.matrix_power(np.array(TABLE), cycles)[0]
    # 4.5 standard errors of a share of 0.5 in 40,000: 0.0113
    assert occupancy(WRITTEN, 100.0 * cycles) == pytest.approx(expected, abs=0.0113)


def test_inside_a_cycle_the_chances_lie_on_the_line_between_two_powers() -> None:
    first, second = np.array(TABLE)[0], np.linalg.matrix_power(np.array(TABLE), 2)[0]
    assert occupancy(WRITTEN, 130.0) == pytest.approx(0.7 * first + 0.3 * second, abs=0.0113)


def test_a_matrix_of_identity_never_changes_the_edss() -> None:
    phenotype = SPMS.with_matrix(identity((2.0, 4.0, 6.0)))
    found = natural_history(phenotype, n=300, days=[-5, 90, 365, 3650], seed=1, scenario="high")
    assert found.visits.group_by("subject").agg(pl.col("edss").n_unique())["edss"].to_list() == [1] * 300
    assert set(found.visits["edss"]) == {2.0, 4.0, 6.0}
    assert found.relapses.height  # attacks happen, and move nothing


def test_the_error_of_examiners_is_added_unless_the_matrix_contains_it() -> None:
    silent = identity((4.0,))
    with pytest.warns(RanvierWarning):
        rated = dataclasses.replace(silent, contains_rater_error=False)
    for matrix, values in ((silent, {4.0}), (rated, {3.0, 3.5, 4.0, 4.5, 5.0})):
        found = natural_history(SPMS.with_matrix(matrix), n=3_000, days=[0, 365], seed=1, scenario="high")
        assert set(found.visits["edss"]) == values


def test_entry_criteria_hold_for_what_is_written() -> None:
    entry = EntryCriteria(edss=(3.5, 5.5), relapses=rv.trial.EntryRule())
    phenotype = dataclasses.replace(SPMS, relapse_rate=RRMS.relapse_rate).with_matrix(MATRIX)
    found = natural_history(phenotype, n=500, days=[0, 100], seed=2, entry=entry, scenario="high")
    base = found.visits.filter(day=0)["edss"]
    assert (base.min(), base.max()) == (3.5, 5.5)
    recent = found.relapses.filter(pl.col("day").is_between(-366, -1))["subject"].n_unique()
    assert recent == 500


def test_progression_ratio_multiplies_the_chances_of_a_rise() -> None:
    halved = MATRIX.array(0.5)
    assert halved.sum(axis=1) == pytest.approx([1] * 4)
    assert np.triu(halved, 1) == pytest.approx(0.5 * np.triu(np.array(TABLE), 1))
    assert np.tril(halved, -1) == pytest.approx(np.tril(np.array(TABLE), -1))
    regime = regime_of([Period(from_day=0, effect=Effect(progression_ratio=0.0))])
    level = np.full(20_000, 3.0, dtype=np.float32)
    noise = noise_of(SPMS.with_matrix(WRITTEN), rv.simulate.LOW)
    found = walk(
        stream(1, "unit", "low", 0),
        level,
        np.full(20_000, -50.0, dtype=np.float32),
        [50.0],
        noise,
        matrix=WRITTEN,
        regime=regime,
    )[0]
    # half of the cycle lies before day 0, where the treatment does nothing yet: 0.15 rise
    assert (found > 6).mean() == pytest.approx(0.15, abs=0.012)


def test_trials_and_replicates_run_on_a_matrix_and_say_so() -> None:
    group = Group(phenotype=SPMS.with_matrix(MATRIX), entry=EntryCriteria(edss=(3.0, 7.0)))
    made = MADE["design"](groups=(group,), effects={"cells": Effect(progression_ratio=0.2)})
    simulated = trial(made, seed=1)
    assert simulated.check().table.filter(severity="error").is_empty()
    assert any("transition matrix" in note for note in simulated.protocol.notes)
    found = replicate(made, n_trials=300, seed=1).table.group_by("arm").agg(pl.col("edss_change").mean())
    cells, placebo = found.sort("arm")["edss_change"]
    assert placebo - cells > 0.4
    assert made.hash != MADE["design"](groups=(Group(phenotype="SPMS", entry=group.entry),)).hash


def test_a_matrix_that_allows_no_improvement_warns_and_has_no_band() -> None:
    smoothed = identity(STATES)
    assert "cannot produce a null band of improvement" in smoothed.explain()
    assert smoothed.notes[0] in SPMS.with_matrix(smoothed).explain()
    group = Group(phenotype="SPMS", entry=EntryCriteria(edss=(3.0, 6.5)))
    simulated = trial(MADE["design"](groups=(group,)), seed=1)
    band = null_band_of_matrix(simulated, smoothed, seed=1, n_trials=200)
    assert not band.bands
    assert not band.interpretable
    assert any("allows no improvement" in said for said in band.refusals)


def test_a_band_by_a_matrix_comes_from_the_posterior_of_the_states_and_the_matrix() -> None:
    group = Group(phenotype="PPMS", entry=EntryCriteria(edss=(4.0, 4.0)))
    arms = (rv.trial.Arm(id="cells", label="Cells", planned_n=8),)
    exact = tuple(dataclasses.replace(visit, window=(0, 0)) for visit in MADE["VISITS"])
    protocol = MADE["protocol"](arms=arms, design="single_arm", visits=exact)
    made = MADE["design"](protocol=protocol, groups=(group,), effects={}, dropout_per_year=0, missed_share=0)
    matrix = dataclasses.replace(MATRIX, phenotype="PPMS", contains_rater_error=True, cycle_days=365.0)
    band = null_band_of_matrix(trial(made, seed=3), matrix, seed=1, n_trials=4_000)
    assert band.interpretable
    (low, high) = band.of("edss_change")
    expected = float(np.dot(TABLE[1], np.array(STATES) - 4))
    # SD of one change is 0.98, of the mean of 8 in 4,000 trials 0.0055; 4.5 of them
    assert low.mean == pytest.approx(expected, abs=0.025)
    assert high.mean == pytest.approx(expected, abs=0.025)
    falls = [part.mean for part in band.of("responders")]
    assert falls == pytest.approx([8 * 0.15] * 2, abs=0.08)
    assert "knows nothing of the attacks" in band.explain()


def test_a_recent_attack_makes_improvement_uninterpretable_by_a_matrix() -> None:
    entry = EntryCriteria(edss=(3.0, 6.5), relapses=rv.trial.EntryRule())
    simulated = trial(MADE["design"](groups=(Group(phenotype="RRMS", entry=entry),)), seed=1)
    matrix = dataclasses.replace(MATRIX, phenotype="RRMS")
    band = null_band_of_matrix(simulated, [matrix], seed=1, n_trials=200)
    assert not band.interpretable
    assert "a matrix knows nothing of the recovery" in band.refusals[0]
    assert band.bands


def test_a_file_is_read_in_both_shapes(tmp_path: Path) -> None:
    wide = tmp_path / "wide.csv"
    wide.write_text(WIDE)
    long = tmp_path / "long.csv"
    rows = ["phenotype,from,to,probability,cycle_days"]
    for state, row in zip(STATES, TABLE, strict=True):
        pairs = zip(STATES, row, strict=True)
        rows += [f"SPMS,{state},{to},{chance},100" for to, chance in pairs if chance]
    rows += ["RRMS,2,2,1,100"]
    long.write_text("\n".join(rows))
    one = read_matrix(wide, cycle_days=100, source="made up")
    two = read_matrix(long, phenotype="SPMS", source="made up")
    assert one == two == dataclasses.replace(MATRIX, source="made up")
    assert hash(one) == hash(two)


def test_a_matrix_explains_and_draws_itself() -> None:
    text = MATRIX.explain()
    assert "4 states from EDSS 3 to 7" in text
    assert "relapses, recovery" in text
    assert MATRIX.plot().get_xlabel() == "EDSS after 100 days"
    assert "Transition matrix" in MATRIX._repr_html_()
    assert MATRIX.to_dict()["states"] == STATES
