"""Exact statistics for small trials: shares, rates, paired change, two groups, and before against after."""

from ranvier.stats.bayes import beta_binomial, gamma_poisson
from ranvier.stats.binomial import proportion, zero_event_bound
from ranvier.stats.entry_rule import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule, expected_after_entry
from ranvier.stats.event_table import EVENTS_DRAWN, EventComparison, compare_events
from ranvier.stats.monitoring import stopping_rule
from ranvier.stats.no_events import ALL_ARMS, patients_to_exclude, zero_events
from ranvier.stats.pairs import paired
from ranvier.stats.periods import BEFORE_AFTER_NOTE, before_after
from ranvier.stats.permutations import permutation
from ranvier.stats.poisson import rate, rate_ratio
from ranvier.stats.priors import (
    RATE_PRIORS,
    SHARE_PRIORS,
    RatePrior,
    SharePrior,
    sceptical_rate,
    sceptical_share,
)
from ranvier.stats.rate_differences import rate_difference
from ranvier.stats.stopping import StoppingBoundary, StoppingState
from ranvier.stats.two_groups import rank_sum
from ranvier.stats.two_shares import compare_proportions
from ranvier.stats.yes_no_pairs import mcnemar

__all__ = [
    "ALL_ARMS",
    "BEFORE_AFTER_NOTE",
    "EVENTS_DRAWN",
    "PREVENT_ENTRY",
    "RATE_PRIORS",
    "SHARE_PRIORS",
    "TWO_IN_TWO_YEARS",
    "EntryRule",
    "EventComparison",
    "RatePrior",
    "SharePrior",
    "StoppingBoundary",
    "StoppingState",
    "before_after",
    "beta_binomial",
    "compare_events",
    "compare_proportions",
    "expected_after_entry",
    "gamma_poisson",
    "mcnemar",
    "paired",
    "patients_to_exclude",
    "permutation",
    "proportion",
    "rank_sum",
    "rate",
    "rate_difference",
    "rate_ratio",
    "sceptical_rate",
    "sceptical_share",
    "stopping_rule",
    "zero_event_bound",
    "zero_events",
]
