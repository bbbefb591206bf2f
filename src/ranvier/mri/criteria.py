"""How many of the sites that criteria for multiple sclerosis name hold enough lesions; no diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.mri.sites import LocatedLesions
from ranvier.result import TRACE_SCHEMA, Derivation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CRITERIA", "Dissemination", "dissemination"]

SITES_ASKED = 2
"""Sites that both sets of criteria ask for."""

CRITERIA: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "2016": MappingProxyType(
            {
                "periventricular": 3,
                "juxtacortical": 1,
                "infratentorial": 1,
                "spinal cord": 1,
                "optic nerve": 1,
            }
        ),
        "2017": MappingProxyType(
            {"periventricular": 1, "juxtacortical": 1, "infratentorial": 1, "spinal cord": 1}
        ),
    }
)
"""Lesions needed at each site: MAGNIMS 2016 (five sites) and McDonald 2017 (four); two sites are asked for.
Juxtacortical includes cortical in both."""

SOURCES = {
    "2016": "Filippi M et al. Lancet Neurol 2016;15:292-303, doi 10.1016/S1474-4422(15)00393-2 (MAGNIMS)",
    "2017": "Thompson AJ et al. Lancet Neurol 2018;17:162-173, doi 10.1016/S1474-4422(17)30470-2 (McDonald)",
}
NAMES = {"2016": "MAGNIMS 2016", "2017": "McDonald 2017"}
COUNT_REASONS = {
    "enough": "the site holds at least as many lesions as the criteria ask for",
    "too-few": "the site holds fewer lesions than the criteria ask for",
    "not-examined": "nothing was said about this site",
}
NO_DIAGNOSIS = (
    "This counts sites on one scan; it is no diagnosis. A diagnosis also needs a typical attack, "
    "dissemination in time and no better explanation; in neuromyelitis optica or MOG antibody disease the "
    "criteria do not apply."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dissemination(Derivation):
    """Lesions at each site that the criteria name, and how many sites are reached.

    Parameters
    ----------
    criteria : str
        One of `CRITERIA`.
    sites_reached : int
        Examined sites with enough lesions.
    sites_examined : int
        Sites about which something is known.
    sites_asked : int
        Sites that the criteria ask for.
    reached : bool or None
        Whether enough sites are reached; None when a site that was not examined could still decide it.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    criteria: str
    sites_reached: int
    sites_examined: int
    sites_asked: int = SITES_ASKED
    reached: bool | None
    notes: tuple[str, ...] = ()

    def explain(self, subject: str | None = None) -> str:
        """Say how many sites are reached, or how one site was judged.

        Parameters
        ----------
        subject : str, optional
            One site, such as "periventricular"; all when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When the criteria do not name the site.
        """
        if subject is not None:
            return super().explain(subject)
        return " ".join([f"{self.name}:", self.method, *self.notes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the lesions at each site against the number asked for.

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
        rows = list(self.table.iter_rows(named=True))
        names = [row["site"] for row in rows]
        known = [row["lesions"] or 0 for row in rows]
        bars = ax.barh(names, known, color="C0", hatch=["" if row["reached"] else "//" for row in rows])
        words = ["not examined" if row["lesions"] is None else str(row["lesions"]) for row in rows]
        ax.bar_label(bars, words, padding=6)
        ax.plot([row["needed"] for row in rows], names, "k|", markersize=16, markeredgewidth=2)
        ax.set_xlim(0, max(3, *known) * 1.3)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.invert_yaxis()
        ax.set_xlabel("lesions; the mark is the number asked for")
        ax.set_title(self.name)
        return ax


def dissemination(
    located: LocatedLesions, *, criteria: str, cord: int | None = None, optic_nerve: int | None = None
) -> Dissemination:
    """Count the sites that the criteria of 2016 or 2017 name for dissemination in space.

    Parameters
    ----------
    located : LocatedLesions
        The lesions of the brain with their sites, from `locate`.
    criteria : {"2016", "2017"}
        MAGNIMS 2016 or McDonald 2017; see `CRITERIA`.
    cord : int, optional
        Lesions of the spinal cord, such as `cord(...).counts["lesions"]`; None when it was not examined.
    optic_nerve : int, optional
        Lesions of the optic nerves; None when they were not examined. The criteria of 2017 do not name them.

    Returns
    -------
    Dissemination
        One row per site. Columns site, lesions (null when not examined), needed, reached (null likewise).

    Raises
    ------
    InputError
        When `located` has another type, the criteria are unknown, or a number is negative or no whole number.

    Notes
    -----
    Only counted lesions enter, by the rule of `located`; the criteria ask for a long axis of at least 3 mm. A
    confluent lesion is one, so that "three or more periventricular" can fail on a brain full of lesions: read
    the volumes beside it.

    References
    ----------
    Filippi et al. 2016, Lancet Neurol 15:292-303, doi 10.1016/S1474-4422(15)00393-2. Thompson et al. 2018,
    Lancet Neurol 17:162-173, doi 10.1016/S1474-4422(17)30470-2. Both were read on pages that quote them.

    Examples
    --------
    >>> import numpy as np
    >>> from ranvier.mri import labels_from_array, locate, mask_from_array
    >>> brain, scan = np.zeros((12, 8, 8)), np.zeros((12, 8, 8))
    >>> brain[0], brain[1:10], brain[10:], brain[:, :, :2] = 4, 2, 3, 16
    >>> scan[1:5, 4, 5] = scan[7:10, 2, 5] = 1
    >>> found = locate(
    ...     mask_from_array(scan, np.eye(4)),
    ...     labels_from_array(brain, np.eye(4)),
    ...     regions="freesurfer",
    ...     rule="mcdonald2017",
    ... )
    >>> in_space = dissemination(found, criteria="2016")
    >>> in_space.sites_reached, in_space.sites_examined, in_space.reached
    (1, 3, None)
    """
    require_choice("criteria", criteria, CRITERIA)
    if not isinstance(located, LocatedLesions):
        raise InputError(f"{type(located).__name__} holds no sites; give what mri.locate made.")
    given = {
        **{site: None if site in located.not_covered else n for site, n in located.counts.items()},
        "spinal cord": _number("cord", cord),
        "optic nerve": _number("optic_nerve", optic_nerve),
    }
    rows = [
        {"site": site, "lesions": given[site], "needed": needed}
        for site, needed in CRITERIA[criteria].items()
    ]
    schema = {"site": pl.String, "lesions": pl.Int64, "needed": pl.Int64}
    table = pl.DataFrame(rows, schema=schema).with_columns(reached=pl.col("lesions") >= pl.col("needed"))
    reached, examined = int(table["reached"].sum()), table.height - table["lesions"].null_count()
    decided = True if reached >= SITES_ASKED else None
    if reached + table.height - examined < SITES_ASKED:
        decided = False
    return Dissemination(
        name=f"Sites of {NAMES[criteria]} in {located.mask.name}",
        table=table,
        trace=_trace(table),
        reasons=COUNT_REASONS,
        method=_method(table, criteria, reached, decided),
        definition=located.definition,
        references=(SOURCES[criteria], *located.references),
        criteria=criteria,
        sites_reached=reached,
        sites_examined=examined,
        reached=decided,
        notes=(*_notes(located, criteria, optic_nerve), NO_DIAGNOSIS),
    )


def _number(name: str, value: int | None) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise InputError(f"{name} is {value!r}; give a number of lesions, or None when it was not examined.")
    return value


def _method(table: pl.DataFrame, criteria: str, reached: int, decided: bool | None) -> str:
    said = [
        f"{row['site']} not examined"
        if row["lesions"] is None
        else f"{row['site']} {row['lesions']} (asked: {row['needed']})"
        for row in table.iter_rows(named=True)
    ]
    verdict = {
        True: "So many sites are reached.",
        False: "So many are not reached.",
        None: "A site that was not examined could still decide it.",
    }[decided]
    return (
        f"{reached} of {table.height} sites with as many lesions as {NAMES[criteria]} asks for: "
        f"{'; '.join(said)}. The criteria ask for {SITES_ASKED} sites. {verdict}"
    )


def _notes(located: LocatedLesions, criteria: str, optic_nerve: int | None) -> list[str]:
    notes = list(located.notes)
    if optic_nerve is not None and "optic nerve" not in CRITERIA[criteria]:
        notes.append(
            f"{NAMES[criteria]} does not name the optic nerve; its lesions ({optic_nerve}) do not enter."
        )
    if located.definition.min_long_axis_mm != 3.0:
        notes.append(
            "The criteria count lesions of at least 3 mm in long axis; the rule "
            f"{located.definition.name!r} counts them {located.definition.size_text()}."
        )
    return notes


def _trace(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        pl.col("site").alias("subject"),
        pl.lit(None, dtype=pl.Int64).alias("day"),
        pl.when(pl.col("lesions").is_null())
        .then(pl.lit("not examined"))
        .otherwise(pl.format("{} of {} lesions", "lesions", "needed"))
        .alias("step"),
        pl.col("reached")
        .replace_strict({True: "reached", False: "not reached"}, default="not known", return_dtype=pl.String)
        .alias("outcome"),
        pl.col("reached")
        .replace_strict({True: "enough", False: "too-few"}, default="not-examined", return_dtype=pl.String)
        .alias("reason"),
    ).cast(pl.Schema(TRACE_SCHEMA))
