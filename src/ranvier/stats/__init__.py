"""Statistics for small trials: exact where it matters, models with their assumptions said where not."""

from ranvier.stats.binomial import proportion, zero_event_bound
from ranvier.stats.entry_rule import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule, expected_after_entry
from ranvier.stats.hypothesis_graphs import GraphTest, gatekeeping
from ranvier.stats.imputation import MISSING_AT_RANDOM, ImputationModel, Imputed, impute
from ranvier.stats.multiplicity import AdjustedPValues, adjust
from ranvier.stats.ordinal_models import ordinal_mixed
from ranvier.stats.pairs import paired
from ranvier.stats.periods import BEFORE_AFTER_NOTE, before_after
from ranvier.stats.poisson import rate, rate_ratio
from ranvier.stats.relapse_models import relapse_model
from ranvier.stats.relapse_permutations import ENUMERATE_UP_TO, relapse_permutation
from ranvier.stats.responder_tipping import ResponderTipping, tipping_responders
from ranvier.stats.rubin_rules import pool_imputations
from ranvier.stats.tipping import TippingPoint, tipping_point

__all__ = [
    "BEFORE_AFTER_NOTE",
    "ENUMERATE_UP_TO",
    "MISSING_AT_RANDOM",
    "PREVENT_ENTRY",
    "TWO_IN_TWO_YEARS",
    "AdjustedPValues",
    "EntryRule",
    "GraphTest",
    "ImputationModel",
    "Imputed",
    "ResponderTipping",
    "TippingPoint",
    "adjust",
    "before_after",
    "expected_after_entry",
    "gatekeeping",
    "impute",
    "ordinal_mixed",
    "paired",
    "pool_imputations",
    "proportion",
    "rate",
    "rate_ratio",
    "relapse_model",
    "relapse_permutation",
    "tipping_point",
    "tipping_responders",
    "zero_event_bound",
]
