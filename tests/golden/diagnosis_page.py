"""Compares diagnosis.json with ranvier, and writes docs/validation/diagnosis.md from it.

Run python tests/golden/diagnosis_page.py. The table gives bounds on the largest difference between ranvier
and metafor over the whole grid, with room for the last digits of another machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import ranvier as rv
from ranvier.errors import ConvergenceError
from ranvier.evidence import Pool

HERE = Path(__file__).resolve().parent
GOLDEN: dict[str, Any] = json.loads((HERE / "diagnosis.json").read_text(encoding="utf-8"))
SETS = {row["name"]: row for row in GOLDEN["sets"]}
PAGE = HERE.parents[1] / "docs" / "validation" / "diagnosis.md"
ROOM, FINEST = 3, 1e-9
"""Differences may be so many times larger on another machine; nothing is claimed below the second."""
SIDES = {"auto": None, "left": "left", "right": "right"}
FAVOURS = {"less": "negative", "greater": "positive"}


class Difference(NamedTuple):
    """One number of ranvier beside that of metafor, and the unit in which they may differ."""

    part: str
    number: str
    ours: float
    theirs: float
    unit: float

    @property
    def size(self) -> float:
        return abs(self.ours - self.theirs) / max(self.unit, abs(self.theirs))


PARTS = {
    "leave one out": "leave1out",
    "cumulative": "cumul",
    "influence": "influence",
    "Baujat plot": "baujat",
    "trim and fill": "trimfill",
    "Egger": "regtest",
    "Begg": "ranktest",
    "selection model": "selmodel",
    "GOSH": "gosh",
}


def pooled(row: dict[str, Any], method: str = "reml", interval: str = "wald") -> Pool:
    return rv.evidence.pool(row["y"], row["v"], method=method, interval=interval)


def units(row: dict[str, Any], pool: Pool) -> dict[str, float]:
    """Give the unit of each number: a standard error, the typical variance of a study, or 1."""
    error = pool.diagnostics["standard_error"]
    typical = len(row["v"]) / sum(1 / v for v in row["v"])
    places = dict.fromkeys(("value", "low", "high", "standard_error"), error)
    return places | dict.fromkeys(("tau2", "tau2_without"), typical)


@cache
def set_differences(name: str) -> tuple[Difference, ...]:
    """Give every comparison of a data set."""
    return tuple(_differences(SETS[name]))


def _differences(row: dict[str, Any]) -> Iterator[Difference]:
    for method, by_interval in row["fits"].items():
        for interval, fit in by_interval.items():
            pool = pooled(row, method, interval)
            yield from _repooled(row, pool, fit)
            yield from _filled(row, pool, fit["trim_and_fill"])
    yield from _small_studies(row)
    yield from _selection(row)


def _repooled(row: dict[str, Any], pool: Pool, fit: dict[str, Any]) -> Iterator[Difference]:
    scale = units(row, pool)
    tables = {
        "leave_one_out": rv.evidence.leave_one_out(pool).table,
        "cumulative": rv.evidence.cumulative(pool, order="precision").table,
        "influence": rv.evidence.influence(pool).table,
    }
    for part, table in tables.items():
        for name, theirs in fit[part].items():
            first = 0
            if part == "cumulative":
                first = 1  # metafor calls tau² and I² of one study 0 and has no t interval for it
            for one, other in list(zip(table[name], theirs, strict=bool(theirs)))[first:]:
                yield Difference(part.replace("_", " "), name, float(one), float(other), scale.get(name, 1.0))
    drawn = rv.evidence.baujat_plot(pool).collections[0].get_offsets().tolist()
    for (x, y), *theirs in zip(drawn, fit["baujat"]["x"], fit["baujat"]["y"], strict=True):
        yield Difference("Baujat plot", "x", x, theirs[0], 1.0)
        yield Difference("Baujat plot", "y", y, theirs[1], 1.0)


def _filled(row: dict[str, Any], pool: Pool, fills: dict[str, Any]) -> Iterator[Difference]:
    scale = units(row, pool)
    for estimator, by_side in fills.items():
        for side, theirs in by_side.items():
            try:
                found = rv.evidence.trim_and_fill(pool, estimator=estimator, side=SIDES[side])
            except ConvergenceError:
                # Both refuse, or neither.
                yield Difference("trim and fill", "refused", 1.0, float(not theirs), 1.0)
                continue
            assert theirs, (row["name"], estimator, side)
            assert found.side == theirs["side"]
            for name in ("missing", "value", "standard_error", "tau2", "low", "high"):
                ours = float(found.diagnostics[name])
                yield Difference("trim and fill", name, ours, theirs[name], scale.get(name, 1e-9))


def _small_studies(row: dict[str, Any]) -> Iterator[Difference]:
    tests = {"wald": row["egger"]["random"]["wald"], "knapp-hartung": row["egger"]["random"]["knapp-hartung"]}
    cases = [("random", interval, theirs) for interval, theirs in tests.items()]
    for model, interval, theirs in [("multiplicative", "wald", row["egger"]["multiplicative"]), *cases]:
        found = rv.evidence.egger_test(pooled(row, interval=interval), model=model)
        slope, start = found.estimates
        unit = theirs["slope_error"]
        yield Difference("Egger", "slope", slope.value, theirs["slope"], unit)
        yield Difference("Egger", "slope_error", found.line.errors[1], unit, unit)
        yield Difference("Egger", "p", slope.p_value or math.nan, theirs["p"], 1.0)
        ends = (start.value, start.low, start.high)
        for ours, name in zip(ends, ("start", "start_low", "start_high"), strict=True):
            yield Difference("Egger", name, ours, theirs[name], 1.0)
    begg = rv.evidence.begg_test(pooled(row))
    yield Difference("Begg", "tau", begg.value, row["begg"]["tau"], 1.0)
    yield Difference("Begg", "p", begg.p_value or math.nan, row["begg"]["p"], 1.0)


def _selection(row: dict[str, Any]) -> Iterator[Difference]:
    pool = pooled(row)
    found = rv.evidence.selection_model(pool, favours=FAVOURS[row["favours"]]).diagnostics
    for name, theirs in (row["selection"] or {}).items():
        # metafor stops short of a variance of 0 and gives it an error; here it is 0 without one.
        if not (name == "tau2_error" and found["tau2"] == 0):
            yield Difference("selection model", name, found[name], theirs, units(row, pool).get(name, 1.0))


def gosh_differences() -> Iterator[Difference]:
    """Give every comparison of the pools of all subsets."""
    for name, methods in GOLDEN["gosh"].items():
        k = len(methods["common"]["included"][0])
        row = {key: SETS[name][key][:k] for key in ("y", "v")}
        for method, theirs in methods.items():
            yield from _subsets(row, method, theirs)


def _subsets(row: dict[str, Any], method: str, theirs: dict[str, Any]) -> Iterator[Difference]:
    pool = pooled(row, method)
    found = rv.evidence.gosh(pool)
    keys = ["".join(str(int(held)) for held in each) for each in found.included]
    rows = dict(zip(keys, found.table.to_dicts(), strict=True))
    assert set(rows) == set(theirs["included"])
    for place, key in enumerate(theirs["included"]):
        for name in ("value", "tau2", "i2", "q"):
            ours = rows[key][name]
            # metafor calls tau² and I² of one study 0; here they are not known.
            if ours is not None:
                yield Difference("GOSH", name, ours, theirs[name][place], units(row, pool).get(name, 1.0))


HEAD = """\
# Diagnosis of pools: agreement with metafor

