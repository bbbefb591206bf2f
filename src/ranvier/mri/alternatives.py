"""The same count under the rule that was used and under three others beside it."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.mri.rule import Rule
from ranvier.result import Derivation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RuleSensitivity"]

CHANGES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("6 neighbours", {"connectivity": 6}),
    (
        "≥ 3 mm³",
        {"min_long_axis_mm": None, "min_sphere_mm": None, "min_volume_mm3": 3.0, "inclusive": True},
    ),
    ("ratio 1.25", {"enlarge_ratio": 1.25, "shrink_ratio": 1 / 1.25}),
)
"""One setting each: what joins voxels, what is counted, what is a change."""
SCAN_COUNTS = ("lesions", "after", "new", "enlarging", "stable", "shrinking", "resolved", "cut")
"""Counts of a scan and of a comparison; those of a comparison are null for a scan alone."""
ABOUT = ("rule", "changed", "fingerprint")
MARKS = (("o", "black"), ("s", "white"), ("^", "0.6"), ("D", "white"))
"""Mark and fill of each rule, so that no colour is needed."""
TITLE_WIDTH = 70
"""Letters in a line of the title: names of files are long."""
LANE = 0.2
"""Distance of two rules within a row of the drawing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleSensitivity(Derivation):
    """Counts under a rule and under three others, each with one setting changed.

    Parameters
    ----------
    counted : tuple of str
        Columns of the table that are counts.
    """

    counted: tuple[str, ...]

    def explain(self, subject: str | None = None) -> str:
        """Say what was changed and how far each count moved.

        Parameters
        ----------
        subject : str, optional
            Kept from `Derivation`; there is no decision about a subject.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When a subject is named.
        """
        said = super().explain(subject)
        ranges = [f"{_plain(name)} {_range(self.table[name])}" for name in self._known()]
        return f"{said} Reported (lowest to highest of the four): {'; '.join(ranges)}."

    def _known(self) -> list[str]:
        return [name for name in self.counted if not self.table[name].null_count()]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each count under each rule, with its number; the scale is linear to 1, then logarithmic.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        known = self._known()
        shown = [name for name in known if self.table[name].sum()]
        if ax is None:
            from matplotlib.figure import Figure

            height = 1.7 + 0.62 * max(len(shown), 1)
            ax = Figure(figsize=(6.5, height), layout="constrained").add_subplot()
        for place, (words, (mark, fill)) in enumerate(zip(self._labels(), MARKS, strict=True)):
            rows = [row + (place - 1.5) * LANE for row in range(len(shown))]
            values = [int(self.table[name][place]) for name in shown]
            ax.plot(values, rows, mark, color="black", mfc=fill, markersize=6, label=words)
            for value, row in zip(values, rows, strict=True):
                ax.annotate(
                    str(value),
                    (value, row),
                    xytext=(7, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                )
        for row in range(len(shown) - 1):
            ax.axhline(row + 0.5, color="0.85", linewidth=0.8)
        ax.set_xscale("symlog", linthresh=1.0)
        highest = max((max(self.table[name].to_list()) for name in shown), default=1)
        ax.set_xlim(-0.3, 2.0 * highest)
        _whole_ticks(ax, highest)
        first = {"lesions": "before"} if "after" in known else {}
        ax.set_yticks(range(len(shown)), [first.get(name, _plain(name)) for name in shown])
        ax.set_ylim(max(len(shown), 1) - 0.5, -0.5)
        none = [_plain(name) for name in known if name not in shown]
        ax.set_xlabel("count" + (f"\n0 under every rule: {', '.join(none)}" if none else ""))
        ax.set_title(
            textwrap.fill(self.name, TITLE_WIDTH), fontsize=10, pad=24
        )  # the legend stands between title and axes
        ax.legend(frameon=False, fontsize=8, ncols=4, loc="lower left", bbox_to_anchor=(0, 1.0))
        return ax

    def _labels(self) -> list[str]:
        return [words or f"{self.table['rule'][0]} (reported)" for words in self.table["changed"].to_list()]


def alternatives(rule: Rule) -> list[tuple[str | None, Rule]]:
    """Give the rule and the three beside it, each with the words for its change."""
    others = [
        (words, dataclasses.replace(rule, name=f"{rule.name}, {words}", **change))
        for words, change in CHANGES
    ]
    return [(None, rule), *others]


def under_rules(
    name: str, rule: Rule, count: Callable[[Rule], Mapping[str, float | None]], *, counted: Sequence[str]
) -> RuleSensitivity:
    """Count under the rule and under the three beside it."""
    rows = [
        {"rule": other.name, "changed": words, "fingerprint": other.fingerprint(), **count(other)}
        for words, other in alternatives(rule)
    ]
    schema = {"changed": pl.String, **dict.fromkeys(counted, pl.Int64)}
    return RuleSensitivity(
        name=f"{name} under four rules",
        table=pl.DataFrame(rows, schema_overrides=schema),
        method=f"One setting is changed at a time. {rule.text()} Settings {rule.fingerprint()}.",
        definition=rule,
        references=(rule.source,),
        counted=tuple(counted),
    )


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _range(counts: pl.Series) -> str:
    values = counts.to_list()
    return f"{values[0]} ({min(values)} to {max(values)})"


def _whole_ticks(ax: Axes, highest: int) -> None:
    """Mark 0, 1 and round numbers up to the highest count."""
    marks = [mark for power in range(7) for mark in (10**power, 3 * 10**power) if mark <= max(highest, 1)]
    ax.set_xticks([0, *marks], ["0", *(str(mark) for mark in marks)], minor=False)
    ax.minorticks_off()
