"""Pooling with a prior on what lies between studies, which few studies cannot show; no sampler."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError, require_choice
from ranvier.evidence._given import Given, as_level, given_studies
from ranvier.evidence._measures import MEASURES
from ranvier.evidence._posterior import Mixture, Posterior, posterior
from ranvier.evidence._tau_priors import TAU_PRIORS, log_density
from ranvier.evidence.effect_sizes import EffectSizes
from ranvier.evidence.pooled_studies import Pool, PooledEstimate, Scale
from ranvier.result import percent, plural

__all__ = ["BAYES_INTERVALS", "TAU_PRIORS", "TAU_SCALE", "BayesPool", "pool_bayes", "scale_is_known"]

Floats = NDArray[np.float64]

BAYES_INTERVALS = {
    "equal-tailed": "as much of the posterior lies below as above each interval",
    "shortest": "each interval is the shortest that holds the probability",
}
"""How intervals are cut from a posterior, by name."""
TAU_SCALE = 0.5
"""Scale of the prior of tau for log ratios and standardised mean differences."""

KNOWN_SCALES = ("OR", "RR", "PETO", "IRR", "SMD")
"""Measures on which `TAU_SCALE` means something: logarithms of ratios, and standard deviations."""

_REFERENCES = (
    "Friede T, Röver C, Wandel S, Neuenschwander B (2017). Res Synth Methods 8:79-91. doi:10.1002/jrsm.1217",
    "Röver C (2020). J Stat Softw 93(6):1-51. doi:10.18637/jss.v093.i06",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class BayesPool(Pool):
    """A pooled value under a prior, with each study's own effect drawn towards it.

    `studies` holds study, effect, variance, weight (its mean share in the pooled value), added, and shrunken,
    shrunken_low, shrunken_high: the true effect of the study, on the pooled scale.

    Parameters
    ----------
    prior : str
        Prior of the standard deviation between studies, one of `TAU_PRIORS`.
    prior_scale : float or tuple of float
        Its scale; for "log-normal" mean and standard deviation of the logarithm of tau².
    mean_prior : tuple of float or None
        Mean and standard deviation of the normal prior of the mean; None for a flat one.

    Examples
    --------
    >>> import ranvier as rv
    >>> pool = rv.evidence.pool_bayes([0.1, 0.2, 0.9], [0.1, 0.1, 0.1], tau_scale=0.5)
    >>> pool.studies["shrunken"].round(2).to_list()
    [0.28, 0.32, 0.61]
    """

    prior: str
    prior_scale: float | tuple[float, float]
    mean_prior: tuple[float, float] | None

    def _about_studies(self) -> list[str]:
        """Say what is believed of the direction, and which study weighs most."""
        lines = []
        if self.scale.compares:
            below = self.diagnostics["below_0"]
            lines.append(f"Probability that the mean lies below {self.scale.read(0.0):g}: {percent(below)}.")
        largest = self.studies.sort("weight", descending=True).row(0, named=True)
        return [*lines, f"The largest weight is {100 * largest['weight']:.0f} % ({largest['study']})."]

    def _numbers(self, chosen: NDArray[np.intp]) -> dict[str, Floats]:
        """Pool chosen rows of the studies, one column of places for each set."""
        y, v = (self.studies[name].to_numpy() for name in ("effect", "variance"))
        priors = (self.prior, self.prior_scale, self.mean_prior)
        believed = [_believed((y[rows], v[rows]), *priors) for rows in chosen.T]
        ends = np.array([_ends(found.mean, self.level, self.interval) for found in believed])
        unknown = np.full(len(believed), math.nan)
        return {
            "value": np.array([found.mean.quantile(np.array([0.5]))[0] for found in believed]),
            "low": ends[:, 0],
            "high": ends[:, 1],
            "p_value": unknown,
            "tau2": np.array([found.tau_quantile(np.array([0.5]))[0] ** 2 for found in believed]),
            "i2": unknown,
        }


def pool_bayes(
    effect: EffectSizes | ArrayLike,
    variance: ArrayLike | None = None,
    *,
    tau_prior: str = "half-normal",
    tau_scale: float | tuple[float, float] | None = None,
    mean_prior: tuple[float, float] | None = None,
    interval: str = "equal-tailed",
    level: float = 0.95,
) -> BayesPool:
    r"""Give the pooled effect under a prior of what lies between studies; for few studies above all.

    Parameters
    ----------
    effect : EffectSizes or array-like, shape (k,)
        What `effect_size` made, or one effect per study on the scale that is pooled, None where missing.
    variance : array-like, shape (k,), optional
        Variance of each effect; not with `EffectSizes`.
    tau_prior : str
        One of `TAU_PRIORS`, the prior of the standard deviation between studies (tau).
    tau_scale : float or tuple of float, optional
        Its scale, in units of the effect. When None, `TAU_SCALE`, which is 0.5, for log odds, risk and rate
        ratios and standardised mean differences; on any other scale 0.5 may be huge or nothing, and it must
        be given. For "log-normal" mean and standard deviation of the logarithm of tau², which must be given
        too.
    mean_prior : tuple of float, optional
        Mean and standard deviation of a normal prior of the mean; a flat one when None.
    interval : {"equal-tailed", "shortest"}
        How intervals are cut from the posterior, one of `BAYES_INTERVALS`.
    level : float
        Posterior probability inside the intervals.

    Returns
    -------
    BayesPool
        Estimates: the pooled value (posterior median), turned back into ratios or shares where the measure
        has a way back; the true effect in a new study; the standard deviation between studies. `studies`
        holds each study's own effect drawn towards the mean; `diagnostics` posterior mean and standard
        deviation of all three, and the probability that the mean lies below 0 ("below_0").

    Raises
    ------
    InputError
        When there is no study, a variance is not above 0, an option is not allowed, or a scale is needed.

    Notes
    -----
    :math:`y_i \sim N(\theta_i, v_i)`, :math:`\theta_i \sim N(\mu, \tau^2)`. Given tau everything is normal,
    so that the posterior of the mean, of each study and of a new study is a mixture of normals over the
    posterior of tau,

    .. math:: p(\tau \mid y) \propto p(\tau) \Big(\sum w_i\Big)^{-1/2} \prod w_i^{1/2}
        e^{-w_i (y_i - \hat\mu)^2 / 2}, \quad w_i = 1 / (v_i + \tau^2),

    for a flat prior of the mean. That is integrated by Gauss-Legendre on 384 points; there is no chance in
    it.

    With one study the posterior of tau is its prior, and the pooled value is as uncertain as that makes a
    study; with two it still hardly moves. That is what a prior is for, and why it is printed. Intervals hold
    a probability given the prior. Intervals are cut on the pooled scale, so that the shortest is shortest
    there. A half-normal prior of scale 0.5 gives tau above 1 a chance of 4.6 %; a standard deviation of 1 on
    the log scale means that true odds ratios of studies differ 50-fold (central 95 %).

    References
    ----------
    Friede T, Röver C, Wandel S, Neuenschwander B (2017). Res Synth Methods 8:79-91. doi:10.1002/jrsm.1217
    Röver C (2020). J Stat Softw 93(6):1-51. doi:10.18637/jss.v093.i06

    Examples
    --------
    >>> import ranvier as rv
    >>> two = {"events": [1, 3], "n": [18, 27], "events_control": [5, 9], "n_control": [18, 27]}
    >>> pool = rv.evidence.pool_bayes(rv.evidence.effect_size(two, measure="odds ratio"))
    >>> print(pool.estimates[0].text())
    0.21 (95 % interval 0.052 to 0.86)
    >>> round(pool.diagnostics["below_0"], 3)
    0.984
    """
    require_choice("tau_prior", tau_prior, TAU_PRIORS)
    require_choice("interval", interval, BAYES_INTERVALS)
    confidence, believed_mean = as_level(level), _mean_prior(mean_prior)
    scale_of_prior = _prior_scale(tau_prior, tau_scale, effect)
    given = given_studies(effect, variance, None)
    found = _believed((given.y, given.v), tau_prior, scale_of_prior, believed_mean)
    scale = given.scale(None)
    text = _method_text(tau_prior, scale_of_prior, believed_mean, interval)
    shared = {
        "level": confidence,
        "n": given.k,
        "left_out": given.left_out,
        "inputs": {"studies": given.k},
        "references": _REFERENCES,
        "method": tau_prior,
    }
    quantity = f"{scale.quantity[:1].upper()}{scale.quantity[1:]}"
    return BayesPool(
        title=f"{quantity}, {plural(given.k, 'study', 'studies')}, with a prior",
        estimates=_estimates(found, scale, interval, text, shared),
        method_text=f"{given.text} {text}".strip(),
        diagnostics=_diagnostics(found, given.k),
        notes=_notes(given.k),
        studies=_studies(given, found, confidence, interval),
        method=f"bayes {tau_prior}",
        interval=interval,
        level=confidence,
        scale=scale,
        left_out=given.left_out,
        prior=tau_prior,
        prior_scale=scale_of_prior,
        mean_prior=believed_mean,
    )


def scale_is_known(effect: Any) -> bool:
    """Tell whether `TAU_SCALE` means something for these effects.

    Parameters
    ----------
    effect : EffectSizes or array-like
        What is pooled.

    Returns
    -------
    bool
        True for logarithms of ratios and standardised mean differences that `effect_size` made.

    Examples
    --------
    >>> scale_is_known([0.1, 0.2])
    False
    """
    return isinstance(effect, EffectSizes) and MEASURES[effect.measure].code in KNOWN_SCALES


def _believed(
    effects: tuple[Floats, Floats],
    prior: str,
    scale: float | tuple[float, float],
    mean_prior: tuple[float, float] | None,
) -> Posterior:
    """Give the posterior; a uniform prior ends at its scale."""
    most = scale if prior == "uniform" and isinstance(scale, float) else math.inf
    return posterior(*effects, partial(log_density, prior, scale), mean_prior, most=most)


def _prior_scale(prior: str, scale: Any, effect: Any) -> float | tuple[float, float]:
    """Give the scale of the prior; refuse to guess one."""
    if prior == "log-normal":
        return _pair("tau_scale", scale, "mean and standard deviation of the logarithm of tau²")
    if scale is None:
        if scale_is_known(effect):
            return TAU_SCALE
        what = (
            f"measure {effect.measure!r}" if isinstance(effect, EffectSizes) else "effects of unknown measure"
        )
        raise InputError(
            f"tau_scale is missing: for {what} there is no scale of the prior that is right by "
            "default. Give the "
            "standard deviation between studies that would be large but possible, in units of the "
            "effect; 0.5 is "
            "used for log odds, risk and rate ratios and standardised mean differences."
        )
    if isinstance(scale, bool | str | tuple | list) or not 0 < float(scale) < math.inf:
        raise InputError(f"tau_scale is {scale!r}; it must be a number above 0, in units of the effect.")
    return float(scale)


def _mean_prior(given: Any) -> tuple[float, float] | None:
    return None if given is None else _pair("mean_prior", given, "mean and standard deviation of the mean")


def _pair(name: str, given: Any, what: str) -> tuple[float, float]:
    """Give a mean and a standard deviation."""
    pair = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    usable = len(pair) == 2 and all(isinstance(each, int | float) and math.isfinite(each) for each in pair)
    if not usable or pair[1] <= 0:
        raise InputError(f"{name} is {given!r}; give {what}, two numbers, the second above 0.")
    return float(pair[0]), float(pair[1])


def _ends(mixture: Mixture, level: float, interval: str) -> tuple[float, float]:
    if interval == "shortest":
        return mixture.shortest(level)
    low, high = mixture.quantile(np.array([1 - level, 1 + level]) / 2)
    return float(low), float(high)


def _median(mixture: Mixture) -> float:
    return float(mixture.quantile(np.array([0.5]))[0])


def _estimates(
    found: Posterior, scale: Scale, interval: str, text: str, shared: dict[str, Any]
) -> tuple[PooledEstimate, ...]:
    """Give the pooled value, the prediction and the standard deviation between studies."""
    level = shared["level"]
    made = []
    for what, mixture in (
        (f"pooled {scale.quantity}", found.mean),
        (f"{scale.quantity} in a new study", found.new),
    ):
        low, high = _ends(mixture, level, interval)
        made.append(
            PooledEstimate(
                quantity=what,
                value=scale.read(_median(mixture)),
                low=scale.read(low),
                high=scale.read(high),
                unit=scale.unit,
                method_text=text,
                **shared,
            )
        )
    if interval == "shortest":
        low, high = found.tau_shortest(level)
    else:
        low, high = (float(end) for end in found.tau_quantile(np.array([1 - level, 1 + level]) / 2))
    between = PooledEstimate(
        quantity="standard deviation between studies (tau) on the pooled scale",
        value=float(found.tau_quantile(np.array([0.5]))[0]),
        low=low,
        high=high,
        method_text=text,
        **shared,
    )
    return (*made, between)


def _diagnostics(found: Posterior, k: int) -> dict[str, Any]:
    """Give posterior means, standard deviations and medians on the pooled scale by name."""
    tau_mean = float(found.weights @ found.tau)
    tau_median = float(found.tau_quantile(np.array([0.5]))[0])
    return {
        "k": k,
        "value": _median(found.mean),
        "mean": found.mean.mean,
        "sd": found.mean.sd,
        "below_0": found.mean.below(0.0),
        "tau": tau_median,
        "tau2": tau_median**2,
        "tau_mean": tau_mean,
        "tau_sd": math.sqrt(float(found.weights @ (found.tau - tau_mean) ** 2)),
        "new_mean": found.new.mean,
        "new_sd": found.new.sd,
        "new_below_0": found.new.below(0.0),
    }


def _studies(given: Given, found: Posterior, level: float, interval: str) -> pl.DataFrame:
    """Give one row per study, with its own effect drawn towards the mean."""
    w = 1 / (given.v[:, None] + found.tau**2)
    ends = np.array([_ends(study, level, interval) for study in found.studies])
    return pl.DataFrame(
        {
            "study": list(given.names),
            "effect": given.y,
            "variance": given.v,
            "weight": (w / w.sum(axis=0)) @ found.weights,
            "added": given.added,
            "shrunken": [_median(study) for study in found.studies],
            "shrunken_low": ends[:, 0],
            "shrunken_high": ends[:, 1],
        }
    )


def _method_text(
    prior: str, scale: float | tuple[float, float], mean_prior: tuple[float, float] | None, interval: str
) -> str:
    """Say which priors were used."""
    size = (
        f"scale {scale:g}"
        if isinstance(scale, float)
        else f"mean {scale[0]:g}, standard deviation {scale[1]:g}"
    )
    mean = (
        "flat"
        if mean_prior is None
        else f"normal, mean {mean_prior[0]:g}, standard deviation {mean_prior[1]:g}"
    )
    return (
        f"Bayesian random effects. Prior of the standard deviation between studies: "
        f"{TAU_PRIORS[prior]} ({size}). "
        f"Prior of the mean: {mean}. Values are posterior medians; {BAYES_INTERVALS[interval]}."
    )


def _notes(k: int) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes = ["Every number rests on the prior named above; repeat with half and twice its scale."]
    if k == 1:
        notes.append(
            "With one study nothing is learnt about differences between studies: they are the prior's."
        )
    return tuple(notes)
