"""Sections of the evidence report on the studies themselves: counts, certainty, disagreements."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl

from ranvier.evidence import Registry, Study
from ranvier.report.model import Block, DataTable, Paragraph
from ranvier.verdict import LEVELS, StudySummary

__all__ = ["FAMILY_WORDS", "certainty_blocks", "contradiction_blocks", "study_blocks"]

FAMILY_WORDS: dict[str, str] = {
    "mesenchymal": "mesenchymal cells",
    "neural": "neural stem cells",
    "bone marrow": "bone marrow cells",
    "stromal vascular fraction": "stromal vascular fraction",
    "aHSCT": "aHSCT",
}
"""Families of cells, as a page names them."""


def study_blocks(held: Registry) -> list[Block]:
    """Give how many studies there are, from all to those that are compared, and each of them.

    Parameters
    ----------
    held : Registry
        The registry.

    Returns
    -------
    list of Block
        Counts, counts by cells and design, and the table of studies.
    """
    studies = [held.study(key) for key in held.studies["study_id"]]
    reported = [study for study in studies if study.has_result]
    in_tables = set(held.outcomes.filter(pl.col("certainty") != "D")["study_id"]) | set(
        held.safety["study_id"]
    )
    with_numbers = [study for study in reported if study.study_id in in_tables]
    groups = Counter(study.overlap_group for study in with_numbers if study.overlap_group)
    shared = sum(count - 1 for count in groups.values())
    steps = [
        ("studies in the registry", len(studies)),
        ("protocols and running trials, no result yet", len(studies) - len(reported)),
        ("reported", len(reported)),
        ("reported, no result or safety count in the registry", len(reported) - len(with_numbers)),
        ("reported with a result or safety count", len(with_numbers)),
        ("of these may share patients with a study that is counted", shared),
        ("of these randomised", sum(study.randomised for study in with_numbers)),
    ]
    return [
        DataTable(
            caption="From all studies to those that are compared", frame=_table(steps, "step", "studies")
        ),
        DataTable(
            caption="Reported studies by cells, disease and design",
            frame=_by_design(reported),
            note="Uncontrolled also holds case reports and dose escalations. aHSCT is kept apart throughout.",
        ),
        _study_table(held, studies),
    ]


def _table(rows: list[tuple[str, int]], what: str, count: str) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={what: pl.String, count: pl.Int64}, orient="row")


def _by_design(studies: list[Study]) -> pl.DataFrame:
    rows = [
        {"cells": FAMILY_WORDS[study.family], "disease": study.disease, "control": study.control}
        for study in studies
    ]
    wide = pl.DataFrame(rows).pivot(
        "control", index=["cells", "disease"], values="control", aggregate_function="len"
    )
    every = ("randomised", "unclear", "external control", "before-after", "uncontrolled")
    order = [name for name in every if name in wide.columns]
    counts = wide.select("cells", "disease", *(pl.col(name).fill_null(0).cast(pl.Int64) for name in order))
    last = pl.col("cells") == FAMILY_WORDS["aHSCT"]
    return counts.sort(last, "cells", "disease")


def _study_table(held: Registry, studies: list[Study]) -> DataTable:
    names = held.names()
    rows = [
        {
            "study": names[study.study_id],
            "disease": study.disease,
            "cells": study.cell_class,
            "route": study.route,
            "design": study.control,
            "n_treated": _treated_first(study),
            "n_control": study.n_control,
            "months": study.follow_up_months,
            "status": (study.status or "").partition(" (")[0],
        }
        for study in sorted(studies, key=lambda each: (each.is_chemotherapy, -(each.year or 0), each.author))
    ]
    return DataTable(
        caption="Every study of the registry",
        frame=pl.DataFrame(rows, infer_schema_length=None),
        labels={"n_treated": "treated", "n_control": "controls"},
        note="An empty cell means not seen in any source, never zero. In crossover trials treated counts "
        "those who got cells first.",
    )


def _treated_first(study: Study) -> int | None:
    """Give who got cells; in a crossover trial, where all may have got them, those who did first."""
    treated, controls, whole = study.n_treated, study.n_control, study.n_registered
    if treated is None or controls is None or whole is None or "crossover" not in study.design:
        return treated
    return whole - controls if treated + controls > whole else treated


def contradiction_blocks(held: Registry) -> list[Block]:
    """Give every disagreement between sources.

    Parameters
    ----------
    held : Registry
        The registry.

    Returns
    -------
    list of Block
        One table.
    """
    columns = ["issue_id", "study_id", "kind", "claim_a", "claim_b", "assessment"]
    labels = held.names()
    named = pl.col("study_id").str.split("/").list.eval(pl.element().replace(labels)).list.join(", ")
    return [
        DataTable(
            caption="Sources that disagree, or cannot be right",
            frame=held.contradictions.select(columns).with_columns(named),
            labels={
                "issue_id": "id",
                "study_id": "study",
                "kind": "between",
                "claim_a": "one says",
                "claim_b": "the other says",
            },
            note="The sources of both stand in evidence.json.",
        )
    ]


def certainty_blocks(held: Registry, summaries: tuple[StudySummary, ...]) -> list[Block]:
    """Give the certainty of each comparison with each step down, and that of all other studies in one count.

    Parameters
    ----------
    held : Registry
        The registry.
    summaries : tuple of StudySummary
        Studies with a result.

    Returns
    -------
    list of Block
        A table and a sentence.
    """
    names = held.names()
    compared = [each for each in summaries if each.contrasts]
    rows: list[dict[str, Any]] = [
        {
            "study": names[each.study.study_id],
            "cells": each.study.cell_class,
            "level": each.certainty.level,
            "start": each.certainty.start,
            "steps": "; ".join(step.sentence for step in each.certainty.steps) or "nothing taken off",
        }
        for each in sorted(
            compared, key=lambda each: (each.study.is_chemotherapy, -LEVELS.index(each.certainty.level))
        )
    ]
    counts = Counter(each.certainty.level for each in summaries if not each.contrasts)
    others = ", ".join(f"{counts[level]} {level}" for level in LEVELS if counts[level])
    said = Paragraph(text=f"Reported studies without a comparison, by certainty: {others or 'none'}.")
    if not rows:
        return [said]
    table = DataTable(
        caption="Certainty in GRADE terms, comparison by comparison",
        frame=pl.DataFrame(rows),
        labels={"level": "certainty", "start": "starts", "steps": "each step down with its number"},
    )
    return [table, said]
