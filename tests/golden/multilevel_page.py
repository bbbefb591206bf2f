"""Compares multilevel.json and network.json with ranvier, and writes docs/validation/networks.md from them.

Run python tests/golden/multilevel_page.py. The tables give bounds on the largest difference between ranvier
and R over the whole grid, with room for the last digits of another machine.
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
NETWORK: dict[str, Any] = json.loads((HERE / "network.json").read_text(encoding="utf-8"))
SETS = {row["name"]: row for row in MULTILEVEL["sets"]}
NETS = {row["name"]: row for row in NETWORK["sets"]}
PAGE = HERE.parents[1] / "docs" / "validation" / "networks.md"
ROOM, FINEST = 3, 1e-9
"""Differences may be so many times larger on another machine; nothing is claimed below the second."""
SEVERAL = {
    "value": "rma.mv",
    "variances": "rma.mv",
    "profile intervals": "confint",
    "Q and likelihood": "rma.mv",
    "model": "rma.mv",
    "cr0": "robust(adjust=FALSE)",
    "cr1": "robust(adjust=TRUE)",
    "cr2": "clubSandwich",
}
OF_NETWORKS = {
    "comparisons": "rma.mv",
    "t intervals": "rma.mv(test='t')",
    "variance": "rma.mv",
    "profile interval": "confint",
    "Knapp and Hartung": "from its definition",
    "Q": "rma.mv",
    "Q, random": "rma.mv, Q from its covariance",
    "split": "rma.mv with one more column",
    "P-scores": "from the comparisons",
}
TABLES = (SEVERAL, OF_NETWORKS)


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


@cache
def network(name: str, method: str, interval: str = "wald") -> Any:
    """Fit one network."""
    row = NETS[name]
    return rv.evidence.network(
        row["arms"], reference=row["reference"], measure=row["measure"], method=method, interval=interval
    )


def network_differences(name: str) -> Iterator[Difference]:
    """Give every comparison of a network."""
    row = NETS[name]
    for method, theirs in row["fits"].items():
        yield from _fit_differences(row, method, theirs)
        net = network(name, method)
        pairs = {(each["treatment"], each["comparator"]): each for each in net.split().iter_rows(named=True)}
        told = {pair for pair, each in pairs.items() if each["direct"] is not None}
        yield Difference("split", "pairs", len(told), len(theirs["splits"]), 1.0)
        for other in theirs["splits"]:
            ours = pairs[other["treatment"], other["comparator"]]
            for part in ("direct", "indirect", "difference"):
                on_scale = other[part] if net.scale.back is None else math.exp(other[part])
                # A unit of one standard error; on a ratio that is the ratio times it.
                unit = other["se"] * (1 if net.scale.back is None else on_scale)
                yield Difference("split", part, ours[part], on_scale, unit)
            yield Difference("split", "p", ours["p_value"], other["p"], 1.0)


def _fit_differences(row: dict[str, Any], method: str, theirs: dict[str, Any]) -> Iterator[Difference]:
    name = row["name"]
    net = network(name, method)
    found = net.diagnostics
    unit = net.net.unit
    yield Difference("variance", "tau2", found["tau2"], theirs["tau2"], unit)
    yield Difference("variance", "likelihood", found["log_likelihood"], theirs["log_likelihood"], 1.0)
    if theirs["profile"][0] is not None:
        for place, ours in enumerate((net.estimates[-1].low, net.estimates[-1].high)):
            yield Difference("profile interval", "end", ours, theirs["profile"][place], unit)
    table = {(each["treatment"], each["comparator"]): each for each in net.comparisons.iter_rows(named=True)}
    for place, pair in enumerate(row["pairs"]):
        ours, error = table[tuple(pair)], theirs["se"][place]
        yield Difference("comparisons", "effect", ours["effect"], theirs["effect"][place], error)
        yield Difference("comparisons", "error", ours["standard_error"], error, error)
        yield Difference("comparisons", "p", ours["p_value"], theirs["p"][place], 1.0)
    yield from _other_intervals(row, method, theirs)
    ranks = dict(net.ranking(better="lower").select("treatment", "p_score").iter_rows())
    for treatment, other in zip(row["names"], theirs["p_scores"], strict=True):
        yield Difference("P-scores", "score", ranks[treatment], other, 1.0)
    yield Difference("Q", "q", found["q"], row["q"], 1.0)
    yield Difference("Q", "within", found["q_within"], row["q_within"], 1.0)
    yield Difference("Q", "df", found["q_within_df"], row["df_within"], 1.0)
    if theirs.get("random"):
        yield Difference("Q, random", "q", found["q_between_random"], theirs["random"]["q"], 1.0)
        yield Difference("Q, random", "tau2", found["tau2_within_designs"], theirs["random"]["tau2"], unit)


def _other_intervals(row: dict[str, Any], method: str, theirs: dict[str, Any]) -> Iterator[Difference]:
    """Compare t intervals, and the factor of Knapp and Hartung."""
    net = network(row["name"], method, "t")
    against = net.comparisons.filter(net.comparisons["comparator"] == row["reference"])
    for place, ours in enumerate(against.iter_rows(named=True)):
        error = theirs["se"][place]
        yield Difference("t intervals", "p", ours["p_value"], theirs["t_p"][place], 1.0)
        for end in ("low", "high"):
            on_scale = ours[end] if net.scale.back is None else math.log(ours[end])
            yield Difference("t intervals", end, on_scale, theirs[f"t_{end}"][place], error)
    scaled = network(row["name"], method, "knapp-hartung unfloored").diagnostics["factor"]
    yield Difference("Knapp and Hartung", "factor", scaled, theirs["factor"], 1.0)


HEAD = """\
# Several effects per study, and networks: agreement with R

