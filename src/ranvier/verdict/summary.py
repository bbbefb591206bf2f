"""What one study of the registry shows, by rules over its fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ranvier.evidence import PlaceboResponse, Registry, Study
from ranvier.result import json_ready, percent, plural
from ranvier.trial import RiskOfBias
from ranvier.verdict.certainty import (
    RATIO_HIGH,
    RATIO_LOW,
    TOO_MANY_MISSING,
    Certainty,
    certainty,
    missing_share,
)
from ranvier.verdict.contrasts import Contrast, contrasts, primary
from ranvier.verdict.findings import Finding, harms, results
from ranvier.verdict.outcomes import OUTCOMES
from ranvier.verdict.phrases import beside, class_of_claim, counts_sentence, design_sentence, identity, limits
from ranvier.verdict.sentences import say

__all__ = ["BENEFITS", "Contradiction", "Requirement", "StudySummary", "contradictions_of", "summarise"]

BENEFITS: dict[str, str] = {
    "effect shown": "a randomised comparison met every requirement",
    "positive, with limits": "a comparison favoured the cells, and not every requirement was met",
    "no evidence of effect": "no difference was shown, or nothing favourable was reported",
    "inconclusive": "no difference was shown, and too few patients to tell",
    "signal, needs control": "something favourable was reported without a control group",
    "unfavourable": "a comparison went against the cells",
    "no result": "the registry holds no result",
}
"""Every word for benefit, and what it means."""

FEW_PATIENTS = 40
"""Patients below which no difference is inconclusive: the exact interval of one half spans 30 points."""


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One thing that an effect needs; `met` is None when the sources do not say."""

    code: str
    text: str
    met: bool | None


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Two sources that disagree, as the registry holds them."""

    issue_id: str
    study_id: str
    kind: str
    claim_a: str
    source_a: str
    claim_b: str
    source_b: str
    assessment: str


@dataclass(frozen=True, kw_only=True)
class StudySummary:
    """What one study shows.

    Parameters
    ----------
    study : Study
        The study.
    class_of_claim : {"effect", "change in course", "what happened"}
        The most that its design allows.
    benefit : str
        One of `BENEFITS`.
    headline : str
        One sentence that carries n and the kind of control.
    sentences : tuple of str
        Everything else, in reading order.
    favourable, unfavourable, neither : tuple of Finding
        Results and harms.
    contrasts : tuple of Contrast
        Comparisons between arms; `primary` is the one that the study is judged by.
    requirements : tuple of Requirement
        What an effect needs, and whether it was met.
    certainty : Certainty
        In GRADE terms.
    contradictions : tuple of Contradiction
        Sources that disagree.
    placebo : PlaceboResponse
        Share improved on placebo in the nearest randomised trial.
    overlaps : tuple of str
        Other studies that may hold the same patients.
    """

    study: Study
    class_of_claim: str
    benefit: str
    headline: str
    sentences: tuple[str, ...]
    favourable: tuple[Finding, ...]
    unfavourable: tuple[Finding, ...]
    neither: tuple[Finding, ...]
    contrasts: tuple[Contrast, ...]
    primary: Contrast | None
    requirements: tuple[Requirement, ...]
    certainty: Certainty
    contradictions: tuple[Contradiction, ...]
    placebo: PlaceboResponse
    overlaps: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


def summarise(
    registry: Registry, study_id: str, *, level: float = 0.95, bias: RiskOfBias | None = None
) -> StudySummary:
    """Sum up one study by rules over its fields.

    Parameters
    ----------
    registry : Registry
        Where to look.
    study_id : str
        Key of the study.
    level : float
        Confidence level.
    bias : RiskOfBias, optional
        Risk of bias of the study as people judged it.

    Returns
    -------
    StudySummary
        What it shows, with the numbers behind every word.
    """
    study = registry.study(study_id)
    compared = contrasts(registry, study_id)
    judged = primary(compared)
    alone = results(registry, study_id, level=level)
    if compared:
        alone = _beside_contrasts(alone, compared)
    harm = harms(registry, study_id, level=level)
    found = tuple(_as_finding(contrast) for contrast in compared) + alone + harm
    lists = {
        sign: tuple(finding for finding in found if finding.sign == sign)
        for sign in ("favourable", "unfavourable", "neither")
    }
    needs = _requirements(registry, study, judged, lists["unfavourable"])
    benefit = _benefit(study, judged, lists["favourable"], needs, has_results=bool(compared or alone))
    sure = certainty(registry, study, judged, judged=bias)
    placebo = registry.placebo_response(
        disease=study.disease or "mixed", route=study.route, cell_class=study.cell_class or "MSC", level=level
    )
    made = StudySummary(
        study=study,
        class_of_claim=class_of_claim(study.control),
        benefit=benefit,
        headline=_headline(study, benefit, judged),
        sentences=(),
        **lists,
        contrasts=compared,
        primary=judged,
        requirements=needs,
        certainty=sure,
        contradictions=contradictions_of(registry, study_id),
        placebo=placebo,
        overlaps=tuple(other.label for other in registry.overlapping(study_id)),
    )
    return replace(made, sentences=_sentences(made, harm))


def _beside_contrasts(alone: tuple[Finding, ...], compared: tuple[Contrast, ...]) -> tuple[Finding, ...]:
    """Keep what no comparison holds, as neither: one arm of a controlled trial shows nothing by itself."""
    held = {contrast.outcome for contrast in compared}
    return tuple(replace(finding, sign="neither") for finding in alone if finding.outcome not in held)


def contradictions_of(registry: Registry, study_id: str) -> tuple[Contradiction, ...]:
    """Give the disagreements between sources about one study.

    Parameters
    ----------
    registry : Registry
        Where to look.
    study_id : str
        Key of the study.

    Returns
    -------
    tuple of Contradiction
        In the order of the table.
    """
    names = Contradiction.__dataclass_fields__
    rows = registry.contradictions_of(study_id).iter_rows(named=True)
    return tuple(Contradiction(**{name: row[name] for name in names}) for row in rows)


def _as_finding(contrast: Contrast) -> Finding:
    return Finding(
        study_id=contrast.study_id,
        outcome=contrast.outcome,
        sentence=contrast.sentence,
        sign=contrast.sign,
        source_url=contrast.source_url,
        source_type=contrast.source_type,
        certainty=contrast.certainty,
        months=contrast.months,
        n=contrast.n,
        unit=contrast.unit,
    )


def _requirements(
    registry: Registry, study: Study, judged: Contrast | None, unfavourable: tuple[Finding, ...]
) -> tuple[Requirement, ...]:
    counted = missing_share(registry, study)
    complete = None if counted is None else counted[0] < TOO_MANY_MISSING * counted[1]
    margin: bool | None = False
    if judged is not None and judged.kind == "ratio" and judged.low is not None and judged.high is not None:
        margin = judged.high < RATIO_LOW or judged.low > RATIO_HIGH
    worse_mri = [
        finding
        for finding in unfavourable
        if finding.outcome in OUTCOMES and OUTCOMES[finding.outcome].domain == "lesions"
    ]
    return (
        Requirement(
            code="need_control", text=say("need_control"), met=study.randomised and judged is not None
        ),
        Requirement(
            code="need_margin", text=say("need_margin", ratio=RATIO_LOW, ratio_2=RATIO_HIGH), met=margin
        ),
        Requirement(
            code="need_confirmed", text=say("need_confirmed"), met=judged is not None and judged.confirmed
        ),
        Requirement(
            code="need_complete",
            text=say("need_complete", share=percent(TOO_MANY_MISSING, digits=0)),
            met=complete,
        ),
        Requirement(code="need_mri", text=say("need_mri"), met=not worse_mri),
    )


def _benefit(
    study: Study,
    judged: Contrast | None,
    favourable: tuple[Finding, ...],
    needs: tuple[Requirement, ...],
    *,
    has_results: bool,
) -> str:
    if not has_results:
        return "no result"
    if judged is None:
        return "signal, needs control" if favourable else "no evidence of effect"
    if judged.shown and judged.sign == "unfavourable":
        return "unfavourable"
    if judged.shown:
        return "effect shown" if all(need.met for need in needs) else "positive, with limits"
    return "inconclusive" if study.n is None or study.n < FEW_PATIENTS else "no evidence of effect"


def _headline(study: Study, benefit: str, judged: Contrast | None) -> str:
    values = identity(study)
    if benefit == "no result":
        return say("no_result", **values)
    if judged is None:
        return say("not_effective", **values)
    words = OUTCOMES[judged.outcome].words
    if benefit == "unfavourable":
        return say("aggravated", **values, outcome=words)
    if judged.shown:
        return say("positive", **values, words=", ".join(["positive", *limits(study, judged)]))
    if benefit == "inconclusive":
        return say("inconclusive", **values)
    if judged.kind == "ratio":
        return say("no_effect", **values, outcome=words)
    return say("no_difference", **values)


def _sentences(made: StudySummary, harm: tuple[Finding, ...]) -> tuple[str, ...]:
    study = made.study
    lines = [say("apart")] if study.is_chemotherapy else []
    lines.append(design_sentence(study))
    lines += _alone_lines(made) if made.primary is None else _compared_lines(made, made.primary)
    lines += [say("unfavourable", finding=finding.sentence) for finding in harm if finding.events]
    lines += [finding.sentence for finding in harm if not finding.events]
    lines += [] if harm else [say("no_safety")]
    lines.append(counts_sentence(study))
    if study.n_centres:
        lines.append(say("centres", centres=study.n_centres))
    return (*lines, made.certainty.explain())


def _compared_lines(made: StudySummary, judged: Contrast) -> list[str]:
    lines = [judged.sentence]
    others = [contrast for contrast in made.contrasts if contrast is not judged]
    if others:
        signs = [contrast.sign for contrast in others]
        good, bad = signs.count("favourable"), signs.count("unfavourable")
        lines.append(
            say(
                "others",
                n=plural(len(others), "other comparison"),
                good=good,
                bad=bad,
                rest=len(others) - good - bad,
            )
        )
    unmet = [need.text for need in made.requirements if not need.met]
    if judged.sign == "favourable" and unmet:
        lines.append(say("unmet", what="; ".join(unmet)))
    return lines


def _alone_lines(made: StudySummary) -> list[str]:
    results_only = [finding for finding in made.unfavourable if finding.outcome in OUTCOMES]
    lines = [say("unfavourable", finding=finding.sentence) for finding in results_only]
    lines += [] if made.unfavourable else [say("none_unfavourable")]
    lines += [say("favourable", finding=finding.sentence) for finding in made.favourable]
    lines += [] if made.favourable else [say("none_favourable")]
    if any(OUTCOMES[finding.outcome].domain == "edss" for finding in made.favourable):
        lines += [say("attack_unknown"), beside(made.placebo)]
    return lines
