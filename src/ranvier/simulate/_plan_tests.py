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
    """One test: its words, the endpoints it fits, and what it compares: "one arm", "arms" or "crossover"."""

    text: str
    endpoints: tuple[str, ...]
    compares: str


TESTS = {
    "binomial": PlannedTest("exact binomial test of a share against a fixed one", SHARES, compares="one arm"),
    "signed-rank": PlannedTest(
        "exact signed-rank test of changes within patients", ("edss_change",), compares="one arm"
    ),
    "poisson": PlannedTest("exact Poisson test of a rate against a fixed one", COUNTS, compares="one arm"),
    "before-after": PlannedTest(
        "exact conditional test of relapses after against before entry in the same patients",
        ("relapses",),
        compares="one arm",
    ),
    "boschloo": PlannedTest("Boschloo's exact test of two shares", SHARES, compares="arms"),
    "fisher": PlannedTest("Fisher's exact test of two shares", SHARES, compares="arms"),
    "rank-sum": PlannedTest(
        "exact rank-sum test (EDSS changes, or rates of single patients)",
        ("edss_change", *COUNTS),
        compares="arms",
    ),
    "permutation": PlannedTest(
        "exact permutation test of means (EDSS changes, or events of single patients)",
        ("edss_change", *COUNTS),
        compares="arms",
    ),
    "conditional": PlannedTest(
        "exact conditional test of two rates, which takes events as independent of each other (Poisson)",
        COUNTS,
        compares="arms",
    ),
    "crossover": PlannedTest(
        "exact rank-sum test of the differences within patients, first period less second, between both "
        "sequences",
        ("edss_change",),
        compares="crossover",
    ),
}
