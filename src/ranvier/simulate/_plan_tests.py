"""The tests that a plan may name: what each is, and which endpoints and designs it fits."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COUNTS", "SHARES", "TESTS", "PlannedTest"]

SHARES = ("improved", "worse", "confirmed_worsening", "serious_event")
"""Endpoints that count patients."""
COUNTS = ("relapses", "new_t2")
"""Endpoints that count events."""


@dataclass(frozen=True)
class PlannedTest:
    """One test: its words, the endpoints it fits, and whether it compares arms."""

    text: str
    endpoints: tuple[str, ...]
    several: bool


TESTS = {
    "binomial": PlannedTest("exact binomial test of a share against a fixed one", SHARES, several=False),
    "signed-rank": PlannedTest(
        "exact signed-rank test of changes within patients", ("edss_change",), several=False
    ),
    "poisson": PlannedTest("exact Poisson test of a rate against a fixed one", COUNTS, several=False),
    "before-after": PlannedTest(
        "exact conditional test of relapses after against before entry in the same patients",
        ("relapses",),
        several=False,
    ),
    "boschloo": PlannedTest("Boschloo's exact test of two shares", SHARES, several=True),
    "fisher": PlannedTest("Fisher's exact test of two shares", SHARES, several=True),
    "rank-sum": PlannedTest(
        "exact rank-sum test (EDSS changes, or rates of single patients)",
        ("edss_change", *COUNTS),
        several=True,
    ),
    "permutation": PlannedTest(
        "exact permutation test of means (EDSS changes, or events of single patients)",
        ("edss_change", *COUNTS),
        several=True,
    ),
    "conditional": PlannedTest(
        "exact conditional test of two rates, which takes events as independent of each other (Poisson)",
        COUNTS,
        several=True,
    ),
}
