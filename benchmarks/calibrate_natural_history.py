"""Solves the calibrated numbers of ranvier.simulate and prints them; run it by hand after a change.

Run python benchmarks/calibrate_natural_history.py. Only the numbers named as sources of calibrated values
in phenotypes.py enter; everything else on docs/validation/natural_history.md is compared, never tuned on.
"""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, special
from scipy import stats as peer

from ranvier.simulate import HIGH, LOW, NMOSD, RRMS, SPMS, Phenotype, parameter

ROOT = Path(__file__).resolve().parents[1]
PAGE: dict[str, Any] = runpy.run_path(str(ROOT / "tests" / "golden" / "natural_history_page.py"))


def with_values(phenotype: Phenotype, **values: float) -> Phenotype:
    parts = {
        name: dataclasses.replace(getattr(phenotype, name), value=value) for name, value in values.items()
    }
    return dataclasses.replace(phenotype, **parts)


def relapse_rate(size: float) -> float:
    """Fit the rate to AFFIRM's first year by maximum likelihood, given a relapse in the year before."""
    seen = np.array([parameter(f"SIM_AFFIRM_YEAR1_{count}")["value_number"] for count in range(5)])
    counts = np.arange(4)

    def minus(rate: float) -> float:
        alone = peer.nbinom.pmf(counts, size, size / (size + rate))
        quiet = np.exp(
            special.gammaln(size + counts)
            - special.gammaln(size)
            - special.gammaln(counts + 1)
            + size * np.log(size / (size + 2 * rate))
            + counts * np.log(rate / (size + 2 * rate))
        )
        given = (alone - quiet) / (1 - (size / (size + rate)) ** size)
        return -float(seen @ np.log([*given, 1 - given.sum()]))

    return float(optimize.minimize_scalar(minus, bounds=(0.01, 3), method="bounded").x)


def relapse_ratings(phenotype: Phenotype, n: int = 200_000) -> np.ndarray:
    """Give the five numbers of `RELAPSE_IDS`, mean of both scenarios."""
    found = [PAGE["affirm_relapses"](each, n, phenotype) for each in (LOW, HIGH)]
    return np.mean([[numbers[name][0] for name in RELAPSE_IDS] for numbers in found], axis=0)


RELAPSE_IDS = (
    "REC_AFFIRM_placebo_EDSS_rise_>=0.5_at_relapse",
    "REC_AFFIRM_placebo_EDSS_rise_>=1.0_at_relapse",
    "REC_AFFIRM_placebo_mean_EDSS_rise_at_relapse",
    "REC_AFFIRM_placebo_residual_>=0.5",
    "REC_AFFIRM_placebo_mean_residual",
)


def rises(phenotype: Phenotype) -> dict[str, float]:
    """Fit the four numbers on the height of relapses by least squares on five published ones."""
    wanted = np.array([parameter(name)["value_number"] for name in RELAPSE_IDS])
    names = ("peak_mean", "peak_shape", "residual_a", "residual_b")

    def miss(logs: np.ndarray) -> float:
        tried = with_values(phenotype, **dict(zip(names, np.exp(logs).tolist(), strict=True)))
        return float(((relapse_ratings(tried, 60_000) - wanted) ** 2).sum())

    start = np.log([1.1, 2.0, 0.3, 1.0])
    found = optimize.minimize(
        miss, start, method="Nelder-Mead", options={"maxfev": 160, "xatol": 1e-3, "fatol": 1e-7}
    )
    return dict(zip(names, np.exp(found.x).tolist(), strict=True))


def mean_of(function: str, name: str, phenotype: Phenotype, n: int) -> float:
    """Give one number of the page for another phenotype, mean of both scenarios."""
    return float(np.mean([PAGE[function](each, n, phenotype)[name][0] for each in (LOW, HIGH)]))


def solve(function: Any, target: float, low: float, high: float, rounds: int = 14) -> float:
    """Bisect a rising function that uses the same random numbers at each call."""
    for _ in range(rounds):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return (low + high) / 2


def main() -> None:
    rrms = with_values(RRMS, relapse_rate=relapse_rate(RRMS.relapse_size.value))
    rrms = with_values(rrms, **rises(rrms))
    print("relapses", {n: v.value for n, v in rrms.values().items()})
    print("relapse ratings", relapse_ratings(rrms))
    change = parameter("AFFIRM_DEDSS")["value_number"]
    none, some = (
        mean_of("edss_change", "AFFIRM_DEDSS", with_values(rrms, steps_per_year=each), 400_000)
        for each in (0.0, 0.05)
    )
    steps = (change - none) / (some - none) * 0.05
    print("RRMS steps that would give AFFIRM's change", steps, "without", none, "with 0.05", some)
    shape = solve(
        lambda s: -mean_of("lesions", "SIM_AFFIRM_T2_ZERO", with_values(rrms, new_t2_shape=s), 100_000),
        -parameter("SIM_AFFIRM_T2_ZERO")["value_number"],
        0.1,
        3.0,
    )
    print("lesion shape", shape)
    shared = {
        name: getattr(rrms, name).value
        for name in ("relapse_size", "peak_mean", "peak_shape", "residual_a", "residual_b")
    }
    spms = with_values(SPMS, **shared)
    spms_steps = solve(
        lambda s: mean_of("worsening", "SIM_EXPAND_CDP3", with_values(spms, steps_per_year=s), 200_000),
        parameter("SIM_EXPAND_CDP3")["value_number"],
        0.0,
        0.6,
        12,
    )
    print("SPMS steps", spms_steps)
    mean = parameter("NMO_PERATTACK")["value_number"] / NMOSD.peak_mean.value
    print(
        "NMOSD residual_b for residual_a", NMOSD.residual_a.value, NMOSD.residual_a.value * (1 - mean) / mean
    )


if __name__ == "__main__":
    main()
