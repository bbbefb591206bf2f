"""One small figure per patient: the EDSS with its reference, thresholds, events and confirmations."""

from __future__ import annotations

import numpy as np
import polars as pl

from ranvier import course
from ranvier.course.thresholds import smallest_changes
from ranvier.report.course_marks import event_marks
from ranvier.report.drawing import LANES_SHOWN
from ranvier.report.model import Block, Paragraph
from ranvier.report.patient_figure import HIGHEST, Level, Patient, patient_figure
from ranvier.result import plural
from ranvier.verdict import Analysis, ConfirmedEvents

__all__ = ["ALL_DRAWN", "patients_section"]

ALL_DRAWN = 12
"""Patients up to which everybody is drawn; in larger trials only those with a change."""
DAYS_BEFORE = 365
"""Relapses and doses longer before the first visit are counted, not drawn: they would squeeze the curve."""
DECISIONS = ("candidate", "worsening", "improvement")
"""Steps of the trace that compare a visit with a reference."""


def patients_section(analysis: Analysis) -> list[Block]:
    """Give one figure per patient, with what was decided about each change.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    list of Block
        Words and figures; nothing when no EDSS was recorded.
    """
    seen = analysis.visits.drop_nulls(["day", "edss"])
    treated = analysis.trial.subjects.filter(pl.col("treated"))
    with_edss = treated.join(seen, on="subject", how="semi", maintain_order="left")["subject"].to_list()
    if not with_edss:
        return []
    marks = _marks(analysis)
    changed = _changed(analysis)
    chosen = with_edss if len(with_edss) <= ALL_DRAWN else [name for name in with_edss if name in changed]
    if not chosen:
        text = f"None of {len(with_edss)} patients had a change that reached the threshold; nobody is drawn."
        return [Paragraph(text=text)]
    text = _which(len(chosen), len(with_edss), treated.height) + (
        " The curve is the EDSS (higher is worse). Dashed: the reference; dotted: the EDSS from which a "
        "change counts. Square: the visit of the reference; filled triangle: where a confirmed change began; "
        "plus: its confirmation; open triangle: a change that no visit could confirm. On the axis: doses "
        "(small triangles) and relapses (crosses)."
    )
    shown = chosen[:LANES_SHOWN]
    figures = [
        patient_figure(_patient(analysis, name, seen, marks), n) for n, name in enumerate(shown, start=1)
    ]
    return [Paragraph(text=text), *figures]


def _which(chosen: int, with_edss: int, treated: int) -> str:
    """Say who is drawn and who is not."""
    if chosen == with_edss:
        said = f"{plural(with_edss, 'patient')} with an EDSS, one figure each."
    else:
        said = (
            f"One figure for each of {plural(chosen, 'patient')} with a confirmed or an unconfirmed change; "
            f"{with_edss - chosen} of {with_edss} had none."
        )
    if chosen > LANES_SHOWN:
        said += f" The first {LANES_SHOWN} are drawn; {plural(chosen - LANES_SHOWN, 'patient')} left out."
    if treated > with_edss:
        said += f" {plural(treated - with_edss, 'treated patient')} without any EDSS cannot be drawn."
    return said


def _changed(analysis: Analysis) -> set[str]:
    """Give the patients with a confirmed event or an unconfirmed change, of any measure."""
    names: set[str] = set()
    for found in analysis.confirmed:
        names |= set(found.unconfirmed["subject"])
        names |= set() if found.events is None else set(found.events.table["subject"])
    return names


def _marks(analysis: Analysis) -> pl.DataFrame:
    """Give the marks on the curves: of confirmed events, and of changes that no visit could confirm."""
    parts = [event_marks(analysis)]
    for found in analysis.confirmed:
        rows = found.unconfirmed.filter(pl.col("measure") == "edss")
        mark = pl.lit(f"unconfirmed {found.kind}").alias("mark")
        parts.append(rows.select("subject", "day", "value", mark))
    return pl.concat(parts).unique().sort("subject", "day", "mark")


def _patient(analysis: Analysis, subject: str, seen: pl.DataFrame, marks: pl.DataFrame) -> Patient:
    mine = pl.col("subject") == subject
    visits = seen.filter(mine).select("day", "visit", "edss").sort("day")
    first, last = visits["day"][0], visits["day"][-1]
    relapses, doses = (
        frame.filter(mine)["day"].drop_nulls().unique().sort().to_list()
        for frame in (analysis.trial.relapses, analysis.trial.doses)
    )
    near = tuple(day for day in relapses if day >= first - DAYS_BEFORE)
    levels = [level for found in analysis.confirmed for level in _levels(found, subject, first, last)]
    return Patient(
        subject=subject,
        visits=visits,
        levels=tuple(levels),
        marks=marks.filter(mine),
        relapses=near,
        doses=tuple(day for day in doses if day >= first - DAYS_BEFORE),
        earlier=len(relapses) - len(near),
        said=_said(analysis, subject),
    )


