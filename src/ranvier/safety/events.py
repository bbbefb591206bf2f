"""Adverse events: patients, events and time at risk, by arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import require_choice
from ranvier.result import Derivation
from ranvier.safety._judging import (
    DAYS_PER_YEAR,
    EVENT_CLASSES,
    SAFETY_REASONS,
    belongs,
    classes,
    judge,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EVENT_CLASSES", "Incidence", "incidence"]

GROUPINGS = {"term": "term", "body_system": "body_system", "nested": "term", "grade": "grade"}
"""What single kinds of events can be listed by, and the column behind it."""
NEEDED = {"body_system": ("body_system",), "nested": ("body_system",), "grade": ("grade",)}
NOT_CODED = "not coded"
"""Body system of events that have none, in a nested table, so that no event is lost."""

METHOD = (
    "Only treated patients count (n). `subjects` had at least one event, `events` is the number of events, "
    "`years` the person-years from the first dose to each patient's first event of that kind, or to the last "
    "contact. Events before the first dose are not counted. A flag that was not filled in does not put an "
    "event into a class."
)
REFERENCES = (
    "ICH E3. Structure and content of clinical study reports, 1995, section 12",
    "Hanley JA, Lippman-Hand A. If nothing goes wrong, is everything all right? JAMA 1983;249:1743-1745",
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


def incidence(
    adverse_events: Any,
    subjects: Any,
    *,
    by: str = "term",
    among: str | Sequence[str] = "any",
    doses: Any | None = None,
) -> Incidence:
    r"""Give patients with events, events and person-years at risk, by arm and kind of event.

    Parameters
    ----------
    adverse_events : dataframe
        Columns subject, day, term, serious, and where known body_system, grade, related, outcome,
        procedure_related.
    subjects : dataframe
        Columns subject, arm, treated, and last_contact_day where known.
    by : {"term", "body_system", "nested", "grade"}
        What single kinds of events are listed by, beside the classes that always have a row. "nested" gives
        each body system followed by its terms.
    among : str or sequence of str
        Only events that belong to all of these classes of `EVENT_CLASSES` are counted, such as "serious".
    doses : dataframe, optional
        Columns subject, day. When given, who was treated and on which day the first dose was given are
        derived from it; otherwise they come from `subjects`, and the first dose is day 0.

    Returns
    -------
    Incidence
        One row per arm and kind of event: every class of `EVENT_CLASSES` and every event seen, zeros
        included. Columns arm, kind ("class", "body_system", "term" or "grade"), body_system (of a nested
        row), event, subjects, events, n (treated patients), percent (of n), years (person-years to the first
        event of that kind), rate_per_100_years (patients with a first event of known day per 100 such years),
        exposure_years (all person-years), events_per_100_years (events per 100 of those), onset_first_day,
        onset_median_day, onset_last_day (days from the first dose to the first event of its patients).
        Rates and percent are null without time or patients. `left_out` counts what was not used.

    Raises
    ------
    InputError
        When a column is missing, `by` or `among` is unknown, a patient has no arm, or a treated patient was
        last seen before the first dose.

    Notes
    -----
    An event is treatment-emergent when it began on or after the day of the first dose. The time at risk of
    patient i for one kind of event is :math:`t_i = \min(\text{onset}_i, \text{last contact}_i)` days from the
    first dose, and the rate is :math:`100 \sum d_i / \sum t_i` with :math:`d_i = 1` for patients with the
    event. An event on the day of the dose gives no time at risk. A patient whose event has no known day
    counts in subjects and events, but adds neither to the rate nor to years. A patient whose last contact is
    not known counts in n, but adds to years only when an event with a known day ended the time at risk.

    No interval is given here; `ranvier.stats.proportion`, `ranvier.stats.rate` and
    `ranvier.stats.compare_events` take these numbers. Zero events in n patients are not the absence of risk.

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
    require_choice("grouping of adverse events", by, tuple(GROUPINGS))
    wanted = classes(among)
    judged = judge(adverse_events, subjects, doses, needed=NEEDED.get(by, ()))
    kinds = _kinds(judged.counted.filter(belongs(wanted)), by)
    treated = judged.treated
    rows = judged.people.select("arm").unique().join(_labels(kinds, by), how="cross").sort("arm", "place")
    only = "" if wanted == ("any",) else f" Only events that are {' and '.join(wanted)} count."
    return Incidence(
        name="Adverse events in treated patients",
        table=_fill(rows, _first_events(kinds, treated), treated),
        trace=judged.trace(),
        reasons=SAFETY_REASONS,
        method=METHOD + only,
        left_out=judged.left_out(),
        references=REFERENCES,
    )


