"""Change since baseline at scheduled visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.course.presets import SmallestChange, smallest_real_change
from ranvier.course.rule import ChangeRule
from ranvier.course.rules import change_rule
from ranvier.errors import InputError, require_choice
from ranvier.result import TRACE_SCHEMA, Derivation
from ranvier.tables import table
from ranvier.trial import VISIT_REASONS, assign_visits, since_baseline, take

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Change", "at_schedule", "change"]

CHANGE_REASONS = {
    **VISIT_REASONS,
    "better-by-threshold": "the change in the good direction reaches the threshold of the rule",
    "worse-by-threshold": "the change in the bad direction reaches the threshold of the rule",
    "below-threshold": "the change is smaller than the threshold of the rule",
    "no-rule": "no rule was named, so that the change is given without a verdict",
    "no-threshold": "the rule says nothing about this baseline value",
    "no-baseline": "there is no baseline value to compare with",
    "no-value": "there is a baseline value but none at this visit",
}

STATUS_COLOURS = {"improved": "C2", "stable": "C5", "worse": "C1", None: "C5"}
"""Places in the colour cycle, so that the drawing follows the page or the notebook it stands on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Change(Derivation):
    """Changes since baseline, drawn as one line per patient from baseline to the last visit.

    Parameters
    ----------
    outcome : str
        Column of visits that changed.
    noise : SmallestChange, optional
        Smallest change beyond the noise of examining; None when no source is known.
    """

    outcome: str
    noise: SmallestChange | None = None

    def last(self) -> pl.DataFrame:
        """Give each patient's last visit only.

        Returns
        -------
        polars.DataFrame
            The columns of `table`, one row per subject.
        """
        return self.table.sort("subject", "day").unique("subject", keep="last", maintain_order=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw baseline and last value of each patient, with the band that rater noise explains.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        rows = self.last().sort("change", "baseline", "subject").to_dicts()
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.5, 1.4 + 0.32 * max(len(rows), 1))).add_subplot()
        for place, row in enumerate(rows):
            colour = STATUS_COLOURS[row["status"]]
            if self.noise is not None:
                reach = self.noise.value
                ax.plot(
                    [row["baseline"] - reach, row["baseline"] + reach],
                    [place, place],
                    color="C5",
                    alpha=0.2,
                    linewidth=9,
                    solid_capstyle="butt",
                    zorder=1,
                )
            ax.plot([row["baseline"], row["value"]], [place, place], color=colour, linewidth=1.6, zorder=2)
            ax.plot(row["baseline"], place, "o", fillstyle="none", color=colour, zorder=3, markersize=7)
            ax.plot(row["value"], place, "o", color=colour, zorder=4, markersize=4.5)
        if not rows:
            ax.text(
                0.5, 0.5, "no patient with baseline and a later value", ha="center", transform=ax.transAxes
            )
        ax.set_yticks(range(len(rows)), [row["subject"] for row in rows])
        ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        ax.set_title(self.name)
        band = "" if self.noise is None else f"\ngrey: less than {self.noise.value:g} from baseline, noise"
        label = "EDSS" if self.outcome == "edss" else self.outcome.replace("_", " ")
        ax.set_xlabel(f"{label} (open: baseline, filled: last visit){band}")
        return ax


def at_schedule(
    visits: Any, schedule: Any, *, column: str = "edss", subjects: Sequence[str] | None = None
) -> Derivation:
    """Give the value of each patient at each scheduled visit.

    Parameters
    ----------
    visits : dataframe
        Columns subject, day, `column`, and visit (label; null = unscheduled).
    schedule : dataframe
        `ranvier.trial.Protocol.schedule`: visit, planned_day, low_day, high_day, baseline.
    column : str
        Numeric column of visits.
    subjects : sequence of str, optional
        The patients expected, such as those treated; all of `visits` when None.

    Returns
    -------
    Derivation
        Table with subject, visit, baseline, planned_day, day, value; one row per patient and scheduled visit,
        day and value null where no row serves. Its trace says for each row why it served or not.

    Raises
    ------
    InputError
        When a column is missing, not numeric or unknown, or the schedule has not exactly one baseline visit.

    Notes
    -----
    A row with the label of a visit serves it inside the window; one outside its window serves nothing.
    Otherwise the unlabelled row nearest to the planned day serves, the earlier of two equally near, and each
    only once. The baseline is the last row on or before the day of the first dose.

    Examples
    --------
    >>> visits = pl.DataFrame({"subject": ["P1", "P1"], "day": [-3, 170], "edss": [4.0, 3.0]})
    >>> schedule = pl.DataFrame(
    ...     {
    ...         "visit": ["baseline", "month 6"],
    ...         "planned_day": [0, 183],
    ...         "low_day": [-30, 153],
    ...         "high_day": [0, 213],
    ...         "baseline": [True, False],
    ...     }
    ... )
    >>> at_schedule(visits, schedule).table["value"].to_list()
    [4.0, 3.0]
    """
    numeric = [
        part.name
        for part in table("visits").columns
        if part.kind in {"number", "integer"} and part.name != "day"
    ]
    require_choice("column of visits to follow", column, numeric)
    rows = take(visits, "visits", ["subject", "day", column], optional=["visit"])
    return assign_visits(rows, schedule, column=column, subjects=subjects)


