"""The rules that choose the label of a claim and the sentence that may be said instead."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.evidence import PRINTED_SCALES
from ranvier.result import Estimate, percent
from ranvier.stats import proportion
from ranvier.verdict.claim_appraisal import mean_text
from ranvier.verdict.claims import Claim
from ranvier.verdict.findings import Finding, harms, results, series_sentence, share_text
from ranvier.verdict.lints import NUMBER_LINTS, Context
from ranvier.verdict.lints_registry import REGISTRY_LINTS, SAME, matches_elsewhere, named_otherwise
from ranvier.verdict.outcomes import OUTCOMES
from ranvier.verdict.phrases import counts_sentence
from ranvier.verdict.sentences import say
from ranvier.verdict.serious_counting import serious_counts, serious_total, serious_words

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
        if claim.kind not in ("serious_events", "safe"):
            controls = _control_arms(context, study.study_id)
            rows = tuple(row for row in rows if row.arm not in controls)
        same, other = _sorted_rows(claim, rows, pooled=len(context.studies) > 1)
        agree += same
        disagree += other
    if claim.kind == "responders" and claim.domain == "edss":
        agree += _single_falls(claim, context)
    if claim.kind == "change":
        same_pairs, other_pairs = _reported_changes(claim, context)
        agree, disagree = [*agree, *same_pairs], [*disagree, *other_pairs]
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
        moved = [row for row in same if row.direction is not None]
        return [row for row in moved if row.direction == claim.direction], [
            row for row in moved if row.direction != claim.direction
        ]
    if claim.events is None:
        return [], []
    counted = [row for row in same if row.events is not None]
    return [row for row in counted if _same_count(claim, row)], [
        row for row in counted if not _same_count(claim, row)
    ]


def _same_count(claim: Claim, row: Finding) -> bool:
    """Say whether a row holds the count that was claimed; a subgroup has another denominator by itself."""
    same_n = row.n is None or row.n == claim.n or claim.subgroup is not None
    return row.events == claim.events and same_n


def _control_arms(context: Context, study_id: str) -> set[str]:
    rows = context.registry.arms_of(study_id)
    return set(rows.filter(pl.col("arm_role").is_in(["control", "external_control"]))["arm_id"])


def _single_falls(claim: Claim, context: Context) -> list[Finding]:
    """Count single patients whose EDSS fell: as many as were claimed agree."""
    rows = [
        row
        for study in context.studies
        for row in results(context.registry, study.study_id, level=context.level)
        if row.outcome == "edss_change_individual" and row.sign == "favourable"
    ]
    return rows if len(rows) == claim.events else []


def _reported_changes(claim: Claim, context: Context) -> Found:
    """Sort what the registry holds at the start and later by whether it is the pair that was claimed."""
    agree: list[Finding] = []
    disagree: list[Finding] = []
    for study in context.studies:
        rows = context.registry.outcomes_of(study.study_id, claim.outcome).filter(
            pl.col("certainty") != "D", pl.col("value_number").is_not_null()
        )
        for start in rows.filter(timepoint_months_number=0).iter_rows(named=True):
            if not _near(start, claim.before):
                disagree.append(_found_at_start(start))
                continue
            later = rows.filter(pl.col("timepoint_months_number") > 0, pl.col("arm_id") == start["arm_id"])
            pairs = [(start, row) for row in later.iter_rows(named=True)]
            same = [pair for pair in pairs if _near(pair[1], claim.after)]
            agree += [_found_pair(*pair, context) for pair in same]
            disagree += [] if same else [_found_pair(*pair, context) for pair in pairs]
    return tuple(agree), tuple(disagree)


def _near(row: dict[str, Any], value: float | None) -> bool:
    return value is not None and abs(row["value_number"] - value) < SAME


def _found_at_start(row: dict[str, Any]) -> Finding:
    words = OUTCOMES[row["outcome"]].words
    return _neither(row, say("single", outcome=words, value=row["value"], when=" at the start"))


def _found_pair(start: dict[str, Any], later: dict[str, Any], context: Context) -> Finding:
    """Give a start and a later value; the source is the article itself when one of the two is from it."""
    own = start["source_url"] == context.claims.article.address
    return _neither(
        later | {"source_url": start["source_url"]} if own else later, series_sentence(start, later)
    )


def _neither(row: dict[str, Any], sentence: str) -> Finding:
    return Finding(
        study_id=row["study_id"],
        outcome=row["outcome"],
        sentence=sentence,
        sign="neither",
        source_url=row["source_url"],
        source_type=row["source_type"],
        certainty=row["certainty"],
        months=row["timepoint_months_number"],
        n=row["n"],
        arm=row["arm_id"],
    )


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
    return _size_differs(claim, context) or any(
        claim.months is not None and claim.months != (study.follow_up_months or claim.months)
        for study in context.studies
    )


def _size_differs(claim: Claim, context: Context) -> bool:
    """Say whether a study on its own is known, and never with so many patients."""
    if len(context.studies) != 1 or claim.subgroup is not None or claim.n is None:
        return False
    study = context.studies[0]
    known = {study.n_treated, study.n_evaluable, study.n_registered, study.n} - {None}
    return bool(known) and claim.n not in known


def sentence_for(
    claim: Claim, context: Context, *, share: Estimate | None, label: str, found: Found = ((), ())
) -> str:
    """Give the one plain sentence that may be said instead of the claim; never a value that is contradicted.

    Parameters
    ----------
    claim : Claim
        The claim.
    context : Context
        Registry and studies.
    share : Estimate or None
        The share of the claim with its interval.
    label : str
        The label that was chosen.
    found : tuple of two tuples of Finding
        What `agreement` gave.

    Returns
    -------
    str
        One sentence.
    """
    agree, disagree = found
    if claim.kind == "cohort":
        return _cohort_sentence(claim, context, _named(context))
    if label == "contradicted":
        stated = dict.fromkeys(row.sentence for row in disagree)
        return say("contradicted", held=" ".join(stated))
    if claim.kind == "effective":
        return " ".join(summary.headline for summary in context.summaries)
    if claim.kind in ("serious_events", "safe"):
        return _safety_sentence(claim, context, share)
    if claim.kind == "pooled":
        return _pooled_sentence(claim, context)
    if claim.kind == "direction":
        return _direction_sentence(claim, context, agree)
    return _counted_sentence(claim, context, share)


def _named(context: Context) -> str:
    return ", ".join(study.label for study in context.studies)


def _direction_sentence(claim: Claim, context: Context, agree: tuple[Finding, ...]) -> str:
    """Say what was said to have risen or fallen; with its first and last value where a source gives them."""
    words = OUTCOMES[claim.outcome].words if claim.outcome else ""
    if held := named_otherwise(claim, context):
        other = ", ".join(OUTCOMES[name].words for name in held)
        return say("direction_other", label=_named(context), outcome=words, held=other)
    with_numbers = [row.sentence for row in agree if row.change is not None]
    return with_numbers[0] if with_numbers else say(f"direction_{claim.direction}", outcome=words)


def _counted_sentence(claim: Claim, context: Context, share: Estimate | None) -> str:
    if claim.kind == "change":
        return _change_sentence(claim, context, _named(context))
    code = "stable" if claim.kind == "stable" else "responders"
    if code == "responders" and any(study.n_control for study in context.studies):
        code = "responders_controlled"
    return say(
        code,
        events=claim.events,
        n=claim.n,
        group=_group(claim),
        outcome=OUTCOMES[claim.outcome].words if claim.outcome else "",
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
    if _size_differs(claim, context):
        counts = counts_sentence(context.studies[0])
        return f"{label}: {counts[:1].lower()}{counts[1:]}"
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
    counted = serious_counts(context.registry, claim.studies)
    words = {"event": serious_words(counted) if counted else "serious event", "n": n, "unit": claim.unit}
    if events:
        return say("harm", **words, events=events, share=share_text(share))
    return say("no_serious", **words, high=percent(share.high))


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
