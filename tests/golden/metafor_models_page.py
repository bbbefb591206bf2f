"""Writes docs/validation/pooling_published.md from metafor_models.json and five_numbers.json.

Run python tests/golden/metafor_models_page.py. The tables give bounds on the largest difference between
ranvier and metafor over the whole grid, with room for the last digits of another machine.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

import ranvier as rv
from ranvier.evidence import MEASURE_CODES, POOL_INTERVALS, POOL_METHODS

HERE = Path(__file__).resolve().parent
GOLDEN: dict[str, Any] = json.loads((HERE / "metafor_models.json").read_text(encoding="utf-8"))
FIVE: dict[str, Any] = json.loads((HERE / "five_numbers.json").read_text(encoding="utf-8"))
PAGE = HERE.parents[1] / "docs" / "validation" / "pooling_published.md"
NAMES = {code: name for name, code in MEASURE_CODES.items()}
ROOM, FINEST = 3, 1e-10
"""Differences may be so many times larger on another machine; nothing is claimed below the second."""
FINEST_END = 1e-8
"""The same for the ends of intervals: older SciPy gives quantiles of t to nine digits."""
CODES = {"common": "EE", "pm-median": "PMM"}

HEAD = """\
# Published data: agreement with metafor

Written by `tests/golden/metafor_models_page.py`. `tests/golden/metafor_models.R` computes the R side
with metafor {metafor} on R {r} from data of metadat {metadat}; `tests/golden/metafor_models.json` holds
it, with the source of each data set, and `tests/golden/test_metafor_models.py` compares. Data sets of
our own are on [](pooling.md).

## Pools and regressions

{pools} pools and {regressions} regressions over studies ({names}), each with {methods} methods and
{intervals} intervals. Each figure bounds the largest difference over all of them: tau² relative to tau²
or the typical variance of a study, whichever is larger; coefficients, standard errors and ends of
intervals in Wald standard errors; tests (of each coefficient, of all moderators together, of what is
left) in p values.

| method | metafor | tau² | coefficients | standard errors | ends | tests |
|---|---|---|---|---|---|---|
"""

MIDDLE = """
## Intervals of tau², and weights given

| what | metafor | bound |
|---|---|---|
"""

STRATA = """
## Mantel–Haenszel and Peto

