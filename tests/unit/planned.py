"""Plans that the tests of operating characteristics share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ranvier.simulate import Design, Effect, EntryCriteria, EventRate, Group, Plan, PlanScenario
from ranvier.trial import Arm, EntryRule, Protocol, VisitWindow

VISITS = tuple(
    VisitWindow(
        label=f"month {month}",
        day=round(30.4375 * month),
        window=(-7 * (month > 0), 7 * (month > 0)),
        baseline=month == 0,
    )
    for month in (0, 3, 6, 12)
)
SERIOUS = (EventRate(term="sepsis", per_year=0.3, grade=3, serious=True),)
MIX = (
    Group(phenotype="RRMS", entry=EntryCriteria(relapses=EntryRule(), edss=(2.0, 5.5))),
    Group(phenotype="SPMS", share=0.5, entry=EntryCriteria(edss=(3.0, 6.0))),
)


def design(sizes: tuple[int, ...] = (10, 10), **options: Any) -> Design:
    """Give a design with these planned sizes: treated arms, then the control arm where there are several."""
    names = ["cells"] if len(sizes) == 1 else [*("cells", "more", "most")[: len(sizes) - 1], "placebo"]
    arms = tuple(
        Arm(id=name, label=name.title(), role="control" if name == "placebo" else "experimental", planned_n=n)
        for name, n in zip(names, sizes, strict=True)
    )
    protocol = Protocol(
        id="virtual",
        title="A virtual trial",
        design="single_arm" if len(sizes) == 1 else "rct_parallel",
        data_kind="simulated",
        disease="MS",
        arms=arms,
        visits=options.pop("visits", VISITS),
    )
    given: dict[str, Any] = {"protocol": protocol, "groups": MIX, "event_rates": SERIOUS}
    return Design(**given | options)


def effect(name: str = "better", **options: float) -> PlanScenario:
    """Give a scenario with an effect in the first treated arm."""
    return PlanScenario(name=name, effects={"cells": Effect(**options)})


@dataclass(frozen=True)
class Turned:
    """A plan with the other direction taken for the favourable one."""

    plan: Plan
    favourable: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plan, name)


def turned(plan: Plan, favourable: str) -> Any:
    """Give the mirror of a plan."""
    return Turned(plan, favourable)
