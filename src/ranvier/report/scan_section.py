"""The part of the report on lesion masks: what was counted by which rule, and what was typed instead."""

from __future__ import annotations

import polars as pl

from ranvier.mri import ScanCounts
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph
from ranvier.result import plural
from ranvier.verdict import Analysis, LesionActivity

__all__ = ["activity_blocks", "mask_blocks"]

MEASURE_WORDS = {
    "t2_count": "T2 lesions",
    "t2_volume_mm3": "T2 lesion volume, mm³",
    "new_t2": "new T2 lesions",
    "enlarging_t2": "enlarging T2 lesions",
}
SUMMED = ("lesions", "new", "enlarging", "shrinking", "resolved")
"""Counts of `ranvier.mri.sensitivity` that are summed over the scans."""


def activity_blocks(parts: tuple[LesionActivity, ...]) -> list[Block]:
    """Give new and enlarging lesions after the first dose, with their notes.

    Parameters
    ----------
    parts : tuple of LesionActivity
        From `ranvier.verdict.lesion_activity`.

    Returns
    -------
    list of Block
        Empty when there are none.
    """
    if not parts:
        return []
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return [
        Numbers(estimates=tuple(each for part in parts for each in (part.patients, part.rate))),
        Bullets(title="How to read new and enlarging lesions", items=tuple(notes)),
    ]


def mask_blocks(analysis: Analysis) -> list[Block]:
    """Give what the lesion masks say: sources, differences from typed numbers, and the weight of the rule.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    list of Block
        Empty when no scan has a mask.
    """
    scans = analysis.scans
    if scans is None:
        return []
    return [Paragraph(text=scans.explain()), _sources(scans), *_differences(scans), _by_rule(scans)]


def _sources(scans: ScanCounts) -> DataTable:
    return DataTable(
        caption="Where the numbers of lesions come from",
        frame=scans.sources.with_columns(pl.col("measure").replace_strict(MEASURE_WORDS)),
        labels={"scans": "rows in mri", "with_mask": "given by a mask", "with_number": "typed in"},
        note="Masks enter only where every scan with a typed number has one; the two are never mixed.",
    )


def _differences(scans: ScanCounts) -> list[Block]:
    differ = scans.table.filter(reason="differs")
    typed = scans.table.filter(pl.col("typed").is_not_null() & pl.col("counted").is_not_null()).height
    if not typed:
        return []
    verb = "differs" if differ.height == 1 else "differ"
    text = f"Of {plural(typed, 'typed number')} that a mask can check, {differ.height} {verb} from the mask."
    if differ.is_empty():
        return [Paragraph(text=text)]
    return [
        Paragraph(text=text, tone="caution"),
        DataTable(
            caption="Typed numbers that differ from the mask",
            frame=differ.select(
                "subject",
                "day",
                "region",
                pl.col("measure").replace_strict(MEASURE_WORDS),
                "typed",
                pl.col("counted").round(1),
            ),
            labels={"subject": "patient", "counted": "by the mask"},
        ),
    ]


def _by_rule(scans: ScanCounts) -> DataTable:
    """Give the counts of all scans under each rule."""
    order = scans.by_rule["rule"].unique(maintain_order=True).to_list() if scans.by_rule.height else []
    totals = (
        scans.by_rule.group_by("region", "rule")
        .agg(pl.len().alias("scans"), pl.col(SUMMED).sum())
        .sort("region", pl.col("rule").replace_strict(order, list(range(len(order))), return_dtype=pl.Int64))
        if order
        else pl.DataFrame(schema={"region": pl.String, "rule": pl.String})
    )
    return DataTable(
        caption="The same masks under three other rules",
        frame=totals,
        labels={"lesions": "lesions, all scans"},
        note="One setting is changed at a time. The rows are no error bars: they show how much of a number "
        "is the definition.",
    )
