"""Writes tests/golden/msprog_cases.json: synthetic patients and the option sets that msprog is run with.

Run from the root of the repository: python tests/golden/msprog_cases.py, then Rscript tests/golden/msprog.R.
The patients are drawn at random here; none is real, and none comes from the package.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SEED = 20240611
STEPS = np.array([0.0, *np.arange(2, 20) / 2.0])
OUTCOMES = ("edss", "nhpt", "t25fw", "sdmt")

BASE: dict[str, Any] = {
    "outcome": "edss", "event": "firstCDW", "baseline": "fixed", "proceed_from": "firstconf",
    "sub_threshold_rebl": "none", "bl_geq": False, "relapse_rebl": False, "skip_local_extrema": "none",
    "validconf": False, "conf_days": [84], "conf_tol_days": [7, 730], "require_sust_days": 0,
    "check_intermediate": True, "relapse_to_bl": [30, 0], "relapse_to_event": [0, 0],
    "relapse_to_conf": [30, 0], "relapse_assoc": [90, 0], "relapse_indep": [0, 0, 90, 30, 90, 30, "baseline"],
    "impute_last_visit": 0, "end_dates": False,
}  # fmt: skip
"""Defaults of msprog, with whole days; None in relapse_indep joins two intervals, -1 is no limit."""

INTERVALS: dict[str, list[Any]] = {
    "review": [0, 0, 90, 30, 90, 30, "baseline"],
    "strict": [0, None, None, None, None, 0, "baseline"],
    "kappos": [0, None, None, 30, 30, 30, "baseline"],
    "cagol": [0, 0, 90, None, None, 0, "baseline"],
    "last": [0, None, None, 0, 0, 0, "last"],
    "last-delta": [0, None, None, 30, 30, 30, "last_delta"],
}
ONE_AT_A_TIME: dict[str, list[Any]] = {
    "baseline": ["roving", "roving_impr", "roving_wors"],
    "proceed_from": ["event"],
    "skip_local_extrema": ["strict", "all"],
    "validconf": [True],
    "conf_days": [[168], [84, 168], [168, 84], [30]],
    "conf_tol_days": [[7, 30], [14, -1], [0, 365]],
    "require_sust_days": [168, -1],
    "check_intermediate": [False],
    "relapse_to_bl": [[0, 0], [60, 30]],
    "relapse_to_event": [[30, 0], [30, 15]],
    "relapse_to_conf": [[0, 0], [60, 30]],
    "relapse_assoc": [[30, 0], [90, 30]],
    "relapse_indep": list(INTERVALS.values())[1:],
    "impute_last_visit": [1, 400],
    "relapse_rebl": [True],
    "end_dates": [True],
}
EVENTS = ("firstCDW", "firstCDI", "multiple", "firstPIRA", "firstRAW", "first")


def option_sets() -> list[dict[str, Any]]:
    """Give the option sets: defaults, one change at a time for two kinds of search, and random mixtures."""
    sets = [BASE | {"event": event, "outcome": outcome} for event in EVENTS for outcome in OUTCOMES]
    for start in ({"event": "multiple", "baseline": "roving"}, {"event": "firstPIRA"}):
        sets += [BASE | start | {name: value} for name, values in ONE_AT_A_TIME.items() for value in values]
    sets += [
        BASE | {"event": "multiple", "baseline": "roving", "outcome": outcome, "sub_threshold_rebl": kind}
        for outcome in ("edss", "sdmt")
        for kind in ("change", "improvement", "worsening")
    ]
    rng = np.random.default_rng(SEED)
    names = [name for name in ONE_AT_A_TIME if name != "end_dates"]
    for _ in range(60):
        chosen = dict(BASE)
        for name in rng.choice(names, size=5, replace=False):
            values = ONE_AT_A_TIME[name]
            chosen[name] = values[int(rng.integers(len(values)))]
        chosen["event"] = EVENTS[int(rng.integers(len(EVENTS)))]
        chosen["outcome"] = OUTCOMES[int(rng.choice(4, p=[0.55, 0.15, 0.15, 0.15]))]
        if chosen["baseline"] != "fixed" and rng.random() < 0.4:
            chosen["sub_threshold_rebl"] = str(rng.choice(["change", "improvement", "worsening"]))
        chosen["bl_geq"] = bool(chosen["relapse_rebl"] and rng.random() < 0.5)
        sets.append(chosen)
    unique = {json.dumps(options, sort_keys=True): options for options in sets}
    return list(unique.values())


def milestones() -> list[dict[str, Any]]:
    """Give the option sets of milestones."""
    base: dict[str, Any] = {
        "outcome": "edss", "level": 6, "conf_days": [84], "conf_tol_days": [7, 730], "require_sust_days": 0,
        "relapse_to_event": [0, 0], "relapse_to_conf": [30, 0], "validconf": False, "impute_last_visit": 0,
    }  # fmt: skip
    changes: list[dict[str, Any]] = [
        {}, {"level": 3}, {"level": 4, "conf_days": [168]}, {"level": 4, "conf_days": [168, 84]},
        {"level": 5, "conf_tol_days": [7, 30]}, {"level": 4, "require_sust_days": 200},
        {"level": 4, "require_sust_days": -1}, {"level": 4, "validconf": True},
        {"level": 5, "relapse_to_event": [30, 0]}, {"level": 5, "relapse_to_conf": [60, 30]},
        {"level": 7, "impute_last_visit": 1}, {"level": 6, "impute_last_visit": 400},
        {"outcome": "sdmt", "level": 40}, {"outcome": "sdmt", "level": 30, "conf_days": [168]},
        {"outcome": "sdmt", "level": 45, "relapse_to_event": [60, 30]},
        {"outcome": "t25fw", "level": 10}, {"outcome": "nhpt", "level": 30, "require_sust_days": -1},
    ]  # fmt: skip
    return [base | change for change in changes]


def scores(rng: np.random.Generator, days: np.ndarray, attacks: np.ndarray) -> dict[str, list[float]]:
    """Draw four outcomes that wander, drift and jump with attacks."""
    place = float(rng.integers(2, 13))
    edss, walk, peg, words = [], [], [], []
    walk_s, peg_s, correct = rng.uniform(4, 12), rng.uniform(15, 40), rng.uniform(15, 65)
    for day in days:
        hit = any(0 <= day - attack <= 100 for attack in attacks)
        place = np.clip(place + rng.choice([-1, 0, 0, 0, 1]) + 0.15, 0, 18)
        edss.append(float(STEPS[int(np.clip(round(place + (2 if hit else 0)), 0, 18))]))
        walk_s *= rng.choice([0.85, 1.0, 1.0, 1.25])
        peg_s *= rng.choice([0.8, 1.0, 1.0, 1.25])
        correct = np.clip(correct + rng.choice([-5, 0, 0, 4]), 1, 110)
        walk.append(round(float(np.clip(walk_s * (1.3 if hit else 1), 2, 170)), 1))
        peg.append(round(float(np.clip(peg_s * (1.2 if hit else 1), 8, 290)), 1))
        words.append(float(round(correct)))
    return {"edss": edss, "nhpt": peg, "t25fw": walk, "sdmt": words}


def patients(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Draw one data set."""
    visits: dict[str, list[Any]] = {key: [] for key in ("id", "day", *OUTCOMES, "validconf")}
    relapses: dict[str, list[Any]] = {"id": [], "day": [], "end_day": []}
    for number in range(20):
        n = 1 if name == "missing" and number < 2 else int(rng.integers(4, 13))
        gaps = rng.integers(80, 89, n) if name == "regular" else rng.integers(15, 200, n)
        days = np.cumsum(gaps) - gaps[0]
        if name == "irregular" and n > 4:
            days[3] = days[2]  # two visits on one day
        attacks = np.sort(rng.integers(-80, max(int(days[-1]), 1), int(rng.integers(0, 4))))
        if name == "none" or (name == "missing" and number % 3 == 0):
            attacks = attacks[:0]
        elif name != "regular" and len(attacks) and n > 5:
            attacks[-1] = days[4]  # an attack on the day of a visit
        attacks = np.unique(attacks)
        order = rng.permutation(n) if name == "irregular" else np.arange(n)
        drawn = scores(rng, days, attacks)
        for place in order:
            visits["id"].append(f"{name[0]}{number:02d}")
            visits["day"].append(int(days[place]))
            for outcome in OUTCOMES:
                lost = name == "missing" and rng.random() < 0.15
                visits[outcome].append(None if lost else drawn[outcome][place])
            visits["validconf"].append(bool(rng.random() < 0.8))
        shuffled = rng.permutation(attacks) if name == "irregular" else attacks
        for attack in shuffled:
            relapses["id"].append(f"{name[0]}{number:02d}")
            relapses["day"].append(int(attack))
            relapses["end_day"].append(int(attack + rng.integers(10, 120)))
    return {"name": name, "visits": visits, "relapses": relapses}


def main() -> None:
    """Write the cases."""
    rng = np.random.default_rng(SEED)
    data = [patients(name, rng) for name in ("regular", "irregular", "missing", "none")]
    cases = {"seed": SEED, "data": data, "options": option_sets(), "milestones": milestones()}
    (HERE / "msprog_cases.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
