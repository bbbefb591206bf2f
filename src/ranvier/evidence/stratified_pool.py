"""What a value pooled cell by cell over two-arm studies is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._pooled import quantile
from ranvier.evidence._strata import sums_of
from ranvier.evidence.pooled_studies import Pool
from ranvier.result import number, p_text, plural

__all__ = ["StratifiedPool"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class StratifiedPool(Pool):
    """A value pooled cell by cell over studies with two arms.

    `studies` holds the events and sizes of the arms too; effect and variance are null where a study alone
    has none, although its counts enter. The weights of a ratio are shares of its lower sum, so that a study
    without an event in the control arm shows a weight of 0. `diagnostics` holds the tests.

    Parameters
    ----------
    measure : str
        What was pooled.
    """

    measure: str

    def explain(self) -> str:
        """Say in plain sentences how the studies were pooled and what came out.

        Returns
        -------
        str
            Sentences.
        """
        (main,) = self.estimates
        lines = [f"{self.title}. {self.method_text}"]
        lines += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        lines.append(
            f"{main.quantity[:1].upper()}{main.quantity[1:]}: {main.text()} "
            f"({p_text(main.p_value or 0.0)} for the hypothesis: {main.null})."
        )
        numbers = self.diagnostics
        lines.append(
            "Cochran-Mantel-Haenszel test of no difference in any study, without continuity correction: "
            f"{p_text(numbers['cmh_p_value'])}."
        )
        if numbers["q_df"]:
            name = {"breslow-day-tarone": "Breslow-Day test with Tarone's correction"}.get(
                numbers["heterogeneity_test"], "Cochran's Q"
            )
            df = plural(numbers["q_df"], "degree of freedom", "degrees of freedom")
            lines.append(
                f"Differences between studies: {name} = {number(numbers['q'])} on {df} "
                f"({p_text(numbers['q_p_value'])})."
            )
        largest = self.studies.sort("weight", descending=True).row(0, named=True)
        lines.append(f"The largest weight is {100 * largest['weight']:.0f} % ({largest['study']}).")
        return "\n".join([*lines, *self.notes])

    def _numbers(self, chosen: NDArray[np.intp]) -> dict[str, Floats]:
        """Pool chosen rows of the studies, one column of places for each set."""
        names = [name for name in self.studies.columns if name.startswith(("events", "n", "years"))]
        cells = {name: self.studies[name].to_numpy().astype(np.float64)[chosen] for name in names}
        with np.errstate(divide="ignore", invalid="ignore"):
            sums = sums_of(self.measure)(cells)
            error = np.sqrt(sums.variance)
            reach = quantile(math.inf, self.level) * error
            p_value = 2 * special.ndtr(-np.abs(sums.value / error))
            low, high = sums.value - reach, sums.value + reach  # infinite on both sides without an event
        good = np.isfinite(sums.value) & np.isfinite(error) & (error > 0)
        found = {
            "value": sums.value,
            "low": low,
            "high": high,
            "p_value": p_value,
            "tau2": np.full_like(error, np.nan),
            "i2": np.full_like(error, np.nan),
        }
        return {name: np.where(good, values, np.nan) for name, values in found.items()}
