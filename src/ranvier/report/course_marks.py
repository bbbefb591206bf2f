"""Marks on the EDSS course: the reference of each confirmed event, where it began, and its confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.report.drawing import DAYS_PER_MONTH, INK, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.verdict import Analysis

__all__ = ["MARK_STYLE", "event_marks", "paint_marks"]

MARK_STYLE: dict[str, dict[str, Any]] = {
    "reference": {"marker": "s", "s": 60, "facecolors": "none", "edgecolors": INK},
    "confirmed worsening": {"marker": "^", "s": 64, "color": SERIES[1]},
    "confirmed improvement": {"marker": "v", "s": 64, "color": SERIES[2]},
    "confirmation": {"marker": "P", "s": 60, "color": INK},
}
"""Shape as well as colour tells the marks apart."""

SCHEMA = {"subject": pl.String, "day": pl.Int64, "value": pl.Float64, "mark": pl.String}


def event_marks(analysis: Analysis) -> pl.DataFrame:
    """Give the visits of confirmed EDSS events that the figure marks.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    polars.DataFrame
        Columns subject, day, value (EDSS at the visit), mark (a key of `MARK_STYLE`).
    """
    parts = []
    for found in analysis.confirmed:
        if found.events is None:
            continue
        rows = found.events.table.filter(pl.col("measure") == "edss")
        for column, mark in (
            ("reference_day", "reference"),
            ("day", f"confirmed {found.kind}"),
            ("confirmed_day", "confirmation"),
        ):
            parts.append(rows.select("subject", pl.col(column).alias("day"), pl.lit(mark).alias("mark")))
    if not parts:
        return pl.DataFrame(schema=SCHEMA)
    seen = analysis.visits.select("subject", "day", pl.col("edss").alias("value")).drop_nulls()
    days = pl.concat(parts).drop_nulls().unique()
    return days.join(seen, on=["subject", "day"]).select(list(SCHEMA)).sort("subject", "day", "mark")


def paint_marks(ax: Axes, marks: pl.DataFrame | None, nudges: dict[str, float]) -> None:
    """Draw the marks on the lines of the patients.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with months and EDSS.
    marks : polars.DataFrame or None
        From `event_marks`.
    nudges : dict of str to float
        How far each patient's line is moved up, so that ties stay visible.

    Returns
    -------
    None
        The axes are changed in place.
    """
    if marks is None:
        return
    for mark, style in MARK_STYLE.items():
        rows = marks.filter(pl.col("mark") == mark, pl.col("subject").is_in(list(nudges)))
        if rows.height:
            months = [day / DAYS_PER_MONTH for day in rows["day"]]
            heights = [
                value + nudges[subject] for subject, value in rows.select("subject", "value").iter_rows()
            ]
            ax.scatter(months, heights, label=mark, zorder=5, **style)
