"""Which adverse events count, and for how long each patient was at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import TRACE_SCHEMA, LeftOut
from ranvier.trial import take

__all__ = ["DAYS_PER_YEAR", "EVENT_CLASSES", "SAFETY_REASONS", "Judged", "belongs", "classes", "judge"]

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

SAFETY_REASONS = {
    "counted": "the event began on or after the day of the first dose in a treated patient",
    "before-first-dose": "the event began before the first dose",
    "not-treated": "the patient got no dose",
    "unknown-subject": "the patient is not in the table of patients",
    "day-unknown": "the day of the event is not known; it counts, but gives no time at risk",
}
COUNTED = ("counted", "day-unknown")
DETAILS = ("body_system", "grade", "related", "outcome", "procedure_related", "end_day")


def belongs(names: Sequence[str], *, deaths: bool = False) -> pl.Expr:
    """Say whether an event belongs to all of these classes.

    With `deaths` a fatal event counts as serious even where its flag says no (ICH E2A: an event that results
    in death is serious).
    """
    parts = [pl.col(f"is_{name}") for name in names]
    if deaths:
        parts = [
            part | pl.col("is_fatal") if name == "serious" else part
            for name, part in zip(names, parts, strict=True)
        ]
    return pl.all_horizontal(parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Every event with a reason, and every patient with the time under observation.

    `events` has the columns of adverse_events, arm, treated, reason, counts, onset (days from the first dose)
    and one flag for each class. `people` has subject, arm, treated and follow_up (days from the first dose to
    the last contact).
    """

    events: pl.DataFrame
    people: pl.DataFrame

    @property
    def counted(self) -> pl.DataFrame:
        """Give the treatment-emergent events."""
        return self.events.filter("counts")

    @property
    def treated(self) -> pl.DataFrame:
        """Give the patients who got a dose."""
        return self.people.filter("treated")

    def trace(self) -> pl.DataFrame:
        """Give one row per event: counted or not, and why."""
        outcome = pl.when("counts").then(pl.lit("counted")).otherwise(pl.lit("not counted"))
        rows = self.events.select(
            "subject", "day", pl.col("term").alias("step"), outcome.alias("outcome"), "reason"
        )
        return rows.cast(pl.Schema(TRACE_SCHEMA))

    def unmarked_deaths(self) -> LeftOut:
        """Count the fatal events whose flag says that they are not serious."""
        unmarked = self.counted.filter(pl.col("is_fatal") & ~pl.col("is_serious"))
        return LeftOut(n=unmarked.height, reason="fatal events not marked as serious, absent from `serious`")

    def left_out(self) -> tuple[LeftOut, ...]:
        """Count what was not used, and what is not known about what was."""
        untimed = self.treated.filter(pl.col("follow_up").is_null()).height
        late = self.counted.join(self.treated.select("subject", "follow_up"), on="subject").filter(
            pl.col("onset") > pl.col("follow_up")
        )
        return (
            LeftOut(n=self.people.filter(~pl.col("treated")).height, reason="patients who got no dose"),
            LeftOut(n=self._n("before-first-dose"), reason="events before the first dose"),
            LeftOut(n=self._n("not-treated"), reason="events of patients who got no dose"),
            LeftOut(n=self._n("unknown-subject"), reason="events of patients not in the table of patients"),
            LeftOut(
                n=self._n("day-unknown"),
                reason="events whose day is not known, counted but absent from time at risk",
            ),
            LeftOut(
                n=late.height,
                reason="events after the last contact, counted; time at risk runs up to the event",
            ),
            LeftOut(
                n=untimed,
                reason="treated patients whose last contact is not known, absent from person-years only",
            ),
            self.unmarked_deaths(),
            LeftOut(
                n=self.counted.filter(pl.col("related").is_null()).height,
                reason="events whose relation to the product is not known, absent from `related`",
            ),
        )

    def _n(self, reason: str) -> int:
        return self.events.filter(pl.col("reason") == reason).height


