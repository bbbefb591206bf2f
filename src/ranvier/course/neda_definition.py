"""What counts as no evidence of disease activity (NEDA): components, window, scans, and what is missing."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranvier.course.definition import Definition
from ranvier.course.library import CDW_12W
from ranvier.errors import DefinitionError, require_choice
from ranvier.tables import table

__all__ = [
    "BRAIN_VOLUME_COLUMN",
    "NEDA3",
    "NEDA4",
    "NEDA_COMPONENTS",
    "NEDA_PRESETS",
    "NedaDefinition",
    "neda_preset",
]

NEDA_COMPONENTS = ("relapse", "worsening", "mri", "brain_volume")
"""Every component; when two fail on one day the first in this order is named."""

MRI_COUNTS = ("new_t2", "enlarging_t2", "gad_count")
"""Columns of mri in which a count above zero is activity."""

BRAIN_VOLUME_COLUMN = "brain_volume_change_percent_per_year"
"""Column that the caller adds to mri for NEDA-4: annualised change of brain volume, %; a loss is negative."""


@dataclass(frozen=True, kw_only=True)
class NedaDefinition:
    """What counts as no evidence of disease activity.

    Parameters
    ----------
    name : str
        The short fixed name.
    source : str
        Where it was published.
    components : tuple of str
        Some of `NEDA_COMPONENTS`; all of them must be free of activity.
    worsening : Definition
        What counts as confirmed worsening; it must keep all events or the first worsening.
    unconfirmed : {"missing", "none"}
        What a worsening is that still stood at the last visit and that no later visit could confirm.
    mri_counts : tuple of str
        Counts (new_t2, enlarging_t2, gad_count) that must be known at each scan; activity in any of the three
        counts in any case.
    regions : tuple of str
        Regions that must be scanned; activity in any region counts in any case.
    max_brain_volume_loss : float
        Largest annualised loss of brain volume that is no activity, % per year.
    start_day : int
        First day of the window.
    rebaseline : tuple of (int, int), optional
        First and last day of the re-baseline scan: the scan nearest to the middle. What happened up to it
        does not count, because the treatment had not yet taken full effect.
    rebaseline_gad : bool
        Whether gadolinium enhancement on the re-baseline scan itself is activity.
    rebaseline_clinical : bool
        Whether relapses and worsening up to the re-baseline scan do not count either.
    scan_tolerance_days, visit_tolerance_days : int
        How far from the end of a period the scan, and the visit or last contact, may lie.
    missing : {"strict", "available"}
        A patient without activity and with a missing component is not evaluable, or is judged by the others.
    period_days : int, optional
        Length of the periods that are judged one by one; the whole window at once when None.
    note : str
        What a reader must know about it.

    Examples
    --------
    >>> ahsct = dataclasses.replace(NEDA3, name="neda-3 after month 6", rebaseline=(150, 240))
    >>> print(ahsct.text().split(". ")[1])
    The scan nearest to the middle of days 150 to 240 is the new baseline: relapses, worsening and lesions \
