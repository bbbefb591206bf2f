"""The tables of a regression over studies: coefficients, joint tests, studies."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.evidence._given import Given
from ranvier.evidence._moderators import INTERCEPT, Moderators
from ranvier.evidence._pooled import Fitted
from ranvier.evidence.regression_fit import Solution

__all__ = ["coefficient_table", "places", "study_table", "term_table", "terms"]

Floats = NDArray[np.float64]


def terms(columns: Moderators) -> list[str]:
    """Give the moderators in order."""
    return [term for term in dict.fromkeys(columns.terms) if term != INTERCEPT]


def places(columns: Moderators, term: str | None) -> list[int]:
    """Give the columns of a moderator, or of all."""
    return [
        place for place, each in enumerate(columns.terms) if each == term or (not term and each != INTERCEPT)
    ]


def coefficient_table(found: dict[str, Floats], columns: Moderators) -> pl.DataFrame:
    """Give one row per coefficient."""
    shown = ("value", "standard_error", "statistic", "p_value", "low", "high")
    return pl.DataFrame(
        {"name": columns.names, "term": columns.terms, **{name: found[name] for name in shown}}
    ).fill_nan(None)


def term_table(solution: Solution, columns: Moderators) -> pl.DataFrame:
    """Give the joint test of each moderator."""
    rows = []
    for term in terms(columns):
        chosen = places(columns, term)
        statistic, p_value = solution.together(chosen)
        rows.append({"term": term, "columns": len(chosen), "statistic": statistic, "p_value": p_value})
    return pl.DataFrame(rows)


def study_table(given: Given, columns: Moderators, fitted: Fitted, solution: Solution) -> pl.DataFrame:
    """Give one row per study, with what the regression expects of it."""
    expected = columns.values @ solution.values
    weights = fitted.weights[:, 0]
    moderators = {name: columns.values[:, columns.names.index(name)] for name in columns.ranges}
    return pl.DataFrame(
        {
            "study": list(given.names),
            "effect": given.y,
            "variance": given.v,
            "weight": weights / weights.sum(),
            "fitted": expected,
            "residual": given.y - expected,
            **{f"moderator {name}": values for name, values in moderators.items()},
        }
    )
