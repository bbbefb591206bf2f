"""Operating characteristics: what is kept, what stops, and what a single arm cannot show."""

from __future__ import annotations

import json
import math
import runpy
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import ranvier as rv
from ranvier.simulate import BayesRule, Plan, PlanScenario, operating_characteristics
from ranvier.simulate import _plan_looks as looks_module
from ranvier.simulate._plan_block import Cell, outcome, simulate_block
from ranvier.simulate._plan_data import ArmData
from ranvier.simulate._plan_looks import FUTILITY, HARM, SUCCESS, run

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "planned.py"))
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "designs.json").read_text(encoding="utf-8"))
design, effect = MADE["design"], MADE["effect"]
POINT = effect("one point", edss_shift=-1.0)
SIMON = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
TWO_LOOKS = rv.stats.group_sequential(2, futility="pocock")


def bernoulli(chance: float, size: int, n: int, seed: int, *, serious: float = 0.0) -> ArmData:
    """Give patients whose outcome is drawn from one share."""
    rng = np.random.default_rng(seed)
    return ArmData(
        value=(rng.random((size, n)) < chance).astype(np.int64),
        known=np.ones((size, n), dtype=bool),
        years=np.ones((size, n)),
        before=np.zeros((size, n), dtype=np.int64),
        serious=rng.random((size, n)) < serious,
    )


def within(found: float, expected: float, trials: int) -> None:
    """Hold a share against its exact value: within 3 Monte Carlo errors, and 2 trials where that is tiny."""
    assert abs(found - expected) <= 3 * math.sqrt(expected * (1 - expected) / trials) + 2 / trials


COUNT_DESIGNS = [SIMON, rv.stats.exact_sequential([10, 20, 30], 0.2, 0.45, futility="pocock")]


@pytest.mark.parametrize("plan_looks", COUNT_DESIGNS)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.45])
def test_counts_of_simulated_patients_behave_as_the_design_says_exactly(
    plan_looks: Any, share: float
) -> None:
    trials = 20_000
    plan = Plan(design=design((plan_looks.n,)), endpoint="improved", looks=plan_looks)
    ended = run(plan, {"cells": bernoulli(share, trials, plan_looks.n, 3)})
    exact = plan_looks.characteristics([share]).row(0, named=True)
    last = len(plan_looks.looks) - 1
    within(float((ended.end == SUCCESS).mean()), exact["success"], trials)
    within(float((ended.end == FUTILITY).mean()), exact["early_futility"], trials)
    within(float(((ended.end == SUCCESS) & (ended.look < last)).mean()), exact["early_success"], trials)
    sizes = ended.sizes[:, 0]
    assert abs(sizes.mean() - exact["expected_n"]) <= 3 * sizes.std() / math.sqrt(trials) + 1e-12


def test_the_estimate_after_counts_is_that_of_the_design_and_unbiased() -> None:
    plan = Plan(design=design((SIMON.n,)), endpoint="improved", looks=SIMON)
    arm = bernoulli(0.25, 5_000, SIMON.n, 5)
    ended = run(plan, {"cells": arm})
    plain = outcome(plan, arm, ended.sizes[:, 0])
    from ranvier.simulate._plan_block import _unbiased

    found = _unbiased(plan, SIMON, arm, ended, plain)
    assert abs(found.mean() - 0.25) <= 3 * found.std() / math.sqrt(5_000)
    assert plain.mean() < found.mean()
    for trial in range(5):
        n = int(ended.sizes[trial, 0])
        assert found[trial] == pytest.approx(SIMON.estimate(int(arm.value[trial, :n].sum()), n).value)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25])
