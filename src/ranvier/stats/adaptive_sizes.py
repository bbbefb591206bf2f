"""A second stage made larger when the first is promising, alpha kept by a combination test."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import special

from ranvier.errors import InputError
from ranvier.result import json_ready, number, percent
from ranvier.stats._design_inputs import as_number
from ranvier.stats.conditional_powers import FORECAST
from ranvier.stats.sequential_design import SequentialDesign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["PromisingZone", "promising_zone"]

SOURCES = (
    "Mehta CR, Pocock SJ (2011). Statistics in Medicine 30:3267-3284",
    "Lehmacher W, Wassmer G (1999). Biometrics 55:1286-1290",
)
LARGE = (
    "The statistics of both stages are taken as normal, as in large samples; in small arms turn exact "
    "one-sided p values into them and simulate the plan."
)
POINTS = 400
"""Points of the integration over the first stage, panel by panel between the ends of the zones."""


@dataclass(frozen=True, kw_only=True)
class PromisingZone:
    """A plan of two stages whose second grows when the first is promising.

    Parameters
    ----------
    design : SequentialDesign
        The plan without growth: two looks, one side.
    floor, target : float
        The second stage grows when the conditional power under the difference seen lies between both, to
        `target`.
    most : float
        Largest size of the whole trial, as a multiple of the one planned.
    """

    design: SequentialDesign
    floor: float
    target: float
    most: float

    @property
    def weights(self) -> tuple[float, float]:
        """Give the weights of the two stages, fixed by the plan: the roots of their shares of information."""
        t = self.design.fractions[0]
        return math.sqrt(t), math.sqrt(1 - t)

    @property
    def _largest(self) -> float:
        t = self.design.fractions[0]
        return (self.most - t) / (1 - t)

    @property
    def ends(self) -> tuple[float, float]:
        """Give the statistics of the first stage between which the second stage grows.

        Beyond the bounds of the first look there is no second stage, and none grows below 0.
        """
        bottom, top = max(0.0, self.design.lower[0]), self.design.upper[0]
        low, high = (min(max(self._promise(share), bottom), top) for share in (self.floor, self.target))
        return low, high

    def _promise(self, power: float) -> float:
        """Give the first statistic with this conditional power at the planned size: it is linear in it."""
        one, two = self.weights
        slope = one / two + two / one
        return float((special.ndtri(power) + self.design.upper[1] / two) / slope)

    def growth(self, z: float) -> float:
        """Give the size of the second stage after a first statistic, as a multiple of the one planned.

        Parameters
        ----------
        z : float
            Standardised statistic of the first stage.

        Returns
        -------
        float
            1 outside the promising zone, more within, never more than `most` allows.

        Raises
        ------
        InputError
            When `z` is not finite.
        """
        first = as_number("z", z, low=-math.inf)
        return float(self._growth(np.array([first]))[0])

    def _growth(self, z: np.ndarray) -> np.ndarray:
        one, two = self.weights
        low, high = self.ends
        inside = (z >= low) & (z < high) & (z > 0)
        safe = np.where(inside, z, 1.0)
        needed = ((self.design.upper[1] - one * safe) / two + special.ndtri(self.target)) ** 2
        wanted = needed / (safe / one * two) ** 2
        return np.where(inside, np.clip(wanted, 1.0, self._largest), 1.0)

    def combine(self, first: float, second: float) -> float:
        r"""Give the combined statistic of both stages.

        Parameters
        ----------
        first, second : float
            Standardised statistics of the patients of the first and of the second stage alone.

        Returns
        -------
        float
            :math:`w_1 z_1 + w_2 z_2` with the weights of the plan; success when it reaches the last bound.

        Raises
        ------
        InputError
            When a statistic is not finite.
        """
        one, two = self.weights
        return one * as_number("first", first, low=-math.inf) + two * as_number(
            "second", second, low=-math.inf
        )

    def characteristics(self, multiples: Sequence[float] | None = None) -> pl.DataFrame:
        """Give power and size at multiples of the difference planned for, with and without growth.

        Parameters
        ----------
        multiples : sequence of float, optional
            True differences as multiples of the one planned for; 0, 0.5, 0.75, 1 and 1.25 when None.

        Returns
        -------
        polars.DataFrame
            Columns multiple, success, success_without (chances of success with and without growth), grows
            (chance that the second stage grows), expected_size and expected_size_without (multiples of the
            planned size).

        Raises
        ------
        InputError
            When a multiple is not finite.
        """
        chosen = (0.0, 0.5, 0.75, 1.0, 1.25) if multiples is None else [float(value) for value in multiples]
        return pl.DataFrame([self._row(multiple) for multiple in chosen])

    def _row(self, multiple: float) -> dict[str, float]:
        if not math.isfinite(multiple):
            raise InputError(
                f"multiples holds {multiple!r}; give finite multiples of the difference planned for."
            )
        one, _two = self.weights
        mean = multiple * self.design.drift * one
        bottom, top = self.design.lower[0], self.design.upper[0]
        # The rule has corners, so that each piece between them is integrated by itself.
        corners = [*self.ends, 0.0, self._corner(), bottom, top, mean - 9, mean + 9]
        inside = sorted({min(max(x, mean - 9, bottom), mean + 9, top) for x in corners})
        nodes, share = np.polynomial.legendre.leggauss(POINTS // 4)
        z, weight = [], []
        for low, high in itertools.pairwise(inside):
            z.append((low + high) / 2 + (high - low) / 2 * nodes)
            weight.append((high - low) / 2 * share)
        first = np.concatenate(z) if z else np.zeros(0)
        chance = (np.concatenate(weight) if z else np.zeros(0)) * np.exp(-((first - mean) ** 2) / 2)
        chance /= math.sqrt(2 * math.pi)
        factor = self._growth(first)
        early = float(special.ndtr(mean - top))
        grown, plain = (
            early + float(chance @ special.ndtr(self._after(first, size, multiple * self.design.drift)))
            for size in (factor, np.ones_like(factor))
        )
        t, on = self.design.fractions[0], float(chance.sum())
        return {
            "multiple": multiple,
            "success": grown,
            "success_without": plain,
            "grows": float(chance @ (factor > 1)),
            "expected_size": t + (1 - t) * float(chance @ factor),
            "expected_size_without": t + (1 - t) * on,
        }

    def _after(self, first: np.ndarray, factor: np.ndarray, drift: np.ndarray | float) -> np.ndarray:
        """Give the normal deviate of the chance of success after a first statistic."""
        one, two = self.weights
        found: np.ndarray = (one * first - self.design.upper[1]) / two + drift * two * np.sqrt(factor)
        return found

    def _corner(self) -> float:
        """Give the first statistic from which the growth is no longer held down by `most`."""
        low, high = self.ends
        one, two = self.weights
        slope = one / two + two / one * math.sqrt(self._largest)
        corner = (float(special.ndtri(self.target)) + self.design.upper[1] / two) / slope
        return min(max(corner, low), high)

    def table(self) -> pl.DataFrame:
        """Give the rule at first statistics across the promising zone.

        Returns
        -------
        polars.DataFrame
            Columns z, conditional_power (at the planned size, under the difference seen), growth (of the
            second stage) and conditional_power_after.
        """
        low, high = self.ends
        z = np.linspace(low, high, 9)
        # at the upper end the rule has just ended; the table has what it gives up to there
        factor, drift = self._growth(np.minimum(z, np.nextafter(high, low))), z / self.weights[0]
        now, after = (
            np.array(
                [float(special.ndtr(self._after(np.array([a]), np.array([f]), d))[0]) for a, f, d in each]
            )
            for each in (
                zip(z, np.ones(9), drift, strict=True),
                zip(z, factor, drift, strict=True),
            )
        )
        return pl.DataFrame(
            {"z": z, "conditional_power": now, "growth": factor, "conditional_power_after": after}
        )

    def paragraph(self) -> str:
        """Give the text for a protocol.

        Returns
        -------
        str
            Sentences with every number of the rule.
        """
        t = self.design.fractions[0]
        low, high = self.ends
        one, two = self.weights
        rows = self.characteristics([0, 1])
        first = self.design.upper[0]
        bound = number(first, digits=3)
        early = "" if math.isinf(first) else f"a first statistic of at least {bound} or "
        return (
            f"After {100 * t:.4g} % of the information the conditional power under the difference seen is "
            f"computed. When it lies between {percent(self.floor)} and {percent(self.target)} and the trial "
            f"goes on (a standardised statistic from {number(low, digits=3)} to {number(high, digits=3)}), "
            f"the second stage is enlarged until it is {percent(self.target)}, the whole trial to at most "
            f"{self.most:g} times the size planned; otherwise it stays as planned. The stages are combined "
            f"with the fixed weights {one:.4f} and {two:.4f} (inverse normal method), so that alpha stays "
            f"{100 * self.design.alpha:g} % whatever the size becomes; success is {early}a combined "
            f"statistic of at least {number(self.design.upper[1], digits=3)}. No patient is randomised anew. "
            f"Under the difference planned for the power is {percent(rows['success'][1])} (without enlarging "
            f"{percent(rows['success_without'][1])}) with {rows['expected_size'][1]:.3f} times the planned "
            "size on average."
        )

    def explain(self) -> str:
        """Say in plain sentences what the rule is and what to bear in mind.

        Returns
        -------
        str
            Sentences.
        """
        return (
            f"{self.paragraph()} {LARGE} {FORECAST} Whoever sees the new size can guess the difference "
            "seen; keep it from those who run the trial."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, the table, the characteristics and the paragraph, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and weights, ends, table, characteristics, paragraph, references.
        """
        ready: dict[str, Any] = json_ready(
            {
                "design": self.design.to_dict(),
                "floor": self.floor,
                "target": self.target,
                "most": self.most,
                "weights": self.weights,
                "ends": self.ends,
                "table": self.table(),
                "characteristics": self.characteristics(),
                "paragraph": self.paragraph(),
                "references": SOURCES,
            }
        )
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the size of the whole trial over the first statistic.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.stats._design_drawing import draw_growth

        t = self.design.fractions[0]
        low, high = self.ends
        z = np.unique(
            np.concatenate([np.linspace(min(low, 0.0) - 0.5, high + 1, 600), [low, self._corner()]])
        )
        return draw_growth(z.tolist(), (t + (1 - t) * self._growth(z)).tolist(), (low, high), ax)

    def _repr_html_(self) -> str:
        return f"<p><strong>Promising zone</strong>: {escape(self.paragraph())}</p>"


