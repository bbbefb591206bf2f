"""The site of each lesion in the brain: periventricular, juxtacortical, infratentorial or deep."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ranvier.errors import InputError, RanvierWarning, require_choice
from ranvier.mri._components import label, lesion_box, measure
from ranvier.mri._distance import Placed
from ranvier.mri._geometry import agree_on_grid
from ranvier.mri.labels import LabelMap, labels_text
from ranvier.mri.mask import Mask
from ranvier.mri.measures import Lesions, checked_rule, lesion_table, mask_notes
from ranvier.mri.regions import SITES, Regions, as_regions
from ranvier.mri.rule import Rule
from ranvier.result import TRACE_SCHEMA, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NEAR_MM", "ORDERS", "LocatedLesions", "locate"]

NEAR_MM = 1.75
"""Distance of voxel centres, in mm, up to which a lesion touches a region: at 1 mm the 26 neighbours, of
which the farthest is √3 = 1.73 mm away and the next voxel 2 mm."""

HALF = "at least half infratentorial"

ORDERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "infratentorial first": (HALF, "periventricular", "juxtacortical"),
        "lst_ai": ("periventricular", "infratentorial", "juxtacortical"),
        "infratentorial last": ("periventricular", "juxtacortical", "infratentorial"),
    }
)
"""What is asked of a lesion, one after the other; the first yes decides, without one the lesion is deep."""

SITE_REASONS = {
    "half-inside": "at least half of its voxels are infratentorial",
    "touches": "a voxel of it lies within the distance of the region",
    "touches-none": "it lies beyond the distance of every region asked for",
    "annotated": "most of its voxels have the label of that site",
    "not-annotated": "none of its voxels has the label of a site",
}
REGION_OF = {
    "periventricular": "ventricle",
    "juxtacortical": "cortex",
    "infratentorial": "infratentorial",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class LocatedLesions(Lesions):
    """The lesions of one brain scan, each with its site.

    Parameters
    ----------
    map : LabelMap
        The map of regions.
    regions : Regions
        Which of its labels stand for which region.
    order : str
        What was asked first; one of `ORDERS`.
    near_mm : float
        Distance of voxel centres up to which a lesion touches a region, in mm.
    counts : mapping of str to int
        Counted lesions of each of `SITES`.
    volumes_mm3 : mapping of str to float
        Their volume, in mm³.
    not_covered : tuple of str
        Sites of which nothing is known, since the map has no voxel of the region.
    """

    map: LabelMap
    regions: Regions
    order: str
    near_mm: float
    counts: Mapping[str, int]
    volumes_mm3: Mapping[str, float]
    not_covered: tuple[str, ...] = ()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many lesions are counted at each site, with their volume beside the bar.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 2.4), layout="constrained").add_subplot()
        counts = [self.counts[site] for site in SITES]
        bars = ax.barh(list(SITES), counts, color="C0")
        words = [f"{n}, {self.volumes_mm3[site]:.0f} mm³" for site, n in self.counts.items()]
        ax.bar_label(bars, words, padding=4)
        ax.set_xlim(0, max(1, *counts) * 1.35)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.invert_yaxis()
        ax.set_xlabel("counted lesions, with their volume")
        ax.set_title(self.name)
        return ax


def locate(
    mask: Mask,
    labels: LabelMap,
    *,
    regions: Regions | str,
    rule: Rule | str,
    order: str = "infratentorial first",
    near_mm: float = NEAR_MM,
    on_geometry: str = "error",
) -> LocatedLesions:
    r"""Give every lesion of a brain scan with its site.

    Parameters
    ----------
    mask : Mask
        From `read_mask` or `mask_from_array`.
    labels : LabelMap
        The regions of the same scan on the same grid, from `read_labels` or `labels_from_array`.
    regions : Regions or str
        Which labels stand for which region; a mapping or the name of one of `REGIONS`.
    rule : Rule or str
        What is one lesion and which are counted; a rule or the name of one of `RULES`.
    order : {"infratentorial first", "lst_ai", "infratentorial last"}
        What is asked first; see `ORDERS`. By default a lesion with at least half of its voxels in the
        brainstem or cerebellum is infratentorial; else it is periventricular when it touches the ventricle,
        else juxtacortical when it touches the cortex, else deep. In the other two orders a lesion is
        infratentorial as soon as it touches the region.
    near_mm : float
        Distance of voxel centres, in mm, up to which a lesion touches a region.
    on_geometry : {"error", "warn"}
        What happens when the grids lie between 0.1 and 1 voxel apart, as in `compare`.

    Returns
    -------
    LocatedLesions
        The columns of `lesions`, and site (one of `SITES`; null when an annotated map says none),
        ventricle_mm, cortex_mm, infratentorial_mm (smallest distance of voxel centres; null with an annotated
        map), infratentorial_share (of its voxels; null likewise), off_map_share (of its voxels without a
        label).

    Raises
    ------
    InputError
        When shapes or grids differ, when the map has no ventricle or no cortex, or for an unknown name.

    Warns
    -----
    RanvierWarning
        When grids between 0.1 and 1 voxel apart are taken as one by `on_geometry="warn"`.

    Notes
    -----
    The distance is the smallest between the centres of a voxel of the lesion and one of the region, in world
    coordinates, so that it holds on oblique and uneven grids; 0 when they overlap. On a grid with thick
    slices neighbours in two slices are farther apart than `near_mm` and do not touch; a note says so. A
    lesion that touches both ventricle and cortex is periventricular. Lesions in deep grey matter are "deep",
    unless they touch the ventricle: then they are called periventricular here, which the criteria of 2017
    exclude.

    References
    ----------
    Thompson et al. 2018, Lancet Neurol 17:162-173, doi 10.1016/S1474-4422(17)30470-2. Filippi et al. 2019,
    Brain 142:1858-1875, doi 10.1093/brain/awz144 (periventricular: in direct contact with the lateral
    ventricles). Wiltgen et al. 2024, NeuroImage Clin 42:103611 (LST-AI); its order: its source code.

    Examples
    --------
    >>> from ranvier.mri import labels_from_array, mask_from_array
    >>> brain, scan = np.zeros((12, 8, 8)), np.zeros((12, 8, 8))
    >>> brain[0], brain[1:10], brain[10:], brain[:, :, :2] = 4, 2, 3, 16
    >>> scan[1:5, 4, 5] = scan[6:9, 2, 5] = 1
    >>> found = locate(
    ...     mask_from_array(scan, np.eye(4)),
    ...     labels_from_array(brain, np.eye(4)),
    ...     regions="freesurfer",
    ...     rule="default",
    ... )
    >>> found.table.select("lesion", "site", "ventricle_mm", "cortex_mm").rows()
    [(1, 'periventricular', 1.0, 6.0), (2, 'deep', 6.0, 2.0)]
    """
    chosen, areas = checked_rule(rule, mask), as_regions(regions)
    _check(labels, areas, order, near_mm)
    notes, warn = agree_on_grid(mask, labels, on_geometry, what="map")
    if warn:
        warnings.warn(notes[0], RanvierWarning, stacklevel=2)
    box = lesion_box(mask)
    numbers = label(mask, box, chosen)
    found = measure(numbers, mask, box, chosen)
    placed = Placed(numbers, box, labels)
    columns = _annotated(placed, areas) if areas.annotated else _touching(placed, areas, order, near_mm)
    table = lesion_table(found, mask, **columns)
    kept = table.filter("counted")
    counts = {site: kept.filter(site=site).height for site in SITES}
    return LocatedLesions(
        name=f"Sites of the lesions in {mask.name}",
        table=table.drop("reason"),
        trace=_trace(table),
        reasons=SITE_REASONS,
        method=_method(areas, order, near_mm, counts, chosen),
        definition=chosen,
        references=(chosen.source, areas.source),
        mask=mask,
        map=labels,
        regions=areas,
        order=order,
        near_mm=near_mm,
        counts=counts,
        volumes_mm3={site: float(kept.filter(site=site)["volume_mm3"].sum()) for site in SITES},
        not_covered=_not_covered(labels, areas),
        notes=(*mask_notes(found, mask), *labels.notes, *notes, *_notes(kept, placed, areas, near_mm)),
    )


def _check(labels: LabelMap, regions: Regions, order: str, near_mm: float) -> None:
    require_choice("order", order, ORDERS)
    if not isinstance(labels, LabelMap):
        raise InputError(
            f"{type(labels).__name__} is not a label map; make one with mri.read_labels or "
            "mri.labels_from_array."
        )
    if isinstance(near_mm, bool) or not isinstance(near_mm, int | float) or not 0 <= near_mm < math.inf:
        raise InputError(f"near_mm is {near_mm!r}; give a distance in mm, 0 or more.")
    if regions.annotated is not None:
        return
    for name in ("ventricle", "cortex"):
        if not np.isin(labels.voxels, getattr(regions, name)).any():
            raise InputError(
                f"{labels.name}: no voxel is {name} by {regions.text()} The map has "
                f"{labels_text(labels.labels)}. Name the regions of its tool, or give your own mri.Regions."
            )


def _not_covered(labels: LabelMap, regions: Regions) -> tuple[str, ...]:
    """Name the site that the map cannot show; one without ventricle or cortex is refused."""
    if regions.annotated is not None or np.isin(labels.voxels, regions.infratentorial).any():
        return ()
    return ("infratentorial",)


def _touching(placed: Placed, regions: Regions, order: str, near_mm: float) -> dict[str, Any]:
    """Judge by distance and share; the columns of the table."""
    off = placed.inside((0,))
    placed.without(regions.lesion)
    voxels = np.maximum(np.bincount(placed.owner, minlength=placed.n), 1)
    below = placed.inside(regions.infratentorial)
    apart = {name: placed.nearest_mm(getattr(regions, name)) for name in REGION_OF.values()}
    answers = {site: apart[name] <= near_mm for site, name in REGION_OF.items()}
    answers[HALF] = 2 * below >= voxels
    asked = ORDERS[order]
    sites = ["infratentorial" if step == HALF else step for step in asked]
    reasons = ["half-inside" if step == HALF else "touches" for step in asked]
    conditions = [answers[step] for step in asked]
    return {
        "site": _words(np.select(conditions, sites, default="deep")),
        **{f"{name}_mm": [_finite(value) for value in values] for name, values in apart.items()},
        "infratentorial_share": below / voxels,
        "off_map_share": off / voxels,
        "reason": _words(np.select(conditions, reasons, default="touches-none")),
    }


def _annotated(placed: Placed, regions: Regions) -> dict[str, Any]:
    """Take the site that most voxels of a lesion are labelled with."""
    each = np.stack([placed.inside((site,)) for site in regions.annotated or ()])
    known = each.sum(axis=0) > 0
    best = each.argmax(axis=0)
    voxels = np.maximum(np.bincount(placed.owner, minlength=placed.n), 1)
    unknown = pl.Series([None] * placed.n, dtype=pl.Float64)
    return {
        "site": pl.Series(
            [SITES[i] if yes else None for i, yes in zip(best, known, strict=True)], dtype=pl.String
        ),
        **{f"{name}_mm": unknown for name in REGION_OF.values()},
        "infratentorial_share": unknown,
        "off_map_share": placed.inside((0,)) / voxels,
        "reason": _words(np.where(known, "annotated", "not-annotated")),
    }


def _words(values: npt.NDArray[np.str_]) -> pl.Series:
    return pl.Series([str(value) for value in values], dtype=pl.String)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _method(regions: Regions, order: str, near_mm: float, counts: Mapping[str, int], rule: Rule) -> str:
    said = ", ".join(f"{n} {site}" for site, n in counts.items())
    if regions.annotated is not None:
        how = "A lesion has the site that most of its voxels are labelled with."
    else:
        steps = {
            HALF: "infratentorial when at least half of its voxels are",
            "periventricular": "periventricular when it touches the ventricle",
            "juxtacortical": "juxtacortical when it touches the cortex",
            "infratentorial": "infratentorial when it touches that region",
        }
        how = (
            f"A lesion is {'; else '.join(steps[step] for step in ORDERS[order])}; else deep. Touching means "
            f"at most {near_mm:g} mm between voxel centres."
        )
    return f"Counted lesions: {said}. {how} {regions.text()} {rule.text()} Settings {rule.fingerprint()}."


def _notes(kept: pl.DataFrame, placed: Placed, regions: Regions, near_mm: float) -> list[str]:
    """Say what makes the sites doubtful; `kept` are the counted lesions."""
    notes = []
    if regions.annotated is None and (step := max(placed.map.spacing_mm)) > near_mm:
        notes.append(
            f"Voxels are {step:.3g} mm apart along one axis, more than the {near_mm:g} mm within which a "
            "lesion touches a region: neighbours along that axis do not touch."
        )
    if _not_covered(placed.map, regions):
        notes.append(
            f"{placed.map.name} has no infratentorial voxel: it may not cover that part of the brain, and no "
            "lesion can be called infratentorial."
        )
    if without := kept["site"].null_count():
        notes.append(f"{plural(without, 'counted lesion')} without a site in {placed.map.name}.")
    if off := kept.filter(pl.col("off_map_share") > 0.5).height:
        notes.append(
            f"{plural(off, 'counted lesion')} with more than half of the voxels outside the labels of "
            f"{placed.map.name}: check that the map belongs to this scan."
        )
    return notes


def _trace(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        pl.format("lesion {}", "lesion").alias("subject"),
        pl.lit(None, dtype=pl.Int64).alias("day"),
        pl.lit("site").alias("step"),
        pl.col("site").fill_null("not known").alias("outcome"),
        pl.col("reason"),
    ).cast(pl.Schema(TRACE_SCHEMA))
