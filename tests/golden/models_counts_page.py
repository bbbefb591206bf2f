"""Writes docs/validation/relapse_models.md from models_counts.json.

Run python tests/golden/models_counts_page.py. The table gives bounds on the largest difference between
ranvier and R over the whole grid, with room for the last digits of another machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ranvier as rv

HERE = Path(__file__).resolve().parent
GOLDEN: dict[str, Any] = json.loads((HERE / "models_counts.json").read_text(encoding="utf-8"))
PAGE = HERE.parents[1] / "docs" / "validation" / "relapse_models.md"
TERMS = {"arm": ["arm"], "arm_visit": ["arm", "visit"], "interaction": ["arm", "visit", "arm:visit"]}
AT_LIMIT = 1e4
"""Size of glm.nb above which it ran to the limit of no overdispersion."""
ROOM = 3
"""Differences may be so many times larger on another machine before a bound is wrong."""
Pairs = Iterator[tuple[str, float, float]]

HEAD = """\
# Relapse models, ordered scores, multiplicity and imputation: agreement with R

Written by `tests/golden/models_counts_page.py`. `tests/golden/models_counts.R` computes the R side with
{packages} on R {r};
`tests/golden/models_counts.json` holds it and `tests/golden/test_models_counts.py` compares.

| quantity | compared with | values | largest relative difference below |
|---|---|---|---|
"""

CALLS = {
    "Poisson: coefficients": "`glm(poisson)` with offset",
    "Poisson: standard errors": "`glm(poisson)`",
    "Poisson: HC0 to HC3": "`sandwich::vcovHC`",
    "quasi-Poisson: standard errors": "`glm(quasipoisson)`",
    "negative binomial: coefficients": "`MASS::glm.nb`",
    "negative binomial: size": "`MASS::glm.nb` (theta)",
    "negative binomial: standard errors, expected information": "`MASS::glm.nb`",
    "negative binomial: standard errors, observed information": "`numDeriv::hessian` of the log-likelihood",
    "negative binomial: HC0 to HC3": "`sandwich::vcovHC`",
    "proportional odds: log odds ratios": "`ordinal::clm`",
    "proportional odds: standard errors": "`ordinal::clm`",
    "random intercept: log odds ratios": "`ordinal::clmm(nAGQ = 21)`",
    "random intercept: standard errors": "`ordinal::clmm(nAGQ = 21)`",
    "random intercept: log-likelihood": "`ordinal::clmm(nAGQ = 21)`",
    "adjusted p values": "`p.adjust`: Holm, Hochberg, Hommel, Bonferroni",
    "Rubin's rules: variance, degrees of freedom, information missing": "`mice::pool.scalar`",
}

TAIL = """
## Known disagreements

- **Dispersion at 0** ({limit} of {counts} data sets). `glm.nb` walks towards an infinite theta and stops
  with a warning. Here the dispersion is 0, the estimates are those of the Poisson model, and a note says so
  beside an upper bound for the dispersion.
- **Standard deviation of the intercepts at 0** ({flat} of {scores} fits). `clmm` stops near 1e-4. Here it
  is 0, said in a note.
- **Standard errors of `clmm`** come from numerical differences of its quadrature. For the data set `wide`
  they lie 2e-4 from the limit that ours reaches at 41 and 81 nodes alike.
- **p values and intervals.** R's `summary(glm.nb)` uses the normal distribution. Here every interval but
  that of the Poisson model with its own variance uses t with n − p degrees of freedom, which is wider in
  small trials.

## Which information

`glm.nb` gives standard errors from the expected information with theta held at its estimate; statsmodels
from the observed information of everything together. They differ by several percent in small trials.
`relapse_model` has both as `variance="model"` and `variance="observed"`, and takes neither as its default:
HC3 holds for any variance.

## Without a peer

- The permutation p value equals a walk over all divisions in plain Python, for 4 to 8 patients, with ties,
  unequal follow-up and arms without relapses.
- Hommel's and Holm's values equal the closed Simes and Bonferroni tests over all intersections; a graph
  equals its closed weighted Bonferroni test over all intersections, on random graphs of four hypotheses.
  Two printed results of the R package graphicalMCP are reproduced. gMCP itself needs Java and was not run.
- The integral over the random intercept equals a fine sum to 1e-6, for patients who differ little, much and
  very much.
- One drawn missing value has the t distribution that theory gives; both ways of drawing agree on monotone
  data; 95 % intervals after imputation cover 95 % of 300 simulated trials within three Monte Carlo errors.
- Every way in which missing responders could have gone is tested by Fisher's exact test of SciPy.
"""


def columns(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def counted(row: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Give the diagnostics of a count model."""
    table = columns(row, ("arm", "relapses", "years", "age"))
    extra = ["age"] if row["terms"] == "age" else []
    return dict(rv.stats.relapse_model(table, covariates=extra, **options).diagnostics)


