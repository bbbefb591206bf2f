"""The window of NEDA: who is in it, where it ends, in which periods, and from which scan on."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from ranvier.course._neda import NedaGrid
from ranvier.course.neda_definition import NedaDefinition
from ranvier.errors import InputError
from ranvier.trial import take

__all__ = ["edges_of", "grid_of", "people_of"]


def people_of(
    visits: Any, relapses: Any, scans: pl.DataFrame | None, subjects: Any
) -> tuple[pl.DataFrame, int]:
    """Give each patient with the last day on which anything is known, and how many got no dose."""
    rows = [take(visits, "visits", ["subject", "day"])]
    if relapses is not None:
        rows.append(take(relapses, "relapses", ["subject", "day"]))
    if scans is not None:
        rows.append(scans.select("subject", "day"))
    seen = pl.concat(rows).drop_nulls("subject").group_by("subject").agg(pl.col("day").max().alias("seen"))
    if subjects is None:
        return seen.rename({"seen": "contact"}).sort("subject"), 0
    people = take(subjects, "subjects", ["subject"], optional=["last_contact_day", "treated"])
    treated = people.filter(pl.col("treated").fill_null(value=True))
    joined = treated.join(seen, on="subject", how="left")
    contact = pl.coalesce("last_contact_day", "seen").alias("contact")
    return joined.select("subject", contact).sort("subject"), people.height - treated.height


def edges_of(definition: NedaDefinition, schedule: Any, horizon_days: int | None) -> pl.DataFrame:
    """Give the periods of the window with the days within which visits and scans serve their end."""
    if (schedule is None) == (horizon_days is None):
        raise InputError("give either schedule or horizon_days, so that the window has one end.")
    start, low, high = definition.start_day, None, None
    if schedule is not None:
        end, low, high = _last_visit(schedule)
    elif isinstance(horizon_days, int) and not isinstance(horizon_days, bool):
        end = horizon_days
    else:
        raise InputError(f"horizon_days is {horizon_days!r}; it must be a whole number of days.")
    first = start if definition.rebaseline is None else definition.rebaseline[1]
    length = definition.period_days or end - start
    n = round((end - start) / length) if length > 0 else 0
    tolerance = max(definition.scan_tolerance_days, definition.visit_tolerance_days)
    if end <= first or n < 1 or abs(start + n * length - end) > tolerance or start + length <= first:
        raise InputError(
            f"a window from day {first} to day {end} cannot be parted into periods of {length} days that "
            f"begin on day {start}; change horizon_days, period_days or the re-baseline."
        )
    ends = [*(start + place * length for place in range(1, n)), end]
    frame = pl.DataFrame(
        {"period": range(1, n + 1), "from_day": [start, *ends[:-1]], "to_day": ends},
        schema={"period": pl.Int64, "from_day": pl.Int64, "to_day": pl.Int64},
    )
    is_last, to_day = pl.col("period") == n, pl.col("to_day")
    bounds = []
    for kind, days in (("visit", definition.visit_tolerance_days), ("scan", definition.scan_tolerance_days)):
        planned_low = to_day - days if low is None else pl.lit(low)
        planned_high = to_day + days if high is None else pl.lit(high)
        bounds += [
            pl.when(is_last).then(planned_low).otherwise(to_day - days).cast(pl.Int64).alias(f"{kind}_low"),
            pl.when(is_last).then(planned_high).otherwise(to_day + days).cast(pl.Int64).alias(f"{kind}_high"),
        ]
    return frame.with_columns(bounds)


def _last_visit(schedule: Any) -> tuple[int, int, int]:
    """Give day and window of the last planned visit."""
    columns = ["planned_day", "low_day", "high_day"]
    try:
        plan = nw.from_native(schedule, eager_only=True).to_polars()
    except TypeError as error:
        raise InputError(f"schedule is a {type(schedule).__name__}; use Protocol.schedule.") from error
    lacking = [name for name in columns if name not in plan.columns]
    if lacking or plan.is_empty():
        raise InputError(f"schedule lacks {lacking or 'rows'}; use Protocol.schedule.")
    day, low, high = plan.sort("planned_day").select(columns).row(-1)
    return int(day), int(low), int(high)


def grid_of(
    people: pl.DataFrame, scans: pl.DataFrame | None, definition: NedaDefinition, edges: pl.DataFrame
) -> NedaGrid:
    """Give each patient the first day that counts, and each period of the window."""
    placed = _rebaseline(people, scans, definition)
    periods = placed.join(edges, how="cross").with_columns(
        pl.when(pl.col("period") == 1).then("start").otherwise("from_day").alias("from_day")
    )
    columns = ["subject", "period", "from_day", "to_day", "visit_low", "visit_high", "scan_low", "scan_high"]
    return NedaGrid(
        definition=definition, people=placed, periods=periods.select(columns).sort("subject", "period")
    )


def _rebaseline(people: pl.DataFrame, scans: pl.DataFrame | None, definition: NedaDefinition) -> pl.DataFrame:
    """Add the first day that counts and the scan that lesions are counted from."""
    start = pl.lit(definition.start_day, dtype=pl.Int64)
    if definition.rebaseline is None:
        return people.with_columns(
            start.alias("start"),
            pl.lit(None, dtype=pl.Int64).alias("scan_start"),
            pl.lit(value=False).alias("needs_scan"),
        )
    low, high = definition.rebaseline
    middle = (low + high) // 2
    rows = pl.DataFrame(schema={"subject": pl.String, "day": pl.Int64}) if scans is None else scans
    chosen = (
        rows.filter(pl.col("day").is_between(low, high))
        .sort("subject", (pl.col("day") - middle).abs(), "day")
        .unique("subject", keep="first", maintain_order=True)
        .select("subject", pl.col("day").alias("scan_start"))
    )
    joined = people.join(chosen, on="subject", how="left", maintain_order="left")
    moved = pl.col("scan_start").fill_null(middle) + 1 if definition.rebaseline_clinical else start
    return joined.with_columns(moved.alias("start"), pl.lit(value=True).alias("needs_scan"))
