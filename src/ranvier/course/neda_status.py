"""No evidence of disease activity (NEDA-3, NEDA-4): who failed, on what and when, who cannot be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.course._neda import (
    FOUND_SCHEMA,
    NedaGrid,
    brain_volume_found,
    relapse_found,
    scan_found,
    scans_of,
    worsening_found,
)
from ranvier.course._neda_window import edges_of, grid_of, people_of
from ranvier.course.neda_definition import NEDA_COMPONENTS, NedaDefinition, neda_preset
from ranvier.errors import InputError
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut, plural

__all__ = ["NEDA_REASONS", "NedaStatus", "neda"]

NEDA_REASONS = {
    "relapse": "a relapse began",
    "confirmed-worsening": "confirmed worsening began",
    "new-t2": "the scan shows a new T2 lesion",
    "enlarging-t2": "the scan shows an enlarging T2 lesion",
    "gadolinium": "the scan shows gadolinium enhancement",
    "brain-volume-loss": "the loss of brain volume is above the limit",
    "before-start": "it lies before the window, or not after the re-baseline scan",
    "no-activity": "the component is known up to the end of the period and shows no activity",
    "not-recorded": "no table was given",
    "contact-lost": "the last contact is not known or lies too long before the end of the period",
    "relapse-without-day": "a relapse has no day, so that it is not known whether it counts",
    "no-reference": "there is no visit that worsening could be measured from",
    "no-visit-at-end": "no visit with every outcome lies near the end of the period",
    "no-threshold": "the definition of worsening gives no threshold for the reference value",
    "unconfirmed": "a worsening still stood at the last visit and no later visit could confirm it",
    "no-scan-at-end": "no scan lies near the end of the period",
    "count-not-known": "a scan lacks a count, and not known is not zero",
    "no-rebaseline-scan": "there is no re-baseline scan",
    "older-than-rebaseline": "new lesions were counted since a scan before the re-baseline",
    "volume-not-known": "no change of brain volume is known near the end of the period",
    "first-failure": "this is the first activity of any component",
    "all-known": "no component shows activity and every one is known",
    "others-known": "no known component shows activity; a missing one was left aside by definition",
    "component-missing": "no known component shows activity, and at least one is not known",
}

NOT_TREATED = "patients who got no dose"


@dataclass(frozen=True, kw_only=True, eq=False)
class NedaStatus(Derivation):
    """Status of each patient in each period, with the counts that a share needs."""

    def counts(self) -> pl.DataFrame:
        """Give patients, evaluable patients and each status, by period.

        Returns
        -------
        polars.DataFrame
            Columns period, subjects, evaluable, neda, failed, not_evaluable.
        """
        status = pl.col("status")
        return (
            self.table.group_by("period")
            .agg(
                pl.len().cast(pl.Int64).alias("subjects"),
                (status != "not evaluable").sum().cast(pl.Int64).alias("evaluable"),
                (status == "neda").sum().cast(pl.Int64).alias("neda"),
                (status == "failed").sum().cast(pl.Int64).alias("failed"),
                (status == "not evaluable").sum().cast(pl.Int64).alias("not_evaluable"),
            )
            .sort("period")
        )


def neda(
    visits: Any,
    relapses: Any,
    mri: Any,
    *,
    definition: NedaDefinition | str = "neda-3",
    subjects: Any = None,
    schedule: Any = None,
    horizon_days: int | None = None,
) -> NedaStatus:
    """Give who has no evidence of disease activity, who failed on what and when, and who cannot be judged.

    Parameters
    ----------
    visits : dataframe
        Columns subject, day and the outcomes of the definition of worsening.
    relapses : dataframe or None
        Columns subject and day; None when relapses were not recorded, an empty table when there were none.
    mri : dataframe or None
        Columns subject, day, region, new_t2, enlarging_t2, gad_count; for NEDA-4 also
        brain_volume_change_percent_per_year. None when no scan was recorded.
    definition : NedaDefinition or str
        What counts, or the name of a preset.
    subjects : dataframe, optional
        Columns subject, last_contact_day, and treated where there is one. Without it the patients and their
        last contact are those of the other tables.
    schedule : dataframe, optional
        From `Protocol.schedule`: the window ends at the last visit planned, and the visit's own window is the
        tolerance.
    horizon_days : int, optional
        Day from the first dose on which the window ends; either this or `schedule`.

    Returns
    -------
    NedaStatus
        Table with subject, period, from_day, to_day, status ("neda", "failed", "not evaluable"),
        first_failure_day, failure_left_day (last day known to be free of it), first_failing_component,
        relapse, worsening, mri, brain_volume ("none", "active", "missing"; null when not part of the
        definition) and follow_up_day (the first failure, or the last day up to which every known component
        was followed).
        `counts()` gives the evaluable patients.

    Raises
    ------
    InputError
        When a table lacks a column, the end of the window is not given once, or periods do not fit into it.

    Notes
    -----
    A patient with activity in any component has failed, whatever else is missing. A component shows no
    activity only when it is known up to the end of the period: last contact for relapses, a visit for
    worsening, a scan with its counts for MRI. Worsening counts from the visit at which it began.

    References
    ----------
    Giovannoni et al. 2015, doi 10.1016/j.msard.2015.04.006; Guevara et al. 2019,
    doi 10.3389/fneur.2019.00788.

    Examples
    --------
    >>> visits = pl.DataFrame({"subject": ["P1"] * 3, "day": [0, 180, 365], "edss": [4.0, 4.0, 4.0]})
    >>> relapses = pl.DataFrame(schema={"subject": pl.String, "day": pl.Int64})
    >>> mri = pl.DataFrame({"subject": ["P1"], "day": [360], "region": ["brain"],
    ...                     "new_t2": [1], "enlarging_t2": [0], "gad_count": [0]})
    >>> found = neda(visits, relapses, mri, horizon_days=365)
    >>> found.table.select("status", "first_failure_day", "first_failing_component").row(0)
    ('failed', 360, 'mri')
    """
    chosen = _definition(definition)
    scans = scans_of(mri, chosen)
    people, untreated = people_of(visits, relapses, scans, subjects)
    grid = grid_of(people, scans, chosen, edges_of(chosen, schedule, horizon_days))
    found, last, notes = [], [people.select("subject", pl.col("contact").alias("last_contact"))], []
    if "relapse" in chosen.components:
        found.append(relapse_found(relapses, grid))
    if "worsening" in chosen.components:
        rows, seen, events = worsening_found(visits, relapses, grid)
        found.append(rows)
        last.append(seen)
        notes += list(events.notes)
    if "mri" in chosen.components:
        rows, seen = scan_found(scans, grid)
        found.append(rows)
        last.append(seen)
    if "brain_volume" in chosen.components and scans is not None:
        found.append(brain_volume_found(scans, grid))
    rows = pl.concat(found).sort(list(FOUND_SCHEMA), nulls_last=True)
    table = _status(_states(rows, grid), grid, last)
    return NedaStatus(
        name=f"No evidence of disease activity by {chosen.name}",
        table=table.select(_COLUMNS),
        trace=_trace(rows, table, grid),
        reasons=NEDA_REASONS,
        method=_method(chosen, table, notes),
        definition=chosen,
        left_out=(LeftOut(n=untreated, reason=NOT_TREATED), *_not_evaluable(table)),
        references=tuple(dict.fromkeys((chosen.source, chosen.worsening.source))),
    )


def _definition(definition: NedaDefinition | str) -> NedaDefinition:
    if isinstance(definition, NedaDefinition):
        return definition
    if isinstance(definition, str):
        return neda_preset(definition)
    raise InputError(
        f"{definition!r:.80} is no definition of NEDA; give a NedaDefinition or 'neda-3', 'neda-4'."
    )


def _states(rows: pl.DataFrame, grid: NedaGrid) -> pl.DataFrame:
    """Give each patient, period and component its state and its first activity."""
    parts = pl.DataFrame({"component": list(grid.definition.components)})
    active = (
        rows.filter(pl.col("state") == "active")
        .sort("day", "left_day", nulls_last=True)
        .group_by("subject", "period", "component", maintain_order=True)
        .agg(pl.col("day").first(), pl.col("left_day").first())
    )
    missing = rows.filter(pl.col("state") == "missing").select("subject", "period", "component").unique()
    keys = ["subject", "period", "component"]
    state = (
        pl.when(pl.col("day").is_not_null())
        .then(pl.lit("active"))
        .when("lacking")
        .then(pl.lit("missing"))
        .otherwise(pl.lit("none"))
    )
    return (
        grid.periods.select("subject", "period")
        .join(parts, how="cross")
        .join(active, on=keys, how="left")
        .join(missing.with_columns(pl.lit(value=True).alias("lacking")), on=keys, how="left")
        .with_columns(state.alias("state"))
    )


_COLUMNS = [
    "subject",
    "period",
    "from_day",
    "to_day",
    "status",
    "first_failure_day",
    "failure_left_day",
    "first_failing_component",
    *NEDA_COMPONENTS,
    "follow_up_day",
]


def _status(states: pl.DataFrame, grid: NedaGrid, last: list[pl.DataFrame]) -> pl.DataFrame:
    """Give the status of each patient and period."""
    keys = ["subject", "period"]
    rank = pl.col("component").replace_strict(
        {name: place for place, name in enumerate(NEDA_COMPONENTS)}, return_dtype=pl.Int64
    )
    first = (
        states.filter(pl.col("state") == "active")
        .sort("day", rank)
        .group_by(keys, maintain_order=True)
        .agg(
            pl.col("day").first().alias("first_failure_day"),
            pl.col("left_day").first().alias("failure_left_day"),
            pl.col("component").first().alias("first_failing_component"),
        )
    )
    wide = states.group_by(keys).agg(
        pl.col("state").filter(pl.col("component") == name).first().alias(name) for name in NEDA_COMPONENTS
    )
    states_of = [pl.col(name) for name in grid.definition.components]
    lacks = pl.any_horizontal(state == "missing" for state in states_of)
    if grid.definition.missing == "available":
        lacks = pl.all_horizontal(state == "missing" for state in states_of)
    status = (
        pl.when(pl.any_horizontal(state == "active" for state in states_of))
        .then(pl.lit("failed"))
        .when(lacks)
        .then(pl.lit("not evaluable"))
        .otherwise(pl.lit("neda"))
    )
    table = grid.periods.join(wide, on=keys, how="left").join(first, on=keys, how="left")
    names = []
    for part in last:
        on = [key for key in keys if key in part.columns]
        table = table.join(part, on=on, how="left")
        names += [name for name in part.columns if name not in keys]
    followed = pl.min_horizontal(*names, "to_day")
    return table.with_columns(
        status.alias("status"), pl.coalesce("first_failure_day", followed).alias("follow_up_day")
    ).sort(keys)


def _trace(rows: pl.DataFrame, table: pl.DataFrame, grid: NedaGrid) -> pl.DataFrame:
    """Write one row per piece of activity, per reason for missing, per quiet component, and per status."""
    several = grid.periods["period"].n_unique() > 1
    period = pl.format(", period {}", "period").fill_null("") if several else pl.lit("")
    word = pl.col("component").str.replace("_", " ")
    known = table.unpivot(
        NEDA_COMPONENTS, index=["subject", "period"], variable_name="component", value_name="state"
    ).filter(pl.col("state") == "none")
    quiet = known.with_columns(
        pl.lit(None, dtype=pl.Int64).alias("day"), pl.lit("no-activity").alias("reason")
    )
    parts = [
        part.select(
            "subject",
            "day",
            pl.concat_str(word, period).alias("step"),
            pl.col("state").alias("outcome"),
            "reason",
            "period",
        )
        for part in (rows, quiet)
    ]
    lacks = pl.any_horizontal(pl.col(name) == "missing" for name in grid.definition.components)
    why = (
        pl.when(pl.col("status") == "failed")
        .then(pl.lit("first-failure"))
        .when(pl.col("status") == "not evaluable")
        .then(pl.lit("component-missing"))
        .when(lacks)
        .then(pl.lit("others-known"))
        .otherwise(pl.lit("all-known"))
    )
    verdicts = table.select(
        "subject",
        pl.col("first_failure_day").alias("day"),
        pl.concat_str(pl.lit("status"), period).alias("step"),
        pl.col("status").alias("outcome"),
        why.alias("reason"),
        "period",
    )
    ordered = pl.concat([*parts, verdicts]).sort(
        "subject",
        "period",
        pl.col("step").str.starts_with("status"),
        "day",
        "step",
        "reason",
        nulls_last=False,
    )
    return ordered.select(list(TRACE_SCHEMA)).cast(pl.Schema(TRACE_SCHEMA))


def _not_evaluable(table: pl.DataFrame) -> tuple[LeftOut, ...]:
    several = table["period"].n_unique() > 1
    counts = (
        table.group_by("period").agg((pl.col("status") == "not evaluable").sum().alias("n")).sort("period")
    )
    return tuple(
        LeftOut(n=n, reason="patients who are not evaluable" + (f" in period {period}" if several else ""))
        for period, n in counts.iter_rows()
    )


def _method(definition: NedaDefinition, table: pl.DataFrame, notes: list[str]) -> str:
    """Say what was done, with the evaluable patients of every period."""
    said = [definition.text()]
    for (period,), rows in table.group_by("period", maintain_order=True):  # a handful of periods
        evaluable = rows.filter(pl.col("status") != "not evaluable").height
        free = rows.filter(pl.col("status") == "neda").height
        place = f"Period {period}" if table["period"].n_unique() > 1 else "The window"
        said.append(
            f"{place} up to day {rows['to_day'][0]}: {evaluable} of {plural(rows.height, 'patient')} "
            f"evaluable, {free} without activity."
        )
    return " ".join([*said, *notes])
