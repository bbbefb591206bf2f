"""Listings of adverse events, one row each: which are treatment-emergent, which serious."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from ranvier.result import Derivation
from ranvier.safety._judging import SAFETY_REASONS, Judged, belongs, classes, judge

__all__ = ["serious_listing", "treatment_emergent"]

COLUMNS = (
    "subject",
    "arm",
    "term",
    "body_system",
    "day",
    "end_day",
    "onset",
    "duration_days",
    "grade",
    "serious",
    "related",
    "procedure_related",
    "outcome",
    "treatment_emergent",
    "reason",
)


def treatment_emergent(adverse_events: Any, subjects: Any, *, doses: Any | None = None) -> Derivation:
    """Give every adverse event with whether it began on or after the first dose, and why it counts or not.

    Parameters
    ----------
    adverse_events : dataframe
        Columns subject, day, term, serious, and where known body_system, end_day, grade, related, outcome,
        procedure_related.
    subjects : dataframe
        Columns subject, arm, treated, and last_contact_day where known.
    doses : dataframe, optional
        Columns subject, day; when given, treatment and the day of the first dose come from here.

    Returns
    -------
    Derivation
        One row per event, none left out: subject, arm, term, body_system, day, end_day, onset (days from the
        first dose), duration_days, grade, serious, related, procedure_related, outcome, treatment_emergent,
        reason (see `explain`).

    Raises
    ------
    InputError
        When a column is missing, a patient has no arm, or a treated patient was last seen before the first
        dose.

    Notes
    -----
    An event of a treated patient whose day is not known counts as treatment-emergent: leaving it out could
    hide a harm.

    References
    ----------
    ICH E9 (1998), glossary: treatment emergent.

    Examples
    --------
    >>> subjects = pl.DataFrame({"subject": ["P1"], "arm": ["msc"], "treated": [True]})
    >>> events = pl.DataFrame(
    ...     {"subject": ["P1", "P1"], "day": [-3, 2], "term": ["cough", "fever"], "serious": [False, False]}
    ... )
    >>> treatment_emergent(events, subjects).table["treatment_emergent"].to_list()
    [False, True]
    """
    judged = judge(adverse_events, subjects, doses)
    return _listing(judged, judged.events, "Adverse events", "Every event is listed.")


def serious_listing(
    adverse_events: Any, subjects: Any, *, among: str | Sequence[str] = "serious", doses: Any | None = None
) -> Derivation:
    """List every serious adverse event, with those that do not count and why.

    Parameters
    ----------
    adverse_events, subjects, doses
        As for `treatment_emergent`.
    among : str or sequence of str
        Classes of `EVENT_CLASSES` that an event must all belong to.

    Returns
    -------
    Derivation
        The rows of `treatment_emergent` that belong to the classes, by arm, patient and day.

    Raises
    ------
    InputError
        As `treatment_emergent`, and when a class is unknown.

    Notes
    -----
    Events before the first dose and events of untreated patients are listed too: a reader of a listing must
    find every serious event that was reported. A fatal event is listed also when it is not marked as serious
    (column serious).

    References
    ----------
    ICH E3 (1995), section 12.3.1.2.

    Examples
    --------
    >>> subjects = pl.DataFrame({"subject": ["P1"], "arm": ["msc"], "treated": [True]})
    >>> events = pl.DataFrame(
    ...     {"subject": ["P1", "P1"], "day": [1, 2], "term": ["cough", "sepsis"], "serious": [False, True]}
    ... )
    >>> serious_listing(events, subjects).table["term"].to_list()
    ['sepsis']
    """
    wanted = classes(among)
    judged = judge(adverse_events, subjects, doses)
    rows = judged.events.filter(belongs(wanted, deaths=True))
    words = " and ".join(wanted).replace("_", "-")
    return _listing(judged, rows, f"Adverse events that are {words}", f"Listed are events that are {words}.")


def _listing(judged: Judged, rows: pl.DataFrame, name: str, said: str) -> Derivation:
    table = rows.with_columns(
        (pl.col("end_day") - pl.col("day") + 1).alias("duration_days"),
        pl.col("counts").alias("treatment_emergent"),
    )
    return Derivation(
        name=name,
        table=table.sort("arm", "subject", "day", "term", nulls_last=True).select(COLUMNS),
        trace=judged.trace(),
        reasons=SAFETY_REASONS,
        method=f"{said} Treatment-emergent: began on or after the day of the first dose in a treated "
        "patient. The first and the last day both belong to the duration.",
    )
