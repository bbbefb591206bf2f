"""One definition applied to prepared arrays: its options, the distances to relapses, and the search."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.course import _layout as at
from ranvier.course._arrays import Floats, Ints, Prepared, Relapses, nearest
from ranvier.course._engine import can_compile, search
from ranvier.course._msprog import first_of_msprog, limits_of_msprog, relapses_of_msprog
from ranvier.course.definition import Definition
from ranvier.course.parts import BASELINE_SCHEMES, SEARCHES, Around, Outcome
from ranvier.course.thresholds import smallest_changes
from ranvier.errors import ConvergenceError, InputError

__all__ = ["Found", "reach", "run"]

TOLERANCE = 1e-9
"""Scores are sums of binary fractions: 0.7 - 0.5 must still count as 0.2."""

PATIENTS_AT_ONCE = 10_000
"""Their arrays fit into memory that is used again; larger ones cost a page fault for every 4 kB."""

EVENT_VISITS = [at.ONSET, at.REFERENCE, at.CONFIRMED, at.END, at.LEFT]

Rows = tuple[Ints, Floats, Ints, Floats]
"""Events and their levels, decisions and theirs."""

FEW_VISITS = 2_000
"""Visits that the plain search is through with in about 20 ms; loading the compiled one takes a second."""

EXTREMA = ("none", "strict", "all")
SUB_THRESHOLD = ("none", "any", "improvement", "worsening")
PRECEDING = ("reference", "last", "last below threshold")
PROCEED = ("confirmation", "event", "best")


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Events and decisions as arrays; visits are places in the arrays of `prepared`.

    Columns of `events` and `decisions` are named in `ranvier.course._layout`.
    """

    events: Ints
    event_levels: Floats
    decisions: Ints
    decision_levels: Floats
    sign: float


def run(
    prepared: Prepared, definition: Definition, *, trace: bool = False, compiled: bool | None = None
) -> Found:
    """Search prepared arrays for the events of one definition.

    Parameters
    ----------
    prepared : Prepared
        Made by `prepare` for one outcome of the definition, with the same `compat`.
    definition : Definition
        What counts.
    trace : bool
        Whether decisions are written down.
    compiled : bool, optional
        Whether the compiled kernel runs; when None, where the extra `fast` is installed and visits are many.

    Returns
    -------
    Found
        Events by subject and day.
    """
    outcome = _outcome(prepared, definition)
    compiled = _worth_compiling(prepared) if compiled is None else compiled
    options = _options(definition, outcome, trace=trace)
    parts = prepared.parts(PATIENTS_AT_ONCE)
    rows = [
        _shifted(_search(_course(part, definition, outcome), options, compiled=compiled), place, prepared)
        for place, part in enumerate(parts)
    ]
    found = _joined(rows)
    if definition.compat and definition.selection.events != "all":
        found = first_of_msprog(found, int(options[at.O_SEARCH]))
    elif definition.compat:
        found = first_of_msprog(found, at.SEARCH_ALL)
    events, levels, decisions, decision_levels = found
    if len(decisions) and (decisions[:, at.D_REASON] == at.STUCK).any():
        raise ConvergenceError("msprog's search goes round in circles on these data; leave compat out.")
    sign = 1.0 if outcome.lower_is_better else -1.0
    return Found(
        events=events, event_levels=levels, decisions=decisions, decision_levels=decision_levels, sign=sign
    )


def _joined(parts: list[Rows]) -> Rows:
    """Put the rows of all parts one below the other."""
    if len(parts) == 1:
        return parts[0]
    events, levels, decisions, decision_levels = zip(*parts, strict=True)
    return (
        np.concatenate(events),
        np.concatenate(levels),
        np.concatenate(decisions),
        np.concatenate(decision_levels),
    )


def _shifted(rows: Rows, place: int, prepared: Prepared) -> Rows:
    """Count the patients and visits of one part as those of all."""
    if place == 0:
        return rows
    events, levels, decisions, decision_levels = rows
    patients = place * PATIENTS_AT_ONCE
    visits = prepared.start[patients]
    for table, subject, columns in (
        (events, at.SUBJECT, [*EVENT_VISITS, *range(at.WINDOWS, events.shape[1])]),
        (decisions, at.D_SUBJECT, [at.D_VISIT, at.D_REFERENCE, at.D_UNTIL]),
    ):
        table[:, subject] += patients
        table[:, columns] += np.where(table[:, columns] >= 0, visits, 0)
    return events, levels, decisions, decision_levels


