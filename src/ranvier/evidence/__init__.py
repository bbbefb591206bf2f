"""The evidence registry, and pooling: what trials of cell therapy reported, one by one and taken together."""

from ranvier.evidence.collection import Registry, registry
from ranvier.evidence.effect_sizes import (
    MEASURE_CODES,
    ZERO_CELL_RULES,
    EffectSizes,
    effect_size,
)
from ranvier.evidence.harms import SeriousEvents, serious_events
from ranvier.evidence.outcome_counts import COUNT_REASONS, OutcomeCounts, outcome_counts
from ranvier.evidence.placebo import RESPONSE_OUTCOMES, PlaceboResponse
from ranvier.evidence.pooled_studies import Pool, PooledEstimate
from ranvier.evidence.pooling import POOL_INTERVALS, POOL_METHODS, pool
from ranvier.evidence.posted_results import PostedResults, read_clinicaltrials
from ranvier.evidence.printed_numbers import (
    PRINTED_SCALES,
    implied_patients,
    interval_place,
    possible_percent,
)
from ranvier.evidence.registry_files import REGISTRY_RULES, check_registry, read_registry
from ranvier.evidence.registry_selection import CERTAINTIES, select_studies
from ranvier.evidence.study import CELL_FAMILIES, Study
from ranvier.evidence.study_checks import STUDY_RULES, check_studies
from ranvier.evidence.study_files import STUDY_COLUMNS, read_studies
from ranvier.evidence.table_pooling import PooledTable, pool_table

__all__ = [
    "CELL_FAMILIES",
    "CERTAINTIES",
    "COUNT_REASONS",
    "MEASURE_CODES",
    "POOL_INTERVALS",
    "POOL_METHODS",
    "PRINTED_SCALES",
    "REGISTRY_RULES",
    "RESPONSE_OUTCOMES",
    "STUDY_COLUMNS",
    "STUDY_RULES",
    "ZERO_CELL_RULES",
    "EffectSizes",
    "OutcomeCounts",
    "PlaceboResponse",
    "Pool",
    "PooledEstimate",
    "PooledTable",
    "PostedResults",
    "Registry",
    "SeriousEvents",
    "Study",
    "check_registry",
    "check_studies",
    "effect_size",
    "implied_patients",
    "interval_place",
    "outcome_counts",
    "pool",
    "pool_table",
    "possible_percent",
    "read_clinicaltrials",
    "read_registry",
    "read_studies",
    "registry",
    "select_studies",
    "serious_events",
]
