"""A selection model: the pooled value if studies without a small p value were published less often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ranvier.errors import ConvergenceError, InputError, require_choice
from ranvier.evidence._pooled import pool_many
from ranvier.evidence._repooling import as_pool, effects
from ranvier.evidence._selection import selected
from ranvier.evidence.pooled_studies import Pool, PooledEstimate
from ranvier.result import Fit, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FAVOURED", "SelectionFit", "selection_model"]

Floats = NDArray[np.float64]

FAVOURED = ("positive", "negative")
"""Direction of the effects that are published more easily, on the pooled scale."""

SETTLED = 1e-9
"""Slope of the log-likelihood, in standard errors of the parameters, at which the search has ended."""
FEW = 20
"""Studies below which a fitted chance is uncertain in any case: it is one number for a few studies."""
FEWEST = 3
"""Studies on each side of the cut below which the chance of publication is a guess."""
STARTS = (0.2, 1.0, 5.0)
"""Relative chances of publication from which the likelihood is climbed: it may have several maxima."""
EDGE = 1e-8
"""Least relative chance of publication that is tried; none at all would make such studies impossible."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SelectionFit(Fit):
    """A pooled value under selective publication.

    Parameters
    ----------
    pool : Pool
        The pool that was looked at.
    step : float
        One-sided p value at which the chance of publication changes.
    favours : str
        Direction that is published more easily, one of `FAVOURED`.
    """

    pool: Pool
    step: float
    favours: str

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a funnel, with the line of the p value at the step and both pooled values.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.evidence._drawing import ACCENT
        from ranvier.evidence.funnel import funnel_plot

        ax = funnel_plot(self.pool, ax)
        z = float(special.ndtri(1 - self.step)) * (1 if self.favours == "positive" else -1)
        bottom = float(ax.get_ylim()[0])
        ax.plot([0, z * bottom], [0, bottom], color=ACCENT, linewidth=1.0, linestyle="--")
        ax.axvline(self.diagnostics["value"], color=ACCENT, linewidth=1.2)
        ax.set_title(f"{self.title}\norange: cut at p = {self.step:g}, value after selection", fontsize=9.5)
        return ax


