"""One study: its tables and its protocol."""

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
    "CELL_CLASSES",
    "DATA_KINDS",
    "DESIGNS",
    "ENDPOINT_KINDS",
    "STOPPING_EVENTS",
    "STOPPING_METHODS",
    "VISIT_REASONS",
    "Arm",
    "Endpoint",
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
