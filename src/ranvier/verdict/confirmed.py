"""Confirmed worsening and improvement in a trial, their exact shares, and what was seen but not confirmed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ranvier import course, stats
from ranvier.errors import RanvierWarning
from ranvier.result import Estimate, LeftOut
from ranvier.trial import Trial

__all__ = ["ConfirmedEvents", "confirmed_events"]

DEFAULTS = {"worsening": "cdw-12w", "improvement": "cdi-12w"}
"""Definition of each kind when the protocol names none."""

UNRESOLVED = ("at-last-visit", "no-visit-in-window", "no-eligible-visit")
"""Reasons of the course engine when no visit could confirm a change."""

TOLERANCE = 1e-9
"""Scores are sums of binary fractions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ConfirmedEvents:
    """Confirmed events of one kind.

    Parameters
    ----------
    kind : {"worsening", "improvement"}
        Direction.
    definition : Definition
        What counted.
    events : CourseEvents or None
        The events with their decisions; None when the definition needs relapses that were not recorded.
    shares : tuple of Estimate
        Share of evaluable patients with an event, by arm.
    evaluable : int
        Patients with a reference and with visits that could confirm a change.
    unconfirmed : polars.DataFrame
        Changes by the threshold that no visit could confirm: subject, day, measure, value, reference,
        threshold, reason.
    """

    kind: str
    definition: course.Definition
    events: course.CourseEvents | None
    shares: tuple[Estimate, ...]
    evaluable: int
    unconfirmed: pl.DataFrame

    @property
    def only_at_last_visit(self) -> int:
        """Count the patients whose change was first seen at the last visit, where nothing can confirm it."""
        return self.unconfirmed.filter(pl.col("reason") == "at-last-visit")["subject"].n_unique()


def confirmed_events(
    trial: Trial, visits: pl.DataFrame, baseline: pl.DataFrame, treated: Sequence[str]
) -> tuple[ConfirmedEvents, ...]:
    """Give confirmed worsening and confirmed improvement of the treated patients.

    Parameters
    ----------
    trial : Trial
        The trial; endpoints of kind confirmed_worsening and confirmed_improvement name the definitions.
    visits : polars.DataFrame
        Its visits with the EDSS that counts in column edss.
    baseline : polars.DataFrame
        Columns subject and baseline_day: the visit that serves as baseline.
    treated : sequence of str
        The patients.

    Returns
    -------
    tuple of ConfirmedEvents
        Worsening, then improvement.

    Raises
    ------
    InputError
        When an endpoint names a definition that does not exist or is of the other direction.

    Notes
    -----
    The reference is the baseline visit of the protocol, unless the definition takes it before treatment; a
    patient without it has no event and is not evaluable.
    """
    people = pl.DataFrame({"subject": list(treated)}, schema={"subject": pl.String})
    kept = visits.filter(pl.col("day").is_not_null()).join(people, on="subject", how="semi")
    started = kept.join(baseline.select("subject", "baseline_day").unique("subject"), on="subject")
    return tuple(_one_kind(trial, kept, started, people, kind) for kind in DEFAULTS)


def _one_kind(
    trial: Trial, kept: pl.DataFrame, started: pl.DataFrame, people: pl.DataFrame, kind: str
) -> ConfirmedEvents:
    definition = _definition(trial, kind)
    before = definition.baseline.start == "pre-treatment"
    rows = kept if before else started.filter(pl.col("day") >= pl.col("baseline_day"))
    rows = rows.drop("baseline_day", strict=False)
    recorded = "relapses" in trial.recorded
    if not recorded and definition.selection.events in {"first PIRA", "first RAW"}:
        return ConfirmedEvents(
            kind=kind,
            definition=definition,
            events=None,
            shares=(),
            evaluable=0,
            unconfirmed=pl.DataFrame(schema=_UNCONFIRMED),
        )
    relapses = trial.relapses.filter(pl.col("day").is_not_null()).join(rows, on="subject", how="semi")
    search = course.worsening if kind == "worsening" else course.improvement
    with warnings.catch_warnings():  # the sentence of the warning is among the notes, which the report shows
        warnings.simplefilter("ignore", RanvierWarning)
        events = search(rows, relapses if recorded else None, definition=definition)
    can = _can_confirm(rows, definition)
    able = pl.concat([can, events.table.select("subject")]).unique()
    return ConfirmedEvents(
        kind=kind,
        definition=definition,
        events=events,
        shares=_shares(trial, events, able, people, kind),
        evaluable=able.height,
        unconfirmed=_unconfirmed(events, kind),
    )


