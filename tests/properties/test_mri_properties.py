"""Lesion masks: what must not matter, what must swap with the visits, a slow oracle for the groups."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier import mri

OBLIQUE = np.array([[0.96, 0.1, 0.0, -20.0], [-0.1, 1.15, 0.2, 5.0], [0.05, -0.2, 1.9, 11.0], [0, 0, 0, 1.0]])
ORDERS = list(itertools.permutations(range(3)))
FLIPS = list(itertools.product([False, True], repeat=3))
SIZES = [{}, {"min_long_axis_mm": 3.0}, {"min_volume_mm3": 6.0}, {"min_volume_mm3": 6.0, "inclusive": False}]


@st.composite
def scans(draw: st.DrawFn, n: int = 1) -> list[np.ndarray]:
    """Draw scans of 9 x 8 x 7 voxels with an empty border: blocks and single voxels, often overlapping."""
    drawn = []
    for _ in range(n):
        values = np.zeros((9, 8, 7), dtype=np.uint8)
        for _ in range(draw(st.integers(0, 4))):
            low = [draw(st.integers(1, side - 2)) for side in values.shape]
            size = [draw(st.integers(1, 3)) for _ in range(3)]
            values[tuple(slice(a, a + b) for a, b in zip(low, size, strict=True))] = 1
        values[[0, -1]], values[:, [0, -1]], values[:, :, [0, -1]] = 0, 0, 0
        drawn.append(values)
    return drawn


rules = st.builds(
    lambda connectivity, size, tolerance: mri.Rule(
        name="drawn",
        source="test",
        connectivity=connectivity,
        match_tolerance_voxels=tolerance,
        enlarge_abs_mm3=4.0,
        shrink_abs_mm3=4.0,
        **size,
    ),
    st.sampled_from([6, 18, 26]),
    st.sampled_from(SIZES),
    st.integers(0, 2),
)


def turned(
    values: np.ndarray, order: tuple[int, ...], flips: tuple[bool, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Store a scan with other axes, and the affine that keeps every voxel in its place."""
    affine = OBLIQUE.copy()
    affine[:3, :3] = OBLIQUE[:3, list(order)]
    values = np.transpose(values, order)
    for axis, flip in enumerate(flips):
        if flip:
            affine[:3, 3] += affine[:3, axis] * (values.shape[axis] - 1)
            affine[:3, axis] *= -1
            values = np.flip(values, axis)
    return values, affine


@settings(max_examples=60)
@given(scans(2), rules, st.sampled_from(ORDERS), st.sampled_from(FLIPS))
def test_how_the_axes_are_stored_changes_nothing(pair, rule, order, flips):
    plain = [mri.mask_from_array(values, OBLIQUE) for values in pair]
    other = [mri.mask_from_array(*turned(values, order, flips)) for values in pair]
    first, second = (mri.lesions(masks[0], rule=rule).table for masks in (plain, other))
    assert first.select("counted", "voxels", "border").equals(second.select("counted", "voxels", "border"))
    np.testing.assert_allclose(
        first.sort("r_mm").to_numpy().astype(float)[:, 1:],
        second.sort("r_mm").to_numpy().astype(float)[:, 1:],
        atol=1e-9,
    )
    expected = mri.compare(*plain, rule=rule)
    for before, after in (other, (plain[0], other[1])):
        change = mri.compare(before, after, rule=rule)
        assert (change.counts, change.ledger) == (expected.counts, expected.ledger)


@settings(max_examples=60)
@given(scans(2), rules, st.integers(1, 3))
def test_an_empty_border_and_the_type_of_the_numbers_change_nothing(pair, rule, width):
    affine = OBLIQUE.copy()
    affine[:3, 3] -= affine[:3, :3] @ np.full(3, width)
    padded = [mri.mask_from_array(np.pad(values.astype(np.float32), width), affine) for values in pair]
    plain = [mri.mask_from_array(values, OBLIQUE) for values in pair]
    first, second = mri.compare(*plain, rule=rule), mri.compare(*padded, rule=rule)
    assert (first.counts, first.ledger) == (second.counts, second.ledger)
    np.testing.assert_allclose(first.table["r_mm"].to_numpy(), second.table["r_mm"].to_numpy(), atol=1e-9)


