"""Pictures of the evidence report: ratios of randomised trials side by side, each with its own outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.evidence import Registry, effect_size, outcome_counts
from ranvier.report.drawing import INK, RULE, SERIES, SOFT, draw
from ranvier.report.model import DataTable, Drawing
from ranvier.result import number
from ranvier.verdict import OUTCOMES, StudySummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ratio_figure", "ratio_rows"]

RATIOS = {"rate_ratio": "rate ratio", "hazard_ratio": "hazard ratio"}
WIDTH, ROW, EDGE = 7.6, 0.62, 1.1
"""Inches: of the figure, of each row, and of axis and margins."""
Z95 = 1.959963984540054
_SCHEMA: dict[str, Any] = {
    "study": pl.String,
    "comparison": pl.String,
    "better": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "counts": pl.String,
    "unit": pl.String,
}


def ratio_rows(held: Registry, summaries: tuple[StudySummary, ...]) -> pl.DataFrame:
    """Give the ratio of each randomised trial: the printed one, else the risk ratio of its main counts.

    Parameters
    ----------
    held : Registry
        Where the results stand.
    summaries : tuple of StudySummary
        The trials.

    Returns
    -------
    polars.DataFrame
        Columns study, comparison, better ("lower" or "higher"), value, low, high (95 %), counts, unit.
    """
    rows = []
    for summary in summaries:
        name = held.names()[summary.study.study_id]
        printed = _printed(held, summary, name)
        rows += printed or _from_counts(held, summary, name)
    return pl.DataFrame(rows, schema=_SCHEMA)


def _printed(held: Registry, summary: StudySummary, name: str) -> list[dict[str, Any]]:
    """Give the ratios that a trial printed with a 95 % interval."""
    found = []
    for row in held.outcomes_of(summary.study.study_id).iter_rows(named=True):
        if row["statistic"] in RATIOS and row["ci_level"] == "95" and row["certainty"] != "D":
            outcome = OUTCOMES[row["outcome"]]
            found.append(
                {
                    "study": name,
                    "comparison": f"{outcome.words}, {RATIOS[row['statistic']]}",
                    "better": row["direction_better"] or outcome.better,
                    "value": row["value_number"],
                    "low": row["ci_lo"],
                    "high": row["ci_hi"],
                    "counts": "",
                    "unit": "patients",
                }
            )
    return found


def _from_counts(held: Registry, summary: StudySummary, name: str) -> list[dict[str, Any]]:
    """Give the risk ratio of each arm for the outcome that a trial is judged by."""
    judged = summary.primary
    if judged is None or judged.kind != "counts":
        return []
    counted = outcome_counts(judged.outcome, source=held, arms="two")
    rows = pl.concat([counted.table, counted.others]).filter(
        pl.col("study_id") == summary.study.study_id, pl.col("n_control").is_not_null()
    )
    sizes = effect_size(rows, measure="risk ratio").table
    outcome = OUTCOMES[judged.outcome]
    found = []
    for row, size in zip(rows.iter_rows(named=True), sizes.iter_rows(named=True), strict=True):
        if size["effect"] is None or size["added"]:
            continue
        reach = Z95 * np.sqrt(size["variance"])
        arm = f" ({row['arm']})" if rows.height > 1 else ""
        found.append(
            {
                "study": name,
                "comparison": f"{outcome.words}, risk ratio{arm}",
                "better": outcome.better,
                "value": float(np.exp(size["effect"])),
                "low": float(np.exp(size["effect"] - reach)),
                "high": float(np.exp(size["effect"] + reach)),
                "counts": _against(row),
                "unit": row["unit"],
            }
        )
    return found


def _against(row: dict[str, Any]) -> str:
    return f"{row['events']} of {row['n']} against {row['events_control']} of {row['n_control']}"


def ratio_figure(rows: pl.DataFrame, *, key: str, title: str) -> Drawing:
    """Draw ratios with their intervals; nothing is pooled, because outcomes differ.

    Parameters
    ----------
    rows : polars.DataFrame
        From `ratio_rows`, at least one row.
    key, title : str
        Name of the figure and its heading, without a full stop.

    Returns
    -------
    Drawing
        The figure with the numbers behind it.
    """

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        for place, row in enumerate(rows.iter_rows(named=True)):
            patients = row["unit"] == "patients"
            ax.plot([row["low"], row["high"]], [place, place], color=SERIES[0], linewidth=1.6)
            face = SERIES[0] if patients else "none"
            ax.plot([row["value"]], [place], marker="s", color=SERIES[0], markerfacecolor=face, markersize=7)
            ax.text(
                1.02,
                place,
                f"{number(row['value'])} ({number(row['low'])} to {number(row['high'])})",
                transform=ax.get_yaxis_transform(),
                va="center",
                color=INK,
            )
        ax.axvline(1, color=SOFT, linewidth=0.9)
        ax.set_xscale("log")
        _ticks(ax, rows)
        ax.grid(axis="x", color=RULE, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set_yticks(range(rows.height), [_lane(row) for row in rows.iter_rows(named=True)])
        ax.set_ylim(rows.height - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("cells divided by control; 1 = no difference")

    columns = {"better": "better when", "low": "from", "high": "to", "unit": "counted in", "value": "ratio"}
    open_ones = " Open squares: patient-cycles, not patients; their intervals are too short."
    cycles = open_ones if (rows["unit"] != "patients").any() else ""
    return Drawing(
        key=key,
        title=f"{title}.",
        description="Ratio of cells to control with its 95 % interval, on a log axis; which side is better "
        f"is written below each outcome. Nothing is pooled, because the outcomes differ.{cycles}",
        svg=draw(key, paint, size=(WIDTH, EDGE + ROW * rows.height), title=title),
        data=DataTable(caption=title, frame=rows, labels=columns),
    )


def _ticks(ax: Any, rows: pl.DataFrame) -> None:
    """Mark round ratios within what is drawn."""
    low, high = float(np.nanmin(rows["low"].to_numpy())), float(np.nanmax(rows["high"].to_numpy()))
    low, high = min(low, 0.5) / 1.2, max(high, 2.0) * 1.2
    marks = [mark for mark in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low <= mark <= high]
    ax.set_xlim(low, high)
    ax.set_xticks(marks, [f"{mark:g}" for mark in marks])
    ax.set_xticks([], minor=True)


def _lane(row: dict[str, Any]) -> str:
    """Name a row: the trial, then its outcome and which way is better."""
    return f"{row['study']}\n{row['comparison']}\n({row['better']} is better)"
