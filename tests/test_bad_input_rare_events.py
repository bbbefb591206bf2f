"""Every way in which input to models of counts and to priors can be wrong, and the words."""

from __future__ import annotations

from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import ConvergenceError, InputError, RanvierError

SHARES: dict[str, Any] = {"study": ["A", "B", "C"], "events": [1, 3, 0], "n": [10, 12, 9]}
SHARE = {"measure": "proportion"}
RATES: dict[str, Any] = {"study": ["A", "B"], "events": [1, 3], "years": [10.0, 12.5]}
TWO: dict[str, Any] = {**SHARES, "events_control": [2, 4, 1], "n_control": [10, 12, 9]}
NOBODY: dict[str, Any] = {
    **SHARES,
    "events": [0, 0, 0],
    "events_control": [0, 0, 0],
    "n_control": [10, 12, 9],
}
CLASSES: dict[str, Any] = {"study": ["A", "B"], "improved": [1, 3], "stable": [4, 5], "worse": [1, 0]}
EFFECTS = ([0.1, 0.2], [0.1, 0.2])
CHANGES = rv.evidence.effect_size(
    {"change": [-0.4, 0.1], "sd_change": [1.0, 1.1], "n": [10, 12]}, measure="change"
)
EDSS: dict[str, Any] = {
    "before": [5.1, 6.1],
    "after": [4.3, 6.3],
    "sd_before": [1.2, 0.6],
    "sd_after": [1.4, 0.4],
    "n": [15, 22],
}
CHANGE: dict[str, Any] = {"measure": "change"}
SPREADS = {"sd_before": 1.0, "sd_after": 1.2}
COUNTS, CATEGORIES, BAYES = "evidence.pool_counts", "evidence.pool_categories", "evidence.pool_bayes"

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    (COUNTS, (SHARES,), {"measure": "proprtion"}, InputError, r"Did you mean 'proportion'"),
    (COUNTS, (SHARES,), {**SHARE, "model": "conditonal"}, InputError, r"Did you mean 'conditional'"),
    (
        COUNTS,
        (SHARES,),
        {**SHARE, "model": "conditional"},
        InputError,
        r"does not fit measure 'proportion'; use",
    ),
    (COUNTS, (SHARES,), {**SHARE, "method": "reml"}, InputError, r"unknown method 'reml'; use one of"),
    (COUNTS, (SHARES,), {**SHARE, "interval": "exact"}, InputError, r"'exact' needs method='common'"),
    (COUNTS, (SHARES,), {**SHARE, "interval": "knapp"}, InputError, r"unknown interval 'knapp'"),
    (COUNTS, (SHARES,), {**SHARE, "level": 95}, InputError, r"level is 95"),
    (COUNTS, ({**SHARES, "n": [10, 2, 9]},), SHARE, InputError, r"'B' has 3 patients .* among 2"),
    (COUNTS, ({**SHARES, "events": [-1, 3, 0]},), SHARE, InputError, r"'events' .* 'A' is -1"),
    (COUNTS, ({**SHARES, "events": [1.5, 3, 0]},), SHARE, InputError, r"is 1.5; it must be a whole number"),
    (COUNTS, ({**RATES, "events": [1.5, 3]},), {"measure": "rate"}, InputError, r"is 1.5; .* of events"),
    (
        COUNTS,
        ({**RATES, "years": [0.0, 3]},),
        {"measure": "rate"},
        InputError,
        r"'years' .* is 0; .* above 0",
    ),
    (COUNTS, (RATES,), SHARE, InputError, r"lacks the columns \['n'\]"),
    (COUNTS, ({**SHARES, "n": [None] * 3},), SHARE, InputError, r"no study has both a count and what it is"),
    (COUNTS, (NOBODY,), {"measure": "odds ratio"}, InputError, r"odds ratio cannot be known. Give the share"),
    (
        COUNTS,
        (NOBODY,),
        {"measure": "odds ratio", "model": "unconditional random"},
        InputError,
        r"odds ratio cannot be known",
    ),
    (
        COUNTS,
        ({**SHARES, "unit": ["patients", "patient-years", "patients"]},),
        SHARE,
        InputError,
        r"'unit' holds \['patient-years', 'patients'\]; events among different things",
    ),
    (
        COUNTS,
        ({**SHARES, "denominator_unit": ["patient-years"] * 3},),
        SHARE,
        InputError,
        r"'patient-years', which does not fit 'proportion'; use .* rate",
    ),
    (COUNTS, ({**RATES, "unit": ["patients"] * 2},), {"measure": "rate"}, InputError, r"does not fit 'rate'"),
    (
        COUNTS,
        ({**SHARES, "cell_class": ["MSC", "aHSCT", "MSC"]},),
        SHARE,
        InputError,
        r"never pooled with other cells",
    ),
    (
        COUNTS,
        ({"events": [0, 30], "n": [30, 30]},),
        SHARE,
        ConvergenceError,
        r"rises without end: .* last standard deviation was .* Use method='common'",
    ),
    (CATEGORIES, ({"improved": [1]},), {}, InputError, r"lacks the columns \['stable', 'worse'\]"),
    (CATEGORIES, (CLASSES,), {"categories": ("improved", "worse")}, InputError, r"three different columns"),
    (CATEGORIES, ({**CLASSES, "worse": [1.5, 0]},), {}, InputError, r"'worse' of study 'A' is 1.5"),
    (CATEGORIES, ({**CLASSES, "worse": [-1, 0]},), {}, InputError, r"'worse' of study 'A' is -1"),
    (CATEGORIES, ({**CLASSES, "n": [6, 9]},), {}, InputError, r"'B' add up to 8, but n is 9"),
    (CATEGORIES, ({**CLASSES, "worse": [None, None]},), {}, InputError, r"nothing to pool"),
    (CATEGORIES, (CLASSES,), {"level": 0}, InputError, r"level is 0"),
    (BAYES, EFFECTS, {}, InputError, r"tau_scale is missing: for effects of unknown measure"),
    (BAYES, (CHANGES,), {}, InputError, r"tau_scale is missing: for measure 'change'"),
    (BAYES, EFFECTS, {"tau_scale": -0.5}, InputError, r"tau_scale is -0.5; it must be a number above 0"),
    (BAYES, EFFECTS, {"tau_scale": (0, 1)}, InputError, r"tau_scale is \(0, 1\); it must be a number"),
    (BAYES, EFFECTS, {"tau_prior": "log-normal"}, InputError, r"tau_scale is None; give mean and standard"),
    (BAYES, EFFECTS, {"tau_prior": "halfnormal", "tau_scale": 1}, InputError, r"Did you mean 'half-normal'"),
    (
        BAYES,
        EFFECTS,
        {"tau_scale": 1, "mean_prior": (0, 0)},
        InputError,
        r"mean_prior is \(0, 0\); .* above 0",
    ),
    (BAYES, EFFECTS, {"tau_scale": 1, "interval": "hpd"}, InputError, r"unknown interval 'hpd'"),
    (BAYES, ([0.1], [-0.1]), {"tau_scale": 1}, InputError, r"is -0.1; it must be above 0"),
    (
        "evidence.effect_size",
        (EDSS,),
        {"measure": "change", "correlation": "eds"},
        InputError,
        r"unknown correlation 'eds'; .*Did you mean 'edss'",
    ),
    (
        "evidence.effect_size",
        (EDSS,),
        {"measure": "change", "correlation": True},
        InputError,
        r"is True; .* one of \['edss'\]",
    ),
    ("evidence.effect_size", (EDSS,), {"measure": "change"}, InputError, r"a convention: correlation='edss'"),
    (
        "evidence.effect_size",
        ({**EDSS, "scale": ["EDSS", "T25FW"]},),
        {"measure": "change", "correlation": "edss"},
        InputError,
        r"on the scale 'T25FW', and correlation='edss' is of the EDSS",
    ),
    (
        "evidence.sensitivity_to_correlation",
        (EDSS,),
        {**CHANGE, "correlations": [0.5]},
        InputError,
        r"two different",
    ),
    (
        "evidence.sensitivity_to_correlation",
        ({**EDSS, "sd_change": [1.0, 1.1]},),
        CHANGE,
        InputError,
        r"no study needs a correlation .* nothing to vary",
    ),
    (
        "evidence.sensitivity_to_correlation",
        (EDSS,),
        {**CHANGE, "correlations": [0.5, 2]},
        InputError,
        r"is 2; .* 1",
    ),
    (
        "evidence.implied_correlation",
        (),
        {**SPREADS, "sd_change": 5.0},
        InputError,
        r"no correlation fits: .* 0.2 to 2.2",
    ),
    (
        "evidence.implied_correlation",
        (),
        SPREADS,
        InputError,
        r"give either sd_change, or change, p_value and n",
    ),
    (
        "evidence.implied_correlation",
        (),
        {**SPREADS, "change": 0.3, "p_value": 0.02, "n": 1},
        InputError,
        r"n is 1; .* at least 2",
    ),
    (
        "evidence.implied_correlation",
        (),
        {**SPREADS, "change": 0.3, "p_value": 2.0, "n": 9},
        InputError,
        r"p_value is 2.0; .* between 0 and 1",
    ),
    (
        "evidence.implied_correlation",
        (),
        {**SPREADS, "change": 0, "p_value": 0.2, "n": 9},
        InputError,
        r"change is 0; .* other than 0",
    ),
    (
        "evidence.implied_correlation",
        (),
        {**SPREADS, "sd_before": 0, "sd_change": 1.0},
        InputError,
        r"sd_before is 0",
    ),
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


def test_the_interval_of_the_generalised_q_is_refused_without_its_weights() -> None:
    with pytest.raises(InputError, match=r"belongs to method=GeneralisedQ"):
        rv.evidence.pool(*EFFECTS).generalised_interval()
    with pytest.raises(InputError, match=r"one study says nothing"):
        rv.evidence.pool([0.1], [0.2], method=rv.evidence.GeneralisedQ(weights=(1,))).generalised_interval()
