"""Cells as written, and the values they stand for."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import polars as pl

from ranvier.tables.schema import Column

__all__ = ["UNREADABLE", "advice", "suggestions", "typed", "written"]

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
WHOLE = r"^[+-]?\d+(\.0*)?$"
DECIMAL_COMMA = r"^\s*[+-]?\d+,\d+\s*$"
FRACTION = r"^\s*[+-]?\d*\.\d+\s*$"
ISO_DATE = r"^\s*\d{4}-\d{2}(-\d{2})?\s*$"
FLAGS = {"yes": True, "true": True, "1": True, "1.0": True} | dict.fromkeys(
    ("no", "false", "0", "0.0"), False
)
NOT_KNOWN = (
    "na",
    "n/a",
    "n.a.",
    "nd",
    "n.d.",
    "nan",
    "none",
    "null",
    "nil",
    "unknown",
    "missing",
    "?",
    "-",
    ".",
)

UNREADABLE = {
    "number": "not-a-number",
    "integer": "not-a-whole-number",
    "day": "not-a-day",
    "flag": "not-yes-or-no",
    "choice": "not-a-choice",
}
"""The rule that a cell breaks when it is not of the kind of its column; every text is text."""

MOST_SUGGESTIONS = 500
"""Different misspelt words that get a suggestion; more are no typing mistakes, and comparing takes long."""


def written(name: str, dtype: Any) -> pl.Expr:
    """Give a column's cells as text, trimmed; an empty cell and a NaN of a typed column are null."""
    cell = pl.col(name)
    if dtype in (pl.Float32, pl.Float64):
        cell = cell.fill_nan(None)
    text = cell.cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def typed(column: Column, text: pl.Expr) -> pl.Expr:
    """Give the values that trimmed text stands for; null where it cannot be read."""
    if column.kind == "text":
        return text
    if column.kind == "choice":
        words = {word.lower(): word for word in column.allowed}
        return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.String)
    if column.kind == "flag":
        return text.str.to_lowercase().replace_strict(FLAGS, default=None, return_dtype=pl.Boolean)
    if column.kind == "number":
        value = pl.when(text.str.contains(NUMBER)).then(text).cast(pl.Float64, strict=False)
        return pl.when(value.is_finite()).then(value)
    whole = pl.when(text.str.contains(WHOLE)).then(text.str.replace(r"\.0*$", ""))
    return whole.cast(pl.Int64, strict=False)


def advice(column: Column, value: pl.Expr, otherwise: str, hints: dict[str, str]) -> pl.Expr:
    """Say what to do about a cell that cannot be read, by the mistake it looks like."""
    said = pl.lit(otherwise)
    if hints:
        close = value.str.strip_chars().replace_strict(hints, default=None, return_dtype=pl.String)
        said = pl.when(close.is_not_null()).then(pl.format("Did you mean '{}'?", close)).otherwise(said)
    if column.kind in ("number", "integer", "day"):
        point = pl.format("Write a decimal point: {}.", value.str.strip_chars().str.replace(",", "."))
        comma = point if column.kind == "number" else pl.lit("Write a whole number, without a comma.")
        said = pl.when(value.str.contains(DECIMAL_COMMA)).then(comma).otherwise(said)
    if column.kind == "integer":
        half = "Write a whole number: there are no half grades and no parts of a count."
        said = pl.when(value.str.contains(FRACTION)).then(pl.lit(half)).otherwise(said)
    if column.kind == "day":
        date = (
            f"This is a date: name the column {_dated(column.name)}, or write whole days from the first dose."
        )
        said = pl.when(value.str.contains(ISO_DATE)).then(pl.lit(date)).otherwise(said)
    not_known = value.str.strip_chars().str.to_lowercase().is_in(NOT_KNOWN)
    empty = "Leave the cell empty when the value is not known."
    return pl.when(not_known).then(pl.lit(empty)).otherwise(said)


def suggestions(words: pl.Series, allowed: list[str]) -> dict[str, str]:
    """Give for each misspelt word the closest allowed one, where one is close."""
    folded = {word.casefold(): word for word in allowed}
    close: dict[str, str] = {}
    for word in words.drop_nulls().unique().sort().head(MOST_SUGGESTIONS):
        for match in get_close_matches(word.strip().casefold(), folded, n=1, cutoff=0.6):
            close[word.strip()] = folded[match]
    return close


def _dated(name: str) -> str:
    return name.removesuffix("day") + "date"
