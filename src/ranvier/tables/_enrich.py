"""Tables widened by what a rule needs to know about the subject, the schedule and the row before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ranvier.tables._cells import suggestions
from ranvier.tables.schema import TABLES

__all__ = ["FUNCTIONAL_SYSTEMS", "HIGHEST_AMBULATION", "Plan", "enrich"]

FUNCTIONAL_SYSTEMS = (
    "visual",
    "brainstem",
    "pyramidal",
    "cerebellar",
    "sensory",
    "bowel_bladder",
    "cerebral",
)
GRADES = (*FUNCTIONAL_SYSTEMS, "ambulation")

HIGHEST_AMBULATION = {"0-16": 16, "0-12": 13}
"""Highest ambulation code of each coding (the older one is named 0-12; its 13 is death)."""

LAST_WALKING = {"0-16": 9, "0-12": 6}
"""Highest code of a patient who still walks a few steps (EDSS 6.5)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What the protocol says that the rules need."""

    schedule: pl.DataFrame
    arms: tuple[str, ...]
    ambulation_coding: str | None


def enrich(tables: Mapping[str, pl.DataFrame], plan: Plan) -> dict[str, pl.DataFrame]:
    """Give each table with the columns that the rules ask for, and `planned`: the visits that were due."""
    own = {name: tables[name].select(list(TABLES[name].schema)) for name in TABLES}
    own = {name: _duplicated(name, frame) for name, frame in own.items()}
    subjects = _subjects(own, plan)
    once = subjects.filter(pl.col("subject").is_not_null()).unique("subject", keep="none")
    attributes = once.select(
        "subject",
        "enrolled_day",
        "last_contact_day",
        "onset_day",
        "phenotype",
        "treated",
        "death_day",
        "first_dose_day",
    )
    names = subjects["subject"]
    frames = {"subjects": subjects}
    for name in TABLES:
        if name != "subjects":
            frames[name] = _of_subject(own[name], attributes, names)
    frames["visits"] = _visits(frames["visits"], plan)
    frames["relapses"] = _relapses(frames["relapses"])
    frames["mri"] = frames["mri"].with_columns(
        (pl.col("day") == pl.col("day").min().over("subject", "region")).alias("first_scan")
    )
    frames["planned"] = _planned(once, frames["visits"], plan)
    return frames


def _duplicated(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Mark rows that share their whole key with another row."""
    key = TABLES[name].key
    complete = pl.all_horizontal(pl.col(column).is_not_null() for column in key)
    return frame.with_columns(((pl.len().over(key) > 1) & complete).alias("duplicated"))


def _subjects(tables: Mapping[str, pl.DataFrame], plan: Plan) -> pl.DataFrame:
    """Add what the other tables say about each subject."""
    doses, visits, events = tables["doses"], tables["visits"], tables["adverse_events"]
    baseline = plan.schedule.filter("baseline")["visit"].to_list()
    fatal = (pl.col("grade") == 5) | (pl.col("outcome") == "fatal")
    died = pl.coalesce("end_day", "day")
    about = (
        doses.group_by("subject").agg(pl.col("day").min().alias("first_dose_day"), pl.len().alias("doses")),
        visits.group_by("subject").agg(
            pl.len().alias("visits"), pl.col("visit").is_in(baseline).sum().alias("baseline_visits")
        ),
        events.filter(fatal).group_by("subject").agg(died.max().alias("death_day")),
        tables["relapses"]
        .filter(pl.col("day") < 0)
        .group_by("subject")
        .agg(pl.col("day").max().alias("last_relapse_before")),
    )
    frame = tables["subjects"]
    for part in about:
        frame = frame.join(part, on="subject", how="left")
    known = pl.col("arm").is_in(plan.arms) if plan.arms else pl.lit(True)
    return frame.with_columns(
        pl.col("doses", "visits", "baseline_visits").fill_null(0),
        known.alias("arm_known"),
        _hint(frame["arm"], list(plan.arms)).alias("arm_hint"),
        pl.lit(", ".join(plan.arms)).alias("arms"),
        pl.lit(doses.height > 0).alias("doses_given"),
        pl.lit(bool(baseline)).alias("baseline_planned"),
    )


