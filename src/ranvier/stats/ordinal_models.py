"""Ordered scores such as the EDSS: proportional odds, with each patient's own level as a random intercept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import ConvergenceError, InputError, require_choice
from ranvier.result import Estimate, Fit, LeftOut, plural
from ranvier.stats import _ordinal_likelihood as likelihood
from ranvier.stats._inputs import as_count, as_level
from ranvier.stats._term_columns import (
    Columns,
    as_frame,
    complete_rows,
    need_columns,
    numbers,
    refuse_repeats,
    term_columns,
)

__all__ = ["ordinal_mixed"]

BOUND_TOLERANCE = 1e-6
"""Part of a standard error by which a profile bound may be off; the likelihood itself is not sharper."""
FEWEST_NODES = 5
"""Adaptive quadrature with fewer nodes is a rough approximation at few visits per patient."""

_RANDOM = {
    "intercept": "Proportional-odds model with a normal random intercept for each patient, integrated by "
    "adaptive Gauss-Hermite quadrature",
    "none": "Proportional-odds model without random intercept, which takes all rows as independent",
}
_INTERVALS = {
    "wald": "Wald interval and p value from the observed information",
    "profile": "profile-likelihood interval and likelihood-ratio p value",
}
_NO_SPREAD = (
    "The standard deviation of the patients' intercepts is estimated as 0: the rows vary no less within "
    "patients than between them, and the numbers are those of the model without random intercept."
)
_REFERENCES = (
    "McCullagh P (1980). Regression models for ordinal data. J R Stat Soc B 42:109-142",
    "Pinheiro JC, Bates DM (1995). J Comput Graph Stat 4:12-35",
)
Floats = NDArray[np.float64]


def ordinal_mixed(
    table: Any,
    *,
    terms: Sequence[str],
    outcome: str = "edss",
    random: str = "intercept",
    interval: str = "wald",
    nodes: int = 15,
    level: float = 0.95,
) -> Fit:
    r"""Give odds ratios of a higher score, from visits of the same patients.

    Parameters
    ----------
    table : dataframe or mapping of columns
        One row per patient and visit: subject, the outcome and the terms.
    terms : sequence of str
        What the score depends on: columns of numbers enter as they are, other columns as groups with the
        first level as reference; "arm:visit" is an interaction.
    outcome : str
        Column of ordered numbers; each value seen is one category, the half steps of the EDSS as they are.
    random : {"intercept", "none"}
        "intercept": each patient has an own level, normal on the logit scale. "none": rows are independent,
        as with one visit per patient.
    interval : {"wald", "profile"}
        Wald, or profile likelihood with the likelihood-ratio test, which is better in small samples and
        slower.
    nodes : int
        Quadrature nodes, at least 5.
    level : float
        Confidence level, two-sided.

    Returns
    -------
    Fit
        One odds ratio per column, above 1 when higher scores become likelier. `diagnostics` holds thresholds,
        log odds ratios with standard errors, the standard deviation of the intercepts, log-likelihood, and
        the number of rows of each score.

    Raises
    ------
    InputError
        When a column is missing, there are fewer than two scores, parameters outnumber rows, columns repeat
        each other, the terms separate the scores, or an option is not allowed.
    ConvergenceError
        When the search does not settle on a peak, or the intercepts' standard deviation grows without limit.

    Notes
    -----
    :math:`\operatorname{logit} P(Y_{ij} \le c \mid u_i) = \theta_c - x_{ij}'\beta - u_i`,
    :math:`u_i \sim N(0, \sigma^2)`. The odds ratio :math:`e^{\beta}` is the same at every score
    (proportional odds) and holds within a patient; it lies further from 1 than the ratio between groups of
    patients.

    Each patient's integral uses nodes placed at its own peak and scaled by its curvature. The gradient is
    the mean slope over the posterior of :math:`u_i`; the information its central differences. Wald intervals
    are
    :math:`\exp(\hat\beta \pm z\,\mathrm{se})`; profile intervals hold the values whose likelihood ratio, all
    else fitted anew, is not rejected by :math:`\chi^2_1`. Both are large-sample intervals.

    When the standard deviation is estimated as 0, a note says so; the answer is that without random
    intercept. Separation is found by a linear programme before fitting.

    References
    ----------
    McCullagh P (1980). Journal of the Royal Statistical Society B 42:109-142
    Pinheiro JC, Bates DM (1995). Journal of Computational and Graphical Statistics 4:12-35

    Examples
    --------
    >>> import ranvier as rv
    >>> visits = {
    ...     "subject": [f"P{i}" for i in range(1, 11) for _ in range(2)],
    ...     "arm": ["a cells"] * 10 + ["b placebo"] * 10,
    ...     "visit": ["0", "12"] * 10,
    ...     "edss": [4, 3.5, 5, 4, 6, 6, 3, 3, 4.5, 4, 5, 5.5, 3.5, 4, 6, 6, 4, 4.5, 5, 5],
    ... }
    >>> fit = rv.stats.ordinal_mixed(visits, terms=["arm"], random="none")
    >>> print(fit.estimates[0].quantity, round(fit.estimates[0].value, 2))
    odds ratio of a higher edss, arm b placebo 2.95
    """
    require_choice("random", random, _RANDOM)
    require_choice("interval", interval, _INTERVALS)
    confidence, count = as_level(level), as_count("nodes", nodes)
    if count < FEWEST_NODES:
        raise InputError(f"nodes is {count}; adaptive quadrature needs at least {FEWEST_NODES}.")
    data, columns, scores, missing = _read(table, list(terms), outcome, count if random == "intercept" else 0)
    likelihood.require_finite_estimates(data, columns.names)
    fit = likelihood.fit_ordinal(data)
    used, notes = data, _notes(data, scores, outcome)
    if data.random and fit.sigma < likelihood.SMALLEST_SIGMA:
        used = likelihood.OrdinalData(data.category, data.x, data.subject, np.empty(0), np.empty(0))
        fit = likelihood.fit_ordinal(used)
        notes = (*notes, _NO_SPREAD)
    errors = _standard_errors(used, fit)
    text = f"{_RANDOM[random]}; {_INTERVALS[interval]}."
    estimates = [
        _odds_ratio(used, fit, j, errors[j], interval, confidence)
        | {
            "quantity": f"odds ratio of a higher {outcome}, {name}",
            "level": confidence,
            "method": f"proportional odds, {random}, {interval}",
            "method_text": text,
            "n": data.category.size,
            "null": "the odds are equal",
            "inputs": {"patients": int(data.subject[-1]) + 1, "visits": data.category.size},
            "left_out": (LeftOut(n=missing, reason="rows with a missing value"),),
            "references": _REFERENCES,
        }
        for j, name in enumerate(columns.names)
    ]
    return Fit(
        title=f"Odds of a higher {outcome}",
        estimates=tuple(Estimate(**fields) for fields in estimates),
        method_text=text,
        diagnostics={
            "thresholds": dict(zip([f"{s:g}" for s in scores[:-1]], fit.theta.tolist(), strict=True)),
            "coefficients": dict(zip(columns.names, fit.beta.tolist(), strict=True)),
            "standard_errors": dict(zip(columns.names, errors.tolist(), strict=True)),
            "random_sd": fit.sigma,
            "log_likelihood": fit.log_likelihood,
            "nodes": count if data.random else 0,
            "rows": dict(zip([f"{s:g}" for s in scores], np.bincount(data.category).tolist(), strict=True)),
        },
        notes=notes,
    )


def _read(
    table: Any, terms: list[str], outcome: str, nodes: int
) -> tuple[likelihood.OrdinalData, Columns, list[float], int]:
    """Give categories, predictor, subjects and the scores seen."""
    frame = as_frame(table, "table")
    needed = list(dict.fromkeys(["subject", outcome, *(part for term in terms for part in term.split(":"))]))
    need_columns(frame, "table", needed)
    if not terms:
        raise InputError("terms is empty; name at least one column, such as ['arm'].")
    used, missing = complete_rows(frame, needed)
    used = used.sort("subject", maintain_order=True)
    if used.is_empty():
        raise InputError("table has no complete row; nothing to fit.")
    found = numbers(used, "table", outcome)
    scores, category = np.unique(found, return_inverse=True)
    if scores.size < 2:
        raise InputError(
            f"every {outcome} is {scores[0]:g}; a model of ordered scores needs at least two scores."
        )
    columns = term_columns(used, "table", terms)
    refuse_repeats(
        np.concatenate([np.ones((used.height, 1)), columns.values], axis=1), ("intercept", *columns.names)
    )
    parameters = scores.size - 1 + len(columns.names) + (nodes > 0)
    if used.height <= parameters:
        raise InputError(
            f"{used.height} rows are too few for {parameters} parameters ({scores.size - 1} thresholds and "
            f"{list(columns.names)}); leave out terms or join scores."
        )
    place = used["subject"].cast(pl.String).rle_id().to_numpy().astype(np.int64)
    points, log_weights = likelihood.gauss_hermite(nodes) if nodes else (np.empty(0), np.empty(0))
    if nodes and place[-1] + 1 == used.height:
        raise InputError(
            "each patient has one row: a random intercept cannot be told from the spread of the scores. "
            "Use random='none'."
        )
    data = likelihood.OrdinalData(
        category.astype(np.int64).ravel(), columns.values, place, points, log_weights
    )
    return data, columns, scores.tolist(), missing


def _standard_errors(data: likelihood.OrdinalData, fit: likelihood.OrdinalFit) -> Floats:
    """Give the standard errors of the coefficients from the observed information."""
    information = likelihood.hessian(data, fit)
    if not np.linalg.eigvalsh(information)[0] > 0:
        raise ConvergenceError(
            "the ordinal model is not at a peak of its likelihood; leave out terms, or join rare scores."
        )
    covariance = np.linalg.inv(information)
    return np.sqrt(np.diag(covariance)[data.cuts : data.cuts + fit.beta.size])


def _odds_ratio(
    data: likelihood.OrdinalData,
    fit: likelihood.OrdinalFit,
    place: int,
    error: float,
    interval: str,
    level: float,
) -> dict[str, Any]:
    """Give value, bounds and p value of one odds ratio."""
    log = float(fit.beta[place])
    if interval == "wald":
        reach = float(-special.ndtri((1 - level) / 2)) * error
        p_value = min(1.0, 2 * float(special.ndtr(-abs(log) / error)))
        low, high = log - reach, log + reach
    else:
        drop = float(special.chdtri(1, 1 - level)) / 2

        def excess(value: float) -> float:
            held = likelihood.fit_ordinal(data, fixed=(place, value), near=fit)
            return held.log_likelihood - fit.log_likelihood + drop

        low, high = _crossing(excess, log, -error), _crossing(excess, log, error)
        none = likelihood.fit_ordinal(data, fixed=(place, 0.0), near=fit)
        p_value = float(special.chdtrc(1, max(0.0, 2 * (fit.log_likelihood - none.log_likelihood))))
    return {"value": math.exp(log), "low": math.exp(low), "high": math.exp(high), "p_value": p_value}


def _crossing(excess: Callable[[float], float], start: float, step: float) -> float:
    """Give where the profile falls below the bound, looking ever further out."""
    from scipy.optimize import brentq

    far = 2 * step
    while excess(start + far) > 0:
        far *= 1.5
    near, beyond = sorted((start, start + far))
    return float(brentq(excess, near, beyond, xtol=BOUND_TOLERANCE * abs(step), rtol=BOUND_TOLERANCE))


def _notes(data: likelihood.OrdinalData, scores: list[float], outcome: str) -> tuple[str, ...]:
    """Give the sentences on rare scores and few patients."""
    notes = []
    counts = np.bincount(data.category)
    rare = [f"{score:g}" for score, count in zip(scores, counts, strict=True) if count == 1]
    if rare:
        notes.append(f"{outcome} {', '.join(rare)} was seen once only; its threshold hangs on that row.")
    patients = int(data.subject[-1]) + 1
    if patients < 40:
        notes.append(
            f"{plural(patients, 'patient')}: intervals and p values are large-sample ones; set an exact "
            "test of one visit beside them."
        )
    return tuple(notes)