def promising_zone(
    design: SequentialDesign, *, floor: float = 0.3, target: float | None = None, most: float = 2.0
) -> PromisingZone:
    r"""Give a rule that enlarges the second stage when the first is promising.

    Parameters
    ----------
    design : SequentialDesign
        A one-sided design with two looks.
    floor : float
        Conditional power under the difference seen below which nothing changes, between 0 and `target`.
    target : float, optional
        Conditional power that the larger second stage aims at; 1 - beta of the design when None.
    most : float
        Largest size of the whole trial as a multiple of the planned one, above 1.

    Returns
    -------
    PromisingZone
        The rule, with its power, alpha and size by integration.

    Raises
    ------
    InputError
        When the design does not have two looks and one side, a number is not allowed, or no first statistic
        at which the trial goes on is promising.

    Notes
    -----
    With the weights :math:`w_1 = \sqrt{t}` and :math:`w_2 = \sqrt{1 - t}` of the plan and z of the second
    stage alone, :math:`w_1 z_1 + w_2 z_2` has the same distribution without a difference however large the
    second stage was made, so that alpha is kept (inverse normal method). The second stage, f times as large,
    has under the difference seen the conditional power
    :math:`\Phi((w_1 z_1 - u_2) / w_2 + z_1 \sqrt{f} \, w_2 / w_1)`, solved for f. The rule looks at the
    statistic only; nobody is randomised anew.

    References
    ----------
    Mehta CR, Pocock SJ (2011). Statistics in Medicine 30:3267-3284
    Lehmacher W, Wassmer G (1999). Biometrics 55:1286-1290
    Cui L, Hung HMJ, Wang SJ (1999). Biometrics 55:853-857

    Examples
    --------
    >>> import ranvier as rv
    >>> rule = rv.stats.promising_zone(rv.stats.group_sequential(2))
    >>> round(rule.growth(1.4), 3), rule.growth(0.2), rule.growth(2.5)
    (2.527, 1.0, 1.0)
    >>> round(rule.characteristics([0])["success"].item(), 6)
    0.025
    """
    if not isinstance(design, SequentialDesign) or len(design.fractions) != 2 or design.sided != 1:
        raise InputError(
            "design is not a one-sided group-sequential design with two looks; make one with "
            "group_sequential(2)."
        )
    aim = as_number("target", 1 - design.beta if target is None else target, low=0, high=1)
    least = as_number("floor", floor, low=0, high=1)
    if least >= aim:
        raise InputError(f"floor is {least:g}; it must lie below the target {aim:g}.")
    rule = PromisingZone(design=design, floor=least, target=aim, most=as_number("most", most, low=1))
    low, high = rule.ends
    if low >= high:
        raise InputError(
            f"no first statistic from {max(0.0, design.lower[0]):.3g}, at which the trial goes on, to "
            f"{design.upper[0]:.3g}, which is a success, has a conditional power between floor {least:g} and "
            f"target {aim:g}, so that nothing would grow; let the first look come earlier, or choose another "
            "floor or target."
        )
    return rule
