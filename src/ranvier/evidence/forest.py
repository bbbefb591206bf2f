"""A forest plot: studies with their intervals, numbers and weights, the pooled value below them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import special

from ranvier.errors import InputError
from ranvier.evidence._drawing import COLOUR, SOFT, bar
from ranvier.evidence._repooling import as_pool, effects
from ranvier.evidence.pooled_studies import SIGNIFICANT, Pool
from ranvier.result import number, plural, positive_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forest_plot"]

BEYOND = 1.5
"""How far a logarithmic axis goes on beyond the last end that there is, where an interval has no end."""
LARGEST, SMALLEST = 11.0, 3.0
"""Sides of the squares in points; their areas follow the weights."""
GAP, FONT = 14.0, 8.5
"""Between columns, and of letters, in points."""
WIDTH, POINTS = 3.6, 72.0
"""Of the axes in inches; points of an inch."""
MANY = 25
"""More studies are drawn on narrower rows."""
WIDEST = 4.0
"""An interval may reach so many times half the median length from the pooled value before it is cut."""
MOST_TICKS = 6
NEAR = 0.1
"""A share so near to 0 or 1 takes the axis to there."""
WHOLE = 100
"""Values of this size are written without decimals."""


def forest_plot(
    pool: Pool,
    ax: Axes | None = None,
    *,
    columns: Mapping[str, Sequence[Any]] | None = None,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw the studies with intervals, numbers and weights, first on top, the pooled value as a diamond.

    Parameters
    ----------
    pool : Pool
        What `pool` returned.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, wide and high enough for all words, when None.
    columns : mapping of str to sequence, optional
        Further columns between names and plot, by heading: one entry per study that was pooled, such as
        events and patients.
    limits : tuple of float, optional
        Ends of the axis, as values are read. When None, they hold all values, and all intervals but those
        far longer than most.

    Returns
    -------
    matplotlib Axes
        The axes drawn on. An interval that passes the axis ends in an arrow; its numbers stand beside it.

    Raises
    ------
    InputError
        When `pool` is no pool, a column has not one entry per study, or the limits are no interval.

    Notes
    -----
    Each study has its normal interval. Areas of squares follow the weights. Studies of the same name keep
    rows of their own.

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.3, 0.6], [0.01, 0.05, 0.2], studies=["A", "B", "B"])
    >>> ax = rv.evidence.forest_plot(pooled, columns={"n": [120, 40, 12]})
    >>> [label.get_text() for label in ax.get_yticklabels()][:3]
    ['A', 'B', 'B']
    """
    pool = as_pool(pool, at_least=1, weighted=False)
    k = pool.studies.height
    for head, entries in (columns or {}).items():
        if len(entries) != k:
            raise InputError(
                f"column {head!r} holds {len(entries)} entries for {plural(k, 'study', 'studies')}; give one "
                "per study that was pooled, in the same order."
            )
    own = ax is None
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(8, 4)).add_subplot()
    low, high = _limits(pool, limits)
    if pool.scale.compares and pool.scale.read(0.0) == 1:
        ax.set_xscale("log")
    ax.set_xlim(low, high)
    rows, labels = _rows(ax, pool)
    left = _left_side(ax, (rows, labels), columns or {})
    right = _right_side(ax, pool, rows)
    _dress(ax, pool, rows, left)
    if own:
        _fit(ax, len(rows), k, left, right)
    return ax


def _limits(pool: Pool, given: tuple[float, float] | None) -> tuple[float, float]:
    """Give the ends of the axis as values are read."""
    if given is not None:
        if len(given) != 2 or not given[0] < given[1]:
            raise InputError(f"limits are {given!r}; give the lower and the higher end of the axis.")
        if pool.scale.compares and pool.scale.read(0.0) == 1 and given[0] <= 0:
            raise InputError(f"limits are {given!r}; a ratio has a logarithmic axis, with both ends above 0.")
        return float(given[0]), float(given[1])
    if "low" in pool.studies.columns:
        return _exact_limits(pool)
    alone = np.isfinite(_half(pool))
    y, half, value = effects(pool)[0][alone], _half(pool)[alone], pool.diagnostics["value"]
    if not alone.any():
        y, half = np.array([value]), np.array([pool.diagnostics["high"] - value])
    reach = max(1.05 * float(np.abs(y - value).max()), WIDEST * float(np.median(half)))
    if pool.scale.unit == "share" and pool.scale.back is not None:
        reach = np.inf  # a share ends at 0 and 1: nothing is too long
    low = max(float((y - half).min()), value - reach)
    high = min(float((y + half).max()), value + reach)
    if pool.scale.compares:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.03 * (high - low)
    main = pool.estimates[0]
    shown = min(pool.scale.read(low - room), main.low), max(pool.scale.read(high + room), main.high)
    if pool.scale.unit == "share":
        # The ends of what a share can be are shown where they are near.
        return -0.01 if shown[0] < NEAR else shown[0], 1.01 if shown[1] > 1 - NEAR else shown[1]
    return shown


