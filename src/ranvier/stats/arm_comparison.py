"""Do the arms differ in the time to an event? The log-rank test, exact for small trials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, Fit, number, plural
from ranvier.stats import _log_rank as labels
from ranvier.stats._follow_up import FollowUp, follow_up

__all__ = ["LogRank", "log_rank"]

DRAWS = 100_000
"""Random labellings of the sampled test: the Monte Carlo error of p = 0.05 is 0.0007."""
BLOCK = 1_000
"""Labellings drawn at once; bounds the memory."""

_ALIKE = "; this takes the patients of all arms as followed alike (censored by the same rule)"
_METHODS = {
    "exact": f"Log-rank test with its exact distribution over all ways to label the patients{_ALIKE}.",
    "sampled": f"Log-rank test over {DRAWS:,} random ways to label the patients{_ALIKE}.",
    "asymptotic": "Log-rank test with the chi-square approximation, which is unreliable with few events.",
}
_WEIGHTS = {
    "equal": "",
    "gehan": " Each event day counts with the number at risk (Gehan), so that early events weigh more.",
    "peto": " Each event day counts with the pooled survival before it (Peto and Peto), so that early events "
    "weigh more.",
}
_REFERENCES = (
    "Mantel N (1966). Cancer Chemother Rep 50:163-170",
    "Peto R, Peto J (1972). J R Stat Soc A 135:185-207",
    "Heinze G, Gnant M, Schemper M (2003). Biometrics 59:1151-1157",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LogRank(Fit):
    """The log-rank test: observed and expected events by arm, and the p value.

    Parameters
    ----------
    table : polars.DataFrame
        arm, n, events, expected: one row per arm; with weights, both are weighted.
    p_value : float
        Two-sided.
    statistic : float
        Chi-square with one degree of freedom less than there are arms.
    method, weights : str
        As asked for.
    """

    table: pl.DataFrame
    p_value: float
    statistic: float
    method: str
    weights: str


def log_rank(
    data: Any,
    *,
    observed: Any = None,
    arm: Any = None,
    method: str = "exact",
    weights: str = "equal",
    event: str = "event",
    seed: int | None = None,
) -> LogRank:
    r"""Test whether the time to an event differs between arms.

    Parameters
    ----------
    data : array_like, dataframe, Derivation or mapping of columns
        Days of follow-up, shape (n_patients,), or a table with days, observed and arm; see `survival`.
    observed : array_like of bool, shape (n_patients,), optional
        Whether the time ended with the event; needed with an array of days.
    arm : array_like of str, shape (n_patients,), optional
        The arm of each patient; the column arm of the table when None.
    method : {"exact", "sampled", "asymptotic"}
        "exact": all ways to label the patients; up to some 40 patients, more where many share a day.
        "sampled": 100,000 random ways, needs `seed`. "asymptotic": chi-square with the hypergeometric
        variance.
    weights : {"equal", "gehan", "peto"}
        Weight of an event day: 1, the number at risk, or the pooled survival just before it.
    event : str
        What was waited for.
    seed : int, optional
        Needed by "sampled" only.

    Returns
    -------
    LogRank
        `p_value`, `statistic`, and the table of observed and expected events; the estimates are observed
        minus expected events in each arm, without an interval.

    Raises
    ------
    InputError
        When there are fewer than two arms, too many patients for the exact test, no seed for the
        sampled one, or the input is one that `survival` refuses.

    Notes
    -----
    With :math:`y_j` at risk and :math:`d_j` events on day j in all arms, patient i has the score
    :math:`a_i = w(t_i)\delta_i - \sum_{t_j \le t_i} w_j d_j / y_j`, and an arm's observed minus expected
    events are the sum of its scores. When arms are only labels, every choice of that many patients is equally
    likely; two arms: twice the smaller tail of the sum, at most 1; more arms: the chance of :math:`\sum_k
    T_k^2 / n_k` at least as large. The chi-square statistic is that of the hypergeometric variance, whatever
    the method of the p value.

    Labels are exchangeable only if the arms were also censored alike. Where follow-up differs between arms
    the exact test is no longer exact.

    References
    ----------
    Mantel N (1966). Cancer Chemother Rep 50:163-170
    Peto R, Peto J (1972). J R Stat Soc A 135:185-207
    Heinze G, Gnant M, Schemper M (2003). Biometrics 59:1151-1157

    Examples
    --------
    >>> import ranvier as rv
    >>> days, seen = [30, 60, 90, 365, 120, 365, 365, 365], [1, 1, 1, 0, 1, 0, 0, 0]
    >>> test = rv.stats.log_rank(days, observed=seen, arm=["placebo"] * 4 + ["cells"] * 4)
    >>> round(test.p_value, 4), test.table["expected"].round(2).to_list()
    (0.1429, [2.54, 1.46])
    """
    require_choice("method", method, _METHODS)
    require_choice("weights", weights, labels.WEIGHTS)
    found = follow_up(data, observed, arm)
    if len(found.arms) < 2:
        raise InputError(
            f"there is only one arm, {found.arms[0]!r}; a log-rank test needs two. Give arm, one name per "
            "patient."
        )
    difference, covariance = labels.observed_minus_expected(found.days, found.observed, found.arm, weights)
    kept = covariance[1:, 1:]
    statistic = float(difference[1:] @ np.linalg.pinv(kept) @ difference[1:])
    p_value, error = _p_value(found, method, weights, statistic, seed)
    return LogRank(
        title=f"Log-rank test of the time to {event}",
        estimates=tuple(
            _estimate(found, place, difference, method, p_value) for place in range(len(found.arms))
        ),
        method_text=_METHODS[method] + _WEIGHTS[weights],
        diagnostics={"covariance": covariance, "monte carlo error": error},
        notes=(*_notes(found, event, error), *found.notes),
        table=_table(found, difference, weights),
        p_value=p_value,
        statistic=statistic,
        method=method,
        weights=weights,
    )


def _p_value(
    found: FollowUp, method: str, weights: str, statistic: float, seed: int | None
) -> tuple[float, float]:
    """Give the p value and its Monte Carlo error."""
    if method == "sampled" and seed is None:
        raise InputError(
            "seed is missing; method='sampled' needs a whole number, so that the result repeats."
        )
    if not found.observed.any():
        return 1.0, 0.0
    if method == "asymptotic":
        return float(special.chdtrc(len(found.arms) - 1, statistic)), 0.0
    values = labels.scores(found.days, found.observed, weights)
    sizes = np.bincount(found.arm)
    sums = np.bincount(found.arm, values)
    if method == "sampled":
        return _sampled(values, sizes, sums, np.random.default_rng(seed))
    if sizes.size == 2:
        return min(1.0, 2 * min(labels.tails(values, int(sizes[1]), float(sums[1])))), 0.0
    return labels.share_of_labellings(values, sizes, float((sums**2 / sizes).sum())), 0.0


def _sampled(values: Any, sizes: Any, sums: Any, rng: np.random.Generator) -> tuple[float, float]:
    """Give the share of random labellings at least as extreme, the one seen among them, and its error."""
    ends = np.cumsum(sizes)[:-1]
    slack = labels.SAME_SUM * float(np.abs(values).sum())
    at_most = at_least = wide = 0
    observed = float((sums**2 / sizes).sum())
    for _ in range(DRAWS // BLOCK):
        shuffled = rng.permuted(np.broadcast_to(values, (BLOCK, values.size)), axis=1)
        drawn = np.stack([part.sum(axis=1) for part in np.split(shuffled, ends, axis=1)], axis=1)
        at_most += int(np.count_nonzero(drawn[:, 1] <= sums[1] + slack))
        at_least += int(np.count_nonzero(drawn[:, 1] >= sums[1] - slack))
        wide += int(np.count_nonzero((drawn**2 / sizes).sum(axis=1) >= observed - slack))
    two, count = (2, min(at_most, at_least)) if sizes.size == 2 else (1, wide)
    share = (1 + count) / (1 + DRAWS)
    return min(1.0, two * share), two * math.sqrt(share * (1 - share) / DRAWS)


def _table(found: FollowUp, difference: Any, weights: str) -> pl.DataFrame:
    """Give patients, events and expected events by arm."""
    values = np.where(found.observed, 1.0, 0.0)
    if weights != "equal":  # weighted events: what the pooled hazard and the scores add up to
        order = np.argsort(found.days, kind="stable")
        at_risk, _, last = labels._risk(found.days[order], found.observed[order])
        values[order] *= labels._weights(at_risk, found.observed[order], last, weights)
    events = np.bincount(found.arm, values)
    return pl.DataFrame(
        {
            "arm": list(found.arms),
            "n": np.bincount(found.arm),
            "events": events,
            "expected": events - difference,
        }
    )


def _estimate(found: FollowUp, place: int, difference: Any, method: str, p_value: float) -> Estimate:
    """Give observed minus expected events of one arm; the test belongs to all of them."""
    days, seen = found.of(place)
    return Estimate(
        quantity=f"observed minus expected events, {found.arms[place]}",
        value=float(difference[place]),
        low=math.nan,
        high=math.nan,
        level=0.95,
        method=method,
        method_text="More events than expected when positive.",
        n=days.size,
        p_value=p_value,
        null="the arms do not differ",
        inputs={"n": days.size, "events": int(seen.sum())},
        left_out=found.left_out[place],
        references=_REFERENCES,
    )


def _notes(found: FollowUp, event: str, error: float) -> tuple[str, ...]:
    """Say what the test cannot say."""
    if not found.observed.any():
        return (f"No {event} in {plural(found.days.size, 'patient')}: the arms cannot be told apart.",)
    return (f"Monte Carlo error of the p value: {number(error, digits=5)}.",) if error else ()
