"""The part of the report on lesion masks: what was counted by which rule, what was typed, pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ranvier import mri
from ranvier.errors import InputError
from ranvier.mri import ScanCounts
from ranvier.report.drawing import draw
from ranvier.report.lesion_section import bars, slices
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Numbers, Paragraph
from ranvier.result import plural
from ranvier.verdict import Analysis, LesionActivity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["activity_blocks", "mask_blocks"]

MEASURE_WORDS = {
    "t2_count": "T2 lesions",
    "t2_volume_mm3": "T2 lesion volume, mm³",
    "new_t2": "new T2 lesions",
    "enlarging_t2": "enlarging T2 lesions",
}
PATIENTS_DRAWN = 4
"""Patients drawn in each kind of picture of their lesions; `ranvier lesions` draws any of them."""


def activity_blocks(parts: tuple[LesionActivity, ...]) -> list[Block]:
    """Give new and enlarging lesions on scans after the first dose, with their notes.

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
    """Give what the lesion masks say: sources, differences from typed numbers, other rules, and pictures.

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
    regions = scans.by_rule["region"].unique().sort().to_list() if scans.by_rule.height else []
    return [
        Paragraph(text=scans.explain()),
        _sources(scans),
        *_differences(scans),
        *(_under_rules(scans, region) for region in regions),
        *_slices(scans),
        *_time_lines(analysis, scans),
        *_cords(scans),
    ]


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


def _under_rules(scans: ScanCounts, region: str) -> Drawing:
    """Draw the counts of all scans of a region under each rule."""
    found = scans.sensitivity(region)
    key = f"rules-{region.replace(' ', '-')}"
    columns = [name for name in found.counted if not found.table[name].null_count()]
    seen = sum(found.table[name].sum() > 0 for name in columns)
    title = f"The same masks under three other rules, {region}."

    def paint(figure: Figure) -> None:
        found.plot(figure.add_subplot())

    return Drawing(
        key=key,
        title=title,
        description="Counts of all scans added up, one mark for each rule. One setting is changed at a time. "
        "These are no error bars: they show how much of a number is its definition.",
        svg=draw(key, paint, size=(7.6, 1.9 + 0.5 * seen), title=title, greys=True),
        data=DataTable(
            caption=title,
            frame=found.table.select("rule", *columns),
            labels={"lesions": "lesions, all scans"},
        ),
    )


def _slices(scans: ScanCounts) -> list[Block]:
    """Draw slices through new and enlarging lesions, of the patients with most of them."""
    if scans.pairs.is_empty():
        return []
    active = scans.pairs.with_columns((pl.col("new") + pl.col("enlarging")).alias("active")).filter(
        pl.col("active") > 0
    )
    drawn = active.sort("active", "subject", "day", descending=[True, False, False]).head(PATIENTS_DRAWN)
    blocks: list[Block] = []
    for place, row in enumerate(drawn.iter_rows(named=True), start=1):
        change = scans.comparison(row["subject"], row["region"], row["day"])
        words = (
            f"Patient {row['subject']}, {row['region']}, from day {row['day_before']} to day {row['day']}: "
        )
        blocks += [
            Paragraph(text=f"{words}{row['new']} new, {row['enlarging']} enlarging."),
            slices(change, f"masks-{place}"),
            bars(change, f"masks-{place}"),
        ]
    return [*blocks, *_more(active.height, drawn.height, "comparison with new or enlarging lesions")]


def _more(found: int, drawn: int, what: str) -> list[Block]:
    if found <= drawn:
        return []
    many = what.replace("comparison", "comparisons").replace("patient", "patients")
    return [Paragraph(text=f"Not drawn here: {found - drawn} more {many if found - drawn > 1 else what}.")]


def _time_lines(analysis: Analysis, scans: ScanCounts) -> list[Block]:
    """Draw the lesions of the patients with three masks or more over time, with their doses."""
    with_mask = scans.table.filter(pl.col("measure") == "t2_count", pl.col("counted").is_not_null())
    followed = with_mask.group_by("subject", "region").len().filter(pl.col("len") > 2)
    rows = followed.sort("len", "subject", "region", descending=[True, False, False]).head(PATIENTS_DRAWN)
    blocks: list[Block] = []
    for place, (subject, region, _) in enumerate(rows.iter_rows(), start=1):
        days = analysis.trial.doses.filter(subject=subject)["day"].drop_nulls().to_list()
        try:
            tracks = scans.tracks(subject, region)
        except InputError as error:
            text = f"The lesions of {subject}, {region}, cannot be followed: {error}"
            blocks.append(Paragraph(text=text, tone="caution"))
            continue
        blocks.append(_time_line(tracks, f"tracks-{place}", f"patient {subject}, {region}", days))
    return [*blocks, *_more(followed.height, rows.height, "patient followed over three masks or more")]


def _time_line(tracks: mri.LesionTracks, key: str, whose: str, days: list[int]) -> Drawing:
    shown = tracks.table.filter("counted")["track"].n_unique()
    title = f"Each lesion in time: {whose}."
    events = ", ".join(f"{n} {event}" for event, n in tracks.counts.items() if n) or "none"

    def paint(figure: Figure) -> None:
        tracks.plot(figure.add_subplot(), dose_days=days)

    return Drawing(
        key=key,
        title=title,
        description=f"One bar for each lesion, as thick as a sphere of its volume; dashed lines are doses. "
        f"Events: {events}.",
        svg=draw(key, paint, size=(7.6, 2.2 + 0.22 * min(shown, 40)), title=title, greys=True),
        data=DataTable(
            caption=f"Events of lesions, {whose}",
            frame=tracks.table.filter(pl.col("event").is_not_null()).select(
                "track", "day", "event", pl.col("volume_mm3").round(1)
            ),
            labels={"volume_mm3": "volume, mm³"},
        ),
    )


def _cords(scans: ScanCounts) -> list[Block]:
    """Draw the spinal cord at the first and the last mask of each patient."""
    rows = scans.table.filter(
        pl.col("measure") == "t2_count", pl.col("counted").is_not_null(), pl.col("region") == "spinal cord"
    ).sort("subject", "day")
    ends = (
        rows.group_by("subject", maintain_order=True)
        .agg(pl.len(), pl.col("day").first().alias("first"), pl.col("day").last().alias("last"))
        .filter(pl.col("len") > 1)
    )
    blocks: list[Block] = []
    for place, row in enumerate(ends.head(PATIENTS_DRAWN).iter_rows(named=True), start=1):
        whose = f"patient {row['subject']}, day {row['first']} and day {row['last']}"
        try:
            both = scans.cord(row["subject"])
        except InputError as error:
            text = f"The spinal cord of {whose} cannot be compared: {error}"
            blocks.append(Paragraph(text=text, tone="caution"))
            continue
        blocks.append(_cord(both, f"cord-{place}", whose))
    return [*blocks, *_more(ends.height, min(ends.height, PATIENTS_DRAWN), "patient with a spinal cord mask")]


def _cord(both: mri.CordComparison, key: str, whose: str) -> Drawing:
    title = f"Lesions of the spinal cord: {whose}."

    def paint(figure: Figure) -> None:
        both.plot(figure.add_subplot())

    return Drawing(
        key=key,
        title=title,
        description="The cord upright at both visits, each lesion where it lies. A count is never read "
        "without length and volume: a long lesion that breaks up while it heals raises the count.",
        svg=draw(key, paint, size=(7.6, 4.6), title=title, greys=True),
        data=DataTable(caption=title, frame=both.table),
    )
