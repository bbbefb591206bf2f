"""Exact statistics for small trials: shares, rates, paired change, before against after, time to event."""

from ranvier.stats.arm_comparison import LogRank, log_rank
from ranvier.stats.binomial import proportion, zero_event_bound
from ranvier.stats.cox_regression import CoxFit, cox
from ranvier.stats.entry_rule import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule, expected_after_entry
from ranvier.stats.interval_events import IntervalFit, interval_survival
from ranvier.stats.pairs import paired
from ranvier.stats.periods import BEFORE_AFTER_NOTE, before_after
from ranvier.stats.poisson import rate, rate_ratio
from ranvier.stats.recurrent_events import MeanCumulative, mean_cumulative, recurrent
from ranvier.stats.survival_curves import survival
from ranvier.stats.survival_fit import SURVIVAL_METHODS, SurvivalFit
from ranvier.stats.weibull_times import WeibullFit, weibull

__all__ = [
    "BEFORE_AFTER_NOTE",
    "PREVENT_ENTRY",
    "SURVIVAL_METHODS",
    "TWO_IN_TWO_YEARS",
    "CoxFit",
    "EntryRule",
    "IntervalFit",
    "LogRank",
    "MeanCumulative",
    "SurvivalFit",
    "WeibullFit",
    "before_after",
    "cox",
    "expected_after_entry",
    "interval_survival",
    "log_rank",
    "mean_cumulative",
    "paired",
    "proportion",
    "rate",
    "rate_ratio",
    "recurrent",
    "survival",
    "weibull",
    "zero_event_bound",
]
