"""Several outcomes, arms or times per study pooled without counting a study more than once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError, require_choice
from ranvier.evidence._component_search import fit_components, profile_bounds
from ranvier.evidence._components import model_of
from ranvier.evidence._given import Given, as_level, given_studies
from ranvier.evidence._multilevel_numbers import estimates_of, intervals_of, numbers_of, shapes_of
from ranvier.evidence._sampling import as_sampling, blocks_of
from ranvier.evidence.effect_sizes import EffectSizes
from ranvier.evidence.multilevel_pool import MultilevelPool
from ranvier.evidence.pooled_studies import ROUNDING, Scale
from ranvier.result import number, plural

__all__ = ["MULTILEVEL_METHODS", "pool_multilevel"]

Floats = NDArray[np.float64]

MULTILEVEL_METHODS = {
    "reml": "variances between and within studies by restricted maximum likelihood",
    "ml": "variances between and within studies by maximum likelihood",
}
"""How the variances between and within studies are estimated, by the name of the method."""
FEW_DF = 4.0
"""Below this many degrees of freedom the interval of CR2 is no longer reliable (Tipton 2015)."""
FEW_STUDIES = 10
"""Below this many studies the interval rests on few residuals, however many effects there are."""
REFERENCES = (
    "Konstantopoulos S (2011). Res Synth Methods 2:61-76",
    "Bell RM, McCaffrey DF (2002). Surv Methodol 28:169-181",
    "Tipton E (2015). Psychol Methods 20:375-393",
    "Pustejovsky JE, Tipton E (2018). J Bus Econ Stat 36:672-683. doi:10.1080/07350015.2016.1247004",
)


def pool_multilevel(
    effect: EffectSizes | ArrayLike,
    variance: ArrayLike | None = None,
    *,
    study: Sequence[Any] | None = None,
    within: Sequence[Any] | None = None,
    sampling: float | ArrayLike | None = None,
    method: str = "reml",
    level: float = 0.95,
) -> MultilevelPool:
    r"""Give the pooled effect of studies that report several: outcomes, arms, times or groups.

    Parameters
    ----------
    effect : EffectSizes or array-like, shape (n,)
        What `effect_size` made, or one effect per row on the scale that is pooled, None where missing.
    variance : array-like, shape (n,), optional
        Variance of each effect; not with `EffectSizes`.
    study : sequence, optional
        The study of each effect; with `EffectSizes` its own column serves.
    within : sequence, optional
        What an effect is within its study, such as the outcome or the arm. Effects of a study with the same
        entry share one true value; when None, each effect has its own.
    sampling : float or array-like, shape (n, n), optional
        How the effects of a study go together by chance: one correlation for all, or the whole matrix of
        sampling covariances. When None they are taken as independent, which holds for different patients
        only.
    method : {"reml", "ml"}
        Which likelihood gives the two variances.
    level : float
        Confidence level, 0.95 for 95 %.

    Returns
    -------
    MultilevelPool
        Estimates: the pooled value with its cluster-robust interval (CR2, Satterthwaite), turned back into
        shares, rates or ratios where the measure has a way back; the prediction of one effect of a new study;
        the variances between and within studies with profile-likelihood intervals; their shares of the total.
        `intervals` holds the other intervals: model-based, CR0, CR1 and CR2.

    Raises
    ------
    InputError
        When a variance is not above 0, there is one study only, no study has two effects (use `pool`), a
        covariance is impossible or joins studies, or an option is not allowed.
    ConvergenceError
        When the variances do not settle.

    Notes
    -----
    Effect j of study i is :math:`y_{ij} = \mu + u_i + w_{ij} + e_{ij}` with variances :math:`\sigma^2_u`
    between, :math:`\sigma^2_w` within studies, and the known covariance S of the :math:`e`. With
    :math:`V = S + \sigma^2_u J + \sigma^2_w I` (by study, J of ones),
    :math:`\hat\mu = \mathbf 1'V^{-1}y / \mathbf 1'V^{-1}\mathbf 1`. Its interval takes a study as a cluster,
    so that it holds when the correlations in V are wrong: CR2 is the sandwich estimator that has no bias
    when V is right, with Satterthwaite's degrees of freedom. CR0 has no correction; CR1 multiplies it by
    m/(m - 1); both have t with m - 1, m studies; the model-based interval is normal.

    One effect of a new study lies within :math:`\hat\mu \pm t\sqrt{\mathrm{se}^2 + \sigma^2_u + \sigma^2_w}`,
    t with m - 2 degrees of freedom, or those of CR2 when these are fewer. The shares of the total variance
    take :math:`(n-1)/\mathrm{tr}(P)` as typical sampling variance, P the projection under S alone.

    There is no guard against pooling different treatments: what the rows are is not known here. aHSCT is
    never to be pooled with other cells.

    References
    ----------
    Konstantopoulos S (2011). Res Synth Methods 2:61-76
    Bell RM, McCaffrey DF (2002). Surv Methodol 28:169-181
    Tipton E (2015). Psychol Methods 20:375-393
    Pustejovsky JE, Tipton E (2018). J Bus Econ Stat 36:672-683. doi:10.1080/07350015.2016.1247004

    Examples
    --------
    >>> import ranvier as rv
    >>> y, v = [-0.5, -0.2, -0.9, -0.6, -0.1, 0.1, -0.4], [0.05, 0.05, 0.08, 0.07, 0.04, 0.05, 0.1]
    >>> trial = ["A", "A", "B", "B", "C", "C", "D"]
    >>> pooled = rv.evidence.pool_multilevel(y, v, study=trial, sampling=0.6)
    >>> print(pooled.estimates[0].text())
    −0.35 (95 % interval −0.88 to 0.18)
    """
    require_choice("method", method, MULTILEVEL_METHODS)
    confidence = as_level(level)
    given, known = _given(effect, variance, study, sampling)
    places = _studies(given.names)
    labels = _labels(within, given)
    names = list(places)
    blocks = blocks_of(known, given.v, list(places.values()), names)
    unit = 1 / float((1 / given.v).mean())
    shapes = shapes_of(labels, list(places.values()))
    known_blocks = [block / unit for block in blocks]
    # From one of the effects: when all are equal, what is left is 0 without rounding.
    middle = float(given.y[0])
    model = model_of(
        (given.y - middle) / math.sqrt(unit),
        np.ones((given.k, 1)),
        list(places.values()),
        known=known_blocks,
        shapes=shapes,
        restricted=method == "reml",
    )
    state = fit_components(model)
    scale = given.scale(None)
    intervals = intervals_of(state, middle, unit, confidence)
    numbers = numbers_of(state, intervals, unit, confidence)
    bounds = [tuple(end * unit for end in profile_bounds(state, place, confidence)) for place in (0, 1)]
    options = {
        "level": confidence,
        "n": given.k,
        "method": method,
        "left_out": given.left_out,
        "inputs": {"studies": len(names), "effects": given.k},
        "references": REFERENCES,
    }
    weights = (state.pulled[:, :, 0] / state.information[0, 0])[tuple(state.model.rows.T)]
    assumed = _assumed(known)
    return MultilevelPool(
        title=f"{scale.quantity[:1].upper()}{scale.quantity[1:]}, {plural(given.k, 'effect')} of "
        f"{plural(len(names), 'study', 'studies')}",
        estimates=estimates_of(numbers, bounds, scale, options),
        method_text=f"{given.text} Three levels: {MULTILEVEL_METHODS[method]}; {assumed} The interval is "
        "cluster-robust by study (CR2), with Satterthwaite's degrees of freedom.".strip(),
        diagnostics=numbers,
        notes=_notes(numbers, known is None, weights, scale),
        effects=pl.DataFrame(
            {
                "study": list(given.names),
                "within": labels,
                "effect": given.y,
                "variance": given.v,
                "weight": weights,
                "added": given.added,
            }
        ),
        studies=pl.DataFrame(
            {
                "study": names,
                "effects": [len(rows) for rows in places.values()],
                "weight": [float(weights[rows].sum()) for rows in places.values()],
            }
        ),
        intervals=intervals,
        method=method,
        level=confidence,
        scale=scale,
        left_out=given.left_out,
    )


def _given(effect: Any, variance: Any, study: Any, sampling: Any) -> tuple[Given, float | Floats | None]:
    """Give the effects that can be used, and their sampling covariances."""
    if isinstance(study, str):
        raise InputError(f"study is {study!r}; give the study of each effect.")
    _refuse_missing("study", study)
    if isinstance(effect, EffectSizes):
        known = as_sampling(sampling, effect.table.height)
    else:
        if study is None:
            raise InputError(
                "study is missing; give the study of each effect, so that its effects stay together."
            )
        known = as_sampling(sampling, len(study))
        if variance is None and isinstance(known, np.ndarray):
            variance = np.diagonal(known)
    given = given_studies(effect, variance, None if study is None else [str(name) for name in study])
    if isinstance(known, np.ndarray):
        known = known[np.ix_(given.known, given.known)]
    return given, known


def _refuse_missing(name: str, entries: Sequence[Any] | None) -> None:
    """Refuse an entry that is missing; NaN is not equal to itself."""
    for row, entry in enumerate(entries if entries is not None else ()):
        if entry is None or entry != entry:  # noqa: PLR0124
            raise InputError(f"{name} is missing in row {row}; every effect needs it.")


def _studies(names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Give the places of the effects of each study, in the order of first appearance."""
    of = np.asarray(names)
    found = {name: np.flatnonzero(of == name) for name in dict.fromkeys(names)}
    if len(found) == 1:
        raise InputError(
            f"all effects are of study {names[0]!r}; at least two studies are needed to know what lies "
            "between studies."
        )
    return found


