"""Rules of change that the course engine adds, and thresholds of whole columns at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ranvier.course.presets import EDSS_1_0_5, EDSS_1_5_1_0_5
from ranvier.course.rule import ChangeRule, Threshold

__all__ = [
    "EDSS_C_IMPROVEMENT",
    "EDSS_C_WORSENING",
    "EDSS_D",
    "EDSS_RULES",
    "FS_1",
    "SDMT_3_OR_10",
    "SDMT_4_OR_20",
    "smallest_changes",
]

MSOUTCOMES = (
    "Kalincik T et al. Brain 2015;138:3287-3298, doi 10.1093/brain/awv258, and the package MSoutcomes 0.2.1"
)
SDMT_NOISE = (
    "That is within the noise of retesting: 8 points told decline from chance best (Weinstock Z et al. "
    "Mult Scler 2022;28:1101-1111, doi 10.1177/13524585211049397)."
)

EDSS_C_WORSENING = ChangeRule(
    name="edss-c-worsening",
    outcomes=("edss",),
    thresholds=(
        Threshold(low=0.0, high=0.0, change=1.5),
        Threshold(low=1.0, high=5.5, change=1.0),
        Threshold(low=6.0, high=10.0, change=0.5),
    ),
    source=MSOUTCOMES,
    note="Rule C of the course engine, for worsening; its half for improvement is edss-c-improvement.",
)
EDSS_C_IMPROVEMENT = ChangeRule(
    name="edss-c-improvement",
    outcomes=("edss",),
    thresholds=(
        Threshold(low=0.0, high=1.5, change=1.5),
        Threshold(low=2.0, high=6.0, change=1.0),
        Threshold(low=6.5, high=10.0, change=0.5),
    ),
    source=MSOUTCOMES,
    note="Rule C of the course engine, for improvement; its half for worsening is edss-c-worsening.",
)
EDSS_D = ChangeRule(
    name="edss-2-1-0.5",
    outcomes=("edss",),
    thresholds=(
        Threshold(low=0.0, high=0.0, change=2.0),
        Threshold(low=1.0, high=5.0, change=1.0),
        Threshold(low=5.5, high=10.0, change=0.5),
    ),
    source="open-label extension of the satralizumab trials in NMOSD (SAkura)",
    note="Rule D of the course engine, used in NMOSD; taken from a secondary description, not the protocol.",
)
SDMT_4_OR_20 = ChangeRule(
    name="sdmt-4-or-20pct",
    outcomes=("sdmt",),
    thresholds=(
        Threshold(low=1.0, high=20.0, change=0.2, relative=True),
        Threshold(low=21.0, high=120.0, change=4.0),
    ),
    source="Montobbio N et al. Mult Scler 2024, doi 10.1177/13524585241243157, and the code of msprog",
    lower_is_better=False,
    note=(
        "4 points or 20 %, whichever is less. A reference of 0 gets no answer: 20 % of it is no change. "
        f"{SDMT_NOISE}"
    ),
)
"""`sdmt-4-or-20pct`: 4 points or 20 % of the SDMT, whichever is less."""
SDMT_3_OR_10 = ChangeRule(
    name="sdmt-3-or-10pct",
    outcomes=("sdmt",),
    thresholds=(
        Threshold(low=1.0, high=30.0, change=0.1, relative=True),
        Threshold(low=31.0, high=120.0, change=3.0),
    ),
    source="the documentation of the package pymsprog, and an example in the manual of the package msprog",
    lower_is_better=False,
    note=(
        "3 points or 10 %, whichever is less. pymsprog documents this rule and computes that of "
        "sdmt-4-or-20pct; whoever reports results of pymsprog with its default used the latter. A reference "
        f"of 0 gets no answer. {SDMT_NOISE}"
    ),
)
"""`sdmt-3-or-10pct`: 3 points or 10 % of the SDMT, whichever is less."""
FS_1 = ChangeRule(
    name="fs-1",
    outcomes=("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral"),
    thresholds=(Threshold(low=0.0, high=6.0, change=1.0),),
    source="Kurtzke JF. Rating neurologic impairment in multiple sclerosis. Neurology 1983;33:1444-1452",
    note="One grade of a functional system, the smallest step there is; not shown to be beyond rater noise.",
)
EDSS_RULES: Mapping[str, tuple[ChangeRule, ChangeRule]] = MappingProxyType(
    {
        "A": (EDSS_1_5_1_0_5, EDSS_1_5_1_0_5),
        "B": (EDSS_1_0_5, EDSS_1_0_5),
        "C": (EDSS_C_WORSENING, EDSS_C_IMPROVEMENT),
        "D": (EDSS_D, EDSS_D),
    }
)
"""The four threshold rules of the EDSS in use, by letter: for worsening and for improvement."""


def smallest_changes(rule: ChangeRule, references: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the smallest change that counts from each reference value.

    Parameters
    ----------
    rule : ChangeRule
        The rule.
    references : ndarray, shape (n,)
        Reference values, in the unit of the outcome.

    Returns
    -------
    ndarray, shape (n,)
        NaN outside the table of the rule, where nothing counts as a change.

    Notes
    -----
    A value between two bands, such as a mean EDSS of 5.25, takes the threshold of the lower band.

    Examples
    --------
    >>> smallest_changes(EDSS_D, np.array([0.0, 4.0, 5.25, 6.0])).tolist()
    [2.0, 1.0, 1.0, 0.5]
    """
    lows = np.array([band.low for band in rule.thresholds])
    which = np.searchsorted(lows, references, side="right") - 1
    outside = (which < 0) | (references > rule.thresholds[-1].high) | np.isnan(references)
    band = np.maximum(which, 0)
    change = np.array([part.change for part in rule.thresholds])[band]
    share = np.array([part.relative for part in rule.thresholds])[band]
    # Dividing by 5 and not multiplying by 0.2 gives 1.0, not 1.0000000000000002, from a reference of 5.
    needed = np.where(share, references / (1.0 / change), change)
    result: NDArray[np.float64] = np.where(outside, np.nan, needed)
    return result
