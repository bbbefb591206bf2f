"""How a planned trial behaves: power, chance of error, bias, size and duration over scenarios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ranvier.result import Fit, percent
from ranvier.simulate._plan_words import about_row
from ranvier.simulate.plans import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OperatingCharacteristics"]

WIDE = 1.959963984540054
"""Standard errors on either side of a 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class OperatingCharacteristics(Fit):
    """What happens in very many virtual trials of one plan.

    Parameters
    ----------
    plan : Plan
        What was planned.
    table : polars.DataFrame
        One row for each scenario and noise: scenario, noise, null (no effect in any arm), success (share of
        trials), success_error (Monte Carlo standard error, as all columns that end so), outcome (mean in the
        treated arm; in a crossover in periods with the treatment), untreated (mean in the control arm, or of
        the same patients without treatment; in a crossover in periods without), estimate
        (mean over trials of what would be called the effect), truth, truth_error, bias (estimate minus
        truth), bias_error, expected_n (patients whose data decide), expected_n_error, expected_enrolled
        (patients who have entered when it is decided), expected_months, expected_months_error, stopped_early
        (share of trials that end before the last look, for any reason), stopped_success, stopped_futility
        (before the last look), stopped_harm. Null where not defined; outcome to bias_error are null with
        several treated arms, for which `arms` has them.
    stops : polars.DataFrame
        One row for each scenario, noise and look: scenario, noise, look, n (patients of all arms; for the
        second look of a promising zone the mean), success, futility, harm (shares of trials that end there
        so). A trial that ends for harm is counted at the look that would have come next; a trial without
        success at the last look is in none of them.
    arms : polars.DataFrame
        One row for each scenario, noise and treated arm: scenario, noise, arm, success, success_error,
        outcome, untreated, estimate, truth, truth_error, bias, bias_error.
    """

    plan: Plan
    table: pl.DataFrame
    stops: pl.DataFrame
    arms: pl.DataFrame

    def explain(self) -> str:
        """Say in plain sentences what was simulated, what came out, and what to bear in mind.

        Returns
        -------
        str
            Sentences, one line for each scenario; first what happens without any effect.
        """
        ordered = self.table.sort("null", descending=True, maintain_order=True)
        names = ordered["scenario"].unique(maintain_order=True)
        lines = [about_row(self.plan, self.table.filter(scenario=name)) for name in names]
        return "\n".join([f"{self.title}. {self.method_text}", *lines, *self.notes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of trials that succeed, for each scenario and noise, with alpha as a line.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        names = self.table["scenario"].unique(maintain_order=True).to_list()
        levels = self.table["noise"].unique(maintain_order=True).to_list()
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.4, 1.3 + 0.55 * len(names)), layout="constrained").add_subplot()
        for place, level in enumerate(levels):
            rows = self.table.filter(noise=level)
            where = [names.index(name) + (place - (len(levels) - 1) / 2) * 0.24 for name in rows["scenario"]]
            ax.errorbar(
                100 * rows["success"],
                where,
                xerr=100 * WIDE * rows["success_error"],
                fmt="o",
                color=f"C{place}",
                fillstyle="full" if place == 0 else "none",
                capsize=2,
                label=f"{level} noise",
            )
        asked = self.plan.error
        if asked is not None:
            ax.axvline(100 * asked, color="0.5", linewidth=1, linestyle=":", label=f"alpha {percent(asked)}")
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(-2, 102)
        ax.set_xlabel("virtual trials called a success, %")
        ax.set_title(self.plan.design.protocol.title, fontsize="medium")
        ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
        return ax