def reach(prepared: Prepared, definition: Definition, level: float, *, trace: bool = False,
          compiled: bool | None = None) -> Found:  # fmt: skip
    """Search prepared arrays for the first confirmed visit at or beyond a level."""
    outcome = _outcome(prepared, definition)
    sign = 1.0 if outcome.lower_is_better else -1.0
    options = _options(definition, outcome, trace=trace)
    if definition.compat:  # msprog drops early relapses by the distance to the event here
        near = replace(definition.relapses, to_baseline=definition.relapses.to_event)
        definition = replace(definition, relapses=near)
    course = _course(prepared, definition, outcome)
    if definition.compat and outcome.lower_is_better:  # msprog forgets the condition where higher is worse
        options[[at.O_EVENT_BEFORE, at.O_EVENT_AFTER]] = 0.0
    compiled = _worth_compiling(prepared) if compiled is None else compiled
    events, levels, decisions, decision_levels = _search(
        course, options, compiled=compiled, level=sign * level
    )
    return Found(
        events=events, event_levels=levels, decisions=decisions, decision_levels=decision_levels, sign=sign
    )


def _outcome(prepared: Prepared, definition: Definition) -> Outcome:
    """Give the outcome that was prepared."""
    if definition.compat != prepared.compat:
        raise InputError(
            f"prepared for compat={prepared.compat!r}, the definition has {definition.compat!r}."
        )
    for outcome in definition.outcomes:
        if outcome.column == prepared.column:
            return outcome
    raise InputError(f"definition {definition.name!r} has no outcome {prepared.column!r}.")


def _worth_compiling(prepared: Prepared) -> bool:
    """Tell whether the compiled kernel saves time; both give the same answer."""
    return prepared.day.size > FEW_VISITS and can_compile()


