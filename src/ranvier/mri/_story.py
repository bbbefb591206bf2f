"""The visits as they pass by: checked, handed to the tracker, and told as tables."""

from __future__ import annotations

import dataclasses
import math
import operator
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._geometry import agree_on_grid
from ranvier.mri._tracking import EVENTS, Tracker
from ranvier.mri.comparison import RESOLVED_NOTE, hands_note
from ranvier.mri.mask import Mask
from ranvier.mri.measures import checked_rule
from ranvier.mri.reading import read_mask
from ranvier.mri.rule import Rule
from ranvier.result import TRACE_SCHEMA, plural

__all__ = ["Story", "column", "opened", "read_visits"]

COLUMNS: dict[str, Any] = {
    "track": pl.Int64,
    "visit": pl.String,
    "day": pl.Int64,
    "voxels": pl.Int64,
    "volume_mm3": pl.Float64,
    "counted": pl.Boolean,
    "r_mm": pl.Float64,
    "a_mm": pl.Float64,
    "s_mm": pl.Float64,
    "event": pl.String,
    "other_track": pl.Int64,
}
DECISIONS: dict[str, Any] = {**COLUMNS, "voxels_before": pl.Int64, "reason": pl.String}


def read_visits(visits: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(visits, Iterable) or isinstance(visits, str | Mapping):
        raise InputError(
            f"{type(visits).__name__} is no list of visits; give pairs of a day or label and a Mask, path or "
            "None."
        )
    for visit in visits:
        if not isinstance(visit, tuple | list) or len(visit) != 2:
            raise InputError(
                f"a visit of {type(visit).__name__}; give a pair: its day or label, and a Mask, path or None."
            )
        yield visit[0], visit[1]
        del visit


@dataclass
class Story:
    """What is kept while the visits pass by."""

    rule: Rule
    on_geometry: str
    tracker: Tracker | None = None
    grid: Mask | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tools: list[str | None] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel in mm³."""
        return math.nan if self.grid is None else self.grid.voxel_mm3

    def add(self, when: Any, source: Mask | str | Path | None) -> None:
        """Take one visit."""
        visit, day = _when(when, self.visits)
        mask = opened(source)
        about: dict[str, Any] = {"visit": visit, "day": day, "mask": None, "compared_with": None}
        if mask is not None:
            checked_rule(self.rule, mask)
            if self.grid is None or self.tracker is None:
                # a grid has the shape and the place of the mask, but holds no volume
                self.grid = dataclasses.replace(mask, voxels=np.broadcast_to(np.False_, mask.voxels.shape))
                self.tracker = Tracker(self.rule, mask.voxel_mm3)
            else:
                self._on_one_grid(mask)
            self._noted(mask, visit)
            about |= {"mask": mask.name, "compared_with": self._last_read()}
            rows = sorted(self.tracker.add(mask), key=operator.itemgetter("track"))
            self.rows += [{**row, "visit": visit, "day": day} for row in rows]
        self.visits.append(about)

    def _on_one_grid(self, mask: Mask) -> None:
        if self.grid is not None:
            notes, warn = agree_on_grid(self.grid, mask, self.on_geometry)
            self.notes += [f"{self.grid.name} and {mask.name}: {note}" for note in notes]
            if warn:
                warnings.warn(f"{mask.name}: {notes[0]}", RanvierWarning, stacklevel=4)

    def _last_read(self) -> str | None:
        return next((each["visit"] for each in reversed(self.visits) if each["mask"] is not None), None)

    def _noted(self, mask: Mask, visit: str) -> None:
        self.notes += [f"{mask.name}: {note}" for note in mask.notes]
        self.tools.append(mask.tool)
        if mask.sha256 is not None and mask.n_voxels:
            twin = self.hashes.setdefault(mask.sha256, visit)
            if twin != visit:
                self.notes.append(
                    f"{twin} and {visit} have the same file, byte for byte: one of them is probably the "
                    "wrong one."
                )

    def all_notes(self, events: list[str | None]) -> list[str]:
        """Give the notes of the visits and those on the whole."""
        notes = [*self.notes, *hands_note(self.tools)]
        missing = [each["visit"] for each in self.visits if each["mask"] is None]
        if missing:
            notes.append(
                f"No mask at {', '.join(missing)}: not known there, and the next visit is compared with the "
                "last one that has a mask. A lesion that came and went in between is not seen."
            )
        if self.visits[0]["day"] is None and len(self.visits) > 1:
            notes.append("The visits have no days; their order is taken as given.")
        if "cut" in events:
            notes.append(
                "A lesion that came or went at the edge of the volume is cut: neither appeared nor resolved."
            )
        if "resolved" in events:
            notes.append(RESOLVED_NOTE)
        return notes

    def tables(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Give the rows of the tracks, of the visits, and the trace."""
        if self.grid is None:
            raise InputError(
                f"{plural(len(self.visits), 'visit')}, none with a mask; give at least one Mask or path."
            )
        decisions = pl.DataFrame(self.rows, schema=DECISIONS)
        visits = _per_visit(decisions, self.visits, self.grid.voxel_mm3)
        return _table(decisions, visits), visits, _trace(decisions, visits)


def opened(source: Mask | str | Path | None) -> Mask | None:
    """Give the mask of a visit, read from its file where it is a path."""
    return read_mask(source) if isinstance(source, str | Path) else source


def _when(when: Any, earlier: list[dict[str, Any]]) -> tuple[str, int | None]:
    """Give label and day of a visit; refuse one out of order."""
    last = earlier[-1] if earlier else None
    if isinstance(when, str):
        if last is not None and last["day"] is not None:
            raise InputError(
                f"visit {when!r} after {last['visit']}; give days for all visits, or labels for all."
            )
        if not when or any(each["visit"] == when for each in earlier):
            raise InputError(f"visit {when!r} is empty or comes twice; give each visit its own label.")
        return when, None
    try:
        day = operator.index(when)
    except TypeError:
        day = None
    if day is None or isinstance(when, bool):
        raise InputError(f"{when!r} is no day; give whole days, such as 180, or labels, such as 'M06'.")
    if last is not None and last["day"] is None:
        raise InputError(
            f"day {day} after visit {last['visit']!r}; give days for all visits, or labels for all."
        )
    if last is not None and last["day"] >= day:
        raise InputError(
            f"day {day} comes after {last['visit']}; days must increase. Give the visits in the order of "
            "time."
        )
    return f"day {day}", day


def column(event: str) -> str:
    """Name the column that counts an event."""
    return event.replace(" ", "_")


def _table(decisions: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Give one row per track and visit: 0 voxels where a mask was read, null where there is none."""
    order = visits.select("visit", "day", pl.col("mask").is_not_null().alias("read")).with_row_index("place")
    grid = decisions.select("track").unique().join(order, how="cross")
    keys = ["track", "visit"]
    full = grid.join(decisions.drop("day"), on=keys, how="left").sort("track", "place")
    none = pl.when("read")
    filled = full.with_columns(
        none.then(pl.col("voxels").fill_null(0)),
        none.then(pl.col("volume_mm3").fill_null(0.0)),
        none.then(pl.col("counted").fill_null(value=False)),
    )
    return filled.select(list(COLUMNS)).cast(pl.Schema(COLUMNS))


def _per_visit(decisions: pl.DataFrame, visits: list[dict[str, Any]], mm3: float) -> pl.DataFrame:
    about = pl.DataFrame(
        visits, schema={"visit": pl.String, "day": pl.Int64, "mask": pl.String, "compared_with": pl.String}
    )
    read, compared = pl.col("mask").is_not_null(), pl.col("compared_with").is_not_null()
    sums = decisions.group_by("visit").agg(
        pl.col("counted").sum().cast(pl.Int64).alias("lesions"),
        pl.col("voxels").filter("counted").sum().alias("counted_voxels"),
        pl.col("voxels").sum().alias("all_voxels"),
        *((pl.col("event") == event).sum().cast(pl.Int64).alias(column(event)) for event in EVENTS),
    )
    joined = about.join(sums, on="visit", how="left", maintain_order="left")
    counts = [pl.when(compared).then(pl.col(name).fill_null(0)).alias(name) for name in map(column, EVENTS)]
    return joined.select(
        *about.columns,
        pl.when(read).then(pl.col("lesions").fill_null(0)).alias("lesions"),
        pl.when(read).then(pl.col("counted_voxels").fill_null(0) * mm3).alias("volume_mm3"),
        pl.when(read).then(pl.col("all_voxels").fill_null(0) * mm3).alias("marked_mm3"),
        *counts,
    )


def _trace(decisions: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    against = visits.select("visit", "compared_with")
    rows = decisions.join(against, on="visit", how="left", maintain_order="left")
    visit = pl.when(pl.col("day").is_null()).then(pl.format("{}, ", "visit")).otherwise(pl.lit(""))
    change = pl.format(
        "{}against {}: from {} to {} voxels", visit, "compared_with", "voxels_before", "voxels"
    )
    other = pl.format("{} track {}", pl.coalesce("event", pl.lit("judged with")), "other_track")
    return rows.select(
        pl.format("track {}", "track").alias("subject"),
        "day",
        pl.coalesce(change, pl.format("{}first seen with {} voxels", visit, "voxels")).alias("step"),
        pl.coalesce(other, "event", pl.lit("no event")).alias("outcome"),
        "reason",
    ).cast(pl.Schema(TRACE_SCHEMA))
