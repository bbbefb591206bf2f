"""What each component of NEDA shows in each period: activity, nothing, or not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.course.confirmed import CourseEvents, worsening
from ranvier.course.neda_definition import BRAIN_VOLUME_COLUMN, MRI_COUNTS, NedaDefinition
from ranvier.errors import InputError
from ranvier.trial import take

__all__ = [
    "FOUND_SCHEMA",
    "NedaGrid",
    "brain_volume_found",
    "found_rows",
    "relapse_found",
    "scan_found",
    "scans_of",
    "worsening_found",
]

FOUND_SCHEMA: dict[str, Any] = {
    "subject": pl.String,
    "period": pl.Int64,
    "component": pl.String,
    "state": pl.String,
    "day": pl.Int64,
    "left_day": pl.Int64,
    "reason": pl.String,
}
"""One row per piece of activity ("active"), per reason why something is not known ("missing"), and per piece
that does not count ("not counted", without a period)."""

CANNOT_CONFIRM = ("at-last-visit", "no-visit-in-window", "no-eligible-visit")
TOLERANCE = 1e-9
"""Scores are sums of binary fractions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NedaGrid:
    """Periods of each patient.

    `people` has subject, contact (last day known), start (first day that counts), scan_start (day of the scan
    that lesions are counted from; null when there is none), needs_scan. `periods` has subject, period,
    from_day, to_day, visit_low, visit_high, scan_low, scan_high.
    """

    definition: NedaDefinition
    people: pl.DataFrame
    periods: pl.DataFrame


def found_rows(frame: pl.DataFrame, component: str) -> pl.DataFrame:
    """Give rows the columns of `FOUND_SCHEMA`, null where there is nothing."""
    named = frame.with_columns(pl.lit(component).alias("component"))
    columns = [pl.col(name) if name in named.columns else pl.lit(None).alias(name) for name in FOUND_SCHEMA]
    return named.select(columns).cast(pl.Schema(FOUND_SCHEMA))


def _missing(frame: pl.DataFrame, component: str, why: pl.Expr | str) -> pl.DataFrame:
    reason = pl.lit(why) if isinstance(why, str) else why
    return found_rows(
        frame.select("subject", "period", pl.lit("missing").alias("state"), reason.alias("reason")), component
    )


def _served(rows: pl.DataFrame, grid: NedaGrid, kind: str) -> pl.DataFrame:
    """Give each period with the day of the row that serves its end, and the days that belong to it.

    A row within the tolerance belongs to the period even when it lies a little after its last day.
    """
    near = (
        grid.periods.join(rows.select("subject", "day").unique(), on="subject")
        .filter(pl.col("day").is_between(f"{kind}_low", f"{kind}_high"), pl.col("day") > pl.col("from_day"))
        .with_columns((pl.col("day") - pl.col("to_day")).abs().alias("distance"))
        .sort("subject", "period", "distance", "day")
        .unique(["subject", "period"], keep="first", maintain_order=True)
        .select("subject", "period", pl.col("day").alias("served"))
    )
    ends = grid.periods.join(near, on=["subject", "period"], how="left", maintain_order="left")
    until = pl.max_horizontal("served", "to_day")
    return ends.with_columns(until.alias("until")).with_columns(
        pl.col("until").shift().over("subject", order_by="period").alias("after")
    )


