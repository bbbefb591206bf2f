"""Every way in which a diagnosis of a pool can be asked wrongly, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError

ONE = rv.evidence.pool([0.1], [0.1])
TWO = rv.evidence.pool([0.1, 0.2], [0.1, 0.2])
FIVE = rv.evidence.pool([0.9, 0.2, 0.4, 0.1, 1.2], [0.04, 0.2, 0.3, 0.1, 0.09])
SAME = rv.evidence.pool([0.9, 0.2, 0.4], [0.1, 0.1, 0.1])
MANY = rv.evidence.pool([0.1] * 16, [0.1] * 16)
TRIALS: dict[str, Any] = {"events": [4, 6], "n": [20, 30], "events_control": [11, 9], "n_control": [22, 30]}
RATIOS = rv.evidence.pool(rv.evidence.effect_size(TRIALS, measure="risk ratio"))
SHARES = rv.evidence.pool(rv.evidence.effect_size(TRIALS, measure="logit proportion"))

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("leave_one_out", ([0.1, 0.2],), {}, InputError, r"pool is list; give what evidence.pool returned"),
    ("leave_one_out", (ONE,), {}, InputError, r"holds 1 study; this needs at least 2"),
    ("cumulative", (7,), {}, InputError, r"pool is int"),
    ("cumulative", (TWO,), {"order": "precison"}, InputError, r"Did you mean 'precision'"),
    ("cumulative", (TWO,), {"order": [2001]}, InputError, r"order holds 1 values for the 2 studies"),
    ("cumulative", (TWO,), {"order": 2001}, InputError, r"give one per study that was pooled"),
    ("cumulative", (TWO,), {"order": [2001, None]}, InputError, r"a missing value"),
    ("cumulative", (TWO,), {"order": [2001.0, float("nan")]}, InputError, r"a missing value"),
    ("influence", (TWO,), {}, InputError, r"holds 2 studies; this needs at least 3"),
    ("gosh", (ONE,), {}, InputError, r"this needs at least 2"),
    ("gosh", (MANY,), {}, InputError, r"65,535 subsets, more than most = 32,768; give a seed"),
    ("gosh", (TWO,), {"most": 0}, InputError, r"most is 0; it must be a whole number of at least 1"),
    ("gosh", (TWO,), {"most": 1e3}, InputError, r"most is 1000.0"),
    ("egger_test", (TWO,), {}, InputError, r"this needs at least 3"),
    ("egger_test", (SAME,), {}, InputError, r"all studies have the same standard error"),
    ("egger_test", (FIVE,), {"model": "rnadom"}, InputError, r"Did you mean 'random'"),
    ("begg_test", (SAME,), {}, InputError, r"all variances are equal"),
    ("begg_test", (ONE,), {}, InputError, r"this needs at least 3"),
    ("trim_and_fill", (FIVE,), {"estimator": "LO"}, InputError, r"unknown estimator 'LO'"),
    ("trim_and_fill", (FIVE,), {"side": "up"}, InputError, r"unknown side 'up'"),
    ("trim_and_fill", (SAME,), {}, InputError, r"trim_and_fill a stated side"),
    ("trim_and_fill", (TWO,), {}, InputError, r"this needs at least 3"),
    ("selection_model", (FIVE,), {"favours": "less"}, InputError, r"unknown favours 'less'"),
    ("selection_model", (FIVE,), {"favours": "positive", "step": 5}, InputError, r"step is 5; .* one-sided"),
    (
        "selection_model",
        (FIVE,),
        {"favours": "negative"},
        InputError,
        r"0 of 5 studies .* negative direction",
    ),
    ("selection_model", (TWO,), {"favours": "positive"}, InputError, r"this needs at least 3"),
    ("forest_plot", (FIVE,), {"columns": {"n": [1, 2]}}, InputError, r"'n' holds 2 entries for 5 studies"),
    ("forest_plot", (FIVE,), {"limits": (1, 0)}, InputError, r"limits are \(1, 0\)"),
    ("forest_plot", (RATIOS,), {"limits": (0, 4)}, InputError, r"above 0"),
    ("forest_plot", ("pool",), {}, InputError, r"pool is str"),
    ("funnel_plot", (SHARES,), {"contours": True}, InputError, r"leave contours=True away"),
    (
        "funnel_plot",
        (FIVE,),
        {"filled": rv.evidence.trim_and_fill(rv.evidence.pool([0.1, 0.2, 0.4], [0.1, 0.2, 0.3]))},
        InputError,
        r"filled was made of another pool",
    ),
    ("radial_plot", (None,), {}, InputError, r"pool is NoneType"),
    ("baujat_plot", (TWO,), {}, InputError, r"this needs at least 3"),
    ("labbe_plot", (SHARES, TRIALS), {}, InputError, r"needs risk ratios, odds ratios or risk differences"),
    ("labbe_plot", (RATIOS, {"events": [1], "n": [2]}), {}, InputError, r"lacks the columns"),
    (
        "labbe_plot",
        (RATIOS, {name: values[:1] for name, values in TRIALS.items()}),
        {},
        InputError,
        r"data lacks the pooled studies \['study 2'\]",
    ),
    ("drapery_plot", (None,), {}, InputError, r"pool is NoneType"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    with pytest.raises(error, match=words):
        getattr(rv.evidence, name)(*arguments, **options)


def test_a_subset_is_asked_for_a_study_that_is_there() -> None:
    with pytest.raises(InputError, match="holds no study 'Lu'"):
        rv.evidence.gosh(TWO).plot(mark="Lu")