@settings(max_examples=60)
@given(scans(), rules, st.permutations([1, 2, 7, 40, 255]))
def test_the_numbers_of_the_labels_change_nothing(scan, rule, names):
    plain = mri.mask_from_array(scan[0], OBLIQUE)
    labelled = np.zeros(scan[0].shape, dtype=np.int32)
    for place, each in enumerate(components(scan[0], 26)):
        for voxel in each:
            labelled[voxel] = names[place % len(names)]
    renamed = mri.mask_from_array(labelled, OBLIQUE)
    assert mri.lesions(plain, rule=rule).table.equals(mri.lesions(renamed, rule=rule).table)


@settings(max_examples=150)
@given(scans(2), rules)
def test_swapping_the_visits_swaps_the_fates_and_the_ledger_adds_up(pair, rule):
    first, second = (mri.mask_from_array(values, OBLIQUE) for values in pair)
    forth, back = mri.compare(first, second, rule=rule), mri.compare(second, first, rule=rule)
    swap = {
        "new": "resolved",
        "enlarging": "shrinking",
        "merged": "split",
        "before": "after",
        "growth": "regress",
    }
    swap |= {value: key for key, value in swap.items()}
    assert {swap.get(key, key): n for key, n in forth.counts.items()} == back.counts
    assert {swap.get(key, key): n for key, n in forth.ledger.items()} == back.ledger
    books = forth.ledger
    assert books["before"] == int(pair[0].sum())
    assert books["after"] == int(pair[1].sum())
    gain, loss = books["new"] + books["growth"], books["resolved"] + books["regress"]
    assert books["after"] == books["before"] + gain - loss
    assert gain == int((pair[1] > pair[0]).sum())
    assert forth.table["n_before"].sum() == forth.counts["before"]
    assert forth.table["n_after"].sum() == forth.counts["after"]
    assert forth.table["voxels_after"].sum() == books["after"]


@settings(max_examples=60)
@given(scans())
def test_more_neighbours_never_make_more_lesions(scan):
    mask = mri.mask_from_array(scan[0], OBLIQUE)
    counts = [
        mri.lesions(mask, rule=mri.Rule(name="n", source="test", connectivity=n)).table.height
        for n in (6, 18, 26)
    ]
    assert counts == sorted(counts, reverse=True)


@settings(max_examples=60)
@given(scans(), rules)
def test_a_scan_compared_with_itself_is_stable(scan, rule):
    mask = mri.mask_from_array(scan[0], OBLIQUE)
    counts = mri.compare(mask, mask, rule=rule).counts
    changed = ("new", "enlarging", "shrinking", "resolved", "cut", "merged", "split", "complex")
    assert not any(counts[key] for key in changed)
    assert counts["stable"] == counts["before"] == counts["after"]


Voxel = tuple[int, ...]


def components(values: np.ndarray, connectivity: int) -> list[set[Voxel]]:
    """Find components voxel by voxel: the slow oracle."""
    axes = {6: 1, 18: 2, 26: 3}[connectivity]
    steps = [s for s in itertools.product((-1, 0, 1), repeat=3) if 0 < sum(map(abs, s)) <= axes]
    left = {tuple(int(i) for i in index) for index in np.argwhere(values)}
    found = []
    while left:
        stack = [left.pop()]
        each = set(stack)
        while stack:
            here = stack.pop()
            for step in steps:
                voxel = tuple(a + b for a, b in zip(here, step, strict=True))
                if voxel in left:
                    left.remove(voxel)
                    each.add(voxel)
                    stack.append(voxel)
        found.append(each)
    return found


def touching(first: set[Voxel], second: set[Voxel], by: int) -> bool:
    return any(max(abs(a - b) for a, b in zip(u, v, strict=True)) <= by for u in first for v in second)


