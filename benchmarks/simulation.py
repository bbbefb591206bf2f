"""CPU time of virtual trials, of the power of an exact test, and of a null band; two processes against one.

Run `python benchmarks/simulation.py`. A full virtual trial has 20 + 20 patients, five visits, relapses with
recovery, rater error, confirmed worsening, and entry by relapses and EDSS. The power is that of the exact
rank-sum test with 20 + 20 patients. SciPy tests trials of the same kind one by one, after a check that its p
values are the same; rpact draws the statistics of a t test, when Rscript has it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor

import numpy as np
import polars as pl
from scipy import stats as peer

import ranvier as rv
from clock import Row, cpu_seconds
from ranvier.cli.demo import examples
from ranvier.simulate import Design, EntryCriteria, Group, Normal, null_band, power, replicate
from ranvier.stats import _exact_arrays
from ranvier.trial import Arm, EntryRule, Protocol, VisitWindow

N_FULL = 100_000
N_TESTS = 1_000_000
N_SCIPY = 300  # SciPy is slow, and its cost per trial is constant
N_SHARED = 40_000
VISITS = tuple(
    VisitWindow(label=f"month {month}", day=round(30.4375 * month), baseline=month == 0)
    for month in (0, 3, 6, 9, 12)
)
DESIGN = Design(
    protocol=Protocol(
        id="speed",
        title="Speed",
        design="rct_parallel",
        data_kind="simulated",
        disease="MS",
        arms=(
            Arm(id="cells", label="Cells", planned_n=20),
            Arm(id="placebo", label="Placebo", role="control", planned_n=20),
        ),
        visits=VISITS,
    ),
    groups=(Group(phenotype="RRMS", entry=EntryCriteria(relapses=EntryRule(), edss=(0.0, 5.5))),),
    scenario="high",
)
RPACT = """
suppressMessages(library(rpact))
n <- as.integer(commandArgs(TRUE)[1])
design <- getDesignGroupSequential(kMax = 1, alpha = 0.025, sided = 1)
taken <- system.time(getSimulationMeans(
  design, groups = 2, alternative = 1, stDev = 1, plannedSubjects = 40, normalApproximation = FALSE,
  maxNumberOfIterations = n, seed = 1
))
cat(taken[["user.self"]] + taken[["sys.self"]])
"""


def full_trials() -> list[Row]:
    """Full virtual trials in this process."""
    replicate(DESIGN, n_trials=100, seed=1)
    taken, _ = cpu_seconds(lambda: replicate(DESIGN, n_trials=N_FULL, seed=1), rounds=1)
    return [(f"{N_FULL:,} full virtual trials, 20 + 20 patients, 5 visits", f"{taken:.1f} s")]


def power_of_rank_sum() -> list[Row]:
    """The power of the exact rank-sum test, against SciPy trial by trial and rpact's statistics."""
    _, ours = cpu_seconds(
        lambda: power(Normal(mean=-1), Normal(), n=(20, 20), n_trials=N_TESTS, seed=1), rounds=3
    )
    rng = np.random.default_rng(1)
    one, two = rng.normal(-1, 1, (N_SCIPY, 20)), rng.normal(0, 1, (N_SCIPY, 20))
    theirs: list[float] = []
    slow, _ = cpu_seconds(
        lambda: theirs.extend(
            peer.mannwhitneyu(a, b, method="exact").pvalue for a, b in zip(one, two, strict=True)
        ),
        rounds=1,
    )
    if not np.allclose(_exact_arrays.rank_sum_p(one, two), theirs, rtol=1e-9):
        raise SystemExit("SciPy and ranvier disagree on the rank-sum test: nothing to compare")
    return [
        (f"{N_TESTS:,} trials of 20 + 20 with an exact rank-sum test", f"{ours:.2f} s"),
        (f"  SciPy, {N_SCIPY} trials one by one, scaled up", f"{slow / N_SCIPY * N_TESTS:,.0f} s"),
        ("  rpact, as many t statistics", _rpact()),
    ]


