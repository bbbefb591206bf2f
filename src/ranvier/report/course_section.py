"""The section of a trial report on confirmed disability events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from ranvier import course
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph
from ranvier.result import number, plural
from ranvier.verdict import Analysis, ConfirmedEvents

__all__ = ["confirmed_section"]

EVENTS_EXPLAINED = 40
"""Patients explained one by one; the table has every event."""

COLUMNS = {
    "subject": "patient",
    "measure": "measure",
    "event": "event",
    "type": "type",
    "day": "day",
    "reference_day": "reference, day",
    "reference": "reference",
    "value": "value",
    "threshold": "threshold",
    "confirmed_day": "confirmed, day",
    "why": "why",
}

WHY_NOT = {
    "at-last-visit": "it is the last visit, so that nothing can confirm it",
    "no-visit-in-window": "no later visit is far enough away to confirm it",
    "no-eligible-visit": "the visits that could confirm it are too near to a relapse or not eligible",
}


def confirmed_section(analysis: Analysis) -> list[Block]:
    """Give the blocks on confirmed worsening and improvement.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    list of Block
        What counted, exact shares, every event with its explanation, and what was seen but not confirmed.
    """
    blocks: list[Block] = []
    said: list[course.Definition] = []
    for found in analysis.confirmed:
        blocks += _kind(found, said)
        said.append(found.definition)
    return blocks


def _kind(found: ConfirmedEvents, said: Sequence[course.Definition]) -> list[Block]:
    title = f"Confirmed {found.kind}, definition {found.definition.name}"
    if found.events is None:
        text = f"{title}: it needs relapses, which were not recorded in these data; nothing is said about it."
        return [Paragraph(text=text, tone="caution")]
    same = next((other.name for other in said if _same_rules(other, found.definition)), None)
    if same:
        blocks: list[Block] = [Paragraph(text=f"{title}: the rules of {same}, for {found.kind}.")]
    else:
        blocks = [Paragraph(text=f"{title}. {found.definition.settings().text}")]
        blocks += [Paragraph(text=note) for note in found.events.notes]
    if not found.evaluable:
        text = (
            f"The visits can never confirm {_article(found.kind)}: no patient has a baseline and two later "
            "visits as far apart as the definition asks. That no event was found says nothing."
        )
        blocks.append(Paragraph(text=text, tone="caution"))
    if found.shares:
        blocks.append(Numbers(estimates=found.shares))
    blocks += _events(found)
    return blocks + _unconfirmed(found)


def _same_rules(first: course.Definition, second: course.Definition) -> bool:
    """Tell whether two definitions differ only in which events they keep, in name and note."""
    kept = {"name": second.name, "source": second.source, "note": second.note, "selection": second.selection}
    return replace(first, **kept) == second  # type: ignore[arg-type]


def _article(kind: str) -> str:
    return {"improvement": "an improvement", "worsening": "a worsening"}[kind]


def _events(found: ConfirmedEvents) -> list[Block]:
    events = found.events
    if events is None or events.table.is_empty():
        return [Paragraph(text=f"No {found.kind} was confirmed.")] if found.evaluable else []
    table = events.table.sort("subject", "day")
    shown = table.with_columns(_why(found).alias("why")).select(list(COLUMNS))
    empty = [name for name in ("type",) if shown[name].null_count() == shown.height]
    subjects = table["subject"].unique(maintain_order=True).to_list()
    said = tuple(
        f"{subject}. {events.explain(subject)}".replace("\n", " ") for subject in subjects[:EVENTS_EXPLAINED]
    )
    more = len(subjects) - len(said)
    return [
        DataTable(
            caption=f"Every confirmed {found.kind}",
            frame=shown.drop(empty),
            labels=COLUMNS,
            note="Days from the first dose. The event counts from the visit at which it began.",
        ),
        Bullets(
            title=f"How each {found.kind} was judged",
            items=(*said, f"{plural(more, 'more patient')} not explained here.") if more > 0 else said,
        ),
    ]


def _why(found: ConfirmedEvents) -> pl.Expr:
    """Say in a few words why the row is an event."""
    above = "above" if found.kind == "worsening" else "below"
    lower_is_better = {part.column: part.lower_is_better for part in found.definition.outcomes}
    other = {"above": "below", "below": "above"}[above]
    side = pl.col("measure").replace_strict(
        {name: above if low else other for name, low in lower_is_better.items()}, return_dtype=pl.String
    )
    gap = (pl.col("value") - pl.col("reference")).abs().round(2)
    held = (
        pl.when("imputed")
        .then(pl.lit("taken as confirmed, by definition"))
        .otherwise(pl.format("still there up to day {}", "confirmed_day"))
    )
    return pl.format("{} {} the reference (threshold {}); {}", gap, side, "threshold", held)


def _unconfirmed(found: ConfirmedEvents) -> list[Block]:
    """Say what was seen at a visit and that nothing could confirm it."""
    rows = found.unconfirmed
    if rows.is_empty():
        return []
    patients = rows["subject"].n_unique()
    last = found.only_at_last_visit
    blocks: list[Block] = []
    if last:
        text = (
            f"Unconfirmed (no later visit): {plural(last, 'patient')} had {_article(found.kind)} of this "
            "size at the last visit only. It may last, or be a good or a bad day, recovery from an attack, "
            "or a difference between examiners; one visit cannot tell. It does not count here."
        )
        blocks.append(Paragraph(text=text, tone="caution"))
    items = tuple(_sentence(row) for row in rows.head(EVENTS_EXPLAINED).iter_rows(named=True))
    return [
        *blocks,
        Bullets(title=f"Seen but not confirmed ({plural(patients, 'patient')})", items=items),
    ]


def _sentence(row: Mapping[str, Any]) -> str:
    gap = row["value"] - row["reference"]
    measure = "EDSS" if row["measure"] == "edss" else row["measure"]
    return (
        f"{row['subject']}, day {row['day']}: {measure} {number(row['value'], digits=1)}, "
        f"{number(abs(gap), digits=1)} {'above' if gap > 0 else 'below'} the reference of "
        f"{number(row['reference'], digits=1)}; not confirmed, because {WHY_NOT[row['reason']]}."
    )
