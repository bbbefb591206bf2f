"""Adverse events: patients, events and time at risk, by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut
from ranvier.trial import take

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EVENT_CLASSES", "Incidence", "incidence"]

DAYS_PER_YEAR = 365.25
"""Mean length of a calendar year, days."""

EVENT_CLASSES: Mapping[str, str] = {
    "any": "any adverse event",
    "serious": "any serious adverse event",
    "related": "any event related to the product",
    "procedure_related": "any event related to the procedure",
    "fatal": "any fatal event (outcome fatal or grade 5)",
}
"""Classes that always have a row, with what they count."""

GROUPINGS = ("term", "body_system")

SAFETY_REASONS = {
    "counted": "the event began on or after the day of the first dose in a treated patient",
    "before-first-dose": "the event began before the first dose",
    "not-treated": "the patient got no dose",
    "unknown-subject": "the patient is not in the table of patients",
    "day-unknown": "the day of the event is not known; it counts, but gives no time at risk",
}

METHOD = (
    "Only treated patients count (n). `subjects` had at least one event, `events` is the number of events, "
    "`years` the person-years from the first dose to each patient's first event of that kind, or to the last "
    "contact. Events before the first dose are not counted. A flag that was not filled in does not put an "
    "event into a class."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Incidence(Derivation):
    """Patients with events, by arm and kind of event."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the number of patients with each kind of event, one point per arm.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        events = self.table["event"].unique(maintain_order=True).to_list()
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.5, 1.4 + 0.32 * max(len(events), 1))).add_subplot()
        for place, arm in enumerate(self.table["arm"].unique(maintain_order=True)):
            rows = self.table.filter(arm=arm)
            heights = [events.index(event) for event in rows["event"]]
            ax.plot(
                rows["subjects"].to_list(), heights, "o^sDv"[place % 5], label=f"{arm} (n = {rows['n'][0]})"
            )
        ax.set_yticks(range(len(events)), events)
        ax.set_ylim(max(len(events), 1) - 0.4, -0.6)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(left=-0.2)
        ax.set_xlabel("patients with at least one event")
        ax.set_title(self.name)
        if not self.table.is_empty():
            ax.legend(frameon=False)
        return ax


def incidence(adverse_events: Any, subjects: Any, *, by: str = "term") -> Incidence:
    """Give patients with events, events and person-years at risk, by arm and kind of event.

    Parameters
    ----------
    adverse_events : dataframe
        Columns subject, day, term, serious, and where known body_system, grade, related, outcome,
        procedure_related.
    subjects : dataframe
        Columns subject, arm, treated, and last_contact_day where known.
    by : {"term", "body_system"}
        What single kinds of events are listed by, beside the classes that always have a row.

    Returns
    -------
    Incidence
        Table with arm, kind ("class" or `by`), event, subjects, events, n (treated patients), years
        (person-years to the first event of that kind). Every class of `EVENT_CLASSES` and every event seen
        has one row per arm, zeros included; `left_out` counts what was not used.

    Raises
    ------
    InputError
        When a column is missing or `by` is unknown.

    Notes
    -----
    No interval is given here; `ranvier.stats.proportion` and `ranvier.stats.rate` take these numbers. A
    patient whose last contact is not known counts in n, but adds to years only when an event with a known day
    ended the time at risk. Zero events in n patients are not the absence of risk.

    References
    ----------
    ICH E3 (1995), section 12; Hanley and Lippman-Hand 1983, JAMA 249:1743-1745, on zero numerators.

    Examples
    --------
    >>> subjects = pl.DataFrame(
    ...     {"subject": ["P1", "P2"], "arm": "msc", "treated": True, "last_contact_day": [365, 365]}
    ... )
    >>> events = pl.DataFrame({"subject": ["P1"], "day": [2], "term": ["headache"], "serious": [False]})
    >>> incidence(events, subjects).table.select("event", "subjects", "n").rows()
    [('any', 1, 2), ('serious', 0, 2), ('related', 0, 2), ('procedure_related', 0, 2), ('fatal', 0, 2),
     ('headache', 1, 2)]
    """
    require_choice("grouping of adverse events", by, GROUPINGS)
    people = _people(subjects)
    judged = _judge(_events(adverse_events, by), people)
    counted = judged.filter(pl.col("reason").is_in(["counted", "day-unknown"]))
    kinds = _kinds(counted, by)
    treated = people.filter("treated")
    rows = people.select("arm").unique().join(_labels(kinds, by), how="cross").sort("arm", "place")
    table = _fill(rows, _first_events(kinds, treated), treated)
    return Incidence(
        name="Adverse events in treated patients",
        table=table,
        trace=judged.select(
            "subject",
            "day",
            pl.col("term").alias("step"),
            pl.when(pl.col("reason").is_in(["counted", "day-unknown"]))
            .then(pl.lit("counted"))
            .otherwise(pl.lit("not counted"))
            .alias("outcome"),
            "reason",
        ).cast(pl.Schema(TRACE_SCHEMA)),
        reasons=SAFETY_REASONS,
        method=METHOD,
        left_out=_left_out(judged, people),
        references=(
            "ICH E3. Structure and content of clinical study reports, 1995, section 12",
            (
                "Hanley JA, Lippman-Hand A. If nothing goes wrong, is everything all right? JAMA "
                "1983;249:1743-1745"
            ),
        ),
    )


