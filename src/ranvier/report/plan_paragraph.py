"""The paragraph on sample size that a protocol can take over; it says what was simulated and no more."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from ranvier._version import __version__
from ranvier.errors import InputError
from ranvier.report.plan_effects import benefit, what_is_done
from ranvier.report.plan_numbers import errors_text, given_text, limit_text, share_text, span
from ranvier.report.plan_words import (
    NOISE_WORDS,
    against,
    check_noise,
    claims,
    counted,
    measured,
    noise_rows,
    null_rows,
    patients,
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
from ranvier.simulate._plan_looks import look_sizes
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
OF_STAGES = (
    "the one-sided p value of the first stage",
    "the combined one-sided p value of both stages, the second enlarged or not,",
)
"""What is held against the bounds of a promising zone."""
BINDING = "The bounds for ending without success are binding: every virtual trial keeps to them."


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
        When `found` is something else, or not both little and much noise were simulated.
    """
    if not isinstance(found, OperatingCharacteristics):
        raise InputError(
            f"found is {type(found).__name__}; give what simulate.operating_characteristics returned."
        )
    check_noise(found)
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
        lost = "without" if plan.favourable == "more" else "with"
        return (
            f"{head} It is judged by the count of patients {counted(plan)}{held}; a patient whose outcome is "
            f"not known counts as one {lost} it."
        )
    test = SAID.get(plan.test_name, PLAN_TESTS[plan.test_name])
    many = ", each treatment against the control with Holm's adjustment" if len(plan.treated) > 1 else ""
    return f"{head} It is analysed by {test}{held}{many}, one-sided, at {100 * plan.alpha:g} %."


def _posterior(plan: Plan, rule: BayesRule) -> str:
    if plan.control is None:
        return f"that the true share is better than {given_text(100 * (plan.fixed or 0.0))} %"
    more = f" by more than {given_text(100 * rule.margin)} percentage points" if rule.margin else ""
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
        return _counts(plan, looks)
    if isinstance(looks, SequentialDesign):
        return _sequential(plan, looks, ["the one-sided p value"] * len(looks.fractions))
    if isinstance(looks, PromisingZone):
        return [*_sequential(plan, looks.design, OF_STAGES), _promising(plan, looks)]
    if isinstance(looks, BayesRule):
        said = looks.text()
        return [
            f"{_capital(said.replace(' patients', ' patients in each arm', 1) if plan.several else said)}."
        ]
    return ["The data are analysed once, when all patients have finished."]


def _counts(plan: Plan, looks: CountDesign) -> list[str]:
    """Say how many patients with a favourable result end the trial: a design counts no others."""
    who = counted(plan)
    had = "had the outcome" if plan.favourable == "more" else f"were {who}"
    low_share, high_share = (f"{given_text(100 * share)} %" for share in (looks.p0, looks.p1))
    said = [
        (
            f"{looks.title}: with a fixed true share of {low_share} of patients {who} the exact chance of "
            f"success is {percent(looks.type_one_error)}, with one of {high_share} it is "
            f"{percent(looks.power)}."
        )
    ]
    for n, low, high in zip(looks.looks, looks.futility, looks.efficacy, strict=True):
        ends = [] if low is None else [f"ends without success if at most {low} of them {had}"]
        ends += [] if high is None else [f"succeeds if at least {high} of them {had}"]
        if ends:
            said.append(f"After {plural(n, 'patient')} the trial {' and '.join(ends)}.")
    return said


def _sequential(plan: Plan, looks: SequentialDesign, tested: Sequence[str]) -> list[str]:
    """Say what ends the trial at each look, and which p value decides."""
    said, binding = [], False
    sizes = look_sizes(plan)
    for place in range(len(looks.fractions)):
        ends = []
        if math.isfinite(looks.upper[place]):
            ends.append(f"succeeds if {tested[place]} is at most {limit_text(looks.levels[place])}")
        inner = looks.lower[place]
        if place < len(looks.fractions) - 1 and looks.futility != "none" and math.isfinite(inner):
            what = "it" if ends else tested[place]
            ends.append(f"ends without success if {what} is above {limit_text(special.ndtr(-inner))}")
            binding = True
        if ends:
            said.append(f"After {_sizes(list(sizes[place].values()))} the trial {' and '.join(ends)}.")
    return [*said, BINDING] if binding else said


def _sizes(sizes: list[int]) -> str:
    if len(sizes) == 1:
        return plural(sizes[0], "patient")
    if len(set(sizes)) == 1:
        return f"{plural(sizes[0], 'patient')} in each arm"
    return f"{' and '.join(map(str, sizes))} patients"


def _promising(plan: Plan, looks: PromisingZone) -> str:
    floor, target = (given_text(100 * each, digits=0) for each in (looks.floor, looks.target))
    return (
        f"When the conditional power under the difference seen lies between {floor} % "
        f"and {target} % at the first look, the second stage is enlarged towards {target} %, "
        f"the whole trial to at most {_sizes(list(plan.sizes.values()))}; the stages are combined "
        "with fixed weights (inverse normal method)."
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
    leaving = share_text(-math.expm1(-design.dropout_per_year))
    rate = (
        f"dropout at a rate of {design.dropout_per_year:g} per patient-year ({leaving} leave within a year)"
    )
    lost = [rate] if design.dropout_per_year else []
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
    if not benefit(found.plan, scenario):
        false = "claim an effect" if found.plan.several else claims(found.plan)
        said = f"{named} brings no benefit for the endpoint: the trial would {false} in {chances}"
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
