"""Maps of p values over what missing values may have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["new_axes", "p_value_map"]


def new_axes(ax: Axes | None) -> Axes:
    """Give axes to draw on."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(6, 4)).add_subplot()
    return ax


def p_value_map(
    ax: Axes,
    ticks: tuple[list[Any], list[Any]],
    p_values: NDArray[np.float64],
    labels: tuple[str, str],
    level: float,
    title: str,
) -> Axes:
    """Draw p values as text on squares that are dark where the groups differ; columns first in `ticks`."""
    columns, rows = ticks
    differ = p_values <= 1 - level + 1e-12
    ax.imshow(differ, origin="lower", cmap="Blues", vmin=0, vmax=2, aspect="auto")
    for y in range(len(rows)):
        for x in range(len(columns)):
            ax.text(x, y, f"{p_values[y, x]:.3f}", ha="center", va="center", fontsize="small")
    ax.set_xticks(range(len(columns)), [f"{value:g}" for value in columns])
    ax.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    ax.set_title(title)
    return ax
