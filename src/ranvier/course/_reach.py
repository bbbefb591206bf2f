"""The search for milestones, in the same subset of Python as the kernel, and with its questions."""

from __future__ import annotations

from typing import Any

from ranvier.course import _change as ask
from ranvier.course import _layout as at
from ranvier.course import kernel as find

__all__ = ["milestone_all"]


def milestone_all(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Find each patient's first confirmed visit at or beyond the level in `f[REF]`."""
    i[at.N_EVENTS] = 0
    i[at.N_DECISIONS] = 0
    i[at.DIRECTION] = 1
    level = f[at.REF]
    for subject in range(len(c.people)):
        find.begin(c, i, f, subject)
        f[at.REF], f[at.NEED_WORSE] = level, 0.0
        i[at.B] = i[at.PLACED] = i[at.FIRST] - 1
        i[at.X] = i[at.FIRST]
        before = i[at.N_DECISIONS]
        while i[at.X] < i[at.END_OF] and not reached(c, o, out, i, f):
            i[at.X] = i[at.S]
        if o[at.O_TRACE] and i[at.N_DECISIONS] == before and i[at.END_OF] > i[at.FIRST]:
            find.decide(out, i, f, i[at.FIRST], at.NO_CHANGE, i[at.END_OF] - 1)


def reached(c: Any, o: Any, out: Any, i: Any, f: Any) -> bool:
    """Whether the milestone is reached for good at this visit; if not, where to look next."""
    x = i[at.X]
    i[at.S] = x + 1
    if not ask.there(c, o, i, f, x, 0.0):
        return False
    near = c.visits[x, at.BEFORE] < o[at.O_EVENT_BEFORE] or c.visits[x, at.AFTER] < o[at.O_EVENT_AFTER]
    if near or not confirms(c, o, out, i, f):
        if near and o[at.O_TRACE]:
            find.decide(out, i, f, x, at.EVENT_NEAR_RELAPSE, x)
        return False
    i[at.N] = ask.run_end(c, o, i, f, 0.0)
    lasts = ask.sustained(c, o, i, f, 0.0)
    if o[at.O_TRACE]:
        why = at.IMPUTED_WORSENING if i[at.Y] == x else at.CONFIRMED_WORSENING
        until = i[at.Y] if lasts else min(i[at.N], i[at.END_OF] - 1)
        find.decide(out, i, f, x, why if lasts else at.NOT_SUSTAINED, until)
    if lasts:
        ask.write_event(c, o, out, i, f)
    elif o[at.O_MSPROG]:
        i[at.S] = i[at.N] + 1
    return lasts


def confirms(c: Any, o: Any, out: Any, i: Any, f: Any) -> bool:
    """Whether the level holds up to a confirming visit, or is taken as confirmed at the last one."""
    i[at.Y] = ask.first_confirmation(c, o, i)
    if i[at.Y] >= 0 and ask.failing(c, o, i, f, 0.0) < 0:
        return True
    if find.imputes(c, o, i):
        i[at.Y] = i[at.X]
        return True
    if o[at.O_MSPROG]:
        skip_plateau(c, o, i, f, i[at.END_OF])
    if o[at.O_TRACE]:
        find.refuse(c, o, out, i, f, 0.0)
    return False


def skip_plateau(c: Any, o: Any, i: Any, f: Any, end: int) -> None:
    """Go on as msprog does: behind the next visit below the level, or at the last visit."""
    i[at.S] = end if i[at.X] == end - 1 else end - 1
    for z in range(i[at.X] + 1, end):
        if not ask.there(c, o, i, f, z, 0.0):
            i[at.S] = z + 1
            return
