"""The paragraph on sample size that a protocol can take over; it says what was simulated and no more."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from ranvier._version import __version__
from ranvier.errors import InputError
from ranvier.report.plan_effects import benefit, what_is_done
from ranvier.report.plan_words import (
    NOISE_WORDS,
    against,
    claims,
    errors_text,
    measured,
    noise_rows,
    null_rows,
    patients,
    share_text,
    span,
    who_enters,
)
from ranvier.result import number, percent, plural
from ranvier.simulate import (
    PLAN_TESTS,
    SCENARIOS,
    BayesRule,
    OperatingCharacteristics,
    Plan,
    PlanScenario,
)
from ranvier.stats import CountDesign, PromisingZone, SequentialDesign, StoppingBoundary

__all__ = ["looks_text", "plan_paragraph"]

SAID = {
    "binomial": "the exact binomial test",
    "signed-rank": "the exact signed-rank test",
    "poisson": "the exact Poisson test",
    "before-after": "the exact conditional test of relapses after entry",
    "boschloo": "Boschloo's exact test",
    "fisher": "Fisher's exact test",
    "rank-sum": "the exact rank-sum test",
    "permutation": "the exact permutation test of means",
    "conditional": "the exact conditional test of two rates",
    "crossover": "the exact rank-sum test of differences within patients between the sequences",
}
"""Tests as a protocol names them; others by their words in `PLAN_TESTS`."""


def plan_paragraph(found: OperatingCharacteristics, *, scenarios: Sequence[PlanScenario] = ()) -> str:
    """Give the justification of the sample size, ready to be copied into a protocol.

    Parameters
    ----------
    found : OperatingCharacteristics
        From `simulate.operating_characteristics`.
    scenarios : sequence of PlanScenario
        The scenarios that were simulated, for the words on what the treatment was taken to do.

    Returns
    -------
    str
        Design, endpoint, test, alpha, looks with their bounds, virtual patients, power of every scenario and
        the chance of success without any effect, with Monte Carlo errors; dropout, seed and version.

    Raises
    ------
    InputError
        When `found` is something else.
    """
    if not isinstance(found, OperatingCharacteristics):
        raise InputError(
            f"found is {type(found).__name__}; give what simulate.operating_characteristics returned."
        )
    plan = found.plan
    said = [_arms(plan), _test(plan), *looks_text(plan), *_monitor(plan), _people(plan), _noise(found)]
    said += [_scenario(found, scenario) for scenario in scenarios if not scenario.null]
    return " ".join([*said, _null(found), *_size(found), _made(found)])


def _arms(plan: Plan) -> str:
    named = [f"{arm.label} ({arm.planned_n})" for arm in plan.design.protocol.arms]
    if not plan.several:
        return (
            f"{_capital(patients(plan))} are treated with {plan.treated[0].label}; there is no control group."
        )
    most = "Up to " if plan.looks is not None else ""
    total = f"{most}{plural(sum(plan.sizes.values()), 'patient')}"
    said = f"{total} are randomised to {', '.join(named[:-1])} and {named[-1]}."
    return said if plan.switch_day is None else f"{said} {_crossover(plan.switch_day)}"


def _crossover(switch_day: int) -> str:
    """Say what happens in a crossover, and what its analysis takes for granted."""
    return (
        f"Both sequences change over to the other treatment on day {switch_day}. The treatment is estimated "
        "by half the difference between the sequences of the differences within patients, first period less "
        "second, so that a difference between the periods cancels. What stays of a treatment that is given "
        "first is not removed; no test of carry-over chooses the analysis."
    )


def _test(plan: Plan) -> str:
    head = f"The primary endpoint is: {measured(plan)}."
    if plan.endpoint in ("improved", "worse", "confirmed_worsening"):
        head += f" {plan.change_rule.text()}"
    held = "" if plan.several else f", against {against(plan)}"
    if isinstance(plan.looks, BayesRule):
        return f"{head} It is judged by the posterior chance {_posterior(plan, plan.looks)}."
    if isinstance(plan.looks, CountDesign):
        return f"{head} It is judged by the count of these patients{held}."
    test = SAID.get(plan.test_name, PLAN_TESTS[plan.test_name])
    many = ", each treatment against the control with Holm's adjustment" if len(plan.treated) > 1 else ""
    return f"{head} It is analysed by {test}{held}{many}, one-sided, at {100 * plan.alpha:g} %."


def _posterior(plan: Plan, rule: BayesRule) -> str:
    if plan.control is None:
        return f"that the true share is better than {percent(plan.fixed)}"
    more = f" by more than {percent(rule.margin)}" if rule.margin else ""
    return f"that the true share is better than with {plan.control.label}{more}"


def looks_text(plan: Plan) -> list[str]:
    """Say when the data are looked at and what ends the trial.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    list of str
        Sentences.
    """
    looks = plan.looks
    if isinstance(looks, CountDesign):
        return _counts(looks)
    if isinstance(looks, SequentialDesign):
        return _sequential(looks, plan.sizes)
    if isinstance(looks, PromisingZone):
        whole = {arm: round(n / looks.most) for arm, n in plan.sizes.items()}
        return [*_sequential(looks.design, whole), _promising(looks)]
    if isinstance(looks, BayesRule):
        said = looks.text()
        return [
            f"{_capital(said.replace(' patients', ' patients in each arm', 1) if plan.several else said)}."
        ]
    return ["The data are analysed once, when all patients have finished."]


def _counts(looks: CountDesign) -> list[str]:
    said = [
        (
            f"{looks.title}: with a fixed true share of {percent(looks.p0)} the exact chance of success is "
            f"{percent(looks.type_one_error)}, with one of {percent(looks.p1)} it is {percent(looks.power)}."
        )
    ]
    for n, low, high in zip(looks.looks, looks.futility, looks.efficacy, strict=True):
        ends = [] if low is None else [f"ends without success if at most {low} of them had the outcome"]
        ends += [] if high is None else [f"succeeds if at least {high} had the outcome"]
        if ends:
            said.append(f"After {plural(n, 'patient')} the trial {' and '.join(ends)}.")
    return said


def _sequential(looks: SequentialDesign, sizes: dict[str, int]) -> list[str]:
    said = []
    for place, fraction in enumerate(looks.fractions):
        ends = []
        if math.isfinite(looks.upper[place]):
            ends.append(f"succeeds if the one-sided p value is at most {looks.levels[place]:.4f}")
        inner = looks.lower[place]
        if place < len(looks.fractions) - 1 and looks.futility != "none" and math.isfinite(inner):
            ends.append(f"may end without success if it is above {special.ndtr(-inner):.4f}")
        each = [round(fraction * n) for n in sizes.values()]
        if ends:
            said.append(f"After {_sizes(each)} the trial {' and '.join(ends)}.")
    return said


def _sizes(sizes: list[int]) -> str:
    if len(sizes) == 1:
        return plural(sizes[0], "patient")
    if len(set(sizes)) == 1:
        return f"{plural(sizes[0], 'patient')} in each arm"
    return f"{' and '.join(map(str, sizes))} patients"


def _promising(looks: PromisingZone) -> str:
    return (
        f"When the conditional power under the difference seen lies between {percent(looks.floor, digits=0)} "
        f"and {percent(looks.target, digits=0)} at the first look, the second stage is enlarged towards "
        f"{percent(looks.target, digits=0)}, the whole trial to at most {looks.most:g} times these sizes; "
        "the stages are combined with fixed weights (inverse normal method)."
    )


def _monitor(plan: Plan) -> list[str]:
    rule = plan.monitor
    if rule is None:
        return []
    where = "in each treated arm" if len(plan.treated) > 1 else "among the treated patients"
    if isinstance(rule, StoppingBoundary):
        return [f"For safety, {where}: {rule.text()[:1].lower()}{rule.text()[1:]}"]
    return [
        (
            f"For safety, {where}: the trial stops when the posterior chance of a share of patients with a "
            f"serious event above {percent(rule.reference)} is at least {percent(rule.level)}."
        )
    ]


def _people(plan: Plan) -> str:
    """Say who the virtual patients are and how many of them are lost."""
    design, who = plan.design, "; ".join(who_enters(plan))
    lost = [] if not design.dropout_per_year else [f"dropout of {100 * design.dropout_per_year:g} % per year"]
    lost += [] if not design.missed_share else [f"{100 * design.missed_share:g} % of visits missed"]
    return f"Virtual patients: {who}; {' and '.join(lost) or 'no dropout and no missed visit'}."


def _noise(found: OperatingCharacteristics) -> str:
    trials = found.diagnostics["n_trials"]
    names = list(dict.fromkeys(found.table["noise"]))
    two = "; ".join(f"{NOISE_WORDS[name]}: {SCENARIOS[name].text()}" for name in names)
    return (
        f"The design was simulated by the natural history model of ranvier, {trials:,} trials for each "
        f"scenario and noise of the EDSS ({two})."
    )


def _scenario(found: OperatingCharacteristics, scenario: PlanScenario) -> str:
    named = f"Scenario “{scenario.name}” ({what_is_done(found.plan, scenario)})"
    chances = _chances(found, scenario.name)
    if not benefit(scenario):
        false = "claim an effect" if found.plan.several else claims(found.plan)
        said = f"{named} brings no benefit: the trial would {false} in {chances}"
        if found.plan.monitor is None:
            return f"{said}."
        trials = found.diagnostics["n_trials"]
        harm = span([row["stopped_harm"] or 0.0 for row in noise_rows(found, scenario.name)], trials)
        return f"{said}, and end for harm in {harm}."
    return f"{named}: the trial would {claims(found.plan)} in {chances}."


def _null(found: OperatingCharacteristics) -> str:
    name = null_rows(found)["scenario"][0]
    if found.plan.several:
        return f"Without any effect of treatment it would claim one in {_chances(found, name)}."
    said = f"Without any effect of treatment it would {claims(found.plan)} in {_chances(found, name)}"
    return f"{said}; a single arm shows what happened to its patients, not what the treatment did."


def _chances(found: OperatingCharacteristics, scenario: str) -> str:
    rows, trials = noise_rows(found, scenario), found.diagnostics["n_trials"]
    said = [
        f"{share_text(row['success'], trials)}{' of virtual trials' * (place == 0)} with "
        f"{NOISE_WORDS[row['noise']]}"
        for place, row in enumerate(rows)
    ]
    error = errors_text([row["success_error"] for row in rows])
    return f"{' and '.join(said)} (Monte Carlo error up to {error})"


def _size(found: OperatingCharacteristics) -> list[str]:
    """Say expected patients where the trial may end early."""
    if found.plan.looks is None and found.plan.monitor is None:
        return []
    rows = null_rows(found)["expected_n"].drop_nulls().to_list()
    several = found.table.filter(~found.table["null"])["expected_n"].drop_nulls().to_list()
    said = f"On average {_range(rows)} patients would decide the trial without any effect"
    return [f"{said} and {_range(several)} in the scenarios with one." if several else f"{said}."]


def _range(values: list[float]) -> str:
    low, high = number(min(values), digits=1), number(max(values), digits=1)
    return low if low == high else f"{low} to {high}"


def _made(found: OperatingCharacteristics) -> str:
    seed = found.diagnostics["seed"]
    return f"Simulated with ranvier {__version__}, seed {seed}, plan {found.plan.hash[:12]}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