def slow_groups(before: np.ndarray, after: np.ndarray, rule: mri.Rule) -> list[tuple[int, int]]:
    """Give voxels before and after of each group, by sets and repeated merging."""
    parts = [components(values, rule.connectivity) for values in (before, after)]
    pairs = {(i, j) for i, u in enumerate(parts[0]) for j, v in enumerate(parts[1]) if u & v}
    partnered = {i for i, _ in pairs}, {j for _, j in pairs}
    for i, u in enumerate(parts[0]):
        for j, v in enumerate(parts[1]):
            lone = i not in partnered[0] or j not in partnered[1]
            if lone and touching(u, v, rule.match_tolerance_voxels):
                pairs.add((i, j))
    groups = [{(0, i)} for i in range(len(parts[0]))] + [{(1, j)} for j in range(len(parts[1]))]
    for i, j in pairs:
        joined = [each for each in groups if (0, i) in each or (1, j) in each]
        groups = [each for each in groups if each not in joined] + [set().union(*joined)]
    return sorted(
        (sum(len(parts[0][k]) for v, k in each if v == 0), sum(len(parts[1][k]) for v, k in each if v == 1))
        for each in groups
    )


@settings(max_examples=120)
@given(scans(2), rules)
def test_labels_and_groups_are_those_of_a_slow_search(pair, rule):
    masks = [mri.mask_from_array(values, np.eye(4)) for values in pair]
    for values, mask in zip(pair, masks, strict=True):
        slow = sorted(len(each) for each in components(values, rule.connectivity))
        assert sorted(mri.lesions(mask, rule=rule).table["voxels"].to_list()) == slow
    table = mri.compare(*masks, rule=rule).table
    assert sorted(table.select("voxels_before", "voxels_after").rows()) == slow_groups(*pair, rule)


@pytest.mark.parametrize("name", list(mri.RULES))
def test_a_stricter_limit_never_counts_more(name):
    values = np.random.default_rng(18).random((30, 30, 30)) > 0.93
    mask = mri.mask_from_array(values, np.eye(4))
    rule = dataclasses.replace(
        mri.RULES[name], min_long_axis_mm=None, min_volume_mm3=None, min_sphere_mm=None
    )
    counts = [
        mri.summary(mask, rule=dataclasses.replace(rule, min_volume_mm3=least)).estimates[0].value
        for least in (1.0, 3.0, 6.0, 15.0)
    ]
    assert counts == sorted(counts, reverse=True)


FATES = {"grew": "enlarging", "shrank": "shrinking", "resolved": "resolved", "cut": "cut"}


def follow(masks, rule):
    return mri.track(enumerate(masks), rule=rule)


@settings(max_examples=40)
@given(scans(2), rules)
def test_two_visits_have_the_events_of_their_comparison(pair, rule):
    masks = [mri.mask_from_array(values, OBLIQUE) for values in pair]
    tracks, counts = follow(masks, rule), mri.compare(*masks, rule=rule).counts
    assert tracks.counts["appeared"] == counts["new"]
    assert tracks.counts["returned"] == 0
    assert {ours: tracks.counts[ours] for ours in FATES} == {
        ours: counts[fate] for ours, fate in FATES.items()
    }
    assert tracks.visits["lesions"].to_list() == [counts["before"], counts["after"]]


@settings(max_examples=40)
@given(scans(4), rules)
def test_each_visit_has_the_new_and_changed_lesions_of_its_comparison_and_all_voxels_of_its_mask(four, rule):
    masks = [mri.mask_from_array(values, OBLIQUE) for values in four]
    tracks = follow(masks, rule)
    sums = tracks.table.group_by("visit", maintain_order=True).agg("voxels")
    by_visit = {visit: sum(voxels) for visit, voxels in sums.rows()}
    assert [by_visit.get(f"day {day}", 0) for day in range(4)] == [int(values.sum()) for values in four]
    for row, before, after in zip(tracks.visits[1:].iter_rows(named=True), masks, masks[1:], strict=False):
        counts = mri.compare(before, after, rule=rule).counts
        assert row["appeared"] + row["returned"] == counts["new"]
        assert (row["grew"], row["shrank"]) == (counts["enlarging"], counts["shrinking"])
        assert row["resolved"] + row["cut"] >= counts["resolved"]
        assert row["lesions"] == counts["after"]


