"""The page on lesions alone: what `ranvier lesions` writes."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import polars as pl

from ranvier import mri
from ranvier.errors import InputError
from ranvier.report.building import versions
from ranvier.report.lesion_section import change_blocks, scan_blocks
from ranvier.report.model import Block, Bullets, DataTable, Paragraph, Report, Section
from ranvier.result import plural

__all__ = ["build_lesions"]

Change = mri.LesionComparison | mri.CordComparison
Dates = tuple[datetime.date, datetime.date]
SHARE = "largest, % of the volume"
UNDATED = "The dates of the two scans were not given, so that their order was not checked."


def build_lesions(
    found: Change | mri.Lesions | Sequence[mri.Lesions],
    *,
    image: mri.Image | None = None,
    image_before: mri.Image | None = None,
    dates: Dates | None = None,
) -> Report:
    """Give the page on the lesions of one scan, of several, or on their change between two.

    Parameters
    ----------
    found : LesionComparison, CordComparison, Lesions, or sequence of Lesions
        From `mri.compare`, or from `mri.lesions` for each scan; of a spinal cord from `mri.compare_cord` or
        `mri.cord`, so that lengths stand beside the count.
    image : Image, optional
        The scan to draw on, of the visit after for a comparison; not for several scans.
    image_before : Image, optional
        The same for the visit before; for a comparison only.
    dates : tuple of date, optional
        When the scans before and after were made; for a comparison only.

    Returns
    -------
    Report
        Counts, the same counts under other rules, what was not judged, pictures, every lesion, methods. The
        meta data hold every lesion or group unrounded as lesions.

    Raises
    ------
    InputError
        When there is no scan, the scan before is not the earlier one, or an image does not belong here.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.zeros((9, 9, 9))
    >>> values[1:5, 2, 2] = 1
    >>> scan = mri.mask_from_array(values, np.eye(4), name="P1")
    >>> page = build_lesions(mri.lesions(scan, rule="default"))
    >>> page.title, [section.key for section in page.sections]
    ('Lesions in P1', ['result', 'methods'])
    """
    if isinstance(found, Change):
        return _change_page(found, image, image_before, dates)
    if dates is not None or image_before is not None:
        raise InputError("dates and an image before belong to a comparison of two scans.")
    if isinstance(found, mri.Lesions):
        blocks = scan_blocks(found, image=image)
        return _page(found.name, "", "What was counted", blocks, [found])
    scans = list(found)
    if not scans or not all(isinstance(scan, mri.Lesions) for scan in scans):
        raise InputError("nothing to report; give what mri.lesions gave for one or more masks.")
    if len({scan.definition.fingerprint() for scan in scans}) > 1:
        raise InputError("scans counted by different rules; count all of them by one, so that they compare.")
    if image is not None:
        raise InputError("an image belongs to one scan; report the scans one by one to draw on them.")
    title = f"Lesions in {plural(len(scans), 'scan')}"
    return _page(title, "", "What was counted", _several(scans), scans)


def _change_page(
    found: Change, image: mri.Image | None, image_before: mri.Image | None, dates: Dates | None
) -> Report:
    blocks = change_blocks(found, image=image, image_before=image_before)
    subtitle = ""
    if dates is None:
        blocks.insert(1, Paragraph(text=UNDATED))
    else:
        first, second = dates
        if first >= second:
            before, after = (mask.name for mask in _masks(found))
            raise InputError(
                f"{before}, the scan before, is of {first}, and {after}, the scan after, of {second}; the "
                "scan before must be the earlier one."
            )
        subtitle = f"{first} to {second}, {plural((second - first).days, 'day')}"
    title = f"Lesions: {found.name[:1].lower()}{found.name[1:]}"
    return _page(title, subtitle, "What changed", blocks, [found])


def _several(scans: Sequence[mri.Lesions]) -> list[Block]:
    """Give one row for each scan, and the same under other rules."""
    rows, others = [], []
    notes: dict[str, list[str]] = {}
    for scan in scans:
        fit = mri.summary(scan.mask, rule=scan.definition)
        count, volume, largest, share = (each.value for each in fit.estimates)
        rows.append(
            {
                "scan": scan.mask.name,
                "lesions": int(count),
                "volume, mm³": round(volume, 1),
                "largest, mm³": round(largest, 1),
                SHARE: round(100 * share, 1) if count else None,
                "below the limit": fit.diagnostics["below_limit"],
            }
            | _cord_lengths(scan)
        )
        counts = mri.sensitivity(scan.mask, rule=scan.definition).table
        others.append({"scan": scan.mask.name} | dict(counts.select("rule", "lesions").iter_rows()))
        for note in dict.fromkeys((*scan.notes, *fit.notes)):
            notes.setdefault(note, []).append(scan.mask.name)
    said = tuple(
        note if len(names) == len(scans) else f"{', '.join(names)}: {note}" for note, names in notes.items()
    )
    rule = scans[0].definition
    table = pl.DataFrame(rows, schema_overrides={SHARE: pl.Float64}, infer_schema_length=None)
    return [
        DataTable(caption="Lesions of each scan", frame=table),
        Paragraph(text=f"{rule.text()} Settings {rule.fingerprint()}."),
        DataTable(
            caption="Lesions counted under other rules",
            frame=pl.DataFrame(others),
            note="One setting is changed at a time. These columns are no error bars: they show how much of a "
            "number is its definition.",
        ),
        Bullets(title="What must be read beside it", items=said),
        Paragraph(text="Each scan stands for itself; nothing is matched between them. Report two of them as "
                  "before and after to see what changed."),
    ]  # fmt: skip


def _cord_lengths(scan: mri.Lesions) -> dict[str, float]:
    if not isinstance(scan, mri.CordLesions):
        return {}
    return {"length, mm": round(scan.length_mm, 1), "longest, mm": round(scan.longest_mm, 1)}


def _masks(found: Change | mri.Lesions) -> list[mri.Mask]:
    """Give the mask of one scan, or those before and after."""
    if isinstance(found, mri.Lesions):
        return [found.mask]
    change = found.comparison if isinstance(found, mri.CordComparison) else found
    return [change.before, change.after]


def _page(
    title: str,
    subtitle: str,
    heading: str,
    blocks: list[Block],
    found: Sequence[Change | mri.Lesions],
) -> Report:
    rule = found[0].definition
    sources = dict.fromkeys(source for each in found for source in each.references)
    methods: list[Block] = [
        Bullets(title="How it was made", items=tuple(each.method for each in found)),
        Bullets(title="Sources", items=tuple(sources)),
    ]
    if rule.note:
        methods.insert(0, Paragraph(text=rule.note))
    return Report(
        title=title,
        subtitle=subtitle,
        sections=(
            Section(key="result", title=heading, blocks=tuple(blocks)),
            Section(key="methods", title="Methods", blocks=tuple(methods)),
        ),
        meta={**versions(), "rule": rule.to_dict(), **_numbers(found)},
    )


def _numbers(found: Sequence[Change | mri.Lesions]) -> dict[str, Any]:
    """Give the masks, and every lesion or group unrounded."""
    masks = [mask for each in found for mask in _masks(each)]
    tables: list[pl.DataFrame] = []
    more: dict[str, Any] = {}
    for each in found:
        if isinstance(each, mri.Lesions):
            tables.append(each.table.select(pl.lit(each.mask.name).alias("mask"), pl.all()))
            continue
        if isinstance(each, mri.CordComparison):
            more["cord"] = each.table
        change = each.comparison if isinstance(each, mri.CordComparison) else each
        tables.append(change.table)
        more |= {"counts": change.counts, "ledger": change.ledger}
    return {"masks": [mask.to_dict() for mask in masks], **more, "lesions": pl.concat(tables)}
