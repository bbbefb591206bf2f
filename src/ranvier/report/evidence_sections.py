"""Sections of the evidence report on results: compared with controls, and without a control group."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl

from ranvier.evidence import COUNT_REASONS, Pool, Registry, outcome_counts, pool_counts
from ranvier.report.evidence_figures import DRAWN, ratio_figure, ratio_rows, without_ratio
from ranvier.report.evidence_studies import FAMILY_WORDS
from ranvier.report.model import Block, Bullets, DataTable, Paragraph
from ranvier.report.pool_page import forest_figure
from ranvier.result import number
from ranvier.stats import proportion
from ranvier.verdict import OUTCOMES, StudySummary, lint_pool
from ranvier.verdict.natural import natural_facts
from ranvier.verdict.phrases import beside as beside_placebo

__all__ = ["comparison_blocks", "uncontrolled_blocks"]

NO_BREAK = "\N{NO-BREAK SPACE}"
ONE_ARM: tuple[tuple[str, str], ...] = (
    ("edss_improved", "edss"),
    ("edss_worse", "edss_worse"),
    ("relapse_free", "relapse"),
    ("mri_new_t2", "lesions"),
)
"""Outcomes counted without a control, and the topic of what happens without treatment."""


def comparison_blocks(held: Registry, summaries: tuple[StudySummary, ...], *, key: str) -> list[Block]:
    """Give what each controlled trial showed, and the ratios of those that have one.

    Parameters
    ----------
    held : Registry
        The registry.
    summaries : tuple of StudySummary
        Trials with a comparison, of cells that may stand together.
    key : str
        Name of the figure.

    Returns
    -------
    list of Block
        A table with one row per trial, and the figure; a sentence when there is no trial.
    """
    if not summaries:
        return [Paragraph(text="No controlled comparison is in the registry.")]
    names = held.names()
    rows = [
        {
            "study": names[each.study.study_id],
            "said": each.headline.partition(": ")[2],
            "compared": _compared(each),
            "certainty": each.certainty.level,
        }
        for each in summaries
    ]
    blocks: list[Block] = []
    ratios = ratio_rows(held, summaries)
    if ratios.filter(DRAWN).height:
        title = "Cells against control, trial by trial"
        blocks.append(
            ratio_figure(ratios, key=key, title=title, without=without_ratio(ratios, summaries, names))
        )
    table = DataTable(
        caption="What each comparison showed",
        frame=pl.DataFrame(rows),
        labels={"said": "what may be said", "compared": "the comparison it is judged by"},
        note="Judged by the outcome marked as primary, else by the first with an interval; of several arms "
        "by the first of the table, and the others stand beside it.",
    )
    return [*blocks, table]


def _compared(summary: StudySummary) -> str:
    """Give the comparison that a trial is judged by, and the same one of its other arms."""
    judged = summary.primary
    if judged is None:
        return ""
    others = [
        f"{each.arm}: {each.sentence}"
        for each in summary.contrasts
        if (each.outcome, each.kind, each.months) == (judged.outcome, judged.kind, judged.months)
        and each.arm != judged.arm
    ]
    return " ".join([f"{judged.arm}: {judged.sentence}", *others]) if others else judged.sentence


def uncontrolled_blocks(held: Registry, *, chemotherapy: bool) -> list[Block]:
    """Give what happened in studies without a control group, outcome by outcome.

    Parameters
    ----------
    held : Registry
        The registry.
    chemotherapy : bool
        aHSCT, or all other cells; never both.

    Returns
    -------
    list of Block
        Per outcome: a forest plot for each family of cells and disease with two studies or more, what happens
        without treatment, and every count.
    """
    blocks: list[Block] = []
    for outcome, topic in ONE_ARM:
        counted = outcome_counts(outcome, source=held)
        chosen = pl.col("family").is_in(["aHSCT"], nulls_equal=False)
        keep = chosen if chemotherapy else ~chosen
        used, others = counted.table.filter(keep), counted.others.filter(keep)
        if used.is_empty() and others.is_empty():
            continue
        for (family, disease), rows in used.partition_by("family", "disease", as_dict=True).items():
            if rows.height > 1:
                blocks += _pooled(held, rows, (outcome, topic), (str(family), str(disease)))
        blocks.append(_counts_table(outcome, used, others))
    return blocks


def _pooled(held: Registry, rows: pl.DataFrame, of: tuple[str, str], who: tuple[str, str]) -> list[Block]:
    """Give one group pooled, with what must be read beside it."""
    (outcome, topic), (family, disease) = of, who
    words = OUTCOMES[outcome].words
    pooled: Pool = pool_counts(rows, measure="proportion", quantity=f"share with {words}")
    events, n = int(rows["events"].sum()), int(rows["n"].sum())
    together = proportion(events, n)
    beside = [f"Counts added up as if all were one study: {events} of {n}, {together.text()}."]
    beside += [each.sentence for each in lint_pool(pooled, rows)]
    beside += list(pooled.notes)
    if topic == "edss":
        cells = str(rows["cell_class"][0])
        placebo = held.placebo_response(disease=disease, route=None, cell_class=cells)
        beside.append(beside_placebo(placebo))
    beside += [fact.sentence for fact in natural_facts(held, disease, topic)]
    key = f"forest-{outcome}-{family}-{disease}".replace("_", "-").replace(" ", "-").lower()
    title = f"{words[:1].upper()}{words[1:]}, {FAMILY_WORDS[family]} in {disease}, no control group"
    return [
        forest_figure(pooled, key=key, title=title),
        Bullets(title="What must be read beside it", items=tuple(dict.fromkeys(beside))),
    ]


def _counts_table(outcome: str, used: pl.DataFrame, others: pl.DataFrame) -> DataTable:
    """Give every count of an outcome with its exact interval, and why it is used or not."""
    rows = []
    groups = Counter(used.select("family", "disease").iter_rows())
    for row in pl.concat([used, others]).iter_rows(named=True):
        share = proportion(row["events"], row["n"])
        bounds = f"{_per_cent(share.value)} ({_per_cent(share.low)} to {_per_cent(share.high)})"
        alone = groups[row["family"], row["disease"]] == 1
        rows.append(
            {
                "study": row["study"],
                "disease": row["disease"],
                "cells": row["cell_class"],
                "months": row["months"],
                "seen": _seen(row),
                "share": bounds.replace(" ", NO_BREAK),
                "use": _use(row["use"], alone=alone),
            }
        )
    words = OUTCOMES[outcome].words
    return DataTable(
        caption=f"{words[:1].upper()}{words[1:]}: every count",
        frame=pl.DataFrame(rows),
        labels={"share": "% (exact 95 % interval)", "use": "pooled"},
        note=_reasons(used, others),
    )


def _seen(row: dict[str, Any]) -> str:
    """Write a count, with its unit where that is not patients."""
    unit = "" if row["unit"] == "patients" else f" {row['unit']}"
    return f"{row['events']} of {row['n']}".replace(" ", NO_BREAK) + unit


def _per_cent(share: float) -> str:
    return number(100 * share, digits=1)


def _use(code: str, *, alone: bool) -> str:
    """Say whether a count is in the pool, and why not."""
    why = "the only one" if code == "used" and alone else code
    return "yes" if why == "used" else f"no: {why}".replace(" ", NO_BREAK)


def _reasons(used: pl.DataFrame, others: pl.DataFrame) -> str:
    """Explain the reasons that stand in a table."""
    held = [code for code in COUNT_REASONS if code in others["use"]]
    said = [f"{code} ({COUNT_REASONS[code]})" for code in held]
    if used.select("family", "disease").is_unique().any():
        said.append("the only one (no other such study of these cells in this disease)")
    why = f" Not pooled: {'; '.join(said)}." if said else ""
    return f"Definitions and months differ between studies.{why}"
