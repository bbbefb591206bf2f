"""Rare events in two arms, pooled cell by cell: Mantel and Haenszel, and Peto."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.evidence._given import as_level
from ranvier.evidence._measures import MEASURES
from ranvier.evidence._pooled import quantile
from ranvier.evidence._strata import PETO, STRATIFIED, Sums, cochran_mantel_haenszel, sums_of, tarone
from ranvier.evidence._study_cells import as_frame, refuse_mixed_treatments, study_cells, study_names
from ranvier.evidence.pooled_studies import PooledEstimate, Scale
from ranvier.evidence.stratified_pool import StratifiedPool
from ranvier.result import LeftOut, plural

__all__ = ["STRATIFIED_MEASURES", "mantel_haenszel", "peto"]

Floats = NDArray[np.float64]
Columns = dict[str, Floats]

STRATIFIED_MEASURES = tuple(STRATIFIED)
"""What `mantel_haenszel` can pool."""
RATIOS = {"risk ratio", "odds ratio", "rate ratio", PETO}
"""Measures to which a study without an event in either arm adds nothing."""
FAR = math.log(2.0)
"""Odds ratios beyond 2 or below 1/2 in unequal arms are where Peto's method is known to be biased."""
UNEQUAL = 1.5
"""Arms whose sizes differ by more than this factor are called unequal."""


def mantel_haenszel(data: Any, *, measure: str = "risk ratio", level: float = 0.95) -> StratifiedPool:
    r"""Give a value common to all studies by Mantel and Haenszel, with nothing added to any cell.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study with the columns of two arms: `events`, `n`, `events_control`, `n_control`; for
        rates `years` in place of `n`. `study` (a name) and `cell_class` may be among them.
    measure : str
        One of `STRATIFIED_MEASURES`.
    level : float
        Confidence level, 0.95 for 95 %.

    Returns
    -------
    StratifiedPool
        One estimate; `diagnostics` holds it on the logarithmic scale (ratios), the Cochran-Mantel-Haenszel
        test (`cmh`) and the test of differences between studies (`q`): Breslow and Day's with Tarone's
        correction for odds ratios, else Cochran's Q over the studies that have an effect of their own.

    Raises
    ------
    InputError
        When a column is missing or holds what cannot be, or no study has an event where the measure needs
        one.

    Notes
    -----
    With a of n and c of m patients with the event and N = n + m, the pooled ratios are
    :math:`\sum am/N / \sum cn/N` (risks) and :math:`\sum a(m-c)/N / \sum c(n-a)/N` (odds), the difference is
    :math:`\sum (am - cn)/N / \sum nm/N`; rates have years in place of patients. Variances: Greenland and
    Robins (risk ratio, rates), Robins, Breslow and Greenland (odds ratio), Sato (risk difference); they hold
    both for few large studies and for many small ones.

    A study without an event in either arm says nothing about a ratio and is left out by name; it says
    something about a difference and is kept there. A study with an event in one arm enters as it is.

    The value is common to all studies: the interval does not say how studies differ.

    References
    ----------
    Mantel N, Haenszel W (1959). J Natl Cancer Inst 22:719-748
    Greenland S, Robins JM (1985). Biometrics 41:55-68
    Robins J, Breslow N, Greenland S (1986). Biometrics 42:311-323
    Sato T (1989). Biometrics 45:1323-1324
    Tarone RE (1985). Biometrika 72:91-95

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"study": ["A", "B", "C"], "events": [0, 2, 0], "n": [20, 31, 9]}
    >>> trials |= {"events_control": [3, 4, 0], "n_control": [20, 30, 10]}
    >>> pooled = rv.evidence.mantel_haenszel(trials, measure="odds ratio")
    >>> print(pooled.estimates[0].text(), pooled.studies["study"].to_list())
    0.25 (95 % interval 0.049 to 1.28) ['A', 'B']
    """
    require_choice("measure", measure, STRATIFIED)
    return _stratified(data, measure, level, "mantel-haenszel")


