"""CPU time of virtual trials and of a null band; run python benchmarks/simulation.py.

10^5 full virtual trials: 20 + 20 patients, five visits, relapses with recovery, rater error, confirmed
worsening, entry by relapses and EDSS.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor

import ranvier as rv
from ranvier.cli.demo import examples
from ranvier.simulate import Design, EntryCriteria, Group, null_band, replicate
from ranvier.trial import Arm, EntryRule, Protocol, VisitWindow

TRIALS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
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


def main() -> None:
    replicate(DESIGN, n_trials=100, seed=1)
    cpu, wall = time.process_time(), time.perf_counter()
    serial = replicate(DESIGN, n_trials=TRIALS, seed=1)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{TRIALS:,} virtual trials: {cpu:.2f} s CPU, {wall:.2f} s on the clock")
    with ProcessPoolExecutor(2) as executor:
        replicate(DESIGN, n_trials=2_000, seed=1, executor=executor)
        started = time.perf_counter()
        same = replicate(DESIGN, n_trials=TRIALS, seed=1, executor=executor).table.equals(serial.table)
        both = time.perf_counter() - started
    print(f"two processes: {both:.2f} s on the clock, {wall / both:.2f} times as fast, identical: {same}")
    trial = rv.read_trial(examples() / "dahbour_2017")
    null_band(trial, seed=1, n_trials=100)
    cpu = time.process_time()
    null_band(trial, seed=1)
    print(f"null band of 10 patients: {time.process_time() - cpu:.2f} s CPU")


if __name__ == "__main__":
    main()
