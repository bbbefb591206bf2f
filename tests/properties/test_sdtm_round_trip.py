"""SDTM and back: whatever a valid trial holds comes back, and days survive the missing day 0."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.io import read_sdtm, write_sdtm
from ranvier.io._sdtm_days import day_of, study_day
from ranvier.tables import EDSS_STEPS, TABLES, parse
from ranvier.trial import Arm, Protocol, Trial, VisitWindow

TEXT = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=12
)
DAYS = st.integers(-4000, 4000)
FORMATS = st.sampled_from(["csv", "dataset-json", "xpt"])
DOSE_CHOICES = {"source": "source", "donor": "donor", "route": "route"}


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def choice(table: str, column: str) -> st.SearchStrategy[str]:
    return st.sampled_from(TABLES[table].column(column).allowed)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    """Draw a valid trial of one to three patients with every table."""
    names = draw(st.lists(TEXT, min_size=1, max_size=3, unique=True))
    scheme = draw(st.sampled_from(["neurostatus", "kurtzke1983"]))
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for name in names:
        treated = draw(st.booleans())
        rows["subjects"].append(_subject(draw, name, treated=treated))
        days = [0, *draw(st.lists(st.integers(1, 400), max_size=2, unique=True))] if treated else []
        rows["doses"] += [_dose(draw, name, day) for day in days]
        for day in draw(st.lists(DAYS, max_size=3, unique=True)):
            rows["visits"].append(_visit(draw, name, day, scheme))
        if rows["visits"] and rows["visits"][-1]["subject"] == name:
            rows["visits"][-1]["visit"] = draw(st.sampled_from([None, "baseline", "Month 6"]))
        for day in draw(st.lists(DAYS, max_size=2, unique=True)):
            rows["relapses"].append(_relapse(draw, name, day))
            rows["adverse_events"].append(_event(draw, name, day))
            rows["mri"].append(_scan(draw, name, day))
    protocol = Protocol(
        id="drawn",
        title="A drawn trial",
        design="rct_parallel",
        data_kind="simulated",
        disease="mixed",
        edss_scheme=scheme,
        ambulation_coding="0-16",
        arms=(Arm(id="a", label="Cells"), Arm(id="b", label="Placebo", role="control")),
        visits=(VisitWindow(label="baseline", day=0, baseline=True), VisitWindow(label="Month 6", day=183)),
    )
    kept = {name: content for name, content in rows.items() if content or name != "mri"}
    return Trial(protocol=protocol, tables={name: _table(name, content) for name, content in kept.items()})


def _table(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {column.name: column.dtype for column in TABLES[name].columns}
    typed, found = parse(name, pl.DataFrame(rows, schema=schema))
    assert found.is_empty()
    return typed


def _subject(draw: st.DrawFn, name: str, *, treated: bool) -> dict[str, Any]:
    days = ("onset_day", "last_attack_day", "last_rescue_day", "enrolled_day", "last_contact_day")
    return {
        "subject": name,
        "arm": draw(st.sampled_from(["a", "b"])),
        "sex": draw(optional(choice("subjects", "sex"))),
        "age_years": draw(optional(st.floats(0, 110).filter(lambda age: age == 0 or age > 1e-6))),
        "diagnosis": draw(choice("subjects", "diagnosis")),
        "phenotype": draw(optional(choice("subjects", "phenotype"))),
        "aqp4": draw(optional(choice("subjects", "aqp4"))),
        **{day: draw(optional(DAYS)) for day in days},
        "treated": treated,
        "site": draw(optional(TEXT)),
    }


def _dose(draw: st.DrawFn, name: str, day: int) -> dict[str, Any]:
    product = draw(choice("doses", "product"))
    cells = st.integers(0 if product == "placebo" else 1, 10**10).map(float)
    return {
        "subject": name,
        "day": day,
        "product": product,
        **{column: draw(optional(choice("doses", column))) for column in DOSE_CHOICES},
        "cells": draw(optional(cells)),
        "cells_per_kg": draw(optional(st.floats(1, 1e8))),
        "co_intervention": draw(optional(TEXT)),
    }


def _visit(draw: st.DrawFn, name: str, day: int, scheme: str) -> dict[str, Any]:
    row: dict[str, Any] = {"subject": name, "day": day, "visit": None, "rater": draw(optional(TEXT))}
    for column in TABLES["visits"].columns[4:]:
        if column.name == "edss":
            row["edss"] = draw(optional(st.sampled_from(EDSS_STEPS)))
        elif column.kind == "integer":
            row[column.name] = draw(optional(st.integers(int(column.low or 0), int(column.high or 0))))
        else:
            low = max(column.low or 0.0, 0.0) or 0.01
            row[column.name] = draw(optional(st.floats(low, column.high)))
    if scheme == "kurtzke1983":
        row["ambulation"] = None
    return row


def _relapse(draw: st.DrawFn, name: str, day: int) -> dict[str, Any]:
    flags = {column: draw(optional(st.booleans())) for column in ("rescue", "confirmed")}
    end = draw(optional(st.integers(day, day + 90)))
    severity = draw(optional(choice("relapses", "severity")))
    return {"subject": name, "day": day, "end_day": end, "severity": severity, **flags}


def _event(draw: st.DrawFn, name: str, day: int) -> dict[str, Any]:
    return {
        "subject": name,
        "day": day,
        "term": draw(TEXT),
        "end_day": draw(optional(st.integers(day, day + 90))),
        "body_system": draw(optional(TEXT)),
        "grade": draw(optional(st.integers(1, 5))),
        "serious": draw(st.booleans()),
        "related": draw(optional(st.booleans())),
        "outcome": draw(optional(choice("adverse_events", "outcome"))),
        "procedure_related": draw(optional(st.booleans())),
    }


def _scan(draw: st.DrawFn, name: str, day: int) -> dict[str, Any]:
    counts = ("gad_count", "new_t2", "enlarging_t2")
    return {
        "subject": name,
        "day": day,
        "region": draw(choice("mri", "region")),
        "t2_count": draw(st.integers(0, 200)),
        "t2_volume_mm3": draw(optional(st.floats(0.01, 1e5))),
        **{count: draw(optional(st.integers(0, 50))) for count in counts},
        "mask": draw(optional(TEXT)),
    }


@pytest.mark.slow
@settings(max_examples=25)
@given(trial=trials(), form=FORMATS)
def test_a_trial_written_as_sdtm_comes_back(trial: Trial, form: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        back = read_sdtm(write_sdtm(trial, Path(folder) / "one", format=form))
        again = read_sdtm(write_sdtm(back, Path(folder) / "two", format=form))
    assert back.protocol == trial.protocol == again.protocol
    assert back.recorded == trial.recorded == again.recorded
    for name, table in TABLES.items():
        own = [column.name for column in table.columns]
        wanted = trial.tables[name].select(own).sort(own)
        assert back.tables[name].select(own).sort(own).equals(wanted), name
        columns = [column for column in back.tables[name].columns if column != "row"]
        first = back.tables[name].select(columns).sort(own)
        assert again.tables[name].select(columns).sort(own).equals(first), name


@given(st.integers(-100_000, 100_000))
def test_study_days_have_no_day_0_and_lose_nothing(day: int) -> None:
    number, back = pl.select(
        study_day(pl.lit(day)).alias("n"), day_of(study_day(pl.lit(day))).alias("b")
    ).row(0)
    assert number != 0
    assert back == day