def peto(data: Any, *, level: float = 0.95) -> StratifiedPool:
    r"""Give Peto's odds ratio of rare events in two arms of similar size, with nothing added to any cell.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study: `events`, `n`, `events_control`, `n_control`; `study` and `cell_class` may be
        among them.
    level : float
        Confidence level, 0.95 for 95 %.

    Returns
    -------
    StratifiedPool
        One estimate; `diagnostics` as for `mantel_haenszel`, with Cochran's Q of the studies' own ratios.

    Raises
    ------
    InputError
        When a column is missing or holds what cannot be, or no study has an event.

    Notes
    -----
    :math:`\ln\mathrm{OR} = \sum (a - E)/\sum V` with :math:`E = n(a+c)/N` and the hypergeometric variance
    :math:`V`; its variance is :math:`1/\sum V`. A good approximation when events are rare, the arms of
    similar size and the ratio near 1; far from that it is biased (Greenland and Salvan 1990), and a note
    says so.

    References
    ----------
    Yusuf S, Peto R, Lewis J, Collins R, Sleight P (1985). Prog Cardiovasc Dis 27:335-371
    Greenland S, Salvan A (1990). Stat Med 9:247-252

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"events": [0, 2], "n": [20, 31], "events_control": [3, 4], "n_control": [20, 30]}
    >>> print(rv.evidence.peto(trials).estimates[0].text())
    0.29 (95 % interval 0.076 to 1.14)
    """
    return _stratified(data, PETO, level, "peto")


