"""Posterior chances of shares with beta priors, for whole columns of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["chance_above", "chance_larger", "next_events"]

Floats = NDArray[np.float64]

_POINTS, _SHARES = np.polynomial.legendre.leggauss(200)
NODES = np.sin((_POINTS + 1) * np.pi / 4) ** 2
WEIGHTS = _SHARES * np.pi / 4 * np.sin((_POINTS + 1) * np.pi / 2)
"""Points between 0 and 1, dense at both ends, where a chance may rise as a root does."""


def chance_above(yes: ArrayLike, no: ArrayLike, share: Any) -> Floats:
    """Give the chance that a share with a beta distribution is above another."""
    found: Floats = special.betaincc(yes, no, share)
    return found


def chance_larger(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], margin: float
) -> Floats:
    r"""Give the chance that the first of two shares is larger than the second by more than a margin.

    :math:`\int_0^1 P(\pi_1 > Q_2(u) + d) \, du` over the quantiles of the second share, so that no density is
    infinite at an end; in part, where that is neither surely true nor impossible.
    """
    yes, no = (np.asarray(part, dtype=np.float64)[..., None] for part in second)
    one, zero = (np.asarray(part, dtype=np.float64)[..., None] for part in first)
    sure = special.betainc(yes, no, min(max(0.0, -margin), 1.0))
    possible = special.betainc(yes, no, min(max(0.0, 1.0 - margin), 1.0))
    place = special.betaincinv(yes, no, sure + (possible - sure) * NODES) + margin
    inside = special.betaincc(one, zero, np.clip(place, 0.0, 1.0))
    found: Floats = sure[..., 0] + (possible - sure)[..., 0] * (inside @ WEIGHTS)
    return found


def next_events(yes: float, no: float, size: int) -> Floats:
    """Give the beta-binomial chances of 0 to `size` events."""
    count = np.arange(size + 1)
    ways = -np.log(size + 1) - special.betaln(size - count + 1, count + 1)
    chances: Floats = np.exp(ways + special.betaln(count + yes, size - count + no) - special.betaln(yes, no))
    return chances
