"""One check: what fails, how grave it is, and what to tell the person who can mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ranvier.tables.schema import FINDING_SCHEMA

__all__ = ["Rule"]

Text = str | pl.Expr
"""Fixed text, or an expression that makes the text of each row."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """One check of a trial's tables.

    Parameters
    ----------
    id : str
        Short fixed name.
    severity : {"error", "query"}
        An error stops a report; a query is printed in it.
    message : str
        What is wrong, in one plain sentence.
    advice : str or polars.Expr
        What to do; an expression when it depends on the row.
    allowed : str or polars.Expr
        What the cell may hold; empty = the range of the column.
    tables : tuple of str
        Tables that are checked; empty for a rule of reading, which needs the cells as written.
    columns : tuple of str
        Columns that are checked one by one; those that a table does not have are passed over.
    when : polars.Expr or callable, optional
        True for a row that fails; a callable gives the expression for one column. Null counts as not failing.
    """

    id: str
    severity: Literal["error", "query"]
    message: str
    advice: Text
    allowed: Text = ""
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    when: pl.Expr | Callable[[str], pl.Expr] | None = None

    def fails(self, column: str) -> pl.Expr:
        """Give the expression that is True where the rule is broken.

        Parameters
        ----------
        column : str
            The column to check.

        Returns
        -------
        polars.Expr
            Boolean, never null.
        """
        failing = self.when(column) if callable(self.when) else self.when
        return (pl.lit(False) if failing is None else failing).fill_null(False)

    def findings(
        self,
        rows: pl.DataFrame,
        *,
        file: str,
        column: str | None,
        value: pl.Expr | None = None,
        allowed: Text | None = None,
        advice: Text | None = None,
    ) -> pl.DataFrame:
        """Write one finding for each row given.

        Parameters
        ----------
        rows : polars.DataFrame
            The failing rows; `row`, `subject` and `day` are taken over where they stand.
        file : str
            The file, or the table where there is none.
        column : str or None
            The column at fault.
        value : polars.Expr, optional
            The value at fault.
        allowed, advice : str or polars.Expr, optional
            Instead of the rule's own.

        Returns
        -------
        polars.DataFrame
            Columns of `ranvier.tables.FINDING_SCHEMA`.
        """
        known = [pl.col(name) for name in ("row", "subject", "day") if name in rows.columns]
        absent = [pl.lit(None).alias(name) for name in ("row", "subject", "day") if name not in rows.columns]
        # polars 2.1 fails in pl.format when the columns of a table are cut at different rows
        found = rows.rechunk().select(
            *known,
            *absent,
            pl.lit(self.id).alias("rule"),
            pl.lit(self.severity).alias("severity"),
            pl.lit(file).alias("file"),
            pl.lit(column).alias("column"),
            (pl.lit(None) if value is None else value).cast(pl.String).alias("value"),
            pl.lit(self.message).alias("message"),
            _expression(self.allowed if allowed is None else allowed).alias("allowed"),
            _expression(self.advice if advice is None else advice).alias("advice"),
        )
        return found.select(list(FINDING_SCHEMA)).cast(pl.Schema(FINDING_SCHEMA))


def _expression(text: Text) -> pl.Expr:
    return pl.lit(text) if isinstance(text, str) else text
