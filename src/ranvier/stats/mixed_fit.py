"""What a mixed model found: means by arm and visit, differences, changes, and any other combination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, LeftOut, json_ready
from ranvier.stats._kenward_roger import DF_METHODS, Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.stats.mixed_model import MixedModel

__all__ = ["Basis", "MixedModelFit", "Solution"]

Floats = NDArray[np.float64]
Weights = Mapping[tuple[str, str], float]

REFERENCES = (
    "Kenward MG, Roger JH (1997). Biometrics 53:983-997. doi:10.2307/2533558",
    "Mallinckrodt CH et al. (2008). doi:10.1177/009286150804200402",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Estimates of a fitted model with all that their inference needs."""

    beta: Floats
    inference: Inference
    covariances: Mapping[str, Mapping[str, Any]]
    minus_two_log: float
    steps: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Basis:
    """What every number of a fitted model is made of."""

    cells: Mapping[tuple[str, str], Floats]
    solution: Solution
    model: MixedModel
    n: int
    level: float
    left_out: tuple[LeftOut, ...]

    def rows(self, weights: Weights) -> Floats:
        """Give a combination of means as a row over the terms."""
        row: Floats = np.sum([weight * self.cells[cell] for cell, weight in weights.items()], axis=0)
        return row

    def numbers(self, rows: Floats) -> dict[str, Floats]:
        """Give value, standard error, degrees of freedom, bounds, t and p of combinations of the terms."""
        from scipy.special import stdtr, stdtrit

        value = rows @ self.solution.beta
        error, df = self.solution.inference.of(rows)
        reach = stdtrit(df, (1 + self.level) / 2) * error
        t = value / error
        return {
            "value": value,
            "standard_error": error,
            "df": df,
            "low": value - reach,
            "high": value + reach,
            "t": t,
            "p_value": 2 * stdtr(df, -np.abs(t)),
        }

    def estimate(self, numbers: Mapping[str, Any], quantity: str, *, tested: bool) -> Estimate:
        """Give one number as an estimate."""
        method = DF_METHODS[self.model.df]
        return Estimate(
            quantity=quantity,
            value=numbers["value"],
            low=numbers["low"],
            high=numbers["high"],
            level=self.level,
            method=f"mmrm-{self.model.df}",
            method_text=f"From a mixed model for repeated measures. {method}",
            n=self.n,
            p_value=numbers["p_value"] if tested else None,
            null="the true value is 0" if tested else None,
            inputs={
                "patients": self.n,
                "standard error": numbers["standard_error"],
                "degrees of freedom": numbers["df"],
            },
            left_out=self.left_out,
            references=REFERENCES,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class MixedModelFit(Fit):
    """Means by arm and visit of a mixed model, their differences and changes.

    Parameters
    ----------
    table : polars.DataFrame
        One row per estimate: kind ("mean", "difference", "change", "difference in change"), arm, versus,
        visit,
        value, standard_error, df, low, high, t, p_value (two-sided, value 0).
    coefficients : polars.DataFrame
        One row per term of the mean: term, value, standard_error, df, t, p_value.
    covariances : mapping of str to polars.DataFrame
        Covariance matrix of the visits by group, one group without a name when all share it; in continuous
        time the variance and the correlation over one unit of time.
    basis : Basis
        What `contrast` computes with.
    """

    table: pl.DataFrame
    coefficients: pl.DataFrame
    covariances: Mapping[str, pl.DataFrame]
    basis: Basis = field(repr=False)

    def contrast(self, weights: Weights, *, quantity: str) -> Estimate:
        """Give any combination of the means by arm and visit.

        Parameters
        ----------
        weights : mapping of (str, str) to float
            Weight of the mean of each (arm, visit) named; the others weigh 0.
        quantity : str
            What the combination is.

        Returns
        -------
        Estimate
            The combination with its interval and the p value of its being 0.

        Raises
        ------
        InputError
            When an arm or visit is not in the model.
        """
        cells = self.basis.cells
        unknown = [cell for cell in weights if cell not in cells]
        if unknown or not weights:
            raise InputError(
                f"weights name {unknown or 'nothing'}; use pairs of arm and visit among {list(cells)}."
            )
        numbers = self.basis.numbers(self.basis.rows(weights)[None])
        one = {name: float(column[0]) for name, column in numbers.items()}
        return self.basis.estimate(one, quantity, tested=True)

    def explain(self) -> str:
        """Say in plain sentences how the model was made, then each number on a line.

        Returns
        -------
        str
            Sentences.
        """
        left = [f"Left out: {each.n} ({each.reason})." for each in self.basis.left_out]
        lines = []
        for estimate in self.estimates:
            p = "" if estimate.p_value is None else f", p = {estimate.p_value:.3g}"
            lines.append(f"{estimate.quantity[:1].upper()}{estimate.quantity[1:]}: {estimate.text()}{p}.")
        return "\n".join([f"{self.title}. {self.method_text}", *left, *self.notes, *lines])

    def to_dict(self) -> dict[str, Any]:
        """Give the result, JSON-ready.

        Returns
        -------
        dict
            Title, method, estimates, table, coefficients, covariances, diagnostics and notes.
        """
        ready: dict[str, Any] = json_ready(
            {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "basis"}
        )
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the means by visit with their intervals, one line per arm.

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

            ax = Figure(figsize=(6, 4)).add_subplot()
        means = self.table.filter(kind="mean")
        visits = means["visit"].unique(maintain_order=True).to_list()
        arms = means["arm"].unique(maintain_order=True).to_list()
        for place, arm in enumerate(arms):
            rows = means.filter(arm=arm)
            value = rows["value"].to_numpy()
            reach = np.stack([value - rows["low"].to_numpy(), rows["high"].to_numpy() - value])
            at = np.arange(len(visits)) + 0.08 * (place - (len(arms) - 1) / 2)
            ax.errorbar(at, value, yerr=reach, marker="o^sDv"[place % 5], capsize=3, label=arm)
        ax.set_xticks(range(len(visits)), visits)
        ax.set_ylabel(f"mean {self.basis.model.outcome}")
        ax.set_title(self.title)
        if len(arms) > 1:
            ax.legend(frameon=False)
        return ax
