"""CPU time of ranvier against plain ways of doing the same work on the same data.

Run `python benchmarks/versus.py`. Each comparison is one function that returns rows of (what, figure); a new
one is added to `COMPARISONS`. Peers are checked for equal answers before they are timed.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable

import numpy as np
import polars as pl

import plain_edss
from ranvier import course, scales

Row = tuple[str, str]

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
ROUNDS = 3


def cpu_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Give the CPU seconds of the first run and the median of all runs."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return taken[0], float(np.median(taken))


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


def many_definitions() -> list[Row]:
    """360 definitions of PIRA on 10,000 patients with 10 visits each."""
    what = "360 definitions, 10,000 patients x 10 visits"
    if importlib.util.find_spec("numba") is None:
        return [(what, "numba is missing: pip install 'ranvier[fast]'")]
    rng = np.random.default_rng(3)
    n, k = 10_000, 10
    moves = rng.choice([0.0, 0.0, 0.0, 0.5, -0.5], (n, k)).cumsum(axis=1)
    names = pl.Series(np.arange(n)).cast(pl.String)
    seen = pl.DataFrame(
        {
            "subject": names.gather(np.repeat(np.arange(n), k)),
            "day": np.tile(np.arange(k) * 180, n) + rng.integers(-20, 21, n * k),
            "edss": np.clip(rng.choice([2.0, 3.0, 4.0, 5.5, 6.0], n)[:, None] + moves, 1.0, 9.5).ravel(),
        }
    )
    attacks = pl.DataFrame(
        {"subject": names.gather(rng.integers(0, n, 12_000)), "day": rng.integers(0, 1_620, 12_000)}
    )
    tried = course.grid(
        course.PIRA_12W,
        {
            "confirmation.windows": [course.Window(days=d, left=7, right=730) for d in (84, 168, 336)],
            "confirmation.to_end": [False, True],
            "baseline.scheme": ["fixed", "roving", "on improvement"],
            "baseline.after_relapse": [False, True],
            "relapses.free.event": [course.Around(before=d, after=30) for d in (30, 60, 90, 120, 180)],
            "rule": ["A", "B"],
        },
    )
    start = time.process_time()
    course.multiverse(seen.head(10), definitions=tried[:2])
    compile_s = time.process_time() - start
    _, median = cpu_seconds(lambda: course.multiverse(seen, attacks, definitions=tried))
    return [
        (what, f"{median:.2f} s"),
        ("  first call, with compiling or loading the kernel", f"{compile_s:.2f} s"),
    ]


COMPARISONS: list[Callable[[], list[Row]]] = [edss_grid, edss_with_words, many_definitions]


def main() -> None:
    """Run every comparison and print one table."""
    rows = [row for compare in COMPARISONS for row in compare()]
    width = max(len(what) for what, _ in rows)
    for what, figure in rows:
        print(f"{what:<{width}}  {figure:>24}")


if __name__ == "__main__":
    main()
