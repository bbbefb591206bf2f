"""Compares designs.json with ranvier, and writes docs/validation/designs.md from it.

Run python tests/golden/designs_page.py. The table gives bounds on the largest difference between ranvier and
rpact over the whole grid, with room for the last digits of another machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import ranvier as rv

HERE = Path(__file__).resolve().parent
GOLDEN: dict[str, Any] = json.loads((HERE / "designs.json").read_text(encoding="utf-8"))
PAGE = HERE.parents[1] / "docs" / "validation" / "designs.md"
ROOM, FINEST = 3, 1e-9
"""Differences may be so many times larger on another machine; nothing is claimed below the second."""
DELTA = 0.25
"""Shape of the Wang-Tsiatis bounds of the grid."""


class Difference(NamedTuple):
    """One number of ranvier beside that of rpact."""

    part: str
    ours: float
    theirs: float
    relative: bool = False

    @property
    def size(self) -> float:
        return abs(self.ours - self.theirs) / (abs(self.theirs) if self.relative else 1.0)


PARTS = {
    "bounds of success": "getDesignGroupSequential, criticalValues",
    "nominal levels": "getDesignGroupSequential, stageLevels",
    "bounds for futility": "getDesignGroupSequential, futilityBounds",
    "squared drift": "getDesignCharacteristics, shift",
    "inflation factor": "getDesignCharacteristics, inflationFactor",
    "expected sizes": "getDesignCharacteristics, averageSampleNumber1, 01, 0",
    "sizes for means, one look": "getSampleSizeMeans, relative",
    "sizes for means, two looks": "getSampleSizeMeans, relative",
    "events": "getSampleSizeSurvival, relative",
    "conditional power": "getConditionalPower",
}


def risks(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("alpha", "beta", "sided")}


def design_of(row: dict[str, Any]) -> Any:
    delta = DELTA if row["boundary"] == "wang-tsiatis" else None
    names = {"boundary": row["boundary"], "futility": row["futility"], "delta": delta}
    return rv.stats.group_sequential(row["fractions"], **names, **risks(row))


def as_list(value: Any) -> list[float]:
    return value if isinstance(value, list) else [value]


@cache
def differences() -> tuple[Difference, ...]:
    """Give every comparison."""
    return (*_designs(), *_means(), *_others())


def _designs() -> Iterator[Difference]:
    for row in GOLDEN["designs"]:
        found = design_of(row)
        sided = found.sided
        for ours, theirs in zip(found.upper, row["upper"], strict=True):
            yield Difference("bounds of success", ours, theirs)
        for ours, theirs in zip(found.levels, row["levels"], strict=True):
            yield Difference("nominal levels", ours / sided, theirs)
        if row["futility"] != "none":
            for ours, theirs in zip(found.lower[:-1], as_list(row["lower"]), strict=True):
                yield Difference("bounds for futility", ours, theirs)
        yield Difference("squared drift", found.drift**2, row["shift"])
        yield Difference("inflation factor", found.inflation, row["inflation"])
        sizes = found.characteristics([1, 0.5, 0])["expected_size"].to_list()
        for ours, theirs in zip(sizes, row["expected"], strict=True):
            yield Difference("expected sizes", ours, theirs)


def _means() -> Iterator[Difference]:
    for row in GOLDEN["means"]:
        looks = rv.stats.group_sequential(2, **risks(row))
        if row["groups"] == 1:
            found = rv.stats.size_pairs(row["difference"], 1, **risks(row))
        else:
            found = rv.stats.size_means(row["difference"], 1, ratio=row["ratio"], **risks(row))
        several = found.with_looks(looks).unrounded
        yield Difference("sizes for means, one look", found.unrounded, row["total"], relative=True)
        yield Difference("sizes for means, two looks", several, row["total_with_looks"], relative=True)


def _others() -> Iterator[Difference]:
    for row in GOLDEN["events"]:
        found = rv.stats.size_events(row["hazard_ratio"], **risks(row))
        yield Difference("events", found.unrounded, row["events"], relative=True)
    design = rv.stats.group_sequential(2)
    for row in GOLDEN["conditional_power"]:
        trend = rv.stats.conditional_power(row["z"], design=design).estimates[1]
        yield Difference("conditional power", trend.value, row["power"])


HEAD = """\
# Designs: agreement with rpact, published designs and enumeration

