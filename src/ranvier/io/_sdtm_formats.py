"""SDTM datasets written as SAS transport, Dataset-JSON or CSV, with the limits of each checked."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import polars as pl

from ranvier.errors import InputError
from ranvier.io._sdtm_columns import Dataset, shown
from ranvier.io._sdtm_files import read_dataset, require_pyreadstat

__all__ = ["FORMATS", "require_writable", "write_dataset"]

FORMATS = {"xpt": ".xpt", "dataset-json": ".json", "csv": ".csv"}
LONGEST_NAME, LONGEST_LABEL, LONGEST_TEXT = 8, 40, 200
"""Characters of a variable's name and label, bytes of a text in SAS transport version 5."""
SMALLEST, LARGEST = 5.4e-79, 7.2e75
"""The numbers (above 0) that the floating point of SAS transport files can hold."""
NAME = re.compile(r"^[A-Z_][A-Z0-9_]*$")

LABELS = {
    "TS": "Trial Summary",
    "TA": "Trial Arms",
    "TV": "Trial Visits",
    "DM": "Demographics",
    "MH": "Medical History",
    "EX": "Exposure",
    "AE": "Adverse Events",
    "CE": "Clinical Events",
    "SV": "Subject Visits",
    "RS": "Disease Response and Clin Classification",
    "FT": "Functional Tests",
    "OE": "Ophthalmic Examinations",
    "NV": "Nervous System Findings",
}
VARIABLES = {
    "STUDYID": "Study Identifier",
    "DOMAIN": "Domain Abbreviation",
    "RDOMAIN": "Related Domain Abbreviation",
    "USUBJID": "Unique Subject Identifier",
    "SUBJID": "Subject Identifier for the Study",
    "SITEID": "Study Site Identifier",
    "RFSTDTC": "Subject Reference Start Date/Time",
    "RFXSTDTC": "Date/Time of First Study Treatment",
    "RFICDTC": "Date/Time of Informed Consent",
    "AGE": "Age",
    "AGEU": "Age Units",
    "SEX": "Sex",
    "ARMCD": "Planned Arm Code",
    "ARM": "Description of Planned Arm",
    "ACTARMCD": "Actual Arm Code",
    "ACTARM": "Description of Actual Arm",
    "VISITNUM": "Visit Number",
    "VISIT": "Visit Name",
    "VISITDY": "Planned Study Day of Visit",
    "EPOCH": "Epoch",
    "IDVAR": "Identifying Variable",
    "IDVARVAL": "Identifying Variable Value",
    "QNAM": "Qualifier Variable Name",
    "QLABEL": "Qualifier Variable Label",
    "QVAL": "Data Value",
    "QORIG": "Origin",
    "TSPARMCD": "Trial Summary Parameter Short Name",
    "TSPARM": "Trial Summary Parameter",
    "TSVAL": "Parameter Value",
    "TAETORD": "Planned Order of Element within Arm",
}
SUFFIXES = {
    "SEQ": "Sequence Number",
    "TESTCD": "Test or Examination Short Name",
    "TEST": "Test or Examination Name",
    "CAT": "Category",
    "ORRES": "Result or Finding in Original Units",
    "ORRESU": "Original Units",
    "STRESC": "Character Result/Finding in Std Format",
    "STRESN": "Numeric Result/Finding in Standard Units",
    "STRESU": "Standard Units",
    "LOC": "Location",
    "LAT": "Laterality",
    "STDTC": "Start Date/Time",
    "ENDTC": "End Date/Time",
    "STDY": "Study Day of Start",
    "ENDY": "Study Day of End",
    "DTC": "Date/Time of Measurements",
    "DY": "Study Day of Measurements",
    "TERM": "Reported Term",
    "DECOD": "Dictionary-Derived Term",
    "BODSYS": "Body System or Organ Class",
    "SEV": "Severity/Intensity",
    "TOXGR": "Standard Toxicity Grade",
    "SER": "Serious Event",
    "REL": "Causality",
    "OUT": "Outcome of Adverse Event",
    "TRT": "Name of Treatment",
    "DOSE": "Dose",
    "DOSU": "Dose Units",
    "ROUTE": "Route of Administration",
}


def label_of(name: str) -> str:
    """Give the label of a dataset's variable."""
    return VARIABLES.get(name) or SUFFIXES.get(name[2:]) or name


def _title(name: str) -> str:
    if name.startswith("SUPP"):
        return f"Supplemental Qualifiers for {name.removeprefix('SUPP')}"
    return LABELS[name]


