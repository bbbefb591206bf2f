"""Statistics for small trials: exact where it matters, models with their assumptions said where not."""

from ranvier.stats.adaptive_sizes import PromisingZone, promising_zone
from ranvier.stats.adjusted_change import ancova
from ranvier.stats.arm_comparison import LogRank, log_rank
from ranvier.stats.bayes import beta_binomial, gamma_poisson
from ranvier.stats.binomial import proportion, zero_event_bound
from ranvier.stats.conditional_powers import conditional_power
from ranvier.stats.count_designs import CountDesign
from ranvier.stats.cox_regression import CoxFit, cox
from ranvier.stats.crossovers import crossover
from ranvier.stats.entry_rule import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule, expected_after_entry
from ranvier.stats.event_table import EVENTS_DRAWN, EventComparison, compare_events
from ranvier.stats.group_boundaries import BOUNDARIES, group_sequential
from ranvier.stats.hypothesis_graphs import GraphTest, gatekeeping
from ranvier.stats.imputation import MISSING_AT_RANDOM, ImputationModel, Imputed, impute
from ranvier.stats.interval_events import IntervalFit, interval_survival
from ranvier.stats.mixed_fit import MixedModelFit
from ranvier.stats.mixed_model import COVARIANCES, MixedModel, mmrm
from ranvier.stats.monitoring import stopping_rule
from ranvier.stats.multiplicity import AdjustedPValues, adjust
from ranvier.stats.no_events import ALL_ARMS, patients_to_exclude, zero_events
from ranvier.stats.ordinal_models import ordinal_mixed
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
from ranvier.stats.recurrent_events import MeanCumulative, mean_cumulative, recurrent
from ranvier.stats.relapse_models import relapse_model
from ranvier.stats.relapse_permutations import ENUMERATE_UP_TO, relapse_permutation
from ranvier.stats.responder_tipping import ResponderTipping, tipping_responders
from ranvier.stats.rubin_rules import pool_imputations
from ranvier.stats.sample_sizes import SampleSize
from ranvier.stats.sequential_counts import exact_sequential
from ranvier.stats.sequential_design import SequentialDesign
from ranvier.stats.single_stages import SingleStage, single_stage
from ranvier.stats.size_of_changes import size_changes
from ranvier.stats.size_of_counts import size_relapses
from ranvier.stats.size_of_means import size_events, size_means, size_pairs
from ranvier.stats.size_of_shares import size_shares
from ranvier.stats.stopping import StoppingBoundary, StoppingState
from ranvier.stats.survival_curves import survival
from ranvier.stats.survival_fit import SURVIVAL_METHODS, SurvivalFit
from ranvier.stats.tipping import TippingPoint, tipping_point
from ranvier.stats.two_groups import rank_sum
from ranvier.stats.two_shares import compare_proportions
from ranvier.stats.two_stages import simon
from ranvier.stats.weibull_times import WeibullFit, weibull
from ranvier.stats.yes_no_pairs import mcnemar

__all__ = [
    "ALL_ARMS",
    "BEFORE_AFTER_NOTE",
    "BOUNDARIES",
    "COVARIANCES",
    "ENUMERATE_UP_TO",
    "EVENTS_DRAWN",
    "MISSING_AT_RANDOM",
    "PREVENT_ENTRY",
    "RATE_PRIORS",
    "SHARE_PRIORS",
    "SURVIVAL_METHODS",
    "TWO_IN_TWO_YEARS",
    "AdjustedPValues",
    "CountDesign",
    "CoxFit",
    "EntryRule",
    "EventComparison",
    "GraphTest",
    "ImputationModel",
    "Imputed",
    "IntervalFit",
    "LogRank",
    "MeanCumulative",
    "MixedModel",
    "MixedModelFit",
    "PromisingZone",
    "RatePrior",
    "ResponderTipping",
    "SampleSize",
    "SequentialDesign",
    "SharePrior",
    "SingleStage",
    "StoppingBoundary",
    "StoppingState",
    "SurvivalFit",
    "TippingPoint",
    "WeibullFit",
    "adjust",
    "ancova",
    "before_after",
    "beta_binomial",
    "compare_events",
    "compare_proportions",
    "conditional_power",
    "cox",
    "crossover",
    "exact_sequential",
    "expected_after_entry",
    "gamma_poisson",
    "gatekeeping",
    "group_sequential",
    "impute",
    "interval_survival",
    "log_rank",
    "mcnemar",
    "mean_cumulative",
    "mmrm",
    "ordinal_mixed",
    "paired",
    "patients_to_exclude",
    "permutation",
    "pool_imputations",
    "promising_zone",
    "proportion",
    "rank_sum",
    "rate",
    "rate_difference",
    "rate_ratio",
    "recurrent",
    "relapse_model",
    "relapse_permutation",
    "sceptical_rate",
    "sceptical_share",
    "simon",
    "single_stage",
    "size_changes",
    "size_events",
    "size_means",
    "size_pairs",
    "size_relapses",
    "size_shares",
    "stopping_rule",
    "survival",
    "tipping_point",
    "tipping_responders",
    "weibull",
    "zero_event_bound",
    "zero_events",
]
