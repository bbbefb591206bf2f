"""The kernel's questions about one change: does it show, is it confirmed, does it last, what is its type."""

from __future__ import annotations

from math import isnan
from typing import Any

from ranvier.course import _layout as at

__all__ = ["best", "classify", "extremum", "failing", "first_confirmation", "run_end", "shows", "sustained"]


def shows(o: Any, change: float, need: float) -> bool:
    """Whether a change in its own direction reaches a threshold, or is any difference."""
    if need < 0:
        return bool(change > o[at.O_TOLERANCE])
    return bool(change >= need - o[at.O_TOLERANCE])


def extremum(c: Any, o: Any, i: Any, x: int) -> bool:
    """Whether both neighbours differ from a visit in the same direction, and it is no undulating course."""
    first, end = i[at.FIRST], i[at.END_OF]
    if x == first or x == end - 1 or (x - 2 >= first and c.visits[x, at.LEVEL] == c.visits[x - 2, at.LEVEL]):
        return False
    up = at.ANY if o[at.O_EXTREMA] == 2 else c.visits[x, at.WORSE]
    down = at.ANY if o[at.O_EXTREMA] == 2 else c.visits[x, at.BETTER]
    back, ahead = (
        c.visits[x - 1, at.LEVEL] - c.visits[x, at.LEVEL],
        c.visits[x + 1, at.LEVEL] - c.visits[x, at.LEVEL],
    )
    return (shows(o, back, up) and shows(o, ahead, up)) or (shows(o, -back, down) and shows(o, -ahead, down))


def usable(c: Any, o: Any, y: int) -> bool:
    """Whether a visit may confirm."""
    return bool(
        c.visits[y, at.BEFORE] >= o[at.O_CONFIRM_BEFORE]
        and c.visits[y, at.AFTER] >= o[at.O_CONFIRM_AFTER]
        and c.visits[y, at.ELIGIBLE]
    )


def within(c: Any, o: Any, x: int, y: int, w: int) -> bool:
    """Whether visit `y` lies in window `w` after visit `x`."""
    gap = c.visits[y, at.DAY] - c.visits[x, at.DAY]
    return bool(o[at.O_WINDOWS + 2 * w] <= gap <= o[at.O_WINDOWS + 2 * w + 1])


def any_in_window(c: Any, o: Any, i: Any) -> bool:
    """Whether any visit lies in any window, usable or not."""
    for w in range(int(o[at.O_N_WINDOWS])):
        for y in range(i[at.X] + 1, i[at.END_OF]):
            if within(c, o, i[at.X], y, w):
                return True
    return False


def confirming(c: Any, o: Any, x: int, end: int, w: int) -> int:
    """Give the first usable visit of one window before `end`, -1 when there is none."""
    for y in range(x + 1, end):
        gap = c.visits[y, at.DAY] - c.visits[x, at.DAY]
        if gap > o[at.O_WINDOWS + 2 * w + 1]:
            break
        if gap >= o[at.O_WINDOWS + 2 * w] and usable(c, o, y):
            return y
    return -1


def first_confirmation(c: Any, o: Any, i: Any) -> int:
    """Give the first usable visit of all windows; msprog takes that of the window named first."""
    best = -1
    for w in range(int(o[at.O_N_WINDOWS])):
        y = confirming(c, o, i[at.X], i[at.END_OF], w)
        if y >= 0 and (best < 0 or y < best):
            best = y
            if o[at.O_MSPROG]:
                break
    return best


def there(c: Any, o: Any, i: Any, f: Any, z: int, need: float) -> bool:
    """Whether visit `z` shows the change that is being judged."""
    return shows(o, i[at.DIRECTION] * (c.visits[z, at.LEVEL] - f[at.REF]), need)


def failing(c: Any, o: Any, i: Any, f: Any, need: float) -> int:
    """Give the first visit after the event and up to its confirmation that lacks the change, or -1."""
    x, y = i[at.X], i[at.Y]
    for z in range(x + 1 if o[at.O_CHECK_ALL] else y, y + 1):
        if not there(c, o, i, f, z, need):
            return z
        if (
            o[at.O_AT_EVENT_LEVEL]
            and i[at.DIRECTION] * (c.visits[z, at.LEVEL] - c.visits[x, at.LEVEL]) < -o[at.O_TOLERANCE]
        ):
            return z
    return -1


