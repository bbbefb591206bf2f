"""One set of numbers for each course of the disease, each with its source or marked as an assumption."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ranvier.errors import DefinitionError, InputError, require_choice
from ranvier.simulate.matrices import COURSES, TransitionMatrix
from ranvier.simulate.published_numbers import parameter

__all__ = ["NMOSD", "PHENOTYPES", "PPMS", "RRMS", "SPMS", "VALUE_KINDS", "Phenotype", "Value", "phenotype"]

VALUE_KINDS = ("published", "calibrated", "assumption")
"""Where a number of a phenotype comes from: read in a source; chosen so that the simulation gives published
numbers; or assumed, with a range."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """One number of the model, with where it comes from.

    Parameters
    ----------
    value : float
        The number.
    unit : str
        Its unit.
    kind : {"published", "calibrated", "assumption"}
        Where it comes from.
    sources : tuple of str
        Ids of `simulate.parameters`: the number itself when published, the numbers met when calibrated.
    low, high : float, optional
        Range of an assumption.
    note : str
        What a reader must know about it.

    Raises
    ------
    DefinitionError
        When the number is not finite or below 0, a source is missing or unknown, or an assumption has no
        range around it.
    """

    value: float
    unit: str
    kind: str
    sources: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        require_choice("kind of value", self.kind, VALUE_KINDS)
        if not 0 <= self.value < math.inf:
            raise DefinitionError(f"a value of {self.value!r} {self.unit}; it must be finite and 0 or more.")
        for source in self.sources:
            parameter(source)
        if self.kind == "assumption":
            if self.low is None or self.high is None or not self.low <= self.value <= self.high:
                raise DefinitionError(
                    f"the assumption of {self.value:g} {self.unit} has the range {self.low} to {self.high}; "
                    "give low and high around it."
                )
        elif not self.sources:
            raise DefinitionError(f"{self.value:g} {self.unit} is {self.kind} but names no parameter.")

    def text(self) -> str:
        """Say the number with where it comes from.

        Returns
        -------
        str
            A phrase.

        Examples
        --------
        >>> RRMS.recovery_days.text()
        '60 days (assumption, 43 to 87; see REC_TAU)'
        """
        origin = ", ".join(self.sources)
        if self.kind == "assumption":
            origin = f", {self.low:g} to {self.high:g}" + (f"; see {origin}" if origin else "")
            return f"{self.value:g} {self.unit} (assumption{origin})"
        return f"{self.value:g} {self.unit} ({self.kind}: {origin})"


@dataclass(frozen=True, kw_only=True)
class Phenotype:
    """All numbers of one course of the disease.

    Parameters
    ----------
    name : {"RRMS", "SPMS", "PPMS", "NMOSD"}
        Course.
    relapse_rate : Value
        Mean relapses (attacks) per year of all patients, before any selection.
    relapse_size : Value
        Size k of the gamma distribution of the patients' own rates; small = they differ much.
    peak_mean, peak_shape : Value
        Mean (EDSS points) and shape of the gamma distribution of the rise at a relapse.
    residual_a, residual_b : Value
        The two parameters of the beta distribution of the part of the rise that stays.
    recovery_days : Value
        Days after which the part that goes has fallen to 1/e.
    steps_per_year : Value
        Relapse-independent steps per year: +1.0 below 5.5, +0.5 from 5.5.
    fluctuation_low, fluctuation_high : Value
        SD of the slow fluctuation within a patient, EDSS points, in the two scenarios.
    fluctuation_days : Value
        Days after which the correlation of the fluctuation has fallen to 1/e.
    new_t2_per_year, new_t2_shape, lesion_memory : Value, optional
        New T2 lesions per year; shape of the gamma distribution of the activity of a month; correlation of
        the activity of one month with the next. None = scans are not simulated.
    matrix : TransitionMatrix, optional
        Engine of the EDSS in place of the numbers above, see `with_matrix`.
    """

    name: str
    relapse_rate: Value
    relapse_size: Value
    peak_mean: Value
    peak_shape: Value
    residual_a: Value
    residual_b: Value
    recovery_days: Value
    steps_per_year: Value
    fluctuation_low: Value
    fluctuation_high: Value
    fluctuation_days: Value
    new_t2_per_year: Value | None = None
    new_t2_shape: Value | None = None
    lesion_memory: Value | None = None
    matrix: TransitionMatrix | None = None

    def __post_init__(self) -> None:
        require_choice("phenotype", self.name, COURSES)
        for name in ("relapse_size", "peak_mean", "peak_shape", "residual_a", "residual_b"):
            self._above_zero(name)
        self._above_zero("recovery_days")
        self._above_zero("fluctuation_days")
        if self.fluctuation_low.value > self.fluctuation_high.value:
            raise DefinitionError(f"{self.name}: fluctuation_low is above fluctuation_high.")
        scans = (self.new_t2_per_year, self.new_t2_shape, self.lesion_memory)
        if any(part is None for part in scans) and any(part is not None for part in scans):
            raise DefinitionError(f"{self.name}: give all three numbers on lesions, or none of them.")
        if self.lesion_memory is not None and not self.lesion_memory.value < 1:
            raise DefinitionError(f"{self.name}: lesion_memory is {self.lesion_memory.value}; it must be <1.")
        if self.matrix is not None and self.matrix.phenotype != self.name:
            raise DefinitionError(
                f"{self.name}: the matrix is of {self.matrix.phenotype}; give one of {self.name}."
            )

    def _above_zero(self, name: str) -> None:
        if not getattr(self, name).value > 0:
            raise DefinitionError(f"{self.name}: {name} is {getattr(self, name).value}; it must be above 0.")

    @property
    def disease(self) -> str:
        """Give "NMOSD" or "MS"."""
        return "NMOSD" if self.name == "NMOSD" else "MS"

    @property
    def relapsing(self) -> bool:
        """Tell whether recovery from an attack can be mistaken for an improvement."""
        return self.relapse_rate.value > 0

    def with_matrix(self, matrix: TransitionMatrix) -> Phenotype:
        """Give the same course with its EDSS driven by a transition matrix.

        Parameters
        ----------
        matrix : TransitionMatrix
            Of the same course.

        Returns
        -------
        Phenotype
            For `natural_history` and `Group`; attacks, lesions and eyes stay as they are.

        Raises
        ------
        InputError
            When something else is given.
        DefinitionError
            When the matrix is of another course.

        Notes
        -----
        The true EDSS is a Markov chain on the states of the matrix, from a state that is equally likely among
        those near the EDSS asked for. Every cause of change is in the matrix: relapses still happen and are
        counted, but neither they nor relapse-independent steps nor fluctuation move the EDSS on top of it. A
        relapse before entry leaves no recovery, and a visit at a relapse shows no rise. Entry criteria hold
        for the EDSS written at the baseline, with the error of the examiner (none when the matrix contains
        it). Of an effect, `relapse_ratio` changes relapses only, `progression_ratio` multiplies each chance
        of a rise, and `edss_shift` is added to the state.

        Examples
        --------
        >>> stays = TransitionMatrix(
        ...     phenotype="PPMS", states=(4.0, 6.0), probabilities=((0.9, 0.1), (0.2, 0.8)), cycle_days=365.25
        ... )
        >>> PPMS.with_matrix(stays).matrix.cycle_days
        365.25
        """
        if not isinstance(matrix, TransitionMatrix):
            raise InputError(
                f"matrix is a {type(matrix).__name__}; give a TransitionMatrix, as read_matrix does."
            )
        return dataclasses.replace(self, matrix=matrix)

    def values(self) -> dict[str, Value]:
        """Give every number by its name.

        Returns
        -------
        dict
            Field names to values; numbers that the course does not have are left out.
        """
        fields = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {name: value for name, value in fields if isinstance(value, Value)}

    def explain(self) -> str:
        """Say every number with where it comes from.

        Returns
        -------
        str
            One line each.

        Examples
        --------
        >>> print(NMOSD.explain().splitlines()[1])
        relapse rate: 1.12 per year (published: D_NMOSD_FRAILTY)
        """
        lines = [f"{self.name}:"]
        for name, value in self.values().items():
            lines.append(f"{name.replace('_', ' ')}: {value.text()}" + (f". {value.note}" * bool(value.note)))
        if self.matrix is not None:
            lines.insert(1, self.matrix.explain())
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


def _assumed(value: float, unit: str, low: float, high: float, note: str = "", *sources: str) -> Value:
    return Value(value=value, unit=unit, kind="assumption", low=low, high=high, note=note, sources=sources)


def _calibrated(value: float, unit: str, *sources: str, note: str = "") -> Value:
    return Value(value=value, unit=unit, kind="calibrated", sources=sources, note=note)


def _published(value: float, unit: str, *sources: str, note: str = "") -> Value:
    return Value(value=value, unit=unit, kind="published", sources=sources, note=note)


_AFFIRM_COUNTS = tuple(f"SIM_AFFIRM_YEAR1_{count}" for count in range(5))
_RISE = tuple(
    f"REC_AFFIRM_placebo_{name}_at_relapse"
    for name in ("EDSS_rise_>=0.5", "EDSS_rise_>=1.0", "mean_EDSS_rise")
)
_RESIDUAL = ("REC_AFFIRM_placebo_residual_>=0.5", "REC_AFFIRM_placebo_mean_residual")
_FEW_STEPS = (
    "Relapses alone give the mean change of AFFIRM, 0.27 in 2 years (0.11 to 0.43); its interval allows up "
    "to 0.08."
)
_SLOW = "No source."
_MEMORY = _assumed(
    0.9, "correlation from month to month", 0.8, 0.97, "No source; it says how long an active spell lasts."
)
_SIZE = (
    "Fitted to those who entered AFFIRM as if all patients could; allowing for a relapse needed to enter, "
    "smaller sizes down to 0.3 fit slightly better."
)
_CHOSEN = "A relapse or more in the year before entry is taken as AFFIRM's rule; it was not read in a source."

RRMS = Phenotype(
    name="RRMS",
    relapse_rate=_calibrated(0.453, "per year", *_AFFIRM_COUNTS, note=_CHOSEN),
    relapse_size=_published(1.237, "size", "D_RELAPSE_K", note=_SIZE),
    peak_mean=_calibrated(1.162, "EDSS points", *_RISE),
    peak_shape=_calibrated(1.96, "shape", *_RISE),
    residual_a=_calibrated(0.229, "shape", *_RESIDUAL),
    residual_b=_calibrated(0.996, "shape", *_RESIDUAL),
    recovery_days=_assumed(
        60,
        "days",
        43,
        87,
        "63 % of what goes has gone after 60 days; the source says 'the majority'.",
        "REC_TAU",
    ),
    steps_per_year=_assumed(0.02, "per year", 0.0, 0.08, _FEW_STEPS, "AFFIRM_DEDSS"),
    fluctuation_low=_assumed(0.3, "EDSS points", 0.0, 0.5, "The least identified number of the model."),
    fluctuation_high=_assumed(0.5, "EDSS points", 0.3, 0.7, "The least identified number of the model."),
    fluctuation_days=_assumed(180, "days", 90, 365, _SLOW),
    new_t2_per_year=_calibrated(5.5, "per year", "SIM_AFFIRM_T2_MEAN"),
    new_t2_shape=_calibrated(0.134, "shape", "SIM_AFFIRM_T2_MEAN", "SIM_AFFIRM_T2_ZERO"),
    lesion_memory=_MEMORY,
)
"""Relapsing-remitting MS."""

SPMS = dataclasses.replace(
    RRMS,
    name="SPMS",
    relapse_rate=_assumed(0.15, "per year", 0.05, 0.3, "Relapse rates of economic models are far above it."),
    steps_per_year=_calibrated(0.118, "per year", "SIM_EXPAND_CDP3"),
    fluctuation_low=_assumed(0.15, "EDSS points", 0.0, 0.3, "The least identified number of the model."),
    fluctuation_high=_assumed(0.25, "EDSS points", 0.15, 0.5, "The least identified number of the model."),
    new_t2_per_year=_assumed(1.5, "per year", 0.5, 3.0, "No source; below relapsing MS."),
)
"""Secondary progressive MS; a relapse is as in relapsing-remitting MS."""

PPMS = dataclasses.replace(
    SPMS,
    name="PPMS",
    relapse_rate=_assumed(0.0, "per year", 0.0, 0.05, "By definition of the course."),
    steps_per_year=_assumed(
        SPMS.steps_per_year.value, "per year", 0.1, 0.5, "That of SPMS; PPMS_RATE is only compared with it."
    ),
    new_t2_per_year=_assumed(1.0, "per year", 0.3, 2.0, "No source; below relapsing MS."),
)
"""Primary progressive MS; no relapses."""

NMOSD = Phenotype(
    name="NMOSD",
    relapse_rate=_published(1.12, "per year", "D_NMOSD_FRAILTY"),
    relapse_size=_published(1.57, "size", "D_NMOSD_FRAILTY"),
    peak_mean=_assumed(2.5, "EDSS points", 1.5, 3.5, "No source."),
    peak_shape=_assumed(2.0, "shape", 1.0, 4.0, "No source."),
    residual_a=_calibrated(0.5, "shape", "NMO_PERATTACK", note="Mean residual of an attack, 0.30."),
    residual_b=_calibrated(3.612, "shape", "NMO_PERATTACK", note="Mean residual of an attack, 0.30."),
    recovery_days=_assumed(90, "days", 45, 180, "No source."),
    steps_per_year=_published(0.0, "per year", "NMO_NODRIFT"),
    fluctuation_low=_assumed(0.0, "EDSS points", 0.0, 0.15, "Between attacks EDSS hardly moves."),
    fluctuation_high=_assumed(0.15, "EDSS points", 0.0, 0.3, "Between attacks EDSS hardly moves."),
    fluctuation_days=_assumed(180, "days", 90, 365, _SLOW),
)
"""Neuromyelitis optica spectrum disorder: attacks, and no drift between them. Scans are not simulated."""

PHENOTYPES: Mapping[str, Phenotype] = MappingProxyType(
    {each.name: each for each in (RRMS, SPMS, PPMS, NMOSD)}
)
"""Every phenotype, by name."""


def phenotype(name: str) -> Phenotype:
    """Give the numbers of one course of the disease.

    Parameters
    ----------
    name : {"RRMS", "SPMS", "PPMS", "NMOSD"}
        Course.

    Returns
    -------
    Phenotype
        Its numbers, each with its source.

    Raises
    ------
    InputError
        When there is no such course.

    Examples
    --------
    >>> phenotype("SPMS").relapse_rate.value
    0.15
    """
    require_choice("phenotype", name, PHENOTYPES)
    return PHENOTYPES[name]
