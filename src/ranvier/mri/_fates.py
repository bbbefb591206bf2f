"""What became of each group of lesions, and the ledger of voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ranvier.mri._components import Components
from ranvier.mri._groups import Ints, Labels, Links, group, links
from ranvier.mri.rule import Rule, least_units

__all__ = ["CHANGES", "FATES", "Visits", "fate_table", "ledger_of", "pair_up"]

CHANGES = ("new", "enlarging", "stable", "shrinking", "resolved")
FATES = (*CHANGES, "cut", "below limit")
ROUNDING = 1e-9
"""Relative slack of a ratio, so that 1/1.5 of 15 voxels is 10."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Visits:
    """The components of both visits on one grid, and the group of each."""

    labels: tuple[Labels, Labels]
    parts: tuple[Components, Components]
    owner: tuple[Ints, Ints]
    links: Links

    @property
    def n(self) -> int:
        """How many groups there are."""
        return max((int(owner.max(initial=-1)) for owner in self.owner), default=-1) + 1

    def total(self, values: tuple[npt.NDArray[np.generic], ...]) -> tuple[Ints, Ints]:
        """Sum a whole number of each component over the groups, before and after."""
        sums = [
            np.bincount(owner, weights=value.astype(float), minlength=self.n)
            for owner, value in zip(self.owner, values, strict=True)
        ]
        return np.rint(sums[0]).astype(np.int64), np.rint(sums[1]).astype(np.int64)


def pair_up(labels: tuple[Labels, Labels], parts: tuple[Components, Components], rule: Rule) -> Visits:
    """Group the components of two visits; both label arrays cover the same box."""
    found = links(*labels, rule.match_tolerance_voxels)
    owner = group(found.all, len(parts[0].voxels), len(parts[1].voxels))
    return Visits(labels=labels, parts=parts, owner=owner, links=found)


def fate_table(visits: Visits, voxel_mm3: float, rule: Rule) -> pl.DataFrame:
    """Give one row per group: fate, shape, sizes and place; `owner` is its number in `visits`."""
    before, after = visits.parts
    voxels = visits.total((before.voxels, after.voxels))
    sized = visits.total((before.counted, after.counted))
    pieces = visits.total((np.ones_like(before.voxels), np.ones_like(after.voxels)))
    edge = visits.total((before.border, after.border))
    border = (edge[0] + edge[1]) > 0
    centre = _centre(visits, voxels)
    rows = pl.DataFrame(
        {
            "owner": np.arange(visits.n),
            "fate": _fates(voxels, sized, border, voxel_mm3, rule),
            "topology": _topology(sized),
            "matched": _matched(visits, voxels),
            "n_before": sized[0],
            "n_after": sized[1],
            "parts_before": pieces[0],
            "parts_after": pieces[1],
            "voxels_before": voxels[0],
            "voxels_after": voxels[1],
            "volume_before_mm3": voxels[0] * voxel_mm3,
            "volume_after_mm3": voxels[1] * voxel_mm3,
            "change_mm3": (voxels[1] - voxels[0]) * voxel_mm3,
            "ratio": voxels[1] / np.where(voxels[0] > 0, voxels[0], np.nan),
            "r_mm": centre[:, 0],
            "a_mm": centre[:, 1],
            "s_mm": centre[:, 2],
            "border": border,
        },
        schema_overrides={"fate": pl.Enum(FATES), "topology": pl.String, "matched": pl.String},
        nan_to_null=True,
    )
    size = pl.max_horizontal("voxels_before", "voxels_after")
    ordered = rows.sort("fate", -size, "s_mm", "a_mm", "r_mm", maintain_order=True)
    return ordered.with_row_index("group", offset=1).cast({"group": pl.Int64, "fate": pl.String})


def ledger_of(visits: Visits) -> dict[str, int]:
    """Say where every lesion voxel went; counted voxel by voxel, not as a difference of sums."""
    first, second = visits.labels
    sides = visits.total((visits.parts[0].voxels, visits.parts[1].voxels))
    single = (sides[0] == 0) | (sides[1] == 0)
    lost = single[visits.owner[0][first[(first > 0) & (second == 0)] - 1]]
    gained = single[visits.owner[1][second[(second > 0) & (first == 0)] - 1]]
    return {
        "before": int(np.count_nonzero(first)),
        "new": int(np.count_nonzero(gained)),
        "growth": int(np.count_nonzero(~gained)),
        "resolved": int(np.count_nonzero(lost)),
        "regress": int(np.count_nonzero(~lost)),
        "after": int(np.count_nonzero(second)),
    }


def _fates(
    voxels: tuple[Ints, Ints], sized: tuple[Ints, Ints], border: Bools, voxel_mm3: float, rule: Rule
) -> list[str]:
    first, second = voxels
    gain = least_units(rule.enlarge_abs_mm3, voxel_mm3)
    loss = least_units(rule.shrink_abs_mm3, voxel_mm3)
    single = (first == 0) | (second == 0)
    grown = (second >= rule.enlarge_ratio * first * (1 - ROUNDING)) & (second - first >= gain)
    shrunk = (second <= rule.shrink_ratio * first * (1 + ROUNDING)) & (first - second >= loss)
    conditions = [
        sized[0] + sized[1] == 0,
        single & border,
        first == 0,
        second == 0,
        grown,
        shrunk,
    ]
    words = ["below limit", "cut", "new", "resolved", "enlarging", "shrinking"]
    return [str(word) for word in np.select(conditions, words, default="stable")]


def _topology(sized: tuple[Ints, Ints]) -> list[str | None]:
    """Name the shape by the lesions that reach the limit; a side without one counts as one lesion."""
    first, second = (np.maximum(each, 1) for each in sized)
    shape = np.select(
        [(first > 1) & (second > 1), first > 1, second > 1], ["complex", "merged", "split"], default="one"
    )
    return [str(word) if total else None for word, total in zip(shape, sized[0] + sized[1], strict=True)]


def _matched(visits: Visits, voxels: tuple[Ints, Ints]) -> list[str | None]:
    """Say whether a group holds together by a shared voxel or by the tolerance alone."""
    shared = np.zeros(visits.n, dtype=bool)
    shared[visits.owner[0][visits.links.overlap[:, 0]]] = True
    both = (voxels[0] > 0) & (voxels[1] > 0)
    return [
        ("overlap" if overlap else "near") if two else None for overlap, two in zip(shared, both, strict=True)
    ]


def _centre(visits: Visits, voxels: tuple[Ints, Ints]) -> npt.NDArray[np.float64]:
    total = np.zeros((visits.n, 3))
    for owner, parts in zip(visits.owner, visits.parts, strict=True):
        np.add.at(total, owner, parts.centroid * parts.voxels[:, None])
    return np.asarray(total / np.maximum(voxels[0] + voxels[1], 1)[:, None])
