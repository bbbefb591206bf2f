"""Named prior distributions of a share and of a rate, each with its source."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import special

from ranvier.errors import DefinitionError, InputError, require_choice
from ranvier.stats._inputs import find_root

__all__ = ["RATE_PRIORS", "SHARE_PRIORS", "RatePrior", "SharePrior", "sceptical_rate", "sceptical_share"]

_SCEPTICAL = "Spiegelhalter DJ, Freedman LS, Parmar MKB (1994). doi:10.2307/2983527"
LARGEST_LOG = 25.0
"""Log weight of a sceptical prior up to which it is searched; exp(25) patients leave no doubt."""
STEP = 0.25
"""Step of that search on the log scale, within which the tail crosses its chance once."""


@dataclass(frozen=True, kw_only=True)
class SharePrior:
    """A beta distribution of a share before the data.

    Parameters
    ----------
    name : str
        Its name.
    yes, no : float
        The two parameters, each above 0: as many patients with and without the event as it is worth.
    source : str
        Where it comes from.

    Raises
    ------
    DefinitionError
        When a parameter is not finite and above 0.

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.stats.SharePrior(name="pilot", yes=2, no=8, source="pilot trial").yes
    2
    """

    name: str
    yes: float
    no: float
    source: str

    def __post_init__(self) -> None:
        for word, value in (("yes", self.yes), ("no", self.no)):
            if not (math.isfinite(value) and value > 0):
                raise DefinitionError(
                    f"{word} is {value!r}; a prior of a share needs finite numbers above 0."
                )

    def to_dict(self) -> dict[str, str | float]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return {"name": self.name, "yes": self.yes, "no": self.no, "source": self.source}


@dataclass(frozen=True, kw_only=True)
class RatePrior:
    """A gamma distribution of a rate before the data.

    Parameters
    ----------
    name : str
        Its name.
    events : float
        Its shape, above 0: as many events as it is worth.
    years : float
        Its inverse scale, at least 0: as many person-years as it is worth; 0 makes it improper.
    source : str
        Where it comes from.

    Raises
    ------
    DefinitionError
        When a parameter is not finite, `events` is not above 0, or `years` is below 0.

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.stats.RatePrior(name="registry", events=40, years=100, source="registry").years
    100
    """

    name: str
    events: float
    years: float
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.events) and self.events > 0):
            raise DefinitionError(
                f"events is {self.events!r}; a prior of a rate needs a finite number above 0."
            )
        if not (math.isfinite(self.years) and self.years >= 0):
            raise DefinitionError(
                f"years is {self.years!r}; a prior of a rate needs a finite number of at least 0."
            )

    def to_dict(self) -> dict[str, str | float]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return {"name": self.name, "events": self.events, "years": self.years, "source": self.source}


SHARE_PRIORS = {
    prior.name: prior
    for prior in (
        SharePrior(name="jeffreys", yes=0.5, no=0.5, source="Jeffreys H (1946). doi:10.1098/rspa.1946.0056"),
        SharePrior(name="uniform", yes=1.0, no=1.0, source="Bayes T (1763). doi:10.1098/rstl.1763.0053"),
        SharePrior(name="neutral", yes=1 / 3, no=1 / 3, source="Kerman J (2011). doi:10.1214/11-EJS648"),
    )
}
"""Priors of a share by name: Jeffreys Beta(1/2, 1/2), uniform Beta(1, 1), neutral Beta(1/3, 1/3)."""

RATE_PRIORS = {
    prior.name: prior
    for prior in (
        RatePrior(
            name="jeffreys", events=0.5, years=0.0, source="Jeffreys H (1946). doi:10.1098/rspa.1946.0056"
        ),
        RatePrior(name="uniform", events=1.0, years=0.0, source="flat over all rates of at least 0"),
        RatePrior(name="neutral", events=1 / 3, years=0.0, source="Kerman J (2011). doi:10.1214/11-EJS648"),
    )
}
"""Priors of a rate by name, as if from so many events in no time: Jeffreys 1/2, uniform 1, neutral 1/3."""


def sceptical_share(
    expected: float, doubtful: float, *, direction: str = "above", chance: float = 0.05
) -> SharePrior:
    r"""Give a prior that expects a known share and doubts one that would show a benefit.

    Parameters
    ----------
    expected : float
        The share without the treatment, between 0 and 1; the mean of the prior.
    doubtful : float
        The share that the treatment is hoped to reach, between 0 and 1.
    direction : {"above", "below"}
        Whether the hope lies above or below what is expected.
    chance : float
        Prior chance of a share as hoped for or better, below one half.

    Returns
    -------
    SharePrior
        Beta distribution with that mean and that tail.

    Raises
    ------
    InputError
        When a share is not between 0 and 1, `doubtful` is not on the stated side, or no such prior exists.

    Notes
    -----
    The weight :math:`m` solves :math:`P(\pi \ge d) = \mathrm{chance}` for
    :math:`\pi \sim \mathrm{Beta}(m e, m (1 - e))`.

    References
    ----------
    Spiegelhalter DJ, Freedman LS, Parmar MKB (1994). doi:10.2307/2983527

    Examples
    --------
    >>> import ranvier as rv
    >>> prior = rv.stats.sceptical_share(0.2, 0.4)
    >>> round(prior.yes, 2), round(prior.no, 2)
    (2.6, 10.38)
    """
    for name, share in (("expected", expected), ("doubtful", doubtful)):
        if not 0 < share < 1:
            raise InputError(f"{name} is {share!r}; it must lie between 0 and 1, both excluded.")
    above = _checked_side(expected, doubtful, direction, chance)

    def tail(log_weight: float) -> float:
        yes, no = math.exp(log_weight) * expected, math.exp(log_weight) * (1 - expected)
        beyond = special.betaincc(yes, no, doubtful) if above else special.betainc(yes, no, doubtful)
        return float(beyond) - chance

    weight = _weight(tail, chance)
    return SharePrior(name="sceptical", yes=weight * expected, no=weight * (1 - expected), source=_SCEPTICAL)


def sceptical_rate(
    expected: float, doubtful: float, *, direction: str = "below", chance: float = 0.05
) -> RatePrior:
    r"""Give a prior that expects a known rate and doubts one that would show a benefit.

    Parameters
    ----------
    expected : float
        Events per year without the treatment, above 0; the mean of the prior.
    doubtful : float
        The rate that the treatment is hoped to reach, above 0.
    direction : {"below", "above"}
        Whether the hope lies below or above what is expected.
    chance : float
        Prior chance of a rate as hoped for or better, below one half.

    Returns
    -------
    RatePrior
        Gamma distribution with that mean and that tail.

    Raises
    ------
    InputError
        When a rate is not finite and above 0, `doubtful` is not on the stated side, or no such prior exists.

    References
    ----------
    Spiegelhalter DJ, Freedman LS, Parmar MKB (1994). doi:10.2307/2983527

    Examples
    --------
    >>> import ranvier as rv
    >>> prior = rv.stats.sceptical_rate(0.6, 0.3)
    >>> round(prior.events, 2), round(prior.years, 2)
    (8.09, 13.49)
    """
    for name, rate in (("expected", expected), ("doubtful", doubtful)):
        if not (math.isfinite(rate) and rate > 0):
            raise InputError(f"{name} is {rate!r}; it must be finite and above 0 per year.")
    above = _checked_side(expected, doubtful, direction, chance)

    def tail(log_weight: float) -> float:
        shape = math.exp(log_weight)
        place = shape * doubtful / expected
        beyond = special.gammaincc(shape, place) if above else special.gammainc(shape, place)
        return float(beyond) - chance

    shape = _weight(tail, chance)
    return RatePrior(name="sceptical", events=shape, years=shape / expected, source=_SCEPTICAL)


def _checked_side(expected: float, doubtful: float, direction: str, chance: float) -> bool:
    """Tell whether the hope lies above, and refuse one on the other side."""
    require_choice("direction", direction, ("above", "below"))
    if not 0 < chance < 0.5:
        raise InputError(f"chance is {chance!r}; it must lie between 0 and 0.5, both excluded.")
    if (doubtful > expected) != (direction == "above") or doubtful == expected:
        raise InputError(
            f"doubtful is {doubtful!r}, not {direction} expected = {expected!r}; swap them or the direction."
        )
    return direction == "above"


def _weight(tail: Callable[[float], float], chance: float) -> float:
    """Give the largest weight at which the tail has the chance asked for.

    A heavy prior lies at its mean; a weightless one at the ends, where the tail may fall again. So the search
    comes from the heavy side.
    """
    log_weight = LARGEST_LOG
    while log_weight > -LARGEST_LOG:
        log_weight -= STEP
        if tail(log_weight) >= 0:
            return math.exp(find_root(tail, log_weight, log_weight + STEP))
    raise InputError(
        f"no prior with this mean has a chance of {chance:g} beyond doubtful; lower chance, or move doubtful "
        "nearer to expected."
    )