{strata} pools of {tables} tables, with nothing added to any cell. Value and standard error in standard
errors; the tests (Cochran–Mantel–Haenszel; Breslow–Day with Tarone's correction or Q) relative.

| measure | metafor | value | standard error | tests |
|---|---|---|---|---|
"""

TAIL = """
## Mean and standard deviation from quantiles

{five} five-number summaries, ranges and quartiles against `conv.fivenum` of metafor {newer}
(`tests/golden/five_numbers.R`): mean and standard deviation agree to a relative {quantiles}, and the
test for skewness rejects the same ones.

## Known disagreements

- **GENQ.** metafor uses the weights given for the pooled value too; here they serve the variance
  between studies, and the pooled value has the usual weights. The variances are compared.
- **Interval by the generalised Q.** metafor's search of an end stops within 1e-5 of the chance that it
  should have, so that ends agree to 1e-4 only; the chance at its ends, by the program below it, agrees to
  1e-9 (`tests/golden/generalised_q.R`, which needs CompQuadForm; `test_generalised_q.py`; 15 data sets, 3
  kinds of weights, 2 levels).
- **R².** metafor gives 0 when nothing lies between the studies without moderators, and compares values of
  H² for the common model; here neither is known.
- **Q of one study.** Where one study only has an effect of its own, metafor gives Q = 0; here it is not
  known.
- **Continuity.** metafor corrects the Cochran–Mantel–Haenszel test for continuity by default; here it
  never is.
- **Prediction interval**, **empty Q-profile interval**: as on [](pooling.md).

## Coverage of Knapp–Hartung

`benchmarks/knapp_hartung.py`: {trials} simulated reviews each, variances of studies between 0.02 and
0.5, normal effects, REML; the share of 95 % intervals that hold the true value (Monte Carlo error at
most {error}).

{coverage}

The plain interval stays within 3 points of 95 % over all reviews, but is far too short in those whose
few studies agree by chance. The floored one, the default, never falls below 94 % here; with three
studies and little between them it is longer than it need be. The normal interval is too short wherever
studies differ.
"""

LABELS = {
    "Q-profile": "`confint(type='QP')`",
    "profile likelihood": "`confint(type='PL')`",
    "generalised Q": "GENQ",
}


def fitted(row: dict[str, Any], method: Any, interval: str = "knapp-hartung") -> Any:
    """Fit one row of the goldens."""
    given: tuple[Any, ...] = (row["y"], row["v"])
    if row["kind"] == "pool":
        return rv.evidence.pool(*given, method=method, interval=interval)
    return rv.evidence.meta_regression(*given, moderators=row["moderators"], method=method, interval=interval)


def unit_of(row: dict[str, Any]) -> float:
    """Give the typical variance of a study."""
    return len(row["v"]) / sum(1 / v for v in row["v"])


def skipped(row: dict[str, Any], interval: str) -> bool:
    """Say where one is 0 but for rounding: the plain Knapp-Hartung error of equal effects."""
    return row["name"] == "identical" and interval == "knapp-hartung unfloored"


def fit_differences(method: str) -> list[float]:
    """Give the largest differences of one method: tau², coefficients, standard errors, ends, tests."""
    worst = [0.0] * 5

    def keep(place: int, ours: Any, theirs: Any, unit: Any) -> None:
        off = np.abs(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)) / unit
        worst[place] = max(worst[place], float(np.max(off)))

    for row in GOLDEN["fits"]:
        expected = row["fits"][method]
        errors = np.array(expected["tests"]["wald"]["se"])
        for interval, theirs in expected["tests"].items():
            fit = fitted(row, method, interval)
            found = fit.diagnostics
            if len(row["y"]) > 1:
                keep(0, found["tau2"], expected["tau2"], max(expected["tau2"], unit_of(row)))
                keep(4, found["q_p_value"], expected["q_p"], 1.0)
            if skipped(row, interval):
                continue
            ours = found if row["kind"] == "pool" else fit.coefficients
            keep(1, ours["value"], theirs["coefficients"], errors)
            keep(2, ours["standard_error"], theirs["se"], errors)
            keep(3, ours["low"], theirs["low"], errors)
            keep(3, ours["high"], theirs["high"], errors)
            keep(4, ours["p_value"], theirs["p"], 1.0)
            if row["kind"] == "regression":
                keep(4, found["moderators_p_value"], theirs["moderators_p"], 1.0)
    return worst


def between_differences() -> dict[str, list[float]]:
    """Give the largest differences of the intervals of tau², and of tau² with weights given."""
    worst = dict.fromkeys(LABELS, 0.0)
    for row in GOLDEN["fits"]:
        if len(row["y"]) == 1:
            continue
        unit = unit_of(row)
        between = next(each for each in fitted(row, "dl").estimates if each.quantity.endswith("(tau²)"))
        pairs = [("Q-profile", (between.low, between.high), row["profile"])]
        for method in ("ml", "reml"):
            found = fitted(row, method).likelihood_interval()
            likelihood = row["fits"][method]["likelihood"]
            pairs.append(("profile likelihood", (found.low, found.high), likelihood))
        weights = rv.evidence.GeneralisedQ(weights=tuple(1 / math.sqrt(v) for v in row["v"]))
        pairs.append(("generalised Q", (fitted(row, weights).diagnostics["tau2"],), [row["generalised"]]))
        for name, ours, theirs in pairs:
            for mine, other in zip(ours, theirs, strict=True):
                if other is not None:
                    worst[name] = max(worst[name], abs(mine - other) / max(other, unit))
    return {name: [value] for name, value in worst.items()}


def strata_differences() -> dict[str, list[float]]:
    """Give the largest differences of the stratified pools by measure: value, standard error, tests."""
    worst: dict[str, list[float]] = {}
    for row in GOLDEN["stratified"]:
        name = NAMES[row["code"]]
        make = rv.evidence.peto if row["code"] == "PETO" else rv.evidence.mantel_haenszel
        options = {} if row["code"] == "PETO" else {"measure": name}
        found = make(row["cells"], **options).diagnostics
        tests = [(found["cmh"], row["mh"])]
        if found["q_df"]:
            tests.append((found["q"], row["tarone"] if row["code"] == "OR" else row["q"]))
        off = [
            abs(found["value"] - row["value"]) / row["se"],
            abs(found["standard_error"] / row["se"] - 1),
            max((abs(ours / theirs - 1) for ours, theirs in tests if theirs), default=0.0),
        ]
        worst[name] = [max(pair) for pair in zip(worst.get(name, [0.0] * 3), off, strict=True)]
    return worst


def five_difference() -> float:
    """Give the largest relative difference of a mean or standard deviation from quantiles."""
    worst = 0.0
    for row in FIVE["rows"]:
        data = {name: [value] for name, value in row["numbers"].items()} | {"n": [row["n"]]}
        found = rv.evidence.mean_and_sd(data, keep_skewed=True).table
        for name in ("mean", "sd"):
            worst = max(worst, abs(found[name][0] / row[name] - 1))
    return worst


def differences() -> dict[str, list[float]]:
    """Give all differences by row of the page."""
    fits = {method: fit_differences(method) for method in POOL_METHODS}
    return fits | between_differences() | strata_differences() | {"quantiles": [five_difference()]}


def bound(value: float, finest: float = FINEST) -> str:
    """Round up to a power of ten, with room."""
    return f"1e{math.ceil(math.log10(max(ROOM * value, finest)))}"


def page(found: dict[str, list[float]], coverage: str) -> str:
    """Give the text of the page from the differences by row."""
    head = GOLDEN["head"]
    regressions = [row for row in GOLDEN["fits"] if row["kind"] == "regression"]
    pools = [row for row in GOLDEN["fits"] if row["kind"] == "pool"]
    text = HEAD.format(
        metafor=head["packages"]["metafor"],
        metadat=head["packages"]["metadat"],
        r=head["R"],
        pools=len(pools),
        regressions=len(regressions),
        names=", ".join(row["name"].replace("_", " ") for row in pools),
        methods=len(POOL_METHODS),
        intervals=len(POOL_INTERVALS),
    )
    for method in POOL_METHODS:
        tau2, value, error, ends, tests = found[method]
        figures = [bound(tau2), bound(value), bound(error), bound(ends, FINEST_END), bound(tests)]
        text += f"| {method} | {CODES.get(method, method.upper())} | {' | '.join(figures)} |\n"
    text += MIDDLE
    for name, label in LABELS.items():
        text += f"| {name} | {label} | {bound(found[name][0])} |\n"
    text += STRATA.format(
        strata=len(GOLDEN["stratified"]), tables=len({row["name"] for row in GOLDEN["stratified"]})
    )
    for name in strata_differences():
        text += f"| {name} | {MEASURE_CODES[name]} | {' | '.join(map(bound, found[name]))} |\n"
    return text + TAIL.format(
        five=len(FIVE["rows"]),
        newer=FIVE["head"]["packages"]["metafor"],
        quantiles=bound(found["quantiles"][0]),
        coverage=coverage.strip(),
        **SIMULATION,
    )


SIMULATION = {"trials": "10,000", "error": "0.4 percentage points"}
"""As `benchmarks/knapp_hartung.py` says."""


def simulated() -> str:
    """Give the table of coverage as `benchmarks/knapp_hartung.py` wrote it."""
    return (HERE / "knapp_hartung.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(page(differences(), simulated()), encoding="utf-8", newline="\n")
