"""A part of the registry: by disease, cells, route, design and certainty of source."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.evidence.collection import Registry
from ranvier.evidence.study import CELL_FAMILIES, Study
from ranvier.trial import DESIGNS

__all__ = ["CERTAINTIES", "select_studies"]

CERTAINTIES: dict[str, str] = {
    "A": "read in the study's own abstract, table or registry record",
    "B": "a secondary report of the study, or partly derived",
    "C": "a review table, a mirror of a registry, or a news article only; shown with a mark",
    "D": "believed wrong; never pooled",
}
"""Certainty of a source, best first."""

_ROUTE = re.compile(r"\b[A-Z]{2,}\b")
GRADED = ("outcomes", "safety", "patients")
"""Tables whose rows are results, which the certainty of their source is asked of."""
OF_STUDIES = ("arms", "outcomes", "safety", "endpoints", "patients", "centres")


def select_studies(
    source: Registry,
    *,
    disease: str | None = None,
    cells: str | None = None,
    route: str | None = None,
    design: str | None = None,
    certainty: str | None = None,
) -> Registry:
    """Give the part of a registry that holds the studies asked for.

    Parameters
    ----------
    source : Registry
        Where to look.
    disease : {"MS", "NMOSD", "mixed"}, optional
        Disease; any when None, as for all that follow.
    cells : str, optional
        A cell class or a family of them, see `CELL_FAMILIES`.
    route : str, optional
        One route, such as "IT"; studies that gave cells by it, alone or with another.
    design : str, optional
        One of `ranvier.trial.DESIGNS`, or a class of control: "uncontrolled", "before-after", "external
        control", "unclear", "randomised".
    certainty : {"A", "B", "C", "D"}, optional
        The lowest certainty of source that a result may have; it is asked of outcomes, safety counts and
        patients, not of studies.

    Returns
    -------
    Registry
        The same tables, with the rows of the studies that remain; natural history and sources stay whole.

    Raises
    ------
    InputError
        When a word is unknown, or no study remains.

    Examples
    --------
    >>> import ranvier as rv
    >>> held = rv.evidence.registry()
    >>> found = rv.evidence.select_studies(held, disease="MS", cells="mesenchymal", design="randomised")
    >>> "uccelli2021" in found.studies["study_id"], "burt2019_mist" in found.studies["study_id"]
    (True, False)
    """
    made = [source.study(study_id) for study_id in source.studies["study_id"]]
    _refuse_unknown(made, disease=disease, cells=cells, route=route, design=design)
    if certainty is not None:
        require_choice("certainty", certainty, CERTAINTIES)
    kept = [
        study.study_id
        for study in made
        if disease in (None, study.disease)
        and cells in (None, study.cell_class, study.family)
        and (route is None or route in routes(study.route))
        and design in (None, study.design, study.control)
    ]
    if not kept:
        asked = {"disease": disease, "cells": cells, "route": route, "design": design}
        raise InputError(
            f"no study has {', '.join(f'{key} {word!r}' for key, word in asked.items() if word)} together; "
            "ask for less."
        )
    chosen = pl.col("study_id").is_in(kept)
    tables = {name: getattr(source, name).filter(chosen) for name in OF_STUDIES}
    if certainty is not None:
        allowed = [level for level in CERTAINTIES if level <= certainty]
        tables |= {name: tables[name].filter(pl.col("certainty").is_in(allowed)) for name in GRADED}
    about = pl.col("study_id").str.split("/").list.set_intersection(pl.lit(kept)).list.len() > 0
    return replace(
        source,
        studies=source.studies.filter(chosen),
        contradictions=source.contradictions.filter(about),
        **tables,
    )


def routes(text: str | None) -> list[str]:
    """Give the routes that a cell of the registry names.

    Parameters
    ----------
    text : str or None
        Such as "IV+IT".

    Returns
    -------
    list of str
        Each abbreviation once; empty when none was seen.
    """
    return list(dict.fromkeys(_ROUTE.findall(text or "")))


def _refuse_unknown(made: list[Study], **asked: str | None) -> None:
    """Refuse words that no study can have."""
    known = {
        "disease": ("MS", "NMOSD", "mixed"),
        "cells": tuple(dict.fromkeys((*CELL_FAMILIES, *CELL_FAMILIES.values()))),
        "route": tuple(dict.fromkeys(each for study in made for each in routes(study.route))),
        "design": tuple(dict.fromkeys((*DESIGNS, *DESIGNS.values()))),
    }
    for name, word in asked.items():
        if word is not None:
            require_choice(name, word, known[name])
