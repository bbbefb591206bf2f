"""Do small studies report other values than large ones: a regression and a rank test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.errors import InputError, require_choice
from ranvier.evidence._lines import Line, line_common, line_random
from ranvier.evidence._repooling import as_pool, effects
from ranvier.evidence.funnel import funnel_plot
from ranvier.evidence.pooled_studies import Pool, PooledEstimate
from ranvier.result import Estimate, Fit, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EGGER_MODELS", "Asymmetry", "begg_test", "egger_test"]

EGGER_MODELS = {
    "multiplicative": "weights 1/variance, scatter around the line widens its errors (the test of Egger)",
    "random": "a variance between studies around the line, by restricted likelihood (REML)",
}
"""Models of the regression test, by name."""

FEW = 10
"""Studies below which tests of asymmetry are advised against (Sterne 2011)."""
_BOUND = {"PLO", "PLN", "PR", "IR", "IRLN", "RR", "OR", "RD", "PETO", "IRR", "IRD", "SMD", "SMCC", "SMCR"}
"""Measures whose variance is computed from the effect itself."""

_STERNE = "Sterne JAC, Sutton AJ, Ioannidis JPA, et al. (2011). BMJ 343:d4002. doi:10.1136/bmj.d4002"


@dataclass(frozen=True, kw_only=True, eq=False)
class Asymmetry(Fit):
    """A line through the effects of small and large studies.

    Parameters
    ----------
    pool : Pool
        The pool that was looked at.
    line : Line
        The fitted line: value at a standard error of 0, and slope.
    """

    pool: Pool
    line: Line

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a funnel with the fitted line in it.

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

        ax = funnel_plot(self.pool, ax)
        errors = np.array([0.0, float(np.sqrt(self.pool.studies["variance"].to_numpy().max()))])
        start, slope = self.line.coefficients
        ax.plot(start + slope * errors, errors, color=ACCENT, linewidth=1.6)
        ax.set_title(f"{self.title}\norange: line through the effects", fontsize=9.5)
        return ax


def egger_test(pool: Pool, *, model: str = "multiplicative") -> Asymmetry:
    r"""Give the slope of the effects over their standard errors, with its test.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least three studies of different size.
    model : str
        One of `EGGER_MODELS`. "multiplicative" is the test as published and as recommended for ten studies or
        more; "random" asks the same of a random-effects model, with the kind of interval of the pool, and
        finds less when studies differ for other reasons too.

    Returns
    -------
    Asymmetry
        Estimates: the slope with its p value, and the value that the line gives for a standard error of 0.

    Raises
    ------
    InputError
        When `pool` is no pool, holds fewer than three studies, all of one size, or the model is unknown.

    Notes
    -----
    :math:`y_i = a + b\,s_i` with the standard errors :math:`s_i`. "multiplicative" weights by
    :math:`1/s_i^2` and multiplies the variances of a and b by the mean square around the line, t with k - 2
    degrees of freedom: b is the intercept in Egger's own form, :math:`y_i/s_i` over :math:`1/s_i`. Below ten
    studies the test has hardly any power. Asymmetry is not proof of unpublished studies: small studies may
    have other patients, doses or quality, and for ratios and shares the standard error depends on the effect.

    References
    ----------
    Egger M, Davey Smith G, Schneider M, Minder C (1997). BMJ 315:629-634. doi:10.1136/bmj.315.7109.629
    Sterne JAC, Sutton AJ, Ioannidis JPA, et al. (2011). BMJ 343:d4002. doi:10.1136/bmj.d4002

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.3, 0.6], [0.01, 0.02, 0.05, 0.2])
    >>> print(rv.evidence.egger_test(pooled).estimates[0].text())
    1.50 (95 % interval 0.70 to 2.31)
    """
    pool = as_pool(pool, at_least=3)
    require_choice("model", model, EGGER_MODELS)
    y, v = effects(pool)
    line = line_common(y, v) if model == "multiplicative" else line_random(y, v, pool.interval)
    shared: dict[str, Any] = {
        "level": pool.level,
        "method": f"egger {model}",
        "n": len(y),
        "references": ("Egger M, Davey Smith G, Schneider M, Minder C (1997). BMJ 315:629-634", _STERNE),
    }
    low, high = line.bounds(1, pool.level)
    slope = PooledEstimate(
        quantity="change of the effect for a standard error larger by 1",
        value=line.coefficients[1],
        low=low,
        high=high,
        p_value=line.p_value,
        null="effects do not depend on standard errors",
        method_text=f"A line over the standard errors; {EGGER_MODELS[model]}.",
        **shared,
    )
    low, high = line.bounds(0, pool.level)
    start = PooledEstimate(
        quantity=f"{pool.scale.quantity} that the line gives for an infinitely large study",
        value=pool.scale.read(line.coefficients[0]),
        low=pool.scale.read(low),
        high=pool.scale.read(high),
        unit=pool.scale.unit,
        method_text="The same line at a standard error of 0, beyond the data.",
        **shared,
    )
    return Asymmetry(
        title=f"Small studies against large ones, {plural(len(y), 'study', 'studies')}",
        estimates=(slope, start),
        method_text="Regression test of funnel-plot asymmetry.",
        diagnostics={"tau2": line.tau2, "df": line.df, "standard_errors": line.errors},
        notes=_notes(pool),
        pool=pool,
        line=line,
    )


def begg_test(pool: Pool) -> Estimate:
    r"""Give Kendall's rank correlation of effects and variances, with its test.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least three studies of different size.

    Returns
    -------
    Estimate
        Kendall's tau, no interval, and its p value: exact without ties, else normal with the variance for
        ties.

    Raises
    ------
    InputError
        When `pool` is no pool, holds fewer than three studies, or all effects or variances are equal.

    Notes
    -----
    Effects are standardised by the common value :math:`\mu` with weights 1/variance:
    :math:`(y_i - \mu) / \sqrt{v_i - 1/\sum_j 1/v_j}`. The test has less power than that of Egger, hardly any
    below ten studies, and asymmetry is not proof of unpublished studies.

    References
    ----------
    Begg CB, Mazumdar M (1994). Biometrics 50:1088-1101

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.3, 0.6], [0.01, 0.02, 0.05, 0.2])
    >>> found = rv.evidence.begg_test(pooled)
    >>> round(found.value, 3), round(found.p_value, 3)
    (1.0, 0.083)
    """
    from scipy import stats

    pool = as_pool(pool, at_least=3)
    y, v = effects(pool)
    w = 1 / v
    standardised = (y - (w * y).sum() / w.sum()) / np.sqrt(v - 1 / w.sum())
    tied = len(np.unique(standardised)) < len(y) or len(np.unique(v)) < len(v)
    if len(np.unique(y)) == 1 or len(np.unique(v)) == 1:
        raise InputError(
            "all effects or all variances are equal, so that they have no rank correlation; this test "
            "needs studies of different size and effect."
        )
    found = stats.kendalltau(standardised, v, method="asymptotic" if tied else "exact")
    return Estimate(
        quantity="rank correlation (Kendall's tau) of effects and variances",
        value=float(found.statistic),
        low=float("nan"),
        high=float("nan"),
        level=pool.level,
        method="begg",
        method_text=f"Rank test of Begg and Mazumdar; p value {'normal, for ties' if tied else 'exact'}.",
        n=len(y),
        p_value=float(found.pvalue),
        null="effects and variances are not related",
        left_out=pool.left_out,
        notes=_notes(pool),
        references=("Begg CB, Mazumdar M (1994). Biometrics 50:1088-1101", _STERNE),
    )


def _notes(pool: Pool) -> tuple[str, ...]:
    """Give what a reader of a test of asymmetry must not miss."""
    k = pool.studies.height
    notes = []
    if k < FEW:
        notes.append(
            f"With {k} studies, fewer than {FEW}, such a test has hardly any power: a large "
            "p value says nothing."
        )
    notes.append(
        "Asymmetry is no proof of unpublished studies: small studies may differ in patients, dose or "
        "quality, and chance makes funnels look crooked."
    )
    if pool.scale.code in _BOUND:
        notes.append(
            "In this measure the variance is computed from the effect itself, which alone can make a funnel "
            "asymmetric."
        )
    return tuple(notes)
