"""Group-sequential designs, conditional power and the promising zone: what must hold whatever the numbers."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

import ranvier as rv
from ranvier.stats import _sequential_normal as normal

TWO = rv.stats.group_sequential(2)
CLASSICAL = ("obrien-fleming", "pocock")


def test_one_look_is_the_fixed_design() -> None:
    design = rv.stats.group_sequential(1, alpha=0.05, sided=2)
    assert design.upper[0] == pytest.approx(stats.norm.ppf(0.975), abs=1e-12)
    assert design.inflation == pytest.approx(1, abs=1e-9)
    assert "analysed once" in design.paragraph()


@pytest.mark.parametrize("boundary", [name for name in rv.stats.BOUNDARIES if name != "wang-tsiatis"])
@pytest.mark.parametrize("sided", [1, 2])
def test_chances_are_those_of_the_joint_normal_distribution(boundary: str, sided: int) -> None:
    """Three looks by SciPy's multivariate normal distribution, an integral of another kind."""
    design = rv.stats.group_sequential([0.4, 0.7, 1], boundary=boundary, sided=sided, alpha=0.05)
    t = np.array(design.fractions)
    covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    low = -np.array(design.upper) if sided == 2 else np.full(3, -np.inf)
    inside = stats.multivariate_normal.cdf(
        design.upper, np.zeros(3), covariance, abseps=1e-9, releps=1e-9, lower_limit=low
    )
    assert 1 - inside == pytest.approx(0.05, abs=2e-6)
    spent = design.table()["alpha_spent"][-1]
    assert spent == pytest.approx(0.05, abs=1e-12)


def test_finer_integration_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    design = rv.stats.group_sequential(5, futility="pocock")
    monkeypatch.setattr(normal, "PANEL", 0.5)
    finer = rv.stats.group_sequential(5, futility="pocock")
    assert finer.upper == pytest.approx(design.upper, abs=1e-11)
    assert finer.lower == pytest.approx(design.lower, abs=1e-11)
    assert finer.drift == pytest.approx(design.drift, abs=1e-11)


def test_shapes_are_those_of_the_papers() -> None:
    pocock, fleming = (rv.stats.group_sequential(4, boundary=name) for name in reversed(CLASSICAL))
    assert np.ptp(pocock.upper) == pytest.approx(0, abs=1e-12)
    roots = np.array(fleming.upper) * np.sqrt(fleming.fractions)
    assert np.ptp(roots) == pytest.approx(0, abs=1e-12)
    for delta, name in ((0.0, "obrien-fleming"), (0.5, "pocock")):
        same = rv.stats.group_sequential(4, boundary="wang-tsiatis", delta=delta)
        assert same.upper == rv.stats.group_sequential(4, boundary=name).upper


@pytest.mark.parametrize("futility", ["obrien-fleming", "pocock"])
def test_futility_spends_beta_and_ignoring_it_keeps_alpha(futility: str) -> None:
    design = rv.stats.group_sequential([0.25, 0.5, 0.8, 1], futility=futility)
    rows = design.characteristics([0, 1])
    assert rows["success"][1] == pytest.approx(0.8, abs=1e-9)
    assert rows["success"][0] < 0.025
    assert design.table()["alpha_spent"][-1] == pytest.approx(0.025, abs=1e-12)
    below, _ = normal.crossings(design.fractions, design.lower, design.upper, design.drift)
    assert below.sum() == pytest.approx(0.2, abs=1e-9)
    assert design.lower[-1] == design.upper[-1]


def test_a_larger_effect_never_loses_power() -> None:
    design = rv.stats.group_sequential(4, futility="pocock")
    success = design.characteristics(np.linspace(-1, 2, 13).tolist())["success"].to_list()
    assert success == sorted(success)


def test_a_look_too_early_to_spend_anything_has_no_bound() -> None:
    design = rv.stats.group_sequential([0.01, 1])
    assert math.isinf(design.upper[0])
    assert "no success possible" in design.paragraph()
    assert json.dumps(design.to_dict())
    late = rv.stats.group_sequential([0.01, 0.02, 1]).paragraph()
    assert "of at least 1.960 (p ≤ 0.025) at look 3. There is no success possible at looks 1, 2." in late
    assert "success is a combined statistic" in rv.stats.promising_zone(design, floor=0.01).paragraph()


def test_designs_speak() -> None:
    design = rv.stats.group_sequential([0.3, 0.6, 1], futility="obrien-fleming")
    text = design.explain()
    assert "3.929 (p ≤ 4.273e-05), 2.670 (p ≤ 0.003793), 1.981 (p ≤ 0.02379)" in text
    assert "lies below −0.470, 0.934" in text
    assert "Alpha is kept even if the trial goes on" in text
    assert "simulate the plan" in text
    json.dumps(design.to_dict())
    for each in (design, rv.stats.group_sequential(3, sided=2)):
        assert each.plot().get_xlabel() == "information, %"
        assert each._repr_html_().startswith("<p><strong>")


