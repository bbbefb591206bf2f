"""SDTM files: SAS transport, Dataset-JSON and CSV, each as one table of text."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ranvier.errors import InputError
from ranvier.io._files import read_cells, sha256
from ranvier.io._sdtm_rules import finding, once

__all__ = [
    "DOMAINS",
    "SUFFIXES",
    "Domain",
    "Sources",
    "load",
    "read_dataset",
    "require_pyreadstat",
    "sdtm_files",
]

SUFFIXES = (".xpt", ".json", ".ndjson", ".dsjc", ".csv")
DOMAINS = (
    "DM",
    "EX",
    "AE",
    "CE",
    "DS",
    "MH",
    "SC",
    "SV",
    "RS",
    "QS",
    "FT",
    "OE",
    "NV",
    "MO",
    "TA",
    "TS",
    "TV",
)
SUPPLEMENTED = tuple(f"SUPP{name}" for name in DOMAINS)
GZIP_OR_ZLIB = 47
"""The window of `zlib.decompress` that takes a bare zlib stream as well as one in gzip."""
TO_INSTALL = "SAS transport files need pyreadstat; install it with: python -m pip install 'ranvier[sdtm]'"


@dataclass(frozen=True, kw_only=True, eq=False)
class Domain:
    """One domain: its rows as text, empty cells null, `row` as a spreadsheet numbers them."""

    name: str
    file: str
    frame: pl.DataFrame

    @property
    def height(self) -> int:
        """Give the number of rows."""
        return self.frame.height

    def has(self, *names: str) -> bool:
        """Say whether every column is there."""
        return all(name in self.frame.columns for name in names)

    def text(self, name: str) -> pl.Expr:
        """Give a column; null where the domain does not have it."""
        return pl.col(name) if name in self.frame.columns else pl.lit(None, dtype=pl.String)

    def upper(self, name: str) -> pl.Expr:
        """Give a column in capitals, as the words of the terminology are."""
        return self.text(name).str.to_uppercase()

    def number(self, name: str) -> pl.Expr:
        """Give a column as numbers; null where a cell is none."""
        return self.text(name).cast(pl.Float64, strict=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """The domains of a folder, and what was found while reading them."""

    domains: Mapping[str, Domain]
    hashes: Mapping[str, str]
    found: tuple[pl.DataFrame, ...]

    def get(self, *names: str) -> list[Domain]:
        """Give those of the named domains that are there."""
        return [self.domains[name] for name in names if name in self.domains]


def sdtm_files(folder: Path) -> dict[str, list[Path]]:
    """Give the data files of a folder by their name in capitals, without ending."""
    named: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            named.setdefault(path.stem.upper(), []).append(path)
    return named


def load(folder: Path) -> Sources:
    """Read every domain that is used, and name the files that are not."""
    named = sdtm_files(folder)
    parts: dict[str, list[Domain]] = {}
    found, hashes = [], {}
    for name, paths in named.items():
        domain = _domain_of(name)
        if domain is None:
            found += [once("sdtm-file-not-read", file=path.name) for path in paths]
            continue
        if len(paths) > 1:
            both = " and ".join(path.name for path in paths)
            raise InputError(f"{both} are both there; keep one of them, so that they cannot disagree.")
        frame, about = read_dataset(paths[0])
        found += about
        hashes[paths[0].name] = sha256(paths[0])
        parts.setdefault(domain, []).append(Domain(name=domain, file=paths[0].name, frame=frame))
    domains = {name: _joined(name, read) for name, read in parts.items()}
    for name in SUPPLEMENTED:
        parent = name.removeprefix("SUPP")
        if name in domains and parent in domains:
            domains[parent], about = _supplemented(domains[parent], domains.pop(name))
            found += about
    return Sources(domains=domains, hashes=hashes, found=tuple(found))


def _domain_of(name: str) -> str | None:
    """Give the domain of a file; QSEDSS and RSKF are parts of a split QS and RS."""
    if name in DOMAINS or name in SUPPLEMENTED:
        return name
    split = name.removeprefix("SUPP")[:2]
    if split in ("RS", "QS", "FT", "OE", "NV", "MO") and len(name.removeprefix("SUPP")) in (3, 4):
        return f"SUPP{split}" if name.startswith("SUPP") else split
    return None


def _joined(name: str, parts: list[Domain]) -> Domain:
    file = " + ".join(part.file for part in parts)
    return Domain(name=name, file=file, frame=pl.concat([part.frame for part in parts], how="diagonal"))


def _supplemented(parent: Domain, more: Domain) -> tuple[Domain, list[pl.DataFrame]]:
    """Give a domain with the supplemental qualifiers of its rows as columns."""
    if not more.has("USUBJID", "QNAM", "QVAL"):
        raise InputError(f"{more.file} lacks USUBJID, QNAM or QVAL, so it supplements nothing.")
    frame, found = parent.frame, []
    rows = more.frame.with_columns(
        more.text("IDVAR"), more.text("IDVARVAL"), pl.col("QNAM").str.to_uppercase()
    )
    placed = pl.Series("row", [], dtype=pl.Int64)
    for (by,), part in rows.group_by("IDVAR", maintain_order=True):
        if by is not None and by not in frame.columns:
            continue
        on = ["USUBJID", *([] if by is None else [str(by)])]
        keyed = part.with_columns(pl.col("IDVARVAL").alias(str(by)))
        keyed = keyed.join(frame.select(on).unique(), on=on, how="semi")
        keyed = keyed.filter(pl.struct([*on, "QNAM"]).is_first_distinct())
        placed = placed.append(keyed["row"])
        wide = keyed.pivot(on="QNAM", index=on, values="QVAL", aggregate_function="first")
        for name in [column for column in wide.columns if column in frame.columns and column not in on]:
            wide = wide.rename({name: f"{name}_SUPP"})
        frame = frame.join(wide, on=on, how="left", maintain_order="left")
    lost = rows.filter(~pl.col("row").is_in(placed.to_list()))
    value = pl.format("{} = {}", "QNAM", pl.col("QVAL").fill_null(""))
    if lost.height:
        found.append(finding("sdtm-row-left-out", lost, file=more.file, column="IDVARVAL", value=value))
    for name in [column for column in frame.columns if column.endswith("_SUPP")]:
        both = pl.coalesce(name.removesuffix("_SUPP"), name).alias(name.removesuffix("_SUPP"))
        frame = frame.with_columns(both).drop(name)
    return Domain(name=parent.name, file=parent.file, frame=frame), found


def read_dataset(path: Path) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Give the rows of one file as text with `row`, and what was found."""
    suffix = path.suffix.lower()
    found: list[pl.DataFrame] = []
    if suffix == ".csv":
        frame = read_cells(path)
        cells = [
            pl.col(name).cast(pl.String).str.strip_chars().alias(name)
            for name in frame.columns
            if name != "row"
        ]
        frame = frame.select("row", *cells)
    elif suffix == ".xpt":
        frame = _xpt(path)
        found = _about_ascii(frame, path.name)
    else:
        frame = _dataset_json(path)
    names = {name: name.upper() for name in frame.columns if name != "row"}
    frame = frame.rename(names)
    empty = [pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in names.values()]
    return frame.with_columns(empty), found


