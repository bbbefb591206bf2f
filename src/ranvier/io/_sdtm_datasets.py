"""The tables of a trial as SDTM datasets."""

from __future__ import annotations

import polars as pl

from ranvier.errors import InputError
from ranvier.io import _sdtm_codes as codes
from ranvier.io._sdtm_columns import (
    Dataset,
    as_written,
    dated,
    given,
    number,
    planned_visits,
    sequence,
    split,
    times,
    yes_no,
)
from ranvier.io._sdtm_days import study_day
from ranvier.io._sdtm_findings import findings
from ranvier.trial import Protocol, Trial

__all__ = ["datasets"]

TERMS = {
    "MS": "MULTIPLE SCLEROSIS",
    "NMOSD": "NEUROMYELITIS OPTICA SPECTRUM DISORDER",
    "MOGAD": "MYELIN OLIGODENDROCYTE GLYCOPROTEIN DISEASE (MOGAD)",
}
COURSES = {"RRMS": "RELAPSING-REMITTING ", "SPMS": "SECONDARY PROGRESSIVE ", "PPMS": "PRIMARY PROGRESSIVE "}
PRODUCTS = {
    "msc": "MSC",
    "msc_np": "MSC-NP",
    "msc_ntf": "MSC-NTF",
    "nsc": "NSC",
    "bm_mnc": "BM-MNC",
    "svf": "SVF",
    "ahsct": "AHSCT",
    "placebo": "PLACEBO",
}
OUTCOMES = {word: term for term, word in reversed(codes.OUTCOMES.items())}


def datasets(trial: Trial) -> list[Dataset]:
    """Give every dataset that the tables of a trial fill."""
    study = trial.protocol.id
    made = [*_design(trial.protocol), *_people(trial)]
    if "doses" in trial.recorded:
        made += _exposure(trial)
    if "adverse_events" in trial.recorded:
        made += _events(trial)
    if "relapses" in trial.recorded:
        made += _relapses(trial)
    made += findings(trial)
    return [
        Dataset(name=each.name, table=each.table, frame=_with_study(each, study))
        for each in made
        if each.frame.height or not each.name.startswith(("SUPP", "RS", "FT", "OE"))
    ]


def _with_study(dataset: Dataset, study: str) -> pl.DataFrame:
    head: list[pl.Expr] = [pl.lit(study).alias("STUDYID")]
    if not dataset.name.startswith("SUPP"):
        head.append(pl.lit(dataset.name).alias("DOMAIN"))
    return dataset.frame.select(*head, *dataset.frame.columns)


def _design(protocol: Protocol) -> list[Dataset]:
    """Give TS, TA and TV."""
    facts = {
        "TITLE": ("Trial Title", protocol.title),
        "INDIC": ("Trial Indication", TERMS.get(protocol.disease)),
        "RANDOM": ("Trial is Randomized", "Y" if protocol.control == "randomised" else None),
        "TBLIND": ("Trial Blinding Schema", protocol.masking and protocol.masking.upper()),
        "PLANSUB": ("Planned Number of Subjects", protocol.registered_n and str(protocol.registered_n)),
        "REGID": ("Registry Identifier", protocol.registration),
        "NARMS": ("Planned Number of Arms", str(len(protocol.arms)) if protocol.arms else None),
    }
    rows = [(code, name, value) for code, (name, value) in facts.items() if value]
    summary = pl.DataFrame(rows, schema=["TSPARMCD", "TSPARM", "TSVAL"], orient="row")
    arms = pl.DataFrame(
        [(arm.id, arm.label, 1.0, "TREATMENT") for arm in protocol.arms],
        schema={"ARMCD": pl.String, "ARM": pl.String, "TAETORD": pl.Float64, "EPOCH": pl.String},
        orient="row",
    )
    visits = planned_visits(protocol).select(
        "VISITNUM", pl.col("visit").alias("VISIT"), number(study_day(pl.col("planned_day"))).alias("VISITDY")
    )
    return [
        Dataset(name="TS", table="trial.toml", frame=summary.with_columns(TSSEQ=pl.lit(1.0), row=None)),
        Dataset(name="TA", table="trial.toml", frame=arms.with_columns(row=None)),
        Dataset(name="TV", table="trial.toml", frame=visits.with_columns(row=None)),
    ]


