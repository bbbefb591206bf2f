"""The evidence registry, and pooling: what trials of cell therapy reported, one by one and taken together."""

from ranvier.evidence.between_methods import GeneralisedQ
from ranvier.evidence.collection import Registry, registry
from ranvier.evidence.effect_sizes import (
    MEASURE_CODES,
    ZERO_CELL_RULES,
    EffectSizes,
    effect_size,
)
from ranvier.evidence.harms import SeriousEvents, serious_events
from ranvier.evidence.placebo import RESPONSE_OUTCOMES, PlaceboResponse
from ranvier.evidence.pooled_studies import Pool, PooledEstimate
from ranvier.evidence.pooling import POOL_INTERVALS, POOL_METHODS, pool
from ranvier.evidence.quantile_summaries import mean_and_sd
from ranvier.evidence.regression import meta_regression
from ranvier.evidence.regression_fit import MetaRegression
from ranvier.evidence.stratified import STRATIFIED_MEASURES, mantel_haenszel, peto
from ranvier.evidence.stratified_pool import StratifiedPool
from ranvier.evidence.study import CELL_FAMILIES, Study
from ranvier.evidence.subgroup_pools import BETWEEN_RULES, Subgroups, subgroups

__all__ = [
    "BETWEEN_RULES",
    "CELL_FAMILIES",
    "MEASURE_CODES",
    "POOL_INTERVALS",
    "POOL_METHODS",
    "RESPONSE_OUTCOMES",
    "STRATIFIED_MEASURES",
    "ZERO_CELL_RULES",
    "EffectSizes",
    "GeneralisedQ",
    "MetaRegression",
    "PlaceboResponse",
    "Pool",
    "PooledEstimate",
    "Registry",
    "SeriousEvents",
    "StratifiedPool",
    "Study",
    "Subgroups",
    "effect_size",
    "mantel_haenszel",
    "mean_and_sd",
    "meta_regression",
    "peto",
    "pool",
    "registry",
    "serious_events",
    "subgroups",
]
