"""From cells as written to typed tables, with a finding for whatever could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError, suggest
from ranvier.tables import _cells as cells
from ranvier.tables.rules_reading import BY_ID
from ranvier.tables.schema import FINDING_SCHEMA, Column, Table, table

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

__all__ = ["parse"]

SURE = 0.8
"""Likeness of names (0 to 1) from which an unknown column is taken for a misspelt one."""


def parse(name: str, raw: IntoDataFrame, *, file: str | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give a typed table, and a finding for every cell that could not be read.

    Parameters
    ----------
    name : str
        Name of the table.
    raw : polars.DataFrame
        Cells as text, or already typed; any dataframe narwhals knows. A column `row` numbers the rows as a
        spreadsheet does; without it the first row is 2.
    file : str, optional
        The file that the findings name; the table's name when None.

    Returns
    -------
    table : polars.DataFrame
        All columns of `ranvier.tables.TABLES` in order, `row`, then unknown columns as text.
    findings : polars.DataFrame
        Columns of `ranvier.tables.FINDING_SCHEMA`, in order of row.

    Raises
    ------
    InputError
        When the table is not known, the columns for subject or day are missing, or two columns share a name.

    Notes
    -----
    White space around a cell and around a column's name is dropped; names of columns, the words of a choice
    and yes/no (also true/false, 1/0) are read in upper or lower case. A cell that cannot be read becomes
    null and an error that holds the cell as written: nothing is changed silently. Rows without any value are
    passed over.

    Examples
    --------
    >>> raw = pl.DataFrame({"subject": ["P1"], "day": ["0"], "edss": ["4,5"]})
    >>> visits, findings = parse("visits", raw)
    >>> findings.select("rule", "row", "value", "advice").row(0)
    ('not-a-number', 2, '4,5', 'Write a decimal point: 4.5.')
    """
    definition = table(name)
    where = file or name
    frame = _named(_polars(raw, where), where)
    _require_keys(definition, frame, where)
    present = [column for column in definition.columns if column.name in frame.columns]
    known = {column.name for column in definition.columns} | {"row"}
    extra = [column for column in frame.columns if column not in known]
    given = [_cell(definition, column, dtype).alias(column) for column, dtype in frame.schema.items()]
    frame = frame.select(given)
    if frame.width > 1:
        frame = frame.filter(pl.any_horizontal(pl.exclude("row").is_not_null()))
    typed = frame.select(
        *(_value(column, frame.schema).alias(column.name) for column in definition.columns),
        pl.col("row").cast(pl.Int64, strict=False),
        *extra,
    )
    found = [
        pl.DataFrame(schema=FINDING_SCHEMA),
        *_about_columns(definition, present, extra, where),
        *(_about_cells(column, frame, typed, where) for column in _unread(present, frame, typed)),
    ]
    return typed, pl.concat(found).sort("row", "column", "rule", "value", nulls_last=False)


def _polars(raw: Any, where: str) -> pl.DataFrame:
    """Give a polars table of whatever dataframe was given, with `row`."""
    if not isinstance(raw, pl.DataFrame):
        import narwhals as nw

        try:
            raw = nw.from_native(raw, eager_only=True).to_polars()
        except TypeError as error:
            raise InputError(f"{where}: {type(raw).__name__} is not a table; give a dataframe.") from error
    nested = [
        name for name, dtype in raw.schema.items() if dtype.is_nested() or dtype in (pl.Binary, pl.Object)
    ]
    if nested:
        raise InputError(
            f"{where}: the columns {nested} hold lists or binary content; each cell must be one value."
        )
    frame: pl.DataFrame = raw if "row" in raw.columns else raw.with_row_index("row", offset=2)
    return frame


