"""Events of the disease course: worsening with its type, improvement, milestones, and the time to them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import polars as pl

from ranvier.course._arrays import Prepared, prepare
from ranvier.course._composite import COMPOSITE_REASONS, part_of_composite
from ranvier.course._notes import NO_RELAPSES, notes_on_one
from ranvier.course._run import reach, run
from ranvier.course._tables import (
    COURSE_TRACE_SCHEMA,
    EVENT_SCHEMA,
    decision_rows,
    event_rows,
    never_confirming,
)
from ranvier.course.definition import Definition, Settings
from ranvier.course.library import preset
from ranvier.course.reasons import COURSE_REASONS
from ranvier.course.settings import in_words
from ranvier.errors import InputError, RanvierWarning
from ranvier.result import Derivation, LeftOut, json_ready, number, plural

__all__ = ["CourseEvents", "events", "improvement", "milestone", "worsening"]

REFERENCES = ("Montobbio N et al. Mult Scler 2024, doi 10.1177/13524585241243157",)


@dataclass(frozen=True, kw_only=True, eq=False)
class CourseEvents(Derivation):
    """Confirmed events with the decisions that led to them.

    Parameters
    ----------
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    notes: tuple[str, ...] = ()

    def settings(self) -> Settings:
        """Give the definition as a paper states it, with its hash.

        Returns
        -------
        Settings
            `text`, `hash` and `options`.
        """
        settings: Settings = self.definition.settings()
        return settings

    def to_dict(self) -> dict[str, Any]:
        """Give every field and the hash of the settings, JSON-ready.

        Returns
        -------
        dict
            Field names to values; tables become lists of rows.
        """
        ready: dict[str, Any] = super().to_dict()
        return ready | {"settings": json_ready(self.settings().to_dict())}

    def explain(self, subject: str | None = None) -> str:
        """Say how the events were found, or what was decided about one patient.

        Parameters
        ----------
        subject : str, optional
            One patient; all of them when None.

        Returns
        -------
        str
            Sentences; one line per decision when a patient is named.

        Raises
        ------
        InputError
            When nothing was decided about the patient.
        """
        said = super().explain(subject)
        return said if subject is not None or not self.notes else f"{said} {' '.join(self.notes)}"

    def _sentence(self, row: Mapping[str, Any]) -> str:
        why = self.reasons[row["reason"]]
        day = "" if row["day"] is None else f"Day {row['day']}"
        if row["value"] is None:
            return f"{day}: {why}."
        seen = f"{day}: {in_words(row['measure'])} {number(row['value'], digits=_digits(row['value']))}"
        if row["step"] == "reference":
            return f"{seen}: reference {row['outcome']}, {why}."
        against = _against(row) if row["step"] in {"worsening", "improvement", "candidate"} else ""
        if row["step"] == "type":
            return f"{day}: the worsening is {row['outcome']}, because {why}."
        label = row["step"] if row["step"] in {"worsening", "improvement"} else "change"
        verbs = {"confirmed": f"{label} confirmed", "refused": "does not count"}
        verb = verbs.get(row["outcome"], row["outcome"])
        looked = f" (looked at up to day {row['until_day']})" if row["until_day"] != row["day"] else ""
        return f"{seen}{against}: {verb}, {why}{looked}."


def _against(row: Mapping[str, Any]) -> str:
    """Say how far a score lies from the reference."""
    if row["reference"] is None:
        return ""
    gap = row["value"] - row["reference"]
    side, reference = (
        "above" if gap > 0 else "below",
        number(row["reference"], digits=_digits(row["reference"])),
    )
    said = f", {number(abs(gap), digits=_digits(gap))} {side} the reference of {reference}"
    if row["reference_day"] is not None:
        said += f" (day {row['reference_day']})"
    if row["threshold"] is not None:
        said += f" with a threshold of {number(row['threshold'], digits=_digits(row['threshold']))}"
    return said


def _digits(value: float) -> int:
    """Give the decimals that a score needs: one for whole and half steps, two otherwise."""
    return 1 if abs(value * 10 - round(value * 10)) < 1e-9 else 2


def _definition(definition: Definition | str) -> Definition:
    """Take a definition or the name of a preset."""
    if isinstance(definition, Definition):
        return definition
    if isinstance(definition, str):
        return preset(definition)
    raise InputError(f"{definition!r} is no definition; give a course.Definition or the name of a preset.")


def _prepared(visits: Any, relapses: Any, definition: Definition) -> list[Prepared]:
    """Prepare every outcome of a definition."""
    return [
        prepare(
            visits,
            relapses,
            outcome.column,
            eligible=definition.flags,
            compat=definition.compat,
        )
        for outcome in definition.outcomes
    ]


