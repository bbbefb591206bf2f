"""One number with its interval (`Estimate`), and several with diagnostics (`Fit`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from ranvier.result.wording import json_ready, number, percent, plural, positive_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Estimate", "Fit", "LeftOut"]

LONGEST_INPUT = 40
"""Characters of an input that is still read inside a sentence."""

WHOLE_UNITS = ("mm³", "lesion(s)")
"""Units whose decimals nobody measures."""

WHOLE = 100
"""Size from which the decimals of a number say nothing."""
SMALL = 10
"""Size below which a number beside one of that size keeps digits of its own."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How many were left out of a number, and why.

    Parameters
    ----------
    n : int
        How many (patients, visits or pairs, as the reason says).
    reason : str
        The reason as the end of a sentence, such as "patients without a month 12 visit".
    """

    n: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number with its interval, and all that is needed to explain it.

    Parameters
    ----------
    quantity : str
        What the number is, such as "share of patients improved".
    value, low, high : float
        The number and the bounds of its interval; NaN when not estimable, infinite when unbounded.
    level : float
        Confidence level of the interval, 0.95 for 95 %.
    method : str
        The short fixed name of the method, such as "clopper-pearson".
    method_text : str
        One plain sentence on how number and interval were made.
    n : int
        Units (patients, pairs, person-years rounded down) that entered.
    unit : str
        Unit of value and bounds; "share" is printed in percent.
    p_value : float, optional
        Two-sided p value, when the method is a test.
    null : str, optional
        The hypothesis that the p value refers to.
    inputs : mapping
        The inputs as given, by name.
    left_out : tuple of LeftOut
        Who was left out and why.
    notes : tuple of str
        Sentences that a reader must not miss.
    references : tuple of str
        Sources of the method.
    """

    quantity: str
    value: float
    low: float
    high: float
    level: float
    method: str
    method_text: str
    n: int
    unit: str = ""
    p_value: float | None = None
    null: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    def text(self, *, digits: int | None = None) -> str:
        """Give the number with its interval in one phrase.

        Parameters
        ----------
        digits : int, optional
            Decimals, for units other than a share; when None, two for numbers below 100 and none above. A
            number that is not below 0 keeps digits of its own where only a bound of it is that large.

        Returns
        -------
        str
            Such as "20.0 % (95 % interval 2.5 % to 55.6 %)".
        """
        value, low, high = self._texts(digits)
        if self.unit and self.unit != "share":
            value = f"{value} {self.unit}"
        if math.isinf(self.low) and math.isinf(self.high):
            return f"{value} (no finite {100 * self.level:g} % interval)"
        if math.isnan(self.low) and math.isnan(self.high):
            return f"{value} (no interval)"
        return f"{value} ({100 * self.level:g} % interval {low} to {high})"

    def _texts(self, digits: int | None) -> tuple[str, str, str]:
        """Write value and bounds without their unit."""
        numbers = self.value, self.low, self.high
        if self.unit == "share":
            return percent(self.value), percent(self.low), percent(self.high)
        finite = [abs(bound) for bound in numbers if math.isfinite(bound)]
        large, whole = max(finite, default=0) >= WHOLE, self.unit in WHOLE_UNITS
        if digits is None and large and not whole and min(numbers) >= 0 and min(finite) < SMALL:
            return positive_texts(*numbers)
        places = digits if digits is not None else 0 if whole or large else 2
        value, low, high = (number(each, digits=places) for each in numbers)
        return value, low, high

    def explain(self) -> str:
        """Say in plain sentences what the number is, how it was made and who was left out.

        Returns
        -------
        str
            Sentences.
        """
        parts = [f"{self.quantity[:1].upper()}{self.quantity[1:]}: {self.text()}.", self.method_text]
        if self.p_value is not None:
            parts.append(f"Two-sided p = {self.p_value:.3g} for the hypothesis: {self.null}.")
        texts = {key: _short(value) for key, value in self.inputs.items()}
        given = ", ".join(f"{key} = {text}" for key, text in texts.items() if len(text) <= LONGEST_INPUT)
        parts.append(f"Inputs: {given}." if given else f"n = {self.n}.")
        parts += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        parts += list(self.notes)
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; NaN and infinite values become None.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        ready: dict[str, Any] = json_ready(fields)
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the number as a point with its interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        return Fit(title=self.quantity, estimates=(self,), method_text=self.method_text).plot(ax)

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.quantity)}</strong>: {escape(self.text())}</p>"


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Several estimates that belong together, with diagnostics.

    Parameters
    ----------
    title : str
        What the estimates are about.
    estimates : tuple of Estimate
        The numbers, in order.
    method_text : str
        How they were made, in sentences.
    diagnostics : mapping
        Further values by name.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    title: str
    estimates: tuple[Estimate, ...]
    method_text: str
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def explain(self) -> str:
        """Say in plain sentences how the numbers were made, then each number.

        Returns
        -------
        str
            Sentences, one line each estimate.
        """
        head = f"{self.title}: {plural(len(self.estimates), 'estimate')}. {self.method_text}"
        return "\n".join([head, *(estimate.explain() for estimate in self.estimates), *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each number as a point with its interval, first on top.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 1 + 0.4 * len(self.estimates))).add_subplot()
        for row, estimate in enumerate(self.estimates):
            ax.plot([estimate.low, estimate.high], [row, row], color="C0", linewidth=2)
            ax.plot([estimate.value], [row], marker="o", color="C0")
        ax.set_yticks(range(len(self.estimates)), [estimate.quantity for estimate in self.estimates])
        ax.set_ylim(max(len(self.estimates), 1) - 0.5, -0.5)
        ax.set_title(self.title)
        return ax

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{escape(e.quantity)}: {escape(e.text())}</li>" for e in self.estimates)
        return f"<p><strong>{escape(self.title)}</strong></p><ul>{rows}</ul>"


def _short(value: Any) -> str:
    """Write an input for a sentence: at most six significant digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return " and ".join(_short(part) for part in value)
    return str(value)
