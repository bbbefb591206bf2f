"""Adverse events of one arm beside another: shares, risk difference and risk ratio for each kind of event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.result import Derivation
from ranvier.safety import Incidence
from ranvier.stats._inputs import as_level
from ranvier.stats.binomial import binomial_bounds
from ranvier.stats.two_shares import compare_proportions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EVENTS_DRAWN", "EventComparison", "compare_events"]

EVENTS_DRAWN = 16
"""Kinds of events that the figure shows: those with the most patients."""

EQUAL = 1e-7
"""Relative difference below which two outcomes of Fisher's test are equally likely, as in R."""

MARKERS = "s^Dvo"
ESTIMATES = ("difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high", "p_value")


@dataclass(frozen=True, kw_only=True, eq=False)
class EventComparison(Derivation):
    """Shares of patients with each kind of event in two arms, with risk difference and risk ratio.

    Parameters
    ----------
    reference : str
        Arm that the others are compared with.
    level : float
        Confidence level of every interval.
    """

    reference: str
    level: float

    def drawn(self) -> pl.DataFrame:
        """Give the rows of the figure: the kinds of events with the most patients, largest difference first.

        Returns
        -------
        polars.DataFrame
            Rows of `table`; terms where there are any, else the classes.
        """
        kinds = self.table["kind"].unique().to_list()
        kind = next((name for name in ("term", "body_system", "grade") if name in kinds), "class")
        rows = self.table.filter(pl.col("kind") == kind)
        keys = ["body_system", "event"]
        totals = rows.group_by(keys).agg(
            (pl.col("subjects").sum() + pl.col("reference_subjects").first()).alias("patients"),
            pl.col("difference").max().alias("largest"),
        )
        chosen = totals.sort("patients", *keys, descending=[True, False, False]).head(EVENTS_DRAWN)
        return rows.join(chosen, on=keys, nulls_equal=True).sort(
            "largest", "patients", "event", "arm", descending=[True, True, False, False]
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share in each arm on the left and the risk difference with its interval on the right.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The left axes; the right ones are inset beside them.
        """
        rows = self.drawn()
        events = rows["event"].unique(maintain_order=True).to_list()
        if ax is None:
            from matplotlib.figure import Figure

            height = 1.6 + 0.34 * max(len(events), 1)
            ax = Figure(figsize=(8.4, height)).add_axes((0.36, 0.7 / height, 0.28, 1 - 1.5 / height))
        right = ax.inset_axes((1.08, 0, 1.1, 1), sharey=ax)
        self.paint(ax, right)
        if events:
            ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3)
        return ax

    def paint(self, left: Axes, right: Axes) -> None:
        """Draw the shares on one pair of axes and the risk differences on another.

        Parameters
        ----------
        left, right : matplotlib Axes
            Where to draw shares and differences; they share the vertical axis.

        Returns
        -------
        None
            The axes are changed in place.
        """
        rows = self.drawn()
        events = rows["event"].unique(maintain_order=True).to_list()
        every = sorted({*rows["arm"], self.reference})  # the order of colours in every figure on harm
        place = {event: row for row, event in enumerate(events)}
        first = rows.unique("event", keep="first", maintain_order=True)
        left.plot(
            (100 * first["reference_share"]).to_list(),
            [place[event] for event in first["event"]],
            "o",
            color=f"C{every.index(self.reference) % 6}",
            markerfacecolor="none",
            label=_label(self.reference, first["reference_n"]),
        )
        arms = [arm for arm in every if arm != self.reference]
        step = 0.5 / max(len(arms), 1)
        for number, arm in enumerate(arms):
            part = rows.filter(arm=arm)
            style: dict[str, Any] = {"color": f"C{every.index(arm) % 6}", "markersize": 5}
            style["marker"] = MARKERS[number % len(MARKERS)]
            shift = step * (number - (len(arms) - 1) / 2)
            heights = [place[event] + shift for event in part["event"]]
            shares = (100 * part["share"]).to_list()
            left.plot(shares, heights, linestyle="none", label=_label(arm, part["n"]), **style)
            for height, row in zip(heights, part.iter_rows(named=True), strict=True):
                ends = [100 * row["difference_low"], 100 * row["difference_high"]]
                right.plot(ends, [height, height], color=style["color"], linewidth=1.4)
                right.plot([100 * row["difference"]], [height], **style)
        right.axvline(0, color="#565f71", linewidth=0.8, linestyle=":")
        left.set_yticks(range(len(events)), events)
        left.set_ylim(max(len(events), 1) - 0.4, -0.6)
        left.set_xlim(left=-2)
        left.set_xlabel("patients, %")
        right.set_xlabel(f"risk difference, points\n({100 * self.level:g} % interval)")
        right.tick_params(axis="y", labelleft=False, length=0)
        for side in ("top", "right", "left"):
            right.spines[side].set_visible(False)


def compare_events(
    incidence: Incidence,
    *,
    reference: str,
    arms: Sequence[str] | None = None,
    method: str = "exact",
    level: float = 0.95,
) -> EventComparison:
    r"""Compare each kind of adverse event between arms.

    Parameters
    ----------
    incidence : Incidence
        From `ranvier.safety.incidence`.
    reference : str
        Arm that the others are compared with.
    arms : sequence of str, optional
        Arms to compare with it; every other arm when None.
    method : str
        Method of the intervals for difference and ratio, one of those of `compare_proportions`.
    level : float
        Confidence level, two-sided.

    Returns
    -------
    EventComparison
        One row per kind of event and arm: kind, body_system, event, arm, reference, subjects, n, share with
        exact share_low and share_high; the same of the reference; difference (share minus that of the
        reference) and ratio, each with low and high; p_value (Fisher's exact test, two-sided; null when
        nobody had the event).

    Raises
    ------
    InputError
        When an arm is unknown, has no treated patient, or is the reference itself, or `method` or `level` is
        not allowed.

    Notes
    -----
    The interval of each share is Clopper-Pearson, so that no event in n patients has an upper bound. Fisher's
    p adds up all tables with the same margins that are no likelier than the one seen. With many kinds of
    events some will differ by chance: with 200 kinds about 10 fall below p = 0.05 when nothing differs. The
    figures are for finding what to look at, not for testing; nothing is adjusted.

    References
    ----------
    Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404
    Fisher RA (1935). J R Stat Soc 98:39-82
    Amit O, Heiberger RM, Lane PW (2008). doi:10.1002/pst.254

    Examples
    --------
    >>> import ranvier as rv
    >>> subjects = pl.DataFrame(
    ...     {"subject": [f"P{n}" for n in range(8)], "arm": ["msc"] * 4 + ["sham"] * 4, "treated": True}
    ... )
    >>> events = pl.DataFrame(
    ...     {"subject": ["P0", "P1", "P2"], "day": 1, "term": "headache", "serious": False}
    ... )
    >>> compared = rv.stats.compare_events(rv.safety.incidence(events, subjects), reference="sham")
    >>> row = compared.table.filter(event="headache").row(0, named=True)
    >>> row["subjects"], row["reference_subjects"], row["difference"], round(row["p_value"], 3)
    (3, 0, 0.75, 0.143)
    """
    if not isinstance(incidence, Incidence):
        raise InputError(f"{type(incidence).__name__} holds no counts; give what safety.incidence made.")
    confidence = as_level(level)
    chosen = _arms(incidence.table, reference, arms)
    keys = ["kind", "body_system", "event"]
    base = incidence.table.filter(arm=reference).select(
        *keys, pl.col("subjects").alias("reference_subjects"), pl.col("n").alias("reference_n")
    )
    rows = [
        incidence.table.filter(arm=arm).join(
            base, on=keys, how="left", nulls_equal=True, maintain_order="left"
        )
        for arm in chosen
    ]
    counts = pl.concat(rows).select(*keys, "arm", "subjects", "n", "reference_subjects", "reference_n")

    @cache
    def bounds(events: int, n: int) -> tuple[float, float]:
        return binomial_bounds(events, n, method="clopper-pearson", level=confidence)

    @cache
    def compared(events: int, n: int, other: int, other_n: int) -> tuple[float | None, ...]:
        found: list[float | None] = []
        for measure in ("difference", "ratio"):
            part = compare_proportions(
                (events, other), (n, other_n), method=method, measure=measure, level=confidence
            )
            found += [_known(part.value), _known(part.low), part.high]
        return (*found, fisher_p(events, n, other, other_n) if events + other else None)

    made = []
    for row in counts.select("subjects", "n", "reference_subjects", "reference_n").iter_rows():
        first, second = bounds(*row[:2]), bounds(*row[2:])
        made.append((row[0] / row[1], *first, row[2] / row[3], *second, *compared(*row)))
    sides = ("share", "share_low", "share_high", "reference_share", "reference_low", "reference_high")
    schema = dict.fromkeys((*sides, *ESTIMATES), pl.Float64)
    numbers = pl.DataFrame(made, schema=schema, orient="row")
    table = counts.with_columns(pl.lit(reference).alias("reference")).hstack(numbers)
    return EventComparison(
        name=f"Adverse events compared with {reference}",
        table=table.select(
            *keys,
            "arm",
            "subjects",
            "n",
            *sides[:3],
            "reference",
            "reference_subjects",
            "reference_n",
            *sides[3:],
            *ESTIMATES,
        ),
        trace=incidence.trace,
        reasons=incidence.reasons,
        method=f"{incidence.method} Each share has its exact (Clopper-Pearson) interval; difference and "
        f"ratio have the {method} interval; p is Fisher's, two-sided. Nothing is adjusted for the number of "
        "kinds of events.",
        left_out=incidence.left_out,
        references=(
            "Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404",
            "Amit O, Heiberger RM, Lane PW (2008). doi:10.1002/pst.254",
        ),
        reference=reference,
        level=confidence,
    )


def fisher_p(events: int, n: int, other: int, other_n: int) -> float:
    """Give Fisher's two-sided p of two counts.

    Parameters
    ----------
    events, n, other, other_n : int
        Patients with the event and patients, of both arms.

    Returns
    -------
    float
        Sum of the tables with these margins that are no likelier than the one seen.
    """
    total = events + other
    counts = np.arange(max(0, total - other_n), min(total, n) + 1)
    log = _log_choose(n, counts) + _log_choose(other_n, total - counts)
    chance = np.exp(log - log.max())
    seen = chance[events - counts[0]]
    return float(min(1.0, chance[chance <= seen * (1 + EQUAL)].sum() / chance.sum()))


def _log_choose(n: int, counts: Any) -> Any:
    return special.gammaln(n + 1) - special.gammaln(counts + 1) - special.gammaln(n - counts + 1)


def _arms(table: pl.DataFrame, reference: str, arms: Sequence[str] | None) -> list[str]:
    """Check the arms: known, treated, and not the reference itself."""
    known = dict(table.select("arm", "n").unique().sort("arm").iter_rows())
    require_choice("reference arm", reference, list(known))
    chosen = [arm for arm in known if arm != reference] if arms is None else list(arms)
    for arm in chosen:
        require_choice("arm", arm, list(known))
    if reference in chosen or not chosen:
        raise InputError(
            f"arms is {chosen} with the reference {reference!r}; name another arm of {list(known)}."
        )
    empty = [arm for arm in (reference, *chosen) if known[arm] == 0]
    if empty:
        raise InputError(
            f"arm {empty[0]!r} has no treated patient, so that nothing can be compared; leave it out of arms."
        )
    return chosen


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _label(arm: str, sizes: pl.Series) -> str:
    return f"{arm} (n = {sizes[0]})" if len(sizes) else arm
