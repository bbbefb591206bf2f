"""Studies in groups: a pooled value for each group, and a test of the differences between groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.evidence._given import Given, as_level, given_studies, method_sentence, resolve_method
from ranvier.evidence._moderators import complete, encode
from ranvier.evidence._pooled import COEFFICIENT_INTERVALS, INTERVALS, fit_many, pool_many
from ranvier.evidence.effect_sizes import EffectSizes
from ranvier.evidence.pooled_studies import PooledEstimate, Scale
from ranvier.evidence.regression_fit import Solution
from ranvier.result import Fit, LeftOut, json_ready, number, p_text, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BETWEEN_RULES", "Subgroups", "subgroups"]

Floats = NDArray[np.float64]

BETWEEN_RULES = {
    "common": "one variance between studies for all groups",
    "separate": "a variance between studies for each group",
}
"""Whether groups share the variance between studies, by name."""
FEW = 5
"""Below this many studies a group's own variance between studies is hardly known (specs: statistics)."""
NOT_BY_CHANCE = (
    "The groups were not made by chance: a difference between them says that they differ, not what made the "
    "difference."
)
NUMBERS = ("value", "low", "high", "standard_error", "tau2", "prediction_low", "prediction_high")


@dataclass(frozen=True, kw_only=True, eq=False)
class Subgroups(Fit):
    """Pooled values of groups of studies, with the test of the differences between them.

    Parameters
    ----------
    groups : polars.DataFrame
        group, studies, value, low, high, prediction_low, prediction_high (as the measure is read),
        standard_error and tau2 (on the scale that is pooled): one row per group.
    studies : polars.DataFrame
        study, group, effect, variance, weight (share of its group), added: one row per study that was used.
    between : str
        Whether groups share the variance between studies.
    method : str
        How the variance between studies was estimated.
    interval : str
        How the intervals were made.
    level : float
        Confidence level.
    scale : Scale
        How values are read.
    left_out : tuple of LeftOut
        Which studies were left out and why.
    """

    groups: pl.DataFrame
    studies: pl.DataFrame
    between: str
    method: str
    interval: str
    level: float
    scale: Scale
    left_out: tuple[LeftOut, ...] = ()

    def explain(self) -> str:
        """Say in plain sentences what each group gave and whether the groups differ.

        Returns
        -------
        str
            Sentences.
        """
        lines = [f"{self.title}. {self.method_text}"]
        lines += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        for estimate in self.estimates:
            lines.append(f"{estimate.quantity}: {estimate.text()}, {plural(estimate.n, 'study', 'studies')}.")
        numbers = self.diagnostics
        lines.append(
            f"Differences between the groups: {p_text(numbers['between_p_value'])} for equal values in all "
            f"of them ({numbers['test']} = {number(numbers['between_statistic'])} on "
            f"{numbers['between_df']})."
        )
        return "\n".join([*lines, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; the scale by what is read and its unit.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "scale"}
        scale = {"quantity": self.scale.quantity, "unit": self.scale.unit, "measure": self.scale.code}
        ready: dict[str, Any] = json_ready({**fields, "scale": scale})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the studies of each group with its pooled value as a diamond.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.evidence._group_forest import draw

        return draw(self, ax)


def subgroups(
    effect: EffectSizes | ArrayLike,
    variance: ArrayLike | None = None,
    *,
    by: Sequence[str | None],
    between: str = "common",
    method: str = "reml",
    interval: str = "knapp-hartung",
    level: float = 0.95,
) -> Subgroups:
    r"""Give the pooled value of each group of studies, and a test of the differences between the groups.

    Parameters
    ----------
    effect : EffectSizes or array-like, shape (k,)
        What `effect_size` made, or one effect per study on the scale that is pooled, None where missing.
    variance : array-like, shape (k,), optional
        Variance of each effect; not with `EffectSizes`.
    by : sequence of str, shape (k,)
        The group of each study, None where it is not known.
    between : str
        One of `BETWEEN_RULES`. "common" estimates one variance between studies from all groups, which is
        the better choice when groups are small; "separate" pools each group by itself.
    method : str
        One of `POOL_METHODS`.
    interval : str
        One of `POOL_INTERVALS`.
    level : float
        Confidence level, 0.95 for 95 %.

    Returns
    -------
    Subgroups
        One estimate per group; `diagnostics` holds the test of the differences.

    Raises
    ------
    InputError
        When there is one group only, as many groups as studies with a common variance, or an option is not
        allowed.
    ConvergenceError
        When the variance between studies does not settle.

    Notes
    -----
    With "common" the groups are a regression on their names, and the test is its F test (chi-squared with
    Wald intervals). With "separate" it is :math:`\sum (\hat\mu_g - \bar\mu)^2/\mathrm{se}_g^2` with the Wald
    standard errors and :math:`\bar\mu` the mean weighted by their inverse squares, on G - 1 degrees of
    freedom of chi-squared; with few studies it finds differences too often.

    The groups were not made by chance. A difference between them says that they differ, not what made the
    difference; that one group passes a limit of significance and another does not says nothing at all.

    References
    ----------
    Borenstein M, Higgins JPT (2013). Prev Sci 14:134-143
    Knapp G, Hartung J (2003). Stat Med 22:2693-2710

    Examples
    --------
    >>> import polars as pl
    >>> import ranvier as rv
    >>> y, v = [-0.9, -0.7, -0.8, -0.2, -0.4, -0.1], [0.05, 0.04, 0.09, 0.06, 0.03, 0.07]
    >>> groups = rv.evidence.subgroups(y, v, by=["it", "it", "it", "iv", "iv", "iv"])
    >>> groups.groups.select("group", pl.col("value").round(2)).rows()
    [('it', -0.79), ('iv', -0.28)]
    """
    require_choice("between", between, BETWEEN_RULES)
    require_choice("interval", interval, INTERVALS)
    confidence = as_level(level)
    given, words = _grouped(effect, variance, by)
    named, _ = resolve_method(method, given.known)
    columns = encode(pl.DataFrame({"group": words}), intercept=False)
    names = columns.levels["group"]
    choices = (named, interval, confidence)
    make = _common if between == "common" else _separate
    found, weights, test = make(given, columns.values, choices)
    scale = given.scale(None)
    sizes = [words.count(name) for name in names]
    text = f"{method_sentence(named)}; {BETWEEN_RULES[between]}; {COEFFICIENT_INTERVALS[interval]}."
    return Subgroups(
        title=f"{scale.quantity[:1].upper()}{scale.quantity[1:]} by group, "
        f"{plural(given.k, 'study', 'studies')} in {plural(len(names), 'group')}",
        estimates=_estimates(found, list(zip(names, sizes, strict=True)), scale, (*choices, text, given)),
        method_text=f"{given.text} Groups of studies: {text}".strip(),
        diagnostics={**test, "k": given.k, "groups": len(names)},
        notes=_notes(sizes, between, scale),
        groups=_group_table(found, names, sizes, scale),
        studies=pl.DataFrame(
            {
                "study": list(given.names),
                "group": words,
                "effect": given.y,
                "variance": given.v,
                "weight": weights,
                "added": given.added,
            }
        ),
        between=between,
        method=named,
        interval=interval,
        level=confidence,
        scale=scale,
        left_out=given.left_out,
    )


def _grouped(effect: Any, variance: Any, by: Any) -> tuple[Given, list[str]]:
    """Give the studies whose group is known, with their groups."""
    given = given_studies(effect, variance, None)
    if isinstance(by, str) or not isinstance(by, Sequence | pl.Series | np.ndarray):
        raise InputError(f"by is {by!r:.40}; give one group name per study, in the order of the effects.")
    words = [None if word is None else str(word) for word in by]
    if len(words) != len(given.known):
        raise InputError(
            f"by has {plural(len(words), 'name')} for {plural(len(given.known), 'study', 'studies')}; give "
            "the group of each study, in the order of the effects."
        )
    frame = pl.DataFrame({"group": words}, schema={"group": pl.String})
    given = given.only(complete(frame), "studies without a group")
    if not given.k:
        raise InputError("no study has a group; give the group of each study in by.")
    return given, [word for word, use in zip(words, given.known, strict=True) if use and word is not None]


def _common(
    given: Given, inside: Floats, choices: tuple[str, str, float]
) -> tuple[dict[str, Floats], Floats, dict[str, Any]]:
    """Pool with one variance between studies: a regression on the groups."""
    method, interval, level = choices
    if given.k <= inside.shape[1]:
        raise InputError(
            f"there are {inside.shape[1]} groups for {plural(given.k, 'study', 'studies')}; with between="
            "'common' there must be more studies than groups."
        )
    sizes = np.sqrt(inside.sum(axis=0))
    fitted = fit_many(given.y[:, None], given.v[:, None], method=method, interval=interval, x=inside / sizes)
    solution = Solution(
        values=fitted.coefficients[:, 0] / sizes,
        covariance=fitted.covariance[:, :, 0] / np.outer(sizes, sizes),
        df=fitted.df,
        df_left=fitted.q_df,
        tau2=float(fitted.tau2[0]),
        common=method == "common",
    )
    found = solution.along(np.eye(len(sizes)), level)
    found["tau2"] = np.full(len(sizes), solution.tau2)
    # Each group less the first.
    turn = np.hstack([-np.ones((len(sizes) - 1, 1)), np.eye(len(sizes) - 1)])
    against = replace(solution, values=turn @ solution.values, covariance=turn @ solution.covariance @ turn.T)
    statistic, p_value = against.together(list(range(len(turn))))
    df = f"{len(turn)}" if math.isinf(fitted.df) else f"{len(turn)} and {fitted.q_df}"
    weights = fitted.weights[:, 0]
    test = {
        "test": "chi-squared" if math.isinf(fitted.df) else "F",
        "between_statistic": statistic,
        "between_df": df,
        "between_p_value": p_value,
    }
    return found, weights / (inside @ (inside.T @ weights)), test


def _separate(
    given: Given, inside: Floats, choices: tuple[str, str, float]
) -> tuple[dict[str, Floats], Floats, dict[str, Any]]:
    """Pool each group by itself."""
    method, interval, level = choices
    found: dict[str, list[float]] = {name: [] for name in NUMBERS}
    weights, errors = np.zeros(given.k), []
    for column in inside.T:
        chosen = column > 0
        y, v = given.y[chosen, None], given.v[chosen, None]
        pooled = pool_many(y, v, method=method, interval=interval, level=level)
        for name in NUMBERS:
            found[name].append(float(getattr(pooled, name)[0]))
        weights[chosen] = pooled.weights[:, 0]
        errors.append(float(pool_many(y, v, method=method, interval="wald", level=level).standard_error[0]))
    values, precision = np.array(found["value"]), 1 / np.array(errors) ** 2
    mean = (precision * values).sum() / precision.sum()
    statistic, df = float((precision * (values - mean) ** 2).sum()), len(values) - 1
    test = {
        "test": "chi-squared",
        "between_statistic": statistic,
        "between_df": f"{df}",
        "between_p_value": float(special.chdtrc(df, statistic)),
    }
    return {name: np.array(numbers) for name, numbers in found.items()}, weights, test


def _estimates(
    found: dict[str, Floats], groups: list[tuple[str, int]], scale: Scale, how: tuple[Any, ...]
) -> tuple[PooledEstimate, ...]:
    """Give one estimate per group."""
    method, _, level, text, given = how
    return tuple(
        PooledEstimate(
            quantity=f"{scale.quantity[:1].upper()}{scale.quantity[1:]}, {name}",
            value=scale.read(float(found["value"][place])),
            low=scale.read(float(found["low"][place])),
            high=scale.read(float(found["high"][place])),
            level=level,
            method=method,
            method_text=text,
            n=size,
            unit=scale.unit,
            inputs={"studies": size},
            left_out=given.left_out,
        )
        for place, (name, size) in enumerate(groups)
    )


def _group_table(
    found: dict[str, Floats], names: Sequence[str], sizes: list[int], scale: Scale
) -> pl.DataFrame:
    """Give one row per group, as the measure is read."""
    back = scale.back or (lambda value: value)
    read = {name: back(found[name]) for name in ("value", "low", "high", "prediction_low", "prediction_high")}
    return pl.DataFrame(
        {
            "group": list(names),
            "studies": sizes,
            **{name: np.asarray(values, dtype=np.float64) for name, values in read.items()},
            "standard_error": found["standard_error"],
            "tau2": found["tau2"],
        }
    ).fill_nan(None)


def _notes(sizes: list[int], between: str, scale: Scale) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    notes = [NOT_BY_CHANCE]
    if between == "separate" and min(sizes) < FEW:
        notes.append(
            f"The smallest group has {plural(min(sizes), 'study', 'studies')}: its variance between studies "
            "is hardly known, and the test finds differences too often; compare with between='common'."
        )
    if between == "separate" and 1 in sizes:
        notes.append("A group of one study is that study with its normal interval.")
    if scale.code == "PFT":
        notes.append("Freeman-Tukey values are not turned back into shares.")
    return tuple(notes)
