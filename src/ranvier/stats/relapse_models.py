"""Relapses per patient in a regression: Poisson, quasi-Poisson and negative binomial with log follow-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, Fit, number, plural
from ranvier.stats import _count_models as models
from ranvier.stats._count_data import SMALL_ARM, CountData, count_data
from ranvier.stats._inputs import as_level

__all__ = ["relapse_model"]

FEW_REPEATS = 5
"""Patients with two or more relapses below which the dispersion hangs on single patients."""

_FAMILIES = {
    "poisson": "Poisson model: the variance of a patient's relapses equals their mean",
    "quasi-poisson": "Quasi-Poisson model: the variance is the mean times one factor, estimated from "
    "Pearson's chi-square",
    "negative-binomial": "Negative binomial model by maximum likelihood: the variance is the mean plus a "
    "dispersion times the mean squared",
}
_VARIANCES = {
    "model": "standard errors from the model (expected information)",
    "observed": "standard errors from the model (observed information, the dispersion estimated too)",
    "hc0": "sandwich standard errors (HC0), which are too small in small groups",
    "hc1": "sandwich standard errors with the factor n / (n - p) (HC1)",
    "hc2": "sandwich standard errors with leverage correction (HC2)",
    "hc3": "sandwich standard errors with the full leverage correction (HC3), made for small groups",
}
_REFERENCES = (
    "Lawless JF (1987). Negative binomial and mixed Poisson regression. Can J Stat 15:209-225",
    "MacKinnon JG, White H (1985). J Econometrics 29:305-325",
)
Floats = NDArray[np.float64]


def relapse_model(
    table: Any,
    *,
    arms: Any = None,
    family: str = "negative-binomial",
    variance: str = "hc3",
    reference: str | None = None,
    covariates: Sequence[str] = (),
    level: float = 0.95,
) -> Fit:
    r"""Give the yearly relapse rate of each arm and the rate ratios, from a regression of counts.

    Parameters
    ----------
    table : dataframe, RelapseRate or mapping of columns
        One row per patient with arm, relapses (whole number), years (follow-up, above 0), and subject where
        known. What `course.relapse_rate` gives is taken as it is: the rows after the first dose count, and
        `arms` brings the arms. A mapping such as ``{"arm": [...], "relapses": [...], "years": [...]}`` serves
        for arrays.
    arms : dataframe or mapping, optional
        Each patient's arm: a table with subject and arm (such as the trial's subjects; its other columns
        can be covariates), or a mapping from subject to arm.
    family : {"negative-binomial", "quasi-poisson", "poisson"}
        How the variance of the counts depends on their mean.
    variance : {"hc3", "hc2", "hc1", "hc0", "model", "observed"}
        Where standard errors come from. "hc3" holds for any variance and corrects for small groups; "model"
        is the expected information of the family, "observed" the observed one.
    reference : str, optional
        Arm in the denominator of the ratios; the first in the alphabet when None.
    covariates : sequence of str
        Further columns, numbers or groups; "a:b" is an interaction.
    level : float
        Confidence level, two-sided.

    Returns
    -------
    Fit
        Relapses per year of each arm, then the ratio of each other arm to the reference with its p value,
        then (negative binomial) the dispersion with its profile-likelihood interval. `diagnostics` holds
        coefficients on the log scale, their standard errors under every variance that can be had,
        log-likelihood, Pearson dispersion and degrees of freedom.

    Raises
    ------
    InputError
        When a column is missing, a count is not whole and at least 0, follow-up is not above 0, an arm has no
        relapse, patients are too few for the parameters, covariates repeat each other, or an option is not
        allowed.
    ConvergenceError
        When the dispersion grows without limit.

    Notes
    -----
    :math:`\log E(Y_i) = \log t_i + x_i'\beta`, with :math:`V(Y_i) = \mu_i` (Poisson),
    :math:`\varphi\mu_i` (quasi-Poisson) or :math:`\mu_i + \alpha\mu_i^2` (negative binomial). Some programs
    name :math:`1/\alpha` theta or size; it is among the diagnostics.

    With :math:`W` the expected weights, :math:`B = (X'WX)^{-1}`, :math:`h_i` the leverage and
    :math:`s_i = w_i(y_i-\mu_i)/\mu_i`, the sandwich is :math:`B \,[\sum_i c_i s_i^2 x_i x_i']\, B` with
    :math:`c_i` = 1 (HC0), n/(n − p) (HC1), 1/(1 − h) (HC2), 1/(1 − h)² (HC3); the dispersion is held at its
    estimate.

    Intervals are :math:`\exp(\hat\theta \pm t_{n-p}\,\mathrm{se})`; the t distribution is the second half of
    the small-sample correction. Only ``family="poisson", variance="model"`` uses the normal distribution,
    as nothing but the mean is estimated there. Rates with covariates are those at the mean of the covariates
    (groups at the shares seen).

    At fewer than 20 patients per arm even HC3 with t is an approximation: `relapse_permutation` and the exact
    `rate_ratio` stand beside it. Arms without a relapse have no finite estimate; the model refuses and
    names the exact method.

    References
    ----------
    Lawless JF (1987). Can J Stat 15:209-225
    MacKinnon JG, White H (1985). J Econometrics 29:305-325
    Santos Silva JMC, Tenreyro S (2010). Economics Letters 107:310-312

    Examples
    --------
    >>> import ranvier as rv
    >>> data = {
    ...     "arm": ["cells"] * 6 + ["placebo"] * 6,
    ...     "relapses": [0, 1, 0, 0, 2, 0, 1, 2, 0, 3, 1, 2],
    ...     "years": [2.0, 2.0, 1.5, 2.0, 1.0, 2.0, 2.0, 2.0, 1.8, 2.0, 2.0, 0.9],
    ... }
    >>> fit = rv.stats.relapse_model(data, reference="placebo", family="quasi-poisson")
    >>> for estimate in fit.estimates:
    ...     print(estimate.quantity, estimate.text())
    relapses per year, placebo 0.84 per year (95 % interval 0.39 to 1.79)
    relapses per year, cells 0.29 per year (95 % interval 0.05 to 1.66)
    rate ratio, cells over placebo 0.34 (95 % interval 0.05 to 2.31)
    """
    require_choice("family", family, _FAMILIES)
    require_choice("variance", variance, _VARIANCES)
    confidence = as_level(level)
    data = count_data(table, arms, reference=reference, covariates=covariates)
    _require_relapses(data)
    x, y, years = data.design, data.counts, data.years
    fitter = models.fit_negative_binomial if family == "negative-binomial" else models.fit_poisson
    fit = fitter(x, y, years, data.names)
    covariance = models.variance(fit, x, y, kind=variance, family=family)
    df = math.inf if (family, variance) == ("poisson", "model") else y.size - x.shape[1]
    notes = _notes(data, fit, family, variance)
    reader = _Reader(data, fit, covariance, df, confidence)
    method = f"{family}, {variance}"
    text = f"{_FAMILIES[family]}; {_VARIANCES[variance]}; {_distribution(df)}."
    estimates = [reader.rate(place, method, text) for place in range(len(data.arms))]
    estimates += [reader.ratio(place, method, text) for place in range(1, len(data.arms))]
    if family == "negative-binomial":
        estimates.append(_dispersion(data, fit, confidence))
    return Fit(
        title="Relapse rates",
        estimates=tuple(estimates),
        method_text=f"{text} Follow-up enters as log years.",
        diagnostics=_diagnostics(data, fit, family, df),
        notes=notes,
    )


def _require_relapses(data: CountData) -> None:
    """Refuse arms without a relapse, whose rate has no finite logarithm."""
    empty = [
        f"{arm} (0 relapses in {plural(n, 'patient')}, {number(years, digits=1)} years)"
        for arm, (n, relapses, years) in zip(data.arms, data.sums, strict=True)
        if relapses == 0
    ]
    if empty:
        raise InputError(
            f"no relapse in arm {' and '.join(empty)}: a rate of 0 has no logarithm, so the model has no "
            "finite answer. Use stats.rate for the exact upper bound, stats.rate_ratio for the exact "
            "ratio, or stats.relapse_permutation(statistic='difference')."
        )


class _Reader:
    """Turns coefficients into rates and ratios with intervals."""

    def __init__(
        self, data: CountData, fit: models.CountFit, covariance: Floats, df: float, level: float
    ) -> None:
        self.data, self.fit, self.covariance = data, fit, covariance
        self.df, self.level = df, level
        tail = (1 - level) / 2
        self.reach = float(-special.ndtri(tail) if math.isinf(df) else -special.stdtrit(df, tail))

    def rate(self, place: int, method: str, text: str) -> Estimate:
        """Give one arm's rate."""
        n, relapses, years = self.data.sums[place]
        return self._estimate(
            self.data.log_rate_rows()[place],
            quantity=f"relapses per year, {self.data.arms[place]}",
            method=method,
            method_text=text,
            unit="per year",
            n=n,
            inputs={"patients": n, "relapses": relapses, "years": round(years, 6)},
        )

    def ratio(self, place: int, method: str, text: str) -> Estimate:
        """Give one arm's rate over the reference's."""
        row = np.zeros(self.fit.beta.size)
        row[place] = 1.0
        arm, reference = self.data.arms[place], self.data.arms[0]
        (n, relapses, years), (n0, relapses0, years0) = self.data.sums[place], self.data.sums[0]
        return self._estimate(
            row,
            quantity=f"rate ratio, {arm} over {reference}",
            method=method,
            method_text=text,
            null="the two rates are equal",
            n=n + n0,
            inputs={
                "patients": (n, n0),
                "relapses": (relapses, relapses0),
                "years": (round(years, 6), round(years0, 6)),
            },
        )

    def _estimate(self, row: Floats, **about: Any) -> Estimate:
        log = float(row @ self.fit.beta)
        error = math.sqrt(max(float(row @ self.covariance @ row), 0.0))
        if "null" in about:
            z = abs(log) / error if error else math.inf
            tail = special.ndtr(-z) if math.isinf(self.df) else special.stdtr(self.df, -z)
            about["p_value"] = min(1.0, 2 * float(tail))
        return Estimate(
            value=math.exp(log),
            low=math.exp(log - self.reach * error),
            high=math.exp(log + self.reach * error),
            level=self.level,
            left_out=self.data.left_out,
            references=_REFERENCES,
            **about,
        )


