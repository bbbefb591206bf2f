"""Events seen at visits: the distribution of times known only to lie between two days."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, LeftOut, percent, plural
from ranvier.stats._follow_up import ONE_GROUP
from ranvier.stats._interval_censored import turnbull
from ranvier.stats._interval_rows import read_spans

__all__ = ["IntervalFit", "interval_survival"]

_TURNBULL = (
    "Nonparametric maximum-likelihood distribution (Turnbull) of events known to lie after the left and up "
    "to the right day. No interval is given: its error does not follow the usual laws; stats.weibull gives "
    "one under a Weibull distribution."
)
_PEOPLE = (
    "Turnbull BW (1976). J R Stat Soc B 38:290-295",
    "Wang Y (2007). J R Stat Soc B 69:185-198",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class IntervalFit(Fit):
    """Distribution of interval-censored times by arm; the estimates are the shares at the last day.

    Parameters
    ----------
    table : polars.DataFrame
        arm, left_day, right_day, mass, survival: the intervals (left_day, right_day] that hold probability
        (a known day where both are equal, null right_day beyond the last visit), and the share without the
        event after each. Within an interval the data do not say where the probability lies.
    event : str
        What was waited for.
    counts : mapping of str to tuple of int
        Patients and events, by arm.
    left_out : tuple of LeftOut
        Who was left out and why, in all arms together.
    """

    table: pl.DataFrame
    event: str
    counts: dict[str, tuple[int, int]]
    left_out: tuple[LeftOut, ...]

    def at(self, day: float) -> Fit:
        """Give the share without the event at a day, one estimate per arm.

        Parameters
        ----------
        day : float
            Day, at least 0.

        Returns
        -------
        Fit
            Shares without intervals; NaN with a note on the possible values where the day lies inside an
            interval that holds probability.

        Raises
        ------
        InputError
            When the day is not a number of at least 0.
        """
        if not (isinstance(day, float | int) and math.isfinite(day) and day >= 0):
            raise InputError(f"day is {day!r}; it must be a finite number of days of at least 0.")
        return self._shares({arm: float(day) for arm in self.counts}, f"Without {self.event} at day {day:g}")

    def _shares(self, days: dict[str, float], title: str) -> Fit:
        """Give one share per arm, each at its day."""
        estimates = tuple(_share_at(self, arm, day) for arm, day in days.items())
        return Fit(title=title, estimates=estimates, method_text=_TURNBULL, notes=self.notes)


def interval_survival(data: Any, *, right: Any = None, arm: Any = None, event: str = "event") -> IntervalFit:
    r"""Give the distribution of times that are known only to lie in (left, right], by arm.

    Parameters
    ----------
    data : array_like, dataframe, Derivation or mapping of columns
        Left days, shape (n_patients,): the last day on which the patient was seen without the event, None
        where it may lie at any time from day 0. Or a table with left_day, right_day and perhaps arm, such as
        `course.time_to_event` gives; its days are counted from the patient's first visit.
    right : array_like, shape (n_patients,), optional
        The first day on which the patient was seen with it; None or infinite when it was never seen, equal to
        the left day when the day is known. Needed with an array of left days.
    arm : array_like of str, shape (n_patients,), optional
        The arm of each patient; the column arm of the table, or one group, when None.
    event : str
        What was waited for.

    Returns
    -------
    IntervalFit
        The intervals that hold probability as `table`; `at(day)` gives shares.

    Raises
    ------
    InputError
        When a left day is negative, an event ends before it begins, or lengths differ.
    ConvergenceError
        When the maximum is not found.

    Notes
    -----
    Intervals are open on the left and closed on the right: seen without the event on day 90 and with it on
    day 180 means (90, 180], and (0, 90] does not meet it. Programs that take them as closed put probability
    on day 90 itself. The likelihood :math:`\prod_i \sum_{j \subset i} p_j` is maximised over the innermost
    intervals by EM steps and constrained Newton steps until no derivative exceeds n by more than 1e-9 n,
    which proves the maximum.

    References
    ----------
    Turnbull BW (1976). J R Stat Soc B 38:290-295
    Wang Y (2007). J R Stat Soc B 69:185-198

    Examples
    --------
    >>> import ranvier as rv
    >>> fit = rv.stats.interval_survival([0, 90, 90, 180], right=[90, 180, None, None])
    >>> fit.table.select("left_day", "right_day", "mass").rows()
    [(0.0, 90.0, 0.25), (90.0, 180.0, 0.375), (180.0, None, 0.375)]
    """
    spans = read_spans(data, right, arm)
    tables, counts, last_days = [], {}, {}
    for name in np.unique(spans.arm).tolist():
        own = spans.arm == name
        found = turnbull(spans.left[own], spans.right[own])
        rows = pl.DataFrame(
            {
                "arm": [name] * found.mass.size,
                "left_day": found.left,
                "right_day": pl.Series(found.right).replace(math.inf, None),
                "mass": found.mass,
                "survival": np.maximum(1 - np.cumsum(found.mass), 0.0),
            }
        )
        tables.append(rows.with_columns(survival=pl.when(pl.col("right_day").is_not_null()).then("survival")))
        ends = np.concatenate((spans.left[own], spans.right[own]))
        last_days[name] = float(ends[np.isfinite(ends)].max())
        counts[name] = (int(own.sum()), int(np.isfinite(spans.right[own]).sum()))
    fit = IntervalFit(
        title=f"Time to {event}",
        estimates=(),
        method_text=_TURNBULL,
        table=pl.concat(tables),
        event=event,
        counts=counts,
        left_out=spans.left_out,
    )
    return replace(fit, estimates=fit._shares(last_days, fit.title).estimates)


def _share_at(fit: IntervalFit, arm: str, day: float) -> Estimate:
    """Give the share without the event at a day, or say between which values it lies."""
    rows, (n, events) = fit.table.filter(arm=arm), fit.counts[arm]
    left, right = rows["left_day"].to_numpy(), rows["right_day"].fill_null(math.inf).to_numpy()
    mass = rows["mass"].to_numpy()
    gone = float(mass[right <= day].sum())
    inside = (left < day) & (right > day)
    notes: tuple[str, ...] = ()
    value = max(0.0, 1 - gone)
    if inside.any():
        least = max(0.0, value - float(mass[inside].sum()))
        limits = f"{percent(least)} and {percent(value)}"
        notes = (f"At day {day:g} the data say only that the share lies between {limits}.",)
        value = math.nan
    if events == 0:
        none = f"No {fit.event} in {plural(n, 'patient')}"
        notes = (*notes, f"{none}; stats.survival gives the exact bound that this allows.")
    where = "" if arm == ONE_GROUP else f", {arm}"
    return Estimate(
        quantity=f"share without {fit.event} at day {day:g}{where}",
        value=value,
        low=math.nan,
        high=math.nan,
        level=0.95,
        method="turnbull",
        method_text=_TURNBULL,
        n=n,
        unit="share",
        inputs={"n": n, "events": events},
        left_out=fit.left_out,
        notes=notes,
        references=_PEOPLE,
    )
