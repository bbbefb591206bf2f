"""How a trial counts the lesions of its masks: the part `[lesions]` of trial.toml."""

from __future__ import annotations

from dataclasses import dataclass

from ranvier.errors import InputError, require_choice

__all__ = ["LesionPlan"]

GEOMETRY = ("error", "warn")
"""What happens when two grids lie between 0.1 and 1 voxel apart."""


@dataclass(frozen=True, kw_only=True)
class LesionPlan:
    """The part `[lesions]` of trial.toml: what is one lesion, and who or what drew the masks.

    Parameters
    ----------
    rule : str
        Name of one of `ranvier.mri.RULES`: what is one lesion, which are counted, when one has changed.
    tool : str, optional
        Who or what made the masks, with version, such as "LST-AI 1.1.0" or "two raters, consensus".
    threshold : float, optional
        Probability above which a voxel is lesion; needed for probability maps, and only for them.
    on_geometry : {"error", "warn"}
        What happens when the grids of two scans lie between 0.1 and 1 voxel apart: they are not compared, or
        the voxels are taken to correspond.

    Raises
    ------
    InputError
        When a value is not allowed.

    Examples
    --------
    >>> LesionPlan(tool="LST-AI 1.1.0").rule
    'default'
    """

    rule: str = "default"
    tool: str | None = None
    threshold: float | None = None
    on_geometry: str = "error"

    def __post_init__(self) -> None:
        require_choice("on_geometry of [lesions]", self.on_geometry, GEOMETRY)
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise InputError(f"threshold of [lesions] is {self.threshold}; it must lie between 0 and 1.")
