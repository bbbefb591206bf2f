"""What a pool of studies is: the pooled value, the studies with their weights, and a forest plot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.evidence._likelihood_bounds import likelihood_bounds
from ranvier.evidence._pooled import Pooled, pool_many
from ranvier.evidence._weighted_q import JACKSON, WEIGHTED_Q, weighted_q_bounds
from ranvier.result import Estimate, Fit, LeftOut, json_ready, number, p_text, percent, plural, positive_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Pool", "PooledEstimate", "Scale"]

Floats = NDArray[np.float64]

_SHOWN = ("value", "low", "high", "standard_error", "p_value", "tau2", "i2", "q")

SIGNIFICANT = 2
"""Digits of half the length of an interval that are always shown."""
ROUNDING = 1e-12
"""Errors and lengths this small beside the effects are rounding: float64 keeps 15 digits."""


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
    def positive(self) -> bool:
        """Whether what is read is a ratio or a rate, which cannot be below 0 and is even on a log scale."""
        return self.back is not None and self.unit != "share"

    def texts(
        self, value: float, low: float, high: float, *, digits: int | None = None
    ) -> tuple[str, str, str]:
        """Write a value with its bounds as they are read: in percent, or a ratio with digits of its own."""
        if self.unit == "share":
            return percent(value), percent(low), percent(high)
        if self.positive and digits is None:
            return positive_texts(value, low, high)
        first, second, third = (
            number(each, digits=SIGNIFICANT if digits is None else digits) for each in (value, low, high)
        )
        return first, second, third

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

    Where none of the three numbers is below 0, as of a ratio, each keeps digits of its own: the bounds of few
    studies can lie as far apart as 0.002 and 13066.

    Examples
    --------
    >>> import ranvier as rv
    >>> print(rv.evidence.pool([0.00012, 0.0002], [1e-9, 2e-9]).estimates[0].text())
    0.00015 (95 % interval −0.00035 to 0.00066)
    """

    def _texts(self, digits: int | None) -> tuple[str, str, str]:
        """Write value and bounds with the decimals that the interval needs, without their unit."""
        numbers = self.value, self.low, self.high
        if digits is not None or self.unit == "share" or math.isnan(self.value):
            return super()._texts(digits)
        needed, length = 0, self.high - self.low
        if math.isfinite(length) and length > ROUNDING * abs(self.value):
            needed = SIGNIFICANT - 1 - math.floor(math.log10(length / 2))
        elif math.isfinite(self.value) and self.value:
            needed = SIGNIFICANT - math.floor(math.log10(abs(self.value)))
        if min(bound for bound in numbers if not math.isnan(bound)) >= 0:
            return positive_texts(*numbers, decimals=needed)
        return super()._texts(needed if needed > SIGNIFICANT else None)


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
    moment_weights : tuple of float or None
        The weights of `GeneralisedQ`, one per study that was used.
    """

    studies: pl.DataFrame
    method: str
    interval: str
    level: float
    scale: Scale
    left_out: tuple[LeftOut, ...] = ()
    moment_weights: tuple[float, ...] | None = None

    @property
    def prediction(self) -> Estimate | None:
        """Give where the value of a new study is expected; None where that cannot be said."""
        ahead = self.estimates[1] if len(self.estimates) > 1 else None
        return ahead if ahead is not None and math.isfinite(ahead.low) else None

    def likelihood_interval(self) -> PooledEstimate:
        """Give the variance between studies with its profile-likelihood interval, beside the Q-profile one.

        Returns
        -------
        PooledEstimate
            All variances whose (restricted) likelihood is not too far below the largest.

        Raises
        ------
        InputError
            When the method is not "reml" or "ml", or there is one study only.

        Notes
        -----
        Twice the difference of the log-likelihoods is compared with chi-squared on one degree of freedom, as
        with many studies (Hardy and Thompson 1996); the Q-profile interval needs no such approximation.

        References
        ----------
        Hardy RJ, Thompson SG (1996). Stat Med 15:619-629

        Examples
        --------
        >>> import ranvier as rv
        >>> print(rv.evidence.pool([0.1, 0.8, 0.3], [0.01, 0.02, 0.01]).likelihood_interval().text())
        0.11 (95 % interval 0.013 to 2.21)
        """
        y, v = (self.studies[name].to_numpy() for name in ("effect", "variance"))
        if len(y) == 1:
            raise InputError("one study says nothing about the variance between studies; pool at least two.")
        low, high = likelihood_bounds(y, v, method=self.method, level=self.level)
        return replace(
            cast(PooledEstimate, self.estimates[2]),
            low=low,
            high=high,
            method_text="Interval by the profile likelihood.",
            references=("Hardy RJ, Thompson SG (1996). Stat Med 15:619-629",),
        )

    def generalised_interval(self) -> PooledEstimate:
        r"""Give the variance between studies with the interval of its own generalised Q.

        Returns
        -------
        PooledEstimate
            All variances under which the weighted sum of squares is not extreme; 0 to 0 where none is.

        Raises
        ------
        InputError
            When the method is not `GeneralisedQ`, or there is one study only.

        Notes
        -----
        With normal effects :math:`Q_a = y'P_a y` is distributed as :math:`\sum_i \lambda_i \chi^2_1`, where
        the :math:`\lambda_i` are the eigenvalues of :math:`P_a (V + \tau^2 I)` (see `GeneralisedQ`). The
        interval is exact for known variances of the studies, as the Q-profile one is.

        References
        ----------
        Jackson D (2013). Res Synth Methods 4:220-229

        Examples
        --------
        >>> import ranvier as rv
        >>> by_size = rv.evidence.GeneralisedQ(weights=(12, 20, 15))
        >>> pooled = rv.evidence.pool([0.1, 0.8, 0.3], [0.01, 0.005, 0.008], method=by_size)
        >>> print(pooled.generalised_interval().text())
        0.13 (95 % interval 0.030 to 5.53)
        """
        y, v = (self.studies[name].to_numpy() for name in ("effect", "variance"))
        low, high = weighted_q_bounds(y, v, self.moment_weights, self.level)
        return replace(
            cast(PooledEstimate, self.estimates[2]),
            low=low,
            high=high,
            method_text=WEIGHTED_Q,
            references=(JACKSON,),
        )

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

        `forest_plot` adds columns of data and limits of the axis.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.evidence.forest import forest_plot

        return forest_plot(self, ax)

    def _between_words(self) -> str:
        """Say in one line what lies between the studies, for pictures."""
        known = {name: each for name, each in self.diagnostics.items() if isinstance(each, int | float)}
        parts = [f"tau² {known['tau2']:.2g}"]
        if "i2" in known:
            parts.append(f"I² {100 * known['i2']:.0f} %")
        if math.isfinite(known.get("q", math.nan)):
            q = number(known["q"], digits=1)
            parts.append(f"Q {q} on {known['q_df']} ({p_text(known['q_p_value'])})")
        return f"Between studies: {', '.join(parts)}"

    def _numbers(self, chosen: NDArray[np.intp]) -> dict[str, Floats]:
        """Pool chosen rows of the studies, one column of places for each set."""
        y, v = (self.studies[name].to_numpy()[chosen] for name in ("effect", "variance"))
        moments = None if self.moment_weights is None else np.array(self.moment_weights)[chosen]
        options: dict[str, Any] = {"method": self.method, "interval": self.interval, "level": self.level}
        pooled = pool_many(y, v, moments=moments, **options)
        return {name: getattr(pooled, name) for name in _SHOWN}
