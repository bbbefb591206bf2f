"""The masks of one patient and region in the order of time: read, counted, compared with the one before."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri.alternatives import SCAN_COUNTS, RuleSensitivity
from ranvier.mri.comparison import LesionComparison, compare
from ranvier.mri.mask import Mask
from ranvier.mri.measures import lesions
from ranvier.mri.reading import read_mask
from ranvier.mri.robustness import sensitivity
from ranvier.mri.rule import Rule
from ranvier.trial import LesionPlan

__all__ = ["CORD_LENGTHS", "Row", "Scan", "compared", "read", "walk"]

CORD_LENGTHS = ("cord_length_mm", "cord_longest_mm")
"""Columns that masks of the cord add: craniocaudal length of all counted lesions, and of the longest."""

CHANGES_COUNTED = [name for name in SCAN_COUNTS if name not in ("lesions", "after")]
"""Counts of a comparison that say what became of lesions."""

Row = dict[str, Any]


@dataclass(kw_only=True)
class Scan:
    """One row of mri with what its mask gives."""

    row: Row
    state: str
    """Why counts of this scan are known or not: a code of `REASONS`."""
    change: str = "first-scan"
    """The same for the counts since the scan before."""
    counted: dict[str, float] = dataclasses.field(default_factory=dict)
    pair: Row | None = None
    since_before: RuleSensitivity | None = None
    by_rule: list[Row] = dataclasses.field(default_factory=list)
    problem: str = ""
    same_file: bool = False
    notes: tuple[str, ...] = ()


def walk(rows: list[Row], masks: Mapping[str, Path], rule: Rule, plan: LesionPlan) -> Iterator[Scan]:
    """Go through the scans of one patient and region, holding the mask of the scan before."""
    before: Mask | None = None
    last: Row | None = None
    for row in rows:
        scan = Scan(row=row, state="no-mask", change="no-mask-before" if last else "first-scan")
        path = masks.get(row["mask"] or "")
        mask = None if path is None else _try_reading(path, plan, scan)
        if mask is not None:
            _count(scan, mask, rule)
            if before is not None and last is not None:
                _compare(scan, (last, before), mask, rule, plan)
            scan.by_rule = _under_rules(scan, sensitivity(mask, rule=rule))
        elif last is not None:
            scan.change = scan.state
        yield scan
        before, last = mask, row


def _try_reading(path: Path, plan: LesionPlan, scan: Scan) -> Mask | None:
    try:
        return read(path, plan)
    except InputError as error:
        scan.state, scan.problem = "not-readable", str(error)
        return None


def read(path: Path, plan: LesionPlan) -> Mask:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RanvierWarning)  # what it says stands in the notes of the mask
        return read_mask(path, threshold=plan.threshold, tool=plan.tool)


def compared(before: Mask, after: Mask, rule: Rule, plan: LesionPlan) -> LesionComparison:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RanvierWarning)  # what it says stands in the notes of the comparison
        return compare(before, after, rule=rule, on_geometry=plan.on_geometry)


def _count(scan: Scan, mask: Mask, rule: Rule) -> None:
    found = lesions(mask, rule=rule)
    counted = found.table.filter("counted")
    scan.state = "counted"
    scan.notes = mask.notes
    scan.counted = {
        "t2_count": float(counted.height),
        "t2_volume_mm3": float(counted["volume_mm3"].sum()),
    }
    if scan.row["region"] == "spinal cord":
        longest = counted["extent_s_mm"].max()
        scan.counted |= {
            "cord_length_mm": float(counted["extent_s_mm"].sum()),
            "cord_longest_mm": 0.0 if longest is None else float(longest),  # type: ignore[arg-type]
        }


def _compare(scan: Scan, earlier: tuple[Row, Mask], mask: Mask, rule: Rule, plan: LesionPlan) -> None:
    row, before = earlier
    try:
        found = compared(before, mask, rule, plan)
    except InputError as error:
        scan.change, scan.problem = "not-comparable", str(error)
        return
    scan.change, scan.same_file = "counted", before.same_file(mask)
    scan.counted |= {"new_t2": float(found.counts["new"]), "enlarging_t2": float(found.counts["enlarging"])}
    scan.pair = {
        "subject": scan.row["subject"],
        "region": scan.row["region"],
        "day_before": row["day"],
        "day": scan.row["day"],
        "mask_before": row["mask"],
        "mask": scan.row["mask"],
        **found.counts,
    }
    scan.since_before = found.sensitivity()


def _under_rules(scan: Scan, alone: RuleSensitivity) -> list[Row]:
    """Give the counts of one scan under each rule, with those against the scan before where there are any."""
    place = {name: scan.row[name] for name in ("subject", "day", "region")}
    rows = alone.table.drop("after")
    if scan.since_before is not None:
        rows = rows.with_columns(scan.since_before.table.select(CHANGES_COUNTED))
    return [{**place, **counts} for counts in rows.to_dicts()]
