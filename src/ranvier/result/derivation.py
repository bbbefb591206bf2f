"""A table computed from tables, with the decisions that led to each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError
from ranvier.result.estimate import LeftOut
from ranvier.result.wording import json_ready, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TRACE_SCHEMA", "Derivation"]

TRACE_SCHEMA: dict[str, Any] = {
    "subject": pl.String,
    "day": pl.Int64,
    "step": pl.String,
    "outcome": pl.String,
    "reason": pl.String,
}
"""Columns of every trace: one row per decision; `reason` is a short fixed code."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Derivation:
    """A table computed from tables, with its trace and its definition.

    Parameters
    ----------
    name : str
        What the table holds.
    table : polars.DataFrame
        The derived rows.
    trace : polars.DataFrame
        One row per decision with the columns of `TRACE_SCHEMA`.
    method : str
        How the table was made, in plain sentences.
    reasons : mapping of str to str
        The sentence for each reason code in the trace.
    definition : object, optional
        What counted as an event or a change; has `to_dict`.
    findings : polars.DataFrame, optional
        Findings (columns of `ranvier.tables.FINDING_SCHEMA`) that came up on the way.
    left_out : tuple of LeftOut
        Who was left out and why.
    references : tuple of str
        Sources of the method.
    """

    name: str
    table: pl.DataFrame
    method: str
    trace: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TRACE_SCHEMA))
    reasons: Mapping[str, str] = field(default_factory=dict)
    definition: Any = None
    findings: pl.DataFrame | None = None
    left_out: tuple[LeftOut, ...] = ()
    references: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        missing = [name for name in TRACE_SCHEMA if name not in self.trace.columns]
        if missing:
            raise InputError(f"a trace needs the columns {list(TRACE_SCHEMA)}; missing {missing}.")

    def explain(self, subject: str | None = None) -> str:
        """Say how the table was made, or how one subject's rows came about.

        Parameters
        ----------
        subject : str, optional
            One subject; the whole table when None.

        Returns
        -------
        str
            Sentences; one line per decision when a subject is named.

        Raises
        ------
        InputError
            When the subject has no decision in the trace.
        """
        if subject is None:
            parts = [f"{self.name}: {plural(self.table.height, 'row')}.", self.method]
            parts += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
            return " ".join(parts)
        rows = self.trace.filter(pl.col("subject") == subject)
        if rows.is_empty():
            known = self.trace["subject"].unique().sort().to_list()
            raise InputError(
                f"no decision about subject {subject!r}; there are decisions about {known[:10]}."
            )
        return "\n".join(self._sentence(row) for row in rows.iter_rows(named=True))

    def _sentence(self, row: Mapping[str, Any]) -> str:
        when = "" if row["day"] is None else f"day {row['day']}, "
        why = self.reasons.get(row["reason"] or "", row["reason"] or "")
        return f"{when}{row['step']}: {row['outcome']}{f' — {why}' if why else ''}"

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; tables become lists of rows.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how often each outcome was decided.

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

            ax = Figure(figsize=(6, 3)).add_subplot()
        counts = self.trace.group_by("outcome").len().sort("outcome")
        ax.barh([str(outcome) for outcome in counts["outcome"]], counts["len"].to_list(), color="C0")
        ax.set_title(self.name)
        ax.set_xlabel("decisions")
        return ax

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.name)}</strong></p>{self.table._repr_html_()}"
