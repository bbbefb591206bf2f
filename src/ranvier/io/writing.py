"""Write a trial to a folder."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ranvier.io._dates import date_name
from ranvier.io._draft import new_folder
from ranvier.tables import TABLES, table
from ranvier.trial import Trial

__all__ = ["write_trial"]


def write_trial(trial: Trial, folder: str | os.PathLike[str]) -> Path:
    """Write a trial as trial.toml and CSV files that `read_trial` reads back.

    Parameters
    ----------
    trial : Trial
        The trial.
    folder : path
        A folder that does not exist yet, or is empty.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        When the folder holds something, or the folder above it does not exist.

    Notes
    -----
    Everything is written or nothing. Where a table holds dates they are written, and the days follow from
    them again. Lesion masks are not copied; copy masks/ beside the tables.

    Examples
    --------
    >>> import tempfile
    >>> from ranvier.io import read_trial
    >>> from ranvier.tables import parse
    >>> from ranvier.trial import Protocol
    >>> protocol = Protocol(id="t", title="T", design="case_series", data_kind="patients", disease="MS")
    >>> subjects, _ = parse("subjects", pl.DataFrame({"subject": ["P1"], "arm": ["a"], "treated": ["no"]}))
    >>> visits, _ = parse("visits", pl.DataFrame({"subject": ["P1"], "day": ["0"], "edss": ["4.5"]}))
    >>> trial = Trial(protocol=protocol, tables={"subjects": subjects, "visits": visits})
    >>> folder = write_trial(trial, Path(tempfile.mkdtemp()) / "copy")
    >>> read_trial(folder).visits["edss"].to_list()
    [4.5]
    """
    with new_folder(folder) as draft:
        (draft / "trial.toml").write_text(protocol_toml(trial.protocol), encoding="utf-8", newline="\n")
        for name, frame in trial.tables.items():
            if frame.height or TABLES[name].required:
                text = _written(name, frame).write_csv()
                (draft / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
    return Path(folder)


def _written(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give the cells as text: dates where there are any, yes and no for flags, `row` left out."""
    days = {column.name for column in table(name).columns if column.kind == "day"}
    columns = []
    for column, dtype in frame.schema.items():
        if column == "row" or (column in days and date_name(column) in frame.columns):
            continue
        if dtype == pl.Boolean:
            columns.append(
                pl.when(column).then(pl.lit("yes")).when(~pl.col(column)).then(pl.lit("no")).alias(column)
            )
        else:
            columns.append(pl.col(column).cast(pl.String))
    return frame.select(columns)


def protocol_toml(protocol: Any) -> str:
    """Write a protocol as TOML; what is not known is left out."""
    content = dataclasses.asdict(protocol)
    tables = {key: value for key, value in content.items() if _is_table(value)}
    lines = ["[trial]", *_pairs({key: value for key, value in content.items() if key not in tables})]
    for key, value in tables.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{key}]", *_pairs(value)]
        else:
            for item in value:
                lines += ["", f"[[{key}]]", *_pairs(item)]
    return "\n".join(lines) + "\n"


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, tuple) and bool(value) and isinstance(value[0], Mapping)
    )


def _pairs(content: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in content.items() if value not in (None, ())]


def _value(value: Any) -> str:
    """Write one value; JSON writes text, numbers and booleans as TOML does, but for the delete character."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
