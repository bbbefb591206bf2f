"""What an analysis of a trial holds: every number that a verdict judges and a report prints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from ranvier import course, mri, safety, simulate
from ranvier.result import Derivation, Estimate, LeftOut
from ranvier.trial import Trial
from ranvier.verdict.arm_differences import ArmDifference
from ranvier.verdict.confirmed import ConfirmedEvents
from ranvier.verdict.lesion_activity import LesionActivity
from ranvier.verdict.neda_result import NedaResult
from ranvier.verdict.relapse_periods import RelapsePeriods

__all__ = ["Analysis", "Flow", "Measured"]

NULL_SEED, NULL_TRIALS = 1, 4_000
"""Of the null band of a report, so that a report repeats itself; one share of 50 % is then known to 0.8 %."""
WITHOUT_CONTROLS = ("uncontrolled", "before-after")
"""Classes of control (`ranvier.trial.DESIGNS`) with nobody beside the treated patients."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """How many patients at each stage; the stages are never mixed.

    Parameters
    ----------
    registered : int or None
        Enrolment that the trial registry gives.
    enrolled : int
        Patients in the data.
    treated : int
        Patients who got at least one dose.
    evaluable : int
        Treated patients with EDSS at baseline and at the final visit.
    lost : tuple of LeftOut
        Treated patients who are not evaluable, and why.
    """

    registered: int | None
    enrolled: int
    treated: int
    evaluable: int
    lost: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """One measurement followed over the visits, with the typical change at one of them.

    Parameters
    ----------
    name, unit : str
        What was measured, and its unit.
    change : Derivation
        Every patient at every scheduled visit against baseline.
    estimates : tuple of Estimate
        Typical change at the visit of the result, or at the last visit with values, by arm; empty when
        nobody has both values.
    """

    name: str
    unit: str
    change: Derivation
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """Every number of a trial.

    Parameters
    ----------
    trial : Trial
        What was analysed.
    findings : polars.DataFrame
        What the checks and the scoring found; no errors, because errors stop the analysis.
    scored : Derivation
        EDSS of every visit with the deciding rule.
    visits : polars.DataFrame
        The visits, with the EDSS that counts in column edss.
    rule : ChangeRule
        The responder rule in force.
    final_visit : str
        The scheduled visit at which the result is read.
    edss : Change
        EDSS at every scheduled visit against baseline.
    final : Change
        The rows of `edss` at the final visit.
    flow : Flow
        Patients at each stage.
    responders : tuple of Estimate
        Shares improved and worse at the final visit, by arm.
    other_rules : tuple of Estimate
        The same under other rules.
    edss_change : tuple of Estimate
        Typical EDSS change at the final visit, by arm.
    relapses : RelapseRate or None
        Relapses and person-time before and after the first dose; None when relapses were not recorded.
    relapse_periods : tuple of RelapsePeriods
        By arm: relapses before and after the first dose, looked at in every usual way.
    expected_falls : polars.DataFrame or None
        What the entry rule alone makes of the relapses; None when trial.toml has no part `[entry]`.
    lesions, acuity : tuple of Measured
        Lesion measures by region, acuity by eye.
    adverse : Incidence or None
        Patients, events and time at risk; None when adverse events were not recorded.
    safety : tuple of Estimate
        Shares of treated patients with an event, with exact bounds.
    safety_notes : tuple of str
        Which shares are not given, and why.
    attack_unknown : int
        Treated patients, other than with PPMS, whose last attack or last rescue treatment is not known.
    confirmed : tuple of ConfirmedEvents
        Confirmed worsening and improvement under the named definitions.
    neda : tuple of NedaResult
        No evidence of disease activity under the definition of the protocol.
    arms : tuple of ArmDifference
        Each arm against the control arm; empty without one.
    scans : ScanCounts or None
        What the lesion masks give, beside what was typed in; None when no scan has a mask.
    lesion_activity : tuple of LesionActivity
        New and enlarging T2 lesions on scans after the first dose, by region and arm.
    """

    trial: Trial
    findings: pl.DataFrame
    scored: Derivation
    visits: pl.DataFrame
    rule: course.ChangeRule
    final_visit: str
    edss: course.Change
    final: course.Change
    flow: Flow
    responders: tuple[Estimate, ...]
    other_rules: tuple[Estimate, ...]
    edss_change: tuple[Estimate, ...]
    relapses: course.RelapseRate | None
    relapse_periods: tuple[RelapsePeriods, ...]
    expected_falls: pl.DataFrame | None
    lesions: tuple[Measured, ...]
    acuity: tuple[Measured, ...]
    adverse: safety.Incidence | None
    safety: tuple[Estimate, ...]
    safety_notes: tuple[str, ...]
    attack_unknown: int
    confirmed: tuple[ConfirmedEvents, ...] = ()
    neda: tuple[NedaResult, ...] = ()
    arms: tuple[ArmDifference, ...] = ()
    scans: mri.ScanCounts | None = None
    lesion_activity: tuple[LesionActivity, ...] = ()

    @cached_property
    def null(self) -> simulate.NullBand | None:
        """Give what the endpoints do with no treatment effect; None with controls of the trial's own."""
        if self.trial.protocol.control not in WITHOUT_CONTROLS:
            return None
        return simulate.null_band(self.trial, seed=NULL_SEED, n_trials=NULL_TRIALS, rule=self.rule)

    @property
    def relapse_rates(self) -> tuple[tuple[Estimate, Estimate, Estimate], ...]:
        """Give the yearly rate before, the one after, and their ratio, by arm."""
        return tuple((part.before, part.after, part.ratio) for part in self.relapse_periods)

    @property
    def can_interpret_improvement(self) -> bool:
        """Tell whether recovery from a recent attack can be told from improvement."""
        return self.attack_unknown == 0
