"""Pictures of a plan: how often it succeeds, and how its trials end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.report.drawing import INK, RULE, SERIES, SOFT, draw, short
from ranvier.report.model import DataTable, Drawing
from ranvier.report.plan_numbers import share_text
from ranvier.report.plan_words import NOISE_WORDS, claims, ordered, scenario_names
from ranvier.simulate import OperatingCharacteristics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ENDINGS", "ends_figure", "power_figure"]

WIDTH = 7.6
LETTERS = 36
NOISE = {"low": (NOISE_WORDS["low"], SERIES[0], "o"), "high": (NOISE_WORDS["high"], SERIES[1], "D")}
"""Word, colour and mark of each noise."""
ENDINGS = {
    "early_success": ("success at an early look", SERIES[2], None),
    "late_success": ("success at the end", SERIES[0], None),
    "no_success": ("no success at the end", RULE, None),
    "futility": ("early end without success", SERIES[4], "///"),
    "harm": ("ended for harm", SERIES[1], "xxx"),
}
"""Word, colour and hatch of each way in which a trial ends."""


def power_figure(found: OperatingCharacteristics) -> Drawing:
    """Draw how often trials succeed in each scenario, with little and with much noise.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.

    Returns
    -------
    Drawing
        The figure with its numbers.
    """
    names, trials = scenario_names(found), int(found.diagnostics["n_trials"])
    title = "Share of virtual trials that " + ("claim an effect" if found.plan.several else "end in success")

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        for step, (noise, (word, colour, mark)) in enumerate(NOISE.items()):
            rows = found.table.filter(noise=noise)
            lanes = [names.index(name) + (step - 0.5) * 0.26 for name in rows["scenario"]]
            share = [100 * each for each in rows["success"]]
            error = [196 * each for each in rows["success_error"]]
            ax.errorbar(
                share, lanes, xerr=error, fmt=mark, color=colour, markersize=6.5, linewidth=1.5, label=word
            )
            for x, wide, y in zip(rows["success"], error, lanes, strict=True):
                ax.annotate(
                    share_text(x, trials, unit=False),
                    (100 * x + wide, y),
                    (7, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8.5,
                )
        if found.plan.several and found.plan.error is not None:
            ax.axvline(100 * found.plan.error, color=SOFT, linewidth=1, linestyle=":")
        _lanes(ax, names)
        ax.set_xlim(-1.5, 108)
        ax.set_xlabel("share of virtual trials, %")

    columns = ("scenario", "noise", "success", "success_error")
    return Drawing(
        key="plan-power",
        title=f"{title}.",
        description=_power_words(found),
        svg=draw("plan-power", paint, size=(WIDTH, 1.5 + 0.62 * len(names)), title=title),
        data=DataTable(
            caption=f"{title}, %",
            frame=_percentages(
                ordered(found, found.table.select(columns)), ("success", "success_error"), digits=2
            ),
            labels={"success_error": "Monte Carlo error"},
        ),
    )


def _power_words(found: OperatingCharacteristics) -> str:
    dotted = ""
    if found.plan.several and found.plan.error is not None:
        dotted = f"; dotted: alpha, {100 * found.plan.error:g} %"
    return f"Marks: how often the trial would {claims(found.plan)}; lines: 95 % Monte Carlo interval{dotted}."


def ends_figure(found: OperatingCharacteristics) -> Drawing:
    """Draw how the trials of each scenario end.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.

    Returns
    -------
    Drawing
        Stacked bars, with the share of trials that end at each look behind them.
    """
    names, title = scenario_names(found), "How the virtual trials end"
    rows = [(row, _ended(row)) for row in found.table.iter_rows(named=True)]
    drawn = [key for key in ENDINGS if any(ended[key] > 0 for _, ended in rows)]

    def paint(figure: Figure) -> None:
        ax = figure.add_subplot()
        for row, ended in rows:
            lane = names.index(row["scenario"]) + (0.19 if row["noise"] == "high" else -0.19)
            left = 0.0
            for key in drawn:
                word, colour, hatch = ENDINGS[key]
                wide = 100 * ended[key]
                ax.barh(
                    lane,
                    wide,
                    0.34,
                    left,
                    color=colour,
                    hatch=hatch,
                    edgecolor=INK,
                    linewidth=0.4,
                    label=word,
                )
                left += wide
            ax.annotate(
                NOISE[row["noise"]][0],
                (101, lane),
                va="center",
                fontsize=8,
                annotation_clip=False,
                color=SOFT,
            )
        _lanes(ax, names)
        ax.set_xlim(0, 100)
        ax.set_xlabel("share of virtual trials, %")

    shares = ("success", "futility", "harm")
    return Drawing(
        key="plan-ends",
        title=f"{title}.",
        description="Bars: shares of the virtual trials of each scenario, with little noise above much "
        "noise.",
        svg=draw("plan-ends", paint, size=(WIDTH, 1.7 + 0.72 * len(names)), title=title),
        data=DataTable(
            caption="Share of virtual trials that end at each look, %",
            frame=_percentages(ordered(found, found.stops), shares, digits=2),
            labels={"n": "patients", "futility": "ended without success", "harm": "ended for harm"},
            note="The rest of the trials goes on, or ends at the last look without success.",
        ),
    )


def _ended(row: dict[str, Any]) -> dict[str, float]:
    """Split the trials of a row by how they end."""
    early, futile, harm = (
        row[name] or 0.0 for name in ("stopped_success", "stopped_futility", "stopped_harm")
    )
    late = max(0.0, row["success"] - early)
    rest = max(0.0, 1 - early - late - futile - harm)
    return {
        "early_success": early,
        "late_success": late,
        "no_success": rest,
        "futility": futile,
        "harm": harm,
    }


def _lanes(ax: Axes, names: list[str]) -> None:
    """Write scenarios beside their lanes, the first on top, and a legend of each word above."""
    ax.set_yticks(range(len(names)), [short(name, letters=LETTERS) for name in names])
    ax.set_ylim(len(names) - 0.45, -0.55)
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    ax.legend(
        handles.values(), handles.keys(), loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2
    )


def _percentages(frame: pl.DataFrame, columns: tuple[str, ...], *, digits: int) -> pl.DataFrame:
    return frame.with_columns(
        pl.col("noise").replace(NOISE_WORDS), *((pl.col(name) * 100).round(digits) for name in columns)
    )
