"""Multiple imputation of missing visits under missing at random, and Rubin's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import DefinitionError, InputError, require_choice
from ranvier.result import Derivation, Estimate, plural
from ranvier.stats import _imputation_draws as draws
from ranvier.stats._inputs import as_count
from ranvier.stats._term_columns import as_frame, complete_rows, need_columns, numbers, term_columns
from ranvier.stats.rubin_rules import pool_imputations

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MISSING_AT_RANDOM", "ImputationModel", "Imputed", "impute"]

EDSS_SCORES = np.array([0.0, *np.arange(2, 21) / 2])
"""Every score of the EDSS: 0, then half steps from 1 to 10."""

_METHODS = {
    "data-augmentation": "Values and parameters of a normal model of all visits are drawn in turn (data "
    "augmentation, Jeffreys' prior)",
    "monotone": "Each visit is drawn from a Bayesian regression on the earlier ones, which is exact when "
    "nobody returns after a missed visit",
}
_REFERENCES = (
    "Rubin DB (1987). Multiple Imputation for Nonresponse in Surveys. Wiley",
    "Schafer JL (1997). Analysis of Incomplete Multivariate Data. Chapman and Hall",
)
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ImputationModel:
    """How missing values are drawn.

    Parameters
    ----------
    method : {"data-augmentation", "monotone"}
        Data augmentation serves every pattern of missing visits; "monotone" needs that nobody has a value
        after a missing one, and then needs no burn-in.
    grid : {None, "edss"}
        None keeps the drawn values as they are, which is right for means. "edss" moves each to the nearest
        score of the EDSS (half steps, 0 to 10), for analyses that need scores; rounding biases means a
        little.
    burn_in, between : int
        Rounds of data augmentation before the first imputation and from one to the next.
    """

    method: str = "data-augmentation"
    grid: str | None = None
    burn_in: int = 200
    between: int = 50

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise DefinitionError(f"unknown method {self.method!r}; use one of {list(_METHODS)}.")
        if self.grid not in (None, "edss"):
            raise DefinitionError(f"grid is {self.grid!r}; use None or 'edss'.")
        if as_count("burn_in", self.burn_in) < 1 or as_count("between", self.between) < 1:
            raise DefinitionError("burn_in and between must be at least 1.")


MISSING_AT_RANDOM = ImputationModel()
"""Data augmentation for any pattern of missing visits, drawn values kept as they are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Imputed(Derivation):
    """Completed copies of the visits, one below the other.

    Parameters
    ----------
    value : str
        Name of the column that was completed.
    by : str, optional
        Column of the groups.
    visits : tuple of str
        Visits in order of time.
    imputations : int
        Number of copies.
    """

    value: str
    by: str | None
    visits: tuple[str, ...]
    imputations: int

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw known values (full) and drawn values (open, all copies) at each visit.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 4)).add_subplot()
        place = {visit: at for at, visit in enumerate(self.visits)}
        known = self.table.filter(~pl.col("imputed"), pl.col("imputation") == 1)
        for rows, shift, fill, label in (
            (known, -0.08, "full", "known"),
            (self.table.filter("imputed"), 0.08, "none", "drawn"),
        ):
            at = [place[visit] + shift for visit in rows["visit"]]
            ax.plot(at, rows[self.value].to_list(), "o", color="C0", alpha=0.5, fillstyle=fill, label=label)
        ax.set_xticks(range(len(self.visits)), self.visits)
        ax.set_ylabel(self.value)
        ax.set_title(self.name)
        ax.legend(fontsize="small")
        return ax

    def analyse(
        self,
        analysis: Callable[[pl.DataFrame], tuple[float, float]],
        *,
        quantity: str,
        complete_df: float | None = None,
        level: float = 0.95,
    ) -> Estimate:
        """Run an analysis on each copy and combine by Rubin's rules.

        Parameters
        ----------
        analysis : callable
            Takes one completed copy (columns subject, group, visit, value, imputed) and gives a number and
            its standard error.
        quantity : str
            What the number is.
        complete_df : float, optional
            Degrees of freedom that the analysis has without missing values.
        level : float
            Confidence level, two-sided.

        Returns
        -------
        Estimate
            As `pool_imputations` gives it.
        """
        found = [
            analysis(self.table.filter(pl.col("imputation") == number).drop("imputation"))
            for number in range(1, self.imputations + 1)
        ]
        return pool_imputations(
            [value for value, _ in found],
            [error for _, error in found],
            complete_df=complete_df,
            level=level,
            quantity=quantity,
        )


