"""Write a trial as SDTM files."""

from __future__ import annotations

import os
from pathlib import Path

from ranvier.errors import require_choice
from ranvier.io._draft import new_folder
from ranvier.io._sdtm_datasets import datasets
from ranvier.io._sdtm_formats import FORMATS, require_writable, write_dataset
from ranvier.io.writing import protocol_toml
from ranvier.trial import Trial

__all__ = ["write_sdtm"]


def write_sdtm(trial: Trial, folder: str | os.PathLike[str], *, format: str = "xpt") -> Path:  # noqa: A002
    """Write a trial as SDTM datasets and trial.toml, which `read_sdtm` reads back.

    Parameters
    ----------
    trial : Trial
        The trial.
    folder : path
        A folder that does not exist yet, or is empty.
    format : {"xpt", "dataset-json", "csv"}
        SAS transport version 5 (needs the extra `sdtm`), Dataset-JSON 1.1, or CSV.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        When the folder holds something, a text is not ASCII or longer than 200 bytes (SAS transport only), a
        first dose is not on day 0, a dose of cells is 0, or a file does not come back as it was written. The
        message names table, row, column and value.

    Notes
    -----
    Written are TS, TA, TV, DM, MH, EX, AE, CE, SV, RS, FT, OE, NV and their SUPP--, for the tables that the
    trial has. Dates are written where the trial knows the date of day 0, study days always; a day that was
    imputed is not written, the partial date is. Everything is written or nothing, and each file is read back
    and compared.

    Grades are written as KFSS when `edss_scheme` is kurtzke1983. Neurostatus grades, ambulation and lesions
    have no code in SDTM; their codes (NSFS..., T2LESNUM, ...) are ours and must be declared in define.xml,
    which is not written. Scans without any measurement and lesion masks themselves are not written.

    References
    ----------
    CDISC Study Data Tabulation Model Implementation Guide: Human Clinical Trials, version 3.4 (2021). CDISC
    Dataset-JSON 1.1 (2024). SAS Institute. The record layout of a data set in SAS transport (XPORT) format,
    TS-140.

    Examples
    --------
    >>> import tempfile
    >>> import polars as pl
    >>> from ranvier.io import read_sdtm
    >>> from ranvier.tables import parse
    >>> from ranvier.trial import Protocol
    >>> protocol = Protocol(id="t", title="T", design="case_series", data_kind="patients", disease="MS")
    >>> subjects, _ = parse("subjects", pl.DataFrame(
    ...     {"subject": ["P1"], "arm": ["a"], "diagnosis": ["MS"], "treated": ["no"]}))
    >>> visits, _ = parse("visits", pl.DataFrame({"subject": ["P1"], "day": ["-3"], "edss": ["4.5"]}))
    >>> trial = Trial(protocol=protocol, tables={"subjects": subjects, "visits": visits})
    >>> folder = write_sdtm(trial, Path(tempfile.mkdtemp()) / "sdtm", format="csv")
    >>> print((folder / "rs.csv").read_text().splitlines()[1][:33])
    t,RS,P1,1,EDSS0101,EDSS01-Expande
    >>> read_sdtm(folder).visits.select("day", "edss").rows()
    [(-3, 4.5)]
    """
    require_choice("format", format, FORMATS)
    with new_folder(folder) as draft:
        for dataset in datasets(trial):
            require_writable(dataset, format)
            write_dataset(dataset, draft, format)
        (draft / "trial.toml").write_text(protocol_toml(trial.protocol), encoding="utf-8", newline="\n")
    return Path(folder)
