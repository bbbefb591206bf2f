"""The time line of lesion tracks: bars as thick as the lesions, marks for events, lines for doses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.mri._tracking import EVENTS
from ranvier.result import plural

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["ROWS_SHOWN", "paint"]

ROWS_SHOWN = 40
"""Tracks drawn in one figure; more cannot be told apart on a page."""
THICKEST, THINNEST = 0.40, 0.03
"""Half the thickness of the largest and of the smallest bar, in rows."""
MARKS: dict[str, dict[str, Any]] = {
    "appeared": {"marker": "*", "s": 90, "facecolor": "black"},
    "returned": {"marker": "D", "s": 36, "facecolor": "white"},
    "grew": {"marker": "^", "s": 44, "facecolor": "black"},
    "shrank": {"marker": "v", "s": 44, "facecolor": "white"},
    "resolved": {"marker": "X", "s": 52, "facecolor": "white"},
    "merged into": {"marker": ">", "s": 44, "facecolor": "white"},
    "split from": {"marker": "<", "s": 44, "facecolor": "black"},
    "cut": {"marker": "s", "s": 34, "facecolor": "white"},
}
BAR, HOLLOW, OUTLINE = "0.72", "white", "0.35"


def paint(
    table: pl.DataFrame, visits: pl.DataFrame, dose_days: tuple[int, ...], title: str, ax: Axes | None
) -> Axes:
    """Draw the tracks that say most, one row each."""
    order = _interest(table)
    shown = order.head(ROWS_SHOWN)
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.2, 2.2 + 0.24 * max(shown.height, 4)), layout="constrained")
        ax = figure.add_subplot()
    times = _times(visits)
    largest = float(table["volume_mm3"].max() or 1.0)  # type: ignore[arg-type]
    for row, number in enumerate(shown["track"].to_list()):
        one = table.filter(track=number)
        _bars(ax, row, times, one, largest)
        _names(ax, row, times, one)
    _events(ax, dict(zip(visits["visit"].to_list(), times, strict=True)), table, shown)
    for place, day in enumerate(dose_days):
        ax.axvline(day, color="black", linestyle="--", linewidth=1.1, label="" if place else "dose", zorder=3)
    _axes(ax, times, visits, shown, left_out=order.tail(order.height - shown.height))
    _legend(ax, table, visits, shown)
    ax.set_title(title)
    return ax


def _interest(table: pl.DataFrame) -> pl.DataFrame:
    """Order tracks: counted ones with most events, then counted ones by size, then those never counted."""
    return (
        table.group_by("track")
        .agg(
            pl.col("event").count().alias("events"),
            pl.col("counted").any().alias("ever"),
            pl.col("voxels").max().alias("voxels"),
        )
        .sort("ever", "events", "voxels", "track", descending=[True, True, True, False])
    )


def _times(visits: pl.DataFrame) -> list[float]:
    days = visits["day"].to_list()
    return [float(place if day is None else day) for place, day in enumerate(days)]


def _bars(ax: Axes, row: int, times: list[float], one: pl.DataFrame, largest: float) -> None:
    """Draw a bar from visit to visit where the track was seen; dotted over a visit without a mask."""
    seen = [
        (place, time, max(THINNEST, THICKEST * (volume / largest) ** (1 / 3)), counted)
        for place, (time, volume, counted) in enumerate(
            zip(times, one["volume_mm3"].to_list(), one["counted"].to_list(), strict=True)
        )
        if volume is not None and volume > 0
    ]
    volumes = one["volume_mm3"].to_list()
    stub = 0.006 * (max(times) - min(times) or 1.0)
    joined = False
    for (place, time, half, counted), following in zip(seen, [*seen[1:], None], strict=True):
        between = [0.0] if following is None else volumes[place + 1 : following[0]]
        if following is not None and not between:
            _piece(ax, row, (time, following[1]), (half, following[2]), counted and following[3])
        elif not joined:  # seen at this visit alone: a bar needs some length to be seen
            _piece(ax, row, (time - stub, time + stub), (half, half), counted)
        if following is not None and between and all(volume is None for volume in between):
            ax.plot([time, following[1]], [row, row], color="black", linestyle=":", linewidth=1.2)
        joined = following is not None and not between


def _piece(
    ax: Axes, row: int, times: tuple[float, float], halves: tuple[float, float], counted: bool
) -> None:
    ax.fill_between(
        times,
        [row - half for half in halves],
        [row + half for half in halves],
        facecolor=BAR if counted else HOLLOW,
        edgecolor=BAR if counted else OUTLINE,
        linewidth=0.6,
        zorder=2,
    )


def _names(ax: Axes, row: int, times: list[float], one: pl.DataFrame) -> None:
    """Write the other track beside a mark."""
    for time, event, other in zip(times, one["event"].to_list(), one["other_track"].to_list(), strict=True):
        if event is not None and other is not None:
            ax.annotate(
                str(other), (time, row), xytext=(6, 0), textcoords="offset points", va="center", fontsize=7
            )


def _events(ax: Axes, moments: dict[str, float], table: pl.DataFrame, shown: pl.DataFrame) -> None:
    places = {number: row for row, number in enumerate(shown["track"].to_list())}
    for event in EVENTS:
        rows = table.filter((pl.col("event") == event) & pl.col("track").is_in(list(places)))
        if rows.height:
            ax.scatter(
                [moments[visit] for visit in rows["visit"]],
                [places[number] for number in rows["track"]],
                label=event,
                edgecolor="black",
                linewidth=0.9,
                zorder=4,
                **MARKS[event],
            )


def _axes(
    ax: Axes, times: list[float], visits: pl.DataFrame, shown: pl.DataFrame, *, left_out: pl.DataFrame
) -> None:
    ax.set_yticks(range(shown.height), [str(number) for number in shown["track"]], fontsize=8)
    ax.set_ylim(max(shown.height, 1) - 0.4, -0.6)
    ax.set_ylabel("track")
    labelled = bool(visits["day"].null_count())
    if labelled:
        ax.set_xticks(times, visits["visit"].to_list())
    for time, mask in zip(times, visits["mask"].to_list(), strict=True):
        if mask is not None:
            ax.axvline(time, color="0.85", linewidth=0.7, zorder=0)
    drawn = f"{shown.height} of {plural(shown.height + left_out.height, 'track')} drawn"
    if left_out.height:
        quiet = left_out.filter(pl.col("ever") & (pl.col("events") == 0)).height
        never = left_out.filter(~pl.col("ever")).height
        loud = left_out.height - quiet - never
        drawn += f"; not drawn: {quiet} without event, {never} never counted, {loud} with events"
    ax.set_xlabel(f"{'visit' if labelled else 'day'} (grey lines: scans with a mask)\n{drawn}")


def _legend(ax: Axes, table: pl.DataFrame, visits: pl.DataFrame, shown: pl.DataFrame) -> None:
    """Name the marks, and what kinds of bars and lines are there."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    seen = table.filter((pl.col("voxels") > 0) & pl.col("track").is_in(shown["track"].to_list()))
    kinds: list[Artist] = []
    if seen["counted"].any():
        kinds.append(Patch(facecolor=BAR, label="counted"))
    if not seen["counted"].all():
        kinds.append(Patch(facecolor=HOLLOW, edgecolor=OUTLINE, label="below the size limit"))
    if visits["mask"].null_count():
        kinds.append(Line2D([], [], color="black", linestyle=":", label="no mask in between"))
    handles = [*ax.get_legend_handles_labels()[0], *kinds]
    if handles:
        ax.legend(handles=handles, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
