"""A group-sequential design: bounds, nominal levels, chances to stop and expected sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import special

from ranvier.errors import InputError
from ranvier.result import json_ready, number, percent
from ranvier.stats._sequential_normal import crossings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SequentialDesign"]

NAMES = {
    "obrien-fleming-spending": "O'Brien-Fleming-type spending of alpha (Lan and DeMets)",
    "pocock-spending": "Pocock-type spending of alpha (Lan and DeMets)",
    "obrien-fleming": "O'Brien and Fleming's bounds",
    "pocock": "Pocock's bounds",
    "wang-tsiatis": "Wang and Tsiatis' bounds",
}
SOURCES = {
    "obrien-fleming-spending": "Lan KKG, DeMets DL (1983). Biometrika 70:659-663",
    "pocock-spending": "Lan KKG, DeMets DL (1983). Biometrika 70:659-663",
    "obrien-fleming": "O'Brien PC, Fleming TR (1979). Biometrics 35:549-556",
    "pocock": "Pocock SJ (1977). Biometrika 64:191-199",
    "wang-tsiatis": "Wang SK, Tsiatis AA (1987). Biometrics 43:193-199",
}
LARGE = (
    "The bounds are those of a normal statistic, as large samples have it. In small arms compare the "
    "nominal levels "
    "with p values of exact tests, and simulate the plan; for a count in one arm use `exact_sequential`."
)
NOT_BINDING = "Alpha is kept even if the trial goes on in spite of a bound for futility."


@dataclass(frozen=True, kw_only=True)
class SequentialDesign:
    """A plan with several looks at a standardised statistic.

    Parameters
    ----------
    boundary : str
        One of `BOUNDARIES`.
    alpha, beta : float
        Chance of success without a difference, and of no success under the difference planned for.
    sided : {1, 2}
        Sides that count.
    futility : str
        How beta is spent; "none" without bounds for futility.
    delta : float or None
        Shape of Wang and Tsiatis' bounds.
    fractions : tuple of float
        Information at each look as a share of all.
    upper, lower : tuple of float
        Standardised bounds; infinite where a look cannot stop. With one side a statistic below `lower` ends
        the trial without success; with two it is success in the other direction.
    drift : float
        Mean of the standardised statistic at the last look under the difference planned for.
    """

    boundary: str
    alpha: float
    beta: float
    sided: int
    futility: str
    delta: float | None
    fractions: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    drift: float

    @property
    def levels(self) -> tuple[float, ...]:
        """Give the nominal level at each look: a p value of as many sides is compared with it."""
        return tuple((self.sided * special.ndtr(-np.asarray(self.upper))).tolist())

    @property
    def inflation(self) -> float:
        """Give the largest size as a multiple of that of a trial with one look."""
        fixed = special.ndtri(self.alpha / self.sided) + special.ndtri(self.beta)
        return float((self.drift / fixed) ** 2)

    @cached_property
    def _planned(self) -> tuple[Any, Any]:
        return crossings(self.fractions, self.lower, self.upper, self.drift)

    def characteristics(self, multiples: Sequence[float] | None = None) -> pl.DataFrame:
        """Give how the trial ends, and its average size, at multiples of the difference planned for.

        Parameters
        ----------
        multiples : sequence of float, optional
            True differences as multiples of the one planned for; 0, 0.5, 1 and 1.5 when None.

        Returns
        -------
        polars.DataFrame
            Columns multiple, success (chance of success at any look, in the direction planned), early_success
            (the same before the last look), reverse (chance of a two-sided success in the other direction),
            early_futility, and expected_size (average size as a multiple of that of a trial with one look).

        Raises
        ------
        InputError
            When a multiple is not finite.

        Notes
        -----
        The trial is taken to keep to every bound, those for futility too.
        """
        rows = []
        for multiple in (0.0, 0.5, 1.0, 1.5) if multiples is None else [float(value) for value in multiples]:
            if not math.isfinite(multiple):
                raise InputError(
                    f"multiples holds {multiple!r}; give finite multiples of the difference planned for."
                )
            below, above = crossings(self.fractions, self.lower, self.upper, multiple * self.drift)
            ends = (above + below)[:-1]
            size = 1 - float(ends @ (1 - np.asarray(self.fractions[:-1])))
            rows.append(
                {
                    "multiple": multiple,
                    "success": float(above.sum()),
                    "early_success": float(above[:-1].sum()),
                    "reverse": float(below.sum()) if self.sided == 2 else 0.0,
                    "early_futility": 0.0 if self.sided == 2 else float(below[:-1].sum()),
                    "expected_size": self.inflation * size,
                }
            )
        return pl.DataFrame(rows)

    def table(self) -> pl.DataFrame:
        """Give the bounds, one row for each look.

        Returns
        -------
        polars.DataFrame
            Columns look, information (share of all), success_above (standardised bound), level (nominal, of
            as many sides as the design has), futility_below (null where none), alpha_spent (by this look),
            stops (chance to end at this look under the difference planned for).
        """
        ends = [-math.inf] * len(self.upper) if self.sided == 1 else self.lower
        below, above = crossings(self.fractions, ends, self.upper, 0.0)
        spent = np.cumsum(above + below if self.sided == 2 else above)
        stops = self._planned[0] + self._planned[1]
        stops[-1] = 1 - stops[:-1].sum()
        inner = [None if self.sided == 2 or math.isinf(bound) else bound for bound in self.lower]
        return pl.DataFrame(
            {
                "look": range(1, len(self.upper) + 1),
                "information": self.fractions,
                "success_above": self.upper,
                "level": self.levels,
                "futility_below": inner if self.futility != "none" else [None] * len(self.upper),
                "alpha_spent": spent,
                "stops": stops,
            },
            schema_overrides={"look": pl.Int64, "futility_below": pl.Float64},
        )

    def paragraph(self) -> str:
        """Give the text for a protocol.

        Returns
        -------
        str
            Sentences with every bound.
        """
        side = "one-sided" if self.sided == 1 else "two-sided"
        count = len(self.fractions)
        named = NAMES[self.boundary] + (f" with delta {self.delta:g}" if self.delta is not None else "")
        at = ", ".join(f"{100 * t:.4g} %" for t in self.fractions)
        said = [
            f"The trial is analysed {count} times, with {at} of the information, by {named}, {side} alpha "
            f"{100 * self.alpha:g} % over all looks."
            if count > 1
            else f"The trial is analysed once, with {side} alpha {100 * self.alpha:g} %."
        ]
        said.append(self._success_text())
        if self.futility != "none" and count > 1:
            inner = ["none" if math.isinf(bound) else number(bound, digits=3) for bound in self.lower[:-1]]
            said.append(
                f"The trial may end without success when it lies below {', '.join(inner)} "
                f"({self.futility}-type "
                f"spending of beta). {NOT_BINDING}"
            )
        rows = self.characteristics([0, 1])
        said.append(
            f"The power is {percent(rows['success'][1])}. The largest size is {self.inflation:.4f} "
            "times that of a "
            f"trial with one look; on average it is {rows['expected_size'][1]:.4f} times that under the "
            "difference "
            f"planned for and {rows['expected_size'][0]:.4f} times without one."
        )
        return " ".join(said)

    def _success_text(self) -> str:
        """Say which statistics are a success, and at which looks there is none."""
        never = [look for look, bound in enumerate(self.upper, start=1) if math.isinf(bound)]
        bounds = [
            f"{number(bound, digits=3)} (p ≤ {level:.4g}){f' at look {look}' if never else ''}"
            for look, (bound, level) in enumerate(zip(self.upper, self.levels, strict=True), start=1)
            if look not in never
        ]
        size = "an absolute value" if self.sided == 2 else "a value"
        said = f"Success is {size} of the standardised statistic of at least {', '.join(bounds)}."
        if never:
            looks = f"look{'s' * (len(never) > 1)} {', '.join(map(str, never))}"
            said += f" There is no success possible at {looks}."
        return said

    def explain(self) -> str:
        """Say in plain sentences what the design is, how it was found and what to bear in mind.

        Returns
        -------
        str
            Sentences.
        """
        return f"{self.paragraph()} Chances are integrated from look to look. {LARGE}"

    def to_dict(self) -> dict[str, Any]:
        """Give every field, the table, the characteristics and the paragraph, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and levels, inflation, table, characteristics, paragraph, reference.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        more = {
            "levels": self.levels,
            "inflation": self.inflation,
            "table": self.table(),
            "characteristics": self.characteristics(),
            "paragraph": self.paragraph(),
            "reference": SOURCES[self.boundary],
        }
        ready: dict[str, Any] = json_ready({**fields, **more})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the bounds over the information.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.stats._design_drawing import draw_bounds

        inner = self.lower[:-1] if self.sided == 1 else ()
        return draw_bounds(self.fractions, self.upper, inner, ax, mirrored=self.sided == 2)

    def _repr_html_(self) -> str:
        return f"<p><strong>Group-sequential design</strong>: {escape(self.paragraph())}</p>"
