"""A forest plot: studies with their intervals and weights, the pooled value below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.evidence.pooled_studies import Pool

__all__ = ["draw"]

COLOUR = "#1b4f8a"
LARGEST, SMALLEST = 12.0, 3.0
"""Sides of the squares in points; their areas follow the weights."""
NUMBERS, WEIGHTS = 1.03, 1.72
"""Where the columns of numbers begin and end, in widths of the axes."""
RIGHT: dict[str, Any] = {"fontsize": 8.5, "va": "center", "ha": "right"}


def draw(pool: Pool, ax: Axes | None) -> Axes:
    """Draw the studies of a pool on the scale that is read, first on top."""
    from scipy.special import ndtri

    k = pool.studies.height
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.5, 1.9 + 0.3 * k))
        ax = figure.add_subplot()
        figure.subplots_adjust(
            left=0.26, right=0.6, top=1 - 0.55 / (1.9 + 0.3 * k), bottom=0.6 / (1.9 + 0.3 * k)
        )
    read = pool.scale.read
    y, error = pool.studies["effect"].to_numpy(), np.sqrt(pool.studies["variance"].to_numpy())
    reach = float(ndtri((1 + pool.level) / 2)) * error
    weights = pool.studies["weight"].to_numpy()
    for row, (middle, half, weight) in enumerate(zip(y, reach, weights, strict=True)):
        if not np.isfinite(half):
            # Its counts enter the pooled value, but alone it has no interval.
            _beside(ax, row, "not estimable alone")
            ax.text(WEIGHTS, row, f"{100 * weight:.0f} %", transform=ax.get_yaxis_transform(), **RIGHT)
            continue
        low, value, high = read(middle - half), read(middle), read(middle + half)
        ax.plot([low, high], [row, row], color=COLOUR, linewidth=1.3, solid_capstyle="butt")
        side = max(SMALLEST, LARGEST * float(np.sqrt(weight / weights.max())))
        ax.plot([value], [row], marker="s", color=COLOUR, markersize=side)
        _beside(ax, row, _written(pool, value, low, high))
        ax.text(WEIGHTS, row, f"{100 * weight:.0f} %", transform=ax.get_yaxis_transform(), **RIGHT)
    main = pool.estimates[0]
    bottom = k + 0.4
    ax.fill(
        [main.low, main.value, main.high, main.value], [bottom, bottom - 0.3, bottom, bottom + 0.3], COLOUR
    )
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
    middle = "" if value is None else f"{parts[0]} "
    text = f"{middle}({parts[1]} to {parts[2]}){' %' if percent else ''}"
    return text.replace("-", "\N{MINUS SIGN}")
