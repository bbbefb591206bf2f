"""CPU time of the course engine: from two dataframes to the table of events and the trace."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl

from clock import Row, cpu_seconds
from ranvier import course

HERE = Path(__file__).resolve().parent
PEER = "RANVIER_PYMSPROG_PYTHON"
"""Names an interpreter that has pymsprog; it needs numpy < 2 and so an environment of its own."""

N, MANY = 10_000, 100_000
N_PEER = 200  # pymsprog is slow; its cost per patient is about the same for 200 and 2,000
K = 10
NO_NUMBA = "numba is missing: pip install 'ranvier[fast]'"
DEFINITION = course.ROVING_12W
PLAIN = "ranvier.course._run.can_compile"


def registry(n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give random visits, 10 for each patient and half a year apart, and 1.2 relapses per patient."""
    rng = np.random.default_rng(3)
    moves = rng.choice([0.0, 0.0, 0.0, 0.5, -0.5], (n, K)).cumsum(axis=1)
    names = pl.Series(np.arange(n)).cast(pl.String)
    seen = pl.DataFrame(
        {
            "subject": names.gather(np.repeat(np.arange(n), K)),
            "day": np.tile(np.arange(K) * 180, n) + rng.integers(-20, 21, n * K),
            "edss": np.clip(rng.choice([2.0, 3.0, 4.0, 5.5, 6.0], n)[:, None] + moves, 1.0, 9.5).ravel(),
        }
    )
    n_attacks = n * 6 // 5
    attacks = pl.DataFrame(
        {"subject": names.gather(rng.integers(0, n, n_attacks)), "day": rng.integers(0, 1_620, n_attacks)}
    )
    return seen, attacks


def events_from_frames() -> list[Row]:
    """All events, with and without numba, and how the time grows with the number of patients."""
    seen, attacks = registry(N)
    with mock.patch(PLAIN, return_value=False):  # the whole way, with the plain kernel
        plain = course.events(seen, attacks, definition=DEFINITION)
        _, plain_s = cpu_seconds(lambda: course.events(seen, attacks, definition=DEFINITION), rounds=1)
    what = f"events of {N:,} patients x {K} visits"
    rows = [(f"{what}, plain Python", f"{plain_s:.2f} s")]
    if importlib.util.find_spec("numba") is None:
        return [*rows, (f"{what}, numba", NO_NUMBA)]
    fast = course.events(seen, attacks, definition=DEFINITION)
    if not (fast.table.equals(plain.table) and fast.trace.equals(plain.trace)):
        raise SystemExit("the plain and the compiled kernel disagree: nothing to compare")
    few_s, many_s = _by_turns(registry(N), registry(MANY))
    return [
        *rows,
        (f"{what}, numba", f"{few_s:.3f} s"),
        (f"events of {MANY:,} patients x {K} visits, numba", f"{many_s:.2f} s"),
        (f"  exponent from {N:,} to {MANY:,} patients", f"{math.log10(many_s / few_s):.3f}"),
        ("  peak memory of a process that makes these data and runs once", _child("peak_memory")),
    ]


def _by_turns(*data: tuple[pl.DataFrame, pl.DataFrame]) -> list[float]:
    """Give the median CPU seconds for each data set; all see the same moods of the machine."""
    rounds = [
        [
            cpu_seconds(lambda pair=pair: course.events(*pair, definition=DEFINITION), rounds=1)[0]
            for pair in data
        ]
        for _ in range(5)
    ]
    return np.median(rounds, axis=0).tolist()


def first_call() -> list[Row]:
    """The first call in a new process: compiling the kernel, and loading it from the cache on disk."""
    if importlib.util.find_spec("numba") is None:
        return [("first call of the course engine", NO_NUMBA)]
    with tempfile.TemporaryDirectory() as cache:
        compiling = _child("one_call", NUMBA_CACHE_DIR=cache)
        loading = _child("one_call", NUMBA_CACHE_DIR=cache)
    return [
        ("first call of course.events in a process, kernel compiled", compiling),
        ("first call of course.events in a process, kernel from the cache", loading),
    ]


def one_call() -> str:
    """Time the first call on 400 patients, enough visits for the compiled search; the parent prints it."""
    seen, attacks = registry(400)
    return f"{cpu_seconds(lambda: course.events(seen, attacks, definition=DEFINITION), rounds=1)[0]:.2f} s"


def peak_memory() -> str:
    """Give the largest resident size of this process after one call."""
    try:
        import resource
    except ImportError:
        return "not measured on Windows"
    course.events(*registry(MANY), definition=DEFINITION)
    unit = 1 if sys.platform == "darwin" else 1024
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9:.2f} GB"


def _child(function: str, **environment: str) -> str:
    """Run one function of this module in a new process."""
    code = f"import course_speed; print(course_speed.{function}())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HERE, env=os.environ | environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def against_pymsprog() -> list[Row]:
    """All events by pymsprog, and by ranvier on the same few patients and on many of the same kind."""
    what = "events, CPU time per patient"
    interpreter = os.environ.get(PEER)
    if not interpreter:
        return [(f"{what} against pymsprog", f"skipped: {PEER} names no interpreter that has it")]
    seen, attacks = registry(N_PEER)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "visits.csv", Path(folder) / "relapses.csv"]
        seen.write_csv(paths[0])
        attacks.sort("subject", "day").write_csv(paths[1])
        done = subprocess.run(
            [interpreter, HERE / "peer_pymsprog.py", *paths], check=True, capture_output=True, text=True
        )
    peer = json.loads(done.stdout.splitlines()[-1])
    same = course.events(seen, attacks, definition=replace(DEFINITION, compat="msprog")).table
    ours = same.select(pl.col("subject").cast(pl.Int64), "event", pl.col("day").cast(pl.Float64))
    if sorted(ours.rows()) != [tuple(event) for event in peer["events"]]:
        raise SystemExit("pymsprog and ranvier disagree: nothing to compare")
    theirs = peer["cpu_s"] / N_PEER
    rows = [(f"{what}, pymsprog ({N_PEER} patients)", f"{theirs * 1e6:,.0f} µs")]
    for n in (N_PEER, N):
        data = registry(n)
        ours_s = cpu_seconds(lambda data=data: course.events(*data, definition=DEFINITION))[1] / n
        rows += [
            (f"{what}, ranvier ({n:,} patients)", f"{ours_s * 1e6:,.1f} µs"),
            ("  ratio", f"{theirs / ours_s:,.0f} times"),
        ]
    return rows


def many_definitions() -> list[Row]:
    """360 definitions of PIRA on 10,000 patients with 10 visits each."""
    what = f"360 definitions, {N:,} patients x {K} visits"
    if importlib.util.find_spec("numba") is None:
        return [(what, NO_NUMBA)]
    seen, attacks = registry(N)
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
    loading_s = time.process_time() - start
    _, median = cpu_seconds(lambda: course.multiverse(seen, attacks, definitions=tried))
    return [
        (what, f"{median:.2f} s"),
        ("  first call of course.multiverse in this process", f"{loading_s:.2f} s"),
    ]


COMPARISONS = [first_call, events_from_frames, against_pymsprog, many_definitions]
