"""Effects of studies explained by what differs between the studies, and groups of studies compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.evidence._given import Given, as_level, given_studies, method_sentence, resolve_method
from ranvier.evidence._moderators import INTERCEPT, Moderators, complete, encode
from ranvier.evidence._pooled import (
    COEFFICIENT_INTERVALS,
    INTERVALS,
    Fitted,
    fit_many,
    q_profile,
    typical_variance,
)
from ranvier.evidence._regression_tables import coefficient_table, places, study_table, term_table, terms
from ranvier.evidence._study_cells import as_frame
from ranvier.evidence.between_methods import GeneralisedQ
from ranvier.evidence.effect_sizes import EffectSizes
from ranvier.evidence.pooled_studies import PooledEstimate, Scale
from ranvier.evidence.regression_fit import MetaRegression, Solution
from ranvier.result import plural

__all__ = ["meta_regression"]

Floats = NDArray[np.float64]

STUDIES_PER_COLUMN = 10
"""Fewer studies per column invite findings by chance (Cochrane Handbook, section 10.11.4)."""
NOT_RANDOMISED = (
    "Studies were not randomised to what differs between them: a moderator that goes along with the effect "
    "need not cause it, and what holds between studies need not hold between patients."
)
REFERENCES = (
    "Thompson SG, Higgins JPT (2002). Stat Med 21:1559-1573",
    "Knapp G, Hartung J (2003). Stat Med 22:2693-2710",
    "Raudenbush SW (2009). In: Handbook of Research Synthesis and Meta-Analysis, 2nd ed, 295-315",
    "Viechtbauer W (2007). Stat Med 26:37-52 (interval of the variance between studies)",
)


def meta_regression(
    effect: EffectSizes | ArrayLike,
    variance: ArrayLike | None = None,
    *,
    moderators: Any,
    intercept: bool = True,
    method: str | GeneralisedQ = "reml",
    interval: str = "knapp-hartung",
    level: float = 0.95,
) -> MetaRegression:
    r"""Give how effects go along with what differs between studies, and what is left between them.

    Parameters
    ----------
    effect : EffectSizes or array-like, shape (k,)
        What `effect_size` made, or one effect per study on the scale that is pooled, None where missing.
    variance : array-like, shape (k,), optional
        Variance of each effect (the square of its standard error); not with `EffectSizes`.
    moderators : dataframe or mapping of columns
        One row per study, in the order of the effects: numbers as they are, words (and yes or no) as groups.
        A group is compared with the first in alphabetical order, or in that of a polars Enum. A column
        `study` gives names. A product of two columns is an interaction.
    intercept : bool
        Whether there is one; without it the first moderator in words has a value for each of its groups.
    method : str or GeneralisedQ
        One of `POOL_METHODS`, or `GeneralisedQ` with weights.
    interval : str
        One of `POOL_INTERVALS`; all but "wald" have k - p degrees of freedom and give F tests.
    level : float
        Confidence level, 0.95 for 95 %.

    Returns
    -------
    MetaRegression
        Estimates: each coefficient; the variance left between studies with its Q-profile interval; the share
        of the variance between studies that is explained (R²); I² and H² of what is left. `coefficients` and
        `terms` hold the tests, `predict` and `contrast` give more.

    Raises
    ------
    InputError
        When moderators are collinear (they are named) or constant, there are not more studies than
        coefficients, or an option is not allowed.
    ConvergenceError
        When the variance between studies does not settle.

    Notes
    -----
    With :math:`W` the weights :math:`1/(v_i + \tau^2)` and :math:`X` the columns, the coefficients are
    :math:`b = (X'WX)^{-1}X'Wy` with the covariance :math:`(X'WX)^{-1}`, which Knapp and Hartung multiply by
    :math:`\sum w_i (y_i - x_i'b)^2/(k-p)`, floored at 1 unless asked otherwise. The test of all moderators
    leaves the intercept out. A new study lies within :math:`x'b \pm t_{k-p-1}\sqrt{\tau^2 +
    \mathrm{se}^2}`. :math:`R^2 = 1 - \tau^2/\tau^2_0` with :math:`\tau^2_0` from the same method without
    moderators, at least 0; it is not known without an intercept, with a common value, or when
    :math:`\tau^2_0 = 0`.

    Studies are not randomised to their moderators: what goes along with an effect between studies need not
    cause it, nor hold between patients.

    References
    ----------
    Thompson SG, Higgins JPT (2002). Stat Med 21:1559-1573
    Knapp G, Hartung J (2003). Stat Med 22:2693-2710
    Raudenbush SW (2009). In: Handbook of Research Synthesis and Meta-Analysis, 2nd ed, 295-315
    Viechtbauer W (2007). Stat Med 26:37-52

    Examples
    --------
    >>> import polars as pl
    >>> import ranvier as rv
    >>> y, v = [-0.9, -0.7, -0.8, -0.2, -0.4, -0.1], [0.05, 0.04, 0.09, 0.06, 0.03, 0.07]
    >>> route = ["intrathecal", "intrathecal", "intrathecal", "iv", "iv", "iv"]
    >>> fit = rv.evidence.meta_regression(y, v, moderators={"route": route, "months": [6, 12, 12, 6, 12, 6]})
    >>> fit.coefficients.select("name", pl.col("value").round(2)).rows()
    [('intercept', -0.69), ('route[iv]', 0.5), ('months', -0.01)]
    """
    require_choice("interval", interval, INTERVALS)
    if not isinstance(intercept, bool):
        raise InputError(f"intercept is {intercept!r}; it must be True or False.")
    confidence = as_level(level)
    given, columns = _given(effect, variance, moderators, intercept)
    named, moments = resolve_method(method, given.known)
    fitted, solution = _solve(given, columns, named, interval, moments)
    tau2_without = _without(given, columns, named, moments)
    scale = given.scale(None)
    numbers = _diagnostics(fitted, solution, columns, tau2_without)
    options = {
        "level": confidence,
        "n": given.k,
        "method": named,
        "left_out": given.left_out,
        "inputs": {"studies": given.k},
        "references": REFERENCES,
    }
    found = solution.along(np.eye(len(columns.names)), confidence)
    text = _method_text(named, interval, columns)
    return MetaRegression(
        title=f"{scale.quantity[:1].upper()}{scale.quantity[1:]} by {', '.join(terms(columns))}, "
        f"{plural(given.k, 'study', 'studies')}",
        estimates=(
            *_coefficients(found, columns, text, options),
            *_between(given, columns, fitted, tau2_without, options),
        ),
        method_text=f"{given.text} {text}".strip(),
        diagnostics=numbers,
        notes=_notes(given.k, columns, numbers, scale),
        coefficients=coefficient_table(found, columns),
        terms=term_table(solution, columns),
        studies=study_table(given, columns, fitted, solution),
        method=named,
        interval=interval,
        level=confidence,
        scale=scale,
        moderators=columns,
        solution=solution,
        left_out=given.left_out,
        moment_weights=None if moments is None else tuple(moments.tolist()),
    )


def _given(effect: Any, variance: Any, moderators: Any, intercept: bool) -> tuple[Given, Moderators]:
    """Give the studies that have all values, and the columns of the regression."""
    frame = as_frame(moderators)
    names = None
    if "study" in frame.columns:
        names = None if isinstance(effect, EffectSizes) else [str(name) for name in frame["study"]]
        frame = frame.drop("study")
    given = given_studies(effect, variance, names)
    if frame.height != len(given.known):
        raise InputError(
            f"moderators has {plural(frame.height, 'row')} for "
            f"{plural(len(given.known), 'study', 'studies')}; give one row per study, in the order of the "
            "effects."
        )
    known = complete(frame)
    given = given.only(known, "studies that lack a moderator")
    if not given.k:
        raise InputError("no study has an effect and all moderators; there is nothing to fit.")
    columns = encode(frame.filter(given.known), intercept=intercept)
    if given.k <= len(columns.names):
        raise InputError(
            f"there are {plural(given.k, 'study', 'studies')} for {len(columns.names)} coefficients "
            f"{list(columns.names)}; there must be more studies than coefficients. Use fewer moderators."
        )
    return given, columns


def _solve(
    given: Given, columns: Moderators, method: str, interval: str, moments: Floats | None
) -> tuple[Fitted, Solution]:
    """Fit on orthonormal columns, which units of moderators do not upset, and turn back."""
    lengths = np.sqrt((columns.values**2).sum(axis=0))
    x, triangle = np.linalg.qr(columns.values / lengths)
    fitted = fit_many(
        given.y[:, None],
        given.v[:, None],
        method=method,
        interval=interval,
        x=x,
        moments=None if moments is None else moments[:, None],
    )
    back = np.linalg.inv(triangle) / lengths[:, None]
    solution = Solution(
        values=back @ fitted.coefficients[:, 0],
        covariance=back @ fitted.covariance[:, :, 0] @ back.T,
        df=fitted.df,
        df_left=fitted.q_df,
        tau2=float(fitted.tau2[0]),
        common=method == "common",
    )
    return fitted, solution


def _without(given: Given, columns: Moderators, method: str, moments: Floats | None) -> float:
    """Give the variance between studies without moderators, NaN where it is no measure for comparison."""
    if not columns.intercept or method == "common":
        return math.nan
    alone = fit_many(
        given.y[:, None],
        given.v[:, None],
        method=method,
        interval="wald",
        moments=None if moments is None else moments[:, None],
    )
    return float(alone.tau2[0])


def _diagnostics(
    fitted: Fitted, solution: Solution, columns: Moderators, tau2_without: float
) -> dict[str, Any]:
    """Give the numbers by name."""
    statistic, p_value = solution.together(places(columns, None))
    r2 = max(0.0, 1 - solution.tau2 / tau2_without) if tau2_without > 0 else math.nan
    q = float(fitted.q[0])
    return {
        "tau2": solution.tau2,
        "tau": math.sqrt(solution.tau2),
        "tau2_without_moderators": tau2_without,
        "r2": r2,
        "i2": float(fitted.i2[0]),
        "h2": float(fitted.h2[0]),
        "q": q,
        "q_df": fitted.q_df,
        "q_p_value": float(special.chdtrc(fitted.q_df, q)),
        "moderators_statistic": statistic,
        "moderators_p_value": p_value,
        "columns": len(places(columns, None)),
        "df": solution.df,
        "k": len(fitted.weights),
    }


def _method_text(method: str, interval: str, columns: Moderators) -> str:
    """Say how the regression was made."""
    text = f"{method_sentence(method)}; {COEFFICIENT_INTERVALS[interval]}."
    if columns.levels and columns.intercept:
        references = [f"{name}: {levels[0]!r}" for name, levels in columns.levels.items()]
        text += f" Groups are compared with the reference ({'; '.join(references)})."
    return f"Regression over studies: {text}"


def _coefficients(
    found: dict[str, Floats], columns: Moderators, text: str, options: dict[str, Any]
) -> tuple[PooledEstimate, ...]:
    """Give each coefficient as an estimate, on the scale of the effects."""
    return tuple(
        PooledEstimate(
            quantity=f"coefficient of {name}" if name != INTERCEPT else INTERCEPT,
            value=float(found["value"][place]),
            low=float(found["low"][place]),
            high=float(found["high"][place]),
            p_value=float(found["p_value"][place]),
            null="the coefficient is 0",
            method_text=text,
            **options,
        )
        for place, name in enumerate(columns.names)
    )


def _between(
    given: Given, columns: Moderators, fitted: Fitted, tau2_without: float, options: dict[str, Any]
) -> tuple[PooledEstimate, ...]:
    """Give what is left between the studies, and the share that is explained."""
    x = np.linalg.qr(columns.values / np.sqrt((columns.values**2).sum(axis=0)))[0]
    y, v, tau2 = given.y[:, None], given.v[:, None], float(fitted.tau2[0])
    low, high = (float(bound[0]) for bound in q_profile(y, v, options["level"], x))
    typical = float(typical_variance(v, x)[0])
    rows = [
        ("variance left between studies (tau²)", tau2, low, high, ""),
        (
            "share of the remaining variance that lies between studies (I²)",
            float(fitted.i2[0]),
            low / (low + typical),
            high / (high + typical),
            "share",
        ),
        (
            "total over within-study variance, remaining (H²)",
            float(fitted.h2[0]),
            1 + low / typical,
            1 + high / typical,
            "",
        ),
    ]
    made = [
        PooledEstimate(
            quantity=quantity,
            value=value,
            low=bottom,
            high=top,
            unit=unit,
            method_text="Interval by the Q-profile method.",
            **options,
        )
        for quantity, value, bottom, top, unit in rows
    ]
    if tau2_without > 0:
        share = PooledEstimate(
            quantity="share of the variance between studies that is explained (R²)",
            value=max(0.0, 1 - tau2 / tau2_without),
            low=math.nan,
            high=math.nan,
            unit="share",
            method_text="One less the variance between studies with moderators over that without them.",
            **options,
        )
        made.insert(1, share)
    return tuple(made)


def _notes(k: int, columns: Moderators, numbers: dict[str, Any], scale: Scale) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes = [NOT_RANDOMISED]
    if scale.back is not None or scale.code in {"PFT"}:
        notes.append(
            f"Coefficients are on the scale of the effects ({scale.code}); `predict` gives {scale.quantity}."
        )
    count = numbers["columns"]
    if k < STUDIES_PER_COLUMN * count:
        notes.append(
            f"There are {plural(k, 'study', 'studies')} for {plural(count, 'column')} of moderators; with "
            f"fewer than {STUDIES_PER_COLUMN} per column a finding by chance is likely and a true one is "
            "easily missed."
        )
    if not math.isnan(numbers["r2"]):
        notes.append(
            f"R² compares two variances that {plural(k, 'study', 'studies')} hardly determine: with few "
            "studies it is often 0 or 100 % by chance."
        )
    away = [name for name, (low, high) in columns.ranges.items() if not low <= 0 <= high]
    if columns.intercept and away:
        notes.append(
            f"The intercept is the expected value with {' and '.join(f'{name} = 0' for name in away)}, which "
            "is outside the range of the studies; it has no meaning of its own."
        )
    if numbers["q"] < numbers["q_df"]:
        notes.append("Beside the moderators the studies differ less than chance makes studies differ.")
    return tuple(notes)