def _definition(trial: Trial, kind: str) -> course.Definition:
    """Give the definition that the protocol names for a kind: of the primary endpoint if several do."""
    named = [part for part in trial.protocol.endpoints if part.kind == f"confirmed_{kind}"]
    first = min(named, key=lambda part: not part.primary, default=None)
    return course.preset(first.definition if first and first.definition else DEFAULTS[kind])


def _can_confirm(rows: pl.DataFrame, definition: course.Definition) -> pl.DataFrame:
    """Give the patients with two later visits as far apart as a confirmation asks."""
    found = []
    for outcome in definition.outcomes:
        seen = rows.drop_nulls(outcome.column).select("subject", "day")
        if definition.baseline.start == "pre-treatment":
            later = seen.filter(pl.col("day") > 0)
        else:
            later = seen.filter(pl.col("day") > pl.col("day").min().over("subject"))
        gap = pl.col("day_right") - pl.col("day")
        inside = [
            gap.is_between(window.days - window.left, window.days + window.right)
            if window.right is not None
            else gap >= window.days - window.left
            for window in definition.confirmation.windows
        ]
        found.append(later.join(later, on="subject").filter(pl.any_horizontal(inside)).select("subject"))
    return pl.concat(found).unique()


def _shares(
    trial: Trial, events: course.CourseEvents, able: pl.DataFrame, people: pl.DataFrame, kind: str
) -> tuple[Estimate, ...]:
    """Give the exact share of evaluable patients with an event, in each arm."""
    with_event = events.table.select("subject").unique()
    arms = trial.subjects.select("subject", "arm").join(people, on="subject", how="semi")
    labels = {arm.id: arm.label for arm in trial.protocol.arms}
    controls = {arm.id for arm in trial.protocol.arms if arm.role == "control"}
    names = sorted(arms["arm"].unique(maintain_order=True), key=lambda name: name in controls)
    kept = events.definition.selection.events
    word = {"first PIRA": "PIRA", "first RAW": "RAW"}.get(kept, kind)
    shares = []
    for name in names:
        mine = arms.filter(pl.col("arm") == name)
        judged = mine.join(able, on="subject", how="semi")
        if judged.is_empty():
            continue
        suffix = f", {labels.get(name, name)}" if len(names) > 1 else ""
        shares.append(
            stats.proportion(
                judged.join(with_event, on="subject", how="semi").height,
                judged.height,
                quantity=f"patients with confirmed {word} (definition {events.definition.name}{suffix})",
                left_out=(
                    LeftOut(
                        n=mine.height - judged.height,
                        reason="treated patients without a reference or without visits that could confirm",
                    ),
                ),
            )
        )
    return tuple(shares)


_UNCONFIRMED = {
    "subject": pl.String,
    "day": pl.Int64,
    "measure": pl.String,
    "value": pl.Float64,
    "reference": pl.Float64,
    "threshold": pl.Float64,
    "reason": pl.String,
}


def _unconfirmed(events: course.CourseEvents, kind: str) -> pl.DataFrame:
    """Give the changes by the threshold in one direction that no visit could confirm."""
    low_is_better = {part.column: part.lower_is_better for part in events.definition.outcomes}
    side = {name: (1.0 if low else -1.0) for name, low in low_is_better.items()}
    sign = pl.col("measure").replace_strict(side, return_dtype=pl.Float64)
    step = sign * (pl.col("value") - pl.col("reference")) * (1.0 if kind == "worsening" else -1.0)
    return events.trace.filter(
        pl.col("step") == "candidate",
        pl.col("reason").is_in(UNRESOLVED),
        step >= pl.col("threshold") - TOLERANCE,
    ).select(list(_UNCONFIRMED))