def test_a_monitor_ends_as_many_trials_for_harm_as_the_rule_says_exactly(share: float) -> None:
    rule, trials = rv.stats.stopping_rule(15, limit=0.1, method="pocock"), 20_000
    plan = Plan(design=design((15,)), endpoint="improved", reference=0.2, monitor=rule)
    ended = run(plan, {"cells": bernoulli(0.5, trials, 15, 2, serious=share)})
    exact = rule.characteristics([share]).row(0, named=True)
    within(float((ended.end == HARM).mean()), exact["stop"], trials)
    sizes = ended.sizes[:, 0]
    assert abs(sizes.mean() - exact["expected_n"]) <= 3 * sizes.std() / math.sqrt(trials)
    assert not ended.won[ended.end == HARM].any()


def test_a_bayesian_monitor_stops_at_the_posterior_chance() -> None:
    from ranvier.simulate._plan_checks import harm_counts

    rule = BayesRule(looks=(5, 10), level=0.9, reference=0.1, prior="uniform")
    for look, count in harm_counts(rule):
        above = [
            rv.stats.beta_binomial(x, look, prior="uniform", threshold=0.1).diagnostics["chance above"]
            for x in (count - 1, count)
        ]
        assert above[0] < 0.9 <= above[1]


def normal(trials: int, n: int, drift: float, seed: int) -> dict[str, ArmData]:
    """Give patients with a normal value whose sum over all n has the mean drift when standardised."""
    values = np.random.default_rng(seed).standard_normal((trials, n)) + drift / math.sqrt(n)
    one = bernoulli(0.5, trials, n, 1)
    return {
        "cells": ArmData(
            value=values, known=one.known, years=one.years, before=one.before, serious=one.serious
        )
    }


def by_sum(_plan: Any, arm: ArmData, _control: Any) -> np.ndarray:
    """Give the one-sided p value of the sum of normal values."""
    from scipy import special

    return special.ndtr(-arm.value.sum(axis=1) / math.sqrt(arm.n))


ONE_SIDED = [row for row in GOLDEN["designs"] if row["sided"] == 1 and row["boundary"].endswith("spending")]


@pytest.mark.parametrize(
    "row", ONE_SIDED[::4], ids=lambda row: f"{row['boundary']}-{len(row['fractions'])}-{row['futility']}"
)
def test_looks_at_normal_values_have_the_power_of_rpact(
    row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rv.stats.group_sequential(
        row["fractions"],
        boundary=row["boundary"],
        alpha=row["alpha"],
        beta=row["beta"],
        futility=row["futility"],
    )
    n, trials = 120, 20_000
    plan = Plan(design=design((n,)), endpoint="edss_change", alpha=row["alpha"], looks=made)
    monkeypatch.setattr(looks_module, "in_favour", by_sum)
    shares = [round(t * n) / n for t in row["fractions"]]
    assert shares == pytest.approx(row["fractions"], abs=0.005)
    ended = run(plan, normal(trials, n, math.sqrt(row["shift"]), 11))
    within(float((ended.end == SUCCESS).mean()), 1 - row["beta"], trials)
    null = run(plan, normal(trials, n, 0.0, 12))
    exact = made.characteristics([0]).row(0, named=True)
    within(float((null.end == SUCCESS).mean()), exact["success"], trials)
    within(float((null.end == FUTILITY).mean()), exact["early_futility"], trials)


def test_a_promising_zone_of_normal_values_behaves_as_its_integral_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zone = rv.stats.promising_zone(rv.stats.group_sequential(2))
    whole, trials = 400, 8_000
    plan = Plan(design=design((2 * whole,)), endpoint="edss_change", looks=zone)
    monkeypatch.setattr(looks_module, "in_favour", by_sum)
    for multiple in (0.0, 0.7):
        values = normal(trials, 2 * whole, multiple * zone.design.drift * math.sqrt(2), 21)
        ended = run(plan, values)
        exact = zone.characteristics([multiple]).row(0, named=True)
        within(float((ended.end == SUCCESS).mean()), exact["success"], trials)
        sizes = ended.sizes[:, 0] / whole
        # The second stage is rounded up to a whole patient: at most one of 400.
        assert abs(sizes.mean() - exact["expected_size"]) <= 3 * sizes.std() / math.sqrt(trials) + 1 / whole


KEEPS: list[tuple[str, str | None, Any, tuple[int, ...]]] = [
    ("edss_change", "rank-sum", None, (8, 8)),
    ("edss_change", "permutation", None, (8, 6)),
    ("improved", "boschloo", None, (10, 10)),
    ("worse", "fisher", None, (10, 10)),
    ("confirmed_worsening", "boschloo", None, (10, 10)),
    ("relapses", "rank-sum", None, (10, 10)),
    ("relapses", "permutation", None, (10, 10)),
    ("serious_event", "boschloo", None, (10, 10)),
    ("edss_change", None, None, (7, 7, 7)),
    ("edss_change", None, None, (6, 6, 6, 6)),
    ("edss_change", None, TWO_LOOKS, (10, 10)),
    ("improved", None, rv.stats.group_sequential(3, boundary="pocock-spending"), (12, 12)),
    ("edss_change", None, rv.stats.promising_zone(rv.stats.group_sequential(2)), (14, 14)),
]


@pytest.mark.parametrize(("endpoint", "test", "looks", "sizes"), KEEPS)
def test_without_any_effect_a_randomised_trial_keeps_its_alpha(
    endpoint: str, test: str | None, looks: Any, sizes: tuple[int, ...]
) -> None:
    plan = Plan(design=design(sizes, dropout_per_year=0.1), endpoint=endpoint, test=test, looks=looks)
    found = operating_characteristics(plan, scenarios=[], n_trials=1_000, seed=4)
    assert found.table["null"].all()
    assert found.table["scenario"].to_list() == ["no effect"] * 2
    for success in found.table["success"]:
        assert success <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 1_000)


