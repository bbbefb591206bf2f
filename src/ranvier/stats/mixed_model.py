"""The mixed model for repeated measures: means by arm and visit, their differences and changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import DefinitionError, InputError, suggest
from ranvier.stats._blocks import Block, block
from ranvier.stats._covariance import STRUCTURES, parameter_names
from ranvier.stats._inputs import as_level
from ranvier.stats._kenward_roger import DF_METHODS, inference
from ranvier.stats._long_table import LongTable, independent, read
from ranvier.stats._mixed_words import describe
from ranvier.stats._reml import Fitted, Model, State, fit
from ranvier.stats._terms import Term, parse
from ranvier.stats.mixed_fit import MixedModelFit, Solution

__all__ = ["COVARIANCES", "MixedModel", "mmrm"]

Floats = NDArray[np.float64]

COVARIANCES = {name: structure.text for name, structure in STRUCTURES.items()}
"""Covariance structures that `MixedModel` knows, each with what it assumes."""

LIKELIHOODS = ("reml", "ml")


@dataclass(frozen=True, kw_only=True)
class MixedModel:
    """What a mixed model for repeated measures estimates, and from which columns.

    Parameters
    ----------
    outcome : str
        Column of the outcome: the score itself or its change from baseline, a number per patient and visit.
    fixed : str
        Terms of the mean as in R, without the outcome: "arm * visit + baseline * visit + sex". ``*`` crosses
        two columns and brings their own terms along. Text is a category, coded against its first level; a
        number is a slope, unless the column is `visit`, `arm` or in `categorical`. A category with one level
        drops out, so that the default serves a trial with one arm.
    subject, visit, arm : str
        Columns of the patient, the visit and the arm.
    covariance : str
        One of `COVARIANCES`.
    groups : str, optional
        Column whose values each get their own covariance parameters, such as "arm".
    time : str, optional
        Column of the time of each visit, in any unit; "spatial-exponential" needs it.
    visit_order : tuple of str, optional
        Visits in time. Without it they are ordered by number, by the order of an Enum, or by the one number
        in names that are otherwise alike ("month 3", "month 12"); other names are refused.
    control : str, optional
        Arm that the others are compared with. Without it every arm is compared with every earlier one of the
        alphabet.
    change_from : str, optional
        Visit from which changes are given as well, when the outcome is the score itself.
    categorical : tuple of str
        Columns of numbers that are categories.
    df : {"kenward-roger-linear", "kenward-roger", "kenward-roger-expected", "satterthwaite"}
        How standard errors and degrees of freedom are made; see `mmrm`.
    likelihood : {"reml", "ml"}
        Restricted or full maximum likelihood; "ml" only with df="satterthwaite".

    Raises
    ------
    DefinitionError
        When a value is not possible or two contradict each other.

    Examples
    --------
    >>> MixedModel(outcome="edss_change", fixed="arm * visit + baseline * visit").terms
    (('arm',), ('visit',), ('baseline',), ('arm', 'visit'), ('baseline', 'visit'))
    """

    outcome: str
    fixed: str = "arm * visit"
    subject: str = "subject"
    visit: str = "visit"
    arm: str = "arm"
    covariance: str = "unstructured"
    groups: str | None = None
    time: str | None = None
    visit_order: tuple[str, ...] | None = None
    control: str | None = None
    change_from: str | None = None
    categorical: tuple[str, ...] = ()
    df: str = "kenward-roger-linear"
    likelihood: str = "reml"

    def __post_init__(self) -> None:
        for name, allowed in (("covariance", STRUCTURES), ("df", DF_METHODS), ("likelihood", LIKELIHOODS)):
            _require(name, getattr(self, name), list(allowed))
        for name in ("visit_order", "categorical"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise DefinitionError(f"{name} is {value!r}; give a tuple of names.")
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        if (self.time is not None) != STRUCTURES[self.covariance].in_time:
            wanted = "needs" if self.time is None else "does not use"
            raise DefinitionError(
                f"covariance={self.covariance!r} {wanted} the time of each visit; time is {self.time!r}. "
                "Only 'spatial-exponential' works in time."
            )
        if self.likelihood == "ml" and self.df != "satterthwaite":
            raise DefinitionError(
                f"df={self.df!r} adjusts restricted likelihood; with likelihood='ml' use df='satterthwaite'."
            )
        if {self.outcome, self.subject} & set(self.variables):
            raise DefinitionError(
                f"fixed is {self.fixed!r}; the outcome and the patient cannot be terms of it."
            )
        if self.control is not None and self.arm not in self.variables:
            raise DefinitionError(
                f"control is {self.control!r}, but {self.arm!r} is not a term of {self.fixed!r}."
            )

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Terms of the mean, lower ones first."""
        return parse(self.fixed)

    @property
    def variables(self) -> tuple[str, ...]:
        """Columns of the mean, in order of first use."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that the model uses: patient, visit, outcome, then the others."""
        rest = [*self.variables, *(name for name in (self.groups, self.time) if name is not None)]
        return tuple(dict.fromkeys([self.subject, self.visit, self.outcome, *rest]))

    def to_dict(self) -> dict[str, Any]:
        """Give every field by name.

        Returns
        -------
        dict
            Field names to values.
        """
        return asdict(self)


