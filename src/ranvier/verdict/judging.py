"""The rules that choose the label of a claim and the sentence that may be said instead."""

from __future__ import annotations

from ranvier.evidence import PRINTED_SCALES
from ranvier.result import Estimate, percent
from ranvier.stats import proportion
from ranvier.verdict.claim_appraisal import mean_text
from ranvier.verdict.claims import Claim
from ranvier.verdict.findings import Finding, harms, results, serious_total, share_text
from ranvier.verdict.lints import NUMBER_LINTS, Context
from ranvier.verdict.lints_registry import REGISTRY_LINTS, SAME, matches_elsewhere, named_otherwise
from ranvier.verdict.outcomes import OUTCOMES
from ranvier.verdict.sentences import say

__all__ = ["agreement", "choose_label", "sentence_for", "shares"]

Found = tuple[tuple[Finding, ...], tuple[Finding, ...]]


def agreement(claim: Claim, context: Context) -> Found:
    """Find the results of the registry that give the same, or another, value than the claim.

    Parameters
    ----------
    claim : Claim
        The claim.
    context : Context
        Registry and studies.

    Returns
    -------
    tuple of two tuples of Finding
        Those that agree, and those that disagree.
    """
    agree: list[Finding] = []
    disagree: list[Finding] = []
    for study in context.studies:
        rows = (
            harms(context.registry, study.study_id, level=context.level)
            if claim.kind in ("serious_events", "safe")
            else results(context.registry, study.study_id, level=context.level)
        )
        same, other = _sorted_rows(claim, rows, pooled=len(context.studies) > 1)
        agree += same
        disagree += other
    if claim.kind == "responders" and claim.domain == "edss":
        agree += _single_falls(claim, context)
    if claim.kind == "change":
        same, other = _starting_values(claim, context)
        agree, disagree = agree + same, disagree + other
    return tuple(agree), tuple(disagree)


def _sorted_rows(
    claim: Claim, rows: tuple[Finding, ...], *, pooled: bool
) -> tuple[list[Finding], list[Finding]]:
    if claim.kind == "serious_events":
        counted = [row for row in rows if row.events is not None and "serious" in row.outcome.lower()]
        return [row for row in counted if pooled or row.events == claim.events], [
            row for row in counted if not pooled and row.events != claim.events
        ]
    same = [row for row in rows if row.outcome == claim.outcome]
    if claim.kind == "direction":
        fell = [row for row in same if " fell" in row.sentence]
        rose = [row for row in same if " rose" in row.sentence]
        return (fell, rose) if claim.direction == "fell" else (rose, fell)
    if claim.events is None:
        return [], []
    counted = [row for row in same if row.events is not None]
    return [row for row in counted if row.events == claim.events], [
        row for row in counted if row.events != claim.events
    ]


def _single_falls(claim: Claim, context: Context) -> list[Finding]:
    """Count single patients whose EDSS fell: as many as were claimed agree."""
    rows = [
        row
        for study in context.studies
        for row in results(context.registry, study.study_id, level=context.level)
        if row.outcome == "edss_change_individual" and row.sign == "favourable"
    ]
    return rows if len(rows) == claim.events else []


def _starting_values(claim: Claim, context: Context) -> tuple[list[Finding], list[Finding]]:
    agree: list[Finding] = []
    disagree: list[Finding] = []
    for study in context.studies:
        for row in context.registry.outcomes_of(study.study_id, claim.outcome).iter_rows(named=True):
            if row["certainty"] == "D" or row["timepoint_months_number"] != 0 or row["value_number"] is None:
                continue
            found = Finding(
                study_id=study.study_id,
                outcome=row["outcome"],
                sentence=say(
                    "single", outcome=OUTCOMES[row["outcome"]].words, value=row["value"], when=" at the start"
                ),
                sign="neither",
                source_url=row["source_url"],
                source_type=row["source_type"],
                certainty=row["certainty"],
                months=0.0,
                n=row["n"],
            )
            near = claim.before is not None and abs(row["value_number"] - claim.before) < SAME
            (agree if near else disagree).append(found)
    return agree, disagree


def choose_label(
    claim: Claim,
    context: Context,
    *,
    agree: tuple[Finding, ...],
    disagree: tuple[Finding, ...],
    interpretable: bool,
) -> str:
    """Choose the label of a claim; the first rule that holds decides.

    Parameters
    ----------
    claim : Claim
        The claim.
    context : Context
        Registry and studies.
    agree, disagree : tuple of Finding
        Results that give the same, or another, value.
    interpretable : bool
        False when improvement cannot be interpreted.

    Returns
    -------
    str
        One of `LABELS`.
    """
    if claim.kind in ("effective", "safe"):
        return _label_of_effect(context) if claim.kind == "effective" else "not shown"
    if claim.kind == "cohort":
        return _label_of_cohort(claim, context)
    if claim.kind == "pooled":
        return _label_of_pool(claim, context)
    if matches_elsewhere(claim, context):
        return "belongs to another trial"
    independent = [row for row in agree if row.source_url != context.claims.article.address]
    if disagree and not independent:
        return "contradicted"
    if not independent:
        return "overstated" if named_otherwise(claim, context) else "read nowhere else"
    one_arm = claim.kind in ("responders", "stable", "worse") and any(
        study.n_control for study in context.studies
    )
    if one_arm or not interpretable:
        return "cannot be interpreted"
    return "supported as a description"


def _label_of_pool(claim: Claim, context: Context) -> str:
    """Judge a published pool by its own numbers: the registry holds studies, not pools."""
    rules = NUMBER_LINTS | {code: REGISTRY_LINTS[code] for code in ("mixed_cells", "shared")}
    found = [each for rule in rules.values() if (each := rule(claim, context)) is not None]
    return "cannot be right" if any(each.severity == "wrong" for each in found) else "read nowhere else"


