"""SV and the findings of SDTM (RS, QS, FT, OE, NV), turned into visits and scans."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ranvier.io import _sdtm_codes as codes
from ranvier.io._sdtm_days import place
from ranvier.io._sdtm_files import Domain, Sources
from ranvier.io._sdtm_rules import finding, once
from ranvier.result import plural
from ranvier.tables import table

__all__ = ["Measured", "measured", "scans", "visits"]

Found = list[pl.DataFrame]

FINDINGS = ("RS", "QS", "FT", "OE", "NV", "MO")
UNSCHEDULED = r"UNSCHED|UNPLAN"
LOW_CONTRAST = r"LOW[- ]CONTRAST|SLOAN|\b(1\.25|2\.5)\s*%"
PASAT_2 = r"\b2\s*-?\s*(S|SEC|SECOND)\b|PASAT[- ]?2\b"
LETTERS_AT_0, LOGMAR_PER_LETTER = 1.7, 0.02
"""An ETDRS chart: logMAR = 1.7 less 0.02 for each letter (see `ranvier.scales.logmar`)."""
SIDES = {"RIGHT": "right", "LEFT": "left", "R": "right", "L": "left", "OD": "right", "OS": "left"}
HANDS = {"DOMINANT": "dominant", "NON-DOMINANT": "nondominant", "NONDOMINANT": "nondominant"}
REGIONS = {"BRAIN": "brain", "SPINAL CORD": "spinal cord"}
is_mask = pl.col("column") == codes.MASK.column
SCHEMA = {
    "subject": pl.String,
    "day": pl.Int64,
    "visitnum": pl.Float64,
    "visit": pl.String,
    "column": pl.String,
    "region": pl.String,
    "value": pl.Float64,
    "shown": pl.String,
    "row": pl.Int64,
    "file": pl.String,
}


class Measured:
    """Every finding that has a column, one row each, and the visits that took place."""

    def __init__(self, rows: pl.DataFrame, attended: pl.DataFrame) -> None:
        self.rows = rows
        self.attended = attended


def measured(sources: Sources, clock: pl.DataFrame, labels: dict[str, str]) -> tuple[Measured, Found]:
    """Give the findings that have a place, with their day; `labels` are the planned visits by capitals."""
    attended, found = _attended(sources, clock, labels)
    hands = _hands(sources)
    parts = [pl.DataFrame(schema=SCHEMA)]
    for domain in sources.get(*FINDINGS):
        if domain.has("USUBJID", f"{domain.name}TESTCD"):
            rows, about = _values(domain, clock, hands)
            parts.append(rows)
            found += about
        else:
            said = f"USUBJID or {domain.name}TESTCD is missing"
            found.append(once("sdtm-not-mapped", file=domain.file, value=said))
    rows = pl.concat(parts)
    if not sources.get("SV"):
        attended = _from_findings(rows, labels, attended)
    rows = _on_visit_days(rows, attended)
    lost = rows.filter(pl.col("day").is_null())
    for file, part in lost.group_by("file", maintain_order=True):
        found.append(finding("sdtm-no-day", part, file=str(file[0]), column="day", value=pl.col("column")))
    return Measured(rows.filter(pl.col("day").is_not_null()), attended), found


def _attended(sources: Sources, clock: pl.DataFrame, labels: dict[str, str]) -> tuple[pl.DataFrame, Found]:
    """Give one row for each visit of SV: its days, and its label where it was planned."""
    none = {"subject": pl.String, "visitnum": pl.Float64, "start": pl.Int64, "end": pl.Int64}
    empty = pl.DataFrame(
        schema=none | {"visit": pl.String, "rater": pl.String, "row": pl.Int64, "file": pl.String}
    )
    for sv in sources.get("SV"):
        placed, found = place(sv, clock, stem="SVST")
        ends, about = place(sv, clock, stem="SVEN", edge="last")
        label = sv.upper("VISIT")
        frame = placed.select(
            pl.col("USUBJID").alias("subject"),
            sv.number("VISITNUM").alias("visitnum"),
            pl.col("day").alias("start"),
            pl.coalesce(ends["day"], "day").alias("end"),
            _label(label, sv.text("VISIT"), sv.number("VISITNUM"), labels).alias("visit"),
            sv.text("RATER").alias("rater"),
            "row",
            pl.lit(sv.file).alias("file"),
            label.alias("given"),
            (pl.coalesce(sv.upper("SVOCCUR"), pl.lit("Y")) == "N").alias("missed"),
        )
        missed = frame.filter("missed").height
        if missed:
            said = plural(missed, "visit that was missed", "visits that were missed")
            found.append(once("sdtm-not-mapped", file=sv.file, column="SVOCCUR", value=said))
        frame = frame.filter(~pl.col("missed"))
        lost = frame.filter(pl.col("start").is_null())
        found.append(finding("sdtm-no-day", lost, file=sv.file, column="day", value=pl.col("given")))
        kept = frame.filter(pl.col("start").is_not_null())
        return kept.select(empty.columns), [*found, *about, *_about_labels(sv, frame)]
    return empty, []


def _from_findings(rows: pl.DataFrame, labels: dict[str, str], attended: pl.DataFrame) -> pl.DataFrame:
    """Give the visits that findings name, where there is no SV."""
    named = rows.filter(pl.col("day").is_not_null()).select(
        "subject",
        "visitnum",
        pl.col("day").alias("start"),
        pl.col("day").alias("end"),
        _label(pl.col("visit").str.to_uppercase(), pl.col("visit"), pl.col("visitnum"), labels).alias(
            "visit"
        ),
        pl.lit(None, dtype=pl.String).alias("rater"),
        "row",
        "file",
    )
    return named.unique(["subject", "start", "visit"], keep="first", maintain_order=True).select(
        attended.columns
    )


def _label(folded: pl.Expr, given: pl.Expr, number: pl.Expr, labels: dict[str, str]) -> pl.Expr:
    """Give the planned label of a visit; as given where no visits are planned; null when unscheduled."""
    if labels:
        return folded.replace_strict(labels, default=None, return_dtype=pl.String)
    planned = ~folded.str.contains(UNSCHEDULED) & ((number % 1 == 0) | number.is_null())
    return pl.when(planned).then(given)


def _about_labels(sv: Domain, frame: pl.DataFrame) -> Found:
    """Count the visits that are in no plan, those called unscheduled apart from the others."""
    free = frame.filter(pl.col("visit").is_null())
    called = free.filter(pl.col("given").str.contains(UNSCHEDULED).fill_null(value=True))
    fractional = frame.filter(pl.col("visitnum") % 1 != 0).height
    found = []
    if free.height:
        rows_of = plural(fractional, "row")
        said = f"{plural(called.height, 'unscheduled visit')}; {rows_of} with a fractional VISITNUM"
        found.append(once("sdtm-assumed", file=sv.file, column="VISIT", value=said))
    other = free.join(called.select("row"), on="row", how="anti")
    for word, rows in other.group_by("given", maintain_order=True):
        said = f"{word[0]} is not planned: {plural(rows.height, 'visit')} without a label"
        found.append(once("sdtm-assumed", file=sv.file, column="VISIT", value=said))
    return found


def _hands(sources: Sources) -> pl.DataFrame:
    """Give the dominant hand of each subject, from SC."""
    for sc in sources.get("SC"):
        name = pl.concat_str([pl.coalesce(sc.upper(each), pl.lit("")) for each in ("SCTEST", "SCTESTCD")])
        asked = name.str.contains("HAND") & name.str.contains("DOM")
        answer = pl.coalesce(sc.upper("SCSTRESC"), sc.upper("SCORRES"))
        return (
            sc.frame.filter(asked)
            .select(
                pl.col("USUBJID").alias("subject"), answer.replace(SIDES).str.to_lowercase().alias("dominant")
            )
            .filter(pl.col("dominant").is_in(["right", "left"]))
            .unique("subject", keep="first", maintain_order=True)
        )
    return pl.DataFrame(schema={"subject": pl.String, "dominant": pl.String})


def _values(domain: Domain, clock: pl.DataFrame, hands: pl.DataFrame) -> tuple[pl.DataFrame, Found]:
    """Give the findings of one domain that have a column, in its unit."""
    name = domain.name
    placed, found = place(domain, clock, stem=name)
    exact = pl.when(pl.col("flag").is_null()).then("day")  # the day of the visit serves better than a guess
    detail = pl.concat_str(
        [
            pl.coalesce(domain.upper(f"{name}{each}"), pl.lit(""))
            for each in ("CAT", "SCAT", "TSTDTL", "METHOD")
        ],
        separator=" ",
    )
    standard = pl.coalesce(domain.number(f"{name}STRESN"), domain.number(f"{name}STRESC"))
    original = pl.when(domain.text(f"{name}STRESC").is_null()).then(domain.number(f"{name}ORRES"))
    rows = placed.select(
        pl.col("USUBJID").alias("subject"),
        exact.alias("day"),
        domain.number("VISITNUM").alias("visitnum"),
        domain.text("VISIT").alias("visit"),
        domain.upper(f"{name}TESTCD").alias("code"),
        detail.alias("detail"),
        domain.upper(f"{name}LAT").alias("side"),
        domain.upper(f"{name}LOC").alias("place"),
        pl.coalesce(standard, original).alias("number"),
        pl.when(standard.is_null() & original.is_not_null())
        .then(domain.upper(f"{name}ORRESU"))
        .otherwise(domain.upper(f"{name}STRESU"))
        .alias("unit"),
        pl.coalesce(
            domain.text(f"{name}STRESC"),
            domain.text(f"{name}ORRES"),
            domain.text(f"{name}STAT"),
            pl.lit("empty"),
        ).alias("shown"),
        "row",
        pl.lit(domain.file).alias("file"),
    ).join(hands, on="subject", how="left", maintain_order="left")
    wide = _in_columns(rows)
    found += _about_values(domain, wide)
    good = wide.filter(pl.col("column").is_not_null() & (pl.col("value").is_not_null() | is_mask))
    return good.select(list(SCHEMA)).cast(pl.Schema(SCHEMA)), found


def _in_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the column, the region and the value in the column's unit; null where there is none."""
    side = pl.col("side").replace_strict(SIDES, default=None, return_dtype=pl.String)
    hand = pl.coalesce(
        pl.col("side").replace_strict(HANDS, default=None, return_dtype=pl.String),
        pl.when(side == pl.col("dominant")).then(pl.lit("dominant")),
        pl.when(side != pl.col("dominant")).then(pl.lit("nondominant")),
    )
    region = pl.col("place").replace_strict(REGIONS, default=None, return_dtype=pl.String)
    column: pl.Expr = pl.lit(None, dtype=pl.String)
    factor: pl.Expr = pl.lit(None, dtype=pl.Float64)
    for test in (*codes.VISIT_TESTS, *codes.MRI_TESTS):
        here = pl.col("code") == test.code
        named: pl.Expr = pl.lit(test.column)
        if test.sided:
            named = pl.format(test.column, hand if "dominant" in test.sided else side)
        elif test in codes.MRI_TESTS:
            named = pl.when(region.is_not_null()).then(named)
        column = pl.when(here & ~_other_test(test.code)).then(named).otherwise(column)
        scale: pl.Expr = pl.lit(1.0)
        if test.units:
            scale = (
                pl.col("unit")
                .fill_null(test.unit.upper())
                .replace_strict(test.units, default=None, return_dtype=pl.Float64)
            )
        factor = pl.when(here).then(scale).otherwise(factor)
    value = pl.col("number") * factor
    letters = LETTERS_AT_0 - LOGMAR_PER_LETTER * pl.col("number")
    value = pl.when(pl.col("code") == "NUMLCOR").then(letters).otherwise(value)
    return rows.with_columns(column.alias("column"), region.alias("region"), value.alias("value"))


