"""Adjusted p values and graphs of hypotheses."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ranvier as rv

SUCCESSIVE = ([0.5, 0.5, 0, 0], [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0]])
P_VALUES = st.lists(
    st.sampled_from([0.0, 0.001, 0.01, 0.012, 0.02, 0.03, 0.049, 0.2, 0.9, 1.0]), min_size=1, max_size=5
)


def adjusted(found: rv.result.Derivation) -> list[float]:
    return found.table["adjusted_p"].to_list()


def closure(p: list[float], local: Any) -> list[float]:
    """Adjust by the closed test: the largest p value of any intersection that holds the hypothesis."""
    m = len(p)
    sets = [s for r in range(1, m + 1) for s in itertools.combinations(range(m), r)]
    tested = {s: local(s) for s in sets}
    return [min(1.0, max(tested[s] for s in sets if i in s)) for i in range(m)]


@settings(max_examples=80, deadline=None)
@given(P_VALUES)
def test_hommel_and_holm_are_the_closed_simes_and_bonferroni_tests(p: list[float]) -> None:
    def simes(s: tuple[int, ...]) -> float:
        ordered = sorted(p[i] for i in s)
        return min(len(s) * value / rank for rank, value in enumerate(ordered, start=1))

    def bonferroni(s: tuple[int, ...]) -> float:
        return len(s) * min(p[i] for i in s)

    assert adjusted(rv.stats.adjust(p, method="hommel")) == pytest.approx(closure(p, simes))
    assert adjusted(rv.stats.adjust(p, method="holm")) == pytest.approx(closure(p, bonferroni))


@given(P_VALUES)
def test_methods_are_ordered_and_none_is_below_the_p_value(p: list[float]) -> None:
    hommel, hochberg, holm, bonferroni = (
        np.array(adjusted(rv.stats.adjust(p, method=m))) for m in ("hommel", "hochberg", "holm", "bonferroni")
    )
    for smaller, larger in itertools.pairwise((np.array(p), hommel, hochberg, holm, bonferroni)):
        assert (smaller <= larger + 1e-12).all()


def hand_on(w: np.ndarray, g: np.ndarray, j: int) -> tuple[np.ndarray, np.ndarray]:
    """Remove one hypothesis from a graph, entry by entry."""
    m = w.size
    weights, shares = w.copy(), np.zeros_like(g)
    for a in range(m):
        weights[a] = 0 if a == j else w[a] + w[j] * g[j, a]
        for b in range(m):
            if a != b and j not in (a, b) and g[a, j] * g[j, a] < 1 - 1e-12:
                shares[a, b] = (g[a, b] + g[a, j] * g[j, b]) / (1 - g[a, j] * g[j, a])
    return weights, shares


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from([0.001, 0.01, 0.012, 0.02, 0.03, 0.2, 0.9]), min_size=4, max_size=4),
    st.integers(0, 500),
)
def test_a_graph_is_its_closed_weighted_bonferroni_test(p: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    w = random.dirichlet(np.ones(4)) * (random.random(4) > 0.3)
    w = w / w.sum() if w.sum() > 0 else np.full(4, 0.25)
    g = random.random((4, 4)) * (random.random((4, 4)) > 0.4)
    np.fill_diagonal(g, 0)
    g = g / np.maximum(g.sum(axis=1, keepdims=True), 1e-9) * random.choice([1.0, 0.8])

    def local(s: tuple[int, ...]) -> float:
        weights, shares = w, g
        for j in range(4):
            if j not in s:
                weights, shares = hand_on(weights, shares, j)
        return min((p[i] / weights[i] for i in s if weights[i] > 0), default=1.0)

    found = rv.stats.gatekeeping(p, weights=w.tolist(), transitions=g.tolist())
    assert adjusted(found) == pytest.approx(closure(p, local), rel=1e-9)


def test_holm_is_a_graph() -> None:
    p = [0.01, 0.02, 0.04, 0.04, 0.7]
    even = ((np.ones((5, 5)) - np.eye(5)) / 4).tolist()
    found = rv.stats.gatekeeping(p, weights=[0.2] * 5, transitions=even)
    assert adjusted(found) == pytest.approx(adjusted(rv.stats.adjust(p)))


def test_printed_example_of_graphicalmcp_is_reproduced() -> None:
    # openpharma/graphicalMCP, tests/testthat/_snaps/print.graph_report.md: successive graph, all p 0.01,
    # alpha 0.025, Bonferroni: each adjusted p is 0.02, and all are rejected.
    weights, transitions = SUCCESSIVE
    found = rv.stats.gatekeeping([0.01] * 4, weights=weights, transitions=transitions, level=0.975)
    assert adjusted(found) == pytest.approx([0.02] * 4)
    assert found.table["rejected"].all()


def test_printed_example_on_the_edge_of_the_level_is_reproduced() -> None:
    # openpharma/graphicalMCP, tests/testthat/test-graph_test_shortcut.R: H1, H2 and H4 are rejected at 0.025,
    # H2 with an adjusted p value that is 0.025 but for rounding.
    transitions = [
        [0, 0.5, 0.25, 0, 0.25, 0],
        [0.5, 0, 0, 0.25, 0, 0.25],
        [0, 0, 0, 0, 1, 0],
        [0.0001, 0, 0, 0, 0, 0.9999],
        [0, 0.0001, 0.9999, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
    ]
    p = [0.001, 0.01875, 0.013, 0.0002, 0.03, 0.04]
    found = rv.stats.gatekeeping(p, weights=[0.5, 0.5, 0, 0, 0, 0], transitions=transitions, level=0.975)
    assert found.table["rejected"].to_list() == [True, True, False, True, False, False]


def test_steps_and_sentences_follow_the_weights() -> None:
    found = rv.stats.gatekeeping(
        {"EDSS": 0.01, "relapses": 0.04, "walk": 0.03},
        weights={"EDSS": 0.5, "relapses": 0.5},
        transitions={"EDSS": {"walk": 1.0}, "relapses": {"walk": 1.0}},
    )
    assert found.steps["outcome"].to_list() == ["rejected", "kept", "not reached"]
    assert found.steps["weight"].to_list() == [0.5, 0.5, 0.5]
    assert "2. walk: p = 0.03 is above its local level 0.025" in found.explain()
    assert found.explain("EDSS").startswith("1. EDSS")


def test_p_values_are_drawn() -> None:
    ax = rv.stats.adjust({"EDSS": 0.01, "walk": 0.2}).plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["EDSS", "walk"]
