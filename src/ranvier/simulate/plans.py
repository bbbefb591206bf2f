"""A trial to be planned: who enters, what is measured, how it is tested and when it stops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ranvier import course
from ranvier.errors import InputError, require_choice
from ranvier.simulate._plan_checks import (
    DEFAULTS,
    check_looks,
    check_monitor,
    check_reference,
    fixed_by,
    number_of,
)
from ranvier.simulate._plan_crossover import check_crossover
from ranvier.simulate._plan_tests import SHARES, TESTS
from ranvier.simulate._streams import digest
from ranvier.simulate.bayes_rules import BayesRule
from ranvier.simulate.designs import Design
from ranvier.simulate.effects import NO_EFFECT
from ranvier.stats import CountDesign, PromisingZone, SequentialDesign, StoppingBoundary
from ranvier.trial import Arm

__all__ = ["PLAN_ENDPOINTS", "PLAN_TESTS", "Plan"]

PLAN_ENDPOINTS: dict[str, str] = {
    "improved": "patients whose EDSS is improved at the last visit",
    "worse": "patients whose EDSS is worse at the last visit",
    "confirmed_worsening": "patients with worsening of the EDSS confirmed after 12 weeks",
    "edss_change": "change of the EDSS from baseline to the last visit",
    "relapses": "relapses per year after the first dose",
    "new_t2": "new T2 lesions per year after the first scan",
    "serious_event": "patients with a serious adverse event",
}
"""Endpoints of a plan, with what is counted. More is better only for "improved"."""
PLAN_TESTS: dict[str, str] = {name: test.text for name, test in TESTS.items()}
"""Tests of a plan, with what each is."""
MOST_ARMS = 4


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A trial as it is planned, before any effect is assumed.

    Parameters
    ----------
    design : Design
        Patients, visits and dropout; each arm with planned_n, the largest size that it can reach. Its effects
        must be empty (they come from the scenarios) and its noise is not used (low and high are both run).
    endpoint : str
        One of `PLAN_ENDPOINTS`.
    test : str, optional
        One of `PLAN_TESTS`; that of `test_name` when None.
    rule : ChangeRule or str
        What counts as improved or worse.
    reference : float, optional
        One arm only: the fixed share, yearly rate or mean change of EDSS that the trial must beat. EDSS
        changes are held against 0, and relapses against those before entry, when None.
    alpha : float
        One-sided chance of error that a test keeps; not used by counts and posterior chances as `looks`.
    looks : CountDesign, SequentialDesign, PromisingZone or BayesRule, optional
        When and how the trial may end early; one analysis at the end when None. A `CountDesign` counts
        favourable results: with an endpoint of which less is better, p0 and p1 are shares without it.
    monitor : StoppingBoundary or BayesRule, optional
        Ends the trial for harm: counts of patients with a serious event in each treated arm, in the order of
        entry.
    patients_per_month : float, optional
        How many patients enter in a month, evenly, all arms together; without it no duration is given.
    switch_day : int, optional
        Crossover only (design "rct_crossover"): the day on which the second period begins, with its dose. The
        two arms are sequences: the one that is not the control gets the treatment first, the control second.

    Raises
    ------
    InputError
        When the design cannot measure the endpoint, the test does not fit it, or numbers contradict.

    Notes
    -----
    P values are exact: no test takes a statistic for normal, because in a small trial such a test is wrong in
    either direction. Bounds of a `SequentialDesign` or `PromisingZone` are compared with the normal deviate
    of the exact one-sided p value of each look.

    **Crossover.** The outcome of a period is the EDSS at its end: the last visit up to `switch_day`, and the
    last of all. The value of a patient is the first less the second, in which the baseline cancels; both
    sequences are compared as by `stats.crossover`. A change within each period would count the end of the
    first period twice, and an effect that is washed out as a worsening of the second.

    Examples
    --------
    >>> from ranvier.trial import Arm, Protocol, VisitWindow
    >>> protocol = Protocol(
    ...     id="virtual",
    ...     title="A virtual trial",
    ...     design="rct_parallel",
    ...     data_kind="simulated",
    ...     disease="MS",
    ...     arms=(
    ...         Arm(id="msc", label="MSC", planned_n=20),
    ...         Arm(id="placebo", label="Placebo", role="control", planned_n=20),
    ...     ),
    ...     visits=(
    ...         VisitWindow(label="baseline", day=0, baseline=True),
    ...         VisitWindow(label="month 12", day=365),
    ...     ),
    ... )
    >>> import ranvier as rv
    >>> design = rv.simulate.Design(protocol=protocol, groups=(rv.simulate.Group(phenotype="SPMS"),))
    >>> plan = rv.simulate.Plan(design=design, endpoint="edss_change")
    >>> plan.test_name, [arm.id for arm in plan.treated]
    ('rank-sum', ['msc'])
    """

    design: Design
    endpoint: str
    test: str | None = None
    rule: course.ChangeRule | str = "edss-1.0-or-0.5"
    reference: float | None = None
    alpha: float = 0.025
    looks: CountDesign | SequentialDesign | PromisingZone | BayesRule | None = None
    monitor: StoppingBoundary | BayesRule | None = None
    patients_per_month: float | None = None
    switch_day: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.design, Design):
            raise InputError(f"design is a {type(self.design).__name__}; give a simulate.Design.")
        require_choice("endpoint", self.endpoint, PLAN_ENDPOINTS)
        number_of("alpha", self.alpha, low=0.0, high=0.5)
        if self.patients_per_month is not None:
            number_of("patients_per_month", self.patients_per_month, low=0.0, high=math.inf)
        if "edss" not in self.change_rule.outcomes:
            raise InputError(f"rule {self.change_rule.name!r} is not for the EDSS; give one that is.")
        self._check_arms()
        self._check_measured()
        check_crossover(
            self.design,
            self.switch_day,
            self.endpoint,
            stops=self.looks is not None or self.monitor is not None,
        )
        if self.test is not None:
            require_choice("test", self.test, PLAN_TESTS)
        asked = fixed_by(self.looks, self.favourable)
        check_reference(self.reference, self.endpoint, self.test_name, asked, compares=self._compares)
        check_looks(self.looks, self.sizes, share=self.endpoint in SHARES, test=self.test, alpha=self.alpha)
        check_monitor(self.monitor, {arm.id: arm.planned_n or 0 for arm in self.treated})

    def _check_arms(self) -> None:
        if any(effect != NO_EFFECT for _, effect in dict(self.design.effects).items()):
            raise InputError(
                "the design has effects; name them in scenarios and leave those of the design out."
            )
        arms = self.design.protocol.arms
        controls = [arm.id for arm in arms if arm.role == "control"]
        if len(arms) > MOST_ARMS:
            raise InputError(f"the design has {len(arms)} arms; plans have up to {MOST_ARMS}.")
        if len(arms) == 1 and controls:
            raise InputError(f"the only arm {controls[0]!r} is a control arm; name a treated arm.")
        if len(arms) > 1 and len(controls) != 1:
            raise InputError(
                f"the design has {len(controls)} control arms ({controls}); with several arms exactly one "
                "must have the role 'control'."
            )
        for arm in arms:
            if (arm.planned_n or 0) < 2:
                raise InputError(
                    f"planned_n of arm {arm.id!r} is {arm.planned_n}; a trial of fewer than 2 patients "
                    "in an arm has nothing to test."
                )
        if len(arms) > 2 and self.looks is not None:
            raise InputError(
                f"looks are planned, but the design has {len(arms)} arms; looks need one or two arms."
            )

    def _check_measured(self) -> None:
        visits = sorted(self.design.protocol.visits, key=lambda visit: visit.day)
        if len(visits) < 2:
            raise InputError("the protocol plans no visit after the baseline; nothing could be measured.")
        if self.endpoint == "new_t2":
            first = visits[0].label
            if first not in self.design.scans or len(self.design.scans) < 2:
                raise InputError(
                    f"the endpoint 'new_t2' needs scans at {first!r} and at a later visit; the design plans "
                    f"scans at {list(self.design.scans)}."
                )
            blind = [
                group.course.name for group in self.design.groups if group.course.new_t2_per_year is None
            ]
            if blind:
                raise InputError(
                    f"the endpoint 'new_t2' is not simulated for {blind}; choose another endpoint."
                )
        if self.endpoint == "relapses" and not any(group.course.relapsing for group in self.design.groups):
            raise InputError("the endpoint 'relapses' needs patients who can have relapses.")
        if self.endpoint == "confirmed_worsening" and visits[-1].day - visits[1].day < 84:
            raise InputError(
                "the endpoint 'confirmed_worsening' needs two visits after the baseline that lie 84 days or "
                "more apart."
            )

    @property
    def several(self) -> bool:
        """Tell whether there is a control arm to compare with."""
        return len(self.design.protocol.arms) > 1

    @property
    def _compares(self) -> str:
        """Give what a test of this plan compares: "one arm", "arms" or "crossover"."""
        return "crossover" if self.switched else "arms" if self.several else "one arm"

    @property
    def switched(self) -> bool:
        """Tell whether both arms change over from one treatment to the other."""
        return self.switch_day is not None

    @property
    def treated(self) -> tuple[Arm, ...]:
        """Give the arms that are not the control, in the order of the protocol.

        In a crossover that is the sequence which gets the treatment first.
        """
        return tuple(arm for arm in self.design.protocol.arms if arm.role != "control")

    @property
    def control(self) -> Arm | None:
        """Give the control arm; None with one arm."""
        return next((arm for arm in self.design.protocol.arms if arm.role == "control"), None)

    @property
    def sizes(self) -> dict[str, int]:
        """Give the largest number of patients of each arm, by its id."""
        return {arm.id: arm.planned_n or 0 for arm in self.design.protocol.arms}

    @property
    def test_name(self) -> str:
        """Give the test that is made: the one named, or the usual one of endpoint and design."""
        if isinstance(self.looks, BayesRule):
            return "posterior"
        if self.test is not None:
            return self.test
        if self.switched:
            return "crossover"
        if self.endpoint == "relapses" and not self.several and self.reference is None:
            return "before-after"
        return DEFAULTS[self.endpoint][int(self.several)]

    @property
    def fixed(self) -> float | None:
        """Give the number that the trial must beat: the reference, or that of the looks; None for none.

        It is of the endpoint: where less is better, 1 - p0 of looks that count favourable results.
        """
        return fixed_by(self.looks, self.favourable) if self.reference is None else self.reference

    @property
    def error(self) -> float | None:
        """Give the one-sided chance of error that the plan asks for; None where posterior chances decide."""
        if isinstance(self.looks, BayesRule):
            return None
        return self.looks.alpha if isinstance(self.looks, CountDesign) else self.alpha

    @property
    def change_rule(self) -> course.ChangeRule:
        """Give what counts as improved or worse."""
        return course.change_rule(self.rule) if isinstance(self.rule, str) else self.rule

    @property
    def favourable(self) -> str:
        """Give the direction in which the endpoint is better: "more" or "less"."""
        return "more" if self.endpoint == "improved" else "less"

    @property
    def hash(self) -> str:
        """Give the SHA-256 of all settings."""
        return digest(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready, and what follows from them.

        Returns
        -------
        dict
            Field names to values, and test_name, fixed, sizes, favourable; switch_day in a crossover only.
        """
        looks, monitor = (
            None if part is None else {"kind": type(part).__name__, **part.to_dict()}
            for part in (self.looks, self.monitor)
        )
        crossover = {"switch_day": self.switch_day} if self.switched else {}
        return {
            "design": self.design.to_dict(),
            "endpoint": self.endpoint,
            "test": self.test,
            "test_name": self.test_name,
            "rule": self.change_rule.to_dict(),
            "reference": self.reference,
            "fixed": self.fixed,
            "alpha": self.alpha,
            "looks": looks,
            "monitor": monitor,
            "patients_per_month": self.patients_per_month,
            "sizes": self.sizes,
            "favourable": self.favourable,
            **crossover,
        }
