"""The figures of a trial report; each comes with its words and the numbers behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.report.course_marks import paint_marks
from ranvier.report.drawing import (
    DAYS_PER_MONTH,
    LANES_SHOWN,
    RULE,
    SERIES,
    SOFT,
    draw,
    month_axis,
    name_lanes,
    short,
)
from ranvier.report.model import DataTable, Drawing
from ranvier.result import Derivation, Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["change_dumbbell", "edss_course", "interval_chart", "relapses_before_after", "slopes"]

TIE_SPREAD = 0.3
"""EDSS points over which patients with the same value are spread, less than one step of the scale."""

QUANTITY_SHOWN = 64
"""Letters of a quantity beside its interval."""

STATUS_STYLE: dict[str | None, dict[str, Any]] = {
    "improved": {"color": SERIES[2], "linestyle": "-", "linewidth": 2.0},
    "worse": {"color": SERIES[1], "linestyle": "--", "linewidth": 2.0},
    "stable": {"color": SOFT, "linestyle": "-", "linewidth": 1.1},
    None: {"color": SOFT, "linestyle": ":", "linewidth": 1.1},
}


def edss_course(change: Derivation, *, marks: pl.DataFrame | None = None) -> Drawing:
    """Draw the EDSS of each patient over the scheduled visits as steps.

    Parameters
    ----------
    change : Derivation
        From `course.change`: columns subject, visit, day, value, status.
    marks : polars.DataFrame, optional
        From `course_marks.event_marks`: reference, event and confirmation of confirmed events.

    Returns
    -------
    Drawing
        The figure; line style as well as colour tells improved, worse and stable.
    """
    table = _from_baseline(change)
    paths = _paths(table)
    last = table.group_by("subject", maintain_order=True).last().select("subject", "status", "day", "value")

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        subjects = last["subject"].to_list()
        used: set[str] = set()
        nudges: dict[str, float] = {}
        for place, row in enumerate(last.iter_rows(named=True)):
            nudge = TIE_SPREAD * (place / max(len(subjects) - 1, 1) - 0.5)  # ties stay visible
            nudges[row["subject"]] = nudge
            path = paths[row["subject"]]
            months = [day / DAYS_PER_MONTH for day in path["day"]]
            heights = [value + nudge for value in path["value"]]
            label = row["status"] or "not assessed"
            ax.step(
                months,
                heights,
                where="post",
                marker="o",
                markersize=3.5,
                label=None if label in used else label,
                **STATUS_STYLE[row["status"]],
            )
            used.add(label)
        paint_marks(ax, marks, nudges)
        if len(subjects) <= LANES_SHOWN:
            _name_line_ends(ax, last)
        month_axis(ax)
        ax.set_ylabel("EDSS")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=4)

    counts = ", ".join(f"{number} {status or 'not assessed'}" for status, number in _status_counts(last))
    return Drawing(
        key="edss-course",
        title="EDSS course.",
        description=(
            f"One step line per patient (higher is worse); at the last visit: {counts or 'nobody'}."
            + (
                " Square: reference of a confirmed event; triangle: where it began; plus: confirmation."
                if marks is not None and marks.height
                else ""
            )
        ),
        svg=draw("edss-course", paint, size=(7.6, 4.2), title="EDSS of each patient over time"),
        data=DataTable(
            caption="EDSS at each scheduled visit",
            frame=table.select("subject", "visit", "day", "value", "change", "status"),
            labels={"value": "EDSS"},
        ),
    )


def _from_baseline(change: Derivation) -> pl.DataFrame:
    """Give the values of each patient in time, the baseline first."""
    columns = ["subject", "visit", "day", "value", "change"]
    columns += ["status"] if "status" in change.table.columns else []
    later = change.table.select(columns)
    first = change.table.unique("subject", keep="first").select(
        "subject",
        pl.lit("baseline").alias("visit"),
        pl.col("baseline_day").alias("day"),
        pl.col("baseline").cast(later.schema["value"]).alias("value"),
    )
    return (
        pl.concat([first, later], how="diagonal").filter(pl.col("value").is_not_null()).sort("subject", "day")
    )


def _paths(table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Give the rows of each patient."""
    return {path["subject"][0]: path for path in table.partition_by("subject", maintain_order=True)}


