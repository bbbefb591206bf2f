"""Bayesian share and rate: posterior, intervals, chance beyond a threshold, and what comes next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, Fit, percent, plural
from ranvier.stats._beta_shares import chance_above, next_events
from ranvier.stats._inputs import as_count, as_level, as_years
from ranvier.stats.priors import RATE_PRIORS, SHARE_PRIORS, RatePrior, SharePrior

__all__ = ["beta_binomial", "gamma_poisson"]

Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-12
"""Chance of more events than the predictive table shows."""
SOURCE = (
    "Gelman A, Carlin JB, Stern HS, Dunson DB, Vehtari A, Rubin DB (2013). Bayesian Data Analysis, 3rd ed., "
    "CRC Press, chapter 2"
)


@dataclass(frozen=True)
class _Posterior:
    """A distribution by its quantiles, its density, its mean, and where the density is highest."""

    below: Callable[[float], float]
    quantile: Callable[[float], float]
    mean: float
    from_start: bool
    to_end: bool


def beta_binomial(
    events: int,
    n: int,
    *,
    prior: str | SharePrior = "jeffreys",
    threshold: float | None = None,
    next_n: int | None = None,
    level: float = 0.95,
    quantity: str = "share",
) -> Fit:
    r"""Give what a prior and the data say about a share.

    Parameters
    ----------
    events : int
        How many had the event, from 0 to `n`.
    n : int
        How many were looked at; 0 shows the prior.
    prior : {"jeffreys", "uniform", "neutral"} or SharePrior
        The prior; `sceptical_share` makes a sceptical one.
    threshold : float, optional
        A share between 0 and 1; the posterior chance of a larger one is given.
    next_n : int, optional
        Patients still to come; the chances of 0 to `next_n` events among them are given.
    level : float
        Posterior probability inside the intervals.
    quantity : str
        What the share is.

    Returns
    -------
    Fit
        Two estimates with the posterior mean: with the equal-tailed and with the shortest (highest-density)
        interval. `diagnostics` holds prior, posterior, median, "chance above" the threshold, and
        "predictive", the chances of 0, 1, ... events among the next patients.

    Raises
    ------
    InputError
        When a count is not whole or negative, `events` exceeds `n`, or `prior`, `threshold` or `level` is not
        allowed.

    Notes
    -----
    With prior :math:`\mathrm{Beta}(a, b)` the posterior is :math:`\mathrm{Beta}(a + x, b + n - x)` and the
    next events are beta-binomial. These intervals hold a probability given the prior; they do not promise to
    hold the true share as often in repeated trials.

    References
    ----------
    Gelman A, Carlin JB, Stern HS, Dunson DB, Vehtari A, Rubin DB (2013). Bayesian Data Analysis, 3rd ed.,
    CRC Press, chapter 2

    Examples
    --------
    >>> import ranvier as rv
    >>> fit = rv.stats.beta_binomial(2, 10, threshold=0.5, next_n=5)
    >>> print(fit.estimates[0].text())
    22.7 % (95 % interval 4.4 % to 50.3 %)
    >>> round(fit.diagnostics["chance above"], 4), round(fit.diagnostics["predictive"][0], 3)
    (0.026, 0.338)
    """
    count, size = as_count("events", events), as_count("n", n)
    if count > size:
        raise InputError(f"events is {count}, more than n = {size}; events must be from 0 to n.")
    belief = _prior(prior, SHARE_PRIORS, SharePrior)
    confidence, limit = as_level(level), _share("threshold", threshold)
    yes, no = belief.yes + count, belief.no + size - count
    posterior = _Posterior(
        below=lambda x: float(special.betainc(yes, no, x)),
        quantile=lambda u: float(special.betaincinv(yes, no, u)),
        mean=yes / (yes + no),
        from_start=yes <= 1,
        to_end=no <= 1,
    )
    diagnostics: dict[str, Any] = {
        "prior": belief.to_dict(),
        "posterior": {"yes": yes, "no": no},
        "median": posterior.quantile(0.5),
    }
    if limit is not None:
        diagnostics |= {"threshold": limit, "chance above": float(chance_above(yes, no, limit))}
    if next_n is not None:
        diagnostics["predictive"] = next_events(yes, no, as_count("next_n", next_n)).tolist()
    text = (
        f"Beta prior {belief.name!r} worth {belief.yes:g} patients with and {belief.no:g} without the event "
        f"({belief.source}), and {count} of {size} seen: posterior Beta({yes:g}, {no:g})."
    )
    told = _Told(quantity, confidence, "share", {"events": count, "n": size}, size)
    notes = [f"Without the prior: {count} of {size}."]
    if limit is not None:
        notes.append(
            f"Posterior chance of a share above {percent(limit)}: {percent(diagnostics['chance above'])}."
        )
    return _fit(posterior, told, text, diagnostics, notes)


def gamma_poisson(
    events: int,
    years: float,
    *,
    prior: str | RatePrior = "jeffreys",
    threshold: float | None = None,
    next_years: float | None = None,
    level: float = 0.95,
    quantity: str = "rate",
) -> Fit:
    r"""Give what a prior and the data say about a rate of events per year.

    Parameters
    ----------
    events : int
        Number of events.
    years : float
        Person-years of observation, above 0.
    prior : {"jeffreys", "uniform", "neutral"} or RatePrior
        The prior; `sceptical_rate` makes a sceptical one.
    threshold : float, optional
        A rate per year of at least 0; the posterior chance of a larger one is given.
    next_years : float, optional
        Person-years still to come; the chances of 0, 1, ... events in them are given.
    level : float
        Posterior probability inside the intervals.
    quantity : str
        What the rate is.

    Returns
    -------
    Fit
        Two estimates with the posterior mean: with the equal-tailed and with the shortest (highest-density)
        interval. `diagnostics` holds prior, posterior, median, "chance above" the threshold, and
        "predictive", the chances of 0, 1, ... events in the next years, up to where fewer than one in 10¹²
        is left.

    Raises
    ------
    InputError
        When `events` is not a whole number of at least 0, a time is not finite and above 0, or `prior`,
        `threshold` or `level` is not allowed.

    Notes
    -----
    With prior :math:`\Gamma(a)/b` the posterior is :math:`\Gamma(a + x)/(b + t)` and the next events are
    negative binomial. Relapses of one patient are not independent, so the true uncertainty can be larger.

    References
    ----------
    Gelman A, Carlin JB, Stern HS, Dunson DB, Vehtari A, Rubin DB (2013). Bayesian Data Analysis, 3rd ed.,
    CRC Press, chapter 2

    Examples
    --------
    >>> import ranvier as rv
    >>> fit = rv.stats.gamma_poisson(3, 12.5, threshold=0.5, next_years=10)
    >>> print(fit.estimates[0].text())
    0.28 per year (95 % interval 0.07 to 0.64)
    >>> round(fit.diagnostics["chance above"], 3), round(fit.diagnostics["predictive"][0], 3)
    (0.085, 0.128)
    """
    count, time = as_count("events", events), as_years("years", years)
    belief = _prior(prior, RATE_PRIORS, RatePrior)
    confidence = as_level(level)
    shape, total = belief.events + count, belief.years + time
    posterior = _Posterior(
        below=lambda x: float(special.gammainc(shape, x * total)),
        quantile=lambda u: float(special.gammaincinv(shape, u)) / total,
        mean=shape / total,
        from_start=shape <= 1,
        to_end=False,
    )
    diagnostics: dict[str, Any] = {
        "prior": belief.to_dict(),
        "posterior": {"events": shape, "years": total},
        "median": posterior.quantile(0.5),
    }
    notes = [f"Without the prior: {plural(count, 'event')} in {time:g} person-years."]
    if threshold is not None:
        limit = float(threshold)
        if not (math.isfinite(limit) and limit >= 0):
            raise InputError(f"threshold is {threshold!r}; it must be a finite rate of at least 0 per year.")
        above = float(special.gammaincc(shape, limit * total))
        diagnostics |= {"threshold": limit, "chance above": above}
        notes.append(f"Posterior chance of a rate above {limit:g} per year: {percent(above)}.")
    if next_years is not None:
        diagnostics["predictive"] = _next_years(shape, total, as_years("next_years", next_years)).tolist()
    text = (
        f"Gamma prior {belief.name!r} worth {belief.events:g} events in {belief.years:g} "
        f"person-years ({belief.source}), "
        f"and {plural(count, 'event')} in {time:g} seen: posterior gamma worth {shape:g} events in {total:g}."
    )
    told = _Told(quantity, confidence, "per year", {"events": count, "person-years": time}, int(time))
    return _fit(posterior, told, text, diagnostics, notes)


@dataclass(frozen=True)
class _Told:
    """What both estimates of a fit say alike."""

    quantity: str
    level: float
    unit: str
    inputs: dict[str, Any]
    n: int


def _prior(given: Any, named: dict[str, Any], kind: type) -> Any:
    """Give a prior by name, or as it is."""
    if isinstance(given, kind):
        return given
    if not isinstance(given, str):
        raise InputError(f"prior is {given!r}; give one of {list(named)} or a {kind.__name__}.")
    require_choice("prior", given, tuple(named))
    return named[given]


def _share(name: str, value: float | None) -> float | None:
    """Give a share, or None; refuse what lies outside 0 and 1."""
    if value is None or 0 <= value <= 1:
        return value
    hint = " Write 0.2 for 20 %." if value > 1 else ""
    raise InputError(f"{name} is {value!r}; it must be a share from 0 to 1.{hint}")


def _fit(posterior: _Posterior, told: _Told, text: str, diagnostics: dict[str, Any], notes: list[str]) -> Fit:
    """Give the posterior mean with the equal-tailed and the shortest interval."""
    tail = (1 - told.level) / 2
    equal = posterior.quantile(tail), posterior.quantile(1 - tail)
    intervals = {"equal tails": equal, "highest density": _shortest(posterior, told.level)}
    words = {
        "equal tails": "equal tails outside",
        "highest density": "the highest posterior density inside (the shortest)",
    }
    estimates = tuple(
        Estimate(
            quantity=told.quantity,
            value=posterior.mean,
            low=low,
            high=high,
            level=told.level,
            method=name,
            method_text=f"Posterior mean; the interval has {words[name]} and holds "
            f"{percent(told.level)} of the "
            "posterior probability.",
            n=told.n,
            unit=told.unit,
            inputs=told.inputs,
            references=(SOURCE,),
        )
        for name, (low, high) in intervals.items()
    )
    return Fit(
        title=f"Posterior of the {told.quantity}",
        estimates=estimates,
        method_text=text,
        diagnostics=diagnostics,
        notes=tuple(notes),
    )


def _shortest(posterior: _Posterior, level: float) -> tuple[float, float]:
    """Give the shortest interval with this probability; at an end when the density is highest there.

    A posterior that is highest at both ends has no such interval and gets equal tails.
    """
    if posterior.from_start and posterior.to_end:
        return posterior.quantile((1 - level) / 2), posterior.quantile((1 + level) / 2)
    if posterior.from_start:
        return 0.0, posterior.quantile(level)
    if posterior.to_end:
        return posterior.quantile(1 - level), 1.0

    def width(tail: float) -> float:
        return posterior.quantile(tail + level) - posterior.quantile(tail)

    tail = float(
        optimize.minimize_scalar(width, bounds=(0, 1 - level), method="bounded", options={"xatol": 1e-12}).x
    )
    return posterior.quantile(tail), posterior.quantile(tail + level)


def _next_years(shape: float, total: float, years: float) -> Floats:
    """Give the negative binomial chances of 0, 1, ... events, until next to none is left."""
    share = total / (total + years)
    last = 10
    while special.betaincc(shape, last + 1, share) > NEGLIGIBLE:
        last *= 2
    count = np.arange(last + 1)
    ways = special.gammaln(count + shape) - special.gammaln(count + 1) - special.gammaln(shape)
    chances: Floats = np.exp(ways + shape * math.log(share) + count * math.log1p(-share))
    enough = int(np.searchsorted(np.cumsum(chances), 1 - NEGLIGIBLE))
    return chances[: enough + 1]