@pytest.mark.slow
@pytest.mark.parametrize(("endpoint", "test", "looks", "sizes"), KEEPS)
def test_without_any_effect_alpha_is_kept_in_many_trials(
    endpoint: str, test: str | None, looks: Any, sizes: tuple[int, ...]
) -> None:
    plan = Plan(design=design(sizes), endpoint=endpoint, test=test, looks=looks)
    found = operating_characteristics(plan, scenarios=[], n_trials=8_000, seed=8)
    for success in found.table["success"]:
        assert success <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 8_000)


def test_a_larger_effect_never_loses_power_beyond_error() -> None:
    plan = Plan(design=design((12, 12)), endpoint="edss_change")
    steps = [effect(f"{shift:g}", edss_shift=shift) for shift in (-0.25, -0.5, -1.0)]
    table = operating_characteristics(plan, scenarios=steps, n_trials=600, seed=2).table
    for level in ("low", "high"):
        rows = table.filter(noise=level)
        power, error = rows["success"].to_numpy(), rows["success_error"].to_numpy()
        assert (np.diff(power) >= -3 * np.hypot(error[1:], error[:-1])).all()
        assert power[-1] > power[0] + 0.3


def test_a_single_arm_says_how_often_it_succeeds_without_any_effect() -> None:
    plan = Plan(design=design((20,)), endpoint="relapses")
    found = operating_characteristics(plan, scenarios=[effect(relapse_ratio=0.5)], n_trials=500, seed=1)
    null = found.table.filter("null")
    assert plan.test_name == "before-after"
    assert (null["success"] > 0.1).all()
    # Without treatment the truth is no effect, and all that is seen is the bias.
    assert null["truth"].to_list() == [0.0, 0.0]
    assert null["bias"].to_list() == null["estimate"].to_list()
    assert (null["bias"] < -0.1).all()
    treated = found.table.filter(~pl.col("null"))
    assert (treated["truth"] < -0.1).all()
    gap = (treated["estimate"] - treated["truth"] - treated["bias"]).abs().to_list()
    assert max(gap) < 1e-12
    said = found.explain()
    assert "Without any effect this trial would be called a success in" in said
    assert "A single arm:" in said
    assert "whatever its alpha of 2.5 % says" in said


