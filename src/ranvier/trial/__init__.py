"""One study: its tables and its protocol."""

from ranvier.trial.bias import BIAS_TOOLS, BiasJudgement, RiskOfBias
from ranvier.trial.entry import ENTRY_RULES, PREVENT_ENTRY, TWO_IN_TWO_YEARS, Entry, EntryRule
from ranvier.trial.estimand import STRATEGIES, Estimand, IntercurrentEvent
from ranvier.trial.lesion_plan import LesionPlan
from ranvier.trial.neda_plan import NEDA_NAMES, NedaPlan
from ranvier.trial.protocol import (
    CELL_CLASSES,
    DATA_KINDS,
    DESIGNS,
    ENDPOINT_KINDS,
    Arm,
    Endpoint,
    Invented,
    Margin,
    Product,
    Protocol,
    Source,
    VisitWindow,
)
from ranvier.trial.schedule import VISIT_REASONS, assign_visits, since_baseline, take
from ranvier.trial.stopping import STOPPING_EVENTS, STOPPING_METHODS, StoppingRule
from ranvier.trial.trial import Trial

__all__ = [
    "BIAS_TOOLS",
    "CELL_CLASSES",
    "DATA_KINDS",
    "DESIGNS",
    "ENDPOINT_KINDS",
    "ENTRY_RULES",
    "NEDA_NAMES",
    "PREVENT_ENTRY",
    "STOPPING_EVENTS",
    "STOPPING_METHODS",
    "STRATEGIES",
    "TWO_IN_TWO_YEARS",
    "VISIT_REASONS",
    "Arm",
    "BiasJudgement",
    "Endpoint",
    "Entry",
    "EntryRule",
    "Estimand",
    "IntercurrentEvent",
    "Invented",
    "LesionPlan",
    "Margin",
    "NedaPlan",
    "Product",
    "Protocol",
    "RiskOfBias",
    "Source",
    "StoppingRule",
    "Trial",
    "VisitWindow",
    "assign_visits",
    "since_baseline",
    "take",
]
