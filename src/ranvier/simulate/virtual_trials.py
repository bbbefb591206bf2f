"""One virtual trial: the same tables that reading a trial makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from ranvier.errors import InputError
from ranvier.simulate._attacks import DAYS_PER_YEAR, last_days
from ranvier.simulate._cohort import Cohort, draw_cohort, planned
from ranvier.simulate._lesions import DAYS_PER_MONTH
from ranvier.simulate._sight import COLUMNS
from ranvier.simulate._streams import stream, whole
from ranvier.simulate.designs import Design
from ranvier.simulate.entry_criteria import LONGEST_DAYS
from ranvier.tables import parse
from ranvier.trial import Arm, Trial

__all__ = ["trial"]

PRODUCTS = {
    "MSC": "msc",
    "MSC-NP": "msc_np",
    "MSC-NTF": "msc_ntf",
    "NSC": "nsc",
    "BM-MNC": "bm_mnc",
    "SVF": "svf",
    "aHSCT": "ahsct",
}
"""Codes of the table of doses, by class of cells."""

ATTACKS_SPARE_EYES = "Attacks of optic neuritis change neither acuity nor P100 here: no number has a source."

Rows = dict[str, list[pl.DataFrame]]


def trial(design: Design, *, seed: int) -> Trial:
    """Give one virtual trial, in the same tables that reading a trial makes.

    Parameters
    ----------
    design : Design
        Protocol, patients, noise and effects.
    seed : int
        Equal seeds give equal trials.

    Returns
    -------
    Trial
        data_kind "simulated"; tables subjects, doses, visits and relapses, and mri and adverse_events where
        the design plans them. It has no finding of severity error.

    Raises
    ------
    InputError
        When the seed is no whole number, or hardly any virtual patient meets the entry criteria.

    Notes
    -----
    Sex, age and onset are not simulated and stay empty. Each attack counts as treated on the day it began:
    last_rescue_day is last_attack_day, and the model gives that treatment no effect of its own. The last
    attack of a patient without one in the simulated history is drawn from the patient's own rate, ten years
    back at most. New T2 lesions are counted since the scan before; an enhancing lesion arose in the month
    before the scan. Acuity and P100 are measured at planned visits only. In an arm with periods there is a
    dose on the first day of each, to patients who are still there.

    Examples
    --------
    >>> import ranvier as rv
    >>> protocol = rv.trial.Protocol(
    ...     id="virtual",
    ...     title="A virtual trial",
    ...     design="single_arm",
    ...     data_kind="simulated",
    ...     disease="MS",
    ...     arms=(rv.trial.Arm(id="msc", label="MSC", planned_n=10),),
    ...     visits=(
    ...         rv.trial.VisitWindow(label="baseline", day=0, window=(-14, 0), baseline=True),
    ...         rv.trial.VisitWindow(label="month 12", day=365, window=(-14, 14)),
    ...     ),
    ... )
    >>> design = rv.simulate.Design(protocol=protocol, groups=(rv.simulate.Group(phenotype="SPMS"),))
    >>> made = rv.simulate.trial(design, seed=1)
    >>> made.subjects.height, made.visits.filter(visit="month 12").height
    (10, 10)
    """
    if not isinstance(design, Design):
        raise InputError(f"design is a {type(design).__name__}; give a simulate.Design.")
    # When in its month a lesion arises has random numbers of its own, so that no other table moves by it.
    rng, of_scans = (
        stream(whole("seed", seed, 0), design.hash, design.noise_scenario.name, part) for part in (0, 1)
    )
    rows: Rows = {}
    made = 0
    for arm in design.protocol.arms:
        for group, n in zip(design.groups, design.counts(arm.id), strict=True):
            if n == 0:
                continue
            cohort = draw_cohort(rng, n, design, arm.id, group, unscheduled=design.unscheduled)
            names = np.array([f"V{made + place:04d}" for place in range(1, n + 1)])
            made += n
            _add_rows(rng, rows, design, arm, cohort, names)
            if design.scans and cohort.births is not None:
                rows.setdefault("mri", []).append(_scans(of_scans, design, cohort, names))
    raw = {name: pl.concat(frames, how="diagonal_relaxed") for name, frames in rows.items()}
    notes = (
        *design.protocol.notes,
        f"Simulated: seed {seed}, design {design.hash[:12]}, {design.noise_scenario.text()}.",
        "Sex, age and onset are not simulated; every attack counts as treated on the day it began.",
        *(group.course.matrix.explain() for group in design.groups if group.course.matrix is not None),
        *((ATTACKS_SPARE_EYES,) if design.acuity or design.p100 else ()),
    )
    return Trial(
        protocol=replace(design.protocol, notes=notes),
        tables={name: parse(name, frame, file=f"{name} (simulated)")[0] for name, frame in raw.items()},
    )


def _add_rows(
    rng: np.random.Generator, rows: Rows, design: Design, arm: Arm, cohort: Cohort, names: Any
) -> None:
    """Add the rows of one arm and course to every table."""
    frames = {
        "subjects": _subjects(rng, arm, cohort, names),
        "doses": _doses(design, arm, cohort, names),
        "visits": _visits(design, cohort, names),
        "relapses": _relapses(design, cohort, names),
    }
    if design.event_rates:
        frames["adverse_events"] = _events(rng, design, cohort, names)
    for name, frame in frames.items():
        rows.setdefault(name, []).append(frame)


def _subjects(rng: np.random.Generator, arm: Arm, cohort: Cohort, names: Any) -> pl.DataFrame:
    people, n = cohort.people, len(names)
    course = people.phenotype
    last = np.floor(last_days(people.past, n).astype(np.float64))
    longest = -float(LONGEST_DAYS)
    before = rng.standard_exponential(n) * DAYS_PER_YEAR / np.maximum(people.rates, 1e-6)
    last = np.maximum(np.where(np.isinf(last), np.floor(-730.5 - before), last), longest).astype(int)
    attack = last.tolist() if course.relapsing else [None] * n
    return pl.DataFrame(
        {
            "subject": names,
            "arm": [arm.id] * n,
            "diagnosis": [course.disease] * n,
            "phenotype": [None if course.disease == "NMOSD" else course.name] * n,
            "aqp4": ["positive" if course.disease == "NMOSD" else None] * n,
            "last_attack_day": attack,
            "last_rescue_day": attack,
            "enrolled_day": people.base_day.astype(int),
            "last_contact_day": cohort.last_day.astype(int),
            "treated": [True] * n,
        },
        schema_overrides={
            "phenotype": pl.String,
            "aqp4": pl.String,
            "last_attack_day": pl.Int64,
            "last_rescue_day": pl.Int64,
        },
    )


def _doses(design: Design, arm: Arm, cohort: Cohort, names: Any) -> pl.DataFrame:
    product = PRODUCTS.get(design.protocol.product.cell_class or "MSC", "msc")
    periods = design.periods(arm.id)
    control = arm.role == "control" and len(periods) == 1
    frames = []
    for period in periods:
        there = names[cohort.last_day >= period.from_day] if period.from_day else names
        given = "placebo" if control or period.placebo else product
        frames.append(
            pl.DataFrame({"subject": there}, schema={"subject": pl.String}).with_columns(
                day=pl.lit(period.from_day, dtype=pl.Int64), product=pl.lit(given)
            )
        )
    return pl.concat(frames).sort("subject", "day")


def _visits(design: Design, cohort: Cohort, names: Any) -> pl.DataFrame:
    labels = np.array([*(visit.label for visit in planned(design)), None], dtype=object)
    same = design.noise_scenario.rater == "same-rater"
    who, column = np.nonzero(cohort.taken() & (cohort.written >= 0))
    rows = pl.DataFrame(
        {
            "subject": names[who],
            "day": cohort.days[who, column].astype(int),
            "visit": labels[cohort.place[who, column]].tolist(),
            "rater": ["R1" if same else f"R{place + 1}" for place in column.tolist()],
            "edss": cohort.written[who, column] / 2,
        },
        schema_overrides={"visit": pl.String},
    )
    if cohort.sight is None:
        return rows
    measured = [name for name in COLUMNS if (design.acuity if name.startswith("acuity") else design.p100)]
    planned_visit = pl.col("visit").is_not_null()
    return rows.with_columns(
        pl.when(planned_visit).then(pl.Series(name, cohort.sight.column(name)[who, column])).alias(name)
        for name in measured
    )


def _relapses(design: Design, cohort: Cohort, names: Any) -> pl.DataFrame:
    past, new = cohort.people.past, cohort.attacks
    who = np.concatenate([past.who, new.who])
    day = np.floor(np.concatenate([past.day, new.day])).astype(int)
    rows = pl.DataFrame(
        {"subject": names[who], "day": day, "last": cohort.last_day[who].astype(int)},
        schema_overrides={"subject": pl.String},
    )
    kept = rows.filter(pl.col("day") <= pl.col("last")).unique(["subject", "day"]).sort("subject", "day")
    return kept.select("subject", "day", pl.lit(True).alias("rescue"), confirmed=pl.lit(design.unscheduled))


def _scans(rng: np.random.Generator, design: Design, cohort: Cohort, names: Any) -> pl.DataFrame:
    """Give the scans made; each lesion arises at any time of its month, so that it is seen or not yet."""
    births = cohort.births if cohort.births is not None else np.zeros((len(names), 1), dtype=np.int32)
    wanted = [place for place, visit in enumerate(planned(design)) if visit.label in design.scans]
    taken = cohort.taken()
    rows = []
    for number, name in enumerate(names):
        month = np.repeat(np.arange(-1, births.shape[1] - 1), births[number])
        born = month + rng.random(len(month))  # months since the first visit
        before: float | None = None
        for place in wanted:
            (found,) = np.nonzero((cohort.place[number] == place) & taken[number])
            if not len(found) or cohort.written[number, found[0]] < 0:
                continue
            day = float(cohort.days[number, found[0]])
            now = (day - float(cohort.people.base_day[number])) / DAYS_PER_MONTH
            there = born <= now
            new = None if before is None else int((there & (born > before)).sum())
            rows.append((name, int(day), "brain", int((there & (born > now - 1)).sum()), new))
            before = now
    columns = {"subject": pl.String, "day": pl.Int64, "region": pl.String}
    return pl.DataFrame(rows, schema={**columns, "gad_count": pl.Int64, "new_t2": pl.Int64}, orient="row")


def _events(rng: np.random.Generator, design: Design, cohort: Cohort, names: Any) -> pl.DataFrame:
    days = np.maximum(cohort.last_day.astype(int), 0)
    frames = []
    for event in design.event_rates:
        counts = rng.poisson(event.per_year * days / DAYS_PER_YEAR)
        who = np.repeat(np.arange(len(names)), counts)
        frames.append(
            pl.DataFrame(
                {
                    "subject": names[who],
                    "day": np.floor(rng.random(len(who)) * (days[who] + 1)).astype(int),
                    "term": [event.term] * len(who),
                    "grade": [event.grade] * len(who),
                    "serious": [event.serious] * len(who),
                },
                schema={
                    "subject": pl.String,
                    "day": pl.Int64,
                    "term": pl.String,
                    "grade": pl.Int64,
                    "serious": pl.Boolean,
                },
            )
        )
    return pl.concat(frames).unique(["subject", "day", "term"]).sort("subject", "day", "term")
