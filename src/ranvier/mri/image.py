"""An image to draw lesions on: grey values, and where they lie in the scanner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError
from ranvier.mri._geometry import NOTED_VOXELS, farthest_corner, farthest_in_voxels
from ranvier.mri.mask import Mask

__all__ = ["Image"]

BRIGHTEST = 99.8
"""Percentile of the values above the background that is drawn white; a few voxels of fat or flow are
brighter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """Grey values of one scan, their axes nearest to right, anterior, superior.

    Make one with `read_image`. It is drawn, never measured.

    Parameters
    ----------
    voxels : ndarray, shape (n_r, n_a, n_s)
        Grey values; read-only.
    affine : ndarray, shape (4, 4)
        From voxel indices to world coordinates in mm (right, anterior, superior); read-only.
    name : str
        Name of the file, for messages.
    notes : tuple of str
        Sentences on the file that a reader must not miss.
    """

    voxels: npt.NDArray[Any] = field(repr=False)
    affine: npt.NDArray[np.float64] = field(repr=False)
    name: str
    notes: tuple[str, ...] = ()

    def window(self) -> tuple[float, float]:
        """Give the grey values that are drawn black and white.

        Returns
        -------
        tuple of float
            The first percentile of all values, and the 99.8th of those above it.
        """
        low = float(np.percentile(self.voxels, 1))
        above = self.voxels[self.voxels > low]
        return (low, float(np.percentile(above, BRIGHTEST))) if above.size else (low, low + 1.0)


def check_on_grid(image: Image, mask: Mask) -> None:
    """Refuse an image that does not lie on the grid of the mask: its lesions would be drawn elsewhere."""
    if not isinstance(image, Image):
        raise InputError(f"{type(image).__name__} is not an image; make one with mri.read_image.")
    advice = "Give the image on which the mask was drawn, or move the image to the grid of the mask."
    if image.voxels.shape != mask.voxels.shape:
        raise InputError(
            f"{image.name} and {mask.name}: shapes {image.voxels.shape} and {mask.voxels.shape} (right, "
            f"anterior, superior). {advice}"
        )
    voxels = farthest_in_voxels(image.affine, mask.affine, mask.voxels.shape)
    if voxels > NOTED_VOXELS:
        apart = farthest_corner(image.affine, mask.affine, mask.voxels.shape)
        raise InputError(
            f"{image.name} and {mask.name}: corresponding corners lie up to {apart:.3g} mm ({voxels:.2g} "
            f"voxels) apart. {advice}"
        )
