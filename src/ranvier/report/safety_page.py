"""The page on harm alone: what `ranvier safety` writes."""

from __future__ import annotations

import polars as pl

from ranvier.report.building import BANNERS, versions
from ranvier.report.model import Block, Bullets, DataTable, Paragraph, Report, Section
from ranvier.report.safety_section import (
    comparison_blocks,
    event_blocks,
    listing_blocks,
    none_seen_blocks,
    over_time_blocks,
    rule_blocks,
)
from ranvier.result import percent, plural
from ranvier.stats import proportion
from ranvier.trial import Trial
from ranvier.verdict import Harms, analyse_harms

__all__ = ["build_safety", "safety_errors"]

ERRORS_LISTED = 200
"""Errors listed one by one; `ranvier check` gives all of them."""


def build_safety(
    trial: Trial, *, by: str | None = None, among: str = "any", harms: Harms | None = None
) -> Report:
    """Give the safety report of a trial.

    Parameters
    ----------
    trial : Trial
        The trial; patients, doses and adverse events are enough.
    by : {"nested", "term", "body_system", "grade"}, optional
        What events are listed by; "nested" (body system, then term) where body systems were recorded, else
        "term".
    among : {"any", "serious", "related", "procedure_related", "fatal"}
        Class of events that is tabulated and drawn.
    harms : Harms, optional
        What `verdict.analyse_harms` gave for this trial, where it is there already; `by` and `among` are then
        not looked at.

    Returns
    -------
    Report
        Where the stopping rules stand, what was seen, what nobody had, comparison, time, serious events,
        methods.

    Raises
    ------
    InputError
        When adverse events were not recorded, a choice is unknown, or the data cannot be used.

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> page = rv.report.build_safety(rv.read_trial(examples() / "dahbour_2017"))
    >>> [section.key for section in page.sections][:2]
    ['result', 'events']
    """
    found = analyse_harms(trial, by=by, among=among) if harms is None else harms
    protocol = trial.protocol
    sections = (
        ("result", "What was seen", [*_headline(trial, found), *rule_blocks(found.rules)]),
        ("events", "Adverse events", [*none_seen_blocks(found), *event_blocks(found)]),
        ("comparison", "Compared with the control arm", comparison_blocks(found)),
        ("time", "How grave, and when", over_time_blocks(found)),
        ("serious", "Serious adverse events", listing_blocks(found)),
        ("findings", "Data findings", _findings(trial)),
        ("methods", "Methods", _methods(found)),
    )
    return Report(
        title=f"Safety: {protocol.title}",
        subtitle=" · ".join(_sizes(found)),
        banner=BANNERS[protocol.data_kind],
        sections=tuple(
            Section(key=key, title=title, blocks=tuple(blocks)) for key, title, blocks in sections if blocks
        ),
        meta={
            **versions(),
            "trial": protocol.id,
            "data_kind": protocol.data_kind,
            "inputs": dict(trial.hashes),
            "stopping_rules": [each.to_dict() for each in found.rules],
        },
    )


def _sizes(harms: Harms) -> list[str]:
    """Give the treated patients of each arm."""
    sizes = harms.incidence.table.select("arm", "n").unique(maintain_order=True)
    return [f"{arm}: {n} treated" for arm, n in sizes.iter_rows()]


def _headline(trial: Trial, harms: Harms) -> list[Block]:
    """Say for each arm how many had a serious event, and up to how many that leaves possible."""
    labels = {arm.id: arm.label for arm in trial.protocol.arms}
    rows = harms.listing.table.filter("treatment_emergent")
    unmarked = rows.filter(~pl.col("serious").fill_null(value=False)).height
    errors = safety_errors(trial).height
    said = []
    for arm, n in harms.incidence.table.select("arm", "n").unique(maintain_order=True).iter_rows():
        if n:
            serious = rows.filter(arm=arm)["subject"].n_unique()  # fatal ones among them, marked or not
            share = proportion(serious, n)
            said.append(
                f"{labels.get(arm, arm)}: {serious} of {n} patients had a serious or fatal adverse event "
                f"after the first dose; the true share could be up to {percent(share.high)}."
            )
        else:
            said.append(f"{labels.get(arm, arm)}: nobody was treated, so that nothing can be said.")
    blocks: list[Block] = [Paragraph(text=" ".join(said), tone="key")]
    if unmarked:
        text = (
            f"{plural(unmarked, 'fatal event')} not marked as serious: an event that results in death is "
            "serious (ICH E2A). They are listed and held against the stopping rules; the counts of serious "
            "events follow the flag."
        )
        blocks.append(Paragraph(text=text, tone="caution"))
    if errors:
        text = f"The checks found {plural(errors, 'error')} in these data, listed below; mend them first."
        blocks.append(Paragraph(text=text, tone="caution"))
    return blocks


def safety_errors(trial: Trial) -> pl.DataFrame:
    """Give the errors in the tables that a safety report rests on.

    Parameters
    ----------
    trial : Trial
        The trial.

    Returns
    -------
    polars.DataFrame
        Findings of severity error in patients, doses and adverse events, columns of
        `ranvier.tables.FINDING_SCHEMA`.
    """
    used = [trial.files.get(name, name) for name in ("subjects", "doses", "adverse_events")]
    return trial.check().table.filter(pl.col("severity") == "error", pl.col("file").is_in(used))


def _findings(trial: Trial) -> list[Block]:
    """List the errors, counted by rule and one by one."""
    errors = safety_errors(trial)
    if errors.is_empty():
        return []
    kinds = errors.group_by("rule", maintain_order=True).agg(
        pl.len().alias("rows"), pl.col("message").first(), pl.col("advice").first()
    )
    columns = ["rule", "file", "row", "subject", "day", "column", "value", "message"]
    more = errors.height - ERRORS_LISTED
    return [
        DataTable(
            caption="Errors by rule",
            frame=kinds.sort("rows", "rule", descending=[True, False]),
            labels={"message": "what was found first", "advice": "what to do"},
        ),
        DataTable(
            caption="Errors in patients, doses and adverse events",
            frame=errors.select(columns).head(ERRORS_LISTED),
            labels={"subject": "patient", "message": "what was found"},
            note=f"{plural(more, 'more error')} not listed here." if more > 0 else "",
        ),
    ]


def _methods(harms: Harms) -> list[Block]:
    """Give how each table was made, and the sources of the methods."""
    parts = [harms.incidence, harms.none_seen, harms.comparison, harms.worst, harms.first, harms.over_time]
    known = [part for part in (*parts, harms.registry) if part is not None]
    sources = dict.fromkeys(source for part in known for source in part.references)
    return [
        Bullets(title="How each table was made", items=tuple(part.explain() for part in known)),
        Bullets(title="Sources", items=tuple(sources)),
    ]
