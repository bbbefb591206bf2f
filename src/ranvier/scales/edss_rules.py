"""The rules of the EDSS as data: step rules, walking codes, schemes and the three disputed readings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from ranvier.errors import DefinitionError, InputError, require_choice

__all__ = ["AMBULATION", "STEP_RULES", "SYSTEMS", "EdssRules", "Scoring", "StepRule", "WalkingRule"]

SYSTEMS: dict[str, int] = {
    "visual": 6,
    "brainstem": 5,
    "pyramidal": 6,
    "cerebellar": 5,
    "sensory": 6,
    "bowel_bladder": 6,
    "cerebral": 5,
}
"""The seven functional systems in the order of the score sheet, with their highest raw grade."""

Range = tuple[int, int]
ANY: Range = (0, 7)
NONE: Range = (0, 0)
ONE: Range = (1, 1)


@dataclass(frozen=True)
class StepRule:
    """One row of the table that turns counts of grades into a step.

    Parameters
    ----------
    code : str
        Short fixed name of the rule, used in traces.
    counts : tuple of five (least, most) pairs
        How many of the seven converted grades may equal 5 or 6, 4, 3, 2 and 1, in this order.
    step : float
        The EDSS step of a fully ambulatory patient.
    sentence : str
        The rule in words; `{step}` stands for the step.
    official : bool
        True when the row is printed in the scoring table 04/10.3; False when it is derived from the wording
        "combinations of lesser grades exceeding the limits of previous steps".
    option : str or None
        The field of `EdssRules` that replaces `step`, for the two disputed rows.
    """

    code: str
    counts: tuple[Range, Range, Range, Range, Range]
    step: float
    sentence: str
    official: bool = True
    option: str | None = None


# The rows exclude one another and cover every pattern, so their order is for reading only.
# counts:              5 or 6  4       3       2       1
STEP_RULES: tuple[StepRule, ...] = (
    StepRule("any-5", ((1, 7), ANY, ANY, ANY, ANY), 5.0, "a grade of 5 or 6 gives {step}"),
    StepRule("two-4", (NONE, (2, 7), ANY, ANY, ANY), 5.0, "two or more grade 4 give {step}"),
    StepRule(
        "one-4-three-3",
        (NONE, ONE, (3, 7), ANY, ANY),
        5.0,
        "one grade 4 and three or more grade 3 give {step}",
        official=False,
        option="one_four_three_threes",
    ),
    StepRule(
        "one-4-some-3", (NONE, ONE, (1, 2), ANY, ANY), 4.5, "one grade 4 and one or two grade 3 give {step}"
    ),
    StepRule(
        "one-4-some-2",
        (NONE, ONE, NONE, (1, 7), ANY),
        4.5,
        "one grade 4 and one or more grade 2, without grade 3, give {step}",
        official=False,
        option="one_four_some_twos",
    ),
    StepRule("one-4", (NONE, ONE, NONE, NONE, ANY), 4.0, "one grade 4, others 0 or 1, gives {step}"),
    StepRule("six-3", (NONE, NONE, (6, 7), ANY, ANY), 5.0, "six or seven grade 3 give {step}"),
    StepRule("five-3", (NONE, NONE, (5, 5), ANY, ANY), 4.5, "five grade 3 give {step}"),
    StepRule("three-3", (NONE, NONE, (3, 4), ANY, ANY), 4.0, "three or four grade 3 give {step}"),
    StepRule("two-3-some-2", (NONE, NONE, (2, 2), (1, 7), ANY), 4.0, "two grade 3 and a grade 2 give {step}"),
    StepRule("two-3", (NONE, NONE, (2, 2), NONE, ANY), 3.5, "two grade 3, others 0 or 1, give {step}"),
    StepRule(
        "one-3-three-2",
        (NONE, NONE, ONE, (3, 7), ANY),
        4.0,
        "one grade 3 and three or more grade 2 give {step}",
        official=False,
    ),
    StepRule(
        "one-3-some-2", (NONE, NONE, ONE, (1, 2), ANY), 3.5, "one grade 3 and one or two grade 2 give {step}"
    ),
    StepRule("one-3", (NONE, NONE, ONE, NONE, ANY), 3.0, "one grade 3, others 0 or 1, gives {step}"),
    StepRule("six-2", (NONE, NONE, NONE, (6, 7), ANY), 4.0, "six or seven grade 2 give {step}"),
    StepRule("five-2", (NONE, NONE, NONE, (5, 5), ANY), 3.5, "five grade 2 give {step}"),
    StepRule("three-2", (NONE, NONE, NONE, (3, 4), ANY), 3.0, "three or four grade 2 give {step}"),
    StepRule("two-2", (NONE, NONE, NONE, (2, 2), ANY), 2.5, "two grade 2, others 0 or 1, give {step}"),
    StepRule("one-2", (NONE, NONE, NONE, ONE, ANY), 2.0, "one grade 2, others 0 or 1, gives {step}"),
    StepRule("two-1", (NONE, NONE, NONE, NONE, (2, 7)), 1.5, "two or more grade 1 give {step}"),
    StepRule("one-1", (NONE, NONE, NONE, NONE, ONE), 1.0, "one grade 1 gives {step}"),
    StepRule("all-0", (NONE, NONE, NONE, NONE, NONE), 0.0, "no counted grade above 0 gives {step}"),
)
"""Every row of the scoring table; exactly one fits each pattern of converted grades."""


@dataclass(frozen=True)
class WalkingRule:
    """What one ambulation code does to the EDSS.

    Parameters
    ----------
    code : int
        The ambulation code.
    words : str
        What the code means.
    step : float
        The EDSS that the code sets.
    alone : bool
        True when the code decides whatever the grades are; False when it only sets a least value.
    """

    code: int
    words: str
    step: float
    alone: bool = True


# Code 3 counts as deciding alone: no pattern of grades exceeds 5.0, so max(grades, 5.0) is 5.0.
_ABLE = (
    WalkingRule(0, "unrestricted", 0.0, alone=False),
    WalkingRule(1, "500 m or more, but not unrestricted", 2.0, alone=False),
    WalkingRule(2, "300–499 m without help", 4.5, alone=False),
    WalkingRule(3, "200–299 m without help", 5.0),
    WalkingRule(4, "100–199 m without help", 5.5),
)
_LATE = (
    ("wheelchair without help", 7.0),
    ("wheelchair with help", 7.5),
    ("bed or chair, out of bed most of the day", 8.0),
    ("in bed much of the day", 8.5),
    ("helpless in bed, can communicate and eat", 9.0),
    ("totally helpless", 9.5),
    ("death due to MS", 10.0),
)

AMBULATION: dict[str, tuple[WalkingRule, ...]] = {
    "0-16": (
        *_ABLE,
        WalkingRule(5, "less than 100 m without help", 6.0),
        WalkingRule(6, "unilateral aid, 50 m or more", 6.0),
        WalkingRule(7, "bilateral aid, 120 m or more", 6.0),
        WalkingRule(8, "unilateral aid, less than 50 m", 6.5),
        WalkingRule(9, "bilateral aid, 5–119 m", 6.5),
        *(WalkingRule(code, words, step) for code, (words, step) in enumerate(_LATE, start=10)),
    ),
    "0-12": (
        *_ABLE,
        WalkingRule(5, "unilateral aid, about 100 m", 6.0),
        WalkingRule(6, "bilateral aid, about 20 m", 6.5),
        *(WalkingRule(code, words, step) for code, (words, step) in enumerate(_LATE, start=7)),
    ),
}
"""What each ambulation code means and sets, by coding; the place in the tuple is the code."""


@dataclass(frozen=True, kw_only=True)
class EdssRules:
    """The reading of the three EDSS rules on which published sources differ.

    Parameters
    ----------
    cerebral_one_counts : bool
        Whether cerebral grade 1 (mood, or mild fatigue) counts; Kurtzke 1983 ignores it.
    one_four_some_twos : {4.5, 4.0}
        The step for one grade 4, no grade 3 and at least one grade 2.
    one_four_three_threes : {5.0, 4.5}
        The step for one grade 4 and three or more grade 3. With 4.5 the scale is no longer monotone: seven
        systems at grade 3 are 5.0, and worsening one of them to grade 4 would give 4.5.

    Raises
    ------
    DefinitionError
        When a value is none of those allowed.

    References
    ----------
    Kurtzke JF (1983). Rating neurologic impairment in multiple sclerosis. Neurology 33:1444-1452.
    doi:10.1212/wnl.33.11.1444

    Examples
    --------
    >>> from ranvier.scales import EdssRules, edss_step
    >>> float(edss_step(0, 0, 4, 2, 0, 0, 0, 0, ambulation_coding="0-16"))
    4.5
    >>> other = EdssRules(one_four_some_twos=4.0)
    >>> float(edss_step(0, 0, 4, 2, 0, 0, 0, 0, ambulation_coding="0-16", rules=other))
    4.0
    """

    cerebral_one_counts: bool = True
    one_four_some_twos: float = 4.5
    one_four_three_threes: float = 5.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, allowed = getattr(self, field.name), _READINGS[field.name]
            if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
                raise DefinitionError(f"{field.name} is {value!r}; allowed are {list(allowed)}.")

    def to_dict(self) -> dict[str, Any]:
        """Give the three readings by name.

        Returns
        -------
        dict
            Field names to values, JSON-ready.
        """
        return asdict(self)


_READINGS: dict[str, tuple[Any, ...]] = {
    "cerebral_one_counts": (True, False),
    "one_four_some_twos": (4.5, 4.0),
    "one_four_three_threes": (5.0, 4.5),
}


@dataclass(frozen=True)
class _Scheme:
    """How one edition of the scale treats the raw grades, and what it takes as read."""

    title: str
    visual: tuple[int, ...]
    bowel_bladder: tuple[int, ...]
    restricted_floor: float
    rules: EdssRules


_AS_IS = tuple(range(7))

_SCHEMES: dict[str, _Scheme] = {
    "neurostatus": _Scheme(
        "Neurostatus 04/10",
        visual=(0, 1, 2, 2, 3, 3, 4),
        bowel_bladder=(0, 1, 2, 3, 3, 4, 5),
        restricted_floor=2.0,
        rules=EdssRules(),
    ),
    "kurtzke1983": _Scheme(
        "Kurtzke 1983",
        visual=_AS_IS,
        bowel_bladder=_AS_IS,
        restricted_floor=0.0,
        rules=EdssRules(cerebral_one_counts=False),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """Everything that decides how grades become a step.

    Parameters
    ----------
    ambulation_coding : {"0-16", "0-12"}
        Which ambulation codes are used.
    scheme : {"neurostatus", "kurtzke1983"}
        The edition of the scale.
    rules : EdssRules
        The reading of the disputed rules; the scheme's own when None.
    converted : bool
        Whether visual and bowel/bladder grades are converted already.

    Raises
    ------
    InputError
        When a word is unknown, or converted grades are given to a scheme that converts none.
    """

    ambulation_coding: str
    scheme: str = "neurostatus"
    rules: EdssRules | None = None
    converted: bool = False

    def __post_init__(self) -> None:
        require_choice("ambulation_coding", self.ambulation_coding, AMBULATION)
        require_choice("scheme", self.scheme, _SCHEMES)
        if self.rules is None:
            object.__setattr__(self, "rules", _SCHEMES[self.scheme].rules)
        elif not isinstance(self.rules, EdssRules):
            raise InputError(f"rules is {self.rules!r}; give an EdssRules, or None for those of the scheme.")
        if self.converted and self.scheme == "kurtzke1983":
            raise InputError("scheme 'kurtzke1983' converts no grades; leave out converted=True.")

    @property
    def title(self) -> str:
        """The edition of the scale as people call it."""
        return _SCHEMES[self.scheme].title

    @property
    def readings(self) -> EdssRules:
        """The reading of the disputed rules that is in force."""
        return self.rules or _SCHEMES[self.scheme].rules

    @property
    def walking(self) -> tuple[WalkingRule, ...]:
        """The walking rules in force, by ambulation code."""
        free, restricted, *rest = AMBULATION[self.ambulation_coding]
        floor = _SCHEMES[self.scheme].restricted_floor
        return (free, WalkingRule(1, restricted.words, floor, alone=False), *rest)

    def converted_grades(self, system: str) -> tuple[int, ...]:
        """Give what each raw grade of one system counts as; its length is the number of allowed grades.

        Parameters
        ----------
        system : str
            One of `SYSTEMS`.

        Returns
        -------
        tuple of int
            Counted grades, by raw grade.
        """
        if system in ("visual", "bowel_bladder"):
            raw: tuple[int, ...] = getattr(_SCHEMES[self.scheme], system)
            return tuple(range(max(raw) + 1)) if self.converted else raw
        if system == "cerebral" and not self.readings.cerebral_one_counts:
            return (0, 0, 2, 3, 4, 5)
        return tuple(range(SYSTEMS[system] + 1))

    def step(self, rule: StepRule) -> float:
        """Give the step of a row of the table, as the readings in force have it.

        Parameters
        ----------
        rule : StepRule
            A row of `STEP_RULES`.

        Returns
        -------
        float
            The EDSS step.
        """
        return rule.step if rule.option is None else float(getattr(self.readings, rule.option))

    def to_dict(self) -> dict[str, Any]:
        """Give the scheme, the coding and the readings by name.

        Returns
        -------
        dict
            JSON-ready.
        """
        return {
            "ambulation_coding": self.ambulation_coding,
            "scheme": self.scheme,
            "rules": self.readings.to_dict(),
            "converted": self.converted,
        }
