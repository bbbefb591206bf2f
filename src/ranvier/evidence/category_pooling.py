"""Pooling of three outcomes that exclude each other, so that improved, stable and worse add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.evidence._count_families import Trinomial
from ranvier.evidence._count_fit import CountModel, Maximum, maximise, maximise_from
from ranvier.evidence._count_solution import NONE_BETWEEN, Question, solve
from ranvier.evidence._exact_common import Exact, exact_share
from ranvier.evidence._given import as_level
from ranvier.evidence._study_cells import as_frame, column, refuse_mixed_treatments, study_names
from ranvier.evidence.pooled_studies import PooledEstimate
from ranvier.result import Fit, LeftOut, json_ready, number, p_text, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CategoryPool", "pool_categories"]

Floats = NDArray[np.float64]

STARTS = ((0.4, 0.0, 0.4), (1.2, 0.0, 1.2), (0.7, -0.5, 0.4))
"""Roots of the covariance from which the likelihood is climbed, beside none: it can have two maxima."""
ROOT = ((0, 0), (1, 0), (1, 1))

_REFERENCES = (
    "McFadden D, Train K (2000). J Appl Econom 15:447-470 (multinomial logit with random coefficients)",
    "Stijnen T, Hamza TH, Özdemir P (2010). Stat Med 29:3046-3067. doi:10.1002/sim.4040",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class CategoryPool(Fit):
    """Pooled shares of three outcomes that add up to 1.

    Parameters
    ----------
    studies : polars.DataFrame
        study and the three counts, one row per study.
    level : float
        Confidence level.
    left_out : tuple of LeftOut
        Which studies were left out and why.

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"improved": [4, 5, 2], "stable": [6, 7, 9], "worse": [2, 1, 3]}
    >>> pooled = rv.evidence.pool_categories(trials)
    >>> round(sum(share.value for share in pooled.estimates), 12)
    1.0
    """

    studies: pl.DataFrame
    level: float
    left_out: tuple[LeftOut, ...] = ()

    def explain(self) -> str:
        """Say in plain sentences how the studies were pooled and what came out.

        Returns
        -------
        str
            Sentences.
        """
        lines = [f"{self.title}. {self.method_text}"]
        lines += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        lines += [
            f"{made.quantity[:1].upper()}{made.quantity[1:]}: {made.text()}." for made in self.estimates
        ]
        return "\n".join([*lines, *self.notes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each share as a point with its interval, first on top.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6, 2.4), layout="tight").add_subplot()
        drawn = super().plot(ax)
        drawn.set_xlim(0, 1)
        drawn.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        return drawn

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


def pool_categories(
    data: Any, *, categories: Sequence[str] = ("improved", "stable", "worse"), level: float = 0.95
) -> CategoryPool:
    r"""Give the pooled shares of three outcomes that exclude each other, so that they add up.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study with one column of counts for each category; `study` (a name), `cell_class`, and `n`
        may be among the columns. Where `n` is given the three counts must add up to it.
    categories : sequence of str
        Three column names.
    level : float
        Confidence level, 0.95 for 95 %.

    Returns
    -------
    CategoryPool
        One estimate per category, in their order. `diagnostics` holds the log odds of the first and last
        category against the middle one ("log_odds"), their covariance between studies ("between") and
        standard errors, the log-likelihood, and the likelihood ratio against no spread.

    Raises
    ------
    InputError
        When a column is missing, a count is not whole or negative, or the counts do not add up to n.
    ConvergenceError
        When the likelihood rises without end or does not settle.

    Notes
    -----
    Counts are multinomial in each study; the log odds of the first and of the last category against the
    middle one are bivariate normal between studies, with any correlation. Which category is the middle one
    changes nothing. Maximum likelihood, the integral by adaptive Gauss-Hermite quadrature with 31 nodes in
    each dimension.

    The shares are those of a typical study (random effects 0), which add up to 1. The interval of each is by
    the delta method on its own log odds, with Student's t on k - 1 degrees of freedom; intervals taken one by
    one do not say which shares go together. A category that no study saw has an exact upper bound from all
    patients together, as if one value held for all; the other two are then pooled as a share. One study is
    given as it is, exactly.

    The p value of the spread compares with chi-square on 3 degrees of freedom, which makes it too large
    rather than too small, because variances cannot be negative.

    References
    ----------
    McFadden D, Train K (2000). J Appl Econom 15:447-470
    Stijnen T, Hamza TH, Özdemir P (2010). Stat Med 29:3046-3067. doi:10.1002/sim.4040

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"improved": [4, 5, 2, 6], "stable": [6, 7, 9, 8], "worse": [2, 1, 3, 1]}
    >>> for share in rv.evidence.pool_categories(trials).estimates:
    ...     print(share.quantity, share.text())
    improved 31.5 % (95 % interval 15.3 % to 53.9 %)
    stable 55.6 % (95 % interval 34.3 % to 74.9 %)
    worse 13.0 % (95 % interval 3.9 % to 35.1 %)
    """
    names = _categories(categories)
    confidence = as_level(level)
    frame = as_frame(data)
    refuse_mixed_treatments(frame)
    studies, counts, left_out = _counts(frame, names)
    totals = counts.sum(axis=0)
    empty = np.flatnonzero(totals == 0)
    found: dict[str, Any] = {}
    if len(counts) == 1 or len(empty) == 2:
        shares = _exact(totals, confidence)
    elif len(empty) == 1:
        shares, found = _two_left(counts, int(empty[0]), confidence)
    else:
        shares, found = _together(counts, confidence)
    k = len(counts)
    text = _method_text(k, len(empty))
    shared: dict[str, Any] = {
        "level": confidence,
        "n": int(totals.sum()),
        "left_out": left_out,
        "references": _REFERENCES,
        "unit": "share",
        "method": "multinomial-normal",
        "method_text": text,
    }
    return CategoryPool(
        title=f"{', '.join(names[:2])} and {names[2]} together, {plural(k, 'study', 'studies')}",
        estimates=tuple(
            PooledEstimate(
                quantity=name,
                value=share.value,
                low=share.low,
                high=share.high,
                inputs={"patients": int(total), "of": int(totals.sum()), "studies": k},
                **shared,
            )
            for name, share, total in zip(names, shares, totals, strict=True)
        ),
        method_text=text,
        diagnostics={"k": k, **found},
        notes=_notes(names, shares, totals, found),
        studies=pl.DataFrame({"study": studies, **dict(zip(names, counts.T, strict=True))}),
        level=confidence,
        left_out=left_out,
    )


def _categories(given: Any) -> tuple[str, str, str]:
    """Give three names of columns."""
    names = [given] if isinstance(given, str) else list(given)
    if len(names) != 3 or len(set(names)) != 3 or not all(isinstance(name, str) for name in names):
        raise InputError(f"categories is {given!r}; give the names of three different columns of counts.")
    return names[0], names[1], names[2]


def _counts(frame: pl.DataFrame, names: Sequence[str]) -> tuple[list[str], Floats, tuple[LeftOut, ...]]:
    """Give the studies with all three counts, each checked."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise InputError(
            f"data lacks the columns {missing}; give counts of patients in each of {list(names)}."
        )
    studies = study_names(frame)
    counts = np.stack([column(frame, name) for name in names], axis=1)
    with np.errstate(invalid="ignore"):
        wrong = ~np.isnan(counts) & ((counts < 0) | np.isinf(counts) | (counts != np.round(counts)))
    if wrong.any():
        row, place = (int(part) for part in np.argwhere(wrong)[0])
        raise InputError(
            f"column {names[place]!r} of study {studies[row]!r} is {counts[row, place]:g}; it must be "
            "a whole number "
            "of patients of at least 0."
        )
    total, stated = counts.sum(axis=1), column(frame, "n")
    apart = np.flatnonzero(~np.isnan(total) & ~np.isnan(stated) & (total != stated))
    if len(apart):
        row = int(apart[0])
        raise InputError(
            f"the categories of study {studies[row]!r} add up to {total[row]:g}, but n is "
            f"{stated[row]:g}; the three "
            "must exclude each other and leave nobody out. Correct the counts, or give n of those evaluated."
        )
    known = ~np.isnan(total) & (total > 0)
    if not known.any():
        raise InputError("no study has patients in all three columns of counts; there is nothing to pool.")
    lost = ", ".join(name for name, use in zip(studies, known, strict=True) if not use)
    left_out = (
        LeftOut(n=int((~known).sum()), reason=f"studies that lack a count or have no patient: {lost}"),
    )
    return [name for name, use in zip(studies, known, strict=True) if use], counts[known], left_out


