"""Every way in which a registry, a table of studies or a printed number can be wrong, in words.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError

SHARES: dict[str, Any] = {"study": ["A", "B"], "events": [1, 3], "n": [10, 12]}
LOGIT = {"measure": "logit proportion"}
HELD = rv.evidence.registry()

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("evidence.check_registry", (SHARES,), {}, InputError, r"source is dict; give what read_registry"),
    ("evidence.check_studies", (7,), {}, InputError, r"no table of studies"),
    ("evidence.check_studies", (SHARES,), {"measure": "odds"}, InputError, r"unknown measure 'odds'"),
    ("evidence.check_studies", (SHARES,), {"by": "stdy"}, InputError, r"Did you mean 'study'"),
    (
        "evidence.check_studies",
        ({**SHARES, "percent": ["20 %", "25"]},),
        {},
        InputError,
        r"study 'A', column 'percent': percent is '20 %', not a number",
    ),
    ("evidence.implied_patients", (20, 30, 10), {}, InputError, r"low before high"),
    ("evidence.implied_patients", (120, 10, 130), {}, InputError, r"from 0 to 100"),
    ("evidence.implied_patients", (20, 10, 30), {"level": 95}, InputError, r"level is 95"),
    ("evidence.interval_place", (1, 0.5, 2), {"scale": "ratios"}, InputError, r"Did you mean 'ratio'"),
    ("evidence.interval_place", (1, 2, 0.5), {"scale": "ratio"}, InputError, r"low before high"),
    ("evidence.interval_place", (1, -0.5, 2), {"scale": "ratio"}, InputError, r"cannot be a ratio"),
    ("evidence.interval_place", (50, 20, 130), {"scale": "percent"}, InputError, r"cannot be a percent"),
    ("evidence.outcome_counts", ("edss_improvd",), {}, InputError, r"Did you mean 'edss_improved'"),
    ("evidence.outcome_counts", ("edss_improved",), {"arms": "three"}, InputError, r"unknown arms 'three'"),
    ("evidence.possible_percent", (120, 10), {}, InputError, r"percent is 120"),
    ("evidence.possible_percent", (20, 0), {}, InputError, r"n is 0; it must be 1 or more"),
    (
        "evidence.pool_table",
        ({**SHARES, "overlap_group": ["x", "x"]},),
        LOGIT,
        InputError,
        r"study 'B', overlap_group: x: A: .* the same patients would count twice",
    ),
    (
        "evidence.pool_table",
        ({**SHARES, "unit": ["patients", "injections"]},),
        LOGIT,
        InputError,
        r"denominators of these studies count different things",
    ),
    (
        "evidence.pool_table",
        ({**SHARES, "cell_class": ["MSC", "aHSCT"]},),
        LOGIT,
        InputError,
        r"never pooled with other cells",
    ),
    (
        "evidence.pool_table",
        ({**SHARES, "cells": ["MSC", None]},),
        {**LOGIT, "by": "cells"},
        InputError,
        r"column 'cells' is empty in rows \[3\]",
    ),
    ("evidence.pool_table", (SHARES,), {}, InputError, r"lacks the columns \['effect', 'variance'\]"),
    ("evidence.read_clinicaltrials", ("no-such.json",), {}, InputError, r"there is no file 'no-such.json'"),
    ("evidence.read_registry", ("no-such-folder",), {}, InputError, r"there is no folder"),
    ("evidence.read_studies", ("no-such-file.csv",), {}, InputError, r"there is no file"),
    ("io.read_plain", ("no-such-file.csv",), {}, InputError, r"there is no file"),
    ("evidence.select_studies", (HELD,), {"disease": "RRMS"}, InputError, r"unknown disease 'RRMS'"),
    ("evidence.select_studies", (HELD,), {"cells": "mesenchimal"}, InputError, r"Did you mean 'mesenchymal'"),
    ("evidence.select_studies", (HELD,), {"certainty": "E"}, InputError, r"unknown certainty"),
    ("evidence.select_studies", (HELD,), {"design": "randomized"}, InputError, r"Did you mean 'randomised'"),
    ("verdict.lint_pool", (SHARES,), {}, InputError, r"pool is dict; give what evidence.pool returned"),
    ("report.build_pool", (SHARES,), {}, InputError, r"found is dict; give what evidence.pool_table"),
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
