"""Gatekeeping by a graph: the error that a rejected hypothesis frees is handed on along fixed shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import number, p_text
from ranvier.stats._inputs import as_level
from ranvier.stats.multiplicity import ONE_UP, AdjustedPValues, allowed_error, read_p_values

__all__ = ["GraphTest", "gatekeeping"]

ROUNDING = 1e-9
"""Weights and shares may miss their sum by this much: thirds cannot be written exactly."""

STEP_SCHEMA: dict[str, Any] = {
    "step": pl.Int64,
    "hypothesis": pl.String,
    "p_value": pl.Float64,
    "weight": pl.Float64,
    "local_level": pl.Float64,
    "adjusted_p": pl.Float64,
    "outcome": pl.String,
}

_REFERENCES = ("Bretz F, Maurer W, Brannath W, Posch M (2009). Stat Med 28:586-604",)
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class GraphTest(AdjustedPValues):
    """Adjusted p values of a graph, with the steps that led to them.

    Parameters
    ----------
    steps : polars.DataFrame
        One row per step: step, hypothesis, p_value, weight at that step, local_level, adjusted_p, outcome
        (rejected, kept, or not reached).
    """

    steps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STEP_SCHEMA))

    def explain(self, subject: str | None = None) -> str:
        """Say how the hypotheses were tested, one line per step.

        Parameters
        ----------
        subject : str, optional
            One hypothesis; all when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When the hypothesis is not in the graph.
        """
        rows = self.steps
        if subject is not None:
            require_choice("hypothesis", subject, self.steps["hypothesis"].to_list())
            rows = rows.filter(pl.col("hypothesis") == subject)
        lines = [_sentence(row) for row in rows.iter_rows(named=True)]
        return "\n".join(lines if subject is not None else [f"{self.name}. {self.method}", *lines])


def gatekeeping(
    p_values: Mapping[str, float] | Sequence[float],
    *,
    weights: Mapping[str, float] | Sequence[float],
    transitions: Mapping[str, Mapping[str, float]] | Sequence[Sequence[float]],
    level: float = 0.95,
) -> GraphTest:
    r"""Test ordered families of hypotheses by a graph of weights and transitions (Bretz and others 2009).

    Parameters
    ----------
    p_values : mapping from name to p value, or sequence of p values
        One for each hypothesis.
    weights : mapping from name to share, or sequence
        Share of the error that each hypothesis starts with; they sum to 1. Hypotheses not named start with 0.
    transitions : mapping from name to mapping from name to share, or square matrix
        Share of its weight that each hypothesis hands to each other one when it is rejected; each row sums to
        at most 1, none to itself.
    level : float
        1 minus the chance of one or more false rejections.

    Returns
    -------
    GraphTest
        Table with hypothesis, p_value, adjusted_p and rejected; `steps` shows the order of testing with
        weights and local levels, and `explain()` says it.

    Raises
    ------
    InputError
        When names do not match, a weight or share is negative, weights do not sum to 1, a row of transitions
        sums to more than 1 or hands weight to itself, or a p value or `level` is not allowed.

    Notes
    -----
    Start with weights :math:`w` and shares :math:`g`. Of the hypotheses left, take the one with the smallest
    :math:`p_j / w_j`; its adjusted p value is that quotient, or the largest so far. Hand on
    :math:`w_l \leftarrow w_l + w_j g_{jl}` and
    :math:`g_{lk} \leftarrow (g_{lk} + g_{lj} g_{jk}) / (1 - g_{lj} g_{jl})`, and go on. It is a closed test
    with weighted Bonferroni tests, so it holds whatever the dependence. Holm's method, fixed sequences,
    fallback and serial or parallel gatekeeping are graphs.

    References
    ----------
    Bretz F, Maurer W, Brannath W, Posch M (2009). Statistics in Medicine 28:586-604

    Examples
    --------
    EDSS and relapses share the error; walking is tested only when one of them is rejected.

    >>> import ranvier as rv
    >>> found = rv.stats.gatekeeping(
    ...     {"EDSS": 0.01, "relapses": 0.04, "walk": 0.03},
    ...     weights={"EDSS": 0.5, "relapses": 0.5},
    ...     transitions={"EDSS": {"walk": 1.0}, "relapses": {"walk": 1.0}},
    ... )
    >>> found.table["adjusted_p"].to_list()
    [0.02, 0.08, 0.06]
    """
    confidence = as_level(level)
    names, p = read_p_values(p_values)
    w = _weights(names, weights)
    g = _transitions(names, transitions)
    error = allowed_error(confidence)
    adjusted, steps = _run(names, p, w, g, error)
    table = pl.DataFrame({"hypothesis": names, "p_value": p, "adjusted_p": adjusted})
    start = ", ".join(f"{name} {number(share)}" for name, share in zip(names, w, strict=True) if share > 0)
    return GraphTest(
        name="Graphical test",
        table=table.with_columns((pl.col("adjusted_p") <= error * ONE_UP).alias("rejected")),
        steps=pl.DataFrame(steps, schema=STEP_SCHEMA),
        method="Sequentially rejective graphical test (closed test with weighted Bonferroni tests); the "
        f"chance of any false rejection is at most {error:g}, whatever the dependence. Starting weights: "
        f"{start}.",
        references=_REFERENCES,
    )


def _run(
    names: list[str], p: Floats, w: Floats, g: Floats, error: float
) -> tuple[Floats, list[dict[str, Any]]]:
    """Take the hypotheses one after the other, handing on their weights."""
    w, g = w.copy(), g.copy()
    left = np.ones(p.size, dtype=bool)
    adjusted = np.ones(p.size)
    steps: list[dict[str, Any]] = []
    reached, stopped = 0.0, False
    while left.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            quotient = np.where(left & (w > 0), p / w, np.inf)
        j = int(np.argmin(quotient)) if np.isfinite(quotient).any() else int(np.flatnonzero(left)[0])
        reached = max(reached, min(1.0, float(quotient[j]))) if w[j] > 0 else 1.0
        adjusted[j] = reached
        rejected = reached <= error * ONE_UP
        outcome = "rejected" if rejected else "not reached" if stopped or w[j] == 0 else "kept"
        stopped = stopped or not rejected
        steps.append(
            {
                "step": len(steps) + 1,
                "hypothesis": names[j],
                "p_value": float(p[j]),
                "weight": float(w[j]),
                "local_level": float(w[j]) * error,
                "adjusted_p": reached,
                "outcome": outcome,
            }
        )
        left[j] = False
        w, g = _hand_on(w, g, j, left)
    return adjusted, steps


def _hand_on(w: Floats, g: Floats, j: int, left: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Give weights and shares of the graph without hypothesis j."""
    weights = np.where(left, w + w[j] * g[j], 0.0)
    loop = g[:, j] * g[j, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (g + np.outer(g[:, j], g[j, :])) / (1 - loop)[:, None]
    shares = np.where((loop < 1 - ROUNDING)[:, None], shares, 0.0)
    np.fill_diagonal(shares, 0.0)
    return weights, shares * np.outer(left, left)


def _by_name(names: list[str], given: Any, what: str) -> list[Any]:
    """Give one entry per hypothesis; those not named get None."""
    if isinstance(given, Mapping):
        for name in given:
            require_choice(f"hypothesis in {what}", str(name), names)
        return [given.get(name) for name in names]
    entries = list(given)
    if len(entries) != len(names):
        raise InputError(f"{what} has {len(entries)} entries for {len(names)} hypotheses ({names}).")
    return entries


def _shares(names: list[str], given: Any, what: str) -> Floats:
    """Give one share per hypothesis, each at least 0."""
    entries = [0.0 if entry is None else float(entry) for entry in _by_name(names, given, what)]
    for name, share in zip(names, entries, strict=True):
        if not 0 <= share <= 1 + ROUNDING:
            raise InputError(f"{what}: {name} is {share:g}; a share lies between 0 and 1.")
    return np.array(entries)


def _weights(names: list[str], given: Any) -> Floats:
    """Give checked starting weights."""
    weights = _shares(names, given, "weights")
    if abs(weights.sum() - 1) > ROUNDING:
        raise InputError(
            f"weights sum to {weights.sum():g}; they must sum to 1, as they divide the whole error between "
            "the hypotheses."
        )
    return weights


def _transitions(names: list[str], given: Any) -> Floats:
    """Give the checked matrix of shares."""
    rows = [{} if row is None else row for row in _by_name(names, given, "transitions")]
    parts = [_shares(names, row, f"transitions of {name}") for name, row in zip(names, rows, strict=True)]
    shares = np.array(parts).reshape(len(names), len(names))
    for place, name in enumerate(names):
        if shares[place, place] > 0:
            raise InputError(
                f"transitions of {name}: it hands {shares[place, place]:g} to itself; remove that."
            )
        if shares[place].sum() > 1 + ROUNDING:
            raise InputError(
                f"transitions of {name} sum to {shares[place].sum():g}; a hypothesis can hand on at most 1."
            )
    return shares


def _sentence(row: Mapping[str, Any]) -> str:
    """Say what happened to one hypothesis."""
    p = p_text(row["p_value"])
    if row["outcome"] == "not reached":
        return (
            f"{row['step']}. {row['hypothesis']}: {p}; not claimed, because no weight reached it or one "
            f"before it was kept (adjusted {p_text(row['adjusted_p'])})."
        )
    sign, end = (
        ("at most", "rejected") if row["outcome"] == "rejected" else ("above", "kept, and testing stops")
    )
    return (
        f"{row['step']}. {row['hypothesis']}: {p} is {sign} its local level {row['local_level']:.4g} "
        f"(weight {number(row['weight'])}): {end} (adjusted {p_text(row['adjusted_p'])})."
    )
