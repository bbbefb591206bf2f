"""Many definitions on one set of patients: how far the answer hangs on the definition, and on which part."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.course._notes import NO_RELAPSES, notes_on_reference
from ranvier.course._tally import COLUMNS, build, tally
from ranvier.course.agreement import kappa_matrix
from ranvier.course.definition import Definition
from ranvier.course.grids import varied
from ranvier.course.library import preset
from ranvier.errors import InputError, require_choice
from ranvier.result import Derivation, LeftOut, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ESTIMATES", "Multiverse", "multiverse"]

ESTIMATES = ("share", "events_per_10_years", "pira_share")
"""Columns that `influence` and `plot` can look at."""

SAME = 1e-12
"""Means closer than this are equal; the sums they come from were only rounded differently."""

INFLUENCE: dict[str, Any] = {
    "option": pl.String,
    "values": pl.Int64,
    "lowest": pl.String,
    "lowest_mean": pl.Float64,
    "highest": pl.String,
    "highest_mean": pl.Float64,
    "range": pl.Float64,
    "variance_share": pl.Float64,
}

METHOD = (
    "Every definition was applied to the same patients. A definition that searches improvement counts "
    "improvements, every other counts worsenings. Events per 10 patient-years count the time from the first "
    "value to the event where only the first is searched, and to the last value otherwise."
)
REFERENCES = (
    "Steegen S et al. Perspect Psychol Sci 2016;11:702-712, doi 10.1177/1745691616658637",
    "Simonsohn U et al. Nat Hum Behav 2020;4:1208-1214, doi 10.1038/s41562-020-0912-z",
    "Kalincik T et al. Brain 2015;138:3287-3298, doi 10.1093/brain/awv258",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Multiverse(Derivation):
    """What each of many definitions finds in the same patients.

    Parameters
    ----------
    options : tuple of str
        The columns of the table that hold the options in which the definitions differ.
    subjects : tuple of str
        The patients with at least one value, in alphabetical order.
    flags : ndarray of bool, shape (n_definitions, n_subjects)
        Whether each definition finds an event in each patient.
    notes : tuple of str
        Sentences that a reader must not miss, with the number of definitions they are about.
    """

    options: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    flags: NDArray[np.bool_]

    def agreement(self) -> pl.DataFrame:
        """Give Cohen's kappa of every two definitions on who has an event.

        Returns
        -------
        polars.DataFrame
            Column definition, and one column per definition; null where kappa is not defined.
        """
        matrix = kappa_matrix(self.flags)
        names = self.table["definition"].to_list()
        columns = {name: pl.Series(matrix[:, place]) for place, name in enumerate(names)}
        return pl.DataFrame({"definition": self.table["definition"]}).with_columns(**columns).fill_nan(None)

    def concordance(self) -> float:
        """Give the share of the patients with an event by any definition that all definitions give one.

        Returns
        -------
        float
            From 0 to 1; NaN when no definition finds an event.
        """
        any_of, all_of = int(self.flags.any(axis=0).sum()), int(self.flags.all(axis=0).sum())
        return all_of / any_of if any_of else float("nan")

    def influence(self, estimate: str = "share") -> pl.DataFrame:
        r"""Say which option moves an estimate most.

        Parameters
        ----------
        estimate : {"share", "events_per_10_years", "pira_share"}
            Column of the table.

        Returns
        -------
        polars.DataFrame
            Columns option, values (how many), lowest, lowest_mean, highest, highest_mean (the values whose
            definitions have the lowest and highest mean estimate), range (between these means),
            variance_share; the option with the widest range first. No row when nothing varies.

        Raises
        ------
        InputError
            When there is no such estimate.

        Notes
        -----
        The variance share of an option is
        :math:`\sum_v n_v (\bar y_v - \bar y)^2 / \sum_i (y_i - \bar y)^2` over definitions i and values v
        (eta squared). In a full grid the shares of all options add up to at most 1, and what is missing is
        how options work together; in a list of definitions that is no grid, options that go together share
        the credit. Definitions without the estimate are left out.
        """
        require_choice("estimate", estimate, ESTIMATES)
        known = self.table.drop_nulls([estimate])
        values = known[estimate].to_numpy()
        total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
        rows = []
        for option in self.options if known.height else ():
            by = known.group_by(option, maintain_order=True).agg(pl.col(estimate).mean(), pl.len().alias("n"))
            means, words = by[estimate].to_numpy(), by[option].to_list()
            low, high = int(means.argmin()), int(means.argmax())
            between = float((by["n"].to_numpy() * (means - values.mean()) ** 2).sum())
            rows.append(
                {
                    "option": option,
                    "values": len(words),
                    "lowest": words[low],
                    "lowest_mean": float(means[low]),
                    "highest": words[high],
                    "highest_mean": float(means[high]),
                    "range": float(means[high] - means[low]),
                    "variance_share": between / total if np.ptp(means) > SAME else 0.0,
                }
            )
        return pl.DataFrame(rows, schema=INFLUENCE).sort("range", descending=True, maintain_order=True)

    def explain(self, subject: str | None = None) -> str:
        """Say how far the definitions differ, or which of them find an event in one patient.

        Parameters
        ----------
        subject : str, optional
            One patient; all of them when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When the patient has no value.
        """
        n = self.table.height
        if subject is not None:
            if subject not in self.subjects:
                raise InputError(f"no value of subject {subject!r}; there are {list(self.subjects[:10])}.")
            found = self.flags[:, self.subjects.index(subject)]
            names = self.table["definition"].to_list()
            some = [name for name, hit in zip(names, found, strict=True) if hit][:5]
            such = f", such as {some}" if some else ""
            return f"{subject}: {int(found.sum())} of {plural(n, 'definition')} find an event{such}."
        share = self.table["share"]
        parts = [super().explain()]
        if share.drop_nulls().len():
            low, high = share.min(), share.max()
            parts.append(f"The share of patients with an event runs from {percent(low)} to {percent(high)}.")  # type: ignore[arg-type]
        both = self.concordance()
        if not math.isnan(both):
            parts.append(f"All definitions agree on {percent(both)} of the patients that any of them flags.")
        widest = self.influence()
        if widest.height:
            row = widest.row(0, named=True)
            parts.append(
                f"{row['option']} moves the share most: {percent(row['lowest_mean'])} with {row['lowest']}, "
                f"{percent(row['highest_mean'])} with {row['highest']}."
            )
        return " ".join([*parts, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give every field but the verdicts on single patients, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and `concordance`; tables become lists of rows.
        """
        ready = super().to_dict()
        kept = {name: value for name, value in ready.items() if name not in {"flags", "subjects"}}
        both = self.concordance()
        return kept | {"concordance": None if math.isnan(both) else both}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the specification curve: sorted shares above, the options behind each below.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw the curve; the options hang below it. A new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes of the curve.
        """
        from ranvier.course._curve import draw

        return draw(self.table, self.options, ax)


def multiverse(
    visits: Any,
    relapses: Any = None,
    *,
    definitions: Sequence[Definition | str],
    subjects: Any = None,
    show_progress: bool = False,
) -> Multiverse:
    """Apply many definitions to the same patients.

    Parameters
    ----------
    visits, relapses : dataframe
        As in `events`; without relapses no worsening has a type.
    definitions : sequence of Definition or str
        Made by `grid`, or any others with different names, or names of presets.
    subjects : dataframe, optional
        Column subject: the patients to look at; all that have visits when None.
    show_progress : bool
        Whether a bar is drawn on the standard error stream.

    Returns
    -------
    Multiverse
        One row per definition, in the order given. Columns definition, settings_hash; one per option in which
        the definitions differ; n_subjects (with a value), n_with_event, share; events, patient_years,
        events_per_10_years; raw, pira, undefined (worsenings by type; null without relapses), pira_share
        (among all worsenings; null where only one type is searched), improvements (found beside them, or
        counted); n_without_value, n_cannot_confirm (patients without two visits as far apart as the
        confirmation asks; of a composite, for the outcome with fewest).

    Raises
    ------
    InputError
        When there is no definition or two have one name, and as in `events`.

    Notes
    -----
    A patient without a value of the outcome counts as without event in the agreement, which matters only when
    the definitions use different outcomes. Several outcomes make one stream of events, as in
    `events`.

    References
    ----------
    Steegen S et al. (2016). doi:10.1177/1745691616658637
    Simonsohn U et al. (2020). doi:10.1038/s41562-020-0912-z
    Kalincik T et al. (2015). doi:10.1093/brain/awv258

    Examples
    --------
    >>> from ranvier.course.grids import grid
    >>> from ranvier.course.library import CDW_12W
    >>> visits = pl.DataFrame({"subject": ["P1"] * 3, "day": [0, 90, 180], "edss": [5.5, 6.0, 6.0]})
    >>> tried = multiverse(visits, definitions=grid(CDW_12W, {"rule": ["A", "B"]}))
    >>> tried.table["n_with_event"].to_list(), tried.concordance()
    ([1, 0], 0.0)
    """
    import click

    chosen = _definitions(definitions)
    world = build(visits, relapses, subjects, chosen)
    flags = np.zeros((len(chosen), len(world.names)), dtype=np.bool_)
    rows = []
    with click.progressbar(
        chosen, label="Definitions", file=sys.stderr, hidden=not show_progress
    ) as progress:
        for place, definition in enumerate(progress):
            rows.append(tally(world, definition, flags[place]))
    options = varied(chosen)
    head = {"definition": [definition.name for definition in chosen]}
    head["settings_hash"] = [definition.settings().hash for definition in chosen]
    table = pl.DataFrame({**head, **options}).hstack(pl.DataFrame(rows, schema=COLUMNS))
    return Multiverse(
        name="Multiverse of definitions",
        table=table,
        method=METHOD,
        left_out=(
            LeftOut(n=world.n_listed - len(world.names), reason="patients without any value of any outcome"),
        ),
        references=REFERENCES,
        options=tuple(options),
        subjects=tuple(world.names),
        flags=flags,
        notes=(*notes_on_reference(chosen), *([] if relapses is not None else [NO_RELAPSES])),
    )


def _definitions(definitions: Any) -> list[Definition]:
    """Take definitions and names of presets; refuse none, and two of one name."""
    if isinstance(definitions, str | Definition) or not isinstance(definitions, Sequence) or not definitions:
        raise InputError(
            f"definitions is {definitions!r}; give a list of one or more, such as course.grid makes."
        )
    chosen = [preset(item) if isinstance(item, str) else item for item in definitions]
    odd = [item for item in chosen if not isinstance(item, Definition)]
    if odd:
        raise InputError(f"{odd[0]!r} is no definition; give a course.Definition or the name of a preset.")
    names = [item.name for item in chosen]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two definitions are named {twice!r}; rename one with dataclasses.replace.")
    return chosen
