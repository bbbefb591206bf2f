"""The worst grade of each patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import require_choice
from ranvier.result import Derivation
from ranvier.safety._judging import SAFETY_REASONS, belongs, classes, judge

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WORST_GRADES", "WorstGrade", "worst_grade"]

WORST_GRADES = ("none", "grade 1", "grade 2", "grade 3", "grade 4", "grade 5", "not recorded")
"""What a patient's worst grade can be: "none" is no event, "not recorded" events without any grade."""

GROUPINGS = ("any", "body_system", "term")
SHADES = ("#dfe3ea", "#b9d3ea", "#6fa8d6", "#1f6fb2", "#b5521b", "#6e1f00", "#a5acb8")
"""One colour per worst grade; lightness falls as the grade rises, so that the bars read without colour."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WorstGrade(Derivation):
    """The worst grade of each patient, by kind of event."""

    def counts(self) -> pl.DataFrame:
        """Count the patients by worst grade.

        Returns
        -------
        polars.DataFrame
            Columns arm, event, worst (one of `WORST_GRADES`), subjects, n, percent; every arm, event and
            grade has a row, zeros included.
        """
        grades = pl.DataFrame({"worst": WORST_GRADES}).with_row_index("place")
        pairs = self.table.select("event").unique().join(self.table.select("arm").unique(), how="cross")
        whole = self.table.group_by("arm", "event").agg(pl.len().cast(pl.Int64).alias("n"))
        seen = self.table.group_by("arm", "event", "worst").agg(pl.len().cast(pl.Int64).alias("subjects"))
        keys = ["arm", "event"]
        filled = (
            pairs.join(grades, how="cross")
            .join(seen, on=[*keys, "worst"], how="left")
            .join(whole, on=keys, how="left")
            .sort("arm", "event", "place")
            .with_columns(pl.col("subjects", "n").fill_null(0))
        )
        percent = pl.when(pl.col("n") > 0).then(100 * pl.col("subjects") / pl.col("n"))
        return filled.select("arm", "event", "worst", "subjects", "n", percent.alias("percent"))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw one bar per arm (and kind of event), cut by worst grade.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        counts = self.counts()
        bars = counts.select("event", "arm", "n").unique().sort("event", "arm")
        several = bars["event"].n_unique() > 1
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.5, 1.6 + 0.4 * bars.height), layout="constrained").add_subplot()
        left = [0.0] * bars.height
        for worst, shade in zip(WORST_GRADES, SHADES, strict=True):
            part = bars.join(
                counts.filter(worst=worst), on=["event", "arm"], how="left", maintain_order="left"
            )
            if not part["subjects"].sum():
                continue
            wide = part["percent"].fill_null(0.0).to_list()
            ax.barh(range(bars.height), wide, left=left, color=shade, label=worst, height=0.68)
            for place, (low, width, n) in enumerate(zip(left, wide, part["subjects"], strict=True)):
                if width >= 4:
                    dark = worst in ("grade 3", "grade 4", "grade 5")
                    ax.text(
                        low + width / 2,
                        place,
                        str(n),
                        ha="center",
                        va="center",
                        color="#ffffff" if dark else "#10151f",
                    )
            left = [low + width for low, width in zip(left, wide, strict=True)]
        names = [
            f"{event}, {arm} (n = {n})" if several else f"{arm} (n = {n})"
            for event, arm, n in bars.iter_rows()
        ]
        ax.set_yticks(range(bars.height), names)
        ax.set_ylim(max(bars.height, 1) - 0.5, -0.5)
        ax.set_xlim(0, 100)
        ax.set_xlabel("treated patients, %")
        if bars.height:
            ax.legend(
                frameon=False,
                loc="lower left",
                bbox_to_anchor=(0, 1.0),
                ncols=7,
                columnspacing=0.9,
                handlelength=0.9,
                handletextpad=0.4,
            )
        return ax


def worst_grade(
    adverse_events: Any,
    subjects: Any,
    *,
    by: str = "any",
    among: str | Sequence[str] = "any",
    doses: Any | None = None,
) -> WorstGrade:
    """Give the worst grade of each treated patient.

    Parameters
    ----------
    adverse_events : dataframe
        Columns subject, day, term, serious, grade, and body_system where `by` asks for it.
    subjects : dataframe
        Columns subject, arm, treated, and last_contact_day where known.
    by : {"any", "body_system", "term"}
        One worst grade per patient over all events, or one per patient for each body system or term seen.
    among : str or sequence of str
        Only events that belong to all of these classes of `EVENT_CLASSES` are looked at.
    doses : dataframe, optional
        Columns subject, day; when given, treatment and the day of the first dose come from here.

    Returns
    -------
    WorstGrade
        One row per treated patient and kind of event: subject, arm, event, events, grade (worst known one),
        ungraded (events without a grade), worst (one of `WORST_GRADES`). `counts()` counts the patients.

    Raises
    ------
    InputError
        When a column is missing, `by` or `among` is unknown, or as `incidence`.

    Notes
    -----
    Only treatment-emergent events are looked at. A patient with a graded and an ungraded event has the worst
    known grade, which may be too low; `ungraded` shows it.

    References
    ----------
    Common Terminology Criteria for Adverse Events, version 5.0, US National Cancer Institute 2017.

    Examples
    --------
    >>> subjects = pl.DataFrame({"subject": ["P1", "P2"], "arm": "msc", "treated": True})
    >>> events = pl.DataFrame(
    ...     {"subject": ["P1"] * 2, "day": [1, 2], "term": "fever", "serious": False, "grade": [1, 3]}
    ... )
    >>> worst_grade(events, subjects).table.select("subject", "grade", "worst").rows()
    [('P1', 3, 'grade 3'), ('P2', None, 'none')]
    """
    require_choice("grouping of worst grades", by, GROUPINGS)
    wanted = classes(among)
    judged = judge(
        adverse_events, subjects, doses, needed=("grade", *(["body_system"] if by == "body_system" else []))
    )
    event = pl.lit("any event") if by == "any" else pl.col(by)
    counted = judged.counted.filter(belongs(wanted))
    named = counted.with_columns(event.alias("event")).filter(pl.col("event").is_not_null())
    kinds = pl.DataFrame({"event": ["any event"]}) if by == "any" else named.select("event").unique()
    worst = named.group_by("subject", "event").agg(
        pl.len().cast(pl.Int64).alias("events"),
        pl.col("grade").max(),
        pl.col("grade").is_null().sum().cast(pl.Int64).alias("ungraded"),
    )
    people = judged.treated.select("subject", "arm").join(kinds, how="cross")
    table = people.join(worst, on=["subject", "event"], how="left").with_columns(
        pl.col("events", "ungraded").fill_null(0)
    )
    said = (
        pl.when(pl.col("events") == 0)
        .then(pl.lit("none"))
        .when(pl.col("grade").is_null())
        .then(pl.lit("not recorded"))
        .otherwise(pl.format("grade {}", "grade"))
    )
    return WorstGrade(
        name="Worst grade of each treated patient",
        table=table.with_columns(said.alias("worst"))
        .sort("arm", "subject", "event")
        .select("subject", "arm", "event", "events", "grade", "ungraded", "worst"),
        trace=judged.trace(),
        reasons=SAFETY_REASONS,
        method="The highest grade among the treatment-emergent events of each treated patient; 'none' is no "
        "event, 'not recorded' is an event without any grade.",
        left_out=judged.left_out(),
        references=("Common Terminology Criteria for Adverse Events, version 5.0. US NCI 2017",),
    )
