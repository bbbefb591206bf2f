"""The figures on harm: shares with risk differences, worst grades, first events, exposure, stopping rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ranvier.report.drawing import draw, name_lanes
from ranvier.report.model import DataTable, Drawing
from ranvier.safety import CumulativeEvents, FirstEvents, WorstGrade
from ranvier.stats import EVENTS_DRAWN, EventComparison
from ranvier.verdict import RuleState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["event_dots", "events_over_time", "first_event_curves", "stopping_figure", "worst_grade_bars"]

WIDTH = 7.6
"""Inches, as wide as every figure of a report."""
TERM_SHOWN = 38
"""Letters of an event's name in a figure."""


def event_dots(compared: EventComparison) -> Drawing:
    """Draw the share of patients with each event by arm, beside the risk difference with its interval.

    Parameters
    ----------
    compared : EventComparison
        From `stats.compare_events`.

    Returns
    -------
    Drawing
        Two panels; the table behind them has the rows drawn.
    """
    rows = compared.drawn()
    events = rows["event"].unique(maintain_order=True).to_list()

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        compared.paint(left, right)
        name_lanes(left, events, letters=TERM_SHOWN)
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=3)

    kinds = compared.table.filter(pl.col("kind") == rows["kind"][0]) if rows.height else rows
    every = kinds.select("body_system", "event").n_unique()
    shown = f" The {EVENTS_DRAWN} kinds with the most patients are drawn." if every > len(events) else ""
    columns = {
        "event": "event",
        "arm": "arm",
        "subjects": "patients",
        "n": "of",
        "reference_subjects": f"patients, {compared.reference}",
        "reference_n": "of (reference)",
        "difference": "risk difference",
        "difference_low": "from",
        "difference_high": "to",
    }
    return Drawing(
        key="event-dots",
        title="Patients with each event, and the risk difference.",
        description=f"Left: share of treated patients; open circle: {compared.reference}. Right: difference "
        f"to {compared.reference} with its {100 * compared.level:g} % interval, not adjusted for the number "
        f"of kinds.{shown}",
        svg=draw(
            "event-dots", paint, size=(WIDTH, 1.6 + 0.3 * max(len(events), 1)), title="Adverse events by arm"
        ),
        data=DataTable(caption="Events drawn", frame=rows.select(list(columns)), labels=columns),
    )


def worst_grade_bars(worst: WorstGrade) -> Drawing:
    """Draw the worst grade of each patient as bars by arm.

    Parameters
    ----------
    worst : WorstGrade
        From `safety.worst_grade`.

    Returns
    -------
    Drawing
        One bar per arm.
    """
    counts = worst.counts()
    bars = counts.select("arm", "event").n_unique()
    return Drawing(
        key="worst-grade",
        title="Worst grade of each patient.",
        description="Each bar is all treated patients of an arm; the numbers are patients.",
        svg=draw(
            "worst-grade",
            lambda figure: _whole(worst.plot(figure.add_subplot())),
            size=(WIDTH, 1.5 + 0.42 * max(bars, 1)),
            title="Worst grade by arm",
        ),
        data=DataTable(
            caption="Patients by worst grade",
            frame=counts.filter(pl.col("subjects") > 0),
            labels={"worst": "worst grade", "subjects": "patients", "percent": "%"},
        ),
    )


def first_event_curves(first: FirstEvents) -> Drawing:
    """Draw the share of patients who had their first event over time.

    Parameters
    ----------
    first : FirstEvents
        From `safety.first_events`.

    Returns
    -------
    Drawing
        One curve per arm, with the numbers at risk.
    """
    arms = first.table["arm"].n_unique()
    return Drawing(
        key="first-events",
        title="Time to the first event.",
        description="Share of treated patients who had an event by that day; below, patients still followed "
        "without one.",
        svg=draw(
            "first-events",
            lambda figure: _whole(first.plot(figure.add_subplot())),
            size=(WIDTH, 3.6 + 0.17 * arms),
            title="Time to the first event",
        ),
        data=DataTable(
            caption="Share with the event, by day",
            frame=first.curve(),
            labels={"at_risk": "at risk", "share": "share with the event"},
        ),
    )


def events_over_time(over_time: CumulativeEvents) -> Drawing:
    """Draw events per patient over time, above the patient-years behind them.

    Parameters
    ----------
    over_time : CumulativeEvents
        From `safety.cumulative_events`.

    Returns
    -------
    Drawing
        Two panels on one axis of days.
    """

    def paint(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        over_time.paint(upper, lower)

    return Drawing(
        key="events-over-time",
        title="Events and exposure over time.",
        description="Above: events per patient still followed, added up. Below: patient-years of observation "
        "up to that day.",
        svg=draw("events-over-time", paint, size=(WIDTH, 4.4), title="Events and exposure over time"),
        data=DataTable(
            caption="Events and exposure, by day",
            frame=over_time.table,
            labels={
                "at_risk": "at risk",
                "total_events": "events so far",
                "mean_events": "events per patient",
                "exposure_years": "patient-years",
            },
        ),
    )


def stopping_figure(found: RuleState) -> Drawing:
    """Draw a stopping rule with the trial as a point.

    Parameters
    ----------
    found : RuleState
        From `verdict.analyse_harms`.

    Returns
    -------
    Drawing
        The boundary look by look.
    """
    boundary = found.state.boundary
    return Drawing(
        key=f"stopping-{found.rule.id}",
        title=f"Stopping rule {found.rule.id}.",
        description=f"Line: smallest count that stops the trial. Point: this trial, {found.state.text()}.",
        svg=draw(
            f"stopping-{found.rule.id}",
            lambda figure: _whole(found.state.plot(figure.add_subplot())),
            size=(WIDTH, 3.2),
            title=f"Stopping rule {found.rule.id}",
        ),
        data=DataTable(
            caption=f"Look by look, in {boundary.unit}",
            frame=pl.DataFrame(
                {"look": boundary.looks, "stop_at": boundary.counts},
                schema={"look": pl.Float64, "stop_at": pl.Int64},
            ),
            labels={"stop_at": "smallest count that stops"},
        ),
    )


def _whole(ax: Axes) -> None:
    """Keep the axes of a result as they are, without its title: the caption has it."""
    ax.set_title("")
