"""Every way in which a plan file can be wrong, and the words that say so: file, table, key, what is allowed.

One table: what is changed in a file that is right. Add a row for each new key and each new mistake.
"""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "unit" / "plan_results.py"))

PLAN = """
[[patients]]
course = "RRMS"
edss = [2.0, 5.5]
[[arms]]
id = "cells"
n = 20
[[arms]]
id = "placebo"
role = "control"
n = 20
[visits]
months = [0, 3, 6, 12]
[endpoint]
kind = "edss_change"
alpha = 0.025
[[scenarios]]
name = "better"
edss_shift = -0.5
"""
ONE = PLAN.replace('[[arms]]\nid = "placebo"\nrole = "control"\nn = 20\n', "")
COUNTED = ONE.replace("edss_change", "improved").replace("n = 20\n", "")
SIMON = '[looks]\nkind = "simon"\np0 = 0.2\np1 = 0.5\n'

CROSSED = PLAN.replace(
    "\n[[patients]]",
    """
[trial]
design = "crossover"
[crossover]
switch_month = 6
[[patients]]""",
)

# file, what is changed in it, to what, words of the message
CHANGES: list[tuple[str, str, str, str]] = [
    (
        PLAN,
        "[visits]",
        "[safety]\nserious_per_year = 5.0\nlimit = 0.1\nlooks = [30, 40]\n[visits]",
        r"design.toml, \[safety\]: monitor looks at 30 patients, but no treated arm has more than 20",
    ),
    (PLAN, PLAN, "[trial", r"^design.toml is not valid TOML: .*; put texts in quotes"),
    (PLAN, "\n[[patients]]", '[trial]\ndesign = "crosover"\n[[patients]]', r"Did you mean 'crossover'"),
    (
        CROSSED,
        "switch_month = 6",
        "switch_mont = 6",
        r"\[crossover\]: unknown key .*Did you mean 'switch_month'",
    ),
    (CROSSED, "[crossover]", "[crosover]", r"unknown table \[crosover\]; .*Did you mean 'crossover'"),
    (CROSSED, "[crossover]\nswitch_month = 6\n", "", r"needs both .*\[crossover\] is missing"),
    (
        CROSSED,
        'design = "crossover"',
        'design = "parallel"',
        r"design is 'parallel', and \[crossover\] is there",
    ),
    (PLAN, "\n[[patients]]", '[trial]\ndesign = "single-arm"\n[[patients]]', r"but \[\[arms\]\] has 2"),
    (CROSSED, "switch_month = 6", "carry_over = 0", r"give either switch_month or switch_day"),
    (CROSSED, "switch_month = 6", "switch_month = 6\nswitch_day = 183", r"give either switch_month or"),
    (CROSSED, "switch_month = 6", "switch_month = inf", r"switch_month is inf; it must be a finite"),
    (
        CROSSED,
        "switch_month = 6",
        "switch_day = 0",
        r"\[crossover\]: switch_day is 0; it must be a whole day",
    ),
    (CROSSED, "switch_month = 6", "switch_month = 12", r"begins on day 365, but .* \[91, 183, 365\]"),
    (CROSSED, "switch_month = 6", "switch_month = 2", r"each period needs one, the first on day 61 at the"),
    (CROSSED, "switch_month = 6", "switch_month = 6\ncarry_over = 2", r"carry_over is 2; it must be from 0"),
    (
        CROSSED.replace("switch_month = 6", "switch_day = 186"),
        "12]",
        "12]\nwindow_days = 7",
        r"the visit 'month 6' may take place on the days 176 to 190, before or after",
    ),
    (
        CROSSED,
        "[visits]",
        '[[arms]]\nid = "more"\nn = 20\n[visits]',
        r"\[crossover\]: the crossover has 3 arms; it needs two",
    ),
    (CROSSED, "edss_change", "improved", r"\[crossover\]: the endpoint of the crossover is 'improved'"),
    (
        CROSSED,
        "alpha = 0.025",
        'test = "rank-sum"',
        r"'rank-sum' does not fit 'edss_change' with a crossover",
    ),
    (PLAN, "alpha = 0.025", 'test = "crossover"', r"'crossover' does not fit .* with several arms; use one"),
    (
        CROSSED,
        "[[scenarios]]",
        '[looks]\nkind = "group-sequential"\nat = [0.5, 1.0]\n[[scenarios]]',
        r"\[crossover\]: looks, or a rule that stops for harm, are planned in a crossover",
    ),
    (CROSSED, "[[scenarios]]", "[safety]\nlimit = 0.2\n[[scenarios]]", r"a rule that stops for harm, are"),
    (CROSSED, "edss_shift = -0.5", "serious_per_year = 0.1", r"\[\[scenarios\]\] 1: .* has event rates"),
    (CROSSED, "edss_shift = -0.5", "carry_over = 3", r"carry_over of scenario 'better' is 3.0; it must"),
    (
        PLAN,
        "edss_shift = -0.5",
        "carry_over = 0",
        r"carry_over of scenario 'better' is 0, but the plan is no",
    ),
    (PLAN, "[visits]", "[visit]", r"^design.toml: unknown table \[visit\]; .*Did you mean 'visits'"),
    (PLAN, "[visits]\nmonths = [0, 3, 6, 12]\n", "", r"the tables \['\[visits\]'\] are missing"),
    (PLAN, PLAN, "", r"\['\[\[patients\]\]', '\[\[arms\]\]', '\[visits\]', '\[endpoint\]'\] are missing"),
    (PLAN, "[[patients]]", "[patients]", r"patients must be a list of tables; write \[\[patients\]\]"),
    (PLAN, "[[scenarios]]", "[scenarios]", r"scenarios must be a list of tables"),
    (PLAN, "\n[[patients]]", "safety = 3\n[[patients]]", r"\[safety\]: 3 is not a table of keys and values"),
    (PLAN, "edss = ", "esss = ", r"design.toml, \[\[patients\]\] 1: unknown key 'esss'.*Did you mean 'edss'"),
    (PLAN, '"RRMS"', '"RMS"', r"\[\[patients\]\] 1: unknown course 'RMS'.*Did you mean 'RRMS'"),
    (PLAN, 'course = "RRMS"\n', "", r"design.toml, \[\[patients\]\] 1: \['course'\] must be set"),
    (PLAN, "[2.0, 5.5]", "[2.0]", r"edss is \[2.0\]; give the lowest and the highest"),
    (PLAN, "[2.0, 5.5]", "[5.5, 2.0]", r"\[\[patients\]\] 1: edss is \(5.5, 2.0\)"),
    (PLAN, "[2.0, 5.5]", '"2 to 5.5"', r"\[\[patients\]\] 1, edss: '2 to 5.5' must be a list"),
    (PLAN, "edss = [2.0, 5.5]", "attack_days = [90, 30]", r"attack_days is \(90, 30\)"),
    (PLAN, "edss = [2.0, 5.5]", "attack_days = [1, 2, 3]", r"give the fewest and the most days"),
    (PLAN, "edss = [2.0, 5.5]", "share = 0", r"\[\[patients\]\] 1: the share of a group is 0.0"),
    (PLAN, "edss = [2.0, 5.5]", "min_relapses = -1", r"min_relapses is -1; it must be 0 or more"),
    (PLAN, "edss = [2.0, 5.5]", "min_relapses = 1.5", r"min_relapses: 1.5 must be a whole number"),
    (PLAN, "n = 20", "n = 1", r"\[\[arms\]\] 1: n of arm 'cells' is 1; it must be 2 or more"),
    (PLAN, "n = 20", "n = 0", r"\[\[arms\]\] 1: n of arm 'cells' is 0; it must be 2 or more"),
    (PLAN, "n = 20", "n = '20'", r"\[\[arms\]\] 1, n: '20' must be a whole number"),
    (PLAN, "n = 20\n", "", r"\[\[arms\]\] 1: \['n'\] must be set; give the patients of the arm"),
    (PLAN, '"control"', '"placebo"', r"unknown role of arm 'placebo'"),
    (PLAN, 'role = "control"\n', "", r"\[\[arms\]\]: 2 arms, of which \[\] have role = 'control'"),
    (PLAN, '"placebo"', '"cells"', r"design.toml: .*\['cells'\] stand there more than once"),
    (PLAN, "months = [0, 3, 6, 12]", "", r"\[visits\]: give either months or days|are missing"),
    (PLAN, "[0, 3, 6, 12]", "[0, 12]\ndays = [0, 365]", r"\[visits\]: give either months or days"),
    (PLAN, "[0, 3, 6, 12]", "[3, 6, 12]", r"the first must be 0, the baseline"),
    (PLAN, "[0, 3, 6, 12]", "[0]", r"the first must be 0, the baseline, and at least one follow"),
    (PLAN, "[0, 3, 6, 12]", "[0, 6, 3, 12]", r"give each once, in order"),
    (PLAN, "[0, 3, 6, 12]", "[0, nan]", r"each must be a finite number"),
    (PLAN, "[0, 3, 6, 12]", "[0, 12]\nscans = [6]", r"scans has 6, but the visits are at \[0.0, 12.0\]"),
    (PLAN, "[0, 3, 6, 12]", "[0, 1]\nwindow_days = -1", r"window_days is -1; it must be 0 or more"),
    (PLAN, "[0, 3, 6, 12]", "[0, 1, 2]\nwindow_days = 20", r"out of order or their windows overlap"),
    (PLAN, '"edss_change"', '"edss"', r"design.toml, \[endpoint\]: unknown endpoint 'edss'.*edss_change"),
    (PLAN, '"edss_change"', '"new_t2"', r"\[endpoint\]: the endpoint 'new_t2' needs scans"),
    (PLAN, "alpha = 0.025", "alpha = 2.5", r"\[endpoint\]: alpha is 2.5; it must be a number above 0"),
    (PLAN, "alpha = 0.025", 'alpha = "2.5 %"', r"\[endpoint\], alpha: '2.5 %' must be a number"),
    (PLAN, "alpha = 0.025", 'test = "t-test"', r"\[endpoint\]: unknown test 't-test'; use one of"),
    (PLAN, "alpha = 0.025", 'test = "fisher"', r"test 'fisher' does not fit 'edss_change' with several"),
    (PLAN, "alpha = 0.025", "reference = 0.2", r"reference is 0.2, but the trial has a control arm"),
    (ONE, "edss_change", "improved", r"\[endpoint\]: reference is missing: with one arm 'improved' is held"),
    (
        PLAN,
        "[[scenarios]]",
        '[looks]\nkind = "smion"\n[[scenarios]]',
        r"unknown kind of \[looks\] 'smion'.*mean 'simon'",
    ),
    (
        PLAN,
        "[[scenarios]]",
        "[looks]\np0 = 0.2\n[[scenarios]]",
        r"\[looks\]: \['p0'\] stand there but kind is",
    ),
    (PLAN, "\n[[patients]]", "looks = 3\n[[patients]]", r"\[looks\]: 3 is not a table"),
    (
        PLAN,
        "[[scenarios]]",
        '[looks]\nkind = "group-sequential"\nat = [0.5, 0.9]\n[[scenarios]]',
        r"\[looks\]: looks",
    ),
    (
        PLAN,
        "[[scenarios]]",
        '[looks]\nkind = "group-sequential"\np0 = 0.2\n[[scenarios]]',
        r"\[looks\]: unknown key 'p0'; known keys are",
    ),
    (COUNTED, "[[scenarios]]", SIMON + "p2 = 1\n[[scenarios]]", r"\[looks\]: unknown key 'p2'"),
    (COUNTED, "[[scenarios]]", SIMON.replace("0.5", "0.1") + "[[scenarios]]", r"\[looks\]: .*p1"),
    (
        COUNTED,
        "[[arms]]\n",
        SIMON + "[[arms]]\nn = 12\n",
        r"n is 12, but the design of \[looks\] needs \d+ pat",
    ),
    (PLAN, "[[scenarios]]", "[safety]\nlooks = [5]\n[[scenarios]]", r"looks is given without limit"),
    (PLAN, "[[scenarios]]", "[safety]\nlimit = 1.5\n[[scenarios]]", r"design.toml, \[safety\]: limit"),
    (PLAN, "[[scenarios]]", '[safety]\nmethod = "poison"\n[[scenarios]]', r"unknown method 'poison'"),
    (PLAN, "[[scenarios]]", "[safety]\nserious_per_year = -1\n[[scenarios]]", r"\[safety\]: per_year of"),
    (PLAN, "[[scenarios]]", "[conduct]\ndropout_per_year = -1\n[[scenarios]]", r"dropout_per_year is -1"),
    (PLAN, "[[scenarios]]", "[conduct]\nmissed_share = 1\n[[scenarios]]", r"missed_share is 1.0"),
    (PLAN, "[[scenarios]]", "[conduct]\npatients_per_month = 0\n[[scenarios]]", r"patients_per_month is 0.0"),
    (PLAN, "[[scenarios]]", "[simulation]\ntrials = 10\n[[scenarios]]", r"trials is 10; .* 100 or more"),
    (PLAN, "[[scenarios]]", "[simulation]\ntrials = 1e4\n[[scenarios]]", r"trials: 10000.0 must be a whole"),
    (
        PLAN,
        "[[scenarios]]",
        "[simulation]\nseed = -1\n[[scenarios]]",
        r"seed is -1; it must be a whole number",
    ),
    (PLAN, "[[scenarios]]", "[simulation]\nprocesses = 0\n[[scenarios]]", r"processes is 0; it must be 1 to"),
    (PLAN, 'name = "better"\n', "", r"design.toml, \[\[scenarios\]\] 1: \['name'\] must be set"),
    (PLAN, '"better"', '" "', r"the name of a scenario is ' '; give a short text"),
    (PLAN, "edss_shift = -0.5", "edss_shift = -12", r"edss_shift is -12.0, larger than the scale"),
    (PLAN, "edss_shift = -0.5", "relapse_ratio = -1", r"\[\[scenarios\]\] 1: relapse_ratio is -1.0"),
    (PLAN, "edss_shift = -0.5", "edss_shif = -0.5", r"unknown key 'edss_shif'.*Did you mean 'edss_shift'"),
    (PLAN, "edss_shift", "effects = {cells = {}}\nedss_shift", r"effects stands beside \['edss_shift'\]"),
    (PLAN, "edss_shift = -0.5", "effects = {cell = {}}", r"names the arm 'cell'; .*Did you mean 'cells'"),
    (PLAN, "edss_shift = -0.5", "effects = {placebo = {}}", r"the experimental arms are \['cells'\]"),
    (PLAN, "edss_shift = -0.5", "effects = 3", r"effects is 3; write effects = "),
    (PLAN, "edss_shift = -0.5", "effects = {cells = {shift = 1}}", r"effects, cells: unknown key 'shift'"),
    (
        PLAN,
        "[[scenarios]]",
        '[[scenarios]]\nname = "better"\n[[scenarios]]',
        r"\['better'\] stand there more",
    ),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "words"), CHANGES, ids=[str(number) for number in range(len(CHANGES))]
)
def test_a_wrong_plan_is_refused_with_words_that_help(
    tmp_path: Path, text: str, old: str, new: str, words: str
) -> None:
    assert old in text
    file = tmp_path / "design.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        rv.simulate.read_plan(file)
    assert str(caught.value).startswith("design.toml")
    assert str(caught.value).count("design.toml") == 1


