"""The two scenarios that every simulated statement is made in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ranvier.course import RATER_ERRORS, RaterError
from ranvier.errors import require_choice

__all__ = ["HIGH", "LOW", "SCENARIOS", "Scenario", "scenario"]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """How noisy the EDSS is taken to be.

    Parameters
    ----------
    name : str
        Short name.
    fluctuation : {"low", "high"}
        Which fluctuation of the phenotype is used.
    rater : {"same-rater", "between-raters"}
        Which error of `ranvier.course.RATER_ERRORS`.
    """

    name: str
    fluctuation: str
    rater: str

    def __post_init__(self) -> None:
        require_choice("fluctuation", self.fluctuation, ("low", "high"))
        require_choice("rater error", self.rater, RATER_ERRORS)

    @property
    def error(self) -> RaterError:
        """Give the error of one rating."""
        return RATER_ERRORS[self.rater]

    def text(self) -> str:
        """Say the scenario in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.

        Examples
        --------
        >>> HIGH.text()
        'large fluctuation within a patient and a new examiner at each visit'
        """
        size = "small" if self.fluctuation == "low" else "large"
        who = "one trained examiner" if self.rater == "same-rater" else "a new examiner at each visit"
        return f"{size} fluctuation within a patient and {who}"

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


LOW = Scenario(name="low", fluctuation="low", rater="same-rater")
"""Little noise: small fluctuation, one trained examiner."""
HIGH = Scenario(name="high", fluctuation="high", rater="between-raters")
"""Much noise: large fluctuation, examiners who change."""
SCENARIOS: Mapping[str, Scenario] = MappingProxyType({each.name: each for each in (LOW, HIGH)})
"""Both scenarios, by name. Fluctuation is the least identified number, so that both are always reported."""


def scenario(name: str) -> Scenario:
    """Give one scenario by its name.

    Parameters
    ----------
    name : {"low", "high"}
        Its name.

    Returns
    -------
    Scenario
        The scenario.

    Raises
    ------
    InputError
        When there is no such scenario.

    Examples
    --------
    >>> scenario("low").rater
    'same-rater'
    """
    require_choice("scenario", name, SCENARIOS)
    return SCENARIOS[name]
