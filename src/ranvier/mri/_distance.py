"""How near each component of a mask comes to a region of a label map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage, spatial

from ranvier.mri._components import Ints
from ranvier.mri.labels import LabelMap
from ranvier.mri.mask import Box

__all__ = ["Placed"]

Floats = npt.NDArray[np.float64]


class Placed:
    """The voxels of all components with the label that the map gives them."""

    def __init__(self, numbers: npt.NDArray[np.int32], box: Box, labels: LabelMap) -> None:
        index = np.nonzero(numbers)
        self.n = int(numbers.max(initial=0))
        self.owner = numbers[index] - 1
        self.where = tuple(places + side.start for places, side in zip(index, box, strict=True))
        self.map = labels
        self.label = labels.voxels[self.where]

    def inside(self, wanted: tuple[int, ...]) -> Ints:
        """Count the voxels of each component with one of the labels."""
        mine = np.isin(self.label, wanted)
        return np.bincount(self.owner[mine], minlength=self.n).astype(np.int64)

    def nearest_mm(self, wanted: tuple[int, ...]) -> Floats:
        """Give the smallest distance of voxel centres of each component to the labels; inf without any."""
        target = np.nonzero(np.isin(self.map.voxels, wanted))
        smallest = np.full(self.n, np.inf)
        if target[0].size and self.owner.size:
            tree = spatial.cKDTree(self._world(target), balanced_tree=False, compact_nodes=False)
            apart, _ = tree.query(self._world(self.where))
            np.minimum.at(smallest, self.owner, apart)
        return smallest

    def without(self, lesion: tuple[int, ...]) -> None:
        """Give voxels that the map marks as lesion the label of the nearest voxel that is none."""
        mine = np.isin(self.label, lesion)
        if not mine.any():
            return
        open_ = np.isin(self.map.voxels, (0, *lesion))
        nearest = ndimage.distance_transform_edt(
            open_, sampling=self.map.spacing_mm, return_distances=False, return_indices=True
        )
        taken = nearest[(slice(None), *(places[mine] for places in self.where))]
        self.label = self.label.copy()
        self.label[mine] = self.map.voxels[tuple(taken)]

    def _world(self, where: tuple[npt.NDArray[np.intp], ...]) -> Floats:
        return np.stack(where, axis=1) @ self.map.affine[:3, :3].T + self.map.affine[:3, 3]
