"""Simulates published numbers on the course without treatment, and writes natural_history.json and its page.

Run python tests/golden/natural_history_page.py. Every row is simulated in both scenarios; the error is the
Monte Carlo standard error. Rows marked "calibrated" were used to choose numbers of the model (see
benchmarks/calibrate_natural_history.py); all others are only compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ranvier.course import EDSS_1_5_1_0_5
from ranvier.simulate import (
    LOW,
    NMOSD,
    PPMS,
    RRMS,
    SCENARIOS,
    SPMS,
    EntryCriteria,
    Phenotype,
    Scenario,
    parameter,
)
from ranvier.simulate._attacks import draw_attacks, draw_rates, draw_rises
from ranvier.simulate._endpoints import confirmed_worsening, needed
from ranvier.simulate._lesions import draw_births
from ranvier.simulate._people import People, draw_steps, enter, follow
from ranvier.simulate._ratings import noise_of
from ranvier.simulate._sight import draw_sight
from ranvier.simulate._streams import stream
from ranvier.trial import TWO_IN_TWO_YEARS, EntryRule

HERE = Path(__file__).resolve().parent
NUMBERS = HERE / "natural_history.json"
PAGE = HERE.parents[1] / "docs" / "validation" / "natural_history.md"
SEED = 20240224
SIZE = 200_000
AFFIRM_ENTRY = EntryCriteria(relapses=EntryRule(), edss=(0.0, 5.0))
EXPAND_ENTRY = EntryCriteria(edss=(3.0, 6.5), attack_days=(90, None))
QUARTERS = [91.0 * visit for visit in range(1, 9)]
AT_RELAPSE_DAYS, BEFORE_DAYS = (0.0, 7.0), (0.0, 84.0)
"""When a trial with visits every 12 weeks examines at and before a relapse."""
AFFIRM_AFTER = 168.0
"""Days after a relapse at which AFFIRM's residual is taken (not stated in the abstract)."""
SPREAD = {"RTM_PRE": 1.4, "RTM_POST": 1.3}
"""SD of published means, as stated with them."""
MIX = {"RRMS": 0.6, "SPMS": 0.3, "PPMS": 0.1}
"""Courses among untreated patients of a region; no source."""
COURSES = {"RRMS": RRMS, "SPMS": SPMS, "PPMS": PPMS}

Numbers = dict[str, tuple[float, float]]
"""Mean and Monte Carlo standard error, by id of the parameter."""


class Check(NamedTuple):
    """Published numbers that one simulation answers."""

    ids: tuple[str, ...]
    simulate: Callable[[Scenario, int], Numbers]
    calibrated: tuple[str, ...] = ()
    note: str = ""


def summary(values: Any) -> tuple[float, float]:
    drawn = np.asarray(values, dtype=np.float64)
    return float(drawn.mean()), float(drawn.std() / len(drawn) ** 0.5)


def followed(
    what: str, phenotype: Phenotype, scenario: Scenario, entry: EntryCriteria, days: list[float], n: int
) -> tuple[People, Any, list[Any]]:
    """Give patients, their attacks after entry, and what was written at each visit."""
    rng, noise = stream(SEED, what, scenario.name, 0), noise_of(phenotype, scenario)
    people = enter(rng, n, phenotype, noise, entry=entry)
    attacks = draw_attacks(rng, people.rates, (0.0, days[-1]), phenotype)
    steps = draw_steps(rng, n, days[-1], phenotype.steps_per_year.value)
    return people, attacks, follow(rng, people, list(days), noise, attacks=attacks, steps=steps)


def affirm_counts(scenario: Scenario, n: int) -> Numbers:
    people, attacks, _ = followed("counts", RRMS, scenario, AFFIRM_ENTRY, [365.25], n)
    counts = np.minimum(np.bincount(attacks.who, minlength=len(people)), 4)
    shares = {count: summary(counts == count) for count in range(5)}
    return {f"SIM_AFFIRM_YEAR1_{count}": (315 * mean, 315 * error) for count, (mean, error) in shares.items()}


def edss_change(scenario: Scenario, n: int, phenotype: Phenotype = RRMS) -> Numbers:
    people, _, written = followed("affirm", phenotype, scenario, AFFIRM_ENTRY, [730.5], n)
    return {"AFFIRM_DEDSS": summary((written[-1] - people.base) / 2)}


