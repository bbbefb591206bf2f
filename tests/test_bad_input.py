"""Every way in which input can be wrong, and the words that say so.

Two tables: calls that are refused with an `InputError`, and trial folders with a mistake. Add a row for each
new public function and each new mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import ConvergenceError, DefinitionError, InputError, RanvierError

VISIT = pl.DataFrame({"subject": ["P1"], "day": ["0"]})
COURSE = pl.DataFrame({"subject": ["P1", "P1"], "day": [0, 90], "edss": [4.0, 5.0]})
COUNTS: dict[str, Any] = {"arm": ["a", "a", "b", "b"], "relapses": [1, 0, 2, 1], "years": [1.0] * 4}
REPEATED = pl.DataFrame(
    {
        "subject": ["P1", "P1", "P2", "P2"],
        "day": [0, 90] * 2,
        "arm": ["a", "a", "b", "b"],
        "edss": [4.0, 5, 3, 3],
    }
)
TWO_ARMS = REPEATED.with_columns(arm=pl.Series(["a", "b", "b", "b"]))
MMRM = rv.stats.MixedModel(outcome="edss", fixed="arm * day", visit="day")
PEOPLE = pl.DataFrame({"subject": ["P1"], "arm": ["msc"], "treated": [True], "last_contact_day": [90]})
LOST = PEOPLE.with_columns(last_contact_day=-2)
NO_EVENT = pl.DataFrame(
    schema={"subject": pl.String, "day": pl.Int64, "term": pl.String, "serious": pl.Boolean}
)
SCHEDULE: dict[str, Any] = {"schedule": pl.DataFrame(), "arms": [], "ambulation_coding": None}
MSFC: dict[str, Any] = {
    "walk_mean_s": 6.0,
    "walk_sd_s": 2.0,
    "hand_mean_per_s": 0.05,
    "hand_sd_per_s": 0.01,
    "pasat_mean": 48.0,
    "pasat_sd": 10.0,
    "source": "test",
}

ROWS: dict[str, Any] = {"days": [5, 6, 7], "observed": [1, 1, 1], "x": [0, 1, 2]}
STARTS: dict[str, Any] = {
    "start_day": [0, 0, 0],
    "stop_day": [5, 6, 7],
    "observed": [1, 1, 1],
    "x": [0, 1, 2],
}
PEOPLE: dict[str, Any] = {"subject": ["a", "b"], "days": [365, 365], "x": [0, 1]}
RELAPSE: dict[str, Any] = {"subject": ["a"], "day": [30]}

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("tables.table", ("visit",), {}, InputError, r"unknown table 'visit'.*Did you mean 'visits'"),
    ("tables.empty", ("visit",), {}, InputError, r"unknown table 'visit'"),
    ("tables.parse", ("visit", VISIT), {}, InputError, r"unknown table 'visit'"),
    ("tables.parse", ("visits", VISIT.drop("day")), {}, InputError, r"visits: the column 'day'.* is missing"),
    ("tables.parse", ("visits", {"subject": ["P1"]}), {}, InputError, r"dict is not a table"),
    ("tables.check", ({},), SCHEDULE, InputError, r"schedule lacks the columns \['visit'"),
    (
        "tables.check",
        ({},),
        SCHEDULE | {"ambulation_coding": "0-15"},
        InputError,
        r"unknown ambulation_coding",
    ),
    ("read_trial", ("no-such-folder",), {}, InputError, r"there is no folder 'no-such-folder'"),
    ("io.read_trial", (__file__,), {}, InputError, r"there is no folder"),
    ("io.new_trial", (__file__,), {}, InputError, r"is there already"),
    ("io.new_trial", ("no-such-folder/new",), {}, InputError, r"no folder 'no-such-folder' to write into"),
    ("io.write_trial", (None, __file__), {}, InputError, r"is there already"),
    ("read_sdtm", ("no-such-folder",), {}, InputError, r"there is no folder 'no-such-folder'"),
    ("io.read_sdtm", (Path(__file__).parent,), {}, InputError, r"tests holds no DM \(dm\.xpt"),
    ("io.read_sdtm", ("x",), {"arm": "actaul"}, InputError, r"unknown arm 'actaul'.*'actual'"),
    ("io.read_sdtm", ("x",), {"products": {"A": "mscs"}}, InputError, r"unknown product 'mscs'.*'msc'"),
    ("io.write_sdtm", (None, __file__), {}, InputError, r"is there already"),
    ("io.write_sdtm", (None, "new"), {"format": "sas"}, InputError, r"unknown format 'sas'.*'xpt'"),
    ("io.read_table", ("no-such-file.csv", "visits"), {}, InputError, r"there is no file 'no-such-file.csv'"),
    (
        "io.write_course",
        (__file__,),
        {"events": VISIT, "trace": VISIT, "settings": {}},
        InputError,
        r"is a file; name a folder",
    ),
    ("stats.before_after", ([1], [1, 2], 1, 1), {}, InputError, r"before has 1 patients and after 2"),
    (
        "stats.before_after",
        ([1], [1], 1, 2),
        {"method": "permutation"},
        InputError,
        r"periods of equal length",
    ),
    (
        "stats.MixedModel",
        (),
        {"outcome": "edss", "covariance": "ar2"},
        DefinitionError,
        r"Did you mean 'ar1'",
    ),
    (
        "stats.MixedModel",
        (),
        {"outcome": "edss", "fixed": "arm:visit"},
        DefinitionError,
        r"Write arm \* visit",
    ),
    ("stats.mmrm", ({}, MMRM), {}, InputError, r"dict is not a table"),
    ("stats.mmrm", (VISIT, MMRM), {}, InputError, r"lacks the columns \['edss', 'arm'\]"),
    ("stats.mmrm", (REPEATED.drop("arm"), MMRM), {}, InputError, r"with one arm write fixed='day'"),
    (
        "stats.mmrm",
        (pl.concat([REPEATED] * 2), MMRM),
        {},
        InputError,
        r"'P1' has more than one row for visit 'day 0'",
    ),
    (
        "stats.mmrm",
        (REPEATED.with_columns(edss=pl.lit("4")), MMRM),
        {},
        InputError,
        r"'edss' is String; .* numbers",
    ),
    ("stats.mmrm", (REPEATED.with_columns(edss=None), MMRM), {}, InputError, r"'edss' is Null; it must hold"),
    (
        "stats.mmrm",
        (REPEATED.with_columns(edss=pl.lit(None, pl.Float64)), MMRM),
        {},
        InputError,
        r"no row .* complete",
    ),
    ("stats.mmrm", (REPEATED, MMRM), {}, InputError, r"4 rows of 2 patients are fewer than the 4 parameters"),
    ("stats.mmrm", (REPEATED, MMRM), {"level": 95}, InputError, r"level is 95"),
    ("stats.mmrm", (REPEATED.filter(day=0), MMRM), {}, InputError, r"one visit only .*stats\.ancova"),
    ("stats.mmrm", (TWO_ARMS, MMRM), {}, InputError, r"'P1' has more than one value of 'arm'"),
    ("stats.ancova", ([1.0], [1.0, 2.0], ["a", "b"]), {}, InputError, r"before has 1 value and after 2"),
    ("stats.ancova", ([1.0, 2], [1.0, 2], ["a", "a"]), {}, InputError, r"1 arm .* use stats\.paired"),
    (
        "stats.ancova",
        ([1.0, 2, 3], [1.0, 2, 3], ["a", "a", "b"]),
        {},
        InputError,
        r"arm 'b' has one complete",
    ),
    ("stats.ancova", (["x", 2], [1.0, 2], ["a", "b"]), {}, InputError, r"before holds something"),
    ("stats.ancova", ([1, 1, 1, 1, 1], [1, 2, 3, 1, 2], list("aabba")), {}, InputError, r"does not vary"),
    (
        "stats.ancova",
        ([1, 2, 3, 4], [1, 2, 3, 1], list("aabb")),
        {"control": "c"},
        InputError,
        r"control is 'c'",
    ),
    ("stats.EntryRule", (), {"min_relapses": -1}, DefinitionError, r"min_relapses is -1"),
    (
        "stats.expected_after_entry",
        (),
        {"rate": 0, "size": 1.24, "entry": None},
        InputError,
        r"rate is 0; it must be finite and above 0",
    ),
    ("trial.Entry", (), {}, InputError, r"needs min_relapses and window_years, or rule as one of"),
    ("trial.Entry", (), {"rule": "prevnt"}, InputError, r"Did you mean 'prevent'"),
    ("trial.NedaPlan", (), {"missing": "strickt"}, InputError, r"Did you mean 'strict'"),
    (
        "verdict.expected_falls",
        (rv.trial.Entry(min_relapses=9, window_years=1.0, rate_per_year=0.01, source="s"),),
        {},
        InputError,
        r"trial.toml, entry: fewer than one patient in ten million",
    ),
    ("stats.survival", ([-3.0, 9.0],), {"observed": [1, 1]}, InputError, r"patient 1 is -3 days; it must be"),
    ("stats.survival", ([0, 0],), {"observed": [0, 0]}, InputError, r"no patient has follow-up above 0 days"),
    ("stats.survival", ([0, 9],), {"observed": [1, 0]}, InputError, r"patient 1 is on day 0, before any"),
    ("stats.survival", ([],), {"observed": []}, InputError, r"there is no patient"),
    ("stats.survival", ([5],), {}, InputError, r"observed is missing"),
    ("stats.survival", ([5, 6],), {"observed": [1]}, InputError, r"days has 2 patients, observed 1"),
    ("stats.survival", ([5],), {"observed": ["yes"]}, InputError, r"'yes'; it must be true \(1\) or false"),
    ("stats.survival", ([5],), {"observed": [2]}, InputError, r"observed holds 2"),
    ("stats.survival", ({"days": [5]},), {}, InputError, r"lacks the column 'observed'"),
    ("stats.survival", ([5],), {"observed": [1], "method": "exact"}, InputError, r"unknown method 'exact'"),
    ("stats.survival", ([5],), {"observed": [1], "level": 95}, InputError, r"level is 95.*Write 0.95"),
    ("stats.survival", ([5],), {"observed": [1], "arm": [None]}, InputError, r"patient 1 has no arm"),
    ("stats.log_rank", ([5, 6],), {"observed": [1, 1]}, InputError, r"only one arm.*needs two"),
    (
        "stats.log_rank",
        ([5, 6],),
        {"observed": [1, 1], "arm": ["a", "b"], "method": "sampled"},
        InputError,
        r"seed is missing",
    ),
    (
        "stats.log_rank",
        (list(range(1, 81)),),
        {"observed": [1] * 80, "arm": ["a", "b"] * 40},
        InputError,
        r"too many ways to label them; use method='sampled'",
    ),
    ("stats.cox", (ROWS | {"observed": [0, 0, 0]},), {"covariates": "x"}, InputError, r"no event in 3 rows"),
    (
        "stats.cox",
        (ROWS | {"x": [1, 1, 1]},),
        {"covariates": "x"},
        InputError,
        r"'x' is the same in every row",
    ),
    (
        "stats.cox",
        (ROWS | {"z": [0, 2, 4]},),
        {"covariates": ["x", "z"]},
        InputError,
        r"determine one another",
    ),
    ("stats.cox", (ROWS,), {"covariates": []}, InputError, r"covariates is empty"),
    ("stats.cox", (ROWS,), {"covariates": ["y"]}, InputError, r"lacks the column 'y'"),
    ("stats.cox", (ROWS | {"stop_day": [5, 6, 7]},), {"covariates": "x"}, InputError, r"column 'start_day'"),
    (
        "stats.cox",
        (STARTS | {"start_day": [0, 6, 0]},),
        {"covariates": "x"},
        InputError,
        r"row 2 starts on day 6",
    ),
    ("stats.cox", (STARTS | {"start_day": [-1, 0, 0]},), {"covariates": "x"}, InputError, r"row 1 goes from"),
    ("stats.cox", (STARTS | {"subject": ["a", "a", "b"]},), {"covariates": "x"}, InputError, r"'a' overlap"),
    (
        "stats.cox",
        (ROWS,),
        {"covariates": "x", "method": "firth", "variance": "robust"},
        InputError,
        r"variance='robust' goes with method='partial-likelihood'",
    ),
    ("stats.cox", (ROWS,), {"covariates": "x"}, ConvergenceError, r"no maximum: 'x'.*Use method='firth'"),
    (
        "stats.recurrent",
        (RELAPSE | {"day": [400]}, PEOPLE),
        {"covariates": "x"},
        InputError,
        r"day 400 lies outside",
    ),
    (
        "stats.recurrent",
        (RELAPSE | {"day": [0]}, PEOPLE),
        {"covariates": "x"},
        InputError,
        r"day 0 lies outside",
    ),
    ("stats.recurrent", (RELAPSE | {"day": [None]}, PEOPLE), {"covariates": "x"}, InputError, r"has no day"),
    (
        "stats.recurrent",
        (RELAPSE, PEOPLE | {"subject": ["b", "c"]}),
        {"covariates": "x"},
        InputError,
        r"not in people",
    ),
    (
        "stats.recurrent",
        (RELAPSE, PEOPLE | {"days": [0, 9]}),
        {"covariates": "x"},
        InputError,
        r"begin at 0 or later",
    ),
    (
        "stats.mean_cumulative",
        ({"subject": ["a", "a"], "day": [9, 9]}, PEOPLE),
        {},
        InputError,
        r"two events on day 9",
    ),
    ("stats.interval_survival", ([5],), {"right": [3]}, InputError, r"not later than the right day"),
    ("stats.interval_survival", ([5],), {}, InputError, r"right is missing"),
    ("stats.interval_survival", ([None],), {"right": [None]}, InputError, r"no patient was watched"),
    ("stats.weibull", ([5],), {}, InputError, r"give a table with left_day and right_day"),
    ("stats.weibull", ({"left_day": [5], "right_day": [None]},), {}, InputError, r"no event in 1 patient"),
    (
        "stats.relapse_model",
        (COUNTS | {"years": [1.0, -0.5, 1.0, 1.0]},),
        {},
        InputError,
        r"row 2: years is -0.5; it must be above 0 years",
    ),
    ("stats.relapse_model", (COUNTS | {"years": [0.0, 1, 1, 1]},), {}, InputError, r"row 1: years is 0; it"),
    (
        "stats.relapse_model",
        (COUNTS | {"relapses": [0] * 4},),
        {},
        InputError,
        r"no relapse in arm a .* and b ",
    ),
    (
        "stats.relapse_model",
        (COUNTS | {"relapses": [0.5, 1, 1, 1]},),
        {},
        InputError,
        r"relapses is 0.5; it must",
    ),
    (
        "stats.relapse_model",
        ({"arm": ["a", "b"], "relapses": [1, 1], "years": [1, 1]},),
        {},
        InputError,
        r"too few",
    ),
    ("stats.relapse_model", (COUNTS,), {"variance": "hc4"}, InputError, r"unknown variance 'hc4'"),
    ("stats.relapse_model", (COUNTS,), {"reference": "c"}, InputError, r"unknown reference 'c'; use one of"),
    ("stats.relapse_model", (VISIT,), {}, InputError, r"lacks the columns \['arm', 'relapses', 'years'\]"),
    (
        "stats.relapse_permutation",
        (COUNTS | {"arm": ["a", "b", "c", "c"]},),
        {},
        InputError,
        r"compares two arms",
    ),
    (
        "stats.relapse_permutation",
        (COUNTS | {"arm": ["a", "b", "b", "b"]},),
        {},
        InputError,
        r"has 1 patient",
    ),
    ("stats.ordinal_mixed", (COURSE,), {"terms": ["arm"]}, InputError, r"lacks the columns \['arm'\]"),
    ("stats.adjust", ([],), {}, InputError, r"give at least one p value"),
    ("stats.adjust", ([0.2, 1.2],), {}, InputError, r"H2 is 1.2; a p value lies between 0 and 1"),
    ("stats.adjust", ([0.2],), {"method": "bh"}, InputError, r"unknown method 'bh'"),
    (
        "stats.gatekeeping",
        ([0.1, 0.2],),
        {"weights": [0.5, 0.4], "transitions": [[0, 1], [1, 0]]},
        InputError,
        r"weights sum to 0.9; they must sum to 1",
    ),
    (
        "stats.gatekeeping",
        ([0.1, 0.2],),
        {"weights": [1, 0], "transitions": [[0, 1.5], [1, 0]]},
        InputError,
        r"transitions of H1: H2 is 1.5",
    ),
    (
        "stats.gatekeeping",
        ([0.1, 0.2],),
        {"weights": [1, 0], "transitions": [[1, 0], [1, 0]]},
        InputError,
        r"hands 1 to itself",
    ),
    (
        "stats.impute",
        (COURSE,),
        {"value": "edss", "visits": ["x"], "seed": 1},
        InputError,
        r"lacks the columns",
    ),
    ("stats.impute", (COURSE,), {"value": "edss", "visits": ["x"], "seed": -1}, InputError, r"seed is -1"),
    ("stats.ImputationModel", (), {"burn_in": 0}, DefinitionError, r"at least 1"),
    ("stats.pool_imputations", ([1.0], [1.0]), {}, InputError, r"values has 1 entries"),
    ("stats.pool_imputations", ([1.0, 2.0], [1.0, 0.0]), {}, InputError, r"standard_errors hold 0"),
    ("stats.tipping_responders", ((5, 1), (4, 9), (0, 1)), {}, InputError, r"5 responders of 4 known"),
    ("stats.tipping_responders", ((1,), (4, 9), (0, 1)), {}, InputError, r"give two counts"),
    (
        "trial.IntercurrentEvent",
        (),
        {"event": "death", "strategy": "ignore"},
        InputError,
        r"unknown strategy of",
    ),
    (
        "trial.Estimand",
        (),
        {"population": "", "treatment": "x", "endpoint": "x", "summary": "x"},
        InputError,
        r"population of the estimand is empty",
    ),
    ("course.kappa", ([True], []), {}, InputError, r"first has 1 verdicts and second 0"),
    ("course.kappa_matrix", ([1],), {}, InputError, r"give True or False for each definition"),
    ("course.relapse_preset", ("sakure",), {}, InputError, r"Did you mean 'sakura'"),
    ("course.ObjectiveRule", (), {}, DefinitionError, r"without a criterion"),
    ("course.RelapseDefinition", (), {"name": "", "source": "x"}, DefinitionError, r"needs a name"),
    (
        "course.accepted_relapses",
        (VISIT,),
        {"definition": rv.course.PREVENT},
        InputError,
        r"lacks the columns \['objective', 'committee'\]",
    ),
    ("course.preset", ("cdw-12",), {}, InputError, r"unknown definition 'cdw-12'.*Did you mean 'cdw-12w'"),
    (
        "course.events",
        (COURSE.drop("day"),),
        {"definition": "cdw-12w"},
        InputError,
        r"lacks the columns \['day'\]",
    ),
    ("course.events", (COURSE,), {"definition": "cdw-1w"}, InputError, r"unknown definition 'cdw-1w'"),
    (
        "course.events",
        (COURSE,),
        {"definition": "pira-12w"},
        InputError,
        r"needs relapses; give an empty table",
    ),
    ("course.worsening", (COURSE,), {"definition": "cdi-12w"}, InputError, r"keeps 'first improvement'"),
    ("course.improvement", (COURSE,), {"definition": "cdw-12w"}, InputError, r"keeps 'first worsening'"),
    (
        "course.milestone",
        (COURSE,),
        {"level": "six", "definition": "cdw-12w"},
        InputError,
        r"level is 'six'; it must be a number",
    ),
    ("course.neda", (COURSE, None, None), {}, InputError, r"give either schedule or horizon_days"),
    ("course.neda_preset", ("neda-5",), {}, InputError, r"unknown definition of NEDA 'neda-5'"),
    (
        "course.NedaDefinition",
        (),
        {"name": "n", "source": "s", "rebaseline": (9, 3)},
        DefinitionError,
        r"first and its last day",
    ),
    ("course.grid", ("cdw-12w", {}), {}, DefinitionError, r"'cdw-12w' is no definition"),
    (
        "course.grid",
        (rv.course.CDW_12W, {"baseline.sheme": ["fixed"]}),
        {},
        InputError,
        r"unknown option 'baseline.sheme'.*Did you mean 'baseline.scheme'",
    ),
    ("course.multiverse", (COURSE,), {"definitions": []}, InputError, r"give a list of one or more"),
    ("course.multiverse", (COURSE,), {"definitions": ["cdw-12"]}, InputError, r"Did you mean 'cdw-12w'"),
    (
        "course.multiverse",
        (COURSE,),
        {"definitions": ["cdw-12w", "CDW_12W"]},
        InputError,
        r"two definitions are named 'cdw-12w'",
    ),
    (
        "course.multiverse",
        (COURSE.drop("edss"),),
        {"definitions": ["cdw-12w"]},
        InputError,
        r"lacks the columns \['edss'\]",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "composite", "seed": 1},
        InputError,
        r"rater error is known for \['edss'\] only",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "cdw-12w", "seed": -1},
        InputError,
        r"seed is -1; it must be a whole number of 0 or more",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "cdw-12w", "seed": 1, "repeats": 0},
        InputError,
        r"repeats is 0; it must be a whole number of 1 or more",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "cdw-12w", "seed": 1, "error": "between-rater"},
        InputError,
        r"'between-rater'.*Did you mean 'between-raters'",
    ),
    (
        "course.false_positive_rate",
        (COURSE.clear(),),
        {"definition": "cdw-12w", "seed": 1},
        InputError,
        r"no patient has an EDSS",
    ),
    (
        "course.definition_from",
        ({"preset": "cdw-12w", "baseline": {"visits": "two"}},),
        {},
        DefinitionError,
        r"baseline.visits is 'two'; it must be a whole number",
    ),
    (
        "course.definition_from",
        ({"presets": "cdw-12w"},),
        {},
        DefinitionError,
        r"no option 'presets'.*Did you mean 'preset'",
    ),
    ("io.read_course", ("no-visits.csv",), {}, InputError, r"there is no file 'no-visits.csv'"),
    ("io.read_definition", (__file__,), {}, InputError, r"a file that ends in .toml or .json"),
    ("io.read_definition", ("no.toml",), {}, InputError, r"there is no file 'no.toml'"),
    ("course.time_to_event", (COURSE, COURSE), {}, InputError, r"DataFrame holds no events"),
    ("io.read_grades", ("nothing.csv",), {}, InputError, r"there is no file 'nothing\.csv'"),
    ("io.write_table", (VISIT, "table.xlsx"), {}, InputError, r"cannot be written as 'table\.xlsx'.*\.csv"),
    ("io.write_table", (VISIT, "nowhere/t.csv"), {}, InputError, r"there is no folder 'nowhere'"),
    ("scales.edss_step", [2] * 8, {"ambulation_coding": "0-15"}, InputError, r"unknown ambulation_coding"),
    ("scales.edss_step", [2.5] * 8, {"ambulation_coding": "0-16"}, InputError, r"visual is 2\.5"),
    ("scales.edss", (VISIT,), {"ambulation_coding": "0-16"}, InputError, r"visits.*'?visual'?"),
    ("scales.logmar", (0.5,), {"notation": "decimals"}, InputError, r"unknown notation.*'decimal'"),
    ("scales.logmar", (-0.5,), {"notation": "decimal"}, InputError, r"-0\.5"),
    ("scales.acuity", ([0.5],), {"notation": "snelen"}, InputError, r"unknown notation.*'snellen'"),
    ("scales.msfc", (VISIT,), {"reference": "task-forse"}, InputError, r"unknown reference.*'task-force'"),
    (
        "scales.msfc",
        (VISIT,),
        {"reference": "task-force"},
        InputError,
        r"visits lacks the columns \['t25fw_s'",
    ),
    ("scales.MsfcReference", (), MSFC | {"walk_sd_s": 0.0}, InputError, r"walk_sd_s is 0\.0; .* above 0"),
    ("scales.MsfcReference.from_baseline", (VISIT,), {}, InputError, r"visits lacks the columns"),
    ("stats.proportion", (3, 2), {}, InputError, r"events is 3, more than n = 2"),
    ("stats.proportion", (1, 2), {"method": "wald"}, InputError, r"unknown method 'wald'; use one of"),
    ("stats.proportion", (1, 2), {"level": 95}, InputError, r"level is 95; .*Write 0\.95"),
    ("stats.zero_event_bound", (0,), {}, InputError, r"n is 0; a bound needs at least one"),
    ("stats.rate", (-1, 2.0), {}, InputError, r"events is -1; it must be a whole number"),
    ("stats.rate", (1, 0.0), {}, InputError, r"years is 0\.0; a rate needs"),
    ("stats.rate_ratio", ((1, 2, 3), (1.0, 2.0)), {}, InputError, r"give two values"),
    ("stats.paired", ([1.0], [1.0, 2.0]), {}, InputError, r"before has 1 value and after 2"),
    ("stats.paired", ([1.0], [2.0]), {"method": "t-test"}, InputError, r"unknown method 't-test'"),
    ("stats.compare_proportions", ((1, 2), (0, 5)), {}, InputError, r"the first arm is empty \(n is 0\)"),
    (
        "stats.compare_proportions",
        ((1, 6), (5, 5)),
        {},
        InputError,
        r"second of events is 6, more than its n = 5",
    ),
    ("stats.compare_proportions", ((-1, 2), (5, 5)), {}, InputError, r"the first of events is -1; it must"),
    ("stats.compare_proportions", (3, (5, 5)), {}, InputError, r"events is 3; give two values"),
    (
        "stats.compare_proportions",
        ((1, 2), (5, 5)),
        {"measure": "risk"},
        InputError,
        r"unknown measure 'risk'",
    ),
    (
        "stats.compare_proportions",
        ((1, 2), (5, 5)),
        {"measure": "ratio", "method": "newcombe"},
        InputError,
        r"'newcombe' does not give the ratio; use one of \['exact', 'barnard'",
    ),
    ("stats.compare_proportions", ((1, 2), (900, 900)), {}, InputError, r"too large for method 'barnard'"),
    ("stats.mcnemar", (0, 0), {}, InputError, r"are all 0; at least one pair"),
    ("stats.mcnemar", (1.5, 0), {}, InputError, r"gained is 1\.5; it must be a whole number"),
    ("stats.rank_sum", ([1.0], [None]), {}, InputError, r"second has no known value among 1"),
    ("stats.rank_sum", ([1.0], ["a"]), {}, InputError, r"second must be one row of numbers"),
    ("stats.rank_sum", ([1.0], [2.0]), {"two_sided": "half"}, InputError, r"unknown two_sided 'half'"),
    ("stats.permutation", ([1.0], [float("inf")]), {}, InputError, r"second\[0\] is inf"),
    ("stats.permutation", ([1.0],), {}, InputError, r"design 'two groups' needs a second sample"),
    ("stats.permutation", ([], [1.0]), {}, InputError, r"first has no known value"),
    (
        "stats.permutation",
        ([1.0, 2.0], [1.0]),
        {"design": "paired"},
        InputError,
        r"first has 2 values and second 1",
    ),
    ("stats.permutation", ([1.0], [2.0]), {"statistic": "median"}, InputError, r"unknown statistic 'median'"),
    (
        "stats.permutation",
        ([1.0], [2.0]),
        {"statistic": lambda a, b: float("nan")},
        InputError,
        r"the statistic gave nan .* finite number",
    ),
    ("stats.rate_difference", ((1, 2), (1.0, 0.0)), {}, InputError, r"the second of years is 0\.0"),
    ("stats.beta_binomial", (3, 2), {}, InputError, r"events is 3, more than n = 2"),
    ("stats.beta_binomial", (1, 2), {"prior": "flat"}, InputError, r"unknown prior 'flat'; use one of"),
    ("stats.beta_binomial", (1, 2), {"threshold": 20}, InputError, r"threshold is 20; .*Write 0\.2"),
    ("stats.gamma_poisson", (1, 0), {}, InputError, r"years is 0; a rate needs"),
    (
        "stats.gamma_poisson",
        (1, 2),
        {"threshold": -1},
        InputError,
        r"threshold is -1; it must be a finite rate",
    ),
    ("stats.SharePrior", (), {"name": "x", "yes": 0, "no": 1, "source": ""}, DefinitionError, r"yes is 0;"),
    (
        "stats.RatePrior",
        (),
        {"name": "x", "events": 1, "years": -1, "source": ""},
        DefinitionError,
        r"years is -1;",
    ),
    ("stats.sceptical_share", (0.4, 0.2), {}, InputError, r"doubtful is 0\.2, not above expected = 0\.4"),
    ("stats.sceptical_rate", (0.4, 0.0), {}, InputError, r"doubtful is 0\.0; it must be finite and above 0"),
    ("course.change_rule", ("edss-1",), {}, InputError, r"unknown.*'edss-1'.*'edss-1\.0"),
    ("course.change", (VISIT, SCHEDULE["schedule"]), {}, InputError, r"lacks the columns \['edss'\]"),
    ("course.at_schedule", (VISIT, pl.DataFrame()), {"column": "eds"}, InputError, r"'eds'.*'edss'"),
    ("course.relapse_rate", (VISIT, VISIT), {}, InputError, r"subjects lacks the columns \['treated'"),
    ("mri.change", (VISIT, pl.DataFrame()), {"column": "t2"}, InputError, r"'t2'"),
    ("safety.incidence", (VISIT, VISIT), {"by": "system"}, InputError, r"'system'.*'body_system'"),
    ("safety.incidence", (NO_EVENT, PEOPLE), {"among": "grave"}, InputError, r"unknown class.*'grave'"),
    (
        "safety.incidence",
        (NO_EVENT, LOST),
        {},
        InputError,
        r"\['P1'\] were last seen before their first dose",
    ),
    ("safety.incidence", (NO_EVENT.drop("day"), PEOPLE), {}, InputError, r"lacks the columns \['day'\]"),
    (
        "safety.treatment_emergent",
        (NO_EVENT, LOST),
        {},
        InputError,
        r"last_contact_day -2, first dose on day 0",
    ),
    ("safety.serious_listing", (NO_EVENT, PEOPLE), {"among": ()}, InputError, r"unknown class"),
    ("safety.worst_grade", (NO_EVENT, PEOPLE), {}, InputError, r"lacks the columns \['grade'\]"),
    (
        "safety.first_events",
        (NO_EVENT, PEOPLE),
        {"kind": "term"},
        InputError,
        r"kind is 'term' and event is None",
    ),
    ("safety.cumulative_events", (NO_EVENT, LOST), {}, InputError, r"correct the day, or set treated = no"),
    ("safety.monitored_patients", (NO_EVENT, PEOPLE), {"min_grade": 0}, InputError, r"min_grade is 0"),
    ("safety.monitored_patients", (NO_EVENT, PEOPLE), {"window_days": -1}, InputError, r"window_days is -1"),
    ("safety.monitored_patients", (NO_EVENT, PEOPLE), {"arms": ["mcs"]}, InputError, r"Did you mean 'msc'"),
    ("stats.compare_events", (PEOPLE,), {"reference": "msc"}, InputError, r"DataFrame holds no counts"),
    ("stats.zero_events", (PEOPLE,), {}, InputError, r"give what safety\.incidence made"),
    ("stats.patients_to_exclude", (1,), {}, InputError, r"share is 1; give a share between 0 and 1"),
    ("stats.stopping_rule", (10,), {"limit": 10}, InputError, r"limit is 10; it must be a share"),
    ("stats.stopping_rule", (0,), {"limit": 0.1}, InputError, r"looks is 0; give at least one patient"),
    ("stats.stopping_rule", ([3, 3],), {"limit": 0.1}, InputError, r"each larger than the one before"),
    ("stats.stopping_rule", (5,), {"limit": 0.1, "method": "obf"}, InputError, r"unknown method 'obf'"),
    (
        "stats.stopping_rule",
        (5,),
        {"limit": 0.1, "method": "poisson"},
        InputError,
        r"patient-years of each look",
    ),
    (
        "stats.stopping_rule",
        (1,),
        {"limit": 0.5},
        InputError,
        r"no count could stop the trial.*more patients",
    ),
    ("stats.stopping_rule", (5,), {"limit": 0.1, "prior": (1, 1)}, InputError, r"'binomial' has none"),
    ("stats.stopping_rule", (5,), {"limit": 0.1, "level": 95}, InputError, r"Write 0\.95 for 95 %"),
    ("evidence.serious_events", (), {"cell_class": "MCS"}, InputError, r"unknown cell_class 'MCS'"),
    ("verdict.read_claims", ("nothing.toml",), {}, InputError, r"there is no file nothing\.toml"),
    ("verdict.study_verdict", ("uccelli",), {}, InputError, r"'uccelli'"),
    ("verdict.say", ("no_such_sentence",), {}, InputError, r"unknown sentence 'no_such_sentence'"),
    ("verdict.outcome", ("eds",), {}, InputError, r"'eds'"),
]


def test_registry_names_what_it_does_not_hold() -> None:
    registry = rv.evidence.registry()
    with pytest.raises(InputError, match=r"'uccelli'"):
        registry.study("uccelli")
    with pytest.raises(InputError, match=r"unknown disease 'MSS'.*'MS'"):
        registry.placebo_response(disease="MSS", route="IV", cell_class="MSC")
    with pytest.raises(InputError, match=r"unknown cell_class 'stem'"):
        registry.placebo_response(disease="MS", route="IV", cell_class="stem")


def test_data_with_errors_are_refused_by_whatever_judges_them(trial_folder: Path) -> None:
    swapped("visits.csv", "4.5", "4.25")(trial_folder)
    trial = rv.read_trial(trial_folder)
    for judge in (rv.verdict.analyse, rv.verdict.assess, rv.report.build):
        with pytest.raises(InputError, match=r"the data hold 1 error; the first is edss-grid in visits\.csv"):
            judge(trial)


def test_claims_that_are_no_claims_are_refused(tmp_path: Path) -> None:
    claims = tmp_path / "claims.toml"
    claims.write_text("[article]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"claims"):
        rv.verdict.read_claims(claims)


def test_report_is_not_saved_under_another_ending(tmp_path: Path) -> None:
    report = rv.report.Report(title="T", subtitle="", sections=())
    with pytest.raises(InputError, match=r"cannot be saved as 'a\.pdf'; use \.html or \.json"):
        report.save(tmp_path / "a.pdf")
    with pytest.raises(InputError, match=r"folder .* does not exist"):
        report.save(tmp_path / "b" / "a.html")


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    function: Any = rv
    for part in name.split("."):
        function = getattr(function, part)
    with pytest.raises(error, match=words):
        function(*arguments, **options)


Change = Callable[[Path], object]


def text(name: str, content: str) -> Change:
    """Write one file."""
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


def content(name: str, content: bytes) -> Change:
    """Write one file of bytes."""
    return lambda folder: (folder / name).write_bytes(content)


def renamed(old: str, new: str) -> Change:
    """Rename one file."""
    return lambda folder: (folder / old).rename(folder / new)


def removed(name: str) -> Change:
    """Remove one file."""
    return lambda folder: (folder / name).unlink()


def swapped(name: str, old: str, new: str) -> Change:
    """Change text in one file, once."""

    def change(folder: Path) -> None:
        before = (folder / name).read_text(encoding="utf-8")
        assert old in before
        (folder / name).write_text(before.replace(old, new, 1), encoding="utf-8")

    return change


# what is wrong with the folder, words of the message
REFUSED: dict[str, tuple[Change, str]] = {
    "no protocol": (removed("trial.toml"), r"holds no trial\.toml"),
    "misspelt protocol": (renamed("trial.toml", "trail.toml"), r"There is 'trail\.toml'"),
    "protocol is no TOML": (
        text("trial.toml", "[trial]\nid = x\n"),
        r"trial\.toml is not valid TOML.*line 2",
    ),
    "protocol of binary": (content("trial.toml", b"\xff\xfe\0"), r"trial\.toml is in UTF-16"),
    "unknown key": (swapped("trial.toml", "disease =", "desease ="), r"unknown key 'desease'.*'disease'"),
    "unknown coding": (swapped("trial.toml", '"0-16"', '"0-15"'), r"unknown ambulation_coding '0-15'"),
    "control character": (
        swapped("subjects.csv", "P1", "P\x071"),
        r"subjects\.csv, line 2: there is a control character \(0x07\); delete it",
    ),
    "unknown cell class": (
        swapped("trial.toml", "[[arms]]", '[product]\ncell_class = "MSCs"\n\n[[arms]]'),
        r"unknown cell_class 'MSCs'.*Did you mean 'MSC'",
    ),
    "control arm without control": (
        swapped("trial.toml", 'label = "Cells"', 'label = "Cells"\nrole = "control"'),
        r"design 'single_arm' has no control group.*\['cells'\]",
    ),
    "unknown entry rule": (
        swapped("trial.toml", "[[arms]]", '[entry]\nrule = "prevnt"\n\n[[arms]]'),
        r"trial\.toml, entry: unknown rule of \[entry\] 'prevnt'.*Did you mean 'prevent'",
    ),
    "entry rule without its window": (
        swapped("trial.toml", "[[arms]]", "[entry]\nmin_relapses = 2\n\n[[arms]]"),
        r"\[entry\] needs min_relapses and window_years",
    ),
    "re-baseline at no visit": (
        swapped("trial.toml", "[[arms]]", '[neda]\nrebaseline_visit = "month 6"\n\n[[arms]]'),
        r"unknown rebaseline_visit of \[neda\] 'month 6'.*'month 12'",
    ),
    "unknown design": (
        swapped("trial.toml", "single_arm", "one_arm"),
        r"unknown design 'one_arm'.*'single_arm'",
    ),
    "no subjects": (removed("subjects.csv"), r"neither subjects\.csv nor subjects\.parquet"),
    "misspelt file": (renamed("visits.csv", "visit.csv"), r"visit\.csv is not.*Did you mean 'visits\.csv'"),
    "file in capitals": (renamed("visits.csv", "Visits.CSV"), r"Did you mean 'visits\.csv'"),
    "misspelt optional file": (renamed("doses.csv", "dosis.csv"), r"Did you mean 'doses\.csv'"),
    "old copy": (text("visits_old.csv", "a\n"), r"visits_old\.csv is not the name of a table"),
    "Excel workbook": (
        renamed("visits.csv", "visits.xlsx"),
        r"visits\.xlsx is not read: save it as visits\.csv",
    ),
    "empty file": (text("visits.csv", ""), r"visits\.csv is empty"),
    "file of blank lines": (text("visits.csv", "\n \n"), r"visits\.csv is empty"),
    "workbook called csv": (
        content("visits.csv", b"PK\x03\x04\x14\0"),
        r"visits\.csv is not.*an Excel workbook",
    ),
    "binary": (content("visits.csv", b"a,b\n\0,1\n"), r"visits\.csv is not a text file: it holds binary"),
    "Latin-1": (
        content("visits.csv", b"subject,day\nJos\xe9,1\n"),
        r"visits\.csv, line 2: byte 0xe9 is not UTF-8",
    ),
    "UTF-16": (content("visits.csv", "subject,day".encode("utf-16")), r"visits\.csv is in UTF-16"),
    "semicolons": (text("visits.csv", "subject;day\nP1;0\n"), r"separated by semicolons; commas are needed"),
    "tabs": (text("visits.csv", "subject\tday\nP1\t0\n"), r"separated by tabs; commas are needed"),
    "short row": (text("visits.csv", "subject,day,edss\nP1,0,4\nP1,9\n"), r"visits\.csv, line 3: 2 cells"),
    "long row": (text("visits.csv", "subject,day,edss\nP1,0,4,5\n"), r"visits\.csv, line 2: 4 cells"),
    "open quote": (text("visits.csv", 'subject,day\n"P1,0\n'), r"visits\.csv, line 2: quotes are wrong"),
    "stray quote": (text("visits.csv", 'subject,day\n"P"1,0\n'), r"visits\.csv, line 2: quotes are wrong"),
    "no column of days": (
        text("visits.csv", "subject,edss\nP1,4\n"),
        r"visits\.csv: the column 'day'.*missing",
    ),
    "no column of subjects": (text("visits.csv", "subjekt,day\nP1,4\n"), r"Did you mean 'subjekt'"),
    "column twice": (
        text("visits.csv", "subject,day,Day\nP1,4,5\n"),
        r"\['day'\] stand there more than once",
    ),
    "column without a name": (
        text("visits.csv", "subject,day,\nP1,4,5\n"),
        r"column 3 holds values but has no name",
    ),
    "column called row": (text("visits.csv", "subject,day,row\nP1,4,5\n"), r"the column 'row' is taken"),
    "no patients": (text("subjects.csv", "subject,arm\n"), r"subjects\.csv holds no patients yet"),
    "day and date": (
        text("visits.csv", "subject,day,date\nP1,4,2016-01-01\n"),
        r"both 'day' and 'date' are given",
    ),
    "dates without dated doses": (
        text("visits.csv", "subject,date\nP1,2016-01-01\n"),
        r"doses\.csv gives days",
    ),
    "no Parquet": (content("mri.parquet", b"PAR1 but not really"), r"mri\.(csv and mri\.)?parquet"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_folder_is_refused_in_words(trial_folder: Path, change: Change, words: str) -> None:
    change(trial_folder)
    with pytest.raises(InputError, match=words):
        rv.read_trial(trial_folder)


FIRST_VISIT = "P1,-7,baseline,1,1,3,2,2,1,1,2,4.5"

# what is wrong with a table; then rule, file, row and column of the finding
FOUND: dict[str, tuple[Change, tuple[str, str, int | None, str]]] = {
    "half grade": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,2.5,2,2,1,1,2,4.5"),
        ("not-a-whole-number", "visits.csv", 2, "pyramidal"),
    ),
    "EDSS 4.25": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,3,2,2,1,1,2,4.25"),
        ("edss-grid", "visits.csv", 2, "edss"),
    ),
    "decimal comma": (
        swapped("visits.csv", FIRST_VISIT, 'P1,-7,baseline,1,1,3,2,2,1,1,2,"4,5"'),
        ("not-a-number", "visits.csv", 2, "edss"),
    ),
    "n.d.": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,3,2,2,1,1,2,n.d."),
        ("not-a-number", "visits.csv", 2, "edss"),
    ),
    "-99": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,3,2,2,1,-99,2,4.5"),
        ("functional-system-range", "visits.csv", 2, "cerebral"),
    ),
    "two rows for one visit": (
        swapped("visits.csv", "P1,365,month 12", "P1,-7,"),
        ("visit-duplicate", "visits.csv", 3, "day"),
    ),
    "subject in visits but not in subjects": (
        swapped("visits.csv", "P2,-10", "P7,-10"),
        ("subject-unknown", "visits.csv", 4, "subject"),
    ),
    "days in the wrong order": (
        swapped("relapses.csv", "P1,100,130", "P1,100,13"),
        ("end-before-start", "relapses.csv", 3, "end_day"),
    ),
    "negative count": (
        swapped("mri.csv", "P1,-7,brain,10,900,1", "P1,-7,brain,10,900,-1"),
        ("count-negative", "mri.csv", 2, "gad_count"),
    ),
    "missing column": (
        swapped("subjects.csv", ",diagnosis,", ",disease,"),
        ("column-missing", "subjects.csv", None, "diagnosis"),
    ),
    "misspelt column": (
        swapped("visits.csv", "pyramidal", "pyramidial"),
        ("column-misspelt", "visits.csv", None, "pyramidial"),
    ),
    "date in a column of days": (
        swapped("relapses.csv", "P1,100,130", "P1,100,2016-03-04"),
        ("not-a-day", "relapses.csv", 3, "end_day"),
    ),
    "no ambulation coding": (
        swapped("trial.toml", "ambulation_coding", "# ambulation_coding"),
        ("ambulation-coding-missing", "visits.csv", 2, "ambulation"),
    ),
}


@pytest.mark.parametrize(("change", "finding"), FOUND.values(), ids=FOUND)
def test_mistake_in_a_table_is_an_error_that_says_where(
    trial_folder: Path, change: Change, finding: tuple[str, str, int | None, str]
) -> None:
    change(trial_folder)
    errors = rv.read_trial(trial_folder).check().table.filter(severity="error")
    assert finding in errors.select("rule", "file", "row", "column").rows()
    assert errors["advice"].str.len_chars().min() > 10  # type: ignore[operator]


@pytest.mark.parametrize(
    "change", ["half grade", "EDSS 4.25", "n.d.", "negative count", "days in the wrong order"]
)
def test_one_mistake_is_one_error(trial_folder: Path, change: str) -> None:
    FOUND[change][0](trial_folder)
    errors = rv.read_trial(trial_folder).check().table.filter(severity="error")
    assert errors.height == 1
