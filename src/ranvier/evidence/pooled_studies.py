"""What a pool of studies is: the pooled value, the studies with their weights, and a forest plot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.evidence._pooled import Pooled, pool_many
from ranvier.result import Estimate, Fit, LeftOut, json_ready, number, p_text, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Pool", "PooledEstimate", "Scale"]

Floats = NDArray[np.float64]

_SHOWN = ("value", "low", "high", "p_value", "tau2", "i2")

SIGNIFICANT = 2
"""Digits of half the length of an interval that are always shown."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How values of the pooled scale are read.

    Parameters
    ----------
    quantity : str
        What the number is.
    unit : str
        Unit of the number that is read.
    back : callable or None
        From the pooled scale to the one that is read.
    compares : bool
        Whether 0 on the pooled scale means no difference or no change.
    code : str or None
        Code of the measure in metafor, if it is known.
    """

    quantity: str
    unit: str
    back: Callable[[Any], Any] | None = field(repr=False)
    compares: bool
    code: str | None

    def read(self, value: float) -> float:
        """Give a value of the pooled scale as it is read."""
        return value if self.back is None else float(self.back(value))

    @property
    def null(self) -> str:
        """What the p value tests."""
        return f"the true value is {self.read(0.0):g}"

    def notes(self, pooled: Pooled) -> tuple[str, ...]:
        """Give the sentences that this measure needs."""
        found = []
        if self.code == "PFT":
            found.append(
                "Freeman-Tukey values are not turned back into shares, because the way back misleads when "
                "studies differ in size; use 'logit proportion' beside them."
            )
        low, high = float(pooled.low[0]), float(pooled.high[0])
        if (self.code == "PR" and (low < 0 or high > 1)) or (self.code == "IR" and low < 0):
            found.append(
                "The interval passes what is possible, which a raw share or rate cannot prevent; use the "
                "logit or the logarithm."
            )
        if self.code in {"MC", "SMCC", "SMCR", "SMCRH"}:
            found.append("These are changes without a control: they say what happened, not what caused it.")
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class PooledEstimate(Estimate):
    """A pooled number, written with as many decimals as its interval needs.

    Examples
    --------
    >>> import ranvier as rv
    >>> print(rv.evidence.pool([0.00012, 0.0002], [1e-9, 2e-9]).estimates[0].text())
    0.00015 (95 % interval −0.00035 to 0.00066)
    """

    def text(self, *, digits: int | None = None) -> str:
        """Give the number with its interval in one phrase.

        Parameters
        ----------
        digits : int, optional
            Decimals; when None, as many as the length of the interval needs, and two at least below 100.

        Returns
        -------
        str
            Such as "−0.26 (95 % interval −0.57 to 0.05)".
        """
        length = self.high - self.low
        needed = None
        if digits is None and math.isfinite(length) and length > 0:
            needed = SIGNIFICANT - 1 - math.floor(math.log10(length / 2))
        elif digits is None and math.isfinite(self.value) and self.value:
            needed = SIGNIFICANT - math.floor(math.log10(abs(self.value)))
        if needed is not None and needed > SIGNIFICANT:
            digits = needed
        return super().text(digits=digits)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Fit):
    """A pooled value with the studies it was made of.

    Parameters
    ----------
    studies : polars.DataFrame
        study, effect, variance, weight (share of the pooled value), added (what was added to each cell): one
        row per study, on the pooled scale.
    method : str
        How the variance between studies was estimated.
    interval : str
        How the interval was made.
    level : float
        Confidence level.
    scale : Scale
        How values are read.
    left_out : tuple of LeftOut
        Which studies were left out and why.
    """

    studies: pl.DataFrame
    method: str
    interval: str
    level: float
    scale: Scale
    left_out: tuple[LeftOut, ...] = ()

    def leave_one_out(self) -> pl.DataFrame:
        """Give the pooled value without each study in turn.

        Returns
        -------
        polars.DataFrame
            without, value, low, high, p_value, tau2, i2, one row per study, on the pooled scale; empty when
            there is one study only.

        Examples
        --------
        >>> import ranvier as rv
        >>> rv.evidence.pool([0.1, 0.2, 0.9], [0.1, 0.1, 0.1]).leave_one_out()["value"].round(2).to_list()
        [0.55, 0.5, 0.15]
        """
        k = self.studies.height
        if k == 1:
            return pl.DataFrame(schema={"without": pl.String, **dict.fromkeys(_SHOWN, pl.Float64)})
        others = np.array([[row for row in range(k) if row != left] for left in range(k)], dtype=np.intp).T
        columns = self._numbers(others)
        return pl.DataFrame({"without": self.studies["study"], **columns}).fill_nan(None)

    def cumulative(self) -> pl.DataFrame:
        """Give the pooled value of the first studies, one more in each row, in the order given.

        Returns
        -------
        polars.DataFrame
            up_to, value, low, high, p_value, tau2, i2, one row per study, on the pooled scale.

        Examples
        --------
        >>> import ranvier as rv
        >>> rv.evidence.pool([0.1, 0.2, 0.9], [0.1, 0.1, 0.1]).cumulative()["value"].round(2).to_list()
        [0.1, 0.15, 0.4]
        """
        names = self.studies["study"].to_list()
        rows = [self._numbers(np.arange(place + 1, dtype=np.intp)[:, None]) for place in range(len(names))]
        columns = {name: np.concatenate([row[name] for row in rows]) for name in _SHOWN}
        return pl.DataFrame({"up_to": names, **columns}).fill_nan(None)

    def explain(self) -> str:
        """Say in plain sentences how the studies were pooled and what came out.

        Returns
        -------
        str
            Sentences.
        """
        main, *others = self.estimates
        lines = [f"{self.title}. {self.method_text}"]
        lines += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        p = "" if main.p_value is None else f" ({p_text(main.p_value)} for the hypothesis: {main.null})"
        lines.append(f"{main.quantity[:1].upper()}{main.quantity[1:]}: {main.text()}{p}.")
        for estimate in others:
            if not math.isnan(estimate.low):
                lines.append(f"{estimate.quantity[:1].upper()}{estimate.quantity[1:]}: {estimate.text()}.")
        if others:
            lines += self._about_studies()
        return "\n".join([*lines, *self.notes])

    def _about_studies(self) -> list[str]:
        """Say how far the studies differ, and which of them weighs most."""
        numbers = self.diagnostics
        df = plural(numbers["q_df"], "degree of freedom", "degrees of freedom")
        largest = self.studies.sort("weight", descending=True).row(0, named=True)
        return [
            (
                f"Cochran's Q = {number(numbers['q'])} on {df} "
                f"({p_text(numbers['q_p_value'])} for equal true values in all studies)."
            ),
            f"The largest weight is {100 * largest['weight']:.0f} % ({largest['study']}).",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; the scale by what is read and its unit.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "scale"}
        scale = {"quantity": self.scale.quantity, "unit": self.scale.unit, "measure": self.scale.code}
        ready: dict[str, Any] = json_ready({**fields, "scale": scale})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a forest plot: each study with its normal interval, the pooled value as a diamond.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.evidence._forest import draw

        return draw(self, ax)

    def _numbers(self, chosen: NDArray[np.intp]) -> dict[str, Floats]:
        """Pool chosen rows of the studies, one column of places for each set."""
        y, v = (self.studies[name].to_numpy()[chosen] for name in ("effect", "variance"))
        pooled = pool_many(y, v, method=self.method, interval=self.interval, level=self.level)
        return {name: getattr(pooled, name) for name in _SHOWN}
