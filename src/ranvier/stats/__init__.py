"""Exact statistics for small trials: shares, rates, rate ratios and paired change."""

from ranvier.stats.binomial import proportion, zero_event_bound
from ranvier.stats.pairs import paired
from ranvier.stats.poisson import rate, rate_ratio

__all__ = ["paired", "proportion", "rate", "rate_ratio", "zero_event_bound"]
