"""Active lesions of a scan: enhancing, new or enlarging, each counted once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._components import Components, label, lesion_box, measure
from ranvier.mri._geometry import agree_on_grid
from ranvier.mri._groups import Ints, links
from ranvier.mri._tracking import rank
from ranvier.mri.alternatives import RuleSensitivity, under_rules
from ranvier.mri.comparison import LesionComparison, compare, judged
from ranvier.mri.mask import Mask
from ranvier.mri.measures import BORDER_NOTE, checked_rule
from ranvier.mri.rule import Rule
from ranvier.result import TRACE_SCHEMA, Derivation, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ActiveLesions", "active"]

ACTIVE_COUNTS = ("gadolinium", "new", "enlarging", "new_or_enlarging", "combined_unique")
ACTIVE_REASONS = {
    "enhancing": "every gadolinium-enhancing lesion that reaches the size limit is active",
    "without-gadolinium": "no counted enhancing lesion overlaps it or lies within the tolerance",
    "counted-as-gadolinium": "an enhancing lesion lies on it or within the tolerance; that one is counted",
}
METHOD = (
    "Combined unique active lesions are the gadolinium-enhancing lesions plus the new or enlarging T2 "
    "lesions without one. They belong together when they share a voxel, or lie within the tolerance where "
    "one of them shares none; enhancing lesions are counted by the same size limit as T2 lesions."
)
REFERENCES = (
    (
        "De Stefano N et al. Neurol Neuroimmunol Neuroinflamm 2022;9(4):e1187, "
        "doi 10.1212/NXI.0000000000001187 (combined unique active lesions)"
    ),
)
COLUMNS: dict[str, Any] = {
    "kind": pl.String,
    "number": pl.Int64,
    "partners": pl.List(pl.Int64),
    "counted": pl.Boolean,
    "voxels": pl.Int64,
    "volume_mm3": pl.Float64,
    "r_mm": pl.Float64,
    "a_mm": pl.Float64,
    "s_mm": pl.Float64,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ActiveLesions(Derivation):
    """The active lesions of a scan, each counted once.

    Parameters
    ----------
    counts : mapping of str to int
        gadolinium, new, enlarging, new_or_enlarging, combined_unique.
    comparison : LesionComparison
        The T2 lesions before and after.
    gadolinium : Mask
        The enhancing lesions.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    counts: Mapping[str, int]
    comparison: LesionComparison
    gadolinium: Mask
    notes: tuple[str, ...] = ()

    def explain(self, subject: str | None = None) -> str:
        """Say how many lesions are active and how each was counted, or how one was.

        Parameters
        ----------
        subject : str, optional
            One lesion, such as "gadolinium 1" or "group 3" of the comparison; all when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When there is no such lesion.
        """
        if subject is not None:
            return super().explain(subject)
        c = self.counts
        both = c["gadolinium"] + c["new_or_enlarging"] - c["combined_unique"]
        said = (
            f"{self.name}: {plural(c['combined_unique'], 'combined unique active lesion')}. "
            f"{plural(c['gadolinium'], 'gadolinium-enhancing lesion')}; {c['new']} new and {c['enlarging']} "
            f"enlarging T2 lesions, {both} of them enhancing and not counted again."
        )
        return " ".join([said, self.method, *self.notes])

    def sensitivity(self) -> RuleSensitivity:
        """Give the same counts under three other rules.

        Returns
        -------
        RuleSensitivity
            Four rows. Columns rule, changed (null in the first row), fingerprint, gadolinium, new, enlarging,
            new_or_enlarging, combined_unique.
        """

        def count(rule: Rule) -> Mapping[str, int]:
            return _counted(self.comparison.before, self.comparison.after, self.gadolinium, rule)[1]

        return under_rules(self.name, self.definition, count, counted=ACTIVE_COUNTS)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each count as a bar with its number.

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

            ax = Figure(figsize=(6, 2.6), layout="constrained").add_subplot()
        words = [
            "gadolinium-enhancing",
            "new T2",
            "enlarging T2",
            "new or enlarging T2",
            "combined unique active",
        ]
        values = [self.counts[name] for name in ACTIVE_COUNTS]
        bars = ax.barh(words, values, color=["0.65"] * 4 + ["0.25"])
        ax.bar_label(bars, padding=3)
        ax.set_xlim(0, 1.15 * max(*values, 1))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.invert_yaxis()
        ax.set_xlabel("lesions")
        ax.set_title(self.name)
        return ax


