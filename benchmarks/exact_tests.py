"""Exact tests of small trials: many at once against one at a time in SciPy, and single calls.

Run `python benchmarks/exact_tests.py`. Data are EDSS half-steps with ties. SciPy
is checked for equal p values where it uses the same two-sided rule, and timed on fewer data sets.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats as peer

from clock import Row, cpu_seconds
from ranvier import stats
from ranvier.stats import _exact_arrays as arrays
from ranvier.stats import signed_rank

N_SETS = 10_000
N_PEER = 200


def against_scipy(
    name: str, ours: Callable[[], np.ndarray], theirs: Callable[[int], float]
) -> tuple[list[Row], float]:
    """Compare all data sets at once with one call of SciPy for each of a few."""
    first, median = cpu_seconds(ours)
    _, slow = cpu_seconds(lambda: [theirs(k) for k in range(N_PEER)], rounds=1)
    ratio = slow / N_PEER / (median / N_SETS)
    return [
        (f"{name}, {N_SETS:,} at once", f"{median:.3f} s"),
        ("  SciPy, one by one, ratio", f"{ratio:.0f} times"),
    ], first


def many() -> list[Row]:
    """Fisher 15 v 15, binomial n=20, signed-rank n=24 and rank-sum 12 v 12, the last two on half-steps."""
    rng = np.random.default_rng(1)
    tables = rng.binomial(15, (0.4, 0.6), (N_SETS, 2))
    counts = rng.binomial(20, 0.4, N_SETS)
    changes = np.clip(rng.normal(-0.3, 1.0, (N_SETS, 24)) * 2, -6, 6).round() / 2
    first, second = changes[:, :12], changes[:, 12:]
    found = [
        against_scipy(
            "Fisher 15 v 15",
            lambda: arrays.fisher_p(tables, (15, 15)),
            lambda k: peer.fisher_exact([tables[k], 15 - tables[k]]).pvalue,
        ),
        against_scipy(
            "binomial n = 20",
            lambda: arrays.binomial_p(counts, 20, 0.5),
            lambda k: peer.binomtest(int(counts[k]), 20, 0.5).pvalue,
        ),
        against_scipy(
            "signed-rank n = 24, ties and zeros",
            lambda: arrays.signed_rank_p(changes),
            lambda k: peer.wilcoxon(changes[k], zero_method="pratt", method="approx").pvalue,
        ),
        against_scipy(
            "rank-sum 12 v 12, ties",
            lambda: arrays.rank_sum_p(first, second),
            lambda k: peer.mannwhitneyu(first[k], second[k], method="asymptotic").pvalue,
        ),
    ]
    expected = [peer.binomtest(int(count), 20, 0.5).pvalue for count in counts[:N_PEER]]
    if not np.allclose(arrays.binomial_p(counts[:N_PEER], 20, 0.5), expected, rtol=1e-9):
        raise SystemExit("SciPy and ranvier disagree on the binomial test: nothing to compare")
    return [
        *(row for rows, _ in found for row in rows),
        ("all four, first run", f"{sum(f for _, f in found):.2f} s"),
    ]


def single() -> list[Row]:
    """One data set at a time, with value, interval and p value."""
    rng = np.random.default_rng(2)
    steps = rng.integers(-4, 4, 24)
    before, after = rng.integers(0, 12, (2, 24)) / 2
    calls: dict[str, Callable[[], object]] = {
        "signed-rank p, n = 24, ties and zeros": lambda: signed_rank.two_sided(
            signed_rank.ranks(steps, zeros="pratt")
        ),
        "rank_sum, 12 v 12, ties": lambda: stats.rank_sum(before[:12], after[:12]),
        "rank_sum, 100 v 100, ties": lambda: stats.rank_sum(
            rng.integers(0, 12, 100) / 2, rng.integers(0, 12, 100) / 2
        ),
        "compare_proportions, barnard, 12 v 12": lambda: stats.compare_proportions((3, 7), (12, 12)),
        "compare_proportions, barnard, 50 v 50": lambda: stats.compare_proportions((30, 20), (50, 50)),
        "compare_proportions, fisher, 50 v 50": lambda: stats.compare_proportions(
            (30, 20), (50, 50), method="fisher"
        ),
        "rate_difference": lambda: stats.rate_difference((3, 11), (12.5, 12.5)),
    }
    return [(name, f"{1e3 * cpu_seconds(call)[1]:.2f} ms") for name, call in calls.items()]


COMPARISONS: list[Callable[[], list[Row]]] = [many, single]


def main() -> None:
    """Run every comparison and print one table."""
    for compare in COMPARISONS:
        for what, figure in compare():
            print(f"{what:<45}  {figure:>14}")


if __name__ == "__main__":
    main()
