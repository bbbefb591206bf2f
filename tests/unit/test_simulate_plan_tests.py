"""The p value of every virtual trial is the one that the analysis of real data gives."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ranvier as rv
from ranvier.simulate import Plan, PlanScenario
from ranvier.simulate._plan_block import Cell, simulate_block
from ranvier.simulate._plan_data import BEFORE_YEARS, ArmData, draw_arm
from ranvier.simulate._plan_looks import _holm
from ranvier.simulate._plan_p_values import in_favour
from ranvier.stats import _beta_shares, _rank_sums, _tied_scores

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "planned.py"))
TRIALS = 50
NOTHING = PlanScenario(name="nothing")
SCANS = ("month 0", "month 6", "month 12")


def drawn(plan: Plan) -> dict[str, ArmData]:
    """Draw trials of a plan, with much noise."""
    design = Cell(scenario=NOTHING, noise=rv.simulate.HIGH).design(plan)
    rng = np.random.default_rng(7)
    return {arm.id: draw_arm(rng, plan, NOTHING, design, arm.id, TRIALS) for arm in design.protocol.arms}


def both_sides(plan: Plan, treated: ArmData, control: ArmData | None) -> np.ndarray:
    """Give twice the smaller of the p values in favour of the treatment and against it."""
    ahead = in_favour(plan, treated, control)
    if control is not None:
        return np.minimum(1, 2 * np.minimum(ahead, in_favour(plan, control, treated)))
    turned = MADE["turned"](plan, "more" if plan.favourable == "less" else "less")
    return np.minimum(1, 2 * np.minimum(ahead, in_favour(turned, treated, None)))


def known(arm: ArmData, trial: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give values, years and relapses before of the patients with a value."""
    use = arm.known[trial]
    return arm.value[trial][use], arm.years[trial][use], arm.before[trial][use]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(
    ("endpoint", "test"),
    [
        ("improved", "fisher"),
        ("improved", "boschloo"),
        ("worse", "boschloo"),
        ("confirmed_worsening", "fisher"),
        ("serious_event", "fisher"),
        ("edss_change", "rank-sum"),
        ("edss_change", "permutation"),
        ("relapses", "rank-sum"),
        ("relapses", "permutation"),
        ("relapses", "conditional"),
        ("new_t2", "permutation"),
        ("new_t2", "rank-sum"),
    ],
)
def test_two_arms_get_the_p_value_of_the_function_for_real_data(
    endpoint: str, test: str, dropout: float
) -> None:
    design = MADE["design"]((9, 7), dropout_per_year=dropout, missed_share=dropout / 3, scans=SCANS)
    plan = Plan(design=design, endpoint=endpoint, test=test)
    arms = drawn(plan)
    found = both_sides(plan, arms["cells"], arms["placebo"])
    for trial in range(TRIALS):
        (a, s, _), (b, t, _) = known(arms["cells"], trial), known(arms["placebo"], trial)
        if not len(a) or not len(b):
            expected: float | None = 1.0
        elif test in ("fisher", "boschloo"):
            pair = ((int(a.sum()), int(b.sum())), (len(a), len(b)))
            expected = rv.stats.compare_proportions(*pair, method=test).p_value
        elif test == "conditional":
            expected = rv.stats.rate_ratio((int(a.sum()), int(b.sum())), (s.sum(), t.sum())).p_value
        elif test == "permutation":
            expected = rv.stats.permutation(a, b).p_value
        elif endpoint == "edss_change":
            expected = rv.stats.rank_sum(a / 2, b / 2).p_value
        else:
            expected = rv.stats.rank_sum(a / s, b / t).p_value
        assert found[trial] == pytest.approx(expected, rel=1e-9), trial


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(
    ("endpoint", "reference"), [("edss_change", None), ("edss_change", -0.25), ("relapses", None)]
)
def test_one_arm_gets_the_p_value_of_the_function_for_real_data(
    endpoint: str, reference: float | None, dropout: float
) -> None:
    plan = Plan(design=MADE["design"]((9,), dropout_per_year=dropout), endpoint=endpoint, reference=reference)
    (arm,) = drawn(plan).values()
    found = both_sides(plan, arm, None)
    for trial in range(TRIALS):
        value, years, before = known(arm, trial)
        if endpoint == "relapses":
            expected = rv.stats.before_after(before, value, BEFORE_YEARS, years).p_value
        else:
            expected = rv.stats.paired(np.full(len(value), reference or 0.0), value / 2).p_value
        assert found[trial] == pytest.approx(expected, rel=1e-9)


def test_one_arm_beats_a_fixed_number_when_the_exact_interval_lies_beyond_it() -> None:
    share = Plan(design=MADE["design"]((12,)), endpoint="improved", reference=0.07)
    (arm,) = drawn(share).values()
    for trial, p_value in enumerate(in_favour(share, arm, None)):
        events = int(arm.value[trial].sum())
        low = rv.stats.proportion(events, 12, level=1 - 2 * 0.1).low
        assert (p_value <= 0.1) == (low >= 0.07)
    rate = Plan(design=MADE["design"]((12,)), endpoint="relapses", reference=1.0)
    (arm,) = drawn(rate).values()
    for trial, p_value in enumerate(in_favour(rate, arm, None)):
        events, years = int(arm.value[trial].sum()), float(arm.years[trial].sum())
        assert (p_value <= 0.1) == (rv.stats.rate(events, years, level=1 - 2 * 0.1).high <= 1.0)


