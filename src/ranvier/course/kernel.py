"""The search for events, one patient after the other: plain Python that numba can compile as it stands.

Every function takes only arrays (or lists), numbers and the tuples of `_layout`, so that the same source runs
with and without the extra `fast`. `c` is the course of all patients, `o` the options, `i` and `f` the whole
numbers and the levels that the search of one patient remembers, `out` the room for what is found.
"""

from __future__ import annotations

from math import isnan
from typing import Any

from ranvier.course import _change as ask
from ranvier.course import _layout as at

__all__ = ["search_all"]


def search_all(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Search every patient; events and decisions are written into `out`, their counts into `i`.

    Parameters
    ----------
    c : Course
        Visits, people, levels and relapses, sorted by subject and day; columns as in `_layout`.
    o : array or list of float
        The options, in the places of `_layout`; the windows follow.
    out : Output
        Room for events and decisions; what has no room is counted and not written.
    i, f : array or list
        The whole numbers and the levels that the search remembers.
    """
    i[at.N_EVENTS] = 0
    i[at.N_DECISIONS] = 0
    for subject in range(len(c.people)):
        begin(c, i, f, subject)
        before = i[at.N_DECISIONS]
        if i[at.B] >= 0 and i[at.END_OF] - i[at.FIRST] > 1:
            search_one(c, o, out, i, f)
        if o[at.O_TRACE] and i[at.N_DECISIONS] == before and i[at.END_OF] > i[at.FIRST]:
            decide(out, i, f, i[at.FIRST], why_nothing(i, f), i[at.END_OF] - 1)


def begin(c: Any, i: Any, f: Any, subject: int) -> None:
    """Forget the patient before."""
    i[at.WHO] = subject
    i[at.FIRST], i[at.END_OF] = c.people[subject, at.START], c.people[subject, at.STOP]
    i[at.PLACED] = i[at.BEST_FROM] = i[at.LAST] = -1
    i[at.FOUND] = i[at.LAST_SIGN] = 0
    i[at.B] = c.people[subject, at.FIRST_REFERENCE]
    i[at.S] = c.people[subject, at.FIRST_SEARCH]
    i[at.RELAPSE] = c.people[subject, at.RELAPSE_START]
    f[at.REF] = f[at.NEED_WORSE] = f[at.NEED_BETTER] = at.NAN


def why_nothing(i: Any, f: Any) -> int:
    """Say why not even one candidate was found."""
    if i[at.B] < 0:
        return at.NO_BASELINE
    if i[at.PLACED] < 0:
        return at.NOTHING_AFTER
    return (
        at.NO_CHANGE if f[at.NEED_WORSE] == f[at.NEED_WORSE] else at.NO_THRESHOLD
    )  # NaN differs from itself


def search_one(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Search one patient, from the first reference to the first wanted event or the last visit."""
    for _ in range(at.MOST_ROUNDS):
        if not place_reference(c, o, out, i, f) or not one_round(c, o, out, i, f):
            return
    decide(out, i, f, i[at.B], at.STUCK, i[at.B])


def one_round(c: Any, o: Any, out: Any, i: Any, f: Any) -> bool:
    """Look at the next candidate; False when the search of this patient is over."""
    i[at.X] = candidate(c, o, out, i, f)
    if i[at.X] < 0:
        return o[at.O_MSPROG] == 0 and rebaseline(c, o, out, i, f)
    i[at.JUMP] = 0
    if o[at.O_MSPROG] and crosses(c, o, i, i[at.X]):
        i[at.S] = i[at.X]
        if o[at.O_TRACE]:
            decide(out, i, f, i[at.X], at.CROSSES_RELAPSE, i[at.X])
    else:
        evaluate(c, o, out, i, f)
    if i[at.JUMP]:
        return True
    if o[at.O_MSPROG] and overtaken(c, o, i) and not rebaseline(c, o, out, i, f):
        return False
    # msprog looks for two events before it takes the first.
    wanted_events = 1 if o[at.O_MSPROG] and o[at.O_SEARCH] == at.SEARCH_FIRST else 0
    return bool(o[at.O_SEARCH] == at.SEARCH_ALL or i[at.FOUND] <= wanted_events)


# --- the reference -----------------------------------------------------------------------------------------


def place_reference(c: Any, o: Any, out: Any, i: Any, f: Any) -> bool:
    """Move the reference past barred visits and take its level; False when no visit is left after it."""
    end = i[at.END_OF]
    level = c.levels[i[at.WHO], at.FIRST_LEVEL]
    given = i[at.PLACED] < 0 and not isnan(level)
    if (o[at.O_MSPROG] or i[at.B] != i[at.PLACED]) and not given:
        while i[at.B] < end - 1 and barred(c, o, out, i, f):
            i[at.B] += 1
    if i[at.B] >= end - 1:
        return False
    if o[at.O_AFTER_RELAPSE]:
        i[at.RELAPSE] = next_relapse(c, o, i)
    i[at.S] = max(i[at.S], i[at.B] + 1)
    if i[at.B] != i[at.PLACED]:
        take_level(c, o, i, f, given)
    return True


def barred(c: Any, o: Any, out: Any, i: Any, f: Any) -> bool:
    """Whether the visit may not be the reference."""
    x = i[at.B]
    near = c.visits[x, at.BEFORE] < o[at.O_BASELINE_BEFORE] or c.visits[x, at.AFTER] < o[at.O_BASELINE_AFTER]
    if not near and not (o[at.O_EXTREMA] > 0 and ask.extremum(c, o, i, x)):
        return False
    if o[at.O_TRACE]:
        decide(out, i, f, x, at.REFERENCE_NEAR_RELAPSE if near else at.REFERENCE_EXTREMUM, x)
    return True


def take_level(c: Any, o: Any, i: Any, f: Any, given: bool) -> None:
    """Take level and thresholds of the reference visit, or those of the rules that override it."""
    b, who, before = i[at.B], i[at.WHO], i[at.PLACED]
    i[at.PLACED] = b
    if given:
        f[at.REF] = c.levels[who, at.FIRST_LEVEL]
        f[at.NEED_WORSE], f[at.NEED_BETTER] = c.levels[who, at.FIRST_WORSE], c.levels[who, at.FIRST_BETTER]
        return
    x = b
    if o[at.O_BEST_LEVEL] and i[at.BEST_FROM] >= 0:
        for y in range(i[at.BEST_FROM], b):
            if c.visits[y, at.LEVEL] < c.visits[x, at.LEVEL]:
                x = y
    i[at.BEST_FROM] = -1
    better = c.visits[x, at.LEVEL] < f[at.REF]
    if o[at.O_MSPROG] and o[at.O_FLIPPED]:  # msprog keeps the higher number, whichever direction is worse
        better = c.visits[x, at.LEVEL] > f[at.REF]
    if not (o[at.O_NEVER_BETTER] and before >= 0 and better):
        f[at.REF], f[at.NEED_WORSE], f[at.NEED_BETTER] = (
            c.visits[x, at.LEVEL],
            c.visits[x, at.WORSE],
            c.visits[x, at.BETTER],
        )
    elif o[at.O_MSPROG]:  # it writes the old value over that of the visit
        c.visits[b, at.LEVEL], c.visits[b, at.WORSE], c.visits[b, at.BETTER] = (
            f[at.REF],
            f[at.NEED_WORSE],
            f[at.NEED_BETTER],
        )


def next_relapse(c: Any, o: Any, i: Any) -> int:
    """Give the first relapse after the reference, -1 when there is none."""
    start = i[at.RELAPSE] if o[at.O_MSPROG] else c.people[i[at.WHO], at.RELAPSE_START]
    if start >= 0:
        for r in range(start, c.people[i[at.WHO], at.RELAPSE_STOP]):
            if c.relapses[r, at.RELAPSE_DAY] > c.visits[i[at.B], at.DAY]:
                return r
    return -1


def crosses(c: Any, o: Any, i: Any, x: int) -> bool:
    """Whether a visit lies behind the next relapse and all that belongs to it."""
    r = i[at.RELAPSE]
    if not o[at.O_AFTER_RELAPSE] or r < 0:
        return False
    return bool(c.visits[x, at.DAY] > c.relapses[r, at.RELAPSE_CLEAR])


def overtaken(c: Any, o: Any, i: Any) -> bool:
    """Whether a relapse after the reference lies behind the visit that the search goes on from."""
    if o[at.O_AFTER_RELAPSE] and i[at.S] < i[at.END_OF]:
        for r in range(c.people[i[at.WHO], at.RELAPSE_START], c.people[i[at.WHO], at.RELAPSE_STOP]):
            if (
                c.visits[i[at.B], at.DAY] < c.relapses[r, at.RELAPSE_DAY]
                and c.relapses[r, at.RELAPSE_CLEAR] < c.visits[i[at.S], at.DAY]
            ):
                return True
    return False


def rebaseline(c: Any, o: Any, out: Any, i: Any, f: Any) -> bool:
    """Move the reference to the first visit after the pending relapse; False when none is left after it."""
    end, old, r = i[at.END_OF], i[at.B], i[at.RELAPSE]
    if not o[at.O_MSPROG]:
        if o[at.O_AFTER_RELAPSE]:
            r = next_relapse(c, o, i)
            i[at.RELAPSE] = r
        if not crosses(c, o, i, end - 1):
            return False
    if r >= 0:
        while i[at.B] < end and c.visits[i[at.B], at.DAY] < c.relapses[r, at.RELAPSE_DAY]:
            i[at.B] += 1
        if not o[at.O_MSPROG]:  # a step that was counted once is part of the new reference
            i[at.B] = max(i[at.B], i[at.LAST])
        if o[at.O_TRACE] and i[at.B] != old and i[at.B] < end:
            decide(out, i, f, i[at.B], at.REFERENCE_AFTER_RELAPSE, i[at.B])
    i[at.S] = i[at.B] + 1
    return bool(i[at.B] < end - 1)


# --- one candidate -----------------------------------------------------------------------------------------


def candidate(c: Any, o: Any, out: Any, i: Any, f: Any) -> int:
    """Give the next visit that differs from the reference by enough, -1 when there is none."""
    for x in range(i[at.S], i[at.END_OF]):
        if not o[at.O_MSPROG] and crosses(c, o, i, x):
            return -1
        change = c.visits[x, at.LEVEL] - f[at.REF]
        need = f[at.NEED_WORSE] if change > 0 else f[at.NEED_BETTER]
        far = c.visits[x, at.DAY] - c.visits[i[at.B], at.DAY] >= o[at.O_LEAST_DISTANCE]
        enough = far and ask.shows(o, abs(change), at.ANY if o[at.O_SUB_THRESHOLD] else need)
        if enough and may_be_event(c, o, out, i, f, x):
            return x
    return -1


def may_be_event(c: Any, o: Any, out: Any, i: Any, f: Any, x: int) -> bool:
    """Whether a visit may be an event: it is eligible, and far enough from relapses."""
    near = c.visits[x, at.BEFORE] < o[at.O_EVENT_BEFORE] or c.visits[x, at.AFTER] < o[at.O_EVENT_AFTER]
    if not near and c.visits[x, at.CANDIDATE]:
        return True
    if o[at.O_TRACE]:
        decide(out, i, f, x, at.EVENT_NEAR_RELAPSE if near else at.NOT_CANDIDATE, x)
    return False


def evaluate(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Confirm or refuse one candidate, and set where the search goes on."""
    x = i[at.X]
    sign = 1 if c.visits[x, at.LEVEL] > f[at.REF] else -1
    i[at.DIRECTION] = sign
    need = f[at.NEED_WORSE] if sign > 0 else f[at.NEED_BETTER]
    full = ask.shows(o, sign * (c.visits[x, at.LEVEL] - f[at.REF]), need) and not ask.ignores(o, sign)
    y = ask.first_confirmation(c, o, i)
    i[at.Y] = y
    if full and y >= 0 and ask.failing(c, o, i, f, need) < 0:
        confirmed(c, o, out, i, f, need)
    elif full and sign > 0 and imputes(c, o, i):
        i[at.Y] = x
        confirmed(c, o, out, i, f, need)
    elif y >= 0 and ask.below_moves(o, sign) and ask.failing(c, o, i, f, at.ANY) < 0:
        if o[at.O_TRACE]:
            decide(out, i, f, x, at.BELOW_THRESHOLD_MOVES, y)
        move(c, o, i)
    else:
        i[at.S] = x + 1
        if o[at.O_TRACE]:
            refuse(c, o, out, i, f, need if full else at.ANY)


def refuse(c: Any, o: Any, out: Any, i: Any, f: Any, need: float) -> None:
    """Write down why a candidate was not confirmed."""
    x, end = i[at.X], i[at.END_OF]
    until = end - 1
    if i[at.Y] >= 0:
        failed = ask.failing(c, o, i, f, need)
        why = at.NOT_HELD if need >= 0 and failed >= 0 else at.BELOW_THRESHOLD
        until = failed if failed >= 0 else i[at.Y]
    elif x == end - 1:
        why = at.AT_LAST_VISIT
    elif ask.any_in_window(c, o, i):
        why = at.NO_ELIGIBLE_VISIT
    else:
        why = at.NO_VISIT_IN_WINDOW
    decide(out, i, f, x, why, until)


def imputes(c: Any, o: Any, i: Any) -> bool:
    """Whether a worsening at the last visit is taken as confirmed."""
    x = i[at.X]
    if x != i[at.END_OF] - 1 or c.levels[i[at.WHO], at.DRAW] >= o[at.O_IMPUTE]:
        return False
    return bool(c.visits[x, at.DAY] - c.visits[i[at.FIRST], at.DAY] <= o[at.O_IMPUTE_WITHIN])


def move(c: Any, o: Any, i: Any) -> None:
    """Move the reference to the confirmation, the event or the best visit of both, the search behind it."""
    i[at.B] = i[at.Y] if o[at.O_FROM] == 0 else i[at.X]
    if o[at.O_FROM] == 2:
        i[at.B] = ask.best(c, o, i, i[at.Y])
    i[at.BEST_FROM] = i[at.X]
    i[at.S] = i[at.B] + 1


# --- one confirmed event -----------------------------------------------------------------------------------


def confirmed(c: Any, o: Any, out: Any, i: Any, f: Any, need: float) -> None:
    """Judge how long a confirmed change lasted and its type, keep it if wanted, and move on."""
    x, y, sign = i[at.X], i[at.Y], i[at.DIRECTION]
    i[at.N] = ask.run_end(c, o, i, f, need)
    kept = ask.sustained(c, o, i, f, need)
    i[at.KIND] = at.NO_TYPE
    if kept and sign > 0:
        i[at.KIND] = ask.classify(c, o, i, f)
        if o[at.O_MSPROG] and ask.jumps(o, i[at.KIND]):
            i[at.S] = x + 1
            i[at.JUMP] = 1
            if o[at.O_TRACE]:
                decide(out, i, f, x, at.NOT_WANTED, y)
            return
    if kept:
        keep(c, o, out, i, f)
    elif o[at.O_TRACE]:
        decide(out, i, f, x, at.NOT_SUSTAINED, min(i[at.N], i[at.END_OF] - 1))
    proceed(c, o, i, kept)


def proceed(c: Any, o: Any, i: Any, kept: bool) -> None:
    """Set where reference and search go after a confirmed change."""
    x, y, sign = i[at.X], i[at.Y], i[at.DIRECTION]
    if x == y:  # imputed at the last visit
        i[at.S] = i[at.END_OF]
    elif ask.moves(o, sign) and (kept or o[at.O_MSPROG]):  # what did not last must not hide what comes later
        move(c, o, i)
    elif not kept:
        i[at.S] = x + 1
    elif o[at.O_MSPROG]:
        again = sign > 0 and o[at.O_SEARCH] >= at.SEARCH_PIRA and not ask.wanted(o, sign, i[at.KIND])
        i[at.S] = x + 1 if again or o[at.O_FROM] else y + 1
    else:  # the reference stays, so that the same step must first be over before another one can begin
        i[at.S] = i[at.N]


def keep(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Write an event down, unless it belongs to the one before or is of a type not wanted."""
    x, y, sign, last = i[at.X], i[at.Y], i[at.DIRECTION], i[at.LAST]
    wants = ask.wanted(o, sign, i[at.KIND])
    merges = (
        last >= 0 and i[at.LAST_SIGN] == sign and c.visits[x, at.DAY] - c.visits[last, at.DAY] < o[at.O_MERGE]
    )
    if o[at.O_TRACE]:
        tell(c, o, out, i, f)
        if merges or not wants:
            decide(out, i, f, x, at.MERGED if merges else at.NOT_WANTED, y)
    if merges:
        return
    i[at.LAST] = x
    i[at.LAST_SIGN] = sign
    i[at.FOUND] += 1 if wants else 0
    if wants or o[at.O_MSPROG]:
        ask.write_event(c, o, out, i, f)


def tell(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Write down that a change was confirmed, and why a worsening is of its type."""
    x, y = i[at.X], i[at.Y]
    if i[at.DIRECTION] < 0:
        decide(out, i, f, x, at.CONFIRMED_IMPROVEMENT, y)
        return
    decide(out, i, f, x, at.IMPUTED_WORSENING if x == y else at.CONFIRMED_WORSENING, y)
    decide(out, i, f, x, why_type(c, o, i), y)


def why_type(c: Any, o: Any, i: Any) -> int:
    """Say why a worsening is of its type."""
    kind = i[at.KIND]
    if kind == at.RAW:
        return at.TYPE_RAW if ask.associated(c, o, i[at.X]) else at.TYPE_RAW_BY_RUN
    if kind == at.UNDEFINED:
        return at.TYPE_AFTER_RELAPSE if o[at.O_TWO] else at.TYPE_UNDEFINED
    return at.TYPE_PIRA if kind == at.PIRA else at.TYPE_IN_CONFIRMATION


def decide(out: Any, i: Any, f: Any, x: int, reason: int, until: int) -> None:
    """Write one decision down where there is room."""
    place = i[at.N_DECISIONS]
    i[at.N_DECISIONS] += 1
    if place < len(out.decisions):
        out.decisions[place, at.D_SUBJECT] = i[at.WHO]
        out.decisions[place, at.D_VISIT] = x
        out.decisions[place, at.D_REASON] = reason
        out.decisions[place, at.D_REFERENCE] = i[at.PLACED]
        out.decisions[place, at.D_UNTIL] = until
        for level in range(3):
            out.decisions[place, at.D_LEVELS + level] = f[level]
