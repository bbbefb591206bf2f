"""Which relapses a patient must have had to enter a trial, and from whom the trial chose."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ranvier.errors import DefinitionError, InputError, require_choice

__all__ = ["ENTRY_RULES", "PREVENT_ENTRY", "TWO_IN_TWO_YEARS", "Entry", "EntryRule"]

DAYS_PER_YEAR = 365.25
"""Mean length of a calendar year, days."""


@dataclass(frozen=True, kw_only=True)
class EntryRule:
    """How many relapses before entry a patient must have had.

    Parameters
    ----------
    min_relapses : int
        Fewest relapses in the window.
    window_years : float
        Length of the window that ends at entry, years.
    also : EntryRule, optional
        A second rule that must hold as well.
    or_else : EntryRule, optional
        A rule that is enough instead of this one with its `also`.

    Raises
    ------
    DefinitionError
        When a value is not possible.

    Examples
    --------
    >>> rule = EntryRule(
    ...     min_relapses=2, window_years=2.0, also=EntryRule(min_relapses=1, window_years=1.0)
    ... )
    >>> print(rule.text())
    at least 2 relapses in the last 2 years and at least 1 relapse in the last year
    """

    written: ClassVar[tuple[str, ...]] = ("min_relapses", "window_years")
    """Keys that must stand in trial.toml, so that no window is a silent default."""

    min_relapses: int = 1
    window_years: float = 1.0
    also: EntryRule | None = None
    or_else: EntryRule | None = None

    def __post_init__(self) -> None:
        count = self.min_relapses
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise DefinitionError(f"min_relapses is {count!r}; it must be a whole number of at least 0.")
        if not 0 < self.window_years < math.inf:
            raise DefinitionError(f"window_years is {self.window_years!r}; it must be finite and above 0.")

    def text(self) -> str:
        """Say the rule in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        span = "year" if self.window_years == 1 else f"{self.window_years:g} years"
        relapses = "relapse" if self.min_relapses == 1 else "relapses"
        phrase = f"at least {self.min_relapses} {relapses} in the last {span}"
        phrase = phrase if self.also is None else f"{phrase} and {self.also.text()}"
        return phrase if self.or_else is None else f"{phrase}, or {self.or_else.text()}"

    def parts(self) -> tuple[EntryRule, ...]:
        """Give this rule and every rule inside it.

        Returns
        -------
        tuple of EntryRule
            In the order of the text.
        """
        inner = tuple(rule for rule in (self.also, self.or_else) if rule is not None)
        return (self, *(part for rule in inner for part in rule.parts()))

    def holds(self, days: Sequence[int]) -> bool:
        """Tell whether the relapses of a patient meet the rule.

        Parameters
        ----------
        days : sequence of int
            Days of the relapses from entry: -1 is the day before it. Relapses from entry on do not count.

        Returns
        -------
        bool
            Whether the patient meets the rule.

        Examples
        --------
        >>> PREVENT_ENTRY.holds([-30, -200]), PREVENT_ENTRY.holds([-200, -400])
        (True, False)
        """
        recent = sum(-self.window_years * DAYS_PER_YEAR <= day < 0 for day in days)
        both = recent >= self.min_relapses and (self.also is None or self.also.holds(days))
        return both or (self.or_else is not None and self.or_else.holds(days))


TWO_IN_TWO_YEARS = EntryRule(
    min_relapses=2, window_years=2.0, also=EntryRule(min_relapses=1, window_years=1.0)
)
"""Two relapses in two years, one of them in the last: common in relapsing-remitting MS."""
PREVENT_ENTRY = EntryRule(
    min_relapses=2,
    window_years=1.0,
    or_else=EntryRule(min_relapses=3, window_years=2.0, also=EntryRule(min_relapses=1, window_years=1.0)),
)
"""Entry rule of PREVENT (NCT01892345): two in the last year, or three in two years with one in the last."""

ENTRY_RULES: Mapping[str, EntryRule] = types.MappingProxyType(
    {"prevent": PREVENT_ENTRY, "two-in-two-years": TWO_IN_TWO_YEARS}
)
"""Every entry rule that trial.toml can call by a name."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The part `[entry]` of trial.toml: relapses needed to enter, and how often all patients relapse.

    Parameters
    ----------
    rule : str, optional
        Name of a rule of `ENTRY_RULES`; in its place the rule may be written out.
    min_relapses : int, optional
        Fewest relapses in the window.
    window_years : float, optional
        Length of the window that ends at entry, years.
    also, or_else : EntryRule, optional
        A second rule that must hold as well, and one that is enough instead.
    rate_per_year : float, optional
        Mean relapses per year of all patients from whom the trial chose, whether they entered or not.
    size : float, optional
        How alike these patients are: size k of the negative binomial of their yearly counts
        (variance = mean + mean²/k; small = they differ much).
    source : str, optional
        Where rate and size were read; needed with them.

    Raises
    ------
    InputError
        When neither or both of a name and a written rule are given, a number is not possible, or a number
        from outside the trial has no source.

    Examples
    --------
    >>> Entry(rule="prevent").relapses == PREVENT_ENTRY
    True
    """

    rule: str | None = None
    min_relapses: int | None = None
    window_years: float | None = None
    also: EntryRule | None = None
    or_else: EntryRule | None = None
    rate_per_year: float | None = None
    size: float | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        written = (self.min_relapses, self.window_years, self.also, self.or_else)
        if self.rule is not None:
            require_choice("rule of [entry]", self.rule, ENTRY_RULES)
            if any(part is not None for part in written):
                raise InputError(
                    f"[entry] names the rule {self.rule!r} and writes a rule out as well; keep one of them."
                )
        elif self.min_relapses is None or self.window_years is None:
            raise InputError(
                f"[entry] needs min_relapses and window_years, or rule as one of {sorted(ENTRY_RULES)}."
            )
        for name in ("rate_per_year", "size"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"{name} of [entry] is {value!r}; it must be finite and above 0.")
        if (self.rate_per_year is not None or self.size is not None) and not self.source:
            raise InputError(
                "[entry] gives rate_per_year or size without source; name where the number was read."
            )
        _ = self.relapses  # refuses a rule that is not possible

    @property
    def relapses(self) -> EntryRule:
        """Give the rule, by its name or as it was written."""
        if self.rule is not None:
            return ENTRY_RULES[self.rule]
        return EntryRule(
            min_relapses=1 if self.min_relapses is None else self.min_relapses,
            window_years=1.0 if self.window_years is None else self.window_years,
            also=self.also,
            or_else=self.or_else,
        )
