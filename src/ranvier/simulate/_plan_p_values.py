"""The one-sided exact p value of every trial at once, in favour of the treatment.

Each is the tail that the function of `stats` for real data uses; patients without a value are left out, as
there. A trial in which an arm has no patient with a value has the p value 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._plan_data import BEFORE_YEARS, ArmData
from ranvier.simulate.plans import Plan
from ranvier.stats import _exact_tails

__all__ = ["in_favour", "shares_known"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Tails = tuple[Floats, Floats]


def in_favour(plan: Plan, treated: ArmData, control: ArmData | None) -> Floats:
    """Give the p value of each trial: the chance of data as favourable, or more, without any effect."""
    side = int(plan.favourable == "more")
    if control is None:
        return ONE_ARM[plan.test_name](plan, treated)[side]
    if plan.test_name in ("boschloo", "fisher"):
        return _two_shares(plan, treated, control)
    if plan.test_name == "conditional":
        return _conditional(treated, control)[side]
    tails = _exact_tails.mean_tails if plan.test_name == "permutation" else _exact_tails.rank_sum_tails
    values = [_ranked(plan, arm) for arm in (treated, control)]
    return _of_known(values, [treated.known, control.known], tails)[side]


def shares_known(arm: ArmData) -> tuple[Whole, Whole]:
    """Give how many patients count, of how many with a value, in each trial."""
    return (arm.value * arm.known).sum(axis=1), arm.known.sum(axis=1)


def _ranked(plan: Plan, arm: ArmData) -> NDArray[Any]:
    """Give what is ranked or averaged: changes, events, or the rates of patients."""
    if plan.endpoint == "edss_change" or plan.test_name == "permutation":
        return arm.value
    return arm.value / np.where(arm.years > 0, arm.years, 1.0)


def _two_shares(plan: Plan, treated: ArmData, control: ArmData) -> Floats:
    """Look tables up; the arm that should have more events stands first."""
    arms = [shares_known(arm) for arm in (treated, control)]
    (a, n), (b, m) = arms if plan.favourable == "more" else arms[::-1]
    found = np.ones(len(a))
    for one, two in np.unique(np.column_stack([n, m]), axis=0).tolist():
        rows = (n == one) & (m == two)
        if one and two:
            events = np.column_stack([a, b])[rows]
            if plan.test_name == "boschloo":
                found[rows] = _exact_tails.boschloo_above(events, (one, two))
            else:
                found[rows] = _exact_tails.fisher_tails(events, (one, two))[1]
    return found


def _totals(arm: ArmData) -> tuple[Floats, Floats]:
    """Give events and years of the patients with a value."""
    return (arm.value * arm.known).sum(axis=1).astype(np.float64), (arm.years * arm.known).sum(axis=1)


def _conditional(treated: ArmData, control: ArmData) -> Tails:
    (events, years), (others, times) = _totals(treated), _totals(control)
    rows = (years > 0) & (times > 0)
    return _filled(
        rows,
        _exact_tails.conditional_tails(
            np.column_stack([events, others])[rows], np.column_stack([years, times])[rows]
        ),
    )


def _binomial(plan: Plan, arm: ArmData) -> Tails:
    count, n = shares_known(arm)
    return _exact_tails.binomial_tails(count, n, plan.fixed or 0.0)


def _poisson(plan: Plan, arm: ArmData) -> Tails:
    events, years = _totals(arm)
    rows = years > 0
    return _filled(rows, _exact_tails.poisson_tails(events[rows], years[rows], plan.fixed or 0.0))


def _signed_rank(plan: Plan, arm: ArmData) -> Tails:
    gaps = arm.value / 2 - (plan.fixed or 0.0)
    return _of_known([gaps], [arm.known], _exact_tails.signed_rank_tails)


def _before_after(_plan: Plan, arm: ArmData) -> Tails:
    # Whoever has no time after entry adds nothing: no relapses, and any time.
    seen, before = arm.value * arm.known, arm.before * arm.known
    years = np.where(arm.known, arm.years, BEFORE_YEARS)
    return _exact_tails.before_after_tails(before, seen, BEFORE_YEARS, years)


ONE_ARM: dict[str, Callable[[Plan, ArmData], Tails]] = {
    "binomial": _binomial,
    "poisson": _poisson,
    "signed-rank": _signed_rank,
    "before-after": _before_after,
}


def _filled(rows: NDArray[np.bool_], tails: Tails) -> Tails:
    """Put tails in their rows, 1 elsewhere."""
    found = np.ones(len(rows)), np.ones(len(rows))
    for whole, part in zip(found, tails, strict=True):
        whole[rows] = part
    return found


def _of_known(
    values: Sequence[NDArray[Any]], known: Sequence[NDArray[np.bool_]], tails: Callable[..., Tails]
) -> Tails:
    """Give the tails of rows of values without those that are not known."""
    counts = np.column_stack([each.sum(axis=1) for each in known])
    found = np.ones(len(counts)), np.ones(len(counts))
    for sizes in np.unique(counts, axis=0):
        if not sizes.all():
            continue
        (rows,) = np.nonzero((counts == sizes).all(axis=1))
        held = [_first(each[rows], mask[rows], n) for each, mask, n in zip(values, known, sizes, strict=True)]
        for whole, part in zip(found, tails(*held), strict=True):
            whole[rows] = part
    return found


def _first(values: NDArray[Any], known: NDArray[np.bool_], n: int) -> NDArray[Any]:
    """Give the n values of each row that are known."""
    if n == values.shape[1]:
        return values
    order = np.argsort(~known, axis=1, kind="stable")[:, :n]
    return np.take_along_axis(values, order, axis=1)
