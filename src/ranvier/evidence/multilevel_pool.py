"""What a pool of studies with several effects is: value, two variances, every interval, a forest plot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.evidence.pooled_studies import Pool, Scale
from ranvier.result import Fit, LeftOut, json_ready, number, p_text, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MultilevelPool"]

_NAMES = {"model": "from the model", "cr0": "CR0", "cr1": "CR1"}


@dataclass(frozen=True, kw_only=True, eq=False)
class MultilevelPool(Fit):
    """A pooled value of studies that report several effects.

    Parameters
    ----------
    effects : polars.DataFrame
        study, within, effect, variance, weight (share of the pooled value), added: one row per effect, on the
        pooled scale.
    studies : polars.DataFrame
        study, effects (how many), weight: one row per study.
    intervals : polars.DataFrame
        interval ("model", "cr0", "cr1", "cr2"), value, standard_error, df (infinite for the normal
        distribution), statistic, p_value, low, high: every interval of the pooled value, on the pooled scale.
    method : str
        How the variances were estimated.
    level : float
        Confidence level.
    scale : Scale
        How values are read.
    left_out : tuple of LeftOut
        Which effects were left out and why.
    """

    effects: pl.DataFrame
    studies: pl.DataFrame
    intervals: pl.DataFrame
    method: str
    level: float
    scale: Scale
    left_out: tuple[LeftOut, ...] = ()

    def explain(self) -> str:
        """Say in plain sentences how the effects were pooled and what came out.

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
        lines += [
            f"{each.quantity[:1].upper()}{each.quantity[1:]}: {each.text()}."
            for each in others
            if not math.isnan(each.low) or each.unit == "share"
        ]
        beside = []
        for row in self.intervals.iter_rows(named=True):
            if row["interval"] in _NAMES:
                known = (math.nan if row[end] is None else row[end] for end in ("value", "low", "high"))
                _, low, high = self.scale.texts(*(self.scale.read(each) for each in known))
                beside.append(f"{_NAMES[row['interval']]} {low} to {high}")
        lines.append(f"The same value with other intervals: {'; '.join(beside)}.")
        found = self.diagnostics
        df = plural(found["q_df"], "degree of freedom", "degrees of freedom")
        lines.append(
            f"Cochran's Q = {number(found['q'])} on {df} ({p_text(found['q_p_value'])} for equal true "
            "values of all effects)."
        )
        largest = self.studies.sort("weight", descending=True).row(0, named=True)
        lines.append(
            f"The study with the largest weight is {largest['study']} ({100 * largest['weight']:.0f} %, "
            f"{plural(largest['effects'], 'effect')})."
        )
        return "\n".join([*lines, *self.notes])

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
        """Draw a forest plot: each effect with its normal interval, the pooled value as a diamond.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on. The bar below the diamond is the prediction of one effect of a new study.
        """
        from ranvier.evidence.forest import forest_plot

        shown = _Shown(
            title=self.title,
            estimates=self.estimates,
            method_text=self.method_text,
            diagnostics=self.diagnostics,
            studies=self.effects.with_columns(
                study=pl.concat_str("study", "within", separator=" \N{MIDDLE DOT} ")
            ).drop("within"),
            method=self.method,
            interval="wald",
            level=self.level,
            scale=self.scale,
        )
        return forest_plot(shown, ax)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shown(Pool):
    """The effects as a forest plot takes them."""

    def _between_words(self) -> str:
        """Say in one line what lies between and within the studies."""
        found = self.diagnostics
        return (
            f"Variance between studies {found['tau2_between']:.2g} (I² {100 * found['i2_between']:.0f} %), "
            f"within {found['tau2_within']:.2g} ({100 * found['i2_within']:.0f} %); Q "
            f"{number(found['q'], digits=1)} on {found['q_df']} ({p_text(found['q_p_value'])})"
        )
