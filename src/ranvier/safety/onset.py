"""When adverse events happen: the time to each patient's first one, and how they add up over exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import Derivation, LeftOut
from ranvier.safety._judging import DAYS_PER_YEAR, SAFETY_REASONS, belongs, classes, judge

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CumulativeEvents", "FirstEvents", "cumulative_events", "first_events"]

STYLES = ("-", "--", ":", "-.")
AT_RISK, AT_RISK_ROW = 36, 12
"""Points below the axis at which the numbers at risk begin, and from one arm to the next."""
KINDS = ("any", "term", "body_system")
TIMING_REASONS = {
    **SAFETY_REASONS,
    "event": "the first event began on this day",
    "end-of-follow-up": "no event up to the last contact",
    "onset-unknown": "the patient had an event whose day is not known, so that the first one is not known",
    "follow-up-unknown": "no event, and the last contact is not known",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstEvents(Derivation):
    """The time to the first event of each treated patient."""

    def curve(self) -> pl.DataFrame:
        """Give the share of patients who had the event, by day.

        Returns
        -------
        polars.DataFrame
            Columns arm, day, at_risk (still followed and without the event before that day), events, share
            (1 minus the product of 1 - events / at_risk up to that day); one row per arm and day on which
            something changes, from day 0.

        Notes
        -----
        Patients without a known time are not at risk. Death without the event ends follow-up like any other
        loss. No interval is given; that is for `ranvier.stats`.
        """
        known = self.table.filter(pl.col("days").is_not_null())
        days = pl.concat(
            [known.select("arm", pl.col("days").alias("day")), known.select("arm", pl.lit(0).alias("day"))],
            how="vertical_relaxed",
        ).unique()
        pairs = days.join(known, on="arm")
        counted = pairs.group_by("arm", "day").agg(
            (pl.col("days") >= pl.col("day")).sum().cast(pl.Int64).alias("at_risk"),
            ((pl.col("days") == pl.col("day")) & pl.col("observed")).sum().cast(pl.Int64).alias("events"),
        )
        left = (1 - pl.col("events") / pl.col("at_risk")).cum_prod().over("arm")
        return counted.sort("arm", "day").with_columns((1 - left).alias("share"))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of patients who had the event over time, with the numbers at risk below.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.5, 3.8), layout="constrained").add_subplot()
        curve = self.curve()
        arms = curve["arm"].unique(maintain_order=True).to_list()
        for place, arm in enumerate(arms):
            rows = curve.filter(arm=arm)
            days = [0, *rows["day"]]
            shares = [0.0, *(100 * rows["share"])]
            ax.step(days, shares, where="post", linestyle=STYLES[place % 4], color=f"C{place % 6}", label=arm)
        ax.set_ylim(0, 104)
        ax.set_xlim(left=0)
        ax.set_ylabel("patients with the event, %")
        ax.set_xlabel("days from the first dose")
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3)
        self._at_risk(ax, arms)
        return ax

    def _at_risk(self, ax: Axes, arms: Sequence[str]) -> None:
        """Write below the axis how many patients of each arm are followed without the event."""
        known = self.table.filter(pl.col("days").is_not_null())
        low, high = ax.get_xlim()
        marks = [mark for mark in ax.get_xticks() if low <= mark <= high]
        where: dict[str, Any] = {"xycoords": ax.get_xaxis_transform(), "textcoords": "offset points"}
        where["va"] = "top"
        ax.annotate("at risk", (low, 0), xytext=(0, -AT_RISK), fontsize="small", weight="bold", **where)
        for place, arm in enumerate(arms):
            days = known.filter(arm=arm)["days"]
            for mark in marks:
                ax.annotate(
                    str(int((days >= mark).sum())),
                    (mark, 0),
                    xytext=(0, -AT_RISK - AT_RISK_ROW * (place + 1)),
                    ha="center",
                    fontsize="small",
                    color=f"C{place % 6}",
                    **where,
                )


def first_events(
    adverse_events: Any,
    subjects: Any,
    *,
    among: str | Sequence[str] = "any",
    kind: str = "any",
    event: str | None = None,
    doses: Any | None = None,
) -> FirstEvents:
    """Give each treated patient's time from the first dose to the first event, or to the last contact.

    Parameters
    ----------
    adverse_events : dataframe
        Columns subject, day, term, serious, and the columns that `among` and `kind` need.
    subjects : dataframe
        Columns subject, arm, treated, last_contact_day.
    among : str or sequence of str
        Classes of `EVENT_CLASSES` that an event must all belong to.
    kind : {"any", "term", "body_system"}
        Whether any event counts, or only those with the term or body system `event`.
    event : str, optional
        The term or body system; None with `kind="any"`.
    doses : dataframe, optional
        Columns subject, day; when given, treatment and the day of the first dose come from here.

    Returns
    -------
    FirstEvents
        One row per treated patient: subject, arm, observed (had the event), days (from the first dose to it,
        or to the last contact; null when not known), reason. `curve()` gives the share over time.

    Raises
    ------
    InputError
        When a column is missing, a choice is unknown, or `event` does not fit `kind`.

    Notes
    -----
    Days are counted as in `incidence`: an event on the day of the first dose has 0 days. ADaM time-to-event
    data sets count that day as 1.

    References
    ----------
    Kaplan EL, Meier P (1958). doi:10.1080/01621459.1958.10501452

    Examples
    --------
    >>> subjects = pl.DataFrame(
    ...     {"subject": ["P1", "P2"], "arm": "msc", "treated": True, "last_contact_day": [90, 90]}
    ... )
    >>> events = pl.DataFrame({"subject": ["P1"], "day": [7], "term": ["fever"], "serious": [False]})
    >>> first_events(events, subjects).table.select("subject", "observed", "days").rows()
    [('P1', True, 7), ('P2', False, 90)]
    """
    require_choice("kind of event", kind, KINDS)
    if (kind == "any") != (event is None):
        raise InputError(
            f"kind is {kind!r} and event is {event!r}; name an event with kind term or body_system."
        )
    wanted = classes(among)
    judged = judge(adverse_events, subjects, doses, needed=("body_system",) if kind == "body_system" else ())
    counted = judged.counted.filter(belongs(wanted))
    if kind != "any":
        counted = counted.filter(pl.col(kind) == event)
    first = counted.group_by("subject").agg(
        pl.col("onset").min(), pl.col("onset").is_null().any().alias("unknown")
    )
    joined = judged.treated.join(first, on="subject", how="left").sort("arm", "subject")
    observed, unknown = pl.col("unknown").is_not_null(), pl.col("unknown").fill_null(value=False)
    reason = (
        pl.when(unknown)
        .then(pl.lit("onset-unknown"))
        .when(observed)
        .then(pl.lit("event"))
        .when(pl.col("follow_up").is_null())
        .then(pl.lit("follow-up-unknown"))
        .otherwise(pl.lit("end-of-follow-up"))
    )
    days = pl.when(unknown).then(None).when(observed).then("onset").otherwise("follow_up")
    table = joined.select(
        "subject", "arm", observed.alias("observed"), days.alias("days"), reason.alias("reason")
    )
    untimed = table.filter(pl.col("days").is_null()).height
    return FirstEvents(
        name=f"Time to the first event ({event or ' and '.join(wanted)})",
        table=table,
        trace=judged.trace(),
        reasons=TIMING_REASONS,
        method="Days from the first dose to the first treatment-emergent event of each treated patient; "
        "others are followed to the last contact.",
        left_out=(
            *judged.left_out(),
            LeftOut(n=untimed, reason="treated patients without a known time, not at risk in the curve"),
        ),
        references=("Kaplan EL, Meier P (1958). doi:10.1080/01621459.1958.10501452",),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CumulativeEvents(Derivation):
    """Events and exposure added up over time, by arm."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean number of events per patient over time, above the exposure behind it.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The upper axes, with the mean number of events.
        """
        if ax is None:
            from matplotlib.figure import Figure

            figure = Figure(figsize=(6.5, 4.4))
            ax = figure.add_axes((0.12, 0.42, 0.84, 0.44))
        return self.paint(ax, ax.inset_axes((0, -0.72, 1, 0.5), sharex=ax))

    def paint(self, ax: Axes, below: Axes) -> Axes:
        """Draw the mean number of events on one pair of axes and the exposure on another.

        Parameters
        ----------
        ax, below : matplotlib Axes
            Where to draw events and exposure.

        Returns
        -------
        matplotlib Axes
            The axes with the events.
        """
        arms = self.table["arm"].unique(maintain_order=True).to_list()
        for place, arm in enumerate(arms):
            rows = self.table.filter(arm=arm)
            colour, line = f"C{place % 6}", STYLES[place % 4]
            ax.step(
                rows["day"].to_list(),
                rows["mean_events"].to_list(),
                where="post",
                label=arm,
                color=colour,
                linestyle=line,
            )
            below.plot(rows["day"].to_list(), rows["exposure_years"].to_list(), color=colour, linestyle=line)
        ax.set_ylabel("events per patient")
        ax.set_ylim(bottom=0)
        ax.set_xlim(left=0)
        ax.tick_params(axis="x", labelbottom=False)
        below.set_ylabel("patient-years")
        below.set_ylim(bottom=0)
        below.set_xlabel("days from the first dose")
        for side in ("top", "right"):
            below.spines[side].set_visible(False)
        if arms:
            ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3)
        return ax


def cumulative_events(
    adverse_events: Any,
    subjects: Any,
    *,
    among: str | Sequence[str] = "any",
    doses: Any | None = None,
) -> CumulativeEvents:
    r"""Add up events and exposure over the days from the first dose, by arm.

    Parameters
    ----------
    adverse_events : dataframe
        Columns subject, day, term, serious, and the columns that `among` needs.
    subjects : dataframe
        Columns subject, arm, treated, last_contact_day.
    among : str or sequence of str
        Classes of `EVENT_CLASSES` that an event must all belong to.
    doses : dataframe, optional
        Columns subject, day; when given, treatment and the day of the first dose come from here.

    Returns
    -------
    CumulativeEvents
        Columns arm, day, events (on that day), at_risk (patients still followed), total_events (up to that
        day), mean_events (see Notes), exposure_years (patient-years up to that day); one row per arm and day
        on which something changes, from day 0 on.

    Raises
    ------
    InputError
        When a column is missing or a class is unknown.

    Notes
    -----
    `mean_events` is the mean cumulative function :math:`\sum_{s \le t} d_s / Y_s`, with :math:`d_s` events
    and :math:`Y_s` patients followed on day s. It allows for unequal follow-up, which the plain number of
    events does not. Patients whose last contact is not known and events without a day or after the last
    contact are not in it; `left_out` counts them.

    References
    ----------
    Nelson W (1988). J Qual Technol 20:24-35, on the mean cumulative function.

    Examples
    --------
    >>> subjects = pl.DataFrame(
    ...     {"subject": ["P1", "P2"], "arm": "msc", "treated": True, "last_contact_day": [90, 90]}
    ... )
    >>> events = pl.DataFrame({"subject": ["P1"], "day": [7], "term": ["fever"], "serious": [False]})
    >>> cumulative_events(events, subjects).table.select("day", "total_events", "mean_events").rows()
    [(0, 0, 0.0), (7, 1, 0.5), (90, 1, 0.5)]
    """
    wanted = classes(among)
    judged = judge(adverse_events, subjects, doses)
    people = judged.treated.filter(pl.col("follow_up").is_not_null()).select("subject", "arm", "follow_up")
    counted = judged.counted.filter(belongs(wanted))
    events = counted.join(people.select("subject", "follow_up"), on="subject").filter(
        pl.col("onset") <= pl.col("follow_up")
    )
    daily = events.group_by("arm", pl.col("onset").alias("day")).agg(pl.len().cast(pl.Int64).alias("events"))
    days = pl.concat(
        [
            people.select("arm", pl.lit(0, dtype=pl.Int64).alias("day")),
            people.select("arm", pl.col("follow_up").alias("day")),
            daily.select("arm", "day"),
        ]
    ).unique()
    followed = (
        days.join(people, on="arm")
        .group_by("arm", "day")
        .agg(
            (pl.col("follow_up") >= pl.col("day")).sum().cast(pl.Int64).alias("at_risk"),
            (pl.min_horizontal("follow_up", "day").sum() / DAYS_PER_YEAR).alias("exposure_years"),
        )
    )
    table = (
        followed.join(daily, on=["arm", "day"], how="left")
        .sort("arm", "day")
        .with_columns(pl.col("events").fill_null(0))
    )
    return CumulativeEvents(
        name=f"Events over time ({' and '.join(wanted)})",
        table=table.select(
            "arm",
            "day",
            "events",
            "at_risk",
            pl.col("events").cum_sum().over("arm").alias("total_events"),
            (pl.col("events") / pl.col("at_risk")).cum_sum().over("arm").alias("mean_events"),
            "exposure_years",
        ),
        trace=judged.trace(),
        reasons=SAFETY_REASONS,
        method="Treatment-emergent events per patient still followed, added up over the days from the first "
        "dose, beside the patient-years of observation up to each day.",
        left_out=(
            *judged.left_out(),
            LeftOut(n=counted.height - events.height, reason="events without a usable time, not in the mean"),
        ),
        references=("Nelson W (1988). J Qual Technol 20:24-35",),
    )
