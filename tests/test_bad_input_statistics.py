"""Every way in which input to statistics and safety can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

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
FOLLOWED: dict[str, Any] = {"subject": ["a", "b"], "days": [365, 365], "x": [0, 1]}
LOST = PEOPLE.with_columns(last_contact_day=-2)
NO_EVENT = pl.DataFrame(
    schema={"subject": pl.String, "day": pl.Int64, "term": pl.String, "serious": pl.Boolean}
)
ROWS: dict[str, Any] = {"days": [5, 6, 7], "observed": [1, 1, 1], "x": [0, 1, 2]}
STARTS: dict[str, Any] = {
    "start_day": [0, 0, 0],
    "stop_day": [5, 6, 7],
    "observed": [1, 1, 1],
    "x": [0, 1, 2],
}
RELAPSE: dict[str, Any] = {"subject": ["a"], "day": [30]}

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
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
        (RELAPSE | {"day": [400]}, FOLLOWED),
        {"covariates": "x"},
        InputError,
        r"day 400 lies outside",
    ),
    (
        "stats.recurrent",
        (RELAPSE | {"day": [0]}, FOLLOWED),
        {"covariates": "x"},
        InputError,
        r"day 0 lies outside",
    ),
    (
        "stats.recurrent",
        (RELAPSE | {"day": [None]}, FOLLOWED),
        {"covariates": "x"},
        InputError,
        r"has no day",
    ),
    (
        "stats.recurrent",
        (RELAPSE, FOLLOWED | {"subject": ["b", "c"]}),
        {"covariates": "x"},
        InputError,
        r"not in people",
    ),
    (
        "stats.recurrent",
        (RELAPSE, FOLLOWED | {"days": [0, 9]}),
        {"covariates": "x"},
        InputError,
        r"begin at 0 or later",
    ),
    (
        "stats.mean_cumulative",
        ({"subject": ["a", "a"], "day": [9, 9]}, FOLLOWED),
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
]


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    function: Any = rv
    for part in name.split("."):
        function = getattr(function, part)
    with pytest.raises(error, match=words):
        function(*arguments, **options)
