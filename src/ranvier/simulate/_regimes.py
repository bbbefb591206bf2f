"""The effect in force on each day of an arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulate._attacks import Attacks, Floats, draw_attacks
from ranvier.simulate.effects import NO_EFFECT, Effect, Period
from ranvier.simulate.phenotypes import Phenotype

__all__ = ["UNTREATED", "Regime", "attacks_under", "regime_of"]


@dataclass(frozen=True, kw_only=True)
class Regime:
    """Effects, each in force from its day on to that of the next."""

    starts: tuple[float, ...]
    effects: tuple[Effect, ...]

    def spans(self, horizon: float) -> list[tuple[float, float, Effect]]:
        """Give first day, end and effect of each stretch up to the horizon."""
        ends = (*self.starts[1:], horizon)
        return [
            (start, min(end, horizon), effect)
            for start, end, effect in zip(self.starts, ends, self.effects, strict=True)
            if start < horizon
        ]

    def place(self, day: Floats | NDArray[np.float64] | float) -> NDArray[np.intp]:
        """Give the place of the effect on each day, -1 before the first; first days count to that before."""
        return np.searchsorted(np.array(self.starts), np.asarray(day, dtype=np.float64), side="left") - 1

    def values(self, name: str, day: Floats | float) -> Floats | np.float32:
        """Give one number of the effects for visits on some days after day 0."""
        if len(self.effects) == 1:
            return np.float32(getattr(self.effects[0], name))
        each = np.array([getattr(effect, name) for effect in self.effects], dtype=np.float32)
        found: Floats = each[np.maximum(self.place(day), 0)]
        return found


UNTREATED = Regime(starts=(0.0,), effects=(NO_EFFECT,))
"""No effect on any day."""


def regime_of(periods: Sequence[Period]) -> Regime:
    """Join what each period does with what is left of those before it."""
    effects: list[Effect] = []
    for period in periods:
        before = effects[-1] if effects else NO_EFFECT
        effects.append(period.effect.after(before, period.carry_over) if effects else period.effect)
    return Regime(starts=tuple(float(each.from_day) for each in periods), effects=tuple(effects))


def attacks_under(
    rng: np.random.Generator, rates: Floats, regime: Regime, horizon: float, course: Phenotype
) -> Attacks:
    """Draw the attacks of each patient from day 0 to the horizon, in the order of patients."""
    parts = [
        draw_attacks(rng, rates * np.float32(effect.relapse_ratio), (low, high), course)
        for low, high, effect in regime.spans(horizon)
    ]
    if len(parts) == 1:
        return parts[0]
    who = np.concatenate([part.who for part in parts])
    order = np.argsort(who, kind="stable")
    return Attacks(
        who=who[order],
        day=np.concatenate([part.day for part in parts])[order],
        peak=np.concatenate([part.peak for part in parts])[order],
        residual=np.concatenate([part.residual for part in parts])[order],
    )
