"""What the pictures of studies share: colours, a figure of one's own, an axis that is read in units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.evidence.pooled_studies import Pool

__all__ = ["ACCENT", "COLOUR", "LIGHT", "SOFT", "areas", "as_axes", "bar", "read_axis", "spread_labels"]

COLOUR, ACCENT, SOFT, LIGHT = "#1b4f8a", "#b34701", "#555555", "#d5d9e1"
"""Studies; what is marked; lines that help; fillings."""
SMALLEST, LARGEST = 14.0, 130.0
"""Areas of points in square points."""
MOST_TICKS = 7
NEAR = 3
"""Words further away, in points, are tied to their point by a line."""

_LOGARITHMS = {"RR", "OR", "PETO", "IRR", "ROM", "IRLN", "PLN"}
_LOG_STEPS = ((1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
_LEADER: dict[str, Any] = {"arrowstyle": "-", "linewidth": 0.5, "color": SOFT, "shrinkA": 0, "shrinkB": 2}
_SIDES = tuple(
    ((side * 5, up), "left" if side > 0 else "right", "bottom" if up > 0 else "top")
    for up in (NEAR, -NEAR, 14, -14, 26, -26)
    for side in (1, -1)
)
_SHARES = (
    (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999),
    (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999),
    (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999),
)


def as_axes(ax: Axes | None, size: tuple[float, float] = (6.0, 4.2)) -> Axes:
    """Give the axes to draw on, of a new figure when there are none, without the frame on two sides."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=size, layout="constrained").add_subplot()
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8.5)
    return ax


def bar(ax: Axes, row: float, low: float, high: float, *, linewidth: float, color: str = COLOUR) -> None:
    """Draw an interval, with an arrow where it passes the end of the axis."""
    first, last = ax.get_xlim()
    if low > last or high < first:
        low, high = (last, last) if low > last else (first, first)
    ax.plot(
        [max(low, first), min(high, last)],
        [row, row],
        color=color,
        linewidth=linewidth,
        solid_capstyle="butt",
    )
    for passes, end, marker in ((low <= first, first, "<"), (high >= last, last, ">")):
        if passes:
            ax.plot([end], [row], marker=marker, color=color, markersize=5.5, clip_on=False, linestyle="")


def areas(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give areas of points in proportion to weights; the smallest is still seen."""
    found: NDArray[np.float64] = np.maximum(SMALLEST, LARGEST * weights / weights.max())
    return found


def read_axis(ax: Axes, pool: Pool, *, axis: str = "x", limits: tuple[float, float] | None = None) -> None:
    """Write an axis of the pooled scale as the result is read: ratios, rates and shares at round values."""
    from matplotlib.ticker import FuncFormatter

    line = getattr(ax, f"{axis}axis")
    low, high = sorted(limits or getattr(ax, f"get_{axis}lim")())
    places, named = _round_places(pool, low, high)
    if places is not None:
        line.set_ticks(places, named)
    elif pool.scale.unit == "share":
        line.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * pool.scale.read(value):g} %"))
    elif pool.scale.back is not None:
        line.set_major_formatter(FuncFormatter(lambda value, _: f"{pool.scale.read(value):.3g}"))
    label: Any = getattr(ax, f"set_{axis}label")
    label(pool.scale.quantity[:1].upper() + pool.scale.quantity[1:], fontsize=9)


def _round_places(pool: Pool, low: float, high: float) -> tuple[Any, list[str]]:
    """Give places of round values on the pooled scale and how they are written; None where any will do."""
    if pool.scale.code == "PLO":
        for shares in _SHARES:
            kept = np.array([value for value in shares if low <= np.log(value / (1 - value)) <= high])
            if len(kept) <= MOST_TICKS:
                break
        if len(kept) >= 2:
            return np.log(kept / (1 - kept)), [f"{100 * value:g} %" for value in kept]
    if pool.scale.code not in _LOGARITHMS:
        return None, []
    decades = 10.0 ** np.arange(np.floor(low / np.log(10)) - 1, np.ceil(high / np.log(10)) + 1)
    for steps in _LOG_STEPS:
        values = np.outer(decades, steps).ravel()
        kept = values[(np.log(values) >= low) & (np.log(values) <= high)]
        if len(kept) <= MOST_TICKS:
            break
    if len(kept) < 2:
        return None, []
    share = pool.scale.unit == "share"
    return np.log(kept), [f"{100 * value:g} %" if share else f"{value:g}" for value in kept]


def spread_labels(ax: Axes, points: NDArray[np.float64], named: Sequence[int], words: Sequence[str]) -> None:
    """Write words beside some of the points, each at the nearest of twelve places where it covers nothing."""
    from matplotlib.transforms import Bbox

    figure: Any = ax.get_figure()
    figure.draw_without_rendering()  # the layout decides where words are
    pixels = ax.transData.transform(points)
    taken: list[Any] = [Bbox.from_extents(x - 3, y - 3, x + 3, y + 3) for x, y in pixels]
    frame = ax.get_window_extent()
    for row, word in zip(named, words, strict=True):
        place = (float(points[row, 0]), float(points[row, 1]))
        note = ax.annotate(word, place, xytext=_SIDES[0][0], textcoords="offset points", fontsize=8)
        for shift, across, up in _SIDES:
            note.set_position(shift)
            note.set(horizontalalignment=across, verticalalignment=up)
            box = note.get_window_extent()
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)
        if abs(shift[1]) > NEAR:
            ax.annotate("", place, xytext=shift, textcoords="offset points", arrowprops=_LEADER)
