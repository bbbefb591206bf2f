"""The section of a trial report on relapses before and after treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ranvier.report import figures
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph
from ranvier.result import LeftOut, number, p_text, plural
from ranvier.verdict import Analysis, RelapsePeriods

__all__ = ["relapses_section"]

HOW_TO_WRITE = (
    'Write the rule into trial.toml as the part [entry], such as rule = "two-in-two-years", or min_relapses '
    "and window_years; with rate_per_year, size and source of the patients chosen from, the report gives the "
    "fall to expect."
)

EXPECTED = {
    "rate_per_year": "relapses per year, all patients",
    "size": "size",
    "years_looked_at": "years before",
    "share_entering": "share that may enter",
    "before_per_year": "per year before",
    "after_per_year": "per year after",
    "ratio": "after over before",
    "ratio_without_last": "last relapse before not counted",
}


def relapses_section(analysis: Analysis) -> list[Block]:
    """Give the blocks on relapses before and after the first dose.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    list of Block
        Exact rates and ratios, other ways to look, and the fall that the entry rule makes by itself.
    """
    rates = analysis.relapses
    if rates is None:
        return [Paragraph(text="Relapses were not recorded in these data; nothing is said about them.")]
    blocks: list[Block] = [Paragraph(text=rates.method), *_left(rates.left_out)]
    for part in analysis.relapse_periods:
        estimates = (part.before, part.after, part.ratio, *([part.swapped] if part.swapped else []))
        blocks.append(Numbers(estimates=estimates))
    if analysis.relapse_periods:
        blocks += _entry(analysis)
        blocks += _record(analysis)
        blocks += [_compared(part) for part in analysis.relapse_periods]
    if rates.table.height:
        blocks.append(figures.relapses_before_after(rates))
    return blocks


def _left(left_out: Sequence[LeftOut]) -> list[Block]:
    items = tuple(f"{left.n}: {left.reason}" for left in left_out if left.n)
    return [Bullets(title="Left out", items=items)] if items else []


def _entry(analysis: Analysis) -> list[Block]:
    """Set the fall that the entry rule makes by itself beside the one that was seen."""
    protocol, falls = analysis.trial.protocol, analysis.expected_falls
    if protocol.entry is None or falls is None:
        text = (
            "trial.toml names no entry rule, so that a fall cannot be separated from selection: patients who "
            "enter because of recent relapses have fewer afterwards without any treatment. " + HOW_TO_WRITE
        )
        if protocol.control == "randomised":
            text = (
                "Patients who enter because of recent relapses have fewer afterwards without any treatment; "
                "here the control arm shows how many."
            )
        return [Paragraph(text=text, tone="caution")]
    rule = protocol.entry.relapses
    seen = pl.DataFrame(
        [_seen(part, row) for part in analysis.relapse_periods for row in _main_rows(part)],
        schema={name: EXPECTED_SCHEMA.get(name, pl.Float64) for name in ("what", *SHOWN)},
        orient="row",
    )
    expected = falls.select(
        pl.format("expected, rate {}, size {}", "rate_per_year", "size").alias("what"),
        *SHOWN,
    )
    source = f" Rate and size: {protocol.entry.source}." if protocol.entry.source else ""
    tried = "" if protocol.entry.rate_per_year and protocol.entry.size else f" {_tried(analysis)}"
    return [
        Paragraph(
            text=f"Entry rule: {rule.text()}. Such a rule makes relapses fall without any treatment. The "
            "table sets what was seen beside what the rule alone makes: a fall of that size says nothing "
            f"about the treatment.{tried}",
            tone="caution",
        ),
        DataTable(
            caption="Seen, and expected from the entry rule alone without treatment",
            frame=pl.concat([seen, expected]).sort("years_looked_at", maintain_order=True),
            labels={"what": "seen or expected", **EXPECTED},
            note="Exact sums: each patient has a constant rate of their own, spread over patients as a gamma "
            "distribution, and the years before are complete. The ratio seen is exact given each patient's "
            "total. Where the last relapse before is not counted, each patient loses one, which overcorrects."
            f"{source}",
        ),
        *_meets(analysis),
    ]


SHOWN = ("years_looked_at", "before_per_year", "after_per_year", "ratio", "ratio_without_last")
EXPECTED_SCHEMA = {"what": pl.String, "years_looked_at": pl.Int64}


def _main_rows(part: RelapsePeriods) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Give for each period looked at the row with and the row without the last relapse before."""
    rows = part.compared.filter(after_is="all follow-up").sort("years_looked_at", maintain_order=True)
    counted = rows.filter(last_relapse_before="counted").to_dicts()
    without = rows.filter(last_relapse_before="not counted").to_dicts()
    return list(zip(counted, without, strict=True))


