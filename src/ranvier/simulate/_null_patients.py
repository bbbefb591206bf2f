"""The patients of a trial at hand as the null band needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier import course, scales
from ranvier.result import LeftOut, plural
from ranvier.simulate._attacks import DAYS_PER_YEAR
from ranvier.simulate.phenotypes import PHENOTYPES
from ranvier.tables import EDSS_STEPS
from ranvier.trial import Endpoint, Trial

__all__ = ["History", "Known", "changes_of", "histories_of", "known_patients", "plan_of", "refusals_of"]

DEFAULT_RULE = "edss-1.0-or-0.5"
"""Responder rule when the protocol names none, as in the analysis of a trial."""
YEAR_BEFORE = 365.0
"""Days before the first dose whose relapses are on record, as in `course.relapse_rate`."""
FURTHEST = 731.0
"""Days before the first dose from which an attack still raises the EDSS by nothing that matters."""


@dataclass(frozen=True, kw_only=True)
class History:
    """What is known of the attacks of one patient before day 0."""

    attacks: tuple[float, ...]
    count: int
    years: float
    known: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """Patients of one course with a baseline and a final EDSS, in half points.

    `final` is None where a report gives no value of single patients.
    """

    phenotype: str
    histories: tuple[History, ...]
    base: NDArray[np.int8]
    base_day: NDArray[np.float32]
    final_day: NDArray[np.float32]
    final: NDArray[np.int16] | None = None


def plan_of(trial: Trial) -> tuple[str, str]:
    """Give the responder rule and the visit that the result is read from, as the analysis does."""
    edss = [part for part in trial.protocol.endpoints if part.kind in ("edss_responder", "edss_change")]
    endpoint: Endpoint | None = min(edss, key=lambda part: not part.primary, default=None)
    rule = endpoint.definition if endpoint and endpoint.definition else DEFAULT_RULE
    visit = endpoint.visit if endpoint and endpoint.visit else trial.protocol.schedule["visit"][-1]
    return rule, str(visit)


def people_of(trial: Trial) -> pl.DataFrame:
    """Give the treated patients with the course that they are simulated by; null when there is none."""
    name = (
        pl.when(pl.col("diagnosis") == "NMOSD")
        .then(pl.lit("NMOSD"))
        .when(pl.col("diagnosis") == "MS")
        .then(pl.col("phenotype"))
    )
    return trial.subjects.filter(pl.col("treated")).with_columns(name.alias("course"))


def changes_of(trial: Trial, rule: course.ChangeRule, visit: str) -> pl.DataFrame:
    """Give baseline, final value and days of each treated patient with both, and the course."""
    scored = scales.edss(
        trial.visits,
        ambulation_coding=trial.protocol.ambulation_coding or "0-16",
        scheme=trial.protocol.edss_scheme,
    )
    visits = trial.visits.with_columns(scored.table["edss"])
    people = people_of(trial)
    change = course.change(visits, trial.protocol.schedule, rule=rule, subjects=people["subject"].to_list())
    rows = change.table.filter(pl.col("visit") == visit)
    return rows.join(people, on="subject", how="left").sort("subject")


def histories_of(trial: Trial, subjects: list[str]) -> dict[str, History]:
    """Give what is known of the attacks of each patient before day 0."""
    before: dict[str, list[float]] = {}
    for subject, day in trial.relapses.select("subject", "day").drop_nulls().iter_rows():
        if day < 0:
            before.setdefault(subject, []).append(float(day))
    last = dict(trial.subjects.select("subject", "last_attack_day").iter_rows())
    return {name: _history(before.get(name, []), last.get(name)) for name in subjects}


def _history(before: list[float], last: int | None) -> History:
    """Put the relapses of the year before and the last attack together.

    Without a relapse on record and without a last attack nothing is known, even where relapses were recorded:
    they may have been recorded from the first dose on only.
    """
    days = set(before)
    if last is not None:
        days.add(float(min(last, 0)))
    if not days:
        return History(attacks=(), count=0, years=0.0, known=False)
    years = max(YEAR_BEFORE, -max(days))
    count = sum(day >= -years for day in days)
    near = tuple(sorted(day for day in days if day >= -FURTHEST))
    return History(attacks=near, count=count, years=years / DAYS_PER_YEAR, known=True)


def known_patients(
    rows: pl.DataFrame, histories: dict[str, History]
) -> tuple[list[Known], tuple[LeftOut, ...]]:
    """Sort the patients by course, and say who cannot be simulated."""
    steps = list(EDSS_STEPS[:-1])
    usable = rows.filter(pl.col("course").is_in(list(PHENOTYPES)) & pl.col("baseline").is_in(steps))
    left = rows.height - usable.height
    found = [
        Known(
            phenotype=name,
            histories=tuple(histories[subject] for subject in part["subject"]),
            base=(2 * part["baseline"].to_numpy()).astype(np.int8),
            base_day=part["baseline_day"].to_numpy().astype(np.float32),
            final=(2 * part["value"].to_numpy()).astype(np.int16),
            final_day=part["day"].to_numpy().astype(np.float32),
        )
        for name in PHENOTYPES
        if (part := usable.filter(pl.col("course") == name)).height
    ]
    reason = "patients whose course (RRMS, SPMS, PPMS or NMOSD) is not known, or who began at EDSS 10"
    return found, (LeftOut(n=left, reason=reason),)


def refusals_of(rows: pl.DataFrame, histories: dict[str, History]) -> tuple[str, ...]:
    """Say why improvement cannot be interpreted; nothing when it can."""
    relapsing = rows.filter(pl.col("course").fill_null("") != "PPMS")
    attack = [name for name in relapsing["subject"] if not histories[name].known]
    rescue = relapsing.filter(pl.col("last_rescue_day").is_null()).height
    said = []
    if attack:
        said.append(f"the day of the last attack is not known in {len(attack)}")
    if rescue:
        said.append(f"the day of the last steroid pulse or plasma exchange is not known in {rescue}")
    if not said:
        return ()
    sentence = (
        f"Improvement cannot be interpreted: of {plural(relapsing.height, 'patient')} who can have attacks, "
        f"{' and '.join(said)}. Recovery from an attack before the first dose would look like an effect."
    )
    return (sentence,)
