"""Every way in which several effects per study, or a network of trials, can be asked wrongly.

One table: calls that are refused. Add a row for each new mistake.
"""

from __future__ import annotations

from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import ConvergenceError, InputError, RanvierError

Y, V = [0.1, 0.3, 0.5, 0.2], [0.1, 0.1, 0.2, 0.2]
AB: dict[str, Any] = {"study": ["A", "A", "B", "B"]}
MATRIX = [[0.1, 0.05, 0, 0], [0.05, 0.1, 0, 0], [0, 0, 0.2, 0.1], [0, 0, 0.1, 0.2]]
ASKEW = [[0.1, 0.04, 0, 0], *MATRIX[1:]]
JOINED = [[0.1, 0.05, 0.02, 0], [0.05, 0.1, 0, 0], [0.02, 0, 0.2, 0.1], [0, 0, 0.1, 0.2]]
IMPOSSIBLE = [[0.1, 0.11, 0, 0], [0.11, 0.1, 0, 0], *MATRIX[2:]]
OTHER = [[0.3, 0.05, 0, 0], *MATRIX[1:]]
HOLE = [[0.1, float("nan"), 0, 0], *MATRIX[1:]]

PAIRS: dict[str, Any] = {
    "study": ["A", "B", "C"],
    "treatment": ["msc", "msc", "nsc"],
    "comparator": ["placebo", "placebo", "placebo"],
    "effect": [-0.5, -0.2, -0.1],
    "variance": [0.1, 0.2, 0.1],
}
PLACEBO: dict[str, Any] = {"reference": "placebo"}
THREE = {
    "study": ["A", "A", "A"],
    "treatment": ["msc", "nsc", "msc"],
    "comparator": ["placebo", "placebo", "nsc"],
    "effect": [-0.5, -0.2, -0.3],
    "variance": [0.1, 0.1, 0.1],
}
ARMS: dict[str, Any] = {
    "study": ["A", "A", "B", "B"],
    "treatment": ["msc", "placebo", "msc", "placebo"],
    "events": [1, 3, 2, 5],
    "n": [10, 10, 12, 12],
}
ODDS: dict[str, Any] = {"reference": "placebo", "measure": "odds ratio"}
NET = rv.evidence.network(PAIRS, **PLACEBO)

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("pool_multilevel", (Y, V), {}, InputError, r"study is missing"),
    ("pool_multilevel", (Y, V), {"study": "A"}, InputError, r"study is 'A'; give the study of each effect"),
    ("pool_multilevel", (Y, V), {"study": ["A", None, "B", "B"]}, InputError, r"study is missing in row 1"),
    ("pool_multilevel", (Y, V), {**AB, "within": ["x", "y", "x", float("nan")]}, InputError, r"in row 3"),
    ("pool_multilevel", ([0.1] * 4, [1e-9, 1e-9, 9, 9]), AB, ConvergenceError, r"one study has all"),
    ("pool_multilevel", (Y, V), {"study": ["A", "B"]}, InputError, r"4 effects, 4 variances and 2 names"),
    ("pool_multilevel", (Y, V), {"study": ["A"] * 4}, InputError, r"all effects are of study 'A'"),
    ("pool_multilevel", (Y, V), {"study": list("ABCD")}, InputError, r"no study has two .* use pool"),
    ("pool_multilevel", (Y, V), {**AB, "within": list("xxxx")}, InputError, r"no study has two different"),
    ("pool_multilevel", (Y, V), {**AB, "within": ["x"]}, InputError, r"one entry per effect, 4 in all"),
    ("pool_multilevel", (Y, [0.1, 0.1, 0, 0.2]), AB, InputError, r"variance of study 'B' is 0"),
    ("pool_multilevel", (Y,), AB, InputError, r"variance is missing"),
    ("pool_multilevel", (Y, V), {**AB, "method": "rmel"}, InputError, r"Did you mean 'reml'"),
    ("pool_multilevel", (Y, V), {**AB, "level": 95}, InputError, r"level is 95"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": 1.2}, InputError, r"sampling is 1.2; a correlation lies"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": "high"}, InputError, r"neither a correlation nor"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": [[0.1]]}, InputError, r"shape \(1, 1\).* 4 rows"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": ASKEW}, InputError, r"not symmetric: row 0, column 1"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": JOINED}, InputError, r"joins the studies 'A' and 'B'"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": IMPOSSIBLE}, InputError, r"study 'A' is impossible"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": OTHER}, InputError, r"0.3 on its diagonal for effect 0"),
    ("pool_multilevel", (Y, V), {**AB, "sampling": HOLE}, InputError, r"missing or not finite"),
    ("pool_multilevel", ([0.1, 0.2, 0.3, 0.1, 0.5], [0.1] * 5), {"study": list("AAAAB"), "sampling": -0.5},
     InputError, r"study 'A' is impossible"),
    ("network", (PAIRS,), {"reference": "plaecbo"}, InputError, r"Did you mean 'placebo'"),
    ("network", (PAIRS,), {**PLACEBO, "measure": "odd ratio"}, InputError, r"Did you mean 'odds ratio'"),
    ("network", (PAIRS,), {**PLACEBO, "method": "dl"}, InputError, r"unknown method 'dl'"),
    ("network", (PAIRS,), {**PLACEBO, "interval": "z"}, InputError, r"unknown interval 'z'"),
    ("network", (PAIRS,), {**PLACEBO, "level": 0}, InputError, r"level is 0"),
    ("network", ({"treatment": ["msc"]},), PLACEBO, InputError, r"lacks the column 'study'"),
    ("network", ({**PAIRS, "study": ["A", None, "C"]},), PLACEBO, InputError, r"'study' is missing in row 1"),
    ("network", ({**PAIRS, "variance": [0.1, 0, 0.2]},), PLACEBO, InputError, r"'variance' .* 'B' is 0"),
    ("network", ({**PAIRS, "comparator": ["placebo", "placebo", "nsc"]},), PLACEBO, InputError,
     r"'C' compares 'nsc' with itself"),
    ("network", ({**PAIRS, "comparator": ["placebo", "placebo", "bm-mnc"]},), PLACEBO, InputError,
     r"parts that no trial joins: \['msc', 'placebo'\]; \['bm-mnc', 'nsc'\]"),
    ("network", ({**PAIRS, "study": ["A", "A", "C"]},), PLACEBO, InputError, r"compares .* twice"),
    ("network", ({**THREE, "study": ["A", "A", "B"]},), PLACEBO, InputError, r"no comparison of 'msc' and"),
    ("network", ({**THREE, "effect": [-0.5, -0.2, 0.3]},), PLACEBO, InputError, r"contradict each other"),
    ("network", ({**THREE, "variance": [0.1, 0.1, 0.9]},), PLACEBO, InputError, r"cannot belong to one"),
    ("network", (THREE,), PLACEBO, InputError, r"nothing to estimate a variance between trials from"),
    ("network", (THREE,), {**PLACEBO, "method": "common"}, InputError, r"use interval='wald'"),
    ("network", (ARMS,), PLACEBO, InputError, r"measure is missing"),
    ("network", (ARMS,), {**PLACEBO, "measure": "hazard ratio"}, InputError, r"not made of single arms"),
    ("network", (ARMS,), {**PLACEBO, "measure": "rate ratio"}, InputError, r"lacks .*'years'"),
    ("network", ({**ARMS, "events": [11, 3, 2, 5]},), ODDS, InputError, r"'A' has 11 patients .* among 10"),
    ("network", ({**ARMS, "treatment": ["msc", "msc", "msc", "placebo"]},), ODDS, InputError,
     r"'A' has two arms with the treatment 'msc'"),
    ("network", ({**ARMS, "study": list("ABCD")},), ODDS, InputError, r"no trial compares two treatments"),
    ("network", ({**ARMS, "events": [0, 0, 0, 0]},), ODDS, InputError, r"no trial compares two treatments"),
    ("network", ({**ARMS, "cell_class": ["MSC", "none", "aHSCT", "none"]},), ODDS, InputError,
     r"aHSCT is chemotherapy"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    with pytest.raises(error, match=words):
        getattr(rv.evidence, name)(*arguments, **options)


def test_a_ranking_needs_to_know_what_is_better() -> None:
    with pytest.raises(InputError, match="unknown better 'small'"):
        NET.ranking(better="small")
