"""What a stopping rule counts: patients with the event, without it, and not yet followed for long enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import Derivation, LeftOut
from ranvier.safety._judging import DAYS_PER_YEAR, SAFETY_REASONS, belongs, classes, judge

__all__ = ["monitored_patients"]

REASONS = {
    **SAFETY_REASONS,
    "event": "had an event that the rule counts",
    "complete": "was followed for long enough without such an event",
    "pending": "has no such event and was not followed for long enough; not counted yet",
}


def monitored_patients(
    adverse_events: Any,
    subjects: Any,
    *,
    events: str | Sequence[str] = "serious",
    min_grade: int | None = None,
    window_days: int | None = None,
    arms: Sequence[str] = (),
    doses: Any | None = None,
) -> Derivation:
    """Give each treated patient as a stopping rule counts them.

    Parameters
    ----------
    adverse_events : dataframe
        Columns subject, day, term, serious, and the columns that `events` and `min_grade` need.
    subjects : dataframe
        Columns subject, arm, treated, last_contact_day.
    events : str or sequence of str
        Classes of `EVENT_CLASSES` that an event must all belong to.
    min_grade : int, optional
        Lowest grade that counts, 1 to 5.
    window_days : int, optional
        Last day after the first dose on which an event counts; a patient without one counts when followed for
        that long. When None every treated patient counts.
    arms : sequence of str
        Arms that count; all when empty.
    doses : dataframe, optional
        Columns subject, day; when given, treatment and the day of the first dose come from here.

    Returns
    -------
    Derivation
        One row per treated patient of these arms: subject, arm, status ("event", "complete" or "pending"),
        events (that count), onset (days to the first), years (under observation within the window; null when
        the last contact is not known).

    Raises
    ------
    InputError
        When a column is missing, a class or an arm is unknown, or grade or window cannot be used.

    Notes
    -----
    An event whose day is not known counts, and a fatal event counts as serious even where it is not marked
    so (ICH E2A): leaving them out could keep a trial running that should stop. An event without a grade does
    not reach `min_grade`; `left_out` counts such events, which deserve a look.

    References
    ----------
    Ivanova A, Qaqish BF, Schell MJ (2005). doi:10.1111/j.1541-0420.2005.00311.x

    Examples
    --------
    >>> subjects = pl.DataFrame(
    ...     {"subject": ["P1", "P2"], "arm": "msc", "treated": True, "last_contact_day": [90, 10]}
    ... )
    >>> events = pl.DataFrame({"subject": ["P1"], "day": [7], "term": ["sepsis"], "serious": [True]})
    >>> monitored_patients(events, subjects, window_days=30).table.select("subject", "status").rows()
    [('P1', 'event'), ('P2', 'pending')]
    """
    wanted = classes(events)
    _require_sizes(min_grade, window_days)
    judged = judge(adverse_events, subjects, doses, needed=() if min_grade is None else ("grade",))
    people = judged.treated
    known = judged.people["arm"].unique().sort().to_list()
    for arm in arms:
        require_choice("arm", arm, known)
    if arms:
        people = people.filter(pl.col("arm").is_in(list(arms)))
    kept = judged.counted.filter(belongs(wanted, deaths=True)).join(
        people.select("subject"), on="subject", how="semi"
    )
    ungraded = 0
    if min_grade is not None:
        ungraded = kept["grade"].null_count()
        kept = kept.filter(pl.col("grade") >= min_grade)
    if window_days is not None:
        kept = kept.filter((pl.col("onset") <= window_days).fill_null(value=True))
    first = kept.group_by("subject").agg(pl.len().cast(pl.Int64).alias("events"), pl.col("onset").min())
    joined = people.join(first, on="subject", how="left").sort("arm", "subject")
    followed = (
        pl.lit(value=True)
        if window_days is None
        else (pl.col("follow_up") >= window_days).fill_null(value=False)
    )
    status = (
        pl.when(pl.col("events").is_not_null())
        .then(pl.lit("event"))
        .when(followed)
        .then(pl.lit("complete"))
        .otherwise(pl.lit("pending"))
    )
    longest = pl.col("follow_up") if window_days is None else pl.col("follow_up").clip(None, window_days)
    table = joined.select(
        "subject",
        "arm",
        status.alias("status"),
        pl.col("events").fill_null(0),
        "onset",
        (longest / DAYS_PER_YEAR).alias("years"),
    )
    return Derivation(
        name="Patients that the stopping rule counts",
        table=table,
        trace=judged.trace(),
        reasons=REASONS,
        method="A treated patient with an event that the rule names counts as an event; one without counts "
        "when followed for as long as the rule asks.",
        left_out=(
            *(left for left in judged.left_out() if left != judged.unmarked_deaths()),
            LeftOut(n=ungraded, reason="events without a grade, not counted by the rule"),
            LeftOut(n=table.filter(status="pending").height, reason="patients not yet followed long enough"),
        ),
    )


def _require_sizes(min_grade: int | None, window_days: int | None) -> None:
    if min_grade is not None and min_grade not in (1, 2, 3, 4, 5):
        raise InputError(f"min_grade is {min_grade!r}; a grade is a whole number from 1 to 5.")
    if window_days is not None and not (isinstance(window_days, int) and window_days >= 0):
        raise InputError(f"window_days is {window_days!r}; give a whole number of days, 0 or more.")
