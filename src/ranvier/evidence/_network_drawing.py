"""Pictures of a network: who was compared with whom, and each treatment against the reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ranvier.evidence._drawing import COLOUR, LIGHT, SOFT, as_axes, bar
from ranvier.result import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.evidence.network_fit import Network

__all__ = ["draw_forest", "draw_graph"]

LARGEST, SMALLEST = 900.0, 60.0
"""Areas of circles in square points."""
WIDEST, NARROWEST = 9.0, 1.0
"""Widths of lines in points."""
NUMBERS = 1.03
"""Where the numbers stand, as a share of the width of the axes."""
DIRECT = 1.62
"""Where the counts of trials end, in the same shares."""
WIDTH, RIGHT, LETTER = 3.2, 2.3, 0.075
"""Of the axes, of what stands to their right, and of a letter of a name, in inches."""
CUT = 2.0
"""An interval may reach so many times the median reach of all from its value before it is cut."""


def draw_graph(net: Network, ax: Axes | None) -> Axes:
    """Draw treatments on a circle, the reference on top."""
    ax = as_axes(ax, (6.4, 5.6))
    names = net.treatments["treatment"].to_list()
    angles = math.pi / 2 - 2 * math.pi * np.arange(len(names)) / len(names)
    places = dict(zip(names, zip(np.cos(angles), np.sin(angles), strict=True), strict=True))
    pairs = net.comparisons.filter((pl.col("trials") > 0) & (pl.col("treatment") < pl.col("comparator")))
    most = int(pairs["trials"].max() or 1)  # type: ignore[arg-type]
    for one, other, trials in pairs.select("treatment", "comparator", "trials").iter_rows():
        (x0, y0), (x1, y1) = places[one], places[other]
        wide = NARROWEST + (WIDEST - NARROWEST) * (trials - 1) / max(most - 1, 1)
        ax.plot([x0, x1], [y0, y1], color=LIGHT, linewidth=wide, zorder=1, solid_capstyle="butt")
        # Off the middle, where lines of opposite treatments cross.
        x, y = x0 + 0.42 * (x1 - x0), y0 + 0.42 * (y1 - y0)
        box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"}
        ax.text(x, y, str(trials), fontsize=8, color=SOFT, ha="center", va="center", bbox=box, zorder=2)
    counted = "patients" if net.treatments["patients"].null_count() == 0 else "trials"
    sizes = net.treatments[counted].to_numpy().astype(np.float64)
    areas = np.maximum(SMALLEST, LARGEST * sizes / sizes.max())
    xy = np.array([places[name] for name in names])
    ax.scatter(xy[:, 0], xy[:, 1], s=areas, color=COLOUR, zorder=3)
    for name, (x, y), size, area in zip(names, xy, sizes, areas, strict=True):
        away = math.sqrt(area / math.pi) + 5
        across = "center" if abs(x) < 0.2 else "left" if x > 0 else "right"
        up = "center" if abs(y) < 0.2 else "bottom" if y > 0 else "top"
        words = f"{name}\n{plural(int(size), counted.removesuffix('s'))}"
        ax.annotate(
            words,
            (x, y),
            xytext=(away * x, away * y),
            textcoords="offset points",
            fontsize=9,
            ha=across,
            va=up,
        )
    ax.set_xlim(-1.9, 1.9)
    ax.set_ylim(-1.45, 1.45)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(net.title, fontsize=10)
    return ax


def draw_forest(net: Network, ax: Axes | None) -> Axes:
    """Draw one row per treatment, first on top."""
    rows = net.comparisons.filter(pl.col("comparator") == net.reference)
    if ax is None:
        from matplotlib.figure import Figure

        tall = 1.5 + 0.34 * rows.height
        left = 0.3 + LETTER * max(len(name) for name in rows["treatment"])
        wide = left + WIDTH + RIGHT
        figure = Figure(figsize=(wide, tall))
        ax = figure.add_subplot()
        figure.subplots_adjust(
            left=left / wide, right=1 - RIGHT / wide, top=1 - 0.6 / tall, bottom=0.65 / tall
        )
    null = net.scale.read(0.0)
    if null == 1:
        ax.set_xscale("log")
    ax.set_xlim(*_limits(net, rows))
    for place, row in enumerate(rows.iter_rows(named=True)):
        if row["prediction_low"] is not None:
            bar(ax, float(place), row["prediction_low"], row["prediction_high"], linewidth=0.9, color=SOFT)
        bar(ax, float(place), row["low"], row["high"], linewidth=2.6)
        ax.plot([row["value"]], [place], marker="s", color=COLOUR, markersize=6)
        value, low, high = net.scale.texts(row["value"], row["low"], row["high"])
        text = f"{value} ({low} to {high})"
        ax.text(NUMBERS, place, text, transform=ax.get_yaxis_transform(), fontsize=8.5, va="center")
        direct = str(row["trials"]) if row["trials"] else "none"
        ax.text(
            DIRECT, place, direct, transform=ax.get_yaxis_transform(), fontsize=8.5, va="center", ha="right"
        )
    ax.axvline(null, color=SOFT, linewidth=0.8, zorder=0)
    ax.set_yticks(range(rows.height), rows["treatment"].to_list(), fontsize=9)
    ax.set_ylim(rows.height - 0.4, -0.7)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=8.5)
    ax.spines[["top", "right", "left"]].set_visible(False)
    heads = ((NUMBERS, f"{100 * net.level:g} % interval", "left"), (DIRECT, "direct trials", "right"))
    for across_at, words, across in heads:
        ax.text(across_at, 1.0, words, transform=ax.transAxes, fontsize=8, va="bottom", ha=across, color=SOFT)
    predicted = "; thin: prediction" if rows["prediction_low"].null_count() < rows.height else ""
    ax.set_xlabel(f"{net.scale.quantity} against {net.reference}{predicted}", fontsize=9)
    ax.set_title(net.title, fontsize=10, pad=18)
    _ticks(ax)
    return ax


def _limits(net: Network, rows: pl.DataFrame) -> tuple[float, float]:
    """Give ends of the axis that hold no difference and all intervals but very long ones."""
    from_scale = np.log if net.scale.read(0.0) == 1 else np.asarray
    value = rows["effect"].to_numpy()
    ends = []
    for name, sign in (("low", -1), ("high", 1)):
        reach = np.abs(from_scale(rows[name].to_numpy()) - value)
        if rows["prediction_low"].null_count() == 0:
            reach = np.abs(from_scale(rows[f"prediction_{name}"].to_numpy()) - value)
        ends.append(value + sign * np.minimum(reach, CUT * float(np.median(reach))))
    low, high = min(0.0, float(ends[0].min())), max(0.0, float(ends[1].max()))
    room = 0.04 * (high - low)
    return net.scale.read(low - room), net.scale.read(high + room)


def _ticks(ax: Axes) -> None:
    """Write round numbers below the axis."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = ax.get_xlim()
    if ax.get_xscale() == "log":
        for steps in ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
            ticks = [
                tick for tick in LogLocator(base=10, subs=steps).tick_values(low, high) if low <= tick <= high
            ]
            if len(ticks) <= 6:
                break
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "\N{MINUS SIGN}")))
