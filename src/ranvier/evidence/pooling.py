"""Effects of several studies taken together, with what lies between the studies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import require_choice
from ranvier.evidence._between import METHODS
from ranvier.evidence._few_studies import with_companions
from ranvier.evidence._given import as_level, given_studies, method_sentence, resolve_method
from ranvier.evidence._pooled import INTERVALS, Pooled, pool_many, q_profile, typical_variance
from ranvier.evidence.between_methods import GeneralisedQ
from ranvier.evidence.effect_sizes import EffectSizes
from ranvier.evidence.pooled_studies import ROUNDING, Pool, PooledEstimate, Scale
from ranvier.result import plural

__all__ = ["POOL_INTERVALS", "POOL_METHODS", "pool"]

Floats = NDArray[np.float64]

POOL_METHODS = METHODS
"""How the variance between studies is estimated, by the name of the method."""
POOL_INTERVALS = INTERVALS
"""How the interval of the pooled value is made, by name."""

FEW = 5
"""Below this many studies the variance between them is hardly known (specs: statistics)."""

_REFERENCES = (
    "Viechtbauer W (2005). J Educ Behav Stat 30:261-293",
    "Viechtbauer W (2007). Stat Med 26:37-52 (interval of the variance between studies)",
    "Knapp G, Hartung J (2003). Stat Med 22:2693-2710",
    "Higgins JPT, Thompson SG (2002). Stat Med 21:1539-1558",
)


def pool(
    effect: EffectSizes | ArrayLike,
    variance: ArrayLike | None = None,
    *,
    studies: Sequence[str] | None = None,
    method: str | GeneralisedQ = "reml",
    interval: str = "knapp-hartung",
    level: float = 0.95,
    quantity: str | None = None,
) -> Pool:
    r"""Give the pooled effect of several studies, the variance between them and a prediction interval.

    Parameters
    ----------
    effect : EffectSizes or array-like, shape (k,)
        What `effect_size` made, or one effect per study on the scale that is pooled, None where missing.
    variance : array-like, shape (k,), optional
        Variance of each effect (the square of its standard error); not with `EffectSizes`.
    studies : sequence of str, optional
        Names of the studies; not with `EffectSizes`.
    method : str or GeneralisedQ
        One of `POOL_METHODS`: "common", or a random-effects method; or `GeneralisedQ` with weights.
    interval : str
        One of `POOL_INTERVALS`. "knapp-hartung" is floored: never shorter than the t interval, because with
        few studies that agree by chance the plain one is far too short.
    level : float
        Confidence level, 0.95 for 95 %.
    quantity : str, optional
        What is pooled, for the sentences.

    Returns
    -------
    Pool
        Estimates: the pooled value, turned back into shares, rates or ratios where the measure has a way
        back; the prediction interval of a new study; the variance between studies, I² and H². `studies` holds
        one row per study, `diagnostics` the numbers on the scale that was pooled.

    Raises
    ------
    InputError
        When there is no study, a variance is not above 0, or an option is not allowed.
    ConvergenceError
        When the variance between studies does not settle.

    Notes
    -----
    With weights :math:`w_i = 1/(v_i + \tau^2)` the pooled value is :math:`\hat\mu = \sum w_i y_i / \sum w_i`.
    Its Wald variance is :math:`1/\sum w_i`; Knapp and Hartung multiply that by
    :math:`\sum w_i (y_i - \hat\mu)^2 / (k-1)`, floored at 1 unless asked otherwise, and use t with k - 1
    degrees of freedom. A new study lies within
    :math:`\hat\mu \pm t_{k-2} \sqrt{\tau^2 + \mathrm{se}^2}`, from three studies on; with a common value
    there is nothing to predict.
    :math:`I^2 = \tau^2 / (\tau^2 + \tilde v)` with the typical variance :math:`\tilde v` of Higgins and
    Thompson. The interval of :math:`\tau^2` is the Q-profile one: all values under which Cochran's Q is not
    extreme. It belongs to no estimator in particular and may leave one out.

    The restricted and the full likelihood can have two maxima; the higher one is taken. All searches work in
    units of the studies' own variances, so that rates of 1e-4 are found as exactly as differences of 10.

    One study is returned as it is, with its own normal interval. For proportions with few events a normal
    variance per study is a poor approximation whatever the method; that needs a binomial model.

    References
    ----------
    Viechtbauer W (2005). J Educ Behav Stat 30:261-293
    Viechtbauer W (2007). Stat Med 26:37-52
    Knapp G, Hartung J (2003). Stat Med 22:2693-2710
    Higgins JPT, Thompson SG (2002). Stat Med 21:1539-1558
    Higgins JPT, Thompson SG, Spiegelhalter DJ (2009). J R Stat Soc A 172:137-159

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([-0.4, -0.1, 0.2, -0.6, -0.3], [0.04, 0.03, 0.06, 0.05, 0.02])
    >>> print(pooled.estimates[0].text())
    −0.25 (95 % interval −0.59 to 0.09)
    >>> trials = {"events": [2, 5, 1, 7], "n": [10, 15, 12, 20]}
    >>> sizes = rv.evidence.effect_size(trials, measure="logit proportion")
    >>> print(rv.evidence.pool(sizes).estimates[0].text())
    28.5 % (95 % interval 13.0 % to 51.7 %)
    """
    require_choice("interval", interval, INTERVALS)
    confidence = as_level(level)
    given = given_studies(effect, variance, studies)
    named, moments = resolve_method(method, given.known)
    y, v, k = given.y, given.v, given.k
    pooled = pool_many(
        y[:, None],
        v[:, None],
        method=named,
        interval=interval,
        level=confidence,
        moments=None if moments is None else moments[:, None],
    )
    scale = given.scale(quantity)
    numbers = {
        "value": float(pooled.value[0]),
        "low": float(pooled.low[0]),
        "high": float(pooled.high[0]),
        **_diagnostics(pooled, k),
    }
    options = {"level": confidence, "n": k, "method": named, "left_out": given.left_out}
    estimates = _estimates(y, v, pooled, (scale, interval), options)
    made = Pool(
        title=f"{scale.quantity[:1].upper()}{scale.quantity[1:]}, {plural(k, 'study', 'studies')}",
        estimates=estimates,
        method_text=f"{given.text} {_method_text(k, named, interval)}".strip(),
        diagnostics=numbers,
        notes=_notes(k, pooled, named, scale, estimates),
        studies=pl.DataFrame(
            {
                "study": list(given.names),
                "effect": y,
                "variance": v,
                "weight": pooled.weights[:, 0],
                "added": given.added,
            }
        ),
        method=named,
        interval=interval,
        level=confidence,
        scale=scale,
        left_out=given.left_out,
        moment_weights=None if moments is None else tuple(moments.tolist()),
    )
    return with_companions(made, effect)


def _diagnostics(pooled: Pooled, k: int) -> dict[str, Any]:
    """Give the numbers on the pooled scale by name."""
    names = ("standard_error", "statistic", "p_value", "tau2", "i2", "h2", "q", "q_p_value")
    found = {name: float(getattr(pooled, name)[0]) for name in names}
    return {**found, "tau": math.sqrt(found["tau2"]), "q_df": k - 1, "k": k}


def _estimates(
    y: Floats, v: Floats, pooled: Pooled, how: tuple[Scale, str], options: dict[str, Any]
) -> tuple[PooledEstimate, ...]:
    """Give the pooled value, the prediction, and what lies between the studies."""
    scale, interval = how
    k = len(y)
    value, tau2 = float(pooled.value[0]), float(pooled.tau2[0])
    shared = {**options, "inputs": {"studies": k}, "references": _REFERENCES}
    made = PooledEstimate(
        quantity=f"pooled {scale.quantity}",
        value=scale.read(value),
        low=scale.read(float(pooled.low[0])),
        high=scale.read(float(pooled.high[0])),
        unit=scale.unit,
        method_text=_method_text(k, options["method"], interval),
        p_value=float(pooled.p_value[0]) if scale.compares else None,
        null=scale.null if scale.compares else None,
        **shared,
    )
    if k == 1:
        return (made,)
    prediction = PooledEstimate(
        quantity=f"{scale.quantity} in a new study",
        value=scale.read(value),
        low=scale.read(float(pooled.prediction_low[0])),
        high=scale.read(float(pooled.prediction_high[0])),
        unit=scale.unit,
        method_text="Prediction interval: where the true value of a comparable new study is expected.",
        **shared,
    )
    low, high = (float(bound[0]) for bound in q_profile(y[:, None], v[:, None], options["level"]))
    typical = float(typical_variance(v[:, None])[0])
    between = PooledEstimate(
        quantity="variance between studies (tau²)",
        value=tau2,
        low=low,
        high=high,
        method_text="Interval by the Q-profile method.",
        **shared,
    )
    i2, h2 = float(pooled.i2[0]), float(pooled.h2[0])
    share = PooledEstimate(
        quantity="share of the variance that lies between studies (I²)",
        value=i2,
        low=low / (low + typical),
        high=high / (high + typical),
        unit="share",
        method_text="From the variance between studies and that of a typical study.",
        **shared,
    )
    ratio = PooledEstimate(
        quantity="total variance over that within studies (H²)",
        value=h2,
        low=1 + low / typical,
        high=1 + high / typical,
        method_text="From the variance between studies and that of a typical study.",
        **shared,
    )
    return (made, prediction, between, share, ratio)


def _method_text(k: int, method: str, interval: str) -> str:
    """Say how the studies were pooled."""
    if k == 1:
        return "There is one study: its own value with its normal interval; nothing was pooled."
    text = f"{method_sentence(method)}; {INTERVALS[interval]}."
    return text[:1].upper() + text[1:]


def _notes(
    k: int, pooled: Pooled, method: str, scale: Scale, estimates: tuple[PooledEstimate, ...]
) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes = []
    if k == 1:
        return ("With one study nothing can be said about differences between studies.", *scale.notes(pooled))
    between = estimates[2]
    if method == "common":
        notes.append("One value common to all studies was assumed: the interval says nothing about others.")
    elif k < FEW:
        notes.append(
            f"With {k} studies the variance between them is hardly known, and every number that rests on it "
            "is uncertain."
        )
    if k == 2:
        notes.append("A prediction interval needs three studies.")
    if float(pooled.standard_error[0]) <= ROUNDING * abs(float(pooled.value[0])):
        notes.append("All effects are equal, so that this interval has no length; use 'knapp-hartung'.")
    if between.high == 0:
        notes.append(
            "The studies differ far less than chance makes studies differ: no variance between them fits, "
            "and its interval is written as 0 to 0. Look for shared patients or variances that are too large."
        )
    elif float(pooled.q[0]) < k - 1:
        notes.append("The studies differ less than chance alone makes studies differ on average.")
    if not between.low <= between.value <= between.high:
        notes.append(
            "The variance between studies lies outside its own interval, which another method gives."
        )
    return (*notes, *scale.notes(pooled))
