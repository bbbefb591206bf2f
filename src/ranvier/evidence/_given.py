"""Effects and variances as users give them, checked, with who was left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.evidence._measures import MEASURES
from ranvier.evidence.effect_sizes import EffectSizes
from ranvier.evidence.pooled_studies import Scale
from ranvier.result import LeftOut, plural

__all__ = ["Given", "as_level", "given_studies"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """The studies that can be used.

    Parameters
    ----------
    names : tuple of str
        Their names.
    y, v, added : ndarray of float64, shape (k,)
        Effects, variances, and what was added to each cell.
    known : ndarray of bool, shape (given,)
        Which of the studies given are used.
    left_out : tuple of LeftOut
        Who was left out and why.
    measure : str or None
        One of `MEASURE_CODES`, if it is known.
    text : str
        How the effects were made.
    """

    names: tuple[str, ...]
    y: Floats
    v: Floats
    added: Floats
    known: NDArray[np.bool_]
    left_out: tuple[LeftOut, ...]
    measure: str | None
    text: str

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.y)

    def scale(self, quantity: str | None) -> Scale:
        """Give how values are read."""
        if self.measure is None:
            return Scale(quantity=quantity or "effect", unit="", back=None, compares=True, code=None)
        measure = MEASURES[self.measure]
        return Scale(
            quantity=quantity or measure.reads,
            unit=measure.unit,
            back=measure.back,
            compares=measure.compares,
            code=measure.code,
        )

    def only(self, complete: NDArray[np.bool_], reason: str) -> Given:
        """Give the studies that also pass a condition, one value per study given."""
        left = int((self.known & ~complete).sum())
        used = complete[self.known]
        return replace(
            self,
            names=tuple(name for name, use in zip(self.names, used, strict=True) if use),
            y=self.y[used],
            v=self.v[used],
            added=self.added[used],
            known=self.known & complete,
            left_out=(*self.left_out, LeftOut(n=left, reason=reason)),
        )


def given_studies(effect: Any, variance: Any, studies: Sequence[str] | None) -> Given:
    """Give the studies that have an effect and a variance."""
    if isinstance(effect, EffectSizes):
        if variance is not None or studies is not None:
            raise InputError(
                "effect is what effect_size made and holds variances and names; leave both away."
            )
        table = effect.table
        names, y = table["study"].to_list(), _numbers("effect", table["effect"].to_list())
        v, added = _numbers("variance", table["variance"].to_list()), table["added"].to_numpy()
    else:
        if variance is None:
            raise InputError(
                "variance is missing; give the variance of each effect (its standard error squared)."
            )
        y, v = _numbers("effect", effect), _numbers("variance", variance)
        names = [f"study {row}" for row in range(1, len(y) + 1)] if studies is None else list(studies)
        added = np.zeros(len(y))
    _refuse(names, y, v)
    known = np.isfinite(y) & np.isfinite(v)
    if not known.any():
        raise InputError("no study has both an effect and a variance; there is nothing to pool.")
    made = isinstance(effect, EffectSizes)
    missing = LeftOut(n=int((~known).sum()), reason="studies without an effect or its variance")
    return Given(
        names=tuple(name for name, use in zip(names, known, strict=True) if use),
        y=y[known],
        v=v[known],
        added=added[known],
        known=known,
        left_out=effect.left_out if made else (missing,),
        measure=effect.measure if made else None,
        text=effect.method if made else "",
    )


def as_level(level: Any) -> float:
    """Give a confidence level as a float; refuse what is not strictly between 0 and 1."""
    share = float(level) if isinstance(level, float | int) else math.nan
    if not 0 < share < 1:
        raise InputError(f"level is {level!r}; it must lie between 0 and 1, both excluded, 0.95 for 95 %.")
    return share


def _refuse(names: Sequence[str], y: Floats, v: Floats) -> None:
    """Refuse rows of unequal length and variances that are not above 0."""
    if not len(y) == len(v) == len(names):
        raise InputError(
            f"there are {plural(len(y), 'effect')}, {plural(len(v), 'variance')} and "
            f"{plural(len(names), 'name')}; give one of each per study."
        )
    if (v <= 0).any():
        row = int(np.flatnonzero(v <= 0)[0])
        raise InputError(
            f"the variance of study {names[row]!r} is {v[row]:g}; it must be above 0. A study without spread "
            "cannot be weighted: leave it out, or use a measure that gives it a variance."
        )


def _numbers(name: str, given: Any) -> Floats:
    """Give one row of numbers, missing as NaN."""
    raw = np.asarray(given)
    if raw.ndim != 1 or raw.dtype.kind in "USbMm" or any(isinstance(each, str | bool) for each in raw):
        raise InputError(f"{name} must be one row of numbers, None where missing; got {given!r:.80}.")
    try:
        values: Floats = raw.astype(np.float64)
    except (TypeError, ValueError) as problem:
        raise InputError(f"{name} holds something that is not a number: {problem}.") from problem
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise InputError(f"{name}[{row}] is {values[row]}; it must be finite, or None when missing.")
    return values