@settings(max_examples=40)
@given(scans(3), rules, st.sampled_from(ORDERS), st.sampled_from(FLIPS))
def test_how_the_axes_are_stored_changes_no_track(three, rule, order, flips):
    plain = follow([mri.mask_from_array(values, OBLIQUE) for values in three], rule)
    other = follow([mri.mask_from_array(*turned(values, order, flips)) for values in three], rule)
    same = ["track", "visit", "voxels", "counted", "event", "other_track"]
    assert plain.table.select(same).equals(other.table.select(same))
    for column in ("r_mm", "a_mm", "s_mm"):
        first, second = (each.table[column].to_numpy() for each in (plain, other))
        np.testing.assert_allclose(first, second, atol=1e-9)


@settings(max_examples=40)
@given(scans(3), rules)
def test_a_track_is_one_lesion_at_a_visit_and_never_counted_before_it_is_seen(three, rule):
    masks = [mri.mask_from_array(values, OBLIQUE) for values in three]
    table = follow(masks, rule).table
    assert table.select("track", "visit").is_unique().all()
    assert not table.filter((table["voxels"] == 0) & table["counted"]).height
    for day, mask in enumerate(masks):
        seen = table.filter((table["day"] == day) & (table["voxels"] > 0))
        lesions = mri.lesions(mask, rule=rule).table
        assert sorted(seen["voxels"]) == sorted(lesions["voxels"])
        assert seen["counted"].sum() == lesions["counted"].sum()


@settings(max_examples=25)
@given(scans(3), rules, st.integers(0, 3))
def test_a_missing_visit_changes_nothing_at_the_others(three, rule, place):
    masks = [mri.mask_from_array(values, OBLIQUE) for values in three]
    days = [0, 10, 20]
    gap = [*zip(days, masks, strict=True)]
    gap.insert(place, (5 + 10 * (place - 1), None))
    plain = mri.track(zip(days, masks, strict=True), rule=rule).table
    missing = mri.track(gap, rule=rule).table
    assert missing.filter(missing["day"].is_in(days)).equals(plain)


@settings(max_examples=25)
@given(scans(1), rules)
def test_the_same_mask_at_every_visit_has_no_event(scan, rule):
    mask = mri.mask_from_array(scan[0], OBLIQUE)
    assert not any(follow([mask] * 3, rule).counts.values())


def sized(lesion: set[Voxel], rule: mri.Rule) -> bool:
    """Say whether a lesion of voxels of 1 mm reaches the limit of one of `SIZES`."""
    if rule.min_long_axis_mm is not None:
        sides = [max(v[axis] for v in lesion) - min(v[axis] for v in lesion) + 1 for axis in range(3)]
        return max(sides) >= rule.min_long_axis_mm
    if rule.min_volume_mm3 is None:
        return True
    return len(lesion) >= rule.min_volume_mm3 if rule.inclusive else len(lesion) > rule.min_volume_mm3


def order(lesion: set[Voxel], rule: mri.Rule) -> tuple[object, ...]:
    centre = [round(sum(v[axis] for v in lesion) / len(lesion), 6) for axis in (2, 1, 0)]
    return not sized(lesion, rule), -len(lesion), *centre


def linked(first: list[set[Voxel]], second: list[set[Voxel]], by: int) -> set[tuple[int, int]]:
    """Pair lesions that share a voxel, and lone ones with those nearby."""
    pairs = {(i, j) for i, u in enumerate(first) for j, v in enumerate(second) if u & v}
    met = {i for i, _ in pairs}, {j for _, j in pairs}
    near = {(i, j) for i, u in enumerate(first) for j, v in enumerate(second) if touching(u, v, by)}
    return pairs | {(i, j) for i, j in near if i not in met[0] or j not in met[1]}


def mutual(pairs: set[tuple[int, int]], first: list, second: list) -> dict[int, int]:
    """Match, again and again, two that are the first choice of each other among those left."""
    matched: dict[int, int] = {}
    left = set(pairs)
    while left:
        for i, j in sorted(left):
            best = min((b for a, b in left if a == i), key=second.__getitem__)
            back = min((a for a, b in left if b == j), key=first.__getitem__)
            if (best, back) == (j, i):
                matched[i] = j
                left = {(a, b) for a, b in left if a != i and b != j}
                break
    return matched


