"""Two visits of one patient: what became of each lesion, and where each lesion voxel went."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import RanvierWarning
from ranvier.mri._components import label, lesion_box, measure
from ranvier.mri._fate_style import STYLES
from ranvier.mri._fates import CHANGES, FATES, Visits, fate_table, ledger_of, pair_up
from ranvier.mri._geometry import agree_on_grid
from ranvier.mri.alternatives import SCAN_COUNTS, RuleSensitivity, under_rules
from ranvier.mri.cord_lesions import ASGARI, BREAKING_UP
from ranvier.mri.mask import Box, Mask
from ranvier.mri.measures import checked_rule
from ranvier.mri.rule import Rule
from ranvier.result import TRACE_SCHEMA, Derivation, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LesionComparison", "compare"]

FATE_REASONS = {
    "nothing-before": "no lesion voxel of the visit before overlaps it or lies within the tolerance",
    "nothing-after": "no lesion voxel of the visit after overlaps it or lies within the tolerance",
    "cut-by-edge": (
        "it is seen at one visit only and touches the edge of the volume: it may have been outside at the "
        "other"
    ),
    "past-both-limits": "the volume of the group changed past the ratio and the absolute limit of the rule",
    "within-limits": "the volume of the group did not change past both limits of the rule",
    "below-limit": "no lesion of the group reaches the size limit at either visit",
}
METHOD = (
    "Lesions of the two visits belong to one group when they share a voxel, or lie within the tolerance "
    "where one of them shares none; every component takes part, of any size. A group is counted when a "
    "lesion of it reaches the size limit at either visit; its volumes are summed and compared."
)
SHAPES = ("merged", "split", "complex")
"""Shapes of a group whose lesions before and after do not stand one to one."""
BARS_WIDE = 5
"""Bars that the axes have room for, at least."""
BARS_NAMED = 30
"""Bars up to which each carries the number of its group."""
RESOLVED_NOTE = (
    "A lesion that is no longer marked may have become a cavity (atrophied lesion volume): look at it before "
    "it is called healed."
)
REFERENCES = (
    "Commowick O et al. MSSEG-2 challenge proceedings, MICCAI 2021 (new lesions only; halfway space)",
    "Genovese AV et al. Radiology 2019;293:424-433 (atrophied lesion volume)",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionComparison(Derivation):
    """What became of each lesion between two visits.

    Parameters
    ----------
    counts : mapping of str to int
        before, after (counted lesions); new, enlarging, stable, shrinking, resolved, cut (groups); merged,
        split, complex (groups among them, by shape).
    ledger : mapping of str to int
        Voxels: before + new + growth − resolved − regress = after, exactly.
    voxel_mm3 : float
        Volume of one voxel, in mm³.
    before, after : Mask
        The masks compared.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    counts: Mapping[str, int]
    ledger: Mapping[str, int]
    voxel_mm3: float
    before: Mask
    after: Mask
    notes: tuple[str, ...] = ()

    def explain(self, subject: str | None = None) -> str:
        """Say what changed and how it was judged, or how one group was judged.

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
        c = self.counts
        counted = f"{self.name}: {plural(c['before'], 'counted lesion')} before, {c['after']} after."
        return " ".join(
            [counted, f"Groups: {self.fates_text()}", self.ledger_text(), self.method, *self.notes]
        )

    def ledger_text(self) -> str:
        """Say where every lesion voxel went.

        Returns
        -------
        str
            One sentence, in mm³.
        """
        mm3 = {key: f"{value * self.voxel_mm3:.1f}" for key, value in self.ledger.items()}
        return (
            "Volume of all lesions, of any size and also those cut by the edge of the volume: "
            f"{mm3['before']} mm³ before + {mm3['new']} in lesions seen after only + {mm3['growth']} growth "
            f"− {mm3['resolved']} in lesions seen before only − {mm3['regress']} regress = {mm3['after']} "
            "mm³ after."
        )

    def fates_text(self) -> str:
        """Say what became of the groups, how many merged or split, and how many could not be judged.

        Returns
        -------
        str
            One sentence or two.
        """
        c = self.counts
        shapes = ", ".join(f"{c[shape]} {shape}" for shape in SHAPES if c[shape])
        fates = ", ".join(f"{c[fate]} {fate}" for fate in CHANGES)
        cut = f" Cut by the edge of the volume and not judged: {c['cut']}." if c["cut"] else ""
        return f"{fates}{f' (among them {shapes})' if shapes else ''}.{cut}"

    def sensitivity(self) -> RuleSensitivity:
        """Give the same counts under three other rules.

        Returns
        -------
        RuleSensitivity
            Four rows, as from `ranvier.mri.sensitivity`.
        """

        def count(rule: Rule) -> dict[str, float | None]:
            visits, table = judged(self.before, self.after, rule)
            counts = _counts(table, visits.parts)
            sizes = visits.parts[0].voxels[visits.parts[0].counted]
            return {
                "lesions": counts["before"],
                "volume_mm3": float(sizes.sum() * self.voxel_mm3),
                **{name: counts[name] for name in SCAN_COUNTS[1:]},
            }

        name = f"Counts of {self.before.name} and {self.after.name}"
        return under_rules(name, self.definition, count, counted=SCAN_COUNTS)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the change of volume of each counted group, from the largest loss to the largest gain.

        Groups of the same volume at both visits are counted below the axis, not drawn.

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

            ax = Figure(figsize=(6.5, 3.2), layout="constrained").add_subplot()
        counted = self.table.filter(pl.col("fate") != "below limit")
        rows = counted.filter(pl.col("change_mm3") != 0).sort("change_mm3").with_row_index("place")
        for fate in FATES:
            some = rows.filter(fate=fate)
            if some.height:
                style = STYLES[fate]
                every = counted.filter(fate=fate).height
                label = f"{fate} ({some.height}{f' of {every}' if every > some.height else ''})"
                ax.bar(some["place"].to_list(), some["change_mm3"].to_list(), label=label, **style.bar())
        if rows.height:
            # beside the axes: on them it may hide a bar, and its patches on bars of the same kind
            ax.legend(
                frameon=False, handlelength=2.5, handleheight=1.2, loc="upper left", bbox_to_anchor=(1.01, 1)
            )
        same = counted.height - rows.height
        ax.axhline(0, color="0.5", linewidth=0.8)
        if 0 < rows.height < BARS_WIDE:
            middle = (rows.height - 1) / 2  # one bar alone is no wall
            ax.set_xlim(middle - BARS_WIDE / 2, middle + BARS_WIDE / 2)
        if rows.height <= BARS_NAMED:
            ax.set_xticks(rows["place"].to_list(), [str(group) for group in rows["group"]])
        else:
            ax.set_xticks([])
        ax.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
        unchanged = f"; {same} of the same volume not drawn" if same else ""
        ax.set_xlabel(f"groups of lesions, by change{unchanged}")
        ax.set_ylabel("change of volume (mm³)")
        ax.set_title(self.name)
        return ax


def compare(before: Mask, after: Mask, *, rule: Rule | str, on_geometry: str = "error") -> LesionComparison:
    r"""Say which lesions are new, enlarging, stable, shrinking or resolved between two visits.

    Parameters
    ----------
    before, after : Mask
        Masks of one patient on one grid, from `read_mask` or `mask_from_array`.
    rule : Rule or str
        What is one lesion, which are counted, and when one has changed; a rule or the name of one of `RULES`.
    on_geometry : {"error", "warn"}
        What happens when the grids lie between 0.1 and 1 voxel apart: refuse, or take the voxels to
        correspond and warn. Up to 0.01 mm they are equal, up to 0.1 voxel equal with a note; above 1 voxel
        they are always refused.

    Returns
    -------
    LesionComparison
        One row per group. Columns group, fate (new, enlarging, stable, shrinking, resolved, cut, below
        limit), topology (one, merged, split, complex; null below the limit), matched (overlap, near, or null
        for a group seen at one visit), n_before, n_after (counted lesions), parts_before, parts_after (of any
        size), voxels_before, voxels_after, volume_before_mm3, volume_after_mm3, change_mm3, ratio, r_mm,
        a_mm, s_mm (centre of mass of all its voxels, both visits), border.

    Raises
    ------
    InputError
        When the shapes differ, the grids lie elsewhere, or the rule does not fit the masks.

    Warns
    -----
    RanvierWarning
        When grids between 0.1 and 1 voxel apart are compared by `on_geometry="warn"`.

    Notes
    -----
    Groups are the connected components of the bipartite graph of components before and after, with an edge
    for each shared voxel; a component without any edge gets edges to those within the tolerance (a box of
    :math:`(2k+1)^3` voxels). The size limit decides what is counted, never what is matched, since a lesion
    that crosses it has neither appeared nor gone. A group with lesions at both visits is enlarging when
    :math:`V_a \ge r V_b` and :math:`V_a - V_b \ge d`, shrinking likewise. Topology counts the lesions that
    reach the limit. Swapping the visits swaps new and resolved, enlarging and shrinking, merged and split,
    when the limits of the rule for gain and loss mirror each other. A lesion seen once that touches the edge
    of the volume is "cut", neither new nor resolved; a field of view narrower than its array is not known
    here.

    Every voxel of both masks enters the ledger, of lesions of any size: new and resolved are the voxels of
    groups seen at one visit only, growth and regress those of the other groups marked at one visit only.

    References
    ----------
    Commowick et al. 2021, MSSEG-2 (new lesions only; halfway space). Genovese et al. 2019, Radiology
    293:424-433 (atrophied lesion volume).

    Examples
    --------
    >>> from ranvier.mri import mask_from_array
    >>> first, second = np.zeros((12, 12, 12)), np.zeros((12, 12, 12))
    >>> first[2:6, 2:4, 2] = 1
    >>> second[2:6, 2:4, 2:5] = 1
    >>> second[8:11, 9, 9] = 1
    >>> change = compare(
    ...     mask_from_array(first, np.eye(4)), mask_from_array(second, np.eye(4)), rule="default"
    ... )
    >>> change.counts["new"], change.counts["enlarging"], change.counts["resolved"]
    (1, 1, 0)
    >>> change.ledger
    {'before': 8, 'new': 3, 'growth': 16, 'resolved': 0, 'regress': 0, 'after': 27}
    """
    chosen = checked_rule(rule, before, after)
    notes, warn = agree_on_grid(before, after, on_geometry)
    if warn:
        warnings.warn(notes[0], RanvierWarning, stacklevel=2)
    visits, table = judged(before, after, chosen)
    said = (*notes, *_notes(before, after, table))
    return LesionComparison(
        name=f"From {before.name} to {after.name}",
        table=table.drop("owner"),
        trace=_trace(table),
        reasons=FATE_REASONS,
        method=f"{METHOD} {chosen.text()} Settings {chosen.fingerprint()}.",
        definition=chosen,
        references=(chosen.source, *REFERENCES, *([ASGARI] if BREAKING_UP in said else [])),
        counts=_counts(table, visits.parts),
        ledger=ledger_of(visits),
        voxel_mm3=before.voxel_mm3,
        before=before,
        after=after,
        notes=said,
    )


def judged(before: Mask, after: Mask, rule: Rule, *, box: Box | None = None) -> tuple[Visits, pl.DataFrame]:
    """Group the lesions of two masks on one grid and judge each group; `owner` numbers it in the visits."""
    box = lesion_box(before, after) if box is None else box
    labels = label(before, box, rule), label(after, box, rule)
    parts = measure(labels[0], before, box, rule), measure(labels[1], after, box, rule)
    visits = pair_up(labels, parts, rule)
    return visits, fate_table(visits, before.voxel_mm3, rule)


def _counts(table: pl.DataFrame, parts: tuple[Any, Any]) -> dict[str, int]:
    fates = table["fate"].to_list()
    shapes = table["topology"].to_list()
    return {
        "before": int(np.count_nonzero(parts[0].counted)),
        "after": int(np.count_nonzero(parts[1].counted)),
        **{fate: fates.count(fate) for fate in FATES if fate != "below limit"},
        **{shape: shapes.count(shape) for shape in SHAPES},
    }


def _notes(before: Mask, after: Mask, table: pl.DataFrame) -> list[str]:
    notes = [f"{mask.name}: {note}" for mask in (before, after) for note in mask.notes]
    if before.same_file(after):
        notes.append("Both visits have the same file, byte for byte: one of them is probably the wrong one.")
    notes += hands_note([before.tool, after.tool])
    judged = table.filter(pl.col("border") & ~pl.col("fate").is_in(["cut", "below limit"]))
    if judged.height:
        notes.append(
            f"{plural(judged.height, 'judged group')} {'touch' if judged.height > 1 else 'touches'} the edge "
            "of the volume; part may lie outside."
        )
    if "resolved" in table["fate"]:
        notes.append(RESOLVED_NOTE)
    if table["topology"].is_in(SHAPES).any():
        notes.append(BREAKING_UP)
    return notes


def hands_note(tools: Sequence[str | None]) -> list[str]:
    """Say when the masks come from different hands, or when it is not known from whose."""
    made = list(dict.fromkeys(tools))
    if len(made) > 1:
        hands = " and ".join(str(tool or "not recorded") for tool in made)
        return [f"The masks were made by different hands ({hands}); part of the change may come from that."]
    return ["It is not recorded who or what made the masks."] if made == [None] else []


def _trace(table: pl.DataFrame) -> pl.DataFrame:
    why = {
        "new": "nothing-before",
        "resolved": "nothing-after",
        "cut": "cut-by-edge",
        "enlarging": "past-both-limits",
        "shrinking": "past-both-limits",
        "stable": "within-limits",
        "below limit": "below-limit",
    }
    return table.select(
        pl.format("group {}", "group").alias("subject"),
        pl.lit(None, dtype=pl.Int64).alias("day"),
        pl.format("from {} to {} voxels", "voxels_before", "voxels_after").alias("step"),
        pl.col("fate").alias("outcome"),
        pl.col("fate").replace_strict(why, return_dtype=pl.String).alias("reason"),
    ).cast(pl.Schema(TRACE_SCHEMA))
