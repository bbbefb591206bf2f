"""AE and CE of SDTM, turned into adverse events and relapses."""

from __future__ import annotations

import polars as pl

from ranvier.io import _sdtm_codes as codes
from ranvier.io._sdtm_days import place
from ranvier.io._sdtm_files import Domain
from ranvier.io._sdtm_rules import finding, once
from ranvier.result import plural
from ranvier.tables import table

__all__ = ["adverse_events", "relapses"]

Found = list[pl.DataFrame]

PROCEDURE = ("AERELPRC", "AERELPR", "AERELPROC")
"""Where sponsors write whether an event is related to the procedure; SDTM has no variable for it."""
CRITERIA = ("AESDTH", "AESHOSP", "AESLIFE", "AESDISAB", "AESCONG", "AESMIE")
"""What makes an event serious."""
KEPT = ("AESEQ", "AETERM", "AESEV", "AEREL", "AESTDTC", "AEENDTC", "AETRTEM")
"""Columns that are kept as given, in small letters."""


def adverse_events(ae: Domain, clock: pl.DataFrame) -> tuple[pl.DataFrame, Found]:
    """Give the table of adverse events, ready to parse, and what was found."""
    placed, found = place(ae, clock, stem="AEST")
    ends, about = place(ae, clock, stem="AEEN", edge="last")
    found += about
    serious, related = ae.upper("AESER"), ae.upper("AEREL")
    fulfilled = pl.any_horizontal(ae.upper(name) == "Y" for name in CRITERIA)
    procedure = pl.coalesce(ae.upper(name) for name in PROCEDURE)
    flag = pl.coalesce(_word(serious, codes.YES_NO, pl.Boolean), pl.when(fulfilled).then(pl.lit(True)))
    frame = placed.with_columns(
        pl.col("USUBJID").alias("subject"),
        ends["day"].alias("end_day"),
        ends["flag"].alias("end_day_flag"),
        pl.col("flag").alias("day_flag"),
        pl.coalesce(ae.text("AEDECOD"), ae.text("AETERM")).alias("term"),
        pl.coalesce(ae.text("AEBODSYS"), ae.text("AESOC")).alias("body_system"),
        ae.text("AETOXGR").str.extract(r"(?i)^(?:grade\s*)?([1-5])$", 1).alias("grade"),
        flag.alias("serious"),
        _word(related, codes.RELATED, pl.Boolean).alias("related"),
        _word(ae.upper("AEOUT"), codes.OUTCOMES, pl.String).alias("outcome"),
        _word(procedure, codes.YES_NO, pl.Boolean).alias("procedure_related"),
        *(ae.text(name).alias(name.lower()) for name in KEPT),
    )
    frame = frame.with_columns(
        pl.max_horizontal("end_day", pl.when(pl.col("end_day_flag").is_not_null()).then("day"))
    )
    found += _about_events(ae, frame)
    own = [column.name for column in table("adverse_events").columns]
    return frame.select(*own, "row", "day_flag", "end_day_flag", *(name.lower() for name in KEPT)), found


def _word(text: pl.Expr, words: dict[str, bool] | dict[str, str], dtype: type[pl.DataType]) -> pl.Expr:
    return text.replace_strict(words, default=None, return_dtype=dtype)


def _about_events(ae: Domain, frame: pl.DataFrame) -> Found:
    """Name events without a day, words that are not understood, and how relation was read."""
    cases = {
        "AESER": "serious",
        "AEREL": "related",
        "AEOUT": "outcome",
        "AETOXGR": "grade",
    }
    found = [
        finding("sdtm-word-unknown", frame.filter(ae.text(name).is_not_null() & pl.col(column).is_null()),
                file=ae.file, column=name, value=ae.text(name))
        for name, column in cases.items()
    ]  # fmt: skip
    lost = frame.filter(pl.col("day").is_null())
    found.append(finding("sdtm-no-day", lost, file=ae.file, column="day", value=pl.col("term")))
    before = frame.filter(pl.col("day") < 0).height
    if before:
        said = f"{before} of {frame.height} rows"
        found.append(once("sdtm-before-first-dose", file=ae.file, column="AESTDTC", value=said))
    seen = frame.select(ae.upper("AEREL").alias("word"), "related").drop_nulls().unique().sort("word")
    if seen.height:
        parts = {True: "related", False: "not related"}
        said = "; ".join(f"{word} = {parts[flag]}" for word, flag in seen.iter_rows())
        found.append(once("sdtm-assumed", file=ae.file, column="AEREL", value=said))
    if frame.height and frame["grade"].null_count() == frame.height and ae.has("AESEV"):
        said = "AESEV is no CTCAE grade: grade stays empty, the word stands in aesev"
        found.append(once("sdtm-assumed", file=ae.file, column="AESEV", value=said))
    return found


def relapses(ce: Domain, clock: pl.DataFrame) -> tuple[pl.DataFrame, Found]:
    """Give the table of relapses, ready to parse: the clinical events that are called so and occurred."""
    named = pl.concat_str(
        [pl.coalesce(ce.upper(name), pl.lit("")) for name in ("CECAT", "CESCAT", "CEDECOD", "CETERM")],
        separator=" ",
    )
    occurred = pl.coalesce(ce.upper("CEOCCUR"), pl.lit("Y")) != "N"
    is_relapse = named.str.contains(codes.RELAPSE)
    found: Found = []
    for failing, what in (
        (~is_relapse, ("row that is no relapse", "rows that are no relapse")),
        (is_relapse & ~occurred, ("relapse that did not occur", "relapses that did not occur")),
    ):
        n = ce.frame.filter(failing).height
        if n:
            found.append(once("sdtm-not-mapped", file=ce.file, column="CETERM", value=plural(n, *what)))
    chosen = Domain(name="CE", file=ce.file, frame=ce.frame.filter(is_relapse & occurred))
    placed, about = place(chosen, clock, stem="CEST")
    ends, about_ends = place(chosen, clock, stem="CEEN", edge="last")
    severity = chosen.upper("CESEV").str.to_lowercase()
    frame = placed.with_columns(
        pl.col("USUBJID").alias("subject"),
        ends["day"].alias("end_day"),
        pl.when(severity.is_in(["mild", "moderate", "severe"])).then(severity).alias("severity"),
        _word(chosen.upper("CERESCUE"), codes.YES_NO, pl.Boolean).alias("rescue"),
        _word(chosen.upper("CECONF"), codes.YES_NO, pl.Boolean).alias("confirmed"),
        pl.col("flag").alias("day_flag"),
        chosen.text("CESTDTC").alias("cestdtc"),
    )
    unknown = frame.filter(pl.col("severity").is_null() & chosen.text("CESEV").is_not_null())
    found += [
        *about,
        *about_ends,
        finding("sdtm-word-unknown", unknown, file=ce.file, column="CESEV", value=chosen.text("CESEV")),
        finding("sdtm-no-day", frame.filter(pl.col("day").is_null()), file=ce.file, column="CESTDTC"),
    ]
    own = [column.name for column in table("relapses").columns]
    return frame.select(*own, "row", "day_flag", "cestdtc"), found
