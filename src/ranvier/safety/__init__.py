"""Safety: patients with adverse events, events and time at risk."""

from ranvier.safety.events import EVENT_CLASSES, Incidence, incidence

__all__ = ["EVENT_CLASSES", "Incidence", "incidence"]
