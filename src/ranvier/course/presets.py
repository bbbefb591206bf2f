"""Named rules of change, and the smallest changes beyond rater noise, each with its source."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ranvier.course.rule import ChangeRule, Threshold

__all__ = [
    "EDSS_1_0_5",
    "EDSS_1_5_1_0_5",
    "EDSS_ANY",
    "LOGMAR_0_2",
    "NHPT_20",
    "SMALLEST_REAL_CHANGE",
    "T25FW_20",
    "SmallestChange",
    "smallest_real_change",
]

KRAGT = (
    "Kragt JJ, Nielsen JM, van der Linden FAH, Uitdehaag BMJ, Polman CH. How similar are commonly combined "
    "criteria for EDSS progression in multiple sclerosis? Mult Scler 2006;12:782-786"
)
HARRIS = "Harris VK et al. Stem Cell Res Ther 2024;15:151, doi 10.1186/s13287-024-03765-6 (NCT03355365)"
CADAVID = (
    "Cadavid D et al. The EDSS-Plus, an improved endpoint for disability progression in secondary "
    "progressive multiple sclerosis. Mult Scler 2017;23(1):94-105"
)
NOSEWORTHY = (
    "Noseworthy JH et al. Interrater variability with the Expanded Disability Status Scale (EDSS) and "
    "Functional Systems (FS) in a multiple sclerosis clinical trial. Neurology 1990;40:971-975"
)
ROSSER = (
    "Rosser DA et al. How sensitive to clinical change are ETDRS logMAR visual acuity measurements? Invest "
    "Ophthalmol Vis Sci 2003;44:3278-3281, doi 10.1167/iovs.02-1100"
)

EDSS_ANY = ChangeRule(
    name="edss-0.5",
    outcomes=("edss",),
    thresholds=(Threshold(low=0.0, high=10.0, change=0.5),),
    source="Kurtzke JF. Rating neurologic impairment in multiple sclerosis. Neurology 1983;33:1444-1452",
    note="Any step of the scale counts; most of what is counted may be disagreement between examiners.",
)
"""`edss-0.5`: any step of the EDSS counts."""
EDSS_1_0_5 = ChangeRule(
    name="edss-1.0-or-0.5",
    outcomes=("edss",),
    thresholds=(Threshold(low=0.0, high=5.5, change=1.0), Threshold(low=6.0, high=10.0, change=0.5)),
    source=f"{KRAGT}; {HARRIS}",
    note="The two thresholds are not equivalent: the MSFC moved 0.41 more in the upper band.",
)
"""`edss-1.0-or-0.5`: 1.0 from a baseline up to 5.5, 0.5 from 6.0."""
EDSS_1_5_1_0_5 = ChangeRule(
    name="edss-1.5-1.0-0.5",
    outcomes=("edss",),
    thresholds=(
        Threshold(low=0.0, high=0.0, change=1.5),
        Threshold(low=1.0, high=5.0, change=1.0),
        Threshold(low=5.5, high=10.0, change=0.5),
    ),
    source=(
        "Montobbio N et al. Mult Scler 2024, doi 10.1177/13524585241243157, and the manual of its package "
        "msprog (compute_delta)"
    ),
    note="Differs from edss-1.0-or-0.5 at a baseline of 0 and at one of exactly 5.5.",
)
"""`edss-1.5-1.0-0.5`: 1.5 from a baseline of 0, 1.0 from 1.0 to 5.0, 0.5 from 5.5."""
LOGMAR_0_2 = ChangeRule(
    name="logmar-0.2",
    outcomes=("acuity_right_logmar", "acuity_left_logmar"),
    thresholds=(Threshold(low=-0.3, high=3.0, change=0.2),),
    source=ROSSER,
    note=(
        "Shown on ETDRS charts in normal eyes; Snellen charts and low acuity repeat less well. The two eyes "
        "of one patient are not independent."
    ),
)
"""`logmar-0.2`: two lines of an ETDRS chart."""
T25FW_20 = ChangeRule(
    name="t25fw-20pct",
    outcomes=("t25fw_s",),
    thresholds=(Threshold(low=0.1, high=600.0, change=0.2, relative=True),),
    source=f"{CADAVID}; {HARRIS}",
    note="20 % of the time, not of the speed: 1.2 times the time is 16.7 % less speed.",
)
"""`t25fw-20pct`: 20 % of the time of the 25-foot walk."""
NHPT_20 = ChangeRule(
    name="nhpt-20pct",
    outcomes=("nhpt_dominant_s", "nhpt_nondominant_s"),
    thresholds=(Threshold(low=0.1, high=1000.0, change=0.2, relative=True),),
    source=f"{CADAVID}; {HARRIS}",
    note="20 % of the time; each hand apart.",
)
"""`nhpt-20pct`: 20 % of the time of the nine-hole peg test, each hand apart."""


@dataclass(frozen=True, kw_only=True)
class SmallestChange:
    """The smallest change that repeated examinations of an unchanged patient do not show by themselves.

    Parameters
    ----------
    outcomes : tuple of str
        Columns of visits that it holds for.
    value : float
        In the unit of the outcome; anything smaller lies within the noise of the examination.
    source : str
        Where it was published.
    note : str
        What a reader must know about it.
    """

    outcomes: tuple[str, ...]
    value: float
    source: str
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


SMALLEST_REAL_CHANGE: tuple[SmallestChange, ...] = (
    SmallestChange(
        outcomes=("edss",),
        value=1.0,
        source=NOSEWORTHY,
        note=(
            "Two examiners of the same patient gave the same EDSS in 69 % of 545 pairs and differed by at "
            "most one step (0.5) in at least 92 %; two steps (1.0) are advised before a change is believed. "
            "Between EDSS 1.0 and 3.5 different examiners agreed only within 1.5 (Goodkin DE et al. "
            "Neurology 1992;42:859-863; 10 patients)."
        ),
    ),
    SmallestChange(
        outcomes=("acuity_right_logmar", "acuity_left_logmar"),
        value=0.2,
        source=ROSSER,
        note=(
            "Two lines (0.2 logMAR) can be told from no change, one line (0.1) cannot; shown on ETDRS charts "
            "in normal eyes, so that a diseased eye may need more."
        ),
    ),
)
"""Smallest change beyond the noise of examining, per outcome; only outcomes with a source are here."""


def smallest_real_change(outcome: str) -> SmallestChange | None:
    """Give the smallest change of an outcome that lies beyond the noise of examining.

    Parameters
    ----------
    outcome : str
        Column of visits.

    Returns
    -------
    SmallestChange or None
        Value with its source; None when no source is known.

    References
    ----------
    Noseworthy et al. 1990, Neurology 40:971-975; Goodkin et al. 1992, Neurology 42:859-863; Rosser et al.
    2003, doi 10.1167/iovs.02-1100.

    Examples
    --------
    >>> smallest_real_change("edss").value
    1.0
    >>> smallest_real_change("sdmt") is None
    True
    """
    return next((noise for noise in SMALLEST_REAL_CHANGE if outcome in noise.outcomes), None)