def active(
    scans: LesionComparison | tuple[Mask, Mask],
    gadolinium: Mask,
    *,
    rule: Rule | str,
    on_geometry: str = "error",
) -> ActiveLesions:
    r"""Count the active lesions of a scan, without counting one twice.

    Parameters
    ----------
    scans : LesionComparison or (Mask, Mask)
        The T2 lesions: a comparison made by the same rule, or the masks before and after.
    gadolinium : Mask
        The gadolinium-enhancing lesions of the scan after, on the same grid. An empty mask is a scan with
        contrast and no enhancing lesion; without contrast these counts are not known.
    rule : Rule or str
        What is one lesion, which are counted, and when one has changed; a rule or the name of one of `RULES`.
    on_geometry : {"error", "warn"}
        As in `compare`.

    Returns
    -------
    ActiveLesions
        One row per counted enhancing lesion, then one per new or enlarging group. Columns kind (gadolinium,
        new, enlarging), number (of the enhancing lesion, largest first, or of the group in the comparison),
        partners (numbers of the other kind that it belongs to), counted (among the combined unique), voxels,
        volume_mm3, r_mm, a_mm, s_mm (of groups: voxels and volume after, place as in the comparison).

    Raises
    ------
    InputError
        When the grids differ, the comparison was made by another rule, or the rule does not fit the masks.

    Warns
    -----
    RanvierWarning
        When grids between 0.1 and 1 voxel apart are compared by `on_geometry="warn"`.

    Notes
    -----
    With :math:`G` enhancing lesions that reach the size limit and :math:`T` new or enlarging groups, of which
    :math:`B` belong to at least one of the :math:`G`, the combined unique active lesions are
    :math:`G + T - B`: the sum of T1 enhancing lesions and of new or enlarging T2 lesions without
    enhancement. Several enhancing lesions inside one T2 group are counted each. All enhancing lesions of the
    scan count, also those that enhanced before. An enhancing lesion in a T2 lesion that did not change is
    active.

    References
    ----------
    De Stefano et al. 2022, Neurol Neuroimmunol Neuroinflamm 9(4):e1187, doi 10.1212/NXI.0000000000001187.

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> before, after, bright = np.zeros((3, 12, 12, 12))
    >>> after[2:6, 2:4, 2] = 1
    >>> after[8:11, 9, 9] = 1
    >>> bright[2:5, 3, 2] = 1
    >>> masks = [mask_from_array(scan, np.eye(4)) for scan in (before, after, bright)]
    >>> active((masks[0], masks[1]), masks[2], rule="default").counts
    {'gadolinium': 1, 'new': 2, 'enlarging': 0, 'new_or_enlarging': 2, 'combined_unique': 2}
    """
    if gadolinium is None:
        raise InputError(
            "no gadolinium mask: without contrast the active lesions are not known. mri.compare counts new "
            "and enlarging ones; an empty mask would mean contrast and no enhancing lesion."
        )
    chosen = checked_rule(rule, gadolinium)
    change = _comparison(scans, chosen, on_geometry)
    notes, warn = agree_on_grid(change.after, gadolinium, on_geometry)
    if warn:
        warnings.warn(notes[0], RanvierWarning, stacklevel=2)
    table, counts, found = _counted(change.before, change.after, gadolinium, chosen)
    return ActiveLesions(
        name=f"Active lesions in {change.after.name}",
        table=table,
        trace=_trace(table),
        reasons=ACTIVE_REASONS,
        method=f"{METHOD} {chosen.text()} Settings {chosen.fingerprint()}.",
        definition=chosen,
        references=(chosen.source, *REFERENCES),
        counts=counts,
        comparison=change,
        gadolinium=gadolinium,
        notes=(*notes, *change.notes, *_notes(change, gadolinium, table, found)),
    )


def _comparison(scans: Any, rule: Rule, on_geometry: str) -> LesionComparison:
    if isinstance(scans, LesionComparison):
        if scans.definition.fingerprint() != rule.fingerprint():
            raise InputError(
                f"the scans were compared by the rule {scans.definition.name!r}, not by {rule.name!r}; use "
                "one rule for both, so that no lesion is counted twice."
            )
        return scans
    if not isinstance(scans, tuple | list) or len(scans) != 2:
        raise InputError(
            f"{type(scans).__name__} is no comparison; give the result of mri.compare, or the masks before "
            "and after."
        )
    return compare(scans[0], scans[1], rule=rule, on_geometry=on_geometry)


@dataclass(frozen=True, kw_only=True)
class _Enhancing:
    """The enhancing components, and how they lie on the T2 lesions of the same scan."""

    parts: Components
    pairs: Ints
    """Row of the T2 component, row of the enhancing one."""


