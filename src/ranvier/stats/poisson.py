"""Events per year of observation, and the ratio of two such rates."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from ranvier.errors import require_choice
from ranvier.result import Estimate, LeftOut, number
from ranvier.stats._inputs import as_count, as_level, as_two, as_years, find_root
from ranvier.stats.binomial import binomial_bounds

__all__ = ["rate", "rate_ratio"]

_RATE_METHODS = {
    "exact": "Events per year with the exact Poisson (Garwood) interval; it holds the true rate at least as "
    "often as stated.",
    "mid-p": "Events per year with the mid-P Poisson interval, shorter than the exact one; it may cover "
    "slightly less often.",
}
_RATE_SOURCES = {
    "exact": "Garwood F (1936). doi:10.1093/biomet/28.3-4.437",
    "mid-p": "Cohen GR, Yang SY (1994). Stat Med 13:2189",
}
_GIVEN_TOTAL = "interval and p value given the total number of events"
_RATIO_METHODS = {
    "conditional": f"First rate over second, with the exact {_GIVEN_TOTAL}.",
    "mid-p": f"First rate over second, with the mid-P {_GIVEN_TOTAL}.",
}
_SHARE_METHODS = {"conditional": "clopper-pearson", "mid-p": "mid-p"}


def rate(
    events: int,
    years: float,
    *,
    method: str = "exact",
    level: float = 0.95,
    quantity: str = "rate",
    left_out: tuple[LeftOut, ...] = (),
) -> Estimate:
    r"""Give events per year of observation with its interval.

    Parameters
    ----------
    events : int
        Number of events.
    years : float
        Person-years of observation, above 0.
    method : {"exact", "mid-p"}
        How the interval is made. "exact" holds the true rate at least as often as `level` says.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the rate is, such as "relapses".
    left_out : tuple of LeftOut
        Who was left out and why; printed with the number.

    Returns
    -------
    Estimate
        Value and bounds per year.

    Raises
    ------
    InputError
        When `events` is not a whole number of at least 0, `years` is not finite and above 0, or `method` or
        `level` is not allowed.

    Notes
    -----
    With :math:`X \sim \mathrm{Poisson}(\mu)` and :math:`\alpha = 1 - \mathrm{level}` the exact lower bound
    solves :math:`P(X \ge x) = \alpha/2` and the upper :math:`P(X \le x) = \alpha/2`, both divided by the
    years; mid-P counts :math:`P(X = x)` half. The lower bound is 0 when there was no event.

    Relapses of one patient are not independent, so when a few patients have most of the events the true
    uncertainty is larger than the interval.

    References
    ----------
    Garwood F (1936). doi:10.1093/biomet/28.3-4.437
    Cohen GR, Yang SY (1994). Stat Med 13:2189

    Examples
    --------
    >>> import ranvier as rv
    >>> print(rv.stats.rate(3, 12.5, quantity="relapses").text())
    0.24 per year (95 % interval 0.05 to 0.70)
    >>> rv.stats.rate(0, 7.5).notes
    ('No event in 7.5 person-years: the true rate could be up to 0.49 per year.',)
    """
    count, time = as_count("events", events), as_years("years", years)
    require_choice("method", method, _RATE_METHODS)
    confidence = as_level(level)
    low, high = _exact(count, confidence) if method == "exact" else _mid_p(count, confidence)
    low, high = low / time, high / time
    none = f"No event in {time:g} person-years: the true rate could be up to {number(high)} per year."
    return Estimate(
        quantity=quantity,
        value=count / time,
        low=low,
        high=high,
        level=confidence,
        method=method,
        method_text=_RATE_METHODS[method],
        n=int(time),
        unit="per year",
        inputs={"events": count, "person-years": time},
        left_out=tuple(left_out),
        notes=() if count else (none,),
        references=(_RATE_SOURCES[method],),
    )


def rate_ratio(
    events: Sequence[int],
    years: Sequence[float],
    *,
    method: str = "conditional",
    level: float = 0.95,
    quantity: str = "rate ratio",
    left_out: tuple[LeftOut, ...] = (),
) -> Estimate:
    r"""Give the first of two rates over the second, with interval and p value.

    Parameters
    ----------
    events : sequence of int, shape (2,)
        Number of events in the first and in the second group.
    years : sequence of float, shape (2,)
        Person-years of the first and of the second group, each above 0.
    method : {"conditional", "mid-p"}
        How interval and p value are made. "conditional" holds the true ratio at least as often as `level`
        says.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the ratio is.
    left_out : tuple of LeftOut
        Who was left out and why; printed with the number.

    Returns
    -------
    Estimate
        The ratio with its bounds; NaN between 0 and infinity when neither group had an event, infinite when
        only the second had none. `n` is the total number of events.

    Raises
    ------
    InputError
        When `events` or `years` does not hold two usable values, or `method` or `level` is not allowed.

    Notes
    -----
    Given the total N, the events of the first group are binomial with share
    :math:`\pi = \rho t_1 / (\rho t_1 + t_2)` for rate ratio :math:`\rho`. The bounds are those of
    :math:`\pi` (Clopper-Pearson or mid-P), turned into
    :math:`\rho = \frac{\pi}{1 - \pi} \cdot \frac{t_2}{t_1}`. The p value is twice the smaller tail at
    :math:`\rho = 1`, at most 1, so that it agrees with the interval; R's ``poisson.test`` adds up outcomes
    by likelihood instead and can disagree with its own interval.

    The two groups are taken as independent. The same patients before and after a treatment are not:
    patients enter trials after bad years, so relapses fall even without an effect (regression to the
    mean). Such a ratio says what happened, not what the treatment did.

    References
    ----------
    Przyborowski J, Wilenski H (1940). Biometrika 31:313-323
    Fay MP (2010). doi:10.32614/RJ-2010-008

    Examples
    --------
    >>> import ranvier as rv
    >>> ratio = rv.stats.rate_ratio((3, 11), (12.5, 12.5))
    >>> print(ratio.text(), round(ratio.p_value, 3))
    0.27 (95 % interval 0.05 to 1.03) 0.057
    """
    first, second = as_two("events", events)
    counts = as_count("the first of events", first), as_count("the second of events", second)
    first, second = as_two("years", years)
    times = as_years("the first of years", first), as_years("the second of years", second)
    require_choice("method", method, _RATIO_METHODS)
    confidence = as_level(level)
    scale = times[1] / times[0]
    low, high = _odds(counts, _SHARE_METHODS[method], confidence)
    return Estimate(
        quantity=quantity,
        value=_quotient(counts[0], counts[1]) * scale,
        low=low * scale,
        high=high * scale,
        level=confidence,
        method=method,
        method_text=_RATIO_METHODS[method],
        n=sum(counts),
        p_value=_same_rate(counts, times, method),
        null="the two rates are equal",
        inputs={"events": counts, "person-years": times},
        left_out=tuple(left_out),
        notes=_ratio_notes(counts),
        references=(
            "Przyborowski J, Wilenski H (1940). Biometrika 31:313-323",
            "Fay MP (2010). doi:10.32614/RJ-2010-008",
        ),
    )


def _exact(events: int, level: float) -> tuple[float, float]:
    """Give the exact bounds of a Poisson mean."""
    tail = (1 - level) / 2
    low = float(special.gammaincinv(events, tail)) if events else 0.0
    return low, float(special.gammainccinv(events + 1, tail))


def _mid_p(events: int, level: float) -> tuple[float, float]:
    """Give the mid-P bounds of a Poisson mean; each lies between two exact bounds."""
    alpha = 1 - level
    if events == 0:
        return 0.0, -math.log(alpha)

    def above(mean: float) -> float:
        return float(special.gammainc(events, mean) + special.gammainc(events + 1, mean)) - alpha

    def below(mean: float) -> float:
        return float(special.gammaincc(events, mean) + special.gammaincc(events + 1, mean)) - alpha

    (low, high), (next_low, _) = _exact(events, level), _exact(events + 1, level)
    return find_root(above, low, next_low), find_root(below, _exact(events - 1, level)[1], high)


def _odds(counts: tuple[int, int], method: str, level: float) -> tuple[float, float]:
    """Give the bounds of the odds that an event belongs to the first group."""
    total = sum(counts)
    if total == 0:
        return 0.0, math.inf
    low, high = binomial_bounds(counts[0], total, method=method, level=level)
    other_low, other_high = binomial_bounds(counts[1], total, method=method, level=level)
    return _quotient(low, other_high), _quotient(high, other_low)


def _quotient(top: float, bottom: float) -> float:
    """Give a quotient of two numbers of at least 0, infinite over 0 and NaN for 0 over 0."""
    if bottom == 0:
        return math.inf if top else math.nan
    return top / bottom


def _same_rate(counts: tuple[int, int], times: tuple[float, float], method: str) -> float:
    """Give twice the smaller tail of the binomial split when both rates are equal, at most 1."""
    (first, second), total = counts, sum(counts)
    if total == 0:
        return 1.0
    share, other = times[0] / sum(times), times[1] / sum(times)
    at_least = float(special.betainc(first, second + 1, share)) if first else 1.0
    at_most = float(special.betainc(second, first + 1, other)) if second else 1.0
    if method == "mid-p":
        # P(X = x) = P(X >= x) + P(X <= x) - 1, counted half in each tail.
        half = (at_least + at_most - 1) / 2
        at_least, at_most = at_least - half, at_most - half
    return min(1.0, 2 * min(at_least, at_most))


def _ratio_notes(counts: tuple[int, int]) -> tuple[str, ...]:
    """Give the sentence for groups without events."""
    if sum(counts) == 0:
        return ("No event in either group: the ratio cannot be estimated and every ratio is possible.",)
    if counts[1] == 0:
        return ("No event in the second group: the ratio has no upper limit.",)
    if counts[0] == 0:
        return (
            "No event in the first group: the ratio is 0 here, its upper bound says how large it may be.",
        )
    return ()
