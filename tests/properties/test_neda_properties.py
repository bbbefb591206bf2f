"""What holds for the status of every patient, whatever was seen."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier import course
from ranvier.course import NEDA3, NEDA4, NedaDefinition
from ranvier.errors import RanvierWarning

pytestmark = pytest.mark.slow
QUICK = settings(max_examples=25, deadline=None)
HORIZON = 365
KEYS = ["status", "first_failing_component", "relapse", "worsening", "mri", "brain_volume"]
DAYS = ["from_day", "to_day", "first_failure_day", "failure_left_day", "follow_up_day"]
VISITS = {"subject": pl.String, "day": pl.Int64, "edss": pl.Float64}
RELAPSES = {"subject": pl.String, "day": pl.Int64}
SCANS = {
    "subject": pl.String,
    "day": pl.Int64,
    "region": pl.String,
    "new_t2": pl.Int64,
    "enlarging_t2": pl.Int64,
    "gad_count": pl.Int64,
    course.BRAIN_VOLUME_COLUMN: pl.Float64,
}
Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]

days = st.lists(st.integers(-60, 420), max_size=6, unique=True)
counts = st.sampled_from([None, 0, 0, 0, 1])


@st.composite
def trials(draw: Any) -> Tables:
    """Draw up to three patients with visits, relapses and scans, some of them with nothing."""
    visits, relapses, scans = [], [], []
    for number in range(draw(st.integers(1, 3))):
        name = f"P{number}"
        level = draw(st.sampled_from([2.0, 4.0, 5.5]))
        for day in sorted(draw(days)):
            level = min(max(level + draw(st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, -1.0])), 1.0), 9.5)
            visits.append((name, day, draw(st.sampled_from([level, level, level, None]))))
        relapses += [(name, day) for day in draw(st.lists(st.integers(-200, 420), max_size=2, unique=True))]
        for day in draw(days):
            volume = draw(st.sampled_from([None, -0.2, -0.9]))
            scans.append((name, day, "brain", draw(counts), draw(counts), draw(counts), volume))
    return (
        pl.DataFrame(visits, schema=VISITS, orient="row"),
        pl.DataFrame(relapses, schema=RELAPSES, orient="row"),
        pl.DataFrame(scans, schema=SCANS, orient="row"),
    )


definitions = st.sampled_from([NEDA3, NEDA4])


def people(tables: Tables) -> pl.DataFrame:
    """Name every patient, also one of whom only a relapse is known."""
    names = pl.concat([table["subject"] for table in tables]).unique().sort()
    return pl.DataFrame({"subject": names, "last_contact_day": [HORIZON] * len(names)})


def status(
    tables: Tables,
    definition: NedaDefinition,
    subjects: pl.DataFrame | None = None,
    *,
    horizon: int = HORIZON,
) -> pl.DataFrame:
    visits, relapses, mri = tables
    known = people(tables) if subjects is None else subjects
    with warnings.catch_warnings():  # visits that lie too close to confirm anything are drawn too
        warnings.simplefilter("ignore", RanvierWarning)
        found = course.neda(
            visits, relapses, mri, definition=definition, subjects=known, horizon_days=horizon
        ).table
    return found.sort("subject", "period")


def visited(tables: Tables) -> Tables:
    """Leave out relapses of patients without a visit, which are refused."""
    visits, relapses, mri = tables
    return visits, relapses.filter(pl.col("subject").is_in(visits["subject"].unique().implode())), mri


@QUICK
@given(trials().map(visited), definitions, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(tables, definition, random):
    expected = status(tables, definition)
    mixed = tuple(table[random.sample(range(table.height), table.height)] for table in tables)
    assert status(mixed, definition, people(tables)).equals(expected)
    assert status(mixed, definition, people(tables)[::-1]).equals(expected)


@QUICK
@given(trials().map(visited), definitions)
def test_a_silent_patient_changes_nobody_else(tables, definition):
    expected = status(tables, definition)
    silent = pl.DataFrame({"subject": ["Z"], "last_contact_day": [None]}, schema=people(tables).schema)
    more = status(tables, definition, pl.concat([people(tables), silent]))
    assert more.filter(pl.col("subject") != "Z").equals(expected)
    assert more.filter(subject="Z")["status"].to_list() == ["not evaluable"]


@QUICK
@given(trials().map(visited), definitions, st.integers(0, 1000))
def test_shifting_all_days_and_the_window_changes_nothing_but_days(tables, definition, shift):
    expected = status(tables, definition)
    moved = status(
        tuple(table.with_columns(pl.col("day") + shift) for table in tables),
        dataclasses.replace(definition, start_day=definition.start_day + shift),
        people(tables).with_columns(pl.col("last_contact_day") + shift),
        horizon=HORIZON + shift,
    )
    assert moved.select("subject", "period", *KEYS).equals(expected.select("subject", "period", *KEYS))
    assert moved.select(pl.col(DAYS) - shift).equals(expected.select(DAYS))


@QUICK
@given(trials().map(visited), definitions)
def test_patients_one_by_one_give_what_all_together_give(tables, definition):
    alone = []
    for name in people(tables)["subject"]:
        own = tuple(table.filter(subject=name) for table in tables)
        alone.append(status(own, definition, people(tables).filter(subject=name)))
    together = status(tables, definition)
    assert together.equals(pl.concat(alone)) if alone else together.is_empty()