def _exact_limits(pool: Pool) -> tuple[float, float]:
    """Give the ends of the axis where studies have exact intervals; 0 and no limit have no place on it."""
    ends = [end for span in _spans(pool) for end in span]
    ends += [end for made in pool.estimates[:2] for end in (made.low, made.value, made.high)]
    known = [end for end in ends if math.isfinite(end)]
    if pool.scale.compares and pool.scale.read(0.0) == 1:
        placed = [1.0, *(end for end in known if end > 0)]
        return min(placed) / BEYOND, max(placed) * BEYOND
    room = 0.03 * (max(known) - min(known))
    low, high = min(known) - room, max(known) + room
    if pool.scale.unit == "share":
        return -0.01 if low < NEAR else low, 1.01 if high > 1 - NEAR else high
    return low, high


def _half(pool: Pool) -> Any:
    """Give half the length of the interval of each study, on the pooled scale."""
    return float(special.ndtri((1 + pool.level) / 2)) * np.sqrt(effects(pool)[1])


def _spans(pool: Pool) -> list[tuple[float, float, float]]:
    """Give value, low and high end of each study as they are read: its own exact ones if it has any."""
    if "low" in pool.studies.columns:
        return list(pool.studies.select(pl.col("value").fill_null(math.nan), "low", "high").iter_rows())
    read, y, half = pool.scale.read, effects(pool)[0], _half(pool)
    return [(read(each), read(each - reach), read(each + reach)) for each, reach in zip(y, half, strict=True)]


def _rows(ax: Axes, pool: Pool) -> tuple[list[float], list[str]]:
    """Draw studies, diamond and prediction; give their rows and labels."""
    weights, spans = pool.studies["weight"].to_numpy(), _spans(pool)
    first, last = ax.get_xlim()
    for row, (value, low, high) in enumerate(spans):
        if math.isnan(low):
            continue
        bar(ax, float(row), low, high, linewidth=1.3)
        side = max(SMALLEST, LARGEST * float(np.sqrt(max(weights[row], 0.0) / weights.max())))
        if first <= value <= last:
            ax.plot([value], [row], marker="s", color=COLOUR, markersize=side, linestyle="")
    main, bottom = pool.estimates[0], len(spans) + 0.4
    corners = [min(max(each, first), last) for each in (main.low, main.value, main.high, main.value)]
    ax.fill(corners, [bottom, bottom - 0.3, bottom, bottom + 0.3], COLOUR)
    rows, labels = [*map(float, range(len(spans))), bottom], [*_labels(pool), "pooled"]
    ahead = pool.prediction
    if ahead is not None:
        bar(ax, bottom + 1, ahead.low, ahead.high, linewidth=3.0, color=SOFT)
        rows, labels = [*rows, bottom + 1], [*labels, "new study (prediction)"]
    if pool.scale.compares:
        ax.plot([pool.scale.read(0.0)] * 2, [-0.8, rows[-1] + 0.5], color=SOFT, linewidth=0.8)
    ax.plot([main.value] * 2, [-0.8, rows[-1] + 0.5], color=COLOUR, linewidth=0.8, linestyle=":")
    return rows, labels


def _left_side(ax: Axes, named: tuple[list[float], list[str]], columns: Mapping[str, Sequence[Any]]) -> float:
    """Write names and further columns to the left of the axes; give their width in points."""
    rows, labels = named
    place = -GAP
    for head, entries in reversed(list(columns.items())):
        texts = [_write(ax, (0, row), place, str(entry)) for row, entry in enumerate(entries)]
        texts.append(_head(ax, 0, place, head, "right"))
        place -= _width(texts) + GAP
    ax.set_yticks(rows, labels, fontsize=FONT)
    names = ax.get_yticklabels()
    wide = _width(names)
    ax.tick_params(axis="y", length=0, pad=-place + wide)
    for name in names:
        name.set_horizontalalignment("left")
    _head(ax, 0, place - wide, "study", "left")
    return wide - place


def _right_side(ax: Axes, pool: Pool, rows: list[float]) -> float:
    """Write values, intervals and weights to the right of the axes; give their width in points."""
    numbers = _spans(pool)
    digits = _digits(pool, numbers)
    main = pool.estimates[0]
    own = pool.scale.positive
    written = [_written(each, digits, own=own) for each in [*numbers, (main.value, main.low, main.high)]]
    if pool.prediction is not None:
        ahead = _written((main.value, pool.prediction.low, pool.prediction.high), digits, own=own)
        written.append(ahead[ahead.index("(") :])
    texts = [_write(ax, (1, row), GAP, text, "left") for row, text in zip(rows, written, strict=True)]
    texts.append(_head(ax, 1, GAP, f"{100 * pool.level:g} % interval", "left"))
    end = GAP + _width(texts)
    weights = [f"{100 * weight:.1f} %" for weight in pool.studies["weight"]]
    texts = [_write(ax, (1, row), 0, text) for row, text in enumerate(weights)]
    texts.append(_head(ax, 1, 0, "weight", "right"))
    end += GAP + _width(texts)
    for text in texts:
        text.set_position((end, text.get_position()[1]))
    return end


