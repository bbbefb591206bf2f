"""What is wrong with, or deserves care in, a claim when it is held against the registry."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.evidence import Study
from ranvier.result import percent
from ranvier.verdict.certainty import co_interventions
from ranvier.verdict.claims import Claim
from ranvier.verdict.findings import Finding, plain
from ranvier.verdict.lints import Context, Lint, Rule, lint
from ranvier.verdict.outcomes import OUTCOMES

__all__ = ["REGISTRY_LINTS", "Match", "matches_elsewhere", "named_otherwise", "unmentioned"]

_SHARES = ("responders", "stable", "worse")
LARGE_FALL = 2.0
"""EDSS points of a fall that needs confirmation and the day of the last attack before it is believed."""
SAME = 0.005
"""Half of the last digit that a printed mean shows: values nearer than this are the same."""


Match = tuple[Study, dict[str, Any]]
"""Another study with the same figures, and its row of the later value."""


def matches_elsewhere(claim: Claim, context: Context) -> list[Match]:
    """Find other studies whose reported values of the same outcome equal those of the claim.

    Parameters
    ----------
    claim : Claim
        A claim of kind "change".
    context : Context
        Registry and studies.

    Returns
    -------
    list of Match
        Empty when the study itself reports these values, or no other study does.
    """
    if claim.kind != "change" or claim.before is None or claim.after is None:
        return []
    own = {study.study_id for study in context.studies}
    if any(_row_of_pair(context, study_id, claim) for study_id in own):
        return []
    found = []
    for study_id in context.registry.studies["study_id"]:
        row = None if study_id in own else _row_of_pair(context, study_id, claim)
        if row is not None:
            found.append((context.registry.study(study_id), row))
    return found


def _row_of_pair(context: Context, study_id: str, claim: Claim) -> dict[str, Any] | None:
    rows = context.registry.outcomes_of(study_id, claim.outcome).filter(
        (pl.col("certainty") != "D")
        & (pl.col("source_url") != context.claims.article.address)
        & pl.col("value_number").is_not_null()
        & pl.col("timepoint_months_number").is_not_null()
    )
    before = rows.filter(
        (pl.col("timepoint_months_number") == 0) & ((pl.col("value_number") - claim.before).abs() < SAME)
    )
    after = rows.filter(
        (pl.col("timepoint_months_number") > 0) & ((pl.col("value_number") - claim.after).abs() < SAME)
    )
    after = after.filter(pl.col("arm_id").is_in(before["arm_id"].to_list()))
    return None if after.is_empty() else after.row(-1, named=True)


def named_otherwise(claim: Claim, context: Context) -> list[str]:
    """Find outcomes of the same domain where the sources do not hold the one that was named.

    Parameters
    ----------
    claim : Claim
        A claim with an outcome.
    context : Context
        Registry and studies.

    Returns
    -------
    list of str
        Names of the outcomes that the sources hold; empty when the named one is among them.
    """
    if claim.outcome is None or claim.kind == "effective" or len(context.studies) != 1:
        return []
    rows = context.registry.outcomes_of(context.studies[0].study_id)
    held = rows.filter(pl.col("source_url") != context.claims.article.address)["outcome"].unique(
        maintain_order=True
    )
    if claim.outcome in rows["outcome"]:
        return []
    return [name for name in held if OUTCOMES[name].domain == claim.domain]


def unmentioned(context: Context, study_ids: tuple[str, ...]) -> tuple[Finding, ...]:
    """Find unfavourable results that no claim of the article speaks of.

    Parameters
    ----------
    context : Context
        Registry, claims and studies.
    study_ids : tuple of str
        Studies to look at.

    Returns
    -------
    tuple of Finding
        In the order of the table.
    """
    said = {
        (study_id, claim.outcome)
        for claim in context.claims.claims
        for study_id in claim.studies
        if claim.outcome is not None
    }
    return tuple(
        finding
        for summary in context.summaries
        if summary.study.study_id in study_ids
        for finding in summary.unfavourable
        if (finding.study_id, finding.outcome) not in said
    )


def figure_elsewhere(claim: Claim, context: Context) -> Lint | None:
    """Find a before and after that are those of another trial."""
    found = matches_elsewhere(claim, context)
    if not found or claim.before is None or claim.after is None:
        return None
    other, row = found[0]
    return lint(
        "elsewhere",
        "wrong",
        claim.after,
        before=_mean(claim.before),
        after=_mean(claim.after),
        other=other.label,
        n=row["n"] if row["n"] is not None else other.n,
        donor=other.autologous,
        source=f"{other.cell_source} {other.cell_class}",
        route=other.route or "route not seen",
        months=f"{row['timepoint_months_number']:g}",
        own=_own_start(claim, context),
    )


def _mean(value: float) -> str:
    return f"{value:.1f}" if round(value, 1) == value else plain(value)


def _own_start(claim: Claim, context: Context) -> str:
    for study in context.studies:
        rows = context.registry.outcomes_of(study.study_id, claim.outcome).filter(
            (pl.col("timepoint_months_number") == 0) & (pl.col("certainty") != "D")
        )
        for value in rows["value_number"]:
            return f"; for {study.label} another source gives {_mean(value)} at the start"
    return ""


def outcome_name(claim: Claim, context: Context) -> Lint | None:
    """Find an outcome that the sources hold under another name (a count for a volume)."""
    held = named_otherwise(claim, context)
    if not held or claim.outcome is None:
        return None
    words = ", ".join(OUTCOMES[name].words for name in held)
    label = context.studies[0].label
    return lint("outcome_name", "wrong", None, said=OUTCOMES[claim.outcome].words, label=label, held=words)


def follow_up(claim: Claim, context: Context) -> Lint | None:
    """Find a follow-up that another source gives differently."""
    for study in context.studies:
        known = study.follow_up_months
        if (
            claim.kind == "cohort"
            and claim.months is not None
            and known is not None
            and claim.months != known
        ):
            said, months = plain(claim.months), plain(known)
            return lint("follow_up", "wrong", claim.months, said=said, months=months, label=study.label)
    return None


def omitted(claim: Claim, context: Context) -> Lint | None:
    """Find an unfavourable result that the article does not mention."""
    if claim.kind not in ("effective", "responders"):
        return None
    found = unmentioned(context, claim.studies)
    if not found:
        return None
    return lint("omitted", "wrong", len(found), kind=context.claims.article.kind, finding=found[0].sentence)


def registered(claim: Claim, context: Context) -> Lint | None:
    """Find registered patients that nobody accounted for."""
    if not (_whole_cohort(claim) or claim.kind in ("responders", "serious_events")):
        return None
    for study in context.studies:
        planned, reported = study.n_registered, study.n
        if study.registration and planned and reported is not None and planned > reported:
            missing = planned - reported
            return lint(
                "registered",
                "care",
                missing,
                label=study.label,
                registered=planned,
                reported=reported,
                missing=missing,
                share=percent(missing / planned),
            )
    return None


def _whole_cohort(claim: Claim) -> bool:
    return claim.kind == "cohort" and claim.subgroup is None


def evaluable(claim: Claim, context: Context) -> Lint | None:
    """Find treated patients without a result."""
    for study in context.studies:
        treated, counted = study.n_treated, study.n_evaluable
        if study.randomised or treated is None or counted is None or counted >= treated:
            continue
        if claim.kind in (*_SHARES, "cohort", "change"):
            missing = treated - counted
            return lint(
                "evaluable",
                "care",
                missing,
                label=study.label,
                treated=treated,
                evaluable=counted,
                missing=missing,
                share=percent(missing / treated),
            )
    return None


def overlap(claim: Claim, context: Context) -> Lint | None:
    """Find studies that may hold the same patients."""
    for summary in context.summaries:
        if _whole_cohort(claim) and summary.overlaps:
            return lint(
                "overlap",
                "care",
                len(summary.overlaps),
                label=summary.study.label,
                other=", ".join(summary.overlaps),
            )
    return None


def rct_as_single_arm(claim: Claim, context: Context) -> Lint | None:
    """Find a share of one arm of a trial that had controls."""
    for study in context.studies:
        pooled_share = claim.kind == "pooled" and claim.percent is not None
        if study.n_control and (claim.kind in (*_SHARES, "change") or pooled_share):
            return lint("rct_arm", "wrong", study.n_control, label=study.label, n=study.n_control)
    return None


def mixed_cells(claim: Claim, context: Context) -> Lint | None:
    """Find a pool of aHSCT together with other cells."""
    apart = [study.label for study in context.studies if study.is_chemotherapy]
    others = [study.label for study in context.studies if not study.is_chemotherapy]
    if claim.kind != "pooled" or not apart or not others:
        return None
    return lint("mixed_cells", "wrong", len(apart), apart=", ".join(apart), others=", ".join(others))


def shared_patients(claim: Claim, context: Context) -> Lint | None:
    """Find studies of one overlap group that were pooled together."""
    groups: dict[str, list[str]] = {}
    for study in context.studies:
        if study.overlap_group:
            groups.setdefault(study.overlap_group, []).append(study.label)
    found = [labels for labels in groups.values() if len(labels) > 1]
    if claim.kind != "pooled" or not found:
        return None
    return lint("shared", "wrong", len(found[0]), labels=" and ".join(found[0]))


def large_fall(claim: Claim, context: Context) -> Lint | None:
    """Find falls of EDSS too large to be believed without confirmation."""
    if claim.kind not in ("responders", "change") or claim.domain != "edss":
        return None
    for study in context.studies:
        rows = context.registry.outcomes_of(study.study_id, "edss_change_individual")
        large = [value for value in rows["value_number"].drop_nulls() if value <= -LARGE_FALL]
        if large:
            falls = " and ".join(_mean(-value) for value in large)
            return lint("large", "care", min(large), values=falls, label=study.label)
    return None


def product(claim: Claim, context: Context) -> Lint | None:
    """Find another treatment that was given together with the cells."""
    for study in context.studies:
        given = co_interventions(context.registry, study)
        if given and (_whole_cohort(claim) or claim.kind == "effective"):
            return lint("product", "care", len(given), label=study.label, what=", ".join(given))
    return None


def blank_as_zero(claim: Claim, context: Context) -> Lint | None:
    """Find a zero that only the article states."""
    if claim.kind != "serious_events" or claim.events != 0:
        return None
    alone = [study.label for study in context.studies if not _counted(context, study)]
    if not alone:
        return None
    return lint("blank", "care", len(alone), kind=context.claims.article.kind, label=", ".join(alone))


def _counted(context: Context, study: Study) -> bool:
    """Say whether a source other than the article gives a safety count of the study."""
    rows = context.registry.safety_of(study.study_id)
    return not rows.filter(pl.col("source_url") != context.claims.article.address).is_empty()


REGISTRY_LINTS: dict[str, Rule] = {
    "elsewhere": figure_elsewhere,
    "outcome_name": outcome_name,
    "follow_up": follow_up,
    "omitted": omitted,
    "rct_arm": rct_as_single_arm,
    "mixed_cells": mixed_cells,
    "shared": shared_patients,
    "registered": registered,
    "evaluable": evaluable,
    "overlap": overlap,
    "large": large_fall,
    "product": product,
    "blank": blank_as_zero,
}
"""Lints of a claim against the registry, by code, in the order in which they are printed."""
