"""Pooling with a prior against adaptive integration of the plain formula, and what a reader sees."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import ranvier as rv
from ranvier.evidence import TAU_PRIORS

SETS = {
    "one": ([-0.7], [0.2]),
    "two apart": ([-0.5, 0.9], [0.04, 0.09]),
    "five": ([-2.31, -1.26, -1.9, -0.6, 0.1], [0.35, 0.18, 0.5, 0.4, 0.2]),
    "identical": ([0.25] * 4, [0.01, 0.04, 0.02, 0.08]),
    # Made up, of the size of published rate ratios, odds ratios, risk ratios and standardised differences.
    "rates": ([-0.82, -0.91, -1.16, -1.3, -0.45, -1.72], [0.13, 0.17, 0.11, 0.22, 0.25, 0.54]),
    "odds": ([0.93, 0.69, 1.1, 0.44, 0.2, 0.48], [1.52, 0.77, 0.7, 0.44, 0.33, 0.24]),
    "risks": ([-0.89, -1.59, -1.35, -1.44, -0.22, -0.79, -1.62], [0.33, 0.19, 0.42, 0.02, 0.05, 0.01, 0.22]),
    "standardised": (
        [-0.36, -0.7, -2.34, -1.56, -0.26, 0.16, -0.38, -0.42, 0.12],
        [0.01, 0.07, 0.05, 0.05, 0.02, 0.04, 0.05, 0.02, 0.04],
    ),
}
DENSITIES: dict[str, Any] = {
    "half-normal": lambda tau: math.exp(-((tau / 0.5) ** 2) / 2),
    "half-cauchy": lambda tau: 1 / (1 + (tau / 0.5) ** 2),
    "half-t": lambda tau: (1 + (tau / 0.5) ** 2 / 4) ** -2.5,
    "uniform": lambda tau: 1.0 if tau <= 0.5 else 0.0,
    "log-normal": lambda tau: math.exp(-(((2 * math.log(tau) + 2.56) / 1.74) ** 2) / 2) / tau if tau else 0.0,
}
"""Up to a constant; the log-normal one has tau² with log mean -2.56 and log standard deviation 1.74."""


def normal_below(value: float, mean: float, spread: float) -> float:
    return math.erfc((mean - value) / spread / math.sqrt(2)) / 2


SCALES: dict[str, Any] = {"log-normal": (-2.56, 1.74)}


class Plain:
    """The posterior by the formula of a textbook, each integral by scipy's adaptive rule."""

    def __init__(self, name: str, prior: str, mean_prior: tuple[float, float] | None) -> None:
        self.y, self.v = (np.array(values) for values in SETS[name])
        self.density, self.mean_prior = DENSITIES[prior], mean_prior
        self.total = self.over_tau(lambda tau: 1.0)

    def normal(self, tau: float) -> tuple[float, float, float]:
        """Give likelihood of tau, mean and spread of the mean."""
        spread = np.sqrt(self.v + tau**2)
        if self.mean_prior is None:
            w = 1 / spread**2
            middle = (w * self.y).sum() / w.sum()
            like = (
                np.exp(-(((self.y - middle) / spread) ** 2) / 2).prod() / spread.prod() / math.sqrt(w.sum())
            )
            return float(like), float(middle), float(1 / math.sqrt(w.sum()))
        centre, sd = self.mean_prior
        covariance = np.diag(spread**2) + sd**2
        like = stats.multivariate_normal(np.full(len(self.y), centre), covariance).pdf(self.y)
        precision = (1 / spread**2).sum() + 1 / sd**2
        middle = ((self.y / spread**2).sum() + centre / sd**2) / precision
        return float(like), float(middle), float(1 / math.sqrt(precision))

    def over_tau(self, what: Any, most: float = math.inf) -> float:
        def inside(tau: float) -> float:
            return float(self.density(tau) * self.normal(tau)[0] * what(tau))

        cuts = [cut for cut in (0.0, 0.1, 0.5, 1.0, 5.0, 50.0) if cut < most] + [most]
        return sum(
            integrate.quad(inside, low, high, epsabs=0, epsrel=1e-10, limit=400)[0]
            for low, high in itertools.pairwise(cuts)
        )

    def mean_below(self, value: float) -> float:
        def below(tau: float) -> float:
            _, middle, spread = self.normal(tau)
            return normal_below(value, middle, spread)

        return self.over_tau(below) / self.total

    def new_below(self, value: float) -> float:
        def below(tau: float) -> float:
            _, middle, spread = self.normal(tau)
            return normal_below(value, middle, math.hypot(spread, tau))

        return self.over_tau(below) / self.total


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "prior", "mean_prior"),
    [
        *((name, prior, None) for name in SETS for prior in TAU_PRIORS),
        ("two apart", "half-normal", (0.1, 1.5)),
        ("one", "half-cauchy", (0.1, 1.5)),
    ],
)
def test_a_posterior_is_that_of_adaptive_integration(
    name: str, prior: str, mean_prior: tuple[float, float] | None
) -> None:
    plain = Plain(name, prior, mean_prior)
    pool = rv.evidence.pool_bayes(
        *SETS[name], tau_prior=prior, tau_scale=SCALES.get(prior, 0.5), mean_prior=mean_prior
    )
    main, new, between = pool.estimates
    for share, ours in ((0.5, main.value), (0.025, main.low), (0.975, main.high)):
        assert plain.mean_below(ours) == pytest.approx(share, abs=1e-7)
    for share, ours in ((0.5, new.value), (0.025, new.low), (0.975, new.high)):
        assert plain.new_below(ours) == pytest.approx(share, abs=1e-7)
    for share, ours in ((0.5, between.value), (0.025, between.low), (0.975, between.high)):
        assert plain.over_tau(lambda tau: 1.0, ours) / plain.total == pytest.approx(share, abs=1e-7)
    assert pool.diagnostics["below_0"] == pytest.approx(plain.mean_below(0.0), abs=1e-7)


