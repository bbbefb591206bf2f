"""A plan file says what it means: patients, visits, looks of every kind, safety, and effects arm by arm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ranvier.cli.demo import examples
from ranvier.simulate import BayesRule, Effect, PlanFile, new_plan, read_plan
from ranvier.stats import CountDesign, PromisingZone, SequentialDesign, SingleStage

TWO = """
[[patients]]
course = "RRMS"
share = 3
edss = [2, 5.5]
min_relapses = 2
relapse_years = 2
attack_days = [30]
[[patients]]
course = "SPMS"
[[arms]]
id = "cells"
n = 20
[[arms]]
id = "placebo"
role = "control"
n = 20
[visits]
days = [0, 91, 365]
window_days = 7
scans = [0, 365]
[endpoint]
kind = "improved"
"""
ONE = TWO.replace('n = 20\n[[arms]]\nid = "placebo"\nrole = "control"\nn = 20\n', "")


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def made(text: str) -> PlanFile:
        (tmp_path / "design.toml").write_text(text, encoding="utf-8")
        return read_plan(tmp_path / "design.toml")

    return made


def test_patients_and_visits_are_those_of_the_file(read):
    design = read(TWO).plan.design
    relapsing, progressive = design.groups
    assert relapsing.entry.text() == (
        "EDSS 2.0 to 5.5; at least 2 relapses in the last 2 years; last attack 30 days or more before"
    )
    assert (relapsing.share, progressive.share) == (3.0, 1.0)
    assert progressive.entry.text() == "EDSS 0.0 to 6.5"
    assert [(visit.label, visit.day, visit.window) for visit in design.protocol.visits] == [
        ("baseline", 0, (-7, 0)),
        ("day 91", 91, (-7, 7)),
        ("day 365", 365, (-7, 7)),
    ]
    assert design.scans == ("baseline", "day 365")
    assert design.protocol.design == "rct_parallel"


def test_months_become_days(read):
    visits = read(TWO.replace("days = [0, 91, 365]", "months = [0, 3, 12]").replace("365]", "12]"))
    assert [visit.day for visit in visits.plan.design.protocol.visits] == [0, 91, 365]


@pytest.mark.parametrize(
    ("text", "looks", "kind"),
    [
        (ONE, 'kind = "simon"\np0 = 0.2\np1 = 0.5', CountDesign),
        (ONE, 'kind = "single-stage"\np0 = 0.2\np1 = 0.5', SingleStage),
        (ONE, 'kind = "exact-sequential"\np0 = 0.2\np1 = 0.5\nat = [10, 20]', CountDesign),
        (TWO, 'kind = "group-sequential"\nat = [0.5, 1]\nfutility = "pocock"', SequentialDesign),
        (TWO, 'kind = "promising-zone"\nat = [0.5, 1]\nmost = 1.5', PromisingZone),
        (TWO, 'kind = "bayes"\nat = [10, 20]\nmargin = 0.1\nprior = "uniform"', BayesRule),
    ],
)
def test_looks_of_every_kind(read, text, looks, kind):
    plan = read(f"{text}[looks]\n{looks}\n").plan
    assert isinstance(plan.looks, kind)
    if isinstance(plan.looks, CountDesign):
        assert plan.sizes == {"cells": plan.looks.n}
    if isinstance(plan.looks, SequentialDesign):
        assert (plan.looks.alpha, plan.looks.futility) == (plan.alpha, "pocock")
    if isinstance(plan.looks, PromisingZone):
        assert plan.looks.most == 1.5
    if isinstance(plan.looks, BayesRule):
        assert (plan.looks.looks, plan.looks.margin, plan.looks.beliefs[0].name) == ((10, 20), 0.1, "uniform")


def test_a_rule_for_harm_watches_the_patients_of_a_treated_arm(read):
    plan = read(f"{TWO}[safety]\nserious_per_year = 0.1\nlimit = 0.2\n").plan
    assert (plan.monitor.method, plan.monitor.looks[-1], plan.monitor.limit) == ("pocock", 20, 0.2)
    assert [(each.per_year, each.serious) for each in plan.design.event_rates] == [(0.1, True)]


def test_an_effect_holds_in_every_treated_arm_or_arm_by_arm(read):
    arms = TWO.replace('[[arms]]\nid = "placebo"', '[[arms]]\nid = "high"\nn = 20\n[[arms]]\nid = "placebo"')
    given = read(
        f'{arms}[[scenarios]]\nname = "both"\nrelapse_ratio = 0.5\nserious_per_year = 0.3\n'
        '[[scenarios]]\nname = "high only"\neffects = { high = { edss_shift = -1 } }\n'
    )
    both, high = given.scenarios
    assert dict(both.effects) == dict.fromkeys(("cells", "high"), Effect(relapse_ratio=0.5))
    assert [each.per_year for each in dict(both.event_rates)["high"]] == [0.3]
    assert dict(high.effects) == {"high": Effect(edss_shift=-1.0)}
    assert given.plan.design.protocol.design == "rct_3arm"


def test_what_is_left_out_is_told_and_what_changes_nothing_is_not(read):
    taken = {(table, key): value for table, key, value in read(TWO).defaults}
    assert taken["[endpoint]", "alpha"] == "0.025"
    assert taken["[endpoint]", "rule"] == "edss-1.0-or-0.5"
    assert taken["[[patients]] 2", "edss"] == "[0, 6.5]"
    assert taken["[looks]", "kind"] == "none: one analysis, when all patients have finished"
    assert taken["[[scenarios]]", "name"] == "none but the trial without any effect"
    assert taken["[simulation]", "seed"] == "1"
    assert ("[safety]", "method") not in taken
    assert ("[[patients]] 2", "relapse_years") not in taken
    assert ("[visits]", "months") not in taken


@pytest.mark.parametrize("name", ["randomised", "simon", "crossover"])
def test_examples_and_the_plan_to_start_from_are_read(tmp_path, name):
    assert read_plan(examples() / "plan" / name / "design.toml").scenarios
    started = read_plan(new_plan(tmp_path / "plan") / "design.toml")
    assert started.plan.sizes == {"cells": 20, "placebo": 20}
    assert started.plan.test_name == "rank-sum"
    assert started.to_dict()["defaults"]["[looks]"] == {
        "kind": "none: one analysis, when all patients have finished"
    }
