"""Turn a report into one self-contained HTML page."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jinja2
import polars as pl

from ranvier.report.model import DataTable, Report
from ranvier.result import number, p_text

__all__ = ["cells", "render"]

UNKNOWN = "–"


def render(report: Report) -> str:
    """Give the HTML of a report.

    Parameters
    ----------
    report : Report
        The report.

    Returns
    -------
    str
        One page with style and drawings inside, no script, and a policy that forbids fetching.

    Examples
    --------
    >>> page = render(Report(title="Trial", subtitle="", sections=()))
    >>> "default-src 'none'" in page
    True
    """
    return _template().render(report=report, cells=cells, heading=_heading, p_text=p_text)


@cache
def _template() -> jinja2.Template:
    """Load the template once; everything that comes from data is escaped."""
    folder = resources.files("ranvier.report") / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("page.html.j2")


def _heading(table: DataTable, column: str) -> str:
    return table.labels.get(column, column.replace("_", " "))


def cells(frame: pl.DataFrame) -> list[list[dict[str, Any]]]:
    """Give the rows of a table as text, with whether each cell is a number.

    Parameters
    ----------
    frame : polars.DataFrame
        The rows.

    Returns
    -------
    list of list of dict
        Per cell `text` and `numeric`.

    Examples
    --------
    >>> cells(pl.DataFrame({"edss": [4.5, None]}))[1][0]["text"]
    '–'
    """
    digits = {name: _digits(frame[name]) for name in frame.columns if frame[name].dtype.is_float()}
    numeric = {name: dtype.is_numeric() for name, dtype in frame.schema.items()}
    return [
        [{"text": _text(value, digits.get(name)), "numeric": numeric[name]} for name, value in row.items()]
        for row in frame.iter_rows(named=True)
    ]


def _digits(column: pl.Series) -> int:
    """Give the decimals that a column needs, at most three."""
    known = column.drop_nulls().drop_nans()
    for digits in range(3):
        if known.is_empty() or bool(((known - known.round(digits)).abs() < 1e-9).all()):
            return digits
    return 3


def _text(value: Any, digits: int | None) -> str:
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value, digits=digits or 0)
    return str(value)
