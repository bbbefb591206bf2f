"""The share that responds on placebo, in the nearest randomised trial of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import require_choice
from ranvier.evidence.study import CELL_FAMILIES, CHEMOTHERAPY, Study
from ranvier.result import Estimate, json_ready
from ranvier.stats import proportion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ranvier.evidence.collection import Registry

__all__ = ["RESPONSE_OUTCOMES", "PlaceboResponse", "nearest"]

RESPONSE_OUTCOMES: dict[str, tuple[str, ...]] = {
    "improved": ("edss_improved", "edss_plus_improved", "clinical_improved"),
    "stable": ("edss_stable",),
    "relapse_free": ("relapse_free",),
}
"""What counts as the same kind of response: outcome names of the registry, the nearest first."""

_PLACEBO_WORDS = ("placebo", "saline", "sham")


@dataclass(frozen=True, kw_only=True)
class PlaceboResponse:
    """The share that responded on placebo in the nearest randomised trial, or why there is none.

    Parameters
    ----------
    response : str
        Kind of response asked for, one of `RESPONSE_OUTCOMES`.
    reason : str
        Why this trial was chosen, or why there is none.
    study_id, study_label, arm_label, outcome, definition, unit, source_url, certainty : str, optional
        The trial, its control arm and its outcome; None when there is none.
    months : float, optional
        Month of the result.
    events, n : int, optional
        Counts of the control arm.
    estimate : Estimate, optional
        The share with its exact interval.
    """

    response: str
    reason: str
    study_id: str | None = None
    study_label: str | None = None
    arm_label: str | None = None
    outcome: str | None = None
    definition: str | None = None
    months: float | None = None
    events: int | None = None
    n: int | None = None
    unit: str | None = None
    estimate: Estimate | None = None
    source_url: str | None = None
    certainty: str | None = None

    def explain(self) -> str:
        """Say in plain sentences which trial was chosen, its share, and how near it is.

        Returns
        -------
        str
            Sentences.
        """
        if self.estimate is None:
            return f"Share on placebo: none can be shown, because {self.reason}."
        return (
            f"Share on {self.arm_label} in {self.study_label}: {self.events} of {self.n} {self.unit}, "
            f"{self.estimate.text()}. Chosen because {self.reason}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share with its interval; empty axes with the reason when there is none.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if self.estimate is not None:
            return self.estimate.plot(ax)
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 1.5)).add_subplot()
        ax.set_title(self.explain(), fontsize=8)
        return ax

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.explain())}</p>"


def nearest(
    source: Registry, wanted: tuple[str, str | None, str], *, response: str, level: float
) -> PlaceboResponse:
    """Choose the nearest randomised trial and give the share that responded in its control arm.

    Parameters
    ----------
    source : Registry
        Where to look.
    wanted : tuple of str
        Disease, route (or None) and cell class.
    response : str
        One of `RESPONSE_OUTCOMES`.
    level : float
        Confidence level.

    Returns
    -------
    PlaceboResponse
        The share, or the reason why there is none.
    """
    disease, _, cell_class = wanted
    require_choice("disease", disease, ("MS", "NMOSD", "mixed"))
    require_choice("cell_class", cell_class, CELL_FAMILIES)
    require_choice("response", response, RESPONSE_OUTCOMES)
    studies = [source.study(study_id) for study_id in source.studies["study_id"]]
    trials = [study for study in studies if study.randomised and study.disease == disease]
    chemotherapy = CELL_FAMILIES[cell_class] == CHEMOTHERAPY
    usable = [study for study in trials if study.has_result and study.is_chemotherapy == chemotherapy]
    if not usable:
        return PlaceboResponse(response=response, reason=_why_none(disease, cell_class, trials))
    rows = [(study, row) for study in usable for row in _control_rows(source, study, response)]
    if not rows:
        counted = f"no randomised trial in {disease} of the registry gives a count of this outcome on placebo"
        return PlaceboResponse(response=response, reason=counted)
    study, row = min(rows, key=lambda pair: _distance(pair[0], pair[1], wanted, response))
    return _answer(study, row, wanted, response=response, level=level)


def _control_rows(source: Registry, study: Study, response: str) -> list[dict[str, Any]]:
    arms = source.arms_of(study.study_id).filter(pl.col("arm_role") == "control")
    labels = {row["arm_id"]: row["label"] for row in arms.iter_rows(named=True)}
    on_placebo = [
        arm for arm, label in labels.items() if any(word in label.lower() for word in _PLACEBO_WORDS)
    ]
    rows = source.outcomes_of(study.study_id).filter(
        pl.col("arm_id").is_in(on_placebo)
        & pl.col("outcome").is_in(RESPONSE_OUTCOMES[response])
        & (pl.col("statistic") == "count")
        & (pl.col("certainty") != "D")
    )
    return [row | {"arm_label": labels[row["arm_id"]]} for row in rows.iter_rows(named=True)]


def _distance(
    study: Study, row: dict[str, Any], wanted: tuple[str, str | None, str], response: str
) -> tuple[Any, ...]:
    """Order trials: family of cells, then route, then outcome, then certainty of source, then patients."""
    _, route, cell_class = wanted
    return (
        study.family != CELL_FAMILIES[cell_class],
        not _shares_route(study.route, route),
        RESPONSE_OUTCOMES[response].index(row["outcome"]),
        row["certainty"],
        -row["n"],
        study.study_id,
    )


def _shares_route(one: str | None, other: str | None) -> bool:
    return bool(one and other and set(_routes(one)) & set(_routes(other)))


def _routes(text: str) -> list[str]:
    return text.replace("+", " ").replace(",", " ").split()


def _why_none(disease: str, cell_class: str, trials: list[Study]) -> str:
    patients = "MS and NMOSD together" if disease == "mixed" else disease
    none = f"no randomised trial in {patients} with a result is in the registry"
    if any(trial.has_result for trial in trials):
        kept = "aHSCT" if cell_class == CHEMOTHERAPY else "cells without chemotherapy"
        return f"{none} for {kept}; aHSCT and other cells are never compared"
    chemotherapy = CELL_FAMILIES[cell_class] == CHEMOTHERAPY
    same = [trial for trial in trials if trial.is_chemotherapy == chemotherapy]
    planned = [f"{trial.label}, {trial.n_registered} planned" for trial in same if trial.n_registered]
    return f"{none}; seen is only a protocol ({'; '.join(planned)})" if planned else none


def _answer(
    study: Study, row: dict[str, Any], wanted: tuple[str, str | None, str], *, response: str, level: float
) -> PlaceboResponse:
    disease, route, cell_class = wanted
    cycles = "patient-cycles" in (row["definition"] or "")
    route_text = (
        f"the same route ({route})"
        if _shares_route(study.route, route)
        else f"another route ({study.route}; asked for: {route or 'not known'})"
    )
    family = (
        "the same family of cells" if study.family == CELL_FAMILIES[cell_class] else "another family of cells"
    )
    outcome = "the same outcome" if row["outcome"] == RESPONSE_OUTCOMES[response][0] else "a related outcome"
    return PlaceboResponse(
        response=response,
        reason=(
            f"it is a randomised trial in the same disease ({disease}), with {family} ({study.cell_class}), "
            f"{route_text} and {outcome} ({row['outcome']})"
        ),
        study_id=study.study_id,
        study_label=study.label,
        arm_label=row["arm_label"],
        outcome=row["outcome"],
        definition=row["definition"],
        months=row["timepoint_months_number"],
        events=row["n_events"],
        n=row["n"],
        unit="patient-cycles" if cycles else "patients",
        estimate=proportion(
            row["n_events"], row["n"], level=level, quantity=f"share on {row['arm_label']} in {study.label}"
        ),
        source_url=row["source_url"],
        certainty=row["certainty"],
    )
