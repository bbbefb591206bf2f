"""The evidence registry: what trials of cell therapy in MS and NMOSD reported, and where it was read."""

from ranvier.evidence.collection import Registry, registry
from ranvier.evidence.harms import SeriousEvents, serious_events
from ranvier.evidence.placebo import RESPONSE_OUTCOMES, PlaceboResponse
from ranvier.evidence.study import CELL_FAMILIES, Study

__all__ = [
    "CELL_FAMILIES",
    "RESPONSE_OUTCOMES",
    "PlaceboResponse",
    "Registry",
    "SeriousEvents",
    "Study",
    "registry",
    "serious_events",
]
