"""One file of a trial folder: its bytes, and its cells as text."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from pathlib import Path

import polars as pl

from ranvier.errors import InputError, suggest

__all__ = ["existing_file", "read_cells", "refuse_errors", "sha256", "text_of"]

BINARY = {
    b"PK\x03\x04": "an Excel workbook or another zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
}
UTF16 = (b"\xff\xfe", b"\xfe\xff")
CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Bytes that no spreadsheet writes and no page can show."""
SAVE_AS = "save it from the spreadsheet as 'CSV UTF-8 (comma separated)'"


def existing_file(path: str | os.PathLike[str], what: str) -> Path:
    """Give the path of a file that is there, or name the one that may be meant."""
    file = Path(path)
    if file.is_file():
        return file
    near = [other.name for other in file.parent.glob("*") if other.is_file()] if file.parent.is_dir() else []
    close = suggest(file.name, near)
    hint = f" Did you mean {close!r}?" if close else ""
    raise InputError(f"there is no file {str(file)!r}; give {what}.{hint}")


def refuse_errors(findings: pl.DataFrame, file: str) -> None:
    """Refuse a single file for the first cell or column that cannot be read."""
    errors = findings.filter(pl.col("severity") == "error")
    if errors.is_empty():
        return
    first = errors.row(0, named=True)
    place = f", row {first['row']}" if first["row"] else ""
    more = f" There are {errors.height - 1} more such cells or columns." if errors.height > 1 else ""
    raise InputError(
        f"{file}{place}, column {first['column']}: {first['value']!r}: {first['message']} "
        f"{first['advice']}{more}"
    )


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_of(path: Path) -> str:
    """Give the text of a file, or say why it is not UTF-8 text."""
    content = path.read_bytes()
    for head, what in BINARY.items():
        if content.startswith(head):
            raise InputError(f"{path.name} is not a text file but {what}; {SAVE_AS}.")
    if content.startswith(UTF16):
        raise InputError(f"{path.name} is in UTF-16, not in UTF-8; {SAVE_AS}.")
    if b"\0" in content:
        raise InputError(f"{path.name} is not a text file: it holds binary content; {SAVE_AS}.")
    if strange := CONTROL.search(content):
        line = content.count(b"\n", 0, strange.start()) + 1
        raise InputError(
            f"{path.name}, line {line}: there is a control character ({strange.group()[0]:#04x}); delete it."
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path.name}, line {line}: byte {content[error.start]:#04x} is not UTF-8; {SAVE_AS}."
        ) from error


def read_cells(path: Path) -> pl.DataFrame:
    """Give the cells of a CSV or Parquet file, and `row` as a spreadsheet numbers it."""
    frame = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    names = [name.strip().casefold() for name in frame.columns]
    if "row" in names:
        raise InputError(f"{path.name}: the column 'row' is taken: rows are numbered on reading; rename it.")
    return frame.with_row_index("row", offset=2).with_columns(pl.col("row").cast(pl.Int64))


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path.name} is not a Parquet file that can be read: {error}.") from error


def _csv(path: Path) -> pl.DataFrame:
    text = text_of(path).rstrip("\n") + "\n"
    if not text.strip():
        raise InputError(f"{path.name} is empty; its first line must name the columns.")
    header, rows, blank = _shape(path, text)
    if blank:
        text = _with_cells_in_blank_lines(text, len(header))
    frame = pl.read_csv(io.BytesIO(text.encode()), infer_schema=False, truncate_ragged_lines=True)
    if frame.shape != (rows, len(header)):
        raise InputError(f"{path.name}: quotes do not pair up, so cells cannot be told apart; {SAVE_AS}.")
    return _without_nameless(path, header, frame)


def _shape(path: Path, text: str) -> tuple[list[str], int, bool]:
    """Check that every row has as many cells as the header; give header, count of rows and if any is blank.

    Polars fills short rows silently, so the cells are counted here.
    """
    reader = csv.reader(io.StringIO(text), strict=True)
    rows, blank = 0, False
    try:
        header = _header(path, next(reader))
        for cells in reader:
            rows += 1
            if not cells:
                blank = True
            elif len(cells) != len(header):
                raise InputError(
                    f"{path.name}, line {reader.line_num}: {len(cells)} cells, but the header names "
                    f"{len(header)} columns; a comma may be missing, or stand inside a cell without quotes."
                )
    except csv.Error as error:
        raise InputError(
            f"{path.name}, line {reader.line_num}: quotes are wrong ({error}); {SAVE_AS}."
        ) from error
    return header, rows, blank


def _with_cells_in_blank_lines(text: str, width: int) -> str:
    """Give blank lines empty cells, so that rows keep their numbers."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerows(cells or [""] * width for cells in csv.reader(io.StringIO(text), strict=True))
    return made.getvalue()


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    for mark, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(cells) == 1 and mark in cells[0]:
            raise InputError(
                f"{path.name}: columns are separated by {word}; commas are needed, and decimal points in "
                f"numbers. To get them, {SAVE_AS}, with English regional settings."
            )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputError(f"{path.name}: the columns {twice} stand there more than once; keep one of each.")
    return names


def _without_nameless(path: Path, header: list[str], frame: pl.DataFrame) -> pl.DataFrame:
    """Drop columns that have neither name nor value, which spreadsheets leave behind."""
    places = [place for place, name in enumerate(header) if not name]
    for place in places:
        column = frame.to_series(place)
        if not column.is_null().all():
            raise InputError(f"{path.name}: column {place + 1} holds values but has no name; name it.")
    kept = [place for place, name in enumerate(header) if name]
    return pl.DataFrame([frame.to_series(place).alias(header[place]) for place in kept])
