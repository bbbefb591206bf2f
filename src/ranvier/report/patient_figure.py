"""The figure of one patient: the EDSS with reference, thresholds, events, doses and relapses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.report.course_marks import MARK_STYLE
from ranvier.report.drawing import DAYS_PER_MONTH, INK, SERIES, draw, month_axis
from ranvier.report.model import DataTable, Drawing
from ranvier.result import number, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["HIGHEST", "MARKS", "Level", "Patient", "patient_figure"]

HIGHEST = 10.0
"""Top of the EDSS; a threshold beyond an end of the scale cannot be reached and is not drawn."""
LEAST_SPAN = 2.0
"""EDSS points that a figure covers at least, so that half a step never fills it."""
MARGIN, LEAST_MARGIN_MONTHS = 0.04, 0.3
"""Room before the first and after the last mark: a share of the time shown, and never less than this."""
LABEL_GAP = 0.1
"""Least distance of two labels at the right, as a share of the height of the axes."""
DOSE_HEIGHT, RELAPSE_HEIGHT = 0.06, 0.17
"""Where doses and relapses stand above the axis, as shares of its height."""
ROUNDING = 1e-9
"""Scores are sums of binary fractions."""

MARKS: dict[str, dict[str, Any]] = {
    **MARK_STYLE,
    "unconfirmed worsening": {"marker": "^", "s": 64, "facecolors": "none", "edgecolors": SERIES[1]},
    "unconfirmed improvement": {"marker": "v", "s": 64, "facecolors": "none", "edgecolors": SERIES[2]},
}
LINES: dict[str, dict[str, Any]] = {
    "reference": {"color": INK, "linestyle": "--", "linewidth": 1.0},
    "worsening": {"color": SERIES[1], "linestyle": ":", "linewidth": 1.4},
    "improvement": {"color": SERIES[2], "linestyle": ":", "linewidth": 1.4},
}
COLUMNS = {
    "edss": "EDSS",
    "change": "change from reference",
    "worse_from": "worsening from",
    "better_from": "improvement from",
    "what": "what it counts as",
}


@dataclass(frozen=True, kw_only=True)
class Level:
    """A reference in force over some days, and the EDSS from which a change of one kind counts.

    Parameters
    ----------
    kind : {"worsening", "improvement"}
        Direction of the change.
    start, end : int
        First and last day.
    reference : float
        EDSS that a visit is compared with.
    limit : float or None
        EDSS from which a change counts; None where the scale or the rule has no such value.
    """

    kind: str
    start: int
    end: int
    reference: float
    limit: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Patient:
    """What one figure shows.

    Parameters
    ----------
    subject : str
        The patient.
    visits : polars.DataFrame
        Columns day, visit, edss; in time, at least one row.
    levels : tuple of Level
        References and thresholds.
    marks : polars.DataFrame
        Columns day, value, mark (a key of `MARKS`).
    relapses, doses : tuple of int
        Days to mark on the axis.
    earlier : int
        Relapses too long before the first visit to be drawn.
    said : tuple of str
        Sentences on what was decided.
    """

    subject: str
    visits: pl.DataFrame
    levels: tuple[Level, ...]
    marks: pl.DataFrame
    relapses: tuple[int, ...]
    doses: tuple[int, ...]
    earlier: int
    said: tuple[str, ...]


def patient_figure(patient: Patient, place: int) -> Drawing:
    """Draw one patient.

    Parameters
    ----------
    patient : Patient
        What to show.
    place : int
        Number of the figure, unique in the report.

    Returns
    -------
    Drawing
        The figure with its words and the visits behind it.
    """

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        months = [day / DAYS_PER_MONTH for day in patient.visits["day"]]
        ax.step(months, patient.visits["edss"], where="post", marker="o", markersize=3.5, color=SERIES[0])
        _set_limits(ax, patient)
        _paint_levels(ax, patient)
        for mark, style in MARKS.items():
            rows = patient.marks.filter(pl.col("mark") == mark)
            if rows.height:
                ax.scatter(rows["day"] / DAYS_PER_MONTH, rows["value"], label=mark, zorder=5, **style)
        _paint_days(ax, patient.doses, "dose", DOSE_HEIGHT, marker="^", s=30, color=SERIES[0])
        _paint_days(ax, patient.relapses, "relapse", RELAPSE_HEIGHT, marker="X", s=40, color=SERIES[1])
        month_axis(ax)
        ax.set_ylabel("EDSS")
        if ax.get_legend_handles_labels()[1]:
            figure.legend(loc="outside lower center", ncols=6, handletextpad=0.2)

    key = f"patient-{place}"
    name = patient.subject
    return Drawing(
        key=key,
        title=f"{name}.",
        description=_description(patient),
        svg=draw(key, paint, size=(7.6, 2.3), title=f"EDSS of {name} with reference and thresholds"),
        data=_data(patient),
    )


def _set_limits(ax: Axes, patient: Patient) -> None:
    """Cover every value and level, with room for doses and relapses below."""
    days = [*patient.visits["day"], *patient.doses, *patient.relapses]
    values = patient.visits["edss"].to_list() + [level.reference for level in patient.levels]
    values += [level.limit for level in patient.levels if level.limit is not None]
    low, high = min(values), max(values)
    span = max(high - low, LEAST_SPAN)
    ax.set_ylim(low - 0.35 * span, low + 1.12 * span)
    step = 2 if span > 4 else 1
    ax.set_yticks(
        [tick for tick in range(0, int(HIGHEST) + 1, step) if low - step < tick <= low + 1.1 * span]
    )
    first, last = min(days) / DAYS_PER_MONTH, max(days) / DAYS_PER_MONTH
    margin = max(MARGIN * (last - first), LEAST_MARGIN_MONTHS)
    ax.set_xlim(first - margin, last + margin)  # marks on the axis do not widen it by themselves


def _paint_levels(ax: Axes, patient: Patient) -> None:
    """Draw references and thresholds, with their values at the right, spread so that none overlap."""
    labels: dict[tuple[float, str], str] = {}
    words = {"worsening": "worse from", "improvement": "better from", "reference": "reference"}
    ends = max(patient.visits["day"].to_list() + [level.end for level in patient.levels])
    drawn = {(level.start, level.end, level.reference, "reference") for level in patient.levels}
    drawn |= {
        (part.start, part.end, part.limit, part.kind) for part in patient.levels if part.limit is not None
    }
    for start, end, height, kind in sorted(drawn):
        months = [start / DAYS_PER_MONTH, max(end, start) / DAYS_PER_MONTH]
        ax.plot(months, [height, height], zorder=2, **LINES[kind])
        labels[height, kind] = f"{words[kind]} {_score(height)}"
    bottom, top = ax.get_ylim()
    place = bottom
    for (height, kind), text in sorted(labels.items()):
        place = max(height, place + LABEL_GAP * (top - bottom))
        ax.annotate(
            text,
            (ends / DAYS_PER_MONTH, place),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=LINES[kind]["color"],
        )


def _paint_days(ax: Axes, days: Sequence[int], label: str, height: float, **style: Any) -> None:
    """Mark days just above the axis."""
    if days:
        months = [day / DAYS_PER_MONTH for day in days]
        ax.scatter(months, [height] * len(days), transform=ax.get_xaxis_transform(), label=label, **style)


def _score(value: float) -> str:
    """Write a score: one decimal for the steps of the scale, two for a mean between them."""
    whole_steps = abs(value * 10 - round(value * 10)) < ROUNDING
    return number(value, digits=1 if whole_steps else 2)


def _description(patient: Patient) -> str:
    """Say the figure in words: references, thresholds and every decision."""
    parts = []
    for start, reference in sorted({(level.start, level.reference) for level in patient.levels}):
        limits = {
            level.kind: level.limit
            for level in patient.levels
            if (level.start, level.reference) == (start, reference) and level.limit is not None
        }
        counts = [f"{kind} counts from {_score(limit)}" for kind, limit in limits.items()]
        parts.append("; ".join([f"Reference {_score(reference)} (day {start})", *counts]) + ".")
    if not patient.levels:
        parts.append("Without a reference no change of the EDSS can be judged.")
    parts += patient.said or (["No change reached the threshold."] if patient.levels else [])
    if patient.earlier:
        parts.append(
            f"{plural(patient.earlier, 'relapse')} more than a year before the first visit not drawn."
        )
    return " ".join(parts)


def _data(patient: Patient) -> DataTable:
    """Give the visits with the reference in force, the thresholds, and what each visit counts as."""
    rows = []
    for day, visit, edss in patient.visits.iter_rows():
        inside = {level.kind: level for level in patient.levels if level.start <= day <= level.end}
        worse, better = inside.get("worsening"), inside.get("improvement")
        first = worse or better
        marks = patient.marks.filter(pl.col("day") == day)["mark"].to_list()
        rows.append(
            {
                "day": day,
                "visit": visit,
                "edss": edss,
                "reference": first.reference if first else None,
                "change": edss - first.reference if first else None,
                "worse_from": worse.limit if worse else None,
                "better_from": better.limit if better else None,
                "what": "; ".join(marks),
            }
        )
    schema = {"day": pl.Int64, "visit": pl.String, "edss": pl.Float64, "reference": pl.Float64}
    schema |= {"change": pl.Float64, "worse_from": pl.Float64, "better_from": pl.Float64, "what": pl.String}
    references = {kind: {part.reference for part in patient.levels if part.kind == kind} for kind in LINES}
    apart = references["improvement"] and references["worsening"] not in (set(), references["improvement"])
    return DataTable(
        caption=f"EDSS of {patient.subject} at each visit",
        frame=pl.DataFrame(rows, schema=schema),
        labels=COLUMNS,
        note="The reference shown is that of worsening; improvement has its own." if apart else "",
    )
