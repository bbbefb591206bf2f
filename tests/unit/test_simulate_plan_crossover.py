"""A planned crossover: the exact test of real data, half of an effect that stays, and what its page says."""

from __future__ import annotations

import dataclasses
import json
import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.cli.demo import examples
from ranvier.cli.plan import run
from ranvier.simulate import (
    NO_EFFECT,
    Effect,
    Period,
    Plan,
    PlanScenario,
    operating_characteristics,
    other_carry_over,
    randomised_instead,
    read_plan,
)
from ranvier.simulate._plan_block import Cell, simulate_block
from ranvier.simulate._plan_crossover import first_period_ends
from ranvier.simulate._plan_data import ArmData, draw_arm
from ranvier.simulate._plan_p_values import in_favour
from ranvier.simulate._streams import stream

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "planned.py"))
TRIALS = 60
POINT = PlanScenario(name="a point", effects={"cells": Effect(edss_shift=-1.0)})
NOTHING = PlanScenario(name="nothing")


def planned(n: tuple[int, int] = (9, 7), **options: Any) -> Plan:
    """Plan a crossover that changes over on the day of the visit of month 6."""
    visits = tuple(
        dataclasses.replace(visit, window=(-7, 0)) if visit.day == 183 else visit for visit in MADE["VISITS"]
    )
    design = MADE["design"](n, visits=visits, **options)
    protocol = dataclasses.replace(design.protocol, design="rct_crossover")
    return Plan(design=dataclasses.replace(design, protocol=protocol), endpoint="edss_change", switch_day=183)


def drawn(plan: Plan, scenario: PlanScenario, trials: int = TRIALS) -> list[ArmData]:
    design = Cell(scenario=scenario, noise=rv.simulate.HIGH).design(plan)
    rng = np.random.default_rng(3)
    return [draw_arm(rng, plan, scenario, design, arm, trials) for arm in plan.sizes]


def periods(arm: ArmData, trial: int) -> np.ndarray:
    """Give the change from the baseline to the end of each period, one row for each patient with both."""
    use = arm.known[trial]
    return np.column_stack([each[trial][use] / 2 for each in arm.periods])


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("scenario", [NOTHING, POINT])
def test_every_trial_gets_p_value_and_side_of_the_function_for_real_data(
    scenario: PlanScenario, dropout: float
) -> None:
    plan = planned(dropout_per_year=dropout, missed_share=dropout / 3)
    one, two = drawn(plan, scenario)
    ahead, behind = in_favour(plan, one, two), in_favour(plan, two, one)
    for trial in range(TRIALS):
        first, second = periods(one, trial), periods(two, trial)
        expected = rv.stats.crossover(first, second).estimates[0]
        assert min(1, 2 * min(ahead[trial], behind[trial])) == pytest.approx(expected.p_value, rel=1e-9)
        if expected.p_value < 0.5:
            assert (ahead[trial] < behind[trial]) == (expected.value < 0)


def test_the_estimate_is_half_the_difference_of_the_sequences_and_the_truth_that_of_the_first_periods() -> (
    None
):
    plan = planned(dropout_per_year=0.2)
    cell = Cell(scenario=POINT, noise=rv.simulate.HIGH)
    found = simulate_block(plan, cell, 5, TRIALS, 0)
    design = cell.design(plan)
    rng = stream(5, design.hash, "high", 0)
    one, two = (draw_arm(rng, plan, POINT, design, arm, TRIALS) for arm in plan.sizes)
    for trial in range(TRIALS):
        first, second = periods(one, trial), periods(two, trial)
        half = (np.diff(second).mean() - np.diff(first).mean()) / 2
        assert found["seen"][trial] @ [1, -1] == pytest.approx(half)
        assert found["full"][trial] == pytest.approx([first[:, 0].mean(), second[:, 0].mean()])


@pytest.mark.slow
def test_an_effect_that_stays_is_halved_and_one_that_is_washed_out_is_found() -> None:
    trials = 2_000
    scenarios = other_carry_over([POINT])
    found = operating_characteristics(planned((15, 15)), scenarios=scenarios, n_trials=trials, seed=4)
    rows = {(row["scenario"], row["noise"]): row for row in found.table.to_dicts()}
    for noise in ("low", "high"):
        stays, gone, null = (rows[name, noise] for name in ("a point", "a point, washed out", "no effect"))
        for row, estimate, truth in ((stays, -0.5, -1.0), (gone, -1.0, -1.0), (null, 0.0, 0.0)):
            # The scale ends at 0, so that a shift of a point may be a little less.
            assert row["truth"] == pytest.approx(truth, abs=3 * row["truth_error"] + 0.02)
            assert row["bias"] == pytest.approx(estimate - truth, abs=3 * row["bias_error"] + 0.02)
            assert row["estimate"] == pytest.approx(row["outcome"] - row["untreated"], abs=1e-9)
        assert stays["success"] < gone["success"]
        assert null["success"] <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / trials)
    assert "Cells cannot be washed out" in found.explain()
    assert "change over to the other treatment on day 183" in found.explain()