def _together(counts: Floats, level: float) -> tuple[list[Exact], dict[str, Any]]:
    """Give the shares by the likelihood of all three categories."""
    k = len(counts)
    model = CountModel(Trinomial(counts), np.broadcast_to(np.eye(2), (k, 2, 2)), ROOT, (2, 2))
    totals = counts.sum(axis=0)
    begin = np.array([*np.log(totals[[0, 2]] / totals[1]), 0.0, 0.0, 0.0])
    common = maximise(model, begin, np.array([True, True, False, False, False]))
    peak = maximise_from(model, [common.place, *(np.array([*common.place[:2], *root]) for root in STARTS)])
    root = np.array([[peak.place[2], 0.0], peak.place[3:]])
    covariance = _covariance(peak)
    lr = max(2 * (peak.log_likelihood - common.log_likelihood), 0.0)
    found = {
        "log_odds": peak.place[:2].tolist(),
        "standard_errors": np.sqrt(np.diag(covariance)).tolist(),
        "between": (root @ root.T).tolist(),
        "log_likelihood": peak.log_likelihood,
        "lr": lr,
        "lr_p_value": float(special.chdtrc(3, lr)),
    }
    return _shares(peak.place[:2], covariance, k, level), found


def _covariance(peak: Maximum) -> Floats:
    """Give the covariance of the two log odds; entries of the root that are 0 carry none of it."""
    used = np.abs(peak.place) > NONE_BETWEEN
    used[:2] = True
    covariance = np.linalg.inv(peak.information[np.ix_(used, used)])[:2, :2]
    return np.asarray(covariance, dtype=np.float64)


