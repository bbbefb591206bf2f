"""A Weibull model of events seen at visits, with covariates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, LeftOut, plural
from ranvier.stats._cox_rows import coded, covariate_names
from ranvier.stats._follow_up import as_table, is_table
from ranvier.stats._inputs import as_level
from ranvier.stats._interval_censored import weibull_maximum
from ranvier.stats._interval_rows import read_spans

__all__ = ["WeibullFit", "weibull"]

_WEIBULL = (
    "Weibull model of the time to the event by maximum likelihood, each event known to lie after the left "
    "and up to the right day; normal intervals on the log scale, an approximation that is rough with few "
    "events."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class WeibullFit(Fit):
    """A Weibull model of interval-censored times.

    Parameters
    ----------
    names : tuple of str
        "intercept", what each coefficient of log time stands for, and "log scale".
    coefficients : ndarray of float64, shape (p + 2,)
        Intercept, coefficients of log time, log scale.
    covariance : ndarray of float64, shape (p + 2, p + 2)
        Of the coefficients, from the observed information.
    log_likelihood : float
        At the maximum.
    level : float
        Confidence level.
    event : str
        What was waited for.
    """

    names: tuple[str, ...]
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_likelihood: float
    level: float
    event: str

    def at(self, day: float, values: Mapping[str, float] | None = None) -> Estimate:
        """Give the share without the event at a day for a patient with given covariates.

        Parameters
        ----------
        day : float
            Day above 0.
        values : mapping of str to float, optional
            Values by name of coefficient, 0 where not named.

        Returns
        -------
        Estimate
            The share, with the normal interval of its log cumulative hazard.

        Raises
        ------
        InputError
            When the day is not above 0 or a name is not a coefficient's.
        """
        given = dict(values or {})
        strange = sorted(set(given) - set(self.names[1:-1]))
        if strange:
            raise InputError(f"values names {strange}, which is none of {list(self.names[1:-1])}.")
        if not (isinstance(day, float | int) and math.isfinite(day) and day > 0):
            raise InputError(f"day is {day!r}; it must be a finite number of days above 0.")
        row = np.array([1.0, *(given.get(name, 0.0) for name in self.names[1:-1])])
        scale = math.exp(self.coefficients[-1])
        z = (math.log(day) - float(row @ self.coefficients[:-1])) / scale
        slope = np.append(-row / scale, -z)
        reach = float(special.ndtri(0.5 + self.level / 2)) * math.sqrt(float(slope @ self.covariance @ slope))
        value, low, high = (math.exp(-math.exp(point)) for point in (z, z + reach, z - reach))
        return Estimate(
            quantity=f"share without {self.event} at day {day:g}",
            value=value,
            low=low,
            high=high,
            level=self.level,
            method="weibull",
            method_text=_WEIBULL,
            n=self.estimates[0].n,
            unit="share",
            inputs=given,
        )


def weibull(
    data: Any, *, covariates: Sequence[str] = (), level: float = 0.95, event: str = "event"
) -> WeibullFit:
    r"""Give a Weibull model of times that are known only to lie in (left, right], with covariates.

    Parameters
    ----------
    data : dataframe, Derivation or mapping of columns
        left_day and right_day as in `interval_survival`, and the covariates.
    covariates : sequence of str
        Columns; numbers are taken as they are, text is compared with its first word.
    level : float
        Confidence level, two-sided.
    event : str
        What was waited for.

    Returns
    -------
    WeibullFit
        The shape; then for each covariate the ratio of times (above 1: later) and of hazards; without
        covariates the median time. `at(day)` gives shares.

    Raises
    ------
    InputError
        When a day is impossible, nobody had the event, or a covariate is constant.
    ConvergenceError
        When the likelihood has no maximum.

    Notes
    -----
    :math:`\log T = x\beta + \sigma W` with :math:`P(W > w) = \exp(-e^w)`; a patient adds
    :math:`\log\{S(l) - S(r)\}`, or the log density where the day is known. The ratio of times is
    :math:`e^{\beta}`, the shape :math:`1/\sigma`, the hazard ratio :math:`e^{-\beta/\sigma}`.

    References
    ----------
    Kalbfleisch JD, Prentice RL (2002). The Statistical Analysis of Failure Time Data, chapter 3

    Examples
    --------
    >>> import ranvier as rv
    >>> seen = {"left_day": [0, 90, 90, 180, 270], "right_day": [90, 180, 180, 270, None]}
    >>> print(rv.stats.weibull(seen).estimates[1].text(digits=0))
    163 days (95 % interval 87 to 305)
    """
    confidence = as_level(level)
    if not is_table(data):
        raise InputError(f"data is a {type(data).__name__}; give a table with left_day and right_day.")
    spans = read_spans(data, None, None)
    table = as_table("data", data).filter(pl.Series(spans.kept))
    names: tuple[str, ...] = ()
    x = np.empty((table.height, 0))
    if len(covariates):
        x, names = coded(table, covariate_names(covariates))
    missing = np.isnan(x).any(axis=1)
    left, right, x = spans.left[~missing], spans.right[~missing], x[~missing]
    _require_weibull(right, x, names)
    whole = np.column_stack((np.ones(left.size), x))
    best = weibull_maximum(left, right, whole)
    coefficients = np.append(best.beta, best.log_scale)
    out = (*spans.left_out, LeftOut(n=int(missing.sum()), reason="patients with a missing covariate"))
    fit = WeibullFit(
        title=f"Time to {event}, Weibull model",
        estimates=(),
        method_text=_WEIBULL,
        names=("intercept", *names, "log scale"),
        coefficients=coefficients,
        covariance=best.covariance,
        log_likelihood=best.value,
        level=confidence,
        event=event,
    )
    counts = {"n": left.size, "events": int(np.isfinite(right).sum())}
    estimates = tuple(_weibull_estimates(fit, counts, out))
    return replace(fit, estimates=estimates)


def _require_weibull(right: NDArray[np.float64], x: NDArray[np.float64], names: tuple[str, ...]) -> None:
    """Refuse data that hold nothing about the coefficients."""
    if not np.isfinite(right).any():
        raise InputError(
            f"no event in {plural(right.size, 'patient')}: a Weibull model cannot be fitted. stats.survival "
            "gives the upper bound that no event still allows."
        )
    if np.linalg.matrix_rank(np.column_stack((np.ones(right.size), x))) < x.shape[1] + 1:
        raise InputError(f"the covariates {list(names)} are constant or determine each other; leave one out.")


def _weibull_estimates(
    fit: WeibullFit, counts: dict[str, int], left_out: tuple[LeftOut, ...]
) -> list[Estimate]:
    """Give shape, and ratios or the median, with normal intervals of their logarithms."""
    z = float(special.ndtri(0.5 + fit.level / 2))
    p, scale = fit.coefficients.size, math.exp(fit.coefficients[-1])

    def made(
        quantity: str, log_value: float, slope: Any, unit: str = "", null: str | None = None
    ) -> Estimate:
        error = math.sqrt(float(slope @ fit.covariance @ slope))
        return Estimate(
            quantity=quantity,
            value=math.exp(log_value),
            low=math.exp(log_value - z * error),
            high=math.exp(log_value + z * error),
            level=fit.level,
            method="weibull",
            method_text=_WEIBULL,
            n=counts["n"],
            unit=unit,
            p_value=float(2 * special.ndtr(-abs(log_value) / error)) if null else None,
            null=null,
            inputs={**counts, "log value": log_value, "standard error": error},
            left_out=left_out,
            references=("Kalbfleisch JD, Prentice RL (2002). The Statistical Analysis of Failure Time Data",),
        )

    last = np.eye(p)[-1]
    found = [made("Weibull shape", -float(fit.coefficients[-1]), -last)]
    for place, name in enumerate(fit.names[1:-1], start=1):
        beta, unit = float(fit.coefficients[place]), np.eye(p)[place]
        found.append(made(f"ratio of times, {name}", beta, unit, null="the ratio of times is 1"))
        slope = -unit / scale + last * beta / scale
        found.append(made(f"hazard ratio, {name}", -beta / scale, slope, null="the hazard ratio is 1"))
    if p == 2:
        slope = np.array([1.0, scale * math.log(math.log(2))])
        value = float(fit.coefficients[0]) + scale * math.log(math.log(2))
        found.append(made(f"median time to {fit.event}", value, slope, unit="days"))
    return found