def _first_lanes(change: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Give the rows of the patients that one figure can hold, and a sentence on the others."""
    subjects = change["subject"].unique().sort()
    if len(subjects) <= LANES_SHOWN:
        return change, ""
    drawn = change.filter(pl.col("subject").is_in(subjects.head(LANES_SHOWN).implode()))
    return (
        drawn,
        f" The first {LANES_SHOWN} of {len(subjects)} patients by name are drawn; the table has all.",
    )


def _status_counts(last: pl.DataFrame) -> list[tuple[str | None, int]]:
    counts = last.group_by("status").len().sort("status", nulls_last=True)
    return [(status, number) for status, number in counts.iter_rows()]


def _name_line_ends(ax: Axes, last: pl.DataFrame) -> None:
    """Write each patient's name at the end of the line, spread so that names do not overlap."""
    ends = last.sort("value", "subject")
    low, high = ax.get_ylim()
    gap = max((high - low) / 26, 0.01)
    right = max(ends["day"].to_list(), default=0) / DAYS_PER_MONTH
    height = low - gap
    for row in ends.iter_rows(named=True):
        height = max(row["value"], height + gap)
        ax.annotate(
            short(row["subject"]),
            (right, height),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )


def change_dumbbell(change: Derivation, *, key: str, title: str, description: str) -> Drawing:
    """Draw the change of each patient with the derivation's own plot.

    Parameters
    ----------
    change : Derivation
        From `course.change`, at one visit.
    key, title, description : str
        Name and words of the figure.

    Returns
    -------
    Drawing
        The figure.
    """
    rows, more = _first_lanes(change.table)
    shown = replace(change, table=rows)

    def paint(figure: Figure) -> None:
        ax = shown.plot(figure.add_subplot())
        ax.set_title("")  # the caption has it
        name_lanes(ax, [label.get_text() for label in ax.get_yticklabels()])

    columns = ["subject", "visit", "baseline", "value", "change", "status"]
    return Drawing(
        key=key,
        title=title,
        description=description + more,
        svg=draw(key, paint, size=(7.6, 1.3 + 0.3 * max(rows.height, 1)), title=title),
        data=DataTable(caption=title, frame=change.table.select(columns)),
    )


def relapses_before_after(rates: Derivation) -> Drawing:
    """Draw relapses per year before and after the first dose, patient by patient.

    Parameters
    ----------
    rates : Derivation
        From `course.relapse_rate`: columns subject, period, relapses, years.

    Returns
    -------
    Drawing
        The figure.
    """
    per_year = pl.when(pl.col("years") > 0).then(pl.col("relapses") / pl.col("years"))
    wide = rates.table.with_columns(per_year.alias("per_year")).pivot(
        "period", index="subject", values=["relapses", "years", "per_year"], maintain_order=True
    )
    wanted = ["relapses_before", "years_before", "relapses_after", "years_after"]
    wide = wide.with_columns(
        pl.lit(None, dtype=pl.Float64).alias(name)
        for name in [*wanted, "per_year_before", "per_year_after"]
        if name not in wide.columns
    ).sort("subject")
    shown, more = _first_lanes(wide)

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        for place, row in enumerate(shown.iter_rows(named=True)):
            before, after = row["per_year_before"], row["per_year_after"]
            if before is None or after is None:
                continue
            ax.plot([before, after], [place, place], color=RULE, linewidth=3, zorder=1)
            ax.scatter([before], [place], marker="o", s=46, facecolors="none", edgecolors=SERIES[1], zorder=3)
            ax.scatter([after], [place], marker="o", s=30, color=SERIES[0], zorder=4)
        ax.scatter([], [], marker="o", facecolors="none", edgecolors=SERIES[1], label="before the first dose")
        ax.scatter([], [], marker="o", color=SERIES[0], label="after")
        name_lanes(ax, shown["subject"].to_list())
        ax.set_ylim(shown.height - 0.4, -0.6)
        ax.set_xlabel("relapses per year")
        ax.set_xlim(left=-0.1)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3 if shown.height < 6 else -0.17), ncols=2)

    return Drawing(
        key="relapses-before-after",
        title="Relapses before and after the first dose.",
        description="Open circle before, filled circle after; a fall is expected even without treatment."
        + more,
        svg=draw(
            "relapses-before-after", paint, size=(7.6, 1.3 + 0.3 * shown.height), title="Relapses per year"
        ),
        data=DataTable(
            caption="Relapses and years of observation",
            frame=wide.select("subject", *wanted),
        ),
    )


