"""Write a small simulated registry, apply 360 definitions to it and print what they find.

Run it from the root of the checkout: ``python examples/multiverse/make_registry.py [FOLDER]``. Nothing here
is a patient. The rates are round numbers chosen to give an ordinary mixed clinic, not estimates.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import polars as pl

from ranvier import course

SEED = 20_250_101
N_PATIENTS = 1_000
STEPS = np.array([0.0, *(step / 2 for step in range(2, 21))])


SHARES = np.array([6, 14, 14, 12, 10, 9, 8, 7, 6, 5, 5, 4]) / 100
"""Share of patients who start at EDSS 1.0, 1.5, ..., 6.5."""


def registry(seed: int, n: int = N_PATIENTS) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give visits and relapses: silent worsening, relapses that mostly recover, rater error."""
    visits: list[tuple[str, int, float]] = []
    relapses: list[tuple[str, int]] = []
    for number, child in enumerate(np.random.SeedSequence(seed).spawn(n)):
        rng = np.random.default_rng(child)
        subject = f"SIM-{number:04d}"
        years = rng.uniform(3, 12)
        planned = np.arange(0, 365 * years, 182)
        days = np.sort(planned + np.r_[0, rng.integers(-45, 46, len(planned) - 1)]).astype(int)
        start = rng.choice(np.arange(1, 13), p=SHARES)
        steps = np.sort(rng.uniform(0, 365 * years, rng.poisson(rng.gamma(0.8, 0.08) * years)))
        onsets = np.sort(rng.uniform(0, 365 * years, rng.poisson(rng.gamma(1.24, 0.35) * years))).astype(int)
        peaks, left = rng.integers(1, 4, len(onsets)), rng.random(len(onsets)) < 0.3
        extra = onsets[rng.random(len(onsets)) < 0.5] + 10
        days = np.unique(np.r_[days, extra])
        for day in days:
            since = day - onsets
            acute = (peaks * np.exp(-np.maximum(since, 0) / 45.0) * (since >= 0)).sum()
            level = start + 2 * (steps <= day).sum() + (left & (since >= 0)).sum() + round(float(acute))
            error = rng.choice([-2, -1, 0, 1, 2], p=[0.00975, 0.034, 0.9125, 0.034, 0.00975])
            visits.append((subject, int(day), float(STEPS[int(np.clip(level + error, 0, 18))])))
        relapses += [(subject, int(day)) for day in np.unique(onsets)]
    return (
        pl.DataFrame(visits, schema=["subject", "day", "edss"], orient="row"),
        pl.DataFrame(relapses, schema=["subject", "day"], orient="row"),
    )


def definitions() -> course.Grid:
    """Give the 360 definitions of the page docs/definitions/multiverse.md."""
    none, joined = course.Around(), course.Around(before=None, after=None)
    since_reference = course.RelapseFree(
        preceding=course.Around(before=0, after=None),
        event=joined,
        confirmation=course.Around(before=None, after=0),
    )
    since_last_visit = dataclasses.replace(since_reference, preceding_visit="last")
    return course.grid(
        course.PIRA_12W,
        {
            "confirmation.windows": [course.Window(days=days, left=7, right=730) for days in (84, 168, 336)],
            "confirmation.to_end": [False, True],
            "baseline.scheme": ["fixed", "roving", "on improvement"],
            "baseline.after_relapse": [False, True],
            "relapses.free": [
                course.RelapseFree(),
                course.RelapseFree(confirmation=none),
                course.RelapseFree(event=course.Around(before=30, after=30), confirmation=none),
                since_reference,
                since_last_visit,
            ],
            "rule": ["A", "B"],
        },
    )


def main(folder: Path | None) -> course.Multiverse:
    """Run the 360 definitions, print what they find, and write the tables where a folder is given."""
    visits, relapses = registry(SEED)
    found = course.multiverse(visits, relapses, definitions=definitions(), show_progress=True)
    rates = found.table["events_per_10_years"]
    counts = found.table["n_with_event"]
    print(f"Simulated: {len(found.subjects)} patients, {visits.height} visits, {relapses.height} relapses.")
    print(f"Patients with PIRA: {counts.min()} to {counts.max()}, {counts.max() / counts.min():.1f} times.")
    print(f"Events per 10 patient-years: {rates.min():.3f} to {rates.max():.3f}.")
    print(f"All definitions agree on {100 * found.concordance():.1f} % of the patients that any flags.")
    with pl.Config(tbl_cols=-1, fmt_str_lengths=60, tbl_width_chars=200, float_precision=3):
        print(found.influence().select("option", "lowest", "lowest_mean", "highest", "highest_mean", "range"))
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        visits.write_csv(folder / "visits.csv")
        relapses.write_csv(folder / "relapses.csv")
        found.table.write_csv(folder / "multiverse.csv")
        found.plot().figure.savefig(folder / "multiverse.svg")
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
