"""Writes tests/golden/mixed_model_cases.json: synthetic trials and the models that R and ranvier fit to them.

Run from the root of the repository: python tests/golden/mixed_model_cases.py, then Rscript
tests/golden/mixed_model.R. The patients are drawn at random here; none is real, and none comes from a
package.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SEED = 20250317
MONTHS = [3, 6, 9, 12, 18, 24]

FITS: dict[str, dict[str, Any]] = {
    "complete": {"n": 60, "visits": 4, "arms": ["msc", "placebo"], "fixed": "arm * visit + baseline"},
    "dropout": {
        "n": 60,
        "visits": 4,
        "arms": ["msc", "placebo"],
        "fixed": "arm * visit + baseline * visit",
        "lost": 0.35,
    },
    "unbalanced": {
        "n": 45,
        "visits": 5,
        "arms": ["msc", "msc", "placebo"],
        "fixed": "arm * visit + baseline * visit + sex + site",
        "lost": 0.2,
        "holes": 0.1,
    },
    "tiny": {
        "n": 10,
        "visits": 4,
        "arms": ["msc", "placebo"],
        "fixed": "arm * visit + baseline",
        "holes": 0.05,
    },
    "three_arms": {
        "n": 36,
        "visits": 3,
        "arms": ["high", "low", "placebo"],
        "fixed": "arm * visit + baseline",
        "lost": 0.15,
    },
    "groups": {
        "n": 48,
        "visits": 4,
        "arms": ["msc", "placebo"],
        "fixed": "arm * visit + baseline",
        "lost": 0.15,
        "groups": "arm",
        "wider": 1.8,
    },
    "single_arm": {"n": 14, "visits": 4, "arms": ["msc"], "fixed": "visit", "holes": 0.08},
    "six_visits": {
        "n": 80,
        "visits": 6,
        "arms": ["msc", "placebo"],
        "fixed": "arm * visit + baseline * visit",
        "lost": 0.3,
        "holes": 0.05,
    },
}
"""Trials: patients, visits, how arms repeat, terms, chances to be lost and that a visit is missed."""


def trial(rng: np.random.Generator, made: dict[str, Any]) -> dict[str, list[Any]]:
    """Give one synthetic trial as columns; losses depend on the values seen before, so they are at random."""
    n, m = made["n"], made["visits"]
    arm = np.array([made["arms"][i % len(made["arms"])] for i in range(n)])
    baseline = np.round(rng.normal(9, 2.5, n), 1)
    own, slope = rng.normal(0, 1.2, n), rng.normal(0, 0.35, n)
    noise = np.zeros((n, m))
    for visit in range(m):
        last = noise[:, visit - 1] if visit else 0.0
        noise[:, visit] = 0.5 * last + rng.normal(0, 1.0 + 0.15 * visit, n)
    fall = np.where(arm == "placebo", 0.0, -0.35)
    wide = np.where(arm == "placebo", made.get("wider", 1.0), 1.0)
    steps = np.arange(m)
    change = -0.25 * (baseline - 9)[:, None] + wide[:, None] * (own[:, None] + slope[:, None] * steps + noise)
    change += fall[:, None] * (steps + 1)
    seen = rng.random((n, m)) >= made.get("holes", 0.0)
    lost = np.zeros(n, dtype=bool)
    for visit in range(1, m):
        worse = change[:, visit - 1] > np.median(change[:, visit - 1])
        lost |= rng.random(n) < made.get("lost", 0.0) / (m - 1) * np.where(worse, 1.5, 0.5)
        seen[:, visit] &= ~lost
    month = np.array(MONTHS[:m]) + rng.integers(-6, 7, (n, m)) / 10
    sex, site = rng.choice(["F", "M"], n, p=[0.7, 0.3]), rng.choice(["north", "south", "west"], n)
    who, when = np.nonzero(seen)
    return {
        "subject": [f"P{place + 1:03d}" for place in who],
        "visit": [f"month {MONTHS[place]}" for place in when],
        "month": np.round(month[who, when], 1).tolist(),
        "arm": arm[who].tolist(),
        "baseline": baseline[who].tolist(),
        "sex": sex[who].tolist(),
        "site": site[who].tolist(),
        "change": np.round(change[who, when], 2).tolist(),
    }


def main() -> None:
    """Write the cases, one trial per line."""
    lines = []
    for (name, made), child in zip(FITS.items(), np.random.SeedSequence(SEED).spawn(len(FITS)), strict=True):
        case = {"name": name, "fixed": made["fixed"], "groups": made.get("groups")}
        lines.append(json.dumps({**case, "data": trial(np.random.default_rng(child), made)}))
    (HERE / "mixed_model_cases.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