def require_pyreadstat() -> Any:
    """Give pyreadstat, or say how to install it."""
    try:
        import pyreadstat
    except ImportError as error:
        raise InputError(f"{TO_INSTALL}.") from error
    return pyreadstat


def _xpt(path: Path) -> pl.DataFrame:
    """Read a SAS transport file; text that is not UTF-8 is taken for Windows-1252."""
    pyreadstat = require_pyreadstat()
    try:
        try:
            frame, _ = pyreadstat.read_xport(str(path), output_format="polars")
        except UnicodeDecodeError:
            frame, _ = pyreadstat.read_xport(str(path), output_format="polars", encoding="WINDOWS-1252")
    except (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path.name} is not a SAS transport file that can be read: {error}.") from error
    cells = [_cell(name, dtype) for name, dtype in frame.schema.items()]
    return _numbered(frame.select(cells))


def _cell(name: str, dtype: Any) -> pl.Expr:
    """Give a column as text; whole numbers without decimals."""
    if dtype == pl.String:
        return pl.col(name).str.strip_chars_end()
    if dtype.is_numeric():
        return pl.col(name).cast(pl.Float64).fill_nan(None).cast(pl.String).str.replace(r"\.0$", "")
    return pl.col(name).cast(pl.String)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index("row", offset=2).with_columns(pl.col("row").cast(pl.Int64))