Written by `tests/golden/diagnosis_page.py`. `tests/golden/diagnosis.R` computes the R side with metafor
{metafor} on R {r} and data of metadat {metadat}; `tests/golden/diagnosis.json` holds it, with the
effects and variances, and `tests/golden/test_diagnosis.py` compares.

Data: {sources}.

Leave-one-out, cumulative, influence, Baujat and trim-and-fill run with the methods "common", "dl" and
"reml" and the intervals "wald" and "knapp-hartung"; trim-and-fill with three estimators and both sides.
metafor's searches are run on to the last digits, as on the [page on pooling](pooling.md). A difference
is relative to the number, or, where that is smaller, to a standard error, the typical variance of a
study, or 1. GOSH takes all subsets of the six studies of hart1999 and of the first five of the others.

| part | metafor | comparisons | largest difference |
|---|---|---|---|
"""

TAIL = """
## Known disagreements

- **One study alone.** metafor calls tau² and I² of a single study 0, in the first row of `cumul` and in
  the subsets of `gosh`; here they are not known (null). It has no t interval for such a row; here a
  single study has its normal interval.
- **Trim and fill.** metafor cuts and mirrors around a value that its default search gives, which stops
  early: that is the difference above. Where Q0 is the root of a negative number both refuse, here with
  a sentence.
- **Selection model.** metafor stops a little above a tau² of 0 and then gives it an error; here tau² is
  0, without one. Its errors come from numerical derivatives, here from exact ones: on debruin2009 they
  are a thousandth off, which is the difference above; the plain likelihood gives ours.
- **Selection model that metafor cannot fit.** {refused}: its search does not converge; nothing is compared.
- **Residuals under Knapp and Hartung.** The factor multiplies the variance of a study too, as in
  metafor.

## Speed

`benchmarks/diagnosis.py`, CPU time on one thread of a busy machine, REML: {one} for leave-one-out of 20
studies, {influence} for influence, {gosh} for the 32,767 subsets of 15 studies.
"""

SPEED = {"one": "2.5 to 4.5 ms", "influence": "5.5 to 7 ms", "gosh": "0.21 to 0.26 s"}
"""As measured when the page was written; not part of any test."""


def every_difference() -> dict[str, list[Difference]]:
    """Give all comparisons by part of the page."""
    found: dict[str, list[Difference]] = {part: [] for part in PARTS}
    for name in SETS:
        for each in set_differences(name):
            found[each.part].append(each)
    found["GOSH"] = list(gosh_differences())
    return found


def bound(value: float) -> str:
    """Round up to a power of ten, with room."""
    return f"1e{math.ceil(math.log10(max(ROOM * value, FINEST)))}"


def page(found: dict[str, list[Difference]]) -> str:
    """Give the text of the page from the comparisons by part."""
    head = GOLDEN["head"]
    sources = ", ".join(row["source"].split(",")[0].removeprefix("metadat ") for row in SETS.values())
    text = HEAD.format(
        metafor=head["packages"]["metafor"], metadat=head["packages"]["metadat"], r=head["R"], sources=sources
    )
    for part, code in PARTS.items():
        worst = max(each.size for each in found[part])
        text += f"| {part} | {code} | {len(found[part])} | {bound(worst)} |\n"
    refused = ", ".join(name for name, row in SETS.items() if not row["selection"])
    return text + TAIL.format(refused=refused, **SPEED)


if __name__ == "__main__":
    PAGE.write_text(page(every_difference()), encoding="utf-8", newline="\n")
