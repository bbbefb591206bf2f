"""What the endpoints of a trial do with no treatment effect, beside what was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ranvier.report.drawing import draw
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Paragraph
from ranvier.simulate import NULL_ENDPOINTS, NullBand
from ranvier.verdict import Analysis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["assumption_lines", "null_section"]

TITLES = {
    "responders": "Patients improved",
    "edss_change": "Mean change of EDSS",
    "largest_fall": "Largest fall of EDSS in one patient",
    "relapse_change": "Change of the relapse rate",
    "new_t2": "New T2 lesions",
}
"""Title of the figure of each endpoint."""


def null_section(analysis: Analysis) -> list[Block]:
    """Give what would happen with no treatment effect, as sentences and pictures.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    list of Block
        Empty when the trial has controls of its own: they show what happens without the treatment.
    """
    band = analysis.null
    if band is None:
        return []
    blocks: list[Block] = [Paragraph(text=refusal, tone="caution") for refusal in band.refusals]
    if not band.bands:
        return [*blocks, Paragraph(text="No patient of this trial has a course that can be simulated.")]
    blocks.append(Paragraph(text=band.method_text))
    blocks += [_figure(band, endpoint) for endpoint in NULL_ENDPOINTS if band.of(endpoint)]
    return [
        *blocks,
        Bullets(title="How to read it", items=band.notes),
        Bullets(title="Numbers of the model, with their sources", items=assumption_lines(band.assumptions)),
    ]


def assumption_lines(assumptions: tuple[str, ...]) -> tuple[str, ...]:
    """Give the numbers of the model one by one, each with its course.

    Parameters
    ----------
    assumptions : tuple of str
        Explanations of courses, as from `Phenotype.explain`.

    Returns
    -------
    tuple of str
        One line for each number.
    """
    return tuple(
        f"{head.rstrip(':')}: {line}"
        for head, *lines in (text.split("\n") for text in assumptions)
        for line in lines
    )


def _figure(band: NullBand, endpoint: str) -> Drawing:
    key, title = f"null-{endpoint.replace('_', '-')}", f"{TITLES[endpoint]}, with no treatment effect."

    def paint(figure: Figure) -> None:
        band.plot(figure.add_subplot(), endpoint=endpoint)

    rows = [
        {
            "noise": each.scenario,
            "value": value,
            "share of virtual trials, %": round(100 * chance, 2),
        }
        for each in band.of(endpoint)
        for value, chance in zip(each.values, each.chances, strict=True)
    ]
    return Drawing(
        key=key,
        title=title,
        description=" ".join(band.sentences(endpoint)),
        svg=draw(key, paint, size=(7.6, 3.2), title=title, greys=True),
        data=DataTable(caption=title, frame=pl.DataFrame(rows)),
    )
