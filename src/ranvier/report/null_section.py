"""What the endpoints of a trial do with no treatment effect, beside what was observed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from ranvier.report.drawing import draw
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Paragraph
from ranvier.simulate import NULL_ENDPOINTS, NullBand
from ranvier.verdict import Analysis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["model_numbers", "null_figure", "null_section"]

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
    blocks += [null_figure(band, endpoint) for endpoint in NULL_ENDPOINTS if band.of(endpoint)]
    return [
        *blocks,
        Bullets(title="How to read it", items=band.notes),
        model_numbers(band.assumptions),
    ]


def model_numbers(assumptions: Iterable[str], *, without: tuple[str, ...] = ()) -> Bullets:
    """Give the numbers of the model, each once with the courses that share it.

    Parameters
    ----------
    assumptions : iterable of str
        Explanations of courses, as from `Phenotype.explain`.
    without : tuple of str
        First words of numbers that play no part.

    Returns
    -------
    Bullets
        One line for each number, with its source.
    """
    courses: dict[str, list[str]] = {}
    for text in dict.fromkeys(assumptions):
        head, *lines = text.split("\n")
        for line in lines:
            if not line.startswith(without):
                courses.setdefault(line, []).append(head.rstrip(":"))
    items = tuple(f"{', '.join(names)}: {line}" for line, names in courses.items())
    return Bullets(title="Numbers of the model, with their sources", items=items)


def null_figure(band: NullBand, endpoint: str, *, key: str = "null", title: str = "") -> Drawing:
    """Draw one endpoint of a null band.

    Parameters
    ----------
    band : NullBand
        The band.
    endpoint : str
        One of its endpoints.
    key : str
        First part of the name of the picture.
    title : str
        Title; that of the endpoint when empty.

    Returns
    -------
    Drawing
        The picture with its table.
    """
    name = f"{key}-{endpoint.replace('_', '-')}"
    caption = title or f"{TITLES[endpoint]}, with no treatment effect."

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
        key=name,
        title=caption,
        description=" ".join(band.sentences(endpoint)),
        svg=draw(name, paint, size=(7.6, 3.2), title=caption, greys=True),
        data=DataTable(caption=caption, frame=pl.DataFrame(rows)),
    )
