"""Acuity and P100 latency of virtual eyes, each number with its source or marked as an assumption."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ranvier.errors import DefinitionError
from ranvier.simulate.phenotypes import Value

__all__ = ["EYES", "Eyes"]


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """All numbers on the eyes of patients with one disease.

    Parameters
    ----------
    acuity_mean, acuity_sd : Value
        Mean and SD of the level of an eye behind all error, logMAR.
    acuity_error_low, acuity_error_high : Value
        SD of one measurement of one eye, logMAR, in the two scenarios.
    acuity_between_eyes : Value
        Correlation of the levels of both eyes of a patient.
    p100_mean, p100_sd : Value
        Mean and SD of the P100 latency of an eye behind all error at the first visit, ms.
    p100_least : Value
        Smallest such level, ms.
    p100_between_eyes : Value
        Correlation of these levels of both eyes.
    p100_error_low, p100_error_high : Value
        SD of one measurement of one eye, ms, in the two scenarios.
    p100_error_shared : Value
        Correlation of the errors of both eyes at one visit.
    p100_jumps_per_year : Value
        Lasting rises of the latency of an eye, per eye and year.
    p100_jump_least, p100_jump_more : Value
        Smallest such rise, and the mean of what comes on top of it, ms.

    Raises
    ------
    DefinitionError
        When a correlation is above 1, or little noise is more than much.

    Notes
    -----
    An eye has a level that does not change (acuity), or changes by jumps only (P100); each visit adds an
    independent error. Acuity is written in letters (0.02 logMAR), the latency to 0.1 ms, both kept inside the
    scale of the table of visits: an eye that reads the best line cannot improve. What an attack of optic
    neuritis does to an eye has no number with a source: attacks move neither. A response that cannot be
    recorded, as after severe optic neuritis, is not simulated.

    Examples
    --------
    >>> EYES["MS"].acuity_error_low.text()
    '0.04 logMAR (published: SIM_ACUITY_ERROR)'
    """

    acuity_mean: Value
    acuity_sd: Value
    acuity_between_eyes: Value
    acuity_error_low: Value
    acuity_error_high: Value
    p100_mean: Value
    p100_sd: Value
    p100_least: Value
    p100_between_eyes: Value
    p100_error_low: Value
    p100_error_high: Value
    p100_error_shared: Value
    p100_jumps_per_year: Value
    p100_jump_least: Value
    p100_jump_more: Value

    def __post_init__(self) -> None:
        for name in ("acuity_between_eyes", "p100_between_eyes", "p100_error_shared"):
            if getattr(self, name).value > 1:
                raise DefinitionError(f"{name} is {getattr(self, name).value}; a correlation is at most 1.")
        for name in ("acuity_error", "p100_error"):
            if getattr(self, f"{name}_low").value > getattr(self, f"{name}_high").value:
                raise DefinitionError(f"{name}_low is above {name}_high.")

    def values(self) -> dict[str, Value]:
        """Give every number by its name.

        Returns
        -------
        dict
            Field names to values.
        """
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def explain(self) -> str:
        """Say every number with where it comes from.

        Returns
        -------
        str
            One line each.
        """
        return "\n".join(
            f"{name.replace('_', ' ')}: {value.text()}" + (f". {value.note}" * bool(value.note))
            for name, value in self.values().items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


def _assumed(value: float, unit: str, low: float, high: float, note: str = "No source.") -> Value:
    return Value(value=value, unit=unit, kind="assumption", low=low, high=high, note=note)


def _known(kind: str, value: float, unit: str, *sources: str, note: str = "") -> Value:
    return Value(value=value, unit=unit, kind=kind, sources=sources, note=note)


_LEVEL = "No source; a comparison of changes from baseline hardly depends on it."
_MS = Eyes(
    acuity_mean=_assumed(0.05, "logMAR", 0.0, 0.2, _LEVEL),
    acuity_sd=_assumed(0.15, "logMAR", 0.08, 0.3, _LEVEL),
    acuity_between_eyes=_assumed(0.3, "correlation", 0.0, 0.7),
    acuity_error_low=_known("published", 0.04, "logMAR", "SIM_ACUITY_ERROR"),
    acuity_error_high=_known(
        "calibrated", 0.065, "logMAR", "SIM_ACUITY_RETEST", note="0.18 / (1.96 times the root of 2)."
    ),
    p100_mean=_assumed(115.0, "ms", 105.0, 130.0, _LEVEL),
    p100_sd=_assumed(12.0, "ms", 6.0, 20.0, _LEVEL),
    p100_least=_assumed(90.0, "ms", 80.0, 95.0, "No source; no nerve is much faster."),
    p100_between_eyes=_assumed(0.5, "correlation", 0.0, 0.9),
    p100_error_low=_known("calibrated", 2.28, "ms", "SIM_VEP_RESP_PBO_LOW"),
    p100_error_high=_known("calibrated", 2.77, "ms", "SIM_VEP_RESP_PBO_HIGH"),
    p100_error_shared=_known(
        "calibrated",
        0.9,
        "correlation",
        "D_VEP_SE",
        note="Independent errors would give a standard error of 0.44, not 0.61. It makes the mean of both "
        "eyes noisy, and their difference quiet.",
    ),
    p100_jumps_per_year=_known(
        "published", 0.13, "per eye and year", "SIM_VEP_JUMPS", note="A third of them with optic neuritis."
    ),
    p100_jump_least=_known("published", 10.0, "ms", "SIM_VEP_JUMPS", note="The definition of the source."),
    p100_jump_more=_assumed(5.0, "ms", 2.0, 15.0),
)
_ATTACKS_ONLY = "No source in NMOSD; taken to change with attacks only, which are not simulated for eyes."
EYES: Mapping[str, Eyes] = MappingProxyType(
    {
        "MS": _MS,
        "NMOSD": dataclasses.replace(
            _MS,
            acuity_mean=_assumed(0.3, "logMAR", 0.0, 0.8, _LEVEL),
            acuity_sd=_assumed(0.4, "logMAR", 0.15, 0.8, _LEVEL),
            p100_jumps_per_year=_assumed(0.0, "per eye and year", 0.0, 0.13, _ATTACKS_ONLY),
        ),
    }
)
"""Numbers on the eyes, by disease. Those of errors in NMOSD are those of MS."""
