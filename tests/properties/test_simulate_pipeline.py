"""Virtual trials of every course, noise and kind of design go through the whole analysis as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ranvier as rv
from ranvier.simulate import (
    PHENOTYPES,
    Design,
    Effect,
    EntryCriteria,
    EventRate,
    Group,
    Period,
    TransitionMatrix,
    null_band,
    trial,
)
from ranvier.trial import Arm, Endpoint, Protocol, VisitWindow

VISITS = (
    VisitWindow(label="baseline", day=0, window=(-10, 0), baseline=True),
    VisitWindow(label="month 3", day=91, window=(-10, 10)),
    VisitWindow(label="month 6", day=183, window=(-10, 10)),
    VisitWindow(label="month 12", day=365, window=(-10, 10)),
)
CELLS, PLACEBO = Arm(id="cells", label="Cells", planned_n=7), Arm(id="placebo", label="Placebo", planned_n=6)
CONTROL = Arm(id="placebo", label="Placebo", role="control", planned_n=6)
BETTER = Endpoint(id="better", title="EDSS better", kind="edss_responder", visit="month 12", primary=True)
STATES = (2.0, 3.0, 4.0, 5.0, 6.0)
MADE_UP = (
    (0.85, 0.15, 0.0, 0.0, 0.0),
    (0.1, 0.75, 0.15, 0.0, 0.0),
    (0.0, 0.1, 0.75, 0.15, 0.0),
    (0.0, 0.0, 0.1, 0.75, 0.15),
    (0.0, 0.0, 0.0, 0.1, 0.9),
)
EFFECT = Effect(relapse_ratio=0.5, progression_ratio=0.5, lesion_ratio=0.5, edss_shift=-0.5)
DESIGNS: dict[str, dict[str, Any]] = {
    "single_arm": {"arms": (CELLS,), "effects": {"cells": EFFECT}, "acuity": True},
    "rct_parallel": {"arms": (CELLS, CONTROL), "dropout_per_year": 0.6, "missed_share": 0.2, "p100": True},
    "rct_crossover": {
        "arms": (CELLS, PLACEBO),
        "acuity": True,
        "p100": True,
        "effects": {
            "cells": (Period(from_day=0, effect=EFFECT), Period(from_day=183, placebo=True)),
            "placebo": (Period(from_day=0, placebo=True), Period(from_day=183, effect=EFFECT)),
        },
    },
}


def matrix(name: str) -> TransitionMatrix:
    return TransitionMatrix(phenotype=name, states=STATES, probabilities=MADE_UP, cycle_days=182.625)


def design(kind: str, name: str, scenario: str, *, by_matrix: bool = False) -> Design:
    options = dict(DESIGNS[kind])
    course = PHENOTYPES[name].with_matrix(matrix(name)) if by_matrix else PHENOTYPES[name]
    protocol = Protocol(
        id=f"virtual-{kind}",
        title="A virtual trial",
        design=kind,
        data_kind="simulated",
        disease=course.disease,
        arms=options.pop("arms"),
        visits=VISITS,
        endpoints=(BETTER,),
    )
    return Design(
        protocol=protocol,
        groups=(Group(phenotype=course, entry=EntryCriteria(edss=(2.0, 6.0))),),
        scenario=scenario,
        scans=("baseline", "month 6", "month 12") if course.new_t2_per_year else (),
        event_rates=(
            EventRate(term="headache", per_year=2.0),
            EventRate(term="sepsis", per_year=0.3, grade=3, serious=True),
        ),
        **options,
    )


def analysed(made: Design, seed: int) -> None:
    found = trial(made, seed=seed)
    errors = found.check().table.filter(severity="error")
    assert errors.is_empty(), errors.row(0, named=True)
    assert rv.safety.incidence(found.adverse_events, found.subjects).table.height
    assert rv.verdict.assess(found).explain()
    page = rv.report.build(found)
    assert page.banner.startswith("Simulated, not patients")
    assert len(page.html()) > 10_000
    assert json.loads(json.dumps(page.to_dict()))
    assert null_band(found, seed=1, n_trials=200).bands


@pytest.mark.slow
@pytest.mark.parametrize("kind", DESIGNS)
@pytest.mark.parametrize("name", PHENOTYPES)
def test_every_virtual_trial_goes_through_the_whole_analysis(name: str, kind: str) -> None:
    # every course and every kind of design meets both scenarios
    turn = list(PHENOTYPES).index(name) + list(DESIGNS).index(kind)
    analysed(design(kind, name, ("low", "high")[turn % 2]), seed=11)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [("SPMS", "single_arm"), ("RRMS", "rct_crossover")])
def test_so_does_one_by_a_matrix(name: str, kind: str) -> None:
    analysed(design(kind, name, "high", by_matrix=True), seed=12)
