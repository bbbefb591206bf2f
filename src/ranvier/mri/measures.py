"""The lesions of one scan: each with its volume, place and size, and the count that a rule gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError
from ranvier.mri._components import Components, label, lesion_box, measure
from ranvier.mri.alternatives import SCAN_COUNTS, RuleSensitivity, under_rules
from ranvier.mri.mask import Mask
from ranvier.mri.rule import Rule, as_rule
from ranvier.result import TRACE_SCHEMA, Derivation, Estimate, Fit, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LesionSummary", "Lesions", "lesions", "summary"]

SIZE_REASONS = {
    "reaches-limit": "it reaches the size limit of the rule",
    "below-limit": "it is smaller than the size limit of the rule",
}
BORDER_NOTE = "{} at the edge of the volume, which may go on outside it."
UNKNOWN_HAND = "It is not recorded who or what made the mask."
COUNT_NOTE = (
    "A count depends on its rule: defensible rules differ by a factor of 2 to 3 on the same masks. Confluent "
    "lesions count as one. Never read a count without the volume."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesions(Derivation):
    """The components of one mask, counted or not.

    Parameters
    ----------
    mask : Mask
        The mask they come from.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    mask: Mask
    notes: tuple[str, ...] = ()

    def explain(self, subject: str | None = None) -> str:
        """Say how the lesions were found and counted, or how one of them was judged.

        Parameters
        ----------
        subject : str, optional
            One lesion, such as "lesion 3"; the whole table when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When there is no such lesion.
        """
        said = super().explain(subject)
        return said if subject is not None else " ".join([said, *self.notes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the volume of each component, largest first; those not counted are hollow.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 3)).add_subplot()
        rows = self.table.sort("volume_mm3", descending=True).with_row_index("place", offset=1)
        for counted, fill, words in ((True, "C0", "counted"), (False, "none", "below the size limit")):
            some = rows.filter(counted=counted)
            ax.plot(
                some["place"].to_list(), some["volume_mm3"].to_list(), "o", color="C0", mfc=fill, label=words
            )
        if not rows.is_empty():
            ax.set_yscale("log")
            ax.legend(frameon=False)
        ax.set_xlabel("lesion, largest first")
        ax.set_ylabel("volume (mm³)")
        ax.set_title(self.name)
        return ax


@dataclass(frozen=True, kw_only=True)
class LesionSummary(Fit):
    """The lesion count of a scan with what must be read beside it.

    Parameters
    ----------
    mask : Mask
        The mask that was counted.
    rule : Rule
        The rule that it was counted by.
    """

    mask: Mask
    rule: Rule

    def sensitivity(self) -> RuleSensitivity:
        """Give the same count under three other rules.

        Returns
        -------
        RuleSensitivity
            Four rows, as from `ranvier.mri.sensitivity`.
        """

        def count(rule: Rule) -> dict[str, float | None]:
            other = summary(self.mask, rule=rule).estimates
            found = {"lesions": int(other[0].value), "volume_mm3": other[1].value}
            return {**found, **dict.fromkeys(SCAN_COUNTS[1:])}

        return under_rules(f"Counts of {self.mask.name}", self.rule, count, counted=SCAN_COUNTS)


