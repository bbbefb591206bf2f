"""What a page says on the lesions of one scan, and on what became of them between two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from ranvier import mri
from ranvier.report.drawing import draw
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Paragraph
from ranvier.result import number, percent, plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["bars", "change_blocks", "scan_blocks", "sensitivity_table", "slices"]

ROWS_LISTED = 200
"""Lesions or groups listed on a page; lesions.csv holds all of them."""
ROWS_DRAWN = 8
"""Lesions drawn on slices of one page."""
GROUP_COLUMNS = {
    "group": "group",
    "fate": "what became of it",
    "topology": "shape",
    "n_before": "lesions before",
    "n_after": "lesions after",
    "volume_before_mm3": "before, mm³",
    "volume_after_mm3": "after, mm³",
    "change_mm3": "change, mm³",
    "r_mm": "R, mm",
    "a_mm": "A, mm",
    "s_mm": "S, mm",
    "border": "at the edge",
}
LESION_COLUMNS = {
    "lesion": "lesion",
    "counted": "counted",
    "volume_mm3": "volume, mm³",
    "long_axis_mm": "long axis, mm",
    "r_mm": "R, mm",
    "a_mm": "A, mm",
    "s_mm": "S, mm",
    "border": "at the edge",
}
PLACE_NOTE = "R, A, S: centre of mass in world coordinates, mm towards right, front and head."


def change_blocks(
    found: mri.LesionComparison | mri.CordComparison,
    *,
    key: str = "lesions",
    image: mri.Image | None = None,
    image_before: mri.Image | None = None,
) -> list[Block]:
    """Give the blocks on what became of each lesion between two scans.

    Parameters
    ----------
    found : LesionComparison or CordComparison
        From `mri.compare`, or from `mri.compare_cord`, which gives lengths as well.
    key : str
        Prefix of the figures, unique on the page.
    image, image_before : Image, optional
        Scans to draw on, of the visit after and before; from `mri.read_image`.

    Returns
    -------
    list of Block
        Counts first, then the same counts under other rules, what was not judged, pictures, and every group.
    """
    change = found.comparison if isinstance(found, mri.CordComparison) else found
    counts = change.counts
    text = (
        f"{change.fates_text()} Lesions counted: {counts['before']} before, {counts['after']} after. "
        f"{change.ledger_text()}"
    )
    listed = pl.concat(
        [change.table.filter(pl.col("fate") != "stable"), change.table.filter(pl.col("fate") == "stable")]
    )
    return [
        Paragraph(text=text, tone="key"),
        *_lengths(found),
        Paragraph(text=f"{change.definition.text()} Settings {change.definition.fingerprint()}."),
        sensitivity_table(change.sensitivity()),
        *_beside(found.notes),
        *_not_judged(change),
        slices(change, key, image, image_before),
        bars(change, key),
        _listing("Every group of lesions", listed, GROUP_COLUMNS),
    ]


def scan_blocks(found: mri.Lesions, *, key: str = "lesions", image: mri.Image | None = None) -> list[Block]:
    """Give the blocks on the lesions of one scan.

    Parameters
    ----------
    found : Lesions
        From `mri.lesions`, or from `mri.cord`, which gives lengths as well.
    key : str
        Prefix of the figures, unique on the page.
    image : Image, optional
        The scan to draw on; from `mri.read_image`.

    Returns
    -------
    list of Block
        The count with what must be read beside it, the same count under other rules, pictures, and every
        lesion.
    """
    fit = mri.summary(found.mask, rule=found.definition)
    count, volume, largest, share = (each.value for each in fit.estimates)
    text = f"{plural(int(count), 'lesion')} counted, {number(volume, digits=1)} mm³."
    if isinstance(found, mri.CordLesions):
        together, longest = (number(mm, digits=1) for mm in (found.length_mm, found.longest_mm))
        text += f" Together {together} mm long (craniocaudal), the longest {longest} mm."
    if count:
        text += f" The largest holds {number(largest, digits=1)} mm³, {percent(share)} of that."
    small = fit.diagnostics["below_limit"]
    if small:
        volume_small = number(fit.diagnostics["below_limit_mm3"], digits=1)
        text += f" Marked but below the size limit: {small}, {volume_small} mm³."
    return [
        Paragraph(text=text, tone="key"),
        Paragraph(text=f"{found.definition.text()} Settings {found.definition.fingerprint()}."),
        sensitivity_table(mri.sensitivity(found.mask, rule=found.definition)),
        *_beside((*found.notes, *(note for note in fit.notes if note not in found.notes))),
        slices(found, key, image, None),
        _listing("Every lesion", found.table, LESION_COLUMNS),
    ]


def sensitivity_table(found: mri.RuleSensitivity) -> DataTable:
    """Give the counts under the rule and three others.

    Parameters
    ----------
    found : RuleSensitivity
        From `mri.sensitivity`, `mri.summary` or `mri.compare`.

    Returns
    -------
    DataTable
        One row per rule; without the columns of a comparison where there is none.
    """
    compared = found.table["after"].null_count() == 0
    frame = found.table.select(
        "rule",
        "lesions",
        pl.col("volume_mm3").round(1),
        *([name for name in found.counted if name != "lesions"] if compared else []),
    )
    return DataTable(
        caption="The same masks under other rules",
        frame=frame,
        labels={"lesions": "before" if compared else "lesions", "volume_mm3": "volume, mm³"}
        | ({"volume_mm3": "volume before, mm³"} if compared else {}),
        note="One setting is changed at a time. These rows are no error bars: they show how much of a number "
        "is its definition.",
    )


def _lengths(found: mri.LesionComparison | mri.CordComparison) -> list[Block]:
    """Give length and volume of a cord at both visits, which stand beside every count of its lesions."""
    if isinstance(found, mri.LesionComparison):
        return []
    return [
        DataTable(
            caption="Spinal cord: count, length and volume beside each other",
            frame=found.table.with_columns(cs.float().round(1)),
        )
    ]


def _beside(notes: tuple[str, ...]) -> list[Block]:
    return [Bullets(title="What must be read beside it", items=notes)] if notes else []


def _not_judged(change: mri.LesionComparison) -> list[Block]:
    """Say what entered no count of change, and why."""
    cut = change.counts["cut"]
    small = change.table.filter(fate="below limit").height
    items = []
    if cut:
        items.append(
            f"{plural(cut, 'group')} seen at one visit only and touching the edge of the volume: it may have "
            "been outside at the other visit, so that it is neither new nor resolved."
        )
    if small:
        items.append(f"{plural(small, 'group')} below the size limit at both visits.")
    return [Bullets(title="Not judged", items=tuple(items))] if items else []


def _listing(caption: str, table: pl.DataFrame, columns: dict[str, str]) -> DataTable:
    more = table.height - ROWS_LISTED
    return DataTable(
        caption=caption,
        frame=table.select(list(columns)).head(ROWS_LISTED).with_columns(cs.float().round(1)),
        labels=columns,
        note=PLACE_NOTE + (f" {more} more not listed here." if more > 0 else ""),
    )


def slices(
    found: mri.LesionComparison | mri.Lesions,
    key: str,
    image: mri.Image | None = None,
    before: mri.Image | None = None,
) -> Drawing:
    """Draw slices through lesions, and say in words what they show.

    Parameters
    ----------
    found : LesionComparison or Lesions
        From `mri.compare`, whose new and enlarging lesions are drawn, or from `mri.lesions`.
    key : str
        Prefix of the figure, unique on the page.
    image, before : Image, optional
        Scans to draw on, of the visit after and before.

    Returns
    -------
    Drawing
        At most `ROWS_DRAWN` lesions.
    """
    if isinstance(found, mri.LesionComparison):
        rows = found.table.filter(pl.col("fate").is_in(["new", "enlarging"]))
        title = "New and enlarging lesions."
        shown = rows.select("group", "fate", "volume_before_mm3", "volume_after_mm3", "r_mm", "a_mm", "s_mm")
        parts = "the whole axial slice with a frame, and the frame enlarged before and after"
    else:
        rows = found.table.filter("counted")
        title = "The largest lesions."
        shown = rows.select("lesion", "volume_mm3", "long_axis_mm", "r_mm", "a_mm", "s_mm")
        parts = "the whole axial slice with a frame, and the frame enlarged"
    n = min(rows.height, ROWS_DRAWN)
    words = (
        f"{n} of {rows.height} drawn; for each, {parts}. Outlines differ by line style and colour. The right "
        "side of the patient is on the left of each picture; bars give millimetres."
        if n
        else "There is none."
    )
    images = {"image": image} | ({} if before is None else {"image_before": before})

    def paint(figure: Figure) -> None:
        mri.picture(found, at_most=ROWS_DRAWN, figure=figure, **images)

    return Drawing(
        key=f"{key}-slices",
        title=title,
        description=words,
        svg=draw(
            f"{key}-slices",
            paint,
            size=(7.6, 3.0),
            title=f"{title} {found.name}",
        ),
        data=DataTable(
            caption="Lesions drawn", frame=shown.head(ROWS_DRAWN), labels=GROUP_COLUMNS | LESION_COLUMNS
        ),
    )


def bars(change: mri.LesionComparison, key: str) -> Drawing:
    """Draw the change of volume of each group.

    Parameters
    ----------
    change : LesionComparison
        From `mri.compare`.
    key : str
        Prefix of the figure, unique on the page.

    Returns
    -------
    Drawing
        From the largest loss to the largest gain.
    """
    rows = change.table.filter(pl.col("fate") != "below limit", pl.col("change_mm3") != 0).sort("change_mm3")

    def paint(figure: Figure) -> None:
        change.plot(figure.add_subplot())

    return Drawing(
        key=f"{key}-bars",
        title="Change of volume.",
        description=_bars_text(rows["change_mm3"]),
        svg=draw(
            f"{key}-bars",
            paint,
            size=(7.6, 3.4),
            title=f"Change of the volume of each group of lesions. {change.name}",
        ),
        data=DataTable(
            caption="Groups drawn",
            frame=rows.select("group", "fate", "volume_before_mm3", "volume_after_mm3", "change_mm3"),
            labels=GROUP_COLUMNS,
        ),
    )


def _bars_text(changes: pl.Series) -> str:
    """Say what the bars show, from the largest loss to the largest gain."""
    if changes.is_empty():
        return "No group changed its volume."
    low, high = (number(changes[place], digits=1) for place in (0, -1))
    size = f"It changed by {low} mm³." if len(changes) == 1 else f"From {low} to {high} mm³."
    return (
        "One bar for each group whose volume changed, by change; hatching as well as colour tells what "
        f"became of it. {size}"
    )
