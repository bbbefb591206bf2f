"""Two masks on one grid: their components, and which of them belong to one group."""

from __future__ import annotations

from ranvier.mri._components import Box, label, lesion_box, measure
from ranvier.mri._fates import Visits
from ranvier.mri._groups import group, links
from ranvier.mri.mask import Mask
from ranvier.mri.rule import Rule

__all__ = ["pair"]


def pair(before: Mask, after: Mask, rule: Rule) -> tuple[Visits, Box]:
    """Give the components of both visits with the group of each, and the box that holds them all."""
    box = lesion_box(before, after)
    labels = label(before, box, rule), label(after, box, rule)
    parts = measure(labels[0], before, box, rule), measure(labels[1], after, box, rule)
    found = links(*labels, rule.match_tolerance_voxels)
    owner = group(found.all, len(parts[0].voxels), len(parts[1].voxels))
    return Visits(labels=labels, parts=parts, owner=owner, links=found), box
