"""The small parts that a definition of the disease course is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ranvier.course.rule import ChangeRule
from ranvier.errors import DefinitionError, require_choice
from ranvier.tables import EDSS_STEPS, TABLES

__all__ = [
    "BASELINE_SCHEMES",
    "SEARCHES",
    "Around",
    "Baseline",
    "Confirmation",
    "Outcome",
    "RelapseFree",
    "RelapseWindows",
    "Selection",
    "Window",
]

BASELINE_SCHEMES = ("fixed", "roving", "on improvement", "on worsening", "best held")
"""What moves the reference: nothing, any event, an improvement, a worsening, a better level that is held."""

SEARCHES = (
    "all",
    "first",
    "first worsening",
    "first improvement",
    "first PIRA",
    "first RAW",
)
"""Which events are kept; the search of a patient stops at the first one wanted."""

CONTINUOUS_GAP = 0.1
"""Largest hole between two bands of a scale that is measured, not counted: one digit after the point."""


def _whole(name: str, value: float | None, least: float = 0) -> None:
    """Refuse a count of days that is negative or not finite."""
    if value is not None and not (least <= value < float("inf")):
        raise DefinitionError(f"{name} is {value}; it must be {least:g} or more days, or None for no limit.")


def _pair(name: str, pair: tuple[float, float]) -> None:
    """Refuse a pair of distances that is not two non-negative numbers."""
    if len(pair) != 2:
        raise DefinitionError(f"{name} is {pair}; give two numbers: days after a relapse, days before one.")
    for value in pair:
        _whole(name, value)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One column of visits with its rules of change.

    Parameters
    ----------
    column : str
        Numeric column of visits.
    worsening : ChangeRule
        Smallest change in the bad direction that counts, by reference value.
    improvement : ChangeRule, optional
        Smallest change in the good direction; that of `worsening` when None.
    """

    column: str
    worsening: ChangeRule
    improvement: ChangeRule | None = None

    def __post_init__(self) -> None:
        for rule in (self.worsening, self.better_rule):
            if self.column not in rule.outcomes:
                raise DefinitionError(
                    f"rule {rule.name!r} is not for {self.column!r}; it is for {list(rule.outcomes)}."
                )
            _no_gap(rule, self.column)
        if self.better_rule.lower_is_better != self.worsening.lower_is_better:
            raise DefinitionError("the rules of worsening and improvement disagree on the good direction.")

    @property
    def better_rule(self) -> ChangeRule:
        """The rule of improvement, which is that of worsening unless another is given."""
        return self.improvement or self.worsening

    @property
    def lower_is_better(self) -> bool:
        """Direction of the outcome."""
        return self.worsening.lower_is_better


