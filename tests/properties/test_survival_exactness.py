"""Survival statistics against full enumeration, sums over all samples and direct maximisation."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

import ranvier as rv
from ranvier.stats import _log_rank as labels

PATIENTS = st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=2, max_size=8)


def difference_by_definition(days: np.ndarray, seen: np.ndarray, first: np.ndarray) -> float:
    """Observed minus expected events of one arm, day by day."""
    total = 0.0
    for day in np.unique(days[seen]):
        at_risk = days >= day
        events = seen & (days == day)
        total += (events & first).sum() - events.sum() * (at_risk & first).sum() / at_risk.sum()
    return total


@settings(max_examples=60, deadline=None)
@given(PATIENTS, st.data())
def test_exact_log_rank_equals_full_enumeration(patients: list[tuple[int, bool]], data: st.DataObject):
    days = np.array([day for day, _ in patients], dtype=float)
    seen = np.array([event for _, event in patients])
    size = data.draw(st.integers(1, len(patients) - 1))
    every = []
    for chosen in combinations(range(days.size), size):
        first = np.isin(np.arange(days.size), chosen)
        every.append(difference_by_definition(days, seen, first))
    arm = ["b"] * size + ["a"] * (days.size - size)
    tails = [np.mean(np.array(every) * sign >= every[0] * sign - 1e-9) for sign in (1, -1)]
    found = rv.stats.log_rank(days, observed=seen, arm=arm)
    assert found.p_value == pytest.approx(min(1, 2 * min(tails)), rel=1e-12)


def test_exact_log_rank_of_three_arms_equals_full_enumeration():
    days, seen = np.array([1, 2, 2, 3, 4, 5, 6.0]), np.array([1, 1, 0, 1, 1, 0, 1], bool)
    arm = np.array([0, 0, 1, 1, 1, 2, 2])
    sizes = np.bincount(arm)

    def spread(arms: np.ndarray) -> float:
        return sum(difference_by_definition(days, seen, arms == k) ** 2 / sizes[k] for k in range(3))

    every = np.array([spread(np.array(each)) for each in set(permutations(arm.tolist()))])
    found = rv.stats.log_rank(days, observed=seen, arm=arm)
    assert found.p_value == pytest.approx(np.mean(every >= spread(arm) - 1e-9), rel=1e-12)


@pytest.mark.parametrize("weights", labels.WEIGHTS)
def test_many_trials_at_once_equal_one_by_one(weights: str):
    rng = np.random.default_rng(5)
    days, seen = rng.integers(1, 9, (20, 12)).astype(float), rng.random((20, 12)) < 0.6
    first = rng.permuted(np.arange(12) < 5) & np.ones((20, 12), bool)
    difference, variance = labels.two_arm_trials(days, seen, first, weights)
    for row in range(20):
        arm = np.where(first[row], "a", "b")
        one = rv.stats.log_rank(days[row], observed=seen[row], arm=arm, weights=weights, method="asymptotic")
        assert one.estimates[0].value == pytest.approx(difference[row], abs=1e-12)
        assert one.diagnostics["covariance"][0, 0] == pytest.approx(variance[row], abs=1e-12)


def test_a_sampled_p_value_lies_within_four_errors_of_the_exact_one_and_repeats():
    days, seen, arm = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 0, 1, 1, 0, 1, 0], list("aabababb")
    exact = rv.stats.log_rank(days, observed=seen, arm=arm).p_value
    one = rv.stats.log_rank(days, observed=seen, arm=arm, method="sampled", seed=1)
    assert abs(one.p_value - exact) < 4 * one.diagnostics["monte carlo error"]
    assert one.p_value == rv.stats.log_rank(days, observed=seen, arm=arm, method="sampled", seed=1).p_value


def test_the_exact_log_rank_never_rejects_too_often():
    """All labellings of one set of patients: the share with p at most a is at most a."""
    days, seen = [1, 2, 2, 4, 5, 6, 6, 8], [1, 1, 0, 1, 1, 1, 0, 0]
    p = []
    for chosen in combinations(range(8), 4):
        arm = ["a" if place in chosen else "b" for place in range(8)]
        p.append(rv.stats.log_rank(days, observed=seen, arm=arm).p_value)
    for level in sorted(set(p)):
        assert np.mean(np.array(p) <= level + 1e-12) <= level + 1e-12


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
def test_coverage_of_the_beta_product_by_the_sum_over_all_samples(share: float):
    """Two equal periods with the same chance of the event, one patient of six censored between them."""
    truth, covered, total = (1 - share) ** 2, 0.0, 0.0
    for early, late in product(range(7), range(7)):
        rest = 6 - early
        lost = min(1, rest)
        if late > rest - lost:
            continue
        chance = _binomial(6, early, share) * _binomial(rest - lost, late, share)
        days = [1] * early + [1.5] * lost + [2] * late + [3] * (rest - lost - late)
        seen = [True] * early + [False] * lost + [True] * late + [False] * (rest - lost - late)
        (found,) = rv.stats.survival(days, observed=seen).at(2).estimates
        low, high = found.low, found.high
        covered += chance * (low <= truth <= high)
        total += chance
    assert total == pytest.approx(1)
    assert covered >= 0.95


def _binomial(n: int, x: int, share: float) -> float:
    from scipy.stats import binom

    return float(binom.pmf(x, n, share))


def penalised(beta: np.ndarray, days: np.ndarray, seen: np.ndarray, x: np.ndarray, ties: str) -> float:
    """Firth's log likelihood by its definition, a loop over deaths."""
    value, information = 0.0, np.zeros((x.shape[1], x.shape[1]))
    for day in np.unique(days[seen]):
        dead = np.flatnonzero(seen & (days == day))
        for order in range(dead.size):
            weight = np.exp(x @ beta) * (days >= day)
            if ties == "efron":
                weight[dead] *= 1 - order / dead.size
            mean = weight @ x / weight.sum()
            information += (x.T * weight) @ x / weight.sum() - np.outer(mean, mean)
            value -= np.log(weight.sum())
        value += (x[dead] @ beta).sum()
    return value + np.linalg.slogdet(information)[1] / 2


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_firth_is_the_maximum_of_the_penalised_likelihood(ties: str):
    rng = np.random.default_rng(11)
    days, seen = rng.integers(1, 7, 14).astype(float), rng.random(14) < 0.7
    x = np.column_stack((rng.normal(size=14), rng.integers(0, 2, 14)))
    data = {"days": days, "observed": seen, "a": x[:, 0], "b": x[:, 1]}
    fit = rv.stats.cox(data, covariates=["a", "b"], method="firth", ties=ties)
    best = optimize.minimize(
        lambda beta: -penalised(beta, days, seen, x, ties), np.zeros(2), method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 5000},
    )  # fmt: skip
    assert fit.coefficients == pytest.approx(best.x, abs=1e-6)
    assert fit.log_likelihood == pytest.approx(-best.fun, rel=1e-9)
    target = fit.log_likelihood - 3.841458820694124 / 2
    for bound in (fit.estimates[0].low, fit.estimates[0].high):
        fixed = float(np.log(bound))
        held = optimize.minimize_scalar(
            lambda b, a=fixed: -penalised(np.array([a, b]), days, seen, x, ties), bracket=(-1, 1)
        )
        assert -held.fun == pytest.approx(target, rel=1e-8)


def test_splitting_time_at_risk_changes_nothing():
    whole = {"days": [5, 8, 9, 12], "observed": [1, 0, 1, 1], "x": [1.0, 0.0, 2.0, 1.0]}
    split = {
        "subject": list("aabbccdd"),
        "start_day": [0, 2, 0, 3, 0, 4, 0, 6],
        "stop_day": [2, 5, 3, 8, 4, 9, 6, 12],
        "observed": [0, 1, 0, 0, 0, 1, 0, 1],
        "x": [1.0, 1.0, 0.0, 0.0, 2.0, 2.0, 1.0, 1.0],
    }
    for options in ({}, {"variance": "robust"}, {"method": "firth"}):
        one = rv.stats.cox(whole, covariates="x", **options)
        two = rv.stats.cox(split, covariates="x", **options)
        assert two.coefficients == pytest.approx(one.coefficients, rel=1e-9)
        assert two.covariance == pytest.approx(one.covariance, rel=1e-9)
