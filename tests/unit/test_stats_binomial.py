"""Shares: ends, notes, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import InputError

METHODS = ["clopper-pearson", "wilson", "mid-p", "blaker"]


@pytest.mark.parametrize(("n", "high"), [(5, 0.522), (10, 0.308), (15, 0.218)])
def test_no_event_leaves_room_for_a_large_true_share(n: int, high: float):
    found = rv.stats.proportion(0, n)
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(high, abs=5e-4)
    assert found.notes == (f"0 of {n}: the true share could be up to {100 * found.high:.1f} %.",)


def test_everybody_is_not_always():
    found = rv.stats.proportion(10, 10)
    assert (found.value, found.high) == (1, 1)
    assert found.notes == ("10 of 10: the true share could be as low as 69.2 %.",)


def test_one_patient_is_enough():
    found = rv.stats.proportion(1, 1)
    assert (found.low, found.high) == (pytest.approx(0.025), 1)


@pytest.mark.parametrize("method", METHODS)
def test_ends_are_exact_and_the_interval_holds_the_value(method: str):
    for n in (1, 2, 7, 30, 1000):
        for events in {0, 1, n // 3, n - 1, n}:
            found = rv.stats.proportion(events, n, method=method)
            assert 0 <= found.low <= found.value <= found.high <= 1
            assert (found.low == 0) == (events == 0)
            assert (found.high == 1) == (events == n)


def test_closed_forms_at_zero_events():
    assert rv.stats.proportion(0, 8).high == pytest.approx(1 - 0.025 ** (1 / 8), rel=1e-14)
    assert rv.stats.proportion(0, 8, method="mid-p").high == pytest.approx(1 - 0.05 ** (1 / 8), rel=1e-14)


def test_a_rare_event_among_many_keeps_its_digits():
    found = rv.stats.proportion(0, 10**9)
    assert found.high == pytest.approx(-math.log(0.025) / 1e9, rel=1e-8)


@pytest.mark.parametrize(("events", "n", "level", "low"), [(4, 5, 0.9, 0.393444942), (7, 8, 0.95, 0.5)])
def test_blaker_bound_may_lie_at_a_jump_where_no_root_exists(events: int, n: int, level: float, low: float):
    found = rv.stats.proportion(events, n, method="blaker", level=level)
    assert found.low == pytest.approx(low, abs=1e-9)
    below, above = (acceptability(found.low + step, events, n) for step in (-1e-9, 1e-9))
    assert below < (1 - level) * 0.9
    assert above > (1 - level) * 1.2


def acceptability(share: float, events: int, n: int) -> float:
    chances = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    tails = [min(math.fsum(chances[: k + 1]), math.fsum(chances[k:])) for k in range(n + 1)]
    return math.fsum(
        chance for chance, tail in zip(chances, tails, strict=True) if tail <= tails[events] * (1 + 1e-13)
    )


def test_one_sided_bound_is_the_rule_of_three_and_below_the_two_sided():
    two, one = rv.stats.zero_event_bound(10), rv.stats.zero_event_bound(10, sided="one")
    assert two.high == pytest.approx(rv.stats.proportion(0, 10).high, rel=1e-14)
    assert one.high == pytest.approx(1 - 0.05**0.1, rel=1e-14)
    assert one.notes == ("0 of 10: the true share could be up to 25.9 %.",)


def test_left_out_and_quantity_are_told():
    left = rv.result.LeftOut(n=2, reason="patients without a month 12 visit")
    text = rv.stats.proportion(3, 10, quantity="share improved", left_out=(left,)).explain()
    assert text.startswith("Share improved: 30.0 % (95 % interval 6.7 % to 65.2 %). Share with its exact")
    assert "Inputs: events = 3, n = 10. Left out: 2 (patients without a month 12 visit)." in text


def test_numpy_counts_and_whole_floats_are_counts():
    assert rv.stats.proportion(np.int64(2), np.float64(10.0)).to_dict()["inputs"] == {"events": 2, "n": 10}


@pytest.mark.parametrize(
    ("events", "n", "options", "words"),
    [
        (0, 0, {}, "n is 0"),
        (5, 4, {}, "events is 5, more than n = 4"),
        (-1, 4, {}, "events is -1"),
        (1.5, 4, {}, "events is 1.5"),
        (math.nan, 4, {}, "events is nan"),
        (math.inf, 4, {}, "events is inf"),
        (None, 4, {}, "events is None"),
        ("2", 4, {}, "events is '2'"),
        (True, 4, {}, "events is True"),
        (2, 4, {"method": "wald"}, "unknown method 'wald'; use one of"),
        (2, 4, {"level": 95}, "Write 0.95 for 95 %"),
        (2, 4, {"level": 0}, "level is 0"),
        (2, 4, {"level": math.nan}, "level is nan"),
        (2, 4, {"level": "high"}, "level is 'high'"),
    ],
)
def test_unusable_input_is_refused(events: object, n: object, options: dict, words: str):
    with pytest.raises(InputError, match=words):
        rv.stats.proportion(events, n, **options)


def test_bound_without_patients_is_refused():
    with pytest.raises(InputError, match="n is 0"):
        rv.stats.zero_event_bound(0)
    with pytest.raises(InputError, match="unknown sided 'upper'"):
        rv.stats.zero_event_bound(4, sided="upper")
