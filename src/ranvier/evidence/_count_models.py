"""The models of counts by name: which family, which parameters, and the words for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.evidence._count_families import (
    Arm,
    Binomial,
    Hypergeometric,
    Poisson,
    TwoArms,
)
from ranvier.evidence._count_fit import CountModel, Maximum, maximise, maximise_from
from ranvier.evidence._measures import Cells

__all__ = [
    "COUNT_MEASURES",
    "COUNT_MODELS",
    "CountMeasure",
    "build",
    "conditional_family",
    "fit_common",
    "fit_random",
    "uninformative",
]

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

COUNT_MODELS = {
    "binomial-normal": "binomial counts in each study, log odds normal between studies",
    "poisson-normal": "Poisson counts in each study, log rates normal between studies",
    "conditional": "events of the first arm given those of both arms, log ratios normal between studies",
    "conditional approximate": "events of the first arm given those of both arms, taken as binomial, "
    "which holds "
    "when events are rare; log odds ratios normal between studies",
    "unconditional": "counts of both arms, a level of its own for each study, log ratios normal "
    "between studies",
    "unconditional random": "counts of both arms, levels and log ratios normal between studies, "
    "independent of "
    "each other",
}
"""How counts are modelled, by name."""


@dataclass(frozen=True, kw_only=True)
class CountMeasure:
    """How a measure made of counts is modelled and read.

    Parameters
    ----------
    counts : str
        What the table has to hold, as for effect sizes.
    models : tuple of str
        Its models, the default first.
    reads : str
        What the number is.
    unit : str
        Its unit; "share" is printed in percent.
    code : str
        Code of the same measure in metafor.
    """

    counts: str
    models: tuple[str, ...]
    reads: str
    unit: str
    code: str


_TWO = ("conditional", "unconditional", "unconditional random")
COUNT_MEASURES = {
    "proportion": CountMeasure(
        counts="shares", models=("binomial-normal",), reads="share of patients", unit="share", code="PLO"
    ),
    "rate": CountMeasure(
        counts="rates", models=("poisson-normal",), reads="events per patient-year", unit="", code="IRLN"
    ),
    "odds ratio": CountMeasure(
        counts="two shares",
        models=(_TWO[0], "conditional approximate", *_TWO[1:]),
        reads="odds ratio",
        unit="",
        code="OR",
    ),
    "rate ratio": CountMeasure(counts="two rates", models=_TWO, reads="rate ratio", unit="", code="IRR"),
}

STARTS = (0.4, 1.5)
"""Standard deviations between studies from which the likelihood is climbed, beside 0: it can have two
maxima."""
PRIMER = 0.5
"""What is added to counts to find where a search starts; it does not enter the result."""


def conditional_family(measure: str, model: str, cells: Cells) -> Binomial | Hypergeometric:
    """Give the events of the first arm given those of both; the only unknown is the log ratio."""
    x, y = cells["events"], cells["events_control"]
    if measure == "odds ratio" and model != "conditional approximate":
        return Hypergeometric(x, cells["n"], y, cells["n_control"])
    size = "years" if measure == "rate ratio" else "n"
    return Binomial(x, x + y, np.log(cells[size] / cells[f"{size}_control"]))


def uninformative(measure: str, cells: Cells) -> Truths:
    """Say which studies of two arms hold no information on the ratio whatever it is."""
    both = cells["events"] + cells["events_control"]
    silent: Truths = both == 0
    if measure == "odds ratio":
        silent |= both == cells["n"] + cells["n_control"]
    return silent


def build(measure: str, model: str, cells: Cells) -> tuple[CountModel, Floats]:
    """Give the model of the studies and a start; first parameter the pooled value, last the spread.

    Parameters
    ----------
    measure : str
        One of `COUNT_MEASURES`.
    model : str
        One of its models.
    cells : mapping
        Counts by column.

    Returns
    -------
    tuple of CountModel and ndarray
        The model, and where a search starts with a spread of 0.
    """
    k = len(cells["events"])
    if not model.startswith("unconditional"):
        family = _one_dimension(measure, model, cells)
        middle = 0.0 if model.startswith("conditional") else _level(_arm(measure, cells, ""))
        return CountModel(family, np.ones((k, 1, 1)), ((0, 0),), (1, 1)), np.array([middle, 0.0])
    first, control = (_arm(measure, cells, suffix) for suffix in ("", "_control"))
    levels = np.array([_level(first), _level(control)])
    middle, difference = float(levels.mean()), float(levels[0] - levels[1])
    both = TwoArms(first, control)
    if model == "unconditional random":
        means = np.zeros((k, 2, 2))
        means[:, 0, 1] = means[:, 1, 0] = 1.0
        start = np.array([difference, middle, 0.5, 0.0])
        return CountModel(both, means, ((0, 0), (1, 1)), (2, 2)), start
    means = np.zeros((k, 2, k + 1))
    means[:, 1, 0] = 1.0
    means[np.arange(k), 0, 1 + np.arange(k)] = 1.0
    own = (first.start(PRIMER) + control.start(PRIMER)) / 2
    return CountModel(both, means, ((1, 0),), (2, 1)), np.concatenate([[difference], own, [0.0]])


def fit_common(model: CountModel, start: Floats) -> Maximum:
    """Give the peak with one value common to all studies."""
    free = np.ones(model.size, dtype=bool)
    free[-1] = False
    return maximise(model, start, free)


def fit_random(model: CountModel, common: Maximum) -> Maximum:
    """Give the peak with a spread between studies; standard deviations come back positive."""
    starts = [common.place]
    for spread in STARTS:
        begin = common.place.copy()
        begin[-1] = spread
        starts.append(begin)
    peak = maximise_from(model, starts)
    place = peak.place.copy()
    roots = slice(model.means.shape[2], None)
    # Turning a standard deviation round changes nothing but the sign of what belongs to it.
    sign = np.ones(model.size)
    sign[roots] = np.where(place[roots] < 0, -1.0, 1.0)
    return Maximum(
        place * sign,
        peak.log_likelihood,
        peak.slope * sign,
        peak.information * np.outer(sign, sign),
        peak.by_study * np.outer(sign, sign),
    )


def _arm(measure: str, cells: Cells, suffix: str) -> Arm:
    x = cells[f"events{suffix}"]
    if measure.startswith("rate"):
        return Poisson(x, cells[f"years{suffix}"])
    return Binomial(x, cells[f"n{suffix}"], np.zeros(len(x)))


def _one_dimension(measure: str, model: str, cells: Cells) -> Binomial | Poisson | Hypergeometric:
    if model.startswith("conditional"):
        return conditional_family(measure, model, cells)
    return _arm(measure, cells, "")


def _level(arm: Arm) -> float:
    """Give the log odds or the log rate of all studies together, near enough to start from."""
    return float(arm.together().start(PRIMER)[0])
