"""Yes or no in the same patients twice: McNemar's test with its conditional odds ratio."""

from __future__ import annotations

import math

from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, LeftOut, plural
from ranvier.stats._inputs import as_count, as_level
from ranvier.stats.binomial import binomial_bounds

__all__ = ["mcnemar"]

_METHODS = {
    "exact": "the exact (Clopper-Pearson) interval and binomial test",
    "mid-p": "the mid-P interval and test, which may cover slightly less often than stated",
}
_SHARES = {"exact": "clopper-pearson", "mid-p": "mid-p"}
_SOURCES = {
    "exact": ("McNemar Q (1947). doi:10.1007/BF02295996",),
    "mid-p": (
        "McNemar Q (1947). doi:10.1007/BF02295996",
        "Fagerland MW, Lydersen S, Laake P (2013). doi:10.1186/1471-2288-13-91",
    ),
}


def mcnemar(
    gained: int,
    lost: int,
    *,
    unchanged: int = 0,
    method: str = "exact",
    level: float = 0.95,
    quantity: str = "odds of a gain over a loss",
    left_out: tuple[LeftOut, ...] = (),
) -> Estimate:
    r"""Give the odds ratio of two yes-or-no values of the same patients, with interval and p value.

    Parameters
    ----------
    gained : int
        Pairs with no first and yes then.
    lost : int
        Pairs with yes first and no then.
    unchanged : int
        Pairs with the same answer twice; they do not enter the odds ratio and are reported.
    method : {"exact", "mid-p"}
        How interval and p value are made. "exact" holds the true odds ratio at least as often as `level`
        says.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the odds ratio is about.
    left_out : tuple of LeftOut
        Who was left out and why; printed with the number.

    Returns
    -------
    Estimate
        Gained over lost; NaN between 0 and infinity when nobody changed, infinite when nobody lost. `n` is
        the number of all pairs.

    Raises
    ------
    InputError
        When a count is not a whole number of at least 0, there is no pair at all, or `method` or `level` is
        not allowed.

    Notes
    -----
    Given :math:`m` pairs that changed, the gains are binomial with share :math:`\pi = \psi / (1 + \psi)`
    for odds ratio ψ. The bounds are those of π, turned into odds; the p value is twice the smaller tail at
    one half, at most 1, so that it agrees with the interval. The binomial is symmetric there, so adding
    up by likelihood gives the same.

    A change within patients is what happened, not what a treatment did.

    References
    ----------
    McNemar Q (1947). doi:10.1007/BF02295996
    Fagerland MW, Lydersen S, Laake P (2013). doi:10.1186/1471-2288-13-91

    Examples
    --------
    >>> import ranvier as rv
    >>> free = rv.stats.mcnemar(9, 2, unchanged=14, quantity="odds of becoming relapse-free")
    >>> print(free.text(), round(free.p_value, 4))
    4.50 (95 % interval 0.93 to 42.80) 0.0654
    """
    up, down, same = as_count("gained", gained), as_count("lost", lost), as_count("unchanged", unchanged)
    require_choice("method", method, _METHODS)
    confidence = as_level(level)
    if not up + down + same:
        raise InputError("gained, lost and unchanged are all 0; at least one pair is needed.")
    low, high = _odds(up, down, _SHARES[method], confidence)
    return Estimate(
        quantity=quantity,
        value=_quotient(up, down),
        low=low,
        high=high,
        level=confidence,
        method=method,
        method_text="Pairs that changed from no to yes over those that changed from yes to no, "
        f"with {_METHODS[method]} "
        "given the number of pairs that changed (McNemar); p is twice the smaller tail.",
        n=up + down + same,
        p_value=_same_chance(up, down, method),
        null="a gain is as likely as a loss",
        inputs={"gained": up, "lost": down, "unchanged": same},
        left_out=tuple(left_out),
        notes=_notes(up, down, same),
        references=_SOURCES[method],
    )


def _odds(up: int, down: int, method: str, level: float) -> tuple[float, float]:
    """Give the bounds of the odds that a change is a gain, neither by subtracting a share from 1."""
    if not up + down:
        return 0.0, math.inf
    low, high = binomial_bounds(up, up + down, method=method, level=level)
    other_low, other_high = binomial_bounds(down, up + down, method=method, level=level)
    return _quotient(low, other_high), _quotient(high, other_low)


def _quotient(top: float, bottom: float) -> float:
    """Give a quotient of numbers of at least 0, infinite over 0 and NaN for 0 over 0."""
    if bottom == 0:
        return math.inf if top else math.nan
    return top / bottom


def _same_chance(up: int, down: int, method: str) -> float:
    """Give twice the smaller tail at one half, at most 1."""
    fewer, total = min(up, down), up + down
    tail = float(special.bdtr(fewer, total, 0.5))
    if method == "mid-p":
        tail -= (tail - (float(special.bdtr(fewer - 1, total, 0.5)) if fewer else 0.0)) / 2
    return min(1.0, 2 * tail)


def _notes(up: int, down: int, same: int) -> tuple[str, ...]:
    """Give the sentences on pairs without change."""
    if not up + down:
        return (f"None of {plural(same, 'pair')} changed: every odds ratio is possible.",)
    if not down:
        return ("Nobody changed from yes to no: the odds ratio has no upper limit.",)
    if not up:
        return ("Nobody changed from no to yes: the upper bound says how large the odds ratio may be.",)
    return ()