def mmrm(table: Any, model: MixedModel, *, level: float = 0.95) -> MixedModelFit:
    r"""Fit a mixed model for repeated measures; give means by arm and visit, differences and changes.

    Parameters
    ----------
    table : dataframe
        One row per patient and visit, with the columns that `model` names. Rows without outcome or covariate
        are left out and counted; the patient's other visits stay.
    model : MixedModel
        What is estimated.
    level : float
        Confidence level of each interval, two-sided, without correction for their number.

    Returns
    -------
    MixedModelFit
        Estimates: the mean of every arm and visit; the difference of arms at every visit; with `change_from`
        the change to every later visit and the difference of changes. `table` holds all of them,
        `coefficients` the terms, `covariances` the matrices; `contrast` gives any other combination.

    Raises
    ------
    InputError
        When a column is missing or of the wrong type, a patient has two rows for one visit or two arms, there
        is one visit only, the order of visits is not known, a term cannot be estimated, or there are fewer
        patients or rows than the parameters need.
    ConvergenceError
        When the covariance cannot be estimated; the message names the parameters and the next simpler
        structure, which is never taken silently.

    Notes
    -----
    Patient i has the outcomes :math:`y_i \sim N(X_i\beta, V_i(\theta))` at the visits seen; missing visits
    are taken as missing at random given those seen. :math:`\theta` maximises the restricted likelihood by
    Newton steps with exact derivatives; :math:`\hat\beta = \Phi X'V^{-1}y` with :math:`\Phi =
    (X'V^{-1}X)^{-1}`.

    A mean by arm and visit takes numeric covariates at their average over the used rows and weights the
    levels of every categorical covariate equally, as R's emmeans does by default.

    Every number has a t reference. "satterthwaite" takes the standard error from :math:`\Phi` and
    :math:`\mathrm{df} = 2(l'\Phi l)^2 / g'Wg`, with g the gradient of :math:`l'\Phi l` and W the inverse
    observed information of :math:`\theta`. The Kenward-Roger methods have the same df and widen the standard
    error for the covariance being estimated. "kenward-roger-linear" leaves second derivatives of V out, as
    SAS does for an unstructured covariance; with complete data, arms and visits only, and an unstructured
    covariance it gives the t test of each visit. "kenward-roger" has them, as R's mmrm by default; they
    depend on how V is parametrised, and in that of mmrm they make standard errors too small with few patients
    (decision 11). "kenward-roger-expected" is as linear, with the expected information, as printed by Kenward
    and Roger (1997) and done by R's pbkrtest.

    With few patients an unstructured covariance is estimated poorly, and p values below about 10 patients per
    arm lean on normal outcomes; half-steps of the EDSS are not normal.

    References
    ----------
    Kenward MG, Roger JH (1997). Biometrics 53:983-997. doi:10.2307/2533558
    Mallinckrodt CH et al. (2008). doi:10.1177/009286150804200402

    Examples
    --------
    >>> import polars as pl
    >>> import ranvier as rv
    >>> visits = pl.DataFrame(
    ...     {
    ...         "subject": [who for who in "ABCDEFGH" for _ in range(3)],
    ...         "month": [0, 6, 12] * 8,
    ...         "walk_s": [7.1, 6.8, 6.9, 9.4, 9.9, 9.0, 5.2, 5.0, 4.6, 12.0, 11.1, 11.9]
    ...         + [8.3, 8.0, 7.2, 6.6, 6.9, 6.1, 10.5, None, 9.6, 7.7, 7.9, 7.0],
    ...     }
    ... )
    >>> model = rv.stats.MixedModel(
    ...     outcome="walk_s",
    ...     fixed="month",
    ...     visit="month",
    ...     covariance="compound-symmetry",
    ...     change_from="month 0",
    ... )
    >>> fit = rv.stats.mmrm(visits, model)
    >>> for change in fit.estimates[3:]:
    ...     print(change.quantity, change.text())
    mean change of walk_s from month 0 to month 6 −0.13 (95 % interval −0.52 to 0.27)
    mean change of walk_s from month 0 to month 12 −0.56 (95 % interval −0.94 to −0.19)
    """
    confidence = as_level(level)
    long = read(table, model)
    _refuse_too_few(long, model)
    design, back = independent(long)
    scale = _scale(long, design)
    blocks = _blocks(long, np.column_stack([design, long.outcome / scale]))
    inner = Model(
        covariance=model.covariance,
        names=tuple(
            f"{name}{f' ({group})' if group else ''}"
            for group in long.groups
            for name in parameter_names(STRUCTURES[model.covariance], list(long.visits))
        ),
        blocks=blocks,
        n_columns=design.shape[1],
        restricted=model.likelihood == "reml",
    )
    found = fit(inner, _scatter(long, design, scale))
    return describe(long, model, _solution(found, model, back, scale, long), level=confidence)


