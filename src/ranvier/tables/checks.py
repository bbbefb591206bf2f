"""Run every rule over every table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.tables import rules_events, rules_plausible, rules_rows, rules_subjects, rules_visits
from ranvier.tables._enrich import HIGHEST_AMBULATION, Plan, enrich
from ranvier.tables.rule import Rule
from ranvier.tables.schema import FINDING_SCHEMA, TABLES, empty

__all__ = ["RULES", "check"]

RULES: tuple[Rule, ...] = (
    *rules_rows.RULES,
    *rules_subjects.RULES,
    *rules_visits.RULES,
    *rules_plausible.RULES,
    *rules_events.RULES,
)
"""Every rule that `check` runs."""

SCHEDULE = ("visit", "planned_day", "low_day", "high_day", "baseline")
FILE_OF = {"planned": "visits"}
ORDER = ("severity", "file", "row", "rule", "subject", "day", "column", "value")


def check(
    tables: Mapping[str, pl.DataFrame],
    *,
    schedule: pl.DataFrame,
    arms: Iterable[str],
    ambulation_coding: str | None,
    files: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Give every finding of a trial's tables.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Tables as `parse` makes them, by name; an absent one is empty.
    schedule : polars.DataFrame
        Scheduled visits: visit, planned_day, low_day, high_day, baseline. Without a row, labels are not
        checked.
    arms : iterable of str
        Ids of the arms; when empty, arms are not checked.
    ambulation_coding : {"0-16", "0-12"} or None
        Coding of the ambulation column; None = the protocol does not say.
    files : mapping of str to str, optional
        File of each table, to name in findings; a table without one is named by itself.

    Returns
    -------
    polars.DataFrame
        Columns of `ranvier.tables.FINDING_SCHEMA`, errors first, then by file and row.

    Raises
    ------
    InputError
        When a table or the coding is not known, or a column has another type than `parse` gives.

    Examples
    --------
    >>> from ranvier.tables import parse
    >>> subjects, _ = parse("subjects", pl.DataFrame({"subject": ["P1"], "arm": ["a"], "treated": ["no"]}))
    >>> visits, _ = parse("visits", pl.DataFrame({"subject": ["P1"], "day": ["0"], "edss": ["4.25"]}))
    >>> schedule = pl.DataFrame(schema=dict.fromkeys(["visit"], pl.String)
    ...     | dict.fromkeys(["planned_day", "low_day", "high_day"], pl.Int64) | {"baseline": pl.Boolean})
    >>> found = check({"subjects": subjects, "visits": visits}, schedule=schedule, arms=["a"],
    ...               ambulation_coding=None)
    >>> found.filter(rule="edss-grid").select("file", "row", "subject", "value").row(0)
    ('visits', 2, 'P1', '4.25')
    """
    if ambulation_coding is not None:
        require_choice("ambulation_coding", ambulation_coding, HIGHEST_AMBULATION)
    lacking = [name for name in SCHEDULE if name not in schedule.columns]
    if lacking:
        raise InputError(f"the schedule lacks the columns {lacking}; it needs {list(SCHEDULE)}.")
    plan = Plan(schedule=schedule.select(SCHEDULE), arms=tuple(arms), ambulation_coding=ambulation_coding)
    frames = enrich(_complete(tables), plan)
    named = files or {}
    found = [pl.DataFrame(schema=FINDING_SCHEMA)]
    for name, frame in frames.items():
        origin = FILE_OF.get(name, name)
        found += _broken(name, frame, named.get(origin, origin))
    return pl.concat(found).sort(ORDER, nulls_last=True)


def _complete(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    for name, frame in tables.items():
        require_choice("table", name, list(TABLES))
        wrong = [
            column
            for column, dtype in TABLES[name].schema.items()
            if column not in frame.columns or frame.schema[column] != dtype
        ]
        if wrong:
            raise InputError(
                f"table {name!r}: the columns {wrong} are missing or of another type; "
                "make the table with ranvier.tables.parse."
            )
    return {name: tables.get(name, empty(name)) for name in TABLES}


def _broken(name: str, frame: pl.DataFrame, file: str) -> list[pl.DataFrame]:
    """Give the findings of one table: all conditions in one pass, then the rows of those that fail."""
    own = TABLES[name].schema if name in TABLES else frame.columns
    cases = [
        (rule, column) for rule in RULES if name in rule.tables for column in rule.columns if column in own
    ]
    if frame.is_empty() or not cases:
        return []
    failing = frame.select(rule.fails(column).alias(str(place)) for place, (rule, column) in enumerate(cases))
    found = []
    for place, (rule, column) in enumerate(cases):
        failed = failing[str(place)]
        if failed.any():
            known = TABLES[name].column(column).range_text if name in TABLES else ""
            found.append(
                rule.findings(
                    frame.filter(failed),
                    file=file,
                    column=column,
                    value=_shown(column, frame.schema[column]),
                    allowed=known if isinstance(rule.allowed, str) and not rule.allowed else None,
                )
            )
    return found


def _shown(column: str, dtype: object) -> pl.Expr:
    """Give a value as people write it: 4 rather than 4.0 for a whole number, yes rather than true."""
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("yes")).when(~pl.col(column)).then(pl.lit("no"))
    text = pl.col(column).cast(pl.String)
    return text.str.replace(r"\.0$", "") if dtype == pl.Float64 else text