up to it do not count, gadolinium enhancement on it is no activity
    """

    name: str
    source: str
    components: tuple[str, ...] = ("relapse", "worsening", "mri")
    worsening: Definition = CDW_12W
    unconfirmed: str = "missing"
    mri_counts: tuple[str, ...] = MRI_COUNTS
    regions: tuple[str, ...] = ("brain",)
    max_brain_volume_loss: float = 0.4
    start_day: int = 0
    rebaseline: tuple[int, int] | None = None
    rebaseline_gad: bool = False
    rebaseline_clinical: bool = True
    scan_tolerance_days: int = 45
    visit_tolerance_days: int = 45
    missing: str = "strict"
    period_days: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.source:
            raise DefinitionError(f"definition {self.name!r} names no source.")
        lists = (
            ("component of NEDA", self.components, NEDA_COMPONENTS),
            ("count of mri", self.mri_counts, MRI_COUNTS),
            ("region", self.regions, table("mri").column("region").allowed),
        )
        for what, given, allowed in lists:
            if not given or len(set(given)) < len(given):
                raise DefinitionError(f"{what}: {given!r}; name at least one, each once.")
            for word in given:
                require_choice(what, word, allowed)
        require_choice("missing", self.missing, ("strict", "available"))
        require_choice("unconfirmed", self.unconfirmed, ("missing", "none"))
        self._check_days()
        kept = self.worsening.selection.events
        if kept not in {"all", "first worsening"}:
            raise DefinitionError(
                f"NEDA cannot use definition {self.worsening.name!r}, which keeps {kept!r}: a worsening "
                "could stay unseen. Use one that keeps 'all' or 'first worsening'."
            )
        if self.worsening.baseline.start != "first" and self.rebaseline and self.rebaseline_clinical:
            raise DefinitionError(
                f"definition {self.worsening.name!r} takes its reference before treatment, the re-baseline "
                "after it; set rebaseline_clinical=False or use a definition that starts at the first visit."
            )

    def _check_days(self) -> None:
        """Refuse windows that end before they begin, and lengths that are not positive."""
        if self.rebaseline is not None:
            if len(self.rebaseline) != 2 or self.rebaseline[0] > self.rebaseline[1]:
                raise DefinitionError(f"rebaseline is {self.rebaseline}; give its first and its last day.")
            if self.rebaseline[0] <= self.start_day:
                raise DefinitionError(
                    f"the re-baseline scan may lie on day {self.rebaseline[0]}; it must come after day "
                    f"{self.start_day}, on which the window starts."
                )
        for name in ("scan_tolerance_days", "visit_tolerance_days", "max_brain_volume_loss"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise DefinitionError(f"{name} is {getattr(self, name)}; it must be 0 or more.")
        if self.period_days is not None and self.period_days < 1:
            raise DefinitionError(f"period_days is {self.period_days}; it must be 1 or more, or None.")

    def to_dict(self) -> dict[str, Any]:
        """Give every option, JSON-ready.

        Returns
        -------
        dict
            Names to values; tuples are lists.
        """
        plain = {part.name: getattr(self, part.name) for part in dataclasses.fields(self)}
        lists = {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
        return plain | lists | {"worsening": self.worsening.to_dict()}

    def text(self) -> str:
        """Say the definition in sentences.

        Returns
        -------
        str
            For the methods of a report or paper.
        """
        said = {
            "relapse": "no relapse",
            "worsening": f"no confirmed worsening (definition {self.worsening.name})",
            "mri": "no new or enlarging T2 lesion and no gadolinium enhancement",
            "brain_volume": f"a loss of brain volume of at most {self.max_brain_volume_loss:g} % per year",
        }
        parts = ["No evidence of disease activity means " + ", ".join(said[name] for name in self.components)]
        if self.rebaseline is not None:
            low, high = self.rebaseline
            what = "relapses, worsening and lesions" if self.rebaseline_clinical else "lesions"
            gad = "is activity" if self.rebaseline_gad else "is no activity"
            parts.append(
                f"The scan nearest to the middle of days {low} to {high} is the new baseline: {what} up to "
                f"it do not count, gadolinium enhancement on it {gad}"
            )
        ends = []
        if {"mri", "brain_volume"} & set(self.components):
            ends.append(f"a scan (region: {', '.join(self.regions)}) within {self.scan_tolerance_days} days")
        if {"relapse", "worsening"} & set(self.components):
            ends.append(f"a visit or contact within {self.visit_tolerance_days} days")
        parts.append(f"Each period must end with {' and '.join(ends)}")
        parts.append(
            "A patient with activity in any component has failed, whatever else is missing; one without, and "
            + (
                "with a missing component, is not evaluable"
                if self.missing == "strict"
                else "with a missing component, is judged by the others, which flatters the result"
            )
        )
        if "worsening" in self.components:
            lasting = "makes that component missing" if self.unconfirmed == "missing" else "counts as none"
            parts.append(
                f"A worsening still there at the last visit, with no later one to confirm it, {lasting}"
            )
        return ". ".join(parts) + "."


GIOVANNONI = "Giovannoni G et al. Mult Scler Relat Disord 2015;4:329-333, doi 10.1016/j.msard.2015.04.006"
OPEN_POINTS = (
    "The confirmation of worsening after 12 weeks, the 45 days around the end of a period and the handling "
    "of missing components are choices of this preset; publications differ in them."
)

NEDA3 = NedaDefinition(name="neda-3", source=GIOVANNONI, note=OPEN_POINTS)
NEDA4 = NedaDefinition(
    name="neda-4",
    source="Guevara C et al. Front Neurol 2019;10:788, doi 10.3389/fneur.2019.00788",
    components=NEDA_COMPONENTS,
    note=f"{OPEN_POINTS} In 48 patients 58 % had NEDA-3 and 29 % NEDA-4 after 12 months.",
)

NEDA_PRESETS: Mapping[str, NedaDefinition] = types.MappingProxyType(
    {definition.name: definition for definition in (NEDA3, NEDA4)}
)
"""Every preset of NEDA, by name."""


def neda_preset(name: str) -> NedaDefinition:
    """Give one preset of NEDA by its name.

    Parameters
    ----------
    name : str
        "neda-3" or "neda-4"; capitals and underscores do not matter.

    Returns
    -------
    NedaDefinition
        The definition.

    Raises
    ------
    InputError
        When there is no such definition.

    Examples
    --------
    >>> neda_preset("NEDA_3").components
    ('relapse', 'worsening', 'mri')
    """
    word = str(name).lower().replace("_", "-")
    if word not in NEDA_PRESETS:
        require_choice("definition of NEDA", name, list(NEDA_PRESETS))
    return NEDA_PRESETS[word]
