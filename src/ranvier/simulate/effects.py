"""What a treatment is taken to do in a simulated arm, from the first dose on or period by period."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ranvier.errors import InputError

__all__ = ["NO_EFFECT", "Effect", "Period", "as_periods"]

SHIFTS = {
    "edss_shift": (10.0, "EDSS", "points"),
    "acuity_shift_logmar": (3.3, "acuity", "logMAR"),
    "p100_shift_ms": (250.0, "P100", "ms"),
}
"""Shifts: the length of the scale in the table of visits, what is shifted, and its unit."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a treatment does from day 0 on; 1 and 0 mean nothing.

    Parameters
    ----------
    relapse_ratio : float
        Ratio of the relapse rate to that without the treatment.
    progression_ratio : float
        Ratio of the rate of relapse-independent steps.
    lesion_ratio : float
        Ratio of the rate of new T2 lesions.
    edss_shift : float
        EDSS points added at every visit after day 0; below 0 is an improvement.
    acuity_shift_logmar : float
        LogMAR added to each eye at every visit after day 0; below 0 is an improvement.
    p100_shift_ms : float
        Milliseconds added to the P100 latency of each eye at every visit after day 0; below 0 is faster.

    Raises
    ------
    InputError
        When a ratio is below 0 or not finite, or a shift is larger than its scale.

    Examples
    --------
    >>> Effect(relapse_ratio=0.5).text()
    'relapse rate times 0.5'
    >>> NO_EFFECT.text()
    'no effect'
    """

    relapse_ratio: float = 1.0
    progression_ratio: float = 1.0
    lesion_ratio: float = 1.0
    edss_shift: float = 0.0
    acuity_shift_logmar: float = 0.0
    p100_shift_ms: float = 0.0

    def __post_init__(self) -> None:
        for name in ("relapse_ratio", "progression_ratio", "lesion_ratio"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise InputError(f"{name} is {value!r}; a ratio of rates must be finite and 0 or more.")
        for name, (most, _, unit) in SHIFTS.items():
            value = getattr(self, name)
            if not -most <= value <= most:
                raise InputError(
                    f"{name} is {value!r}, larger than the scale; it must be from {-most:g} to {most:g} "
                    f"{unit}."
                )

    def text(self) -> str:
        """Say the effect in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        ratios = {
            "relapse rate": self.relapse_ratio,
            "progression": self.progression_ratio,
            "new lesions": self.lesion_ratio,
        }
        parts = [f"{name} times {ratio:g}" for name, ratio in ratios.items() if ratio != 1]
        parts += [
            f"{what} {getattr(self, name):+g} {unit}"
            for name, (_, what, unit) in SHIFTS.items()
            if getattr(self, name)
        ]
        return ", ".join(parts) or "no effect"

    def after(self, earlier: Effect, share: float) -> Effect:
        """Give this effect together with a share of an earlier one: ratios multiply, shifts add up.

        Parameters
        ----------
        earlier : Effect
            What was there before.
        share : float
            Part of it that is left, 0 to 1; of a ratio r that is r to this power.

        Returns
        -------
        Effect
            Both together.

        Examples
        --------
        >>> NO_EFFECT.after(Effect(relapse_ratio=0.25, edss_shift=-1.0), 0.5).text()
        'relapse rate times 0.5, EDSS -0.5 points'
        """
        joined = {
            field.name: getattr(self, field.name) + share * getattr(earlier, field.name)
            if field.name in SHIFTS
            else getattr(self, field.name) * getattr(earlier, field.name) ** share
            for field in dataclasses.fields(self)
        }
        return Effect(**joined)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


NO_EFFECT = Effect()
"""A treatment that does nothing."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of time in an arm, such as one half of a crossover.

    Parameters
    ----------
    from_day : int
        Day on which it begins, with a dose on that day; the first period of an arm begins on day 0. Visits
        count to the period in which they lie; one on the day itself still belongs to the period before.
    effect : Effect
        What the dose does.
    carry_over : float
        Part of the effects of earlier periods that still acts, 0 to 1. 1: the treatment stays, as cells do,
        which cannot be washed out; 0: it is washed out.
    placebo : bool
        Whether the dose is a placebo.

    Raises
    ------
    InputError
        When the day is no whole number of at least 0, carry_over is not 0 to 1, or a placebo has an effect.

    Examples
    --------
    >>> cells = Period(from_day=0, effect=Effect(lesion_ratio=0.5))
    >>> Period(from_day=168, placebo=True).text()
    'placebo from day 168, with 100 % of the effects before it'
    """

    from_day: int
    effect: Effect = NO_EFFECT
    carry_over: float = 1.0
    placebo: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.from_day, bool) or not isinstance(self.from_day, int) or self.from_day < 0:
            raise InputError(f"from_day is {self.from_day!r}; it must be a whole day, 0 or later.")
        if not 0 <= self.carry_over <= 1:
            raise InputError(
                f"carry_over is {self.carry_over!r}; it must be from 0 (washed out) to 1 (stays)."
            )
        if self.placebo and self.effect != NO_EFFECT:
            raise InputError(f"a placebo with an effect ({self.effect.text()}); give one or the other.")

    def text(self) -> str:
        """Say the period in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        given = "placebo" if self.placebo else self.effect.text()
        before = f", with {100 * self.carry_over:g} % of the effects before it" if self.from_day else ""
        return f"{given} from day {self.from_day}{before}"

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


def as_periods(arm: str, given: Effect | Sequence[Period]) -> tuple[Period, ...]:
    """Give the periods of an arm, one from day 0 on for a single effect.

    Parameters
    ----------
    arm : str
        Id of the arm, for messages.
    given : Effect or sequence of Period
        What was given for it.

    Returns
    -------
    tuple of Period
        In order of day.

    Raises
    ------
    InputError
        When there is none, something else was given, the first does not begin on day 0, or days do not rise.
    """
    periods = (Period(from_day=0, effect=given),) if isinstance(given, Effect) else tuple(given)
    wrong = [each for each in periods if not isinstance(each, Period)]
    if wrong or not periods:
        raise InputError(f"the effect of arm {arm!r} is {given!r}; give an Effect, or one Period or more.")
    days = [each.from_day for each in periods]
    if days[0] != 0 or any(first >= second for first, second in pairwise(days)):
        raise InputError(
            f"the periods of arm {arm!r} begin on days {days}; they must begin on day 0 and rise."
        )
    return periods
