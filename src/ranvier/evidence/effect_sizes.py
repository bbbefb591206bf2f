"""One effect with its variance per study, from what papers print: counts, rates, means, changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice
from ranvier.evidence._measures import MEASURES, PAIRS, Cells, change_spread
from ranvier.evidence._study_cells import (
    COUNTED,
    as_frame,
    column,
    refuse_mixed_treatments,
    study_cells,
    study_names,
)
from ranvier.evidence.visit_correlation import NAMED_CORRELATIONS, stated_correlations
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut, number, plural

__all__ = ["MEASURE_CODES", "ZERO_CELL_RULES", "EffectSizes", "effect_size"]

Floats = NDArray[np.float64]
Stated = tuple[NDArray[np.bool_], NDArray[np.bool_]]

MEASURE_CODES = {name: measure.code for name, measure in MEASURES.items()}
"""What can be computed, each with the code of the same measure in R's metafor."""

ZERO_CELL_RULES = {
    "where zero": "to studies with a cell of 0 only (only0 in metafor)",
    "everywhere": "to every study (all in metafor)",
    "everywhere if any zero": "to every study when one has a cell of 0 (if0all in metafor)",
    "never": "to no study (none in metafor)",
}
"""To which studies `add` is added, and the end of the sentence that says so."""

