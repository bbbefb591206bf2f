"""Pictures of a pool that ask one question each: radial, Baujat, L'Abbé and drapery plots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.evidence._drawing import ACCENT, COLOUR, LIGHT, SOFT, areas, as_axes, read_axis, spread_labels
from ranvier.evidence._repooling import as_pool, each_left_out, effects
from ranvier.evidence._study_cells import as_frame, study_cells, study_names
from ranvier.evidence.pooled_studies import Pool

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["baujat_plot", "drapery_plot", "labbe_plot", "radial_plot"]

Floats = NDArray[np.float64]

NAMED = 6
"""Studies that bear their names in a Baujat plot: those furthest from the corner."""
FINE = 401
"""Points of a curve."""


def radial_plot(pool: Pool, ax: Axes | None = None) -> Axes:
    r"""Draw effects in their standard errors against precision: lines from the origin are pooled values.

    Parameters
    ----------
    pool : Pool
        What `pool` returned.
    ax : matplotlib Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Raises
    ------
    InputError
        When `pool` is no pool.

    Notes
    -----
    Horizontal :math:`x_i = 1 / \sqrt{v_i + \tau^2}`, vertical :math:`y_i x_i`. The slope of the line is the
    pooled value; studies that fit lie within the band of :math:`\pm z` around it. The axis on the right
    gives the value of the line from the origin to that place.

    References
    ----------
    Galbraith RF (1988). Technometrics 30:271-281

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.3, 0.6], [0.01, 0.02, 0.05, 0.2])
    >>> rv.evidence.radial_plot(pooled).get_xlabel()
    'Precision (1 / standard error, with the variance between studies)'
    """
    pool = as_pool(pool, at_least=1)
    ax = as_axes(ax, (6.0, 4.4))
    y, v = effects(pool)
    x = 1 / np.sqrt(v + _between(pool))
    z, value = float(special.ndtri((1 + pool.level) / 2)), pool.diagnostics["value"]
    end = float(x.max()) * 1.06
    ax.fill([0, end, end, 0], [-z, value * end - z, value * end + z, z], color=LIGHT, alpha=0.6, linewidth=0)
    ax.plot([0, end], [0, value * end], color=COLOUR, linewidth=1.2)
    ax.scatter(x, y * x, s=30, color=COLOUR, edgecolors="white", linewidths=0.6, zorder=3)
    ax.axhline(0.0, color=SOFT, linewidth=0.8, linestyle=":")
    ax.set_xlim(0, end)
    ax.set_xlabel("Precision (1 / standard error, with the variance between studies)", fontsize=9)
    ax.set_ylabel("Effect / standard error", fontsize=9)
    ax.set_title(pool.title, fontsize=9.5)
    there_and_back: Any = (lambda up: up / end, lambda slope: slope * end)
    slopes: Any = ax.secondary_yaxis("right", functions=there_and_back)
    low, high = ax.get_ylim()
    read_axis(slopes, pool, axis="y", limits=(low / end, high / end))
    slopes.tick_params(labelsize=8.5)
    return ax


def baujat_plot(pool: Pool, ax: Axes | None = None) -> Axes:
    r"""Draw what each study adds to the differences between studies, against its pull on the pooled value.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least three studies.
    ax : matplotlib Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    matplotlib Axes
        The axes drawn on; the studies furthest from the corner bear their names.

    Raises
    ------
    InputError
        When `pool` is no pool or holds fewer than three studies.

    Notes
    -----
    Horizontal :math:`(y_i - \mu)^2 / (v_i + \tau^2)`, vertical :math:`(\mu - \mu_{(i)})^2 / V_{(i)}` with
    the pooled value :math:`\mu_{(i)}` and its variance without the study.

    References
    ----------
    Baujat B, Mahe C, Pignon JP, Hill C (2002). Stat Med 21:2641-2652

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.0, 2.0], [0.1, 0.1, 0.1, 0.1])
    >>> rv.evidence.baujat_plot(pooled).get_ylabel()
    'Pull on the pooled value'
    """
    pool = as_pool(pool, at_least=3)
    ax = as_axes(ax)
    y, v = effects(pool)
    value, without = pool.diagnostics["value"], each_left_out(pool)
    across = (y - value) ** 2 / (v + _between(pool))
    with np.errstate(divide="ignore", invalid="ignore"):
        up = (value - without["value"]) ** 2 / without["standard_error"] ** 2
    ax.scatter(across, up, s=36, color=COLOUR, edgecolors="white", linewidths=0.6, zorder=3)
    ax.set_xlim(0, max(float(across.max()), 1e-12) * 1.12)
    highest = float(np.nanmax(np.where(np.isfinite(up), up, np.nan), initial=0.0))
    ax.set_ylim(0, max(highest, 1e-12) * 1.15)
    ax.set_xlabel("Part in the differences between studies", fontsize=9)
    ax.set_ylabel("Pull on the pooled value", fontsize=9)
    ax.set_title(pool.title, fontsize=9.5)
    far = across / max(float(across.max()), 1e-12) + np.nan_to_num(up) / max(highest, 1e-12)
    chosen = np.argsort(-far, kind="stable")[:NAMED]
    names = pool.studies["study"].to_list()
    places = np.column_stack([across, np.nan_to_num(up)])
    spread_labels(ax, places, chosen.tolist(), [names[row] for row in chosen])
    return ax


def labbe_plot(pool: Pool, data: Any, ax: Axes | None = None) -> Axes:
    """Draw the share with the event in one arm against that in the other, with the pooled comparison.

    Parameters
    ----------
    pool : Pool
        A pool of risk ratios, odds ratios (Peto's too) or risk differences.
    data : dataframe or mapping of columns
        The table that `effect_size` was given: study, events, n, events_control, n_control.
    ax : matplotlib Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    matplotlib Axes
        The axes drawn on. Areas follow the number of patients; the line is the pooled comparison at every
        share of the control arm, dotted is no difference.

    Raises
    ------
    InputError
        When `pool` is no pool of such a measure or the table lacks a column.

    References
    ----------
    L'Abbe KA, Detsky AS, O'Rourke K (1987). Ann Intern Med 107:224-233

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"events": [4, 6, 3], "n": [20, 30, 23], "events_control": [11, 9, 11]}
    >>> trials["n_control"] = [22, 30, 24]
    >>> pooled = rv.evidence.pool(rv.evidence.effect_size(trials, measure="risk ratio"))
    >>> rv.evidence.labbe_plot(pooled, trials).get_xlabel()
    'Share with the event, control'
    """
    pool = as_pool(pool, at_least=1, weighted=False)
    if pool.scale.code not in _FROM_CONTROL:
        raise InputError(
            f"the pool is one of {pool.scale.quantity!r}; a L'Abbe plot needs risk ratios, odds ratios or "
            "risk differences of two arms."
        )
    frame = as_frame(data)
    cells = study_cells(frame, "two shares")
    missing = sorted(set(pool.studies["study"]) - set(study_names(frame)))
    if missing:
        raise InputError(f"data lacks the pooled studies {missing[:10]}; give the table that was pooled.")
    treated, control = (cells[f"events{arm}"] / cells[f"n{arm}"] for arm in ("", "_control"))
    shown = np.isfinite(treated) & np.isfinite(control)
    ax = as_axes(ax, (4.9, 4.9))
    sizes = areas((cells["n"] + cells["n_control"])[shown])
    ax.scatter(
        control[shown], treated[shown], s=sizes, color=COLOUR, alpha=0.75, edgecolors="white", linewidths=0.6
    )
    top = min(1.0, 1.12 * float(max(treated[shown].max(), control[shown].max(), 0.01)))
    base = np.linspace(0, top, FINE)
    ax.plot([0, top], [0, top], color=SOFT, linewidth=0.9, linestyle=":")
    line = _FROM_CONTROL[pool.scale.code](base, pool.diagnostics["value"])
    ax.plot(base, np.where((line >= 0) & (line <= 1), line, np.nan), color=ACCENT, linewidth=1.4)
    ax.set_xlim(-0.02 * top, top)
    ax.set_ylim(-0.02 * top, top)
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    ax.set_xlabel("Share with the event, control", fontsize=9)
    ax.set_ylabel("Share with the event, treated", fontsize=9)
    ax.set_title(f"{pool.title}\norange: pooled, dotted: no difference", fontsize=9.5)
    return ax


def drapery_plot(pool: Pool, ax: Axes | None = None) -> Axes:
    """Draw the p value of every possible true value, for each study and for the pooled value.

    Parameters
    ----------
    pool : Pool
        What `pool` returned.
    ax : matplotlib Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    matplotlib Axes
        The axes drawn on. At any height a curve spans the interval of the level on the right; the shaded
        curve is that of a new study, where there is a prediction interval.

    Raises
    ------
    InputError
        When `pool` is no pool.

    Notes
    -----
    Studies have normal curves; the pooled value has that of its interval, normal or Student's t with k - 1
    degrees of freedom, and a new study t with k - 2.

    References
    ----------
    Rucker G, Schwarzer G (2021). Res Synth Methods 12. doi:10.1002/jrsm.1410

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.3, 0.6], [0.01, 0.02, 0.05, 0.2])
    >>> rv.evidence.drapery_plot(pooled).get_ylabel()
    'p value of the true value below'
    """
    pool = as_pool(pool, at_least=1)
    ax = as_axes(ax, (6.4, 4.4))
    y, v = effects(pool)
    whole, k = pool.diagnostics, len(y)
    error, value = max(whole["standard_error"], 1e-300), whole["value"]
    reach = max(float(np.abs(y - value).max()), 3 * error) + 1.5 * float(np.median(np.sqrt(v)))
    x = np.linspace(value - reach, value + reach, FINE)
    for middle, spread in zip(y, np.sqrt(v), strict=True):
        ax.plot(x, 2 * special.ndtr(-np.abs(x - middle) / spread), color="#8494ad", linewidth=0.8, alpha=0.8)
    if k > 2 and pool.method != "common":
        wide = math.sqrt(whole["tau2"] + error**2)
        ahead = 2 * special.stdtr(k - 2, -np.abs(x - value) / wide)
        ax.fill_between(x, 0, ahead, color=ACCENT, alpha=0.16, linewidth=0)
    away = -np.abs(x - value) / error
    normal = pool.interval == "wald" or k == 1
    ax.plot(
        x, 2 * (special.ndtr(away) if normal else special.stdtr(k - 1, away)), color=COLOUR, linewidth=2.4
    )
    ax.axhline(1 - pool.level, color=SOFT, linewidth=0.8, linestyle="--")
    if pool.scale.compares:
        ax.axvline(0.0, color=SOFT, linewidth=0.8)
    ax.set_xlim(float(x[0]), float(x[-1]))
    ax.set_ylim(0, 1.02)
    ax.set_ylabel("p value of the true value below", fontsize=9)
    there_and_back: Any = (lambda p: 100 * (1 - p), lambda c: 1 - c / 100)
    level: Any = ax.secondary_yaxis("right", functions=there_and_back)
    level.set_ylabel("Level of the interval (%)", fontsize=9)
    level.tick_params(labelsize=8.5)
    shaded = "; shaded: a new study" if k > 2 and pool.method != "common" else ""
    ax.set_title(f"{pool.title}\nbold: pooled{shaded}", fontsize=9.5)
    read_axis(ax, pool)
    return ax


def _between(pool: Pool) -> float:
    """Give the variance between studies, 0 for a single study."""
    tau2 = float(pool.diagnostics["tau2"])
    return 0.0 if math.isnan(tau2) else tau2


def _by_odds(share: Floats, log_ratio: float) -> Floats:
    """Give the share whose odds are those of another share times a ratio."""
    odds = share * math.exp(log_ratio)
    found: Floats = odds / (1 - share + odds)
    return found


_FROM_CONTROL = {
    "RR": lambda share, effect: share * math.exp(effect),
    "RD": lambda share, effect: share + effect,
    "OR": _by_odds,
    "PETO": _by_odds,
}
