"""Statistics for small trials: shares, rates, rate ratios, paired change, repeated visits."""

from ranvier.stats.adjusted_change import ancova
from ranvier.stats.binomial import proportion, zero_event_bound
from ranvier.stats.entry_rule import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule, expected_after_entry
from ranvier.stats.mixed_fit import MixedModelFit
from ranvier.stats.mixed_model import COVARIANCES, MixedModel, mmrm
from ranvier.stats.pairs import paired
from ranvier.stats.periods import BEFORE_AFTER_NOTE, before_after
from ranvier.stats.poisson import rate, rate_ratio

__all__ = [
    "BEFORE_AFTER_NOTE",
    "COVARIANCES",
    "PREVENT_ENTRY",
    "TWO_IN_TWO_YEARS",
    "EntryRule",
    "MixedModel",
    "MixedModelFit",
    "ancova",
    "before_after",
    "expected_after_entry",
    "mmrm",
    "paired",
    "proportion",
    "rate",
    "rate_ratio",
    "zero_event_bound",
]
