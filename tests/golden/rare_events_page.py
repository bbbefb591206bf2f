"""Writes docs/validation/rare_events.md from rare_events.json.

Run python tests/golden/rare_events_page.py. The table gives bounds on the largest difference between ranvier
and metafor over all data sets of a model, with room for the last digits of another machine.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import ranvier as rv

HERE = Path(__file__).resolve().parent
GOLDEN: dict[str, Any] = json.loads((HERE / "rare_events.json").read_text(encoding="utf-8"))
PAGE = HERE.parents[1] / "docs" / "validation" / "rare_events.md"
MEASURES = {"PLO": "proportion", "IRLN": "rate", "OR": "odds ratio", "IRR": "rate ratio"}
MODELS = {
    "GLMM": None,
    "CM.EL": "conditional",
    "CM.AL": "conditional approximate",
    "UM.FS": "unconditional",
    "UM.RS": "unconditional random",
}
ROOM = 3
"""Differences may be so many times larger on another machine."""

HEAD = """\
# Rare events: agreement with metafor and lme4

Written by `tests/golden/rare_events_page.py`. `tests/golden/rare_events.R` computes the R side with metafor
{metafor} and lme4 {lme4} on R {r}; `tests/golden/rare_events.json` holds it,
`tests/golden/test_rare_events.py` compares.

`evidence.pool_counts`, each model on {least} to {most} data sets: three of our own with studies of no event
(mixed, rare, far apart), three to seven of metadat, one study, two, and five that are alike. Largest
difference over what metafor fits, with a spread between studies and without: value and standard error in
standard errors, tau² relative to itself or to 1, whichever is larger.

| measure | model | metafor | data sets | value | standard error | tau² |
|---|---|---|---|---|---|---|
"""

TAIL = """
## Known disagreements

- **UM.RS.** lme4 takes one node for two random effects (Laplace's approximation). Here there are 31 in each
  dimension, checked against a fine grid. With one node our likelihood peaks where metafor's does (a test says
  so): the difference is the approximation. metafor also drops studies without event there; here they inform
  the level.
- **Rates far apart.** lme4's 25 nodes do not follow a spread of 2.8 (tau² 7.6) with studies of no event; at
  our values the likelihood by brute force is higher than at metafor's.
- **CM.EL with odds ratios.** Where tau² is 0 metafor gives up, or stops at a tau² of 1e-4 with a standard
  error of a thousandth; those are left out of the column of standard errors, and the likelihood by brute
  force is higher at our 0. Where it is not, metafor's standard error comes from numerical differences and
  is off by up to a hundredth (lee2004, li2007); brute force has ours.
- **One study, studies that are alike.** metafor refuses a spread between them, and two studies in some
  models. Here one study gives its exact value, and alike studies a spread of 0 with the value of the common
  model, which metafor does fit. One study without event in one arm has a ratio of 0 here; metafor stops at a
  log ratio near -23 with a standard error of 61,000.
- **bcg (UM.FS, UM.RS).** metafor's search fails on counts of ten thousands; a likelihood by brute force
  peaks at our values.
- **Log-likelihood.** metafor's is not that of the counts with current lme4 and is not compared; ours is
  compared with brute force.

## Beyond metafor

- The log-likelihood agrees with brute force on fine grids to 1e-9 (one random effect, standard deviations up
  to 15) and 1e-8 (two, up to 2); profile intervals of tau² lie where another optimiser says
  (`tests/unit/test_evidence_marginal.py`).
- Exact intervals of a common odds ratio by summing over every table; one study as Fisher's
  (`scipy.stats.contingency`).
- Profile bounds of a spread far out (9.4 on the log scale) by brute force (`test_rare_events.py`).
- Three outcomes together (`pool_categories`) against another optimiser on a grid; no peer was at hand.
- Pooling with a prior (`pool_bayes`) against SciPy's adaptive integration of the plain formula: five priors,
  eight data sets of one to nine studies, probabilities to 1e-7. No golden from bayesmeta: it is not packaged
  for the machine.
"""


def differences() -> dict[tuple[str, str], list[float]]:
    """Give the largest differences of value, standard error and tau² by measure and model."""
    worst: dict[tuple[str, str], list[float]] = {}
    for row in GOLDEN["fits"]:
        found = worst.setdefault((row["measure"], row["model"]), [0.0, 0.0, 0.0])
        for method in ("ml", "common"):
            theirs = row[method]
            if "refused" in theirs or row["name"] == "one_study":
                continue
            ours = rv.evidence.pool_counts(
                row["data"],
                measure=MEASURES[row["measure"]],
                model=MODELS[row["model"]],
                method="random" if method == "ml" else "common",
                interval="wald",
            ).diagnostics
            error = ours["standard_error"]
            unusable = row["measure"] == "OR" and row["model"] == "CM.EL" and ours["tau2"] == 0
            parts = (
                abs(ours["value"] - theirs["value"]) / error,
                0.0 if unusable else abs(error - theirs["se"]) / error,
                abs(ours["tau2"] - theirs["tau2"]) / max(1.0, theirs["tau2"]),
            )
            found[:] = [max(old, new) for old, new in zip(found, parts, strict=True)]
    return worst


def page(found: dict[tuple[str, str], list[float]]) -> str:
    """Give the text of the page."""
    packages = GOLDEN["head"]["packages"]
    sets = Counter((row["measure"], row["model"]) for row in GOLDEN["fits"])
    text = HEAD.format(
        metafor=packages["metafor"],
        lme4=packages["lme4"],
        r=GOLDEN["head"]["R"],
        least=min(sets.values()),
        most=max(sets.values()),
    )
    for (measure, model), values in found.items():
        own = MODELS[model] or {"PLO": "binomial-normal", "IRLN": "poisson-normal"}[measure]
        shown = " | ".join(f"1e{math.ceil(math.log10(max(ROOM * value, 1e-7)))}" for value in values)
        text += f"| {MEASURES[measure]} | {own} | {measure} {model} | {sets[measure, model]} | {shown} |\n"
    return text + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(differences()), encoding="utf-8", newline="\n")
