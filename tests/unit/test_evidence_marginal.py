"""The likelihood of counts with random effects against brute force and other optimisers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

import ranvier as rv
from ranvier.evidence._count_families import Binomial, Hypergeometric, Poisson, Trinomial, TwoArms
from ranvier.evidence._count_models import build
from ranvier.evidence._marginal import marginal

Floats = NDArray[np.float64]

X = np.array([0, 3, 7, 1, 12.0, 2, 5, 0])
N = np.array([5, 10, 18, 10, 24.0, 15, 12, 200])
Y = np.array([2, 4, 5, 1, 9.0, 6, 0, 3])
M = np.array([6, 12, 17, 11, 20.0, 15, 10, 190])
NONE = np.zeros(8)
FAMILIES = {
    "binomial": (Binomial(X, N, NONE), -1.0),
    "poisson": (Poisson(X, N / 3), -0.5),
    "hypergeometric": (Hypergeometric(X, N, Y, M), -0.3),
}
ONE = ((0, 0),)
WIDE, STEP = 12.0, 0.0015
"""Grid of the brute force in one dimension: all of the normal density, in very fine steps."""


def on_a_line(family: Binomial | Poisson | Hypergeometric, mean: float, spread: float) -> Floats:
    z = np.arange(-WIDE, WIDE, STEP)
    eta = np.broadcast_to(mean + spread * z[:, None], (len(family.statistic), len(z), 1))
    logs = family.statistic * eta[..., 0] - family.cumulants(eta)[0] - z**2 / 2
    total: Floats = special.logsumexp(logs, axis=1) + np.log(STEP) - np.log(2 * np.pi) / 2 + family.constant
    return total


def on_a_plane(family: TwoArms | Trinomial, mean: Floats, root: Floats, step: float = 0.05) -> Floats:
    line = np.arange(-9, 9, step)
    z = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    eta = np.broadcast_to(mean + z @ root.T, (len(family.statistic), len(z), 2))
    a = family.cumulants(eta)[0]
    logs = (family.statistic[:, None, :] * eta).sum(axis=2) - a - (z**2).sum(axis=1) / 2
    total: Floats = special.logsumexp(logs, axis=1) + 2 * np.log(step) - np.log(2 * np.pi) + family.constant
    return total


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0, 3.0, 5.0, 7.5, 9.4, 15.0])
@pytest.mark.parametrize("name", FAMILIES)
def test_one_random_effect_is_integrated_as_on_a_fine_grid(name: str, spread: float) -> None:
    family, mean = FAMILIES[name]
    found = marginal(family, np.full((8, 1), mean), np.array([[spread]]), ONE)
    assert found.value == pytest.approx(on_a_line(family, mean, spread), abs=1e-9)


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
def test_two_random_effects_are_integrated_as_on_a_fine_grid(spread: float) -> None:
    arms = TwoArms(Binomial(X[:5], N[:5], NONE[:5]), Binomial(Y[:5], M[:5], NONE[:5]))
    classes = Trinomial(np.array([[4, 6, 2], [5, 7, 0], [2, 9, 3.0], [0, 8, 1]]))
    for family, mean in ((arms, np.array([-1.0, 0.4])), (classes, np.array([-0.5, -1.5]))):
        root = spread * np.array([[1.0, 0.0], [-0.4, 0.8]])
        means = np.broadcast_to(mean, family.statistic.shape)
        found = marginal(family, means, root, ((0, 0), (1, 0), (1, 1)))
        assert found.value == pytest.approx(on_a_plane(family, mean, root), abs=1e-8)


@pytest.mark.parametrize("name", FAMILIES)
def test_slope_and_curvature_are_those_of_the_value(name: str) -> None:
    family, mean = FAMILIES[name]

    def at(place: Floats) -> float:
        return float(marginal(family, np.full((8, 1), place[0]), np.array([[place[1]]]), ONE).value.sum())

    place, step = np.array([mean, 0.8]), 1e-4
    found = marginal(family, np.full((8, 1), mean), np.array([[0.8]]), ONE)
    moves = step * np.eye(2)
    slope = [(at(place + move) - at(place - move)) / (2 * step) for move in moves]
    assert found.slope.sum(axis=0) == pytest.approx(slope, abs=1e-6)
    second = [
        [
            (at(place + a + b) - at(place + a - b) - at(place - a + b) + at(place - a - b)) / (4 * step**2)
            for a in moves
        ]
        for b in moves
    ]
    assert found.curvature.sum(axis=0) == pytest.approx(np.array(second), abs=1e-5)


@pytest.mark.parametrize(
    ("measure", "data", "family"),
    [
        ("proportion", {"events": X, "n": N}, FAMILIES["binomial"][0]),
        ("rate", {"events": X, "years": N / 3}, FAMILIES["poisson"][0]),
        pytest.param(
            "odds ratio",
            {"events": X, "n": N, "events_control": Y, "n_control": M},
            FAMILIES["hypergeometric"][0],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_peak_and_its_profile_are_those_of_another_optimiser(
    measure: str, data: dict[str, Floats], family: Binomial | Poisson | Hypergeometric
) -> None:
    found = rv.evidence.pool_counts(data, measure=measure, interval="wald").diagnostics

    def lost(place: Floats) -> float:
        return -float(on_a_line(family, place[0], abs(place[1])).sum())

    options = {"xatol": 1e-8, "fatol": 1e-11}
    peak = optimize.minimize(lost, [-0.5, 0.7], method="Nelder-Mead", options=options)
    assert (found["value"], found["tau"]) == pytest.approx(tuple(peak.x), abs=2e-5)
    assert found["log_likelihood"] == pytest.approx(-peak.fun, abs=1e-9)
    for end in ("tau_low", "tau_high"):
        if found[end] == 0:
            assert lost(np.array([peak.x[0], 0.0])) - peak.fun > 0
            continue
        at_end = optimize.minimize_scalar(
            lambda mean, spread=found[end]: lost(np.array([mean, spread])), bounds=(-6, 3), method="bounded"
        )
        # Twice the fall is the 95 % point of chi-square on 1 degree of freedom.
        assert 2 * (at_end.fun - peak.fun) == pytest.approx(special.chdtri(1, 0.05), abs=1e-4)


def test_three_classes_peak_where_another_optimiser_says() -> None:
    counts = np.array([[4, 6, 2], [15, 7, 1], [2, 9, 13.0], [6, 8, 1], [9, 20, 0]])
    data = dict(zip(("improved", "stable", "worse"), counts.T, strict=True))
    found = rv.evidence.pool_categories(data).diagnostics
    family = Trinomial(counts)

    def lost(place: Floats) -> float:
        root = np.array([[place[2], 0.0], [place[3], place[4]]])
        return -float(on_a_plane(family, place[:2], root, step=0.15).sum())

    start = [*found["log_odds"], 0.5, -0.5, 1.0]
    peak = optimize.minimize(lost, start, method="BFGS", options={"gtol": 1e-5})
    root = np.array([[peak.x[2], 0.0], peak.x[3:]])
    assert found["log_odds"] == pytest.approx(peak.x[:2].tolist(), abs=1e-4)
    assert np.array(found["between"]) == pytest.approx(root @ root.T, abs=1e-3)
    assert found["log_likelihood"] == pytest.approx(-peak.fun, abs=1e-8)


def test_one_node_is_the_approximation_of_laplace() -> None:
    """metafor's UM.RS takes one node; the same peak is found when we do."""
    cells = {"events": X[:5], "n": N[:5], "events_control": Y[:5], "n_control": M[:5]}
    model, _ = build("odds ratio", "unconditional random", cells)
    place = np.array([0.1, -0.8, 0.6, 0.5])
    exact, rough = (float(model.derivatives(place, nodes=count)[0].sum()) for count in (31, 1))
    assert 1e-4 < abs(exact - rough) < 0.5