Written by `tests/golden/designs_page.py`. `tests/golden/designs.R` computes the R side with rpact {rpact} on
R {r}; `tests/golden/designs.json` holds it and `tests/golden/test_designs.py` compares.

{count} group-sequential designs: five boundaries, four schedules of looks, one and two sides, and three ways
of spending beta where there is one side. Tolerance of the tests: 1e-5, for sizes relative.

| part | rpact | comparisons | largest difference |
|---|---|---|---|
"""

TAIL = """
## Exact designs

No program is the judge of an exact design; enumeration is.
`tests/unit/test_stats_count_designs.py` compares

- Simon's designs with a search over every (r1, n1, r, n) up to a fixed n, with the chances by his own
  formula, and with 1/12 and 5/35 (expected size 19.84) for shares of 10 % and 30 % and errors of 10 %,
  which a public tool prints wrongly;
- the chances of designs with several looks with a sum over every sequence of patients;
- the estimate after the trial with its expectation, which is the true share at every share, and its
  interval with its coverage, which is never below the level.

`tests/unit/test_stats_sizes.py` compares the sizes for two shares with the p values of
`compare_proportions` on every table, those for changes of a score with `paired` on every possible sample,
those for means with an integral over the standard deviation, and those for relapse rates with the
formulas of Zhu and Lakkis, approach by approach. `tests/unit/test_stats_group_sequential.py` compares
chances with the multivariate normal distribution of SciPy.

## Known differences

- **Last bound.** rpact leaves a little of alpha unspent (it reports 0.02499999 for 0.025); the bounds
  here spend all of it.
- **Two sides.** As in rpact, power is success in the direction planned.
- **Sizes with looks.** As in rpact, the size of one look is multiplied by the inflation factor. Here the
  power of such a plan in small arms is called not known, and a simulation is asked for.
- **Boundaries in small trials.** rpact's boundaries are on a normal statistic, as are those of
  `group_sequential`. For a count in one arm `exact_sequential` needs no such distribution.

- **Not compared.** The printed tables of Simon (1989) and of Zhu and Lakkis (2014) were not at hand: the
  designs are held to a search over every design, the sizes for relapse rates to the formulas.

## Speed

`benchmarks/designs.py`, CPU time of one thread on a busy machine: {simon} for Simon's design of 10 %
against 30 %, {hard} for 40 % against 50 % (239 patients), {exact} for four exact looks with the size
searched, {normal} for five looks with bounds for futility, {shares} for Boschloo's test of 50 % against
20 %, {changes} for the signed-rank test of EDSS changes in 18 patients.
"""

SPEED = {
    "simon": "8 ms",
    "hard": "1.0 to 1.6 s",
    "exact": "8 ms",
    "normal": "0.06 s",
    "shares": "0.13 to 0.15 s",
    "changes": "0.3 s",
}
"""As measured when the page was written; not part of any test."""


def bound(value: float) -> str:
    """Round up to a power of ten, with room."""
    return f"1e{math.ceil(math.log10(max(ROOM * value, FINEST)))}"


def page() -> str:
    """Give the text of the page."""
    head = GOLDEN["head"]
    text = HEAD.format(rpact=head["packages"]["rpact"], r=head["R"], count=len(GOLDEN["designs"]))
    for part, code in PARTS.items():
        sizes = [each.size for each in differences() if each.part == part]
        text += f"| {part} | {code} | {len(sizes)} | {bound(max(sizes))} |\n"
    return text + TAIL.format(**SPEED)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