def _inside(rows: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Give each row the period whose days hold it."""
    return rows.join(periods.select("subject", "period", "after", "until"), on="subject").filter(
        pl.col("day") <= pl.col("until"), (pl.col("day") > pl.col("after")) | pl.col("after").is_null()
    )


def relapse_found(relapses: Any, grid: NedaGrid) -> pl.DataFrame:
    """Give relapses by period, and where it is not known whether there were any."""
    if relapses is None:
        return _missing(grid.periods, "relapse", "not-recorded")
    rows = take(relapses, "relapses", ["subject", "day"]).join(
        grid.people.select("subject", "start"), on="subject"
    )
    dayless = rows.filter(pl.col("day").is_null()).select("subject").unique().join(grid.periods, on="subject")
    counted = rows.filter(pl.col("day") >= pl.col("start"))
    early = rows.filter(pl.col("day") < pl.col("start"))
    ends = grid.periods.with_columns(
        pl.col("to_day").alias("until"),
        pl.col("to_day").shift().over("subject", order_by="period").alias("after"),
    )
    active = _inside(counted, ends).with_columns(
        pl.lit("active").alias("state"), pl.col("day").alias("left_day"), pl.lit("relapse").alias("reason")
    )
    unseen = grid.periods.join(grid.people.select("subject", "contact"), on="subject").filter(
        pl.col("contact").is_null() | (pl.col("contact") < pl.col("visit_low"))
    )
    return pl.concat(
        [
            found_rows(active, "relapse"),
            _missing(dayless, "relapse", "relapse-without-day"),
            _missing(unseen, "relapse", "contact-lost"),
            found_rows(
                early.with_columns(
                    pl.lit("not counted").alias("state"), pl.lit("before-start").alias("reason")
                ),
                "relapse",
            ),
        ]
    )


def worsening_found(
    visits: Any, relapses: Any, grid: NedaGrid
) -> tuple[pl.DataFrame, pl.DataFrame, CourseEvents]:
    """Give confirmed worsening by period, each period's last complete visit, and the events themselves."""
    definition = grid.definition.worsening
    outcomes = [outcome.column for outcome in definition.outcomes]
    rows = take(visits, "visits", ["subject", "day", *outcomes, *definition.flags], optional=["visit"])
    rows = rows.filter(pl.col("subject").is_in(grid.people["subject"].implode()))
    complete = rows.drop_nulls(["day", *outcomes])
    reference = _reference(complete, grid)
    kept = rows
    if definition.baseline.start == "first":
        kept = rows.join(reference, on="subject").filter(pl.col("day") >= pl.col("reference_day"))
    near = None
    if relapses is not None:
        near = take(relapses, "relapses", ["subject", "day"], optional=["end_day"]).filter(
            pl.col("day").is_not_null(), pl.col("subject").is_in(kept["subject"].unique().implode())
        )
    events = worsening(kept.drop("reference_day", strict=False), near, definition=definition)
    ends = _served(complete, grid, "visit")
    onsets = events.table.select("subject", "day", "left_day")
    active = _inside(onsets, ends).with_columns(
        pl.lit("active").alias("state"), pl.lit("confirmed-worsening").alias("reason")
    )
    started = reference.filter("is_reference").select("subject")
    parts = [
        found_rows(active, "worsening"),
        _missing(grid.periods.join(started, on="subject", how="anti"), "worsening", "no-reference"),
        _missing(ends.filter(pl.col("served").is_null()), "worsening", "no-visit-at-end"),
    ]
    silent = events.trace.filter(pl.col("reason") == "no-threshold").select("subject").unique()
    parts.append(_missing(grid.periods.join(silent, on="subject"), "worsening", "no-threshold"))
    if grid.definition.unconfirmed == "missing":
        open_days = _unresolved(events, kept, outcomes)
        parts.append(
            _missing(_inside(open_days, ends).unique(["subject", "period"]), "worsening", "unconfirmed")
        )
    return pl.concat(parts), _last_seen(complete, ends, "last_visit"), events


def _reference(complete: pl.DataFrame, grid: NedaGrid) -> pl.DataFrame:
    """Give the day of each patient's reference visit, and whether it may serve as one.

    The last complete visit up to the start; with a re-baseline the one inside its window that is nearest to
    the scan goes before it. Without either, the search starts at the first visit after the start, but the
    patient has no reference.
    """
    low, high = grid.definition.rebaseline or (1, 0)
    if not grid.definition.rebaseline_clinical:
        low, high = 1, 0
    rows = complete.join(grid.people.select("subject", "start"), on="subject")
    inside = pl.col("day").is_between(low, high)
    order = pl.when(inside).then(0).when(pl.col("day") <= pl.col("start")).then(1).otherwise(2)
    return (
        rows.with_columns(order.alias("order"), (pl.col("day") - pl.col("start")).abs().alias("distance"))
        .sort("subject", "order", "distance", "day")
        .unique("subject", keep="first", maintain_order=True)
        .select("subject", pl.col("day").alias("reference_day"), (pl.col("order") < 2).alias("is_reference"))
    )


def _unresolved(events: CourseEvents, kept: pl.DataFrame, outcomes: Sequence[str]) -> pl.DataFrame:
    """Give worsenings that no visit could confirm and that no later visit disproves."""
    better_low = {outcome.column: outcome.lower_is_better for outcome in events.definition.outcomes}
    sign = pl.col("measure").replace_strict(
        {name: 1.0 if low else -1.0 for name, low in better_low.items()}, return_dtype=pl.Float64
    )
    rise = sign * (pl.col("value") - pl.col("reference"))
    waiting = events.trace.filter(
        pl.col("step") == "candidate",
        pl.col("reason").is_in(CANNOT_CONFIRM),
        rise >= pl.col("threshold") - TOLERANCE,
    ).select("subject", "measure", "day", "reference", "threshold")
    later = kept.unpivot(
        outcomes, index=["subject", "day"], variable_name="measure", value_name="value"
    ).drop_nulls("value")
    pairs = waiting.join(later.rename({"day": "later"}), on=["subject", "measure"])
    gone = pairs.filter(pl.col("later") > pl.col("day"), rise < pl.col("threshold") - TOLERANCE)
    return waiting.join(gone, on=["subject", "measure", "day"], how="anti").select("subject", "day").unique()


def _last_seen(rows: pl.DataFrame, periods: pl.DataFrame, name: str) -> pl.DataFrame:
    """Give the last day of a row up to the end of each period."""
    return (
        rows.join(periods.select("subject", "period", "until"), on="subject")
        .filter(pl.col("day") <= pl.col("until"))
        .group_by("subject", "period")
        .agg(pl.col("day").max().alias(name))
    )


def scans_of(mri: Any, definition: NedaDefinition) -> pl.DataFrame | None:
    """Give the scans with the counts that matter, and the day of the scan before; None when not recorded."""
    asks = "brain_volume" in definition.components
    if mri is None:
        if asks:
            raise InputError(
                f"definition {definition.name!r} needs the column {BRAIN_VOLUME_COLUMN!r} of mri; no mri was "
                "given."
            )
        return None
    counts = definition.mri_counts if "mri" in definition.components else ()
    others = [name for name in MRI_COUNTS if name not in counts]
    volume = [BRAIN_VOLUME_COLUMN] if asks else []
    try:
        scans = take(mri, "mri", ["subject", "day", "region", *counts, *volume], optional=others)
    except InputError as error:
        if asks and BRAIN_VOLUME_COLUMN in str(error):
            raise InputError(
                f"definition {definition.name!r} needs the column {BRAIN_VOLUME_COLUMN!r} in mri (annualised "
                "change of brain volume, %, a loss negative); add it, or use NEDA-3."
            ) from error
        raise
    scans = scans.drop_nulls(["subject", "day", "region"])
    twice = scans.filter(pl.struct("subject", "day", "region").is_duplicated())
    if twice.height:
        row = twice.row(0, named=True)
        raise InputError(
            f"mri: {row['subject']!r} has two rows for the {row['region']} on day {row['day']}; keep one row "
            "per patient, day and region."
        )
    before = pl.col("day").shift().over("subject", "region", order_by="day")
    return scans.with_columns(before.alias("before"))


def scan_found(scans: pl.DataFrame | None, grid: NedaGrid) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give active lesions by period, and the last day on which every needed region was scanned."""
    definition = grid.definition
    nobody = pl.DataFrame(schema={"subject": pl.String, "period": pl.Int64, "last_scan": pl.Int64})
    if scans is None:
        return _missing(grid.periods, "mri", "not-recorded"), nobody
    rows = _counts(scans, grid)
    parts, seen = [], []
    for region in sorted({*definition.regions, *rows["region"]}):  # one or two regions
        mine = rows.filter(pl.col("region") == region)
        ends = _served(mine, grid, "scan")
        active = _inside(mine.filter(pl.col("active").is_not_null()), ends).select(
            "subject",
            "period",
            "day",
            pl.col("before").alias("left_day"),
            pl.col("active").alias("reason"),
            pl.lit("active").alias("state"),
        )
        parts.append(found_rows(active, "mri"))
        if region in definition.regions:
            parts.append(_missing(ends.filter(pl.col("served").is_null()), "mri", "no-scan-at-end"))
            unclear = _inside(mine.filter(pl.col("unclear").is_not_null()), ends)
            parts.append(_missing(unclear, "mri", pl.col("unclear")))
            seen.append(_last_seen(mine, ends, "last_scan"))
    early = rows.filter(pl.col("ignored")).select(
        "subject", "day", pl.lit("not counted").alias("state"), pl.lit("before-start").alias("reason")
    )
    unplaced = grid.people.filter(pl.col("needs_scan") & pl.col("scan_start").is_null()).select("subject")
    parts += [
        found_rows(early, "mri"),
        _missing(grid.periods.join(unplaced, on="subject"), "mri", "no-rebaseline-scan"),
    ]
    last = (
        pl.concat(seen)
        .group_by("subject", "period")
        .agg(pl.col("last_scan").min(), pl.len().alias("regions"))
    )
    whole = last.filter(pl.col("regions") == len(definition.regions)).drop("regions")
    return pl.concat(parts).unique(maintain_order=True), whole


def _counts(scans: pl.DataFrame, grid: NedaGrid) -> pl.DataFrame:
    """Say of each scan what is active, what is unclear, and whether it lies before the start.

    New and enlarging lesions are counted since the scan before: when that one lies before the re-baseline
    scan, a count above zero may be older than the window, and is not known to lie inside it.
    """
    definition = grid.definition
    rows = scans.join(grid.people.select("subject", "start", "scan_start", "needs_scan"), on="subject")
    since = pl.coalesce("scan_start", pl.lit((definition.rebaseline or (0, 0))[0]))
    first_day = pl.when("needs_scan").then(since).otherwise("start")
    origin = pl.col("needs_scan") & pl.col("day").eq_missing(pl.col("scan_start"))
    placed = ~pl.col("needs_scan") | (pl.col("before") >= since).fill_null(value=False)
    t2 = pl.max_horizontal("new_t2", "enlarging_t2") > 0
    gad = pl.col("gad_count") > 0
    counts_here = (pl.col("day") > first_day) | (origin & definition.rebaseline_gad)
    word = (
        pl.when((pl.col("new_t2") > 0) & placed & ~origin)
        .then(pl.lit("new-t2"))
        .when((pl.col("enlarging_t2") > 0) & placed & ~origin)
        .then(pl.lit("enlarging-t2"))
        .when(gad)
        .then(pl.lit("gadolinium"))
    )
    unknown = pl.any_horizontal(pl.col(name).is_null() for name in definition.mri_counts)
    if definition.missing == "available":
        unknown = pl.all_horizontal(pl.col(name).is_null() for name in definition.mri_counts)
    unclear = (
        pl.when(t2.fill_null(value=False) & ~placed)
        .then(pl.lit("older-than-rebaseline"))
        .when(unknown)
        .then(pl.lit("count-not-known"))
    )
    inside = pl.col("day") > first_day
    some = (t2.fill_null(value=False)) | (gad.fill_null(value=False))
    return rows.with_columns(
        pl.when(counts_here).then(word).alias("active"),
        pl.when(inside & ~origin).then(unclear).alias("unclear"),
        (~counts_here & some).alias("ignored"),
    )


def brain_volume_found(scans: pl.DataFrame, grid: NedaGrid) -> pl.DataFrame:
    """Give losses of brain volume beyond the limit at the brain scan that ends each period."""
    brain = scans.filter(pl.col("region") == "brain")
    ends = _served(brain, grid, "scan")
    rows = ends.join(
        brain.select("subject", pl.col("day").alias("served"), "before", BRAIN_VOLUME_COLUMN),
        on=["subject", "served"],
        how="left",
    )
    change = pl.col(BRAIN_VOLUME_COLUMN).cast(pl.Float64)
    active = rows.filter(change < -grid.definition.max_brain_volume_loss - TOLERANCE).select(
        "subject",
        "period",
        pl.col("served").alias("day"),
        pl.col("before").alias("left_day"),
        pl.lit("active").alias("state"),
        pl.lit("brain-volume-loss").alias("reason"),
    )
    return pl.concat(
        [
            found_rows(active, "brain_volume"),
            _missing(rows.filter(change.is_null()), "brain_volume", "volume-not-known"),
        ]
    )