def lesions(mask: Mask, *, rule: Rule | str) -> Lesions:
    r"""Give every lesion of a mask with its volume, place and size.

    Parameters
    ----------
    mask : Mask
        From `read_mask` or `mask_from_array`.
    rule : Rule or str
        What is one lesion and which are counted; a rule or the name of one of `RULES`.

    Returns
    -------
    Lesions
        One row per connected component, the counted ones first, then by falling volume. Columns lesion
        (number), counted, voxels, volume_mm3, r_mm, a_mm, s_mm (centre of mass in world coordinates: right,
        anterior, superior), long_axis_mm (longest side of the box), extent_r_mm, extent_a_mm, extent_s_mm
        (sides of the box along the voxel axes nearest to R, A, S), border (touches the edge of the volume).

    Raises
    ------
    InputError
        When the rule is unknown or cuts probabilities elsewhere than the mask was cut.

    Notes
    -----
    Components are maximal sets of lesion voxels joined under the connectivity of the rule. The volume is the
    number of voxels times :math:`|\det A|`. The long axis is the longest side of the bounding box along the
    voxel axes, number of slices times spacing: a block of 2 × 2 × 2 mm has a long axis of 2 mm although it
    holds 8 mm³, and a lesion that lies diagonally is longer than its box. Limits are
    compared in whole voxels and slices; a thousandth of a voxel and a hundred-thousandth of a slice are
    forgiven, because headers round voxel sizes.

    References
    ----------
    Thompson et al. 2018, Lancet Neurol 17:162-173, doi 10.1016/S1474-4422(17)30470-2, glossary (3 mm).

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> import numpy as np
    >>> scan = np.zeros((9, 9, 9))
    >>> scan[1:5, 2, 2] = 1
    >>> scan[7, 7, 7] = 1
    >>> found = lesions(mask_from_array(scan, np.eye(4)), rule="default")
    >>> found.table.select("lesion", "counted", "volume_mm3", "long_axis_mm", "r_mm").rows()
    [(1, True, 4.0, 4.0, 2.5), (2, False, 1.0, 1.0, 7.0)]
    """
    chosen = checked_rule(rule, mask)
    found = components(mask, chosen)
    table = lesion_table(found, mask)
    counted = int(found.counted.sum())
    return Lesions(
        name=f"Lesions in {mask.name}",
        table=table,
        trace=lesion_trace(table),
        reasons=SIZE_REASONS,
        method=(
            f"{plural(counted, 'lesion')} of {found.voxels[found.counted].sum() * mask.voxel_mm3:.1f} mm³ "
            f"counted among {plural(len(found.voxels), 'component')} of "
            f"{mask.n_voxels * mask.voxel_mm3:.1f} mm³. {chosen.text()} Settings {chosen.fingerprint()}."
        ),
        definition=chosen,
        references=(chosen.source,),
        mask=mask,
        notes=mask_notes(found, mask),
    )


def mask_notes(found: Components, mask: Mask) -> tuple[str, ...]:
    """Say what a reader of any table of these components must know of the mask."""
    notes = list(mask.notes)
    if touching := int((found.border & found.counted).sum()):
        notes.append(BORDER_NOTE.format(plural(touching, "counted lesion")))
    if mask.tool is None:
        notes.append(UNKNOWN_HAND)
    return tuple(notes)


def summary(mask: Mask, *, rule: Rule | str) -> LesionSummary:
    """Give the lesion count of a scan with what must be read beside it.

    Parameters
    ----------
    mask : Mask
        From `read_mask` or `mask_from_array`.
    rule : Rule or str
        What is one lesion and which are counted; a rule or the name of one of `RULES`.

    Returns
    -------
    LesionSummary
        Four numbers without interval (one scan has none): the count, the volume of the counted lesions, the
        volume of the largest, and its share of the volume (confluence; not known without a lesion). The
        diagnostics hold the volume of everything marked, components and their volume below the size limit,
        the fingerprint of the rule, and the mask.

    Raises
    ------
    InputError
        When the rule is unknown or cuts probabilities elsewhere than the mask was cut.

    Notes
    -----
    An empty mask is a scan with zero lesions. A scan that was not done has no mask and no summary.

    References
    ----------
    Dworkin et al. 2018, AJNR 39:626-633, on confluent lesions that connected components undercount.

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> import numpy as np
    >>> scan = np.zeros((9, 9, 9))
    >>> scan[1:5, 2, 2] = 1
    >>> scan[4:8, 6:8, 7] = 1
    >>> fit = summary(mask_from_array(scan, np.eye(4)), rule="default")
    >>> [round(each.value, 3) for each in fit.estimates]
    [2.0, 12.0, 8.0, 0.667]
    """
    chosen = checked_rule(rule, mask)
    found = components(mask, chosen)
    sizes = found.voxels[found.counted]
    volume, largest = float(sizes.sum() * mask.voxel_mm3), float(sizes.max(initial=0) * mask.voxel_mm3)
    values = (
        ("lesions counted", float(sizes.size), "lesion(s)"),
        ("volume of the counted lesions", volume, "mm³"),
        ("volume of the largest lesion", largest, "mm³"),
        ("share of the largest lesion in the volume", largest / volume if sizes.size else math.nan, "share"),
    )
    small = found.voxels[~found.counted]
    return LesionSummary(
        title=f"Lesions in {mask.name}",
        estimates=tuple(_number(quantity, value, unit, chosen, mask) for quantity, value, unit in values),
        method_text=f"{chosen.text()} Settings {chosen.fingerprint()}.",
        diagnostics={
            "marked_mm3": mask.n_voxels * mask.voxel_mm3,
            "below_limit": int(small.size),
            "below_limit_mm3": float(small.sum() * mask.voxel_mm3),
            "rule": chosen.to_dict(),
            "mask": mask.to_dict(),
        },
        notes=(*mask.notes, COUNT_NOTE),
        mask=mask,
        rule=chosen,
    )