def impute(
    table: Any,
    *,
    value: str,
    visits: Sequence[str],
    seed: int,
    by: str | None = "arm",
    imputations: int = 20,
    model: ImputationModel = MISSING_AT_RANDOM,
) -> Imputed:
    r"""Complete missing visits several times, taking them as missing at random.

    Parameters
    ----------
    table : dataframe or mapping of columns
        One row per patient and visit: subject, visit, the value, and the groups. Visits without a row are
        missing too; every patient with a row is completed.
    value : str
        Column to complete, such as "edss".
    visits : sequence of str
        Labels of the visits that enter, in order of time.
    seed : int
        Seed of the draws; the same seed gives the same values.
    by : str or None
        Column of the groups, which get their own means; None for one group.
    imputations : int
        Completed copies, at least 2.
    model : ImputationModel
        How values are drawn.

    Returns
    -------
    Imputed
        Table with imputation (1, 2, ...), subject, the groups, visit, the value and `imputed` (whether it
        was drawn). Known values are the same in all copies. `analyse` runs an analysis on each copy and
        combines.

    Raises
    ------
    InputError
        When a column or visit is missing, a patient has two rows for one visit or changes group, patients
        are too few for the visits, a value comes after a missing one under "monotone", or an option is not
        allowed.

    Notes
    -----
    The values of a patient are taken as jointly normal, with means by group and visit and one covariance.
    **Missing at random** means that, given the values seen and the group, whether a visit is missing says
    nothing about its value. The data cannot show that; `tipping_point` says how wrong it may be before the
    conclusion changes.

    Data augmentation starts from the means, and repeats: draw missing given known values; draw the
    covariance from an inverse Wishart distribution with n − groups degrees of freedom and the means from
    their normal distribution. Parameters are drawn, not fixed, so that their uncertainty enters.

    References
    ----------
    Rubin DB (1987). Multiple Imputation for Nonresponse in Surveys. Wiley
    Schafer JL (1997). Analysis of Incomplete Multivariate Data. Chapman and Hall

    Examples
    --------
    >>> import ranvier as rv
    >>> visits = {
    ...     "subject": [f"P{i}" for i in range(8) for _ in range(2)],
    ...     "arm": ["cells"] * 8 + ["placebo"] * 8,
    ...     "visit": ["month 0", "month 12"] * 8,
    ...     "edss": [4, 3.5, 5, 4, 6, None, 3, 3.5, 4.5, 5, 5, 5.5, 3.5, 4, 6, None],
    ... }
    >>> done = rv.stats.impute(visits, value="edss", visits=["month 0", "month 12"], imputations=5, seed=1)
    >>> done.table.filter(imputed=True).height
    10
    """
    copies = as_count("imputations", imputations)
    if copies < 2:
        raise InputError(f"imputations is {copies}; the spread between copies needs at least 2.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed is {seed!r}; it must be a whole number of at least 0.")
    frame = _rows(table, value, list(visits), by)
    wide, people = _wide(frame, value, list(visits), by)
    x = np.ones((people.height, 1))
    if by is not None:
        x = np.concatenate([x, term_columns(people, "table", [by]).values], axis=1)
    if not np.isnan(wide).any():
        completed = [wide] * copies
    elif model.method == "monotone":
        if not draws.is_monotone(wide):
            raise InputError(
                "some patients have a value after a missing one; method='monotone' cannot draw it. Use "
                "method='data-augmentation'."
            )
        completed = draws.draw_monotone(wide, x, count=copies, seed=seed)
    else:
        completed = draws.draw_augmented(
            wide, x, count=copies, seed=seed, burn_in=model.burn_in, between=model.between
        )
    drawn = np.isnan(wide)
    if model.grid == "edss":
        completed = [np.where(drawn, _nearest_score(each), each) for each in completed]
    return Imputed(
        name=f"{value} completed {copies} times",
        table=_long(completed, drawn, people, list(visits), value),
        method=_sentence(model, copies, seed, drawn, people.height),
        references=_REFERENCES,
        value=value,
        by=by,
        visits=tuple(visits),
        imputations=copies,
    )


