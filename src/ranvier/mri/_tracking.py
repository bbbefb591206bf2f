"""Identities of lesions from visit to visit: who inherits a number, and what happened on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.mri._components import Components, label, lesion_box, measure
from ranvier.mri._fates import fate_table, pair_up
from ranvier.mri._groups import Ints, Labels, links
from ranvier.mri.mask import Box, Mask
from ranvier.mri.rule import Rule

__all__ = ["EVENTS", "Tracker"]

EVENTS = ("appeared", "returned", "grew", "shrank", "resolved", "merged into", "split from", "cut")
JUDGED = {
    "enlarging": ("grew", "past-both-limits"),
    "shrinking": ("shrank", "past-both-limits"),
    "stable": (None, "within-limits"),
    "below limit": (None, "below-limit"),
}
"""Event and reason of a track seen at both visits, by the fate of its group."""
PLACE_DIGITS = 6
"""Decimals of a millimetre to which two places are compared: turned axes move the last bits of a centroid."""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Lesion voxels as flat indices of the volume, each with the row of its owner."""

    where: Ints
    owner: Ints

    def painted(self, shape: tuple[int, ...], box: Box) -> Labels:
        """Give the owners as labels (row 0 is label 1) inside a box that holds them all."""
        labels = np.zeros([side.stop - side.start for side in box], dtype=np.int32)
        index = np.unravel_index(self.where, shape)
        labels[tuple(row - side.start for row, side in zip(index, box, strict=True))] = self.owner + 1
        return labels

    def kept(self, keep: npt.NDArray[np.bool_]) -> Places:
        """Give some of the voxels."""
        return Places(where=self.where[keep], owner=self.owner[keep])


