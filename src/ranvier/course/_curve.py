"""The specification curve: one estimate per definition, sorted, with the options behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

WIDTH, CURVE, ROW, GAP, MARGIN = 9.0, 2.6, 0.17, 0.15, 0.5
"""Inches: figure width, height of the curve, of a row of dots, between options, around."""


def draw(table: pl.DataFrame, options: Sequence[str], ax: Axes | None) -> Axes:
    """Draw the share by definition, lowest first, above a row of dots for each value of each option."""
    rows = [(option, value) for option in options for value in table[option].unique(maintain_order=True)]
    below = GAP + ROW * (len(rows) + len(options))
    if ax is None:
        from matplotlib.figure import Figure

        height = CURVE + below + 2 * MARGIN
        figure = Figure(figsize=(WIDTH, height))
        ax = figure.add_axes((0.32, (below + MARGIN) / height, 0.65, CURVE / height))
    drawn = table.drop_nulls(["share"]).sort("share", "definition")
    place = np.arange(drawn.height)
    size = float(np.clip(900 / max(drawn.height, 1), 3, 30))
    ax.scatter(place, 100 * drawn["share"].to_numpy(), s=size, color="C0", alpha=0.8, linewidths=0)
    ax.set_ylabel("patients with an event, %")
    ax.set_title(f"{table.height} definitions, the same patients")
    ax.set_ylim(bottom=0)
    ax.set_xlim(-0.02 * len(place) - 0.5, 1.02 * len(place))
    ax.set_xticks([])
    if rows:
        panel = ax.inset_axes((0, -below / CURVE, 1, (below - GAP) / CURVE), sharex=ax)
        _dots(panel, drawn, rows, size)
    return ax


def _dots(panel: Axes, drawn: pl.DataFrame, rows: list[tuple[str, str]], size: float) -> None:
    """Draw which value of each option each definition has."""
    heights, labels, level, before = [], [], -1.0, ""
    place = np.arange(drawn.height)
    colour = -1
    for option, value in rows:
        new = option != before
        level += 2.0 if new and before else 1.0
        colour += int(new)
        has = (drawn[option] == value).to_numpy()
        panel.scatter(
            place[has],
            np.full(int(has.sum()), level),
            s=size,
            color=f"C{colour % 10}",
            alpha=0.7,
            linewidths=0,
        )
        heights.append(level)
        labels.append(f"{option}: {value}" if new else value)
        before = option
    panel.set_yticks(heights, labels, fontsize=7)
    panel.set_ylim(level + 1, -1)
    panel.set_xticks([])
    for side in ("top", "right", "bottom"):
        panel.spines[side].set_visible(False)