def _levels(found: ConfirmedEvents, subject: str, first: int, last: int) -> list[Level]:
    """Give the references that the decisions about a patient used, each until the next one."""
    outcome = next((part for part in found.definition.outcomes if part.column == "edss"), None)
    if found.events is None or outcome is None:
        return []
    mine = found.events.trace.filter(pl.col("subject") == subject, pl.col("measure") == "edss")
    compared = mine.filter(pl.col("step").is_in(DECISIONS)).select("reference_day", "reference", "until_day")
    moved = mine.filter(pl.col("reason") == "after-relapse").select(
        pl.col("day").alias("reference_day"), pl.col("value").alias("reference"), "until_day"
    )
    used = (
        pl.concat([compared, moved])
        .drop_nulls("reference")
        .with_columns(pl.col("reference_day").fill_null(first))
        .group_by("reference_day", "reference")
        .agg(pl.col("until_day").max())
        .sort("reference_day", "reference")
    )
    starts = used["reference_day"].to_list()
    moves = found.definition.baseline.moves
    levels = []
    for place, (start, reference, until) in enumerate(used.iter_rows()):
        following = starts[place + 1] if place + 1 < len(starts) else last
        end = min(until, following) if moves and until is not None else following
        limit = _limit(outcome, reference, found.kind)
        levels.append(Level(kind=found.kind, start=start, end=end, reference=reference, limit=limit))
    return levels


def _limit(outcome: course.Outcome, reference: float, kind: str) -> float | None:
    """Give the EDSS from which a change counts; None where the scale or the rule has no such value."""
    rule, sign = (outcome.worsening, 1) if kind == "worsening" else (outcome.better_rule, -1)
    limit = reference + sign * float(smallest_changes(rule, np.array([reference]))[0])
    return limit if 0 <= limit <= HIGHEST else None


def _said(analysis: Analysis, subject: str) -> tuple[str, ...]:
    """Give the sentences on every decision about a patient, each once; name the rules where they differ."""
    judged = [found for found in analysis.confirmed if found.events is not None]
    own = [(found.definition.name, _sentences(found, subject)) for found in judged]
    every = [sentence for _, sentences in own for sentence in sentences]
    one_set_of_rules = len({_rules(found.definition) for found in judged}) == 1
    return tuple(
        dict.fromkeys(
            sentence
            if one_set_of_rules or every.count(sentence) == len(own)
            else f"By {name}, {sentence[0].lower()}{sentence[1:]}"
            for name, sentences in own
            for sentence in sentences
        )
    )


def _rules(definition: course.Definition) -> tuple[object, ...]:
    """Give the parts of a definition that decide whether a change is confirmed."""
    return definition.outcomes, definition.baseline, definition.confirmation, definition.relapses


def _sentences(found: ConfirmedEvents, subject: str) -> list[str]:
    """Give the decisions of one search, without those that the search for the other kind judges."""
    if found.events is None:
        return []
    rows = found.events.trace.filter(pl.col("subject") == subject)
    if rows.is_empty() or set(rows["reason"]) == {"no-change"}:
        return []
    lines = found.events.explain(subject).split("\n")
    kept = rows["reason"].is_in(["no-change"]) | _of_other_kind(found, rows)
    return [line for line, skip in zip(lines, kept, strict=True) if not skip]


def _of_other_kind(found: ConfirmedEvents, rows: pl.DataFrame) -> pl.Series:
    """Mark the decisions on confirmed changes in the direction that this search does not report."""
    good = {part.column: part.lower_is_better for part in found.definition.outcomes}
    sign = pl.col("measure").replace_strict(
        {name: 1.0 if low else -1.0 for name, low in good.items()}, return_dtype=pl.Float64
    )
    toward = sign * (pl.col("value") - pl.col("reference")) * (1.0 if found.kind == "worsening" else -1.0)
    judged = pl.col("step").is_in(["worsening", "improvement", "type", "selection"])
    return rows.select((judged & (toward < 0)).fill_null(value=False).alias("skip"))["skip"]
