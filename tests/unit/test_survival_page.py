"""The page on survival analysis holds what the goldens hold; run this file to write it anew."""

# ruff: noqa: E501 (lines of the page are lines of Markdown)

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import ranvier as rv

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "validation" / "survival.md"
GOLDEN = json.loads((ROOT / "tests" / "golden" / "survival.json").read_text(encoding="utf-8"))

TEXT = """\
# Time to an event: agreement with R, defects of peers

`ranvier.stats` is compared with R {R} (survival {survival}, coin {coin}, bpcp {bpcp}, coxphf {coxphf}). The script
`tests/golden/survival.R` computes the R side, `tests/golden/survival.json` holds it, and `tests/golden/test_survival.py`
compares: closed forms and exact tests at a relative 1e-9, what is iterated at 1e-6. bpcp and coxphf are needed to
write the goldens only; they are not Debian packages.

| statistic | grid | compared with |
|---|---|---|
| Kaplan-Meier curve, numbers at risk | {n_curves} (data set × level) | `survfit` |
| Greenwood intervals: plain, log, log-log, arcsine, logit | the same | `survfit(conf.type)` |
| beta-product (exact) interval, and that of quantiles | the same | `bpcp::bpcp`, `quantile` |
| quantiles with log-log interval, restricted mean with its standard error | the same | `quantile`, `summary(rmean)` |
| log-rank and Peto statistics, expected events, variance | {n_ranks} data sets, one with three arms | `survdiff(rho = 0, 1)` |
| exact log-rank and Gehan p values | {n_exact} data sets | `coin::logrank_test(distribution = "exact")`, one-sided |
| Cox, Efron and Breslow; test of proportional hazards | {n_cox} data sets | `coxph`, `cox.zph` |
| Firth's penalty with profile intervals and p values | {n_firth} data sets, one with an arm without events | `coxphf::coxphf` (Breslow ties, the only ones it has) |
| Andersen-Gill and LWYY, late entry too | {n_recurrent} studies | `coxph(Surv(start, stop, event), cluster)` |
| mean cumulative number with robust standard error | the same | `survfit(id, robust = TRUE)` |
| interval-censored distribution | {n_spans} data sets | EM in base R, run to 1e-15 |
| Weibull regression, interval-censored | the same, without and with an arm | `survreg(Surv(type = "interval2"))` |

Beyond R, `tests/properties/test_survival_exactness.py` checks without a peer:

- the exact log-rank p value equals full enumeration by the definition for up to 8 patients, and for three arms;
- over all labellings of one set of patients it is at most a in at most a share a of them;
- without censoring before the day, the beta-product interval is Clopper-Pearson's;
- its coverage by the sum over every sample of six patients, one of them lost on the way, stays at 95 % or above;
- Firth's coefficients and profile bounds, with Efron's ties too, against direct maximisation of the likelihood written as a
  loop over deaths;
- cutting a patient's time at risk in two changes nothing; 20 trials at once give what each gives alone.

## Where exact and usual intervals differ

Share without the event at the last day (95 %), every patient of one data set in one group. Greenwood's variance knows
nothing where nobody had the event, and too little where few did.

| data set | patients | events | exact | log-log | plain |
|---|---|---|---|---|---|
{intervals}

## Two-sided p values

The exact log-rank p value is twice the smaller tail, at most 1, as for every exact test here; coin adds up by distance from the
mean instead. The chi-square approximation beside it:

| data set | patients | events | exact p | chi-square p |
|---|---|---|---|---|
{p_values}

## Known disagreements

**A day on which patients were last seen.** bpcp gives intervals of times and counts a patient censored on a day as lost from
that day on. Somebody seen without the event on day 365 is known to be without it on day 365, so `at(365)` and the columns
low and high hold on the day; low_after, from just after it, is bpcp's. When a study ends for all on day 365 bpcp's lower bound
for that day is 0.

**Greenwood's interval where the curve is 1 or 0.** R's plain and log intervals shrink to a point where nobody had the event.
Here it is not estimable: the exact interval gives a number.

**Median of a curve that stays at 1/2 to the end** (data set `ten`). R takes the middle between the event and the end of the last
patient's follow-up; here it is the day of the event. The end of follow-up says nothing about the median.

**`survfit` for interval-censored data.** Its EM ends before the maximum. Largest distance from the maximum:

| data set | distance | log likelihood at the maximum |
|---|---|---|
{early}

With some days known exactly it is far off, for a reason that was not found. The shares of ranvier agree with EM run to the end in base R, and the
derivative of the likelihood proves the maximum.

**lifelines 0.30** takes intervals as closed, so that somebody seen without the event on day 3 may have it on day 3. For (0, 3] and
twice (3, 6] its share without the event on day 3 is 1.0; here it is 2/3.
"""


def last_day_rows() -> str:
    rows = []
    for data in GOLDEN["sets"]:
        days, seen = np.atleast_1d(data["days"]), np.atleast_1d(data["observed"])
        day = float(days.max())
        cells = []
        for method in ("beta-product", "log-log", "plain"):
            (found,) = rv.stats.survival(days, observed=seen, method=method).at(day).estimates
            none = np.isnan(found.low)
            cells.append("none" if none else f"{100 * found.low:.1f} to {100 * found.high:.1f} %")
        rows.append(f"| {data['name']} | {days.size} | {seen.sum()} | {' | '.join(cells)} |")
    return "\n".join(rows)


def p_rows() -> str:
    rows = []
    sets = {data["name"]: data for data in GOLDEN["sets"]}
    for row in GOLDEN["ranks"]:
        if "tails_equal" in row:
            data = {key: sets[row["name"]][key] for key in ("days", "observed", "arm")}
            exact = rv.stats.log_rank(data).p_value
            rough = rv.stats.log_rank(data, method="asymptotic").p_value
            size = f"{len(data['days'])} | {sum(data['observed'])}"
            rows.append(f"| {row['name']} | {size} | {exact:.4f} | {rough:.4f} |")
    return "\n".join(rows)


def early_rows() -> str:
    rows = []
    for row in GOLDEN["spans"]:
        fit = rv.stats.interval_survival(row["left_day"], right=row["right_day"])
        found = np.array([fit.at(day).estimates[0].value for day in row["day"]])
        distance = np.nanmax(np.abs(found - np.array(row["survfit"], dtype=float)))
        rows.append(
            f"| {row['name']} | {'none' if distance < 1e-6 else f'{distance:.0e}'} | {row['loglik']:.4f} |"
        )
    return "\n".join(rows)


def page() -> str:
    head = GOLDEN["head"]
    return TEXT.format(
        R=head["R"],
        **{name: head["packages"][name] for name in ("survival", "coin", "bpcp", "coxphf")},
        n_curves=len(GOLDEN["curves"]),
        n_ranks=len(GOLDEN["ranks"]),
        n_exact=sum("tails_equal" in row for row in GOLDEN["ranks"]),
        n_cox=len(GOLDEN["cox"]),
        n_firth=len(GOLDEN["cox"]) + len(GOLDEN["separated"]),
        n_recurrent=len(GOLDEN["recurrent"]),
        n_spans=len(GOLDEN["spans"]),
        intervals=last_day_rows(),
        p_values=p_rows(),
        early=early_rows(),
    )


def test_the_page_holds_what_the_goldens_hold() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
