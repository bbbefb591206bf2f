"""Two visits of a spinal cord beside each other: count, length, longest lesion, volume, and what is new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ranvier.mri._strip import Column, strip
from ranvier.mri.comparison import LesionComparison, compare
from ranvier.mri.cord_lesions import ASGARI, BREAKING_UP, CordLesions, cord
from ranvier.mri.labels import LabelMap
from ranvier.mri.mask import Mask
from ranvier.mri.measures import UNKNOWN_HAND
from ranvier.mri.rule import Rule
from ranvier.result import Derivation, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CordComparison", "compare_cord"]

SAME_MM = 1e-6
"""Distance up to which two centres of mass are that of one lesion."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CordComparison(Derivation):
    """What can be said of the lesions of a spinal cord at two visits.

    Parameters
    ----------
    before, after : CordLesions
        The lesions of each visit.
    comparison : LesionComparison
        What became of each lesion.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    before: CordLesions
    after: CordLesions
    comparison: LesionComparison
    notes: tuple[str, ...] = ()

    def explain(self, subject: str | None = None) -> str:
        """Say what changed and how it was judged, or how one group of lesions was judged.

        Parameters
        ----------
        subject : str, optional
            One group, such as "group 3"; the whole comparison when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When there is no such group.
        """
        if subject is not None:
            return super().explain(subject)
        return " ".join([f"{self.name}:", self.method, *self.notes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cord at both visits: the levels upwards, each lesion where it lies.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        columns = [
            Column(label=f"{word}\n{found.short_text()}", table=found.table, new=new)
            for word, found, new in (
                ("before", self.before, frozenset[int]()),
                ("after", self.after, self._new()),
            )
        ]
        return strip(columns, self.before.levels, self.before.mask, title=self.name, ax=ax)

    def _new(self) -> frozenset[int]:
        """Give the numbers of the lesions after that are new: a new group is one lesion with its centre."""
        place = ["r_mm", "a_mm", "s_mm"]
        groups = self.comparison.table.filter(fate="new").select(place).to_numpy()
        lesions = self.after.table.select(place).to_numpy()
        apart = np.linalg.norm(lesions[:, None] - groups[None], axis=2)
        rows = np.flatnonzero((apart < SAME_MM).any(axis=1))
        return frozenset(self.after.table["lesion"].to_numpy()[rows].tolist())


def compare_cord(
    before: Mask,
    after: Mask,
    *,
    rule: Rule | str,
    levels: LabelMap | None = None,
    cord_before: Mask | None = None,
    cord_after: Mask | None = None,
    on_geometry: str = "error",
) -> CordComparison:
    """Set two visits of a spinal cord beside each other; a lesion that broke up is not new.

    Parameters
    ----------
    before, after : Mask
        Lesions of one patient on one grid.
    rule : Rule or str
        What is one lesion, which are counted, and when one has changed; a rule or the name of one of `RULES`.
    levels : LabelMap, optional
        Vertebral levels on that grid, as for `cord`.
    cord_before, cord_after : Mask, optional
        The cord itself at each visit, as for `cord`.
    on_geometry : {"error", "warn"}
        What happens when the grids lie between 0.1 and 1 voxel apart, as in `compare`.

    Returns
    -------
    CordComparison
        One row per measure: counted lesions, summed length, longest lesion, volume of the counted lesions,
        lesions over at least three levels, new lesions, resolved lesions, lesions that broke up (a counted
        lesion that became several and did not enlarge). Columns
        measure, unit, before, after, change (null where not known, or for what exists after only).

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
    New lesions are those of `compare`: a piece of a lesion that broke up overlaps the lesion before, so that
    it is not new. The count is the only measure that such healing makes look worse.

    References
    ----------
    Asgari et al. 2013, BMC Neurol 13:33, doi 10.1186/1471-2377-13-33.

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> first, second = np.zeros((5, 5, 40)), np.zeros((5, 5, 40))
    >>> first[2, 2, 5:35] = 1
    >>> second[2, 2, 5:9] = second[2, 2, 20:24] = second[2, 2, 31:35] = 1
    >>> change = compare_cord(
    ...     mask_from_array(first, np.eye(4)), mask_from_array(second, np.eye(4)), rule="default"
    ... )
    >>> change.table.select("measure", "before", "after").rows()[:3]
    [('counted lesions', 1.0, 3.0), ('summed length', 30.0, 12.0), ('longest lesion', 30.0, 4.0)]
    >>> change.comparison.counts["new"], change.comparison.counts["split"]
    (0, 1)
    """
    first = cord(before, rule=rule, levels=levels, cord=cord_before, on_geometry=on_geometry)
    second = cord(after, rule=rule, levels=levels, cord=cord_after, on_geometry=on_geometry)
    fates = compare(before, after, rule=rule, on_geometry=on_geometry)
    table = _table(first, second, fates)
    return CordComparison(
        name=f"Spinal cord from {before.name} to {after.name}",
        table=table,
        trace=fates.trace,
        reasons=fates.reasons,
        method=_method(first, second, fates),
        definition=fates.definition,
        references=tuple(dict.fromkeys((*fates.references, ASGARI))),
        before=first,
        after=second,
        comparison=fates,
        notes=(*_notes(first, second, fates), BREAKING_UP),
    )


def _table(before: CordLesions, after: CordLesions, fates: LesionComparison) -> pl.DataFrame:
    counts = fates.counts
    rows = [
        ("counted lesions", "lesions", before.counts["lesions"], after.counts["lesions"]),
        ("summed length", "mm", before.length_mm, after.length_mm),
        ("longest lesion", "mm", before.longest_mm, after.longest_mm),
        ("volume of the counted lesions", "mm³", before.volume_mm3, after.volume_mm3),
        ("lesions over at least three levels", "lesions", before.counts["letm"], after.counts["letm"]),
        ("new lesions", "lesions", None, counts["new"]),
        ("resolved lesions", "lesions", None, counts["resolved"]),
        ("lesions that broke up", "lesions", None, _broken_up(fates)),
    ]
    numbers = {"before": pl.Float64, "after": pl.Float64}
    schema = {"measure": pl.String, "unit": pl.String, **numbers}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        change=pl.col("after") - pl.col("before")
    )


def _method(before: CordLesions, after: CordLesions, fates: LesionComparison) -> str:
    counts = fates.counts
    long = [each.counts["letm"] for each in (before, after)]
    letm = "not known" if None in long else f"{long[0]} before, {long[1]} after"
    return (
        f"{plural(before.counts['lesions'] or 0, 'counted lesion')} before, {after.counts['lesions']} after, "
        f"of which {counts['new']} new; summed length {before.length_mm:.1f} mm before, "
        f"{after.length_mm:.1f} mm after; longest {before.longest_mm:.1f} and {after.longest_mm:.1f} mm; "
        f"volume {before.volume_mm3:.1f} and {after.volume_mm3:.1f} mm³; over at least three "
        f"vertebral levels: {letm}. {fates.method}"
    )


def _notes(before: CordLesions, after: CordLesions, fates: LesionComparison) -> list[str]:
    of_both = {*before.mask.notes, *after.mask.notes, UNKNOWN_HAND, BREAKING_UP}
    of_each = (note for each in (before, after) for note in each.notes if note not in of_both)
    of_change = (note for note in fates.notes if note != BREAKING_UP)
    notes = list(dict.fromkeys((*of_each, *of_change)))
    risen = (after.counts["lesions"] or 0) > (before.counts["lesions"] or 0)
    broken, new = _broken_up(fates), fates.counts["new"]
    if risen and broken and after.volume_mm3 < before.volume_mm3:
        as_well = f"; {plural(new, 'new lesion')} appeared as well" if new else ""
        notes.insert(
            0,
            f"The count rose although the volume fell: {plural(broken, 'lesion')} broke up into pieces"
            f"{as_well}.",
        )
    return notes


def _broken_up(fates: LesionComparison) -> int:
    """Count the counted lesions that became several without growing."""
    pieces = fates.table.filter(topology="split").filter(pl.col("n_before") > 0)
    return pieces.filter(pl.col("fate") != "enlarging").height
