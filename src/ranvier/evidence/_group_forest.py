"""A forest plot in groups: the studies of each group, its pooled value below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from ranvier.evidence._drawing import COLOUR
from ranvier.evidence.forest import LARGEST, SMALLEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.evidence.subgroup_pools import Subgroups

__all__ = ["draw"]

GREY = "#555555"
NUMBERS = 1.03
"""Where the numbers stand, as a share of the width of the axes."""
HEIGHT = 0.3
"""Inches of a row."""


def draw(found: Subgroups, ax: Axes | None) -> Axes:
    """Draw group after group, first on top."""
    n_rows = found.studies.height + 2 * found.groups.height
    if ax is None:
        from matplotlib.figure import Figure

        tall = 1.9 + HEIGHT * n_rows
        figure = Figure(figsize=(8.5, tall))
        ax = figure.add_subplot()
        figure.subplots_adjust(left=0.28, right=0.68, top=1 - 0.55 / tall, bottom=0.6 / tall)
    row = 0
    rows: list[int] = []
    labels: list[str] = []
    heads: list[int] = []
    for group in found.groups.iter_rows(named=True):
        heads.append(len(rows))
        rows, labels = [*rows, row], [*labels, str(group["group"])]
        row += 1
        for study in found.studies.filter(found.studies["group"] == group["group"]).iter_rows(named=True):
            _study(found, ax, row, study)
            mark = " *" if study["added"] > 0 else ""
            rows, labels = [*rows, row], [*labels, f"{study['study']}{mark}"]
            row += 1
        low, value, high = group["low"], group["value"], group["high"]
        ax.fill([low, value, high, value], [row, row - 0.3, row, row + 0.3], COLOUR)
        _beside(found, ax, row, (value, low, high))
        rows, labels = [*rows, row], [*labels, "pooled"]
        row += 1
    _dress(found, ax, rows, labels)
    for place, label in enumerate(ax.get_yticklabels()):
        label.set_fontweight("bold" if place in heads else "normal")
    return ax


def _study(found: Subgroups, ax: Axes, row: int, study: dict[str, float]) -> None:
    """Draw one study with its normal interval."""
    read = found.scale.read
    reach = float(ndtri((1 + found.level) / 2)) * float(np.sqrt(study["variance"]))
    low, value, high = (read(study["effect"] + step) for step in (-reach, 0.0, reach))
    ax.plot([low, high], [row, row], color=COLOUR, linewidth=1.3, solid_capstyle="butt")
    heaviest = float(found.studies["weight"].to_numpy().max())
    side = max(SMALLEST, LARGEST * float(np.sqrt(study["weight"] / heaviest)))
    ax.plot([value], [row], marker="s", color=COLOUR, markersize=side)
    _beside(found, ax, row, (value, low, high))


def _dress(found: Subgroups, ax: Axes, rows: list[int], labels: list[str]) -> None:
    """Write labels, title and scale."""
    ax.set_yticks(rows, labels, fontsize=9)
    ax.set_ylim(rows[-1] + 0.6, -0.8)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    marked = " (* something was added to cells of 0)" if (found.studies["added"] > 0).any() else ""
    ax.set_xlabel(f"{found.scale.quantity}{marked}", fontsize=9)
    ax.set_title(found.title, fontsize=10, pad=18)
    ax.text(
        NUMBERS, 1.0, f"{100 * found.level:g} % interval", transform=ax.transAxes, fontsize=8, va="bottom"
    )
    if found.scale.compares:
        null = found.scale.read(0.0)
        ax.axvline(null, color=GREY, linewidth=0.8)
        if null == 1:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    if found.scale.unit == "share":
        ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")


def _beside(found: Subgroups, ax: Axes, row: int, numbers: tuple[float, float, float]) -> None:
    """Write a value with its interval to the right of a row."""
    percent = found.scale.unit == "share"
    value, low, high = (f"{100 * each:.1f}" if percent else f"{each:.3g}" for each in numbers)
    text = f"{value} ({low} to {high}){' %' if percent else ''}".replace("-", "\N{MINUS SIGN}")
    ax.text(NUMBERS, row, text, transform=ax.get_yaxis_transform(), fontsize=8.5, va="center")
