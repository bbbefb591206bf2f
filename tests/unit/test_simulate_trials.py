"""Virtual trials: the tables of reading, through the whole analysis; many trials in blocks."""

from __future__ import annotations

import dataclasses
import runpy
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.course import CDW_12W
from ranvier.simulate import (
    Design,
    Effect,
    Group,
    Plan,
    _plan_data,
    replicate,
    replicates,
    trial,
    virtual_trials,
)
from ranvier.simulate._cohort import draw_cohort
from ranvier.simulate._endpoints import CONFIRMATION, needed, worsening_of_rows
from ranvier.trial import Arm, VisitWindow

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("simulated.py")))
DESIGN: Design = MADE["design"]()


@pytest.mark.parametrize("made", [DESIGN, MADE["nmosd"]()], ids=["MS", "NMOSD"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_virtual_trial_has_no_errors(made: Design, seed: int) -> None:
    found = trial(made, seed=seed).check().table
    assert found.filter(severity="error").is_empty(), found.filter(severity="error").row(0, named=True)


@pytest.mark.slow
def test_a_virtual_trial_goes_through_analysis_and_report() -> None:
    made = trial(DESIGN, seed=1)
    analysis = rv.verdict.analyse(made)
    assert analysis.attack_unknown == 0
    assert analysis.flow.treated == 24
    assert rv.report.build(made).banner.startswith("Simulated, not patients")


def test_it_has_the_patients_visits_and_scans_that_were_planned() -> None:
    plain = dataclasses.replace(DESIGN, dropout_per_year=0.0, missed_share=0.0)
    made = trial(plain, seed=4)
    assert made.recorded == {"subjects", "doses", "visits", "relapses", "mri", "adverse_events"}
    assert (
        made.subjects.group_by("arm", "phenotype").len().sort("arm", "phenotype")["len"].to_list()
        == [8, 4] * 2
    )
    planned = made.visits.filter(pl.col("visit").is_not_null())
    assert planned.height == 24 * 4
    unscheduled = made.visits.height - planned.height
    after = made.relapses.filter(pl.col("day") >= 0).height
    assert 0 < unscheduled <= after
    assert made.mri.height == 24 * 3
    assert made.doses.group_by("product").len().sort("product")["len"].to_list() == [12, 12]


def test_patients_leave_and_miss_visits_when_the_design_says_so() -> None:
    many = dataclasses.replace(DESIGN, dropout_per_year=1.0, missed_share=0.3)
    made = trial(many, seed=4)
    assert made.visits.filter(visit="baseline").height == 24
    assert made.visits.filter(visit="month 12").height < 15
    assert made.subjects["last_contact_day"].min() < 300  # type: ignore[operator]


def test_the_same_seed_repeats_a_trial() -> None:
    first, again, other = (trial(DESIGN, seed=seed) for seed in (1, 1, 2))
    assert all(first.tables[name].equals(again.tables[name]) for name in first.tables)
    assert not first.visits.equals(other.visits)


def test_scans_show_the_lesions_per_year_of_the_model_whatever_their_day() -> None:
    visits = (MADE["VISITS"][0], *(VisitWindow(label=f"day {day}", day=day) for day in (14, 45, 121)))
    arms = (Arm(id="cells", label="Cells", planned_n=6_000),)
    protocol = MADE["protocol"](visits=visits, arms=arms, endpoints=(), design="single_arm")
    made = Design(
        protocol=protocol, groups=(Group(phenotype="RRMS"),), scans=tuple(visit.label for visit in visits)
    )
    scans = (
        trial(made, seed=1)
        .mri.sort("subject", "day")
        .with_columns(years=pl.col("day").diff().over("subject") / 365.25)
    )
    late = scans.filter(pl.col("day") > 0)
    assert scans.filter(pl.col("day") <= 0)["new_t2"].null_count() == 6_000
    for _, rows in late.group_by("day"):
        rate = rows["new_t2"].sum() / rows["years"].sum()
        counts = rows["new_t2"].to_numpy()
        assert abs(rate - 5.5) < 4 * counts.std() / rows["years"].mean() / len(counts) ** 0.5
    enhancing = scans["gad_count"].to_numpy()
    assert abs(12 * enhancing.mean() - 5.5) < 4 * 12 * enhancing.std() / 6_000**0.5


def test_an_effect_shows() -> None:
    strong = {"cells": Effect(relapse_ratio=0.2, edss_shift=-1.0)}
    found = replicate(dataclasses.replace(DESIGN, effects=strong), n_trials=400, seed=1).table
    arms = found.group_by("arm").agg(pl.col("edss_change", "relapses").mean()).sort("arm")
    cells, placebo = arms.rows()
    assert placebo[1] - cells[1] > 0.8
    assert cells[2] / placebo[2] == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize("spread", [0, 14, 40])
def test_the_array_endpoint_is_that_of_the_course_part(spread: int) -> None:
    """Confirmed worsening of visits within windows and without relapses, against course.worsening."""
    rng = np.random.default_rng(3)
    days = np.array([91, 182, 273, 364]) + rng.integers(-spread, spread, (400, 4), endpoint=True)
    base = rng.integers(4, 13, 400).astype(np.int8)
    written = (base[:, None] + rng.integers(-1, 4, (400, 4))).astype(np.int8)
    written[rng.random((400, 4)) < 0.1] = -1
    names = [f"P{place:03d}" for place in range(400)]
    rows = [
        (name, day, value / 2)
        for place, name in enumerate(names)
        for day, value in zip([0, *days[place].tolist()], [base[place], *written[place]], strict=True)
        if value >= 0
    ]
    visits = pl.DataFrame(rows, schema=["subject", "day", "edss"], orient="row")
    need = needed(CDW_12W.outcomes[0].worsening)
    for window in (CONFIRMATION, rv.course.Window(days=84), rv.course.Window(days=84, left=3, right=20)):
        rule = dataclasses.replace(CDW_12W, confirmation=rv.course.Confirmation(windows=(window,)))
        theirs = set(rv.course.worsening(visits, definition=rule).table["subject"])
        ours = worsening_of_rows(base, written, days, need, window=window)
        assert {name for name, worse in zip(names, ours, strict=True) if worse} == theirs
        assert 40 < len(theirs) < 360
    assert CDW_12W.confirmation.windows == (CONFIRMATION,)


@pytest.mark.parametrize("spread", [0, 14, 40])
def test_confirmed_worsening_of_plans_and_replicates_is_that_of_the_tables(spread: int) -> None:
    visits = (
        MADE["VISITS"][0],
        *(
            VisitWindow(label=f"month {month}", day=round(30.4375 * month), window=(-spread, spread))
            for month in (3, 6, 9, 12)
        ),
    )
    rule = CDW_12W.outcomes[0].worsening
    made = dataclasses.replace(
        DESIGN, protocol=MADE["protocol"](visits=visits, endpoints=()), effects={}, scans=()
    )
    plan = Plan(design=made, endpoint="confirmed_worsening", rule=rule)
    cohort = draw_cohort(np.random.default_rng(spread), 3_000, made, "cells", made.groups[1])
    names = np.array([f"P{place:04d}" for place in range(3_000)])
    table = virtual_trials._visits(made, cohort, names)
    theirs = set(rv.course.worsening(table, definition=CDW_12W).table["subject"])
    assert len(theirs) > 100
    planned, _ = _plan_data._edss(cohort, plan, made)
    assert set(names[planned == 1]) == theirs
    assert set(names[replicates._counted(cohort, made, rule)["confirmed_worsening"]]) == theirs


def test_blocks_are_the_same_in_any_order_in_processes_and_in_threads() -> None:
    options: dict[str, Any] = {"n_trials": 90, "seed": 5, "block_trials": 30}
    serial = replicate(DESIGN, **options).table
    with ProcessPoolExecutor(2) as processes:
        assert replicate(DESIGN, **options, executor=processes).table.equals(serial)
    assert replicate(DESIGN, **options, executor=Backwards()).table.equals(serial)
    assert replicate(DESIGN, **options | {"n_trials": 45}).table.equals(serial.head(45 * 2))


class Backwards(Executor):
    """Holds what it is given for a moment, then computes the last first."""

    def __init__(self) -> None:
        self.held: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *args: Any, **_options: Any) -> Any:
        future: Future[Any] = Future()
        self.held.append((future, fn, args))
        threading.Timer(0.05, self._compute).start()
        return future

    def _compute(self) -> None:
        while self.held:
            future, fn, args = self.held.pop()
            future.set_result(fn(*args))


def test_a_run_that_broke_off_goes_on_and_damaged_blocks_are_computed_again(tmp_path: Path) -> None:
    options: dict[str, Any] = {"seed": 5, "block_trials": 20}
    whole = replicate(DESIGN, n_trials=60, **options).table
    replicate(DESIGN, n_trials=40, **options, folder=tmp_path)
    kept = sorted(tmp_path.glob("*.npz"))
    assert len(kept) == 2
    times = kept[0].stat().st_mtime_ns
    kept[1].write_bytes(b"damaged")
    assert replicate(DESIGN, n_trials=60, **options, folder=tmp_path).table.equals(whole)
    assert len(list(tmp_path.glob("*.npz"))) == 3
    assert kept[0].stat().st_mtime_ns == times
    assert kept[1].read_bytes() != b"damaged"


def test_progress_is_told_after_each_block_and_of_those_read_before(tmp_path: Path) -> None:
    options: dict[str, Any] = {"seed": 5, "block_trials": 10, "folder": tmp_path}
    told: list[tuple[int, int]] = []
    replicate(DESIGN, n_trials=20, **options, progress=lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]
    told.clear()
    replicate(DESIGN, n_trials=40, **options, executor=Backwards(), progress=lambda *done: told.append(done))
    assert told == [(2, 4), (3, 4), (4, 4)]


def test_another_design_keeps_its_own_blocks(tmp_path: Path) -> None:
    for each in (DESIGN, dataclasses.replace(DESIGN, missed_share=0.2)):
        replicate(each, n_trials=10, seed=1, folder=tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_replicates_explain_and_draw_themselves() -> None:
    found = replicate(DESIGN, n_trials=50, seed=1)
    assert "50 virtual trials" in found.explain()
    assert found.plot().get_xlabel() == "patients improved"
    assert found.to_dict()["table"][0]["trial"] == 1


def test_shares_of_groups_become_whole_patients() -> None:
    arms = (Arm(id="cells", label="Cells", planned_n=10),)
    groups = (Group(phenotype="SPMS", share=2), Group(phenotype="RRMS", share=1))
    made = Design(protocol=MADE["protocol"](arms=arms, design="single_arm"), groups=groups)
    assert made.counts("cells") == (7, 3)
    assert len({made.hash, DESIGN.hash, dataclasses.replace(made, scenario="high").hash}) == 3