def _dispersion(data: CountData, fit: models.CountFit, level: float) -> Estimate:
    """Give the dispersion with its profile-likelihood interval."""
    low, high = models.dispersion_bounds(fit, data.design, data.counts, data.years, level)
    return Estimate(
        quantity="dispersion (variance = mean + dispersion × mean²)",
        value=fit.alpha,
        low=low,
        high=high,
        level=level,
        method="profile likelihood",
        method_text="Maximum likelihood with its profile-likelihood interval; 0 is the Poisson model.",
        n=data.counts.size,
        inputs={
            "patients": data.counts.size,
            "patients with two or more relapses": int((data.counts >= 2).sum()),
        },
        left_out=data.left_out,
        references=_REFERENCES[:1],
    )


def _distribution(df: float) -> str:
    return "normal distribution" if math.isinf(df) else f"t distribution with {df:g} degrees of freedom"


def _diagnostics(data: CountData, fit: models.CountFit, family: str, df: float) -> dict[str, Any]:
    """Give what a statistician checks."""
    x, y = data.design, data.counts
    errors = {}
    for kind in _VARIANCES:
        try:
            found = models.variance(fit, x, y, kind=kind, family=family)
        except InputError:  # leverage 1: no sandwich; the reason is told when one is asked for
            continue
        errors[kind] = dict(zip(data.names, np.sqrt(np.diag(found)).tolist(), strict=True))
    return {
        "family": family,
        "coefficients": dict(zip(data.names, fit.beta.tolist(), strict=True)),
        "standard_errors": errors,
        "dispersion": fit.alpha,
        "size": math.inf if fit.alpha == 0 else 1 / fit.alpha,
        "pearson_dispersion": models.pearson(fit, y, x.shape[1]),
        "log_likelihood": fit.log_likelihood,
        "patients": y.size,
        "parameters": x.shape[1],
        "degrees_of_freedom": df,
    }


