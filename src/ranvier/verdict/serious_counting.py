"""What a count of serious events counts: patients or cycles, how serious, and put down to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ranvier.evidence import Registry

__all__ = ["is_serious", "serious_counts", "serious_total", "serious_words", "unit_of"]

SERIOUS = ("serious", "severe", "severe or serious", "major", "fatal")
"""Words of the registry for what counts as serious."""


def unit_of(row: dict[str, Any]) -> str:
    """Say what a denominator counts, from the words of its row.

    Parameters
    ----------
    row : mapping
        A row of outcomes or safety.

    Returns
    -------
    str
        "patients", "patient-cycles" or "injections".
    """
    words = " ".join(str(row.get(key) or "") for key in ("definition", "denominator_unit", "unit", "notes"))
    if "patient-cycle" in words:
        return "patient-cycles"
    return "injections" if row.get("denominator_unit") == "injections" else "patients"


def is_serious(row: Mapping[str, Any]) -> bool:
    """Say whether a row of safety counts all serious, severe or major events together.

    Parameters
    ----------
    row : mapping
        A row of safety.

    Returns
    -------
    bool
        False for one event by name, such as an infection.
    """
    return row["event_class"] == "summary" and row["seriousness"] in SERIOUS


def serious_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Name the events that rows of safety count together: how serious, and of what cause.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of safety, at least one.

    Returns
    -------
    str
        Such as "serious event" or "severe or serious event put down to the treatment".
    """
    grades = dict.fromkeys(row["seriousness"] for row in rows)
    grade = next(iter(grades)) if len(grades) == 1 else "serious"
    related = [row["n_at_risk"] for row in rows if row["relatedness"] == "related"]
    if len(related) == len(rows):
        return f"{grade} event put down to the treatment"
    some = f" (in {sum(related)} patients: put down to the treatment)" if related else ""
    return f"{grade} event{some}"


def serious_counts(registry: Registry, studies: tuple[str, ...]) -> list[dict[str, Any]]:
    """Give the counts of patients with a serious event over several studies.

    Parameters
    ----------
    registry : Registry
        Where to look.
    studies : tuple of str
        Keys of the studies.

    Returns
    -------
    list of dict
        Rows of safety; none when no study has a count of patients.
    """
    rows = registry.safety.filter(
        pl.col("study_id").is_in(studies)
        & (pl.col("event_class") == "summary")
        & pl.col("seriousness").is_in(SERIOUS)
    )
    return [row for row in rows.iter_rows(named=True) if unit_of(row) == "patients"]


def serious_total(registry: Registry, studies: tuple[str, ...]) -> tuple[int, int]:
    """Count serious events and patients at risk over several studies.

    Parameters
    ----------
    registry : Registry
        Where to look.
    studies : tuple of str
        Keys of the studies.

    Returns
    -------
    tuple of int
        Events and patients; (0, 0) when no study has a count of patients.
    """
    counted = serious_counts(registry, studies)
    return sum(row["n_events"] for row in counted), sum(row["n_at_risk"] for row in counted)
