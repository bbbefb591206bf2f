"""Solves the calibrated numbers of ranvier.simulate and prints them; run it by hand after a change.

Run python benchmarks/calibrate_natural_history.py. Only the numbers named as sources of calibrated values
in phenotypes.py enter; everything else on docs/validation/natural_history.md is compared, never tuned on.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from scipy import optimize, special
from scipy import stats as peer

from ranvier.course import EDSS_1_5_1_0_5
from ranvier.simulate import HIGH, LOW, NMOSD, RRMS, SPMS, EntryCriteria, Phenotype, parameter
from ranvier.simulate._attacks import draw_attacks, draw_rises
from ranvier.simulate._endpoints import confirmed_worsening, needed
from ranvier.simulate._lesions import draw_births
from ranvier.simulate._people import draw_steps, enter, follow
from ranvier.simulate._ratings import noise_of
from ranvier.simulate._streams import stream
from ranvier.trial import EntryRule

SEED = 20240224
AFFIRM_ENTRY = EntryCriteria(relapses=EntryRule(), edss=(0.0, 5.0))
EXPAND_ENTRY = EntryCriteria(edss=(3.0, 6.5), attack_days=(90, None))
AT_RELAPSE_DAYS, AFTER_DAYS, BEFORE_DAYS = (0.0, 7.0), 168.0, (0.0, 84.0)
"""When AFFIRM is taken to have examined at, after and before a relapse (visits every 12 weeks)."""
QUARTERS = [91.0 * visit for visit in range(1, 9)]


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
    """Give shares and means that an examiner finds at and after a relapse, mean of both scenarios.

    Rows: rise of 0.5 or more, rise of 1.0 or more, mean rise; residual of 0.5 or more, mean residual.
    """
    both = []
    for scenario in (LOW, HIGH):
        rng = stream(SEED, "relapse", scenario.name, 0)
        noise = noise_of(phenotype, scenario)
        stable = 5 * rng.random(n, dtype=np.float32)
        peak, residual = draw_rises(rng, n, phenotype)
        gap = rng.uniform(*BEFORE_DAYS, n).astype(np.float32)
        delay = rng.uniform(*AT_RELAPSE_DAYS, n).astype(np.float32)
        first = noise.start(rng, n)
        second = noise.move(rng, first, gap + delay)
        third = noise.move(rng, second, np.float32(AFTER_DAYS) - delay)
        tau = phenotype.recovery_days.value
        ratings = [noise.rate(rng, stable + first)]
        for moved, since in ((second, delay), (third, AFTER_DAYS)):
            left = residual + (peak - residual) * np.exp(-np.float32(1) * since / tau)
            ratings.append(noise.rate(rng, (stable + moved + left).astype(np.float32)))
        rise, stays = (np.asarray(each - ratings[0], dtype=float) / 2 for each in ratings[1:])
        both.append(
            [(rise >= 0.5).mean(), (rise >= 1).mean(), rise.mean(), (stays >= 0.5).mean(), stays.mean()]
        )
    return np.mean(both, axis=0)


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

    start = np.log([getattr(phenotype, name).value for name in names])
    found = optimize.minimize(
        miss, start, method="Nelder-Mead", options={"maxfev": 160, "xatol": 1e-3, "fatol": 1e-7}
    )
    return dict(zip(names, np.exp(found.x).tolist(), strict=True))


def edss_change(phenotype: Phenotype, n: int = 400_000) -> tuple[float, float]:
    """Give the mean change over two years under AFFIRM's entry rule, and its error."""
    means, errors = [], []
    for scenario in (LOW, HIGH):
        rng, noise = stream(SEED, "affirm", scenario.name, 0), noise_of(phenotype, scenario)
        people = enter(rng, n, phenotype, noise, entry=AFFIRM_ENTRY)
        attacks = draw_attacks(rng, people.rates, (0.0, 731.0), phenotype)
        steps = draw_steps(rng, n, 731.0, phenotype.steps_per_year.value)
        (last,) = follow(rng, people, [730.0], noise, attacks=attacks, steps=steps)
        change = (last - people.base) / 2
        means.append(change.mean())
        errors.append(change.std() / n**0.5)
    return float(np.mean(means)), float(np.hypot(*errors) / 2)


def worsening(phenotype: Phenotype, scenario: Any, n: int = 200_000) -> float:
    """Give the share with worsening confirmed after 3 months, as in EXPAND, that began within 1.75 years."""
    rng, noise = stream(SEED, "expand", scenario.name, 0), noise_of(phenotype, scenario)
    people = enter(rng, n, phenotype, noise, entry=EXPAND_ENTRY)
    attacks = draw_attacks(rng, people.rates, (0.0, 731.0), phenotype)
    steps = draw_steps(rng, n, 731.0, phenotype.steps_per_year.value)
    written = follow(rng, people, list(QUARTERS), noise, attacks=attacks, steps=steps)
    return float(confirmed_worsening(people.base, written, QUARTERS, needed(EDSS_1_5_1_0_5), weeks=13).mean())


def no_new_lesion(phenotype: Phenotype, n: int = 100_000) -> float:
    births = draw_births(stream(SEED, "lesions", "both", 0), n, 24, phenotype)
    return float((births.sum(axis=1) == 0).mean())


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
    none, some = (edss_change(with_values(rrms, steps_per_year=each))[0] for each in (0.0, 0.1))
    steps = (change - none) / (some - none) * 0.1
    print("RRMS steps that would give AFFIRM's change", steps, "without", none, "with .1", some)
    shape = solve(
        lambda s: -no_new_lesion(with_values(rrms, new_t2_shape=s)),
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
        lambda s: np.mean([worsening(with_values(spms, steps_per_year=s), each) for each in (LOW, HIGH)]),
        parameter("SIM_EXPAND_CDP3")["value_number"],
        0.0,
        0.6,
        12,
    )
    print(
        "SPMS steps",
        spms_steps,
        [worsening(with_values(spms, steps_per_year=spms_steps), e) for e in (LOW, HIGH)],
    )
    mean = parameter("NMO_PERATTACK")["value_number"] / NMOSD.peak_mean.value
    print(
        "NMOSD residual_b for residual_a", NMOSD.residual_a.value, NMOSD.residual_a.value * (1 - mean) / mean
    )


if __name__ == "__main__":
    main()
