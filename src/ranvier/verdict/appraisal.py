"""An article appraised: each claim held against the registry, then the verdict on the whole."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier import evidence
from ranvier.errors import InputError, require_choice
from ranvier.evidence import Registry, Study
from ranvier.result import TRACE_SCHEMA, Derivation, percent, plural
from ranvier.verdict.claim_appraisal import ClaimAppraisal, mean_text
from ranvier.verdict.claims import Article, Claim, Claims
from ranvier.verdict.conclusion import Verdict, draw_shares, lowest
from ranvier.verdict.judging import agreement, choose_label, sentence_for, shares
from ranvier.verdict.lints import NUMBER_LINTS, Context
from ranvier.verdict.lints_registry import REGISTRY_LINTS, matches_elsewhere, unmentioned
from ranvier.verdict.natural import natural_facts
from ranvier.verdict.outcomes import OUTCOMES
from ranvier.verdict.phrases import beside
from ranvier.verdict.sentences import LABELS, SENTENCES, say
from ranvier.verdict.summary import Contradiction, StudySummary, summarise
from ranvier.verdict.without_effect import without_effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Appraisal", "appraise"]

_LINTS = NUMBER_LINTS | REGISTRY_LINTS
_CLASSES = ("what happened", "change in course", "effect")

_TOPICS: dict[str, str] = {
    "cohort": r"enrol|evaluated every|intervention|patients enrolled",
    "stable": r"stab|unchanged",
    "effective": r"effective|revers|efficacy|beneficial",
    "safe": r"adverse|\bsafe|death",
    "serious_events": r"adverse|\bsafe|death",
    "edss": r"\bEDSS",
    "relapse": r"relapse",
    "lesions": r"lesion",
    "vision": r"visual|acuity",
}
"""Words of a contradiction that belong to a kind of claim, or to the domain of its outcome."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Appraisal(Derivation):
    """An article appraised: the table has one row per claim.

    Parameters
    ----------
    article : Article
        What the claims were read in.
    claims : tuple of ClaimAppraisal
        One per claim, in order.
    verdict : Verdict
        The verdict on the whole.

    Notes
    -----
    Columns of `table`: claim, studies, kind, said, may_say, label, design, class_of_claim, events, n, value,
    low, high (shares), estimate (text), lints (codes), contradictions (ids), certainty. The trace has one row
    per claim (as `subject`) and lint.
    """

    article: Article
    claims: tuple[ClaimAppraisal, ...]
    verdict: Verdict

    def claim(self, claim_id: str) -> ClaimAppraisal:
        """Give one claim appraised.

        Parameters
        ----------
        claim_id : str
            Its id.

        Returns
        -------
        ClaimAppraisal
            The claim.

        Raises
        ------
        InputError
            When there is no such claim.
        """
        by_id = {each.claim.id: each for each in self.claims}
        require_choice("claim", claim_id, by_id)
        return by_id[claim_id]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of every claim with its exact interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        return draw_shares(self.name, self.verdict.estimates, ax)


def appraise(claims: Claims, *, registry: Registry | None = None, level: float = 0.95) -> Appraisal:
    """Hold every claim of an article against its design, the registry and the arithmetic.

    Parameters
    ----------
    claims : Claims
        The article and its claims, as `read_claims` gives them.
    registry : Registry, optional
        Where to look; the packaged registry when None.
    level : float
        Confidence level of every interval.

    Returns
    -------
    Appraisal
        One row per claim in `table`; what belongs beside it in `claims`; the whole in `verdict`.

    Raises
    ------
    InputError
        When a claim names a study that the registry does not hold.

    Notes
    -----
    The design caps the claim: a single arm shows what happened, a before-after study with a run-in a change
    in course, a randomised trial an effect. Shares carry their exact interval, the share on placebo in the
    nearest randomised trial, and the share expected without treatment.

    References
    ----------
    Guyatt GH, et al. (2008). GRADE: an emerging consensus. BMJ 336:924.
    Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> import datetime, ranvier as rv
    >>> article = rv.verdict.Article(
    ...     title="An article", address="example", date=datetime.date(2024, 2, 24), kind="news article"
    ... )
    >>> claim = rv.verdict.Claim(
    ...     id="zero", kind="serious_events", studies=("dahbour2017", "lu2012"),
    ...     events=0, n=15, said="None seen.",
    ... )
    >>> found = rv.verdict.appraise(rv.verdict.Claims(article=article, claims=(claim,)))
    >>> print(found.claim("zero").may_say)
    No serious event put down to the treatment in 15 patients; the true rate could be up to 21.8 %.
    """
    held = evidence.registry() if registry is None else registry
    if not isinstance(claims, Claims):
        raise InputError(f"claims must be what read_claims gives; got {type(claims).__name__}.")
    summaries = _summaries(held, claims, level)
    appraised, trace = [], []
    for claim in claims.claims:
        context = Context(
            registry=held,
            claims=claims,
            summaries=tuple(summaries[study_id] for study_id in claim.studies),
            level=level,
        )
        one = _appraise_one(claim, context)
        appraised.append(one)
        trace += _trace(one)
    done = tuple(appraised)
    return Appraisal(
        name=f"Claims of: {claims.article.title}",
        table=_table(done),
        trace=pl.DataFrame(trace, schema=TRACE_SCHEMA),
        reasons={code: _sentence_of(code) for code in _LINTS} | {"clear": "nothing found"},
        method=(
            "Each claim was held against the design of its study, the registry and its own arithmetic; "
            f"shares carry exact (Clopper-Pearson) {100 * level:g} % intervals."
        ),
        references=("Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404",),
        article=claims.article,
        claims=done,
        verdict=_verdict(claims, done, tuple(summaries.values()), held, level),
    )


