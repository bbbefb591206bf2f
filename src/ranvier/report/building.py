"""Put a report together: of a trial, and of an appraisal."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import polars as pl

from ranvier._version import __version__
from ranvier.report import figures
from ranvier.report.claim_nulls import how_simulated, null_drawings
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph, Report, Section
from ranvier.report.trial_sections import sections
from ranvier.result import Fit
from ranvier.trial import Trial
from ranvier.verdict import (
    LABELS,
    Analysis,
    Appraisal,
    Certainty,
    ClaimAppraisal,
    Finding,
    StudySummary,
    Verdict,
    analyse,
    assess,
)

__all__ = ["BANNERS", "build", "build_appraisal"]

BANNERS = {
    "patients": "",
    "reconstruction": (
        "Reconstruction, not patients: made to match published numbers; what no source gives is invented and "
        "listed below. Use this page to see the method, never to learn about the treatment."
    ),
    "simulated": "Simulated, not patients: every number on this page comes from a model.",
}
"""What stands on top of every page, by kind of data."""

PACKAGES = ("numpy", "scipy", "polars", "matplotlib")


def build(trial: Trial) -> Report:
    """Give the report of a trial.

    Parameters
    ----------
    trial : Trial
        The trial.

    Returns
    -------
    Report
        Verdict first, then protocol, patients, outcomes, safety, findings and methods.

    Raises
    ------
    InputError
        When the data hold errors, no visits are planned, or nobody was treated.

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> report = rv.report.build(rv.read_trial(examples() / "dahbour_2017"))
    >>> report.banner.split(",")[0]
    'Reconstruction'
    """
    analysis = analyse(trial)
    verdict = assess(analysis)
    protocol = trial.protocol
    first = Section(
        key="result",
        title="What this trial can say",
        blocks=(
            *_headline(verdict),
            *_both_sides(verdict),
            _certainty(verdict.certainty),
        ),
    )
    return Report(
        title=protocol.title,
        subtitle=_subtitle(analysis),
        banner=BANNERS[protocol.data_kind],
        sections=(first, *sections(analysis)),
        meta={
            **versions(),
            "trial": protocol.id,
            "data_kind": protocol.data_kind,
            "inputs": dict(trial.hashes),
            "protocol": protocol.to_dict(),
            "rule": analysis.rule.to_dict(),
            "verdict": verdict.to_dict(),
            "relapse_periods": analysis.relapse_periods,
            "expected_falls": analysis.expected_falls,
            "neda": analysis.neda,
            "scored_visits": analysis.scored.table,
        },
    )


def build_appraisal(appraisal: Appraisal) -> Report:
    """Give the page of an appraised article or paper.

    Parameters
    ----------
    appraisal : Appraisal
        From `verdict.appraise`.

    Returns
    -------
    Report
        Verdict first, then claim by claim, the studies behind them, and the sources.
    """
    article, verdict = appraisal.article, appraisal.verdict
    return Report(
        title=f"Appraisal: {article.title}",
        subtitle=f"{article.address}, {article.date}",
        sections=(
            Section(
                key="result", title="What may be said", blocks=(*_headline(verdict), *_both_sides(verdict))
            ),
            Section(key="claims", title="Claim by claim", blocks=_claims(appraisal)),
            *(_study(summary) for summary in verdict.studies),
            Section(key="methods", title="How the claims were judged", blocks=_judging(appraisal)),
        ),
        meta={**versions(), "article": appraisal.article, "verdict": verdict, "claims": appraisal.claims},
    )


def _subtitle(analysis: Analysis) -> str:
    protocol, flow = analysis.trial.protocol, analysis.flow
    parts = [protocol.design.replace("_", " "), f"{flow.treated} treated", f"{flow.evaluable} evaluable"]
    parts += [protocol.registration] if protocol.registration else []
    return " · ".join(parts)


def versions() -> dict[str, Any]:
    """Give the versions of ranvier, Python and the packages that numbers rest on.

    Returns
    -------
    dict
        Name to version.
    """
    return {
        "ranvier": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
    }


def _headline(verdict: Verdict) -> list[Block]:
    first, *rest = verdict.headline
    blocks: list[Block] = [Paragraph(text=first, tone="key"), Paragraph(text=" ".join(rest))]
    if verdict.beside:
        blocks.append(Bullets(title="What must be read beside it", items=verdict.beside))
    return blocks


def _both_sides(verdict: Verdict) -> list[Block]:
    """Give unfavourable and favourable results side by side, and what is neither."""
    sides = (
        (
            "Unfavourable",
            "unfavourable",
            verdict.unfavourable,
            "none in these data; that is not the same as none",
        ),
        ("Favourable", "favourable", verdict.favourable, "none in these data"),
        ("Neither", "plain", verdict.neither, ""),
    )
    return [
        Bullets(title=title, tone=tone, items=_sentences(found, verdict) or (none,))
        for title, tone, found, none in sides
        if found or none
    ]


def _sentences(found: Sequence[Finding], verdict: Verdict) -> tuple[str, ...]:
    """Give the sentences, each with its study where there are several."""
    labels = {summary.study.study_id: summary.study.label for summary in verdict.studies}
    if len(labels) < 2:
        return tuple(finding.sentence for finding in found)
    return tuple(f"{labels[finding.study_id]}: {finding.sentence}" for finding in found)


def _certainty(level: Certainty) -> DataTable:
    """Give each step down with its number."""
    reasons = [(step.domain, step.levels, step.sentence.partition(": ")[2]) for step in level.steps]
    frame = pl.DataFrame(
        reasons,
        schema={"domain": pl.String, "levels down": pl.Int64, "reason with its number": pl.String},
        orient="row",
    )
    judged = level.judged
    return DataTable(
        caption=f"Certainty in GRADE terms: {level.level} (starts {level.start})",
        frame=frame,
        note="" if judged is None else f"{judged.text()} {judged.source}.",
    )


def _claims(appraisal: Appraisal) -> tuple[Block, ...]:
    overview = appraisal.table.select("studies", "said", "label", "may_say")
    shares = tuple(each.estimate for each in appraisal.claims if each.estimate is not None)
    named = tuple(estimate for estimate in {estimate.quantity: estimate for estimate in shares}.values())
    chart = [
        figures.interval_chart(
            Fit(title="Shares that were claimed", estimates=named, method_text=""), key="shares"
        )
    ]
    return (
        DataTable(
            caption="Every claim, and what may be said instead",
            frame=overview,
            labels={"studies": "study", "may_say": "what may be said"},
        ),
        *(chart if named else []),
        *(block for each in appraisal.claims for block in _claim_blocks(each)),
        Numbers(estimates=named),
    )


def _claim_blocks(each: ClaimAppraisal) -> list[Block]:
    return [_claim(each), *null_drawings(each)]


def _claim(each: ClaimAppraisal) -> Bullets:
    tone = "favourable" if each.label.startswith("supported") else "unfavourable"
    quiet = each.label in ("read nowhere else", "cannot be interpreted")
    return Bullets(
        title=f"“{each.claim.said}” — {each.label}",
        items=each.sentences,
        tone="plain" if quiet else tone,
    )


def _study(summary: StudySummary) -> Section:
    needs = pl.DataFrame(
        [
            (need.text, "not known" if need.met is None else "yes" if need.met else "no")
            for need in summary.requirements
        ],
        schema={"an effect needs": pl.String, "met": pl.String},
        orient="row",
    )
    blocks: list[Block] = [
        Paragraph(text=summary.headline, tone="key"),
        Bullets(title="What the sources give", items=summary.sentences),
        DataTable(caption="What an effect needs", frame=needs),
        _certainty(summary.certainty),
    ]
    return Section(key=f"study-{summary.study.study_id}", title=summary.study.label, blocks=tuple(blocks))


def _judging(appraisal: Appraisal) -> tuple[Block, ...]:
    labels = pl.DataFrame(
        list(LABELS.items()), schema={"label": pl.String, "meaning": pl.String}, orient="row"
    )
    found = [finding for summary in appraisal.verdict.studies for finding in _all_findings(summary)]
    rows = dict.fromkeys(
        (each.study_id, each.outcome, each.source_type, each.certainty, each.source_url) for each in found
    )
    sources = pl.DataFrame(
        list(rows),
        schema=dict.fromkeys(("study", "result", "read in", "certainty", "address"), pl.String),
        orient="row",
    )
    return (
        Paragraph(text=appraisal.method),
        *how_simulated(appraisal),
        DataTable(caption="Labels of a claim", frame=labels),
        DataTable(
            caption="Where each result was read",
            frame=sources,
            note="Certainty A: the study's own abstract, table or registry record. B: a secondary report, or "
            "partly derived. C: a review table or the news article only. D (believed wrong) is never used.",
        ),
    )


def _all_findings(summary: StudySummary) -> tuple[Finding, ...]:
    return (*summary.favourable, *summary.unfavourable, *summary.neither)