def listed(name: str, found: Iterable[float], expected: Iterable[float]) -> Pairs:
    for one, two in zip(found, expected, strict=True):
        yield name, one, two


def count_pairs(row: dict[str, Any]) -> Pairs:
    found = counted(row, family="poisson")
    errors = found["standard_errors"]
    yield from listed("Poisson: coefficients", found["coefficients"].values(), row["poisson"]["coef"])
    yield from listed("Poisson: standard errors", errors["model"].values(), row["poisson"]["model"])
    for kind, expected in row["poisson"]["sandwich"].items():
        yield from listed("Poisson: HC0 to HC3", errors[kind].values(), expected)
    quasi = counted(row, family="quasi-poisson")["standard_errors"]["model"]
    yield from listed("quasi-Poisson: standard errors", quasi.values(), row["quasi"]["model"])
    if at_limit(row):
        return
    nb, found = row["nb"], counted(row)
    errors, name = found["standard_errors"], "negative binomial: standard errors, "
    yield from listed("negative binomial: coefficients", found["coefficients"].values(), nb["coef"])
    yield "negative binomial: size", found["size"], nb["theta"]
    yield from listed(f"{name}expected information", errors["model"].values(), nb["model"])
    yield from listed(f"{name}observed information", errors["observed"].values(), nb["observed"])
    for kind, expected in nb["sandwich"].items():
        yield from listed("negative binomial: HC0 to HC3", errors[kind].values(), expected)


def both(name: str, found: Any, expected: dict[str, Any]) -> Pairs:
    yield from listed(f"{name}: log odds ratios", found["coefficients"].values(), expected["beta"])
    yield from listed(f"{name}: standard errors", found["standard_errors"].values(), expected["se"])


def score_pairs(row: dict[str, Any]) -> Pairs:
    table = columns(row, ("subject", "arm", "visit", "edss"))
    terms = TERMS[row["terms"]]
    fixed = rv.stats.ordinal_mixed(table, terms=terms, random="none").diagnostics
    yield from listed(
        "proportional odds: log odds ratios", fixed["coefficients"].values(), row["fixed"]["beta"]
    )
    yield from listed(
        "proportional odds: standard errors", fixed["standard_errors"].values(), row["fixed"]["se"]
    )
    mixed = rv.stats.ordinal_mixed(table, terms=terms, nodes=21).diagnostics
    yield from listed(
        "random intercept: log odds ratios", mixed["coefficients"].values(), row["mixed"]["beta"]
    )
    yield from listed(
        "random intercept: standard errors", mixed["standard_errors"].values(), row["mixed"]["se"]
    )
    yield "random intercept: log-likelihood", mixed["log_likelihood"], row["mixed"]["loglik"]


def rule_pairs() -> Pairs:
    for row in GOLDEN["adjusted"]:
        for method in ("holm", "hochberg", "hommel", "bonferroni"):
            found = rv.stats.adjust(row["p"], method=method).table["adjusted_p"]
            yield from listed("adjusted p values", found, row[method])
    name = "Rubin's rules: variance, degrees of freedom, information missing"
    for row in GOLDEN["pooled"]:
        found = rv.stats.pool_imputations(
            row["values"], [math.sqrt(v) for v in row["variances"]], complete_df=row.get("complete_df")
        ).inputs
        yield name, found["standard error"] ** 2, row["total"]
        yield name, found["degrees of freedom"], row["df"]
        yield name, found["information missing"], row["missing"]


def at_limit(row: dict[str, Any]) -> bool:
    return "nb" not in row or row["nb"]["theta"] > AT_LIMIT


def differences() -> dict[str, list[float]]:
    """Give the relative differences of each quantity."""
    gathered: dict[str, list[float]] = {name: [] for name in CALLS}
    sources = [count_pairs(row) for row in GOLDEN["counts"]] + [score_pairs(row) for row in GOLDEN["ordinal"]]
    for source in [*sources, rule_pairs()]:
        for name, found, expected in source:
            size = max(abs(found), abs(expected))
            gathered[name].append(abs(found - expected) / size if size > 0 else 0.0)
    return gathered


def page() -> str:
    """Give the text of the page."""
    gathered = differences()
    about = GOLDEN["head"]
    named = ", ".join(
        f"{name} {version}" for name, version in about["packages"].items() if name != "jsonlite"
    )
    text = HEAD.format(packages=named, r=about["R"])
    for name, peer in CALLS.items():
        # Nothing is claimed below 1e-9: the last digits differ between machines.
        power = math.ceil(math.log10(max(ROOM * max(gathered[name]), 1e-9)))
        text += f"| {name} | {peer} | {len(gathered[name])} | 1e{power} |\n"
    return text + TAIL.format(
        limit=sum(map(at_limit, GOLDEN["counts"])),
        counts=len(GOLDEN["counts"]),
        flat=sum(row["mixed"]["sd"] < 1e-3 for row in GOLDEN["ordinal"]),
        scores=len(GOLDEN["ordinal"]),
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
