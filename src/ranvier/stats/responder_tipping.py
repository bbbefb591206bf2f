"""Missing responders: every way in which they could have gone, tested exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError
from ranvier.result import Derivation, percent
from ranvier.stats._inputs import as_count, as_level
from ranvier.stats._tipping_maps import new_axes, p_value_map
from ranvier.stats.multiplicity import allowed_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ResponderTipping", "tipping_responders"]

_REFERENCES = ("Yan X, Lee S, Li N (2009). J Biopharm Stat 19:1085-1098",)


@dataclass(frozen=True, kw_only=True, eq=False)
class ResponderTipping(Derivation):
    """P value for every way in which the missing patients could have gone.

    Parameters
    ----------
    arms : tuple of str
        Names of the two arms.
    level : float
        Confidence level.
    """

    arms: tuple[str, str]
    level: float

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the p value over the responders among the missing of both arms.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        ax = new_axes(ax)
        first = self.table["missing_responders_first"].unique().sort().to_list()
        second = self.table["missing_responders_second"].unique().sort().to_list()
        ordered = self.table.sort("missing_responders_second", "missing_responders_first")
        grid = ordered["p_value"].to_numpy().reshape(len(second), len(first))
        labels = (
            f"responders among the missing, {self.arms[0]}",
            f"responders among the missing, {self.arms[1]}",
        )
        return p_value_map(ax, (first, second), grid, labels, self.level, self.name)


def tipping_responders(
    responders: Sequence[int],
    known: Sequence[int],
    missing: Sequence[int],
    *,
    arms: Sequence[str] = ("first arm", "second arm"),
    level: float = 0.95,
) -> ResponderTipping:
    r"""Try every way in which patients with a missing outcome could have gone.

    Parameters
    ----------
    responders, known, missing : sequence of int, shape (2,)
        In each arm: patients who responded, patients whose outcome is known, patients whose outcome is
        missing.
    arms : sequence of str
        Names of the arms.
    level : float
        Confidence level of the conclusion.

    Returns
    -------
    ResponderTipping
        Table with missing_responders_first and _second (every number from 0 to the missing), the shares of
        both arms, their difference, Fisher's exact p value and rejected; one row per way.

    Raises
    ------
    InputError
        When a count is not whole and at least 0, responders exceed the known, an arm is empty, or `level` is
        not allowed.

    Notes
    -----
    Nothing is assumed about the missing outcomes and nothing is drawn: all
    :math:`(m_1 + 1)(m_2 + 1)` outcomes are tested by Fisher's exact test (two-sided, outcomes no likelier
    than the one seen). If every one gives the same conclusion, missing data cannot change it.

    References
    ----------
    Yan X, Lee S, Li N (2009). Journal of Biopharmaceutical Statistics 19:1085-1098

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.stats.tipping_responders((7, 1), (8, 9), (2, 1), arms=("cells", "placebo"))
    >>> found.table.select("missing_responders_first", "missing_responders_second", "rejected").rows()[:2]
    [(0, 0, True), (0, 1, False)]
    """
    from scipy.stats import fisher_exact

    confidence = as_level(level)
    counts = {
        name: _pair(name, given)
        for name, given in (("responders", responders), ("known", known), ("missing", missing))
    }
    names = tuple(str(arm) for arm in arms)
    if len(names) != 2:
        raise InputError(f"arms is {list(names)}; name the two arms.")
    for arm, x, n, m in zip(names, *counts.values(), strict=True):
        if x > n:
            raise InputError(f"{arm}: {x} responders of {n} known outcomes; there cannot be more.")
        if n + m == 0:
            raise InputError(f"{arm} has no patient; a comparison needs at least one in each arm.")
    error = allowed_error(confidence)
    (x1, x2), totals = (
        counts["responders"],
        [n + m for n, m in zip(counts["known"], counts["missing"], strict=True)],
    )
    rows = []
    for one in range(counts["missing"][0] + 1):
        for two in range(counts["missing"][1] + 1):
            a, b = x1 + one, x2 + two
            p = float(fisher_exact([[a, totals[0] - a], [b, totals[1] - b]])[1])
            rows.append(
                {
                    "missing_responders_first": one,
                    "missing_responders_second": two,
                    "share_first": a / totals[0],
                    "share_second": b / totals[1],
                    "difference": a / totals[0] - b / totals[1],
                    "p_value": min(1.0, p),
                    "rejected": p <= error,
                }
            )
    table = pl.DataFrame(rows)
    return ResponderTipping(
        name=f"Every outcome of the missing: {names[0]} against {names[1]}",
        table=table,
        method=_responder_text(table, names, error),
        references=_REFERENCES,
        arms=(names[0], names[1]),
        level=confidence,
    )


def _responder_text(table: pl.DataFrame, arms: tuple[str, ...], error: float) -> str:
    """Say in how many ways the groups differ."""
    hits, ways = int(table["rejected"].sum()), table.height
    span = f"{percent(table['difference'].min())} and {percent(table['difference'].max())}"  # type: ignore[arg-type]
    end = (
        "the missing outcomes cannot change the conclusion"
        if hits in (0, ways)
        else "the conclusion hangs on the missing outcomes"
    )
    return (
        f"Fisher's exact test for each of the {ways} ways in which the missing could have gone: p is at "
        f"most {error:g} in {hits} of them, so {end}. The difference of the shares ({arms[0]} minus "
        f"{arms[1]}) lies between {span}."
    )


def _pair(name: str, given: Any) -> tuple[int, int]:
    """Give two counts."""
    values = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if len(values) != 2:
        raise InputError(f"{name} is {given!r}; give two counts, one for each arm.")
    return as_count(f"first of {name}", values[0]), as_count(f"second of {name}", values[1])
