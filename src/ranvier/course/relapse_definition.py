"""What counts as a relapse: one small frozen definition, and the named ones with their sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranvier.errors import DefinitionError, require_choice

__all__ = [
    "ADJUDICATION_LEVELS",
    "LLUFRIU_2014",
    "NMOSD_OBJECTIVE",
    "PREVENT",
    "RELAPSE_24H_30D",
    "RELAPSE_DEFINITIONS",
    "SAKURA",
    "ObjectiveRule",
    "RelapseDefinition",
    "relapse_preset",
]

ADJUDICATION_LEVELS = ("reported", "investigator", "committee")
"""Whose word makes a report a relapse, from the patient to the committee."""

SYSTEMS = 7
"""Functional systems of the EDSS."""
LARGEST_GRADE = 6
"""The highest grade that any functional system has."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveRule:
    """How much an examination must have worsened for a report to be objective; one criterion is enough.

    Parameters
    ----------
    edss_points : float, optional
        Smallest rise of the EDSS over the reference visit.
    edss_points_from_zero : float, optional
        Smallest rise when the reference EDSS is 0; as `edss_points` when None.
    systems : tuple of (int, int)
        Pairs (k, m): at least k functional systems worse by at least m grades each.

    Raises
    ------
    DefinitionError
        When no criterion is given or one is not possible.

    Examples
    --------
    >>> print(ObjectiveRule(edss_points=1.0, edss_points_from_zero=2.0, systems=((2, 1),)).text())
    EDSS at least 1 point worse (2 from an EDSS of 0) or at least 2 functional systems worse by 1
    """

    edss_points: float | None = None
    edss_points_from_zero: float | None = None
    systems: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.edss_points is None and not self.systems:
            raise DefinitionError("an objective rule without a criterion; give edss_points or systems.")
        if self.edss_points_from_zero is not None and self.edss_points is None:
            raise DefinitionError("edss_points_from_zero needs edss_points for every other EDSS.")
        for points in (self.edss_points, self.edss_points_from_zero):
            if points is not None and not 0 < points <= 10:
                raise DefinitionError(f"a rise of {points} EDSS points; it must lie above 0 and up to 10.")
        for count, grades in self.systems:
            if not (1 <= count <= SYSTEMS and 1 <= grades <= LARGEST_GRADE):
                raise DefinitionError(
                    f"{count} functional systems by {grades} grades; use 1 to {SYSTEMS} systems and 1 to "
                    f"{LARGEST_GRADE} grades."
                )

    def text(self) -> str:
        """Say the rule in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        parts = []
        if self.edss_points is not None:
            zero = self.edss_points_from_zero
            extra = "" if zero is None else f" ({zero:g} from an EDSS of 0)"
            parts.append(
                f"EDSS at least {self.edss_points:g} point{'' if self.edss_points == 1 else 's'} worse{extra}"
            )
        parts += [
            f"at least {count} functional system{'' if count == 1 else 's'} worse by {grades}"
            for count, grades in self.systems
        ]
        return " or ".join(parts)


@dataclass(frozen=True, kw_only=True)
class RelapseDefinition:
    """What turns a report of new symptoms into a relapse.

    Parameters
    ----------
    name : str
        The short fixed name.
    source : str
        Where the definition was published.
    min_duration_hours : float
        How long the symptoms must last; 0 when it does not matter.
    longer_than : bool
        True when they must last longer than that, False when exactly as long is enough.
    merge_days : int
        A report that began fewer than this many days after the onset of a relapse belongs to that relapse,
        whose onset stays the first; at least 1, since two reports of one day are one relapse.
    stability_days : int
        Days without symptoms of the relapse before that a new one needs, counted from its end (from its
        onset when the end is not known); 0 when it does not matter.
    exclude_fever, exclude_infection : bool
        Whether reports with fever or with an infection are refused.
    objective : bool
        Whether an examiner must have found a change.
    objective_rule : ObjectiveRule, optional
        How large the change must be; the examiner's own word (column objective) counts when None. Needs
        `objective`.
    exam_within_days : int, optional
        Days from the onset within which the examination must take place.
    adjudication : {"reported", "investigator", "committee"}
        Whose word is needed: the patient's, the treating physician's, or also the committee's.
    note : str
        What a reader must know, and what could not be verified.

    Raises
    ------
    DefinitionError
        When a value is not possible or two contradict each other.

    Examples
    --------
    >>> strict = dataclasses.replace(RELAPSE_24H_30D, name="strict", adjudication="committee")
    >>> strict == RELAPSE_24H_30D, len({strict, RELAPSE_24H_30D})
    (False, 2)
    """

    name: str
    source: str
    min_duration_hours: float = 24.0
    longer_than: bool = True
    merge_days: int = 1
    stability_days: int = 0
    exclude_fever: bool = True
    exclude_infection: bool = True
    objective: bool = False
    objective_rule: ObjectiveRule | None = None
    exam_within_days: int | None = None
    adjudication: str = "reported"
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name or not self.source:
            raise DefinitionError(f"relapse definition {self.name!r} needs a name and a source.")
        if not 0 <= self.min_duration_hours < float("inf"):
            raise DefinitionError(f"min_duration_hours is {self.min_duration_hours}; it must be 0 or more.")
        self._need_whole("merge_days", self.merge_days, 1)
        self._need_whole("stability_days", self.stability_days, 0)
        if self.exam_within_days is not None:
            self._need_whole("exam_within_days", self.exam_within_days, 0)
        if not self.objective and (self.objective_rule is not None or self.exam_within_days is not None):
            raise DefinitionError(
                "objective_rule and exam_within_days describe an objective change; set objective=True."
            )
        if self.adjudication not in ADJUDICATION_LEVELS:
            raise DefinitionError(
                f"unknown adjudication {self.adjudication!r}; use one of {list(ADJUDICATION_LEVELS)}."
            )

    @staticmethod
    def _need_whole(name: str, value: Any, least: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise DefinitionError(f"{name} is {value!r}; it must be a whole number of {least} or more.")

    def text(self) -> str:
        """Say the definition in sentences.

        Returns
        -------
        str
            Sentences for the methods section of a paper.

        Examples
        --------
        >>> print(RELAPSE_24H_30D.text())
        A relapse lasts at least 24 hours, without fever or infection. Symptoms that began fewer than 30 days
        after the onset of a relapse belong to it, and its onset is the first. The patient's report is
        enough (definition 24h-30d).
        """
        sentences = [self._what(), self._when()]
        if self.objective:
            rule = "as the examiner judged it" if self.objective_rule is None else self.objective_rule.text()
            late = self.exam_within_days
            within = "" if late is None else f", within {late} days of the onset"
            sentences.append(f"An examination must have found a change ({rule}){within}.")
        whose = {
            "reported": "The patient's report is enough",
            "investigator": "The investigator must have confirmed it",
            "committee": "The committee must have confirmed it, and the investigator not have denied it",
        }
        sentences.append(f"{whose[self.adjudication]} (definition {self.name}).")
        return " ".join(sentences)

    def _what(self) -> str:
        how = "longer than" if self.longer_than else "at least"
        lasts = f"lasts {how} {self.min_duration_hours:g} hours"
        lasts = lasts if self.min_duration_hours > 0 else "may last any time"
        causes = [
            word
            for word, out in (("fever", self.exclude_fever), ("infection", self.exclude_infection))
            if out
        ]
        return f"A relapse {lasts}{', without ' + ' or '.join(causes) if causes else ''}."

    def _when(self) -> str:
        if self.merge_days == 1:
            merge = "Symptoms that began on the same day are one relapse"
        else:
            merge = (
                f"Symptoms that began fewer than {self.merge_days} days after the onset of a relapse belong "
                "to it, and its onset is the first"
            )
        if not self.stability_days:
            return f"{merge}."
        return f"{merge}; {self.stability_days} days must lie between the end of one and the next."

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


RELAPSE_24H_30D = RelapseDefinition(
    name="24h-30d",
    source=(
        "Thompson AJ et al. Diagnosis of multiple sclerosis: 2017 revisions of the McDonald criteria. Lancet "
        "Neurol 2018;17:162-173, doi 10.1016/S1474-4422(17)30470-2 (24 hours, no fever or infection)"
    ),
    longer_than=False,
    merge_days=30,
    note=(
        "The 30 days between two attacks are those of the 2001 McDonald criteria as retold by secondary "
        "sources; the wording of 2001 was not read."
    ),
)
PREVENT = RelapseDefinition(
    name="prevent",
    source=(
        "PREVENT, eculizumab in NMOSD, NCT01892345 (registry entry, outcome measures); long-term results "
        "doi 10.1002/ana.26049"
    ),
    exclude_fever=False,
    exclude_infection=False,
    objective=True,
    adjudication="committee",
    note=(
        "The registry entry names neither a merge nor a stability window and does not mention fever or "
        "infection; the protocol itself was not read."
    ),
)
SAKURA = RelapseDefinition(
    name="sakura",
    source="SAkuraSky NCT02028884 and SAkuraStar NCT02073279, satralizumab in NMOSD (registry entries)",
    merge_days=31,
    adjudication="committee",
    note=(
        "The registry entries also rule out injury, change of mood and drug reactions: mark such reports as "
        "not confirmed. The entry of SAkuraSky names the committee, that of SAkuraStar as read here does "
        "not. The protocols' thresholds of EDSS and functional systems and the days until the examination "
        "could not be verified and are not part of this definition."
    ),
)
LLUFRIU_2014 = RelapseDefinition(
    name="llufriu-2014",
    source=(
        "Llufriu S et al. Randomized placebo-controlled phase II trial of autologous mesenchymal stem cells "
        "in multiple sclerosis. PLoS One 2014;9(12):e113936, doi 10.1371/journal.pone.0113936"
    ),
    min_duration_hours=0.0,
    longer_than=False,
    merge_days=30,
    exclude_fever=False,
    exclude_infection=False,
    objective=True,
    adjudication="investigator",
    note=(
        "New symptoms with signs confirmed by a neurologist, at least 30 days after the onset of the last "
        "relapse. The paper states neither a duration nor fever."
    ),
)
NMOSD_OBJECTIVE = ObjectiveRule(edss_points=0.5, systems=((2, 1), (1, 2)))
"""EDSS 0.5 worse, or two functional systems by 1, or one by 2: in use in several NMOSD studies, known here
from a secondary source only."""

RELAPSE_DEFINITIONS: Mapping[str, RelapseDefinition] = {
    one.name: one for one in (RELAPSE_24H_30D, PREVENT, SAKURA, LLUFRIU_2014)
}
"""The named definitions."""


def relapse_preset(name: str) -> RelapseDefinition:
    """Give a named definition of a relapse.

    Parameters
    ----------
    name : str
        A key of `RELAPSE_DEFINITIONS`.

    Returns
    -------
    RelapseDefinition
        The definition with its source.

    Raises
    ------
    InputError
        When the name is not known; the message names the closest.

    Examples
    --------
    >>> relapse_preset("sakura").merge_days
    31
    """
    require_choice("relapse definition", name, RELAPSE_DEFINITIONS)
    return RELAPSE_DEFINITIONS[name]
