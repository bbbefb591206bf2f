"""The timeline of a trial: one lane per patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.report.drawing import (
    DAYS_PER_MONTH,
    INK,
    LANES_SHOWN,
    RULE,
    SERIES,
    SOFT,
    draw,
    month_axis,
    name_lanes,
)
from ranvier.report.model import DataTable, Drawing
from ranvier.result import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ranvier.trial import Trial

__all__ = ["timeline"]


def timeline(trial: Trial, visits: pl.DataFrame) -> Drawing:
    """Draw one lane per patient: doses, relapses, EDSS, scans and adverse events.

    Parameters
    ----------
    trial : Trial
        The trial.
    visits : polars.DataFrame
        Its visits with the EDSS that counts in column edss.

    Returns
    -------
    Drawing
        The figure; its data list every event drawn.
    """
    lanes = trial.subjects["subject"].to_list()[:LANES_SHOWN]
    events = _timeline_events(trial, visits).filter(pl.col("subject").is_in(lanes))
    place = {subject: row for row, subject in enumerate(lanes)}

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        _paint_lanes(ax, place, _spans(trial, events))
        for kind, style in _EVENT_STYLE.items():
            rows = events.filter(pl.col("kind") == kind)
            if rows.height:
                months = (rows["day"] / DAYS_PER_MONTH).to_list()
                heights = [place[subject] + style["offset"] for subject in rows["subject"]]
                ax.scatter(months, heights, label=kind, zorder=3, **style["marker"])
        for row in events.filter(pl.col("kind") == "EDSS").iter_rows(named=True):
            ax.annotate(
                row["what"],
                (row["day"] / DAYS_PER_MONTH, place[row["subject"]]),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
            )
        ax.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.09 - 0.25 / len(lanes)), ncols=6, handletextpad=0.2
        )

    left_off = trial.subjects.height - len(lanes)
    more = f" The first {len(lanes)} of {trial.subjects.height} patients are drawn." if left_off else ""
    return Drawing(
        key="timeline",
        title="What happened to each patient.",
        description=(
            f"One lane for each of {plural(len(lanes), 'patient')}, from first to last contact; the number "
            f"above a lane is the EDSS.{more}"
        ),
        svg=draw("timeline", paint, size=(7.6, 1.0 + 0.42 * len(lanes)), title="Timeline of each patient"),
        data=DataTable(
            caption="Every event in the figure",
            frame=events,
            labels={"day": "day from first dose", "kind": "event"},
        ),
    )


_EVENT_STYLE: dict[str, dict[str, Any]] = {
    "EDSS": {"offset": 0.0, "marker": {"marker": "|", "s": 40, "color": INK}},
    "dose": {"offset": 0.0, "marker": {"marker": "^", "s": 46, "color": SERIES[0]}},
    "relapse": {"offset": 0.0, "marker": {"marker": "X", "s": 52, "color": SERIES[1]}},
    "scan": {
        "offset": 0.26,
        "marker": {"marker": "s", "s": 34, "facecolors": "none", "edgecolors": SERIES[3]},
    },
    "adverse event": {"offset": 0.26, "marker": {"marker": "o", "s": 18, "color": SERIES[4]}},
    "serious adverse event": {"offset": 0.26, "marker": {"marker": "D", "s": 40, "color": SERIES[1]}},
}


def _timeline_events(trial: Trial, visits: pl.DataFrame) -> pl.DataFrame:
    """List what the lanes show: one row per event with subject, day, kind and words."""
    edss = visits.filter(pl.col("edss").is_not_null()).select(
        "subject", "day", pl.lit("EDSS").alias("kind"), pl.col("edss").round(1).cast(pl.String).alias("what")
    )
    doses = trial.doses.select(
        "subject", "day", pl.lit("dose").alias("kind"), pl.col("product").alias("what")
    )
    relapses = trial.relapses.select(
        "subject", "day", pl.lit("relapse").alias("kind"), pl.col("severity").alias("what")
    )
    scans = trial.mri.select("subject", "day", pl.lit("scan").alias("kind"), pl.col("region").alias("what"))
    serious = (
        pl.when(pl.col("serious")).then(pl.lit("serious adverse event")).otherwise(pl.lit("adverse event"))
    )
    adverse = trial.adverse_events.select(
        "subject", "day", serious.alias("kind"), pl.col("term").alias("what")
    )
    order = {subject: place for place, subject in enumerate(trial.subjects["subject"])}
    return (
        pl.concat([edss, doses, relapses, scans, adverse])
        .filter(pl.col("day").is_not_null())
        .sort(pl.col("subject").replace_strict(order, default=len(order)), "day", "kind", "what")
    )


def _spans(trial: Trial, events: pl.DataFrame) -> pl.DataFrame:
    """Give the first and the last day on which something is known of each patient."""
    contacts = trial.subjects.select("subject", pl.col("last_contact_day").alias("day")).drop_nulls()
    days = pl.concat([events.select("subject", "day"), contacts])
    return (
        days.group_by("subject")
        .agg(pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
        .sort("subject")
    )


def _paint_lanes(ax: Axes, place: Mapping[str, int], spans: pl.DataFrame) -> None:
    """Draw the lane of each patient and name it."""
    for subject, first, last in spans.filter(pl.col("subject").is_in(list(place))).iter_rows():
        ax.plot(
            [first / DAYS_PER_MONTH, last / DAYS_PER_MONTH],
            [place[subject]] * 2,
            color=RULE,
            linewidth=3,
            zorder=1,
        )
    ax.axvline(0, color=SOFT, linewidth=0.8, linestyle=":")
    name_lanes(ax, list(place))
    ax.set_ylim(len(place) - 0.4, -0.7)
    month_axis(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
