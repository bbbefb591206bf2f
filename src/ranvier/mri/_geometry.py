"""Whether two grids lie in the same place: the largest distance of corresponding corners."""

from __future__ import annotations

import itertools
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError, require_choice
from ranvier.trial.lesion_plan import GEOMETRY

__all__ = ["EQUAL_MM", "Volume", "agree_on_grid", "farthest_corner"]

EQUAL_MM = 0.01
"""Distance up to which two positions are the same: what rounding in headers leaves."""
NOTED_VOXELS = 0.1
"""Distance, in voxels, up to which the grids are taken as equal and the distance is noted."""
REFUSED_VOXELS = 1.0
"""Distance, in voxels, above which no option lets the comparison proceed."""

REMEDIES = {
    "visits": (
        "move both masks to one grid, half-way between the visits, and compare those.",
        "Register the two scans and move both masks, never one of them alone, to one grid.",
    ),
    "map": (
        "resample the map to the grid of the mask, each voxel taking the label nearest to it.",
        "Resample the map to the grid of the mask, each voxel taking the label nearest to it.",
    ),
}
"""What to do with two grids that differ: those of two visits, or those of a mask and a map of one scan."""

Floats = npt.NDArray[np.float64]


class Volume(Protocol):
    """Voxels on a grid in world coordinates: a mask or a label map."""

    @property
    def voxels(self) -> npt.NDArray[Any]:
        """One value for each voxel."""

    @property
    def affine(self) -> Floats:
        """From voxel indices to mm."""

    @property
    def name(self) -> str:
        """The name for messages."""


def displacements(first: Floats, second: Floats, shape: tuple[int, ...]) -> Floats:
    """Give the distances, in mm along R, A and S, of the 8 outer corners of a volume under two affines."""
    corners = np.array(list(itertools.product(*((-0.5, side - 0.5) for side in shape))))
    return corners @ (second - first)[:3, :3].T + (second - first)[:3, 3]


def farthest_corner(first: Floats, second: Floats, shape: tuple[int, ...]) -> float:
    """Give the largest distance of a corner, in mm."""
    return float(np.linalg.norm(displacements(first, second, shape), axis=1).max())


def farthest_in_voxels(first: Floats, second: Floats, shape: tuple[int, ...]) -> float:
    """Give the largest distance of a corner in voxels of either grid."""
    moved = displacements(first, second, shape)
    return max(
        float(np.linalg.norm(np.linalg.solve(affine[:3, :3], moved.T), axis=0).max())
        for affine in (first, second)
    )


def agree_on_grid(
    before: Volume, after: Volume, on_geometry: str, *, what: str = "visits"
) -> tuple[tuple[str, ...], bool]:
    """Give notes on the distance of two grids and whether it needs a warning; refuse grids that differ."""
    require_choice("on_geometry", on_geometry, GEOMETRY)
    names = f"{before.name} and {after.name}"
    if before.voxels.shape != after.voxels.shape:
        raise InputError(
            f"{names}: shapes {before.voxels.shape} and {after.voxels.shape} (right, anterior, superior); "
            f"{REMEDIES[what][0]}"
        )
    shape = before.voxels.shape
    apart = farthest_corner(before.affine, after.affine, shape)
    if apart <= EQUAL_MM:
        return (), False
    voxels = farthest_in_voxels(before.affine, after.affine, shape)
    said = f"corresponding corners of the two grids lie up to {apart:.3g} mm ({voxels:.2g} voxels) apart"
    if voxels <= NOTED_VOXELS:
        return (f"C{said[1:]}; they are taken as one grid.",), False
    if voxels > REFUSED_VOXELS:
        raise InputError(f"{names}: {said}; that is another position or orientation. {REMEDIES[what][1]}")
    if on_geometry == "error":
        raise InputError(
            f"{names}: {said}. If this is an error of the header and the voxels do correspond, say "
            f"on_geometry='warn'. {REMEDIES[what][1]}"
        )
    return (f"C{said[1:]}; the voxels were taken to correspond, as asked for.",), True
