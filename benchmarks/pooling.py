"""CPU time of pooling studies: `python benchmarks/pooling.py`.

PyMARE and PyMetaAnalysis are compared when they are installed; their variances between studies must be ours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clock import Row, cpu_seconds
from ranvier import evidence
from ranvier.evidence._pooled import pool_many

N_REVIEWS = 10_000
PEER_TOLERANCE = 1e-5
"""Of the variance between studies; the peers stop their searches earlier."""


def reviews(k: int, d: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give effects and variances of k studies in each of d reviews."""
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.02, 0.5, (k, d))
    return rng.normal(0.3, np.sqrt(v + 0.1)), v


def milliseconds(work: Callable[[], object]) -> str:
    """Give the median CPU time of several runs."""
    return f"{1e3 * cpu_seconds(work, rounds=7)[1]:.1f} ms"


def pools() -> list[Row]:
    """One review with all that its result holds, and many at once."""
    y, v = reviews(20, 1, seed=1)
    long_y, long_v = reviews(N_REVIEWS, 1, seed=2)
    many_y, many_v = reviews(20, N_REVIEWS, seed=3)
    options = {"interval": "knapp-hartung", "level": 0.95}
    rows = [
        ("REML, 20 studies", milliseconds(lambda: evidence.pool(y[:, 0], v[:, 0]))),
        ("REML, 10,000 studies", milliseconds(lambda: pool_many(long_y, long_v, method="reml", **options))),
    ]
    for method in evidence.POOL_METHODS:
        taken = milliseconds(lambda method=method: pool_many(many_y, many_v, method=method, **options))
        rows.append((f"10,000 reviews of 20 studies, {method}", taken))
    return rows


def models() -> list[Row]:
    """Models that need integrals: counts, and a prior on the variance between studies."""
    y, v = reviews(13, 1, seed=4)
    counts = {"events": [0, 1, 0, 2, 5, 1, 0, 3], "n": [10, 15, 12, 20, 30, 8, 25, 18]}
    two = counts | {"events_control": [1, 1, 2, 3, 4, 2, 1, 5], "n_control": [10, 14, 12, 19, 31, 8, 24, 18]}
    rows: list[tuple[str, Callable[[], object]]] = [
        ("pool with a prior, 13 studies", lambda: evidence.pool_bayes(y[:, 0], v[:, 0], tau_scale=0.5)),
        ("shares from counts, 8 studies", lambda: evidence.pool_counts(counts, measure="proportion")),
        ("odds ratio from counts, 8 studies", lambda: evidence.pool_counts(two, measure="odds ratio")),
        ("Mantel-Haenszel, 8 studies", lambda: evidence.mantel_haenszel(two, measure="odds ratio")),
    ]
    return [(what, milliseconds(work)) for what, work in rows]


def against_pymare() -> list[Row]:
    """REML of many reviews at once."""
    try:
        from pymare import Dataset
        from pymare.estimators import VarianceBasedLikelihoodEstimator
    except ImportError:
        return [("REML by PyMARE", "not installed")]
    y, v = reviews(20, N_REVIEWS, seed=3)

    def peer() -> np.ndarray:
        fitted = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(Dataset(y=y, v=v))
        return np.asarray(fitted.summary().tau2).ravel()

    def ours() -> np.ndarray:
        return pool_many(y, v, method="reml", interval="wald", level=0.95).tau2

    if np.median(np.abs(peer() - ours())) > PEER_TOLERANCE:
        raise SystemExit("PyMARE and ranvier disagree: nothing to compare")
    theirs, mine = cpu_seconds(peer)[1], cpu_seconds(ours)[1]
    return [
        ("REML, 10,000 reviews of 20 studies, PyMARE", f"{1e3 * theirs:.0f} ms"),
        ("  ratio", f"{theirs / mine:.1f} times"),
    ]


def against_pymetaanalysis() -> list[Row]:
    """One review with everything that the result holds."""
    try:
        from meta_analyze import meta_analysis
    except ImportError:
        return [("one REML pool by PyMetaAnalysis", "not installed")]
    y, v = (each[:, 0] for each in reviews(20, 1, seed=1))

    def peer() -> float:
        fitted = meta_analysis(effect=y, variance=v, tau2_method="REML", ci_method="hartung_knapp_adhoc")
        return float(fitted.tau2)

    def ours() -> float:
        return float(evidence.pool(y, v).diagnostics["tau2"])

    if abs(peer() - ours()) > PEER_TOLERANCE:
        raise SystemExit("PyMetaAnalysis and ranvier disagree: nothing to compare")
    theirs, mine = cpu_seconds(peer, rounds=15)[1], cpu_seconds(ours, rounds=15)[1]
    return [
        ("REML, 20 studies, PyMetaAnalysis", f"{1e3 * theirs:.1f} ms"),
        ("  ratio", f"{theirs / mine:.1f} times"),
    ]


COMPARISONS: list[Callable[[], list[Row]]] = [pools, models, against_pymare, against_pymetaanalysis]


if __name__ == "__main__":
    for comparison in COMPARISONS:
        for what, figure in comparison():
            print(f"{what:<45}{figure:>15}")
