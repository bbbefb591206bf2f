"""Rates and rate ratios: no events, closed forms, refusals."""

from __future__ import annotations

import math

import pytest

import ranvier as rv
from ranvier.errors import InputError


@pytest.mark.parametrize("method", ["exact", "mid-p"])
def test_no_event_has_a_lower_bound_of_zero(method: str):
    found = rv.stats.rate(0, 7.5, method=method)
    tail = 0.025 if method == "exact" else 0.05
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(-math.log(tail) / 7.5, rel=1e-14)
    assert found.notes[0].startswith("No event in 7.5 person-years")


@pytest.mark.parametrize("method", ["exact", "mid-p"])
def test_rate_lies_inside_its_interval(method: str):
    for events in (1, 2, 9, 400):
        found = rv.stats.rate(events, 3.25, method=method)
        assert 0 < found.low < found.value < found.high
        assert found.notes == ()


def test_years_only_scale_the_rate():
    one, ten = rv.stats.rate(4, 1), rv.stats.rate(4, 10)
    assert (ten.low, ten.high) == (pytest.approx(one.low / 10), pytest.approx(one.high / 10))


def test_rate_explains_itself():
    text = rv.stats.rate(3, 12.5, quantity="relapses").explain()
    assert text.startswith(
        "Relapses: 0.24 per year (95 % interval 0.05 to 0.70). Events per year with the exact"
    )
    assert "events = 3, person-years = 12.5" in text


@pytest.mark.parametrize("method", ["conditional", "mid-p"])
def test_no_event_in_either_group_says_nothing_about_the_ratio(method: str):
    found = rv.stats.rate_ratio((0, 0), (5, 5), method=method)
    assert math.isnan(found.value)
    assert (found.low, found.high, found.p_value) == (0, math.inf, 1)
    assert found.notes == (
        "No event in either group: the ratio cannot be estimated and every ratio is possible.",
    )
    assert found.to_dict()["value"] is None


def test_no_event_in_one_group_leaves_one_side_open():
    none_second = rv.stats.rate_ratio((4, 0), (5, 5))
    assert (none_second.value, none_second.high) == (math.inf, math.inf)
    assert none_second.low > 0
    none_first = rv.stats.rate_ratio((0, 4), (5, 5))
    assert (none_first.value, none_first.low) == (0, 0)
    assert none_first.high == pytest.approx(1 / none_second.low, rel=1e-12)
    assert none_first.p_value == pytest.approx(2 / 2**4, rel=1e-12)


def test_equal_rates_have_ratio_one():
    found = rv.stats.rate_ratio((6, 12), (5, 10))
    assert found.value == pytest.approx(1)
    assert found.p_value == 1
    assert found.low < 1 < found.high


@pytest.mark.parametrize(
    ("events", "years", "options", "words"),
    [
        (1, 0, {}, "years is 0; a rate needs a finite observation time above 0 years"),
        (1, -2, {}, "years is -2"),
        (1, math.nan, {}, "years is nan"),
        (1, math.inf, {}, "years is inf"),
        (1, None, {}, "years is None"),
        (0.5, 2, {}, "events is 0.5"),
        (1, 2, {"method": "garwood"}, "unknown method 'garwood'"),
        (1, 2, {"level": 1}, "level is 1"),
    ],
)
def test_unusable_rate_is_refused(events: object, years: object, options: dict, words: str):
    with pytest.raises(InputError, match=words):
        rv.stats.rate(events, years, **options)


@pytest.mark.parametrize(
    ("events", "years", "options", "words"),
    [
        ((1, 2, 3), (1, 1), {}, "events is .*; give two values"),
        (5, (1, 1), {}, "events is 5; give two values"),
        ("12", (1, 1), {}, "events is '12'; give two values"),
        ((1, 2), (1,), {}, "years is .*; give two values"),
        ((1, -2), (1, 1), {}, "the second of events is -2"),
        ((1, 2), (0, 1), {}, "the first of years is 0"),
        ((1, 2), (1, 1), {"method": "exact"}, "unknown method 'exact'; use one of"),
        ((1, 2), (1, 1), {"level": 2}, "level is 2"),
    ],
)
def test_unusable_rate_ratio_is_refused(events: object, years: object, options: dict, words: str):
    with pytest.raises(InputError, match=words):
        rv.stats.rate_ratio(events, years, **options)