Written by `tests/golden/multilevel_page.py`. `tests/golden/multilevel.R` and `tests/golden/network.R`
compute the R side with metafor {metafor} and clubSandwich {sandwich} on R {r} and data of metadat {metadat};
`tests/golden/multilevel.json` and `tests/golden/network.json` hold it, with the data, and
`tests/golden/test_multilevel.py` compares. A difference is relative to the number, or, where that is
smaller, to a standard error, the typical variance of an effect, or 1.

## Several effects per study

{sets} sets ({names}),
each by restricted and by full maximum likelihood. They have independent effects, one
stated correlation, or a whole matrix of covariances; one has effects that share a level within their study.

| part | R | comparisons | largest difference |
|---|---|---|---|
"""

MIDDLE = """
## Networks of treatments

{nets} networks ({names}),
with common effects, ML and REML; {arms} of their {trials} trials have three arms or more.

| part | R | comparisons | largest difference |
|---|---|---|---|
"""

TAIL = """
## Known disagreements

- **Searches.** metafor's optimisers stop at slightly different places near the maximum, and often report
  that they did not converge when asked for more digits; the highest of several is compared. That is most
  of the difference above. The likelihood here is never below metafor's but for rounding.
- **A variance of 0.** metafor searches on a logarithm and stops a little above 0; here the variance is 0.
- **Trials with a cell of 0.** 0.5 is added to all arms of the trial, as metafor does for two arms.
- **netmeta** is not in Debian and is not compared here. By default it estimates the variance between
  trials by the method of moments, so that its random effects differ by that; Q does not depend on it.

## Speed

On one thread of a busy machine: {several} for a multilevel pool of 56 effects in 11 studies with both
profile intervals; {network} for a network of 10 treatments in 26 trials, {split} for all its splits.
"""

SPEED = {"several": "0.3 s", "network": "35 ms", "split": "0.1 s"}
"""As measured when the page was written; not part of any test."""


def every_difference() -> dict[str, list[Difference]]:
    """Give all comparisons by part of the page."""
    found: dict[str, list[Difference]] = {part: [] for table in TABLES for part in table}
    for name in SETS:
        for each in multilevel_differences(name):
            found[each.part].append(each)
    for name in NETS:
        for each in network_differences(name):
            found[each.part].append(each)
    return found


def bound(value: float) -> str:
    """Round up to a power of ten, with room."""
    return f"1e{math.ceil(math.log10(max(ROOM * value, FINEST)))}"


def rows(found: dict[str, list[Difference]], table: dict[str, str]) -> str:
    """Give the rows of a table."""
    return "".join(
        f"| {part} | {code} | {len(found[part])} | {bound(max(each.size for each in found[part]))} |\n"
        for part, code in table.items()
    )


def page(found: dict[str, list[Difference]]) -> str:
    """Give the text of the page from the comparisons by part."""
    head = MULTILEVEL["head"]
    packages = head["packages"]
    nets = [network(name, "reml").studies for name in NETS]
    text = HEAD.format(
        metafor=packages["metafor"],
        sandwich=packages["clubSandwich"],
        metadat=packages["metadat"],
        r=head["R"],
        sets=len(SETS),
        names=", ".join(name.replace("_", " ") for name in SETS),
    )
    text += rows(found, SEVERAL)
    text += MIDDLE.format(
        nets=len(NETS),
        names=", ".join(name.replace("_", " ") for name in NETS),
        trials=sum(net.height for net in nets),
        arms=sum(int((net["arms"] > 2).sum()) for net in nets),
    )
    return text + rows(found, OF_NETWORKS) + TAIL.format(**SPEED)


if __name__ == "__main__":
    PAGE.write_text(page(every_difference()), encoding="utf-8", newline="\n")
