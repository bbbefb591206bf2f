"""Hazard ratios: Cox's model with Efron's ties, Firth's penalty and a variance that is robust to clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import ConvergenceError, InputError, require_choice
from ranvier.result import Estimate, Fit, plural
from ranvier.stats import _cox_fitting as fitting
from ranvier.stats import _cox_likelihood as likelihood
from ranvier.stats._cox_rows import CoxRows, read_rows
from ranvier.stats._inputs import as_level
from ranvier.stats._survival_bounds import curve

__all__ = ["CoxFit", "cox"]

FEW_CLUSTERS = 30
"""Patients below which the robust variance is known to come out too small on average."""
LARGEST_LOG = 709.0
"""Logarithm of about the largest float64."""
EVENTS_PER_COVARIATE = 10
"""Events for each covariate below which maximum likelihood is known to exaggerate ratios."""

_METHODS = {
    "partial-likelihood": "Cox model by maximum partial likelihood with normal (Wald) interval and test of "
    "the log ratio.",
    "profile": "Cox model by maximum partial likelihood with likelihood-ratio interval and test.",
    "firth": "Cox model with Firth's penalty, which keeps ratios finite and nearly unbiased in small "
    "samples, with the interval and test of the penalised likelihood ratio.",
}
_VARIANCES = {
    "model": "",
    "robust": " The standard error is the sandwich clustered by patient, so that the events of one patient "
    "may hang together.",
}
_TIES = {
    "efron": " Events of one day are ordered by Efron's approximation.",
    "breslow": " Events of one day are ordered by Breslow's approximation.",
}
_REFERENCES = {
    "partial-likelihood": ("Cox DR (1972). J R Stat Soc B 34:187-220",),
    "profile": ("Cox DR (1972). J R Stat Soc B 34:187-220",),
    "firth": (
        "Firth D (1993). doi:10.1093/biomet/80.1.27",
        "Heinze G, Schemper M (2001). Biometrics 57:114-119",
    ),
    "robust": ("Lin DY, Wei LJ (1989). J Am Stat Assoc 84:1074-1078",),
    "efron": ("Efron B (1977). J Am Stat Assoc 72:557-565",),
    "breslow": ("Breslow N (1974). Biometrics 30:89-99",),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class CoxFit(Fit):
    """Hazard ratios with what is needed to use them further.

    Parameters
    ----------
    names : tuple of str
        What each coefficient stands for.
    coefficients : ndarray of float64, shape (p,)
        Log hazard ratios.
    covariance : ndarray of float64, shape (p, p)
        Of the coefficients; the sandwich when the variance is robust.
    log_likelihood : float
        Log partial likelihood at the maximum, with the penalty under "firth".
    method, variance, ties : str
        As asked for.
    """

    names: tuple[str, ...]
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_likelihood: float
    method: str
    variance: str
    ties: str


def cox(
    data: Any,
    *,
    covariates: Sequence[str],
    method: str = "partial-likelihood",
    variance: str = "model",
    ties: str = "efron",
    level: float = 0.95,
    event: str = "event",
) -> CoxFit:
    r"""Give hazard ratios by Cox's proportional-hazards model.

    Parameters
    ----------
    data : dataframe, Derivation or mapping of columns
        One row per patient with days and observed; or several rows per patient with start_day, stop_day and
        observed, at risk after start_day and up to stop_day. A column subject names the patient. Rows with a
        missing value are left out and counted.
    covariates : sequence of str
        Columns that may change the hazard. Numbers and true/false are taken as they are; text is compared
        with its first word in the order of the alphabet.
    method : {"partial-likelihood", "profile", "firth"}
        "partial-likelihood": Wald interval and test. "profile": likelihood ratio. "firth": penalised, finite
        even when one arm has no event; best for small trials.
    variance : {"model", "robust"}
        "robust": sandwich clustered by subject, for recurrent events; needs "partial-likelihood".
    ties : {"efron", "breslow"}
        How events of one day are dealt with.
    level : float
        Confidence level, two-sided.
    event : str
        What was waited for.

    Returns
    -------
    CoxFit
        One hazard ratio per covariate. `diagnostics["proportional hazards"]` holds the p value of the test
        that the log ratio does not change with time, by covariate and for all.

    Raises
    ------
    InputError
        When a column is missing, a row stops before it starts, rows of a patient overlap, there is no event,
        or covariates are constant or determine one another.
    ConvergenceError
        When the likelihood has no maximum, because a covariate splits the events perfectly (an arm without
        events), or the search does not settle.

    Notes
    -----
    With Efron's ties the log likelihood is the sum over deaths of :math:`x_i\beta` less
    :math:`\log(S_R - f S_D)`, where :math:`S_R` and :math:`S_D` add :math:`e^{x\beta}` over those at risk
    and over the d who died that day, and f runs through 0, 1/d, ..., (d-1)/d. Firth's penalty adds half
    the log determinant of the information. A flat likelihood is recognised by an information, in some
    direction, of less than a millionth of that at no difference.

    The test of proportional hazards is the score test of adding each covariate times :math:`1 - \hat S(t-)`,
    the scale of R's ``cox.zph``. It says little with few events.

    References
    ----------
    Cox DR (1972). J R Stat Soc B 34:187-220
    Efron B (1977). J Am Stat Assoc 72:557-565
    Firth D (1993). doi:10.1093/biomet/80.1.27
    Heinze G, Schemper M (2001). Biometrics 57:114-119
    Lin DY, Wei LJ (1989). J Am Stat Assoc 84:1074-1078
    Grambsch PM, Therneau TM (1994). Biometrika 81:515-526

    Examples
    --------
    >>> import ranvier as rv
    >>> arm = ["placebo"] * 4 + ["cells"] * 4
    >>> days, seen = [30, 60, 90, 365, 120, 365, 365, 365], [1, 1, 1, 0, 1, 0, 0, 0]
    >>> trial = {"days": days, "observed": seen, "arm": arm}
    >>> fit = rv.stats.cox(trial, covariates=["arm"], method="firth")
    >>> print(fit.estimates[0].quantity, fit.estimates[0].text())
    hazard ratio, arm: placebo against cells 4.53 (95 % interval 0.69 to 49.45)
    """
    require_choice("method", method, _METHODS)
    require_choice("variance", variance, _VARIANCES)
    require_choice("ties", ties, _TIES)
    confidence = as_level(level)
    if variance == "robust" and method != "partial-likelihood":
        raise InputError(
            f"variance='robust' goes with method='partial-likelihood', not with {method!r}: a likelihood "
            "ratio takes the events of a patient as independent."
        )
    found = read_rows(data, covariates)
    rows = likelihood.prepare(found.start, found.stop, found.observed, found.x, ties)
    best = _maximum(rows, found, firth=method == "firth")
    covariance = np.linalg.inv(best.at.information).astype(np.float64)
    if variance == "robust":
        covariance = _sandwich(rows, best, found, covariance)
    estimates = tuple(
        _ratio(rows, found, best, covariance, place, (method, variance, ties), confidence)
        for place in range(len(found.names))
    )
    return CoxFit(
        title=f"Hazard of {event}",
        estimates=estimates,
        method_text=_METHODS[method] + _VARIANCES[variance] + _TIES[ties],
        diagnostics=_diagnostics(rows, found, best),
        notes=_notes(found, method, variance),
        names=found.names,
        coefficients=best.beta,
        covariance=covariance,
        log_likelihood=best.value,
        method=method,
        variance=variance,
        ties=ties,
    )


def _maximum(rows: likelihood.Deaths, found: CoxRows, *, firth: bool) -> fitting.Maximum:
    """Find the maximum; name the covariate when there is none."""
    start = likelihood.derivatives(rows, np.zeros(rows.x.shape[1])).information
    size = np.sqrt(np.maximum(np.diag(start), 1e-300))
    if np.linalg.eigvalsh(start / np.outer(size, size))[0] < 1e-10 or (np.diag(start) < 1e-12).any():
        raise InputError(
            f"the covariates {list(found.names)} do not differ, or determine one another, among those at "
            "risk on the days of events: the data hold nothing about them. Leave one out."
        )
    best = fitting.maximise(rows, firth=firth)
    flat = None if firth else fitting.flat_direction(rows, best)
    if flat is not None:
        raise ConvergenceError(
            f"the likelihood has no maximum: {found.names[flat]!r} splits the events perfectly, such as an "
            "arm without events, and its hazard ratio would be 0 or infinite. Use method='firth'."
        )
    if not best.settled:
        raise ConvergenceError(
            "the search for the maximum of the likelihood did not settle; use fewer covariates or "
            "method='firth'."
        )
    return best


def _sandwich(
    rows: likelihood.Deaths, best: fitting.Maximum, found: CoxRows, bread: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the variance from the patients' parts of the score."""
    parts = likelihood.score_residuals(rows, best.at)
    by_patient = np.zeros((int(found.cluster.max()) + 1, parts.shape[1]))
    np.add.at(by_patient, found.cluster, parts)
    moved = by_patient @ bread
    result: NDArray[np.float64] = moved.T @ moved
    return result


