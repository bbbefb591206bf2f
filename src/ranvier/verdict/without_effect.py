"""What the patients of a claim would show with no treatment effect, where enough of them was reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.course import ChangeRule, change_rule
from ranvier.errors import InputError
from ranvier.evidence import Study
from ranvier.result import json_ready
from ranvier.simulate import PHENOTYPES, Band, NullBand, ReportedPatients, reported_null_band
from ranvier.verdict.claims import Claim
from ranvier.verdict.lints import Context
from ranvier.verdict.numbers import NULL_SEED, NULL_TRIALS, WITHOUT_CONTROLS
from ranvier.verdict.patients_of_study import PatientsOfStudy
from ranvier.verdict.sentences import say

__all__ = ["WithoutEffect", "rule_words", "without_effect"]

RULES = ("edss-0.5", "edss-1.0-or-0.5")
"""Rules that a claim is held against when it does not say what counted: any step, and the usual one."""
COURSES = {"RRMS": "n_rrms", "SPMS": "n_spms", "PPMS": "n_ppms", "NMOSD": "n_nmosd"}
"""Columns of the registry (and keys of [[patients]]) that count the patients of each course."""


@dataclass(frozen=True, kw_only=True)
class WithoutEffect:
    """The null bands of one claim, or what was not reported so that there is none.

    Parameters
    ----------
    bands : tuple of NullBand
        One for each rule of improvement.
    missing : tuple of str
        What was not reported; empty when there are bands.
    source : str
        Where the description of the patients comes from.
    """

    bands: tuple[NullBand, ...] = ()
    missing: tuple[str, ...] = ()
    source: str = ""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Give the endpoints that the claim gave a value of."""
        found = {part.endpoint for band in self.bands for part in band.bands if part.observed is not None}
        return tuple(name for name in ("responders", "edss_change") if name in found)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say how often the claimed result comes about by itself, or why that is not known."""
        if self.missing:
            return (say("null_missing", missing=" and ".join(self.missing)),)
        lines = [_improved(band) for band in self.bands if _told(band.of("responders"))]
        lines += [_mean(band) for band in self.bands[:1] if _told(band.of("edss_change"))]
        unknown = any(not band.interpretable for band in self.bands)
        return (*lines, *([say("null_attack")] if lines and unknown else ()))

    def to_dict(self) -> dict[str, Any]:
        """Give every field and the sentences, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        ready: dict[str, Any] = json_ready(fields | {"sentences": self.sentences})
        return ready


def _told(bands: tuple[Band, ...]) -> bool:
    return bool(bands) and bands[0].observed is not None


def _chances(bands: tuple[Band, ...]) -> dict[str, str]:
    chances = [each.chance_text() for each in bands]
    return {"low": chances[0], "high": chances[-1]}


def _improved(band: NullBand) -> str:
    bands = band.of("responders")
    rule, months = change_rule(str(band.diagnostics["rule"])), band.diagnostics["months"]
    return say(
        "null_reported",
        count=f"{bands[0].observed:.0f}",
        n=bands[0].n,
        rule=rule_words(rule),
        months=f"{months:g}",
        **_chances(bands),
    )


def _mean(band: NullBand) -> str:
    bands, months = band.of("edss_change"), band.diagnostics["months"]
    fall = -(bands[0].observed or 0.0)
    return say(
        "null_mean",
        n=bands[0].n,
        fall=f"{fall:g}",
        months=f"{months:g}",
        **_chances(bands),
    )


def rule_words(rule: ChangeRule) -> str:
    """Say by how much the EDSS must fall.

    Parameters
    ----------
    rule : ChangeRule
        The rule.

    Returns
    -------
    str
        Such as "1 point (0.5 from EDSS 6.0)".
    """
    first, *rest = rule.thresholds
    words = f"{first.change:g} point{'' if first.change == 1 else 's'} or more"
    further = ", ".join(f"{each.change:g} from EDSS {each.low:.1f}" for each in rest)
    return f"{words} ({further})" if further else words


def without_effect(claim: Claim, context: Context) -> WithoutEffect | None:
    """Simulate the patients of a claim with no treatment effect.

    Parameters
    ----------
    claim : Claim
        The claim.
    context : Context
        Registry, the other claims and the study.

    Returns
    -------
    WithoutEffect or None
        None when the claim is not about improvement of the EDSS in one study without controls.

    Notes
    -----
    Courses, EDSS and months come from the claim, else from the part [[patients]] of the file of claims, else
    from the registry. A count of a subgroup is taken among all treated, as everywhere else in an appraisal.
    """
    study = context.studies[0]
    counted = claim.kind == "responders" and claim.outcome == "edss_improved"
    moved = claim.kind == "change" and claim.outcome in ("edss_mean", "edss_change")
    change = None
    if moved and claim.before is not None and claim.after is not None:
        change = claim.after - claim.before
    fell = change is not None and change < 0
    if len(context.studies) > 1 or study.control not in WITHOUT_CONTROLS or not (counted or fell):
        return None
    row = context.registry.studies.row(by_predicate=pl.col("study_id") == study.study_id, named=True)
    given = next((each for each in context.claims.patients if each.study == study.study_id), None)
    courses = _courses(claim, study, row, given)
    edss = _edss(claim, row, given, moved=fell)
    months = claim.months or study.follow_up_months
    wanted = {"the course of the patients": courses, "their EDSS at the first dose": edss, "when": months}
    missing = tuple(words for words, value in wanted.items() if value is None)
    if courses is None or edss is None or months is None:
        return WithoutEffect(missing=missing)
    try:
        patients = ReportedPatients(
            courses=courses,
            edss=edss,
            months=months,
            last_attack_days=None if given is None else given.attack_days,
        )
    except InputError as error:
        raise InputError(f"claim {claim.id!r}: {error}") from error
    improved = claim.events if claim.events is not None and claim.events <= patients.n else None
    bands = tuple(
        reported_null_band(
            patients,
            seed=NULL_SEED,
            n_trials=NULL_TRIALS,
            improved=improved,
            mean_change=change,
            rule=rule,
        )
        for rule in ((claim.rule,) if claim.rule else RULES)
    )
    return WithoutEffect(bands=bands, source=given.source if given else study.source_url or "")


def _courses(
    claim: Claim, study: Study, row: dict[str, Any], given: PatientsOfStudy | None
) -> dict[str, int] | None:
    """Give the patients of each course, all treated for a count of a subgroup; None when not reported."""
    treated = study.n_evaluable or study.n_treated
    n = treated if claim.subgroup is not None or claim.n is None else claim.n
    if study.disease == "NMOSD":
        return {"NMOSD": n} if n else None
    told = {name: getattr(given, key) for name, key in COURSES.items()} if given else {}
    counts = (
        told
        if any(value is not None for value in told.values())
        else {name: row[key] for name, key in COURSES.items()}
    )
    found = {name: value for name, value in counts.items() if value}
    if found and sum(found.values()) == n:
        return found
    if claim.subgroup in PHENOTYPES and claim.n:
        return {str(claim.subgroup): claim.n}
    return None


def _edss(
    claim: Claim, row: dict[str, Any], given: PatientsOfStudy | None, *, moved: bool
) -> tuple[float, float] | None:
    """Give the lowest and the highest EDSS at the first dose; None when it was not reported."""
    if given is not None and given.edss is not None:
        return given.range_of_edss
    if moved and claim.before is not None:
        return claim.before, claim.before
    low, high, middle = (row[name] for name in ("edss_base_lo", "edss_base_hi", "edss_base"))
    if low is not None and high is not None:
        return low, high
    return None if middle is None else (middle, middle)