def judge(
    adverse_events: Any, subjects: Any, doses: Any | None = None, *, needed: Sequence[str] = ()
) -> Judged:
    """Read events and patients, and say for each event whether it counts."""
    people = _people(subjects, doses)
    events = _events(adverse_events, needed)
    joined = events.join(people.select("subject", "arm", "treated", "first_day"), on="subject", how="left")
    onset = pl.col("day") - pl.col("first_day")
    reason = (
        pl.when(pl.col("treated").is_null())
        .then(pl.lit("unknown-subject"))
        .when(~pl.col("treated"))
        .then(pl.lit("not-treated"))
        .when(pl.col("day").is_null())
        .then(pl.lit("day-unknown"))
        .when(onset < 0)
        .then(pl.lit("before-first-dose"))
        .otherwise(pl.lit("counted"))
    )
    judged = joined.with_columns(reason.alias("reason"), onset.alias("onset")).with_columns(
        pl.col("reason").is_in(COUNTED).alias("counts")
    )
    return Judged(events=judged.drop("first_day"), people=people.drop("first_day"))


def classes(among: str | Sequence[str]) -> tuple[str, ...]:
    """Give the classes that an event must all belong to."""
    names = (among,) if isinstance(among, str) else tuple(among)
    for name in names or ("",):
        require_choice("class of adverse events", name, EVENT_CLASSES)
    return names


def _people(subjects: Any, doses: Any | None) -> pl.DataFrame:
    """Read the patients with their first dose; each needs an arm."""
    optional = ["last_contact_day"] if doses is None else ["treated", "last_contact_day"]
    required = ["subject", "arm", *(["treated"] if doses is None else [])]
    people = take(subjects, "subjects", required, optional=optional)
    without = people.filter(pl.col("arm").is_null())["subject"].to_list()
    if without:
        raise InputError(f"patients {without[:10]} have no arm; name the arm of each patient in subjects.")
    if doses is None:
        people = people.with_columns(pl.col("treated").fill_null(value=False), pl.lit(0).alias("first_day"))
    else:
        given = take(doses, "doses", ["subject", "day"]).drop_nulls()
        first = given.group_by("subject").agg(pl.col("day").min().alias("first_day"))
        people = people.join(first, on="subject", how="left", maintain_order="left")
        people = people.with_columns(pl.col("first_day").is_not_null().alias("treated"))
    people = people.with_columns((pl.col("last_contact_day") - pl.col("first_day")).alias("follow_up"))
    negative = people.filter(pl.col("treated") & (pl.col("follow_up") < 0))
    if negative.height:
        row = negative.row(0, named=True)
        raise InputError(
            f"treated patients {negative['subject'].head(10).to_list()} were last seen before their first "
            f"dose (patient {row['subject']}: last_contact_day {row['last_contact_day']}, first dose on day "
            f"{row['first_day']}); correct the day, or set treated = no."
        )
    return people.select("subject", "arm", "treated", "first_day", "follow_up")


def _events(adverse_events: Any, needed: Sequence[str]) -> pl.DataFrame:
    """Read the events and put each into its classes."""
    required = ["subject", "day", "term", "serious", *needed]
    rest = [name for name in DETAILS if name not in needed]
    events = take(adverse_events, "adverse_events", required, optional=rest)
    fatal = (pl.col("outcome") == "fatal").fill_null(value=False) | (pl.col("grade") == 5).fill_null(
        value=False
    )
    flags = {
        "any": pl.lit(value=True),
        "serious": pl.col("serious").fill_null(value=False),
        "related": pl.col("related").fill_null(value=False),
        "procedure_related": pl.col("procedure_related").fill_null(value=False),
        "fatal": fatal,
    }
    marked = events.with_columns(flag.alias(f"is_{name}") for name, flag in flags.items())
    return marked.sort("subject", "day", "term")
