"""Two periods of a planned crossover: what may be planned, which visits end them, and what acts in each."""

from __future__ import annotations

from ranvier.errors import InputError
from ranvier.simulate.designs import Design
from ranvier.simulate.effects import Effect, Period
from ranvier.trial import VisitWindow

__all__ = ["CROSSOVER", "check_crossover", "first_period_ends", "sequences"]

CROSSOVER = "rct_crossover"
"""Design of a protocol in which two sequences change over once."""


def check_crossover(design: Design, switch_day: int | None, endpoint: str, *, stops: bool) -> None:
    """Refuse a crossover that cannot be planned, and a day of change-over in another design."""
    kind = design.protocol.design
    if switch_day is None:
        if kind.startswith(CROSSOVER):
            raise InputError(
                f"the design of the protocol is {kind!r}, but switch_day is missing; give the day on which "
                "the second period begins."
            )
        return
    if kind != CROSSOVER:
        raise InputError(
            f"switch_day is {switch_day!r}, but the design of the protocol is {kind!r}; a crossover of two "
            f"periods is {CROSSOVER!r}, otherwise leave switch_day out."
        )
    if isinstance(switch_day, bool) or not isinstance(switch_day, int) or switch_day < 1:
        raise InputError(f"switch_day is {switch_day!r}; it must be a whole day, 1 or later.")
    arms = design.protocol.arms
    if len(arms) != 2:
        raise InputError(
            f"the crossover has {len(arms)} arms; it needs two, the sequence with the treatment first and "
            "the control, which gets it second."
        )
    if endpoint != "edss_change":
        raise InputError(
            f"the endpoint of the crossover is {endpoint!r}; crossovers are planned for 'edss_change', "
            "others in parallel arms."
        )
    if stops:
        raise InputError(
            "looks, or a rule that stops for harm, are planned in a crossover; they are not simulated there, "
            "because a patient counts after both periods and every patient gets the treatment. Leave them "
            "out, or plan parallel arms."
        )
    _check_visits(design, switch_day)


def _check_visits(design: Design, switch_day: int) -> None:
    """Refuse periods without a visit, and visits that may lie in either of them."""
    visits = _after_baseline(design)
    days = [visit.day for visit in visits]
    if not any(day <= switch_day for day in days) or not any(day > switch_day for day in days):
        raise InputError(
            f"the second period begins on day {switch_day}, but the visits after the baseline are on the "
            f"days {days}; each period needs one, the first on day {switch_day} at the latest."
        )
    for visit in visits:
        low, high = visit.day + visit.window[0], visit.day + visit.window[1]
        if low <= switch_day < high:
            raise InputError(
                f"the visit {visit.label!r} may take place on the days {low} to {high}, before or after the "
                f"second period begins (day {switch_day}); its window must lie in one period."
            )


def _after_baseline(design: Design) -> list[VisitWindow]:
    return sorted(design.protocol.visits, key=lambda visit: visit.day)[1:]


def first_period_ends(design: Design, switch_day: int) -> int:
    """Give the place of the last visit of the first period, the baseline being 0."""
    return sum(visit.day <= switch_day for visit in _after_baseline(design))


def sequences(effect: Effect, switch_day: int, carry_over: float) -> tuple[tuple[Period, ...], ...]:
    """Give the periods of the sequence that gets the treatment first, and of the other."""
    treated_first = (
        Period(from_day=0, effect=effect),
        Period(from_day=switch_day, placebo=True, carry_over=carry_over),
    )
    return treated_first, (Period(from_day=0, placebo=True), Period(from_day=switch_day, effect=effect))
