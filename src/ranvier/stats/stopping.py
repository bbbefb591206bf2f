"""A stopping rule as a boundary, and where a trial stands against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import InputError
from ranvier.result import json_ready, number, percent
from ranvier.stats._inputs import as_count
from ranvier.stats._looks import chances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["StoppingBoundary", "StoppingState"]

LOOKS_MARKED = 40
"""Looks up to which each is marked in the figure."""
SOURCES = {
    "binomial": "Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404",
    "poisson": "Garwood F (1936). doi:10.1093/biomet/28.3-4.437",
    "pocock": "Ivanova A, Qaqish BF, Schell MJ (2005). doi:10.1111/j.1541-0420.2005.00311.x",
    "beta-binomial": "Geller NL, Follmann D, Leifer ES, Carter SL (2003). In: Advances in Clinical Trial "
    "Biostatistics, ISBN 978-1-135-52438-8",
}


@dataclass(frozen=True, kw_only=True)
class StoppingBoundary:
    """A stopping rule as a boundary: the smallest count that stops, at each look.

    Parameters
    ----------
    method : str
        One of `ranvier.trial.STOPPING_METHODS`.
    limit : float
        Highest acceptable share of patients; for "poisson" events per patient-year.
    level : float
        As given to `stopping_rule`.
    looks : tuple of float
        Patients (or patient-years) at each look, rising.
    counts : tuple of int or None
        Smallest count that stops at each look; None when no possible count stops there.
    prior : tuple of float, optional
        Parameters of the beta prior, for "beta-binomial".
    look_level : float, optional
        For "pocock": the level that the exact one-sided bound has at each look.
    event : str
        What is counted, as the end of a sentence.
    """

    method: str
    limit: float
    level: float
    looks: tuple[float, ...]
    counts: tuple[int | None, ...]
    prior: tuple[float, float] | None = None
    look_level: float | None = None
    event: str = "an event"

    @property
    def unit(self) -> str:
        """Give what the looks are counted in: patients or patient-years."""
        return "patient-years" if self.method == "poisson" else "patients"

    @property
    def source(self) -> str:
        """Give the paper behind the method."""
        return SOURCES[self.method]

    def table(self) -> pl.DataFrame:
        """Give the rule as "stop if x of n": one row per count, over the looks at which it stops.

        Returns
        -------
        polars.DataFrame
            Columns stop_at (events), from_look, to_look (patients or patient-years); looks at which no
            count stops are absent.
        """
        looks = pl.DataFrame(
            {"stop_at": self.counts, "look": self.looks},
            schema={"stop_at": pl.Int64, "look": pl.Float64},
        ).drop_nulls()
        run = pl.col("stop_at").rle_id()
        grouped = looks.group_by(run.alias("run"), maintain_order=True).agg(
            pl.col("stop_at").first(),
            pl.col("look").min().alias("from_look"),
            pl.col("look").max().alias("to_look"),
        )
        return grouped.drop("run")

    def state(self, events: int, n: float) -> StoppingState:
        """Say where a trial stands.

        Parameters
        ----------
        events : int
            Patients with the event so far; for "poisson" events so far.
        n : float
            Patients counted so far; for "poisson" patient-years so far.

        Returns
        -------
        StoppingState
            Stop, continue or ended, with the numbers behind it.

        Raises
        ------
        InputError
            When a count is negative or not whole, or more patients have the event than were counted.

        Notes
        -----
        Between two looks the next one decides: counts never fall, so that one that has reached the next
        boundary stops the trial there. Totals may leave open whether an earlier look was crossed; then the
        state says so.
        """
        count = as_count("events", events)
        size = float(n) if self.method == "poisson" else float(as_count("n", n))
        if not (np.isfinite(size) and size >= 0):
            raise InputError(f"n is {n!r}; give {self.unit} of at least 0.")
        if self.method != "poisson" and count > size:
            raise InputError(f"events is {count}, more than n = {size:g}; events must be from 0 to n.")
        ahead = next((place for place, look in enumerate(self.looks) if look >= size), None)
        past = [stop for look, stop in zip(self.looks, self.counts, strict=True) if look < size]
        earlier = any(stop is not None and count >= stop for stop in past)
        stop_at = None if ahead is None else self.counts[ahead]
        stops = stop_at is not None and count >= stop_at
        return StoppingState(
            boundary=self,
            events=count,
            n=size,
            look=None if ahead is None else self.looks[ahead],
            stop_at=stop_at,
            decision="ended" if ahead is None else "stop" if stops else "continue",
            earlier_possible=earlier and not stops,
        )

    def characteristics(self, rates: Sequence[float] | None = None) -> pl.DataFrame:
        """Give how often the rule stops and after how many patients, at given true rates.

        Parameters
        ----------
        rates : sequence of float, optional
            True shares (or events per patient-year); 0.5, 1, 1.5, 2 and 3 times the limit when None.

        Returns
        -------
        polars.DataFrame
            Columns rate, stop (probability that the trial stops at any look), expected_n (patients or
            patient-years when it stops or at the last look), expected_events.

        Raises
        ------
        InputError
            When a rate is not a share (or, for "poisson", is negative).

        Notes
        -----
        Exact: the distribution of the count among trials that have not stopped is carried from look to look.
        Nothing is simulated. The expected number of events is the rate times `expected_n` (Wald).
        """
        top = np.inf if self.method == "poisson" else 1.0
        asked = [factor * self.limit for factor in (0.5, 1, 1.5, 2, 3)] if rates is None else rates
        chosen = [float(rate) for rate in asked if rates is not None or float(rate) <= top]
        wrong = [rate for rate in chosen if not 0 <= rate <= top or not np.isfinite(rate)]
        if wrong:
            allowed = "0 or more" if self.method == "poisson" else "from 0 to 1"
            raise InputError(f"rates holds {wrong[0]!r}; a true rate is {allowed}.")
        found = [chances(rate, self.looks, self.counts, poisson=self.method == "poisson") for rate in chosen]
        expected = [
            sum(p * look for p, look in zip(stops, self.looks, strict=True))
            + (1 - sum(stops)) * self.looks[-1]
            for stops in found
        ]
        return pl.DataFrame(
            {
                "rate": chosen,
                "stop": [float(sum(stops)) for stops in found],
                "expected_n": expected,
                "expected_events": [rate * size for rate, size in zip(chosen, expected, strict=True)],
            },
            schema=dict.fromkeys(("rate", "stop", "expected_n", "expected_events"), pl.Float64),
        )

    def text(self) -> str:
        """Give the rule in one sentence.

        Returns
        -------
        str
            Such as "Stop if 2 of up to 3, 3 of up to 8 … patients have an event."
        """
        rows = [f"{stop} of {_span(low, high)}" for stop, low, high in self.table().iter_rows()]
        verb = "have" if self.method != "poisson" else "are seen with"
        if self.method == "poisson":
            rows = [f"{stop} in {_span(low, high)}" for stop, low, high in self.table().iter_rows()]
            return f"Stop if there are {', '.join(rows)} {self.unit} (events: {self.event})."
        return f"Stop if {', '.join(rows)} {self.unit} {verb} {self.event}."

    def explain(self) -> str:
        """Say in plain sentences how the rule was made, what it is and how often it stops in vain.

        Returns
        -------
        str
            Sentences.
        """
        at_limit = self.characteristics([self.limit])["stop"].item()
        limit = self._rate(self.limit)
        how = {
            "binomial": f"At each look the trial stops when the exact one-sided {100 * self.level:g} % lower "
            f"bound of the share lies above {limit}.",
            "poisson": f"At each look the trial stops when the exact one-sided {100 * self.level:g} % lower "
            f"bound of the rate lies above {limit}.",
            "pocock": f"Every look has the same level ({100 * (self.look_level or 0):.2f} %, one-sided), "
            f"chosen so that a trial with a true share of {limit} is stopped with a chance of at most "
            f"{percent(1 - self.level)} over all looks.",
            "beta-binomial": f"The trial stops when the probability that the share is above {limit} exceeds "
            f"{100 * self.level:g} %, starting from a beta prior with parameters {self.prior}.",
        }
        return (
            f"{self.text()} {how[self.method]} At a true rate of {limit} the rule stops {percent(at_limit)} "
            f"of trials; it does not replace judgement about a single grave event."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, the table and the operating characteristics, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and table, characteristics, text.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        more = {"table": self.table(), "characteristics": self.characteristics(), "text": self.text()}
        ready: dict[str, Any] = json_ready({**fields, **more})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the counts that stop and those that do not, look by look.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 3.2), layout="constrained").add_subplot()
        known = [(look, stop) for look, stop in zip(self.looks, self.counts, strict=True) if stop is not None]
        looks, stops = [look for look, _ in known], [stop for _, stop in known]
        size = 4.0 if len(looks) <= LOOKS_MARKED else 0.0
        ax.step(
            looks,
            stops,
            where="post",
            color="C1",
            marker="s",
            markersize=size,
            linewidth=1.2,
            label="stop at this or more",
        )
        ax.set_ylim(-0.4, max(stops) + 1.2)
        ax.set_xlim(0, max(self.looks) * 1.03)
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel(f"{self.unit} so far")
        ax.set_ylabel("events" if self.method == "poisson" else "patients with the event")
        ax.legend(frameon=False, loc="upper left")
        return ax

    def _repr_html_(self) -> str:
        return f"<p><strong>Stopping rule</strong>: {escape(self.text())}</p>{self.table()._repr_html_()}"

    def _rate(self, rate: float) -> str:
        return f"{number(rate)} per patient-year" if self.method == "poisson" else percent(rate)


@dataclass(frozen=True, kw_only=True)
class StoppingState:
    """Where a trial stands against its stopping rule.

    Parameters
    ----------
    boundary : StoppingBoundary
        The rule.
    events : int
        Patients with the event (or events) so far.
    n : float
        Patients (or patient-years) so far.
    look : float or None
        The look that decides: the next one not yet passed; None after the last.
    stop_at : int or None
        Count that stops at that look; None when none can.
    decision : {"stop", "continue", "ended"}
        What the rule says; "ended" when more patients were counted than the rule looks at.
    earlier_possible : bool
        True when the boundary of an earlier look may have been crossed, which totals do not tell.
    """

    boundary: StoppingBoundary
    events: int
    n: float
    look: float | None
    stop_at: int | None
    decision: str
    earlier_possible: bool

    def text(self) -> str:
        """Give the state in one phrase.

        Returns
        -------
        str
            Such as "2 of 5 so far: stop".
        """
        between = "in" if self.boundary.method == "poisson" else "of"
        said = {"ended": "the rule has ended"}.get(self.decision, self.decision)
        return f"{self.events} {between} {_size(self.n)} so far: {said}"

    def explain(self) -> str:
        """Say in plain sentences what the rule asks for now.

        Returns
        -------
        str
            Sentences.
        """
        unit = self.boundary.unit
        parts = [f"{self.text()}."]
        if self.look is None:
            parts.append(f"The last look of the rule was at {_size(self.boundary.looks[-1])} {unit}.")
        elif self.stop_at is None:
            parts.append(f"At {_size(self.look)} {unit} no possible count stops the trial.")
        else:
            parts.append(f"At {_size(self.look)} {unit} the rule stops at {self.stop_at} or more.")
        if self.earlier_possible:
            parts.append(
                "An earlier look may have been crossed: totals do not tell in which order events came; look "
                "at the patients in the order of their doses."
            )
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and text.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        ready: dict[str, Any] = json_ready({**fields, "text": self.text()})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rule with the trial as a point.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        axes = self.boundary.plot(ax)
        axes.plot([self.n], [self.events], "o", color="C0", markersize=8, label=self.text(), clip_on=False)
        low, high = axes.get_ylim()
        axes.set_ylim(low, max(high, self.events + 1.2))
        axes.set_xlim(right=max(axes.get_xlim()[1], self.n * 1.03))
        axes.legend(frameon=False, loc="upper left")
        return axes

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.text())}</strong></p><p>{escape(self.explain())}</p>"


def _size(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"


def _span(low: float, high: float) -> str:
    return _size(low) if low == high else f"{_size(low)} to {_size(high)}"
