"""Every way in which input to the simulation can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import DefinitionError, InputError, RanvierError
from ranvier.simulate import Effect, Group
from ranvier.trial import Arm, VisitWindow

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "unit" / "simulated.py"))
DESIGN, PROTOCOL = MADE["design"](), MADE["protocol"]
TRIAL = rv.simulate.trial(DESIGN, seed=1)
RRMS = (Group(phenotype="RRMS"),)
UNPLANNED = rv.trial.Trial(protocol=PROTOCOL(visits=(), endpoints=()), tables=TRIAL.tables)
OVERLAP = (
    VisitWindow(label="baseline", day=0, baseline=True),
    VisitWindow(label="month 1", day=30, window=(-10, 10)),
    VisitWindow(label="month 2", day=45, window=(-10, 10)),
)
LATE = (VisitWindow(label="baseline", day=0, window=(0, 7), baseline=True),)
PLACEBO = Arm(id="placebo", label="Placebo", planned_n=0)
HISTORY: dict[str, Any] = {"n": 10, "days": [0, 365], "seed": 1}

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("simulate.parameter", ("RTM_PRR",), {}, InputError, r"Did you mean 'RTM_PRE'"),
    ("simulate.phenotype", ("RMS",), {}, InputError, r"unknown phenotype 'RMS'.*Did you mean 'RRMS'"),
    ("simulate.scenario", ("lo",), {}, InputError, r"Did you mean 'low'"),
    (
        "simulate.Scenario",
        (),
        {"name": "x", "fluctuation": "some", "rater": "same-rater"},
        InputError,
        r"fluctuation 'some'",
    ),
    (
        "simulate.Scenario",
        (),
        {"name": "x", "fluctuation": "low", "rater": "nobody"},
        InputError,
        r"rater error 'nobody'",
    ),
    (
        "simulate.Value",
        (),
        {"value": -0.1, "unit": "per year", "kind": "published", "sources": ("RTM_PRE",)},
        DefinitionError,
        r"-0.1 per year; it must be finite and 0 or more",
    ),
    (
        "simulate.Value",
        (),
        {"value": 1.0, "unit": "per year", "kind": "assumption"},
        DefinitionError,
        r"has the range None to None; give low and high",
    ),
    (
        "simulate.Value",
        (),
        {"value": 1.0, "unit": "per year", "kind": "calibrated"},
        DefinitionError,
        r"is calibrated but names no parameter",
    ),
    ("simulate.Effect", (), {"relapse_ratio": -0.5}, InputError, r"relapse_ratio is -0.5; .* 0 or more"),
    ("simulate.Effect", (), {"edss_shift": -11}, InputError, r"edss_shift is -11, larger than the scale"),
    ("simulate.Effect", (), {"edss_shift": float("nan")}, InputError, r"edss_shift is nan"),
    ("simulate.EventRate", (), {"term": "fever", "per_year": -1}, InputError, r"'fever' is -1; .* 0 or more"),
    (
        "simulate.EventRate",
        (),
        {"term": "fever", "per_year": 1, "grade": 5},
        InputError,
        r"must be 1, 2, 3 or 4",
    ),
    ("simulate.EntryCriteria", (), {"edss": (2.0, 2.25)}, InputError, r"edss is \(2.0, 2.25\)"),
    ("simulate.EntryCriteria", (), {"edss": (5.0, 2.0)}, InputError, r"the lowest and the highest step"),
    ("simulate.EntryCriteria", (), {"relapses": "preven"}, InputError, r"Did you mean 'prevent'"),
    ("simulate.EntryCriteria", (), {"relapses": 2}, InputError, r"relapses is 2; give an EntryRule"),
    ("simulate.EntryCriteria", (), {"attack_days": (90, 30)}, InputError, r"the first below the second"),
    ("simulate.Group", (), {"phenotype": "RRMS", "share": 0}, InputError, r"share of a group is 0"),
    ("simulate.Group", (), {"phenotype": "CIS"}, InputError, r"unknown phenotype 'CIS'"),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(data_kind="patients"), "groups": RRMS},
        InputError,
        r"must say data_kind = 'simulated'",
    ),
    ("simulate.Design", (), {"protocol": PROTOCOL(), "groups": ()}, InputError, r"groups is empty"),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(visits=OVERLAP, endpoints=()), "groups": RRMS},
        InputError,
        r"'month 1' and 'month 2' are out of order or their windows overlap",
    ),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(visits=LATE, endpoints=()), "groups": RRMS},
        InputError,
        r"window of the baseline ends after day 0",
    ),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(visits=(), endpoints=()), "groups": RRMS},
        InputError,
        r"must plan visits",
    ),
    ("simulate.Design", (), {"protocol": PROTOCOL(arms=()), "groups": RRMS}, InputError, r"has no arm"),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(arms=(PLACEBO,)), "groups": RRMS},
        InputError,
        r"planned_n of arm 'placebo' is 0; it must be 1 or more",
    ),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(), "groups": RRMS, "effects": {"cell": Effect()}},
        InputError,
        r"Did you mean 'cells'",
    ),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(), "groups": (Group(phenotype="NMOSD"),)},
        DefinitionError,
        r"disease is 'MS', but the groups have \['NMOSD'\]",
    ),
    (
        "simulate.Design",
        (),
        {
            "protocol": PROTOCOL(disease="NMOSD"),
            "groups": (Group(phenotype="NMOSD"),),
            "scans": ("baseline",),
        },
        InputError,
        r"scans of these patients \(NMOSD\) are not simulated",
    ),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(), "groups": RRMS, "scans": ("month 9",)},
        InputError,
        r"visit with a scan 'month 9'",
    ),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(), "groups": RRMS, "missed_share": 1.0},
        InputError,
        r"missed_share is 1.0",
    ),
    (
        "simulate.Design",
        (),
        {"protocol": PROTOCOL(), "groups": RRMS, "dropout_per_year": -1},
        InputError,
        r"dropout_per_year is -1",
    ),
    (
        "simulate.trial",
        (PROTOCOL(),),
        {"seed": 1},
        InputError,
        r"design is a Protocol; give a simulate.Design",
    ),
    ("simulate.trial", (DESIGN,), {"seed": 1.5}, InputError, r"seed is 1.5; it must be a whole number"),
    ("simulate.trial", (DESIGN,), {"seed": -1}, InputError, r"seed is -1"),
    (
        "simulate.replicate",
        (DESIGN,),
        {"n_trials": 0, "seed": 1},
        InputError,
        r"n_trials is 0; .* at least 1",
    ),
    ("simulate.replicate", ("x",), {"n_trials": 1, "seed": 1}, InputError, r"design is a str"),
    (
        "simulate.replicate",
        (DESIGN,),
        {"n_trials": 1, "seed": 1, "block_trials": 0},
        InputError,
        r"block_trials is 0",
    ),
    (
        "simulate.replicate",
        (DESIGN,),
        {"n_trials": 1, "seed": 1, "folder": __file__},
        InputError,
        r"is no folder",
    ),
    ("simulate.natural_history", ("RRMS",), HISTORY | {"n": 0}, InputError, r"n is 0; .* at least 1"),
    ("simulate.natural_history", ("RRMS",), HISTORY | {"days": [0, 9, 5]}, InputError, r"must be in order"),
    (
        "simulate.natural_history",
        ("RRMS",),
        HISTORY | {"days": [5, 9]},
        InputError,
        r"first on day 0 or before",
    ),
    ("simulate.natural_history", ("RRMS",), HISTORY | {"days": []}, InputError, r"days is \[\]"),
    (
        "simulate.natural_history",
        ("RRMS",),
        HISTORY | {"days": [0, 1.5]},
        InputError,
        r"a day of days is 1.5",
    ),
    ("simulate.natural_history", ("RR",), HISTORY, InputError, r"unknown phenotype 'RR'"),
    (
        "simulate.natural_history",
        ("PPMS",),
        HISTORY | {"entry": rv.simulate.EntryCriteria(relapses="prevent")},
        InputError,
        r"with PPMS 0 met the entry criteria .* Loosen the criteria",
    ),
    (
        "simulate.null_band",
        (TRIAL,),
        {"seed": 1, "n_trials": 10},
        InputError,
        r"n_trials is 10; .* at least 100",
    ),
    ("simulate.null_band", (DESIGN,), {"seed": 1}, InputError, r"trial is a Design; give a Trial"),
    ("simulate.null_band", (TRIAL,), {"seed": "1"}, InputError, r"seed is '1'"),
    ("simulate.null_band", (TRIAL,), {"seed": 1, "rule": "edss-0.6"}, InputError, r"edss-0.5"),
    (
        "simulate.null_band",
        (TRIAL,),
        {"seed": 1, "visit": "month 13"},
        InputError,
        r"unknown visit 'month 13'",
    ),
    ("simulate.null_band", (TRIAL,), {"seed": 1, "scenarios": ("medium",)}, InputError, r"scenario 'medium'"),
    ("simulate.null_band", (TRIAL,), {"seed": 1, "scenarios": ()}, InputError, r"scenarios is empty"),
    ("simulate.null_band", (TRIAL,), {"seed": 1, "arm": "cell"}, InputError, r"Did you mean 'cells'"),
    ("simulate.null_band", (UNPLANNED,), {"seed": 1}, InputError, r"plans no visits"),
    (
        "simulate.null_band",
        (TRIAL,),
        {"seed": 1, "rule": rv.course.LOGMAR_0_2},
        InputError,
        r"not for 'edss'",
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


def test_a_band_refuses_an_endpoint_that_the_trial_does_not_have() -> None:
    found = rv.simulate.null_band(TRIAL, seed=1, n_trials=100)
    with pytest.raises(InputError, match="Did you mean 'responders'"):
        found.of("responder")
    plain = rv.simulate.null_band(TRIAL.with_table("mri", TRIAL.mri.head(0)), seed=1, n_trials=100)
    with pytest.raises(InputError, match="has no 'new_t2'"):
        plain.plot(endpoint="new_t2")
