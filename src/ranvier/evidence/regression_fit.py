"""What a regression over studies is: coefficients, tests, what is left between studies, predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError, suggest
from ranvier.evidence._likelihood_bounds import likelihood_bounds
from ranvier.evidence._moderators import Moderators
from ranvier.evidence._pooled import below, quantile
from ranvier.evidence._study_cells import as_frame
from ranvier.evidence._weighted_q import JACKSON, WEIGHTED_Q, weighted_q_bounds
from ranvier.evidence.pooled_studies import PooledEstimate, Scale
from ranvier.result import Fit, LeftOut, json_ready, number, p_text, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MetaRegression", "Solution"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """What predictions and contrasts are computed from.

    Parameters
    ----------
    values : ndarray of float64, shape (p,)
        Coefficients.
    covariance : ndarray of float64, shape (p, p)
        Their covariance.
    df : float
        Degrees of freedom of tests and intervals, infinite for the normal distribution.
    df_left : int
        Studies less coefficients.
    tau2 : float
        Variance that is left between studies.
    common : bool
        Whether all that differs between studies is assumed to follow from the moderators.
    """

    values: Floats
    covariance: Floats
    df: float
    df_left: int
    tau2: float
    common: bool

    def along(self, rows: Floats, level: float) -> dict[str, Floats]:
        """Give value, standard error, bounds, test and prediction of combinations of the coefficients."""
        value = rows @ self.values
        # Rounding may leave a variance of 0 just below it.
        error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, self.covariance, rows), 0.0))
        reach = quantile(self.df, level) * error
        wide = np.full_like(value, np.nan)
        if self.df_left > 1 and not self.common:
            wide = quantile(self.df_left - 1, level) * np.sqrt(self.tau2 + error**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = value / error
        return {
            "value": value,
            "standard_error": error,
            "low": value - reach,
            "high": value + reach,
            "statistic": statistic,
            "p_value": 2 * below(self.df, -np.abs(statistic)),
            "prediction_low": value - wide,
            "prediction_high": value + wide,
        }

    def together(self, chosen: list[int]) -> tuple[float, float]:
        """Give the test that some coefficients are all 0: F (or chi-squared) and its p value."""
        m, part = len(chosen), np.ix_(chosen, chosen)
        picked = self.values[chosen]
        square = float(picked @ np.linalg.solve(self.covariance[part], picked))
        if math.isinf(self.df):
            return square, float(special.chdtrc(m, square))
        return square / m, float(special.fdtrc(m, self.df, square / m))


@dataclass(frozen=True, kw_only=True, eq=False)
class MetaRegression(Fit):
    """A regression of effects over studies on what differs between the studies.

    Parameters
    ----------
    coefficients : polars.DataFrame
        name, term, value, standard_error, statistic, p_value, low, high: one row per coefficient, on the
        scale of the effects.
    terms : polars.DataFrame
        term, columns, statistic, p_value: the joint test of all columns of each moderator.
    studies : polars.DataFrame
        study, effect, variance, weight, fitted, residual: one row per study that was used.
    method : str
        How the variance between studies was estimated.
    interval : str
        How the intervals were made.
    level : float
        Confidence level.
    scale : Scale
        How predicted values are read.
    moderators : Moderators
        The columns of the regression.
    solution : Solution
        What predictions and contrasts are computed from.
    left_out : tuple of LeftOut
        Which studies were left out and why.
    moment_weights : tuple of float or None
        The weights of `GeneralisedQ`, one per study that was used.
    """

    coefficients: pl.DataFrame
    terms: pl.DataFrame
    studies: pl.DataFrame
    method: str
    interval: str
    level: float
    scale: Scale
    moderators: Moderators = field(repr=False)
    solution: Solution = field(repr=False)
    left_out: tuple[LeftOut, ...] = ()
    moment_weights: tuple[float, ...] | None = None

    def predict(self, at: Any) -> pl.DataFrame:
        """Give the expected value at stated values of the moderators, with both kinds of interval.

        Parameters
        ----------
        at : dataframe or mapping of columns
            One row per prediction with a value of every moderator.

        Returns
        -------
        polars.DataFrame
            The moderators; value, low, high (the mean of such studies); prediction_low, prediction_high (the
            true value of one such study), null where they cannot be given, all as the measure is read;
            beyond: whether a number lies outside the range of the studies.

        Raises
        ------
        InputError
            When a moderator is missing, or is a group that no study has.

        Examples
        --------
        >>> import ranvier as rv
        >>> y, v, dose = [0.1, 0.2, 0.5, 0.4], [0.02, 0.03, 0.02, 0.04], [1, 2, 3, 4]
        >>> fit = rv.evidence.meta_regression(y, v, moderators={"dose": dose})
        >>> expected = fit.predict({"dose": [2.5, 9]})
        >>> expected["value"].round(2).to_list(), expected["beyond"].to_list()
        ([0.32, 1.21], [False, True])
        """
        frame = as_frame(at)
        found = self.solution.along(self.moderators.rows(frame), self.level)
        beyond = np.zeros(frame.height, dtype=bool)
        for name, (low, high) in self.moderators.ranges.items():
            values = frame[name].cast(pl.Float64).to_numpy()
            beyond |= (values < low) | (values > high)
        back = self.scale.back or (lambda value: value)
        shown = ("value", "low", "high", "prediction_low", "prediction_high")
        numbers = {name: np.asarray(back(found[name]), dtype=np.float64) for name in shown}
        chosen = frame.select(*self.moderators.levels, *self.moderators.ranges)
        return chosen.with_columns(
            *(pl.Series(name, values).fill_nan(None) for name, values in numbers.items()),
            pl.Series("beyond", beyond),
        )

    def contrast(self, weights: Mapping[str, float], *, quantity: str) -> PooledEstimate:
        """Give a weighted sum of coefficients, such as one group less another.

        Parameters
        ----------
        weights : mapping of str to float
            Names of coefficients to weights; all others are 0.
        quantity : str
            What the sum is, for the sentences.

        Returns
        -------
        PooledEstimate
            On the scale of the effects.

        Raises
        ------
        InputError
            When a name is no coefficient.

        Examples
        --------
        >>> import ranvier as rv
        >>> y, v, route = [0.1, 0.2, 0.5, 0.4, 0.9], [0.02] * 5, ["iv", "iv", "it", "it", "both"]
        >>> fit = rv.evidence.meta_regression(y, v, moderators={"route": route})
        >>> weights = {"route[iv]": 1, "route[it]": -1}
        >>> print(fit.contrast(weights, quantity="iv less it").text())
        −0.30 (95 % interval −0.91 to 0.31)
        """
        row = np.zeros(len(self.moderators.names))
        for name, weight in weights.items():
            if name not in self.moderators.names:
                near = suggest(name, self.moderators.names)
                hint = f" Did you mean {near!r}?" if near else ""
                raise InputError(
                    f"weights names {name!r}; the coefficients are {list(self.moderators.names)}.{hint}"
                )
            row[self.moderators.names.index(name)] = weight
        found = {key: float(value[0]) for key, value in self.solution.along(row[None], self.level).items()}
        return PooledEstimate(
            quantity=quantity,
            value=found["value"],
            low=found["low"],
            high=found["high"],
            level=self.level,
            method=self.method,
            method_text=self.method_text,
            n=self.studies.height,
            p_value=found["p_value"],
            null="the true value is 0",
            inputs={"studies": self.studies.height},
            left_out=self.left_out,
        )

    def likelihood_interval(self) -> PooledEstimate:
        """Give the variance left between studies with its profile-likelihood interval.

        Returns
        -------
        PooledEstimate
            All variances whose (restricted) likelihood is not too far below the largest.

        Raises
        ------
        InputError
            When the method is not "reml" or "ml".

        Examples
        --------
        >>> import ranvier as rv
        >>> y, v, dose = [0.1, 0.8, 0.3, 0.9], [0.01, 0.02, 0.01, 0.02], [1, 2, 3, 4]
        >>> fit = rv.evidence.meta_regression(y, v, moderators={"dose": dose})
        >>> print(fit.likelihood_interval().text())
        0.12 (95 % interval 0.015 to 2.32)
        """
        y, v = (self.studies[name].to_numpy() for name in ("effect", "variance"))
        x = np.linalg.qr(self.moderators.values)[0]
        low, high = likelihood_bounds(y, v, method=self.method, level=self.level, x=x)
        left = next(each for each in self.estimates if each.quantity.startswith("variance left"))
        return replace(
            cast(PooledEstimate, left), low=low, high=high, method_text="Interval by the profile likelihood."
        )

    def generalised_interval(self) -> PooledEstimate:
        """Give the variance left between studies with the interval of its own generalised Q.

        Returns
        -------
        PooledEstimate
            All variances under which the weighted sum of squares is not extreme; see
            `Pool.generalised_interval`.

        Raises
        ------
        InputError
            When the method is not `GeneralisedQ`.

        Examples
        --------
        >>> import ranvier as rv
        >>> y, v, dose = [0.1, 0.8, 0.3, 0.9], [0.01, 0.02, 0.01, 0.02], [1, 2, 3, 4]
        >>> equal = rv.evidence.GeneralisedQ(weights=(1, 1, 1, 1))
        >>> fit = rv.evidence.meta_regression(y, v, moderators={"dose": dose}, method=equal)
        >>> print(fit.generalised_interval().text())
        0.12 (95 % interval 0.021 to 5.26)
        """
        y, v = (self.studies[name].to_numpy() for name in ("effect", "variance"))
        x = np.linalg.qr(self.moderators.values)[0]
        low, high = weighted_q_bounds(y, v, self.moment_weights, self.level, x)
        left = next(each for each in self.estimates if each.quantity.startswith("variance left"))
        return replace(
            cast(PooledEstimate, left), low=low, high=high, method_text=WEIGHTED_Q, references=(JACKSON,)
        )

    def explain(self) -> str:
        """Say in plain sentences what was fitted, what came out, and what it cannot say.

        Returns
        -------
        str
            Sentences.
        """
        lines = [f"{self.title}. {self.method_text}"]
        lines += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        for estimate in self.estimates:
            p = "" if estimate.p_value is None else f" ({p_text(estimate.p_value)} for: {estimate.null})"
            lines.append(f"{estimate.quantity[:1].upper()}{estimate.quantity[1:]}: {estimate.text()}{p}.")
        numbers = self.diagnostics
        columns = plural(numbers["columns"], "column")
        lines.append(f"All moderators together ({columns}): {p_text(numbers['moderators_p_value'])}.")
        if self.terms.height > 1:
            each = [f"{term} {p_text(p)}" for term, p in self.terms.select("term", "p_value").iter_rows()]
            lines.append(f"Each with all its columns: {'; '.join(each)}.")
        df = plural(numbers["q_df"], "degree of freedom", "degrees of freedom")
        lines.append(
            f"What the moderators leave: Q = {number(numbers['q'])} on {df} ({p_text(numbers['q_p_value'])} "
            "for no other difference between the studies)."
        )
        return "\n".join([*lines, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; the scale by what is read and its unit.
        """
        hidden = {"scale", "moderators", "solution"}
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in hidden}
        scale = {"quantity": self.scale.quantity, "unit": self.scale.unit, "measure": self.scale.code}
        ready: dict[str, Any] = json_ready({**fields, "scale": scale, "covariance": self.solution.covariance})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the studies against their one moderator in numbers, or else the coefficients.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on; areas of the circles follow the weights, the band is the interval of the mean,
            the dotted lines are the prediction interval.
        """
        from ranvier.evidence._bubbles import draw

        return draw(self, ax)