def test_a_fixed_reference_says_why_it_fails() -> None:
    plan = Plan(design=design((20,)), endpoint="improved", reference=0.02)
    found = operating_characteristics(plan, scenarios=[], n_trials=300, seed=1, noise=["high"])
    assert found.table["success"].item() > 0.3
    assert "the reference is fixed, patients fluctuate, recover" in found.explain()
    assert "Only a control arm can tell them apart" in found.explain()


@pytest.mark.parametrize("endpoint", ["worse", "confirmed_worsening", "serious_event"])
@pytest.mark.parametrize(
    "looks",
    [
        rv.stats.simon(0.6, 0.85, alpha=0.05, beta=0.2),
        rv.stats.single_stage(0.6, 0.85, alpha=0.05, beta=0.2),
        rv.stats.exact_sequential([10, 20], 0.6, 0.85),
    ],
)
def test_counts_of_patients_who_are_not_worse_are_held_against_the_share_of_those_who_are(
    endpoint: str, looks: Any
) -> None:
    plan = Plan(design=design((looks.n,)), endpoint=endpoint, looks=looks)
    assert plan.fixed == 0.4
    assert Plan(design=plan.design, endpoint=endpoint, looks=looks, reference=0.4).fixed == 0.4
    row = operating_characteristics(plan, scenarios=[], n_trials=200, seed=1, noise=["low"]).table.row(
        0, named=True
    )
    assert row["estimate"] == pytest.approx(row["outcome"] - 0.4)
    assert row["bias"] == row["estimate"]


def test_a_share_to_beat_has_no_digits_of_rounding() -> None:
    looks = rv.stats.simon(0.85, 0.97, alpha=0.1, beta=0.2)
    assert Plan(design=design((looks.n,)), endpoint="worse", looks=looks).fixed == 0.15


def test_the_randomised_counterpart_keeps_the_error_of_the_counts() -> None:
    looks = rv.stats.simon(0.1, 0.3, alpha=0.05, beta=0.2)
    plan = Plan(design=design((looks.n,)), endpoint="improved", looks=looks)
    assert rv.simulate.randomised_instead(plan).error == plan.error == 0.05
    bayes = Plan(
        design=design((10,)), endpoint="improved", alpha=0.1, looks=BayesRule(looks=(10,), reference=0.2)
    )
    assert rv.simulate.randomised_instead(bayes).error == 0.1


def test_a_scenario_of_harm_may_be_named_no_effect() -> None:
    events = {"cells": (rv.simulate.EventRate(term="sepsis", per_year=1.0, grade=4, serious=True),)}
    harm = PlanScenario(name="no effect", event_rates=events)
    plan = Plan(design=design((4, 4)), endpoint="serious_event")
    found = operating_characteristics(plan, scenarios=[harm], n_trials=100, seed=3, noise=["low"])
    assert found.table.select("scenario", "null").rows() == [("no effect at all", True), ("no effect", False)]


@pytest.mark.parametrize("sizes", [(6, 6), (6,), (4, 4, 4)])
def test_where_nobody_has_a_value_the_tables_are_null_and_one_sentence_says_so(
    sizes: tuple[int, ...],
) -> None:
    plan = Plan(design=design(sizes, dropout_per_year=50.0), endpoint="edss_change")
    found = operating_characteristics(plan, scenarios=[POINT], n_trials=100, seed=1)
    for table in (found.table, found.arms):
        for name in ("outcome", "untreated", "estimate", "bias", "bias_error"):
            assert table[name].null_count() == table.height
            assert table.schema[name] == pl.Float64
    assert "not known" not in found.explain()
    sentence = "Fewer than two virtual trials have a value of the endpoint"
    assert found.explain().count(sentence) == (2 if len(sizes) < 3 else 0)


@pytest.mark.parametrize("day", [14, 45, 76])
def test_new_lesions_of_a_plan_are_per_year_on_any_day(day: int) -> None:
    visits = (MADE["VISITS"][0], rv.trial.VisitWindow(label="scan", day=day))
    made = design((10,), visits=visits, scans=("month 0", "scan"), groups=MADE["MIX"][:1])
    plan = Plan(design=made, endpoint="new_t2", reference=3.0)
    row = operating_characteristics(plan, scenarios=[], n_trials=1_000, seed=1, noise=["low"]).table.row(
        0, named=True
    )
    assert row["untreated"] == pytest.approx(5.5, abs=4 * row["bias_error"])
    assert row["bias_error"] < 0.2


