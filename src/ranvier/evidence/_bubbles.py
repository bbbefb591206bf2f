"""A regression over studies as a picture: circles along one moderator, or coefficients below each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.evidence.regression_fit import MetaRegression

__all__ = ["draw"]

COLOUR, GREY = "#1b4f8a", "#555555"
LARGEST = 260.0
"""Area of the largest circle in square points; the others follow the weights."""
STEPS = 200
"""Points of a curve; straight lines bend where a share or a ratio is read."""
MARGIN = 0.05
"""How far the line is drawn beyond the studies, in lengths of their range."""


def draw(fit: MetaRegression, ax: Axes | None) -> Axes:
    """Draw circles along the moderator where it is the only one and a number, else the coefficients."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(7.2, 4.4), layout="constrained").add_subplot()
    only = list(fit.moderators.ranges)
    if len(only) == 1 and not fit.moderators.levels:
        _along(fit, only[0], ax)
    else:
        _coefficients(fit, ax)
    ax.set_title(fit.title, fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _along(fit: MetaRegression, name: str, ax: Axes) -> None:
    """Draw studies, line, interval of the mean and prediction interval."""
    low, high = fit.moderators.ranges[name]
    reach = MARGIN * (high - low)
    line = fit.predict({name: np.linspace(low - reach, high + reach, STEPS)})
    x = line[name].to_numpy()
    ax.fill_between(x, line["low"].to_numpy(), line["high"].to_numpy(), color=COLOUR, alpha=0.15, linewidth=0)
    ax.plot(x, line["value"].to_numpy(), color=COLOUR, linewidth=1.4)
    if line["prediction_low"].null_count() == 0:
        for end in ("prediction_low", "prediction_high"):
            ax.plot(x, line[end].to_numpy(), color=GREY, linewidth=0.9, linestyle=":")
    effects = np.array([fit.scale.read(value) for value in fit.studies["effect"]])
    weights = fit.studies["weight"].to_numpy()
    ax.scatter(
        fit.studies[f"moderator {name}"].to_numpy(),
        effects,
        s=LARGEST * weights / weights.max(),
        facecolor="none",
        edgecolor=COLOUR,
        linewidth=1.2,
    )
    if fit.scale.compares:
        null = fit.scale.read(0.0)
        ax.axhline(null, color=GREY, linewidth=0.8)
        if null == 1:
            ax.set_yscale("log", subs=[2, 5])
            for axis in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
                axis(lambda value, _: f"{value:g}")
    if fit.scale.unit == "share":
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    ax.set_xlabel(name, fontsize=9)
    ax.set_ylabel(fit.scale.quantity, fontsize=9)


def _coefficients(fit: MetaRegression, ax: Axes) -> None:
    """Draw each coefficient but the intercept with its interval, a number's over the range of the studies."""
    rows = fit.coefficients.filter(pl.col("term") != "intercept")
    labels = []
    for place, (name, value, low, high) in enumerate(rows.select("name", "value", "low", "high").iter_rows()):
        factor, label = 1.0, name
        if name in fit.moderators.ranges:
            start, end = fit.moderators.ranges[name]
            factor, label = end - start, f"{name} {end:g} against {start:g}"
        labels.append(label)
        ax.plot([factor * low, factor * high], [place, place], color=COLOUR, linewidth=1.6)
        ax.plot([factor * value], [place], marker="s", color=COLOUR, markersize=6)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set_yticks(range(rows.height), labels, fontsize=9)
    ax.set_ylim(rows.height - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    code = f" ({fit.scale.code})" if fit.scale.code else ""
    ax.set_xlabel(f"difference on the scale of the effects{code}, {100 * fit.level:g} % interval", fontsize=9)
