r"""A network of trials as one regression: the columns are treatments, the rows differences within trials.

Differences of one trial share an arm, so that between trials they vary together too: with a common variance
:math:`\tau^2` of every difference, that of two differences from the same arm have covariance
:math:`\tau^2/2`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._component_search import fit_components
from ranvier.evidence._components import Model, State, model_of
from ranvier.evidence._network_data import Trial

__all__ = ["Inconsistency", "Net", "chance", "direct_trials"]

Floats = NDArray[np.float64]

SAME = 1e-9
"""What is left of a column of length 1 beside the others, below which it follows from them."""


@dataclass(frozen=True, kw_only=True)
class Inconsistency:
    """How far trials of different designs contradict each other.

    Parameters
    ----------
    q, q_within, q_between : float
        Cochran's Q of the whole network, within designs, and between them, with a common effect.
    df, df_within, df_between : int
        Their degrees of freedom.
    q_random, tau2_within : float
        Q between designs with the variance between trials of the same design, and that variance; NaN where no
        design has more trials than it needs.
    """

    q: float
    q_within: float
    q_between: float
    df: int
    df_within: int
    df_between: int
    q_random: float
    tau2_within: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Net:
    """A network that is ready to be fitted.

    Parameters
    ----------
    trials : tuple of Trial
        The trials.
    treatments : tuple of str
        All treatments, the reference first.
    method : {"common", "ml", "reml"}
        How the variance between trials is estimated.
    """

    trials: tuple[Trial, ...]
    treatments: tuple[str, ...]
    method: str

    @cached_property
    def y(self) -> Floats:
        """Give all differences, (n,)."""
        return np.concatenate([trial.effects for trial in self.trials])

    @cached_property
    def rows(self) -> list[NDArray[np.intp]]:
        """Give the places of the differences of each trial."""
        ends = np.cumsum([len(trial.effects) for trial in self.trials])
        return [
            np.arange(end - len(trial.effects), end) for trial, end in zip(self.trials, ends, strict=True)
        ]

    @cached_property
    def unit(self) -> float:
        """Give the harmonic mean of the variances of the differences."""
        return 1 / float(np.mean(np.concatenate([1 / np.diagonal(each.covariance) for each in self.trials])))

    @cached_property
    def columns(self) -> Floats:
        """Give one column per treatment but the reference, (n, p)."""
        place = {name: row for row, name in enumerate(self.treatments)}
        found = np.zeros((len(self.y), len(place)))
        for rows, trial in zip(self.rows, self.trials, strict=True):
            found[rows, [place[arm] for arm in trial.arms[1:]]] += 1
            found[rows, place[trial.arms[0]]] -= 1
        return found[:, 1:]

    @cached_property
    def designs(self) -> dict[tuple[str, ...], list[int]]:
        """Give the trials of each set of treatments."""
        found: dict[tuple[str, ...], list[int]] = {}
        for place, trial in enumerate(self.trials):
            found.setdefault(trial.arms, []).append(place)
        return found

    @cached_property
    def columns_by_design(self) -> Floats:
        """Give columns under which every design has effects of its own."""
        blocks = []
        for arms, places in self.designs.items():
            block = np.zeros((len(self.y), len(arms) - 1))
            for place in places:
                block[self.rows[place]] = np.eye(len(arms) - 1)
            blocks.append(block)
        return np.concatenate(blocks, axis=1)

    def model(self, x: Floats) -> Model:
        """Give the regression on columns, in units of a typical variance."""
        random = self.method != "common"
        shapes = [
            np.stack([(np.eye(len(rows)) + 1) / 2]) if random else np.zeros((0, len(rows), len(rows)))
            for rows in self.rows
        ]
        return model_of(
            self.y / math.sqrt(self.unit),
            x,
            self.rows,
            known=[trial.covariance / self.unit for trial in self.trials],
            shapes=shapes,
            restricted=self.method == "reml",
        )

    def fit(self, x: Floats) -> State:
        """Fit on columns."""
        return fit_components(self.model(x))

    @cached_property
    def state(self) -> State:
        """Give the fit with consistent effects."""
        return self.fit(self.columns)

    @property
    def df(self) -> int:
        """Differences less coefficients."""
        return len(self.y) - len(self.treatments) + 1

    def inconsistency(self) -> Inconsistency:
        """Split Q by designs."""
        common = replace(self, method="common")
        full = self.columns_by_design
        q, within = (common.model(x).at([]).q for x in (self.columns, full))
        df_within = len(self.y) - full.shape[1]
        tau2, q_random = math.nan, math.nan
        if self.method != "common" and df_within > 0 and self.df > df_within:
            apart = self.fit(full)
            tau2 = float(apart.theta[0]) * self.unit
            q_random = apart.model.with_columns(self.columns).at(apart.theta).q - apart.q
        return Inconsistency(
            q=q,
            q_within=within if df_within else 0.0,
            q_between=q - within if self.df > df_within else 0.0,
            df=self.df,
            df_within=df_within,
            df_between=self.df - df_within,
            q_random=q_random,
            tau2_within=tau2,
        )

    def split(self, first: str, second: str) -> tuple[State, Floats] | None:
        """Give the fit in which trials of two treatments have a difference of their own, or None.

        None when nothing but those trials tells of the difference. The last coefficient is direct less
        indirect.
        """
        column = np.zeros(len(self.y))
        share = {first: 0.5, second: -0.5}
        for rows, trial in zip(self.rows, self.trials, strict=True):
            if first in trial.arms and second in trial.arms:
                heights = np.array([share.get(arm, 0.0) for arm in trial.arms])
                column[rows] = heights[1:] - heights[0]
        x = self.columns
        left = column - x @ np.linalg.lstsq(x, column, rcond=None)[0]
        if float(left @ left) <= SAME * float(column @ column):
            return None
        wide = np.column_stack([x, column])
        return self.fit(wide), self.along(first, second)

    def along(self, first: str, second: str) -> Floats:
        """Give the combination of coefficients that is the first treatment less the second."""
        row = np.zeros(len(self.treatments))
        row[self.treatments.index(first)] += 1
        row[self.treatments.index(second)] -= 1
        return row[1:]


def direct_trials(trials: Sequence[Trial], first: str, second: str) -> int:
    """Give how many trials compare two treatments."""
    return sum(first in trial.arms and second in trial.arms for trial in trials)


def chance(q: float, df: int) -> float:
    """Give the p value of Q, NaN where nothing is tested."""
    return float(special.chdtrc(df, q)) if df and not math.isnan(q) else math.nan