def _require(name: str, value: str, allowed: list[str]) -> None:
    if value not in allowed:
        close = suggest(str(value), allowed)
        hint = f" Did you mean {close!r}?" if close else ""
        raise DefinitionError(f"unknown {name} {value!r}; use one of {allowed}.{hint}")


def _refuse_too_few(long: LongTable, model: MixedModel) -> None:
    """Refuse data that cannot carry the parameters, before any search."""
    m, n_rows, p = len(long.visits), *long.x.shape
    if m < 2:
        raise InputError(
            f"the table has one visit only ({long.visits[0]}); a mixed model for repeated measures needs "
            "at least two. For one visit use stats.ancova."
        )
    structure = STRUCTURES[model.covariance]
    count = structure.parameters(m) * len(long.groups)
    simpler = (
        f" Use covariance={structure.simpler!r}, or fewer terms."
        if structure.simpler
        else " Use fewer terms."
    )
    if n_rows < p + count:
        raise InputError(
            f"{n_rows} rows of {len(long.subjects)} patients are fewer than the {p} parameters of the "
            f"means and the {count} of the covariance ({model.covariance}).{simpler}"
        )
    if model.covariance == "unstructured":
        _refuse_unstructured(long, simpler)


def _refuse_unstructured(long: LongTable, simpler: str) -> None:
    """Refuse an unstructured covariance with fewer patients than visits and means, or a pair never seen."""
    m = len(long.visits)
    per_visit = max(int(np.linalg.matrix_rank(long.x[long.visit == place])) for place in range(m))
    n = len(long.subjects)
    if n < m + per_visit:
        raise InputError(
            f"{n} patients are fewer than an unstructured covariance of {m} visits with {per_visit} means "
            f"at each visit needs ({m + per_visit}).{simpler}"
        )
    for place, name in enumerate(long.groups):
        seen = long.seen[long.group == place].astype(float)
        together = seen.T @ seen
        least = np.argwhere(together < 2)
        if seen.shape[0] < m or least.size:
            a, b = least[0] if least.size else (0, m - 1)
            group = f" of group {name!r}" if name else ""
            raise InputError(
                f"{seen.shape[0]} patients{group}, {int(together[a, b])} of them seen at both "
                f"{long.visits[a]} and {long.visits[b]}, are fewer than an unstructured covariance of {m} "
                f"visits needs.{simpler}"
            )


