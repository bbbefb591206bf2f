"""Compares multilevel.json and network.json with ranvier, and writes docs/validation/networks.md from them.

Run python tests/golden/multilevel_page.py. The tables give bounds on the largest difference between ranvier and R
over the whole grid, with room for the last digits of another machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import ranvier as rv

HERE = Path(__file__).resolve().parent
MULTILEVEL: dict[str, Any] = json.loads((HERE / "multilevel.json").read_text(encoding="utf-8"))
SETS = {row["name"]: row for row in MULTILEVEL["sets"]}


class Difference(NamedTuple):
    """One number of ranvier beside that of R, and the unit in which they may differ."""

    part: str
    number: str
    ours: float
    theirs: float
    unit: float

    @property
    def size(self) -> float:
        return abs(self.ours - self.theirs) / max(self.unit, abs(self.theirs))


def typical(v: list[float]) -> float:
    """Give the harmonic mean of variances."""
    return len(v) / sum(1 / each for each in v)


@cache
def multilevel(name: str, method: str) -> Any:
    """Fit one set."""
    row = SETS[name]
    sampling = row.get("sampling")
    if row.get("covariance") is not None:
        sampling = np.array(row["covariance"])
    return rv.evidence.pool_multilevel(
        row["y"], row["v"], study=row["study"], within=row["within"], sampling=sampling, method=method
    )


def multilevel_differences(name: str) -> Iterator[Difference]:
    """Give every comparison of a set."""
    row = SETS[name]
    unit = typical(row["v"])
    for method, theirs in row["fits"].items():
        fit = multilevel(name, method)
        found = fit.diagnostics
        error = theirs["model"]["se"]
        yield Difference("value", "value", found["value"], theirs["value"], error)
        for place, part in enumerate(("between", "within")):
            yield Difference("variances", part, found[f"tau2_{part}"], theirs["sigma2"][place], unit)
            ends = fit.estimates[2 + place]
            for end, ours in enumerate((ends.low, ends.high)):
                if theirs[part][end] is not None:
                    yield Difference("profile intervals", part, ours, theirs[part][end], unit)
        yield Difference("Q and likelihood", "q", found["q"], theirs["q"], 1.0)
        yield Difference("Q and likelihood", "p", found["q_p_value"], theirs["q_p"], 1.0)
        yield Difference(
            "Q and likelihood", "likelihood", found["log_likelihood"], theirs["log_likelihood"], 1.0
        )
        for interval in fit.intervals.iter_rows(named=True):
            part, other = interval["interval"], theirs[interval["interval"]]
            yield Difference(part, "se", interval["standard_error"], other["se"], error)
            if other["df"] is not None:
                yield Difference(part, "df", interval["df"], other["df"], 1.0)
            for ours in ("low", "high"):
                yield Difference(part, ours, interval[ours], other[ours], error)
            yield Difference(part, "statistic", interval["statistic"], other["statistic"], 1.0)
            yield Difference(part, "p", interval["p_value"], other["p"], 1.0)