COUNTED = "lesions"
"""Unit of what is counted: the axis has whole numbers only."""


def slopes(
    change: Derivation, *, key: str, title: str, unit: str, note: str, from_zero: bool = False
) -> Drawing:
    """Draw a measurement of each patient over the scheduled visits.

    Parameters
    ----------
    change : Derivation
        Columns subject, visit, day, baseline, value, change.
    key, title, unit, note : str
        Name of the figure, its heading, what the axis shows, and a sentence for the reader.
    from_zero : bool
        Whether the axis begins at 0, as for what cannot be less.

    Returns
    -------
    Drawing
        The figure.
    """
    table = _from_baseline(change)
    last = table.group_by("subject", maintain_order=True).last()
    highest = max((value for value in table["value"].to_list() if value is not None), default=0.0)

    def paint(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        ax = figure.add_subplot()
        for path in _paths(table).values():
            months = [day / DAYS_PER_MONTH for day in path["day"]]
            values = path["value"].to_list()
            ax.plot(months, values, marker="o", markersize=3.5, color=SERIES[0], alpha=0.85)
        if last.height <= LANES_SHOWN:
            _name_line_ends(ax, last)
        month_axis(ax)
        ax.set_ylabel(unit)
        if from_zero:
            ax.set_ylim(0, 1.08 * highest if highest else 1.0)
        if unit == COUNTED:
            ax.yaxis.set_major_locator(MaxNLocator(integer=True))

    return Drawing(
        key=key,
        title=title,
        description=note,
        svg=draw(key, paint, size=(7.6, 3.4), title=title),
        data=DataTable(
            caption=title,
            frame=table.select("subject", "visit", "day", "value", "change"),
            labels={"value": unit},
        ),
    )


def interval_chart(fit: Fit, *, key: str) -> Drawing:
    """Draw shares with their exact intervals on an axis from 0 to 100 %.

    Parameters
    ----------
    fit : Fit
        Estimates in units of a share.
    key : str
        Name of the figure.

    Returns
    -------
    Drawing
        The figure.
    """
    frame = pl.DataFrame(
        [
            {
                "quantity": part.quantity,
                "share_percent": 100 * part.value,
                "low": 100 * part.low,
                "high": 100 * part.high,
            }
            for part in fit.estimates
        ]
    )

    def paint(figure: Figure) -> None:
        ax = fit.plot(figure.add_subplot())
        ax.set_title("")
        name_lanes(ax, [part.quantity for part in fit.estimates], letters=QUANTITY_SHOWN)
        ax.set_xlim(-0.02, 1.0)
        ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        ax.set_xlabel("patients")

    return Drawing(
        key=key,
        title=f"{fit.title}.",
        description="Point: share seen; line: shares that the data do not exclude (exact 95 % interval).",
        svg=draw(key, paint, size=(7.6, 0.9 + 0.34 * len(fit.estimates)), title=fit.title),
        data=DataTable(
            caption=fit.title,
            frame=frame,
            labels={"share_percent": "seen, %", "low": "from, %", "high": "to, %"},
        ),
    )