def _summaries(registry: Registry, claims: Claims, level: float) -> dict[str, StudySummary]:
    named: dict[str, StudySummary] = {}
    judged = {each.study: each for each in claims.risk_of_bias}
    known = registry.studies["study_id"].to_list()
    for study_id in judged:
        require_choice("study of risk_of_bias", study_id, known)
    for each in claims.patients:
        require_choice("study of patients", each.study, known)
    for claim in claims.claims:
        for study_id in claim.studies:
            require_choice(f"study of claim {claim.id!r}", study_id, known)
            if study_id not in named:
                named[study_id] = summarise(registry, study_id, level=level, bias=judged.get(study_id))
    return named


def _appraise_one(claim: Claim, context: Context) -> ClaimAppraisal:
    agree, disagree = agreement(claim, context)
    share, of_treated = shares(claim, context)
    improved = _speaks_of_improvement(claim)
    known = claim.last_attack_reported or _attacks_reported(claim, context)
    interpretable = known or not improved or all(s.randomised for s in context.studies)
    label = choose_label(claim, context, agree=agree, disagree=disagree, interpretable=interpretable)
    sentence = sentence_for(claim, context, share=share, label=label, found=(agree, disagree))
    return ClaimAppraisal(
        claim=claim,
        label=label,
        may_say=_with_its_source(sentence, label, claims=context.claims),
        class_of_claim=min((s.class_of_claim for s in context.summaries), key=_CLASSES.index),
        estimate=share,
        of_treated=of_treated,
        lints=tuple(found for rule in _LINTS.values() if (found := rule(claim, context)) is not None),
        contradictions=_contradictions(claim, context),
        agree=agree,
        disagree=disagree,
        favourable=tuple(finding for s in context.summaries for finding in s.favourable),
        unfavourable=tuple(finding for s in context.summaries for finding in s.unfavourable),
        unmentioned=unmentioned(context, claim.studies),
        placebo=context.summaries[0].placebo if improved and claim.domain == "edss" else None,
        natural_history=natural_facts(context.registry, context.studies[0].disease or "mixed", _topic(claim)),
        interpretable=interpretable,
        without_effect=without_effect(claim, context),
        certainty=lowest(tuple(s.certainty for s in context.summaries)),
        studies=context.summaries,
    )


def _with_its_source(sentence: str, label: str, *, claims: Claims) -> str:
    if label != "read nowhere else":
        return sentence
    return say("only_article", kind=claims.article.kind, sentence=sentence[:1].lower() + sentence[1:])


def _speaks_of_improvement(claim: Claim) -> bool:
    if claim.kind == "responders":
        return True
    return claim.kind == "change" and claim.domain == "edss" and (claim.after or 0) < (claim.before or 0)


def _attacks_reported(claim: Claim, context: Context) -> bool:
    told = {each.study for each in context.claims.patients if each.last_attack_days is not None}
    return set(claim.studies) <= told


def _topic(claim: Claim) -> str:
    if claim.kind in ("stable", "worse"):
        return f"{claim.domain}_{claim.kind}"
    return claim.domain or ""


def _contradictions(claim: Claim, context: Context) -> tuple[Contradiction, ...]:
    key = claim.kind if claim.kind in _TOPICS else (claim.domain or "")
    words = re.compile(_TOPICS.get(key, r"(?!)"))
    return tuple(
        found
        for summary in context.summaries
        for found in summary.contradictions
        if words.search(found.claim_a) or (claim.kind == "stable" and words.search(found.claim_b))
    )


def _trace(one: ClaimAppraisal) -> list[dict[str, Any]]:
    variants = {"level_unknown": "level", "centring_scale": "centring"}
    hits = {variants.get(found.code, found.code) for found in one.lints}
    return [
        {
            "subject": one.claim.id,
            "day": None,
            "step": "lint",
            "outcome": "found" if code in hits else "clear",
            "reason": code if code in hits else "clear",
        }
        for code in _LINTS
    ]


