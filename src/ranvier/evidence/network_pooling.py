"""Several treatments compared at once, through the trials that compare some of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice, suggest
from ranvier.evidence._component_search import profile_bounds
from ranvier.evidence._given import as_level
from ranvier.evidence._measures import MEASURES
from ranvier.evidence._network_data import ARM_MEASURES, Trial, groups_of, read_trials
from ranvier.evidence._network_model import Net, chance, direct_trials
from ranvier.evidence._pooled import COEFFICIENT_INTERVALS, INTERVALS, below, quantile
from ranvier.evidence.network_fit import Network
from ranvier.evidence.pooled_studies import PooledEstimate, Scale
from ranvier.result import number, p_text, plural

__all__ = ["NETWORK_MEASURES", "NETWORK_METHODS", "network"]

Floats = NDArray[np.float64]

NETWORK_MEASURES = tuple(ARM_MEASURES)
"""What a network can be made of; the last two from comparisons only."""
NETWORK_METHODS = {
    "reml": "one variance between trials for all comparisons, by restricted maximum likelihood",
    "ml": "one variance between trials for all comparisons, by maximum likelihood",
    "common": "effects common to all trials",
}
"""How the variance between trials is estimated, by the name of the method."""
REFERENCES = (
    "Higgins JPT et al (2012). Res Synth Methods 3:98-110 (inconsistency between designs)",
    "White IR et al (2012). Res Synth Methods 3:111-125 (networks as multivariate models)",
    "Jackson D, Riley RD (2014). Stat Med 33:541-554 (Knapp and Hartung for several effects)",
    "Krahn U, Binder H, Koenig J (2013). BMC Med Res Methodol 13:35 (Q by designs)",
)
EXCHANGE = (
    "A network compares treatments that no trial may have compared. That is right only when the patients "
    "and the conduct of its trials are alike enough for any treatment to have stood in any trial; no "
    "number below can show it."
)
LOW_P = 0.1
"""A test between designs has little power: p values below this are pointed out."""


def network(
    data: Any,
    *,
    reference: str,
    measure: str | None = None,
    method: str = "reml",
    interval: str = "knapp-hartung",
    level: float = 0.95,
) -> Network:
    r"""Give every treatment compared with every other, directly and through third ones.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per arm: `study`, `treatment` and the columns of the measure (`events` and `n`; `events` and
        `years`; `mean`, `sd` and `n`), or `effect` and `variance` of the arm on the scale that is pooled. Or
        one row per comparison: `study`, `treatment`, `comparator`, `effect` (treatment less comparator),
        `variance`; a trial with several arms then needs all of its comparisons.
    reference : str
        The treatment with which the others are compared first.
    measure : str, optional
        One of `NETWORK_MEASURES`; with `effect` and `variance` it only says how results are read.
    method : str
        One of `NETWORK_METHODS`.
    interval : {"knapp-hartung", "knapp-hartung unfloored", "t", "wald"}
        How intervals are made. "knapp-hartung" is floored: never shorter than the t interval.
    level : float
        Confidence level, 0.95 for 95 %.

    Returns
    -------
    Network
        Estimates: each treatment against the reference, as the measure is read; the variance between trials.
        `comparisons` holds all pairs, `league` the same as a square, `diagnostics` the tests between
        designs; `split` sets direct against indirect evidence, `ranking` gives ranks with their range,
        `graph` draws who was compared with whom.

    Raises
    ------
    InputError
        When the network falls into parts (they are named), a trial contradicts itself, a variance between
        trials cannot be known, or an option is not allowed.
    ConvergenceError
        When the variance between trials does not settle.

    Notes
    -----
    The rows are the differences :math:`y` of each trial from its first arm, :math:`y = X\delta + u + e`.
    Sampling covariances are those of differences that share an arm; the :math:`u` of a trial have the
    covariance :math:`\tau^2 (I + J)/2`, J of ones, so that every difference has the same variance
    :math:`\tau^2` and no arm is special. Then :math:`\hat\delta = (X'V^{-1}X)^{-1}X'V^{-1}y`. Knapp and
    Hartung multiply its covariance by :math:`r'V^{-1}r/(n - p)`, n differences, p treatments less one,
    floored at 1 unless asked otherwise, and use t with n - p degrees of freedom. A new trial lies within
    :math:`\pm t_{n-p-1}\sqrt{\mathrm{se}^2 + \tau^2}`.

    A design is a set of treatments. Q between designs is what Q falls by when every design has effects of
    its own; with random effects it takes :math:`\tau^2` from trials of the same design. It has little power
    with few trials: a large p value is no proof of consistency.

    0.5 is added to each cell of the trials with a cell of 0, in all their arms. Trials without an event in
    any arm are left out of ratios and named. Rare events are better pooled pair by pair with
    `mantel_haenszel`.

    Where arms carry `cell_class`, aHSCT and other cells under one name are refused: different treatments need
    different names. Comparisons are taken as they are given, without that guard.

    References
    ----------
    Higgins JPT et al (2012). Res Synth Methods 3:98-110
    White IR et al (2012). Res Synth Methods 3:111-125
    Krahn U, Binder H, Koenig J (2013). BMC Med Res Methodol 13:35
    Jackson D, Riley RD (2014). Stat Med 33:541-554

    Examples
    --------
    >>> import ranvier as rv
    >>> arms = {
    ...     "study": ["A", "A", "B", "B", "C", "C", "D", "D", "D"],
    ...     "treatment": ["msc", "placebo", "msc", "placebo", "nsc", "placebo", "msc", "nsc", "placebo"],
    ...     "mean": [-0.5, -0.1, -0.4, 0.1, -0.2, 0.0, -0.6, -0.2, 0.0],
    ...     "sd": [0.9, 1.0, 1.1, 0.9, 1.0, 1.0, 0.8, 0.9, 1.0],
    ...     "n": [20, 20, 35, 33, 15, 16, 24, 25, 25],
    ... }
    >>> net = rv.evidence.network(arms, reference="placebo", measure="mean difference")
    >>> [each.text() for each in net.estimates[:2]]
    ['−0.51 (95 % interval −0.99 to −0.04)', '−0.16 (95 % interval −0.79 to 0.47)']
    """
    require_choice("method", method, NETWORK_METHODS)
    require_choice("interval", interval, INTERVALS)
    if measure is not None:
        require_choice("measure", measure, NETWORK_MEASURES)
    confidence = as_level(level)
    trials, left_out = read_trials(data, measure)
    treatments = _treatments(trials, reference)
    net = Net(trials=trials, treatments=treatments, method=method)
    if net.df < 1 and method != "common":
        raise InputError(
            f"{plural(len(trials), 'trial')} for {plural(len(treatments), 'treatment')} leave nothing to "
            "estimate a variance between trials from: no comparison is made twice, directly or indirectly. "
            "Use method='common' with interval='wald', and read it as such."
        )
    if net.df < 1 and interval != "wald":
        raise InputError("there are no degrees of freedom left for this interval; use interval='wald'.")
    scale = _scale(measure)
    numbers = _numbers(net, interval)
    comparisons = _comparisons(net, numbers, scale, confidence)
    options: dict[str, Any] = {
        "level": confidence,
        "n": len(trials),
        "method": method,
        "left_out": left_out,
        "inputs": {"trials": len(trials), "treatments": len(treatments)},
        "references": REFERENCES,
    }
    text = f"Network of trials: {NETWORK_METHODS[method]}; {COEFFICIENT_INTERVALS[interval]}."
    return Network(
        title=f"{scale.quantity[:1].upper()}{scale.quantity[1:]}, {len(treatments)} treatments in "
        f"{plural(len(trials), 'trial')}",
        estimates=(
            *_against(comparisons, reference, scale, {**options, "method_text": text}),
            *_between(net, numbers, options),
        ),
        method_text=text,
        diagnostics=numbers,
        notes=_notes(net, numbers),
        comparisons=comparisons,
        treatments=_treatment_table(net),
        studies=_study_table(net),
        reference=reference,
        method=method,
        interval=interval,
        level=confidence,
        scale=scale,
        left_out=left_out,
        net=net,
    )


def _treatments(trials: tuple[Trial, ...], reference: str) -> tuple[str, ...]:
    """Give all treatments, the reference first; refuse a network in parts."""
    groups = groups_of(trials)
    if len(groups) > 1:
        raise InputError(
            "the network falls into parts that no trial joins: "
            f"{'; '.join(str(list(group)) for group in groups)}. Treatments of different parts cannot be "
            "compared; give the parts one after the other."
        )
    (found,) = groups
    if reference not in found:
        near = suggest(str(reference), found)
        hint = f" Did you mean {near!r}?" if near else ""
        raise InputError(f"reference is {reference!r}; the treatments are {list(found)}.{hint}")
    return (reference, *(name for name in found if name != reference))


def _scale(measure: str | None) -> Scale:
    """Give how results are read."""
    if measure is None:
        return Scale(quantity="difference", unit="", back=None, compares=True, code=None)
    if measure in MEASURES:
        found = MEASURES[measure]
        return Scale(quantity=measure, unit="", back=found.back, compares=True, code=found.code)
    return Scale(quantity=measure, unit="", back=np.exp, compares=True, code=None)


def _numbers(net: Net, interval: str) -> dict[str, Any]:
    """Give the numbers by name."""
    state, df = net.state, net.df
    tau2 = float(state.theta[0]) * net.unit if len(state.theta) else 0.0
    factor = state.q / df if df else 1.0
    if interval in {"t", "wald"}:
        factor = 1.0
    elif interval == "knapp-hartung":
        factor = max(factor, 1.0)
    alone = net.model(net.columns).at(np.zeros(state.model.c))
    typical = df / alone.freedom * net.unit if df else math.nan
    apart = net.inconsistency()
    return {
        "tau2": tau2,
        "tau": math.sqrt(tau2),
        "i2": max(0.0, 1 - df / apart.q)
        if net.method == "common" and apart.q > 0
        else tau2 / (tau2 + typical),
        "factor": factor,
        "df": math.inf if interval == "wald" else df,
        "q": apart.q,
        "q_df": apart.df,
        "q_p_value": chance(apart.q, apart.df),
        "q_within": apart.q_within,
        "q_within_df": apart.df_within,
        "q_within_p_value": chance(apart.q_within, apart.df_within),
        "q_between": apart.q_between,
        "q_between_df": apart.df_between,
        "q_between_p_value": chance(apart.q_between, apart.df_between),
        "q_between_random": apart.q_random,
        "q_between_random_p_value": chance(apart.q_random, apart.df_between),
        "tau2_within_designs": apart.tau2_within,
        "log_likelihood": state.log_likelihood - _free(net) / 2 * math.log(net.unit),
        "trials": len(net.trials),
        "treatments": len(net.treatments),
        "differences": len(net.y),
        "designs": len(net.designs),
    }


def _free(net: Net) -> int:
    return net.df if net.method == "reml" else len(net.y)


def _comparisons(net: Net, numbers: dict[str, Any], scale: Scale, level: float) -> pl.DataFrame:
    """Give every treatment against every other, one row each way."""
    pairs = [(one, other) for one in net.treatments for other in net.treatments if one != other]
    rows = np.stack([net.along(*pair) for pair in pairs])
    covariance = net.state.phi * numbers["factor"] * net.unit
    value = rows @ net.state.beta * math.sqrt(net.unit)
    error = np.sqrt(np.einsum("ij,jk,ik->i", rows, covariance, rows))
    reach = quantile(numbers["df"], level) * error
    wide = np.full_like(value, np.nan)
    if net.method != "common" and net.df > 1:
        wide = quantile(net.df - 1, level) * np.sqrt(error**2 + numbers["tau2"])
    back = scale.back or (lambda each: each)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = value / error
    return pl.DataFrame(
        {
            "treatment": [one for one, _ in pairs],
            "comparator": [other for _, other in pairs],
            "effect": value,
            "standard_error": error,
            "statistic": statistic,
            "p_value": 2 * below(numbers["df"], -np.abs(statistic)),
            "value": back(value),
            "low": back(value - reach),
            "high": back(value + reach),
            "prediction_low": back(value - wide),
            "prediction_high": back(value + wide),
            "trials": [direct_trials(net.trials, *pair) for pair in pairs],
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _against(
    comparisons: pl.DataFrame, reference: str, scale: Scale, options: dict[str, Any]
) -> list[PooledEstimate]:
    """Give each treatment against the reference as an estimate."""
    return [
        PooledEstimate(
            quantity=f"{scale.quantity}, {row['treatment']} against {reference}",
            value=row["value"],
            low=row["low"],
            high=row["high"],
            unit=scale.unit,
            p_value=row["p_value"],
            null=scale.null,
            **options,
        )
        for row in comparisons.filter(pl.col("comparator") == reference).iter_rows(named=True)
    ]


def _between(net: Net, numbers: dict[str, Any], options: dict[str, Any]) -> list[PooledEstimate]:
    """Give the variance between trials with its profile-likelihood interval."""
    if net.method == "common":
        return []
    low, high = profile_bounds(net.state, 0, options["level"])
    return [
        PooledEstimate(
            quantity="variance between trials of a comparison (tau²)",
            value=numbers["tau2"],
            low=low * net.unit,
            high=high * net.unit,
            method_text="Interval by the profile likelihood.",
            **options,
        )
    ]


def _treatment_table(net: Net) -> pl.DataFrame:
    """Give trials and patients of each treatment."""
    rows = []
    for name in net.treatments:
        sizes = [
            size
            for trial in net.trials
            for arm, size in zip(trial.arms, trial.patients, strict=True)
            if arm == name
        ]
        rows.append({"treatment": name, "trials": len(sizes), "patients": float(sum(sizes))})
    return pl.DataFrame(rows).with_columns(pl.col("patients").fill_nan(None))


def _study_table(net: Net) -> pl.DataFrame:
    """Give the treatments of each trial."""
    return pl.DataFrame(
        {
            "study": [trial.name for trial in net.trials],
            "design": [" : ".join(trial.arms) for trial in net.trials],
            "arms": [len(trial.arms) for trial in net.trials],
            "added": [trial.added for trial in net.trials],
        }
    )


def _notes(net: Net, numbers: dict[str, Any]) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes = [EXCHANGE]
    disagreement = numbers["q_between_random_p_value"]
    if math.isnan(disagreement):
        disagreement = numbers["q_between_p_value"]
    if not numbers["q_between_df"]:
        notes.append(
            "No comparison can be made on two independent ways, so that indirect evidence cannot be "
            "checked against direct evidence here."
        )
    elif disagreement < LOW_P:
        notes.append(
            "Trials of different designs contradict each other more than chance explains well "
            f"({p_text(disagreement)}); look at `split` before believing any indirect comparison."
        )
    single = [name for name in net.treatments if sum(name in trial.arms for trial in net.trials) == 1]
    if single:
        notes.append(f"Known from one trial only: {', '.join(single)}.")
    if net.method == "common":
        notes.append(
            "Effects common to all trials were assumed: the intervals say nothing about other trials."
        )
    elif net.df < 5:
        notes.append(
            f"The variance between trials rests on {plural(net.df, 'degree', 'degrees')} of freedom and is "
            "hardly known, and neither is any number that rests on it."
        )
    touched = sum(trial.added for trial in net.trials)
    if touched:
        notes.append(
            f"{number(0.5, digits=1)} was added to each cell of {plural(touched, 'trial')} with a cell of "
            "0; with rare events such additions decide the result. Compare with `mantel_haenszel`, pair by "
            "pair."
        )
    return tuple(notes)
