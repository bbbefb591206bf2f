"""DM, EX, DS and MH of SDTM, turned into subjects and doses."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ranvier.io import _sdtm_codes as codes
from ranvier.io._sdtm_days import day_of, place
from ranvier.io._sdtm_files import Domain, Sources
from ranvier.io._sdtm_rules import finding, once
from ranvier.result import plural
from ranvier.tables import table

__all__ = ["Assigned", "assign", "doses", "given_doses", "matched", "subjects"]

NOT_ASSIGNED = r"SCR\w*\s?\W?FAIL|SCREEN FAIL|NOT ?ASS"
NO_ARM = r"NOT ?TR(EA)?T|NOT ?ASS|SCR\w*\s?\W?FAIL"
"""Words of ARM and ACTARM that name no arm."""
AGE_UNITS = {"YEARS": 1.0, "MONTHS": 1 / 12, "WEEKS": 7 / 365.25, "DAYS": 1 / 365.25}
CELL_UNITS = {"CELLS": 1.0, "CELL": 1.0, "10^6 CELLS": 1e6, "10^9 CELLS": 1e9}
PER_KG_UNITS = {"CELLS/KG": 1.0, "10^6 CELLS/KG": 1e6}

Found = list[pl.DataFrame]


def matched(text: pl.Expr, patterns: tuple[tuple[str, str], ...]) -> pl.Expr:
    """Give the word of the first pattern that a text contains."""
    value: pl.Expr = pl.lit(None, dtype=pl.String)
    for pattern, word in reversed(patterns):
        value = pl.when(text.str.to_uppercase().str.contains(pattern)).then(pl.lit(word)).otherwise(value)
    return value


def given_doses(sources: Sources) -> Domain | None:
    """Give EX without the rows in which nothing was given; a dose of 0 counts for placebo only."""
    if "EX" not in sources.domains:
        return None
    ex = sources.domains["EX"]
    amount, name = ex.number("EXDOSE"), pl.coalesce(ex.upper("EXTRT"), pl.lit(""))
    given = (amount > 0) | amount.is_null() | ((amount == 0) & name.str.contains(codes.PLACEBO))
    done = pl.coalesce(ex.upper("EXOCCUR"), pl.lit("Y")) != "N"
    return Domain(name="EX", file=ex.file, frame=ex.frame.filter(given & done))


class Assigned:
    """Who of DM was assigned to an arm, and who was screened only."""

    def __init__(self, people: pl.DataFrame, screened: pl.DataFrame, arms: pl.DataFrame) -> None:
        self.people = people
        self.screened = screened
        self.arms = arms

    def keep(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Leave out the rows of subjects who were screened only."""
        return frame.join(self.screened, on="USUBJID", how="anti", maintain_order="left")


def assign(dm: Domain, given: Domain | None, arm: str) -> tuple[Assigned, Found]:
    """Give each subject the arm of the analysis; `arms` lists id and label of every arm seen."""
    dosed = [] if given is None else given.frame["USUBJID"].drop_nulls().unique().to_list()
    named = pl.concat_str(
        [pl.coalesce(dm.upper(name), pl.lit("")) for name in ("ARMCD", "ARM", "ARMNRS")], separator=" "
    )
    planned = pl.coalesce(dm.text("ARMCD"), dm.text("ARM"))
    actual = pl.coalesce(dm.text("ACTARMCD"), dm.text("ACTARM"))
    wide = dm.frame.with_columns(
        planned.alias("planned_arm"),
        actual.alias("actual_arm"),
        pl.coalesce(dm.text("ARM"), dm.text("ARMCD")).alias("label"),
        pl.coalesce(dm.text("ACTARM"), dm.text("ACTARMCD")).alias("actual_label"),
        pl.col("USUBJID").is_in(dosed).alias("treated"),
        pl.col("USUBJID").alias("subject"),
        (named.str.contains(NOT_ASSIGNED) | planned.is_null()).alias("unassigned"),
        pl.coalesce(dm.text("ARM"), dm.text("ARMNRS"), dm.text("ARMCD"), pl.lit("no arm")).alias("why"),
    )
    no_actual = actual.is_null() | pl.coalesce(dm.upper("ACTARM"), dm.upper("ACTARMCD")).str.contains(NO_ARM)
    wide = wide.with_columns(no_actual.alias("no_actual"))
    out = wide.filter(pl.col("unassigned") & ~pl.col("treated"))
    kept = wide.filter(~pl.col("unassigned") | pl.col("treated"))
    chosen = pl.col("planned_arm")
    if arm == "actual":
        chosen = pl.when(pl.col("no_actual")).then("planned_arm").otherwise("actual_arm")
    kept = kept.with_columns(chosen.alias("arm"))
    differ = kept.filter((pl.col("planned_arm") != pl.col("actual_arm")) & ~pl.col("no_actual"))
    both = pl.format("planned {}, got {}", "planned_arm", "actual_arm")
    found = [
        finding("sdtm-screen-failure", out, file=dm.file, column="ARM", value=pl.col("why")),
        finding("sdtm-arm-differs", differ, file=dm.file, column="ACTARM", value=both),
    ]
    listed = [kept.filter(~pl.col("unassigned")).select(pl.col("planned_arm").alias("id"), "label")]
    if arm == "actual":
        listed.append(
            kept.filter(~pl.col("no_actual")).select(pl.col("actual_arm").alias("id"), label="actual_label")
        )
    arms = pl.concat(listed).unique("id", keep="first", maintain_order=True).sort("id")
    return Assigned(kept, out.select("USUBJID").unique(), arms), found


