"""Sizes of trials that compare means or hazards: t tests by the noncentral t, log-rank by events."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from ranvier.errors import InputError
from ranvier.stats._design_inputs import (
    LARGEST_SIZE,
    as_error,
    as_number,
    as_sides,
    refuse_enormous,
    round_up,
)
from ranvier.stats._inputs import find_root
from ranvier.stats.sample_sizes import SampleSize

__all__ = ["size_events", "size_means", "size_pairs"]

SMALL_DIFFERENCE = "the difference is too small beside sd"
FEWEST = 0.1
"""Degrees of freedom from which a size that is not rounded is searched; below, quantiles of t overflow."""
SCORES = (
    "The power is that of measurements with a normal distribution. EDSS steps, counts and other scores need "
    "`size_changes` or a simulation."
)
EVENTS = (
    "The events, not the patients, carry the power; the number is that of large samples. How many "
    "patients and how "
    "long a follow-up give so many events, and the power with few of them, needs a simulation."
)


def size_means(
    difference: float,
    sd: float,
    *,
    ratio: float = 1.0,
    alpha: float = 0.05,
    beta: float = 0.2,
    sided: int = 2,
) -> SampleSize:
    r"""Give the patients needed to compare the means of two arms by a t test.

    Parameters
    ----------
    difference : float
        Difference of the means to be found, not 0, in the units of `sd`.
    sd : float
        Standard deviation in both arms, above 0.
    ratio : float
        Patients of the first arm for each of the second, above 0.
    alpha : float
        Chance of success without a difference; below 0.5.
    beta : float
        Chance of no success in the right direction; below 0.5.
    sided : {1, 2}
        Sides of the test.

    Returns
    -------
    SampleSize
        Patients in each arm; `with_looks` gives the size with several looks.

    Raises
    ------
    InputError
        When a number is not allowed, or an arm would need more than a million patients.

    Notes
    -----
    With :math:`\lambda = |\delta| / (\sigma \sqrt{1/n_1 + 1/n_2})` the power is
    :math:`P(T'_{n_1 + n_2 - 2}(\lambda) > t_{1 - \alpha/s})`, T' noncentral and s the sides: exact, and
    success in the wrong direction does not count. The smallest whole n of the second arm with the power is
    given, the first arm being rounded up; each arm has at least 2.

    References
    ----------
    Julious SA (2004). Statistics in Medicine 23:1921-1986

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.stats.size_means(1.0, 1.0).text()
    '17 + 17 = 34 patients'
    """
    delta, spread = _difference(difference), as_number("sd", sd, low=0)
    shares = as_number("ratio", ratio, low=0)
    errors = _errors(alpha, beta, sided)

    def power(n: float) -> float:
        first = shares * n
        return _t_power(first + n - 2, abs(delta) / spread / math.sqrt(1 / first + 1 / n), errors)

    def other(n: int) -> int:
        return max(2, round_up(shares * n))

    def whole(n: int) -> float:
        first = other(n)
        return _t_power(first + n - 2, abs(delta) / spread / math.sqrt(1 / first + 1 / n), errors)

    least = (2 + FEWEST) / (1 + shares)
    real = _real_size(power, least, 1 - errors[1])
    n = _whole_size(whole, real, 1 - errors[1])
    refuse_enormous(max(n, other(n)), "patients in an arm", SMALL_DIFFERENCE)
    around = _around(n, math.floor(least) + 1)
    return SampleSize(
        title="Means of two arms by a t test",
        arms=(other(n), n),
        power=whole(n),
        wanted=1 - errors[1],
        alpha=errors[0],
        sided=errors[2],
        exact=True,
        method_text="The power comes from the noncentral t distribution; nothing is approximated.",
        unrounded=real * (1 + shares),
        allocation=(shares / (1 + shares), 1 / (1 + shares)),
        curve=tuple((other(k) + k, whole(k)) for k in around),
        inputs={"difference": delta, "sd": spread, "ratio": shares},
        notes=(SCORES,),
        references=("Julious SA (2004). Statistics in Medicine 23:1921-1986",),
    )


def size_pairs(
    difference: float,
    sd: float,
    *,
    alpha: float = 0.05,
    beta: float = 0.2,
    sided: int = 2,
) -> SampleSize:
    r"""Give the patients needed to find a mean change, or a mean away from a fixed value, by a t test.

    Parameters
    ----------
    difference : float
        Mean change to be found, not 0, in the units of `sd`.
    sd : float
        Standard deviation of the changes (not of the values), above 0.
    alpha : float
        Chance of success without a change; below 0.5.
    beta : float
        Chance of no success in the right direction; below 0.5.
    sided : {1, 2}
        Sides of the test.

    Returns
    -------
    SampleSize
        Patients; `with_looks` gives the size with several looks.

    Raises
    ------
    InputError
        When a number is not allowed, or an arm would need more than a million patients.

    Notes
    -----
    As `size_means`, with :math:`\lambda = \sqrt{n} |\delta| / \sigma` and n - 1 degrees of freedom.

    References
    ----------
    Julious SA (2004). Statistics in Medicine 23:1921-1986

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.stats.size_pairs(-0.5, 0.8).text()
    '23 patients'
    """
    delta, spread = _difference(difference), as_number("sd", sd, low=0)
    errors = _errors(alpha, beta, sided)

    def power(n: float) -> float:
        return _t_power(n - 1, abs(delta) / spread * math.sqrt(n), errors)

    real = _real_size(power, 1 + FEWEST, 1 - errors[1])
    n = _whole_size(power, real, 1 - errors[1])
    return SampleSize(
        title="Mean change of one group by a t test",
        arms=(n,),
        power=power(n),
        wanted=1 - errors[1],
        alpha=errors[0],
        sided=errors[2],
        exact=True,
        method_text="The power comes from the noncentral t distribution; nothing is approximated.",
        unrounded=real,
        curve=tuple((k, power(k)) for k in _around(n, 2)),
        inputs={"mean change": delta, "sd of the change": spread},
        notes=(SCORES, "A change within patients is what happened, not what a treatment did."),
        references=("Julious SA (2004). Statistics in Medicine 23:1921-1986",),
    )


def size_events(
    hazard_ratio: float,
    *,
    ratio: float = 1.0,
    alpha: float = 0.05,
    beta: float = 0.2,
    sided: int = 2,
) -> SampleSize:
    r"""Give the events needed to compare the times to an event of two arms by a log-rank test.

    Parameters
    ----------
    hazard_ratio : float
        Hazard of the first arm over that of the second, above 0 and not 1.
    ratio : float
        Patients of the first arm for each of the second, above 0.
    alpha : float
        Chance of success without a difference; below 0.5.
    beta : float
        Chance of no success in the right direction; below 0.5.
    sided : {1, 2}
        Sides of the test.

    Returns
    -------
    SampleSize
        Events of both arms together; `with_looks` gives those of several looks. The power is that of large
        samples.

    Raises
    ------
    InputError
        When a number is not allowed, or more than a million events would be needed.

    Notes
    -----
    :math:`(z_{1 - \alpha/s} + z_{1 - \beta})^2 (1 + r)^2 / (r \log^2 \theta)` events, r being the ratio of
    the arms and :math:`\theta` the hazard ratio (Schoenfeld).

    References
    ----------
    Schoenfeld D (1981). Biometrika 68:316-319

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.stats.size_events(0.5).text()
    '66 events'
    """
    theta, shares = as_number("hazard_ratio", hazard_ratio, low=0), as_number("ratio", ratio, low=0)
    if theta == 1:
        raise InputError("hazard_ratio is 1; there is no difference to find.")
    errors = _errors(alpha, beta, sided)
    quantile = -float(special.ndtri(errors[0] / errors[2]))
    unit = abs(math.log(theta)) * math.sqrt(shares) / (1 + shares)
    real = ((quantile - float(special.ndtri(errors[1]))) / unit) ** 2
    refuse_enormous(real, "events", "hazard_ratio is too close to 1")
    n = round_up(real)

    def power(events: float) -> float:
        return float(special.ndtr(math.sqrt(events) * unit - quantile))

    return SampleSize(
        title="Times to an event of two arms by a log-rank test",
        arms=(n,),
        power=power(n),
        wanted=1 - errors[1],
        alpha=errors[0],
        sided=errors[2],
        exact=False,
        method_text="The number of events is Schoenfeld's.",
        unrounded=real,
        unit="events",
        curve=tuple((k, power(k)) for k in _around(n, 2)),
        inputs={"hazard ratio": theta, "ratio": shares},
        notes=(EVENTS,),
        references=("Schoenfeld D (1981). Biometrika 68:316-319",),
    )


def _difference(value: Any) -> float:
    found = as_number("difference", value, low=-math.inf)
    if found == 0:
        raise InputError("difference is 0; there is nothing to find.")
    return found


def _errors(alpha: Any, beta: Any, sided: Any) -> tuple[float, float, int]:
    """Give alpha, beta and the sides, checked."""
    return as_error("alpha", alpha), as_error("beta", beta), as_sides(sided)


def _t_power(freedom: float, shift: float, errors: tuple[float, float, int]) -> float:
    """Give the chance that a t statistic lies beyond its bound on the right side."""
    bound = -float(special.stdtrit(freedom, errors[0] / errors[2]))
    return 1 - float(special.nctdtr(freedom, shift, bound))


def _real_size(power: Callable[[float], float], least: float, wanted: float) -> float:
    """Give the size, not rounded, with just the power."""
    low, high = least, 2 * least + 1
    while power(high) < wanted:
        if high >= LARGEST_SIZE:
            refuse_enormous(math.inf, "patients in an arm", SMALL_DIFFERENCE)
        low, high = high, min(2 * high, LARGEST_SIZE)
    return low if power(low) >= wanted else find_root(lambda n: power(n) - wanted, low, high)


def _whole_size(power: Callable[[int], float], real: float, wanted: float) -> int:
    """Give the smallest whole size with the power, which only rises with it.

    It may lie far below the size not rounded, since the other arm is rounded up, and hardly above it.
    """
    high = max(2, math.floor(real) - 2)
    while power(high) < wanted:
        high += 1
    low = 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= wanted else (middle, high)
    return high


def _around(n: int, least: int) -> list[int]:
    """Give up to sixty sizes from the least to twice the one chosen."""
    sizes = np.unique(np.linspace(max(2, least), max(2 * n, least + 10), 60).astype(int))
    return [int(size) for size in sizes]