def run_end(c: Any, o: Any, i: Any, f: Any, need: float) -> int:
    """Give the first visit after the confirmation that lacks the change; one past the last if none does."""
    for z in range(i[at.Y] + 1, i[at.END_OF]):
        if not there(c, o, i, f, z, need):
            return z
    return int(i[at.END_OF])


def run_start(c: Any, o: Any, i: Any, f: Any, need: float) -> int:
    """Give the first visit of the unbroken row of visits up to the event that all show the change."""
    x = int(i[at.X])
    while x - 1 > i[at.B] and there(c, o, i, f, x - 1, need):
        x -= 1
    return x


def best(c: Any, o: Any, i: Any, last: int) -> int:
    """Give the first visit with the best level from the event to its confirmation, of those that count."""
    x = i[at.X]
    for z in range(i[at.X] + 1 if o[at.O_CHECK_ALL] else last, last + 1):
        if c.visits[z, at.LEVEL] < c.visits[x, at.LEVEL]:
            x = z
    return int(x)


def sustained(c: Any, o: Any, i: Any, f: Any, need: float) -> bool:
    """Whether a change lasted as long as it must, or up to the last visit."""
    x, n, end = i[at.X], i[at.N], i[at.END_OF]
    if not o[at.O_SUSTAINED] > 0:
        return True
    if o[at.O_CHECK_ALL]:
        return bool(n == end or c.visits[n, at.DAY] - c.visits[x, at.DAY] >= o[at.O_SUSTAINED])
    for y in range(x + 1, end):
        if c.visits[y, at.DAY] - c.visits[x, at.DAY] >= o[at.O_SUSTAINED]:
            return there(c, o, i, f, y, need)
    return there(c, o, i, f, end - 1, need)


def associated(c: Any, o: Any, x: int) -> bool:
    """Whether a visit belongs to a relapse."""
    return bool(
        c.visits[x, at.BEFORE] <= o[at.O_ASSOCIATED_BEFORE]
        or c.visits[x, at.AFTER] <= o[at.O_ASSOCIATED_AFTER]
    )


def classify(c: Any, o: Any, i: Any, f: Any) -> int:
    """Give the type of a confirmed worsening."""
    # A step that began with a relapse stays one, even if a later visit is the one that was confirmed.
    for z in range(i[at.X] if o[at.O_MSPROG] else run_start(c, o, i, f, f[at.NEED_WORSE]), i[at.X] + 1):
        if associated(c, o, z):
            return at.RAW
    before = preceding(c, o, i)
    if i[at.X] == i[at.Y]:  # imputed
        return at.PIRA if free(c, o, i, before, i[at.X]) else at.UNDEFINED
    for w in range(int(o[at.O_N_WINDOWS])):
        if free_confirmation(c, o, i, before, w) >= 0:
            return at.PIRA
    return at.UNDEFINED


def free_confirmation(c: Any, o: Any, i: Any, before: int, w: int) -> int:
    """Give the first usable visit of a window that no relapse forbids, while the change lasts, or -1."""
    for y in range(i[at.X] + 1, i[at.N]):
        if within(c, o, i[at.X], y, w) and usable(c, o, y) and free(c, o, i, before, y):
            return y
    return -1


def preceding(c: Any, o: Any, i: Any) -> int:
    """Give the visit that the first relapse-free interval is about."""
    x = int(i[at.X])
    if o[at.O_PRECEDING] == 0:
        return int(i[at.B])
    if o[at.O_PRECEDING] == 1:
        return x - 1
    for z in range(x - 1, i[at.FIRST] - 1, -1):
        if differs_from(c, o, i, z) and not (o[at.O_EXTREMA] > 0 and extremum(c, o, i, z)):
            return z
    return int(i[at.FIRST])


def differs_from(c: Any, o: Any, i: Any, z: int) -> bool:
    """Whether the event and its confirmation are a worsening by the threshold as seen from visit `z`."""
    if not shows(o, c.visits[i[at.X], at.LEVEL] - c.visits[z, at.LEVEL], c.visits[z, at.WORSE]):
        return False
    for k in range(i[at.X] + 1 if o[at.O_CHECK_ALL] else i[at.Y], i[at.Y] + 1):
        if not shows(o, c.visits[k, at.LEVEL] - c.visits[z, at.LEVEL], c.visits[z, at.WORSE]):
            return False
    return True


