"""From counts to the pooled value: which answer is exact, which is searched for, and the interval of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._count_fit import CountModel, Maximum, profile_bounds
from ranvier.evidence._count_models import build, conditional_family, fit_common, fit_random
from ranvier.evidence._exact_common import Exact, Margins, exact_rate, exact_ratio, exact_share
from ranvier.evidence._measures import Cells

__all__ = ["Question", "Solution", "read_exact", "solve"]

Floats = NDArray[np.float64]

NONE_BETWEEN = 1e-4
"""Standard deviation between studies, on the log scale, that is none: odds differ by a ten-thousandth."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of the counts.

    Parameters
    ----------
    measure, model, method, interval : str
        As `pool_counts` takes them.
    level : float
        Confidence level.
    """

    measure: str
    model: str
    method: str
    interval: str
    level: float

    @property
    def compares(self) -> bool:
        """Tell whether two arms are compared."""
        return self.measure.endswith("ratio")


@dataclass(frozen=True, kw_only=True)
class Solution:
    """The pooled value on the log scale, with what lies between studies.

    Parameters
    ----------
    value, low, high, standard_error, statistic, p_value : float
        The pooled value, its interval, its test; NaN where not estimable.
    weights : ndarray of float64, shape (k,)
        Share of each study in the information on the pooled value.
    exact : Exact
        The exact value that all studies share, on the scale that is read.
    by : {"alone", "edge", "exact", "search"}
        Why the value is what it is: one study; all counts at one end; asked to be exact; likelihood.
    tau, tau_low, tau_high : float
        Standard deviation between studies; NaN where not estimable.
    prediction_low, prediction_high : float
        Where the true value of a new study lies.
    q, q_p_value : float
        Likelihood ratio of a value for each study against one for all, and its p value.
    lr, lr_p_value : float
        Likelihood ratio of a spread between studies against none, and its p value.
    log_likelihood : float
        At the value.
    """

    value: float
    low: float
    high: float
    weights: Floats
    exact: Exact
    by: str
    standard_error: float = nan
    statistic: float = nan
    p_value: float = nan
    tau: float = nan
    tau_low: float = nan
    tau_high: float = nan
    prediction_low: float = nan
    prediction_high: float = nan
    q: float = nan
    q_p_value: float = nan
    lr: float = nan
    lr_p_value: float = nan
    log_likelihood: float = nan


def solve(question: Question, cells: Cells, *, spread: bool = True) -> Solution:
    """Answer a question about informative studies.

    Parameters
    ----------
    question : Question
        What is asked.
    cells : mapping
        Counts by column.
    spread : bool
        Whether the interval of the spread between studies is wanted too.

    Returns
    -------
    Solution
        The answer.
    """
    exact, at_edge = read_exact(question, cells, question.level)
    k = len(cells["events"])
    if k == 1 or at_edge or question.interval == "exact":
        by = "alone" if k == 1 else "edge" if at_edge else "exact"
        return _exact_solution(question, exact, _sizes(cells), by)
    model, start = build(question.measure, question.model, cells)
    common = fit_common(model, start)
    peak = common if question.method == "common" else fit_random(model, common)
    found = _searched(question, model, peak, exact)
    if question.model != "unconditional random":
        saturated = 2 * (float(model.family.saturated().sum()) - common.log_likelihood)
        q = max(saturated, 0.0)
        found = replace(found, q=q, q_p_value=float(special.chdtrc(k - 1, q)))
    if question.method == "common":
        return found
    lr = max(2 * (peak.log_likelihood - common.log_likelihood), 0.0) if found.tau > 0 else 0.0
    # Without a spread, half of all samples give none: the p value is half that of chi-square on 1 degree.
    found = replace(found, lr=lr, lr_p_value=float(special.chdtrc(1, lr)) / 2 if lr > 0 else 1.0)
    if not spread:
        return found
    low, high = profile_bounds(model, peak, model.size - 1, level=question.level, floor=0.0)
    return replace(found, tau_low=low, tau_high=high)


def read_exact(question: Question, cells: Cells, level: float) -> tuple[Exact, bool]:
    """Give the exact value of what all studies share, and whether it lies at the end of what is possible."""
    if question.measure == "proportion":
        events, n = float(cells["events"].sum()), float(cells["n"].sum())
        return exact_share(events, n, level), events in (0, n)
    if question.measure == "rate":
        events = float(cells["events"].sum())
        return exact_rate(events, float(cells["years"].sum()), level), events == 0
    margins = Margins(conditional_family(question.measure, question.model, cells))
    return exact_ratio(margins, level), margins.seen in (margins.least, margins.most)


def _exact_solution(question: Question, exact: Exact, sizes: Floats, by: str) -> Solution:
    value, low, high = (_log_scale(question.measure, each) for each in (exact.value, exact.low, exact.high))
    p = nan if exact.p_value is None else exact.p_value
    return Solution(
        value=value, low=low, high=high, p_value=p, weights=sizes / sizes.sum(), exact=exact, by=by
    )


def _searched(question: Question, model: CountModel, peak: Maximum, exact: Exact) -> Solution:
    """Give value and interval at a peak of the likelihood."""
    k, level = len(peak.by_study), question.level
    tau = float(peak.place[-1]) if abs(peak.place[-1]) > NONE_BETWEEN else 0.0
    value, error = float(peak.place[0]), _error(model, peak)
    df = inf if question.interval == "wald" else k - 1
    if question.interval == "profile":
        # With a common value the spread is held at 0 in the profile as well.
        low, high = profile_bounds(model, peak, 0, level=level, held=question.method == "common")
    else:
        reach = _t(df, level) * error
        low, high = value - reach, value + reach
    wide = _t(k - 2, level) * sqrt(tau**2 + error**2) if k > 2 and question.method != "common" else nan
    statistic = value / error
    below = special.ndtr(-abs(statistic)) if df == inf else special.stdtr(df, -abs(statistic))
    return Solution(
        value=value,
        low=low,
        high=high,
        standard_error=error,
        statistic=statistic,
        p_value=2 * float(below),
        weights=_weights(model, peak),
        exact=exact,
        by="search",
        tau=tau,
        prediction_low=value - wide,
        prediction_high=value + wide,
        log_likelihood=peak.log_likelihood,
    )


def _error(model: CountModel, peak: Maximum) -> float:
    """Give the standard error of the pooled value; a spread of 0 carries none of it."""
    p = model.means.shape[2]
    used = np.ones(model.size, dtype=bool)
    used[p:] = np.abs(peak.place[p:]) > NONE_BETWEEN
    return sqrt(float(np.linalg.inv(peak.information[np.ix_(used, used)])[0, 0]))


def _weights(model: CountModel, peak: Maximum) -> Floats:
    """Give each study's share of the information on the pooled value, its own level estimated."""
    given = peak.by_study[:, 0, 0].copy()
    p, k = model.means.shape[2], len(given)
    if p == k + 1:
        own = np.arange(k)
        level, both = peak.by_study[own, 1 + own, 1 + own], peak.by_study[own, 0, 1 + own]
        given -= both**2 / level
    given = np.maximum(given, 0.0)
    shares: Floats = given / given.sum()
    return shares


def _sizes(cells: Cells) -> Floats:
    """Give the patients or years of each study, which are its weight where counts are added up."""
    parts = [cells[name] for name in cells if name.startswith(("n", "years"))]
    sizes: Floats = np.sum(parts, axis=0)
    return sizes


def _log_scale(measure: str, value: float) -> float:
    """Give a share as log odds, a rate or ratio as logarithm; infinite at the ends."""
    if measure == "proportion":
        return float(special.logit(value))
    with np.errstate(divide="ignore"):
        return float(np.log(value))


def _t(df: float, level: float) -> float:
    """Give the two-sided quantile of Student's t; normal without limit of degrees of freedom."""
    quantile = special.ndtri((1 + level) / 2) if df == inf else special.stdtrit(df, (1 + level) / 2)
    return float(quantile)
