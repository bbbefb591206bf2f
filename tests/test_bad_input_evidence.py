"""Every way in which input to effect sizes and pooling can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError

SHARES: dict[str, Any] = {"study": ["A", "B"], "events": [1, 3], "n": [10, 12]}
LOGIT = {"measure": "logit proportion"}
SIZES = rv.evidence.effect_size(SHARES, **LOGIT)
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