def free(c: Any, o: Any, i: Any, before: int, y: int) -> bool:
    """Whether no relapse lies in the intervals around the preceding visit, the event and the confirmation."""
    low = 0.0
    for point in range(3):
        day = (
            c.visits[before, at.DAY]
            if point == 0
            else c.visits[i[at.X], at.DAY]
            if point == 1
            else c.visits[y, at.DAY]
        )
        left, right = o[at.O_FREE + 2 * point], o[at.O_FREE + 2 * point + 1]
        if not isnan(left):
            low = day - left
        if not isnan(right) and day + right > low and any_relapse(c, i, low, day + right):
            return False
    return True


def any_relapse(c: Any, i: Any, low: float, high: float) -> bool:
    """Whether a relapse lies in a closed interval of days."""
    for r in range(c.people[i[at.WHO], at.RELAPSE_START], c.people[i[at.WHO], at.RELAPSE_STOP]):
        if c.relapses[r, at.RELAPSE_DAY] <= high and c.relapses[r, at.RELAPSE_END] >= low:
            return True
    return False


def write_event(c: Any, o: Any, out: Any, i: Any, f: Any) -> None:
    """Write one event down where there is room."""
    place = i[at.N_EVENTS]
    i[at.N_EVENTS] += 1
    if place >= len(out.events):
        return
    need = f[at.NEED_WORSE] if i[at.DIRECTION] > 0 else f[at.NEED_BETTER]
    row = out.events[place]
    row[at.SUBJECT], row[at.ONSET], row[at.REFERENCE] = i[at.WHO], i[at.X], i[at.B]
    row[at.SIGN], row[at.TYPE], row[at.END] = i[at.DIRECTION], i[at.KIND], i[at.N] - 1
    row[at.IMPUTED] = 1 if i[at.X] == i[at.Y] else 0
    row[at.CONFIRMED] = -1 if i[at.X] == i[at.Y] else i[at.Y]
    row[at.LEFT] = run_start(c, o, i, f, need) - 1
    row[at.EVENT_REF], row[at.EVENT_NEED] = f[at.REF], need
    before = preceding(c, o, i) if i[at.KIND] == at.PIRA else -1
    windows = int(o[at.O_N_WINDOWS])
    for w in range(windows):
        clear = free_confirmation(c, o, i, before, w) if i[at.KIND] == at.PIRA else -1
        row[at.WINDOWS + w] = confirming(c, o, i[at.X], i[at.N], w)
        row[at.WINDOWS + windows + w] = clear


def ignores(o: Any, sign: int) -> bool:
    """Whether msprog passes over improvements, because they cannot matter to what is searched."""
    worse_only = o[at.O_SEARCH] == at.SEARCH_WORSENING or o[at.O_SEARCH] >= at.SEARCH_PIRA
    still = o[at.O_SCHEME] == at.FIXED or o[at.O_SCHEME] == at.ON_WORSENING
    return o[at.O_MSPROG] == 1 and sign < 0 and worse_only and still


def moves(o: Any, sign: int) -> bool:
    """Whether a confirmed event in this direction moves the reference."""
    return bool(
        o[at.O_SCHEME] == at.ROVING or o[at.O_SCHEME] == (at.ON_WORSENING if sign > 0 else at.ON_IMPROVEMENT)
    )


def below_moves(o: Any, sign: int) -> bool:
    """Whether a confirmed change below the threshold moves the reference."""
    return moves(o, sign) and (o[at.O_SUB_THRESHOLD] == 1 or o[at.O_SUB_THRESHOLD] == (3 if sign > 0 else 2))


def jumps(o: Any, kind: int) -> bool:
    """Whether msprog skips an event of the wrong type at once, without re-baselining."""
    still = o[at.O_SCHEME] == at.FIXED or o[at.O_SCHEME] == at.ON_IMPROVEMENT
    wrong = (o[at.O_SEARCH] == at.SEARCH_PIRA and kind == at.RAW) or (
        o[at.O_SEARCH] == at.SEARCH_RAW and kind != at.RAW
    )
    return bool(still and wrong)


def wanted(o: Any, sign: int, kind: int) -> bool:
    """Whether an event is one that the definition keeps."""
    if o[at.O_SEARCH] <= at.SEARCH_FIRST:
        return True
    if o[at.O_SEARCH] <= at.SEARCH_IMPROVEMENT:
        return bool((sign < 0) == (o[at.O_SEARCH] == at.SEARCH_IMPROVEMENT))
    return bool(kind == (at.PIRA if o[at.O_SEARCH] == at.SEARCH_PIRA else at.RAW))
