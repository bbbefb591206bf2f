"""Relapses and person-time before and after the first dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut
from ranvier.trial import take

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DAYS_PER_YEAR", "RelapseRate", "relapse_rate"]

DAYS_PER_YEAR = 365.25
"""Mean length of a calendar year, days."""

DEFAULT_BEFORE_DAYS = 365
"""Entry rules ask for the relapses of the last year: the period that most trials have on record."""

RELAPSE_REASONS = {
    "before": "the relapse began inside the period before the first dose",
    "after": "the relapse began on or after the day of the first dose",
    "too-early": "the relapse began before the period that is looked at",
    "after-last-contact": "the relapse began after the last day on which the patient's state is known",
    "repeated": "the same patient has another relapse on the same day",
    "no-day": "the day of the relapse is not known",
    "unknown-subject": "the patient is not in the table of patients",
    "not-treated": "the patient got no dose, so that there is no before and after",
    "no-last-contact": "the last day on which the patient's state is known is missing or before the first "
    "dose",
}

METHOD = (
    "Each treated patient's relapses are counted from {before_days} days before the first dose (from the "
    "onset of the disease, if later) up to the day before it, and from the day of the first dose to the last "
    "contact; years are days divided by 365.25. All reported relapses count, confirmed or not. A fall is "
    "expected without any effect when patients enter because of recent relapses: in an untreated cohort the "
    "yearly rate fell from 1.72 to 1.0."
)

REFERENCES = (
    (
        "Martínez-Yélamos S et al. Regression to the mean in multiple sclerosis. Mult Scler 2006;12:826-829, "
        "doi 10.1177/1352458506070820"
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class RelapseRate(Derivation):
    """Relapses and years at risk per patient and period."""

    def totals(self) -> pl.DataFrame:
        """Give the sums over patients.

        Returns
        -------
        polars.DataFrame
            Columns period (before, after), subjects, relapses, years, per_year (null when no time was at
            risk); always two rows.
        """
        periods = pl.DataFrame({"period": ["before", "after"]})
        sums = self.table.group_by("period").agg(
            pl.len().cast(pl.Int64).alias("subjects"), pl.col("relapses").sum(), pl.col("years").sum()
        )
        filled = periods.join(sums, on="period", how="left").fill_null(0).sort("period", descending=True)
        rate = pl.when(pl.col("years") > 0).then(pl.col("relapses") / pl.col("years"))
        return filled.with_columns(rate.alias("per_year"))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each patient's count of relapses before and after.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        subjects = self.table["subject"].unique().sort().to_list()
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.5, 1.4 + 0.32 * max(len(subjects), 1))).add_subplot()
        for sign, period, colour in ((-1, "before", "C1"), (1, "after", "C0")):
            counts = dict(self.table.filter(period=period).select("subject", "relapses").iter_rows())
            widths = [sign * counts[subject] for subject in subjects]
            ax.barh(range(len(subjects)), widths, color=colour, label=period, height=0.6)
        ax.axvline(0, color="C5", linewidth=0.8)
        ax.set_yticks(range(len(subjects)), subjects)
        ax.set_ylim(max(len(subjects), 1) - 0.4, -0.6)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        ax.set_xlabel("relapses (left: before the first dose, right: after)")
        ax.set_title(self.name)
        return ax


def relapse_rate(relapses: Any, subjects: Any, *, before_days: int | None = None) -> RelapseRate:
    """Give relapses and person-time of each treated patient before and after the first dose.

    Parameters
    ----------
    relapses : dataframe
        Columns subject, day (onset, whole days from the first dose).
    subjects : dataframe
        Columns subject, treated, last_contact_day, and onset_day where known.
    before_days : int, optional
        Days before the first dose that are looked at; 365 when None.

    Returns
    -------
    RelapseRate
        Table with subject, period (before, after), relapses, years; two rows per treated patient whose last
        contact is known. `totals()` gives the sums. `left_out` counts the patients left out and the relapses
        not counted.

    Raises
    ------
    InputError
        When a column is missing or `before_days` is not a whole number of 1 or more.

    Notes
    -----
    The day of the first dose belongs to the time after it. Patients whose last contact is not known are left
    out of both periods, so that before and after hold the same patients. The onset attack itself is counted
    when it falls into the period before.

    References
    ----------
    Martínez-Yélamos et al. 2006, Mult Scler 12:826-829, doi 10.1177/1352458506070820.

    Examples
    --------
    >>> subjects = pl.DataFrame({"subject": ["P1"], "treated": [True], "last_contact_day": [730]})
    >>> relapses = pl.DataFrame({"subject": ["P1", "P1", "P1"], "day": [-200, -40, 300]})
    >>> relapse_rate(relapses, subjects).totals().select("period", "relapses").rows()
    [('before', 2), ('after', 1)]
    """
    days = DEFAULT_BEFORE_DAYS if before_days is None else before_days
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise InputError(f"before_days is {before_days!r}; it must be a whole number of 1 or more.")
    people = _at_risk(subjects, days)
    counted = _place(take(relapses, "relapses", ["subject", "day"]), people)
    spans = people.filter(pl.col("why").is_null())
    long = pl.concat(
        spans.select(
            "subject", pl.lit(period).alias("period"), (pl.col(length) / DAYS_PER_YEAR).alias("years")
        )
        for period, length in (("before", "days_before"), ("after", "last_contact_day"))
    )
    hits = counted.filter(pl.col("reason").is_in(["before", "after"]))
    sums = hits.group_by("subject", pl.col("reason").alias("period")).agg(
        pl.len().cast(pl.Int64).alias("relapses")
    )
    joined = long.join(sums, on=["subject", "period"], how="left").with_columns(
        pl.col("relapses").fill_null(0)
    )
    return RelapseRate(
        name="Relapses before and after the first dose",
        table=joined.sort("subject", pl.col("period") == "after").select(
            "subject", "period", "relapses", "years"
        ),
        trace=_trace(counted, people),
        reasons=RELAPSE_REASONS,
        method=METHOD.format(before_days=days),
        left_out=_left_out(people, counted),
        references=REFERENCES,
    )


def _at_risk(subjects: Any, days: int) -> pl.DataFrame:
    """Give each patient's days before the first dose that count, and why a patient is left out."""
    people = take(subjects, "subjects", ["subject", "treated", "last_contact_day"], optional=["onset_day"])
    from_onset = pl.max_horizontal(-pl.col("onset_day"), pl.lit(0))
    why = (
        pl.when(~pl.col("treated").fill_null(value=False))
        .then(pl.lit("not-treated"))
        .when(pl.col("last_contact_day").fill_null(-1) < 0)
        .then(pl.lit("no-last-contact"))
    )
    known = pl.when(pl.col("onset_day").is_not_null()).then(from_onset).otherwise(days)
    return people.with_columns(pl.min_horizontal(known, pl.lit(days)).alias("days_before"), why.alias("why"))