def _ratio(
    rows: likelihood.Deaths,
    found: CoxRows,
    best: fitting.Maximum,
    covariance: NDArray[np.float64],
    place: int,
    choices: tuple[str, str, str],
    level: float,
) -> Estimate:
    """Give one hazard ratio with its interval and p value."""
    method, variance, ties = choices
    value, error = float(best.beta[place]), math.sqrt(float(covariance[place, place]))
    if method == "partial-likelihood":
        reach = float(special.ndtri(0.5 + level / 2)) * error
        low, high = float(value - reach), float(value + reach)
        p_value = float(2 * special.ndtr(-abs(value) / error)) if error else math.nan
    else:
        firth = method == "firth"
        low, high = fitting.profile_bounds(rows, best, place, firth=firth, level=level)
        p_value = fitting.likelihood_ratio(rows, best, place, firth=firth)
    patients = int(found.cluster.max()) + 1
    sources = (method, ties) if variance == "model" else (method, ties, variance)
    return Estimate(
        quantity=f"hazard ratio, {found.names[place]}",
        value=_ratio_of(value),
        low=_ratio_of(low),
        high=_ratio_of(high),
        level=level,
        method=method if variance == "model" else f"{method}, robust",
        method_text="Ratio of hazards, the other covariates being equal.",
        n=patients,
        p_value=p_value,
        null="the hazard ratio is 1",
        inputs={
            "patients": patients,
            "events": int(found.observed.sum()),
            "log ratio": value,
            "standard error": error,
        },
        left_out=found.left_out,
        references=tuple(dict.fromkeys(text for source in sources for text in _REFERENCES[source])),
    )


