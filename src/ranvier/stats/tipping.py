"""Tipping point of a difference of means: how far missing values must lie from what was assumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import Derivation, Estimate, number
from ranvier.stats._inputs import as_level
from ranvier.stats._tipping_maps import new_axes, p_value_map
from ranvier.stats.imputation import Imputed
from ranvier.stats.rubin_rules import pool_imputations

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TippingPoint", "tipping_point"]

_REFERENCES = (
    "Yan X, Lee S, Li N (2009). J Biopharm Stat 19:1085-1098",
    "National Research Council (2010). The Prevention and Treatment of Missing Data in Clinical Trials",
)
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TippingPoint(Derivation):
    """Difference of means for each shift of the drawn values.

    Parameters
    ----------
    tipping : float or None
        Shift in the one arm alone, nearest to 0, at which the conclusion changes; None when no shift looked
        at does.
    level : float
        Confidence level.
    """

    tipping: float | None
    level: float

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw difference and interval against the shift, or the p value over both shifts.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        ax = new_axes(ax)
        others = self.table["shift_reference"].unique().sort()
        if others.len() > 1:
            shifts = self.table["shift"].unique().sort()
            grid = self.table.sort("shift_reference", "shift")["p_value"].to_numpy()
            labels = ("shift of the drawn values", "shift in the other group")
            table = grid.reshape(others.len(), -1)
            return p_value_map(ax, (shifts.to_list(), others.to_list()), table, labels, self.level, self.name)
        rows = self.table.sort("shift")
        ax.fill_between(rows["shift"], rows["low"], rows["high"], color="C0", alpha=0.25, linewidth=0)
        ax.plot(rows["shift"], rows["difference"], color="C0")
        ax.axhline(0, color="C5", linewidth=0.8)
        if self.tipping is not None:
            ax.axvline(self.tipping, color="C1", linestyle="--", label=f"changes at {number(self.tipping)}")
            ax.legend(fontsize="small")
        ax.set_xlabel("shift of the drawn values")
        ax.set_ylabel("difference of means")
        ax.set_title(self.name)
        return ax


def tipping_point(
    imputed: Imputed,
    *,
    visit: str,
    arm: str,
    shifts: Sequence[float],
    reference_shifts: Sequence[float] = (0.0,),
    baseline: str | None = None,
    level: float = 0.95,
) -> TippingPoint:
    r"""Shift the drawn values of a difference of means until its conclusion changes.

    Parameters
    ----------
    imputed : Imputed
        What `impute` gives, with two groups.
    visit : str
        Visit that is compared.
    arm : str
        Group whose mean comes first; its drawn values at the visit get `shifts`.
    shifts : sequence of float
        Shifts to look at, in the units of the value; for a scale on which high is bad, positive shifts are
        pessimistic for the arm. 0 is missing at random.
    reference_shifts : sequence of float
        Shifts of the other group's drawn values; all pairs are looked at.
    baseline : str, optional
        Visit that is subtracted, for a difference of changes.
    level : float
        Confidence level, two-sided.

    Returns
    -------
    TippingPoint
        Table with shift, shift_reference, difference, low, high, p_value and rejected (0 outside the
        interval). `tipping` is the shift of the arm alone at which the conclusion of shift 0 changes.

    Raises
    ------
    InputError
        When the groups are not two, a visit or arm is unknown, there is no shift, or `level` is not allowed.

    Notes
    -----
    Each shift is added to the drawn values only, in every imputation; the difference of the means with its
    pooled-variance standard error (n − 2 degrees of freedom) is then combined by `pool_imputations`. The
    difference is linear in the shift, so that between two shifts of the table the tipping point is found as
    a root. A small shift that already changes the conclusion means that the conclusion rests on the
    assumption.

    References
    ----------
    Yan X, Lee S, Li N (2009). Journal of Biopharmaceutical Statistics 19:1085-1098
    National Research Council (2010). The Prevention and Treatment of Missing Data in Clinical Trials

    Examples
    --------
    >>> import ranvier as rv
    >>> visits = {
    ...     "subject": [f"P{i}" for i in range(12) for _ in range(2)],
    ...     "arm": ["cells"] * 12 + ["placebo"] * 12,
    ...     "visit": ["month 0", "month 12"] * 12,
    ...     "edss": [4, 3, 5, 4, 6, None, 3, 2.5, 4.5, 4, 5, 4]
    ...     + [3.5, 4.5, 6, 7, 4, 5, 5, 5.5, 6, 6.5, 4, None],
    ... }
    >>> done = rv.stats.impute(visits, value="edss", visits=["month 0", "month 12"], seed=1)
    >>> found = rv.stats.tipping_point(
    ...     done, visit="month 12", arm="cells", baseline="month 0", shifts=[0, 2, 4, 6]
    ... )
    >>> found.table["rejected"].to_list()
    [True, True, False, False]
    """
    confidence = as_level(level)
    groups = [] if imputed.by is None else imputed.table[imputed.by].unique().sort().to_list()
    if len(groups) != 2:
        raise InputError(f"imputed has the groups {groups}; a tipping point needs two.")
    require_choice("arm", arm, groups)
    require_choice("visit", visit, imputed.visits)
    if baseline is not None:
        require_choice("baseline", baseline, imputed.visits)
    steps, others = (_shifts("shifts", shifts), _shifts("reference_shifts", reference_shifts))
    parts = _parts(imputed, visit, baseline, arm)

    def at(shift: float, other: float) -> Estimate:
        return _difference(parts, shift, other, confidence)

    rows = [{"shift": one, "shift_reference": two, **_row(at(one, two))} for two in others for one in steps]
    tipping = _first_change(steps, lambda shift: at(shift, 0.0))
    reference = next(group for group in groups if group != arm)
    about = f"{imputed.value} at {visit}" + (f" minus {baseline}" if baseline else "")
    return TippingPoint(
        name=f"Tipping point: {about}, {arm} minus {reference}",
        table=pl.DataFrame(rows),
        method=_tipping_text(at(0.0, 0.0), tipping, steps, arm, parts),
        references=_REFERENCES,
        tipping=tipping,
        level=confidence,
    )


def _shifts(name: str, given: Sequence[float]) -> list[float]:
    """Give finite shifts in rising order, each once."""
    found = sorted({float(shift) for shift in given})
    if not found or not all(math.isfinite(shift) for shift in found):
        raise InputError(f"{name} is {list(given)!r}; give at least one finite shift.")
    return found


@dataclass(frozen=True)
class _Parts:
    """Values and drawn flags of both groups, shape (imputations, patients); the arm first."""

    values: tuple[Floats, Floats]
    drawn: tuple[NDArray[np.bool_], NDArray[np.bool_]]


def _parts(imputed: Imputed, visit: str, baseline: str | None, arm: str) -> _Parts:
    """Give values (or changes) at the visit."""
    order = ["imputation", "subject"]
    rows = imputed.table.filter(pl.col("visit") == visit).sort(order)
    values = rows[imputed.value].to_numpy().reshape(imputed.imputations, -1)
    if baseline is not None:
        before = imputed.table.filter(pl.col("visit") == baseline).sort(order)[imputed.value]
        values = values - before.to_numpy().reshape(values.shape)
    drawn = rows["imputed"].to_numpy().reshape(values.shape)
    first = (rows[imputed.by or ""] == arm).to_numpy().reshape(values.shape)[0]
    for inside, what in ((first, arm), (~first, "the other group")):
        if inside.sum() < 2:
            raise InputError(
                f"{what} has fewer than 2 patients; a difference of means needs 2 in each group."
            )
    return _Parts((values[:, first], values[:, ~first]), (drawn[:, first], drawn[:, ~first]))


def _difference(parts: _Parts, shift: float, other: float, level: float) -> Estimate:
    """Give the pooled difference of means at two shifts."""
    moved = [v + s * d for v, d, s in zip(parts.values, parts.drawn, (shift, other), strict=True)]
    sizes = [v.shape[1] for v in moved]
    df = sum(sizes) - 2
    squares = sum(((v - v.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) for v in moved)
    errors = np.sqrt(squares / df * (1 / sizes[0] + 1 / sizes[1]))
    if not (errors > 0).all():
        raise InputError("all values are equal within groups; a difference of means has no standard error.")
    means = moved[0].mean(axis=1) - moved[1].mean(axis=1)
    return pool_imputations(means.tolist(), errors.tolist(), complete_df=df, level=level)


def _row(found: Estimate) -> dict[str, Any]:
    rejected = not found.low <= 0 <= found.high
    return {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "rejected": rejected,
    }


def _first_change(steps: list[float], at: Any) -> float | None:
    """Give the shift nearest to 0 at which the interval begins or ceases to hold 0."""
    from scipy.optimize import brentq

    def margin(shift: float) -> float:
        found = at(shift)
        return float(max(found.low, -found.high))  # above 0 when 0 lies outside the interval

    start = margin(0.0) > 0
    changes = []
    for side in ([s for s in steps if s > 0], [s for s in reversed(steps) if s < 0]):
        last = 0.0
        for shift in side:
            if (margin(shift) > 0) != start:
                changes.append(float(brentq(margin, *sorted((last, shift)))))
                break
            last = shift
    return min(changes, key=abs, default=None)


def _tipping_text(found: Estimate, tipping: float | None, steps: list[float], arm: str, parts: _Parts) -> str:
    """Say what the shifts show."""
    drawn = [int(part[0].sum()) for part in parts.drawn]
    verdict = "excludes 0" if not found.low <= 0 <= found.high else "holds 0"
    text = (
        f"Taken as missing at random the difference of means is {found.text()}, which {verdict}; "
        f"{drawn[0]} values of {arm} and {drawn[1]} of the other group were drawn."
    )
    if tipping is None:
        return f"{text} No shift from {number(steps[0])} to {number(steps[-1])} changes that."
    return f"{text} That changes when the drawn values of {arm} are shifted by {number(tipping)}."
