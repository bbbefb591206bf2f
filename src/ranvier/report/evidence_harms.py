"""The section of the evidence report on harms: counts, and the bound that each leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from ranvier.evidence import Registry, SeriousEvents, serious_events
from ranvier.evidence.harms import COUNTED, POOLED
from ranvier.report.evidence_studies import FAMILY_WORDS
from ranvier.report.figures import interval_chart
from ranvier.report.model import Block, DataTable, Numbers, Paragraph
from ranvier.result import Estimate, Fit, percent, plural
from ranvier.stats import proportion
from ranvier.verdict import say
from ranvier.verdict.serious_counting import unit_of

__all__ = ["harm_blocks"]

NO_BREAK = "\N{NO-BREAK SPACE}"
FAMILIES = {"mesenchymal": "MSC", "neural": "NSC", "bone marrow": "BM-MNC"}
"""Families whose serious events are added up, and a class of cells of each."""
EVENTS = {"any": "serious event", "related": "serious event put down to the treatment"}
SHORT = {"any": "serious event", "related": "related serious event"}
"""What was counted, by its cause, in a sentence and beside a line of the chart."""
NOT_ADDED = {
    "low certainty": "Deaths put down to aHSCT, read in a review table only and not added up",
    "same patients": "Not added up, because another study may hold the same patients",
    "another cause": "Deaths after aHSCT put down to something else",
    "cause not said": "Deaths after aHSCT whose cause was not said",
    "not aHSCT": "Deaths after other cells",
}
"""Why counts of deaths are not added up, as the start of a sentence."""


def harm_blocks(held: Registry) -> list[Block]:
    """Give what was seen of serious events and deaths, with the bound that it leaves.

    Parameters
    ----------
    held : Registry
        The registry.

    Returns
    -------
    list of Block
        Serious events by family, then deaths, aHSCT apart, then every other count of a harm.
    """
    blocks: list[Block] = []
    tables, sums = [], []
    for family, cells in FAMILIES.items():
        found = serious_events(held, cell_class=cells)
        tables.append(found.table)
        blocks.append(Paragraph(text=_serious_sentence(found, family)))
        for share, cause in ((found.estimate, "any"), (found.related, "related")):
            if share is not None:
                used = found.table.filter(use="added up", relatedness=cause).height
                studies = plural(used, "study", "studies")
                words = f"{SHORT[cause]}, {FAMILY_WORDS[family]} ({studies})"
                sums.append(replace(share, quantity=words))
    rows = pl.concat(tables)
    if rows.height:
        blocks.append(_harm_table("Patients with a serious event, study by study", rows))
    graded, deaths, others = (_safety_rows(held, chosen) for chosen in _parts(held))
    if graded.height:
        blocks.append(_harm_table("Severe or major events, in the words of each study", graded))
    deaths = _with_use(held, deaths)
    related = deaths.filter(use="added up")
    if related.height:
        sums.append(_death_share(related))
    blocks.append(Paragraph(text=_death_sentence(sums[-1] if related.height else None, deaths)))
    blocks.append(_harm_table("Deaths, study by study", deaths))
    if others.height:
        blocks.append(_harm_table("Every other count of a harm, and of patients who left", others))
    if sums:
        chart = Fit(title="Serious events and deaths", estimates=tuple(sums), method_text="")
        blocks.insert(0, interval_chart(chart, key="harms"))
        blocks.append(Numbers(estimates=tuple(sums)))
    return blocks


def _serious_sentence(found: SeriousEvents, family: str) -> str:
    """Say what was seen, of any cause and put down to the treatment, and what is not added up."""
    words = FAMILY_WORDS[family][:1].upper() + FAMILY_WORDS[family][1:]
    lines: list[str] = []
    if found.estimate is not None:
        lines.append(_share_sentence(found.estimate, EVENTS["any"]))
    if found.related is not None and lines:
        bound = _bound(found.related)
        lines.append(f"Where only events put down to the treatment were counted: {bound}.")
    elif found.related is not None:
        lines.append(_share_sentence(found.related, EVENTS["related"]))
    if not lines:
        lines.append(
            "no count of patients with any serious event that can be added up is in the registry; that is "
            "not the same as none."
        )
    return " ".join([f"{words}: {lines[0]}", *lines[1:], found.apart]).strip()


def _share_sentence(share: Estimate, event: str) -> str:
    if share.inputs["events"] == 0:
        return say("no_serious", event=event, n=share.n, unit="patients", high=percent(share.high))
    return f"{share.inputs['events']} of {share.n} patients had a {event}, {share.text()}."


def _bound(share: Estimate) -> str:
    events = share.inputs["events"]
    reach = share.text() if events else f"the true rate could be up to {percent(share.high)}"
    return f"{events} of {share.n}, {reach}"


def _parts(held: Registry) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Give which counts are of severe or major events, of deaths, and of anything that no table holds yet."""
    patients = pl.col("count_type") == "patients"
    family = {key: held.study(key).family for key in held.safety["study_id"].unique()}
    shown = pl.col("study_id").is_in([key for key, name in family.items() if name in FAMILIES])
    serious = patients & (pl.col("event") == COUNTED)
    graded = patients & (pl.col("event_class") == "summary") & (pl.col("event") != COUNTED)
    deaths = patients & (pl.col("event_class") == "death")
    return graded, deaths, ~((serious & shown) | graded | deaths)


