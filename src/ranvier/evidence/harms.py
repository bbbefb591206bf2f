"""Serious adverse events that the trials of the registry reported for the same family of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ranvier.errors import require_choice
from ranvier.evidence.collection import Registry, registry
from ranvier.evidence.study import CELL_FAMILIES
from ranvier.result import Derivation, Estimate, Fit, LeftOut, plural
from ranvier.stats import proportion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SeriousEvents", "serious_events"]

COUNTED = "any serious AE"
POOLED = ("A", "B")
"""Certainty of sources that are added up; C is shown and D never used, as the README of the data asks."""

REASONS = {
    "added up": "a count of patients, read in a source of certainty A or B",
    "low certainty": "read in a secondary source only (certainty C)",
    "not patients": "the count is of cycles or injections, not of patients",
    "same patients": "another study of the registry may hold the same patients",
    "another cause": "the count is of events put down to something else than the treatment",
}
CAUSES = {"any": "a serious event", "related": "a serious event put down to the treatment"}
"""What a count can be of; the two are never added up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriousEvents(Derivation):
    """Counts of patients with a serious event, study by study, and their sums.

    Parameters
    ----------
    estimate : Estimate or None
        The share over the studies that counted any serious event; None when there is none.
    related : Estimate or None
        The share over the studies that counted only events put down to the treatment.
    """

    estimate: Estimate | None
    related: Estimate | None

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """Give the shares that there are."""
        return tuple(each for each in (self.estimate, self.related) if each is not None)

    @property
    def apart(self) -> str:
        """Name the counts that saw an event and are not added up; empty when there is none."""
        rows = self.table.filter(pl.col("use") != "added up", pl.col("events") > 0)
        named = [f"{row['study']}, {row['events']} of {row['n']} ({row['use']})" for row in rows.to_dicts()]
        return f"Seen and not added up: {'; '.join(named)}." if named else ""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares with their intervals; empty axes when there is none.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if not self.estimates:
            return super().plot(ax)
        return Fit(title=self.name, estimates=self.estimates, method_text=self.method).plot(ax)


def serious_events(
    source: Registry | None = None, *, cell_class: str, leave_out: Sequence[str] = (), level: float = 0.95
) -> SeriousEvents:
    """Give the patients with a serious adverse event in the registry's trials of the same family of cells.

    Parameters
    ----------
    source : Registry, optional
        Where to look; the registry that comes with the package when None.
    cell_class : str
        One of `CELL_FAMILIES`; the whole family is looked at.
    leave_out : sequence of str
        Ids of studies not to use, such as the trial that is compared.
    level : float
        Confidence level.

    Returns
    -------
    SeriousEvents
        One row per count: study_id, study, cell_class, relatedness ("related": to the treatment, "any"),
        events, n, unit (what n counts), months, certainty, use (see `REASONS`), statement, source_url.
        `estimate` is the share over the rows that are added up and count any event, `related` that over those
        which count only events put down to the treatment; each with its exact interval.

    Raises
    ------
    InputError
        When the cell class is unknown.

    Notes
    -----
    Adding up takes the true share as equal in all studies, and mixes follow-up of 1 to 7 years: it is a
    measure of how much was seen, not a rate to be believed. Studies that counted only events put down to the
    treatment are added up apart, because nothing is known there of the others. Studies without a count are
    absent, which favours treatments whose harms were not written down.

    References
    ----------
    The registry: `ranvier.evidence.registry`, with the address of each count.

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.evidence.serious_events(cell_class="MSC")
    >>> found.estimate.inputs["events"] <= found.estimate.n
    True
    """
    require_choice("cell_class", cell_class, CELL_FAMILIES)
    held = registry() if source is None else source
    family = CELL_FAMILIES[cell_class]
    chosen = pl.col("event") == COUNTED
    rows = held.safety.filter(
        chosen, pl.col("count_type") == "patients", pl.col("certainty") != "D", pl.col("n_at_risk") > 0
    )
    studies = {study_id: held.study(study_id) for study_id in rows["study_id"].unique()}
    same = [key for key, study in studies.items() if study.family == family and key not in set(leave_out)]
    rows = rows.filter(pl.col("study_id").is_in(same)).sort("n_at_risk", "study_id", descending=[True, False])
    groups: set[str] = {group for key in leave_out if (group := _group(held, key))}
    uses: list[str] = []
    units: list[str] = []
    for row in rows.iter_rows(named=True):
        units.append("patient-cycles" if "patient-cycles" in (row["notes"] or "") else "patients")
        group = studies[row["study_id"]].overlap_group or ""
        if row["certainty"] not in POOLED:
            use = "low certainty"
        elif units[-1] != "patients":
            use = "not patients"
        elif (row["relatedness"] or "any") not in CAUSES:
            use = "another cause"
        elif group in groups:
            use = "same patients"
        else:
            use = "added up"
            groups |= {group} - {""}
        uses.append(use)
    table = rows.select(
        "study_id",
        pl.col("study_id")
        .replace_strict({key: study.label for key, study in studies.items()}, return_dtype=pl.String)
        .alias("study"),
        pl.col("study_id")
        .replace_strict(
            {key: study.cell_class or "" for key, study in studies.items()}, return_dtype=pl.String
        )
        .alias("cell_class"),
        pl.col("relatedness").fill_null("any"),
        pl.col("n_events").cast(pl.Int64).alias("events"),
        pl.col("n_at_risk").cast(pl.Int64).alias("n"),
        pl.Series("unit", units, dtype=pl.String),
        pl.col("timeframe_months").alias("months"),
        "certainty",
        pl.Series("use", uses, dtype=pl.String),
        "statement",
        "source_url",
    )
    used = table.filter(use="added up")
    left = tuple(
        LeftOut(n=table.filter(use=use).height, reason=f"counts not added up: {why}")
        for use, why in REASONS.items()
        if use != "added up"
    )
    return SeriousEvents(
        name=f"Serious adverse events with {family} cells in the registry",
        table=table,
        method="Counts of patients with any serious adverse event, as each study's source states them; "
        "counts of certainty A and B are added up, those of any event and of related ones apart.",
        left_out=left,
        references=tuple(used["source_url"].unique(maintain_order=True)),
        estimate=_sum(used, "any", family, level=level, left=left),
        related=_sum(used, "related", family, level=level, left=left),
    )


def _sum(
    used: pl.DataFrame, cause: str, family: str, *, level: float, left: tuple[LeftOut, ...]
) -> Estimate | None:
    """Add up the counts of any event, or of related ones; None when there is none."""
    rows = used.filter(relatedness=cause)
    if rows.is_empty():
        return None
    return proportion(
        int(rows["events"].sum()),
        int(rows["n"].sum()),
        level=level,
        quantity=f"patients with {CAUSES[cause]}, {family} cells, "
        f"{plural(rows.height, 'study', 'studies')} of the registry",
        left_out=left,
    )


def _group(held: Registry, study_id: str) -> str | None:
    known = study_id in held.studies["study_id"]
    return held.study(study_id).overlap_group if known else None
