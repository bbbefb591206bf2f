"""One-arm trials of one stage: the smallest exact size, and why one patient more can be worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import InputError
from ranvier.result import json_ready, percent
from ranvier.stats._count_paths import tails
from ranvier.stats._design_inputs import as_error, as_limit, as_shares, as_size
from ranvier.stats._looks import TIE
from ranvier.stats.count_designs import CountDesign

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SingleStage", "single_stage"]

SHOWN = 20
"""Sizes above the chosen one that the saw-tooth shows, at least."""


@dataclass(frozen=True, kw_only=True)
class SingleStage(CountDesign):
    """A one-arm trial of one stage, and the power of the sizes around it.

    Parameters
    ----------
    every_from : int or None
        Smallest size from which every one up to twice the size of the design keeps both limits; None when the
        last of these does not.
    """

    every_from: int | None = None

    def saw_tooth(self, sizes: Sequence[int] | None = None) -> pl.DataFrame:
        """Give the exact power of other sizes, each with its own smallest count of success.

        Parameters
        ----------
        sizes : sequence of int, optional
            Numbers of patients of at least 1; from 1 to well above the size of the design when None.

        Returns
        -------
        polars.DataFrame
            Columns n, success_at_least (above n where no count keeps alpha), type_one_error, power, keeps
            (whether the power reaches 1 - beta).

        Raises
        ------
        InputError
            When a size is not a whole number of at least 1.
        """
        top = self.n + max(SHOWN, self.n // 4)
        chosen = range(1, top + 1) if sizes is None else [as_size("a size", n, least=1) for n in sizes]
        rows = [_row(n, (self.p0, self.p1), (self.alpha, self.beta)) for n in chosen]
        return pl.DataFrame(rows)

    def explain(self) -> str:
        """Say in plain sentences what the design is, and which larger sizes have less power.

        Returns
        -------
        str
            Sentences.
        """
        wrong = self.saw_tooth(range(self.n, 2 * self.n + 1)).filter(~pl.col("keeps"))["n"].to_list()
        which = "this size has" if len(wrong) == 1 else "these sizes have"
        said = (
            f"Counts are whole numbers, so that the power rises and falls with the size. From {self.n} to "
            f"{2 * self.n} patients {which} less power than wanted: {', '.join(map(str, wrong))}."
            if wrong
            else f"Every size from {self.n} to {2 * self.n} has the power."
        )
        return f"{super().explain()} {said}"

    def to_dict(self) -> dict[str, Any]:
        """Give every field and the saw-tooth, JSON-ready.

        Returns
        -------
        dict
            As `CountDesign.to_dict`, and saw_tooth.
        """
        return {**super().to_dict(), "saw_tooth": json_ready(self.saw_tooth())}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the power of each size: a saw-tooth, with the chosen size marked.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.stats._design_drawing import draw_power

        table = self.saw_tooth()
        curve = list(zip(table["n"], table["power"], strict=True))
        axes = draw_power(curve, (self.n, self.power), 1 - self.beta, ax)
        axes.set_xlabel("patients")
        axes.set_ylabel(f"power at {percent(self.p1)}, %")
        return axes


def single_stage(p0: float, p1: float, *, alpha: float, beta: float, most: int = 500) -> SingleStage:
    r"""Give the smallest one-arm trial of one stage that keeps both exact chances of error.

    Parameters
    ----------
    p0 : float
        Share of patients with the outcome that is too low, between 0 and 1.
    p1 : float
        Share of interest, above `p0` and below 1.
    alpha : float
        Largest chance of success when the true share is `p0`; one-sided, below 0.5.
    beta : float
        Largest chance of no success when the true share is `p1`, below 0.5.
    most : int
        Largest size tried, from 2 to 1000 patients.

    Returns
    -------
    SingleStage
        The design, with `saw_tooth` for the power of other sizes.

    Raises
    ------
    InputError
        When a share, a limit or `most` is not allowed, or no size up to `most` keeps both limits.

    Notes
    -----
    With n patients success is the smallest count c with :math:`P(X \ge c \mid n, p_0) \le \alpha`; the design
    is the smallest n with :math:`P(X \ge c \mid n, p_1) \ge 1 - \beta`. A larger n may have less power.

    References
    ----------
    A'Hern RP (2001). Statistics in Medicine 20:859-866

    Examples
    --------
    >>> import ranvier as rv
    >>> design = rv.stats.single_stage(0.1, 0.3, alpha=0.05, beta=0.2)
    >>> design.n, design.efficacy
    (25, (6,))
    """
    shares = as_shares(p0, p1)
    errors = as_error("alpha", alpha), as_error("beta", beta)
    limit = as_limit(most)
    row = next((row for row in (_row(n, shares, errors) for n in range(1, limit + 1)) if row["keeps"]), None)
    if row is None:
        raise InputError(
            f"no size up to {limit} keeps alpha {errors[0]:g} and beta {errors[1]:g} for p0 "
            f"{shares[0]:g} and "
            f"p1 {shares[1]:g}; raise most, or let p0 and p1 lie further apart."
        )
    n, count = row["n"], row["success_at_least"]
    keeps = [_row(size, shares, errors)["keeps"] for size in range(n, 2 * n + 1)]
    every_from = n + len(keeps) - int(np.argmin(keeps[::-1])) if not all(keeps) else n
    return SingleStage(
        title="One-stage exact design",
        p0=shares[0],
        p1=shares[1],
        alpha=errors[0],
        beta=errors[1],
        looks=(n,),
        futility=(count - 1,),
        efficacy=(count,),
        method_text="The smallest size that keeps both limits exactly.",
        references=("A'Hern RP (2001). Statistics in Medicine 20:859-866",),
        every_from=every_from if every_from <= 2 * n else None,
    )


def _row(n: int, shares: tuple[float, float], errors: tuple[float, float]) -> dict[str, Any]:
    """Give the smallest count of success of a size, and its exact chances."""
    wrong = tails(n, shares[0])
    count = int(np.argmax(wrong <= errors[0] * (1 + TIE)))
    power = float(tails(n, shares[1])[count])
    return {
        "n": n,
        "success_at_least": count,
        "type_one_error": float(wrong[count]),
        "power": power,
        "keeps": power >= (1 - errors[1]) * (1 - TIE),
    }