def test_several_arms_are_adjusted_as_by_holm() -> None:
    p_values = np.random.default_rng(1).random((200, 3)) ** 3
    won = _holm(p_values, 0.05)
    for row, single in zip(p_values, won, strict=True):
        assert rv.stats.adjust(row.tolist()).table["rejected"].to_list() == single.tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=30), st.data())
def test_ties_counted_by_groups_give_the_tails_of_the_count_one_by_one(values: list[int], data: Any) -> None:
    scores = np.sort(np.array(values)) * 3 + 12
    chosen = data.draw(st.integers(1, len(values) - 1))
    picked = data.draw(st.permutations(range(len(values))))[:chosen]
    seen = int(scores[list(picked)].sum())
    different, sizes = np.unique(scores, return_counts=True)
    below, above, _ = _rank_sums.tails(_rank_sums.Sums(scores, chosen, seen))
    assert _tied_scores.tails(different, sizes, chosen, seen) == pytest.approx((below, above), rel=1e-11)


def test_large_groups_of_ties_keep_the_digits_of_both_tails() -> None:
    sizes, values = np.array([30, 40, 30]), np.array([0, 1, 2])
    scores = np.repeat(values, sizes)
    for seen in (20, 50, 75):
        below, above, _ = _rank_sums.tails(_rank_sums.Sums(scores, 50, seen))
        assert _tied_scores.tails(values, sizes, 50, seen) == pytest.approx((below, above), rel=1e-9)


def test_posterior_chances_are_those_of_the_function_for_real_data() -> None:
    for count in range(6):
        fit = rv.stats.beta_binomial(count, 5, threshold=0.3, next_n=4)
        assert _beta_shares.chance_above(count + 0.5, 5.5 - count, 0.3) == pytest.approx(
            fit.diagnostics["chance above"]
        )
        assert _beta_shares.next_events(count + 0.5, 5.5 - count, 4) == pytest.approx(
            fit.diagnostics["predictive"]
        )


@pytest.mark.parametrize("margin", [0.0, 0.1, -0.2])
def test_the_chance_that_one_share_is_larger_is_the_double_integral(margin: float) -> None:
    from scipy import integrate, stats

    for one, two in [((3.5, 7.5), (1.5, 9.5)), ((0.5, 10.5), (0.5, 10.5)), ((20.5, 0.5), (10.5, 10.5))]:
        low, high = max(0.0, -margin), min(1.0, 1.0 - margin)
        expected, _ = integrate.quad(
            lambda x, a=one, b=two: stats.beta.sf(x + margin, *a) * stats.beta.pdf(x, *b),
            low,
            high,
            limit=400,
            epsabs=1e-12,
            points=None,
        )
        expected += stats.beta.cdf(-margin, *two) if margin < 0 else 0.0
        assert _beta_shares.chance_larger(one, two, margin) == pytest.approx(expected, abs=2e-7)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_the_patients_are_those_of_replicate(dropout: float) -> None:
    made = MADE["design"](
        (7, 5), dropout_per_year=dropout, groups=MADE["MIX"][:1], event_rates=(), scenario="high"
    )
    table = rv.simulate.replicate(made, n_trials=40, seed=9, block_trials=40).table
    cell = Cell(scenario=NOTHING, noise=rv.simulate.HIGH)
    for endpoint, column, divisor in [
        ("improved", "improved", "evaluable"),
        ("worse", "worse", "evaluable"),
        ("edss_change", "edss_change", None),
        ("relapses", "relapses", "years"),
    ]:
        found = simulate_block(Plan(design=made, endpoint=endpoint), cell, 9, 40, 0)["full"].ravel()
        expected = table[column] if divisor is None else table[column] / table[divisor]
        assert found == pytest.approx(expected.fill_null(float("nan")).to_numpy(), rel=1e-6, nan_ok=True)


def test_new_lesions_are_counted_from_the_first_to_the_last_scan() -> None:
    plan = Plan(design=MADE["design"]((300, 300), scans=SCANS, missed_share=0.3), endpoint="new_t2")
    design = Cell(scenario=NOTHING, noise=rv.simulate.LOW).design(plan)
    arm = draw_arm(np.random.default_rng(1), plan, NOTHING, design, "cells", 10)
    # Nobody has a value without a later scan: both are missed by 9 in 100.
    assert (~arm.known).mean() == pytest.approx(0.09, abs=0.02)
    years = arm.years[arm.known]
    assert set(np.unique(np.round(2 * years)).tolist()) == {1.0, 2.0}
    rates = [
        group.course.new_t2_per_year.value * part
        for group, part in zip(MADE["MIX"], (2 / 3, 1 / 3), strict=True)
    ]
    assert arm.value[arm.known].sum() / years.sum() == pytest.approx(sum(rates), rel=0.1)