def _named(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    names = [name.strip().casefold() for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{where}: the columns {twice} stand there more than once; keep one of each.")
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _require_keys(definition: Table, frame: pl.DataFrame, where: str) -> None:
    """Refuse a table whose rows cannot be placed; a date in place of the day is turned into one by `io`."""
    for key in ("subject", "day"):
        if key not in definition.key or key in frame.columns:
            continue
        given = [name for name in frame.columns if name != "row"]
        close = suggest(key, [name for name in given if name not in definition.schema])
        hint = f" Did you mean {close!r}?" if close else ""
        also = " (or 'date' in a file)" if key == "day" else ""
        raise InputError(f"{where}: the column {key!r}{also} is missing; the columns are {given}.{hint}")


def _cell(definition: Table, name: str, dtype: Any) -> pl.Expr:
    """Give a column as trimmed text, or as it is when it already has its type."""
    kept = {column.name: column.dtype for column in definition.columns} | {"row": dtype}
    if name != "row" and (dtype == pl.String or dtype != kept.get(name)):
        return cells.written(name, dtype)
    return pl.col(name).fill_nan(None) if dtype == pl.Float64 else pl.col(name)


def _value(column: Column, schema: Mapping[str, Any]) -> pl.Expr:
    """Give the values of a column; null where a cell cannot be read."""
    value = pl.col(column.name)
    if column.name not in schema:
        return pl.lit(None, dtype=column.dtype)
    if schema[column.name] == pl.String:
        return cells.typed(column, value)
    return pl.when(value.is_finite()).then(value) if column.dtype == pl.Float64 else value


def _about_columns(
    definition: Table, present: list[Column], extra: list[str], where: str
) -> list[pl.DataFrame]:
    """Name the columns that are missing, misspelt or unknown."""
    absent = [column for column in definition.columns if column not in present]
    dates = {
        column.name.removesuffix("day") + "date" for column in definition.columns if column.kind == "day"
    }
    unknown = [name for name in extra if name not in dates]
    found = []
    for column in absent:
        if column.required:
            close = suggest(column.name, unknown)
            unknown = [name for name in unknown if name != close]
            hint = f" Did you mean it by {close!r}?" if close else ""
            found.append(_about_column("column-missing", where, column.name, close, hint))
    for name in unknown:
        close = suggest(name, [column.name for column in absent if not column.required])
        sure = close is not None and SequenceMatcher(None, name, close).ratio() >= SURE
        hint = f" Did you mean {close!r}?" if close else ""
        found.append(_about_column("column-misspelt" if sure else "column-unknown", where, name, name, hint))
    return found


def _about_column(rule_id: str, where: str, column: str, value: str | None, hint: str) -> pl.DataFrame:
    rule = BY_ID[rule_id]
    one = pl.DataFrame({"row": [None]})
    advice = f"{rule.advice}{hint}"
    return rule.findings(one, file=where, column=column, value=pl.lit(value), advice=advice)


def _unread(present: list[Column], frame: pl.DataFrame, typed: pl.DataFrame) -> list[Column]:
    """Give the columns in which some cell could not be read: they have more nulls than empty cells."""
    empty = dict(zip(frame.columns, frame.null_count().row(0), strict=True))
    null = dict(zip(typed.columns, typed.null_count().row(0), strict=True))
    return [column for column in present if null[column.name] > empty[column.name]]


def _about_cells(column: Column, frame: pl.DataFrame, typed: pl.DataFrame, where: str) -> pl.DataFrame:
    """Name the cells that could not be read, with the cell as written."""
    failed = frame[column.name].is_not_null() & typed[column.name].is_null()
    places = [name for name in ("row", "subject", "day") if name in typed.columns]
    rows = typed.select(places).with_columns(frame[column.name].cast(pl.String).alias("value")).filter(failed)
    hints = cells.suggestions(rows["value"], list(column.allowed))
    rule = BY_ID[cells.UNREADABLE[column.kind]]
    value = pl.col("value")
    return rule.findings(
        rows,
        file=where,
        column=column.name,
        value=value,
        allowed=column.range_text,
        advice=cells.advice(column, value, str(rule.advice), hints),
    )
