"""Stopping rules: the smallest count of events that stops a trial, at each look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.errors import InputError, require_choice
from ranvier.stats._inputs import as_count, as_level
from ranvier.stats._looks import TIE, pocock_counts, stop_counts
from ranvier.stats.stopping import StoppingBoundary
from ranvier.trial import STOPPING_METHODS

__all__ = ["stopping_rule"]

UNIFORM = (1.0, 1.0)
"""Beta prior that takes every share for equally likely."""


def stopping_rule(
    looks: int | Sequence[float],
    *,
    limit: float,
    method: str = "binomial",
    level: float = 0.95,
    prior: Sequence[float] | None = None,
    event: str = "an event",
) -> StoppingBoundary:
    r"""Give the smallest count that stops a trial, at each look.

    Parameters
    ----------
    looks : int or sequence of float
        The largest number of patients, with a look after each one; or the numbers of patients (for "poisson"
        patient-years) at which the rule looks, rising.
    limit : float
        Highest share of patients with the event that is acceptable, between 0 and 1; for "poisson" events per
        patient-year, above 0.
    method : {"binomial", "pocock", "beta-binomial", "poisson"}
        How the boundary is made; see Notes.
    level : float
        "binomial", "poisson": one-sided confidence level of each look. "pocock": 1 minus the chance of ever
        stopping when the true share is `limit`. "beta-binomial": the posterior probability to exceed.
    prior : sequence of float, shape (2,), optional
        Parameters of the beta prior, each above 0; (1, 1) when None. Only for "beta-binomial".
    event : str
        What is counted, as the end of a sentence, such as "a serious event".

    Returns
    -------
    StoppingBoundary
        The counts, with `table`, `state`, `characteristics`, `explain` and `plot`.

    Raises
    ------
    InputError
        When looks, limit, level or prior cannot be used, or when no count could ever stop the trial.

    Notes
    -----
    With x events in n patients, :math:`\pi_0` the limit and :math:`\alpha = 1 - \mathrm{level}`, the trial
    stops at the smallest x for which

    - binomial: :math:`P(X \ge x \mid n, \pi_0) \le \alpha`;
    - pocock: :math:`P(X \ge x \mid n, \pi_0) \le \alpha'`, where :math:`\alpha'` is the largest value for
      which the chance of crossing at any look is at most :math:`\alpha` when the share is :math:`\pi_0`;
    - beta-binomial: :math:`P(\pi > \pi_0 \mid x, n) > \mathrm{level}`, with
      :math:`\pi \mid x, n \sim \mathrm{Beta}(a + x, b + n - x)`;
    - poisson: :math:`P(X \ge x \mid \lambda_0 t) \le \alpha` for t patient-years.

    "binomial", "poisson" and "beta-binomial" are not adjusted for looking often; `characteristics` gives the
    chance of stopping that results, exactly. The patients count in the order of their doses, each when
    followed for long enough.

    References
    ----------
    Goldman AI (1987). Controlled Clinical Trials 8:327-337
    Geller NL, Follmann D, Leifer ES, Carter SL (2003). Advances in Clinical Trial Biostatistics
    Ivanova A, Qaqish BF, Schell MJ (2005). doi:10.1111/j.1541-0420.2005.00311.x

    Examples
    --------
    >>> import ranvier as rv
    >>> rule = rv.stats.stopping_rule(10, limit=0.1, event="a serious event")
    >>> print(rule.text())
    Stop if 2 of 2 to 3, 3 of 4 to 8, 4 of 9 to 10 patients have a serious event.
    >>> rule.state(2, 5).text()
    '2 of 5 so far: continue'
    >>> rv.stats.stopping_rule(30, limit=0.2, method="pocock").table().row(0)
    (3, 3.0, 3.0)
    """
    require_choice("method", method, STOPPING_METHODS)
    confidence = as_level(level)
    poisson = method == "poisson"
    sizes = _looks(looks, poisson=poisson)
    rate = _limit(limit, poisson=poisson)
    beta = _prior(prior, method)
    if method == "pocock":
        counts, look_alpha = pocock_counts(sizes, rate, (1 - confidence) * (1 + TIE))
    else:
        counts, look_alpha = stop_counts(sizes, rate, method, confidence, beta), None
    if all(count is None for count in counts):
        raise InputError(
            f"with looks up to {sizes[-1]:g} no count could stop the trial at limit {rate:g} and level "
            f"{confidence:g}; look at more patients, or lower the level."
        )
    return StoppingBoundary(
        method=method,
        limit=rate,
        level=confidence,
        looks=sizes,
        counts=counts,
        prior=beta if method == "beta-binomial" else None,
        look_level=None if look_alpha is None else 1 - look_alpha,
        event=event,
    )


def _looks(looks: Any, *, poisson: bool) -> tuple[float, ...]:
    """Give the looks as rising numbers; a single whole number stands for a look after each patient."""
    if np.ndim(looks) == 0:
        if poisson:
            raise InputError(f"looks is {looks!r}; a rule on a rate needs the patient-years of each look.")
        size = as_count("looks", looks)
        if size == 0:
            raise InputError("looks is 0; give at least one patient.")
        return tuple(float(n) for n in range(1, size + 1))
    values = list(looks)
    sizes = [float(value) for value in values] if poisson else [float(as_count("looks", v)) for v in values]
    rising = all(low < high for low, high in zip([0.0, *sizes], sizes, strict=False))
    if not sizes or not rising or not np.isfinite(sizes).all():
        raise InputError(f"looks is {values}; give numbers above 0, each larger than the one before.")
    return tuple(sizes)


def _limit(limit: Any, *, poisson: bool) -> float:
    try:
        rate = float(limit)
    except (TypeError, ValueError):
        rate = np.nan
    if not (0 < rate < (np.inf if poisson else 1)):
        allowed = "a rate above 0 per patient-year" if poisson else "a share between 0 and 1, both excluded"
        raise InputError(f"limit is {limit!r}; it must be {allowed}.")
    return rate


def _prior(prior: Any, method: str) -> tuple[float, float]:
    if prior is None:
        return UNIFORM
    if method != "beta-binomial":
        raise InputError(f"prior is {prior!r}, but the method {method!r} has none; leave it out.")
    values = [float(part) for part in prior]
    if len(values) != 2 or not all(np.isfinite(part) and part > 0 for part in values):
        raise InputError(f"prior is {prior!r}; give the two parameters of a beta distribution, above 0.")
    return values[0], values[1]
