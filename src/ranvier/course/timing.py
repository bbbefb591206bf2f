"""Time to an event, as an interval between two visits, or until the patient was last seen."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.course.confirmed import CourseEvents
from ranvier.errors import InputError
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut
from ranvier.trial import take

__all__ = ["time_to_event"]

TIMING_REASONS = {
    "event": "the event began between the left and the right day",
    "end-of-follow-up": "no event up to the last visit",
    "one-visit": "there is only one visit, so that nothing could be seen",
}


def time_to_event(events: CourseEvents, visits: Any, *, event: str | None = None) -> Derivation:
    """Give each patient's time to the first event, with the interval it lies in, or to the last visit.

    Parameters
    ----------
    events : CourseEvents
        What `events`, `worsening`, `improvement` or `milestone` gave.
    visits : dataframe
        The visits that the events were found in: columns subject, day.
    event : {"worsening", "improvement", "milestone"}, optional
        Which events count; all when None.

    Returns
    -------
    Derivation
        Table with subject, observed, left_day and right_day (the event lies in (left_day, right_day];
        right_day is null when censored, left_day when it was there at the first visit), days (from the first
        visit to the event, or to the last visit), reason ("event", "end-of-follow-up", "one-visit"); one row
        per patient.

    Raises
    ------
    InputError
        When a column is missing, or an event belongs to a patient without visits.

    Notes
    -----
    Events seen at visits are interval-censored: treating the visit as the day of the event biases times
    upwards, by more where visits are far apart. A patient without an event is censored at the last visit with
    any row, whether the outcome was measured there or not.

    References
    ----------
    Mandel et al. 2007, J Am Stat Assoc 102:1, doi 10.1198/016214507000000059.

    Examples
    --------
    >>> from ranvier.course import worsening
    >>> visits = pl.DataFrame({"subject": ["P1"] * 3, "day": [0, 90, 180], "edss": [4.0, 5.0, 5.0]})
    >>> time_to_event(worsening(visits, definition="cdw-12w"), visits).table.row(0)
    ('P1', True, 0, 90, 90, 'event')
    """
    if not isinstance(events, CourseEvents):
        raise InputError(f"{type(events).__name__} holds no events; give what course.events made.")
    rows = take(visits, "visits", ["subject", "day"]).drop_nulls()
    seen = rows.group_by("subject").agg(
        pl.col("day").min().alias("first"),
        pl.col("day").max().alias("last"),
        pl.col("day").n_unique().alias("n"),
    )
    counted = events.table if event is None else events.table.filter(event=event)
    first = counted.sort("day").unique("subject", keep="first", maintain_order=True)
    strange = first.join(seen, on="subject", how="anti")["subject"].sort().to_list()
    if strange:
        raise InputError(f"events of patients {strange[:10]} who have no visit; give the same visits.")
    joined = seen.join(first.select("subject", "day", "left_day"), on="subject", how="left").sort("subject")
    observed = pl.col("day").is_not_null()
    table = joined.select(
        "subject",
        observed.alias("observed"),
        pl.when(observed).then("left_day").otherwise("last").alias("left_day"),
        pl.col("day").alias("right_day"),
        (pl.coalesce("day", "last") - pl.col("first")).alias("days"),
        pl.when(observed)
        .then(pl.lit("event"))
        .when(pl.col("n") < 2)
        .then(pl.lit("one-visit"))
        .otherwise(pl.lit("end-of-follow-up"))
        .alias("reason"),
    )
    trace = table.select(
        "subject",
        pl.coalesce("right_day", "left_day").alias("day"),
        pl.lit("time to event").alias("step"),
        pl.when("observed").then(pl.lit("event")).otherwise(pl.lit("censored")).alias("outcome"),
        "reason",
    ).cast(pl.Schema(TRACE_SCHEMA))
    return Derivation(
        name=f"Time to {event or 'event'}",
        table=table,
        trace=trace,
        reasons=TIMING_REASONS,
        method=(
            "Time from the first visit to the first event, which lies between the last visit without it and "
            f"the first with it; others are censored at their last visit. {events.method}"
        ),
        definition=events.definition,
        left_out=(LeftOut(n=table.filter(reason="one-visit").height, reason="patients with only one visit"),),
        references=events.references,
    )