def _sentence_of(code: str) -> str:
    return SENTENCES[f"lint_{code}"]


def _table(appraised: tuple[ClaimAppraisal, ...]) -> pl.DataFrame:
    rows = [
        {
            "claim": each.claim.id,
            "studies": each.study_labels,
            "kind": each.claim.kind,
            "said": each.claim.said,
            "may_say": each.may_say,
            "label": each.label,
            "design": each.design,
            "class_of_claim": each.class_of_claim,
            "events": each.claim.events,
            "n": each.claim.n,
            "value": each.estimate.value if each.estimate else None,
            "low": each.estimate.low if each.estimate else None,
            "high": each.estimate.high if each.estimate else None,
            "estimate": each.estimate.text() if each.estimate else None,
            "lints": ", ".join(found.code for found in each.lints),
            "contradictions": ", ".join(found.issue_id for found in each.contradictions),
            "certainty": each.certainty.level,
        }
        for each in appraised
    ]
    numbers = dict.fromkeys(("value", "low", "high"), pl.Float64)
    counts = dict.fromkeys(("events", "n"), pl.Int64)
    schema = dict.fromkeys(rows[0], pl.String) | numbers | counts
    return pl.DataFrame(rows, schema={name: schema[name] for name in rows[0]})


def _verdict(
    claims: Claims,
    appraised: tuple[ClaimAppraisal, ...],
    summaries: tuple[StudySummary, ...],
    registry: Registry,
    level: float,
) -> Verdict:
    whole = Context(registry=registry, claims=claims, summaries=summaries, level=level)
    counts = Counter(each.label for each in appraised)
    listed = ", ".join(f"{counts[label]} {label}" for label in LABELS if counts[label])
    lines = [summary.headline for summary in summaries]
    for summary in summaries:
        lines += [
            say(
                "article_omitted",
                kind=claims.article.kind,
                label=summary.study.label,
                finding=finding.sentence,
            )
            for finding in unmentioned(whole, (summary.study.study_id,))
        ]
    lines += [line for each in appraised for line in _figures_elsewhere(each, whole)]
    lines += _safety(appraised)
    lines += [] if all(each.interpretable for each in appraised) else [say("attack_unknown")]
    lines += [
        beside(each.placebo) for each in appraised if each.placebo is not None and each.placebo.estimate
    ]
    lines += [
        say("article_certainty", label=summary.study.label, level=summary.certainty.level)
        for summary in summaries
    ]
    lines.append(say("article_claims", n=plural(len(appraised), "claim"), counts=listed))
    said = [each.of_treated or each.estimate for each in appraised]
    placebo = {each.placebo.study_id: each.placebo.estimate for each in appraised if each.placebo is not None}
    return Verdict(
        title=f"Verdict on: {claims.article.title}",
        headline=tuple(dict.fromkeys(lines)),
        favourable=tuple(finding for summary in summaries for finding in summary.favourable),
        unfavourable=tuple(finding for summary in summaries for finding in summary.unfavourable),
        neither=tuple(finding for summary in summaries for finding in summary.neither),
        certainty=lowest(tuple(summary.certainty for summary in summaries)),
        studies=summaries,
        estimates=tuple(
            {share.quantity: share for share in (*said, *placebo.values()) if share is not None}.values()
        ),
    )


def _figures_elsewhere(each: ClaimAppraisal, whole: Context) -> list[str]:
    context = Context(registry=whole.registry, claims=whole.claims, summaries=each.studies, level=whole.level)
    outcome = each.claim.outcome
    if outcome is None:
        return []
    return [
        say(
            "article_elsewhere",
            outcome=OUTCOMES[outcome].words,
            before=mean_text(each.claim.before),
            after=mean_text(each.claim.after),
            other=_source_of_figures(other, row),
        )
        for other, row in matches_elsewhere(each.claim, context)
    ]


def _source_of_figures(other: Study, row: dict[str, Any]) -> str:
    n = row["n"] if row["n"] is not None else other.n
    return f"{other.label} (n={n}, at 0 and {row['timepoint_months_number']:g} months)"


def _safety(appraised: tuple[ClaimAppraisal, ...]) -> list[str]:
    """Give the bound of the claim with most patients."""
    counted = [each for each in appraised if each.claim.kind in ("serious_events", "safe") and each.estimate]
    if not counted:
        return []
    widest = max(counted, key=lambda each: each.estimate.n if each.estimate else 0)
    held = [found.estimate for found in widest.disagree] if widest.label == "contradicted" else []
    share = max((each for each in held or [widest.estimate] if each), key=lambda each: each.n)
    events = round(share.value * share.n)
    return [say("article_safety", events=events, n=share.n, high=percent(share.high))]
