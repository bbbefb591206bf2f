"""The registry: ten tables of facts, each row with its source."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.evidence.placebo import PlaceboResponse, nearest
from ranvier.evidence.study import Study
from ranvier.result import json_ready, plural

__all__ = ["TABLE_FILES", "Registry", "registry", "typed"]

TABLE_FILES: dict[str, str] = {
    "studies": "studies.csv",
    "arms": "arms.csv",
    "outcomes": "outcomes.csv",
    "safety": "safety.csv",
    "contradictions": "contradictions.csv",
    "endpoints": "endpoint_definitions.csv",
    "patients": "patients_partial.csv",
    "sources": "sources.csv",
    "centres": "centres.csv",
    "natural_history": "natural_history.csv",
}
"""Every table of a registry, and the file that it stands in."""
_WHOLE = [
    "year",
    "n_enrolled",
    "n_treated",
    "n_control",
    "n_evaluable",
    "n_rrms",
    "n_spms",
    "n_ppms",
    "n_prms",
    "n_nmosd",
    "n_aqp4_pos",
    "n_female",
    "n_randomised",
    "n_completed",
    "n_events",
    "n",
    "n_at_risk",
    "n_rows",
    "n_centres",
    "relapses_during",
]
_DECIMAL = [
    "edss_base",
    "edss_base_sd",
    "edss_base_lo",
    "edss_base_hi",
    "disease_duration_years",
    "follow_up_months",
    "sd",
    "ci_lo",
    "ci_hi",
    "ci_low",
    "ci_high",
]
_MIXED = ("value", "timepoint_months", "edss_change", "timeframe_months", "p_value")
"""Columns that hold numbers and words; a column `<name>_number` with the numbers stands beside each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Registry:
    """What studies of cell therapy in MS and NMOSD reported, and where each value was read.

    Parameters
    ----------
    studies, arms, outcomes, safety, contradictions, endpoints, patients, sources, centres : polars.DataFrame
        The tables; their columns stand in the README of the packaged data.
    natural_history : polars.DataFrame
        Numbers on the course without treatment, on recovery and on examiners.

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.evidence.registry()
    >>> found.study("dahbour2017").label, found.study("dahbour2017").control
    ('Dahbour 2017', 'uncontrolled')
    """

    studies: pl.DataFrame
    arms: pl.DataFrame
    outcomes: pl.DataFrame
    safety: pl.DataFrame
    contradictions: pl.DataFrame
    endpoints: pl.DataFrame
    patients: pl.DataFrame
    sources: pl.DataFrame
    centres: pl.DataFrame
    natural_history: pl.DataFrame

    def study(self, study_id: str) -> Study:
        """Give one study.

        Parameters
        ----------
        study_id : str
            Key of the study, such as "dahbour2017".

        Returns
        -------
        Study
            The study, with the class of control that its design has.

        Raises
        ------
        InputError
            When the registry has no such study.
        """
        require_choice("study", study_id, self._made)
        return self._made[study_id]

    def names(self) -> dict[str, str]:
        """Give every study a name that no other has.

        Returns
        -------
        dict
            Keys to author and year; where two studies share these, what their keys add stands in brackets.
        """
        labels = {key: study.label for key, study in self._made.items()}
        every = list(labels.values())
        return {
            key: f"{label} ({key.partition('_')[2].upper() or key})" if every.count(label) > 1 else label
            for key, label in labels.items()
        }

    def arms_of(self, study_id: str) -> pl.DataFrame:
        """Give the arms of one study.

        Parameters
        ----------
        study_id : str
            Key of the study.

        Returns
        -------
        polars.DataFrame
            Rows of `arms`.
        """
        return self._of("arms", study_id)

    def outcomes_of(self, study_id: str, outcome: str | None = None) -> pl.DataFrame:
        """Give the results of one study.

        Parameters
        ----------
        study_id : str
            Key of the study.
        outcome : str, optional
            One outcome; all when None.

        Returns
        -------
        polars.DataFrame
            Rows of `outcomes`, in the order of the table.
        """
        rows = self._of("outcomes", study_id)
        return rows if outcome is None else rows.filter(pl.col("outcome") == outcome)

    def safety_of(self, study_id: str) -> pl.DataFrame:
        """Give the safety counts and statements of one study.

        Parameters
        ----------
        study_id : str
            Key of the study.

        Returns
        -------
        polars.DataFrame
            Rows of `safety`.
        """
        return self._of("safety", study_id)

    def contradictions_of(self, study_id: str) -> pl.DataFrame:
        """Give the disagreements between sources about one study.

        Parameters
        ----------
        study_id : str
            Key of the study.

        Returns
        -------
        polars.DataFrame
            Rows of `contradictions`; a row about two studies ("a/b") is found under each.
        """
        require_choice("study", study_id, self.studies["study_id"])
        return self.contradictions.filter(pl.col("study_id").str.split("/").list.contains(study_id))

    def overlapping(self, study_id: str) -> list[Study]:
        """Give the other studies that share, or may share, patients with this one.

        Parameters
        ----------
        study_id : str
            Key of the study.

        Returns
        -------
        list of Study
            The other members of its overlap group; empty when it has none.
        """
        group = self.study(study_id).overlap_group
        if group is None:
            return []
        members = self.studies.filter(pl.col("overlap_group") == group)["study_id"].to_list()
        return [self.study(member) for member in members if member != study_id]

    def natural(self, fact_id: str) -> dict[str, Any]:
        """Give one number on the course without treatment.

        Parameters
        ----------
        fact_id : str
            Key in `natural_history`, such as "RTM_PRE".

        Returns
        -------
        dict
            Column names to values; `value_number` is the value as a number.

        Raises
        ------
        InputError
            When there is no such number.
        """
        require_choice("natural-history fact", fact_id, self.natural_history["id"])
        return self.natural_history.filter(pl.col("id") == fact_id).row(0, named=True)

    def placebo_response(
        self,
        *,
        disease: str,
        route: str | None,
        cell_class: str,
        response: str = "improved",
        level: float = 0.95,
    ) -> PlaceboResponse:
        """Give the share that responded on placebo in the nearest randomised trial.

        Parameters
        ----------
        disease : {"MS", "NMOSD", "mixed"}
            Disease; only trials in the same disease are looked at.
        route : str or None
            Route of the cells, such as "IT"; None = not known.
        cell_class : str
            Cell class; aHSCT is never compared with other cells.
        response : str
            What counts as a response, one of `RESPONSE_OUTCOMES`.
        level : float
            Confidence level.

        Returns
        -------
        PlaceboResponse
            The share with its interval and why this trial was chosen, or the reason why there is none.

        Examples
        --------
        >>> import ranvier as rv
        >>> found = rv.evidence.registry().placebo_response(disease="MS", route="IT", cell_class="MSC")
        >>> found.study_label, found.events, found.n
        ('Harris 2024', 10, 27)
        """
        return nearest(self, (disease, route, cell_class), response=response, level=level)

    def explain(self) -> str:
        """Say in plain sentences what the registry holds.

        Returns
        -------
        str
            Sentences.
        """
        made = [self.study(study_id) for study_id in self.studies["study_id"]]
        random = [study for study in made if study.randomised and study.has_result]
        return (
            f"{plural(len(made), 'study', 'studies')} of cell therapy in MS and NMOSD, {len(random)} of them "
            f"randomised and reported; {plural(self.outcomes.height, 'result')} and "
            f"{plural(self.safety.height, 'safety count')} from {plural(self.sources.height, 'source')}; "
            f"{plural(self.contradictions.height, 'disagreement')} between sources. "
            "An empty cell means not seen, never zero. aHSCT is kept apart from all other cells."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every table as a list of rows, JSON-ready.

        Returns
        -------
        dict
            Table names to rows.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in TABLE_FILES})
        return ready

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{escape(name)}: {getattr(self, name).height} rows</li>" for name in TABLE_FILES)
        return f"<p><strong>Evidence registry</strong>: {escape(self.explain())}</p><ul>{rows}</ul>"

    @functools.cached_property
    def _made(self) -> dict[str, Study]:
        """Every study by its key; tables do not change, so that each is made once."""
        centres = dict(self.centres.select("study_id", "n_centres").iter_rows())
        rows = self.studies.iter_rows(named=True)
        return {row["study_id"]: Study.from_row(row, centres.get(row["study_id"])) for row in rows}

    def _of(self, name: str, study_id: str) -> pl.DataFrame:
        require_choice("study", study_id, self.studies["study_id"])
        frame: pl.DataFrame = getattr(self, name)
        return frame.filter(pl.col("study_id") == study_id)