def _other_test(code: str) -> pl.Expr:
    """Say where a code stands for another test than the column: PASAT-2, low contrast, no ETDRS chart."""
    detail = pl.col("detail")
    if code == "PASAT101":
        return detail.str.contains(PASAT_2)
    if code == "NUMLCOR":
        return detail.str.contains(LOW_CONTRAST) | ~detail.str.contains("ETDRS")
    if code == "MNARSLOG":
        return detail.str.contains(LOW_CONTRAST)
    return pl.lit(False)


def _about_values(domain: Domain, wide: pl.DataFrame) -> Found:
    """Count the tests that have no column, and the results that are no value of theirs."""
    found = []
    unmapped = wide.filter(pl.col("column").is_null())
    by_code = unmapped.group_by("code", maintain_order=True).agg(pl.len().alias("n"), pl.col("side").first())
    for code, n, _ in by_code.iter_rows():
        known = any(code == test.code for test in (*codes.VISIT_TESTS, *codes.MRI_TESTS))
        why = (
            " (side, region, chart or version is not the one of a column, or the dominant hand is not known)"
        )
        said = f"{code}: {plural(n, 'row')}{why if known else ''}"
        found.append(once("sdtm-not-mapped", file=domain.file, column=f"{domain.name}TESTCD", value=said))
    empty = wide.filter(pl.col("column").is_not_null() & pl.col("value").is_null() & ~is_mask)
    shown = pl.when(pl.col("number").is_null()).then("shown").otherwise(pl.format("unit {}", "unit"))
    by_result = empty.group_by("code", shown.alias("shown"), maintain_order=True).len()
    for code, result, n in by_result.iter_rows():
        said = f"{code} = {result} ({plural(n, 'row')})"
        found.append(once("sdtm-not-a-value", file=domain.file, column=f"{domain.name}STRESN", value=said))
    return found