def _label_of_cohort(claim: Claim, context: Context) -> str:
    if _cohort_differs(claim, context):
        return "contradicted"
    said = context.claims.article.kind
    for study in context.studies:
        notes = study.notes or ""
        if claim.subgroup and claim.subgroup in notes and f"{said} only" in notes:
            return "read nowhere else"
    return "supported as a description"


def _label_of_effect(context: Context) -> str:
    benefits = {summary.benefit for summary in context.summaries}
    if benefits == {"effect shown"}:
        return "supported as an effect"
    return "overstated" if benefits <= {"effect shown", "positive, with limits"} else "not shown"


def _cohort_differs(claim: Claim, context: Context) -> bool:
    for study in context.studies:
        if len(context.studies) == 1 and claim.subgroup is None and claim.n is not None:
            known = {study.n_treated, study.n_evaluable, study.n_registered, study.n} - {None}
            if known and claim.n not in known:
                return True
        if claim.months is not None and claim.months != (study.follow_up_months or claim.months):
            return True
    return False


def sentence_for(claim: Claim, context: Context, *, share: Estimate | None) -> str:
    """Give the one plain sentence that may be said instead of the claim.

    Parameters
    ----------
    claim : Claim
        The claim.
    context : Context
        Registry and studies.
    share : Estimate or None
        The share of the claim with its interval.

    Returns
    -------
    str
        One sentence.
    """
    label = ", ".join(study.label for study in context.studies)
    if claim.kind == "cohort":
        return _cohort_sentence(claim, context, label)
    if claim.kind == "effective":
        return " ".join(summary.headline for summary in context.summaries)
    if claim.kind in ("serious_events", "safe"):
        return _safety_sentence(claim, context, share)
    words = OUTCOMES[claim.outcome].words if claim.outcome else ""
    if claim.kind == "direction" and (held := named_otherwise(claim, context)):
        return say(
            "direction_other",
            label=label,
            outcome=words,
            held=", ".join(OUTCOMES[name].words for name in held),
        )
    if claim.kind == "pooled":
        return _pooled_sentence(claim, context)
    if claim.kind == "direction":
        return say(f"direction_{claim.direction}", outcome=words)
    if claim.kind == "change":
        return _change_sentence(claim, context, label)
    code = "stable" if claim.kind == "stable" else "responders"
    if code == "responders" and any(study.n_control for study in context.studies):
        code = "responders_controlled"
    return say(
        code,
        events=claim.events,
        n=claim.n,
        group=_group(claim),
        outcome=words,
        share=share_text(share) if share else "",
    )


def _pooled_sentence(claim: Claim, context: Context) -> str:
    scale = next(name for name in PRINTED_SCALES if getattr(claim, name) is not None)
    return say(
        "pooled",
        outcome=OUTCOMES[claim.outcome or ""].words,
        scale=scale,
        value=f"{getattr(claim, scale):g}",
        low=f"{claim.low:g}",
        high=f"{claim.high:g}",
        k=len(context.studies),
        controlled=sum(bool(study.n_control) for study in context.studies),
    )


def _group(claim: Claim) -> str:
    return f"{claim.subgroup} {claim.unit}" if claim.subgroup else claim.unit


def _cohort_sentence(claim: Claim, context: Context, label: str) -> str:
    known = context.studies[0].follow_up_months
    if claim.months is not None and known is not None and claim.months != known:
        return say("cohort_months", n=claim.n, label=label, months=f"{known:g}")
    return say("cohort", n=claim.n, group=_group(claim), label=label)


def _change_sentence(claim: Claim, context: Context, label: str) -> str:
    elsewhere = matches_elsewhere(claim, context)
    values = {"before": mean_text(claim.before), "after": mean_text(claim.after)}
    if elsewhere:
        return say("change_elsewhere", **values, other=elsewhere[0][0].label, label=label)
    return say("change", **values, outcome=OUTCOMES[claim.outcome or "edss_mean"].words)


def _safety_sentence(claim: Claim, context: Context, share: Estimate | None) -> str:
    events, n = claim.events, claim.n
    if events is None or n is None:
        events, n = serious_total(context.registry, claim.studies)
    if share is None or not n:
        return say("no_safety")
    if events:
        return say(
            "harm", event="serious event", events=events, n=n, unit=claim.unit, share=share_text(share)
        )
    return say("no_serious", n=n, unit=claim.unit, high=percent(share.high))


def shares(claim: Claim, context: Context) -> tuple[Estimate | None, Estimate | None]:
    """Give the share that was claimed, and the same count among all treated.

    Parameters
    ----------
    claim : Claim
        The claim.
    context : Context
        Registry and studies.

    Returns
    -------
    tuple of Estimate or None
        None without a count; the second only when the claim counted a subgroup of the treated.
    """
    events, n = claim.events, claim.n
    if claim.kind == "safe" and events is None:
        events, n = serious_total(context.registry, claim.studies)
    if events is None or not n:
        return None, None
    words = OUTCOMES[claim.outcome].words if claim.outcome else "serious event"
    words = f"change of {words}" if claim.kind == "change" else words
    name = f"{', '.join(study.label for study in context.studies)}: {words}"
    share = proportion(events, n, level=context.level, quantity=f"{name}, {events} of {n}")
    treated = context.studies[0].n_treated if len(context.studies) == 1 else None
    if claim.subgroup is None or not treated or treated <= n:
        return share, None
    return share, proportion(
        events, treated, level=context.level, quantity=f"{name}, {events} of all {treated}"
    )