def _notes(data: CountData, fit: models.CountFit, family: str, variance: str) -> tuple[str, ...]:
    """Give the sentences on small arms, sparse relapses and a dispersion at its limit."""
    notes = []
    smallest = min(n for n, _, _ in data.sums)
    if smallest < SMALL_ARM:
        way = "" if variance == "hc3" else "use variance='hc3', and "
        notes.append(
            f"The smallest arm has {plural(smallest, 'patient')}; below {SMALL_ARM} per arm these "
            f"intervals are approximations: {way}set stats.relapse_permutation or the exact "
            "stats.rate_ratio beside them."
        )
    if family == "negative-binomial" and fit.alpha == 0:
        notes.append(
            "The dispersion lies at its limit of 0: the relapses vary no more than under a Poisson model, "
            "so the estimates are those of the Poisson model. So few relapses cannot show that patients "
            "have equal rates; the dispersion's interval says how large it may be."
        )
    repeats = int((data.counts >= 2).sum())
    if family == "negative-binomial" and repeats < FEW_REPEATS:
        notes.append(
            f"{plural(repeats, 'patient')} had two or more relapses: the dispersion hangs on them, and the "
            "negative binomial model is unstable. Compare with quasi-Poisson and the permutation test."
        )
    spread = models.pearson(fit, data.counts, data.design.shape[1])
    if family == "quasi-poisson" and variance in ("model", "observed") and spread < 1:
        notes.append(
            f"The relapses vary less than under a Poisson model (factor {number(spread)}), which makes "
            "these intervals shorter than Poisson ones; with few relapses that is often chance."
        )
    return tuple(notes)