def _seen(part: RelapsePeriods, rows: tuple[dict[str, float], dict[str, float]]) -> tuple[object, ...]:
    counted, without = rows
    return (
        f"seen{part.arm}",
        counted["years_looked_at"],
        counted["relapses_before"] / counted["years_before"],
        counted["relapses_after"] / counted["years_after"],
        counted["ratio"],
        without["ratio"],
    )


def _tried(analysis: Analysis) -> str:
    """Say which number trial.toml does not give."""
    entry = analysis.trial.protocol.entry
    lacking = [name for name in ("rate_per_year", "size") if entry is None or getattr(entry, name) is None]
    sizes = (
        " Size 1.24 is that of the placebo group of AFFIRM (doi 10.1155/2011/195831)."
        if "size" in lacking
        else ""
    )
    return f"The part [entry] of trial.toml gives no {' and no '.join(lacking)}; several are tried.{sizes}"


def _meets(analysis: Analysis) -> list[Block]:
    """Say in how many patients the relapses on record meet the rule; entry is enrolment where known."""
    entry = analysis.trial.protocol.entry
    if entry is None:
        return []
    people = analysis.trial.subjects.filter(pl.col("treated")).select("subject", "enrolled_day")
    days = (
        people.join(analysis.trial.relapses.select("subject", "day"), on="subject", how="left")
        .with_columns((pl.col("day") - pl.col("enrolled_day").fill_null(0)).alias("from_entry"))
        .group_by("subject", maintain_order=True)
        .agg(pl.col("from_entry").drop_nulls())
    )
    meeting = sum(entry.relapses.holds(row) for row in days["from_entry"].to_list())
    if meeting == people.height:
        return [Paragraph(text=f"The relapses on record meet the rule in all {meeting} treated patients.")]
    text = (
        f"The relapses on record meet the rule in {meeting} of {plural(people.height, 'treated patient')}: "
        "relapses before entry are missing from the table, patients entered against the rule, or the rule in "
        "trial.toml is not the one that was used. What is expected holds only if all met it."
    )
    return [Paragraph(text=text, tone="caution")]


def _record(analysis: Analysis) -> list[Block]:
    """Say where the record before the first dose may be too short to compare."""
    treated = analysis.trial.subjects.filter(pl.col("treated")).select("subject")
    before = analysis.trial.relapses.join(treated, on="subject", how="semi").filter(pl.col("day") < 0)
    if before.is_empty():
        text = (
            "No relapse before the first dose is on record. If relapses were collected only from then on, "
            "before and after cannot be compared."
        )
        return [Paragraph(text=text, tone="caution")]
    if before.filter(pl.col("day") < -365).is_empty():
        text = (
            "No relapse earlier than one year before the first dose is on record. If the record does not "
            "reach back further, the rows of two years count too few relapses before."
        )
        return [Paragraph(text=text, tone="caution")]
    return []


def _compared(part: RelapsePeriods) -> DataTable:
    """Give every way to look in words; the JSON of the report has the numbers."""
    rows = [
        {
            "time looked at": _time(row),
            "last relapse before": row["last_relapse_before"],
            "before": _in_years(row, "before"),
            "after": _in_years(row, "after"),
            "after over before": _ratio(row),
            "p, given totals": _p(row["p_value"]),
            "p, swapping": _p(row["p_swapping"]),
        }
        for row in part.compared.iter_rows(named=True)
    ]
    return DataTable(
        caption=f"Other ways to look at the same {plural(part.ratio.n, 'patient')}{part.arm}",
        frame=pl.DataFrame(rows),
        note="Relapses in person-years. Ratios with 95 % intervals are exact given each patient's total. "
        "Equal time: both periods of a patient are cut to the shorter one, so that they can be "
        "swapped. With the last relapse before not counted, interval and p value hold only if that relapse "
        "alone led to the treatment; else they overcorrect.",
    )


def _time(row: Mapping[str, Any]) -> str:
    years = plural(row["years_looked_at"], "year")
    if row["after_is"] == "all follow-up":
        return f"{years} before, all follow-up after"
    return f"equal time before and after, at most {years}"


def _p(value: float | None) -> str:
    return "" if value is None else p_text(value).removeprefix("p ").removeprefix("= ")


def _in_years(row: Mapping[str, Any], period: str) -> str:
    return f"{row[f'relapses_{period}']} in {number(row[f'years_{period}'], digits=1)}"


def _ratio(row: Mapping[str, Any]) -> str:
    return f"{number(row['ratio'])} ({number(row['low'])} to {number(row['high'])})"
