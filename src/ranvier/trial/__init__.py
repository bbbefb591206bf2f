"""One study: its tables and its protocol."""

from ranvier.trial.estimand import STRATEGIES, Estimand, IntercurrentEvent
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
    StoppingRule,
    VisitWindow,
)
from ranvier.trial.schedule import VISIT_REASONS, assign_visits, since_baseline, take
from ranvier.trial.trial import Trial

__all__ = [
    "CELL_CLASSES",
    "DATA_KINDS",
    "DESIGNS",
    "ENDPOINT_KINDS",
    "STRATEGIES",
    "VISIT_REASONS",
    "Arm",
    "Endpoint",
    "Estimand",
    "IntercurrentEvent",
    "Invented",
    "Margin",
    "Product",
    "Protocol",
    "Source",
    "StoppingRule",
    "Trial",
    "VisitWindow",
    "assign_visits",
    "since_baseline",
    "take",
]