@pytest.mark.parametrize("text", [PLAN, ONE, COUNTED + SIMON, CROSSED])
def test_what_the_rows_change_is_read_without_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "design.toml"
    file.write_text(text, encoding="utf-8")
    assert rv.simulate.read_plan(file).plan.endpoint in ("edss_change", "improved")


def test_a_file_that_is_not_there_is_named_with_the_one_that_is(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(PLAN, encoding="utf-8")
    with pytest.raises(InputError, match=r"there is no file .*ranvier new --plan DIR.*mean 'design.toml'"):
        rv.simulate.read_plan(tmp_path / "desing.toml")


def test_a_plan_is_not_written_over_anything(tmp_path: Path) -> None:
    rv.simulate.new_plan(tmp_path / "plan")
    with pytest.raises(InputError, match="is there already and holds something"):
        rv.simulate.new_plan(tmp_path / "plan")
    with pytest.raises(InputError, match="there is no folder"):
        rv.simulate.new_plan(tmp_path / "absent" / "plan")


def test_the_page_and_the_counterpart_refuse_what_they_cannot_use() -> None:
    plan, made = MADE["plan"], MADE["characteristics"]
    found = made(plan(), {"no effect": (0.02, 0.02)})
    with pytest.raises(InputError, match="found is Plan; give what simulate"):
        rv.report.build_plan(plan())
    with pytest.raises(InputError, match="found is Plan; give what simulate"):
        rv.report.plan_paragraph(plan())
    with pytest.raises(InputError, match="comparison is int"):
        rv.report.build_plan(found, comparison=3)
    with pytest.raises(InputError, match=r"the scenarios \['half'\] were not simulated"):
        rv.report.build_plan(found, scenarios=(MADE["HALF"],))
    quiet = dataclasses.replace(found, table=found.table.filter(noise="low"))
    with pytest.raises(
        InputError, match=r"the noise that was simulated is \['low'\]; .*simulate with noise="
    ):
        rv.report.build_plan(quiet)
    with pytest.raises(InputError, match="the plan has 2 arms; only a single arm"):
        rv.simulate.randomised_instead(plan())
    three = rv.trial.Arm(id="cells", label="Cells", planned_n=3)
    with pytest.raises(InputError, match="the plan has 3 patients; two arms need 4"):
        rv.simulate.randomised_instead(plan(three))