def _labels(within: Sequence[Any] | None, given: Given) -> list[str]:
    """Give what each effect is within its study, a running number when it has no name."""
    if within is None:
        seen: dict[str, int] = {}
        labels = []
        for name in given.names:
            seen[name] = seen.get(name, 0) + 1
            labels.append(str(seen[name]))
    else:
        if isinstance(within, str) or len(within) != len(given.known):
            raise InputError(f"within must hold one entry per effect, {len(given.known)} in all.")
        _refuse_missing("within", within)
        labels = [str(entry) for entry, use in zip(within, given.known, strict=True) if use]
    pairs = set(zip(given.names, labels, strict=True))
    if len(pairs) == len(set(given.names)):
        raise InputError(
            "no study has two different effects, so that what lies between and within studies cannot be "
            "told apart; use pool."
        )
    return labels


def _assumed(known: float | Floats | None) -> str:
    """Say what was taken as the sampling covariance."""
    if known is None:
        return "effects of a study are independent by chance."
    if isinstance(known, float):
        return f"effects of a study have a sampling correlation of {number(known)}."
    return "the sampling covariances were given."


def _notes(numbers: dict[str, Any], independent: bool, weights: Floats, scale: Scale) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes, m, df = [], numbers["studies"], numbers["df"]
    if independent:
        notes.append(
            "Effects of the same study were taken as independent by chance. Those of the same patients are "
            "not: state their correlation (sampling=0.6, and others beside it). The interval allows for a "
            "wrong correlation, the two variances do not."
        )
    if df < FEW_DF:
        notes.append(
            f"The interval has {number(df, digits=1)} degrees of freedom; below {FEW_DF:g} even the "
            "corrected one can be too short."
        )
    elif m < FEW_STUDIES:
        notes.append(
            f"There are {m} studies, and what lies between them is known from no more than that, however "
            "many effects they report."
        )
    if numbers["standard_error"] <= ROUNDING * abs(numbers["value"]):
        notes.append("All effects are equal, so that this interval has no length; `intervals` holds others.")
    if numbers["tau2_between"] == 0 or numbers["tau2_within"] == 0:
        where = "between" if numbers["tau2_between"] == 0 else "within"
        notes.append(
            f"The variance {where} studies is estimated as 0; that is no proof that there is none, as its "
            "interval shows."
        )
    if m == 2:
        notes.append("A prediction interval needs three studies.")
    if (weights < 0).any():
        notes.append(
            "Some effects have a weight below 0: with these correlations a large error of one tells of "
            "that of another. Check the correlations."
        )
    if scale.code == "PFT":
        notes.append("Freeman-Tukey values are not turned back into shares; use 'logit proportion'.")
    return tuple(notes)
