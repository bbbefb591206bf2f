"""Conditional power: the chance of success from a look on, under assumed differences."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, number
from ranvier.stats._design_inputs import as_number
from ranvier.stats._inputs import as_count, as_level
from ranvier.stats._sequential_normal import Paths
from ranvier.stats.sequential_design import SequentialDesign

__all__ = ["conditional_power"]

FORECAST = "Conditional power is a forecast from an assumed difference, not evidence for one."
"""What must be said beside every conditional power."""
LARGE = (
    "The statistics are taken as normal, as in large samples; in small arms simulate the rest of the trial."
)


def conditional_power(
    z: float, *, design: SequentialDesign, look: int = 1, level: float = 0.95, quantity: str = ""
) -> Fit:
    r"""Give the chance of success from here on, under three assumed differences.

    Parameters
    ----------
    z : float
        Standardised statistic at the look, positive in the direction planned.
    design : SequentialDesign
        The design, with at least one look to come.
    look : int
        Look just taken, from 1.
    level : float
        Confidence level of the difference seen, which gives the interval of the second number.
    quantity : str
        What the trial compares; empty for none.

    Returns
    -------
    Fit
        Three estimates: under the difference planned for, the difference seen so far (with the interval that
        the interval of the difference gives) and no difference.

    Raises
    ------
    InputError
        When `z` is not finite, or `look` is not one before the last.

    Notes
    -----
    With the sum :math:`b = z \sqrt{t}` at information t, later sums are a Brownian motion from b with drift
    :math:`\theta`; the chance to cross a later bound of success is integrated. The difference seen is
    :math:`\hat\theta = z / \sqrt{t}` with the standard error :math:`1 / \sqrt{t}`.

    References
    ----------
    Lan KKG, Wittes J (1988). Biometrics 44:579-585
    Jennison C, Turnbull BW (2000). Group Sequential Methods, chapter 10. Chapman and Hall

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.stats.conditional_power(1.2, design=rv.stats.group_sequential(2))
    >>> [round(each.value, 3) for each in found.estimates]
    [0.656, 0.35, 0.057]
    """
    seen = as_number("z", z, low=-math.inf)
    place, confidence = as_count("look", look), as_level(level)
    if not 1 <= place < len(design.fractions):
        raise InputError(
            f"look is {place}; conditional power belongs to a look from 1 to {len(design.fractions) - 1}, "
            "one before the last."
        )
    t = design.fractions[place - 1]
    half = -float(special.ndtri((1 - confidence) / 2)) / math.sqrt(t)
    trend = seen / math.sqrt(t)
    subject = f" of {quantity}" if quantity else ""
    cases = [
        ("the difference planned for", design.drift, None),
        ("the difference seen so far", trend, half),
        ("no difference", 0.0, None),
    ]
    estimates = []
    for name, drift, width in cases:
        ends = (math.nan, math.nan) if width is None else (trend - width, trend + width)
        low, high = (end if math.isnan(end) else _onward(design, place, seen, end) for end in ends)
        estimates.append(
            Estimate(
                quantity=f"conditional power{subject} under {name}",
                value=_onward(design, place, seen, drift),
                low=low,
                high=high,
                level=confidence,
                method="conditional-power",
                method_text="Chance to cross a later bound of success, integrated from look to look.",
                n=place,
                unit="share",
                inputs={"z": seen, "look": place, "information": t},
                references=("Lan KKG, Wittes J (1988). Biometrics 44:579-585",),
            )
        )
    return Fit(
        title="Conditional power",
        estimates=tuple(estimates),
        method_text=f"After look {place} with a standardised statistic of {number(seen)}.",
        notes=(FORECAST, LARGE),
    )


def _onward(design: SequentialDesign, place: int, z: float, drift: float) -> float:
    """Give the chance of success at the looks to come, without bounds for futility, which do not bind."""
    t = design.fractions[place - 1]
    paths, found = Paths(np.array([z * math.sqrt(t)]), np.ones(1), t, drift), 0.0
    for ahead, bound in zip(design.fractions[place:], design.upper[place:], strict=True):
        found += paths.above(bound, ahead)
        paths = paths.on(-bound if design.sided == 2 else -math.inf, bound, ahead)
    return min(1.0, found)
