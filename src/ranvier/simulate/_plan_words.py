"""Operating characteristics in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import polars as pl

from ranvier.result import number, percent, plural
from ranvier.simulate._plan_summary import COMPARED
from ranvier.simulate._plan_tests import COUNTS, SHARES, TESTS
from ranvier.simulate.bayes_rules import BayesRule
from ranvier.simulate.plans import Plan
from ranvier.stats import CountDesign, PromisingZone, SequentialDesign

__all__ = ["about_row", "cautions", "method"]

ENDS = {percent(0.0): "less than 0.1 %", percent(1.0): "more than 99.9 %"}
"""How shares of some trials, but not all, are written where rounding would say none, or all."""
ROUNDING = 1e-9
"""Biases below this are rounding: without looks the mean of differences is the difference of means."""

FIXED = (
    "The number to beat is fixed, but patients are not: their EDSS fluctuates, examiners differ, relapses "
    "are "
    "recovered from, and whoever enters at a bad moment is better later. None of this is an effect of "
    "treatment, "
    "and the chance of error of the test says nothing about it. Only a control arm can tell them apart."
)
BEFORE = (
    "Patients are compared with themselves before. They change without any treatment, and whoever enters "
    "because "
    "of recent relapses has fewer afterwards; the chance of error of the test says nothing about it."
)
LIMITS = (
    "Monte Carlo errors are those of simulating so many trials and no more. The model of patients without "
    "treatment has numbers of its own, some of them assumed; fluctuation within a patient is the least "
    "certain, "
    "so that little and much noise are both given."
)
POISSON = (
    "The test takes relapses or lesions as independent of each other. Patients differ in their rates, so "
    "that it "
    "claims success without any effect more often than alpha says; 'permutation' and 'rank-sum' do not."
)
RATE = (
    "The test takes events as independent of each other (Poisson); patients differ in their rates, so "
    "that its "
    "chance of error can be larger than alpha even where the fixed rate is right."
)
NORMAL = (
    "The bounds are those of normal statistics; they meet the normal deviate of the exact p value at each "
    "look, "
    "and the share of successes without any effect shows what that costs in so few patients. Every bound for "
    "futility is kept to."
)
BAYES = (
    "The rule keeps no chance of error by itself; how often it claims success without any effect is only "
    "known "
    "from the simulation."
)
UNUSED = "Patients who enter while a look is waited for are not used in it; they are in expected_enrolled."
COUNTED = (
    "A patient without a value counts as one without a favourable result, because the design counts all."
)
STAYS = (
    "In a crossover a treatment that stays acts in the second period of the patients who got it first, so "
    "that periods without it are missing there: what is found is then about half of the effect. Cells cannot "
    "be washed out. Only the first periods compare the treatments, as parallel arms do. The truth given here "
    "is the difference of both sequences at the end of the first period."
)
BOTH_PERIODS = (
    "A patient without a value at the end of both periods is left out, in the simulation as in the analysis."
)
UNKNOWN = (
    "Fewer than two virtual trials have a value of the endpoint in every group compared, so that no "
    "estimate, truth or bias is given."
)
LEFT_OUT = "Patients without a value are left out, in the simulation as in the analysis."


def method(plan: Plan, trials: int, seed: int) -> str:
    """Say what was simulated and tested."""
    said = [
        (
            f"{trials:,} virtual trials were simulated for each scenario and noise (seed {seed}, plan "
            f"{plan.hash[:12]})."
        )
    ]
    error = None if plan.error is None else f"one-sided alpha {100 * plan.error:g} %"
    if isinstance(plan.looks, BayesRule):
        said.append(f"Decision: {plan.looks.text()}.")
    elif isinstance(plan.looks, CountDesign):
        said.append(
            f"Decision: {plan.looks.title}, by counts of patients with a favourable result ({error})."
        )
    else:
        holm = ", each treated arm against the control by Holm's method" if len(plan.treated) > 1 else ""
        said.append(f"Test: {TESTS[plan.test_name].text}, {error}{holm}. Every p value is exact.")
    if plan.switched:
        said.append(
            f"Both arms change over to the other treatment on day {plan.switch_day}; a period counts by the "
            "EDSS at its end, and the estimate is half the difference between the sequences."
        )
    if isinstance(plan.looks, SequentialDesign):
        said.append(f"Looks: {plural(len(plan.looks.fractions), 'look')}.")
    if isinstance(plan.looks, PromisingZone):
        said.append(
            "The second stage grows when the first is promising; the stages are combined (inverse normal)."
        )
    if plan.fixed is not None and not plan.several:
        said.append(f"Number to beat: {_value(plan, plan.fixed)}, fixed.")
    if plan.monitor is not None:
        said.append("The trial ends for harm when too many patients of a treated arm have a serious event.")
    if plan.patients_per_month is not None:
        said.append(f"Patients enter evenly, {plan.patients_per_month:g} a month in all arms together.")
    return " ".join(said)


def about_row(plan: Plan, rows: pl.DataFrame) -> str:
    """Say what happens under one scenario, with every noise."""
    first = rows.row(0, named=True)
    error = f"Monte Carlo error {percent(max(rows['success_error']), digits=2)}"
    error = f"{' and '.join(rows['noise'])} noise; {error}"
    if first["null"]:
        shares = f"a success in {_range(rows['success'], _share)} of virtual trials ({error})"
        why = "." if plan.several else _why(plan)
        said = [f"Without any effect this trial would be called {shares}{why}"]
    else:
        said = [
            f"{first['scenario']}: success in {_range(rows['success'], _share)} of virtual trials ({error})."
        ]
    if len(plan.treated) == 1:
        known = not any(rows.select(COMPARED).null_count().row(0))
        said.append(_estimated(plan, rows) if known else UNKNOWN)
    if plan.looks is not None or plan.monitor is not None:
        early, sizes = _range(rows["stopped_early"], _share), _range(rows["expected_n"], _one_digit)
        said.append(f"It ends early in {early} of trials, after {sizes} patients on average.")
    if plan.monitor is not None:
        said.append(f"It ends for harm in {_range(rows['stopped_harm'], _share)}.")
    if first["expected_months"] is not None:
        months = _range(rows["expected_months"], _one_digit)
        said.append(f"The decision comes after {months} months on average.")
    return " ".join(said)


def _share(value: float) -> str:
    """Write a share of trials; one that is not 0 never reads 0.0, one below 1 never 100.0."""
    said = percent(value)
    if 0 < value < 1 and said in ENDS:
        return ENDS[said]
    return said


def _one_digit(value: float) -> str:
    return number(value, digits=1)


def _why(plan: Plan) -> str:
    """Say why a single arm succeeds without any effect."""
    if plan.fixed is None:
        return ": patients fluctuate and recover, and are compared with themselves before."
    return ": the reference is fixed, patients fluctuate, recover and enter at a bad moment."


def _estimated(plan: Plan, rows: pl.DataFrame) -> str:
    """Say what is seen, what is true, and by how much the one misses the other."""
    seen, without = (_range(rows[name], partial(_value, plan)) for name in ("outcome", "untreated"))
    estimate, truth, bias = (
        _range(rows[name], partial(_difference, plan)) for name in ("estimate", "truth", "bias")
    )
    wide = _difference(plan, max(rows["bias_error"]), digits=3)
    if plan.several:
        arms = ("Periods with the treatment", "without") if plan.switched else ("Treated", "control")
        unbiased = max(abs(bias) for bias in rows["bias"]) < ROUNDING
        missed = f"and {truth} in truth (bias {bias}, Monte Carlo error {wide})"
        return (
            f"{arms[0]} {seen}, {arms[1]} {without}; the difference is {estimate} on average"
            f"{', without bias' if unbiased else f' {missed}'}."
        )
    against = "" if plan.fixed is None else f", {estimate} from the fixed number"
    return (
        f"Seen: {seen}{against}; the same patients without treatment: {without}. Taking the distance for an "
        f"effect would be wrong by {bias} (Monte Carlo error {wide})."
    )


def _value(plan: Plan, value: float, *, digits: int = 2) -> str:
    """Write a number of the endpoint with its unit."""
    if plan.endpoint in SHARES:
        return percent(value, digits=max(1, digits - 1))
    unit = "per year" if plan.endpoint in COUNTS else "points"
    return f"{number(value, digits=digits)} {unit}"


def _difference(plan: Plan, value: float, *, digits: int = 2) -> str:
    """Write a difference of two such numbers: of shares in percentage points."""
    said = _value(plan, value, digits=digits)
    return said.replace(" %", " percentage points") if plan.endpoint in SHARES else said


def _range(values: Iterable[float], text: Callable[[float], str]) -> str:
    """Write the smallest and the largest of some values; those that read the same once."""
    low, high = text(min(values)), text(max(values))
    if low == high:
        return low
    for unit in (" %", " percentage points", " points", " per year"):
        low = low.removesuffix(unit)
    return f"{low} to {high}"


def cautions(plan: Plan, table: pl.DataFrame) -> tuple[str, ...]:
    """Give what a reader must not miss."""
    looks: Any = plan.looks
    said: list[str | None] = [
        _single(plan, table),
        POISSON if plan.test_name == "conditional" else RATE if plan.test_name == "poisson" else None,
        NORMAL if isinstance(looks, SequentialDesign | PromisingZone) else None,
        BAYES if isinstance(looks, BayesRule) else None,
        STAYS if plan.switched else None,
        UNUSED if looks is not None or plan.monitor is not None else None,
        _left_out(plan) if _missing(plan) else None,
        LIMITS,
    ]
    return tuple(each for each in said if each)


def _single(plan: Plan, table: pl.DataFrame) -> str | None:
    """Say what a single arm cannot show, with its own number."""
    if plan.several:
        return None
    shares = _range(table.filter("null")["success"], _share)
    asked = "" if plan.error is None else f", whatever its alpha of {100 * plan.error:g} % says"
    return (
        f"A single arm: {shares} of virtual trials are called a success without any effect{asked}. "
        f"{FIXED if plan.fixed is not None else BEFORE}"
    )


def _left_out(plan: Plan) -> str:
    """Say what happens to a patient without a value."""
    if plan.switched:
        return BOTH_PERIODS
    return COUNTED if isinstance(plan.looks, CountDesign) else LEFT_OUT


def _missing(plan: Plan) -> bool:
    """Tell whether patients can be without a value."""
    return plan.design.dropout_per_year > 0 or plan.design.missed_share > 0
