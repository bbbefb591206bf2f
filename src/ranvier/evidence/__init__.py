"""The evidence registry, and pooling: what trials of cell therapy reported, one by one and taken together."""

from ranvier.evidence.bayes_pooling import BAYES_INTERVALS, TAU_PRIORS, TAU_SCALE, BayesPool, pool_bayes
from ranvier.evidence.category_pooling import CategoryPool, pool_categories
from ranvier.evidence.collection import Registry, registry
from ranvier.evidence.count_pool import CountPool
from ranvier.evidence.count_pooling import (
    COUNT_INTERVALS,
    COUNT_MEASURES,
    COUNT_METHODS,
    COUNT_MODELS,
    pool_counts,
)
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
from ranvier.evidence.study import CELL_FAMILIES, Study

__all__ = [
    "BAYES_INTERVALS",
    "CELL_FAMILIES",
    "COUNT_INTERVALS",
    "COUNT_MEASURES",
    "COUNT_METHODS",
    "COUNT_MODELS",
    "MEASURE_CODES",
    "POOL_INTERVALS",
    "POOL_METHODS",
    "RESPONSE_OUTCOMES",
    "TAU_PRIORS",
    "TAU_SCALE",
    "ZERO_CELL_RULES",
    "BayesPool",
    "CategoryPool",
    "CountPool",
    "EffectSizes",
    "PlaceboResponse",
    "Pool",
    "PooledEstimate",
    "Registry",
    "SeriousEvents",
    "Study",
    "effect_size",
    "pool",
    "pool_bayes",
    "pool_categories",
    "pool_counts",
    "registry",
    "serious_events",
]