def test_an_effect_acts_in_the_period_with_the_treatment_and_stays_as_said() -> None:
    plan = planned()
    design = dataclasses.replace(POINT, carry_over=0.5).design_of(plan)
    assert design.periods("cells") == (
        Period(from_day=0, effect=Effect(edss_shift=-1.0)),
        Period(from_day=183, placebo=True, carry_over=0.5),
    )
    assert design.periods("placebo") == (
        Period(from_day=0, placebo=True),
        Period(from_day=183, effect=Effect(edss_shift=-1.0)),
    )
    assert NOTHING.design_of(plan).effects == ()
    assert first_period_ends(design, 183) == 2


def test_periods_may_be_named_one_by_one() -> None:
    given = dict(POINT.design_of(planned()).effects)
    scenario = PlanScenario(name="by period", effects=given)
    assert not scenario.null
    assert scenario.design_of(planned()) == POINT.design_of(planned())
    assert [each["from_day"] for each in scenario.to_dict()["effects"]["cells"]] == [0, 183]
    assert json.loads(json.dumps(scenario.to_dict()))["carry_over"] == 1.0
    nothing = (Period(from_day=0, effect=NO_EFFECT), Period(from_day=183, placebo=True))
    assert PlanScenario(name="x", effects=dict.fromkeys(("cells", "placebo"), nothing)).null
    assert other_carry_over([scenario]) == (scenario,)


def test_periods_in_parallel_arms_act_one_after_the_other() -> None:
    twice = (Period(from_day=0, effect=Effect(edss_shift=-0.5)), Period(from_day=183, effect=NO_EFFECT))
    scenario = PlanScenario(name="two doses", effects={"cells": twice})
    plan = Plan(design=MADE["design"]((10, 10)), endpoint="edss_change")
    assert scenario.design_of(plan).periods("cells") == twice
    assert rv.report.plan_effects.what_is_done(plan, scenario).startswith("EDSS −0.5 points from day 0; ")
    assert rv.report.plan_effects.benefit(plan, scenario)


def test_counterparts_stay_or_are_washed_out() -> None:
    gone = dataclasses.replace(POINT, carry_over=0.0)
    assert [each.name for each in other_carry_over([gone, NOTHING])] == [
        "a point",
        "a point, staying",
        "nothing",
    ]
    taken = dataclasses.replace(POINT, name="a point, washed out")
    assert other_carry_over([POINT, taken])[:2] == (POINT, taken)


def test_the_plan_says_what_it_is() -> None:
    plan = planned()
    assert (plan.test_name, plan.switched, plan.to_dict()["switch_day"]) == ("crossover", True, 183)
    assert "switch_day" not in Plan(design=MADE["design"]((9, 7)), endpoint="edss_change").to_dict()
    with pytest.raises(rv.errors.InputError, match="only a single arm has a counterpart"):
        randomised_instead(plan)


def test_the_example_is_a_crossover_whose_last_visit_of_the_first_period_is_never_late() -> None:
    given = read_plan(examples() / "plan" / "crossover" / "design.toml")
    assert given.plan.sizes == {"cells-first": 15, "placebo-first": 15}
    assert given.plan.switch_day == 168
    windows = {visit.day: visit.window for visit in given.plan.design.protocol.visits}
    assert windows == {0: (-7, 0), 84: (-7, 7), 168: (-7, 0), 252: (-7, 7), 336: (-7, 7)}
    assert [each.carry_over for each in given.scenarios] == [1.0, 1.0]


def test_the_page_shows_the_effect_that_stays_beside_the_same_washed_out() -> None:
    page = run(examples() / "plan" / "crossover" / "design.toml", None, show_progress=False, trials=100).page
    first, caution = page.sections[0].blocks[:2]
    assert first.text.startswith(
        "With 15 patients in each sequence this trial would show an effect (half a point better: EDSS −0.5 "
        "points, staying in the second period) in "
    )
    assert caution.tone == "caution"
    assert "makes it answer another question" in caution.text
    assert "washed out in the second period): reported −0." in caution.text
    said = page.explain()
    assert "With 30 treated patients a serious event that hits 1 in 20 is missed" in said
    paragraph = page.meta["paragraph"]
    assert "Both sequences change over to the other treatment on day 168." in paragraph
    assert "EDSS at the end of each of two periods (day 168, day 336)" in paragraph
    assert "washed out" not in paragraph
    table = pl.DataFrame(page.meta["characteristics"]["table"])
    assert table["scenario"].n_unique() == 5