def selection_model(pool: Pool, *, favours: str, step: float = 0.025) -> SelectionFit:
    r"""Give the pooled value if studies without a small p value were published less often.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least three studies, some on each side of the step.
    favours : str
        One of `FAVOURED`: the direction of effect, on the pooled scale, that is published more easily. There
        is no default, because the wrong one answers another question: for change of the EDSS it is
        "negative".
    step : float
        One-sided p value at which the chance of publication changes, between 0 and 1.

    Returns
    -------
    SelectionFit
        Estimates: the pooled value, the relative chance of publication of studies above the step with the
        p value for a chance of 1, and the variance between studies. Diagnostics: value, low, high,
        standard_error, tau2, tau2_error, chance, chance_error, log_likelihood, likelihood_ratio, p_value.

    Raises
    ------
    InputError
        When `pool` is no pool, holds fewer than three studies, all studies lie on one side of the step, or an
        option is not allowed.
    ConvergenceError
        When the likelihood has no maximum that the search finds.

    Notes
    -----
    Three parameters by maximum likelihood: value, variance between studies, and the relative chance
    :math:`\delta` that a study with a one-sided p value above the step is published, against 1 below it
    (Hedges 1992; Vevea and Hedges 1995 for several steps). Intervals are normal, from the curvature of the
    likelihood; the p value for :math:`\delta = 1` is by likelihood ratio. Every pool is read as one with
    random effects, whatever its method.

    With few studies the chance of publication is hardly known, and the result depends on one or two of them:
    it is a question asked of the data, not a correction.

    References
    ----------
    Hedges LV (1992). Stat Sci 7:246-255
    Vevea JL, Hedges LV (1995). Psychometrika 60:419-435

    Examples
    --------
    >>> import ranvier as rv
    >>> y = [0.8, 0.6, 0.5, 0.9, 0.45, 0.1, 0.7, 0.3, 0.2, 0.55]
    >>> v = [0.06, 0.04, 0.03, 0.12, 0.03, 0.02, 0.09, 0.02, 0.05, 0.06]
    >>> found = rv.evidence.selection_model(rv.evidence.pool(y, v), favours="positive")
    >>> round(found.diagnostics["value"], 2), round(found.diagnostics["chance"], 2)
    (0.2, 0.05)
    """
    pool = as_pool(pool, at_least=3)
    require_choice("favours", favours, FAVOURED)
    if isinstance(step, bool) or not isinstance(step, float | int) or not 0 < step < 1:
        raise InputError(f"step is {step!r}; it must be a one-sided p value between 0 and 1, such as 0.025.")
    sign = 1.0 if favours == "positive" else -1.0
    y, v = effects(pool)
    z = float(special.ndtri(1 - step))
    below = int((sign * y > z * np.sqrt(v)).sum())
    if below in {0, len(y)}:
        raise InputError(
            f"{below} of {len(y)} studies have a one-sided p value up to {step:g} in the {favours} "
            "direction; the chance of publication can only be estimated with studies on both sides. "
            "Use another step, or trim_and_fill."
        )
    # In units of the studies, so that the search does not depend on them.
    unit = float(1 / (1 / v).mean())
    best = _most_likely(sign * y / math.sqrt(unit), v / unit, z)
    scale = np.array([sign * math.sqrt(unit), unit, 1.0])
    at = best * scale
    numbers = _numbers(sign * y / math.sqrt(unit), v / unit, z, best)
    numbers["log_likelihood"] -= len(y) * math.log(unit) / 2
    errors = numbers.pop("errors") * np.abs(scale)
    reach = float(special.ndtri((1 + pool.level) / 2)) * errors
    diagnostics = {
        "value": float(at[0]),
        "low": float(at[0] - reach[0]),
        "high": float(at[0] + reach[0]),
        "standard_error": float(errors[0]),
        "tau2": float(at[1]),
        "tau2_error": float(errors[1]),
        "chance": float(at[2]),
        "chance_error": float(errors[2]),
        **numbers,
    }
    return SelectionFit(
        title=f"Selection model, {plural(len(y), 'study', 'studies')}",
        estimates=_estimates(pool, diagnostics, reach, step),
        method_text=(
            f"Studies with a one-sided p value above {step:g} ({len(y) - below} of {len(y)}) are published "
            f"with another chance than the others; {favours} effects are favoured."
        ),
        diagnostics=diagnostics,
        notes=_notes(below, len(y), step, at),
        pool=pool,
        step=float(step),
        favours=favours,
    )


def _most_likely(y: Floats, v: Floats, z: float) -> Floats:
    """Give value, variance between studies and chance of publication with the largest likelihood."""
    bounds = [(None, None), (0.0, None), (EDGE, None)]
    start = pool_many(y[:, None], v[:, None], method="ml", interval="wald", level=0.95)
    found = []
    for chance in STARTS:
        for tau2 in (float(start.tau2[0]), 0.1 + float(start.tau2[0])):
            climbed = optimize.minimize(
                lambda at: _downhill(y, v, z, at),
                np.array([float(start.value[0]), tau2, chance]),
                jac=True,
                bounds=bounds,
                method="L-BFGS-B",
                options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000},
            )
            found.append((float(climbed.fun), climbed.x))
    return _sharpened(y, v, z, min(found, key=lambda pair: pair[0])[1])


def _downhill(y: Floats, v: Floats, z: float, at: Floats) -> tuple[float, Floats]:
    """Give what is minimised."""
    here = selected(y, v, z, at)
    return -here.height, -here.slope