def subjects(
    sources: Sources, assigned: Assigned, clock: pl.DataFrame, disease: str | None
) -> tuple[pl.DataFrame, Found]:
    """Give the table of subjects, ready to parse, and what was found."""
    dm = Domain(name="DM", file=sources.domains["DM"].file, frame=assigned.people)
    frame = dm.frame.join(clock, on="USUBJID", how="left", maintain_order="left")
    sex = dm.upper("SEX")
    unit = pl.coalesce(dm.upper("AGEU"), pl.lit("YEARS")).replace_strict(
        AGE_UNITS, default=None, return_dtype=pl.Float64
    )
    found: Found = []
    frame = frame.with_columns(
        pl.when(sex.is_in(["F", "M"])).then(sex).alias("sex"),
        (dm.number("AGE") * unit).alias("age_years"),
        dm.text("SITEID").alias("site"),
        pl.col("origin").cast(pl.String).alias("day0_date"),
        dm.text("AQP4").str.to_lowercase().alias("aqp4"),
        dm.upper("PHENOTYP").alias("said_phenotype"),
    )
    found += _unknown_words(dm, "SEX", sex.is_not_null() & ~sex.is_in(["F", "M", "U"]))
    found += _unknown_words(dm, "AGEU", dm.text("AGEU").is_not_null() & unit.is_null())
    frame, about = _treated(sources, dm, frame)
    found += about
    frame, about = _diagnosed(sources, frame, clock, disease)
    found += about
    frame, about = _dated(sources, dm, frame, clock)
    found += about
    untreated = frame.filter(~pl.col("treated").fill_null(value=True) & pl.col("origin").is_not_null())
    found.append(finding("sdtm-assumed", untreated, file=dm.file, column="day 0", value=UNTREATED))
    own = [column.name for column in table("subjects").columns]
    return frame.select(*own, "row", "planned_arm", "actual_arm", "day0_date"), found


UNTREATED = "no dose: days are counted from RFSTDTC, else from consent (RFICDTC) or DMDTC"


def _unknown_words(domain: Domain, column: str, failing: pl.Expr) -> Found:
    rows = domain.frame.filter(failing).with_columns(pl.col("USUBJID").alias("subject"))
    return [finding("sdtm-word-unknown", rows, file=domain.file, column=column, value=domain.text(column))]


def _treated(sources: Sources, dm: Domain, frame: pl.DataFrame) -> tuple[pl.DataFrame, Found]:
    """Take the treated from EX; an arm in which nobody was dosed is an error."""
    if "EX" in sources.domains:
        by_arm = frame.group_by("arm", maintain_order=True).agg(pl.col("treated").any(), pl.col("row").min())
        empty = by_arm.filter(~pl.col("treated") & pl.col("arm").is_not_null())
        about = finding("sdtm-arm-without-exposure", empty, file=dm.file, column="ARM", value=pl.col("arm"))
        return frame, [about]
    said = dm.upper("TREATED").replace_strict(codes.YES_NO, default=None, return_dtype=pl.Boolean)
    frame = frame.with_columns(said.alias("treated"))
    if frame["treated"].null_count():
        return frame, [once("sdtm-no-exposure", file=dm.file, column="treated")]
    return frame, [
        once("sdtm-assumed", file=dm.file, column="treated", value="taken from SUPPDM TREATED, without EX")
    ]


