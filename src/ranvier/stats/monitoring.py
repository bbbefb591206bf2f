"""Stopping rules: when too many patients have an event, and how often a rule stops a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import json_ready, number, percent
from ranvier.stats._inputs import as_count, as_level
from ranvier.stats._looks import TIE, chances, pocock_counts, stop_counts
from ranvier.trial import STOPPING_METHODS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["StoppingBoundary", "StoppingState", "stopping_rule"]

UNIFORM = (1.0, 1.0)
"""Beta prior that takes every share for equally likely."""

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
        Between two looks the next one decides: counts never fall, so that a count that has reached the next
        boundary will stop the trial there. Totals do not tell whether an earlier look was crossed; the state
        says when that is possible.
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


def stopping_rule(
    looks: int | Sequence[float],
    *,
    limit: float,
    method: str = "binomial",
    level: float = 0.95,
    prior: Sequence[float] | None = None,
    event: str = "an event",
) -> StoppingBoundary:
    r"""Give the smallest count that stops a trial, at each look.

    Parameters
    ----------
    looks : int or sequence of float
        The largest number of patients, with a look after each one; or the numbers of patients (for "poisson"
        patient-years) at which the rule looks, rising.
    limit : float
        Highest share of patients with the event that is acceptable, between 0 and 1; for "poisson" events per
        patient-year, above 0.
    method : {"binomial", "pocock", "beta-binomial", "poisson"}
        How the boundary is made; see Notes.
    level : float
        "binomial", "poisson": one-sided confidence level of each look. "pocock": 1 minus the chance of ever
        stopping when the true share is `limit`. "beta-binomial": the posterior probability to exceed.
    prior : sequence of float, shape (2,), optional
        Parameters of the beta prior, each above 0; (1, 1) when None. Only for "beta-binomial".
    event : str
        What is counted, as the end of a sentence, such as "a serious event".

    Returns
    -------
    StoppingBoundary
        The counts, with `table`, `state`, `characteristics`, `explain` and `plot`.

    Raises
    ------
    InputError
        When looks, limit, level or prior cannot be used, or when no count could ever stop the trial.

    Notes
    -----
    With x events in n patients, :math:`\pi_0` the limit and :math:`\alpha = 1 - \mathrm{level}`, the trial
    stops at the smallest x for which

    - binomial: :math:`P(X \ge x \mid n, \pi_0) \le \alpha`;
    - pocock: :math:`P(X \ge x \mid n, \pi_0) \le \alpha'`, where :math:`\alpha'` is the largest value for
      which the chance of crossing at any look is at most :math:`\alpha` when the share is :math:`\pi_0`;
    - beta-binomial: :math:`P(\pi > \pi_0 \mid x, n) > \mathrm{level}`, with
      :math:`\pi \mid x, n \sim \mathrm{Beta}(a + x, b + n - x)`;
    - poisson: :math:`P(X \ge x \mid \lambda_0 t) \le \alpha` for t patient-years.

    "binomial", "poisson" and "beta-binomial" are not adjusted for looking often; `characteristics` gives the
    chance of stopping that results, exactly. The patients count in the order of their doses, each when
    followed for long enough.

    References
    ----------
    Goldman AI (1987). doi:10.1016/0197-2456(87)90153-X
    Geller NL, Follmann D, Leifer ES, Carter SL (2003). Advances in Clinical Trial Biostatistics
    Ivanova A, Qaqish BF, Schell MJ (2005). doi:10.1111/j.1541-0420.2005.00311.x

    Examples
    --------
    >>> import ranvier as rv
    >>> rule = rv.stats.stopping_rule(10, limit=0.1, event="a serious event")
    >>> print(rule.text())
    Stop if 2 of 2 to 3, 3 of 4 to 8, 4 of 9 to 10 patients have a serious event.
    >>> rule.state(2, 5).text()
    '2 of 5 so far: continue'
    >>> rv.stats.stopping_rule(30, limit=0.2, method="pocock").table().row(0)
    (3, 3.0, 3.0)
    """
    require_choice("method", method, STOPPING_METHODS)
    confidence = as_level(level)
    poisson = method == "poisson"
    sizes = _looks(looks, poisson=poisson)
    rate = _limit(limit, poisson=poisson)
    beta = _prior(prior, method)
    if method == "pocock":
        counts, look_alpha = pocock_counts(sizes, rate, (1 - confidence) * (1 + TIE))
    else:
        counts, look_alpha = stop_counts(sizes, rate, method, confidence, beta), None
    if all(count is None for count in counts):
        raise InputError(
            f"with looks up to {_size(sizes[-1])} no count could stop the trial at limit {rate:g} and level "
            f"{confidence:g}; look at more patients, or lower the level."
        )
    return StoppingBoundary(
        method=method,
        limit=rate,
        level=confidence,
        looks=sizes,
        counts=counts,
        prior=beta if method == "beta-binomial" else None,
        look_level=None if look_alpha is None else 1 - look_alpha,
        event=event,
    )


def _looks(looks: Any, *, poisson: bool) -> tuple[float, ...]:
    """Give the looks as rising numbers; a single whole number stands for a look after each patient."""
    if np.ndim(looks) == 0:
        if poisson:
            raise InputError(f"looks is {looks!r}; a rule on a rate needs the patient-years of each look.")
        size = as_count("looks", looks)
        if size == 0:
            raise InputError("looks is 0; give at least one patient.")
        return tuple(float(n) for n in range(1, size + 1))
    values = list(looks)
    sizes = [float(value) for value in values] if poisson else [float(as_count("looks", v)) for v in values]
    rising = all(low < high for low, high in zip([0.0, *sizes], sizes, strict=False))
    if not sizes or not rising or not np.isfinite(sizes).all():
        raise InputError(f"looks is {values}; give numbers above 0, each larger than the one before.")
    return tuple(sizes)


def _limit(limit: Any, *, poisson: bool) -> float:
    try:
        rate = float(limit)
    except (TypeError, ValueError):
        rate = np.nan
    if not (0 < rate < (np.inf if poisson else 1)):
        allowed = "a rate above 0 per patient-year" if poisson else "a share between 0 and 1, both excluded"
        raise InputError(f"limit is {limit!r}; it must be {allowed}.")
    return rate


def _prior(prior: Any, method: str) -> tuple[float, float]:
    if prior is None:
        return UNIFORM
    if method != "beta-binomial":
        raise InputError(f"prior is {prior!r}, but the method {method!r} has none; leave it out.")
    values = [float(part) for part in prior]
    if len(values) != 2 or not all(np.isfinite(part) and part > 0 for part in values):
        raise InputError(f"prior is {prior!r}; give the two parameters of a beta distribution, above 0.")
    return values[0], values[1]


def _size(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"


def _span(low: float, high: float) -> str:
    return _size(low) if low == high else f"{_size(low)} to {_size(high)}"
