"""What is said about pooled counts: method, interval, and what a reader must not miss."""

from __future__ import annotations

import math

from ranvier.evidence._count_models import COUNT_MEASURES, COUNT_MODELS
from ranvier.evidence._count_solution import Question, Solution
from ranvier.evidence._measures import Cells
from ranvier.result import number, percent, plural

__all__ = ["COUNT_INTERVALS", "COUNT_METHODS", "counted", "method_text", "notes"]

COUNT_METHODS = {
    "random": "random effects, spread between studies by maximum likelihood",
    "common": "one common value in all studies",
}
"""Whether studies may differ, by name."""
COUNT_INTERVALS = {
    "t": "the interval is by Student's t with k - 1 degrees of freedom",
    "wald": "the interval is by the normal distribution, too short with few studies",
    "profile": "the interval is by the profile likelihood, too short with few studies",
    "exact": "the interval is exact: it holds the common value at least as often as stated",
}
"""How the interval of the pooled value is made, by name; "exact" needs a common value."""

FEW = 5
"""Below this many studies the spread between them is hardly known (specs: statistics)."""
APART = 0.01
"""Difference of a typical and a mean share from which both are told."""

_EXACT = {
    "proportion": "events and patients of all studies are added up; exact (Clopper-Pearson) interval",
    "rate": "events and years of all studies are added up; exact (Garwood) interval",
    "ratio": "the most likely ratio given the events of both arms of each study; exact conditional interval",
}


def counted(question: Question, cells: Cells) -> str:
    """Say what was counted, such as "0 of 58 patients"."""
    parts = []
    for arm in ("", "_control") if question.compares else ("",):
        events = f"{cells[f'events{arm}'].sum():g}"
        if question.measure.startswith("rate"):
            parts.append(f"{plural(int(events), 'event')} in {cells[f'years{arm}'].sum():g} patient-years")
        else:
            parts.append(f"{events} of {cells[f'n{arm}'].sum():g} patients")
    return " against ".join(parts)


def method_text(question: Question, found: Solution, k: int) -> str:
    """Say how the studies were pooled."""
    exact = _EXACT["ratio" if question.compares else question.measure]
    if found.by == "alone":
        return f"There is one study with information: {exact}. Nothing was pooled."
    if found.by == "edge":
        return (
            f"All {k} studies lie at the same end, so that no spread between them can be seen and the "
            "likelihood "
            f"has no finite peak: {exact}, as if one value held for all."
        )
    if found.by == "exact":
        return f"One value for all studies: {exact}."
    model, method = COUNT_MODELS[question.model], COUNT_METHODS[question.method]
    if question.method == "common":
        model = model.split(";")[0].split(", log")[0]
    text = f"{model}; {method}; {COUNT_INTERVALS[question.interval]}. Nothing was added to any cell."
    return text[:1].upper() + text[1:]


def notes(question: Question, found: Solution, cells: Cells, mean_share: float) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    k, said = len(cells["events"]), []
    if found.by != "search":
        said += _edge(question, found, cells)
    if found.by == "alone":
        said.append("With one study nothing can be said about differences between studies.")
    elif found.by == "edge" or question.method == "common":
        said.append("One value common to all studies was assumed: the interval says nothing about others.")
    if found.by != "search" or question.method == "common":
        return tuple(said)
    if k < FEW:
        said.append(
            f"With {k} studies the spread between them is hardly known, and every number that rests on it is "
            "uncertain."
        )
    if k == 2:
        said.append("A prediction interval needs three studies.")
    if found.tau == 0 and found.tau_high > 0:
        said.append(
            "No spread between studies was found; with few events that does not say there is none: "
            "its standard "
            f"deviation on the log scale could be up to {number(found.tau_high)}."
        )
    if question.measure == "proportion" and abs(mean_share - 1 / (1 + math.exp(-found.value))) > APART:
        said.append(
            "The pooled share is that of a typical study, half of them lying above; the mean share "
            "over studies "
            f"of this spread is {percent(mean_share)}."
        )
    return tuple(said)


def _edge(question: Question, found: Solution, cells: Cells) -> list[str]:
    """Say how high the truth could be where nothing was seen."""
    exact, what = found.exact, counted(question, cells)
    reads = COUNT_MEASURES[question.measure].reads
    if question.measure == "proportion" and exact.value in (0, 1):
        bound = f"up to {percent(exact.high)}" if exact.value == 0 else f"as low as {percent(exact.low)}"
        return [f"{what}: the true share could be {bound}."]
    if question.measure == "rate" and exact.value == 0:
        return [f"{what}: the true rate could be up to {exact.high:.3g} per year."]
    if question.compares and exact.value == 0:
        return [f"{what}: the true {reads} could be up to {exact.high:.3g}; it has no lower bound but 0."]
    if question.compares and math.isinf(exact.value):
        return [f"{what}: the true {reads} could be as low as {exact.low:.3g}; it has no upper bound."]
    return []
