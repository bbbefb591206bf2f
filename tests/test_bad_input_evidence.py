"""Every way in which input to effect sizes and pooling can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

import datetime
from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError

SHARES: dict[str, Any] = {"study": ["A", "B"], "events": [1, 3], "n": [10, 12]}
LOGIT = {"measure": "logit proportion"}
SIZES = rv.evidence.effect_size(SHARES, **LOGIT)
FOUR: tuple[list[float], list[float]] = ([0.1, 0.5, 0.3, 0.9], [0.1, 0.2, 0.1, 0.2])
DOSE = {"moderators": {"dose": [1, 2, 3, 4]}}
ARMS: dict[str, Any] = {"study": ["A", "B"], "events": [1, 3], "n": [10, 12]}
ARMS |= {"events_control": [2, 4], "n_control": [11, 12]}
NO_EVENTS = {**ARMS, "events": [0, 0], "events_control": [0, 0]}
PAIRS: dict[str, Any] = {"both": [5], "first_only": [2], "second_only": [1], "neither": [4]}
QUANTILES: dict[str, Any] = {"study": ["A"], "n": [20], "median": [4.0], "q1": [3.0], "q3": [5.5]}
CHANGES: dict[str, Any] = {"change": [-0.4], "sd_change": [1.0], "n": [10]}

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    (
        "evidence.effect_size",
        (SHARES,),
        {"measure": "logit proprtion"},
        InputError,
        r"Did you mean 'logit prop",
    ),
    ("evidence.effect_size", (SHARES,), {"measure": "risk ratio"}, InputError, r"lacks .*'events_control'"),
    ("evidence.effect_size", (7,), LOGIT, InputError, r"no table of studies"),
    ("evidence.effect_size", ({"events": [1], "n": [1, 2]},), LOGIT, InputError, r"columns of equal length"),
    ("evidence.effect_size", ({"events": [], "n": []},), LOGIT, InputError, r"holds no study"),
    (
        "evidence.effect_size",
        ({**SHARES, "n": [10, 2]},),
        LOGIT,
        InputError,
        r"'B' has 3 patients .* among 2",
    ),
    ("evidence.effect_size", ({**SHARES, "events": [-1, 2]},), LOGIT, InputError, r"'events' .* 'A' is -1"),
    ("evidence.effect_size", ({**SHARES, "n": [10.5, 12]},), LOGIT, InputError, r"is 10.5; .* whole number"),
    (
        "evidence.effect_size",
        ({**SHARES, "n": ["ten", "12"]},),
        LOGIT,
        InputError,
        r"'n' is String; .* numbers",
    ),
    (
        "evidence.effect_size",
        ({**SHARES, "events": [1, 3.5]},),
        LOGIT,
        InputError,
        r"'B' is 3.5; .* patients",
    ),
    (
        "evidence.effect_size",
        ({**SHARES, "cell_class": ["MSC", "aHSCT"]},),
        LOGIT,
        InputError,
        r"aHSCT is chemotherapy and is never pooled with other cells",
    ),
    (
        "evidence.effect_size",
        ({**SHARES, "cell_class": [None, "ahsct"]},),
        LOGIT,
        InputError,
        r"never pooled with other cells",
    ),
    ("evidence.effect_size", (SHARES,), {**LOGIT, "zero_cells": "only0"}, InputError, r"unknown zero_cells"),
    ("evidence.effect_size", (SHARES,), {**LOGIT, "add": -0.5}, InputError, r"add is -0.5"),
    (
        "evidence.effect_size",
        ({"before": [5.0], "after": [4.6], "sd_before": [1.0], "sd_after": [1.2], "n": [10]},),
        {"measure": "change"},
        InputError,
        r"needs the correlation of the values before and after; give the column sd_change",
    ),
    (
        "evidence.effect_size",
        (CHANGES,),
        {"measure": "change", "correlation": 61},
        InputError,
        r"correlation is 61; it must lie between -1 and 1",
    ),
    (
        "evidence.effect_size",
        ({**CHANGES, "sd_change": [0.0]},),
        {"measure": "change"},
        InputError,
        r"'sd_change' of study 'study 1' is 0; it must be a number above 0",
    ),
    (
        "evidence.effect_size",
        ({"events": [2], "years": [0.0]},),
        {"measure": "log rate"},
        InputError,
        r"'years' .* is 0; it must be a number above 0",
    ),
    ("evidence.pool", ([0.1, 0.2],), {}, InputError, r"variance is missing"),
    ("evidence.pool", ([0.1, 0.2], [0.1]), {}, InputError, r"2 effects, 1 variance and 2 names"),
    ("evidence.pool", ([0.1, 0.2], [0.1, -0.1]), {}, InputError, r"'study 2' is -0.1; it must be above 0"),
    ("evidence.pool", ([0.1, 0.2], [0.1, 0.0]), {}, InputError, r"'study 2' is 0; .* leave it out"),
    ("evidence.pool", ([], []), {}, InputError, r"nothing to pool"),
    ("evidence.pool", ([None], [0.1]), {}, InputError, r"nothing to pool"),
    ("evidence.pool", (["a"], [0.1]), {}, InputError, r"one row of numbers"),
    ("evidence.pool", ([[0.1]], [[0.1]]), {}, InputError, r"one row of numbers"),
    ("evidence.pool", ([float("inf"), 1], [0.1, 0.1]), {}, InputError, r"effect\[0\] is inf"),
    ("evidence.pool", ([0.1, 0.2], [0.1, 0.2]), {"method": "remel"}, InputError, r"Did you mean 'reml'"),
    ("evidence.pool", ([0.1, 0.2], [0.1, 0.2]), {"interval": "hksj"}, InputError, r"unknown interval"),
    ("evidence.pool", ([0.1, 0.2], [0.1, 0.2]), {"level": 95}, InputError, r"level is 95"),
    ("evidence.pool", ([0.1, 0.2], [0.1, 0.2]), {"studies": ["A"]}, InputError, r"2 variances and 1 name"),
    ("evidence.pool", (SIZES, [0.1, 0.2]), {}, InputError, r"holds variances and names"),
    ("evidence.GeneralisedQ", (), {"weights": (1, 0)}, InputError, r"weights\[1\] is 0; .* above 0"),
    ("evidence.GeneralisedQ", (), {"weights": (1, "2")}, InputError, r"weights\[1\] is '2'"),
    (
        "evidence.pool",
        ([0.1, 0.2], [0.1, 0.2]),
        {"method": rv.evidence.GeneralisedQ(weights=(1, 2, 3))},
        InputError,
        r"3 weights for 2 studies",
    ),
    ("evidence.meta_regression", FOUR, {"moderators": {}}, InputError, r"holds no (column|study)"),
    ("evidence.meta_regression", FOUR, {"moderators": 7}, InputError, r"no table of studies"),
    ("evidence.meta_regression", FOUR, {"moderators": {"dose": [1, 2]}}, InputError, r"2 rows for 4 studies"),
    (
        "evidence.meta_regression",
        FOUR,
        {"moderators": {"dose": [1, 2, 3, 4], "twice": [2, 4, 6, 8]}},
        InputError,
        r"'twice' follows from \['dose'\] .* collinear",
    ),
    (
        "evidence.meta_regression",
        FOUR,
        {"moderators": {"dose": [1, 1, 2, 2], "arm": ["a", "a", "b", "b"]}},
        InputError,
        r"'arm\[b\]' follows from \['intercept', 'dose'\]",
    ),
    ("evidence.meta_regression", FOUR, {"moderators": {"dose": [2] * 4}}, InputError, r"2.* in all studies"),
    ("evidence.meta_regression", FOUR, {"moderators": {"arm": ["a"] * 4}}, InputError, r"'a' in all studies"),
    (
        "evidence.meta_regression",
        FOUR,
        {"moderators": {"arm": ["a", "b", "c", "d"]}},
        InputError,
        r"4 studies for 4 coefficients",
    ),
    (
        "evidence.meta_regression",
        FOUR,
        {"moderators": {"dose": [1.0, 2.0, float("inf"), 4.0]}},
        InputError,
        r"'dose' is inf in row 2",
    ),
    (
        "evidence.meta_regression",
        FOUR,
        {"moderators": {"intercept": [1, 2, 3, 4]}},
        InputError,
        r"which is made here",
    ),
    (
        "evidence.meta_regression",
        FOUR,
        {"moderators": {"when": [datetime.date(2020, 1, 1)] * 4}},
        InputError,
        r"'when' is Date; it must hold numbers, or words",
    ),
    (
        "evidence.meta_regression",
        FOUR,
        {"moderators": {"dose": [None] * 4}},
        InputError,
        r"(nothing to fit|must hold numbers)",
    ),
    (
        "evidence.meta_regression",
        ([0.1] * 4, [0.1, -1, 1, 1]),
        DOSE,
        InputError,
        r"is -1; it must be above 0",
    ),
    ("evidence.meta_regression", FOUR, {**DOSE, "method": "remel"}, InputError, r"Did you mean 'reml'"),
    ("evidence.meta_regression", FOUR, {**DOSE, "interval": "hksj"}, InputError, r"unknown interval"),
    ("evidence.meta_regression", FOUR, {**DOSE, "intercept": "no"}, InputError, r"True or False"),
    ("evidence.meta_regression", FOUR, {**DOSE, "level": 95}, InputError, r"level is 95"),
    ("evidence.subgroups", FOUR, {"by": "abcd"}, InputError, r"one group name per study"),
    ("evidence.subgroups", FOUR, {"by": ["a", "b"]}, InputError, r"2 names for 4 studies"),
    ("evidence.subgroups", FOUR, {"by": ["a"] * 4}, InputError, r"'a' in all studies"),
    ("evidence.subgroups", FOUR, {"by": [None] * 4}, InputError, r"no study has a group"),
    ("evidence.subgroups", FOUR, {"by": list("abcd")}, InputError, r"more studies than groups"),
    ("evidence.subgroups", FOUR, {"by": list("aabb"), "between": "seperate"}, InputError, r"mean 'separate'"),
    (
        "evidence.mantel_haenszel",
        (ARMS,),
        {"measure": "risk raito"},
        InputError,
        r"Did you mean 'risk ratio'",
    ),
    ("evidence.mantel_haenszel", (ARMS,), {"measure": "rate ratio"}, InputError, r"lacks .*'years'"),
    (
        "evidence.mantel_haenszel",
        (NO_EVENTS,),
        {},
        InputError,
        r"either arm.*: A, B\. Use measure='risk diff",
    ),
    (
        "evidence.mantel_haenszel",
        (NO_EVENTS,),
        {"measure": "risk difference"},
        InputError,
        r"no study has an event, or all patients had one",
    ),
    (
        "evidence.mantel_haenszel",
        ({**ARMS, "events": [0, 0]},),
        {},
        InputError,
        r"pooled risk ratio is 0: .* first arm",
    ),
    (
        "evidence.mantel_haenszel",
        ({**ARMS, "events_control": [0, 0]},),
        {},
        InputError,
        r"is infinite or not known: .* control arm",
    ),
    ("evidence.mantel_haenszel", ({**ARMS, "n": [10, 2]},), {}, InputError, r"'B' has 3 patients .* among 2"),
    (
        "evidence.mantel_haenszel",
        ({**ARMS, "cell_class": ["MSC", "aHSCT"]},),
        {},
        InputError,
        r"never pooled with other cells",
    ),
    ("evidence.peto", (NO_EVENTS,), {}, InputError, r"no study says anything about the peto odds ratio"),
    ("evidence.peto", (ARMS,), {"level": 0}, InputError, r"level is 0"),
    (
        "evidence.effect_size",
        ({**PAIRS, "neither": [-1]},),
        {"measure": "matched-pair risk ratio"},
        InputError,
        r"'neither' .* is -1; it must be a number of at least 0",
    ),
    (
        "evidence.effect_size",
        ({**PAIRS, "both": [5.5]},),
        {"measure": "conditional odds ratio"},
        InputError,
        r"'both' .* is 5.5; it must be a whole number",
    ),
    ("evidence.mean_and_sd", ({"n": [20]},), {}, InputError, r"lacks the columns \['median'\]"),
    ("evidence.mean_and_sd", ({**QUANTILES, "n": [2.5]},), {}, InputError, r"'n' of study 'A' is 2.5"),
    ("evidence.mean_and_sd", ({**QUANTILES, "q1": [4.5]},), {}, InputError, r"q1 4.5 above median 4"),
    ("evidence.mean_and_sd", ({**QUANTILES, "q1": [4.0], "q3": [4.0]},), {}, InputError, r"without spread"),
    ("evidence.mean_and_sd", (QUANTILES,), {"keep_skewed": 1}, InputError, r"keep_skewed is 1"),
]


def test_methods_of_a_regression_refuse_in_words() -> None:
    """What is asked of a result can be wrong too."""
    fit = rv.evidence.meta_regression(*FOUR, moderators={"arm": ["cells", "cells", "placebo", "placebo"]})
    with pytest.raises(InputError, match=r"'placeebo'; no study has that.*Did you mean 'placebo'"):
        fit.predict({"arm": ["placeebo"]})
    with pytest.raises(InputError, match=r"\['arm'\] have no value; give all of \['arm'\]"):
        fit.predict({"dose": [1]})
    with pytest.raises(InputError, match=r"weights names 'arm'; the coefficients are"):
        fit.contrast({"arm": 1}, quantity="arm")
    with pytest.raises(InputError, match=r"belongs to method='reml' or 'ml'; this is 'dl'"):
        rv.evidence.pool(*FOUR, method="dl").likelihood_interval()
    with pytest.raises(InputError, match=r"one study says nothing"):
        rv.evidence.pool([0.1], [0.2]).likelihood_interval()


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    function: Any = rv
    for part in name.split("."):
        function = getattr(function, part)
    with pytest.raises(error, match=words):
        function(*arguments, **options)
