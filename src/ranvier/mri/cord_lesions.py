"""Lesions of the spinal cord: how many, how long, at which levels, and how much of the cord they take."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._centre_line import SMOOTH_MM, areas, steps_mm
from ranvier.mri._components import label, lesion_box, measure
from ranvier.mri._geometry import agree_on_grid
from ranvier.mri._strip import Column, strip
from ranvier.mri.labels import LabelMap
from ranvier.mri.levels import checked_levels, level_names
from ranvier.mri.mask import Mask
from ranvier.mri.measures import SIZE_REASONS, Lesions, checked_rule, lesion_table, lesion_trace, mask_notes
from ranvier.mri.rule import Rule
from ranvier.result import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LETM_LEVELS", "CordLesions", "cord"]

LETM_LEVELS = 3
"""Vertebral levels from which a lesion is longitudinally extensive."""

BREAKING_UP = (
    "Never read the count alone: in neuromyelitis optica a long lesion can break up into several while it "
    "heals (9 of 23 patients followed by MRI), which raises the count. Read length, longest lesion and "
    "volume beside it."
)
ASGARI = "Asgari N et al. BMC Neurol 2013;13:33, doi 10.1186/1471-2377-13-33 (long lesions that break up)"
NO_LEVELS = (
    "Without a map of vertebral levels it is not known which levels are touched and whether a lesion is "
    "longitudinally extensive; it is not guessed from the length."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class CordLesions(Lesions):
    """The lesions of one scan of the spinal cord.

    Parameters
    ----------
    counts : mapping of str to int or None
        lesions (counted), letm (counted lesions over at least three levels; None without levels).
    length_mm, longest_mm : float
        Summed and longest cranio-caudal length of the counted lesions, in mm.
    volume_mm3 : float
        Their volume, in mm³.
    levels : LabelMap, optional
        The map of vertebral levels.
    cord : Mask, optional
        The mask of the cord.
    """

    counts: Mapping[str, int | None]
    length_mm: float
    longest_mm: float
    volume_mm3: float
    levels: LabelMap | None = None
    cord: Mask | None = None

    def short_text(self) -> str:
        """Give count, summed length and volume, one below the other.

        Returns
        -------
        str
            Three lines, for the foot of a picture.
        """
        n = plural(self.counts["lesions"] or 0, "lesion")
        return f"{n}\n{self.length_mm:.4g} mm\n{self.volume_mm3:.4g} mm³"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cord as a strip: the levels upwards, each lesion where it lies.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        column = Column(label=self.short_text(), table=self.table)
        return strip([column], self.levels, self.mask, title=self.name, ax=ax)


def cord(
    mask: Mask,
    *,
    rule: Rule | str,
    levels: LabelMap | None = None,
    cord: Mask | None = None,
    on_geometry: str = "error",
) -> CordLesions:
    r"""Give every lesion of a spinal cord scan with its length, its levels and its share of the cord.

    Parameters
    ----------
    mask : Mask
        Lesions, from `read_mask` or `mask_from_array`.
    rule : Rule or str
        What is one lesion and which are counted; a rule or the name of one of `RULES`.
    levels : LabelMap, optional
        Vertebral levels of the same scan on the same grid, with the labels of `LEVELS`; they are asked at the
        voxels of the lesions.
    cord : Mask, optional
        The cord itself on the same grid.
    on_geometry : {"error", "warn"}
        What happens when the grids lie between 0.1 and 1 voxel apart, as in `compare`.

    Returns
    -------
    CordLesions
        The columns of `lesions`, and bottom_mm, top_mm (above the lower face of the volume, along its axis
        nearest to superior), length_mm (slices touched times their distance), arc_length_mm (along the centre
        line; null without a cord mask, or beyond it), levels (names with spaces between; null without),
        n_levels (levels touched), letm (at least three; null without levels), max_axial_damage_ratio (largest
        share of the cord's cross-section in a slice, 0 to 1; null without a cord mask).

    Raises
    ------
    InputError
        When shapes or grids differ, or a level has a label that is no vertebra.

    Warns
    -----
    RanvierWarning
        When grids between 0.1 and 1 voxel apart are taken as one by `on_geometry="warn"`.

    Notes
    -----
    The length is that along the axis of the volume, not along the cord; a cord that runs obliquely through
    the slices is longer, by the arc length :math:`\sum_k |dP/dk|` over the slices of the lesion, where
    :math:`P_k` is the centre of the cord in slice :math:`k` and its direction that of the line through the
    centres within 10 mm. Levels are counted when a voxel touches them: a lesion that reaches a little into a
    third level is longitudinally extensive here, while a reader may ask for three whole segments. The damage
    ratio takes the lesion voxels inside the cord over the cord voxels of the same slice.

    References
    ----------
    Wingerchuk et al. 2015, Neurology 85:177-189, doi 10.1212/WNL.0000000000001729 (at least three contiguous
    vertebral segments). Asgari et al. 2013, BMC Neurol 13:33, doi 10.1186/1471-2377-13-33. The damage ratio
    is defined as in sct_analyze_lesion of the Spinal Cord Toolbox (its documentation).

    Examples
    --------
    >>> from ranvier.mri import labels_from_array, mask_from_array
    >>> heights = np.repeat([[[4, 3, 2]]], 10, axis=2) * np.ones((3, 3, 1))
    >>> scan = np.zeros((3, 3, 30))
    >>> scan[1, 1, 5:23] = scan[1, 1, 26:28] = 1
    >>> found = cord(
    ...     mask_from_array(scan, np.eye(4)), rule="sct", levels=labels_from_array(heights, np.eye(4))
    ... )
    >>> found.table.select("length_mm", "levels", "letm").rows()
    [(18.0, 'C2 C3 C4', True), (2.0, 'C2', False)]
    >>> found.counts
    {'lesions': 2, 'letm': 1}
    """
    chosen = checked_rule(rule, mask)
    notes: list[str] = []
    for what, other in (("levels", levels), ("cord", cord)):
        if other is not None:
            said, warn = agree_on_grid(mask, _checked(other, what), on_geometry, what="map")
            notes += said
            if warn:
                warnings.warn(said[0], RanvierWarning, stacklevel=2)
    box = lesion_box(mask)
    numbers = label(mask, box, chosen)
    found = measure(numbers, mask, box, chosen)
    along = _Along(numbers, box, mask)
    columns = {**along.lengths(cord), **along.levels(levels), **along.damage(cord)}
    table = lesion_table(found, mask, **columns)
    kept = table.filter("counted")
    letm = None if levels is None or kept["letm"].null_count() else int(kept["letm"].sum())
    counts = {"lesions": kept.height, "letm": letm}
    length, longest = float(kept["length_mm"].sum()), _highest(kept["length_mm"])
    volume = float(kept["volume_mm3"].sum())
    return CordLesions(
        name=f"Lesions of the spinal cord in {mask.name}",
        table=table,
        trace=lesion_trace(table),
        reasons=SIZE_REASONS,
        method=_method(counts, length, longest, volume, chosen),
        definition=chosen,
        references=(chosen.source, ASGARI),
        mask=mask,
        counts=counts,
        length_mm=length,
        longest_mm=longest,
        volume_mm3=volume,
        levels=levels,
        cord=cord,
        notes=(*mask_notes(found, mask), *notes, *_notes(kept, along, levels, cord), BREAKING_UP),
    )


def _checked(other: LabelMap | Mask, what: str) -> LabelMap | Mask:
    if what == "levels":
        return checked_levels(other)
    if not isinstance(other, Mask):
        raise InputError(f"cord is {type(other).__name__}; give the mask of the cord, from mri.read_mask.")
    return other


def _highest(values: pl.Series) -> float:
    return float(np.max(values.to_numpy(), initial=0.0))


class _Along:
    """The voxels of all components, by the slice in which they lie."""

    def __init__(self, numbers: npt.NDArray[np.int32], box: tuple[slice, slice, slice], mask: Mask) -> None:
        index = np.nonzero(numbers)
        self.n = int(numbers.max(initial=0))
        self.owner = numbers[index] - 1
        self.where = tuple(places + side.start for places, side in zip(index, box, strict=True))
        self.n_slices = mask.voxels.shape[2]
        self.step = mask.spacing_mm[2]
        self.touched = self.per_slice(np.ones_like(self.owner, dtype=bool)) > 0

    def per_slice(self, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Count the wanted voxels of each component in each slice."""
        place = self.owner[wanted].astype(np.int64) * self.n_slices + self.where[2][wanted]
        counted = np.bincount(place, minlength=self.n * self.n_slices)
        return counted.reshape(self.n, self.n_slices).astype(np.int64)

    def lengths(self, cord: Mask | None) -> dict[str, Any]:
        """Give the place and length of each component, straight and along the cord."""
        slices = [np.flatnonzero(row) for row in self.touched]
        arcs: list[float | None] = [None] * self.n
        if cord is not None:
            steps = steps_mm(cord)
            sums = [float(steps[each].sum()) for each in slices]
            arcs = [total if np.isfinite(total) else None for total in sums]
        return {
            "bottom_mm": pl.Series([each[0] * self.step for each in slices], dtype=pl.Float64),
            "top_mm": pl.Series([(each[-1] + 1) * self.step for each in slices], dtype=pl.Float64),
            "length_mm": self.touched.sum(axis=1) * self.step,
            "arc_length_mm": pl.Series(arcs, dtype=pl.Float64),
        }

    def levels(self, levels: LabelMap | None) -> dict[str, Any]:
        """Give the levels that each component touches; null without a map, or where it has none."""
        names: list[list[str]] = [[] for _ in range(self.n)]
        if levels is not None:
            labels = levels.voxels[self.where]
            names = [level_names(labels[self.owner == row]) for row in range(self.n)]
        return {
            "levels": pl.Series([" ".join(each) or None for each in names], dtype=pl.String),
            "n_levels": pl.Series([len(each) or None for each in names], dtype=pl.Int64),
            "letm": pl.Series(
                [len(each) >= LETM_LEVELS if each else None for each in names], dtype=pl.Boolean
            ),
        }

    def damage(self, cord: Mask | None) -> dict[str, Any]:
        """Give the largest share of the cord that each component takes in a slice."""
        shares: list[float | None] = [None] * self.n
        if cord is not None:
            area = areas(cord)
            inside = self.per_slice(cord.voxels[self.where])
            seen = self.touched & (area > 0)
            ratio = np.where(seen, inside / np.maximum(area, 1), -1.0).max(axis=1, initial=-1.0)
            shares = [float(share) if share >= 0 else None for share in ratio]
        return {"max_axial_damage_ratio": pl.Series(shares, dtype=pl.Float64)}


def _method(
    counts: Mapping[str, int | None], length: float, longest: float, volume: float, rule: Rule
) -> str:
    letm = counts["letm"]
    long = "not known how many" if letm is None else str(letm)
    return (
        f"{plural(counts['lesions'] or 0, 'counted lesion')}, together {length:.1f} mm long (cranio-caudal), "
        f"the longest {longest:.1f} mm, {volume:.1f} mm³; {long} over at least {LETM_LEVELS} vertebral "
        f"levels. Length is slices touched times their distance; the centre line takes its direction "
        f"over {SMOOTH_MM:g} mm. "
        f"{rule.text()} Settings {rule.fingerprint()}."
    )


def _notes(kept: pl.DataFrame, along: _Along, levels: LabelMap | None, cord: Mask | None) -> list[str]:
    notes = [f"{each.name}: {note}" for each in (levels, cord) if each is not None for note in each.notes]
    if levels is None:
        notes.append(NO_LEVELS)
    elif unknown := kept["n_levels"].null_count():
        notes.append(f"{plural(unknown, 'counted lesion')} where {levels.name} has no level.")
    if cord is not None:
        outside = int(np.count_nonzero(~cord.voxels[along.where]))
        if outside:
            notes.append(
                f"{plural(outside, 'lesion voxel')} of {along.owner.size} outside {cord.name}; they do not "
                "enter the share of the cord."
            )
        if beyond := kept["arc_length_mm"].null_count():
            notes.append(
                f"{plural(beyond, 'counted lesion')} without an arc length: slices beyond {cord.name}."
            )
    return notes
