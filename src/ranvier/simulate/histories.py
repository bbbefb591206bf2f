"""Virtual patients of one course, followed without treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import InputError
from ranvier.result import json_ready, plural
from ranvier.simulate._attacks import draw_attacks
from ranvier.simulate._lesions import DAYS_PER_MONTH, draw_births
from ranvier.simulate._people import draw_steps, enter, follow
from ranvier.simulate._ratings import noise_of
from ranvier.simulate._sight import COLUMNS, draw_sight
from ranvier.simulate._streams import digest, said, stream, whole
from ranvier.simulate.entry_criteria import EntryCriteria
from ranvier.simulate.eyes import EYES
from ranvier.simulate.phenotypes import Phenotype
from ranvier.simulate.phenotypes import phenotype as by_name
from ranvier.simulate.scenarios import Scenario
from ranvier.simulate.scenarios import scenario as noise_by_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["VirtualPatients", "natural_history"]

LONGEST = 36_525
"""Days in 100 years."""
DRAWN = 60
"""Patients drawn as lines; more cannot be told apart."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VirtualPatients:
    """Virtual patients and what happened to them without treatment.

    Parameters
    ----------
    phenotype : Phenotype
        Course, with the source of each number.
    scenario : Scenario
        Noise of the EDSS.
    entry : EntryCriteria
        Who was taken.
    seed : int
        Seed of the random numbers.
    patients : polars.DataFrame
        Columns subject, rate_per_year (own rate of attacks), stable_edss (level at entry behind all noise;
        with a matrix the state).
    visits : polars.DataFrame
        Columns subject, day, edss (as written).
    relapses : polars.DataFrame
        Columns subject, day (negative: before entry), rise, residual (both EDSS points).
    lesions : polars.DataFrame
        Columns subject, month (1 = the first after the first visit), new_t2; empty where scans are not
        simulated.
    eyes : polars.DataFrame
        Columns subject, day, acuity_right_logmar, acuity_left_logmar, p100_right_ms, p100_left_ms.
    """

    phenotype: Phenotype
    scenario: Scenario
    entry: EntryCriteria
    seed: int
    patients: pl.DataFrame
    visits: pl.DataFrame
    relapses: pl.DataFrame
    lesions: pl.DataFrame
    eyes: pl.DataFrame

    def explain(self) -> str:
        """Say who was simulated and from which numbers.

        Returns
        -------
        str
            Sentences, one line for each number of the model.
        """
        n, visits = self.patients.height, self.visits["day"].n_unique()
        return (
            f"{plural(n, 'virtual patient')} with {self.phenotype.name}, {plural(visits, 'visit')}, without "
            f"treatment; entry: {self.entry.text()}; {self.scenario.text()}; seed {self.seed}.\n"
            f"{self.phenotype.explain()}\nEyes:\n{EYES[self.phenotype.disease].explain()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; tables become lists of rows.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the EDSS of the first patients and the mean of all.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.4, 3.6), layout="constrained").add_subplot()
        wide = self.visits.pivot(on="subject", index="day", values="edss").sort("day")
        months = wide["day"].to_numpy() / DAYS_PER_MONTH
        values = wide.drop("day").to_numpy()
        ax.plot(months, values[:, :DRAWN], color="C0", alpha=0.18, linewidth=1)
        ax.plot(months, values.mean(axis=1), color="C1", linewidth=2.4, label=f"mean of {values.shape[1]}")
        ax.set_xlabel("months from entry")
        ax.set_ylabel("EDSS")
        ax.set_title(f"{self.phenotype.name} without treatment, virtual patients")
        ax.legend(frameon=False)
        return ax

    def _repr_html_(self) -> str:
        return f"<p><strong>Virtual patients</strong>: {escape(self.explain().splitlines()[0])}</p>"


def natural_history(
    phenotype: Phenotype | str,
    *,
    n: int,
    days: Sequence[int],
    seed: int,
    entry: EntryCriteria | None = None,
    scenario: Scenario | str = "low",
) -> VirtualPatients:
    r"""Give virtual patients of one course, followed without treatment.

    Parameters
    ----------
    phenotype : Phenotype or str
        Course, or its name.
    n : int
        Patients, 1 or more.
    days : sequence of int
        Days of the visits, rising; the first is the baseline (day 0 or before), at which the entry criteria
        hold, the others come after day 0.
    seed : int
        Equal seeds give equal patients.
    entry : EntryCriteria, optional
        Who is taken; everybody with an EDSS of 0 to 6.5 when None.
    scenario : Scenario or str
        Noise of the EDSS.

    Returns
    -------
    VirtualPatients
        Tables of patients, visits, relapses, lesions and eyes.

    Raises
    ------
    InputError
        When n is below 1, days are out of order, or hardly any virtual patient meets the entry criteria.

    Notes
    -----
    The level behind the EDSS is :math:`y(t) = s(t) + f(t) + \sum_i R_i + (P_i - R_i) e^{-(t - t_i)/\tau}`.
    Attacks come at days :math:`t_i` from a Poisson process whose rate is the patient's own (gamma);
    each lifts the EDSS by :math:`P_i` (gamma), of which a beta-distributed part stays, :math:`R_i`. The
    stable level s moves by relapse-independent steps (+1.0 below 5.5, +0.5 from 5.5); f is a stationary
    Gaussian process with correlation :math:`e^{-|t|/\theta}`. The nearest step of the scale is then rated
    with error. Patients are drawn with a history of at least two years and a stable level that is equally
    likely everywhere around the EDSS asked for; those who meet the entry criteria are taken, so that
    regression to the mean arises by itself. A phenotype with a matrix has a Markov chain on the states of the
    matrix in place of y, see `Phenotype.with_matrix`. For the eyes see `Eyes`.

    References
    ----------
    The sources of `simulate.parameters`; their comparison with the simulation is in the validation pages.

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.simulate.natural_history("SPMS", n=100, days=[0, 182, 365], seed=3)
    >>> found.visits.height, found.patients.columns
    (300, ['subject', 'rate_per_year', 'stable_edss'])
    """
    size, start = whole("n", n, 1), whole("seed", seed, 0)
    course = by_name(phenotype) if isinstance(phenotype, str) else phenotype
    chosen = noise_by_name(scenario) if isinstance(scenario, str) else scenario
    criteria = EntryCriteria() if entry is None else entry
    visits = _visit_days(days)
    what = digest([said(course.to_dict()), criteria.to_dict(), visits, size])
    rng, noise = stream(start, what, chosen.name, 0), noise_of(course, chosen)
    people = enter(rng, size, course, noise, entry=criteria, base_days=(visits[0], visits[0]))
    horizon = float(max(visits[-1], 1))
    attacks = draw_attacks(rng, people.rates, (0.0, horizon), course)
    steps = draw_steps(rng, size, horizon, course.steps_per_year.value)
    later = [float(day) for day in visits[1:]]
    written = [people.base, *follow(rng, people, list(later), noise, attacks=attacks, steps=steps)]
    names = pl.Series("subject", [f"V{place:07d}" for place in range(1, size + 1)])
    lesions = _lesion_rows(rng, names, course, horizon - visits[0])
    placed = np.tile(np.array(visits, dtype=np.float32), (size, 1))
    sight = draw_sight(rng, placed, course, chosen)
    return VirtualPatients(
        phenotype=course,
        scenario=chosen,
        entry=criteria,
        seed=start,
        patients=pl.DataFrame([names]).with_columns(
            rate_per_year=pl.Series(people.rates.astype(np.float64)),
            stable_edss=pl.Series(people.stable.astype(np.float64)),
        ),
        visits=_long(names, visits, "day", "edss", np.column_stack(written) / 2),
        relapses=_relapse_rows(names, [people.past, attacks]),
        lesions=lesions,
        eyes=_long(names, visits, "day", COLUMNS[0], sight.column(COLUMNS[0])).with_columns(
            pl.Series(name, sight.column(name).ravel()) for name in COLUMNS[1:]
        ),
    )


def _visit_days(days: Sequence[int]) -> list[int]:
    """Give the days of the visits, or refuse them."""
    visits = [whole("a day of days", day, -LONGEST) for day in days]
    rising = all(first < second for first, second in pairwise(visits))
    placed = bool(visits) and visits[0] <= 0 and all(0 < day <= LONGEST for day in visits[1:])
    if not rising or not placed:
        raise InputError(
            f"days is {visits}; visits must be in order, the first on day 0 or before, the others "
            f"after it and within {LONGEST} days."
        )
    return visits


def _long(names: pl.Series, keys: Sequence[int], key: str, value: str, table: Any) -> pl.DataFrame:
    """Write a table with one row for each patient and one column for each key as rows."""
    return pl.DataFrame(
        {
            "subject": names.gather(np.repeat(np.arange(len(names)), len(keys))),
            key: np.tile(np.array(keys, dtype=np.int64), len(names)),
            value: np.asarray(table).ravel(),
        }
    )


def _relapse_rows(names: pl.Series, parts: list[Any]) -> pl.DataFrame:
    frames = [
        pl.DataFrame(
            {
                "subject": names.gather(part.who),
                "day": np.floor(part.day).astype(np.int64),
                "rise": part.peak.astype(np.float64),
                "residual": part.residual.astype(np.float64),
            }
        )
        for part in parts
    ]
    return pl.concat(frames).sort("subject", "day")


def _lesion_rows(rng: np.random.Generator, names: pl.Series, course: Phenotype, span: float) -> pl.DataFrame:
    if course.new_t2_per_year is None:
        return pl.DataFrame(schema={"subject": pl.String, "month": pl.Int64, "new_t2": pl.Int64})
    months = max(1, round(span / DAYS_PER_MONTH))
    births = draw_births(rng, len(names), months, course).astype(np.int64)
    return _long(names, range(1, months + 1), "month", "new_t2", births)