def _rows(table: Any, value: str, visits: list[str], by: str | None) -> pl.DataFrame:
    """Give the rows of the visits named, checked."""
    frame = as_frame(table, "table")
    need_columns(frame, "table", ["subject", "visit", value, *([by] if by else [])])
    if len(visits) < 1 or len(set(visits)) < len(visits):
        raise InputError(f"visits is {visits}; name each visit once, in order of time.")
    seen = set(frame["visit"].drop_nulls().unique().to_list())
    for visit in visits:
        require_choice("visit", visit, sorted(seen, key=str))
    frame = frame.filter(pl.col("visit").is_in(visits))
    twice = frame.filter(pl.struct("subject", "visit").is_duplicated())
    if twice.height:
        row = twice.row(0, named=True)
        raise InputError(
            f"patient {row['subject']!r} has more than one row for visit {row['visit']!r}; give one."
        )
    known, _ = complete_rows(frame, [value])
    numbers(known, "table", value)
    return frame


def _wide(frame: pl.DataFrame, value: str, visits: list[str], by: str | None) -> tuple[Floats, pl.DataFrame]:
    """Give one row per patient and column per visit, NaN where missing, and the patients."""
    people = frame.select("subject", *([by] if by else [])).unique().sort("subject")
    if by is not None:
        changed = people.filter(pl.col("subject").is_duplicated() | pl.col(by).is_null())
        if changed.height:
            raise InputError(
                f"patient {changed['subject'][0]!r} has no {by} or more than one; a patient has one group."
            )
    place = {subject: row for row, subject in enumerate(people["subject"])}
    wide = np.full((people.height, len(visits)), np.nan)
    for subject, visit, found in frame.select("subject", "visit", value).iter_rows():
        if found is not None:
            wide[place[subject], visits.index(visit)] = found
    return wide, people


def _long(
    completed: list[Floats], drawn: NDArray[np.bool_], people: pl.DataFrame, visits: list[str], value: str
) -> pl.DataFrame:
    """Put the copies one below the other, one row per patient and visit."""
    each = len(visits)
    rows = people[np.repeat(np.arange(people.height), each)].with_columns(
        pl.Series("visit", visits * people.height), pl.Series("imputed", drawn.ravel())
    )
    copies = [
        rows.with_columns(pl.Series(value, copy.ravel()), pl.lit(number).cast(pl.Int64).alias("imputation"))
        for number, copy in enumerate(completed, start=1)
    ]
    return pl.concat(copies).select("imputation", *people.columns, "visit", value, "imputed")


def _nearest_score(values: Floats) -> Floats:
    """Move each value to the nearest score of the EDSS."""
    nearest: Floats = EDSS_SCORES[np.abs(values[..., None] - EDSS_SCORES).argmin(axis=-1)]
    return nearest


def _sentence(model: ImputationModel, copies: int, seed: int, drawn: NDArray[np.bool_], patients: int) -> str:
    """Say how values were drawn and how many."""
    chain = ""
    if model.method == "data-augmentation":
        chain = f", {model.burn_in} rounds first and {model.between} between imputations"
    rounding = ""
    if model.grid == "edss":
        rounding = " Drawn values were moved to the nearest EDSS score, which biases means a little."
    return (
        f"{plural(int(drawn.sum()), 'missing value')} of {plural(patients, 'patient')} drawn {copies} "
        f"times (seed {seed}), taken as missing at random. {_METHODS[model.method]}{chain}.{rounding} "
        "Whether they are missing at random cannot be seen in the data; see stats.tipping_point."
    )