def test_conditional_power_of_two_looks_is_its_formula() -> None:
    for z in (-0.5, 0.8, 1.7, 2.5):
        found = rv.stats.conditional_power(z, design=TWO)
        for each, drift in zip(found.estimates, (TWO.drift, z / math.sqrt(0.5), 0.0), strict=True):
            mean = z * math.sqrt(0.5) + drift * 0.5
            expected = stats.norm.sf((TWO.upper[1] - mean) / math.sqrt(0.5))
            assert each.value == pytest.approx(expected, abs=1e-12)
        trend = found.estimates[1]
        assert trend.low < trend.value < trend.high
    assert "not evidence for one" in found.explain()


def test_conditional_power_averages_to_the_power() -> None:
    """Over the first statistic, conditional power and early success add up to the power."""
    design = rv.stats.group_sequential(3)
    mean = design.drift * math.sqrt(design.fractions[0])
    z, weight = np.polynomial.legendre.leggauss(60)
    low, high = mean - 8, min(design.upper[0], mean + 8)
    points = (low + high) / 2 + (high - low) / 2 * z
    density = stats.norm.pdf(points, mean) * weight * (high - low) / 2
    later = [rv.stats.conditional_power(x, design=design).estimates[0].value for x in points]
    total = float(density @ later) + stats.norm.sf(design.upper[0], mean)
    assert total == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize("futility", ["none", "pocock"])
@pytest.mark.parametrize("most", [1.5, 3.0])
def test_enlarging_keeps_alpha_and_never_loses_power(futility: str, most: float) -> None:
    design = rv.stats.group_sequential([0.4, 1], futility=futility)
    rule = rv.stats.promising_zone(design, most=most, floor=0.2)
    rows = rule.characteristics([0, 0.5, 1])
    plain = design.characteristics([0, 0.5, 1])
    assert rows["success_without"].to_list() == pytest.approx(plain["success"].to_list(), abs=1e-10)
    assert rows["success"][0] == pytest.approx(plain["success"][0], abs=1e-10)
    assert rows["success"][1] > rows["success_without"][1]
    assert rows["success"][2] > rows["success_without"][2]
    assert (rows["expected_size"] >= rows["expected_size_without"]).all()
    assert rows["expected_size"].max() <= most


def test_growth_reaches_its_target_where_it_may() -> None:
    rule = rv.stats.promising_zone(TWO, floor=0.3, target=0.9, most=2)
    low, high = rule.ends
    assert rule.growth(low - 1e-6) == rule.growth(high + 1e-6) == 1
    rows = rule.table()
    assert rows["conditional_power"][0] == pytest.approx(0.3)
    free = rows.filter((rows["growth"] < 3 - 1e-9) & (rows["growth"] > 1))
    assert free["conditional_power_after"].to_list() == pytest.approx([0.9] * free.height)
    assert rows["growth"].max() <= 3
    assert rule.combine(1.0, 2.0) == pytest.approx(3 / math.sqrt(2))


def test_the_zone_ends_where_the_first_look_does() -> None:
    design = rv.stats.group_sequential([0.9, 1], boundary="pocock")
    rule = rv.stats.promising_zone(design)
    assert rule.ends[1] == design.upper[0]
    assert rule.growth(2.1) == 1 < rule.growth(2.07)
    assert rule.table()["growth"][-1] == pytest.approx(rule.growth(design.upper[0] - 1e-9))
    assert rule.characteristics([0])["success"].item() == pytest.approx(0.025, abs=1e-9)


def test_nothing_grows_below_zero_or_below_the_bound_of_futility() -> None:
    generous = rv.stats.promising_zone(rv.stats.group_sequential(2, alpha=0.4), floor=0.05)
    assert generous.ends[0] == 0
    assert "from 0.000" in generous.paragraph()
    design = rv.stats.group_sequential(2, futility="pocock")
    assert design.lower[0] > 0
    rule = rv.stats.promising_zone(design, floor=0.01)
    assert rule.ends[0] == design.lower[0]
    assert rule.growth(design.lower[0] - 1e-6) == 1 < rule.growth(design.lower[0] + 1e-6)


@pytest.mark.parametrize("multiple", [0, 1])
def test_simulated_trials_that_grow_succeed_as_often_as_said(multiple: float) -> None:
    """400,000 trials: three standard errors of a share p are 3 sqrt(p (1 - p) / 400,000)."""
    rule = rv.stats.promising_zone(TWO)
    noise = np.random.default_rng(7).standard_normal((2, 400_000))
    one, two = rule.weights
    drift = multiple * TWO.drift
    first = noise[0] + drift * one
    second = noise[1] + drift * two * np.sqrt(rule._growth(first))
    success = (first >= TWO.upper[0]) | (one * first + two * second >= TWO.upper[1])
    expected = rule.characteristics([multiple])["success"].item()
    assert success.mean() == pytest.approx(expected, abs=3 * math.sqrt(expected * (1 - expected) / 400_000))


def test_a_promising_zone_speaks() -> None:
    rule = rv.stats.promising_zone(TWO)
    assert "and the trial goes on (a standardised statistic from 1.130 to 1.813)" in rule.paragraph()
    assert "No patient is randomised anew." in rule.explain()
    json.dumps(rule.to_dict())
    assert rule.plot().get_ylabel() == "size, multiple of the plan"
    assert rule._repr_html_().startswith("<p><strong>")
