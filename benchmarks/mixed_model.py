"""Mixed models for repeated measures beside R's mmrm on the same trials, in the same run.

R is asked when `Rscript` is there and knows mmrm; RANVIER_R_LIBS may name a library that holds it. Both sides
give the means by arm and visit with their differences; times are CPU seconds, reading the file not counted.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from clock import ROUNDS, Row, cpu_seconds
from ranvier import stats

SIZES = {"60 x 4": (60, 4, 5), "5,000 x 6": (5000, 6, 1)}
"""Patients, visits, and fits per timing."""
METHODS = {
    "satterthwaite": ("Satterthwaite", "Asymptotic"),
    "kenward-roger-linear": ("Kenward-Roger", "Kenward-Roger-Linear"),
}
PEER = """
.libPaths(c(Sys.getenv("RANVIER_R_LIBS", .libPaths()[1]), .libPaths()))
suppressWarnings(suppressPackageStartupMessages({library(mmrm); library(emmeans)}))
given <- commandArgs(TRUE)
found <- NULL
data <- read.csv(given[1], stringsAsFactors = TRUE)
data$visit <- factor(data$visit)
work <- function() {
  fit <- mmrm(
    change ~ arm * visit + baseline * visit + us(visit | subject), data,
    control = mmrm_control(method = given[2], vcov = given[3])
  )
  means <- emmeans(fit, ~ arm | visit)
  list(as.data.frame(means)$emmean, as.data.frame(pairs(means))$df)
}
times <- replicate(as.integer(given[4]), {
  begin <- proc.time()
  for (k in seq_len(as.integer(given[5]))) found <<- work()
  sum((proc.time() - begin)[1:2]) / as.integer(given[5])
})
cat(median(times), found[[1]])
"""


def trial(patients: int, visits: int, *, seed: int) -> pl.DataFrame:
    """Give a trial with two arms; one visit in ten is missed."""
    rng = np.random.default_rng(seed)
    baseline = rng.normal(9, 2, patients)
    noise = np.cumsum(rng.normal(size=(patients, visits)), axis=1) + rng.normal(size=(patients, 1))
    who, when = np.nonzero(rng.random((patients, visits)) > 0.1)
    return pl.DataFrame(
        {
            "subject": [f"P{place:05d}" for place in who],
            "visit": when + 1,
            "arm": np.where(who % 2, "msc", "placebo"),
            "baseline": baseline[who],
            "change": (noise - 0.2 * baseline[:, None])[who, when],
        }
    )


def of_peer(path: Path, names: tuple[str, str], fits: int) -> tuple[float, np.ndarray]:
    """Give the CPU seconds of one fit by R and its means."""
    options = [str(path), *names, str(ROUNDS), str(fits)]
    done = subprocess.run(["Rscript", "-e", PEER, *options], capture_output=True, text=True, check=True)
    seconds, *means = (float(word) for word in done.stdout.split())
    return seconds, np.array(means)


def peer_is_there() -> bool:
    """Tell whether R knows mmrm."""
    if shutil.which("Rscript") is None:
        return False
    begin = PEER.strip().splitlines()[0]
    asked = ["Rscript", "-e", f"{begin}; quit(status = !requireNamespace('mmrm', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def compare(size: str, method: str) -> list[Row]:
    """Time one size and method; refuse to compare different answers."""
    patients, visits, fits = SIZES[size]
    table = trial(patients, visits, seed=patients)
    model = stats.MixedModel(outcome="change", fixed="arm * visit + baseline * visit", df=method)
    what = f"mixed model, {size}, unstructured, {method}"

    def work() -> None:
        for _ in range(fits):
            stats.mmrm(table, model)

    _, seconds = cpu_seconds(work)
    rows = [(what, f"{1000 * seconds / fits:,.0f} ms")]
    if not peer_is_there():
        return [*rows, (f"{what}, R mmrm", "skipped: R does not know mmrm")]
    with tempfile.TemporaryDirectory() as folder:
        table.write_csv(path := Path(folder) / "trial.csv")
        peer = of_peer(path, METHODS[method], fits)
    means = stats.mmrm(table, model).table.filter(kind="mean")["value"].to_numpy()
    theirs = peer[1].reshape(visits, 2).T.ravel()
    if not np.allclose(means, theirs, rtol=1e-3, atol=1e-3):
        raise SystemExit("mmrm and ranvier disagree: nothing to compare")
    return [
        *rows,
        (f"{what}, R mmrm", f"{1000 * peer[0]:,.0f} ms"),
        ("  ratio", f"{peer[0] / (seconds / fits):.1f} times"),
    ]


def mixed_models() -> list[Row]:
    """Both sizes, both methods."""
    return [row for size in SIZES for method in METHODS for row in compare(size, method)]


COMPARISONS = [mixed_models]

if __name__ == "__main__":
    for what, figure in mixed_models():
        print(f"{what:<70}  {figure:>12}")