def _people(trial: Trial) -> list[Dataset]:
    """Give DM, SUPPDM and MH."""
    subjects = dated(trial.subjects, trial)
    labels = {arm.id: arm.label for arm in trial.protocol.arms}
    planned = pl.coalesce(given(subjects, "planned_arm"), "arm")
    got = pl.when(pl.col("treated")).then("arm").otherwise(pl.lit("NOTTRT"))
    actual = given(subjects, "actual_arm") if "actual_arm" in subjects.columns else got
    words = labels | {"NOTTRT": "Not Treated"}
    age = pl.col("age_years").is_not_null()
    days = [
        number(study_day(pl.col(name))).alias(qualifier) for name, qualifier in codes.QUALIFIER_DAYS.items()
    ]
    unknown = "doses" not in trial.recorded
    frame = subjects.select(
        pl.col("subject").alias("USUBJID"),
        pl.col("subject").alias("SUBJID"),
        pl.when("treated").then("origin").cast(pl.String).alias("RFSTDTC"),
        pl.when("treated").then("origin").cast(pl.String).alias("RFXSTDTC"),
        pl.when(~pl.col("treated")).then("origin").cast(pl.String).alias("RFICDTC"),
        pl.col("site").alias("SITEID"),
        pl.col("age_years").alias("AGE"),
        pl.when(age).then(pl.lit("YEARS")).alias("AGEU"),
        pl.col("sex").alias("SEX"),
        planned.alias("ARMCD"),
        planned.replace(words).alias("ARM"),
        actual.alias("ACTARMCD"),
        actual.replace(words).alias("ACTARM"),
        pl.col("aqp4").str.to_uppercase().alias("AQP4"),
        pl.col("phenotype").alias("PHENOTYP"),
        *days,
        pl.when(pl.lit(unknown)).then(yes_no(pl.col("treated"))).alias("TREATED"),
        "row",
    )
    labelled = {
        "AQP4": "Aquaporin-4 Antibody Status",
        "PHENOTYP": "Course of Multiple Sclerosis",
        "ONSETDY": "Study Day of First Symptom",
        "LATTKDY": "Study Day of Last Attack before Dose",
        "LRESCDY": "Study Day of Last Rescue before Dose",
        "ENROLDY": "Study Day of Enrolment",
        "LCONTDY": "Study Day of Last Contact",
        "TREATED": "Subject Was Treated",
    }
    term = pl.coalesce(pl.col("phenotype").replace(COURSES), pl.lit(""))
    whole = pl.when(pl.col("diagnosis") == "MS").then(term).otherwise(pl.lit("")) + pl.col(
        "diagnosis"
    ).replace(TERMS)
    history = subjects.filter(pl.col("diagnosis").is_not_null()).select(
        pl.col("subject").alias("USUBJID"),
        pl.lit(1.0).alias("MHSEQ"),
        whole.alias("MHTERM"),
        pl.lit("PRIMARY DIAGNOSIS").alias("MHCAT"),
        *times("MHST", "onset_day"),
        "row",
    )
    return [
        *split("DM", "subjects", frame, labelled, by=None),
        Dataset(name="MH", table="subjects", frame=history),
    ]


def _exposure(trial: Trial) -> list[Dataset]:
    """Give EX and SUPPEX."""
    doses = dated(trial.doses, trial)
    _require_day_0(doses)
    placebo = pl.col("product") == "placebo"
    nothing = doses.filter((pl.col("cells") == 0) & ~placebo)
    if nothing.height:
        row = nothing.row(0, named=True)
        raise InputError(
            f"doses, row {row['row']}, subject {row['subject']}, column cells: 0 cells of {row['product']!r} "
            "cannot be written, as 0 means in EX that nothing was given; empty the cell or correct it."
        )
    by_product = pl.when(placebo).then(pl.lit(0.0))
    amount: pl.Expr = pl.coalesce("cells", by_product)
    unit: pl.Expr = pl.when(pl.col("cells").is_not_null()).then(pl.lit("CELLS"))
    if "exdose" in doses.columns:
        kept = pl.col("exdose").is_not_null()
        amount = pl.when(kept).then("exdose").otherwise(amount)
        unit = pl.when(kept).then("exdosu").otherwise(unit)
    frame = doses.with_columns(pl.col("subject").alias("USUBJID")).select(
        "USUBJID",
        sequence().alias("EXSEQ"),
        pl.coalesce(given(doses, "extrt"), pl.col("product").replace(PRODUCTS)).alias("EXTRT"),
        amount.alias("EXDOSE"),
        unit.alias("EXDOSU"),
        pl.coalesce(given(doses, "exroute"), pl.col("route").str.to_uppercase()).alias("EXROUTE"),
        *times("EXST", "day"),
        *(times("EXEN", "end_day") if "end_day" in doses.columns else []),
        pl.col("source").alias("EXSOURCE"),
        pl.col("donor").alias("EXDONOR"),
        pl.col("cells_per_kg").alias("EXCELLKG"),
        pl.col("co_intervention").alias("EXCOINT"),
        "row",
    )
    labelled = {
        "EXSOURCE": "Tissue of Origin",
        "EXDONOR": "Autologous or Allogeneic",
        "EXCELLKG": "Cells per kg of Body Weight",
        "EXCOINT": "Co-intervention",
    }
    return split("EX", "doses", frame, labelled, by="EXSEQ")


