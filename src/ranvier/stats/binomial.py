"""A share with its interval: Clopper-Pearson, Wilson, mid-P and Blaker."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, LeftOut, percent
from ranvier.stats._inputs import as_count, as_level, find_root

__all__ = ["binomial_bounds", "proportion", "zero_event_bound"]

_AT_LEAST = "it holds the true share at least as often as stated"
_METHODS = {
    "clopper-pearson": f"Share with its exact (Clopper-Pearson) interval; {_AT_LEAST}.",
    "wilson": "Share with its Wilson score interval, which covers as often as stated only on average.",
    "mid-p": "Share with its mid-P interval, shorter than the exact one; it may cover slightly less often.",
    "blaker": f"Share with its exact (Blaker) interval, inside the Clopper-Pearson interval; {_AT_LEAST}.",
}
_SOURCES = {
    "clopper-pearson": "Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404",
    "wilson": "Wilson EB (1927). doi:10.1080/01621459.1927.10502953",
    "mid-p": "Berry G, Armitage P (1995). The Statistician 44:417-423",
    "blaker": "Blaker H (2000). doi:10.2307/3315916",
}


def proportion(
    events: int,
    n: int,
    *,
    method: str = "clopper-pearson",
    level: float = 0.95,
    quantity: str = "proportion",
    left_out: tuple[LeftOut, ...] = (),
) -> Estimate:
    r"""Give a share with its interval.

    Parameters
    ----------
    events : int
        How many had the event, from 0 to `n`.
    n : int
        How many were looked at, at least 1.
    method : {"clopper-pearson", "wilson", "mid-p", "blaker"}
        How the interval is made. Clopper-Pearson and Blaker are exact: they hold the true share at
        least as often as `level` says, whatever it is. Mid-P and Wilson hold it about as often.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the share is, such as "share of patients improved".
    left_out : tuple of LeftOut
        Who was left out and why; printed with the number.

    Returns
    -------
    Estimate
        Value and bounds as shares between 0 and 1.

    Raises
    ------
    InputError
        When a count is not whole or negative, `n` is 0, `events` exceeds `n`, or `method` or `level`
        is not allowed.

    Notes
    -----
    With :math:`X \sim \mathrm{Bin}(n, \pi)` and :math:`\alpha = 1 - \mathrm{level}`:

    - Clopper-Pearson: the lower bound solves :math:`P(X \ge x) = \alpha/2`, the upper
      :math:`P(X \le x) = \alpha/2`; 0 and 1 at :math:`x = 0` and :math:`x = n`.
    - mid-P: the same with :math:`P(X = x)` counted half.
    - Wilson: the :math:`\pi` with :math:`|x - n\pi| = z\sqrt{n\pi(1-\pi)}`, without continuity correction.
    - Blaker: the smallest interval that holds every :math:`\pi` with
      :math:`P(\gamma(X) \le \gamma(x)) > \alpha`, where :math:`\gamma(k) = \min\{P(X \le k), P(X \ge k)\}`.
      That probability jumps and is not monotone in :math:`\pi`; the bound is found piece by piece between
      the jumps, each piece being U-shaped, so none is stepped over.

    The patients are taken as independent and as having one common chance.

    References
    ----------
    Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404
    Wilson EB (1927). doi:10.1080/01621459.1927.10502953
    Berry G, Armitage P (1995). The Statistician 44:417-423
    Blaker H (2000). doi:10.2307/3315916
    Klaschka J, Reiczigel J (2021). doi:10.1007/s00180-020-00986-0

    Examples
    --------
    >>> import ranvier as rv
    >>> print(rv.stats.proportion(2, 10).text())
    20.0 % (95 % interval 2.5 % to 55.6 %)
    >>> rv.stats.proportion(0, 15).notes
    ('0 of 15: the true share could be up to 21.8 %.',)
    """
    count, size = as_count("events", events), as_count("n", n)
    require_choice("method", method, _METHODS)
    confidence = as_level(level)
    if size == 0:
        raise InputError("n is 0; a share needs at least one patient. Report that nobody was looked at.")
    if count > size:
        raise InputError(f"events is {count}, more than n = {size}; events must be from 0 to n.")
    low, high = binomial_bounds(count, size, method=method, level=confidence)
    return Estimate(
        quantity=quantity,
        value=count / size,
        low=low,
        high=high,
        level=confidence,
        method=method,
        method_text=_METHODS[method],
        n=size,
        unit="share",
        inputs={"events": count, "n": size},
        left_out=tuple(left_out),
        notes=_edge_notes(count, size, low, high),
        references=(_SOURCES[method],),
    )


def zero_event_bound(
    n: int,
    *,
    level: float = 0.95,
    sided: str = "two",
    quantity: str = "share with an event",
    left_out: tuple[LeftOut, ...] = (),
) -> Estimate:
    r"""Give the largest share that no event in n patients still allows.

    Parameters
    ----------
    n : int
        How many were looked at, at least 1; none of them had the event.
    level : float
        Confidence level.
    sided : {"two", "one"}
        "two" gives the upper end of the two-sided exact interval, the same as `proportion`; "one" gives
        the one-sided bound behind the rule of three (3 / n), which is lower.
    quantity : str
        What the share is.
    left_out : tuple of LeftOut
        Who was left out and why.

    Returns
    -------
    Estimate
        Value 0, low 0 and the bound as `high`.

    Raises
    ------
    InputError
        When `n` is not a whole number of at least 1, or `sided` or `level` is not allowed.

    Notes
    -----
    :math:`1 - a^{1/n}` with :math:`a = 1 - \mathrm{level}` one-sided and half of that two-sided: at a
    larger share, no event in n would happen with a chance below a.

    References
    ----------
    Hanley JA, Lippman-Hand A (1983). doi:10.1001/jama.1983.03330370053031

    Examples
    --------
    >>> import ranvier as rv
    >>> print(rv.stats.zero_event_bound(10).text())
    0.0 % (95 % interval 0.0 % to 30.8 %)
    >>> round(rv.stats.zero_event_bound(10, sided="one").high, 3)
    0.259
    """
    size, confidence = as_count("n", n), as_level(level)
    require_choice("sided", sided, ["two", "one"])
    if size == 0:
        raise InputError("n is 0; a bound needs at least one patient. Report that nobody was looked at.")
    tail = (1 - confidence) / (2 if sided == "two" else 1)
    high = float(-np.expm1(np.log(tail) / size))
    return Estimate(
        quantity=quantity,
        value=0.0,
        low=0.0,
        high=high,
        level=confidence,
        method=f"exact-{sided}-sided",
        method_text=f"Exact {sided}-sided upper bound for no event.",
        n=size,
        unit="share",
        inputs={"events": 0, "n": size, "sided": sided},
        left_out=tuple(left_out),
        notes=_edge_notes(0, size, 0.0, high),
        references=("Hanley JA, Lippman-Hand A (1983). doi:10.1001/jama.1983.03330370053031",),
    )


def binomial_bounds(events: int, n: int, *, method: str, level: float) -> tuple[float, float]:
    """Give both bounds of a share from checked counts.

    Parameters
    ----------
    events, n : int
        Counts with 0 <= events <= n and n at least 1.
    method : str
        One of the methods of `proportion`.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper bound.
    """
    alpha = 1 - level
    if method == "wilson":
        return _wilson(events, n, alpha)
    if method == "clopper-pearson":
        return _clopper_pearson(events, n, alpha)
    lower = _mid_p_low if method == "mid-p" else _blaker_low
    # The upper bound of the events is 1 minus the lower bound of the non-events.
    low = lower(events, n, alpha) if events else 0.0
    high = 1 - lower(n - events, n, alpha) if events < n else 1.0
    return low, high


def _edge_notes(events: int, n: int, low: float, high: float) -> tuple[str, ...]:
    """Give the sentence that none or all must not be read as never or always."""
    if events == 0:
        return (f"0 of {n}: the true share could be up to {percent(high)}.",)
    if events == n:
        return (f"{n} of {n}: the true share could be as low as {percent(low)}.",)
    return ()


def _at_least(events: int, n: int, share: float) -> float:
    """Give P(X >= events), for events from 1 to n."""
    return float(special.betainc(events, n - events + 1, share))


def _at_most(events: int, n: int, share: float) -> float:
    """Give P(X <= events), for events from -1 to n - 1."""
    return float(special.betaincc(events + 1, n - events, share)) if events >= 0 else 0.0


def _clopper_pearson_low(events: int, n: int, alpha: float) -> float:
    """Give the share at which P(X >= events) is alpha / 2."""
    return float(special.betaincinv(events, n - events + 1, alpha / 2))


def _clopper_pearson(events: int, n: int, alpha: float) -> tuple[float, float]:
    """Give both bounds, the upper one without subtracting from 1."""
    low = _clopper_pearson_low(events, n, alpha) if events else 0.0
    if events == 0:
        return low, float(-np.expm1(np.log(alpha / 2) / n))
    high = float(special.betainccinv(events + 1, n - events, alpha / 2)) if events < n else 1.0
    return low, high


def _mid_p_low(events: int, n: int, alpha: float) -> float:
    """Give the share at which P(X > events) + P(X = events) / 2 is alpha / 2."""
    if events == n:
        return float(np.exp(np.log(alpha) / n))

    def excess(share: float) -> float:
        return _at_least(events, n, share) + _at_least(events + 1, n, share) - alpha

    # At the first point the half-counted tail is at most alpha / 2, at the second at least alpha / 2.
    return find_root(
        excess, _clopper_pearson_low(events, n, alpha), _clopper_pearson_low(events + 1, n, alpha)
    )


def _blaker_low(events: int, n: int, alpha: float) -> float:
    """Give the smallest share that Blaker's test does not reject.

    Below the point where P(X >= events) is one half, acceptability is P(X >= events) + P(X <= other), where
    `other` is the largest count whose lower tail does not exceed the upper tail. `other` grows with the
    share and acceptability jumps up where it does. Between jumps it is 1 - P(other < X < events), which
    falls and then rises, so a piece that starts rejected has at most one crossing.
    """
    share = _clopper_pearson_low(events, n, alpha)  # acceptability is at most alpha below this point
    other = _largest_other(events, n, share)
    while True:
        if _at_least(events, n, share) + _at_most(other, n, share) > alpha:
            return share
        jump = _jump(events, n, other + 1, share)
        if _at_least(events, n, jump) + _at_most(other, n, jump) > alpha:
            return find_root(_piece(events, n, other, alpha), share, jump)
        share, other = jump, other + 1


def _piece(events: int, n: int, other: int, alpha: float) -> Callable[[float], float]:
    """Give acceptability minus alpha on the piece between two jumps."""
    return lambda share: _at_least(events, n, share) + _at_most(other, n, share) - alpha


def _largest_other(events: int, n: int, share: float) -> int:
    """Give the largest count whose lower tail does not exceed the upper tail of the events; -1 when none."""
    counts = np.arange(events)
    lower_tails = special.betaincc(counts + 1, n - counts, share)
    return int(np.searchsorted(lower_tails, _at_least(events, n, share), side="right")) - 1


def _jump(events: int, n: int, other: int, start: float) -> float:
    """Give the share at which P(X <= other) has fallen to P(X >= events)."""

    def difference(share: float) -> float:
        return _at_most(other, n, share) - _at_least(events, n, share)

    return find_root(difference, start, 1.0) if difference(start) > 0 else start


def _wilson(events: int, n: int, alpha: float) -> tuple[float, float]:
    """Give the roots of the score equation, the lower one in the form that does not cancel."""
    z_square = float(special.ndtri(alpha / 2)) ** 2
    centre = 2 * events + z_square
    spread = float(np.sqrt(z_square * (z_square + 4 * events * (n - events) / n)))
    high = (centre + spread) / (2 * (n + z_square)) if events < n else 1.0
    return 2 * events**2 / (n * (centre + spread)), high
