"""Exact statistics for small trials: shares, rates, rate ratios, paired change, and before against after."""

from ranvier.stats.binomial import proportion, zero_event_bound
from ranvier.stats.entry_rule import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule, expected_after_entry
from ranvier.stats.monitoring import StoppingBoundary, StoppingState, stopping_rule
from ranvier.stats.no_events import ALL_ARMS, patients_to_exclude, zero_events
from ranvier.stats.pairs import paired
from ranvier.stats.periods import BEFORE_AFTER_NOTE, before_after
from ranvier.stats.poisson import rate, rate_ratio

__all__ = [
    "ALL_ARMS",
    "BEFORE_AFTER_NOTE",
    "PREVENT_ENTRY",
    "TWO_IN_TWO_YEARS",
    "EntryRule",
    "StoppingBoundary",
    "StoppingState",
    "before_after",
    "expected_after_entry",
    "paired",
    "patients_to_exclude",
    "proportion",
    "rate",
    "rate_ratio",
    "stopping_rule",
    "zero_event_bound",
    "zero_events",
]
