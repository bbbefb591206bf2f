"""Published definitions of worsening, improvement and PIRA, by name, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ranvier.course.definition import Definition
from ranvier.course.parts import (
    Around,
    Baseline,
    Confirmation,
    Outcome,
    RelapseFree,
    RelapseWindows,
    Selection,
    Window,
)
from ranvier.course.presets import EDSS_1_5_1_0_5, NHPT_20, T25FW_20
from ranvier.course.thresholds import EDSS_C_IMPROVEMENT, EDSS_C_WORSENING
from ranvier.errors import require_choice

__all__ = [
    "BERN_VIENNA",
    "CAGOL_2022",
    "CDI_12W",
    "CDI_24W",
    "CDW_12W",
    "CDW_24W",
    "COMPOSITE",
    "KAPPOS_2020",
    "MSBASE",
    "MSBASE_CDI",
    "MSBASE_CDW",
    "MULLER_2023",
    "MULLER_2023_STRICT",
    "MULLER_2025",
    "PIRA_12W",
    "PIRA_24W",
    "PORTACCIO_2025",
    "PRESETS",
    "ROVING_12W",
    "ROVING_24W",
    "preset",
]

MSOUTCOMES = "the package MSoutcomes 0.2.1"
MSPROG = "Montobbio N et al. Mult Scler 2024, doi 10.1177/13524585241243157"
MULLER = "Müller J et al. JAMA Neurol 2023;80:1232-1245, doi 10.1001/jamaneurol.2023.3331"
EDSS_A = (Outcome(column="edss", worsening=EDSS_1_5_1_0_5),)
EDSS_C = (Outcome(column="edss", worsening=EDSS_C_WORSENING, improvement=EDSS_C_IMPROVEMENT),)
WEEKS_12 = Confirmation(windows=(Window(days=84, left=7, right=730),))
WEEKS_24 = Confirmation(windows=(Window(days=168, left=7, right=730),))
MONTHS_3_TO_END = Confirmation(windows=(Window(days=91),), to_end=True)
SINCE_REFERENCE = RelapseWindows(
    to_baseline=(31, 0),
    to_confirmation=(31, 0),
    association=(0, 0),
    free=RelapseFree(
        preceding=Around(before=0, after=None),
        event=Around(before=None, after=0),
        confirmation=Around(before=0, after=0),
    ),
)
EITHER = Confirmation(windows=(Window(days=84), Window(days=168)))
ROVING = Baseline(scheme="roving")
IMPROVEMENT = Selection(events="first improvement")
PIRA = Selection(events="first PIRA")
NOT_SAID = (
    "The paper's abstract does not give the threshold table: rule A of the course engine stands in for it."
)
WINDOWS_OF_REVIEW = RelapseFree(event=Around(before=90, after=30), confirmation=Around(before=90, after=30))
TRIAL_NOTE = (
    "The usual shape of a trial endpoint, with the tolerances and relapse distances that msprog proposes; a "
    "protocol's own windows go before it."
)

CDW_12W = Definition(
    name="cdw-12w", source=MSPROG, outcomes=EDSS_A, confirmation=WEEKS_12, note=TRIAL_NOTE
)  # fmt: skip
CDW_24W = Definition(
    name="cdw-24w", source=MSPROG, outcomes=EDSS_A, confirmation=WEEKS_24, note=TRIAL_NOTE
)  # fmt: skip
CDI_12W = Definition(
    name="cdi-12w", source=MSPROG, outcomes=EDSS_A, confirmation=WEEKS_12, selection=IMPROVEMENT,
    note=TRIAL_NOTE,
)  # fmt: skip
CDI_24W = Definition(
    name="cdi-24w", source=MSPROG, outcomes=EDSS_A, confirmation=WEEKS_24, selection=IMPROVEMENT,
    note=TRIAL_NOTE,
)  # fmt: skip
ROVING_12W = Definition(
    name="roving-12w", source=MSPROG, outcomes=EDSS_A, confirmation=WEEKS_12, baseline=ROVING,
    selection=Selection(events="all"),
    note="For cohorts and long follow-up; a roving baseline unbalances the arms of a randomised trial.",
)  # fmt: skip
ROVING_24W = Definition(
    name="roving-24w", source=MSPROG, outcomes=EDSS_A, confirmation=WEEKS_24, baseline=ROVING,
    selection=Selection(events="all"),
    note="For cohorts and long follow-up; a roving baseline unbalances the arms of a randomised trial.",
)  # fmt: skip
PIRA_12W = Definition(
    name="pira-12w", source=MULLER, outcomes=EDSS_A, confirmation=WEEKS_12, baseline=ROVING, selection=PIRA,
    relapses=RelapseWindows(free=WINDOWS_OF_REVIEW),
    note="The relapse-free windows of the review, confirmed at 12 weeks.",
)  # fmt: skip
PIRA_24W = Definition(
    name="pira-24w", source=MULLER, outcomes=EDSS_A, confirmation=WEEKS_24, baseline=ROVING, selection=PIRA,
    relapses=RelapseWindows(free=WINDOWS_OF_REVIEW),
    note="The relapse-free windows of the review, confirmed at 24 weeks.",
)  # fmt: skip
KAPPOS_2020 = Definition(
    name="kappos-2020",
    source="Kappos L et al. JAMA Neurol 2020;77:1132-1140, doi 10.1001/jamaneurol.2020.1568",
    outcomes=EDSS_A,
    confirmation=EITHER,
    baseline=Baseline(after_relapse=True, never_better=True),
    relapses=RelapseWindows(
        free=RelapseFree(
            preceding=Around(before=0, after=None),
            event=Around(before=None, after=30),
            confirmation=Around(before=30, after=30),
        )
    ),
    selection=PIRA,
    note=(
        "The paper's outcome is the composite of EDSS, timed walk and peg test, confirmed after 3 or 6 "
        "months; this is its EDSS part, 12 or 24 weeks or later. Windows and re-baselining as the package "
        f"msprog states them for this paper. {NOT_SAID}"
    ),
)
CAGOL_2022 = Definition(
    name="cagol-2022",
    source="Cagol A et al. JAMA Neurol 2022;79:682-692, doi 10.1001/jamaneurol.2022.1025",
    outcomes=EDSS_A,
    confirmation=WEEKS_24,
    baseline=ROVING,
    relapses=RelapseWindows(
        free=RelapseFree(
            event=Around(before=90, after=None), confirmation=Around(before=None, after=0)
        )
    ),
    selection=PIRA,
    note=(
        "The relapse-free windows are those the package msprog states for this paper; baseline scheme and "
        f"confirmation time were not at hand and are those of pira-24w. {NOT_SAID}"
    ),
)  # fmt: skip
MULLER_2023 = Definition(
    name="muller-2023", source=MULLER, outcomes=EDSS_A, confirmation=EITHER, baseline=ROVING,
    relapses=RelapseWindows(free=WINDOWS_OF_REVIEW), selection=PIRA,
    note=f"Confirmed after 12 or 24 weeks or later. {NOT_SAID}",
)  # fmt: skip
MULLER_2023_STRICT = Definition(
    name="muller-2023-strict", source=MULLER, outcomes=EDSS_A, confirmation=EITHER, baseline=ROVING,
    relapses=RelapseWindows(
        free=RelapseFree(
            preceding=Around(before=0, after=None),
            event=Around(before=None, after=None),
            confirmation=Around(before=None, after=0),
        )
    ),
    selection=PIRA,
    note=f"The variant for high specificity: no relapse from reference to confirmation. {NOT_SAID}",
)  # fmt: skip
MULLER_2025 = Definition(
    name="muller-2025",
    source="Müller J et al. JAMA Neurol 2025;82:614-625, doi 10.1001/jamaneurol.2025.0495",
    outcomes=EDSS_A,
    confirmation=Confirmation(windows=(Window(days=183),)),
    baseline=Baseline(scheme="roving", after_relapse=True),
    relapses=RelapseWindows(
        free=RelapseFree(
            preceding=Around(before=0, after=None),
            event=Around(before=None, after=0),
            confirmation=Around(before=30, after=0),
            preceding_visit="last",
        )
    ),
    selection=PIRA,
    note=(
        "No relapse since the visit before, nor in the 30 days before confirmation, as the package msprog "
        "states the paper's recommendation. The paper compared a reference that moves after PIRA, also after "
        "relapses, and also after improvements (taken here), and confirmation after 6 (taken here), 12 or 24 "
        f"months. {NOT_SAID}"
    ),
)
PORTACCIO_2025 = Definition(
    name="portaccio-2025",
    source="Portaccio E et al. Toward a unified definition of progression independent of relapse activity in "
    "multiple sclerosis. Neurology 2025;105",
    outcomes=EDSS_A,
    confirmation=Confirmation(windows=(Window(days=168),)),
    baseline=ROVING,
    relapses=RelapseWindows(
        free=RelapseFree(event=Around(before=90, after=30), confirmation=Around(before=0, after=0))
    ),
    selection=PIRA,
    note=(
        "The definition the paper favours: roving, no relapse from 90 days before to 30 days after the "
        f"event, 24 weeks or later. {NOT_SAID}"
    ),
)
MSBASE = Definition(
    name="msbase",
    source=f"Dzau W et al. J Neurol Neurosurg Psychiatry 2023;94:984-991, and {MSOUTCOMES}",
    outcomes=EDSS_C,
    confirmation=MONTHS_3_TO_END,
    baseline=Baseline(scheme="on worsening", after_relapse=True, level_after_event="best"),
    relapses=SINCE_REFERENCE,
    selection=Selection(events="all", proceed_from="best"),
    note=(
        "PIRA as the package finds it: no relapse since the reference, which moves behind each relapse; "
        "other worsening is undefined. Not identical where the last visit lies within 30 days of a relapse "
        "(docs/validation/course)."
    ),
)
MSBASE_CDW = Definition(
    name="msbase-cdw",
    source=f"Kalincik T et al. Brain 2015;138:3287-3298, doi 10.1093/brain/awv258, and {MSOUTCOMES}",
    outcomes=EDSS_C,
    confirmation=MONTHS_3_TO_END,
    baseline=Baseline(scheme="on worsening", level_after_event="best"),
    relapses=SINCE_REFERENCE,
    selection=Selection(events="all", proceed_from="best"),
    note=(
        "Worsening whatever its cause, sustained to the end, as the package finds it; the exception of "
        "msbase holds here too."
    ),
)
MSBASE_CDI = Definition(
    name="msbase-cdi",
    source=f"Kalincik T et al. Brain 2015;138:3287-3298, doi 10.1093/brain/awv258, and {MSOUTCOMES}",
    outcomes=EDSS_C,
    confirmation=MONTHS_3_TO_END,
    baseline=Baseline(scheme="on improvement", level_after_event="best"),
    relapses=RelapseWindows(to_baseline=(31, 0), to_confirmation=(0, 0), association=(0, 0)),
    selection=Selection(events="all", proceed_from="best"),
    note="Improvement sustained to the end, as the package finds it; a relapse bars the reference only.",
)
BERN_VIENNA = Definition(
    name="bern-vienna",
    source="Bsteh G et al. Mult Scler 2025, doi 10.1177/13524585251396283, and the package EDSSProgression",
    outcomes=EDSS_A,
    confirmation=Confirmation(windows=(Window(days=180),)),
    baseline=Baseline(scheme="best held", hold_days=30, references="two", level_after_event="best"),
    relapses=RelapseWindows(
        to_baseline=(0, 0),
        to_confirmation=(0, 0),
        association=(90, 30),
        free=RelapseFree(event=Around(before=0, after=None), confirmation=Around(before=None, after=30)),
    ),
    selection=Selection(events="all", proceed_from="event"),
    note=(
        "The paper compares 1440 variants; these are the options that its package recommends, and the events "
        "are the same as those of the package (docs/validation/course)."
    ),
)
COMPOSITE = Definition(
    name="composite",
    source="Kappos L et al. Neurology 2025;104:e213558, doi 10.1212/WNL.0000000000213558",
    outcomes=(
        *EDSS_A,
        Outcome(column="t25fw_s", worsening=T25FW_20),
        Outcome(column="nhpt_dominant_s", worsening=NHPT_20),
        Outcome(column="nhpt_nondominant_s", worsening=NHPT_20),
    ),
    confirmation=WEEKS_12,
    note=(
        "EDSS, or 20 % of the timed walk, or 20 % of the peg test of either hand, each confirmed on itself. "
        "A paper may use the mean of both hands instead. " + NOT_SAID
    ),
)

PRESETS: Mapping[str, Definition] = MappingProxyType(
    {
        definition.name: definition
        for definition in (
            CDW_12W, CDW_24W, CDI_12W, CDI_24W, ROVING_12W, ROVING_24W, PIRA_12W, PIRA_24W, KAPPOS_2020,
            CAGOL_2022, MULLER_2023, MULLER_2023_STRICT, MULLER_2025, PORTACCIO_2025, MSBASE, MSBASE_CDW,
            MSBASE_CDI, BERN_VIENNA, COMPOSITE,
        )
    }
)  # fmt: skip
"""Every preset definition, by name."""


def preset(name: str) -> Definition:
    """Give one preset definition by its name.

    Parameters
    ----------
    name : str
        Such as "cdw-12w"; capitals and underscores do not matter.

    Returns
    -------
    Definition
        The definition.

    Raises
    ------
    InputError
        When there is no such definition; the message names those that are, and the closest.

    Examples
    --------
    >>> preset("MULLER_2023").confirmation.windows[0].days
    84
    """
    word = str(name).lower().replace("_", "-")
    if word not in PRESETS:
        require_choice("definition", name, list(PRESETS))
    return PRESETS[word]
