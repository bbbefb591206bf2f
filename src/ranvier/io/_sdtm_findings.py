"""Visits and scans of a trial as SV and the findings of SDTM (RS, FT, OE, NV)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ranvier.io import _sdtm_codes as codes
from ranvier.io._sdtm_columns import Dataset, dated, number, planned_visits, sequence, shown, split, times
from ranvier.io._sdtm_days import study_day
from ranvier.trial import Protocol, Trial

__all__ = ["findings"]

HANDS = {"dominant": "DOMINANT", "nondominant": "NONDOMINANT"}


def findings(trial: Trial) -> list[Dataset]:
    """Give SV, SUPPSV, RS, FT, OE and NV."""
    visits = _numbered(dated(trial.visits, trial), trial.protocol)
    attended = visits.select(
        pl.col("subject").alias("USUBJID"),
        "VISITNUM",
        "VISIT",
        "VISITDY",
        *times("SVST", "day"),
        *times("SVEN", "day"),
        pl.col("rater").alias("RATER"),
        "row",
    )
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in ("RS", "FT", "OE", "NV")}
    kurtzke = trial.protocol.edss_scheme == "kurtzke1983"
    for test in codes.VISIT_TESTS:
        if test.code == "NUMLCOR" or test.code.startswith("NSFS1" if kurtzke else "KFSS"):
            continue
        for side in test.sided or ("",):
            parts[test.domain].append(_rows(visits, test, side, pl.lit(None, dtype=pl.String)))
    scans = dated(trial.mri, trial).with_columns(
        pl.lit(None, dtype=pl.Float64).alias("VISITNUM"), pl.lit(None, dtype=pl.String).alias("VISIT")
    )
    if "mri" in trial.recorded:
        parts["NV"] += [
            _rows(scans, test, "", pl.col("region").str.to_uppercase()) for test in codes.MRI_TESTS
        ]
    made = [_one_domain(name, rows) for name, rows in parts.items()]
    empty = "mri" in trial.recorded
    kept = [each for each in made if each.frame.height or (each.name == "NV" and empty)]
    return [*split("SV", "visits", attended, {"RATER": "Examiner"}, by="VISITNUM"), *kept]


def _numbered(visits: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Give each visit its number and name; an unscheduled one takes a fraction after the visit before it."""
    plan = planned_visits(protocol).select("visit", pl.col("VISITNUM").alias("planned"), "planned_day")
    wide = visits.join(plan, on="visit", how="left", maintain_order="left")
    if plan.is_empty():
        order = {
            label: float(n)
            for n, label in enumerate(visits["visit"].drop_nulls().unique(maintain_order=True), 1)
        }
        wide = wide.with_columns(
            pl.col("visit").replace_strict(order, default=None, return_dtype=pl.Float64).alias("planned")
        )
    wide = wide.sort("subject", "day", maintain_order=True)
    before = pl.col("planned").forward_fill().over("subject").fill_null(0)
    after = pl.col("visit").is_null().cum_sum().over("subject")
    made = pl.coalesce("planned", (before + after * 0.01).round(2))
    known = pl.coalesce("visitnum", made) if "visitnum" in visits.columns else made
    wide = wide.with_columns(known.alias("VISITNUM"))
    name = pl.coalesce("visit", pl.format("UNSCHEDULED {}", shown(wide, "VISITNUM")))
    return wide.with_columns(name.alias("VISIT"), number(study_day(pl.col("planned_day"))).alias("VISITDY"))


def _rows(frame: pl.DataFrame, test: codes.Test, side: str, place: pl.Expr) -> pl.DataFrame:
    """Give the rows of one test (and side)."""
    column = test.column.format(side)
    value = pl.col(column)
    is_text = frame.schema[column] == pl.String
    text = shown(frame, column)
    lateral = HANDS.get(side, side.upper()) or None
    stem = test.domain
    return frame.filter(value.is_not_null()).select(
        pl.col("subject").alias("USUBJID"),
        pl.lit(test.code).alias(f"{stem}TESTCD"),
        pl.lit(test.name).alias(f"{stem}TEST"),
        pl.lit(test.category).alias(f"{stem}CAT"),
        text.alias(f"{stem}ORRES"),
        pl.lit(test.unit or None, dtype=pl.String).alias(f"{stem}ORRESU"),
        text.alias(f"{stem}STRESC"),
        (pl.lit(None, dtype=pl.Float64) if is_text else number(value)).alias(f"{stem}STRESN"),
        pl.lit(test.unit or None, dtype=pl.String).alias(f"{stem}STRESU"),
        place.alias(f"{stem}LOC"),
        pl.lit(lateral, dtype=pl.String).alias(f"{stem}LAT"),
        "VISITNUM",
        "VISIT",
        *times(stem, "day"),
        "row",
        "day",
    )


def _one_domain(name: str, parts: Iterable[pl.DataFrame]) -> Dataset:
    frame = pl.concat(list(parts)).sort("USUBJID", "day", maintain_order=True)
    frame = frame.select("USUBJID", sequence().alias(f"{name}SEQ"), pl.exclude("USUBJID", "day"))
    absent = [column for column in (f"{name}LOC", f"{name}LAT") if frame[column].null_count() == frame.height]
    return Dataset(name=name, table="visits and mri" if name == "NV" else "visits", frame=frame.drop(absent))
