"""The milestone of secondary progressive MS: progression without relapse, confirmed in its leading system."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ranvier.course._tables import COURSE_TRACE_SCHEMA
from ranvier.course.confirmed import CourseEvents, events
from ranvier.course.definition import Definition, Settings
from ranvier.course.parts import (
    Around,
    Baseline,
    Confirmation,
    Outcome,
    RelapseFree,
    RelapseWindows,
    Selection,
    Window,
)
from ranvier.course.presets import EDSS_1_0_5
from ranvier.errors import DefinitionError, InputError
from ranvier.trial import take

__all__ = ["LORSCHEIDER_2016", "SpmsDefinition", "secondary_progression"]

SYSTEMS = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")
FLAG = "spms_candidate"
"""Column that tells the search which visits may be the onset."""

SPMS_REASONS = {
    "leading-system-not-confirmed": (
        "no functional system that worsened most stayed worse than at the reference up to the confirmation"
    )
}


def _progression() -> Definition:
    return Definition(
        name="progression-without-relapse",
        source="Lorscheider J et al. Brain 2016;139:2395-2405, doi 10.1093/brain/aww173",
        outcomes=(Outcome(column="edss", worsening=EDSS_1_0_5),),
        baseline=Baseline(after_relapse=True),
        confirmation=Confirmation(windows=(Window(days=91),)),
        relapses=RelapseWindows(
            to_baseline=(31, 0),
            to_confirmation=(31, 0),
            association=(0, 0),
            free=RelapseFree(
                preceding=Around(before=0, after=None),
                event=Around(before=None, after=0),
                confirmation=Around(before=0, after=0),
            ),
        ),
        selection=Selection(events="first PIRA", eligible=FLAG),
    )


@dataclass(frozen=True, kw_only=True)
class SpmsDefinition:
    """What counts as the onset of secondary progressive MS.

    Parameters
    ----------
    name : str
        The short fixed name.
    source : str
        Where it was published.
    progression : Definition
        The confirmed worsening without relapse that the onset must be; its `selection` must be "first PIRA"
        with `eligible="spms_candidate"`, the column that the search fills in.
    least_edss : float
        EDSS that the onset visit must reach.
    least_pyramidal : int
        Grade of the pyramidal system that the onset visit must reach; 0 for no condition.
    leading_system : bool
        Whether a functional system that worsened most since the reference must stay worse up to confirmation.
    note : str
        What a reader must know about it.
    """

    name: str
    source: str
    progression: Definition = field(default_factory=_progression)
    least_edss: float = 4.0
    least_pyramidal: int = 2
    leading_system: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        chosen = self.progression.selection
        if chosen.events != "first PIRA" or chosen.eligible != FLAG:
            raise DefinitionError(
                f"the progression of an SpmsDefinition selects {chosen.events!r} of {chosen.eligible!r}; it "
                f'must be Selection(events="first PIRA", eligible={FLAG!r}).'
            )
        if not 0 <= self.least_edss <= 10:
            raise DefinitionError(f"least_edss is {self.least_edss}; it must lie between 0 and 10.")
        if not 0 <= self.least_pyramidal <= 6:
            raise DefinitionError(f"least_pyramidal is {self.least_pyramidal}; it must lie between 0 and 6.")

    def to_dict(self) -> dict[str, Any]:
        """Give every option, JSON-ready.

        Returns
        -------
        dict
            Names to values; the progression as its own options.
        """
        plain = {part.name: getattr(self, part.name) for part in dataclasses.fields(self)}
        return plain | {"progression": self.progression.to_dict()}

    def settings(self) -> Settings:
        """Say the definition as the methods section of a paper does, with a hash of all options.

        Returns
        -------
        Settings
            `text`, `hash`, `options`.
        """
        pyramidal = (
            f" and a pyramidal grade of at least {self.least_pyramidal}" if self.least_pyramidal else ""
        )
        text = f"Secondary progression began at an EDSS of at least {self.least_edss:g}{pyramidal}. "
        if self.leading_system:
            text += (
                "A functional system (or the ambulation score) that had worsened most since the reference "
                "had to stay worse up to the confirmation. "
            )
        inner = self.progression.settings()
        counted = [inner.hash, self.least_edss, self.least_pyramidal, self.leading_system]
        digest = hashlib.sha256(json.dumps(counted).encode()).hexdigest()
        return Settings(text=f"{text}{inner.text}", hash=digest, options=self.to_dict())


LORSCHEIDER_2016 = SpmsDefinition(
    name="lorscheider-2016",
    source="Lorscheider J et al. Brain 2016;139:2395-2405, doi 10.1093/brain/aww173",
    note=(
        "Taken from the abstract: 1.0 from an EDSS up to 5.5 or 0.5 from 6.0 without a relapse, EDSS 4 and "
        "pyramidal grade 2 at least, confirmed over 3 months and within the leading system. That the "
        "reference moves behind each relapse, 30 days off, follows the package MSoutcomes."
    ),
)
"""`lorscheider-2016`: the definition of the MSBase registry."""


def secondary_progression(
    visits: Any, relapses: Any = None, *, definition: SpmsDefinition = LORSCHEIDER_2016
) -> CourseEvents:
    """Give the onset of secondary progressive MS, the first visit that meets every condition.

    Parameters
    ----------
    visits : dataframe
        Columns subject, day, edss; pyramidal where a grade is asked for; for the leading system the seven
        functional systems and ambulation, as far as they were examined.
    relapses : dataframe
        Columns subject, day; give an empty table if there were none.
    definition : SpmsDefinition
        What counts.

    Returns
    -------
    CourseEvents
        As in `events`, at most one row per patient, `event` is "secondary progression".

    Raises
    ------
    InputError
        As in `events`; when relapses are not given, or no functional system is.

    Notes
    -----
    A system that was not examined at the reference or the onset does not lead. One that leads must have been
    examined at the confirming visit, and be worse than at the reference there and at every visit before it
    at which it was examined. Who never meets the conditions has not been shown to be free of progression.

    References
    ----------
    Lorscheider et al. 2016, doi 10.1093/brain/aww173.

    Examples
    --------
    >>> visits = pl.DataFrame(
    ...     {
    ...         "subject": ["P1"] * 4,
    ...         "day": [0, 100, 200, 300],
    ...         "edss": [3.0, 4.0, 4.5, 4.5],
    ...         "pyramidal": [1, 3, 3, 3],
    ...     }
    ... )
    >>> none = pl.DataFrame(schema={"subject": pl.String, "day": pl.Int64})
    >>> secondary_progression(visits, none).table["day"].to_list()
    [100]
    """
    if relapses is None:
        raise InputError("secondary progression needs relapses; give an empty table if there were none.")
    rows = _with_candidates(visits, definition)
    systems = [name for name in (*SYSTEMS, "ambulation") if name in rows.columns]
    refused: list[pl.DataFrame] = []
    found = events(rows, relapses, definition=definition.progression)
    tables, traces, last = [], [], found
    while True:
        failing = _unconfirmed(last.table, rows, systems) if definition.leading_system else last.table.clear()
        again = failing["subject"].implode()
        tables.append(last.table.filter(~pl.col("subject").is_in(again)))
        traces.append(last.trace.filter(~pl.col("subject").is_in(again)))
        if failing.is_empty():
            break
        refused.append(_refusals(failing))
        marks = failing.select("subject", "day", pl.lit(value=True).alias("out"))
        rows = rows.filter(pl.col("subject").is_in(again)).join(marks, on=["subject", "day"], how="left")
        rows = rows.with_columns(pl.col(FLAG) & pl.col("out").is_null()).drop("out")
        last = _search(rows, relapses, definition.progression)
    return _put_together(found, tables, [*traces, *refused], definition)


def _with_candidates(visits: Any, definition: SpmsDefinition) -> pl.DataFrame:
    """Give visits with a column that tells which may be the onset."""
    needed = ["subject", "day", "edss", *(["pyramidal"] if definition.least_pyramidal else [])]
    optional = [name for name in (*SYSTEMS, "ambulation", "visit") if name not in needed]
    rows = take(visits, "visits", needed, optional=optional)
    known = [
        name for name in (*SYSTEMS, "ambulation") if name in rows.columns and rows[name].is_not_null().any()
    ]
    if definition.leading_system and rows.height and not known:
        raise InputError(
            "visits has no grade of any functional system; give them, or choose a definition with "
            "leading_system=False and least_pyramidal=0."
        )
    reaches = pl.col("edss") >= definition.least_edss
    if definition.least_pyramidal:
        reaches = reaches & (pl.col("pyramidal") >= definition.least_pyramidal)
    return rows.with_columns(reaches.fill_null(value=False).alias(FLAG))


def _search(rows: pl.DataFrame, relapses: Any, definition: Definition) -> CourseEvents:
    """Search again the patients whose onset was refused."""
    theirs = take(relapses, "relapses", ["subject", "day"], optional=["end_day"])
    return events(
        rows, theirs.filter(pl.col("subject").is_in(rows["subject"].implode())), definition=definition
    )


def _unconfirmed(table: pl.DataFrame, rows: pl.DataFrame, systems: Sequence[str]) -> pl.DataFrame:
    """Give the events that none of their leading systems confirms."""
    grades = rows.select("subject", "day", *systems).unpivot(
        systems, index=["subject", "day"], variable_name="system", value_name="grade"
    )
    grades = grades.drop_nulls("grade")
    cases = table.select("subject", "reference_day", pl.col("day").alias("onset"), "confirmed_day")
    known = cases.join(grades, on="subject").filter(
        pl.col("day").is_between(pl.col("reference_day"), pl.col("confirmed_day"))
    )
    by = ["subject", "system"]
    at_reference = known.filter(pl.col("day") == pl.col("reference_day")).select(*by, grade_before="grade")
    since = known.join(at_reference, on=by).with_columns(
        (pl.col("grade") - pl.col("grade_before")).alias("rise")
    )
    leads = since.filter((pl.col("day") == pl.col("onset")) & (pl.col("rise") > 0)).filter(
        pl.col("rise") == pl.col("rise").max().over("subject")
    )
    later = since.join(leads.select(by), on=by).filter(pl.col("day") > pl.col("onset"))
    stays = (pl.col("rise") > 0).all() & (pl.col("day") == pl.col("confirmed_day")).any()
    held = later.group_by(by).agg(stays.alias("held")).filter("held")["subject"]
    return table.filter(~pl.col("subject").is_in(held.implode()))


def _refusals(failing: pl.DataFrame) -> pl.DataFrame:
    """Write down why events were refused."""
    return failing.select(
        "subject",
        "day",
        pl.lit("candidate").alias("step"),
        pl.lit("refused").alias("outcome"),
        pl.lit("leading-system-not-confirmed").alias("reason"),
        "measure",
        "value",
        "reference_day",
        "reference",
        "threshold",
        pl.col("confirmed_day").alias("until_day"),
        pl.lit(None, dtype=pl.Int64).alias("visits_used"),
    ).select(*COURSE_TRACE_SCHEMA)


def _put_together(
    found: CourseEvents, tables: list[pl.DataFrame], traces: list[pl.DataFrame], definition: SpmsDefinition
) -> CourseEvents:
    """Make one result of the rounds of the search."""
    table = pl.concat(tables).sort("subject").with_columns(pl.lit("secondary progression").alias("event"))
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return CourseEvents(
        **fields
        | {
            "name": f"Secondary progression by {definition.name}",
            "table": table,
            "trace": pl.concat(traces).sort("subject", maintain_order=True),
            "reasons": {**found.reasons, **SPMS_REASONS},
            "method": definition.settings().text,
            "definition": definition,
            "references": (definition.source,),
        }
    )