def registry() -> Registry:
    """Give the packaged evidence registry.

    Returns
    -------
    Registry
        The tables; the same object every time, and nothing in it can be changed.

    Raises
    ------
    InputError
        When a packaged file is damaged.

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.evidence.registry().studies.height
    66
    """
    return _load()


@functools.cache
def _load() -> Registry:
    return Registry(**{name: _read(file) for name, file in TABLE_FILES.items()})


def _read(file: str) -> pl.DataFrame:
    with (resources.files("ranvier.evidence") / "data" / file).open("rb") as stream:
        return typed(pl.read_csv(stream.read(), infer_schema=False), file)


def typed(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """Give the cells of a table as numbers where its columns hold numbers.

    Parameters
    ----------
    frame : polars.DataFrame
        Cells as text.
    file : str
        Name of the file, for the message.

    Returns
    -------
    polars.DataFrame
        The same columns typed; beside each that holds numbers and words stands one with the numbers.

    Raises
    ------
    InputError
        When a cell that must be a number is none.
    """
    kinds = dict.fromkeys(_WHOLE, pl.Int64) | dict.fromkeys(_DECIMAL, pl.Float64)
    for name in (name for name in frame.columns if name in kinds):
        wrong = frame[name].cast(kinds[name], strict=False).is_null() & frame[name].is_not_null()
        if wrong.any():
            row = int(wrong.arg_true()[0])
            raise InputError(
                f"{file}, row {row + 2}, column {name!r}: {frame[name][row]!r} is not a "
                f"{'whole ' if kinds[name] == pl.Int64 else ''}number; leave the cell empty when not known."
            )
    mixed = [name for name in _MIXED if name in frame.columns]
    return frame.with_columns(
        *(pl.col(name).cast(kind) for name, kind in kinds.items() if name in frame.columns),
        *(pl.col(name).cast(pl.Float64, strict=False).alias(f"{name}_number") for name in mixed),
    )
