"""The sections of a trial report, from protocol to data findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from ranvier import course
from ranvier.report import figures
from ranvier.report.course_marks import event_marks
from ranvier.report.course_section import confirmed_section
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph, Section
from ranvier.report.neda_section import neda_section
from ranvier.report.null_section import null_section
from ranvier.report.patients import patients_section
from ranvier.report.relapse_section import relapses_section
from ranvier.report.safety_section import safety_section
from ranvier.report.scan_section import activity_blocks, mask_blocks
from ranvier.report.timelines import timeline
from ranvier.result import Derivation, plural
from ranvier.verdict import Analysis, Measured

__all__ = ["PATIENTS_LISTED", "SECTIONS", "sections"]

PATIENTS_LISTED = 200
"""Rows of patients or queries listed one by one; the input files and `ranvier check` hold all of them."""

NEVER_NEGATIVE = ("lesions", "mm³", "mm")
"""Units of what cannot be below 0."""

NOT_REPORTED = "not reported"

PRODUCT_LABELS = {
    "donor": "D – donor",
    "origin": "O – origin of tissue",
    "separation": "S – separation from other cells",
    "exhibited": "E – exhibited cell characteristics",
    "site": "S – site of delivery",
    "cell_class": "class of cells",
    "dose": "dose",
    "schedule": "schedule",
    "co_intervention": "given with it",
}


def _protocol(analysis: Analysis) -> list[Block]:
    protocol = analysis.trial.protocol
    facts = [
        ("design", f"{protocol.design.replace('_', ' ')} ({protocol.control})"),
        ("disease", protocol.disease),
        ("masking", protocol.masking or NOT_REPORTED),
        ("registration", protocol.registration or NOT_REPORTED),
        ("kind of data", protocol.data_kind),
        *((f"arm {arm.id}", f"{arm.label} ({arm.role})") for arm in protocol.arms),
        *((f"stopping rule {rule.id}", rule.text) for rule in protocol.stopping_rules),
    ]
    product = [
        (label, getattr(protocol.product, name) or NOT_REPORTED) for name, label in PRODUCT_LABELS.items()
    ]
    endpoints = pl.DataFrame(
        [
            {
                "endpoint": endpoint.title,
                "primary": endpoint.primary,
                "visit": endpoint.visit,
                "definition": endpoint.definition,
            }
            for endpoint in protocol.endpoints
        ],
        schema={"endpoint": pl.String, "primary": pl.Boolean, "visit": pl.String, "definition": pl.String},
    )
    return [
        _facts("What was planned", facts),
        _facts("What was given (DOSES items)", product),
        DataTable(caption="Endpoints", frame=endpoints),
        DataTable(
            caption="Scheduled visits",
            frame=protocol.schedule.select("visit", "planned_day", "low_day", "high_day"),
            labels={"planned_day": "day", "low_day": "from day", "high_day": "to day"},
            note="Days from the first dose, which is day 0.",
        ),
        *([Paragraph(text=protocol.estimand.text())] if protocol.estimand else []),
        *(Paragraph(text=note) for note in protocol.notes),
    ]


def _facts(caption: str, facts: Sequence[tuple[str, str]]) -> DataTable:
    frame = pl.DataFrame(facts, schema={"item": pl.String, "content": pl.String}, orient="row")
    return DataTable(caption=caption, frame=frame)


def _flow(analysis: Analysis) -> list[Block]:
    flow = analysis.flow
    stages = [
        ("registered (trial registry)", flow.registered, ""),
        (
            "in the data",
            flow.enrolled,
            _gap(flow.registered, flow.enrolled, "registered but not in the data"),
        ),
        ("treated", flow.treated, _gap(flow.enrolled, flow.treated, "in the data but not treated")),
        (
            f"evaluable at {analysis.final_visit}",
            flow.evaluable,
            "; ".join(f"{left.n}: {left.reason}" for left in flow.lost),
        ),
    ]
    frame = pl.DataFrame(
        stages, schema={"stage": pl.String, "patients": pl.Int64, "who left before": pl.String}, orient="row"
    )
    return [DataTable(caption="Patients at each stage", frame=frame)]


def _gap(before: int | None, after: int, words: str) -> str:
    return f"{before - after}: {words}" if before is not None and before > after else ""


def _baseline(analysis: Analysis) -> list[Block]:
    columns = ["subject", "arm", "sex", "age_years", "diagnosis", "phenotype", "aqp4", "last_attack_day"]
    columns += ["last_rescue_day", "treated"]
    served = course.at_schedule(analysis.visits, analysis.trial.protocol.schedule).table
    first = served.filter(pl.col("baseline")).select("subject", pl.col("value").alias("edss"))
    people = analysis.trial.subjects.select(columns).join(
        first, on="subject", how="left", maintain_order="left"
    )
    shown = people.head(PATIENTS_LISTED)
    empty = [name for name in shown.columns if shown[name].null_count() == shown.height]
    note = f"Not known for any patient: {', '.join(_words(name) for name in empty)}." if empty else ""
    return [
        DataTable(
            caption=f"Baseline of each of {plural(people.height, 'patient')}",
            frame=shown.drop(empty),
            labels={
                "subject": "patient",
                "age_years": "age, years",
                "aqp4": "AQP4",
                "last_attack_day": "last attack, day",
                "last_rescue_day": "last rescue, day",
                "edss": "EDSS",
            },
            note=" ".join(part for part in (note, _unlisted(people, "patient")) if part),
        )
    ]


def _unlisted(frame: pl.DataFrame, noun: str, many: str | None = None) -> str:
    """Say how many rows are not listed; nothing when all are."""
    more = frame.height - PATIENTS_LISTED
    return f"{plural(more, f'more {noun}', many and f'more {many}')} not listed here." if more > 0 else ""


def _words(column: str) -> str:
    return {
        "edss": "EDSS",
        "aqp4": "AQP4",
        "age_years": "age",
        "last_attack_day": "day of the last attack",
        "last_rescue_day": "day of the last rescue treatment",
    }.get(column, column.replace("_", " "))


def _timelines(analysis: Analysis) -> list[Block]:
    return [timeline(analysis.trial, analysis.visits)]


def _edss(analysis: Analysis) -> list[Block]:
    blocks: list[Block] = [Paragraph(text=analysis.rule.text())]
    if analysis.final.table.is_empty():
        text = f"Nobody has an EDSS at baseline and at {analysis.final_visit}."
        blocks.append(Paragraph(text=text, tone="caution"))
        return [*blocks, figures.edss_course(analysis.edss)] if analysis.edss.table.height else blocks
    noise = analysis.final.noise
    band = f" The grey band is ±{noise.value:g} points: {noise.note}" if noise else ""
    blocks += [
        Numbers(estimates=(*analysis.responders, *analysis.edss_change)),
        figures.edss_course(analysis.edss, marks=event_marks(analysis)),
        figures.change_dumbbell(
            analysis.final,
            key="edss-change",
            title=f"EDSS change at {analysis.final_visit}.",
            description=f"Open circle baseline, filled circle {analysis.final_visit}; left is better.{band}",
        ),
    ]
    if analysis.other_rules:
        blocks += [
            Paragraph(text="The same patients under other rules:"),
            Numbers(estimates=analysis.other_rules),
        ]
    return blocks


def _arms(analysis: Analysis) -> list[Block]:
    """Give the differences between the arms, and what they may mean."""
    blocks: list[Block] = []
    for found in analysis.arms:
        blocks.append(
            Paragraph(text=f"{found.arm} against {found.control}. {found.meaning} {' '.join(found.notes)}")
        )
        if found.estimates:
            blocks.append(Numbers(estimates=found.estimates))
        else:
            blocks.append(Paragraph(text="No outcome is known in both arms.", tone="caution"))
    return blocks


def _measured(parts: Sequence[Measured], absent: str, key: str) -> list[Block]:
    if not parts:
        return [Paragraph(text=absent)]
    estimates = tuple(estimate for part in parts for estimate in part.estimates)
    blocks: list[Block] = [Paragraph(text=parts[0].change.method)]
    if estimates:
        blocks.append(Numbers(estimates=estimates))
    for place, part in enumerate(parts, start=1):
        if part.change.table.is_empty():
            text = f"Nobody has {part.name} at baseline and at a later visit."
            blocks.append(Paragraph(text=text, tone="caution"))
            continue
        blocks.append(
            figures.slopes(
                part.change,
                key=f"{key}-{place}",
                title=f"{part.name[:1].upper()}{part.name[1:]}.",
                unit=part.unit,
                note="One line per patient.",
                from_zero=part.unit in NEVER_NEGATIVE,
            )
        )
    return blocks


def _lesions(analysis: Analysis) -> list[Block]:
    absent = "No lesion count or volume was recorded; nothing is said about MRI."
    blocks = _measured(analysis.lesions, absent, "lesions")
    return [*blocks, *activity_blocks(analysis.lesion_activity), *mask_blocks(analysis)]


def _acuity(analysis: Analysis) -> list[Block]:
    blocks = _measured(analysis.acuity, "Visual acuity was not recorded; nothing is said about it.", "acuity")
    if analysis.acuity:
        blocks.append(
            Paragraph(
                text="The two eyes of a patient are not independent; they are shown apart and never added up."
            )
        )
    return blocks


def _findings(analysis: Analysis) -> list[Block]:
    table = analysis.findings
    if table.is_empty():
        return [Paragraph(text="The checks found nothing to ask.")]
    columns = ["rule", "file", "row", "subject", "day", "column", "value", "message", "advice"]
    return [
        Paragraph(
            text=f"{plural(table.height, 'query', 'queries')} and no errors: a query is a value that can be "
            "right and deserves a second look."
        ),
        DataTable(
            caption="Queries",
            frame=table.select(columns).head(PATIENTS_LISTED),
            labels={"subject": "patient", "message": "what was found", "advice": "what to do"},
            note=_unlisted(table, "query", "queries"),
        ),
    ]


def _methods(analysis: Analysis) -> list[Block]:
    parts: list[Derivation] = [analysis.scored, analysis.edss]
    parts += [part for part in (analysis.relapses, analysis.adverse) if part is not None]
    parts += [part.events for part in analysis.confirmed if part.events is not None]
    parts += [part.status for part in analysis.neda if part.status is not None]
    parts += [part.change for part in (*analysis.lesions, *analysis.acuity)]
    parts += [analysis.scans] if analysis.scans is not None else []
    sources = dict.fromkeys(source for part in parts for source in part.references)
    hashes = pl.DataFrame(
        list(analysis.trial.hashes.items()), schema={"file": pl.String, "SHA-256": pl.String}, orient="row"
    )
    return [
        Bullets(
            title="How each table was made", items=tuple(dict.fromkeys(part.explain() for part in parts))
        ),
        Bullets(title="Sources of the methods", items=tuple(sources)),
        Bullets(
            title="Sources of the data",
            items=tuple(
                f"{part.citation}{f' {part.url}' if part.url else ''}"
                for part in analysis.trial.protocol.sources
            ),
        ),
        DataTable(caption="Input files", frame=hashes),
    ]


def _reconstruction(analysis: Analysis) -> list[Block]:
    protocol = analysis.trial.protocol
    if protocol.data_kind != "reconstruction":
        return []
    sources = {source.id: source.citation for source in protocol.sources}
    margins = pl.DataFrame(
        [(margin.text, sources.get(margin.source, margin.source)) for margin in protocol.margins],
        schema={"published": pl.String, "source": pl.String},
        orient="row",
    )
    invented = pl.DataFrame(
        [(part.table, part.column, part.how) for part in protocol.invented],
        schema={"table": pl.String, "column": pl.String, "how it was filled": pl.String},
        orient="row",
    )
    return [
        Paragraph(
            text="These patients were made to match what was published. Every number on this page that rests "
            "on an invented column shows what the page looks like, not what happened.",
            tone="caution",
        ),
        DataTable(caption="What was published and is matched", frame=margins),
        DataTable(caption="What no source gives and was invented", frame=invented),
    ]


SECTIONS: tuple[tuple[str, str, Callable[[Analysis], list[Block]]], ...] = (
    ("protocol", "Protocol and product", _protocol),
    ("flow", "Patients at each stage", _flow),
    ("baseline", "Baseline", _baseline),
    ("timelines", "Each patient in time", _timelines),
    ("edss", "Disability (EDSS)", _edss),
    ("null", "What happens with no treatment effect", null_section),
    ("arms", "The arms against the control arm", _arms),
    ("confirmed", "Confirmed disability events", confirmed_section),
    ("patients", "Each patient's disability", patients_section),
    ("relapses", "Relapses before and after treatment", relapses_section),
    ("lesions", "MRI lesions", _lesions),
    ("neda", "No evidence of disease activity (NEDA)", neda_section),
    ("acuity", "Visual acuity", _acuity),
    ("safety", "Adverse events", safety_section),
    ("reconstruction", "What is published and what is invented", _reconstruction),
    ("findings", "Data findings", _findings),
    ("methods", "Methods, definitions and versions", _methods),
)
"""Key, title and maker of each section after the result, in order; one without blocks is left out."""


def sections(analysis: Analysis) -> tuple[Section, ...]:
    """Give every section after the result.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    tuple of Section
        In the order of `SECTIONS`.
    """
    made = ((key, title, make(analysis)) for key, title, make in SECTIONS)
    return tuple(Section(key=key, title=title, blocks=tuple(blocks)) for key, title, blocks in made if blocks)
