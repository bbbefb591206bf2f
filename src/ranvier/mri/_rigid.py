"""Rigid movements as 4 x 4 matrices: half of one, their size, and where a volume ends up."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

__all__ = ["angle_degrees", "between", "box_corners", "farthest", "frame", "half", "inverse", "moved"]

Floats = npt.NDArray[np.float64]


def half(movement: Floats) -> Floats:
    """Give the movement that, done twice, is the whole one: its principal square root.

    The rotation has half the angle about the same axis; the shift solves (R½ + I) t½ = t.
    """
    turn = Rotation.from_rotvec(Rotation.from_matrix(movement[:3, :3]).as_rotvec() / 2).as_matrix()
    result = np.eye(4)
    result[:3, :3] = turn
    result[:3, 3] = np.linalg.solve(turn + np.eye(3), movement[:3, 3])
    return result


def inverse(movement: Floats) -> Floats:
    """Give the movement back."""
    return np.asarray(np.linalg.inv(movement), dtype=np.float64)


def between(first: Floats, second: Floats) -> Floats:
    """Give the movement in the middle of two."""
    return np.asarray(first @ half(inverse(first) @ second))


def frame(affine: Floats, shape: tuple[int, ...]) -> Floats:
    """Give the movement that carries the world axes to the middle and the directions of a grid."""
    left, _, right = np.linalg.svd(affine[:3, :3])
    result = np.eye(4)
    result[:3, :3] = left @ right
    result[:3, 3] = affine[:3, :3] @ ((np.array(shape) - 1) / 2) + affine[:3, 3]
    return result


def moved(movement: Floats, points: Floats) -> Floats:
    """Move points, shape (n, 3)."""
    return np.asarray(points @ movement[:3, :3].T + movement[:3, 3])


def box_corners(low: Floats, high: Floats) -> Floats:
    """Give the 8 corners of a box."""
    return np.array(list(itertools.product(*zip(low, high, strict=True))))


def farthest(first: Floats, second: Floats, points: Floats) -> float:
    """Give the largest distance of a point under two movements, in mm."""
    return float(np.linalg.norm(moved(first, points) - moved(second, points), axis=1).max())


def angle_degrees(movement: Floats) -> float:
    """Give the angle of the rotation."""
    return float(np.degrees(Rotation.from_matrix(movement[:3, :3]).magnitude()))
