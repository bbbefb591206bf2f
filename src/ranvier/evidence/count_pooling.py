"""Pooling of counts by their own distributions: nothing is added to a zero, and no study is lost for one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.evidence._count_models import COUNT_MEASURES, COUNT_MODELS, CountMeasure, uninformative
from ranvier.evidence._count_solution import Question, Solution, read_exact, solve
from ranvier.evidence._count_words import COUNT_INTERVALS, COUNT_METHODS, method_text, notes
from ranvier.evidence._given import as_level
from ranvier.evidence._measures import MEASURES, Cells
from ranvier.evidence._study_cells import (
    as_frame,
    refuse_mixed_treatments,
    refuse_mixed_units,
    refuse_parts_of_counts,
    study_cells,
    study_names,
)
from ranvier.evidence.count_pool import CountPool
from ranvier.evidence.pooled_studies import PooledEstimate, Scale
from ranvier.result import LeftOut, plural

__all__ = ["COUNT_INTERVALS", "COUNT_MEASURES", "COUNT_METHODS", "COUNT_MODELS", "pool_counts"]

Floats = NDArray[np.float64]

_MEAN_NODES = 101
"""Nodes of the mean share: right to six digits with any spread that is found."""
_FORMULAS = {
    "proportion": "logit proportion",
    "rate": "log rate",
    "odds ratio": "odds ratio",
    "rate ratio": "rate ratio",
}
_REFERENCES = {
    "binomial-normal": "Hamza TH, van Houwelingen HC, Stijnen T (2008). J Clin Epidemiol 61:41-51",
    "else": "Stijnen T, Hamza TH, Özdemir P (2010). Stat Med 29:3046-3067. doi:10.1002/sim.4040",
    "ratio": "Jackson D, Law M, Stijnen T, Viechtbauer W, White IR (2018). Stat Med 37:1059-1085. "
    "doi:10.1002/sim.7588",
}


def pool_counts(
    data: Any,
    *,
    measure: str,
    model: str | None = None,
    method: str = "random",
    interval: str | None = None,
    level: float = 0.95,
    quantity: str | None = None,
) -> CountPool:
    r"""Give the pooled share, rate or ratio of several studies from their counts, by a model of the counts.

    The way to pool tables of evidence with few events: generalised linear mixed models by maximum likelihood,
    with the exact answer for one common value beside them.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study; `study` (a name), `cell_class` and `unit` (what events are counted among) may be
        among the columns. aHSCT together with other cells is refused, and so is more than one unit.

        - "proportion": `events`, `n` (patients)
        - "rate": `events`, `years` (person-years)
        - "odds ratio": `events`, `n`, `events_control`, `n_control`
        - "rate ratio": `events`, `years`, `events_control`, `years_control`
    measure : str
        One of `COUNT_MEASURES`.
    model : str, optional
        One of `COUNT_MODELS` that fits the measure. When None: "binomial-normal", "poisson-normal", and
        "conditional" for two arms.
    method : {"random", "common"}
        Whether studies may differ ("random": spread between them by maximum likelihood) or share one value.
    interval : str, optional
        One of `COUNT_INTERVALS`. When None, "t" where studies may differ and "exact" for a common value.
    level : float
        Confidence level, 0.95 for 95 %.
    quantity : str, optional
        What is pooled, for the sentences.

    Returns
    -------
    CountPool
        Estimates: the pooled value; what is expected in a new study; the variance between studies (tau², on
        the log scale) with its profile-likelihood interval; the exact value if one held for all studies. With
        one study, or when all studies lie at the same end (no event anywhere), the exact value is the answer.
        `studies` holds one row per study with its own exact interval; `diagnostics` the numbers on the log
        scale, among them tau, q (a value for each study against one for all, a likelihood ratio) and lr (a
        spread against none); NaN where the model has none.

    Raises
    ------
    InputError
        When a column is missing or holds what cannot be, units are mixed, an option is not allowed, or no
        study holds information on the ratio.
    ConvergenceError
        When the likelihood rises without end or does not settle; the message holds the last values.

    Notes
    -----
    In study i the linear predictor is :math:`\mu + \tau z_i` with standard normal :math:`z_i`, and

    - binomial-normal: :math:`x_i \sim \mathrm{Bin}(n_i, \mathrm{expit}(\mu + \tau z_i))`
    - poisson-normal: :math:`x_i \sim \mathrm{Poisson}(t_i e^{\mu + \tau z_i})`
    - conditional: given the events of both arms :math:`x_i` is noncentral hypergeometric with log odds ratio
      :math:`\mu + \tau z_i`; for rates binomial with log odds :math:`\ln(t_{1i} / t_{2i}) + \mu + \tau z_i`
    - conditional approximate: binomial with log odds :math:`\ln(n_{1i} / n_{2i}) + \mu + \tau z_i`
    - unconditional: both arms, with linear predictors :math:`\alpha_i \pm (\mu + \tau z_i) / 2`
    - unconditional random: the same with :math:`\alpha_i = \gamma + \sigma y_i`, y and z independent

    In metafor: `rma.glmm` with measure PLO or IRLN, and for two arms CM.EL, CM.AL, UM.FS, UM.RS. The integral
    over one random effect is taken by an adaptive trapezoidal rule, right to 1e-9; over two by adaptive
    Gauss-Hermite quadrature with 31 nodes a dimension (metafor takes one node there, Laplace's
    approximation). The search starts from several values of tau and takes the highest peak.

    A study without event in either arm (or without anyone free of it) says nothing about a ratio, whatever
    that is: it is named and left out of conditional and unconditional models. "unconditional random" keeps
    it, because there it informs the level; it borrows from a distribution of levels that nobody randomised.

    No interval here is exact where studies differ. Wald intervals of these models held the truth less often
    than stated with few studies (Jackson and colleagues); Student's t with k - 1 degrees of freedom is wider.
    The exact interval of a common value holds it at least as often as stated if there is one; with a
    spread between studies it is too short (`benchmarks/rare_events.py` says by how much).

    The pooled share or rate is that of a typical study, the median over studies; `diagnostics["mean_share"]`
    is the mean share. The p value of the variance between studies is half that of chi-square with 1 degree of
    freedom, because the variance cannot be negative.

    References
    ----------
    Hamza TH, van Houwelingen HC, Stijnen T (2008). J Clin Epidemiol 61:41-51
    Stijnen T, Hamza TH, Özdemir P (2010). Stat Med 29:3046-3067. doi:10.1002/sim.4040
    Jackson D, Law M, Stijnen T, Viechtbauer W, White IR (2018). Stat Med 37:1059-1085. doi:10.1002/sim.7588
    Mehta CR, Patel NR, Gray R (1985). J Am Stat Assoc 80:969-973

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"study": ["A", "B", "C", "D"], "events": [0, 3, 1, 4], "n": [10, 15, 12, 20]}
    >>> pooled = rv.evidence.pool_counts(trials, measure="proportion")
    >>> print(pooled.estimates[0].text())
    14.0 % (95 % interval 4.6 % to 35.5 %)
    >>> print(pooled.estimates[3].text())
    14.0 % (95 % interval 6.3 % to 25.8 %)
    >>> nobody = {"events": [0, 0], "n": [10, 5]}
    >>> rv.evidence.pool_counts(nobody, measure="proportion").notes[0]
    '0 of 15 patients: the true share could be up to 21.8 %.'
    """
    question = _question(measure, model, method, interval, level)
    kind = COUNT_MEASURES[measure]
    frame = as_frame(data)
    refuse_mixed_treatments(frame)
    refuse_mixed_units(frame, measure)
    every, given = study_names(frame), study_cells(frame, kind.counts)
    refuse_parts_of_counts(given, every, "events")
    names, cells, left_out = _informative(question, kind, every, given)
    found = solve(question, cells)
    formula = MEASURES[_FORMULAS[measure]]
    scale = Scale(
        quantity=quantity or kind.reads,
        unit=kind.unit,
        back=formula.back,
        compares=question.compares,
        code=kind.code,
    )
    mean_share = _mean_share(found) if measure == "proportion" else math.nan
    text = method_text(question, found, len(names))
    shared = {
        "level": question.level,
        "n": len(names),
        "left_out": left_out,
        "inputs": {"studies": len(names)},
        "references": _references(question),
    }
    return CountPool(
        title=f"{scale.quantity[:1].upper()}{scale.quantity[1:]}, {plural(len(names), 'study', 'studies')}",
        estimates=_estimates(question, found, scale, text, shared),
        method_text=text,
        diagnostics=_diagnostics(found, len(names), mean_share),
        notes=notes(question, found, cells, mean_share),
        studies=_studies(question, names, cells, found),
        method=question.method,
        interval=question.interval,
        level=question.level,
        scale=scale,
        left_out=left_out,
        measure=measure,
        model=question.model,
    )


def _question(measure: str, model: str | None, method: str, interval: str | None, level: Any) -> Question:
    """Give what is asked, each option checked against the others."""
    require_choice("measure", measure, COUNT_MEASURES)
    models = COUNT_MEASURES[measure].models
    chosen = models[0] if model is None else model
    require_choice("model", chosen, COUNT_MODELS)
    if chosen not in models:
        raise InputError(f"model {chosen!r} does not fit measure {measure!r}; use one of {list(models)}.")
    require_choice("method", method, COUNT_METHODS)
    common = method == "common"
    default = "exact" if common and not chosen.startswith("unconditional") else "t"
    way = default if interval is None else interval
    require_choice("interval", way, COUNT_INTERVALS)
    if way == "exact" and default != "exact":
        raise InputError(
            "interval 'exact' needs method='common' and a model of one arm or a conditional one: "
            "only the value "
            "that all studies share has an exact interval. It stands beside the pooled value in any case."
        )
    return Question(measure=measure, model=chosen, method=method, interval=way, level=as_level(level))


def _informative(
    question: Question, kind: CountMeasure, names: list[str], cells: Cells
) -> tuple[list[str], dict[str, Floats], tuple[LeftOut, ...]]:
    """Give the studies that enter, and name those that cannot."""
    known = ~np.any([np.isnan(values) for values in cells.values()], axis=0)
    silent = np.zeros(len(names), dtype=bool)
    if question.compares and question.model != "unconditional random":
        silent = known & uninformative(question.measure, cells)
    use = known & ~silent
    arms = [cells[name][known].sum() for name in cells if name.startswith("events")]
    if not use.any() or (question.compares and sum(arms) == 0):
        what = "both a count and what it is counted among"
        if known.any():
            what = "events in one arm and patients without it in the other"
        raise InputError(
            f"no study has {what}, so that the {kind.reads} cannot be known. "
            "Give the share or rate of each arm with measure='proportion' or 'rate': they have upper bounds."
        )

    def listed(which: Any) -> str:
        return ", ".join(name for name, out in zip(names, which, strict=True) if out)

    left_out = (
        LeftOut(n=int((~known).sum()), reason=f"studies that lack a count: {listed(~known)}"),
        LeftOut(
            n=int(silent.sum()),
            reason="studies without event, or with nothing else, in both arms, which say nothing about a "
            f"ratio: {listed(silent)}",
        ),
    )
    used = {name: values[use] for name, values in cells.items()}
    return [name for name, enters in zip(names, use, strict=True) if enters], used, left_out


def _estimates(
    question: Question, found: Solution, scale: Scale, text: str, shared: dict[str, Any]
) -> tuple[PooledEstimate, ...]:
    """Give the pooled value, the prediction, the variance between studies and the exact common value."""
    if found.by == "search":
        value, low, high = (scale.read(each) for each in (found.value, found.low, found.high))
    else:
        value, low, high = found.exact.value, found.exact.low, found.exact.high
    made = PooledEstimate(
        quantity=f"pooled {scale.quantity}",
        value=value,
        low=low,
        high=high,
        unit=scale.unit,
        method=question.model,
        method_text=text,
        p_value=found.p_value if scale.compares else None,
        null=scale.null if scale.compares else None,
        **shared,
    )
    if found.by != "search" or question.method == "common":
        return (made,)
    prediction = PooledEstimate(
        quantity=f"{scale.quantity} in a new study",
        value=value,
        low=scale.read(found.prediction_low),
        high=scale.read(found.prediction_high),
        unit=scale.unit,
        method=question.model,
        method_text="Prediction interval: where the true value of a comparable new study is expected.",
        **shared,
    )
    between = PooledEstimate(
        quantity="variance between studies (tau²) on the log scale",
        value=found.tau**2,
        low=found.tau_low**2,
        high=found.tau_high**2,
        method="profile",
        method_text="Interval by the profile likelihood.",
        **shared,
    )
    common = PooledEstimate(
        quantity=f"{scale.quantity} if one value held for all studies",
        value=found.exact.value,
        low=found.exact.low,
        high=found.exact.high,
        unit=scale.unit,
        method="exact",
        method_text="Exact interval; too short where studies differ.",
        p_value=found.exact.p_value,
        null=scale.null if scale.compares else None,
        **shared,
    )
    return (made, prediction, between, common)


def _diagnostics(found: Solution, k: int, mean_share: float) -> dict[str, Any]:
    """Give the numbers on the log scale by name."""
    names = ("value", "low", "high", "standard_error", "statistic", "p_value", "tau", "tau_low", "tau_high")
    tests = ("q", "q_p_value", "lr", "lr_p_value", "log_likelihood")
    numbers = {name: float(getattr(found, name)) for name in (*names, *tests)}
    return {**numbers, "tau2": found.tau**2, "q_df": k - 1, "k": k, "mean_share": mean_share}


def _mean_share(found: Solution) -> float:
    """Give the mean share over studies of the spread found."""
    if math.isnan(found.tau):
        return found.exact.value
    nodes, weights = special.roots_hermitenorm(_MEAN_NODES)
    return float(weights @ special.expit(found.value + found.tau * nodes) / weights.sum())


def _studies(question: Question, names: list[str], cells: Cells, found: Solution) -> pl.DataFrame:
    """Give one row per study: its counts, its own value with its exact interval, its weight."""
    k = len(names)
    own = []
    for row in range(k):
        alone = {name: values[row : row + 1] for name, values in cells.items()}
        if question.compares and uninformative(question.measure, alone)[0]:
            own.append((math.nan, 0.0, math.inf))
            continue
        exact, _ = read_exact(question, alone, question.level)
        own.append((exact.value, exact.low, exact.high))
    with np.errstate(divide="ignore", invalid="ignore"):
        effect, variance = MEASURES[_FORMULAS[question.measure]].formula(cells)
    finite = np.isfinite(effect) & np.isfinite(variance)
    numbers = {
        "effect": np.where(finite, effect, np.nan),
        "variance": np.where(finite, variance, np.nan),
        **dict(zip(("value", "low", "high"), np.array(own).T, strict=True)),
        "weight": found.weights,
        "added": np.zeros(k),
    }
    table = pl.DataFrame({"study": names, **cells, **numbers})
    return table.with_columns(pl.col("effect", "variance", "value").fill_nan(None))


def _references(question: Question) -> tuple[str, ...]:
    """Give the sources of the model."""
    found = [_REFERENCES.get(question.model, _REFERENCES["else"])]
    return (*found, _REFERENCES["ratio"]) if question.compares else tuple(found)
