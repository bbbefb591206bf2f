"""Time to an event: Kaplan-Meier curves with exact intervals, by arm."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from ranvier.errors import require_choice
from ranvier.stats._follow_up import FollowUp, follow_up
from ranvier.stats._inputs import as_level
from ranvier.stats._survival_bounds import Curve, bounds, curve
from ranvier.stats.survival_fit import SURVIVAL_METHODS, SurvivalFit

__all__ = ["survival"]


def survival(
    data: Any,
    *,
    observed: Any = None,
    arm: Any = None,
    method: str = "beta-product",
    level: float = 0.95,
    event: str = "event",
) -> SurvivalFit:
    r"""Give the share of patients still without an event over time, by arm, with intervals.

    Parameters
    ----------
    data : array_like, dataframe, Derivation or mapping of columns
        Days of follow-up, shape (n_patients,); or a table with the columns days, observed and perhaps arm,
        such as `course.time_to_event` gives. None and NaN are missing, and such patients are left out.
    observed : array_like of bool, shape (n_patients,), optional
        Whether the time ended with the event; needed with an array of days. False = last seen without it.
    arm : array_like of str, shape (n_patients,), optional
        The arm of each patient; the column arm of the table, or one group, when None.
    method : {"beta-product", "plain", "log", "log-log", "arcsine", "logit"}
        How the intervals are made. "beta-product" is Clopper-Pearson as long as nobody is censored; the
        others take Greenwood's variance on a scale and have no interval where the curve is 1 or 0.
    level : float
        Confidence level, two-sided, for each day by itself.
    event : str
        What was waited for, such as "confirmed worsening".

    Returns
    -------
    SurvivalFit
        The curves as `table`; the estimates are the median times, one per arm in the order of their names.
        `at(day)`, `quantile(share)` and `restricted_mean(to_day)` give more.

    Raises
    ------
    InputError
        When a time is negative or infinite, an event lies on day 0, nobody has follow-up, a length or a kind
        of value is wrong, or `method` or `level` is not allowed.

    Notes
    -----
    With :math:`y_i` patients at risk and :math:`d_i` events on day :math:`t_i` the curve is
    :math:`\hat S(t) = \prod_{t_i \le t} (1 - d_i / y_i)`. A patient censored on the day of an event was at
    risk for it.

    The beta-product bounds are the :math:`1 - \alpha/2` quantile of
    :math:`W^+ = \prod_{t_i \le t} B_i` with :math:`B_i \sim \mathrm{Beta}(y_i - d_i + 1, d_i)`, and the
    :math:`\alpha/2` quantile of :math:`W^+ \cdot \mathrm{Beta}(m, 1)`, where m patients are known to be
    without the event: on the day itself those followed through it, afterwards those not censored by then.
    Each product is replaced by the beta distribution with its mean and variance; without censoring this is
    the product itself and the interval that of Clopper and Pearson. With censoring, coverage of at least the
    level was seen in the authors' simulations, but is not proven; as with any Kaplan-Meier curve censoring
    must have nothing to do with prognosis.

    Events that are seen at visits only are interval-censored: see `interval_survival`.

    References
    ----------
    Kaplan EL, Meier P (1958). J Am Stat Assoc 53:457-481
    Fay MP, Brittain EH, Proschan MA (2013). Biostatistics 14:723-736
    Borgan O, Liestol K (1990). Scand J Stat 17:35-41

    Examples
    --------
    >>> import ranvier as rv
    >>> fit = rv.stats.survival([90, 180, 270, 365, 365], observed=[True, False, True, False, False])
    >>> print(fit.at(180).estimates[0].text())
    80.0 % (95 % interval 28.4 % to 99.5 %)
    >>> print(fit.at(365).estimates[0].text())
    53.3 % (95 % interval 7.5 % to 94.1 %)
    """
    require_choice("method", method, SURVIVAL_METHODS)
    confidence = as_level(level)
    found = follow_up(data, observed, arm)
    table = pl.concat([_rows(found, place, method, confidence) for place in range(len(found.arms))])
    fit = SurvivalFit(
        title=f"Time to {event}",
        estimates=(),
        method_text=SURVIVAL_METHODS[method],
        notes=found.notes,
        table=table,
        method=method,
        level=confidence,
        event=event,
        left_out=dict(zip(found.arms, found.left_out, strict=True)),
    )
    return replace(fit, estimates=fit.quantile(0.5).estimates)


def _rows(found: FollowUp, place: int, method: str, level: float) -> pl.DataFrame:
    """Give the rows of one arm, day 0 first."""
    days, observed = found.of(place)
    steps: Curve = curve(days, observed)
    low, high, after = bounds(steps, method, level)
    start_after = ((1 - level) / 2) ** (1 / days.size) if method == "beta-product" else math.nan
    return pl.DataFrame(
        {
            "arm": [found.arms[place]] * (steps.days.size + 1),
            "day": np.append(0.0, steps.days),
            "at_risk": np.append(days.size, steps.at_risk).astype(np.int64),
            "events": np.append(0, steps.events).astype(np.int64),
            "censored": np.append(0, steps.censored).astype(np.int64),
            "survival": np.append(1.0, steps.survival),
            "low": np.append(1.0, low),
            "high": np.append(1.0, high),
            "low_after": np.append(start_after, after),
        }
    )
