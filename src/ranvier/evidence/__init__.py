"""The evidence registry, and pooling: what trials of cell therapy reported, one by one and taken together."""

from ranvier.evidence.bayes_pooling import BAYES_INTERVALS, TAU_PRIORS, TAU_SCALE, BayesPool, pool_bayes
from ranvier.evidence.between_methods import GeneralisedQ
from ranvier.evidence.category_pooling import CategoryPool, pool_categories
from ranvier.evidence.changed_correlation import sensitivity_to_correlation
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
from ranvier.evidence.filled_studies import FILL_ESTIMATORS, FILL_SIDES, TrimAndFill, trim_and_fill
from ranvier.evidence.forest import forest_plot
from ranvier.evidence.funnel import funnel_plot
from ranvier.evidence.harms import SeriousEvents, serious_events
from ranvier.evidence.influential_studies import INFLUENCE_RULES, Influence, influence
from ranvier.evidence.leaving_out import CUMULATIVE_ORDERS, Repooled, cumulative, leave_one_out
from ranvier.evidence.multilevel import MULTILEVEL_METHODS, pool_multilevel
from ranvier.evidence.multilevel_pool import MultilevelPool
from ranvier.evidence.network_fit import Network
from ranvier.evidence.network_pooling import NETWORK_MEASURES, NETWORK_METHODS, network
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
from ranvier.evidence.quantile_summaries import mean_and_sd
from ranvier.evidence.registry_files import REGISTRY_RULES, check_registry, read_registry
from ranvier.evidence.registry_selection import CERTAINTIES, select_studies
from ranvier.evidence.regression import meta_regression
from ranvier.evidence.regression_fit import MetaRegression
from ranvier.evidence.selection_models import FAVOURED, SelectionFit, selection_model
from ranvier.evidence.small_studies import EGGER_MODELS, Asymmetry, begg_test, egger_test
from ranvier.evidence.stratified import STRATIFIED_MEASURES, mantel_haenszel, peto
from ranvier.evidence.stratified_pool import StratifiedPool
from ranvier.evidence.study import CELL_FAMILIES, Study
from ranvier.evidence.study_checks import STUDY_RULES, check_studies
from ranvier.evidence.study_files import STUDY_COLUMNS, read_studies
from ranvier.evidence.study_plots import baujat_plot, drapery_plot, labbe_plot, radial_plot
from ranvier.evidence.subgroup_pools import BETWEEN_RULES, Subgroups, subgroups
from ranvier.evidence.subset_pools import Gosh, gosh
from ranvier.evidence.table_pooling import PooledTable, pool_table
from ranvier.evidence.visit_correlation import (
    CORRELATION_RANGE,
    EDSS_CORRELATION,
    NAMED_CORRELATIONS,
    NamedCorrelation,
    implied_correlation,
)

__all__ = [
    "BAYES_INTERVALS",
    "BETWEEN_RULES",
    "CELL_FAMILIES",
    "CERTAINTIES",
    "CORRELATION_RANGE",
    "COUNT_INTERVALS",
    "COUNT_MEASURES",
    "COUNT_METHODS",
    "COUNT_MODELS",
    "COUNT_REASONS",
    "CUMULATIVE_ORDERS",
    "EDSS_CORRELATION",
    "EGGER_MODELS",
    "FAVOURED",
    "FILL_ESTIMATORS",
    "FILL_SIDES",
    "INFLUENCE_RULES",
    "MEASURE_CODES",
    "MULTILEVEL_METHODS",
    "NAMED_CORRELATIONS",
    "NETWORK_MEASURES",
    "NETWORK_METHODS",
    "POOL_INTERVALS",
    "POOL_METHODS",
    "PRINTED_SCALES",
    "REGISTRY_RULES",
    "RESPONSE_OUTCOMES",
    "STRATIFIED_MEASURES",
    "STUDY_COLUMNS",
    "STUDY_RULES",
    "TAU_PRIORS",
    "TAU_SCALE",
    "ZERO_CELL_RULES",
    "Asymmetry",
    "BayesPool",
    "CategoryPool",
    "CountPool",
    "EffectSizes",
    "GeneralisedQ",
    "Gosh",
    "Influence",
    "MetaRegression",
    "MultilevelPool",
    "NamedCorrelation",
    "Network",
    "OutcomeCounts",
    "PlaceboResponse",
    "Pool",
    "PooledEstimate",
    "PooledTable",
    "PostedResults",
    "Registry",
    "Repooled",
    "SelectionFit",
    "SeriousEvents",
    "StratifiedPool",
    "Study",
    "Subgroups",
    "TrimAndFill",
    "baujat_plot",
    "begg_test",
    "check_registry",
    "check_studies",
    "cumulative",
    "drapery_plot",
    "effect_size",
    "egger_test",
    "forest_plot",
    "funnel_plot",
    "gosh",
    "implied_correlation",
    "implied_patients",
    "influence",
    "interval_place",
    "labbe_plot",
    "leave_one_out",
    "mantel_haenszel",
    "mean_and_sd",
    "meta_regression",
    "network",
    "outcome_counts",
    "peto",
    "pool",
    "pool_bayes",
    "pool_categories",
    "pool_counts",
    "pool_multilevel",
    "pool_table",
    "possible_percent",
    "radial_plot",
    "read_clinicaltrials",
    "read_registry",
    "read_studies",
    "registry",
    "select_studies",
    "selection_model",
    "sensitivity_to_correlation",
    "serious_events",
    "subgroups",
    "trim_and_fill",
]