def _require_day_0(doses: pl.DataFrame) -> None:
    first = (
        doses.group_by("subject").agg(pl.col("day").min(), pl.col("row").first()).filter(pl.col("day") != 0)
    )
    if first.height:
        row = first.sort("row").row(0, named=True)
        raise InputError(
            f"doses, row {row['row']}, subject {row['subject']}, column day: the first dose is on day "
            f"{row['day']}, but study days are counted from it; count all days from the first dose."
        )


def _events(trial: Trial) -> list[Dataset]:
    """Give AE and SUPPAE."""
    events = dated(trial.adverse_events, trial)
    related = (
        pl.when(pl.col("related"))
        .then(pl.lit("RELATED"))
        .when(~pl.col("related"))
        .then(pl.lit("NOT RELATED"))
    )
    start, start_flag = as_written(events, "aestdtc", "date", "day_flag")
    end, end_flag = as_written(events, "aeendtc", "end_date", "end_day_flag")
    own_number = given(events, "aeseq").cast(pl.Float64, strict=False)
    frame = events.with_columns(pl.col("subject").alias("USUBJID"), own_number.alias("number"))
    own = pl.col("number").is_not_null().all() & ~pl.struct("USUBJID", "number").is_duplicated().any()
    frame = frame.select(
        "USUBJID",
        pl.when(own).then("number").otherwise(sequence()).alias("AESEQ"),
        pl.coalesce(given(events, "aeterm"), "term").alias("AETERM"),
        pl.col("term").alias("AEDECOD"),
        pl.col("body_system").alias("AEBODSYS"),
        given(events, "aesev").alias("AESEV"),
        pl.col("grade").cast(pl.String).alias("AETOXGR"),
        yes_no(pl.col("serious")).alias("AESER"),
        pl.coalesce(given(events, "aerel"), related).alias("AEREL"),
        pl.col("outcome").replace(OUTCOMES).alias("AEOUT"),
        *times("AEST", "day", as_given=start, flag=start_flag),
        *times("AEEN", "end_day", as_given=end, flag=end_flag),
        given(events, "aetrtem").alias("AETRTEM"),
        yes_no(pl.col("procedure_related")).alias("AERELPRC"),
        "row",
    )
    labelled = {"AETRTEM": "Treatment Emergent Flag", "AERELPRC": "Related to the Procedure"}
    return split("AE", "adverse_events", frame, labelled, by="AESEQ")


def _relapses(trial: Trial) -> list[Dataset]:
    """Give CE and SUPPCE."""
    relapses = dated(trial.relapses, trial)
    start, start_flag = as_written(relapses, "cestdtc", "date", "day_flag")
    frame = relapses.with_columns(pl.col("subject").alias("USUBJID")).select(
        "USUBJID",
        sequence().alias("CESEQ"),
        pl.lit("RELAPSE").alias("CETERM"),
        pl.lit("RELAPSE").alias("CECAT"),
        pl.col("severity").str.to_uppercase().alias("CESEV"),
        *times("CEST", "day", as_given=start, flag=start_flag),
        *times("CEEN", "end_day"),
        yes_no(pl.col("rescue")).alias("CERESCUE"),
        yes_no(pl.col("confirmed")).alias("CECONF"),
        "row",
    )
    labelled = {"CERESCUE": "Treated with Steroids or Exchange", "CECONF": "Confirmed by Examination"}
    return split("CE", "relapses", frame, labelled, by="CESEQ")
