"""How much of a chance of error is spent by which share of the information."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.stats._inputs import as_count

__all__ = ["SPENDING", "as_fractions", "spent"]

SPENDING = ("obrien-fleming", "pocock")
"""Spending functions of Lan and DeMets, after the boundary that each comes close to."""
MOST_LOOKS = 50
"""Looks up to which boundaries are made."""


def spent(kind: str, error: float, fractions: Sequence[float]) -> NDArray[np.float64]:
    r"""Give the one-sided chance of error spent by each fraction of the information.

    O'Brien-Fleming type: :math:`2 - 2 \Phi(z_{e/2} / \sqrt{t})`; Pocock type:
    :math:`e \log(1 + (\mathrm{e} - 1) t)`.
    """
    t = np.asarray(fractions, dtype=np.float64)
    if kind == "pocock":
        found: NDArray[np.float64] = error * np.log1p((math.e - 1) * t)
    else:
        found = 2 * special.ndtr(special.ndtri(error / 2) / np.sqrt(t))
    found[t == 1] = error
    return found


def as_fractions(looks: Any) -> tuple[float, ...]:
    """Give the fractions of the information at the looks; a whole number stands for equal steps."""
    if np.ndim(looks) == 0:
        count = as_count("looks", looks)
        if not 1 <= count <= MOST_LOOKS:
            raise InputError(f"looks is {count}; give from 1 to {MOST_LOOKS}, the last one at the end.")
        return tuple(place / count for place in range(1, count + 1))
    try:
        given = [float(value) for value in looks]
    except (TypeError, ValueError):
        given = []
    rising = all(low < high for low, high in zip([0.0, *given], given, strict=False))
    if not given or not rising or given[-1] != 1 or len(given) > MOST_LOOKS:
        raise InputError(
            f"looks is {looks!r}; give how many, or the rising fractions of the information at each, "
            "the last one 1."
        )
    return tuple(given)
