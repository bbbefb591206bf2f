"""P values of several endpoints, adjusted so that the chance of any false claim stays small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import Derivation
from ranvier.stats._inputs import as_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AdjustedPValues", "adjust", "allowed_error", "read_p_values"]

ONE_UP = 1 + 1e-12
"""Factor on the error when an adjusted p value is compared with it: products of shares round in the last
digits."""

_METHODS = {
    "holm": "Holm's step-down method; holds whatever the dependence between the tests.",
    "bonferroni": "Bonferroni's method, each p value times their number; holds whatever the dependence, and "
    "Holm's method never claims less.",
    "hochberg": "Hochberg's step-up method; needs tests that are independent or positively dependent, "
    "such as one-sided tests of positively correlated endpoints.",
    "hommel": "Hommel's method (closed Simes tests); needs tests that are independent or positively "
    "dependent.",
}
_SOURCES = {
    "holm": "Holm S (1979). Scand J Statist 6:65-70",
    "bonferroni": "Dunn OJ (1961). doi:10.1080/01621459.1961.10482090",
    "hochberg": "Hochberg Y (1988). doi:10.1093/biomet/75.4.800",
    "hommel": "Hommel G (1988). doi:10.1093/biomet/75.2.383",
}
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class AdjustedPValues(Derivation):
    """One row per hypothesis: p value as observed, adjusted, and whether it is rejected."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw observed (open) and adjusted (full) p values on a log scale, first hypothesis on top.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        names = self.table["hypothesis"].to_list()
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 1.2 + 0.35 * len(names))).add_subplot()
        smallest = 1e-6
        rows = range(len(names))
        seen, adjusted = (
            self.table[name].clip(smallest, 1.0).to_list() for name in ("p_value", "adjusted_p")
        )
        ax.plot(seen, rows, marker="o", linestyle="", color="C0", fillstyle="none", label="observed")
        ax.plot(adjusted, rows, marker="o", linestyle="", color="C0", label="adjusted")
        ax.set_xscale("log")
        ax.set_yticks(rows, names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlabel("p value")
        ax.set_title(self.name)
        ax.legend(fontsize="small")
        return ax


def adjust(
    p_values: Mapping[str, float] | Iterable[float], *, method: str = "holm", level: float = 0.95
) -> AdjustedPValues:
    r"""Give p values adjusted for their number.

    Parameters
    ----------
    p_values : mapping from name to p value, or sequence of p values
        One for each hypothesis that was tested, planned and reported or not.
    method : {"holm", "bonferroni", "hochberg", "hommel"}
        How they are adjusted; all keep the chance of one or more false rejections.
    level : float
        1 minus that chance, 0.95 for 5 %.

    Returns
    -------
    AdjustedPValues
        Table with hypothesis, p_value, adjusted_p and rejected, in the order given.

    Raises
    ------
    InputError
        When there is no p value, one is missing or not between 0 and 1, or `method` or `level` is not
        allowed.

    Notes
    -----
    With :math:`p_{(1)} \le \dots \le p_{(m)}`: Holm
    :math:`\max_{j \le i} \min(1, (m - j + 1) p_{(j)})`; Bonferroni :math:`\min(1, m p)`; Hochberg
    :math:`\min_{j \ge i} (m - j + 1) p_{(j)}`; Hommel the smallest level at which every subset that holds the
    hypothesis is rejected by Simes' test, :math:`\min_j |S| p_{(j:S)} / j`. A hypothesis is rejected when its
    adjusted p value is at most 1 − `level`.

    References
    ----------
    Holm S (1979). Scandinavian Journal of Statistics 6:65-70
    Hochberg Y (1988). doi:10.1093/biomet/75.4.800
    Hommel G (1988). doi:10.1093/biomet/75.2.383

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.stats.adjust({"EDSS": 0.012, "relapses": 0.03, "walk": 0.2})
    >>> found.table["adjusted_p"].round(4).to_list()
    [0.036, 0.06, 0.2]
    """
    require_choice("method", method, _METHODS)
    confidence = as_level(level)
    names, values = read_p_values(p_values)
    order = np.argsort(values, kind="stable")
    sorted_p = values[order]
    m = values.size
    left = m - np.arange(m)
    if method == "bonferroni":
        found = m * sorted_p
    elif method == "holm":
        found = np.maximum.accumulate(left * sorted_p)
    elif method == "hochberg":
        found = np.minimum.accumulate((left * sorted_p)[::-1])[::-1]
    else:
        found = _hommel(sorted_p)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(found, 1.0)
    table = pl.DataFrame({"hypothesis": names, "p_value": values, "adjusted_p": adjusted})
    error = allowed_error(confidence)
    return AdjustedPValues(
        name="Adjusted p values",
        table=table.with_columns((pl.col("adjusted_p") <= error * ONE_UP).alias("rejected")),
        method=f"{_METHODS[method]} Rejected: adjusted p of at most {error:g}.",
        references=(_SOURCES[method],),
    )


def allowed_error(level: float) -> float:
    """Give the error that a level leaves, rounded: 1 - 0.95 is a little above 0.05 in float64.

    Parameters
    ----------
    level : float
        Checked level.

    Returns
    -------
    float
        1 minus the level.
    """
    return round(1 - level, 12)


def read_p_values(given: Any) -> tuple[list[str], Floats]:
    """Give names and values of checked p values.

    Parameters
    ----------
    given : mapping or sequence
        P values, with names or without (H1, H2, ...).

    Returns
    -------
    tuple of list of str and ndarray
        Names and p values.
    """
    if isinstance(given, Mapping):
        names, raw = [str(name) for name in given], list(given.values())
    else:
        raw = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
        names = [f"H{place}" for place in range(1, len(raw) + 1)]
    if not raw:
        raise InputError(f"p_values is {given!r}; give at least one p value.")
    for name, value in zip(names, raw, strict=True):
        wrong = isinstance(value, bool | str) or value is None
        if wrong or not 0 <= float(value) <= 1:
            raise InputError(f"p_values: {name} is {value!r}; a p value lies between 0 and 1.")
    return names, np.array(raw, dtype=np.float64)


def _hommel(p: Floats) -> Floats:
    """Give Hommel's adjusted values of sorted p values.

    A subset of size s that is hardest to reject and holds hypothesis i consists of i and the s - 1 largest
    others; when i is among the s largest it is those s. Simes' p of each such subset is taken, the largest
    over s is the adjusted value.
    """
    m = p.size
    found = p.copy()
    for size in range(2, m + 1):
        tail = p[m - size + 1 :]
        # The last size - 1 with one smaller value in front: Simes' minimum over both parts.
        rest = float((size * tail / np.arange(2, size + 1)).min())
        simes = np.minimum(rest, size * p)
        inside = np.arange(m) > m - size
        simes[inside] = simes[m - size]
        found = np.maximum(found, simes)
    return found