def test_bias_after_looks_is_that_of_stopping_and_none_without() -> None:
    plain = Plan(design=design((12, 12)), endpoint="edss_change")
    point = operating_characteristics(plain, scenarios=[POINT], n_trials=300, seed=1).table
    assert point["bias"].abs().max() < 1e-12
    looks = Plan(
        design=design((12, 12)),
        endpoint="edss_change",
        looks=rv.stats.group_sequential(2, boundary="pocock-spending"),
    )
    early = operating_characteristics(looks, scenarios=[POINT], n_trials=600, seed=1).table.filter(
        ~pl.col("null")
    )
    assert (early["bias"] < -3 * early["bias_error"]).all()


def test_the_rates_of_virtual_trials_do_not_depend_on_who_computes_them_or_in_which_order(
    tmp_path: Path,
) -> None:
    plan = Plan(design=design((6, 6)), endpoint="edss_change", looks=TWO_LOOKS)
    options: dict[str, Any] = {"scenarios": [POINT], "n_trials": 100, "seed": 3, "block_trials": 40}
    plain = operating_characteristics(plan, **options)
    operating_characteristics(plan, **options | {"scenarios": []}, folder=tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 6  # what is there serves a run with more scenarios
    with ThreadPoolExecutor(2) as threads:
        for other in (
            operating_characteristics(plan, **options, executor=threads),
            operating_characteristics(plan, **options, folder=tmp_path),
            operating_characteristics(plan, **options, folder=tmp_path),
        ):
            for name in ("table", "stops", "arms"):
                assert_frame_equal(getattr(plain, name), getattr(other, name), check_exact=True)
        seen: list[tuple[int, int]] = []
        options["progress"] = lambda *step: seen.append(step)
        operating_characteristics(plan, **options, executor=threads)
        assert seen == [(done, 12) for done in range(1, 13)]
    again = operating_characteristics(plan, **options | {"seed": 4})
    assert not again.table.equals(plain.table)
    cell = Cell(scenario=POINT, noise=rv.simulate.HIGH)
    for block in (3, 0):  # blocks by themselves, in another order
        first, second = (simulate_block(plan, cell, 3, 40, block) for _ in range(2))
        assert all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)


@pytest.mark.slow
def test_processes_give_the_same_numbers() -> None:
    plan = Plan(design=design((6, 6)), endpoint="improved")
    options: dict[str, Any] = {"scenarios": [], "n_trials": 200, "seed": 3, "block_trials": 100}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        other = operating_characteristics(plan, **options, executor=processes)
    assert_frame_equal(operating_characteristics(plan, **options).table, other.table, check_exact=True)


def test_tables_add_up_and_say_how_long_it_takes() -> None:
    rule = rv.stats.stopping_rule(10, limit=0.1)
    plan = Plan(
        design=design((10, 10)), endpoint="edss_change", looks=TWO_LOOKS, monitor=rule, patients_per_month=2
    )
    found = operating_characteristics(plan, scenarios=[POINT], n_trials=200, seed=3)
    stops = found.stops.group_by("scenario", "noise", maintain_order=True).agg(
        pl.col("success", "futility", "harm").sum(), n=pl.col("n").max()
    )
    table = found.table
    assert stops["success"].to_list() == pytest.approx(table["success"].to_list())
    assert stops["futility"].to_list() == pytest.approx(table["stopped_futility"].to_list())
    assert stops["harm"].to_list() == pytest.approx(table["stopped_harm"].to_list())
    early = table["stopped_success"] + table["stopped_futility"] + table["stopped_harm"]
    assert early.to_list() == pytest.approx(table["stopped_early"].to_list())
    months = (table["expected_n"] - 1) / 2 + 365 / 30.4375
    assert months.to_list() == pytest.approx(table["expected_months"].to_list())
    assert (table["expected_enrolled"] >= table["expected_n"]).all()
    assert (table["stopped_harm"] > 0).all()
    assert stops["n"].to_list() == [20.0] * 4
    assert "It ends for harm in" in found.explain()
    assert found.arms["success"].to_list() == table["success"].to_list()


