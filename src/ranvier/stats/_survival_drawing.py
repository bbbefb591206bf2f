"""Step curves by arm with intervals, censored patients and the numbers at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

COLOURS = ("#1b4f8a", "#b3541e", "#3c7a3c", "#6b4a8a", "#555555")
STYLES = ("-", "--", "-.", ":", "-")
"""Arms differ by style as well as by colour, for print without colour."""
BAND = 0.15
ROW = 0.075
"""Height of a line of numbers at risk, as a share of the axes."""
TOP_ROW = -0.25


def draw(table: pl.DataFrame, *, event: str, level: float, ax: Axes | None) -> Axes:
    """Draw the curves of a table as `SurvivalFit` holds it."""
    arms = table["arm"].unique(maintain_order=True).to_list()
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.5, 4.2 + 0.25 * len(arms)))
        ax = figure.add_subplot()
        figure.subplots_adjust(left=0.2, right=0.96, top=0.92, bottom=0.24 + 0.05 * len(arms))
    for place, arm in enumerate(arms):
        _arm(ax, table.filter(arm=arm), arm, place)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlim(0, float(table["day"].max()) * 1.02)  # type: ignore[arg-type]
    ax.set_yticks(np.linspace(0, 1, 6), [f"{share:.0f}" for share in np.linspace(0, 100, 6)])
    ax.set_ylabel(f"patients without {event}, %")
    ax.set_xlabel("day of follow-up")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(f"Time to {event} (band: {100 * level:g} % interval)", fontsize=10)
    if len(arms) > 1:
        ax.legend(frameon=False, loc="best", fontsize=9)
    _at_risk(ax, table, arms)
    return ax


def _arm(ax: Axes, rows: pl.DataFrame, arm: str, place: int) -> None:
    """Draw one curve; a tick stands where somebody was last seen."""
    colour = COLOURS[place % len(COLOURS)]
    days, survival = rows["day"].to_numpy(), rows["survival"].to_numpy()
    ax.step(
        days,
        survival,
        where="post",
        color=colour,
        linestyle=STYLES[place % len(STYLES)],
        linewidth=1.8,
        label=arm,
    )
    low, high = rows["low_after"].to_numpy().copy(), rows["high"].to_numpy().copy()
    known = np.isfinite(low) & np.isfinite(high)
    ax.fill_between(days, low, high, where=known, step="post", color=colour, alpha=BAND, linewidth=0)
    lost = rows.filter(pl.col("censored") > 0)
    ax.plot(
        lost["day"].to_numpy(),
        lost["survival"].to_numpy(),
        "|",
        color=colour,
        markersize=8,
        markeredgewidth=1.4,
    )


def _at_risk(ax: Axes, table: pl.DataFrame, arms: list[str]) -> None:
    """Write below the axis how many were still at risk at each tick."""
    last = float(table["day"].max())  # type: ignore[arg-type]
    ticks = [tick for tick in ax.get_xticks() if 0 <= tick <= last]
    across = ax.get_xaxis_transform()
    ax.text(-0.03, TOP_ROW, "at risk", transform=ax.transAxes, ha="right", fontsize=8, style="italic")
    for place, arm in enumerate(arms):
        rows = table.filter(arm=arm)
        ended = rows["day"].to_numpy()[1:]
        gone = (rows["events"] + rows["censored"]).to_numpy()[1:]
        height = TOP_ROW - ROW * (place + 1)
        colour = COLOURS[place % len(COLOURS)]
        ax.text(
            -0.03,
            height,
            arm if len(arms) > 1 else "",
            transform=ax.transAxes,
            ha="right",
            fontsize=8,
            color=colour,
        )
        for tick in ticks:
            number = int(rows["at_risk"][0]) - int(gone[ended < tick].sum())
            ax.text(tick, height, str(number), transform=across, ha="center", fontsize=8, color=colour)


def draw_means(table: pl.DataFrame, *, event: str, level: float, ax: Axes | None) -> Axes:
    """Draw mean numbers per patient as `MeanCumulative` holds them."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(6.5, 4)).add_subplot()
    for place, arm in enumerate(table["arm"].unique(maintain_order=True)):
        rows = table.filter(arm=arm)
        colour, style = COLOURS[place % len(COLOURS)], STYLES[place % len(STYLES)]
        days = np.append(0.0, rows["day"].to_numpy())
        means, low, high = (np.append(0.0, rows[name].to_numpy()) for name in ("mean", "low", "high"))
        ax.step(days, means, where="post", color=colour, linestyle=style, linewidth=1.8, label=arm)
        known = np.isfinite(low) & np.isfinite(high)
        ax.fill_between(days, low, high, where=known, step="post", color=colour, alpha=BAND, linewidth=0)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("day of follow-up")
    ax.set_ylabel(f"mean number of {event}s per patient")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(f"Mean number of {event}s (band: {100 * level:g} % interval)", fontsize=10)
    if table["arm"].n_unique() > 1:
        ax.legend(frameon=False, fontsize=9)
    return ax
