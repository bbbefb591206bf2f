"""The cord as a strip: vertebral levels upwards, one column for each visit, lesions where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.mri.labels import LabelMap
from ranvier.mri.levels import level_bands
from ranvier.mri.mask import Mask

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Column", "strip"]

WIDTH = 0.36
"""Width of the cord, where two visits stand 1 apart."""
STYLES: dict[str, dict[str, Any]] = {
    "counted": {"facecolor": "0.25", "edgecolor": "black"},
    "new": {"facecolor": "white", "edgecolor": "black", "hatch": "xxxx", "linewidth": 1.6},
    "below the size limit": {"facecolor": "white", "edgecolor": "0.35", "linestyle": ":"},
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One visit of the strip."""

    label: str
    table: pl.DataFrame
    new: frozenset[int] = frozenset()
    """Numbers of the lesions that are new."""


def strip(
    columns: Sequence[Column], levels: LabelMap | None, mask: Mask, *, title: str, ax: Axes | None
) -> Axes:
    """Draw the visits beside each other; heights are mm above the lower face of the volume."""
    from matplotlib.patches import Patch, Rectangle

    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(4.0 + 1.7 * len(columns), 5.6), layout="constrained").add_subplot()
    bands = _bands(levels, mask)
    seen = pl.concat([column.table.select("bottom_mm", "top_mm") for column in columns])
    low = min([*(bottom for _, bottom, _ in bands), *seen["bottom_mm"]])
    high = max([*(top for _, _, top in bands), *seen["top_mm"]])
    used = []
    for place, column in enumerate(columns):
        ax.add_patch(Rectangle((place - WIDTH / 2, low), WIDTH, high - low, facecolor="0.9", edgecolor="0.6"))
        for lane, n_lanes, row in _lanes(column.table):
            kind = "new" if row["lesion"] in column.new else "counted"
            kind = kind if row["counted"] else "below the size limit"
            used.append(kind)
            width = WIDTH / n_lanes
            corner = (place - WIDTH / 2 + lane * width, row["bottom_mm"])
            ax.add_patch(Rectangle(corner, width, row["length_mm"], **STYLES[kind]))
            if row["counted"]:
                middle = (row["bottom_mm"] + row["top_mm"]) / 2
                ax.text(
                    place + WIDTH / 2 + 0.04, middle, f"{row['length_mm']:.4g} mm", va="center", fontsize=8
                )
    for _, bottom, top in bands if levels is not None else ():
        for edge in (bottom, top):
            ax.axhline(edge, color="0.75", linewidth=0.6, zorder=0)
    _axes(ax, columns, bands, levels)
    ax.set_ylim(low, high)
    ax.set_title(title, wrap=True, fontsize=10)
    kinds = [kind for kind in STYLES if kind in used]
    if kinds:
        patches = [Patch(label=f"lesion, {kind}", **STYLES[kind]) for kind in kinds]
        ax.legend(handles=patches, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _bands(levels: LabelMap | None, mask: Mask) -> list[tuple[str, float, float]]:
    """Give the levels, or the whole volume as one band."""
    if levels is not None:
        return level_bands(levels)
    return [("", 0.0, mask.voxels.shape[2] * mask.spacing_mm[2])]


def _lanes(table: pl.DataFrame) -> list[tuple[int, int, dict[str, Any]]]:
    """Give every lesion a lane of its own where lesions lie beside each other: lane, lanes, row."""
    rows = list(table.sort("bottom_mm").iter_rows(named=True))
    ends: list[float] = []
    placed = []
    for row in rows:
        free = [lane for lane, end in enumerate(ends) if end <= row["bottom_mm"]]
        lane = free[0] if free else len(ends)
        ends[lane : lane + 1] = [row["top_mm"]]
        placed.append((lane, row))
    return [(lane, max(1, len(ends)), row) for lane, row in placed]


def _axes(
    ax: Axes, columns: Sequence[Column], bands: list[tuple[str, float, float]], levels: LabelMap | None
) -> None:
    ax.set_xlim(-0.5, len(columns) - 0.2)
    ax.set_xticks(range(len(columns)), [column.label for column in columns])
    ax.tick_params(axis="x", length=0)
    if levels is None:
        ax.set_ylabel("mm above the lower end of the volume")
    else:
        ax.set_yticks([(bottom + top) / 2 for _, bottom, top in bands], [name for name, _, _ in bands])
        ax.tick_params(axis="y", length=0)
        ax.set_ylabel("vertebral level")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
