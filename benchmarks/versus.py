"""CPU time of ranvier against plain ways of doing the same work on the same data.

Run `python benchmarks/versus.py`. Each comparison is one function that returns rows of (what, figure); a new
one is added to `COMPARISONS`. Peers are checked for equal answers before they are compared. The course engine
is compared with pymsprog when the variable RANVIER_PYMSPROG_PYTHON names an interpreter that has it.
Run it on an idle machine: one comparison, of two processes with one, is by the clock.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

import course_speed
import designs
import diagnosis
import lesion_speed
import mixed_model
import plain_edss
import pooling
import simulation
import survival
from clock import Row, cpu_seconds
from ranvier import scales

GRADES = {
    "visual": 7,
    "brainstem": 6,
    "pyramidal": 7,
    "cerebellar": 6,
    "sensory": 7,
    "bowel_bladder": 7,
    "cerebral": 6,
    "ambulation": 17,
}
N_VISITS = 1_000_000
N_PLAIN = 100_000  # the plain scorer is slow, and its cost per row is constant


def visits(n: int, *, seed: int) -> pl.DataFrame:
    """Give random score sheets; one in twenty lacks a grade, and the examiner errs in one of six."""
    rng = np.random.default_rng(seed)
    sheets = {name: rng.integers(0, size, n) for name, size in GRADES.items()}
    steps = scales.edss_step(**sheets, ambulation_coding="0-16")
    slip = rng.choice([-0.5, 0.0, 0.5], n, p=[1 / 12, 10 / 12, 1 / 12])
    recorded = np.where((steps >= 1.5) & (steps <= 9.5), steps + slip, steps)
    return pl.DataFrame(
        {
            "subject": pl.Series(np.arange(n) // 10).cast(pl.String),
            "day": np.arange(n) % 10 * 84,
            **sheets,
            "edss": recorded,
        }
    ).with_columns(visual=pl.when(pl.Series(rng.random(n) >= 0.05)).then("visual"))


def edss_grid() -> list[Row]:
    """Every possible score sheet, with the look-up table built in the first run."""
    axes = [np.ascontiguousarray(axis.ravel()) for axis in np.indices(tuple(GRADES.values()), dtype=np.int8)]
    sheets = dict(zip(GRADES, axes, strict=True))
    first, median = cpu_seconds(lambda: scales.edss_step(**sheets, ambulation_coding="0-16"))
    return [
        (f"EDSS, whole grid of {axes[0].size:,} sheets, first run", f"{first:.2f} s"),
        ("EDSS, whole grid, median run", f"{median:.2f} s"),
    ]


def edss_with_words() -> list[Row]:
    """Steps with rule, trace and findings, against a plain scorer of one row at a time."""
    table = visits(N_VISITS, seed=1)
    rows = table.head(N_PLAIN).to_dicts()
    ours = scales.edss(table.head(N_PLAIN), ambulation_coding="0-16").table["edss_derived"].to_list()
    if ours != [plain_edss.score(row) for row in rows]:
        raise SystemExit("the plain scorer and ranvier disagree: nothing to compare")
    _, vector = cpu_seconds(lambda: scales.edss(table, ambulation_coding="0-16"))
    _, plain = cpu_seconds(lambda: [plain_edss.score(row) for row in rows])
    _, plain_words = cpu_seconds(lambda: [plain_edss.score_with_words(row) for row in rows])
    sheets = {name: table[name].fill_null(0).to_numpy() for name in GRADES}
    _, steps = cpu_seconds(lambda: scales.edss_step(**sheets, ambulation_coding="0-16"))
    return [
        ("EDSS with rule in words, trace and findings", f"{N_VISITS / vector:,.0f} rows/CPU s"),
        ("EDSS with rule in words, plain scorer", f"{N_PLAIN / plain_words:,.0f} rows/CPU s"),
        ("  ratio", f"{plain_words / N_PLAIN / (vector / N_VISITS):.1f} times"),
        ("EDSS steps only", f"{N_VISITS / steps:,.0f} rows/CPU s"),
        ("EDSS steps only, plain scorer", f"{N_PLAIN / plain:,.0f} rows/CPU s"),
        ("  ratio", f"{plain / N_PLAIN / (steps / N_VISITS):.1f} times"),
    ]


COMPARISONS: list[Callable[[], list[Row]]] = [
    edss_grid,
    edss_with_words,
    *course_speed.COMPARISONS,
    *survival.COMPARISONS,
    *mixed_model.COMPARISONS,
    *lesion_speed.COMPARISONS,
    *pooling.COMPARISONS,
    *diagnosis.COMPARISONS,
    *designs.COMPARISONS,
    *simulation.COMPARISONS,
]


def main() -> None:
    """Run every comparison and print one table."""
    rows = [row for compare in COMPARISONS for row in compare()]
    width = max(len(what) for what, _ in rows)
    for what, figure in rows:
        print(f"{what:<{width}}  {figure:>24}")


if __name__ == "__main__":
    main()
