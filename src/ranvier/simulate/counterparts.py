"""What a plan is to be compared with: a single arm randomised, a crossover whose treatment is washed out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ranvier.errors import InputError
from ranvier.simulate.effects import Effect
from ranvier.simulate.plan_scenarios import PlanScenario
from ranvier.simulate.plans import Plan
from ranvier.trial import Arm

__all__ = ["other_carry_over", "randomised_instead"]

FEWEST = 4
"""Patients of a single arm from whom two arms can be formed: an arm of one patient has nothing to test."""


def randomised_instead(plan: Plan) -> Plan:
    """Give the plan that randomises the patients of a single arm 1:1 to treatment and control.

    Parameters
    ----------
    plan : Plan
        A plan of one arm with 4 or more patients.

    Returns
    -------
    Plan
        Same patients, visits, endpoint and alpha; the usual exact test of two arms, one analysis at the end,
        no rule that stops for harm. With an odd number the treated arm has one patient more.

    Raises
    ------
    InputError
        When the plan has several arms already, or too few patients for two.

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> plan = rv.simulate.read_plan(examples() / "plan" / "simon" / "design.toml").plan
    >>> plan.sizes, rv.simulate.randomised_instead(plan).sizes
    ({'cells': 18}, {'cells': 9, 'control': 9})
    """
    if plan.several:
        raise InputError(f"the plan has {len(plan.sizes)} arms; only a single arm has a counterpart.")
    only = plan.treated[0]
    n = only.planned_n or 0
    if n < FEWEST:
        raise InputError(f"the plan has {n} patients; two arms need {FEWEST} or more.")
    name = "control" if only.id != "control" else "control arm"
    arms = (
        dataclasses.replace(only, planned_n=n - n // 2),
        Arm(id=name, label="Control", role="control", planned_n=n // 2),
    )
    protocol = dataclasses.replace(plan.design.protocol, design="rct_parallel", arms=arms)
    design = dataclasses.replace(plan.design, protocol=protocol)
    alpha = plan.alpha if plan.error is None else plan.error  # that of a design by counts is its own
    return dataclasses.replace(
        plan, design=design, test=None, reference=None, alpha=alpha, looks=None, monitor=None
    )


def other_carry_over(scenarios: Sequence[PlanScenario]) -> tuple[PlanScenario, ...]:
    """Put beside each scenario of a crossover the same effect washed out, or staying where it is washed out.

    Parameters
    ----------
    scenarios : sequence of PlanScenario
        Scenarios of a crossover.

    Returns
    -------
    tuple of PlanScenario
        Each scenario, followed by its counterpart with a `carry_over` of 0, or of 1 where it is 0. None for a
        scenario without any effect or with periods named one by one, and none whose name is taken.

    Raises
    ------
    InputError
        When an entry is no PlanScenario.

    Examples
    --------
    >>> better = PlanScenario(name="better", effects={"cells": Effect(edss_shift=-1.0)})
    >>> [(each.name, each.carry_over) for each in other_carry_over([better])]
    [('better', 1.0), ('better, washed out', 0.0)]
    """
    for each in scenarios:
        if not isinstance(each, PlanScenario):
            raise InputError(f"scenarios holds a {type(each).__name__}; give simulate.PlanScenario entries.")
    taken, listed = {each.name for each in scenarios}, []
    for each in scenarios:
        listed.append(each)
        share, word = (0.0, "washed out") if each.carry_over else (1.0, "staying")
        plain = all(isinstance(effect, Effect) for effect in dict(each.effects).values())
        if plain and not each.null and (name := f"{each.name}, {word}") not in taken:
            listed.append(dataclasses.replace(each, name=name, carry_over=share))
    return tuple(listed)