def test_three_arms_are_reported_one_by_one() -> None:
    plan = Plan(design=design((6, 6, 6)), endpoint="edss_change")
    found = operating_characteristics(plan, scenarios=[POINT], n_trials=200, seed=3, noise=["low"])
    assert found.table["estimate"].to_list() == [None, None]
    arms = found.arms.filter(scenario="one point").sort("arm")
    assert arms["arm"].to_list() == ["cells", "more"]
    assert arms["truth"][0] < -0.8 < arms["truth"][1]
    assert arms["success"][0] > arms["success"][1]


@pytest.mark.slow
def test_a_bayesian_rule_stops_early_for_success_and_futility() -> None:
    looks = BayesRule(looks=(6, 12), level=0.95, futility=0.1)
    plan = Plan(design=design((12, 12), dropout_per_year=0.2), endpoint="improved", looks=looks)
    found = operating_characteristics(plan, scenarios=[POINT], n_trials=300, seed=3, noise=["low"])
    null, point = found.table.iter_rows(named=True)
    assert plan.test_name == "posterior"
    assert plan.error is None
    assert point["stopped_success"] > 0.3 > null["stopped_success"]
    assert null["stopped_futility"] > 0.3 > point["stopped_futility"]
    assert "keeps no chance of error by itself" in found.explain()


def test_the_predictive_chance_is_that_of_all_ways_to_go_on() -> None:
    from ranvier.simulate._plan_posteriors import Posteriors

    looks = BayesRule(looks=(5, 9), level=0.9, reference=0.3, futility=0.1, prior="uniform")
    plan = Plan(design=design((9,)), endpoint="worse", looks=looks)
    chances = rv.stats.beta_binomial(1, 5, prior="uniform", next_n=4).diagnostics["predictive"]
    good = [
        1 - rv.stats.beta_binomial(1 + more, 9, prior="uniform", threshold=0.3).diagnostics["chance above"]
        >= 0.9
        for more in range(5)
    ]
    expected = sum(chance for chance, each in zip(chances, good, strict=True) if each)
    assert Posteriors(plan, looks).predictive(np.array([1, 5]), 4) == pytest.approx(expected)


def test_harm_in_one_arm_is_taken_from_the_scenario() -> None:
    events = {"cells": (rv.simulate.EventRate(term="sepsis", per_year=3.0, grade=4, serious=True),)}
    harm = PlanScenario(name="harm", event_rates=events)
    plan = Plan(
        design=design((10, 10)), endpoint="serious_event", monitor=rv.stats.stopping_rule(10, limit=0.3)
    )
    found = operating_characteristics(plan, scenarios=[harm], n_trials=200, seed=3, noise=["low"])
    assert not harm.null
    assert found.table["stopped_harm"][1] > 0.9 > found.table["stopped_harm"][0]


def test_results_explain_draw_and_write_themselves() -> None:
    plan = Plan(design=design((6, 6)), endpoint="relapses", test="conditional", patients_per_month=1)
    seen: list[tuple[int, int]] = []
    found = operating_characteristics(
        plan,
        scenarios=[effect(relapse_ratio=0.2)],
        n_trials=100,
        seed=1,
        progress=lambda *step: seen.append(step),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert "takes relapses or lesions as independent" in found.explain()
    assert json.loads(json.dumps(found.to_dict()))["plan"]["test_name"] == "conditional"
    axes = found.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no effect", "better"]
    assert "better" in found._repr_html_()
    assert found.estimates[0].low <= found.table["success"][0] <= found.estimates[0].high