def worsening(scenario: Scenario, n: int, phenotype: Phenotype = SPMS) -> Numbers:
    people, _, written = followed("expand", phenotype, scenario, EXPAND_ENTRY, QUARTERS, n)
    need = needed(EDSS_1_5_1_0_5)  # 1.0 up to 5.0 and 0.5 from 5.5 in the range of EXPAND
    return {"SIM_EXPAND_CDP3": summary(confirmed_worsening(people.base, written, QUARTERS, need, weeks=13))}


def ratings(scenario: Scenario, n: int, after: tuple[float, ...], phenotype: Phenotype = RRMS) -> Any:
    """Give what an examiner writes before, at and after a relapse, EDSS points."""
    rng, noise = stream(SEED, "relapse", scenario.name, 0), noise_of(phenotype, scenario)
    stable = 5 * rng.random(n, dtype=np.float32)
    peak, residual = draw_rises(rng, n, phenotype)
    gap = rng.uniform(*BEFORE_DAYS, n).astype(np.float32)
    delay = rng.uniform(*AT_RELAPSE_DAYS, n).astype(np.float32)
    moved = noise.start(rng, n)
    rows = [noise.rate(rng, stable + moved)]
    before = -gap
    for since in (delay, *(np.full(n, day, dtype=np.float32) for day in after)):
        moved, before = noise.move(rng, moved, since - before), since
        left = residual + (peak - residual) * np.exp(-since / np.float32(phenotype.recovery_days.value))
        rows.append(noise.rate(rng, (stable + moved + left).astype(np.float32)))
    return np.array(rows) / 2


def affirm_relapses(scenario: Scenario, n: int, phenotype: Phenotype = RRMS) -> Numbers:
    before, at, after = ratings(scenario, n, (AFFIRM_AFTER,), phenotype)
    name = "REC_AFFIRM_placebo"
    return {
        f"{name}_EDSS_rise_>=0.5_at_relapse": summary(at - before >= 0.5),
        f"{name}_EDSS_rise_>=1.0_at_relapse": summary(at - before >= 1),
        f"{name}_mean_EDSS_rise_at_relapse": summary(at - before),
        f"{name}_residual_>=0.5": summary(after - before >= 0.5),
        f"{name}_mean_residual": summary(after - before),
    }


def hirst(scenario: Scenario, n: int) -> Numbers:
    before, at, after = ratings(scenario, n, (127.0,))
    return {
        "REC_HIRST_mean_residual_change": summary(after - before),
        "REC_HIRST_residual_>=0.5": summary(after - before >= 0.5),
        "REC_HIRST_residual_>=1.0": summary(after - before >= 1),
        "REC_HIRST_no_EDSS_increase_during_relapse": summary(at <= before),
    }


def severe(scenario: Scenario, n: int) -> Numbers:
    before, at, month, two, year = ratings(scenario, 3 * n, (30.0, 61.0, 365.0))
    kept = at - before >= 2
    later = {"1_month": month, "2_months": two, "12_months": year}
    return {
        f"REC_SEVERE_ge{size}_{when}": summary((seen - before)[kept] >= size)
        for size in (1, 2)
        for when, seen in later.items()
    }


def vercellino(scenario: Scenario, n: int) -> Numbers:
    before, at, three, six = ratings(scenario, n, (91.0, 183.0))
    found = {}
    for months, seen in ((3, three), (6, six)):
        found[f"REC_VERC_recovery_to_pre-relapse_EDSS_at_{months}_months"] = summary(seen <= before)
        found[f"REC_VERC_improvement_vs_relapse_EDSS_at_{months}_months"] = summary(seen < at)
    return found


def raters(scenario: Scenario, n: int) -> Numbers:
    rng, noise = stream(SEED, "raters", scenario.name, 0), noise_of(RRMS, scenario)
    level = 2 + 5 * rng.random(n, dtype=np.float32)
    apart = np.abs(noise.rate(rng, level) - noise.rate(rng, level))
    return {"RATER_66": summary(apart == 0), "RATER_67": summary(apart <= 1)}


