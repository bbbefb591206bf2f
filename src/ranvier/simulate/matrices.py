"""A matrix of EDSS transitions that a user brings, as the engine of the EDSS."""

from __future__ import annotations

import dataclasses
import math
import warnings
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError, RanvierWarning, require_choice
from ranvier.tables import EDSS_STEPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COURSES", "TransitionMatrix"]

COURSES = ("RRMS", "SPMS", "PPMS", "NMOSD")
"""Every course of the disease."""
SUM_TOLERANCE = 1e-6
"""By how much a row may miss 1: chances printed with six digits or more."""
NO_FALL = (
    "This matrix was smoothed or allows no improvement: no entry lets the EDSS fall. It cannot produce a "
    "null band of improvement."
)
ALL_IN = (
    "Published matrices hold every cause of change: relapses, recovery, relapse-independent steps and "
    "fluctuation move nothing on top of it, and relapses before entry leave no recovery to be seen."
)
RATED = (
    "The error of examiners is added to the state. A matrix that was counted from written EDSS holds part of "
    "that error already, so that falls and rises come too often; contains_rater_error=True adds none."
)
UNRATED = "The state is what examiners write: no error of examiners is added."


@dataclass(frozen=True, kw_only=True)
class TransitionMatrix:
    """Chances with which the EDSS goes from one state to another in one cycle.

    Parameters
    ----------
    phenotype : {"RRMS", "SPMS", "PPMS", "NMOSD"}
        Course of the patients.
    states : tuple of float
        EDSS of each state, rising, each 0 or 1.0 to 9.5 by halves. Not every step is needed; death (10) is
        not simulated.
    probabilities : tuple of tuple of float
        One row for each state that patients leave, one chance for each state that they reach; rows sum to 1.
    cycle_days : float
        Days of one cycle, such as 365.25.
    source : str
        Where it comes from.
    contains_rater_error : bool
        Whether states are what examiners write, so that no error of theirs is added.

    Raises
    ------
    InputError
        When a state is no EDSS step or out of order, a row is missing or too short, a chance is below 0 or
        above 1, a row does not sum to 1 within 1e-6, or the cycle is not above 0 days.

    Warns
    -----
    RanvierWarning
        When no entry lets the EDSS fall.

    Examples
    --------
    >>> synthetic = TransitionMatrix(
    ...     phenotype="SPMS",
    ...     states=(4.0, 5.0, 6.0),
    ...     probabilities=((0.8, 0.2, 0.0), (0.1, 0.7, 0.2), (0.0, 0.1, 0.9)),
    ...     cycle_days=365.25,
    ... )
    >>> synthetic.allows_improvement
    True
    """

    phenotype: str
    states: tuple[float, ...]
    probabilities: tuple[tuple[float, ...], ...]
    cycle_days: float
    source: str = ""
    contains_rater_error: bool = False

    def __post_init__(self) -> None:
        require_choice("phenotype", self.phenotype, COURSES)
        if not 0 < self.cycle_days < math.inf:
            raise InputError(f"cycle_days is {self.cycle_days!r}; it must be finite and above 0 days.")
        object.__setattr__(self, "states", tuple(float(state) for state in self.states))
        self._check_states()
        rows = tuple(tuple(float(chance) for chance in row) for row in self.probabilities)
        if len(rows) != len(self.states) or any(len(row) != len(self.states) for row in rows):
            raise InputError(
                f"{self._name} has {len(self.states)} states and rows of lengths "
                f"{[len(row) for row in rows]}; give one row for each state and one chance for each state."
            )
        for state, row in zip(self.states, rows, strict=True):
            self._check_row(state, row)
        object.__setattr__(self, "probabilities", rows)
        if not self.allows_improvement:
            warnings.warn(NO_FALL, RanvierWarning, stacklevel=3)

    @property
    def _name(self) -> str:
        return f"the matrix of {self.phenotype}"

    def _check_states(self) -> None:
        allowed = EDSS_STEPS[:-1]
        wrong = [state for state in self.states if state not in allowed]
        if wrong or not self.states:
            death = " Death (10) is not simulated: give the chances of those who live." * (10.0 in wrong)
            raise InputError(
                f"{self._name} has the states {list(self.states)}; each must be an EDSS step, 0 or 1.0 to "
                f"9.5 by halves, and there must be one.{death}"
            )
        if list(self.states) != sorted(set(self.states)):
            raise InputError(f"the states of {self._name} are {list(self.states)}; they must rise.")

    def _check_row(self, state: float, row: tuple[float, ...]) -> None:
        for reached, chance in zip(self.states, row, strict=True):
            if not 0 <= chance <= 1:
                raise InputError(
                    f"{self._name}, from {state:g} to {reached:g}: the chance is {chance:g}; it must be from "
                    "0 to 1."
                )
        total = math.fsum(row)
        if abs(total - 1) > SUM_TOLERANCE:
            raise InputError(
                f"{self._name}, row from {state:g}: the chances sum to {total:.9g}, not to 1; correct the "
                "row. Patients who die or leave must be taken out of it first."
            )

    @property
    def allows_improvement(self) -> bool:
        """Tell whether any entry lets the EDSS fall."""
        return any(chance > 0 for place, row in enumerate(self.probabilities) for chance in row[:place])

    @property
    def notes(self) -> tuple[str, ...]:
        """Give what a reader of any result made with the matrix must not miss."""
        rated = UNRATED if self.contains_rater_error else RATED
        return (*((NO_FALL,) if not self.allows_improvement else ()), ALL_IN, rated)

    def array(self, ratio: float = 1.0) -> NDArray[np.float64]:
        """Give the chances as an array whose rows sum to 1, with rises made more or less frequent.

        Parameters
        ----------
        ratio : float
            What each chance of a rise is multiplied by; what is left, or missing, is taken by staying.

        Returns
        -------
        ndarray of float64, shape (states, states)
            Rows: from; columns: to.

        Raises
        ------
        InputError
            When rises become so frequent that a row would sum to more than 1.
        """
        table: NDArray[np.float64] = np.array(self.probabilities)
        table /= table.sum(axis=1, keepdims=True)
        if ratio == 1:
            return table
        rises = np.triu(table, 1)
        stays = np.diag(table) + (1 - ratio) * rises.sum(axis=1)
        if (stays < -SUM_TOLERANCE).any():
            state = self.states[int(np.argmin(stays))]
            raise InputError(
                f"progression_ratio is {ratio:g}: from {state:g} the chances of {self._name} would sum to "
                "more than 1; give a smaller ratio, or a matrix with a shorter cycle."
            )
        moved: NDArray[np.float64] = np.tril(table, -1) + ratio * rises + np.diag(np.maximum(stays, 0))
        return moved

    def explain(self) -> str:
        """Say what the matrix is and how it is used.

        Returns
        -------
        str
            Sentences.
        """
        known = f" Source: {self.source}." if self.source else " No source was given."
        steps = f"{len(self.states)} states from EDSS {self.states[0]:g} to {self.states[-1]:g}"
        return (
            f"The EDSS of patients with {self.phenotype} goes by a transition matrix: {steps}, one cycle is "
            f"{self.cycle_days:g} days.{known} {' '.join(self.notes)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the chances as a table of shades, from the state on the left to the state below.

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

            ax = Figure(figsize=(4.8, 4.4), layout="constrained").add_subplot()
        shades = ax.imshow(self.array(), cmap="Blues", vmin=0, vmax=1)
        names = [f"{state:g}" for state in self.states]
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(names)), names)
        ax.set_xlabel(f"EDSS after {self.cycle_days:g} days")
        ax.set_ylabel("EDSS before")
        ax.set_title(f"{self.phenotype}: chance of each transition")
        ax.figure.colorbar(shades, ax=ax, label="chance")
        return ax

    def _repr_html_(self) -> str:
        return f"<p><strong>Transition matrix</strong>: {escape(self.explain())}</p>"
