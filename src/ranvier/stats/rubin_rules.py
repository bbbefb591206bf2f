"""Rubin's rules: one answer from several imputations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.result import Estimate
from ranvier.stats._inputs import as_level

__all__ = ["pool_imputations"]

_POOL_REFERENCES = (
    "Rubin DB (1987). Multiple Imputation for Nonresponse in Surveys. Wiley",
    "Barnard J, Rubin DB (1999). doi:10.1093/biomet/86.4.948",
)
Floats = NDArray[np.float64]


def pool_imputations(
    values: Sequence[float],
    standard_errors: Sequence[float],
    *,
    complete_df: float | None = None,
    level: float = 0.95,
    quantity: str = "pooled estimate",
    unit: str = "",
) -> Estimate:
    r"""Combine the results of several imputations by Rubin's rules.

    Parameters
    ----------
    values, standard_errors : sequence of float, shape (m,)
        Result and standard error from each completed copy, at least 2; on a scale on which it is about
        normal (log for ratios).
    complete_df : float, optional
        Degrees of freedom without missing values (such as n − 2); None for a large sample.
    level : float
        Confidence level, two-sided.
    quantity, unit : str
        What the number is, and its unit.

    Returns
    -------
    Estimate
        Mean of the values with its t interval and the p value for 0. `inputs` hold the variances within and
        between the copies, degrees of freedom and the fraction of information missing.

    Raises
    ------
    InputError
        When there are fewer than two values, lengths differ, a value is not finite or a standard error is
        not above 0, or `complete_df` is not above 0.

    Notes
    -----
    With mean :math:`\bar Q`, mean variance :math:`\bar U` and variance :math:`B` of the m values,
    :math:`T = \bar U + (1 + 1/m) B` and :math:`\lambda = (1 + 1/m) B / T`. Degrees of freedom (Barnard and
    Rubin):
    :math:`1/\nu = \lambda^2 / (m-1) + 1/\nu_{obs}`,
    :math:`\nu_{obs} = \frac{\nu_c + 1}{\nu_c + 3}\nu_c (1 - \lambda)`, without the second term when
    :math:`\nu_c` is not given. The fraction of information missing is :math:`(r + 2/(\nu+3))/(r+1)` with
    :math:`r = (1 + 1/m) B / \bar U`.

    References
    ----------
    Rubin DB (1987). Multiple Imputation for Nonresponse in Surveys. Wiley
    Barnard J, Rubin DB (1999). doi:10.1093/biomet/86.4.948

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.stats.pool_imputations([-0.4, -0.6, -0.5], [0.2, 0.2, 0.25], complete_df=18)
    >>> print(pooled.text())
    −0.50 (95 % interval −1.05 to 0.05)
    """
    q, u = _finite("values", values), _finite("standard_errors", standard_errors) ** 2
    confidence = as_level(level)
    if q.size != u.size or q.size < 2:
        raise InputError(
            f"values has {q.size} entries and standard_errors {u.size}; give as many, 2 or more."
        )
    if not (u > 0).all():
        raise InputError(f"standard_errors hold {math.sqrt(u.min()):g}; each must be above 0.")
    if complete_df is not None and not complete_df > 0:
        raise InputError(f"complete_df is {complete_df!r}; it must be above 0, or None for a large sample.")
    m = q.size
    mean, within, between = float(q.mean()), float(u.mean()), float(q.var(ddof=1))
    extra = (1 + 1 / m) * between
    total = within + extra
    df = _degrees(m, extra / total, complete_df)
    error = math.sqrt(total)
    tail = (1 - confidence) / 2
    infinite = math.isinf(df)
    reach = float(-special.ndtri(tail) if infinite else -special.stdtrit(df, tail)) * error
    far = abs(mean) / error
    p_value = min(1.0, 2 * float(special.ndtr(-far) if infinite else special.stdtr(df, -far)))
    r = extra / within
    lost = (r + (0.0 if infinite else 2 / (df + 3))) / (r + 1)
    return Estimate(
        quantity=quantity,
        value=mean,
        low=mean - reach,
        high=mean + reach,
        level=confidence,
        method="Rubin's rules",
        method_text=f"Mean over {m} imputations by Rubin's rules, with the degrees of freedom of Barnard "
        "and Rubin.",
        n=m,
        unit=unit,
        p_value=p_value,
        null="the value is 0",
        inputs={
            "imputations": m,
            "variance within": within,
            "variance between": between,
            "standard error": error,
            "degrees of freedom": df,
            "information missing": lost,
        },
        references=_POOL_REFERENCES,
    )


def _degrees(m: int, share: float, complete: float | None) -> float:
    """Give Barnard and Rubin's degrees of freedom."""
    inverse = share**2 / (m - 1)
    if complete is not None and math.isfinite(complete):
        inverse += (complete + 3) / ((complete + 1) * complete * (1 - share))
    return math.inf if inverse == 0 else 1 / inverse


def _finite(name: str, given: Sequence[float]) -> Floats:
    """Give a row of finite numbers."""
    try:
        values = np.asarray(list(given), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is not a number: {error}.") from error
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise InputError(f"{name}[{bad[0]}] is {values[bad[0]]}; every imputation must give a finite number.")
    return values
