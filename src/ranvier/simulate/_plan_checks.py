"""What a plan may not say: tests that do not fit, references out of range, looks beyond the patients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ranvier.errors import InputError
from ranvier.result import plural
from ranvier.simulate._plan_tests import COUNTS, SHARES, TESTS
from ranvier.simulate.bayes_rules import BayesRule
from ranvier.stats import CountDesign, PromisingZone, SequentialDesign, StoppingBoundary
from ranvier.stats._beta_shares import chance_above

__all__ = [
    "DEFAULTS",
    "check_looks",
    "check_monitor",
    "check_reference",
    "fixed_by",
    "harm_counts",
    "number_of",
]

DEFAULTS = {
    **dict.fromkeys(SHARES, ("binomial", "boschloo")),
    "edss_change": ("signed-rank", "rank-sum"),
    **dict.fromkeys(COUNTS, ("poisson", "rank-sum")),
}
"""Usual test of each endpoint: with one arm, and with several."""
SAME = 1e-12
"""Chances of error, and shares, that differ by less are equal."""
DIGITS = 12
"""Decimals to which the complement of a share is written, so that 1 - 0.85 is 0.15."""


def number_of(name: str, value: Any, *, low: float, high: float) -> float:
    """Give a number strictly between two others; refuse anything else."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and low < value < high
    if not good:
        top = "" if math.isinf(high) else f" and below {high:g}"
        raise InputError(f"{name} is {value!r}; it must be a number above {low:g}{top}.")
    return float(value)


def fixed_by(looks: Any, favourable: str) -> float | None:
    """Give the share of patients that looks at one arm must beat; None where they do not say it.

    Counts are of favourable results: where less is better, p0 of a design is the share of those who are not
    counted by the endpoint.
    """
    if isinstance(looks, CountDesign):
        return looks.p0 if favourable == "more" else round(1 - looks.p0, DIGITS)
    return looks.reference if isinstance(looks, BayesRule) else None


def check_reference(
    reference: float | None, endpoint: str, test: str, asked: float | None, *, compares: str
) -> None:
    """Refuse a test that does not fit, and a fixed number that is missing, not used or out of range.

    `asked` is the share that the looks must beat, see `fixed_by`.
    """
    if test in TESTS:
        _check_test(test, endpoint, compares=compares)
    if compares != "one arm":
        if reference is not None:
            raise InputError(
                f"reference is {reference!r}, but the trial has a control arm; leave the fixed number out."
            )
    elif reference is None:
        if asked is None and test in ("binomial", "poisson", "posterior"):
            kind = "yearly rate" if test == "poisson" else "share"
            raise InputError(
                f"reference is missing: with one arm {endpoint!r} is held against a fixed {kind}; give it, "
                "or better add a control arm."
            )
    else:
        _check_fixed(reference, endpoint, test, asked)


def _check_fixed(reference: float, endpoint: str, test: str, asked: float | None) -> None:
    """Refuse a fixed number that is not used or out of range."""
    if test == "before-after":
        raise InputError(
            "reference is given, but the test 'before-after' compares with the time before entry."
        )
    if endpoint in SHARES:
        number_of(f"reference of {endpoint!r}, a share,", reference, low=0.0, high=1.0)
        if asked is not None and abs(reference - asked) > SAME:
            raise InputError(
                f"reference is {reference!r}, but the looks hold {endpoint!r} against a share of {asked:g}; "
                "leave it out."
            )
    elif endpoint in COUNTS:
        number_of(f"reference of {endpoint!r}, a yearly rate,", reference, low=0.0, high=math.inf)
    else:
        number_of("reference, a change of EDSS,", reference, low=-10.0, high=10.0)


def _check_test(test: str, endpoint: str, *, compares: str) -> None:
    fitting = [
        name for name, each in TESTS.items() if endpoint in each.endpoints and each.compares == compares
    ]
    if test not in fitting:
        arms = {"one arm": "one arm", "arms": "several arms", "crossover": "a crossover"}[compares]
        raise InputError(f"test {test!r} does not fit {endpoint!r} with {arms}; use one of {fitting}.")


def check_looks(looks: Any, sizes: Mapping[str, int], *, share: bool, test: str | None, alpha: float) -> None:
    """Refuse looks that do not fit the endpoint, the arms or the chance of error."""
    kinds = (CountDesign, SequentialDesign, PromisingZone, BayesRule)
    if looks is None:
        return
    if not isinstance(looks, kinds):
        raise InputError(
            f"looks is a {type(looks).__name__}; give a design of stats (simon, single_stage, "
            "exact_sequential, group_sequential, promising_zone) or a BayesRule."
        )
    if isinstance(looks, CountDesign | BayesRule):
        _check_counts(looks, sizes, share=share, test=test)
        return
    plain = looks.design if isinstance(looks, PromisingZone) else looks
    if plain.sided != 1:
        raise InputError("looks has two sides; plans are one-sided: make it with sided=1.")
    if abs(plain.alpha - alpha) > SAME:
        raise InputError(f"alpha is {alpha:g}, but that of looks is {plain.alpha:g}; give both the same.")
    for arm, n in sizes.items():
        whole = n / looks.most if isinstance(looks, PromisingZone) else n
        steps = [round(t * whole) for t in plain.fractions]
        if min(after - before for before, after in zip([0, *steps], steps, strict=False)) < 1:
            raise InputError(
                f"{len(steps)} looks are planned, but arm {arm!r} has {whole:g} patients for them; each look "
                "needs a patient more than the one before."
            )