def _on_visit_days(rows: pl.DataFrame, attended: pl.DataFrame) -> pl.DataFrame:
    """Put a finding on the first day of its visit when it has no day or lies within the days of the visit."""
    days = attended.select("subject", "visitnum", "start", "end").drop_nulls("visitnum")
    days = days.unique(["subject", "visitnum"], keep="first", maintain_order=True)
    wide = rows.join(days, on=["subject", "visitnum"], how="left", maintain_order="left")
    inside = pl.col("day").is_null() | pl.col("day").is_between(pl.col("start"), pl.col("end"))
    moved = pl.when(inside).then(pl.coalesce("start", "day")).otherwise("day")
    return wide.with_columns(moved.alias("day")).drop("start", "end")


def _settled(rows: pl.DataFrame, key: list[str]) -> tuple[pl.DataFrame, Found]:
    """Give one value for each key and column: the mean of trials, else the first; name what was chosen."""
    averaged = [
        test.column.format(side)
        for test in codes.VISIT_TESTS
        if test.averaged
        for side in (test.sided or ("",))
    ]
    by = [*key, "column"]
    grouped = rows.sort("file", "row").group_by(by, maintain_order=True).agg(
        pl.col("value").first().alias("first"),
        pl.col("value").mean().alias("mean"),
        pl.col("value").n_unique().alias("different"),
        pl.len().alias("n"),
        pl.col("row").first(),
        pl.col("file").first(),
        pl.col("value").cast(pl.String).str.join(", ").alias("shown"),
    )  # fmt: skip
    is_mean = pl.col("column").is_in(averaged)
    settled = grouped.with_columns(
        pl.when(is_mean & (pl.col("different") > 1)).then("mean").otherwise("first").alias("value")
    )
    found: Found = []
    clash = grouped.filter(~is_mean & (pl.col("different") > 1))
    for (file, column), part in clash.group_by("file", "column", maintain_order=True):
        found.append(
            finding("sdtm-value-twice", part, file=str(file), column=str(column), value=pl.col("shown"))
        )
    means = grouped.filter(is_mean & (pl.col("n") > 1))
    for (file, column), part in means.group_by("file", "column", maintain_order=True):
        said = plural(part.height, "visit")
        found.append(once("sdtm-trials-averaged", file=str(file), column=str(column), value=said))
    return settled, found


