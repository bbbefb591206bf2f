"""Pictures of the evidence report: ratios of randomised trials side by side, each with its own outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.evidence import Registry, outcome_counts
from ranvier.report.drawing import INK, RULE, SERIES, SOFT, draw
from ranvier.report.model import DataTable, Drawing
from ranvier.result import number, positive_texts
from ranvier.stats import compare_proportions
from ranvier.verdict import OUTCOMES, StudySummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DRAWN", "ratio_figure", "ratio_rows", "without_ratio"]

RATIOS = {"rate_ratio": "rate ratio", "hazard_ratio": "hazard ratio"}
WIDTH, ROW, EDGE = 7.6, 0.62, 1.1
"""Inches: of the figure, of each row, and of axis and margins."""
LARGEST_EXACT = 50
"""Patients per arm up to whom a ratio of counts gets its exact interval."""
PRINTED = "as printed"
INTERVALS = {"exact": "exact (Barnard)", "miettinen-nurminen": "score (Miettinen and Nurminen)"}
"""How intervals of ratios from counts are made, as the page names it."""
MARKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
"""Ratios that are marked; bounds beyond the outermost are cut there and written in full."""
DRAWN = pl.col("value").is_finite() & (pl.col("value") > 0)
"""Ratios that a log axis can hold."""
_SCHEMA: dict[str, Any] = {
    "study": pl.String,
    "comparison": pl.String,
    "better": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "counts": pl.String,
    "unit": pl.String,
    "interval": pl.String,
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
        Columns study, comparison, better ("lower" or "higher"), value, low, high (95 %), counts, unit,
        interval. Ratios that are 0, infinite or unknown are kept; the figure does not draw them.
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
                    "interval": PRINTED,
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
    outcome = OUTCOMES[judged.outcome]
    found = []
    for row in rows.iter_rows(named=True):
        sizes = row["n"], row["n_control"]
        method = "exact" if max(sizes) <= LARGEST_EXACT else "miettinen-nurminen"
        ratio = compare_proportions(
            (row["events"], row["events_control"]), sizes, measure="ratio", method=method
        )
        arm = f" ({row['arm']})" if rows.height > 1 else ""
        found.append(
            {
                "study": name,
                "comparison": f"{outcome.words}, risk ratio{arm}",
                "better": outcome.better,
                "value": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "counts": _against(row),
                "unit": row["unit"],
                "interval": INTERVALS[method],
            }
        )
    return found


def _against(row: dict[str, Any]) -> str:
    return f"{row['events']} of {row['n']} against {row['events_control']} of {row['n_control']}"


def without_ratio(rows: pl.DataFrame, summaries: tuple[StudySummary, ...], names: dict[str, str]) -> str:
    """Name the trials that have no ratio to draw, and why.

    Parameters
    ----------
    rows : polars.DataFrame
        From `ratio_rows`.
    summaries : tuple of StudySummary
        The trials.
    names : dict of str
        Name of each study by its key.

    Returns
    -------
    str
        One sentence; empty when every trial has one.
    """
    counted: dict[str, str] = {}
    for row in rows.filter(~DRAWN).unique(["study", "counts"], maintain_order=True).iter_rows(named=True):
        counted[row["study"]] = "; ".join(filter(None, (counted.get(row["study"]), row["counts"])))
    every = [names[each.study.study_id] for each in summaries]
    drawn = set(rows.filter(DRAWN)["study"])
    missing = [f"{name} ({counted.get(name, 'no ratio reported')})" for name in every if name not in drawn]
    return f"No ratio can be drawn: {'; '.join(missing)}." if missing else ""


def ratio_figure(rows: pl.DataFrame, *, key: str, title: str, without: str = "") -> Drawing:
    """Draw ratios with their intervals; nothing is pooled, because outcomes differ.

    Parameters
    ----------
    rows : polars.DataFrame
        From `ratio_rows`, at least one row.
    key, title : str
        Name of the figure and its heading, without a full stop.
    without : str
        Sentence on trials without a ratio.

    Returns
    -------
    Drawing
        The figure with the numbers behind it.
    """
    drawn = rows.filter(DRAWN)

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        first, last = _ticks(ax, drawn)
        for place, row in enumerate(drawn.iter_rows(named=True)):
            patients = row["unit"] == "patients"
            ends = [max(row["low"], first), min(row["high"], last)]
            ax.plot(ends, [place, place], color=SERIES[0], linewidth=1.6)
            face = SERIES[0] if patients else "none"
            ax.plot([row["value"]], [place], marker="s", color=SERIES[0], markerfacecolor=face, markersize=7)
            ax.text(
                1.02,
                place,
                _written(row),
                transform=ax.get_yaxis_transform(),
                va="center",
                color=INK,
            )
        ax.axvline(1, color=SOFT, linewidth=0.9)
        ax.grid(axis="x", color=RULE, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set_yticks(range(drawn.height), [_lane(row) for row in drawn.iter_rows(named=True)])
        ax.set_ylim(drawn.height - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("cells divided by control; 1 = no difference")

    columns = {"better": "better when", "low": "from", "high": "to", "unit": "counted in", "value": "ratio"}
    open_ones = " Open squares: patient-cycles, not patients; their intervals are too short."
    beside = [open_ones] if (drawn["unit"] != "patients").any() else []
    beside += [f" {without}"] if without else []
    made = sorted(set(drawn["interval"]) - {PRINTED})
    how = f"; intervals as the trials printed them, those of counts {' or '.join(made)}" if made else ""
    return Drawing(
        key=key,
        title=f"{title}.",
        description=f"Ratio of cells to control with its 95 % interval, on a log axis{how}. Which side is "
        "better is written below each outcome. Nothing is pooled, because the outcomes differ."
        f"{''.join(beside)}",
        svg=draw(key, paint, size=(WIDTH, EDGE + ROW * drawn.height), title=title),
        data=DataTable(caption=title, frame=rows, labels=columns),
    )


def _ticks(ax: Any, rows: pl.DataFrame) -> tuple[float, float]:
    """Mark round ratios within what is drawn; give the ends of the axis."""
    low = min(float(rows["low"].min()), float(rows["value"].min()), 0.5)  # type: ignore[arg-type]
    high = max(float(rows["high"].max()), float(rows["value"].max()), 2.0)  # type: ignore[arg-type]
    low, high = max(low, MARKS[0]) / 1.2, min(high, MARKS[-1]) * 1.2
    marks = [mark for mark in MARKS if low <= mark <= high]
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.set_xticks(marks, [f"{mark:g}" for mark in marks])
    ax.set_xticks([], minor=True)
    return low, high


def _written(row: dict[str, Any]) -> str:
    """Write a ratio with its interval; one that the trial printed with as many decimals as it had there."""
    numbers = row["value"], row["low"], row["high"]
    if row["interval"] == PRINTED:
        decimals = (len(f"{each:g}".partition(".")[2]) for each in numbers)
        places = max(2, *decimals)
        value, low, high = (number(each, digits=places) for each in numbers)
    else:
        value, low, high = positive_texts(*numbers)
    return f"{value} ({low} to {high})"


def _lane(row: dict[str, Any]) -> str:
    """Name a row: the trial, then its outcome and which way is better."""
    return f"{row['study']}\n{row['comparison']}\n({row['better']} is better)"