def _ratio_of(log_ratio: float) -> float:
    """Give the exponential, infinite where float64 ends."""
    return math.exp(log_ratio) if log_ratio < LARGEST_LOG else math.inf


def _diagnostics(rows: likelihood.Deaths, found: CoxRows, best: fitting.Maximum) -> dict[str, Any]:
    """Test whether hazard ratios change with time; not possible with fewer event days than coefficients."""
    if rows.days.size < 2:
        return {"proportional hazards": {}, "events": int(found.observed.sum())}
    shift = np.minimum(found.start.min(), 0.0)
    steps = curve(found.stop - shift, found.observed)
    if (found.start > 0).any():
        at_risk = np.array([np.count_nonzero((found.start < day) & (found.stop >= day)) for day in rows.days])
        gone = 1 - np.diff(np.append(rows.first, rows.dead.size)) / at_risk
        before = np.concatenate(([1.0], np.cumprod(gone)[:-1]))
    else:
        place = np.searchsorted(steps.days, rows.days)
        before = np.concatenate(([1.0], steps.survival))[place]
    single, together = likelihood.slope_test(rows, best.at, 1 - before)
    tests = {
        name: {"chi-square": float(value), "p": float(special.chdtrc(1, value))}
        for name, value in zip(found.names, single, strict=True)
    }
    tests["all"] = {"chi-square": together, "p": float(special.chdtrc(len(found.names), together))}
    return {"proportional hazards": tests, "events": int(found.observed.sum())}


def _notes(found: CoxRows, method: str, variance: str) -> tuple[str, ...]:
    """Say where the approximations are thin."""
    notes = []
    events, size = int(found.observed.sum()), len(found.names)
    if method != "firth" and events < EVENTS_PER_COVARIATE * size:
        notes.append(
            f"Only {plural(events, 'event')} for {plural(size, 'covariate')}: ratios tend to be exaggerated "
            "and intervals too short; method='firth' is better here."
        )
    patients = int(found.cluster.max()) + 1
    if variance == "robust" and patients < FEW_CLUSTERS:
        notes.append(f"Only {plural(patients, 'patient')}: the robust standard error tends to be too small.")
    return tuple(notes)
