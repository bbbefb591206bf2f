"""What happens in a trial when the treatment does nothing, beside what was observed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.errors import InputError, require_choice
from ranvier.result import Fit, json_ready, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NULL_ENDPOINTS", "Band", "NullBand"]

NULL_ENDPOINTS = ("responders", "edss_change", "largest_fall", "relapse_change", "new_t2")
"""Every endpoint of a null band: patients improved, mean change of EDSS, largest fall of EDSS in one patient,
change of the relapse rate, new T2 lesions in all patients."""

MOST_BARS = 24
"""Values that are drawn as single bars; more are drawn in this many classes."""
NEARLY_ALWAYS = 0.9999
TOLERANCE = 1e-9
"""Means of half points are sums of binary fractions: equal ones must count as equal."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One endpoint in one scenario: its distribution with no treatment effect, and the value observed.

    Parameters
    ----------
    endpoint : str
        One of `NULL_ENDPOINTS`.
    scenario : str
        "low", "high", or "both" where the noise of the EDSS plays no part.
    quantity, unit : str
        What is counted, and its unit.
    values, chances : tuple of float
        Values that the endpoint took in the virtual trials, rising, and the share of trials with each.
    observed : float, optional
        Value of the trial at hand.
    more_is_better : bool
        Direction of the endpoint.
    n : int
        Patients.
    n_trials : int
        Virtual trials.
    """

    endpoint: str
    scenario: str
    quantity: str
    unit: str
    values: tuple[float, ...]
    chances: tuple[float, ...]
    observed: float | None
    more_is_better: bool
    n: int
    n_trials: int

    @property
    def mean(self) -> float:
        """Give the mean with no treatment effect."""
        return float(np.dot(self.values, self.chances))

    def quantile(self, share: float) -> float:
        """Give the smallest value that at least this share of the virtual trials do not exceed.

        Parameters
        ----------
        share : float
            Between 0 and 1.

        Returns
        -------
        float
            One of `values`.
        """
        place = int(np.searchsorted(np.cumsum(self.chances), share - TOLERANCE))
        return self.values[min(place, len(self.values) - 1)]

    @property
    def chance(self) -> float | None:
        """Give the share of virtual trials that are as favourable as the one observed, or more."""
        if self.observed is None:
            return None
        values = np.array(self.values)
        at_least = (
            values >= self.observed - TOLERANCE
            if self.more_is_better
            else values <= self.observed + TOLERANCE
        )
        return float(np.array(self.chances)[at_least].sum())

    @property
    def error(self) -> float | None:
        """Give the Monte Carlo standard error of `chance`."""
        chance = self.chance
        return None if chance is None else float(np.sqrt(chance * (1 - chance) / self.n_trials))

    def chance_text(self) -> str:
        """Say the chance as far as the virtual trials tell it.

        Returns
        -------
        str
            A percentage, or a limit where hardly any trial was as favourable.

        Examples
        --------
        >>> band = Band(endpoint="responders", scenario="low", quantity="patients improved", unit="patients",
        ...     values=(0.0, 1.0, 2.0), chances=(0.6, 0.3, 0.1), observed=2.0, more_is_better=True, n=10,
        ...     n_trials=1000)
        >>> band.chance_text(), band.mean
        ('10.0 %', 0.5)
        """
        if self.chance is None:
            return "not known"
        limit = 3 / self.n_trials  # rule of three: none in so many trials
        if self.chance <= limit:
            return f"less than {percent(max(2 * limit, 0.001))}"
        return percent(self.chance) if self.chance < NEARLY_ALWAYS else "nearly 100 %"

    def to_dict(self) -> dict[str, Any]:
        """Give every field and what follows from them, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and mean, low, high (central 95 %), chance, error.
        """
        derived = {
            "mean": self.mean,
            "low": self.quantile(0.025),
            "high": self.quantile(0.975),
            "chance": self.chance,
            "error": self.error,
        }
        ready: dict[str, Any] = json_ready({**dataclasses.asdict(self), **derived})
        return ready


@dataclass(frozen=True, kw_only=True)
class NullBand(Fit):
    """What the endpoints of a trial do with no treatment effect.

    Parameters
    ----------
    bands : tuple of Band
        Each endpoint in each scenario; empty when nothing could be simulated.
    interpretable : bool
        False when improvement cannot be interpreted, because the last attack or rescue of a patient who can
        have attacks is not known.
    refusals : tuple of str
        Why not; empty when interpretable.
    assumptions : tuple of str
        The numbers of the model that entered, each with its source.
    """

    bands: tuple[Band, ...]
    interpretable: bool
    refusals: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()

    def of(self, endpoint: str) -> tuple[Band, ...]:
        """Give the bands of one endpoint.

        Parameters
        ----------
        endpoint : str
            One of `NULL_ENDPOINTS`.

        Returns
        -------
        tuple of Band
            One for each scenario; empty when the trial does not have the endpoint.

        Raises
        ------
        InputError
            When there is no such endpoint.
        """
        require_choice("endpoint", endpoint, NULL_ENDPOINTS)
        return tuple(band for band in self.bands if band.endpoint == endpoint)

    def sentences(self, endpoint: str) -> tuple[str, ...]:
        """Say what would be expected with no treatment effect, and how it compares.

        Parameters
        ----------
        endpoint : str
            One of `NULL_ENDPOINTS`.

        Returns
        -------
        tuple of str
            One sentence for each scenario.
        """
        return tuple(_sentence(band) for band in self.of(endpoint))

    def explain(self) -> str:
        """Say what was simulated, whether improvement can be interpreted, and each endpoint.

        Returns
        -------
        str
            Sentences, one line for each endpoint and scenario.
        """
        lines = [*self.refusals, f"{self.title}. {self.method_text}"]
        lines += [_sentence(band) for band in self.bands]
        return "\n".join([*lines, *self.notes, *self.assumptions])

    def plot(self, ax: Axes | None = None, *, endpoint: str = "responders") -> Axes:
        """Draw the value observed on the distributions with no treatment effect.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.
        endpoint : str
            One of `NULL_ENDPOINTS`.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.

        Raises
        ------
        InputError
            When the trial does not have the endpoint.
        """
        bands = self.of(endpoint)
        if not bands:
            raise InputError(
                f"this null band has no {endpoint!r}; it has {sorted({b.endpoint for b in self.bands})}."
            )
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.4, 3.2), layout="constrained").add_subplot()
        support = sorted({value for band in bands for value in band.values})
        for place, band in enumerate(bands):
            if len(support) <= MOST_BARS:
                _bars(ax, band, place, len(bands), support)
            else:
                _classes(ax, band, place, support)
        _mark(ax, bands[0])
        unit = bands[0].unit
        said = unit in (*bands[0].quantity.split(), "share")
        ax.set_xlabel(bands[0].quantity if said else f"{bands[0].quantity}, {unit}")
        if unit == "share":
            ax.xaxis.set_major_formatter(lambda value, _: percent(value, digits=0))
        ax.set_ylabel("share of virtual trials, %")
        ax.set_ylim(0, 1.18 * ax.get_ylim()[1])
        ax.legend(frameon=False, loc="upper right")
        ax.set_title("With no treatment effect")
        return ax


def _sentence(band: Band) -> str:
    """Say one band."""
    digits = 0 if band.endpoint in ("responders", "new_t2") else 2
    low, high = (_value(band, band.quantile(share), digits) for share in (0.025, 0.975))
    noise = {"low": " and little noise", "high": " and much noise"}.get(band.scenario, "")
    said = (
        f"With no treatment effect{noise}, {band.quantity}: {_value(band, band.mean, max(digits, 1))} on "
        f"average, {low} to {high} in 95 % of virtual trials"
    )
    if band.observed is None:
        return f"{said}."
    side = "or more" if band.more_is_better else "or less"
    return f"{said}; {_value(band, band.observed, digits)} {side} (as observed) in {band.chance_text()}."


def _value(band: Band, value: float, digits: int) -> str:
    return percent(value, digits=0) if band.unit == "share" else number(value, digits=digits)


def _bars(ax: Axes, band: Band, place: int, many: int, support: list[float]) -> None:
    """Draw each value as a bar, the scenarios side by side."""
    gap = min((b - a for a, b in pairwise(support)), default=1.0)
    width = 0.8 * gap / many
    shift = (place - (many - 1) / 2) * width
    ax.bar(
        [value + shift for value in band.values],
        [100 * chance for chance in band.chances],
        width=width,
        color=f"C{place}",
        label=_label(band),
        hatch=None if place == 0 else "///",
        edgecolor="white",
        linewidth=0.5,
    )


def _classes(ax: Axes, band: Band, place: int, support: list[float]) -> None:
    """Draw many values in classes that each hold equally many steps, so that none stands out by itself."""
    gap = min(b - a for a, b in pairwise(support))
    steps = round((support[-1] - support[0]) / gap) + 1
    width = gap * -(-steps // MOST_BARS)
    edges = support[0] - gap / 2 + width * np.arange(-(-steps * gap // width) + 1)
    heights, _ = np.histogram(band.values, bins=edges, weights=[100 * chance for chance in band.chances])
    style = ("-", "--")[place % 2]
    ax.stairs(heights, edges, color=f"C{place}", linewidth=2, linestyle=style, label=_label(band))


def _mark(ax: Axes, band: Band) -> None:
    """Mark the value observed."""
    if band.observed is None:
        return
    ax.axvline(band.observed, color="black", linewidth=1.8, linestyle=":")
    digits = 0 if band.endpoint in ("responders", "new_t2") else 2
    ax.annotate(
        f"observed: {_value(band, band.observed, digits)}",
        (band.observed, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        va="top",
    )


def _label(band: Band) -> str:
    return {"low": "little noise", "high": "much noise"}.get(band.scenario, "expected")