def _about_ascii(frame: pl.DataFrame, file: str) -> list[pl.DataFrame]:
    """Name every cell that is not ASCII; one pass finds the columns that hold any."""
    texts = [name for name in frame.columns if name != "row"]
    strange = {name: pl.col(name).str.contains(r"[^\x00-\x7F]") for name in texts}
    holds = frame.select(failing.any().alias(name) for name, failing in strange.items())
    found = []
    for name in [name for name in holds.columns if holds[name][0]]:
        rows = frame.filter(strange[name])
        if "USUBJID" in frame.columns:
            rows = rows.with_columns(pl.col("USUBJID").alias("subject"))
        found.append(finding("sdtm-not-ascii", rows, file=file, column=name, value=pl.col(name)))
    return found


def _dataset_json(path: Path) -> pl.DataFrame:
    """Read Dataset-JSON 1.1, plain, as lines, or compressed as lines."""
    content = path.read_bytes()
    if path.suffix.lower() == ".dsjc":
        try:
            content = zlib.decompress(content, GZIP_OR_ZLIB)
        except zlib.error as error:
            raise InputError(
                f"{path.name} cannot be unpacked ({error}); the file is damaged or was cut off: copy it anew."
            ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 at byte {error.start}; Dataset-JSON must be.") from error
    head, rows = _parsed(path, text)
    names = _columns(path, head)
    for number, row in enumerate(rows, start=2):
        if not isinstance(row, list) or len(row) != len(names):
            size = len(row) if isinstance(row, list) else "no"
            raise InputError(
                f"{path.name}, row {number}: {size} cells, but {len(names)} columns are named; the file is "
                "damaged: copy it anew."
            )
    if isinstance(head.get("records"), int) and head["records"] != len(rows):
        raise InputError(
            f"{path.name} says that it holds {head['records']} records, but there are {len(rows)}; the file "
            "is damaged or was cut off: copy it anew."
        )
    cells = [_json_column(name, [row[place] for row in rows]) for place, name in enumerate(names)]
    frame = pl.DataFrame(cells)
    return _numbered(frame.select(_cell(name, dtype) for name, dtype in frame.schema.items()))


def _parsed(path: Path, text: str) -> tuple[Mapping[str, Any], list[Any]]:
    """Give the metadata and the rows; in lines, the metadata are the first line."""
    try:
        if path.suffix.lower() == ".json":
            head: Any = json.loads(text)
            rows = head.get("rows", []) if isinstance(head, dict) else None
        else:
            lines = [json.loads(line) for line in text.splitlines() if line.strip()]
            head, rows = (lines[0], lines[1:]) if lines else ({}, [])
    except json.JSONDecodeError as error:
        raise InputError(f"{path.name} is not valid JSON: {error}.") from error
    version = head.get("datasetJSONVersion") if isinstance(head, dict) else None
    if not isinstance(version, str) or not version.startswith("1.1") or not isinstance(rows, list):
        raise InputError(
            f"{path.name} is not Dataset-JSON 1.1: datasetJSONVersion is {version!r}; it must begin with "
            "'1.1'. Convert it, or give the data as XPT or CSV."
        )
    return head, rows


def _columns(path: Path, head: Mapping[str, Any]) -> list[str]:
    columns = head.get("columns")
    listed = columns if isinstance(columns, list) else []
    names = [column.get("name") if isinstance(column, dict) else None for column in listed]
    texts = [name for name in names if isinstance(name, str) and name]
    if not texts or len(texts) != len(names):
        raise InputError(f"{path.name} does not name its columns; Dataset-JSON lists each with its name.")
    twice = sorted({name for name in texts if texts.count(name) > 1})
    if twice:
        raise InputError(f"{path.name}: the columns {twice} stand there more than once; keep one of each.")
    return texts


def _json_column(name: str, cells: list[Any]) -> pl.Series:
    """Give the cells of a column as numbers where all are, otherwise as text."""
    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known):
        return pl.Series(name, cells, dtype=pl.Float64, strict=False)
    texts = [cell if cell is None or isinstance(cell, str) else json.dumps(cell) for cell in cells]
    return pl.Series(name, texts, dtype=pl.String)