NOWHERE = Places(where=np.empty(0, dtype=np.int64), owner=np.empty(0, dtype=np.int64))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The last visit with a mask: where its lesions lay, what was measured, and the track of each."""

    places: Places
    parts: Components
    track: Ints


class Tracker:
    """Takes the masks one by one and keeps of each only its lesion voxels, until the next.

    The voxels of lesions that are gone stay, so that one can return; a voxel belongs to the track that was
    seen there last.
    """

    def __init__(self, rule: Rule, voxel_mm3: float) -> None:
        self.rule = rule
        self.voxel_mm3 = voxel_mm3
        self.n = 0
        self._latest: Snapshot | None = None
        self._gone = NOWHERE  # its owners are track numbers
        self._ever: set[int] = set()
        self._since: set[int] = set()  # counted since the track was last seen to come

    def add(self, mask: Mask) -> list[Row]:
        """Take the mask of the next visit; give a row for each track that is seen or was seen before it."""
        before = self._latest
        box = _hull(mask, self._gone, *([] if before is None else [before.places]))
        labels = label(mask, box, self.rule)
        parts = measure(labels, mask, box, self.rule)
        now = _places(labels, mask.voxels.shape, box)
        if before is None:
            track = self.numbered(np.full(len(parts.voxels), -1), parts)
            rows = [_row(int(number), reason="first-visit") for number in track]
        else:
            old = before.places.painted(mask.voxels.shape, box)
            visit = _Visit(self, before, (old, labels), parts, mask.voxels.shape, box)
            rows, track = visit.decide()
            self._forget(visit.lost, now, before, track)
        for row, number in enumerate(track.tolist()):
            if parts.counted[row]:
                self._ever.add(number)
                self._since.add(number)
        _measured(rows, parts, track, before, self.voxel_mm3)
        self._latest = Snapshot(places=now, parts=parts, track=track)
        return rows

    def numbered(self, track: Ints, parts: Components) -> Ints:
        """Give the next numbers to lesions without one, the largest first."""
        for row in np.argsort(rank(parts)).tolist():
            if track[row] < 0:
                self.n += 1
                track[row] = self.n
        return track

    def _forget(self, lost: list[int], now: Places, before: Snapshot, track: Ints) -> None:
        """Keep where lesions were that are gone; a place taken by another lesion is no longer theirs."""
        free = ~np.isin(self._gone.where, now.where) & ~np.isin(self._gone.owner, track)
        stay = self._gone.kept(free)
        numbers = before.track[before.places.owner]
        remembered = [int(before.track[row]) for row in lost if int(before.track[row]) in self._ever]
        leave = np.isin(numbers, remembered)
        self._since.difference_update(before.track[lost].tolist())
        self._gone = Places(
            where=np.concatenate([stay.where, before.places.where[leave]]),
            owner=np.concatenate([stay.owner, numbers[leave]]),
        )

    def gone_links(self, labels: Labels, lone: Ints, shape: tuple[int, ...], box: Box) -> tuple[Ints, Ints]:
        """Give the tracks that are gone and the pairs (row of such a track, lone lesion at its place)."""
        numbers, owner = np.unique(self._gone.owner, return_inverse=True)
        if not numbers.size or not lone.size:
            return numbers, np.empty((0, 2), dtype=np.int64)
        old = Places(where=self._gone.where, owner=owner).painted(shape, box)
        alone = np.where(np.isin(labels, lone + 1), labels, 0)
        return numbers, links(old, alone, self.rule.match_tolerance_voxels).all

    def gone_rank(self, numbers: Ints) -> Ints:
        """Order tracks that are gone: the largest first, then the oldest."""
        voxels = [int(np.count_nonzero(self._gone.owner == number)) for number in numbers]
        return _positions(np.lexsort((numbers, -np.array(voxels, dtype=np.int64))))

    def was_counted(self, number: int) -> bool:
        """Say whether a track reached the limit since it came."""
        return number in self._since


class _Visit:
    """The decisions of one visit against the last one with a mask."""

    def __init__(
        self,
        tracker: Tracker,
        before: Snapshot,
        labels: tuple[Labels, Labels],
        parts: Components,
        shape: tuple[int, ...],
        box: Box,
    ) -> None:
        self.tracker, self.before, self.parts = tracker, before, parts
        self.groups = pair_up(labels, (before.parts, parts), tracker.rule)
        table = fate_table(self.groups, tracker.voxel_mm3, tracker.rule).sort("owner")
        self.fates = table["fate"].to_list()
        self.pairs = self.groups.links.all
        self.ranks = rank(before.parts), rank(parts)
        linked = np.unique(self.pairs[:, 1])
        self.lone = np.setdiff1d(np.arange(len(parts.voxels)), linked)
        self.lost = np.setdiff1d(np.arange(len(before.parts.voxels)), self.pairs[:, 0]).tolist()
        self.gone, self.returning = tracker.gone_links(labels[1], self.lone, shape, box)

    def decide(self) -> tuple[list[Row], Ints]:
        """Give the rows and the track of each lesion now."""
        heirs = inherit(self.pairs, *self.ranks)
        returned = inherit(self.returning, self.tracker.gone_rank(self.gone), self.ranks[1])
        track = np.full(len(self.parts.voxels), -1)
        for parent, child in heirs.items():
            track[child] = self.before.track[parent]
        for parent, child in returned.items():
            track[child] = self.gone[parent]
        track = self.tracker.numbered(track, self.parts)
        old, back, lone = set(heirs.values()), set(returned.values()), set(self.lone.tolist())
        rows = [self._seen_twice(child, track) for child in heirs.values()]
        rows += [self._broke_off(child, track) for child in sorted(set(range(len(track))) - old - lone)]
        rows += [self._came(child, child in back, track) for child in self.lone.tolist()]
        ended = set(range(len(self.before.track))) - set(heirs) - set(self.lost)
        rows += [self._joined(parent, track) for parent in sorted(ended)]
        rows += [self._went(parent) for parent in self.lost]
        return rows, track

    def _seen_twice(self, child: int, track: Ints) -> Row:
        """Judge the group once, at its largest lesion."""
        owner = self.groups.owner[1]
        same = np.flatnonzero(owner == owner[child])
        main = int(same[np.argmin(self.ranks[1][same])])
        if main != child:
            return _row(int(track[child]), reason="judged-with", other=int(track[main]))
        event, reason = JUDGED[self.fates[owner[child]]]
        return _row(int(track[child]), event=event, reason=reason)

    def _broke_off(self, child: int, track: Ints) -> Row:
        parents = self.pairs[self.pairs[:, 1] == child, 0]
        parent = int(parents[np.argmin(self.ranks[0][parents])])
        event = "split from" if self.parts.counted[child] else None
        return _row(int(track[child]), event=event, reason="broke-off", other=int(self.before.track[parent]))

    def _joined(self, parent: int, track: Ints) -> Row:
        children = self.pairs[self.pairs[:, 0] == parent, 1]
        child = int(children[np.argmin(self.ranks[1][children])])
        number = int(self.before.track[parent])
        event = "merged into" if self.tracker.was_counted(number) else None
        return _row(number, event=event, reason="joined", other=int(track[child]))

    def _came(self, child: int, back: bool, track: Ints) -> Row:
        number = int(track[child])
        fate = self.fates[self.groups.owner[1][child]]
        if fate != "new":
            cut = fate == "cut"
            return _row(number, event="cut" if cut else None, reason="cut-by-edge" if cut else "below-limit")
        if back:
            return _row(number, event="returned", reason="place-of-resolved")
        places = self.returning[self.returning[:, 1] == child, 0]
        if not places.size:
            return _row(number, event="appeared", reason="nothing-before")
        first = int(places[np.argmin(self.tracker.gone_rank(self.gone)[places])])
        return _row(number, event="returned", reason="piece-of-resolved", other=int(self.gone[first]))

    def _went(self, parent: int) -> Row:
        number = int(self.before.track[parent])
        if not self.tracker.was_counted(number):
            return _row(number, reason="never-counted")
        if self.before.parts.border[parent]:
            return _row(number, event="cut", reason="cut-by-edge")
        return _row(number, event="resolved", reason="nothing-after")


def inherit(pairs: Ints, first: Ints, second: Ints) -> dict[int, int]:
    """Let the largest parent take its largest child that is still free, then the next parent.

    `first` and `second` rank parents and children, 0 for the largest; a parent without a free child has none.
    """
    order = np.lexsort((second[pairs[:, 1]], first[pairs[:, 0]]))
    heirs: dict[int, int] = {}
    taken: set[int] = set()
    for parent, child in pairs[order].tolist():
        if parent not in heirs and child not in taken:
            heirs[parent] = child
            taken.add(child)
    return heirs


def rank(parts: Components) -> Ints:
    """Order lesions: counted ones first, then more voxels, then lower, further back, further left."""
    place = np.round(parts.centroid, PLACE_DIGITS)
    return _positions(np.lexsort((place[:, 0], place[:, 1], place[:, 2], -parts.voxels, ~parts.counted)))


def _positions(order: npt.NDArray[np.intp]) -> Ints:
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.arange(len(order))
    return found


def _row(number: int, *, reason: str, event: str | None = None, other: int | None = None) -> Row:
    return {"track": number, "event": event, "other_track": other, "reason": reason}


def _measured(rows: list[Row], parts: Components, track: Ints, before: Snapshot | None, mm3: float) -> None:
    """Add to each row what the lesion measures now, and its voxels at the visit before."""
    now = {number: place for place, number in enumerate(track.tolist())}
    old = {} if before is None else dict(zip(before.track.tolist(), before.parts.voxels, strict=True))
    for row in rows:
        place = now.get(row["track"])
        seen = place is not None
        voxels = int(parts.voxels[place]) if seen else 0
        centre = parts.centroid[place].tolist() if seen else [None] * 3
        row.update(
            voxels=voxels,
            volume_mm3=voxels * mm3,
            counted=bool(seen and parts.counted[place]),
            voxels_before=int(old.get(row["track"], 0)),
            **dict(zip(("r_mm", "a_mm", "s_mm"), centre, strict=True)),
        )


def _places(labels: Labels, shape: tuple[int, ...], box: Box) -> Places:
    index = np.nonzero(labels)
    whole = tuple(row + side.start for row, side in zip(index, box, strict=True))
    where = np.ravel_multi_index(whole, shape).astype(np.int64)
    return Places(where=where, owner=labels[index].astype(np.int64) - 1)


def _hull(mask: Mask, *places: Places) -> Box:
    """Give the smallest box that holds the lesions of the mask and all the places."""
    boxes = [box for box in (lesion_box(mask),) if box[0].stop > box[0].start]
    for each in places:
        if each.where.size:
            index = np.unravel_index(each.where, mask.voxels.shape)
            low, high = ([int(end(row)) for row in index] for end in (np.min, np.max))
            boxes.append((slice(low[0], high[0] + 1), slice(low[1], high[1] + 1), slice(low[2], high[2] + 1)))
    starts = [min((box[axis].start for box in boxes), default=0) for axis in range(3)]
    stops = [max((box[axis].stop for box in boxes), default=0) for axis in range(3)]
    return slice(starts[0], stops[0]), slice(starts[1], stops[1]), slice(starts[2], stops[2])