def test_a_study_is_drawn_towards_the_mean_as_the_formula_says() -> None:
    plain = Plain("five", "half-normal", None)
    pool = rv.evidence.pool_bayes(*SETS["five"], tau_scale=0.5)

    def below(tau: float, value: float) -> float:
        _, middle, spread = plain.normal(tau)
        b = plain.v[0] / (plain.v[0] + tau**2)
        own = math.sqrt((1 - b) * plain.v[0] + (b * spread) ** 2)
        return normal_below(value, (1 - b) * plain.y[0] + b * middle, own)

    first = pool.studies.row(0, named=True)
    for share, key in ((0.5, "shrunken"), (0.025, "shrunken_low"), (0.975, "shrunken_high")):
        assert plain.over_tau(lambda tau, at=first[key]: below(tau, at)) / plain.total == pytest.approx(
            share, abs=1e-7
        )


def test_the_shortest_interval_is_shorter_and_holds_as_much() -> None:
    plain = Plain("five", "half-normal", None)
    equal = rv.evidence.pool_bayes(*SETS["five"], tau_scale=0.5).estimates
    short = rv.evidence.pool_bayes(*SETS["five"], tau_scale=0.5, interval="shortest").estimates
    for one, other in zip(short, equal, strict=True):
        assert one.high - one.low < other.high - other.low
    assert plain.mean_below(short[0].high) - plain.mean_below(short[0].low) == pytest.approx(0.95, abs=1e-7)
    # The shortest interval of a distribution with one peak ends where the density is the same.
    step = 1e-3
    low, high = (
        (plain.mean_below(end + step) - plain.mean_below(end - step)) for end in (short[0].low, short[0].high)
    )
    assert low == pytest.approx(high, rel=1e-3)


def test_one_study_leaves_the_spread_to_the_prior() -> None:
    between = rv.evidence.pool_bayes([0.4], [0.04], tau_scale=0.5).estimates[2]
    prior = stats.halfnorm(scale=0.5)
    assert (between.value, between.low, between.high) == pytest.approx(
        prior.ppf([0.5, 0.025, 0.975]).tolist()
    )


@pytest.mark.parametrize("factor", [1e-4, 1e3])
def test_the_unit_of_measurement_changes_nothing(factor: float) -> None:
    y, v = (np.array(values) for values in SETS["five"])
    one = rv.evidence.pool_bayes(y, v, tau_scale=0.5).estimates
    other = rv.evidence.pool_bayes(factor * y, factor**2 * v, tau_scale=factor * 0.5).estimates
    for here, there in zip(one, other, strict=True):
        assert there.low == pytest.approx(factor * here.low, rel=1e-8)


def test_many_studies_find_the_value_of_maximum_likelihood() -> None:
    rng = np.random.default_rng(3)
    v = rng.uniform(0.02, 0.2, 2000)
    y = 0.3 + rng.normal(size=2000) * np.sqrt(v + 0.16)
    pool = rv.evidence.pool_bayes(y, v, tau_scale=0.5)
    reml = rv.evidence.pool(y, v).diagnostics
    assert pool.diagnostics["value"] == pytest.approx(reml["value"], abs=1e-3)
    assert pool.diagnostics["tau"] == pytest.approx(reml["tau"], abs=2e-3)


def test_few_ratios_have_the_result_under_a_prior_beside_them() -> None:
    two = {"events": [1, 3], "n": [18, 27], "events_control": [5, 9], "n_control": [18, 27]}
    sizes = rv.evidence.effect_size(two, measure="odds ratio")
    pool = rv.evidence.pool(sizes)
    beside, alone = pool.estimates[-1], rv.evidence.pool_bayes(sizes)
    assert "under a prior (half-normal, scale 0.5)" in beside.quantity
    assert (beside.value, beside.low, beside.high) == tuple(
        getattr(alone.estimates[0], name) for name in ("value", "low", "high")
    )
    assert "Because there are only 2 studies" in pool.explain()
    json.dumps(pool.to_dict(), allow_nan=False)


def test_no_prior_is_guessed_for_other_scales_many_studies_or_a_common_value() -> None:
    raw = rv.evidence.pool([0.1, 0.4], [0.1, 0.1])
    assert len(raw.estimates) == 5
    assert "it must be stated" in raw.explain()
    five = rv.evidence.pool(*SETS["five"])
    assert "prior" not in five.explain()
    assert "prior" not in rv.evidence.pool([0.1, 0.4], [0.1, 0.1], method="common").explain()


def test_pooled_shares_point_to_the_model_of_their_counts() -> None:
    trials = {"events": [0, 3, 5], "n": [5, 10, 18]}
    for measure in ("logit proportion", "freeman-tukey proportion"):
        pool = rv.evidence.pool(rv.evidence.effect_size(trials, measure=measure))
        assert "evidence.pool_counts" in pool.explain()


def test_explanation_plot_and_tables_name_the_prior() -> None:
    pool = rv.evidence.pool_bayes(*SETS["five"], tau_scale=0.5, mean_prior=(0, 2))
    assert "(scale 0.5). Prior of the mean: normal, mean 0, standard deviation 2" in pool.explain()
    assert pool.plot().get_title() == "Effect, 5 studies, with a prior"
    json.dumps(pool.to_dict(), allow_nan=False)
    assert rv.evidence.leave_one_out(pool).table.height == rv.evidence.cumulative(pool).table.height == 5
    assert rv.evidence.cumulative(pool).table["value"][-1] == pytest.approx(pool.diagnostics["value"])
