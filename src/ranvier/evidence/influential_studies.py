"""Which studies stand apart, and which of them the pooled value rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._drawing import ACCENT, COLOUR, LIGHT, SOFT, areas, as_axes
from ranvier.evidence._repooling import as_pool, each_left_out, effects
from ranvier.evidence.pooled_studies import ROUNDING, Pool
from ranvier.result import TRACE_SCHEMA, Derivation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["INFLUENCE_RULES", "Influence", "influence"]

Floats = NDArray[np.float64]

INFLUENCE_RULES = {
    "dffits": "its own predicted value moves by more than 3 sqrt(1 / (k - 1)) standard errors without it "
    "(DFFITS)",
    "cook_distance": "the pooled value moves further without it than the median of chi-square with 1 degree "
    "of freedom (Cook's distance)",
    "hat": "its weight is more than three times that of an average study (hat value)",
    "dfbetas": "the pooled value moves by more than one standard error without it (DFBETAS)",
}
"""Why a study counts as influential, one rule of Viechtbauer and Cheung each."""

OUTLYING = float(special.ndtri(0.975))
"""Studentised residual beyond which 5 % of fitting studies lie."""

_REASONS = {
    **INFLUENCE_RULES,
    "none": "no rule for an influential study is met",
    "residual": "its studentised residual is beyond 1.96, where 5 % of fitting studies lie",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Influence(Derivation):
    """What each study does to a pooled value.

    Parameters
    ----------
    pool : Pool
        The pool of all studies.
    """

    pool: Pool

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the studentised residual of each study; influential studies stand out.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        rows = self.table.height
        ax = as_axes(ax, (6.0, 1.4 + 0.24 * rows))
        ax.axvspan(-OUTLYING, OUTLYING, color=LIGHT, alpha=0.5, linewidth=0)
        ax.axvline(0.0, color=SOFT, linewidth=0.8)
        colours = [ACCENT if each else COLOUR for each in self.table["influential"]]
        residual = self.table["studentised_residual"].fill_null(float("nan")).to_numpy()
        ax.hlines(range(rows), 0, residual, colors=colours, linewidth=1.2)
        ax.scatter(residual, range(rows), s=areas(self.table["weight"].to_numpy()), c=colours, zorder=3)
        ax.set_yticks(range(rows), self.table["study"].to_list())
        ax.set_ylim(rows - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("Studentised residual, each study against the pool of the others", fontsize=9)
        ax.set_title("Influence: orange studies are influential, areas are weights", fontsize=9.5)
        return ax


def influence(pool: Pool) -> Influence:
    r"""Give residuals and the influence of each study on the pooled value.

    Parameters
    ----------
    pool : Pool
        What `pool` returned, with at least three studies.

    Returns
    -------
    Influence
        study, studentised_residual, dffits, cook_distance, covariance_ratio, tau2_without, q_without, hat,
        weight, dfbetas, influential: one row per study. Null where a number is not defined, as when all
        effects are equal under an interval without a floor. `trace` and `explain(study)` name the rules.

    Raises
    ------
    InputError
        When `pool` is no pool or holds fewer than three studies.

    Notes
    -----
    Each study is left out in turn and everything is estimated again. With the pooled value :math:`\mu`, its
    variance :math:`V`, the share :math:`h_i` of the study in the weights, and :math:`(i)` for "without
    study i":

    - studentised residual :math:`(y_i - \mu_{(i)}) / \sqrt{s^2_{(i)} (v_i + \tau^2_{(i)}) + V_{(i)}}`
    - DFFITS :math:`(\mu - \mu_{(i)}) / \sqrt{s^2_{(i)} h_i (v_i + \tau^2_{(i)})}`
    - Cook's distance :math:`(\mu - \mu_{(i)})^2 / V`, covariance ratio :math:`V_{(i)} / V`
    - DFBETAS :math:`(\mu - \mu_{(i)}) / \sqrt{s^2_{(i)} / \sum_j 1 / (v_j + \tau^2_{(i)})}`, the sum over
      all studies

    :math:`s^2` is the factor of Knapp and Hartung, 1 for other intervals; V holds it too. With one pooled
    value DFFITS and DFBETAS differ little. The limits of the rules are conventions: they say where to look,
    not what to leave out.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010). Res Synth Methods 1:112-125. doi:10.1002/jrsm.11

    Examples
    --------
    >>> import ranvier as rv
    >>> pooled = rv.evidence.pool([0.1, 0.2, 0.0, 2.0], [0.1, 0.1, 0.1, 0.1], studies=["A", "B", "C", "D"])
    >>> found = rv.evidence.influence(pooled)
    >>> found.table.filter("influential")["study"].to_list()
    ['D']
    """
    pool = as_pool(pool, at_least=3)
    table = pl.DataFrame({"study": pool.studies["study"], **_numbers(pool)}).fill_nan(None)
    limits = _limits(pool.studies.height)
    crossed = {rule: table[rule].abs().fill_null(0.0) > limit for rule, limit in limits.items()}
    table = table.with_columns(influential=pl.Series(np.any(list(crossed.values()), axis=0)))
    return Influence(
        name=f"Influence of each of {pool.studies.height} studies",
        table=table,
        method=_sentences(pool, table),
        trace=_trace(table, crossed),
        reasons=_REASONS,
        left_out=pool.left_out,
        references=("Viechtbauer W, Cheung MWL (2010). Res Synth Methods 1:112-125. doi:10.1002/jrsm.11",),
        pool=pool,
    )


def _numbers(pool: Pool) -> dict[str, Floats]:
    """Give the numbers of each study, by name."""
    y, v = effects(pool)
    without = each_left_out(pool)
    tau2 = without["tau2"]
    # Equal effects under an interval without a floor: what is left of the error is rounding.
    least = ROUNDING * float(np.abs(y).max())
    error = np.where(without["standard_error"] > least, without["standard_error"], 0.0)
    whole_error = pool.diagnostics["standard_error"]
    moved = pool.diagnostics["value"] - without["value"]
    # What a method of weights makes of all studies with the variance between the others.
    whole = (1 / (v[:, None] + tau2)).sum(axis=0)
    factor = error**2 * (whole - 1 / (v + tau2))
    hat: Floats = pool.studies["weight"].to_numpy()
    variance = np.float64(whole_error**2 if whole_error > least else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "studentised_residual": (y - without["value"]) / np.sqrt(factor * (v + tau2) + error**2),
            "dffits": moved / np.sqrt(factor * hat * (v + tau2)),
            "cook_distance": moved**2 / variance,
            "covariance_ratio": error**2 / variance,
            "tau2_without": tau2,
            "q_without": without["q"],
            "hat": hat,
            "weight": hat,
            "dfbetas": moved / np.sqrt(factor / whole),
        }
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}


def _limits(k: int) -> dict[str, float]:
    """Give the limit of each rule for so many studies."""
    return {
        "dffits": 3 * math.sqrt(1 / (k - 1)),
        "cook_distance": float(special.chdtri(1, 0.5)),
        "hat": 3 / k,
        "dfbetas": 1.0,
    }


def _trace(table: pl.DataFrame, crossed: dict[str, pl.Series]) -> pl.DataFrame:
    """Give one decision per study and rule that it meets, and one on its residual."""
    rows = []
    for place, study in enumerate(table["study"]):
        met = [rule for rule, over in crossed.items() if over[place]]
        rows += [(study, None, "influence", "influential", rule) for rule in met]
        if not met:
            rows.append((study, None, "influence", "not influential", "none"))
        residual = table["studentised_residual"][place]
        if residual is not None and abs(residual) > OUTLYING:
            rows.append((study, None, "residual", "outlying", "residual"))
    return pl.DataFrame(rows, schema=TRACE_SCHEMA, orient="row")


def _sentences(pool: Pool, table: pl.DataFrame) -> str:
    """Say what was done and which studies stand out."""
    named = table.filter("influential")["study"].to_list()
    outlying = table.filter(pl.col("studentised_residual").abs() > OUTLYING)["study"].to_list()
    expected = f"{0.05 * table.height:.1f}"
    words = [
        f"Each study was left out in turn and the others were pooled again ({pool.method}, {pool.interval}).",
        f"Influential by at least one rule: {', '.join(named)}." if named else "No study is influential.",
        f"Studentised residual beyond 1.96: {', '.join(outlying)}."
        if outlying
        else "No studentised residual is beyond 1.96.",
        f"Of {table.height} studies that fit, about {expected} have such a residual by chance.",
        "The rules are conventions: look at these studies; they are no reason to leave one out.",
    ]
    return " ".join(words)