def _no_gap(rule: ChangeRule, column: str) -> None:
    """Refuse a table of thresholds with a value of the scale that no band holds."""
    first, last = rule.thresholds[0].low, rule.thresholds[-1].high
    if column == "edss":
        holes = [
            step
            for step in EDSS_STEPS
            if first <= step <= last and not any(band.low <= step <= band.high for band in rule.thresholds)
        ]
    else:
        kind = {part.name: part.kind for part in TABLES["visits"].columns}.get(column, "number")
        widest = 1.0 if kind == "integer" else CONTINUOUS_GAP
        pairs = zip(rule.thresholds, rule.thresholds[1:], strict=False)
        holes = [lower.high for lower, upper in pairs if upper.low - lower.high > widest + 1e-9]
    if holes:
        raise DefinitionError(
            f"rule {rule.name!r} has a gap: no threshold for a reference of {holes[0]:g} or just above; "
            "let the bands meet."
        )


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Where the reference lies and what moves it.

    Parameters
    ----------
    scheme : {"fixed", "roving", "on improvement", "on worsening", "best held"}
        Which confirmed events move the reference. With "best held" a confirmed worsening does, and any better
        level that is held for `hold_days`; improvements are then followed, not counted.
    start : {"first", "pre-treatment"}
        The first visit, or the last `visits` visits up to and including day 0.
    visits : int
        How many pre-treatment visits make the first reference (fewer where there are fewer).
    of : {"mean", "min", "max"}
        What is taken of them.
    after_relapse : bool
        Whether the reference moves to the first visit after each relapse.
    never_better : bool
        Whether a new reference may not be better than the one before; needs `after_relapse`.
    skip_extrema : {"none", "strict", "all"}
        Whether a visit that both neighbours differ from in one direction (by the threshold, by anything) may
        not be a reference.
    sub_threshold : {"none", "any", "improvement", "worsening"}
        Which confirmed changes below the threshold move the reference too.
    level_after_event : {"visit", "best"}
        After an event: the value at the visit the reference moves to, or the best one from event to
        confirmation.
    hold_days : int
        For "best held": the visits up to the first one this many days later must all be better than the
        reference; the worst of them becomes the new one.
    references : {"one", "two"}
        For "best held": "two" keeps one reference for RAW and PIRA, which residual disability at the first
        visit after the days of a relapse sets anew, and a general one, from which that visit is judged.
    """

    scheme: str = "fixed"
    start: str = "first"
    visits: int = 1
    of: str = "mean"
    after_relapse: bool = False
    never_better: bool = False
    skip_extrema: str = "none"
    sub_threshold: str = "none"
    level_after_event: str = "visit"
    hold_days: int = 30
    references: str = "one"

    def __post_init__(self) -> None:
        require_choice("baseline scheme", self.scheme, BASELINE_SCHEMES)
        require_choice("references", self.references, ("one", "two"))
        _whole("hold_days", self.hold_days)
        require_choice("start of the baseline", self.start, ("first", "pre-treatment"))
        require_choice("value of the baseline", self.of, ("mean", "min", "max"))
        require_choice("skip_extrema", self.skip_extrema, ("none", "strict", "all"))
        require_choice("sub_threshold", self.sub_threshold, ("none", "any", "improvement", "worsening"))
        require_choice("level_after_event", self.level_after_event, ("visit", "best"))
        if not isinstance(self.visits, int) or self.visits < 1:
            raise DefinitionError(f"a baseline of {self.visits} visits; it must be 1 or more.")
        if self.start == "first" and self.visits != 1:
            raise DefinitionError('a baseline of several visits needs start="pre-treatment".')
        if self.never_better and not self.after_relapse:
            raise DefinitionError(
                "never_better is about re-baselining after relapses; set after_relapse=True."
            )
        if self.sub_threshold != "none" and self.scheme == "fixed":
            raise DefinitionError("a fixed baseline cannot move after changes below the threshold.")
        self._held_fits()

    def _held_fits(self) -> None:
        """Refuse options that "best held" answers in its own way, or that only it has."""
        if self.scheme != "best held" and self.references == "two":
            raise DefinitionError('two references need scheme="best held".')
        others = self.after_relapse or self.sub_threshold != "none" or self.skip_extrema != "none"
        if self.scheme == "best held" and others:
            raise DefinitionError(
                'scheme="best held" follows every better level that is held, and references="two" the '
                "relapses; leave after_relapse, sub_threshold and skip_extrema out."
            )

    @property
    def moves(self) -> bool:
        """Whether anything moves the reference."""
        return self.scheme != "fixed" or self.after_relapse


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a visit can confirm a change: from `days - left` to `days + right` after it began.

    Parameters
    ----------
    days : int
        Days between the visit of the change and its confirmation.
    left : int
        Days by which the confirmation may be early.
    right : int, optional
        Days by which it may be late; no limit when None.
    """

    days: int
    left: int = 0
    right: int | None = None

    def __post_init__(self) -> None:
        _whole("days to confirmation", self.days, 1)
        _whole("tolerance before", self.left)
        _whole("tolerance after", self.right)
        if self.left >= self.days:
            raise DefinitionError(f"a tolerance of {self.left} days swallows the {self.days} days before it.")


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What it takes until a change is believed.

    Parameters
    ----------
    windows : tuple of Window
        A visit in any of them can confirm.
    check : {"all visits", "confirmation visit"}
        Whether every visit up to the confirmation must still show the change, or only the confirming one.
    level : {"threshold", "event"}
        Whether those visits must be at the threshold from the reference, or as bad (good) as the event.
    sustained_days : int, optional
        Days that the change must last, or up to the last visit if that comes first.
    to_end : bool
        Whether it must last up to the last visit.
    eligible : str
        "all", "scheduled" (visits with a label), or a boolean column of visits: which visits can confirm.
    impute_probability : float, optional
        Chance that a worsening at the last visit is taken as confirmed.
    impute_within_days : int, optional
        Only if the last visit is at most this many days after the first.
    seed : int, optional
        Needed when `impute_probability` lies between 0 and 1.
    """

    windows: tuple[Window, ...] = (Window(days=84, left=7, right=730),)
    check: str = "all visits"
    level: str = "threshold"
    sustained_days: int | None = None
    to_end: bool = False
    eligible: str = "all"
    impute_probability: float | None = None
    impute_within_days: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.windows:
            raise DefinitionError("a confirmation needs at least one window.")
        require_choice("check", self.check, ("all visits", "confirmation visit"))
        require_choice("level of confirmation", self.level, ("threshold", "event"))
        _whole("sustained_days", self.sustained_days, 1)
        _whole("impute_within_days", self.impute_within_days)
        share = self.impute_probability
        if share is not None and not 0 <= share <= 1:
            raise DefinitionError(f"impute_probability is {share}; it must lie between 0 and 1.")
        if share is not None and 0 < share < 1 and self.seed is None:
            raise DefinitionError("imputing by chance needs a seed.")


@dataclass(frozen=True, kw_only=True)
class Around:
    """Days around a visit that must be free of relapses.

    Parameters
    ----------
    before, after : int, optional
        Days before and after the visit; None joins the interval with that of the neighbouring visit.
    """

    before: int | None = 0
    after: int | None = 0

    def __post_init__(self) -> None:
        _whole("days before", self.before)
        _whole("days after", self.after)


@dataclass(frozen=True, kw_only=True)
class RelapseFree:
    """Intervals without any relapse that make a worsening independent of relapses (PIRA).

    Parameters
    ----------
    preceding, event, confirmation : Around
        Around the preceding visit, the visit of the event, and the confirming visit; an interval of no length
        is not looked at. `preceding.before` and `confirmation.after` must be given.
    preceding_visit : {"reference", "last", "last below threshold"}
        What the preceding visit is: the reference, the visit before the event, or the last one from which
        the event is a change by the threshold.
    """

    preceding: Around = Around()
    event: Around = Around(before=90, after=30)
    confirmation: Around = Around(before=90, after=30)
    preceding_visit: str = "reference"

    def __post_init__(self) -> None:
        require_choice("preceding visit", self.preceding_visit, ("reference", "last", "last below threshold"))
        if self.preceding.before is None or self.confirmation.after is None:
            raise DefinitionError("the intervals need a first and a last day: give preceding.before and "
                                  "confirmation.after.")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RelapseWindows:
    """How near to a relapse a visit may be, and what makes a worsening RAW or PIRA.

    Parameters
    ----------
    to_baseline, to_event, to_confirmation : tuple of (int, int)
        Least days since the last and until the next relapse for a visit to be a reference, an event, a
        confirmation; 0 means no condition.
    association : tuple of (int, int)
        A worsening is RAW up to this many days after, or before, the onset of a relapse (both included).
    free : RelapseFree
        What makes the others PIRA; a worsening that is neither is "undefined".
    end_days : bool
        Whether a relapse with a known `end_day` lasts exactly until then, instead of the days above.
    """

    to_baseline: tuple[int, int] = (30, 0)
    to_event: tuple[int, int] = (0, 0)
    to_confirmation: tuple[int, int] = (30, 0)
    association: tuple[int, int] = (90, 0)
    free: RelapseFree = RelapseFree()
    end_days: bool = False

    def __post_init__(self) -> None:
        for name in ("to_baseline", "to_event", "to_confirmation", "association"):
            _pair(name, getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which events are kept, and where the search goes on after one.

    Parameters
    ----------
    events : str
        One of `SEARCHES`.
    proceed_from : {"confirmation", "event", "best"}
        The visit that the search (and a moving reference) goes on from; "best" is the first visit with the
        best value from event to confirmation.
    min_days_from_reference : int
        Least days between reference and event.
    merge_days : int
        Events in the same direction that begin less than this many days after the one before are one event.
    eligible : str
        "all", "scheduled" (visits with a label), or a boolean column of visits: which visits can be events.
    """

    events: str = "first worsening"
    proceed_from: str = "confirmation"
    min_days_from_reference: int = 0
    merge_days: int = 0
    eligible: str = "all"

    def __post_init__(self) -> None:
        require_choice("selection of events", self.events, SEARCHES)
        require_choice("proceed_from", self.proceed_from, ("confirmation", "event", "best"))
        _whole("min_days_from_reference", self.min_days_from_reference)
        _whole("merge_days", self.merge_days)