REASONS = {
    "zero cell": "a cell was 0, so that something was added to compute effect and variance",
    "rule for all": "the rule for zero cells adds to studies without one too",
    "stated correlation": "the correlation was not given; the stated one was used",
    "default correlation": "the correlation was not given; the convention for this scale was used",
    "missing": "a value that the measure needs is missing",
    "not estimable": "the counts give no effect or no variance above 0",
    "computed": "computed from the values as given",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class EffectSizes(Derivation):
    """Effects and variances, one row per study, with the measure that they are in.

    Parameters
    ----------
    measure : str
        The measure, one of `MEASURE_CODES`.
    """

    measure: str


def effect_size(
    data: Any,
    *,
    measure: str,
    zero_cells: str | None = None,
    add: float = 0.5,
    correlation: float | str | None = None,
) -> EffectSizes:
    r"""Give the effect and its variance of each study.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study; `study` (a name) and `cell_class` may be among the columns. aHSCT together with
        other cells is refused. What else is needed depends on the measure:

        - proportions: `events`, `n` (patients)
        - rates: `events`, `years` (person-years)
        - mean: `mean`, `sd`, `n`
        - changes: `n` with `change` and `sd_change`, or with `before`, `after`, `sd_before`, `sd_after` and,
          if known, `correlation`. Those in baseline standard deviations need `sd_before` in any case.
        - two arms: the columns of one arm, and the same with `_control`
        - matched pairs, or patients seen twice: `both`, `first_only`, `second_only`, `neither` (pairs with
          the event in both, in one or in none); the first is compared with the second
    measure : str
        One of `MEASURE_CODES`.
    zero_cells : str, optional
        One of `ZERO_CELL_RULES`. When None, "where zero", but "never" for the Peto odds ratio, which needs no
        addition when one arm has no event. Arcsine, Freeman-Tukey and square-root measures, means and changes
        never need one.
    add : float
        What is added to each cell (events and patients without), or to the events of a rate.
    correlation : float or str, optional
        Correlation of the values before and after, for studies that give neither it nor `sd_change`: a number
        for all of them, or a name of `NAMED_CORRELATIONS` ("edss"). When None, studies whose column `scale`
        says EDSS take `EDSS_CORRELATION`, a convention that `explain` names with what is behind it; any other
        study is refused, because no source gives a correlation that holds for every scale and time. Vary it
        in any case: `sensitivity_to_correlation`.

    Returns
    -------
    EffectSizes
        study, effect, variance, added (what was added to each cell), correlation (the one that was used, null
        where none was). Effect and variance are null where they cannot be computed; the trace says why.

    Raises
    ------
    InputError
        When a column is missing or holds what cannot be, an option is not allowed, or a study needs a
        correlation that is neither in its row nor stated.

    Notes
    -----
    Ratios, logits and logs are natural logarithms; a change is after minus before; a difference is the first
    arm minus control. With :math:`c(m) = \Gamma(m/2) / (\sqrt{m/2}\,\Gamma((m-1)/2))`, Hedges' exact factor:

    =============================================== ======= ========================== =======================
    measure                                         metafor effect                     variance
    =============================================== ======= ========================== =======================
    proportion                                      PR      p = x/n                    p(1-p)/n
    log proportion                                  PLN     ln p                       1/x - 1/n
    logit proportion                                PLO     ln(x/(n-x))                1/x + 1/(n-x)
    arcsine proportion                              PAS     arcsin of the root of p    1/(4n)
    freeman-tukey proportion                        PFT     mean of two arcsines       1/(4n+2)
    rate                                            IR      x/t                        x/t²
    log rate                                        IRLN    ln(x/t)                    1/x
    square-root rate                                IRS     root of x/t                1/(4t)
    mean                                            MN      mean                       sd²/n
    change                                          MC      change                     sd_change²/n
    change in standard deviations of change         SMCC    g = c change/sd_change     1/n + g²/(2n)
    change in baseline standard deviations          SMCR    g = c change/sd_before     2(1-r)/n + g²/(2n)
    change in baseline standard deviations, unequal SMCRH   g as above                 see below
    risk ratio                                      RR      ln(p1/p2)                  1/x1-1/n1+1/x2-1/n2
    odds ratio                                      OR      logit p1 - logit p2        sum of 1/cell
    risk difference                                 RD      p1 - p2                    sum of p(1-p)/n
    peto odds ratio                                 PETO    (observed - expected)/V    1/V
    rate ratio                                      IRR     ln of the ratio            1/x1 + 1/x2
    rate difference                                 IRD     difference                 sum of x/t²
    matched-pair risk ratio                         MPRR    ln(p1/p2)                  (b+c)/((a+b)(a+c))
    matched-pair odds ratio                         MPOR    logit p1 - logit p2        see below
    matched-pair risk difference                    MPRD    p1 - p2                    ((b+c)/n-(p1-p2)²)/n
    conditional odds ratio                          MPORC   ln(b/c)                    1/b + 1/c
    mean difference                                 MD      difference                 sum of sd²/n
    standardised mean difference                    SMD     g = c(n1+n2-2) d           1/n1+1/n2+g²/(2(n1+n2))
    ratio of means                                  ROM     ln of the ratio            sum of sd²/(n mean²)
    =============================================== ======= ========================== =======================

    In the changes c is c(n-1). SMCRH has the variance
    :math:`c^2(n-1)\,[s_d^2/(s_b^2 (n-1)) + g^2/(2(n-1))]` (Bonett), with :math:`s_d` the spread of the change
    and :math:`s_b` that at baseline. Where it is not given, :math:`s_d^2 = s_b^2 + s_a^2 - 2 r s_b s_a`. In
    SMCR, r is the column `correlation`, or the option.

    In pairs a, b, c, d are `both`, `first_only`, `second_only` and `neither`; p1 = (a+b)/n, p2 = (a+c)/n.
    MPOR has the variance :math:`[1/s_1 + 1/s_2 - 2(ad - bc)/(n^2 s_1 s_2)]/n`, :math:`s_i = p_i(1 - p_i)`.

    One arm has no comparison: its change says what happened, not what a treatment did. Freeman-Tukey values
    are not turned back into shares, because the way back depends on a sample size that a pool does not have.

    References
    ----------
    Hedges LV (1981). J Educ Stat 6:107-128
    Bonett DG (2008). Psychol Methods 13:99-109
    Becker MP, Balagtas CC (1993). Biometrics 49:997-1009
    Zou GY (2007). Clin Trials 4:25-31
    Viechtbauer W (2010). J Stat Softw 36(3):1-48. doi:10.18637/jss.v036.i03

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"study": ["A", "B"], "events": [0, 3], "n": [10, 10]}
    >>> sizes = rv.evidence.effect_size(trials, measure="logit proportion")
    >>> sizes.table["effect"].round(3).to_list(), sizes.table["added"].to_list()
    ([-3.045, -0.847], [0.5, 0.0])
    """
    require_choice("measure", measure, MEASURES)
    chosen = MEASURES[measure]
    rule = chosen.zero_cells if zero_cells is None else zero_cells
    require_choice("zero_cells", rule, ZERO_CELL_RULES)
    if not isinstance(add, float | int) or not 0 <= add < np.inf:
        raise InputError(f"add is {add!r}; it must be a number of at least 0, such as 0.5.")
    frame = as_frame(data)
    stand_in, named = stated_correlations(frame, correlation)
    refuse_mixed_treatments(frame)
    cells = study_cells(frame, chosen.counts)
    used = np.full(frame.height, np.nan)
    if chosen.counts == "changes":
        cells, used = _with_change(cells, measure, stand_in)
        _need_correlation(used, study_names(frame))
        used = np.where(np.isinf(used), np.nan, used)  # no correlation enters
    complete = ~np.any([np.isnan(cells[name]) for name in _entering(measure, cells)], axis=0)
    zero = _zero_cells(cells, chosen.counts)
    adapted, added = _added(cells, chosen.counts, zero, (rule, float(add)))
    # Formulas that have no use for an addition take the counts as they are.
    if chosen.code in {"PAS", "PFT", "IRS"} or chosen.counts not in COUNTED:
        adapted, added = cells, np.zeros(frame.height)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect, variance = chosen.formula(adapted)
    good = complete & np.isfinite(effect) & np.isfinite(variance) & (variance > 0)
    names = study_names(frame)
    table = pl.DataFrame(
        {
            "study": names,
            "effect": np.where(good, effect, np.nan),
            "variance": np.where(good, variance, np.nan),
            "added": np.where(complete, added, 0.0),
            "correlation": used,
        }
    ).with_columns(pl.col("effect", "variance", "correlation").fill_nan(None))
    stated = np.isfinite(used) & ~np.isfinite(column(frame, "correlation"))
    reasons = np.select(
        [~complete, ~good, stated & named, stated, (added > 0) & zero, added > 0],
        [
            "missing",
            "not estimable",
            "default correlation",
            "stated correlation",
            "zero cell",
            "rule for all",
        ],
        "computed",
    )
    return EffectSizes(
        name=f"{measure[:1].upper()}{measure[1:]} of each study",
        table=table,
        trace=_trace(names, table, reasons, measure),
        method=_sentences(measure, (rule, float(add)), table, (stated, stated & named)),
        reasons=REASONS,
        left_out=(
            LeftOut(n=int((~complete).sum()), reason="studies that lack a value which the measure needs"),
            LeftOut(n=int((complete & ~good).sum()), reason="studies whose counts give no effect"),
        ),
        references=("Viechtbauer W (2010). J Stat Softw 36(3):1-48. doi:10.18637/jss.v036.i03",),
        measure=measure,
    )


def _with_change(
    cells: dict[str, Floats], measure: str, correlation: Floats
) -> tuple[dict[str, Floats], Floats]:
    """Give change and spread of the change where they follow from the values before and after."""
    given, full = cells["correlation"], dict(cells)
    full["correlation"] = np.where(np.isnan(given), correlation, given)
    known = {**full, "correlation": np.zeros_like(given)}  # any number: can the rest be computed?
    full["change"] = np.where(np.isnan(cells["change"]), cells["after"] - cells["before"], cells["change"])
    unknown = np.isnan(cells["sd_change"])
    full["sd_change"] = np.where(unknown, change_spread(full), cells["sd_change"])
    enters = unknown & np.isfinite(change_spread(known))
    if MEASURES[measure].code == "SMCR":
        # The spread of the change, where it is known, holds the correlation.
        enters = np.isfinite(full["sd_before"])
    return full, np.where(enters, full["correlation"], np.inf)


def _need_correlation(used: Floats, names: Sequence[str]) -> None:
    """Refuse studies that need a correlation which nobody gave."""
    without = [name for name, value in zip(names, used, strict=True) if np.isnan(value)]
    if without:
        raise InputError(
            f"the change of {without[:10]} needs the correlation of the values before and after; give the "
            "column sd_change or correlation, or state correlation=... and repeat with others. Where the "
            "scale is the EDSS, a column scale that says so brings in a convention: correlation='edss'."
        )


def _entering(measure: str, cells: Cells) -> tuple[str, ...]:
    """Give the columns that the formula of a measure reads."""
    code = MEASURES[measure].code
    return {
        "MC": ("n", "change", "sd_change"),
        "SMCC": ("n", "change", "sd_change"),
        "SMCR": ("n", "change", "sd_before"),
        "SMCRH": ("n", "change", "sd_before", "sd_change"),
    }.get(code, tuple(cells))


def _zero_cells(cells: Cells, kind: str) -> NDArray[np.bool_]:
    """Say which studies have a cell of 0."""
    found = np.zeros(len(next(iter(cells.values()))), dtype=bool)
    for name, values in cells.items():
        if name.startswith("events") or name in PAIRS:
            found |= values == 0
        if name.startswith("events") and kind.endswith("shares"):
            found |= values == cells[name.replace("events", "n")]
    return found


def _added(cells: Cells, kind: str, zero: NDArray[np.bool_], rule: tuple[str, float]) -> tuple[Cells, Floats]:
    """Give the cells after the addition that the rule asks for, and what was added."""
    where, amount = rule
    all_of_them = where == "everywhere" or (where == "everywhere if any zero" and bool(zero.any()))
    some = zero if where == "where zero" else np.full(len(zero), all_of_them)
    added = np.where(some, amount, 0.0)
    full = dict(cells)
    for name in cells:
        if name.startswith("events") or name in PAIRS:
            full[name] = cells[name] + added
        if name.startswith("n") and kind.endswith("shares"):
            full[name] = cells[name] + 2 * added
    return full, added


def _trace(names: list[str], table: pl.DataFrame, reasons: Any, measure: str) -> pl.DataFrame:
    """Give one decision per study."""
    outcomes = ["left out" if value is None else "computed" for value in table["effect"]]
    rows = {
        "subject": names,
        "day": [None] * len(names),
        "step": [measure] * len(names),
        "outcome": outcomes,
        "reason": [str(reason) for reason in reasons],
    }
    return pl.DataFrame(rows, schema=TRACE_SCHEMA)


def _sentences(measure: str, rule: tuple[str, float], table: pl.DataFrame, stated: Stated) -> str:
    """Say how the effects were made."""
    text = [f"Measure: {measure} ({MEASURES[measure].code} in metafor)."]
    touched = table.filter(pl.col("added") > 0).height
    if touched:
        text.append(
            f"{rule[1]:g} was added to each cell of {plural(touched, 'study', 'studies')}; the rule adds "
            f"{ZERO_CELL_RULES[rule[0]]}."
        )
    every, named = (int(each.sum()) for each in stated)
    if every:
        used = number(float(table["correlation"].filter(pl.Series(stated[0]))[0]))
        text.append(
            f"{plural(every, 'study', 'studies')} did not give what the change needs: a correlation of "
            f"before and after that was not printed entered ({used} in the first of them). Repeat with 0.3 "
            "and 0.9 (`sensitivity_to_correlation`)."
        )
    if named:
        text.append(" ".join(each.source for each in NAMED_CORRELATIONS.values()))
    return " ".join(text)