def yearly(scenario: Scenario, n: int) -> Numbers:
    """Change over a year of routine care, from a visit chosen without regard to attacks."""
    changes = []
    for name, share in MIX.items():
        people, _, written = followed(
            "yearly", COURSES[name], scenario, EntryCriteria(edss=(0.0, 9.0)), [365.0], round(n * share)
        )
        changes.append((written[-1] - people.base) / 2)
    change = np.concatenate(changes)
    found = {"EDSS1Y_no_change": summary(change == 0)}
    for size, text in ((0.5, "0.5"), (1.0, "1"), (2.0, "2")):
        found[f"EDSS1Y_improve_ge_{text}"] = summary(change <= -size)
        found[f"EDSS1Y_worsen_ge_{text}"] = summary(change >= size)
    return found


def regression(scenario: Scenario, n: int) -> Numbers:
    entry = EntryCriteria(relapses=TWO_IN_TWO_YEARS, edss=(0.0, 5.5))
    people, attacks, _ = followed("regression", RRMS, scenario, entry, [365.25], n)
    last_year = people.past.who[people.past.day >= -365.25]
    return {
        "RTM_PRE": summary(np.bincount(last_year, minlength=len(people))),
        "RTM_POST": summary(np.bincount(attacks.who, minlength=len(people))),
    }


