"""Sample sizes against the tests that they plan for, and what they say."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, stats

import ranvier as rv
from ranvier.stats import _exact_two_arms as exact
from ranvier.stats._design_inputs import round_up

CHANGES = {-1.0: 0.4, -0.5: 0.3, 0.0: 0.2, 0.5: 0.1}


@pytest.mark.parametrize("test", ["fisher", "boschloo"])
@pytest.mark.parametrize(("n", "alpha"), [((6, 6), 0.1), ((5, 8), 0.05), ((9, 7), 0.05)])
def test_the_tables_of_success_are_those_of_the_test_itself(
    test: str, n: tuple[int, int], alpha: float
) -> None:
    tables = exact.rejects(n, test, alpha / 2)
    for one, two in itertools.product(range(n[0] + 1), range(n[1] + 1)):
        measure = "odds ratio" if test == "fisher" else "difference"
        found = rv.stats.compare_proportions([one, two], n, method=test, measure=measure)
        more = one / n[0] > two / n[1]
        assert bool(tables[one, two]) == (more and found.p_value <= alpha), (one, two, found.p_value)


@pytest.mark.parametrize("test", ["fisher", "boschloo"])
@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.1, 0.6), (0.95, 0.5)])
def test_sizes_for_shares_are_the_smallest_with_the_power(test: str, shares: tuple[float, float]) -> None:
    found = rv.stats.size_shares(*shares, test=test)
    rising = shares if shares[0] > shares[1] else (1 - shares[0], 1 - shares[1])
    powers = [exact.power_of(exact.rejects((n, n), test, 0.025), rising) for n in range(1, found.arms[0] + 1)]
    assert powers[-1] == pytest.approx(found.power, abs=1e-12)
    assert powers[-1] >= 0.8
    assert max(powers[:-1]) < 0.8
    assert all(
        power <= exact.best_power((n, n), rising, 0.025) + 1e-9 for n, power in enumerate(powers, start=1)
    )


def test_the_power_of_shares_is_the_sum_over_tables() -> None:
    found = rv.stats.size_shares(0.9, 0.3, test="fisher")
    n = found.arms[0]
    power = 0.0
    for one, two in itertools.product(range(n + 1), range(n + 1)):
        p = stats.fisher_exact([[one, n - one], [two, n - two]], alternative="greater").pvalue
        if p <= 0.025:
            power += stats.binom.pmf(one, n, 0.9) * stats.binom.pmf(two, n, 0.3)
    assert found.power == pytest.approx(power, abs=1e-10)


def test_boschloo_never_needs_more_than_fisher_and_arms_may_differ() -> None:
    boschloo, fisher = (rv.stats.size_shares(0.7, 0.2, test=test) for test in ("boschloo", "fisher"))
    assert boschloo.n <= fisher.n
    uneven = rv.stats.size_shares(0.7, 0.2, ratio=2)
    assert uneven.arms[0] == 2 * uneven.arms[1]
    assert rv.stats.size_shares(1.0, 0.0).power == 1


@pytest.mark.parametrize("test", ["signed-rank", "sign-test"])
@pytest.mark.parametrize("sided", [1, 2])
def test_power_of_changes_is_that_of_every_sample_in_order(test: str, sided: int) -> None:
    found = rv.stats.size_changes(CHANGES, test=test, sided=sided, beta=0.4)
    n = 5
    power = 0.0
    for sample in itertools.product(CHANGES, repeat=n):
        result = rv.stats.paired([0.0] * n, sample, method=test)
        downward = sum(np.sign(sample) * stats.rankdata(np.abs(sample)))
        falls = downward < 0 if test == "signed-rank" else sum(np.sign(sample)) < 0
        if falls and result.p_value <= 0.2 / sided * (1 + 1e-12):
            power += math.prod(CHANGES[change] for change in sample)
    options = {"test": test, "alpha": 0.1, "sided": sided, "beta": 0.499}
    curve = dict(rv.stats.size_changes(CHANGES, **options).curve)
    assert curve[n] == pytest.approx(power, abs=1e-12)
    assert found.power >= 0.6


@pytest.mark.parametrize("groups", [1, 2])
def test_power_of_means_is_the_integral_over_the_standard_deviation(groups: int) -> None:
    """Without the noncentral t: integrate a normal tail over the chi distribution of the spread."""
    found = rv.stats.size_pairs(1.0, 1.2) if groups == 1 else rv.stats.size_means(1.0, 0.8)
    n = found.arms[0]
    freedom = n - 1 if groups == 1 else 2 * n - 2
    shift = math.sqrt(n) / 1.2 if groups == 1 else math.sqrt(n / 2) / 0.8
    bound = stats.t.ppf(0.975, freedom)
    power, _ = integrate.quad(
        lambda s: stats.norm.sf(bound * s - shift) * stats.chi.pdf(s * math.sqrt(freedom), freedom),
        0,
        6,
        epsabs=1e-12,
    )
    assert found.power == pytest.approx(power * math.sqrt(freedom), abs=1e-9)
    assert rv.stats.size_pairs(-1.0, 1.2).arms == rv.stats.size_pairs(1.0, 1.2).arms


def test_a_z_test_is_never_what_small_means_get() -> None:
    """Ten in an arm, one standard deviation: .562 by the t test where a z test promises .609."""
    curve = dict(rv.stats.size_means(1.0, 1.0).curve)
    assert curve[20] == pytest.approx(0.562, abs=5e-4)
    assert stats.norm.sf(1.959964 - math.sqrt(5)) == pytest.approx(0.609, abs=5e-4)


@pytest.mark.parametrize("ratio", [0.01, 1, 3, 100])
@pytest.mark.parametrize("difference", [5.0, 100.0])
def test_enormous_differences_and_uneven_arms_still_get_a_whole_trial(
    ratio: float, difference: float
) -> None:
    found = rv.stats.size_means(difference, 1.0, ratio=ratio)
    assert min(found.arms) >= 2
    assert found.power >= 0.8
    looks = found.with_looks(rv.stats.group_sequential(2, alpha=0.05, sided=2))
    assert all(one <= two for one, two in zip(found.arms, looks.arms, strict=True))


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.3, 1 / 3, 0.5, 1, 1.5, 2.2, 3, 10])
@pytest.mark.parametrize("difference", [0.4, 0.69, 1.0])
def test_sizes_for_means_are_the_smallest_with_the_power(ratio: float, difference: float) -> None:
    """One patient less in the second arm, the first rounded up again, has too little."""

    def power(first: int, second: int) -> float:
        freedom = first + second - 2
        shift = difference / math.sqrt(1 / first + 1 / second)
        return float(stats.nct.sf(stats.t.ppf(0.975, freedom), freedom, shift))

    found = rv.stats.size_means(difference, 1.0, ratio=ratio)
    first, second = found.arms
    share = Fraction(ratio).limit_denominator(1000)
    assert first == max(2, math.ceil(share * second))
    assert found.power == pytest.approx(power(first, second), abs=1e-9)
    assert found.power >= 0.8 > power(max(2, math.ceil(share * (second - 1))), second - 1)


def test_arms_are_not_rounded_up_by_the_last_digit_of_a_product() -> None:
    assert rv.stats.size_means(0.69, 1, ratio=2.2).arms == (55, 25)
    for n in (10, 20, 25, 50):
        assert round_up(2.2 * n) == math.ceil(Fraction(22, 10) * n)


def test_a_planned_fall_keeps_its_sign() -> None:
    assert "Assumed: mean change −0.5, sd" in rv.stats.size_pairs(-0.5, 0.8).paragraph()
    assert rv.stats.size_means(-1.0, 1.0).inputs["difference"] == -1
    assert rv.stats.size_means(-1.0, 1.0).arms == rv.stats.size_means(1.0, 1.0).arms


def test_a_size_up_to_a_million_is_found() -> None:
    found = rv.stats.size_means(0.0043, 1.0)
    assert 500_000 < found.arms[0] < 1_000_000
    assert found.power == pytest.approx(0.8, abs=1e-5)


@pytest.mark.parametrize("variance", ["reference", "true", "pooled"])
def test_sizes_for_relapses_follow_the_formulas_of_the_paper(variance: str) -> None:
    """The formulas of Zhu and Lakkis (2014), with arms of equal size, written out approach by approach."""
    for r0, theta, k, t, beta in [(0.8, 0.85, 0.4, 0.75, 0.2), (5.9 / 3, 0.4, 1 / 0.49, 3, 0.1)]:
        r1 = r0 * theta
        under_null = {
            "reference": 2 / (t * r0) + 2 * k,
            "true": (1 / r0 + 1 / r1) / t + 2 * k,
            "pooled": 4 / (t * (r0 + r1)) + 2 * k,
        }[variance]
        z = stats.norm.ppf([0.975, 1 - beta])
        n = ((z[0] * under_null**0.5 + z[1] * ((1 / r0 + 1 / r1) / t + 2 * k) ** 0.5) / math.log(theta)) ** 2
        found = rv.stats.size_relapses(r0, theta, dispersion=k, years=t, beta=beta, variance=variance)
        assert found.unrounded / 2 == pytest.approx(n, rel=1e-12)
        assert found.arms == (math.ceil(n), math.ceil(n))
        assert found.power >= 1 - beta


def test_few_patients_are_not_planned_by_a_large_sample_formula_without_a_word() -> None:
    few = rv.stats.size_relapses(2.0, 0.2, dispersion=0.5, years=2)
    assert few.arms[0] < 50
    assert "do not use this number without a simulation" in few.explain()
    many = rv.stats.size_relapses(0.5, 0.7, dispersion=0.8, years=1)
    assert "do not use" not in many.explain()


def test_looks_cost_the_inflation_factor_and_leave_the_power_unknown() -> None:
    design = rv.stats.group_sequential(3, alpha=0.05, beta=0.1, sided=2)
    for plain in (
        rv.stats.size_means(1.0, 1.0, ratio=2, beta=0.1),
        rv.stats.size_events(0.5, beta=0.1),
        rv.stats.size_shares(0.8, 0.3, beta=0.1),
        rv.stats.size_relapses(0.5, 0.5, dispersion=0.8, years=1, beta=0.1),
    ):
        found = plain.with_looks(design)
        assert found.unrounded == pytest.approx(plain.unrounded * design.inflation)
        assert all(one <= two for one, two in zip(plain.arms, found.arms, strict=True))
        assert len(found.looks) == 3
        assert found.looks[-1] == found.n
        assert math.isnan(found.power)
        assert "simulate the plan to confirm it" in found.paragraph()


@pytest.mark.parametrize(
    "size",
    [
        rv.stats.size_means(1.0, 1.0),
        rv.stats.size_pairs(1.0, 1.0),
        rv.stats.size_events(0.5),
        rv.stats.size_shares(0.9, 0.2),
        rv.stats.size_changes(CHANGES),
        rv.stats.size_relapses(0.72, 0.5, dispersion=0.81, years=2),
        rv.stats.size_pairs(1.0, 1.0, sided=1, alpha=0.025).with_looks(rv.stats.group_sequential(2)),
    ],
    ids=lambda size: size.title,
)
def test_every_size_speaks(size: rv.stats.SampleSize) -> None:
    json.dumps(size.to_dict())
    assert size.text() in size.paragraph()
    assert size.plot().get_xlabel().endswith("in the whole trial")
    assert size._repr_html_().startswith("<p><strong>")
    if not size.exact:
        assert "simul" in size.explain()
