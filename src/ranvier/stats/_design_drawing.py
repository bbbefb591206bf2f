"""Pictures of boundaries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["axes_or_new", "draw_bounds", "draw_counts", "draw_growth", "draw_power"]

STOP, ON, SUCCESS = "#b34701", "#d5d9e1", "#0b62a5"
"""Colours that stay apart in print and for people who do not see red from green."""


def axes_or_new(ax: Axes | None, size: tuple[float, float] = (6.0, 3.4)) -> Axes:
    """Give the axes asked for, or those of a new figure."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").add_subplot()


def draw_counts(
    looks: Sequence[int], futility: Sequence[int | None], efficacy: Sequence[int | None], ax: Axes | None
) -> Axes:
    """Draw a bar of all counts at each look: those that end the trial, that go on, that succeed."""
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    axes = axes_or_new(ax)
    width = max(looks) * min(0.06, 0.5 / len(looks))
    for look, low, high in zip(looks, futility, efficacy, strict=True):
        start, end = 0 if low is None else low + 1, look + 1 if high is None else high
        for bottom, top, colour in ((0, start, STOP), (start, end, ON), (end, look + 1, SUCCESS)):
            if top > bottom:
                axes.bar(look, top - bottom, width, bottom=bottom - 0.5, color=colour)
        marks = [] if low is None else [(low + 0.5, f"≤ {low}", "top")]
        marks += [] if high is None else [(high - 0.5, f"≥ {high}", "bottom")]
        for count, text, side in marks:
            axes.annotate(
                text, (look + width / 2, count), (3, 0), textcoords="offset points", va=side, fontsize=9
            )
    axes.set_xticks(list(looks))
    axes.set_xlim(0, max(looks) * 1.12)
    axes.set_ylim(-0.5, max(looks) + 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("patients")
    axes.set_ylabel("patients with the outcome")
    names = [("ends without success", STOP), ("goes on", ON), ("succeeds", SUCCESS)]
    shown = [each for each in names if each[1] != ON or len(looks) > 1]
    axes.legend(
        handles=[Patch(color=colour, label=name) for name, colour in shown], frameon=False, loc="upper left"
    )
    return axes


def draw_bounds(
    fractions: Sequence[float],
    upper: Sequence[float],
    futility: Sequence[float],
    ax: Axes | None,
    *,
    mirrored: bool,
) -> Axes:
    """Draw standardised bounds over the share of the information; bounds at infinity are left out."""
    axes = axes_or_new(ax)
    share = [100 * t for t in fractions]
    lines = [(upper, SUCCESS, "success above", 6)]
    if mirrored:
        lines = [(upper, SUCCESS, "success beyond", 6), ([-bound for bound in upper], SUCCESS, "", -12)]
    ends = [bound for bound in futility if math.isfinite(bound)]
    if ends:
        lines.append(([*futility, upper[-1]], STOP, "may end without success below", -12))
    for bounds, colour, label, lift in lines:
        known = [(x, bound) for x, bound in zip(share, bounds, strict=True) if math.isfinite(bound)]
        axes.plot([x for x, _ in known], [b for _, b in known], color=colour, marker="o", label=label or None)
        for x, bound in known[: -1 if colour == STOP else None]:
            axes.annotate(
                f"{bound:.2f}".replace("-", "\N{MINUS SIGN}"),
                (x, bound),
                (0, lift),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
    axes.axhline(0, color=ON, linewidth=1, zorder=0)
    axes.margins(y=0.15)
    axes.set_xlim(0, 106)
    axes.set_xlabel("information, %")
    axes.set_ylabel("standardised statistic")
    axes.legend(frameon=False, loc="center right" if mirrored else "best")
    return axes


def draw_growth(
    statistics: Sequence[float], sizes: Sequence[float], ends: tuple[float, float], ax: Axes | None
) -> Axes:
    """Draw the size of a trial over the statistic of its first stage, the promising zone shaded."""
    axes = axes_or_new(ax)
    axes.axvspan(*ends, color=ON, alpha=0.5, linewidth=0, label="promising")
    axes.plot(statistics, sizes, color=SUCCESS)
    axes.set_ylim(0, max(sizes) * 1.15)
    axes.set_xlabel("standardised statistic of the first stage")
    axes.set_ylabel("size, multiple of the plan")
    axes.legend(frameon=False, loc="lower left")
    return axes


def draw_power(
    curve: Sequence[tuple[int, float]], chosen: tuple[int, float] | None, wanted: float, ax: Axes | None
) -> Axes:
    """Draw power over size, the size chosen marked and the power wanted as a line."""
    from matplotlib.ticker import MaxNLocator

    axes = axes_or_new(ax)
    sizes, powers = [size for size, _ in curve], [100 * power for _, power in curve]
    axes.plot(sizes, powers, color=SUCCESS, linewidth=1, marker=".", markersize=4)
    if chosen is not None:
        axes.plot([chosen[0]], [100 * chosen[1]], "o", color=STOP, label=f"{chosen[0]} chosen")
        axes.legend(frameon=False, loc="lower right")
    axes.axhline(100 * wanted, color="0.6", linewidth=1, linestyle=":")
    axes.set_ylim(0, 104)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes
