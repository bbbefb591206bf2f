"""How far a lesion count hangs on its rule, and how far two raters agree."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import polars as pl

from ranvier.mri._components import label, lesion_box, measure
from ranvier.mri._geometry import agree_on_grid
from ranvier.mri._groups import links
from ranvier.mri.comparison import compare
from ranvier.mri.mask import Mask
from ranvier.mri.measures import checked_rule, summary
from ranvier.mri.rule import Rule
from ranvier.result import Derivation, Estimate, Fit

__all__ = ["agreement", "sensitivity"]

COUNTS = ("before", "after", "new", "enlarging", "stable", "shrinking", "resolved", "cut")


def sensitivity(mask: Mask, after: Mask | None = None, *, rule: Rule | str) -> Derivation:
    """Give the counts of a scan, or of a comparison, under the rule and three others beside it.

    Parameters
    ----------
    mask : Mask
        The scan, or the one before.
    after : Mask, optional
        The scan after, on the same grid.
    rule : Rule or str
        The rule that the reported number uses; a rule or the name of one of `RULES`.

    Returns
    -------
    Derivation
        Four rows: the rule itself, and the rule with one change each: 6 neighbours, a volume of at least
        3 mm³ as the limit, and a ratio of 1.25 (and 1/1.25). Columns rule, changed (null in the first row),
        fingerprint, lesions (counted in `mask`), volume_mm3 (of those), after, new, enlarging, stable,
        shrinking, resolved, cut (null without a scan after).

    Raises
    ------
    InputError
        When the rule is unknown, or the scans cannot be compared.

    Notes
    -----
    The rows are no error bars. They say how much of a number is the definition. A rule that has one of the
    settings already shows the same numbers again in that row.

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> scan = np.zeros((9, 9, 9))
    >>> scan[1:3, 2, 2] = scan[3:5, 3, 2] = 1
    >>> table = sensitivity(mask_from_array(scan, np.eye(4)), rule="default").table
    >>> table.select("rule", "lesions").rows()
    [('default', 1), ('default, 6 neighbours', 0), ('default, ≥ 3 mm³', 1), ('default, ratio 1.25', 1)]
    """
    chosen = checked_rule(rule, mask, *([] if after is None else [after]))
    rows = []
    for changed, other in _alternatives(chosen):
        fit = summary(mask, rule=other)
        counts = {} if after is None else compare(mask, after, rule=other).counts
        rows.append(
            {
                "rule": other.name,
                "changed": changed,
                "fingerprint": other.fingerprint(),
                "lesions": int(fit.estimates[0].value),
                "volume_mm3": fit.estimates[1].value,
                **{name: counts.get(name) for name in COUNTS[1:]},
            }
        )
    schema = dict.fromkeys(COUNTS[1:], pl.Int64)
    return Derivation(
        name=f"Counts of {mask.name}{'' if after is None else f' and {after.name}'} under four rules",
        table=pl.DataFrame(rows, schema_overrides={"changed": pl.String, **schema}),
        method=f"One setting is changed at a time. {chosen.text()} Settings {chosen.fingerprint()}.",
        definition=chosen,
        references=(chosen.source,),
    )


def _alternatives(rule: Rule) -> list[tuple[str | None, Rule]]:
    """Give the rule and the three beside it."""
    changes: list[tuple[str, dict[str, Any]]] = [
        ("6 neighbours", {"connectivity": 6}),
        (
            "≥ 3 mm³",
            {"min_long_axis_mm": None, "min_sphere_mm": None, "min_volume_mm3": 3.0, "inclusive": True},
        ),
        ("ratio 1.25", {"enlarge_ratio": 1.25, "shrink_ratio": 1 / 1.25}),
    ]
    others = [
        (words, dataclasses.replace(rule, name=f"{rule.name}, {words}", **change))
        for words, change in changes
    ]
    return [(None, rule), *others]


def agreement(reference: Mask, other: Mask, *, rule: Rule | str, on_geometry: str = "error") -> Fit:
    r"""Say how far two masks of one scan agree: two raters, or a rater and a program.

    Parameters
    ----------
    reference, other : Mask
        Masks of the same scan on one grid; sensitivity and precision take the first for the truth.
    rule : Rule or str
        What is one lesion, which are counted, and the tolerance of matching; a rule or a name of `RULES`.
    on_geometry : {"error", "warn"}
        As in `compare`; grids between 0.1 and 1 voxel apart proceed under "warn", with a note.

    Returns
    -------
    Fit
        Six numbers without interval: lesion-wise sensitivity, precision and F1, Dice of the voxels, and the
        difference of the marked volumes (other minus reference) in mm³ and as a share of the reference. The
        diagnostics hold the counts. A share of nothing is NaN.

    Raises
    ------
    InputError
        When the grids differ or the rule does not fit the masks.

    Notes
    -----
    A counted lesion is found when it shares a voxel with any component of the other mask, or lies within the
    tolerance where one of them shares none. With :math:`s` the share of counted reference lesions found and
    :math:`p` the share of counted lesions of the other mask that match, :math:`F_1 = 2sp/(s+p)`, and Dice is
    :math:`2|A \cap B| / (|A| + |B|)` over all voxels. Lesions of one brain are not independent, so no
    interval is given.

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> first, second = np.zeros((12, 12, 12)), np.zeros((12, 12, 12))
    >>> first[1:5, 2, 2] = first[7:11, 8, 8] = second[1:5, 2, 2] = 1
    >>> fit = agreement(mask_from_array(first, np.eye(4)), mask_from_array(second, np.eye(4)), rule="default")
    >>> [round(each.value, 3) for each in fit.estimates]
    [0.5, 1.0, 0.667, 0.667, -4.0, -0.5]
    """
    chosen = checked_rule(rule, reference, other)
    notes, _ = agree_on_grid(reference, other, on_geometry)
    box = lesion_box(reference, other)
    labels = label(reference, box, chosen), label(other, box, chosen)
    counted = [
        measure(numbers, mask, box, chosen).counted
        for numbers, mask in zip(labels, (reference, other), strict=True)
    ]
    pairs = links(*labels, chosen.match_tolerance_voxels).all
    met = [np.isin(np.arange(each.size), pairs[:, side]) & each for side, each in enumerate(counted)]
    found, n = [int(each.sum()) for each in met], [int(each.sum()) for each in counted]
    share, right = _ratio(found[0], n[0]), _ratio(found[1], n[1])
    both = int(np.count_nonzero((labels[0] > 0) & (labels[1] > 0)))
    marked = reference.n_voxels, other.n_voxels
    values = (
        ("share of reference lesions found (sensitivity)", share, "share", n[0]),
        ("share of the other's lesions in the reference (precision)", right, "share", n[1]),
        ("F1 of sensitivity and precision", _harmonic(share, right), "", sum(n)),
        ("Dice of the voxels", _ratio(2 * both, sum(marked)), "", sum(marked)),
        ("difference of the volumes", (marked[1] - marked[0]) * reference.voxel_mm3, "mm³", sum(marked)),
        (
            "difference as share of the reference",
            _ratio(marked[1] - marked[0], marked[0]),
            "share",
            marked[0],
        ),
    )
    return Fit(
        title=f"Agreement of {other.name} with {reference.name}",
        estimates=tuple(_number(*value, rule=chosen) for value in values),
        method_text=f"{chosen.text()} Settings {chosen.fingerprint()}.",
        diagnostics={
            "reference_lesions": n[0],
            "reference_found": found[0],
            "other_lesions": n[1],
            "other_matched": found[1],
            "rule": chosen.to_dict(),
            "reference": reference.to_dict(),
            "other": other.to_dict(),
        },
        notes=notes,
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _harmonic(first: float, second: float) -> float:
    """Give the harmonic mean of two shares; 0 when both are 0."""
    return 0.0 if first == second == 0 else 2 * first * second / (first + second)


def _number(quantity: str, value: float, unit: str, n: int, *, rule: Rule) -> Estimate:
    return Estimate(
        quantity=quantity,
        value=float(value),
        low=math.nan,
        high=math.nan,
        level=0.95,
        method="overlap",
        method_text=f"By the rule {rule.name!r} ({rule.fingerprint()}).",
        n=n,
        unit=unit,
    )
