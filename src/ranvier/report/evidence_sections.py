"""The sections of the evidence report: studies, comparisons, what happened without a control, harms."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import polars as pl

from ranvier.evidence import (
    COUNT_REASONS,
    Pool,
    Registry,
    Study,
    effect_size,
    outcome_counts,
    pool,
    serious_events,
)
from ranvier.report.evidence_figures import ratio_figure, ratio_rows
from ranvier.report.figures import interval_chart
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph
from ranvier.report.pool_page import forest_figure
from ranvier.result import Estimate, Fit, number, percent, plural
from ranvier.stats import proportion
from ranvier.verdict import LEVELS, OUTCOMES, StudySummary, lint_pool, say
from ranvier.verdict.natural import natural_facts
from ranvier.verdict.phrases import beside as beside_placebo

__all__ = [
    "FAMILY_WORDS",
    "certainty_blocks",
    "comparison_blocks",
    "contradiction_blocks",
    "harm_blocks",
    "study_blocks",
    "uncontrolled_blocks",
]

FAMILY_WORDS: dict[str, str] = {
    "mesenchymal": "mesenchymal cells",
    "neural": "neural stem cells",
    "bone marrow": "bone marrow cells",
    "stromal vascular fraction": "stromal vascular fraction",
    "aHSCT": "aHSCT",
}
NO_BREAK = "\N{NO-BREAK SPACE}"
ONE_ARM: tuple[tuple[str, str], ...] = (
    ("edss_improved", "edss"),
    ("edss_worse", "edss_stable"),
    ("relapse_free", "relapse"),
    ("mri_new_t2", "lesions"),
)
"""Outcomes counted without a control, and the topic of what happens without treatment."""


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
    order = [name for name in ("randomised", "unclear", "external control", "before-after", "uncontrolled")]
    order = [name for name in order if name in wide.columns]
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
            "n_treated": study.n_treated,
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
        note="An empty cell means not seen in any source, never zero. In crossover trials treated counts those "
        "who got cells first.",
    )


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
            "compared": each.primary.sentence if each.primary else "",
            "certainty": each.certainty.level,
        }
        for each in summaries
    ]
    blocks: list[Block] = []
    ratios = ratio_rows(held, summaries)
    if ratios.height:
        blocks.append(ratio_figure(ratios, key=key, title="Cells against control, trial by trial"))
    table = DataTable(
        caption="What each comparison showed",
        frame=pl.DataFrame(rows),
        labels={"said": "what may be said", "compared": "the comparison it is judged by"},
        note="Judged by the outcome marked as primary, else by the first with an interval.",
    )
    return [*blocks, table]


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
    sizes = effect_size(rows, measure="logit proportion")
    pooled: Pool = pool(sizes, quantity=f"share with {words}")
    events, n = int(rows["events"].sum()), int(rows["n"].sum())
    together = proportion(events, n, quantity=f"share with {words}, {FAMILY_WORDS[family]} in {disease}")
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
                "seen": f"{row['events']} of {row['n']}".replace(" ", NO_BREAK),
                "share": bounds.replace(" ", NO_BREAK),
                "use": _use(row["use"], alone=alone),
            }
        )
    words = OUTCOMES[outcome].words
    return DataTable(
        caption=f"{words[:1].upper()}{words[1:]}: every count",
        frame=pl.DataFrame(rows),
        labels={"share": "% (exact 95 % interval)", "use": "pooled"},
        note="Definitions and months differ between studies.",
    )


def _per_cent(share: float) -> str:
    return number(100 * share, digits=1)


def _use(code: str, *, alone: bool) -> str:
    """Say whether a count is in the pool, and why not."""
    if code != "used":
        return f"no: {COUNT_REASONS[code]}"
    return "no: the only such study of these cells in this disease" if alone else "yes"


def harm_blocks(held: Registry) -> list[Block]:
    """Give what was seen of serious events and deaths, with the bound that it leaves.

    Parameters
    ----------
    held : Registry
        The registry.

    Returns
    -------
    list of Block
        Serious events by family, then deaths, aHSCT apart.
    """
    blocks: list[Block] = []
    tables, sums = [], []
    for family, cells in (("mesenchymal", "MSC"), ("neural", "NSC"), ("bone marrow", "BM-MNC")):
        found = serious_events(held, cell_class=cells)
        tables.append(found.table)
        blocks.append(Paragraph(text=_serious_sentence(found.estimate, family)))
        if found.estimate is not None:
            used = plural(found.table.filter(use="added up").height, "study", "studies")
            quantity = f"serious event, {FAMILY_WORDS[family]} ({used})"
            sums.append(replace(found.estimate, quantity=quantity))
    rows = pl.concat(tables)
    if rows.height:
        blocks.append(_harm_table("Patients with a serious event, study by study", rows))
    others = _graded(held)
    if others.height:
        blocks.append(_harm_table("Severe or major events, in the words of each study", others))
    deaths = _deaths(held)
    related = deaths.filter(pl.col("cell_class") == "aHSCT", pl.col("relatedness") == "related")
    for levels, words in ((["A", "B"], "in their own words"), (["C"], "in a review table only")):
        part = related.filter(pl.col("certainty").is_in(levels))
        if part.height:
            sums.append(_death_share(part, words))
    blocks.append(
        Paragraph(text=" ".join(_death_sentence(each) for each in sums if "death" in each.quantity))
    )
    blocks.append(_harm_table("Deaths, study by study", deaths))
    if sums:
        chart = Fit(title="Serious events and deaths", estimates=tuple(sums), method_text="")
        blocks.insert(0, interval_chart(chart, key="harms"))
        blocks.append(Numbers(estimates=tuple(sums)))
    return blocks


def _serious_sentence(share: Estimate | None, family: str) -> str:
    words = FAMILY_WORDS[family][:1].upper() + FAMILY_WORDS[family][1:]
    if share is None:
        return f"{words}: no count of patients with any serious event is in the registry; that is not the same as none."
    events = share.inputs["events"]
    if events == 0:
        return f"{words}: {say('no_serious', n=share.n, unit='patients', high=percent(share.high))}"
    return f"{words}: {events} of {share.n} patients had a serious event, {share.text()}."


def _graded(held: Registry) -> pl.DataFrame:
    """Give counts of severe or major events, which studies report in place of serious ones."""
    return _safety_rows(held, pl.col("event_class") == "summary", pl.col("event") != "any serious AE")


def _deaths(held: Registry) -> pl.DataFrame:
    """Give every count of deaths of patients."""
    return _safety_rows(held, pl.col("event_class") == "death")


def _safety_rows(held: Registry, *chosen: pl.Expr) -> pl.DataFrame:
    """Give counts of patients, with names of studies that no other has."""
    names = held.names()
    patients = pl.col("count_type") == "patients", pl.col("certainty") != "D"
    rows = held.safety.filter(*chosen, *patients)
    return pl.DataFrame(
        [
            {
                "study": names[row["study_id"]],
                "cell_class": held.study(row["study_id"]).cell_class,
                "relatedness": row["relatedness"] or "any",
                "event": row["event"],
                "events": row["n_events"],
                "n": row["n_at_risk"],
                "certainty": row["certainty"],
            }
            for row in rows.iter_rows(named=True)
        ],
        schema=dict.fromkeys(("study", "cell_class", "relatedness", "event"), pl.String)
        | dict.fromkeys(("events", "n"), pl.Int64)
        | {"certainty": pl.String},
    )


def _death_share(rows: pl.DataFrame, words: str) -> Estimate:
    return proportion(
        int(rows["events"].sum()),
        int(rows["n"].sum()),
        quantity=f"death put down to aHSCT ({plural(rows.height, 'study', 'studies')}, {words})",
    )


def _death_sentence(share: Estimate) -> str:
    words = share.quantity[:1].upper() + share.quantity[1:]
    return f"{words}: {share.inputs['events']} of {share.n}, {share.text()}."


def _harm_table(caption: str, rows: pl.DataFrame) -> DataTable:
    """Give counts with the upper bound that they leave."""
    bounds = [
        percent(proportion(*pair).high).replace(" ", NO_BREAK)
        for pair in rows.select("events", "n").iter_rows()
    ]
    shown = [name for name in ("study", "cell_class", "event", "relatedness", "events", "n") if name in rows]
    frame = rows.select(*shown, pl.Series("bound", bounds), *(["use"] if "use" in rows else ["certainty"]))
    return DataTable(
        caption=caption,
        frame=frame,
        labels={"cell_class": "cells", "n": "of", "bound": "up to", "relatedness": "put down to"},
        note="Up to: upper bound of the exact 95 % interval. Studies without a count are absent, which favours "
        "treatments whose harms were not written down.",
    )


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