KEYS = ("kind", "body_system", "event")
NO_SYSTEM = pl.lit(None, dtype=pl.String).alias("body_system")


def _kinds(counted: pl.DataFrame, by: str) -> pl.DataFrame:
    """Give one row per event and kind that it belongs to."""
    columns = ["subject", "arm", "onset"]
    parts = [
        counted.filter(f"is_{name}").select(
            *columns, pl.lit("class").alias("kind"), NO_SYSTEM, pl.lit(name).alias("event")
        )
        for name in EVENT_CLASSES
    ]
    if by == "nested":
        coded = counted.with_columns(pl.col("body_system").fill_null(NOT_CODED))
        parts += [
            coded.select(*columns, pl.lit(kind).alias("kind"), "body_system", pl.col(column).alias("event"))
            for kind, column in (("body_system", "body_system"), ("term", "term"))
        ]
    else:
        name = pl.format("grade {}", "grade").fill_null("grade not recorded") if by == "grade" else pl.col(by)
        parts.append(counted.select(*columns, pl.lit(by).alias("kind"), NO_SYSTEM, name.alias("event")))
    return pl.concat(parts).filter(pl.col("event").is_not_null())


def _labels(kinds: pl.DataFrame, by: str) -> pl.DataFrame:
    """Give every row label in order: the classes, then the events seen, most patients first."""
    fixed = pl.DataFrame({"kind": "class", "event": list(EVENT_CLASSES)}).select("kind", NO_SYSTEM, "event")
    seen = kinds.filter(pl.col("kind") != "class").group_by(KEYS).agg(pl.col("subject").n_unique())
    if by == "grade":
        ordered = seen.sort("event")
    elif by == "nested":
        size = seen.filter(kind="body_system").select("body_system", pl.col("subject").alias("size"))
        ordered = seen.join(size, on="body_system").sort(
            "size", "body_system", "kind", "subject", "event", descending=[True, False, False, True, False]
        )
    else:
        ordered = seen.sort("subject", "event", descending=[True, False])
    return pl.concat([fixed, ordered.select(KEYS)]).with_row_index("place")


def _first_events(kinds: pl.DataFrame, treated: pl.DataFrame) -> pl.DataFrame:
    """Give per patient and kind the events, and how their time at risk differs from the whole follow-up."""
    first = kinds.group_by("subject", "arm", *KEYS).agg(
        pl.len().cast(pl.Int64).alias("events"),
        pl.col("onset").min().alias("first_day"),
        pl.col("onset").is_null().any().alias("day_unknown"),
    )
    joined = first.join(treated.select("subject", "follow_up"), on="subject", how="left")
    known = joined.with_columns(pl.when(~pl.col("day_unknown")).then("first_day").alias("first_day"))
    ended = pl.col("first_day").fill_null(0)
    return known.with_columns((ended - pl.col("follow_up").fill_null(0)).alias("correction"))


def _fill(rows: pl.DataFrame, first: pl.DataFrame, treated: pl.DataFrame) -> pl.DataFrame:
    """Put counts, person-years and rates beside each arm and kind, zeros included."""
    labels = ["arm", *KEYS]
    onset = pl.col("first_day")
    sums = first.group_by(labels).agg(
        pl.len().cast(pl.Int64).alias("subjects"),
        pl.col("events").sum(),
        pl.col("correction").sum(),
        onset.is_not_null().sum().alias("timed"),
        onset.min().alias("onset_first_day"),
        onset.median().alias("onset_median_day"),
        onset.max().alias("onset_last_day"),
    )
    whole = treated.group_by("arm").agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("follow_up").sum().alias("whole_days")
    )
    counts = ["subjects", "events", "correction", "timed", "n", "whole_days"]
    filled = (
        rows.join(sums, on=labels, how="left", nulls_equal=True)
        .join(whole, on="arm", how="left")
        .sort("arm", "place")
        .with_columns(pl.col(counts).fill_null(0))
    )
    years = (pl.col("whole_days") + pl.col("correction")) / DAYS_PER_YEAR
    exposure = pl.col("whole_days") / DAYS_PER_YEAR
    return filled.select(
        *labels,
        "subjects",
        "events",
        "n",
        _ratio(100 * pl.col("subjects"), pl.col("n")).alias("percent"),
        years.alias("years"),
        _ratio(100 * pl.col("timed"), years).alias("rate_per_100_years"),
        exposure.alias("exposure_years"),
        _ratio(100 * pl.col("events"), exposure).alias("events_per_100_years"),
        "onset_first_day",
        "onset_median_day",
        "onset_last_day",
    )


def _ratio(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    """Give a quotient; null where there is nothing to divide by."""
    return pl.when(bottom > 0).then(top / bottom)
