"""What must hold for any data: order, swapping, shifting, nesting, more data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as peer

import ranvier as rv

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SHARE_METHODS = st.sampled_from(["clopper-pearson", "wilson", "mid-p", "blaker"])
LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
HALF_STEPS = st.integers(0, 20).map(lambda steps: steps / 2)
PAIRS = st.lists(st.tuples(HALF_STEPS, HALF_STEPS), min_size=1, max_size=14)
METHODS = st.sampled_from(["signed-rank", "sign-test"])
ZEROS = st.sampled_from(["pratt", "wilcoxon"])


def numbers(found: rv.result.Estimate) -> tuple[float, float, float, float]:
    return found.value, found.low, found.high, found.p_value


@given(counts=COUNTS, method=SHARE_METHODS, level=LEVELS)
def test_interval_holds_the_share_and_mirrors(counts: tuple[int, int], method: str, level: float):
    events, n = counts
    found = rv.stats.proportion(events, n, method=method, level=level)
    mirror = rv.stats.proportion(n - events, n, method=method, level=level)
    assert found.low <= found.value <= found.high
    assert found.low == pytest.approx(1 - mirror.high, abs=1e-12)


@given(counts=COUNTS, method=SHARE_METHODS, level=LEVELS)
def test_twice_the_data_is_never_wider(counts: tuple[int, int], method: str, level: float):
    events, n = counts
    # The one exception up to 25 patients, at no level that anybody reports: exact methods move in jumps.
    assume((counts, method, level) != ((1, 2), "blaker", 0.5))
    once = rv.stats.proportion(events, n, method=method, level=level)
    twice = rv.stats.proportion(2 * events, 2 * n, method=method, level=level)
    assert twice.high - twice.low <= once.high - once.low + 1e-12


@given(counts=COUNTS, level=LEVELS)
def test_blaker_and_mid_p_lie_inside_clopper_pearson(counts: tuple[int, int], level: float):
    wide = rv.stats.proportion(*counts, level=level)
    for method in ("blaker", "mid-p"):
        found = rv.stats.proportion(*counts, method=method, level=level)
        assert wide.low - 1e-15 <= found.low
        assert found.high <= wide.high + 1e-15


@given(counts=COUNTS, method=SHARE_METHODS)
def test_higher_levels_hold_lower_ones(counts: tuple[int, int], method: str):
    bounds = [
        rv.stats.proportion(*counts, method=method, level=level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)
    ]
    assert [one.low for one in bounds] == sorted((one.low for one in bounds), reverse=True)
    assert [one.high for one in bounds] == sorted(one.high for one in bounds)


@settings(deadline=None)
@given(counts=st.integers(1, 25).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))), level=LEVELS)
def test_blaker_bound_is_where_acceptability_first_exceeds_alpha(counts: tuple[int, int], level: float):
    """A dense scan of the definition: all below the bound is rejected, the first point above it is not."""
    events, n = counts
    low = rv.stats.proportion(events, n, method="blaker", level=level).low
    # Acceptability may leave alpha like a parabola (2 of 2 at level 0.5), which a step of 1e-10 cannot show.
    beside = low * np.array([1 - 1e-10, 1 + 1e-10, 1 + 1e-6])
    scan = np.concatenate([np.linspace(0, low, 1500, endpoint=False), beside])
    outcomes = np.arange(n + 1)[:, None]
    tails = np.minimum(peer.binom.cdf(outcomes, n, scan), peer.binom.sf(outcomes - 1, n, scan))
    as_extreme = tails <= tails[events] * (1 + 1e-13)
    accepted = (peer.binom.pmf(outcomes, n, scan) * as_extreme).sum(axis=0) > 1 - level
    assert not accepted[:-2].any()
    assert accepted[-2:].any()


@given(events=st.integers(0, 200), years=st.floats(0.01, 1e4), method=st.sampled_from(["exact", "mid-p"]))
def test_interval_holds_the_rate(events: int, years: float, method: str):
    found = rv.stats.rate(events, years, method=method)
    assert 0 <= found.low <= found.value <= found.high
    assert (found.low == 0) == (events == 0)


@given(
    events=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    years=st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)),
    method=st.sampled_from(["conditional", "mid-p"]),
)
def test_swapping_the_groups_inverts_the_ratio(events: tuple, years: tuple, method: str):
    found = rv.stats.rate_ratio(events, years, method=method)
    swapped = rv.stats.rate_ratio(events[::-1], years[::-1], method=method)
    assert found.p_value == pytest.approx(swapped.p_value, rel=1e-9)
    if sum(events):
        assert found.low <= found.value <= found.high
        inverse = math.inf if found.low == 0 else 1 / found.low
        assert swapped.high == pytest.approx(inverse, rel=1e-9)


@settings(deadline=None)
@given(pairs=PAIRS, method=METHODS, zeros=ZEROS, level=LEVELS, data=st.data())
def test_order_of_pairs_does_not_matter(
    pairs: list, method: str, zeros: str, level: float, data: st.DataObject
):
    options = {"method": method, "zeros": zeros, "level": level}
    shuffled = data.draw(st.permutations(pairs))
    found = rv.stats.paired(*zip(*pairs, strict=True), **options)
    assert numbers(found) == numbers(rv.stats.paired(*zip(*shuffled, strict=True), **options))


@settings(deadline=None)
@given(pairs=PAIRS, method=METHODS, zeros=ZEROS, level=LEVELS)
def test_swapping_before_and_after_flips_the_signs(pairs: list, method: str, zeros: str, level: float):
    before, after = zip(*pairs, strict=True)
    found = rv.stats.paired(before, after, method=method, zeros=zeros, level=level)
    swapped = rv.stats.paired(after, before, method=method, zeros=zeros, level=level)
    value, low, high, p_value = numbers(found)
    assert numbers(swapped) == (-value, -high, -low, p_value)


@settings(deadline=None)
@given(pairs=PAIRS, method=METHODS, zeros=ZEROS, level=LEVELS)
def test_interval_holds_the_change_and_agrees_with_the_p_value(
    pairs: list, method: str, zeros: str, level: float
):
    found = rv.stats.paired(*zip(*pairs, strict=True), method=method, zeros=zeros, level=level)
    assert found.low <= found.value <= found.high
    if found.p_value > 1 - level:
        assert found.low <= 0 <= found.high


@settings(deadline=None)
@given(pairs=PAIRS, shift=HALF_STEPS, method=METHODS, zeros=ZEROS)
def test_shifting_all_values_after_shifts_value_and_bounds(
    pairs: list, shift: float, method: str, zeros: str
):
    before, after = map(np.array, zip(*pairs, strict=True))
    found = rv.stats.paired(before, after, method=method, zeros=zeros)
    shifted = rv.stats.paired(before, after + shift, method=method, zeros=zeros)
    assert numbers(shifted)[:3] == tuple(number + shift for number in numbers(found)[:3])
