"""What the R package msprog does differently, for `compat="msprog"`: each function is one difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.course import _layout as at
from ranvier.course._arrays import Floats, Ints, Prepared, Relapses, nearest
from ranvier.course.parts import RelapseWindows

if TYPE_CHECKING:
    from ranvier.course.definition import Definition

__all__ = ["first_of_msprog", "limits_of_msprog", "relapses_of_msprog"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Distances to relapses as msprog uses them; with end dates all but zero become infinite."""

    to_baseline: tuple[float, float]
    to_event: tuple[float, float]
    to_confirmation: tuple[float, float]
    association: tuple[float, float]


def limits_of_msprog(windows: RelapseWindows) -> Limits:
    """Give the distances; end dates make every worsening relapse-associated."""

    def ended(pair: tuple[int, int]) -> tuple[float, float]:
        return (float("inf") if windows.end_days and pair[0] else pair[0], pair[1])

    association = windows.association
    return Limits(
        to_baseline=ended(windows.to_baseline),
        to_event=ended(windows.to_event),
        to_confirmation=ended(windows.to_confirmation),
        association=(float("inf"), association[1]) if windows.end_days else association,
    )


def relapses_of_msprog(prepared: Prepared, definition: Definition) -> tuple[Relapses, Floats, Floats, Floats]:
    """Drop early relapses; give the others, the distances of visits, and when each relapse is over."""
    windows = definition.relapses
    limits = limits_of_msprog(windows)
    given = prepared.relapses
    if windows.end_days:
        given = given.only(~np.isnan(given.end))
    first = prepared.day[np.minimum(prepared.start[:-1], max(len(prepared.day) - 1, 0))]
    relapses = given.only(given.day >= first[given.who] - limits.to_baseline[0])
    before, after = nearest(prepared, relapses)
    if windows.end_days:
        before = _within_the_closest(prepared, relapses, before)
    lag = 0.0 if definition.selection.events == "first PIRA" else limits.association[0]
    points = Relapses(day=relapses.day, end=relapses.day, who=relapses.who, start=relapses.start)
    return points, before, after, relapses.day + lag


def _within_the_closest(prepared: Prepared, relapses: Relapses, before: Floats) -> Floats:
    """Keep the distance only while the last relapse before a visit has not ended."""
    length: dict[tuple[int, float], float] = {}
    for who, day, end in zip(relapses.who, relapses.day, relapses.end, strict=True):
        length.setdefault((who, day), end - day)  # the first in the file, where two begin on one day
    found = [
        length.get((who, day - distance), -1.0)
        for who, day, distance in zip(prepared.who, prepared.day, before, strict=True)
    ]
    return np.where(np.array(found) < before, np.inf, before)


def first_of_msprog(
    found: tuple[Ints, Floats, Ints, Floats], search: int
) -> tuple[Ints, Floats, Ints, Floats]:
    """Drop events found twice, sort by visit, and take the first of the kind searched."""
    events, levels, decisions, decision_levels = found
    rows: list[int] = []
    places: dict[int, list[int]] = {}
    for row, subject in enumerate(events[:, at.SUBJECT].tolist()):
        places.setdefault(subject, []).append(row)
    for own in places.values():
        rows += _chosen(events, _without_repeats(events, own), search)
    kept = np.array(rows, dtype=np.int64)
    return events[kept], levels[kept], decisions, decision_levels


def _without_repeats(events: Ints, rows: list[int]) -> list[int]:
    """Order rows by visit and drop as many of the first as there are repeats, as msprog marks them."""
    onsets = [int(events[row, at.ONSET]) for row in rows]
    unique = list(dict.fromkeys(onsets))
    counts = [onsets.count(onset) for onset in sorted(unique)]  # in another order than `unique`, as there
    marked = list(onsets)
    for onset, count in zip(unique, counts, strict=True):
        if count > 1:
            twice = [place for place, value in enumerate(marked) if value == onset]
            for place in twice[:-1]:
                marked[place] = -1
    order = sorted(range(len(rows)), key=marked.__getitem__)
    return [rows[place] for place in order[len(onsets) - len(unique) :]]


def _chosen(events: Ints, rows: list[int], search: int) -> list[int]:
    """Take the first event of the kind searched, or all."""
    if search == at.SEARCH_ALL:
        return rows
    for row in rows:
        sign, kind = events[row, at.SIGN], events[row, at.TYPE]
        hits = {
            at.SEARCH_FIRST: True,
            at.SEARCH_WORSENING: sign > 0,
            at.SEARCH_IMPROVEMENT: sign < 0,
            at.SEARCH_PIRA: kind == at.PIRA,
            at.SEARCH_RAW: kind == at.RAW,
        }
        if hits[search]:
            return [row]
    return []