def require_writable(dataset: Dataset, kind: str) -> None:
    """Refuse what a format cannot hold, with the table, row, column and value."""
    for name in dataset.frame.columns:
        if name == "row":
            continue
        label = label_of(name)
        if (
            len(name) > LONGEST_NAME
            or not NAME.match(name)
            or len(label) > LONGEST_LABEL
            or not label.isascii()
        ):
            raise InputError(
                f"{dataset.name}: variable {name!r} with the label {label!r} cannot be written; a name has "
                f"up to {LONGEST_NAME} capitals and digits, a label up to {LONGEST_LABEL} ASCII characters."
            )
        if kind == "xpt":
            _require_transportable(dataset, name)


def _require_transportable(dataset: Dataset, name: str) -> None:
    """Refuse text that is not ASCII or too long, and numbers that the format cannot hold."""
    if dataset.frame.schema[name] == pl.String:
        cell = pl.col(name)
        too_long = cell.str.len_bytes() > LONGEST_TEXT
        bad = {
            "is not ASCII, which SAS transport files need": cell.str.contains(r"[^\x20-\x7E]"),
            f"has more than the {LONGEST_TEXT} bytes that SAS transport files hold": too_long,
            "begins or ends with a blank, which SAS transport files lose": cell != cell.str.strip_chars(" "),
        }
    else:
        size = pl.col(name).abs()
        bad = {
            "is too small or too large for SAS transport files": (size > 0)
            & ~size.is_between(SMALLEST, LARGEST)
        }
    for why, failing in bad.items():
        rows = dataset.frame.filter(failing)
        if rows.height:
            first = rows.row(0, named=True)
            subject = f", subject {first['USUBJID']}" if "USUBJID" in first else ""
            row = f", row {first['row']}" if first["row"] is not None else ""
            raise InputError(
                f"{dataset.table}{row}{subject}: {_short(first[name])} ({name} of {dataset.name}) {why}; "
                "change it, or choose format='dataset-json', which holds any text."
            )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}...'"


def write_dataset(dataset: Dataset, folder: Path, kind: str) -> Path:
    """Write one dataset, read it back and compare."""
    path = folder / f"{dataset.name.lower()}{FORMATS[kind]}"
    frame = dataset.frame.drop("row")
    if kind == "xpt":
        require_pyreadstat().write_xport(
            frame.with_columns(pl.col(pl.String).fill_null("")),
            str(path),
            table_name=dataset.name,
            file_label=_title(dataset.name),
            column_labels=[label_of(name) for name in frame.columns],
            file_format_version=5,
        )
    elif kind == "csv":
        text = frame.with_columns(_shown(frame)).write_csv()
        path.write_text(text, encoding="utf-8", newline="\n")
    else:
        path.write_text(_json(dataset.name, frame), encoding="utf-8", newline="\n")
    _require_same(path, frame)
    return path


def _shown(frame: pl.DataFrame) -> list[pl.Expr]:
    return [shown(frame, name).alias(name) for name in frame.columns]


def _json(name: str, frame: pl.DataFrame) -> str:
    """Write Dataset-JSON 1.1."""
    columns = []
    for column, dtype in frame.schema.items():
        about: dict[str, Any] = {"itemOID": f"IT.{name}.{column}", "name": column, "label": label_of(column)}
        if dtype == pl.String:
            longest = max((len(text) for text in frame[column].drop_nulls()), default=1)
            columns.append(about | {"dataType": "string", "length": max(1, longest)})
        else:
            columns.append(about | {"dataType": "float"})
    content = {
        "datasetJSONCreationDateTime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "datasetJSONVersion": "1.1.0",
        "itemGroupOID": f"IG.{name}",
        "records": frame.height,
        "name": name,
        "label": _title(name),
        "columns": columns,
        "rows": [list(row) for row in frame.with_columns(pl.col(pl.String).fill_null("")).iter_rows()],
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _require_same(path: Path, frame: pl.DataFrame) -> None:
    """Read a file back; what was written must come back."""
    back, _ = read_dataset(path)
    wanted = frame.with_columns(_shown(frame))
    wanted = wanted.with_columns(pl.when(pl.all() != "").then(pl.all()))
    back = back.drop("row")
    if back.columns != wanted.columns or back.height != wanted.height:
        raise InputError(f"{path.name} does not come back as it was written; nothing was kept.")
    for name in wanted.columns:
        differ = ~back[name].eq_missing(wanted[name])
        if differ.any():
            place = differ.arg_max() or 0
            raise InputError(
                f"{path.name}, row {place + 2}, column {name}: {wanted[name][place]!r} comes back as "
                f"{back[name][place]!r}; nothing was kept. Choose another format."
            )
