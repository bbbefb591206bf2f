"""Writes docs/validation/pooling.md from metafor.json.

Run python tests/golden/metafor_page.py. The tables give bounds on the largest difference between ranvier and
metafor over the whole grid, with room for the last digits of another machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ranvier as rv
from ranvier.evidence import MEASURE_CODES, POOL_INTERVALS, POOL_METHODS

HERE = Path(__file__).resolve().parent
GOLDEN: dict[str, Any] = json.loads((HERE / "metafor.json").read_text(encoding="utf-8"))
PAGE = HERE.parents[1] / "docs" / "validation" / "pooling.md"
NAMES = {code: name for name, code in MEASURE_CODES.items()}
ROOM, FINEST = 3, 1e-10
"""Differences may be so many times larger on another machine; nothing is claimed below the second."""
FINEST_END = 1e-8
"""The same for the ends of intervals: older SciPy gives quantiles of t to nine digits."""
KEYS = {"tau2": "tau²", "value": "pooled value", "standard_error": "standard error", "ends": "interval ends"}

HEAD = """\
# Pooling: agreement with metafor

Written by `tests/golden/metafor_page.py`. `tests/golden/metafor.R` computes the R side with metafor
{metafor} on R {r}; `tests/golden/metafor.json` holds it and `tests/golden/test_metafor.py` compares.

{sets} data sets of our own ({names}), each with {methods} methods and {intervals} intervals. metafor's
searches stop early and in absolute units (likelihood steps of 1e-5, roots to 1.2e-4, Q-profile at 10
times tau²): here they are run on, in units of the data's own variances. Each figure bounds the largest
difference over all data sets and intervals: tau² relative to tau² or the typical variance of a study,
whichever is larger, the rest in standard errors.

| method | metafor | tau² | pooled value | standard error | interval ends, prediction |
|---|---|---|---|---|---|
"""

MIDDLE = """
The Q-profile interval of tau² agrees to a relative {profile}.

## Effect sizes

{sizes} comparisons: every measure with every rule for zero cells on data of our own, and with its usual
rule on {least} to {most} data sets, most of them of metadat (one study, two, and three alike among them; no
data set there holds pairs or values before and after: the cells of tables and the means of two groups
stand for them). Largest relative difference of effect or variance:

| measure | metafor | bound |
|---|---|---|
"""

TAIL = """
## Known disagreements

- **Empty Q-profile interval.** Where no variance between studies fits (effects that agree far too well),
  metafor gives the interval as missing; here it is 0 to 0, with a note.
- **Prediction interval.** This version of metafor uses k − 1 degrees of freedom, or the normal
  distribution. Here it is k − 2 (Higgins, Thompson and Spiegelhalter 2009), checked against metafor's
  tau² and standard error.
- **Peto's odds ratio.** metafor's `escalc` adds 0.5 to zero cells by default; here nothing is added
  unless asked, as Peto's method needs none. Both are compared.
- **No variance.** metafor gives a variance of 0 for a raw proportion of 0 or 1 and for a raw rate of 0
  when nothing is added; here such a study is left out and counted, because it would take all the weight.
- **Standardised changes of two patients** have no unbiased value and are left out.

## Beyond metafor

- The unit of measurement changes nothing to 1e-10, from 1e-8 to 1e6; with its defaults metafor, and
  PyMetaAnalysis 0.9, stop at an absolute step.
- The likelihood can have two maxima. The higher one is taken (`tests/unit/test_evidence_pooling.py`).
- Order, unit and origin change nothing; intervals hold their values; Q below its degrees of freedom
  gives the common value (`tests/properties/test_pooling_properties.py`).

## Speed

