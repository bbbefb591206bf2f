"""The work of `ranvier pool`: the studies of one file, checked and pooled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from ranvier.evidence import PooledTable
    from ranvier.report import Report

__all__ = ["PoolMade", "run"]


@dataclass(frozen=True, kw_only=True)
class PoolMade:
    """What was pooled, and where it was written.

    Parameters
    ----------
    findings : polars.DataFrame
        What the checks found; columns of `ranvier.tables.FINDING_SCHEMA`.
    found : PooledTable or None
        The pools; None when an error stopped them.
    page : Report or None
        The page.
    written : tuple of Path
        The files; none without a folder.
    """

    findings: pl.DataFrame
    found: PooledTable | None = None
    page: Report | None = None
    written: tuple[Path, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Say whether anything was found: by the checks, or wrong in a pooled value."""
        lints = [] if self.page is None else self.page.meta["lints"].values()
        wrong = any(each["severity"] == "wrong" for group in lints for each in group)
        return wrong or self.findings.height > 0

    def to_dict(self) -> dict[str, Any]:
        """Give files or pools, lints and findings, JSON-ready.

        Returns
        -------
        dict
            Keys written and findings, or measure, pools, lints and findings.
        """
        if self.found is None or self.page is None:
            return {"pools": {}, "findings": self.findings}
        if self.written:
            return {"written": [str(path) for path in self.written], "findings": self.findings}
        return {**self.found.to_dict(), "lints": self.page.meta["lints"], "findings": self.findings}

    def text(self) -> str:
        """Say what came out, or where the files are; empty when nothing was pooled.

        Returns
        -------
        str
            Lines.
        """
        if self.found is None or self.page is None:
            return ""
        if self.written:
            return "\n".join(map(str, self.written))
        lines = []
        for name, pool in self.found.pools.items():
            lines += [name, pool.explain()] if len(self.found.pools) > 1 else [pool.explain()]
            lines += [f"{each['severity']}: {each['sentence']}" for each in self.page.meta["lints"][name]]
            lines.append("")
        return "\n".join(lines).rstrip()


def run(file: Path, out: Path | None, *, by: str | None, measure: str | None, **options: Any) -> PoolMade:
    """Check the studies of a file, pool them, and write the page where a folder is given.

    Parameters
    ----------
    file : Path
        CSV or Parquet file of studies.
    out : Path or None
        Folder to write to.
    by, measure : str or None
        As for `ranvier.evidence.pool_table`.
    **options
        method, interval, level and correlation of `ranvier.evidence.pool_table`.

    Returns
    -------
    PoolMade
        Findings, and pools and files where no finding is an error.

    Raises
    ------
    InputError
        When the file or an option cannot be used.
    """
    from ranvier import evidence, report

    studies = evidence.read_studies(file)
    findings = evidence.check_studies(studies, measure=measure, by=by, file=file.name)
    if findings.filter(severity="error").height:
        return PoolMade(findings=findings)
    found = evidence.pool_table(studies, measure=measure, by=by, **options)
    page = report.build_pool(found)
    made = PoolMade(findings=findings, found=found, page=page)
    if out is None:
        return made
    return PoolMade(findings=findings, found=found, page=page, written=page.save_all(out, "pool"))