def _of_subject(frame: pl.DataFrame, attributes: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    members = names.drop_nulls().unique().to_frame().with_columns(subject_known=True)
    wide = frame.join(attributes, on="subject", how="left").join(members, on="subject", how="left")
    wide = wide.with_columns(pl.col("subject_known").fill_null(False) | pl.col("subject").is_null())
    unknown = wide.filter(~pl.col("subject_known"))["subject"]
    hint = pl.lit(None, dtype=pl.String) if unknown.is_empty() else _hint(unknown, _few(names))
    return wide.with_columns(hint.alias("subject_hint"))


MOST_NAMES = 2000
"""Subjects that a misspelt one is compared with; comparing with more takes long."""


def _few(names: pl.Series) -> list[str]:
    return names.drop_nulls().unique().sort().head(MOST_NAMES).to_list()


def _hint(words: pl.Series, allowed: list[str]) -> pl.Expr:
    """Give the closest allowed word for each word that is not allowed, as an expression on its column."""
    unknown = words.filter(~words.is_in(allowed))
    close = suggestions(unknown, allowed)
    if not close:
        return pl.lit(None, dtype=pl.String)
    return pl.col(words.name).replace_strict(close, default=None, return_dtype=pl.String)


def _visits(visits: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Add the schedule and the visit before."""
    labels = plan.schedule["visit"].to_list()
    known = pl.col("visit").is_in(labels) if labels else pl.lit(True)
    coding = plan.ambulation_coding
    frame = visits.join(plan.schedule, on="visit", how="left").with_columns(
        (known | pl.col("visit").is_null()).alias("label_known"),
        _hint(visits["visit"], labels).alias("label_hint"),
        pl.lit(", ".join(labels)).alias("labels"),
        ((pl.len().over("subject", "visit") > 1) & pl.col("visit").is_not_null()).alias("label_twice"),
        pl.lit(coding is not None).alias("coded"),
        pl.lit(HIGHEST_AMBULATION.get(coding or "", 16)).alias("highest_ambulation"),
        (pl.col("ambulation") <= LAST_WALKING.get(coding or "", 0)).alias("walks"),
        pl.all_horizontal(pl.col(*GRADES).is_not_null()).alias("graded"),
        pl.max_horizontal("acuity_right_logmar", "acuity_left_logmar").alias("worse_eye"),
    )
    return _with_visit_before(frame)


def _with_visit_before(visits: pl.DataFrame) -> pl.DataFrame:
    """Add change of EDSS since the last one known, and how far grades moved since the row before.

    Two rows for one visit have no before and after, so they take no part.
    """
    single = ~pl.col("duplicated") & pl.col("day").is_not_null()
    edss = pl.when(single).then("edss")
    has_edss = edss.is_not_null()
    same = pl.col("subject") == pl.col("subject").shift(1)
    moves = [pl.col(name) - pl.col(name).shift(1) for name in (*GRADES, "edss")]
    complete = pl.all_horizontal(move.is_not_null() for move in moves) & same & single & single.shift(1)
    grades = moves[:-1]
    return (
        visits.sort("subject", "day")
        .with_columns(
            edss.forward_fill().shift(1).alias("edss_before"),
            pl.when(has_edss).then("day").forward_fill().shift(1).alias("edss_before_day"),
            pl.when(has_edss).then("subject").forward_fill().shift(1).alias("edss_before_subject"),
            pl.when(complete).then(moves[-1]).alias("edss_move"),
            pl.when(complete).then(pl.max_horizontal(grades)).alias("highest_move"),
            pl.when(complete).then(pl.min_horizontal(grades)).alias("lowest_move"),
        )
        .with_columns(
            pl.when(pl.col("edss_before_subject") == pl.col("subject"), single)
            .then(pl.col("edss") - pl.col("edss_before"))
            .alias("edss_change")
        )
    )


def _relapses(relapses: pl.DataFrame) -> pl.DataFrame:
    """Add the days since the relapse before."""
    days = relapses.select("subject", "day").drop_nulls().unique().sort("subject", "day")
    same = pl.col("subject") == pl.col("subject").shift(1)
    gaps = days.with_columns(pl.when(same).then(pl.col("day") - pl.col("day").shift(1)).alias("gap"))
    return relapses.join(gaps, on=["subject", "day"], how="left")


def _planned(subjects: pl.DataFrame, visits: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Give the scheduled visits that are missing: of treated subjects whose follow-up covers the window."""
    due = (
        subjects.filter("treated")
        .select("subject", "last_contact_day", pl.lit(None, dtype=pl.Int64).alias("row"))
        .join(plan.schedule.filter(~pl.col("baseline")), how="cross")
        .filter(pl.col("high_day") <= pl.col("last_contact_day"))
        .rename({"planned_day": "day"})
    )
    return due.join(visits.select("subject", "visit").drop_nulls(), on=["subject", "visit"], how="anti")