def _scale(long: LongTable, design: Floats) -> float:
    """Give the scatter around the means, by which the outcome is divided while searching."""
    residual = long.outcome - design @ (design.T @ long.outcome)
    scale = float(np.sqrt(np.mean(residual**2)))
    if scale <= 1e-12 * max(float(np.abs(long.outcome).max()), 1e-300):
        raise InputError(
            "the outcome does not scatter around its means at all; there is nothing to estimate."
        )
    return scale


def _scatter(long: LongTable, design: Floats, scale: float) -> list[Floats]:
    """Give the logarithm of the scatter at each visit of each group, as the search's start."""
    y = long.outcome / scale
    square = (y - design @ (design.T @ y)) ** 2
    row_group = long.group[long.subject]
    starts = []
    for group in range(len(long.groups)):
        own = row_group == group
        count = np.bincount(long.visit[own], minlength=len(long.visits))
        total = np.bincount(long.visit[own], weights=square[own], minlength=len(long.visits))
        # One patient's worth of the overall scatter keeps visits with few patients off zero.
        starts.append(0.5 * np.log((total + 1) / (count + 1)))
    return starts


def _blocks(long: LongTable, rows: Floats) -> tuple[Block, ...]:
    """Give one block of patients per group."""
    wide, seen = long.side_by_side(rows), long.seen
    return tuple(
        block(
            wide[long.group == group],
            seen[long.group == group],
            None if long.times is None else long.times[long.group == group],
        )
        for group in range(len(long.groups))
    )


def _covariances(state: State, long: LongTable, scale: float) -> dict[str, dict[str, Any]]:
    """Give the covariance of each group: a matrix of the visits, or variance and correlation in time."""
    found: dict[str, dict[str, Any]] = {}
    for group, part, theta in zip(long.groups, state.parts, state.model.parts(state.theta), strict=True):
        if state.model.structure.in_time:
            correlation = float(np.exp(-np.logaddexp(0, -theta[1])))
            found[group] = {
                "variance": [float(np.exp(theta[0])) * scale**2],
                "correlation_over_one_unit_of_time": [correlation],
            }
        else:
            columns = part.found.value[0] * scale**2
            found[group] = {"visit": list(long.visits), **dict(zip(long.visits, columns, strict=True))}
    return found


def _solution(found: Fitted, model: MixedModel, back: Floats, scale: float, long: LongTable) -> Solution:
    """Bring the maximum back to the columns of the design and the unit of the outcome."""
    state = found.state
    freedom = long.x.shape[0] - (long.x.shape[1] if model.likelihood == "reml" else 0)
    value = state.minus_two_log + 2 * freedom * np.log(scale) + freedom * np.log(2 * np.pi)
    if model.likelihood == "reml":
        value -= 2 * np.linalg.slogdet(back)[1]
    return Solution(
        beta=back @ state.beta * scale,
        inference=inference(state, method=model.df, back=back * scale),
        covariances=_covariances(state, long, scale),
        minus_two_log=float(value),
        steps=found.steps,
    )
