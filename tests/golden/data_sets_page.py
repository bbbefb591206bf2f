"""Writes docs/validation/data_sets.md: on how many data sets each method of evidence is compared with a peer.

Run python tests/golden/data_sets_page.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "validation" / "data_sets.md"
LEAST = 8
"""Data sets that every method must be compared on."""


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return found


def counted() -> Iterator[tuple[str, str, set[str]]]:
    """Give method, peer and names of the data sets."""
    own, published = golden("metafor"), golden("metafor_models")
    for code in dict.fromkeys(row["code"] for row in own["sizes"]):
        yield f"effect size {code}", "escalc", {r["name"] for r in own["sizes"] if r["code"] == code}
    fits = published["fits"]
    pools = {row["name"] for row in fits if row["kind"] == "pool"}
    yield "pool: ten methods, four intervals", "rma.uni", pools | {r["name"] for r in own["pooled"]}
    yield "regression over studies", "rma.uni", {r["name"] for r in fits if r["kind"] == "regression"}
    yield "intervals of tau² (Q-profile, likelihood)", "confint", {r["name"] for r in fits if len(r["y"]) > 1}
    q = golden("generalised_q")["rows"]
    yield "generalised Q and its interval", "GENQ, confint", {row["name"] for row in q}
    yield "groups of studies", "rma.uni", {row["name"] for row in published["groups"]}
    for code in dict.fromkeys(row["code"] for row in published["stratified"]):
        peer = "rma.peto" if code == "PETO" else "rma.mh"
        yield f"stratified {code}", peer, {r["name"] for r in published["stratified"] if r["code"] == code}
    counts = golden("rare_events")["fits"]
    for measure, model in dict.fromkeys((row["measure"], row["model"]) for row in counts):
        names = {r["name"] for r in counts if (r["measure"], r["model"]) == (measure, model)}
        yield f"model of counts {measure} {model}", "rma.glmm", names
    several = {row["name"] for row in golden("multilevel")["sets"]}
    yield "multilevel", "rma.mv", several
    yield "cluster-robust CR0, CR1, CR2", "robust, clubSandwich", several
    yield "network", "rma.mv", {row["name"] for row in golden("network")["sets"]}
    diagnosis = golden("diagnosis")
    sets = {row["name"] for row in diagnosis["sets"]}
    yield "leave-one-out, cumulative, influence, Baujat", "leave1out, cumul, influence, baujat", sets
    yield "trim and fill, Egger, Begg", "trimfill, regtest, ranktest", sets
    yield "selection model", "selmodel", {row["name"] for row in diagnosis["sets"] if row["selection"]}
    yield "all subsets (GOSH)", "gosh", set(diagnosis["gosh"])
    five = golden("five_numbers")["rows"]
    yield "mean and SD from quantiles", "conv.fivenum", {str(sorted(row["numbers"].items())) for row in five}


HEAD = """\
# Data sets by method

Written by `tests/golden/data_sets_page.py`; `tests/golden/test_data_sets.py` asks for at least {least} each.
Counted are different data sets, most of them of metadat; one study, two studies and studies that are alike
are among them wherever the method takes them.

| method | peer | data sets |
|---|---|---|
"""

TAIL = """
## Without a peer

- **Three outcomes together** (`pool_categories`) and **pooling with a prior** (`pool_bayes`): no peer is
  packaged for the machine (bayesmeta is not in Debian, and CRAN is out of reach). They are checked by brute
  force instead: [](rare_events.md).
- **Exact interval of a common odds ratio**: by summing over every table, and against SciPy for one study.
- **Multilevel and network** pools of one study, or of trials that are alike, are not in the goldens: there
  a variance cannot be estimated, or is 0, and metafor's search has nothing to find.
"""


def page() -> str:
    """Give the text of the page."""
    rows = "".join(f"| {method} | {peer} | {len(names)} |\n" for method, peer, names in counted())
    return HEAD.format(least=LEAST) + rows + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
