"""Read a trial from a folder of SDTM files."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ranvier.errors import InputError, require_choice, suggest
from ranvier.io._files import sha256, text_of
from ranvier.io._sdtm_days import make_clock
from ranvier.io._sdtm_events import adverse_events, relapses
from ranvier.io._sdtm_files import Domain, Sources, load, sdtm_files
from ranvier.io._sdtm_protocol import build_protocol
from ranvier.io._sdtm_rules import finding, once
from ranvier.io._sdtm_subjects import assign, doses, given_doses, subjects
from ranvier.io._sdtm_visits import measured, scans, visits
from ranvier.result import plural
from ranvier.tables import FINDING_SCHEMA, TABLES, parse
from ranvier.trial import Protocol, Trial

__all__ = ["is_sdtm", "read_sdtm"]

ARMS = ("planned", "actual")
PROTOCOL = "trial.toml"
OWN = ("SUBJECTS", "VISITS")


def is_sdtm(folder: str | os.PathLike[str]) -> bool:
    """Say whether a folder holds SDTM: a DM domain, and no subjects or visits of a trial folder.

    Parameters
    ----------
    folder : path
        The folder.

    Returns
    -------
    bool
        True for a folder that `read_sdtm` reads.

    Examples
    --------
    >>> is_sdtm("no-such-folder")
    False
    """
    path = Path(folder)
    if not path.is_dir():
        return False
    named = sdtm_files(path)
    return "DM" in named and not any(name in named for name in OWN)


def read_sdtm(
    folder: str | os.PathLike[str],
    *,
    protocol: Protocol | None = None,
    arm: str = "planned",
    products: Mapping[str, str] | None = None,
) -> Trial:
    r"""Give the trial that a folder of SDTM files holds.

    Parameters
    ----------
    folder : path
        Folder with dm and, where there are any, ex, ae, ce, ds, mh, sc, sv, rs, qs, ft, oe, nv, mo, ta, ts,
        tv and their supp--, each as .xpt (SAS transport; needs the extra `sdtm`), .json, .ndjson or .dsjc
        (Dataset-JSON 1.1) or .csv.
    protocol : Protocol, optional
        What was planned. None = trial.toml of the folder where it is there; else what TS, TA and TV tell,
        with a finding for each assumption.
    arm : {"planned", "actual"}
        The arm of the analysis: ARM (as assigned) or ACTARM (as treated). Both are kept in the columns
        planned_arm and actual_arm, and every patient in whom they differ has a finding.
    products : mapping of str to str, optional
        What a treatment of EXTRT is: a product of the table doses, such as {"XANOMELINE": "msc"}. Needed for
        words that do not tell it.

    Returns
    -------
    Trial
        Tables with `row`, the row of the file (of the first of several). `read_findings` says what was
        assumed, left out, imputed or not read. Beside the columns of the tables there are: in subjects
        planned_arm, actual_arm, day0_date; in doses end_day and the amount as given; in adverse_events
        aeseq, aeterm, aesev, aerel, aetrtem, aestdtc, aeendtc as given, and day_flag, end_day_flag (D: the
        day was imputed, M: month and day); in relapses cestdtc and day_flag.

    Raises
    ------
    InputError
        When the folder or DM is missing, a file cannot be read or is there twice, it holds more than one
        study, or an argument is not allowed.

    Notes
    -----
    *Days.* Day 0 is the first row of EX in which something was given. A full date is counted from it; without
    one the study day is used (day 1 is RFSTDTC and follows day -1). Subjects without a dose are counted from
    RFSTDTC, else from consent.

    *Partial dates* of events: a start becomes the first day it can be, or the first dose where that is
    possible; an end the last day it can be, or the end of participation where that is possible. So an event
    that may have begun under treatment counts as such. Nothing is imputed where not even the year is known.

    *Treated* are the subjects with a row of EX in which something was given: a dose above 0, or 0 of placebo.
    Screen failures (no arm and no dose) are in no table; each has a finding.

    *EDSS* is kept as given. KFSS is Kurtzke 1983 and has no ambulation, so no step can be recomputed.

    References
    ----------
    CDISC Study Data Tabulation Model Implementation Guide: Human Clinical Trials, version 3.4 (2021), section
    4.4 on study days and partial dates. CDISC Dataset-JSON 1.1 (2024). Straub B et al. admiral: ADaM in R
    Asset Library, function derive_vars_dt with min_dates and max_dates, for the rule of imputation; the flags
    are those of --DTF in the CDISC Analysis Data Model Implementation Guide.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "dm.csv").write_text(
    ...     "STUDYID,USUBJID,RFSTDTC,ARMCD,ARM\nS,P1,2020-03-02,MSC,Cells\nS,P2,,SCRNFAIL,Failed\n")
    >>> _ = (folder / "ex.csv").write_text(
    ...     "USUBJID,EXTRT,EXDOSE,EXSTDTC\nP1,AUTOLOGOUS MSC,70000000,2020-03-02\n")
    >>> _ = (folder / "ae.csv").write_text(
    ...     "USUBJID,AEDECOD,AESER,AESTDTC\nP1,HEADACHE,N,2020-03\nP1,PYREXIA,N,2020-03-04\n")
    >>> trial = read_sdtm(folder)
    >>> trial.adverse_events.select("subject", "day", "term", "aestdtc", "day_flag").rows()
    [('P1', 0, 'HEADACHE', '2020-03', 'D'), ('P1', 2, 'PYREXIA', '2020-03-04', None)]
    >>> trial.read_findings.filter(rule="sdtm-screen-failure")["subject"].to_list()
    ['P2']
    """
    require_choice("arm", arm, ARMS)
    chosen = dict(products or {})
    for product in chosen.values():
        require_choice("product", product, TABLES["doses"].column("product").allowed)
    path = Path(folder)
    if not path.is_dir():
        raise InputError(
            f"there is no folder {str(path)!r}; give the folder that holds dm and the other domains."
        )
    _require_dm(path)
    sources = load(path)
    for domain in sources.domains.values():
        if domain.name not in ("TA", "TS", "TV") and not domain.has("USUBJID"):
            raise InputError(f"{domain.file} lacks USUBJID, so its rows belong to nobody; add it.")
    return _Reading(path, sources, protocol, arm, chosen).trial()


def _require_dm(folder: Path) -> None:
    names = sdtm_files(folder)
    if "DM" in names:
        return
    present = sorted(path.name for path in folder.iterdir() if path.is_file())
    close = suggest("dm.xpt", present)
    hint = f" There is {close!r}: did you mean that? Then rename it." if close else ""
    raise InputError(
        f"{folder} holds no DM (dm.xpt, .json, .ndjson, .dsjc or .csv), which names the subjects.{hint}"
    )


class _Reading:
    """One reading: the tables so far, and what was found."""

    def __init__(
        self, folder: Path, sources: Sources, protocol: Protocol | None, arm: str, products: dict[str, str]
    ) -> None:
        self.folder = folder
        self.sources = sources
        self.products = products
        self.found: list[pl.DataFrame] = [
            pl.DataFrame(schema=FINDING_SCHEMA),
            *sources.found,
            *_keys(sources),
        ]
        self.files: dict[str, str] = {}
        self.tables: dict[str, pl.DataFrame] = {}
        self.dm = sources.domains["DM"]
        self.given = given_doses(sources)
        self.clock = make_clock(self.dm, self.given)
        self.assigned, about = assign(self.dm, self.given, arm)
        self.found += about
        self.protocol = self._protocol(protocol)

    def _protocol(self, given: Protocol | None) -> Protocol:
        if given is not None:
            return given
        file = self.folder / PROTOCOL
        if not file.is_file():
            built, about = build_protocol(self.sources, self.assigned.arms, self.assigned.screened.height)
            self.found += about
            return built
        try:
            return Protocol.from_dict(tomllib.loads(text_of(file)))
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{PROTOCOL} is not valid TOML: {error}.") from error

    def trial(self) -> Trial:
        """Give the trial."""
        rows, about = subjects(self.sources, self.assigned, self.clock, self.protocol.disease)
        self._take("subjects", rows, about, self.dm.file)
        self._about_exposure()
        if self.given is not None:
            self._take("doses", *doses(self._of(self.given), self.clock, self.products), self.given.file)
        self._findings()
        for ae in self.sources.get("AE"):
            self._take("adverse_events", *adverse_events(self._of(ae), self.clock), ae.file)
        for ce in self.sources.get("CE"):
            self._take("relapses", *relapses(self._of(ce), self.clock), ce.file)
        hashes = dict(self.sources.hashes)
        if (self.folder / PROTOCOL).is_file():
            hashes[PROTOCOL] = sha256(self.folder / PROTOCOL)
        return Trial(
            protocol=self.protocol,
            tables=self.tables,
            files=self.files,
            hashes=hashes,
            read_findings=pl.concat(self.found),
        )

    def _findings(self) -> None:
        """Read visits and scans."""
        kept = {
            name: self._of(domain)
            for name, domain in self.sources.domains.items()
            if name not in ("TA", "TS", "TV")
        }
        sources = Sources(domains=kept, hashes={}, found=())
        labels = {visit.label.upper(): visit.label for visit in self.protocol.visits}
        held, about = measured(sources, self.clock, labels)
        self.found += about
        files = [domain.file for domain in sources.get("SV", "RS", "QS", "FT", "OE", "NV", "MO")]
        self._take("visits", *visits(held), " + ".join(files) or "sv")
        rows, about = scans(held)
        files = [domain.file for domain in sources.get("NV", "MO")]
        if rows.height or any(domain.height == 0 for domain in sources.get("NV", "MO")):
            self._take("mri", rows, about, " + ".join(files))

    def _of(self, domain: Domain) -> Domain:
        """Give a domain without the rows of subjects who were screened only, which are counted."""
        kept = self.assigned.keep(domain.frame)
        lost = domain.height - kept.height
        if lost and domain.name not in ("DM", "SC", "MH", "DS"):
            said = f"{plural(lost, 'row')} of subjects who were screened only"
            about = once("sdtm-not-mapped", file=domain.file, column="USUBJID", value=said)
            if not any(about.equals(each) for each in self.found):
                self.found.append(about)
        return Domain(name=domain.name, file=domain.file, frame=kept)

    def _about_exposure(self) -> None:
        """Count the rows of EX in which nothing was given."""
        if self.given is not None:
            nothing = self.sources.domains["EX"].height - self.given.height
            if nothing:
                said = f"{plural(nothing, 'row')} in which nothing was given"
                self.found.append(once("sdtm-not-mapped", file=self.given.file, column="EXDOSE", value=said))

    def _take(self, name: str, rows: pl.DataFrame, about: list[pl.DataFrame], file: str) -> None:
        """Type the rows of a table; its further columns go along as they are."""
        own = [column.name for column in TABLES[name].columns]
        extra = rows.select("row", *(column for column in rows.columns if column not in (*own, "row")))
        typed, unread = parse(name, rows.select(*own, "row"), file=file)
        if typed.height == extra.height:
            typed = typed.hstack(extra.drop("row"))
        self.tables[name] = typed
        self.files[name] = file
        self.found += [*about, unread]


def _keys(sources: Sources) -> list[pl.DataFrame]:
    """Name the rows whose sequence number stands twice for a subject."""
    found = []
    for domain in sources.domains.values():
        number = f"{domain.name}SEQ"
        if domain.has("USUBJID", number):
            twice = pl.struct("USUBJID", number).is_duplicated() & pl.col(number).is_not_null()
            rows = domain.frame.filter(twice).with_columns(pl.col("USUBJID").alias("subject"))
            value = pl.col(number)
            found.append(finding("sdtm-key-twice", rows, file=domain.file, column=number, value=value))
    return found
