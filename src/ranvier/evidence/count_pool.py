"""What pooled counts are: the pooled value beside the exact one, studies with exact intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import ConvergenceError
from ranvier.evidence._count_models import uninformative
from ranvier.evidence._count_solution import Question, solve
from ranvier.evidence.pooled_studies import Pool
from ranvier.result import number, p_text, plural

__all__ = ["CountPool"]

Floats = NDArray[np.float64]

COUNTS = ("events", "n", "years", "events_control", "n_control", "years_control")
"""Columns of counts and of what they are counted among."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CountPool(Pool):
    """Pooled counts with the studies they were made of.

    `studies` holds study, the counts, effect and variance (on the log scale, null where a cell of 0 leaves
    none), value, low and high (each study's own value with its exact interval, as it is read), weight (its
    share of the information on the pooled value) and added (always 0).

    Parameters
    ----------
    measure : str
        What was pooled, one of `COUNT_MEASURES`.
    model : str
        How the counts were modelled, one of `COUNT_MODELS`.

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"events": [0, 1, 0, 2], "n": [10, 15, 12, 20]}
    >>> rv.evidence.pool_counts(trials, measure="proportion").studies["high"].round(3).to_list()
    [0.308, 0.319, 0.265, 0.317]
    """

    measure: str
    model: str

    def _about_studies(self) -> list[str]:
        """Say what lies between the studies."""
        numbers, lines = self.diagnostics, []
        if not math.isnan(numbers["lr_p_value"]):
            lines.append(
                f"Likelihood-ratio test of a spread between studies against none: {number(numbers['lr'])} "
                f"({p_text(numbers['lr_p_value'])}); with few events it sees little."
            )
        if not math.isnan(numbers["q"]):
            df = plural(numbers["q_df"], "degree of freedom", "degrees of freedom")
            lines.append(
                f"A value for each study against one for all: {number(numbers['q'])} on {df} "
                f"({p_text(numbers['q_p_value'])} by chi-square, rough where counts are small)."
            )
        largest = self.studies.sort("weight", descending=True).row(0, named=True)
        return [*lines, f"The largest weight is {100 * largest['weight']:.0f} % ({largest['study']})."]

    def _numbers(self, chosen: NDArray[np.intp]) -> dict[str, Floats]:
        """Pool chosen rows of the studies, one column of places for each set; NaN where no search settled."""
        cells = {name: self.studies[name].to_numpy() for name in COUNTS if name in self.studies.columns}
        question = Question(
            measure=self.measure,
            model=self.model,
            method=self.method,
            interval=self.interval,
            level=self.level,
        )
        rows = [_one(question, {name: each[rows] for name, each in cells.items()}) for rows in chosen.T]
        columns: dict[str, Floats] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return columns


def _one(question: Question, cells: dict[str, Floats]) -> dict[str, float]:
    """Give the numbers of one set of studies."""
    shown: dict[str, Any] = dict.fromkeys(("value", "low", "high", "p_value", "tau2", "i2"), math.nan)
    if question.compares:
        used = ~uninformative(question.measure, cells)
        cells = {name: each[used] for name, each in cells.items()}
    if not len(cells["events"]):
        return shown
    try:
        found = solve(question, cells, spread=False)
    except ConvergenceError:
        return shown
    p = found.p_value if question.compares else math.nan
    return {
        **shown,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": p,
        "tau2": found.tau**2,
    }