def milestones(scenario: Scenario, n: int) -> Numbers:
    """Years until a yearly visit first shows EDSS 4 and 6, from EDSS 1 in relapsing MS; 80 years at most."""
    years = [365.25 * year for year in range(1, 81)]
    entry = EntryCriteria(edss=(1.0, 1.0))
    _, _, written = followed("milestones", RRMS, scenario, entry, years, max(n // 40, 500))
    table = np.column_stack(written)
    found = {}
    for level in (4, 6):
        reached = table >= 2 * level
        first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 80)
        found[f"MILE_1to{level}"] = summary(first)
    return found


def primary(scenario: Scenario, n: int) -> Numbers:
    people, _, written = followed("primary", PPMS, scenario, EntryCriteria(edss=(2.0, 6.5)), [1607.0], n)
    return {"PPMS_RATE": summary((written[-1] - people.base) / 2 / 4.4)}


def lesions(scenario: Scenario, n: int, phenotype: Phenotype = RRMS) -> Numbers:
    births = draw_births(stream(SEED, "lesions", scenario.name, 0), n, 24, phenotype).sum(axis=1)
    return {
        "SIM_AFFIRM_T2_MEAN": summary(births),
        "SIM_AFFIRM_T2_ZERO": summary(births == 0),
        "SIM_FREEDOMS_T2_MEDIAN": (float(np.median(births)), float("nan")),
    }


def nmosd(scenario: Scenario, n: int) -> Numbers:
    rng = stream(SEED, "nmosd", scenario.name, 0)
    rates = draw_rates(rng, n, NMOSD)
    _, residual = draw_rises(rng, n, NMOSD)
    return {
        "SIM_NMO_FREE_197": summary(rng.poisson(rates * 197 / 365.25) == 0),
        "NMO_HIST_PBO": summary(rng.poisson(rates * 4) == 0),
        "NMO_PERATTACK": summary(residual),
    }


def sight(scenario: Scenario, what: str, days: list[float], n: int) -> Any:
    placed = np.tile(np.array(days, dtype=np.float32), (n, 1))
    return draw_sight(stream(SEED, what, scenario.name, 0), placed, RRMS, scenario)


def acuity(scenario: Scenario, n: int) -> Numbers:
    """One eye measured twice: SD of one measurement, 95 % range and shares of the difference."""
    found = sight(scenario, "acuity", [0.0, 7.0], n).acuity[:, :, 0]
    apart = np.abs(found[:, 1] - found[:, 0])
    spread = float(np.diff(found, axis=1).std())
    error = spread / (2 * n) ** 0.5
    return {
        "SIM_ACUITY_ERROR": (spread / 2**0.5, error / 2**0.5),
        "SIM_ACUITY_RETEST": (1.96 * spread, 1.96 * error),
        "SIM_ACUITY_WITHIN_0.1": summary(apart < 0.101),
        "SIM_ACUITY_WITHIN_0.2": summary(apart < 0.201),
    }


def latency(scenario: Scenario, n: int) -> Numbers:
    """Latency at entry and after the two periods of ReBUILD, and the standard error of its crossover."""
    found = sight(scenario, "latency", [0.0, 90.0, 150.0], n).p100
    faster = summary(found[:, 0, 0] - found[:, 1, 0] > 6)
    between = float((found[:, 1] - found[:, 2]).mean(axis=1).std())
    return {
        "SIM_VEP_RESP_PBO_LOW": faster,
        "SIM_VEP_RESP_PBO_HIGH": faster,
        "D_VEP_SE": (between / 50**0.5, between / 50**0.5 / (2 * n) ** 0.5),
    }


def slower(scenario: Scenario, n: int) -> Numbers:
    """Eyes whose latency rises by 10 ms or more, of one year's follow-up."""
    found = sight(scenario, "slower", [0.0, 365.25], n).p100[:, :, 0]
    return {"SIM_VEP_JUMPS": summary(found[:, 1] - found[:, 0] >= 10)}


def ids(function: Callable[[Scenario, int], Numbers]) -> tuple[str, ...]:
    return tuple(function(LOW, 2_000))


CHECKS = {
    "relapses in a year, AFFIRM": (affirm_counts, True),
    "rise and residual at relapses, AFFIRM": (affirm_relapses, True),
    "EDSS change in 2 years, AFFIRM": (edss_change, True),
    "new T2 lesions, AFFIRM and FREEDOMS": (lesions, True),
    "agreement of examiners": (raters, True),
    "worsening confirmed after 3 months, EXPAND": (worsening, True),
    "attacks and residual in NMOSD": (nmosd, True),
    "acuity measured twice": (acuity, True),
    "P100 latency in ReBUILD": (latency, True),
    "P100 latency after a year": (slower, False),
    "EDSS change in a year, untreated": (yearly, False),
    "regression to the mean": (regression, False),
    "relapses seen in a clinic": (hirst, False),
    "severe relapses": (severe, False),
    "recovery after 3 and 6 months": (vercellino, False),
    "progression in primary progressive MS": (primary, False),
    "milestones": (milestones, False),
}
ONLY_COMPARED = (
    "SIM_FREEDOMS_T2_MEDIAN",
    "AFFIRM_DEDSS",
    "SIM_ACUITY_ERROR",
    "SIM_ACUITY_WITHIN_0.1",
    "SIM_ACUITY_WITHIN_0.2",
)
"""Rows of calibrated groups that set no number: not used, only a bound of the steps (AFFIRM_DEDSS), or itself
a number of the model (SIM_ACUITY_ERROR)."""


def rows(n: int = SIZE, only: str | None = None) -> Iterator[dict[str, Any]]:
    """Give each published number beside the simulated ones."""
    for group, (simulate, calibrated) in CHECKS.items():
        if only is not None and group != only:
            continue
        found = {name: simulate(each, n) for name, each in SCENARIOS.items()}
        for key in found["low"]:
            known = parameter(key)
            yield {
                "group": group,
                "id": key,
                "published": known["value_number"],
                "unit": known["unit"],
                "n": known["n"],
                "low": found["low"][key][0],
                "high": found["high"][key][0],
                "error": float(np.nanmax([found["low"][key][1], found["high"][key][1], 0.0])),
                "calibrated": calibrated and key not in ONLY_COMPARED,
            }


HEAD = """# Natural history: published and simulated

Written by `tests/golden/natural_history_page.py` from `tests/golden/natural_history.json`;
`tests/golden/test_natural_history.py` compares. {n:,} virtual patients (3 times as many for severe relapses,
a fortieth for milestones) in each scenario: "little noise" is small fluctuation and one trained examiner,
"much noise" large fluctuation and a new examiner at each visit. The error is the Monte Carlo standard error.

Rows marked **calibrated** were used to choose numbers of the model
(`benchmarks/calibrate_natural_history.py`): relapses, residuals and worsening so that the mean of the two
scenarios meets the published number. All other rows are only compared; nothing was changed because of them,
and misses stay. A row **misses** when the published number lies outside the two scenarios by more than 10 %
of it and more than two standard errors of its own, where they are known. Examiners were compared between
each other: their rows hold for much noise only; little noise halves the error on purpose.

| published | id | value | little noise | much noise | error | |
|---|---|---|---|---|---|---|
"""
TAIL = """
## What the misses mean

- **Relapses in a year, AFFIRM** (on the edge of a miss). The size of 1.24 was fitted to those who had
  entered. When all patients have it and a relapse in the year before is needed to enter, slightly too few
  have none, or many. A size of 0.3 with a rate of 0.21 fits best (log likelihood higher by 1.5, which is
  little evidence), and would bring the untreated patients of regression to the mean to 1.79 before and 1.00
  after. The published size was kept.
- **EDSS in a year, untreated.** Routine care, examiners and courses mixed; the mix here (60 % RRMS, 30 %
  SPMS, 10 % PPMS) and equally likely levels from 0 to 9 are assumptions. A fall of 0.5 or more is more
  frequent here than observed, even with little noise: a null band for the rule "any step" is too wide. A
  fall of 1.0 or more is met between the scenarios. Changes of 2.0 or more, up and down, are rarer here: a
  null band understates how often a single large fall happens.
- **Relapses in a clinic, severe relapses, recovery.** In a clinic relapses leave more than in the trial
  that the model is calibrated on, and severe ones both recover faster in the first months and leave more
  after a year than one speed of recovery gives. Recovery here is slow: an attack one to three months before
  the baseline moves the null band by more than it should, one half a year before by less.
- **EDSS change in 2 years, AFFIRM** (no miss). Relapses alone give the published mean; with the assumed 0.02
  steps a year it lies above it, inside the published interval (0.11 to 0.43).
- **New T2 lesions, FREEDOMS.** One median of another trial with fewer lesions; the model is skewer.
- **Acuity measured twice** (no miss). Little noise is the SD within one sitting, much noise the range of a
  study of 19 subjects; retests of 265 patients lie between. Levels of eyes before the first visit are
  assumptions, and attacks of optic neuritis do not move them: no number has a source.
- **P100 latency.** Little and much noise take the lower and the higher published share that got faster by
  more than 6 ms on placebo. The standard error of the published crossover is nearly met when the errors of
  both eyes move together, which is why their correlation was set to 0.9; the contrast here is that of the
  two ends of the periods, with 25 patients in each sequence, simpler than the published model. Jumps have the
  published rate; their size above 10 ms is an assumption.
- **Primary progressive MS.** Steps are those of SPMS, calibrated on EXPAND; the published yearly change is
  larger.
- **Milestones.** The model holds no change of course to SPMS and no fall of the relapse rate with age, and
  counts the first yearly visit at the level, confirmed or not. It is made for years, not for decades.

## What is not here

VEP_EFFECT rows are what a drug did; VEP_RESP_PBO holds two shares in one row, which stand here as two.
PIRA_AFFIRM counts walking and hand tests, which are not simulated. TRANS4 and MSBASE rows come from treated
patients. Relapse rates by EDSS of economic models are far above those of trials and are not used.
"""


def sampling_error(row: dict[str, Any]) -> float:
    """Give the standard error of the published number, as far as it is known."""
    known, value = parameter(row["id"]), row["published"]
    if known["ci_low"] is not None:
        return float((known["ci_high"] - known["ci_low"]) / 3.92)
    if row["id"] in SPREAD:
        return float(SPREAD[row["id"]] / known["n"] ** 0.5)
    if row["n"] and str(row["unit"]).startswith("proportion"):
        return float((value * (1 - value) / row["n"]) ** 0.5)
    if row["unit"] == "patients":
        return float((value * (1 - value / row["n"])) ** 0.5)
    return 0.0


def missed(row: dict[str, Any]) -> bool:
    low, high = sorted((row["low"], row["high"]))
    value = row["published"]
    room = max(0.1 * abs(value), 2 * sampling_error(row), 3 * row["error"])
    return bool(value < low - room or value > high + room)


def page(content: dict[str, Any]) -> str:
    """Give the text of the page."""
    lines, group = [HEAD.format(n=content["n"])], ""
    for row in content["rows"]:
        first = row["group"] if row["group"] != group else ""
        group = row["group"]
        digits = 1 if abs(row["published"]) >= 5 else 3
        shown = " | ".join(f"{row[name]:.{digits}f}" for name in ("published", "low", "high"))
        error = f"{row['error']:.{digits + 1}f}" if row["error"] else "–"
        marks = ["calibrated"] * row["calibrated"] + ["**misses**"] * missed(row)
        lines.append(f"| {first} | `{row['id']}` | {shown} | {error} | {', '.join(marks)} |\n")
    return "".join(lines) + TAIL


def main() -> None:
    content = {"seed": SEED, "n": SIZE, "rows": list(rows())}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    NUMBERS.write_text(text + "\n", encoding="utf-8", newline="\n")
    PAGE.write_text(page(content), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