def _sharpened(y: Floats, v: Floats, z: float, at: Floats) -> Floats:
    """Go the last steps by Newton's method; a variance between studies of 0 stays there."""
    at = np.array(at, dtype=np.float64)
    for _ in range(50):
        here = selected(y, v, z, at)
        free = np.array([True, at[1] > 0 or here.slope[1] > 0, True])
        information = -here.curve[np.ix_(free, free)]
        if np.linalg.eigvalsh(information).min() <= 0:
            break
        step = np.linalg.solve(information, here.slope[free])
        if float(step @ here.slope[free]) <= SETTLED**2:
            return at
        moved = at.copy()
        moved[free] += step
        moved[1], moved[2] = max(moved[1], 0.0), max(moved[2], at[2] / 2)
        at = moved
    raise ConvergenceError(
        f"the likelihood of the selection model has no clear maximum; the last values were {at[0]:.4g} (in "
        f"typical standard errors), {at[1]:.4g} between studies and a chance of {at[2]:.4g}. Use another "
        "step, or trim_and_fill."
    )


def _numbers(y: Floats, v: Floats, z: float, at: Floats) -> dict[str, Any]:
    """Give standard errors and the test of a chance of 1."""
    here = selected(y, v, z, at)
    free = np.array([True, at[1] > 0, True])
    errors = np.full(3, np.nan)
    errors[free] = np.sqrt(np.diag(np.linalg.inv(-here.curve[np.ix_(free, free)])))
    plain = pool_many(y[:, None], v[:, None], method="ml", interval="wald", level=0.95)
    flat = selected(y, v, z, np.array([plain.value[0], plain.tau2[0], 1.0])).height
    ratio = max(2 * (here.height - flat), 0.0)
    return {
        "errors": errors,
        "log_likelihood": here.height,
        "likelihood_ratio": ratio,
        "p_value": float(special.chdtrc(1, ratio)),
    }


def _estimates(
    pool: Pool, found: dict[str, float], reach: Floats, step: float
) -> tuple[PooledEstimate, PooledEstimate, PooledEstimate]:
    """Give value, chance of publication and variance between studies."""
    shared: dict[str, Any] = {
        "level": pool.level,
        "method": "selection model",
        "n": pool.studies.height,
        "method_text": "Maximum likelihood; normal interval from the curvature.",
        "references": (
            "Hedges LV (1992). Stat Sci 7:246-255",
            "Vevea JL, Hedges LV (1995). Psychometrika 60",
        ),
    }
    read = pool.scale.read
    value = PooledEstimate(
        quantity=f"pooled {pool.scale.quantity} under selection",
        value=read(found["value"]),
        low=read(found["low"]),
        high=read(found["high"]),
        unit=pool.scale.unit,
        **shared,
    )
    chance = PooledEstimate(
        quantity=f"chance of publication above p = {step:g}, relative to below",
        value=found["chance"],
        low=max(found["chance"] - float(reach[2]), 0.0),
        high=found["chance"] + float(reach[2]),
        p_value=found["p_value"],
        null="the chance is the same",
        **shared,
    )
    between = PooledEstimate(
        quantity="variance between studies (tau²)",
        value=found["tau2"],
        low=max(found["tau2"] - float(reach[1]), 0.0),
        high=found["tau2"] + float(reach[1]),
        **shared,
    )
    return value, chance, between


def _notes(below: int, k: int, step: float, at: Floats) -> tuple[str, ...]:
    """Give what a reader must not miss."""
    notes = ["This asks what follows if publication worked so; it does not show that it did."]
    if min(below, k - below) < FEWEST:
        few = plural(min(below, k - below), "study", "studies")
        notes.append(f"On one side of p = {step:g} there is no more than {few}: the chance is hardly known.")
    elif k < FEW:
        notes.append(f"With {k} studies the chance of publication rests on a few of them.")
    if at[2] > 1:
        notes.append("Studies above the step are more frequent than expected: nothing points to selection.")
    if at[1] == 0:
        notes.append("The variance between studies is 0, at the edge of what it can be: no interval for it.")
    return tuple(notes)
