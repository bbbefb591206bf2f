"""The fall in relapses that an entry rule makes by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as peer

import ranvier as rv
from ranvier.errors import DefinitionError, InputError
from ranvier.stats import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule

NAMES = ["share", "before", "after", "before_without_last"]


def expect(rate: float, size: float, entry: EntryRule, **options: Any) -> dict[str, Any]:
    found = rv.stats.expected_after_entry(rate=rate, size=size, entry=entry, **options)
    return dict(found.diagnostics)


@pytest.mark.parametrize("least", [1, 2, 5])
def test_one_window_equals_the_sums_of_the_negative_binomial(least: int):
    rate, size = 0.6, 1.24
    counts = np.arange(2000)
    chance = peer.nbinom.pmf(counts, size, size / (size + rate)) * (counts >= least)
    found = expect(rate, size, EntryRule(min_relapses=least))
    assert found["share"] == pytest.approx(chance.sum(), rel=1e-10)
    assert found["before"] == pytest.approx((counts * chance).sum() / chance.sum(), rel=1e-10)
    given_counts = (size + counts) / (size / rate + 1)
    assert found["after"] == pytest.approx((given_counts * chance).sum() / chance.sum(), rel=1e-10)


@pytest.mark.parametrize(
    ("entry", "years"),
    [
        (TWO_IN_TWO_YEARS, 1.0),
        (TWO_IN_TWO_YEARS, 2.0),
        (PREVENT_ENTRY, 1.0),
        (EntryRule(), 2.0),
        (EntryRule(min_relapses=2, window_years=2.0), 0.5),
    ],
)
def test_exact_sums_agree_with_simulated_patients(entry: EntryRule, years: float):
    rate, size, patients = 0.6, 1.24, 400_000
    rng = np.random.default_rng(20260301)
    own = rng.gamma(size, rate / size, patients)
    # half-year stretches going back from entry: four of them make two years
    counts = rng.poisson(own / 2, (4, patients))

    def enters(rule: EntryRule) -> Any:
        holds = counts[: round(2 * rule.window_years)].sum(axis=0) >= rule.min_relapses
        holds = holds if rule.also is None else holds & enters(rule.also)
        return holds if rule.or_else is None else holds | enters(rule.or_else)

    chosen = enters(entry)
    inside = counts[: round(2 * years), chosen].sum(axis=0)
    later = rng.poisson(own[chosen])
    found = expect(rate, size, entry, years_before=years)
    for name, values in (
        ("share", chosen.astype(float)),
        ("before", inside / years),
        ("after", later),
        ("before_without_last", np.maximum(inside - 1, 0) / years),
    ):
        # three Monte Carlo errors, SD / sqrt(patients); the largest is 3 x 1.3 / sqrt(70,000) = 0.015
        error = 3 * values.std() / math.sqrt(values.size)
        assert error < 0.025
        assert abs(found[name] - values.mean()) < error, name


def test_rule_that_everybody_meets_makes_no_fall():
    found = expect(0.6, 1.24, EntryRule(min_relapses=0))
    assert (found["share"], found["ratio"]) == (1.0, 1.0)
    assert found["before"] == pytest.approx(0.6, rel=1e-12)


def test_patients_with_one_common_rate_go_back_to_it():
    found = expect(0.5, math.inf, EntryRule())
    assert found["after"] == 0.5
    assert found["before"] == pytest.approx(0.5 / (1 - math.exp(-0.5)), rel=1e-12)
    assert expect(0.5, 1e9, EntryRule())["before"] == pytest.approx(found["before"], rel=1e-6)


def test_longer_period_before_dilutes_the_fall():
    found = expect(0.6, 1.24, EntryRule())["sensitivity"]
    assert found["1"]["ratio"] < found["2"]["ratio"] < 1
    assert found["1"]["after"] == pytest.approx(found["2"]["after"], rel=1e-12)


def test_leaving_out_the_last_relapse_overcorrects():
    found = expect(0.6, 1.24, EntryRule())
    assert found["before_without_last"] == pytest.approx(found["before"] - 1, rel=1e-12)
    assert found["ratio"] < 1 < found["ratio_without_last"]


def test_period_before_shorter_than_the_window_may_hold_no_relapse():
    found = expect(0.6, 1.24, EntryRule(window_years=2.0), years_before=0.5)
    assert found["before"] > found["before_without_last"] > 0


def test_result_says_what_it_is_and_has_no_interval():
    fit = rv.stats.expected_after_entry(rate=0.6, size=1.24, entry=EntryRule())
    assert [one.text() for one in fit.estimates][:4] == [
        "38.7 % (no interval)",
        "1.55 per year (no interval)",
        "0.91 per year (no interval)",
        "−41.3 % (no interval)",
    ]
    assert "says nothing about a treatment" in fit.explain()
    assert fit.to_dict()["estimates"][1]["low"] is None
    assert fit.plot().get_title() == "Expected from the entry rule alone"


@settings(deadline=None, max_examples=80)
@given(
    rate=st.floats(0.1, 3),
    size=st.floats(0.2, 30),
    least=st.integers(1, 4),
    window=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_entry_rules_never_make_patients_look_better_before(
    rate: float, size: float, least: int, window: float
):
    if least / window > 12 * rate:
        return
    entry = EntryRule(min_relapses=least, window_years=window)
    found = expect(rate, size, entry, years_before=window)
    assert 0 < found["share"] < 1
    assert rate * (1 - 1e-9) <= found["after"] <= found["before"] * (1 + 1e-9)
    assert found["before"] >= least / window * (1 - 1e-7)
    harder = expect(rate, size, EntryRule(min_relapses=least + 1, window_years=window), years_before=window)
    assert harder["share"] < found["share"]
    assert harder["after"] >= found["after"] * (1 - 1e-7)


@settings(deadline=None, max_examples=40)
@given(rate=st.floats(0.2, 3), size=st.floats(0.3, 30), scale=st.sampled_from([0.5, 2.0, 4.0]))
def test_unit_of_time_does_not_matter(rate: float, size: float, scale: float):
    once = expect(rate, size, EntryRule(min_relapses=2, window_years=1.0))
    scaled = expect(rate / scale, size, EntryRule(min_relapses=2, window_years=scale), years_before=scale)
    for name in NAMES:
        unit = 1.0 if name == "share" else scale
        assert scaled[name] * unit == pytest.approx(once[name], rel=1e-9)


@pytest.mark.parametrize("options", [{"min_relapses": -1}, {"min_relapses": 1.5}, {"window_years": 0.0}])
def test_rule_that_is_not_possible_is_refused(options: dict[str, Any]):
    with pytest.raises(DefinitionError, match="it must be"):
        EntryRule(**options)


def chain(windows: int) -> EntryRule:
    """Make a rule with many windows."""
    rule = None
    for place in range(windows):
        rule = EntryRule(min_relapses=9, window_years=1 + place / 10, also=rule)
    return rule or EntryRule()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 0}, "rate is 0; it must be finite and above 0"),
        ({"rate": "often"}, "rate is 'often'"),
        ({"rate": math.inf}, "rate is inf"),
        ({"size": -1.0}, "size is -1.0; it must be above 0"),
        ({"years_before": 0}, "years_before is 0"),
        ({"entry": 2}, "entry is 2; give an EntryRule"),
        ({"rate": 0.001, "entry": EntryRule(min_relapses=5)}, "fewer than one patient in ten million"),
        ({"entry": chain(8)}, "too many to count through"),
    ],
)
def test_wrong_input_is_refused_in_words(options: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        rv.stats.expected_after_entry(**({"rate": 0.6, "size": 1.24, "entry": EntryRule()} | options))
