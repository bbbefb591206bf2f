"""A sample size: patients (or events) in each arm, the power that they give, and how it was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from ranvier.result import json_ready, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SampleSize"]


@dataclass(frozen=True, kw_only=True)
class SampleSize:
    """How many patients a trial needs.

    Parameters
    ----------
    title : str
        What is compared, by which test.
    arms : tuple of int
        Patients (or events, as `unit` says) in each arm; one number for one arm or for events in all.
    power : float
        Chance of success, in the direction planned, with these numbers; NaN when only a simulation can tell.
    wanted : float
        Power asked for.
    alpha : float
        Chance of error that the test is used with.
    sided : {1, 2}
        Sides of the test.
    exact : bool
        Whether the power is that of the test itself; if not it is that of large samples.
    method_text : str
        How the numbers were found, in sentences.
    unrounded : float
        Size of the whole trial before rounding up; equal to the sum of the arms where counts were searched.
    unit : str
        "patients" or "events".
    looks : tuple of int
        Size of the whole trial at each look; empty for one look.
    curve : tuple of tuple
        Sizes of the whole trial and the power of each, for the picture.
    inputs : mapping
        What was assumed, by name.
    notes : tuple of str
        Sentences that a reader must not miss.
    references : tuple of str
        Sources of the method.
    """

    title: str
    arms: tuple[int, ...]
    power: float
    wanted: float
    alpha: float
    sided: int
    exact: bool
    method_text: str
    unrounded: float
    unit: str = "patients"
    looks: tuple[int, ...] = ()
    curve: tuple[tuple[int, float], ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Give the size of the whole trial."""
        return sum(self.arms)

    def text(self) -> str:
        """Give the size in one phrase.

        Returns
        -------
        str
            Such as "22 + 22 = 44 patients".
        """
        if len(self.arms) == 1:
            return f"{self.n} {self.unit}"
        return f"{' + '.join(map(str, self.arms))} = {self.n} {self.unit}"

    def paragraph(self) -> str:
        """Give the text for a protocol.

        Returns
        -------
        str
            Sentences with the assumptions, the size and the power.
        """
        side = "one-sided" if self.sided == 1 else "two-sided"
        given = ", ".join(f"{name} {_plain(value)}" for name, value in self.inputs.items())
        parts = [f"{self.title}: {self.text()}, {side} alpha {100 * self.alpha:g} %. Assumed: {given}."]
        if math.isnan(self.power):
            parts.append(f"The power asked for is {percent(self.wanted)}; simulate the plan to confirm it.")
        else:
            kind = "exact" if self.exact else "large-sample"
            parts.append(f"The {kind} power is {percent(self.power)}.")
        if self.looks:
            parts.append(f"Looks are taken at {', '.join(map(str, self.looks))} {self.unit}.")
        return " ".join(parts)

    def explain(self) -> str:
        """Say in plain sentences what is needed, how it was found and what to bear in mind.

        Returns
        -------
        str
            Sentences.
        """
        return " ".join([self.paragraph(), self.method_text, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give every field, the whole size and the paragraph, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and n, text, paragraph.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        more = {"n": self.n, "text": self.text(), "paragraph": self.paragraph()}
        ready: dict[str, Any] = json_ready({**fields, **more})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the power of sizes around the chosen one.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.stats._design_drawing import draw_power

        chosen = None if math.isnan(self.power) else (self.n, self.power)
        axes = draw_power(self.curve, chosen, self.wanted, ax)
        axes.set_xlabel(f"{self.unit} in the whole trial")
        axes.set_ylabel("power, %" if self.exact else "power in large samples, %")
        return axes

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.text())}</strong>: {escape(self.paragraph())}</p>"


def _plain(value: Any) -> str:
    """Write an assumption for a sentence."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
