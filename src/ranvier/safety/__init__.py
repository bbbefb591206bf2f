"""Safety: patients with adverse events, events, grades, listings, and time at risk."""

from ranvier.safety.events import EVENT_CLASSES, Incidence, incidence
from ranvier.safety.listings import serious_listing, treatment_emergent
from ranvier.safety.monitored import monitored_patients
from ranvier.safety.onset import CumulativeEvents, FirstEvents, cumulative_events, first_events
from ranvier.safety.severity import WORST_GRADES, WorstGrade, worst_grade

__all__ = [
    "EVENT_CLASSES",
    "WORST_GRADES",
    "CumulativeEvents",
    "FirstEvents",
    "Incidence",
    "WorstGrade",
    "cumulative_events",
    "first_events",
    "incidence",
    "monitored_patients",
    "serious_listing",
    "treatment_emergent",
    "worst_grade",
]
