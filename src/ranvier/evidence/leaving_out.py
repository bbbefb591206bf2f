"""The pooled value again: without each study, and with one study more at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError, require_choice
from ranvier.evidence._drawing import ACCENT, COLOUR, LIGHT, SOFT, as_axes, read_axis
from ranvier.evidence._repooling import NUMBERS, as_pool, each_left_out, effects, pool_again, read_many
from ranvier.evidence.pooled_studies import Pool
from ranvier.result import Derivation, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CUMULATIVE_ORDERS", "Repooled", "cumulative", "leave_one_out"]

CUMULATIVE_ORDERS = {
    "given": "in the order given",
    "precision": "the study with the smallest variance first",
}
"""Orders in which studies are added, by name."""

_SOURCE = {
    "without": "Viechtbauer W, Cheung MWL (2010). Res Synth Methods 1:112-125. doi:10.1002/jrsm.11",
    "up_to": "Lau J, Antman EM, Jimenez-Silva J, et al. (1992). N Engl J Med 327:248-254",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Repooled(Derivation):
    """A pooled value computed again for several choices among its studies.

    Parameters
    ----------
    pool : Pool
        The pool of all studies.
    """

    pool: Pool

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each pooled value with its interval, beside that of all studies.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        rows = self.table.height
        ax = as_axes(ax, (6.5, 1.4 + 0.24 * rows))
        low, value, high = (self.table[name].to_numpy() for name in ("low", "value", "high"))
        whole = self.pool.diagnostics
        ax.axvspan(whole["low"], whole["high"], color=LIGHT, alpha=0.5, linewidth=0)
        ax.axvline(whole["value"], color=COLOUR, linewidth=0.9, linestyle=":")
        if self.pool.scale.compares:
            ax.axvline(0.0, color=SOFT, linewidth=0.8)
        # An interval that changes sides of no difference is what the reader looks for.
        crosses = (low < 0) & (high > 0)
        whole_crosses = whole["low"] < 0 < whole["high"]
        marked = (crosses != whole_crosses) & self.pool.scale.compares
        for row in range(rows):
            colour = ACCENT if marked[row] else COLOUR
            ax.plot([low[row], high[row]], [row, row], color=colour, linewidth=1.4)
            ax.plot([value[row]], [row], marker="s", markersize=5, color=colour)
        ax.set_yticks(range(rows), self.table[:, 0].to_list())
        ax.set_ylim(rows - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        other = (
            f"\norange: disagrees with all {self.pool.studies.height} about no difference"
            if marked.any()
            else ""
        )
        ax.set_title(f"{self.name}; shaded: all {self.pool.studies.height}{other}", fontsize=9.5)
        read_axis(ax, self.pool)
        return ax


def leave_one_out(pool: Pool) -> Repooled:
    r"""Give the pooled value without each study in turn.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least two studies.

    Returns
    -------
    Repooled
        without (the study left out), value, low, high, standard_error, p_value, tau2, i2, q on the pooled
        scale; read_value, read_low, read_high as the measure is read: one row per study. p_value is null for
        measures in which 0 means nothing; tau2 and i2 where one study is left.

    Raises
    ------
    InputError
        When `pool` is no pool or holds one study.

    Notes
    -----
    Method, interval and level are those of the pool, and the variance between studies is estimated again
    without the study. A value that depends on one study is no error of that study: it says how far the
    result can be trusted.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010). Res Synth Methods 1:112-125. doi:10.1002/jrsm.11

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.9], [0.1, 0.1, 0.1], studies=["A", "B", "C"])
    >>> rv.evidence.leave_one_out(pooled).table["value"].round(2).to_list()
    [0.55, 0.5, 0.15]
    """
    pool = as_pool(pool, at_least=2, weighted=False)
    found = each_left_out(pool)
    table = _table(pool, "without", pool.studies["study"].to_list(), found)
    lowest, highest = (table.sort("value").row(place, named=True) for place in (0, -1))
    words = (
        f"Pooled again without each study in turn ({pool.method}, {pool.interval}). The pooled value "
        f"{_read(pool, pool.diagnostics['value'])} becomes {_read(pool, lowest['value'])} without "
        f"{lowest['without']} and {_read(pool, highest['value'])} without {highest['without']}."
    )
    return _repooled(pool, f"Pooled value without one of {pool.studies.height} studies", table, words)


def cumulative(pool: Pool, *, order: str | ArrayLike = "given") -> Repooled:
    """Give the pooled value of the first studies, one more in each row.

    Parameters
    ----------
    pool : Pool
        What `pool` returned.
    order : str or array-like, shape (k,)
        One of `CUMULATIVE_ORDERS`, or one value for each study of the pool, such as the year, smallest first;
        equal values keep the order given.

    Returns
    -------
    Repooled
        up_to (the study added), value, low, high, standard_error, p_value, tau2, i2, q on the pooled scale;
        read_value, read_low, read_high as the measure is read: one row per study. p_value is null for
        measures in which 0 means nothing; tau2 and i2 in the row of the first study.

    Raises
    ------
    InputError
        When `pool` is no pool or the order does not fit its studies.

    Notes
    -----
    The first row is a study alone with its normal interval. The rows are no independent tests: looking again
    after each study finds a difference by chance more often than a p value says.

    References
    ----------
    Lau J, Antman EM, Jimenez-Silva J, et al. (1992). N Engl J Med 327:248-254

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.9], [0.1, 0.1, 0.1], studies=["A", "B", "C"])
    >>> rv.evidence.cumulative(pooled, order=[2012, 2007, 2020]).table["up_to"].to_list()
    ['B', 'A', 'C']
    """
    pool = as_pool(pool, at_least=1, weighted=False)
    places, said = _order(pool, order)
    steps = [pool_again(pool, places[: row + 1, None]) for row in range(len(places))]
    found = {name: np.concatenate([step[name] for step in steps]) for name in NUMBERS}
    names = pool.studies["study"].to_list()
    table = _table(pool, "up_to", [names[place] for place in places], found)
    words = (
        f"Pooled again after each study, {said} ({pool.method}, {pool.interval}). The rows are not "
        "independent tests: a look after each study finds differences by chance more often than its p value "
        "says."
    )
    return _repooled(pool, f"Pooled value as {plural(len(places), 'study', 'studies')} came in", table, words)


def _order(pool: Pool, order: Any) -> tuple[NDArray[np.intp], str]:
    """Give the places of the studies in the order asked for, and the words for it."""
    k = pool.studies.height
    if isinstance(order, str):
        require_choice("order", order, CUMULATIVE_ORDERS)
        values: Sequence[Any] = effects(pool)[1].tolist() if order == "precision" else list(range(k))
        said = CUMULATIVE_ORDERS[order]
    else:
        values, said = np.asarray(order).tolist(), "in the order of the values given"
        if not isinstance(values, list) or len(values) != k:
            given = len(values) if isinstance(values, list) else order
            raise InputError(
                f"order holds {given!r} values for the {k} studies of the pool; give one per study that was "
                f"pooled, in the same order, or one of {list(CUMULATIVE_ORDERS)}."
            )
    if any(value is None or (isinstance(value, float) and math.isnan(value)) for value in values):
        raise InputError("order holds a missing value; give one value per study, such as its year.")
    try:
        return np.array(sorted(range(k), key=values.__getitem__), dtype=np.intp), said
    except TypeError as problem:
        raise InputError(f"order holds values that cannot be sorted: {problem}.") from problem


def _table(pool: Pool, head: str, names: list[str], found: dict[str, NDArray[np.float64]]) -> pl.DataFrame:
    """Give the numbers by choice, on both scales."""
    read = {f"read_{name}": read_many(pool, found[name]) for name in ("value", "low", "high")}
    table = pl.DataFrame({head: names, **found, **read}).fill_nan(None)
    if not pool.scale.compares:
        table = table.with_columns(p_value=pl.lit(None, dtype=pl.Float64))
    return table


def _repooled(pool: Pool, name: str, table: pl.DataFrame, words: str) -> Repooled:
    """Give the result with its sentences."""
    return Repooled(
        name=name,
        table=table,
        method=words,
        left_out=pool.left_out,
        references=(_SOURCE[table.columns[0]],),
        pool=pool,
    )


def _read(pool: Pool, value: float) -> str:
    """Write a value of the pooled scale as it is read."""
    read = pool.scale.read(value)
    return percent(read) if pool.scale.unit == "share" else f"{read:.3g}".replace("-", "\N{MINUS SIGN}")
