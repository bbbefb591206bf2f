"""Stopping rules: boundaries, exact chances against the enumeration of every sequence."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from scipy import stats as reference

import ranvier as rv
from ranvier.errors import InputError
from ranvier.trial import STOPPING_METHODS

SHARES = [method for method in STOPPING_METHODS if method != "poisson"]


def enumerated(rule, share: float) -> tuple[float, float, float]:
    """Go through every sequence of patients: chance of stopping, expected patients, expected events."""
    n = int(rule.looks[-1])
    stop = dict(zip(map(int, rule.looks), rule.counts, strict=True))
    stopped = size = events = 0.0
    for sequence in itertools.product((0, 1), repeat=n):
        chance = math.prod(share if event else 1 - share for event in sequence)
        total = 0
        for seen, event in enumerate(sequence, start=1):
            total += event
            if stop.get(seen) is not None and total >= stop[seen]:
                stopped += chance
                break
        size += chance * seen
        events += chance * total
    return stopped, size, events


def can_stop(looks, limit: float, method: str) -> bool:
    """Tell whether events in every patient would stop the trial at the last look."""
    n = looks if isinstance(looks, int) else looks[-1]
    if method == "beta-binomial":
        return reference.beta.sf(limit, 1 + n, 1) > 0.9
    return limit**n <= 0.1 * (1 + 1e-9)


@pytest.mark.parametrize("method", SHARES)
@pytest.mark.parametrize("looks", [1, 4, 7, 10, (3, 6, 9), (2, 10)])
@pytest.mark.parametrize("limit", [0.1, 0.3])
def test_chances_equal_the_enumeration_of_every_sequence(method, looks, limit):
    if not can_stop(looks, limit, method):
        with pytest.raises(InputError, match="no count could stop"):
            rv.stats.stopping_rule(looks, limit=limit, method=method, level=0.9)
        return
    rule = rv.stats.stopping_rule(looks, limit=limit, method=method, level=0.9)
    for share in (0.0, 0.05, limit, 0.55, 1.0):
        row = rule.characteristics([share]).row(0, named=True)
        assert (row["stop"], row["expected_n"], row["expected_events"]) == pytest.approx(
            enumerated(rule, share), abs=1e-12
        )


@pytest.mark.parametrize("n", range(1, 41))
def test_binomial_boundary_is_the_smallest_count_with_the_tail(n):
    rule = rv.stats.stopping_rule(40, limit=0.15, level=0.95)
    stop = rule.counts[n - 1]
    tails = reference.binom.sf(np.arange(n + 1) - 1, n, 0.15)
    assert stop == next((count for count in range(1, n + 1) if tails[count] <= 0.05), None)


def test_binomial_boundary_is_where_the_exact_lower_bound_passes_the_limit():
    rule = rv.stats.stopping_rule(25, limit=0.2, level=0.975)
    for n, stop in zip(range(1, 26), rule.counts, strict=True):
        for count in range(1, n + 1):
            above = rv.stats.proportion(count, n, level=0.95).low > 0.2
            assert above == (stop is not None and count >= stop)


def test_poisson_boundary_and_chances_against_scipy_and_one_look_at_a_time():
    rule = rv.stats.stopping_rule([0.5, 2, 7.5], limit=0.4, method="poisson")
    for years, stop in zip(rule.looks, rule.counts, strict=True):
        assert (
            reference.poisson.sf(stop - 1, 0.4 * years) <= 0.05 < reference.poisson.sf(stop - 2, 0.4 * years)
        )
    one = rv.stats.stopping_rule([3], limit=0.4, method="poisson")
    found = one.characteristics([0.9])["stop"].item()
    assert found == pytest.approx(reference.poisson.sf(one.counts[0] - 1, 2.7), rel=1e-12)
    rng = np.random.default_rng(7)  # 400,000 trials: three errors of 0.5 are 0.0024
    steps = rng.poisson(0.9 * np.diff([0, *rule.looks]), size=(400_000, 3)).cumsum(axis=1)
    seen = (steps >= np.array(rule.counts)).any(axis=1).mean()
    assert rule.characteristics([0.9])["stop"].item() == pytest.approx(seen, abs=0.0024)


@pytest.mark.parametrize(("n", "limit"), [(5, 0.1), (10, 0.2), (20, 0.05), (30, 0.2), (40, 0.3)])
def test_pocock_holds_the_chance_and_no_larger_level_would(n, limit):
    rule = rv.stats.stopping_rule(n, limit=limit, method="pocock", level=0.95)
    assert rule.characteristics([limit])["stop"].item() <= 0.05 + 1e-12
    tail = 1 - rule.look_level
    tails = [reference.binom.sf(count - 1, k, limit) for k in range(1, n + 1) for count in range(1, k + 1)]
    larger = min(value for value in tails if value > tail * (1 + 1e-9))
    looser = rv.stats.stopping_rule(n, limit=limit, level=1 - larger)
    assert looser.characteristics([limit])["stop"].item() > 0.05


def test_tail_equal_to_the_limit_stops():
    assert rv.stats.stopping_rule(1, limit=0.1, level=0.9).counts == (1,)


@pytest.mark.parametrize(
    ("events", "n", "decision", "words"),
    [
        (0, 0, "continue", "0 of 0 so far: continue"),
        (2, 2, "stop", "2 of 2 so far: stop"),
        (2, 5, "continue", "2 of 5 so far: continue"),
        (3, 5, "stop", "3 of 5 so far: stop"),
        (1, 11, "ended", "1 of 11 so far: the rule has ended"),
    ],
)
def test_state_of_the_rule_for_the_trial_at_hand(events, n, decision, words):
    state = rv.stats.stopping_rule(10, limit=0.1).state(events, n)
    assert (state.decision, state.text()) == (decision, words)


def test_totals_that_may_hide_an_earlier_crossing_say_so():
    rule = rv.stats.stopping_rule(10, limit=0.1)
    assert "An earlier look may have been crossed" in rule.state(2, 5).explain()
    assert "earlier look" not in rule.state(1, 5).explain()


def test_between_two_looks_the_next_one_decides():
    rule = rv.stats.stopping_rule((5, 10), limit=0.1)
    assert rule.counts == (3, 4)
    assert rule.state(3, 7).decision == "continue"
    assert rule.state(4, 7).decision == "stop"


def test_a_rule_on_a_rate_counts_events_in_patient_years():
    state = rv.stats.stopping_rule([1, 5], limit=0.1, method="poisson").state(3, 4.2)
    assert state.text() == "3 in 4.2 so far: stop"


def test_rule_and_state_are_results():
    rule = rv.stats.stopping_rule(10, limit=0.1, event="a serious event")
    assert "Stop if 2 of 2 to 3" in rule.explain()
    assert "5.5 % of trials" in rule.explain()
    json.dumps([rule.to_dict(), rule.state(1, 4).to_dict()], allow_nan=False)
    assert rule.plot().get_xlabel() == "patients so far"
    legend = rule.state(1, 4).plot().get_legend()
    assert legend.get_texts()[1].get_text() == "1 of 4 so far: continue"
    assert "Stopping rule" in rule._repr_html_()
    assert "1 of 4" in rule.state(1, 4)._repr_html_()
    assert hash(rule) == hash(rv.stats.stopping_rule(10, limit=0.1, event="a serious event"))
