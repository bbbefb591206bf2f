"""What a reader must know about where definitions take their reference from."""

from __future__ import annotations

from collections.abc import Sequence

from ranvier.course.definition import Definition
from ranvier.result import plural

__all__ = ["NO_RELAPSES", "notes_on_one", "notes_on_reference"]

NO_RELAPSES = "No table of relapses was given, so that worsening has no type."
MOVES = (
    "In a randomised comparison it moves more often in the arm that changes more, which biases the "
    "difference: keep it fixed there."
)
STAYS = (
    "disability left by a relapse stays above it, so that later worsening of that patient is not seen as "
    "PIRA. A roving or post-relapse reference is usual."
)


def _misses_pira(definition: Definition) -> bool:
    """Tell whether a definition of PIRA has a reference that nothing moves."""
    return definition.selection.events == "first PIRA" and not definition.baseline.moves


def notes_on_one(definition: Definition) -> list[str]:
    """Say what the reference of one definition does to its answer."""
    if definition.baseline.moves:
        return [f"The reference moves. {MOVES}"]
    return [f"The reference does not move: {STAYS}"] if _misses_pira(definition) else []


def notes_on_reference(definitions: Sequence[Definition]) -> list[str]:
    """Say of how many definitions the reference does what to the answer."""
    n = len(definitions)
    moving = sum(definition.baseline.moves for definition in definitions)
    staying = sum(_misses_pira(definition) for definition in definitions)
    notes = [f"The reference moves in {moving} of {plural(n, 'definition')}. {MOVES}"] if moving else []
    if staying:
        notes.append(
            f"PIRA is searched from a reference that does not move in {staying} of "
            f"{plural(n, 'definition')}: {STAYS}"
        )
    return notes
