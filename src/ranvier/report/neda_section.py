"""The section of a trial report on no evidence of disease activity (NEDA)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.report.drawing import SERIES, SOFT, draw
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Numbers, Paragraph
from ranvier.result import plural
from ranvier.verdict import Analysis, NedaResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PATIENTS_EXPLAINED", "neda_section"]

PATIENTS_EXPLAINED = 40
"""Patients explained one by one; `course.neda` explains every one."""

COMPONENTS = {
    "relapse": "relapse",
    "worsening": "confirmed worsening",
    "mri": "MRI lesion",
    "brain_volume": "loss of brain volume",
}
"""Components as the end of "failed first on"."""

LABELS = {
    "subject": "patient",
    "first_failure_day": "first failure, day",
    "failure_left_day": "last day known to be free of it",
    "first_failing_component": "failed first on",
    "mri": "MRI",
    "worsening": "confirmed worsening",
    "brain_volume": "brain volume",
}


def neda_section(analysis: Analysis) -> list[Block]:
    """Give the blocks on no evidence of disease activity.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    list of Block
        What counted, exact shares or why there are none, first failing components, what is not known, and
        every patient with the explanation.
    """
    return [block for place, found in enumerate(analysis.neda) for block in _one(found, place)]


def _one(found: NedaResult, place: int) -> list[Block]:
    definition = found.definition
    text = f"{found.label}. {definition.text()}"
    blocks: list[Block] = [
        Paragraph(text=text if place == 0 else f"{found.label}, as above, and brain volume. {text}"),
        Bullets(title=f"What {found.label} rests on here", items=found.choices),
        *(Paragraph(text=reason, tone="caution") for reason in found.why_not),
    ]
    if found.shares:
        blocks.append(Numbers(estimates=found.shares))
    blocks += [Paragraph(text=bound, tone="caution") for bound in found.bounds]
    if found.status is None:
        return blocks
    if found.shares or found.failed["any"].sum():
        blocks.append(_bars(found))
    if found.missing.height:
        blocks.append(
            DataTable(
                caption=f"What is not known for {found.label}",
                frame=found.missing.with_columns(_words("component")),
            )
        )
    return [*blocks, *_patients(found)]


def _words(column: str) -> pl.Expr:
    return pl.col(column).replace(COMPONENTS)


def _patients(found: NedaResult) -> list[Block]:
    """List every patient with the status, and say how it was judged."""
    status = found.status
    if status is None:
        return []
    names = list(status.definition.components)
    columns = [
        "subject",
        "status",
        "first_failure_day",
        "failure_left_day",
        "first_failing_component",
        *names,
    ]
    shown = status.table.select(columns).with_columns(
        _words("first_failing_component"), pl.col("status").replace({"neda": found.label})
    )
    subjects = status.table["subject"].to_list()
    items = [_judged(found, subject) for subject in subjects[:PATIENTS_EXPLAINED]]
    more = len(subjects) - len(items)
    if more > 0:
        items.append(f"{plural(more, 'more patient')} not explained here.")
    return [
        DataTable(
            caption=f"{found.label} of each patient",
            frame=shown.head(PATIENTS_EXPLAINED),
            labels=LABELS,
            note="Days from the first dose. A failure happened after the last day known to be free of it."
            + (f" {plural(more, 'more patient')} not listed here." if more > 0 else ""),
        ),
        Bullets(title=f"How {found.label} of each patient was judged", items=tuple(items)),
    ]


def _judged(found: NedaResult, subject: str) -> str:
    """Say how one patient was judged; what lies before the first dose is left to `status.explain`."""
    status = found.status
    if status is None:
        return ""
    rows = status.trace.filter(pl.col("subject") == subject)
    decided = rows.filter(pl.col("step") == "status").row(0, named=True)
    steps = rows.filter(pl.col("step") != "status")
    if decided["outcome"] == "failed":
        first = status.table.filter(pl.col("subject") == subject)["first_failing_component"][0]
        parts = [f"{subject}: failed first on {COMPONENTS[first]}, day {decided['day']}."]
    else:
        word = found.label if decided["outcome"] == "neda" else decided["outcome"]
        parts = [f"{subject}: {word}, because {status.reasons[decided['reason']]}."]
    parts += [
        f"{said}: " + "; ".join(_piece(row, status.reasons) for row in kept.iter_rows(named=True)) + "."
        for said, kept in (
            ("Active", steps.filter(pl.col("outcome") == "active")),
            ("Not known", steps.filter(pl.col("outcome") == "missing")),
            ("Not counted", steps.filter(pl.col("outcome") == "not counted", pl.col("day") >= 0)),
        )
        if kept.height
    ]
    quiet = [COMPONENTS[name.replace(" ", "_")] for name in steps.filter(outcome="none")["step"]]
    return " ".join([*parts, *([f"No activity: {', '.join(quiet)}."] if quiet else [])])


def _piece(row: Mapping[str, Any], reasons: Mapping[str, str]) -> str:
    """Say one decision about a component."""
    when = "" if row["day"] is None else f"day {row['day']}, "
    return f"{when}{COMPONENTS[row['step'].replace(' ', '_')]} ({reasons[row['reason']]})"


def _bars(found: NedaResult) -> Drawing:
    """Draw how many patients have it, failed first on which component, and cannot be judged."""
    counts = _counts(found)
    key = found.definition.name

    def paint(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        ax = figure.add_subplot()
        colours = [*[SERIES[2]] * len(found.shares[:1]), *[SERIES[1]] * found.failed.height, SOFT]
        names, values = counts["patients are"].to_list(), counts["patients"].to_list()
        ax.barh(range(len(names)), values, color=colours, height=0.62)
        for row, value in enumerate(values):
            ax.annotate(str(value), (value, row), xytext=(4, 0), textcoords="offset points", va="center")
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(0, max(1, *values) * 1.08)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("patients")

    title = f"{found.label}: what patients failed on first."
    return Drawing(
        key=f"{key}-first-failure",
        title=title,
        description="Each treated patient once: without activity, by first failure, or not evaluable.",
        svg=draw(f"{key}-first-failure", paint, size=(7.6, 0.9 + 0.34 * counts.height), title=title),
        data=DataTable(caption=title, frame=counts),
    )


def _counts(found: NedaResult) -> pl.DataFrame:
    table = pl.DataFrame() if found.status is None else found.status.table
    free = table.filter(status="neda").height
    rows = [("without activity", free)] if found.shares else []  # else nobody can be shown to be
    rows += [
        (f"failed first on {COMPONENTS[name]}", first)
        for name, first in found.failed.select("component", "first").iter_rows()
    ]
    rows.append(("not evaluable", table.filter(status="not evaluable").height))
    return pl.DataFrame(rows, schema={"patients are": pl.String, "patients": pl.Int64}, orient="row")