def visits(held: Measured) -> tuple[pl.DataFrame, Found]:
    """Give the table of visits, ready to parse: one row for each subject and day."""
    own = [column.name for column in table("visits").columns]
    columns = {name for test in codes.VISIT_TESTS for name in _names(test)}
    values, found = _settled(held.rows.filter(pl.col("column").is_in(columns)), ["subject", "day"])
    attended, about = _one_a_day(held.attended)
    days = pl.concat([attended.select("subject", "day"), values.select("subject", "day")]).unique()
    wide = days.join(attended, on=["subject", "day"], how="left")
    if values.height:
        pivoted = values.pivot(on="column", index=["subject", "day"], values="value")
        first = values.group_by("subject", "day").agg(pl.col("row").min().alias("other_row"))
        wide = wide.join(pivoted, on=["subject", "day"], how="left").join(
            first, on=["subject", "day"], how="left"
        )
        wide = wide.with_columns(pl.coalesce("row", "other_row").alias("row"))
    absent = [pl.lit(None).alias(name) for name in own if name not in wide.columns]
    return wide.with_columns(absent).sort("subject", "day").select(*own, "row", "visitnum"), [*found, *about]


def _names(test: codes.Test) -> Iterable[str]:
    return [test.column.format(side) for side in test.sided] if test.sided else [test.column]


