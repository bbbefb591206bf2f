"""A sample size: patients (or events) in each arm, the power that they give, and how it was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

from ranvier.errors import InputError
from ranvier.result import json_ready, percent
from ranvier.result.wording import MINUS
from ranvier.stats._design_inputs import round_up
from ranvier.stats.sequential_design import SequentialDesign

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SampleSize"]

LOOKS = (
    "The size of one look is multiplied by the inflation factor of the design, which is that of large "
    "samples; simulate the plan to learn its power in small arms."
)
CLOSE = 1e-9
"""Numbers that differ by less are the same: 1 - 0.8 is not 0.2 in float64."""


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
    allocation : tuple of float
        Share of the whole trial that each arm has.
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
    allocation: tuple[float, ...] = (1.0,)
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

    def with_looks(self, design: SequentialDesign) -> SampleSize:
        """Give the size of the same comparison with several looks.

        Parameters
        ----------
        design : SequentialDesign
            The looks, from `group_sequential`, with the alpha, beta and sides of this size.

        Returns
        -------
        SampleSize
            The size times the inflation factor, with the size at each look. Its power is not known: in large
            samples it is the one asked for.

        Raises
        ------
        InputError
            When `design` is no design, or has another alpha, beta or number of sides, or the size has looks.

        Examples
        --------
        >>> import ranvier as rv
        >>> looks = rv.stats.group_sequential(3, alpha=0.05, sided=2)
        >>> size = rv.stats.size_means(1.0, 1.0).with_looks(looks)
        >>> size.text(), size.looks
        ('17 + 17 = 34 patients', (12, 23, 34))
        """
        if not isinstance(design, SequentialDesign):
            raise InputError(f"design is {design!r}; make one with group_sequential.")
        if self.looks:
            raise InputError("the size has looks already; begin with that of one look.")
        theirs = {"alpha": design.alpha, "beta": design.beta, "sided": design.sided}
        ours = {"alpha": self.alpha, "beta": 1 - self.wanted, "sided": self.sided}
        for name, value in ours.items():
            if abs(value - theirs[name]) > CLOSE:
                raise InputError(
                    f"{name} is {value:g} for the size and {theirs[name]:g} for the design; give both "
                    "the same."
                )
        whole = self.unrounded * design.inflation
        arms = tuple(
            max(one_look, round_up(share * whole))
            for one_look, share in zip(self.arms, self.allocation, strict=True)
        )
        return replace(
            self,
            arms=arms,
            power=math.nan,
            exact=False,
            unrounded=whole,
            looks=tuple(round_up(sum(arms) * t) for t in design.fractions),
            method_text=f"{self.method_text} {LOOKS}",
        )

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
            parts.append(f"The trial is analysed at {', '.join(map(str, self.looks))} {self.unit}.")
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
        kind = " with one look" if self.looks else "" if self.exact else " in large samples"
        axes.set_ylabel(f"power{kind}, %")
        return axes

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.text())}</strong>: {escape(self.paragraph())}</p>"


def _plain(value: Any) -> str:
    """Write an assumption for a sentence."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items())
    if not isinstance(value, float):
        return str(value)
    return f"{MINUS if value < 0 else ''}{abs(value):.6g}"