def events(visits: Any, relapses: Any = None, *, definition: Definition | str) -> CourseEvents:
    """Give the confirmed events of every patient, of all types that the definition keeps, in one pass.

    Parameters
    ----------
    visits : dataframe
        Columns subject, day and the outcomes of the definition; `visit` (label) where only scheduled visits
        may confirm. Any order of rows.
    relapses : dataframe, optional
        Columns subject, day (onset), and end_day where used; no type is given without it.
    definition : Definition or str
        What counts, or the name of a preset.

    Returns
    -------
    CourseEvents
        Table with subject, measure (the outcome that changed), event ("worsening", "improvement"), type
        ("RAW", "PIRA", "undefined", with two references also "relapse during confirmation"; null for
        improvement and without relapses), day, reference_day, reference, value, threshold, confirmed_day
        (first confirmation; null when imputed), confirmed_days and relapse_free_days (lists with one day per
        confirmation window, null where the window confirms nothing or a relapse forbids it),
        last_day_sustained, sustained_days, sustained_to_end, imputed, left_day (last visit before the event
        that did not show the change: it began in (left_day, day]), days_from_first.

    Raises
    ------
    InputError
        When a column or a day is missing, a relapse belongs to nobody, or one day has two values.

    Notes
    -----
    A change counts when it reaches the threshold found from the reference value, and is confirmed when every
    visit up to the first eligible visit in a confirmation window still shows it. With a reference that does
    not move, a change must be over before another one in the same direction can begin.

    With several outcomes (a composite) each is searched by itself, with its own reference. An event of the
    composite is the event of the outcome that changed first, `measure`; what begins in another outcome, in
    the same direction, up to the confirmation of that event belongs to it and is left out, with its reason in
    the trace. The search goes on behind that confirmation.

    References
    ----------
    Montobbio et al. 2024, doi 10.1177/13524585241243157; Müller et al. 2023,
    doi 10.1001/jamaneurol.2023.3331.

    Examples
    --------
    >>> visits = pl.DataFrame(
    ...     {"subject": ["P1"] * 4, "day": [0, 90, 180, 270], "edss": [4.0, 4.0, 5.0, 5.0]}
    ... )
    >>> found = events(visits, definition="cdw-12w")
    >>> found.table.select("event", "day", "confirmed_day", "left_day").row(0)
    ('worsening', 180, 270, 90)
    >>> print(found.explain("P1"))
    Day 180: EDSS 5.0, 1.0 above the reference of 4.0 (day 0) with a threshold of 1.0: worsening confirmed, \
the worsening is there at the visits up to its confirmation (looked at up to day 270).
    """
    chosen = _definition(definition)
    if relapses is None and chosen.selection.events in {"first PIRA", "first RAW"}:
        raise InputError(
            f"{chosen.selection.events!r} needs relapses; give an empty table if there were none."
        )
    prepared = _prepared(visits, relapses, chosen)
    found = [(part, run(part, chosen, trace=True)) for part in prepared]
    table = pl.concat([event_rows(*pair) for pair in found])
    trace = pl.concat([decision_rows(*pair) for pair in found])
    if len(found) > 1:
        table, others = part_of_composite(table, chosen.selection, pl.Schema(COURSE_TRACE_SCHEMA))
        trace = pl.concat([trace, others])
    return _result(table, trace, chosen, prepared)


def _result(
    table: pl.DataFrame, trace: pl.DataFrame, definition: Definition, prepared: list[Prepared]
) -> CourseEvents:
    """Put a result together, with what its reader must know."""
    notes = _notes(definition, prepared)
    if len(prepared) > 1:
        table = table.sort("subject", "day", "measure", maintain_order=True)
        trace = trace.sort("subject", "measure", maintain_order=True)
    silent = min(part.n_silent for part in prepared)
    empty = sum(part.n_without_value for part in prepared)
    return CourseEvents(
        name=f"Disease course by {definition.name}",
        table=table,
        trace=trace,
        reasons=COURSE_REASONS | COMPOSITE_REASONS,
        method=definition.settings().text,
        definition=definition,
        left_out=(
            LeftOut(n=silent, reason="patients without any value of the outcome"),
            LeftOut(n=empty, reason="visits without a value of the outcome"),
        ),
        references=(definition.source, *REFERENCES),
        notes=notes,
    )


def _notes(definition: Definition, prepared: list[Prepared]) -> tuple[str, ...]:
    """Say what a reader must not miss, and warn where most patients cannot have an event at all."""
    notes = [definition.note] if definition.note else []
    notes += notes_on_one(definition)
    if not prepared[0].has_relapses:
        notes.append(NO_RELAPSES)
    for part in prepared:
        never, possible = never_confirming(part, definition)
        if never:
            said = (
                f"{plural(never, 'patient')} of {possible} with two or more values of "
                f"{in_words(part.column)} have no pair of visits as far apart as the confirmation asks, so "
                "that no change of theirs can ever be confirmed."
            )
            notes.append(said)
            if 2 * never > possible:
                warnings.warn(said, RanvierWarning, stacklevel=4)
    return tuple(notes)


