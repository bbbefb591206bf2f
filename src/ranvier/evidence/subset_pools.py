"""The pooled value of every subset of the studies, to see whether it hangs on a few of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.evidence._drawing import ACCENT, COLOUR, SOFT, as_axes, read_axis
from ranvier.evidence._repooling import as_pool, pool_again
from ranvier.evidence.pooled_studies import Pool
from ranvier.result import Derivation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Gosh", "gosh"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WIDEST_CODE = 62
"""Studies whose subsets can be numbered in 64 bits, and so be drawn without drawing one twice."""
GRID_CELLS = 45
"""Hexagons across the picture."""

_KEPT = ("value", "standard_error", "tau2", "i2", "q")


@dataclass(frozen=True, kw_only=True, eq=False)
class Gosh(Derivation):
    """Pooled values of subsets of studies.

    Parameters
    ----------
    pool : Pool
        The pool of all studies.
    included : ndarray of bool, shape (n_subsets, k)
        Which studies each row of the table was made of.
    complete : bool
        Whether all subsets are there; else they were drawn at random.
    """

    pool: Pool
    included: Bools
    complete: bool

    def with_study(self, study: str) -> Bools:
        """Say which rows hold a study.

        Parameters
        ----------
        study : str
            Its name; the first of that name when several bear it.

        Returns
        -------
        ndarray of bool, shape (n_subsets,)
            True where the study is among those pooled.

        Raises
        ------
        InputError
            When the pool holds no such study.
        """
        names = self.pool.studies["study"].to_list()
        if study not in names:
            raise InputError(f"the pool holds no study {study!r}; its studies are {names}.")
        held: Bools = self.included[:, names.index(study)]
        return held

    def plot(self, ax: Axes | None = None, *, mark: str | None = None) -> Axes:
        """Draw the pooled value of each subset against I², darker where there are more.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.
        mark : str, optional
            A study; subsets that hold it are drawn in another colour.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        ax = as_axes(ax, (6.2, 4.4))
        shown = self.table["i2"].is_not_null().to_numpy()
        x, y = (self.table[name].to_numpy()[shown] for name in ("value", "i2"))
        marked = np.zeros(len(x), dtype=bool) if mark is None else self.with_study(mark)[shown]
        extent = (float(x.min()), float(x.max()), 0.0, 1.0)
        if extent[0] == extent[1]:
            extent = (extent[0] - 0.5, extent[1] + 0.5, 0.0, 1.0)
        for rows, colours in ((~marked, "Blues"), (marked, "Oranges")):
            if rows.any():
                _hexagons(ax, x[rows], y[rows], colours, extent)
        whole = self.pool.diagnostics
        ax.plot([whole["value"]], [whole["i2"]], marker="D", color="black", markersize=7, markeredgecolor="w")
        ax.annotate(
            "all studies",
            (whole["value"], whole["i2"]),
            xytext=(8, -4),
            textcoords="offset points",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
        )
        if self.pool.scale.compares:
            ax.axvline(0.0, color=SOFT, linewidth=0.8)
        if mark is not None:
            ax.text(
                0.99, 1.01, f"with {mark}", color=ACCENT, ha="right", fontsize=8.5, transform=ax.transAxes
            )
            ax.text(0.01, 1.01, f"without {mark}", color=COLOUR, fontsize=8.5, transform=ax.transAxes)
        ax.set_ylim(-0.03, 1.03)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        ax.set_ylabel("I², share of the variance between studies", fontsize=9)
        ax.set_title(self.name, fontsize=9.5, pad=16 if mark else 8)
        read_axis(ax, self.pool)
        return ax


