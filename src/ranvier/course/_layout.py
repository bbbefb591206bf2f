"""The arrays and codes that the kernel reads and writes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = ["Course", "Output"]

ANY: Final = -1.0
"""In place of a threshold: any difference counts."""

# Places in the whole-number state of the search of one patient.
B: Final = 0  # reference visit
S: Final = 1  # visit that the search goes on from
RELAPSE: Final = 2  # next relapse after the reference, -1 when there is none
PLACED: Final = 3  # visit that the reference level was taken from, -1 before the first
BEST_FROM: Final = 4  # event since which the best level counts, -1 when it does not
LAST: Final = 5  # visit of the last event, -1 before the first
LAST_SIGN: Final = 6  # its direction
FOUND: Final = 7  # wanted events so far
JUMP: Final = 8  # 1 when msprog goes straight to the next round
N_EVENTS: Final = 9
N_DECISIONS: Final = 10
WHO: Final = 11  # the patient
FIRST: Final = 12  # the patient's first visit
END_OF: Final = 13  # one past the patient's last visit
X: Final = 14  # the candidate
Y: Final = 15  # its confirmation
N: Final = 16  # first visit at which the change is gone
DIRECTION: Final = 17  # 1 worsening, -1 improvement
KIND: Final = 18  # type of a worsening
GENERAL: Final = 19  # visit of the second reference, where there are two
STATE_SIZE: Final = 20

NAN: Final = float("nan")
ENDLESS: Final = float("inf")

# Places in the level state.
REF: Final = 0
NEED_WORSE: Final = 1
NEED_BETTER: Final = 2
GENERAL_REF: Final = 3  # those of the second reference
GENERAL_NEED: Final = 4
LEVELS_SIZE: Final = 5

# Columns of Output.events; the visits of each window follow, then those that no relapse forbids.
SUBJECT: Final = 0
ONSET: Final = 1
REFERENCE: Final = 2
SIGN: Final = 3
TYPE: Final = 4
CONFIRMED: Final = 5
END: Final = 6
LEFT: Final = 7
IMPUTED: Final = 8
EVENT_REF: Final = 9
EVENT_NEED: Final = 10
WINDOWS: Final = 11

# Columns of Output.decisions.
D_SUBJECT: Final = 0
D_VISIT: Final = 1
D_REASON: Final = 2
D_REFERENCE: Final = 3
D_UNTIL: Final = 4
D_LEVELS: Final = 5
D_COLUMNS: Final = 8

FIXED: Final = 0
ROVING: Final = 1
ON_IMPROVEMENT: Final = 2
ON_WORSENING: Final = 3
BEST_HELD: Final = 4

SEARCH_ALL: Final = 0
SEARCH_FIRST: Final = 1
SEARCH_WORSENING: Final = 2
SEARCH_IMPROVEMENT: Final = 3
SEARCH_PIRA: Final = 4
SEARCH_RAW: Final = 5

NO_TYPE: Final = 0
RAW: Final = 1
PIRA: Final = 2
UNDEFINED: Final = 3
IN_CONFIRMATION: Final = 4

# Reasons of decisions.
REFERENCE_NEAR_RELAPSE: Final = 0
REFERENCE_EXTREMUM: Final = 1
REFERENCE_AFTER_RELAPSE: Final = 2
CONFIRMED_WORSENING: Final = 3
CONFIRMED_IMPROVEMENT: Final = 4
IMPUTED_WORSENING: Final = 5
BELOW_THRESHOLD_MOVES: Final = 6
NOT_SUSTAINED: Final = 7
AT_LAST_VISIT: Final = 8
NO_VISIT_IN_WINDOW: Final = 9
NO_ELIGIBLE_VISIT: Final = 10
NOT_HELD: Final = 11
BELOW_THRESHOLD: Final = 12
EVENT_NEAR_RELAPSE: Final = 13
CROSSES_RELAPSE: Final = 14
MERGED: Final = 15
NOT_WANTED: Final = 16
TYPE_RAW: Final = 17
TYPE_PIRA: Final = 18
TYPE_UNDEFINED: Final = 19
NO_BASELINE: Final = 20
NOTHING_AFTER: Final = 21
NO_CHANGE: Final = 22
STUCK: Final = 23
TYPE_RAW_BY_RUN: Final = 24
NO_THRESHOLD: Final = 25
TYPE_AFTER_RELAPSE: Final = 26
TYPE_IN_CONFIRMATION: Final = 27
REFERENCE_RESIDUAL: Final = 28
REFERENCE_HELD: Final = 29
NOT_CANDIDATE: Final = 30

MOST_ROUNDS: Final = 10_000
"""Rounds after which msprog gives a patient up; the corrected search always ends before."""

# Columns of Course.visits, sorted by subject and day.
DAY: Final = 0
LEVEL: Final = 1  # oriented so that higher is worse
WORSE: Final = 2  # smallest worsening that counts from this visit
BETTER: Final = 3  # smallest improvement
BEFORE: Final = 4  # days since the last relapse, infinite without one
AFTER: Final = 5  # days until the next
ELIGIBLE: Final = 6  # 1 when the visit may confirm
CANDIDATE: Final = 7  # 1 when the visit may be an event

# Columns of Course.people.
START: Final = 0
STOP: Final = 1  # one past the last visit
RELAPSE_START: Final = 2
RELAPSE_STOP: Final = 3
FIRST_REFERENCE: Final = 4  # -1 where there is no baseline
FIRST_SEARCH: Final = 5  # first visit that can be an event

# Columns of Course.levels, one row per subject.
FIRST_LEVEL: Final = 0  # NaN where the level is that of the visit
FIRST_WORSE: Final = 1
FIRST_BETTER: Final = 2
DRAW: Final = 3  # uniform number

# Columns of Course.relapses.
RELAPSE_DAY: Final = 0
RELAPSE_END: Final = 1
RELAPSE_CLEAR: Final = 2  # day up to which a worsening belongs to the relapse

# Places in the options; days around the checkpoints (NaN = joined) and the windows (low, high) follow.
O_MSPROG: Final = 0
O_FLIPPED: Final = 1  # 1 when lower raw values are worse
O_TRACE: Final = 2
O_SCHEME: Final = 3
O_SEARCH: Final = 4
O_EXTREMA: Final = 5  # 0 none, 1 strict, 2 all
O_SUB_THRESHOLD: Final = 6  # 0 none, 1 any, 2 improvement, 3 worsening
O_AFTER_RELAPSE: Final = 7
O_NEVER_BETTER: Final = 8
O_BEST_LEVEL: Final = 9
O_FROM: Final = 10  # 0 confirmation, 1 event, 2 best
O_CHECK_ALL: Final = 11
O_AT_EVENT_LEVEL: Final = 12
O_TOLERANCE: Final = 13
O_SUSTAINED: Final = 14
O_IMPUTE: Final = 15
O_IMPUTE_WITHIN: Final = 16
O_LEAST_DISTANCE: Final = 17
O_MERGE: Final = 18
O_BASELINE_BEFORE: Final = 19
O_BASELINE_AFTER: Final = 20
O_EVENT_BEFORE: Final = 21
O_EVENT_AFTER: Final = 22
O_CONFIRM_BEFORE: Final = 23
O_CONFIRM_AFTER: Final = 24
O_ASSOCIATED_BEFORE: Final = 25
O_ASSOCIATED_AFTER: Final = 26
O_PRECEDING: Final = 27  # 0 reference, 1 last, 2 last below threshold
O_N_WINDOWS: Final = 28
O_HOLD: Final = 29
O_TWO: Final = 30  # 1 with a second reference
O_FREE: Final = 31
O_WINDOWS: Final = 37


class Course(NamedTuple):
    """All patients: four tables whose columns are named above."""

    visits: Any
    people: Any
    levels: Any
    relapses: Any


class Output(NamedTuple):
    """Room for events and decisions; the state counts on when it is full."""

    events: Any
    decisions: Any
