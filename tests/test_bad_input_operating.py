"""Every way in which a plan and its simulation can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError
from ranvier.simulate import Effect, Group, PlanScenario
from ranvier.trial import Arm

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "unit" / "simulated.py"))
PLANNED: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "unit" / "planned.py"))
PROTOCOL = MADE["protocol"]
RRMS = (Group(phenotype="RRMS"),)
PAIR, ONE = PLANNED["design"]((10, 10)), PLANNED["design"]((10,))
PLAN = rv.simulate.Plan(design=PAIR, endpoint="improved")
CROSSED = dataclasses.replace(PAIR, protocol=dataclasses.replace(PAIR.protocol, design="rct_crossover"))
CROSSOVER = rv.simulate.Plan(design=CROSSED, endpoint="edss_change", switch_day=200)
PERIODS = (rv.simulate.Period(from_day=0), rv.simulate.Period(from_day=100))
BETTER, TYPO = PLANNED["effect"]("better", edss_shift=-0.5), {"cell": Effect(edss_shift=-0.5)}
SIMON = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
LOOKS = rv.stats.group_sequential(2)

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    (
        "simulate.Plan",
        (),
        {"design": PROTOCOL(), "endpoint": "improved"},
        InputError,
        r"design is a Protocol",
    ),
    ("simulate.Plan", (), {"design": PAIR, "endpoint": "improve"}, InputError, r"Did you mean 'improved'"),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "rule": "edss-0.6"},
        InputError,
        r"Did you mean 'edss-0.5'",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "rule": rv.course.LOGMAR_0_2},
        InputError,
        r"is not for the EDSS",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "edss_change", "test": "ranksum"},
        InputError,
        r"Did you mean 'rank-sum'",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "test": "rank-sum"},
        InputError,
        r"'rank-sum' does not fit 'improved' with several arms; use one of \['boschloo', 'fisher'\]",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "edss_change", "test": "rank-sum"},
        InputError,
        r"does not fit 'edss_change' with one arm",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "new_t2"},
        InputError,
        r"needs scans at 'month 0' and at a later visit; the design plans scans at \[\]",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PLANNED["design"]((10, 10), visits=PLANNED["VISITS"][:1]), "endpoint": "improved"},
        InputError,
        r"plans no visit after the baseline",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PLANNED["design"]((10, 10), visits=PLANNED["VISITS"][:2]),
            "endpoint": "confirmed_worsening",
        },
        InputError,
        r"needs two visits after the baseline that lie 84 days or more apart",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PLANNED["design"]((10, 10), groups=(Group(phenotype="PPMS"),)), "endpoint": "relapses"},
        InputError,
        r"needs patients who can have relapses",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PLANNED["design"]((10, 1)), "endpoint": "improved"},
        InputError,
        r"planned_n of arm 'placebo' is 1; a trial of fewer than 2 patients",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PLANNED["design"]((10, 10), effects={"cells": Effect(edss_shift=-1)}),
            "endpoint": "improved",
        },
        InputError,
        r"the design has effects; name them in scenarios",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": rv.simulate.Design(
                protocol=PROTOCOL(
                    arms=(Arm(id="a", label="A", planned_n=5), Arm(id="b", label="B", planned_n=5))
                ),
                groups=RRMS,
            ),
            "endpoint": "improved",
        },
        InputError,
        r"has 0 control arms",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PLANNED["design"]((5, 5, 5)), "endpoint": "edss_change", "looks": LOOKS},
        InputError,
        r"looks need one or two arms",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "improved"},
        InputError,
        r"reference is missing.*control arm",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "improved", "reference": 20},
        InputError,
        r"reference of 'improved', a share, is 20; it must be a number above 0 and below 1",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "relapses", "reference": -0.5},
        InputError,
        r"a yearly rate, is -0.5",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "edss_change", "reference": 11},
        InputError,
        r"a change of EDSS, is 11",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "relapses", "test": "before-after", "reference": 0.5},
        InputError,
        r"compares with the time before entry",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "reference": 0.2},
        InputError,
        r"has a control arm; leave the fixed number out",
    ),
    ("simulate.Plan", (), {"design": PAIR, "endpoint": "improved", "alpha": 5}, InputError, r"alpha is 5"),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "patients_per_month": 0},
        InputError,
        r"patients_per_month is 0; it must be a number above 0",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "improved", "looks": SIMON},
        InputError,
        r"looks ends with 35 patients, more than planned_n = 10 of arm 'cells'",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "looks": SIMON},
        InputError,
        r"CountDesign, which has one arm; the design has 2",
    ),
    (
        "simulate.Plan",
        (),
        {"design": ONE, "endpoint": "edss_change", "looks": SIMON},
        InputError,
        r"counts patients; use an endpoint of",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "looks": "simon"},
        InputError,
        r"looks is a str; give a design of stats",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "looks": rv.stats.group_sequential(2, alpha=0.05)},
        InputError,
        r"alpha is 0.025, but that of looks is 0.05",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "looks": rv.stats.group_sequential(2, sided=2)},
        InputError,
        r"plans are one-sided",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PLANNED["design"]((3, 3)), "endpoint": "improved", "looks": rv.stats.group_sequential(5)},
        InputError,
        r"5 looks are planned, but arm 'cells' has 3 patients",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PAIR,
            "endpoint": "improved",
            "test": "fisher",
            "looks": rv.simulate.BayesRule(looks=(5, 10)),
        },
        InputError,
        r"decides by itself; leave test out",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PAIR,
            "endpoint": "improved",
            "monitor": rv.stats.stopping_rule([5.0, 9.0], limit=0.5, method="poisson"),
        },
        InputError,
        r"monitor is a rule on patient-years",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "monitor": rv.simulate.BayesRule(looks=(5,))},
        InputError,
        r"monitor has no reference",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PAIR,
            "endpoint": "improved",
            "monitor": rv.simulate.BayesRule(looks=(1,), level=0.99, reference=0.9),
        },
        InputError,
        r"monitor can never end the trial",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "monitor": rv.stats.stopping_rule((8, 40, 50), limit=0.1)},
        InputError,
        r"monitor looks at 40 patients, but no treated arm has more than 10; leave out the looks \[40, 50\]",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PAIR,
            "endpoint": "improved",
            "monitor": rv.simulate.BayesRule(looks=(5, 12), reference=0.2),
        },
        InputError,
        r"monitor looks at 12 patients, but no treated arm has more than 10",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PLANNED["design"]((20, 3, 20)),
            "endpoint": "improved",
            "monitor": rv.stats.stopping_rule((2, 20), limit=0.3),
        },
        InputError,
        r"monitor can never end the trial in arm 'more' with 3 patients: no count at its looks \[2\] ends it",
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": PLANNED["design"]((20, 5, 20)),
            "endpoint": "improved",
            "monitor": rv.stats.stopping_rule((10, 20), limit=0.1),
        },
        InputError,
        r"can never end the trial in arm 'more' with 5 patients: its first look comes after 10; look sooner",
    ),
    *(
        (
            "simulate.Plan",
            (),
            {
                "design": PAIR,
                "endpoint": "improved",
                "monitor": rv.simulate.BayesRule(looks=(5, 10), reference=0.2, **{name: value}),
            },
            InputError,
            rf"monitor is a BayesRule, where {name} is not used; leave {name} out",
        )
        for name, value in (
            ("futility", 0.1),
            ("futility_by", "posterior"),
            ("margin", 0.1),
            ("control_prior", "uniform"),
        )
    ),
    *(
        (
            "simulate.Plan",
            (),
            {
                "design": made,
                "endpoint": "improved",
                "looks": rv.simulate.BayesRule(looks=(5, 10), **options),
            },
            InputError,
            rf"in a trial {where}, where {name} is not used; leave {name} out",
        )
        for made, options, where, name in (
            (ONE, {"reference": 0.2, "margin": 0.1}, "of one arm", "margin"),
            (ONE, {"reference": 0.2, "control_prior": "uniform"}, "of one arm", "control_prior"),
            (PAIR, {"reference": 0.2}, "with a control arm", "reference"),
        )
    ),
    (
        "simulate.Plan",
        (),
        {
            "design": ONE,
            "endpoint": "improved",
            "reference": 0.5,
            "looks": rv.simulate.BayesRule(looks=(5, 10), reference=0.2),
        },
        InputError,
        r"reference is 0.5, but the looks hold 'improved' against a share of 0.2; leave it out",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PLANNED["design"]((35,)), "endpoint": "worse", "reference": 0.1, "looks": SIMON},
        InputError,
        r"reference is 0.1, but the looks hold 'worse' against a share of 0.9; leave it out",
    ),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "improved", "monitor": 3},
        InputError,
        r"monitor is a int; give a StoppingBoundary",
    ),
    (
        "simulate.PlanScenario",
        (),
        {"name": "x", "carry_over": -1},
        InputError,
        r"carry_over of scenario 'x' is -1; it must be from 0",
    ),
    (
        "simulate.PlanScenario",
        (),
        {"name": "x", "effects": {"cells": (rv.simulate.Period(from_day=9),)}},
        InputError,
        r"periods of arm 'cells' begin on days \[9\]",
    ),
    ("simulate.other_carry_over", (["better"],), {}, InputError, r"scenarios holds a str; give"),
    (
        "simulate.Plan",
        (),
        {"design": PAIR, "endpoint": "edss_change", "switch_day": 183},
        InputError,
        r"switch_day is 183, but the design of the protocol is 'rct_parallel'",
    ),
    (
        "simulate.Plan",
        (),
        {"design": CROSSED, "endpoint": "edss_change"},
        InputError,
        r"the design of the protocol is 'rct_crossover', but switch_day is missing",
    ),
    (
        "simulate.Plan",
        (),
        {"design": CROSSED, "endpoint": "edss_change", "switch_day": 183.5},
        InputError,
        r"switch_day is 183.5; it must be a whole day",
    ),
    (
        "simulate.Plan",
        (),
        {"design": CROSSED, "endpoint": "edss_change", "switch_day": 200, "looks": LOOKS},
        InputError,
        r"looks, or a rule that stops for harm, are planned in a crossover",
    ),
    (
        "simulate.operating_characteristics",
        (CROSSOVER,),
        {"scenarios": [PlanScenario(name="x", effects={"placebo": Effect(edss_shift=-1)})], "seed": 1},
        InputError,
        r"names an effect of 'placebo', which gets the treatment second; name it under 'cells'",
    ),
    (
        "simulate.operating_characteristics",
        (CROSSOVER,),
        {"scenarios": [PlanScenario(name="x", effects={"cells": PERIODS})], "seed": 1},
        InputError,
        r"name both sequences \['cells', 'placebo'\], each with periods from day 0 and day 200",
    ),
    ("simulate.PlanScenario", (), {"name": " "}, InputError, r"name of a scenario is ' '"),
    (
        "simulate.PlanScenario",
        (),
        {"name": "x", "effects": {"cells": 0.5}},
        InputError,
        r"effect in arm 'cells' is 0.5; give a simulate.Effect",
    ),
    (
        "simulate.PlanScenario",
        (),
        {"name": "x", "event_rates": {"cells": (0.5,)}},
        InputError,
        r"event rates of arm 'cells'",
    ),
    ("simulate.BayesRule", (), {"looks": (10, 5)}, InputError, r"looks is \[10, 5\]; .* larger than the one"),
    ("simulate.BayesRule", (), {"looks": (0, 5)}, InputError, r"a look of looks is 0"),
    ("simulate.BayesRule", (), {"looks": (5,), "level": 95}, InputError, r"level of the rule is 95"),
    ("simulate.BayesRule", (), {"looks": (5,), "margin": 1}, InputError, r"margin is 1"),
    ("simulate.BayesRule", (), {"looks": (5,), "prior": "jeffrey"}, InputError, r"Did you mean 'jeffreys'"),
    (
        "simulate.BayesRule",
        (),
        {"looks": (5,), "control_prior": 1},
        InputError,
        r"control_prior is 1; give a",
    ),
    (
        "simulate.BayesRule",
        (),
        {"looks": (5, 9), "futility_by": "prior"},
        InputError,
        r"unknown futility_by 'prior'",
    ),
    (
        "simulate.BayesRule",
        (),
        {"looks": (5, 9), "level": 0.9, "futility": 0.95, "futility_by": "posterior"},
        InputError,
        r"futility is 0.95, not below the level 0.9",
    ),
    (
        "simulate.operating_characteristics",
        (PAIR,),
        {"scenarios": [], "seed": 1},
        InputError,
        r"plan is a Design; give a simulate.Plan",
    ),
    (
        "simulate.operating_characteristics",
        (PLAN,),
        {"scenarios": [], "seed": 1, "n_trials": 10},
        InputError,
        r"n_trials is 10; it must be a whole number of at least 100",
    ),
    (
        "simulate.operating_characteristics",
        (PLAN,),
        {"scenarios": [rv.simulate.PlanScenario(name="x", effects=TYPO)], "seed": 1},
        InputError,
        r"unknown arm in scenario 'x' 'cell'.*Did you mean 'cells'",
    ),
    (
        "simulate.operating_characteristics",
        (PLAN,),
        {"scenarios": [BETTER, BETTER], "seed": 1},
        InputError,
        r"scenarios has \['better'\] more than once",
    ),
    (
        "simulate.operating_characteristics",
        (PLAN,),
        {"scenarios": ["better"], "seed": 1},
        InputError,
        r"scenarios holds a str",
    ),
    (
        "simulate.operating_characteristics",
        (PLAN,),
        {"scenarios": [], "seed": 1, "noise": ("lo",)},
        InputError,
        r"Did you mean 'low'",
    ),
    (
        "simulate.operating_characteristics",
        (PLAN,),
        {"scenarios": [], "seed": 1, "noise": ()},
        InputError,
        r"noise is \[\]; give each of \['low', 'high'\] once",
    ),
]


@pytest.mark.parametrize(
    ("name", "arguments", "options", "error", "words"),
    CALLS,
    ids=[f"{number}-{call[0]}" for number, call in enumerate(CALLS)],
)
def test_bad_input_is_refused_with_words_that_help(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    part, function = name.split(".")
    with pytest.raises(error, match=words):
        getattr(getattr(rv, part), function)(*arguments, **options)
