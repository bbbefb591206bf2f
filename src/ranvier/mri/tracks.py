"""Many visits of one patient: the same lesion under the same number, and what happened to it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._story import Story, column, opened, read_visits
from ranvier.mri._tracking import EVENTS
from ranvier.mri.alternatives import RuleSensitivity, alternatives, under_rules
from ranvier.mri.comparison import FATE_REASONS
from ranvier.mri.mask import Mask
from ranvier.mri.rule import Rule, as_rule
from ranvier.result import Derivation, plural

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
    "lesion before hands its number to the largest lesion after that it is linked to, then the next: where "
    "lesions merge the number of the largest goes on, where one splits the largest part keeps it. Counted "
    "lesions come before smaller ones, then more voxels, then the lower, further back, further left one. A "
    "lesion linked to none takes the number of a track that was counted and was last seen at its place. A "
    "track is counted at the visits where it reaches the size limit; to cross the limit is no event."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionTracks(Derivation):
    """Every lesion of a patient over the visits, under a number that stays.

    Parameters
    ----------
    visits : polars.DataFrame
        One row per visit: visit, day, mask (its name; null for a visit without), compared_with (the visit
        before that has a mask), lesions (counted), volume_mm3 (of those), marked_mm3 (of any size), and how
        often each event occurred (appeared, returned, grew, shrank, resolved, merged_into, split_from, cut).
        Null where there is no mask, or nothing to compare with.
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

    def sensitivity(self, visits: Iterable[tuple[int | str, Mask | str | Path | None]]) -> RuleSensitivity:
        """Give how often each event occurs under three other rules.

        Parameters
        ----------
        visits : iterable of (day or label, Mask or path or None)
            The visits once more, since their masks are not kept; read one at a time.

        Returns
        -------
        RuleSensitivity
            Four rows. Columns rule, changed (null in the first row), fingerprint, tracks (counted at least
            once), and one for each event.

        Raises
        ------
        InputError
            When the visits are not those of the tracks.
        """
        rules = {rule.fingerprint(): rule for _, rule in alternatives(self.definition)}
        stories = {key: Story(rule, "warn") for key, rule in rules.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RanvierWarning)  # what was waved through for the tracks
            for when, source in read_visits(visits):
                mask = opened(source)
                for story in stories.values():
                    story.add(when, mask)
                del source, mask
        same = ["visit", "day", "mask", "marked_mm3"]

        def count(rule: Rule) -> dict[str, float | None]:
            table, told, _ = stories[rule.fingerprint()].tables()
            if not told.select(same).equals(self.visits.select(same)):
                raise InputError(
                    f"the visits are not those of the tracks, {self.name!r}; give the same visits once more."
                )
            events = table["event"].to_list()
            return {
                "tracks": table.filter("counted")["track"].n_unique(),
                **{column(event): events.count(event) for event in EVENTS},
            }

        counted = ("tracks", *map(column, EVENTS))
        return under_rules(self.name, self.definition, count, counted=counted)

    def plot(self, ax: Axes | None = None, *, dose_days: Sequence[int] = ()) -> Axes:
        """Draw the tracks over time, one row each, with their events.

        The thickness of a bar is the diameter of a sphere of the volume of the lesion. A bar is hollow where
        the lesion is below the size limit at one of its ends, and dotted over a visit without a mask. Tracks
        with events come first, then the largest; at most 40 are drawn, and below is said how many are not.

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
                "dose_days are days, but the visits were given by label; give track the day of each visit."
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
    Links are those of `compare` between a visit and the last one before it with a mask. Among the linked
    pairs the largest lesion before takes the largest lesion after that is free, then the next largest lesion
    before. A lesion after that is left over is "split from" its largest partner and gets a new number; a
    track that is left over is "merged into" its largest partner and has ended; both are events for counted
    lesions only. "Grew" and "shrank" (enlarging and shrinking in `compare`) are judged once for a group, at
    its largest lesion.

    A lesion linked to none "appeared", or "returned" when it lies where a resolved track was last seen, by
    the same overlap and tolerance; it then carries the old number, or a new one with other_track when a
    larger piece has taken it. A voxel belongs to the track that was seen there last. A track is "resolved"
    when it is no longer seen and was counted since it came; one that never reached the limit leaves no event
    and no place. From one visit to the next, appeared and returned together are the new lesions of `compare`,
    and grew and shrank the enlarging and shrinking ones; resolved has also those that had fallen below the
    limit before they went.

    Of each visit only the places of its lesion voxels are kept, and only until the next; those of counted
    lesions that are gone stay.

    References
    ----------
    Commowick et al. 2021, MSSEG-2 (new lesions only; halfway space).

    Examples
    --------
    >>> import numpy as np
    >>> from ranvier.mri import mask_from_array
    >>> scans = np.zeros((3, 12, 12, 12))
    >>> scans[:, 2:6, 2:4, 2] = 1
    >>> scans[1, 8:11, 9, 9] = 1
    >>> days = zip((0, 90, 180), (mask_from_array(scan, np.eye(4)) for scan in scans), strict=True)
    >>> tracks = track(days, rule="default")
    >>> tracks.table.filter(track=2).select("day", "volume_mm3", "event").rows()
    [(0, 0.0, None), (90, 3.0, 'appeared'), (180, 0.0, 'resolved')]
    """
    story = Story(as_rule(rule), on_geometry)
    for visit in read_visits(visits):
        story.add(*visit)
        del visit  # otherwise this mask would still be held while the next one is made
    table, per_visit, trace = story.tables()
    events = table["event"].to_list()
    chosen = story.rule
    return LesionTracks(
        name=f"Lesions from {per_visit['visit'][0]} to {per_visit['visit'][-1]}",
        table=table,
        trace=trace,
        reasons=TRACK_REASONS,
        method=f"{METHOD} {chosen.text()} Settings {chosen.fingerprint()}.",
        definition=chosen,
        references=(chosen.source,),
        visits=per_visit,
        counts={event: events.count(event) for event in EVENTS},
        voxel_mm3=story.voxel_mm3,
        notes=tuple(story.all_notes(events)),
    )
