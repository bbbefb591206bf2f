"""What counts as a change since baseline: one small rule per definition, each with its source."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.errors import DefinitionError

__all__ = ["ChangeRule", "Threshold"]

TOLERANCE = 1e-9
"""Differences of scores are sums of binary fractions: 0.7 - 0.5 must still count as 0.2."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The smallest change that counts, for baselines from `low` to `high` (both included).

    Parameters
    ----------
    low, high : float
        Baselines that the threshold holds for, in the unit of the outcome.
    change : float
        Smallest change that counts, in the unit of the outcome; a share of the baseline when `relative`.
    relative : bool
        True when `change` is a share of the baseline, 0.2 for 20 %.
    """

    low: float
    high: float
    change: float
    relative: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise DefinitionError(f"a threshold from {self.low} to {self.high} holds for no baseline.")
        if not self.change > 0:
            raise DefinitionError(f"a threshold of {self.change} is not a change; it must be above 0.")
        if self.relative and not self.low > 0:
            raise DefinitionError(f"a share of the baseline needs baselines above 0; low is {self.low}.")


@dataclass(frozen=True, kw_only=True)
class ChangeRule:
    """What counts as better or worse than at baseline, at one visit and without confirmation.

    The threshold is found from the baseline value, for better and for worse alike.

    Parameters
    ----------
    name : str
        The short fixed name.
    outcomes : tuple of str
        Columns of visits that the rule may be applied to.
    thresholds : tuple of Threshold
        In order of baseline, without overlap; a baseline that falls into none gives no answer.
    source : str
        Where the rule was published.
    lower_is_better : bool
        Direction of the outcome.
    note : str
        What a reader must know about the rule.

    Examples
    --------
    >>> rule = ChangeRule(
    ...     name="my-edss",
    ...     outcomes=("edss",),
    ...     thresholds=(Threshold(low=0.0, high=5.5, change=1.0), Threshold(low=6.0, high=10.0, change=0.5)),
    ...     source="protocol, section 5",
    ... )
    >>> rule.smallest_change(5.5), rule.smallest_change(6.0)
    (1.0, 0.5)
    """

    name: str
    outcomes: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    source: str
    lower_is_better: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        if not self.outcomes:
            raise DefinitionError(f"rule {self.name!r} names no outcome.")
        if not self.thresholds:
            raise DefinitionError(f"rule {self.name!r} has no threshold.")
        if not self.source:
            raise DefinitionError(f"rule {self.name!r} names no source.")
        for first, second in zip(self.thresholds, self.thresholds[1:], strict=False):
            if second.low <= first.high:
                raise DefinitionError(
                    f"rule {self.name!r}: the threshold from {second.low} starts before the one up to "
                    f"{first.high} "
                    "ends; order them by baseline without overlap."
                )

    @classmethod
    def from_function(
        cls,
        function: Callable[[float], float],
        *,
        name: str,
        outcomes: tuple[str, ...],
        values: Sequence[float],
        source: str,
        lower_is_better: bool = True,
    ) -> ChangeRule:
        """Make a rule from a function that gives the smallest change that counts from a baseline.

        The function is asked once for each value of the scale and its answers become a table, so that the
        rule can be printed, hashed and read again like any other.

        Parameters
        ----------
        function : callable
            From a baseline value to the smallest change, both in the unit of the outcome.
        name, source : str
            As in the class.
        outcomes : tuple of str
            As in the class.
        values : sequence of float
            Every baseline that the outcome can have, such as `ranvier.tables.EDSS_STEPS`; for times, a grid
            as fine as they are recorded. Between two values the threshold of the lower one holds.
        lower_is_better : bool
            As in the class.

        Returns
        -------
        ChangeRule
            Neighbouring values with the same threshold share a band.

        Raises
        ------
        DefinitionError
            When there are no values, or the function gives no finite number above 0 for one of them.

        Examples
        --------
        >>> from ranvier.tables import EDSS_STEPS
        >>> rule = ChangeRule.from_function(
        ...     lambda edss: 1.0 if edss <= 5.5 else 0.5,
        ...     name="mine",
        ...     outcomes=("edss",),
        ...     values=EDSS_STEPS,
        ...     source="protocol, section 5",
        ... )
        >>> [(band.low, band.high, band.change) for band in rule.thresholds]
        [(0.0, 5.5, 1.0), (6.0, 10.0, 0.5)]
        """
        bands: list[list[float]] = []
        for value in sorted({float(value) for value in values}):
            change = float(function(value))
            if not 0 < change < math.inf:
                raise DefinitionError(
                    f"rule {name!r}: the function gives {change:g} at {value:g}; it must be a number above "
                    "0. Leave values out from which no change counts."
                )
            if bands and bands[-1][2] == change:
                bands[-1][1] = value
            else:
                bands.append([value, value, change])
        table = tuple(Threshold(low=low, high=high, change=change) for low, high, change in bands)
        return cls(
            name=name, outcomes=outcomes, thresholds=table, source=source, lower_is_better=lower_is_better
        )

    def smallest_change(self, baseline: float) -> float | None:
        """Give the smallest change that counts from one baseline.

        Parameters
        ----------
        baseline : float
            Baseline value, in the unit of the outcome.

        Returns
        -------
        float or None
            In the unit of the outcome; None when the rule says nothing about this baseline.
        """
        frame = pl.DataFrame({"baseline": [float(baseline)]})
        answer: float | None = frame.select(self.required(pl.col("baseline"))).item()
        return answer

    def required(self, baseline: pl.Expr) -> pl.Expr:
        """Give the smallest change that counts as an expression over a column of baselines.

        Parameters
        ----------
        baseline : polars.Expr
            Baseline values.

        Returns
        -------
        polars.Expr
            Float64, null where the rule says nothing.
        """
        answers = [
            pl.when(baseline.is_between(band.low, band.high)).then(
                baseline * band.change if band.relative else pl.lit(band.change)
            )
            for band in self.thresholds
        ]
        return pl.coalesce(answers).cast(pl.Float64)

    def status(self, baseline: pl.Expr, change: pl.Expr) -> pl.Expr:
        """Give improved, stable or worse as an expression over columns of baselines and changes.

        Parameters
        ----------
        baseline, change : polars.Expr
            Baseline values, and later values minus them.

        Returns
        -------
        polars.Expr
            Text, null where the rule says nothing.
        """
        gain = -change if self.lower_is_better else change
        enough = self.required(baseline) - TOLERANCE
        return (
            pl.when(enough.is_null() | gain.is_null())
            .then(None)
            .when(gain >= enough)
            .then(pl.lit("improved"))
            .when(-gain >= enough)
            .then(pl.lit("worse"))
            .otherwise(pl.lit("stable"))
        )

    def text(self) -> str:
        """Say the rule in one sentence.

        Returns
        -------
        str
            A sentence.

        Examples
        --------
        >>> band = Threshold(low=0.0, high=10.0, change=0.5)
        >>> ChangeRule(name="any", outcomes=("edss",), thresholds=(band,), source="protocol").text()
        'Better or worse means a change of at least 0.5 from a baseline of 0 to 10; lower is better
        (rule any).'
        """
        parts = [
            f"at least {f'{100 * band.change:g} %' if band.relative else f'{band.change:g}'} from a baseline "
            f"of {f'{band.low:g}' if band.low == band.high else f'{band.low:g} to {band.high:g}'}"
            for band in self.thresholds
        ]
        better = "lower" if self.lower_is_better else "higher"
        return f"Better or worse means a change of {', '.join(parts)}; {better} is better (rule {self.name})."

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)