def _counted(
    before: Mask, after: Mask, gadolinium: Mask, rule: Rule
) -> tuple[pl.DataFrame, dict[str, int], _Enhancing]:
    """Give the rows, the counts, and the enhancing lesions."""
    box = lesion_box(before, after, gadolinium)
    visits, fates = judged(before, after, rule, box=box)
    bright = label(gadolinium, box, rule)
    parts = measure(bright, gadolinium, box, rule)
    pairs = links(visits.labels[1], bright, rule.match_tolerance_voxels).all
    pairs = pairs[parts.counted[pairs[:, 1]]]
    order = [row for row in np.argsort(rank(parts)).tolist() if parts.counted[row]]
    number = {row: place for place, row in enumerate(order, start=1)}
    groups = fates.filter(pl.col("fate").is_in(["new", "enlarging"]))
    names = dict(groups.select("owner", "group").rows())
    met = {(int(visits.owner[1][t2]), int(gd)) for t2, gd in pairs.tolist()}
    rows = [
        {
            "kind": "gadolinium",
            "number": number[row],
            "partners": sorted(names[owner] for owner, gd in met if gd == row and owner in names),
            "counted": True,
            "voxels": int(parts.voxels[row]),
            "volume_mm3": float(parts.voxels[row] * gadolinium.voxel_mm3),
            **dict(zip(("r_mm", "a_mm", "s_mm"), parts.centroid[row].tolist(), strict=True)),
        }
        for row in order
    ]
    for group in groups.iter_rows(named=True):
        partners = sorted(number[gd] for owner, gd in met if owner == group["owner"])
        same = {name: group[name] for name in ("r_mm", "a_mm", "s_mm")}
        rows.append(
            {
                "kind": group["fate"],
                "number": group["group"],
                "partners": partners,
                "counted": not partners,
                "voxels": group["voxels_after"],
                "volume_mm3": group["volume_after_mm3"],
                **same,
            }
        )
    table = pl.DataFrame(rows, schema=COLUMNS)
    kinds = table["kind"].to_list()
    counts = {
        **{kind: kinds.count(kind) for kind in ("gadolinium", "new", "enlarging")},
        "new_or_enlarging": kinds.count("new") + kinds.count("enlarging"),
        "combined_unique": int(table["counted"].sum()),
    }
    return table, counts, _Enhancing(parts=parts, pairs=pairs)


def _notes(change: LesionComparison, gadolinium: Mask, table: pl.DataFrame, found: _Enhancing) -> list[str]:
    notes = [f"{gadolinium.name}: {note}" for note in gadolinium.notes]
    counted = np.flatnonzero(found.parts.counted)
    if any(gadolinium.same_file(scan) for scan in (change.before, change.after)):
        notes.append(
            "The gadolinium mask is the same file as a T2 mask, byte for byte: one is probably wrong."
        )
    if alone := int((~np.isin(counted, found.pairs[:, 1])).sum()):
        notes.append(
            f"{plural(alone, 'enhancing lesion')} without a T2 lesion at the same place: counted, but look "
            "at both masks."
        )
    if small := int((~found.parts.counted).sum()):
        notes.append(f"{plural(small, 'enhancing spot')} below the size limit, not counted.")
    if touching := int(found.parts.border[counted].sum()):
        notes.append(BORDER_NOTE.format(plural(touching, "enhancing lesion")))
    shared = table.filter((pl.col("kind") != "gadolinium") & (pl.col("partners").list.len() > 1)).height
    if shared:
        notes.append(
            f"{plural(shared, 'new or enlarging lesion')} with several enhancing lesions inside; each of "
            "these is counted."
        )
    return notes


def _trace(table: pl.DataFrame) -> pl.DataFrame:
    bright = pl.col("kind") == "gadolinium"
    joined = pl.col("partners").cast(pl.List(pl.String)).list.join(", ")
    return table.select(
        pl.when(bright)
        .then(pl.format("gadolinium {}", "number"))
        .otherwise(pl.format("group {}", "number"))
        .alias("subject"),
        pl.lit(None, dtype=pl.Int64).alias("day"),
        pl.format("{} lesion of {} voxels", "kind", "voxels").alias("step"),
        pl.when("counted")
        .then(pl.lit("counted"))
        .otherwise(pl.format("counted as gadolinium {}", joined))
        .alias("outcome"),
        pl.when(bright)
        .then(pl.lit("enhancing"))
        .when("counted")
        .then(pl.lit("without-gadolinium"))
        .otherwise(pl.lit("counted-as-gadolinium"))
        .alias("reason"),
    ).cast(pl.Schema(TRACE_SCHEMA))