def checked_rule(rule: Rule | str, *masks: Mask) -> Rule:
    """Take the rule; refuse masks that were cut at another probability than it says."""
    chosen = as_rule(rule)
    for mask in masks:
        if not isinstance(mask, Mask):
            raise InputError(
                f"{type(mask).__name__} is not a mask; make one with mri.read_mask or mri.mask_from_array."
            )
        if mask.threshold is not None and mask.threshold != chosen.threshold:
            raise InputError(
                f"{mask.name} was cut above a probability of {mask.threshold:g}, the rule {chosen.name!r} "
                f"says {chosen.threshold:g}; use one of them, such as dataclasses.replace(rule, threshold="
                f"{mask.threshold:g})."
            )
    return chosen


def components(mask: Mask, rule: Rule) -> Components:
    """Label one mask and measure its components."""
    box = lesion_box(mask)
    return measure(label(mask, box, rule), mask, box, rule)


def _number(quantity: str, value: float, unit: str, rule: Rule, mask: Mask) -> Estimate:
    return Estimate(
        quantity=quantity,
        value=value,
        low=math.nan,
        high=math.nan,
        level=0.95,
        method="count",
        method_text=f"From {mask.name} by the rule {rule.name!r} ({rule.fingerprint()}).",
        n=1,
        unit=unit,
        inputs={"rule": rule.name},
    )


def lesion_table(found: Components, mask: Mask, **more: Any) -> pl.DataFrame:
    """Give one row per component, numbered: counted ones first, then by falling volume, with more columns."""
    rows = pl.DataFrame(
        {
            "counted": found.counted,
            "voxels": found.voxels,
            "volume_mm3": found.voxels * mask.voxel_mm3,
            "r_mm": found.centroid[:, 0],
            "a_mm": found.centroid[:, 1],
            "s_mm": found.centroid[:, 2],
            "long_axis_mm": found.extent.max(axis=1, initial=0.0),
            "extent_r_mm": found.extent[:, 0],
            "extent_a_mm": found.extent[:, 1],
            "extent_s_mm": found.extent[:, 2],
            "border": found.border,
            **more,
        }
    )
    by = ["counted", "voxels", "s_mm", "a_mm", "r_mm"]
    order = rows.sort(by, descending=[True, True, False, False, False])
    return order.with_row_index("lesion", offset=1).cast({"lesion": pl.Int64})


def lesion_trace(table: pl.DataFrame) -> pl.DataFrame:
    """Say for each component whether it is counted and why."""
    return table.select(
        pl.format("lesion {}", "lesion").alias("subject"),
        pl.lit(None, dtype=pl.Int64).alias("day"),
        pl.format("size of {} voxels", "voxels").alias("step"),
        pl.when("counted").then(pl.lit("counted")).otherwise(pl.lit("not counted")).alias("outcome"),
        pl.when("counted").then(pl.lit("reaches-limit")).otherwise(pl.lit("below-limit")).alias("reason"),
    ).cast(pl.Schema(TRACE_SCHEMA))
