"""The work of `ranvier course`: confirmed events of the visits in one file."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ranvier._version import __version__
from ranvier.errors import RanvierWarning

if TYPE_CHECKING:
    from ranvier.course import CourseEvents

__all__ = ["CourseMade", "run"]


@dataclass(frozen=True, kw_only=True)
class CourseMade:
    """What was found, and where it was written.

    Parameters
    ----------
    found : CourseEvents
        The events.
    patients : int
        Patients in the file of visits.
    written : tuple of Path
        The files; none without a folder.
    """

    found: CourseEvents
    patients: int
    written: tuple[Path, ...]

    def counts(self) -> list[dict[str, Any]]:
        """Count events and patients of each kind and type.

        Returns
        -------
        list of dict
            Keys event, type, events, patients.
        """
        import polars as pl

        keys = ["event", "type"]
        counted = self.found.table.group_by(keys).agg(
            pl.len().alias("events"), pl.col("subject").n_unique().alias("patients")
        )
        return counted.sort(keys, nulls_last=True).to_dicts()

    def to_dict(self) -> dict[str, Any]:
        """Give everything, JSON-ready; the rows only when they were not written.

        Returns
        -------
        dict
            Keys version, definition, settings, patients, counts, notes, left_out, and written or events.
        """
        settings = self.found.settings()
        content: dict[str, Any] = {
            "ranvier": __version__,
            "definition": self.found.definition.name,
            "settings": settings.to_dict(),
            "patients": self.patients,
            "counts": self.counts(),
            "notes": list(self.found.notes),
            "left_out": [{"n": left.n, "reason": left.reason} for left in self.found.left_out],
        }
        if self.written:
            return content | {"written": [str(path) for path in self.written]}
        return content | {"events": self.found.table}

    def text(self) -> str:
        """Say what counted, how many events there are, and what must be read beside them.

        Returns
        -------
        str
            Lines.
        """
        from ranvier.result import plural

        settings = self.found.settings()
        lines = [settings.text, f"settings hash {settings.hash}", ""]
        lines += [
            f"{plural(row['events'], row['event'])}{f' ({kind})' if (kind := row['type']) else ''} in "
            f"{plural(row['patients'], 'patient')} of {self.patients}"
            for row in self.counts()
        ] or [f"no event in {plural(self.patients, 'patient')}"]
        lines += [f"left out: {left.n} ({left.reason})" for left in self.found.left_out if left.n]
        lines += [f"note: {note}" for note in self.found.notes]
        return "\n".join([*lines, *map(str, self.written)])


def run(visits: Path, relapses: Path | None, definition: str, out: Path | None) -> CourseMade:
    """Find the events of one definition, and write them where a folder is given.

    Parameters
    ----------
    visits : Path
        File of visits.
    relapses : Path or None
        File of relapses; no type is given without it.
    definition : str
        Name of a preset of `ranvier.course`.
    out : Path or None
        Folder to write to.

    Returns
    -------
    CourseMade
        The events and the files.

    Raises
    ------
    InputError
        When a file cannot be read or the definition does not exist.
    """
    from ranvier import course, io

    chosen = course.preset(definition)
    rows = io.read_table(visits, "visits")
    near = None if relapses is None else io.read_table(relapses, "relapses")
    with warnings.catch_warnings():  # the same sentence stands among the notes, which are printed
        warnings.simplefilter("ignore", RanvierWarning)
        found = course.events(rows, near, definition=chosen)
    made = CourseMade(found=found, patients=rows["subject"].n_unique(), written=())
    if out is None:
        return made
    settings = {name: part for name, part in made.to_dict().items() if name != "events"}
    written = io.write_course(out, events=found.table, trace=found.trace, settings=settings)
    return CourseMade(found=found, patients=made.patients, written=written)