def _safety_rows(held: Registry, chosen: pl.Expr) -> pl.DataFrame:
    """Give counts, with names of studies that no other has."""
    names = held.names()
    rows = held.safety.filter(chosen, pl.col("certainty") != "D", pl.col("n_at_risk") > 0)
    several = held.arms.filter(pl.len().over("study_id") > 1)
    arms = {_arm(row): row["label"] for row in several.iter_rows(named=True)}
    return pl.DataFrame(
        [
            {
                "study_id": row["study_id"],
                "study": names[row["study_id"]],
                "cell_class": held.study(row["study_id"]).cell_class,
                "relatedness": row["relatedness"] or "any",
                "event": f"{row['event']} ({arm})" if (arm := arms.get(_arm(row))) else row["event"],
                "events": row["n_events"],
                "n": row["n_at_risk"],
                "unit": unit_of(row),
                "certainty": row["certainty"],
            }
            for row in rows.iter_rows(named=True)
        ],
        schema=dict.fromkeys(("study_id", "study", "cell_class", "relatedness", "event"), pl.String)
        | dict.fromkeys(("events", "n"), pl.Int64)
        | dict.fromkeys(("unit", "certainty"), pl.String),
    )


def _arm(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["study_id"], row["arm_id"]


def _with_use(held: Registry, deaths: pl.DataFrame) -> pl.DataFrame:
    """Say which counts of deaths put down to aHSCT are added up, one study of each overlap group."""
    groups: set[str] = set()
    uses = []
    ordered = deaths.sort("n", "study_id", descending=[True, False])
    for row in ordered.iter_rows(named=True):
        group = held.study(row["study_id"]).overlap_group or ""
        if row["cell_class"] != "aHSCT":
            use = "not aHSCT"
        elif row["relatedness"] != "related":
            use = "cause not said" if row["relatedness"] == "any" else "another cause"
        elif row["certainty"] not in POOLED:
            use = "low certainty"
        elif group in groups:
            use = "same patients"
        else:
            use = "added up"
            groups |= {group} - {""}
        uses.append(use)
    return ordered.with_columns(pl.Series("use", uses, dtype=pl.String))


def _death_share(rows: pl.DataFrame) -> Estimate:
    return proportion(
        int(rows["events"].sum()),
        int(rows["n"].sum()),
        quantity=f"death put down to aHSCT ({plural(rows.height, 'study', 'studies')}, in their own words)",
    )


def _death_sentence(share: Estimate | None, deaths: pl.DataFrame) -> str:
    """Give the sum, and the counts with a death that are not added up, each by itself."""
    lines = []
    if share is not None:
        words = share.quantity[:1].upper() + share.quantity[1:]
        lines.append(f"{words}: {share.inputs['events']} of {share.n}, {share.text()}.")
    for use, words in NOT_ADDED.items():
        rows = deaths.filter(pl.col("use") == use, pl.col("events") > 0)
        named = [f"{row['study']}, {row['events']} of {row['n']}" for row in rows.iter_rows(named=True)]
        lines += [f"{words}: {'; '.join(named)}."] if named else []
    return " ".join(lines) or "No death of a patient is in the registry; that is not the same as none."


def _harm_table(caption: str, rows: pl.DataFrame) -> DataTable:
    """Give counts with the upper bound that they leave."""
    units = rows["unit"] if "unit" in rows else ["patients"] * rows.height
    bounds = [
        percent(proportion(*pair).high).replace(" ", NO_BREAK) if unit == "patients" else ""
        for pair, unit in zip(rows.select("events", "n").iter_rows(), units, strict=True)
    ]
    named = ["study", "cell_class", "event", "relatedness", "events", "n"]
    named += ["unit"] if set(units) - {"patients"} else []
    shown = [name for name in named if name in rows]
    frame = rows.select(
        *shown, pl.Series("bound", bounds), *(name for name in ("certainty", "use") if name in rows)
    )
    return DataTable(
        caption=caption,
        frame=frame,
        labels={"cell_class": "cells", "n": "of", "bound": "up to", "relatedness": "put down to"}
        | {"unit": "counted in"},
        note="Up to: upper bound of the exact 95 % interval, for counts of patients. Studies "
        "without a count are absent, which favours treatments whose harms were not written down.",
    )