def _diagnosed(
    sources: Sources, frame: pl.DataFrame, clock: pl.DataFrame, disease: str | None
) -> tuple[pl.DataFrame, Found]:
    """Add diagnosis, course and onset from MH; where MH says nothing, the disease of the protocol."""
    none = {"diagnosis": pl.String, "phenotype": pl.String, "mh_onset": pl.Int64}
    known = pl.DataFrame(schema={"USUBJID": pl.String, **none})
    found: Found = []
    file = sources.domains["DM"].file
    for mh in sources.get("MH"):
        text = pl.concat_str(
            [pl.coalesce(mh.text(name), pl.lit("")) for name in ("MHDECOD", "MHTERM")], separator=" "
        )
        named = mh.frame.with_columns(
            matched(text, codes.DIAGNOSES).alias("diagnosis"),
            matched(text, codes.PHENOTYPES).alias("phenotype"),
        )
        of_disease = named.filter(pl.col("diagnosis").is_not_null())
        placed, _ = place(
            Domain(name="MH", file=mh.file, frame=of_disease), clock, stem="MHST", edge="first", bounded=False
        )
        known = placed.group_by("USUBJID", maintain_order=True).agg(
            pl.col("diagnosis").drop_nulls().first(),
            pl.col("phenotype").drop_nulls().first(),
            pl.col("day").min().alias("mh_onset"),
        )
        partial = placed.filter(pl.col("flag").is_not_null()).with_columns(pl.col("USUBJID").alias("subject"))
        shown = mh.text("MHSTDTC")
        found.append(finding("sdtm-date-partial", partial, file=mh.file, column="MHSTDTC", value=shown))
        other = named.height - of_disease.height
        if other:
            said = f"{plural(other, 'row')} without a diagnosis of MS, NMOSD or MOGAD"
            found.append(once("sdtm-not-mapped", file=mh.file, column="MHTERM", value=said))
    frame = frame.join(known, on="USUBJID", how="left", maintain_order="left")
    frame = frame.with_columns(pl.coalesce("said_phenotype", "phenotype").alias("phenotype"))
    if frame["diagnosis"].null_count() and disease in ("MS", "NMOSD"):
        rows = frame.filter(pl.col("diagnosis").is_null())
        found.append(
            finding("sdtm-assumed", rows, file=file, column="diagnosis", value=f"{disease}, of the protocol")
        )
        frame = frame.with_columns(pl.col("diagnosis").fill_null(disease))
    elif frame["diagnosis"].null_count() == frame.height and frame.height:
        found.append(once("sdtm-disease-unknown", file=file, column="diagnosis"))
    return frame, found


def _dated(
    sources: Sources, dm: Domain, frame: pl.DataFrame, clock: pl.DataFrame
) -> tuple[pl.DataFrame, Found]:
    """Add the days of enrolment, last contact and history: study days of SUPPDM, else dates of DM and DS."""
    said = {
        name: day_of(dm.number(qualifier)) - pl.col("offset")
        for name, qualifier in codes.QUALIFIER_DAYS.items()
    }
    frame = frame.with_columns(
        expression.cast(pl.Int64).alias(f"said_{name}") for name, expression in said.items()
    )
    unread: Found = []
    for name, stem in (("consent", "RFIC"), ("end", "RFPEN"), ("death", "DTH")):
        placed, about = place(dm, clock, stem=stem, edge="last", bounded=False)
        unread += [each for each in about if each["rule"].to_list()[:1] == ["sdtm-not-a-date"]]
        frame = frame.with_columns(pl.when(placed["flag"].is_null()).then(placed["day"]).alias(name))
    steps = _disposition(sources, clock)
    frame = frame.join(steps, on="USUBJID", how="left", maintain_order="left")
    last = pl.coalesce(pl.min_horizontal("end", "death"), "ds_last")
    frame = frame.with_columns(
        pl.coalesce("said_onset_day", "mh_onset").alias("onset_day"),
        pl.col("said_last_attack_day").alias("last_attack_day"),
        pl.col("said_last_rescue_day").alias("last_rescue_day"),
        pl.coalesce("said_enrolled_day", "ds_enrolled", "consent", "ds_consent").alias("enrolled_day"),
        pl.coalesce("said_last_contact_day", last).alias("last_contact_day"),
    )
    consented = frame.filter(
        pl.col("said_enrolled_day").is_null()
        & pl.col("ds_enrolled").is_null()
        & pl.col("enrolled_day").is_not_null()
    )
    from_ds = frame.filter(
        pl.col("said_last_contact_day").is_null() & pl.col("end").is_null() & pl.col("death").is_null()
    )
    from_ds = from_ds.filter(pl.col("ds_last").is_not_null())
    found = unread
    if consented.height:
        text = f"informed consent taken for enrolment in {plural(consented.height, 'subject')}"
        found.append(once("sdtm-assumed", file=dm.file, column="enrolled_day", value=text))
    if from_ds.height:
        text = f"the last date of DS taken for the last contact in {plural(from_ds.height, 'subject')}"
        found.append(once("sdtm-assumed", file=dm.file, column="last_contact_day", value=text))
    return frame, found


