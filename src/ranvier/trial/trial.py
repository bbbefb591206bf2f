"""`Trial`: the tables of one study with its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import TRACE_SCHEMA, Derivation, json_ready, plural
from ranvier.tables import FINDING_SCHEMA, TABLES, check, empty
from ranvier.trial.protocol import Protocol

__all__ = ["Trial"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One study: its tables and protocol.

    Reading, simulating and capturing all make this object; everything else reads it.

    Parameters
    ----------
    protocol : Protocol
        What was planned.
    tables : mapping of str to polars.DataFrame
        Tables by name, with the columns of `ranvier.tables.TABLES` and `row`; an absent table is empty.
    files : mapping of str to str
        The file each table was read from; tables without a file are absent here.
    hashes : mapping of str to str
        SHA-256 of each input file, by file name.
    masks : mapping of str to pathlib.Path
        Where each lesion mask lies that mri names, by that name; masks that are not there are absent here.
    read_findings : polars.DataFrame
        What reading could not understand (columns of `ranvier.tables.FINDING_SCHEMA`).
    recorded : frozenset of str
        The tables that were given, filled in here: an empty table of relapses says that none was seen, an
        absent one says nothing.
    """

    protocol: Protocol
    tables: Mapping[str, pl.DataFrame]
    files: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    masks: Mapping[str, Path] = field(default_factory=dict)
    read_findings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FINDING_SCHEMA))
    recorded: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        for name in self.tables:
            require_choice("table", name, list(TABLES))
        for name, definition in TABLES.items():
            if definition.required and name not in self.tables:
                raise InputError(f"a trial needs the table {name!r}.")
        object.__setattr__(self, "recorded", frozenset(self.tables))
        complete = {name: self.tables.get(name, empty(name)) for name in TABLES}
        for name, frame in complete.items():
            missing = [column for column in TABLES[name].schema if column not in frame.columns]
            if missing:
                raise InputError(
                    f"table {name!r} lacks the columns {missing}; build it with ranvier.tables.parse, "
                    "which adds them."
                )
        object.__setattr__(self, "tables", complete)

    @property
    def subjects(self) -> pl.DataFrame:
        """Give the table of patients."""
        return self.tables["subjects"]

    @property
    def doses(self) -> pl.DataFrame:
        """Give the table of doses."""
        return self.tables["doses"]

    @property
    def visits(self) -> pl.DataFrame:
        """Give the table of visits."""
        return self.tables["visits"]

    @property
    def relapses(self) -> pl.DataFrame:
        """Give the table of relapses."""
        return self.tables["relapses"]

    @property
    def mri(self) -> pl.DataFrame:
        """Give the table of scans."""
        return self.tables["mri"]

    @property
    def adverse_events(self) -> pl.DataFrame:
        """Give the table of adverse events."""
        return self.tables["adverse_events"]

    def with_table(self, name: str, frame: pl.DataFrame) -> Trial:
        """Give the same trial with one table in place of its own.

        Parameters
        ----------
        name : str
            One of `ranvier.tables.TABLES`.
        frame : polars.DataFrame
            With the columns of that table and `row`.

        Returns
        -------
        Trial
            A new trial; the other tables stay recorded or not as they were.

        Raises
        ------
        InputError
            When the name is unknown or the table lacks a column.
        """
        require_choice("table", name, list(TABLES))
        given = {each: self.tables[each] for each in TABLES if each in self.recorded}
        return replace(self, tables=given | {name: frame})

    def check(self) -> Derivation:
        """Check every table against the rules.

        Returns
        -------
        Derivation
            Its table is the findings (columns of `ranvier.tables.FINDING_SCHEMA`), errors first; errors
            stop a report, queries are printed in it.
        """
        found = check(
            self.tables,
            schedule=self.protocol.schedule,
            arms=[arm.id for arm in self.protocol.arms],
            ambulation_coding=self.protocol.ambulation_coding,
            files=self.files,
        )
        findings = pl.concat([self.read_findings, _without_repeats(found, self.read_findings)]).sort(
            "severity", "file", "row", "rule", nulls_last=True, maintain_order=True
        )
        errors = findings.filter(pl.col("severity") == "error").height
        trace = findings.select(
            "subject",
            "day",
            pl.col("column").alias("step"),
            pl.col("severity").alias("outcome"),
            pl.col("rule").alias("reason"),
        ).cast(pl.Schema(TRACE_SCHEMA))
        sentences = dict(findings.select("rule", "message").iter_rows())
        return Derivation(
            name="Findings",
            table=findings,
            trace=trace,
            reasons=sentences,
            method=(
                f"Every row of {plural(len(self.files) or len(self.tables), 'table')} was checked: "
                f"{plural(errors, 'error')}, {plural(findings.height - errors, 'query', 'queries')}."
            ),
        )

    def explain(self) -> str:
        """Say in plain sentences what the trial holds.

        Returns
        -------
        str
            Sentences.
        """
        sizes = ", ".join(f"{frame.height} in {name}" for name, frame in self.tables.items() if frame.height)
        return (
            f"{self.protocol.title} ({self.protocol.id}): design {self.protocol.design.replace('_', ' ')}, "
            f"data are {self.protocol.data_kind}. Rows: {sizes}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give protocol, tables and file hashes, JSON-ready.

        Returns
        -------
        dict
            Keys protocol, tables, files, hashes.
        """
        content = {
            "protocol": self.protocol,
            "tables": self.tables,
            "files": self.files,
            "hashes": self.hashes,
        }
        ready: dict[str, Any] = json_ready(content)
        return ready


def _without_repeats(found: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """Leave out cells found empty only because reading could not understand them, which is said already."""
    said = read.select(
        "file", "row", pl.col("column").str.replace("date$", "day")
    )  # a date that could not be read leaves its day empty
    empty_cells = pl.col("rule").is_in(["key-missing", "required-missing"])
    cells = found.filter(empty_cells).join(said, on=["file", "row", "column"], how="anti")
    columns = said.filter(pl.col("row").is_null())
    return pl.concat([found.filter(~empty_cells), cells.join(columns, on=["file", "column"], how="anti")])
