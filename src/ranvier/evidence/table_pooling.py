"""A table of studies checked, turned into effects and pooled, as a whole or group by group."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice
from ranvier.evidence._between import METHODS
from ranvier.evidence._measures import MEASURES
from ranvier.evidence._study_cells import as_frame, column, refuse_mixed_treatments, study_names
from ranvier.evidence.changed_correlation import sensitivity_to_correlation, stands_in
from ranvier.evidence.count_pooling import COUNT_MEASURES, pool_counts
from ranvier.evidence.effect_sizes import effect_size
from ranvier.evidence.pooled_studies import Pool
from ranvier.evidence.pooling import pool
from ranvier.evidence.stratified import mantel_haenszel
from ranvier.evidence.study_checks import check_studies
from ranvier.evidence.visit_correlation import CORRELATION_RANGE
from ranvier.result import Derivation, json_ready, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PooledTable", "pool_table"]

Floats = NDArray[np.float64]

ALL = "all studies"
RISKS = ("risk ratio", "risk difference")
EMPTY_CELL = (
    "A cell of zero would need an addition in every method that weights by variances: the method of Mantel "
    "and Haenszel needs none. It takes one value to hold for all studies."
)
COUNTS = "counts"
"""Method that models the counts themselves."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PooledTable:
    """A table of studies pooled, as a whole or by group.

    Parameters
    ----------
    pools : mapping of str to Pool
        Groups in the order of the table; one, "all studies", when the table was not grouped.
    data : mapping of str to polars.DataFrame
        The rows of each group.
    findings : polars.DataFrame
        Queries of the checks, columns of `ranvier.tables.FINDING_SCHEMA`.
    measure : str or None
        The measure; None when effects were given.
    correlations : mapping of str to polars.DataFrame
        The pool repeated with other correlations of before and after (`sensitivity_to_correlation`), for each
        group in which a study did not print it.
    """

    pools: Mapping[str, Pool]
    data: Mapping[str, pl.DataFrame]
    findings: pl.DataFrame
    measure: str | None
    correlations: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def explain(self) -> str:
        """Say in plain sentences what was pooled and what came out, group by group.

        Returns
        -------
        str
            Sentences.
        """
        parts = [
            each.explain() if name == ALL else f"{name}\n{each.explain()}"
            for name, each in self.pools.items()
        ]
        if len(self.pools) > 1:
            parts.append("Each group was pooled by itself; no difference between groups was tested.")
        if self.findings.height:
            parts.append(
                f"The checks of the table ask {plural(self.findings.height, 'question')}; see findings."
            )
        return "\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Give pools and findings, JSON-ready.

        Returns
        -------
        dict
            Keys measure, pools, correlations, findings.
        """
        ready: dict[str, Any] = json_ready(
            {
                "measure": self.measure,
                "pools": {name: each.to_dict() for name, each in self.pools.items()},
                "correlations": dict(self.correlations),
                "findings": self.findings,
            }
        )
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the forest plot of the first group; `pools` has the others.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        return next(iter(self.pools.values())).plot(ax)

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.explain())}</p>"


def pool_table(
    data: Any,
    *,
    measure: str | None = None,
    by: str | None = None,
    method: str | None = None,
    interval: str | None = None,
    level: float = 0.95,
    correlation: float | str | None = None,
) -> PooledTable:
    """Check a table of studies, and pool it as a whole or by group.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study, as for `effect_size` and `check_studies`; without a measure, the columns `effect`
        and `variance`.
    measure : str, optional
        One of `MEASURE_CODES`.
    by : str, optional
        A column; each of its values is a group that is pooled by itself. A row without a value is refused.
    method : str, optional
        "counts", a model of the counts themselves (`pool_counts`), or a method of `pool`. When None, "counts"
        for the measures that it has (`COUNT_MEASURES`: proportion, rate, odds ratio, rate ratio), "reml" for
        all others; but a risk ratio or risk difference with a cell of zero is pooled by Mantel and Haenszel,
        to which nothing is added.
    interval : str, optional
        As for `pool_counts` or `pool`; the default of each when None.
    level : float
        Confidence level.
    correlation : float or str, optional
        As for `effect_size`. Where it, or the convention for the EDSS, stands in for one that a study did not
        print, the pool is repeated over `CORRELATION_RANGE` and says so.

    Returns
    -------
    PooledTable
        One pool per group, and the queries that the checks ask.

    Raises
    ------
    InputError
        When the checks find an error, aHSCT stands beside other cells in one group, or as `effect_size` and
        `pool`.

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"study": ["A", "B", "C"], "events": [2, 3, 9], "n": [10, 12, 20], "cells": ["x", "x", "y"]}
    >>> found = rv.evidence.pool_table(trials, measure="logit proportion", by="cells")
    >>> {name: each.studies.height for name, each in found.pools.items()}
    {'x': 2, 'y': 1}
    """
    frame = as_frame(data)
    groups = _groups(frame, by)
    checked = check_studies(frame, measure=measure, by=by)
    errors = checked.filter(severity="error")
    if errors.height:
        first = errors.row(0, named=True)
        raise InputError(
            f"study {first['subject']!r}, {first['column']}: {first['value']}: {first['message']} "
            f"{first['advice']} `evidence.check_studies` lists {plural(errors.height, 'error')}."
        )
    how = _Method.chosen(measure, method, interval, level, correlation)
    pools: dict[str, Pool] = {}
    correlations: dict[str, pl.DataFrame] = {}
    for name, rows in groups.items():
        refuse_mixed_treatments(rows)
        pools[name] = how.pool(rows)
        repeated = how.repeated(rows)
        if repeated is not None:
            correlations[name] = repeated.table
            pools[name] = dataclasses.replace(pools[name], notes=(repeated.method, *pools[name].notes))
    return PooledTable(pools=pools, data=groups, findings=checked, measure=measure, correlations=correlations)


@dataclass(frozen=True, kw_only=True)
class _Method:
    """How a group of studies is pooled."""

    measure: str | None
    method: str
    interval: str | None
    level: float
    correlation: float | str | None
    open: bool
    """Whether the method was left to the data."""

    @classmethod
    def chosen(
        cls,
        measure: str | None,
        method: str | None,
        interval: str | None,
        level: float,
        correlation: float | str | None,
    ) -> _Method:
        """Fill in what was not chosen."""
        usual = COUNTS if measure in COUNT_MEASURES else "reml"
        named = usual if method is None else method
        require_choice("method", named, [COUNTS, *METHODS])
        if named == COUNTS:
            require_choice(f"measure for method {COUNTS!r}", str(measure), COUNT_MEASURES)
        return cls(
            measure=measure,
            method=named,
            interval=interval,
            level=level,
            correlation=correlation,
            open=method is None and interval is None,
        )

    def pool(self, rows: pl.DataFrame) -> Pool:
        """Pool one group."""
        if self.method == COUNTS and self.measure is not None:
            return pool_counts(rows, measure=self.measure, interval=self.interval, level=self.level)
        if self.open and self.measure in RISKS and _has_empty_cell(rows):
            found = mantel_haenszel(rows, measure=self.measure, level=self.level)
            return dataclasses.replace(found, notes=(*found.notes, EMPTY_CELL))
        if self.measure is None:
            return pool(*_effects(rows), studies=study_names(rows), **self.options)
        return pool(effect_size(rows, measure=self.measure, correlation=self.correlation), **self.options)

    @property
    def options(self) -> dict[str, Any]:
        """Give the options of `pool`."""
        return {
            "method": self.method,
            "interval": self.interval or "knapp-hartung",
            "level": self.level,
        }

    def repeated(self, rows: pl.DataFrame) -> Derivation | None:
        """Pool a group with other correlations, where one stands in that a study did not print."""
        if self.measure is None or MEASURES[self.measure].counts != "changes":
            return None
        if not stands_in(effect_size(rows, measure=self.measure, correlation=self.correlation)):
            return None
        used = (self.correlation,) if isinstance(self.correlation, float | int) else ()
        values = (*CORRELATION_RANGE, *used)
        return sensitivity_to_correlation(rows, measure=self.measure, correlations=values, **self.options)


def _has_empty_cell(rows: pl.DataFrame) -> bool:
    """Tell whether nobody, or everybody, of an arm had the event."""
    arms = [(column(rows, f"events{arm}"), column(rows, f"n{arm}")) for arm in ("", "_control")]
    return any(bool(((events == 0) | (events == n)).any()) for events, n in arms)


def _groups(frame: pl.DataFrame, by: str | None) -> dict[str, pl.DataFrame]:
    """Give the rows of each group; rows keep the numbers of the file."""
    if "row" not in frame.columns:
        frame = frame.with_row_index("row", offset=2).with_columns(pl.col("row").cast(pl.Int64))
    if by is None:
        return {ALL: frame}
    require_choice("column to group by", by, [name for name in frame.columns if name != "row"])
    without = frame.filter(pl.col(by).is_null())
    if without.height:
        rows = without["row"].to_list()[:10]
        raise InputError(f"column {by!r} is empty in rows {rows}; write a group for each study.")
    parts = frame.with_columns(pl.col(by).cast(pl.String)).partition_by(by, as_dict=True, maintain_order=True)
    return {str(key[0]): rows for key, rows in parts.items()}


def _effects(rows: pl.DataFrame) -> tuple[Floats, Floats]:
    """Give effects and variances as they stand in a table."""
    missing = [name for name in ("effect", "variance") if name not in rows.columns]
    if missing:
        raise InputError(
            f"data lacks the columns {missing}; without a measure, effects and their variances must be "
            "given. With counts or means, name the measure."
        )
    return column(rows, "effect"), column(rows, "variance")