def _stratified(data: Any, measure: str, level: float, method: str) -> StratifiedPool:
    """Pool and say how."""
    confidence = as_level(level)
    names, cells, left_out = _studies(data, measure)
    k = len(names)
    stacked = {name: values[:, None] for name, values in cells.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = sums_of(measure)(stacked)
    value, error = _checked(sums, measure)
    reach = quantile(math.inf, confidence) * error
    kind = MEASURES[measure]
    scale = Scale(quantity=kind.reads, unit=kind.unit, back=kind.back, compares=kind.compares, code=kind.code)
    own, variance = _own_effects(cells, measure)
    tests = _tests(cells, measure, sums.value, (own, variance))
    text = _method_text(measure)
    main = PooledEstimate(
        quantity=f"pooled {scale.quantity}",
        value=scale.read(value),
        low=scale.read(value - reach),
        high=scale.read(value + reach),
        level=confidence,
        method=method,
        method_text=text,
        n=k,
        p_value=float(2 * special.ndtr(-abs(value / error))),
        null=scale.null,
        inputs={"studies": k},
        left_out=left_out,
    )
    return StratifiedPool(
        title=f"{scale.quantity[:1].upper()}{scale.quantity[1:]}, {plural(k, 'study', 'studies')}",
        estimates=(main,),
        method_text=text,
        diagnostics={
            "value": value,
            "low": value - reach,
            "high": value + reach,
            "standard_error": error,
            "k": k,
            **tests,
        },
        notes=_notes(cells, measure, value, tests),
        studies=pl.DataFrame(
            {
                "study": names,
                "effect": own,
                "variance": variance,
                "weight": sums.weights[:, 0],
                "added": np.zeros(k),
                **cells,
            }
        ).with_columns(pl.col("effect", "variance").fill_nan(None)),
        method=method,
        interval="wald",
        level=confidence,
        scale=scale,
        left_out=left_out,
        measure=measure,
    )


def _studies(data: Any, measure: str) -> tuple[list[str], Columns, tuple[LeftOut, ...]]:
    """Give the studies whose counts enter, and who was left out by name."""
    frame = as_frame(data)
    refuse_mixed_treatments(frame)
    cells, names = study_cells(frame, MEASURES[measure].counts), study_names(frame)
    complete = ~np.any([np.isnan(values) for values in cells.values()], axis=0)
    silent = np.zeros(len(names), dtype=bool)
    if measure in RATIOS:
        silent = complete & (cells["events"] + cells["events_control"] == 0)
    full = np.zeros(len(names), dtype=bool)
    if measure in {"odds ratio", PETO}:
        everyone = cells["n"] + cells["n_control"]
        full = complete & (cells["events"] + cells["events_control"] == everyone)
    used = complete & ~silent & ~full
    left_out = tuple(
        LeftOut(n=int(out.sum()), reason=f"{reason}: {_listed(names, out)}")
        for out, reason in (
            (~complete, "studies that lack a value which the measure needs"),
            (silent, f"studies without an event in either arm, which say nothing about the {measure}"),
            (full, f"studies in which every patient had the event, which say nothing about the {measure}"),
        )
        if out.any()
    )
    if not used.any():
        raise InputError(
            f"no study says anything about the {measure}: {'; '.join(left.reason for left in left_out)}. "
            "Use measure='risk difference' (or 'rate difference'), or give the upper bound of each arm with "
            "stats.proportion."
        )
    kept = [name for name, use in zip(names, used, strict=True) if use]
    return kept, {name: values[used] for name, values in cells.items()}, left_out


def _listed(names: Sequence[str], chosen: NDArray[np.bool_]) -> str:
    return ", ".join(name for name, each in zip(names, chosen, strict=True) if each)


def _checked(sums: Sums, measure: str) -> tuple[float, float]:
    """Give value and standard error; refuse counts that give none."""
    value, variance = float(sums.value[0]), float(sums.variance[0])
    if math.isfinite(value) and math.isfinite(variance) and variance > 0:
        return value, math.sqrt(variance)
    if measure in RATIOS:
        arm = "first" if value < 0 else "control"
        raise InputError(
            f"the pooled {measure} is {'0' if value < 0 else 'infinite or not known'}: over all studies one "
            f"side of its ratio is 0 (look at the events of the {arm} arm), so that it has no normal "
            "interval; use the risk or rate difference, peto, or an exact method of stats."
        )
    raise InputError(
        f"no study has an event, or all patients had one, so that the {measure} has no variance; give the "
        "upper bound of each arm with stats.proportion or stats.rate."
    )


def _own_effects(cells: Columns, measure: str) -> tuple[Floats, Floats]:
    """Give each study's own effect and variance, NaN where its counts alone give none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        effect, variance = MEASURES[measure].formula(cells)
    good = np.isfinite(effect) & np.isfinite(variance) & (variance > 0)
    return np.where(good, effect, np.nan), np.where(good, variance, np.nan)


def _tests(cells: Columns, measure: str, value: Floats, own: tuple[Floats, Floats]) -> dict[str, Any]:
    """Give the test of no difference at all, and that of differences between studies."""
    stacked = {name: values[:, None] for name, values in cells.items()}
    cmh, cmh_p = cochran_mantel_haenszel(stacked)
    found: dict[str, Any] = {"cmh": float(cmh[0]), "cmh_p_value": float(cmh_p[0])}
    if measure == "odds ratio":
        statistic, p_value, df = tarone(stacked, value)
        test = {"q": float(statistic[0]), "q_p_value": float(p_value[0]), "q_df": df, "q_studies": df + 1}
        return {**found, "heterogeneity_test": "breslow-day-tarone", **test}
    has = np.isfinite(own[0])
    effect, variance = own[0][has], own[1][has]
    df = max(int(has.sum()) - 1, 0)
    q = float(((effect - value[0]) ** 2 / variance).sum()) if df else math.nan
    return {
        **found,
        "heterogeneity_test": "q",
        "q": q,
        "q_p_value": float(special.chdtrc(df, q)),
        "q_df": df,
        "q_studies": int(has.sum()),
    }


def _method_text(measure: str) -> str:
    """Say how the value was made."""
    if measure == PETO:
        return (
            "One odds ratio common to all studies by Peto: observed less expected events; normal interval; "
            "nothing was added to any cell."
        )
    return (
        f"One {measure} common to all studies by Mantel and Haenszel; normal interval; nothing was added to "
        "any cell."
    )


def _notes(cells: Columns, measure: str, value: float, tests: dict[str, Any]) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    k = len(cells["events"])
    notes = ["One value common to all studies was assumed: the interval says nothing about others."]
    if k == 1:
        notes = ["There is one study: nothing was pooled."]
    without = k - tests["q_studies"]
    if without and tests["heterogeneity_test"] == "q":
        notes.append(
            f"{plural(without, 'study', 'studies')} with a cell of 0 entered the pooled value, but "
            f"{'has' if without == 1 else 'have'} no {measure} with a variance of "
            f"{'its' if without == 1 else 'their'} own and {'is' if without == 1 else 'are'} not in Q."
        )
    if measure == PETO:
        sizes = cells["n"] / cells["n_control"]
        unequal = bool((np.maximum(sizes, 1 / sizes) > UNEQUAL).any())
        if abs(value) > FAR or unequal:
            notes.append(
                "Peto's method is biased when the ratio is far from 1 or the arms differ in size, as here; "
                "compare with mantel_haenszel."
            )
    return tuple(notes)
