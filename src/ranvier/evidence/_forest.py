"""A forest plot: studies with their intervals and weights, the pooled value below them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.evidence.pooled_studies import Pool

__all__ = ["draw"]

COLOUR = "#1b4f8a"
LARGEST, SMALLEST = 12.0, 3.0
"""Sides of the squares in points; their areas follow the weights."""
BEYOND = 1.5
"""How far an interval without end is drawn beyond the last end that there is, on a logarithmic axis."""
NUMBERS, WEIGHTS = 1.03, 1.72
"""Where the columns of numbers begin and end, in widths of the axes."""
RIGHT: dict[str, Any] = {"fontsize": 8.5, "va": "center", "ha": "right"}


def draw(pool: Pool, ax: Axes | None) -> Axes:
    """Draw the studies of a pool on the scale that is read, first on top."""
    k = pool.studies.height
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.5, 1.9 + 0.3 * k))
        ax = figure.add_subplot()
        figure.subplots_adjust(
            left=0.26, right=0.6, top=1 - 0.55 / (1.9 + 0.3 * k), bottom=0.6 / (1.9 + 0.3 * k)
        )
    read = pool.scale.read
    weights = pool.studies["weight"].to_numpy()
    spans = _spans(pool)
    least, most = _shown(pool, spans)
    for row, ((low, value, high), weight) in enumerate(zip(spans, weights, strict=True)):
        ax.plot(
            [max(low, least), min(high, most)], [row, row], color=COLOUR, linewidth=1.3, solid_capstyle="butt"
        )
        side = max(SMALLEST, LARGEST * float(np.sqrt(weight / weights.max())))
        if least <= value <= most:
            ax.plot([value], [row], marker="s", color=COLOUR, markersize=side)
        _beside(ax, row, _written(pool, value, low, high))
        ax.text(WEIGHTS, row, f"{100 * weight:.0f} %", transform=ax.get_yaxis_transform(), **RIGHT)
    main = pool.estimates[0]
    bottom = k + 0.4
    corners = [min(max(each, least), most) for each in (main.low, main.value, main.high, main.value)]
    ax.fill(corners, [bottom, bottom - 0.3, bottom, bottom + 0.3], COLOUR)
    _beside(ax, bottom, _written(pool, main.value, main.low, main.high))
    rows, labels = [*range(k), bottom], [*_labels(pool), "pooled"]
    if len(pool.estimates) > 1 and np.isfinite(pool.estimates[1].low):
        ahead = pool.estimates[1]
        ax.plot([ahead.low, ahead.high], [bottom + 1, bottom + 1], color="#555555", linewidth=3, alpha=0.6)
        _beside(ax, bottom + 1, _written(pool, None, ahead.low, ahead.high))
        rows, labels = [*rows, bottom + 1], [*labels, "new study (prediction)"]
    if pool.scale.compares:
        ax.axvline(read(0.0), color="#555555", linewidth=0.8)
    ax.axvline(main.value, color=COLOUR, linewidth=0.8, linestyle=":")
    if pool.scale.compares and read(0.0) == 1:
        ax.set_xscale("log")
    _dress(ax, pool, rows, labels)
    return ax


def _spans(pool: Pool) -> list[tuple[float, float, float]]:
    """Give low end, value and high end of each study as they are read: its own exact ones if it has any."""
    from scipy.special import ndtri

    if "low" in pool.studies.columns:
        return list(pool.studies.select("low", pl.col("value").fill_null(math.nan), "high").iter_rows())
    read, y = pool.scale.read, pool.studies["effect"].to_numpy()
    reach = float(ndtri((1 + pool.level) / 2)) * np.sqrt(pool.studies["variance"].to_numpy())
    return [(read(mid - half), read(mid), read(mid + half)) for mid, half in zip(y, reach, strict=True)]


def _shown(pool: Pool, spans: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Give the ends that can be drawn; 0 and no limit have no place on a logarithmic axis."""
    ends = [end for span in spans for end in span]
    ends += [end for made in pool.estimates[:2] for end in (made.low, made.value, made.high)]
    placed = [end for end in ends if math.isfinite(end) and end > 0]
    if not (pool.scale.compares and pool.scale.read(0.0) == 1) or not placed:
        return -math.inf, math.inf
    return min(placed) / BEYOND, max(placed) * BEYOND


def _dress(ax: Axes, pool: Pool, rows: list[float], labels: list[str]) -> None:
    """Write labels, title and the head of the column of numbers."""
    ax.set_yticks(rows, labels, fontsize=9)
    ax.set_ylim(rows[-1] + 0.6, -0.8)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    marked = " (* something was added to cells of 0)" if (pool.studies["added"] > 0).any() else ""
    ax.set_xlabel(f"{pool.scale.quantity}{marked}", fontsize=9)
    ax.set_title(pool.title, fontsize=10, pad=18)
    if pool.scale.unit == "share":
        ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    elif ax.get_xscale() == "log":
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.text(NUMBERS, 1.0, f"{100 * pool.level:g} % interval", transform=ax.transAxes, fontsize=8, va="bottom")
    ax.text(WEIGHTS, 1.0, "weight", transform=ax.transAxes, fontsize=8, va="bottom", ha="right")


def _labels(pool: Pool) -> list[str]:
    """Give the names of the studies, with a star where something was added to a cell."""
    rows = pool.studies.select("study", "added").iter_rows()
    return [f"{study} *" if added > 0 else study for study, added in rows]


def _beside(ax: Axes, row: float, text: str) -> None:
    """Write to the right of a row."""
    ax.text(NUMBERS, row, text, transform=ax.get_yaxis_transform(), fontsize=8.5, va="center")


def _written(pool: Pool, value: float | None, low: float, high: float) -> str:
    """Write a value with its interval as short as it is readable."""
    percent = pool.scale.unit == "share"
    parts = [f"{100 * each:.1f}" if percent else f"{each:.3g}" for each in (value or 0.0, low, high)]
    parts = ["no limit" if part == "inf" else "not known" if part == "nan" else part for part in parts]
    middle = "" if value is None else f"{parts[0]} "
    text = f"{middle}({parts[1]} to {parts[2]}){' %' if percent else ''}"
    return text.replace("-", "\N{MINUS SIGN}")
