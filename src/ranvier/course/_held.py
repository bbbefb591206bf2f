"""The search with a reference that follows the best held level, in the same subset of Python as the kernel.

It looks at one visit after the other. With two references, `B`, `REF` and `NEED_WORSE` are those for RAW
and PIRA, and `GENERAL`, `GENERAL_REF` and `GENERAL_NEED` those of the first visit after a relapse.
"""

from __future__ import annotations

from typing import Any

from ranvier.course import _change as ask
from ranvier.course import _layout as at
from ranvier.course import kernel as find

__all__ = ["held_all"]


def held_all(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Search every patient for worsening; arguments as in `kernel.search_all`."""
    i[at.N_EVENTS] = 0
    i[at.N_DECISIONS] = 0
    for subject in range(len(c.people)):
        find.begin(c, i, f, subject)
        before = i[at.N_DECISIONS]
        if i[at.B] >= 0 and find.place_reference(c, o, out, i, f):
            search_one(c, o, out, i, f)
        if o[at.O_TRACE] and i[at.N_DECISIONS] == before and i[at.END_OF] > i[at.FIRST]:
            find.decide(out, i, f, i[at.FIRST], find.why_nothing(i, f), i[at.END_OF] - 1)


def search_one(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Look at each visit of one patient, up to the first wanted event or the last visit."""
    i[at.GENERAL], f[at.GENERAL_REF], f[at.GENERAL_NEED] = i[at.B], f[at.REF], f[at.NEED_WORSE]
    for x in range(i[at.S], i[at.END_OF]):
        after_relapse = o[at.O_TWO] == 1 and first_after_relapse(c, o, i, x)
        i[at.X] = x
        if after_relapse:
            swap(i, f)
        worse = worsening(c, o, out, i, f, after_relapse)
        if after_relapse:
            swap(i, f)
        if worse:
            take_event_level(c, o, i, f, after_relapse)
            if o[at.O_SEARCH] != at.SEARCH_ALL and i[at.FOUND] > 0:
                return
        else:
            follow(c, o, out, i, f, after_relapse)


def swap(i: Any, f: Any) -> None:
    """Exchange the two references."""
    i[at.B], i[at.GENERAL] = i[at.GENERAL], i[at.B]
    i[at.PLACED] = i[at.B]
    f[at.REF], f[at.GENERAL_REF] = f[at.GENERAL_REF], f[at.REF]
    f[at.NEED_WORSE], f[at.GENERAL_NEED] = f[at.GENERAL_NEED], f[at.NEED_WORSE]


def first_after_relapse(c: Any, o: Any, i: Any, x: int) -> bool:
    """Whether a visit is the first one after the days of a relapse that run into no other relapse's days."""
    stop = c.people[i[at.WHO], at.RELAPSE_STOP]
    for r in range(c.people[i[at.WHO], at.RELAPSE_START], stop):
        clear = c.relapses[r, at.RELAPSE_CLEAR]
        if c.visits[x - 1, at.DAY] <= clear < c.visits[x, at.DAY] and (
            r + 1 == stop or clear < c.relapses[r + 1, at.RELAPSE_DAY] - o[at.O_ASSOCIATED_AFTER]
        ):
            return True
    return False


def worsening(c: Any, o: Any, out: Any, i: Any, f: Any, after_relapse: bool) -> bool:
    """Whether the visit is a confirmed worsening; if so it is written down."""
    x, need = i[at.X], f[at.NEED_WORSE]
    i[at.DIRECTION] = 1
    far = c.visits[x, at.DAY] - c.visits[i[at.B], at.DAY] >= o[at.O_LEAST_DISTANCE]
    if not (far and ask.there(c, o, i, f, x, need) and find.may_be_event(c, o, out, i, f, x)):
        return False
    i[at.Y] = ask.first_confirmation(c, o, i)
    if i[at.Y] < 0 or ask.failing(c, o, i, f, need) >= 0:
        if not find.imputes(c, o, i):
            if o[at.O_TRACE]:
                find.refuse(c, o, out, i, f, need)
            return False
        i[at.Y] = x
    i[at.N] = ask.run_end(c, o, i, f, need)
    if not ask.sustained(c, o, i, f, need):
        if o[at.O_TRACE]:
            find.decide(out, i, f, x, at.NOT_SUSTAINED, min(i[at.N], i[at.END_OF] - 1))
        return False
    i[at.KIND] = kind(c, o, i, f, after_relapse)
    find.keep(c, o, out, i, f)
    return True


def kind(c: Any, o: Any, i: Any, f: Any, after_relapse: bool) -> int:
    """Give the type of a confirmed worsening."""
    if not o[at.O_TWO]:
        return int(ask.classify(c, o, i, f))
    if after_relapse:
        return at.UNDEFINED
    if ask.associated(c, o, i[at.X]):
        return at.RAW
    return at.PIRA if ask.free(c, o, i, ask.preceding(c, o, i), i[at.Y]) else at.IN_CONFIRMATION


def take_event_level(c: Any, o: Any, i: Any, f: Any, after_relapse: bool) -> None:
    """Set both references anew after an event, each at its own level."""
    x = i[at.X]
    last = i[at.END_OF] - 1 if o[at.O_SUSTAINED] == at.ENDLESS else i[at.Y]
    level_of = ask.best(c, o, i, last) if o[at.O_BEST_LEVEL] else x
    if after_relapse:
        if c.visits[x, at.LEVEL] > f[at.REF]:
            take(c, i, f, x, x)
    else:
        take(c, i, f, x, level_of)
    take_general(c, i, f, x, level_of)


def take(c: Any, i: Any, f: Any, x: int, level_of: int) -> None:
    """Set the reference (for RAW and PIRA) at one visit, with the level of another."""
    i[at.B] = i[at.PLACED] = x
    f[at.REF], f[at.NEED_WORSE] = c.visits[level_of, at.LEVEL], c.visits[level_of, at.WORSE]


def take_general(c: Any, i: Any, f: Any, x: int, level_of: int) -> None:
    """Set the general reference at one visit, with the level of another."""
    i[at.GENERAL] = x
    f[at.GENERAL_REF], f[at.GENERAL_NEED] = c.visits[level_of, at.LEVEL], c.visits[level_of, at.WORSE]


def follow(c: Any, o: Any, out: Any, i: Any, f: Any, after_relapse: bool) -> None:
    """Move the references where there is no event: to residual disability, or to a better level held."""
    x, level = i[at.X], c.visits[i[at.X], at.LEVEL]
    if after_relapse and level > f[at.REF]:
        take(c, i, f, x, x)
        if o[at.O_TRACE]:
            find.decide(out, i, f, x, at.REFERENCE_RESIDUAL, x)
    near = c.visits[x, at.BEFORE] < o[at.O_BASELINE_BEFORE] or c.visits[x, at.AFTER] < o[at.O_BASELINE_AFTER]
    if near or not (level < f[at.REF] or level < f[at.GENERAL_REF]):
        return
    worst = worst_held(c, o, i, x)
    if worst < 0:
        return
    if c.visits[worst, at.LEVEL] < f[at.REF]:
        take(c, i, f, x, worst)
        if o[at.O_TRACE]:
            find.decide(out, i, f, x, at.REFERENCE_HELD, worst)
    if c.visits[worst, at.LEVEL] < f[at.GENERAL_REF]:
        take_general(c, i, f, x, worst)


def worst_held(c: Any, o: Any, i: Any, x: int) -> int:
    """Give the worst visit up to the first one that is far enough behind, -1 when there is none so far."""
    worst = x
    for y in range(x, i[at.END_OF]):
        if c.visits[y, at.LEVEL] > c.visits[worst, at.LEVEL]:
            worst = y
        if c.visits[y, at.DAY] - c.visits[x, at.DAY] >= o[at.O_HOLD] and (y > x or o[at.O_HOLD] == 0):
            return int(worst)
    return -1