def _search(
    course: at.Course, options: Floats, *, compiled: bool, level: float | None = None
) -> tuple[Ints, Floats, Ints, Floats]:
    """Run the kernel (for a milestone when a level is given), with more room when it was not enough."""
    entry = "held_all" if options[at.O_SCHEME] == at.BEST_HELD else "search_all"
    entry = entry if level is None else "milestone_all"
    n_visits, columns = len(course.visits), at.WINDOWS + 2 * int(options[at.O_N_WINDOWS])
    room_events = max(64, n_visits // 3)
    room_decisions = max(64, 2 * n_visits) if options[at.O_TRACE] else 64
    while True:
        out = at.Output(
            events=np.empty((room_events, columns)), decisions=np.empty((room_decisions, at.D_COLUMNS))
        )
        state, levels = (
            np.zeros(at.STATE_SIZE, dtype=np.int64),
            np.full(at.LEVELS_SIZE, np.nan if level is None else level),
        )
        given = course._replace(visits=course.visits.copy())  # in compat mode the search writes over values
        if compiled:
            search(entry, compiled=True)(given, options, out, state, levels)
        else:  # whole numbers and floats of Python are faster than those of NumPy
            counts: Any = state.tolist()
            with np.errstate(invalid="ignore"):
                search(entry, compiled=False)(given, options.tolist(), out, counts, levels.tolist())
            state = np.array(counts)
        events, decisions = int(state[at.N_EVENTS]), int(state[at.N_DECISIONS])
        if events <= room_events and decisions <= room_decisions:
            break
        room_events, room_decisions = max(room_events, events), max(room_decisions, decisions)
    return (
        *_parted(out.events[:events], slice(at.EVENT_REF, at.WINDOWS)),
        *_parted(out.decisions[:decisions], slice(at.D_LEVELS, at.D_COLUMNS)),
    )


def _parted(rows: Floats, levels: slice) -> tuple[Ints, Floats]:
    """Part whole numbers from levels; the places of the levels become 0 among the whole numbers."""
    kept = rows[:, levels].copy()
    rows[:, levels] = 0.0
    return rows.astype(np.int64), kept


def _around(around: Around) -> list[float]:
    """Give days before and after, NaN for a joined end."""
    return [float("nan") if days is None else float(days) for days in (around.before, around.after)]


def _options(definition: Definition, outcome: Outcome, *, trace: bool) -> Floats:
    """Turn a definition into numbers."""
    baseline, confirm, windows = definition.baseline, definition.confirmation, definition.relapses
    chosen, free = definition.selection, definition.relapses.free
    limits = limits_of_msprog(windows) if definition.compat else windows
    endless = float("inf")
    share = confirm.impute_probability
    if share is None:
        share = 0.0 if confirm.impute_within_days is None else 1.0
    ends = [*_around(free.preceding), *_around(free.event), *_around(free.confirmation)]
    spans = [
        (window.days - window.left, window.days + _or_endless(window.right)) for window in confirm.windows
    ]
    options = np.zeros(at.O_WINDOWS + 2 * len(spans))
    named = {
        at.O_MSPROG: int(definition.compat == "msprog"),
        at.O_FLIPPED: int(not outcome.lower_is_better),
        at.O_TRACE: trace,
        at.O_SCHEME: BASELINE_SCHEMES.index(baseline.scheme),
        at.O_SEARCH: SEARCHES.index(chosen.events),
        at.O_EXTREMA: EXTREMA.index(baseline.skip_extrema),
        at.O_SUB_THRESHOLD: SUB_THRESHOLD.index(baseline.sub_threshold),
        at.O_AFTER_RELAPSE: int(baseline.after_relapse),
        at.O_NEVER_BETTER: int(baseline.never_better),
        at.O_BEST_LEVEL: int(baseline.level_after_event == "best"),
        at.O_FROM: PROCEED.index(chosen.proceed_from),
        at.O_CHECK_ALL: int(confirm.check == "all visits"),
        at.O_AT_EVENT_LEVEL: int(confirm.level == "event"),
        at.O_TOLERANCE: 0.0 if definition.compat else TOLERANCE,
        at.O_SUSTAINED: endless if confirm.to_end else float(confirm.sustained_days or 0),
        at.O_IMPUTE: float(share),
        at.O_IMPUTE_WITHIN: _or_endless(confirm.impute_within_days),
        at.O_LEAST_DISTANCE: float(chosen.min_days_from_reference),
        at.O_MERGE: float(chosen.merge_days),
        at.O_BASELINE_BEFORE: float(limits.to_baseline[0]),
        at.O_BASELINE_AFTER: float(limits.to_baseline[1]),
        at.O_EVENT_BEFORE: float(limits.to_event[0]),
        at.O_EVENT_AFTER: float(limits.to_event[1]),
        at.O_CONFIRM_BEFORE: float(limits.to_confirmation[0]),
        at.O_CONFIRM_AFTER: float(limits.to_confirmation[1]),
        at.O_ASSOCIATED_BEFORE: float(limits.association[0]),
        at.O_ASSOCIATED_AFTER: float(limits.association[1]),
        at.O_PRECEDING: PRECEDING.index(free.preceding_visit),
        at.O_N_WINDOWS: len(spans),
        at.O_HOLD: float(baseline.hold_days),
        at.O_TWO: int(baseline.references == "two"),
    }
    for place, value in named.items():
        options[place] = value
    options[at.O_FREE : at.O_WINDOWS] = ends
    options[at.O_WINDOWS :] = np.array(spans, dtype=np.float64).ravel()
    return options


def _or_endless(days: float | None) -> float:
    return float("inf") if days is None else float(days)


def _course(prepared: Prepared, definition: Definition, outcome: Outcome) -> at.Course:
    """Put together the arrays of one definition; what other definitions share is made once."""
    baseline, windows = definition.baseline, definition.relapses
    sign = 1.0 if outcome.lower_is_better else -1.0
    worse = _cached(prepared, outcome.worsening, lambda: smallest_changes(outcome.worsening, prepared.value))
    better = _cached(
        prepared, outcome.better_rule, lambda: smallest_changes(outcome.better_rule, prepared.value)
    )
    if definition.compat:
        relapses, before, after, clear = relapses_of_msprog(prepared, definition)
    else:
        relapses, before, after = _cached(
            prepared, ("near", windows.end_days), lambda: _near(prepared, ends=windows.end_days)
        )
        first_pira = definition.selection.events == "first PIRA" and baseline.scheme != "best held"
        lag = 0.0 if first_pira else float(windows.association[0])
        ended = ~np.isnan(prepared.relapses.end) & windows.end_days
        clear = np.where(ended, relapses.end, relapses.day + lag)
    flags = [_flag(prepared, part.eligible) for part in (definition.confirmation, definition.selection)]
    first = _first(prepared, definition, before, after) if baseline.start != "first" else None
    nobody = np.full(prepared.n_subjects, np.nan)
    if first is None:
        reference, then, level = prepared.start[:-1].copy(), prepared.start[:-1] + 1, nobody
    else:
        reference, then, level = first
    unknown = first is None
    return at.Course(
        visits=np.column_stack([prepared.day, sign * prepared.value, worse, better, before, after, *flags]),
        people=np.column_stack(
            [
                prepared.start[:-1],
                prepared.start[1:],
                relapses.start[:-1],
                relapses.start[1:],
                reference,
                then,
            ]
        ),
        levels=np.column_stack(
            [
                sign * level,
                nobody if unknown else smallest_changes(outcome.worsening, level),
                nobody if unknown else smallest_changes(outcome.better_rule, level),
                _draws(prepared, definition),
            ]
        ),
        relapses=np.column_stack([relapses.day, relapses.end, clear]),
    )


def _flag(prepared: Prepared, eligible: str) -> NDArray[np.bool_]:
    """Tell which visits may confirm, or be events."""
    return np.ones(len(prepared.day), dtype=bool) if eligible == "all" else prepared.flags[eligible]


def _cached(prepared: Prepared, key: Any, make: Any) -> Any:
    """Make something once per prepared data."""
    if key not in prepared.cache:
        prepared.cache[key] = make()
    return prepared.cache[key]


def _near(prepared: Prepared, *, ends: bool) -> tuple[Relapses, Floats, Floats]:
    """Give relapses with their ends, and each visit's distance to them (0 within one that has an end)."""
    given = prepared.relapses
    ended = ~np.isnan(given.end) if ends else np.zeros(len(given.day), dtype=bool)
    relapses = Relapses(
        day=given.day, end=np.where(ended, given.end, given.day), who=given.who, start=given.start
    )
    before, after = nearest(prepared, relapses)
    if ends and ended.any():
        before, _ = nearest(prepared, relapses.only(~ended))
        inside = np.zeros(len(prepared.day), dtype=bool)
        closed = relapses.only(ended)
        for place in range(len(closed.day)):
            first, last = prepared.start[closed.who[place]], prepared.start[closed.who[place] + 1]
            days = prepared.day[first:last]
            inside[first:last] |= (days >= closed.day[place]) & (days <= closed.end[place])
        before = np.where(inside, 0.0, before)
    return relapses, before, after


def _first(
    prepared: Prepared, definition: Definition, before: Floats, after: Floats
) -> tuple[Ints, Ints, Floats]:
    """Give each patient's last usable pre-treatment visit, the first visit after day 0, and the level."""
    limits, n = definition.relapses.to_baseline, prepared.n_subjects
    usable = (prepared.day <= 0) & (before >= limits[0]) & (after >= limits[1])
    place = np.flatnonzero(usable)
    who = prepared.who[place]
    counts = np.bincount(who, minlength=n)
    ends = np.cumsum(counts)
    from_end = ends[who] - 1 - np.arange(len(place))
    taken = from_end < definition.baseline.visits
    who, values = who[taken], prepared.value[place[taken]]
    reference = np.full(n, -1, dtype=np.int64)
    reference[prepared.who[place[from_end == 0]]] = place[from_end == 0]
    level = np.full(n, np.nan)
    if definition.baseline.of == "mean":
        some = counts > 0
        sums = np.bincount(who, weights=values, minlength=n)
        level[some] = sums[some] / np.bincount(who, minlength=n)[some]
    else:
        pick = np.fmin if definition.baseline.of == "min" else np.fmax
        pick.at(level, who, values)
    treated = np.bincount(prepared.who[prepared.day <= 0], minlength=n)
    return reference, (prepared.start[:-1] + treated).astype(np.int64), level


def _draws(prepared: Prepared, definition: Definition) -> NDArray[np.float64]:
    """Give one uniform number per patient, made of the seed and the name, so that order does not matter."""
    share = definition.confirmation.impute_probability
    if share is None or share in {0.0, 1.0}:
        return np.zeros(prepared.n_subjects)
    salt = str(definition.confirmation.seed).encode()
    digests = (hashlib.blake2b(name.encode(), digest_size=8, key=salt).digest() for name in prepared.subjects)
    return np.array([int.from_bytes(digest, "big") / 2**64 for digest in digests])
