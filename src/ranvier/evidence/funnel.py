"""A funnel plot: effects against their standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ranvier.errors import InputError
from ranvier.evidence._drawing import ACCENT, COLOUR, SOFT, as_axes, read_axis
from ranvier.evidence._repooling import as_pool, effects
from ranvier.evidence.filled_studies import TrimAndFill
from ranvier.evidence.pooled_studies import Pool
from ranvier.result import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["funnel_plot"]

CONTOURS = (
    (0.01, "#ffffff", "p < 0.01"),
    (0.05, "#dfe3ea", "0.01 to 0.05"),
    (0.10, "#c3cad6", "0.05 to 0.10"),
)
"""p values up to which a region reaches, its colour, and its words; what is above is the last colour."""
INNERMOST = "#a7b1c2"
ROOM = 1.08
"""The largest standard error is drawn with so much room below it."""


def funnel_plot(
    pool: Pool, ax: Axes | None = None, *, contours: bool = False, filled: TrimAndFill | None = None
) -> Axes:
    r"""Draw the effects against their standard errors, large studies on top.

    Parameters
    ----------
    pool : Pool
        What `pool` returned.
    ax : matplotlib Axes, optional
        Where to draw; a new figure when None.
    contours : bool
        Shade where a study alone has a p value below 0.01, 0.05 and 0.10 against no difference; only for
        measures in which 0 means no difference.
    filled : TrimAndFill, optional
        What `trim_and_fill` returned for this pool: its mirrored studies are drawn as open points.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Raises
    ------
    InputError
        When `pool` is no pool, contours are asked of a measure without a value of no difference, or `filled`
        belongs to another pool.

    Notes
    -----
    The dashed lines are :math:`\mu \pm z\,s` for the pooled value :math:`\mu`: within them the given share of
    studies is expected if nothing lies between the studies. A missing corner has many causes beside
    unpublished studies.

    References
    ----------
    Sterne JAC, Egger M (2001). J Clin Epidemiol 54:1046-1055
    Peters JL, Sutton AJ, Jones DR, et al. (2008). J Clin Epidemiol 61:991-996 (contours)

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.3, 0.6], [0.01, 0.02, 0.05, 0.2])
    >>> rv.evidence.funnel_plot(pooled, contours=True).get_ylabel()
    'Standard error'
    """
    pool = as_pool(pool, at_least=1)
    if contours and not pool.scale.compares:
        raise InputError(
            f"contours show p values against no difference, which a {pool.scale.quantity} does not have; "
            "leave contours=True away."
        )
    if filled is not None and filled.pool is not pool:
        raise InputError("filled was made of another pool; give evidence.trim_and_fill(pool) of this one.")
    ax = as_axes(ax, (6.2, 4.6))
    y, v = effects(pool)
    errors = np.sqrt(v)
    bottom, value = ROOM * float(errors.max()), pool.diagnostics["value"]
    z = float(special.ndtri((1 + pool.level) / 2))
    mirrored = np.zeros(0) if filled is None else filled.filled["effect"].to_numpy()
    widest = max(float(np.abs(np.concatenate([y, mirrored]) - value).max()), z * bottom) * 1.06
    ax.set_xlim(value - widest, value + widest)
    ax.set_ylim(bottom, 0.0)
    if contours:
        _shade(ax, bottom)
    for side in (-1, 1):
        ax.plot([value, value + side * z * bottom], [0, bottom], color=SOFT, linewidth=0.9, linestyle="--")
    ax.axvline(value, color=COLOUR, linewidth=1.0)
    if pool.scale.compares:
        ax.axvline(0.0, color=SOFT, linewidth=0.8, linestyle=":")
    points: dict[str, Any] = {"s": 34, "linewidths": 1.2, "zorder": 3}
    ax.scatter(y, errors, color=COLOUR, edgecolors="white", **{**points, "linewidths": 0.6})
    if filled is not None and len(mirrored):
        ax.scatter(
            mirrored, np.sqrt(filled.filled["variance"]), facecolors="white", edgecolors=ACCENT, **points
        )
        ax.axvline(filled.diagnostics["value"], color=ACCENT, linewidth=1.0)
    ax.set_ylabel("Standard error", fontsize=9)
    added = (
        "" if filled is None else f", {plural(len(mirrored), 'mirrored study', 'mirrored studies')} (open)"
    )
    ax.set_title(f"{pool.title}{added}", fontsize=9.5, pad=24 if contours else 8)
    read_axis(ax, pool)
    return ax


def _shade(ax: Axes, bottom: float) -> None:
    """Shade the regions of p values of a single study, and say which is which above the axes."""
    from matplotlib.patches import Patch

    ax.set_facecolor(CONTOURS[0][1])
    for (p, _, _), (_, colour, _) in zip(CONTOURS, [*CONTOURS[1:], (0, INNERMOST, "")], strict=True):
        reach = float(special.ndtri(1 - p / 2)) * bottom
        ax.fill([0, -reach, reach], [0, bottom, bottom], color=colour, linewidth=0, zorder=0)
    handles = [Patch(facecolor=colour, edgecolor=SOFT, label=words) for _, colour, words in CONTOURS]
    handles.append(Patch(facecolor=INNERMOST, edgecolor=SOFT, label="p > 0.10"))
    ax.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        frameon=False,
        fontsize=8,
        handlelength=1.2,
        columnspacing=1.2,
    )