`benchmarks/pooling.py`, CPU time on one thread, up to twice that on a busy machine: {one} for one full REML
pool of 20 studies, {many} for 10,000 of them in one call, {long} for 10,000 studies.
"""

SPEED = {"one": "1.2 to 1.4 ms", "many": "0.10 to 0.13 s", "long": "3 to 4 ms"}
"""As measured when the page was written; not part of any test."""


def pooled_differences(method: str) -> dict[str, float]:
    """Give the largest differences of one method over all data sets and intervals."""
    worst = dict.fromkeys(KEYS, 0.0)
    for row in GOLDEN["pooled"]:
        fit = row["fits"][method]
        typical, error = len(row["v"]) / sum(1 / v for v in row["v"]), fit["tests"]["wald"]["se"]
        for interval, expected in fit["tests"].items():
            pool = rv.evidence.pool(row["y"], row["v"], method=method, interval=interval)
            found, ahead = pool.diagnostics, pool.estimates[1]
            keep(worst, "tau2", found["tau2"] - fit["tau2"], max(fit["tau2"], typical))
            keep(worst, "value", found["value"] - fit["value"], error)
            keep(worst, "standard_error", found["standard_error"] - expected["se"], error)
            pairs = [(found["low"], expected["low"]), (found["high"], expected["high"])]
            pairs += zip((ahead.low, ahead.high), expected["prediction"], strict=True)
            for ours, theirs in pairs:
                if theirs is not None:
                    keep(worst, "ends", ours - theirs, max(error, math.sqrt(fit["tau2"])))
    return worst


def keep(worst: dict[str, float], key: str, difference: float, unit: float) -> None:
    worst[key] = max(worst[key], abs(difference) / unit)


def profile_difference() -> float:
    """Give the largest difference of the ends of the Q-profile interval."""
    worst = 0.0
    for row in GOLDEN["pooled"]:
        between = rv.evidence.pool(row["y"], row["v"], method="dl").estimates[2]
        typical = len(row["v"]) / sum(1 / v for v in row["v"])
        for ours, theirs in zip((between.low, between.high), row["tau2_interval"], strict=True):
            if theirs is not None:
                worst = max(worst, abs(ours - theirs) / max(theirs, typical))
    return worst


def size_difference(code: str) -> float:
    """Give the largest relative difference of one measure."""
    worst = 0.0
    for row in GOLDEN["sizes"]:
        if row["code"] != code:
            continue
        found = rv.evidence.effect_size(row["data"], measure=NAMES[code], zero_cells=row["rule"]).table
        for name in ("effect", "variance"):
            for ours, theirs in zip(found[name], row[name], strict=True):
                if theirs is not None:
                    worst = max(worst, abs(ours - theirs) / max(abs(theirs), 1e-3))
    return worst


def bound(value: float, finest: float = FINEST) -> str:
    """Round up to a power of ten, with room."""
    return f"1e{math.ceil(math.log10(max(ROOM * value, finest)))}"


def page(found: dict[str, Iterable[float]]) -> str:
    """Give the text of the page from the differences by row."""
    head = GOLDEN["head"]
    text = HEAD.format(
        metafor=head["packages"]["metafor"],
        r=head["R"],
        sets=len(GOLDEN["pooled"]),
        names=", ".join(row["name"].replace("_", " ") for row in GOLDEN["pooled"]),
        methods=len(POOL_METHODS),
        intervals=len(POOL_INTERVALS),
    )
    codes = {"common": "EE", "pm-median": "PMM"}
    for method in POOL_METHODS:
        *values, ends = found[method]
        figures = " | ".join([*map(bound, values), bound(ends, FINEST_END)])
        text += f"| {method} | {codes.get(method, method.upper())} | {figures} |\n"
    (profile,) = found["Q-profile"]
    names = [{row["name"] for row in GOLDEN["sizes"] if row["code"] == code} for code in NAMES]
    text += MIDDLE.format(
        profile=bound(profile),
        sizes=len(GOLDEN["sizes"]),
        least=min(map(len, names)),
        most=max(map(len, names)),
    )
    for code, name in NAMES.items():
        text += f"| {name} | {code} | {' | '.join(map(bound, found[name]))} |\n"
    return text + TAIL.format(**SPEED)


def differences() -> dict[str, Iterable[float]]:
    """Give all differences by row of the page."""
    found: dict[str, Iterable[float]] = {m: list(pooled_differences(m).values()) for m in POOL_METHODS}
    found["Q-profile"] = [profile_difference()]
    return found | {name: [size_difference(code)] for code, name in NAMES.items()}


if __name__ == "__main__":
    PAGE.write_text(page(differences()), encoding="utf-8", newline="\n")
