"""Relapses that come back: rate ratios from their times, and the mean number per patient over time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import special

from ranvier.errors import ConvergenceError, require_choice
from ranvier.result import Estimate, Fit, plural
from ranvier.stats._follow_up import ONE_GROUP, words
from ranvier.stats._inputs import as_level
from ranvier.stats._recurrent_rows import between_events
from ranvier.stats.cox_regression import CoxFit, cox

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MeanCumulative", "mean_cumulative", "recurrent"]

_METHODS = {
    "lwyy": "Ratio of event rates by the model of Lin, Wei, Yang and Ying: proportional mean numbers, with "
    "the standard error clustered by patient, so that the events of one patient may hang together.",
    "andersen-gill": "Ratio of event intensities by the Andersen-Gill model, which takes the events of a "
    "patient as independent of each other given the covariates; it is too sure where some patients relapse "
    "more than others.",
}
_SOURCES = {
    "lwyy": ("Lin DY, Wei LJ, Yang I, Ying Z (2000). J R Stat Soc B 62:711-730",),
    "andersen-gill": ("Andersen PK, Gill RD (1982). Ann Stat 10:1100-1120",),
}
_MEAN_TEXT = (
    "Mean number of events per patient (Nelson-Aalen type), with the variance of Lawless and Nadeau, which "
    "lets the events of one patient hang together, and the normal interval of its logarithm."
)


def recurrent(
    events: Any,
    people: Any,
    *,
    covariates: Sequence[str],
    method: str = "lwyy",
    ties: str = "efron",
    level: float = 0.95,
    event: str = "relapse",
) -> CoxFit:
    r"""Give rate ratios of events that may come back, from their times.

    Parameters
    ----------
    events : dataframe or mapping of columns
        Columns subject and day, one row per event.
    people : dataframe or mapping of columns
        One row per patient: subject, days (or stop_day) to which the patient was followed, perhaps start_day
        (0 when missing), and the covariates. Patients without events belong here too.
    covariates : sequence of str
        Columns of `people`; text is compared with its first word in the order of the alphabet.
    method : {"lwyy", "andersen-gill"}
        The same ratios; "lwyy" with the robust standard error, "andersen-gill" with that of the model.
    ties : {"efron", "breslow"}
        How events of one day are dealt with.
    level : float
        Confidence level, two-sided.
    event : str
        What comes back.

    Returns
    -------
    CoxFit
        One rate ratio per covariate; `n` is the number of patients.

    Raises
    ------
    InputError
        When an event lies outside its patient's follow-up or belongs to nobody, a patient has two on one day,
        follow-up is not above 0, or `cox` refuses the rows.
    ConvergenceError
        When an arm has no event.

    Notes
    -----
    A patient is at risk from one event to the next and until the end of follow-up, on the time since
    start; the partial likelihood is Cox's. Under LWYY :math:`E\,dN_i(t) = e^{x_i\beta} d\mu_0(t)` and the
    variance is :math:`A^{-1} B A^{-1}` with B the sum of squares of the patients' parts of the score. No
    small-sample correction is made: with few patients `before_after`, or a permutation test, is safer.

    References
    ----------
    Andersen PK, Gill RD (1982). Ann Stat 10:1100-1120
    Lin DY, Wei LJ, Yang I, Ying Z (2000). J R Stat Soc B 62:711-730

    Examples
    --------
    >>> import ranvier as rv
    >>> people = {"subject": list("abcdef"), "days": [365] * 6, "arm": ["cells"] * 3 + ["placebo"] * 3}
    >>> events = {"subject": ["a", "d", "d", "e", "f"], "day": [50, 20, 200, 90, 300]}
    >>> print(rv.stats.recurrent(events, people, covariates=["arm"]).estimates[0].text())
    4.00 (95 % interval 0.77 to 20.82)
    """
    require_choice("method", method, _METHODS)
    rows = between_events(events, people)
    try:
        fit = cox(
            rows.drop("days", strict=False),
            covariates=covariates,
            variance="robust" if method == "lwyy" else "model",
            ties=ties,
            level=level,
            event=event,
        )
    except ConvergenceError as error:
        raise ConvergenceError(
            f"the rate ratio cannot be estimated, because a covariate splits the {event}s perfectly, such as "
            "an arm without any. Use stats.rate_ratio of the totals, which has an exact interval."
        ) from error
    estimates = tuple(
        dataclasses.replace(
            each,
            quantity=each.quantity.replace("hazard ratio", f"{event} rate ratio"),
            method=method,
            method_text="Ratio of rates, the other covariates being equal.",
            null="the rate ratio is 1",
            references=(*_SOURCES[method], *each.references),
        )
        for each in fit.estimates
    )
    title = f"Rate of {event}s"
    return dataclasses.replace(fit, title=title, estimates=estimates, method_text=_METHODS[method])


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanCumulative(Fit):
    """Mean number of events per patient over time, by arm; the estimates stand at each arm's last event.

    Parameters
    ----------
    table : polars.DataFrame
        arm, day, at_risk, events, mean, standard_error, low, high: one row per arm and day with an event.
    level : float
        Confidence level.
    event : str
        What comes back.
    """

    table: pl.DataFrame
    level: float
    event: str

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean number per patient as steps, with its interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.stats._survival_drawing import draw_means

        return draw_means(self.table, event=self.event, level=self.level, ax=ax)


def mean_cumulative(
    events: Any, people: Any, *, level: float = 0.95, event: str = "relapse"
) -> MeanCumulative:
    r"""Give the mean number of events per patient over time, by arm.

    Parameters
    ----------
    events : dataframe or mapping of columns
        Columns subject and day, one row per event.
    people : dataframe or mapping of columns
        One row per patient: subject, days (or stop_day), perhaps start_day and arm; see `recurrent`.
    level : float
        Confidence level, two-sided.
    event : str
        What comes back.

    Returns
    -------
    MeanCumulative
        The curves as `table`; the estimates are the means at the last event of each arm.

    Raises
    ------
    InputError
        When events or people are such as `recurrent` refuses.

    Notes
    -----
    :math:`\hat\mu(t) = \sum_{t_j \le t} d_j / y_j`; its variance is the sum over patients of the square of
    :math:`\sum_{t_j \le t} Y_i(t_j) (dN_i(t_j) - d_j / y_j) / y_j`. Death is not dealt with: after it a
    patient counts as lost, and the mean is that of a world without death.

    References
    ----------
    Lawless JF, Nadeau C (1995). Technometrics 37:158-168

    Examples
    --------
    >>> import ranvier as rv
    >>> people = {"subject": ["a", "b", "c"], "days": [365, 365, 180]}
    >>> fit = rv.stats.mean_cumulative({"subject": ["a", "a", "c"], "day": [100, 300, 120]}, people)
    >>> fit.table["mean"].round(3).to_list()
    [0.333, 0.667, 1.167]
    """
    confidence = as_level(level)
    rows = between_events(events, people)
    names = words("arm", rows["arm"] if "arm" in rows.columns else None, rows.height)
    arms = np.unique(names).tolist()
    parts = [_mean_rows(rows.filter(pl.Series(names == arm)), arm, confidence) for arm in arms]
    estimates = tuple(
        _last(rows.filter(pl.Series(names == arm)), part, arm, event, confidence)
        for arm, part in zip(arms, parts, strict=True)
    )
    return MeanCumulative(
        title=f"Mean number of {event}s per patient",
        estimates=estimates,
        method_text=_MEAN_TEXT,
        table=pl.concat(parts),
        level=confidence,
        event=event,
    )


def _mean_rows(rows: pl.DataFrame, arm: str, level: float) -> pl.DataFrame:
    """Give the curve of one arm."""
    start, stop = rows["start_day"].to_numpy(), rows["stop_day"].to_numpy()
    seen = rows["observed"].to_numpy()
    patient = np.unique(rows["subject"].to_numpy().astype(str), return_inverse=True)[1]
    days, events = np.unique(stop[seen], return_counts=True)
    at_risk = np.searchsorted(np.sort(stop), days, "left") * -1.0 + stop.size
    at_risk -= start.size - np.searchsorted(np.sort(start), days, "left")
    step = events / at_risk
    mean = np.cumsum(step)
    error = np.sqrt(_patient_squares(start, stop, seen, patient, days, step, at_risk))
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.exp(float(special.ndtri(0.5 + level / 2)) * error / mean)
    known = error > 0
    return pl.DataFrame(
        {
            "arm": pl.Series([arm] * days.size, dtype=pl.String),
            "day": days.astype(np.float64),
            "at_risk": at_risk.astype(np.int64),
            "events": events.astype(np.int64),
            "mean": mean,
            "standard_error": error,
            "low": np.where(known, mean / reach, np.nan),
            "high": np.where(known, mean * reach, np.nan),
        }
    )


def _patient_squares(
    start: Any, stop: Any, seen: Any, patient: Any, days: Any, step: Any, at_risk: Any
) -> Any:
    """Give at each day the sum over patients of the squared sum of what they added to the mean's error."""
    total = np.zeros(days.size)
    for name in range(patient.max() + 1):
        own = patient == name
        present = ((start[own, None] < days) & (stop[own, None] >= days)).any(axis=0)
        had = np.isin(days, stop[own & seen])
        total += np.cumsum(present * (had - step) / at_risk) ** 2
    return total


def _last(rows: pl.DataFrame, part: pl.DataFrame, arm: str, event: str, level: float) -> Estimate:
    """Give the mean at the last event of an arm."""
    n, day = rows["subject"].n_unique(), float(rows["stop_day"].max())  # type: ignore[arg-type]
    years = float((rows["stop_day"] - rows["start_day"]).sum()) / 365.25
    none = part.is_empty()
    last = {"day": day, "mean": 0.0, "low": math.nan, "high": math.nan} if none else part.row(-1, named=True)
    note = f"No {event} in {plural(n, 'patient')}: stats.rate(0, {years:.4g}) gives the upper bound that "
    "this allows."
    where = "" if arm == ONE_GROUP else f", {arm}"
    return Estimate(
        quantity=f"mean number of {event}s up to day {last['day']:g}{where}",
        value=last["mean"],
        low=last["low"],
        high=last["high"],
        level=level,
        method="nelson-aalen",
        method_text=_MEAN_TEXT,
        n=n,
        unit="per patient",
        inputs={"patients": n, "events": int(part["events"].sum())},
        notes=(note,) if none else (),
        references=("Lawless JF, Nadeau C (1995). Technometrics 37:158-168",),
    )
