"""Which voxels of an array are lesion, which labels they have, and which arrays are neither."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError

__all__ = ["foreground", "whole_labels"]

WHOLE = 1e-6
"""Distance from a whole number that writing and scaling leave behind (0.99999998 occurs)."""

LABELLED_ALIKE = 0.5
"""Share of neighbouring lesion voxels with the same value, below which the values are grey levels."""

MOST_NAMED = 8
"""Labels that a sentence still lists."""

MOST_LABEL = 2**31 - 1
"""Largest label: what 32 bits hold. The tables of FreeSurfer end far below."""


def foreground(
    values: npt.NDArray[Any], threshold: float | None, name: str
) -> tuple[npt.NDArray[np.bool_], tuple[str, ...], bool]:
    """Give the lesion voxels, notes on how the values were read, and whether the threshold cut them."""
    if values.flags.f_contiguous and not values.flags.c_contiguous:
        lesion, notes, cut = foreground(values.T, threshold, name)  # NIfTI order; selecting in it is slow
        return lesion.T, notes, cut
    if values.dtype.kind not in "buif":
        raise InputError(f"{name}: values of type {values.dtype}; a mask holds numbers.")
    if threshold is not None and not 0 < threshold < 1:
        raise InputError(f"{name}: threshold {threshold}; it must lie between 0 and 1.")
    lowest, highest = (False, True) if values.dtype.kind == "b" else (values.min(), values.max())
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise InputError(f"{name}: not all values are finite; set the background to 0 and save it again.")
    if lowest < -WHOLE:
        raise InputError(f"{name}: the lowest value is {lowest:g}; a mask has none below 0. Is it an image?")
    if not _whole(values):
        return _cut(values, threshold, float(highest), name), (), True
    if threshold is not None and highest > 1 + WHOLE:
        raise InputError(
            f"{name}: a threshold of {threshold:g}, but whole numbers up to {highest:g}; leave the threshold "
            "out for labels, or give probabilities between 0 and 1."
        )
    lesion = values != 0 if values.dtype.kind in "bui" else values > 0.5
    return lesion, _label_notes(values, lesion, name), False


def _whole(values: npt.NDArray[Any]) -> bool:
    """Say whether all values are whole numbers, up to what scaling leaves behind."""
    if values.dtype.kind in "bui":
        return True
    marked = values[values != 0]
    return bool((np.abs(marked - np.rint(marked)) <= WHOLE).all())


def _cut(
    values: npt.NDArray[Any], threshold: float | None, highest: float, name: str
) -> npt.NDArray[np.bool_]:
    if highest > 1 + WHOLE:
        raise InputError(
            f"{name}: values with decimals up to {highest:g}: this is an image, not a mask. Give the mask of "
            "its lesions, or a probability map with values between 0 and 1."
        )
    if threshold is None:
        raise InputError(
            f"{name}: values between 0 and 1 ({highest:g} is the highest): a probability map. Say above "
            "which probability a voxel is lesion, such as threshold=0.5."
        )
    return np.asarray(values > threshold)


def _label_notes(values: npt.NDArray[Any], lesion: npt.NDArray[np.bool_], name: str) -> tuple[str, ...]:
    """Say which labels were taken together; refuse grey levels."""
    marked = values[lesion]
    if not marked.size:
        return ("No voxel is marked: a scan with no lesion.",)
    if marked.min() > marked.max() - WHOLE:
        value = float(np.rint(marked[0]))
        return () if value == 1 else (f"Lesion voxels have the value {value:g}.",)
    if _alike(values, lesion) < LABELLED_ALIKE:
        raise InputError(
            f"{name}: whole numbers up to {marked.max():g} that change from voxel to voxel: this is an "
            "image, not a mask. Give the mask of its lesions."
        )
    labels = np.unique(np.rint(marked))
    named = ", ".join(f"{label:g}" for label in labels[:MOST_NAMED])
    more = f" and {labels.size - MOST_NAMED} more" if labels.size > MOST_NAMED else ""
    return (
        f"The labels {named}{more} all count as lesion; lesions that touch are one, whatever their labels.",
    )


def _alike(values: npt.NDArray[Any], lesion: npt.NDArray[np.bool_]) -> float:
    """Give the share of face neighbours, both marked, that have the same value; 1 without neighbours."""
    pairs = same = 0
    for axis in range(3):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        both = lesion[tuple(ahead)] & lesion[tuple(behind)]
        pairs += int(np.count_nonzero(both))
        same += int(np.count_nonzero(values[tuple(ahead)][both] == values[tuple(behind)][both]))
    return same / pairs if pairs else 1.0


def whole_labels(values: npt.NDArray[Any], name: str) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """Give the labels as whole numbers; refuse fractions, which only resampling or an image leaves."""
    if values.dtype.kind not in "buif":
        raise InputError(f"{name}: values of type {values.dtype}; a label map holds whole numbers.")
    lowest, highest = values.min(), values.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise InputError(f"{name}: not all values are finite; set the background to 0 and save it again.")
    if lowest < -WHOLE or highest > MOST_LABEL:
        wrong = lowest if lowest < -WHOLE else highest
        raise InputError(f"{name}: the label {wrong:g}; labels run from 0 (background) to {MOST_LABEL}.")
    if values.dtype.kind == "f":
        off = np.abs(values - np.rint(values)) > WHOLE
        if off.any():
            raise InputError(
                f"{name}: {int(off.sum())} voxels with fractions, such as {float(values[off][0]):g}; labels "
                "are whole numbers. Give the map as its tool wrote it, or resample it with nearest-neighbour "
                "interpolation."
            )
        values = np.rint(values)
    labels = values.astype(np.int32)
    return labels, () if labels.any() else ("No voxel has a label.",)
