"""How often intervals of a pooled value hold the truth: `python benchmarks/knapp_hartung.py`.

Prints the table of docs/validation/pooling_published.md; with --write it goes to
tests/golden/knapp_hartung.md, from which the page is made.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ranvier.evidence._pooled import pool_many

SEED = 20_261_122
N_REVIEWS = 10_000
STUDIES = (3, 5, 10, 20)
SHARES = {"none": 0.0, "moderate": 0.5, "large": 0.9}
"""Share of the variance between studies (I²), from which the variance between them follows."""
INTERVALS = ("wald", "t", "knapp-hartung unfloored", "knapp-hartung")
SMALLEST, LARGEST = 0.02, 0.5
TYPICAL = (LARGEST - SMALLEST) / np.log(LARGEST / SMALLEST)
"""Harmonic mean of variances spread evenly between the two."""
TRUE = 0.3
PAGE = Path(__file__).resolve().parents[1] / "tests" / "golden" / "knapp_hartung.md"


def coverage(k: int, share: float, rng: np.random.Generator) -> list[float]:
    """Give the share of intervals that hold the true value, by kind of interval."""
    between = share / (1 - share) * TYPICAL
    v = rng.uniform(SMALLEST, LARGEST, (k, N_REVIEWS))
    y = rng.normal(TRUE, np.sqrt(v + between))
    found = [pool_many(y, v, method="reml", interval=interval, level=0.95) for interval in INTERVALS]
    return [float(np.mean((pooled.low <= TRUE) & (pooled.high >= TRUE))) for pooled in found]


def table() -> str:
    """Give the table, one row per number of studies and heterogeneity."""
    cells = [(k, name) for k in STUDIES for name in SHARES]
    children = np.random.SeedSequence(SEED).spawn(len(cells))
    rows = [
        "| studies | between studies | " + " | ".join(INTERVALS) + " |",
        "|---|---|" + "---|" * len(INTERVALS),
    ]
    for (k, name), child in zip(cells, children, strict=True):
        held = coverage(k, SHARES[name], np.random.default_rng(child))
        figures = " | ".join(f"{100 * each:.1f} %" for each in held)
        rows.append(f"| {k} | {name} (I² {100 * SHARES[name]:.0f} %) | {figures} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    text = table()
    print(text)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8", newline="\n")
