"""The better design for the patients of a single arm: the same number, randomised."""

from __future__ import annotations

import dataclasses

from ranvier.errors import InputError
from ranvier.simulate.plans import Plan
from ranvier.trial import Arm

__all__ = ["randomised_instead"]

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
