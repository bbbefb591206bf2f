"""The tables of a plan file, each checked when it is read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ranvier.errors import DefinitionError, InputError, require_choice
from ranvier.simulate._lesions import DAYS_PER_MONTH
from ranvier.simulate.designs import EventRate, Group
from ranvier.simulate.effects import Effect
from ranvier.simulate.entry_criteria import EntryCriteria
from ranvier.simulate.phenotypes import PHENOTYPES
from ranvier.stats import StoppingBoundary, stopping_rule
from ranvier.trial import Arm, EntryRule, VisitWindow

__all__ = [
    "ArmTable",
    "ConductTable",
    "CrossoverTable",
    "EndpointTable",
    "PatientTable",
    "SafetyTable",
    "ScenarioTable",
    "SimulationTable",
    "TrialTable",
    "VisitTable",
    "located",
    "serious",
]

MOST_PROCESSES = 256
SERIOUS = "serious event"
PLANNED = ("single-arm", "parallel", "crossover")
"""Designs that a file may name; the first two follow from the arms."""
RULED = ("improved", "worse", "confirmed_worsening")
"""Endpoints that need a rule for what counts as a change."""


@contextmanager
def located(where: str) -> Iterator[None]:
    """Name the place in the file when something made from it is refused."""
    try:
        yield
    except (InputError, DefinitionError) as error:
        if isinstance(error, InputError) and str(error).startswith(where):
            raise
        raise InputError(f"{where}: {error}") from error


def serious(per_year: float) -> tuple[EventRate, ...]:
    """Give serious events at a rate."""
    event = EventRate(term=SERIOUS, per_year=per_year, grade=3, serious=True)
    return (event,) if event.per_year else ()


@dataclass(frozen=True, kw_only=True)
class TrialTable:
    """[trial]: what the plan is called."""

    id: str = "plan"
    title: str = "A planned trial"
    design: str | None = None

    def __post_init__(self) -> None:
        if self.design is not None:
            require_choice("design", self.design, PLANNED)

    def idle(self) -> tuple[str, ...]:
        """Give the keys that change nothing beside the others."""
        return ("design",)


@dataclass(frozen=True, kw_only=True)
class PatientTable:
    """[[patients]]: the patients of one course of the disease."""

    course: str
    share: float = 1.0
    edss: tuple[float, ...] = (0.0, 6.5)
    min_relapses: int = 0
    relapse_years: float = 1.0
    attack_days: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require_choice("course", self.course, PHENOTYPES)
        if len(self.edss) != 2:
            raise InputError(
                f"edss is {list(self.edss)}; give the lowest and the highest, such as [2.0, 6.5]."
            )
        if self.min_relapses < 0:
            raise InputError(f"min_relapses is {self.min_relapses}; it must be 0 or more.")
        if len(self.attack_days) > 2:
            raise InputError(
                f"attack_days is {list(self.attack_days)}; give the fewest and the most days since the last "
                "attack, such as [30, 365], or the fewest alone."
            )

    def idle(self) -> tuple[str, ...]:
        """Give the keys that change nothing beside the others."""
        return () if self.min_relapses else ("relapse_years",)

    def group(self) -> Group:
        """Give the patients as the simulation takes them."""
        days: tuple[int, int | None] | None = None
        if self.attack_days:
            days = (self.attack_days[0], self.attack_days[1] if len(self.attack_days) == 2 else None)
        rule = EntryRule(min_relapses=self.min_relapses, window_years=self.relapse_years)
        criteria = EntryCriteria(
            relapses=rule if self.min_relapses else None,
            edss=(self.edss[0], self.edss[1]),
            attack_days=days,
        )
        return Group(phenotype=self.course, share=self.share, entry=criteria)


@dataclass(frozen=True, kw_only=True)
class ArmTable:
    """[[arms]]: one arm; without n a design with fixed counts says how many."""

    id: str
    label: str | None = None
    role: str = "experimental"
    n: int | None = None

    def __post_init__(self) -> None:
        if self.n is not None and self.n < 2:
            raise InputError(f"n of arm {self.id!r} is {self.n}; it must be 2 or more.")

    def arm(self, n: int) -> Arm:
        """Give the arm with its patients."""
        return Arm(id=self.id, label=self.label or self.id, role=self.role, planned_n=n)


@dataclass(frozen=True, kw_only=True)
class VisitTable:
    """[visits]: when patients are seen, in months or in days; the first visit is the baseline."""

    months: tuple[float, ...] = ()
    days: tuple[int, ...] = ()
    window_days: int = 0
    scans: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.months) == bool(self.days):
            raise InputError("give either months or days of the visits, such as months = [0, 3, 6, 12].")
        times = self._times
        if not all(map(math.isfinite, times)):
            raise InputError(f"the visits are {list(times)}; each must be a finite number.")
        if len(times) < 2 or times[0] != 0:
            raise InputError(
                f"the visits are {list(times)}; the first must be 0, the baseline, and at least one follow."
            )
        if list(times) != sorted(set(times)):
            raise InputError(f"the visits are {list(times)}; give each once, in order.")
        if self.window_days < 0:
            raise InputError(f"window_days is {self.window_days}; it must be 0 or more.")
        for time in self.scans:
            if time not in times:
                raise InputError(
                    f"scans has {time:g}, but the visits are at {[float(each) for each in times]}; a scan "
                    "takes place at a visit."
                )

    @property
    def _times(self) -> tuple[float, ...]:
        return tuple(map(float, self.months or self.days))

    @property
    def unit(self) -> str:
        """Give month or day."""
        return "month" if self.months else "day"

    def windows(self, switch_day: int | None = None) -> tuple[VisitWindow, ...]:
        """Give the visits with their windows; one on the day of a dose, of either period, is never late."""
        made = []
        for time in self._times:
            day = round(time * DAYS_PER_MONTH) if self.months else round(time)
            dose = day in (0, switch_day)
            made.append(
                VisitWindow(
                    label=self._label(time),
                    day=day,
                    window=(-self.window_days, 0 if dose else self.window_days),
                    baseline=time == 0,
                )
            )
        return tuple(made)

    def scanned(self) -> tuple[str, ...]:
        """Give the labels of the visits with a scan."""
        return tuple(self._label(time) for time in self.scans)

    def _label(self, time: float) -> str:
        return f"{self.unit} {time:g}" if time else "baseline"


@dataclass(frozen=True, kw_only=True)
class CrossoverTable:
    """[crossover]: when both arms change over, and how much of an effect stays behind."""

    switch_month: float | None = None
    switch_day: int | None = None
    carry_over: float = 1.0

    def __post_init__(self) -> None:
        if (self.switch_month is None) == (self.switch_day is None):
            raise InputError(
                "give either switch_month or switch_day, when the second period begins, such as "
                "switch_day = 168."
            )
        if not math.isfinite(self.switch_month or 0.0):
            raise InputError(f"switch_month is {self.switch_month}; it must be a finite number.")
        if not 0 <= self.carry_over <= 1:
            raise InputError(
                f"carry_over is {self.carry_over:g}; it must be from 0 (washed out) to 1 (stays, as cells "
                "do)."
            )

    @property
    def day(self) -> int:
        """Give the day on which the second period begins."""
        return self.switch_day or round((self.switch_month or 0.0) * DAYS_PER_MONTH)

    def idle(self) -> tuple[str, ...]:
        """Give the keys that change nothing beside the others."""
        return ("switch_month", "switch_day")


@dataclass(frozen=True, kw_only=True)
class EndpointTable:
    """[endpoint]: what is compared, and how."""

    kind: str
    rule: str = "edss-1.0-or-0.5"
    test: str | None = None
    reference: float | None = None
    alpha: float = 0.025

    def idle(self) -> tuple[str, ...]:
        """Give the keys that change nothing beside the others."""
        return () if self.kind in RULED else ("rule",)


@dataclass(frozen=True, kw_only=True)
class SafetyTable:
    """[safety]: how often serious events happen, and when too many of them stop the trial."""

    serious_per_year: float = 0.0
    limit: float | None = None
    method: str = "pocock"
    level: float = 0.95
    looks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.limit is None and self.looks:
            raise InputError("looks is given without limit; give the highest share that is acceptable.")
        require_choice("method", self.method, ("binomial", "pocock", "beta-binomial"))

    def idle(self) -> tuple[str, ...]:
        """Give the keys that change nothing beside the others."""
        return ("method", "level", "looks") if self.limit is None else ()

    def rates(self) -> tuple[EventRate, ...]:
        """Give the serious events of the simulation."""
        return serious(self.serious_per_year)

    def monitor(self, n: int) -> StoppingBoundary | None:
        """Give the rule that stops for harm among so many patients."""
        if self.limit is None:
            return None
        looks: int | tuple[int, ...] = self.looks or n
        return stopping_rule(
            looks, limit=self.limit, method=self.method, level=self.level, event=f"a {SERIOUS}"
        )


@dataclass(frozen=True, kw_only=True)
class ConductTable:
    """[conduct]: how fast patients come, and how many of them and of their visits are lost."""

    patients_per_month: float | None = None
    dropout_per_year: float = 0.0
    missed_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ScenarioTable:
    """[[scenarios]]: what the treatment is taken to do in every experimental arm."""

    name: str
    relapse_ratio: float = 1.0
    progression_ratio: float = 1.0
    lesion_ratio: float = 1.0
    edss_shift: float = 0.0
    serious_per_year: float | None = None
    carry_over: float | None = None

    def effect(self) -> Effect:
        """Give the effect."""
        return Effect(
            relapse_ratio=self.relapse_ratio,
            progression_ratio=self.progression_ratio,
            lesion_ratio=self.lesion_ratio,
            edss_shift=self.edss_shift,
        )


@dataclass(frozen=True, kw_only=True)
class SimulationTable:
    """[simulation]: how much is simulated, from which seed, by how many processes."""

    trials: int = 5_000
    seed: int = 1
    processes: int = 1

    def __post_init__(self) -> None:
        if self.trials < 100:
            raise InputError(f"trials is {self.trials}; it must be 100 or more.")
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; it must be a whole number of 0 or more.")
        if not 1 <= self.processes <= MOST_PROCESSES:
            raise InputError(f"processes is {self.processes}; it must be 1 to {MOST_PROCESSES}.")
