"""A fitted Kaplan-Meier curve: shares at a day, quantiles and restricted means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import special

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, LeftOut, percent, plural
from ranvier.stats._follow_up import ONE_GROUP
from ranvier.stats._survival_bounds import GREENWOOD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SURVIVAL_METHODS", "SurvivalFit"]

FLAT = 1e-9
"""Two survival values closer than this are equal: float64 keeps 15 digits, a product fewer."""

_EXACT = (
    "Kaplan-Meier curve with the beta-product interval, which is the Clopper-Pearson interval as long as "
    "nobody is censored"
)
SURVIVAL_METHODS = {
    "beta-product": f"{_EXACT}.",
    **{
        scale: f"Kaplan-Meier curve with Greenwood's interval on the {scale} scale, an approximation that "
        "can cover far less often than stated with few events."
        for scale in GREENWOOD
    },
}
"""How the intervals of a curve are made, and the sentence for each."""

_REFERENCES = {
    "beta-product": (
        "Kaplan EL, Meier P (1958). J Am Stat Assoc 53:457-481",
        "Fay MP, Brittain EH, Proschan MA (2013). Biostatistics 14:723-736",
    ),
    **dict.fromkeys(
        GREENWOOD,
        (
            "Kaplan EL, Meier P (1958). J Am Stat Assoc 53:457-481",
            "Borgan O, Liestol K (1990). Scand J Stat 17:35-41",
        ),
    ),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class SurvivalFit(Fit):
    """Kaplan-Meier curves by arm; the estimates are the median times.

    Parameters
    ----------
    table : polars.DataFrame
        arm, day, at_risk, events, censored, survival, low, high, low_after: one row per arm and day on which
        somebody had the event or was last seen, and day 0. low and high hold on the day; high also holds
        until the next row, low_after is the lower bound from just after the day until the next row.
    method : str
        How the intervals were made.
    level : float
        Confidence level.
    event : str
        What was waited for.
    left_out : mapping of str to tuple of LeftOut
        Who was left out, by arm.
    """

    table: pl.DataFrame
    method: str
    level: float
    event: str
    left_out: dict[str, tuple[LeftOut, ...]]

    def at(self, day: float) -> Fit:
        """Give the share without the event at a day, one estimate per arm.

        Parameters
        ----------
        day : float
            Day of follow-up, at least 0.

        Returns
        -------
        Fit
            Shares; NaN beyond the last follow-up of an arm in which somebody was still without the event.

        Raises
        ------
        InputError
            When the day is not a number of at least 0.
        """
        when = _as_day("day", day)
        return self._each(
            f"Without {self.event} at day {when:g}", lambda rows, arm: self._at(rows, arm, when)
        )

    def quantile(self, share: float) -> Fit:
        """Give the time by which a share of the patients had the event, one estimate per arm.

        Parameters
        ----------
        share : float
            Between 0 and 1, both excluded; 0.5 gives the median.

        Returns
        -------
        Fit
            Days; NaN when fewer had the event, with an upper bound that may be infinite.

        Raises
        ------
        InputError
            When the share is not between 0 and 1.

        Notes
        -----
        The first day on which the survival is at most 1 - share; where it equals 1 - share until a later
        event, the middle between the two. The interval holds every day at which 1 - share lies within
        the interval of the survival.
        """
        if not (isinstance(share, float | int) and 0 < share < 1):
            raise InputError(f"share is {share!r}; it must lie between 0 and 1, both excluded.")
        what = "median time" if share == 0.5 else f"time by which {percent(share, digits=0)} had the event,"
        return self._each(f"{what} to {self.event}", lambda rows, arm: self._quantile(rows, arm, share))

    def restricted_mean(self, to_day: float) -> Fit:
        """Give the mean time without the event up to a day, one estimate per arm, and of two the difference.

        Parameters
        ----------
        to_day : float
            Day up to which time counts; not beyond the last follow-up of an arm.

        Returns
        -------
        Fit
            Days, with the normal interval; `inputs` holds the standard error.

        Raises
        ------
        InputError
            When the day is not above 0 or lies beyond the last follow-up of an arm.

        Notes
        -----
        The area under the curve up to the day; its variance is the sum over event days of
        :math:`A_i^2 d_i / (y_i (y_i - d_i))` with :math:`A_i` the area after day i. The interval is an
        approximation: no exact one is known.
        """
        limit = _as_day("to_day", to_day)
        fit = self._each(
            f"mean days without {self.event} up to day {limit:g}",
            lambda rows, arm: self._mean(rows, arm, limit),
        )
        if len(fit.estimates) != 2:
            return fit
        return Fit(
            title=fit.title,
            estimates=(*fit.estimates, _difference(*fit.estimates)),
            method_text=fit.method_text,
            notes=fit.notes,
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curves with their intervals, ticks for censored patients and the numbers at risk.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.stats._survival_drawing import draw

        return draw(self.table, event=self.event, level=self.level, ax=ax)

    def _each(self, title: str, make: Any) -> Fit:
        """Make one estimate per arm."""
        arms = self.table["arm"].unique(maintain_order=True).to_list()
        estimates = tuple(make(self.table.filter(arm=arm), arm) for arm in arms)
        return Fit(
            title=title[:1].upper() + title[1:],
            estimates=estimates,
            method_text=SURVIVAL_METHODS[self.method],
            notes=self.notes,
        )

    def _at(self, rows: pl.DataFrame, arm: str, day: float) -> Estimate:
        place = int(np.searchsorted(rows["day"].to_numpy(), day, side="right")) - 1
        last = rows.row(place, named=True)
        value, low, high = last["survival"], last["low"], last["high"]
        notes: tuple[str, ...] = ()
        if day > last["day"]:
            low = last["low_after"]
            if last["day"] == 0:
                high = 1.0 if self.method == "beta-product" else math.nan
            if place == rows.height - 1 and value > 0:
                value = math.nan
                notes = (
                    f"Nobody was followed to day {day:g}; the last follow-up ends on day {last['day']:g}.",
                )
                if self.method != "beta-product":
                    low = high = math.nan
        return self._estimate(
            rows, arm, f"share without {self.event} at day {day:g}", (value, low, high), notes=notes
        )

    def _quantile(self, rows: pl.DataFrame, arm: str, share: float) -> Estimate:
        days, survival = rows["day"].to_numpy(), rows["survival"].to_numpy()
        rest = 1 - share
        value = _crossing(days, survival, rest)
        with np.errstate(invalid="ignore"):
            low_reached = np.flatnonzero(rows["low_after"].to_numpy() <= rest)
            high_passed = np.flatnonzero(rows["high"].to_numpy() < rest)
        low = float(days[low_reached[0]]) if low_reached.size else math.nan
        high = float(days[high_passed[0]]) if high_passed.size else math.inf
        notes = _quantile_notes(rows, share, value, self.event)
        if self.method == "beta-product" and rows["events"].sum() == 0:
            notes = (*notes, _no_event_note(rows, self.event))
        label = "median time to" if share == 0.5 else f"time until {percent(share, digits=0)} had"
        return self._estimate(
            rows, arm, f"{label} {self.event}", (value, low, high), unit="days", notes=notes
        )

    def _mean(self, rows: pl.DataFrame, arm: str, limit: float) -> Estimate:
        days, survival = rows["day"].to_numpy(), rows["survival"].to_numpy()
        if limit == 0 or (limit > days[-1] and survival[-1] > 0):
            raise InputError(
                f"to_day is {limit:g}, but the follow-up of {arm!r} ends on day {days[-1]:g}; use a day "
                "above 0 and not beyond the last follow-up of any arm."
            )
        widths = np.diff(np.append(np.minimum(days, limit), limit))
        pieces = widths * survival
        after = np.cumsum(pieces[::-1])[::-1]
        y, d = rows["at_risk"].to_numpy().astype(float), rows["events"].to_numpy().astype(float)
        counts = (d > 0) & (days < limit) & (y > d)
        variance = float(np.sum(after[counts] ** 2 * d[counts] / (y[counts] * (y[counts] - d[counts]))))
        value, error = float(after[0]), math.sqrt(variance)
        z = float(special.ndtri(0.5 + self.level / 2))
        low, high = (max(0.0, value - z * error), min(limit, value + z * error))
        notes: tuple[str, ...] = ()
        if variance == 0:
            low = high = math.nan
            notes = ("The curve has no step with a known size of error, so that no interval can be given.",)
        return self._estimate(
            rows,
            arm,
            f"mean days without {self.event} up to day {limit:g}",
            (value, low, high),
            unit="days",
            notes=notes,
            method="restricted-mean",
            inputs={"standard error": error},
        )

    def _estimate(  # noqa: PLR0913 - one place that knows how an estimate of a curve is labelled
        self,
        rows: pl.DataFrame,
        arm: str,
        quantity: str,
        values: tuple[float, float, float],
        *,
        unit: str = "share",
        notes: tuple[str, ...] = (),
        method: str | None = None,
        inputs: dict[str, Any] | None = None,
    ) -> Estimate:
        n, events = int(rows["at_risk"][0]), int(rows["events"].sum())
        area = "Area under the Kaplan-Meier curve with the normal interval from Greenwood's variance, an "
        return Estimate(
            quantity=quantity if arm == ONE_GROUP else f"{quantity}, {arm}",
            value=float(values[0]),
            low=float(values[1]),
            high=float(values[2]),
            level=self.level,
            method=method or self.method,
            method_text=f"{area}approximation." if method else SURVIVAL_METHODS[self.method],
            n=n,
            unit=unit,
            inputs={"n": n, "events": events, **(inputs or {})},
            left_out=self.left_out[arm],
            notes=notes,
            references=_REFERENCES[self.method],
        )


def _as_day(name: str, value: Any) -> float:
    """Give a day as a float; refuse what is not finite and at least 0."""
    try:
        day = float(value)
    except (TypeError, ValueError):
        day = math.nan
    if not (math.isfinite(day) and day >= 0):
        raise InputError(f"{name} is {value!r}; it must be a finite number of days of at least 0.")
    return day


def _crossing(days: np.ndarray, survival: np.ndarray, rest: float) -> float:
    """Give the first day on which the curve is at or below a value, the middle of the step if it is at it."""
    reached = np.flatnonzero(survival <= rest + FLAT)
    if not reached.size:
        return math.nan
    first = reached[0]
    lower = np.flatnonzero(survival < rest - FLAT)
    if abs(survival[first] - rest) <= FLAT and lower.size:
        return float(days[first] + days[lower[0]]) / 2
    return float(days[first])


def _quantile_notes(rows: pl.DataFrame, share: float, value: float, event: str) -> tuple[str, ...]:
    """Say why a quantile is not known."""
    if not math.isnan(value):
        return ()
    curve = f"the curve ends at {percent(rows['survival'][-1])} on day {rows['day'][-1]:g}"
    if rows["events"].sum() == 0:
        curve = f"no {event} was seen up to day {rows['day'][-1]:g}"
    return (f"The time by which {percent(share, digits=0)} had the event is not known: {curve}.",)


def _no_event_note(rows: pl.DataFrame, event: str) -> str:
    """Say how large the share with the event may still be when nobody had it."""
    first = rows.row(1, named=True)
    return (
        f"No {event} in {plural(int(rows['at_risk'][0]), 'patient')}: up to day {first['day']:g}, to which "
        f"all were followed, the true share with it could be up to {percent(1 - first['low'])}."
    )


def _difference(first: Estimate, second: Estimate) -> Estimate:
    """Give the difference of two restricted means of independent arms."""
    error = math.hypot(first.inputs["standard error"], second.inputs["standard error"])
    value = second.value - first.value
    z = float(special.ndtri(0.5 + first.level / 2))
    known = error > 0
    return Estimate(
        quantity=f"difference: {second.quantity} minus {first.quantity.rsplit(', ', 1)[-1]}",
        value=value,
        low=value - z * error if known else math.nan,
        high=value + z * error if known else math.nan,
        level=first.level,
        method=first.method,
        method_text="Difference of the two areas with the normal interval, an approximation.",
        n=first.n + second.n,
        unit="days",
        p_value=float(2 * special.ndtr(-abs(value) / error)) if known else None,
        null="the two mean times are equal" if known else None,
        inputs={"standard error": error},
        references=first.references,
    )
