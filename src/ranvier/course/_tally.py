"""Counts of the events of one definition after the other on the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.course import _layout as at
from ranvier.course._arrays import Floats, Ints, Prepared, prepare
from ranvier.course._composite import one_stream
from ranvier.course._run import run
from ranvier.course._tables import never_confirming
from ranvier.course.definition import Definition
from ranvier.course.relapses import DAYS_PER_YEAR

__all__ = ["COLUMNS", "World", "build", "tally"]

Key = tuple[str, str | None, tuple[str, ...]]

SEARCHES_WITH_TYPES = ("all", "first", "first worsening")
"""Searches that keep every type of worsening, so that a share of PIRA says something."""

TYPES = {"raw": at.RAW, "pira": at.PIRA, "undefined": at.UNDEFINED}

COLUMNS: dict[str, Any] = {
    "n_subjects": pl.Int64,
    "n_with_event": pl.Int64,
    "share": pl.Float64,
    "events": pl.Int64,
    "patient_years": pl.Float64,
    "events_per_10_years": pl.Float64,
    "raw": pl.Int64,
    "pira": pl.Int64,
    "undefined": pl.Int64,
    "pira_share": pl.Float64,
    "improvements": pl.Int64,
    "n_without_value": pl.Int64,
    "n_cannot_confirm": pl.Int64,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """The prepared outcomes of all definitions on one list of patients."""

    names: pl.Series
    prepared: dict[Key, Prepared]
    places: dict[Key, Ints]
    n_listed: int
    cache: dict[Any, Any]

    def cached(self, key: Any, make: Any) -> Any:
        """Make something once."""
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]


def _keys(definition: Definition) -> list[Key]:
    """Name what a definition needs prepared, one per outcome."""
    return [(outcome.column, definition.compat, definition.flags) for outcome in definition.outcomes]


def build(visits: Any, relapses: Any, subjects: Any, definitions: Sequence[Definition]) -> World:
    """Prepare what the definitions need, each once."""
    if subjects is not None:
        wanted = nw.from_native(subjects, eager_only=True).get_column("subject").to_list()
        visits, relapses = _only(visits, wanted), _only(relapses, wanted)
    keys = dict.fromkeys(key for definition in definitions for key in _keys(definition))
    prepared = {key: prepare(visits, relapses, key[0], eligible=key[2], compat=key[1]) for key in keys}
    everyone = [part.subjects for part in prepared.values()]
    names = pl.concat(everyone).unique().sort()
    index = pl.DataFrame({"subject": names, "place": np.arange(len(names), dtype=np.int64)})
    places = {
        key: part.subjects.to_frame("subject").join(index, on="subject", maintain_order="left")["place"]
        for key, part in prepared.items()
    }
    seen = nw.from_native(visits, eager_only=True).get_column("subject").n_unique()
    return World(
        names=names,
        prepared=prepared,
        places={key: place.to_numpy() for key, place in places.items()},
        n_listed=seen if subjects is None else len(set(wanted)),
        cache={},
    )


def _only(table: Any, subjects: list[str]) -> Any:
    """Keep the rows of some patients."""
    if table is None:
        return None
    frame = nw.from_native(table, eager_only=True)
    return frame.filter(nw.col("subject").is_in(subjects)).to_native()


def tally(world: World, definition: Definition, flags: NDArray[np.bool_]) -> dict[str, Any]:
    """Search for the events of one definition, flag the patients and count."""
    keys, search = _keys(definition), definition.selection.events
    has_relapses = world.prepared[keys[0]].has_relapses
    who, day, sign, kind = _events(world, keys, definition)
    first, days = world.cached(tuple(keys), lambda: _spans(world, keys))
    if search != "all":
        days = days.copy()
        days[who] = day - first[who]
    wanted = sign < 0 if search == "first improvement" else sign > 0
    flags[who[wanted]] = True
    known = int((~np.isnan(first)).sum())
    events, years = int(wanted.sum()), float(np.nansum(days)) / DAYS_PER_YEAR
    worsenings = int((sign > 0).sum())
    types = {word: int((kind == code).sum()) if has_relapses else None for word, code in TYPES.items()}
    typed = has_relapses and worsenings and search in SEARCHES_WITH_TYPES
    confirm = (tuple(keys), definition.confirmation.windows)
    return {
        "n_subjects": known,
        "n_with_event": int(flags.sum()),
        "share": int(flags.sum()) / known if known else None,
        "events": events,
        "patient_years": years,
        "events_per_10_years": 10 * events / years if years else None,
        **types,
        "pira_share": (types["pira"] or 0) / worsenings if typed else None,
        "improvements": len(sign) - worsenings,
        "n_without_value": world.n_listed - known,
        "n_cannot_confirm": world.cached(confirm, lambda: _cannot_confirm(world, keys, definition)),
    }


def _events(world: World, keys: list[Key], definition: Definition) -> tuple[Ints, Floats, Ints, Ints]:
    """Give patient, day, direction and type of the events; of a composite, its one stream."""
    parts = []
    for key in keys:
        prepared, place = world.prepared[key], world.places[key]
        rows = run(prepared, definition).events
        onset = prepared.day[rows[:, at.ONSET]]
        sure = rows[:, at.CONFIRMED]
        until = np.where(sure >= 0, prepared.day[np.maximum(sure, 0)], onset)
        parts.append((place[rows[:, at.SUBJECT]], onset, rows[:, at.SIGN], rows[:, at.TYPE], until))
    if len(parts) == 1:
        return parts[0][:4]
    who, day, sign, kind, until = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = one_stream(who, sign, day, until, definition.selection)
    return who[kept], day[kept], sign[kept], kind[kept]


def _spans(world: World, keys: list[Key]) -> tuple[Floats, Floats]:
    """Give each patient's first day with a value, and the days until the last; NaN without any."""
    first, last = (np.full(len(world.names), np.nan) for _ in range(2))
    for key in keys:
        prepared, place = world.prepared[key], world.places[key]
        first[place] = np.fmin(first[place], prepared.day[prepared.start[:-1]])
        last[place] = np.fmax(last[place], prepared.day[prepared.start[1:] - 1])
    return first, last - first


def _cannot_confirm(world: World, keys: list[Key], definition: Definition) -> int:
    """Count the patients whose visits lie too close together, or too far apart, for any confirmation."""
    counts = []
    for key in keys:
        prepared = world.prepared[key]
        never, _ = never_confirming(prepared, definition)
        counts.append(never + int((np.diff(prepared.start) == 1).sum()))
    return min(counts)
