"""The section of the evidence report on harms: counts, and the bound that each leaves."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from ranvier.evidence import Registry, serious_events
from ranvier.report.evidence_studies import FAMILY_WORDS
from ranvier.report.figures import interval_chart
from ranvier.report.model import Block, DataTable, Numbers, Paragraph
from ranvier.result import Estimate, Fit, percent, plural
from ranvier.stats import proportion
from ranvier.verdict import say

__all__ = ["harm_blocks"]

NO_BREAK = "\N{NO-BREAK SPACE}"


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
        none = "no count of patients with any serious event is in the registry; that is not the same as none."
        return f"{words}: {none}"
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
        note="Up to: upper bound of the exact 95 % interval. Studies without a count are absent, which "
        "favours treatments whose harms were not written down.",
    )