def _place(relapses: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Say for each relapse in which period it counts, or why it does not."""
    ranked = relapses.sort("subject", "day").with_columns(
        pl.int_range(pl.len()).over("subject", "day").alias("copy")
    )
    joined = ranked.join(people.with_columns(known=pl.lit(value=True)), on="subject", how="left")
    reason = (
        pl.when(pl.col("known").is_null())
        .then(pl.lit("unknown-subject"))
        .when(pl.col("why").is_not_null())
        .then(pl.col("why"))
        .when(pl.col("day").is_null())
        .then(pl.lit("no-day"))
        .when(pl.col("copy") > 0)
        .then(pl.lit("repeated"))
        .when(pl.col("day") < -pl.col("days_before"))
        .then(pl.lit("too-early"))
        .when(pl.col("day") < 0)
        .then(pl.lit("before"))
        .when(pl.col("day") > pl.col("last_contact_day"))
        .then(pl.lit("after-last-contact"))
        .otherwise(pl.lit("after"))
    )
    return joined.select("subject", "day", reason.alias("reason"))


def _trace(counted: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Write one row per relapse and one per patient left out."""
    used = pl.col("reason").is_in(["before", "after"])
    events = counted.select(
        "subject",
        "day",
        pl.lit("relapse").alias("step"),
        pl.when(used).then(pl.lit("counted")).otherwise(pl.lit("not counted")).alias("outcome"),
        "reason",
    )
    left = people.filter(pl.col("why").is_not_null()).select(
        "subject",
        pl.lit(None).cast(pl.Int64).alias("day"),
        pl.lit("patient").alias("step"),
        pl.lit("left out").alias("outcome"),
        pl.col("why").alias("reason"),
    )
    parts = [part.cast(pl.Schema(TRACE_SCHEMA)) for part in (events, left)]
    return pl.concat(parts).sort("subject", "day", "step", "reason", nulls_last=True)


def _left_out(people: pl.DataFrame, counted: pl.DataFrame) -> tuple[LeftOut, ...]:
    """Count the patients left out and the relapses not counted."""

    def _patients(why: str) -> int:
        return people.filter(pl.col("why") == why).height

    def _relapses(*reasons: str) -> int:
        return counted.filter(pl.col("reason").is_in(list(reasons))).height

    return (
        LeftOut(n=_patients("not-treated"), reason="patients who got no dose"),
        LeftOut(
            n=_patients("no-last-contact"),
            reason="treated patients whose last contact is not known or before day 0",
        ),
        LeftOut(n=_relapses("unknown-subject"), reason="relapses of patients not in the table of patients"),
        LeftOut(
            n=_relapses("too-early", "after-last-contact"), reason="relapses outside the periods looked at"
        ),
        LeftOut(n=_relapses("repeated", "no-day"), reason="relapses entered twice or without a day"),
    )