def worsening(visits: Any, relapses: Any = None, *, definition: Definition | str) -> CourseEvents:
    """Give the confirmed worsenings of every patient that the definition keeps.

    Parameters
    ----------
    visits, relapses : dataframe
        As in `events`.
    definition : Definition or str
        What counts, or the name of a preset; it must not be one of improvement.

    Returns
    -------
    CourseEvents
        As in `events`, worsening only.

    Raises
    ------
    InputError
        As in `events`, and when the definition keeps improvement only.

    Examples
    --------
    >>> visits = pl.DataFrame({"subject": ["P1"] * 3, "day": [0, 90, 180], "edss": [4.0, 5.0, 5.0]})
    >>> worsening(visits, definition="cdw-12w").table["day"].to_list()
    [90]
    """
    return _one_kind(visits, relapses, _definition(definition), "worsening")


def improvement(visits: Any, relapses: Any = None, *, definition: Definition | str) -> CourseEvents:
    """Give the confirmed improvements of every patient that the definition keeps.

    Parameters
    ----------
    visits, relapses : dataframe
        As in `events`.
    definition : Definition or str
        What counts, or the name of a preset; it must not be one of worsening.

    Returns
    -------
    CourseEvents
        As in `events`, improvement only.

    Raises
    ------
    InputError
        As in `events`, and when the definition keeps worsening only.

    Examples
    --------
    >>> visits = pl.DataFrame({"subject": ["P1"] * 3, "day": [0, 90, 180], "edss": [4.0, 3.0, 3.0]})
    >>> improvement(visits, definition="cdi-12w").table["day"].to_list()
    [90]
    """
    return _one_kind(visits, relapses, _definition(definition), "improvement")


def _one_kind(visits: Any, relapses: Any, definition: Definition, kind: str) -> CourseEvents:
    """Keep one kind of events."""
    search = definition.selection.events
    kept = "improvement" if search == "first improvement" else "worsening"
    if search not in {"all", "first"} and kept != kind:
        raise InputError(
            f"definition {definition.name!r} keeps {search!r}, which has no {kind}; choose another "
            "definition or set its selection."
        )
    found = events(visits, relapses, definition=definition)
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return CourseEvents(**fields | {"table": found.table.filter(event=kind)})


def milestone(
    visits: Any, relapses: Any = None, *, level: float, definition: Definition | str
) -> CourseEvents:
    """Give each patient's first confirmed visit at or beyond a level, such as EDSS 6.

    Parameters
    ----------
    visits, relapses : dataframe
        As in `events`.
    level : float
        In the unit of the outcome; reached from below where lower is better, from above otherwise.
    definition : Definition or str
        Its outcome, confirmation and distances to relapses are used; baseline, thresholds and selection
        are not.

    Returns
    -------
    CourseEvents
        As in `events`, at most one row per patient; `event` is "milestone", `reference` the level, and
        `reference_day`, `threshold` and `type` are null. `left_day` is null when the first visit is there.

    Raises
    ------
    InputError
        As in `events`, and when the definition has several outcomes or the level is not a number.

    Examples
    --------
    >>> visits = pl.DataFrame({"subject": ["P1"] * 3, "day": [0, 90, 180], "edss": [5.5, 6.0, 6.5]})
    >>> milestone(visits, level=6.0, definition="cdw-12w").table["day"].to_list()
    [90]
    """
    chosen = _definition(definition)
    if len(chosen.outcomes) > 1:
        raise InputError(f"definition {chosen.name!r} has several outcomes; a milestone needs one.")
    if not isinstance(level, int | float) or isnan(level):
        raise InputError(f"level is {level!r}; it must be a number in the unit of the outcome.")
    prepared = _prepared(visits, relapses, chosen)
    found = reach(prepared[0], chosen, float(level), trace=True)
    nothing = [
        pl.lit(None, dtype=EVENT_SCHEMA[name]).alias(name) for name in ("type", "reference_day", "threshold")
    ]
    table = event_rows(prepared[0], found).with_columns(pl.lit("milestone").alias("event"), *nothing)
    trace = decision_rows(prepared[0], found).with_columns(
        pl.lit(None, dtype=pl.Int64).alias("reference_day"), pl.lit(None, dtype=pl.Float64).alias("threshold")
    )
    result = _result(table, trace, chosen, prepared)
    fields = {name: getattr(result, name) for name in result.__dataclass_fields__}
    text = f"First confirmed visit at or beyond {level:g}. {result.method}"
    return CourseEvents(**fields | {"name": f"Milestone {level:g} of {prepared[0].column}", "method": text})
