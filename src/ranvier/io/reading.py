"""Read a trial from its folder."""

from __future__ import annotations

import os
import tomllib
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath, PureWindowsPath

import polars as pl

from ranvier.errors import InputError, suggest
from ranvier.io._dates import days_from_dates
from ranvier.io._files import read_cells, sha256, text_of
from ranvier.tables import FINDING_SCHEMA, READING_RULES, TABLES, parse
from ranvier.trial import Protocol, Trial

__all__ = ["read_trial"]

PROTOCOL = "trial.toml"
READ = (".csv", ".parquet")
NOT_READ = (".tsv", ".xls", ".xlsx", ".ods")
ALIKE = 0.75
"""Likeness of names (0 to 1) from which a file is taken for a misspelt table."""
MASKS = "masks"

RULES = {rule.id: rule for rule in READING_RULES}


def read_trial(folder: str | os.PathLike[str]) -> Trial:
    """Give the trial that a folder holds.

    Parameters
    ----------
    folder : path
        Folder with trial.toml, subjects and visits, and where there are any, doses, relapses, mri and
        adverse_events, each as .csv or .parquet; lesion masks below masks/.

    Returns
    -------
    Trial
        Tables with `row`, the row of the file; where dates were given, the day beside the date.

    Raises
    ------
    InputError
        When the folder, trial.toml or a needed file is missing or cannot be read, a file's name is close to
        that of a table, or there is no patient.

    Notes
    -----
    A column `date` may stand in place of `day`, and `end_date` in place of `end_day`, and so on. Dates become
    whole days from the subject's first dose, or from enrolment for a subject without a dose. Of a partial
    date the middle is used: the 15th of the month, 1 July of the year. A cell that cannot be read is no
    failure but a finding: see `Trial.check`.

    Examples
    --------
    >>> read_trial("no-such-folder")
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: there is no folder 'no-such-folder'; give the folder that holds trial.toml.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {str(folder)!r}; give the folder that holds trial.toml.")
    protocol = _protocol(folder)
    paths, unknown = _table_files(folder)
    files = {name: path.name for name, path in paths.items()}
    raw = {name: read_cells(path) for name, path in paths.items()}
    raw, found = days_from_dates(raw, files)
    tables = {}
    for name, frame in raw.items():
        tables[name], about = parse(name, frame, file=files[name])
        found.append(about)
    if tables["subjects"].is_empty():
        raise InputError(f"{files['subjects']} holds no patients yet; add one row for each patient.")
    found += [_about_file(name) for name in unknown]
    masks: dict[str, Path] = {}
    if "mri" in tables:
        masks, about_masks = _masks(folder, tables["mri"], files["mri"])
        found += about_masks
    hashes = {path.name: sha256(path) for path in (folder / PROTOCOL, *paths.values())}
    hashes |= {path.relative_to(folder).as_posix(): sha256(path) for path in masks.values()}
    return Trial(
        protocol=protocol,
        tables=tables,
        files=files,
        hashes=hashes,
        masks=masks,
        read_findings=pl.concat([pl.DataFrame(schema=FINDING_SCHEMA), *found]),
    )


def _protocol(folder: Path) -> Protocol:
    path = folder / PROTOCOL
    if not path.is_file():
        names = sorted(file.name for file in folder.iterdir() if file.is_file())
        raise InputError(
            f"{folder} holds no {PROTOCOL}, the protocol of the trial.{_did_you_mean(PROTOCOL, names)}"
        )
    try:
        content = tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{PROTOCOL} is not valid TOML: {error}.") from error
    return Protocol.from_dict(content)


def _table_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Find the file of each table, and the files that are none; refuse whatever may be one misspelt."""
    present = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    paths: dict[str, Path] = {}
    unknown = []
    for path in present:
        if path.suffix in READ and path.stem in TABLES:
            if path.stem in paths:
                raise InputError(f"{paths[path.stem].name} and {path.name} are both there; keep one of them.")
            paths[path.stem] = path
        elif path.suffix.lower() in (*READ, *NOT_READ):
            _refuse_lookalike(path)
            unknown.append(path.name)
    for name, definition in TABLES.items():
        if definition.required and name not in paths:
            hint = _did_you_mean(f"{name}.csv", [path.name for path in present])
            raise InputError(
                f"{folder} holds neither {name}.csv nor {name}.parquet, which a trial needs.{hint}"
            )
    return paths, unknown


def _refuse_lookalike(path: Path) -> None:
    """Refuse a file that may hold a table under a wrong name, so that no data are passed over."""
    stem = path.stem.strip().casefold()
    for name in TABLES:
        alike = name in stem or (len(stem) > 3 and stem in name)
        if not alike and SequenceMatcher(None, stem, name).ratio() < ALIKE:
            continue
        if path.suffix.lower() in NOT_READ:
            raise InputError(f"{path.name} is not read: save it as {name}.csv (CSV UTF-8), or move it away.")
        raise InputError(
            f"{path.name} is not the name of a table. Did you mean '{name}.csv'? Rename it, or move it "
            "away if it is not part of the trial."
        )


def _did_you_mean(name: str, names: list[str]) -> str:
    close = suggest(name, names)
    return f" There is {close!r}: did you mean that by {name!r}? Then rename it." if close else ""


def _about_file(name: str) -> pl.DataFrame:
    return RULES["file-unknown"].findings(pl.DataFrame({"row": [None]}), file=name, column=None)


def _masks(folder: Path, mri: pl.DataFrame, file: str) -> tuple[dict[str, Path], list[pl.DataFrame]]:
    """Give the file of each mask that mri names, and a finding for each that is not there."""
    masks: dict[str, Path] = {}
    broken: dict[str, list[str]] = {"mask-outside-folder": [], "mask-not-found": []}
    for name in mri["mask"].drop_nulls().unique().sort():
        inside = _inside(name)
        path = folder / MASKS / inside if inside else None
        if path is None or not path.resolve().is_relative_to(folder.resolve()):
            broken["mask-outside-folder"].append(name)
        elif not path.is_file():
            broken["mask-not-found"].append(name)
        else:
            masks[name] = path
    found = []
    for rule, names in broken.items():
        rows = mri.filter(pl.col("mask").is_in(names))
        found.append(RULES[rule].findings(rows, file=file, column="mask", value=pl.col("mask")))
    return masks, found


def _inside(name: str) -> str | None:
    """Give the path below masks/, or None when it leads out of it; `masks/` itself may be written or not."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(name).drive or ".." in path.parts:
        return None
    parts = path.parts[1:] if path.parts[:1] == (MASKS,) else path.parts
    return "/".join(parts) or None
