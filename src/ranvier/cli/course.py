"""The work of `ranvier course`: confirmed events of the visits in one file."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ranvier._version import __version__
from ranvier.errors import DefinitionError, InputError, RanvierWarning

if TYPE_CHECKING:
    from ranvier.course import CourseEvents, Definition

__all__ = ["CourseMade", "run"]

ENDINGS = (".toml", ".json")
"""A definition that ends so is a file, even one that is not there."""


@dataclass(frozen=True, kw_only=True)
class CourseMade:
    """What was found, and where it was written.

    Parameters
    ----------
    found : CourseEvents
        The events.
    patients : int
        Patients in the file of visits.
    day_zero : {"as given", "first dose", "first visit"}
        What days are counted from.
    day_note : str
        The same in words; empty when the files hold days.
    written : tuple of Path
        The files; none without a folder.
    """

    found: CourseEvents
    patients: int
    day_zero: str
    day_note: str
    written: tuple[Path, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What a reader must not miss: about day 0 first, then about the definition."""
        return [*([self.day_note] if self.day_note else []), *self.found.notes]

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
            Keys ranvier, definition, settings (which may be given as a definition again), day_zero, patients,
            counts, notes, left_out, and written or events.
        """
        settings = self.found.settings()
        content: dict[str, Any] = {
            "ranvier": __version__,
            "definition": self.found.definition.name,
            "settings": settings.to_dict(),
            "day_zero": self.day_zero,
            "patients": self.patients,
            "counts": self.counts(),
            "notes": self.notes,
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
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join([*lines, *map(str, self.written)])


def run(
    visits: Path, relapses: Path | None, subjects: Path | None, definition: str, out: Path | None
) -> CourseMade:
    """Find the events of one definition, and write them where a folder is given.

    Parameters
    ----------
    visits : Path
        File of visits, by day or by date.
    relapses : Path or None
        File of relapses; no type is given without it.
    subjects : Path or None
        File of first doses, from which dates are counted; the first visit is day 0 without it.
    definition : str
        Name of a preset of `ranvier.course`, or a .toml or .json file.
    out : Path or None
        Folder to write to.

    Returns
    -------
    CourseMade
        The events and the files.

    Raises
    ------
    InputError, DefinitionError
        When a file cannot be read or the definition does not exist or is none.
    """
    from ranvier import course, io

    chosen = _definition(definition)
    files = io.read_course(visits, relapses, subjects=subjects)
    if files.day_zero == "first visit" and chosen.baseline.start == "pre-treatment":
        raise InputError(
            f"definition {chosen.name!r} takes its baseline from visits before treatment, but the dates do "
            "not say when treatment began; give --subjects with first_dose_date."
        )
    with warnings.catch_warnings():  # the same sentence stands among the notes, which are printed
        warnings.simplefilter("ignore", RanvierWarning)
        found = course.events(files.visits, files.relapses, definition=chosen)
    made = CourseMade(
        found=found,
        patients=files.visits["subject"].n_unique(),
        day_zero=files.day_zero,
        day_note=files.note,
    )
    if out is None:
        return made
    settings = {name: part for name, part in made.to_dict().items() if name != "events"}
    return replace(
        made, written=io.write_course(out, events=found.table, trace=found.trace, settings=settings)
    )


def _definition(word: str) -> Definition:
    """Take the name of a preset, or the options of a file."""
    from ranvier import course, io

    file = Path(word)
    if file.suffix.casefold() not in ENDINGS and not file.is_file():
        return course.preset(word)
    options = io.read_definition(file)
    try:
        return course.definition_from(options)
    except (DefinitionError, InputError) as error:
        raise DefinitionError(f"{file.name}: {error}") from error