def _shares(log_odds: Floats, covariance: Floats, k: int, level: float) -> list[Exact]:
    """Give each share with its interval by the delta method on its log odds."""
    share: Floats = special.softmax(np.array([log_odds[0], 0.0, log_odds[1]]))
    reach = float(special.stdtrit(k - 1, (1 + level) / 2))
    made = []
    for place in range(3):
        # d logit(p_c) / d eta_j is 1 for its own and -p_j / (1 - p_c) for the others.
        slope = np.where(np.arange(3) == place, 1.0, -share / (1 - share[place]))[[0, 2]]
        half = reach * math.sqrt(float(slope @ covariance @ slope))
        middle = float(special.logit(share[place]))
        low, high = special.expit([middle - half, middle + half])
        made.append(Exact(float(share[place]), float(low), float(high)))
    return made


def _two_left(counts: Floats, empty: int, level: float) -> tuple[list[Exact], dict[str, Any]]:
    """Give the shares when no study saw one of the categories."""
    one, other = (place for place in range(3) if place != empty)
    question = Question(
        measure="proportion", model="binomial-normal", method="random", interval="t", level=level
    )
    cells = {"events": counts[:, one], "n": counts[:, one] + counts[:, other]}
    found = solve(question, cells, spread=False)
    value, low, high = (float(special.expit(each)) for each in (found.value, found.low, found.high))
    shares = {one: Exact(value, low, high), other: Exact(1 - value, 1 - high, 1 - low)}
    shares[empty] = exact_share(0.0, float(counts.sum()), level)
    return [shares[place] for place in range(3)], {"log_likelihood": found.log_likelihood, "tau": found.tau}


def _exact(totals: Floats, level: float) -> list[Exact]:
    return [exact_share(float(total), float(totals.sum()), level) for total in totals]


def _method_text(k: int, empty: int) -> str:
    """Say how the studies were pooled."""
    if k == 1:
        return "There is one study: its shares with exact (Clopper-Pearson) intervals. Nothing was pooled."
    if empty == 2:
        return (
            "All patients are in one category: exact (Clopper-Pearson) intervals from all of them together."
        )
    text = (
        "Multinomial counts in each study, log odds bivariate normal between studies, by maximum likelihood; "
        "intervals by Student's t with k - 1 degrees of freedom."
    )
    return (
        text if not empty else f"{text} One category is empty: its bound is exact, the other two are pooled."
    )


def _notes(
    names: Sequence[str], shares: list[Exact], totals: Floats, found: dict[str, Any]
) -> tuple[str, ...]:
    """Give the sentences that a reader must not miss."""
    said = [
        f"{name}: 0 of {totals.sum():g} patients: the true share could be up to {percent(share.high)}."
        for name, share, total in zip(names, shares, totals, strict=True)
        if total == 0
    ]
    if "lr" in found:
        said.append(
            f"Likelihood-ratio test of a spread between studies against none: {number(found['lr'])} "
            f"(at most {p_text(found['lr_p_value'])})."
        )
        said.append("The shares are those of a typical study; they add up to 100 %.")
    return tuple(said)
