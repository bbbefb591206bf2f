"""How often mixed models find a difference that is not there, in small trials, by method for standard errors.

Run `python benchmarks/mixed_model_errors.py`; some minutes. Two arms, four visits, no covariate,
unstructured covariance; the test is of the difference at the last visit at 0.05. Decision 11 quotes the
figures. With 1,500 trials the Monte Carlo standard error of 0.05 is 0.006.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from ranvier.errors import RanvierError
from ranvier.stats import MixedModel, mmrm

METHODS = ("satterthwaite", "kenward-roger", "kenward-roger-linear", "kenward-roger-expected")
SETTINGS = ((10, 0.0), (10, 0.05), (16, 0.2 / 3))
"""Patients, and the chance to leave before each visit after the first."""
TRIALS = 1_500
LEVEL = 0.05
SD = np.array([1.0, 1.2, 1.4, 1.6])
SCATTER = 0.5 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4))) * np.outer(SD, SD)


def trial(rng: np.random.Generator, n: int, leave: float) -> pl.DataFrame:
    """Give a trial without any difference between its arms."""
    values = rng.normal(size=(n, SD.size)) @ np.linalg.cholesky(SCATTER).T
    stays = np.ones((n, SD.size), dtype=bool)
    for visit in range(1, SD.size):
        stays[:, visit] = stays[:, visit - 1] & (rng.random(n) > leave)
    who, when = np.nonzero(stays)
    return pl.DataFrame(
        {"subject": who, "visit": when, "arm": np.where(who % 2, "b", "a"), "change": values[who, when]}
    )


def main() -> None:
    """Print the share of trials with p below 0.05, and how many could not be fitted."""
    rng = np.random.default_rng(1)
    for n, leave in SETTINGS:
        found, failed = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0)
        for _ in range(TRIALS):
            table = trial(rng, n, leave)
            for method in METHODS:
                try:
                    fit = mmrm(table, MixedModel(outcome="change", df=method))
                except RanvierError:
                    failed[method] += 1
                else:
                    found[method] += fit.table["p_value"][-1] < LEVEL
        shares = ", ".join(
            f"{name} {found[name] / (TRIALS - failed[name]):.3f} ({failed[name]} not fitted)"
            for name in METHODS
        )
        print(f"{n} patients, {leave:.0%} leave before each visit: {shares}", flush=True)


if __name__ == "__main__":
    main()
