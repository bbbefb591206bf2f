"""Counts of one outcome in the registry, ready to be pooled: one arm per study, or two arms compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.errors import require_choice
from ranvier.evidence.collection import Registry, registry
from ranvier.result import Derivation, LeftOut

__all__ = ["COUNT_REASONS", "OutcomeCounts", "outcome_counts"]

POOLED = ("A", "B")
"""Certainty of sources that are pooled; C is shown and D never used, as the README of the data asks."""
COUNT_REASONS: dict[str, str] = {
    "used": "a count of patients, read in a source of certainty A or B",
    "low certainty": "read in a secondary source only (certainty C)",
    "not patients": "the count is of cycles or injections, not of patients",
    "same patients": "another study of the registry may hold the same patients",
    "one arm of a trial with controls": "one arm alone would throw the comparison away",
    "no control arm": "no control arm has a count of this outcome",
    "another arm or month": "of each study the arm with most patients is used, at its last month",
}
"""Why a count of the registry is used or not."""
_SCHEMA: dict[str, Any] = {
    "study_id": pl.String,
    "study": pl.String,
    "disease": pl.String,
    "cell_class": pl.String,
    "family": pl.String,
    "design": pl.String,
    "control": pl.String,
    "arm": pl.String,
    "months": pl.Float64,
    "events": pl.Int64,
    "n": pl.Int64,
    "events_control": pl.Int64,
    "n_control": pl.Int64,
    "unit": pl.String,
    "certainty": pl.String,
    "overlap_group": pl.String,
    "use": pl.String,
    "source_url": pl.String,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcomeCounts(Derivation):
    """Counts of one outcome, one row per study that can be pooled.

    Parameters
    ----------
    outcome : str
        The outcome.
    others : polars.DataFrame
        Counts that are not used, with the same columns; `use` says why, see `COUNT_REASONS`.
    """

    outcome: str
    others: pl.DataFrame


def outcome_counts(outcome: str, *, source: Registry | None = None, arms: str = "one") -> OutcomeCounts:
    """Give the counts of one outcome in the registry, and which of them can be pooled.

    Parameters
    ----------
    outcome : str
        Name of an outcome of the registry that is counted, such as "edss_improved".
    source : Registry, optional
        Where to look, often what `select_studies` gave; the registry that comes with the package when None.
    arms : {"one", "two"}
        "one": the treated patients of studies without concurrent controls; "two": treated arm against control
        arm.

    Returns
    -------
    OutcomeCounts
        Columns study_id, study, disease, cell_class, family, design, control, arm, months, events, n,
        events_control, n_control (null for one arm), unit (what n counts), certainty, overlap_group, use,
        source_url. At most one row per study and per overlap group: the arm with most patients at its last
        month; none where no study of the source counts the outcome. Ready for `effect_size`, which refuses
        aHSCT beside other cells.

    Raises
    ------
    InputError
        When the outcome or `arms` is unknown.

    Notes
    -----
    Definitions differ between studies ("EDSS improvement as judged by authors"), and so do months; look at
    both before pooling. Of studies that may share patients the one with most patients is used.

    References
    ----------
    The registry: `ranvier.evidence.registry`, with the address of each count.

    Examples
    --------
    >>> import ranvier as rv
    >>> held = rv.evidence.select_studies(rv.evidence.registry(), disease="MS", cells="mesenchymal")
    >>> found = rv.evidence.outcome_counts("edss_improved", source=held)
    >>> found.table.select("study", "events", "n").row(0)
    ('Petrou 2021', 10, 24)
    """
    held = registry() if source is None else source
    counted = held.outcomes.filter(pl.col("statistic") == "count", pl.col("certainty") != "D")
    require_choice("arms", arms, ("one", "two"))
    require_choice(
        "outcome", outcome, pl.concat([held.outcomes["outcome"], registry().outcomes["outcome"]]).unique()
    )
    rows = list(_rows(held, counted.filter(pl.col("outcome") == outcome), arms))
    _put_in_order(rows, arms)
    studies: set[str] = set()
    groups: set[str] = set()
    for row in rows:
        row["use"] = _use(row, arms, studies, groups)
        if row["use"] == "used":
            studies.add(row["study_id"])
            groups |= {row["overlap_group"]} - {None}
    table = pl.DataFrame(rows, schema=_SCHEMA)
    others = table.filter(pl.col("use") != "used")
    return OutcomeCounts(
        name=f"Counts of {outcome} in the registry",
        table=table.filter(use="used"),
        method="Counts as each source states them; of each study the arm with most patients, at its last "
        "month; of studies that may share patients the largest; sources of certainty A and B.",
        left_out=tuple(
            LeftOut(n=count, reason=f"counts not used: {COUNT_REASONS[use]}")
            for use, count in others.group_by("use", maintain_order=True).len().iter_rows()
        ),
        references=tuple(table.filter(use="used")["source_url"].unique(maintain_order=True)),
        outcome=outcome,
        others=others,
    )


def _rows(held: Registry, counted: pl.DataFrame, arms: str) -> Iterator[dict[str, Any]]:
    """Give one row for each treated arm and month."""
    roles = {(row["study_id"], row["arm_id"]): row for row in held.arms.iter_rows(named=True)}
    every, names = list(counted.iter_rows(named=True)), held.names()
    for row in every:
        arm = roles.get((row["study_id"], row["arm_id"]))
        if arm is None or arm["arm_role"] in ("control", "external_control") or not row["n"]:
            continue
        study = held.study(row["study_id"])
        other = _control(every, row, roles) if arms == "two" else None
        cycles = "patient-cycles" in (row["definition"] or "")
        yield {
            **{name: getattr(study, name) for name in ("study_id", "disease", "cell_class", "family")},
            **{name: getattr(study, name) for name in ("design", "control", "overlap_group")},
            "study": names[study.study_id],
            "arm": arm["label"],
            "months": row["timepoint_months_number"],
            "events": row["n_events"],
            "n": row["n"],
            "events_control": other["n_events"] if other else None,
            "n_control": other["n"] if other else None,
            "unit": "patient-cycles" if cycles else "patients",
            "certainty": row["certainty"],
            "use": "",
            "source_url": row["source_url"],
        }


def _put_in_order(rows: list[dict[str, Any]], arms: str) -> None:
    """Put large studies first, in each the arm with most patients in a usable count, at its last month."""
    size: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], float] = {}
    for row in rows:
        arm = row["study_id"], row["arm"]
        usable = row["certainty"] in POOLED and row["unit"] == "patients"
        usable = usable and (arms == "one" or row["n_control"] is not None)
        size[arm] = max(size.get(arm, 0), row["n"] if usable else 0)
        last[arm] = max(last.get(arm, 0.0), (row["months"] or 0.0) if usable else 0.0)

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        arm = row["study_id"], row["arm"]
        return -size[arm], row["study_id"], -last[arm], row["arm"], -(row["months"] or 0.0), -row["n"]

    rows.sort(key=place)


def _control(every: list[dict[str, Any]], row: dict[str, Any], roles: Any) -> dict[str, Any] | None:
    """Find the count of the control arm at the same month."""
    for other in every:
        same = all(other[name] == row[name] for name in ("study_id", "timepoint_months"))
        arm = roles.get((other["study_id"], other["arm_id"]))
        if same and arm is not None and arm["arm_role"] == "control" and other["n"]:
            return other
    return None


def _use(row: dict[str, Any], arms: str, studies: set[str], groups: set[str]) -> str:
    """Say whether a count is used, and why not."""
    concurrent = row["control"] in ("randomised", "unclear")
    if arms == "one" and concurrent:
        return "one arm of a trial with controls"
    if arms == "two" and row["n_control"] is None:
        return "no control arm"
    if row["certainty"] not in POOLED:
        return "low certainty"
    if row["unit"] != "patients":
        return "not patients"
    if row["study_id"] in studies:
        return "another arm or month"
    return "same patients" if row["overlap_group"] in groups else "used"
