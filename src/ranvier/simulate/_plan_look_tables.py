"""The table [looks] of a plan file: each kind of design has keys of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranvier.errors import InputError, require_choice
from ranvier.simulate.bayes_rules import BayesRule
from ranvier.stats import (
    CountDesign,
    PromisingZone,
    SequentialDesign,
    exact_sequential,
    group_sequential,
    promising_zone,
    simon,
    single_stage,
)
from ranvier.trial._toml import build

__all__ = ["LOOKS", "read_looks"]

Looks = CountDesign | SequentialDesign | PromisingZone | BayesRule


@dataclass(frozen=True, kw_only=True)
class _Simon:
    p0: float
    p1: float
    beta: float = 0.2
    criterion: str = "optimal"

    def made(self, alpha: float) -> Looks:
        return simon(self.p0, self.p1, alpha=alpha, beta=self.beta, criterion=self.criterion)


@dataclass(frozen=True, kw_only=True)
class _SingleStage:
    p0: float
    p1: float
    beta: float = 0.2

    def made(self, alpha: float) -> Looks:
        return single_stage(self.p0, self.p1, alpha=alpha, beta=self.beta)


@dataclass(frozen=True, kw_only=True)
class _Exact:
    p0: float
    p1: float
    at: tuple[int, ...]
    beta: float = 0.2
    spending: str = "obrien-fleming"
    futility: str = "none"

    def made(self, alpha: float) -> Looks:
        return exact_sequential(
            self.at,
            self.p0,
            self.p1,
            alpha=alpha,
            beta=self.beta,
            spending=self.spending,
            futility=self.futility,
        )


@dataclass(frozen=True, kw_only=True)
class _Group:
    at: tuple[float, ...]
    boundary: str = "obrien-fleming-spending"
    beta: float = 0.2
    futility: str = "none"
    delta: float | None = None

    def made(self, alpha: float) -> SequentialDesign:
        return group_sequential(
            self.at,
            boundary=self.boundary,
            alpha=alpha,
            beta=self.beta,
            futility=self.futility,
            delta=self.delta,
        )


@dataclass(frozen=True, kw_only=True)
class _Promising:
    at: tuple[float, ...]
    boundary: str = "obrien-fleming-spending"
    beta: float = 0.2
    floor: float = 0.3
    target: float | None = None
    most: float = 2.0

    def made(self, alpha: float) -> Looks:
        planned = group_sequential(self.at, boundary=self.boundary, alpha=alpha, beta=self.beta)
        if not math.isfinite(self.most):
            raise InputError(
                f"most is {self.most!r}; give the largest size as a multiple of the planned one."
            )
        return promising_zone(planned, floor=self.floor, target=self.target, most=self.most)


@dataclass(frozen=True, kw_only=True)
class _Bayes:
    at: tuple[int, ...]
    level: float = 0.975
    reference: float | None = None
    margin: float = 0.0
    prior: str = "jeffreys"
    control_prior: str = "jeffreys"
    futility: float | None = None
    futility_by: str = "predictive"

    def made(self, _alpha: float) -> Looks:
        return BayesRule(
            looks=self.at,
            level=self.level,
            reference=self.reference,
            margin=self.margin,
            prior=self.prior,
            control_prior=self.control_prior,
            futility=self.futility,
            futility_by=self.futility_by,
        )


LOOKS: dict[str, Any] = {
    "simon": _Simon,
    "single-stage": _SingleStage,
    "exact-sequential": _Exact,
    "group-sequential": _Group,
    "promising-zone": _Promising,
    "bayes": _Bayes,
}
"""Every kind of [looks] but "none", and its keys."""


def read_looks(content: Mapping[str, Any], alpha: float, where: str) -> tuple[Looks | None, Any]:
    """Give the design with looks of a plan file, or None; and its table."""
    kind = content.get("kind", "none")
    require_choice("kind of [looks]", kind, ("none", *LOOKS))
    numbers = {key: value for key, value in content.items() if key != "kind"}
    if kind == "none":
        if numbers:
            raise InputError(
                f"{where}: {sorted(numbers)} stand there but kind is 'none'; name a kind, one of "
                f"{list(LOOKS)}."
            )
        return None, None
    table = build(LOOKS[kind], numbers, where)
    return table.made(alpha), table
