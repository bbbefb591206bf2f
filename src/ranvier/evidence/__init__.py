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
from ranvier.evidence.study import CELL_FAMILIES, Study

__all__ = [
    "CELL_FAMILIES",
    "MEASURE_CODES",
    "POOL_INTERVALS",
    "POOL_METHODS",
    "RESPONSE_OUTCOMES",
    "ZERO_CELL_RULES",
    "EffectSizes",
    "GeneralisedQ",
    "PlaceboResponse",
    "Pool",
    "PooledEstimate",
    "Registry",
    "SeriousEvents",
    "Study",
    "effect_size",
    "pool",
    "registry",
    "serious_events",
]
