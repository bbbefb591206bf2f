"""Change of lesion counts and volumes since baseline, by region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import require_choice
from ranvier.result import TRACE_SCHEMA, Derivation
from ranvier.tables import table
from ranvier.trial import VISIT_REASONS, assign_visits, since_baseline, take

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MEASURES", "LesionChange", "change"]

MEASURES: tuple[str, ...] = (
    "t2_count",
    "t2_volume_mm3",
    "gad_count",
    "new_t2",
    "enlarging_t2",
    "cord_length_mm",
    "cord_longest_mm",
)
"""Columns of mri that can be followed; the last two come from masks of the spinal cord (`count_scans`)."""

KEYS = ("subject", "region")

REFERENCES = (
    (
        "Asgari N et al. Modifications of longitudinally extensive transverse myelitis and brainstem lesions "
        "in the course of neuromyelitis optica (NMO). BMC Neurol 2013;13:33, doi 10.1186/1471-2377-13-33"
    ),
)

CORD_NOTE = (
    "A count is never read without the volume: in NMOSD a long lesion of the spinal cord can break up into "
    "several while it heals (9 of 23 followed patients), so that the count rises as the disease gets better."
)

LESION_REASONS = {
    **VISIT_REASONS,
    "compared": "baseline and this scan are both known",
    "no-baseline": "there is no scan with this measure at baseline",
    "no-value": "there is a baseline scan but none with this measure at this visit",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionChange(Derivation):
    """Changes of one lesion measure since baseline, drawn as one line per patient and region.

    Parameters
    ----------
    measure : str
        Column of mri that changed.
    """

    measure: str

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measure over time, one line per patient; the spinal cord dashed.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.5, 3.6)).add_subplot()
        for (_, region), rows in self.table.sort("day").group_by(KEYS, maintain_order=True):
            days = [rows["baseline_day"][0], *rows["day"]]
            values = [rows["baseline"][0], *rows["value"]]
            style = "--" if region == "spinal cord" else "-"
            ax.plot(days, values, style, marker="o", markersize=4, color="C0", linewidth=1.2)
        if self.table.is_empty():
            ax.text(0.5, 0.5, "no patient with two scans", ha="center", transform=ax.transAxes)
        ax.set_title(self.name)
        ax.set_xlabel("days from the first dose (brain: solid, spinal cord: dashed)")
        ax.set_ylabel(self.measure)
        return ax


def change(
    mri: Any,
    schedule: Any,
    *,
    column: str = "t2_count",
    region: str | None = None,
    subjects: Sequence[str] | None = None,
) -> LesionChange:
    """Give the change of a lesion count or volume since baseline, per patient and region.

    Parameters
    ----------
    mri : dataframe
        Columns subject, day, region (brain, spinal cord), `column`.
    schedule : dataframe
        `ranvier.trial.Protocol.schedule`: visit, planned_day, low_day, high_day, baseline.
    column : str
        What is followed, one of `MEASURES`; volumes in mm³, lengths in mm.
    region : {"brain", "spinal cord"}, optional
        One region; all of them, each apart, when None.
    subjects : sequence of str, optional
        The patients expected, such as those treated; all of `mri` when None.

    Returns
    -------
    LesionChange
        Table with subject, region, visit, day, baseline_day, baseline, value, change (value minus baseline);
        one row per patient, region and visit where both are known. `left_out` counts the others.

    Raises
    ------
    InputError
        When a column is missing or unknown, the region is unknown, or the schedule has not exactly one
        baseline visit.

    Notes
    -----
    Scans carry no visit label: the scan nearest to the planned day inside the window serves a visit, the last
    one up to the first dose is the baseline. new_t2 and enlarging_t2 count since the scan before, so that
    their change is not a change of the lesion load. A count is never read without the volume: in NMOSD a long
    cord lesion can break up into several while it heals.

    References
    ----------
    Asgari et al. 2013, BMC Neurol 13:33, doi 10.1186/1471-2377-13-33.

    Examples
    --------
    >>> scans = pl.DataFrame(
    ...     {"subject": "P1", "day": [-3, 360], "region": "brain", "t2_volume_mm3": [900.0, 950.0]}
    ... )
    >>> schedule = pl.DataFrame(
    ...     {
    ...         "visit": ["baseline", "month 12"],
    ...         "planned_day": [0, 365],
    ...         "low_day": [-30, 335],
    ...         "high_day": [0, 395],
    ...         "baseline": [True, False],
    ...     }
    ... )
    >>> change(scans, schedule, column="t2_volume_mm3").table["change"].to_list()
    [50.0]
    """
    require_choice("lesion measure", column, MEASURES)
    scans = take(mri, "mri", ["subject", "day", "region", column])
    if region is not None:
        require_choice("region", region, table("mri").column("region").allowed)
        scans = scans.filter(pl.col("region") == region)
    unlabelled = scans.with_columns(pl.lit(None, dtype=pl.String).alias("visit"))
    visited = assign_visits(unlabelled, schedule, column=column, keys=KEYS, subjects=subjects)
    pairs, left_out = since_baseline(visited.table, keys=KEYS)
    return LesionChange(
        name=f"Change of {column} since baseline",
        table=pairs,
        trace=pl.concat([visited.trace, _trace(visited.table)]).sort(
            "subject", "day", "step", nulls_last=True, maintain_order=True
        ),
        reasons=LESION_REASONS,
        method=(
            "The scan nearest to the planned day inside the window serves a visit; the last scan up to the "
            "first dose is "
            f"the baseline; regions are kept apart. {CORD_NOTE}"
        ),
        left_out=left_out,
        references=REFERENCES,
        measure=column,
    )


def _trace(visited: pl.DataFrame) -> pl.DataFrame:
    """Write one row per later visit and region: compared, or why left out."""
    started = visited.filter("baseline").select(*KEYS, pl.col("value").is_not_null().alias("started"))
    later = visited.filter(~pl.col("baseline")).join(started, on=list(KEYS), how="left")
    why = (
        pl.when(~pl.col("started"))
        .then(pl.lit("no-baseline"))
        .when(pl.col("value").is_null())
        .then(pl.lit("no-value"))
        .otherwise(pl.lit("compared"))
    )
    kept = pl.col("started") & pl.col("value").is_not_null()
    return later.select(
        "subject",
        "day",
        pl.format("change at {}, {}", "visit", "region").alias("step"),
        pl.when(kept).then(pl.lit("compared")).otherwise(pl.lit("left out")).alias("outcome"),
        why.alias("reason"),
    ).cast(pl.Schema(TRACE_SCHEMA))
