"""The null band of a trial at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np
import polars as pl

from ranvier import course
from ranvier.errors import InputError, require_choice
from ranvier.result import plural
from ranvier.simulate._edss_bands import band_of, by_model, edss_bands, estimate_of, observed_of
from ranvier.simulate._lesions import DAYS_PER_MONTH, draw_births, lesions_since
from ranvier.simulate._null_engine import draw_after
from ranvier.simulate._null_patients import (
    History,
    changes_of,
    histories_of,
    known_patients,
    people_of,
    plan_of,
    refusals_of,
)
from ranvier.simulate._streams import digest, stream, whole
from ranvier.simulate.null_result import Band, NullBand
from ranvier.simulate.phenotypes import PHENOTYPES
from ranvier.simulate.scenarios import SCENARIOS, Scenario, scenario
from ranvier.trial import Trial

__all__ = ["null_band"]

FEWEST_TRIALS = 100
UNKNOWN = (
    "Where the last attack is not known it is taken as more than a year ago with little noise, and as one to "
    "six months before the first dose with much noise (in a quarter of the patients with SPMS): the two "
    "distributions show how much depends on that one day."
)
LIMITS = (
    "The model is calibrated on placebo groups and holds no treatment; fluctuation within a patient is its "
    "least certain number, so that two scenarios are given. Stable levels of EDSS are taken as "
    "equally likely before the baseline was seen. Held against published yearly changes, falls of 0.5 are "
    "too frequent in the model and changes of 2.0 or more too rare: the chance of one large fall is "
    "understated."
)
POOLED = "Patients of all arms are taken together; with `arm` one arm stands alone."
METHOD = (
    "The patients of this trial were simulated {n_trials} times with no treatment effect: course, EDSS and "
    "day of the baseline, days of attacks before the first dose, and day of the final visit as recorded; "
    "relapses with recovery, relapse-independent steps, fluctuation and rater error from the parameters of "
    "natural history."
)


def null_band(
    trial: Trial,
    *,
    seed: int,
    n_trials: int = 10_000,
    scenarios: Sequence[Scenario | str] = ("low", "high"),
    rule: course.ChangeRule | str | None = None,
    visit: str | None = None,
    arm: str | None = None,
) -> NullBand:
    """Give what the endpoints of a trial do with no treatment effect, beside what was observed.

    Parameters
    ----------
    trial : Trial
        The trial at hand; its treated patients with a known course.
    seed : int
        Equal seeds give equal results.
    n_trials : int
        Virtual trials, 100 or more.
    scenarios : sequence of Scenario or str
        Noise of the EDSS; both are needed for a statement.
    rule : ChangeRule or str, optional
        What counts as improved; that of the EDSS endpoint when None, as in the analysis.
    visit : str, optional
        Label of the final visit; that of the EDSS endpoint when None, as in the analysis.

    arm : str, optional
        Id of an arm: only its patients; those of all arms together when None.

    Returns
    -------
    NullBand
        Distributions of: patients improved, mean change of EDSS, largest fall in one patient, change of the
        relapse rate (where relapses before and after are recorded), new T2 lesions on scans after the first
        dose (where they are recorded). Each as an estimate, too: mean with the central 95 % of the virtual
        trials. `interpretable` is False, and `refusals` says why, when the last attack or rescue of a patient
        who can have attacks is not known. Without any patient who can be simulated `bands` is empty.

    Raises
    ------
    InputError
        When the trial plans no visits, or an argument is not possible.

    Notes
    -----
    Given what is known of a patient, the state at the baseline is drawn from its distribution under a flat
    prior of stable levels, so that regression to the mean arises by itself. A patient with N attacks in T
    years has the rate Gamma(k + N, k / mean + T): a patient who enters after an attack is expected to have
    fewer afterwards. That is the whole of the change of the relapse rate. New T2 lesions are drawn from the
    rate of the course, whatever the patient had before; where that rate is an assumption the two scenarios
    take its lowest and highest value.

    References
    ----------
    Noseworthy et al. 1990, Neurology 40:971-975; Lublin et al. 2014, doi 10.1016/j.msard.2014.08.005; and
    the sources of `simulate.parameters`.

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> dahbour = rv.read_trial(examples() / "dahbour_2017")
    >>> band = rv.simulate.null_band(dahbour, seed=1, n_trials=1000)
    >>> band.interpretable, [part.observed for part in band.of("responders")]
    (False, [2.0, 2.0])
    """
    n = whole("n_trials", n_trials, FEWEST_TRIALS)
    whole("seed", seed, 0)
    if not isinstance(trial, Trial):
        raise InputError(f"trial is a {type(trial).__name__}; give a Trial, such as from read_trial.")
    if not trial.protocol.visits:
        raise InputError("trial.toml plans no visits; add [[visits]] with label, day and window.")
    if not scenarios:
        raise InputError(f"scenarios is empty; give some of {list(SCENARIOS)}.")
    if arm is not None:
        require_choice("arm", arm, [each.id for each in trial.protocol.arms])
        trial = trial.with_table("subjects", trial.subjects.filter(pl.col("arm") == arm))
    chosen = [scenario(each) if isinstance(each, str) else each for each in scenarios]
    planned_rule, planned_visit = plan_of(trial)
    judged = course.change_rule(rule or planned_rule) if not isinstance(rule, course.ChangeRule) else rule
    final = visit or planned_visit
    require_choice("visit", final, trial.protocol.schedule["visit"])
    rows = changes_of(trial, judged, final)
    people = people_of(trial)
    histories = histories_of(trial, people["subject"].to_list())
    known, left_out = known_patients(rows, histories)
    refusals = refusals_of(rows, histories)
    what = digest([trial.protocol.id, judged.to_dict(), final, rows.to_dicts(), n])
    bands = [
        *edss_bands(
            known,
            chosen,
            judged,
            by_model(lambda each: stream(seed, what, each.name, 0), n),
            when=f"at {final}",
            observed=observed_of(known, judged),
        ),
        *_relapse_band(trial, people, stream(seed, what, "relapses", 0), n),
        *_lesion_bands(trial, people, chosen, lambda each: stream(seed, what, each.name, 1), n),
    ]
    return NullBand(
        title="Null band: what happens with no treatment effect",
        estimates=tuple(estimate_of(band, left_out) for band in bands),
        method_text=METHOD.format(n_trials=f"{n:,}"),
        diagnostics={"seed": seed, "n_trials": n, "rule": judged.name, "visit": final},
        notes=_notes(trial, refusals, arm),
        bands=tuple(bands),
        interpretable=not refusals,
        refusals=refusals,
        assumptions=tuple(PHENOTYPES[part.phenotype].explain() for part in known),
    )


def _notes(trial: Trial, refusals: tuple[str, ...], arm: str | None) -> tuple[str, ...]:
    """Give what a reader must not miss."""
    unknown = any("last attack" in said for said in refusals)
    pooled = arm is None and len(trial.protocol.arms) > 1
    return (*((UNKNOWN,) if unknown else ()), *((POOLED,) if pooled else ()), LIMITS)


def _relapse_band(trial: Trial, people: pl.DataFrame, rng: np.random.Generator, n_trials: int) -> list[Band]:
    """Give the band of the change of the relapse rate, when relapses before and after are on record."""
    if "relapses" not in trial.recorded:
        return []
    counted = course.relapse_rate(trial.relapses, trial.subjects).table
    wide = counted.pivot(on="period", index="subject", values=["relapses", "years"]).sort("subject")
    usable = wide.join(people.select("subject", "course"), on="subject").filter(
        pl.col("course").is_in(list(PHENOTYPES))
    )
    sums = {
        name: float(sum(usable[name])) for name in usable.columns if name.startswith(("relapses", "years"))
    }
    if not all(sums.get(name) for name in ("relapses_before", "years_before", "years_after")):
        return []
    before = sums["relapses_before"] / sums["years_before"]
    after = np.zeros(n_trials, dtype=np.int64)
    for name in PHENOTYPES:
        part = usable.filter(pl.col("course") == name)
        seen = [
            History(attacks=(), count=row["relapses_before"], years=row["years_before"], known=True)
            for row in part.iter_rows(named=True)
        ]
        after += draw_after(rng, PHENOTYPES[name], seen, part["years_after"].to_numpy(), n_trials)
    observed = sums["relapses_after"] / sums["years_after"] / before - 1
    words = ("change of the relapse rate from the year before the first dose", "share")
    values = after / sums["years_after"] / before - 1
    return [band_of("relapse_change", "both", words, values, observed, usable.height)]


def _lesion_bands(
    trial: Trial,
    people: pl.DataFrame,
    scenarios: list[Scenario],
    random: Callable[[Scenario], np.random.Generator],
    n_trials: int,
) -> list[Band]:
    """Give the bands of new T2 lesions on scans after the first dose, when they are on record.

    They may have come since the scan before the first dose, if there was one; else since the first dose.
    """
    scans = trial.mri.filter(region="brain")
    counted = (
        scans.filter(pl.col("new_t2").is_not_null(), pl.col("day") > 0)
        .group_by("subject")
        .agg(pl.col("new_t2").sum(), pl.col("day").max())
    )
    before = scans.filter(pl.col("day") <= 0).group_by("subject").agg(since=pl.col("day").max())
    counted = counted.join(before, on="subject", how="left").with_columns(pl.col("since").fill_null(0))
    courses = [name for name, each in PHENOTYPES.items() if each.new_t2_per_year is not None]
    rows = counted.join(people.select("subject", "course"), on="subject").sort("subject")
    rows = rows.filter(pl.col("course").is_in(courses))
    if rows.is_empty():
        return []
    words = (f"new T2 lesions on scans after the first dose in {plural(rows.height, 'patient')}", "lesions")
    found = []
    for each in scenarios:
        rng, total = random(each), np.zeros(n_trials, dtype=np.int64)
        for name, days in rows.select("course", pl.col("day") - pl.col("since")).iter_rows():
            rate = PHENOTYPES[name].new_t2_per_year
            bound = None if rate is None else (rate.low if each.fluctuation == "low" else rate.high)
            ratio = 1.0 if rate is None or bound is None else bound / rate.value
            months = days / DAYS_PER_MONTH
            births = draw_births(rng, n_trials, ceil(months) + 1, PHENOTYPES[name], ratio=ratio)
            total += lesions_since(rng, births, np.full(n_trials, months))
        found.append(band_of("new_t2", each.name, words, total, float(sum(rows["new_t2"])), rows.height))
    return found
