"""Trim and fill: what the pooled value would be if a funnel had to be symmetric."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import ConvergenceError, require_choice
from ranvier.evidence._lines import line_common, line_random
from ranvier.evidence._pooled import pool_many
from ranvier.evidence._repooling import as_pool, effects, pool_again
from ranvier.evidence.pooled_studies import Pool, PooledEstimate
from ranvier.result import Fit, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FILL_ESTIMATORS", "FILL_SIDES", "TrimAndFill", "trim_and_fill"]

Floats = NDArray[np.float64]

FILL_ESTIMATORS = {
    "L0": "linear in the sum of ranks on the far side",
    "R0": "the run of the most extreme studies on one side",
    "Q0": "quadratic in the sum of ranks on the far side",
}
"""How the number of missing studies is estimated, by name."""
FILL_SIDES = ("left", "right")
"""Sides of the funnel on which studies may be missing; left means small values."""

MOST_STEPS = 100
"""Trimming settles within a handful of steps, or goes round in circles."""


_NOTE = (
    "The studies that were added do not exist: this asks what would be if the funnel had to be symmetric, "
    "and is no better estimate of the pooled value."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrimAndFill(Fit):
    """A pooled value before and after a funnel was made symmetric.

    Parameters
    ----------
    pool : Pool
        The pool as it was.
    filled : polars.DataFrame
        study (of which it is the mirror image), effect, variance: one row per study that was added.
    side : str
        Where studies were added, one of `FILL_SIDES`.
    """

    pool: Pool
    filled: pl.DataFrame
    side: str

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a funnel with the studies that were added as open points.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.evidence.funnel import funnel_plot

        return funnel_plot(self.pool, ax, filled=self)


def trim_and_fill(pool: Pool, *, estimator: str = "L0", side: str | None = None) -> TrimAndFill:
    r"""Give the pooled value after mirror images of unmatched small studies were added.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least three studies.
    estimator : str
        One of `FILL_ESTIMATORS`; L0 is the default of other programs too.
    side : str, optional
        One of `FILL_SIDES`: where studies are thought to be missing. When None, the side that the regression
        over standard errors points to, left when small studies have larger values.

    Returns
    -------
    TrimAndFill
        Estimates: the pooled value as it was, and after filling. `filled` holds the studies that were added;
        diagnostics: missing (their number), side, and numbers of the filled pool on the pooled scale.

    Raises
    ------
    InputError
        When `pool` is no pool, holds fewer than three studies, or an option is not allowed.
    ConvergenceError
        When the number of missing studies goes round in circles, or Q0 is the root of a number below 0.

    Notes
    -----
    The most extreme studies of the far side are cut off, the rest is pooled, the number to cut is estimated
    from the ranks of the distances to that value, until it stays; then all studies come back with mirror
    images of those that were cut. With :math:`S` the sum of the ranks of the distances on the far side:
    :math:`L_0 = (4S - k(k+1)) / (2k - 1)`, :math:`Q_0 = k - 1/2 - \sqrt{2k^2 - 4S + 1/4}`,
    :math:`R_0` = length of the run of largest ranks on the far side, less 1; rounded, at least 0.

    The studies that are added do not exist. The result answers "what if", it is no better estimate: when
    studies differ it fills in studies where none is missing.

    References
    ----------
    Duval S, Tweedie R (2000). Biometrics 56:455-463
    Duval S, Tweedie R (2000). J Am Stat Assoc 95:89-98

    Examples
    --------
    >>> import ranvier as rv
    >>> y, v = [0.1, 0.15, 0.2, 0.5, 0.7, 0.9], [0.01, 0.01, 0.02, 0.1, 0.15, 0.2]
    >>> found = rv.evidence.trim_and_fill(rv.evidence.pool(y, v, method="common"))
    >>> found.diagnostics["missing"], found.side
    (2, 'left')
    """
    pool = as_pool(pool, at_least=3)
    require_choice("estimator", estimator, FILL_ESTIMATORS)
    y, v = effects(pool)
    if side is None:
        line = line_common(y, v) if pool.method == "common" else line_random(y, v, pool.interval)
        side = "right" if line.coefficients[1] < 0 else "left"
    require_choice("side", side, FILL_SIDES)
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * y, kind="stable").astype(np.intp)
    missing, centre = _trimmed(pool, order, sign, estimator)
    cut = order[len(order) - missing :]
    filled = pl.DataFrame(
        {"study": pool.studies["study"].gather(cut), "effect": 2 * centre - y[cut], "variance": v[cut]}
    )
    full_y, full_v = (np.concatenate([old, filled[name]]) for old, name in ((y, "effect"), (v, "variance")))
    again = pool_many(
        full_y[:, None], full_v[:, None], method=pool.method, interval=pool.interval, level=pool.level
    )
    numbers = {name: float(getattr(again, name)[0]) for name in ("value", "low", "high", "tau2", "i2", "q")}
    numbers["standard_error"] = float(again.standard_error[0])
    return TrimAndFill(
        title=f"Trim and fill, {plural(len(y), 'study', 'studies')}",
        estimates=(pool.estimates[0], _after(pool, numbers, len(full_y), estimator)),
        method_text=(
            f"{plural(missing, 'study', 'studies')} would be missing on the {side} (estimator {estimator})."
        ),
        diagnostics={"missing": missing, "side": side, **numbers},
        notes=(_NOTE,),
        pool=pool,
        filled=filled,
        side=side,
    )


def _trimmed(pool: Pool, order: NDArray[np.intp], sign: float, estimator: str) -> tuple[int, float]:
    """Cut the most extreme studies until their number stays; give it with the value of the others."""
    y = effects(pool)[0]
    missing = 0
    seen: list[int] = []
    for _ in range(MOST_STEPS):
        centre = float(pool_again(pool, order[: len(order) - missing, None])["value"][0])
        found = _missing(sign * (y[order] - centre), estimator)
        if found == missing and seen:
            return missing, centre
        seen.append(found)
        missing = found
    raise ConvergenceError(
        f"the number of missing studies goes round in circles, last {seen[-4:]}; use another estimator of "
        f"{list(FILL_ESTIMATORS)} or state the side."
    )


def _missing(distance: Floats, estimator: str) -> int:
    """Give the estimated number of missing studies from distances to the centre, sorted."""
    k = len(distance)
    ranks = np.empty(k)
    # Equal distances on both sides: the near side comes first, whatever the order of the studies.
    ranks[np.argsort(np.abs(distance), kind="stable")] = np.arange(1, k + 1)
    far = float(ranks[distance > 0].sum())
    if estimator == "L0":
        raw = (4 * far - k * (k + 1)) / (2 * k - 1)
    elif estimator == "Q0":
        square = 2 * k**2 - 4 * far + 0.25
        if square < 0:
            raise ConvergenceError(
                "the estimator 'Q0' has no value here: nearly all studies lie on the far side. Use "
                "'L0' or 'R0'."
            )
        raw = k - 0.5 - math.sqrt(square)
    else:
        raw = k - float(ranks[distance < 0].max(initial=0.0)) - 1
    return int(np.clip(np.round(raw), 0, k - 1))


def _after(pool: Pool, numbers: dict[str, float], n: int, estimator: str) -> PooledEstimate:
    """Give the pooled value after filling."""
    return PooledEstimate(
        quantity=f"pooled {pool.scale.quantity} after filling",
        value=pool.scale.read(numbers["value"]),
        low=pool.scale.read(numbers["low"]),
        high=pool.scale.read(numbers["high"]),
        level=pool.level,
        method=f"trim and fill {estimator}",
        method_text="Pooled again, with the mirror images, in the same way.",
        n=n,
        unit=pool.scale.unit,
        inputs={"studies": n},
        references=("Duval S, Tweedie R (2000). Biometrics 56:455-463",),
    )