def _check_counts(
    looks: CountDesign | BayesRule, sizes: Mapping[str, int], *, share: bool, test: str | None
) -> None:
    """Refuse counts of patients for other endpoints, and looks that do not end with the last patient."""
    kind = type(looks).__name__
    if not share:
        raise InputError(f"looks is a {kind}, which counts patients; use an endpoint of {list(SHARES)}.")
    if isinstance(looks, BayesRule):
        several = len(sizes) > 1
        without = "looks is a BayesRule in a trial " + ("with a control arm" if several else "of one arm")
        _check_unused(looks, without, ("reference",) if several else ("margin", "control_prior"))
    if isinstance(looks, CountDesign) and len(sizes) > 1:
        raise InputError(f"looks is a {kind}, which has one arm; the design has {len(sizes)}.")
    if test is not None and (isinstance(looks, BayesRule) or test != "binomial"):
        raise InputError(f"test is {test!r}, but looks is a {kind}, which decides by itself; leave test out.")
    for arm, n in sizes.items():
        if looks.looks[-1] != n:
            word = "more" if looks.looks[-1] > n else "fewer"
            raise InputError(
                f"looks ends with {looks.looks[-1]} patients, {word} than planned_n = {n} of arm {arm!r}; "
                "they must be equal."
            )


def _check_unused(rule: BayesRule, where: str, names: tuple[str, ...]) -> None:
    """Refuse options that change nothing where the rule is used."""
    plain = BayesRule(looks=rule.looks)
    for name in names:
        if getattr(rule, name) != getattr(plain, name):
            raise InputError(f"{where}, where {name} is not used; leave {name} out.")


def check_monitor(monitor: Any, treated: Mapping[str, int]) -> None:
    """Refuse a rule that does not count patients with a serious event, or can never end the trial.

    `treated` are the patients of each treated arm.
    """
    if monitor is None:
        return
    if isinstance(monitor, StoppingBoundary):
        if monitor.method == "poisson":
            raise InputError(
                "monitor is a rule on patient-years ('poisson'); give one that counts patients, such as "
                "stopping_rule(n, limit=0.1)."
            )
    elif not isinstance(monitor, BayesRule):
        raise InputError(f"monitor is a {type(monitor).__name__}; give a StoppingBoundary or a BayesRule.")
    elif monitor.reference is None:
        raise InputError(
            "monitor has no reference; give the share of patients with a serious event not to be exceeded."
        )
    else:
        _check_unused(
            monitor, "monitor is a BayesRule", ("futility", "futility_by", "margin", "control_prior")
        )
    if treated:
        _check_reach(monitor, treated)


def _check_reach(monitor: StoppingBoundary | BayesRule, treated: Mapping[str, int]) -> None:
    """Refuse looks at more patients than an arm can have, and arms that no count can end."""
    most = max(treated.values())
    beyond = [int(look) for look in monitor.looks if look > most]
    if beyond:
        raise InputError(
            f"monitor looks at {plural(beyond[0], 'patient')}, but no treated arm has more than {most}; "
            f"leave out the looks {beyond}."
        )
    stops = harm_counts(monitor)
    for arm, n in treated.items():
        looks = [int(look) for look in monitor.looks if look <= n]
        if not any(look <= n and stop <= look for look, stop in stops):
            why = (
                f"no count at its looks {looks} ends it; lower the level or the limit, or look at more"
                if looks
                else f"its first look comes after {monitor.looks[0]:g}; look sooner"
            )
            raise InputError(
                f"monitor can never end the trial in arm {arm!r} with {plural(n, 'patient')}: {why}."
            )


def harm_counts(monitor: StoppingBoundary | BayesRule | None) -> list[tuple[int, int]]:
    """Give the looks of a monitor with the smallest count of patients that ends the trial for harm."""
    if monitor is None:
        return []
    if isinstance(monitor, StoppingBoundary):
        pairs = zip(monitor.looks, monitor.counts, strict=True)
        return [(int(look), stop) for look, stop in pairs if stop is not None]
    found = []
    belief, _ = monitor.beliefs
    for look in monitor.looks:
        count = np.arange(1, look + 1)
        above = chance_above(belief.yes + count, belief.no + look - count, monitor.reference)
        if (above >= monitor.level).any():
            found.append((look, int(count[np.argmax(above >= monitor.level)])))
    return found