def change(
    visits: Any,
    schedule: Any,
    *,
    outcome: str = "edss",
    rule: ChangeRule | str | None = None,
    subjects: Sequence[str] | None = None,
) -> Change:
    """Give the change since baseline of each patient at each later scheduled visit.

    Parameters
    ----------
    visits : dataframe
        Columns subject, day, `outcome`, and visit (label; null = unscheduled).
    schedule : dataframe
        `ranvier.trial.Protocol.schedule`: visit, planned_day, low_day, high_day, baseline.
    outcome : str
        Numeric column of visits.
    rule : ChangeRule or str, optional
        What counts as better or worse, or the name of a preset; without it the status stays null.
    subjects : sequence of str, optional
        The patients expected, such as those treated; all of `visits` when None.

    Returns
    -------
    Change
        Table with subject, visit, day, baseline_day, baseline, value, change (value minus baseline), status
        (improved, stable, worse; null without a rule or where the rule says nothing); one row per patient and
        visit where both values are known. `left_out` counts the others.

    Raises
    ------
    InputError
        When a column is missing or not numeric, the rule is unknown or is not for this outcome, or the
        schedule has not exactly one baseline visit.

    Notes
    -----
    One visit is compared with one baseline: nothing is confirmed at a later visit, so that a change here may
    be noise, recovery from a relapse, or regression to the mean. Change expected without any effect is the
    job of a control group.

    References
    ----------
    Noseworthy et al. 1990, Neurology 40:971-975; Kragt et al. 2006, Mult Scler 12:782-786.

    Examples
    --------
    >>> visits = pl.DataFrame({"subject": ["P1", "P1"], "day": [-3, 170], "edss": [6.0, 5.5]})
    >>> schedule = pl.DataFrame(
    ...     {
    ...         "visit": ["baseline", "month 6"],
    ...         "planned_day": [0, 183],
    ...         "low_day": [-30, 153],
    ...         "high_day": [0, 213],
    ...         "baseline": [True, False],
    ...     }
    ... )
    >>> changes = change(visits, schedule, rule="edss-1.0-or-0.5")
    >>> changes.table.select("change", "status").row(0)
    (-0.5, 'improved')
    """
    chosen = change_rule(rule) if isinstance(rule, str) else rule
    if chosen is not None and outcome not in chosen.outcomes:
        raise InputError(f"rule {chosen.name!r} is not for {outcome!r}; it is for {list(chosen.outcomes)}.")
    visited = at_schedule(visits, schedule, column=outcome, subjects=subjects)
    pairs, left_out = since_baseline(visited.table)
    judged = pairs.with_columns(_status(chosen).alias("status"))
    said = "No rule was named, so that nobody is called better or worse." if chosen is None else chosen.text()
    noise = smallest_real_change(outcome)
    return Change(
        name=f"Change of {outcome} since baseline",
        table=judged,
        trace=pl.concat([visited.trace, _trace(visited.table, judged, chosen)]).sort(
            "subject", "day", "step", nulls_last=True, maintain_order=True
        ),
        reasons=CHANGE_REASONS,
        method=f"{visited.method} {said} Changes are at one visit, not confirmed at a later one.",
        definition=chosen,
        left_out=left_out,
        references=tuple(part.source for part in (chosen, noise) if part is not None),
        outcome=outcome,
        noise=noise,
    )


def _status(rule: ChangeRule | None) -> pl.Expr:
    """Give the status column; all null without a rule."""
    if rule is None:
        return pl.lit(None, dtype=pl.String)
    return rule.status(pl.col("baseline"), pl.col("change"))


def _trace(visited: pl.DataFrame, judged: pl.DataFrame, rule: ChangeRule | None) -> pl.DataFrame:
    """Write one row per later visit: its status, or why the patient is left out there."""
    later = visited.filter(~pl.col("baseline")).join(
        judged.select("subject", "visit", "status", "change", start="baseline"),
        on=["subject", "visit"],
        how="left",
    )
    started = visited.filter(pl.col("baseline") & pl.col("value").is_not_null())["subject"].to_list()
    why = (
        pl.when(~pl.col("subject").is_in(started))
        .then(pl.lit("no-baseline"))
        .when(pl.col("value").is_null())
        .then(pl.lit("no-value"))
        .when(pl.lit(rule is None))
        .then(pl.lit("no-rule"))
        .when(pl.col("status").is_null())
        .then(pl.lit("no-threshold"))
        .when(pl.col("status") == "improved")
        .then(pl.lit("better-by-threshold"))
        .when(pl.col("status") == "worse")
        .then(pl.lit("worse-by-threshold"))
        .otherwise(pl.lit("below-threshold"))
    )
    left = pl.when(pl.col("change").is_null()).then(pl.lit("left out")).otherwise(pl.lit("not judged"))
    return later.select(
        "subject",
        "day",
        pl.format("change at {}", "visit").alias("step"),
        pl.coalesce("status", left).alias("outcome"),
        why.alias("reason"),
    ).cast(pl.Schema(TRACE_SCHEMA))
