"""CPU time of the survival statistics: `python benchmarks/survival.py`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clock import Row, cpu_seconds
from ranvier import stats
from ranvier.stats._log_rank import two_arm_trials

N_TRIALS = 10_000


def trial(n: int, *, seed: int) -> dict[str, np.ndarray]:
    """Give follow-up of n patients in two arms, in whole days."""
    rng = np.random.default_rng(seed)
    event, end = np.ceil(rng.exponential(300, n)), np.ceil(rng.uniform(200, 730, n))
    return {
        "days": np.minimum(event, end),
        "observed": event <= end,
        "arm": np.where(np.arange(n) % 2, "placebo", "cells"),
        "age": rng.normal(40, 10, n).round(),
    }


def milliseconds(work: Callable[[], object]) -> str:
    """Give the median CPU time of several runs."""
    return f"{1e3 * cpu_seconds(work, rounds=5)[1]:.1f} ms"


def curves_and_tests() -> list[Row]:
    """One call of each, with everything that its result holds."""
    small, large = trial(24, seed=1), trial(5_000, seed=2)
    both = ["arm", "age"]
    left = np.where(small["days"] > 90, small["days"] - 90, 0)
    spans = {"left_day": left, "right_day": np.where(small["observed"], small["days"], np.inf)}
    return [
        ("survival, 24 patients", milliseconds(lambda: stats.survival(small))),
        ("survival, 5,000 patients", milliseconds(lambda: stats.survival(large))),
        ("log-rank, exact, 24 patients", milliseconds(lambda: stats.log_rank(small))),
        ("log-rank, 5,000 patients", milliseconds(lambda: stats.log_rank(large, method="asymptotic"))),
        ("Cox, 2 covariates, 24 patients", milliseconds(lambda: stats.cox(small, covariates=both))),
        (
            "  the same with Firth's penalty",
            milliseconds(lambda: stats.cox(small, covariates=both, method="firth")),
        ),
        ("Cox, 2 covariates, 5,000 patients", milliseconds(lambda: stats.cox(large, covariates=both))),
        ("Turnbull, 24 patients", milliseconds(lambda: stats.interval_survival(spans))),
        ("Weibull, 24 patients", milliseconds(lambda: stats.weibull(spans))),
    ]


def simulated_trials() -> list[Row]:
    """The log-rank statistic of many small trials at once."""
    rng = np.random.default_rng(3)
    days = np.ceil(rng.exponential(300, (N_TRIALS, 24)))
    seen, first = days <= 365, np.broadcast_to(np.arange(24) < 12, days.shape)
    _, taken = cpu_seconds(lambda: two_arm_trials(np.minimum(days, 365), seen, first))
    return [(f"log-rank of {N_TRIALS:,} trials of 24 patients", f"{taken:.2f} s")]


COMPARISONS: list[Callable[[], list[Row]]] = [curves_and_tests, simulated_trials]

if __name__ == "__main__":
    for compare in COMPARISONS:
        for what, figure in compare():
            print(f"{what:<44}{figure:>12}")
