"""Many visits of one patient: the same lesion under the same number, and what happened to it."""

from __future__ import annotations

import dataclasses
import operator
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._geometry import agree_on_grid
from ranvier.mri._tracking import EVENTS, Tracker
from ranvier.mri.comparison import FATE_REASONS, RESOLVED_NOTE, hands_note
from ranvier.mri.mask import Mask
from ranvier.mri.measures import checked_rule
from ranvier.mri.reading import read_mask
from ranvier.mri.rule import Rule, as_rule
from ranvier.result import TRACE_SCHEMA, Derivation, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LesionTracks", "track"]

TRACK_REASONS = {
    "first-visit": "the first visit with a mask has nothing to be compared with",
    "nothing-before": "no lesion of the visit before, and no resolved one, lay here or within the tolerance",
    "place-of-resolved": "it lies where this track had been seen last",
    "piece-of-resolved": "it lies where a track had resolved whose number another lesion carries on",
    "past-both-limits": FATE_REASONS["past-both-limits"],
    "within-limits": FATE_REASONS["within-limits"],
    "judged-with": "its group is judged once, at the largest lesion of the group",
    "broke-off": "the number of the lesion it came from goes on in a larger part or in another lesion",
    "joined": "the lesion it joined carries the number of a larger one",
    "nothing-after": FATE_REASONS["nothing-after"],
    "never-counted": "it is no longer seen and had not reached the size limit since it came",
    "below-limit": "it does not reach the size limit of the rule",
    "cut-by-edge": FATE_REASONS["cut-by-edge"],
}
METHOD = (
    "Each visit is compared with the last one that has a mask, by the groups of mri.compare. The largest "
    "lesion before hands its number to the largest lesion after that it is linked to, then the next: of lesions "
    "that merge the number of the largest goes on, of a lesion that splits the largest part keeps it. Lesions that "
    "are counted come before smaller ones, then more voxels, then the lower, further back, further left one. "
    "A lesion linked to none takes the number of a track that was counted and was last seen at its place. A "
    "track is counted at the visits where it reaches the size limit; to cross the limit is no event."
)
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


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionTracks(Derivation):
    """Every lesion of a patient over the visits, under a number that stays.

    Parameters
    ----------
    visits : polars.DataFrame
        One row per visit: visit, day, mask (its name; null for a visit without), compared_with (the visit
        before that has a mask), lesions (counted), volume_mm3 (of those), marked_mm3 (of any size), and how
        often each event occurred. Null where there is no mask, or nothing to compare with.
    counts : mapping of str to int
        How often each event occurred over all visits.
    voxel_mm3 : float
        Volume of one voxel, in mm³.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    visits: pl.DataFrame
    counts: Mapping[str, int]
    voxel_mm3: float
    notes: tuple[str, ...] = ()

    def explain(self, subject: str | None = None) -> str:
        """Say what happened over the visits and how it was judged, or what happened to one track.

        Parameters
        ----------
        subject : str, optional
            One track, such as "track 3"; all of them when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When there is no such track.
        """
        if subject is not None:
            return super().explain(subject)
        read = self.visits["mask"].drop_nulls().len()
        ever = self.table.filter("counted")["track"].n_unique()
        parts = [
            f"{self.name}: {plural(read, 'visit')} with a mask, {self.visits.height - read} without.",
            f"{plural(ever, 'track')} counted at least once, {self.table['track'].n_unique() - ever} never.",
            f"Events: {', '.join(f'{n} {event}' for event, n in self.counts.items())}.",
        ]
        return " ".join([*parts, self.method, *self.notes])

    def plot(self, ax: Axes | None = None, *, dose_days: Sequence[int] = ()) -> Axes:
        """Draw the tracks over time, one row each, with their events.

        The thickness of a bar is the diameter of a sphere of the volume of the lesion. A hollow bar is a
        lesion below the size limit, a dotted line a visit without a mask. Tracks with events come first, then
        the largest; at most 40 are drawn, and how many are not is said below.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.
        dose_days : sequence of int
            Days of doses, drawn as dashed lines; only for visits that were given by day.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.

        Raises
        ------
        InputError
            When days of doses are given for visits without days.
        """
        from ranvier.mri._timeline import paint

        if len(dose_days) and self.visits["day"].null_count():
            raise InputError(
                "dose_days are days, but the visits were given by label; give track(...) the day of each visit."
            )
        return paint(self.table, self.visits, tuple(int(day) for day in dose_days), self.name, ax)


def track(
    visits: Iterable[tuple[int | str, Mask | str | Path | None]],
    *,
    rule: Rule | str,
    on_geometry: str = "error",
) -> LesionTracks:
    r"""Follow each lesion of one patient over many visits.

    Parameters
    ----------
    visits : iterable of (day or label, Mask or path or None)
        Visits in the order of time, all by whole day (days must increase) or all by label (each once; their
        order is taken as given). None is a visit without a mask. A generator is read one visit at a time.
    rule : Rule or str
        What is one lesion, which are counted, and when one has changed; a rule or the name of one of `RULES`.
    on_geometry : {"error", "warn"}
        As in `compare`; every mask is held against the grid of the first.

    Returns
    -------
    LesionTracks
        One row per track and visit. Columns track, visit, day (null for labels), voxels, volume_mm3, counted
        (reaches the size limit at this visit), r_mm, a_mm, s_mm (centre of mass, null where it is not seen),
        event (appeared, returned, grew, shrank, resolved, merged into, split from, cut; null for none),
        other_track (that it merged into, split from, or is judged with). Everything is null at a visit
        without a mask, and 0 voxels where a track is not seen on a mask that was read.

    Raises
    ------
    InputError
        When the visits are not in the order of time, none has a mask, the grids differ, or the rule does not
        fit the masks.

    Warns
    -----
    RanvierWarning
        When grids between 0.1 and 1 voxel apart are compared by `on_geometry="warn"`.

    Notes
    -----
    Links are those of `compare` between a visit and the last one before it with a mask. Among the linked pairs
    the largest lesion before takes the largest lesion after that is free, then the next largest lesion before.
    A lesion after that is left over is "split from" its largest partner and gets a new number; a track that is
    left over is "merged into" its largest partner and has ended. "Grew" and "shrank" (enlarging and shrinking in
    `compare`) are judged once for a group, at its largest lesion.

    A lesion linked to none "appeared", or "returned" when it lies where a resolved track was last seen, by the
    same overlap and tolerance; it then carries the old number, or a new one with other_track when a larger
    piece has taken it. A voxel belongs to the track that was seen there last. A track is "resolved" when it is
    no longer seen and was counted since it came; one that never reached the limit leaves no event and no
    place. Between two visits appeared and returned together are the new lesions of `compare`, and the same holds
    for the others.

    Of each visit only the places of its lesion voxels are kept, and only until the next.

    References
    ----------
    Commowick et al. 2021, MSSEG-2 (new lesions only; halfway space).

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> scans = np.zeros((3, 12, 12, 12))
    >>> scans[:, 2:6, 2:4, 2] = 1
    >>> scans[1, 8:11, 9, 9] = 1
    >>> days = zip((0, 90, 180), (mask_from_array(scan, np.eye(4)) for scan in scans), strict=True)
    >>> tracks = track(days, rule="default")
    >>> tracks.table.filter(track=2).select("day", "volume_mm3", "event").rows()
    [(0, 0.0, None), (90, 3.0, 'appeared'), (180, 0.0, 'resolved')]
    """
    story = _Story(as_rule(rule), on_geometry)
    for visit in _pairs(visits):
        story.add(*visit)
        del visit  # otherwise this mask would still be held while the next one is made
    return story.told()


def _pairs(visits: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(visits, Iterable) or isinstance(visits, str | Mapping):
        raise InputError(
            f"{type(visits).__name__} is no list of visits; give pairs of a day or label and a Mask, path or None."
        )
    for visit in visits:
        if not isinstance(visit, tuple | list) or len(visit) != 2:
            raise InputError(
                f"a visit of {type(visit).__name__}; give a pair: its day or label, and a Mask, path or None."
            )
        yield visit[0], visit[1]
        del visit


@dataclass
class _Story:
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

    def add(self, when: Any, source: Mask | str | Path | None) -> None:
        """Take one visit."""
        visit, day = _when(when, self.visits)
        mask = read_mask(source) if isinstance(source, str | Path) else source
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
        if mask.sha256 is not None:
            twin = self.hashes.setdefault(mask.sha256, visit)
            if twin != visit:
                self.notes.append(
                    f"{twin} and {visit} have the same file, byte for byte: one of them is probably the wrong one."
                )

    def told(self) -> LesionTracks:
        """Give the result."""
        if self.grid is None:
            raise InputError(
                f"{plural(len(self.visits), 'visit')}, none with a mask; give at least one Mask or path."
            )
        decisions = pl.DataFrame(self.rows, schema=DECISIONS)
        visits = _per_visit(decisions, self.visits, self.grid.voxel_mm3)
        events = decisions["event"].to_list()
        return LesionTracks(
            name=f"Lesions from {self.visits[0]['visit']} to {self.visits[-1]['visit']}",
            table=_table(decisions, visits),
            trace=_trace(decisions, visits),
            reasons=TRACK_REASONS,
            method=f"{METHOD} {self.rule.text()} Settings {self.rule.fingerprint()}.",
            definition=self.rule,
            references=(self.rule.source,),
            visits=visits,
            counts={event: events.count(event) for event in EVENTS},
            voxel_mm3=self.grid.voxel_mm3,
            notes=(*self.notes, *self._last_notes(events)),
        )

    def _last_notes(self, events: list[str | None]) -> list[str]:
        notes = hands_note(self.tools)
        missing = [each["visit"] for each in self.visits if each["mask"] is None]
        if missing:
            notes.append(
                f"No mask at {', '.join(missing)}: not known there, and the next visit is compared with the last "
                "one that has a mask. A lesion that came and went in between is not seen."
            )
        if self.visits[0]["day"] is None and len(self.visits) > 1:
            notes.append("The visits have no days; their order is taken as given.")
        if "cut" in events:
            notes.append(
                "A lesion that is seen or lost at the edge of the volume is cut: neither appeared nor resolved."
            )
        if "resolved" in events:
            notes.append(RESOLVED_NOTE)
        return notes


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
            f"day {day} comes after {last['visit']}; days must increase. Give the visits in the order of time."
        )
    return f"day {day}", day


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
    return filled.select(list(COLUMNS)).cast(COLUMNS)


def _per_visit(decisions: pl.DataFrame, visits: list[dict[str, Any]], mm3: float) -> pl.DataFrame:
    about = pl.DataFrame(
        visits, schema={"visit": pl.String, "day": pl.Int64, "mask": pl.String, "compared_with": pl.String}
    )
    read, compared = pl.col("mask").is_not_null(), pl.col("compared_with").is_not_null()
    sums = decisions.group_by("visit").agg(
        pl.col("counted").sum().cast(pl.Int64).alias("lesions"),
        pl.col("voxels").filter("counted").sum().alias("counted_voxels"),
        pl.col("voxels").sum().alias("all_voxels"),
        *((pl.col("event") == event).sum().cast(pl.Int64).alias(event) for event in EVENTS),
    )
    joined = about.join(sums, on="visit", how="left", maintain_order="left")
    counts = [pl.when(compared).then(pl.col(event).fill_null(0)).alias(event) for event in EVENTS]
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
