"""A definition in the words of a methods section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ranvier.course.parts import Baseline, Confirmation, RelapseFree, RelapseWindows, Selection, Window
from ranvier.course.rule import ChangeRule

if TYPE_CHECKING:
    from ranvier.course.definition import Definition

__all__ = ["in_words", "paragraph"]

SCHEMES = {
    "fixed": "stayed fixed",
    "roving": "moved after each confirmed worsening or improvement (roving)",
    "on improvement": "moved after each confirmed improvement",
    "on worsening": "moved after each confirmed worsening",
    "best held": "moved after each confirmed worsening, and to every better level that was held",
}
SELECTED = {
    "all": "All confirmed events were kept",
    "first": "The first confirmed event of each patient was kept",
    "first worsening": "The first confirmed worsening of each patient was kept",
    "first improvement": "The first confirmed improvement of each patient was kept",
    "first PIRA": "The first progression independent of relapse activity of each patient was kept",
    "first RAW": "The first relapse-associated worsening of each patient was kept",
}
PRECEDING = {
    "reference": "the reference visit",
    "last": "the visit before the event",
    "last below threshold": "the last visit from which the event is a change by the threshold",
}


MOVED = {
    "confirmation": "of the confirmation",
    "event": "of the event",
    "best": "with the best value from event to confirmation",
}

NAMES = {
    "edss": "EDSS",
    "t25fw_s": "timed 25-foot walk",
    "nhpt_dominant_s": "nine-hole peg test, dominant hand",
    "nhpt_nondominant_s": "nine-hole peg test, other hand",
    "sdmt": "SDMT",
    "pasat": "PASAT",
    "msfc": "MSFC",
    "acuity_right_logmar": "acuity of the right eye (logMAR)",
    "acuity_left_logmar": "acuity of the left eye (logMAR)",
}
"""Columns of visits as a paper names them."""


def in_words(column: str) -> str:
    """Name a column of visits as a paper does.

    Parameters
    ----------
    column : str
        The column.

    Returns
    -------
    str
        Such as "EDSS" for edss.
    """
    return NAMES.get(column, column.replace("_", " "))


def paragraph(definition: Definition) -> str:
    """Say a definition in sentences for the methods section of a paper.

    Parameters
    ----------
    definition : Definition
        The definition.

    Returns
    -------
    str
        Sentences: outcome, thresholds, reference, confirmation, relapses, selection, source.
    """
    columns = " or ".join(in_words(outcome.column) for outcome in definition.outcomes)
    parts = [f"Disability was followed by {columns}."]
    for outcome in definition.outcomes:
        if outcome.improvement is None or outcome.improvement == outcome.worsening:
            parts.append(f"A change of {in_words(outcome.column)} counted from {bands(outcome.worsening)}.")
        else:
            parts.append(
                f"A worsening of {in_words(outcome.column)} counted from {bands(outcome.worsening)}; an "
                f"improvement from {bands(outcome.improvement)}."
            )
    parts += _baseline(definition.baseline, definition.selection)
    parts += _confirmation(definition.confirmation)
    parts += _relapses(definition.relapses)
    parts += _selection(definition.selection)
    if definition.compat:
        parts.append(f"The rules were applied as the package {definition.compat} applies them.")
    parts.append(f"Source: {definition.source.rstrip('.')}.")
    return " ".join(parts)


def bands(rule: ChangeRule) -> str:
    """Say the thresholds of a rule."""
    return ", ".join(
        f"{f'{100 * band.change:g} %' if band.relative else f'{band.change:g}'} at a reference of "
        f"{f'{band.low:g}' if band.low == band.high else f'{band.low:g} to {band.high:g}'}"
        for band in rule.thresholds
    )


def _baseline(baseline: Baseline, selection: Selection) -> list[str]:
    """Say where the reference lies and what moves it."""
    if baseline.start == "first":
        first = "the first eligible visit"
    elif baseline.visits == 1:
        first = "the last visit up to day 0"
    else:
        first = f"the {baseline.of} of the last {baseline.visits} visits up to day 0"
    parts = [f"The first reference was {first}; it {SCHEMES[baseline.scheme]}."]
    if baseline.scheme == "best held":
        parts += _held(baseline)
    elif baseline.scheme != "fixed":
        parts.append(f"It moved to the visit {MOVED[selection.proceed_from]}.")
    if baseline.level_after_event == "best":
        parts.append("After an event it was the best value from event to confirmation.")
    if baseline.sub_threshold != "none":
        what = "change" if baseline.sub_threshold == "any" else baseline.sub_threshold
        parts.append(f"A confirmed {what} below the threshold moved it too.")
    if baseline.after_relapse:
        parts.append("After each relapse the reference moved to the first eligible visit.")
    if baseline.never_better:
        parts.append("A new reference was never better than the one before.")
    if baseline.skip_extrema != "none":
        strict = " by the threshold" if baseline.skip_extrema == "strict" else ""
        parts.append(f"A visit that both neighbours differed from{strict} in one direction was no reference.")
    return parts


def _held(baseline: Baseline) -> list[str]:
    """Say how a reference follows the best held level."""
    parts = [
        f"All visits up to the first one {baseline.hold_days} days later had to be better than the last one.",
        "The worst of them became the new one.",
        "Improvements were not counted.",
    ]
    if baseline.references == "two":
        parts.append(
            "Two references were kept. At the first visit after the days of a relapse, residual disability "
            "set the reference for RAW and PIRA anew; that visit was compared with the general reference, "
            "and a confirmed worsening there was called undefined."
        )
    return parts


def _window(window: Window) -> str:
    late = "no upper limit" if window.right is None else f"up to {window.right} days late"
    return f"{window.days} days ({window.left} days early to {late})"


def _confirmation(confirmation: Confirmation) -> list[str]:
    """Say what it takes until a change is believed."""
    windows = " or ".join(_window(window) for window in confirmation.windows)
    held = "at every visit up to" if confirmation.check == "all visits" else "at"
    parts = [f"A change had to be present {held} the first eligible visit after {windows}."]
    if confirmation.level == "event":
        parts.append("These visits had to be at least as far from the reference as the event itself.")
    if confirmation.to_end:
        parts.append("It had to last up to the last visit.")
    elif confirmation.sustained_days is not None:
        parts.append(f"It had to last {confirmation.sustained_days} days, or up to the last visit.")
    if confirmation.eligible == "scheduled":
        parts.append("Only scheduled visits confirmed.")
    elif confirmation.eligible != "all":
        parts.append(f"Only visits marked in the column {confirmation.eligible} confirmed.")
    if confirmation.impute_probability:
        within = confirmation.impute_within_days
        limit = "" if within is None else f" if it was within {within} days of the first"
        parts.append(
            f"A worsening at the last visit was taken as confirmed with probability "
            f"{confirmation.impute_probability:g}{limit}."
        )
    return parts


def _pair(pair: tuple[int, int]) -> str | None:
    """Say two distances to relapses; None where neither is a condition."""
    said = [f"less than {pair[0]} days after"] if pair[0] else []
    said += [f"less than {pair[1]} days before"] if pair[1] else []
    return " or ".join(said) or None


def _intervals(free: RelapseFree) -> list[str]:
    """Say the intervals without relapse, joined ones as one."""
    said, start = [], ""
    for around, visit in (
        (free.preceding, PRECEDING[free.preceding_visit]),
        (free.event, "the event"),
        (free.confirmation, "the confirmation"),
    ):
        if around.before is not None:
            start = f"{around.before} days before {visit}" if around.before else visit
        if around.after is not None and (around.after or start != visit):
            said.append(f"from {start} to {f'{around.after} days after ' if around.after else ''}{visit}")
    return said


def _relapses(windows: RelapseWindows) -> list[str]:
    """Say how relapses bar visits and make types."""
    parts = []
    for pair, what in (
        (windows.to_baseline, "no reference"),
        (windows.to_event, "no event"),
        (windows.to_confirmation, "no confirmation"),
    ):
        near = _pair(pair)
        if near:
            parts.append(f"A visit {near} the onset of a relapse was {what}.")
    before, after = windows.association
    early = f", or up to {after} days before it," if after else ""
    parts.append(
        f"A worsening up to {before} days after the onset of a relapse{early} was relapse-associated (RAW)."
    )
    spans = _intervals(windows.free)
    looked = "; ".join(spans) or "no interval: every worsening that is not RAW"
    parts.append(f"Others were independent of relapse activity (PIRA) when no relapse began in: {looked}.")
    if windows.end_days:
        parts.append("A relapse with a recorded end lasted until then, in place of the days above.")
    return parts


def _selection(selection: Selection) -> list[str]:
    """Say which events are kept."""
    parts = [f"{SELECTED[selection.events]}."]
    if selection.eligible != "all":
        kind = "Scheduled visits" if selection.eligible == "scheduled" else f"Visits in {selection.eligible}"
        parts.append(f"{kind} alone could be events.")
    if selection.min_days_from_reference:
        parts.append(f"An event lay at least {selection.min_days_from_reference} days after the reference.")
    if selection.merge_days:
        parts.append(
            f"Events in one direction that began within {selection.merge_days} days of each other were one."
        )
    return parts