def _one_a_day(attended: pl.DataFrame) -> tuple[pl.DataFrame, Found]:
    """Join visits on one day: the planned label stays; name days with two planned labels."""
    days = attended.sort("visitnum", nulls_last=True).group_by("subject", pl.col("start").alias("day")).agg(
        pl.col("visit").drop_nulls().first(),
        pl.col("visit").drop_nulls().n_unique().alias("labels"),
        pl.col("visit").drop_nulls().str.join(", ").alias("shown"),
        pl.col("rater").drop_nulls().first(),
        pl.col("visitnum").first(),
        pl.col("row").min(),
        pl.col("file").first(),
    )  # fmt: skip
    two = days.filter(pl.col("labels") > 1).sort("row")
    found = [
        finding("sdtm-visits-joined", part, file=str(file[0]), column="VISIT", value=pl.col("shown"))
        for file, part in two.group_by("file", maintain_order=True)
    ]
    return days.drop("labels", "shown", "file"), found


def scans(held: Measured) -> tuple[pl.DataFrame, Found]:
    """Give the table of scans, ready to parse: one row for each subject, day and region."""
    own = [column.name for column in table("mri").columns]
    columns = [test.column for test in codes.MRI_TESTS]
    key = ["subject", "day", "region"]
    values, found = _settled(held.rows.filter(pl.col("column").is_in(columns) & ~is_mask), key)
    masks = (
        held.rows.filter(is_mask)
        .group_by(key)
        .agg(pl.col("shown").first().alias("mask"), pl.col("row").min())
    )
    if values.is_empty() and masks.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(own, pl.String) | {"row": pl.Int64}), found
    wide = values.group_by(key).agg(pl.col("row").min()).join(masks, on=key, how="full", coalesce=True)
    if values.height:
        wide = wide.join(values.pivot(on="column", index=key, values="value"), on=key, how="left")
    absent = [pl.lit(None).alias(name) for name in own if name not in wide.columns]
    wide = wide.with_columns(pl.coalesce("row", "row_right").alias("row"), *absent)
    return wide.sort(key).select(*own, "row"), found