def _people(subjects: Any) -> pl.DataFrame:
    """Read the patients; each needs an arm."""
    people = take(subjects, "subjects", ["subject", "arm", "treated"], optional=["last_contact_day"])
    without = people.filter(pl.col("arm").is_null())["subject"].to_list()
    if without:
        raise InputError(f"patients {without[:10]} have no arm; name the arm of each patient in subjects.")
    return people.with_columns(pl.col("treated").fill_null(value=False))


def _events(adverse_events: Any, by: str) -> pl.DataFrame:
    """Read the events and put each into its classes."""
    required = ["subject", "day", "term", "serious", *(["body_system"] if by == "body_system" else [])]
    rest = ["grade", "related", "outcome", "procedure_related"]
    events = take(adverse_events, "adverse_events", required, optional=rest)
    fatal = (pl.col("outcome") == "fatal").fill_null(value=False) | (pl.col("grade") == 5).fill_null(
        value=False
    )
    unknown = pl.col("related").is_null()
    return events.with_columns(
        pl.lit(value=True).alias("any"), fatal.alias("fatal"), unknown.alias("unknown_relation")
    ).sort("subject", "day", "term")


def _judge(events: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Say for each event whether it counts, and why not."""
    joined = events.join(people.select("subject", "arm", "treated"), on="subject", how="left")
    reason = (
        pl.when(pl.col("treated").is_null())
        .then(pl.lit("unknown-subject"))
        .when(~pl.col("treated"))
        .then(pl.lit("not-treated"))
        .when(pl.col("day").is_null())
        .then(pl.lit("day-unknown"))
        .when(pl.col("day") < 0)
        .then(pl.lit("before-first-dose"))
        .otherwise(pl.lit("counted"))
    )
    return joined.with_columns(reason.alias("reason"))


def _kinds(counted: pl.DataFrame, by: str) -> pl.DataFrame:
    """Give one row per event and kind that it belongs to."""
    parts = [
        counted.filter(pl.col(name).fill_null(value=False)).select(
            "subject", "arm", "day", pl.lit("class").alias("kind"), pl.lit(name).alias("event")
        )
        for name in EVENT_CLASSES
    ]
    named = counted.filter(pl.col(by).is_not_null()).select(
        "subject", "arm", "day", pl.lit(by).alias("kind"), pl.col(by).alias("event")
    )
    return pl.concat([*parts, named])


def _labels(kinds: pl.DataFrame, by: str) -> pl.DataFrame:
    """Give every row label in order: the classes, then the events seen, most patients first."""
    classes = pl.DataFrame({"kind": ["class"] * len(EVENT_CLASSES), "event": list(EVENT_CLASSES)})
    seen = kinds.filter(pl.col("kind") == by).group_by("kind", "event").agg(pl.col("subject").n_unique())
    ordered = seen.sort("subject", "event", descending=[True, False]).select("kind", "event")
    return pl.concat([classes, ordered]).with_row_index("place")


def _first_events(kinds: pl.DataFrame, treated: pl.DataFrame) -> pl.DataFrame:
    """Give per patient and kind the events, and how their time at risk differs from the whole follow-up."""
    first = kinds.group_by("subject", "arm", "kind", "event").agg(
        pl.len().cast(pl.Int64).alias("events"),
        pl.col("day").min().alias("first_day"),
        pl.col("day").is_null().any().alias("day_unknown"),
    )
    whole = treated.select("subject", pl.col("last_contact_day").clip(0).alias("whole_days"))
    joined = first.join(whole, on="subject", how="left")
    ended = pl.when(~pl.col("day_unknown")).then(pl.col("first_day")).fill_null(0)
    return joined.with_columns((ended - pl.col("whole_days").fill_null(0)).alias("correction"))


def _fill(rows: pl.DataFrame, first: pl.DataFrame, treated: pl.DataFrame) -> pl.DataFrame:
    """Put counts and person-years beside each arm and kind, zeros included."""
    labels = ["arm", "kind", "event"]
    sums = first.group_by(labels).agg(
        pl.len().cast(pl.Int64).alias("subjects"), pl.col("events").sum(), pl.col("correction").sum()
    )
    whole = treated.group_by("arm").agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("last_contact_day").clip(0).sum().alias("whole_days")
    )
    filled = (
        rows.join(sums, on=labels, how="left")
        .join(whole, on="arm", how="left")
        .sort("arm", "place")
        .with_columns(pl.col("subjects", "events", "correction", "n", "whole_days").fill_null(0))
    )
    years = (pl.col("whole_days") + pl.col("correction")) / DAYS_PER_YEAR
    return filled.select(*labels, "subjects", "events", "n", years.alias("years"))


def _left_out(judged: pl.DataFrame, people: pl.DataFrame) -> tuple[LeftOut, ...]:
    """Count what was not used, and what is not known about what was."""

    def _events(reason: str) -> int:
        return judged.filter(pl.col("reason") == reason).height

    untimed = people.filter(pl.col("treated") & pl.col("last_contact_day").is_null()).height
    unknown = judged.filter(pl.col("reason").is_in(["counted", "day-unknown"]) & pl.col("unknown_relation"))
    return (
        LeftOut(n=people.filter(~pl.col("treated")).height, reason="patients who got no dose"),
        LeftOut(n=_events("before-first-dose"), reason="events before the first dose"),
        LeftOut(n=_events("not-treated"), reason="events of patients who got no dose"),
        LeftOut(n=_events("unknown-subject"), reason="events of patients not in the table of patients"),
        LeftOut(
            n=untimed,
            reason="treated patients whose last contact is not known, absent from person-years only",
        ),
        LeftOut(
            n=unknown.height,
            reason="events whose relation to the product is not known, absent from `related`",
        ),
    )
