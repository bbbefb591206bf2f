"""Which virtual patients may enter a trial."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ranvier.errors import InputError, require_choice
from ranvier.tables import EDSS_STEPS
from ranvier.trial import ENTRY_RULES, EntryRule

__all__ = ["EntryCriteria"]

LONGEST_DAYS = 3653
"""Ten years: attacks before that are not simulated one by one."""


@dataclass(frozen=True, kw_only=True)
class EntryCriteria:
    """What a virtual patient must have had to enter.

    The criteria are applied to a simulated history, so that those who enter are those whom such rules select.

    Parameters
    ----------
    relapses : EntryRule or str, optional
        Relapses needed before entry, or the name of a rule of `ranvier.trial.ENTRY_RULES`.
    edss : tuple of float
        Lowest and highest EDSS written at the baseline visit.
    attack_days : tuple of (int, int or None), optional
        Fewest and most days since the last attack; None as the second = also longer ago, or never.

    Raises
    ------
    InputError
        When a bound is no EDSS step, bounds are out of order, or a day is below 0 or beyond ten years.

    Examples
    --------
    >>> EntryCriteria(relapses="prevent", edss=(2.0, 6.0)).text()
    'EDSS 2.0 to 6.0; at least 2 relapses in the last year, or at least 3 relapses in the last 2 years and at
    least 1 relapse in the last year'
    """

    relapses: EntryRule | str | None = None
    edss: tuple[float, float] = (0.0, 6.5)
    attack_days: tuple[int, int | None] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.relapses, str):
            require_choice("entry rule", self.relapses, ENTRY_RULES)
            object.__setattr__(self, "relapses", ENTRY_RULES[self.relapses])
        elif self.relapses is not None and not isinstance(self.relapses, EntryRule):
            raise InputError(f"relapses is {self.relapses!r}; give an EntryRule or the name of one.")
        low, high = self.edss
        if low not in EDSS_STEPS or high not in EDSS_STEPS[:-1] or low > high:
            raise InputError(
                f"edss is {self.edss}; give the lowest and the highest step, each 0 or 1.0 to 9.5 by halves."
            )
        if self.attack_days is not None:
            first, last = self.attack_days
            if not 0 <= first < (LONGEST_DAYS if last is None else last) <= LONGEST_DAYS:
                raise InputError(
                    f"attack_days is {self.attack_days}; give the fewest and the most days since the last "
                    f"attack, from 0 to {LONGEST_DAYS}, the first below the second (None = any longer time)."
                )

    @property
    def history_days(self) -> float:
        """Give the days before entry that the criteria look at, at least two years."""
        rule = self.relapses
        windows = [] if not isinstance(rule, EntryRule) else [part.window_years for part in rule.parts()]
        asked = [float(days) for days in self.attack_days or () if days is not None]
        return max(730.5, 365.25 * max(windows, default=0.0), *asked)

    def text(self) -> str:
        """Say the criteria in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        parts = [f"EDSS {self.edss[0]:.1f} to {self.edss[1]:.1f}"]
        if isinstance(self.relapses, EntryRule):
            parts.append(self.relapses.text())
        if self.attack_days is not None:
            first, last = self.attack_days
            span = f"{first} days or more" if last is None else f"{first} to {last} days"
            parts.append(f"last attack {span} before")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)