class SlowTracks:
    """Tracks by sets of voxels: the oracle."""

    def __init__(self, rule: mri.Rule) -> None:
        self.rule, self.n = rule, 0
        self.lesions: dict[int, set[Voxel]] | None = None
        self.places: dict[int, set[Voxel]] = {}
        self.ever: set[int] = set()
        self.since: set[int] = set()

    def add(self, values: np.ndarray) -> set[tuple[int, str]]:
        now = components(values, self.rule.connectivity)
        ranks = [order(each, self.rule) for each in now]
        first, old = self.lesions is None, self.lesions or {}
        names, before = list(old), list(old.values())
        pairs = linked(before, now, self.rule.match_tolerance_voxels)
        heirs = mutual(pairs, [order(each, self.rule) for each in before], ranks)
        track = {j: names[i] for i, j in heirs.items()}
        lone = [j for j in range(len(now)) if j not in {b for _, b in pairs}]
        gone = list(self.places)
        back = linked(
            [self.places[t] for t in gone], [now[j] for j in lone], self.rule.match_tolerance_voxels
        )
        gone_order = [(-len(self.places[t]), t) for t in gone]
        returned = {lone[j]: gone[i] for i, j in mutual(back, gone_order, [ranks[j] for j in lone]).items()}
        track |= returned
        for j in sorted(range(len(now)), key=ranks.__getitem__):
            if j not in track:
                self.n += 1
                track[j] = self.n
        happened = set()
        if not first:
            happened |= self._changes(before, now, pairs, track)
            at_place = {lone[j] for _, j in back}
            begun = {j: "returned" if j in at_place else "appeared" for j in lone}
            begun |= dict.fromkeys(set(range(len(now))) - set(lone) - set(heirs.values()), "split from")
            happened |= {(track[j], event) for j, event in begun.items() if sized(now[j], self.rule)}
            joined = {i for i, _ in pairs}
            for i in set(range(len(before))) - set(heirs):
                happened |= self._ended(names[i], before[i], i in joined)
        here = set().union(*now)
        self.places = {
            t: rest for t, place in self.places.items() if (rest := place - here) and t not in track.values()
        }
        self.lesions = {track[j]: each for j, each in enumerate(now)}
        counted = {t for t, each in self.lesions.items() if sized(each, self.rule)}
        self.ever |= counted
        self.since |= counted
        return happened

    def _ended(self, number: int, lesion: set[Voxel], joined: bool) -> set[tuple[int, str]]:
        event = {(number, "merged into" if joined else "resolved")} if number in self.since else set()
        if not joined:
            self.since.discard(number)
            if number in self.ever:
                self.places[number] = lesion
        return event

    def _changes(self, before, now, pairs, track) -> set[tuple[int, str]]:
        happened = set()
        for j, each in enumerate(now):
            group = [(1, j)]
            for side, k in group:
                partners = [(1, b) for a, b in pairs if (side, k) == (0, a)]
                partners += [(0, a) for a, b in pairs if (side, k) == (1, b)]
                group += [one for one in partners if one not in group]
            olds, news = ([(before, now)[side][k] for s, k in group if s == side] for side in (0, 1))
            main = min(news, key=lambda lesion: order(lesion, self.rule))
            if not olds or each is not main or not any(sized(one, self.rule) for one in olds + news):
                continue
            was, is_now = sum(map(len, olds)), sum(map(len, news))
            if is_now >= 1.5 * was and is_now - was >= 4:
                happened.add((track[j], "grew"))
            if 1.5 * is_now <= was and was - is_now >= 4:
                happened.add((track[j], "shrank"))
        return happened


@settings(max_examples=60)
@given(scans(5), rules)
def test_tracks_are_those_of_a_slow_search(five, rule):
    table = follow([mri.mask_from_array(values, np.eye(4)) for values in five], rule).table
    slow = SlowTracks(rule)
    for day, values in enumerate(five):
        expected = slow.add(values)
        rows = table.filter(table["day"] == day)
        found = rows.filter(rows["event"].is_not_null()).select("track", "event").rows()
        assert set(found) == expected
        seen = rows.filter(rows["voxels"] > 0).select("track", "voxels", "counted").rows()
        assert sorted(seen) == sorted((t, len(each), sized(each, rule)) for t, each in slow.lesions.items())
