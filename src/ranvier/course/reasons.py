"""What each decision of the course engine is called, and the sentence that explains it."""

from __future__ import annotations

from typing import NamedTuple

from ranvier.course import _layout as at

__all__ = ["COURSE_REASONS", "DECISIONS", "Decision"]


class Decision(NamedTuple):
    """One kind of decision: step, outcome, code of the reason, and its sentence."""

    step: str
    outcome: str
    reason: str
    sentence: str


DECISIONS: dict[int, Decision] = {
    at.REFERENCE_NEAR_RELAPSE: Decision(
        "reference",
        "refused",
        "near-relapse",
        "the visit is too near to a relapse to be the reference",
    ),
    at.REFERENCE_EXTREMUM: Decision(
        "reference",
        "refused",
        "local-extremum",
        "the visits before and after differ from it in the same direction",
    ),
    at.REFERENCE_AFTER_RELAPSE: Decision(
        "reference",
        "moved",
        "after-relapse",
        "the first visit after a relapse becomes the reference",
    ),
    at.CONFIRMED_WORSENING: Decision(
        "worsening",
        "confirmed",
        "confirmed",
        "the worsening is there at the visits up to its confirmation",
    ),
    at.CONFIRMED_IMPROVEMENT: Decision(
        "improvement",
        "confirmed",
        "confirmed-improvement",
        "the improvement is there at the visits up to its confirmation",
    ),
    at.IMPUTED_WORSENING: Decision(
        "worsening",
        "confirmed",
        "imputed",
        "the worsening at the last visit is taken as confirmed, by definition",
    ),
    at.BELOW_THRESHOLD_MOVES: Decision(
        "reference",
        "moved",
        "confirmed-below-threshold",
        "a confirmed change below the threshold moves the reference",
    ),
    at.NOT_SUSTAINED: Decision(
        "candidate",
        "refused",
        "not-sustained",
        "the change was confirmed but did not last as long as it must",
    ),
    at.AT_LAST_VISIT: Decision(
        "candidate",
        "refused",
        "at-last-visit",
        "it is the last visit, so that nothing can confirm the change",
    ),
    at.NO_VISIT_IN_WINDOW: Decision(
        "candidate",
        "refused",
        "no-visit-in-window",
        "no later visit lies in a confirmation window",
    ),
    at.NO_ELIGIBLE_VISIT: Decision(
        "candidate",
        "refused",
        "no-eligible-visit",
        "the visits in the confirmation window are too near to a relapse or not eligible",
    ),
    at.NOT_HELD: Decision(
        "candidate",
        "refused",
        "not-held",
        "a visit up to the confirmation no longer shows the change",
    ),
    at.BELOW_THRESHOLD: Decision(
        "candidate",
        "refused",
        "below-threshold",
        "the change is below the threshold and moves nothing",
    ),
    at.EVENT_NEAR_RELAPSE: Decision(
        "candidate",
        "refused",
        "event-near-relapse",
        "the visit is too near to a relapse to be an event",
    ),
    at.CROSSES_RELAPSE: Decision(
        "candidate",
        "refused",
        "behind-relapse",
        "a relapse lies between reference and visit, so that the reference moves first",
    ),
    at.MERGED: Decision(
        "selection",
        "left out",
        "merged",
        "it began so soon after the event before that both are one",
    ),
    at.NOT_WANTED: Decision(
        "selection",
        "left out",
        "not-wanted",
        "the definition does not ask for events of this kind",
    ),
    at.TYPE_RAW: Decision(
        "type",
        "RAW",
        "within-relapse",
        "it began within the days that belong to a relapse",
    ),
    at.TYPE_RAW_BY_RUN: Decision(
        "type",
        "RAW",
        "step-began-with-relapse",
        "the same unbroken worsening began at an earlier visit that belongs to a relapse",
    ),
    at.TYPE_PIRA: Decision(
        "type",
        "PIRA",
        "relapse-free",
        "no relapse lies in the intervals that must be free",
    ),
    at.TYPE_UNDEFINED: Decision(
        "type",
        "undefined",
        "relapse-in-interval",
        "it did not begin with a relapse, but one lies in the intervals that must be free",
    ),
    at.TYPE_AFTER_RELAPSE: Decision(
        "type",
        "undefined",
        "left-by-relapse",
        "it is the first visit after the days of a relapse, and may show what the relapse left",
    ),
    at.TYPE_IN_CONFIRMATION: Decision(
        "type",
        "relapse during confirmation",
        "relapse-in-confirmation",
        "it did not begin with a relapse, but one lies in the days up to its confirmation",
    ),
    at.REFERENCE_RESIDUAL: Decision(
        "reference",
        "moved",
        "residual-disability",
        "the first visit after the days of a relapse is worse than the reference for RAW and PIRA, and sets "
        "it anew",
    ),
    at.REFERENCE_HELD: Decision(
        "reference",
        "moved",
        "better-held",
        "a better level was held for as long as it must",
    ),
    at.NOT_CANDIDATE: Decision(
        "candidate",
        "refused",
        "visit-not-eligible",
        "the visit may not be an event by the definition",
    ),
    at.NO_BASELINE: Decision(
        "reference",
        "left out",
        "no-baseline",
        "there is no usable visit up to day 0",
    ),
    at.NOTHING_AFTER: Decision(
        "reference",
        "left out",
        "nothing-after",
        "there is no visit after the first possible reference",
    ),
    at.NO_CHANGE: Decision(
        "candidate",
        "none",
        "no-change",
        "no visit differs from the reference by the threshold",
    ),
    at.NO_THRESHOLD: Decision(
        "candidate",
        "none",
        "no-threshold",
        "the rule gives no threshold for this reference",
    ),
    at.STUCK: Decision(
        "search",
        "stopped",
        "stuck",
        "the search goes round in circles",
    ),
}
"""Every decision, by its number in the kernel."""

COURSE_REASONS = {decision.reason: decision.sentence for decision in DECISIONS.values()}
"""The sentence of each reason code."""