def gosh(pool: Pool, *, most: int = 2**15, seed: int | None = None) -> Gosh:
    """Give the pooled value of every subset of the studies, or of many subsets drawn at random.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least two studies.
    most : int
        Subsets that are computed at most, at least 1. Up to 15 studies have fewer than 2^15.
    seed : int, optional
        Seed of the draw; required when there are more than `most` subsets, without meaning otherwise.

    Returns
    -------
    Gosh
        studies (how many were pooled), value, standard_error, tau2, i2, q: one row per subset, on the pooled
        scale, smallest subsets first. tau2 and i2 are null for single studies. `included` says which studies
        each row holds, `plot(mark="...")` shows the subsets that hold one study.

    Raises
    ------
    InputError
        When `pool` is no pool or holds one study, `most` is not a whole number of at least 1, or a seed is
        needed and missing.

    Notes
    -----
    Graphical display of study heterogeneity. Every subset of :math:`k` studies but the empty one is pooled by
    the method of the pool, all subsets of one size in one call. Beyond `most`, each subset has the same
    chance to be drawn, none twice (from 63 studies on, twice is possible but next to never happens). Two
    clouds in the picture mean that a study, or a few, decide the result. Subsets overlap, so that their
    number says nothing about certainty.

    References
    ----------
    Olkin I, Dahabreh IJ, Trikalinos TA (2012). Res Synth Methods 3:214-223. doi:10.1002/jrsm.1053

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.0, 2.0], [0.1, 0.1, 0.1, 0.1])
    >>> found = rv.evidence.gosh(pooled)
    >>> found.table.height, found.complete
    (15, True)
    """
    pool = as_pool(pool, at_least=2)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise InputError(f"most is {most!r}; it must be a whole number of at least 1, such as 2**15.")
    k = pool.studies.height
    complete = 2**k - 1 <= most
    if complete:
        included = _bits(np.arange(1, 2**k), k)
    elif seed is None:
        raise InputError(
            f"{k} studies have {2**k - 1:,} subsets, more than most = {most:,}; give a seed for a random "
            "draw of them, or a larger most."
        )
    else:
        included = _drawn(k, most, seed)
    included = included[np.argsort(included.sum(axis=1), kind="stable")]
    table = _table(pool, included)
    return Gosh(
        name=f"Pooled value of {len(included):,} subsets of {k} studies",
        table=table,
        method=_sentences(pool, table, included, complete),
        left_out=pool.left_out,
        references=(
            "Olkin I, Dahabreh IJ, Trikalinos TA (2012). Res Synth Methods 3:214-223. doi:10.1002/jrsm.1053",
        ),
        pool=pool,
        included=included,
        complete=complete,
    )


def _bits(codes: NDArray[np.int64], k: int) -> Bools:
    """Give the studies that each number stands for, by its binary digits."""
    held: Bools = (codes[:, None] >> np.arange(k)) & 1 == 1
    return held


def _drawn(k: int, most: int, seed: int) -> Bools:
    """Draw subsets, each with the same chance."""
    rng = np.random.default_rng(seed)
    if k <= WIDEST_CODE:
        return _bits(rng.choice(2**k - 1, size=most, replace=False) + 1, k)
    return rng.random((most, k)) < 0.5


def _table(pool: Pool, included: Bools) -> pl.DataFrame:
    """Pool the subsets, all of one size in one call; they come sorted by size."""
    sizes = included.sum(axis=1)
    parts: list[dict[str, Floats]] = []
    for size in np.unique(sizes):
        rows = included[sizes == size]
        chosen = np.nonzero(rows)[1].reshape(len(rows), size).T
        parts.append(pool_again(pool, chosen))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _KEPT}
    return pl.DataFrame({"studies": sizes, **columns}).fill_nan(None)


def _hexagons(
    ax: Axes, x: Floats, y: Floats, colours: str, extent: tuple[float, float, float, float]
) -> None:
    """Count points in hexagons; the scale is logarithmic, so that a single subset is still seen."""
    options: dict[str, Any] = {"gridsize": GRID_CELLS, "extent": extent, "mincnt": 1, "bins": "log"}
    drawn = ax.hexbin(x, y, cmap=colours, linewidths=0.1, alpha=0.8, **options)
    top = max(float(np.asarray(drawn.get_array()).max()), 2.0)
    # Below 1 the palest colours, which white paper swallows, are left away.
    drawn.set_clim(top**-0.4, top)


def _sentences(pool: Pool, table: pl.DataFrame, included: Bools, complete: bool) -> str:
    """Say what was computed, and which study moves the result most."""
    values = table["value"].to_numpy()
    middle = [_difference(values, held) for held in included.T]
    widest = int(np.nanargmax(np.abs(middle)))
    drawn = "All subsets" if complete else "Subsets drawn at random"
    return (
        f"{drawn} were pooled ({pool.method}). Half of the pooled values lie between "
        f"{np.quantile(values, 0.25):.3g} and {np.quantile(values, 0.75):.3g} on the pooled scale. Subsets "
        f"with {pool.studies['study'][widest]} have a median that differs most from that of subsets without "
        f"it, by {middle[widest]:.3g}. Subsets overlap: their number says nothing about certainty."
    ).replace(" -", " \N{MINUS SIGN}")


def _difference(values: Floats, held: Bools) -> float:
    """Give the median with a study less that without it; NaN when all subsets are on one side."""
    if held.all() or not held.any():
        return float("nan")
    return float(np.median(values[held]) - np.median(values[~held]))