def _rpact() -> str:
    """Time rpact's simulation of means, which draws the statistics of a stage and no patients."""
    if shutil.which("Rscript") is None:
        return "Rscript is missing"
    done = subprocess.run(["Rscript", "-e", RPACT, str(N_TESTS)], capture_output=True, text=True, check=False)
    return f"{float(done.stdout):.1f} s" if done.returncode == 0 else "rpact is not installed"


def spin(rounds: int) -> float:
    """Do plain arithmetic that shares nothing: what two processes can gain here and now."""
    return sum(i * 0.5 for i in range(rounds))


class Metered(Executor):
    """Hands work on to processes and adds up their CPU time."""

    def __init__(self, inner: Executor) -> None:
        self.inner, self.cpu = inner, 0.0

    def submit(self, fn: Callable[..., object], /, *args: object, **_options: object) -> Future[object]:
        outer: Future[object] = Future()
        self.inner.submit(metered, fn, args).add_done_callback(lambda done: self._give(done, outer))
        return outer

    def _give(self, done: Future[tuple[object, float]], outer: Future[object]) -> None:
        result, taken = done.result()
        self.cpu += taken
        outer.set_result(result)


def metered(fn: Callable[..., object], args: tuple[object, ...]) -> tuple[object, float]:
    """Give a result and the CPU seconds that it took."""
    start = time.process_time()
    return fn(*args), time.process_time() - start


def two_processes() -> list[Row]:
    """Two warm processes against one, beside what plain arithmetic gains from two at the same time.

    The gain is by the clock and needs an idle machine. Where others work too, two figures tell what is ours:
    the CPU time of both processes together, which is that of one when nothing is wasted, and the gain of
    arithmetic that shares nothing.
    """

    def trials(executor: Executor | None) -> pl.DataFrame:
        return replicate(DESIGN, n_trials=N_SHARED, seed=1, executor=executor).table

    with ProcessPoolExecutor(2) as pool:
        replicate(DESIGN, n_trials=4_000, seed=1, executor=pool)  # both start and import
        executor = Metered(pool)
        alone_s = cpu_seconds(lambda: trials(None), rounds=1)[0]
        here_s = cpu_seconds(lambda: trials(executor), rounds=1)[0]
        if not trials(executor).equals(trials(None)):
            raise SystemExit("two processes and one disagree: nothing to compare")
        both_s = here_s + executor.cpu / 2  # two runs were metered
        gains = [_gain(lambda: trials(None), lambda: trials(executor)) for _ in range(3)]
        work = [500_000] * 40
        bounds = [
            _gain(lambda: [spin(n) for n in work], lambda: list(pool.map(spin, work))) for _ in range(3)
        ]
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    return [
        (f"{N_SHARED:,} full virtual trials, two processes against one", f"{np.median(gains):.2f} times"),
        ("  CPU time of both together against one", f"{both_s / alone_s:.2f} times"),
        ("  plain arithmetic, two processes against one", f"{np.median(bounds):.2f} times"),
        ("  load average of this machine", load),
    ]


def _gain(alone: Callable[[], object], together: Callable[[], object]) -> float:
    """Give how many times as fast the second is, on the clock."""
    start = time.perf_counter()
    alone()
    middle = time.perf_counter()
    together()
    return (middle - start) / (time.perf_counter() - middle)


def band_of_ten() -> list[Row]:
    """The null band of a report."""
    trial = rv.read_trial(examples() / "dahbour_2017")
    null_band(trial, seed=1, n_trials=100)
    _, taken = cpu_seconds(lambda: null_band(trial, seed=1))
    return [("null band of a report on 10 patients", f"{taken:.2f} s")]


COMPARISONS = [full_trials, power_of_rank_sum, two_processes, band_of_ten]


if __name__ == "__main__":
    for compare in COMPARISONS:
        for what, figure in compare():
            print(f"{what:<62}{figure:>14}", flush=True)
