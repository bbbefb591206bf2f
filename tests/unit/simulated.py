"""Designs that the tests of the simulation share."""

from __future__ import annotations

from typing import Any

from ranvier.simulate import Design, Effect, EntryCriteria, EventRate, Group
from ranvier.trial import Arm, Endpoint, EntryRule, Protocol, VisitWindow

VISITS = (
    VisitWindow(label="baseline", day=0, window=(-14, 0), baseline=True),
    VisitWindow(label="month 3", day=91, window=(-7, 7)),
    VisitWindow(label="month 6", day=183, window=(-14, 14)),
    VisitWindow(label="month 12", day=365, window=(-14, 14)),
)
EXACT = tuple(
    VisitWindow(label=f"month {month}", day=round(30.4375 * month), baseline=month == 0)
    for month in (0, 3, 6, 9, 12)
)
ONE_RELAPSE = EntryCriteria(relapses=EntryRule(), edss=(2.0, 5.5))
BETTER = Endpoint(id="better", title="EDSS better", kind="edss_responder", visit="month 12", primary=True)


def protocol(**options: Any) -> Protocol:
    given: dict[str, Any] = {
        "id": "virtual",
        "title": "A virtual trial",
        "design": "rct_parallel",
        "data_kind": "simulated",
        "disease": "MS",
        "arms": (
            Arm(id="cells", label="Cells", planned_n=12),
            Arm(id="placebo", label="Placebo", role="control", planned_n=12),
        ),
        "visits": VISITS,
        "endpoints": (BETTER,),
    }
    return Protocol(**given | options)


def design(**options: Any) -> Design:
    given: dict[str, Any] = {
        "protocol": protocol(),
        "groups": (Group(phenotype="RRMS", entry=ONE_RELAPSE), Group(phenotype="SPMS", share=0.5)),
        "effects": {"cells": Effect(relapse_ratio=0.5)},
        "dropout_per_year": 0.2,
        "missed_share": 0.1,
        "scans": ("baseline", "month 6", "month 12"),
        "event_rates": (
            EventRate(term="headache", per_year=2.0),
            EventRate(term="sepsis", per_year=0.2, grade=3, serious=True),
        ),
    }
    return Design(**given | options)


def nmosd() -> Design:
    arms = (Arm(id="cells", label="Cells", planned_n=5),)
    return Design(
        protocol=protocol(design="single_arm", disease="NMOSD", arms=arms),
        groups=(Group(phenotype="NMOSD", entry=EntryCriteria(edss=(2.0, 7.0))),),
        scenario="high",
    )