def _write(ax: Axes, at: tuple[float, float], shift: float, text: str, across: str = "right") -> Any:
    """Write in a row, so many points from the left (0) or right (1) end of the axes."""
    return ax.annotate(
        text,
        at,
        xycoords=ax.get_yaxis_transform(),
        xytext=(shift, 0),
        textcoords="offset points",
        fontsize=FONT,
        ha=across,
        va="center",
        annotation_clip=False,
    )


def _head(ax: Axes, end: float, shift: float, text: str, across: str) -> Any:
    """Write the heading of a column above the axes."""
    return ax.annotate(
        text,
        (end, 1.0),
        xycoords="axes fraction",
        xytext=(shift, 3),
        textcoords="offset points",
        fontsize=8,
        color=SOFT,
        ha=across,
        va="bottom",
    )


def _width(texts: Sequence[Any]) -> float:
    """Give the width of the widest text in points."""
    figure = texts[0].get_figure()
    return max(float(text.get_window_extent().width) for text in texts) * POINTS / float(figure.dpi)


def _dress(ax: Axes, pool: Pool, rows: list[float], left: float) -> None:
    """Write title, axis and the line on differences between the studies."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

    differs = len(pool.estimates) > 1
    ax.set_ylim(rows[-1] + (1.6 if differs else 0.7), -0.8)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="x", labelsize=FONT)
    marked = " (* something was added to cells of 0)" if (pool.studies["added"] > 0).any() else ""
    ax.set_xlabel(f"{pool.scale.quantity}{marked}", fontsize=9)
    ax.set_title(pool.title, fontsize=10, pad=20)
    low, high = ax.get_xlim()
    if ax.get_xscale() == "log":
        found = [
            LogLocator(base=10, subs=steps).tick_values(low, high)
            for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
        ]
        inside = [[tick for tick in ticks if low <= tick <= high] for ticks in found]
        ticks = next((each for each in inside if len(each) <= MOST_TICKS), inside[-1])
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(MOST_TICKS - 1))
    share = pool.scale.unit == "share"
    ax.xaxis.set_major_formatter(
        FuncFormatter(
            lambda value, _: (f"{100 * value:g} %" if share else f"{value:g}").replace("-", "\N{MINUS SIGN}")
        )
    )
    if differs:
        _write(ax, (0, rows[-1] + 1), -left, pool._between_words(), "left").set(color=SOFT, fontsize=8)


def _fit(ax: Axes, n_rows: int, k: int, left: float, right: float) -> None:
    """Give the figure room for all words."""
    figure: Any = ax.get_figure()
    margin, top, bottom = 8.0, 0.62, 0.55
    height = (n_rows + 2) * (0.25 if k <= MANY else 0.2) + top + bottom
    width = WIDTH + (left + right + 2 * margin) / POINTS
    figure.set_size_inches(width, height)
    figure.subplots_adjust(
        left=(left + margin) / POINTS / width,
        right=1 - (right + margin) / POINTS / width,
        top=1 - top / height,
        bottom=bottom / height,
    )


def _labels(pool: Pool) -> list[str]:
    """Give the names of the studies, with a star where something was added to a cell."""
    rows = pool.studies.select("study", "added").iter_rows()
    return [f"{study} *" if added > 0 else study for study, added in rows]


def _digits(pool: Pool, numbers: Sequence[tuple[float, float, float]]) -> int | None:
    """Give decimals that fit most of the intervals; None for shares, which are written in percent."""
    if pool.scale.unit == "share":
        return None
    known = [each for each in numbers if all(map(math.isfinite, each))]
    if not known:
        return SIGNIFICANT
    typical = float(np.median([high - low for _, low, high in known])) / 2
    if np.median(np.abs(known)) >= WHOLE:
        return 0
    needed = SIGNIFICANT - 1 - math.floor(math.log10(typical)) if typical > 0 else SIGNIFICANT
    return max(needed, SIGNIFICANT)


def _written(numbers: tuple[float, float, float], digits: int | None, *, own: bool) -> str:
    """Write a value with its interval; of a ratio each number with digits of its own."""
    if math.isnan(numbers[1]):
        return "not estimable alone"  # its counts enter the pooled value
    if digits is None:
        value, low, high = (number(100 * each, digits=1) for each in numbers)
        return f"{value} ({low} to {high}) %"
    if own:
        value, low, high = positive_texts(*numbers, decimals=digits if digits > SIGNIFICANT else 0)
    else:
        value, low, high = (number(each, digits=digits) for each in numbers)
    return f"{value} ({low} to {high})"
