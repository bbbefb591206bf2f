"""The work of `ranvier safety`: every number on harm of the trial in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from ranvier.report import Report
    from ranvier.verdict import Harms

__all__ = ["SafetyMade", "run"]


@dataclass(frozen=True, kw_only=True)
class SafetyMade:
    """What was counted, and where it was written.

    Parameters
    ----------
    harms : Harms
        Every number on harm.
    page : Report
        The page.
    errors : polars.DataFrame
        Errors that the checks found in patients, doses and adverse events; the page lists them.
    written : tuple of Path
        The files; none without a folder.
    """

    harms: Harms
    page: Report
    errors: pl.DataFrame
    written: tuple[Path, ...]

    def tables(self) -> dict[str, pl.DataFrame]:
        """Give every table by the name of its file.

        Returns
        -------
        dict
            Names without ending to tables; what cannot be made is absent.
        """
        import polars as pl

        harms = self.harms
        found = {
            "incidence": harms.incidence.table,
            "no_events": harms.none_seen.table,
            "serious_events": harms.listing.table,
            "first_events": harms.first.table,
            "events_over_time": harms.over_time.table,
        }
        if harms.comparison is not None:
            found["comparison"] = harms.comparison.table
        if harms.worst is not None:
            found["worst_grade"] = harms.worst.counts()
        if harms.rules:
            found["stopping_rules"] = pl.concat(
                [
                    each.state.boundary.table().select(pl.lit(each.rule.id).alias("rule"), pl.all())
                    for each in harms.rules
                ]
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Give everything, JSON-ready; the page as sections, the tables as rows when they were not written.

        Returns
        -------
        dict
            Keys written, or those of the page and tables.
        """
        if self.written:
            return {"written": [str(path) for path in self.written]}
        return self.page.to_dict() | {"tables": self.tables()}

    def text(self) -> str:
        """Say what the page says, or where the files are.

        Returns
        -------
        str
            Lines.
        """
        return "\n".join(map(str, self.written)) if self.written else self.page.explain()


def run(
    folder: Path, out: Path | None, *, by: str | None, among: str, products: Mapping[str, str] | None = None
) -> SafetyMade:
    """Count and compare adverse events, and write tables and page where a folder is given.

    Parameters
    ----------
    folder : Path
        Folder of a trial, or of SDTM files.
    out : Path or None
        Folder to write to.
    by, among : str
        As for `ranvier.report.build_safety`.
    products : mapping of str to str, optional
        For SDTM: what a treatment of EXTRT is, as for `ranvier.io.read_sdtm`.

    Returns
    -------
    SafetyMade
        The numbers and the files.

    Raises
    ------
    InputError
        When the folder cannot be read or the data cannot be used.
    """
    from ranvier import io, report, verdict

    trial = io.read_sdtm(folder, products=products) if io.is_sdtm(folder) else io.read_trial(folder)
    harms = verdict.analyse_harms(trial, by=by, among=among)
    page = report.build_safety(trial, harms=harms)
    made = SafetyMade(harms=harms, page=page, errors=report.safety_errors(trial), written=())
    if out is None:
        return made
    pages = made.page.save_all(out, "safety")
    files = [io.write_table(table, out / f"{name}.csv") for name, table in made.tables().items()]
    return SafetyMade(harms=harms, page=page, errors=made.errors, written=(*pages, *files))