def _disposition(sources: Sources, clock: pl.DataFrame) -> pl.DataFrame:
    """Give per subject the day of enrolment, of consent and of the last record of DS."""
    steps = pl.DataFrame(
        schema={"USUBJID": pl.String} | dict.fromkeys(("ds_enrolled", "ds_consent", "ds_last"), pl.Int64)
    )
    for ds in sources.get("DS"):
        placed, _ = place(ds, clock, stem="DSST", edge="last", bounded=False)
        exact = placed.filter(pl.col("flag").is_null()).with_columns(ds.upper("DSDECOD").alias("what"))
        what = pl.col("what")
        steps = exact.group_by("USUBJID").agg(
            pl.col("day").filter(what == "ENROLLED").min().alias("ds_enrolled"),
            pl.col("day").filter(what == "INFORMED CONSENT OBTAINED").min().alias("ds_consent"),
            pl.col("day").max().alias("ds_last"),
        )
    return steps


def doses(given: Domain, clock: pl.DataFrame, products: Mapping[str, str]) -> tuple[pl.DataFrame, Found]:
    """Give the table of doses, ready to parse: one row for each subject and first day of an interval."""
    placed, found = place(given, clock, stem="EXST")
    ends, _ = place(given, clock, stem="EXEN", edge="last")
    frame = placed.with_columns(ends["day"].alias("end_day"), pl.col("USUBJID").alias("subject"))
    chosen = {name.upper(): product for name, product in products.items()}
    name = given.upper("EXTRT")
    product = pl.coalesce(
        name.replace_strict(chosen, default=None, return_dtype=pl.String), matched(name, codes.PRODUCT_WORDS)
    )
    unit = given.upper("EXDOSU")
    route = given.upper("EXROUTE")
    cells = unit.replace_strict(CELL_UNITS, default=None, return_dtype=pl.Float64)
    per_kg = unit.replace_strict(PER_KG_UNITS, default=None, return_dtype=pl.Float64)
    amount = given.number("EXDOSE")
    frame = frame.with_columns(
        product.alias("product"),
        given.text("EXSOURCE").str.to_lowercase().alias("source"),
        given.text("EXDONOR").str.to_lowercase().alias("donor"),
        route.replace_strict(codes.ROUTES, default=None, return_dtype=pl.String).alias("route"),
        (amount * cells).alias("cells"),
        pl.coalesce(amount * per_kg, given.number("EXCELLKG")).alias("cells_per_kg"),
        given.text("EXCOINT").alias("co_intervention"),
        given.text("EXTRT").alias("extrt"),
        amount.alias("exdose"),
        given.text("EXDOSU").alias("exdosu"),
        given.text("EXROUTE").alias("exroute"),
    )
    unknown = frame.filter(pl.col("product").is_null())
    for word, rows in unknown.group_by("extrt", maintain_order=True):
        value = f"{word[0]} ({plural(rows.height, 'row')})"
        found.append(once("sdtm-product-unknown", file=given.file, column="product", value=value))
    for word, rows in frame.filter(pl.col("route").is_null() & pl.col("exroute").is_not_null()).group_by(
        "exroute"
    ):
        value = f"{word[0]} ({plural(rows.height, 'row')})"
        found.append(once("sdtm-route-unknown", file=given.file, column="route", value=value))
    lost = frame.filter(pl.col("day").is_null() | pl.col("subject").is_null())
    found.append(finding("sdtm-no-day", lost, file=given.file, column="EXSTDTC"))
    return _one_a_day(frame, given.file, found)


def _one_a_day(frame: pl.DataFrame, file: str, found: Found) -> tuple[pl.DataFrame, Found]:
    """Join rows that begin on one day; amounts are added where the unit and the product are the same."""
    key = ["subject", "day"]
    twice = frame.filter((pl.len().over(key) > 1) & pl.col("day").is_not_null())
    found.append(finding("sdtm-doses-joined", twice, file=file, column="EXSTDTC", value=pl.col("extrt")))
    own = [column.name for column in table("doses").columns if column.name not in key]
    extra = ["row", "end_day", "extrt", "exdose", "exdosu", "exroute"]
    alone = frame.join(twice.select("row"), on="row", how="anti").select(*key, *own, *extra)
    if twice.is_empty():
        return alone, found
    same = (pl.col("extrt").n_unique() == 1) & (pl.col("exdosu").n_unique() == 1)

    def _joined(name: str) -> pl.Expr:
        value = pl.col(name)
        if name in ("cells", "cells_per_kg", "exdose"):
            return pl.when(same & value.is_not_null().all()).then(value.sum())
        return value.max() if name == "end_day" else value.drop_nulls().first()

    twice = twice.sort((pl.col("product") == "placebo").fill_null(value=False), "row")
    joined = twice.group_by(key, maintain_order=True).agg(
        _joined(name).alias(name) for name in [*own, *extra]
    )
    return pl.concat([alone, joined.select(alone.columns)]).sort("row"), found
