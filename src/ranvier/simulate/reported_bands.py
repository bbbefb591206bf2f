"""The null band of a trial of which only a report is at hand: counts of patients, not the patients."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier import course
from ranvier.errors import InputError, require_choice
from ranvier.result import plural
from ranvier.simulate._attacks import DAYS_PER_YEAR
from ranvier.simulate._edss_bands import by_model, edss_bands, estimate_of
from ranvier.simulate._lesions import DAYS_PER_MONTH
from ranvier.simulate._null_patients import DEFAULT_RULE, FURTHEST, History, Known
from ranvier.simulate._streams import digest, stream, whole
from ranvier.simulate.null_bands import FEWEST_TRIALS, LIMITS, UNKNOWN
from ranvier.simulate.null_result import NullBand
from ranvier.simulate.phenotypes import PHENOTYPES
from ranvier.simulate.scenarios import SCENARIOS
from ranvier.tables import EDSS_STEPS

__all__ = ["ReportedPatients", "reported_null_band"]

LONGEST_MONTHS = 1_200

METHOD = (
    "{who} were simulated {n_trials} times with no treatment effect from what a report says of them: {edss} "
    "at the first dose, the final visit after {months} months{attack}; relapses with recovery, "
    "relapse-independent steps, fluctuation and rater error from the parameters of natural history."
)
SPREAD = (
    "The patients themselves are not at hand: their EDSS at the first dose is taken as evenly spread over "
    "what was reported, and alike in every course."
)


@dataclass(frozen=True, kw_only=True)
class ReportedPatients:
    """What a report says of its patients, as far as a null band needs it.

    Parameters
    ----------
    courses : mapping of str to int
        Patients of each course, such as {"SPMS": 8, "RRMS": 2} (kept as pairs).
    edss : tuple of two floats
        Lowest and highest EDSS at the first dose, 0 to 9.5; twice the mean where only a mean was reported.
    months : float
        Months from the first dose to the visit that was reported, above 0.
    last_attack_days : tuple of two floats, optional
        Days between the last attack (or its treatment) and the first dose, fewest and most; None when they
        were not reported.

    Raises
    ------
    InputError
        When a course, count, range or number is not possible.

    Examples
    --------
    >>> ReportedPatients(courses={"SPMS": 8, "RRMS": 2}, edss=(3.0, 6.0), months=12).n
    10
    """

    courses: Mapping[str, int] | tuple[tuple[str, int], ...]
    edss: tuple[float, float]
    months: float
    last_attack_days: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        given = dict(self.courses)
        for name in given:
            require_choice("course", name, PHENOTYPES)
        counts = {name: whole(f"patients with {name}", n, 0) for name, n in given.items()}
        if not sum(counts.values()):
            raise InputError(f"courses is {given}; it must hold at least one patient.")
        kept = tuple((name, counts[name]) for name in PHENOTYPES if counts.get(name))
        object.__setattr__(self, "courses", kept)
        object.__setattr__(self, "edss", _range("edss", self.edss, (0.0, 9.5)))
        if not 0 < self.months <= LONGEST_MONTHS:
            raise InputError(f"months is {self.months!r}; it must be above 0 and at most {LONGEST_MONTHS:,}.")
        object.__setattr__(self, "months", float(self.months))
        if self.last_attack_days is not None:
            days = _range("last_attack_days", self.last_attack_days, (0.0, DAYS_PER_MONTH * LONGEST_MONTHS))
            object.__setattr__(self, "last_attack_days", days)

    @property
    def counts(self) -> dict[str, int]:
        """Give the patients of each course."""
        return dict(self.courses)

    @property
    def n(self) -> int:
        """Give the number of patients."""
        return sum(self.counts.values())

    @property
    def relapsing(self) -> int:
        """Give the patients who can have attacks."""
        return sum(n for name, n in self.counts.items() if PHENOTYPES[name].relapsing)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self) | {"courses": self.counts}


def reported_null_band(
    patients: ReportedPatients,
    *,
    seed: int,
    improved: int | None = None,
    mean_change: float | None = None,
    rule: course.ChangeRule | str = DEFAULT_RULE,
    n_trials: int = 10_000,
) -> NullBand:
    """Give what a trial shows with no treatment effect when only a report of it is at hand.

    Parameters
    ----------
    patients : ReportedPatients
        Courses, EDSS, months and last attack, as reported.
    seed : int
        Equal seeds give equal results.
    improved : int, optional
        Patients reported as improved.
    mean_change : float, optional
        Reported change of the mean EDSS, below 0 for a fall.
    rule : ChangeRule or str
        What counts as improved.
    n_trials : int
        Virtual trials, 100 or more.

    Returns
    -------
    NullBand
        Distributions of patients improved, mean change of EDSS and largest fall in one patient, with little
        and with much noise. `interpretable` is False when the last attack of patients who can have attacks
        was not reported.

    Raises
    ------
    InputError
        When a number is not possible.

    See Also
    --------
    null_band : The same for a trial whose patients are at hand.

    Notes
    -----
    The baselines are spread evenly over the reported range (to the steps of the scale; around a mean, the two
    steps beside it in the numbers that give the mean), and so are the days of the last attack. All else is as
    in `null_band`.

    Examples
    --------
    >>> import ranvier as rv
    >>> ten = rv.simulate.ReportedPatients(courses={"SPMS": 8, "RRMS": 2}, edss=(3.0, 6.0), months=12)
    >>> band = rv.simulate.reported_null_band(ten, improved=2, rule="edss-0.5", seed=1, n_trials=1000)
    >>> band.interpretable, [part.chance > 0.3 for part in band.of("responders")]
    (False, [True, True])
    """
    trials, start = whole("n_trials", n_trials, FEWEST_TRIALS), whole("seed", seed, 0)
    if not isinstance(patients, ReportedPatients):
        raise InputError(f"patients is a {type(patients).__name__}; give simulate.ReportedPatients.")
    _check(improved, mean_change, patients.n)
    judged = course.change_rule(rule) if isinstance(rule, str) else rule
    what = digest([patients.to_dict(), judged.to_dict(), trials])
    observed = {"responders": improved, "edss_change": mean_change}
    bands = edss_bands(
        [_patients(name, n, patients) for name, n in patients.counts.items()],
        list(SCENARIOS.values()),
        judged,
        by_model(lambda each: stream(start, what, each.name, 0), trials),
        when=f"after {patients.months:g} months",
        observed={name: float(value) for name, value in observed.items() if value is not None},
    )
    refusals = _refusals(patients)
    return NullBand(
        title="Null band: what happens with no treatment effect",
        estimates=tuple(estimate_of(band, ()) for band in bands),
        method_text=_method(patients, trials),
        diagnostics={"seed": start, "n_trials": trials, "rule": judged.name, "months": patients.months},
        notes=(*((UNKNOWN,) if refusals else ()), SPREAD, LIMITS),
        bands=tuple(bands),
        interpretable=not refusals,
        refusals=refusals,
        assumptions=tuple(PHENOTYPES[name].explain() for name in patients.counts),
    )


def _method(patients: ReportedPatients, trials: int) -> str:
    low, high = patients.edss
    days = patients.last_attack_days
    return METHOD.format(
        who=" and ".join(f"{plural(n, 'patient')} with {name}" for name, n in patients.counts.items()),
        n_trials=f"{trials:,}",
        edss=f"EDSS {low:.1f}" if low == high else f"EDSS {low:.1f} to {high:.1f}",
        months=f"{patients.months:g}",
        attack="" if days is None else f", the last attack {days[0]:.0f} to {days[1]:.0f} days before",
    )


def _range(name: str, given: Any, allowed: tuple[float, float]) -> tuple[float, float]:
    """Check two numbers in order inside what is allowed."""
    try:
        low, high = (float(each) for each in given)
    except (TypeError, ValueError):
        raise InputError(f"{name} is {given!r}; give the lowest and the highest value.") from None
    if not allowed[0] <= low <= high <= allowed[1]:
        raise InputError(
            f"{name} is {given!r}; give the lowest and the highest value, in order, from {allowed[0]:g} to "
            f"{allowed[1]:g}."
        )
    return low, high


def _check(improved: int | None, mean_change: float | None, n: int) -> None:
    if improved is not None and whole("improved", improved, 0) > n:
        raise InputError(f"improved is {improved} of {plural(n, 'patient')}; it cannot be more than all.")
    if mean_change is not None and not -10 <= mean_change <= 10:
        raise InputError(f"mean_change is {mean_change!r}, larger than the scale; it must be from -10 to 10.")


def _patients(name: str, n: int, patients: ReportedPatients) -> Known:
    """Spread the patients of one course over what was reported."""
    final_day = round(patients.months * DAYS_PER_MONTH)
    days = patients.last_attack_days if PHENOTYPES[name].relapsing else None
    return Known(
        phenotype=name,
        histories=tuple(_history(day) for day in _attack_days(n, days)),
        base=_baselines(n, *patients.edss),
        base_day=np.zeros(n, dtype=np.float32),
        final_day=np.full(n, final_day, dtype=np.float32),
    )


def _baselines(n: int, low: float, high: float) -> NDArray[np.int8]:
    """Give n steps of the scale, in half points, spread evenly from low to high."""
    steps = np.array(EDSS_STEPS[:-1])
    if low == high:
        above = float(steps[int(np.searchsorted(steps, low))])
        below = float(steps[max(int(np.searchsorted(steps, low, side="right")) - 1, 0)])
        upper = 0 if above == below else round(n * (low - below) / (above - below))
        values = np.repeat([below, above], [n - upper, upper])
    else:
        inside = steps[(steps >= low) & (steps <= high)]
        if not len(inside):
            raise InputError(f"edss is ({low:g}, {high:g}), and no step of the scale lies there.")
        values = inside[((np.arange(n) + 0.5) * len(inside) / n).astype(np.int64)]
    return (2 * values).astype(np.int8)


def _attack_days(n: int, days: tuple[float, float] | None) -> list[float | None]:
    if days is None:
        return [None] * n
    spread = np.linspace(*days, n) if n > 1 else np.array([sum(days) / 2])
    return [-float(day) for day in np.round(spread)]


def _history(day: float | None) -> History:
    """Give what one day of a last attack tells: one attack since then."""
    if day is None:
        return History(attacks=(), count=0, years=0.0, known=False)
    years = max(DAYS_PER_YEAR, -day) / DAYS_PER_YEAR
    return History(attacks=(day,) if day >= -FURTHEST else (), count=1, years=years, known=True)


def _refusals(patients: ReportedPatients) -> tuple[str, ...]:
    """Say why improvement cannot be interpreted; nothing when it can."""
    if patients.last_attack_days is not None or not patients.relapsing:
        return ()
    said = (
        "Improvement cannot be interpreted: the days of the last attack and of its treatment were not "
        f"reported for {plural(patients.relapsing, 'patient')} who can have attacks. Recovery from an attack "
        "before the first dose would look like an effect."
    )
    return (said,)
